/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_HOST_IAVF_INTERNAL_H
#define VFSIM_HOST_IAVF_INTERNAL_H

/*
 * The driver's parts, after Linux drivers/net/ethernet/intel/iavf: its admin
 * queue, the virtchnl conversation, the rings, and the flows that feed them.
 */

#include "base/bits.h"
#include "base/rng.h"
#include "base/trace.h"
#include "host/guest-driver/guest_driver.h"
#include "model/nic/frame_format.h"
#include "model/nic/test_frame_format.h"
#include "pf-firmware/mailbox_format.h"
#include "pf-firmware/vlan_format.h"

#define IAVF_AQ_ENTRIES    32u
#define IAVF_MSIX_VECTORS  2u
#define IAVF_MISC_VECTOR   0u
#define IAVF_QUEUE_VECTOR  1u
#define IAVF_RX_REFILL     32u /* descriptors returned by one tail write */
#define IAVF_NAPI_BUDGET   64u
#define IAVF_POLL_PS       (10 * PS_PER_US) /* between looks at VFGEN_RSTAT */
#define IAVF_POLL_COUNT    5000u
#define IAVF_AQ_POLL_PS    (50 * PS_PER_US) /* between looks at the ARQ before interrupts work */
#define IAVF_REPLY_PS      (2 * PS_PER_S)   /* a mailbox answer that takes longer never comes */
#define IAVF_WATCHDOG_PS   (2 * PS_PER_S)
#define IAVF_RESET_POLL_PS (5 * PS_PER_MS)
#define IAVF_RESET_COUNT   500u

struct iavf_aq {
	uint64_t ring;    /* guest-physical */
	uint64_t buffers; /* IAVF_AQ_ENTRIES times AQ_BUFFER_BYTES */
	uint32_t next_to_use, next_to_clean;
};

/*
 * Buffers of so many descriptors are mapped together, when the first of them
 * goes to the device, and unmapped when it has none of them any more.
 */
#define IAVF_SEGMENT 32u

struct iavf_segment {
	uint64_t iova; /* 0: not mapped */
	uint32_t used; /* descriptors that the device has */
};

/* What the driver knows of a packet that it handed over. */
struct iavf_tx_packet {
	bool report;  /* its write-back was asked for */
	bool context; /* none: it tells of the packet behind it */
	uint32_t flow, len_bytes;
	uint64_t number;
};

struct iavf_ring {
	uint64_t ring;
	uint64_t buffers; /* entries times buffer_bytes */
	uint32_t entries, next_to_use, next_to_clean;
	uint32_t to_return; /* Rx: cleaned descriptors that the device has not got back */
	uint64_t shift;     /* what is added to a guest-physical address for the device */
	struct iavf_segment *segment;
};

struct iavf_pair {
	struct guest_driver *driver;
	uint32_t index;
	struct iavf_ring tx, rx;
	struct iavf_tx_packet *tx_packet; /* by Tx descriptor */
	uint32_t tx_since_report;
	uint32_t tx_tail; /* as the device knows it */
	struct sim_mutex tx_lock;
	bool transmitting; /* somebody is at the Tx ring */
	struct guest_pair_stats stats;
};

struct iavf_flow {
	struct guest_driver *driver;
	struct guest_flow_cfg cfg;
	struct rng rng;
	uint64_t sent;
	uint32_t sequence; /* of TCP: bytes so far */
	bool stopped;      /* no new packets */
	bool sending;      /* one is being built or handed over */
	struct actor *actor;
	struct iavf_flow *next;
};

/* Frames that are sent back, by an actor of its own: the poll does not wait for room in a ring. */
struct iavf_echo {
	struct guest_driver *driver;
	struct guest_echo_cfg cfg;
	struct iavf_flow *flow; /* each numbers what it sends back */
	struct iavf_echo_job {
		uint32_t flow, len_bytes; /* `flow` within cfg.flows */
		uint8_t to[6];
	} * job; /* a ring */
	uint32_t first, count, capacity;
	struct waitq wake;
	struct actor *actor;
	struct iavf_echo *next;
};

/* A virtchnl message out of the ARQ. */
struct iavf_message {
	uint32_t opcode;
	int32_t status;
	uint32_t len_bytes;
	uint8_t data[AQ_BUFFER_BYTES];
};

struct guest_driver {
	struct guest *guest;
	struct guest_driver_cfg cfg;
	struct actor *admin, *napi;
	char name[64];

	struct iavf_aq atq, arq;
	struct iavf_message message; /* being handled; the admin actor's */
	struct virtchnl_vf_resource resources;
	uint16_t msix_cap;
	bool misc_enabled; /* the misc vector works: answers announce themselves */

	struct iavf_pair *pair;
	uint32_t pairs;
	struct sim_mutex map_lock; /* segments */
	bool polling;              /* somebody is at all rings */

