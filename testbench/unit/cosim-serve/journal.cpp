// SPDX-License-Identifier: Apache-2.0
#include "cosim/serve/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/trace.h"
#include "model/nic/frame_format.h"

namespace
{
using testing::ElementsAre;
using testing::HasSubstr;

class Journal : public testing::Test
{
protected:
	Journal()
	{
		struct sim_hooks hooks = {};

		hooks.ctx = this;
		hooks.log = [](void *ctx, enum log_level, const char *, const char *text) {
			static_cast<Journal *>(ctx)->log.push_back(text);
		};
		if (sim_init(&sim, 1, &hooks))
			abort();
		sim.log_level = LOG_WARNING;
		journal_init(&journal, &sim);
	}
	~Journal() override
	{
		sim_fini(&sim);
	}
	void Dropped(enum packet_drop cause)
	{
		struct trace_event event = {};

		event.kind = TRACE_PACKET_DROPPED;
		event.arg[2] = 90;
		event.arg[3] = cause;
		journal.listener.event(journal.listener.ctx, &event);
	}

	struct sim sim;
	struct journal journal;
	std::vector<std::string> log;
};

TEST_F(Journal, ALostPacketIsToldWithTheAccessesBefore)
{
	const uint32_t value = 0x19;

	journal_note(&journal, "vf0", "bar0", true, 0x5c00, 4, &value);
	Dropped(PACKET_DROP_NO_BUFFER);
	EXPECT_THAT(log, ElementsAre(HasSubstr("a packet of 90 bytes is lost: no-buffer"),
				     HasSubstr("vf0 bar0+0x5c00 <- 0x00000019")));
}

TEST_F(Journal, WhatNobodyWantsIsNoLoss)
{
	Dropped(PACKET_DROP_NO_FILTER);
	EXPECT_TRUE(log.empty());
	EXPECT_EQ(journal.trouble[JOURNAL_PACKET], 0u);
}

TEST_F(Journal, ManyAreCountedAndNotTold)
{
	for (uint32_t i = 0; i < 100; i++)
		Dropped(PACKET_DROP_RESET);
	EXPECT_EQ(log.size(), static_cast<size_t>(JOURNAL_FULL));
	EXPECT_THAT(log.back(), HasSubstr("only counted"));
	EXPECT_EQ(journal.trouble[JOURNAL_PACKET], 100u);
}
} // namespace
