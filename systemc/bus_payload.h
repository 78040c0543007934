// SPDX-License-Identifier: Apache-2.0
#ifndef VFSIM_SYSTEMC_BUS_PAYLOAD_H
#define VFSIM_SYSTEMC_BUS_PAYLOAD_H

/*
 * A struct bus_req as a TLM-2.0 generic payload: base protocol, non-blocking.
 *
 *	BUS_READ   TLM_READ_COMMAND
 *	BUS_WRITE  TLM_WRITE_COMMAND
 *	BUS_CAS64  TLM_IGNORE_COMMAND, 16 bytes of data: expected in and found out, desired
 *	BUS_ATS    TLM_IGNORE_COMMAND too: the extension tells it from the one above
 *
 * Address, data pointer, length and response status are the request's own, so
 * a block that knows nothing of us may read and change them on the way. What
 * else a request has (who asks: struct bus_attr) is in an ignorable extension;
 * a payload without it is a CPU's.
 */

#include "base/port.h"

#include <tlm>

namespace vfsim
{
/* Borrowed: valid from BEGIN_REQ to BEGIN_RESP. */
class BusExtension : public tlm::tlm_extension<BusExtension>
{
public:
	const struct bus_req *request = nullptr;

	tlm::tlm_extension_base *clone() const override;
	void copy_from(const tlm::tlm_extension_base &other) override;
};

/* All members of a generic payload that `request` decides; no response yet. */
void bus_payload_set(tlm::tlm_generic_payload &payload, const struct bus_req &request);

/* The request that a payload stands for; `done` and what holds it are left alone. */
void bus_payload_get(const tlm::tlm_generic_payload &payload, struct bus_req &request);

/* BUS_OK: TLM_OK, BUS_ABORT: TLM_ADDRESS_ERROR, BUS_FAULT: TLM_GENERIC_ERROR; others are aborts. */
tlm::tlm_response_status bus_response(enum bus_status status);
enum bus_status bus_status_of(tlm::tlm_response_status response);
} // namespace vfsim
#endif
