// SPDX-License-Identifier: Apache-2.0
#ifndef VFSIM_SYSTEMC_TLP_WIRE_INTERNAL_H
#define VFSIM_SYSTEMC_TLP_WIRE_INTERNAL_H

#include "systemc/engine_internal.h"
#include "systemc/pcie_protocol.h"

namespace vfsim
{
class TlpInitiator : public sc_core::sc_module, public tlm::tlm_bw_transport_if<PcieProtocol>
{
public:
	TlpInitiator(const sc_core::sc_module_name &module_name, struct engine &engine);

	PcieInitiatorSocket socket;

	void send(struct tlp *tlp, PciePhase phase);

	tlm::tlm_sync_enum nb_transport_bw(struct tlp &tlp, PciePhase &phase,
					   sc_core::sc_time &delay) override;
	void invalidate_direct_mem_ptr(sc_dt::uint64 from, sc_dt::uint64 to) override;

private:
	struct engine &engine_;
};

class TlpTarget : public sc_core::sc_module, public tlm::tlm_fw_transport_if<PcieProtocol>
{
public:
	TlpTarget(const sc_core::sc_module_name &module_name, struct engine &engine,
		  const struct tlp_port &target);

	PcieTargetSocket socket;

	tlm::tlm_sync_enum nb_transport_fw(struct tlp &tlp, PciePhase &phase,
					   sc_core::sc_time &delay) override;
	void b_transport(struct tlp &tlp, sc_core::sc_time &delay) override;
	bool get_direct_mem_ptr(struct tlp &tlp, tlm::tlm_dmi &dmi) override;
	unsigned transport_dbg(struct tlp &tlp) override;

private:
	struct engine &engine_;
	struct tlp_port target_;
};

/* One direction of a PCIe link between two blocks of ours. */
class TlpWire : public Wire
{
public:
	TlpWire(struct engine &engine, const char *name, const struct tlp_port &target);

	struct tlp_port port();

private:
	static void request(void *ctx, struct tlp *tlp);
	static void completion(void *ctx, struct tlp *tlp);

	TlpInitiator from_;
	TlpTarget to_;
};
} // namespace vfsim
#endif
