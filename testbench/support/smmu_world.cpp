/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_world.hpp"

#include "iommu/smmu_registers_format.h"
#include "testbench/support/reference/geometry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

using namespace ref;

void EachSeed(uint64_t fixed, const std::function<void(uint64_t seed)> &world)
{
	const char *text = getenv("VFSIM_SEEDS");
	uint64_t first = 1, last = fixed;

	if (text && strchr(text, '-'))
		sscanf(text, "%" SCNu64 "-%" SCNu64, &first, &last);
	else if (text)
		sscanf(text, "%" SCNu64, &last);
	for (uint64_t seed = first; seed <= last && !testing::Test::HasFatalFailure(); seed++) {
		SCOPED_TRACE(testing::Message() << "VFSIM_SEEDS=" << seed << "-" << seed);
		world(seed);
	}
}

static void ChooseStages(struct smmu_cfg &cfg, Chance &chance, bool ats)
{
	const uint64_t which = chance.Below(8);

	cfg.s1 = which != 0;
	cfg.s2 = which != 1;
	cfg.hyp = cfg.s1 && cfg.s2 && (cfg.version >= 2 || chance.Coin());
	cfg.had = cfg.s1;
	cfg.xnx = cfg.s2;
	cfg.vmw = cfg.s2 && chance.Coin();
	cfg.ptwnnc = cfg.s2 && (cfg.version >= 3 || (cfg.version >= 2 && chance.Coin()));
	cfg.ats = ats || chance.OneIn(4);
	cfg.atsrecerr = ats && cfg.version >= 2 && chance.Coin();
	cfg.ns1ats = cfg.ats && cfg.s1 && cfg.s2 && chance.Coin();
}

static void ChooseTables(struct smmu_cfg &cfg, Chance &chance)
{
	cfg.granules = (uint8_t)(chance.OneIn(3) ? 1 + chance.Below(7) : 7);
	cfg.ttf = cfg.granules & SMMU_GRANULE_4K ? chance.Of<uint8_t>({1, 2, 2, 3, 3, 3}) : 2;
	cfg.oas_bits = chance.Of<uint8_t>({32, 36, 40, 42, 44, 48, 48, 52, 52});
	if (!(cfg.granules & SMMU_GRANULE_64K))
		cfg.oas_bits = std::min<uint8_t>(cfg.oas_bits, 48);
	cfg.vax = (cfg.granules & SMMU_GRANULE_64K) && chance.Coin();
	cfg.httu = (uint8_t)(chance.OneIn(4)                     ? chance.Below(3)
			     : cfg.version >= 3 && chance.Coin() ? 3
								 : 2);
	cfg.endian = chance.Of<uint8_t>({0, 0, 2, 3});
	cfg.stt = chance.Coin();
	cfg.fwb = cfg.version >= 2 || chance.Coin();
	cfg.ril = cfg.version >= 2 || chance.Coin();
	cfg.bbml = (uint8_t)(cfg.version >= 2 ? 1 + chance.Below(2) : chance.Below(3));
	cfg.e0pd = cfg.version >= 3 || (cfg.version >= 2 && chance.Coin());
	cfg.epan = cfg.version >= 4 || (cfg.version >= 3 && chance.Coin());
}

static void ChooseStalls(struct smmu_cfg &cfg, Chance &chance)
{
	cfg.stall_model = chance.Of<uint8_t>({SMMU_STALL_NEVER, SMMU_STALL_NEVER, SMMU_STALL_BOTH,
					      SMMU_STALL_BOTH, SMMU_STALL_FORCED});
	cfg.stall_max = cfg.stall_model == SMMU_STALL_NEVER ? 0 : 4;
	cfg.stall_downgrade = cfg.stall_model == SMMU_STALL_BOTH && chance.Coin();
	cfg.term_abort = chance.OneIn(3);
}

struct smmu_cfg RandomFeatures(Chance &chance, bool timed, bool ats)
{
	struct smmu_cfg cfg = {};

