/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_NIC_INTERNAL_H
#define VFSIM_MODEL_NIC_NIC_INTERNAL_H

/* What the NIC's blocks know of each other. */

#include "model/nic/dma.h"
#include "model/nic/firmware_block.h"
#include "model/nic/flow_director.h"
#include "model/nic/flow_program.h"
#include "model/nic/offload.h"
#include "model/nic/pause.h"
#include "model/nic/port_out.h"
#include "model/nic/rss.h"
#include "model/nic/rx_descriptor.h"
#include "model/nic/tx_schedule.h"
#include "model/nic/vlan.h"

/* --- DMA engine (dma.c) --- */

struct dma_tag {
	struct tlp tlp;
	struct dma_job *job;
	bool fenced; /* a fence waits for it */
	struct dma_tag *next_free;
};

struct dma_engine {
	struct sim_part part;
	uint64_t issue_ps;
	struct dma_job *job;
	uint32_t jobs, jobs_touched, jobs_in_use;
	struct dma_job *free_job;
	struct dma_tag *tag;
	uint32_t tags, tags_in_use;
	struct dma_tag *free_tag;
	struct dma_job *first, *last; /* waiting to be issued */
	uint64_t next_issue_ps;
	struct event issue_event;
	bool issuing;
	/* A function has no job left. */
	void (*idle)(void *ctx, struct dma_function *function);
	/* What a fence of a function waited for has landed. */
	void (*landed)(void *ctx, struct dma_function *function);
	void *idle_ctx;
};

int dma_engine_init(struct dma_engine *engine, const struct sim_part *part, uint32_t tags,
		    uint32_t jobs, uint64_t issue_ps);
void dma_engine_fini(struct dma_engine *engine);

/* --- Interrupt vectors (interrupt.c) --- */

struct nic_vector {
	struct nic_vf *vf;
	uint32_t index;
	bool enabled;   /* INTENA */
	bool pending;   /* a cause waits */
	bool wb_on_itr; /* at the interval's end, write back although disabled */
	uint8_t itr_shown;
	uint16_t itr[3];
	uint64_t fired_ps; /* when it last fired; the intervals count from there */
	uint64_t due_ps;   /* when the waiting causes may fire */
	bool has_fired;
	struct event timer;
};

void vector_init(struct nic_vector *vector, struct nic_vf *vf, uint32_t index);
void vector_reset(struct nic_vector *vector);
void vector_cause(struct nic_vector *vector, uint32_t itr_index);
/* May it fire now? */
bool vector_ready(const struct nic_vector *vector, uint32_t itr_index);
/* It has fired by other means than the timer (a planted fault). */
void vector_fired(struct nic_vector *vector);
/* After a stop ended: fire what waits. */
void vector_resume(struct nic_vector *vector);

/* --- Queues (queue.c: what both kinds share; queue_tx.c, queue_rx.c) --- */

#define QUEUE_CACHE      64u                       /* descriptors fetched ahead */
#define QUEUE_FETCH      8u                        /* descriptors in one read */
#define TX_SLOTS         32u                       /* packets of a queue being read */
#define TX_MAX_DESCS     18u                       /* room for those of one packet */
#define TX_MAX_TSO_DESCS 48u                       /* of one that is cut */
#define TX_MAX_SEGMENTS  256u                      /* that it is cut into */
#define TX_JOBS          (TX_SLOTS * TX_MAX_DESCS) /* reads of a queue in flight */
#define RX_FIFO          256u /* packets that wait for descriptors of a queue */
#define RX_PAUSE         32u  /* with more of them the port's neighbour is paused, if it can be */
#define RX_JOBS          256u /* writes of a queue in flight before it begins no more */
#define RX_STATUSES      4u   /* that wait for descriptors of a queue */
#define WB_LINE          128u

struct tx_slot {
	struct packet *packet; /* its segments, by next_segment; NULL: lost, only written back */
	uint64_t eop[2];
	struct tx_offload offload;
	uint16_t segments;
	uint16_t parts; /* reads in flight */
	uint16_t eop_index;
	bool programs; /* it is the packet of its queue's `program` */
	bool failed;
};

/* That a filter could not be programmed: RXP1_* (flow_descriptor_format.h). */
struct rx_program_status {
	uint32_t fd_id;
	uint64_t error;
};

