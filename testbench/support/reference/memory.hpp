/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_REFERENCE_MEMORY_HPP
#define VFSIM_TESTBENCH_REFERENCE_MEMORY_HPP

/* Memory as the reference SMMU and the table builder see it: 64-bit words, little-endian. */

#include <cstdint>
#include <map>
#include <vector>

namespace ref
{

/* Addresses are multiples of 8. Each access returns false where it aborts (an external abort). */
class Memory
{
public:
	virtual ~Memory() = default;
	virtual bool Read64(uint64_t address, uint64_t *value) = 0;
	virtual bool Write64(uint64_t address, uint64_t value) = 0;
	/* Stores `desired` where `expected` is found; *found is what was there before. */
	virtual bool Cas64(uint64_t address, uint64_t expected, uint64_t desired,
			   uint64_t *found) = 0;
	/* `bytes` zeros that nobody else was given, at a multiple of `alignment` (a power of two).
	 */
	virtual uint64_t Allocate(uint64_t bytes, uint64_t alignment) = 0;
};

/* Words in a map: everything reads as zero until it is written. */
class SparseMemory : public Memory
{
public:
	explicit SparseMemory(uint64_t first_free_address = 0x10000) : next_free(first_free_address)
	{
	}

	bool Read64(uint64_t address, uint64_t *value) override;
	bool Write64(uint64_t address, uint64_t value) override;
	bool Cas64(uint64_t address, uint64_t expected, uint64_t desired, uint64_t *found) override;
	uint64_t Allocate(uint64_t bytes, uint64_t alignment) override;

	/* What lies at `address`, whether or not accesses abort there. */
	uint64_t Peek(uint64_t address) const;
	/* Accesses to [address, address + bytes) abort; AbortNothing undoes it. */
	void Abort(uint64_t address, uint64_t bytes);
	void AbortNothing();
	/* Only writes (and compare-and-swap) abort there. */
	void AbortWrites(uint64_t address, uint64_t bytes);

private:
	bool Aborts(uint64_t address, bool write) const;

	struct Range {
		uint64_t first, bytes;
		bool reads;
	};

	std::map<uint64_t, uint64_t> words;
	std::vector<Range> aborting;
	uint64_t next_free;
};

/* What would be written stays here: the memory below is only read. */
class OverlayMemory : public Memory
{
public:
	explicit OverlayMemory(Memory &memory_below) : below(memory_below)
	{
	}

	bool Read64(uint64_t address, uint64_t *value) override;
	bool Write64(uint64_t address, uint64_t value) override;
	bool Cas64(uint64_t address, uint64_t expected, uint64_t desired, uint64_t *found) override;
	uint64_t Allocate(uint64_t bytes, uint64_t alignment) override;

private:
	Memory &below;
	std::map<uint64_t, uint64_t> words;
};

} // namespace ref

#endif
