/* SPDX-License-Identifier: Apache-2.0 */
#include "model/memory/fabric.h"

#include <errno.h>

#include "base/bits.h"

void fabric_init(struct fabric *fabric, const struct sim_part *part)
{
	*fabric = (struct fabric){.part = *part};
}

/* The first window that ends beyond `addr`; windows are kept in order of address. */
static uint32_t window_after(const struct fabric *fabric, uint64_t addr)
{
	uint32_t low = 0, high = fabric->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		const struct fabric_window *window = &fabric->window[middle];

		if (window->base + (window->size_bytes - 1) < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int fabric_add(struct fabric *fabric, const struct fabric_window *window)
{
	uint32_t at = window_after(fabric, window->base);
	uint64_t last = window->base + (window->size_bytes - 1);

	if (!window->size_bytes || last < window->base)
		return -EINVAL;
	if (at < fabric->count && fabric->window[at].base <= last)
		return -EEXIST;
	if (fabric->count == FABRIC_MAX_WINDOWS)
		return -ENOSPC;
	for (uint32_t i = fabric->count++; i > at; i--)
		fabric->window[i] = fabric->window[i - 1];
	fabric->window[at] = *window;
	memset(fabric->recent, 0, sizeof(fabric->recent));
	return 0;
}

static bool window_covers(const struct fabric_window *window, uint64_t addr, uint64_t len_bytes)
{
	uint64_t offset = addr - window->base;

	return offset < window->size_bytes && len_bytes <= window->size_bytes - offset;
}

static void abort_fire(struct event *event, uint64_t now)
{
	struct bus_req *req = CONTAINER_OF(event, struct bus_req, event);

	req->done(req, now);
}

static APART void abort_request(struct fabric *fabric, struct bus_req *req)
{
	req->status = BUS_ABORT;
	event_init(&req->event, abort_fire);
	sim_after(fabric->part.sim, &req->event, 0);
}

static uint8_t *recent_of(struct fabric *fabric, uint64_t addr)
{
	return &fabric->recent[(addr >> 36) % FABRIC_BLOCKS];
}

static APART const struct fabric_window *search_window(struct fabric *fabric, uint64_t addr,
						       uint64_t len_bytes)
{
	uint32_t at = window_after(fabric, addr);

	if (at == fabric->count || !window_covers(&fabric->window[at], addr, len_bytes))
		return NULL;
	*recent_of(fabric, addr) = (uint8_t)at;
	return &fabric->window[at];
}

/* The window that all of it falls into, NULL for none. */
static const struct fabric_window *find_window(struct fabric *fabric, uint64_t addr,
					       uint64_t len_bytes)
{
	const struct fabric_window *recent = &fabric->window[*recent_of(fabric, addr)];

	return window_covers(recent, addr, len_bytes) ? recent
						      : search_window(fabric, addr, len_bytes);
}

static void fabric_send(void *ctx, struct bus_req *req)
{
	struct fabric *fabric = ctx;
	const struct fabric_window *window = find_window(fabric, req->addr, req->len_bytes);

	if (!window) {
		abort_request(fabric, req);
		return;
	}
	if (window->subtract_base)
		req->addr -= window->base;
	bus_send(&window->target, req);
}

static bool fabric_access(void *ctx, struct bus_req *req)
{
	const struct fabric_window *window = find_window(ctx, req->addr, req->len_bytes);

	return window && !window->subtract_base && bus_access(&window->target, req);
}

static struct bus_word fabric_read64(void *ctx, uint64_t addr)
{
	const struct fabric_window *window = find_window(ctx, addr, 8);

	if (!window || window->subtract_base)
		return (struct bus_word){0};
	return bus_read64(&window->target, addr);
}

struct bus_port fabric_bus_port(struct fabric *fabric)
{
	return (struct bus_port){.ctx = fabric,
				 .send = fabric_send,
				 .access = fabric_access,
				 .read64 = fabric_read64};
}