	bool link_up, rings_open, stopping, shut_down;
	bool reset_impending; /* the PF has said so, it has not been acted on */
	int error;
	bool misc_pending, napi_pending;
	struct waitq misc_irq, napi_irq, state, tx_room;
	struct iavf_flow *flows;
	struct iavf_echo *echoes;
	struct guest_driver_stats stats;
};

/* Registers of BAR 0. */
static inline uint32_t iavf_read(struct guest_driver *d, struct actor *self, uint32_t offset)
{
	return guest_mmio_read(d->guest, self, 0, offset);
}

static inline void iavf_write(struct guest_driver *d, struct actor *self, uint32_t offset,
			      uint32_t value)
{
	guest_mmio_write(d->guest, self, 0, offset, value);
}

/* Wait for posted writes by reading a register. */
static inline void iavf_flush(struct guest_driver *d, struct actor *self)
{
	iavf_read(d, self, VFGEN_RSTAT);
}

/* iavf_adminq.c */
int iavf_adminq_alloc(struct guest_driver *d);
int iavf_adminq_init(struct guest_driver *d, struct actor *self);
void iavf_adminq_shutdown(struct guest_driver *d, struct actor *self);
int iavf_adminq_send(struct guest_driver *d, struct actor *self, uint16_t opcode,
		     uint32_t virtchnl_op, const void *data, uint32_t len_bytes);
/* The ARQ's next message into d->message. False: none. */
bool iavf_adminq_receive(struct guest_driver *d, struct actor *self, bool *more);

/* The VLAN tag's bytes that a frame may have beyond the driver's mtu_bytes. */
static inline uint32_t iavf_tag_bytes(const struct guest_driver *d)
{
	return d->cfg.vlans ? VLAN_BYTES : 0;
}

static inline bool iavf_has_vlan(const struct guest_driver *d, uint32_t id)
{
	for (uint32_t i = 0; i < d->cfg.vlans; i++)
		if (d->cfg.vlan[i] == id)
			return true;
	return false;
}

/* iavf_virtchnl.c */
/* Send a request and wait for its answer, then in d->message. 0, -ETIMEDOUT, -EIO (refused). */
int iavf_request(struct guest_driver *d, struct actor *self, uint32_t opcode, const void *data,
		 uint32_t len_bytes);
uint16_t iavf_vsi(const struct guest_driver *d);
int iavf_get_resources(struct guest_driver *d, struct actor *self);
int iavf_configure_device(struct guest_driver *d, struct actor *self);
int iavf_configure_queues(struct guest_driver *d, struct actor *self);
int iavf_disable_queues(struct guest_driver *d, struct actor *self);
/* Handle the misc interrupt and what the ARQ holds. */
void iavf_admin_task(struct guest_driver *d, struct actor *self);
void iavf_misc_irq_enable(struct guest_driver *d, struct actor *self);

/* iavf_echo.c: a frame of `flow` has been received. */
void iavf_echo_frame(struct guest_driver *d, uint64_t flow, const uint8_t *frame,
		     uint32_t len_bytes);
void iavf_echoes_destroy(struct guest_driver *d);

/* iavf_rings.c */
int iavf_rings_alloc(struct guest_driver *d);
void iavf_rings_free(struct guest_driver *d);
void iavf_rings_open(struct guest_driver *d, struct actor *self);
/* Nobody uses them from now on; packets in them are given up, buffers unmapped. */
void iavf_rings_close(struct guest_driver *d, struct actor *self);
void iavf_napi(struct actor *self, void *arg);
/*
 * Put a frame into the Tx ring; waits while the ring is full. The doorbell waits
 * for iavf_tx_doorbell, which sees to all frames since the last one (xmit_more).
 */
void iavf_transmit(struct iavf_pair *p, struct actor *self, struct iavf_flow *flow,
		   uint32_t len_bytes);
void iavf_tx_doorbell(struct iavf_pair *p, struct actor *self);
/* Has the device packets whose write-back was asked for? */
bool iavf_tx_reports_due(const struct guest_driver *d);

/* iavf_spaces.c: address spaces of queue pairs, made before the device is touched. */
int iavf_spaces_open(struct guest_driver *d, struct actor *self);
void iavf_spaces_close(struct guest_driver *d, struct actor *self);
/* QUEUE_PASID: the pairs' DMA is of their address spaces from their enabling on. */
int iavf_spaces_tag(struct guest_driver *d, struct actor *self);

/* iavf_classes.c: which queue pairs are of which traffic class of the port */
int iavf_classes_map(struct guest_driver *d, struct actor *self);

/* iavf_steer.c: rules of the flow director */
int iavf_steer(struct guest_driver *d, struct actor *self);
/* A packet of `flow` has come to the pair. */
void iavf_steered(struct iavf_pair *p, uint32_t flow);

#endif
