/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_MASTER_MASTER_H
#define VFSIM_MODEL_MASTER_MASTER_H

/*
 * A test master: a DMA engine that is no PCIe function and sits directly behind
 * the SMMU, as a platform device does. It reads and writes the windows of its
 * address spaces at random, checks what it reads (stamp_format.h), and may be
 * stalled. It has no registers: software only starts and stops it. It may have an
 * address translation cache.
 */

#include "base/ats.h"
#include "base/port.h"
#include "base/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

struct master;

struct master_cfg {
	uint32_t stream_id;
	uint32_t substreams;     /* 1, 2, ...: each has a window of its own; 0: no substream */
	uint64_t iova;           /* where the windows begin, in every address space */
	uint64_t window_bytes;   /* a multiple of access_bytes */
	uint32_t access_bytes;   /* 8 to 4096, a power of two */
	uint32_t outstanding;    /* accesses at once */
	uint32_t write_percent;  /* the others are reads */
	uint32_t stray_permille; /* of the accesses go beyond the window, by up to its size */
	uint64_t interval_ps;    /* mean between two accesses, exponentially distributed */
	uint64_t count;          /* accesses until it stops by itself; 0: endless */
	bool may_stall;
	bool ats;                   /* it can have addresses translated beforehand, if enabled */
	uint32_t atc_entries;       /* pages of 4 KiB whose translations it keeps, with ats */
	bool ignores_invalidations; /* it neither forgets nor answers */
	uint32_t page_requests;  /* Outstanding Page Request Capacity, with ats; 0: asks for none */
	uint64_t page_gather_ps; /* from the first page that waits to the group that asks for it */
	uint64_t page_retry_ps;  /* before a page that was not there again is asked for again */
};

struct master_env {
	struct sim_part part;
	struct bus_port dma;    /* to the SMMU */
	struct ats_agent agent; /* the same, for answers to invalidations and page requests */
};

/* NULL without memory or for a cfg that cannot be. */
struct master *master_create(const struct master_cfg *cfg, const struct master_env *env);
void master_destroy(struct master *master);

void master_start(struct master *master);
/* No new accesses; those under way end in their own time. */
void master_stop(struct master *master);
/* Nothing is under way, and nothing will be before the next start. */
bool master_idle(const struct master *master);

uint32_t master_stream(const struct master *master);
bool master_has_ats(const struct master *master);
/* Whether it uses its cache; off empties it. At first it is off. */
void master_ats_enable(struct master *master, bool on);
/*
 * Whether it asks for pages that a translation did not get, and how many requests
 * may be outstanding (Outstanding Page Request Allocation); 0: none, what waits for
 * one is refused. A Response Failure lasts until this is called. At first: 0.
 */
void master_pri_enable(struct master *master, uint32_t allocation);
/* Idle, it uses its substreams no more: a Stop Marker for each that it asked for pages of. */
void master_pri_stop(struct master *master);
/* Invalidations and page responses for its stream; without ats the former are answered too. */
struct ats_port master_ats_port(struct master *master);

struct master_stats {
	uint64_t reads, writes; /* that succeeded */
	uint64_t stray;         /* sent beyond the window */
	uint64_t refused;       /* answered BUS_FAULT or BUS_ABORT */
	uint64_t wrong;         /* reads that found another word than they must */
	uint64_t zeros;         /* reads answered by zeros: RAZ/WI, or a page nobody stamped */
	uint64_t translations;  /* asked for */
	uint64_t page_requests; /* sent */
	uint64_t page_groups;   /* of these, one answer for each */
	uint64_t page_answers;  /* to groups of its own, of any kind: */
	uint64_t page_invalid;
	uint64_t page_failures;
	uint64_t page_retries;    /* pages asked for again: the answer was success */
	uint64_t page_unexpected; /* answers to no group of its own */
	uint64_t page_markers;    /* Stop Markers sent */
};
const struct master_stats *master_stats(const struct master *master);

#ifdef __cplusplus
}
#endif
#endif
