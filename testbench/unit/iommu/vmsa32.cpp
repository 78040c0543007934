/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of VMSAv8-32 at both stages: IHI 0070, 3.4, 5.2 and 5.4; Arm DDI 0487,
 * G5.5 (regions, levels, descriptors) and G5.7 (permissions).
 */
#include "testbench/unit/iommu/config_bench.h"

class SmmuVmsa32 : public SmmuConfigBench
{
protected:
	SmmuVmsa32()
	{
		cfg.ttf = IDR0_TTF_AARCH32 | IDR0_TTF_AARCH64;
	}

	/* Legal structures; stage 1's lower region is `lower`, of 2^(32 - t0sz) addresses. */
	void configure32(uint64_t config, uint8_t t0sz = 0, uint32_t cr2 = CR2_RECINVSID)
	{
		configure(config, cr2);
		lower = std::make_unique<TableBuilder>(*memory, 32 + t0sz);
		cd[0] = field_set(cd_word0(*lower, 7, CD0_A | CD0_R) & ~CD0_AA64, CD0_T0SZ, t0sz);
		cd[1] = lower->root;
	}

	void enable_upper(uint8_t t1sz)
	{
		upper = std::make_unique<TableBuilder>(*memory, 32 + t1sz);
		cd[0] = field_set(cd[0] & ~CD0_EPD1, CD0_T1SZ, t1sz);
		cd[2] = upper->root;
	}

	/* Stage 2 of VMSAv8-32: all entries of its first tables are one block. */
	void use_stage2_of_32(int t0sz, unsigned sl0)
	{
		ste[2] = (ste[2] & ~(STE2_S2AA64 | STE2_S2T0SZ | STE2_S2SL0)) |
			 field_put(STE2_S2T0SZ, (unsigned)t0sz & 0xf) | field_put(STE2_S2SL0, sl0);
		for (uint64_t i = 0; i < 8192; i++)
			memory->write64(s2_root + 8 * i, s2_block);
	}

	/* What was written counts: nothing else is cached. */
	void apply()
	{
		write_config();
		command(CMD_CFGI_STE_RANGE, 31);
		command(CMD_TLBI_NSNH_ALL);
		command(CMD_TLBI_EL2_ALL);
	}

	/* Where a read goes; its event, negative, when it goes nowhere. */
	int64_t reached(uint64_t address, bool privileged = false, bool instruction = false)
	{
		unsigned event =
			event_of(send_with(BUS_READ, address, 8, attr_of(privileged, instruction)));

		if (event)
			return -(int64_t)event;
		return (int64_t)traced(TRACE_DMA_READ).back().arg[3];
	}

	/* `map` with the output address as the descriptor has it, where there is no memory. */
	void map_raw(TableBuilder &where, uint64_t va, uint64_t ttd, unsigned level = 3)
	{
		memory->write64(where.descriptor(va, level), ttd);
	}

	const uint64_t s2_block =
		TTD_VALID | TTD_AF | TTD_S2AP_READ | TTD_S2AP_WRITE | field_put(TTD_S2_MEMATTR, 15);
	std::unique_ptr<TableBuilder> lower, upper;
};

TEST_F(SmmuVmsa32, OneRegionHasAllAddressesOf32Bits)
{
	configure32(S1_ONLY);
	write_config();
	for (uint64_t va : {UINT64_C(0x4000), UINT64_C(0x7ffff000), UINT64_C(0xfffff000)}) {
		lower->map(va, page);
		EXPECT_EQ(reached(va + 8), (int64_t)page + 8) << va;
		EXPECT_EQ(reached(va | BIT(32)), -F_TRANSLATION) << va;
		EXPECT_EQ(reached(va | ~(BIT(32) - 1)), -F_TRANSLATION) << va;
	}
	EXPECT_EQ(last[2], ~(BIT(32) - 1) | 0xfffff000);
}

