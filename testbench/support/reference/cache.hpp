/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_REFERENCE_CACHE_HPP
#define VFSIM_TESTBENCH_REFERENCE_CACHE_HPP

/*
 * What an SMMU can still know of what memory held once: structures by stream
 * and substream, descriptors by regime, tags and input address (IHI 0070, 3.17
 * and 16.2). Unbounded, and it keeps the old beside the new.
 */

#include "testbench/support/reference/formats.hpp"
#include "testbench/support/reference/legality.hpp"
#include "testbench/support/reference/walk.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

namespace ref
{

/* One stage's configuration: what a walk needs of the CD or the STE. */
struct Regime {
	int stage = 1;
	bool lpae = false; /* VMSAv8-32 */
	int granule_bits = 12;
	int ia_bits = 48, start_level = 0;
	uint64_t first = 0, last = ~0ull; /* the input addresses that these tables are for */
	uint64_t base = 0;
	int oa_bits = 48;
	/* Of the last stage of LPAE, an OAS below its 40 bits cuts the output off: 3.4. */
	int kept_bits = 64;
	bool oas_52 = false;
	bool oa_52 = false; /* 64 KiB descriptors have 52 bits of address */
	bool big_endian = false;
	bool updates_access = false, updates_dirty = false, updates_tables = false;
	bool access_fault_off = false; /* AFFD */
	bool hierarchical = false;     /* attributes of table descriptors count */
	/* Permissions of stage 1. */
	bool one_privilege = false; /* StreamWorld EL2 */
	bool wxn = false, uwxn = false, pan = false, epan = false;
	/* Permissions of stage 2. */
	bool two_execute_bits = false; /* XNX */
	bool fwb = false, mte_perm = false, protect_walks = false;
	/* Of a leaf of stage 1 the byte of its AttrIndx counts: SameLeaf. */
	uint64_t mair = 0;
	/* How tables are read (IR, OR, SH): it changes nothing of what is found. */
	uint64_t inner = 0, outer = 0, shareability = 0;

	bool operator==(const Regime &other) const;
};

/* Of table descriptors on the way, as they add up. */
struct TableAttributes {
	bool no_unprivileged = false, no_write = false; /* APTable */
	bool unprivileged_never = false, privileged_never = false;

	bool operator==(const TableAttributes &other) const;
};

/* A descriptor, and where it was found. */
struct Found {
	Regime regime;
	int level = 0;
	bool table = false;
	uint64_t descriptor = 0;
	uint64_t address = 0; /* physical */
	uint64_t ipa = 0;     /* nested stage 1: where stage 1 says it is */
	int region_bits = 12; /* a leaf: of the input addresses that it translates, as log2 */
	TableAttributes above;
	bool stale = false;         /* an invalidation that nobody has waited for yet covers it */
	std::vector<Update> relies; /* hardware updates that made the descriptor what it is */
	/* Nested stage 1: the stage 2 leaf for its output, cached together with it. */
	std::shared_ptr<const Found> second;
	uint64_t second_ipa = 0;
};

/* The same descriptor in the same place under the same configuration; `second` aside. */
bool SameLeaf(const Found &a, const Found &b);

/* The byte of MAIR that a leaf of stage 1 means. */
uint8_t MairOf(const Found &leaf);

/* What a leaf makes of an input address. */
uint64_t OutputOf(const Found &leaf, uint64_t input);

struct Tags {
	StreamWorld world = StreamWorld::kEl1;
	uint16_t vmid = 0, asid = 0;
	bool aset = false;
};

struct CachedTranslation {
	Found found;
	Tags tags;
	bool global = false;
	uint64_t base = 0; /* of the input addresses that it translates */
	int size_bits = 0;

	bool Covers(uint64_t ia) const
	{
		return size_bits >= 64 || (ia ^ base) >> size_bits == 0;
	}
};

enum class StructureKind { kL1Std, kSte, kL1Cd, kCd };

struct CachedStructure {
	StructureKind kind = StructureKind::kSte;
	uint32_t stream = 0;
	/* kL1Cd: of the first-level table; kCd: of the table of CDs. */
	uint32_t index = 0;
	/* kL1Std: the StreamIDs that it stands for, as log2; kL1Cd: the SubstreamIDs. */
	int span_bits = 0;
	Words<8> words;
	bool stale = false;
	/* Neighbours of an STE with CONT that were invalidated. */
	std::set<uint32_t> excluded;
};

struct Cache {
	std::vector<CachedStructure> structures;
	std::vector<CachedTranslation> translations;
};

} // namespace ref

#endif
