/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_REFERENCE_BITS_HPP
#define VFSIM_TESTBENCH_REFERENCE_BITS_HPP

/*
 * Bit fields of structures as the specification numbers them: bit [n] of a
 * structure is bit n % 64 of its word n / 64.
 */

#include <cstdint>

namespace ref
{

struct Field {
	int high, low;
};

constexpr uint64_t Mask(int bits)
{
	return bits >= 64 ? ~0ull : (1ull << bits) - 1;
}

constexpr uint64_t Get(uint64_t value, Field field)
{
	return value >> field.low & Mask(field.high - field.low + 1);
}

constexpr uint64_t Put(Field field, uint64_t value)
{
	return (value & Mask(field.high - field.low + 1)) << field.low;
}

/* A structure of N 64-bit words. No field of the architecture's crosses two of them. */
template <int N>
struct Words {
	uint64_t word[N] = {};

	uint64_t Get(Field field) const
	{
		const int base = field.low / 64 * 64;
		return ref::Get(word[base / 64], {field.high - base, field.low - base});
	}

	bool Is(Field field) const
	{
		return Get(field) != 0;
	}

	Words &Set(Field field, uint64_t value)
	{
		const int base = field.low / 64 * 64;
		const Field within{field.high - base, field.low - base};
		word[base / 64] &= ~Put(within, ~0ull);
		word[base / 64] |= Put(within, value);
		return *this;
	}

	bool operator==(const Words &other) const
	{
		for (int i = 0; i < N; i++)
			if (word[i] != other.word[i])
				return false;
		return true;
	}

	bool operator!=(const Words &other) const
	{
		return !(*this == other);
	}
};

} // namespace ref

#endif
