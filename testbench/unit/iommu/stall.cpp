/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/unit/iommu/stall_bench.hpp"

TEST_F(SmmuStall, ItIsRecordedWithATagAndGetsNoAnswer)
{
	Dma &dma = send_stalling(BUS_READ, 0x9008);

	run();
	EXPECT_FALSE(dma.done);
	EXPECT_EQ(stalled(), 1u);
	EXPECT_EQ(stats().stalls, 1u);
	EXPECT_EQ(stats().faults, 0u) << "not terminated";
	Record event = take_event();
	EXPECT_EQ(event[0], F_TRANSLATION | (uint64_t)STREAM << 32);
	EXPECT_EQ(event[1] & ~EVENT1_STAG,
		  EVENT1_STALL | EVENT1_RNW | field_put(EVENT1_CLASS, EVENT1_CLASS_IN));
	EXPECT_EQ(event[2], 0x9008u);
	EXPECT_EQ(event[3], 0u);
}

TEST_F(SmmuStall, RetryLooksItUpAgain)
{
	Dma &dma = send_stalling(BUS_WRITE, 0x9008);
	Record event = stall_record();
	uint64_t target = memory->allocate();

	table->map(0x9000, target);
	retry(event);
	ASSERT_TRUE(dma.done);
	EXPECT_EQ(dma.req.status, BUS_OK);
	EXPECT_EQ(memory->read64(target + 8), le64_get(dma.bytes));
	EXPECT_EQ(stalled(), 0u);
	EXPECT_TRUE(take_events().empty());
	EXPECT_TRUE(smmu_idle(smmu));
}

TEST_F(SmmuStall, RetryIgnoresTheAbortParameter)
{
	Dma &dma = send_stalling(BUS_WRITE, 0x9008);
	Record event = stall_record();

	table->map(0x9000, memory->allocate());
	resume(event, RESUME0_AC | RESUME0_AB);
	run();
	EXPECT_EQ(dma.req.status, BUS_OK);
	EXPECT_TRUE(dma.done);
}

TEST_F(SmmuStall, ARetryThatFaultsIsRecordedAgainUnderAnotherTag)
{
	Dma &dma = send_stalling(BUS_READ, 0x9000);
	Record first = stall_record();

	retry(first);
	EXPECT_FALSE(dma.done);
	Record second = stall_record();
	EXPECT_EQ(second[2], 0x9000u);
	EXPECT_NE(stag(first), stag(second));
	retry(first);
	EXPECT_TRUE(take_events().empty()) << "the old tag names nothing";
	abort(second);
	EXPECT_TRUE(dma.done);
}

TEST_F(SmmuStall, ARetryMayMeetAConfigurationThatTerminates)
{
	Dma &dma = send_stalling(BUS_READ, 0x9000);
	Record event = stall_record();

	memory->write64(cd, cd_word0(*table, 3, CD0_A | CD0_R));
	command(CMD_CFGI_CD | (uint64_t)STREAM << 32, CFGI1_LEAF);
	retry(event);
	EXPECT_EQ(dma.req.status, BUS_FAULT);
	EXPECT_FALSE(take_event()[1] & EVENT1_STALL);
}

TEST_F(SmmuStall, TerminationAbortsIt)
{
	Dma &dma = send_stalling(BUS_READ, 0x9000);
	Record event = stall_record();

	abort(event);
	ASSERT_TRUE(dma.done);
	EXPECT_EQ(dma.req.status, BUS_FAULT);
	EXPECT_TRUE(take_events().empty()) << "its stall was the record";
	EXPECT_EQ(stats().faults, 1u);
	EXPECT_EQ(traced(TRACE_DMA_FAULT).size(), 1u);
	EXPECT_TRUE(smmu_idle(smmu));
}

TEST_F(SmmuStall, TerminationWithoutAbortReadsZeroAndLosesWrites)
{
	Dma &read = send_stalling(BUS_READ, 0x9000);
	Record event = stall_record();

	resume(event, 0);
	run();
	EXPECT_TRUE(read.done);
	EXPECT_EQ(read.req.status, BUS_OK) << "whatever CD.A says";
	EXPECT_EQ(le64_get(read.bytes), 0u);
	Dma &write = send_stalling(BUS_WRITE, 0x9000);
	resume(stall_record(), 0);
	run();
	EXPECT_TRUE(write.done);
	EXPECT_EQ(write.req.status, BUS_OK);
	EXPECT_TRUE(traced(TRACE_DMA_WRITE).empty());
}

