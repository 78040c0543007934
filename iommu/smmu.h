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

/* IDR0.STALL_MODEL: what becomes of a transaction whose translation faults, 3.12. */
enum smmu_stall_model {
	SMMU_STALL_BOTH = 0,   /* as CD.S and STE.S2S say */
	SMMU_STALL_NEVER = 1,  /* it is terminated */
	SMMU_STALL_FORCED = 2, /* it waits for software; not with PCI Express, 6.3.1 */
};

struct smmu;

/* Which line of a full set of the TLB makes room. */
enum smmu_replacement {
	SMMU_REPLACE_LRU,    /* that not used for longest */
	SMMU_REPLACE_FIFO,   /* that filled first */
	SMMU_REPLACE_RANDOM, /* any; the SMMU's own random stream */
};

struct smmu_timing {
	uint64_t tlb_hit_ps;   /* added to a request that hits */
	uint64_t walk_step_ps; /* added to each table fetch, beyond the memory's own time */
	uint64_t command_ps;   /* per command consumed */
	uint32_t walkers;      /* walks under way at once */
	uint32_t tlb_entries;
	uint32_t tlb_ways;
	uint32_t walk_cache_entries; /* tables kept, a multiple of 4; 0: each walk begins above */
	/* An invalidation that a device has not answered by then has failed, 3.9.1.4; 0: never. */
	uint64_t ats_timeout_ps;
	enum smmu_replacement tlb_replacement;
};

/*
 * What an SMMU offers and how it is built. Codes and flags are those of IDR0 to
 * IDR5 (IHI 0070, 6.3.1 to 6.3.8) and say there what they mean; zero is "not
 * offered" except where told.
 */
struct smmu_cfg {
	uint8_t version;   /* AIDR: SMMUv3.0 to SMMUv3.4 */
	uint32_t iidr;     /* IIDR; the identification registers' part comes from it too */
	uint8_t sid_bits;  /* IDR1.SIDSIZE */
	uint8_t ssid_bits; /* IDR1.SSIDSIZE */
	uint8_t cmdq_log2; /* IDR1.CMDQS */
	uint8_t evtq_log2; /* IDR1.EVENTQS */
	uint8_t priq_log2; /* IDR1.PRIQS */
	uint8_t oas_bits;  /* 32, 36, 40, 42, 44, 48 or 52 */
	uint8_t ttf;       /* IDR0.TTF, formats of tables: 1 VMSAv8-32 LPAE, 2 VMSAv8-64, 3 both */
	uint8_t httu;      /* IDR0.HTTU: 3 is dirty state, and access flag in table descriptors */
	uint8_t granules;  /* IDR5.GRAN4K, GRAN16K, GRAN64K: SMMU_GRANULE_* */
	uint8_t endian;    /* IDR0.TTENDIAN: 0 either, 2 little, 3 big */
	uint8_t stall_model;   /* IDR0.STALL_MODEL: enum smmu_stall_model */
	uint16_t stall_max;    /* IDR5.STALL_MAX */
	uint8_t bbml;          /* IDR3.BBML */
	bool s1, s2;           /* IDR0.S1P, IDR0.S2P */
	bool hyp;              /* IDR0.HYP: the EL2 worlds */
	bool asid16, vmid16;   /* IDR0.ASID16, IDR0.VMID16: 8 bits otherwise */
	bool vmw;              /* IDR0.VMW: VMID wildcards */
	bool two_level_strtab; /* IDR0.ST_LEVEL */
	bool two_level_cd;     /* IDR0.CD2L */
	bool term_abort;       /* IDR0.TERM_MODEL: no RAZ/WI */
	bool ats, ns1ats, pri; /* IDR0.ATS, IDR0.NS1ATS, IDR0.PRI */
	bool atsrecerr;        /* IDR0.ATSRECERR: CR2.REC_CFG_ATS */
	bool msi, sev;         /* IDR0.MSI, IDR0.SEV */
	bool coherent;         /* IDR0.COHACC */
	bool attr_types_ovr;   /* IDR1.ATTR_TYPES_OVR */
	bool attr_perms_ovr;   /* IDR1.ATTR_PERMS_OVR */
	bool had;              /* IDR3.HAD */
	bool xnx;              /* IDR3.XNX */
	bool pps;              /* IDR3.PPS: responses of its own carry the request's substream */
	bool fwb;              /* IDR3.FWB */
	bool stt;              /* IDR3.STT: small translation tables */
	bool ril;              /* IDR3.RIL: range invalidation */
	bool e0pd;             /* IDR3.E0PD */
	bool ptwnnc;           /* IDR3.PTWNNC */
	bool epan;             /* IDR3.EPAN */
	bool vax;              /* IDR5.VAX: 52-bit virtual addresses, 64 KiB granule */
	bool counters32;       /* PMCG_CFGR.SIZE: counters of 32 bits; of 64 otherwise */
	/* Where MSIs go: a write there is one to Device memory, also from a stream in bypass. */
	uint64_t doorbell_pa, doorbell_bytes;
	/* Does a configuration that stalls terminate the faults of masters that cannot wait
	 * (bus_attr.may_stall)? The architecture permits it where both models exist, 3.12. */
	bool stall_downgrade;
	/* Is a stall like one that software knows of already recorded? If so, it waits for the
	 * other's CMD_RESUME, 3.12.2.1. */
	bool stall_suppress;
	/* Within this time equal records are one where STE.MEV lets them, 7.3.1; 0: never. */
	uint64_t event_merge_ps;
	/* May the TLB keep an entry that is writable and already marked dirty? If not,
	 * every write looks at the descriptor again. */
	bool cache_dirty;
	/* Is configuration that is invalid looked at again by the next access? It may be kept, so
	 * that software must invalidate even what was not valid, 4.3. */
	bool forget_invalid;
	/* Do the neighbours of a stage 1 leaf in its 64 bytes go into the TLB with it? Permitted as
	 * any speculation is. */
	bool prefetch;
	uint32_t max_transactions; /* pool of requests in flight */
	struct smmu_timing timing;
};

