/* SPDX-License-Identifier: Apache-2.0 */
/* The event queue: what the SMMU recorded is told and taken out (arm_smmu_evtq_thread). */
#include <inttypes.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

/* The kernel's log prints so many in such a time (DEFAULT_RATELIMIT_BURST, _INTERVAL). */
#define LOG_BURST     10u
#define LOG_WINDOW_PS (5 * PS_PER_S)

static const char *const event_name[] = {
	[C_BAD_STREAMID] = "C_BAD_STREAMID",
	[F_STE_FETCH] = "F_STE_FETCH",
	[C_BAD_STE] = "C_BAD_STE",
	[F_STREAM_DISABLED] = "F_STREAM_DISABLED",
	[C_BAD_SUBSTREAMID] = "C_BAD_SUBSTREAMID",
	[F_CD_FETCH] = "F_CD_FETCH",
	[C_BAD_CD] = "C_BAD_CD",
	[F_TRANSLATION] = "F_TRANSLATION",
	[F_ADDR_SIZE] = "F_ADDR_SIZE",
	[F_ACCESS] = "F_ACCESS",
	[F_PERMISSION] = "F_PERMISSION",
};

static const char *const class_name[] = {"CD fetch", "Stage 1 translation table fetch",
					 "Input address caused fault", "Reserved"};

bool log_allowed(const struct smmu_driver *driver, struct log_limit *limit)
{
	uint64_t now = sim_now(driver->env.part.sim);

	if (now >= limit->window_began_ps + LOG_WINDOW_PS) {
		limit->window_began_ps = now;
		limit->logged = 0;
	}
	return limit->logged++ < LOG_BURST;
}

static const char *name_of(uint32_t number)
{
	const char *name = number < ARRAY_LEN(event_name) ? event_name[number] : NULL;

	return name ? name : "UNKNOWN";
}

static void log_event(const struct smmu_driver *driver, const uint64_t record[EVENT_WORDS])
{
	const struct sim_part *part = &driver->env.part;
	uint32_t number = (uint32_t)field_get(EVENT0_NUMBER, record[0]);
	uint32_t stream = (uint32_t)field_get(EVENT0_STREAMID, record[0]);
	uint32_t substream =
		record[0] & EVENT0_SSV ? (uint32_t)field_get(EVENT0_SUBSTREAMID, record[0]) : 0;

	switch (number) {
	case F_TRANSLATION:
	case F_ADDR_SIZE:
	case F_ACCESS:
	case F_PERMISSION:
		sim_log(part, LOG_WARNING,
			"event: %s sid: 0x%x ssid: 0x%x iova: 0x%" PRIx64 " %s %s %s %s \"%s\"",
			name_of(number), stream, substream, record[2],
			record[1] & EVENT1_PNU ? "priv" : "unpriv",
			record[1] & EVENT1_IND ? "inst" : "data",
			record[1] & EVENT1_RNW ? "read" : "write",
			record[1] & EVENT1_S2 ? "s2" : "s1",
			class_name[field_get(EVENT1_CLASS, record[1])]);
		break;
	case F_STE_FETCH:
	case F_CD_FETCH:
		sim_log(part, LOG_WARNING, "event: %s sid: 0x%x ssid: 0x%x fetch_addr: 0x%" PRIx64,
			name_of(number), stream, substream, record[3] & EVENT3_FETCHADDR);
		break;
	default:
		sim_log(part, LOG_WARNING, "event: 0x%02x %s sid: 0x%x ssid: 0x%x", number,
			name_of(number), stream, substream);
	}
}

static void drain(struct smmu_driver *driver, struct actor *self)
{
	struct evtq *evtq = &driver->evtq;
	struct driver_queue *q = &evtq->q;
	uint64_t record[EVENT_WORDS];

	do {
		while (driver_queue_take(driver, self, q, record)) {
			if (stall_tell(driver, record))
				continue;
			if (log_allowed(driver, &evtq->limit))
				log_event(driver, record);
			if (driver->env.event)
				driver->env.event(driver->env.event_ctx, record);
		}
		if (driver_queue_look(driver, self, q)) {
			evtq->overflows++;
			sim_log(&driver->env.part, LOG_WARNING,
				"EVTQ overflow detected -- events lost");
		}
	} while (!driver_queue_is_empty(q));
	driver_queue_acknowledge(driver, self, q);
}

void evtq_thread(struct actor *self, void *arg)
{
	struct smmu_driver *driver = arg;

	for (;;) {
		irq_thread_wait(self, &driver->evtq.thread);
		if (driver->cfg.event_latency_ps)
			actor_sleep(self, driver->cfg.event_latency_ps);
		drain(driver, self);
	}
}
