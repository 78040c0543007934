/* SPDX-License-Identifier: Apache-2.0 */
/* From the StreamID to the CD: IHI 0070, 3.3, 5.1 to 5.5, 6.3.14, 7.3. */
#include "testbench/unit/reference/bench.hpp"

#include <algorithm>

namespace ref
{

class Configuration : public Stage1Bench
{
protected:
	Configuration()
	{
		tables.Map(0x1000, 0x80000000);
	}

	Outcome DoWith(bool valid, uint32_t substream)
	{
		return Do({.stream = kStream,
			   .substream_valid = valid,
			   .substream = substream,
			   .address = 0x1000});
	}
};

/* 3.4, 3.11, 13.2 */
TEST_F(Configuration, DisabledSmmuBypassesOrAborts)
{
	registers.cr0 = 0;
	const Outcome outcome = Read(0x123456789);
	EXPECT_EQ(outcome.verdict, Verdict::kPassed);
	EXPECT_TRUE(outcome.bypass);
	EXPECT_EQ(outcome.address, 0x123456789u);
	EXPECT_TRUE(outcome.accesses.empty());
	EXPECT_EQ(Read(1ull << 48).verdict, Verdict::kAborted);
	EXPECT_FALSE(Read(1ull << 48).recorded);
	registers.gbpa = 1 << 20;
	EXPECT_EQ(Read(0x1000).verdict, Verdict::kAborted);
	EXPECT_FALSE(Read(0x1000).recorded);
}

TEST_F(Configuration, StreamBeyondTheTable)
{
	Outcome outcome = Do({.stream = 256, .address = 0x1000});
	EXPECT_EQ(outcome.verdict, Verdict::kAborted);
	EXPECT_EVENT(outcome, kC_BAD_STREAMID);
	/* LOG2SIZE counts to SIDSIZE only. */
	registers.idr[1] = (registers.idr[1] & ~0x3fu) | 4;
	EXPECT_EVENT(Do({.stream = 16}), kC_BAD_STREAMID);
	registers.cr2 = 0;
	outcome = Do({.stream = 256});
	EXPECT_EQ(outcome.verdict, Verdict::kAborted);
	EXPECT_FALSE(outcome.recorded);
}

/* The example of 3.3.1.2, split 8, and each condition of 7.3.3. */
TEST_F(Configuration, TwoLevelStreamTableOfTheSpecification)
{
	StreamTable two(memory, {.log2size = 10, .split = 8});
	two.SetSpan(0, 9).SetSpan(256, 3).SetSpan(768, 1);
	two.Into(registers);
	for (uint32_t stream : {0u, 255u, 256u, 259u, 768u}) {
		two.Set(stream, ValidSte(kBypass));
		EXPECT_EQ(Do({.stream = stream}).verdict, Verdict::kPassed) << stream;
	}
	for (uint32_t stream : {260u, 511u, 512u, 767u, 769u, 1024u})
		EXPECT_EVENT(Do({.stream = stream}), kC_BAD_STREAMID);
	two.SetL1(512, Put(l1std::kSpan, 12) | 0x10000);
	EXPECT_EVENT(Do({.stream = 512}), kC_BAD_STREAMID);
	two.SetL1(512, Put(l1std::kSpan, 10) | 0x10000); /* > SPLIT + 1 */
	EXPECT_EVENT(Do({.stream = 512}), kC_BAD_STREAMID);
}

/* 5.1: bits of L2Ptr below the span are zero; 6.3.24: so are those of ADDR. */
TEST_F(Configuration, TablesAreAlignedToTheirSize)
{
	StreamTable two(memory, {.log2size = 10, .split = 6});
	two.Set(70, ValidSte(kBypass));
	uint64_t l1 = 0;
	memory.Read64(two.L1Address(70), &l1);
	two.SetL1(70, l1 | 0x3c0);
	two.Into(registers);
	registers.strtab_base |= 0x40;
	EXPECT_EQ(Do({.stream = 70}).verdict, Verdict::kPassed);
	streams.Into(registers);
	registers.strtab_base |= 0x1fc0;
	EXPECT_EQ(Read(0x1000).verdict, Verdict::kPassed);
	/* A reserved SPLIT is 6, a reserved FMT linear. */
	two.Into(registers);
	registers.strtab_base_cfg = (registers.strtab_base_cfg & ~0x7c0u) | 7 << 6;
	EXPECT_EQ(Do({.stream = 70}).verdict, Verdict::kPassed);
	streams.Into(registers);
	registers.strtab_base_cfg |= 2 << 16;
	EXPECT_EQ(Read(0x1000).verdict, Verdict::kPassed);
}

TEST_F(Configuration, ConfigsOfAnSte)
{
	for (uint64_t config = 0; config < 4; config++) {
		ste.Set(ste::kConfig, config);
		EXPECT_EQ(Read(0x1000).verdict, Verdict::kAborted);
		EXPECT_FALSE(Read(0x1000).recorded);
	}
	ste.Set(ste::kConfig, kBypass);
	EXPECT_EQ(Read(0x1000).address, 0x1000u);
	EXPECT_TRUE(Read(0x1000).bypass);
	ste.Set(ste::kV, 0);
	EXPECT_EVENT(Read(0x1000), kC_BAD_STE);
}

TEST_F(Configuration, InvalidCd)
{
	cd.Set(cd::kV, 0);
	const Outcome outcome = Read(0x1000);
	EXPECT_EQ(outcome.verdict, Verdict::kAborted);
	EXPECT_EVENT(outcome, kC_BAD_CD);
	Configure();
	memory.Abort(cds.Address(0), 64);
	const Outcome aborted =
		Walker(memory, registers).Walk({.stream = kStream, .address = 0x1000});
	EXPECT_EVENT(aborted, kF_CD_FETCH);
	EXPECT_EQ(aborted.event.record.Get(event::kFetchAddr) << 3, cds.Address(0));
}

TEST_F(Configuration, SubstreamsOfAStreamThatHasNone)
{
	EXPECT_EVENT(DoWith(true, 0), kC_BAD_SUBSTREAMID);
	ste = ValidSte(kBypass);
	const Outcome outcome = DoWith(true, 0x54321);
	EXPECT_EVENT(outcome, kC_BAD_SUBSTREAMID);
	/* 7.3.9: SubstreamID always, no SSV. */
	EXPECT_EQ(outcome.event.record.word[0], 3ull << 32 | 0x54321ull << 12 | 8);
}

TEST_F(Configuration, DefaultSubstream)
{
	CdTable many(memory, {.max = 4});
	Stage1 other(memory, {.ia_bits = 39});
	other.Map(0x1000, 0x90000000);
	many.Set(0, cd).Set(5, other.In(ValidCd()));
	ste = many.In(ste);

	for (uint64_t dss : {0, 3}) {
		ste.Set(ste::kS1DSS, dss);
		EXPECT_EVENT(DoWith(false, 0), kF_STREAM_DISABLED);
		EXPECT_EQ(DoWith(true, 0).address, 0x80000000u);
		EXPECT_EQ(DoWith(true, 5).address, 0x90000000u);
		EXPECT_EVENT(DoWith(true, 16), kC_BAD_SUBSTREAMID);
	}
	ste.Set(ste::kS1DSS, 1);
	EXPECT_EQ(DoWith(false, 0).address, 0x1000u);
	EXPECT_TRUE(DoWith(false, 0).bypass);
	ste.Set(ste::kS1DSS, 2);
	EXPECT_EQ(DoWith(false, 0).address, 0x80000000u);
	EXPECT_EVENT(DoWith(true, 0), kF_STREAM_DISABLED);
	EXPECT_EQ(DoWith(true, 5).address, 0x90000000u);
	/* Without substreams in the SMMU, S1CDMax does not count. */
	registers.idr[1] &= ~(31u << 6);
	ste.Set(ste::kS1DSS, 0);
	EXPECT_EQ(DoWith(false, 0).address, 0x80000000u);
	EXPECT_EVENT(DoWith(true, 5), kC_BAD_SUBSTREAMID);
}

/* 5.2, S1Fmt: index bits of both kinds; 5.3. */
TEST_F(Configuration, TwoLevelCdTables)
{
	for (int format : {1, 2}) {
		CdTable two(memory, {.format = format, .max = 16});
		two.Set(0x1234, cd).Set(0, cd);
		ste = two.In(ValidSte(kStage1Only));
		const Outcome outcome = DoWith(true, 0x1234);
		EXPECT_EQ(outcome.address, 0x80000000u) << outcome.Text();
		ASSERT_GE(outcome.accesses.size(), 3u);
		EXPECT_EQ(outcome.accesses[1].kind, AccessKind::kL1Cd);
		EXPECT_EQ(outcome.accesses[1].address, two.Base() + 8 * (format == 1 ? 0x48 : 0x4));
		EXPECT_EQ(outcome.accesses[2].address % (format == 1 ? 4096 : 65536),
			  64u * (format == 1 ? 0x34 : 0x234));
		/* An L1CD that is not valid, and one that points too far. */
		EXPECT_EVENT(DoWith(true, 0x8000), kC_BAD_SUBSTREAMID);
		two.SetL1(0x8000, 1ull << 48 | 1);
		EXPECT_EVENT(DoWith(true, 0x8000), kC_BAD_SUBSTREAMID);
		two.SetL1(0, 0);
		ste.Set(ste::kS1DSS, 2);
		const Outcome by_default = DoWith(false, 0x77);
		EXPECT_EVENT(by_default, kC_BAD_SUBSTREAMID);
		EXPECT_EQ(by_default.event.record.Get(event::kSubstreamID), 0u);
	}
}

/* 5.5: the eight states of A, R, S. */
TEST_F(Configuration, FaultModelOfStage1)
{
	for (int ars = 0; ars < 8; ars++) {
		cd.Set(cd::kA, ars >> 2).Set(cd::kR, ars >> 1).Set(cd::kS, ars);
		const Outcome outcome = Read(0x2000);
		EXPECT_EQ(outcome.verdict, ars & 1   ? Verdict::kStalled
					   : ars & 4 ? Verdict::kAborted
						     : Verdict::kReadZeroWriteIgnored);
		EXPECT_EQ(outcome.recorded, (ars & 3) != 0);
	}
}

/* All else is recorded and aborted, whatever A, R and S say. */
TEST_F(Configuration, FaultModelIsOfTranslationFaultsOnly)
{
	cd.Set(cd::kA, 0).Set(cd::kR, 0).Set(cd::kS, 1);
	memory.Abort(tables.DescriptorAddress(0x1000, 2), 8);
	const Outcome outcome = Read(0x1000);
	EXPECT_EQ(outcome.verdict, Verdict::kAborted);
	EXPECT_EVENT(outcome, kF_WALK_EABT);
	EXPECT_EQ(outcome.event.record.Get(event::kS2), 0u);
	EXPECT_EQ(outcome.event.record.Get(event::kCLASS), uint64_t{kClassTt});
}

TEST_F(Configuration, UpdateThatAborts)
{
	cd.Set(cd::kHA, 1);
	tables.Map(0x1000, 0x80000000, 3, {.access = false});
	Configure();
	memory.AbortWrites(tables.DescriptorAddress(0x1000, 3), 8);
	const auto allowed =
		Walker(memory, registers).Allowed({.stream = kStream, .address = 0x1000});
	ASSERT_EQ(allowed.size(), 1u);
	EXPECT_EVENT(allowed[0], kF_WALK_EABT);
}

TEST_F(Configuration, WhatAModelDidIsCompared)
{
	const Outcome passed = Read(0x1008), failed = Read(0x2000);
	uint64_t record[4];
	std::copy(failed.event.record.word, failed.event.record.word + 4, record);
	record[1] |= 0x1234; /* STAG */
	Observed observed{Verdict::kPassed, 0x80000008};
	EXPECT_FALSE(passed.Agrees(observed)); /* MAIR says Device */
	observed.shareability = kOuterShareable;
	EXPECT_TRUE(passed.Agrees(observed));
	EXPECT_TRUE(AnyAgrees({failed, passed}, observed));
	observed.record = record;
	EXPECT_FALSE(passed.Agrees(observed));
	observed = {Verdict::kPassed, 0x80000000, nullptr, 0, kOuterShareable};
	EXPECT_FALSE(passed.Agrees(observed));
	EXPECT_FALSE(passed.Agrees({Verdict::kAborted}));
	EXPECT_TRUE(failed.Agrees({Verdict::kAborted, 0, record}));
	EXPECT_FALSE(failed.Agrees({Verdict::kAborted}));
	record[2]++;
	EXPECT_FALSE(failed.Agrees({Verdict::kAborted, 0, record}));
}

/* L1STD and L1CD that cannot be fetched. */
TEST_F(Configuration, FirstLevelsThatAbort)
{
	CdTable two_cds(memory, {.format = 1, .max = 10});
	two_cds.Set(0x123, cd);
	ste = two_cds.In(ValidSte(kStage1Only));
	Configure();
	memory.Abort(two_cds.L1Address(0x123), 8);
	const Outcome no_cd = DoWith(true, 0x123);
	EXPECT_EVENT(no_cd, kF_CD_FETCH);
	EXPECT_EQ(no_cd.event.record.Get(event::kFetchAddr) << 3, two_cds.L1Address(0x123));
	EXPECT_EQ(no_cd.event.record.Get(event::kSubstreamID), 0x123u);

	StreamTable two(memory, {.log2size = 10, .split = 6});
	two.Into(registers);
	memory.Abort(two.L1Address(200), 8);
	const Outcome no_ste = Do({.stream = 200});
	EXPECT_EVENT(no_ste, kF_STE_FETCH);
	EXPECT_EQ(no_ste.event.record.Get(event::kFetchAddr) << 3, two.L1Address(200));
}

/* 3.4.3, row "STE fetch". */
TEST_F(Configuration, SteBeyondTheOas)
{
	StreamTable two(memory, {.log2size = 10, .split = 6});
	two.Set(70, ValidSte(kBypass));
	uint64_t l1 = 0;
	memory.Read64(two.L1Address(70), &l1);
	two.SetL1(70, l1 | 1ull << 50).Into(registers);
	const auto allowed = Walker(memory, registers).Allowed({.stream = 70, .address = 0x1000});
	ASSERT_EQ(allowed.size(), 2u);
	EXPECT_EQ(allowed[0].verdict, Verdict::kPassed);
	EXPECT_EVENT(allowed[1], kF_STE_FETCH);
}

/* 3.4.3: S1ContextPtr beyond the IAS is a bad STE, or a fault of stage 2. */
TEST_F(NestedBench, ContextPointerBeyondTheIas)
{
	ste.Set(ste::kS1ContextPtr, 1ull << 48 >> 6);
	Configure();
	const auto allowed =
		Walker(memory, registers).Allowed({.stream = kStream, .address = 0x1000});
	ASSERT_EQ(allowed.size(), 2u);
	EXPECT_EVENT(allowed[0], kC_BAD_STE);
	EXPECT_EVENT(allowed[1], kF_TRANSLATION);
	EXPECT_EQ(allowed[1].event.record.Get(event::kCLASS), uint64_t{kClassCd});
}

} // namespace ref
