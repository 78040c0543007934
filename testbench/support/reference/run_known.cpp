/* SPDX-License-Identifier: Apache-2.0 */
/* Translations that are known from before: which of them a lookup may hit, and what is kept. */
#include "testbench/support/reference/geometry.hpp"
#include "testbench/support/reference/run_internal.hpp"

#include <algorithm>

namespace ref
{

bool Regime::operator==(const Regime &o) const
{
	return stage == o.stage && lpae == o.lpae && granule_bits == o.granule_bits &&
	       ia_bits == o.ia_bits && start_level == o.start_level && first == o.first &&
	       last == o.last && base == o.base && oa_bits == o.oa_bits &&
	       kept_bits == o.kept_bits && big_endian == o.big_endian &&
	       updates_access == o.updates_access && updates_dirty == o.updates_dirty &&
	       updates_tables == o.updates_tables && access_fault_off == o.access_fault_off &&
	       hierarchical == o.hierarchical && one_privilege == o.one_privilege && wxn == o.wxn &&
	       uwxn == o.uwxn && pan == o.pan && epan == o.epan && fwb == o.fwb &&
	       mte_perm == o.mte_perm && protect_walks == o.protect_walks;
}

bool TableAttributes::operator==(const TableAttributes &o) const
{
	return no_unprivileged == o.no_unprivileged && no_write == o.no_write &&
	       unprivileged_never == o.unprivileged_never && privileged_never == o.privileged_never;
}

bool SameLeaf(const Found &a, const Found &b)
{
	return a.regime == b.regime && a.level == b.level && a.table == b.table &&
	       a.descriptor == b.descriptor && a.address == b.address && a.ipa == b.ipa &&
	       a.region_bits == b.region_bits && a.above == b.above &&
	       (a.table || MairOf(a) == MairOf(b));
}

uint8_t MairOf(const Found &leaf)
{
	return static_cast<uint8_t>(leaf.regime.mair >>
				    8 * Get(leaf.descriptor, descriptor::kAttrIndx));
}

uint64_t OutputOf(const Found &leaf, uint64_t input)
{
	const uint64_t base = DescriptorOutput(leaf.descriptor, leaf.regime.granule_bits,
					       leaf.regime.granule_bits, leaf.regime.oa_52);
	const uint64_t output = (base & ~Mask(leaf.region_bits)) | (input & Mask(leaf.region_bits));
	return output & Mask(leaf.regime.kept_bits);
}

/* 3.17: what a lookup with these tags may hit. */
static bool Hits(const CachedTranslation &entry, int stage, const Tags &tags, uint64_t input)
{
	const Found &found = entry.found;

	if (found.regime.stage != stage || !entry.Covers(input) || entry.tags.vmid != tags.vmid)
		return false;
	/* Of LPAE, a table of TTB0 may span addresses that are TTB1's, or the other way round. */
	if (found.table && !InRange(found.regime, input))
		return false;
	/* Of an entry of both stages: where its leaf of stage 2 translates too. */
	if (!found.table && found.second &&
	    (OutputOf(found, input) ^ found.second_ipa) >> found.second->region_bits)
		return false;
	if (stage == 2)
		return true;
	if (entry.tags.world != tags.world) /* EL2 and EL2-E2H need not be told apart: 3.3.3 */
		return entry.tags.world != StreamWorld::kEl1 && tags.world != StreamWorld::kEl1;
	if (tags.world == StreamWorld::kEl2)
		return true;
	return entry.global ? entry.tags.aset == tags.aset : entry.tags.asid == tags.asid;
}

/*
 * What a walk would come by now, from the start or from a table, changing
 * nothing. It ends where the walk would fault or update something on its way.
 */
std::vector<Found> Run::FreshPath(const Regime &r, uint64_t input, const Found *from)
{
	std::vector<Found> path;
	TableAttributes above = from ? from->above : TableAttributes();
	uint64_t base =
		from ? DescriptorOutput(from->descriptor, r.granule_bits, r.granule_bits, r.oa_52)
		     : r.base;

	for (int level = from ? from->level + 1 : r.start_level; level <= 3; level++) {
		Found found;
		found.regime = r;
		found.level = level;
		found.address = base + 8 * TableIndex(r.granule_bits, r.ia_bits, r.start_level,
						      level, input);
		if (r.stage == 1 && stage2_on) {
			const std::shared_ptr<const Found> second =
				FreshSecond(found.address, true);
			found.ipa = found.address;
			if (!path.empty())
				path.back().second = second;
			if (!second)
				return path;
			found.address = OutputOf(*second, found.ipa);
		}
		if (!memory.Read64(found.address, &found.descriptor))
			return path;
		found.descriptor = Swapped(found.descriptor, r.big_endian);
		const int low = LevelShift(r.granule_bits, level);
		if (!Classify(r, &found))
			return path;
		base = DescriptorOutput(found.descriptor, r.granule_bits,
					found.table ? r.granule_bits : low, r.oa_52);
		if (TooLarge(found, base))
			return path;
		if (found.table)
			AddAttributes(r, found.descriptor, &above);
		found.above = above;
		if (found.table && r.updates_tables && !Get(found.descriptor, descriptor::kAF))
			return path;
		path.push_back(found);
		if (!found.table)
			break;
	}
	if (r.stage == 1 && stage2_on && !path.empty() && !path.back().table)
		path.back().second = FreshSecond(OutputOf(path.back(), input), false);
	return path;
}

/*
 * The leaf of stage 2 for an IPA, nullptr if there is none. Of a table of stage 1:
 * only if the walk reads it and leaves the leaf as it is.
 */
std::shared_ptr<const Found> Run::FreshSecond(uint64_t ipa, bool of_table)
{
	const Regime r = Stage2Regime();
	const std::vector<Found> path =
		InRange(r, ipa) ? FreshPath(r, ipa, nullptr) : std::vector<Found>();

	if (path.empty() || path.back().table)
		return nullptr;
	const Found &leaf = path.back();
	if (of_table && (AccessFlagMissing(leaf) || !RightsOf(leaf, false).read || r.protect_walks))
		return nullptr;
	return std::make_shared<Found>(leaf);
}

bool Run::SameFor(const Found &a, const Found &b, uint64_t input) const
{
	Found alike = a;

	/* Of a contiguous group or of its own: the same for this address? It is told in answers. */
	if (request.kind != RequestKind::kTranslationRequest && !a.table &&
	    OutputOf(a, input) == OutputOf(b, input))
		alike.region_bits = b.region_bits;
	return SameLeaf(alike, b);
}

/*
 * To use something cached that is in memory as well, in the same place, is to
 * do as a walk does that finds it there: it is no way of its own.
 */
bool Run::IsOn(const std::vector<Found> &path, const Found &known, uint64_t input) const
{
	for (const Found &fresh : path) {
		if (!SameFor(known, fresh, input))
			continue;
		if (!known.second)
			return true;
		return fresh.second && SameLeaf(*known.second, *fresh.second);
	}
	return false;
}

/* A leaf as it is once it has been written through. */
static Found Dirtied(Found leaf)
{
	const bool stage1 = leaf.regime.stage == 1;

	if (!leaf.table && leaf.regime.updates_dirty && Get(leaf.descriptor, descriptor::kDBM))
		leaf.descriptor = stage1 ? leaf.descriptor & ~Put(descriptor::kAP2, 1)
					 : leaf.descriptor | Put(descriptor::kS2Write, 1);
	return leaf;
}

/* The leaf that a hit leads to, as memory is now. */
std::optional<Found> Run::LeafOf(const Found &hit, uint64_t input)
{
	if (!hit.table)
		return hit;
	const std::vector<Found> path = FreshPath(hit.regime, input, &hit);
	if (path.empty() || path.back().table)
		return std::nullopt;
	Found leaf = path.back();
	leaf.stale = hit.stale;
	return leaf;
}

/* The hits that make a difference: not on the path of a walk, and each leading elsewhere. */
std::vector<const CachedTranslation *> Run::Ways(const Regime &now, uint64_t input,
						 const std::vector<Found> &path)
{
	const Tags tags = StreamTags();
	/* A walk of a nested stage 1 has choices of its own at each step. */
	const bool simple = (now.stage == 2 || !stage2_on) && !now.updates_tables;
	std::vector<const CachedTranslation *> hits;
	/* Where tables and leaves lead to; under another CD a leaf need not do as its table. */
	struct Way {
		Found leaf;
		TableAttributes above;
		int level;
	};
	std::vector<Way> leaves[2];

	for (const CachedTranslation &entry : cache->translations) {
		if (!Hits(entry, now.stage, tags, input) || IsOn(path, entry.found, input))
			continue;
		/* Clean and not so any more: found out when it is to be made dirty. */
		if (now.updates_dirty && IsOn(path, Dirtied(entry.found), input))
			continue;
		/* Read in the other order of bytes, tables that led to one leaf need not. */
		const bool same_order = entry.found.regime.big_endian == now.big_endian;
		const std::optional<Found> leaf =
			simple && same_order ? LeafOf(entry.found, input) : std::nullopt;
		/* From here on without, or with, what tables take away: less is known further up.
		 */
		const bool above_counts = entry.found.regime.hierarchical != now.hierarchical;
		const auto as_this = [&](const Way &other) {
			return other.leaf.stale == leaf->stale &&
			       SameFor(*leaf, other.leaf, input) &&
			       (!above_counts || (other.above == entry.found.above &&
						  other.level == entry.found.level));
		};
		std::vector<Way> &same_kind = leaves[entry.found.table];
		if (leaf && std::any_of(same_kind.begin(), same_kind.end(), as_this))
			continue;
		if (leaf)
			same_kind.push_back({*leaf, entry.found.above, entry.found.level});
		hits.push_back(&entry);
	}
	return hits;
}

/*
 * Of a leaf that was dirty and is clean: who writes may find that out, as if a walk had come
 * by before the tables on the way were taken back.
 */
Found Run::LookedAtAgain(const Found &leaf, const Regime &now)
{
	const uint64_t dirty =
		leaf.regime.stage == 1 ? Put(descriptor::kAP2, 1) : Put(descriptor::kS2Write, 1);
	Found again = leaf;

	if (leaf.table || !write || !(leaf.regime.updates_dirty || now.updates_dirty) ||
	    !memory.Read64(leaf.address, &again.descriptor))
		return leaf;
	again.descriptor = Swapped(again.descriptor, leaf.regime.big_endian);
	if ((again.descriptor ^ leaf.descriptor) != dirty ||
	    !Get(again.descriptor, descriptor::kDBM))
		return leaf;
	return chooser.Pick(2) == 1 ? again : leaf;
}

void Run::Rely(const Found &known)
{
	outcome.relied.insert(outcome.relied.end(), known.relies.begin(), known.relies.end());
	if (known.second)
		Rely(*known.second);
}

/*
 * What of CD and STE was cached together with a translation, and what is looked
 * at now, is the SMMU's choice (5.2.1, 5.4.1): all as it was, or all that can be
 * as it is.
 */
std::optional<Found> Run::PickKnown(const Regime &now, uint64_t input, bool reachable)
{
	if (!cache || !use_cache)
		return std::nullopt;
	const std::vector<Found> path =
		reachable ? FreshPath(now, input, nullptr) : std::vector<Found>();
	const auto hits = Ways(now, input, path);
	const int pick = chooser.Pick(1 + hits.size());
	if (!pick)
		return std::nullopt;
	Found known = LookedAtAgain(hits[pick - 1]->found, now);
	stale |= known.stale;
	Rely(known);
	Found other = known;
	other.regime = now;
	other.regime.granule_bits = known.regime.granule_bits;
	other.regime.ia_bits = known.regime.ia_bits;
	other.regime.start_level = known.regime.start_level;
	other.regime.first = known.regime.first;
	other.regime.last = known.regime.last;
	other.regime.base = known.regime.base;
	other.regime.kept_bits = known.regime.kept_bits;
	if (!known.table) /* what it leads to is not checked again */
		other.regime.oa_bits = known.regime.oa_bits;
	if (known.table) /* the CD's MAIR is looked at once there is a leaf */
		known.regime.mair = now.mair;
	/* Or access flags as they were looked at when it was cached, and the rest as it is. */
	Found mixed = other;
	mixed.regime.updates_access = known.regime.updates_access;
	mixed.regime.updates_tables = known.regime.updates_tables;
	mixed.regime.access_fault_off = known.regime.access_fault_off;
	if (!SameLeaf(other, known) && !IsOn(path, other, input) && chooser.Pick(2) == 1)
		return other;
	const bool flag_counts = known.table || !Get(known.descriptor, descriptor::kAF);
	if (flag_counts && !SameLeaf(mixed, known) && !SameLeaf(mixed, other) &&
	    chooser.Pick(2) == 1)
		return mixed;
	return known;
}

/* Has it the Contiguous bit, and stands for itself yet? */
static bool Joins(const Found &leaf)
{
	return leaf.region_bits == LevelShift(leaf.regime.granule_bits, leaf.level) &&
	       Get(leaf.descriptor, descriptor::kContiguous);
}

static int GroupBits(const Found &leaf)
{
	return LevelShift(leaf.regime.granule_bits, leaf.level) +
	       ContiguousBits(leaf.regime.granule_bits, leaf.level);
}

void Run::LearnTranslation(const Found &found, uint64_t input)
{
	CachedTranslation entry;
	const int shift = LevelShift(found.regime.granule_bits, found.level);

	if (!found.table && AccessFlagMissing(found))
		return;
	if (!found.table && found.regime.stage == 2 && above) {
		Found both = above->leaf;
		both.second = std::make_shared<Found>(found);
		both.second_ipa = input;
		LearnTranslation(both, above->input);
	}
	entry.found = found;
	entry.found.stale = stale;
	entry.tags = StreamTags();
	entry.size_bits = found.table ? shift : found.region_bits;
	entry.global = !found.table && found.regime.stage == 1 && !found.regime.one_privilege &&
		       !Get(found.descriptor, descriptor::kNG);
	entry.base = input & ~Mask(entry.size_bits);
	LearnEntry(entry);
	/* The hint may be ignored or heeded. */
	if (!found.table && Joins(found)) {
		entry.found.region_bits = entry.size_bits = GroupBits(found);
		if (found.regime.lpae && found.regime.stage == 1) /* other addresses are no VAs */
			entry.size_bits = std::min(entry.size_bits, 32);
		entry.base = input & ~Mask(entry.size_bits);
		LearnEntry(entry);
	}
}

/* It, and what it is if the hint in its leaf of stage 2 is heeded. */
void Run::LearnEntry(CachedTranslation entry)
{
	learned_translations.push_back(entry);
	if (entry.found.table || !entry.found.second || !Joins(*entry.found.second))
		return;
	Found joined = *entry.found.second;
	joined.region_bits = GroupBits(joined);
	entry.found.second = std::make_shared<Found>(joined);
	learned_translations.push_back(entry);
}

} // namespace ref
