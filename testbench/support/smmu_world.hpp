/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_SUPPORT_SMMU_WORLD_HPP
#define VFSIM_TESTBENCH_SUPPORT_SMMU_WORLD_HPP

/*
 * A random world for an SMMU: features, registers, stream table, CDs, tables of
 * both stages, most of them right, some of them broken; and random requests,
 * changes and commands in it. One seed makes one world.
 */

#include "base/rng.h"
#include "base/sim.h"
#include "iommu/smmu.h"
#include "testbench/support/reference/smmu.hpp"
#include "testbench/support/reference/tables.hpp"
#include "testbench/support/smmu_world_memory.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

/* Chance, in words that tests use. */
class Chance
{
public:
	Chance(uint64_t seed, const char *stream)
	{
		rng_init(&rng, seed, stream);
	}
	uint64_t Word()
	{
		return rng_next(&rng);
	}
	uint64_t Below(uint64_t bound)
	{
		return rng_below(&rng, bound);
	}
	bool OneIn(uint64_t n)
	{
		return Below(n) == 0;
	}
	bool Coin()
	{
		return OneIn(2);
	}
	template <typename T>
	T Of(std::initializer_list<T> values)
	{
		return values.begin()[Below(values.size())];
	}
	template <typename Container>
	auto &Any(Container &values)
	{
		return values[Below(values.size())];
	}

private:
	struct rng rng;
};

/*
 * Go through worlds until one fails: those of seed 1 to `fixed`, or what VFSIM_SEEDS
 * says, N or FIRST-LAST. A failure tells its seed.
 */
void EachSeed(uint64_t fixed, const std::function<void(uint64_t seed)> &world);

/* Legal features at random; caches and walkers are few. `ats`: with ATS for sure. */
struct smmu_cfg RandomFeatures(Chance &chance, bool timed, bool ats = false);

/* Translation tables that grow where something is mapped. */
struct WorldTree {
	int stage, granule_bits, ia_bits, start_level;
	bool upper, big_endian, oa_52;
	bool lpae; /* VMSAv8-32: addresses of 32 bits, and 40 of an IPA */
	int oa_bits;
	uint64_t base;    /* as the walk addresses it */
	WorldTree *below; /* stage 2 of a nested stage 1's tables and outputs, or nullptr */
	std::vector<uint64_t> inputs;

	/* What an input is as a device's address. */
	uint64_t Address(uint64_t input) const;
};

/* A descriptor that was written; leaves stand for their whole contiguous group. */
struct WorldPlace {
	WorldTree *tree;
	int level;
	uint64_t input, physical;
	bool leaf;
};

/* What CDs select: tables for both halves of the addresses. */
struct WorldContext {
	WorldTree *half[2];
};

/* Stage 2, or none of it, and the contexts above it. */
struct WorldRealm {
	WorldTree *stage2;
	std::vector<WorldContext> contexts;
};

struct WorldStream {
	uint32_t id;
	WorldRealm *realm;
	std::unique_ptr<ref::CdTable> cds;
	int cd_max;
	std::vector<uint32_t> substreams; /* that have a CD */
};

class SmmuWorld
{
public:
	/*
	 * `timed`: memory and commands take time, otherwise accesses are made within the call.
	 * `ats`: devices ask for translations and use what they were told, beside what they else
	 * do.
	 */
	SmmuWorld(uint64_t seed, bool timed, bool ats = false);
	~SmmuWorld();
	SmmuWorld(const SmmuWorld &) = delete;
	SmmuWorld &operator=(const SmmuWorld &) = delete;

	ref::Request Ask();
	/* Change a structure or a descriptor; a command that covers the change. */
	ref::Words<2> Change();
	/* The same of a leaf that translates `address`, if there is one. */
	ref::Words<2> ChangeLeafOf(uint64_t address);
	/* Any legal command but those that software answers events with. */
	ref::Words<2> SomeCommand();
	/* A leaf of stage 1 or 2 that something in the world may use. */
	const WorldPlace &SomeLeaf();
	/* Another value for a leaf, as software would change it. */
	uint64_t OtherLeaf(const WorldPlace &place);
	uint64_t Load(const WorldPlace &place) const;
	void Store(const WorldPlace &place, uint64_t descriptor);
	std::string Text() const;

