/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wire/frame_player.h"

#include <stdlib.h>
#include <string.h>

#include "base/trace.h"

struct frame_player {
	struct wire_backend backend;
	struct packet_pool *pool;
	struct frame_player_frame *frame;
	uint8_t *data; /* of all frames */
	uint32_t frames, next;
	uint64_t ps_per_byte, start_ps, due_ps;
	bool stopped;
	struct event event;
};

static bool ended(const struct frame_player *player)
{
	return player->stopped || player->next == player->frames;
}

/* False: there is no packet. */
static bool send_one(struct frame_player *player)
{
	const struct frame_player_frame *frame = &player->frame[player->next];
	struct packet *packet = packet_get(player->pool);
	uint64_t flow, number;

	if (!packet) {
		player->backend.counters.starved++;
		return false;
	}
	memcpy(packet->data, frame->data, frame->kept_bytes);
	memset(packet->data + frame->kept_bytes, 0, frame->len_bytes - frame->kept_bytes);
	packet->len_bytes = frame->len_bytes;
	if (frame_tag_get(packet->data, packet->len_bytes, &flow, &number))
		trace_emit(&player->backend.part, TRACE_PACKET_SENT, flow, number,
			   packet->len_bytes);
	player->next++;
	player->due_ps += frame->len_bytes * player->ps_per_byte;
	wire_backend_send(&player->backend, packet);
	return true;
}

static void schedule(struct frame_player *player)
{
	if (ended(player))
		return;
	if (!player->ps_per_byte)
		player->due_ps = player->start_ps + player->frame[player->next].at_ps;
	calendar_schedule(&player->backend.part.sim->calendar, &player->event, player->due_ps);
}

static void player_fire(struct event *event, uint64_t now)
{
	struct frame_player *player = CONTAINER_OF(event, struct frame_player, event);

	/* Without a packet it goes on when one comes back. */
	if (!ended(player) && send_one(player))
		schedule(player);
}

static void packet_came_back(void *ctx)
{
	struct frame_player *player = ctx;

	if (!ended(player))
		sim_after(player->backend.part.sim, &player->event, 0);
}

static uint64_t player_when(const struct wire_backend *backend)
{
	const struct frame_player *player =
		CONTAINER_OF(backend, const struct frame_player, backend);

	return event_pending(&player->event) ? player->due_ps : TIME_NEVER;
}

static void player_stop(struct wire_backend *backend)
{
	struct frame_player *player = CONTAINER_OF(backend, struct frame_player, backend);

	player->stopped = true;
	calendar_cancel(&backend->part.sim->calendar, &player->event);
}

static void player_destroy(struct wire_backend *backend)
{
	struct frame_player *player = CONTAINER_OF(backend, struct frame_player, backend);

	packet_pool_destroy(player->pool);
	free(player->frame);
	free(player->data);
	free(player);
}

static const struct wire_backend_ops player_ops = {
	.name = "player",
	.transmit = wire_backend_ignore,
	.when = player_when,
	.stop = player_stop,
	.destroy = player_destroy,
};

static bool frames_valid(const struct frame_player_cfg *cfg, size_t *bytes)
{
	*bytes = 0;
	for (uint32_t i = 0; i < cfg->frames; i++) {
		const struct frame_player_frame *frame = &cfg->frame[i];

		if (!frame->len_bytes || frame->len_bytes > FRAME_MAX_BYTES ||
		    frame->kept_bytes > frame->len_bytes || (i && frame->at_ps < frame[-1].at_ps))
			return false;
		*bytes += frame->kept_bytes;
	}
	return true;
}

/* False without memory. */
static bool copy_frames_init(struct frame_player *player, const struct frame_player_cfg *cfg,
			     size_t bytes)
{
	uint8_t *to = player->data = malloc(bytes + 1);

	player->frame = calloc((size_t)cfg->frames + 1, sizeof(*player->frame));
	if (!player->frame || !to)
		return false;
	for (uint32_t i = 0; i < cfg->frames; i++) {
		player->frame[i] = cfg->frame[i];
		player->frame[i].data = to;
		memcpy(to, cfg->frame[i].data, cfg->frame[i].kept_bytes);
		to += cfg->frame[i].kept_bytes;
	}
	return true;
}

struct wire_backend *frame_player_create(const struct sim_part *part,
					 const struct frame_player_cfg *cfg)
{
	struct frame_player *player;
	size_t bytes;

	if (!frames_valid(cfg, &bytes))
		return NULL;
	player = calloc(1, sizeof(*player));
	if (!player)
		return NULL;
	player->backend = (struct wire_backend){.ops = &player_ops, .part = *part};
	player->frames = cfg->frames;
	player->ps_per_byte = cfg->ps_per_byte;
	player->pool = packet_pool_create(cfg->packets);
	event_init(&player->event, player_fire);
	if (!player->pool || !copy_frames_init(player, cfg, bytes)) {
		player_destroy(&player->backend);
		return NULL;
	}
	packet_pool_on_free(player->pool, packet_came_back, player);
	return &player->backend;
}

void frame_player_start(struct wire_backend *backend, uint64_t start_ps)
{
	struct frame_player *player = CONTAINER_OF(backend, struct frame_player, backend);

	player->start_ps = player->due_ps = start_ps;
	schedule(player);
}

uint32_t frame_player_left(const struct wire_backend *backend)
{
	const struct frame_player *player =
		CONTAINER_OF(backend, const struct frame_player, backend);

	return player->frames - player->next;
}
