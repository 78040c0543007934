// SPDX-License-Identifier: Apache-2.0
#ifndef VFSIM_SYSTEMC_BUS_TARGET_INTERNAL_H
#define VFSIM_SYSTEMC_BUS_TARGET_INTERNAL_H

#include "systemc/bus_payload.h"
#include "systemc/engine_internal.h"
#include "systemc/pool_internal.h"
#include "systemc/sockets.h"

namespace vfsim
{
/*
 * What a socket in front of one of our blocks leads to. It makes a struct bus_req of each
 * payload and answers when that is done: BEGIN_RESP, or the return of
 * b_transport. Requests are accepted at once (END_REQ), so any number may be
 * under way; responses wait for the one before to be accepted.
 */
class BusTarget : public tlm::tlm_fw_transport_if<>
{
public:
	BusTarget(struct engine &engine, const struct bus_port &target);

	/* Where responses go: kept, and not owned. */
	void answer_to(BackwardSocket &socket);

	tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
					   sc_core::sc_time &delay) override;
	void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay) override;
	bool get_direct_mem_ptr(tlm::tlm_generic_payload &payload, tlm::tlm_dmi &dmi) override;
	unsigned transport_dbg(tlm::tlm_generic_payload &payload) override;

private:
	/* A payload that we serve, and the request that our block sees of it. */
	struct Access {
		explicit Access(BusTarget *owner);

		BusTarget *target;
		tlm::tlm_generic_payload *payload = nullptr;
		sc_core::sc_event *finished = nullptr; /* who waits in b_transport */
		struct bus_req req = {};
		struct event arrival = {};
	};

	Access *access_begin(tlm::tlm_generic_payload &payload);
	void send(Access *access, const sc_core::sc_time &delay);
	void respond(Access *access);
	void response_accepted();
	void end(Access *access);
	static void on_arrival(struct event *event, uint64_t now);
	static void on_done(struct bus_req *req, uint64_t now);

	struct engine &engine_;
	struct bus_port target_;
	BackwardSocket *socket_ = nullptr;
	Pool<Access> pool_;
	Access *responding_ = nullptr; /* BEGIN_RESP given, END_RESP to come */
	std::deque<Access *> waiting_; /* done meanwhile */
};
} // namespace vfsim
#endif
