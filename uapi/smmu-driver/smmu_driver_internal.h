/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_UAPI_SMMU_DRIVER_INTERNAL_H
#define VFSIM_UAPI_SMMU_DRIVER_INTERNAL_H

#include "base/bits.h"
#include "base/trace.h"
#include "iommu/ats_format.h"
#include "iommu/smmu_format.h"
#include "uapi/smmu-driver/smmu_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PAGE_BYTES 4096u

/* How long Linux waits for an acknowledge, a SYNC, or room in a queue (ARM_SMMU_POLL_TIMEOUT_US).
 */
#define POLL_TIMEOUT_PS PS_PER_S

/* A queue shared with the SMMU: indexes carry a wrap bit above `log2` bits (IHI 0070, 3.5.1). */
struct driver_queue {
	uint64_t pa;
	uint64_t pages;
	uint8_t log2;
	uint32_t entry_bytes;
	uint32_t prod_register; /* CONS is behind it */
	uint32_t prod;
	uint32_t cons;
};

struct cmdq {
	struct driver_queue q;
	struct sim_mutex lock; /* held while entries are put in, not while a SYNC is awaited */
	uint32_t syncs; /* waiters for a SYNC: until the last has seen it, no slot is reused */
	struct waitq room;
};

struct command {
	uint64_t word[CMD_WORDS];
};

/* Commands that go into the queue together (CMDQ_BATCH_ENTRIES). */
#define BATCH_COMMANDS 64u

struct command_batch {
	struct command command[BATCH_COMMANDS];
	uint32_t count;
};

/* An interrupt whose work is an actor's: the handler only wakes it. */
struct irq_thread {
	struct actor *actor;
	struct waitq waiters;
	bool pending;
};

/* Of lines of one kind in the kernel's log. */
struct log_limit {
	uint64_t window_began_ps;
	uint32_t logged;
};

struct evtq {
	struct driver_queue q;
	struct irq_thread thread;
	struct log_limit limit;
	uint32_t overflows;
};

/* The pages of a group whose last request has not come yet (priq.c). */
struct partial_group {
	struct smmu_page_group group;
	bool too_many;
	struct partial_group *next;
};

struct priq {
	struct driver_queue q;
	struct irq_thread thread;
	struct partial_group *partial;
	struct log_limit limit;
	uint32_t overflows;
};

struct strtab {
	bool two_level;
	uint64_t pa;
	uint64_t pages;
	uint32_t l1_entries;
	uint64_t *l2_pa; /* two levels: tables of STRTAB_L2_STES entries, 0 = not yet */
};

/* What a substream is attached to. */
struct pasid {
	uint32_t number;
	struct smmu_domain *domain;
	struct pasid *next;
};

/*
 * A stream's context descriptors: one, or as many as there are PASIDs, in two
 * levels when they are more than a leaf holds (arm_smmu_alloc_cd_tables).
 */
struct cd_table {
	uint64_t pa; /* 0 = none yet */
	uint64_t pages;
	uint8_t bits;
	uint64_t *leaf_pa; /* two levels: tables of CD_LEAF_ENTRIES; NULL: it is linear */
};

/* What Linux calls a master: one stream, its context descriptors, what it is attached to. */
struct stream {
	uint32_t id;
	struct cd_table cds;
	struct smmu_domain *domain; /* NULL: blocked, or identity; nested: the parent */
	struct smmu_pasids may;     /* PASIDs that it may send */
	struct pasid *pasids;
	uint64_t table; /* as trace events call what it is attached to */
	bool identity;
	bool stalls; /* its faults wait for software */
	struct smmu_fault_handler handler;
	bool ats_allowed; /* by its STE */
	bool ats;         /* the device may have translations */
	bool resetting;   /* ATS is off until the function's reset is over */
};

struct smmu_driver {
	struct smmu_driver_cfg cfg;
	struct smmu_driver_env env;
	struct smmu_driver_info info;

