/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_ORACLE_H
#define VFSIM_SYSTEM_ORACLE_H

/*
 * The oracle: judges a run from its trace events alone (and, for what a
 * migration must have brought over, from a look at memory and VF state at the
 * switchover). It knows nothing of models nor of planted faults.
 *
 * One check is a row of oracle_checks and a file of this folder.
 */

#include "base/trace.h"
#include "model/nic/frame_format.h"
#include "system/oracle/checks.h"

#ifdef __cplusplus
extern "C" {
#endif

struct oracle;

enum oracle_verdict { ORACLE_PASS, ORACLE_FAIL, ORACLE_NOT_APPLICABLE };

extern const char *const oracle_verdict_names[];

struct oracle_finding {
	enum oracle_verdict verdict;
	uint64_t count;   /* violations */
	char detail[200]; /* what was looked at, or the first violation */
};

struct oracle_check_info {
	const char *name;
	const char *what;
};

extern const struct oracle_check_info oracle_checks[CHECK_COUNT];

struct oracle_cfg {
	uint32_t allowed_loss; /* bit per enum packet_drop */
	/* The kernel is not ours: nothing tells what is mapped, nor which interrupts are whose. */
	bool foreign_kernel;
};

/* NULL without memory. */
struct oracle *oracle_create(const struct oracle_cfg *cfg);
void oracle_destroy(struct oracle *oracle);

/* Every trace event, in order. Borrowed for the call. */
void oracle_event(struct oracle *oracle, const struct trace_event *event);

/*
 * A migration's switchover, source and destination stopped: first each guest
 * page that differs, then this with what was compared. `source_host`'s tracked
 * tables must have nothing pending any more.
 */
void oracle_page_differs(struct oracle *oracle, uint32_t source_host, uint64_t gpa);
void oracle_memory_compared(struct oracle *oracle, uint32_t source_host, uint64_t pages);

/* VF state at the switchover: `difference` NULL for equal, else what differs. */
void oracle_vf_state_compared(struct oracle *oracle, const char *difference);

/*
 * The end of a run, when nothing is under way: two sums of parts' counters that must be equal;
 * `what` says which ("source.nic VF 3: given = received + refused").
 */
void oracle_counters_compared(struct oracle *oracle, const char *what, uint64_t one,
			      uint64_t other);

/* No more events: leftovers become violations. Once. */
void oracle_finish(struct oracle *oracle);

/* After oracle_finish. */
const struct oracle_finding *oracle_finding(const struct oracle *oracle,
					    enum oracle_check_id check);

/* Packets so far. */
struct oracle_packets {
	uint64_t sent, received;
	uint64_t lost[PACKET_DROP_COUNT]; /* by cause */
	uint64_t duplicated, reordered, damaged;
};
const struct oracle_packets *oracle_packet_counts(const struct oracle *oracle);

/* Those of one flow so far. */
struct oracle_flow {
	uint64_t sent, received, lost;
	/* When the first and the last one were taken out; bytes of all but the first. */
	uint64_t first_ps, last_ps, bytes;
};

/* Bits a second from the first one on; 0: fewer than two came. */
static inline uint64_t oracle_flow_rate(const struct oracle_flow *flow)
{
	uint64_t ns = (flow->last_ps - flow->first_ps) / 1000;

	return ns ? (uint64_t)((double)flow->bytes * 8e9 / (double)ns) : 0;
}

struct oracle_flow oracle_flow_counts(const struct oracle *oracle, uint64_t flow);

/* Pages that tracking lost, and that it reported without a device's write. */
uint64_t oracle_pages_lost(const struct oracle *oracle);
uint64_t oracle_pages_overreported(const struct oracle *oracle);

/* What one source said of pages that devices wrote, in pages of 4 KiB. */
struct oracle_tracking {
	bool relied_on;   /* a VMM decided by it; else it was measured beside */
	uint64_t bitmaps; /* 0: it was not asked */
	uint64_t reported;
	uint64_t written; /* of those reported, written since the source last spoke of them */
	uint64_t overreported;
	uint64_t lost;
};
const struct oracle_tracking *oracle_tracking(const struct oracle *oracle,
					      enum dirty_source source);

#ifdef __cplusplus
}
#endif
#endif
