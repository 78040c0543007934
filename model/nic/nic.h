/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_NIC_H
#define VFSIM_MODEL_NIC_NIC_H

/*
 * The hardware of an SR-IOV NIC behind its PCIe functions: queue engines, DMA
 * engine, interrupt moderation, the switch between VFs and the wire, the
 * admin queues' transport and the mailboxes between functions and firmware.
 *
 * A NIC is whole with three parts more: its struct pcie_device (who owns
 * configuration space and BARs), one struct vf for each VF (vf/vf.h: the
 * register semantics that a VF's driver sees) and the firmware
 * (pf-firmware/firmware.h). All are created before the first event.
 */

#include "model/nic/packet.h"
#include "model/pcie/device.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NIC_MAX_VFS         256u
#define NIC_MAX_QUEUE_PAIRS 16u
#define NIC_MAX_VECTORS     17u

struct nic;

struct nic_cfg {
	uint32_t vfs;           /* TotalVFs, at most NIC_MAX_VFS */
	uint32_t queue_pairs;   /* of a VF */
	uint32_t vectors;       /* MSI-X vectors of a VF, at least queue_pairs + 1 to be useful */
	uint32_t packets;       /* packets inside the NIC at once */
	uint32_t dma_tags;      /* TLPs in flight at once */
	uint32_t link_mbps;     /* what drivers are told */
	uint64_t dma_issue_ps;  /* between two TLPs of the DMA engine */
	uint64_t switch_ps;     /* a packet through the switch to a VF of this NIC */
	uint64_t write_back_ps; /* longest wait for more descriptors to write back together */
	uint64_t log_bytes;     /* of each VF's DMA log; 0: VFs log nothing */
	uint64_t interrupt_ps;  /* a queue's cause waits that long for others to share its interrupt
				 */
	bool rx_fetch_ahead;    /* Rx descriptors are fetched before there is a packet for them */
	bool early_doorbells;   /* a Tx queue's doorbell from before it is enabled counts then */
	uint64_t drain_poll_ps; /* how often the hardware looks whether a VF is drained */
};

struct nic_env {
	struct sim_part part;
	struct pcie_device *device; /* the NIC binds its functions */
};

/* NULL without memory or for a cfg that no NIC can have. */
struct nic *nic_create(const struct nic_cfg *cfg, const struct nic_env *env);
void nic_destroy(struct nic *nic);

const struct nic_cfg *nic_config(const struct nic *nic);
const struct sim_part *nic_part(const struct nic *nic);

/* Where frames leave; without one they are dropped with PACKET_DROP_NO_FILTER. */
void nic_connect_wire(struct nic *nic, const struct frame_port *wire);

/*
 * The port's link, which is there at first. Without it frames to and from the
 * wire are lost as PACKET_DROP_LINK_DOWN; the firmware tells VFs of each change.
 */
void nic_link_set(struct nic *nic, bool up);
bool nic_link_up(const struct nic *nic);

/* Where frames arrive from the wire. */
struct frame_port nic_frame_port(struct nic *nic);

/*
 * What has passed and what was lost, over all functions. These and a VF's (struct
 * nic_vf_counters) are the device's own: no reset takes them back, no migration carries them. When
 * nothing is inside they balance: docs/nic.md, Statistics.
 */
struct nic_counters {
	uint64_t packets_sent;     /* read from a VF's buffers into the switch */
	uint64_t packets_received; /* written into a VF's buffers */
	uint64_t dropped[PACKET_DROP_COUNT];
	uint64_t port_sent, port_received; /* frames into the wire, and out of it */
	/* MAC control frames of these: pause, told to the neighbour and obeyed */
	uint64_t control_sent, control_received;
	uint64_t copies;   /* of a frame that goes to several, all but one */
	uint64_t unwanted; /* came from the wire for a group that no VF is in: filtered, not lost */
	uint64_t lost;     /* of `dropped`: in the switch, belonging to no VF */
	uint64_t abandoned; /* of `dropped`: received already, when a reset took their descriptor */
};

/* Frames of one VF. */
struct nic_vf_counters {
	uint64_t sent;     /* by its queues, to the switch */
	uint64_t taken;    /* by the switch, from its queues */
	uint64_t unsent;   /* lost before that */
	uint64_t given;    /* by the switch, for its queues */
	uint64_t received; /* written into its buffers */
	uint64_t refused;  /* lost before that */
};

/* The PF's registers, for documentation and tests. */
struct reg_table;
const struct reg_table *nic_pf_reg_table(void);

const struct nic_counters *nic_counters_get(const struct nic *nic);
const struct nic_vf_counters *nic_vf_counters_get(const struct nic *nic, uint32_t vf);

/* Tags, DMA jobs, packets and mailbox messages in use: zero when all is quiet. */
struct nic_usage {
	uint32_t dma_tags;
	uint32_t dma_jobs;
	uint32_t packets;
	uint32_t mailbox_messages;
};

struct nic_usage nic_usage_get(const struct nic *nic);

/* How full a queue is. */
struct nic_queue_levels {
	uint32_t posted;  /* descriptors that software has filled and the queue has not used */
	uint32_t packets; /* Tx: being read; Rx: waiting for descriptors */
};

struct nic_queue_levels nic_queue_levels_get(const struct nic *nic, uint32_t vf, bool rx,
					     uint32_t queue);

#ifdef __cplusplus
}
#endif
#endif
