/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMU_SMMU_H
#define VFSIM_IOMMU_SMMU_H

/*
 * An Arm SMMUv3 (IHI 0070), non-secure state: registers, stream table, context
 * descriptors, walks, TLB, command and event queues, hardware update of access
 * flag and dirty state, ATS and page requests.
 *
 * It sits in line: a device's requests enter at the DMA port with their stream
 * ID and leave translated, or do not leave. Tables and queues are read and
 * written through the same memory port as everything else.
 */

#include "base/ats.h"
#include "base/port.h"
#include "base/regs.h"
#include "base/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SMMU_REGISTER_BYTES 0x20000u

#define SMMU_GRANULE_4K  1u
#define SMMU_GRANULE_16K 2u
#define SMMU_GRANULE_64K 4u

struct smmu;

struct smmu_timing {
	uint64_t tlb_hit_ps;   /* added to a request that hits */
	uint64_t walk_step_ps; /* added to each table fetch, beyond the memory's own time */
	uint64_t command_ps;   /* per command consumed */
	uint32_t walkers;      /* walks under way at once */
	uint32_t tlb_entries;
	uint32_t tlb_ways;
	/* An invalidation that a device has not answered by then has failed, 3.9.1.4; 0: never. */
	uint64_t ats_timeout_ps;
};

struct smmu_cfg {
	uint8_t sid_bits;      /* IDR1.SIDSIZE */
	uint8_t ssid_bits;     /* IDR1.SSIDSIZE */
	uint8_t cmdq_log2;     /* IDR1.CMDQS */
	uint8_t evtq_log2;     /* IDR1.EVENTQS */
	uint8_t oas_bits;      /* 32, 36, 40, 42, 44 or 48 */
	uint8_t httu;          /* IDR0.HTTU: 0 none, 1 access flag, 2 access flag and dirty state */
	uint8_t granules;      /* IDR5.GRAN4K, GRAN16K, GRAN64K: SMMU_GRANULE_* */
	bool s1, s2;           /* IDR0.S1P, IDR0.S2P */
	bool hyp;              /* IDR0.HYP: the EL2 worlds */
	bool asid16, vmid16;   /* IDR0.ASID16, IDR0.VMID16: 8 bits otherwise */
	bool two_level_strtab; /* IDR0.ST_LEVEL */
	bool two_level_cd;     /* IDR0.CD2L */
	bool had;              /* IDR3.HAD */
	bool xnx;              /* IDR3.XNX */
	bool ril;              /* IDR3.RIL: range invalidation */
	bool vax;              /* IDR5.VAX: 52-bit virtual addresses, 64 KiB granule */
	bool msi;              /* IDR0.MSI */
	bool coherent;         /* IDR0.COHACC */
	bool ats;              /* IDR0.ATS */
	bool pri;              /* IDR0.PRI; needs ats */
	bool pps;              /* IDR3.PPS: responses of its own carry the request's substream */
	uint8_t priq_log2;     /* IDR1.PRIQS, with pri */
	/* May the TLB keep an entry that is writable and already marked dirty? If not,
	 * every write looks at the descriptor again. */
	bool cache_dirty;
	uint32_t max_transactions; /* pool of requests in flight */
	struct smmu_timing timing;
};

enum smmu_irq { SMMU_IRQ_EVTQ, SMMU_IRQ_GERROR, SMMU_IRQ_CMD_SYNC, SMMU_IRQ_PRIQ };

struct smmu_env {
	struct sim_part part;
	struct bus_port memory; /* to the fabric: DMA, tables, queues, MSI writes */
	struct irq_port irq;    /* wired interrupts, enum smmu_irq */
};

/* NULL without memory or for a cfg that no SMMUv3 can present. */
struct smmu *smmu_create(const struct smmu_cfg *cfg, const struct smmu_env *env);
void smmu_destroy(struct smmu *smmu);

/* Registers: pages 0 and 1, addresses are offsets. */
struct bus_port smmu_register_port(struct smmu *smmu);

/*
 * Where the root complex sends the DMA of its streams. A request lies within
 * one 4 KiB page, as PCI Express demands; one that does not is terminated as
 * F_UUT. Completions: BUS_OK, BUS_FAULT (terminated here; a posted write was
 * dropped), or what memory answered.
 */
struct bus_port smmu_dma_port(struct smmu *smmu);

/* ATS and PRI messages to the devices. Without it, the system beyond has none. Copied. */
void smmu_connect_ats(struct smmu *smmu, const struct ats_port *port);
/* Where the root complex hands on what devices answer and ask. */
struct ats_agent smmu_ats_agent(struct smmu *smmu);

/* The registers' table: names, offsets, bits (`vfsim describe registers`). Static. */
const struct reg_table *smmu_register_table(void);

/* Counted since creation; borrowed, valid while the SMMU lives. */
struct smmu_counters {
	uint64_t transactions;
	uint64_t tlb_hits;
	uint64_t tlb_misses; /* lookups that had to wait for a walk */
	uint64_t walks;
	uint64_t leaf_reads; /* writes that looked at their descriptor again */
	uint64_t access_updates;
	uint64_t dirty_updates;
	uint64_t ste_fetches;
	uint64_t cd_fetches;
	uint64_t faults;      /* transactions terminated */
	uint64_t events;      /* records written */
	uint64_t events_lost; /* records not written: queue full, off or refused */
	uint64_t commands;
	uint64_t syncs;
	uint64_t ats_requests;      /* translation requests */
	uint64_t ats_refused;       /* of these: Unsupported Request or Completer Abort */
	uint64_t ats_translated;    /* accesses with a translated address */
	uint64_t ats_invalidations; /* sent to devices */
	uint64_t ats_timeouts;
	uint64_t page_requests;      /* recorded */
	uint64_t page_requests_lost; /* discarded: overflow, queue off or refused */
};
const struct smmu_counters *smmu_stats(const struct smmu *smmu);

/* What is under way now. */
struct smmu_levels {
	uint32_t transactions; /* devices' requests, from arrival to completion */
	uint32_t walks;        /* walker slots that are busy */
	uint32_t waiting;      /* transactions that wait for a slot */
};
struct smmu_levels smmu_levels_get(const struct smmu *smmu);

/* What a walker slot fetches: WALK's argument in the trace. */
enum smmu_walk_kind { SMMU_WALK_TABLES, SMMU_WALK_STE, SMMU_WALK_CD };

/* Nothing in flight and no command waiting: for the leak check at the end of a run. */
bool smmu_idle(const struct smmu *smmu);

#ifdef __cplusplus
}
#endif
#endif
