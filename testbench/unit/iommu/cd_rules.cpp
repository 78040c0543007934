/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every context descriptor that a Non-secure SMMU calls ILLEGAL (IHI 0070, 5.4
 * and 5.4.2), one row a rule, and descriptors that look like it and are not.
 */
#include "testbench/unit/iommu/config_bench.h"

namespace
{

enum World { EL1, EL2, EL2H };

struct CdRow {
	const char *name;
	const char *field; /* of 5.4 that says so */
	bool legal;
	World world;
	void (*offer)(struct smmu_cfg &cfg);
	void (*spoil)(uint64_t *cd, uint64_t *ste);
};

void all(struct smmu_cfg &)
{
}

template <unsigned model>
void stalls(struct smmu_cfg &cfg)
{
	cfg.stall_model = model;
	cfg.stall_max = model == IDR0_STALL_MODEL_NONE ? 0 : 16;
}

template <unsigned httu>
void updates(struct smmu_cfg &cfg)
{
	cfg.httu = httu;
}

template <unsigned endian>
void order(struct smmu_cfg &cfg)
{
	cfg.endian = endian;
}

template <unsigned granules>
void pages(struct smmu_cfg &cfg)
{
	cfg.granules = granules;
	cfg.vax = cfg.vax && (granules & SMMU_GRANULE_64K);
}

void no_stt(struct smmu_cfg &cfg)
{
	cfg.stt = false;
}

void no_vax(struct smmu_cfg &cfg)
{
	cfg.vax = false;
}

void no_asid16(struct smmu_cfg &cfg)
{
	cfg.asid16 = false;
}

void oas52(struct smmu_cfg &cfg)
{
	cfg.oas_bits = 52;
}

void both_formats(struct smmu_cfg &cfg)
{
	cfg.ttf = IDR0_TTF_AARCH32 | IDR0_TTF_AARCH64;
}

void aarch32(struct smmu_cfg &cfg)
{
	cfg.ttf = IDR0_TTF_AARCH32;
}

void plain(uint64_t *, uint64_t *)
{
}

template <unsigned word, uint64_t bits>
void with(uint64_t *cd, uint64_t *)
{
	cd[word] |= bits;
}

template <unsigned word, uint64_t bits>
void without(uint64_t *cd, uint64_t *)
{
	cd[word] &= ~bits;
}

/* The lower region: granule and size. */
template <unsigned granule, unsigned txsz>
void lower(uint64_t *cd, uint64_t *)
{
	cd[0] = field_set(cd[0], CD0_TG0, granule);
	cd[0] = field_set(cd[0], CD0_T0SZ, txsz);
}

/* The upper region, enabled, with a table; TG1's codes are its own. */
template <unsigned granule, unsigned txsz>
void upper(uint64_t *cd, uint64_t *)
{
	cd[0] &= ~(uint64_t)CD0_EPD1;
	cd[0] = field_set(cd[0], CD0_TG1, granule);
	cd[0] = field_set(cd[0], CD0_T1SZ, txsz);
	cd[2] = cd[1];
}

const CdRow illegal[] = {
	{"NotValid", "V", false, EL1, all, without<0, CD0_V>},
	{"Aarch32Tables", "AA64", false, EL1, all, without<0, CD0_AA64>},
	{"Aarch32TablesOfEl2H", "AA64", false, EL2H, both_formats, without<0, CD0_AA64>},
	{"Aarch64Tables", "AA64", false, EL1, aarch32, plain},
	{"LowerTableBeyond40", "TTB0", false, EL1, both_formats,
	 [](uint64_t *cd, uint64_t *) {
		 cd[0] &= ~CD0_AA64;
		 cd[1] |= BIT(40);
	 }},
	{"StallDisabled", "S", false, EL1, all,
	 [](uint64_t *cd, uint64_t *ste) {
		 cd[0] |= CD0_S;
		 ste[1] |= STE1_S1STALLD;
	 }},
	{"StallLacking", "S", false, EL1, stalls<1>, with<0, CD0_S>},
	{"StallForced", "S", false, EL1, stalls<2>, plain},
	{"TerminateAborts", "A", false, EL1, [](struct smmu_cfg &cfg) { cfg.term_abort = true; },
	 without<0, CD0_A>},
	{"BigEndianLacking", "ENDI", false, EL1, order<IDR0_TTENDIAN_LE>, with<0, CD0_ENDI>},
	{"LittleEndianLacking", "ENDI", false, EL1, order<IDR0_TTENDIAN_BE>, plain},
	{"AccessFlagLacking", "HA", false, EL1, updates<0>, with<0, CD0_HA>},
	{"DirtyLacking", "HD", false, EL1, updates<1>, with<0, CD0_HA | CD0_HD>},
	{"DirtyAloneLacking", "HD", false, EL1, updates<1>, with<0, CD0_HD>},
	{"TableFlagAlone", "HAFT", false, EL1, all, with<1, CD1_HAFT>},
	{"AsidTooLarge", "ASID", false, EL1, no_asid16, with<0, UINT64_C(0x100) << 48>},
	{"AsidTooLargeEl2H", "ASID", false, EL2H, no_asid16, with<0, UINT64_C(0x100) << 48>},
	{"LowerTooLarge", "T0SZ", false, EL1, all, lower<CD0_TG0_4K, 15>},
	{"LowerTooLarge16K", "T0SZ", false, EL1, all, lower<CD0_TG0_16K, 15>},
	{"LowerTooLarge64K", "T0SZ", false, EL1, no_vax, lower<CD0_TG0_64K, 15>},
	{"LowerTooLargeOf52", "T0SZ", false, EL1, all, lower<CD0_TG0_64K, 11>},
	{"LowerTooSmall", "T0SZ", false, EL1, no_stt, lower<CD0_TG0_4K, 40>},
	{"LowerTooSmallOfSmall", "T0SZ", false, EL1, all, lower<CD0_TG0_4K, 49>},
	{"LowerTooSmallOfSmall64K", "T0SZ", false, EL1, all, lower<CD0_TG0_64K, 48>},
	{"UpperTooLarge", "T1SZ", false, EL1, all, upper<CD0_TG1_4K, 15>},
	{"UpperTooSmall", "T1SZ", false, EL1, no_stt, upper<CD0_TG1_4K, 40>},
	{"UpperTooSmallOfSmall64K", "T1SZ", false, EL1, all, upper<CD0_TG1_64K, 48>},
	{"LowerGranuleReserved", "TG0", false, EL1, all, lower<3, 16>},
	{"LowerGranule4KLacking", "TG0", false, EL1, pages<SMMU_GRANULE_64K>, plain},
	{"LowerGranule16KLacking", "TG0", false, EL1, pages<SMMU_GRANULE_4K>,
	 lower<CD0_TG0_16K, 16>},
	{"LowerGranule64KLacking", "TG0", false, EL1, pages<SMMU_GRANULE_4K>,
	 lower<CD0_TG0_64K, 16>},
	{"UpperGranuleReserved", "TG1", false, EL1, all, upper<0, 16>},
	{"UpperGranule16KLacking", "TG1", false, EL1, pages<SMMU_GRANULE_4K>,
	 upper<CD0_TG1_16K, 16>},
	{"UpperGranule64KLacking", "TG1", false, EL1, pages<SMMU_GRANULE_4K>,
	 upper<CD0_TG1_64K, 16>},
	{"LowerTableBeyondOutput", "TTB0", false, EL1, all, with<1, BIT(44)>},
	{"LowerTableBeyondSize", "TTB0", false, EL1, all,
	 [](uint64_t *cd, uint64_t *) {
		 cd[0] = field_set(cd[0], CD0_IPS, IDR5_OAS_32);
		 cd[1] |= BIT(32);
	 }},
	{"LowerTableBeyond48", "TTB0", false, EL1, oas52,
	 [](uint64_t *cd, uint64_t *) {
		 cd[0] = field_set(cd[0], CD0_IPS, IDR5_OAS_52);
		 cd[1] |= BIT(48);
	 }},
	{"UpperTableBeyondOutput", "TTB1", false, EL1, all,
	 [](uint64_t *cd, uint64_t *ste) {
		 upper<CD0_TG1_4K, 16>(cd, ste);
		 cd[2] |= BIT(44);
	 }},
};

const CdRow legal[] = {
	{"Plain", "", true, EL1, all, plain},
	{"PlainEl2", "", true, EL2, all, plain},
	{"PlainEl2H", "", true, EL2H, all, plain},
	{"Upper", "T1SZ", true, EL1, all, upper<CD0_TG1_4K, 16>},
	{"Upper16K", "TG1", true, EL1, all, upper<CD0_TG1_16K, 16>},
	{"UpperOfAll52", "T1SZ", true, EL1, all, upper<CD0_TG1_64K, 12>},
	{"UpperSmallest", "T1SZ", true, EL1, all, upper<CD0_TG1_4K, 48>},
	{"UpperSmallest64K", "T1SZ", true, EL1, all, upper<CD0_TG1_64K, 47>},
	{"UpperIgnoredWhereDisabled", "EPD1", true, EL1, all,
	 [](uint64_t *cd, uint64_t *ste) {
		 upper<0, 3>(cd, ste);
		 cd[0] |= CD0_EPD1;
		 cd[2] = UINT64_MAX;
	 }},
	{"LowerDisableIgnoredOfEl2", "EPD0", true, EL2, all, with<0, CD0_EPD0>},
	{"UpperIgnoredOfEl2", "T1SZ", true, EL2, all,
	 [](uint64_t *cd, uint64_t *ste) {
		 upper<0, 3>(cd, ste);
		 cd[2] = UINT64_MAX;
	 }},
	{"StallWhereOffered", "S", true, EL1, all, with<0, CD0_S>},
	{"RazWi", "A", true, EL1, all, without<0, CD0_A>},
	{"AsidIgnoredOfEl2", "ASID", true, EL2, no_asid16, with<0, UINT64_C(0x100) << 48>},
	{"TableFlagReserved", "HAFT", true, EL1, updates<2>, with<1, CD1_HAFT>},
	{"TableFlag", "HAFT", true, EL1, all,
	 [](uint64_t *cd, uint64_t *) {
		 cd[0] |= CD0_HA;
		 cd[1] |= CD1_HAFT;
	 }},
	{"DirtyAlone", "HD", true, EL1, all, with<0, CD0_HD>},
	{"UnprivilegedWriteNever", "UWXN", true, EL1, all, with<0, CD0_UWXN>},
	{"OutputReserved", "IPS", true, EL1, all, with<0, CD0_IPS>},
	{"UnprivilegedDenialReserved", "E0PD", true, EL1,
	 [](struct smmu_cfg &cfg) {
		 cfg.e0pd = cfg.epan = false;
		 cfg.httu = 2;
		 cfg.version = 2;
	 },
	 with<1, CD1_E0PD0>},
	{"UnprivilegedDenialReservedOfEl2", "E0PD", true, EL2, all, with<1, CD1_E0PD0>},
};

void PrintTo(const CdRow &row, std::ostream *out)
{
	*out << row.name << " (CD." << row.field << ")";
}

std::string name_of(const ::testing::TestParamInfo<CdRow> &info)
{
	return info.param.name;
}

} // namespace

