/* SPDX-License-Identifier: Apache-2.0 */
#include "cosim/serve/guest_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/trace.h"

#define UNIT       16u /* bytes that a store of the host's writes as one */
#define SMALL_MOST 64u /* bytes of a write whose order matters */
#define MESSAGE    4u

typedef uint64_t unit_t __attribute__((vector_size(UNIT), may_alias));

void guest_memory_init(struct guest_memory *memory, const struct guest_memory_cfg *cfg,
		       const struct guest_memory_env *env)
{
	*memory = (struct guest_memory){.cfg = *cfg, .env = *env};
}

void guest_memory_fini(struct guest_memory *memory)
{
	free(memory->window);
	memory->window = NULL;
	memory->windows = memory->room = 0;
}

/* ---- windows ---- */

/* The first window that ends beyond `base`. */
static uint32_t find(const struct guest_memory *memory, uint64_t base)
{
	uint32_t low = 0, high = memory->windows;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		const struct guest_window *window = &memory->window[middle];

		if (window->base + (window->size_bytes - 1) < base)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int make_room(struct guest_memory *memory)
{
	uint32_t room = MIN(MAX(2 * memory->room, 16u), GUEST_MEMORY_WINDOWS);
	struct guest_window *window;

	if (memory->windows < memory->room)
		return 0;
	if (memory->room == GUEST_MEMORY_WINDOWS)
		return -ENOSPC;
	window = realloc(memory->window, room * sizeof(*window));
	if (!window)
		return -ENOMEM;
	memory->window = window;
	memory->room = room;
	return 0;
}

int guest_memory_add(struct guest_memory *memory, const struct guest_window *window)
{
	uint64_t last = window->base + (window->size_bytes - 1);
	uint32_t at;
	int err;

	if (!window->size_bytes || last < window->base)
		return -EINVAL;
	at = find(memory, window->base);
	if (at < memory->windows && memory->window[at].base <= last)
		return -EINVAL;
	err = make_room(memory);
	if (err)
		return err;
	memmove(&memory->window[at + 1], &memory->window[at],
		(memory->windows - at) * sizeof(*window));
	memory->window[at] = *window;
	memory->windows++;
	memory->recent = 0;
	return 0;
}

int guest_memory_remove(struct guest_memory *memory, uint64_t base, uint64_t size_bytes)
{
	uint64_t last = base + (size_bytes - 1);
	uint32_t from = find(memory, base), to = from;

	if (!size_bytes || last < base)
		return -EINVAL;
	while (to < memory->windows && memory->window[to].base <= last) {
		const struct guest_window *window = &memory->window[to++];

		if (window->base < base || window->base + (window->size_bytes - 1) > last)
			return -EINVAL;
	}
	if (from == to)
		return -ENOENT;
	memmove(&memory->window[from], &memory->window[to],
		(memory->windows - to) * sizeof(memory->window[0]));
	memory->windows -= to - from;
	memory->recent = 0;
	return 0;
}

static bool within(const struct guest_window *window, uint64_t addr, uint64_t len_bytes)
{
	uint64_t offset = addr - window->base;

	return offset < window->size_bytes && len_bytes <= window->size_bytes - offset;
}

/* The bytes at `addr`, NULL where they are not all in one window, or not to be written. */
static uint8_t *place(struct guest_memory *memory, uint64_t addr, uint64_t len_bytes, bool write)
{
	const struct guest_window *window;

	if (!memory->windows)
		return NULL;
	window = &memory->window[memory->recent];
	if (!within(window, addr, len_bytes)) {
		uint32_t at = find(memory, addr);

		if (at == memory->windows || !within(&memory->window[at], addr, len_bytes))
			return NULL;
		memory->recent = at;
		window = &memory->window[at];
	}
	return write && !window->writable ? NULL : window->host + (addr - window->base);
}

/* ---- bytes ---- */

static bool aligned(const void *bytes, uint32_t len_bytes, uint32_t unit)
{
	return !(((uintptr_t)bytes | len_bytes) % unit);
}

/* From the end on: what is first says that the rest is there. */
static void write_units(uint8_t *to, const uint8_t *from, uint32_t len_bytes)
{
	while (len_bytes) {
		unit_t unit;

		len_bytes -= UNIT;
		memcpy(&unit, from + len_bytes, UNIT);
		*(volatile unit_t *)(void *)(to + len_bytes) = unit;
		__atomic_thread_fence(__ATOMIC_RELEASE);
	}
}

static void write_words(uint8_t *to, const uint8_t *from, uint32_t len_bytes)
{
	while (len_bytes) {
		uint64_t word;

		len_bytes -= sizeof(word);
		memcpy(&word, from + len_bytes, sizeof(word));
		__atomic_store_n((uint64_t *)(void *)(to + len_bytes), word, __ATOMIC_RELEASE);
	}
}

static void write_bytes(uint8_t *to, const void *from, uint32_t len_bytes)
{
	uint32_t word;

	if (len_bytes <= SMALL_MOST && aligned(to, len_bytes, UNIT)) {
		write_units(to, from, len_bytes);
	} else if (len_bytes <= SMALL_MOST && aligned(to, len_bytes, sizeof(uint64_t))) {
		write_words(to, from, len_bytes);
	} else if (len_bytes == sizeof(word) && aligned(to, len_bytes, sizeof(word))) {
		memcpy(&word, from, sizeof(word));
		__atomic_store_n((uint32_t *)(void *)to, word, __ATOMIC_RELEASE);
	} else {
		memcpy(to, from, len_bytes);
		__atomic_thread_fence(__ATOMIC_RELEASE);
	}
}

/* A descriptor is read as one word, never in parts. */
static void read_bytes(void *to, const uint8_t *from, uint32_t len_bytes)
{
	uint64_t word;

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (len_bytes == sizeof(word) && aligned(from, len_bytes, sizeof(word))) {
		word = __atomic_load_n((const uint64_t *)(const void *)from, __ATOMIC_ACQUIRE);
		memcpy(to, &word, sizeof(word));
	} else {
		memcpy(to, from, len_bytes);
	}
}

static void swap(uint8_t *at, uint64_t *cas)
{
	uint64_t expected, desired;

	le64_put(&expected, cas[0]);
	le64_put(&desired, cas[1]);
	__atomic_compare_exchange_n((uint64_t *)(void *)at, &expected, desired, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	cas[0] = le64_get(&expected);
}

/* ---- requests ---- */

static bool is_message(const struct guest_memory *memory, const struct bus_req *req)
{
	return req->addr - memory->cfg.message_base < memory->cfg.message_bytes;
}

static void trace_landed(struct guest_memory *memory, const struct bus_req *req)
{
	uint64_t substream =
		req->attr.substream_valid ? req->attr.substream_id : TRACE_NO_SUBSTREAM;

	trace_emit(&memory->env.part, TRACE_DMA_LANDED, req->attr.stream_id, substream,
		   req->attr.iova, req->addr, req->len_bytes);
}

static enum bus_status send_message(struct guest_memory *memory, const struct bus_req *req)
{
	if (req->op != BUS_WRITE || req->len_bytes != MESSAGE || req->addr % MESSAGE)
		return BUS_ABORT;
	memory->env.message(memory->env.ctx, req->addr, le32_get(req->data));
	return BUS_OK;
}

static enum bus_status perform(struct guest_memory *memory, struct bus_req *req)
{
	uint8_t *at;

	if (is_message(memory, req))
		return send_message(memory, req);
	at = place(memory, req->addr, req->len_bytes, req->op != BUS_READ);
	if (!at || req->op == BUS_ATS ||
	    (req->op == BUS_CAS64 && !aligned(at, req->len_bytes, sizeof(uint64_t))))
		return BUS_ABORT;
	switch (req->op) {
	case BUS_READ:
		read_bytes(req->data, at, req->len_bytes);
		break;
	case BUS_WRITE:
		write_bytes(at, req->data, req->len_bytes);
		if (req->attr.from_device)
			trace_landed(memory, req);
		break;
	case BUS_CAS64:
		swap(at, req->data);
		break;
	case BUS_ATS: /* refused above */
		break;
	}
	return BUS_OK;
}

static void finish(struct guest_memory *memory, struct bus_req *req)
{
	req->status = perform(memory, req);
	if (req->status == BUS_OK)
		return;
	memory->refused++;
	if (memory->env.refused)
		memory->env.refused(memory->env.ctx, req);
}

static void access_fire(struct event *event, uint64_t now)
{
	struct bus_req *req = CONTAINER_OF(event, struct bus_req, event);
	struct guest_memory *memory = req->owner;

	memory->in_flight--;
	finish(memory, req);
	req->done(req, now);
}

void guest_memory_send(struct guest_memory *memory, struct bus_req *req)
{
	struct sim *sim = memory->env.part.sim;

	req->owner = memory;
	memory->in_flight++;
	event_init(&req->event, access_fire);
	sim_after(sim, &req->event, sim->untimed ? 0 : memory->cfg.latency_ps);
}

bool guest_memory_access(struct guest_memory *memory, struct bus_req *req)
{
	if (!memory->env.part.sim->untimed)
		return false;
	finish(memory, req);
	return true;
}

struct bus_word guest_memory_read64(struct guest_memory *memory, uint64_t addr)
{
	const uint8_t *at;

	if (!memory->env.part.sim->untimed || addr % sizeof(uint64_t) ||
	    addr - memory->cfg.message_base < memory->cfg.message_bytes)
		return (struct bus_word){0};
	at = place(memory, addr, sizeof(uint64_t), false);
	if (!at)
		return (struct bus_word){0};
	return (struct bus_word){le64_get(&(uint64_t){__atomic_load_n(
					 (const uint64_t *)(const void *)at, __ATOMIC_ACQUIRE)}),
				 true};
}
