/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLB: set-associative, least recently used goes first. A line is one page
 * or block of one address space (ASID), or of all of them when it is global.
 */
#include "iommu/smmu_internal.h"

#include <errno.h>
#include <stdlib.h>

static const uint8_t shift_of_size[3] = {12, 21, 30};

static uint32_t size_of_shift(uint8_t shift)
{
	return (shift - 12u) / 9u;
}

static bool is_global(const struct leaf *leaf)
{
	return !(leaf->ttd & TTD_NG);
}

/* Number of the first line of the set. */
static uint32_t find_set(const struct tlb *tlb, bool global, uint16_t asid, uint32_t size,
			 uint64_t va)
{
	uint64_t key = va >> shift_of_size[size] ^ (uint64_t)shift_of_size[size] << 58;
	uint32_t hash;

	if (!global)
		key ^= (uint64_t)asid << 36;
	hash = (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
	return (uint32_t)((uint64_t)hash * tlb->sets >> 32) * tlb->ways;
}

/* The address of a page or block leaves low bits free for what kind it is. Never 0. */
static uint64_t tag_of(bool global, uint32_t size, uint64_t va)
{
	uint8_t shift = shift_of_size[size];

	return va >> shift << shift | (uint64_t)global << 3 | size << 1 | 1;
}

static struct tlb_line *find_kind(struct tlb *tlb, bool global, uint16_t asid, uint32_t size,
				  uint64_t va)
{
	uint64_t tag = tag_of(global, size, va);
	uint32_t first;

	if (!tlb->count[global][size])
		return NULL;
	first = find_set(tlb, global, asid, size, va);
	for (uint32_t i = first; i < first + tlb->ways; i++)
		if (tlb->tag[i] == tag && (global || tlb->line[i].asid == asid))
			return &tlb->line[i];
	return NULL;
}

struct tlb_line *smmu_tlb_find(struct smmu *smmu, uint16_t asid, uint64_t va)
{
	struct tlb_line *line = NULL;

	for (uint32_t size = 0; size < 3 && !line; size++) {
		line = find_kind(&smmu->tlb, false, asid, size, va);
		if (!line)
			line = find_kind(&smmu->tlb, true, 0, size, va);
	}
	if (line)
		line->used = ++smmu->tlb.clock;
	return line;
}

void smmu_tlb_drop_line(struct smmu *smmu, struct tlb_line *line)
{
	uint64_t *tag = &smmu->tlb.tag[line - smmu->tlb.line];

	if (!*tag)
		return;
	*tag = 0;
	smmu->tlb.count[is_global(&line->leaf)][size_of_shift(line->leaf.shift)]--;
}

/* A free line of the set, or the one that was not used for longest. */
static uint32_t pick_victim(const struct tlb *tlb, uint32_t first)
{
	uint32_t victim = first;

	for (uint32_t i = first; i < first + tlb->ways; i++) {
		if (!tlb->tag[i])
			return i;
		if (tlb->line[i].used < tlb->line[victim].used)
			victim = i;
	}
	return victim;
}

struct tlb_line *smmu_tlb_fill(struct smmu *smmu, uint16_t asid, const struct leaf *leaf)
{
	struct tlb *tlb = &smmu->tlb;
	bool global = is_global(leaf);
	uint32_t size = size_of_shift(leaf->shift);
	struct tlb_line *line = find_kind(tlb, global, asid, size, leaf->va);

	if (!line)
		line = &tlb->line[pick_victim(tlb, find_set(tlb, global, asid, size, leaf->va))];
	smmu_tlb_drop_line(smmu, line);
	*line = (struct tlb_line){.leaf = *leaf, .asid = asid, .used = ++tlb->clock};
	tlb->tag[line - tlb->line] = tag_of(global, size, leaf->va);
	tlb->count[global][size]++;
	return line;
}

void smmu_tlb_drop_all(struct smmu *smmu)
{
	struct tlb *tlb = &smmu->tlb;

	tlb->generation++;
	for (uint32_t i = 0; i < tlb->sets * tlb->ways; i++)
		smmu_tlb_drop_line(smmu, &tlb->line[i]);
}

void smmu_tlb_drop_asid(struct smmu *smmu, uint16_t asid)
{
	struct tlb *tlb = &smmu->tlb;

	tlb->generation++;
	for (uint32_t i = 0; i < tlb->sets * tlb->ways; i++)
		if (tlb->line[i].asid == asid && !is_global(&tlb->line[i].leaf))
			smmu_tlb_drop_line(smmu, &tlb->line[i]);
}

/* Without an ASID to go by, the sets cannot be told: look at every line. */
static void drop_va_of_all(struct smmu *smmu, uint64_t va)
{
	struct tlb *tlb = &smmu->tlb;

	for (uint32_t i = 0; i < tlb->sets * tlb->ways; i++)
		if (!((tlb->line[i].leaf.va ^ va) >> tlb->line[i].leaf.shift))
			smmu_tlb_drop_line(smmu, &tlb->line[i]);
}

void smmu_tlb_drop_va(struct smmu *smmu, uint16_t asid, bool any_asid, uint64_t va)
{
	struct tlb_line *line;

	smmu->tlb.generation++;
	if (any_asid) {
		drop_va_of_all(smmu, va);
		return;
	}
	for (uint32_t size = 0; size < 3; size++)
		for (int global = 0; global < 2; global++) {
			line = find_kind(&smmu->tlb, global, asid, size, va);
			if (line)
				smmu_tlb_drop_line(smmu, line);
		}
}

int smmu_tlb_init(struct smmu *smmu)
{
	const struct smmu_timing *timing = &smmu->cfg.timing;
	struct tlb *tlb = &smmu->tlb;
	size_t lines;

	tlb->ways = timing->tlb_ways;
	tlb->sets = timing->tlb_entries / timing->tlb_ways;
	lines = (size_t)tlb->sets * tlb->ways;
	tlb->line = calloc(lines, sizeof(tlb->line[0]));
	tlb->tag = calloc(lines, sizeof(tlb->tag[0]));
	return tlb->line && tlb->tag ? 0 : -ENOMEM;
}

void smmu_tlb_fini(struct smmu *smmu)
{
	free(smmu->tlb.line);
	free(smmu->tlb.tag);
}
