/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMSAv8-32 LPAE: IHI 0070, 3.4, 5.2, 5.4; DDI 0487, G5.5 (shapes), G5.6 (permissions),
 * G5.11 (faults).
 */
#include "testbench/unit/reference/bench.hpp"

#include <algorithm>

namespace ref
{

/* Which table translates an address, told bit by bit as AArch32.GetVARange does: -1, none. */
static int HalfByBits(uint32_t va, int t0sz, int t1sz)
{
	const auto zeros = [=](int size) {
		return size == 0 || va >> (32 - size) == 0;
	};
	const auto ones = [=](int size) {
		return size == 0 || va >> (32 - size) == Mask(size);
	};

	if (t0sz == 0 && t1sz == 0)
		return 0;
	if (t1sz == 0)
		return zeros(t0sz) ? 0 : 1;
	if (t0sz == 0)
		return ones(t1sz) ? 1 : 0;
	return zeros(t0sz) ? 0 : ones(t1sz) ? 1 : -1;
}

TEST(LpaeGeometry, HalvesOfAllSizes)
{
	for (int t0sz = 0; t0sz < 8; t0sz++) {
		for (int t1sz = 0; t1sz < 8; t1sz++) {
			const LpaeHalves halves = LpaeHalvesOf(t0sz, t1sz);
			for (uint64_t va = 0; va >> 32 == 0; va += 1 << 24) {
				for (const uint64_t near : {va, va | 0xffffff}) {
					const int half = near < halves.end0      ? 0
							 : near >= halves.begin1 ? 1
										 : -1;
					EXPECT_EQ(half, HalfByBits(near, t0sz, t1sz))
						<< std::hex << near << " T0SZ " << t0sz << " T1SZ "
						<< t1sz;
				}
			}
		}
	}
}

TEST(LpaeGeometry, StageTwoSizesAreSigned)
{
	EXPECT_EQ(LpaeIpaBits(8), 40);
	EXPECT_EQ(LpaeIpaBits(0xf), 33);
	EXPECT_EQ(LpaeIpaBits(0), 32);
	EXPECT_EQ(LpaeIpaBits(7), 25);
	EXPECT_EQ(LpaeIpaBits(0x37), 25); /* bits [5:4] are IGNORED */
	EXPECT_EQ(LpaeStage2StartLevel(0), 2);
	EXPECT_EQ(LpaeStage2StartLevel(1), 1);
	EXPECT_EQ(LpaeStage2StartLevel(2), -1);
}

/* The structures as numbers. */
class LpaeByHand : public ::testing::Test
{
protected:
	LpaeByHand()
	{
		/* S2P, S1P, TTF 0b11, HTTU 0b10, Hyp, ASID16, VMID16, CD2L. */
		registers.idr[0] = 0x080c128f;
		registers.idr[1] = 0x04000510; /* SIDSIZE 16, SSIDSIZE 20, ATTR_PERMS_OVR */
		registers.idr[3] = 0x14;       /* HAD, XNX */
		registers.idr[5] = 0x75;       /* OAS 48, all granules */
		registers.cr0 = 1;
		registers.strtab_base = 0x10000;
		registers.strtab_base_cfg = 8;
		/* Stream 5: V, Config 0b101, the CD at 0x20000; SHCFG 0b01. */
		Words(0x10000 + 5 * 64, {0x2000b, 1ull << 44});
	}

	void Words(uint64_t address, std::initializer_list<uint64_t> words)
	{
		for (uint64_t word : words) {
			memory.Write64(address, word);
			address += 8;
		}
	}

	Outcome Walk(const Request &request)
	{
		return Walker(memory, registers).Walk(request);
	}

