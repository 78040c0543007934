/* SPDX-License-Identifier: Apache-2.0 */
#include "system/wire/far_end.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "model/wire/frame_player.h"
#include "model/wire/generator.h"
#include "model/wire/loop.h"
#include "model/wire/responder.h"
#include "system/config/classes.h"
#include "system/wire/tap.h"

/* Packets that a back-end has under way at once. */
#define FAR_END_PACKETS 4096u

const uint8_t far_end_mac[6] = {0x02, 0x76, 0x66, 0x73, 0x01, 0x00};

/* --- Kinds --- */

static struct wire_backend *make_sink(const struct scenario_cfg *cfg, const struct sim_part *part,
				      char error[FAR_END_ERROR])
{
	return sink_create(part, traffic_first_flow(cfg, cfg->traffic_count));
}

static struct wire_backend *make_generator(const struct scenario_cfg *cfg,
					   const struct sim_part *part, char error[FAR_END_ERROR])
{
	struct generator_cfg generator = {
		.flows = traffic_first_flow(cfg, cfg->traffic_count),
		.packets = FAR_END_PACKETS,
	};

	if (cfg->machine.wire.rate_bps)
		generator.ps_per_byte = 8 * PS_PER_S / cfg->machine.wire.rate_bps;
	return generator_create(part, &generator);
}

static struct wire_backend *make_loop(const struct scenario_cfg *cfg, const struct sim_part *part,
				      char error[FAR_END_ERROR])
{
	struct loop_cfg loop = {
		.delay_ps = cfg->machine.wire.delay_ps,
		.swap_macs = cfg->machine.wire.swap_macs,
		.packets = FAR_END_PACKETS,
	};

	return loop_create(part, &loop);
}

static struct wire_backend *make_responder(const struct scenario_cfg *cfg,
					   const struct sim_part *part, char error[FAR_END_ERROR])
{
	struct responder_cfg responder = {.delay_ps = cfg->machine.wire.delay_ps,
					  .packets = FAR_END_PACKETS};

	memcpy(responder.mac, far_end_mac, sizeof(responder.mac));
	return responder_create(part, &responder);
}

int far_end_load_capture(const struct wire_config *wire, struct capture_file *capture, char *error,
			 size_t error_size)
{
	const struct capture_want want = {
		.interface = wire->interface,
		.direction = (enum pcapng_direction)wire->direction,
		.pad_cut = wire->pad_cut,
		.min_bytes = FRAME_ETH_BYTES,
		.max_bytes = FRAME_MAX_BYTES,
	};

	return capture_file_load(capture, wire->file, &want, error, error_size);
}

static struct wire_backend *make_player(const struct scenario_cfg *cfg, const struct sim_part *part,
					char error[FAR_END_ERROR])
{
	const struct wire_config *wire = &cfg->machine.wire;
	struct frame_player_cfg player = {.packets = FAR_END_PACKETS};
	struct wire_backend *made = NULL;
	struct frame_player_frame *frame;
	struct capture_file capture;

	if (far_end_load_capture(wire, &capture, error, FAR_END_ERROR))
		return NULL;
	if (wire->replay_rate_bps)
		player.ps_per_byte = 8 * PS_PER_S / wire->replay_rate_bps;
	player.frame = frame = calloc(capture.frames, sizeof(*frame));
	player.frames = capture.frames;
	for (uint32_t i = 0; frame && i < capture.frames; i++)
		frame[i] = (struct frame_player_frame){
			.at_ps = capture.frame[i].time_ps,
			.data = capture.frame[i].data,
			.kept_bytes = capture.frame[i].kept_bytes,
			.len_bytes = capture.frame[i].len_bytes,
		};
	if (frame)
		made = frame_player_create(part, &player);
	free(frame);
	capture_file_release(&capture);
	return made;
}

static struct wire_backend *make_tap(const struct scenario_cfg *cfg, const struct sim_part *part,
				     char error[FAR_END_ERROR])
{
	return tap_create(part, cfg->machine.wire.tap, FAR_END_PACKETS, error, FAR_END_ERROR);
}

