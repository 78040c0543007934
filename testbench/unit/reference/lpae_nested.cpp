/* SPDX-License-Identifier: Apache-2.0 */
/* VMSAv8-32 LPAE at stage 2, over stage 2, and in caches: IHI 0070, 3.4, 3.17, 5.4.1; G5.5. */
#include "testbench/support/reference/smmu.hpp"
#include "testbench/unit/reference/bench.hpp"

#include <set>

namespace ref
{

class LpaeStage2 : public Bench
{
protected:
	LpaeStage2()
	{
		registers.idr[0] |= Put(idr0::kTTF, 3);
	}
};

/* Every legal start, with the address whose index has all bits set. */
TEST_F(LpaeStage2, StartsOfAllShapes)
{
	for (int bits = 25; bits <= 40; bits++) {
		for (int level = 1; level <= 2; level++) {
			if (level == 1 ? bits < 31 : bits > 34)
				continue;
			const uint64_t last = Mask(bits);
			Stage2 tables(memory,
				      {.lpae = true, .ia_bits = bits, .start_level = level});
			tables.Map(last & ~0xfffull, 0xff00090000);
			ste = tables.In(ValidSte(kStage2Only)).Set(ste::kS2TG, 1);
			const Outcome outcome = Read(last);
			EXPECT_EQ(outcome.address, 0xff00090fffu)
				<< bits << " bits, level " << level << ": " << outcome.Text();
			EXPECT_EVENT(Read(last + 1), kF_TRANSLATION);
			/* S2TTB is aligned to the concatenated tables. */
			ste.Set(ste::kS2TTB,
				(tables.Base() | Mask(bits - LevelShift(12, level) + 3)) >> 4);
			EXPECT_EQ(Read(last).address, 0xff00090fffu);
		}
	}
}

/* 3.4: S2PS is IGNORED; bits [47:40] fault; what the OAS has not is cut off, but of tables. */
TEST_F(LpaeStage2, OutputSizes)
{
	Stage2 tables(memory, {.lpae = true, .ia_bits = 40});

	tables.Map(0x1000, 0xab00005000);
	ste = tables.In(ValidSte(kStage2Only)).Set(ste::kS2PS, 0);
	EXPECT_EQ(Read(0x1234).address, 0xab00005234u);
	for (int level = 1; level <= 3; level++) {
		const uint64_t before = tables.Descriptor(0x1000, level);
		tables.SetDescriptor(0x1000, level, before | 1ull << 40);
		const Outcome outcome = Read(0x1234);
		EXPECT_EVENT(outcome, kF_ADDR_SIZE);
		EXPECT_EQ(outcome.event.record.Get(event::kS2), 1u);
		EXPECT_EQ(outcome.event.record.Get(event::kIPA), 1u);
		tables.SetDescriptor(0x1000, level, before);
	}
	registers.idr[5] &= ~7u; /* 32 bits */
	EXPECT_EQ(Read(0x1234).address, 0x5234u);
	/* The input has the 40 bits of the IAS: 3.4. */
	tables.Map(0x8000001000, 0x6000);
	EXPECT_EQ(Read(0x8000001234).address, 0x6234u);
	const Outcome outcome = Read(1ull << 40);
	EXPECT_EVENT(outcome, kF_ADDR_SIZE);
	EXPECT_EQ(outcome.event.record.Get(event::kS2), 0u);

	tables.SetDescriptor(0x1000, 2, tables.Descriptor(0x1000, 2) | 1ull << 32);
	EXPECT_EVENT(Read(0x1234), kF_ADDR_SIZE);
	/* 5.2 permits such an S2TTB, 3.4.3 calls it ILLEGAL. */
	ste.Set(ste::kS2TTB, (tables.Base() | 1ull << 35) >> 4);
	EXPECT_EQ(Read(0x8000001234).address, 0x6234u);
	const auto allowed =
		Walker(memory, registers).Allowed({.stream = kStream, .address = 0x8000001234});
	ASSERT_EQ(allowed.size(), 2u);
	EXPECT_EVENT(allowed[1], kC_BAD_STE);
}

/* 5.2, S2AFFD; nothing is updated, and DBM means nothing. */
TEST_F(LpaeStage2, AccessFlagAndEndianness)
{
	Stage2 tables(memory, {.lpae = true, .ia_bits = 33, .big_endian = true});

	tables.Map(0x1000, 0x5000, 3, {.write = false, .access = false, .dirty_modifier = true});
	ste = tables.In(ValidSte(kStage2Only));
	EXPECT_EVENT(Read(0x1000), kF_ACCESS);
	ste.Set(ste::kS2AFFD, 1);
	const Outcome outcome = Read(0x1000);
	EXPECT_EQ(outcome.address, 0x5000u);
	EXPECT_TRUE(outcome.updates.empty());
	EXPECT_EVENT(Write(0x1000), kF_PERMISSION);
}

/* 16 blocks of 1 GiB joined are more than 32 bits have: G5.5.5.1. */
TEST_F(LpaeStage2, GroupsThatReachTooFar)
{
	Stage2 tables(memory, {.lpae = true, .ia_bits = 32, .start_level = 1});
	Stage2 wide(memory, {.lpae = true, .ia_bits = 34, .start_level = 1});

	tables.Map(0, 0x400000000, 1, {.contiguous = true});
	wide.Map(0, 0x400000000, 1, {.contiguous = true});
	ste = wide.In(ValidSte(kStage2Only));
	Configure();
	const Request request{.stream = kStream, .address = 0x80001000};
	auto allowed = Walker(memory, registers).Allowed(request);
	ASSERT_EQ(allowed.size(), 1u);
	EXPECT_EQ(allowed[0].address, 0x480001000u);
	ste = tables.In(ValidSte(kStage2Only));
	Configure();
	allowed = Walker(memory, registers).Allowed(request);
	ASSERT_EQ(allowed.size(), 2u);
	EXPECT_EQ(allowed[0].address, 0x480001000u);
	EXPECT_EVENT(allowed[1], kF_TRANSLATION);
	EXPECT_EQ(allowed[1].event.record.Get(event::kS2), 1u);
}

/* Of LPAE the encoding that IDR3.MTEPERM adds is a reserved one. */
TEST_F(LpaeStage2, MemoryAttributes)
{
	Stage2 tables(memory, {.lpae = true, .ia_bits = 32});

	registers.idr[3] |= Put(idr3::kMTEPERM, 1);
	tables.Map(0x1000, 0x5000, 3, {.mem_attr = 4}).Map(0x2000, 0x6000, 3, {.mem_attr = 5});
	ste = tables.In(ValidSte(kStage2Only));
	EXPECT_TRUE(Read(0x1000).attributes.anything);
	EXPECT_TRUE(Read(0x2000).attributes.Permit(0x44, kOuterShareable));
	EXPECT_FALSE(Read(0x2000).attributes.anything);
}

/* Stage 1 of LPAE, and stage 2 of either format. */
class LpaeNested : public NestedBench, public ::testing::WithParamInterface<bool>
{
protected:
	LpaeNested() : NestedBench({true, GetParam()})
	{
		tables.Map(kVa, kIpa);
		tables2.Map(kIpa, 0x90000000);
	}

