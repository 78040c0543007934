/* SPDX-License-Identifier: Apache-2.0 */
/* What an SMMU may still know, and which commands make it forget: IHI 0070, 3.17, 4.3, 4.4, 16.2.
 */
#include "testbench/support/reference/chooser.hpp"
#include "testbench/support/reference/smmu.hpp"
#include "testbench/unit/reference/bench.hpp"

#include <algorithm>
#include <set>

namespace ref
{

TEST(ChooserTest, EveryCombinationOnce)
{
	Chooser chooser(true);
	std::set<int> seen;
	int rounds = 0;

	do {
		const int first = chooser.Pick(3);
		seen.insert(first == 1 ? 10 + chooser.Pick(2) : first);
		rounds++;
	} while (chooser.Advance());
	EXPECT_EQ(seen, (std::set<int>{0, 10, 11, 2}));
	EXPECT_EQ(rounds, 4);
}

/* The addresses to which a request may pass; faults as their event numbers. */
template <typename Base>
class CacheTest : public Base
{
protected:
	std::set<uint64_t> Outputs(uint64_t address, uint32_t stream = kStream, bool write = false)
	{
		std::set<uint64_t> outputs;

		smmu.registers = this->registers;
		for (const Outcome &outcome :
		     smmu.Permitted({.stream = stream, .address = address, .write = write}))
			outputs.insert(outcome.verdict == Verdict::kPassed
					       ? outcome.address
					       : outcome.event.Number());
		return outputs;
	}

	void Tell(const Words<2> &command)
	{
		EXPECT_EQ(smmu.Command(command.word), Legality::kLegal);
	}

	/* A command and the CMD_SYNC that waits for it. */
	void Invalidate(const Words<2> &command)
	{
		Tell(command);
		Tell(MakeCommand(kCMD_SYNC));
	}

	Smmu smmu{this->memory, this->registers};
};

using Set = std::set<uint64_t>;

class Caches : public CacheTest<Stage1Bench>
{
protected:
	static constexpr uint64_t kPage = 0x12345000;

	Caches()
	{
		cd.Set(cd::kASID, 7);
		tables.Map(kPage, 0x80000000);
		Configure();
		EXPECT_EQ(Outputs(kPage), Set{0x80000000});
	}

	Words<2> ByVa(uint64_t va, uint64_t asid, bool leaf)
	{
		return MakeCommand(kCMD_TLBI_NH_VA)
			.Set(command::kASID, asid)
			.Set(command::kAddress, va >> 12)
			.Set(command::kLeaf, leaf);
	}
};

TEST_F(Caches, ATranslationLivesUntilItIsInvalidated)
{
	tables.Unmap(kPage, 3);
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, kF_TRANSLATION}));
	tables.Map(kPage, 0x90000000);
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, 0x90000000}));
	/* Both are known now. */
	tables.Unmap(kPage, 3);
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, 0x90000000, kF_TRANSLATION}));
	Tell(ByVa(kPage, 7, true));
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, 0x90000000, kF_TRANSLATION}));
	Tell(MakeCommand(kCMD_SYNC));
	EXPECT_EQ(Outputs(kPage), Set{kF_TRANSLATION});
}

TEST_F(Caches, FaultsAreNotCached)
{
	tables.Unmap(kPage, 3);
	Invalidate(ByVa(kPage, 7, true));
	EXPECT_EQ(Outputs(kPage), Set{kF_TRANSLATION});
	tables.Map(kPage, 0x90000000);
	EXPECT_EQ(Outputs(kPage), Set{0x90000000});
	tables.Map(0x20000000, 0xa0000000, 3, {.access = false});
	EXPECT_EQ(Outputs(0x20000000), Set{kF_ACCESS});
	tables.Map(0x20000000, 0xa0000000, 3);
	EXPECT_EQ(Outputs(0x20000000), Set{0xa0000000});
}

/* But a page that denies a right is. */
TEST_F(Caches, DeniedRightsAreCached)
{
	tables.Map(0x20000000, 0xa0000000, 3, {.read_only = true});
	EXPECT_EQ(Outputs(0x20000000, kStream, true), Set{kF_PERMISSION});
	tables.Map(0x20000000, 0xa0000000, 3);
	EXPECT_EQ(Outputs(0x20000000, kStream, true), (Set{0xa0000000, kF_PERMISSION}));
}

