/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/reference/legality.hpp"

#include "testbench/support/reference/geometry.hpp"

#include <algorithm>

namespace ref
{

namespace
{
bool Stage1Enabled(const Ste &s)
{
	return (s.Get(ste::kConfig) & 5) == 5;
}

bool Stage2Enabled(const Ste &s)
{
	return (s.Get(ste::kConfig) & 6) == 6;
}

bool StrwIgnored(const Ste &s, const Features &f)
{
	return !f.Stage1() || !f.Idr0(idr0::kHyp) || Stage2Enabled(s) ||
	       s.Get(ste::kConfig) == kBypass;
}

bool VmidIgnored(const Ste &s, const Features &f)
{
	if (s.Get(ste::kConfig) < 4 || !f.Stage2() || s.Get(ste::kConfig) == kBypass)
		return true;
	return s.Get(ste::kSTRW) != 0 && !StrwIgnored(s, f);
}

const char *SteAtsIllegal(const Ste &s, const Features &f)
{
	const uint64_t config = s.Get(ste::kConfig), eats = s.Get(ste::kEATS);

	if (!f.Idr0(idr0::kATS) || (config & 3) == 0)
		return nullptr;
	if (eats == 2 && (config != kNested || s.Is(ste::kS2S) || f.Idr0(idr0::kNS1ATS)))
		return "EATS == 0b10 without nesting, with S2S, or NS1ATS == 1";
	/* Without DPT, 0b11 is reserved and behaves as 0b00. */
	if (eats == 1 && s.Is(ste::kS2S) && Stage2Enabled(s))
		return "EATS == 0b01 with S2S == 1";
	return nullptr;
}

const char *SteStage1Illegal(const Ste &s, const Features &f)
{
	const uint64_t format = s.Get(ste::kS1Fmt), max = s.Get(ste::kS1CDMax);
	const int substream_bits = f.SubstreamBits();
	const int pointer_bits = Stage2Enabled(s) ? f.IntermediateBits() : f.OutputBits();

	if (s.Is(ste::kS1STALLD) && f.StallModel() != 0)
		return "S1STALLD with STALL_MODEL != 0b00";
	if (substream_bits && max > static_cast<uint64_t>(substream_bits))
		return "S1CDMax > SSIDSIZE";
	if (substream_bits && max && !f.Idr0(idr0::kCD2L) && (format == 1 || format == 2))
		return "a 2-level CD table with CD2L == 0";
	if (s.Get(ste::kS1ContextPtr) << 6 >> pointer_bits)
		return "S1ContextPtr out of range";
	return nullptr;
}

bool Stage2TtbOutOfRange(const Ste &s, const Features &f)
{
	const uint64_t base = s.Get(ste::kS2TTB) << 4;
	const bool wide = GranuleOfTg0(s.Get(ste::kS2TG)) == kGranule64K;
	int bits = s.Is(ste::kS2AA64) ? EffectiveOutputBits(s.Get(ste::kS2PS), f) : 40;

	if (s.Is(ste::kS2AA64) && !wide)
		bits = std::min(bits, 48);
	return base >> bits;
}

bool Stage2SizeInvalid(const Ste &s, const Features &f)
{
	const bool wide = GranuleOfTg0(s.Get(ste::kS2TG)) == kGranule64K;
	const int size = s.Get(ste::kS2T0SZ);
	const int greatest = !f.Idr3(idr3::kSTT) ? 39 : wide ? 47 : 48;
	const int least = std::max(wide ? 12 : 16, 64 - f.IntermediateBits());

	return size < least || size > greatest;
}

const char *SteStage2Illegal(const Ste &s, const Features &f)
{
	const bool vmsa64 = s.Is(ste::kS2AA64);
	const int granule = GranuleOfTg0(s.Get(ste::kS2TG));
	const bool ha = s.Is(ste::kS2HA), hd = s.Is(ste::kS2HD);

	if (!vmsa64 && f.Idr3(idr3::kFWB) && s.Is(ste::kS2FWB))
		return "S2FWB with VMSAv8-32 LPAE";
	if (s.Is(ste::kS2S) && f.StallModel() == 1)
		return "S2S == 1 with STALL_MODEL == 0b01";
	if (!s.Is(ste::kS2S) && f.StallModel() == 2)
		return "S2S == 0 with STALL_MODEL == 0b10";
	if (vmsa64 ? !f.Vmsa64() : !f.Lpae())
		return "S2AA64 selects a format that TTF has not";
	if ((ha || hd) && (!vmsa64 || f.Httu() == 0))
		return "S2HA or S2HD without HTTU";
	if (hd && f.Httu() == 1)
		return "S2HD with HTTU == 0b01";
	if (s.Is(ste::kS2HAFT) && !ha && f.Httu() == 3)
		return "S2HAFT without S2HA";
	if (vmsa64 && !f.GranuleSupported(granule))
		return "S2TG selects a granule that is not supported";
	if (Stage2TtbOutOfRange(s, f))
		return "S2TTB out of range";
	if (vmsa64 && Stage2SizeInvalid(s, f))
		return "S2T0SZ out of range";
	if (vmsa64 && !Stage2StartConsistent(granule, s.Get(ste::kS2SL0), s.Get(ste::kS2T0SZ), f))
		return "S2SL0 inconsistent with S2T0SZ and S2TG";
	if (!vmsa64 && !LpaeStartConsistent(s.Get(ste::kS2SL0), s.Get(ste::kS2T0SZ)))
		return "S2SL0 inconsistent with S2T0SZ";
	if (f.Endianness() == 2 && s.Is(ste::kS2ENDI))
		return "S2ENDI == 1 with TTENDIAN == 0b10";
	if (f.Endianness() == 3 && !s.Is(ste::kS2ENDI))
		return "S2ENDI == 0 with TTENDIAN == 0b11";
	return nullptr;
}
} // namespace

StreamWorld WorldOf(const Ste &s, const Features &f, bool e2h)
{
	if (StrwIgnored(s, f) || s.Get(ste::kSTRW) != 2)
		return StreamWorld::kEl1;
	return e2h ? StreamWorld::kEl2E2h : StreamWorld::kEl2;
}

int EffectiveOutputBits(uint64_t encoding, const Features &f)
{
	return std::min(AddressBits(encoding), f.OutputBits());
}

/*
 * Tables D8-21 to D8-24, D8-31 to D8-33, D8-39 to D8-41. What PA size a start
 * level needs is said by the pseudocode, AArch64.S2InvalidSL.
 */
bool Stage2StartConsistent(int granule_bits, int sl0, int t0sz, const Features &f)
{
	static const struct {
		int granule_bits, level, least, greatest, pa_bits;
	} permitted[] = {
		{kGranule4K, 0, 16, 24, 44},  {kGranule4K, 1, 21, 33, 0},
		{kGranule4K, 2, 30, 42, 0},   {kGranule16K, 1, 16, 27, 42},
		{kGranule16K, 2, 24, 38, 0},  {kGranule16K, 3, 35, 48, 0},
		{kGranule64K, 1, 12, 21, 44}, {kGranule64K, 2, 18, 34, 0},
		{kGranule64K, 3, 31, 47, 0},
	};
	const int level = Stage2StartLevel(granule_bits, sl0);

	/* Sizes of 40 and more are small tables: the check of S2T0SZ's range has them. */
	if (granule_bits == kGranule4K && level == 3)
		return f.Idr3(idr3::kSTT) && t0sz >= 39 && t0sz <= 48;
	for (const auto &p : permitted)
		if (p.granule_bits == granule_bits && p.level == level)
			return t0sz >= p.least && t0sz <= p.greatest && f.OutputBits() >= p.pa_bits;
	return false;
}

bool LpaeStartConsistent(uint64_t sl0, uint64_t t0sz)
{
	static const struct {
		int level, least, greatest; /* bits of the IPA */
	} permitted[] = {{2, 25, 34}, {1, 31, 40}};
	const int level = LpaeStage2StartLevel(sl0), bits = LpaeIpaBits(t0sz);

	for (const auto &p : permitted)
		if (p.level == level)
			return bits >= p.least && bits <= p.greatest;
	return false;
}

bool SteBaseBeyondOas(const Ste &s, const Features &f)
{
	return s.Get(ste::kConfig) >= 4 && Stage2Enabled(s) && !s.Is(ste::kS2AA64) &&
	       s.Get(ste::kS2TTB) << 4 >> f.OutputBits();
}

bool CdBaseBeyondOas(const Cd &c, const Ste &s, const Features &f, bool e2h)
{
	const StreamWorld world = WorldOf(s, f, e2h);

	if (c.Is(cd::kAA64) || Stage2Enabled(s))
		return false;
	for (int ttb = 0; ttb < 2; ttb++)
		if (!WalksDisabled(c, ttb, world) &&
		    c.Get(ttb ? cd::kTTB1 : cd::kTTB0) << 4 >> f.OutputBits())
			return true;
	return false;
}

const char *SteIllegal(const Ste &s, const Features &f)
{
	const uint64_t config = s.Get(ste::kConfig);
	const char *broken = nullptr;

	if (!s.Is(ste::kV))
		return "V == 0";
	if (config < 4)
		return nullptr;
	if (Stage1Enabled(s) && !f.Stage1())
		return "Config enables stage 1, which is not implemented";
	if (Stage2Enabled(s) && !f.Stage2())
		return "Config enables stage 2, which is not implemented";
	if ((broken = SteAtsIllegal(s, f)) != nullptr)
		return broken;
	if (!StrwIgnored(s, f) && (s.Get(ste::kSTRW) & 1))
		return "a reserved STRW";
	if (Stage1Enabled(s) && (broken = SteStage1Illegal(s, f)) != nullptr)
		return broken;
	if (Stage2Enabled(s) && (broken = SteStage2Illegal(s, f)) != nullptr)
		return broken;
	if (!VmidIgnored(s, f) && !f.Idr0(idr0::kVMID16) && s.Get(ste::kS2VMID) >> 8)
		return "S2VMID of more than 8 bits with VMID16 == 0";
	return nullptr;
}

bool WalksDisabled(const Cd &c, int ttb, StreamWorld world)
{
	if (world == StreamWorld::kEl2)
		return ttb == 1;
	return c.Is(ttb ? cd::kEPD1 : cd::kEPD0);
}

static bool InputSizeInvalid(int size, int granule_bits, const Features &f)
{
	const bool wide = granule_bits == kGranule64K;
	const int greatest = !f.Idr3(idr3::kSTT) ? 39 : wide ? 47 : 48;
	const int least = wide && f.VirtualBits() == 52 ? 12 : 16;

	return size < least || size > greatest;
}

static const char *TtbIllegal(const Cd &c, int ttb, const Features &f)
{
	const bool vmsa64 = c.Is(cd::kAA64);
	const int granule = ttb ? GranuleOfTg1(c.Get(cd::kTG1)) : GranuleOfTg0(c.Get(cd::kTG0));
	int bits = vmsa64 ? EffectiveOutputBits(c.Get(cd::kIPS), f) : 40;

	if (vmsa64 && granule != kGranule64K)
		bits = std::min(bits, 48);
	if (vmsa64 && InputSizeInvalid(c.Get(ttb ? cd::kT1SZ : cd::kT0SZ), granule, f))
		return "TxSZ out of range";
	if (vmsa64 && !f.GranuleSupported(granule))
		return "TGx selects a granule that is not supported";
	if (c.Get(ttb ? cd::kTTB1 : cd::kTTB0) << 4 >> bits)
		return "TTBx out of range";
	return nullptr;
}

static const char *FaultModelIllegal(const Cd &c, const Ste &s, const Features &f)
{
	if (s.Is(ste::kS1STALLD) && c.Is(cd::kS))
		return "S == 1 with STE.S1STALLD == 1";
	if (f.Idr0(idr0::kTERM_MODEL) && !c.Is(cd::kA))
		return "A == 0 with TERM_MODEL == 1";
	if (f.StallModel() == 1 && c.Is(cd::kS))
		return "S == 1 with STALL_MODEL == 0b01";
	if (f.StallModel() == 2 && !c.Is(cd::kS))
		return "S == 0 with STALL_MODEL == 0b10";
	return nullptr;
}

static const char *UpdateIllegal(const Cd &c, const Features &f)
{
	if ((c.Is(cd::kHA) || c.Is(cd::kHD)) && f.Httu() == 0)
		return "HA or HD without HTTU";
	if (c.Is(cd::kHD) && f.Httu() == 1)
		return "HD with HTTU == 0b01";
	if (c.Is(cd::kHAFT) && !c.Is(cd::kHA) && f.Httu() == 3)
		return "HAFT without HA";
	return nullptr;
}

const char *CdIllegal(const Cd &c, const Ste &s, const Features &f, bool e2h)
{
	const StreamWorld world = WorldOf(s, f, e2h);
	const bool off[2] = {WalksDisabled(c, 0, world), WalksDisabled(c, 1, world)};
	const bool vmsa64 = c.Is(cd::kAA64);
	const char *broken = nullptr;

	if (!c.Is(cd::kV))
		return "V == 0";
	if ((broken = FaultModelIllegal(c, s, f)) != nullptr)
		return broken;
	if (!(off[0] && off[1]) && f.Endianness() == 2 && c.Is(cd::kENDI))
		return "ENDI == 1 with TTENDIAN == 0b10";
	if (!(off[0] && off[1]) && f.Endianness() == 3 && !c.Is(cd::kENDI))
		return "ENDI == 0 with TTENDIAN == 0b11";
	if (!vmsa64 && (!f.Lpae() || world == StreamWorld::kEl2E2h))
		return "AA64 selects VMSAv8-32 LPAE, which TTF or the StreamWorld has not";
	if (vmsa64 && (!f.Vmsa64() || (Stage2Enabled(s) && !s.Is(ste::kS2AA64))))
		return "AA64 selects VMSAv8-64, which TTF or STE.S2AA64 has not";
	if (vmsa64 && (broken = UpdateIllegal(c, f)) != nullptr)
		return broken;
	if (world != StreamWorld::kEl2 && !f.Idr0(idr0::kASID16) && c.Get(cd::kASID) >> 8)
		return "ASID of more than 8 bits with ASID16 == 0";
	for (int ttb = 0; ttb < 2; ttb++)
		if (!off[ttb] && (broken = TtbIllegal(c, ttb, f)) != nullptr)
			return broken;
	return nullptr;
}

} // namespace ref
