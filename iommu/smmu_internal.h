/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMU_SMMU_INTERNAL_H
#define VFSIM_IOMMU_SMMU_INTERNAL_H

/*
 * What the chapters of the SMMU share. A transaction is the one long-lived
 * operation: it enters at tbu.c, asks confcache.c and tlb.c, goes to strtab.c,
 * cd.c and walk.c for what they lack, to httu.c for dirty state, keeps its
 * place in order.c, and ends forwarded, answered (ats.c), as a record in evtq.c,
 * or waits for software in stall.c.
 */

#include "base/port.h"
#include "base/regs.h"
#include "base/rng.h"
#include "base/trace.h"
#include "iommu/ats_internal.h"
#include "iommu/config_internal.h"
#include "iommu/pmcg_internal.h"
#include "iommu/smmu.h"
#include "iommu/smmu_format.h"
#include "iommu/tables_internal.h"
#include "iommu/tlb_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GRANULE_SHIFT 12u
#define GRANULE_BYTES (1u << GRANULE_SHIFT)

struct transaction;

/* Transactions in a row by their `next`. */
struct txn_list {
	struct transaction *head, *tail;
};

/* The order of one stream's posted writes (order.c). */
struct stream_order {
	uint32_t stream;
	uint32_t users; /* transactions in flight */
	struct transaction *head, *tail;
	uint32_t stalled;              /* posted writes in TXN_STALLED */
	uint64_t arrived, left, ended; /* posted writes: came, forwarded, done at their target */
	struct stream_order *next;
};

enum txn_state {
	TXN_BUSY,     /* on its way through the SMMU */
	TXN_READY,    /* translated */
	TXN_LOOKED,   /* translated, if its dirty state is looked at in the instant it leaves */
	TXN_FAULTED,  /* to be terminated */
	TXN_STALLED,  /* waits for software: stall.c */
	TXN_ANSWERED, /* a translation request whose answer stands */
};

/* Where on its way a fault was met, 7.3: which stage, and for whose sake. */
struct fault_place {
	enum stage stage;
	uint8_t kind; /* EVENT1_CLASS_*; IN at stage 1 */
	uint64_t ipa; /* stage 2's input */
	bool write;   /* of a descriptor, which stage 2 does not allow: CLASS TT */
	bool unread;  /* an atomic was refused for what it reads */
};

struct fault {
	enum event_number number;
	struct fault_place place;
	bool recorded; /* an event record shall be written */
	bool raz_wi;   /* the device is told that all went well */
	bool stall;    /* it waits for software instead */
	uint64_t word[EVENT_WORDS];
};

/* An address on its way through stage 2. */
struct s2_walk {
	struct walk walk;
	struct fault_place place;
	bool write; /* the SMMU itself will write there */
	struct leaf leaf;
	uint64_t pa;
	void (*then)(struct transaction *txn);
};

#define WALK_STEPS 24u /* 4 levels, each behind 4 of stage 2, and stage 2 of the result */

struct stall_slot;

/* One request of a device, from its arrival to its completion. */
struct transaction {
	struct smmu *smmu;
	struct bus_req *asked; /* the device's */
	struct bus_req *req;   /* the same, or ats.view */
	struct event event;
	enum txn_state state;
	bool posted;
	bool write;
	bool translating; /* began with SMMUEN */
	bool counted;     /* in its epoch: a CMD_SYNC waits for it */
	uint8_t epoch;

	/* order.c */
	struct stream_order *order;
	struct transaction *next_posted;
	uint64_t after;             /* posted writes of the stream that go first */
	struct transaction *behind; /* the last of them */
	bool parked;                /* a stalled one stands before it: it starts over */
	struct transaction *held, *held_tail;
	struct transaction *next; /* free, walk queue, followers, held, event queue or unrecorded */

