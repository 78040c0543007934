/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walker against structures that are written out as numbers, without the
 * table builder: IHI 0070, 5.2, 5.4, 7.3 and DDI 0487, D8.2, D8.3.
 */
#include "testbench/support/reference/walk.hpp"

#include <gtest/gtest.h>

namespace ref
{

class ByHand : public ::testing::Test
{
protected:
	ByHand()
	{
		/* S2P, S1P, TTF 0b10, HTTU 0b10, Hyp, ASID16, VMID16, CD2L, 2-level stream table.
		 */
		registers.idr[0] = 0x080c128b;
		/* SIDSIZE 16, SSIDSIZE 20, ATTR_PERMS_OVR. */
		registers.idr[1] = 0x04000510;
		/* HAD, XNX. */
		registers.idr[3] = 0x14;
		/* OAS 48, all granules. */
		registers.idr[5] = 0x75;
		registers.cr0 = 1;
		registers.cr2 = 2; /* RECINVSID */
		registers.strtab_base = 0x10000;
		registers.strtab_base_cfg = 8; /* linear, 256 STEs */
	}

	void Words(uint64_t address, std::initializer_list<uint64_t> words)
	{
		for (uint64_t word : words) {
			memory.Write64(address, word);
			address += 8;
		}
	}

	/* Stream 5: stage 1 by the CD at 0x20000, tables at 0x30000, T0SZ 25 (39 bits), 4 KiB. */
	void Stage1Stream()
	{
		/* STE: V, Config 0b101, S1ContextPtr; SHCFG 0b01 in word 1. */
		Words(0x10000 + 5 * 64, {0x2000b, 1ull << 44});
		/* CD: T0SZ, EPD1, V, IPS 48, AA64, R, A, ASID 7; TTB0. */
		Words(0x20000, {25 | 1ull << 30 | 1ull << 31 | 5ull << 32 | 1ull << 41 |
					1ull << 45 | 1ull << 46 | 7ull << 48,
				0x30000});
		/* 0x1234567000: index 0x48 at level 1, 0x1a2 at level 2, 0x167 at level 3. */
		Words(0x30000 + 8 * 0x48, {0x31003});
		Words(0x31000 + 8 * 0x1a2, {0x32003});
		/* AF, SH 0b11, AP[2:1] 0b01: read and write for all; page. */
		Words(0x32000 + 8 * 0x167, {0x80000743});
	}

	Outcome Walk(const Request &request)
	{
		return Walker(memory, registers).Walk(request);
	}

