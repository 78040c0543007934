/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A program in the guest that answers: each frame of certain flows is followed by
 * one to whoever sent it, of the same length and of a flow of its own.
 */

#include "host/guest-driver/iavf_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void grow(struct iavf_echo *echo)
{
	uint32_t capacity = echo->capacity ? 2 * echo->capacity : 64;
	struct iavf_echo_job *job = calloc(capacity, sizeof(*job));

	sim_assert(&echo->driver->guest->part, job);
	for (uint32_t i = 0; i < echo->count; i++)
		job[i] = echo->job[(echo->first + i) % echo->capacity];
	free(echo->job);
	echo->job = job;
	echo->first = 0;
	echo->capacity = capacity;
}

void iavf_echo_frame(struct guest_driver *d, uint64_t flow, const uint8_t *frame,
		     uint32_t len_bytes)
{
	for (struct iavf_echo *echo = d->echoes; echo; echo = echo->next) {
		struct iavf_echo_job *job;

		if (flow - echo->cfg.flow >= echo->cfg.flows)
			continue;
		if (echo->count == echo->capacity)
			grow(echo);
		job = &echo->job[(echo->first + echo->count++) % echo->capacity];
		job->flow = (uint32_t)flow - echo->cfg.flow;
		job->len_bytes = len_bytes;
		memcpy(job->to, frame + 6, sizeof(job->to));
		waitq_wake(&echo->wake);
	}
}

static void run_echo(struct actor *self, void *arg)
{
	struct iavf_echo *echo = arg;
	struct guest_driver *d = echo->driver;

	for (;;) {
		struct iavf_echo_job job;
		struct iavf_flow *flow;

		while (!echo->count)
			guest_wait(d->guest, self, &echo->wake, TIME_NEVER);
		job = echo->job[echo->first];
		flow = &echo->flow[job.flow];
		memcpy(flow->cfg.destination, job.to, sizeof(job.to));
		if (d->cfg.packet_ps)
			guest_sleep(d->guest, self, d->cfg.packet_ps);
		iavf_transmit(&d->pair[0], self, flow, job.len_bytes);
		/* Now it counts as sent: until then it was left to do. */
		echo->first = (echo->first + 1) % echo->capacity;
		echo->count--;
		iavf_tx_doorbell(&d->pair[0], self);
	}
}

static void echo_free(struct iavf_echo *echo)
{
	if (echo->actor)
		actor_destroy(echo->actor);
	free(echo->flow);
	free(echo->job);
	free(echo);
}

int guest_driver_add_echo(struct guest_driver *d, const struct guest_echo_cfg *cfg)
{
	struct iavf_echo *echo = calloc(1, sizeof(*echo));
	char name[96];

	if (!echo)
		return -ENOMEM;
	echo->driver = d;
	echo->cfg = *cfg;
	echo->flow = calloc(cfg->flows, sizeof(*echo->flow));
	snprintf(name, sizeof(name), "%s.echo%u", d->name, cfg->flow);
	if (echo->flow)
		echo->actor = actor_start(d->guest->part.sim, name, run_echo, echo);
	if (!echo->actor) {
		echo_free(echo);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < cfg->flows; i++) {
		echo->flow[i].driver = d;
		echo->flow[i].cfg.flow = cfg->back + i;
		echo->flow[i].cfg.vlan = cfg->vlan;
	}
	echo->next = d->echoes;
	d->echoes = echo;
	return 0;
}

uint64_t guest_driver_echoes_left(const struct guest_driver *d)
{
	uint64_t left = 0;

	for (const struct iavf_echo *echo = d->echoes; echo; echo = echo->next)
		left += echo->count;
	return left;
}

void iavf_echoes_destroy(struct guest_driver *d)
{
	while (d->echoes) {
		struct iavf_echo *echo = d->echoes;

		d->echoes = echo->next;
		echo_free(echo);
	}
}
