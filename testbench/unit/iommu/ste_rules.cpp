/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every stream table entry that a Non-secure SMMU calls ILLEGAL (IHI 0070, 5.2
 * and 5.2.2), one row a rule, and entries that look like it and are not.
 */
#include "testbench/unit/iommu/config_bench.h"

namespace
{

constexpr uint64_t S1 = STE0_CONFIG_S1, S2 = STE0_CONFIG_S2, BOTH = STE0_CONFIG_S1_S2;
constexpr uint64_t PASS = STE0_CONFIG_BYPASS, ABORT = STE0_CONFIG_ABORT;

struct SteRow {
	const char *name;
	const char *field; /* of 5.2 that says so */
	bool legal;
	uint64_t config;
	void (*offer)(struct smmu_cfg &cfg);
	void (*spoil)(uint64_t *ste);
};

void all(struct smmu_cfg &)
{
}

void no_s2(struct smmu_cfg &cfg)
{
	cfg.s2 = cfg.hyp = cfg.xnx = cfg.vmw = cfg.ptwnnc = false;
	cfg.version = 2;
	cfg.httu = 2;
	cfg.epan = false;
}

void no_s1(struct smmu_cfg &cfg)
{
	cfg.s1 = cfg.hyp = cfg.had = false;
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

template <unsigned bits>
void oas(struct smmu_cfg &cfg)
{
	cfg.oas_bits = bits;
}

template <unsigned granules>
void pages(struct smmu_cfg &cfg)
{
	cfg.granules = granules;
	cfg.vax = cfg.vax && (granules & SMMU_GRANULE_64K);
}

template <unsigned ttf>
void formats(struct smmu_cfg &cfg)
{
	cfg.ttf = ttf;
}

/* Of VMSAv8-32, and more bits. */
template <unsigned t0sz, unsigned sl0, uint64_t bits>
void tree32(uint64_t *ste)
{
	ste[2] = field_set(ste[2] & ~STE2_S2AA64, STE2_S2T0SZ, t0sz) | bits;
	ste[2] = field_set(ste[2], STE2_S2SL0, sl0);
}

/* Size and start of stage 2. */
template <unsigned granule, unsigned t0sz, unsigned sl0>
void tree(uint64_t *ste)
{
	ste[2] = field_set(ste[2], STE2_S2TG, granule);
	ste[2] = field_set(ste[2], STE2_S2T0SZ, t0sz);
	ste[2] = field_set(ste[2], STE2_S2SL0, sl0);
}

template <unsigned word, uint64_t bits>
void with(uint64_t *ste)
{
	ste[word] |= bits;
}

template <unsigned word, uint64_t bits>
void without(uint64_t *ste)
{
	ste[word] &= ~bits;
}

template <unsigned word, uint64_t mask, uint64_t value>
void put(uint64_t *ste)
{
	ste[word] = field_set(ste[word], mask, value);
}

constexpr uint64_t EATS_FULL = (uint64_t)STE1_EATS_FULL << 28;
constexpr uint64_t EATS_SPLIT = (uint64_t)STE1_EATS_SPLIT << 28;
constexpr unsigned TG_4K = CD0_TG0_4K, TG_16K = CD0_TG0_16K, TG_64K = CD0_TG0_64K;

const SteRow illegal[] = {
	{"NotValid", "V", false, S1, all, without<0, STE0_V>},
	{"NotValidAbort", "V", false, ABORT, all, without<0, STE0_V>},
	{"Stage1Lacking", "Config", false, S1, no_s1, with<0, 0>},
	{"Stage2Lacking", "Config", false, S2, no_s2, with<0, 0>},
	{"NestingLacking", "Config", false, BOTH, no_s2, with<0, 0>},
	{"Substreams", "S1CDMax", false, S1, all, put<0, STE0_S1CDMAX, 13>},
	{"Levels4K", "S1Fmt", false, S1, [](struct smmu_cfg &cfg) { cfg.two_level_cd = false; },
	 [](uint64_t *ste) {
		 put<0, STE0_S1CDMAX, 8>(ste);
		 put<0, STE0_S1FMT, STE0_S1FMT_4K_L2>(ste);
	 }},
	{"Levels64K", "S1Fmt", false, S1, [](struct smmu_cfg &cfg) { cfg.two_level_cd = false; },
	 [](uint64_t *ste) {
		 put<0, STE0_S1CDMAX, 8>(ste);
		 put<0, STE0_S1FMT, STE0_S1FMT_64K_L2>(ste);
	 }},
	{"ContextBeyondOutput", "S1ContextPtr", false, S1, all, with<0, BIT(44)>},
	{"ContextBeyondIntermediate", "S1ContextPtr", false, BOTH, all, with<0, BIT(44)>},
	{"StallDisableWithoutStalls", "S1STALLD", false, S1, stalls<1>, with<1, STE1_S1STALLD>},
	{"StallDisableWithForcedStalls", "S1STALLD", false, S1, stalls<2>, with<1, STE1_S1STALLD>},
	{"SplitAtsStage1", "EATS", false, S1, all, with<1, EATS_SPLIT>},
	{"SplitAtsStage2", "EATS", false, S2, all, with<1, EATS_SPLIT>},
	{"SplitAtsLacking", "EATS", false, BOTH, [](struct smmu_cfg &cfg) { cfg.ns1ats = true; },
	 with<1, EATS_SPLIT>},
	{"SplitAtsStalls", "EATS", false, BOTH, all,
	 [](uint64_t *ste) {
		 with<1, EATS_SPLIT>(ste);
		 with<2, STE2_S2S>(ste);
	 }},
	{"FullAtsStalls", "EATS", false, S2, all,
	 [](uint64_t *ste) {
		 with<1, EATS_FULL>(ste);
		 with<2, STE2_S2S>(ste);
	 }},
	{"World1", "STRW", false, S1, all, put<1, STE1_STRW, 1>},
	{"World3", "STRW", false, S1, all, put<1, STE1_STRW, 3>},
	{"VmidStage2", "S2VMID", false, S2, [](struct smmu_cfg &cfg) { cfg.vmid16 = false; },
	 put<2, STE2_S2VMID, 0x100>},
	{"VmidStage1", "S2VMID", false, S1, [](struct smmu_cfg &cfg) { cfg.vmid16 = false; },
	 put<2, STE2_S2VMID, 0x100>},
	{"SizeTooSmall", "S2T0SZ", false, S2, [](struct smmu_cfg &cfg) { cfg.stt = false; },
	 tree<TG_4K, 40, 0>},
	{"SizeTooSmallOfSmall", "S2T0SZ", false, S2, all, tree<TG_4K, 49, 3>},
	{"SizeTooSmallOfSmall16K", "S2T0SZ", false, S2, all, tree<TG_16K, 49, 0>},
	{"SizeBeyondOutput", "S2T0SZ", false, S2, all, tree<TG_4K, 19, 2>},
	{"SizeBeyond48", "S2T0SZ", false, S2, oas<52>, tree<TG_4K, 15, 2>},
	{"StartReserved4K", "S2SL0", false, S2, [](struct smmu_cfg &cfg) { cfg.stt = false; },
	 tree<TG_4K, 39, 3>},
	{"StartReserved16K", "S2SL0", false, S2, all, tree<TG_16K, 25, 3>},
	{"StartReserved64K", "S2SL0", false, S2, all, tree<TG_64K, 25, 3>},
	{"StartTooLow", "S2SL0", false, S2, all, tree<TG_4K, 29, 0>},
	{"StartTooHigh", "S2SL0", false, S2, all, tree<TG_4K, 25, 2>},
	{"StartNotOffered4K", "S2SL0", false, S2, oas<42>, tree<TG_4K, 22, 2>},
	{"StartNotOffered16K", "S2SL0", false, S2, oas<40>, tree<TG_16K, 24, 2>},
	{"GranuleReserved", "S2TG", false, S2, all, put<2, STE2_S2TG, 3>},
	{"Granule4KLacking", "S2TG", false, S2, pages<SMMU_GRANULE_64K>, with<0, 0>},
	{"Granule16KLacking", "S2TG", false, S2, pages<SMMU_GRANULE_4K>, tree<TG_16K, 25, 1>},
	{"Granule64KLacking", "S2TG", false, S2, pages<SMMU_GRANULE_4K>, tree<TG_64K, 25, 1>},
	{"Aarch32Tables", "S2AA64", false, S2, all, without<2, STE2_S2AA64>},
	{"Aarch64Tables", "S2AA64", false, S2, formats<IDR0_TTF_AARCH32>, with<0, 0>},
	{"AccessFlagOf32", "S2HA", false, S2, formats<3>, tree32<0, 1, STE2_S2HA>},
	{"DirtyOf32", "S2HD", false, S2, formats<3>, tree32<0, 1, STE2_S2HD>},
	{"ForcedTypesOf32", "S2FWB", false, S2, formats<3>,
	 [](uint64_t *ste) {
		 tree32<0, 1, 0>(ste);
		 ste[1] |= STE1_S2FWB;
	 }},
	{"StartReservedOf32", "S2SL0", false, S2, formats<3>, tree32<0, 2, 0>},
	{"StartTooLowOf32", "S2SL0", false, S2, formats<3>, tree32<0xd, 0, 0>},
	{"StartTooHighOf32", "S2SL0", false, S2, formats<3>, tree32<2, 1, 0>},
	{"TableBeyond40", "S2TTB", false, S2, formats<3>,
	 [](uint64_t *ste) {
		 tree32<0, 1, 0>(ste);
		 ste[3] |= BIT(40);
	 }},
	{"BigEndianLacking", "S2ENDI", false, S2, order<IDR0_TTENDIAN_LE>, with<2, STE2_S2ENDI>},
	{"LittleEndianLacking", "S2ENDI", false, S2, order<IDR0_TTENDIAN_BE>, with<0, 0>},
	{"AccessFlagLacking", "S2HA", false, S2, updates<0>, with<2, STE2_S2HA>},
	{"DirtyLacking", "S2HD", false, S2, updates<1>, with<2, STE2_S2HA | STE2_S2HD>},
	{"DirtyAloneLacking", "S2HD", false, S2, updates<1>, with<2, STE2_S2HD>},
	{"TableFlagAlone", "S2HAFT", false, S2, all, with<2, STE2_S2HAFT>},
	{"StallLacking", "S2S", false, S2, stalls<1>, with<2, STE2_S2S>},
	{"StallForced", "S2S", false, S2, stalls<2>, with<0, 0>},
	{"TableBeyondOutput", "S2TTB", false, S2, all, with<3, BIT(44)>},
	{"TableBeyondSize", "S2TTB", false, S2, all,
	 [](uint64_t *ste) {
		 put<2, STE2_S2PS, IDR5_OAS_36>(ste);
		 with<3, BIT(36)>(ste);
	 }},
	{"TableBeyond48", "S2TTB", false, S2, oas<52>,
	 [](uint64_t *ste) {
		 put<2, STE2_S2PS, IDR5_OAS_52>(ste);
		 with<3, BIT(48)>(ste);
	 }},
};

const SteRow legal[] = {
	{"EverythingIgnoredOfAbort", "Config", true, ABORT, all,
	 [](uint64_t *ste) {
		 ste[0] |= ~(uint64_t)(STE0_CONFIG | STE0_V);
		 ste[1] = ste[2] = ste[3] = UINT64_MAX;
	 }},
	{"StagesIgnoredOfBypass", "Config", true, PASS, all,
	 [](uint64_t *ste) {
		 ste[0] |= ~(uint64_t)(STE0_CONFIG | STE0_V);
		 ste[1] |= STE1_EATS | STE1_STRW | STE1_S1STALLD;
		 ste[2] = ste[3] = UINT64_MAX;
	 }},
	{"Stage2IgnoredOfStage1", "5.2.1", true, S1, all,
	 [](uint64_t *ste) {
		 ste[2] |= ~(uint64_t)STE2_S2VMID;
		 ste[3] = UINT64_MAX;
	 }},
	{"Stage1IgnoredOfStage2", "5.2.1", true, S2, no_s1,
	 [](uint64_t *ste) {
		 ste[0] |= ~(uint64_t)(STE0_CONFIG | STE0_V);
		 ste[1] |= STE1_S1STALLD | STE1_STRW | STE1_S1DSS;
	 }},
	{"FormatIgnoredOfOneDescriptor", "S1Fmt", true, S1,
	 [](struct smmu_cfg &cfg) { cfg.two_level_cd = false; }, put<0, STE0_S1FMT, 1>},
	{"FormatReservedIsLinear", "S1Fmt", true, S1,
	 [](struct smmu_cfg &cfg) { cfg.two_level_cd = false; },
	 [](uint64_t *ste) {
		 put<0, STE0_S1CDMAX, 3>(ste);
		 put<0, STE0_S1FMT, 3>(ste);
		 put<1, STE1_S1DSS, STE1_S1DSS_SSID0>(ste);
	 }},
	{"SubstreamsIgnoredOfNone", "S1CDMax", true, S1,
	 [](struct smmu_cfg &cfg) { cfg.ssid_bits = 0, cfg.pps = false; },
	 put<0, STE0_S1CDMAX, 31>},
	{"StallDisable", "S1STALLD", true, S1, all, with<1, STE1_S1STALLD>},
	{"FullAtsOfStage1WithStalls", "EATS", true, S1, all,
	 [](uint64_t *ste) {
		 with<1, EATS_FULL>(ste);
		 with<2, STE2_S2S>(ste);
	 }},
	{"SplitAts", "EATS", true, BOTH, all, with<1, EATS_SPLIT>},
	{"AtsIgnoredWithoutAts", "EATS", true, S1,
	 [](struct smmu_cfg &cfg) { cfg.ats = cfg.atsrecerr = cfg.pri = cfg.pps = false; },
	 with<1, EATS_SPLIT>},
	{"AtsReserved", "EATS", true, BOTH, all, with<1, STE1_EATS>},
	{"WorldIgnoredWithoutHyp", "STRW", true, S1, [](struct smmu_cfg &cfg) { no_s2(cfg); },
	 put<1, STE1_STRW, 3>},
	{"WorldIgnoredOfNesting", "STRW", true, BOTH, all, put<1, STE1_STRW, 3>},
	{"VmidIgnoredOfEl2", "S2VMID", true, S1, [](struct smmu_cfg &cfg) { cfg.vmid16 = false; },
	 [](uint64_t *ste) {
		 put<1, STE1_STRW, STE1_STRW_EL2>(ste);
		 put<2, STE2_S2VMID, 0x100>(ste);
	 }},
	{"VmidIgnoredWithoutStage2", "S2VMID", true, S1,
	 [](struct smmu_cfg &cfg) {
		 no_s2(cfg);
		 cfg.vmid16 = false;
	 },
	 put<2, STE2_S2VMID, 0x100>},
	{"SmallTable", "S2T0SZ", true, S2, all, tree<TG_4K, 39, 3>},
	{"SmallestTable", "S2T0SZ", true, S2, all, tree<TG_4K, 48, 3>},
	{"SizeOfAll52", "S2T0SZ", true, S2, oas<52>, tree<TG_64K, 12, 2>},
	{"OutputReserved", "S2PS", true, S2, all, put<2, STE2_S2PS, 7>},
	{"TableFlagReserved", "S2HAFT", true, S2, updates<2>, with<2, STE2_S2HAFT>},
	{"DirtyAlone", "S2HD", true, S2, all, with<2, STE2_S2HD>},
	{"Stall", "S2S", true, S2, all, with<2, STE2_S2S>},
	{"TableBeyond48Of64K", "S2TTB", true, S2, oas<52>,
	 [](uint64_t *ste) {
		 tree<TG_64K, 25, 1>(ste);
		 put<2, STE2_S2PS, IDR5_OAS_52>(ste);
		 with<3, BIT(48)>(ste);
	 }},
};

void PrintTo(const SteRow &row, std::ostream *out)
{
	*out << row.name << " (STE." << row.field << ")";
}

} // namespace

class SteRule : public SmmuConfigBench, public ::testing::WithParamInterface<SteRow>
{
};

TEST_P(SteRule, IsJudged)
{
	const SteRow &row = GetParam();

	row.offer(cfg);
	configure(row.config);
	/* The descriptor stalls where it must. */
	if (cfg.stall_model == IDR0_STALL_MODEL_FORCE)
		cd[0] |= CD0_S;
	row.spoil(ste);
	write_config();
	Dma &dma = send(BUS_WRITE, address_for(row.config), 8);
	unsigned event = event_of(dma);
	if (row.legal) {
		EXPECT_NE(event, (unsigned)C_BAD_STE);
		return;
	}
	EXPECT_EQ(dma.req.status, BUS_FAULT);
	EXPECT_EQ(event, (unsigned)C_BAD_STE);
	EXPECT_EQ(last[0], C_BAD_STE | (uint64_t)STREAM << 32);
	EXPECT_EQ(last[1] | last[2] | last[3], 0u);
}

static std::string name_of(const ::testing::TestParamInfo<SteRow> &info)
{
	return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Illegal, SteRule, ::testing::ValuesIn(illegal), name_of);
INSTANTIATE_TEST_SUITE_P(Legal, SteRule, ::testing::ValuesIn(legal), name_of);

/* What is spoiled is legal before: for each configuration and granule. */
class SteBase : public SmmuConfigBench, public ::testing::WithParamInterface<uint64_t>
{
};

TEST_P(SteBase, Translates)
{
	configure(GetParam());
	write_config();
	ASSERT_EQ(event_of_write(address_for(GetParam())), 0u);
	EXPECT_EQ(traced(TRACE_DMA_WRITE).back().arg[3], page);
}

INSTANTIATE_TEST_SUITE_P(Configs, SteBase, ::testing::Values(PASS, S1, S2, BOTH));