TEST_F(SmmuStall, TermModelAlwaysAborts)
{
	cfg.term_abort = true;
	start();
	EXPECT_TRUE(reg(SMMU_IDR0) & IDR0_TERM_MODEL);
	Dma &dma = send_stalling(BUS_READ, 0x9000);
	resume(stall_record(), 0);
	run();
	EXPECT_EQ(dma.req.status, BUS_FAULT);
	EXPECT_TRUE(dma.done);
	/* CD.A == 0 is ILLEGAL then. */
	memory->write64(cd, cd_word0(*table, 3, CD0_R));
	command(CMD_CFGI_CD | (uint64_t)STREAM << 32, CFGI1_LEAF);
	EXPECT_EQ(read(0x4000), BUS_FAULT);
	EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), C_BAD_CD);
}

TEST_F(SmmuStall, StreamAndTagNameItTogether)
{
	Dma &dma = send_stalling(BUS_READ, 0x9000);
	Record event = stall_record(), wrong = event;

	resume(event, RESUME0_AB, OTHER);
	wrong[1] ^= 1;
	resume(wrong, RESUME0_AB);
	wrong[1] ^= 0x8001;
	resume(wrong, RESUME0_AB);
	wrong[1] |= EVENT1_STAG;
	resume(wrong, RESUME0_AB);
	run();
	EXPECT_FALSE(dma.done);
	EXPECT_EQ(stalled(), 1u);
	EXPECT_EQ(reg(SMMU_GERROR), 0u) << "a no-op, not an error";
	abort(event);
	EXPECT_TRUE(dma.done);
}

TEST_F(SmmuStall, AResumeActsOnOneTransaction)
{
	Dma &first = send_stalling(BUS_READ, 0x9000), &second = send_stalling(BUS_READ, 0xa000);
	Dma &other = send_stalling(BUS_READ, 0x9000, false, OTHER);

	run();
	auto events = take_events();
	ASSERT_EQ(events.size(), 3u);
	EXPECT_NE(stag(events[0]), stag(events[1]));
	for (const Record &event : events)
		if (event[2] == 0xa000)
			abort(event);
	EXPECT_FALSE(first.done);
	EXPECT_TRUE(second.done);
	EXPECT_FALSE(other.done);
	terminate_stream();
	terminate_stream(OTHER);
}

TEST_F(SmmuStall, TheRecordBitDoesNotMatter)
{
	start(CD0_A | CD0_S);
	send_stalling(BUS_READ, 0x9000);
	abort(stall_record());
}

TEST_F(SmmuStall, EveryTranslationFaultStalls)
{
	PageBits old, readonly;

	old.accessed = false;
	readonly.writable = false;
	table->map(0x10000, page, old);
	table->map(0x11000, page, readonly);
	table->map(0x12000, BIT(44));
	uint64_t addresses[] = {0x9000, 0x10000, 0x11000, 0x12000};
	unsigned numbers[] = {F_TRANSLATION, F_ACCESS, F_PERMISSION, F_ADDR_SIZE};
	for (unsigned i = 0; i < 4; i++) {
		Dma &dma = send_stalling(BUS_WRITE, addresses[i]);
		Record event = stall_record();

		EXPECT_EQ(field_get(EVENT0_NUMBER, event[0]), numbers[i]);
		EXPECT_FALSE(dma.done);
		abort(event);
	}
}

TEST_F(SmmuStall, OtherFaultsTerminate)
{
	memory->refuse(table->descriptor(0x40000000, 2), 8);
	Dma &walk = send_stalling(BUS_READ, 0x40000000);
	run();
	EXPECT_EQ(walk.req.status, BUS_FAULT);
	Record event = take_event();
	EXPECT_EQ(field_get(EVENT0_NUMBER, event[0]), F_WALK_EABT);
	EXPECT_FALSE(event[1] & EVENT1_STALL);
	write_ste(STREAM, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_BYPASS));
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	Dma &bypass = send_stalling(BUS_READ, BIT(44));
	run();
	EXPECT_EQ(bypass.req.status, BUS_FAULT);
	event = take_event();
	EXPECT_EQ(field_get(EVENT0_NUMBER, event[0]), F_ADDR_SIZE);
	EXPECT_FALSE(event[1] & EVENT1_STALL);
}

TEST_F(SmmuStall, TerminateCommandEndsAllOfItsStream)
{
	std::vector<Dma *> own;

	for (uint64_t i = 0; i < 5; i++)
		own.push_back(&send_stalling(BUS_READ, 0x9000 + (i << 12)));
	Dma &other = send_stalling(BUS_READ, 0x9000, false, OTHER);
	run();
	EXPECT_EQ(take_events().size(), 6u);
	terminate_stream();
	for (Dma *dma : own) {
		EXPECT_TRUE(dma->done);
		EXPECT_EQ(dma->req.status, BUS_FAULT);
	}
	EXPECT_FALSE(other.done);
	EXPECT_TRUE(take_events().empty());
	terminate_stream(OTHER);
	EXPECT_TRUE(other.done);
}

