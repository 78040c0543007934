/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One stage of VMSAv8-64 (DDI 0487, D8.2 to D8.5) or VMSAv8-32 LPAE (G5.5, G5.6) as an SMMU
 * configures it (IHI 0070, 3.4, 3.13).
 */
#include "testbench/support/reference/geometry.hpp"
#include "testbench/support/reference/run_internal.hpp"

#include <algorithm>

namespace ref
{

/*
 * "The SMMU effectively aligns the value in this field before use" (5.2 S2TTB, 5.4 TTB0), and a
 * base of LPAE beyond the OAS is cut off where it is not ILLEGAL (3.4.3).
 */
static uint64_t AlignedBase(const Regime &r, uint64_t base)
{
	/* Of a TTB that is disabled the size may be anything, and the base is not used. */
	const int bits = std::max(0, StartIndexBits(r.granule_bits, r.ia_bits, r.start_level) + 3);

	return base & Mask(r.kept_bits) & ~Mask(r.oa_bits == 52 ? std::max(bits, 6) : bits);
}

/* 5.4: of LPAE, TGx and IPS are IGNORED, as are all bits of TxSZ but three. */
void Run::ShapeStage1(Regime &r, const Half &half) const
{
	const int size = static_cast<int>(cd.Get(half.ttb ? cd::kT1SZ : cd::kT0SZ));

	r.first = half.first;
	r.last = half.last;
	if (cd.Is(cd::kAA64)) {
		r.granule_bits =
			half.ttb ? GranuleOfTg1(cd.Get(cd::kTG1)) : GranuleOfTg0(cd.Get(cd::kTG0));
		r.ia_bits = 64 - size;
		r.oa_bits = EffectiveOutputBits(cd.Get(cd::kIPS), features);
	} else {
		r.lpae = true;
		r.granule_bits = kGranule4K;
		r.ia_bits = 32 - (size & 7);
		r.oa_bits = 40;
		r.kept_bits = stage2_on ? 64 : features.OutputBits();
	}
	r.start_level = Stage1StartLevel(r.granule_bits, r.ia_bits);
	r.base = AlignedBase(r, cd.Get(half.ttb ? cd::kTTB1 : cd::kTTB0) << 4);
}

Regime Run::Stage1Regime(const Half &half) const
{
	const StreamWorld world = WorldOf(ste, features, Get(registers.cr2, cr2::kE2H));
	const int ttb = half.ttb;
	/* 5.4: HA and HD are IGNORED of LPAE; so HAFT updates nothing, and AFFD counts. */
	const bool ha = cd.Is(cd::kAA64) && cd.Is(cd::kHA);
	Regime r;

	r.stage = 1;
	r.oas_52 = features.OutputBits() == 52;
	r.oa_52 = r.oas_52 || registers.high_output_bits;
	ShapeStage1(r, half);
	r.big_endian = cd.Is(cd::kENDI);
	r.updates_access = ha;
	r.updates_dirty = ha && cd.Is(cd::kHD);
	r.updates_tables = ha && features.Httu() == 3 && cd.Is(cd::kHAFT);
	r.access_fault_off = cd.Is(cd::kAFFD);
	r.hierarchical = !(features.Idr3(idr3::kHAD) && cd.Is(ttb ? cd::kHAD1 : cd::kHAD0));
	r.one_privilege = world == StreamWorld::kEl2;
	r.wxn = cd.Is(cd::kWXN);
	r.uwxn = r.lpae && cd.Is(cd::kUWXN) && !r.one_privilege;
	r.pan = cd.Is(cd::kPAN) && !r.one_privilege;
	r.epan = features.Idr3(idr3::kEPAN) && cd.Is(cd::kEPAN);
	r.mair = cd.Get(cd::kMAIR0) | cd.Get(cd::kMAIR1) << 32;
	r.inner = cd.Get(ttb ? cd::kIR1 : cd::kIR0);
	r.outer = cd.Get(ttb ? cd::kOR1 : cd::kOR0);
	r.shareability = cd.Get(ttb ? cd::kSH1 : cd::kSH0);
	return r;
}

/* 5.2: of LPAE, S2TG is taken as 4 KiB, S2PS is IGNORED, and so are two bits of S2T0SZ. */
void Run::ShapeStage2(Regime &r) const
{
	const uint64_t size = ste.Get(ste::kS2T0SZ), sl0 = ste.Get(ste::kS2SL0);

	if (ste.Is(ste::kS2AA64)) {
		r.granule_bits = GranuleOfTg0(ste.Get(ste::kS2TG));
		r.ia_bits = 64 - static_cast<int>(size);
		r.start_level = Stage2StartLevel(r.granule_bits, static_cast<int>(sl0));
		r.oa_bits = EffectiveOutputBits(ste.Get(ste::kS2PS), features);
	} else {
		r.lpae = true;
		r.granule_bits = kGranule4K;
		r.ia_bits = LpaeIpaBits(size);
		r.start_level = LpaeStage2StartLevel(sl0);
		r.oa_bits = 40;
		r.kept_bits = features.OutputBits();
	}
	r.last = Mask(r.ia_bits);
	r.base = AlignedBase(r, ste.Get(ste::kS2TTB) << 4);
}

Regime Run::Stage2Regime() const
{
	Regime r;

	r.stage = 2;
	r.oas_52 = features.OutputBits() == 52;
	r.oa_52 = r.oas_52 || registers.high_output_bits;
	ShapeStage2(r);
	r.big_endian = ste.Is(ste::kS2ENDI);
	r.updates_access = ste.Is(ste::kS2HA);
	r.updates_dirty = ste.Is(ste::kS2HA) && ste.Is(ste::kS2HD);
	r.updates_tables = ste.Is(ste::kS2HA) && features.Httu() == 3 && ste.Is(ste::kS2HAFT);
	r.access_fault_off = ste.Is(ste::kS2AFFD);
	r.two_execute_bits = features.Idr3(idr3::kXNX);
	r.fwb = features.Idr3(idr3::kFWB) && ste.Is(ste::kS2FWB);
	/* Of LPAE the encoding that FEAT_MTE_PERM adds stays reserved. */
	r.mte_perm = !r.lpae && features.Idr3(idr3::kMTEPERM) != 0;
	r.protect_walks = Stage1Configured(ste) && ste.Is(ste::kS2PTW);
	r.inner = ste.Get(ste::kS2IR0);
	r.outer = ste.Get(ste::kS2OR0);
	r.shareability = ste.Get(ste::kS2SH0);
	return r;
}

Tags Run::StreamTags() const
{
	Tags tags;

	tags.world = WorldOf(ste, features, Get(registers.cr2, cr2::kE2H));
	if (features.Stage2() && tags.world == StreamWorld::kEl1)
		tags.vmid = ste.Get(ste::kS2VMID);
	if (stage1_on && tags.world != StreamWorld::kEl2)
		tags.asid = cd.Get(cd::kASID);
	tags.aset = stage1_on && cd.Is(cd::kASET);
	return tags;
}

uint64_t Swapped(uint64_t value, bool big_endian)
{
	return big_endian ? __builtin_bswap64(value) : value;
}

/* `from`: the table that points here, if it came from a cache. */
uint64_t Run::ReadDescriptor(const Regime &r, uint64_t address, const Use &use, const Found *from,
			     Found *found)
{
	const Found *second = nullptr;
	uint64_t value = 0;

	found->address = address;
	if (r.stage == 1 && stage2_on) {
		found->ipa = address;
		if (from && from->second) {
			second = from->second.get();
			found->address = OutputOf(*second, address);
		} else {
			Translated how;
			found->address = ThroughStage2(address, {kClassTt}, &how);
			found->second = std::make_shared<Found>(how.leaf);
			second = found->second.get();
		}
	}
	const bool arrived = memory.Read64(found->address, &value);
	outcome.accesses.push_back({r.stage == 1 ? AccessKind::kStage1 : AccessKind::kStage2,
				    found->address, 8, value, OfTables(r, second)});
	if (!arrived)
		WalkAborted(r.stage, use.fault_class, found->address);
	return Swapped(value, r.big_endian);
}

/*
 * Bits [47:40] of LPAE descriptors, or what is beyond IPS or S2PS. Where a next table would
 * be beyond the OAS, nothing is cut off: 3.4.3.
 */
bool TooLarge(const Found &found, uint64_t output)
{
	const Regime &r = found.regime;

	return output >> r.oa_bits || (found.table && output & ~Mask(r.kept_bits));
}

void Run::CheckOutput(const Found &found, uint64_t output, uint64_t input, const Use &use)
{
	if (TooLarge(found, output))
		Fault(kF_ADDR_SIZE, found.regime.stage, use, input);
}

void AddAttributes(const Regime &r, uint64_t table, TableAttributes *above)
{
	if (r.stage == 2 || !r.hierarchical)
		return;
	const uint64_t ap = Get(table, descriptor::kAPTable);
	above->no_unprivileged |= ap & 1;
	above->no_write |= ap >> 1;
	above->unprivileged_never |= Get(table, descriptor::kUXNTable) != 0;
	above->privileged_never |= Get(table, descriptor::kPXNTable) != 0;
}

/* Table D8-48: is it a table, a leaf, or (false) invalid? */
bool Classify(const Regime &r, Found *found)
{
	const bool bit1 = Get(found->descriptor, descriptor::kTable) != 0;

	found->table = bit1 && found->level < 3;
	found->region_bits = LevelShift(r.granule_bits, found->level);
	return Get(found->descriptor, descriptor::kValid) &&
	       (bit1 || BlockPossible(r.granule_bits, found->level, r.oas_52));
}

/*
 * D8.7.1.3, G5.5.5.1: a block of LPAE, or the group that a Contiguous bit joins, reaches beyond
 * the addresses that its tables are for.
 */
static bool ReachesTooFar(const Found &found, uint64_t input)
{
	const Regime &r = found.regime;
	const bool contiguous = Get(found.descriptor, descriptor::kContiguous) != 0;
	const int group = contiguous ? ContiguousBits(r.granule_bits, found.level) : 0;
	const uint64_t offsets = Mask(found.region_bits + group);

	return !found.table && ((input & ~offsets) < r.first || (input | offsets) > r.last);
}

/* One that reaches too far may be as good as none. */
bool Run::Invalid(Found *found, uint64_t input)
{
	if (!Classify(found->regime, found))
		return true;
	return ReachesTooFar(*found, input) && chooser.Pick(2) == 1;
}

/*
 * HAFT: the flags of tables are set before the leaf's (D8.5.1). A walk that ends in a fault
 * may have set them on its way, or none.
 */
bool Run::SetsTablesAtOnce()
{
	if (!tables_at_once)
		tables_at_once = chooser.Pick(2) == 1;
	return *tables_at_once;
}

/*
 * The Contiguous bit: where the descriptor does not lie as its group says, either address may
 * come out (DDI 0487, StageOA; D8.7.1).
 */
Found Run::HeedContiguous(const Found &leaf, uint64_t input)
{
	Found joined = leaf;

	if (!Get(leaf.descriptor, descriptor::kContiguous))
		return leaf;
	joined.region_bits += ContiguousBits(leaf.regime.granule_bits, leaf.level);
	if (OutputOf(joined, input) != OutputOf(leaf, input) && chooser.Pick(2) == 1)
		return joined;
	return leaf;
}

/* From the start, or from a table descriptor that is known. */
Translated Run::WalkTables(const Regime &r, uint64_t input, const Use &use, const Found *from)
{
	Translated result;
	Found previous;
	int level = from ? from->level + 1 : r.start_level;
	uint64_t base = r.base;
	TableAttributes above;

	result.input = input;
	if (from) {
		previous = *from;
		above = from->above;
		base = DescriptorOutput(from->descriptor, r.granule_bits, r.granule_bits, r.oa_52);
	}
	for (;; level++) {
		Found found;
		found.regime = r;
		found.level = level;
		const int shift = LevelShift(r.granule_bits, level);
		const uint64_t index =
			TableIndex(r.granule_bits, r.ia_bits, r.start_level, level, input);
		found.descriptor = ReadDescriptor(r, base + 8 * index, use,
						  from ? &previous : nullptr, &found);
		from = nullptr;
		if (previous.table) {
			/* Known with where it leads to, once stage 2 has said that. */
			previous.second = found.second;
			if (found.second)
				LearnTranslation(previous, input);
		}
		found.second = nullptr;

		if (Invalid(&found, input))
			Fault(kF_TRANSLATION, r.stage, use, input);
		base = DescriptorOutput(found.descriptor, r.granule_bits,
					found.table ? r.granule_bits : shift, r.oa_52);
		CheckOutput(found, base, input, use);
		if (!found.table) {
			found.above = above;
			result.leaf = HeedContiguous(found, input);
			result.output = OutputOf(result.leaf, input);
			return result;
		}
		AddAttributes(r, found.descriptor, &above);
		found.above = above;
		if (r.updates_tables && AccessFlagMissing(found) && SetsTablesAtOnce())
			UpdateOne(found, Wanted(found, false), use);
		if (r.updates_tables && AccessFlagMissing(found))
			result.tables.push_back(found);
		else
			LearnTranslation(found, input);
		previous = found;
	}
}

/* 3.4, 3.4.1 */
bool InRange(const Regime &r, uint64_t input)
{
	return input >= r.first && input <= r.last;
}

Use Run::StageUse(bool privileged_now) const
{
	return {kClassIn, write, instruction, privileged_now};
}

/* Bits above those of TxSZ are zeros, or ones for TTB1: 3.4.1. */
Half Run::Vmsa64Half(uint64_t address) const
{
	const StreamWorld world = WorldOf(ste, features, Get(registers.cr2, cr2::kE2H));
	const int ttb = Get(address, {55, 55}) && world != StreamWorld::kEl2;
	const int ia_bits = 64 - static_cast<int>(cd.Get(ttb ? cd::kT1SZ : cd::kT0SZ));

	return ttb ? Half{1, ~Mask(ia_bits), ~0ull} : Half{0, 0, Mask(ia_bits)};
}

/* What is in neither half is said to be in one of them, and out of its range. */
static Half HalfAmong(const LpaeHalves &halves, uint64_t address)
{
	if (address >= halves.begin1)
		return {1, halves.begin1, Mask(32)};
	return {0, 0, halves.end0 - 1};
}

/*
 * T0SZ of a disabled TTB0 is IGNORED (5.4, EPD0), yet where T1SZ is zero TTB1 begins where T0SZ
 * says (G5.5.5); and the other way round. Either may hold.
 */
Half Run::LpaeHalf(uint64_t address)
{
	const StreamWorld world = WorldOf(ste, features, Get(registers.cr2, cr2::kE2H));
	const int t0sz = cd.Get(cd::kT0SZ) & 7, t1sz = cd.Get(cd::kT1SZ) & 7;

	if (world == StreamWorld::kEl2)
		return {0, 0, Mask(32 - t0sz)};
	const Half half = HalfAmong(LpaeHalvesOf(t0sz, t1sz), address);
	const Half without = HalfAmong(
		LpaeHalvesOf(cd.Is(cd::kEPD0) ? 0 : t0sz, cd.Is(cd::kEPD1) ? 0 : t1sz), address);
	return half.ttb != without.ttb && chooser.Pick(2) == 1 ? without : half;
}

/* 3.4.1, TBI. There is none of 32-bit addresses: all that is above must be zero. */
uint64_t Run::WithoutTag(uint64_t address, int ttb) const
{
	if (!cd.Is(cd::kAA64) || !cd.Is(ttb ? cd::kTBI1 : cd::kTBI0))
		return address;
	return Get(address, {55, 55}) ? address | Put({63, 56}, 0xff) : address & Mask(56);
}

Translated Run::FindStage1(uint64_t address)
{
	const StreamWorld world = WorldOf(ste, features, Get(registers.cr2, cr2::kE2H));
	const bool lpae = !cd.Is(cd::kAA64);
	const Half half = lpae ? LpaeHalf(address) : Vmsa64Half(address);
	const uint64_t input = WithoutTag(address, half.ttb);
	const Use use = StageUse(privileged);

	if (!lpae && features.Idr3(idr3::kE0PD) && world != StreamWorld::kEl2 && !privileged &&
	    cd.Is(half.ttb ? cd::kE0PD1 : cd::kE0PD0))
		Fault(kF_TRANSLATION, 1, use, 0);

	const Regime r = Stage1Regime(half);
	const bool off = WalksDisabled(cd, half.ttb, world);
	const std::optional<Found> known = PickKnown(r, input, !off && InRange(r, input));
	if (!known) {
		/* Of a disabled TTB nothing but this is checked: not even its TG. */
		if (off || !InRange(r, input))
			Fault(kF_TRANSLATION, 1, use, 0);
		return WalkTables(r, input, use, nullptr);
	}
	if (known->table)
		return WalkTables(known->regime, input, use, &*known);
	Translated result;
	result.known = true;
	result.leaf = *known;
	result.input = input;
	result.output = OutputOf(*known, input);
	return result;
}

Translated Run::FindStage2(uint64_t ipa, const Use &use)
{
	const Regime r = Stage2Regime();
	const std::optional<Found> known = PickKnown(r, ipa, InRange(r, ipa));

	if (!known) {
		if (!InRange(r, ipa))
			Fault(kF_TRANSLATION, 2, use, ipa);
		return WalkTables(r, ipa, use, nullptr);
	}
	if (known->table)
		return WalkTables(known->regime, ipa, use, &*known);
	Translated result;
	result.known = true;
	result.leaf = *known;
	result.input = ipa;
	result.output = OutputOf(*known, ipa);
	return result;
}

Translated Run::FindSecond(const Translated &first, uint64_t ipa, const Use &use)
{
	Translated second;

	if (!first.leaf.second)
		return FindStage2(ipa, use);
	second.known = true;
	second.leaf = *first.leaf.second;
	second.input = ipa;
	second.output = OutputOf(second.leaf, ipa);
	return second;
}

/* All that an address needs of stage 2. Without stage 2, nothing. */
uint64_t Run::ThroughStage2(uint64_t ipa, const Use &use, Translated *how)
{
	if (!stage2_on)
		return ipa;
	return Finish2(FindStage2(ipa, use), use, how);
}

uint64_t Run::Finish2(Translated t, const Use &use, Translated *how)
{
	const Rights rights = RightsOf(t.leaf, use.privileged);
	const uint64_t attr = Get(t.leaf.descriptor, descriptor::kMemAttr);
	const bool device = t.leaf.regime.fwb ? !(attr & 4) : attr < 4;

	CheckAccessFlag(t, use);
	CheckRights(t, rights, use); /* 3.26.2: before the effect of S2PTW */
	if (use.fault_class != kClassIn && t.leaf.regime.protect_walks && device)
		Refuse(t, use);
	/* A stage 1 walk may mark the page of its table dirty at once (3.13.4). */
	const bool speculative =
		use.fault_class == kClassTt && !use.write && rights.clean && chooser.Pick(2) == 1;
	const bool dirty = use.write && rights.clean;
	t.waits = dirty && use.fault_class == kClassIn && second_may_wait && chooser.Pick(2) == 1;
	const uint64_t before = t.leaf.descriptor;
	Update(t, (dirty && !t.waits) || speculative, use);
	if (!t.known || t.leaf.descriptor != before)
		LearnTranslation(t.leaf, t.input);
	if (how)
		*how = t;
	return t.output;
}

bool Run::AccessFlagMissing(const Found &leaf) const
{
	return !Get(leaf.descriptor, descriptor::kAF) &&
	       (leaf.regime.updates_access || !leaf.regime.access_fault_off);
}

void Run::CheckAccessFlag(const Translated &t, const Use &use)
{
	if (AccessFlagMissing(t.leaf) && !t.leaf.regime.updates_access)
		Fault(kF_ACCESS, t.leaf.regime.stage, use, t.input);
}

void Run::CheckRights(const Translated &t, const Rights &rights, const Use &use)
{
	const bool granted = use.write         ? rights.write
			     : use.instruction ? rights.execute
					       : rights.read;

	if (!granted)
		Refuse(t, use);
}

void Run::LeaveRefused(const Translated &t, const Use &use)
{
	/*
	 * The access flag may be set all the same (3.13.2); under stage 2 that write may find a
	 * fault of its own (DDI 0487, AArch64.S1Translate).
	 */
	if (AccessFlagMissing(t.leaf) && chooser.Pick(2) == 1) {
		Translated touched = t;
		Update(touched, false, use);
		LearnTranslation(touched.leaf, t.input);
	}
	if (!t.known)
		LearnTranslation(t.leaf, t.input);
}

void Run::Refuse(const Translated &t, const Use &use)
{
	LeaveRefused(t, use);
	Fault(kF_PERMISSION, t.leaf.regime.stage, use, t.input);
}

static Rights Stage1Rights(const Found &leaf, bool privileged)
{
	const Regime &r = leaf.regime;
	const uint64_t d = leaf.descriptor;
	const bool read_only = Get(d, descriptor::kAP2) != 0;
	const bool clean = read_only && r.updates_dirty && Get(d, descriptor::kDBM);
	const bool writable = (!read_only || clean) && !leaf.above.no_write;
	const bool user =
		!r.one_privilege && Get(d, descriptor::kAP1) && !leaf.above.no_unprivileged;
	const bool user_writes = user && writable;
	const bool user_never = Get(d, descriptor::kUXN) || leaf.above.unprivileged_never;
	const bool kernel_never = Get(d, descriptor::kPXN) || leaf.above.privileged_never;
	Rights rights;

	if (r.one_privilege) {
		rights.read = true;
		rights.write = writable;
		rights.execute = !user_never && !(r.wxn && writable);
	} else if (privileged) {
		const bool never = r.pan && (user || (r.epan && !user_never));
		rights.read = !never;
		rights.write = writable && !never;
		rights.execute = !kernel_never && !user_writes && !(r.wxn && writable);
	} else {
		rights.read = user;
		rights.write = user_writes;
		rights.execute = !user_never && !(r.wxn && user_writes);
	}
	rights.clean = clean && rights.write;
	return rights;
}

/*
 * G5.6: XN is for every level of privilege, execution needs reading, and what users write can be
 * executed with privilege but for UWXN.
 */
static Rights LpaeStage1Rights(const Found &leaf, bool privileged)
{
	const Regime &r = leaf.regime;
	const uint64_t d = leaf.descriptor;
	const bool writable = !Get(d, descriptor::kAP2) && !leaf.above.no_write;
	const bool user =
		!r.one_privilege && Get(d, descriptor::kAP1) && !leaf.above.no_unprivileged;
	const bool user_writes = user && writable;
	const bool never = Get(d, descriptor::kUXN) || leaf.above.unprivileged_never;
	const bool kernel_never =
		!r.one_privilege && (Get(d, descriptor::kPXN) || leaf.above.privileged_never ||
				     (r.uwxn && user_writes));
	Rights rights;

	if (privileged || r.one_privilege) {
		rights.read = !(r.pan && user);
		rights.write = writable && !(r.pan && user);
		rights.execute = !never && !kernel_never && !(r.wxn && writable);
	} else {
		rights.read = user;
		rights.write = user_writes;
		rights.execute = user && !never && !(r.wxn && user_writes);
	}
	return rights;
}

/* Tables D8-76 to D8-78, G5-10, G5-11. */
static Rights Stage2Rights(const Found &leaf, bool privileged)
{
	static const bool at_el0[] = {true, true, false, false},
			  at_el1[] = {true, false, false, true};
	const uint64_t d = leaf.descriptor;
	const uint64_t ap = Get(d, descriptor::kS2AP), xn = Get(d, descriptor::kXN);
	Rights rights;

	rights.read = ap & 1;
	rights.clean = !(ap & 2) && leaf.regime.updates_dirty && Get(d, descriptor::kDBM);
	rights.write = (ap & 2) || rights.clean;
	if (leaf.regime.two_execute_bits)
		rights.execute = privileged ? at_el1[xn] : at_el0[xn];
	else
		rights.execute = !(xn & 2);
	/* Only VMSAv8-64 can permit nothing but execution. */
	if (leaf.regime.lpae)
		rights.execute &= rights.read;
	return rights;
}

Rights Run::RightsOf(const Found &leaf, bool as_privileged) const
{
	if (leaf.regime.stage == 2)
		return Stage2Rights(leaf, as_privileged);
	return leaf.regime.lpae ? LpaeStage1Rights(leaf, as_privileged)
				: Stage1Rights(leaf, as_privileged);
}

/* The descriptor as it must be after an access. */
uint64_t Run::Wanted(const Found &leaf, bool dirty) const
{
	uint64_t wanted = leaf.descriptor;

	if (leaf.table)
		return wanted | Put(descriptor::kAF, 1); /* with HAFT only */
	if (leaf.regime.updates_access || dirty)
		wanted |= Put(descriptor::kAF, 1);
	if (dirty && leaf.regime.stage == 1)
		wanted &= ~Put(descriptor::kAP2, 1);
	if (dirty && leaf.regime.stage == 2)
		wanted |= Put(descriptor::kS2Write, 1);
	return wanted;
}

void Run::UpdateOne(Found &found, uint64_t wanted, const Use &use)
{
	const bool swap = found.regime.big_endian;
	uint64_t address = found.address, before = 0;

	if (found.descriptor == wanted)
		return;
	if (found.regime.stage == 1 && stage2_on)
		address = ThroughStage2(found.ipa, {kClassTt, true}, nullptr);
	if (!memory.Cas64(address, Swapped(found.descriptor, swap), Swapped(wanted, swap), &before))
		WalkAborted(found.regime.stage, use.fault_class, address);
	if (before != Swapped(found.descriptor, swap))
		throw Again();
	outcome.updates.push_back({found.regime.stage, address, before, Swapped(wanted, swap)});
	found.relies.push_back(outcome.updates.back());
	found.descriptor = wanted;
}

void Run::Update(Translated &t, bool dirty, const Use &use)
{
	for (Found &table : t.tables) {
		UpdateOne(table, Wanted(table, false), use);
		LearnTranslation(table, t.input);
	}
	if (dirty) {
		/* The clean one may stay cached: for those who do not update, it is read-only. */
		Found clean = t.leaf;
		clean.descriptor = Wanted(t.leaf, false);
		LearnTranslation(clean, t.input);
	}
	UpdateOne(t.leaf, Wanted(t.leaf, dirty), use);
}

} // namespace ref
