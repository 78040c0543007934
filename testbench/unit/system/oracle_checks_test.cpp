/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/unit/system/oracle_fixture.h"

class OracleIsolation : public OracleTest
{
protected:
	void SetUp() override
	{
		emit(1, TRACE_IOMMU_ATTACH, {0x110, kNoSub, 7});
		emit(2, TRACE_IOMMU_MAP, {7, 0x1000, 0x2000, 1});
		emit(3, TRACE_IOMMU_MAP, {7, 0x3000, 0x1000, 0});
	}
	enum oracle_verdict dma(enum trace_kind kind, uint64_t iova, uint64_t len)
	{
		emit(10, kind, {0x110, kNoSub, iova, 0xa000, len});
		return finish(CHECK_DMA_ISOLATION).verdict;
	}
};

TEST_F(OracleIsolation, WriteInsidePasses)
{
	EXPECT_EQ(dma(TRACE_DMA_WRITE, 0x1ff0, 0x20), ORACLE_PASS);
}
TEST_F(OracleIsolation, ReadAcrossNeighboursPasses)
{
	EXPECT_EQ(dma(TRACE_DMA_READ, 0x2fff, 2), ORACLE_PASS);
}
TEST_F(OracleIsolation, WriteIntoReadOnlyFails)
{
	EXPECT_EQ(dma(TRACE_DMA_WRITE, 0x2fff, 2), ORACLE_FAIL);
}
TEST_F(OracleIsolation, AccessPastTheEndFails)
{
	EXPECT_EQ(dma(TRACE_DMA_READ, 0x3fff, 2), ORACLE_FAIL);
}
TEST_F(OracleIsolation, AccessBelowFails)
{
	EXPECT_EQ(dma(TRACE_DMA_READ, 0xfff, 2), ORACLE_FAIL);
}
TEST_F(OracleIsolation, LandingAfterUnmapFails)
{
	emit(4, TRACE_DMA_WRITE, {0x110, kNoSub, 0x1000, 0xa000, 64});
	emit(5, TRACE_IOMMU_UNMAP, {7, 0x1000, 0x1000});
	EXPECT_EQ(dma(TRACE_DMA_LANDED, 0x1000, 64), ORACLE_FAIL);
}
TEST_F(OracleIsolation, LandingBesideWhatWasUnmappedPasses)
{
	emit(5, TRACE_IOMMU_UNMAP, {7, 0x1000, 0x1000});
	EXPECT_EQ(dma(TRACE_DMA_LANDED, 0x2000, 64), ORACLE_PASS);
}
TEST_F(OracleIsolation, HoleCutIntoAMappingIsClosed)
{
	emit(4, TRACE_IOMMU_MAP, {7, 0x10000, 0x10000, 1});
	emit(5, TRACE_IOMMU_UNMAP, {7, 0x14000, 0x1000});
	emit(6, TRACE_DMA_WRITE, {0x110, kNoSub, 0x13fc0, 0, 64});
	emit(7, TRACE_DMA_WRITE, {0x110, kNoSub, 0x15000, 0, 64});
	EXPECT_EQ(dma(TRACE_DMA_WRITE, 0x14fff, 1), ORACLE_FAIL);
	EXPECT_EQ(oracle_finding(oracle(), CHECK_DMA_ISOLATION)->count, 1u);
}
TEST_F(OracleIsolation, StreamOfAnotherHostIsAnotherStream)
{
	emit(5, TRACE_DMA_WRITE, {0x110, kNoSub, 0x1000, 0, 64}, {}, 1);
	EXPECT_EQ(finish(CHECK_DMA_ISOLATION).verdict, ORACLE_FAIL);
}
TEST_F(OracleIsolation, DetachedStreamFails)
{
	emit(5, TRACE_IOMMU_DETACH, {0x110, kNoSub, 7});
	EXPECT_EQ(dma(TRACE_DMA_WRITE, 0x1000, 64), ORACLE_FAIL);
}
TEST_F(OracleIsolation, IdentityAllowsAll)
{
	emit(5, TRACE_IOMMU_ATTACH, {0x110, kNoSub, 0});
	EXPECT_EQ(dma(TRACE_DMA_WRITE, 0x123456789000, 64), ORACLE_PASS);
}
TEST_F(OracleIsolation, SubstreamHasItsOwnTable)
{
	emit(5, TRACE_IOMMU_ATTACH, {0x110, 3, 9});
	emit(6, TRACE_DMA_READ, {0x110, 3, 0x1000, 0, 64});
	EXPECT_EQ(finish(CHECK_DMA_ISOLATION).verdict, ORACLE_FAIL);
}
TEST_F(OracleIsolation, RandomMapsAgreeWithAPageSet)
{
	std::vector<bool> page(64, false);
	uint64_t bad = 0, seed = 1;

	emit(4, TRACE_IOMMU_ATTACH, {0x110, kNoSub, 8});
	for (int i = 0; i < 20000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		uint64_t at = seed >> 33 & 63, len = 1 + (seed >> 40 & 7);
		if (at + len > 64)
			len = 64 - at;
		bool any = false, all = true;
		for (uint64_t p = at; p < at + len; p++) {
			any = any || page[p];
			all = all && page[p];
		}
		switch (seed >> 60 & 3) {
		case 0:
			if (any)
				break;
			emit(5, TRACE_IOMMU_MAP, {8, at << 12, len << 12, 1});
			for (uint64_t p = at; p < at + len; p++)
				page[p] = true;
			break;
		case 1:
			emit(5, TRACE_IOMMU_UNMAP, {8, at << 12, len << 12});
			for (uint64_t p = at; p < at + len; p++)
				page[p] = false;
			break;
		default:
			emit(5, TRACE_DMA_WRITE, {0x110, kNoSub, at << 12, 0, len << 12});
			bad += !all;
		}
	}
	EXPECT_EQ(finish(CHECK_DMA_ISOLATION).count, bad);
	EXPECT_GT(bad, 1000u);
}

