/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_WIRE_FRAME_PLAYER_H
#define VFSIM_MODEL_WIRE_FRAME_PLAYER_H

/*
 * Sends frames that somebody has given it, each once: at their own times, or one
 * after the other at a rate. Test frames among them count as sent in the trace.
 * What comes is nobody's.
 */

#include "model/wire/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

struct frame_player_frame {
	uint64_t at_ps;      /* after the start; not before the one in front */
	const uint8_t *data; /* `kept_bytes` of them; the rest is zeros */
	uint32_t kept_bytes, len_bytes;
};

struct frame_player_cfg {
	const struct frame_player_frame *frame; /* copied, with their data */
	uint32_t frames;
	uint64_t ps_per_byte; /* instead of their times; 0: at their times */
	uint32_t packets;     /* that it has under way at once */
};

/* NULL without memory, or for a frame that none can be. */
struct wire_backend *frame_player_create(const struct sim_part *part,
					 const struct frame_player_cfg *cfg);
/* Begin, once. */
void frame_player_start(struct wire_backend *backend, uint64_t start_ps);
/* Frames that are not sent yet. */
uint32_t frame_player_left(const struct wire_backend *backend);

#ifdef __cplusplus
}
#endif
#endif