	/* what was found */
	uint32_t cd_index;
	struct ste_config ste;
	struct cd_config cd;
	bool privileged, instruction; /* as the STE has it */
	uint8_t stages;               /* that translate it; 0: the address passes as it is */
	bool upper;                   /* of stage 1's regions the second, TTB1's */
	uint64_t ia;                  /* of the first stage, as tables and tags have it */
	uint64_t space;               /* its TLB tags */
	struct translation found;
	struct mem_attr memory; /* what it leaves with */
	uint64_t looked_ps;
	bool missed_config, missed_tlb; /* what the caches lacked, for the counters */

	/* walk.c, stage2.c: the state that a completed fetch moves on */
	bool walking; /* has a slot */
	void (*begin_walk)(struct transaction *txn);
	struct txn_list followers; /* of a walk, or of a stall whose record stands for theirs */
	uint64_t tlb_generation, conf_generation;
	struct walk walk;             /* the first stage's */
	struct s2_walk s2;            /* that of an address which the other one needs */
	uint8_t managed;              /* stages whose descriptor a write makes dirty, httu.c */
	uint8_t unseen;               /* those of them that are still to be looked at */
	uint64_t clean_ttd;           /* what the update expects in memory */
	uint8_t steps;                /* of the walk so far, for the trace */
	uint64_t step[WALK_STEPS][3]; /* stage and level, address, descriptor */
	uint64_t l1std_pa, l1std;     /* that led to the STE, for the trace */

	struct fault fault;

	/* stall.c */
	bool recording;          /* its record is on its way to the event queue */
	bool doomed;             /* software wants it terminated */
	struct stall_slot *slot; /* NULL without a STAG */

	struct ats_request ats;

	struct bus_req table; /* fetches and updates of tables */
	uint64_t table_data[STE_WORDS];
	struct bus_req out; /* to memory */
};

/* An MSI source: CMD_SYNC, event queue, GERROR (msi.c). */
struct msi {
	struct smmu *smmu;
	struct bus_req req;
	uint32_t data;
	uint8_t bytes[4];
	uint64_t abort_error; /* GERROR bit when the write is refused */
	bool busy;
	bool again; /* another one was due meanwhile */
	uint64_t address;
	struct mem_attr memory;
	void (*sent)(struct smmu *smmu);
};

#define CMDQ_BATCH 8u

enum cmdq_state {
	CMDQ_IDLE,
	CMDQ_FETCHING,
	CMDQ_EXECUTING,    /* spending command_ps */
	CMDQ_BLOCKED,      /* waiting for room among the invalidations under way */
	CMDQ_INVALIDATING, /* a CMD_SYNC that waits for devices' invalidations */
	CMDQ_SYNCING,      /* waiting for older transactions */
	CMDQ_SIGNALLING    /* waiting for the MSI of a CMD_SYNC */
};

struct cmdq {
	enum cmdq_state state;
	struct bus_req req;
	struct event event;
	uint64_t batch[CMDQ_BATCH][CMD_WORDS];
	uint32_t have, at; /* commands in the batch; the present one */
	struct msi msi;
};

struct evtq {
	struct txn_list waiting;
	bool writing;
	uint64_t last[EVENT_WORDS]; /* the newest record, while another may be merged with it */
	uint64_t last_ps;
	bool mergeable;
	struct bus_req req;
	struct msi msi;
};

/* A stalled transaction that has a STAG: a slot and, above its number, a count of uses. */
struct stall_slot {
	struct transaction *txn; /* NULL: free */
	uint16_t stag;
	bool visible; /* software has its record */
	struct stall_slot *next;
};

struct stall {
	struct stall_slot *slot; /* IDR5.STALL_MAX of them */
	struct stall_slot *free;
	uint32_t number_bits;
	struct txn_list unrecorded; /* the event queue or the STAGs were full */
	uint32_t count;             /* transactions in TXN_STALLED */
	uint32_t inside;            /* transactions of masters that may stall */
	uint32_t inside_max;
};

