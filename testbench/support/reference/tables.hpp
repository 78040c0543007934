/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_REFERENCE_TABLES_HPP
#define VFSIM_TESTBENCH_REFERENCE_TABLES_HPP

/*
 * Builds what an SMMU reads: stream tables, CD tables, translation tables.
 *
 *	ref::Stage1 tables(memory, {.granule_bits = ref::kGranule4K, .ia_bits = 39});
 *	tables.Map(0x10000, 0x80000000, 3, {.read_only = true});
 *	ref::Cd cd = tables.In(ref::ValidCd());
 *	ref::CdTable cds(memory);
 *	cds.Set(0, cd);
 *	ref::StreamTable streams(memory, {.log2size = 8});
 *	streams.Set(3, cds.In(ref::ValidSte(ref::kStage1Only)));
 *	streams.Into(registers);
 *
 * VMSAv8-32 LPAE with both halves, the upper one of 64 MiB, and the lower with the rest:
 *
 *	ref::Stage1 lower(memory, {.lpae = true, .ia_bits = 32});
 *	ref::Stage1 upper(memory, {.lpae = true, .ia_bits = 26, .upper = true});
 *	upper.Map(0xffff0000, 0x80000000);
 *	ref::Cd cd = upper.In(lower.In(ref::ValidCd()));
 *
 * Everything throws std::invalid_argument for what cannot be built; the memory
 * is borrowed and must not abort while something is built.
 */

#include "testbench/support/reference/formats.hpp"
#include "testbench/support/reference/geometry.hpp"
#include "testbench/support/reference/memory.hpp"
#include "testbench/support/reference/registers.hpp"

#include <cstdint>
#include <functional>
#include <map>

namespace ref
{

/* Where a table lies, and the address under which its reader knows it: an IPA when nested. */
struct Placed {
	uint64_t physical, address;
};
/* Memory for a table of so many bytes, aligned to them; both addresses. */
using Placer = std::function<Placed(uint64_t len_bytes)>;

/* Attributes of a stage 1 block or page (D8.3.1.2); by default, all may be done with it. */
struct Leaf {
	bool user = true;       /* AP[1] */
	bool read_only = false; /* AP[2] */
	bool access = true;     /* AF */
	bool dirty_modifier = false;
	bool contiguous = false;
	bool not_global = true;
	bool uxn = false, pxn = false; /* uxn is XN of EL2 and of LPAE */
	bool no_translation = false;   /* nT, of a block */
	int shareability = 3, attr_index = 0;
	uint64_t extra = 0; /* more bits, as they are */

	uint64_t Bits() const;
};

/* Attributes of a stage 2 block or page. */
struct Leaf2 {
	bool read = true, write = true; /* S2AP */
	int xn = 0;                     /* bits [54:53] */
	bool access = true;
	bool dirty_modifier = false;
	bool contiguous = false;
	bool no_translation = false;
	int shareability = 3, mem_attr = 15;
	uint64_t extra = 0;

	uint64_t Bits() const;
};

/* Hierarchical attributes of a stage 1 table descriptor. */
struct TableBits {
	int ap = 0; /* APTable[1:0] */
	bool uxn = false, pxn = false;
	uint64_t extra = 0;

	uint64_t Bits() const;
};

struct TablesOptions {
	/* VMSAv8-32 LPAE, of 4 KiB granules. Stage 1: 25 to 32 bits, of which one half may have all
	 * that the other leaves it; stage 2: 25 to 40. */
	bool lpae = false;
	int granule_bits = kGranule4K;
	int ia_bits = 48;
	/* Stage 2: fewer levels than the address has need for give concatenated tables; -1: the
	 * least level that is legal without. */
	int start_level = -1;
	bool upper = false; /* stage 1: TTB1 */
	bool oa_52 = false; /* the SMMU's OAS is 52 bits */
	bool big_endian = false;
	Placer placer = nullptr; /* nullptr: from the memory, at the same address */
};

/* What stage 1 and stage 2 have in common. Levels are the architecture's. */
class TranslationTables
{
public:
	uint64_t Base() const
	{
		return root.address;
	}
	int StartLevel() const
	{
		return start_level;
	}
	/* Bytes that one leaf at `level` maps. */
	uint64_t LeafBytes(int level) const;

	/* The descriptor that translates `ia` at `level`; the tables above it must exist. */
	uint64_t DescriptorAddress(uint64_t ia, int level) const; /* physical */
	uint64_t DescriptorIpa(uint64_t ia, int level) const;     /* as the walk addresses it */
	uint64_t Descriptor(uint64_t ia, int level) const;
	void SetDescriptor(uint64_t ia, int level, uint64_t descriptor);
	/* An invalid descriptor there. */
	void Unmap(uint64_t ia, int level)
	{
		SetDescriptor(ia, level, 0);
	}
	/* Writes tables down to `level`, but no leaf. */
	void MakeTables(uint64_t ia, int level);

protected:
	TranslationTables(Memory &tables_memory, const TablesOptions &how, bool stage2);
	void MapBits(uint64_t ia, uint64_t oa, int level, uint64_t bits);

