// SPDX-License-Identifier: Apache-2.0
#ifndef VFSIM_SYSTEMC_FOREIGN_H
#define VFSIM_SYSTEMC_FOREIGN_H

/*
 * A SystemC block that is not ours in the place of one that is, or in front of it.
 *
 *	engine_systemc_replace("source.memory", [](ForeignSeam &seam) {
 *		auto block = std::make_shared<TheirMemory>("their_memory");
 *		seam.bind(block->socket);
 *		return block;
 *	});
 *
 * Requests of the port reach the block 1 ps after they were sent, in order,
 * from a SystemC process; its responses come back to the calendar. A machine
 * with such a block takes times of its own: one seed gives the same run again,
 * not the run of another engine.
 *
 * The block is a base-protocol target (payloads: bus_payload.h) and answers
 * nb_transport_fw, as tlm_utils' convenience sockets do for one that has only
 * b_transport. An error response of whatever kind ends a request with BUS_ABORT.
 * Payloads are pooled: acquire() one to keep it beyond its response.
 */

#include "systemc/sockets.h"

#include <functional>
#include <memory>

struct sim_part;

namespace vfsim
{
/* What a port was named for: the two sides of where the foreign block goes. */
class ForeignSeam
{
public:
	virtual ~ForeignSeam() = default;

	/* The block's target socket: exactly once. */
	template <unsigned W, int N, sc_core::sc_port_policy P>
	void bind(tlm::tlm_base_target_socket<W, tlm::tlm_fw_transport_if<>,
					      tlm::tlm_bw_transport_if<>, N, P> &target)
	{
		auto socket = std::make_unique<ForwardSocketOf<W>>(from_name(), backward());

		socket->socket.bind(target);
		set_front(std::move(socket));
	}

	/*
	 * The initiator socket of a block that passes requests on to the block it
	 * stands in front of: at most once. There, calls of both kinds are taken.
	 */
	template <unsigned W, int N, sc_core::sc_port_policy P>
	void bind_behind(tlm::tlm_base_initiator_socket<W, tlm::tlm_fw_transport_if<>,
							tlm::tlm_bw_transport_if<>, N, P> &from)
	{
		auto socket = std::make_unique<BackwardSocketOf<W>>(to_name(), forward());

		from.bind(socket->socket);
		set_behind(std::move(socket));
	}

	/*
	 * The block understands a compare-and-swap as bus_payload.h has it, or
	 * passes it on. Without this it gets a read and a write, and nothing
	 * between them.
	 */
	virtual void pass_cas() = 0;

	/*
	 * The block is a memory of its own: a device's write is traced as
	 * DMA_LANDED for `part`'s instance and host, as our DRAM does. `name` is
	 * kept by the caller.
	 */
	virtual void trace_landed(const char *name, uint32_t host) = 0;

private:
	virtual const char *from_name() const = 0;
	virtual const char *to_name() const = 0;
	virtual tlm::tlm_bw_transport_if<> &backward() = 0;
	virtual tlm::tlm_fw_transport_if<> &forward() = 0;
	virtual void set_front(std::unique_ptr<ForwardSocket> socket) = 0;
	virtual void set_behind(std::unique_ptr<BackwardSocket> socket) = 0;
};

/* Makes the block and binds it; what it returns lives as long as the engine. */
using ForeignFactory = std::function<std::shared_ptr<void>(ForeignSeam &seam)>;

/*
 * The bus port that the next engine binds under `port` goes to a foreign
 * block. Before the machine is built; a port of that name must then exist, or
 * the first run is our own error.
 */
void engine_systemc_replace(const char *port, ForeignFactory factory);
} // namespace vfsim
#endif
