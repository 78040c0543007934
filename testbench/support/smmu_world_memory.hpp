/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_SUPPORT_SMMU_WORLD_MEMORY_HPP
#define VFSIM_TESTBENCH_SUPPORT_SMMU_WORLD_MEMORY_HPP

/*
 * One memory for two SMMUs: a bus target for the model, a ref::Memory for the
 * reference. All 64 bits of address are there and read as zero until written.
 * DMA of devices is noted and changes nothing, so that it may go anywhere.
 */

#include "base/port.h"
#include "base/sim.h"
#include "testbench/support/reference/memory.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

class WorldMemory : public ref::Memory
{
public:
	/* A word that changed: by a compare-and-swap of the SMMU that took. */
	struct Change {
		uint64_t address, before, after;
	};

	/* `latency_ps` 0: accesses can be made within the call. */
	WorldMemory(struct sim *owner, uint64_t access_ps) : sim(owner), latency_ps(access_ps)
	{
	}

	struct bus_port Port();

	bool Read64(uint64_t address, uint64_t *value) override;
	bool Write64(uint64_t address, uint64_t value) override;
	bool Cas64(uint64_t address, uint64_t expected, uint64_t desired, uint64_t *found) override;
	uint64_t Allocate(uint64_t bytes, uint64_t alignment) override;
	void AllocateFrom(uint64_t address)
	{
		next_free = address;
	}
	uint64_t Peek(uint64_t address) const;

	/* Accesses to [address, address + bytes) abort; with `writes_only`, reads do not. */
	void Refuse(uint64_t address, uint64_t bytes, bool writes_only);

	/* Called in the instant of each access of the SMMU, or of a device, before it. */
	std::function<void(const struct bus_req &)> before_access;

	/* Of accesses within the call words are read alone (bus_read64), which nobody sees. */
	bool words = false;

	std::vector<Change> changes;
	/* Addresses of devices' accesses that arrived. */
	std::vector<uint64_t> landed;
	/* Plain writes of the SMMU outside this range are wrong: it updates tables atomically. */
	uint64_t queues = 0, queues_bytes = 0;
	unsigned stray_writes = 0;

private:
	using Page = std::array<uint64_t, 512>;

	static void Send(void *ctx, struct bus_req *req);
	static bool Access(void *ctx, struct bus_req *req);
	static struct bus_word Word64(void *ctx, uint64_t address);
	static void Fire(struct event *event, uint64_t now);
	enum bus_status Perform(struct bus_req *req);
	bool Refused(uint64_t address, uint64_t bytes, bool write) const;
	uint64_t &Word(uint64_t address);
	void Swap(struct bus_req *req);

	struct Range {
		uint64_t first, bytes;
		bool writes_only;
	};

	struct sim *sim;
	uint64_t latency_ps;
	uint64_t next_free = 0x10000;
	std::unordered_map<uint64_t, std::unique_ptr<Page>> pages;
	std::vector<Range> refused;
};

#endif
