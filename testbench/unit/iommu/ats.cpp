/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/ats_bench.h"

static const uint64_t FULL = field_put(STE1_EATS, STE1_EATS_FULL);
static const uint64_t SPLIT = field_put(STE1_EATS, STE1_EATS_SPLIT);

/* Translation requests: IHI 0070, 3.9.1 and 13.7. */
class SmmuAts : public AtsBench
{
protected:
	void SetUp() override
	{
		bring_up_ats();
		table = std::make_unique<TableBuilder>(*memory);
		page = memory->allocate();
		leaf = table->map(0x4000, page);
		cd = attach(STREAM, *table, 3);
		memory->write64(ste_address(STREAM) + 8, FULL);
	}

	void reconfigure_cd(uint64_t extra0)
	{
		memory->write64(cd, cd_word0(*table, 3, extra0));
		command(CMD_CFGI_CD | (uint64_t)STREAM << 32, CFGI1_LEAF);
	}

	void record_config_errors(bool record)
	{
		uint32_t enables = CR0_CMDQEN | CR0_EVENTQEN;

		enable(enables);
		set_reg(SMMU_CR2, CR2_RECINVSID | CR2_PTM | (record ? CR2_REC_CFG_ATS : 0));
		enable(enables | CR0_SMMUEN);
	}

	/* The request ends with `status`; the event, 0 for none. */
	void expect_refusal(const struct bus_attr &attr, enum bus_status status, uint64_t number)
	{
		Dma &dma = ask(0x4000, true, 1, attr);

		run();
		EXPECT_EQ(dma.req.status, status);
		auto events = take_events();
		ASSERT_EQ(events.size(), number ? 1u : 0u);
		if (number) {
			EXPECT_EQ(field_get(EVENT0_NUMBER, events[0][0]), number);
		}
	}

	/* A fault of the tables: success, no permission, an STU, no event. */
	void expect_nothing(uint64_t va, bool write = false)
	{
		EXPECT_EQ(translate(va, write) & ~ATS_ADDRESS, 0u);
		EXPECT_TRUE(take_events().empty());
	}

	std::unique_ptr<TableBuilder> table;
	uint64_t page, leaf, cd;
};

TEST_F(SmmuAts, AnswersWithTheAddressAndWhatWasAskedFor)
{
	EXPECT_EQ(translate(0x4123, false), page | ATS_READ);
	EXPECT_EQ(translate(0x4000, true), page | ATS_READ | ATS_WRITE);
	EXPECT_EQ(stats().ats_requests, 2u);
	EXPECT_EQ(stats().ats_refused, 0u);
}

TEST_F(SmmuAts, IsNotAnsweredWithinTheCall)
{
	Dma &dma = ask(0x4000, false);

	EXPECT_FALSE(dma.done);
	run();
	EXPECT_TRUE(dma.done);
}

TEST_F(SmmuAts, BlocksAreEncodedBySize)
{
	table->map(2 << 20, 4 << 20, {}, 2);
	table->map(1 << 30, UINT64_C(3) << 30, {}, 1);
	uint64_t two_mib = translate((2 << 20) + 0x12345, false);
	EXPECT_EQ(ats_range_shift(two_mib), 21u);
	EXPECT_EQ(ats_range_addr(two_mib), 4u << 20);
	EXPECT_EQ(two_mib, (4u << 20) | 0xff000 | ATS_SIZE | ATS_READ);
	uint64_t one_gib = translate(1 << 30, false);
	EXPECT_EQ(ats_range_shift(one_gib), 30u);
	EXPECT_EQ(ats_range_addr(one_gib), UINT64_C(3) << 30);
}

TEST_F(SmmuAts, ManyUnitsAreAnsweredOneByOne)
{
	uint64_t other = memory->allocate();

	table->map(0x6000, other);
	table->map(2 << 20, 4 << 20, {}, 2);
	Dma &dma = ask(0x4000, false, 3);
	run();
	EXPECT_EQ(dma.req.status, BUS_OK);
	EXPECT_EQ(entry(dma, 0), page | ATS_READ);
	EXPECT_EQ(entry(dma, 1) & ~ATS_ADDRESS, 0u) << "nothing is mapped in between";
	EXPECT_EQ(entry(dma, 2), other | ATS_READ);
	Dma &in_block = ask((2 << 20) + 0x1000, false, 2);
	run();
	EXPECT_EQ(entry(in_block, 0), (4u << 20) + 0x1000 + ATS_READ);
	EXPECT_EQ(entry(in_block, 1), (4u << 20) + 0x2000 + ATS_READ);
}

