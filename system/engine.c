/* SPDX-License-Identifier: Apache-2.0 */
#include "system/engine.h"

#include <stdlib.h>

/* The native engine: ports are the blocks' own, the run loop is base's. */
struct engine {
	struct sim *sim;
};

static int native_enter(int (*body)(void *arg), void *arg)
{
	return body(arg);
}

static struct engine *native_create(struct sim *sim)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (engine)
		engine->sim = sim;
	return engine;
}

static void native_destroy(struct engine *engine)
{
	free(engine);
}

static struct bus_port native_bind_bus(struct engine *engine, const char *name,
				       const struct bus_port *target)
{
	return *target;
}

static struct tlp_port native_bind_tlp(struct engine *engine, const char *name,
				       const struct tlp_port *target)
{
	return *target;
}

static void native_run(struct engine *engine, uint64_t until_ps, const bool *stop)
{
	sim_run(engine->sim, until_ps, stop);
}

static const char *native_socket(const struct engine *engine, uint32_t i, uint64_t *transactions)
{
	return NULL;
}

#define NATIVE_OPS                                                                                 \
	.enter = native_enter, .create = native_create, .destroy = native_destroy,                 \
	.bind_bus = native_bind_bus, .bind_tlp = native_bind_tlp, .run = native_run,               \
	.socket = native_socket

const struct engine_ops engine_native = {
	.name = "native",
	.what = "our own calendar, direct calls: fast, the default",
	NATIVE_OPS,
};

const struct engine_ops engine_untimed = {
	.name = "untimed",
	.what = "the same with zero latencies; generators and timers keep time",
	.untimed = true,
	NATIVE_OPS,
};