/* Requests that wait for a transaction. */
struct backlog {
	struct bus_req *head, *tail;
};

#define PRIQ_CHECKS 32u

/* A response of the SMMU's own that waits for its STE's PPAR. */
struct priq_check {
	struct smmu *smmu;
	struct bus_req req;
	struct page_request request;
	uint8_t bytes[ATS_ENTRY_BYTES];
	struct priq_check *next;
};

/* The page request queue (priq.c). */
struct priq {
	struct page_request *waiting; /* a ring: as many as the largest queue has entries */
	uint32_t first, count, capacity;
	bool writing;
	struct bus_req req;
	uint64_t word[PRI_WORDS];
	struct msi msi;
	struct priq_check check[PRIQ_CHECKS];
	struct priq_check *free_check;
	uint32_t checks;
};

/* Planted faults (plant.c): what a defective SMMU would remember. */
struct plant {
	/* FAULT_DIRTY_UPDATE_SKIPPED */
	bool skipping, witnessed;
	uint64_t skipped_ttd_pa;
	uint64_t witness_ttd_pa;
	/* FAULT_DMA_AFTER_INVALIDATION */
	bool remembered, stale;
	struct tlb_line line; /* what a TLB would hold of the write's translation */
	struct bus_req req;
	struct event event;
	uint8_t bytes[GRANULE_BYTES];
	bool in_flight;
};

/* A page that an access within the call may go to at once (direct.c). */
#define DIRECT_LOG2 8u
struct direct_line {
	uint64_t page;
	uint64_t generation; /* of TLB and configuration together */
	uint64_t pa;
	uint64_t who; /* stream, substream, privilege */
	uint8_t ops;  /* BIT(enum bus_op) */
	struct mem_attr came, leaves;
};

/* Whose configuration smmu.direct has: it need not be looked up for the next alike. */
struct direct_owner {
	uint64_t generation; /* of the configuration cache */
	uint64_t who;
	bool known, write;
};

/* A walker slot. Slots change places, their numbers stay with them. */
struct walker {
	struct transaction *txn;
	uint64_t begin_ps;
	uint32_t number;
};

/* Registers, in the order of their offsets (regs.c). */
enum smmu_row {
	ROW_IDR0,
	ROW_IDR1,
	ROW_IDR2,
	ROW_IDR3,
	ROW_IDR4,
	ROW_IDR5,
	ROW_IIDR,
	ROW_AIDR,
	ROW_CR0,
	ROW_CR0ACK,
	ROW_CR1,
	ROW_CR2,
	ROW_STATUSR,
	ROW_GBPA,
	ROW_AGBPA,
	ROW_IRQ_CTRL,
	ROW_IRQ_CTRLACK,
	ROW_GERROR,
	ROW_GERRORN,
	ROW_GERROR_IRQ_CFG0,
	ROW_GERROR_IRQ_CFG1,
	ROW_GERROR_IRQ_CFG2,
	ROW_STRTAB_BASE,
	ROW_STRTAB_BASE_CFG,
	ROW_CMDQ_BASE,
	ROW_CMDQ_PROD,
	ROW_CMDQ_CONS,
	ROW_EVENTQ_BASE,
	ROW_EVENTQ_IRQ_CFG0,
	ROW_EVENTQ_IRQ_CFG1,
	ROW_EVENTQ_IRQ_CFG2,
	ROW_PRIQ_BASE,
	ROW_PRIQ_IRQ_CFG0,
	ROW_PRIQ_IRQ_CFG1,
	ROW_PRIQ_IRQ_CFG2,
	ROW_GATOS_CTRL,
	ROW_GATOS_SID,
	ROW_GATOS_ADDR,
	ROW_GATOS_PAR,
	ROW_MPAMIDR,
	ROW_GMPAM,
	ROW_GBPMPAM,
	ROW_VATOS_SEL,
	ROW_IDR6,
	ROW_ID_REGS,
	ROW_EVENTQ_PROD,
	ROW_EVENTQ_CONS,
	ROW_PRIQ_PROD,
	ROW_PRIQ_CONS,
	ROW_COUNT,
};