TEST_F(SmmuAts, UsesAndFillsTheTlb)
{
	translate(0x4000, false);
	EXPECT_EQ(stats().walks, 1u);
	EXPECT_EQ(read(0x4000), BUS_OK);
	translate(0x4000, true);
	EXPECT_EQ(stats().walks, 1u);
}

TEST_F(SmmuAts, NoWriteIsAnsweredWithoutWrite)
{
	EXPECT_FALSE(translate(0x4000, false) & ATS_WRITE);
}

TEST_F(SmmuAts, AReadOnlyPageIsGrantedForReading)
{
	PageBits read_only;

	read_only.writable = false;
	table->map(0x5000, page, read_only);
	EXPECT_EQ(translate(0x5000, true), page | ATS_READ);
	EXPECT_TRUE(take_events().empty());
}

/* The table of 13.7: privilege and execute come with a PASID. */
TEST_F(SmmuAts, PrivilegeAndExecuteComeWithThePasid)
{
	PageBits priv_only, user_never_executes;
	uint64_t cds = memory->allocate();

	priv_only.unprivileged = false;
	user_never_executes.extra = TTD_UXN;
	table->map(0x5000, page, priv_only);
	table->map(0x6000, page, user_never_executes);
	write_cd(cds + 2 * CD_BYTES, *table, 4);
	write_ste(STREAM,
		  STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_S1) | field_put(STE0_S1CDMAX, 2) |
			  cds,
		  FULL);
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	uint64_t rw = ATS_READ | ATS_WRITE;
	EXPECT_EQ(translate(0x4000, true, with_pasid(2)), page | rw);
	EXPECT_EQ(translate(0x4000, true, with_pasid(2, false, true)), page | rw | ATS_EXECUTE);
	EXPECT_EQ(translate(0x5000, true, with_pasid(2)) & ~ATS_ADDRESS, 0u);
	EXPECT_EQ(translate(0x5000, true, with_pasid(2, true)), page | rw | ATS_PRIVILEGED);
	EXPECT_EQ(translate(0x6000, true, with_pasid(2, false, true)), page | rw);
	EXPECT_EQ(translate(0x9000, true, with_pasid(2, true)) & ~ATS_ADDRESS, ATS_PRIVILEGED);
}

TEST_F(SmmuAts, WithoutAPasidNothingIsPrivilegedOrExecutes)
{
	struct bus_attr attr = attr_of(STREAM);

	attr.privileged = attr.instruction = true;
	EXPECT_EQ(translate(0x4000, false, attr), page | ATS_READ);
}

TEST_F(SmmuAts, OverridesDecideAboutPermissionsNotAboutThePrivBit)
{
	PageBits priv_only;

	priv_only.unprivileged = false;
	table->map(0x5000, page, priv_only);
	configure(STREAM, FULL | field_put(STE1_PRIVCFG, STE1_PRIVCFG_PRIV));
	EXPECT_EQ(translate(0x5000, false), page | ATS_READ);
	configure(STREAM, FULL | field_put(STE1_INSTCFG, STE1_INSTCFG_INSTR));
	priv_only.unprivileged = true;
	priv_only.extra = TTD_UXN;
	table->map(0x6000, page, priv_only);
	EXPECT_EQ(translate(0x6000, false) & ~ATS_ADDRESS, 0u) << "all reads are fetches";
}

TEST_F(SmmuAts, FaultsOfTheTablesAreNoAccessAndNoEvent)
{
	PageBits not_accessed, beyond;

	not_accessed.accessed = false;
	table->map(0x5000, page, not_accessed);
	table->map(0x6000, UINT64_C(1) << 46);
	memory->write64(table->map(0x7000, page), 0);
	expect_nothing(0x5000);            /* F_ACCESS */
	expect_nothing(0x6000);            /* F_ADDR_SIZE */
	expect_nothing(0x7000);            /* F_TRANSLATION */
	expect_nothing(UINT64_C(1) << 60); /* no region has it */
	reconfigure_cd(CD0_R);             /* A == 0: an access would be RAZ/WI */
	expect_nothing(0x7000);
}

