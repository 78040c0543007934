/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_REFERENCE_ATTRIBUTES_HPP
#define VFSIM_TESTBENCH_REFERENCE_ATTRIBUTES_HPP

/*
 * Memory attributes taken apart, and all that an SMMU does with them: IHI 0070, chapter 13,
 * the regions of 5.2, 5.4 and 6.3.11, and DDI 0487, D8.6. Everything goes from a set of what
 * may be to a set of what may come of it.
 */

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ref
{

enum class Cacheability { kNonCacheable, kWriteThrough, kWriteBack }; /* the weakest last */

/* SH of descriptors, SHCFG. */
enum Shareability { kNonShareable = 0, kOuterShareable = 2, kInnerShareable = 3 };

struct CacheLevel {
	Cacheability cache = Cacheability::kWriteBack;
	/* Of a level that is not cacheable: what would be, were it made so; 13.1.3. */
	bool read_allocate = true, write_allocate = true, transient = false;
};

struct MemoryType {
	bool device = false;
	int relaxed = 0; /* of Device: 0 nGnRnE, 1 nGnRE, 2 nGRE, 3 GRE */
	CacheLevel inner, outer;
	int shareability = kNonShareable;

	bool Cacheable() const; /* at one level at least */
};

/* What an attribute may be; `anything`: a reserved encoding, nothing is known of it. */
struct MemoryTypes {
	std::vector<MemoryType> each;
	bool anything = false;

	MemoryTypes() = default;
	MemoryTypes(const MemoryType &one) : each{one}
	{
	}
	/* Of both. */
	MemoryTypes &Add(const MemoryTypes &others);
	/* One of these is {MAIR byte, SH}, after 13.1.7. */
	bool Permit(uint8_t mair, uint8_t sh) const;
	std::set<std::pair<uint8_t, uint8_t>> Encoded() const;
	bool operator==(const MemoryTypes &other) const;
	std::string Text() const;
};

/* A byte of MAIR and an SH, from a table of stage 1 or from a bus. */
MemoryTypes OfMair(uint8_t mair, int sh);
/* MemAttr and SH of a leaf of stage 2 without FWB. */
MemoryTypes OfStage2(int mem_attr, int sh);
MemoryTypes NonCacheable();

/* Fields of an STE or of GBPA; `optional_hints`: ALLOCCFG may be without effect. */
struct Overrides {
	bool mtcfg = false;
	int mem_attr = 0, alloccfg = 0, shcfg = 1;
	bool optional_hints = false;
};
MemoryTypes Overridden(const MemoryTypes &input, const Overrides &overrides);

/* What stage 1 makes of its input, whose hints count still: 13.4.2. */
MemoryTypes ThroughStage1(const MemoryTypes &input, const MemoryTypes &stage1);
/* Combinations with a leaf of stage 2. */
MemoryTypes Combined(const MemoryTypes &input, const MemoryTypes &stage2);
MemoryTypes CombinedFwb(const MemoryTypes &input, int mem_attr, int sh);

/* CD.{IRx, ORx, SHx}, STE.{S2IR0, S2OR0, S2SH0}. */
MemoryTypes OfTableRegion(uint64_t inner, uint64_t outer, uint64_t sh);
/* STE.{S1CIR, S1COR, S1CSH}. */
MemoryTypes OfCdRegion(uint64_t inner, uint64_t outer, uint64_t sh);
/* CR1.TABLE_{IC, OC, SH}, STRTAB_BASE.RA. */
MemoryTypes OfStreamTable(uint64_t inner, uint64_t outer, uint64_t sh, bool read_allocate);

} // namespace ref

#endif
