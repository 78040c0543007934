/* SPDX-License-Identifier: Apache-2.0 */
/* Which SMMUs there can be (IHI 0070, 2.9 and 6.3.1 to 6.3.8), and how they say what they are. */
#include "testbench/unit/iommu/config_bench.h"

namespace
{

struct FeatureRow {
	const char *name;
	const char *member; /* that is wrong; NULL: nothing */
	void (*change)(struct smmu_cfg &cfg);
};

/* Nothing but one stage, as old as can be. */
void least(struct smmu_cfg &cfg)
{
	struct smmu_cfg plain = {};

	plain.sid_bits = 6;
	plain.oas_bits = 32;
	plain.granules = SMMU_GRANULE_4K;
	plain.ttf = IDR0_TTF_AARCH64;
	plain.endian = IDR0_TTENDIAN_LE;
	plain.stall_model = IDR0_STALL_MODEL_NONE;
	plain.s1 = true;
	plain.max_transactions = cfg.max_transactions;
	plain.timing = cfg.timing;
	cfg = plain;
}

#define ROW(name, member, ...)                                                                     \
	{                                                                                          \
		name, member, [](struct smmu_cfg &cfg) {                                           \
			__VA_ARGS__;                                                               \
		}                                                                                  \
	}

const FeatureRow rows[] = {
	ROW("All", nullptr, (void)cfg),
	ROW("Least", nullptr, least(cfg)),
	ROW("LeastOfStage2", nullptr, least(cfg), cfg.s1 = false, cfg.s2 = true),
	ROW("LeastOfV31", nullptr, least(cfg), cfg.version = 1, cfg.had = true),
	ROW("V34", nullptr, cfg.version = 4),
	ROW("V30WithNextFeatures", nullptr, least(cfg), cfg.version = 0, cfg.had = true),
	ROW("Version", "version", cfg.version = 5),
	ROW("StreamBits", "sid_bits", cfg.sid_bits = 33),
	ROW("SubstreamBits", "ssid_bits", cfg.ssid_bits = 21),
	ROW("CommandQueue", "cmdq_log2", cfg.cmdq_log2 = 20),
	ROW("EventQueue", "evtq_log2", cfg.evtq_log2 = 20),
	ROW("PriQueue", "priq_log2", cfg.priq_log2 = 20),
	ROW("OutputSize", "oas_bits", cfg.oas_bits = 43),
	ROW("Updates", "httu", cfg.httu = 4),
	ROW("BothFormats", nullptr, cfg.ttf = 3),
	ROW("Aarch32Alone", nullptr, cfg.ttf = 1),
	ROW("NoFormat", "ttf", cfg.ttf = 0),
	ROW("FormatReserved", "ttf", cfg.ttf = 4),
	ROW("Aarch32Without4K", "granules", cfg.ttf = 3, cfg.granules = SMMU_GRANULE_64K),
	ROW("NoGranule", "granules", cfg.granules = 0),
	ROW("FourthGranule", "granules", cfg.granules = 8),
	ROW("EndianReserved", "endian", cfg.endian = 1),
	ROW("EndianTooLarge", "endian", cfg.endian = 4),
	ROW("StallModel", "stall_model", cfg.stall_model = 3),
	ROW("BreakBeforeMake", "bbml", cfg.bbml = 3),
	ROW("Transactions", "max_transactions", cfg.max_transactions = 0),
	ROW("Walkers", "walkers", cfg.timing.walkers = 0),
	ROW("NoWays", "tlb_ways", cfg.timing.tlb_ways = 0),
	ROW("MoreWaysThanEntries", "tlb_ways", cfg.timing.tlb_ways = 65),
	ROW("NoStage", "s1", least(cfg), cfg.s1 = false),
	ROW("HypWithoutStage2", "hyp", least(cfg), cfg.hyp = true),
	ROW("HypWithoutStage1", "hyp", least(cfg), cfg.hyp = cfg.s2 = true, cfg.s1 = false),
	ROW("WildcardWithoutStage2", "vmw", least(cfg), cfg.vmw = true),
	ROW("HadWithoutStage1", "had", least(cfg), cfg.s1 = false, cfg.s2 = cfg.had = true),
	ROW("PtwnncWithoutStage2", "ptwnnc", least(cfg), cfg.version = 2, cfg.ptwnnc = true),
	ROW("XnxWithoutStage2", "xnx", least(cfg), cfg.version = 1, cfg.had = cfg.xnx = true),
	ROW("ManyStreamsInOneLevel", "two_level_strtab", cfg.two_level_strtab = false),
	ROW("PriWithoutAts", "pri", cfg.ats = false),
	ROW("AtsrecerrWithoutAts", "atsrecerr", cfg.ats = cfg.pri = cfg.pps = false),
	ROW("Ns1atsWithoutAts", "ns1ats", cfg.ats = cfg.atsrecerr = cfg.pri = cfg.pps = false,
	    cfg.ns1ats = true),
	ROW("Ns1atsWithoutStage2", "ns1ats", least(cfg), cfg.ats = cfg.ns1ats = true),
	ROW("PpsWithoutPri", "pps", cfg.pri = false),
	ROW("PpsWithoutSubstreams", "pps", cfg.ssid_bits = 0),
	ROW("StallsOfNone", "stall_max", cfg.stall_max = 0),
	ROW("NoStallsOfSome", "stall_max", cfg.stall_model = 1),
	ROW("VaxWithout64K", "vax", cfg.granules = SMMU_GRANULE_4K),
	ROW("Oas52Without64K", "oas_bits", cfg.granules = 1, cfg.vax = false, cfg.oas_bits = 52),
	ROW("XnxTooNew", "xnx", least(cfg), cfg.s2 = cfg.xnx = true),
	ROW("VaxTooNew", "vax", least(cfg), cfg.granules = 7, cfg.vax = true),
	ROW("Oas52TooNew", "oas_bits", least(cfg), cfg.granules = 7, cfg.oas_bits = 52),
	ROW("FwbTooNew", "fwb", least(cfg), cfg.fwb = true),
	ROW("SttTooNew", "stt", least(cfg), cfg.stt = true),
	ROW("RilTooNew", "ril", least(cfg), cfg.ril = true),
	ROW("BbmlTooNew", "bbml", least(cfg), cfg.bbml = 1),
	ROW("AtsrecerrTooNew", "atsrecerr", least(cfg), cfg.version = 1, cfg.had = true,
	    cfg.ats = cfg.atsrecerr = true),
	ROW("E0pdTooNew", "e0pd", least(cfg), cfg.version = 1, cfg.e0pd = true),
	ROW("PtwnncTooNew", "ptwnnc", least(cfg), cfg.version = 1, cfg.s2 = cfg.ptwnnc = true),
	ROW("EpanTooNew", "epan", least(cfg), cfg.version = 2, cfg.epan = true),
	ROW("TableFlagTooNew", "httu", least(cfg), cfg.version = 2, cfg.httu = 3),
	ROW("HadMissing", "had", cfg.had = false),
	ROW("XnxMissing", "xnx", cfg.xnx = false),
	ROW("HypMissing", "hyp", cfg.hyp = false),
	ROW("FwbMissing", "fwb", cfg.fwb = false),
	ROW("RilMissing", "ril", cfg.ril = false),
	ROW("BbmlMissing", "bbml", cfg.bbml = 0),
	ROW("E0pdMissing", "e0pd", cfg.e0pd = false),
	ROW("PtwnncMissing", "ptwnnc", cfg.ptwnnc = false),
	ROW("EpanMissing", "epan", cfg.version = 4, cfg.epan = false),
};

void PrintTo(const FeatureRow &row, std::ostream *out)
{
	*out << row.name;
}

std::string name_of(const ::testing::TestParamInfo<FeatureRow> &row)
{
	return row.param.name;
}

} // namespace

