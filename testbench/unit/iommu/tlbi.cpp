/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/ats_bench.h"

/*
 * What each TLB invalidation takes, and what it leaves (IHI 0070, 4.4.2 to 4.4.4): streams of
 * every world and tag use one page each; then its descriptors go, and what is still translated
 * was not invalidated.
 */
namespace
{
struct Stream {
	char name;
	uint64_t config;
	uint16_t vmid, asid;
	bool el2;
};

constexpr uint64_t S1 = STE0_CONFIG_S1, S2 = STE0_CONFIG_S2, NESTED = STE0_CONFIG_S1_S2;
/* c: as a with another ASID; v: another VMID; i: IPAs; n: both stages; h, k: of EL2. */
constexpr Stream kStreams[] = {
	{'a', S1, 5, 3, false}, {'c', S1, 5, 4, false}, {'v', S1, 6, 3, false},
	{'i', S2, 5, 0, false}, {'j', S2, 6, 0, false}, {'n', NESTED, 5, 7, false},
	{'h', S1, 0, 3, true},  {'k', S1, 0, 4, true},
};

const uint64_t kVmid = field_put(TLBI0_VMID, 5), kAsid = field_put(TLBI0_ASID, 3),
	       kAsid7 = field_put(TLBI0_ASID, 7);
constexpr uint64_t kPage = 0x4000;

struct Row {
	const char *name;
	uint64_t word0, word1;
	const char *taken;      /* with CR2.E2H == 0: EL2 knows no ASIDs */
	const char *taken_host; /* with CR2.E2H == 1 */
};

const Row kRows[] = {
	{"NhAll", CMD_TLBI_NH_ALL | kVmid, 0, "acn", "acn"},
	{"NhAsid", CMD_TLBI_NH_ASID | kVmid | kAsid, 0, "a", "a"},
	{"NhVa", CMD_TLBI_NH_VA | kVmid | kAsid, kPage, "a", "a"},
	{"NhAsidOfBothStages", CMD_TLBI_NH_ASID | kVmid | kAsid7, 0, "n", "n"},
	{"NhVaOfBothStages", CMD_TLBI_NH_VA | kVmid | kAsid7, kPage, "n", "n"},
	{"NhVaOfAnotherPage", CMD_TLBI_NH_VA | kVmid | kAsid, 0x5000, "", ""},
	{"NhVaa", CMD_TLBI_NH_VAA | kVmid, kPage, "acn", "acn"},
	{"NhVaaOfAnotherPage", CMD_TLBI_NH_VAA | kVmid, 0x5000, "", ""},
	{"S12Vmall", CMD_TLBI_S12_VMALL | kVmid, 0, "acin", "acin"},
	{"S2Ipa", CMD_TLBI_S2_IPA | kVmid, kPage, "i", "i"},
	{"S2IpaOfAnotherPage", CMD_TLBI_S2_IPA | kVmid, 0x5000, "", ""},
	{"NsnhAll", CMD_TLBI_NSNH_ALL, 0, "acvijn", "acvijn"},
	{"El2All", CMD_TLBI_EL2_ALL, 0, "hk", "hk"},
	/* Of the world that CR2.E2H is not about nothing is there. */
	{"El2Asid", CMD_TLBI_EL2_ASID | kAsid, 0, "", "h"},
	{"El2Va", CMD_TLBI_EL2_VA | kAsid, kPage, "hk", "h"},
	{"El2VaOfAnotherPage", CMD_TLBI_EL2_VA | kAsid, 0x5000, "", ""},
	{"El2Vaa", CMD_TLBI_EL2_VAA, kPage, "hk", "hk"},
	{"El2VaaOfAnotherPage", CMD_TLBI_EL2_VAA, 0x5000, "", ""},
};

class SmmuTlbi : public AtsBench, public ::testing::WithParamInterface<Row>
{
protected:
	void set_up(uint32_t cr2)
	{
		cfg.vmid16 = true;
		cfg.timing.tlb_entries = 256;
		bring_up_ats();
		enable(CR0_CMDQEN | CR0_EVENTQEN);
		set_reg(SMMU_CR2, cr2);
		enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
		ipas = std::make_unique<TableBuilder>(*memory, 25);
		/* The pages, and where tables and CDs are. */
		for (uint64_t block = 0; block < SIZE; block += 2 << 20)
			memory->write64(ipas->descriptor(block, 2), S2_RW | block);
		uint64_t low = memory->allocate();
		for (unsigned i = 0; i < 512; i++)
			memory->write64(low + 8 * i, S2_RW | TTD_PAGE | 4096 * i);
		memory->write64(ipas->descriptor(0, 2), low | TTD_VALID | TTD_TABLE);
		for (uint32_t number = 0; number < ARRAY_LEN(kStreams); number++)
			attach(number, kStreams[number]);
		for (uint32_t number = 0; number < ARRAY_LEN(kStreams); number++)
			ASSERT_TRUE(cached(number)) << kStreams[number].name;
		for (const auto &table : tables)
			memory->write64(table->descriptor(kPage, 3), 0);
		memory->write64(ipas->descriptor(kPage, 3), 0);
	}

	void attach(uint32_t number, const Stream &stream)
	{
		uint64_t ste = ste_address(number), cd = memory->allocate();

		if (stream.config & 1) {
			tables.push_back(std::make_unique<TableBuilder>(*memory));
			tables.back()->map(kPage, 0x6000);
			write_cd(cd, *tables.back(), stream.asid, CD0_A | CD0_R);
		}
		write_ste(number,
			  STE0_V | field_put(STE0_CONFIG, stream.config) |
				  (stream.config & 1 ? cd : 0),
			  stream.el2 ? field_put(STE1_STRW, STE1_STRW_EL2) : 0);
		memory->write64(ste + 16,
				field_put(STE2_S2VMID, stream.vmid) | field_put(STE2_S2T0SZ, 25) |
					field_put(STE2_S2SL0, 1) |
					field_put(STE2_S2PS, IDR5_OAS_44) | STE2_S2AA64 | STE2_S2R);
		memory->write64(ste + 24, ipas->root);
	}

	bool cached(uint32_t number)
	{
		Dma &dma = send(BUS_READ, kPage, 8, false, number);

		run();
		take_events();
		return dma.req.status == BUS_OK;
	}

	void expect_taken(const std::string &taken)
	{
		command(GetParam().word0, GetParam().word1);
		for (uint32_t number = 0; number < ARRAY_LEN(kStreams); number++)
			EXPECT_EQ(cached(number),
				  taken.find(kStreams[number].name) == std::string::npos)
				<< kStreams[number].name;
	}

	std::unique_ptr<TableBuilder> ipas;
	std::vector<std::unique_ptr<TableBuilder>> tables;
};
} // namespace

TEST_P(SmmuTlbi, TakesWhatItNamesAndNothingElse)
{
	set_up(CR2_RECINVSID);
	expect_taken(GetParam().taken);
}

TEST_P(SmmuTlbi, TakesWhatItNamesOfAHostInEl2)
{
	set_up(CR2_RECINVSID | CR2_E2H);
	expect_taken(GetParam().taken_host);
}

INSTANTIATE_TEST_SUITE_P(Commands, SmmuTlbi, ::testing::ValuesIn(kRows),
			 [](const auto &row) { return row.param.name; });