/* What each packet touches comes first, and what is long last: many VFs share the host's caches. */
struct nic_queue {
	struct nic_vf *vf;
	uint32_t index;
	bool rx;
	bool fetching;
	bool draining;                    /* disabled, DMA left */
	struct nic_queue_context context; /* head: next descriptor to use */
	uint32_t desc_bytes;
	uint32_t cache_first, cache_count;
	uint32_t jobs;               /* DMA jobs in flight */
	uint32_t wb_first, wb_count; /* Descriptors done, gathered into one write. */
	uint32_t wb_packets;
	/* Tx */
	uint32_t slot_first, slot_count;
	uint32_t waits_for_packets; /* how many it needs to go on; 0: it does not wait */
	struct nic_queue *next_waiting;
	uint64_t rate_next_ps; /* when its rate lets it begin a packet */
	/* Rx */
	const struct rx_format *rx_format;
	uint32_t fifo_first, fifo_count;
	uint8_t full_classes; /* whose frames are too many here, a bit each (pause.h) */
	uint8_t statuses;     /* news that wait for descriptors */

	struct event wb_timer;
	uint8_t wb_line[WB_LINE];
	struct packet *wb_packet[DMA_HELD]; /* Rx: whose last descriptors these are */
	/* Descriptors from head on that were fetched. */
	uint64_t cache[QUEUE_CACHE][2];
	struct tx_slot slot[TX_SLOTS];
	struct packet *fifo[RX_FIFO];
	struct event rate_timer;
	struct rx_program_status status[RX_STATUSES];
	struct flow_program program; /* Tx: of the one packet of those begun that has some */
};

void queue_init(struct nic_queue *queue, struct nic_vf *vf, bool rx, uint32_t index);
void queue_reset(struct nic_queue *queue);
/* Give up what was fetched but not used, and packets that wait: stop or disable. */
void queue_quiesce(struct nic_queue *queue, enum packet_drop cause);
void queue_run(struct nic_queue *queue);
bool queue_is_drained(const struct nic_queue *queue);
bool queue_may_run(const struct nic_queue *queue);
/* Tell the firmware when a disabled queue has no DMA left. */
void queue_check_drained(struct nic_queue *queue);

/* Fetch more descriptors if there is room and software has filled some. */
void queue_fetch(struct nic_queue *queue);
uint32_t queue_posted(const struct nic_queue *queue);
/* Take the oldest cached descriptor: its words. Moves head. */
const uint64_t *queue_take(struct nic_queue *queue);

/* Descriptor `index` is done; `words` of desc_bytes; `packet` (may be NULL) has arrived by it. */
void queue_write_back(struct nic_queue *queue, uint32_t index, const uint64_t *words,
		      struct packet *packet);
void queue_flush(struct nic_queue *queue);
/* A planted fault: the interrupt that announces what is to be flushed goes before it. */
void queue_raise_first(struct nic_queue *queue);
void queue_cause(struct nic_queue *queue);
/* A job in the queue's address space, counted as the queue's until queue_job_done. */
struct dma_job *queue_job_get(struct nic_queue *queue, enum dma_kind kind);
/* A job of the queue ended; false if it was from before a reset. */
bool queue_job_done(struct nic_queue *queue, const struct dma_job *job);

/* The hardware disables the queue: software sets it up anew. */
void queue_stop(struct nic_queue *queue, enum packet_drop cause);
/* malicious.c: the Tx queue's driver has broken a rule: it stops, and the PF is told. */
void queue_malicious(struct nic_queue *queue, enum mdd_event event);

/* queue_rate.c: must a transmit queue wait to begin a packet? Then it is run when it may. */
bool queue_rate_waits(struct nic_queue *queue);
/* A packet of `len_bytes`, all segments together, has begun. */
void queue_rate_sent(struct nic_queue *queue, uint64_t len_bytes);
void queue_rate_init(struct nic_queue *queue);
void queue_rate_reset(struct nic_queue *queue);

void queue_tx_run(struct nic_queue *queue);
void queue_tx_quiesce(struct nic_queue *queue);
/* It ends before it had the packets it waits for. */
void queue_tx_leave_line(struct nic_queue *queue);
void queue_rx_run(struct nic_queue *queue);
/* Descriptors that the packet at the queue's front lacks. */
uint32_t queue_rx_missing(const struct nic_queue *queue);
/* Takes over the reference. */
void queue_rx_packet(struct nic_queue *queue, struct packet *packet);
void queue_rx_quiesce(struct nic_queue *queue, enum packet_drop cause);
/* Tell the driver that a filter was not programmed, if it has posted a descriptor for that, and the
 * queue's format knows such news. */