	cfg.version = (uint8_t)(1 + chance.Below(4));
	cfg.iidr = 0x43b;
	cfg.sid_bits = (uint8_t)(1 + chance.Below(16));
	cfg.two_level_strtab = cfg.sid_bits >= 7 || chance.Coin();
	cfg.ssid_bits = chance.Of<uint8_t>({0, 0, 1, 4, 8, 20});
	cfg.cmdq_log2 = cfg.evtq_log2 = 8;
	cfg.two_level_cd = chance.Coin();
	cfg.asid16 = chance.Coin();
	cfg.vmid16 = chance.Coin();
	cfg.coherent = true;
	cfg.attr_perms_ovr = chance.Coin();
	cfg.attr_types_ovr = chance.Coin();
	cfg.cache_dirty = chance.Coin();
	ChooseStages(cfg, chance, ats);
	ChooseTables(cfg, chance);
	ChooseStalls(cfg, chance);
	cfg.max_transactions = 32;
	cfg.timing.walkers = (uint32_t)(1 + chance.Below(4));
	cfg.timing.tlb_ways = (uint32_t)(1 + chance.Below(4));
	cfg.timing.tlb_entries = cfg.timing.tlb_ways * (uint32_t)(1 + chance.Below(4));
	cfg.timing.walk_cache_entries = 4 * (uint32_t)chance.Below(4);
	if (timed) {
		cfg.timing.tlb_hit_ps = 5 * PS_PER_NS;
		cfg.timing.walk_step_ps = 2 * PS_PER_NS;
		cfg.timing.command_ps = 10 * PS_PER_NS;
	}
	if (smmu_cfg_fault(&cfg).member)
		throw std::logic_error(smmu_cfg_fault(&cfg).member);
	return cfg;
}

static struct sim *Started(struct sim *sim, bool timed)
{
	sim_init(sim, 1, nullptr);
	sim->untimed = !timed;
	return sim;
}

SmmuWorld::SmmuWorld(uint64_t seed, bool timed, bool ats)
	: chance(seed, "smmu world"), cfg(RandomFeatures(chance, timed, ats)),
	  memory(Started(&sim, timed), timed ? 100 * PS_PER_NS : 0), asks_translations(ats)
{
	/* What the tables are shaped by; a test takes them from the model in the end. */
	registers.idr[3] = (uint32_t)Put(idr3::kSTT, cfg.stt);
	registers.idr[0] = (uint32_t)Put(idr0::kTTF, cfg.ttf);
	for (registers.idr[5] = 0; AddressBits(registers.idr[5]) != cfg.oas_bits;)
		registers.idr[5]++;
	const int table_bits = cfg.ttf & 1 ? 40 : 48; /* that all formats have */
	pool_physical = chance.Below(1ull << (std::min<int>(cfg.oas_bits, table_bits) - 31)) << 30;
	memory.AllocateFrom(pool_physical + 0x10000);
	MakeRegisters();
	if (cfg.s1)
		MakeRealm(false);
	if (cfg.s2)
		MakeRealm(true);
	if (cfg.s2 && chance.OneIn(3))
		MakeRealm(true);
	for (int i = 0; i < 3; i++)
		MakeStream((uint32_t)chance.Below(1ull << std::min(3, stream_bits)));
	if (chance.OneIn(4)) {
		/* Of a contiguous group one is read for all, whichever. */
		const WorldPlace &place = chance.Any(places);
		if (!GroupOf(place))
			memory.Refuse(place.physical, 8, chance.Coin());
	}
}

SmmuWorld::~SmmuWorld()
{
	sim_fini(&sim);
}

void SmmuWorld::MakeRegisters()
{
	const bool two_levels = cfg.two_level_strtab && chance.Coin();
	const int split = two_levels ? chance.Of({6, 8, 10}) : 0;

	stream_bits = std::min<int>(cfg.sid_bits, two_levels ? 12 : 7);
	streams_table = std::make_unique<StreamTable>(
		memory, StreamTableOptions{.log2size = stream_bits, .split = split});
	streams_table->Into(registers);
	registers.strtab_base |= Put(strtab_base::kRA, chance.Coin());
	if (two_levels && chance.Coin())
		streams_table->SetSpan(0, 1 + (int)chance.Below(split + 1));
	registers.cr0 = (uint32_t)(Put(cr0::kSMMUEN, !chance.OneIn(30)) |
				   (cfg.vmw ? Put(cr0::kVMW, chance.Below(6)) : 0));
	registers.cr1 = (uint32_t)chance.Below(1 << 12);
	registers.cr2 = (uint32_t)(Put(cr2::kRECINVSID, chance.Coin()) |
				   Put(cr2::kE2H, chance.Coin()) | Put(cr2::kPTM, 1));
	registers.gbpa = (uint32_t)Put(gbpa::kABORT, chance.Coin());
	if (cfg.attr_types_ovr)
		registers.gbpa |= (uint32_t)(Put(gbpa::kMTCFG, !chance.OneIn(4)) |
					     Put(gbpa::kMemAttr, chance.Below(16)) |
					     Put(gbpa::kALLOCCFG, chance.Below(16)) |
					     Put(gbpa::kSHCFG, chance.Below(4)));
	if (asks_translations) {
		registers.cr0 |= (uint32_t)Put(cr0::kATSCHK, !chance.OneIn(3));
		registers.cr2 |= (uint32_t)Put(cr2::kREC_CFG_ATS, cfg.atsrecerr && chance.Coin());
	}
}

