/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/reference/geometry.hpp"

#include "testbench/support/reference/bits.hpp"

#include <stdexcept>

namespace ref
{

int LevelShift(int granule_bits, int level)
{
	return granule_bits + (3 - level) * (granule_bits - 3);
}

int Stage1StartLevel(int granule_bits, int ia_bits)
{
	int level = 3;

	while (level > 0 && LevelShift(granule_bits, level - 1) < ia_bits)
		level--;
	return level;
}

int StartIndexBits(int granule_bits, int ia_bits, int start_level)
{
	return ia_bits - LevelShift(granule_bits, start_level);
}

uint64_t TableIndex(int granule_bits, int ia_bits, int start_level, int level, uint64_t ia)
{
	const int shift = LevelShift(granule_bits, level);

	if (level == start_level)
		return ia >> shift & Mask(StartIndexBits(granule_bits, ia_bits, start_level));
	return ia >> shift & Mask(granule_bits - 3);
}

/* Tables D8-19, D8-29, D8-38. Level 0 of 16 KiB granules needs DS. */
int Stage2StartLevel(int granule_bits, int sl0)
{
	static const int of_4k[] = {2, 1, 0, 3}, of_16k[] = {3, 2, 1, -1}, of_64k[] = {3, 2, 1, -1};

	switch (granule_bits) {
	case kGranule4K:
		return of_4k[sl0];
	case kGranule16K:
		return of_16k[sl0];
	case kGranule64K:
		return of_64k[sl0];
	}
	return -1;
}

int Stage2Sl0(int granule_bits, int start_level)
{
	for (int sl0 = 0; sl0 < 4; sl0++)
		if (Stage2StartLevel(granule_bits, sl0) == start_level)
			return sl0;
	throw std::invalid_argument("a stage 2 walk cannot start at this level");
}

/* Tables D8-17, D8-27, D8-36. */
bool BlockPossible(int granule_bits, int level, bool oa_52)
{
	switch (granule_bits) {
	case kGranule4K:
		return level == 1 || level == 2;
	case kGranule16K:
		return level == 2;
	case kGranule64K:
		return level == 2 || (level == 1 && oa_52);
	}
	return false;
}

int ContiguousBits(int granule_bits, int level)
{
	switch (granule_bits) {
	case kGranule4K:
		return 4;
	case kGranule16K:
		return level == 3 ? 7 : 5;
	}
	return 5;
}

uint64_t DescriptorOutput(uint64_t descriptor, int granule_bits, int low, bool oa_52)
{
	uint64_t address = descriptor & Mask(48) & ~Mask(low);

	if (granule_bits == kGranule64K && oa_52)
		address |= Get(descriptor, {15, 12}) << 48;
	return address;
}

uint64_t EncodeOutput(uint64_t address, int granule_bits, bool oa_52)
{
	uint64_t bits = address & Mask(48);

	if (granule_bits == kGranule64K && oa_52)
		bits |= Get(address, {51, 48}) << 12;
	else if (address >> 48)
		throw std::invalid_argument("an output address of more than 48 bits");
	return bits;
}

int GranuleOfTg0(uint64_t encoding)
{
	static const int bits[] = {kGranule4K, kGranule64K, kGranule16K, 0};
	return bits[encoding & 3];
}

int GranuleOfTg1(uint64_t encoding)
{
	static const int bits[] = {0, kGranule16K, kGranule4K, kGranule64K};
	return bits[encoding & 3];
}

static uint64_t Encode(int (*decode)(uint64_t), int granule_bits)
{
	for (uint64_t encoding = 0; encoding < 4; encoding++)
		if (granule_bits && decode(encoding) == granule_bits)
			return encoding;
	throw std::invalid_argument("no such granule");
}

uint64_t Tg0OfGranule(int granule_bits)
{
	return Encode(GranuleOfTg0, granule_bits);
}

uint64_t Tg1OfGranule(int granule_bits)
{
	return Encode(GranuleOfTg1, granule_bits);
}

/* A size of zero leaves to its half all that the other half does not take. */
LpaeHalves LpaeHalvesOf(int t0sz, int t1sz)
{
	const uint64_t all = 1ull << 32, lower = all >> t0sz, upper = all >> t1sz;
	LpaeHalves halves;

	halves.begin1 = t1sz ? all - upper : lower;
	halves.end0 = t0sz ? lower : halves.begin1;
	return halves;
}

int LpaeIpaBits(uint64_t s2t0sz)
{
	const int size = s2t0sz & 15;
	return 32 - (size < 8 ? size : size - 16);
}

int LpaeStage2StartLevel(uint64_t sl0)
{
	return sl0 > 1 ? -1 : 2 - static_cast<int>(sl0);
}

} // namespace ref
