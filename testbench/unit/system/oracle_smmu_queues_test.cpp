/* SPDX-License-Identifier: Apache-2.0 */
#include "iommu/smmu_format.h"
#include "iommu/smmu_registers_format.h"
#include "testbench/unit/system/oracle_fixture.h"

/* A command queue of 16 entries and an event queue of 4, both empty. */
class OracleSmmuQueues : public OracleTest
{
protected:
	static constexpr uint64_t kSync = CMD_SYNC, kTlbi = CMD_TLBI_NSNH_ALL;

	void SetUp() override
	{
		emit(1, TRACE_SMMU_QUEUE, {SMMU_CMDQ_BASE, 4, 0, 0});
		emit(1, TRACE_SMMU_QUEUE, {SMMU_EVENTQ_BASE, 2, 0, 0});
	}
	void issue(uint64_t index, uint64_t opcode, uint64_t word1 = 0)
	{
		emit(2, TRACE_SMMU_ISSUED, {index}, {opcode, word1});
	}
	void tell(uint64_t prod, uint64_t cons)
	{
		emit(3, TRACE_SMMU_QUEUE, {SMMU_CMDQ_PROD, 4, prod, cons});
	}
	void consume(uint64_t index, uint64_t opcode, uint64_t word1 = 0, uint64_t older = 0)
	{
		emit(4, TRACE_SMMU_COMMAND, {opcode, index, older}, {opcode, word1});
	}
	void event(uint64_t prod)
	{
		emit(5, TRACE_SMMU_EVENT, {F_TRANSLATION, 0x110, prod});
	}
	void lose(uint64_t prod, bool enabled = true)
	{
		emit(5, TRACE_SMMU_EVENT_LOST, {F_TRANSLATION, 0x110, prod, enabled});
	}
	void take(uint64_t prod, uint64_t cons)
	{
		emit(6, TRACE_SMMU_QUEUE, {SMMU_EVENTQ_CONS, 2, prod, cons});
	}
	uint64_t violations()
	{
		return finish(CHECK_SMMU_QUEUES).count;
	}
};

