/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMU_TLB_INTERNAL_H
#define VFSIM_IOMMU_TLB_INTERNAL_H

/*
 * What walks found and what is kept of it. Every line belongs to a space: which
 * stage it translates, whose it is (world, VMID, ASID), and whether it is global
 * in its VMID. A command removes the lines whose space equals a value under a
 * mask, of all addresses or of a range.
 */

#include "base/bits.h"
#include "base/memattr.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum stage { STAGE1, STAGE2 };

/* What the tables on the way to a leaf took away. */
#define LIMIT_READ_ONLY 1u
#define LIMIT_PRIV_ONLY 2u
#define LIMIT_PXN       4u
#define LIMIT_UXN       8u

/* The end of one stage's walk: a page, a block, or a contiguous run of them. */
struct leaf {
	uint64_t oa;     /* of the whole leaf */
	uint64_t ttd;    /* its descriptor */
	uint64_t ttd_pa; /* where that is */
	uint64_t ttd_ia; /* the same before stage 2 */
	uint8_t shift;   /* log2 of the bytes that it maps */
	uint8_t level;
	uint8_t granule_shift;
	uint8_t limits;
	struct mem_attr memory; /* that its descriptor is read with */
};

/* One stage, or both: what an address becomes. */
struct translation {
	uint64_t ia;
	uint64_t pa;
	struct leaf leaf[2]; /* by enum stage; those in `stages` */
	uint8_t shift;       /* the smaller of both */
	uint8_t stages;      /* BIT(STAGE1), BIT(STAGE2) */
};

/* TLB tags. IPAs are kept in lines of their own: SPACE_STAGE2. */
#define SPACE_ASID          BITS(15, 0) /* 0 where SPACE_GLOBAL is set */
#define SPACE_VMID          BITS(31, 16)
#define SPACE_WORLD         BITS(33, 32)
#define SPACE_WORLD_EL1     0u
#define SPACE_WORLD_EL2     2u /* without ASIDs: all its lines are global */
#define SPACE_WORLD_EL2H    3u /* CR2.E2H */
#define SPACE_WORLD_ANY_EL2 BIT(33)
#define SPACE_GLOBAL        BIT(34)
#define SPACE_STAGE2        BIT(35)
#define SPACE_ALL           BITS(35, 0)
#define SPACE_ASET          BIT(36) /* of global lines: CD.ASET; no command goes by it */

/* What an invalidation removes: lines of matching spaces... */
struct tlb_scope {
	uint64_t mask, space;
	bool or_global;        /* global lines too, whatever the ASID */
	bool all_addresses;    /* or those that map part of: */
	bool leaf_only;        /* tables on the way may stay */
	uint64_t first, last;  /* inclusive */
	uint8_t granule_shift; /* 0: any leaf; else those of this granule and */
	uint8_t level;         /* this level; 0: any */
};

struct tlb_line {
	struct translation found;
	uint64_t space;
	uint8_t dirty; /* stages it was written through; kept only with cfg.cache_dirty */
	uint8_t kind;  /* what lines are counted by, tlb.c */
};

/* Of a line what a look-up compares, and when it was filled or, for LRU, found. 0: it is free. */
struct tlb_way {
	uint64_t tag, used;
};

#define TLB_SHIFTS 48u /* a leaf maps less than 2^48 bytes */

struct tlb {
	struct tlb_line *line; /* sets * ways */
	struct tlb_way *way;   /* of each line */
	uint32_t sets;
	uint32_t ways;
	uint32_t count[2][TLB_SHIFTS]; /* lines in use: [global][shift] */
	uint64_t shifts[2];            /* those whose count is not 0, one bit each */
	uint32_t parts;                /* lines in use that hold a part of a larger leaf */
	uint64_t clock;
	uint64_t generation; /* counts invalidations: an older walk must not fill */
};

/* Tables that walks have passed (walkcache.c). */
struct walkcache {
	struct table_line *line; /* sets of a few ways */
	uint32_t sets;           /* 0: there is none */
	uint64_t clock;
};

struct smmu;
struct tt_tree;
struct walk;

int smmu_walkcache_init(struct smmu *smmu);
void smmu_walkcache_fini(struct smmu *smmu);
/* smmu_tables_enter(), or as far down as is known. */
void smmu_walkcache_find(struct smmu *smmu, uint64_t space, struct walk *walk,
			 const struct tt_tree *tree, uint64_t ia);
/* The walk's descriptor leads to a table. */
void smmu_walkcache_keep(struct smmu *smmu, uint64_t space, const struct walk *walk);
void smmu_walkcache_drop(struct smmu *smmu, const struct tlb_scope *scope);

int smmu_tlb_init(struct smmu *smmu);
void smmu_tlb_fini(struct smmu *smmu);
/* `space` without SPACE_GLOBAL; global lines of its VMID, world and ASET are found too. */
struct tlb_line *smmu_tlb_find(struct smmu *smmu, uint64_t space, uint64_t ia);
/* `space` with SPACE_GLOBAL and no ASID where the leaf is global. */
struct tlb_line *smmu_tlb_fill(struct smmu *smmu, uint64_t space, const struct translation *found);
void smmu_tlb_drop_line(struct smmu *smmu, struct tlb_line *line);
bool smmu_tlb_in_scope(const struct tlb_line *line, const struct tlb_scope *scope);
void smmu_tlb_drop(struct smmu *smmu, const struct tlb_scope *scope);

#ifdef __cplusplus
}
#endif
#endif