void SmmuWorld::MakeRealm(bool nested)
{
	const auto endian = [&] {
		return cfg.endian ? cfg.endian == 3 : chance.OneIn(3);
	};

	realms.emplace_back();
	WorldRealm &realm = realms.back();
	if (nested)
		realm.stage2 = MakeTree(2, nullptr, false, endian(), SomeFormat());
	if (nested && realms.size() < 3 && realm.stage2->ia_bits > 32)
		pool_ipa = chance.Below(
				   1ull
				   << (std::min(realm.stage2->ia_bits, cfg.ttf & 1 ? 40 : 48) - 31))
			   << 30;
	for (int i = 0; cfg.s1 && i < 2; i++) {
		realm.contexts.push_back(MakeContext(realm.stage2, endian()));
		for (WorldTree *half : realm.contexts.back().half)
			for (int n = 0; n < 4; n++)
				Grow(*half, SomeInput(*half), nullptr);
	}
	for (int n = 0; nested && n < 4; n++)
		Grow(*realm.stage2, SomeInput(*realm.stage2), nullptr);
}

Placer SmmuWorld::placer(WorldRealm &realm)
{
	return [this, &realm](uint64_t bytes) {
		const uint64_t physical = memory.Allocate(bytes, std::max<uint64_t>(bytes, 4096));
		if (!realm.stage2)
			return Placed{physical, physical};
		for (uint64_t at = 0; at < bytes; at += 4096) {
			const uint64_t target = physical + at;
			if (at < 8192 || chance.OneIn(16))
				Grow(*realm.stage2, Ipa(target), &target);
		}
		return Placed{physical, Ipa(physical)};
	};
}

void SmmuWorld::MakeStream(uint32_t id)
{
	for (const WorldStream &other : streams)
		if (other.id == id)
			return;
	streams.emplace_back();
	WorldStream &stream = streams.back();
	stream.id = id;
	stream.realm = &chance.Any(realms);
	stream.cd_max = cfg.ssid_bits && chance.Coin()
				? 1 + (int)chance.Below(std::min<int>(cfg.ssid_bits, 12))
				: 0;
	const int format = stream.cd_max && cfg.two_level_cd ? (int)chance.Below(3) : 0;
	if (!stream.realm->contexts.empty()) {
		stream.cds = std::make_unique<CdTable>(
			memory, CdTableOptions{.format = format,
					       .max = stream.cd_max,
					       .placer = placer(*stream.realm)});
		SetCd(stream, 0);
		for (int i = 0; i < 2 && stream.cd_max; i++)
			SetCd(stream, (uint32_t)chance.Below(1ull << stream.cd_max));
	}
	if (streams_table->Address(id) || registers.strtab_base_cfg >> 16 == 0 || chance.Coin())
		streams_table->Set(id, SomeSte(stream));
}

/* Few, so that they meet. */
uint16_t SmmuWorld::SomeTag(bool is_16_bits)
{
	return (uint16_t)(chance.Below(3) | (is_16_bits && chance.OneIn(4) ? 0x100 : 0) |
			  (!is_16_bits && chance.OneIn(60) ? 0x100 : 0));
}

/* IPS and S2PS. */
uint64_t SmmuWorld::OutputCode(int least_bits)
{
	uint64_t code = 0;

	if (chance.OneIn(8))
		return chance.Below(7);
	while (AddressBits(code) < least_bits)
		code++;
	return code;
}

