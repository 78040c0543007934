/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_WIRE_CHECKER_H
#define VFSIM_MODEL_WIRE_CHECKER_H

/*
 * What became of flows of test frames, as their receiver sees it: each frame
 * names its flow and its number, and its payload follows from them
 * (model/nic/test_frame_format.h). So the checker tells, flow by flow, which are missing, came
 * twice, came late or are damaged, knowing nothing of what carried them.
 */

#include "model/nic/packet.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A frame that comes so many numbers after its time may be new or not: it is `stale`. */
#define CHECKER_WINDOW 1024u

struct checker_flow {
	uint64_t received;   /* all that named the flow */
	uint64_t damaged;    /* of these: payload, length or sums are not as built */
	uint64_t duplicated; /* had come before */
	uint64_t reordered;  /* a higher number had come before */
	uint64_t stale;      /* by more than the window: not known whether they had come before */
	uint64_t next;       /* one more than the highest number that came */
	uint64_t window[CHECKER_WINDOW / 64]; /* bit n % CHECKER_WINDOW: n has come */
};

struct checker {
	struct checker_flow *flow;
	uint32_t flows;
	uint64_t foreign; /* no test frames, or of no flow that is expected here */
};

/* Flows have numbers below `flows`. -ENOMEM. */
int checker_init(struct checker *checker, uint32_t flows);
void checker_fini(struct checker *checker);

/* Take note of a frame, VLAN tag or none. False: it is foreign. Else which, and whether intact. */
bool checker_take(struct checker *checker, const struct packet *packet, uint64_t *flow,
		  uint64_t *number, bool *intact);

/* Of numbers 0 to `sent` - 1: those that have not come. */
uint64_t checker_missing(const struct checker_flow *flow, uint64_t sent);

#ifdef __cplusplus
}
#endif
#endif