TEST_F(SmmuAts, IsDisabledWithTheSmmu)
{
	enable(CR0_CMDQEN | CR0_EVENTQEN);
	expect_refusal(attr_of(STREAM), BUS_ABORT, F_BAD_ATS_TREQ);
}

TEST_F(SmmuAts, IsDisabledByTheStream)
{
	configure(STREAM, 0);
	expect_refusal(attr_of(STREAM), BUS_ABORT, F_BAD_ATS_TREQ);
	configure(STREAM, field_put(STE1_EATS, 3)); /* needs IDR3.DPT */
	expect_refusal(attr_of(STREAM), BUS_ABORT, F_BAD_ATS_TREQ);
	write_ste(STREAM, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_BYPASS), FULL);
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	expect_refusal(attr_of(STREAM), BUS_ABORT, F_BAD_ATS_TREQ);
	write_ste(STREAM, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_ABORT), FULL);
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	expect_refusal(attr_of(STREAM), BUS_ABORT, 0);
	EXPECT_EQ(stats().ats_refused, 4u);
}

TEST_F(SmmuAts, TheRecordOfADisallowedRequestSaysWhatWasAskedFor)
{
	struct bus_attr attr = with_pasid(2, true, true);

	configure(STREAM, 0);
	ask(0x4abc, true, 2, attr);
	run();
	auto event = take_event();
	EXPECT_EQ(event[0], F_BAD_ATS_TREQ | EVENT0_SSV | field_put(EVENT0_SUBSTREAMID, 2) |
				    field_put(EVENT0_STREAMID, STREAM));
	EXPECT_EQ(event[1], EVENT1_ATS_R | EVENT1_ATS_W | EVENT1_ATS_X | EVENT1_ATS_P);
	EXPECT_EQ(event[2], 0x4000u | field_put(EVENT2_ATS_SPAN, 2));
	ask(0x4000, false);
	run();
	EXPECT_EQ(take_event()[1], EVENT1_ATS_R);
}

TEST_F(SmmuAts, AnSmmuWithoutAtsRefusesEverything)
{
	cfg.ats = cfg.atsrecerr = cfg.pri = false;
	bring_up();
	attach(STREAM, *table, 3);
	expect_refusal(attr_of(STREAM), BUS_ABORT, 0);
	EXPECT_FALSE(reg(SMMU_IDR0) & IDR0_ATS);
	set_reg(SMMU_CR0, CR0_SMMUEN | CR0_ATSCHK | CR0_PRIQEN);
	EXPECT_EQ(reg(SMMU_CR0), CR0_SMMUEN);
}

TEST_F(SmmuAts, ConfigurationErrorsAreCompleterAborts)
{
	struct bus_attr far = attr_of(1 << 12), broken = attr_of(0x120), pasid = with_pasid(2);

	expect_refusal(far, BUS_FAULT, 0);    /* C_BAD_STREAMID */
	expect_refusal(broken, BUS_FAULT, 0); /* C_BAD_STE */
	expect_refusal(pasid, BUS_FAULT, 0);  /* C_BAD_SUBSTREAMID */
	record_config_errors(true);
	expect_refusal(far, BUS_FAULT, C_BAD_STREAMID);
	enable(CR0_CMDQEN | CR0_EVENTQEN);
	set_reg(SMMU_CR2, CR2_PTM | CR2_REC_CFG_ATS);
	enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
	expect_refusal(far, BUS_FAULT, 0); /* RECINVSID counts too */
	expect_refusal(broken, BUS_FAULT, C_BAD_STE);
	expect_refusal(pasid, BUS_FAULT, C_BAD_SUBSTREAMID);
	memory->write64(cd, 0);
	command(CMD_CFGI_CD | (uint64_t)STREAM << 32, CFGI1_LEAF);
	expect_refusal(attr_of(STREAM), BUS_FAULT, C_BAD_CD);
}

TEST_F(SmmuAts, FetchesThatAbortAreCompleterAborts)
{
	record_config_errors(true);
	memory->refuse(table->descriptor(0x4000, 3), 8);
	expect_refusal(attr_of(STREAM), BUS_FAULT, F_WALK_EABT);
	memory->accept_all();
	memory->refuse(cd, CD_BYTES);
	command(CMD_CFGI_CD | (uint64_t)STREAM << 32, CFGI1_LEAF);
	expect_refusal(attr_of(STREAM), BUS_FAULT, F_CD_FETCH);
	memory->accept_all();
	memory->refuse(ste_address(STREAM), STE_BYTES);
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	expect_refusal(attr_of(STREAM), BUS_FAULT, F_STE_FETCH);
}

