/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_FIRMWARE_BLOCK_H
#define VFSIM_MODEL_NIC_FIRMWARE_BLOCK_H

/*
 * The NIC's inside as its firmware drives it: mailboxes, queue contexts, the
 * switch's filters, reset and stop of VFs. These calls are the registers of the
 * embedded processor; none waits.
 */

#include "model/nic/class_format.h"
#include "model/nic/dma_log.h"
#include "model/nic/mailbox.h"
#include "model/nic/rss.h"
#include "model/nic/vf_block.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Interrupts of the embedded processor. */
struct nic_firmware_ops {
	void (*doorbell)(void *ctx); /* a message waits in a mailbox */
	/* A VF was reset by what is not the firmware, or by nic_vf_reset_after_posts. Of another
	 * VFR, vf_drained is all that comes. */
	void (*vf_reset)(void *ctx, uint32_t vf, enum nic_reset_cause cause);
	void (*vf_drained)(void *ctx, uint32_t vf);    /* after reset or stop: no DMA is left */
	void (*writes_landed)(void *ctx, uint32_t vf); /* those that nic_vf_fence waits for */
	void (*queue_drained)(void *ctx, uint32_t vf); /* a disabled queue has no DMA left */
	void (*link_changed)(void *ctx);               /* nic_link_up() is another now */
	/* A message that was posted to the function is on its way: there is room. May be NULL. */
	void (*posted)(void *ctx, uint32_t function);
	void (*pf_reset)(void *ctx); /* what was posted to the PF is lost. May be NULL. */
};

void nic_firmware_bind(struct nic *nic, const struct nic_firmware_ops *ops, void *ctx);

/* Queue contexts. */
struct nic_queue_context {
	uint64_t base;
	uint32_t len; /* descriptors */
	uint32_t head;
	uint32_t tail;
	uint32_t buffer_bytes; /* Rx */
	uint32_t max_packet;   /* Rx */
	uint32_t vector;       /* 0: causes no interrupt */
	uint32_t itr_index;
	uint8_t rxdid;       /* Rx: the format of what is written back, RXDID_* */
	uint32_t rate_kbps;  /* Tx: at most; 0: as fast as it can */
	uint8_t class_index; /* Tx: of the port's traffic classes (class_format.h) */
	bool enabled;
	bool timestamps; /* Rx: flexible descriptors tell when a frame has come from the wire */
	bool tagged;     /* all its DMA is of the address space `pasid`; else of the function's */
	uint32_t pasid;  /* less than 1 << nic_vf_pasid_bits() */
};

void nic_queue_context_get(struct nic *nic, uint32_t vf, bool rx, uint32_t queue,
			   struct nic_queue_context *context);
/* The queue must be disabled and drained. `enabled` is obeyed. */
void nic_queue_context_set(struct nic *nic, uint32_t vf, bool rx, uint32_t queue,
			   const struct nic_queue_context *context);
/* Which vector the queue causes (0: none), under which throttling interval. */
void nic_queue_map(struct nic *nic, uint32_t vf, bool rx, uint32_t queue, uint32_t vector,
		   uint32_t itr_index);
/* A Tx queue's peak rate from now on, in kbit/s of its frames without FCS; 0: none. */
void nic_queue_rate_set(struct nic *nic, uint32_t vf, uint32_t queue, uint32_t kbps);
/* A Tx queue's traffic class from now on, one that the port has. */
void nic_queue_class_set(struct nic *nic, uint32_t vf, uint32_t queue, uint32_t class_index);
/* Disabling drains: queue_drained follows, unless it is drained at once. */
void nic_queue_enable(struct nic *nic, uint32_t vf, bool rx, uint32_t queue, bool enable);
bool nic_queue_drained(struct nic *nic, uint32_t vf, bool rx, uint32_t queue);
/* How wide the PASIDs are that queues of the VF may have now; 0: none. */
uint32_t nic_vf_pasid_bits(const struct nic *nic, uint32_t vf);

/* Interrupt vectors, beyond their registers. */
struct nic_vector_state {
	uint32_t dyn_ctl;
	uint32_t itr[3];
	bool pending; /* a cause waits, an MSI-X that the function holds back included */
};

void nic_vector_get(struct nic *nic, uint32_t vf, uint32_t vector, struct nic_vector_state *state);
void nic_vector_set(struct nic *nic, uint32_t vf, uint32_t vector,
		    const struct nic_vector_state *state);

/* The switch. Octets of a MAC address in memory order. */
#define NIC_FILTERS_PER_VF 18u

/* -ENOSPC: the VF has NIC_FILTERS_PER_VF; -EEXIST, -ENOENT. */
int nic_filter_add(struct nic *nic, uint32_t vf, const uint8_t mac[6]);
int nic_filter_del(struct nic *nic, uint32_t vf, const uint8_t mac[6]);
void nic_filter_clear(struct nic *nic, uint32_t vf);
/* The n-th filter of the VF, false beyond the last. */
bool nic_filter_get(struct nic *nic, uint32_t vf, uint32_t n, uint8_t mac[6]);
void nic_promiscuous_set(struct nic *nic, uint32_t vf, bool unicast, bool multicast);

/*
 * VLANs that the VF receives beside untagged frames; without any it receives all
 * (model/nic/vlan.h). ID 0 is the untagged: it is neither added nor deleted.
 * -ENOSPC: the VF has NIC_VLANS_PER_VF.
 */
