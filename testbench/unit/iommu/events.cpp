/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_bench.h"

using Record = std::array<uint64_t, EVENT_WORDS>;

/* Every field of every record that this SMMU writes: IHI 0070, 7.3.2 to 7.3.20. */
class SmmuEvents : public SmmuBench
{
protected:
	static constexpr uint64_t NOWHERE = 0x40000000; /* an IPA without memory */
	static constexpr uint64_t VA = 0x9008;
	static constexpr uint32_t SSID = 5;
	static constexpr uint64_t CLASS_IN = (uint64_t)EVENT1_CLASS_IN << 40;
	static constexpr uint64_t READ_IN = EVENT1_RNW | CLASS_IN;
	static constexpr uint64_t READ_TT = EVENT1_RNW | (uint64_t)EVENT1_CLASS_TT << 40;
	static constexpr uint64_t READ_CD = EVENT1_RNW | (uint64_t)EVENT1_CLASS_CD << 40;
	static constexpr uint64_t S2_PAGE = TTD_VALID | TTD_AF | TTD_S2_MEMATTR;

	void SetUp() override
	{
		cfg.s2 = true;
		cfg.xnx = true;
		cfg.vmid16 = true;
		cfg.two_level_cd = true;
		bring_up();
		stage1 = std::make_unique<TableBuilder>(*memory);
		stage2 = std::make_unique<TableBuilder>(*memory, 20);
		for (uint64_t ipa = 0; ipa < SIZE; ipa += 2 << 20)
			map2(ipa, ipa, TTD_S2AP_READ | TTD_S2AP_WRITE, 2);
		page = memory->allocate();
		cd = attach(STREAM, *stage1, 3);
	}

	uint64_t map2(uint64_t ipa, uint64_t pa, uint64_t bits, unsigned level = 3)
	{
		uint64_t address = stage2->descriptor(ipa, level);

		memory->write64(address, S2_PAGE | bits | pa | (level == 3 ? TTD_PAGE : 0));
		return address;
	}

	/* Software changes the STE. */
	void configure(uint64_t config, uint64_t context, uint64_t word0 = 0, uint64_t word1 = 0,
		       uint64_t word2 = STE2_S2R)
	{
		write_ste(STREAM, STE0_V | field_put(STE0_CONFIG, config) | context | word0, word1);
		memory->write64(ste_address(STREAM) + 16,
				field_put(STE2_S2T0SZ, 20) | field_put(STE2_S2SL0, 2) |
					field_put(STE2_S2PS, IDR5_OAS_44) | STE2_S2AA64 |
					field_put(STE2_S2VMID, 7) | word2);
		memory->write64(ste_address(STREAM) + 24, stage2->root);
		command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
		command(CMD_TLBI_NSNH_ALL);
	}

	void nest()
	{
		configure(STE0_CONFIG_S1_S2, cd);
	}

	/* A substream table of one level. */
	void with_substreams(uint64_t s1dss = STE1_S1DSS_SSID0)
	{
		uint64_t cds = memory->allocate();

		write_cd(cds, *stage1, 3, CD0_A | CD0_R);
		write_cd(cds + SSID * CD_BYTES, *stage1, 4, CD0_A | CD0_R);
		configure(STE0_CONFIG_S1, cds, field_put(STE0_S1CDMAX, 3),
			  field_put(STE1_S1DSS, s1dss));
	}

	Record fault(enum bus_op op = BUS_READ, uint64_t address = VA)
	{
		Dma &dma = send(op, address, 8);

		run();
		EXPECT_EQ(dma.req.status, BUS_FAULT);
		return take_event();
	}

	Record fault_of(const struct bus_attr &attr, enum bus_op op = BUS_READ,
			uint64_t address = VA)
	{
		send_with(op, address, 8, attr);
		run();
		return take_event();
	}

	static struct bus_attr substream(uint32_t ssid = SSID)
	{
		return attr_of_substream(ssid);
	}

