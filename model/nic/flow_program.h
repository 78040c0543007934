/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_FLOW_PROGRAM_H
#define VFSIM_MODEL_NIC_FLOW_PROGRAM_H

/*
 * A rule of the flow director by the descriptor in front of a packet
 * (flow_descriptor_format.h). The pattern are the packet's own addresses and ports, as they are in
 * packets that answer it: sources and destinations change places (Linux i40e_ethtool.c,
 * i40e_add_fdir_ethtool).
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nic_queue;
struct packet;

struct flow_program {
	uint64_t word0, word1;
	bool is_there; /* the packet has such a descriptor */
	bool only;     /* and that is all it is for: it is not sent */
};

/* May a driver of `queue_pairs` pairs ask for this? */
bool flow_program_ok(const struct flow_program *program, uint32_t queue_pairs);

/* Of a Tx queue, when the packet's bytes are here. */
void flow_program_run(struct nic_queue *queue, const struct flow_program *program,
		      const struct packet *packet);

#ifdef __cplusplus
}
#endif
#endif