TEST_F(SmmuAts, DisabledStreamsAndSubstream0AreCompleterAborts)
{
	record_config_errors(true);
	write_ste(STREAM,
		  STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_S1) | field_put(STE0_S1CDMAX, 2) |
			  memory->allocate(),
		  FULL);
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	expect_refusal(attr_of(STREAM), BUS_FAULT, F_STREAM_DISABLED);
	configure(STREAM, FULL | field_put(STE1_S1DSS, STE1_S1DSS_SSID0));
	expect_refusal(with_pasid(0), BUS_FAULT, F_STREAM_DISABLED);
}

/* 13.6.4: where S1DSS skips the only stage, addresses stand for themselves. */
TEST_F(SmmuAts, SkippingTheOnlyStageIsAnsweredByIdentity)
{
	write_ste(STREAM,
		  STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_S1) | field_put(STE0_S1CDMAX, 2) |
			  memory->allocate(),
		  FULL | field_put(STE1_S1DSS, STE1_S1DSS_BYPASS));
	uint64_t all = translate(0x123456000, false);
	EXPECT_EQ(all & ~ATS_ADDRESS, ATS_READ | ATS_WRITE | ATS_SIZE);
	EXPECT_EQ(ats_range_addr(all), 0u);
	EXPECT_EQ(ats_range_shift(all), cfg.oas_bits);
	expect_nothing(UINT64_C(1) << 45);
}

TEST_F(SmmuAts, ARequestDoesNotPassEarlierWrites)
{
	uint64_t slow = memory->allocate();

	memory->slow_down(table->map(0x40000000, slow), 10 * PS_PER_US);
	translate(0x4000, false);
	send(BUS_WRITE, 0x40000000, 8);
	Dma &dma = ask(0x4000, false);
	run_until(now() + PS_PER_US);
	EXPECT_FALSE(dma.done);
	run();
	EXPECT_TRUE(dma.done);
}

TEST_F(SmmuAts, TheUnitIsTheSmallestGranule)
{
	cfg.granules = SMMU_GRANULE_64K;
	bring_up_ats();
	uint64_t cd_64k = memory->allocate(), root = memory->allocate(0x10000),
		 leaves = memory->allocate(0x10000), target = 0xab0000;

	write_cd(cd_64k, *table, 3, CD0_A | CD0_R | field_put(CD0_TG0, CD0_TG0_64K));
	memory->write64(cd_64k, field_set(memory->read64(cd_64k), CD0_T0SZ, 32));
	memory->write64(cd_64k + 8, root);
	write_ste(STREAM, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_S1) | cd_64k, FULL);
	memory->write64(root, leaves | TTD_VALID | TTD_TABLE);
	memory->write64(leaves + 8, target | TTD_PAGE | PageBits().ttd());
	Dma &dma = ask(0x13000, false, 2);
	run();
	EXPECT_EQ(entry(dma, 0), ats_range(target, 16) | ATS_READ);
	EXPECT_EQ(entry(dma, 1), ats_range(0, 16)) << "the next unit, not the next 4 KiB";
}

/* Sixteen blocks of 1 GiB, of which four have addresses: a table that is wrong. */
TEST_F(SmmuAts, NoAnswerIsLargerThanTheOutputAddresses)
{
	cfg.oas_bits = 32;
	bring_up_ats();
	attach(STREAM, *table, 3);
	memory->write64(ste_address(STREAM) + 8, FULL);
	uint64_t block = table->map(1 << 30, 1 << 30, {}, 1);
	memory->write64(block, memory->read64(block) | TTD_CONTIGUOUS);
	EXPECT_EQ(translate(1 << 30, false), ats_range(0, 32) | ATS_READ);
}

TEST_F(SmmuAts, SyncWaitsForRequestsUnderWay)
{
	memory->slow_down(leaf, 10 * PS_PER_US);
	Dma &dma = ask(0x4000, false);
	run_until(now() + PS_PER_US);
	command(CMD_TLBI_NSNH_ALL);
	EXPECT_TRUE(dma.done) << "its answer is on its way before the invalidation is done";
}

/* ---- hardware updates at the time of the request, 3.13.7 ---- */

