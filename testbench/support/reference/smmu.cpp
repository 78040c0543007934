/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/reference/smmu.hpp"

#include "testbench/support/reference/run_internal.hpp"

#include <algorithm>
#include <stdexcept>

namespace ref
{

namespace
{
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

/* What is in memory as well, nobody's update had to make. */
void Forgive(CachedTranslation &known, const CachedTranslation &again)
{
	if (again.found.relies.empty())
		known.found.relies.clear();
	if (again.found.second && again.found.second->relies.empty())
		known.found.second = again.found.second;
}

void Forgive(CachedStructure &, const CachedStructure &)
{
}

/* What is known twice is stale only if both are. */
template <typename Entry>
void Insert(std::vector<Entry> &known, Entry entry)
{
	for (Entry &other : known) {
		if (Same(entry, other)) {
			Stale(other) = Stale(other) && Stale(entry);
			Forgive(other, entry);
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
	: registers(smmu_registers), memory(&walked_memory)
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
 * A structure that is cached and in memory as well is left out: that saves time.
 * But for CDs where an old STE can be used, under which another CD is in memory, and where
 * the way to them may have updated stage 2's tables.
 */
Cache Smmu::WithoutWhatIsFresh(const std::vector<CachedStructure> &fresh, bool updates) const
{
	const auto of_streams = [](const CachedStructure &s) {
		return s.kind == StructureKind::kSte || s.kind == StructureKind::kL1Std;
	};
	const auto rest = Without(cache.structures, fresh);
	Cache known = cache;

	known.structures = rest;
	if (updates || std::any_of(rest.begin(), rest.end(), of_streams))
		for (const CachedStructure &s : cache.structures)
			if (!of_streams(s))
				Insert(known.structures, s);
	return known;
}

std::vector<Outcome> Smmu::Permitted(const Request &request)
{
	std::vector<Outcome> permitted;
	Chooser none(false), all(true);
	Cache learned;
	int rounds = 0;

	OverlayMemory untouched(*memory);
	Run fresh(untouched, registers, request, none, nullptr);
	permitted.push_back(fresh.Do());
	learned.structures = fresh.learned_structures;
	learned.translations = fresh.learned_translations;
	const bool updates = !permitted[0].updates.empty();
	const Cache known = WithoutWhatIsFresh(learned.structures, updates);
	do {
		OverlayMemory overlay(*memory);
		Run run(overlay, registers, request, all, &known);
		const Outcome outcome = run.Do();
		if (std::none_of(permitted.begin(), permitted.end(),
				 [&](const Outcome &other) { return outcome.SameAs(other); }))
			permitted.push_back(outcome);
		for (const CachedStructure &s : run.learned_structures)
			Insert(learned.structures, s);
		for (const CachedTranslation &t : run.learned_translations)
			Insert(learned.translations, t);
		if (++rounds > most_ways)
			throw std::runtime_error("too many ways to translate one request");
	} while (all.Advance());
	Merge(learned);
	return permitted;
}

} // namespace ref
