/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translations: the tables that the recorded SMMU read, which looked anew each
 * time, against those that ours read when it last had to. An invalidation that is
 * missing, or a TLB that keeps too much, shows as an old descriptor.
 */
#include <inttypes.h>

#include "base/bits.h"
#include "system/replay/driver/driver_internal.h"

static void differ(struct driver_replay *replay, const struct driver_line *line, const char *field,
		   uint64_t recorded, uint64_t ours)
{
	char there[32], here[32];

	snprintf(there, sizeof(there), "0x%" PRIx64, recorded);
	snprintf(here, sizeof(here), "0x%" PRIx64, ours);
	driver_differs(replay, line->number, "walk", field, there, here);
}

static void check_configuration(struct driver_replay *replay, const struct driver_line *line)
{
	const struct observer *seen = &replay->observer;
	const struct driver_walk *walk = &line->walk;
	const struct {
		const char *field;
		uint64_t recorded, ours;
	} rows[] = {
		{"l1std address", walk->l1std_pa, walk->two_level ? seen->l1std_pa : 0},
		{"l1std", walk->l1std, walk->two_level ? seen->l1std : 0},
		{"ste address", walk->ste_pa, seen->ste_pa},
		/* A stream that is not translated has none. */
		{"cd address", walk->cd_pa, walk->cd_pa ? seen->cd_pa : 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].recorded != rows[i].ours)
			differ(replay, line, rows[i].field, rows[i].recorded, rows[i].ours);
}

static void check_levels(struct driver_replay *replay, const struct driver_line *line,
			 const struct seen_walk *seen)
{
	static const char *const fields[] = {"level", "descriptor address", "descriptor"};

	for (uint32_t i = 0; i < line->walk.levels; i++) {
		const struct driver_level *level = &line->walk.level[i];
		const uint64_t recorded[] = {level->level, level->pa, level->descriptor};

		for (size_t part = 0; part < ARRAY_LEN(fields); part++)
			if (recorded[part] != seen->level[i][part])
				differ(replay, line, fields[part], recorded[part],
				       seen->level[i][part]);
	}
}

void driver_check_walk(struct driver_replay *replay, const struct driver_line *line)
{
	const struct seen_walk *seen = observer_walk(&replay->observer, line->iova);

	if (!line->walk.present || replay->failed)
		return;
	replay->counts.translations++;
	check_configuration(replay, line);
	if (!line->walk.levels)
		return;
	if (!seen)
		driver_differs(replay, line->number, "walk", "tables", "read", NULL);
	else if (seen->levels != line->walk.levels)
		differ(replay, line, "levels", line->walk.levels, seen->levels);
	else
		check_levels(replay, line, seen);
}