TEST_F(SmmuVmsa32, LevelOneMapsOneGibAndLevelTwoIsTheFirstOfSmallRegions)
{
	configure32(S1_ONLY);
	lower->map(UINT64_C(2) << 30, 0, {}, 1);
	write_config();
	EXPECT_EQ(reached((UINT64_C(2) << 30) + 0x123450), 0x123450);
	configure32(S1_ONLY, 2);
	lower->map(UINT64_C(0x3fe00000), 2 << 20, {}, 2);
	apply();
	EXPECT_EQ(reached(0x3fe12340), (2 << 20) + 0x12340);
}

/* 16 blocks of 1 GiB are more than there are addresses: the bit joins nothing, D8.7.1. */
TEST_F(SmmuVmsa32, ARunLargerThanItsTreeIsNone)
{
	configure32(S1_ONLY);
	map_raw(*lower, 0x40000000, TTD_CONTIGUOUS | TTD_VALID | TTD_AF | TTD_AP1, 1);
	write_config();
	EXPECT_EQ(reached(0x40004000), 0x4000);
}

/* Both sizes say which region an address is in; there may be some in neither. */
TEST_F(SmmuVmsa32, RegionsAreDividedByBothSizes)
{
	enum { NONE, LOWER, UPPER };
	static const struct {
		uint8_t t0sz, t1sz;
		uint64_t address;
		int region;
	} rows[] = {
		{0, 0, 0xfffff000, LOWER}, {0, 1, 0x7ffff000, LOWER}, {0, 1, 0x80000000, UPPER},
		{0, 7, 0xfdfff000, LOWER}, {0, 7, 0xfe000000, UPPER}, {1, 0, 0x7ffff000, LOWER},
		{1, 0, 0x80000000, UPPER}, {7, 0, 0x02000000, UPPER}, {7, 0, 0x01fff000, LOWER},
		{7, 0, 0xfffff000, UPPER}, {2, 3, 0x3ffff000, LOWER}, {2, 3, 0x40000000, NONE},
		{2, 3, 0xdffff000, NONE},  {2, 3, 0xe0000000, UPPER}, {1, 1, 0x7ffff000, LOWER},
		{1, 1, 0x80000000, UPPER},
	};

	for (const auto &row : rows) {
		configure32(S1_ONLY, row.t0sz);
		enable_upper(row.t1sz);
		lower->map(row.address, page);
		upper->map(row.address, page + 0x1000);
		apply();
		EXPECT_EQ(reached(row.address), row.region == NONE    ? -F_TRANSLATION
						: row.region == LOWER ? (int64_t)page
								      : (int64_t)page + 0x1000)
			<< (int)row.t0sz << " " << (int)row.t1sz << std::hex << " " << row.address;
	}
}

TEST_F(SmmuVmsa32, ADisabledRegionKeepsItsAddresses)
{
	configure32(S1_ONLY);
	enable_upper(1);
	lower->map(0x80000000, page);
	cd[0] |= CD0_EPD1;
	write_config();
	EXPECT_EQ(reached(0x80000000), -F_TRANSLATION);
}

TEST_F(SmmuVmsa32, El2HasTheLowerRegionOnly)
{
	configure32(S1_ONLY, 1);
	ste[1] |= field_put(STE1_STRW, STE1_STRW_EL2);
	cd[0] = field_set(cd[0], CD0_T1SZ, 1) & ~CD0_EPD1;
	cd[2] = UINT64_MAX;
	lower->map(0x7ffff000, page);
	write_config();
	EXPECT_EQ(reached(0x7ffff000), (int64_t)page);
	EXPECT_EQ(reached(0x80000000), -F_TRANSLATION);
	cd[0] = field_set(cd[0], CD0_T0SZ, 0);
	lower = std::make_unique<TableBuilder>(*memory, 32);
	cd[1] = lower->root;
	lower->map(0xfffff000, page);
	apply();
	EXPECT_EQ(reached(0xfffff000), (int64_t)page);
}

