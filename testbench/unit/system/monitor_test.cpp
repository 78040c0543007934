// SPDX-License-Identifier: Apache-2.0
// Who is told of a run's trace events.
#include <gtest/gtest.h>

#include "base/trace.h"
#include "system/engine.h"
#include "system/run.h"

namespace
{
const trace_kind kLeaks[] = {TRACE_LEAK, TRACE_KIND_COUNT};

void count(void *ctx, const struct trace_event *)
{
	++*static_cast<int *>(ctx);
}

class Monitor : public testing::Test
{
protected:
	/* Two kinds of event happen, one of each. */
	void run(struct run_listener *listeners)
	{
		const uint64_t arg[TRACE_ARGS] = {};
		struct run_result result = {};
		struct scenario_cfg cfg = {};
		struct run_options options = {};
		struct monitor monitor;

		options.cfg = &cfg;
		options.engine = &engine_native;
		options.listeners = listeners;
		ASSERT_EQ(monitor_init(&monitor, &options, 1, &result), 0);
		const struct sim_part part = {&monitor.sim, "part", 0};
		trace_emit_data(&part, TRACE_LEAK, nullptr, 0, arg);
		trace_emit_data(&part, TRACE_ROUND, nullptr, 0, arg);
		EXPECT_EQ(monitor.events, 2u);
		monitor_fini(&monitor);
	}

	static struct run_listener listener(int *heard, const trace_kind *kind,
					    struct run_listener *next)
	{
		struct run_listener listener = {};

		listener.ctx = heard;
		listener.kind = kind;
		listener.event = count;
		listener.next = next;
		return listener;
	}
};
} // namespace

TEST_F(Monitor, TellsAListenerOfTheKindsThatItNeeds)
{
	int heard = 0;
	struct run_listener leaks = listener(&heard, kLeaks, nullptr);

	run(&leaks);
	EXPECT_EQ(heard, 1);
}

TEST_F(Monitor, TellsAListenerWithoutKindsOfAll)
{
	int some = 0, all = 0;
	struct run_listener second = listener(&all, nullptr, nullptr);
	struct run_listener first = listener(&some, kLeaks, &second);

	run(&first);
	EXPECT_EQ(all, 2);
	EXPECT_GE(some, 1);
}
