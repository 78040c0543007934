/* SPDX-License-Identifier: Apache-2.0 */
/* Stream tables and CD tables (IHI 0070, 5.1 to 5.4, 6.3.24, 6.3.25). */
#include "testbench/support/reference/tables.hpp"

#include <algorithm>
#include <stdexcept>

namespace ref
{

static void WriteWords(Memory &memory, uint64_t address, const uint64_t *words, int count)
{
	for (int i = 0; i < count; i++)
		if (!memory.Write64(address + 8 * i, words[i]))
			throw std::invalid_argument("a write of a structure aborts");
}

static Words<8> ReadWords(Memory &memory, uint64_t address)
{
	Words<8> words;

	for (int i = 0; i < 8; i++)
		if (!memory.Read64(address + 8 * i, &words.word[i]))
			throw std::invalid_argument("a read of a structure aborts");
	return words;
}

static void Clear(Memory &memory, uint64_t address, uint64_t len_bytes)
{
	const uint64_t zero = 0;

	for (uint64_t offset = 0; offset < len_bytes; offset += 8)
		WriteWords(memory, address + offset, &zero, 1);
}

StreamTable::StreamTable(Memory &table_memory, const StreamTableOptions &how)
	: memory(table_memory), options(how), base(0)
{
	const uint64_t bytes =
		how.split ? 8ull << std::max(0, how.log2size - how.split) : 64ull << how.log2size;

	base = memory.Allocate(bytes, std::max<uint64_t>(bytes, 64));
	Clear(memory, base, bytes);
}

uint64_t StreamTable::L1Address(uint32_t stream) const
{
	if (!options.split)
		throw std::invalid_argument("a linear stream table has no first level");
	return base + 8 * (uint64_t{stream} >> options.split);
}

StreamTable &StreamTable::SetL1(uint32_t stream, uint64_t l1std)
{
	WriteWords(memory, L1Address(stream), &l1std, 1);
	return *this;
}

StreamTable &StreamTable::SetSpan(uint32_t stream, int span)
{
	const uint64_t bytes = 64ull << (span - 1);
	const uint64_t table = memory.Allocate(bytes, bytes);

	Clear(memory, table, bytes);
	return SetL1(stream, table | Put(l1std::kSpan, span));
}

uint64_t StreamTable::Address(uint32_t stream) const
{
	uint64_t l1 = 0;

	if (!options.split)
		return base + 64 * uint64_t{stream};
	if (!memory.Read64(L1Address(stream), &l1) || !ref::Get(l1, l1std::kSpan))
		return 0;
	return (ref::Get(l1, l1std::kL2Ptr) << 6) + 64 * (stream & Mask(options.split));
}

StreamTable &StreamTable::Set(uint32_t stream, const Ste &ste)
{
	if (!Address(stream))
		SetSpan(stream, options.split + 1);
	WriteWords(memory, Address(stream), ste.word, 8);
	return *this;
}

Ste StreamTable::Get(uint32_t stream) const
{
	return ReadWords(memory, Address(stream));
}

void StreamTable::Into(Registers &registers) const
{
	registers.strtab_base = base;
	registers.strtab_base_cfg = Put(strtab_base_cfg::kLOG2SIZE, options.log2size) |
				    Put(strtab_base_cfg::kSPLIT, options.split) |
				    Put(strtab_base_cfg::kFMT, options.split != 0);
}

CdTable::CdTable(Memory &table_memory, const CdTableOptions &how)
	: memory(table_memory), options(how), placer(how.placer), root()
{
	if (!placer)
		placer = [&table_memory](uint64_t len_bytes) {
			const uint64_t address = table_memory.Allocate(len_bytes, len_bytes);
			return Placed{address, address};
		};
	const uint64_t bytes = Split() ? std::max(64ull, 8ull << std::max(0, how.max - Split()))
				       : 64ull << how.max;
	root = placer(bytes);
	Clear(memory, root.physical, bytes);
}

int CdTable::Split() const
{
	return options.format == 1 ? 6 : options.format == 2 ? 10 : 0;
}

uint64_t CdTable::L1Address(uint32_t substream) const
{
	if (!Split())
		throw std::invalid_argument("a linear CD table has no first level");
	return root.physical + 8 * (uint64_t{substream} >> Split());
}

CdTable &CdTable::SetL1(uint32_t substream, uint64_t l1cd)
{
	WriteWords(memory, L1Address(substream), &l1cd, 1);
	return *this;
}

uint64_t CdTable::Address(uint32_t substream) const
{
	if (!Split())
		return root.physical + 64 * uint64_t{substream};
	const auto found = second_level.find(substream >> Split());
	if (found == second_level.end())
		return 0;
	return found->second + 64 * (substream & Mask(Split()));
}

CdTable &CdTable::Set(uint32_t substream, const Cd &cd)
{
	if (!Address(substream)) {
		const uint64_t bytes = 64ull << Split();
		const Placed table = placer(bytes);
		Clear(memory, table.physical, bytes);
		second_level[substream >> Split()] = table.physical;
		SetL1(substream, table.address | Put(l1cd::kV, 1));
	}
	WriteWords(memory, Address(substream), cd.word, 8);
	return *this;
}

Cd CdTable::Get(uint32_t substream) const
{
	return ReadWords(memory, Address(substream));
}

Ste CdTable::In(Ste ste) const
{
	return ste.Set(ste::kS1ContextPtr, Base() >> 6)
		.Set(ste::kS1Fmt, options.format)
		.Set(ste::kS1CDMax, options.max);
}

Ste ValidSte(Config config)
{
	Ste ste;

	ste.Set(ste::kV, 1).Set(ste::kConfig, config).Set(ste::kSHCFG, 1);
	if (config & 2)
		ste.Set(ste::kS2AA64, 1).Set(ste::kS2R, 1).Set(ste::kS2PS, 5);
	return ste;
}

Cd ValidCd()
{
	return Cd()
		.Set(cd::kV, 1)
		.Set(cd::kAA64, 1)
		.Set(cd::kA, 1)
		.Set(cd::kR, 1)
		.Set(cd::kIPS, 5)
		.Set(cd::kEPD0, 1)
		.Set(cd::kEPD1, 1);
}

} // namespace ref