	static constexpr uint64_t kVa = 0xfffe1000, kIpa = 0xff00005000;
};

INSTANTIATE_TEST_SUITE_P(Formats, LpaeNested, ::testing::Bool());

TEST_P(LpaeNested, IpasOf40Bits)
{
	EXPECT_EQ(ReadNested(kVa + 0x123).address, 0x90000123u);
	tables.Map(kVa, 1ull << 40);
	const Outcome outcome = ReadNested(kVa);
	EXPECT_EVENT(outcome, kF_ADDR_SIZE);
	EXPECT_EQ(outcome.event.record.Get(event::kS2), 0u);
}

TEST_P(LpaeNested, FaultsOfStageTwo)
{
	tables2.Unmap(kIpa, 3);
	Outcome outcome = ReadNested(kVa + 0x123);
	EXPECT_EVENT(outcome, kF_TRANSLATION);
	EXPECT_EQ(outcome.event.record.Get(event::kS2), 1u);
	EXPECT_EQ(outcome.event.record.Get(event::kCLASS), uint64_t{kClassIn});
	EXPECT_EQ(outcome.event.record.Get(event::kIPA), kIpa >> 12);
	for (int level = 1; level <= 3; level++) {
		const uint64_t table = tables.DescriptorIpa(kVa, level);
		const uint64_t before = tables2.Descriptor(table, 3);
		tables2.Unmap(table, 3);
		outcome = ReadNested(kVa);
		EXPECT_EVENT(outcome, kF_TRANSLATION);
		EXPECT_EQ(outcome.event.record.Get(event::kCLASS), uint64_t{kClassTt});
		EXPECT_EQ(outcome.event.record.Get(event::kIPA), table >> 12);
		tables2.SetDescriptor(table, 3, before);
	}
	/* A table of stage 1 beyond 40 bits is stage 1's fault. */
	tables.SetDescriptor(kVa, 2, tables.Descriptor(kVa, 2) | 1ull << 47);
	outcome = ReadNested(kVa);
	EXPECT_EVENT(outcome, kF_ADDR_SIZE);
	EXPECT_EQ(outcome.event.record.Get(event::kS2), 0u);
}

/* What the formats of both stages make of execution: stage 2 says XN, or read not at all. */
TEST_P(LpaeNested, PermissionsOfBoth)
{
	const Request fetch{.stream = kStream, .address = kVa, .instruction = true};

	EXPECT_EQ(DoNested(fetch).verdict, Verdict::kPassed);
	tables2.Map(kIpa, 0x90000000, 3, {.read = false});
	const Outcome outcome = DoNested(fetch);
	EXPECT_EQ(outcome.verdict == Verdict::kPassed, !GetParam()) << outcome.Text();
	EXPECT_EVENT(ReadNested(kVa), kF_PERMISSION);
	/* Without PXN and without UWXN, what users write. */
	tables2.Map(kIpa, 0x90000000);
	Request kernel = fetch;
	kernel.privileged = true;
	EXPECT_EQ(DoNested(kernel).verdict, Verdict::kPassed);
}

/* VMSAv8-64 over LPAE: 5.4, AA64. */
TEST_P(LpaeNested, TheOtherWayRoundIsIllegal)
{
	cd.Set(cd::kAA64, 1).Set(cd::kT0SZ, 32);
	if (GetParam())
		EXPECT_EVENT(ReadNested(kVa), kC_BAD_CD);
	else
		EXPECT_EQ(ReadNested(kVa).verdict, Verdict::kPassed);
}

/* An OAS of 32 bits cuts off what stage 2 says, but neither IPAs nor stage 1's tables. */
TEST_F(LpaeStage2, IpasBeyondTheOas)
{
	registers.idr[5] &= ~7u;
	for (const bool lpae : {false, true}) {
		Stage2 tables2(memory, {.lpae = lpae, .ia_bits = 40, .start_level = 1});
		Stage1 tables(
			memory,
			{.lpae = true, .ia_bits = 32, .placer = tables2.PlacesAt(0xab40000000)});
		CdTable nested_cds(memory, {.placer = tables2.PlacesAt(0xcd50000000)});

		tables.Map(0x1000, 0xff00005000);
		tables2.Map(0xff00005000, 0x90000000);
		ste = nested_cds.In(tables2.In(ValidSte(kNested)));
		nested_cds.Set(0, tables.In(ValidCd()));
		EXPECT_EQ(Read(0x1234).address, 0x90000234u);
		EXPECT_EQ(Walker(memory, registers)
				  .Allowed({.stream = kStream, .address = 0x1234})
				  .size(),
			  1u);
		tables2.SetDescriptor(0xff00005000, 3, 0xab90000000 | 0x7ff);
		if (lpae)
			EXPECT_EQ(Read(0x1234).address, 0x90000234u);
		else
			EXPECT_EVENT(Read(0x1234), kF_ADDR_SIZE);
	}
}

/* A stage 2 of VMSAv8-64 updates its own descriptors all the same. */
TEST_F(LpaeStage2, UpdatesBelowStageOne)
{
	Stage2 tables2(memory, {.ia_bits = 40});
	Stage1 tables(memory,
		      {.lpae = true, .ia_bits = 32, .placer = tables2.PlacesAt(0x40000000)});
	CdTable nested_cds(memory, {.placer = tables2.PlacesAt(0x50000000)});

	tables.Map(0x1000, 0x5000, 3, {.access = false});
	tables2.Map(0x5000, 0x90000000, 3, {.access = false});
	ste = nested_cds.In(tables2.In(ValidSte(kNested))).Set(ste::kS2HA, 1);
	nested_cds.Set(0, tables.In(ValidCd()).Set(cd::kAFFD, 1).Set(cd::kHA, 1));
	const Outcome outcome = Read(0x1000);
	EXPECT_EQ(outcome.address, 0x90000000u);
	ASSERT_EQ(outcome.updates.size(), 1u);
	EXPECT_EQ(outcome.updates[0].stage, 2);
}

/* Full ATS: a block of 1 GiB, and an address that the OAS cuts off. */
TEST_F(LpaeStage2, AnswersOfAts)
{
	Stage1 tables(memory, {.lpae = true, .ia_bits = 32});

	tables.Map(0x40000000, 0xff40000000, 1);
	ste = cds.In(ValidSte(kStage1Only)).Set(ste::kEATS, 1);
	cd = tables.In(ValidCd());
	Outcome outcome = Do({.stream = kStream,
			      .address = 0x41234000,
			      .write = true,
			      .kind = RequestKind::kTranslationRequest});
	EXPECT_EQ(outcome.ats.address, 0xff41234000u);
	EXPECT_EQ(outcome.ats.span_bits, 30);
	EXPECT_TRUE(outcome.ats.read && outcome.ats.write && !outcome.ats.execute);
	registers.idr[5] = (registers.idr[5] & ~7u) | 1;
	outcome = Do({.stream = kStream,
		      .address = 0x41234000,
		      .kind = RequestKind::kTranslationRequest});
	EXPECT_EQ(outcome.ats.address, 0xf41234000u);
}

/* What an SMMU may still know. */
class LpaeCaches : public LpaeStage2
{
protected:
	using Set = std::set<uint64_t>;

