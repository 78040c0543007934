/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_REPLAY_PLAYER_H
#define VFSIM_SYSTEM_REPLAY_PLAYER_H

/*
 * A player performs the lines of one recorded program on a process of the
 * simulated kernel, lets the recorded device do what the recording says it did,
 * and compares. It stops at the first difference.
 */

#include "model/nic/recorded.h"
#include "traces/compare.h"
#include "uapi/uapi.h"

#ifdef __cplusplus
extern "C" {
#endif

struct player;

/* The bytes of a migration stream, which recordings do not keep. */
struct player_stream {
	uint8_t *bytes; /* of the heap */
	uint64_t len;
	uint64_t capacity;
};

/* Append; false without memory. */
bool player_stream_append(struct player_stream *stream, const uint8_t *bytes, uint64_t len);

struct player_env {
	struct sim_part part;
	struct uapi_process *process;
	struct recorded_device *device;
	uint32_t vf;
	const struct trace_acceptor *acceptor; /* NULL: nothing is accepted */
	const struct player_stream *writes;    /* what the program writes as a migration stream */
	struct player_stream *reads; /* where what it reads of its last one is kept; NULL */
};

struct player_counts {
	uint64_t calls;
	uint64_t dma;
	uint64_t interrupts;
};

/* NULL without memory. */
struct player *player_create(const struct player_env *env);
void player_destroy(struct player *player);

/*
 * Perform one line; false at a difference, which player_difference tells as
 * "CALL: FIELD: recorded …, here …".
 */
bool player_perform(struct player *player, struct actor *self, const struct trace_line *line);
const char *player_difference(const struct player *player);

/* Is this a line that a player can perform? What it cannot is refused before anything runs. */
bool player_can_perform(const struct trace_line *line);
struct player_counts player_counts(const struct player *player);

#ifdef __cplusplus
}
#endif
#endif
