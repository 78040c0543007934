/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_HOST_GUEST_DRIVER_H
#define VFSIM_HOST_GUEST_DRIVER_H

/*
 * A guest's driver of a VF and the traffic that it carries: the bring-up of
 * Linux' iavf, register by register and message by message, queue pairs, an
 * interrupt handler that polls the rings, and a generator of packets whose
 * every byte the receiver can check (model/nic/frame_format.h).
 *
 * Rings, buffers and mailbox lie in guest memory; a DMA address is the
 * guest-physical one, unless a virtual IOMMU or a PASID is in between. Nothing is lost silently: a
 * full Tx ring makes the generator wait.
 */

#include "host/guest-driver/guest.h"

#ifdef __cplusplus
extern "C" {
#endif

struct guest_driver;

#define GUEST_VLANS       64u
#define GUEST_QUEUE_PAIRS 16u
#define GUEST_STEERS      32u
/* Of a packet that the NIC cuts: segments, and the least frame, headers and 64 bytes. */
#define GUEST_SEGMENTS          16u
#define GUEST_SEGMENT_MIN_BYTES 118u

struct guest_driver_cfg {
	uint32_t ring_entries;      /* descriptors of each ring: multiple of 32, 64 to 4096 */
	uint32_t buffer_bytes;      /* of a packet buffer: 1024 to 16256, multiple of 128 */
	uint32_t mtu_bytes;         /* largest frame without FCS */
	uint32_t itr_ns;            /* interrupt throttling interval of the queue vector */
	uint32_t tx_report_stride;  /* every n-th packet asks for a write-back; 0 or 1: each */
	uint64_t packet_ps;         /* CPU time to build and hand over a packet */
	uint64_t poll_ps;           /* CPU time to take one packet out of the Rx ring */
	uint64_t interrupt_ps;      /* CPU time from an interrupt to its handler's work */
	uint16_t vlan[GUEST_VLANS]; /* that it receives beside what is untagged */
	uint32_t vlans;
	bool map_buffers;     /* through a virtual IOMMU, only while the device has them */
	uint32_t queue_pairs; /* that it uses; 0 means 1 */
	/* That it gives each of the port's traffic classes, one class after the other; 0: none is
	 * asked for, so all are of the first. */
	uint32_t pairs_per_class;
	/* Flows that it has the device bring to a queue pair. */
	struct guest_steer {
		uint32_t flow, pair;
	} steer[GUEST_STEERS];
	uint32_t steers;
	/*
	 * 0, or each queue pair is in an address space of its own, of which this is the first
	 * pair's PASID; all have their rings and buffers at the same addresses.
	 */
	uint32_t first_pasid;
	uint32_t hole_pasid; /* whose space lacks the buffers of what is sent; 0: none */
};

/* A stream of packets to one peer. */
struct guest_flow_cfg {
	uint32_t flow; /* its number in trace events, unique in the run */
	uint8_t destination[6];
	uint32_t min_bytes, max_bytes; /* frame without FCS and VLAN tag */
	uint64_t interval_ps;          /* mean; 0: as fast as the ring takes them */
	bool poisson;                  /* exponential intervals, else constant */
	uint64_t count;                /* 0: until stopped */
	uint64_t start_ps;             /* not before */
	uint32_t burst;                /* packets at a time, with one doorbell; 0 means 1 */
	uint16_t vlan;                 /* ID, and priority in 15:13, of its tag; 0: none */
	bool checksum;                 /* sums are left to the NIC */
	uint32_t segments;             /* packets that the NIC cuts out of one; 0 means 1 */
	bool spoof;                    /* from an address that is not the driver's */
	uint32_t pair;                 /* queue pair that sends it */
};

/* Frames of `flows` flows from `flow` on are sent back to where they came from, as flows from
 * `back` on. */
struct guest_echo_cfg {
	uint32_t flow, flows, back;
	uint16_t vlan; /* whose tag the NIC inserts; 0: none */
};

struct guest_driver_stats {
	bool running; /* brought up, link known up */
	uint8_t mac[6];
	uint64_t tx_packets, rx_packets, tx_bytes, rx_bytes;
	uint64_t rx_damaged; /* payload not as sent */
	uint64_t rx_errors;  /* descriptor said so */
	uint64_t tx_waits;   /* ring full */
	uint64_t interrupts;
	uint64_t resets; /* of the VF, noticed and recovered from */
};

/* Actors start; bring-up begins when the guest runs. NULL without memory. `guest` is borrowed. */
struct guest_driver *guest_driver_create(struct guest *guest, const struct guest_driver_cfg *cfg,
					 const char *name);
void guest_driver_destroy(struct guest_driver *driver);

/* Wait until the link is up. 0, or the error that ended the bring-up. */
int guest_driver_wait_up(struct guest_driver *driver, struct actor *self);

/*
 * Wait until the driver has recovered from a reset of the VF that comes after
 * the `seen` ones of its statistics. 0, or the error that ended it.
 */
int guest_driver_wait_reset(struct guest_driver *driver, struct actor *self, uint64_t seen);

/* Start a flow; its packets begin when the link is up. -ENOMEM, -EINVAL. */
int guest_driver_add_flow(struct guest_driver *driver, const struct guest_flow_cfg *cfg);
/* -ENOMEM. */
int guest_driver_add_echo(struct guest_driver *driver, const struct guest_echo_cfg *cfg);
/* Frames that have been received and not sent back yet. */
uint64_t guest_driver_echoes_left(const struct guest_driver *driver);
/* No new packets; then wait until those handed over have left the Tx ring. */
void guest_driver_stop_flows(struct guest_driver *driver, struct actor *self);
/* Close the interface and let go of the VF: DISABLE_QUEUES, RESET_VF. */
void guest_driver_shutdown(struct guest_driver *driver, struct actor *self);

void guest_driver_stats_get(const struct guest_driver *driver, struct guest_driver_stats *stats);

/* Of the packets of flows that are steered, those that came to the queue pair. */
struct guest_pair_stats {
	uint64_t received; /* rightly */
	uint64_t strays;   /* they belong to another pair */
};
void guest_driver_pair_stats_get(const struct guest_driver *driver, uint32_t pair,
				 struct guest_pair_stats *stats);

/* A program that only writes memory: `pages_per_s` random pages of a region, 8 bytes each. */
struct guest_dirty_cfg {
	uint64_t region_bytes;
	uint64_t pages_per_s;
	uint32_t batch; /* pages written at one wake-up; 0: 1 */
};
struct guest_dirtier;
struct guest_dirtier *guest_dirtier_create(struct guest *guest, const struct guest_dirty_cfg *cfg,
					   const char *name);
uint64_t guest_dirtier_writes(const struct guest_dirtier *dirtier);
void guest_dirtier_destroy(struct guest_dirtier *dirtier);

/* What a hostile guest does. */
enum guest_attack {
	GUEST_BAD_DESCRIPTORS, /* Tx descriptors of any content */
	GUEST_BAD_DOORBELLS,   /* beyond the ring, of queues that are not there */
	GUEST_MAILBOX_FLOOD,   /* messages and descriptors of any content, answers unread */
	GUEST_WILD_RINGS,      /* rings that lie anywhere */
	GUEST_INTERRUPT_FLOOD, /* its own, by software */
	GUEST_ATTACKS,
};

/*
 * A program that has the VF to itself once `driver` has let go of it, and attacks at random until
 * it is stopped, after each attack bringing the VF back to where the next one gets somewhere.
 */
struct guest_hostile_cfg {
	uint64_t interval_ps; /* of quiet after an attack */
	uint32_t attacks;     /* a bit for each enum guest_attack */
	uint16_t vsi;         /* of the VF */
};
struct guest_hostile;
struct guest_hostile *guest_hostile_create(struct guest *guest, struct guest_driver *driver,
					   const struct guest_hostile_cfg *cfg, const char *name);
/* How many attacks there were. */
uint64_t guest_hostile_stop(struct guest_hostile *hostile, struct actor *self);
void guest_hostile_destroy(struct guest_hostile *hostile);

#ifdef __cplusplus
}
#endif
#endif
