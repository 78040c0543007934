/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/reference/memory.hpp"

#include <stdexcept>

namespace ref
{

bool SparseMemory::Aborts(uint64_t address, bool write) const
{
	for (const Range &range : aborting)
		if (address - range.first < range.bytes && (write || range.reads))
			return true;
	return false;
}

bool SparseMemory::Read64(uint64_t address, uint64_t *value)
{
	if (Aborts(address, false))
		return false;
	*value = Peek(address);
	return true;
}

bool SparseMemory::Write64(uint64_t address, uint64_t value)
{
	if (Aborts(address, true))
		return false;
	words[address] = value;
	return true;
}

bool SparseMemory::Cas64(uint64_t address, uint64_t expected, uint64_t desired, uint64_t *found)
{
	if (Aborts(address, true))
		return false;
	*found = Peek(address);
	if (*found == expected)
		words[address] = desired;
	return true;
}

uint64_t SparseMemory::Allocate(uint64_t bytes, uint64_t alignment)
{
	const uint64_t address = (next_free + alignment - 1) & ~(alignment - 1);
	next_free = address + bytes;
	return address;
}

uint64_t SparseMemory::Peek(uint64_t address) const
{
	if (address % 8)
		throw std::invalid_argument("an address that is no multiple of 8");
	const auto found = words.find(address);
	return found == words.end() ? 0 : found->second;
}

void SparseMemory::Abort(uint64_t address, uint64_t bytes)
{
	aborting.push_back({address, bytes, true});
}

void SparseMemory::AbortWrites(uint64_t address, uint64_t bytes)
{
	aborting.push_back({address, bytes, false});
}

void SparseMemory::AbortNothing()
{
	aborting.clear();
}

bool OverlayMemory::Read64(uint64_t address, uint64_t *value)
{
	const auto found = words.find(address);
	if (found == words.end())
		return below.Read64(address, value);
	*value = found->second;
	return true;
}

bool OverlayMemory::Write64(uint64_t address, uint64_t value)
{
	words[address] = value;
	return true;
}

/* Whether a write would abort cannot be asked without making it: a write of what is there can. */
bool OverlayMemory::Cas64(uint64_t address, uint64_t expected, uint64_t desired, uint64_t *found)
{
	if (!Read64(address, found))
		return false;
	uint64_t present = 0, same;
	if (!below.Read64(address, &present) || !below.Cas64(address, present, present, &same))
		return false;
	if (*found == expected)
		words[address] = desired;
	return true;
}

uint64_t OverlayMemory::Allocate(uint64_t bytes, uint64_t alignment)
{
	return below.Allocate(bytes, alignment);
}

} // namespace ref