TEST_F(SmmuStall, TerminateCommandCatchesARecordOnItsWay)
{
	memory->slow_down(evtq, 10 * PS_PER_US);
	Dma &dma = send_stalling(BUS_READ, 0x9000), &behind = send_stalling(BUS_READ, 0xa000);
	run_until(now() + 2 * PS_PER_US);
	EXPECT_EQ(stats().events, 0u);
	push(CMD_STALL_TERM | (uint64_t)STREAM << 32);
	run();
	EXPECT_TRUE(dma.done);
	EXPECT_TRUE(behind.done);
	EXPECT_EQ(take_events().size(), 1u) << "the one that had been committed";
	EXPECT_TRUE(smmu_idle(smmu));
	/* Both tags are free again. */
	for (uint64_t i = 0; i < cfg.stall_max; i++)
		send_stalling(BUS_READ, 0x9000 + (i << 12));
	run();
	EXPECT_EQ(take_events().size(), cfg.stall_max);
	terminate_stream();
}

TEST_F(SmmuStall, AResumeBeforeTheRecordIsVisibleHasNoEffect)
{
	Dma &first = send_stalling(BUS_READ, 0x9000);
	Record event = stall_record();

	abort(event);
	EXPECT_TRUE(first.done);
	memory->slow_down(evtq, 10 * PS_PER_US);
	Dma &second = send_stalling(BUS_READ, 0x9000);
	run_until(now() + 2 * PS_PER_US);
	push(CMD_RESUME | (uint64_t)STREAM << 32 | RESUME0_AB,
	     (stag(event) + cfg.stall_max) & EVENT1_STAG);
	run();
	EXPECT_FALSE(second.done);
	abort(stall_record());
	EXPECT_TRUE(second.done);
}

TEST_F(SmmuStall, CommandsForSecureStreamsAreIllegal)
{
	for (uint64_t opcode : {CMD_RESUME, CMD_STALL_TERM}) {
		push(opcode | CMD0_SSEC | (uint64_t)STREAM << 32);
		run();
		EXPECT_EQ(reg(SMMU_GERROR) ^ reg(SMMU_GERRORN), GERROR_CMDQ_ERR);
		EXPECT_EQ(field_get(CMDQ_CONS_ERR, reg(SMMU_CMDQ_CONS)), CERROR_ILL);
		memory->write64(cmdq + (reg(SMMU_CMDQ_CONS) & 63) * CMD_BYTES, CMD_SYNC);
		set_reg(SMMU_GERRORN, reg(SMMU_GERROR));
		run();
	}
}

/* What the registers and structures of each model permit, 5.5 and 6.3.1. */
TEST_F(SmmuStall, ModelsDecideWhatIsLegal)
{
	enum { FINE = 0 };
	struct {
		enum smmu_stall_model model;
		uint64_t ste1, cd, bad;
	} rows[] = {
		{SMMU_STALL_BOTH, 0, 0, FINE},
		{SMMU_STALL_BOTH, 0, CD0_S, FINE},
		{SMMU_STALL_BOTH, STE1_S1STALLD, 0, FINE},
		{SMMU_STALL_BOTH, STE1_S1STALLD, CD0_S, C_BAD_CD},
		{SMMU_STALL_NEVER, 0, 0, FINE},
		{SMMU_STALL_NEVER, 0, CD0_S, C_BAD_CD},
		{SMMU_STALL_NEVER, STE1_S1STALLD, 0, C_BAD_STE},
		{SMMU_STALL_FORCED, 0, CD0_S, FINE},
		{SMMU_STALL_FORCED, 0, 0, C_BAD_CD},
		{SMMU_STALL_FORCED, STE1_S1STALLD, CD0_S, C_BAD_STE},
	};

	for (auto &row : rows) {
		cfg.stall_model = row.model;
		cfg.stall_max = row.model == SMMU_STALL_NEVER ? 0 : 8;
		cfg.stall_downgrade = false;
		start(CD0_A | row.cd);
		memory->write64(ste_address(STREAM) + 8, row.ste1);
		EXPECT_EQ(read(0x4000), row.bad ? BUS_FAULT : BUS_OK);
		if (row.bad) {
			EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), row.bad);
		}
	}
}

