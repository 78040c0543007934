/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMU_SMMU_INTERNAL_H
#define VFSIM_IOMMU_SMMU_INTERNAL_H

/*
 * What the chapters of the SMMU share. A transaction is the one long-lived
 * operation: it enters at tbu.c, asks confcache.c and tlb.c, goes to strtab.c,
 * cd.c and walk.c for what they lack, to httu.c for dirty state, keeps its
 * place in order.c, and ends forwarded or as a record in evtq.c.
 */

#include "base/port.h"
#include "base/regs.h"
#include "base/trace.h"
#include "iommu/smmu.h"
#include "iommu/smmu_format.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GRANULE_SHIFT 12u
#define GRANULE_BYTES (1u << GRANULE_SHIFT)

/* A stream table entry, decoded (strtab.c). */
enum ste_kind { STE_ILLEGAL, STE_ABORT, STE_BYPASS, STE_S1 };

struct ste_config {
	enum ste_kind kind;
	uint8_t cd_max; /* log2 of the CDs behind context_ptr; 0: no substreams */
	uint8_t s1dss;
	uint64_t context_ptr;
};

/* One of the two VA regions of a context descriptor. */
struct region {
	uint64_t ttb;
	uint8_t ia_bits;
	bool disabled; /* EPD */
	bool top_byte_ignored;
};

/* A context descriptor, decoded (cd.c). */
struct cd_config {
	bool illegal;
	bool ha, hd, affd, wxn, pan;
	bool abort;  /* A: a terminated access is answered by an abort, not RAZ/WI */
	bool record; /* R: translation faults are recorded */
	uint8_t oa_bits;
	uint16_t asid;
	uint64_t mair;
	struct region region[2];
};

/* Configuration cache (confcache.c). */
#define CONF_SETS  256u
#define CONF_WAYS  4u
#define L1STD_SETS 64u

struct ste_line {
	bool valid;
	uint32_t stream;
	struct ste_config ste;
};

struct cd_line {
	bool valid;
	uint32_t stream;
	uint32_t index;
	struct cd_config cd;
};

struct l1std_line {
	bool valid;
	uint32_t index;
	uint64_t l1std;
};

struct confcache {
	struct ste_line ste[CONF_SETS][CONF_WAYS];
	struct cd_line cd[CONF_SETS][CONF_WAYS];
	struct l1std_line l1std[L1STD_SETS];
	uint8_t ste_victim[CONF_SETS];
	uint8_t cd_victim[CONF_SETS];
	uint64_t generation; /* counts invalidations: an older fetch must not fill */
};

/* What the tables on the way to a leaf took away. */
#define LIMIT_READ_ONLY 1u
#define LIMIT_PRIV_ONLY 2u
#define LIMIT_PXN       4u
#define LIMIT_UXN       8u

/* The end of a walk: one block or page. */
struct leaf {
	uint64_t va;
	uint64_t pa;
	uint64_t ttd_pa; /* where its descriptor is */
	uint64_t ttd;    /* and what it was */
	uint8_t shift;   /* 12, 21 or 30 */
	uint8_t limits;
};

struct tlb_line {
	struct leaf leaf;
	uint64_t used;
	uint16_t asid;
	bool dirty; /* written through; kept only with cfg.cache_dirty */
};

struct tlb {
	struct tlb_line *line; /* sets * ways */
	uint64_t *tag;         /* of each line: what a look-up compares; 0: the line is free */
	uint32_t sets;
	uint32_t ways;
	uint32_t count[2][3]; /* lines in use: [global][page size] */
	uint64_t clock;
	uint64_t generation; /* counts invalidations: an older walk must not fill */
};

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
	uint64_t arrived, left, ended; /* posted writes: came, forwarded, done at their target */
	struct stream_order *next;
};

enum txn_state {
	TXN_BUSY,    /* on its way through the SMMU */
	TXN_READY,   /* translated */
	TXN_LOOKED,  /* translated, if its dirty state is looked at in the instant it leaves */
	TXN_FAULTED, /* to be terminated */
};

struct fault {
	enum event_number number;
	bool recorded; /* an event record shall be written */
	bool raz_wi;   /* the device is told that all went well */
	uint64_t word[EVENT_WORDS];
};

/* One request of a device, from its arrival to its completion. */
struct transaction {
	struct smmu *smmu;
	struct bus_req *req; /* the device's */
	struct event event;
	enum txn_state state;
	bool posted;
	bool write;
	bool translating; /* began with SMMUEN */
	uint8_t epoch;

	/* order.c */
	struct stream_order *order;
	struct transaction *next_posted;
	uint64_t after;             /* posted writes of the stream that go first */
	struct transaction *behind; /* the last of them */
	struct transaction *held, *held_tail;
	struct transaction *next; /* free, walk queue, followers, held or event queue */

	/* what was found */
	uint32_t cd_index;
	struct ste_config ste;
	struct cd_config cd;
	struct leaf leaf;
	bool translated; /* leaf is valid; otherwise the address passes as it is */
	uint64_t looked_ps;