class CdRule : public SmmuConfigBench, public ::testing::WithParamInterface<CdRow>
{
protected:
	void prepare(const CdRow &row)
	{
		row.offer(cfg);
		configure(S1_ONLY, CR2_RECINVSID | (row.world == EL2H ? CR2_E2H : 0));
		if (row.world != EL1)
			ste[1] |= field_put(STE1_STRW, STE1_STRW_EL2);
		row.spoil(cd, ste);
		write_config();
	}
};

class IllegalCd : public CdRule
{
};

TEST_P(IllegalCd, IsBadCd)
{
	prepare(GetParam());
	Dma &dma = send(BUS_WRITE, VA, 8);
	EXPECT_EQ(event_of(dma), (unsigned)C_BAD_CD);
	EXPECT_EQ(dma.req.status, BUS_FAULT);
	EXPECT_EQ(last[0], C_BAD_CD | (uint64_t)STREAM << 32);
	EXPECT_EQ(last[1] | last[2] | last[3], 0u);
}

INSTANTIATE_TEST_SUITE_P(Rules, IllegalCd, ::testing::ValuesIn(illegal), name_of);

class LegalCd : public CdRule
{
};

TEST_P(LegalCd, Translates)
{
	prepare(GetParam());
	ASSERT_EQ(event_of_write(VA), 0u);
	EXPECT_EQ(traced(TRACE_DMA_WRITE).back().arg[3], page);
}

