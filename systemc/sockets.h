// SPDX-License-Identifier: Apache-2.0
#ifndef VFSIM_SYSTEMC_SOCKETS_H
#define VFSIM_SYSTEMC_SOCKETS_H

/*
 * A base-protocol socket of any bus width, each side in a module of its own:
 * the width is only a type in TLM-2.0, and whoever speaks through the socket
 * need not know it.
 */

#include <tlm>

namespace vfsim
{
class ForwardSocket
{
public:
	virtual ~ForwardSocket() = default;
	/* The target bound to it; once elaborated. */
	virtual tlm::tlm_fw_transport_if<> &forward() = 0;
};

class BackwardSocket
{
public:
	virtual ~BackwardSocket() = default;
	virtual tlm::tlm_bw_transport_if<> &backward() = 0;
};

template <unsigned W>
class ForwardSocketOf : public sc_core::sc_module, public ForwardSocket
{
public:
	ForwardSocketOf(const sc_core::sc_module_name &module_name,
			tlm::tlm_bw_transport_if<> &initiator)
		: sc_core::sc_module(module_name), socket("socket")
	{
		socket.bind(initiator);
	}

	tlm::tlm_fw_transport_if<> &forward() override
	{
		return *socket.operator->();
	}

	tlm::tlm_initiator_socket<W> socket;
};

template <unsigned W>
class BackwardSocketOf : public sc_core::sc_module, public BackwardSocket
{
public:
	BackwardSocketOf(const sc_core::sc_module_name &module_name,
			 tlm::tlm_fw_transport_if<> &target)
		: sc_core::sc_module(module_name), socket("socket")
	{
		socket.bind(target);
	}

	tlm::tlm_bw_transport_if<> &backward() override
	{
		return *socket.operator->();
	}

	tlm::tlm_target_socket<W> socket;
};
} // namespace vfsim
#endif
