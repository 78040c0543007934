/* SPDX-License-Identifier: Apache-2.0 */
/* A request from its arrival to its end, in the order of 7.3.22. */
#include "testbench/support/reference/legality.hpp"
#include "testbench/support/reference/run_internal.hpp"

#include <stdexcept>

namespace ref
{

bool Stage1Configured(const Ste &s)
{
	return (s.Get(ste::kConfig) & 5) == 5;
}

bool Stage2Configured(const Ste &s)
{
	return (s.Get(ste::kConfig) & 6) == 6;
}

Run::Run(Memory &walked_memory, const Registers &smmu_registers, const Request &what,
	 Chooser &choices, const Cache *known)
	: memory(walked_memory), registers(smmu_registers), features(smmu_registers), request(what),
	  chooser(choices), cache(known)
{
}

Outcome Run::Do()
{
	for (int attempt = 0; attempt < 8; attempt++) {
		try {
			stale = false;
			above = nullptr;
			second_may_wait = false;
			outcome.relied.clear();
			Translate();
		} catch (const Ended &) {
			return outcome;
		} catch (const Again &) {
			/* A descriptor in memory is not the one that was cached. */
			use_cache = false;
		}
	}
	throw std::logic_error("a descriptor changes whenever the reference looks at it");
}

/* CR0.SMMUEN == 0: 3.11, 13.2, 3.4. */
void Run::Disabled()
{
	if (request.kind == RequestKind::kTranslationRequest)
		Forbidden(kF_BAD_ATS_TREQ);
	if (request.kind == RequestKind::kTranslated)
		Forbidden(kF_TRANSL_FORBIDDEN);
	if (Get(registers.gbpa, gbpa::kABORT) || request.address >> features.OutputBits())
		End(Verdict::kAborted);
	outcome.attributes = Leaving(nullptr, nullptr);
	Pass(request.address, true);
}

/* 3.9.1.1: bits beyond the OAS abort without an event, or are cut off. */
void Run::PassTranslated(uint64_t address)
{
	if (address >> features.OutputBits() && chooser.Pick(2) == 0)
		End(Verdict::kAborted);
	outcome.attributes = Leaving(nullptr, nullptr);
	Pass(address & Mask(features.OutputBits()), true);
}

/* 5.2, EATS; 3.9.2 */
int Run::EffectiveEats() const
{
	const uint64_t eats = ste.Get(ste::kEATS);

	if (!features.Idr0(idr0::kATS) || ste.Get(ste::kConfig) == kBypass)
		return 0;
	if (eats == 2 && !Get(registers.cr0, cr0::kATSCHK))
		return 0;
	return eats == 3 ? 0 : eats; /* 0b11 needs IDR3.DPT */
}

/* STE.Config == 0b0xx; whether ATS is allowed. */
void Run::CheckConfig()
{
	if (ste.Get(ste::kConfig) < 4) {
		if (request.kind == RequestKind::kTranslationRequest)
			EndAts(AtsStatus::kUnsupportedRequest);
		End(Verdict::kAborted);
	}
	if (request.kind == RequestKind::kTranslationRequest && EffectiveEats() == 0)
		Forbidden(kF_BAD_ATS_TREQ);
	if (request.kind == RequestKind::kTranslated && EffectiveEats() == 0)
		Forbidden(kF_TRANSL_FORBIDDEN);
}

/* PRIVCFG and INSTCFG: 5.2, table 13.4. INSTCFG of a translation request: run_ats.cpp. */
void Run::Override()
{
	const bool overrides = features.Idr1(idr1::kATTR_PERMS_OVR);
	const uint64_t privcfg = overrides ? ste.Get(ste::kPRIVCFG) : 0;
	const uint64_t instcfg = overrides ? ste.Get(ste::kINSTCFG) : 0;

	if (privcfg >= 2)
		privileged = privcfg == 3;
	if (instcfg >= 2 && request.kind != RequestKind::kTranslationRequest)
		instruction = instcfg == 3;
	if (write && request.kind != RequestKind::kTranslationRequest)
		instruction = false;
}

/* 5.2: S1CDMax, S1DSS. The CD's index is the SubstreamID, or 0. */
bool Run::SubstreamSelects()
{
	const bool stage1 = Stage1Configured(ste);
	const uint64_t max = features.SubstreamBits() ? ste.Get(ste::kS1CDMax) : 0;
	const uint64_t dss = ste.Get(ste::kS1DSS);

	if (substream_valid) {
		if (!stage1 || !max || request.substream >> max)
			ConfigurationError(Fields(kC_BAD_SUBSTREAMID));
		if (dss == 2 && request.substream == 0)
			ConfigurationError(Fields(kF_STREAM_DISABLED));
		return true;
	}
	if (!stage1 || !max)
		return stage1;
	if (dss == 0 || dss == 3)
		ConfigurationError(Fields(kF_STREAM_DISABLED));
	return dss == 2;
}

void Run::CheckUntranslatedSize(int address_bits)
{
	if (request.address >> address_bits)
		InputTooLarge();
}

/*
 * 3.4: an address that stage 1 does not translate has as many bits as an IPA, and what of it
 * leaves is cut off; but of a stream without translation it must have those of a PA.
 */
uint64_t Run::BypassStage1(uint64_t address)
{
	const bool none = ste.Get(ste::kConfig) == kBypass;

	CheckUntranslatedSize(none ? features.OutputBits() : features.IntermediateBits());
	return stage2_on ? address : address & Mask(features.OutputBits());
}

void Run::LearnBoth(Translated &first, const Translated &second)
{
	first.leaf.second = std::make_shared<Found>(second.leaf);
	first.leaf.second_ipa = second.input;
	LearnTranslation(first.leaf, first.input);
}

void Run::Untranslated(bool stage1)
{
	const Use use{kClassIn, write, instruction, privileged};
	uint64_t address = request.address;
	Translated first, second;
	bool update_later = false;

	if (stage1) {
		first = FindStage1(address);
		const Rights rights = RightsOf(first.leaf, privileged);
		const bool dirty = write && rights.clean;
		CheckAccessFlag(first, use);
		CheckRights(first, rights, use);
		/*
		 * Either may come first: D8.5.2, R LXCKP. The access flag does not wait for what
		 * makes the page dirty.
		 */
		const bool both = dirty && AccessFlagMissing(first.leaf);
		const bool open = stage2_on && Wanted(first.leaf, dirty) != first.leaf.descriptor;
		const int when = open ? chooser.Pick(both ? 3 : 2) : 0;
		update_later = when != 0;
		const uint64_t before = first.leaf.descriptor;
		if (when != 1)
			Update(first, dirty && when == 0, use);
		if (!first.known || first.leaf.descriptor != before)
			LearnTranslation(first.leaf, first.input);
		address = first.output;
	} else {
		address = BypassStage1(address);
	}
	if (stage2_on) {
		const Translated found = FindSecond(first, address, use);
		second_may_wait = update_later;
		above = stage1 ? &first : nullptr;
		address = Finish2(found, use, &second);
		above = nullptr;
		if (stage1)
			LearnBoth(first, second);
	}
	if (update_later) {
		Update(first, write && RightsOf(first.leaf, privileged).clean, use);
		if (second.waits) {
			Update(second, true, use);
			LearnTranslation(second.leaf, second.input);
		}
		LearnBoth(first, second);
	}
	outcome.attributes =
		Leaving(stage1 ? &first.leaf : nullptr, stage2_on ? &second.leaf : nullptr);
	Pass(address, !stage1 && !stage2_on);
}

/* A translated transaction of a stream with EATS == 0b10: 13.6.3. */
void Run::SplitStage()
{
	Translated second;

	CheckUntranslatedSize(features.IntermediateBits());
	const uint64_t address =
		ThroughStage2(request.address, {kClassIn, write, instruction, privileged}, &second);
	outcome.attributes = Leaving(nullptr, &second.leaf);
	Pass(address, false);
}

void Run::Translate()
{
	const bool checked = Get(registers.cr0, cr0::kATSCHK) && features.Idr0(idr0::kATS);
	const bool translated = request.kind == RequestKind::kTranslated;
	const bool pasid = !translated || features.Idr3(idr3::kPASIDTT);

	/* 3.9.1.3, 13.7: without PASID, Data and Unprivileged, for all that ATS knows. */
	substream_valid = request.substream_valid && pasid;
	const bool attributes = request.kind == RequestKind::kUntranslated || substream_valid;
	privileged = request.privileged && attributes;
	write = request.write;
	instruction = request.instruction && attributes &&
		      (request.kind == RequestKind::kTranslationRequest || !write);
	if (!Get(registers.cr0, cr0::kSMMUEN))
		Disabled();
	if (translated && !checked)
		PassTranslated(request.address);
	FindSte();
	CheckSte();
	CheckConfig();
	Override();
	stage2_on = Stage2Configured(ste);

	const bool stage1 =
		!translated || features.Idr3(idr3::kPASIDTT) ? SubstreamSelects() : false;
	if (translated && EffectiveEats() == 1)
		PassTranslated(request.address);
	if (translated)
		SplitStage();
	stage1_on = stage1;
	if (stage1)
		FindCd(substream_valid ? request.substream : 0);
	if (request.kind == RequestKind::kTranslationRequest)
		AnswerFromStages(stage1);
	Untranslated(stage1);
}

} // namespace ref