class SmmuFeature : public SmmuConfigBench, public ::testing::WithParamInterface<FeatureRow>
{
};

TEST_P(SmmuFeature, IsJudged)
{
	struct smmu_env env = {};

	GetParam().change(cfg);
	env.part = {&sim, "bench.smmu", 0};
	env.memory = memory->port();
	smmu = smmu_create(&cfg, &env);
	struct smmu_cfg_fault fault = smmu_cfg_fault(&cfg);
	EXPECT_STREQ(fault.member, GetParam().member);
	EXPECT_EQ(smmu == nullptr, GetParam().member != nullptr);
	EXPECT_EQ(fault.expected == nullptr, GetParam().member == nullptr);
}

INSTANTIATE_TEST_SUITE_P(Rows, SmmuFeature, ::testing::ValuesIn(rows), name_of);

/* The field that shows a feature, and what it shows of the most that there is. */
static const struct {
	uint32_t offset;
	uint64_t mask, value;
} fields[] = {
	{SMMU_IDR0, IDR0_S1P, 1},
	{SMMU_IDR0, IDR0_S2P, 1},
	{SMMU_IDR0, IDR0_TTF, 3},
	{SMMU_IDR0, IDR0_HYP, 1},
	{SMMU_IDR0, IDR0_HTTU, 3},
	{SMMU_IDR0, IDR0_ATS, 1},
	{SMMU_IDR0, IDR0_NS1ATS, 1},
	{SMMU_IDR0, IDR0_ATSRECERR, 1},
	{SMMU_IDR0, IDR0_PRI, 1},
	{SMMU_IDR0, IDR0_ASID16, 1},
	{SMMU_IDR0, IDR0_VMID16, 1},
	{SMMU_IDR0, IDR0_VMW, 1},
	{SMMU_IDR0, IDR0_MSI, 1},
	{SMMU_IDR0, IDR0_SEV, 1},
	{SMMU_IDR0, IDR0_COHACC, 1},
	{SMMU_IDR0, IDR0_CD2L, 1},
	{SMMU_IDR0, IDR0_TTENDIAN, 3},
	{SMMU_IDR0, IDR0_STALL_MODEL, 2},
	{SMMU_IDR0, IDR0_TERM_MODEL, 1},
	{SMMU_IDR0, IDR0_ST_LEVEL, 1},
	{SMMU_IDR1, IDR1_SIDSIZE, 15},
	{SMMU_IDR1, IDR1_SSIDSIZE, 12},
	{SMMU_IDR1, IDR1_PRIQS, 6},
	{SMMU_IDR1, IDR1_ATTR_PERMS_OVR, 1},
	{SMMU_IDR1, IDR1_ATTR_TYPES_OVR, 1},
	{SMMU_IDR3, IDR3_HAD, 1},
	{SMMU_IDR3, IDR3_XNX, 1},
	{SMMU_IDR3, IDR3_PPS, 1},
	{SMMU_IDR3, IDR3_FWB, 1},
	{SMMU_IDR3, IDR3_STT, 1},
	{SMMU_IDR3, IDR3_RIL, 1},
	{SMMU_IDR3, IDR3_BBML, 2},
	{SMMU_IDR3, IDR3_E0PD, 1},
	{SMMU_IDR3, IDR3_PTWNNC, 1},
	{SMMU_IDR3, IDR3_EPAN, 1},
	{SMMU_IDR3, IDR3_MTEPERM, 1},
	{SMMU_IDR5, IDR5_OAS, IDR5_OAS_52},
	{SMMU_IDR5, IDR5_GRAN16K, 1},
	{SMMU_IDR5, IDR5_VAX, 1},
	{SMMU_IDR5, IDR5_STALL_MAX, 300},
	{SMMU_AIDR, AIDR_ARCHMINORREV, 4},
	{SMMU_IIDR, IIDR_PRODUCTID, 0x483},
};