	Chance chance;
	struct sim sim = {};
	struct smmu_cfg cfg;
	WorldMemory memory;
	ref::Registers registers; /* as software writes them */

private:
	/* smmu_world.cpp */
	void MakeRegisters();
	void MakeRealm(bool nested);
	void MakeStream(uint32_t id);
	ref::Ste SomeSte(WorldStream &stream);
	void SomeStage2(ref::Ste &ste, const WorldStream &stream);
	ref::Cd SomeCd(const WorldStream &stream);
	void AskOrUseTranslation(ref::Request &request);
	void SetCd(WorldStream &stream, uint32_t substream);
	uint64_t SomeAddress(const WorldStream &stream);
	uint16_t SomeTag(bool is_16_bits);
	int OutputBitsOf(uint64_t code) const;
	uint64_t OutputCode(int least_bits);

	/* smmu_world_tables.cpp */
	WorldTree *MakeTree(int stage, WorldTree *below, bool upper, bool big_endian, bool lpae);
	WorldContext MakeContext(WorldTree *below, bool big_endian);
	bool SomeFormat();
	void Shape(WorldTree &tree);
	void ShapeLpae(WorldTree &tree);
	void ShapeStage2(WorldTree &tree);
	uint64_t SomeInput(WorldTree &tree);
	void Grow(WorldTree &tree, uint64_t input, const uint64_t *target);
	uint64_t NewTable(WorldTree &tree, uint64_t bytes);
	uint64_t Physical(const WorldTree &tree, uint64_t address);
	uint64_t LoadAt(const WorldTree &tree, uint64_t physical) const;
	void StoreAt(const WorldTree &tree, uint64_t physical, uint64_t descriptor);
	uint64_t SomeLeafBits(const WorldTree &tree);
	uint64_t SomeOutput(const WorldTree &tree, uint64_t input, int shift);
	uint64_t SomeTableBits(const WorldTree &tree);
	bool MakeLeaf(WorldTree &tree, uint64_t input, int level, uint64_t physical,
		      const uint64_t *target);
	int GroupBits(const WorldTree &tree, int level) const;
	int GroupOf(const WorldPlace &place) const;
	bool GroupIsFree(const WorldTree &tree, uint64_t physical, int bits) const;
	void WriteLeaf(const WorldPlace &place, uint64_t descriptor, int group_bits);
	uint64_t Ipa(uint64_t physical) const
	{
		return physical - pool_physical + pool_ipa;
	}

	ref::Words<2> ChangeSte(), ChangeCd(), ChangeL1Std(), ChangeL1Cd(), ChangeDescriptor();
	void ChangeL1(uint64_t address, uint64_t other);
	ref::Words<2> ChangePlace(const WorldPlace &place);
	ref::Words<2> InvalidationOf(const WorldPlace &place);
	void PutTags(ref::Words<2> &command, bool vmid, bool asid);
	ref::Words<8> PeekAt(uint64_t address) const;
	void PutRange(ref::Words<2> &command, const WorldPlace *place, uint64_t address);

	bool asks_translations;
	std::unique_ptr<ref::StreamTable> streams_table;
	int stream_bits = 0;
	std::deque<WorldTree> trees;
	std::deque<WorldRealm> realms;
	std::deque<WorldStream> streams;
	std::vector<WorldPlace> places;
	std::set<uint64_t> tables;             /* addresses as the walk has them */
	std::map<uint64_t, uint64_t> first_l1; /* L1STDs and L1CDs as they were, by address */
	uint64_t pool_physical = 0, pool_ipa = 0;
	ref::Placer placer(WorldRealm &realm);
};

#endif