TEST_F(SmmuVmsa32, AddressesHave40BitsWhateverIpsSays)
{
	const uint64_t leaf = TTD_VALID | TTD_PAGE | TTD_AF | TTD_AP1;

	configure32(S1_ONLY);
	cd[0] = field_set(cd[0], CD0_IPS, IDR5_OAS_32);
	map_raw(*lower, 0x4000, leaf | BIT(39));
	map_raw(*lower, 0x5000, leaf | BIT(40));
	map_raw(*lower, 0x40000000, page | BIT(47) | TTD_TABLE | TTD_VALID, 1);
	write_config();
	Dma &dma = send(BUS_READ, 0x4000, 8);
	EXPECT_EQ(event_of(dma), 0u);
	EXPECT_EQ(traced(TRACE_DMA_READ).back().arg[3], BIT(39));
	EXPECT_EQ(reached(0x5000), -F_ADDR_SIZE);
	EXPECT_EQ(reached(0x40000000), -F_ADDR_SIZE);
	EXPECT_EQ(field_get(EVENT1_CLASS, last[1]), EVENT1_CLASS_IN);
}

/* Of what is more than the OAS nothing leaves; a table there is a fault, 3.4.3. */
TEST_F(SmmuVmsa32, TheLastStageIsCutToTheOas)
{
	cfg.oas_bits = 36;
	configure32(S1_ONLY);
	map_raw(*lower, 0x4000, page | BIT(37) | TTD_VALID | TTD_PAGE | TTD_AF | TTD_AP1);
	map_raw(*lower, 0x40000000, page | BIT(37) | TTD_TABLE | TTD_VALID, 1);
	cd[1] |= BIT(38);
	write_config();
	EXPECT_EQ(reached(0x4010), (int64_t)page + 0x10);
	EXPECT_EQ(reached(0x40000000), -F_ADDR_SIZE);
}

TEST_F(SmmuVmsa32, WhatStage1MakesOf40BitsGoesIntoStage2)
{
	cfg.oas_bits = 36;
	configure32(NESTED);
	ste[2] = field_set(ste[2], STE2_S2T0SZ, 24); /* 40 bits of IPA into 36 of PA */
	for (uint64_t i = 0; i < 8192; i++)
		memory->write64(s2_root + 8 * i, s2_block);
	map_raw(*lower, 0x4000, page | BIT(39) | TTD_VALID | TTD_PAGE | TTD_AF | TTD_AP1);
	write_config();
	EXPECT_EQ(reached(0x4010), (int64_t)page + 0x10);
	ste[2] = field_set(ste[2], STE2_S2T0SZ, 25);
	apply();
	EXPECT_EQ(reached(0x4010), -F_TRANSLATION);
	EXPECT_TRUE(last[1] & EVENT1_S2);
	EXPECT_EQ(last[3], page | BIT(39));
}

/* IAS is 40 at least: what stage 1 does not translate may have as many bits. */
TEST_F(SmmuVmsa32, AddressesWithoutStage1MayHave40Bits)
{
	cfg.oas_bits = 36;
	configure(S2_ONLY);
	ste[2] = field_set(ste[2], STE2_S2T0SZ, 24);
	for (uint64_t i = 0; i < 8192; i++)
		memory->write64(s2_root + 8 * i, s2_block);
	write_config();
	EXPECT_EQ(reached(BIT(39) | page), (int64_t)page);
	EXPECT_EQ(reached(BIT(40) | page), -F_ADDR_SIZE);
	EXPECT_FALSE(last[1] & EVENT1_S2);
	ste[0] = field_set(ste[0], STE0_CONFIG, STE0_CONFIG_BYPASS);
	apply();
	EXPECT_EQ(reached(BIT(39) | page), -F_ADDR_SIZE);
}

/* Stage 1 is there but not for what has no substream: its address leaves, cut. */
TEST_F(SmmuVmsa32, BypassOfStage1IsCutToTheOas)
{
	cfg.oas_bits = 36;
	configure32(S1_ONLY);
	ste[0] |= field_put(STE0_S1CDMAX, 2);
	ste[1] |= field_put(STE1_S1DSS, STE1_S1DSS_BYPASS);
	write_config();
	EXPECT_EQ(reached(BIT(39) | page), (int64_t)page);
	EXPECT_EQ(reached(BIT(40) | page), -F_ADDR_SIZE);
}

