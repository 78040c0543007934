// SPDX-License-Identifier: Apache-2.0
#ifndef VFSIM_SYSTEMC_BUS_WIRE_INTERNAL_H
#define VFSIM_SYSTEMC_BUS_WIRE_INTERNAL_H

#include "systemc/bus_target_internal.h"

namespace vfsim
{
/*
 * What takes the place of a struct bus_port's target: a request becomes a
 * generic payload from a pool, BEGIN_RESP becomes the request's `done`. It
 * schedules nothing and holds no behaviour.
 */
class BusInitiator : public tlm::tlm_bw_transport_if<>, public tlm::tlm_mm_interface
{
public:
	explicit BusInitiator(struct engine &engine);

	void send(ForwardSocket &socket, struct bus_req *req);

	tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
					   sc_core::sc_time &delay) override;
	void invalidate_direct_mem_ptr(sc_dt::uint64 from, sc_dt::uint64 to) override;
	void free(tlm::tlm_generic_payload *payload) override;

private:
	struct Transaction : tlm::tlm_generic_payload {
		explicit Transaction(BusInitiator &owner);
		~Transaction() override;

		BusExtension extension;
		struct bus_req *req = nullptr;
	};

	struct engine &engine_;
	Pool<Transaction> pool_;
};

/* A bus port between two blocks of ours. */
class BusWire : public Wire
{
public:
	BusWire(struct engine &engine, const char *name, const struct bus_port &target);

	struct bus_port port();

private:
	static void send(void *ctx, struct bus_req *req);

	static constexpr unsigned BusWidth = 64;

	BusInitiator initiator_;
	BusTarget target_;
	ForwardSocketOf<BusWidth> from_;
	BackwardSocketOf<BusWidth> to_;
};
} // namespace vfsim
#endif
