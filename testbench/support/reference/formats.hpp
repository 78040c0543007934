/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_REFERENCE_FORMATS_HPP
#define VFSIM_TESTBENCH_REFERENCE_FORMATS_HPP

/*
 * Layouts of the structures in memory: L1STD, STE, L1CD, CD (IHI 0070, 5.1 to
 * 5.4), and descriptors of VMSAv8-64 (DDI 0487, D8.3) and VMSAv8-32 LPAE (G5.5),
 * whose bits are the same ones. Fields have the specification's names and its bit
 * numbers.
 */

#include "testbench/support/reference/bits.hpp"

namespace ref
{

using Ste = Words<8>;
using Cd = Words<8>;

namespace l1std
{
constexpr Field kSpan{4, 0}, kL2Ptr{55, 6};
}

namespace l1cd
{
constexpr Field kV{0, 0}, kL2Ptr{55, 12};
}

namespace ste
{
constexpr Field kV{0, 0}, kConfig{3, 1}, kS1Fmt{5, 4}, kS1ContextPtr{55, 6}, kS1CDMax{63, 59};
constexpr Field kS1DSS{65, 64}, kS1CIR{67, 66}, kS1COR{69, 68}, kS1CSH{71, 70};
constexpr Field kS2HWU59{72, 72}, kS2HWU60{73, 73}, kS2HWU61{74, 74}, kS2HWU62{75, 75};
constexpr Field kDRE{76, 76}, kCONT{80, 77}, kDCP{81, 81}, kPPAR{82, 82}, kMEV{83, 83};
constexpr Field kS1PIE{88, 88}, kS2FWB{89, 89}, kS1MPAM{90, 90}, kS1STALLD{91, 91};
constexpr Field kEATS{93, 92}, kSTRW{95, 94}, kMemAttr{99, 96}, kMTCFG{100, 100};
constexpr Field kALLOCCFG{104, 101}, kSHCFG{109, 108}, kNSCFG{111, 110}, kPRIVCFG{113, 112};
constexpr Field kINSTCFG{115, 114}, kS2VMID{143, 128}, kS2T0SZ{165, 160}, kS2SL0{167, 166};
constexpr Field kS2IR0{169, 168}, kS2OR0{171, 170}, kS2SH0{173, 172}, kS2TG{175, 174};
constexpr Field kS2PS{178, 176}, kS2AA64{179, 179}, kS2ENDI{180, 180}, kS2AFFD{181, 181};
constexpr Field kS2PTW{182, 182}, kS2HD{183, 183}, kS2HA{184, 184}, kS2S{185, 185};
constexpr Field kS2R{186, 186}, kS2HAFT{187, 187}, kS2PIE{188, 188}, kS2POE{189, 189};
constexpr Field kDPT_VMATCH{191, 190}, kS2SL0_2{194, 194}, kS2DS{195, 195};
/* Bits [51:4] of the address; bits [247:244] are RES0 without IDR5.D128. */
constexpr Field kS2TTB{243, 196};
} // namespace ste

/* STE.Config */
enum Config { kAbort = 0, kBypass = 4, kStage1Only = 5, kStage2Only = 6, kNested = 7 };

namespace cd
{
constexpr Field kT0SZ{5, 0}, kTG0{7, 6}, kIR0{9, 8}, kOR0{11, 10}, kSH0{13, 12}, kEPD0{14, 14};
constexpr Field kENDI{15, 15}, kT1SZ{21, 16}, kTG1{23, 22}, kIR1{25, 24}, kOR1{27, 26};
constexpr Field kSH1{29, 28}, kEPD1{30, 30}, kV{31, 31}, kIPS{34, 32}, kAFFD{35, 35};
constexpr Field kWXN{36, 36}, kUWXN{37, 37}, kTBI0{38, 38}, kTBI1{39, 39}, kPAN{40, 40};
constexpr Field kAA64{41, 41}, kHD{42, 42}, kHA{43, 43}, kS{44, 44}, kR{45, 45}, kA{46, 46};
constexpr Field kASET{47, 47}, kASID{63, 48}, kHAD0{65, 65}, kE0PD0{66, 66}, kHAFT{67, 67};
constexpr Field kTTB0{115, 68}, kPnCH{122, 122}, kEPAN{123, 123}, kHAD1{129, 129};
constexpr Field kE0PD1{130, 130}, kAIE{131, 131}, kTTB1{179, 132}, kDS{186, 186}, kPIE{187, 187};
constexpr Field kMAIR0{223, 192}, kMAIR1{255, 224};
} // namespace cd

/* Descriptors. The address bits depend on granule and level: geometry.hpp. */
namespace descriptor
{
constexpr Field kValid{0, 0}, kTable{1, 1} /* or page: not a block */;
/* Leaf, stage 1. */
constexpr Field kAttrIndx{4, 2}, kNS{5, 5}, kAP{7, 6}, kAP1{6, 6}, kAP2{7, 7}, kSH{9, 8};
constexpr Field kAF{10, 10}, kNG{11, 11}, kNT{16, 16}, kDBM{51, 51}, kContiguous{52, 52};
constexpr Field kPXN{53, 53}, kUXN{54, 54} /* XN of one privilege level, and of LPAE */;
/* Leaf, stage 2. */
constexpr Field kMemAttr{5, 2}, kS2AP{7, 6}, kS2Write{7, 7}, kXN{54, 53};
/* Table, stage 1. */
constexpr Field kPXNTable{59, 59}, kUXNTable{60, 60}, kAPTable{62, 61}, kNSTable{63, 63};
} // namespace descriptor

} // namespace ref

#endif
