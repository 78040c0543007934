/* SPDX-License-Identifier: Apache-2.0 */
/* Random commands on random SMMUs: which of them are CERROR_ILL (IHI 0070, 4.1 to 4.7). */
#include "testbench/support/smmu_model.hpp"
#include "testbench/support/smmu_world.hpp"

#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>

namespace
{

constexpr ref::Opcode kOpcodes[] = {
	ref::kCMD_PREFETCH_CONFIG, ref::kCMD_PREFETCH_ADDR,
	ref::kCMD_CFGI_STE,        ref::kCMD_CFGI_STE_RANGE,
	ref::kCMD_CFGI_CD,         ref::kCMD_CFGI_CD_ALL,
	ref::kCMD_TLBI_NH_ALL,     ref::kCMD_TLBI_NH_ASID,
	ref::kCMD_TLBI_NH_VA,      ref::kCMD_TLBI_NH_VAA,
	ref::kCMD_TLBI_EL2_ALL,    ref::kCMD_TLBI_EL2_ASID,
	ref::kCMD_TLBI_EL2_VA,     ref::kCMD_TLBI_EL2_VAA,
	ref::kCMD_TLBI_S12_VMALL,  ref::kCMD_TLBI_S2_IPA,
	ref::kCMD_TLBI_NSNH_ALL,   ref::kCMD_ATC_INV,
	ref::kCMD_PRI_RESP,        ref::kCMD_RESUME,
	ref::kCMD_STALL_TERM,      ref::kCMD_SYNC,
};

constexpr ref::Field kFields[] = {
	ref::command::kStreamID, ref::command::kSubstreamID, ref::command::kVMID,
	ref::command::kASID,     ref::command::kNUM,         ref::command::kSCALE,
	ref::command::kLeaf,     ref::command::kRange,       ref::command::kTTL,
	ref::command::kTG,       ref::command::kAddress,     ref::command::kCS,
	ref::command::kSSec,     ref::command::kSSV,         ref::command::kTTL128,
	ref::command::kSize,     ref::command::kResp,
};

/* Mostly known ones; a few fields are other than zero, and now and then any bit. */
ref::Words<2> SomeWords(Chance &chance)
{
	ref::Words<2> command;

	if (chance.OneIn(4)) {
		command = {{chance.Word() & chance.Word(), chance.Word() & chance.Word()}};
	} else {
		for (ref::Field field : kFields)
			if (chance.OneIn(5))
				command.Set(field, chance.Word());
	}
	if (chance.OneIn(8))
		command.Set(ref::command::kOpcode, chance.Word());
	else
		command.Set(ref::command::kOpcode, kOpcodes[chance.Below(std::size(kOpcodes))]);
	return command;
}

} // namespace

TEST(SmmuReferenceCommands, AreIllegalForBoth)
{
	uint64_t counts[3] = {}, illegal = 0;

	EachSeed(1500, [&](uint64_t seed) {
		SmmuWorld world(seed, false);
		world.cfg.pri = world.cfg.ats && world.chance.Coin();
		SmmuModel model(&world.sim, world.memory, world.cfg);
		model.BringUp(world.registers);
		const ref::Features features(model.ReadRegisters());
		for (int i = 0; i < 200; i++) {
			const ref::Words<2> command = SomeWords(world.chance);
			const ref::Legality expected = ref::CommandLegality(command.word, features);
			const bool legal = model.Command(command);
			counts[static_cast<int>(expected)]++;
			illegal += !legal;
			if (expected == ref::Legality::kEither)
				continue;
			ASSERT_EQ(legal, expected == ref::Legality::kLegal)
				<< world.Text() << std::hex << "\n"
				<< command.word[0] << " " << command.word[1];
		}
	});
	printf("%" PRIu64 " legal, %" PRIu64 " illegal, %" PRIu64 " either; %" PRIu64 " refused\n",
	       counts[0], counts[1], counts[2], illegal);
}
