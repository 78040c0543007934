/* SPDX-License-Identifier: Apache-2.0 */
/* Translation tables of random worlds: shapes, paths to addresses, attributes. */
#include "testbench/support/smmu_world.hpp"

#include "testbench/support/reference/geometry.hpp"
#include "testbench/support/reference/legality.hpp"

#include <algorithm>

using namespace ref;

/* A granule that there is; level and size of stage 2's start follow from each other. */
void SmmuWorld::ShapeStage2(WorldTree &tree)
{
	const int most = std::min<int>(Features(registers).IntermediateBits(),
				       tree.granule_bits == kGranule64K ? 52 : 48);
	const int least = std::max(cfg.stt ? 20 : 25, 64 - (cfg.stt ? 48 : 39));

	for (int attempt = 0; attempt < 20; attempt++) {
		tree.ia_bits = chance.Coin() ? most : least + (int)chance.Below(most - least + 1);
		tree.start_level = (int)chance.Below(4);
		const int bits = StartIndexBits(tree.granule_bits, tree.ia_bits, tree.start_level);
		if (bits < 1 || bits > tree.granule_bits - 3 + 4)
			continue;
		if (tree.start_level == 0 && tree.granule_bits != kGranule4K)
			continue;
		if (Stage2StartConsistent(tree.granule_bits,
					  Stage2Sl0(tree.granule_bits, tree.start_level),
					  64 - tree.ia_bits, Features(registers)))
			return;
	}
	tree.ia_bits = 32; /* there is a start for it with all granules */
	tree.start_level = tree.granule_bits == kGranule4K ? 1 : 2;
}

/* VMSAv8-32: sizes of all that TxSZ and S2T0SZ can say, most often the largest. */
void SmmuWorld::ShapeLpae(WorldTree &tree)
{
	const int most = tree.stage == 1 ? 32 : 40;

	tree.granule_bits = kGranule4K;
	tree.oa_bits = 40;
	tree.ia_bits = chance.OneIn(3) ? most : 25 + (int)chance.Below(most - 24);
	tree.start_level = tree.ia_bits > 30 ? 1 : 2;
	if (tree.stage == 2 && tree.ia_bits > 30 && tree.ia_bits < 35 && chance.Coin())
		tree.start_level = 2;
}

void SmmuWorld::Shape(WorldTree &tree)
{
	static const int bits[] = {kGranule4K, kGranule16K, kGranule64K};
	int which = (int)chance.Below(3);

	while (!(cfg.granules >> which & 1))
		which = (which + 1) % 3;
	tree.granule_bits = bits[which];
	if (tree.stage == 2) {
		ShapeStage2(tree);
		return;
	}
	const bool wide = tree.granule_bits == kGranule64K;
	const int most = wide && cfg.vax ? 52 : 48;
	const int least = !cfg.stt ? 25 : wide ? 17 : 16;
	tree.ia_bits = chance.OneIn(3) ? most : least + (int)chance.Below(most - least + 1);
	tree.start_level = Stage1StartLevel(tree.granule_bits, tree.ia_bits);
}

/* Stage 1's tables under stage 2 are where stage 2 puts them, page by page, when it is needed. */
uint64_t SmmuWorld::Physical(const WorldTree &tree, uint64_t address)
{
	if (!tree.below)
		return address;
	const uint64_t physical = address - pool_ipa + pool_physical;
	Grow(*tree.below, address, &physical);
	return physical;
}

uint64_t SmmuWorld::NewTable(WorldTree &tree, uint64_t bytes)
{
	const uint64_t physical = memory.Allocate(bytes, std::max<uint64_t>(bytes, 64));
	const uint64_t address = tree.below ? Ipa(physical) : physical;

	tables.insert(address);
	return address;
}

uint64_t SmmuWorld::LoadAt(const WorldTree &tree, uint64_t physical) const
{
	const uint64_t value = memory.Peek(physical);

	return tree.big_endian ? __builtin_bswap64(value) : value;
}

void SmmuWorld::StoreAt(const WorldTree &tree, uint64_t physical, uint64_t descriptor)
{
	memory.Write64(physical, tree.big_endian ? __builtin_bswap64(descriptor) : descriptor);
}

