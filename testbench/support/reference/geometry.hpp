/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_REFERENCE_GEOMETRY_HPP
#define VFSIM_TESTBENCH_REFERENCE_GEOMETRY_HPP

/*
 * Shapes of VMSAv8-64 translation tables without DS (DDI 0487, D8.2.8 to
 * D8.2.10). A granule is given by its bits: 12 (4 KiB), 14 (16 KiB) or 16
 * (64 KiB). Tables of VMSAv8-32 LPAE have the shapes of 4 KiB granules, from
 * level 1 or 2 on (G5.5).
 */

#include <cstdint>

namespace ref
{

constexpr int kGranule4K = 12, kGranule16K = 14, kGranule64K = 16;

/* The lowest bit of an input address that a lookup at `level` resolves. */
int LevelShift(int granule_bits, int level);

/* Where a stage 1 walk starts, from the size of its input address. */
int Stage1StartLevel(int granule_bits, int ia_bits);

/* Entries of the starting table (stage 2: of all concatenated tables), as log2. */
int StartIndexBits(int granule_bits, int ia_bits, int start_level);

/* Which descriptor of the table at `level` translates `ia`. */
uint64_t TableIndex(int granule_bits, int ia_bits, int start_level, int level, uint64_t ia);

/* Level of the walk's start from STE.S2SL0 and back; -1: reserved. */
int Stage2StartLevel(int granule_bits, int sl0);
int Stage2Sl0(int granule_bits, int start_level);

/* Can there be a block at this level? 64 KiB at level 1 needs 52-bit output addresses. */
bool BlockPossible(int granule_bits, int level, bool oa_52);

/* How many adjacent descriptors the Contiguous bit joins, as log2 (D8.7.1). */
int ContiguousBits(int granule_bits, int level);

/*
 * The output address in a descriptor, above bit `low`: bits [47:low], and for
 * 64 KiB granules where addresses have 52 bits, [51:48] from bits [15:12].
 */
uint64_t DescriptorOutput(uint64_t descriptor, int granule_bits, int low, bool oa_52);
uint64_t EncodeOutput(uint64_t address, int granule_bits, bool oa_52);

/* CD.TG0 and STE.S2TG, CD.TG1: their encodings of a granule and back; 0 bits: reserved. */
int GranuleOfTg0(uint64_t encoding);
int GranuleOfTg1(uint64_t encoding);
uint64_t Tg0OfGranule(int granule_bits);
uint64_t Tg1OfGranule(int granule_bits);

/*
 * VMSAv8-32 LPAE: TTB0 has the addresses below `end0`, TTB1 those from `begin1`
 * on, and between the two there may be a hole (table G5-2).
 */
struct LpaeHalves {
	uint64_t end0, begin1;
};
LpaeHalves LpaeHalvesOf(int t0sz, int t1sz);

/* Bits of the IPA from the four bits that count of STE.S2T0SZ, the uppermost a sign. */
int LpaeIpaBits(uint64_t s2t0sz);
/* Level of the walk's start from STE.S2SL0; -1: reserved (table G5-5). */
int LpaeStage2StartLevel(uint64_t sl0);

} // namespace ref

#endif