	static void expect(const Record &event, uint64_t word0, uint64_t word1, uint64_t word2,
			   uint64_t word3)
	{
		EXPECT_EQ(event, (Record{word0 | (uint64_t)STREAM << 32, word1, word2, word3}));
	}

	static uint64_t named(uint64_t number, uint32_t ssid = SSID)
	{
		return number | EVENT0_SSV | field_put(EVENT0_SUBSTREAMID, ssid);
	}

	/* The whole record of each fault of stage 1 and no other. */
	void expect_stage1(uint64_t number)
	{
		expect(fault(), number, READ_IN, VA, 0);
	}

	std::unique_ptr<TableBuilder> stage1, stage2;
	uint64_t page = 0, cd = 0;
};

/* Configuration errors. */
TEST_F(SmmuEvents, UnsupportedTransactionTellsTheAttributesAsTheyCame)
{
	struct bus_attr attr = substream();

	configure(STE0_CONFIG_S1, cd, 0,
		  field_put(STE1_PRIVCFG, STE1_PRIVCFG_PRIV) |
			  field_put(STE1_INSTCFG, STE1_INSTCFG_INSTR));
	read(VA); /* the STE is known */
	take_events();
	attr.translated = true;
	expect(fault_of(attr), named(F_UUT), field_put(EVENT1_UUT_REASON, 1) | EVENT1_RNW, VA, 0);
	attr.privileged = attr.instruction = true;
	expect(fault_of(attr), named(F_UUT),
	       field_put(EVENT1_UUT_REASON, 1) | EVENT1_RNW | EVENT1_IND | EVENT1_PNU, VA, 0);
}

TEST_F(SmmuEvents, BadStreamIdNamesTheSubstream)
{
	struct bus_attr attr = substream();

	attr.stream_id = 0x300;
	EXPECT_EQ(fault_of(attr), (Record{named(C_BAD_STREAMID) | UINT64_C(0x300) << 32, 0, 0, 0}));
}

TEST_F(SmmuEvents, SteFetchTellsItsAddress)
{
	memory->refuse(ste_address(STREAM), 8);
	expect(fault_of(substream()), named(F_STE_FETCH), 0, 0, ste_address(STREAM));
}

TEST_F(SmmuEvents, BadSteNamesTheSubstream)
{
	write_ste(STREAM, 0);
	expect(fault_of(substream()), named(C_BAD_STE), 0, 0, 0);
}

TEST_F(SmmuEvents, StreamDisabledNamesNothingElse)
{
	with_substreams();
	expect(fault_of(substream(0)), F_STREAM_DISABLED, 0, 0, 0);
	with_substreams(STE1_S1DSS_TERMINATE);
	expect(fault(), F_STREAM_DISABLED, 0, 0, 0);
}

TEST_F(SmmuEvents, BadSubstreamIdHasNoValidBit)
{
	with_substreams();
	expect(fault_of(substream(9)), C_BAD_SUBSTREAMID | field_put(EVENT0_SUBSTREAMID, 9), 0, 0,
	       0);
}

TEST_F(SmmuEvents, BadSubstreamIdOfTrafficWithoutOneIsZero)
{
	uint64_t l1 = memory->allocate();

	configure(STE0_CONFIG_S1, l1,
		  field_put(STE0_S1CDMAX, 6) | field_put(STE0_S1FMT, STE0_S1FMT_64K_L2),
		  field_put(STE1_S1DSS, STE1_S1DSS_SSID0));
	expect(fault(), C_BAD_SUBSTREAMID, 0, 0, 0);
	expect(fault_of(substream()), C_BAD_SUBSTREAMID | field_put(EVENT0_SUBSTREAMID, SSID), 0, 0,
	       0);
}

TEST_F(SmmuEvents, CdFetchTellsThePhysicalAddress)
{
	configure(STE0_CONFIG_S1_S2, NOWHERE);
	map2(NOWHERE, page, TTD_S2AP_READ);
	memory->refuse(page, 64);
	expect(fault(), F_CD_FETCH, 0, 0, page);
}

TEST_F(SmmuEvents, BadCdNamesTheSubstream)
{
	with_substreams();
	expect(fault_of(substream(SSID + 1)), named(C_BAD_CD, SSID + 1), 0, 0, 0);
}