TEST_F(SmmuVmsa32, WhatOnlyAarch64KnowsIsIgnored)
{
	configure32(S1_ONLY);
	lower->map(0x4000, page);
	cd[0] |= CD0_TG0 | CD0_TBI0 | CD0_HA | CD0_HD | field_put(CD0_T0SZ, 0x38);
	cd[1] |= CD1_E0PD0 | CD1_EPAN | CD1_HAFT;
	write_config();
	EXPECT_EQ(reached(0x4008), (int64_t)page + 8);
	EXPECT_EQ(reached(UINT64_C(0xab00000000004000)), -F_TRANSLATION);
}

TEST_F(SmmuVmsa32, TablesAreNotUpdated)
{
	PageBits untouched, clean;

	untouched.accessed = false;
	clean.writable = false;
	clean.dbm = true;
	configure32(S1_ONLY);
	cd[0] |= CD0_HA | CD0_HD;
	lower->map(0x4000, page, untouched);
	lower->map(0x5000, page, clean);
	write_config();
	EXPECT_EQ(reached(0x4000), -F_ACCESS);
	EXPECT_EQ(event_of_write(0x5000), (unsigned)F_PERMISSION);
	cd[0] |= CD0_AFFD;
	apply();
	EXPECT_EQ(reached(0x4000), (int64_t)page);
}

TEST_F(SmmuVmsa32, InstructionFetches)
{
	static const struct {
		uint64_t ttd, table, cd; /* bits beside those of the page, its table, the CD */
		bool unprivileged_may, privileged_may;
	} rows[] = {
		{TTD_AP1 | TTD_AP2, 0, 0, true, true},
		{TTD_AP2, 0, 0, false, true},
		{TTD_AP1 | TTD_AP2 | TTD_UXN, 0, 0, false, false},
		{TTD_AP1 | TTD_AP2 | TTD_PXN, 0, 0, true, false},
		{TTD_AP1 | TTD_AP2, TTD_UXNTABLE, 0, false, false},
		{TTD_AP1 | TTD_AP2, TTD_PXNTABLE, 0, true, false},
		{TTD_AP1 | TTD_AP2, field_put(TTD_APTABLE, 1), 0, false, true},
		{TTD_AP1, 0, 0, true, true},
		{TTD_AP1, 0, CD0_UWXN, true, false},
		{TTD_AP1, field_put(TTD_APTABLE, 2), CD0_UWXN, true, true},
		{0, 0, CD0_UWXN, false, true},
		{TTD_AP1, 0, CD0_WXN, false, false},
		{0, 0, CD0_WXN, false, false},
		{TTD_AP1 | TTD_AP2, 0, CD0_WXN | CD0_UWXN | CD0_PAN, true, true},
	};

	configure32(S1_ONLY);
	uint64_t cd0 = cd[0];
	for (const auto &row : rows) {
		lower->map(0x4000, page);
		map_raw(*lower, 0x4000, page | TTD_VALID | TTD_PAGE | TTD_AF | TTD_NG | row.ttd);
		uint64_t table = lower->descriptor(0x4000, 2);
		uint64_t before = memory->read64(table);
		memory->write64(table, before | row.table);
		cd[0] = cd0 | row.cd;
		apply();
		EXPECT_EQ(reached(0x4000, false, true) >= 0, row.unprivileged_may) << &row - rows;
		EXPECT_EQ(reached(0x4000, true, true) >= 0, row.privileged_may) << &row - rows;
		memory->write64(table, before);
	}
}

TEST_F(SmmuVmsa32, InstructionFetchesOfEl2)
{
	configure32(S1_ONLY);
	ste[1] |= field_put(STE1_STRW, STE1_STRW_EL2);
	map_raw(*lower, 0x4000, page | TTD_VALID | TTD_PAGE | TTD_AF | TTD_AP1 | TTD_PXN);
	map_raw(*lower, 0x5000, page | TTD_VALID | TTD_PAGE | TTD_AF | TTD_AP1 | TTD_UXN);
	cd[0] |= CD0_UWXN;
	write_config();
	EXPECT_EQ(reached(0x4000, true, true), (int64_t)page);
	EXPECT_EQ(reached(0x4000, false, true), (int64_t)page);
	EXPECT_EQ(reached(0x5000, true, true), -F_PERMISSION);
	cd[0] |= CD0_WXN;
	apply();
	EXPECT_EQ(reached(0x4000, true, true), -F_PERMISSION);
}