	/* walk.c: the state that a completed fetch moves on */
	bool walking; /* has a slot */
	void (*begin_walk)(struct transaction *txn);
	struct txn_list followers;
	uint64_t walk_va;
	uint64_t tlb_generation, conf_generation;
	uint8_t level;
	uint8_t limits;
	uint8_t steps; /* of the walk so far, for the trace: level, address, descriptor */
	uint64_t step[4][3];
	uint64_t l1std_pa, l1std; /* that led to the STE, for the trace */

	struct fault fault;
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
	void (*sent)(struct smmu *smmu);
};

#define CMDQ_BATCH 8u

enum cmdq_state {
	CMDQ_IDLE,
	CMDQ_FETCHING,
	CMDQ_EXECUTING, /* spending command_ps */
	CMDQ_SYNCING,   /* waiting for older transactions */
	CMDQ_SIGNALLING /* waiting for the MSI of a CMD_SYNC */
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
	struct bus_req req;
	struct msi msi;
};

/* Planted faults (plant.c): what a defective SMMU would remember. */
struct plant {
	/* FAULT_DIRTY_UPDATE_SKIPPED */
	bool skipping, witnessed;
	uint64_t skipped_ttd_pa;
	uint64_t witness_ttd_pa;
	/* FAULT_DMA_AFTER_INVALIDATION */
	bool remembered, stale;
	uint16_t asid;
	uint64_t page;
	uint8_t shift;
	struct bus_req req;
	struct event event;
	uint8_t bytes[GRANULE_BYTES];
	bool in_flight;
};

/* A walker slot. Slots change places, their numbers stay with them. */
struct walker {
	struct transaction *txn;
	uint64_t begin_ps;
	uint32_t number;
};

struct smmu {
	struct smmu_cfg cfg;
	struct smmu_env env;
	struct sim *sim;
	struct regs regs;
	uint64_t oas_mask;
	uint32_t effective; /* CR0 fields that have taken effect: CR0ACK */

	struct transaction *pool;
	struct transaction *free_txn;
	struct bus_req *backlog, *backlog_tail; /* requests without a transaction */
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
	struct walker *walker; /* cfg.timing.walkers slots, the busy ones first */
	uint32_t walkers_busy;
	struct txn_list walk_queue;
	uint32_t walk_queue_len;

	struct cmdq cmdq;
	struct evtq evtq;
	struct msi gerror_msi;
	struct smmu_counters stats;
	struct plant plant;
};

/* regs.c */
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
	ROW_GBPA,
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
	ROW_EVENTQ_PROD,
	ROW_EVENTQ_CONS,
	ROW_COUNT,
};

int smmu_regs_init(struct smmu *smmu);
/* Something that an enable's Update waits for may have ended. */
void smmu_regs_settle(struct smmu *smmu);

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
/* Look up from the start: configuration, TLB, or what is missing of them. */
void smmu_txn_translate(struct transaction *txn);
/* The translation is in txn->leaf: check what it permits and go on. `fresh`: read just now. */
void smmu_txn_use_leaf(struct transaction *txn, bool fresh, bool known_dirty);
void smmu_txn_bypass(struct transaction *txn);
void smmu_txn_ready(struct transaction *txn, enum txn_state state);
void smmu_txn_forward(struct transaction *txn);
void smmu_txn_terminate(struct transaction *txn);
void smmu_txn_end(struct transaction *txn, enum bus_status status);
/* Its substream as the trace has it. */
uint64_t smmu_txn_substream(const struct transaction *txn);
/*
 * Perform txn->table, whose `done` moves the transaction on: within the call in
 * the untimed engine, where only the access that a transaction ends with is an
 * event.
 */
void smmu_txn_access(struct transaction *txn);
/* A table read of `txn`; `done` gets &txn->table. */
void smmu_txn_fetch(struct transaction *txn, uint64_t address, uint32_t len_bytes,
		    void (*done)(struct bus_req *req, uint64_t now));

void txn_list_add(struct txn_list *list, struct transaction *txn);
struct transaction *txn_list_take(struct txn_list *list);

/* order.c */
int smmu_order_init(struct smmu *smmu);
void smmu_order_fini(struct smmu *smmu);
void smmu_order_enter(struct transaction *txn);
/* `txn` is ready or faulted: let it leave, or keep it until it may. */
void smmu_order_release(struct transaction *txn);
void smmu_order_exit(struct transaction *txn);

/* confcache.c */
const struct ste_config *smmu_conf_find_ste(struct smmu *smmu, uint32_t stream);
const struct cd_config *smmu_conf_find_cd(struct smmu *smmu, uint32_t stream, uint32_t index);
const uint64_t *smmu_conf_find_l1std(struct smmu *smmu, uint32_t index);
void smmu_conf_fill_ste(struct smmu *smmu, uint32_t stream, const struct ste_config *ste);
void smmu_conf_fill_cd(struct smmu *smmu, uint32_t stream, uint32_t index,
		       const struct cd_config *cd);