/* Why no SMMU can be like that: the member of struct smmu_cfg, NULL when there is none, and what
 * was expected of it. Static texts. */
struct smmu_cfg_fault {
	const char *member;
	const char *expected;
};
struct smmu_cfg_fault smmu_cfg_fault(const struct smmu_cfg *cfg);

enum smmu_irq {
	SMMU_IRQ_EVTQ,
	SMMU_IRQ_GERROR,
	SMMU_IRQ_CMD_SYNC,
	SMMU_IRQ_PRIQ,
	SMMU_IRQ_PMCG,
	/* No interrupt: the event that a PE in WFE wakes up by; with IDR0.SEV. */
	SMMU_WAKE,
};

struct smmu_env {
	struct sim_part part;
	struct bus_port memory; /* to the fabric: DMA, tables, queues, MSI writes */
	struct irq_port irq;    /* wired interrupts, enum smmu_irq */
};

/* NULL without memory or for a cfg with a fault. */
struct smmu *smmu_create(const struct smmu_cfg *cfg, const struct smmu_env *env);
void smmu_destroy(struct smmu *smmu);

/* Registers: pages 0 and 1, addresses are offsets. */
struct bus_port smmu_register_port(struct smmu *smmu);

/* The performance monitor counter group's page, chapter 10; addresses are offsets. */
struct bus_port smmu_pmcg_port(struct smmu *smmu);

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
const struct reg_table *smmu_pmcg_register_table(void);

/* Counted since creation; borrowed, valid while the SMMU lives. */
struct smmu_counters {
	uint64_t transactions;
	uint64_t tlb_hits;
	uint64_t tlb_misses; /* lookups that had to wait for a walk */
	uint64_t walks;
	uint64_t walk_cache_hits; /* those that began below the first table, by stage */
	uint64_t leaf_reads;      /* writes that looked at their descriptor again */
	uint64_t access_updates;
	uint64_t dirty_updates;
	uint64_t ste_fetches;
	uint64_t cd_fetches;
	uint64_t faults;      /* transactions terminated */
	uint64_t events;      /* records written */
	uint64_t events_lost; /* records not written: queue full, off or refused */
	uint64_t commands;
	uint64_t syncs;
	uint64_t stalls;            /* transactions made to wait for software */
	uint64_t stall_retries;     /* those looked up again */
	uint64_t events_merged;     /* records that an equal one stands for */
	uint64_t ats_requests;      /* translation requests */
	uint64_t ats_refused;       /* of these: Unsupported Request or Completer Abort */
	uint64_t ats_translated;    /* accesses with a translated address */
	uint64_t ats_invalidations; /* sent to devices */
	uint64_t ats_timeouts;
	uint64_t page_requests;      /* recorded */
	uint64_t page_requests_lost; /* discarded: overflow, queue off or refused */
	uint64_t page_responses;     /* of software */
	uint64_t page_responses_own; /* for software, of what was discarded */
};
const struct smmu_counters *smmu_stats(const struct smmu *smmu);

/* What is under way now. */
struct smmu_levels {
	uint32_t transactions; /* devices' requests, from arrival to completion */
	uint32_t walks;        /* walker slots that are busy */
	uint32_t waiting;      /* transactions that wait for a slot */
	uint32_t stalled;      /* transactions that wait for software */
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
