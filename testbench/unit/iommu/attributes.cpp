/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory attributes (IHI 0070, chapter 13): what an access leaves the SMMU with,
 * a row for each rule, and what the SMMU's own accesses are made with.
 */
#include "testbench/unit/iommu/config_bench.h"

namespace
{

constexpr uint8_t NSH = MEM_NON_SHAREABLE, OSH = MEM_OUTER, ISH = MEM_INNER;
constexpr uint8_t WB = MEM_NORMAL_WB, WT = MEM_NORMAL_WT, NC = MEM_NORMAL_NC;
constexpr uint8_t GRE = MEM_DEVICE_GRE, NGRE = MEM_DEVICE_NGRE, NGNRE = MEM_DEVICE_NGNRE,
		  NGNRNE = MEM_DEVICE_NGNRNE;

class SmmuAttributes : public SmmuConfigBench
{
protected:
	SmmuAttributes()
	{
		cfg.attr_types_ovr = true;
	}

	void watch()
	{
		memory->before_access = [this](const struct bus_req &req) {
			seen[req.addr] = req.attr.memory;
		};
	}

	/* What a write to `address` arrives at the page with. */
	struct mem_attr leaves(uint64_t address, struct mem_attr came)
	{
		struct bus_attr attr = {};

		attr.from_device = true;
		attr.stream_id = STREAM;
		attr.memory = came;
		watch();
		seen.clear();
		Dma &dma = send_with(BUS_WRITE, address, 8, attr);
		run();
		EXPECT_EQ(dma.req.status, BUS_OK);
		EXPECT_EQ(seen.count(page), 1u);
		return seen[page];
	}

	void expect(struct mem_attr found, unsigned type, unsigned sh)
	{
		EXPECT_EQ((unsigned)found.type, type);
		EXPECT_EQ((unsigned)found.sh, sh);
	}

	void set_leaf(uint64_t field, uint64_t value)
	{
		uint64_t leaf = table->descriptor(VA, 3);

		memory->write64(leaf, field_set(memory->read64(leaf), field, value));
	}

	/* AttrIndx 0 with SH of the page at VA. */
	void stage1(uint8_t mair, uint8_t sh)
	{
		cd[3] = mair;
		set_leaf(TTD_SH, sh);
	}

	void stage2(uint8_t memattr, uint8_t sh)
	{
		memory->write64(s2_root, TTD_VALID | TTD_AF | field_put(TTD_S2_MEMATTR, memattr) |
						 field_put(TTD_SH, sh) | TTD_S2AP_READ |
						 TTD_S2AP_WRITE);
	}