uint64_t SmmuWorld::Load(const WorldPlace &place) const
{
	return LoadAt(*place.tree, place.physical);
}

/* True: VMSAv8-32. */
bool SmmuWorld::SomeFormat()
{
	return cfg.ttf == 1 || (cfg.ttf == 3 && chance.Coin());
}

/* Over AArch32 tables of stage 2 there are no others. */
WorldContext SmmuWorld::MakeContext(WorldTree *below, bool big_endian)
{
	const bool lpae = (below && below->lpae) || SomeFormat();

	return {{MakeTree(1, below, false, big_endian, lpae),
		 MakeTree(1, below, true, big_endian, lpae)}};
}

/* The largest AArch32 tree has all 32 bits, and of the upper half what the lower one leaves. */
uint64_t WorldTree::Address(uint64_t input) const
{
	if (!upper)
		return input;
	if (!lpae)
		return input | ~Mask(ia_bits);
	return input | (Mask(32) & ~Mask(std::min(ia_bits, 31)));
}

WorldTree *SmmuWorld::MakeTree(int stage, WorldTree *below, bool upper, bool big_endian, bool lpae)
{
	trees.emplace_back();
	WorldTree &tree = trees.back();

	tree.stage = stage;
	tree.below = below;
	tree.upper = upper;
	tree.big_endian = big_endian;
	tree.oa_52 = cfg.oas_bits == 52;
	tree.oa_bits = std::min<int>(cfg.oas_bits, tree.oa_52 ? 52 : 48);
	tree.lpae = lpae;
	if (lpae)
		ShapeLpae(tree);
	else
		Shape(tree);
	if (tree.granule_bits != kGranule64K)
		tree.oa_bits = std::min(tree.oa_bits, 48);
	const int bits = StartIndexBits(tree.granule_bits, tree.ia_bits, tree.start_level);
	tree.base = NewTable(tree, std::max(64ull, 8ull << bits));
	return &tree;
}

/* Near another one, or anywhere. */
uint64_t SmmuWorld::SomeInput(WorldTree &tree)
{
	uint64_t input = chance.Word() & Mask(tree.ia_bits);

	if (!tree.inputs.empty() && !chance.OneIn(3)) {
		const int level = tree.start_level + (int)chance.Below(4 - tree.start_level);
		const int low = LevelShift(tree.granule_bits, level);
		input = chance.Any(tree.inputs) ^ chance.Below(64) << low;
	}
	input = tree.Address(input & Mask(tree.ia_bits)) & Mask(tree.ia_bits);
	tree.inputs.push_back(input);
	return input;
}

uint64_t SmmuWorld::SomeLeafBits(const WorldTree &tree)
{
	if (tree.stage == 1)
		return Leaf{.user = !chance.OneIn(3),
			    .read_only = chance.OneIn(3),
			    .access = !chance.OneIn(4),
			    .dirty_modifier = chance.Coin(),
			    .contiguous = chance.OneIn(5),
			    .not_global = !chance.OneIn(3),
			    .uxn = chance.OneIn(3),
			    .pxn = chance.OneIn(3),
			    .shareability = (int)chance.Of({3, 3, 3, 2, 0, 1}),
			    .attr_index = (int)chance.Below(8),
			    .extra = chance.OneIn(4) ? chance.Below(16) << 55 : 0}
			.Bits();
	return Leaf2{.read = !chance.OneIn(6),
		     .write = chance.Coin(),
		     .xn = chance.Coin() ? 0 : (int)chance.Below(4),
		     .access = !chance.OneIn(4),
		     .dirty_modifier = chance.Coin(),
		     .contiguous = chance.OneIn(5),
		     .shareability = (int)chance.Of({3, 3, 3, 2, 0, 1}),
		     .mem_attr = chance.Coin() ? (int)chance.Below(16) : 15,
		     .extra = chance.OneIn(4) ? chance.Below(16) << 55 : 0}
		.Bits();
}