int nic_vlan_add(struct nic *nic, uint32_t vf, uint32_t id);
void nic_vlan_del(struct nic *nic, uint32_t vf, uint32_t id);
/* The VF's next VLAN above `id`; 4096: none. */
uint32_t nic_vlan_next(struct nic *nic, uint32_t vf, uint32_t id);

struct nic_vlan_offload {
	bool strip;  /* a received frame's tag goes into the descriptor */
	bool insert; /* a descriptor's tag goes into the frame */
};

struct nic_vlan_offload *nic_vlan_offload(struct nic *nic, uint32_t vf);
/* Neither VLANs nor offloads. */
void nic_vlan_clear(struct nic *nic, uint32_t vf);

/*
 * What the PF's driver allows a VF, whatever happens to the VF. At first no rates, and no
 * checks.
 */
struct nic_vf_policy {
	bool mac_check;        /* what it sends comes from an address that it has a filter for */
	bool vlan_check;       /* and is in one of its VLANs, or in none */
	bool flow_descriptors; /* its queues may program the flow director */
	/* Tag of the one VLAN that it is in without knowing: VLAN ID and priority; 0: none. */
	uint32_t port_vlan;
	uint32_t max_mbps; /* of what it sends; 0: no limit (tx_schedule.h) */
	uint32_t min_mbps; /* when the port is busy; 0: none */
};

void nic_vf_policy_set(struct nic *nic, uint32_t vf, const struct nic_vf_policy *policy);
const struct nic_vf_policy *nic_vf_policy_get(struct nic *nic, uint32_t vf);

/* The port's classes, valid ones. Queues of one that is not there any more are of class 0. */
void nic_classes_set(struct nic *nic, const struct nic_classes *classes);
const struct nic_classes *nic_classes_get(const struct nic *nic);

/* Which queue of the VF a packet goes to; with one queue pair nothing is hashed. */
void nic_rss_set(struct nic *nic, uint32_t vf, const struct rss *rss);

/* What the VF's counters say, and setting them (a loaded state). */
struct nic_vf_stats {
	uint64_t rx_bytes, rx_unicast, rx_multicast, rx_broadcast, rx_discards;
	uint64_t tx_bytes, tx_unicast, tx_multicast, tx_broadcast, tx_discards, tx_errors;
};

struct nic_vf_stats *nic_vf_stats_get(struct nic *nic, uint32_t vf);

/* Malicious-driver events of the VF since the device is there: no reset takes them back. */
uint64_t nic_vf_mdd_events(const struct nic *nic, uint32_t vf);

/* Is the VF there (VF Enable)? */
bool nic_vf_present(struct nic *nic, uint32_t vf);

/* Begin a VFR: what FLR does, but for configuration space. vf_drained follows. */
void nic_vf_reset(struct nic *nic, uint32_t vf);
/*
 * The same, when the acknowledgement of the VF's message (nic_mailbox_ack) is in memory, and
 * what was posted to it before, as far as the VF has descriptors for that.
 */
void nic_vf_reset_after_ack(struct nic *nic, uint32_t vf);
/*
 * The same, whatever becomes of the VF's message: only for what was posted to it is waited. Then
 * vf_reset is called, for the VF is what it was until then.
 */
void nic_vf_reset_after_posts(struct nic *nic, uint32_t vf);
/* One of these two is to come. */
bool nic_vf_reset_follows(const struct nic *nic, uint32_t vf);
void nic_vf_set_rstat(struct nic *nic, uint32_t vf, uint32_t state);

/*
 * Stop a VF: nothing new starts, what was started ends (a packet that was
 * fetched is sent, a packet that was accepted is written out), then vf_drained.
 * Doorbells are remembered, frames are dropped as PACKET_DROP_VF_STOPPED. A
 * reset takes all stops away.
 */
#define NIC_STOP_P2P     BIT(0)
#define NIC_STOP_SUSPEND BIT(1)
void nic_vf_stop(struct nic *nic, uint32_t vf, uint32_t why);
void nic_vf_go(struct nic *nic, uint32_t vf, uint32_t why);
uint32_t nic_vf_stopped(struct nic *nic, uint32_t vf);
bool nic_vf_drained(struct nic *nic, uint32_t vf);

/*
 * The log of pages that the VF's own writes hit, whatever their PASID; interrupt
 * messages are none of them. A write is in it when it leaves the device, so
 * what was taken counts only when nic_vf_fence has passed. Resets leave the log
 * alone, but the VF's going. Errors: dma_log.h.
 */
int nic_log_start(struct nic *nic, uint32_t vf, const struct dma_log_range *range, uint32_t ranges,
		  uint32_t *page_shift);
void nic_log_stop(struct nic *nic, uint32_t vf);
/* `pages` pages of the log's size from `iova` on into `bitmap`, a bit each, all clean before. */
int nic_log_take(struct nic *nic, uint32_t vf, uint64_t iova, uint32_t pages, uint8_t *bitmap);

/* Have all writes that the VF has sent so far landed? False: writes_landed follows. */
bool nic_vf_fence(struct nic *nic, uint32_t vf);

/* The VF's register file. */
struct regs *nic_vf_regs(struct nic *nic, uint32_t vf);

#ifdef __cplusplus
}
#endif
#endif