class OraclePackets : public OracleTest
{
protected:
	void sent(uint64_t number)
	{
		emit(number, TRACE_PACKET_SENT, {4, number, 1500});
	}
	void received(uint64_t number, bool intact = true)
	{
		emit(number, TRACE_PACKET_RECEIVED, {4, number, 1500, intact});
	}
	void dropped(uint64_t number, enum packet_drop cause)
	{
		emit(number, TRACE_PACKET_DROPPED, {4, number, 1500, (uint64_t)cause});
	}
	void held(uint64_t number)
	{
		emit(number, TRACE_PACKET_HELD, {4, number, 1500});
	}
	void abandoned(uint64_t number)
	{
		emit(number, TRACE_PACKET_ABANDONED, {4, number, 1500});
	}
	uint64_t lost_in_reset()
	{
		return oracle_packet_counts(oracle())->lost[PACKET_DROP_RESET];
	}
};

TEST_F(OraclePackets, InOrderPasses)
{
	for (uint64_t i = 0; i < 100; i++)
		sent(i);
	for (uint64_t i = 0; i < 100; i++)
		received(i);
	EXPECT_EQ(finish(CHECK_PACKETS).verdict, ORACLE_PASS);
}
TEST_F(OraclePackets, DuplicateFails)
{
	sent(0);
	received(0);
	received(0);
	EXPECT_EQ(finish(CHECK_PACKETS).count, 1u);
	EXPECT_EQ(oracle_packet_counts(oracle())->duplicated, 1u);
}
TEST_F(OraclePackets, ReorderedFails)
{
	sent(0);
	sent(1);
	received(1);
	received(0);
	EXPECT_EQ(finish(CHECK_PACKETS).count, 1u);
	EXPECT_EQ(oracle_packet_counts(oracle())->reordered, 1u);
}
TEST_F(OraclePackets, WhatTheWireHeldBackMayComeLate)
{
	sent(0);
	sent(1);
	held(0);
	received(1);
	received(0);
	EXPECT_EQ(finish(CHECK_PACKETS).verdict, ORACLE_PASS);
	EXPECT_EQ(oracle_packet_counts(oracle())->reordered, 1u);
}
TEST_F(OraclePackets, OnlyWhatTheWireHeldBackMayComeLate)
{
	for (uint64_t i = 0; i < 3; i++)
		sent(i);
	held(0);
	received(2);
	received(1);
	received(0);
	EXPECT_EQ(finish(CHECK_PACKETS).count, 1u) << "packet 1";
}
TEST_F(OraclePackets, HeldBackIsNoCauseOfALoss)
{
	sent(0);
	held(0);
	EXPECT_EQ(finish(CHECK_PACKETS).count, 1u);
}
TEST_F(OraclePackets, HeldBackIsReceivedOnceOrLostForACause)
{
	allowed_loss = 1u << PACKET_DROP_NO_BUFFER;
	sent(0);
	held(0);
	dropped(0, PACKET_DROP_NO_BUFFER);
	sent(1);
	held(1);
	received(1);
	received(1);
	EXPECT_EQ(finish(CHECK_PACKETS).count, 1u) << "packet 1";
}
TEST_F(OraclePackets, DamagedFails)
{
	sent(0);
	received(0, false);
	EXPECT_EQ(finish(CHECK_PACKETS).count, 1u);
}
TEST_F(OraclePackets, NeverSentFails)
{
	received(0);
	EXPECT_EQ(finish(CHECK_PACKETS).count, 1u);
}
TEST_F(OraclePackets, LostWithoutACauseFails)
{
	sent(0);
	sent(1);
	received(1);
	EXPECT_EQ(finish(CHECK_PACKETS).count, 1u);
}
TEST_F(OraclePackets, LostForAnAllowedCausePasses)
{
	allowed_loss = 1u << PACKET_DROP_VF_STOPPED;
	sent(0);
	sent(1);
	dropped(0, PACKET_DROP_VF_STOPPED);
	received(1);
	EXPECT_EQ(finish(CHECK_PACKETS).verdict, ORACLE_PASS);
	EXPECT_EQ(oracle_packet_counts(oracle())->lost[PACKET_DROP_VF_STOPPED], 1u);
}
TEST_F(OraclePackets, AbandonedIsLostInAResetHoweverOftenItIsTold)
{
	allowed_loss = 1u << PACKET_DROP_RESET;
	sent(0);
	abandoned(0);
	abandoned(0);
	EXPECT_EQ(finish(CHECK_PACKETS).verdict, ORACLE_PASS);
	EXPECT_EQ(lost_in_reset(), 1u);
	EXPECT_EQ(oracle_flow_counts(oracle(), 4).lost, 1u);
}
TEST_F(OraclePackets, AbandonedFailsWhereResetsAreNotAllowed)
{
	sent(0);
	abandoned(0);
	EXPECT_EQ(finish(CHECK_PACKETS).count, 1u);
}
TEST_F(OraclePackets, AbandonedThatArrivesIsNoLoss)
{
	sent(0);
	sent(1);
	received(1);
	abandoned(1);
	abandoned(0);
	EXPECT_EQ(lost_in_reset(), 1u);
	emit(5, TRACE_PACKET_SENT, {4, 2, 1500});
	abandoned(2);
	received(2);
	EXPECT_EQ(lost_in_reset(), 1u);
	EXPECT_EQ(oracle_flow_counts(oracle(), 4).received, 2u);
	allowed_loss = 0;
	EXPECT_EQ(finish(CHECK_PACKETS).count, 1u) << "packet 0";
}
TEST_F(OraclePackets, AbandonedThatIsDroppedHasThatCause)
{
	allowed_loss = 1u << PACKET_DROP_NO_FILTER;
	sent(0);
	abandoned(0);
	dropped(0, PACKET_DROP_NO_FILTER);
	EXPECT_EQ(finish(CHECK_PACKETS).verdict, ORACLE_PASS);
	EXPECT_EQ(lost_in_reset(), 0u);
}
TEST_F(OraclePackets, WhatTheNicCouldNotReadHasNoNameAndAccountsForOneThatIsMissing)
{
	allowed_loss = 1u << PACKET_DROP_DMA_ERROR;
	for (uint64_t number = 0; number < 3; number++)
		sent(number);
	received(1);
	emit(5, TRACE_PACKET_DROPPED, {FRAME_NO_FLOW, 0, 1500, PACKET_DROP_DMA_ERROR});
	emit(6, TRACE_PACKET_DROPPED, {FRAME_NO_FLOW, 0, 1500, PACKET_DROP_NO_FILTER});
	EXPECT_EQ(finish(CHECK_PACKETS).count, 1u) << "two are missing";
	EXPECT_EQ(oracle_packet_counts(oracle())->lost[PACKET_DROP_DMA_ERROR], 1u);
	EXPECT_EQ(oracle_flow_counts(oracle(), 4).lost, 1u);
}
TEST_F(OraclePackets, WhatTheNicCouldNotReadIsNoExcuseWhereThatIsNotAllowed)
{
	sent(0);
	emit(5, TRACE_PACKET_DROPPED, {FRAME_NO_FLOW, 0, 1500, PACKET_DROP_DMA_ERROR});
	EXPECT_EQ(finish(CHECK_PACKETS).count, 1u);
}
TEST_F(OraclePackets, LostForAnotherCauseFails)
{
	allowed_loss = 1u << PACKET_DROP_VF_STOPPED;
	sent(0);
	dropped(0, PACKET_DROP_NO_BUFFER);
	EXPECT_EQ(finish(CHECK_PACKETS).verdict, ORACLE_FAIL);
}
TEST_F(OraclePackets, LostTwiceFails)
{
	allowed_loss = ~0u;
	sent(0);
	dropped(0, PACKET_DROP_WIRE);
	dropped(0, PACKET_DROP_WIRE);
	EXPECT_EQ(finish(CHECK_PACKETS).count, 1u);
}
TEST_F(OraclePackets, ReceivedAfterItWasLostFails)
{
	allowed_loss = ~0u;
	sent(0);
	dropped(0, PACKET_DROP_WIRE);
	received(0);
	EXPECT_EQ(finish(CHECK_PACKETS).count, 1u);
}

