// SPDX-License-Identifier: Apache-2.0
#include "systemc/bus_target_internal.h"

#include "base/bits.h"

namespace vfsim
{
BusTarget::Access::Access(BusTarget *owner) : target(owner)
{
	event_init(&arrival, on_arrival);
}

BusTarget::BusTarget(struct engine &engine, const struct bus_port &target)
	: engine_(engine), target_(target)
{
}

void BusTarget::answer_to(BackwardSocket &socket)
{
	socket_ = &socket;
}

tlm::tlm_sync_enum BusTarget::nb_transport_fw(tlm::tlm_generic_payload &payload,
					      tlm::tlm_phase &phase, sc_core::sc_time &delay)
{
	Pump::Entry entry(engine_.pump);

	if (phase == tlm::END_RESP) {
		response_accepted();
		return tlm::TLM_COMPLETED;
	}
	engine_assert(engine_.sim, phase == tlm::BEGIN_REQ, "unexpected phase of a request");
	payload.acquire();
	phase = tlm::END_REQ;
	send(access_begin(payload), delay);
	delay = sc_core::SC_ZERO_TIME;
	return tlm::TLM_UPDATED;
}

void BusTarget::b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
{
	sc_core::sc_event finished;
	Access *access = access_begin(payload);

	access->finished = &finished;
	{
		Pump::Entry entry(engine_.pump);

		send(access, delay);
	}
	delay = sc_core::SC_ZERO_TIME;
	sc_core::wait(finished);
	pool_.put(access);
}

bool BusTarget::get_direct_mem_ptr(tlm::tlm_generic_payload &, tlm::tlm_dmi &)
{
	return false;
}

unsigned BusTarget::transport_dbg(tlm::tlm_generic_payload &)
{
	return 0;
}

BusTarget::Access *BusTarget::access_begin(tlm::tlm_generic_payload &payload)
{
	Access *access = pool_.take(this);

	access->payload = &payload;
	access->finished = nullptr;
	bus_payload_get(payload, access->req);
	access->req.done = on_done;
	return access;
}

void BusTarget::send(Access *access, const sc_core::sc_time &delay)
{
	if (delay == sc_core::SC_ZERO_TIME)
		bus_send(&target_, &access->req);
	else
		sim_after(engine_.sim, &access->arrival, delay.value());
}

void BusTarget::on_arrival(struct event *event, uint64_t)
{
	Access *access = CONTAINER_OF(event, Access, arrival);

	bus_send(&access->target->target_, &access->req);
}

void BusTarget::on_done(struct bus_req *req, uint64_t)
{
	Access *access = CONTAINER_OF(req, Access, req);
	BusTarget *target = access->target;

	access->payload->set_response_status(bus_response(req->status));
	if (access->finished) {
		access->finished->notify(sc_core::SC_ZERO_TIME);
		return;
	}
	if (target->responding_)
		target->waiting_.push_back(access);
	else
		target->respond(access);
}

/*
 * Our own initiators accept a response by returning, and call its requester before that; what
 * completes within is not held back, or the order of events would not be native's.
 */
void BusTarget::respond(Access *access)
{
	tlm::tlm_phase phase = tlm::BEGIN_RESP;
	sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

	if (socket_->backward().nb_transport_bw(*access->payload, phase, delay) ==
		    tlm::TLM_COMPLETED ||
	    phase == tlm::END_RESP)
		end(access);
	else
		responding_ = access;
}

void BusTarget::response_accepted()
{
	engine_assert(engine_.sim, responding_, "a response ends that was not given");
	end(responding_);
	responding_ = nullptr;
	while (!responding_ && !waiting_.empty()) {
		Access *access = waiting_.front();

		waiting_.pop_front();
		respond(access);
	}
}

void BusTarget::end(Access *access)
{
	access->payload->release();
	pool_.put(access);
}
} // namespace vfsim
