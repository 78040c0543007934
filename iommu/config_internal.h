/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMU_CONFIG_INTERNAL_H
#define VFSIM_IOMMU_CONFIG_INTERNAL_H

/*
 * Configuration as the SMMU keeps it: stream table entries and context
 * descriptors, decoded once when they are fetched, and their caches.
 */

#include "iommu/attr_internal.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct smmu;

/* One tree of translation tables: a region of a CD, or the stage 2 of an STE. */
struct tt_tree {
	uint64_t root; /* address of its first table, aligned to that table's size */
	/* What each step of a walk takes of a descriptor and an address (smmu_tables_shape). */
	uint64_t table_address; /* bits of a table's address in its descriptor */
	uint64_t beyond;        /* bits of an address that the output size does not hold */
	uint64_t table_beyond;  /* the same, of a table's address */
	uint64_t leaves;        /* bits of an output address that leave */
	uint64_t index_mask;    /* descriptors of a table - 1 */
	uint8_t granule_shift;  /* 12, 14 or 16 */
	uint8_t shift[4];       /* by level: log2 of what one descriptor maps */
	uint8_t ia_bits;
	uint8_t oa_bits;
	bool oas_52; /* the SMMU's addresses have 52 bits, whatever this tree's have */
	uint8_t start_level;
	bool disabled;         /* EPD: what is not in the TLB is not walked for */
	bool top_byte_ignored; /* TBI */
	bool flat;             /* HAD: attributes in table descriptors do not count */
	bool no_unprivileged;  /* E0PD: nothing is mapped for unprivileged accesses */
	bool big_endian;
	struct mem_attr memory; /* what its tables are read with */
};

/* What an access may not do to a page that the tables leave open; who hears of a fault. */
struct stage_policy {
	bool ha, hd; /* hardware updates of access flag and dirty state */
	bool haft;   /* access flags in table descriptors too */
	bool affd;   /* no faults for a clear access flag */
	bool record; /* R, S2R */
	bool stall;  /* S, S2S */
};

/* A stream table entry, decoded (strtab.c). */
enum ste_kind { STE_ILLEGAL, STE_ABORT, STE_BYPASS, STE_TRANSLATES };

struct ste_config {
	enum ste_kind kind;
	bool stage1, stage2;
	uint8_t world; /* SPACE_WORLD_*, from STRW */
	uint8_t eats;  /* STE1_EATS_*; SPLIT counts only with CR0.ATSCHK */
	uint8_t privcfg, instcfg;
	struct attr_override override;
	bool merge; /* MEV */
	bool ppar;

	/* stage 1 */
	uint8_t cd_max;  /* log2 of the CDs behind context_ptr; 0: no substreams */
	uint8_t cd_leaf; /* log2 of the CDs in a leaf of a 2-level table; 0: it is linear */
	uint8_t s1dss;
	uint64_t context_ptr;
	struct mem_attr context_memory; /* what CDs are read with */
	bool stall_disabled;            /* S1STALLD: no CD may stall */

	/* stage 2 */
	uint16_t vmid;
	bool aarch32; /* S2AA64 is 0 */
	bool ptw;     /* S2PTW: no tables in Device memory */
	bool fwb;
	bool mte_perm;
	struct tt_tree tree;
	struct stage_policy policy;
};

/* A context descriptor, decoded (cd.c). */
struct cd_config {
	bool illegal;
	bool abort;   /* A: a terminated access is answered by an abort, not RAZ/WI */
	bool aarch32; /* AA64 is 0: its tables are of VMSAv8-32 */
	bool wxn, uwxn, pan, epan;
	bool private_asid; /* ASET: its global pages are not those of the other set */
	uint16_t asid;
	uint8_t memory[8]; /* MAIR */
	struct stage_policy policy;
	struct tt_tree region[2];
};

/* Configuration cache (confcache.c). */
#define CONF_SETS  256u
#define CONF_WAYS  4u
#define L1STD_SETS 64u
#define L1CD_SETS  256u

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

/* A descriptor of the first level of a CD table. */
struct l1cd_line {
	bool valid;
	uint32_t stream;
	uint32_t index;
	uint64_t l1cd;
};

struct confcache {
	struct ste_line ste[CONF_SETS][CONF_WAYS];
	struct cd_line cd[CONF_SETS][CONF_WAYS];
	struct l1std_line l1std[L1STD_SETS];
	struct l1cd_line l1cd[L1CD_SETS];
	uint8_t ste_victim[CONF_SETS];
	uint8_t cd_victim[CONF_SETS];
	uint64_t generation; /* counts invalidations: an older fetch must not fill */
};

const struct ste_config *smmu_conf_find_ste(struct smmu *smmu, uint32_t stream);
const struct cd_config *smmu_conf_find_cd(struct smmu *smmu, uint32_t stream, uint32_t index);
const uint64_t *smmu_conf_find_l1std(struct smmu *smmu, uint32_t index);
const uint64_t *smmu_conf_find_l1cd(struct smmu *smmu, uint32_t stream, uint32_t index);
void smmu_conf_fill_ste(struct smmu *smmu, uint32_t stream, const struct ste_config *ste);
void smmu_conf_fill_cd(struct smmu *smmu, uint32_t stream, uint32_t index,
		       const struct cd_config *cd);
/* Not an invalidation: what was kept for those that waited for it. */
void smmu_conf_forget_ste(struct smmu *smmu, uint32_t stream);
void smmu_conf_forget_cd(struct smmu *smmu, uint32_t stream, uint32_t index);
void smmu_conf_fill_l1std(struct smmu *smmu, uint32_t index, uint64_t l1std);
void smmu_conf_fill_l1cd(struct smmu *smmu, uint32_t stream, uint32_t index, uint64_t l1cd);
/* Streams whose ID equals `stream` under `mask`. */
void smmu_conf_drop_streams(struct smmu *smmu, uint32_t stream, uint32_t mask, bool l1std);
/* `l1cd`: the descriptors on the way too. */
void smmu_conf_drop_cd(struct smmu *smmu, uint32_t stream, uint32_t index, bool l1cd);
void smmu_conf_drop_cds(struct smmu *smmu, uint32_t stream);

#ifdef __cplusplus
}
#endif
#endif
