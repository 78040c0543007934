/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts are compared by the periods between two enablings of a vector: what
 * the interface decides is whether an enabled vector with a cause fires before it
 * is enabled again (it disables itself when it fires), and what the message is;
 * not in which microsecond.
 */
#include <inttypes.h>

#include "base/bits.h"
#include "system/replay/driver/driver_internal.h"

#define MSIX_ENTRY_BYTES 16u

/* The vector that a register write enables; -1 for none. */
static int enabled_vector(const struct driver_line *access)
{
	bool enables = (access->value & DYN_CTL_INTENA) && !(access->value & DYN_CTL_INTENA_MSK);
	uint64_t from = access->offset - VFINT_DYN_CTLN1(0);

	if (!enables)
		return -1;
	if (access->offset == VFINT_DYN_CTL01)
		return 0;
	return access->offset >= VFINT_DYN_CTLN1(0) && from / 4 < DRIVER_VECTORS - 1
		       ? (int)(from / 4) + 1
		       : -1;
}

static void text_of(char *text, size_t size, uint64_t vector, uint64_t iova, uint64_t pa,
		    uint64_t data)
{
	snprintf(text, size, "vector %" PRIu64 " by 0x%" PRIx64 " at 0x%" PRIx64 " (0x%" PRIx64 ")",
		 vector, data, iova, pa);
}

static void compare_one(struct driver_replay *replay, const struct period *period, uint32_t i)
{
	const struct driver_line *line = i < period->recorded ? period->recorded_msi[i] : NULL;
	const struct seen_msi *msi = i < period->ours ? &period->our_msi[i] : NULL;
	char recorded[128], ours[128];

	if (line && msi && line->iova == msi->iova && line->pa == msi->pa &&
	    line->value == msi->data) {
		driver_check_walk(replay, line);
		return;
	}
	if (line)
		text_of(recorded, sizeof(recorded), line->vector, line->iova, line->pa,
			line->value);
	if (msi)
		text_of(ours, sizeof(ours), msi->vector, msi->iova, msi->pa, msi->data);
	driver_differs(replay, line ? line->number : period->line, "msi", "message",
		       line ? recorded : NULL, msi ? ours : NULL);
}

static void end_period(struct driver_replay *replay, uint32_t vector)
{
	const struct period *period = &replay->period[vector];

	for (uint32_t i = 0; i < MAX(period->recorded, period->ours); i++)
		if (!replay->failed)
			compare_one(replay, period, i);
}

void driver_interrupt_enabled(struct driver_replay *replay, const struct driver_line *access)
{
	int vector = enabled_vector(access);

	if (vector < 0)
		return;
	end_period(replay, (uint32_t)vector);
	replay->period[vector] = (struct period){.line = access->number};
}

void driver_note_msix_write(struct driver_replay *replay, const struct driver_line *access)
{
	uint64_t vector = access->offset / MSIX_ENTRY_BYTES, word = access->offset / 4 % 4;

	if (vector < DRIVER_VECTORS && word < 3 && access->len == 4)
		replay->msix[vector][word] = (uint32_t)access->value;
}

/* A message is what its vector's entry of the table says. */
static void check_entry(struct driver_replay *replay, const struct driver_line *line)
{
	const uint32_t *entry = replay->msix[line->vector];
	uint64_t address = entry[0] | (uint64_t)entry[1] << 32;
	char recorded[128], ours[128];

	if (line->iova == address && line->value == entry[2])
		return;
	text_of(recorded, sizeof(recorded), line->vector, line->iova, line->pa, line->value);
	text_of(ours, sizeof(ours), line->vector, address, line->pa, entry[2]);
	driver_differs(replay, line->number, "msi", "table entry", recorded, ours);
}

void driver_check_msi(struct driver_replay *replay, const struct driver_line *line)
{
	struct period *period;

	replay->counts.msis++;
	check_entry(replay, line);
	period = &replay->period[line->vector];
	if (period->recorded == PERIOD_MSIS)
		end_period(replay, (uint32_t)line->vector);
	if (period->recorded == PERIOD_MSIS)
		*period = (struct period){.line = line->number};
	period->recorded_msi[period->recorded++] = line;
}

/* Ours that have been delivered go to their periods. */
void driver_take_msis(struct driver_replay *replay)
{
	struct observer *seen = &replay->observer;

	for (; seen->msis.taken < seen->msis_delivered; seen->msis.taken++) {
		const struct seen_msi *msi = &seen->msis.item[seen->msis.taken];
		struct period *period = &replay->period[MIN(msi->vector, DRIVER_VECTORS - 1)];

		if (period->ours < PERIOD_MSIS)
			period->our_msi[period->ours++] = *msi;
	}
}

void driver_end_periods(struct driver_replay *replay)
{
	for (uint32_t vector = 0; vector < DRIVER_VECTORS; vector++) {
		end_period(replay, vector);
		replay->period[vector] = (struct period){0};
	}
}
