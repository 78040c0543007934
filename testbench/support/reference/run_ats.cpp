/* SPDX-License-Identifier: Apache-2.0 */
/* ATS translation requests: IHI 0070, 3.9.1.2, 3.13.7, 13.6 and 13.7. */
#include "testbench/support/reference/geometry.hpp"
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

/*
 * A page that is clean can be written after a request for writing only; one that is dirty
 * after any, but it need not be said: 13.7, NW.
 */
static Rights AsAsked(Rights rights, bool write, bool told)
{
	if (!write && (rights.clean || !told))
		rights.write = rights.clean = false;
	return rights;
}

/*
 * How much a leaf may stand for: what its Contiguous bit joins too. The descriptors of such
 * a group must be alike; of those that are not, each leads where one of them says (D8.7.1).
 * Where hardware updates descriptors, the others of the group were not looked at; a cache may
 * have the leaf from a CD without updates, which software must not mix with others (5.4.1).
 */
static int SpanOf(const Translated &translated)
{
	Found joined = translated.leaf;

	if (!Get(joined.descriptor, descriptor::kContiguous) ||
	    (joined.regime.updates_access && !translated.known) ||
	    joined.region_bits != LevelShift(joined.regime.granule_bits, joined.level))
		return joined.region_bits;
	joined.region_bits += ContiguousBits(joined.regime.granule_bits, joined.level);
	return OutputOf(joined, translated.input) == OutputOf(translated.leaf, translated.input)
		       ? joined.region_bits
		       : translated.leaf.region_bits;
}

/* Stage 2 of the output, alone and as part of an entry of both stages. */
void Run::LearnSecond(bool stage1, Translated &first, const Translated &second)
{
	if (!second.known)
		LearnTranslation(second.leaf, second.input);
	if (stage1 && !AccessFlagMissing(second.leaf))
		LearnBoth(first, second);
}

void Run::AnswerFromStages(bool stage1)
{
	const Use use = StageUse(privileged);
	const bool split = EffectiveEats() == 2;
	const bool told = write || chooser.Pick(2) == 0;
	Rights rights{true, true, true, false}; /* without any stage all of them: 13.6.4 */
	Translated first, second;
	uint64_t address = stage1 ? request.address : BypassStage1(request.address);
	int span = features.OutputBits();

	if (stage1) {
		first = FindStage1(address);
		CheckAccessFlag(first, use);
		rights = AsAsked(RightsOf(first.leaf, privileged), write, told);
		/* Without any permission, the IPA is not translated. */
		if (!Granted(rights).Any()) {
			LeaveRefused(first, use);
			EndAts(AtsStatus::kSuccess);
		}
		/* The access flag may be set before stage 2 has its say, as of an access. */
		if (stage2_on && AccessFlagMissing(first.leaf) && chooser.Pick(2) == 1)
			Update(first, false, use);
		address = first.output;
		span = SpanOf(first);
	}
	const uint64_t ipa = address;
	if (stage2_on) {
		second = FindSecond(first, ipa, use);
		CheckAccessFlag(second, use);
		LearnSecond(stage1, first, second); /* whatever becomes of the request */
		rights = AsAsked(rights, write, told);
		const Rights theirs = AsAsked(RightsOf(second.leaf, privileged), write, told);
		rights.read &= theirs.read;
		rights.write &= theirs.write;
		rights.execute &= theirs.execute;
		rights.clean |= theirs.clean;
		address = second.output;
		span = std::min(span, SpanOf(second));
	}
	const Rights granted = Granted(rights);
	if (!granted.Any()) {
		if (stage1)
			LeaveRefused(first, use);
		if (stage2_on)
			LeaveRefused(second, use);
		EndAts(AtsStatus::kSuccess);
	}

	const bool dirty = write && granted.write;
	/* Access flags do not wait for what makes a page dirty: that may find a fault. */
	if (stage1 && stage2_on && AccessFlagMissing(second.leaf) && chooser.Pick(2) == 1)
		Update(second, false, use);
	if (stage1) {
		Update(first, dirty && RightsOf(first.leaf, privileged).clean, use);
		if (!first.known)
			LearnTranslation(first.leaf, first.input);
	}
	/* Of a split-stage request, stage 2 may wait for the translated access (3.13.7.1). */
	if (stage2_on && !(split && chooser.Pick(2) == 0)) {
		Update(second, dirty && RightsOf(second.leaf, privileged).clean, use);
		LearnSecond(stage1, first, second);
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

} // namespace ref
