/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_BASE_STATS_H
#define VFSIM_BASE_STATS_H

/*
 * Statistics: what the parts of a machine counted, as a flat list of (part,
 * name, value) in the order in which it was collected. Parts count in structs
 * of their own and show them; whoever reports collects them here.
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STATS_NAME 48

struct stats_row {
	char part[STATS_NAME]; /* instance: "source.smmu" */
	const char *name;      /* kept by the caller, as a literal */
	uint64_t value;
};

/* Zero-initialised is valid and empty. */
struct stats {
	struct stats_row *row;
	uint32_t count;
	uint32_t capacity;
};

/* Room for `capacity` rows in all. -ENOMEM. */
int stats_init(struct stats *stats, uint32_t capacity);
void stats_fini(struct stats *stats);

/* Append a row; `part` is copied, cut where it is too long. False when the list is full. */
bool stats_add(struct stats *stats, const char *part, const char *name, uint64_t value);

/* The value of (part, name). False: there is none. */
bool stats_find(const struct stats *stats, const char *part, const char *name, uint64_t *value);

#ifdef __cplusplus
}
#endif
#endif
