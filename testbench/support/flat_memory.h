/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_FLAT_MEMORY_H
#define VFSIM_TESTBENCH_FLAT_MEMORY_H

/*
 * Memory for tests of what sits on a bus: a flat array from address 0, every
 * access made after one latency. Accesses can be watched, delayed and refused.
 */

#include "base/port.h"
#include "base/sim.h"

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>

/* Zeros, as calloc gives them: pages that nobody touches cost nothing. */
class ZeroBytes
{
public:
	explicit ZeroBytes(size_t bytes) : size_(bytes), first_(calloc(bytes, 1), free)
	{
	}
	size_t size() const
	{
		return size_;
	}
	uint8_t &at(size_t index) const
	{
		if (index >= size_)
			throw std::out_of_range("flat memory");
		return static_cast<uint8_t *>(first_.get())[index];
	}

private:
	size_t size_;
	std::unique_ptr<void, void (*)(void *)> first_;
};

class FlatMemory
{
public:
	FlatMemory(struct sim *owner, uint64_t size_bytes, uint64_t access_ps);

	struct bus_port port();
	/* The same, with accesses within the call where the simulation is untimed (bus_access). */
	struct bus_port direct_port();

	uint64_t read64(uint64_t address) const;
	void write64(uint64_t address, uint64_t value);
	void read(uint64_t address, void *data, uint64_t len_bytes) const;
	void write(uint64_t address, const void *data, uint64_t len_bytes);
	/* A page of zeros that nobody else was given; `bytes` aligned to its own size. */
	uint64_t allocate(uint64_t bytes = 4096);

	/* Accesses to [address, address + len_bytes) are refused. */
	void refuse(uint64_t address, uint64_t len_bytes);
	void accept_all();
	/* Accesses to the 4 KiB page of `address` take `extra_ps` longer. */
	void slow_down(uint64_t address, uint64_t extra_ps);

	/* Where set: what it says no to is refused, as an IOMMU would. */
	std::function<bool(const struct bus_req &)> allowed;
	/* Called in the instant of each access, before and after it. */
	std::function<void(const struct bus_req &)> before_access, after_access;

private:
	static void send(void *ctx, struct bus_req *req);
	static bool access(void *ctx, struct bus_req *req);
	static struct bus_word word(void *ctx, uint64_t address);
	static void fire(struct event *event, uint64_t now);
	bool perform(struct bus_req *req);

	struct sim *sim;
	uint64_t latency_ps;
	uint64_t next_free;
	ZeroBytes bytes;
	std::map<uint64_t, uint64_t> refused;
	std::map<uint64_t, uint64_t> slow;
};

#endif