/* External aborts of walks: stage, class and the descriptor's physical address. */
TEST_F(SmmuEvents, WalkAbortOfStage1)
{
	uint64_t ttd = stage1->descriptor(VA, 2);

	memory->refuse(ttd, 8);
	expect(fault(), F_WALK_EABT, READ_TT, VA, ttd);
	nest();
	expect(fault(), F_WALK_EABT, READ_TT, VA, ttd);
}

TEST_F(SmmuEvents, WalkAbortOfStage1TellsWhereStage2PutIt)
{
	uint64_t level0 = stage1->descriptor(VA, 0);

	memory->write64(level0, NOWHERE | TTD_VALID | TTD_TABLE);
	map2(NOWHERE, page, TTD_S2AP_READ);
	memory->refuse(page, 8);
	nest();
	expect(fault(), F_WALK_EABT, READ_TT, VA, page);
}

TEST_F(SmmuEvents, WalkAbortOfStage2NamesTheClass)
{
	uint64_t leaf = stage2->descriptor(NOWHERE, 3);

	memory->refuse(leaf, 8);
	configure(STE0_CONFIG_S2, 0);
	expect(fault(BUS_READ, NOWHERE), F_WALK_EABT, READ_IN | EVENT1_S2, NOWHERE, leaf);
	configure(STE0_CONFIG_S1_S2, NOWHERE);
	expect(fault(), F_WALK_EABT, READ_CD | EVENT1_S2, VA, leaf);
	nest();
	stage1->map(VA & ~0xfff, NOWHERE);
	expect(fault(), F_WALK_EABT, READ_IN | EVENT1_S2, VA, leaf);
	memory->write64(stage1->descriptor(VA, 0), NOWHERE | TTD_VALID | TTD_TABLE);
	expect(fault(), F_WALK_EABT, READ_TT | EVENT1_S2, VA, leaf);
}

/* Faults of translation. */
TEST_F(SmmuEvents, Stage1FaultsHaveNoIpa)
{
	nest();
	expect_stage1(F_TRANSLATION);
	stage1->map(VA & ~0xfff, BIT(44));
	expect_stage1(F_ADDR_SIZE);
	PageBits old, privileged;
	old.accessed = false;
	stage1->map(VA & ~0xfff, page, old);
	expect_stage1(F_ACCESS);
	privileged.unprivileged = false;
	stage1->map(VA & ~0xfff, page, privileged);
	expect_stage1(F_PERMISSION);
}

TEST_F(SmmuEvents, Stage2FaultsOfTheAccessTellTheIpa)
{
	nest();
	stage1->map(VA & ~0xfff, NOWHERE);
	expect(fault(), F_TRANSLATION, READ_IN | EVENT1_S2, VA, NOWHERE);
	map2(NOWHERE, BIT(44), TTD_S2AP_READ);
	expect(fault(), F_ADDR_SIZE, READ_IN | EVENT1_S2, VA, NOWHERE);
	memory->write64(map2(NOWHERE, page, TTD_S2AP_READ), (S2_PAGE & ~TTD_AF) | TTD_PAGE | page);
	expect(fault(), F_ACCESS, READ_IN | EVENT1_S2, VA, NOWHERE);
	map2(NOWHERE, page, TTD_S2AP_WRITE);
	expect(fault(), F_PERMISSION, READ_IN | EVENT1_S2, VA, NOWHERE);
	map2(NOWHERE, page, TTD_S2AP_READ);
	command(CMD_TLBI_NSNH_ALL);
	expect(fault(BUS_WRITE), F_PERMISSION, CLASS_IN | EVENT1_S2, VA, NOWHERE);
}