class SmmuAtsHttu : public SmmuAts
{
protected:
	void SetUp() override
	{
		SmmuAts::SetUp();
		reconfigure_cd(CD0_A | CD0_R | CD0_HA | CD0_HD);
		clean.writable = false;
		clean.dbm = true;
		leaf = table->map(0x4000, page, clean);
	}

	bool is_dirty() const
	{
		return !(memory->read64(leaf) & TTD_AP2);
	}

	PageBits clean;
};

TEST_F(SmmuAtsHttu, AWriteRequestMakesThePageDirtyBeforeItIsAnswered)
{
	Dma &dma = ask(0x4000, true);

	while (!dma.done) {
		EXPECT_FALSE(is_dirty() && dma.done);
		ASSERT_TRUE(calendar_step(&sim.calendar));
	}
	EXPECT_TRUE(is_dirty());
	EXPECT_EQ(entry(dma), page | ATS_READ | ATS_WRITE);
	ASSERT_EQ(traced(TRACE_SMMU_DIRTY).size(), 1u);
	EXPECT_EQ(traced(TRACE_SMMU_DIRTY)[0].arg[2], 0x4000u);
}

TEST_F(SmmuAtsHttu, AReadRequestLeavesThePageClean)
{
	EXPECT_EQ(translate(0x4000, false), page | ATS_READ);
	EXPECT_FALSE(is_dirty());
}

TEST_F(SmmuAtsHttu, EveryRequestSetsTheAccessFlag)
{
	clean.accessed = false;
	table->map(0x4000, page, clean);
	EXPECT_EQ(translate(0x4000, false), page | ATS_READ);
	EXPECT_TRUE(memory->read64(leaf) & TTD_AF);
}

TEST_F(SmmuAtsHttu, WithoutDirtyStateACleanPageIsReadOnly)
{
	reconfigure_cd(CD0_A | CD0_R | CD0_HA);
	EXPECT_EQ(translate(0x4000, true), page | ATS_READ);
	EXPECT_FALSE(is_dirty());
}

TEST_F(SmmuAtsHttu, EachUnitOfARequestIsMadeDirty)
{
	uint64_t second = table->map(0x5000, page, clean);

	ask(0x4000, true, 2);
	run();
	EXPECT_TRUE(is_dirty());
	EXPECT_FALSE(memory->read64(second) & TTD_AP2);
}

/*
 * Dirty state is of the time of the request: what a device writes later through
 * what it was granted leaves no trace in the tables.
 */
TEST_F(SmmuAtsHttu, AGrantOutlivesTheDirtyBitThatItMade)
{
	EXPECT_TRUE(translate(0x4000, true) & ATS_WRITE);
	memory->write64(leaf, memory->read64(leaf) | TTD_AP2); /* software takes it */
	EXPECT_EQ(access(BUS_WRITE, page, translated()).req.status, BUS_OK);
	EXPECT_FALSE(is_dirty()) << "the write of the granted page must not show";
	EXPECT_TRUE(translate(0x4000, true) & ATS_WRITE);
	EXPECT_TRUE(is_dirty()) << "a new request does";
}

TEST_F(SmmuAtsHttu, ARequestAfterTheBitWasTakenMakesItAgain)
{
	translate(0x4000, true);
	memory->write64(leaf, memory->read64(leaf) | TTD_AP2);
	translate(0x4000, false);
	EXPECT_FALSE(is_dirty());
	translate(0x4000, true);
	EXPECT_TRUE(is_dirty());
}

TEST_F(SmmuAtsHttu, AnUpdateThatAbortsIsACompleterAbort)
{
	translate(0x4000, false);
	memory->refuse(leaf, 8);
	Dma &dma = ask(0x4000, true);
	run();
	EXPECT_EQ(dma.req.status, BUS_FAULT);
	EXPECT_TRUE(take_events().empty());
}

/* ---- accesses with a translated address, 3.9.1.3 ---- */

class SmmuTranslated : public SmmuAts
{
protected:
	void bring_up_with(uint32_t cr0)
	{
		bring_up_ats(cr0);
		cd = attach(STREAM, *table, 3);
		memory->write64(ste_address(STREAM) + 8, FULL);
	}

	void expect_abort(const struct bus_attr &attr, uint64_t number, uint64_t address = 0)
	{
		EXPECT_EQ(access(BUS_WRITE, address ? address : page, attr).req.status, BUS_FAULT);
		auto events = take_events();
		ASSERT_EQ(events.size(), number ? 1u : 0u);
		if (number) {
			EXPECT_EQ(field_get(EVENT0_NUMBER, events[0][0]), number);
		}
	}
};

