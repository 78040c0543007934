/* SPDX-License-Identifier: Apache-2.0 */
/* Memory attributes of a request and of what is read for it: IHI 0070, chapter 13. */
#include "testbench/support/reference/run_internal.hpp"

namespace ref
{

/* An STE or GBPA: fields with the same meanings. */
static Overrides OverridesOf(const Ste &s)
{
	Overrides o;

	o.mtcfg = s.Is(ste::kMTCFG);
	o.mem_attr = static_cast<int>(s.Get(ste::kMemAttr));
	o.alloccfg = static_cast<int>(s.Get(ste::kALLOCCFG));
	o.shcfg = static_cast<int>(s.Get(ste::kSHCFG));
	o.optional_hints = true; /* without MTCFG: 5.2, ALLOCCFG */
	return o;
}

static Overrides OverridesOf(uint32_t gbpa)
{
	Overrides o;

	o.mtcfg = Get(gbpa, gbpa::kMTCFG) != 0;
	o.mem_attr = static_cast<int>(Get(gbpa, gbpa::kMemAttr));
	o.alloccfg = static_cast<int>(Get(gbpa, gbpa::kALLOCCFG));
	o.shcfg = static_cast<int>(Get(gbpa, gbpa::kSHCFG));
	return o;
}

static MemoryTypes AfterStage2(const MemoryTypes &input, const Found &leaf)
{
	const int mem_attr = static_cast<int>(Get(leaf.descriptor, descriptor::kMemAttr));
	const int sh = static_cast<int>(Get(leaf.descriptor, descriptor::kSH));

	if (leaf.regime.fwb)
		return CombinedFwb(input, mem_attr, sh);
	/* 0b0100 with FEAT_MTE_PERM: write-back, tags aside. */
	return Combined(input, OfStage2(leaf.regime.mte_perm && mem_attr == 4 ? 15 : mem_attr, sh));
}

/*
 * With overrides. Of a translated access ALLOCCFG alone may count: table 13.5. `ste` is all
 * zeros where none was looked at.
 */
MemoryTypes Run::Incoming() const
{
	MemoryTypes input = OfMair(request.memory, request.shareability);

	if (!features.Idr1(idr1::kATTR_TYPES_OVR))
		return input;
	if (!Get(registers.cr0, cr0::kSMMUEN))
		return Overridden(input, OverridesOf(registers.gbpa));
	Overrides overrides = OverridesOf(ste);
	if (request.kind == RequestKind::kUntranslated)
		return Overridden(input, overrides);
	overrides.mtcfg = false;
	overrides.shcfg = 1;
	return Overridden(input, overrides);
}

MemoryTypes Run::Leaving(const Found *first, const Found *second) const
{
	MemoryTypes types = Incoming();

	if (first)
		types = ThroughStage1(
			types, OfMair(MairOf(*first),
				      static_cast<int>(Get(first->descriptor, descriptor::kSH))));
	return second ? AfterStage2(types, *second) : types;
}

MemoryTypes Run::OfStreams() const
{
	return OfStreamTable(Get(registers.cr1, cr1::kTABLE_IC), Get(registers.cr1, cr1::kTABLE_OC),
			     Get(registers.cr1, cr1::kTABLE_SH),
			     Get(registers.strtab_base, strtab_base::kRA) != 0);
}

/*
 * 5.2, S2PTW: a table in Device memory is read as from Normal non-cacheable memory, or as it
 * is mapped where PTWNNC does not forbid that.
 */
MemoryTypes Run::BehindStage2(const MemoryTypes &own, const Found &second) const
{
	const uint64_t attr = Get(second.descriptor, descriptor::kMemAttr);
	const bool device = second.regime.fwb ? !(attr & 4) : attr < 4;
	MemoryTypes types;

	if (!device)
		return AfterStage2(own, second);
	types = NonCacheable();
	if (!features.Idr3(idr3::kPTWNNC))
		types.Add(AfterStage2(own, second));
	return types;
}

MemoryTypes Run::OfCds(const Found &second) const
{
	const MemoryTypes own =
		OfCdRegion(ste.Get(ste::kS1CIR), ste.Get(ste::kS1COR), ste.Get(ste::kS1CSH));

	return stage2_on ? BehindStage2(own, second) : own;
}

MemoryTypes Run::OfTables(const Regime &r, const Found *second) const
{
	const MemoryTypes own = OfTableRegion(r.inner, r.outer, r.shareability);

	return second ? BehindStage2(own, *second) : own;
}

} // namespace ref
