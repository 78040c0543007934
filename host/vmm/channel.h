/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_HOST_CHANNEL_H
#define VFSIM_HOST_CHANNEL_H

/*
 * One direction of a migration connection: messages in order, at a rate, after
 * a latency, within a window. A sender waits while the window is full, and
 * until its message has been put on the wire.
 *
 * Pages travel by reference, but as they were when sent: the channel keeps
 * them in buffer frames of the sending host, shared until one side writes.
 */

#include "base/actor.h"
#include "model/memory/dram.h"
#include "model/memory/frames.h"

#ifdef __cplusplus
extern "C" {
#endif

struct channel;

struct channel_cfg {
	uint64_t bytes_per_s; /* 0: unbounded */
	uint64_t latency_ps;
	uint32_t window_pages; /* pages under way at most: the socket buffer */
};

struct channel_env {
	struct sim_part part;
	struct dram *dram; /* of the sending host; NULL: the channel carries no pages */
	struct frames *frames;
};

/* What a page costs on the wire beside its bytes; a zero page is only this. */
#define CHANNEL_PAGE_HEADER_BYTES 8u
#define CHANNEL_HEADER_BYTES      16u

struct channel_page {
	uint64_t gpa;
	uint64_t pa; /* 0: a zero page. Sending: in the guest; received: in the channel's buffer */
};

struct channel_message {
	uint32_t type; /* the user's */
	uint32_t argument;
	void *data; /* len_bytes, malloc'd; ownership travels with the message */
	uint32_t len_bytes;
	struct channel_page *page; /* malloc'd likewise */
	uint32_t pages;
};

/* NULL without memory. */
struct channel *channel_create(const struct channel_cfg *cfg, const struct channel_env *env);
/* Messages under way are dropped. */
void channel_destroy(struct channel *channel);

/*
 * Send; at most window_pages pages with content in a message. -EPIPE when the
 * channel is closed, -EMSGSIZE. The channel owns the message's memory in any case.
 */
int channel_send(struct channel *channel, struct actor *self,
		 const struct channel_message *message);
/* Wait for the next one. -EPIPE when closed and drained. Then channel_release() it. */
int channel_receive(struct channel *channel, struct actor *self, struct channel_message *message);
/* Nothing to wait for: -EAGAIN. */
int channel_try_receive(struct channel *channel, struct channel_message *message);
void channel_release(struct channel *channel, struct channel_message *message);
void channel_close(struct channel *channel);

/* Of messages and pages with their headers, since it was made. */
uint64_t channel_bytes_sent(const struct channel *channel);

#ifdef __cplusplus
}
#endif
#endif