TEST_F(SmmuTranslated, PassesUncheckedWithoutAtschk)
{
	uint64_t fetches = stats().ste_fetches;

	EXPECT_EQ(access(BUS_WRITE, page + 8, translated()).req.status, BUS_OK);
	EXPECT_EQ(access(BUS_READ, page + 8, translated(1 << 12)).req.status, BUS_OK);
	EXPECT_EQ(stats().ste_fetches, fetches);
	EXPECT_EQ(traced(TRACE_DMA_WRITE).back().arg[3], page + 8);
	EXPECT_EQ(stats().ats_translated, 2u);
}

TEST_F(SmmuTranslated, TheTraceKnowsWhereItWasTranslatedFrom)
{
	struct bus_attr attr = translated();

	attr.iova = 0x4008;
	access(BUS_WRITE, page + 8, attr);
	EXPECT_EQ(traced(TRACE_DMA_WRITE).back().arg[2], 0x4008u);
}

TEST_F(SmmuTranslated, IsForbiddenWithTheSmmuDisabled)
{
	enable(CR0_CMDQEN | CR0_EVENTQEN);
	access(BUS_WRITE, page, translated());
	auto event = take_event();
	EXPECT_EQ(event[0], F_TRANSL_FORBIDDEN | field_put(EVENT0_STREAMID, STREAM));
	EXPECT_EQ(event[1], 0u) << "a write";
	EXPECT_EQ(event[2], page);
}

TEST_F(SmmuTranslated, IsCheckedAgainstTheStreamWithAtschk)
{
	bring_up_with(CR0_ATSCHK);
	EXPECT_EQ(access(BUS_WRITE, page, translated()).req.status, BUS_OK);
	EXPECT_EQ(stats().ste_fetches, 1u);
	configure(STREAM, 0);
	expect_abort(translated(), F_TRANSL_FORBIDDEN);
	write_ste(STREAM, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_BYPASS), FULL);
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	expect_abort(translated(), F_TRANSL_FORBIDDEN);
	write_ste(STREAM, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_ABORT), FULL);
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	expect_abort(translated(), 0);
}

TEST_F(SmmuTranslated, ConfigurationErrorsAreRecordedOnRequest)
{
	bring_up_with(CR0_ATSCHK);
	expect_abort(translated(1 << 12), 0);
	expect_abort(translated(0x120), 0);
	enable(CR0_CMDQEN | CR0_EVENTQEN);
	set_reg(SMMU_CR2, CR2_PTM | CR2_REC_CFG_ATS);
	enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN | CR0_ATSCHK);
	expect_abort(translated(1 << 12), C_BAD_STREAMID);
	expect_abort(translated(0x120), C_BAD_STE);
}

TEST_F(SmmuTranslated, AddressesBeyondTheOutputSizeAreAbortedSilently)
{
	expect_abort(translated(), 0, UINT64_C(1) << 44);
	bring_up_with(CR0_ATSCHK);
	expect_abort(translated(), 0, UINT64_C(1) << 44);
}

TEST_F(SmmuTranslated, ItsPasidDoesNotCount)
{
	bring_up_with(CR0_ATSCHK);
	struct bus_attr attr = with_pasid(2);

	attr.translated = true;
	EXPECT_EQ(access(BUS_WRITE, page, attr).req.status, BUS_OK);
	EXPECT_EQ(traced(TRACE_DMA_WRITE).back().arg[1], 2u) << "but the trace tells it";
}

TEST_F(SmmuTranslated, KeepsItsPlaceAmongPostedWrites)
{
	struct bus_attr attr = translated();
	uint64_t slow = memory->allocate();

	attr.posted = true;
	memory->slow_down(table->map(0x40000000, slow), 10 * PS_PER_US);
	send(BUS_WRITE, 0x40000000, 8);
	Dma &dma = send_with(BUS_WRITE, page, 8, attr);
	run_until(now() + PS_PER_US);
	EXPECT_FALSE(dma.done);
	run();
	EXPECT_TRUE(dma.done);
}

/* ---- two stages, 13.6 ---- */