class OracleInterrupts : public OracleTest
{
protected:
	void announces(uint64_t iova, uint64_t len, uint64_t vector = 1)
	{
		emit(1, TRACE_MSIX_ANNOUNCES, {0x110, vector, iova, len});
	}
	void lands(uint64_t iova, uint64_t len)
	{
		emit(2, TRACE_DMA_LANDED, {0x110, kNoSub, iova, 0, len});
	}
	void raised(uint64_t vector = 1)
	{
		emit(3, TRACE_MSIX_RAISED, {0x110, vector});
	}
	void delivered(uint64_t vector = 1)
	{
		emit(4, TRACE_MSI_DELIVERED, {0x110, vector});
	}
};

TEST_F(OracleInterrupts, AfterItsDataPasses)
{
	announces(0x1000, 32);
	raised();
	lands(0x1000, 32);
	delivered();
	EXPECT_EQ(finish(CHECK_INTERRUPTS).verdict, ORACLE_PASS);
}
TEST_F(OracleInterrupts, BeforeItsDataFails)
{
	announces(0x1000, 32);
	raised();
	delivered();
	lands(0x1000, 32);
	EXPECT_EQ(finish(CHECK_INTERRUPTS).count, 1u);
}
TEST_F(OracleInterrupts, HalfOfItsDataFails)
{
	announces(0x1000, 64);
	lands(0x1000, 32);
	raised();
	delivered();
	EXPECT_EQ(finish(CHECK_INTERRUPTS).count, 1u);
}
TEST_F(OracleInterrupts, DataInPartsPasses)
{
	announces(0x1000, 64);
	lands(0x1020, 32);
	lands(0x1000, 32);
	raised();
	delivered();
	EXPECT_EQ(finish(CHECK_INTERRUPTS).verdict, ORACLE_PASS);
}
TEST_F(OracleInterrupts, DataAnnouncedLaterIsNotAsked)
{
	raised();
	announces(0x1000, 32);
	delivered();
	lands(0x1000, 32);
	EXPECT_EQ(finish(CHECK_INTERRUPTS).verdict, ORACLE_PASS);
}
TEST_F(OracleInterrupts, AnotherVectorsDataIsNotAsked)
{
	announces(0x1000, 32, 2);
	raised(1);
	delivered(1);
	lands(0x1000, 32);
	EXPECT_EQ(finish(CHECK_INTERRUPTS).verdict, ORACLE_PASS);
}
TEST_F(OracleInterrupts, NotRaisedFails)
{
	delivered();
	EXPECT_EQ(finish(CHECK_INTERRUPTS).count, 1u);
}
TEST_F(OracleInterrupts, DeliveredTwiceFails)
{
	raised();
	delivered();
	delivered();
	EXPECT_EQ(finish(CHECK_INTERRUPTS).count, 1u);
}
TEST_F(OracleInterrupts, NeverDeliveredFails)
{
	raised();
	raised();
	delivered();
	EXPECT_EQ(finish(CHECK_INTERRUPTS).count, 1u);
}
TEST_F(OracleInterrupts, VectorsOvertakeEachOther)
{
	raised(1);
	raised(2);
	raised(1);
	delivered(2);
	delivered(1);
	delivered(1);
	EXPECT_EQ(finish(CHECK_INTERRUPTS).verdict, ORACLE_PASS);
}

