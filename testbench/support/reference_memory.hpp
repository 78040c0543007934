/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_SUPPORT_REFERENCE_MEMORY_HPP
#define VFSIM_TESTBENCH_SUPPORT_REFERENCE_MEMORY_HPP

/*
 * A FlatMemory as the reference SMMU and the table builder want it. What the
 * test's memory refuses is told to Refuse here as well: FlatMemory does not say.
 */

#include "testbench/support/flat_memory.h"
#include "testbench/support/reference/memory.hpp"

#include <stdexcept>
#include <vector>

class ReferenceMemory : public ref::Memory
{
public:
	explicit ReferenceMemory(FlatMemory &flat_memory) : flat(flat_memory)
	{
	}

	/* Beyond the end, everything aborts. */
	bool Read64(uint64_t address, uint64_t *value) override
	try {
		if (Refused(address))
			return false;
		*value = flat.read64(address);
		return true;
	} catch (const std::out_of_range &) {
		return false;
	}

	bool Write64(uint64_t address, uint64_t value) override
	try {
		if (Refused(address))
			return false;
		flat.write64(address, value);
		return true;
	} catch (const std::out_of_range &) {
		return false;
	}

	bool Cas64(uint64_t address, uint64_t expected, uint64_t desired, uint64_t *found) override
	{
		if (!Read64(address, found))
			return false;
		if (*found == expected)
			flat.write64(address, desired);
		return true;
	}

	uint64_t Allocate(uint64_t bytes, uint64_t alignment) override
	{
		return flat.allocate(bytes > alignment ? bytes : alignment);
	}

	/* Refuses accesses to [address, address + len_bytes) of both. */
	void Refuse(uint64_t address, uint64_t len_bytes)
	{
		flat.refuse(address, len_bytes);
		refused.push_back({address, len_bytes});
	}

private:
	struct Range {
		uint64_t address, len_bytes;
	};

	bool Refused(uint64_t address) const
	{
		for (const Range &range : refused)
			if (address - range.address < range.len_bytes)
				return true;
		return false;
	}

	FlatMemory &flat;
	std::vector<Range> refused;
};

#endif