TEST_F(SmmuEvents, Stage2FaultsOfAStage1TableTellItsDescriptor)
{
	uint64_t descriptor = NOWHERE + (VA >> 30 & 511) * 8;

	memory->write64(stage1->descriptor(VA, 0), NOWHERE | TTD_VALID | TTD_TABLE);
	nest();
	expect(fault(), F_TRANSLATION, READ_TT | EVENT1_S2, VA, descriptor & EVENT3_IPA);
	map2(NOWHERE, page, TTD_S2AP_WRITE);
	expect(fault(), F_PERMISSION, READ_TT | EVENT1_S2 | EVENT1_TTRNW, VA,
	       descriptor & EVENT3_IPA);
}

TEST_F(SmmuEvents, ADescriptorThatMayNotBeWrittenIsATableWrite)
{
	PageBits old;
	uint64_t table = memory->allocate(), leaf;

	/* The last level's table is read-only to the guest, and the access flag is clear. */
	old.accessed = false;
	stage1->map(0, page);
	memory->write64(stage1->descriptor(VA, 2), NOWHERE | TTD_VALID | TTD_TABLE);
	map2(NOWHERE, table, TTD_S2AP_READ);
	leaf = NOWHERE + (VA >> 12) * 8;
	memory->write64(table + (VA >> 12) * 8, old.ttd() | TTD_PAGE | page);
	write_cd(cd, *stage1, 3, CD0_A | CD0_R | CD0_HA);
	nest();
	expect(fault(), F_PERMISSION, READ_TT | EVENT1_S2, VA, leaf & EVENT3_IPA);
}

/*
 * A guest's table is moved to a page of its own while an update of it is under way: what may be
 * written is the new one, and in the old one, which others read too, nothing changes.
 */
TEST_F(SmmuEvents, AnUpdateGoesWhereStage2PermitsIt)
{
	uint64_t shared = memory->allocate(), own = memory->allocate(), entry = (VA >> 12) * 8;
	PageBits clean;

	clean.dbm = true;
	clean.writable = false;
	stage1->map(0, page);
	memory->write64(stage1->descriptor(VA, 2), NOWHERE | TTD_VALID | TTD_TABLE);
	map2(NOWHERE, shared, TTD_S2AP_READ);
	for (uint64_t table : {shared, own})
		memory->write64(table + entry, clean.ttd() | TTD_PAGE | page);
	write_cd(cd, *stage1, 3, CD0_A | CD0_R | CD0_HA | CD0_HD);
	nest();
	EXPECT_EQ(read(VA), BUS_OK);
	memory->slow_down(shared, 10 * LATENCY);
	Dma &dma = send(BUS_WRITE, VA, 8);
	run_until(now() + LATENCY / 2); /* it looks at the old one */
	map2(NOWHERE, own, TTD_S2AP_READ | TTD_S2AP_WRITE);
	push(CMD_TLBI_S2_IPA | field_put(TLBI0_VMID, 7), NOWHERE);
	push(CMD_TLBI_NH_ALL | field_put(TLBI0_VMID, 7));
	push_sync();
	run();
	EXPECT_EQ(dma.req.status, BUS_OK);
	EXPECT_TRUE(commands_consumed());
	EXPECT_EQ(memory->read64(shared + entry), clean.ttd() | TTD_PAGE | page);
	EXPECT_EQ(memory->read64(own + entry), (clean.ttd() | TTD_PAGE | page) & ~TTD_AP2);
	EXPECT_TRUE(take_events().empty());
}

/* 13.1.1: an atomic reads and writes; RnW is 1 only where it may write. */
TEST_F(SmmuEvents, AnAtomicNeedsToReadAndToWrite)
{
	stage1->map(VA & ~UINT64_C(0xfff), NOWHERE);
	map2(NOWHERE, page, TTD_S2AP_READ);
	nest();
	expect(fault(BUS_CAS64), F_PERMISSION, EVENT1_S2 | CLASS_IN, VA, NOWHERE);
	map2(NOWHERE, page, TTD_S2AP_WRITE);
	command(CMD_TLBI_NSNH_ALL);
	expect(fault(BUS_CAS64), F_PERMISSION, EVENT1_S2 | READ_IN, VA, NOWHERE);
	map2(NOWHERE, page, TTD_S2AP_READ | TTD_S2AP_WRITE);
	command(CMD_TLBI_NSNH_ALL);
	Dma &dma = send(BUS_CAS64, VA, 8);
	run();
	EXPECT_EQ(dma.req.status, BUS_OK);
}