void queue_rx_status(struct nic_queue *queue, uint32_t fd_id, uint64_t error);

/* --- Admin queue and mailbox (admin_queue.c, mailbox.c) --- */

enum aq_send_state { AQ_IDLE, AQ_FETCH, AQ_BUFFER, AQ_FIRMWARE, AQ_WRITE_BACK };

struct mailbox_post {
	struct aq_desc desc;
	uint32_t len_bytes;
	uint8_t *data; /* post_bytes of its queue */
};

struct admin_queue {
	struct nic *nic;
	uint32_t function; /* VF index or NIC_PF */
	struct dma_function *dma;
	struct regs *regs;
	struct admin_queue_rows rows;
	/* A descriptor is being written back: cause the owner's vector 0. */
	void (*interrupt)(void *ctx);
	void *ctx;
	bool stopped;
	/* Send queue. */
	enum aq_send_state send;
	bool send_off; /* the ring was turned off since the descriptor was taken: it is not ours */
	struct aq_desc desc;
	uint8_t *buffer;
	uint32_t capacity, len_bytes;
	bool queued; /* on the mailbox's line */
	/* The VF is reset when what was posted to it is told, and its descriptor is written back.
	 */
	bool reset_follows;
	bool reset_waits; /* for that descriptor, too */
	struct admin_queue *next;
	/* Receive queue. */
	bool receiving;
	bool receive_off;  /* as send_off */
	uint8_t *received; /* AQ_BUFFER_BYTES: a long message on its way */
	struct mailbox_post post[MAILBOX_POSTS];
	uint32_t post_bytes; /* what is kept of each message */
	uint8_t *post_data;
	uint32_t post_first, post_count;
};

int admin_queue_init(struct admin_queue *aq, struct nic *nic, uint32_t function,
		     struct dma_function *dma, struct regs *regs,
		     const struct admin_queue_rows *rows);
void admin_queue_fini(struct admin_queue *aq);
void admin_queue_reset(struct admin_queue *aq);
bool admin_queue_idle(const struct admin_queue *aq);
struct nic_mailbox_ring admin_queue_ring(const struct admin_queue *aq, bool receive);
void admin_queue_receive(struct admin_queue *aq);
void admin_queue_complete(struct admin_queue *aq, const struct aq_desc *desc, uint32_t len_bytes);
int admin_queue_post(struct admin_queue *aq, const struct aq_desc *desc, const void *data,
		     uint32_t len_bytes);

struct mailbox {
	struct admin_queue *first, *last; /* messages whose doorbell rang */
	uint32_t waiting;
};

/* The send queue holds a message for the firmware: ring. */
void mailbox_ring(struct nic *nic, struct admin_queue *aq);
void mailbox_forget(struct nic *nic, struct admin_queue *aq);

/* --- Switch (switch.c) --- */

#define FILTER_SLOTS 16384u

/* A planted fault does not hit a run's first packets. */
#define FAULT_FROM_PACKET 100u

struct nic_switch {
	/* Hash table, open addressing: MAC in bits 47:0, 1 + VF above; 0 = free. */
	uint64_t filter[FILTER_SLOTS];
	uint64_t promisc_unicast[NIC_MAX_VFS / 64];
	uint64_t promisc_multicast[NIC_MAX_VFS / 64];
	uint64_t tagged; /* tagged packets handed to VFs: when planted faults fire */
};

/* 0 unicast, 1 multicast, 2 broadcast. */
uint32_t packet_cast(const struct packet *packet);

/* A packet from VF `packet->source_vf`, read whole. Takes over the reference. */
void switch_from_vf(struct nic *nic, struct packet *packet);

/* A packet from the wire. Takes over the reference. */
void switch_from_wire(struct nic *nic, struct packet *packet);

/* vlan.c: does the VF receive the packet's VLAN? */
bool vlan_admits(const struct nic_vf *vf, const struct packet *packet);

/* vlan.c: what the VF sends gets the tag of its port VLAN. False: it cannot, having one, or no
 * room. */