INSTANTIATE_TEST_SUITE_P(Rules, LegalCd, ::testing::ValuesIn(legal), name_of);

/* With both regions disabled ENDI says nothing, and nothing is mapped. */
TEST_F(SmmuConfigBench, EndiannessOfNoRegionIsIgnored)
{
	cfg.endian = IDR0_TTENDIAN_LE;
	configure(S1_ONLY);
	cd[0] |= CD0_EPD0 | CD0_EPD1 | CD0_ENDI;
	write_config();
	EXPECT_EQ(event_of_write(VA), (unsigned)F_TRANSLATION);
}

/* Plain EL2 has no upper region. */
TEST_F(SmmuConfigBench, UpperRegionIsUnreachableInEl2)
{
	configure(S1_ONLY, CR2_RECINVSID);
	ste[1] |= field_put(STE1_STRW, STE1_STRW_EL2);
	cd[0] &= ~(uint64_t)CD0_EPD1;
	cd[0] = field_set(field_set(cd[0], CD0_TG1, CD0_TG1_4K), CD0_T1SZ, 16);
	cd[2] = cd[1];
	write_config();
	EXPECT_EQ(event_of_write(UINT64_C(0xffff000000004000)), (unsigned)F_TRANSLATION);
}

/* E0PD: unprivileged accesses find nothing in the region, also where the TLB holds it. */
TEST_F(SmmuConfigBench, UnprivilegedAccessCanBeDeniedByRegion)
{
	struct bus_attr attr = {};

	configure(S1_ONLY);
	cd[1] |= CD1_E0PD0;
	write_config();
	attr.stream_id = STREAM;
	attr.privileged = true;
	EXPECT_EQ(event_of(send_with(BUS_READ, VA, 8, attr)), 0u);
	EXPECT_EQ(event_of_write(VA), (unsigned)F_TRANSLATION);
	EXPECT_EQ(field_get(EVENT1_CLASS, last[1]), EVENT1_CLASS_IN);
	EXPECT_FALSE(last[1] & EVENT1_S2);
}