	std::map<uint64_t, struct mem_attr> seen;
};

/* ---- overrides: STE.Config == bypass, and GBPA ---- */

struct OverrideRow {
	const char *rule;
	struct mem_attr came;
	bool mtcfg;
	uint8_t memattr, alloc, sh;
	struct mem_attr leaves;
};

constexpr uint8_t INCOMING = STE1_SHCFG_INCOMING;

const OverrideRow overrides[] = {
	{"NothingIsReplaced", {WB, ISH}, false, 0, 0, INCOMING, {WB, ISH}},
	{"TypeIsReplaced", {WB, ISH}, true, 10, 0, INCOMING, {WT, ISH}},
	{"EachLevelHasItsOwn", {WB, ISH}, true, 7, 0, INCOMING, {0x4f, ISH}},
	{"DeviceIsOuterShareable", {WB, ISH}, true, 1, 0, ISH, {NGNRE, OSH}},
	{"NonCacheableIsOuterShareable", {WB, ISH}, true, 5, 0, NSH, {NC, OSH}},
	{"DeviceThatCameStaysOuterShareable", {NGRE, OSH}, false, 0, 0, ISH, {NGRE, OSH}},
	{"ReservedTypeIsTheStrongestDevice", {WB, ISH}, true, 8, 0, INCOMING, {NGNRNE, OSH}},
	{"HintsOfACacheableTypeThatCameStay", {0xbe, ISH}, true, 15, 0, INCOMING, {0xfe, ISH}},
	{"HintsOfWhatCameNonCacheableAreAllocate", {NC, OSH}, true, 15, 0, ISH, {WB, ISH}},
	{"HintsOfWhatCameDeviceAreAllocate", {GRE, OSH}, true, 15, 0, ISH, {WB, ISH}},
	{"HintsAreReplacedAtBothLevels", {WB, ISH}, true, 15, 0xc, INCOMING, {0xee, ISH}},
	{"TransientIsAHint", {WB, ISH}, true, 15, 0xd, INCOMING, {0x66, ISH}},
	{"WithoutAllocationNothingIsTransient", {WB, ISH}, true, 15, 0x9, INCOMING, {0xcc, ISH}},
	{"HintsDoNotCountWhereNothingIsCached", {WB, ISH}, true, 5, 0xf, ISH, {NC, OSH}},
	{"ShareabilityIsReplaced", {WB, ISH}, false, 0, 0, NSH, {WB, NSH}},
	{"ShareabilityIsReplacedByOuter", {WB, ISH}, false, 0, 0, OSH, {WB, OSH}},
};

class SmmuAttributeOverride : public SmmuAttributes, public testing::WithParamInterface<OverrideRow>
{
};

TEST_P(SmmuAttributeOverride, OfAStreamThatBypasses)
{
	const OverrideRow &row = GetParam();

	configure(BYPASS);
	ste[1] = field_put(STE1_MTCFG, row.mtcfg) | field_put(STE1_MEMATTR, row.memattr) |
		 field_put(STE1_ALLOCCFG, row.alloc) | field_put(STE1_SHCFG, row.sh);
	write_config();
	expect(leaves(page, row.came), row.leaves.type, row.leaves.sh);
}

TEST_P(SmmuAttributeOverride, OfAnSmmuThatIsOff)
{
	const OverrideRow &row = GetParam();

	create();
	page = memory->allocate();
	set_reg(SMMU_GBPA, GBPA_UPDATE | field_put(GBPA_MTCFG, row.mtcfg) |
				   field_put(GBPA_MEMATTR, row.memattr) |
				   field_put(GBPA_ALLOCCFG, row.alloc) |
				   field_put(GBPA_SHCFG, row.sh));
	expect(leaves(page, row.came), row.leaves.type, row.leaves.sh);
}

INSTANTIATE_TEST_SUITE_P(Rules, SmmuAttributeOverride, testing::ValuesIn(overrides),
			 [](const auto &row) { return row.param.rule; });

TEST_F(SmmuAttributes, WithoutOverridesInIdr1TheyAreIgnored)
{
	cfg.attr_types_ovr = false;
	configure(BYPASS);
	ste[1] = STE1_MTCFG | field_put(STE1_MEMATTR, 5) | field_put(STE1_SHCFG, NSH);
	write_config();
	expect(leaves(page, {WB, ISH}), WB, ISH);
}

/* ---- stage 1 alone ---- */

struct Stage1Row {
	const char *rule;
	struct mem_attr came;
	uint8_t mair, sh;
	struct mem_attr leaves;
};

const Stage1Row stage1_rows[] = {
	{"TypeAndShareabilityAreThePages", {WT, OSH}, WB, ISH, {WB, ISH}},
	{"DeviceIsOuterShareable", {WB, ISH}, NGRE, ISH, {NGRE, OSH}},
	{"NonCacheableIsOuterShareable", {WB, ISH}, NC, NSH, {NC, OSH}},
	{"HintsOfTheAccessLimitThoseOfThePage", {0xee, ISH}, WB, ISH, {0xee, ISH}},
	{"HintsOfThePageStay", {WB, ISH}, 0xdd, ISH, {0xdd, ISH}},
	{"HintsOfBothAreTaken", {0xee, ISH}, 0xdd, ISH, {0xcc, ISH}},
	{"TransientWins", {0x77, ISH}, WB, ISH, {0x77, ISH}},
	{"AccessesThatCameDeviceHaveNoHints", {GRE, OSH}, WB, ISH, {WB, ISH}},
	{"AccessesThatCameNonCacheableHaveNoHints", {NC, OSH}, WB, ISH, {WB, ISH}},
	{"LevelsAreDifferent", {WB, ISH}, 0x4f, ISH, {0x4f, ISH}},
	{"ReservedInnerLevelIsWriteThroughAndTransient", {WB, ISH}, 0xf0, ISH, {0xf3, ISH}},
	{"ReservedDeviceIsThatOfItsUpperBits", {WB, ISH}, 0x0b, ISH, {NGRE, OSH}},
	{"ReservedShareabilityIsNone", {WB, ISH}, WB, 1, {WB, NSH}},
};

class SmmuAttributeStage1 : public SmmuAttributes, public testing::WithParamInterface<Stage1Row>
{
};

TEST_P(SmmuAttributeStage1, OfAPage)
{
	const Stage1Row &row = GetParam();

	configure(S1_ONLY);
	ste[1] = field_put(STE1_SHCFG, INCOMING);
	stage1(row.mair, row.sh);
	write_config();
	expect(leaves(VA, row.came), row.leaves.type, row.leaves.sh);
}

INSTANTIATE_TEST_SUITE_P(Rules, SmmuAttributeStage1, testing::ValuesIn(stage1_rows),
			 [](const auto &row) { return row.param.rule; });

TEST_F(SmmuAttributes, ThePageChoosesAnAttributeOfMair)
{
	configure(S1_ONLY);
	ste[1] = field_put(STE1_SHCFG, INCOMING);
	stage1(0, ISH);
	cd[3] = 0x04ff44bbeeddccffull;
	for (uint64_t index = 0; index < 8; index++) {
		set_leaf(TTD_ATTRINDX, index);
		write_config();
		EXPECT_EQ(leaves(VA, {WB, ISH}).type, (uint8_t)(cd[3] >> 8 * index)) << index;
		command(CMD_TLBI_NSNH_ALL);
	}
}

/* ---- stage 2, behind what the access brings or stage 1 says ---- */

struct Stage2Row {
	const char *rule;
	struct mem_attr came;
	bool fwb;
	uint8_t memattr, sh;
	struct mem_attr leaves;
};

const Stage2Row stage2_rows[] = {
	{"WeakStage2ChangesNothing", {WB, ISH}, false, 15, NSH, {WB, ISH}},
	{"WriteThroughIsStronger", {WB, ISH}, false, 10, NSH, {WT, ISH}},
	{"NonCacheableIsStrongerStill", {WT, ISH}, false, 5, NSH, {NC, OSH}},
	{"AtEachLevel", {0x4f, ISH}, false, 14, NSH, {0x4b, ISH}},
	{"DeviceIsStronger", {WB, ISH}, false, 2, ISH, {NGRE, OSH}},
	{"DeviceThatCameStays", {NGNRE, OSH}, false, 15, ISH, {NGNRE, OSH}},
	{"TheStrongerDeviceOfTwo", {NGNRE, OSH}, false, 0, ISH, {NGNRNE, OSH}},
	{"TheStrongerDeviceOfTwoWhichCame", {NGNRE, OSH}, false, 3, ISH, {NGNRE, OSH}},
	{"HintsPass", {0xe6, ISH}, false, 10, NSH, {0xa2, ISH}},
	{"OuterShareableIsStronger", {WB, ISH}, false, 15, OSH, {WB, OSH}},
	{"InnerShareableIsStronger", {WB, NSH}, false, 15, ISH, {WB, ISH}},
	{"ForcedWriteBack", {NC, OSH}, true, 6, NSH, {WB, OSH}},
	{"ForcedWriteBackOfDevice", {NGNRE, OSH}, true, 6, NSH, {WB, OSH}},
	{"ForcedWriteBackKeepsHints", {0xae, ISH}, true, 6, NSH, {0xee, ISH}},
	{"ForcedWriteBackOfOneLevel", {0x4a, ISH}, true, 6, NSH, {0xfe, ISH}},
	{"ForcedNonCacheable", {WB, ISH}, true, 5, NSH, {NC, OSH}},
	{"ForcedNonCacheableLeavesDevice", {NGRE, OSH}, true, 5, NSH, {NGRE, OSH}},
	{"ForcedToNothing", {0xbe, ISH}, true, 7, NSH, {0xbe, ISH}},
	{"ForcedDevice", {WB, ISH}, true, 1, NSH, {NGNRE, OSH}},
	{"ForcedDeviceOfAStrongerOne", {NGNRNE, OSH}, true, 1, NSH, {NGNRNE, OSH}},
};

class SmmuAttributeStage2 : public SmmuAttributes, public testing::WithParamInterface<Stage2Row>
{
};

TEST_P(SmmuAttributeStage2, OfWhatCame)
{
	const Stage2Row &row = GetParam();

	configure(S2_ONLY);
	ste[1] = field_put(STE1_SHCFG, INCOMING) | field_put(STE1_S2FWB, row.fwb);
	stage2(row.memattr, row.sh);
	write_config();
	expect(leaves(page, row.came), row.leaves.type, row.leaves.sh);
}

TEST_P(SmmuAttributeStage2, OfWhatStage1Says)
{
	const Stage2Row &row = GetParam();

	configure(NESTED);
	ste[1] = field_put(STE1_SHCFG, INCOMING) | field_put(STE1_S2FWB, row.fwb);
	stage1(row.came.type, row.came.sh);
	stage2(row.memattr, row.sh);
	write_config();
	expect(leaves(VA, {WB, ISH}), row.leaves.type, row.leaves.sh);
}

/* 0b0100 is reserved before SMMUv3.4, and there write-back without access to tags: IDR3.MTEPERM. */
TEST_F(SmmuAttributes, NoTagAccessIsWriteBackWithMtePerm)
{
	for (uint8_t version : {3, 4}) {
		cfg.version = version;
		cfg.xnx = cfg.fwb = cfg.stt = cfg.ril = cfg.e0pd = cfg.ptwnnc = cfg.epan = true;
		cfg.bbml = 1;
		configure(S2_ONLY);
		ste[1] = field_put(STE1_SHCFG, INCOMING);
		stage2(4, NSH);
		write_config();
		if (version == 4)
			expect(leaves(page, {WT, ISH}), WT, ISH);
		else
			expect(leaves(page, {WT, ISH}), NC, OSH);
	}
}

INSTANTIATE_TEST_SUITE_P(Rules, SmmuAttributeStage2, testing::ValuesIn(stage2_rows),
			 [](const auto &row) { return row.param.rule; });

/* The examples of 13.1.5.1: memory types that no MemAttr has come from stage 1. */
TEST_F(SmmuAttributes, HintsThatOnlyOneSideHasAreCombined)
{
	configure(S1_ONLY);
	ste[1] = field_put(STE1_SHCFG, INCOMING);
	stage1(0x4b, OSH);
	write_config();
	/* iWB/RAWAnTR-oNC with iWT/RAWAnTR: the outer level has no hints to lose. */
	expect(leaves(VA, {0x4f, ISH}), 0x4b, OSH);
}

/* ---- the SMMU's own accesses ---- */

class SmmuOwnAttributes : public SmmuAttributes
{
protected:
	/* Everything differs: what is asked for with the wrong field is found out. */
	void set_up(uint64_t config)
	{
		configure(config);
		ste[1] = field_put(STE1_S1CIR, 1) | field_put(STE1_S1COR, 3) |
			 field_put(STE1_S1CSH, OSH) | field_put(STE1_SHCFG, INCOMING);
		ste[2] |= field_put(STE2_S2IR0, 2) | field_put(STE2_S2OR0, 1) |
			  field_put(STE2_S2SH0, NSH);
		cd[0] |= field_put(CD0_IR0, 3) | field_put(CD0_OR0, 2) | field_put(CD0_SH0, ISH);
		write_config();
		set_reg(SMMU_CR0, CR0_CMDQEN | CR0_EVENTQEN);
		set_reg(SMMU_CR1, field_put(CR1_TABLE_IC, 2) | field_put(CR1_TABLE_OC, 1) |
					  field_put(CR1_TABLE_SH, OSH));
		enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
		leaves(address_for(config), {WB, ISH});
	}
};

TEST_F(SmmuOwnAttributes, StreamTableByCr1)
{
	set_up(BYPASS);
	expect(seen.at(ste_address(STREAM)), 0xea, OSH);
}

TEST_F(SmmuOwnAttributes, ContextByTheSte)
{
	set_up(S1_ONLY);
	expect(seen.at(cds), 0xce, OSH);
}

TEST_F(SmmuOwnAttributes, Stage1TablesByTheContext)
{
	set_up(S1_ONLY);
	expect(seen.at(table->root), 0xae, ISH);
	expect(seen.at(table->descriptor(VA, 3)), 0xae, ISH);
}

TEST_F(SmmuOwnAttributes, Stage2TablesByTheSte)
{
	set_up(S2_ONLY);
	expect(seen.at(s2_root), 0xfa, NSH);
}

TEST_F(SmmuOwnAttributes, WhatLiesBehindStage2IsCombined)
{
	configure(NESTED);
	stage2(10, ISH); /* write-through */
	set_up(NESTED);
	stage2(10, OSH);
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	command(CMD_TLBI_NSNH_ALL);
	leaves(VA, {WB, ISH});
	expect(seen.at(cds), 0x8a, OSH);
	expect(seen.at(table->descriptor(VA, 3)), 0xaa, OSH);
	expect(seen.at(s2_root), 0xfa, NSH);
}

/* DDI 0487: without S2PTW such a table is read, and not as Device. */
TEST_F(SmmuOwnAttributes, TablesInDeviceMemoryAreReadAsNonCacheable)
{
	set_up(NESTED);
	stage2(0, ISH);
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	command(CMD_TLBI_NSNH_ALL);
	expect(leaves(VA, {WB, ISH}), NGNRNE, OSH);
	expect(seen.at(cds), NC, OSH);
	expect(seen.at(table->root), NC, OSH);
}

/* Hardware updates go the way of the fetch, 3.13. */
TEST_F(SmmuOwnAttributes, UpdatesAsTheTables)
{
	set_up(S1_ONLY);
	cd[0] |= CD0_HA | CD0_HD;
	write_config();
	uint64_t leaf = table->map(VA, page, {.writable = false, .dbm = true, .accessed = false});
	command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	command(CMD_TLBI_NSNH_ALL);
	std::vector<struct mem_attr> swaps;
	memory->before_access = [&](const struct bus_req &req) {
		if (req.op == BUS_CAS64 && req.addr == leaf)
			swaps.push_back(req.attr.memory);
	};
	EXPECT_EQ(write(VA), BUS_OK);
	ASSERT_EQ(swaps.size(), 2u) << "access flag, dirty state";
	for (const struct mem_attr &swap : swaps)
		expect(swap, 0xae, ISH);
}

TEST_F(SmmuOwnAttributes, QueuesByCr1AndTheirHints)
{
	for (bool hint : {false, true}) {
		create();
		bring_up();
		set_reg(SMMU_CR0, 0);
		set_reg(SMMU_CR1, field_put(CR1_QUEUE_IC, 1) | field_put(CR1_QUEUE_OC, 2) |
					  field_put(CR1_QUEUE_SH, ISH));
		uint64_t cmdq = reg(SMMU_CMDQ_BASE, 8), evtq = reg(SMMU_EVENTQ_BASE, 8);
		set_reg(SMMU_CMDQ_BASE, field_set(cmdq, Q_BASE_RA, hint), 8);
		set_reg(SMMU_EVENTQ_BASE, field_set(evtq, Q_BASE_WA, hint), 8);
		enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
		watch();
		command(CMD_TLBI_NSNH_ALL);
		EXPECT_EQ(write(0x1000), BUS_FAULT) << "an STE of zeros";
		expect(seen.at(cmdq & Q_BASE_ADDR), hint ? 0xae : 0x8c, ISH);
		expect(seen.at(evtq & Q_BASE_ADDR), hint ? 0x9d : 0x8c, ISH);
	}
}

TEST_F(SmmuOwnAttributes, MessagesByTheirRegistersAndTheirCommand)
{
	uint64_t doorbell;

	bring_up();
	doorbell = memory->allocate();
	set_reg(SMMU_IRQ_CTRL, 0);
	set_reg(SMMU_EVENTQ_IRQ_CFG0, doorbell, 8);
	set_reg(SMMU_EVENTQ_IRQ_CFG2, 1 | field_put(IRQ_CFG2_SH, NSH)); /* nGnRE */
	set_reg(SMMU_IRQ_CTRL, IRQ_CTRL_EVENTQ_IRQEN);
	watch();
	EXPECT_EQ(write(0x1000), BUS_FAULT);
	run();
	expect(seen.at(doorbell), NGNRE, OSH);

	push(CMD_SYNC | field_put(SYNC0_CS, SYNC0_CS_IRQ) | field_put(SYNC0_MSH, ISH) |
		     field_put(SYNC0_MSIATTR, 15),
	     doorbell + 64);
	run();
	expect(seen.at(doorbell + 64), WB, ISH);
}

} // namespace