	LpaeCaches()
	{
		ste = cds.In(ValidSte(kStage1Only));
		cd = upper.In(lower.In(ValidCd())).Set(cd::kASID, 7);
	}

	Set Outputs(uint64_t address)
	{
		Set outputs;

		Configure();
		for (const Outcome &outcome :
		     smmu.Permitted({.stream = kStream, .address = address}))
			outputs.insert(outcome.verdict == Verdict::kPassed
					       ? outcome.address
					       : outcome.event.Number());
		return outputs;
	}

	void Tell(const Words<2> &command)
	{
		EXPECT_EQ(smmu.Command(command.word), Legality::kLegal);
	}

	void ForgetConfiguration()
	{
		Tell(MakeCommand(kCMD_CFGI_STE_RANGE).Set(command::kRange, 31));
		Tell(MakeCommand(kCMD_SYNC));
	}

	static constexpr uint64_t kLow = 0xc0000000, kHigh = 0xffff0000;
	/* TTB1 has the last 64 MiB, TTB0 all else. */
	Stage1 lower{memory, {.lpae = true, .ia_bits = 32}};
	Stage1 upper{memory, {.lpae = true, .ia_bits = 26, .upper = true}};
	Smmu smmu{memory, registers};
};

/* G5.5.5.1: a block of TTB0 may translate addresses of TTB1, but no table of TTB0 may. */
TEST_F(LpaeCaches, ABlockReachesIntoTheOtherHalf)
{
	upper.Map(kHigh, 0x90000000);
	lower.Map(kLow, 0x80000000).Map(kHigh, 0xa0000000);
	EXPECT_EQ(Outputs(kLow), Set{0x80000000});
	EXPECT_EQ(Outputs(kHigh), Set{0x90000000});
	upper.Unmap(kHigh, 3);
	Tell(MakeCommand(kCMD_TLBI_NH_VA)
		     .Set(command::kASID, 7)
		     .Set(command::kAddress, kHigh >> 12)
		     .Set(command::kLeaf, 1));
	Tell(MakeCommand(kCMD_SYNC));
	EXPECT_EQ(Outputs(kHigh), Set{kF_TRANSLATION});

	upper.Map(kHigh, 0x90000000);
	lower.SetDescriptor(kLow, 1, 0x1c0000741);
	EXPECT_EQ(Outputs(kLow), (Set{kF_TRANSLATION, 0x80000000, 0x1c0000000}));
	EXPECT_EQ(Outputs(kHigh), (Set{0x90000000, 0x1ffff0000}));
}

/* A group of 16 GiB is cached, yet there are no addresses beyond 32 bits. */
TEST_F(LpaeCaches, NoGroupReachesBeyond32Bits)
{
	cd = lower.In(ValidCd());
	lower.Map(0, 0x400000000, 1, {.contiguous = true});
	EXPECT_EQ(Outputs(0x80000000), (Set{kF_TRANSLATION, 0x480000000}));
	lower.Unmap(0x40000000, 1);
	EXPECT_EQ(Outputs(0x40000000), (Set{kF_TRANSLATION, 0x440000000}));
	EXPECT_EQ(Outputs(0x140000000), Set{kF_TRANSLATION});
}

/* 3.17: no tag tells the formats apart; 5.4.1: AA64 may be cached. */
TEST_F(LpaeCaches, TheOldFormatMayBeKnown)
{
	Stage1 wide(memory, {.ia_bits = 39});

	wide.Map(0x1000, 0xb0000000);
	lower.Map(0x1000, 0x80000000);
	EXPECT_EQ(Outputs(0x1000), Set{0x80000000});
	cd = wide.In(ValidCd()).Set(cd::kASID, 7);
	ForgetConfiguration();
	EXPECT_EQ(Outputs(0x1000), (Set{0x80000000, 0xb0000000}));
	for (const uint64_t page : {0x1000u, 0x2000u})
		Tell(MakeCommand(kCMD_TLBI_NH_VA)
			     .Set(command::kASID, 7)
			     .Set(command::kAddress, page >> 12));
	Tell(MakeCommand(kCMD_SYNC));
	EXPECT_EQ(Outputs(0x1000), Set{0xb0000000});
}

/* 3.4: whatever is looked at anew, of an output that the OAS has not nothing is let through. */
TEST_F(LpaeCaches, TheOldFormatIsCutOff)
{
	Stage1 wide(memory, {.ia_bits = 39});

	registers.idr[5] = (registers.idr[5] & ~7u) | 1; /* 36 bits */
	smmu.registers = registers;
	lower.Map(0x1000, 0xab80000000);
	EXPECT_EQ(Outputs(0x1000), Set{0xb80000000});
	cd = wide.In(ValidCd()).Set(cd::kASID, 7).Set(cd::kWXN, 1);
	ForgetConfiguration();
	/* Of a table that is known, with the IPS as it is, the address is too large. */
	EXPECT_EQ(Outputs(0x1000), (Set{kF_TRANSLATION, kF_ADDR_SIZE, 0xb80000000}));
}

/* Of one table of 32 bits in both formats, and what they make of bit 54: UXN or XN. */
TEST_F(LpaeCaches, TheOldMeaningMayBeKnown)
{
	Stage2 tables2(memory, {.ia_bits = 40});
	Stage1 tables(memory, {.ia_bits = 32, .placer = tables2.PlacesAt(0x40000000)});
	CdTable nested_cds(memory, {.placer = tables2.PlacesAt(0x50000000)});
	const Request fetch{
		.stream = kStream, .address = 0x1000, .privileged = true, .instruction = true};

	tables.Map(0x1000, 0x5000, 3, {.user = false, .uxn = true});
	tables2.Map(0x5000, 0x90000000);
	ste = nested_cds.In(tables2.In(ValidSte(kNested)));
	streams.Set(kStream, ste);
	cd = tables.In(ValidCd()).Set(cd::kIPS, 2);
	nested_cds.Set(0, cd);
	EXPECT_EQ(smmu.Permitted(fetch).size(), 1u);
	nested_cds.Set(0, cd.Set(cd::kAA64, 0));
	ForgetConfiguration();
	const auto permitted = smmu.Permitted(fetch);
	ASSERT_EQ(permitted.size(), 2u);
	EXPECT_EVENT(permitted[0], kF_PERMISSION);
	EXPECT_EQ(permitted[1].address, 0x90000000u);
}

/* 4.4.1.1: LPAE counts as 4 KiB granules. */
TEST_F(LpaeCaches, RangesOf4KiB)
{
	for (const uint64_t tg : {1u, 3u}) {
		lower.Map(0x1000, 0x80000000);
		Outputs(0x1000);
		lower.Unmap(0x1000, 3);
		EXPECT_EQ(Outputs(0x1000), (Set{kF_TRANSLATION, 0x80000000}));
		Tell(MakeCommand(kCMD_TLBI_NH_VAA)
			     .Set(command::kTG, tg)
			     .Set(command::kTTL, 3)
			     .Set(command::kNUM, 3));
		Tell(MakeCommand(kCMD_SYNC));
		EXPECT_EQ(Outputs(0x1000),
			  tg == 1 ? Set{kF_TRANSLATION} : Set({kF_TRANSLATION, 0x80000000}));
	}
}

/* nG, and the size of a page that is global. */
TEST_F(LpaeCaches, GlobalPages)
{
	upper.Map(kHigh, 0x90000000, 3, {.not_global = false});
	lower.Map(0x1000, 0x80000000);
	Outputs(kHigh);
	Outputs(0x1000);
	upper.Unmap(kHigh, 3);
	lower.Unmap(0x1000, 3);
	cd.Set(cd::kASID, 8);
	ForgetConfiguration();
	EXPECT_EQ(Outputs(kHigh), (Set{kF_TRANSLATION, 0x90000000}));
	EXPECT_EQ(Outputs(0x1000), Set{kF_TRANSLATION});
}

} // namespace ref
