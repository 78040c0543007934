/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_REFERENCE_REGISTERS_HPP
#define VFSIM_TESTBENCH_REFERENCE_REGISTERS_HPP

/* The registers that a translation depends on, and what they mean (IHI 0070, 6.3). */

#include "testbench/support/reference/bits.hpp"

#include <cstdint>

namespace ref
{

namespace idr0
{
constexpr Field kS2P{0, 0}, kS1P{1, 1}, kTTF{3, 2}, kCOHACC{4, 4}, kBTM{5, 5}, kHTTU{7, 6};
constexpr Field kDORMHINT{8, 8}, kHyp{9, 9}, kATS{10, 10}, kNS1ATS{11, 11}, kASID16{12, 12};
constexpr Field kMSI{13, 13}, kSEV{14, 14}, kATOS{15, 15}, kPRI{16, 16}, kVMW{17, 17};
constexpr Field kVMID16{18, 18}, kCD2L{19, 19}, kVATOS{20, 20}, kTTENDIAN{22, 21};
constexpr Field kATSRECERR{23, 23}, kSTALL_MODEL{25, 24}, kTERM_MODEL{26, 26};
constexpr Field kST_LEVEL{28, 27}, kRME_IMPL{30, 30};
} // namespace idr0

namespace idr1
{
constexpr Field kSIDSIZE{5, 0}, kSSIDSIZE{10, 6}, kPRIQS{15, 11}, kEVENTQS{20, 16};
constexpr Field kCMDQS{25, 21}, kATTR_PERMS_OVR{26, 26}, kATTR_TYPES_OVR{27, 27};
} // namespace idr1

namespace idr3
{
constexpr Field kHAD{2, 2}, kPBHA{3, 3}, kXNX{4, 4}, kPPS{5, 5}, kMPAM{7, 7}, kFWB{8, 8};
constexpr Field kSTT{9, 9}, kRIL{10, 10}, kBBML{12, 11}, kE0PD{13, 13}, kPTWNNC{14, 14};
constexpr Field kDPT{15, 15}, kPASIDTT{16, 16}, kEPAN{17, 17}, kS1PI{18, 18}, kS2PI{19, 19};
constexpr Field kS2PO{20, 20}, kTHE{21, 21}, kMTEPERM{22, 22}, kAIE{23, 23};
} // namespace idr3

namespace idr5
{
constexpr Field kOAS{2, 0}, kGRAN4K{4, 4}, kGRAN16K{5, 5}, kGRAN64K{6, 6}, kDS{7, 7};
constexpr Field kD128{8, 8}, kVAX{11, 10}, kSTALL_MAX{31, 16};
} // namespace idr5

namespace cr0
{
constexpr Field kSMMUEN{0, 0}, kPRIQEN{1, 1}, kEVENTQEN{2, 2}, kCMDQEN{3, 3}, kATSCHK{4, 4};
constexpr Field kVMW{8, 6};
} // namespace cr0

namespace cr1
{
constexpr Field kTABLE_IC{7, 6}, kTABLE_OC{9, 8}, kTABLE_SH{11, 10};
}

namespace cr2
{
constexpr Field kE2H{0, 0}, kRECINVSID{1, 1}, kPTM{2, 2}, kREC_CFG_ATS{3, 3};
} // namespace cr2

namespace gbpa
{
constexpr Field kMemAttr{3, 0}, kMTCFG{4, 4}, kALLOCCFG{11, 8}, kSHCFG{13, 12};
constexpr Field kPRIVCFG{17, 16}, kINSTCFG{19, 18}, kABORT{20, 20};
} // namespace gbpa

namespace strtab_base
{
constexpr Field kADDR{55, 6}, kRA{62, 62};
}

namespace strtab_base_cfg
{
constexpr Field kLOG2SIZE{5, 0}, kSPLIT{10, 6}, kFMT{17, 16};
}

/* The Non-secure registers as software reads them. */
struct Registers {
	uint32_t idr[6] = {};
	uint32_t cr0 = 0, cr1 = 0, cr2 = 0, gbpa = 0;
	uint64_t strtab_base = 0;
	uint32_t strtab_base_cfg = 0;
	/*
	 * No register, but the implementation's choice: bits [15:12] of 64 KiB granules'
	 * descriptors are OA[51:48] even where the OAS is less (DDI 0487, AArch64.LeafBase).
	 */
	bool high_output_bits = false;
};

/*
 * What the identification registers say, of an SMMUv3.1 or later with a
 * Non-secure programming interface only. The constructor throws
 * std::invalid_argument for features that this reference does not know:
 * RME_IMPL, MPAM, DPT, D128, DS, permission indirection and overlays, THE, AIE,
 * a reserved TTF, OAS of 56 bits. Both formats of TTF are known: VMSAv8-64 and
 * VMSAv8-32 LPAE.
 */
class Features
{
public:
	explicit Features(const Registers &registers);

	bool Idr0(Field field) const
	{
		return Get(idr[0], field) != 0;
	}
	bool Idr1(Field field) const
	{
		return Get(idr[1], field) != 0;
	}
	bool Idr3(Field field) const
	{
		return Get(idr[3], field) != 0;
	}
	bool Stage1() const
	{
		return Idr0(idr0::kS1P);
	}
	bool Stage2() const
	{
		return Idr0(idr0::kS2P);
	}
	bool Lpae() const
	{
		return Get(idr[0], idr0::kTTF) & 1;
	}
	bool Vmsa64() const
	{
		return Get(idr[0], idr0::kTTF) & 2;
	}
	/* The numbers in the fields' own encoding. */
	int Httu() const
	{
		return Get(idr[0], idr0::kHTTU);
	}
	int StallModel() const
	{
		return Get(idr[0], idr0::kSTALL_MODEL);
	}
	int Endianness() const
	{
		return Get(idr[0], idr0::kTTENDIAN);
	}
	int StreamBits() const
	{
		return Get(idr[1], idr1::kSIDSIZE);
	}
	int SubstreamBits() const
	{
		return Get(idr[1], idr1::kSSIDSIZE);
	}
	int VirtualBits() const /* of one TTB: 48 or 52 */
	{
		return Get(idr[5], idr5::kVAX) ? 52 : 48;
	}

	int OutputBits() const;       /* OAS */
	int IntermediateBits() const; /* IAS, 3.4 */
	/* Of a granule: 12, 14 or 16 bits; 0, a reserved encoding, never is. */
	bool GranuleSupported(int granule_bits) const;
	int SmallestGranuleBits() const; /* the STU of ATS, 3.9.1 */

private:
	uint32_t idr[6];
};

/* 32, 36, 40, 42, 44, 48, 52 or 56 bits: IDR5.OAS, CD.IPS, STE.S2PS. */
int AddressBits(uint64_t encoding);

} // namespace ref

#endif
