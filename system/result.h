/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_RESULT_H
#define VFSIM_SYSTEM_RESULT_H

/*
 * What a run came to, and how it is told: as text for a person, as JSON for a
 * program.
 */

#include <jansson.h>
#include <stdio.h>

#include "model/nic/frame_format.h"
#include "system/config/config.h"
#include "system/oracle/oracle.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RESULT_ROUNDS     64
#define RESULT_SOCKETS    64
#define RESULT_NOTES      24
#define RESULT_TRIPS      16
#define RESULT_PHASES     (2 * RESULT_TRIPS + 1)
#define RESULT_MASTERS    16
#define RESULT_STATEMENTS 33 /* those of a file, and one that is not written */

struct result_socket {
	char name[64];
	uint64_t transactions;
};

struct result_check {
	struct oracle_finding finding;
	bool expected_fail; /* the scenario wants it to fail */
	bool as_expected;
};

struct result_round {
	uint64_t number, dirty_pages, bytes, begin_ps, time_ps;
};

struct result_migration {
	bool happened;
	const char *from, *to; /* hosts */
	const char *outcome;
	const char *method;
	struct result_round round[RESULT_ROUNDS];
	uint32_t rounds;
	uint64_t downtime_ps, total_ps, begin_ps;
	uint64_t memory_bytes, state_bytes;
	uint64_t pages_lost, pages_overreported;
	struct oracle_tracking tracking[DIRTY_SOURCES];
};

/* An expectation, as a sentence. */
struct result_statement {
	char text[160];
	char found[100]; /* what is the case */
	bool held;
};

struct result_phase {
	const char *name; /* "before", "during" a migration, "between" two, "after" the last */
	struct oracle_packets packets;
	uint64_t time_ps;
};

struct result_master {
	char name[64];
	uint64_t reads, writes, refused, stray, wrong;
	uint64_t moves, dirty_reads, dirty_pages, page_faults;
	uint64_t page_requests, page_groups;               /* sent */
	uint64_t page_answers, page_invalid, page_retries; /* received; success in vain */
	uint64_t kernel_answers;                           /* the others are the SMMU's own */
};

struct run_result {
	const char *kind; /* "scenario" or "replay" */
	char name[96];
	char what[200];
	bool passed;     /* every check and expectation held, and the run came to its end */
	char error[300]; /* why the run did not come to its end; empty: it did */
	bool cut;        /* it did not end in time: what its actors own is not freed */
	uint64_t seed;
	const char *engine;
	uint64_t digest;
	uint64_t sim_time_ps;
	double wall_s;   /* the caller's: nothing here reads a clock */
	uint64_t events; /* trace events */
	struct result_socket socket[RESULT_SOCKETS];
	uint32_t sockets;
	struct result_check check[CHECK_COUNT];
	struct result_migration migration; /* the last one */
	struct result_migration earlier[RESULT_TRIPS - 1];
	uint32_t earlier_count;
	struct result_statement statement[RESULT_STATEMENTS];
	uint32_t statements;
	struct oracle_packets packets;
	struct result_phase phase[RESULT_PHASES];
	uint32_t phases;
	struct result_master master[RESULT_MASTERS];
	uint32_t masters;
	char reproduce[600];          /* the command that runs this again */
	char note[RESULT_NOTES][200]; /* lines for a person: where files went, what was presented */
	uint32_t notes;
};

void result_note(struct run_result *result, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The caller owns the object. */
json_t *result_json(const struct run_result *result);

/* `cfg` NULL: no machine is described (a replay). `colour`: the output is a terminal. */
void result_print(const struct run_result *result, const struct scenario_cfg *cfg, FILE *out,
		  bool colour);

#ifdef __cplusplus
}
#endif
#endif