struct smmu {
	struct smmu_cfg cfg;
	struct smmu_env env;
	struct sim *sim;
	struct reg_row row[ROW_COUNT]; /* without what cfg does not offer */
	struct reg_table table;
	struct regs regs;
	uint64_t oas_mask;
	uint64_t ias_mask;  /* of addresses between the stages, 3.4 */
	uint32_t effective; /* CR0 fields that have taken effect: CR0ACK */

	struct transaction *pool;
	struct transaction direct; /* of an access within the call, direct.c */
	struct direct_owner direct_owner;
	struct direct_line direct_line[1 << DIRECT_LOG2];
	struct transaction *free_txn;
	struct backlog backlog[2]; /* of masters that cannot stall, and of those that may */
	bool turn;                 /* which of them goes next */
	uint32_t in_flight;
	uint32_t translating;
	uint8_t epoch;
	uint32_t epoch_count[2];

	struct stream_order *order_pool;
	struct stream_order *order_free;
	struct stream_order **order_bucket;
	uint32_t order_mask;

	struct confcache conf;
	struct tlb tlb;
	struct rng rng; /* of random replacement alone */
	struct walkcache walkcache;
	struct walker *walker; /* cfg.timing.walkers slots, the busy ones first */
	uint32_t walkers_busy;
	struct txn_list walk_queue;
	uint32_t walk_queue_len;

	struct cmdq cmdq;
	struct evtq evtq;
	struct stall stall;
	struct priq priq;
	struct ats_slots ats;
	struct ats_port devices;
	struct msi gerror_msi;
	struct smmu_counters stats;
	struct pmcg pmcg;
	struct plant plant;
};

/* regs.c */
int smmu_regs_init(struct smmu *smmu);
/* Something that an enable's Update waits for may have ended. */
void smmu_regs_settle(struct smmu *smmu);

/* An access of software to registers here and now, answered in req->status. */
void smmu_register_access(struct regs *regs, struct bus_req *req);

/* identity.c */
void smmu_identify(struct smmu *smmu);
/* IDR3.MTEPERM. */
bool smmu_has_mte_perm(const struct smmu_cfg *cfg);
/* IAS, 3.4: what the two formats of tables make of an address between the stages. */
uint8_t smmu_intermediate_bits(const struct smmu_cfg *cfg);
/* The identification registers of a component with that IIDR, in the array at `row`. */
void smmu_identify_component(struct regs *regs, uint32_t row, uint32_t iidr);
/* Take away what `cfg` does not offer. */
void smmu_registers_reserve(struct reg_row row[ROW_COUNT], const struct smmu_cfg *cfg);

static inline uint64_t smmu_reg(const struct smmu *smmu, enum smmu_row row)
{
	return regs_get(&smmu->regs, row, 0);
}

static inline void smmu_reg_set(struct smmu *smmu, enum smmu_row row, uint64_t value)
{
	regs_set(&smmu->regs, row, 0, value);
}

static inline uint64_t smmu_now(const struct smmu *smmu)
{
	return sim_now(smmu->sim);
}

/* queue.c: indices with a wrap bit above LOG2SIZE bits, 3.5.1. */
struct queue_view {
	uint64_t base;
	uint32_t entries; /* a power of two: also the wrap bit */
	uint32_t entry_bytes;
};
struct queue_view smmu_queue_view(const struct smmu *smmu, enum smmu_row base, uint32_t entry_bytes,
				  uint32_t max_log2);
bool smmu_queue_empty(const struct queue_view *queue, uint64_t prod, uint64_t cons);
bool smmu_queue_full(const struct queue_view *queue, uint64_t prod, uint64_t cons);
uint64_t smmu_queue_next(const struct queue_view *queue, uint64_t index);
uint64_t smmu_queue_address(const struct queue_view *queue, uint64_t index);

