/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_REFERENCE_LEGALITY_HPP
#define VFSIM_TESTBENCH_REFERENCE_LEGALITY_HPP

/*
 * Which STEs and CDs are ILLEGAL, of a Non-secure stream (IHI 0070, 5.2.2 and
 * 5.4.2). Both functions answer with the rule that is broken, for people;
 * nullptr: legal.
 */

#include "testbench/support/reference/formats.hpp"
#include "testbench/support/reference/registers.hpp"

namespace ref
{

enum class StreamWorld { kEl1, kEl2, kEl2E2h };

/* STE.STRW and CR2.E2H, where they count (5.2, STRW). */
StreamWorld WorldOf(const Ste &ste, const Features &features, bool e2h);

const char *SteIllegal(const Ste &ste, const Features &features);
const char *CdIllegal(const Cd &cd, const Ste &ste, const Features &features, bool e2h);

/* CD.EPDx where the StreamWorld lets it count: 5.4, EPD0; TTB1 does not exist in EL2. */
bool WalksDisabled(const Cd &cd, int ttb, StreamWorld world);

/* MIN(CD.IPS or STE.S2PS, OAS) of a VMSAv8-64 table. */
int EffectiveOutputBits(uint64_t encoding, const Features &features);

/* Are S2SL0, S2T0SZ and the granule consistent (D8.2.8 to D8.2.10)? */
bool Stage2StartConsistent(int granule_bits, int sl0, int t0sz, const Features &features);
/* And of VMSAv8-32 LPAE (table G5-5)? */
bool LpaeStartConsistent(uint64_t sl0, uint64_t t0sz);

/*
 * VMSAv8-32 LPAE where the OAS is below its 40 bits: a table of the last stage
 * begins beyond the OAS. 5.2 and 5.4 compare with 40 bits alone, 3.4.3 calls it
 * ILLEGAL.
 */
bool SteBaseBeyondOas(const Ste &ste, const Features &features);
bool CdBaseBeyondOas(const Cd &cd, const Ste &ste, const Features &features, bool e2h);

} // namespace ref

#endif
