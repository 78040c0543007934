/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/reference/attributes.hpp"

#include <algorithm>

namespace ref
{

static bool Cached(const CacheLevel &level)
{
	return level.policy != Policy::kNonCacheable;
}

/* 13.1.7 */
static CacheLevel Consistent(CacheLevel level)
{
	if (!Cached(level))
		level.read_allocate = level.write_allocate = false;
	if (!level.read_allocate && !level.write_allocate)
		level.transient = false;
	return level;
}

static Attributes Consistent(Attributes attributes)
{
	attributes.inner = Consistent(attributes.inner);
	attributes.outer = Consistent(attributes.outer);
	if (attributes.device || (!Cached(attributes.inner) && !Cached(attributes.outer)))
		attributes.shareability = kOuterShareable;
	return attributes;
}

uint8_t Attributes::Mair() const
{
	const auto nibble = [](const CacheLevel &level) {
		if (!Cached(level))
			return 4;
		return (level.transient ? 0 : 8) + (level.policy == Policy::kWriteBack ? 4 : 0) +
		       (level.read_allocate ? 2 : 0) + (level.write_allocate ? 1 : 0);
	};

	return (uint8_t)(device ? device_type * 4 : nibble(outer) * 16 + nibble(inner));
}

bool Attributes::operator==(const Attributes &other) const
{
	return Mair() == other.Mair() && shareability == other.shareability;
}

std::string Attributes::Text() const
{
	char text[40];

	snprintf(text, sizeof(text), "type 0x%02x SH %d", Mair(), shareability);
	return text;
}

/* DDI 0487, MAIR_EL1: 0b00RW write-through and 0b01RW write-back are transient. */
static std::optional<CacheLevel> LevelOfMair(int nibble)
{
	CacheLevel level;

	if (nibble == 4)
		return Consistent(CacheLevel{Policy::kNonCacheable, false, false, false});
	if (nibble == 0)
		return std::nullopt;
	level.policy = nibble & 4 ? Policy::kWriteBack : Policy::kWriteThrough;
	level.read_allocate = nibble & 2;
	level.write_allocate = nibble & 1;
	level.transient = !(nibble & 8);
	return level;
}

MaybeAttributes FromMair(uint8_t attribute, int shareability)
{
	Attributes attributes;

	if (shareability == 1)
		return std::nullopt;
	attributes.shareability = shareability;
	if (attribute >> 4 == 0) {
		attributes.device = true;
		attributes.device_type = attribute >> 2;
		if (attribute & 3)
			return std::nullopt;
		return Consistent(attributes);
	}
	const auto inner = LevelOfMair(attribute & 15), outer = LevelOfMair(attribute >> 4);
	if (!inner || !outer || attribute == 0xf0)
		return std::nullopt;
	attributes.inner = *inner;
	attributes.outer = *outer;
	return Consistent(attributes);
}

/* Stage 2's MemAttr: two bits for each level, 0b01 to 0b11. */
static Policy PolicyOf(int bits)
{
	return bits == 3   ? Policy::kWriteBack
	       : bits == 2 ? Policy::kWriteThrough
			   : Policy::kNonCacheable;
}

/* Type alone, with hints that change nothing. */
static MaybeAttributes FromMemAttr(int mem_attr)
{
	Attributes attributes;

	attributes.device = mem_attr < 4;
	attributes.device_type = attributes.device ? mem_attr : 0;
	if (!attributes.device && !(mem_attr & 3))
		return std::nullopt;
	attributes.inner.policy = PolicyOf(mem_attr & 3);
	attributes.outer.policy = PolicyOf(mem_attr >> 2);
	return attributes;
}

/* Hints survive a change of type at a level that is cached before and after. */
static void ReplacePolicy(CacheLevel &level, Policy policy, bool had_hints)
{
	if (!had_hints || !Cached(level))
		level = CacheLevel();
	level.policy = policy;
}

MaybeAttributes Replace(const Attributes &incoming, const AttributeOverride &by)
{
	Attributes attributes = incoming;

	if (by.type) {
		Attributes given;
		/* Reserved encodings of a configuration are Device-nGnRnE. */
		given.device = true;
		if (const MaybeAttributes legal = FromMemAttr(by.mem_attr))
			given = *legal;
		ReplacePolicy(attributes.inner, given.inner.policy, !incoming.device);
		ReplacePolicy(attributes.outer, given.outer.policy, !incoming.device);
		attributes.device = given.device;
		attributes.device_type = given.device_type;
	}
	if (by.alloc & 8) {
		if (!by.type)
			return std::nullopt;
		for (CacheLevel *level : {&attributes.inner, &attributes.outer}) {
			level->read_allocate = by.alloc & 4;
			level->write_allocate = by.alloc & 2;
			level->transient = by.alloc & 1;
		}
	}
	if (by.shareability != 1)
		attributes.shareability = by.shareability;
	return Consistent(attributes);
}

Attributes AfterStage1(const Attributes &incoming, const Attributes &stage1)
{
	Attributes attributes = stage1;
	const auto combine = [&](CacheLevel &own, const CacheLevel &came) {
		if (incoming.device || !Cached(came))
			return;
		own.read_allocate = own.read_allocate && came.read_allocate;
		own.write_allocate = own.write_allocate && came.write_allocate;
		own.transient = own.transient || came.transient;
	};

	combine(attributes.inner, incoming.inner);
	combine(attributes.outer, incoming.outer);
	return Consistent(attributes);
}

static int MoreShared(int a, int b)
{
	if (a == kOuterShareable || b == kOuterShareable)
		return kOuterShareable;
	return a == kInnerShareable || b == kInnerShareable ? kInnerShareable : kNonShareable;
}

static void Combine(Attributes &attributes, const Attributes &stage2)
{
	if (attributes.device && stage2.device)
		attributes.device_type = std::min(attributes.device_type, stage2.device_type);
	else if (stage2.device)
		attributes.device_type = stage2.device_type;
	attributes.device = attributes.device || stage2.device;
	attributes.inner.policy = std::max(attributes.inner.policy, stage2.inner.policy);
	attributes.outer.policy = std::max(attributes.outer.policy, stage2.outer.policy);
}

/* HCR_EL2.FWB, MemAttr[2:0] from 5 on. */
static void Force(Attributes &attributes, int mem_attr)
{
	const bool device = attributes.device;

	if (mem_attr == 7)
		return;
	if (mem_attr == 5) {
		attributes.inner.policy = attributes.outer.policy = Policy::kNonCacheable;
		return; /* Device stays */
	}
	attributes.device = false;
	ReplacePolicy(attributes.inner, Policy::kWriteBack, !device);
	ReplacePolicy(attributes.outer, Policy::kWriteBack, !device);
}

MaybeAttributes AfterStage2(const Attributes &incoming, int mem_attr, int shareability, bool fwb)
{
	Attributes attributes = incoming;
	const MaybeAttributes stage2 = FromMemAttr(fwb ? mem_attr & 7 : mem_attr);

	if (shareability == 1 || !stage2)
		return std::nullopt;
	if (fwb && (mem_attr & 7) > 4)
		Force(attributes, mem_attr & 7);
	else
		Combine(attributes, *stage2);
	attributes.shareability = MoreShared(incoming.shareability, shareability);
	return Consistent(attributes);
}

} // namespace ref
