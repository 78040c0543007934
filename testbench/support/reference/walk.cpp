/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/reference/walk.hpp"

#include "testbench/support/reference/run_internal.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace ref
{

static bool Same(const Update &a, const Update &b)
{
	return a.stage == b.stage && a.address == b.address && a.before == b.before &&
	       a.after == b.after;
}

static bool Same(const AtsCompletion &a, const AtsCompletion &b)
{
	return a.status == b.status && a.read == b.read && a.write == b.write &&
	       a.execute == b.execute && a.privileged == b.privileged && a.address == b.address &&
	       a.span_bits == b.span_bits;
}

static bool Same(const std::vector<Update> &a, const std::vector<Update> &b)
{
	return std::equal(a.begin(), a.end(), b.begin(), b.end(),
			  [](const Update &x, const Update &y) { return Same(x, y); });
}

bool Outcome::SameAs(const Outcome &o) const
{
	if (verdict != o.verdict || address != o.address || bypass != o.bypass ||
	    !(attributes == o.attributes) || recorded != o.recorded || !Same(updates, o.updates) ||
	    !Same(relied, o.relied))
		return false;
	return (!recorded || event == o.event) && Same(ats, o.ats);
}

static std::string Hex(uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%#" PRIx64, value);
	return text;
}

std::string Outcome::Text() const
{
	static const char *const verdicts[] = {"passed", "aborted", "RAZ/WI", "stalled",
					       "ATS completion"};
	static const char *const statuses[] = {"success", "UR", "CA"};
	std::string text = verdicts[static_cast<int>(verdict)];

	if (verdict == Verdict::kPassed)
		text += " to " + Hex(address) + (bypass ? " untranslated" : "") + ", " +
			attributes.Text();
	if (verdict == Verdict::kCompletion) {
		text += std::string(" ") + statuses[static_cast<int>(ats.status)];
		text += std::string(ats.read ? " R" : "") + (ats.write ? " W" : "") +
			(ats.execute ? " X" : "");
		text += " " + Hex(ats.address) + " span 2^" + std::to_string(ats.span_bits);
	}
	if (recorded)
		text += ", " + event.Text();
	for (const Update &u : updates)
		text += ", [" + Hex(u.address) + "] = " + Hex(u.after);
	return text;
}

bool Outcome::Agrees(const Observed &observed) const
{
	if (verdict != observed.verdict || recorded != (observed.record != nullptr))
		return false;
	if (verdict == Verdict::kPassed && address != observed.address)
		return false;
	if (verdict == Verdict::kPassed &&
	    !attributes.Permit(observed.memory, observed.shareability))
		return false;
	return !recorded || event.Matches(observed.record);
}

bool AnyAgrees(const std::vector<Outcome> &outcomes, const Observed &observed)
{
	return std::any_of(outcomes.begin(), outcomes.end(),
			   [&](const Outcome &outcome) { return outcome.Agrees(observed); });
}

std::string Text(const std::vector<Outcome> &outcomes)
{
	std::string text;

	for (const Outcome &outcome : outcomes)
		text += outcome.Text() + "\n";
	return text;
}

Walker::Walker(Memory &walked_memory, const Registers &smmu_registers)
	: registers(smmu_registers), memory(walked_memory)
{
	Features refuse_what_we_do_not_know(smmu_registers);
}

Outcome Walker::Walk(const Request &request)
{
	Chooser first(false);

	return Run(memory, registers, request, first, nullptr).Do();
}

std::vector<Outcome> Walker::Allowed(const Request &request)
{
	std::vector<Outcome> allowed;
	Chooser all(true);

	do {
		OverlayMemory overlay(memory);
		const Outcome outcome = Run(overlay, registers, request, all, nullptr).Do();
		if (std::none_of(allowed.begin(), allowed.end(),
				 [&](const Outcome &other) { return outcome.SameAs(other); }))
			allowed.push_back(outcome);
	} while (all.Advance());
	return allowed;
}

} // namespace ref