class OracleStates : public OracleTest
{
protected:
	enum oracle_verdict steps(std::initializer_list<std::pair<uint64_t, uint64_t>> arcs)
	{
		for (auto [from, to] : arcs)
			emit(1, TRACE_MIG_STATE, {0, from, to});
		return finish(CHECK_STATE_MACHINES).verdict;
	}
};

TEST_F(OracleStates, PreCopyMigrationPasses)
{
	EXPECT_EQ(steps({{2, 6}, {6, 7}, {7, 3}, {3, 1}}), ORACLE_PASS);
}
TEST_F(OracleStates, DestinationPasses)
{
	EXPECT_EQ(steps({{2, 5}, {5, 1}, {1, 4}, {4, 1}, {1, 5}, {5, 2}}), ORACLE_PASS);
}
TEST_F(OracleStates, ArcThatMustBeExpandedFails)
{
	EXPECT_EQ(steps({{2, 3}}), ORACLE_FAIL); /* RUNNING to STOP_COPY */
}
TEST_F(OracleStates, ResumingToPreCopyFails)
{
	EXPECT_EQ(steps({{1, 4}, {4, 6}}), ORACLE_FAIL);
}
TEST_F(OracleStates, StepFromElsewhereFails)
{
	EXPECT_EQ(steps({{2, 5}, {2, 6}}), ORACLE_FAIL);
}
TEST_F(OracleStates, ErrorIsLeftOnlyByReset)
{
	EXPECT_EQ(steps({{2, 0}, {0, 2}}), ORACLE_FAIL);
}
TEST_F(OracleStates, ResetEndsInRunning)
{
	emit(1, TRACE_FUNCTION_RESET, {0, 0});
	EXPECT_EQ(steps({{3, 2}}), ORACLE_PASS);
}
TEST_F(OracleStates, ResetOfAnotherFunctionDoesNot)
{
	emit(1, TRACE_FUNCTION_RESET, {0x110, 0});
	EXPECT_EQ(steps({{3, 2}}), ORACLE_FAIL);
}
TEST_F(OracleStates, ResetAllowsOneStep)
{
	emit(1, TRACE_FUNCTION_RESET, {0, 0});
	EXPECT_EQ(steps({{3, 2}, {2, 6}, {6, 3}, {3, 2}}), ORACLE_FAIL);
}
TEST_F(OracleStates, VfComesUpInOrder)
{
	emit(1, TRACE_VF_STATE, {0, 2, 0});
	emit(2, TRACE_VF_STATE, {0, 0, 1});
	emit(3, TRACE_VF_STATE, {0, 1, 2});
	EXPECT_EQ(finish(CHECK_STATE_MACHINES).verdict, ORACLE_PASS);
}
TEST_F(OracleStates, VfActiveWithoutCompletionFails)
{
	emit(1, TRACE_VF_STATE, {0, 2, 0});
	emit(2, TRACE_VF_STATE, {0, 0, 2});
	EXPECT_EQ(finish(CHECK_STATE_MACHINES).verdict, ORACLE_FAIL);
}
TEST_F(OracleStates, VfStateGoesOnFromWhereItWas)
{
	emit(1, TRACE_VF_STATE, {0, 0, 1});
	emit(2, TRACE_VF_STATE, {0, 2, 0});
	EXPECT_EQ(finish(CHECK_STATE_MACHINES).verdict, ORACLE_FAIL);
}