/* tbu.c */
int smmu_tbu_init(struct smmu *smmu);
void smmu_tbu_fini(struct smmu *smmu);
/* A request arrives: a device's, or one of the SMMU's own about an STE. */
void smmu_tbu_receive(struct smmu *smmu, struct bus_req *req);
/* Look up from the start: configuration, TLB, or what is missing of them. */
void smmu_txn_translate(struct transaction *txn);
/* The configuration is known: the TLB, or a walk. */
void smmu_txn_find(struct transaction *txn);
/* The translation is in txn->found: check what it permits and go on. `fresh`: walked just now;
 * `dirty`: stages whose descriptor need not be looked at. */
void smmu_txn_use(struct transaction *txn, bool fresh, uint8_t dirty);
void smmu_txn_bypass(struct transaction *txn);
uint64_t smmu_input_mask(const struct transaction *txn);
/* As though it had just arrived: in the time of a look-up smmu_txn_translate(). */
void smmu_txn_again(struct transaction *txn);
/* Whether CMD_SYNCs that begin, or have begun, wait for it. */
void smmu_txn_count(struct transaction *txn);
void smmu_txn_uncount(struct transaction *txn);
void smmu_txn_ready(struct transaction *txn, enum txn_state state);
void smmu_txn_forward(struct transaction *txn);
void smmu_txn_terminate(struct transaction *txn);
void smmu_txn_end(struct transaction *txn, enum bus_status status);
/* Where a translated one goes. */
static inline uint64_t smmu_txn_address(const struct transaction *txn)
{
	return txn->found.pa | (txn->req->addr & (BIT(txn->found.shift) - 1));
}
/* Its substream as the trace has it. */
uint64_t smmu_txn_substream(const struct transaction *txn);
/*
 * Perform txn->table, whose `done` moves the transaction on: within the call in
 * the untimed engine, where only the access that a transaction ends with is an
 * event.
 */
void smmu_txn_access(struct transaction *txn);
/* A read of `txn`'s translation tables, of its configuration; `done` gets &txn->table. */
void smmu_txn_fetch(struct transaction *txn, uint64_t address, uint32_t len_bytes,
		    struct mem_attr memory, void (*done)(struct bus_req *req, uint64_t now));
void smmu_txn_fetch_config(struct transaction *txn, uint64_t address, uint32_t len_bytes,
			   struct mem_attr memory, void (*done)(struct bus_req *req, uint64_t now));
/*
 * A descriptor of a translation table, for a walk that is a loop as far as nothing is waited
 * for: in registers, since each level's address comes out of the one before. !ok: `done`
 * gets it, as of smmu_txn_fetch().
 */
static inline struct bus_word smmu_txn_read64(struct transaction *txn, uint64_t address,
					      struct mem_attr memory,
					      void (*done)(struct bus_req *req, uint64_t now))
{
	struct smmu *smmu = txn->smmu;
	struct bus_word word = {0, false};

	if (smmu->sim->untimed)
		word = bus_read64(&smmu->env.memory, address);
	if (!word.ok) {
		smmu_txn_fetch(txn, address, 8, memory, done);
		return word;
	}
	smmu_pmcg_count(&smmu->pmcg, PMCG_WALK_ACCESS, txn->req->attr.stream_id);
	txn->table.addr = address;
	txn->table.attr.memory = memory;
	return word;
}

void txn_list_add(struct txn_list *list, struct transaction *txn);
struct transaction *txn_list_take(struct txn_list *list);

/* direct.c */
bool smmu_direct_access(void *ctx, struct bus_req *req);

static inline bool smmu_is_direct(const struct transaction *txn)
{
	return txn == &txn->smmu->direct;
}

