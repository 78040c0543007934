/* SPDX-License-Identifier: Apache-2.0 */
/* MSI-X: table, pending bits and messages (section 6.1.4). */
#include "base/trace.h"
#include "model/pcie/device_internal.h"

enum msix_row { ROW_ADDRESS, ROW_ADDRESS_HIGH, ROW_DATA, ROW_CONTROL, ROW_PENDING };

static uint64_t pending_read(void *owner, uint32_t index, uint64_t stored)
{
	const struct pcie_function *fn = owner;

	return fn->msix_pending[index];
}

static void vector_control_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	if (before & ~now & MSIX_VECTOR_MASK)
		pcie_msix_flush(owner);
}

static const struct reg_row rows[MSIX_ROWS] = {
	[ROW_ADDRESS] = {.name = "MESSAGE_ADDRESS", .size = 4, .rw = BITS(31, 2)},
	[ROW_ADDRESS_HIGH] = {.name = "MESSAGE_UPPER_ADDRESS", .size = 4, .rw = BITS(31, 0)},
	[ROW_DATA] = {.name = "MESSAGE_DATA", .size = 4, .rw = BITS(31, 0)},
	[ROW_CONTROL] = {.name = "VECTOR_CONTROL",
			 .size = 4,
			 .reset = MSIX_VECTOR_MASK,
			 .rw = MSIX_VECTOR_MASK,
			 .on_write = vector_control_written},
	[ROW_PENDING] = {.name = "PENDING_BITS",
			 .size = 8,
			 .stride = 8,
			 .ro = ~UINT64_C(0),
			 .on_read = pending_read},
};

void pcie_msix_layout_init(struct msix_layout *layout, const struct pcie_function_cfg *fn)
{
	for (uint32_t r = 0; r < MSIX_ROWS; r++) {
		layout->row[r] = rows[r];
		if (r == ROW_PENDING)
			continue;
		layout->row[r].offset = fn->msix_table_offset + 4 * r;
		layout->row[r].stride = MSIX_ENTRY_BYTES;
		layout->row[r].count = fn->msix_vectors;
	}
	layout->row[ROW_PENDING].offset = fn->msix_pba_offset;
	layout->row[ROW_PENDING].count = (uint16_t)((fn->msix_vectors + 63) / 64);
	layout->table = (struct reg_table){
		.name = "MSI-X",
		.row = layout->row,
		.rows = MSIX_ROWS,
		.window_bytes = (uint32_t)fn->bar_bytes[fn->msix_bar],
	};
}

void pcie_msix_reset(struct pcie_function *fn)
{
	uint32_t vectors = function_cfg(fn)->msix_vectors;

	regs_reset(&fn->msix);
	for (uint32_t word = 0; word < (vectors + 63) / 64; word++)
		fn->msix_pending[word] = 0;
	fn->msix_pending_count = 0;
}

static void set_pending(struct pcie_function *fn, uint32_t vector)
{
	uint64_t *word = &fn->msix_pending[vector / 64];

	fn->msix_pending_count += !(*word & BIT(vector % 64));
	*word |= BIT(vector % 64);
}

bool pcie_function_msix_pending(const struct pcie_function *fn, uint32_t vector)
{
	return vector < function_cfg(fn)->msix_vectors &&
	       (fn->msix_pending[vector / 64] & BIT(vector % 64));
}

static bool held_back(const struct pcie_function *fn, uint64_t control, uint32_t vector)
{
	return control & MSIX_FUNCTION_MASK || !pcie_function_bus_master(fn) ||
	       regs_get(&fn->msix, ROW_CONTROL, vector) & MSIX_VECTOR_MASK;
}

/* A message came to its end: who waits for one goes on, in turn. */
static void message_done(struct tlp *tlp, uint64_t now)
{
	struct msix_message *message = CONTAINER_OF(tlp, struct msix_message, tlp);
	struct pcie_device *device = message->device;
	struct pcie_function *fn;

	message->next = device->free_message;
	device->free_message = message;
	device->messages_in_flight--;
	while (device->free_message && (fn = device->starved_first)) {
		device->starved_first = fn->next_starved;
		fn->starved = false;
		pcie_msix_flush(fn);
	}
}

static void wait_for_message(struct pcie_function *fn)
{
	struct pcie_device *device = fn->device;

	if (fn->starved)
		return;
	fn->starved = true;
	fn->next_starved = NULL;
	if (device->starved_first)
		device->starved_last->next_starved = fn;
	else
		device->starved_first = fn;
	device->starved_last = fn;
}

/* False when all messages are in flight. */
static bool send_message(struct pcie_function *fn, uint32_t vector)
{
	struct pcie_device *device = fn->device;
	struct msix_message *message = device->free_message;

	if (!message) {
		wait_for_message(fn);
		return false;
	}
	device->free_message = message->next;
	device->messages_in_flight++;
	message->tlp.type = TLP_MWR;
	message->tlp.ats.direct = true; /* the doorbell is not a page of the ATC's */
	message->tlp.addr = regs_get(&fn->msix, ROW_ADDRESS, vector) |
			    regs_get(&fn->msix, ROW_ADDRESS_HIGH, vector) << 32;
	message->tlp.len_bytes = sizeof(message->data);
	message->tlp.data = message->data;
	message->tlp.done = message_done;
	le32_put(message->data, (uint32_t)regs_get(&fn->msix, ROW_DATA, vector));
	trace_emit(&device->env.part, TRACE_MSIX_RAISED, pcie_function_rid(fn), vector);
	pcie_function_send(fn, &message->tlp);
	return true;
}

void pcie_function_raise_msix(struct pcie_function *fn, uint32_t vector)
{
	uint64_t control = pcie_config_get(fn, AT_MSIX + MSIX_CONTROL);

	if (!(control & MSIX_ENABLE) || vector >= function_cfg(fn)->msix_vectors)
		return;
	if (held_back(fn, control, vector) || !send_message(fn, vector))
		set_pending(fn, vector);
}

void pcie_msix_flush(struct pcie_function *fn)
{
	uint64_t control = pcie_config_get(fn, AT_MSIX + MSIX_CONTROL);
	uint32_t vectors = function_cfg(fn)->msix_vectors;

	if (!fn->msix_pending_count || !(control & MSIX_ENABLE) || control & MSIX_FUNCTION_MASK)
		return;
	for (uint32_t vector = 0; vector < vectors; vector++) {
		if (!pcie_function_msix_pending(fn, vector) || held_back(fn, control, vector))
			continue;
		if (!send_message(fn, vector))
			return;
		fn->msix_pending[vector / 64] &= ~BIT(vector % 64);
		fn->msix_pending_count--;
	}
}

void pcie_msix_pool_init(struct pcie_device *device)
{
	for (uint32_t m = 0; m < device->cfg.msix_messages; m++) {
		device->message[m].device = device;
		device->message[m].next = device->free_message;
		device->free_message = &device->message[m];
	}
}
