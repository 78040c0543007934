/* SPDX-License-Identifier: Apache-2.0 */
/* What the recorded hardware did in a step, line by line, against what ours did. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "iommu/smmu_format.h"
#include "model/nic/firmware_block.h"
#include "pf-firmware/mailbox_format.h"
#include "system/replay/driver/driver_internal.h"

#define SYNC_WRITE "cmd_sync_msi"

static void hex_of(char *text, size_t size, const uint8_t *bytes, uint32_t len)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < len && used + 3 < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%02x", bytes[i]);
}

/* ---- bytes ---- */

/*
 * Which bits of bytes are compared, by words; all of what has no row. An Rx
 * descriptor tells of packet types and hashes as far as a device knows them; the
 * content of a mailbox answer is the device's own; a descriptor that was fetched
 * may be written back by now.
 */
static const struct {
	const char *what;
	uint64_t word[4];
} masks[] = {
	{"arq_buffer", {0}},
	{"rx_writeback", {0, RXD1_DD | RXD1_EOP | RXD1_LENGTH}},
	{"tx", {UINT64_MAX, ~TXD1_DTYPE}},
	{"atq",
	 {~(AQ_FLAG_DD | AQ_FLAG_CMP | AQ_FLAG_ERR | BITS(63, 48)), UINT64_MAX, UINT64_MAX,
	  UINT64_MAX}},
};

static uint8_t mask_of(const char *what, uint32_t at)
{
	for (size_t i = 0; i < ARRAY_LEN(masks); i++)
		if (!strcmp(masks[i].what, what))
			return at < 32 ? (uint8_t)(masks[i].word[at / 8] >> 8 * (at % 8)) : 0;
	return 0xff;
}

static bool in_memory(const struct driver_replay *replay, uint64_t pa, uint64_t len)
{
	const struct machine_foreign *foreign = &replay->presented.foreign;
	uint64_t from = pa - foreign->ram_base;

	return from < foreign->ram_bytes && len <= foreign->ram_bytes - from;
}

/* Our memory at `pa` against the line's bytes. */
static void compare_bytes(struct driver_replay *replay, const struct driver_line *line,
			  const char *what, uint64_t pa, const struct driver_bytes *bytes)
{
	char recorded[160], ours[160];
	uint8_t *here = replay->scratch;
	uint32_t at = 0, shown;

	if (!in_memory(replay, pa, bytes->known)) {
		driver_differs(replay, line->number, what, "bytes", "in memory", NULL);
		return;
	}
	replay->cpu.ops->memory_read(replay->cpu.ctx, pa, here, bytes->known);
	while (at < bytes->known && !((bytes->data[at] ^ here[at]) & mask_of(what, at)))
		at++;
	if (at == bytes->known)
		return;
	at &= ~7u;
	shown = MIN(bytes->known - at, 32);
	hex_of(recorded, sizeof(recorded), bytes->data + at, shown);
	hex_of(ours, sizeof(ours), here + at, shown);
	driver_differs(replay, line->number, what, "bytes", recorded, ours);
}

/* ---- DMA ---- */

/* Ours that covers `iova`: rather one that no line has met yet. */
static struct seen_dma *covering(struct observer *seen, bool write, uint64_t iova)
{
	struct seen_dma *found = NULL;

	for (uint32_t i = 0; i < seen->dma.count; i++) {
		struct seen_dma *dma = &seen->dma.item[i];

		if (dma->write != write || iova < dma->iova || iova >= dma->iova + dma->len)
			continue;
		if (!dma->matched)
			return dma;
		if (!found)
			found = dma;
	}
	return found;
}

static void differ_pa(struct driver_replay *replay, const struct driver_line *line,
		      uint64_t recorded, uint64_t ours)
{
	char there[32], here[32];

	snprintf(there, sizeof(there), "0x%" PRIx64, recorded);
	snprintf(here, sizeof(here), "0x%" PRIx64, ours);
	driver_differs(replay, line->number,
		       *line->what ? line->what : driver_kind_names[line->kind], "pa", there, here);
}

/* A write-back comes after the data that it tells of. */
static void check_order(struct driver_replay *replay, const struct driver_line *line,
			const struct seen_dma *last)
{
	uint32_t order = (uint32_t)(last - replay->observer.dma.item);
	size_t len = strlen(line->what);

	if (len > 7 && !strcmp(line->what + len - 7, "_buffer"))
		replay->data_order = order + 1;
	else if (line->write && order + 1 < replay->data_order)
		driver_differs(replay, line->number, line->what, "order", "after its data",
			       "before its data");
}

static const char *const op_names[] = {"read", "write"};

static void check_vf_dma(struct driver_replay *replay, const struct driver_line *line)
{
	struct seen_dma *dma = NULL;

	for (uint64_t at = 0; at < line->len;) {
		uint64_t from;

		dma = covering(&replay->observer, line->write, line->iova + at);
		if (!dma) {
			driver_differs(replay, line->number, line->what, "dma",
				       op_names[line->write], NULL);
			return;
		}
		from = line->iova + at - dma->iova;
		if (dma->pa + from != line->pa + at) {
			differ_pa(replay, line, line->pa + at, dma->pa + from);
			return;
		}
		dma->matched = true;
		at += dma->len - from;
	}
	replay->counts.dma++;
	check_order(replay, line, dma);
	if (line->write)
		compare_bytes(replay, line, line->what, line->pa, &line->bytes);
	driver_check_walk(replay, line);
}