/* order.c */
int smmu_order_init(struct smmu *smmu);
void smmu_order_fini(struct smmu *smmu);
void smmu_order_enter(struct transaction *txn);
/* `txn` is ready or faulted: let it leave, or keep it until it may. */
void smmu_order_release(struct transaction *txn);
void smmu_order_exit(struct transaction *txn);
/* `txn` entered or is about to leave TXN_STALLED: it keeps its place. */
void smmu_order_stall(struct transaction *txn);
void smmu_order_resume(struct transaction *txn);

/* strtab.c, cd.c: fetch what is missing; they end in smmu_txn_translate or a fault. */
void smmu_strtab_fetch(struct transaction *txn);
/* Take what the STE says. False: the transaction was answered. */
bool smmu_strtab_apply(struct transaction *txn);
void smmu_cd_fetch(struct transaction *txn);

/* ste.c */
struct ste_config smmu_ste_decode(const struct smmu *smmu, const uint64_t word[STE_WORDS]);
/* What both a stream table entry and a context descriptor are judged by. */
bool smmu_stall_is_legal(const struct smmu *smmu, bool stall);
bool smmu_updates_are_legal(const struct smmu *smmu, bool ha, bool hd, bool haft);
bool smmu_endian_is_legal(const struct smmu *smmu, bool big);
bool smmu_has_format(const struct smmu *smmu, bool aarch32);
uint64_t smmu_address_mask(const struct smmu *smmu, bool intermediate);
uint8_t smmu_txsz_max(const struct smmu *smmu, uint8_t granule_shift);
bool smmu_ttb_is_in_range(uint64_t ttb, uint8_t granule_shift, uint8_t oa_bits);

/* vmsa32.c: what tables of VMSAv8-32 have of their own. `is_last`: of the stages that translate. */
void smmu_vmsa32_region(const struct smmu *smmu, struct tt_tree *tree, uint64_t txsz, bool is_last);
/* Is an address, of 32 bits, in the second region? */
bool smmu_vmsa32_is_upper(const struct cd_config *cd, uint64_t address);
/* False: S2SL0 is reserved. */
bool smmu_vmsa32_stage2(const struct smmu *smmu, struct tt_tree *tree, uint64_t t0sz, uint64_t sl0);

/* walkers.c: the slots for fetches under way, and what waits for one. */
/* Take a slot and `begin`, or wait: for a slot, or for the same fetch of another transaction. */
void smmu_walk_enter(struct transaction *txn, void (*begin)(struct transaction *txn));
/* Give the slot back, go on with `go_on`, then with what waited. */
void smmu_walk_leave(struct transaction *txn, void (*go_on)(struct transaction *txn));
/* Give the slot back if there is one and go on with smmu_fault_at(). */
void smmu_walk_fail(struct transaction *txn, enum event_number number,
		    const struct fault_place *place);
/* Keep a descriptor for the trace. */
void smmu_walk_keep_step(struct transaction *txn, enum stage stage, const struct walk *walk);
/* Only where somebody wants to see walks. */
static inline void smmu_walk_keep(struct transaction *txn, enum stage stage,
				  const struct walk *walk)
{
	if (txn->smmu->sim->hooks.detail)
		smmu_walk_keep_step(txn, stage, walk);
}

/* Where a walk begins; what it passes: with a walk cache or without. */
static inline void smmu_walkcache_enter(struct smmu *smmu, uint64_t space, struct walk *walk,
					const struct tt_tree *tree, uint64_t ia)
{
	if (smmu->walkcache.sets)
		smmu_walkcache_find(smmu, space, walk, tree, ia);
	else
		smmu_tables_enter(walk, tree, ia);
}

static inline void smmu_walkcache_fill(struct smmu *smmu, uint64_t space, const struct walk *walk)
{
	if (smmu->walkcache.sets)
		smmu_walkcache_keep(smmu, space, walk);
}

/* walk.c: stage 1 */
void smmu_walk_begin(struct transaction *txn);
/* Take the input address of the transaction's first stage and its tags. False: nothing maps it. */
bool smmu_walk_input(struct transaction *txn);

