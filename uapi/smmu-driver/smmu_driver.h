/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_UAPI_SMMU_DRIVER_H
#define VFSIM_UAPI_SMMU_DRIVER_H

/*
 * The kernel's SMMUv3 driver: brings the SMMU up, owns stream table, context
 * descriptors, command and event queues, and builds stage-1 page tables, all in
 * simulated DRAM and through registers on the bus. It takes the place of
 * drivers/iommu/arm/arm-smmu-v3 and io-pgtable-arm; its order of steps and its
 * invalidations are Linux 7.3's.
 *
 * A domain is one I/O address space: a page table and an ASID, attached to
 * streams. Calls that invalidate wait for CMD_SYNC on the calling actor.
 */

#include "base/actor.h"
#include "base/cpu_port.h"
#include "model/memory/frames.h"

#ifdef __cplusplus
extern "C" {
#endif

struct smmu_driver;
struct smmu_domain;

/* How the kernel follows a dirty-bit clear (docs/architecture.md, Dirty state). */
enum dirty_clear {
	DIRTY_CLEAR_LINUX_7_3,  /* no invalidation */
	DIRTY_CLEAR_INVALIDATE, /* TLBI and CMD_SYNC before the bitmap is returned */
};

struct smmu_driver_cfg {
	uint64_t register_pa;
	uint32_t event_irq, gerror_irq, priq_irq; /* wired lines at the cpu port */
	enum dirty_clear dirty_clear;
	/* iommu.strict=0: unmap queues its invalidation, a flush within 10 ms does it. */
	bool lazy_unmap;
	/* From the interrupt to the thread that reads the event queue; on every engine. */
	uint64_t event_latency_ps;
	uint64_t page_request_latency_ps; /* the same of the page request queue */
	uint64_t call_ps;                 /* CPU time of a map, unmap or dirty read */
	uint64_t page_ps;                 /* CPU time of each page-table entry touched */
};

/* Of a PASID, where context descriptors are one table, not two levels (CTXDESC_LINEAR_CDMAX). */
#define CD_LEAF_BITS 10u

/* PASIDs that a function may send; bits 0: none. */
struct smmu_pasids {
	uint8_t bits;
	bool execute, privileged;
};

struct smmu_driver_env {
	struct sim_part part;
	struct cpu_port cpu;
	struct frames *frames;
	/* A translation fault or other event that the driver read from the event queue. Optional.
	 */
	void (*event)(void *ctx, const uint64_t record[4]);
	void *event_ctx;
	/* ATS of the function behind a stream: has it the capability, and switch it. Optional. */
	bool (*ats_supported)(void *ctx, struct actor *self, uint32_t stream_id);
	void (*ats_enable)(void *ctx, struct actor *self, uint32_t stream_id, bool on);
	/* Page requests of that function: so many may be outstanding; 0: it may make none.
	 * Optional. */
	void (*pri_enable)(void *ctx, struct actor *self, uint32_t stream_id, uint32_t allocation);
	/*
	 * PASIDs of that function: enable them, before ATS, and cut `*pasids`, what the SMMU
	 * takes, to what the function may send. Optional; asked once, and only with an SMMU that
	 * takes any.
	 */
	void (*pasid_enable)(void *ctx, struct actor *self, uint32_t stream_id,
			     struct smmu_pasids *pasids);
	void *ats_ctx;
};

/*
 * Probe and reset, on an actor. 0, or -ENODEV (what it found is no usable
 * SMMU), -ENOMEM, -ETIMEDOUT (an ACK or a SYNC never came).
 */
int smmu_driver_probe(const struct smmu_driver_cfg *cfg, const struct smmu_driver_env *env,
		      struct actor *self, struct smmu_driver **driver);
void smmu_driver_remove(struct smmu_driver *driver);

/* What the hardware can do, as iommufd reports it. */
struct smmu_driver_info {
	uint32_t idr[6], iidr, aidr; /* for IOMMU_GET_HW_INFO */
	uint64_t page_sizes;         /* bitmap: 4K | 2M | 1G */
	uint64_t aperture_last;      /* last IOVA a domain can map */
	bool dirty_tracking;
	uint8_t pasid_bits;
};
const struct smmu_driver_info *smmu_driver_info(const struct smmu_driver *driver);
/* What a stream that was attached or blocked before may send. */
struct smmu_pasids smmu_driver_pasids(const struct smmu_driver *driver, uint32_t stream_id);

/* Let a stream of the host's own driver through untranslated (identity domain). */
int smmu_driver_attach_identity(struct smmu_driver *driver, struct actor *self, uint32_t stream_id);
/* Block a stream: the state of a device that nobody owns. */
int smmu_driver_attach_blocked(struct smmu_driver *driver, struct actor *self, uint32_t stream_id);

/* -ENOMEM, -ENOSPC (ASIDs), -EOPNOTSUPP (dirty tracking without HTTU or coherence). */
int smmu_domain_alloc(struct smmu_driver *driver, bool dirty_tracking, struct smmu_domain **domain);
/*
 * The same with a stage 2 table and a VMID instead of an ASID: its addresses are
 * intermediate ones, and it may be the parent of nested streams. -EOPNOTSUPP also
 * where the SMMU has no stage 2 or no addresses of 44 bits.
 */
int smmu_domain_alloc_stage2(struct smmu_driver *driver, bool dirty_tracking,
			     struct smmu_domain **domain);
/* The domain must not be attached. Frees its tables. */
void smmu_domain_free(struct smmu_domain *domain, struct actor *self);
/* A number that identifies the table in trace events. */
uint64_t smmu_domain_id(const struct smmu_domain *domain);

/* Such a number for a table that is not a domain's: a guest's own. */
uint64_t smmu_driver_number_table(struct smmu_driver *driver);

/* Attach replaces what the stream had. */
int smmu_domain_attach(struct smmu_domain *domain, struct actor *self, uint32_t stream_id);

/* Pages that a device asked for together (a Page Request Group), one answer for all. */
#define SMMU_GROUP_PAGES 32u

struct smmu_page {
	uint64_t iova;
	bool read, write, execute, privileged;
};

struct smmu_page_group {
	uint32_t stream_id;
	uint32_t pasid; /* valid with has_pasid */
	bool has_pasid;
	uint16_t index; /* the device's number for it */
	uint32_t pages;
	struct smmu_page page[SMMU_GROUP_PAGES];
};

/*
 * Who is told of a stream's fault records, on the event queue's thread, and of its
 * page request groups, on the page request queue's: `fault` and `pages` must not
 * wait, and return true for what they take care of. With `stall` the stream's
 * faults wait until smmu_driver_resume() says retry or abort. With `pages` the
 * device may ask for pages, if it has ATS, and each group waits for
 * smmu_driver_answer_pages(). Before the stream is attached: -EBUSY; -EOPNOTSUPP
 * where the SMMU knows no stalls, or no page requests.
 */
struct smmu_fault_handler {
	void *ctx;
	bool (*fault)(void *ctx, const uint64_t record[4]);
	bool (*pages)(void *ctx, const struct smmu_page_group *group);
};
int smmu_driver_handle_faults(struct smmu_driver *driver, struct actor *self, uint32_t stream_id,
			      const struct smmu_fault_handler *handler, bool stall);
/* Let the access of a record with STALL go on. -ETIMEDOUT. */
int smmu_driver_resume(struct smmu_driver *driver, struct actor *self, const uint64_t record[4],
		       bool retry);
/* Success: all pages are there. Invalid: not all can be. Failure: the device shall stop asking. */
enum smmu_page_answer { SMMU_PAGES_FAILURE, SMMU_PAGES_INVALID, SMMU_PAGES_SUCCESS };
/* Answer a group. It is not waited for. -ETIMEDOUT: no room for the command. */
int smmu_driver_answer_pages(struct smmu_driver *driver, struct actor *self,
			     const struct smmu_page_group *group, enum smmu_page_answer answer);

/*
 * Substreams: stage 1 domains beside what a stream's other accesses go to, which is a stage 1
 * domain, identity, or nothing. -EINVAL for a stage 2 domain, or a stream that has one or is
 * not known; -ERANGE for a PASID of 0 or beyond what the stream may send; -EBUSY when the PASID
 * is in use, which `replace` takes away from its domain.
 */
int smmu_domain_attach_pasid(struct smmu_domain *domain, struct actor *self, uint32_t stream_id,
			     uint32_t pasid, bool replace);
/* Its accesses fault from now on. -ENOENT when nothing is attached. */
int smmu_driver_detach_pasid(struct smmu_driver *driver, struct actor *self, uint32_t stream_id,
			     uint32_t pasid);

/*
 * Nested: stage 1 is the guest's, who built context descriptors and tables in
 * the addresses of `parent`, a stage 2 domain. `vste` is the guest's stream table
 * entry, whose stage 1 fields are taken; `table` names the guest's address space
 * in trace events.
 */
int smmu_domain_attach_nested(struct smmu_domain *parent, struct actor *self, uint32_t stream_id,
			      const uint64_t vste[2], uint64_t table);
/*
 * A guest's invalidations, done with the parent's VMID and on this stream, and a
 * SYNC. TLBI_NH_*, CFGI_CD* and ATC_INV: -EIO for any other.
 */
int smmu_driver_guest_commands(struct smmu_domain *parent, struct actor *self, uint32_t stream_id,
			       const uint64_t (*command)[2], uint32_t count);

/* Around a reset of the function behind a stream: ATS is off meanwhile. NULL: no driver. */
void smmu_driver_reset_begins(struct smmu_driver *driver, struct actor *self, uint32_t stream_id);
void smmu_driver_reset_ended(struct smmu_driver *driver, struct actor *self, uint32_t stream_id);

enum { SMMU_PROT_READ = 1, SMMU_PROT_WRITE = 2, SMMU_PROT_MMIO = 4 };

/*
 * Map `len` bytes at `iova` to the physically contiguous `pa`, with the largest
 * page sizes that fit. All 4 KiB aligned. -EEXIST if something is there,
 * -ERANGE beyond the aperture, -ENOMEM; nothing is left mapped on error.
 */
int smmu_domain_map(struct smmu_domain *domain, struct actor *self, uint64_t iova, uint64_t pa,
		    uint64_t len, uint32_t prot);
/*
 * The same for `pages` 4 KiB pages in one call: page i from `iova` on goes to
 * first_pa + i * step. `step` is 4096 (contiguous: large pages where they fit)
 * or -4096 (a guest's scattered small pages). Costs one call, and a page_ps for
 * each entry written.
 */
int smmu_domain_map_pages(struct smmu_domain *domain, struct actor *self, uint64_t iova,
			  uint64_t first_pa, int64_t step, uint64_t pages, uint32_t prot);
/*
 * Take `len` bytes at `iova` out of the table and, strict, wait until no
 * translation of them is in use. Returns the bytes unmapped: all, or those up to
 * the first hole or up to a large page that the range cuts.
 */
uint64_t smmu_domain_unmap(struct smmu_domain *domain, struct actor *self, uint64_t iova,
			   uint64_t len);
/* Physical address at `iova`, 0 = none. Reads the table in DRAM. */
uint64_t smmu_domain_iova_to_phys(struct smmu_domain *domain, uint64_t iova);

/* Nothing to switch in the table: 0, or -EOPNOTSUPP where the SMMU updates no dirty state. */
int smmu_domain_set_dirty_tracking(struct smmu_domain *domain, struct actor *self, bool enable);
/*
 * Call `dirty(ctx, iova, len)` for each run of neighbouring dirty leaves that
 * [iova, iova+len) touches, in order and with their whole extent, and unless
 * `no_clear` make them clean. Holes are skipped. The time the walk costs is
 * spent before the entries are looked at: all are read at one instant, returned
 * in `*begin_ps`. `dirty` must not wait. -EINVAL beyond the aperture, -ETIMEDOUT.
 */
int smmu_domain_read_dirty(struct smmu_domain *domain, struct actor *self, uint64_t iova,
			   uint64_t len, bool no_clear,
			   void (*dirty)(void *ctx, uint64_t iova, uint64_t len), void *ctx,
			   uint64_t *begin_ps);

#ifdef __cplusplus
}
#endif
#endif