/* By enum wire_peer. NULL: nobody of ours. */
static const struct {
	struct wire_backend *(*make)(const struct scenario_cfg *cfg, const struct sim_part *part,
				     char error[FAR_END_ERROR]);
	const char *part; /* its name in the trace */
	const struct checker *(*checker)(const struct wire_backend *backend);
} kinds[] = {
	[PEER_HOST] = {NULL, NULL, NULL},
	[PEER_SINK] = {make_sink, "wire.sink", sink_checker},
	[PEER_GENERATOR] = {make_generator, "wire.generator", generator_checker},
	[PEER_LOOP] = {make_loop, "wire.loop", NULL},
	[PEER_RESPOND] = {make_responder, "wire.responder", NULL},
	[PEER_PCAP] = {make_player, "wire.player", NULL},
	[PEER_TAP] = {make_tap, "wire.tap", NULL},
};

int far_end_create(const struct scenario_cfg *cfg, struct sim *sim, struct wire_backend **far_end,
		   char error[FAR_END_ERROR])
{
	int peer = cfg->machine.wire.peer;
	struct sim_part part = {sim, kinds[peer].part, 0};

	*far_end = NULL;
	error[0] = '\0';
	if (!kinds[peer].make)
		return 0;
	*far_end = kinds[peer].make(cfg, &part, error);
	if (*far_end)
		return 0;
	if (!error[0])
		snprintf(error, FAR_END_ERROR, "no memory for `wire.peer: %s`",
			 wire_peer_names[peer]);
	return -ENOMEM;
}

/* --- Traffic --- */

void far_end_begin(struct wire_backend *far_end, uint64_t start_ps)
{
	if (far_end && far_end->part.name == kinds[PEER_PCAP].part)
		frame_player_start(far_end, start_ps);
}

uint64_t traffic_interval_ps(const struct traffic_config *traffic)
{
	uint64_t bits = 0, weights = 0;

	if (traffic->packet_rate)
		return PS_PER_S * traffic->flows / traffic->packet_rate;
	if (!traffic->rate_bps)
		return 0;
	for (uint32_t i = 0; i < traffic->sizes_count; i++) {
		const struct traffic_size *size = &traffic->sizes[i];

		bits += 4 * size->weight *
			(size->size_bytes + MAX(size->size_bytes, size->max_size_bytes));
		weights += size->weight;
	}
	if (weights)
		bits /= weights;
	else
		bits = 4 *
		       (traffic->size_bytes + MAX(traffic->size_bytes, traffic->max_size_bytes));
	return bits * traffic->flows * (PS_PER_S / 1000) / MAX(traffic->rate_bps / 1000, 1);
}

static struct generator_size size_of(uint64_t size, uint64_t max_size, uint64_t weight)
{
	return (struct generator_size){(uint32_t)size, (uint32_t)MAX(size, max_size),
				       (uint32_t)weight};
}

int far_end_send(struct wire_backend *far_end, const struct scenario_cfg *cfg, uint32_t index,
		 const uint8_t destination[6], uint64_t start_ps)
{
	const struct traffic_config *traffic = &cfg->traffic[index];
	struct generator_flow_cfg flow = {
		.flow = traffic_first_flow(cfg, index),
		.sizes = MAX(traffic->sizes_count, 1),
		.interval_ps = traffic_interval_ps(traffic),
		.share = (uint32_t)traffic->flows,
		.poisson = traffic->poisson,
		.burst = (uint32_t)traffic->burst,
		.count = traffic->count,
		.start_ps = start_ps,
		.vlan = traffic_tci(traffic),
	};
	int rc = 0;

	memcpy(flow.destination, destination, sizeof(flow.destination));
	memcpy(flow.source, far_end_mac, sizeof(flow.source));
	flow.size[0] = size_of(traffic->size_bytes, traffic->max_size_bytes, 1);
	for (uint32_t i = 0; i < traffic->sizes_count; i++)
		flow.size[i] = size_of(traffic->sizes[i].size_bytes,
				       traffic->sizes[i].max_size_bytes, traffic->sizes[i].weight);
	for (uint64_t i = 0; !rc && i < traffic->flows; i++, flow.flow++)
		rc = generator_add_flow(far_end, &flow);
	return rc;
}

/* --- Account --- */

bool far_end_account(const struct wire_backend *far_end, struct far_end_account *account)
{
	const struct checker *checker = NULL;

	for (uint32_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].checker && far_end->part.name == kinds[i].part)
			checker = kinds[i].checker(far_end);
	*account = (struct far_end_account){0};
	for (uint32_t i = 0; checker && i < checker->flows; i++) {
		const struct checker_flow *flow = &checker->flow[i];

		account->received += flow->received;
		account->damaged += flow->damaged;
		account->duplicated += flow->duplicated;
		account->reordered += flow->reordered;
		account->stale += flow->stale;
		account->missing += checker_missing(flow, flow->next);
	}
	return checker != NULL;
}