TEST_F(Caches, LeafInvalidationKeepsTables)
{
	/* The level 2 table descriptor leads elsewhere. */
	Stage1 other(memory, {.ia_bits = 39});
	other.Map(kPage, 0x90000000);
	tables.SetDescriptor(kPage, 2, other.Descriptor(kPage, 2));
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, 0x90000000}));
	Invalidate(ByVa(kPage, 7, true));
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, 0x90000000}));
	Invalidate(ByVa(kPage, 7, false));
	EXPECT_EQ(Outputs(kPage), Set{0x90000000});
}

TEST_F(Caches, ScopeOfStage1Commands)
{
	const auto forgets = [this](const Words<2> &command) {
		tables.Map(kPage, 0x80000000);
		Outputs(kPage);
		tables.Unmap(kPage, 3);
		Invalidate(command);
		const bool forgotten = Outputs(kPage) == Set{kF_TRANSLATION};
		Invalidate(MakeCommand(kCMD_TLBI_NSNH_ALL));
		return forgotten;
	};

	EXPECT_TRUE(forgets(ByVa(kPage, 7, true)));
	EXPECT_FALSE(forgets(ByVa(kPage, 8, true)));
	EXPECT_FALSE(forgets(ByVa(kPage + 0x1000, 7, true)));
	EXPECT_FALSE(forgets(ByVa(kPage, 7, true).Set(command::kVMID, 1)));
	Words<2> vaa = MakeCommand(kCMD_TLBI_NH_VAA).Set(command::kAddress, kPage >> 12);
	EXPECT_TRUE(forgets(vaa));
	EXPECT_TRUE(forgets(MakeCommand(kCMD_TLBI_NH_ASID).Set(command::kASID, 7)));
	EXPECT_FALSE(forgets(MakeCommand(kCMD_TLBI_NH_ASID).Set(command::kASID, 8)));
	EXPECT_TRUE(forgets(MakeCommand(kCMD_TLBI_NH_ALL)));
	EXPECT_FALSE(forgets(MakeCommand(kCMD_TLBI_NH_ALL).Set(command::kVMID, 1)));
	EXPECT_TRUE(forgets(MakeCommand(kCMD_TLBI_S12_VMALL)));
	EXPECT_TRUE(forgets(MakeCommand(kCMD_TLBI_NSNH_ALL)));
	EXPECT_FALSE(forgets(MakeCommand(kCMD_TLBI_EL2_ALL)));
	EXPECT_FALSE(forgets(MakeCommand(kCMD_TLBI_S2_IPA).Set(command::kAddress, kPage >> 12)));
	EXPECT_FALSE(forgets(MakeCommand(kCMD_CFGI_STE_RANGE).Set(command::kRange, 31)));
	/* 6.3.9, VMW: wildcards. */
	registers.idr[0] |= Put(idr0::kVMW, 1);
	registers.cr0 |= Put(cr0::kVMW, 1);
	EXPECT_TRUE(forgets(MakeCommand(kCMD_TLBI_NH_ALL).Set(command::kVMID, 1)));
	EXPECT_FALSE(forgets(MakeCommand(kCMD_TLBI_NH_ALL).Set(command::kVMID, 2)));
}

TEST_F(Caches, RangesAndHints)
{
	const auto forgets = [this](uint64_t va, int tg, int ttl, int num, int scale) {
		tables.Map(kPage, 0x80000000);
		Outputs(kPage);
		tables.Unmap(kPage, 3);
		Invalidate(ByVa(va, 7, true)
				   .Set(command::kTG, tg)
				   .Set(command::kTTL, ttl)
				   .Set(command::kNUM, num)
				   .Set(command::kSCALE, scale));
		const bool forgotten = Outputs(kPage) == Set{kF_TRANSLATION};
		Invalidate(MakeCommand(kCMD_TLBI_NSNH_ALL));
		return forgotten;
	};

	EXPECT_TRUE(forgets(kPage, 1, 3, 0, 0));
	EXPECT_FALSE(forgets(kPage, 1, 2, 0, 0)); /* not aligned to level 2: no known range */
	EXPECT_FALSE(forgets(kPage & ~0x1fffffull, 1, 2, 31, 5)); /* another level */
	EXPECT_FALSE(forgets(kPage & ~0xffffull, 3, 3, 1, 0));    /* another granule */
	EXPECT_TRUE(forgets(kPage - 0x1000, 1, 0, 1, 0));
	EXPECT_FALSE(forgets(kPage - 0x2000, 1, 0, 1, 0));
	/* (NUM + 1) * 2^SCALE pages: 3 * 4 reach as far as the twelfth. */
	EXPECT_TRUE(forgets(kPage - 0xb000, 1, 0, 2, 2));
	EXPECT_FALSE(forgets(kPage - 0xc000, 1, 0, 2, 2));
	EXPECT_FALSE(forgets(kPage + 0x1000, 1, 0, 2, 2));
}

