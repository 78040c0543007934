/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_ORACLE_INTERNAL_H
#define VFSIM_SYSTEM_ORACLE_INTERNAL_H

#include "system/oracle/oracle.h"
#include "system/oracle/view.h"

/*
 * A check: `state_bytes` of zeroed state, called for the kinds in `kinds`.
 * Violations go through oracle_violation; `finish` may add some and says in the
 * finding's detail what was looked at when there were none.
 */
struct oracle_check {
	size_t state_bytes;
	const enum trace_kind *kind; /* ends with TRACE_KIND_COUNT */
	void (*event)(struct oracle *oracle, void *state, const struct trace_event *event);
	void (*finish)(struct oracle *oracle, void *state, struct oracle_finding *finding);
	void (*release)(void *state);
};

extern const struct oracle_check oracle_lost_page, oracle_memory_equal, oracle_vf_state_equal,
	oracle_dma_isolation, oracle_packets, oracle_interrupts, oracle_state_machines,
	oracle_smmu_queues, oracle_master_data, oracle_page_requests, oracle_statistics,
	oracle_leaks;

/* One listener of one kind of event; `event` is NULL behind the last. */
struct oracle_listener {
	void (*event)(struct oracle *oracle, void *state, const struct trace_event *event);
	void *state;
};

#define LISTENERS_MAX 6

struct oracle {
	struct oracle_cfg cfg;
	struct view view;
	void *state[CHECK_COUNT];
	struct oracle_finding finding[CHECK_COUNT];
	struct oracle_listener listener[TRACE_KIND_COUNT][LISTENERS_MAX + 1];
	uint64_t now_ps; /* of the event at hand */
};

/* Count a violation of `check`; the first one's text is kept. */
void oracle_violation(struct oracle *oracle, enum oracle_check_id check, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* lost-page, for memory-equal: has tracking lost this page? And: the source has stopped for good.
 */
bool lost_page_has(void *state, uint32_t host, uint64_t page);
void lost_page_switchover(struct oracle *oracle, void *state, uint32_t host);
uint64_t lost_page_overreported(const void *state);
const struct oracle_tracking *lost_page_tracking(const void *state, enum dirty_source source);

#endif
