/* SPDX-License-Identifier: Apache-2.0 */
/* What is done with memory attributes: the examples of 13.1.5.1, and tables made by hand. */
#include "testbench/support/reference/attributes.hpp"
#include "testbench/unit/reference/bench.hpp"

namespace ref
{

namespace
{
constexpr int kNsh = kNonShareable, kOsh = kOuterShareable, kIsh = kInnerShareable;

/* In the notation of 13.1.1, shareability aside. */
constexpr uint8_t kNGnRnE = 0x00, kNGnRE = 0x04, kGRE = 0x0c, kNc = 0x44, kWt = 0xbb, kWb = 0xff;
constexpr uint8_t kIwbOnc = 0x4f, kIwtOnc = 0x4b;
constexpr uint8_t kIwtRaWaNtrOwtRaNwaTr = 0x2b;

MemoryTypes Of(uint8_t mair, int sh)
{
	return OfMair(mair, sh);
}

std::string Text(uint8_t mair, int sh)
{
	char text[16];
	snprintf(text, sizeof(text), "0x%02x.%d", mair, sh);
	return text;
}
} // namespace

TEST(ReferenceAttributes, ExamplesOfCombination)
{
	EXPECT_EQ(Combined(Of(kIwbOnc, kIsh), Of(kNGnRE, kOsh)).Text(), Text(kNGnRE, kOsh));
	EXPECT_EQ(Combined(Of(kNGnRE, kOsh), Of(kNGnRnE, kOsh)).Text(), Text(kNGnRnE, kOsh));
	EXPECT_EQ(Combined(Of(kIwbOnc, kIsh), Of(kIwtRaWaNtrOwtRaNwaTr, kOsh)).Text(),
		  Text(kIwtOnc, kOsh));
}

TEST(ReferenceAttributes, EachByteOfMairComesBackOrIsReserved)
{
	for (int byte = 0; byte < 256; byte++) {
		int expected = byte;
		if (byte < 0x10)
			expected = byte & 0xc;
		else if (!(byte & 0xf))
			expected = byte | 3; /* 5.4: iWT, transient, RA, WA */
		const int sh = expected < 0x10 || expected == kNc ? kOsh : kIsh;
		EXPECT_EQ(Of((uint8_t)byte, kIsh).Text(), Text((uint8_t)expected, sh)) << byte;
	}
}

TEST(ReferenceAttributes, AReservedShareabilityMayBeAny)
{
	EXPECT_EQ(Of(kWb, 1).Encoded().size(), 3u);
	EXPECT_EQ(Of(kNc, 1).Text(), Text(kNc, kOsh));
}

TEST(ReferenceAttributes, StrongerShareabilityStays)
{
	const int order[] = {kNsh, kIsh, kOsh};

	for (int a = 0; a < 3; a++)
		for (int b = 0; b < 3; b++)
			EXPECT_EQ(Combined(Of(kWb, order[a]), OfStage2(15, order[b])).Text(),
				  Text(kWb, order[std::max(a, b)]));
	/* Non-cacheable counts as Outer Shareable, whatever it says. */
	EXPECT_EQ(CombinedFwb(Of(kNc, kNsh), 6, kNsh).Text(), Text(kWb, kOsh));
}

TEST(ReferenceAttributes, FwbForces)
{
	static const struct {
		uint8_t input;
		int mem_attr;
		uint8_t output;
	} rows[] = {
		{kGRE, 1, kNGnRE},   {kNGnRnE, 1, kNGnRnE}, {kWb, 3, kGRE},      {kWb, 5, kNc},
		{kNGnRE, 5, kNGnRE}, {kWt, 6, kWb},         {0xaa, 6, 0xee},     {0x4a, 6, 0xfe},
		{kNGnRE, 6, kWb},    {kIwtOnc, 7, 0x4b},    {kNGnRE, 7, kNGnRE}, {kWb, 15, kWb},
	};

	for (const auto &row : rows) {
		const int sh =
			row.output < 0x10 || row.output == kNc || row.input < 0x10 ? kOsh : kIsh;
		EXPECT_EQ(CombinedFwb(Of(row.input, kIsh), row.mem_attr, kIsh).Text(),
			  Text(row.output, sh))
			<< Text(row.input, 0) << " by " << row.mem_attr;
	}
	EXPECT_TRUE(CombinedFwb(Of(kWb, kIsh), 4, kIsh).anything);
}

TEST(ReferenceAttributes, HintsOfTheInputLimitThoseOfStage1)
{
	EXPECT_EQ(ThroughStage1(Of(0xee, kNsh), Of(kWb, kIsh)).Text(), Text(0xee, kIsh));
	EXPECT_EQ(ThroughStage1(Of(0x77, kNsh), Of(0xbb, kIsh)).Text(), Text(0x33, kIsh));
	EXPECT_EQ(ThroughStage1(Of(kNc, kOsh), Of(kWb, kIsh)).Text(), Text(kWb, kIsh));
	EXPECT_EQ(ThroughStage1(Of(0x4d, kNsh), Of(kWb, kIsh)).Text(), Text(0xfd, kIsh));
	/* Nothing that is not allocated is transient: 13.1.7. */
	EXPECT_EQ(ThroughStage1(Of(0x55, kNsh), Of(0xee, kIsh)).Text(), Text(0xcc, kIsh));
}

TEST(ReferenceAttributes, Overrides)
{
	static const struct {
		uint8_t input;
		Overrides by;
		uint8_t output;
		int sh;
	} rows[] = {
		{kNc, {true, 15, 0, 1}, kWb, kOsh},     /* default hints, 13.1.3 */
		{0xee, {true, 10, 0, 1}, 0xaa, kIsh},   /* hints stay */
		{kWb, {true, 15, 13, 3}, 0x66, kIsh},   /* RA, transient */
		{kWb, {true, 8, 15, 3}, kNGnRnE, kOsh}, /* reserved: 5.2 */
		{kWb, {false, 3, 8, 0}, 0xcc, kNsh},    /* MemAttr without MTCFG */
		{kWb, {true, 5, 15, 0}, kNc, kOsh},     /* 13.1.4 */
	};

	for (const auto &row : rows)
		EXPECT_EQ(Overridden(Of(row.input, kIsh), row.by).Text(), Text(row.output, row.sh));
	EXPECT_EQ(Overridden(Of(kWb, kIsh), {false, 0, 8, 1, true}).Text(), "0xcc.3 or 0xff.3");
}

TEST(ReferenceAttributes, Regions)
{
	EXPECT_EQ(OfTableRegion(1, 3, 3).Text(), Text(0xef, kIsh));
	EXPECT_EQ(OfTableRegion(2, 0, 1).Text(), Text(0x4a, kNsh));
	EXPECT_EQ(OfTableRegion(0, 0, 0).Text(), Text(kNc, kOsh));
	EXPECT_EQ(OfCdRegion(3, 0, 2).Text(), "0x4c.2 or 0x4d.2");
	EXPECT_TRUE(OfStreamTable(1, 2, 3, true).Permit(0xae, kIsh));
	EXPECT_FALSE(OfStreamTable(1, 2, 3, false).Permit(0xae, kIsh));
	EXPECT_EQ(OfStreamTable(3, 3, 3, true).Text(), Text(kNc, kOsh));
}

class Carried : public NestedBench
{
protected:
	Carried()
	{
		registers.cr1 =
			Put(cr1::kTABLE_IC, 1) | Put(cr1::kTABLE_OC, 1) | Put(cr1::kTABLE_SH, 3);
		registers.strtab_base |= Put(strtab_base::kRA, 1);
		ste.Set(ste::kS1CIR, 1).Set(ste::kS1COR, 3).Set(ste::kS1CSH, 3);
		ste.Set(ste::kS2IR0, 1).Set(ste::kS2OR0, 2).Set(ste::kS2SH0, 2);
		cd.Set(cd::kIR0, 3).Set(cd::kOR0, 1).Set(cd::kSH0, 3).Set(cd::kMAIR0, 0xee00);
		tables.Map(0x12345000, 0x80000000, 3, {.attr_index = 1});
		tables2.Map(0x80000000, 0x90000000, 3);
	}