void SmmuWorld::SomeStage2(Ste &ste, const WorldStream &stream)
{
	const WorldTree &tree = *stream.realm->stage2;
	/* Of AArch32 tables updates are ILLEGAL, as is S2FWB. */
	const bool ha = cfg.httu && !chance.OneIn(tree.lpae ? 1 : 4);

	ste.Set(ste::kS2AA64, !tree.lpae)
		.Set(ste::kS2VMID, SomeTag(cfg.vmid16))
		.Set(ste::kS2T0SZ, 64 - tree.ia_bits)
		.Set(ste::kS2SL0, Stage2Sl0(tree.granule_bits, tree.start_level))
		.Set(ste::kS2TG, Tg0OfGranule(tree.granule_bits))
		.Set(ste::kS2TTB, tree.base >> 4)
		.Set(ste::kS2PS, OutputCode(tree.oa_bits))
		.Set(ste::kS2ENDI, tree.big_endian)
		.Set(ste::kS2AFFD, chance.OneIn(3))
		.Set(ste::kS2PTW, chance.OneIn(4))
		.Set(ste::kS2HA, ha)
		.Set(ste::kS2HD,
		     cfg.httu > 1 && (ha ? !chance.OneIn(4) : chance.OneIn(10)) && !tree.lpae)
		.Set(ste::kS2HAFT, cfg.httu > 2 && ha && chance.Coin())
		.Set(ste::kS2R, !chance.OneIn(3))
		.Set(ste::kS2S, cfg.stall_model == SMMU_STALL_FORCED ||
					(cfg.stall_model == SMMU_STALL_BOTH && chance.OneIn(3)))
		.Set(ste::kS2FWB, chance.OneIn(tree.lpae ? 30 : 4))
		.Set(ste::kS2IR0, chance.Below(4))
		.Set(ste::kS2OR0, chance.Below(4))
		.Set(ste::kS2SH0, chance.Below(4));
	if (tree.lpae) /* four bits count, and no granule */
		ste.Set(ste::kS2T0SZ, ((32 - tree.ia_bits) & 15) | chance.Below(4) << 4)
			.Set(ste::kS2SL0, 2 - tree.start_level)
			.Set(ste::kS2TG, chance.Below(4));
}

static void BreakSte(Ste &ste, Chance &chance)
{
	static const Field fields[] = {
		ste::kV,      ste::kConfig, ste::kS1DSS,   ste::kEATS,   ste::kSTRW,
		ste::kS2T0SZ, ste::kS2SL0,  ste::kS2TG,    ste::kS2PS,   ste::kS2AFFD,
		ste::kS2PTW,  ste::kS2HA,   ste::kS2HD,    ste::kS2R,    ste::kS2S,
		ste::kS2FWB,  ste::kS1Fmt,  ste::kS1CDMax, ste::kS2HAFT, ste::kS2ENDI,
		ste::kS2AA64, ste::kS2VMID, {243, 225},    {55, 32},     ste::kS1STALLD};

	ste.Set(fields[chance.Below(std::size(fields))], chance.Word());
}

Ste SmmuWorld::SomeSte(WorldStream &stream)
{
	const bool nested = stream.realm->stage2;
	const Config translating = !nested           ? kStage1Only
				   : !stream.cds     ? kStage2Only
				   : chance.OneIn(3) ? kStage2Only
				   : chance.OneIn(8) ? kStage1Only
						     : kNested;
	Ste ste = ValidSte(chance.OneIn(25) ? chance.Of({kBypass, kAbort}) : translating);

	ste.Set(ste::kS2VMID, SomeTag(cfg.vmid16));
	if (stream.cds)
		ste = stream.cds->In(ste)
			      .Set(ste::kS1CIR, chance.Below(4))
			      .Set(ste::kS1COR, chance.Below(4))
			      .Set(ste::kS1CSH, chance.Below(4));
	if (nested)
		SomeStage2(ste, stream);
	ste.Set(ste::kS1DSS, chance.OneIn(3) ? chance.Below(3) : 2);
	ste.Set(ste::kSTRW, cfg.hyp && translating == kStage1Only && chance.Coin() ? 2 : 0);
	if (chance.OneIn(3))
		ste.Set(ste::kPRIVCFG, chance.Below(4)).Set(ste::kINSTCFG, chance.Below(4));
	if (chance.OneIn(3))
		ste.Set(ste::kMTCFG, chance.OneIn(4) ? 0 : 1)
			.Set(ste::kMemAttr, chance.Below(16))
			.Set(ste::kALLOCCFG, chance.Below(16))
			.Set(ste::kSHCFG, chance.Below(4));
	if (cfg.ats && (asks_translations ? !chance.OneIn(8) : chance.OneIn(4)))
		ste.Set(ste::kEATS, asks_translations && translating == kNested && !cfg.ns1ats
					    ? 1 + chance.Below(2)
				    : asks_translations && !chance.OneIn(8) ? 1
									    : chance.Below(3));
	/* Neither way of ATS goes with stalls of stage 2. */
	if (asks_translations && cfg.stall_model == SMMU_STALL_BOTH && !chance.OneIn(8))
		ste.Set(ste::kS2S, 0);
	ste.Set(ste::kS1STALLD, cfg.stall_model == SMMU_STALL_BOTH && chance.OneIn(8));
	if (chance.OneIn(20))
		BreakSte(ste, chance);
	return ste;
}

