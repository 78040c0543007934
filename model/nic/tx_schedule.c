/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/tx_schedule.h"

#include "model/nic/nic_internal.h"
#include "model/nic/tx_rate.h"

/* What a VF may save up of its rates while it waits for others, or sends nothing. */
#define CREDIT_PS (100 * PS_PER_US)

static uint64_t now_of(const struct tx_schedule *schedule)
{
	return sim_now(schedule->nic->env.part.sim);
}

static uint64_t kbps_of(uint32_t mbps)
{
	return mbps * UINT64_C(1000);
}

/* The port's turn, where somebody is guaranteed a share of it. */
static uint64_t port_free_ps(const struct tx_schedule *schedule)
{
	return schedule->guaranteed ? schedule->port_free_ps : 0;
}

static uint64_t free_ps(const struct nic_vf *vf)
{
	return MAX(vf->tx_max_ps, port_free_ps(&vf->nic->tx_schedule));
}

static bool waits(const struct tx_schedule *schedule, uint32_t vf)
{
	return schedule->waiting[vf / 64] >> vf % 64 & 1;
}

/* When the first of those that wait may go on; TIME_NEVER: none waits. */
static uint64_t due_ps(const struct tx_schedule *schedule)
{
	uint64_t due = TIME_NEVER;

	for (uint32_t vf = 0; vf < schedule->nic->cfg.vfs; vf++)
		if (waits(schedule, vf))
			due = MIN(due, free_ps(&schedule->nic->vf[vf]));
	return due;
}

static void arm(struct tx_schedule *schedule)
{
	struct calendar *calendar = &schedule->nic->env.part.sim->calendar;
	uint64_t due = due_ps(schedule);

	calendar_cancel(calendar, &schedule->timer);
	if (due != TIME_NEVER)
		calendar_schedule(calendar, &schedule->timer, MAX(due, now_of(schedule)));
}

static bool is_behind(const struct nic_vf *vf, uint64_t now)
{
	return vf->policy.min_mbps && vf->tx_min_ps <= now;
}

/* Is `vf`, looked at after `best` in turn, to go before it? */
static bool goes_first(const struct nic_vf *vf, const struct nic_vf *best, uint64_t now)
{
	if (!best)
		return true;
	if (!is_behind(vf, now))
		return false;
	return !is_behind(best, now) || vf->tx_min_ps < best->tx_min_ps;
}

static struct nic_vf *next_vf(const struct tx_schedule *schedule)
{
	struct nic *nic = schedule->nic;
	uint64_t now = now_of(schedule);
	struct nic_vf *best = NULL;

	for (uint32_t i = 1; i <= nic->cfg.vfs; i++) {
		struct nic_vf *vf = &nic->vf[(schedule->turn + i) % nic->cfg.vfs];

		if (waits(schedule, vf->index) && free_ps(vf) <= now && goes_first(vf, best, now))
			best = vf;
	}
	return best;
}

static void serve(struct event *event, uint64_t now)
{
	struct tx_schedule *schedule = CONTAINER_OF(event, struct tx_schedule, timer);
	struct nic_vf *vf;

	while ((vf = next_vf(schedule))) {
		uint32_t queues = vf->nic->cfg.queue_pairs, first = vf->tx_turn;

		schedule->waiting[vf->index / 64] &= ~BIT(vf->index % 64);
		schedule->served = vf;
		if (!is_behind(vf, now))
			schedule->turn = vf->index;
		for (uint32_t i = 0; i < queues; i++)
			queue_run(&vf->tx[(first + i) % queues]);
	}
	schedule->served = NULL;
	arm(schedule);
}

void tx_schedule_init(struct tx_schedule *schedule, struct nic *nic)
{
	schedule->nic = nic;
	event_init(&schedule->timer, serve);
}

/* Beside those that wait nobody goes but the one that is served. */
static bool is_turn(const struct tx_schedule *schedule, const struct nic_vf *vf)
{
	const uint64_t *waiting = schedule->waiting;

	if (!schedule->guaranteed)
		return true;
	return schedule->served ? schedule->served == vf
				: !(waiting[0] | waiting[1] | waiting[2] | waiting[3]);
}

bool tx_schedule_admits(struct nic_vf *vf)
{
	struct tx_schedule *schedule = &vf->nic->tx_schedule;

	if (free_ps(vf) <= now_of(schedule) && is_turn(schedule, vf))
		return true;
	if (waits(schedule, vf->index))
		return false;
	schedule->waiting[vf->index / 64] |= BIT(vf->index % 64);
	if (!schedule->served)
		arm(schedule);
	return false;
}

void tx_schedule_sent(struct nic_vf *vf, uint64_t len_bytes, uint32_t frames)
{
	struct tx_schedule *schedule = &vf->nic->tx_schedule;
	uint64_t now = now_of(schedule), saved = now - MIN(now, CREDIT_PS);
	uint64_t wire_bytes = len_bytes + (uint64_t)frames * WIRE_OVERHEAD_BYTES;

	vf->tx_max_ps = tx_rate_next(vf->tx_max_ps, saved, len_bytes, kbps_of(vf->policy.max_mbps));
	vf->tx_min_ps = tx_rate_next(vf->tx_min_ps, saved, len_bytes, kbps_of(vf->policy.min_mbps));
	if (schedule->guaranteed)
		schedule->port_free_ps = tx_rate_next(schedule->port_free_ps, now, wire_bytes,
						      kbps_of(vf->nic->cfg.link_mbps));
}

void nic_vf_policy_set(struct nic *nic, uint32_t index, const struct nic_vf_policy *policy)
{
	struct tx_schedule *schedule = &nic->tx_schedule;
	struct nic_vf *vf = &nic->vf[index];

	schedule->guaranteed += !!policy->min_mbps - !!vf->policy.min_mbps;
	vf->policy = *policy;
	vf->tx_max_ps = vf->tx_min_ps = now_of(schedule);
	arm(schedule);
}

const struct nic_vf_policy *nic_vf_policy_get(struct nic *nic, uint32_t vf)
{
	return &nic->vf[vf].policy;
}