/* 3.17.1: global pages have no ASID, but an ASET; ASID commands pass them by. */
TEST_F(Caches, GlobalTranslations)
{
	tables.Map(0x20000000, 0xa0000000, 3, {.not_global = false});
	EXPECT_EQ(Outputs(0x20000000), Set{0xa0000000});
	tables.Unmap(0x20000000, 3);
	cd.Set(cd::kASID, 9);
	Configure();
	Invalidate(MakeCommand(kCMD_CFGI_STE).Set(command::kStreamID, kStream));
	EXPECT_EQ(Outputs(0x20000000), (Set{0xa0000000, kF_TRANSLATION}));
	Invalidate(MakeCommand(kCMD_TLBI_NH_ASID).Set(command::kASID, 7));
	EXPECT_EQ(Outputs(0x20000000), (Set{0xa0000000, kF_TRANSLATION}));
	cd.Set(cd::kASET, 1);
	Configure();
	Invalidate(MakeCommand(kCMD_CFGI_STE).Set(command::kStreamID, kStream));
	EXPECT_EQ(Outputs(0x20000000), Set{kF_TRANSLATION});
	cd.Set(cd::kASET, 0);
	Configure();
	Invalidate(MakeCommand(kCMD_CFGI_STE).Set(command::kStreamID, kStream));
	Invalidate(ByVa(0x20000000, 5, true));
	EXPECT_EQ(Outputs(0x20000000), Set{kF_TRANSLATION});
}

TEST_F(Caches, ContiguousHintMayBeHeeded)
{
	tables.Map(0x20000000, 0xa0000000, 3, {.contiguous = true});
	EXPECT_EQ(Outputs(0x20003000), Set{0xa0003000});
	tables.Unmap(0x20007000, 3);
	EXPECT_EQ(Outputs(0x20007000), (Set{0xa0007000, kF_TRANSLATION}));
	Invalidate(ByVa(0x20007000, 7, true));
	EXPECT_EQ(Outputs(0x20007000), Set{kF_TRANSLATION});
	/* What was kept for its own page alone is still there. */
	tables.Unmap(0x20003000, 3);
	EXPECT_EQ(Outputs(0x20003000), (Set{0xa0003000, kF_TRANSLATION}));
}

/* Streams with the same ASID and VMID share translations. */
TEST_F(Caches, TranslationsAreNotOfAStream)
{
	streams.Set(9, ste);
	tables.Unmap(kPage, 3);
	EXPECT_EQ(Outputs(kPage, 9), (Set{0x80000000, kF_TRANSLATION}));
	CdTable other(memory);
	other.Set(0, Cd(cd).Set(cd::kASID, 8));
	streams.Set(10, other.In(ValidSte(kStage1Only)));
	EXPECT_EQ(Outputs(kPage, 10), Set{kF_TRANSLATION});
	streams.Set(11, Ste(ste).Set(ste::kS2VMID, 1));
	EXPECT_EQ(Outputs(kPage, 11), Set{kF_TRANSLATION});
}

TEST_F(Caches, SteLivesUntilCfgiSte)
{
	ste = ValidSte(kBypass);
	Configure();
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, kPage}));
	Invalidate(MakeCommand(kCMD_CFGI_STE).Set(command::kStreamID, 4));
	Invalidate(MakeCommand(kCMD_CFGI_CD_ALL).Set(command::kStreamID, kStream));
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, kPage}));
	Invalidate(MakeCommand(kCMD_CFGI_STE).Set(command::kStreamID, kStream));
	EXPECT_EQ(Outputs(kPage), Set{kPage});
	ste = ValidSte(kAbort);
	Configure();
	Invalidate(MakeCommand(kCMD_CFGI_STE_RANGE)
			   .Set(command::kStreamID, 5)
			   .Set(command::kRange, 1));
	EXPECT_EQ(Outputs(kPage), (Set{0, kPage}));
	Invalidate(MakeCommand(kCMD_CFGI_STE_RANGE)
			   .Set(command::kStreamID, 0)
			   .Set(command::kRange, 1));
	EXPECT_EQ(Outputs(kPage), Set{0});
}

