// SPDX-License-Identifier: Apache-2.0
#include "systemc/bus_wire_internal.h"

namespace vfsim
{
BusInitiator::Transaction::Transaction(BusInitiator &owner) : tlm::tlm_generic_payload(&owner)
{
	set_extension(&extension);
}

/* The payload would delete an extension that is a member. */
BusInitiator::Transaction::~Transaction()
{
	clear_extension(&extension);
}

BusInitiator::BusInitiator(struct engine &engine) : engine_(engine)
{
}

void BusInitiator::send(ForwardSocket &socket, struct bus_req *req)
{
	Transaction *transaction = pool_.take(*this);
	tlm::tlm_phase phase = tlm::BEGIN_REQ;
	sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

	transaction->req = req;
	transaction->extension.request = req;
	bus_payload_set(*transaction, *req);
	transaction->acquire();
	socket.forward().nb_transport_fw(*transaction, phase, delay);
	engine_assert(engine_.sim, phase == tlm::END_REQ, "a request was not accepted at once");
}

/* The payload goes back to the pool when the target lets go of it too. */
tlm::tlm_sync_enum BusInitiator::nb_transport_bw(tlm::tlm_generic_payload &payload,
						 tlm::tlm_phase &phase, sc_core::sc_time &)
{
	engine_assert(engine_.sim, phase == tlm::BEGIN_RESP, "unexpected phase of a response");
	struct bus_req *req = static_cast<Transaction &>(payload).req;

	req->status = bus_status_of(payload.get_response_status());
	payload.release();
	req->done(req, sim_now(engine_.sim));
	return tlm::TLM_COMPLETED;
}

void BusInitiator::invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64)
{
}

void BusInitiator::free(tlm::tlm_generic_payload *payload)
{
	pool_.put(static_cast<Transaction *>(payload));
}

BusWire::BusWire(struct engine &engine, const char *name, const struct bus_port &target)
	: Wire(engine, name), initiator_(engine), target_(engine, target),
	  from_(module_name("from").c_str(), initiator_), to_(module_name("to").c_str(), target_)
{
	target_.answer_to(to_);
	from_.socket.bind(to_.socket);
}

struct bus_port BusWire::port()
{
	return {this, send};
}

void BusWire::send(void *ctx, struct bus_req *req)
{
	BusWire *wire = static_cast<BusWire *>(ctx);

	wire->crosses();
	wire->initiator_.send(wire->from_, req);
}
} // namespace vfsim