	SparseMemory memory;
	Registers registers;
};

/*
 * 32 bits: level 1 has four entries, 32 bytes. CD: T0SZ 0 with bits [5:3] set, TG0 0b11, EPD1,
 * V, IPS 0 (32 bits), R, A: what is IGNORED is as wrong as can be.
 */
TEST_F(LpaeByHand, StageOneOf32Bits)
{
	Words(0x20000, {0x38 | 3 << 6 | 1 << 30 | 1ull << 31 | 1ull << 45 | 1ull << 46, 0x30000});
	/* 0x87654abc: index 2 at level 1, 0x3b at level 2, 0x54 at level 3. */
	Words(0x30010, {0x31003});
	Words(0x311d8, {0x32003});
	Words(0x322a0, {0xab80000743});
	const Outcome outcome = Walk({.stream = 5, .address = 0x87654abc});
	EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.Text();
	EXPECT_EQ(outcome.address, 0xab80000abcu);
	ASSERT_EQ(outcome.accesses.size(), 5u);
	EXPECT_EQ(outcome.accesses[2].address, 0x30010u);
	EXPECT_EQ(outcome.accesses[3].address, 0x311d8u);
	EXPECT_EQ(outcome.accesses[4].address, 0x322a0u);
	/* A block of 1 GiB at index 3. */
	Words(0x30018, {0xff40000741});
	EXPECT_EQ(Walk({.stream = 5, .address = 0xfedcba98}).address, 0xff7edcba98u);
}

/*
 * T1SZ 2: TTB1 has the last GiB, and its walk starts at level 2 with 512 entries; TTB0, of T0SZ
 * 0, has what is below.
 */
TEST_F(LpaeByHand, UpperHalfOf30Bits)
{
	Words(0x20000, {2 << 16 | 1ull << 31 | 1ull << 45 | 1ull << 46, 0x30000, 0x50000});
	/* 0xffe12345: index 0x1ff at level 2, 0x12 at level 3. */
	Words(0x50ff8, {0x51003});
	Words(0x51090, {0x90000743});
	Outcome outcome = Walk({.stream = 5, .address = 0xffe12345});
	EXPECT_EQ(outcome.address, 0x90000345u) << outcome.Text();
	EXPECT_EQ(outcome.accesses.size(), 4u);
	Words(0x30010, {0x140000741});
	EXPECT_EQ(Walk({.stream = 5, .address = 0xbfffffff}).address, 0x17fffffffu);
	Words(0x50000, {0x80200741});
	EXPECT_EQ(Walk({.stream = 5, .address = 0xc0000001}).address, 0x80200001u);
}

/* T1SZ 0, T0SZ 7: TTB0 has 32 MiB, 16 entries of level 2; TTB1 the rest, from level 1 on. */
TEST_F(LpaeByHand, UpperHalfOfAllButTheLeast)
{
	Words(0x20000, {7 | 1ull << 31 | 1ull << 45 | 1ull << 46, 0x30070, 0x50018});
	Words(0x30078, {0x80200741});
	EXPECT_EQ(Walk({.stream = 5, .address = 0x1ffffff}).address, 0x803fffffu);
	/* 0x2000000: index 0 at level 1, 0x10 at level 2. */
	Words(0x50000, {0x51003});
	Words(0x51080, {0x90000741});
	EXPECT_EQ(Walk({.stream = 5, .address = 0x2000000}).address, 0x90000000u);
}

/*
 * Stream 6, stage 2: S2T0SZ -8 (40 bits) with bits [5:4] set, S2SL0 1, S2TG 0b11, S2PS 0, S2R;
 * S2TTB with bits of its alignment to 8 KiB set.
 */
TEST_F(LpaeByHand, StageTwoOf40Bits)
{
	Words(0x10000 + 6 * 64,
	      {0xd, 1ull << 44, 9 | 0x38ull << 32 | 1ull << 38 | 3ull << 46 | 1ull << 58, 0x41ff0});
	/* 0x80_4012_3456: entry 0x201 of two concatenated tables of level 1. */
	Words(0x41008, {0xffc0000000 | 0x7fd});
	Outcome outcome = Walk({.stream = 6, .address = 0x8040123456});
	EXPECT_EQ(outcome.address, 0xffc0123456u) << outcome.Text();
	outcome = Walk({.stream = 6, .address = 0xffffffffff});
	ASSERT_TRUE(outcome.recorded);
	EXPECT_EQ(outcome.event.record.word[0], 0x0000000600000010u);
	EXPECT_EQ(outcome.event.record.word[1], 1ull << 35 | 1ull << 39 | 2ull << 40);
	EXPECT_EQ(outcome.event.record.word[2], 0xffffffffffu);
	EXPECT_EQ(outcome.event.record.word[3], 0xfffffff000u);
	/* 41 bits: nothing is walked. */
	outcome = Walk({.stream = 6, .address = 1ull << 40});
	EXPECT_EQ(outcome.event.Number(), kF_TRANSLATION);
	EXPECT_EQ(outcome.accesses.size(), 1u);
}

/* S2T0SZ -2 (34 bits), S2SL0 0: 16 concatenated tables of level 2, 64 KiB. */
TEST_F(LpaeByHand, StageTwoOf16ConcatenatedTables)
{
	Words(0x10000 + 6 * 64,
	      {0xd, 1ull << 44, 9 | 0xeull << 32 | 1ull << 58, 0x100000 | 0xfff0});
	Words(0x10fff8, {0x80200000 | 0x7fd});
	EXPECT_EQ(Walk({.stream = 6, .address = 0x3fff12345}).address, 0x80312345u);
	EXPECT_EQ(Walk({.stream = 6, .address = 0x400000000}).event.Number(), kF_TRANSLATION);
}

/* A stage 1 of both halves: 2 GiB for TTB0, the last 64 MiB for TTB1, between them a hole. */
class LpaeStage1 : public Bench
{
protected:
	LpaeStage1()
	{
		registers.idr[0] |= Put(idr0::kTTF, 3);
		ste = cds.In(ValidSte(kStage1Only));
		cd = upper.In(lower.In(ValidCd()));
		lower.Map(kPage, 0x80000000);
		upper.Map(kUpperPage, 0x90000000);
	}