TEST_F(Caches, CdLivesUntilCfgiCd)
{
	Stage1 other(memory, {.ia_bits = 39});
	other.Map(kPage, 0x90000000);
	cd = other.In(cd).Set(cd::kASID, 8);
	Configure();
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, 0x90000000}));
	Invalidate(MakeCommand(kCMD_CFGI_CD)
			   .Set(command::kStreamID, kStream)
			   .Set(command::kSubstreamID, 1));
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, 0x90000000}));
	Invalidate(MakeCommand(kCMD_CFGI_CD).Set(command::kStreamID, kStream));
	EXPECT_EQ(Outputs(kPage), Set{0x90000000});
	/* With the ASID of before, what was translated under it is found again (5.4.1). */
	cd.Set(cd::kASID, 7);
	Configure();
	Invalidate(MakeCommand(kCMD_CFGI_CD_ALL).Set(command::kStreamID, kStream));
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, 0x90000000}));
}

/* An old STE, a new CD: each is cached by itself (4.3). */
TEST_F(Caches, OldSteWithNewCd)
{
	CdTable other_cds(memory);
	Stage1 other(memory, {.ia_bits = 39});
	other.Map(kPage, 0x90000000, 3, {.user = false});
	other_cds.Set(0, Cd(other.In(cd)).Set(cd::kASID, 8));
	streams.Set(kStream, other_cds.In(ste).Set(ste::kPRIVCFG, 2));
	const Request request{.stream = kStream, .address = kPage, .privileged = true};
	smmu.Permitted(request);
	Set outputs;
	for (const Outcome &outcome : smmu.Permitted(request))
		outputs.insert(outcome.recorded ? outcome.event.Number() : outcome.address);
	EXPECT_EQ(outputs, (Set{kF_PERMISSION, 0x80000000, 0x90000000}));
}

TEST_F(Caches, L1StdNeedsTheLeaflessForm)
{
	StreamTable two(memory, {.log2size = 8, .split = 6});
	two.Set(kStream, ste);
	two.Into(registers);
	EXPECT_EQ(Outputs(kPage), Set{0x80000000});
	two.SetL1(kStream, 0);
	Invalidate(
		MakeCommand(kCMD_CFGI_STE).Set(command::kStreamID, kStream).Set(command::kLeaf, 1));
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, kC_BAD_STREAMID}));
	Invalidate(MakeCommand(kCMD_CFGI_STE).Set(command::kStreamID, kStream));
	EXPECT_EQ(Outputs(kPage), Set{kC_BAD_STREAMID});
}

TEST_F(Caches, L1CdNeedsTheLeaflessForm)
{
	CdTable two(memory, {.format = 1, .max = 8});
	two.Set(0, cd).Set(0x45, cd);
	ste = two.In(ValidSte(kStage1Only)).Set(ste::kS1DSS, 2);
	Configure();
	Invalidate(MakeCommand(kCMD_CFGI_STE).Set(command::kStreamID, kStream));
	EXPECT_EQ(Outputs(kPage), Set{0x80000000});
	two.SetL1(0, 0);
	const Words<2> one = MakeCommand(kCMD_CFGI_CD).Set(command::kStreamID, kStream);
	Invalidate(Words<2>(one).Set(command::kLeaf, 1));
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, kC_BAD_SUBSTREAMID}));
	/* Another L1CD: this one still leads to the CD. */
	Tell(Words<2>(one).Set(command::kSubstreamID, 0x45));
	Invalidate(Words<2>(one).Set(command::kLeaf, 1));
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, kC_BAD_SUBSTREAMID}));
	Invalidate(Words<2>(one).Set(command::kSubstreamID, 0x3f)); /* the same, not its CD */
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, kC_BAD_SUBSTREAMID}));
	Invalidate(Words<2>(one));
	EXPECT_EQ(Outputs(kPage), Set{kC_BAD_SUBSTREAMID});
}