TEST_F(SmmuStall, ModelAndMaximumCanBeRead)
{
	EXPECT_EQ(field_get(IDR0_STALL_MODEL, reg(SMMU_IDR0)), IDR0_STALL_MODEL_BOTH);
	EXPECT_EQ(field_get(IDR5_STALL_MAX, reg(SMMU_IDR5)), 8u);
	cfg.stall_model = SMMU_STALL_FORCED;
	cfg.stall_downgrade = false;
	create();
	EXPECT_EQ(field_get(IDR0_STALL_MODEL, reg(SMMU_IDR0)), IDR0_STALL_MODEL_FORCE);
}

TEST_F(SmmuStall, ConfigurationThatCannotBeIsRefused)
{
	struct smmu_env env = {};
	struct smmu_cfg bad = cfg;

	env.part = {&sim, "bench.smmu", 0};
	env.memory = memory->port();
	bad.stall_max = 0;
	EXPECT_EQ(smmu_create(&bad, &env), nullptr);
	bad = cfg;
	bad.stall_model = SMMU_STALL_NEVER;
	EXPECT_EQ(smmu_create(&bad, &env), nullptr);
	bad = cfg;
	bad.stall_model = 3;
	EXPECT_EQ(smmu_create(&bad, &env), nullptr);
	bad = cfg;
	bad.stall_model = SMMU_STALL_FORCED; /* and the downgrade: only where both exist */
	EXPECT_EQ(smmu_create(&bad, &env), nullptr);
	bad = cfg;
	bad.max_transactions = 1;
	EXPECT_EQ(smmu_create(&bad, &env), nullptr);
}

/* Masters that cannot wait, 3.12 and 16.4. */
TEST_F(SmmuStall, APciFunctionsFaultIsTerminatedInstead)
{
	start(CD0_S);
	EXPECT_EQ(read(0x9000), BUS_FAULT) << "with an abort, although CD.A is 0";
	Record event = take_event();
	EXPECT_EQ(event[1], EVENT1_RNW | field_put(EVENT1_CLASS, EVENT1_CLASS_IN))
		<< "recorded with STALL == 0, although CD.R is 0";
	EXPECT_EQ(stats().stalls, 0u);
}

TEST_F(SmmuStall, WithoutTheDowngradeAPciFunctionStalls)
{
	cfg.stall_downgrade = false;
	start();
	Dma &dma = send(BUS_READ, 0x9000, 8);
	abort(stall_record());
	EXPECT_TRUE(dma.done);
}

/* Order. */
TEST_F(SmmuStall, LaterTransactionsPassIt)
{
	Dma &dma = send_stalling(BUS_READ, 0x9000), &later = send_stalling(BUS_WRITE, 0x4000);

	run();
	EXPECT_FALSE(dma.done);
	EXPECT_TRUE(later.done);
	abort(stall_record());
}

TEST_F(SmmuStall, APostedWriteKeepsItsPlace)
{
	send_stalling(BUS_WRITE, 0x9000, true);
	Dma &write = send_stalling(BUS_WRITE, 0x4000, true),
	    &read = send_stalling(BUS_READ, 0x4000);
	Dma &other = send_stalling(BUS_WRITE, 0x4000, true, OTHER);

	Record event = stall_record();
	EXPECT_FALSE(write.done);
	EXPECT_FALSE(read.done);
	EXPECT_TRUE(other.done);
	table->map(0x9000, memory->allocate());
	retry(event);
	EXPECT_TRUE(write.done);
	EXPECT_TRUE(read.done);
	auto writes = traced(TRACE_DMA_WRITE);
	ASSERT_EQ(writes.size(), 3u);
	EXPECT_EQ(writes[1].arg[2], 0x9000u);
	EXPECT_EQ(writes[2].arg[2], 0x4000u);
}

TEST_F(SmmuStall, ATerminatedPostedWriteWaitsForTheStalledOneBeforeIt)
{
	Dma &first = send_stalling(BUS_WRITE, 0x9000, true);
	Dma &second = send_stalling(BUS_WRITE, 0xa000, true);

	run();
	auto events = take_events();
	ASSERT_EQ(events.size(), 2u) << "recorded without waiting for the other";
	resume(events[1], 0);
	run();
	EXPECT_FALSE(second.done);
	abort(events[0]);
	EXPECT_TRUE(first.done);
	EXPECT_TRUE(second.done);
	EXPECT_EQ(second.req.status, BUS_OK) << "RAZ/WI, as it was told";
	EXPECT_TRUE(take_events().empty()) << "it is not looked up again";
}

