/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_REPLAY_PLAYER_INTERNAL_H
#define VFSIM_SYSTEM_REPLAY_PLAYER_INTERNAL_H

#include "system/replay/player.h"

/* An eventfd that the recording names by number; the recording does not show its making. */
struct player_eventfd {
	struct player *player;
	int64_t recorded;
	struct player_eventfd *next;
};

/* Memory of the recorded program, at its own addresses: [first, end), sorted. */
struct player_memory {
	uint64_t first, end;
};

struct player {
	struct player_env env;
	struct trace_relation fds;
	struct trace_relation ids;
	struct player_eventfd *eventfds;
	struct player_memory *memory;
	uint32_t memories;
	uint64_t stream_at;
	struct player_counts counts;
	char difference[512];

	/* The device event under way. */
	struct waitq waiters;
	bool dma_done;
	enum tlp_status dma_status;
	int64_t signalled; /* recorded number of the eventfd that was signalled, -1 none */
};

/* Tell a difference and return false. */
bool player_differs(struct player *player, const struct trace_line *line,
		    const struct trace_difference *difference);
bool player_complains(struct player *player, const struct trace_line *line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Our descriptor for a recorded one; a number that is not open here when there is none. */
int player_fd(const struct player *player, int64_t recorded);
void player_fd_bind(struct player *player, int64_t recorded, int ours);
/* One that the recording uses without opening it: made at first sight. */
int player_eventfd(struct player *player, int64_t recorded);
int player_memfd(struct player *player, int64_t recorded, uint64_t size_bytes);
/* Let there be memory of the program at [va, va + len): what is not there yet is made. */
void player_memory(struct player *player, struct actor *self, uint64_t va, uint64_t len);

bool player_ioctl(struct player *player, struct actor *self, const struct trace_line *line,
		  const struct trace_call *call);
bool player_device(struct player *player, struct actor *self, const struct trace_line *line);

#endif
