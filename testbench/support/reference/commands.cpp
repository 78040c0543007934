/* SPDX-License-Identifier: Apache-2.0 */
/* Which commands are legal, and what they invalidate (IHI 0070, chapter 4). */
#include "testbench/support/reference/geometry.hpp"
#include "testbench/support/reference/smmu.hpp"

namespace ref
{

namespace
{
/* Features that a command needs. */
enum Need { kAlways, kStage1, kStage2, kHyp, kAts, kPri, kStall };

/* Its fields. */
enum {
	kStreamField = 1 << 0,
	kSubstreamField = 1 << 1,
	kSsvField = 1 << 2,
	kSsecField = 1 << 3,
	kVmidField = 1 << 4,
	kAsidField = 1 << 5,
	kAddressField = 1 << 6,
	kRangedField = 1 << 7, /* NUM, SCALE, TG, TTL, TTL128, Leaf */
	kLeafField = 1 << 8,
};

constexpr int kStreamCommand = kStreamField | kSsecField;
constexpr int kPrefetch = kStreamCommand | kSubstreamField | kSsvField;
constexpr int kByAddress = kAddressField | kRangedField;

struct Row {
	int opcode;
	Need needs;
	int fields;
	uint64_t more[2]; /* other bits that it has */
};

const Row rows[] = {
	{kCMD_PREFETCH_CONFIG, kAlways, kPrefetch, {0, 0}},
	{kCMD_PREFETCH_ADDR, kAlways, kPrefetch | kAddressField, {0, 0x3ff}},
	{kCMD_CFGI_STE, kAlways, kStreamCommand | kLeafField, {0, 0}},
	{kCMD_CFGI_STE_RANGE, kAlways, kStreamCommand, {0, 0x1f}},
	{kCMD_CFGI_CD, kStage1, kStreamCommand | kSubstreamField | kLeafField, {0, 0}},
	{kCMD_CFGI_CD_ALL, kStage1, kStreamCommand, {0, 0}},
	{kCMD_TLBI_NH_ALL, kStage1, kVmidField, {0, 0}},
	{kCMD_TLBI_NH_ASID, kStage1, kVmidField | kAsidField, {0, 0}},
	{kCMD_TLBI_NH_VA, kStage1, kVmidField | kAsidField | kByAddress, {0, 0}},
	{kCMD_TLBI_NH_VAA, kStage1, kVmidField | kByAddress, {0, 0}},
	{kCMD_TLBI_EL2_ALL, kHyp, 0, {0, 0}},
	{kCMD_TLBI_EL2_ASID, kHyp, kAsidField, {0, 0}},
	{kCMD_TLBI_EL2_VA, kHyp, kAsidField | kByAddress, {0, 0}},
	{kCMD_TLBI_EL2_VAA, kHyp, kByAddress, {0, 0}},
	{kCMD_TLBI_S12_VMALL, kStage2, kVmidField, {0, 0}},
	{kCMD_TLBI_S2_IPA, kStage2, kVmidField | kByAddress, {0, 0}},
	{kCMD_TLBI_NSNH_ALL, kAlways, 0, {0, 0}},
	{kCMD_ATC_INV,
	 kAts,
	 kStreamField | kSubstreamField | kSsvField | kAddressField,
	 {1 << 9, 0x3f}},
	{kCMD_PRI_RESP, kPri, kStreamField | kSubstreamField | kSsvField, {0, 0x31ff}},
	{kCMD_RESUME, kStall, kStreamCommand, {3 << 12, 0xffff}},
	{kCMD_STALL_TERM, kStall, kStreamCommand, {0, 0}},
	{kCMD_SYNC, kAlways, 0, {~0ull << 32 | 0xf << 24 | 3 << 22 | 3 << 12, Mask(56) & ~3ull}},
};

const Row *Find(uint64_t opcode)
{
	for (const Row &row : rows)
		if (row.opcode == static_cast<int>(opcode))
			return &row;
	return nullptr;
}

/* The bits of a command that mean something. */
Words<2> Defined(const Row &row)
{
	static const struct {
		int field;
		Field bits;
	} fields[] = {
		{kStreamField, command::kStreamID}, {kSubstreamField, command::kSubstreamID},
		{kSsvField, command::kSSV},         {kSsecField, command::kSSec},
		{kVmidField, command::kVMID},       {kAsidField, command::kASID},
		{kAddressField, command::kAddress}, {kRangedField, command::kNUM},
		{kRangedField, command::kSCALE},    {kRangedField, command::kTG},
		{kRangedField, command::kTTL},      {kRangedField, command::kTTL128},
		{kRangedField, command::kLeaf},     {kLeafField, command::kLeaf},
	};
	Words<2> defined;

	for (const auto &f : fields)
		if (row.fields & f.field)
			defined.Set(f.bits, ~0ull);
	if (row.opcode == kCMD_TLBI_S2_IPA)
		defined.Set({127, 120}, 0); /* Address[55:12] */
	defined.Set(command::kOpcode, ~0ull);
	defined.word[0] |= row.more[0];
	defined.word[1] |= row.more[1];
	return defined;
}

bool Has(const Features &f, Need needs)
{
	switch (needs) {
	case kStage1:
		return f.Stage1();
	case kStage2:
		return f.Stage2();
	case kHyp:
		return f.Idr0(idr0::kHyp);
	case kAts:
		return f.Idr0(idr0::kATS);
	case kPri:
		return f.Idr0(idr0::kPRI);
	case kStall:
		return f.StallModel() != 1;
	case kAlways:
		break;
	}
	return true;
}

/* 4.4.1.1 */
Legality RangeLegality(const Words<2> &c, const Features &f)
{
	const bool used = c.Is(command::kNUM) || c.Is(command::kSCALE) || c.Is(command::kTTL) ||
			  c.Is(command::kTTL128);
	int ttl = c.Get(command::kTTL);

	if (!f.Idr3(idr3::kRIL) || !c.Is(command::kTG))
		return used || (!f.Idr3(idr3::kRIL) && c.Is(command::kTG)) ? Legality::kEither
									   : Legality::kLegal;
	if (c.Get(command::kTG) == 2 && ttl == 1) /* no such level without DS: as 0b00 */
		ttl = 0;
	if (!c.Is(command::kNUM) && !c.Is(command::kSCALE) && ttl == 0)
		return Legality::kIllegal;
	if (c.Is(command::kTTL128) || c.Get(command::kSCALE) >> 5)
		return Legality::kEither;
	return Legality::kLegal;
}
} // namespace

Legality CommandLegality(const uint64_t word[2], const Features &f)
{
	const Words<2> c{{word[0], word[1]}};
	const uint64_t opcode = c.Get(command::kOpcode);
	const Row *row = Find(opcode);

	if (opcode >= 0x80 && opcode <= 0x8f)
		return Legality::kEither;
	if (!row || !Has(f, row->needs))
		return Legality::kIllegal;
	if ((row->fields & kSsecField) && c.Is(command::kSSec))
		return Legality::kIllegal;
	if (opcode == kCMD_SYNC && c.Get(command::kCS) == 3)
		return Legality::kIllegal;
	if (opcode == kCMD_PRI_RESP && c.Get(command::kResp) == 3)
		return Legality::kIllegal;
	if (row->fields & kRangedField) {
		const Legality range = RangeLegality(c, f);
		if (range != Legality::kLegal)
			return range;
	}
	const Words<2> defined = Defined(*row);
	if ((word[0] & ~defined.word[0]) || (word[1] & ~defined.word[1]))
		return Legality::kEither;
	if (opcode == kCMD_ATC_INV && c.Get(command::kSize) > 52)
		return Legality::kEither;
	/* 4.4: what is RES0 where tags have 8 bits, or stage 2 is not there. */
	if ((row->fields & kAsidField) && !f.Idr0(idr0::kASID16) && c.Get(command::kASID) >> 8)
		return Legality::kEither;
	const uint64_t vmid_bits = !f.Stage2() ? 0 : f.Idr0(idr0::kVMID16) ? 16 : 8;
	if ((row->fields & kVmidField) && c.Get(command::kVMID) >> vmid_bits)
		return Legality::kEither;
	return Legality::kLegal;
}

/* What a TLB invalidation is about. */
namespace
{
struct Scope {
	int stage = 0; /* 0: both */
	bool el1 = false, el2 = false, el2_e2h = false;
	bool by_vmid = false, by_asid = false, by_address = false;
	bool globals = true; /* by_asid: those as well, whatever their ASID */
};

Scope ScopeOf(int opcode, bool e2h)
{
	Scope s;

	s.el1 = opcode < 0x20 || opcode >= 0x28;
	s.el2 = !s.el1;
	s.el2_e2h = !s.el1;
	s.stage = opcode == kCMD_TLBI_S2_IPA ? 2 : opcode < 0x28 ? 1 : 0;
	s.by_vmid = s.el1 && opcode != kCMD_TLBI_NSNH_ALL;
	switch (opcode) {
	case kCMD_TLBI_NH_ASID:
	case kCMD_TLBI_EL2_ASID:
		s.by_asid = true;
		s.globals = false;
		s.el2 = false;
		break;
	case kCMD_TLBI_NH_VA:
		s.by_asid = s.by_address = true;
		break;
	case kCMD_TLBI_EL2_VA:
		s.by_asid = e2h;
		s.by_address = true;
		s.el2 = !e2h;
		s.el2_e2h = e2h;
		break;
	case kCMD_TLBI_EL2_VAA:
		s.by_address = true;
		s.el2 = !e2h;
		s.el2_e2h = e2h;
		break;
	case kCMD_TLBI_NH_VAA:
	case kCMD_TLBI_S2_IPA:
		s.by_address = true;
		break;
	}
	return s;
}

/* Bits of the address that must be zero if a range is to have a known extent (4.4.1.1). */
int RangeAlignment(int granule_bits, int ttl)
{
	if (granule_bits == kGranule16K && ttl == 1)
		ttl = 0;
	return ttl == 0 ? granule_bits : LevelShift(granule_bits, ttl);
}

bool AddressInScope(const Words<2> &c, const CachedTranslation &entry)
{
	static const int granules[] = {0, kGranule4K, kGranule16K, kGranule64K};
	const int granule = granules[c.Get(command::kTG)];
	const uint64_t address = c.Get(command::kAddress) << 12;
	int ttl = c.Get(command::kTTL);
	const Found &found = entry.found;

	if (c.Is(command::kLeaf) && found.table)
		return false;
	if (!granule)
		return entry.Covers(address);
	if (granule == kGranule16K && ttl == 1)
		ttl = 0;
	if (granule != found.regime.granule_bits || (address & Mask(RangeAlignment(granule, ttl))))
		return false;
	if (ttl && (found.table ? found.level >= ttl : found.level != ttl))
		return false;
	const uint64_t bytes = (c.Get(command::kNUM) + 1) << c.Get(command::kSCALE) << granule;
	const uint64_t last = address + bytes - 1;
	const uint64_t entry_last = entry.base | Mask(entry.size_bits);
	return entry.base <= (last < address ? ~0ull : last) && entry_last >= address;
}

bool InScope(const Scope &s, const Words<2> &c, const CachedTranslation &entry, int vmid_shift)
{
	const StreamWorld world = entry.tags.world;

	if (s.stage && entry.found.regime.stage != s.stage)
		return false;
	if (!(world == StreamWorld::kEl1 ? s.el1 : world == StreamWorld::kEl2 ? s.el2 : s.el2_e2h))
		return false;
	if (s.by_vmid && (entry.tags.vmid ^ c.Get(command::kVMID)) >> vmid_shift)
		return false;
	if (s.by_asid && entry.global && !s.globals)
		return false;
	if (s.by_asid && !entry.global && entry.tags.asid != c.Get(command::kASID))
		return false;
	return !s.by_address || AddressInScope(c, entry);
}
} // namespace

void Smmu::InvalidateTranslations(const uint64_t word[2])
{
	const Words<2> c{{word[0], word[1]}};
	const Scope scope = ScopeOf(word[0] & 0xff, Get(registers.cr2, cr2::kE2H));
	const bool wildcards = Get(registers.idr[0], idr0::kVMW) != 0;
	const int vmw = wildcards ? Get(registers.cr0, cr0::kVMW) : 0; /* 6.3.9, VMW */

	for (CachedTranslation &entry : cache.translations)
		if (InScope(scope, c, entry, vmw <= 4 ? vmw : 0))
			entry.found.stale = true;
}

/* 4.3.1, 4.3.2, 4.3.6; `l1`: the L1STDs on the way as well. */
void Smmu::InvalidateStreams(uint32_t first, uint64_t count, bool l1)
{
	const auto inside = [=](uint64_t stream) {
		return stream - first < count;
	};
	std::vector<CachedStructure> alone;

	for (CachedStructure &s : cache.structures) {
		if (s.kind == StructureKind::kL1Std) {
			const uint64_t begin = uint64_t{s.stream} >> s.span_bits << s.span_bits;
			const uint64_t end = begin + (1ull << s.span_bits);
			s.stale |= l1 && begin < first + count && end > first;
		} else if (inside(s.stream)) {
			s.stale = true;
		} else if (s.kind == StructureKind::kSte && count == 1 &&
			   (s.stream ^ first) >> s.words.Get(ste::kCONT) == 0) {
			/* It served a neighbour, and does so until CMD_SYNC. */
			s.excluded.insert(first);
			alone.push_back(s);
			alone.back().stream = first;
			alone.back().words.Set(ste::kCONT, 0);
			alone.back().excluded.clear();
			alone.back().stale = true;
		}
	}
	cache.structures.insert(cache.structures.end(), alone.begin(), alone.end());
}

/* 4.3.3, 4.3.4 */
void Smmu::InvalidateCds(uint32_t stream, bool all, uint32_t index, bool l1)
{
	for (CachedStructure &s : cache.structures) {
		if (s.stream != stream)
			continue;
		if (s.kind == StructureKind::kCd)
			s.stale |= all || s.index == index;
		/* Which index an L1CD has depends on S1Fmt: span_bits holds its split. */
		if (s.kind == StructureKind::kL1Cd)
			s.stale |= l1 && (all || s.index == index >> s.span_bits);
	}
}

void Smmu::Sync()
{
	std::vector<CachedStructure> structures;
	std::vector<CachedTranslation> translations;

	for (const CachedStructure &s : cache.structures)
		if (!s.stale)
			structures.push_back(s);
	for (const CachedTranslation &t : cache.translations)
		if (!t.found.stale)
			translations.push_back(t);
	cache.structures = structures;
	cache.translations = translations;
}

Legality Smmu::Command(const uint64_t word[2])
{
	const Words<2> c{{word[0], word[1]}};
	const Legality legality = CommandLegality(word, Features(registers));
	const int opcode = c.Get(command::kOpcode);
	const uint32_t stream = c.Get(command::kStreamID);
	const uint32_t substream = c.Get(command::kSubstreamID);
	const bool leaf = c.Is(command::kLeaf);

	if (legality != Legality::kLegal)
		return legality;
	if (opcode == kCMD_CFGI_STE) {
		InvalidateStreams(stream, 1, !leaf);
	} else if (opcode == kCMD_CFGI_STE_RANGE) {
		const int bits = c.Get(command::kRange) + 1;
		InvalidateStreams(stream & ~Mask(bits), 1ull << bits, true);
	} else if (opcode == kCMD_CFGI_CD || opcode == kCMD_CFGI_CD_ALL) {
		const bool all = opcode == kCMD_CFGI_CD_ALL;
		InvalidateCds(stream, all, substream, all || !leaf);
	} else if (opcode >= kCMD_TLBI_NH_ALL && opcode <= kCMD_TLBI_NSNH_ALL) {
		InvalidateTranslations(word);
	} else if (opcode == kCMD_SYNC) {
		Sync();
	}
	return legality;
}

} // namespace ref