TEST_F(OracleStates, MailboxAnswersWhatWasAsked)
{
	emit(1, TRACE_MAILBOX_REQUEST, {0, 1, 8});
	emit(2, TRACE_MAILBOX_REPLY, {0, 17, 0, 8}); /* an event, unasked */
	emit(3, TRACE_MAILBOX_REPLY, {0, 1, 0, 8});
	emit(4, TRACE_MAILBOX_REQUEST, {0, 2, 0}); /* RESET_VF has no answer */
	emit(5, TRACE_MAILBOX_REQUEST, {0, 1, 8});
	emit(6, TRACE_MAILBOX_REPLY, {0, 1, 0, 8});
	EXPECT_EQ(finish(CHECK_STATE_MACHINES).verdict, ORACLE_PASS);
}
TEST_F(OracleStates, MailboxMayRefuseAResetAndAnEventOfAVf)
{
	emit(1, TRACE_MAILBOX_REQUEST, {0, 2, 5});
	emit(2, TRACE_MAILBOX_REPLY, {0, 2, (uint64_t)-5, 0});
	emit(3, TRACE_MAILBOX_REQUEST, {0, 17, 5});
	emit(4, TRACE_MAILBOX_REPLY, {0, 17, (uint64_t)-64, 0});
	emit(5, TRACE_MAILBOX_REQUEST, {0, 1, 8});
	EXPECT_EQ(finish(CHECK_STATE_MACHINES).verdict, ORACLE_PASS);
}
TEST_F(OracleStates, MailboxThatSaysAResetIsDoneFails)
{
	emit(1, TRACE_MAILBOX_REQUEST, {0, 2, 0});
	emit(2, TRACE_MAILBOX_REPLY, {0, 2, 0, 0});
	EXPECT_EQ(finish(CHECK_STATE_MACHINES).verdict, ORACLE_FAIL);
}
TEST_F(OracleStates, AnAnswerThatNobodyTakesIsOne)
{
	emit(1, TRACE_MAILBOX_REQUEST, {0, 1, 8});
	emit(2, TRACE_MAILBOX_LOST, {0, 17});
	emit(3, TRACE_MAILBOX_LOST, {0, 1});
	emit(4, TRACE_MAILBOX_REQUEST, {0, 3, 8});
	EXPECT_EQ(finish(CHECK_STATE_MACHINES).verdict, ORACLE_PASS);
}
TEST_F(OracleStates, ALostEventIsNoAnswer)
{
	emit(1, TRACE_MAILBOX_REQUEST, {0, 1, 8});
	emit(2, TRACE_MAILBOX_LOST, {0, 17});
	emit(3, TRACE_MAILBOX_REQUEST, {0, 3, 8});
	EXPECT_EQ(finish(CHECK_STATE_MACHINES).verdict, ORACLE_FAIL);
}
TEST_F(OracleStates, MailboxThatStaysSilentFails)
{
	emit(1, TRACE_MAILBOX_REQUEST, {0, 1, 8});
	emit(2, TRACE_MAILBOX_REQUEST, {0, 3, 8});
	EXPECT_EQ(finish(CHECK_STATE_MACHINES).verdict, ORACLE_FAIL);
}
TEST_F(OracleStates, MailboxAnswerToAnotherOpcodeFails)
{
	emit(1, TRACE_MAILBOX_REQUEST, {0, 1, 8});
	emit(2, TRACE_MAILBOX_REPLY, {0, 3, 0, 8});
	EXPECT_EQ(finish(CHECK_STATE_MACHINES).verdict, ORACLE_FAIL);
}
TEST_F(OracleStates, MailboxAnswerTwiceFails)
{
	emit(1, TRACE_MAILBOX_REQUEST, {0, 1, 8});
	emit(2, TRACE_MAILBOX_REPLY, {0, 1, 0, 8});
	emit(3, TRACE_MAILBOX_REPLY, {0, 1, 0, 8});
	EXPECT_EQ(finish(CHECK_STATE_MACHINES).verdict, ORACLE_FAIL);
}
TEST_F(OracleStates, ResetTakesAnAnswerAway)
{
	emit(1, TRACE_MAILBOX_REQUEST, {0, 1, 8});
	emit(2, TRACE_VF_STATE, {0, 2, 0});
	emit(3, TRACE_MAILBOX_REQUEST, {0, 1, 8});
	EXPECT_EQ(finish(CHECK_STATE_MACHINES).verdict, ORACLE_PASS);
}
TEST_F(OracleStates, MailboxesOfTwoVfsAreApart)
{
	emit(1, TRACE_MAILBOX_REQUEST, {0, 1, 8});
	emit(2, TRACE_MAILBOX_REQUEST, {1, 3, 8});
	emit(3, TRACE_MAILBOX_REPLY, {1, 3, 0, 8});
	emit(4, TRACE_MAILBOX_REPLY, {0, 1, 0, 8});
	EXPECT_EQ(finish(CHECK_STATE_MACHINES).verdict, ORACLE_PASS);
}