TEST_F(SmmuStall, StallsLeaveRoomForOthers)
{
	cfg.max_transactions = 8;
	cfg.stall_max = 8;
	start();
	std::vector<Dma *> stalling;
	for (uint64_t i = 0; i < 12; i++)
		stalling.push_back(&send_stalling(BUS_READ, 0x9000 + (i << 12)));
	for (int i = 0; i < 20; i++)
		send(BUS_READ, 0x4000, 8);
	run();
	EXPECT_EQ(stalled(), 4u) << "half of the transactions";
	for (size_t i = stalling.size(); i < dmas.size(); i++)
		EXPECT_TRUE(dmas[i]->done);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(take_events().size(), 4u);
		terminate_stream();
	}
	for (Dma *dma : stalling)
		EXPECT_TRUE(dma->done);
	EXPECT_TRUE(smmu_idle(smmu));
}

/* Duplicates, 3.12.2.1. */
class SmmuStallSuppress : public SmmuStall
{
	void SetUp() override
	{
		cfg.stall_suppress = true;
		start();
	}
};

TEST_F(SmmuStallSuppress, OneRecordStandsForThePage)
{
	for (uint64_t i = 0; i < 4; i++) {
		send_stalling(BUS_READ, 0x9000 + 8 * i);
		run();
	}
	Record event = stall_record();
	EXPECT_EQ(event[2], 0x9000u);
	EXPECT_EQ(stalled(), 4u);
	push_sync();
	run();
	EXPECT_TRUE(commands_consumed());
	table->map(0x9000, memory->allocate());
	retry(event);
	for (auto &dma : dmas)
		EXPECT_EQ(dma->req.status, BUS_OK);
	EXPECT_EQ(stalled(), 0u);
}

TEST_F(SmmuStallSuppress, UnlikeAccessesHaveTheirOwn)
{
	struct bus_attr attr = {};

	attr.from_device = true;
	attr.memory = mem_coherent();
	attr.may_stall = true;
	attr.stream_id = STREAM;
	send_with(BUS_READ, 0x9000, 8, attr);
	run();
	send_with(BUS_WRITE, 0x9000, 8, attr);
	run();
	send_with(BUS_READ, 0xa000, 8, attr);
	run();
	attr.privileged = true;
	send_with(BUS_READ, 0x9000, 8, attr);
	run();
	attr.instruction = true;
	send_with(BUS_READ, 0x9000, 8, attr);
	run();
	attr.stream_id = OTHER;
	send_with(BUS_READ, 0x9000, 8, attr);
	run();
	EXPECT_EQ(take_events().size(), 6u);
	terminate_stream();
	terminate_stream(OTHER);
}

TEST_F(SmmuStallSuppress, TerminatingOneRetriesTheOthers)
{
	for (uint64_t i = 0; i < 3; i++) {
		send_stalling(BUS_READ, 0x9000 + 8 * i);
		run();
	}
	for (unsigned i = 0; i < 3; i++) {
		/* The rest fault again; those that do before a record is visible have their own. */
		auto events = take_events();
		ASSERT_FALSE(events.empty());
		abort(events[0]);
		if (i == 0) {
			EXPECT_EQ(events[0][2], 0x9000u);
		}
		for (size_t n = 1; n < events.size(); n++)
			abort(events[n]);
		if (!stalled())
			break;
	}
	for (auto &dma : dmas)
		EXPECT_TRUE(dma->done);
}

TEST_F(SmmuStallSuppress, ALostRecordStandsForNone)
{
	memory->refuse(evtq, 4096);
	send_stalling(BUS_READ, 0x9000);
	run();
	memory->accept_all();
	set_reg(SMMU_GERRORN, GERROR_EVENTQ_ABT_ERR);
	send_stalling(BUS_READ, 0x9008);
	EXPECT_EQ(stall_record()[2], 0x9008u);
	terminate_stream();
	EXPECT_EQ(stalled(), 0u);
}

TEST_F(SmmuStallSuppress, TerminateCommandAndDisablingCatchTheSuppressed)
{
	for (int i = 0; i < 3; i++) {
		send_stalling(BUS_READ, 0x9000);
		run();
	}
	terminate_stream();
	EXPECT_EQ(stalled(), 0u);
	for (int i = 0; i < 3; i++) {
		send_stalling(BUS_READ, 0x9000);
		run();
	}
	EXPECT_EQ(take_events().size(), 2u);
	set_reg(SMMU_CR0, CR0_CMDQEN | CR0_EVENTQEN);
	run();
	EXPECT_EQ(stalled(), 0u);
	for (auto &dma : dmas)
		EXPECT_EQ(dma->req.status, BUS_FAULT);
}