TEST_F(SmmuEvents, AnAtomicThatIsAnsweredRazWiFindsZero)
{
	write_cd(cd, *stage1, 3, CD0_R);
	command(CMD_CFGI_CD | (uint64_t)STREAM << 32);
	Dma &dma = send(BUS_CAS64, NOWHERE, 8);
	le64_put(dma.bytes, 5);
	run();
	EXPECT_EQ(dma.req.status, BUS_OK);
	EXPECT_EQ(le64_get(dma.bytes), 0u);
}

TEST_F(SmmuEvents, Stage2FaultsOfACdTellItsIpa)
{
	configure(STE0_CONFIG_S1_S2, NOWHERE | 0x40);
	expect(fault(), F_TRANSLATION, READ_CD | EVENT1_S2, VA, NOWHERE);
	map2(NOWHERE, page, TTD_S2AP_WRITE);
	expect(fault(), F_PERMISSION, READ_CD | EVENT1_S2, VA, NOWHERE);
	expect(fault(BUS_WRITE), F_PERMISSION, EVENT1_S2, VA, NOWHERE);
}

TEST_F(SmmuEvents, AddressesEndAtTheOutputSize)
{
	configure(STE0_CONFIG_S2, 0, 0, 0, STE2_S2R);
	expect(fault(BUS_READ, BIT(44) | VA), F_ADDR_SIZE, READ_IN, BIT(44) | VA, 0);
	/* Within it, and beyond what stage 2 takes. */
	memory->write64(ste_address(STREAM) + 16,
			field_put(STE2_S2T0SZ, 24) | field_put(STE2_S2SL0, 2) | STE2_S2AA64 |
				STE2_S2R | field_put(STE2_S2PS, IDR5_OAS_44));
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	expect(fault(BUS_READ, BIT(40) | VA), F_TRANSLATION, READ_IN | EVENT1_S2, BIT(40) | VA,
	       BIT(40) | (VA & EVENT3_IPA));
}

TEST_F(SmmuEvents, AnAddressThatOnlyStage2LooksAtAlwaysAborts)
{
	configure(STE0_CONFIG_S1_S2, cd, field_put(STE0_S1CDMAX, 3),
		  field_put(STE1_S1DSS, STE1_S1DSS_BYPASS), 0);
	expect(fault(BUS_READ, BIT(45)), F_ADDR_SIZE, READ_IN, BIT(45), 0);
}

TEST_F(SmmuEvents, SubstreamsAreNamed)
{
	with_substreams();
	expect(fault_of(substream()), named(F_TRANSLATION), READ_IN, VA, 0);
}

/* PRIVCFG and INSTCFG, 5.2: records have what they made of the transaction. */
TEST_F(SmmuEvents, AttributesAreThoseAfterTheOverride)
{
	struct bus_attr plain = substream(), both = plain;

	plain.substream_valid = both.substream_valid = false;
	both.privileged = both.instruction = true;
	expect(fault_of(both), F_TRANSLATION, READ_IN | EVENT1_IND | EVENT1_PNU, VA, 0);
	configure(STE0_CONFIG_S1, cd, 0,
		  field_put(STE1_PRIVCFG, STE1_PRIVCFG_PRIV) |
			  field_put(STE1_INSTCFG, STE1_INSTCFG_INSTR));
	expect(fault_of(plain), F_TRANSLATION, READ_IN | EVENT1_IND | EVENT1_PNU, VA, 0);
	expect(fault_of(plain, BUS_WRITE), F_TRANSLATION, CLASS_IN | EVENT1_PNU, VA, 0);
	configure(STE0_CONFIG_S1, cd, 0,
		  field_put(STE1_PRIVCFG, STE1_PRIVCFG_UNPRIV) |
			  field_put(STE1_INSTCFG, STE1_INSTCFG_DATA));
	expect(fault_of(both), F_TRANSLATION, READ_IN, VA, 0);
}

