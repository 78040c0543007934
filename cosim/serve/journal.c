/* SPDX-License-Identifier: Apache-2.0 */
#include "cosim/serve/journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "base/trace.h"
#include "iommu/smmu_format.h"
#include "iommu/smmu_registers_format.h"
#include "model/nic/frame_format.h"

#define LINE_BYTES 200u

static const char *const trouble_names[] = {
	[JOURNAL_OUTSIDE] = "DMA accesses outside of the guest's memory",
	[JOURNAL_FAULT] = "events recorded by the SMMU",
	[JOURNAL_LOST] = "events of the SMMU lost",
	[JOURNAL_COMMAND] = "errors of the SMMU's command queue",
	[JOURNAL_MALICIOUS] = "queues stopped, their drivers taken for malicious",
	[JOURNAL_PACKET] = "packets lost within the NIC",
	[JOURNAL_UNREAD] = "answers that a VF's driver left no room for",
};

void journal_note(struct journal *journal, const char *who, const char *where, bool write,
		  uint64_t offset, uint32_t len, const void *data)
{
	struct journal_entry *entry = &journal->entry[journal->count++ % JOURNAL_ENTRIES];
	uint8_t bytes[8] = {0};

	memcpy(bytes, data, MIN(len, sizeof(bytes)));
	*entry = (struct journal_entry){.time_ps = sim_now(journal->part.sim),
					.offset = offset,
					.value = le64_get(bytes),
					.who = who,
					.where = where,
					.len = len,
					.write = write};
}

static void tell_entry(const struct journal *journal, uint64_t number)
{
	const struct journal_entry *entry = &journal->entry[number % JOURNAL_ENTRIES];

	sim_log(&journal->part, LOG_WARNING, "  %12.6f ms %s %s+0x%" PRIx64 " %s 0x%0*" PRIx64,
		(double)entry->time_ps / PS_PER_MS, entry->who, entry->where, entry->offset,
		entry->write ? "<-" : "->", (int)(2 * entry->len), entry->value);
}

void journal_tell(struct journal *journal, enum journal_trouble trouble, const char *format, ...)
{
	uint64_t told = MIN(journal->count, JOURNAL_TOLD);
	char line[LINE_BYTES];
	va_list args;

	if (journal->trouble[trouble]++ >= JOURNAL_FULL)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	sim_log(&journal->part, LOG_WARNING, "at %.6f ms: %s%s",
		(double)sim_now(journal->part.sim) / PS_PER_MS, line,
		journal->trouble[trouble] == JOURNAL_FULL ? " (more of these are only counted)"
							  : "");
	for (uint64_t i = journal->count - told; i < journal->count; i++)
		tell_entry(journal, i);
}

/* ---- what the models say ---- */

static void on_event_record(struct journal *journal, const uint64_t *arg)
{
	journal_tell(journal, JOURNAL_FAULT,
		     "the SMMU records event 0x%02" PRIx64 " of stream 0x%" PRIx64, arg[0], arg[1]);
}

static void on_event_lost(struct journal *journal, const uint64_t *arg)
{
	journal_tell(journal, JOURNAL_LOST,
		     "the SMMU loses event 0x%02" PRIx64 " of stream 0x%" PRIx64
		     ": its queue is %s",
		     arg[0], arg[1], arg[3] ? "full" : "off");
}

static void on_mdd(struct journal *journal, const uint64_t *arg)
{
	journal_tell(journal, JOURNAL_MALICIOUS,
		     "VF %" PRIu64 ": transmit queue %" PRIu64
		     " is stopped, malicious-driver event %" PRIu64,
		     arg[0], arg[1], arg[2]);
}

static void on_mailbox_lost(struct journal *journal, const uint64_t *arg)
{
	journal_tell(journal, JOURNAL_UNREAD,
		     "VF %" PRIu64 ": no room for the answer to virtchnl"
		     " operation %" PRIu64,
		     arg[0], arg[1]);
}

/* What nobody wants is filtered, and not lost. */
static void on_packet_dropped(struct journal *journal, const uint64_t *arg)
{
	if (arg[3] == PACKET_DROP_NO_FILTER)
		return;
	journal_tell(journal, JOURNAL_PACKET, "a packet of %" PRIu64 " bytes is lost: %s", arg[2],
		     packet_drop_name(arg[3]));
}

static const struct {
	enum trace_kind kind;
	void (*tell)(struct journal *journal, const uint64_t *arg);
} heard[] = {
	{TRACE_SMMU_EVENT, on_event_record},
	{TRACE_SMMU_EVENT_LOST, on_event_lost},
	{TRACE_MDD_EVENT, on_mdd},
	{TRACE_MAILBOX_LOST, on_mailbox_lost},
	{TRACE_PACKET_DROPPED, on_packet_dropped},
};

static const enum trace_kind kinds[] = {TRACE_SMMU_EVENT,     TRACE_SMMU_EVENT_LOST,
					TRACE_MDD_EVENT,      TRACE_MAILBOX_LOST,
					TRACE_PACKET_DROPPED, TRACE_KIND_COUNT};

static void on_event(void *ctx, const struct trace_event *event)
{
	for (size_t i = 0; i < ARRAY_LEN(heard); i++)
		if (heard[i].kind == event->kind)
			heard[i].tell(ctx, event->arg);
}

void journal_init(struct journal *journal, struct sim *sim)
{
	*journal = (struct journal){
		.part = {sim, "guest", 0},
		.listener = {.ctx = journal, .kind = kinds, .event = on_event},
	};
}

void journal_conclude(const struct journal *journal, struct run_result *result)
{
	result_note(result, "served: %" PRIu64 " accesses to registers and configuration space",
		    journal->count);
	if (journal->unheard)
		result_note(result, "%" PRIu64 " interrupts that no client waited for",
			    journal->unheard);
	for (uint32_t i = 0; i < JOURNAL_TROUBLES; i++)
		if (journal->trouble[i])
			result_note(result, "%" PRIu64 " %s", journal->trouble[i],
				    trouble_names[i]);
}
