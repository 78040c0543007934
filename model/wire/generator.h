/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_WIRE_GENERATOR_H
#define VFSIM_MODEL_WIRE_GENERATOR_H

/*
 * A tester: sends flows of test frames (model/nic/test_frame_format.h) at the
 * rates, of the sizes and in the bursts that they are told, each packet with its
 * flow and number; and is a sink for what comes back, or comes from others. Each flow
 * draws from a random stream of its own: what is sent, and when, follows from
 * the seed alone.
 */

#include "model/wire/sink.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GENERATOR_SIZES 16u

/* Frames of `min_bytes` to `max_bytes`, without FCS and VLAN tag; one of `weight` such. */
struct generator_size {
	uint32_t min_bytes, max_bytes, weight;
};

struct generator_flow_cfg {
	uint32_t flow; /* its number in trace events and frames */
	uint8_t destination[6], source[6];
	struct generator_size size[GENERATOR_SIZES];
	uint32_t sizes;
	uint64_t interval_ps; /* mean, from packet to packet; 0: as fast as the wire takes them */
	uint32_t share;       /* so many flows share the wire then; 0 means 1 */
	bool poisson;         /* exponential intervals, else constant */
	uint32_t burst;       /* packets handed over at a time; 0 means 1 */
	uint64_t count;       /* 0: until stopped */
	uint64_t start_ps;    /* not before */
	uint16_t vlan;        /* whose tag the frames have; 0: none */
};

struct generator_cfg {
	uint32_t flows;       /* numbers of flows, its own and those it receives, are below */
	uint32_t packets;     /* that it has under way at once */
	uint64_t ps_per_byte; /* of its wire, for flows without an interval: not 0 then */
};

/* NULL without memory. */
struct wire_backend *generator_create(const struct sim_part *part, const struct generator_cfg *cfg);
/* Begin a flow. -EINVAL: it has no frame, or one that none can be; -ENOSPC; -EEXIST. */
int generator_add_flow(struct wire_backend *backend, const struct generator_flow_cfg *cfg);

const struct checker *generator_checker(const struct wire_backend *backend);
/* Packets of a flow so far. */
uint64_t generator_sent(const struct wire_backend *backend, uint32_t flow);

#ifdef __cplusplus
}
#endif
#endif