TEST_F(SmmuEvents, InputAddressKeepsItsTopByte)
{
	memory->write64(cd, cd_word0(*stage1, 3, CD0_A | CD0_R | CD0_TBI0));
	expect(fault(BUS_READ, UINT64_C(0xa5) << 56 | VA), F_TRANSLATION, READ_IN,
	       UINT64_C(0xa5) << 56 | VA, 0);
}

/* Which of the stages' policies decides: the table of 3.12.5. */
class SmmuEventStages : public SmmuEvents,
			public ::testing::WithParamInterface<std::tuple<bool, bool, bool>>
{
protected:
	SmmuEventStages()
	{
		cfg.stall_model = SMMU_STALL_BOTH;
		cfg.stall_max = 4;
		cfg.stall_downgrade = true;
	}
};

TEST_P(SmmuEventStages, TheStageThatFaultsDecidesWhetherItStalls)
{
	auto [stall1, stall2, at2] = GetParam();

	memory->write64(cd, cd_word0(*stage1, 3, CD0_A | CD0_R | (stall1 ? CD0_S : 0)));
	configure(STE0_CONFIG_S1_S2, cd, 0, 0, STE2_S2R | (stall2 ? STE2_S2S : 0));
	if (at2)
		stage1->map(VA & ~0xfff, NOWHERE);
	Dma &dma = send_stalling(BUS_READ, VA);
	run();
	Record event = take_event();
	bool stalls = at2 ? stall2 : stall1;
	EXPECT_EQ(dma.done, !stalls);
	EXPECT_EQ((event[1] & EVENT1_STALL) != 0, stalls);
	expect(event, F_TRANSLATION,
	       READ_IN | (at2 ? EVENT1_S2 : 0) | (event[1] & (EVENT1_STALL | EVENT1_STAG)), VA,
	       at2 ? NOWHERE : 0);
	if (!stalls)
		return;
	command(CMD_RESUME | (uint64_t)STREAM << 32, field_get(EVENT1_STAG, event[1]));
	run();
	EXPECT_EQ(dma.req.status, BUS_OK) << "RAZ/WI is the command's choice at either stage";
}

TEST_P(SmmuEventStages, StallsOfTheSmmusOwnAccessesAreStage2s)
{
	auto [stall1, stall2, of_cd] = GetParam();

	memory->write64(cd, cd_word0(*stage1, 3, CD0_A | CD0_R | (stall1 ? CD0_S : 0)));
	if (!of_cd)
		memory->write64(stage1->descriptor(VA, 0), NOWHERE | TTD_VALID | TTD_TABLE);
	configure(STE0_CONFIG_S1_S2, of_cd ? NOWHERE : cd, 0, 0,
		  STE2_S2R | (stall2 ? STE2_S2S : 0));
	Dma &dma = send_stalling(BUS_READ, VA);
	run();
	Record event = take_event();
	EXPECT_EQ(dma.done, !stall2);
	EXPECT_EQ(event[1] & ~(EVENT1_STALL | EVENT1_STAG),
		  EVENT1_S2 | (of_cd ? READ_CD : READ_TT));
	if (!stall2)
		return;
	/* Software puts memory there and lets it try again: all is fetched anew. */
	if (!of_cd)
		memory->write64(stage1->descriptor(VA, 0),
				memory->allocate() | TTD_VALID | TTD_TABLE);
	stage1->map(VA & ~0xfff, page);
	write_cd(page, *stage1, 3, CD0_A);
	map2(NOWHERE, page, TTD_S2AP_READ);
	command(CMD_RESUME | (uint64_t)STREAM << 32 | RESUME0_AC, field_get(EVENT1_STAG, event[1]));
	run();
	EXPECT_TRUE(dma.done);
	EXPECT_EQ(dma.req.status, BUS_OK);
}

INSTANTIATE_TEST_SUITE_P(Stages, SmmuEventStages,
			 ::testing::Combine(::testing::Bool(), ::testing::Bool(),
					    ::testing::Bool()));
