/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_REFERENCE_ATTRIBUTES_HPP
#define VFSIM_TESTBENCH_REFERENCE_ATTRIBUTES_HPP

/*
 * Memory attributes in full words, and the operations on them: IHI 0070, chapter
 * 13; stage 2 with DDI 0487, D8.6. What is reserved or CONSTRAINED UNPREDICTABLE is
 * std::nullopt: any attributes will do.
 */

#include <cstdint>
#include <optional>
#include <string>

namespace ref
{

enum class Policy { kWriteBack, kWriteThrough, kNonCacheable }; /* the stronger the later */

struct CacheLevel {
	Policy policy = Policy::kWriteBack;
	bool read_allocate = true, write_allocate = true;
	bool transient = false;
};

/* SH of descriptors, SHCFG. */
enum Shareability { kNonShareable = 0, kOuterShareable = 2, kInnerShareable = 3 };

struct Attributes {
	bool device = false;
	int device_type = 0; /* 0 to 3: nGnRnE, nGnRE, nGRE, GRE */
	CacheLevel inner, outer;
	int shareability = kInnerShareable;

	bool operator==(const Attributes &other) const;
	/* As an attribute of MAIR. */
	uint8_t Mair() const;
	std::string Text() const;
};

using MaybeAttributes = std::optional<Attributes>;

/* An attribute of MAIR with a descriptor's SH. */
MaybeAttributes FromMair(uint8_t attribute, int shareability);

/* MTCFG, MemAttr, ALLOCCFG, SHCFG of an STE or GBPA. */
struct AttributeOverride {
	bool type = false;
	int mem_attr = 0, alloc = 0, shareability = 1;
};
MaybeAttributes Replace(const Attributes &incoming, const AttributeOverride &by);

/* 13.4.2: stage 1's own, with the hints that came. */
Attributes AfterStage1(const Attributes &incoming, const Attributes &stage1);
/* 13.4.3 */
MaybeAttributes AfterStage2(const Attributes &incoming, int mem_attr, int shareability, bool fwb);

} // namespace ref

#endif
