/* SPDX-License-Identifier: Apache-2.0 */
/* Legality of commands (IHI 0070, 4.1 to 4.7). */
#include "testbench/support/reference/smmu.hpp"
#include "testbench/unit/reference/bench.hpp"

#include <set>

namespace ref
{

class Commands : public Bench
{
protected:
	Legality Of(const Words<2> &command)
	{
		return CommandLegality(command.word, Features(registers));
	}

	/* With one identification field changed. */
	Legality With(int idr, Field field, uint64_t value, const Words<2> &command)
	{
		Registers changed = registers;
		changed.idr[idr] &= ~Put(field, ~0ull);
		changed.idr[idr] |= Put(field, value);
		return CommandLegality(command.word, Features(changed));
	}
};

/* 4.1.1: of the Non-secure queue; S_, EL3 and DPTI commands and VMS_PIDM are never legal here. */
TEST_F(Commands, OpcodesOfTheTable)
{
	const std::set<int> legal = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x11,
				     0x12, 0x13, 0x20, 0x21, 0x22, 0x23, 0x28, 0x2a,
				     0x30, 0x40, 0x41, 0x44, 0x45, 0x46};

	for (int opcode = 0; opcode < 256; opcode++) {
		const Legality expected = legal.count(opcode)                ? Legality::kLegal
					  : opcode >= 0x80 && opcode <= 0x8f ? Legality::kEither
									     : Legality::kIllegal;
		EXPECT_EQ(Of(Words<2>().Set(command::kOpcode, opcode)), expected) << opcode;
	}
}

TEST_F(Commands, FeaturesThatCommandsNeed)
{
	for (Opcode opcode : {kCMD_CFGI_CD, kCMD_CFGI_CD_ALL, kCMD_TLBI_NH_ALL, kCMD_TLBI_NH_ASID,
			      kCMD_TLBI_NH_VA, kCMD_TLBI_NH_VAA})
		EXPECT_EQ(With(0, idr0::kS1P, 0, MakeCommand(opcode)), Legality::kIllegal);
	for (Opcode opcode : {kCMD_TLBI_S12_VMALL, kCMD_TLBI_S2_IPA})
		EXPECT_EQ(With(0, idr0::kS2P, 0, MakeCommand(opcode)), Legality::kIllegal);
	for (Opcode opcode :
	     {kCMD_TLBI_EL2_ALL, kCMD_TLBI_EL2_VA, kCMD_TLBI_EL2_VAA, kCMD_TLBI_EL2_ASID})
		EXPECT_EQ(With(0, idr0::kHyp, 0, MakeCommand(opcode)), Legality::kIllegal);
	for (Opcode opcode : {kCMD_RESUME, kCMD_STALL_TERM})
		EXPECT_EQ(With(0, idr0::kSTALL_MODEL, 1, MakeCommand(opcode)), Legality::kIllegal);
	EXPECT_EQ(With(0, idr0::kATS, 0, MakeCommand(kCMD_ATC_INV)), Legality::kIllegal);
	EXPECT_EQ(With(0, idr0::kPRI, 0, MakeCommand(kCMD_PRI_RESP)), Legality::kIllegal);
	EXPECT_EQ(With(0, idr0::kS1P, 0, MakeCommand(kCMD_TLBI_NSNH_ALL)), Legality::kLegal);
}

TEST_F(Commands, ParametersThatAreIllegal)
{
	for (Opcode opcode :
	     {kCMD_PREFETCH_CONFIG, kCMD_PREFETCH_ADDR, kCMD_CFGI_STE, kCMD_CFGI_STE_RANGE,
	      kCMD_CFGI_CD, kCMD_CFGI_CD_ALL, kCMD_RESUME, kCMD_STALL_TERM})
		EXPECT_EQ(Of(MakeCommand(opcode).Set(command::kSSec, 1)), Legality::kIllegal);
	EXPECT_EQ(Of(MakeCommand(kCMD_SYNC).Set(command::kCS, 3)), Legality::kIllegal);
	EXPECT_EQ(Of(MakeCommand(kCMD_SYNC).Set(command::kCS, 2)), Legality::kLegal);
	EXPECT_EQ(Of(MakeCommand(kCMD_PRI_RESP).Set(command::kResp, 3)), Legality::kIllegal);
	EXPECT_EQ(Of(MakeCommand(kCMD_PRI_RESP).Set(command::kResp, 2)), Legality::kLegal);
	EXPECT_EQ(Of(MakeCommand(kCMD_ATC_INV).Set(command::kSize, 52)), Legality::kLegal);
	EXPECT_EQ(Of(MakeCommand(kCMD_ATC_INV).Set(command::kSize, 53)), Legality::kEither);
}

/* 4.4.1.1 */
TEST_F(Commands, RangesAndHints)
{
	const Words<2> va = MakeCommand(kCMD_TLBI_NH_VA);
	auto range = [&va](uint64_t tg, uint64_t ttl, uint64_t num) {
		Words<2> c = va;
		return c.Set(command::kTG, tg).Set(command::kTTL, ttl).Set(command::kNUM, num);
	};

	EXPECT_EQ(Of(range(1, 0, 0)), Legality::kIllegal);
	EXPECT_EQ(Of(range(1, 3, 0)), Legality::kLegal);
	EXPECT_EQ(Of(range(1, 0, 1)), Legality::kLegal);
	/* 16 KiB has no leaves at level 1. */
	EXPECT_EQ(Of(range(2, 1, 0)), Legality::kIllegal);
	EXPECT_EQ(Of(range(2, 1, 1)), Legality::kLegal);
	EXPECT_EQ(Of(range(0, 3, 0)), Legality::kEither);
	EXPECT_EQ(Of(range(0, 0, 1)), Legality::kEither);
	EXPECT_EQ(With(3, idr3::kRIL, 0, range(1, 0, 0)), Legality::kEither);
	EXPECT_EQ(With(3, idr3::kRIL, 0, va), Legality::kLegal);
}

/* 4.1.5 */
TEST_F(Commands, ReservedFieldsMayBeChecked)
{
	EXPECT_EQ(Of(MakeCommand(kCMD_CFGI_STE).Set({31, 31}, 1)), Legality::kEither);
	EXPECT_EQ(Of(MakeCommand(kCMD_CFGI_STE).Set({65, 65}, 1)), Legality::kEither);
	EXPECT_EQ(Of(MakeCommand(kCMD_TLBI_S2_IPA).Set({127, 127}, 1)), Legality::kEither);
	EXPECT_EQ(Of(MakeCommand(kCMD_TLBI_NH_VA).Set({127, 127}, 1)), Legality::kLegal);
	EXPECT_EQ(
		With(0, idr0::kASID16, 0, MakeCommand(kCMD_TLBI_NH_ASID).Set(command::kASID, 256)),
		Legality::kEither);
	EXPECT_EQ(With(0, idr0::kVMID16, 0, MakeCommand(kCMD_TLBI_NH_ALL).Set(command::kVMID, 256)),
		  Legality::kEither);
}

} // namespace ref
