/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of traffic: how a header is logged, and the message to the root port. */
#include "model/pcie/aer.h"
#include "model/pcie/device_internal.h"

/* Fmt and Type, tables 2-2 and 2-3, of what a function is sent. */
#define FMT_DATA        BIT(30)
#define FMT_4DW         BIT(29)
#define TYPE_CFG0       (4u << 24)
#define TYPE_CFG1       (5u << 24)
#define TYPE_BY_ID      (0x12u << 24) /* a message, routed by ID */
#define TYPE_COMPLETION (10u << 24)
#define DW_BYTES        4u

/* Byte enables of the first and the last double word (2.2.5). */
static uint32_t byte_enables(const struct tlp *tlp)
{
	uint32_t from = tlp->addr % DW_BYTES, end = from + tlp->len_bytes;
	uint32_t dws = (end + DW_BYTES - 1) / DW_BYTES;
	uint32_t last = (uint32_t)BITS((end - 1) % DW_BYTES, 0);

	if (!tlp->len_bytes)
		return 0;
	if (dws == 1)
		return (uint32_t)BITS(end - 1, from);
	return last << 4 | (uint32_t)BITS(3, from);
}

static uint32_t first_dw(const struct tlp *tlp, bool long_address)
{
	uint32_t dws = (uint32_t)(tlp->addr % DW_BYTES + tlp->len_bytes + DW_BYTES - 1) / DW_BYTES;
	uint32_t dw = (dws ? dws : 1) & (uint32_t)BITS(9, 0);

	if (tlp->type == TLP_INVALIDATE || tlp->type == TLP_PAGE_RESPONSE)
		return TYPE_BY_ID | FMT_4DW;
	if (tlp->type == TLP_MWR || tlp->type == TLP_CFGWR)
		dw |= FMT_DATA;
	if (tlp->type == TLP_CFGRD || tlp->type == TLP_CFGWR)
		return dw | (tlp->type1 ? TYPE_CFG1 : TYPE_CFG0);
	return dw | (long_address ? FMT_4DW : 0) | (uint32_t)tlp->at << 10;
}

void pcie_tlp_header(const struct tlp *tlp, uint32_t header[4])
{
	bool memory = tlp->type == TLP_MRD || tlp->type == TLP_MWR;
	bool long_address = memory && tlp->addr >> 32;
	uint32_t address = (uint32_t)tlp->addr & ~(DW_BYTES - 1);

	header[0] = first_dw(tlp, long_address);
	header[1] = (uint32_t)tlp->requester_id << 16 | byte_enables(tlp);
	header[2] = long_address ? (uint32_t)(tlp->addr >> 32) : address;
	header[3] = long_address ? address : 0;
	if (!memory)
		header[2] = (uint32_t)tlp->completer_id << 16 | (address & (uint32_t)BITS(11, 0));
}

void pcie_completion_header(const struct tlp *tlp, uint32_t header[4])
{
	uint32_t dws = (uint32_t)(tlp->addr % DW_BYTES + tlp->len_bytes + DW_BYTES - 1) / DW_BYTES;
	bool data = tlp->status == TLP_SC;

	header[0] = TYPE_COMPLETION | (data ? FMT_DATA | (dws & (uint32_t)BITS(9, 0)) : 0);
	header[1] = (uint32_t)tlp->status << 13 | (tlp->len_bytes & (uint32_t)BITS(11, 0));
	header[2] = (uint32_t)tlp->requester_id << 16 | (uint32_t)(tlp->addr & BITS(6, 0));
	header[3] = 0;
}

static void send(struct error_message *message)
{
	struct pcie_error_messages *of = message->of;

	message->busy = true;
	message->again = false;
	message->tlp.requester_id = of->rid;
	++*of->under_way;
	of->egress.request(of->egress.ctx, &message->tlp);
}

static void message_done(struct tlp *tlp, uint64_t now)
{
	struct error_message *message = CONTAINER_OF(tlp, struct error_message, tlp);

	--*message->of->under_way;
	message->busy = false;
	if (message->again)
		send(message);
}

void pcie_error_messages_send(struct pcie_error_messages *messages, const struct tlp_port *egress,
			      uint32_t *under_way, uint16_t rid, enum pcie_error_message due)
{
	struct error_message *message;

	if (due == PCIE_ERR_NONE)
		return;
	message = &messages->message[due - 1];
	messages->rid = rid;
	messages->egress = *egress;
	messages->under_way = under_way;
	if (message->busy) {
		message->again = true;
		return;
	}
	message->of = messages;
	message->tlp = (struct tlp){
		.type = TLP_ERROR,
		.error = (uint8_t)due,
		.done = message_done,
	};
	send(message);
}

void pcie_function_error(struct pcie_function *fn, enum pcie_error_kind kind, bool advisory,
			 const struct tlp *tlp)
{
	struct pcie_error error = {.kind = kind, .advisory = advisory};
	struct pcie_device *device = fn->device;

	if (tlp && tlp->function && !tlp->peer)
		pcie_completion_header(tlp, error.header);
	else if (tlp)
		pcie_tlp_header(tlp, error.header);
	pcie_error_messages_send(&fn->error, &device->egress, &device->error_messages,
				 pcie_function_rid(fn), pcie_aer_log(fn, &error));
}