	TablesOptions options;

private:
	Placed NewTable(uint64_t len_bytes);
	Placed TableAt(uint64_t ia, int level) const;
	uint64_t Load(uint64_t physical) const;
	void Store(uint64_t physical, uint64_t descriptor);

	Memory &memory;
	int start_level;
	Placed root;
	std::map<uint64_t, uint64_t> physical_of; /* tables, by the address in descriptors */
};

class Stage1 : public TranslationTables
{
public:
	explicit Stage1(Memory &tables_memory, const TablesOptions &how = {});

	/* One block or page; with `contiguous`, all of its group. */
	Stage1 &Map(uint64_t va, uint64_t oa, int level = 3, const Leaf &leaf = {});
	/* Pages for [va, va + len_bytes). */
	Stage1 &MapPages(uint64_t va, uint64_t oa, uint64_t len_bytes, const Leaf &leaf = {});
	/* Attributes of the table descriptor at `level`, in place of those that it had. */
	Stage1 &TableAttr(uint64_t va, int level, const TableBits &bits);

	/* `cd` with these tables: AA64, TxSZ, TTBx, EPDx = 0, ENDI, and TGx but of LPAE. */
	Cd In(Cd cd) const;
};

class Stage2 : public TranslationTables
{
public:
	explicit Stage2(Memory &tables_memory, const TablesOptions &how = {});

	Stage2 &Map(uint64_t ipa, uint64_t pa, int level = 3, const Leaf2 &leaf = {});
	Stage2 &MapPages(uint64_t ipa, uint64_t pa, uint64_t len_bytes, const Leaf2 &leaf = {});

	/* `ste` with these tables: S2AA64, S2T0SZ, S2SL0, S2TG, S2TTB, S2ENDI; of LPAE, S2TG is 0.
	 */
	Ste In(Ste ste) const;

	/*
	 * Places tables of stage 1 and CDs at IPAs from `first_ipa` on, mapped here with `leaf`,
	 * each in pages of its own. Borrows these tables.
	 */
	Placer PlacesAt(uint64_t first_ipa, const Leaf2 &leaf = {});

private:
	Memory &memory;
};

struct StreamTableOptions {
	int log2size = 8;
	int split = 0; /* 0: linear; 6, 8 or 10 */
};

class StreamTable
{
public:
	explicit StreamTable(Memory &table_memory, const StreamTableOptions &how = {});

	/* Makes the second level, of the greatest span, where there is none. */
	StreamTable &Set(uint32_t stream, const Ste &ste);
	Ste Get(uint32_t stream) const;
	/* 2-level: the second level for `stream` has 2^(span - 1) STEs, all of them new. */
	StreamTable &SetSpan(uint32_t stream, int span);
	/* 2-level: the L1STD as it is. */
	StreamTable &SetL1(uint32_t stream, uint64_t l1std);

	uint64_t Address(uint32_t stream) const; /* of the STE; 0: there is none */
	bool TwoLevels() const
	{
		return options.split != 0;
	}
	uint64_t L1Address(uint32_t stream) const;
	/* STRTAB_BASE and STRTAB_BASE_CFG. */
	void Into(Registers &registers) const;

private:
	Memory &memory;
	StreamTableOptions options;
	uint64_t base;
};

struct CdTableOptions {
	int format = 0; /* STE.S1Fmt */
	int max = 0;    /* STE.S1CDMax */
	Placer placer = nullptr;
};

class CdTable
{
public:
	explicit CdTable(Memory &table_memory, const CdTableOptions &how = {});

	CdTable &Set(uint32_t substream, const Cd &cd);
	Cd Get(uint32_t substream) const;
	CdTable &SetL1(uint32_t substream, uint64_t l1cd);

	uint64_t Address(uint32_t substream) const; /* physical; 0: there is none */
	bool TwoLevels() const
	{
		return Split() != 0;
	}
	uint64_t L1Address(uint32_t substream) const; /* physical */
	/* Address of the CD (or of the table) as the SMMU knows it. */
	uint64_t Base() const
	{
		return root.address;
	}
	/* `ste` with this table: S1ContextPtr, S1Fmt, S1CDMax. */
	Ste In(Ste ste) const;

private:
	int Split() const;

	Memory &memory;
	CdTableOptions options;
	Placer placer;
	Placed root;
	std::map<uint32_t, uint64_t> second_level; /* physical, by index in the first */
};

/* V, Config, SHCFG "use incoming"; with stage 2, S2AA64, S2R and S2PS of 48 bits. */
Ste ValidSte(Config config);
/* V, AA64, A, R, IPS of 48 bits; both TTBs disabled until tables are put in. */
Cd ValidCd();

} // namespace ref

#endif
