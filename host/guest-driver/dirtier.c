/* SPDX-License-Identifier: Apache-2.0 */

/* A guest program that dirties memory at a rate, at random: what a migration runs against. */

#include "host/guest-driver/guest_driver.h"

#include "base/bits.h"
#include "base/rng.h"

#include <stdlib.h>

#define PAGE_BYTES 4096u

struct guest_dirtier {
	struct guest *guest;
	struct guest_dirty_cfg cfg;
	uint64_t region;
	uint64_t writes;
	struct rng rng;
	struct actor *actor;
};

static void write_page(struct guest_dirtier *dirtier)
{
	uint64_t page = rng_below(&dirtier->rng, dirtier->cfg.region_bytes / PAGE_BYTES);
	uint64_t value = ++dirtier->writes;

	guest_memory_write(dirtier->guest, dirtier->region + page * PAGE_BYTES, &value,
			   sizeof(value));
}

static void run(struct actor *self, void *arg)
{
	struct guest_dirtier *dirtier = arg;
	uint64_t interval_ps = PS_PER_S * dirtier->cfg.batch / dirtier->cfg.pages_per_s;

	for (;;) {
		guest_sleep(dirtier->guest, self, interval_ps);
		for (uint32_t i = 0; i < dirtier->cfg.batch; i++)
			write_page(dirtier);
	}
}

struct guest_dirtier *guest_dirtier_create(struct guest *guest, const struct guest_dirty_cfg *cfg,
					   const char *name)
{
	struct guest_dirtier *dirtier;

	if (!cfg->pages_per_s || cfg->region_bytes < PAGE_BYTES)
		return NULL;
	dirtier = calloc(1, sizeof(*dirtier));
	if (!dirtier)
		return NULL;
	dirtier->guest = guest;
	dirtier->cfg = *cfg;
	dirtier->cfg.batch = MAX(cfg->batch, 1);
	rng_init(&dirtier->rng, guest->part.sim->seed, name);
	dirtier->region = guest_alloc(guest, cfg->region_bytes, PAGE_BYTES);
	if (dirtier->region)
		dirtier->actor = actor_start(guest->part.sim, name, run, dirtier);
	if (dirtier->actor)
		return dirtier;
	free(dirtier);
	return NULL;
}

uint64_t guest_dirtier_writes(const struct guest_dirtier *dirtier)
{
	return dirtier->writes;
}

void guest_dirtier_destroy(struct guest_dirtier *dirtier)
{
	if (!dirtier)
		return;
	actor_destroy(dirtier->actor);
	free(dirtier);
}
