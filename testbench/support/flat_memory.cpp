/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/flat_memory.h"

#include "base/bits.h"

FlatMemory::FlatMemory(struct sim *owner, uint64_t size_bytes, uint64_t access_ps)
	: sim(owner), latency_ps(access_ps), next_free(0x10000), bytes(size_bytes)
{
}

struct bus_port FlatMemory::port()
{
	return {this, send, nullptr};
}

struct bus_port FlatMemory::direct_port()
{
	return {this, send, access, word};
}

uint64_t FlatMemory::read64(uint64_t address) const
{
	return le64_get(&bytes.at(address));
}

void FlatMemory::write64(uint64_t address, uint64_t value)
{
	le64_put(&bytes.at(address), value);
}

void FlatMemory::read(uint64_t address, void *data, uint64_t len_bytes) const
{
	if (len_bytes)
		memcpy(data, &bytes.at(address), len_bytes);
}

void FlatMemory::write(uint64_t address, const void *data, uint64_t len_bytes)
{
	if (len_bytes)
		memcpy(&bytes.at(address), data, len_bytes);
}

uint64_t FlatMemory::allocate(uint64_t len_bytes)
{
	uint64_t address = align_up(next_free, len_bytes);

	next_free = address + len_bytes;
	memset(&bytes.at(next_free - 1) + 1 - len_bytes, 0, len_bytes);
	return address;
}

void FlatMemory::refuse(uint64_t address, uint64_t len_bytes)
{
	refused[address] = address + len_bytes;
}

void FlatMemory::accept_all()
{
	refused.clear();
}

void FlatMemory::slow_down(uint64_t address, uint64_t extra_ps)
{
	slow[address >> 12] = extra_ps;
}

void FlatMemory::send(void *ctx, struct bus_req *req)
{
	FlatMemory *memory = static_cast<FlatMemory *>(ctx);
	auto extra = memory->slow.find(req->addr >> 12);

	req->owner = memory;
	req->next = nullptr;
	event_init(&req->event, fire);
	sim_after(memory->sim, &req->event,
		  memory->latency_ps + (extra == memory->slow.end() ? 0 : extra->second));
}

bool FlatMemory::perform(struct bus_req *req)
{
	for (auto [first, end] : refused)
		if (req->addr < end && req->addr + req->len_bytes > first)
			return false;
	if (req->addr > bytes.size() || req->len_bytes > bytes.size() - req->addr)
		return false;
	if (allowed && !allowed(*req))
		return false;
	if (req->op == BUS_READ) {
		memcpy(req->data, &bytes.at(req->addr), req->len_bytes);
	} else if (req->op == BUS_WRITE) {
		memcpy(&bytes.at(req->addr), req->data, req->len_bytes);
	} else {
		uint64_t *cas = static_cast<uint64_t *>(req->data);
		uint64_t found = read64(req->addr);

		if (found == cas[0])
			write64(req->addr, cas[1]);
		cas[0] = found;
	}
	return true;
}

bool FlatMemory::access(void *ctx, struct bus_req *req)
{
	FlatMemory *memory = static_cast<FlatMemory *>(ctx);

	if (!memory->sim->untimed)
		return false;
	if (memory->before_access)
		memory->before_access(*req);
	if (!memory->perform(req))
		return false;
	req->status = BUS_OK;
	if (memory->after_access)
		memory->after_access(*req);
	return true;
}

struct bus_word FlatMemory::word(void *ctx, uint64_t address)
{
	uint8_t bytes[8];
	struct bus_req req = {};

	req.op = BUS_READ;
	req.addr = address;
	req.len_bytes = sizeof(bytes);
	req.data = bytes;
	if (!access(ctx, &req))
		return {};
	return {le64_get(bytes), true};
}

void FlatMemory::fire(struct event *event, uint64_t now)
{
	struct bus_req *req = CONTAINER_OF(event, struct bus_req, event);
	FlatMemory *memory = static_cast<FlatMemory *>(req->owner);

	req->owner = nullptr; /* whoever leaves something of his there finds out */
	if (memory->before_access)
		memory->before_access(*req);
	req->status = memory->perform(req) ? BUS_OK : BUS_ABORT;
	if (memory->after_access)
		memory->after_access(*req);
	req->done(req, now);
}
