/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_REFERENCE_SMMU_HPP
#define VFSIM_TESTBENCH_REFERENCE_SMMU_HPP

/*
 * The reference with a cache that never forgets by itself: it keeps each STE,
 * CD and translation that it ever came by until commands invalidate it, the old
 * beside the new, and answers with all that the architecture permits.
 *
 * Order of use: change memory; ask Permitted; let the model do the request; see
 * that what it did is among the answers. Commands are told when the model has
 * consumed them. What was invalidated is permitted until CMD_SYNC (IHI 0070,
 * 4.1.4, 4.3.8), and what was found through it goes with it.
 *
 * Prefetch is not assumed: what no request has needed is not cached, although an
 * SMMU may have it.
 */

#include "testbench/support/reference/cache.hpp"
#include "testbench/support/reference/walk.hpp"

#include <cstdint>
#include <vector>

namespace ref
{

enum class Legality {
	kLegal,
	kIllegal, /* CERROR_ILL */
	kEither,  /* CERROR_ILL or not: a reserved field is used, or an implementation's opcode */
};

class Smmu
{
public:
	/* Borrows the memory. Throws what Features throws. */
	Smmu(Memory &walked_memory, const Registers &smmu_registers);

	/*
	 * What the SMMU may do now, each way once; the first is what it does without any cache.
	 * Memory stays as it is. Throws std::runtime_error if there are too many ways.
	 */
	std::vector<Outcome> Permitted(const Request &request);

	/* More ways than these are too many. */
	int most_ways = 100000;

	/* A command of the Non-secure command queue (4.1 to 4.7). An illegal one does nothing. */
	Legality Command(const uint64_t word[2]);

	/* Registers as software wrote them; no cache forgets anything by that (3.11). */
	Registers registers;

private:
	void Merge(const Cache &learned);
	Cache WithoutWhatIsFresh(const std::vector<CachedStructure> &fresh, bool updates) const;
	void InvalidateStreams(uint32_t first, uint64_t count, bool l1);
	void InvalidateCds(uint32_t stream, bool all, uint32_t index, bool l1);
	void InvalidateTranslations(const uint64_t word[2]);
	void Sync();

	Memory *memory;
	Cache cache;
};

/* Is a command legal, by the identification registers alone? */
Legality CommandLegality(const uint64_t word[2], const Features &features);

/* The commands, for tests that issue them; fields that a command has not are left out. */
namespace command
{
constexpr Field kOpcode{7, 0}, kSSec{10, 10}, kSSV{11, 11}, kSubstreamID{31, 12};
constexpr Field kStreamID{63, 32}, kVMID{47, 32}, kASID{63, 48}, kNUM{16, 12}, kSCALE{25, 20};
constexpr Field kLeaf{64, 64}, kRange{68, 64}, kTTL128{71, 71}, kTTL{73, 72}, kTG{75, 74};
constexpr Field kAddress{127, 76} /* [63:12] */, kSize{69, 64}, kResp{77, 76}, kCS{13, 12};
} // namespace command

enum Opcode {
	kCMD_PREFETCH_CONFIG = 0x01,
	kCMD_PREFETCH_ADDR = 0x02,
	kCMD_CFGI_STE = 0x03,
	kCMD_CFGI_STE_RANGE = 0x04,
	kCMD_CFGI_CD = 0x05,
	kCMD_CFGI_CD_ALL = 0x06,
	kCMD_TLBI_NH_ALL = 0x10,
	kCMD_TLBI_NH_ASID = 0x11,
	kCMD_TLBI_NH_VA = 0x12,
	kCMD_TLBI_NH_VAA = 0x13,
	kCMD_TLBI_EL2_ALL = 0x20,
	kCMD_TLBI_EL2_ASID = 0x21,
	kCMD_TLBI_EL2_VA = 0x22,
	kCMD_TLBI_EL2_VAA = 0x23,
	kCMD_TLBI_S12_VMALL = 0x28,
	kCMD_TLBI_S2_IPA = 0x2a,
	kCMD_TLBI_NSNH_ALL = 0x30,
	kCMD_ATC_INV = 0x40,
	kCMD_PRI_RESP = 0x41,
	kCMD_RESUME = 0x44,
	kCMD_STALL_TERM = 0x45,
	kCMD_SYNC = 0x46,
};

/* `Words<2> c = MakeCommand(kCMD_CFGI_STE).Set(command::kStreamID, 3)` */
inline Words<2> MakeCommand(Opcode opcode)
{
	return Words<2>().Set(command::kOpcode, opcode);
}

} // namespace ref

#endif