/* 4.4.2.7 to 4.4.2.10: EL2 has no ASID, EL2-E2H has; which is meant is CR2.E2H's. */
TEST_F(Caches, ScopeOfEl2Commands)
{
	const auto forgets = [this](bool e2h, const Words<2> &command) {
		ste.Set(ste::kSTRW, 2);
		registers.cr2 = e2h;
		tables.Map(kPage, 0x80000000);
		Configure();
		Invalidate(MakeCommand(kCMD_CFGI_STE).Set(command::kStreamID, kStream));
		Outputs(kPage);
		tables.Unmap(kPage, 3);
		Invalidate(command);
		const bool forgotten = Outputs(kPage) == Set{kF_TRANSLATION};
		Invalidate(MakeCommand(kCMD_TLBI_EL2_ALL));
		return forgotten;
	};
	Words<2> va = MakeCommand(kCMD_TLBI_EL2_VA).Set(command::kAddress, kPage >> 12);
	Words<2> vaa = MakeCommand(kCMD_TLBI_EL2_VAA).Set(command::kAddress, kPage >> 12);
	Words<2> asid = MakeCommand(kCMD_TLBI_EL2_ASID).Set(command::kASID, 7);

	for (bool e2h : {false, true}) {
		EXPECT_TRUE(forgets(e2h, MakeCommand(kCMD_TLBI_EL2_ALL)));
		EXPECT_TRUE(forgets(e2h, vaa));
		EXPECT_EQ(forgets(e2h, va), !e2h);
		EXPECT_TRUE(forgets(e2h, Words<2>(va).Set(command::kASID, 7)));
		EXPECT_EQ(forgets(e2h, asid), e2h);
		EXPECT_FALSE(forgets(e2h, MakeCommand(kCMD_TLBI_NSNH_ALL)));
		EXPECT_FALSE(forgets(e2h, MakeCommand(kCMD_TLBI_NH_ALL)));
	}
	/* With E2H, what was found without need not be forgotten. */
	tables.Map(kPage, 0x80000000);
	registers.cr2 = 0;
	EXPECT_EQ(Outputs(kPage), Set{0x80000000});
	tables.Unmap(kPage, 3);
	smmu.registers.cr2 = 1;
	Invalidate(va);
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, kF_TRANSLATION}));
}

/* An STE with CONT may serve its neighbours; each is invalidated by itself (5.2, CONT). */
TEST_F(Caches, ContiguousStes)
{
	const auto spanning = [this](Config config) {
		for (uint32_t stream = 4; stream < 8; stream++)
			streams.Set(stream, ValidSte(config).Set(ste::kCONT, 2));
	};
	spanning(kBypass);
	EXPECT_EQ(Outputs(kPage, 5), Set{kPage});
	spanning(kAbort);
	EXPECT_EQ(Outputs(kPage, 6), (Set{0, kPage}));
	Invalidate(MakeCommand(kCMD_CFGI_STE).Set(command::kStreamID, 6));
	EXPECT_EQ(Outputs(kPage, 6), Set{0});
	EXPECT_EQ(Outputs(kPage, 7), (Set{0, kPage}));
}

/* What was found by way of something stale is gone with it. */
TEST_F(Caches, StaleThingsBreedStaleThings)
{
	Stage1 other(memory, {.ia_bits = 39});
	other.Map(0x12346000, 0x90000000);
	tables.Map(0x12346000, 0xa0000000);
	tables.SetDescriptor(kPage, 2, other.Descriptor(0x12346000, 2));
	Tell(ByVa(kPage, 7, false));
	EXPECT_EQ(Outputs(0x12346000), (Set{0x90000000, 0xa0000000}));
	Tell(MakeCommand(kCMD_SYNC));
	EXPECT_EQ(Outputs(0x12346000), Set{0x90000000});
}

/* What is walked anew after the invalidation is not what was invalidated. */
TEST_F(Caches, WhatIsFoundAgainStays)
{
	Tell(ByVa(kPage, 7, false));
	EXPECT_EQ(Outputs(kPage), Set{0x80000000});
	Tell(MakeCommand(kCMD_SYNC));
	tables.Unmap(kPage, 3);
	EXPECT_EQ(Outputs(kPage), (Set{0x80000000, kF_TRANSLATION}));
}

