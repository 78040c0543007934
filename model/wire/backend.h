/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_WIRE_BACKEND_H
#define VFSIM_MODEL_WIRE_BACKEND_H

/*
 * What is at the far end of a port's wire when that is no other simulated NIC:
 *
 *   NIC's port <- wire (wire.h: rate, latency, loss, reordering) -> back-end
 *
 * A back-end takes frames, and sends some. Each kind is a file of its own:
 * sink.h, generator.h, loop.h, responder.h, frame_player.h; what touches the host
 * (a TAP device) is at the edge, system/wire/. The struct is the first member of
 * a kind's own.
 */

#include "model/nic/packet.h"

#ifdef __cplusplus
extern "C" {
#endif

struct wire_backend;

struct wire_backend_ops {
	const char *name;
	/* A frame has come out of the wire, whole, now. Takes over the reference. */
	void (*transmit)(struct wire_backend *backend, struct packet *packet);
	/* When it sends next without being sent anything; TIME_NEVER: not. NULL: never. */
	uint64_t (*when)(const struct wire_backend *backend);
	/* From now on it begins nothing by itself; answers still go out. NULL: it never does. */
	void (*stop)(struct wire_backend *backend);
	/*
	 * For one that is not of the simulated world: let in what comes from outside, waiting for
	 * it at most `wait_ps` by the host's clock. NULL: simulated time is all that it knows.
	 */
	void (*outside)(struct wire_backend *backend, uint64_t wait_ps);
	/* What to poll for that, by the host's file descriptor. With `outside`. */
	int (*outside_fd)(const struct wire_backend *backend);
	void (*destroy)(struct wire_backend *backend);
};

/* Frames and their bytes without FCS, as the back-end sees them. */
struct wire_backend_counters {
	uint64_t frames_in, bytes_in;   /* out of the wire */
	uint64_t frames_out, bytes_out; /* into the wire */
	uint64_t ignored;               /* of those that came: nobody here wants them */
	uint64_t starved;               /* not sent, or later than due: no packet was free */
};

struct wire_backend {
	const struct wire_backend_ops *ops;
	struct sim_part part;
	struct frame_port to; /* the wire */
	struct wire_backend_counters counters;
	bool closed; /* nothing comes in from outside any more */
};

/* The receiver of what it sends: the wire's end (wire_port). Before the first frame. */
void wire_backend_attach(struct wire_backend *backend, const struct frame_port *to);
/* What the wire's end delivers to. */
struct frame_port wire_backend_port(struct wire_backend *backend);

uint64_t wire_backend_when(const struct wire_backend *backend);
void wire_backend_stop(struct wire_backend *backend);
/* For one that has an outside: from now on nothing comes in. */
void wire_backend_close(struct wire_backend *backend);
/* NULL is fine. */
void wire_backend_destroy(struct wire_backend *backend);

/* For the kinds. Into the wire: takes over the reference. */
void wire_backend_send(struct wire_backend *backend, struct packet *packet);
void wire_backend_send_after(struct wire_backend *backend, struct packet *packet,
			     uint64_t delay_ps);
/*
 * Others may still read a frame that came: a copy of it out of `pool`, to be changed and sent.
 * NULL: none is free, which is counted, and the frame is lost; else it stays the caller's.
 */
struct packet *wire_backend_copy(struct wire_backend *backend, struct packet_pool *pool,
				 struct packet *packet);
/* Nobody wants it: count it, say so in the trace, put it. */
void wire_backend_ignore(struct wire_backend *backend, struct packet *packet);

#ifdef __cplusplus
}
#endif
#endif