class SmmuAtsNested : public SmmuAts
{
protected:
	void nest(uint64_t word1, uint32_t cr0 = 0, uint64_t extra2 = 0,
		  uint64_t extra0 = CD0_A | CD0_R)
	{
		bring_up_ats(cr0);
		attach_nested(*table, word1, extra2, extra0);
		table->map(0x4000, IPA);
	}

	static constexpr uint64_t IPA = 0x801000;
};

TEST_F(SmmuAtsNested, FullAtsAnswersWithTheOutputOfBothStages)
{
	nest(FULL);
	map_ipa(IPA, page);
	EXPECT_EQ(translate(0x4000, true), page | ATS_READ | ATS_WRITE);
}

TEST_F(SmmuAtsNested, TheSmallerOfBothSizesCounts)
{
	nest(FULL);
	table->map(2 << 20, 8 << 20, {}, 2);
	EXPECT_EQ(ats_range_shift(translate(2 << 20, false)), 21u);
	EXPECT_EQ(ats_range_shift(translate(0x4000, false)), 12u);
	map_ipa((8 << 20) + 0x5000, page);
	command(CMD_TLBI_NSNH_ALL);
	EXPECT_EQ(translate((2 << 20) + 0x5000, false), page | ATS_READ);
}

TEST_F(SmmuAtsNested, BothStagesMustPermit)
{
	nest(FULL);
	map_ipa(IPA, page, S2_READ);
	EXPECT_EQ(translate(0x4000, true), page | ATS_READ);
}

TEST_F(SmmuAtsNested, WhatStage1DeniesIsNotTranslatedAtStage2)
{
	PageBits priv_only;

	nest(FULL, 0, STE2_S2HA);
	priv_only.unprivileged = false;
	table->map(0x4000, IPA, priv_only);
	uint64_t s2_leaf = map_ipa(IPA, page, S2_RW & ~TTD_AF);
	expect_nothing(0x4000, true);
	EXPECT_FALSE(memory->read64(s2_leaf) & TTD_AF);
	priv_only.unprivileged = true;
	priv_only.extra = TTD_UXN;
	table->map(0x4000, IPA, priv_only);
	configure(STREAM, FULL | field_put(STE1_INSTCFG, STE1_INSTCFG_INSTR));
	command(CMD_TLBI_NSNH_ALL);
	expect_nothing(0x4000); /* readable, but all reads are fetches */
	EXPECT_FALSE(memory->read64(s2_leaf) & TTD_AF);
}

TEST_F(SmmuAtsNested, WhatMayNotBeExecutedIsStillRead)
{
	PageBits not_executable;

	nest(FULL);
	uint64_t ste = memory->read64(ste_address(STREAM));
	write_cd((ste & STE0_S1CONTEXTPTR) + 2 * CD_BYTES, *table, 4);
	memory->write64(ste_address(STREAM), ste | field_put(STE0_S1CDMAX, 2));
	not_executable.extra = TTD_UXN;
	table->map(0x4000, IPA, not_executable);
	map_ipa(IPA, page);
	EXPECT_EQ(translate(0x4000, false, with_pasid(2, false, true)), page | ATS_READ);
}

TEST_F(SmmuAtsNested, FaultsOfStage2AreNoAccess)
{
	nest(FULL);
	memory->write64(map_ipa(IPA, page), 0);
	expect_nothing(0x4000);
	memory->write64(stage2->descriptor(table->root, 2), 0); /* stage 1's tables */
	command(CMD_TLBI_NSNH_ALL);
	expect_nothing(0x4000);
}

TEST_F(SmmuAtsNested, AReadOnlyStage1LeavesStage2Clean)
{
	PageBits read_only;

	nest(FULL, 0, STE2_S2HA | STE2_S2HD);
	read_only.writable = false;
	table->map(0x4000, IPA, read_only);
	uint64_t s2_leaf = map_ipa(IPA, page, S2_READ | TTD_DBM);
	EXPECT_EQ(translate(0x4000, true), page | ATS_READ);
	EXPECT_FALSE(memory->read64(s2_leaf) & TTD_S2AP_WRITE);
	table->map(0x4000, IPA);
	command(CMD_TLBI_NSNH_ALL);
	EXPECT_EQ(translate(0x4000, true), page | ATS_READ | ATS_WRITE);
	EXPECT_TRUE(memory->read64(s2_leaf) & TTD_S2AP_WRITE);
}

