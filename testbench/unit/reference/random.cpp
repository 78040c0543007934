/* SPDX-License-Identifier: Apache-2.0 */
/* Random configurations and tables: what must hold of every outcome. */
#include "testbench/support/reference/smmu.hpp"
#include "testbench/unit/reference/bench.hpp"

#include <random>

namespace ref
{

class Random : public NestedBench, public ::testing::WithParamInterface<Formats>
{
protected:
	Random() : NestedBench(GetParam())
	{
	}

	uint64_t Next()
	{
		return random();
	}

	bool OneIn(int n)
	{
		return Next() % n == 0;
	}

	/* A random value in a field, now and then. */
	template <typename Structure, std::size_t N>
	void Scatter(Structure &structure, const Field (&fields)[N], int one_in)
	{
		for (Field field : fields)
			if (OneIn(one_in))
				structure.Set(field, Next());
	}

	/* Often, a leaf is clean, or has not been accessed. */
	void Loosen(Words<1> &leaf, Field write, int protect)
	{
		if (OneIn(3))
			leaf.Set(descriptor::kDBM, 1).Set(write, protect);
		if (OneIn(3))
			leaf.Set(descriptor::kAF, 0);
	}

	/* `one_in`: how seldom a field is other than it should be; `updates`: HA and HD are set. */
	void Reshuffle(int one_in, bool updates)
	{
		static const Field ste_fields[] = {
			ste::kConfig, ste::kS1DSS,   ste::kEATS,   ste::kSTRW,    ste::kPRIVCFG,
			ste::kS2S,    ste::kINSTCFG, ste::kS2T0SZ, ste::kS2SL0,   ste::kS2TG,
			ste::kS2PS,   ste::kS2AFFD,  ste::kS2PTW,  ste::kS2HA,    ste::kS2HD,
			ste::kS2R,    ste::kS2FWB,   ste::kS1Fmt,  ste::kS1CDMax, ste::kS1STALLD,
			ste::kS2AA64};
		static const Field cd_fields[] = {
			cd::kT0SZ, cd::kTG0, cd::kEPD0, cd::kT1SZ, cd::kTG1,  cd::kEPD1, cd::kIPS,
			cd::kAFFD, cd::kWXN, cd::kTBI0, cd::kPAN,  cd::kHD,   cd::kHA,   cd::kS,
			cd::kR,    cd::kA,   cd::kASET, cd::kASID, cd::kHAD0, cd::kUWXN, cd::kAA64};
		static const Field stage1_fields[] = {{1, 0},   {7, 6},   {11, 10}, {51, 51},
						      {54, 53}, {62, 59}, {47, 40}};
		static const Field stage2_fields[] = {{1, 0},   {5, 2},   {7, 6},  {10, 10},
						      {51, 51}, {54, 53}, {47, 40}};

		ste = nested_cds.In(tables2.In(ValidSte(kNested)));
		cd = tables.In(ValidCd());
		if (!GetParam().lpae2)
			ste.Set(ste::kS2HA, updates || OneIn(2))
				.Set(ste::kS2HD, updates || OneIn(2));
		cd.Set(cd::kHA, updates || OneIn(2)).Set(cd::kHD, updates || OneIn(2));
		Scatter(ste, ste_fields, one_in);
		Scatter(cd, cd_fields, one_in);
		nested_cds.Set(0, cd);
		Configure();
		for (int level = 1; level <= 3; level++) {
			Words<1> d{{tables.Descriptor(kVa, level)}};
			if (level == 3)
				Loosen(d, {7, 7}, 1);
			Scatter(d, stage1_fields, one_in);
			scattered1[level] = d.word[0];
		}
		for (int level = tables2.StartLevel(); level <= 3; level++) {
			Words<1> d{{tables2.Descriptor(kIpa, level)}};
			if (level == 3)
				Loosen(d, {7, 7}, 0);
			Scatter(d, stage2_fields, one_in);
			scattered2[level] = d.word[0];
		}
		for (int level = 3; level >= 1; level--)
			tables.SetDescriptor(kVa, level, scattered1[level]);
		for (int level = 3; level >= tables2.StartLevel(); level--)
			tables2.SetDescriptor(kIpa, level, scattered2[level]);
	}