	/* Found by the probe. */
	bool hyp;
	bool coherent;
	bool msi_sync; /* CMD_SYNC completes by a write into its own slot */
	bool stalls;   /* STALL_MODEL offers stalls: STEs say that they do not want them */
	bool attr_ovr; /* IDR1.ATTR_TYPES_OVR */
	bool ats;      /* IDR0.ATS */
	bool pri;      /* IDR0.PRI */
	uint8_t sid_bits;
	uint8_t asid_bits;
	uint8_t vmid_bits; /* 0: no stage 2 */
	bool two_level_cd;
	uint8_t oas_bits;
	uint8_t oas_field;
	uint8_t cmdq_log2;
	uint8_t evtq_log2;
	uint8_t priq_log2;

	struct cmdq cmdq;
	struct evtq evtq;
	struct priq priq;
	struct irq_thread gerror;
	struct strtab strtab;

	/* Attaching is one at a time, as under arm_smmu_asid_lock. */
	struct sim_mutex attach_lock;
	struct stream **stream; /* ascending ids */
	uint32_t streams, stream_capacity;

	uint64_t *asids; /* bitmap; ASID 0 is never given out */
	uint64_t *vmids; /* the same; NULL without stage 2 */
	uint64_t last_domain;

	/* Lazy unmapping: domains with ranges whose invalidation is owed. */
	struct sim_mutex flush_lock;
	struct irq_thread flusher;
	struct smmu_domain *domains;
};

/* Unmapped lazily: the range is reported as unmapped once flushed. */
struct flush_range {
	uint64_t iova;
	uint64_t len;
};

#define FLUSH_QUEUE_RANGES 256u                       /* IOVA_DEFAULT_FQ_SIZE */
#define FLUSH_TIMEOUT_PS   (UINT64_C(10) * PS_PER_MS) /* IOVA_DEFAULT_FQ_TIMEOUT */

struct flush_queue {
	struct flush_range range[FLUSH_QUEUE_RANGES];
	uint32_t count;
	uint64_t due_ps; /* of the oldest */
};

/*
 * A domain: its stage-1 table is frames of DRAM, nothing of whose content is
 * kept beside them.
 */
struct smmu_domain {
	struct smmu_driver *driver;
	struct smmu_domain *next;
	uint64_t id;
	uint64_t root_pa;
	uint64_t tables; /* frames, the root among them */
	bool stage2;
	bool nest_parent; /* has nested streams: what it invalidates concerns stage 1 too */
	uint16_t asid;    /* of a stage 2 domain: the VMID */
	bool dirty_bits;
	uint32_t attached; /* streams; without one no TLB holds the ASID and nothing is invalidated
			    */
	struct sim_mutex lock;
	struct flush_queue *flush; /* NULL: strict */
};

/* NULL: it was never attached (attach.c). */
struct stream *stream_find(const struct smmu_driver *driver, uint32_t id);

/* The stream, known and with an entry in the stream table from now on. -ENOMEM, -ERANGE. */
int stream_get(struct smmu_driver *driver, struct actor *self, uint32_t id, struct stream **stream);
/* The stream's first substream is there, or its last one has gone. */
void stream_substreams_changed(struct smmu_driver *driver, struct actor *self,
			       struct stream *stream);

/* What a stream's entries say of stalls; true: its handler took the record (stall.c). */
void stall_cd(const struct stream *stream, uint64_t cd[CD_WORDS]);
void stall_ste(const struct stream *stream, uint64_t ste[STE_WORDS]);
bool stall_tell(struct smmu_driver *driver, const uint64_t record[EVENT_WORDS]);

/*
 * Registers and memory (access.c)
 */
uint32_t driver_reg_read(struct smmu_driver *driver, struct actor *self, uint32_t offset);
void driver_reg_write(struct smmu_driver *driver, struct actor *self, uint32_t offset,
		      uint32_t value);
void driver_reg_write64(struct smmu_driver *driver, struct actor *self, uint32_t offset,
			uint64_t value);
