/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_FUZZ_INPUT_H
#define VFSIM_TESTBENCH_FUZZ_INPUT_H

#include <cstddef>
#include <cstdint>

/* The input, taken from the front; zeros when it is used up. */
class FuzzInput
{
public:
	FuzzInput(const uint8_t *data, size_t size) : at_(data), end_(data + size)
	{
	}
	bool empty() const
	{
		return at_ == end_;
	}
	uint64_t take(unsigned count)
	{
		uint64_t value = 0;

		while (count--)
			value = value << 8 | (empty() ? 0 : *at_++);
		return value;
	}

private:
	const uint8_t *at_, *end_;
};

/* A world of its own for each input. */
template <class World>
int fuzz_world(const uint8_t *data, size_t size)
{
	FuzzInput input(data, size);
	World world(input);

	world.run();
	return 0;
}

#endif
