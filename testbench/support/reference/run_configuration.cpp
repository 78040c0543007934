/* SPDX-License-Identifier: Apache-2.0 */
/* From a StreamID to an STE, from a SubstreamID to a CD (IHI 0070, 3.3.1, 3.3.2, 5.1 to 5.4). */
#include "testbench/support/reference/legality.hpp"
#include "testbench/support/reference/run_internal.hpp"

#include <algorithm>

namespace ref
{

bool Run::ReadStructure(AccessKind kind, uint64_t address, int words, const MemoryTypes &attributes,
			Words<8> *structure)
{
	bool arrived = true;

	*structure = Words<8>();
	for (int i = 0; i < words; i++)
		arrived &= memory.Read64(address + 8 * i, &structure->word[i]);
	if (!arrived)
		*structure = Words<8>();
	outcome.accesses.push_back(
		{kind, address, static_cast<uint32_t>(8 * words), structure->word[0], attributes});
	return arrived;
}

/* What is known of this stream's structure; `index` of L1Std and Ste is of no matter. */
std::vector<const CachedStructure *> Run::Known(StructureKind kind, uint32_t index) const
{
	std::vector<const CachedStructure *> known;

	if (!cache)
		return known;
	for (const CachedStructure &s : cache->structures) {
		int shift = 0;

		if (s.kind != kind)
			continue;
		if (kind == StructureKind::kL1Std)
			shift = s.span_bits;
		else if (kind == StructureKind::kSte)
			shift = s.words.Get(ste::kCONT); /* may serve its neighbours, 5.2 */
		else if (s.index != index)
			continue;
		if ((s.stream ^ request.stream) >> shift == 0 && !s.excluded.count(request.stream))
			known.push_back(&s);
	}
	return known;
}

void Run::Learn(StructureKind kind, uint32_t index, int shift, const Words<8> &words,
		bool was_stale)
{
	CachedStructure learned;

	learned.kind = kind;
	learned.stream = request.stream;
	learned.index = index;
	learned.span_bits = shift;
	learned.words = words;
	learned.stale = was_stale;
	learned_structures.push_back(learned);
}

/* 3.4.3, row "STE fetch": an address beyond the OAS is truncated, or told as F_STE_FETCH. */
uint64_t Run::StructureAddress(uint64_t address)
{
	const int bits = features.OutputBits();

	if (address >> bits && chooser.Pick(2) == 1) {
		EventFields fields = Fields(kF_STE_FETCH);
		fields.fetch_address = address & Mask(bits);
		ConfigurationError(fields);
	}
	return address & Mask(bits);
}

/* 5.1; `known` is a cached L1STD or null. */
uint64_t Run::L2SteAddress(const CachedStructure *known)
{
	const int size = Get(registers.strtab_base_cfg, strtab_base_cfg::kLOG2SIZE);
	int split = Get(registers.strtab_base_cfg, strtab_base_cfg::kSPLIT);
	const uint64_t base = Get(registers.strtab_base, strtab_base::kADDR) << 6;
	Words<8> l1;

	if (split != 6 && split != 8 && split != 10)
		split = 6;
	if (known) {
		l1 = known->words;
		stale |= known->stale;
	} else {
		const int align = std::max(5, size - split - 1 + 3) + 1;
		const uint64_t address = StructureAddress((base & ~Mask(align)) +
							  8 * (uint64_t{request.stream} >> split));
		if (!ReadStructure(AccessKind::kL1Std, address, 1, OfStreams(), &l1)) {
			EventFields fields = Fields(kF_STE_FETCH);
			fields.fetch_address = address;
			ConfigurationError(fields);
		}
		Learn(StructureKind::kL1Std, 0, split, l1, stale);
	}

	const int span = l1.Get(l1std::kSpan);
	const uint64_t within = request.stream & Mask(split);
	if (span == 0 || span > 11 || span > split + 1 || within >= 1ull << (span - 1))
		BadStream();
	const uint64_t table = l1.Get(l1std::kL2Ptr) << 6 & ~Mask(6 + span - 1);
	return table + 64 * within;
}

/* 6.3.24, 6.3.25 */
uint64_t Run::SteAddress()
{
	const bool two_level = features.Idr0(idr0::kST_LEVEL) &&
			       Get(registers.strtab_base_cfg, strtab_base_cfg::kFMT) == 1;

	if (!two_level) {
		const int size = Get(registers.strtab_base_cfg, strtab_base_cfg::kLOG2SIZE);
		const uint64_t base = Get(registers.strtab_base, strtab_base::kADDR) << 6;
		return (base & ~Mask(size + 6)) + 64 * uint64_t{request.stream};
	}
	const auto known = Known(StructureKind::kL1Std, 0);
	const int pick = chooser.Pick(1 + known.size());
	return L2SteAddress(pick ? known[pick - 1] : nullptr);
}

void Run::FindSte()
{
	const int size = Get(registers.strtab_base_cfg, strtab_base_cfg::kLOG2SIZE);
	const int bits = std::min(size, features.StreamBits());

	if (uint64_t{request.stream} >> bits)
		BadStream();
	const auto known = Known(StructureKind::kSte, 0);
	const int pick = chooser.Pick(1 + known.size());
	if (pick) {
		ste = known[pick - 1]->words;
		stale |= known[pick - 1]->stale;
		return;
	}
	const uint64_t address = StructureAddress(SteAddress());
	if (!ReadStructure(AccessKind::kSte, address, 8, OfStreams(), &ste)) {
		EventFields fields = Fields(kF_STE_FETCH);
		fields.fetch_address = address;
		ConfigurationError(fields);
	}
	Learn(StructureKind::kSte, 0, 0, ste, stale);
}

void Run::CheckSte()
{
	const char *broken = SteIllegal(ste, features);

	if (!broken && !(SteBaseBeyondOas(ste, features) && chooser.Pick(2) == 1))
		return;
	/* An IPA beyond the IAS is an illegal STE, or goes on to stage 2 (3.4.3, note 2). */
	Ste in_range = ste;
	in_range.Set(ste::kS1ContextPtr, 0);
	if (ste.Get(ste::kConfig) == kNested && !SteIllegal(in_range, features) &&
	    chooser.Pick(2) == 1)
		return;
	ConfigurationError(Fields(kC_BAD_STE));
}

/* 5.3; `wide`: tables of 64 KiB. */
uint64_t Run::L2CdAddress(uint32_t index, bool wide, const CachedStructure *known)
{
	const int split = wide ? 10 : 6;
	const int l1_bits = std::max(0, static_cast<int>(ste.Get(ste::kS1CDMax)) - split);
	/* Without a SubstreamID, it says 0, the index that S1DSS gave: 7.3.9. */
	const EventFields fields = Fields(kC_BAD_SUBSTREAMID);
	Words<8> l1;

	if (known) {
		l1 = known->words;
		stale |= known->stale;
	} else {
		const uint64_t base = ste.Get(ste::kS1ContextPtr) << 6;
		const uint64_t pointer =
			(base & ~Mask(std::max(6, l1_bits + 3))) + 8 * (index >> split);
		Translated how;
		const uint64_t address = ThroughStage2(pointer, {kClassCd}, &how);
		if (!ReadStructure(AccessKind::kL1Cd, address, 1, OfCds(how.leaf), &l1)) {
			EventFields abort = Fields(kF_CD_FETCH);
			abort.fetch_address = address;
			ConfigurationError(abort);
		}
		Learn(StructureKind::kL1Cd, index >> split, split, l1, stale);
	}
	if (!l1.Is(l1cd::kV))
		ConfigurationError(fields);

	const uint64_t table = l1.Get(l1cd::kL2Ptr) << 12 & ~Mask(wide ? 16 : 12);
	/* 3.4.3, notes 3 and 4 */
	if (!stage2_on && table >> features.OutputBits())
		ConfigurationError(fields);
	if (stage2_on && table >> features.IntermediateBits() && chooser.Pick(2) == 0)
		ConfigurationError(fields);
	return table + 64 * (index & Mask(split));
}

/* 5.2, S1Fmt. Bits of S1ContextPtr that a table's size makes RES0 are taken as zero. */
uint64_t Run::CdAddress(uint32_t index)
{
	const uint64_t base = ste.Get(ste::kS1ContextPtr) << 6;
	const int max = features.SubstreamBits() ? ste.Get(ste::kS1CDMax) : 0;
	const uint64_t format = ste.Get(ste::kS1Fmt);

	if (!max)
		return base;
	if (format != 1 && format != 2)
		return (base & ~Mask(max + 6)) + 64 * uint64_t{index};
	const auto known = Known(StructureKind::kL1Cd, index >> (format == 2 ? 10 : 6));
	const int pick = chooser.Pick(1 + known.size());
	return L2CdAddress(index, format == 2, pick ? known[pick - 1] : nullptr);
}

void Run::FindCd(uint32_t index)
{
	const auto known = Known(StructureKind::kCd, index);
	const int pick = chooser.Pick(1 + known.size());

	if (pick) {
		cd = known[pick - 1]->words;
		stale |= known[pick - 1]->stale;
	} else {
		Translated how;
		const uint64_t address = ThroughStage2(CdAddress(index), {kClassCd}, &how);
		if (!ReadStructure(AccessKind::kCd, address, 8, OfCds(how.leaf), &cd)) {
			EventFields fields = Fields(kF_CD_FETCH);
			fields.fetch_address = address;
			ConfigurationError(fields);
		}
		Learn(StructureKind::kCd, index, 0, cd, stale);
	}
	const bool e2h = Get(registers.cr2, cr2::kE2H) != 0;
	if (CdIllegal(cd, ste, features, e2h) ||
	    (CdBaseBeyondOas(cd, ste, features, e2h) && chooser.Pick(2) == 1))
		ConfigurationError(Fields(kC_BAD_CD));
}

} // namespace ref
