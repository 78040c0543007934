/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_world_memory.hpp"

#include "base/bits.h"

#include <stdexcept>

struct bus_port WorldMemory::Port()
{
	return {this, Send, latency_ps ? nullptr : Access, words ? Word64 : nullptr};
}

uint64_t &WorldMemory::Word(uint64_t address)
{
	std::unique_ptr<Page> &page = pages[address >> 12];

	if (address % 8)
		throw std::invalid_argument("an address that is no multiple of 8");
	if (!page)
		page = std::make_unique<Page>();
	return (*page)[address >> 3 & 511];
}

uint64_t WorldMemory::Peek(uint64_t address) const
{
	const auto page = pages.find(address >> 12);

	return page == pages.end() ? 0 : (*page->second)[address >> 3 & 511];
}

bool WorldMemory::Refused(uint64_t address, uint64_t bytes, bool write) const
{
	for (const Range &range : refused)
		if (address < range.first + range.bytes && address + bytes > range.first &&
		    (write || !range.writes_only))
			return true;
	return false;
}

bool WorldMemory::Read64(uint64_t address, uint64_t *value)
{
	if (Refused(address, 8, false))
		return false;
	*value = Peek(address);
	return true;
}

bool WorldMemory::Write64(uint64_t address, uint64_t value)
{
	Word(address) = value;
	return true;
}

bool WorldMemory::Cas64(uint64_t address, uint64_t expected, uint64_t desired, uint64_t *found)
{
	if (Refused(address, 8, true))
		return false;
	*found = Peek(address);
	if (*found == expected && desired != expected)
		Word(address) = desired;
	return true;
}

uint64_t WorldMemory::Allocate(uint64_t bytes, uint64_t alignment)
{
	const uint64_t address = (next_free + alignment - 1) & ~(alignment - 1);

	next_free = address + bytes;
	return address;
}

void WorldMemory::Refuse(uint64_t address, uint64_t bytes, bool writes_only)
{
	refused.push_back({address, bytes, writes_only});
}

void WorldMemory::Swap(struct bus_req *req)
{
	uint64_t *cas = static_cast<uint64_t *>(req->data);
	uint64_t found = Peek(req->addr);

	if (found == cas[0] && cas[1] != cas[0]) {
		Word(req->addr) = cas[1];
		changes.push_back({req->addr, cas[0], cas[1]});
	}
	cas[0] = found;
}

enum bus_status WorldMemory::Perform(struct bus_req *req)
{
	uint8_t *data = static_cast<uint8_t *>(req->data);

	if (req->attr.from_device) {
		landed.push_back(req->addr);
		return BUS_OK;
	}
	if (Refused(req->addr, req->len_bytes, req->op != BUS_READ))
		return BUS_ABORT;
	if (req->op == BUS_CAS64) {
		Swap(req);
		return BUS_OK;
	}
	if (req->op == BUS_WRITE && req->addr - queues >= queues_bytes)
		stray_writes++;
	for (uint32_t at = 0; at < req->len_bytes; at += 8)
		if (req->op == BUS_READ)
			le64_put(data + at, Peek(req->addr + at));
		else
			Word(req->addr + at) = le64_get(data + at);
	return BUS_OK;
}

bool WorldMemory::Access(void *ctx, struct bus_req *req)
{
	WorldMemory *memory = static_cast<WorldMemory *>(ctx);

	if (memory->before_access)
		memory->before_access(*req);
	req->status = memory->Perform(req);
	return true;
}

struct bus_word WorldMemory::Word64(void *ctx, uint64_t address)
{
	struct bus_word word = {};

	word.ok = static_cast<WorldMemory *>(ctx)->Read64(address, &word.value);
	return word;
}

void WorldMemory::Send(void *ctx, struct bus_req *req)
{
	WorldMemory *memory = static_cast<WorldMemory *>(ctx);

	req->owner = memory;
	req->next = nullptr;
	event_init(&req->event, Fire);
	sim_after(memory->sim, &req->event, memory->latency_ps);
}

void WorldMemory::Fire(struct event *event, uint64_t now)
{
	struct bus_req *req = CONTAINER_OF(event, struct bus_req, event);
	WorldMemory *memory = static_cast<WorldMemory *>(req->owner);

	Access(memory, req);
	req->done(req, now);
}
