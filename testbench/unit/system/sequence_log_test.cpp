/* SPDX-License-Identifier: Apache-2.0 */
#include "system/sequence_log.h"

#include <gtest/gtest.h>

#include <initializer_list>

class SequenceLog : public ::testing::Test
{
protected:
	~SequenceLog() override
	{
		sequence_log_release(&log);
	}
	void event(enum trace_kind kind, uint64_t iova, uint64_t len)
	{
		struct trace_event event = {};

		event.kind = kind;
		event.arg[1] = iova;
		event.arg[2] = len;
		sequence_log_event(&log, &event);
	}
	struct sequence_log log = {};
};

TEST_F(SequenceLog, WriteSentBeforeTheLogWasTakenKeepsItsPlace)
{
	event(TRACE_DMA_LOGGED, 0x1000, 64);
	sequence_log_begin(&log, false);
	event(TRACE_DMA_LOG_TAKEN, 0, 1 << 20);
	EXPECT_FALSE(sequence_log_write(&log, 0x1000, 64));
}

TEST_F(SequenceLog, WriteSentAfterItWaitsForTheEndOfTheCall)
{
	sequence_log_begin(&log, false);
	event(TRACE_DMA_LOG_TAKEN, 0, 1 << 20);
	event(TRACE_DMA_LOGGED, 0x1000, 64);
	EXPECT_TRUE(sequence_log_write(&log, 0x1000, 64));
	sequence_log_end(&log);
	ASSERT_EQ(log.late.count, 1u);
	EXPECT_EQ(log.late.write[0].iova, 0x1000u);
}

TEST_F(SequenceLog, OnlyTheTakenPartOfTheLogCounts)
{
	sequence_log_begin(&log, false);
	event(TRACE_DMA_LOG_TAKEN, 0, 0x4000);
	event(TRACE_DMA_LOGGED, 0x4000, 64);
	event(TRACE_DMA_LOG_TAKEN, 0x4000, 0x4000);
	EXPECT_FALSE(sequence_log_write(&log, 0x4000, 64));
}

TEST_F(SequenceLog, WriteThatTheCallDoesNotSeeComeKeepsItsPlace)
{
	sequence_log_begin(&log, false);
	event(TRACE_DMA_LOG_TAKEN, 0, 1 << 20);
	event(TRACE_DMA_LOGGED, 0x1000, 64);
	sequence_log_end(&log);
	EXPECT_FALSE(sequence_log_write(&log, 0x1000, 64));
	sequence_log_begin(&log, false);
	EXPECT_FALSE(sequence_log_write(&log, 0x1000, 64));
}

TEST_F(SequenceLog, WriteThatIsLoggedDuringAStartComesAfterIt)
{
	sequence_log_begin(&log, true);
	event(TRACE_DMA_LOGGED, 0x1000, 64);
	EXPECT_TRUE(sequence_log_write(&log, 0x1000, 64));
}

TEST_F(SequenceLog, EqualWritesGoInTheirOrderAndRefusedOnesAreForgotten)
{
	event(TRACE_DMA_LOGGED, 0x1000, 64);
	event(TRACE_DMA_LOGGED, 0x1000, 64);
	sequence_log_begin(&log, false);
	event(TRACE_DMA_LOG_TAKEN, 0, 1 << 20);
	event(TRACE_DMA_LOGGED, 0x1000, 64);
	EXPECT_FALSE(sequence_log_write(&log, 0x1000, 64));
	sequence_log_refused(&log, 0x1000, 64);
	EXPECT_TRUE(sequence_log_write(&log, 0x1000, 64));
	EXPECT_EQ(log.sent.count, 0u);
}
