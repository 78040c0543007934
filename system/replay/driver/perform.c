/* SPDX-License-Identifier: Apache-2.0 */
/* What the recorded software did, on our hardware: accesses over the bus, bytes into memory. */
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "iommu/smmu_registers_format.h"
#include "model/nic/firmware_block.h"
#include "pf-firmware/mailbox_format.h"
#include "system/replay/driver/driver_internal.h"

#define CAP_FIRST   0x40u
#define CAP_LONGEST 0x3cu
#define EXT_FIRST   0x100u

void driver_put(struct driver_replay *replay, const struct driver_line *line)
{
	replay->cpu.ops->memory_write(replay->cpu.ctx, line->pa, line->bytes.data, line->bytes.len);
}

static uint64_t read_at(struct driver_replay *replay, uint64_t pa, uint64_t len)
{
	return replay->cpu.ops->mmio_read(replay->cpu.ctx, replay->self, pa, (uint32_t)len);
}

static void compare_read(struct driver_replay *replay, const struct driver_line *line,
			 const char *what, uint64_t mask, uint64_t ours)
{
	char recorded[32], here[32];

	if (line->len < 8)
		mask &= BIT(8 * line->len) - 1;
	replay->counts.reads++;
	if (!((line->value ^ ours) & mask))
		return;
	snprintf(recorded, sizeof(recorded), "0x%" PRIx64, line->value & mask);
	snprintf(here, sizeof(here), "0x%" PRIx64, ours & mask);
	driver_differs(replay, line->number, what, "value", recorded, here);
}

static void access_registers(struct driver_replay *replay, const struct driver_line *line,
			     uint64_t base)
{
	const struct compared_register *row =
		compared_register_find(line->function, line->kind, line->offset);
	uint64_t value;

	if (line->write) {
		replay->cpu.ops->mmio_write(replay->cpu.ctx, replay->self, base + line->offset,
					    (uint32_t)line->len, line->value);
		return;
	}
	value = read_at(replay, base + line->offset, line->len);
	if (row)
		compare_read(replay, line, row->name, row->mask, value);
}

/* ---- configuration space: capabilities are where ours has them ---- */

/* The recorded capability that an offset lies in; NULL: the header. */
static const struct driver_cap *cap_of(const struct driver_presented *presented, uint64_t offset)
{
	const struct driver_cap *found = NULL;

	for (uint32_t i = 0; i < presented->caps; i++) {
		const struct driver_cap *cap = &presented->cap[i];

		if (offset >= cap->recorded && offset <= cap->recorded + CAP_LONGEST &&
		    (!found || cap->recorded > found->recorded))
			found = cap;
	}
	return found;
}

static void perform_config(struct driver_replay *replay, const struct driver_line *line)
{
	const struct driver_cap *cap = cap_of(&replay->presented, line->offset);
	uint32_t offset = (uint32_t)line->offset, mask;
	uint64_t value;

	/* The recorded SMMU was found as a PCI function; ours is none. */
	if (line->function == DRIVER_SMMU ||
	    (offset >= CAP_FIRST && offset < EXT_FIRST && (!cap || !cap->ours)) ||
	    (offset >= EXT_FIRST && line->write)) {
		replay->counts.not_performed++;
		return;
	}
	mask = compared_config_mask(cap ? cap->id : 0, cap ? offset - cap->recorded : offset);
	if (cap)
		offset = offset - cap->recorded + cap->ours;
	if (line->write) {
		pci_config_write(&replay->host->pci_bus, replay->self, replay->vf->rid, offset,
				 (uint32_t)line->len, (uint32_t)line->value);
		return;
	}
	value = pci_config_read(&replay->host->pci_bus, replay->self, replay->vf->rid, offset,
				(uint32_t)line->len);
	if (mask)
		compare_read(replay, line, cap ? "MSIX_CONTROL" : "COMMAND", mask, value);
}

/* ---- what the driver says of its queues by registers ---- */