bool vlan_take_port(const struct nic_vf *vf, struct packet *packet);

/* vlan.c: is the packet's VLAN one of the VF's, or none? */
bool vlan_is_own(const struct nic_vf *vf, const struct packet *packet);

/* flow_director.c: the rule that decides about a packet for the VF; NULL: none. */
const struct flow_rule *flow_director_find(const struct nic_vf *vf, const struct packet *packet);
/* Add the rule, or have it in the place of the one with its pattern. -ENOSPC. */
int flow_director_put(struct nic_vf *vf, struct flow_rule *rule);
/* The one with this rule's pattern. -ENOENT. */
int flow_director_remove(struct nic_vf *vf, const struct flow_rule *rule);

/* In the VF's statistics: also what it then has no room for (DPDK, iavf_dev_stats_get). */
void nic_vf_count_received(struct nic_vf *vf, const struct packet *packet);
/* Count and trace a lost packet, and put it. */
void nic_drop(struct nic *nic, struct nic_vf *vf, struct packet *packet, enum packet_drop cause);

/* A reset has overtaken a packet's descriptor: nobody knows whether its driver hears of it. Puts.
 */
void nic_abandon(struct nic *nic, struct packet *packet);

/* --- The NIC and its VFs --- */

/* Long tables last, as in struct nic_queue. */
struct nic_vf {
	struct nic *nic;
	uint32_t index;
	uint32_t stopped;   /* NIC_STOP_* */
	bool resetting;     /* until the last DMA from before the reset is done */
	bool drain_pending; /* somebody waits for the VF to be drained */
	uint32_t filters, vlans, flows;
	uint32_t tx_turn; /* the queue that is served first */
	struct nic_vlan_offload vlan_offload;
	struct nic_vf_policy policy;
	uint64_t tx_max_ps, tx_min_ps; /* when a packet is due at the policy's rates */
	struct nic_queue *tx, *rx;     /* queue_pairs of each */
	struct nic_vector *vector;
	struct nic_vf_stats stats; /* as its driver reads them */
	struct nic_vf_counters counters;
	struct dma_function dma;
	const struct nic_vf_ops *ops;
	void *ctx;
	struct regs *regs;
	struct dma_log log;
	uint64_t mdd_events; /* the PF's count: it stays with the device */
	struct event drain_poll;
	uint8_t mac[NIC_FILTERS_PER_VF][6];
	struct rss rss;
	uint64_t vlan[VLAN_IDS / 64];
	struct admin_queue aq;
	struct flow_rule flow[FLOW_RULES_PER_VF]; /* the oldest first */
};

struct nic {
	struct nic_cfg cfg;
	struct nic_env env;
	struct dma_engine dma;
	struct packet_pool *pool;
	struct nic_vf *vf;
	struct nic_queue *queues;
	struct nic_vector *vectors;
	struct nic_switch *sw;
	struct tx_schedule tx_schedule;
	struct pause pause;
	struct port_out port_out;
	struct mailbox mailbox;
	/* PF */
	struct dma_function pf_dma;
	struct regs pf_regs;
	struct admin_queue pf_aq;
	const struct nic_firmware_ops *firmware;
	void *firmware_ctx;
	struct frame_port wire;
	bool link_down;
	struct nic_counters counters;
	/* Tx queues without a packet, and the one whose turn it is: nobody else takes any. */
	struct nic_queue *waiting_first, *waiting_last, *waiting_served;
	struct event packet_freed;
};

/* Hardware may start something for this VF. */
static inline bool nic_vf_runs(const struct nic_vf *vf)
{
	return !vf->stopped && !vf->resetting;
}

/* Look whether a VF that stops or resets has drained, and tell who waits. */
void nic_vf_check_drained(struct nic_vf *vf);

/* PF registers and admin queue (pf.c). */
int nic_pf_init(struct nic *nic);
void nic_pf_fini(struct nic *nic);
/* `queue` is counted over all VFs. */
void nic_pf_mdd(struct nic *nic, uint32_t vf, uint32_t queue, enum mdd_event event);

/* What PCIe asks of a VF (vf_block.c). */
extern const struct pcie_function_ops nic_vf_pcie_ops;
void nic_vf_init(struct nic_vf *vf, struct nic *nic, uint32_t index);
void nic_vf_fini(struct nic_vf *vf);

#endif