void smmu_conf_fill_l1std(struct smmu *smmu, uint32_t index, uint64_t l1std);
/* Streams whose ID equals `stream` under `mask`. */
void smmu_conf_drop_streams(struct smmu *smmu, uint32_t stream, uint32_t mask, bool l1std);
void smmu_conf_drop_cd(struct smmu *smmu, uint32_t stream, uint32_t index);
void smmu_conf_drop_cds(struct smmu *smmu, uint32_t stream);

/* strtab.c, cd.c: fetch what is missing; they end in smmu_txn_translate or a fault. */
void smmu_strtab_fetch(struct transaction *txn);
void smmu_strtab_apply(struct transaction *txn);
void smmu_cd_fetch(struct transaction *txn);

/* walkers.c: the slots for fetches under way, and what waits for one. */
/* Take a slot and `begin`, or wait: for a slot, or for the same fetch of another transaction. */
void smmu_walk_enter(struct transaction *txn, void (*begin)(struct transaction *txn));
/* Give the slot back, go on with `go_on`, then with what waited. */
void smmu_walk_leave(struct transaction *txn, void (*go_on)(struct transaction *txn));
/* The same, going on with smmu_fault(). */
void smmu_walk_fail(struct transaction *txn, enum event_number number);

/* walk.c */
void smmu_walk_begin(struct transaction *txn);
/* The address that region lookup and tags use, or false when no region covers it. */
bool smmu_walk_region(const struct cd_config *cd, uint64_t address, uint64_t *va,
		      const struct region **region);

/* tlb.c */
int smmu_tlb_init(struct smmu *smmu);
void smmu_tlb_fini(struct smmu *smmu);
struct tlb_line *smmu_tlb_find(struct smmu *smmu, uint16_t asid, uint64_t va);
struct tlb_line *smmu_tlb_fill(struct smmu *smmu, uint16_t asid, const struct leaf *leaf);
void smmu_tlb_drop_line(struct smmu *smmu, struct tlb_line *line);
void smmu_tlb_drop_all(struct smmu *smmu);
void smmu_tlb_drop_asid(struct smmu *smmu, uint16_t asid);
/* The page at `va`; with any_asid of every address space. Global pages always go. */
void smmu_tlb_drop_va(struct smmu *smmu, uint16_t asid, bool any_asid, uint64_t va);

/* httu.c */
/* Read the leaf's descriptor again, update it if it is clean, then smmu_txn_ready(). */
void smmu_httu_look(struct transaction *txn);
/* The same with the descriptor that was read just now. */
void smmu_httu_looked(struct transaction *txn, uint64_t ttd);
/* Set AF by compare-and-swap, then `done`. */
void smmu_httu_set_access(struct transaction *txn, uint64_t ttd,
			  void (*done)(struct bus_req *req, uint64_t now));

/* fault.c: terminate a transaction, with the record of 7.3. A fetch that failed is txn->table. */
void smmu_fault(struct transaction *txn, enum event_number number);
void smmu_fault_unsupported(struct transaction *txn, uint16_t reason);
void smmu_fault_silent(struct transaction *txn);

/* evtq.c: write the record of a terminated transaction, then smmu_txn_end(). */
void smmu_evtq_init(struct smmu *smmu);
void smmu_evtq_record(struct transaction *txn);
bool smmu_evtq_idle(const struct smmu *smmu);

/* cmdq.c, command.c */
void smmu_cmdq_init(struct smmu *smmu);
void smmu_cmdq_kick(struct smmu *smmu);
void smmu_cmdq_drained(struct smmu *smmu);
enum command_outcome { COMMAND_DONE, COMMAND_ILLEGAL, COMMAND_SYNC };
enum command_outcome smmu_command_execute(struct smmu *smmu, const uint64_t word[CMD_WORDS]);

/* gerror.c, msi.c */
void smmu_gerror_raise(struct smmu *smmu, uint64_t error);
bool smmu_gerror_active(const struct smmu *smmu, uint64_t error);
void smmu_msi_init(struct msi *msi, struct smmu *smmu, uint64_t abort_error,
		   void (*sent)(struct smmu *smmu));
/* Write the MSI; a second one meanwhile is sent after it. False when there is none to send. */
bool smmu_msi_send(struct msi *msi, uint64_t address, uint32_t data);

/* plant.c */
bool smmu_plant_skips_update(struct smmu *smmu, uint64_t ttd_pa);
void smmu_plant_saw_update(struct smmu *smmu, uint64_t ttd_pa);
void smmu_plant_saw_write(struct transaction *txn);
/* NULL: any. */
void smmu_plant_saw_tlbi(struct smmu *smmu, const uint16_t *asid, const uint64_t *va);
void smmu_plant_saw_sync(struct smmu *smmu);
void smmu_plant_saw_fetch(struct smmu *smmu);

#ifdef __cplusplus
}
#endif
#endif