/* Write, and wait until the acknowledge register shows it. -ETIMEDOUT. */
int driver_reg_write_sync(struct smmu_driver *driver, struct actor *self, uint32_t offset,
			  uint32_t ack, uint32_t value);

uint64_t phys_get64(const struct smmu_driver *driver, uint64_t pa);
void phys_put64(const struct smmu_driver *driver, uint64_t pa, uint64_t value);
void phys_get(const struct smmu_driver *driver, uint64_t pa, uint64_t *word, uint32_t words);
void phys_put(const struct smmu_driver *driver, uint64_t pa, uint64_t *word, uint32_t words);
/* A whole table, where it lies or in `room`; valid until it is written. */
const uint64_t *phys_table(const struct smmu_driver *driver, uint64_t pa, uint64_t *room);
/* Zeroed frames, naturally aligned: `pages` is a power of two. 0 without memory. */
uint64_t phys_alloc(const struct smmu_driver *driver, uint64_t pages);
void phys_free(const struct smmu_driver *driver, uint64_t pa, uint64_t pages);

/* CPU time of a call that touched `entries` table entries. */
void driver_spend(struct smmu_driver *driver, struct actor *self, bool call, uint64_t entries);

/* A CPU that spins: ten short looks, then a pause that doubles (queue_poll). */
struct driver_poll {
	uint64_t deadline_ps;
	uint64_t delay_ps;
	uint32_t spins;
};

void driver_poll_begin(const struct smmu_driver *driver, struct driver_poll *poll);
/* Wait before the next look. False when the time is over. */
bool driver_poll_again(struct actor *self, struct driver_poll *poll);

/*
 * Queues (queue.c, cmdq.c, evtq.c, priq.c, gerror.c)
 */
int driver_queue_init(const struct smmu_driver *driver, struct driver_queue *q, uint8_t log2,
		      uint32_t entry_bytes);
uint64_t driver_queue_entry_pa(const struct driver_queue *q, uint32_t index);
uint32_t driver_queue_mask(const struct driver_queue *q);

/* Of what the SMMU produces. Take one record of entry_bytes out; false: there is none. */
bool driver_queue_take(struct smmu_driver *driver, struct actor *self, struct driver_queue *q,
		       uint64_t *record);
/* Look for more; true: an overflow has begun since the last look. */
bool driver_queue_look(struct smmu_driver *driver, struct actor *self, struct driver_queue *q);
bool driver_queue_is_empty(const struct driver_queue *q);
/* The SMMU told of an overflow that is not acknowledged. */
bool driver_queue_overflown(const struct driver_queue *q);
/* All is read: the overflow, if there was one, is over. */
void driver_queue_acknowledge(struct smmu_driver *driver, struct actor *self,
			      struct driver_queue *q);

void batch_init(struct command_batch *batch);
/* Add a command; a full batch goes into the queue first, without a SYNC. */
int batch_add(struct smmu_driver *driver, struct actor *self, struct command_batch *batch,
	      struct command command);
/* Put the batch in and wait until it has taken effect. */
int batch_submit(struct smmu_driver *driver, struct actor *self, struct command_batch *batch);

int cmdq_issue(struct smmu_driver *driver, struct actor *self, const struct command *command,
	       uint32_t count, bool sync);
int cmdq_issue_sync(struct smmu_driver *driver, struct actor *self, struct command command);
/* Software's part of a command error: what the SMMU stopped at becomes a SYNC. */
void cmdq_skip_error(struct smmu_driver *driver, struct actor *self);

struct command command_cfgi_all(void);
struct command command_cfgi_ste(uint32_t stream_id);
struct command command_cfgi_cd(uint32_t stream_id, uint32_t substream_id);
struct command command_prefetch_config(uint32_t stream_id);
struct command command_tlbi(enum cmd_opcode opcode, uint16_t asid, uint64_t iova, bool leaf);
struct command command_tlbi_vmid(enum cmd_opcode opcode, uint16_t vmid, uint64_t ipa, bool leaf);