/* A clean leaf that is cached: a write looks at memory (D8.5.2, R SGJBL); a dirty one need not. */
TEST_F(Caches, DirtyStateOfCachedLeaves)
{
	cd.Set(cd::kHA, 1).Set(cd::kHD, 1);
	tables.Map(0x20000000, 0xa0000000, 3, {.read_only = true, .dirty_modifier = true});
	Configure();
	Invalidate(MakeCommand(kCMD_CFGI_CD_ALL).Set(command::kStreamID, kStream));
	/* HA and HD may be cached with translations (5.4.1): a table that is known has the old. */
	EXPECT_EQ(Outputs(0x20000000, kStream, true), (Set{0xa0000000, kF_PERMISSION}));
	Invalidate(MakeCommand(kCMD_TLBI_NH_ALL));
	EXPECT_EQ(Outputs(0x20000000), Set{0xa0000000});
	auto ways = smmu.Permitted({.stream = kStream, .address = 0x20000000, .write = true});
	ASSERT_EQ(ways.size(), 1u);
	ASSERT_EQ(ways[0].updates.size(), 1u);
	/* The SMMU did so; software cleans it without an invalidation: now it may do nothing. */
	ways = smmu.Permitted({.stream = kStream, .address = 0x20000000, .write = true});
	const auto updates = std::count_if(ways.begin(), ways.end(),
					   [](const Outcome &way) { return !way.updates.empty(); });
	EXPECT_GE(updates, 1);
	EXPECT_TRUE(std::any_of(ways.begin(), ways.end(), [](const Outcome &way) {
		return way.updates.empty() && !way.relied.empty();
	})) << "it relies on the first one's update";
	tables.Unmap(0x20000000, 3);
	Invalidate(MakeCommand(kCMD_TLBI_NH_ALL));
	EXPECT_EQ(Outputs(0x20000000, kStream, true), Set{kF_TRANSLATION});
}

/* A cached leaf that is clean, and another in memory: the write does not pass by the old one. */
TEST_F(Caches, AStaleCleanLeafIsNotMarkedDirty)
{
	cd.Set(cd::kHA, 1).Set(cd::kHD, 1);
	Configure();
	Invalidate(MakeCommand(kCMD_CFGI_CD_ALL).Set(command::kStreamID, kStream));
	Invalidate(MakeCommand(kCMD_TLBI_NH_ALL));
	tables.Map(0x20000000, 0xa0000000, 3, {.read_only = true, .dirty_modifier = true});
	EXPECT_EQ(Outputs(0x20000000), Set{0xa0000000});
	tables.Map(0x20000000, 0xb0000000);
	EXPECT_EQ(Outputs(0x20000000), (Set{0xa0000000, 0xb0000000}));
	Invalidate(MakeCommand(kCMD_TLBI_NH_ALL));
	tables.Map(0x20000000, 0xa0000000, 3, {.read_only = true, .dirty_modifier = true});
	EXPECT_EQ(Outputs(0x20000000), Set{0xa0000000});
	tables.Map(0x20000000, 0xb0000000);
	EXPECT_EQ(Outputs(0x20000000, kStream, true), Set{0xb0000000});
}

/* Fields of the CD that may be cached with a translation, or not (5.4.1). */
TEST_F(Caches, FieldsOfTheCdMayBeCachedWithATranslation)
{
	cd.Set(cd::kWXN, 1);
	tables.Map(kPage, 0x90000000, 3, {.read_only = true});
	Configure();
	Invalidate(MakeCommand(kCMD_CFGI_CD).Set(command::kStreamID, kStream));
	Set outputs;
	for (const Outcome &outcome :
	     smmu.Permitted({.stream = kStream, .address = kPage, .instruction = true}))
		outputs.insert(outcome.recorded ? outcome.event.Number() : outcome.address);
	EXPECT_EQ(outputs, (Set{0x80000000, 0x90000000, kF_PERMISSION}));
}

class NestedCaches : public CacheTest<NestedBench>
{
protected:
	static constexpr uint64_t kVa = 0x12345000, kIpa = 0x80000000;

	NestedCaches()
	{
		ste.Set(ste::kS2VMID, 5);
		tables.Map(kVa, kIpa);
		tables2.Map(kIpa, 0x90000000);
		nested_cds.Set(0, cd);
		Configure();
		EXPECT_EQ(Outputs(kVa), Set{0x90000000});
	}

	Words<2> ByIpa(uint64_t ipa, uint64_t vmid)
	{
		return MakeCommand(kCMD_TLBI_S2_IPA)
			.Set(command::kVMID, vmid)
			.Set(command::kAddress, ipa >> 12);
	}
};

