/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing a stream table entry or a context descriptor that the SMMU may be
 * reading: it fetches words, not entries, and caches what it fetched. The steps
 * are those of Linux's arm_smmu_write_entry, so a model sees what lies between.
 */
#include "uapi/smmu-driver/smmu_driver_internal.h"

#define ENTRY_WORDS STE_WORDS

_Static_assert(STE_WORDS == CD_WORDS, "one writer serves both");

/* Write the words that differ, then invalidate the entry; nothing if none does. */
static void set_words(const struct entry_writer *writer, const uint64_t target[ENTRY_WORDS],
		      uint32_t first, uint32_t count)
{
	bool changed = false;

	for (uint32_t i = first; i < first + count; i++) {
		uint64_t pa = writer->pa + 8 * i;

		if (phys_get64(writer->driver, pa) == target[i])
			continue;
		phys_put64(writer->driver, pa, target[i]);
		changed = true;
	}
	if (changed)
		cmdq_issue_sync(writer->driver, writer->self, writer->invalidation);
}

/*
 * The present entry with the bits that the SMMU does not look at already as in
 * the target. Returns a bit for each word whose looked-at bits still differ.
 */
static uint32_t prepare(const struct entry_writer *writer, const uint64_t now[ENTRY_WORDS],
			const uint64_t target[ENTRY_WORDS], uint64_t prepared[ENTRY_WORDS])
{
	uint64_t used_now[ENTRY_WORDS] = {0}, used_then[ENTRY_WORDS] = {0};
	uint32_t differing = 0;

	writer->used(now, used_now);
	writer->used(target, used_then);
	for (uint32_t i = 0; i < ENTRY_WORDS; i++) {
		prepared[i] = (now[i] & used_now[i]) | (target[i] & ~used_now[i]);
		if ((prepared[i] & used_then[i]) != target[i])
			differing |= 1u << i;
	}
	return differing;
}

void entry_write(const struct entry_writer *writer, const uint64_t target[ENTRY_WORDS])
{
	uint64_t now[ENTRY_WORDS], prepared[ENTRY_WORDS];
	uint32_t differing;

	phys_get(writer->driver, writer->pa, now, ENTRY_WORDS);
	differing = prepare(writer, now, target, prepared);
	if (is_power_of_two(differing)) {
		/* One word decides: the rest before it unseen, the leftovers after it. */
		uint32_t critical = (uint32_t)__builtin_ctz(differing);

		prepared[critical] = now[critical];
		set_words(writer, prepared, 0, ENTRY_WORDS);
		set_words(writer, target, critical, 1);
		set_words(writer, target, 0, ENTRY_WORDS);
	} else if (differing) {
		/* Through an invalid entry: V is in word 0 of both. */
		prepared[0] = 0;
		set_words(writer, prepared, 0, 1);
		set_words(writer, target, 1, ENTRY_WORDS - 1);
		set_words(writer, target, 0, 1);
	} else {
		set_words(writer, target, 0, ENTRY_WORDS);
	}
}
