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

/* Does the port take packets one by one? */
static bool is_paced(const struct tx_schedule *schedule)
{
	return schedule->guaranteed || schedule->classes.count > 1 || schedule->classes.pause;
}

static uint64_t free_ps(const struct nic_vf *vf, const struct tx_class *of)
{
	const struct tx_schedule *schedule = &vf->nic->tx_schedule;
	uint64_t port_ps = is_paced(schedule) ? schedule->port_free_ps : 0;

	return MAX(MAX(vf->tx_max_ps, of->pause_ps), port_ps);
}

static bool waits(const struct tx_class *of, uint32_t vf)
{
	return of->waiting[vf / 64] >> vf % 64 & 1;
}

static bool any_waits(const struct tx_class *of)
{
	return of->waiting[0] | of->waiting[1] | of->waiting[2] | of->waiting[3];
}

/* When the first of those that wait may go on; TIME_NEVER: none waits. */
static uint64_t due_ps(const struct tx_schedule *schedule)
{
	uint64_t due = TIME_NEVER;

	for (uint32_t i = 0; i < schedule->classes.count; i++) {
		const struct tx_class *of = &schedule->class_of[i];

		for (uint32_t vf = 0; any_waits(of) && vf < schedule->nic->cfg.vfs; vf++)
			if (waits(of, vf))
				due = MIN(due, free_ps(&schedule->nic->vf[vf], of));
	}
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

/* Of the class; NULL: none of its VFs may go now. */
static struct nic_vf *next_vf(const struct tx_schedule *schedule, const struct tx_class *of)
{
	struct nic *nic = schedule->nic;
	uint64_t now = now_of(schedule);
	struct nic_vf *best = NULL;

	for (uint32_t i = 1; any_waits(of) && i <= nic->cfg.vfs; i++) {
		struct nic_vf *vf = &nic->vf[(of->turn + i) % nic->cfg.vfs];

		if (waits(of, vf->index) && free_ps(vf, of) <= now && goes_first(vf, best, now))
			best = vf;
	}
	return best;
}

/*
 * When the next packet of the class begins by its share: start-time fair queueing (Goyal, Vin and
 * Cheng, 1996). Who had nothing to send begins where the others are.
 */
static uint64_t share_begin_ps(const struct tx_schedule *schedule, uint32_t index)
{
	return MAX(schedule->class_of[index].share_ps, schedule->share_now_ps);
}

/* Is class `index`, looked at after the higher class `best`, to go before it? */
static bool class_goes_first(const struct tx_schedule *schedule, uint32_t index, uint32_t best)
{
	const uint8_t *share = schedule->classes.share;

	if (!share[best])
		return false;
	return !share[index] || share_begin_ps(schedule, index) < share_begin_ps(schedule, best);
}

/* Who goes next, and its class. */
static struct nic_vf *next_turn(const struct tx_schedule *schedule, uint32_t *class_index)
{
	struct nic_vf *best = NULL;

	for (uint32_t i = schedule->classes.count; i--;) {
		struct nic_vf *vf = next_vf(schedule, &schedule->class_of[i]);

		if (!vf || (best && !class_goes_first(schedule, i, *class_index)))
			continue;
		best = vf;
		*class_index = i;
	}
	return best;
}

static void serve_vf(struct nic_vf *vf, uint32_t class_index)
{
	uint32_t queues = vf->nic->cfg.queue_pairs, first = vf->tx_turn;

	for (uint32_t i = 0; i < queues; i++) {
		struct nic_queue *queue = &vf->tx[(first + i) % queues];

		if (queue->context.class_index == class_index)
			queue_run(queue);
	}
}

static void serve(struct event *event, uint64_t now)
{
	struct tx_schedule *schedule = CONTAINER_OF(event, struct tx_schedule, timer);
	struct nic_vf *vf;
	uint32_t index;

	schedule->serving = true;
	while ((vf = next_turn(schedule, &index))) {
		struct tx_class *of = &schedule->class_of[index];

		of->waiting[vf->index / 64] &= ~BIT(vf->index % 64);
		if (!is_behind(vf, now))
			of->turn = vf->index;
		serve_vf(vf, index);
	}
	schedule->serving = false;
	arm(schedule);
}

void tx_schedule_init(struct tx_schedule *schedule, struct nic *nic)
{
	schedule->nic = nic;
	schedule->classes = nic_classes_default();
	event_init(&schedule->timer, serve);
}

static bool nobody_waits(const struct tx_schedule *schedule)
{
	for (uint32_t i = 0; i < schedule->classes.count; i++)
		if (any_waits(&schedule->class_of[i]))
			return false;
	return true;
}

/* Beside those that wait nobody goes but who is served. */
static bool is_turn(const struct tx_schedule *schedule)
{
	return !is_paced(schedule) || schedule->serving || nobody_waits(schedule);
}

bool tx_schedule_admits(struct nic_queue *queue)
{
	struct nic_vf *vf = queue->vf;
	struct tx_schedule *schedule = &vf->nic->tx_schedule;
	struct tx_class *of = &schedule->class_of[queue->context.class_index];

	if (free_ps(vf, of) <= now_of(schedule) && is_turn(schedule))
		return true;
	if (waits(of, vf->index))
		return false;
	of->waiting[vf->index / 64] |= BIT(vf->index % 64);
	if (!schedule->serving)
		arm(schedule);
	return false;
}

static void share_used(struct tx_schedule *schedule, uint32_t index, uint64_t wire_bytes)
{
	uint64_t kbps =
		kbps_of(schedule->nic->cfg.link_mbps) * schedule->classes.share[index] / 100;

	if (!schedule->classes.share[index])
		return;
	schedule->share_now_ps = share_begin_ps(schedule, index);
	schedule->class_of[index].share_ps =
		tx_rate_next(schedule->share_now_ps, 0, wire_bytes, kbps);
}

void tx_schedule_sent(struct nic_queue *queue, uint64_t len_bytes, uint32_t frames)
{
	struct nic_vf *vf = queue->vf;
	struct tx_schedule *schedule = &vf->nic->tx_schedule;
	uint64_t now = now_of(schedule), saved = now - MIN(now, CREDIT_PS);
	uint64_t wire_bytes = len_bytes + (uint64_t)frames * WIRE_OVERHEAD_BYTES;

	vf->tx_max_ps = tx_rate_next(vf->tx_max_ps, saved, len_bytes, kbps_of(vf->policy.max_mbps));
	vf->tx_min_ps = tx_rate_next(vf->tx_min_ps, saved, len_bytes, kbps_of(vf->policy.min_mbps));
	if (!is_paced(schedule))
		return;
	schedule->port_free_ps = tx_rate_next(schedule->port_free_ps, now, wire_bytes,
					      kbps_of(vf->nic->cfg.link_mbps));
	share_used(schedule, queue->context.class_index, wire_bytes);
}

void tx_schedule_pause(struct tx_schedule *schedule, uint32_t class_index, uint64_t until_ps)
{
	schedule->class_of[class_index].pause_ps = until_ps;
	arm(schedule);
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