int irq_thread_start(struct smmu_driver *driver, struct irq_thread *thread, const char *what,
		     void (*body)(struct actor *self, void *driver));
void irq_thread_wake(struct irq_thread *thread);
/* Wait until woken since the last call. */
void irq_thread_wait(struct actor *self, struct irq_thread *thread);
void irq_thread_stop(struct irq_thread *thread);

bool log_allowed(const struct smmu_driver *driver, struct log_limit *limit);
void evtq_thread(struct actor *self, void *driver);
void gerror_thread(struct actor *self, void *driver);
void priq_thread(struct actor *self, void *driver);
void priq_fini(struct smmu_driver *driver);

/*
 * ATS (ats.c)
 */
bool ats_supported(const struct smmu_driver *driver, struct actor *self, uint32_t stream_id);
/* Around a change of a stream's STE, whose new form allows ATS or not. A device that may have
 * ATS afterwards has none of what it knew before. */
void ats_ste_changes(struct smmu_driver *driver, struct actor *self, struct stream *stream,
		     bool allowed);
void ats_ste_changed(struct smmu_driver *driver, struct actor *self, struct stream *stream);
/* The PASID's context descriptor is gone. */
void ats_pasid_detached(struct smmu_driver *driver, struct actor *self, const struct stream *stream,
			uint32_t pasid);
/* Take a range out of all devices' caches; len 0: everything. */
int ats_invalidate(const struct smmu_domain *domain, struct actor *self, uint64_t iova,
		   uint64_t len);

/*
 * Stream table and context descriptors (strtab.c, cd.c, entry.c)
 */
int strtab_init(struct smmu_driver *driver);
void strtab_fini(struct smmu_driver *driver);
void strtab_registers(struct smmu_driver *driver, struct actor *self);
/* Make the stream's table entry exist, aborting. -ENOMEM, -ERANGE. */
int strtab_prepare(struct smmu_driver *driver, uint32_t stream_id);
void strtab_write(struct smmu_driver *driver, struct actor *self, uint32_t stream_id,
		  const uint64_t ste[STE_WORDS]);

void ste_make_abort(uint64_t ste[STE_WORDS]);
void ste_make_bypass(const struct smmu_driver *driver, uint64_t ste[STE_WORDS]);
void ste_make_s1(const struct smmu_driver *driver, uint64_t ste[STE_WORDS],
		 const struct cd_table *cds, uint64_t s1dss, bool ats);
void ste_make_s2(const struct smmu_domain *domain, uint64_t ste[STE_WORDS], bool ats);
/* The parent's stage 2 behind the stage 1 of a guest's entry. */
void ste_make_nested(const struct smmu_domain *parent, const uint64_t vste[2],
		     uint64_t ste[STE_WORDS], bool ats);

/* Make the stream's descriptors exist, all invalid. -ENOMEM. */
int cd_prepare(struct smmu_driver *driver, struct stream *stream);
void cd_release(struct smmu_driver *driver, struct stream *stream);
void cd_make_s1(const struct smmu_domain *domain, uint64_t cd[CD_WORDS]);
/* -ENOMEM: a leaf of a 2-level table. */
int cd_write(struct smmu_driver *driver, struct actor *self, struct stream *stream, uint32_t pasid,
	     const uint64_t cd[CD_WORDS]);

/*
 * An STE or a CD changes in steps that the SMMU may see, each followed by the
 * entry's own invalidation and a SYNC: without a gap where the change allows
 * it, else through an invalid entry (arm_smmu_write_entry).
 */
struct entry_writer {
	struct smmu_driver *driver;
	struct actor *self;
	uint64_t pa;
	struct command invalidation;
	/* Which bits of an entry the SMMU looks at. */
	void (*used)(const uint64_t entry[STE_WORDS], uint64_t mask[STE_WORDS]);
};

