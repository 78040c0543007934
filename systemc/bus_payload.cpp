// SPDX-License-Identifier: Apache-2.0
#include "systemc/bus_payload.h"

namespace vfsim
{
tlm::tlm_extension_base *BusExtension::clone() const
{
	BusExtension *copy = new BusExtension;

	copy->request = request;
	return copy;
}

void BusExtension::copy_from(const tlm::tlm_extension_base &other)
{
	request = static_cast<const BusExtension &>(other).request;
}

namespace
{
/* Indexed by enum bus_op. */
constexpr tlm::tlm_command command_of[] = {
	tlm::TLM_READ_COMMAND,
	tlm::TLM_WRITE_COMMAND,
	tlm::TLM_IGNORE_COMMAND,
	tlm::TLM_IGNORE_COMMAND,
};

/* A compare-and-swap carries two operands of the length that its request names. */
constexpr unsigned CasOperands = 2;

enum bus_op op_of(tlm::tlm_command command, const BusExtension *extension)
{
	if (extension && extension->request->op == BUS_ATS)
		return BUS_ATS;
	switch (command) {
	case tlm::TLM_READ_COMMAND:
		return BUS_READ;
	case tlm::TLM_WRITE_COMMAND:
		return BUS_WRITE;
	default:
		return BUS_CAS64;
	}
}
} // namespace

void bus_payload_set(tlm::tlm_generic_payload &payload, const struct bus_req &request)
{
	const unsigned bytes =
		request.op == BUS_CAS64 ? CasOperands * request.len_bytes : request.len_bytes;

	payload.set_command(command_of[request.op]);
	payload.set_address(request.addr);
	payload.set_data_ptr(static_cast<unsigned char *>(request.data));
	payload.set_data_length(bytes);
	payload.set_streaming_width(bytes);
	payload.set_byte_enable_ptr(nullptr);
	payload.set_dmi_allowed(false);
	payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
}

void bus_payload_get(const tlm::tlm_generic_payload &payload, struct bus_req &request)
{
	const BusExtension *extension = payload.get_extension<BusExtension>();
	const unsigned bytes = payload.get_data_length();

	request.op = op_of(payload.get_command(), extension);
	request.status = BUS_OK;
	request.addr = payload.get_address();
	request.len_bytes = request.op == BUS_CAS64 ? bytes / CasOperands : bytes;
	request.attr = extension ? extension->request->attr : bus_attr();
	request.data = payload.get_data_ptr();
}

tlm::tlm_response_status bus_response(enum bus_status status)
{
	switch (status) {
	case BUS_OK:
		return tlm::TLM_OK_RESPONSE;
	case BUS_FAULT:
		return tlm::TLM_GENERIC_ERROR_RESPONSE;
	default:
		return tlm::TLM_ADDRESS_ERROR_RESPONSE;
	}
}

enum bus_status bus_status_of(tlm::tlm_response_status response)
{
	switch (response) {
	case tlm::TLM_OK_RESPONSE:
		return BUS_OK;
	case tlm::TLM_GENERIC_ERROR_RESPONSE:
		return BUS_FAULT;
	default:
		return BUS_ABORT;
	}
}
} // namespace vfsim
