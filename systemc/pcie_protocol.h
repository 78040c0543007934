// SPDX-License-Identifier: Apache-2.0
#ifndef VFSIM_SYSTEMC_PCIE_PROTOCOL_H
#define VFSIM_SYSTEMC_PCIE_PROTOCOL_H

/*
 * PCIe over TLM-2.0 sockets: a protocol-traits type of our own, because
 * requester ID, PASID, address type and split completions are not ignorable. A
 * socket of this type binds to no base-protocol socket.
 *
 * One socket is one direction of a link, and struct tlp is the payload. Both
 * kinds of TLP travel forward, in nb_transport_fw: requests, and the completions
 * of requests that came the other way. Each call is answered TLM_COMPLETED: the
 * TLP has been handed over, when it is answered is another call. The TLP's own
 * `done` gives its storage back, as a payload's memory manager would.
 */

#include "model/pcie/tlp.h"

#include <tlm>

namespace vfsim
{
enum class PciePhase { Request, Completion };

struct PcieProtocol {
	using tlm_payload_type = struct tlp;
	using tlm_phase_type = PciePhase;
};

constexpr unsigned PcieBusWidth = 64;
using PcieInitiatorSocket = tlm::tlm_initiator_socket<PcieBusWidth, PcieProtocol>;
using PcieTargetSocket = tlm::tlm_target_socket<PcieBusWidth, PcieProtocol>;
} // namespace vfsim
#endif