static void BreakCd(Cd &cd, Chance &chance)
{
	static const Field fields[] = {cd::kV,    cd::kT0SZ, cd::kTG0,  cd::kEPD0, cd::kT1SZ,
				       cd::kTG1,  cd::kEPD1, cd::kIPS,  cd::kAFFD, cd::kWXN,
				       cd::kTBI0, cd::kPAN,  cd::kHD,   cd::kHA,   cd::kS,
				       cd::kR,    cd::kA,    cd::kASET, cd::kASID, cd::kHAD0,
				       cd::kENDI, cd::kHAFT, cd::kAA64, {115, 90}, {179, 154}};

	cd.Set(fields[chance.Below(std::size(fields))], chance.Word());
}

/* Of AArch32 tables three bits of the size count, and no granule. */
static void PutHalf(Cd &cd, const WorldTree &tree, Chance &chance)
{
	const uint64_t size =
		tree.lpae ? (32 - tree.ia_bits) | chance.Below(8) << 3 : 64 - tree.ia_bits;
	const uint64_t granule = tree.lpae    ? chance.Below(4)
				 : tree.upper ? Tg1OfGranule(tree.granule_bits)
					      : Tg0OfGranule(tree.granule_bits);

	cd.Set(tree.upper ? cd::kT1SZ : cd::kT0SZ, size)
		.Set(tree.upper ? cd::kTG1 : cd::kTG0, granule)
		.Set(tree.upper ? cd::kTTB1 : cd::kTTB0, tree.base >> 4)
		.Set(cd::kENDI, tree.big_endian)
		.Set(cd::kAA64, !tree.lpae);
}

Cd SmmuWorld::SomeCd(const WorldStream &stream)
{
	WorldContext &context = chance.Any(stream.realm->contexts);
	const bool ha = cfg.httu && !chance.OneIn(4);
	Cd cd = ValidCd();

	for (int n = 0; n < 2; n++) {
		PutHalf(cd, *context.half[n], chance);
		cd.Set(n ? cd::kEPD1 : cd::kEPD0, chance.OneIn(10))
			.Set(n ? cd::kTBI1 : cd::kTBI0, chance.OneIn(3))
			.Set(n ? cd::kHAD1 : cd::kHAD0, chance.OneIn(4))
			.Set(n ? cd::kIR1 : cd::kIR0, chance.Below(4))
			.Set(n ? cd::kOR1 : cd::kOR0, chance.Below(4))
			.Set(n ? cd::kSH1 : cd::kSH0, chance.Below(4))
			.Set(n ? cd::kE0PD1 : cd::kE0PD0, chance.OneIn(10));
	}
	cd.Set(cd::kIPS, OutputCode(context.half[0]->oa_bits))
		.Set(cd::kAFFD, chance.OneIn(3))
		.Set(cd::kWXN, chance.OneIn(3))
		.Set(cd::kUWXN, chance.OneIn(3))
		.Set(cd::kPAN, chance.OneIn(3))
		.Set(cd::kEPAN, chance.OneIn(3))
		.Set(cd::kHA, ha)
		.Set(cd::kHD, cfg.httu > 1 && (ha ? !chance.OneIn(4) : chance.OneIn(10)))
		.Set(cd::kHAFT, cfg.httu > 2 && ha && chance.Coin())
		.Set(cd::kS, cfg.stall_model == SMMU_STALL_FORCED ||
				     (cfg.stall_model == SMMU_STALL_BOTH && chance.OneIn(3)))
		.Set(cd::kR, !chance.OneIn(3))
		.Set(cd::kA, cfg.term_abort || !chance.OneIn(3))
		.Set(cd::kASET, chance.OneIn(3))
		.Set(cd::kASID, SomeTag(cfg.asid16))
		.Set(cd::kMAIR0, chance.Word())
		.Set(cd::kMAIR1, chance.Word());
	if (chance.OneIn(20))
		BreakCd(cd, chance);
	return cd;
}