uint64_t SmmuWorld::SomeTableBits(const WorldTree &tree)
{
	uint64_t bits = chance.OneIn(3) ? 0 : Put(descriptor::kAF, 1);

	if (tree.stage == 1)
		for (int bit = 59; bit < 63; bit++)
			bits |= (uint64_t)chance.OneIn(8) << bit;
	return bits;
}

/* Aligned to the leaf; now and then too large. */
uint64_t SmmuWorld::SomeOutput(const WorldTree &tree, uint64_t input, int shift)
{
	const WorldTree *below = tree.below;
	const int bits = below ? std::min(below->ia_bits, tree.oa_bits) : tree.oa_bits;
	uint64_t output = chance.Word() & Mask(bits);

	if (below && !below->inputs.empty() && chance.Coin())
		output = chance.Any(below->inputs);
	if (!below && chance.OneIn(3))
		output &= Mask(32);
	if (chance.OneIn(25))
		output |= 1ull << (tree.oa_bits - 1 + chance.Below(2));
	output &= tree.oa_52 && tree.granule_bits == kGranule64K ? Mask(52) : Mask(48);
	return output & ~Mask(shift);
}

/* Descriptors that the Contiguous bit joins here, as log2; 0 where the table is too small. */
int SmmuWorld::GroupBits(const WorldTree &tree, int level) const
{
	const int bits = ContiguousBits(tree.granule_bits, level);
	const int index_bits =
		level == tree.start_level
			? StartIndexBits(tree.granule_bits, tree.ia_bits, tree.start_level)
			: tree.granule_bits - 3;

	return bits > index_bits ? 0 : bits;
}

bool SmmuWorld::GroupIsFree(const WorldTree &tree, uint64_t physical, int bits) const
{
	const uint64_t first = physical & ~Mask(bits + 3);

	for (uint64_t i = 0; i < 1ull << bits; i++)
		if (LoadAt(tree, first + 8 * i))
			return false;
	return true;
}

/* All of a group say the same, one after the other. */
void SmmuWorld::WriteLeaf(const WorldPlace &place, uint64_t descriptor, int group_bits)
{
	const WorldTree &tree = *place.tree;
	const uint64_t first = place.physical & ~Mask(group_bits + 3);
	const int shift = LevelShift(tree.granule_bits, place.level);
	const bool wide = tree.oa_52 && tree.granule_bits == kGranule64K;
	const uint64_t high = wide ? Put({15, 12}, ~0ull) : 0;
	const uint64_t address = (Mask(48) & ~Mask(tree.granule_bits)) | high;
	const uint64_t output =
		DescriptorOutput(descriptor, tree.granule_bits, tree.granule_bits, tree.oa_52) &
		~Mask(shift + group_bits);

	for (uint64_t i = 0; i < 1ull << group_bits; i++)
		StoreAt(tree, first + 8 * i,
			(descriptor & ~address) |
				EncodeOutput(output + (i << shift), tree.granule_bits, tree.oa_52));
}

/* `target`: where the input must lead to; then it is mapped well, mostly. */
bool SmmuWorld::MakeLeaf(WorldTree &tree, uint64_t input, int level, uint64_t physical,
			 const uint64_t *target)
{
	const int shift = LevelShift(tree.granule_bits, level);
	const WorldPlace place{&tree, level, input, physical, true};
	const uint64_t output = target ? *target & ~Mask(shift) : SomeOutput(tree, input, shift);
	uint64_t bits = SomeLeafBits(tree);
	int group = GroupBits(tree, level);

	if (target && !chance.OneIn(15))
		bits = Leaf2{.write = !chance.OneIn(8),
			     .access = !chance.OneIn(8),
			     .dirty_modifier = chance.OneIn(4),
			     .shareability = chance.Of({3, 3, 2, 0}),
			     .mem_attr = chance.OneIn(3) ? (int)chance.Below(16) : 15}
			       .Bits();
	/* A run of them must lead to a run: the target's has to be aligned as it is. */
	const bool aligned = !target || !((*target ^ input) & Mask(shift + group));
	if (!group || !aligned || !Get(bits, descriptor::kContiguous) ||
	    !GroupIsFree(tree, physical, group)) {
		bits &= ~Put(descriptor::kContiguous, 1);
		group = 0;
	}
	if (target && ((*target ^ input) & Mask(shift)))
		return false;
	/* Updates of one of a run would make it differ from the others. */
	if (group)
		bits = (bits | Put(descriptor::kAF, 1)) & ~Put(descriptor::kDBM, 1);
	WriteLeaf(place,
		  EncodeOutput(output, tree.granule_bits, tree.oa_52) | bits | (level == 3 ? 3 : 1),
		  group);
	places.push_back(place);
	if (tree.below)
		Grow(*tree.below,
		     (LoadAt(tree, physical) & Mask(48) & ~Mask(shift)) | (input & Mask(shift)),
		     nullptr);
	return true;
}

