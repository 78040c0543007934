/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/reference/smmu.hpp"

#include "testbench/support/reference/run_internal.hpp"

#include <algorithm>
#include <stdexcept>

namespace ref
{

namespace
{
bool SameLeaf(const Found &a, const Found &b)
{
	return a.regime == b.regime && a.level == b.level && a.table == b.table &&
	       a.descriptor == b.descriptor && a.address == b.address && a.ipa == b.ipa &&
	       a.region_bits == b.region_bits &&
	       a.above.no_unprivileged == b.above.no_unprivileged &&
	       a.above.no_write == b.above.no_write &&
	       a.above.unprivileged_never == b.above.unprivileged_never &&
	       a.above.privileged_never == b.above.privileged_never;
}

bool SameFound(const Found &a, const Found &b)
{
	if (!SameLeaf(a, b) || !a.second != !b.second)
		return false;
	return !a.second || SameLeaf(*a.second, *b.second);
}

/* Staleness aside. */
bool Same(const CachedTranslation &a, const CachedTranslation &b)
{
	return a.tags.world == b.tags.world && a.tags.vmid == b.tags.vmid &&
	       a.tags.asid == b.tags.asid && a.tags.aset == b.tags.aset && a.global == b.global &&
	       a.base == b.base && a.size_bits == b.size_bits && SameFound(a.found, b.found);
}

bool Same(const CachedStructure &a, const CachedStructure &b)
{
	return a.kind == b.kind && a.stream == b.stream && a.index == b.index &&
	       a.span_bits == b.span_bits && a.words == b.words;
}

bool &Stale(CachedStructure &s)
{
	return s.stale;
}

bool &Stale(CachedTranslation &t)
{
	return t.found.stale;
}

/* What is known twice is stale only if both are. */
template <typename Entry>
void Insert(std::vector<Entry> &known, Entry entry)
{
	for (Entry &other : known) {
		if (Same(entry, other)) {
			Stale(other) = Stale(other) && Stale(entry);
			return;
		}
	}
	known.push_back(entry);
}

template <typename Entry>
bool Contains(const std::vector<Entry> &known, const Entry &entry)
{
	return std::any_of(known.begin(), known.end(),
			   [&](const Entry &other) { return Same(entry, other); });
}

template <typename Entry>
std::vector<Entry> Without(const std::vector<Entry> &all, const std::vector<Entry> &known)
{
	std::vector<Entry> rest;

	for (const Entry &entry : all)
		if (!Contains(known, entry))
			rest.push_back(entry);
	return rest;
}
} // namespace

Smmu::Smmu(Memory &walked_memory, const Registers &smmu_registers)
	: registers(smmu_registers), memory(walked_memory)
{
	Features refuse_what_we_do_not_know(smmu_registers);
}

void Smmu::Merge(const Cache &learned)
{
	for (const CachedStructure &s : learned.structures)
		Insert(cache.structures, s);
	for (const CachedTranslation &t : learned.translations)
		Insert(cache.translations, t);
}

/*
 * To use what is cached and is in memory as well is to do as without a cache:
 * leaving it out saves time. Not what is in memory only after this request has
 * changed it. Nor where an old STE or CD can be used, under which
 * a translation may be found that is new otherwise.
 */
Cache Smmu::WithoutWhatIsFresh(const Cache &fresh) const
{
	std::vector<CachedTranslation> as_it_was;
	Cache rest;

	for (const CachedTranslation &t : fresh.translations)
		if (!t.found.updated && !(t.found.second && t.found.second->updated))
			as_it_was.push_back(t);
	rest.structures = Without(cache.structures, fresh.structures);
	rest.translations = rest.structures.empty() ? Without(cache.translations, as_it_was)
						    : cache.translations;
	return rest;
}

std::vector<Outcome> Smmu::Permitted(const Request &request)
{
	std::vector<Outcome> permitted;
	Chooser none(false), all(true);
	Cache learned;
	int rounds = 0;

	OverlayMemory untouched(memory);
	Run fresh(untouched, registers, request, none, nullptr);
	permitted.push_back(fresh.Do());
	learned.structures = fresh.learned_structures;
	learned.translations = fresh.learned_translations;
	const Cache known = WithoutWhatIsFresh(learned);
	do {
		OverlayMemory overlay(memory);
		Run run(overlay, registers, request, all, &known);
		const Outcome outcome = run.Do();
		if (std::none_of(permitted.begin(), permitted.end(),
				 [&](const Outcome &other) { return outcome.SameAs(other); }))
			permitted.push_back(outcome);
		for (const CachedStructure &s : run.learned_structures)
			Insert(learned.structures, s);
		for (const CachedTranslation &t : run.learned_translations)
			Insert(learned.translations, t);
		if (++rounds > 100000)
			throw std::runtime_error("too many ways to translate one request");
	} while (all.Advance());
	Merge(learned);
	return permitted;
}

} // namespace ref