using OraclePageRequests = OracleTest;

TEST_F(OraclePageRequests, WithoutAnyThereIsNothingToJudge)
{
	EXPECT_EQ(finish(CHECK_PAGE_REQUESTS).verdict, ORACLE_NOT_APPLICABLE);
}
TEST_F(OraclePageRequests, AGroupAnsweredOncePasses)
{
	emit(1, TRACE_PAGE_REQUEST, {0x300, kNoSub, 0x1000, 5, 0, false});
	emit(2, TRACE_PAGE_REQUEST, {0x301, kNoSub, 0x1000, 5, 1, false});
	emit(3, TRACE_PAGE_REQUEST, {0x300, kNoSub, 0x2000, 5, 1, true});
	emit(4, TRACE_PAGE_RESPONSE, {0x300, kNoSub, 5, 0});
	emit(5, TRACE_PAGE_RESPONSE, {0x301, kNoSub, 5, 0});
	EXPECT_EQ(finish(CHECK_PAGE_REQUESTS).verdict, ORACLE_PASS);
}
TEST_F(OraclePageRequests, ASecondAnswerFails)
{
	emit(1, TRACE_PAGE_REQUEST, {0x300, kNoSub, 0x1000, 5, 1, false});
	emit(2, TRACE_PAGE_RESPONSE, {0x300, kNoSub, 5, 0});
	emit(3, TRACE_PAGE_RESPONSE, {0x300, kNoSub, 5, 0});
	EXPECT_EQ(finish(CHECK_PAGE_REQUESTS).count, 1u);
}
TEST_F(OraclePageRequests, NoAnswerFails)
{
	emit(1, TRACE_PAGE_REQUEST, {0x300, kNoSub, 0x1000, 5, 1, false});
	EXPECT_EQ(finish(CHECK_PAGE_REQUESTS).count, 1u);
}
TEST_F(OraclePageRequests, AnAnswerBeforeTheLastFails)
{
	emit(1, TRACE_PAGE_REQUEST, {0x300, kNoSub, 0x1000, 5, 0, false});
	emit(2, TRACE_PAGE_RESPONSE, {0x300, kNoSub, 5, 0});
	EXPECT_EQ(finish(CHECK_PAGE_REQUESTS).count, 1u);
}
TEST_F(OraclePageRequests, AGroupThatWaitsIsNotUsedAgain)
{
	emit(1, TRACE_PAGE_REQUEST, {0x300, kNoSub, 0x1000, 5, 1, false});
	emit(2, TRACE_PAGE_REQUEST, {0x300, kNoSub, 0x2000, 5, 1, false});
	emit(3, TRACE_PAGE_RESPONSE, {0x300, kNoSub, 5, 0});
	EXPECT_EQ(finish(CHECK_PAGE_REQUESTS).count, 1u);
}
TEST_F(OraclePageRequests, ARequestMayBeRecordedAfterItsLastWasDropped)
{
	emit(1, TRACE_PAGE_REQUEST, {0x300, kNoSub, 0x2000, 5, 1, true});
	emit(2, TRACE_PAGE_REQUEST, {0x300, kNoSub, 0x1000, 5, 0, false});
	emit(3, TRACE_PAGE_RESPONSE, {0x300, kNoSub, 5, 0});
	emit(4, TRACE_PAGE_REQUEST, {0x301, kNoSub, 0x2000, 5, 1, true});
	emit(5, TRACE_PAGE_RESPONSE, {0x301, kNoSub, 5, 0});
	emit(6, TRACE_PAGE_REQUEST, {0x301, kNoSub, 0x1000, 5, 0, false});
	EXPECT_EQ(finish(CHECK_PAGE_REQUESTS).verdict, ORACLE_PASS);
}
TEST_F(OraclePageRequests, WhatIsRecordedAfterADroppedLastStillWantsItsAnswer)
{
	emit(1, TRACE_PAGE_REQUEST, {0x300, kNoSub, 0x2000, 5, 1, true});
	emit(2, TRACE_PAGE_REQUEST, {0x300, kNoSub, 0x1000, 5, 0, false});
	EXPECT_EQ(finish(CHECK_PAGE_REQUESTS).count, 1u);
}
TEST_F(OraclePageRequests, NothingIsRecordedLateBehindALastThatWasRecorded)
{
	emit(1, TRACE_PAGE_REQUEST, {0x300, kNoSub, 0x2000, 5, 1, false});
	emit(2, TRACE_PAGE_REQUEST, {0x300, kNoSub, 0x1000, 5, 0, false});
	emit(3, TRACE_PAGE_RESPONSE, {0x300, kNoSub, 5, 0});
	EXPECT_GE(finish(CHECK_PAGE_REQUESTS).count, 1u);
}
TEST_F(OraclePageRequests, AStopMarkerWantsNoAnswer)
{
	emit(1, TRACE_PAGE_REQUEST, {0x300, kNoSub, 0x1000, 5, 1, false});
	emit(2, TRACE_PAGE_RESPONSE, {0x300, kNoSub, 5, 0});
	emit(3, TRACE_PAGE_REQUEST, {0x300, 1, 0, 0, 2, false});
	EXPECT_EQ(finish(CHECK_PAGE_REQUESTS).verdict, ORACLE_PASS);
}

