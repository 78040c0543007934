/* SPDX-License-Identifier: Apache-2.0 */
/* Address sizes, ranges, levels and shapes of tables: IHI 0070, 3.4, 5.4.1.1; DDI 0487, D8.2. */
#include "testbench/unit/reference/bench.hpp"

namespace ref
{

TEST(Geometry, ShiftsOfLevels)
{
	/* Tables D8-16, D8-26, D8-35. */
	EXPECT_EQ(LevelShift(kGranule4K, 0), 39);
	EXPECT_EQ(LevelShift(kGranule4K, 1), 30);
	EXPECT_EQ(LevelShift(kGranule4K, 2), 21);
	EXPECT_EQ(LevelShift(kGranule4K, 3), 12);
	EXPECT_EQ(LevelShift(kGranule16K, 0), 47);
	EXPECT_EQ(LevelShift(kGranule16K, 1), 36);
	EXPECT_EQ(LevelShift(kGranule16K, 2), 25);
	EXPECT_EQ(LevelShift(kGranule16K, 3), 14);
	EXPECT_EQ(LevelShift(kGranule64K, 1), 42);
	EXPECT_EQ(LevelShift(kGranule64K, 2), 29);
	EXPECT_EQ(LevelShift(kGranule64K, 3), 16);
}

/* Tables D8-18, D8-28, D8-37: first and last TxSZ of each row. */
TEST(Geometry, StartLevelsOfStage1)
{
	static const struct {
		int granule_bits, level, first, last;
	} rows[] = {
		{kGranule4K, 0, 16, 24},  {kGranule4K, 1, 25, 33},  {kGranule4K, 2, 34, 42},
		{kGranule4K, 3, 43, 48},  {kGranule16K, 0, 16, 16}, {kGranule16K, 1, 17, 27},
		{kGranule16K, 2, 28, 38}, {kGranule16K, 3, 39, 48}, {kGranule64K, 1, 12, 21},
		{kGranule64K, 2, 22, 34}, {kGranule64K, 3, 35, 47},
	};

	for (const auto &row : rows)
		for (int size = row.first; size <= row.last; size++)
			EXPECT_EQ(Stage1StartLevel(row.granule_bits, 64 - size), row.level)
				<< row.granule_bits << " T0SZ " << size;
}

class Addresses : public Stage1Bench
{
};

TEST_F(Addresses, VirtualAddressOutsideTxszFaults)
{
	tables.Map(0, 0x80000000);
	EXPECT_EQ(Read(0x10).address, 0x80000010u);
	EXPECT_EVENT(Read(1ull << 39), kF_TRANSLATION);
	EXPECT_EVENT(Read(1ull << 56), kF_TRANSLATION);
	/* VA[55] selects TTB1, which EPD1 turns off; nothing is walked. */
	const Outcome upper = Read(0xffffffffffffff00);
	EXPECT_EVENT(upper, kF_TRANSLATION);
	EXPECT_EQ(upper.accesses.size(), 2u);
}

/* 3.4.1: TBI ignores VA[63:56]; events tell them all the same. */
TEST_F(Addresses, TopByteIgnored)
{
	Stage1 upper(memory, {.ia_bits = 48, .upper = true});
	tables.Map(0x12345000, 0x80000000);
	upper.Map(0xffffffff12345000, 0x90000000);
	cd = upper.In(cd);
	EXPECT_EVENT(Read(0xab00000012345000), kF_TRANSLATION);
	cd.Set(cd::kTBI0, 1);
	EXPECT_EQ(Read(0xab00000012345678).address, 0x80000678u);
	EXPECT_EVENT(Read(0xabffffff12345678), kF_TRANSLATION);
	cd.Set(cd::kTBI1, 1);
	EXPECT_EQ(Read(0xabffffff12345678).address, 0x90000678u);
	EXPECT_EQ(Read(0xffffffff12345678).address, 0x90000678u);
	const Outcome fault = Read(0xab00000012346000);
	EXPECT_EVENT(fault, kF_TRANSLATION);
	EXPECT_EQ(fault.event.record.Get(event::kInputAddr), 0xab00000012346000u);
}

/* 5.4.1.1 */
TEST_F(Addresses, DisabledTableIsNotWalked)
{
	tables.Map(0x12345000, 0x80000000);
	cd.Set(cd::kEPD0, 1);
	const Outcome outcome = Read(0x12345000);
	EXPECT_EVENT(outcome, kF_TRANSLATION);
	EXPECT_EQ(outcome.accesses.size(), 2u);
}

/* 5.2 S2TTB, 5.4 TTB0: bits below the starting table's alignment are taken as zero. */
TEST_F(Addresses, TableBasesAreAligned)
{
	tables.Map(0x12345000, 0x80000000);
	cd.Set(cd::kTTB0, (tables.Base() | 0xff0) >> 4);
	EXPECT_EQ(Read(0x12345000).address, 0x80000000u);
	/* 25 bits, 4 KiB: a start of 16 entries, 128 bytes. */
	Stage1 small(memory, {.ia_bits = 25});
	small.Map(0x1ffffff & ~0xfffull, 0x90000000);
	cd = small.In(ValidCd());
	EXPECT_EQ(Read(0x1fff000).address, 0x90000000u);
	cd.Set(cd::kTTB0, (small.Base() | 0x70) >> 4);
	EXPECT_EQ(Read(0x1fff000).address, 0x90000000u);
	Stage2 tables2(memory, {.ia_bits = 40, .start_level = 1});
	tables2.Map(0x8012345000, 0xa0000000);
	ste = tables2.In(ValidSte(kStage2Only));
	ste.Set(ste::kS2TTB, (tables2.Base() | 0x1ff0) >> 4);
	EXPECT_EQ(Read(0x8012345000).address, 0xa0000000u);
}

/* EL2 has TTB0 only. */
TEST_F(Addresses, El2HasNoUpperHalf)
{
	Stage1 upper(memory, {.ia_bits = 48, .upper = true});
	upper.Map(0xffffffff12345000, 0x90000000);
	cd = upper.In(cd);
	EXPECT_EQ(Read(0xffffffff12345678).verdict, Verdict::kPassed);
	ste.Set(ste::kSTRW, 2);
	EXPECT_EVENT(Read(0xffffffff12345678), kF_TRANSLATION);
	/* There EPD0 is ignored. */
	tables.Map(0x12345000, 0x80000000);
	cd.Set(cd::kEPD0, 1);
	EXPECT_EQ(Read(0x12345000).verdict, Verdict::kPassed);
}

TEST_F(Addresses, OutputBeyondIpsFaultsAtEveryLevel)
{
	tables.Map(0x12345000, 1ull << 36);
	cd.Set(cd::kIPS, 1); /* 36 bits */
	EXPECT_EVENT(Read(0x12345000), kF_ADDR_SIZE);
	tables.Map(0x12345000, (1ull << 36) - 0x1000);
	EXPECT_EQ(Read(0x12345000).verdict, Verdict::kPassed);
	tables.SetDescriptor(0x12345000, 1, (1ull << 40) | 3);
	const Outcome outcome = Read(0x12345000);
	EXPECT_EVENT(outcome, kF_ADDR_SIZE);
	EXPECT_EQ(outcome.event.record.Get(event::kS2), 0u);
	/* Capped by the OAS. */
	cd.Set(cd::kIPS, 5);
	registers.idr[5] = (registers.idr[5] & ~7u) | 1;
	EXPECT_EVENT(Read(0x12345000), kF_ADDR_SIZE);
}

/* 3.4: an address that bypasses stage 1 is compared with IAS or OAS; A, R, S do not count. */
TEST_F(Addresses, BypassedAddressBeyondTheOas)
{
	ste = ValidSte(kBypass);
	EXPECT_EQ(Read(0xffffffffffff).verdict, Verdict::kPassed);
	Outcome outcome = Read(1ull << 48);
	EXPECT_EQ(outcome.verdict, Verdict::kAborted);
	EXPECT_EVENT(outcome, kF_ADDR_SIZE);
	EXPECT_EQ(outcome.event.record.Get(event::kS2), 0u);
	EXPECT_EQ(outcome.event.record.Get(event::kCLASS), uint64_t{kClassIn});

	Stage2 tables2(memory, {.ia_bits = 40});
	ste = tables2.In(ValidSte(kStage2Only)).Set(ste::kS2S, 1).Set(ste::kS2R, 0);
	outcome = Read(1ull << 48);
	EXPECT_EQ(outcome.verdict, Verdict::kAborted);
	EXPECT_EVENT(outcome, kF_ADDR_SIZE);
}

TEST_F(Addresses, BlocksOfEveryLevelThatHasThem)
{
	tables.Map(0x40000000, 0x1c0000000, 1).Map(0x200000, 0x80200000, 2);
	EXPECT_EQ(Read(0x7fffffff).address, 0x1ffffffffu);
	EXPECT_EQ(Read(0x3fffff).address, 0x803fffffu);
	/* A level 3 descriptor with bit 1 clear, a level 0 block of 4 KiB granules: invalid. */
	tables.MakeTables(0x12345000, 3);
	tables.SetDescriptor(0x12345000, 3, 0x80000741);
	EXPECT_EVENT(Read(0x12345000), kF_TRANSLATION);
	Stage1 deep(memory, {.ia_bits = 48});
	deep.SetDescriptor(0x12345000, 0, 0x741);
	cd = deep.In(ValidCd());
	EXPECT_EVENT(Read(0x12345000), kF_TRANSLATION);
}

/* Bits [15:12] of 64 KiB descriptors are address bits [51:48] where the OAS is 52. */
TEST_F(Addresses, OutputOf52Bits)
{
	registers.idr[5] = (registers.idr[5] & ~7u) | 6 | Put(idr5::kVAX, 1);
	Stage1 wide(memory, {.granule_bits = kGranule64K, .ia_bits = 52, .oa_52 = true});
	wide.Map(0xf000012340000, 0xa000080000000).Map(0x40000000000, 0xb0c0000000000, 1);
	EXPECT_EQ(wide.Descriptor(0xf000012340000, 3) & 0xffffffffffff, 0x8000af43u);
	cd = wide.In(ValidCd()).Set(cd::kIPS, 6);
	EXPECT_EQ(Read(0xf000012345678).address, 0xa000080005678u);
	EXPECT_EQ(Read(0x43210000000).address, 0xb0c0000000000 + 0x3210000000);
	cd.Set(cd::kIPS, 5);
	EXPECT_EVENT(Read(0xf000012345678), kF_ADDR_SIZE);
	/* Without, those bits are RES0 and there are no blocks of 4 TiB. */
	registers.idr[5] = (registers.idr[5] & ~7u) | 5;
	EXPECT_EQ(Read(0xf000012345678).address, 0x80005678u);
	EXPECT_EVENT(Read(0x43210000000), kF_TRANSLATION);
}

TEST_F(Addresses, ContiguousGroupsAreWhatTheGranuleHas)
{
	tables.Map(0x12345000, 0x80005000, 3, {.contiguous = true});
	for (uint64_t page = 0; page < 16; page++)
		EXPECT_EQ(Read(0x12340000 + 0x1000 * page).address, 0x80000000 + 0x1000 * page);
	EXPECT_EVENT(Read(0x12350000), kF_TRANSLATION);
}

/* D8.7.1.3: a group that reaches beyond T0SZ may be as good as none. */
TEST_F(Addresses, GroupsThatReachTooFar)
{
	static const struct {
		int granule_bits, ia_bits, level;
		std::size_t ways;
	} rows[] = {
		{kGranule4K, 33, 1, 2},
		{kGranule4K, 34, 1, 1},
		{kGranule64K, 33, 2, 2},
		{kGranule64K, 34, 2, 1},
	};

	for (const auto &row : rows) {
		Stage1 small(memory, {.granule_bits = row.granule_bits, .ia_bits = row.ia_bits});
		small.Map(0x80000000, 0x400000000, row.level, {.contiguous = true});
		cd = small.In(ValidCd());
		Configure();
		const auto allowed = Walker(memory, registers)
					     .Allowed({.stream = kStream, .address = 0x80001000});
		ASSERT_EQ(allowed.size(), row.ways);
		EXPECT_EQ(allowed[0].address, 0x480001000u);
		if (row.ways == 2)
			EXPECT_EVENT(allowed[1], kF_TRANSLATION);
	}
}

TEST_F(Addresses, E0pdHidesAHalfFromUsers)
{
	registers.idr[3] |= Put(idr3::kE0PD, 1);
	tables.Map(0x12345000, 0x80000000);
	cd.Set(cd::kE0PD0, 1);
	EXPECT_EVENT(Read(0x12345000), kF_TRANSLATION);
	EXPECT_EQ(Do({.stream = kStream, .address = 0x12345000, .privileged = true}).verdict,
		  Verdict::kPassed);
}

/* Every legal start of stage 2, with the address whose index has all bits set. */
TEST_F(Bench, Stage2StartsOfAllShapes)
{
	static const struct {
		int granule_bits, level, least, greatest;
	} shapes[] = {
		{kGranule4K, 0, 16, 24},  {kGranule4K, 1, 21, 33},  {kGranule4K, 2, 30, 42},
		{kGranule4K, 3, 39, 48},  {kGranule16K, 1, 16, 27}, {kGranule16K, 2, 24, 38},
		{kGranule16K, 3, 35, 48}, {kGranule64K, 1, 16, 21}, {kGranule64K, 2, 18, 34},
		{kGranule64K, 3, 31, 47},
	};

	for (const auto &shape : shapes) {
		for (int size = shape.least; size <= shape.greatest; size++) {
			const uint64_t last = Mask(64 - size);
			Stage2 tables(memory, {.granule_bits = shape.granule_bits,
					       .ia_bits = 64 - size,
					       .start_level = shape.level});
			tables.Map(last & ~Mask(shape.granule_bits), 0x90000);
			ste = tables.In(ValidSte(kStage2Only));
			const Outcome outcome = Read(last);
			EXPECT_EQ(outcome.address, 0x90000 + Mask(shape.granule_bits))
				<< shape.granule_bits << " level " << shape.level << " S2T0SZ "
				<< size << ": " << outcome.Text();
			EXPECT_EVENT(Read(last + 1), size == 16 ? kF_ADDR_SIZE : kF_TRANSLATION);
		}
	}
}

TEST_F(Stage2Bench, OutputBeyondS2psFaults)
{
	tables2.Map(0x1000, 1ull << 40);
	ste.Set(ste::kS2PS, 2); /* 40 bits */
	const Outcome outcome = Read(0x1234);
	EXPECT_EVENT(outcome, kF_ADDR_SIZE);
	EXPECT_EQ(outcome.event.record.Get(event::kS2), 1u);
	EXPECT_EQ(outcome.event.record.Get(event::kIPA), 1u);
	ste.Set(ste::kS2PS, 7);
	EXPECT_EQ(Read(0x1234).address, (1ull << 40) + 0x234);
}

} // namespace ref
