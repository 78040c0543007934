/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/reference/attributes.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>

namespace ref
{

namespace
{
bool Stored(const CacheLevel &level)
{
	return level.cache != Cacheability::kNonCacheable;
}

/* 13.1.1: Device and iNC-oNC are Outer Shareable, whatever else is said. */
MemoryType WithItsShareability(MemoryType type)
{
	if (!type.Cacheable())
		type.shareability = kOuterShareable;
	return type;
}

/* 13.1.7 */
void MakeConsistent(CacheLevel &level)
{
	if (!Stored(level))
		level.read_allocate = level.write_allocate = false;
	if (!level.read_allocate && !level.write_allocate)
		level.transient = false;
}

uint8_t Nibble(CacheLevel level)
{
	MakeConsistent(level);
	if (!Stored(level))
		return 4;
	return (level.transient ? 0 : 8) | (level.cache == Cacheability::kWriteBack ? 4 : 0) |
	       (level.read_allocate ? 2 : 0) | (level.write_allocate ? 1 : 0);
}

std::pair<uint8_t, uint8_t> Encode(MemoryType type)
{
	type = WithItsShareability(type);
	const int byte =
		type.device ? type.relaxed << 2 : Nibble(type.outer) << 4 | Nibble(type.inner);
	return {static_cast<uint8_t>(byte), static_cast<uint8_t>(type.shareability)};
}

/* DDI 0487, MAIR_ELx; a reserved 0 is as 3: 5.4, MAIR1. */
CacheLevel DecodeNibble(int nibble)
{
	CacheLevel level;

	if (nibble == 4) {
		level.cache = Cacheability::kNonCacheable;
		return level;
	}
	if (nibble == 0)
		nibble = 3;
	level.transient = !(nibble & 8);
	level.cache = nibble & 4 ? Cacheability::kWriteBack : Cacheability::kWriteThrough;
	level.read_allocate = nibble & 2;
	level.write_allocate = nibble & 1;
	return level;
}

MemoryTypes Anything()
{
	MemoryTypes types;
	types.anything = true;
	return types;
}

/* Of a reserved SH each may be meant. */
MemoryTypes WithSh(MemoryType type, int sh)
{
	MemoryTypes types;

	for (const int one : {kNonShareable, kOuterShareable, kInnerShareable}) {
		type.shareability = one;
		if (sh == 1 || sh == one)
			types.each.push_back(WithItsShareability(type));
	}
	return types;
}

Cacheability OfTwoBits(int bits) /* of MemAttr, 1 to 3 */
{
	static const Cacheability all[] = {Cacheability::kNonCacheable, Cacheability::kNonCacheable,
					   Cacheability::kWriteThrough, Cacheability::kWriteBack};
	return all[bits & 3];
}

MemoryType Device(int relaxed)
{
	MemoryType type;
	type.device = true;
	type.relaxed = relaxed;
	return WithItsShareability(type);
}

/* False: reserved. */
bool DecodeMemAttr(int mem_attr, MemoryType *type)
{
	*type = Device(mem_attr & 3);
	if (mem_attr < 4)
		return true;
	if (!(mem_attr & 3)) {
		*type = Device(0);
		return false;
	}
	*type = MemoryType();
	type->outer.cache = OfTwoBits(mem_attr >> 2);
	type->inner.cache = OfTwoBits(mem_attr);
	return true;
}

/* Figure 13.1: the stronger of both. */
int StrongerSh(int a, int b)
{
	if (a == kOuterShareable || b == kOuterShareable)
		return kOuterShareable;
	return a == kInnerShareable || b == kInnerShareable ? kInnerShareable : kNonShareable;
}

CacheLevel StrongerHints(CacheLevel level, const CacheLevel &other)
{
	level.read_allocate = level.read_allocate && other.read_allocate;
	level.write_allocate = level.write_allocate && other.write_allocate;
	level.transient = level.transient || other.transient;
	return level;
}

CacheLevel WithoutHints(Cacheability cache)
{
	CacheLevel level;
	level.cache = cache;
	return level;
}

MemoryTypes ForEach(const MemoryTypes &types,
		    const std::function<MemoryTypes(const MemoryType &)> &make)
{
	MemoryTypes made;

	made.anything = types.anything;
	for (const MemoryType &type : types.each)
		made.Add(make(type));
	return made;
}
} // namespace

bool MemoryType::Cacheable() const
{
	return !device && (Stored(inner) || Stored(outer));
}

MemoryTypes &MemoryTypes::Add(const MemoryTypes &others)
{
	anything = anything || others.anything;
	each.insert(each.end(), others.each.begin(), others.each.end());
	return *this;
}

std::set<std::pair<uint8_t, uint8_t>> MemoryTypes::Encoded() const
{
	std::set<std::pair<uint8_t, uint8_t>> encoded;

	for (const MemoryType &type : each)
		encoded.insert(Encode(type));
	return encoded;
}

bool MemoryTypes::Permit(uint8_t mair, uint8_t sh) const
{
	return anything || Encoded().count({mair, sh});
}

bool MemoryTypes::operator==(const MemoryTypes &other) const
{
	return anything == other.anything && (anything || Encoded() == other.Encoded());
}

std::string MemoryTypes::Text() const
{
	std::string text = anything ? "anything" : "";
	char part[32];

	for (const auto &[mair, sh] : Encoded()) {
		snprintf(part, sizeof(part), "%s0x%02x.%d", text.empty() ? "" : " or ", mair, sh);
		text += part;
	}
	return text;
}

MemoryTypes OfMair(uint8_t mair, int sh)
{
	MemoryType type;

	if (mair < 0x10)
		return Device(mair >> 2); /* bits 1:0 are of no matter: 5.4, MAIR1 */
	type.outer = DecodeNibble(mair >> 4);
	type.inner = DecodeNibble(mair & 15);
	return WithSh(type, sh);
}

MemoryTypes OfStage2(int mem_attr, int sh)
{
	MemoryType type;

	return DecodeMemAttr(mem_attr, &type) ? WithSh(type, sh) : Anything();
}

MemoryTypes NonCacheable()
{
	return OfStage2(5, kOuterShareable);
}

/* 13.1.3, 13.1.4, 5.2: MTCFG to SHCFG. */
static MemoryTypes OverriddenOne(const MemoryType &input, const Overrides &o, bool hints)
{
	MemoryType type = input;

	if (o.mtcfg) {
		DecodeMemAttr(o.mem_attr, &type); /* reserved: Device-nGnRnE, 5.2 */
		/* A level that brings no hints brings the default ones, with WithoutHints. */
		if (!input.device) {
			const CacheLevel inner = input.inner, outer = input.outer;
			if (Stored(inner) && Stored(type.inner))
				type.inner = StrongerHints(type.inner, inner);
			if (Stored(outer) && Stored(type.outer))
				type.outer = StrongerHints(type.outer, outer);
		}
		type.shareability = input.shareability;
	}
	for (CacheLevel *level : {&type.inner, &type.outer}) {
		if (hints && o.alloccfg & 8 && Stored(*level)) {
			level->read_allocate = o.alloccfg & 4;
			level->write_allocate = o.alloccfg & 2;
			level->transient = o.alloccfg & 1;
		}
	}
	if (o.shcfg != 1)
		type.shareability = o.shcfg;
	return WithItsShareability(type);
}

MemoryTypes Overridden(const MemoryTypes &input, const Overrides &o)
{
	return ForEach(input, [&](const MemoryType &type) {
		MemoryTypes made = OverriddenOne(type, o, true);
		if (o.optional_hints && !o.mtcfg)
			made.Add(OverriddenOne(type, o, false));
		return made;
	});
}

MemoryTypes ThroughStage1(const MemoryTypes &input, const MemoryTypes &stage1)
{
	if (input.anything)
		return Anything();
	return ForEach(stage1, [&](const MemoryType &leaf) {
		return ForEach(input, [&](const MemoryType &in) {
			MemoryType type = leaf;
			if (!in.device && Stored(in.inner))
				type.inner = StrongerHints(type.inner, in.inner);
			if (!in.device && Stored(in.outer))
				type.outer = StrongerHints(type.outer, in.outer);
			return MemoryTypes(type);
		});
	});
}

static MemoryType CombinedOne(const MemoryType &in, const MemoryType &leaf)
{
	MemoryType type = in;

	if (leaf.device)
		type = leaf;
	if (leaf.device && in.device)
		type.relaxed = std::min(in.relaxed, leaf.relaxed);
	/* Stage 2 has no hints: as the default they are the weakest. */
	type.inner = StrongerHints(in.inner, leaf.inner);
	type.outer = StrongerHints(in.outer, leaf.outer);
	type.inner.cache = std::min(in.inner.cache, leaf.inner.cache);
	type.outer.cache = std::min(in.outer.cache, leaf.outer.cache);
	type.shareability = StrongerSh(in.shareability, leaf.shareability);
	return WithItsShareability(type);
}

MemoryTypes Combined(const MemoryTypes &input, const MemoryTypes &stage2)
{
	if (stage2.anything)
		return Anything();
	return ForEach(input, [&](const MemoryType &in) {
		return ForEach(stage2, [&](const MemoryType &leaf) {
			return MemoryTypes(CombinedOne(in, leaf));
		});
	});
}

/* DDI 0487, AArch64.S2ApplyFWBMemAttrs; bit 3 of MemAttr is RES0. */
static MemoryType FwbOne(const MemoryType &in, int mem_attr)
{
	MemoryType type = in;

	if (!(mem_attr & 4)) {
		const int relaxed = mem_attr & 3;
		return Device(in.device ? std::min(in.relaxed, relaxed) : relaxed);
	}
	switch (mem_attr & 3) {
	case 1:
		type.inner = type.outer = WithoutHints(Cacheability::kNonCacheable);
		break;
	case 2:
		type.device = false;
		for (CacheLevel *level : {&type.inner, &type.outer}) {
			if (in.device || !Stored(*level))
				*level = WithoutHints(Cacheability::kWriteBack);
			level->cache = Cacheability::kWriteBack;
		}
		break;
	default:
		break;
	}
	return type;
}

MemoryTypes CombinedFwb(const MemoryTypes &input, int mem_attr, int sh)
{
	if ((mem_attr & 7) == 4)
		return Anything();
	return ForEach(input, [&](const MemoryType &in) {
		return ForEach(WithSh(MemoryType(), sh), [&](const MemoryType &leaf) {
			MemoryType type = FwbOne(in, mem_attr);
			type.shareability = StrongerSh(in.shareability, leaf.shareability);
			return MemoryTypes(WithItsShareability(type));
		});
	});
}

static CacheLevel TableLevel(uint64_t code)
{
	static const Cacheability caches[] = {Cacheability::kNonCacheable, Cacheability::kWriteBack,
					      Cacheability::kWriteThrough,
					      Cacheability::kWriteBack};
	CacheLevel level = WithoutHints(caches[code & 3]);

	level.write_allocate = (code & 3) == 1;
	return level;
}

MemoryTypes OfTableRegion(uint64_t inner, uint64_t outer, uint64_t sh)
{
	MemoryType type;

	type.inner = TableLevel(inner);
	type.outer = TableLevel(outer);
	return WithSh(type, sh == 1 ? 0 : static_cast<int>(sh));
}

/* What may be said of writing where nobody writes is the implementation's: 5.2, S1CIR. */
static MemoryTypes WithAnyWriteHint(MemoryType type, uint64_t sh, bool transient_too)
{
	MemoryTypes types;

	for (int hints = 0; hints < (transient_too ? 16 : 4); hints++) {
		type.inner.write_allocate = hints & 1;
		type.outer.write_allocate = hints & 2;
		type.inner.transient = hints & 4;
		type.outer.transient = hints & 8;
		types.Add(WithSh(type, sh == 1 ? 0 : static_cast<int>(sh)));
	}
	return types;
}

MemoryTypes OfCdRegion(uint64_t inner, uint64_t outer, uint64_t sh)
{
	MemoryType type;

	type.inner = TableLevel(inner);
	type.outer = TableLevel(outer);
	type.inner.read_allocate = (inner & 3) != 3;
	type.outer.read_allocate = (outer & 3) != 3;
	return WithAnyWriteHint(type, sh, false);
}

/* The transient hint is the implementation's too: 6.3.11. */
MemoryTypes OfStreamTable(uint64_t inner, uint64_t outer, uint64_t sh, bool read_allocate)
{
	MemoryType type;

	/* 0b11 is as 0b00. */
	type.inner = TableLevel((inner & 3) == 3 ? 0 : inner);
	type.outer = TableLevel((outer & 3) == 3 ? 0 : outer);
	type.inner.read_allocate = type.outer.read_allocate = read_allocate;
	return WithAnyWriteHint(type, sh, true);
}

} // namespace ref