	/* The last of a kind. */
	std::string With(const Outcome &outcome, AccessKind kind)
	{
		std::string text;
		for (const Access &access : outcome.accesses)
			if (access.kind == kind)
				text = access.attributes.Text();
		return text;
	}
};

TEST_F(Carried, ByAccessesOfEachKind)
{
	const Outcome outcome = ReadNested(0x12345678);

	EXPECT_EQ(outcome.attributes.Text(), Text(0xee, kIsh));
	ASSERT_EQ(outcome.accesses[0].kind, AccessKind::kSte);
	EXPECT_TRUE(outcome.accesses[0].attributes.Permit(0xee, kIsh));
	EXPECT_FALSE(outcome.accesses[0].attributes.Permit(0xcc, kIsh));
	EXPECT_EQ(With(outcome, AccessKind::kCd), "0xce.3 or 0xcf.3 or 0xde.3 or 0xdf.3");
	EXPECT_EQ(With(outcome, AccessKind::kStage1), Text(0xfe, kIsh));
	EXPECT_EQ(With(outcome, AccessKind::kStage2), Text(0xaf, kOsh));
}

TEST_F(Carried, ByTablesInDeviceMemory)
{
	const uint64_t ipa = tables.DescriptorIpa(0x12345000, 3);
	const uint64_t physical = tables.DescriptorAddress(0x12345000, 3);

	tables2.Map(ipa & ~Mask(12), physical & ~Mask(12), 3, {.mem_attr = 1});
	EXPECT_EQ(With(ReadNested(0x12345678), AccessKind::kStage1), "0x04.2 or 0x44.2");
	registers.idr[3] |= Put(idr3::kPTWNNC, 1);
	EXPECT_EQ(With(ReadNested(0x12345678), AccessKind::kStage1), "0x44.2");
}

} // namespace ref
