/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_WIRE_WIRE_H
#define VFSIM_MODEL_WIRE_WIRE_H

/*
 * A point-to-point Ethernet wire between two NICs: each direction serialises
 * frames at its rate and delivers them after its latency. A frame costs its
 * bytes plus FCS, preamble and gap (24 bytes). For experiments each direction
 * may lose frames at random, and hold others back so that later ones overtake
 * them: a lost frame is traced with its cause, a held one with PACKET_HELD.
 */

#include "model/nic/packet.h"

#ifdef __cplusplus
extern "C" {
#endif

struct wire;

struct wire_cfg {
	uint64_t latency_ps;
	uint64_t ps_per_byte; /* 320 for 25 Gb/s; 0 = unbounded */
	/* Of a million frames that the NIC at this end sends: lost, and held back for
	 * `reorder_delay_ps` (in simulations without latencies, too). */
	uint32_t loss_ppm[2], reorder_ppm[2];
	uint64_t reorder_delay_ps;
};

struct wire_env {
	struct sim_part part;
};

/* NULL without memory. */
struct wire *wire_create(const struct wire_cfg *cfg, const struct wire_env *env);
void wire_destroy(struct wire *wire);

/* What is at the two ends; before the first frame. */
void wire_connect(struct wire *wire, const struct frame_port *end0, const struct frame_port *end1);

/* The port that the NIC at `end` (0 or 1) sends into. */
struct frame_port wire_port(struct wire *wire, uint32_t end);

/* What has become of the frames of one end. */
struct wire_counters {
	uint64_t taken; /* from who sends there */
	uint64_t delivered, lost;
	uint64_t in_flight; /* now */
};
const struct wire_counters *wire_counters_get(const struct wire *wire, uint32_t from);

/* Frames under way, both directions. */
uint32_t wire_in_flight(const struct wire *wire);

#ifdef __cplusplus
}
#endif
#endif
