/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/reference/tables.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace ref
{

static void Require(bool holds, const char *what)
{
	if (!holds)
		throw std::invalid_argument(what);
}

static Placer PlacerOf(Memory &memory, const Placer &given)
{
	if (given)
		return given;
	return [&memory](uint64_t len_bytes) {
		const uint64_t address =
			memory.Allocate(len_bytes, std::max<uint64_t>(len_bytes, 64));
		return Placed{address, address};
	};
}

uint64_t Leaf::Bits() const
{
	return Put(descriptor::kAP1, user) | Put(descriptor::kAP2, read_only) |
	       Put(descriptor::kAF, access) | Put(descriptor::kDBM, dirty_modifier) |
	       Put(descriptor::kContiguous, contiguous) | Put(descriptor::kNG, not_global) |
	       Put(descriptor::kUXN, uxn) | Put(descriptor::kPXN, pxn) |
	       Put(descriptor::kNT, no_translation) | Put(descriptor::kSH, shareability) |
	       Put(descriptor::kAttrIndx, attr_index) | extra;
}

uint64_t Leaf2::Bits() const
{
	return Put(descriptor::kS2AP, read | write << 1) | Put(descriptor::kXN, xn) |
	       Put(descriptor::kAF, access) | Put(descriptor::kDBM, dirty_modifier) |
	       Put(descriptor::kContiguous, contiguous) | Put(descriptor::kNT, no_translation) |
	       Put(descriptor::kSH, shareability) | Put(descriptor::kMemAttr, mem_attr) | extra;
}

uint64_t TableBits::Bits() const
{
	return Put(descriptor::kAPTable, ap) | Put(descriptor::kUXNTable, uxn) |
	       Put(descriptor::kPXNTable, pxn) | extra;
}

static int NaturalStart(const TablesOptions &how, bool stage2)
{
	const int level = Stage1StartLevel(how.granule_bits, how.ia_bits);

	/* Level 0 of 16 KiB granules is no start of stage 2, R DXBSH; LPAE has none (G5.5.6). */
	if (level == 0 && (how.lpae || (stage2 && how.granule_bits == kGranule16K)))
		return 1;
	return level;
}

/* G5.5: what there is of VMSAv8-32 LPAE. */
static void RequireLpae(const TablesOptions &how, int start_level, bool stage2)
{
	Require(how.granule_bits == kGranule4K, "LPAE has granules of 4 KiB");
	Require(how.ia_bits >= 25 && how.ia_bits <= (stage2 ? 40 : 32), "LPAE has no such size");
	Require(start_level == 1 || start_level == 2, "LPAE starts at level 1 or 2");
	Require(stage2 || start_level == NaturalStart(how, false),
		"the size says where stage 1 starts");
}

TranslationTables::TranslationTables(Memory &tables_memory, const TablesOptions &how, bool stage2)
	: options(how), memory(tables_memory),
	  start_level(how.start_level < 0 ? NaturalStart(how, stage2) : how.start_level), root()
{
	const int index_bits = StartIndexBits(how.granule_bits, how.ia_bits, start_level);

	if (how.lpae)
		RequireLpae(how, start_level, stage2);
	Require(index_bits >= 1 && index_bits <= how.granule_bits - 3 + (stage2 ? 4 : 0),
		"no walk of this size starts at this level");
	options.placer = PlacerOf(memory, how.placer);
	root = NewTable(8ull << index_bits);
}

Placed TranslationTables::NewTable(uint64_t len_bytes)
{
	const Placed placed = options.placer(len_bytes);

	for (uint64_t offset = 0; offset < len_bytes; offset += 8)
		Store(placed.physical + offset, 0);
	physical_of[placed.address] = placed.physical;
	return placed;
}

uint64_t TranslationTables::Load(uint64_t physical) const
{
	uint64_t value = 0;

	Require(memory.Read64(physical, &value), "a read of a table aborts");
	return options.big_endian ? __builtin_bswap64(value) : value;
}

void TranslationTables::Store(uint64_t physical, uint64_t descriptor)
{
	if (options.big_endian)
		descriptor = __builtin_bswap64(descriptor);
	Require(memory.Write64(physical, descriptor), "a write of a table aborts");
}

uint64_t TranslationTables::LeafBytes(int level) const
{
	return 1ull << LevelShift(options.granule_bits, level);
}

/* The table at `level` that `ia` leads to. */
Placed TranslationTables::TableAt(uint64_t ia, int level) const
{
	Placed table = root;

	Require(level >= start_level && level <= 3, "no such level");
	for (int l = start_level; l < level; l++) {
		const uint64_t index =
			TableIndex(options.granule_bits, options.ia_bits, start_level, l, ia);
		const uint64_t descriptor = Load(table.physical + 8 * index);
		Require((descriptor & 3) == 3, "no table on the way");
		table.address = DescriptorOutput(descriptor, options.granule_bits,
						 options.granule_bits, options.oa_52);
		Require(physical_of.count(table.address) != 0, "a table that is not ours");
		table.physical = physical_of.at(table.address);
	}
	return table;
}

uint64_t TranslationTables::DescriptorAddress(uint64_t ia, int level) const
{
	return TableAt(ia, level).physical +
	       8 * TableIndex(options.granule_bits, options.ia_bits, start_level, level, ia);
}

uint64_t TranslationTables::DescriptorIpa(uint64_t ia, int level) const
{
	return TableAt(ia, level).address +
	       8 * TableIndex(options.granule_bits, options.ia_bits, start_level, level, ia);
}

uint64_t TranslationTables::Descriptor(uint64_t ia, int level) const
{
	return Load(DescriptorAddress(ia, level));
}

void TranslationTables::SetDescriptor(uint64_t ia, int level, uint64_t descriptor)
{
	Store(DescriptorAddress(ia, level), descriptor);
}

void TranslationTables::MakeTables(uint64_t ia, int level)
{
	for (int l = start_level; l < level; l++) {
		if (Descriptor(ia, l) & 1)
			continue;
		const Placed next = NewTable(1ull << options.granule_bits);
		SetDescriptor(ia, l,
			      EncodeOutput(next.address, options.granule_bits, options.oa_52) | 3);
	}
}

void TranslationTables::MapBits(uint64_t ia, uint64_t oa, int level, uint64_t bits)
{
	const int shift = LevelShift(options.granule_bits, level);
	const bool contiguous = Get(bits, descriptor::kContiguous) != 0;
	/* A table of fewer entries than a group has is one group. */
	const int entries = level == start_level
				    ? StartIndexBits(options.granule_bits, options.ia_bits, level)
				    : options.granule_bits - 3;
	const int group =
		contiguous ? std::min(entries, ContiguousBits(options.granule_bits, level)) : 0;
	const uint64_t bytes = 1ull << shift;

	Require(level >= start_level && level <= 3, "no such level");
	Require(level == 3 || BlockPossible(options.granule_bits, level, options.oa_52),
		"no blocks at this level");
	Require((oa & (bytes - 1)) == 0, "an output address that is not aligned");
	ia &= ~Mask(shift + group);
	oa &= ~Mask(shift + group);
	for (uint64_t i = 0; i < 1ull << group; i++) {
		MakeTables(ia + i * bytes, level);
		SetDescriptor(ia + i * bytes, level,
			      EncodeOutput(oa + i * bytes, options.granule_bits, options.oa_52) |
				      bits | (level == 3 ? 3 : 1));
	}
}

Stage1::Stage1(Memory &tables_memory, const TablesOptions &how)
	: TranslationTables(tables_memory, how, false)
{
}

Stage1 &Stage1::Map(uint64_t va, uint64_t oa, int level, const Leaf &leaf)
{
	MapBits(va, oa, level, leaf.Bits());
	return *this;
}

Stage1 &Stage1::MapPages(uint64_t va, uint64_t oa, uint64_t len_bytes, const Leaf &leaf)
{
	for (uint64_t offset = 0; offset < len_bytes; offset += LeafBytes(3))
		Map(va + offset, oa + offset, 3, leaf);
	return *this;
}

Stage1 &Stage1::TableAttr(uint64_t va, int level, const TableBits &bits)
{
	const uint64_t without = Descriptor(va, level) & Mask(51);

	Require((without & 3) == 3 && level < 3, "no table descriptor");
	SetDescriptor(va, level, without | bits.Bits());
	return *this;
}

Cd Stage1::In(Cd cd) const
{
	const int size = (options.lpae ? 32 : 64) - options.ia_bits;
	const int granule = options.granule_bits;

	if (options.upper)
		cd.Set(cd::kT1SZ, size).Set(cd::kEPD1, 0).Set(cd::kTTB1, Base() >> 4);
	else
		cd.Set(cd::kT0SZ, size).Set(cd::kEPD0, 0).Set(cd::kTTB0, Base() >> 4);
	if (!options.lpae && options.upper)
		cd.Set(cd::kTG1, Tg1OfGranule(granule));
	else if (!options.lpae)
		cd.Set(cd::kTG0, Tg0OfGranule(granule));
	return cd.Set(cd::kAA64, !options.lpae).Set(cd::kENDI, options.big_endian);
}

Stage2::Stage2(Memory &tables_memory, const TablesOptions &how)
	: TranslationTables(tables_memory, how, true), memory(tables_memory)
{
}

Stage2 &Stage2::Map(uint64_t ipa, uint64_t pa, int level, const Leaf2 &leaf)
{
	MapBits(ipa, pa, level, leaf.Bits());
	return *this;
}

Stage2 &Stage2::MapPages(uint64_t ipa, uint64_t pa, uint64_t len_bytes, const Leaf2 &leaf)
{
	for (uint64_t offset = 0; offset < len_bytes; offset += LeafBytes(3))
		Map(ipa + offset, pa + offset, 3, leaf);
	return *this;
}

Ste Stage2::In(Ste ste) const
{
	const int size = options.lpae ? (32 - options.ia_bits) & 15 : 64 - options.ia_bits;

	/* S2SL0 of 4 KiB granules means the same levels in both formats. */
	return ste.Set(ste::kS2T0SZ, size)
		.Set(ste::kS2SL0, Stage2Sl0(options.granule_bits, StartLevel()))
		.Set(ste::kS2TG, Tg0OfGranule(options.granule_bits))
		.Set(ste::kS2TTB, Base() >> 4)
		.Set(ste::kS2AA64, !options.lpae)
		.Set(ste::kS2ENDI, options.big_endian);
}

Placer Stage2::PlacesAt(uint64_t first_ipa, const Leaf2 &leaf)
{
	const auto next = std::make_shared<uint64_t>(first_ipa);

	return [this, next, leaf](uint64_t len_bytes) {
		const uint64_t bytes = std::max(len_bytes, LeafBytes(3));
		const uint64_t ipa = (*next + bytes - 1) & ~(bytes - 1);
		const uint64_t pa = memory.Allocate(bytes, bytes);
		*next = ipa + bytes;
		MapPages(ipa, pa, bytes, leaf);
		return Placed{pa, ipa};
	};
}

} // namespace ref
