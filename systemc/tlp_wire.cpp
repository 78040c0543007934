// SPDX-License-Identifier: Apache-2.0
#include "systemc/tlp_wire_internal.h"

namespace vfsim
{
TlpInitiator::TlpInitiator(const sc_core::sc_module_name &module_name, struct engine &engine)
	: sc_core::sc_module(module_name), socket("socket"), engine_(engine)
{
	socket.bind(*this);
}

void TlpInitiator::send(struct tlp *tlp, PciePhase phase)
{
	sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
	const tlm::tlm_sync_enum answer = socket->nb_transport_fw(*tlp, phase, delay);

	engine_assert(engine_.sim, answer == tlm::TLM_COMPLETED, "a TLP was not taken at once");
}

tlm::tlm_sync_enum TlpInitiator::nb_transport_bw(struct tlp &, PciePhase &, sc_core::sc_time &)
{
	engine_assert(engine_.sim, false, "no TLP travels backward on a socket");
	return tlm::TLM_COMPLETED;
}

void TlpInitiator::invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64)
{
}

TlpTarget::TlpTarget(const sc_core::sc_module_name &module_name, struct engine &engine,
		     const struct tlp_port &target)
	: sc_core::sc_module(module_name), socket("socket"), engine_(engine), target_(target)
{
	socket.bind(*this);
}

tlm::tlm_sync_enum TlpTarget::nb_transport_fw(struct tlp &tlp, PciePhase &phase, sc_core::sc_time &)
{
	if (phase == PciePhase::Request)
		target_.request(target_.ctx, &tlp);
	else
		target_.completion(target_.ctx, &tlp);
	return tlm::TLM_COMPLETED;
}

void TlpTarget::b_transport(struct tlp &, sc_core::sc_time &)
{
	engine_assert(engine_.sim, false, "TLPs do not block");
}

bool TlpTarget::get_direct_mem_ptr(struct tlp &, tlm::tlm_dmi &)
{
	return false;
}

unsigned TlpTarget::transport_dbg(struct tlp &)
{
	return 0;
}

TlpWire::TlpWire(struct engine &engine, const char *name, const struct tlp_port &target)
	: Wire(engine, name), from_(module_name("from").c_str(), engine),
	  to_(module_name("to").c_str(), engine, target)
{
	from_.socket.bind(to_.socket);
}

struct tlp_port TlpWire::port()
{
	return {this, request, completion};
}

void TlpWire::request(void *ctx, struct tlp *tlp)
{
	TlpWire *wire = static_cast<TlpWire *>(ctx);

	wire->crosses();
	wire->from_.send(tlp, PciePhase::Request);
}

void TlpWire::completion(void *ctx, struct tlp *tlp)
{
	TlpWire *wire = static_cast<TlpWire *>(ctx);

	wire->crosses();
	wire->from_.send(tlp, PciePhase::Completion);
}
} // namespace vfsim
