/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk cache: tables that walks of either stage have passed, so that the next
 * walk nearby begins at the lowest of them. What is kept of a table is its
 * address, which in a nested stream is an IPA, and what the tables above it took
 * away. An invalidation that is not for leaves only removes it (IHI 0070, 4.4).
 */
#include "iommu/smmu_internal.h"

#include <errno.h>
#include <stdlib.h>

#define WAYS 4u

struct table_key {
	uint64_t space;
	uint64_t prefix; /* the address bits that lead to the table, and how many follow them */
	uint8_t level;   /* of the descriptor that points to it */
	uint8_t granule_shift;
};

struct table_line {
	bool valid;
	struct table_key key;
	uint8_t shift;
	uint8_t limits;
	uint64_t table;
	uint64_t used;
};

static struct table_key key_of(uint64_t space, const struct tt_tree *tree, uint64_t ia,
			       uint8_t level)
{
	uint8_t shift = smmu_tables_shift(tree, level);

	return (struct table_key){.space = space,
				  .prefix = ia >> shift << shift | shift,
				  .level = level,
				  .granule_shift = tree->granule_shift};
}

static bool keys_equal(const struct table_key *a, const struct table_key *b)
{
	return a->space == b->space && a->prefix == b->prefix && a->level == b->level &&
	       a->granule_shift == b->granule_shift;
}

static struct table_line *set_of(const struct walkcache *cache, const struct table_key *key)
{
	uint64_t hash = (key->prefix ^ key->space << 20) * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	return &cache->line[(hash * cache->sets >> 32) * WAYS];
}

static struct table_line *find(const struct walkcache *cache, const struct table_key *key)
{
	struct table_line *set = set_of(cache, key);

	for (uint32_t way = 0; way < WAYS; way++)
		if (set[way].valid && keys_equal(&set[way].key, key))
			return &set[way];
	return NULL;
}

void smmu_walkcache_find(struct smmu *smmu, uint64_t space, struct walk *walk,
			 const struct tt_tree *tree, uint64_t ia)
{
	struct walkcache *cache = &smmu->walkcache;

	for (int level = 2; level >= tree->start_level; level--) {
		struct table_key key = key_of(space, tree, ia, (uint8_t)level);
		struct table_line *line = find(cache, &key);

		if (!line)
			continue;
		smmu->stats.walk_cache_hits++;
		line->used = ++cache->clock;
		walk->tree = tree;
		walk->ia = ia;
		walk->level = (uint8_t)level;
		walk->limits = line->limits;
		walk->address = line->table;
		smmu_tables_descend(walk);
		return;
	}
	smmu_tables_enter(walk, tree, ia);
}

static struct table_line *pick_victim(struct table_line *set)
{
	struct table_line *victim = set;

	for (uint32_t way = 1; way < WAYS; way++)
		if (victim->valid && (!set[way].valid || set[way].used < victim->used))
			victim = &set[way];
	return victim;
}

void smmu_walkcache_keep(struct smmu *smmu, uint64_t space, const struct walk *walk)
{
	struct walkcache *cache = &smmu->walkcache;
	struct table_key key = key_of(space, walk->tree, walk->ia, walk->level);

	if (find(cache, &key))
		return;
	*pick_victim(set_of(cache, &key)) = (struct table_line){
		.valid = true,
		.key = key,
		.shift = smmu_tables_shift(walk->tree, walk->level),
		.limits = walk->limits,
		.table = walk->address,
		.used = ++cache->clock,
	};
}

/* Tables above the leaves that the scope names; those of its space, whatever their pages are. */
static bool is_in_scope(const struct table_line *line, const struct tlb_scope *scope)
{
	uint64_t first = line->key.prefix >> line->shift << line->shift;

	if ((line->key.space ^ scope->space) & scope->mask & ~SPACE_GLOBAL)
		return false;
	if (scope->all_addresses)
		return true;
	if (first > scope->last || first + (BIT(line->shift) - 1) < scope->first)
		return false;
	return !scope->granule_shift || (line->key.granule_shift == scope->granule_shift &&
					 (!scope->level || line->key.level < scope->level));
}

void smmu_walkcache_drop(struct smmu *smmu, const struct tlb_scope *scope)
{
	struct walkcache *cache = &smmu->walkcache;

	for (uint32_t i = 0; i < cache->sets * WAYS; i++)
		if (cache->line[i].valid && is_in_scope(&cache->line[i], scope))
			cache->line[i].valid = false;
}

int smmu_walkcache_init(struct smmu *smmu)
{
	struct walkcache *cache = &smmu->walkcache;

	cache->sets = smmu->cfg.timing.walk_cache_entries / WAYS;
	cache->line = calloc((size_t)cache->sets * WAYS + 1, sizeof(cache->line[0]));
	return cache->line ? 0 : -ENOMEM;
}

void smmu_walkcache_fini(struct smmu *smmu)
{
	free(smmu->walkcache.line);
}
