/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_CONFIG_NETWORK_H
#define VFSIM_SYSTEM_CONFIG_NETWORK_H

/* The network as a scenario states it: the wire at hosts' ports, and what travels. */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whose frames the wire loses and reorders. */
enum wire_troubled { TROUBLED_BOTH, TROUBLED_FROM_FIRST, TROUBLED_FROM_SECOND };

/* What is at the far end of a host's port. */
enum wire_peer {
	PEER_HOST,
	PEER_SINK,
	PEER_GENERATOR,
	PEER_LOOP,
	PEER_RESPOND,
	PEER_PCAP,
	PEER_TAP,
};

extern const char *const wire_peer_names[]; /* by enum wire_peer, NULL-terminated */

struct wire_config {
	uint64_t rate_bps, latency_ps, loss_ppm, reorder_ppm, reorder_delay_ps;
	int troubled;      /* enum wire_troubled */
	int peer;          /* enum wire_peer */
	uint64_t delay_ps; /* of what a peer sends back */
	bool swap_macs;
	/* Of a capture that is replayed. */
	char *file, *interface; /* NULL: any interface */
	int direction;          /* enum pcapng_direction; unknown: any */
	bool pad_cut;
	uint64_t replay_rate_bps; /* 0: at its own times */
	char *tap;                /* name of a network interface */
};

/*
 * The far end in one word, as command lines have it: `sink`, `loop`, `respond`, `pcap:FILE` or
 * `tap:NAME`. Writes what config_set takes for it; an entry may be empty. False: it is none of
 * these.
 */
#define WIRE_SPEC_SETS  2u
#define WIRE_SPEC_BYTES 600u
bool wire_spec_sets(const char *spec, char sets[WIRE_SPEC_SETS][WIRE_SPEC_BYTES]);

/* Who sends or receives a stream instead of a guest: what is at the wire's far end. */
#define TRAFFIC_WIRE "wire"

struct traffic_size {
	uint64_t size_bytes, max_size_bytes, weight;
};

struct traffic_config {
	char *from;
	char *to;
	uint64_t size_bytes, max_size_bytes;
	struct traffic_size *sizes; /* instead of these */
	uint32_t sizes_count;
	uint64_t rate_bps;    /* 0: as fast as the ring, or the wire, takes them */
	uint64_t packet_rate; /* a second, instead */
	bool poisson;
	uint64_t burst;
	uint64_t count; /* 0: until the scenario's traffic ends */
	uint64_t start_ps;
	uint64_t vlan;     /* 0: none */
	uint64_t priority; /* of its tag */
	bool checksum;
	uint64_t segments; /* that the NIC cuts a packet into; 1: none */
	bool spoof;
	uint64_t flows; /* each numbered by itself */
	bool echo;      /* the receiver sends each packet back */
	uint64_t pair;  /* queue pair, of both guests */
};

struct scenario_cfg;

/*
 * Flows have numbers in the order of `traffic`: those of a stream, then those that
 * send them back. The number of a stream's first one; with `index` behind the last, how many there
 * are.
 */
uint32_t traffic_first_flow(const struct scenario_cfg *cfg, uint32_t index);
/* And of the first one that sends them back. */
uint32_t traffic_first_echo(const struct scenario_cfg *cfg, uint32_t index);

static inline uint64_t traffic_max_bytes(const struct traffic_config *traffic)
{
	uint64_t most = traffic->size_bytes;

	if (traffic->max_size_bytes > most)
		most = traffic->max_size_bytes;
	for (uint32_t i = 0; i < traffic->sizes_count; i++) {
		if (traffic->sizes[i].size_bytes > most)
			most = traffic->sizes[i].size_bytes;
		if (traffic->sizes[i].max_size_bytes > most)
			most = traffic->sizes[i].max_size_bytes;
	}
	return most;
}

#ifdef __cplusplus
}
#endif
#endif