	SparseMemory memory;
	Registers registers;
};

TEST_F(ByHand, Stage1WalksThreeLevels)
{
	Stage1Stream();
	const Outcome outcome = Walk({.stream = 5, .address = 0x1234567abc});

	EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.Text();
	EXPECT_EQ(outcome.address, 0x80000abcu);
	EXPECT_FALSE(outcome.bypass);
	EXPECT_FALSE(outcome.recorded);
	ASSERT_EQ(outcome.accesses.size(), 5u);
	EXPECT_EQ(outcome.accesses[0].kind, AccessKind::kSte);
	EXPECT_EQ(outcome.accesses[0].address, 0x10140u);
	EXPECT_EQ(outcome.accesses[1].kind, AccessKind::kCd);
	EXPECT_EQ(outcome.accesses[1].address, 0x20000u);
	EXPECT_EQ(outcome.accesses[2].address, 0x30240u);
	EXPECT_EQ(outcome.accesses[3].address, 0x31d10u);
	EXPECT_EQ(outcome.accesses[4].address, 0x32b38u);
	EXPECT_EQ(outcome.accesses[4].value, 0x80000743u);
}

/* 7.3.13: number, StreamID; RnW 99; CLASS 105:104 = IN; InputAddr whole. */
TEST_F(ByHand, TranslationFaultIsRecordedBitByBit)
{
	Stage1Stream();
	const Outcome read = Walk({.stream = 5, .address = 0x1234568abc, .privileged = true});

	EXPECT_EQ(read.verdict, Verdict::kAborted);
	ASSERT_TRUE(read.recorded);
	EXPECT_EQ(read.event.record.word[0], 0x0000000500000010u);
	EXPECT_EQ(read.event.record.word[1], 1ull << 35 | 1ull << 33 | 2ull << 40);
	EXPECT_EQ(read.event.record.word[2], 0x1234568abcu);
	EXPECT_EQ(read.event.record.word[3], 0u);
	/* SubstreamID, STAG, TTRnW's bit (RES0 here) and IPA of a stage 1 fault. */
	EXPECT_EQ(read.event.mask.word[0], ~0xfffff000ull);
	EXPECT_EQ(read.event.mask.word[1], ~0xffffull);
	EXPECT_EQ(read.event.mask.word[2], ~0ull);
	EXPECT_EQ(read.event.mask.word[3], ~0x00fffffffffff000ull);
}

/* AP[2:1] 0b11: a write is a permission fault; and of an access without AF, F_ACCESS first. */
TEST_F(ByHand, WriteToReadOnlyPage)
{
	Stage1Stream();
	Words(0x32000 + 8 * 0x167, {0x800007c3});
	Outcome outcome = Walk({.stream = 5, .address = 0x1234567000, .write = true});
	EXPECT_EQ(outcome.event.record.word[0] & 0xff, 0x13u);
	EXPECT_EQ(outcome.event.record.word[1] & ~0xffffull, 2ull << 40);

	Words(0x32000 + 8 * 0x167, {0x800003c3});
	outcome = Walk({.stream = 5, .address = 0x1234567000, .write = true});
	EXPECT_EQ(outcome.event.record.word[0] & 0xff, 0x12u);
}

/* CD.{HA, HD}: bits 43 and 42; descriptor: DBM 51, AP[2] 7, AF 10. */
TEST_F(ByHand, HardwareSetsAccessFlagAndDirtyState)
{
	Stage1Stream();
	uint64_t word = 0;
	memory.Read64(0x20000, &word);
	Words(0x20000, {word | 3ull << 42});
	Words(0x32000 + 8 * 0x167, {1ull << 51 | 0x800003c3});
	const Outcome outcome = Walk({.stream = 5, .address = 0x1234567000, .write = true});

	EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.Text();
	ASSERT_EQ(outcome.updates.size(), 1u);
	EXPECT_EQ(outcome.updates[0].address, 0x32b38u);
	EXPECT_EQ(memory.Peek(0x32b38), 1ull << 51 | 0x80000743);
}

/*
 * Stream 6: stage 2, S2T0SZ 24 (40 bits) from level 1 (S2SL0 1): two tables
 * concatenated at 0x40000. Word 2: S2VMID, S2T0SZ 37:32, S2SL0 39:38, S2TG 47:46,
 * S2PS 50:48, S2AA64 51, S2R 58; word 3 is S2TTB.
 */
TEST_F(ByHand, Stage2StartsWithConcatenatedTables)
{
	Words(0x10000 + 6 * 64,
	      {0xd, 1ull << 44, 9 | 24ull << 32 | 1ull << 38 | 5ull << 48 | 1ull << 51 | 1ull << 58,
	       0x40000});
	/* 0x80_4000_0000 is entry 0x201 of the start: block of 1 GiB, S2AP 0b11, AF, WB. */
	Words(0x40000 + 8 * 0x201, {0xc0000000 | 0x7fd});
	Outcome outcome = Walk({.stream = 6, .address = 0x8040123456});
	EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.Text();
	EXPECT_EQ(outcome.address, 0xc0123456u);

	/* S2 103, CLASS IN, IPA 247:204. */
	outcome = Walk({.stream = 6, .address = 0x123456});
	ASSERT_TRUE(outcome.recorded);
	EXPECT_EQ(outcome.event.record.word[0], 0x0000000600000010u);
	EXPECT_EQ(outcome.event.record.word[1], 1ull << 35 | 1ull << 39 | 2ull << 40);
	EXPECT_EQ(outcome.event.record.word[3], 0x123000u);

	/* Beyond 40 bits: no descriptor is read. */
	outcome = Walk({.stream = 6, .address = 1ull << 40});
	EXPECT_EQ(outcome.event.Number(), kF_TRANSLATION);
	EXPECT_EQ(outcome.accesses.size(), 1u);
}

/* 64 KiB: T0SZ 22 (42 bits), level 2 index [41:29], level 3 [28:16]. TG0 7:6 = 0b01. */
TEST_F(ByHand, Granule64K)
{
	Stage1Stream();
	Words(0x20000, {22 | 1ull << 6 | 1ull << 30 | 1ull << 31 | 5ull << 32 | 1ull << 41 |
				1ull << 45 | 1ull << 46,
			0x100000});
	/* 0x2a5_f00d_1234: level 2 index 0x152f, level 3 index 0x100d. */
	Words(0x100000 + 8 * 0x152f, {0x200003});
	Words(0x200000 + 8 * 0x100d, {0x7fff0743});
	const Outcome outcome = Walk({.stream = 5, .address = 0x2a5f00d1234});

	EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.Text();
	EXPECT_EQ(outcome.address, 0x7fff1234u);
}

/* 16 KiB: T0SZ 16 starts at level 0 with 2 entries; TTB1's TG1 23:22 = 0b01. */
TEST_F(ByHand, Granule16KUpperHalf)
{
	Stage1Stream();
	Words(0x20000, {1ull << 14 | 16ull << 16 | 1ull << 22 | 1ull << 31 | 5ull << 32 |
				1ull << 41 | 1ull << 45 | 1ull << 46,
			0, 0x50000});
	/* 0xffff_9234_5678_9abc: bit 47 -> 1, [46:36] 0x123, [35:25] 0x22b, [24:14] 0x1e2. */
	Words(0x50008, {0x54003});
	Words(0x54000 + 8 * 0x123, {0x58003});
	Words(0x58000 + 8 * 0x22b, {0x5c003});
	Words(0x5c000 + 8 * 0x1e2, {0x90004743});
	const Outcome outcome = Walk({.stream = 5, .address = 0xffff923456789abc});

	EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.Text();
	EXPECT_EQ(outcome.address, 0x90005abcu);
}

/* 13.1.2: writes are data. */
TEST_F(ByHand, EventOfAWriteHasNoInstruction)
{
	EventFields fields;
	fields.number = kF_ACCESS;
	fields.instruction = true;
	EXPECT_EQ(MakeEvent(fields).record.word[1], 2ull << 40);
	fields.read = true;
	EXPECT_EQ(MakeEvent(fields).record.word[1], 2ull << 40 | 3ull << 34);
}

/* 7.3.16: TTRnW is told of CLASS TT only; InputAddr and IPA from bit 12. */
TEST_F(ByHand, EventsMatchWhereTheArchitectureSaysSomething)
{
	EventFields fields;
	fields.number = kF_PERMISSION;
	fields.stage2 = true;
	fields.ipa = 0x12345678;
	const Event e = MakeEvent(fields);
	uint64_t written[4] = {0x13, 2ull << 40 | 1ull << 39, 0, 0x12345000};
	EXPECT_TRUE(e.Matches(written));
	written[1] |= 1ull << 44 | 0x7777; /* TTRnW, STAG */
	EXPECT_TRUE(e.Matches(written));
	written[3] |= 1;
	EXPECT_FALSE(e.Matches(written));
	written[3] = 0x12345000;
	written[1] |= 1ull << 31; /* Stall */
	EXPECT_FALSE(e.Matches(written));
}

/* 7.3.4: FetchAddr 247:195 is [55:3] of the address; GPCF and the rest are zero. */
TEST_F(ByHand, SteFetchThatAborts)
{
	memory.Abort(0x10140, 64);
	const Outcome outcome = Walk({.stream = 5, .substream_valid = true, .substream = 9});

	EXPECT_EQ(outcome.verdict, Verdict::kAborted);
	ASSERT_TRUE(outcome.recorded);
	EXPECT_EQ(outcome.event.record.word[0], 5ull << 32 | 9 << 12 | 1 << 11 | 3);
	EXPECT_EQ(outcome.event.record.word[1], 0u);
	EXPECT_EQ(outcome.event.record.word[2], 0u);
	EXPECT_EQ(outcome.event.record.word[3], 0x10140u);
}

/* 5.1, 6.3.25: split 8; the L1STD of StreamID 0x305 is the fourth; span 3 has 4 STEs. */
TEST_F(ByHand, TwoLevelStreamTable)
{
	registers.strtab_base_cfg = 1 << 16 | 8 << 6 | 12;
	Words(0x10018, {0x60000 | 3});
	Words(0x60000 + 64, {0x9}); /* V, Config 0b100: bypass */
	Outcome outcome = Walk({.stream = 0x301, .address = 0x1000});
	EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.Text();
	EXPECT_TRUE(outcome.bypass);
	ASSERT_EQ(outcome.accesses.size(), 2u);
	EXPECT_EQ(outcome.accesses[0].address, 0x10018u);
	EXPECT_EQ(outcome.accesses[1].address, 0x60040u);

	outcome = Walk({.stream = 0x305});
	EXPECT_EQ(outcome.event.record.word[0], 0x305ull << 32 | 2);
}

} // namespace ref