using OracleEnd = OracleTest;

TEST_F(OracleEnd, NothingHeldPasses)
{
	emit(1, TRACE_LEAK, {1, 0});
	EXPECT_EQ(finish(CHECK_LEAKS).verdict, ORACLE_PASS);
}
TEST_F(OracleEnd, SomethingHeldFails)
{
	emit(1, TRACE_LEAK, {1, 4});
	EXPECT_EQ(finish(CHECK_LEAKS).verdict, ORACLE_FAIL);
}
TEST_F(OracleEnd, EqualMemoryPasses)
{
	oracle_memory_compared(oracle(), 0, 1000);
	EXPECT_EQ(finish(CHECK_MEMORY_EQUAL).verdict, ORACLE_PASS);
}
TEST_F(OracleEnd, PageThatDiffersFails)
{
	oracle_page_differs(oracle(), 0, 0x5000);
	oracle_memory_compared(oracle(), 0, 1000);
	EXPECT_EQ(finish(CHECK_MEMORY_EQUAL).count, 1u);
}
TEST_F(OracleEnd, PageThatTrackingLostIsToldByLostPageAlone)
{
	emit(1, TRACE_IOMMU_ATTACH, {0x110, kNoSub, 7});
	emit(2, TRACE_IOMMU_MAP, {7, 0, 1 << 20, 1});
	emit(3, TRACE_DIRTY_TRACKING, {7, 1});
	emit(4, TRACE_DMA_WRITE, {0x110, kNoSub, 0x5000, 0, 64});
	emit(6, TRACE_DIRTY_READ, {7, 0, 64 << 12, 4096, 5, 1}, {0});
	oracle_page_differs(oracle(), 0, 0x5000);
	oracle_page_differs(oracle(), 0, 0x6000);
	oracle_memory_compared(oracle(), 0, 1000);
	EXPECT_EQ(finish(CHECK_MEMORY_EQUAL).count, 1u);
	EXPECT_EQ(oracle_finding(oracle(), CHECK_LOST_PAGE)->count, 1u);
}
TEST_F(OracleEnd, StatisticsThatBalancePassAndOnesThatDoNotFail)
{
	oracle_counters_compared(oracle(), "near.nic: sent = taken", 7, 7);
	EXPECT_EQ(finish(CHECK_STATISTICS).verdict, ORACLE_PASS);
	oracle_counters_compared(oracle(), "near.nic: sent = taken", 7, 8);
	oracle_counters_compared(oracle(), "far.nic: sent = taken", 1, 0);
	EXPECT_EQ(finish(CHECK_STATISTICS).verdict, ORACLE_FAIL);
	EXPECT_EQ(finish(CHECK_STATISTICS).count, 2u);
	EXPECT_STREQ(finish(CHECK_STATISTICS).detail, "0 ps: near.nic: sent = taken: 7 and 8");
}

TEST_F(OracleEnd, StatisticsThatNobodyHasComparedDoNotApply)
{
	EXPECT_EQ(finish(CHECK_STATISTICS).verdict, ORACLE_NOT_APPLICABLE);
}

TEST_F(OracleEnd, VfStateThatDiffersFails)
{
	oracle_vf_state_compared(oracle(), "QTX_TAIL1 differs");
	EXPECT_EQ(finish(CHECK_VF_STATE_EQUAL).verdict, ORACLE_FAIL);
}
TEST_F(OracleEnd, MigrationChecksDoNotApplyWithoutAMigration)
{
	EXPECT_EQ(finish(CHECK_MEMORY_EQUAL).verdict, ORACLE_NOT_APPLICABLE);
	EXPECT_EQ(oracle_finding(oracle(), CHECK_VF_STATE_EQUAL)->verdict, ORACLE_NOT_APPLICABLE);
}
