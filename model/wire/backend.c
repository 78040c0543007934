/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wire/backend.h"

#include <string.h>

void wire_backend_attach(struct wire_backend *backend, const struct frame_port *to)
{
	backend->to = *to;
}

static void frame_comes(void *ctx, struct packet *packet)
{
	struct wire_backend *backend = ctx;

	backend->counters.frames_in++;
	backend->counters.bytes_in += packet->len_bytes;
	backend->ops->transmit(backend, packet);
}

struct frame_port wire_backend_port(struct wire_backend *backend)
{
	return (struct frame_port){.ctx = backend, .frame = frame_comes};
}

uint64_t wire_backend_when(const struct wire_backend *backend)
{
	return backend->ops->when ? backend->ops->when(backend) : TIME_NEVER;
}

void wire_backend_stop(struct wire_backend *backend)
{
	if (backend->ops->stop)
		backend->ops->stop(backend);
}

void wire_backend_close(struct wire_backend *backend)
{
	backend->closed = true;
}

void wire_backend_destroy(struct wire_backend *backend)
{
	if (backend)
		backend->ops->destroy(backend);
}

void wire_backend_send(struct wire_backend *backend, struct packet *packet)
{
	backend->counters.frames_out++;
	backend->counters.bytes_out += packet->len_bytes;
	backend->to.frame(backend->to.ctx, packet);
}

static void send_fire(struct event *event, uint64_t now)
{
	struct packet *packet = CONTAINER_OF(event, struct packet, wire_event);

	wire_backend_send(packet->wire_owner, packet);
}

void wire_backend_send_after(struct wire_backend *backend, struct packet *packet, uint64_t delay_ps)
{
	packet->wire_owner = backend;
	event_init(&packet->wire_event, send_fire);
	sim_after(backend->part.sim, &packet->wire_event, delay_ps);
}

struct packet *wire_backend_copy(struct wire_backend *backend, struct packet_pool *pool,
				 struct packet *packet)
{
	struct packet *copy = packet_get(pool);

	if (!copy) {
		backend->counters.starved++;
		packet_trace_drop(&backend->part, packet, PACKET_DROP_NO_BUFFER);
		packet_put(packet);
		return NULL;
	}
	copy->len_bytes = packet->len_bytes;
	memcpy(copy->data, packet->data, packet->len_bytes);
	return copy;
}

void wire_backend_ignore(struct wire_backend *backend, struct packet *packet)
{
	backend->counters.ignored++;
	packet_trace_drop(&backend->part, packet, PACKET_DROP_NO_FILTER);
	packet_put(packet);
}