/* Of the SMMU's own accesses, those that complete a CMD_SYNC; its commands have lines of theirs. */
static void check_dma(struct driver_replay *replay, const struct driver_line *line)
{
	if (line->function == DRIVER_VF)
		check_vf_dma(replay, line);
	else if (line->write)
		compare_bytes(replay, line, line->what, line->pa, &line->bytes);
}

/* ---- commands ---- */

static void check_command(struct driver_replay *replay, const struct driver_line *line)
{
	struct observer *seen = &replay->observer;
	char recorded[80], ours[80];
	const uint64_t word[2] = {le64_get(line->bytes.data), le64_get(line->bytes.data + 8)};
	uint32_t index = replay->cmdq_next++ & (uint32_t)(BIT(replay->cmdq_log2) - 1);
	const struct seen_command *command = seen->commands.taken < seen->commands.count
						     ? &seen->commands.item[seen->commands.taken++]
						     : NULL;

	replay->counts.commands++;
	snprintf(recorded, sizeof(recorded), "%" PRIu64 ": 0x%016" PRIx64 " 0x%016" PRIx64,
		 line->index, word[0], word[1]);
	if (!command) {
		driver_differs(replay, line->number, line->what, "consumed", recorded, NULL);
		return;
	}
	snprintf(ours, sizeof(ours), "%u: 0x%016" PRIx64 " 0x%016" PRIx64, index, command->word[0],
		 command->word[1]);
	if (strcmp(recorded, ours) || line->opcode != (word[0] & 0xff))
		driver_differs(replay, line->number, line->what, "consumed", recorded, ours);
}

/* The first level's descriptor, and the STE that it leads to (Arm IHI 0070, 3.3.1 and 5.1). */
static void check_l1std(struct driver_replay *replay, const struct driver_line *line)
{
	const struct driver_walk *walk = &line->walk;
	uint64_t span = field_get(L1STD_SPAN, walk->l1std), index, right;
	uint8_t bytes[L1STD_BYTES];
	struct driver_bytes recorded = {bytes, sizeof(bytes), sizeof(bytes)};

	le64_put(bytes, walk->l1std);
	compare_bytes(replay, line, "l1std", walk->l1std_pa, &recorded);
	if (!span || span > 11)
		return;
	index = line->stream & (BIT(span - 1) - 1);
	right = (walk->l1std & L1STD_L2PTR) + index * STE_BYTES;
	if (walk->ste_pa != right || (line->has_pa && line->pa != right))
		differ_pa(replay, line, line->has_pa ? line->pa : walk->ste_pa, right);
}

/* What CFGI named, as it lay in memory. */
static void check_configuration(struct driver_replay *replay, const struct driver_line *line)
{
	if (line->walk.present && line->walk.two_level)
		check_l1std(replay, line);
	if (line->bytes.len && line->has_pa)
		compare_bytes(replay, line, line->kind == DRIVER_STE ? "ste" : "cd", line->pa,
			      &line->bytes);
}

/* ---- queues ---- */

/* The bytes of a descriptor, where our VF wrote it. */
static void check_descriptor(struct driver_replay *replay, const struct driver_line *line,
			     const char *what)
{
	const struct seen_dma *dma = covering(&replay->observer, true, line->iova);

	if (!dma) {
		driver_differs(replay, line->number, what, "write-back", "written", NULL);
		return;
	}
	replay->counts.write_backs++;
	compare_bytes(replay, line, what, dma->pa + (line->iova - dma->iova), &line->bytes);
}

/* The bytes of a descriptor that our VF fetched, as they still lie there. */
static void check_fetched(struct driver_replay *replay, const struct driver_line *line)
{
	const char *what = driver_kind_names[line->kind];
	const struct seen_dma *dma = covering(&replay->observer, false, line->iova);

	if (!dma)
		driver_differs(replay, line->number, what, "descriptor", "fetched", NULL);
	else
		compare_bytes(replay, line, what, dma->pa + (line->iova - dma->iova), &line->bytes);
}

static void check_write_back(struct driver_replay *replay, const struct driver_line *line)
{
	check_descriptor(replay, line,
			 line->kind == DRIVER_RX ? "rx_writeback" : driver_kind_names[line->kind]);
}

/* Messages with the same number and, of answers, status. */
static void check_message(struct driver_replay *replay, const struct driver_line *line,
			  const struct seen_message *message)
{
	char recorded[64], ours[64];
	bool answer = line->kind == DRIVER_ARQ;

	snprintf(recorded, sizeof(recorded), answer ? "opcode %u, status %" PRId64 : "opcode %u",
		 (unsigned)line->v_opcode, line->v_status);
	if (!message) {
		driver_differs(replay, line->number, driver_kind_names[line->kind], "message",
			       recorded, NULL);
		return;
	}
	snprintf(ours, sizeof(ours), answer ? "opcode %u, status %" PRId64 : "opcode %u",
		 (unsigned)message->opcode, message->status);
	if (strcmp(recorded, ours))
		driver_differs(replay, line->number, driver_kind_names[line->kind], "message",
			       recorded, ours);
}