TEST_F(OracleSmmuQueues, NothingToLookAtDoesNotApply)
{
	EXPECT_EQ(finish(CHECK_SMMU_QUEUES).verdict, ORACLE_NOT_APPLICABLE);
}
TEST_F(OracleSmmuQueues, CommandsInTheirTurnPassAroundTheWrap)
{
	for (uint64_t i = 0; i < 100; i++) {
		issue(i & 31, i & 1 ? kSync : kTlbi, i);
		tell((i + 1) & 31, i & 31);
		consume(i & 31, i & 1 ? kSync : kTlbi, i);
	}
	EXPECT_EQ(finish(CHECK_SMMU_QUEUES).verdict, ORACLE_PASS);
}
TEST_F(OracleSmmuQueues, ConsumingBeyondTheProducerFails)
{
	issue(0, kTlbi);
	issue(1, kSync);
	tell(1, 0);
	consume(0, kTlbi);
	consume(1, kSync);
	EXPECT_EQ(violations(), 1u);
}
TEST_F(OracleSmmuQueues, SkippingACommandFails)
{
	tell(3, 0);
	consume(0, kTlbi);
	consume(2, kSync);
	EXPECT_EQ(violations(), 1u);
}
TEST_F(OracleSmmuQueues, ConsumingOneTwiceFails)
{
	tell(3, 0);
	consume(0, kTlbi);
	consume(0, kTlbi);
	EXPECT_EQ(violations(), 1u);
}
TEST_F(OracleSmmuQueues, AnotherCommandThanWasIssuedFails)
{
	issue(0, kTlbi, 0x1000);
	tell(1, 0);
	consume(0, kTlbi, 0x2000);
	EXPECT_EQ(violations(), 1u);
}
TEST_F(OracleSmmuQueues, AConsumerThatJumpsFails)
{
	tell(4, 0);
	consume(0, kTlbi);
	tell(5, 3);
	EXPECT_EQ(violations(), 1u);
}
TEST_F(OracleSmmuQueues, SoftwareMaySetTheConsumerAnew)
{
	tell(4, 0);
	consume(0, kTlbi);
	emit(5, TRACE_SMMU_QUEUE, {SMMU_CMDQ_CONS, 4, 4, 2});
	consume(2, kTlbi);
	EXPECT_EQ(violations(), 0u);
}
TEST_F(OracleSmmuQueues, ASyncThatLeavesTransactionsBehindFails)
{
	tell(2, 0);
	consume(0, kSync, 0, 0);
	consume(1, kSync, 0, 2);
	EXPECT_EQ(violations(), 1u);
}
TEST_F(OracleSmmuQueues, HostsHaveQueuesOfTheirOwn)
{
	tell(1, 0);
	consume(0, kTlbi);
	emit(7, TRACE_SMMU_QUEUE, {SMMU_CMDQ_PROD, 4, 1, 0}, {}, 1);
	emit(8, TRACE_SMMU_COMMAND, {kTlbi, 0, 0}, {kTlbi, 0}, 1);
	EXPECT_EQ(violations(), 0u);
}
TEST_F(OracleSmmuQueues, EventsInTheirTurnPass)
{
	for (uint64_t i = 0; i < 20; i++) {
		event((i + 1) & 7);
		take((i + 1) & 7, (i + 1) & 7);
	}
	EXPECT_EQ(finish(CHECK_SMMU_QUEUES).verdict, ORACLE_PASS);
}
TEST_F(OracleSmmuQueues, AnEventProducedTwiceFails)
{
	event(1);
	event(1);
	EXPECT_EQ(violations(), 1u);
}
TEST_F(OracleSmmuQueues, AnEventIntoAFullQueueFails)
{
	for (uint64_t i = 1; i <= 5; i++)
		event(i);
	EXPECT_EQ(violations(), 1u);
}
TEST_F(OracleSmmuQueues, OverflowIsToldOnceUntilAcknowledged)
{
	for (uint64_t i = 1; i <= 4; i++)
		event(i);
	lose(4 | EVENTQ_PROD_OVFLG);
	lose(4 | EVENTQ_PROD_OVFLG);
	take(4 | EVENTQ_PROD_OVFLG, 4 | EVENTQ_CONS_OVACKFLG);
	event(5 | EVENTQ_PROD_OVFLG);
	EXPECT_EQ(violations(), 0u);
}
TEST_F(OracleSmmuQueues, OverflowThatIsNotToldFails)
{
	for (uint64_t i = 1; i <= 4; i++)
		event(i);
	lose(4);
	EXPECT_EQ(violations(), 1u);
}
TEST_F(OracleSmmuQueues, OverflowThatIsToldTwiceFails)
{
	for (uint64_t i = 1; i <= 4; i++)
		event(i);
	lose(4 | EVENTQ_PROD_OVFLG);
	lose(4);
	EXPECT_EQ(violations(), 1u);
}
TEST_F(OracleSmmuQueues, LosingAnEventWithRoomFails)
{
	event(1);
	lose(1);
	EXPECT_EQ(violations(), 1u);
}
TEST_F(OracleSmmuQueues, ADisabledQueueLosesSilently)
{
	event(1);
	lose(1, false);
	EXPECT_EQ(violations(), 0u);
}
TEST_F(OracleSmmuQueues, ADisabledQueueThatTellsOfOverflowFails)
{
	event(1);
	lose(1 | EVENTQ_PROD_OVFLG, false);
	EXPECT_EQ(violations(), 1u);
}
TEST_F(OracleSmmuQueues, AProducerThatMovedByItselfFails)
{
	event(1);
	take(2, 0);
	EXPECT_EQ(violations(), 1u);
}
