/* SPDX-License-Identifier: Apache-2.0 */
/* Two stages: each fetch of stage 1 goes through stage 2 (IHI 0070, 3.12, 3.13.5, 7.3). */
#include "testbench/unit/reference/bench.hpp"

namespace ref
{

class Nested : public NestedBench
{
protected:
	Nested()
	{
		tables.Map(0x12345000, 0x80000000);
		tables2.Map(0x80000000, 0x90000000);
	}

	/* CD and the three tables, each in an IPA page of its own. */
	uint64_t TableIpa(int level)
	{
		return tables.DescriptorIpa(0x12345000, level);
	}
};

TEST_F(Nested, EveryFetchGoesThroughStage2)
{
	const Outcome outcome = ReadNested(0x12345678);
	int stage1 = 0, stage2 = 0;

	EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.Text();
	EXPECT_EQ(outcome.address, 0x90000678u);
	for (const Access &access : outcome.accesses) {
		stage1 += access.kind == AccessKind::kStage1;
		stage2 += access.kind == AccessKind::kStage2;
	}
	/* CD, three tables, output: five walks of stage 2, four levels each (40 bits: from 0). */
	EXPECT_EQ(stage1, 3);
	EXPECT_EQ(stage2, 20);
}

TEST_F(Nested, Stage2FaultOfCdFetch)
{
	Configure();
	tables2.Unmap(0x50000000, 3);
	const Outcome outcome = ReadNested(0x12345678);

	EXPECT_EQ(outcome.verdict, Verdict::kAborted);
	EXPECT_EVENT(outcome, kF_TRANSLATION);
	EXPECT_EQ(outcome.event.record.Get(event::kS2), 1u);
	EXPECT_EQ(outcome.event.record.Get(event::kCLASS), uint64_t{kClassCd});
	EXPECT_EQ(outcome.event.record.Get(event::kIPA), 0x50000u);
	EXPECT_EQ(outcome.event.record.Get(event::kInputAddr), 0x12345678u);
}

TEST_F(Nested, Stage2FaultOfTableFetchTellsTheDescriptorsIpa)
{
	const uint64_t ipa = TableIpa(2);
	tables2.Unmap(ipa, 3);
	const Outcome outcome = ReadNested(0x12345678);

	EXPECT_EVENT(outcome, kF_TRANSLATION);
	EXPECT_EQ(outcome.event.record.Get(event::kS2), 1u);
	EXPECT_EQ(outcome.event.record.Get(event::kCLASS), uint64_t{kClassTt});
	EXPECT_EQ(outcome.event.record.Get(event::kIPA), ipa >> 12);
}

TEST_F(Nested, Stage2FaultOfOutput)
{
	tables2.Unmap(0x80000000, 3);
	const Outcome outcome = WriteNested(0x12345678);

	EXPECT_EVENT(outcome, kF_TRANSLATION);
	EXPECT_EQ(outcome.event.record.Get(event::kCLASS), uint64_t{kClassIn});
	EXPECT_EQ(outcome.event.record.Get(event::kIPA), 0x80000u);
	EXPECT_EQ(outcome.event.record.Get(event::kRnW), 0u);
}

TEST_F(Nested, Stage1FaultIsStage1s)
{
	const Outcome outcome = ReadNested(0x12346000);

	EXPECT_EVENT(outcome, kF_TRANSLATION);
	EXPECT_EQ(outcome.event.record.Get(event::kS2), 0u);
	EXPECT_EQ(outcome.event.record.Get(event::kCLASS), uint64_t{kClassIn});
}

/* 7.3.12: an abort of the stage 1 descriptor is S2 == 0, CLASS == TT, FetchAddr its PA. */
TEST_F(Nested, AbortOfAStage1Descriptor)
{
	const uint64_t pa = tables.DescriptorAddress(0x12345000, 3);
	memory.Abort(pa, 8);
	const Outcome outcome = ReadNested(0x12345678);

	EXPECT_EVENT(outcome, kF_WALK_EABT);
	EXPECT_EQ(outcome.event.record.Get(event::kS2), 0u);
	EXPECT_EQ(outcome.event.record.Get(event::kCLASS), uint64_t{kClassTt});
	EXPECT_EQ(outcome.event.record.Get(event::kFetchAddr) << 3, pa);
}

TEST_F(Nested, AbortOfAStage2DescriptorHasTheClassOfItsUse)
{
	const uint64_t pa = tables2.DescriptorAddress(TableIpa(3), 3);
	memory.Abort(pa, 8);
	const Outcome outcome = ReadNested(0x12345678);

	EXPECT_EVENT(outcome, kF_WALK_EABT);
	EXPECT_EQ(outcome.event.record.Get(event::kS2), 1u);
	EXPECT_EQ(outcome.event.record.Get(event::kCLASS), uint64_t{kClassTt});
	EXPECT_EQ(outcome.event.record.Get(event::kFetchAddr) << 3, pa);
}

/* 7.3.16: an update of a stage 1 descriptor that stage 2 does not let write: TTRnW == 0. */
TEST_F(Nested, UpdateOfADescriptorNeedsWritePermissionAtStage2)
{
	cd.Set(cd::kHA, 1);
	tables.Map(0x12345000, 0x80000000, 3, {.access = false});
	const uint64_t ipa = TableIpa(3);
	tables2.Map(ipa & ~0xfffull, 0xa0000000, 3, {.write = false});
	const uint64_t descriptor = tables.Descriptor(0x12345000, 3);
	memory.Write64(0xa0000000 + (ipa & 0xfff), descriptor);
	const Outcome outcome = ReadNested(0x12345678);

	EXPECT_EVENT(outcome, kF_PERMISSION);
	EXPECT_EQ(outcome.event.record.Get(event::kS2), 1u);
	EXPECT_EQ(outcome.event.record.Get(event::kCLASS), uint64_t{kClassTt});
	EXPECT_EQ(outcome.event.record.Get(event::kTTRnW), 0u);
	EXPECT_EQ(outcome.event.record.Get(event::kRnW), 1u);
	EXPECT_EQ(outcome.event.record.Get(event::kIPA), ipa >> 12);
	EXPECT_TRUE(outcome.updates.empty());
}

/* 3.13.5: a write marks the stage 2 page of the table, the stage 1 leaf, the output's leaf. */
TEST_F(Nested, OneWriteUpdatesThreeDescriptors)
{
	cd.Set(cd::kHA, 1).Set(cd::kHD, 1);
	ste.Set(ste::kS2HA, 1).Set(ste::kS2HD, 1);
	tables.Map(0x12345000, 0x80000000, 3, {.read_only = true, .dirty_modifier = true});
	tables2.Map(0x80000000, 0x90000000, 3,
		    {.write = false, .access = false, .dirty_modifier = true});
	const uint64_t table_page = TableIpa(3) & ~0xfffull;
	const uint64_t leaf2 = tables2.Descriptor(table_page, 3);
	tables2.SetDescriptor(table_page, 3, (leaf2 & ~0x80ull) | 1ull << 51);
	const Outcome outcome = WriteNested(0x12345678);

	EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.Text();
	ASSERT_EQ(outcome.updates.size(), 3u);
	EXPECT_EQ(outcome.updates[0].stage, 2);
	EXPECT_EQ(outcome.updates[0].after, leaf2 | 1ull << 51);
	EXPECT_EQ(outcome.updates[1].stage, 1);
	EXPECT_EQ(outcome.updates[1].address, tables.DescriptorAddress(0x12345000, 3));
	EXPECT_EQ(outcome.updates[1].before ^ outcome.updates[1].after, 0x80u);
	EXPECT_EQ(outcome.updates[2].address, tables2.DescriptorAddress(0x80000000, 3));
	EXPECT_EQ(outcome.updates[2].before ^ outcome.updates[2].after, 0x480u);
}

/* Stage 1 may be updated although stage 2 then faults, or not: D8.5.1, I CVNQR. */
TEST_F(Nested, BothOrdersOfUpdateAndStage2FaultAreAllowed)
{
	cd.Set(cd::kHA, 1);
	tables.Map(0x12345000, 0x80000000, 3, {.access = false});
	tables2.Unmap(0x80000000, 3);
	Configure();
	nested_cds.Set(0, cd);
	const auto allowed =
		Walker(memory, registers).Allowed({.stream = kStream, .address = 0x12345678});

	ASSERT_EQ(allowed.size(), 2u);
	EXPECT_EQ(allowed[0].updates.size(), 1u);
	EXPECT_EQ(allowed[1].updates.size(), 0u);
	EXPECT_EQ(allowed[1].event.Number(), kF_TRANSLATION);
}

/* STE.S2PTW: a walk through a page of Device memory (MemAttr 0b00xx). */
TEST_F(Nested, ProtectedTableWalk)
{
	const uint64_t ipa = TableIpa(3), page = ipa & ~0xfffull;
	tables2.SetDescriptor(page, 3, tables2.Descriptor(page, 3) & ~0x3cull);
	EXPECT_EQ(ReadNested(0x12345678).verdict, Verdict::kPassed);
	ste.Set(ste::kS2PTW, 1);
	const Outcome outcome = ReadNested(0x12345678);
	EXPECT_EVENT(outcome, kF_PERMISSION);
	EXPECT_EQ(outcome.event.record.Get(event::kCLASS), uint64_t{kClassTt});
	EXPECT_EQ(outcome.event.record.Get(event::kTTRnW), 1u);
}

/* 5.5: each stage's own bits say what happens to its faults. */
TEST_F(Nested, EachStageHasItsFaultModel)
{
	ste.Set(ste::kS2S, 1).Set(ste::kS2R, 0);
	cd.Set(cd::kA, 0).Set(cd::kR, 0);
	EXPECT_EQ(ReadNested(0x12346000).verdict, Verdict::kReadZeroWriteIgnored);
	EXPECT_FALSE(ReadNested(0x12346000).recorded);

	tables2.Unmap(0x80000000, 3);
	const Outcome stalled = ReadNested(0x12345678);
	EXPECT_EQ(stalled.verdict, Verdict::kStalled);
	EXPECT_EVENT(stalled, kF_TRANSLATION);
	EXPECT_EQ(stalled.event.record.Get(event::kStall), 1u);

	const Outcome pcie =
		DoNested({.stream = kStream, .address = 0x12345678, .can_stall = false});
	EXPECT_EQ(pcie.verdict, Verdict::kAborted);
	EXPECT_EVENT(pcie, kF_TRANSLATION);
	EXPECT_EQ(pcie.event.record.Get(event::kStall), 0u);
}

/* A 64 KiB stage 2 below 4 KiB stage 1 tables, start level 2 with 16 concatenated tables. */
TEST_F(Bench, NestedWithDifferentGranules)
{
	Stage2 wide(memory, {.granule_bits = kGranule64K, .ia_bits = 46, .start_level = 2});
	Stage1 small(
		memory,
		{.granule_bits = kGranule4K, .ia_bits = 48, .placer = wide.PlacesAt(0x3000000000)});
	CdTable table(memory, {.placer = wide.PlacesAt(0x3100000000)});
	small.Map(0xffffffff000, 0x2ffffffff000);
	wide.Map(0x2fffffff0000, 0x10000);
	ste = table.In(wide.In(ValidSte(kNested)));
	table.Set(0, small.In(ValidCd()));
	const Outcome outcome = Read(0xffffffffabc);

	EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.Text();
	EXPECT_EQ(outcome.address, 0x1fabcu);
}

} // namespace ref