	Outcome Ask(uint64_t address, bool privileged, bool instruction = false, bool write = false)
	{
		return Do({.stream = kStream,
			   .address = address,
			   .write = write,
			   .privileged = privileged,
			   .instruction = instruction});
	}

	/* What becomes of it, each way once: output addresses, or numbers of events. */
	std::vector<uint64_t> Ways(uint64_t address)
	{
		std::vector<uint64_t> ways;

		Configure();
		for (const Outcome &outcome :
		     Walker(memory, registers).Allowed({.stream = kStream, .address = address}))
			ways.push_back(outcome.verdict == Verdict::kPassed
					       ? outcome.address
					       : outcome.event.Number());
		std::sort(ways.begin(), ways.end());
		return ways;
	}

	using List = std::vector<uint64_t>;
	static constexpr uint64_t kPage = 0x12345000, kUpperPage = 0xffff0000;
	Stage1 lower{memory, {.lpae = true, .ia_bits = 31}};
	Stage1 upper{memory, {.lpae = true, .ia_bits = 26, .upper = true}};
};

TEST_F(LpaeStage1, BothHalvesAndTheHole)
{
	EXPECT_EQ(lower.StartLevel(), 1);
	EXPECT_EQ(upper.StartLevel(), 2);
	EXPECT_EQ(cd.Get(cd::kT0SZ), 1u);
	EXPECT_EQ(cd.Get(cd::kT1SZ), 6u);
	EXPECT_EQ(Read(kPage + 0x123).address, 0x80000123u);
	EXPECT_EQ(Read(kUpperPage + 0x123).address, 0x90000123u);
	/* As far as the hole reaches, nothing is walked. */
	for (const uint64_t hole : {0x80000000u, 0xfbffffffu}) {
		const Outcome outcome = Read(hole);
		EXPECT_EVENT(outcome, kF_TRANSLATION);
		EXPECT_EQ(outcome.accesses.size(), 2u);
		EXPECT_EQ(outcome.event.record.Get(event::kS2), 0u);
		EXPECT_EQ(outcome.event.record.Get(event::kCLASS), uint64_t{kClassIn});
	}
	for (const uint64_t edge : {0x7fffffffu, 0xfc000000u})
		EXPECT_GT(Read(edge).accesses.size(), 2u);
}

/* 3.4.1: none of the upper 32 bits may be set; TBI and sign extension do not help. */
TEST_F(LpaeStage1, UpperBitsOfTheAddress)
{
	cd.Set(cd::kTBI0, 1).Set(cd::kTBI1, 1);
	for (const uint64_t above :
	     {1ull << 32, 1ull << 40, 1ull << 55, 0xabull << 56, 0xffffffffull << 32}) {
		for (const uint64_t page : {kPage, kUpperPage}) {
			const Outcome outcome = Read(above | page);
			EXPECT_EVENT(outcome, kF_TRANSLATION);
			EXPECT_EQ(outcome.accesses.size(), 2u);
			EXPECT_EQ(outcome.event.record.Get(event::kInputAddr), above | page);
		}
	}
	/* Nor do they hide behind halves that fill all 32 bits. */
	cd.Set(cd::kT1SZ, 1);
	EXPECT_EVENT(Read(1ull << 32 | kPage), kF_TRANSLATION);
}

/* 5.4.1.1; E0PD is VMSAv8-64's. */
TEST_F(LpaeStage1, DisabledHalves)
{
	registers.idr[3] |= Put(idr3::kE0PD, 1);
	cd.Set(cd::kE0PD0, 1).Set(cd::kE0PD1, 1);
	EXPECT_EQ(Read(kPage).verdict, Verdict::kPassed);
	cd.Set(cd::kEPD0, 1).Set(cd::kTTB0, ~0ull);
	EXPECT_EQ(Ways(kPage), List{kF_TRANSLATION});
	EXPECT_EQ(Ways(kUpperPage), List{0x90000000});
	cd.Set(cd::kEPD0, 0).Set(cd::kEPD1, 1).Set(cd::kTTB0, lower.Base() >> 4);
	EXPECT_EQ(Ways(kPage), List{0x80000000});
	EXPECT_EQ(Ways(kUpperPage), List{kF_TRANSLATION});
}

/* TxSZ of a half that is off: IGNORED, or the limit of the other half. */
TEST_F(LpaeStage1, SizesOfDisabledHalves)
{
	Stage1 all(memory, {.lpae = true, .ia_bits = 32});
	Stage1 all_upper(memory, {.lpae = true, .ia_bits = 32, .upper = true});

	all.Map(kPage, 0xa0000000).Map(kUpperPage, 0xa1000000);
	cd = all.In(cd).Set(cd::kEPD1, 1);
	EXPECT_EQ(Ways(kPage), List{0xa0000000});
	EXPECT_EQ(Ways(kUpperPage), (List{kF_TRANSLATION, 0xa1000000}));
	EXPECT_EVENT(Read(kUpperPage), kF_TRANSLATION);
	cd.Set(cd::kT1SZ, 0);
	EXPECT_EQ(Ways(kUpperPage), List{0xa1000000});

	all_upper.Map(kUpperPage, 0xb0000000);
	cd = all_upper.In(cd).Set(cd::kT0SZ, 1).Set(cd::kEPD0, 1);
	EXPECT_EQ(Ways(kUpperPage), (List{kF_TRANSLATION, 0xb0000000}));
	EXPECT_EQ(Read(kUpperPage).address, 0xb0000000u);
	EXPECT_EQ(Ways(kPage), List{kF_TRANSLATION});
	/* With both of them zero there is no TTB1. */
	cd.Set(cd::kT0SZ, 0);
	EXPECT_EQ(Ways(kUpperPage), List{kF_TRANSLATION});
}

/* G5.11.1.3, 5.4 IPS: bits [47:40] of each descriptor; bits [51:48] are none of the address. */
TEST_F(LpaeStage1, OutputBeyond40Bits)
{
	cd.Set(cd::kIPS, 0);
	lower.Map(kPage, 0xff80000000, 3, {.extra = 0xfull << 48});
	EXPECT_EQ(Read(kPage).address, 0xff80000000u);
	for (int level = 1; level <= 3; level++) {
		for (int bit = 40; bit < 48; bit++) {
			const uint64_t before = lower.Descriptor(kPage, level);
			lower.SetDescriptor(kPage, level, before | 1ull << bit);
			const Outcome outcome = Read(kPage);
			EXPECT_EVENT(outcome, kF_ADDR_SIZE);
			EXPECT_EQ(outcome.accesses.size(), 2u + level);
			EXPECT_EQ(outcome.event.record.Get(event::kS2), 0u);
			lower.SetDescriptor(kPage, level, before);
		}
	}
	/* A block; and the address comes before the access flag. */
	lower.Map(0x40000000, 1ull << 40, 1, {.access = false});
	EXPECT_EVENT(Read(0x40000000), kF_ADDR_SIZE);
}

/* 3.4: 40 bits, cut off where the OAS is less; of tables 3.4.3 has it otherwise. */
TEST_F(LpaeStage1, OutputBeyondTheOas)
{
	registers.idr[5] = (registers.idr[5] & ~7u) | 1; /* 36 bits */
	lower.Map(kPage, 0xab80000000);
	EXPECT_EQ(Ways(kPage), List{0xb80000000});
	lower.SetDescriptor(kPage, 2, lower.Descriptor(kPage, 2) | 1ull << 38);
	EXPECT_EQ(Ways(kPage), List{kF_ADDR_SIZE});
	cd.Set(cd::kTTB1, (upper.Base() | 1ull << 39) >> 4);
	EXPECT_EQ(Ways(kUpperPage), (List{kC_BAD_CD, 0x90000000}));
	EXPECT_EQ(Read(kUpperPage).address, 0x90000000u);
	cd.Set(cd::kEPD1, 1);
	EXPECT_EQ(Ways(kPage), List{kF_ADDR_SIZE});
}

TEST_F(LpaeStage1, BlocksPagesAndGroups)
{
	lower.Map(0x40000000, 0x1c0000000, 1).Map(0x200000, 0x80200000, 2);
	upper.Map(0xfc200000, 0x80600000, 2);
	EXPECT_EQ(Read(0x7fffffff).address, 0x1ffffffffu);
	EXPECT_EQ(Read(0x3fffff).address, 0x803fffffu);
	EXPECT_EQ(Read(0xfc3fffff).address, 0x807fffffu);
	lower.SetDescriptor(kPage, 3, 0x80000741); /* a block at level 3 */
	EXPECT_EVENT(Read(kPage), kF_TRANSLATION);
	lower.Map(kPage, 0x80005000, 3, {.contiguous = true});
	upper.Map(0xfe000000, 0x82000000, 2, {.contiguous = true});
	for (uint64_t i = 0; i < 16; i++) {
		EXPECT_EQ(Read(0x12340000 + 0x1000 * i).address, 0x80000000 + 0x1000 * i);
		EXPECT_EQ(Read(0xfe000000 + 0x200000 * i).address, 0x82000000 + 0x200000 * i);
	}
	EXPECT_EVENT(Read(0x12350000), kF_TRANSLATION);
}

/* G5.5.5.1: a block or a group that reaches beyond its half may be as good as none. */
TEST_F(LpaeStage1, LeavesThatReachTooFar)
{
	Stage1 all(memory, {.lpae = true, .ia_bits = 32});

	/* TTB1 from 0xfc000000 on: within the last GiB. */
	cd = all.In(cd);
	all.Map(0xc0000000, 0x1c0000000, 1).Map(0x80000000, 0x180000000, 1);
	EXPECT_EQ(Ways(0xc0000000), (List{kF_TRANSLATION, 0x1c0000000}));
	EXPECT_EQ(Ways(0x80000000), List{0x180000000});
	EXPECT_EQ(Ways(kUpperPage), List{0x90000000});
	/* TTB0 has but 32 MiB of the first GiB, and TTB1 the rest. */
	Stage1 least(memory, {.lpae = true, .ia_bits = 25});
	Stage1 most(memory, {.lpae = true, .ia_bits = 32, .upper = true});
	most.Map(0, 0x140000000, 1).Map(0x40000000, 0x180000000, 1);
	cd = most.In(least.In(cd));
	EXPECT_EQ(Ways(0x2000000), (List{kF_TRANSLATION, 0x142000000}));
	EXPECT_EQ(Ways(0x40000000), List{0x180000000});
	/* The first half without TTB1. */
	cd = all.In(cd);
	cd.Set(cd::kT1SZ, 0).Set(cd::kEPD1, 1);
	EXPECT_EQ(Ways(0xc0000000), List{0x1c0000000});
	/* Sixteen blocks of 1 GiB do not go into 32 bits. */
	all.Map(0x80000000, 0x400000000, 1, {.contiguous = true});
	EXPECT_EQ(Ways(0x80000000), (List{kF_TRANSLATION, 0x480000000}));
}

/* 5.4, HA: IGNORED, as is HD, whatever IDR0.HTTU; AFFD counts all the same. */
TEST_F(LpaeStage1, NothingIsUpdated)
{
	cd.Set(cd::kHA, 1).Set(cd::kHD, 1);
	lower.Map(kPage, 0x80000000, 3, {.access = false, .dirty_modifier = true});
	EXPECT_EVENT(Read(kPage), kF_ACCESS);
	cd.Set(cd::kAFFD, 1);
	Outcome outcome = Read(kPage);
	EXPECT_EQ(outcome.verdict, Verdict::kPassed);
	EXPECT_TRUE(outcome.updates.empty());
	/* Clean, but there is no such state. */
	lower.Map(kPage, 0x80000000, 3, {.read_only = true, .dirty_modifier = true});
	outcome = Write(kPage);
	EXPECT_EVENT(outcome, kF_PERMISSION);
	EXPECT_TRUE(outcome.updates.empty());
	registers.idr[0] |= Put(idr0::kHTTU, 3);
	cd.Set(cd::kHAFT, 1);
	EXPECT_TRUE(Read(kPage).updates.empty());
	registers.idr[0] &= ~Put(idr0::kHTTU, 3);
	EXPECT_EQ(Read(kPage).verdict, Verdict::kPassed);
}

TEST_F(LpaeStage1, BigEndianTables)
{
	Stage1 big(memory, {.lpae = true, .ia_bits = 30, .big_endian = true});

	big.Map(kPage, 0xa0000000);
	cd = big.In(ValidCd());
	EXPECT_EQ(Read(kPage).address, 0xa0000000u);
	cd.Set(cd::kENDI, 0);
	EXPECT_EVENT(Read(kPage), kF_TRANSLATION);
}

/* HTCR: one half, AP[1], PXN and ASID do not exist, EPD0 is IGNORED. */
TEST_F(LpaeStage1, StreamWorldEl2)
{
	ste.Set(ste::kSTRW, 2);
	cd.Set(cd::kEPD0, 1).Set(cd::kUWXN, 1).Set(cd::kPAN, 1);
	lower.Map(kPage, 0x80000000, 3, {.user = false, .pxn = true});
	lower.TableAttr(kPage, 2, {.ap = 1, .pxn = true});
	EXPECT_EQ(Read(kPage).verdict, Verdict::kPassed);
	EXPECT_EQ(Write(kPage).verdict, Verdict::kPassed);
	EXPECT_EQ(Ask(kPage, true).verdict, Verdict::kPassed);
	EXPECT_EQ(Ask(kPage, false, true).verdict, Verdict::kPassed);
	/* Beyond T0SZ, T1SZ is of no matter. */
	const Outcome beyond = Read(0x80000000 | kPage);
	EXPECT_EVENT(beyond, kF_TRANSLATION);
	EXPECT_EQ(beyond.accesses.size(), 2u);
	EXPECT_EVENT(Read(kUpperPage), kF_TRANSLATION);
	cd.Set(cd::kWXN, 1);
	EXPECT_EVENT(Ask(kPage, true, true), kF_PERMISSION);
	lower.TableAttr(kPage, 2, {.ap = 2});
	EXPECT_EQ(Ask(kPage, true, true).verdict, Verdict::kPassed);
	EXPECT_EVENT(Write(kPage), kF_PERMISSION);
	lower.TableAttr(kPage, 1, {.uxn = true});
	EXPECT_EVENT(Ask(kPage, true, true), kF_PERMISSION);
	/* All 32 bits. */
	Stage1 all(memory, {.lpae = true, .ia_bits = 32});
	all.Map(kUpperPage, 0xa1000000);
	cd = all.In(cd);
	EXPECT_EQ(Read(kUpperPage).address, 0xa1000000u);
	registers.cr2 |= Put(cr2::kE2H, 1);
	EXPECT_EVENT(Read(kUpperPage), kC_BAD_CD);
}

/* MAIR, as of the other format. */
TEST_F(LpaeStage1, MemoryAttributes)
{
	cd.Set(cd::kMAIR1, 0x04ff0044);
	lower.Map(kPage, 0x80000000, 3, {.shareability = 3, .attr_index = 7});
	EXPECT_TRUE(Read(kPage).attributes.Permit(0x04, kOuterShareable));
	lower.Map(kPage, 0x80000000, 3, {.shareability = 3, .attr_index = 6});
	EXPECT_TRUE(Read(kPage).attributes.Permit(0xff, kInnerShareable));
}

TEST_F(LpaeStage1, WhatCannotBeBuilt)
{
	const TablesOptions wrong[] = {
		{.lpae = true, .granule_bits = kGranule64K, .ia_bits = 32},
		{.lpae = true, .ia_bits = 33},
		{.lpae = true, .ia_bits = 24},
		{.lpae = true, .ia_bits = 31, .start_level = 2},
	};

	for (const TablesOptions &how : wrong)
		EXPECT_THROW(Stage1(memory, how), std::invalid_argument);
	EXPECT_THROW(Stage2(memory, {.lpae = true, .ia_bits = 41}), std::invalid_argument);
	EXPECT_THROW(Stage2(memory, {.lpae = true, .ia_bits = 40, .start_level = 0}),
		     std::invalid_argument);
}

} // namespace ref
