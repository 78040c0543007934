/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLB: set-associative, cfg.timing.tlb_replacement says who makes room. A line is one page
 * or block of one space; where both stages translate, it holds what both make
 * of a virtual address, and IPAs have lines of their own (tlb_internal.h).
 */
#include "iommu/smmu_internal.h"

#include <errno.h>
#include <stdlib.h>

/* Number of the first line of the set. */
static uint32_t find_set(const struct tlb *tlb, uint64_t space, uint8_t shift, uint64_t ia)
{
	uint64_t key = ia >> shift ^ (uint64_t)shift << 58 ^ space * UINT64_C(0xff51afd7ed558ccd);
	uint32_t hash = (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32);

	return (uint32_t)((uint64_t)hash * tlb->sets >> 32) * tlb->ways;
}

/* An address of a page or block leaves its low bits free for its size. Never 0. */
static uint64_t tag_of(uint8_t shift, uint64_t ia)
{
	return ia >> shift << shift | shift;
}

static struct tlb_line *find_size(struct tlb *tlb, uint64_t space, uint8_t shift, uint64_t ia)
{
	uint64_t tag = tag_of(shift, ia);
	uint32_t first = find_set(tlb, space, shift, ia);

	for (uint32_t i = first; i < first + tlb->ways; i++)
		if (tlb->way[i].tag == tag && tlb->line[i].space == space)
			return &tlb->line[i];
	return NULL;
}

static struct tlb_line *find_space(struct tlb *tlb, uint64_t space, uint64_t ia)
{
	uint64_t shifts = tlb->shifts[(space & SPACE_GLOBAL) != 0];
	struct tlb_line *line = NULL;

	for (; shifts && !line; shifts &= shifts - 1)
		line = find_size(tlb, space, (uint8_t)__builtin_ctzll(shifts), ia);
	return line;
}

static uint64_t global_of(uint64_t space)
{
	return (space & ~SPACE_ASID) | SPACE_GLOBAL;
}

struct tlb_line *smmu_tlb_find(struct smmu *smmu, uint64_t space, uint64_t ia)
{
	struct tlb *tlb = &smmu->tlb;
	struct tlb_line *line = find_space(tlb, space & ~SPACE_ASET, ia);

	if (!line)
		line = find_space(tlb, global_of(space), ia);
	if (line && smmu->cfg.timing.tlb_replacement == SMMU_REPLACE_LRU)
		tlb->way[line - tlb->line].used = ++tlb->clock;
	return line;
}

/*
 * What the addresses' own stage maps as one: of a block of stage 1 on smaller pages of stage 2
 * there is a line for each page, and to invalidate any address is to invalidate them all, as
 * in a TLB of stage 1 alone (16.2.1).
 */
static uint8_t shift_of_leaf(uint64_t space, const struct translation *found)
{
	if (space & SPACE_STAGE2 || !(found->stages & BIT(STAGE1)))
		return found->shift;
	return MAX(found->shift, found->leaf[STAGE1].shift);
}

/* What lines are counted by. */
#define KIND_SHIFT  BITS(5, 0)
#define KIND_GLOBAL BIT(6)
#define KIND_PART   BIT(7) /* of a larger leaf */

static uint8_t kind_of(uint64_t space, const struct translation *found)
{
	return (uint8_t)(found->shift | (space & SPACE_GLOBAL ? KIND_GLOBAL : 0) |
			 (shift_of_leaf(space, found) != found->shift ? KIND_PART : 0));
}

/* How many lines have this size: a look-up tries the sizes that there are. */
static void count(struct tlb *tlb, uint8_t kind, int change)
{
	uint64_t shift = field_get(KIND_SHIFT, kind);
	bool global = kind & KIND_GLOBAL;
	uint32_t *lines = &tlb->count[global][shift];

	if (!*lines)
		tlb->shifts[global] |= BIT(shift);
	*lines += (uint32_t)change;
	if (!*lines)
		tlb->shifts[global] &= ~BIT(shift);
	if (kind & KIND_PART)
		tlb->parts += (uint32_t)change;
}

void smmu_tlb_drop_line(struct smmu *smmu, struct tlb_line *line)
{
	struct tlb *tlb = &smmu->tlb;
	struct tlb_way *way = &tlb->way[line - tlb->line];

	if (!way->tag)
		return;
	*way = (struct tlb_way){0};
	count(tlb, line->kind, -1);
}