static void note_smmu_write(struct driver_replay *replay, const struct driver_line *line)
{
	if (line->offset == SMMU_CMDQ_BASE)
		replay->cmdq_log2 = (uint32_t)MIN(line->value & 0x1f, 19);
	else if (line->offset == SMMU_CMDQ_CONS)
		replay->cmdq_next = (uint32_t)line->value;
}

static void note_vf_write(struct driver_replay *replay, const struct driver_line *line)
{
	if (line->offset == VF_ATQLEN1 && (line->value & AQ_LEN_ENABLE))
		replay->after_reset = false;
}

static void perform_bar(struct driver_replay *replay, const struct driver_line *line)
{
	if (line->function == DRIVER_SMMU) {
		if (line->write)
			note_smmu_write(replay, line);
		access_registers(replay, line, HOST_SMMU_PA);
		return;
	}
	if (line->write && line->kind == DRIVER_BAR0) {
		note_vf_write(replay, line);
		driver_interrupt_enabled(replay, line);
	}
	if (line->write && line->kind == DRIVER_BAR3)
		driver_note_msix_write(replay, line);
	access_registers(replay, line, replay->vf->bar[line->kind == DRIVER_BAR3 ? 3 : 0].pa);
}

void driver_perform(struct driver_replay *replay, const struct driver_line *line)
{
	replay->counts.accesses++;
	if (line->kind == DRIVER_CONFIG)
		perform_config(replay, line);
	else
		perform_bar(replay, line);
}

/* ---- what came from outside ---- */

/* A frame from the wire, which the recorded function steered to a queue. */
static void frame_arrives(struct driver_replay *replay, uint32_t first, uint32_t last)
{
	const struct driver_line *line = &replay->file.line[first];
	struct frame_port port = nic_frame_port(replay->host->nic);
	struct packet *packet = packet_get(replay->frames);
	uint32_t len = 0;

	if (!packet)
		return; /* its write-back will be missed */
	for (uint32_t i = first; i <= last; i++) {
		const struct driver_line *part = &replay->file.line[i];

		if (part->kind != DRIVER_RX || part->queue != line->queue ||
		    part->function != line->function || len + part->frame.len > FRAME_MAX_BYTES)
			continue;
		memcpy(packet->data + len, part->frame.data, part->frame.len);
		len += part->frame.len;
	}
	packet->len_bytes = len;
	packet->steered = true;
	packet->rx_queue = (uint32_t)line->queue;
	replay->counts.frames++;
	port.frame(port.ctx, packet);
}

static bool ends_packet(const struct driver_line *line)
{
	return le64_get(line->bytes.data + 8) & RXD1_EOP;
}

/* The frames of the step, in the order in which their last descriptors were written. */
static void frames_arrive(struct driver_replay *replay)
{
	bool begun = false;
	uint32_t first = 0;

	for (uint32_t i = 0; i < replay->step_count; i++) {
		const struct driver_line *line = &replay->file.line[replay->step[i]];

		if (line->kind != DRIVER_RX)
			continue;
		if (!begun)
			first = replay->step[i];
		begun = !ends_packet(line);
		if (!begun)
			frame_arrives(replay, first, replay->step[i]);
	}
}

/* Messages that the PF sent unasked. */
static void events_arrive(struct driver_replay *replay)
{
	for (uint32_t i = 0; i < replay->step_count; i++) {
		const struct driver_line *line = &replay->file.line[replay->step[i]];

		if (line->kind != DRIVER_ARQ || line->v_opcode != VIRTCHNL_OP_EVENT)
			continue;
		driver_settle(replay);
		firmware_post_event(replay->host->firmware, DRIVER_VF_INDEX, line->frame.data,
				    MIN(line->frame.len, MAILBOX_REPLY_BYTES));
	}
}

void driver_stimulate(struct driver_replay *replay)
{
	frames_arrive(replay);
	events_arrive(replay);
}