/* PAN alone leaves pages alone that only unprivileged instruction fetches may use; EPAN not. */
TEST_F(SmmuConfigBench, EnhancedPanCoversExecutablePages)
{
	struct bus_attr attr = {};
	PageBits bits;

	configure(S1_ONLY);
	bits.unprivileged = false;
	table->map(VA, page, bits);
	cd[0] |= CD0_PAN;
	write_config();
	attr.stream_id = STREAM;
	attr.privileged = true;
	EXPECT_EQ(event_of(send_with(BUS_READ, VA, 8, attr)), 0u);
	cd[1] |= CD1_EPAN;
	write_config();
	command(CMD_CFGI_CD | (uint64_t)STREAM << 32, CFGI1_LEAF);
	EXPECT_EQ(event_of(send_with(BUS_READ, VA, 8, attr)), (unsigned)F_PERMISSION);
	bits.extra = TTD_UXN;
	table->map(VA, page, bits);
	tlbi_va(7, VA);
	command(CMD_TLBI_NSNH_ALL);
	EXPECT_EQ(event_of(send_with(BUS_READ, VA, 8, attr)), 0u);
}

/* Global pages of one set of ASIDs are not those of the other, 3.17.1; others are, 3.17. */
TEST_F(SmmuConfigBench, GlobalPagesBelongToTheirSetOfAsids)
{
	PageBits bits;
	uint64_t walks;

	configure(S1_ONLY);
	bits.global = true;
	table->map(VA, page, bits);
	table->map(0x5000, page);
	cd[0] |= CD0_ASET;
	write_config();
	EXPECT_EQ(event_of_write(VA), 0u);
	EXPECT_EQ(event_of_write(0x5000), 0u);
	cd[0] &= ~(uint64_t)CD0_ASET;
	write_config();
	command(CMD_CFGI_CD | (uint64_t)STREAM << 32, CFGI1_LEAF);
	walks = stats().walks;
	EXPECT_EQ(event_of_write(0x5000), 0u);
	EXPECT_EQ(stats().walks, walks);
	EXPECT_EQ(event_of_write(VA), 0u);
	EXPECT_EQ(stats().walks, walks + 1);
	/* Commands go by no set. */
	cd[0] |= CD0_ASET;
	write_config();
	command(CMD_CFGI_CD | (uint64_t)STREAM << 32, CFGI1_LEAF);
	command(CMD_TLBI_NH_VA | field_put(TLBI0_VMID, 5) | field_put(TLBI0_ASID, 7), VA);
	walks = stats().walks;
	EXPECT_EQ(event_of_write(VA), 0u);
	EXPECT_EQ(stats().walks, walks + 1);
}