void SmmuWorld::SetCd(WorldStream &stream, uint32_t substream)
{
	stream.cds->Set(substream, SomeCd(stream));
	stream.substreams.push_back(substream);
}

uint64_t SmmuWorld::SomeAddress(const WorldStream &stream)
{
	WorldTree *tree = stream.realm->stage2;
	uint64_t address;

	if (!stream.realm->contexts.empty() && (!tree || !chance.OneIn(3)))
		tree = chance.Any(stream.realm->contexts).half[chance.Below(2)];
	address = chance.Any(tree->inputs);
	if (chance.Coin()) /* the same page; or its neighbours */
		address ^= chance.Below(4096);
	if (chance.OneIn(8))
		address ^= chance.Below(32) << tree->granule_bits;
	address = tree->Address(address);
	if (chance.OneIn(30))
		address ^= 1ull << (20 + chance.Below(44));
	if (chance.OneIn(20))
		address ^= chance.Below(256) << 56;
	return address;
}

/* Beyond what untranslated accesses are like: most are requests. */
void SmmuWorld::AskOrUseTranslation(Request &request)
{
	request.kind =
		chance.Of({RequestKind::kTranslationRequest, RequestKind::kTranslationRequest,
			   RequestKind::kTranslated, RequestKind::kUntranslated});
}

Request SmmuWorld::Ask()
{
	WorldStream &stream = chance.Any(streams);
	Request request;

	request.stream =
		chance.OneIn(30) ? (uint32_t)(chance.Word() >> (32 + chance.Below(32))) : stream.id;
	request.address = SomeAddress(stream);
	request.write = chance.Coin();
	request.privileged = chance.Coin();
	request.instruction = chance.OneIn(3);
	/* Without a choice of the SMMU's, a fault that should stall does so for everyone. */
	request.can_stall =
		(cfg.stall_model != IDR0_STALL_MODEL_NONE && !cfg.stall_downgrade) || chance.Coin();
	request.substream_valid = stream.cd_max ? chance.Coin() : chance.OneIn(40);
	if (request.substream_valid && !stream.substreams.empty())
		request.substream = chance.OneIn(10) ? (uint32_t)chance.Below(1ull << 20)
						     : chance.Any(stream.substreams);
	request.memory = chance.Of<uint8_t>({0xff, 0xff, 0xff, 0xff, 0xee, 0x77, 0xbb, 0x9d, 0x4f,
					     0xf4, 0x6e, 0x44, 0x00, 0x04, 0x0c});
	request.shareability = request.memory < 0x10 || request.memory == 0x44
				       ? kOuterShareable
				       : chance.Of({kNonShareable, kOuterShareable, kInnerShareable,
						    kInnerShareable});
	if (asks_translations)
		AskOrUseTranslation(request);
	return request;
}

std::string SmmuWorld::Text() const
{
	char text[400];

	snprintf(text, sizeof(text),
		 "v3.%d s1 %d s2 %d hyp %d oas %d granules %d ttf %d vax %d httu %d stt %d fwb %d "
		 "ril %d"
		 " had %d xnx %d epan %d e0pd %d ssid %d stall %d.%d cd2l %d dirty %d tlb %u/%u"
		 " walk cache %u",
		 cfg.version, cfg.s1, cfg.s2, cfg.hyp, cfg.oas_bits, cfg.granules, cfg.ttf, cfg.vax,
		 cfg.httu, cfg.stt, cfg.fwb, cfg.ril, cfg.had, cfg.xnx, cfg.epan, cfg.e0pd,
		 cfg.ssid_bits, cfg.stall_model, cfg.stall_downgrade, cfg.two_level_cd,
		 cfg.cache_dirty, cfg.timing.tlb_entries, cfg.timing.tlb_ways,
		 cfg.timing.walk_cache_entries);
	return text;
}
