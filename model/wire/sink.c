/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wire/sink.h"

#include <stdlib.h>

#include "base/trace.h"

struct sink {
	struct wire_backend backend;
	struct checker checker;
};

void sink_take(struct wire_backend *backend, struct checker *checker, struct packet *packet)
{
	uint64_t flow, number;
	bool intact;

	if (!checker_take(checker, packet, &flow, &number, &intact)) {
		wire_backend_ignore(backend, packet);
		return;
	}
	trace_emit(&backend->part, TRACE_PACKET_RECEIVED, flow, number, packet->len_bytes, intact);
	packet_put(packet);
}

static void sink_transmit(struct wire_backend *backend, struct packet *packet)
{
	struct sink *sink = CONTAINER_OF(backend, struct sink, backend);

	sink_take(backend, &sink->checker, packet);
}

static void sink_destroy(struct wire_backend *backend)
{
	struct sink *sink = CONTAINER_OF(backend, struct sink, backend);

	checker_fini(&sink->checker);
	free(sink);
}

static const struct wire_backend_ops sink_ops = {
	.name = "sink",
	.transmit = sink_transmit,
	.destroy = sink_destroy,
};

struct wire_backend *sink_create(const struct sim_part *part, uint32_t flows)
{
	struct sink *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return NULL;
	sink->backend = (struct wire_backend){.ops = &sink_ops, .part = *part};
	if (!checker_init(&sink->checker, flows))
		return &sink->backend;
	free(sink);
	return NULL;
}

const struct checker *sink_checker(const struct wire_backend *backend)
{
	return &CONTAINER_OF(backend, const struct sink, backend)->checker;
}