TEST_F(SmmuAtsNested, SplitStageAnswersWithTheIntermediateAddress)
{
	nest(SPLIT, CR0_ATSCHK);
	map_ipa(IPA, page);
	EXPECT_EQ(translate(0x4000, true), IPA | ATS_READ | ATS_WRITE);
	EXPECT_EQ(access(BUS_WRITE, IPA + 8, translated()).req.status, BUS_OK);
	EXPECT_EQ(traced(TRACE_DMA_WRITE).back().arg[3], page + 8);
}

TEST_F(SmmuAtsNested, SplitStagePermissionsAreThoseOfBothStages)
{
	nest(SPLIT, CR0_ATSCHK);
	map_ipa(IPA, page, S2_READ);
	EXPECT_EQ(translate(0x4000, true), IPA | ATS_READ);
}

TEST_F(SmmuAtsNested, SplitStageFaultsOfStage2AreRecordedLikeOthers)
{
	nest(SPLIT, CR0_ATSCHK);
	map_ipa(IPA, page, S2_READ);
	struct bus_attr attr = with_pasid(2, true);
	attr.translated = true;
	EXPECT_EQ(access(BUS_WRITE, IPA, attr).req.status, BUS_FAULT);
	auto event = take_event();
	EXPECT_EQ(event[0], F_PERMISSION | field_put(EVENT0_STREAMID, STREAM));
	EXPECT_EQ(event[1], EVENT1_S2 | field_put(EVENT1_CLASS, EVENT1_CLASS_IN));
	EXPECT_EQ(event[2], IPA);
	EXPECT_EQ(access(BUS_WRITE, UINT64_C(1) << 44, translated()).req.status, BUS_FAULT);
	event = take_event();
	EXPECT_EQ(field_get(EVENT0_NUMBER, event[0]), F_ADDR_SIZE);
	EXPECT_FALSE(event[1] & EVENT1_S2);
}

TEST_F(SmmuAtsNested, SplitStageWalksThatAbortAreRecordedLikeOthers)
{
	nest(SPLIT, CR0_ATSCHK);
	memory->refuse(map_ipa(IPA, page), 8);
	EXPECT_EQ(access(BUS_WRITE, IPA, translated()).req.status, BUS_FAULT);
	EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), F_WALK_EABT);
}

TEST_F(SmmuAtsNested, SplitStageMarksStage2DirtyWhenItIsWritten)
{
	nest(SPLIT, CR0_ATSCHK, STE2_S2HA | STE2_S2HD);
	uint64_t s2_leaf = map_ipa(IPA, page, S2_READ | TTD_DBM);
	translate(0x4000, true);
	memory->write64(s2_leaf, S2_READ | TTD_DBM | TTD_PAGE | page); /* software takes it */
	EXPECT_EQ(access(BUS_WRITE, IPA, translated()).req.status, BUS_OK);
	EXPECT_TRUE(memory->read64(s2_leaf) & TTD_S2AP_WRITE);
}

TEST_F(SmmuAtsNested, SplitStageNeedsAtschk)
{
	nest(SPLIT);
	expect_refusal(attr_of(STREAM), BUS_ABORT, F_BAD_ATS_TREQ);
}

TEST_F(SmmuAtsNested, SplitStageNeedsBothStages)
{
	record_config_errors(true);
	configure(STREAM, SPLIT);
	expect_refusal(attr_of(STREAM), BUS_FAULT, C_BAD_STE);
}

/* 13.6.5 */
TEST_F(SmmuAtsNested, SplitStageThatSkipsStage1IsIdentityWithStage2sPermissions)
{
	nest(SPLIT | field_put(STE1_S1DSS, STE1_S1DSS_BYPASS), CR0_ATSCHK);
	memory->write64(ste_address(STREAM),
			memory->read64(ste_address(STREAM)) | field_put(STE0_S1CDMAX, 1));
	map_ipa(IPA, page, S2_READ);
	EXPECT_EQ(translate(IPA, true), IPA | ATS_READ);
}

/* 13.6.4 */
TEST_F(SmmuAtsNested, FullAtsThatSkipsStage1IsStage2Alone)
{
	nest(FULL | field_put(STE1_S1DSS, STE1_S1DSS_BYPASS));
	memory->write64(ste_address(STREAM),
			memory->read64(ste_address(STREAM)) | field_put(STE0_S1CDMAX, 1));
	map_ipa(IPA, page, S2_READ);
	EXPECT_EQ(translate(IPA, true), page | ATS_READ);
}