#define TAKE(list) ((list)->taken < (list)->count ? &(list)->item[(list)->taken++] : NULL)

static void check_atq(struct driver_replay *replay, const struct driver_line *line)
{
	const struct seen_message *message = TAKE(&replay->observer.requests);

	replay->reset_seen |= message && line->v_opcode == VIRTCHNL_OP_RESET_VF;
	check_message(replay, line, message);
	if (message)
		check_fetched(replay, line);
}

static void check_arq(struct driver_replay *replay, const struct driver_line *line)
{
	replay->counts.messages++;
	check_message(replay, line, TAKE(&replay->observer.replies));
	check_descriptor(replay, line, "arq_writeback");
}

static void check_ring(struct driver_replay *replay, const struct driver_line *line)
{
	struct nic_queue_context context;
	char recorded[96], ours[96];
	bool rx = line->what[0] == 'r';
	uint64_t queue = strtoull(line->what + 2, NULL, 10);

	if (queue >= replay->presented.queue_pairs) {
		driver_differs(replay, line->number, line->what, "queue", line->what, NULL);
		return;
	}
	nic_queue_context_get(replay->host->nic, DRIVER_VF_INDEX, rx, (uint32_t)queue, &context);
	snprintf(recorded, sizeof(recorded), "%" PRIu64 " at 0x%" PRIx64 ", buffers of %" PRIu64,
		 line->count, line->iova, line->buffer);
	snprintf(ours, sizeof(ours), "%u at 0x%" PRIx64 ", buffers of %u", context.len,
		 context.base, rx ? context.buffer_bytes : 0);
	if (strcmp(recorded, ours))
		driver_differs(replay, line->number, line->what, "ring", recorded, ours);
}

/* ---- the step ---- */

static void (*const checks[DRIVER_KINDS])(struct driver_replay *replay,
					  const struct driver_line *line) = {
	[DRIVER_COMMAND] = check_command,  [DRIVER_STE] = check_configuration,
	[DRIVER_CD] = check_configuration, [DRIVER_DMA] = check_dma,
	[DRIVER_ATQ] = check_atq,          [DRIVER_ATQ_WRITEBACK] = check_write_back,
	[DRIVER_ARQ] = check_arq,          [DRIVER_RING] = check_ring,
	[DRIVER_TX] = check_fetched,       [DRIVER_TX_WRITEBACK] = check_write_back,
	[DRIVER_RX] = check_write_back,    [DRIVER_MSI] = driver_check_msi,
};

/* What ours did beyond the recorded: faults, commands, messages, writes to where nothing was. */
static void check_surplus(struct driver_replay *replay, uint32_t line)
{
	const struct observer *seen = &replay->observer;
	char text[128];

	for (uint32_t i = 0; i < seen->faults.count && !replay->failed; i++) {
		const struct seen_fault *fault = &seen->faults.item[i];

		snprintf(text, sizeof(text), "event 0x%" PRIx64 " for a %s at 0x%" PRIx64,
			 fault->event, op_names[fault->write], fault->iova);
		driver_differs(replay, line, "smmu", "fault", NULL, text);
	}
	for (uint32_t i = 0; i < seen->dma.count && !replay->failed; i++) {
		const struct seen_dma *dma = &seen->dma.item[i];

		if (!dma->write || dma->matched)
			continue;
		snprintf(text, sizeof(text), "%" PRIu64 " bytes at 0x%" PRIx64, dma->len,
			 dma->iova);
		driver_differs(replay, line, "vf", "write", NULL, text);
	}
	if (seen->commands.taken < seen->commands.count) {
		snprintf(text, sizeof(text), "0x%" PRIx64,
			 seen->commands.item[seen->commands.taken].word[0]);
		driver_differs(replay, line, "command", "consumed", NULL, text);
	}
	if (seen->replies.taken < seen->replies.count) {
		snprintf(text, sizeof(text), "opcode %" PRIu64,
			 seen->replies.item[seen->replies.taken].opcode);
		driver_differs(replay, line, "arq", "message", NULL, text);
	}
}

void driver_check_step(struct driver_replay *replay, const struct driver_line *access)
{
	uint32_t line = access ? access->number : replay->file.line[replay->step[0]].number;

	replay->data_order = 0;
	for (uint32_t i = 0; i < replay->step_count && !replay->failed; i++) {
		const struct driver_line *effect = &replay->file.line[replay->step[i]];

		if (checks[effect->kind])
			checks[effect->kind](replay, effect);
	}
	if (!replay->failed)
		check_surplus(replay, line);
	driver_take_msis(replay);
	replay->after_reset |= replay->reset_seen;
	replay->reset_seen = false;
}