/* 4.4.3.1: entries of both stages together outlive an invalidation by IPA. */
TEST_F(NestedCaches, CombinedEntriesNeedAnInvalidationOfStage1)
{
	tables2.Unmap(kIpa, 3);
	EXPECT_EQ(Outputs(kVa), (Set{0x90000000, kF_TRANSLATION}));
	Invalidate(ByIpa(kIpa, 5));
	EXPECT_EQ(Outputs(kVa), (Set{0x90000000, kF_TRANSLATION}));
	Invalidate(MakeCommand(kCMD_TLBI_NH_ALL).Set(command::kVMID, 5));
	EXPECT_EQ(Outputs(kVa), Set{kF_TRANSLATION});
}

TEST_F(NestedCaches, CombinedEntriesAnswerTranslationRequests)
{
	ste.Set(ste::kEATS, 1);
	Configure();
	Invalidate(MakeCommand(kCMD_CFGI_STE).Set(command::kStreamID, kStream));
	tables2.Unmap(kIpa, 3);
	Invalidate(ByIpa(kIpa, 5));
	Request request{.stream = kStream, .address = kVa};
	request.kind = RequestKind::kTranslationRequest;
	Set outputs;
	for (const Outcome &outcome : smmu.Permitted(request))
		outputs.insert(outcome.ats.address);
	EXPECT_EQ(outputs, (Set{0, 0x90000000}));
}

/* Nor does their use bring back what stage 2 alone has forgotten. */
TEST_F(NestedCaches, CombinedEntriesAreNoEntriesOfStage2)
{
	streams.Set(9, Ste(ste).Set(ste::kConfig, kStage2Only));
	tables2.Unmap(kIpa, 3);
	Invalidate(ByIpa(kIpa, 5));
	EXPECT_EQ(Outputs(kVa), (Set{0x90000000, kF_TRANSLATION}));
	EXPECT_EQ(Outputs(kIpa, 9), Set{kF_TRANSLATION});
}

TEST_F(NestedCaches, WhatStage2KnowsOutlivesStage1Commands)
{
	tables2.Unmap(kIpa, 3);
	Invalidate(MakeCommand(kCMD_TLBI_NH_ALL).Set(command::kVMID, 5));
	EXPECT_EQ(Outputs(kVa), (Set{0x90000000, kF_TRANSLATION}));
	Invalidate(MakeCommand(kCMD_TLBI_S12_VMALL).Set(command::kVMID, 4));
	EXPECT_EQ(Outputs(kVa), (Set{0x90000000, kF_TRANSLATION}));
	Invalidate(MakeCommand(kCMD_TLBI_S12_VMALL).Set(command::kVMID, 5));
	EXPECT_EQ(Outputs(kVa), Set{kF_TRANSLATION});
}

/* Software that looks for pages in use clears AF and invalidates nothing: either is allowed. */
TEST_F(NestedCaches, AccessFlagOfATablesPage)
{
	ste.Set(ste::kS2HA, 1);
	Configure();
	Invalidate(MakeCommand(kCMD_CFGI_STE).Set(command::kStreamID, kStream));
	Invalidate(MakeCommand(kCMD_TLBI_NSNH_ALL));
	EXPECT_EQ(Outputs(kVa), Set{0x90000000});
	const uint64_t page = tables.DescriptorIpa(kVa, 3) & ~0xfffull;
	tables2.SetDescriptor(page, 3, tables2.Descriptor(page, 3) & ~0x400ull);
	/* Stage 2 looks anew: only what stage 1 knows spares it the table. */
	Invalidate(ByIpa(page, 5));
	Set updates;
	for (const Outcome &outcome : smmu.Permitted({.stream = kStream, .address = kVa}))
		updates.insert(outcome.updates.size());
	EXPECT_EQ(updates, (Set{0, 1}));
}

/* 4.4.3.1: that command is enough where there is no stage 1. */
TEST_F(NestedCaches, Stage2OnlyNeedsTheIpa)
{
	streams.Set(9, Ste(ste).Set(ste::kConfig, kStage2Only));
	EXPECT_EQ(Outputs(kIpa, 9), Set{0x90000000});
	tables2.Unmap(kIpa, 3);
	Invalidate(ByIpa(kIpa, 4));
	EXPECT_EQ(Outputs(kIpa, 9), (Set{0x90000000, kF_TRANSLATION}));
	Invalidate(ByIpa(kIpa, 5));
	EXPECT_EQ(Outputs(kIpa, 9), Set{kF_TRANSLATION});
}

} // namespace ref