void entry_write(const struct entry_writer *writer, const uint64_t target[STE_WORDS]);

/*
 * Tables (pgtable.c, pgtable_map.c, pgtable_unmap.c)
 */
#define TABLE_ENTRIES 512u
#define LAST_LEVEL    3

/* Bytes that an entry of a level maps. */
static inline uint64_t level_bytes(int level)
{
	return UINT64_C(4096) << 9 * (LAST_LEVEL - level);
}

static inline uint32_t level_index(uint64_t iova, int level)
{
	return (uint32_t)(iova / level_bytes(level)) % TABLE_ENTRIES;
}

static inline bool ttd_is_leaf(uint64_t ttd, int level)
{
	return (ttd & (TTD_VALID | TTD_TABLE)) ==
	       (level == LAST_LEVEL ? TTD_VALID | TTD_PAGE : TTD_VALID);
}

static inline bool ttd_is_table(uint64_t ttd, int level)
{
	return level < LAST_LEVEL && (ttd & (TTD_VALID | TTD_TABLE)) == (TTD_VALID | TTD_TABLE);
}

/* The level whose entries map `bytes`. */
int level_of(uint64_t bytes);

/* As many equal leaves as fit from here on, the largest first (iommu_pgsize). */
struct leaf_run {
	uint64_t bytes; /* of one leaf */
	uint64_t count;
};

struct leaf_run leaf_run_next(uint64_t page_sizes, uint64_t iova, uint64_t pa, uint64_t len);

/* The table of `level` that covers `iova`; 0 = none. A leaf above it is none. */
uint64_t pgtable_find(const struct smmu_domain *domain, uint64_t iova, int level);
/* The leaf at `iova` and its level; 0 = none. */
uint64_t pgtable_leaf(const struct smmu_domain *domain, uint64_t iova, int *level);
/* Does any leaf lie in the range? */
bool pgtable_occupied(const struct smmu_domain *domain, uint64_t iova, uint64_t len);
uint64_t pgtable_alloc(struct smmu_domain *domain);
/* Free a table of `level` and those below it. */
void pgtable_free(struct smmu_domain *domain, uint64_t pa, int level);

/* Clear the range and gather what it owes; stops at a hole. Bytes cleared. */
struct gather;
uint64_t pgtable_unmap(struct smmu_domain *domain, struct actor *self, uint64_t iova, uint64_t len,
		       struct gather *gather, uint64_t *touched);

/*
 * Invalidation (invalidate.c, flush.c)
 */

/* Neighbouring leaves of one size, invalidated together (struct iommu_iotlb_gather). */
struct gather {
	uint64_t iova;
	uint64_t end;
	uint64_t leaf_bytes; /* 0 = nothing gathered */
	bool queued;         /* lazy: the flush takes care */
};

void gather_add(struct smmu_domain *domain, struct actor *self, struct gather *gather,
		uint64_t iova, uint64_t len, uint64_t leaf_bytes);
int gather_sync(struct smmu_domain *domain, struct actor *self, struct gather *gather);

/* Invalidate by leaf, or the whole ASID when that is too many commands; and wait. */
int invalidate_range(struct smmu_domain *domain, struct actor *self, uint64_t iova, uint64_t len,
		     uint64_t leaf_bytes, bool leaf);
/* All that the TLB holds of the domain. */
int invalidate_domain(const struct smmu_domain *domain, struct actor *self);

int flush_init(struct smmu_driver *driver);
/* An unmapped range whose invalidation is owed. */
void flush_queue_add(struct smmu_domain *domain, struct actor *self, uint64_t iova, uint64_t len);
/* Flush if the range is still queued: an IOVA is not used again before. */
void flush_before_reuse(struct smmu_domain *domain, struct actor *self, uint64_t iova,
			uint64_t len);
void flush_domain_added(struct smmu_domain *domain);
void flush_domain_gone(struct smmu_domain *domain, struct actor *self);

#ifdef __cplusplus
}
#endif
#endif
