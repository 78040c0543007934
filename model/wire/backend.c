/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wire/backend.h"

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

void wire_backend_ignore(struct wire_backend *backend, struct packet *packet)
{
	backend->counters.ignored++;
	packet_trace_drop(&backend->part, packet, PACKET_DROP_NO_FILTER);
	packet_put(packet);
}