/* One flag or code, and the field that shows it. */
TEST_F(SmmuConfigBench, EachFeatureShowsInItsField)
{
	struct smmu_cfg most = cfg;

	least(cfg);
	cfg.s1 = false;
	cfg.s2 = true;
	cfg.granules = SMMU_GRANULE_4K;
	create();
	for (auto field : fields)
		if (field.mask != IDR0_S2P || field.offset != SMMU_IDR0) {
			EXPECT_NE(field_get(field.mask, reg(field.offset)), field.value)
				<< field.offset << " " << field.mask;
		}
	cfg = most;
	cfg.version = 4;
	cfg.iidr = 0x4831043b;
	cfg.ns1ats = cfg.sev = cfg.term_abort = cfg.attr_types_ovr = true;
	cfg.endian = IDR0_TTENDIAN_BE;
	cfg.stall_model = IDR0_STALL_MODEL_FORCE;
	cfg.stall_max = 300;
	cfg.sid_bits = 15;
	cfg.priq_log2 = 6;
	cfg.ttf = 3;
	cfg.oas_bits = 52;
	create();
	for (auto field : fields)
		EXPECT_EQ(field_get(field.mask, reg(field.offset)), field.value)
			<< field.offset << " " << field.mask;
	/* A PrimeCell of that part and of that implementer, 0x43b, bank 4. */
	EXPECT_EQ(reg(SMMU_ID_REGS), 4u);
	EXPECT_EQ(reg(SMMU_ID_REGS + 0x10), 0x83u);
	EXPECT_EQ(reg(SMMU_ID_REGS + 0x14), 0xb4u);
	EXPECT_EQ(reg(SMMU_ID_REGS + 0x18), 0x1bu);
	EXPECT_EQ(reg(SMMU_ID_REGS + 0x20), 0x0du);
	EXPECT_EQ(reg(SMMU_ID_REGS + 0x2c), 0xb1u);
}