/* Number of the line that has this address, of a free one of the set, or of the victim. */
static uint32_t find_room(struct smmu *smmu, uint64_t space, uint8_t shift, uint64_t ia)
{
	struct tlb *tlb = &smmu->tlb;
	uint64_t tag = tag_of(shift, ia);
	uint32_t first = find_set(tlb, space, shift, ia), victim = first;
	uint64_t oldest = UINT64_MAX;

	/* Which one is the oldest no branch predictor knows. */
	for (uint32_t i = first; i < first + tlb->ways; i++) {
		const struct tlb_way *way = &tlb->way[i];

		if (way->tag == tag && tlb->line[i].space == space)
			return i;
		victim = way->used < oldest ? i : victim;
		oldest = MIN(way->used, oldest);
	}
	if (tlb->way[victim].tag && smmu->cfg.timing.tlb_replacement == SMMU_REPLACE_RANDOM)
		victim = first + (uint32_t)rng_below(&smmu->rng, tlb->ways);
	return victim;
}

struct tlb_line *smmu_tlb_fill(struct smmu *smmu, uint64_t space, const struct translation *found)
{
	struct tlb *tlb = &smmu->tlb;
	uint32_t at = find_room(smmu, space, found->shift, found->ia);
	struct tlb_line *line = &tlb->line[at];
	struct tlb_way *way = &tlb->way[at];
	uint8_t kind = kind_of(space, found);

	if (!way->tag || kind != line->kind) {
		if (way->tag)
			count(tlb, line->kind, -1);
		count(tlb, kind, 1);
	}
	line->found = *found;
	line->space = space;
	line->dirty = 0;
	line->kind = kind;
	way->used = ++tlb->clock;
	way->tag = tag_of(found->shift, found->ia);
	return line;
}

static bool is_of_space(const struct tlb_line *line, const struct tlb_scope *scope)
{
	uint64_t mask = scope->mask;

	if (scope->or_global && (line->space & SPACE_GLOBAL))
		mask &= ~(SPACE_ASID | SPACE_GLOBAL);
	return !((line->space ^ scope->space) & mask);
}

bool smmu_tlb_in_scope(const struct tlb_line *line, const struct tlb_scope *scope)
{
	const struct translation *found = &line->found;
	const struct leaf *leaf = &found->leaf[line->space & SPACE_STAGE2 ? STAGE2 : STAGE1];
	uint8_t shift = shift_of_leaf(line->space, found);
	uint64_t first = found->ia >> shift << shift;

	if (!is_of_space(line, scope))
		return false;
	if (scope->all_addresses)
		return true;
	if (first > scope->last || first + (BIT(shift) - 1) < scope->first)
		return false;
	return !scope->granule_shift || (leaf->granule_shift == scope->granule_shift &&
					 (!scope->level || leaf->level == scope->level));
}

/* The one address of one space: its lines can be found by their sets. */
static void drop_address(struct smmu *smmu, const struct tlb_scope *scope, uint64_t space)
{
	struct tlb *tlb = &smmu->tlb;
	uint64_t shifts = tlb->shifts[(space & SPACE_GLOBAL) != 0];

	for (; shifts; shifts &= shifts - 1) {
		struct tlb_line *line =
			find_size(tlb, space, (uint8_t)__builtin_ctzll(shifts), scope->first);

		if (line && smmu_tlb_in_scope(line, scope))
			smmu_tlb_drop_line(smmu, line);
	}
}

void smmu_tlb_drop(struct smmu *smmu, const struct tlb_scope *scope)
{
	struct tlb *tlb = &smmu->tlb;

	tlb->generation++;
	smmu_plant_saw_drop(smmu, scope);
	if (!scope->leaf_only)
		smmu_walkcache_drop(smmu, scope);
	if (!scope->all_addresses && scope->mask == SPACE_ALL && !tlb->parts &&
	    scope->first >> GRANULE_SHIFT == scope->last >> GRANULE_SHIFT) {
		drop_address(smmu, scope, scope->space);
		if (scope->or_global) {
			drop_address(smmu, scope, global_of(scope->space));
			drop_address(smmu, scope, global_of(scope->space) | SPACE_ASET);
		}
		return;
	}
	for (uint32_t i = 0; i < tlb->sets * tlb->ways; i++)
		if (tlb->way[i].tag && smmu_tlb_in_scope(&tlb->line[i], scope))
			smmu_tlb_drop_line(smmu, &tlb->line[i]);
}

int smmu_tlb_init(struct smmu *smmu)
{
	const struct smmu_timing *timing = &smmu->cfg.timing;
	struct tlb *tlb = &smmu->tlb;
	size_t lines;

	tlb->ways = timing->tlb_ways;
	tlb->sets = timing->tlb_entries / timing->tlb_ways;
	lines = (size_t)tlb->sets * tlb->ways;
	rng_init(&smmu->rng, smmu->sim->seed, smmu->env.part.name);
	tlb->line = calloc(lines, sizeof(tlb->line[0]));
	tlb->way = calloc(lines, sizeof(tlb->way[0]));
	return tlb->line && tlb->way ? 0 : -ENOMEM;
}

void smmu_tlb_fini(struct smmu *smmu)
{
	free(smmu->tlb.line);
	free(smmu->tlb.way);
}