/* stage2.c */
/*
 * Where an intermediate address is: txn->s2.pa, then `then`; the same address
 * when the stream has no stage 2. `write`: the SMMU will write there.
 */
void smmu_stage2_find(struct transaction *txn, uint64_t ipa, uint8_t kind, bool write,
		      void (*then)(struct transaction *txn));
uint64_t smmu_stage2_space(const struct transaction *txn);
/* Attributes of a read or write at txn->s2.pa: `own`, and what stage 2 makes of it. */
struct mem_attr smmu_stage2_memory(const struct transaction *txn, struct mem_attr own);

/* walk.c: the TLB tags of what a stage 1 leaf translates for the transaction. */
uint64_t smmu_walk_space(const struct transaction *txn, uint64_t ttd);

/* prefetch.c: does the walk's last descriptor bring its neighbours? Read them; keep them. */
bool smmu_prefetch_is_wanted(const struct transaction *txn);
void smmu_prefetch_fetch(struct transaction *txn, uint64_t address,
			 void (*done)(struct bus_req *req, uint64_t now));
void smmu_prefetch_fill(struct transaction *txn);

/* permission.c */
enum permission {
	PERMISSION_OK,
	PERMISSION_DENIED,
	PERMISSION_UNREADABLE, /* an atomic that may write and not read */
	PERMISSION_MANAGED,
};
enum permission smmu_permission(const struct transaction *txn, enum stage stage);

/* httu.c */
/* Look at the descriptors in txn->managed, update what is clean, then smmu_txn_ready(). */
void smmu_httu_look(struct transaction *txn);
/* The same when the only one was read just now. */
void smmu_httu_fresh(struct transaction *txn);
/* Compare-and-swap of the descriptor at `pa`; `done` gets &txn->table. */
void smmu_httu_swap(struct transaction *txn, const struct tt_tree *tree, struct mem_attr memory,
		    uint64_t pa, uint64_t expected, uint64_t desired,
		    void (*done)(struct bus_req *req, uint64_t now));
/* What the swap found: `expected` if it took. */
uint64_t smmu_httu_found(const struct transaction *txn, const struct tt_tree *tree);

/* fault.c: terminate a transaction, with the record of 7.3. A fetch that failed is txn->table. */
void smmu_fault_at(struct transaction *txn, enum event_number number,
		   const struct fault_place *place);
/* Met at stage 1, or in the configuration. */
void smmu_fault(struct transaction *txn, enum event_number number);
void smmu_fault_unsupported(struct transaction *txn, uint16_t reason);
void smmu_fault_silent(struct transaction *txn);
/* May the record of `txn` and this one be merged, 7.3.1? */
bool smmu_fault_merges(const struct transaction *txn, const uint64_t word[EVENT_WORDS]);

/* evtq.c: write the record of a transaction; a terminated one is then answered, a stalled one
 * goes to smmu_stall_recorded() or smmu_stall_unrecorded(). */
void smmu_evtq_init(struct smmu *smmu);
void smmu_evtq_record(struct transaction *txn);
/* Writable, 7.2.1. */
bool smmu_evtq_writable(const struct smmu *smmu);
/* What was recorded so far stands for nothing that comes. */
void smmu_evtq_end_merging(struct smmu *smmu);
bool smmu_evtq_idle(const struct smmu *smmu);