/* Go down to a leaf for `input`, making what is not there. */
void SmmuWorld::Grow(WorldTree &tree, uint64_t input, const uint64_t *target)
{
	uint64_t base = tree.base;

	input &= Mask(tree.ia_bits);
	for (int level = tree.start_level; level <= 3; level++) {
		const uint64_t physical =
			Physical(tree, base + 8 * TableIndex(tree.granule_bits, tree.ia_bits,
							     tree.start_level, level, input));
		uint64_t found = LoadAt(tree, physical);
		if (!found) {
			const bool block = BlockPossible(tree.granule_bits, level, tree.oa_52) &&
					   chance.OneIn(4);
			if ((level == 3 || block) && MakeLeaf(tree, input, level, physical, target))
				return;
			if (level == 3)
				return;
			const uint64_t next = NewTable(tree, 1ull << tree.granule_bits);
			found = EncodeOutput(next, tree.granule_bits, tree.oa_52) |
				SomeTableBits(tree) | 3;
			if (tree.lpae && chance.OneIn(25)) /* too far, here or with fewer bits */
				found |= 1ull << (32 + chance.Below(16));
			StoreAt(tree, physical, found);
			places.push_back({&tree, level, input, physical, false});
		}
		if (level == 3 || (found & 3) != 3)
			return;
		base = DescriptorOutput(found, tree.granule_bits, tree.granule_bits, tree.oa_52);
		if (!tables.count(base))
			return;
	}
}

int SmmuWorld::GroupOf(const WorldPlace &place) const
{
	const uint64_t found = Load(place);

	return Get(found, descriptor::kContiguous) ? GroupBits(*place.tree, place.level) : 0;
}

void SmmuWorld::Store(const WorldPlace &place, uint64_t descriptor)
{
	if (place.leaf)
		WriteLeaf(place, descriptor, GroupOf(place));
	else
		StoreAt(*place.tree, place.physical, descriptor);
}

uint64_t SmmuWorld::OtherLeaf(const WorldPlace &place)
{
	const WorldTree &tree = *place.tree;
	const uint64_t found = Load(place);
	const uint64_t contiguous = Put(descriptor::kContiguous, 1);
	const uint64_t attributes = Mask(12) | (~Mask(51) & ~contiguous);
	const bool wide = tree.oa_52 && tree.granule_bits == kGranule64K;
	const int shift = LevelShift(tree.granule_bits, place.level);

	switch (chance.Below(6)) {
	case 0: /* unmapped, and mapped again */
		return found ^ 1;
	case 1: /* elsewhere */
		return (found & attributes) | (found & contiguous) |
		       EncodeOutput(SomeOutput(tree, place.input, shift) &
					    (wide ? Mask(52) : Mask(48)),
				    tree.granule_bits, tree.oa_52);
	case 2: /* clean, or dirty */
		return found ^ Put(descriptor::kAP2, 1);
	case 3:
		return found ^ Put(descriptor::kAF, 1);
	default: /* other rights */
		return (found & ~attributes) | (SomeLeafBits(tree) & attributes) | (found & 3);
	}
}

const WorldPlace &SmmuWorld::SomeLeaf()
{
	for (int attempt = 0; attempt < 1000; attempt++) {
		const WorldPlace &place = chance.Any(places);
		if (place.leaf)
			return place;
	}
	return places[0];
}