/* S2T0SZ has a sign: 25 to 40 bits. */
TEST_F(SmmuVmsa32, Stage2HasUpTo40Bits)
{
	static const struct {
		int t0sz;
		unsigned sl0, bits;
	} rows[] = {{-8, 1, 40}, {-2, 0, 34}, {-2, 1, 34}, {0, 1, 32}, {1, 1, 31}, {7, 0, 25}};

	configure32(S2_ONLY);
	for (const auto &row : rows) {
		use_stage2_of_32(row.t0sz, row.sl0);
		ste[2] |= STE2_S2TG | field_put(STE2_S2T0SZ, 0x30); /* ignored */
		ste[2] = field_set(ste[2], STE2_S2PS, IDR5_OAS_32);
		apply();
		EXPECT_GE(reached(BIT(row.bits - 1) + 0x40), 0) << row.t0sz;
		EXPECT_EQ(reached(BIT(row.bits) + 0x40),
			  row.bits == 40 && cfg.oas_bits <= 40 ? -F_ADDR_SIZE : -F_TRANSLATION)
			<< row.t0sz;
	}
}

TEST_F(SmmuVmsa32, Stage2LeavesWith40Bits)
{
	configure32(S2_ONLY);
	use_stage2_of_32(-8, 1);
	memory->write64(s2_root, s2_block | BIT(39));
	memory->write64(s2_root + 8, s2_block | BIT(40));
	write_config();
	EXPECT_EQ(reached(0x4000), (int64_t)(BIT(39) | 0x4000));
	EXPECT_EQ(reached((1 << 30) + 0x4000), -F_ADDR_SIZE);
	EXPECT_TRUE(last[1] & EVENT1_S2);
}

/* A stage 2 of VMSAv8-64 can let be executed what it does not let be read. */
TEST_F(SmmuVmsa32, Stage2ExecutesWhatCanBeRead)
{
	configure32(S2_ONLY);
	use_stage2_of_32(-8, 1);
	for (uint64_t i = 0; i < 8192; i++)
		memory->write64(s2_root + 8 * i, s2_block & ~TTD_S2AP_READ);
	apply();
	EXPECT_EQ(reached(0x4000, true, true), -F_PERMISSION);
	ste[2] = field_set(ste[2], STE2_S2T0SZ, 25) | STE2_S2AA64;
	apply();
	EXPECT_EQ(reached(0x4000, true, true), 0x4000);
}

TEST_F(SmmuVmsa32, StagesOf32Nest)
{
	configure32(NESTED);
	use_stage2_of_32(0, 1);
	lower->map(0x4000, page);
	write_config();
	EXPECT_EQ(reached(0x4018), (int64_t)page + 0x18);
	cd[0] |= CD0_AA64;
	cd[0] = field_set(cd[0], CD0_T0SZ, 32);
	apply();
	EXPECT_EQ(reached(0x4018), -C_BAD_CD);
}

TEST_F(SmmuVmsa32, InvalidationNamesAddressesOf32Bits)
{
	configure32(S1_ONLY);
	enable_upper(1);
	upper->map(0xfffff000, page);
	write_config();
	EXPECT_EQ(reached(0xfffff000), (int64_t)page);
	upper->map(0xfffff000, page + 0x1000);
	tlbi_va(7, UINT64_C(0xfffffffffffff000));
	EXPECT_EQ(reached(0xfffff000), (int64_t)page);
	command(CMD_TLBI_NH_VA | field_put(TLBI0_ASID, 7) | field_put(TLBI0_VMID, 5), 0xfffff000);
	EXPECT_EQ(reached(0xfffff000), (int64_t)page + 0x1000);
}