	Request Ask()
	{
		Request request{.stream = kStream, .address = kVa + Next() % 4096};
		request.write = OneIn(2);
		request.privileged = OneIn(2);
		request.instruction = OneIn(4);
		request.substream_valid = OneIn(8);
		request.kind = static_cast<RequestKind>(OneIn(4) ? Next() % 3 : 0);
		if (OneIn(8))
			request.address = Next() >> Next() % 32;
		return request;
	}

	void Build()
	{
		tables.Map(kVa, kIpa);
		tables2.Map(kIpa, 0x90000000);
		for (int level = 1; level <= 3; level++)
			whole1[level] = tables.Descriptor(kVa, level);
		for (int level = tables2.StartLevel(); level <= 3; level++)
			whole2[level] = tables2.Descriptor(kIpa, level);
	}

	void Mend()
	{
		for (int level = 1; level <= 3; level++)
			tables.SetDescriptor(kVa, level, whole1[level]);
		for (int level = tables2.StartLevel(); level <= 3; level++)
			tables2.SetDescriptor(kIpa, level, whole2[level]);
	}

	static constexpr uint64_t kVa = 0x12345000, kIpa = 0x80000000;
	std::mt19937_64 random{20230816};
	uint64_t scattered1[4] = {}, scattered2[4] = {}, whole1[4] = {}, whole2[4] = {};
};

INSTANTIATE_TEST_SUITE_P(Formats, Random,
			 ::testing::Values(Formats{}, Formats{true, false}, Formats{true, true}));

TEST_P(Random, OutcomesKeepTheRules)
{
	int passed = 0, recorded = 0, updated = 0;

	registers.cr0 |= Put(cr0::kATSCHK, 1);
	Build();
	for (int round = 0; round < 3000; round++) {
		Reshuffle(25, false);
		const Request request = Ask();
		const auto allowed = Walker(memory, registers).Allowed(request);
		const Outcome walked = Walker(memory, registers).Walk(request);

		ASSERT_FALSE(allowed.empty());
		EXPECT_TRUE(walked.SameAs(allowed[0]))
			<< walked.Text() << " / " << allowed[0].Text();
		passed += walked.verdict == Verdict::kPassed;
		recorded += walked.recorded;
		updated += !walked.updates.empty();
		for (const Outcome &outcome : allowed) {
			EXPECT_FALSE(outcome.verdict == Verdict::kPassed &&
				     (outcome.address >> 48 || outcome.recorded));
			EXPECT_FALSE(outcome.verdict == Verdict::kStalled && !outcome.recorded);
			if (outcome.recorded) {
				EXPECT_EQ(outcome.event.record.Get(event::kStreamID), kStream);
				EXPECT_EQ(outcome.event.record.Get(event::kStall),
					  outcome.verdict == Verdict::kStalled);
			}
			/* Descriptors gain an access flag or lose a write protection: no more. */
			for (const Update &u : outcome.updates)
				EXPECT_EQ((u.before ^ u.after) & ~0x480ull, 0u);
		}
		Mend();
	}
	/* And all of it happens. */
	EXPECT_GT(passed, 200);
	EXPECT_GT(recorded, 300);
	if (GetParam().lpae2)
		EXPECT_EQ(updated, 0);
	else
		EXPECT_GT(updated, 50);
}

/* After everything was invalidated, what is permitted is what a walk finds. */
TEST_P(Random, InvalidationOfEverythingLeavesTheWalk)
{
	Build();
	Smmu smmu(memory, registers);
	for (int round = 0; round < 400; round++) {
		Reshuffle(100, true);
		const Request request = Ask();
		const auto before = smmu.Permitted(request);
		const auto allowed = Walker(memory, registers).Allowed(request);
		EXPECT_TRUE(before[0].SameAs(allowed[0]));
		EXPECT_GE(before.size(), allowed.size());
		for (const Words<2> &command :
		     {MakeCommand(kCMD_CFGI_STE_RANGE).Set(command::kRange, 31),
		      MakeCommand(kCMD_TLBI_NSNH_ALL), MakeCommand(kCMD_TLBI_EL2_ALL),
		      MakeCommand(kCMD_SYNC)})
			EXPECT_EQ(smmu.Command(command.word), Legality::kLegal);
		EXPECT_EQ(smmu.Permitted(request).size(), allowed.size());
		Mend();
	}
}

} // namespace ref