/* HAFT: flags of table descriptors are set on the way down, whoever's tables they are. */
TEST_F(SmmuConfigBench, AccessFlagsOfTablesAreSetWhereAsked)
{
	configure(S1_ONLY);
	cd[0] |= CD0_HA;
	write_config();
	EXPECT_EQ(event_of_write(VA), 0u);
	for (unsigned level = 0; level < 3; level++)
		EXPECT_FALSE(memory->read64(table->descriptor(VA, level)) & TTD_AF) << level;
	cd[1] |= CD1_HAFT;
	write_config();
	command(CMD_CFGI_CD | (uint64_t)STREAM << 32, CFGI1_LEAF);
	command(CMD_TLBI_NSNH_ALL);
	uint64_t updates = stats().access_updates;
	EXPECT_EQ(event_of_write(VA), 0u);
	for (unsigned level = 0; level < 3; level++)
		EXPECT_TRUE(memory->read64(table->descriptor(VA, level)) & TTD_AF) << level;
	EXPECT_EQ(stats().access_updates, updates + 3);
	EXPECT_EQ(traced(TRACE_DMA_WRITE).back().arg[3], page);
}

/* The tables of a nested stage 1 lie behind stage 2, whose own are its STE's business. */
TEST_F(SmmuConfigBench, AccessFlagsOfTablesNeedStage2ToLetThemBeWritten)
{
	configure(NESTED);
	uint64_t first = memory->allocate(), second = memory->allocate();
	uint64_t read_only = memory->read64(s2_root) & ~(uint64_t)TTD_S2AP_WRITE;
	memory->write64(first, second | TTD_VALID | TTD_TABLE);
	memory->write64(second, read_only);
	/* From level 0: 40 bits. */
	ste[2] = field_set(field_set(ste[2], STE2_S2T0SZ, 24), STE2_S2SL0, 2);
	ste[2] |= STE2_S2HA | STE2_S2HAFT;
	ste[3] = first;
	cd[0] |= CD0_HA;
	cd[1] |= CD1_HAFT;
	write_config();
	EXPECT_EQ(event_of_write(VA), (unsigned)F_PERMISSION);
	EXPECT_TRUE(last[1] & EVENT1_S2);
	EXPECT_EQ(field_get(EVENT1_CLASS, last[1]), EVENT1_CLASS_TT);
	EXPECT_TRUE(memory->read64(first) & TTD_AF);
	EXPECT_FALSE(memory->read64(table->descriptor(VA, 0)) & TTD_AF);
	memory->write64(second, read_only | TTD_S2AP_WRITE);
	command(CMD_TLBI_NSNH_ALL);
	EXPECT_EQ(event_of_write(VA), 0u);
	EXPECT_TRUE(memory->read64(table->descriptor(VA, 0)) & TTD_AF);
	EXPECT_EQ(traced(TRACE_DMA_WRITE).back().arg[3], page);
}