/* stall.c: transactions that wait for software, 3.12.2 */
int smmu_stall_init(struct smmu *smmu);
void smmu_stall_fini(struct smmu *smmu);
/* May a configuration's S or S2S be `stall`, 5.5? */
/* Does a fault of `txn` stall where the configuration says so? */
bool smmu_stall_may(const struct transaction *txn);
/* May a request of a master that may stall come in? Stalls leave room for the others, 16.4. */
bool smmu_stall_admits(const struct smmu *smmu);
void smmu_stall_begin(struct transaction *txn);
/* Give its record a STAG. False: there is none, or none is wanted any more. */
bool smmu_stall_commit(struct transaction *txn);
/* `visible`: its record is in the queue; else it was lost on the way. */
void smmu_stall_recorded(struct transaction *txn, bool visible);
void smmu_stall_unrecorded(struct transaction *txn);
/* The event queue may have become writable. */
void smmu_stall_kick(struct smmu *smmu);
enum command_outcome { COMMAND_DONE, COMMAND_ILLEGAL, COMMAND_SYNC, COMMAND_BLOCKED };
enum command_outcome smmu_stall_cmd_resume(struct smmu *smmu, const uint64_t word[CMD_WORDS]);
enum command_outcome smmu_stall_cmd_term(struct smmu *smmu, const uint64_t word[CMD_WORDS]);
/* SMMUEN fell. */
void smmu_stall_disable(struct smmu *smmu);

/* cmdq.c, command.c */
void smmu_cmdq_init(struct smmu *smmu);
void smmu_cmdq_kick(struct smmu *smmu);
void smmu_cmdq_drained(struct smmu *smmu);
/* An invalidation slot is free again, or all are. */
void smmu_cmdq_invalidated(struct smmu *smmu);
enum command_outcome smmu_command_execute(struct smmu *smmu, const uint64_t word[CMD_WORDS]);
/* tlbi.c. False: no such command, or none that the IDRs offer. */
bool smmu_tlbi_execute(struct smmu *smmu, const uint64_t word[CMD_WORDS]);

static inline bool smmu_ats_is_request(const struct transaction *txn)
{
	return txn->ats.kind >= ATS_TRANSLATE;
}

/* atc_inv.c: CMD_ATC_INV and CMD_PRI_RESP. */
enum command_outcome smmu_atc_invalidate(struct smmu *smmu, const uint64_t word[CMD_WORDS]);
enum command_outcome smmu_atc_respond(struct smmu *smmu, const uint64_t word[CMD_WORDS]);

/* priq.c */
int smmu_priq_init(struct smmu *smmu);
void smmu_priq_fini(struct smmu *smmu);
bool smmu_priq_idle(const struct smmu *smmu);
void smmu_priq_receive(struct smmu *smmu, const struct page_request *request);
/* To the device: software's response, or the SMMU's own. */
void smmu_priq_respond(struct smmu *smmu, const struct prg_response *response);
/* Is it a request of priq.c's own, about an STE? */
bool smmu_priq_is_check(const struct smmu *smmu, const struct bus_req *req);

/* gerror.c, msi.c */
void smmu_gerror_raise(struct smmu *smmu, uint64_t error);
bool smmu_gerror_active(const struct smmu *smmu, uint64_t error);
void smmu_msi_init(struct msi *msi, struct smmu *smmu, uint64_t abort_error,
		   void (*sent)(struct smmu *smmu));
/* Write the MSI; a second one meanwhile is sent after it. False when there is none to send. */
bool smmu_msi_send(struct msi *msi, uint64_t address, uint32_t data, struct mem_attr memory);
/* The same as an IRQ_CFG0 and the two registers after it say. */
bool smmu_msi_signal(struct msi *msi, enum smmu_row cfg0);

/* plant.c */
bool smmu_plant_skips_update(struct smmu *smmu, uint64_t ttd_pa);
void smmu_plant_saw_update(struct smmu *smmu, uint64_t ttd_pa);
struct tlb_line *smmu_plant_finds_other(const struct transaction *txn);
void smmu_plant_saw_write(struct transaction *txn);
void smmu_plant_saw_drop(struct smmu *smmu, const struct tlb_scope *scope);
void smmu_plant_saw_sync(struct smmu *smmu);
void smmu_plant_saw_fetch(struct smmu *smmu);

#ifdef __cplusplus
}
#endif
#endif
