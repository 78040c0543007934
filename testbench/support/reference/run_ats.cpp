/* SPDX-License-Identifier: Apache-2.0 */
/* ATS translation requests: IHI 0070, 3.9.1.2, 3.13.7, 13.6 and 13.7. */
#include "testbench/support/reference/run_internal.hpp"

#include <algorithm>

namespace ref
{

/* The permissions that a completion grants of what the tables allow: 13.7.1. */
Rights Run::Granted(const Rights &rights) const
{
	const bool overrides = features.Idr1(idr1::kATTR_PERMS_OVR);
	const uint64_t instcfg = overrides ? ste.Get(ste::kINSTCFG) : 0;
	Rights granted;

	granted.write = rights.write;
	granted.clean = rights.clean;
	granted.read = instcfg == 3 ? rights.execute : rights.read;
	if (instcfg == 3)
		granted.execute = instruction && rights.execute;
	else if (instcfg == 2)
		granted.execute = instruction && rights.read;
	else
		granted.execute = instruction && rights.read && rights.execute;
	return granted;
}

/* A page that is clean can be written after a request for writing only: 13.7, NW. */
static Rights AsAsked(Rights rights, bool write)
{
	if (rights.clean && !write)
		rights.write = rights.clean = false;
	return rights;
}

void Run::AnswerFromStages(bool stage1)
{
	const Use use = StageUse(privileged);
	const bool split = EffectiveEats() == 2;
	Rights rights{true, true, true, false};
	Translated first, second;
	uint64_t address = request.address;
	int span = features.OutputBits();

	if (stage1) {
		first = FindStage1(address);
		CheckAccessFlag(first, use);
		rights = AsAsked(RightsOf(first.leaf, privileged), write);
		/* Without any permission, the IPA is not translated. */
		if (!Granted(rights).Any())
			EndAts(AtsStatus::kSuccess);
		address = first.output;
		span = first.leaf.region_bits;
	}
	const uint64_t ipa = address;
	if (stage2_on) {
		second = FindSecond(first, ipa, use);
		CheckAccessFlag(second, use);
		const Rights theirs = AsAsked(RightsOf(second.leaf, privileged), write);
		rights.read &= theirs.read;
		rights.write &= theirs.write;
		rights.execute &= theirs.execute;
		rights.clean |= theirs.clean;
		address = second.output;
		span = std::min(span, second.leaf.region_bits);
	}
	const Rights granted = Granted(rights);
	if (!granted.Any())
		EndAts(AtsStatus::kSuccess);

	const bool dirty = write && granted.write;
	if (stage1) {
		Update(first, dirty && RightsOf(first.leaf, privileged).clean, use);
		if (!first.known)
			LearnTranslation(first.leaf, first.input);
	}
	/* Of a split-stage request, stage 2 may wait for the translated access (3.13.7.1). */
	if (stage2_on && !(split && chooser.Pick(2) == 0)) {
		Update(second, dirty && RightsOf(second.leaf, privileged).clean, use);
		if (!second.known)
			LearnTranslation(second.leaf, second.input);
	}
	outcome.ats.status = AtsStatus::kSuccess;
	outcome.ats.read = granted.read;
	outcome.ats.write = granted.write;
	outcome.ats.execute = granted.execute;
	outcome.ats.privileged = request.privileged && request.substream_valid;
	outcome.ats.address = split ? ipa : address;
	outcome.ats.span_bits = span;
	End(Verdict::kCompletion);
}

void Run::AnswerRequest(bool stage1)
{
	if (!stage1)
		CheckUntranslatedSize(stage2_on ? features.IntermediateBits()
						: features.OutputBits());
	AnswerFromStages(stage1);
}

} // namespace ref
