/* SPDX-License-Identifier: Apache-2.0 */
/* ATS: IHI 0070, 3.9.1, 3.13.7, 13.6, 13.7. */
#include "testbench/unit/reference/bench.hpp"

namespace ref
{

class Ats : public NestedBench
{
protected:
	static constexpr uint64_t kVa = 0x12345000, kIpa = 0x80000000, kPa = 0x90000000;

	Ats()
	{
		registers.cr0 |= Put(cr0::kATSCHK, 1);
		ste.Set(ste::kEATS, 1);
		tables.Map(kVa, kIpa);
		tables2.Map(kIpa, kPa);
	}

	Outcome Ask(bool write = false, bool execute = false, bool privileged = false)
	{
		Request request{.stream = kStream, .address = kVa + 0x10, .write = write};
		request.instruction = execute;
		request.privileged = privileged;
		request.substream_valid = execute || privileged;
		request.kind = RequestKind::kTranslationRequest;
		return DoNested(request);
	}

	Outcome Translated(uint64_t address, bool write = false)
	{
		Request request{.stream = kStream, .address = address, .write = write};
		request.kind = RequestKind::kTranslated;
		return DoNested(request);
	}

	/* The nested CD table with PASIDs 0 to 3, of which 0 is used. */
	void WithPasids()
	{
		CdTable many(memory, {.max = 2, .placer = tables2.PlacesAt(0x60000000)});
		many.Set(0, cd);
		ste = many.In(ste).Set(ste::kS1DSS, 1);
	}
};

#define EXPECT_ATS(OUTCOME, STATUS, R, W, X)                                                       \
	do {                                                                                       \
		const Outcome o = (OUTCOME);                                                       \
		EXPECT_EQ(o.verdict, Verdict::kCompletion) << o.Text();                            \
		EXPECT_EQ(o.ats.status, AtsStatus::STATUS) << o.Text();                            \
		EXPECT_EQ(o.ats.read, R) << o.Text();                                              \
		EXPECT_EQ(o.ats.write, W) << o.Text();                                             \
		EXPECT_EQ(o.ats.execute, X) << o.Text();                                           \
	} while (0)

TEST_F(Ats, RequestIsAnsweredWithTheOutputOfBothStages)
{
	const Outcome outcome = Ask(true);
	EXPECT_ATS(outcome, kSuccess, true, true, false);
	EXPECT_EQ(outcome.ats.address, kPa + 0x10);
	EXPECT_EQ(outcome.ats.span_bits, 12);
	EXPECT_FALSE(outcome.recorded);
}

/* Table 3.9.1.2, first part. */
TEST_F(Ats, RequestsThatAreNotSupported)
{
	ste.Set(ste::kEATS, 0);
	EXPECT_ATS(Ask(), kUnsupportedRequest, false, false, false);
	EXPECT_EVENT(Ask(), kF_BAD_ATS_TREQ);
	ste.Set(ste::kEATS, 3); /* needs DPT */
	EXPECT_EVENT(Ask(), kF_BAD_ATS_TREQ);
	ste.Set(ste::kEATS, 2);
	registers.cr0 = 1; /* EATS 0b10 without ATSCHK is 0b00 */
	EXPECT_EVENT(Ask(), kF_BAD_ATS_TREQ);
	ste.Set(ste::kConfig, kAbort);
	EXPECT_ATS(Ask(), kUnsupportedRequest, false, false, false);
	EXPECT_FALSE(Ask().recorded);
	ste = ValidSte(kBypass).Set(ste::kEATS, 1);
	EXPECT_EVENT(Ask(), kF_BAD_ATS_TREQ);
	registers.cr0 = 0;
	EXPECT_ATS(Ask(), kUnsupportedRequest, false, false, false);
	EXPECT_EVENT(Ask(), kF_BAD_ATS_TREQ);
}

/* Second part: CA, and events only with REC_CFG_ATS. */
TEST_F(Ats, RequestsThatMeetAConfigurationError)
{
	cd.Set(cd::kV, 0);
	EXPECT_ATS(Ask(), kCompleterAbort, false, false, false);
	EXPECT_FALSE(Ask().recorded);
	registers.cr2 |= Put(cr2::kREC_CFG_ATS, 1);
	EXPECT_EVENT(Ask(), kC_BAD_CD);
	cd.Set(cd::kV, 1);
	memory.Abort(tables.DescriptorAddress(kVa, 3), 8);
	EXPECT_ATS(Ask(), kCompleterAbort, false, false, false);
	EXPECT_EVENT(Ask(), kF_WALK_EABT);
	EXPECT_EQ(Ask().event.mask.Get(event::kRnW), 0u);
	memory.AbortNothing();
	/* Both bits are needed for this one. */
	Request request{.stream = 4096};
	request.kind = RequestKind::kTranslationRequest;
	EXPECT_EVENT(DoNested(request), kC_BAD_STREAMID);
	registers.cr2 &= ~Put(cr2::kRECINVSID, 1);
	EXPECT_ATS(DoNested(request), kCompleterAbort, false, false, false);
	EXPECT_FALSE(DoNested(request).recorded);
}

/* Third part: R == W == 0, at either stage and for any fetch. */
TEST_F(Ats, RequestsThatMeetAFault)
{
	cd.Set(cd::kA, 0).Set(cd::kS, 1);
	tables.Unmap(kVa, 3);
	EXPECT_ATS(Ask(), kSuccess, false, false, false);
	EXPECT_FALSE(Ask().recorded);
	tables.Map(kVa, kIpa);
	tables2.Unmap(kIpa, 3);
	EXPECT_ATS(Ask(), kSuccess, false, false, false);
	tables2.Map(kIpa, kPa);
	tables2.Unmap(0x50000000, 3); /* the CD's page */
	EXPECT_ATS(Ask(), kSuccess, false, false, false);
}

/* The examples of 13.7. */
TEST_F(Ats, PermissionsAsInTheExamples)
{
	WithPasids();
	const auto page = [this](int ap, bool xn) {
		tables.Map(kVa, kIpa, 3,
			   {.user = (ap & 1) != 0, .read_only = ap > 1, .uxn = xn, .pxn = xn});
	};
	const auto ask = [this](bool nw, bool exe, bool priv) {
		Request request{.stream = kStream, .substream_valid = true, .address = kVa};
		request.write = !nw;
		request.instruction = exe;
		request.privileged = priv;
		request.kind = RequestKind::kTranslationRequest;
		return Do(request);
	};
	page(3, false); /* user RO; privileged RO as well: direct permissions have no mix */
	EXPECT_ATS(ask(true, false, false), kSuccess, true, false, false);
	EXPECT_ATS(ask(false, false, false), kSuccess, true, false, false);
	page(1, false); /* user RW, XN == 0 */
	EXPECT_ATS(ask(false, false, false), kSuccess, true, true, false);
	EXPECT_ATS(ask(false, true, false), kSuccess, true, true, true);
	page(1, true);
	EXPECT_ATS(ask(true, true, false), kSuccess, true, true, false);
	page(0, false); /* user X only, privileged RW */
	EXPECT_ATS(ask(false, true, false), kSuccess, false, false, false);
	EXPECT_ATS(ask(false, false, true), kSuccess, true, true, false);
	EXPECT_TRUE(ask(false, false, true).ats.privileged);
	/* INSTCFG == Instruction: execute-only is R and X. */
	ste.Set(ste::kINSTCFG, 3);
	EXPECT_ATS(ask(true, true, false), kSuccess, true, false, true);
	/* PRIVCFG counts, the answer's Priv is the request's. */
	ste.Set(ste::kINSTCFG, 0).Set(ste::kPRIVCFG, 2);
	EXPECT_ATS(ask(false, false, true), kSuccess, false, false, false);
}

/* 3.13.7.1 */
TEST_F(Ats, DirtyStateIsMarkedForRequestsToWriteOnly)
{
	cd.Set(cd::kHA, 1).Set(cd::kHD, 1);
	tables.Map(kVa, kIpa, 3, {.read_only = true, .access = false, .dirty_modifier = true});
	EXPECT_ATS(Ask(false), kSuccess, true, false, false);
	EXPECT_EQ(tables.Descriptor(kVa, 3) & 0x480, 0x480u);
	EXPECT_ATS(Ask(true), kSuccess, true, true, false);
	EXPECT_EQ(tables.Descriptor(kVa, 3) & 0x480, 0x400u);
	/* Dirty already: W even without being asked, as most do. */
	EXPECT_ATS(Ask(false), kSuccess, true, true, false);
	/* Stage 1 read-only: stage 2 is not marked. */
	ste.Set(ste::kS2HA, 1).Set(ste::kS2HD, 1);
	tables.Map(kVa, kIpa, 3, {.read_only = true});
	tables2.Map(kIpa, kPa, 3, {.write = false, .dirty_modifier = true});
	EXPECT_ATS(Ask(true), kSuccess, true, false, false);
	EXPECT_EQ(tables2.Descriptor(kIpa, 3) & 0x80, 0u);
	tables.Map(kVa, kIpa, 3);
	EXPECT_ATS(Ask(true), kSuccess, true, true, false);
	EXPECT_EQ(tables2.Descriptor(kIpa, 3) & 0x80, 0x80u);
}

TEST_F(Ats, SplitStageAnswersWithTheIpa)
{
	ste.Set(ste::kEATS, 2);
	tables2.Map(kIpa, kPa, 3, {.write = false});
	const Outcome outcome = Ask(true);
	EXPECT_ATS(outcome, kSuccess, true, false, false);
	EXPECT_EQ(outcome.ats.address, kIpa + 0x10);
	EXPECT_EQ(Translated(kIpa + 0x10).address, kPa + 0x10);
	const Outcome fault = Translated(kIpa, true);
	EXPECT_EQ(fault.verdict, Verdict::kAborted);
	EXPECT_EVENT(fault, kF_PERMISSION);
	EXPECT_EQ(fault.event.record.Get(event::kS2), 1u);
	EXPECT_EQ(fault.event.record.Get(event::kIPA), kIpa >> 12);
	EXPECT_EVENT(Translated(1ull << 48), kF_ADDR_SIZE);
}

TEST_F(Ats, WithoutPasidStage1CanBeSkipped)
{
	WithPasids();
	tables2.Map(kVa, 0xa0000000, 3, {.write = false});
	EXPECT_ATS(Ask(true), kSuccess, true, false, false);
	EXPECT_EQ(Ask(true).ats.address, 0xa0000010u);
	ste.Set(ste::kEATS, 2);
	EXPECT_EQ(Ask(true).ats.address, kVa + 0x10);
	/* 13.6.4: stage 1 only; everything is granted, as it is. */
	ste.Set(ste::kEATS, 1).Set(ste::kConfig, kStage1Only);
	EXPECT_ATS(Ask(false), kSuccess, true, true, false);
	EXPECT_EQ(Ask(false).ats.address, kVa + 0x10);
}

/* 3.9.1.3 */
TEST_F(Ats, TranslatedTransactions)
{
	EXPECT_EQ(Translated(kPa).address, kPa);
	EXPECT_TRUE(Translated(kPa).bypass);
	ste.Set(ste::kEATS, 0);
	EXPECT_EQ(Translated(kPa).verdict, Verdict::kAborted);
	EXPECT_EVENT(Translated(kPa), kF_TRANSL_FORBIDDEN);
	ste.Set(ste::kV, 0);
	EXPECT_EQ(Translated(kPa).verdict, Verdict::kAborted);
	EXPECT_FALSE(Translated(kPa).recorded);
	registers.cr2 = Put(cr2::kREC_CFG_ATS, 1);
	EXPECT_EVENT(Translated(kPa), kC_BAD_STE);
	ste.Set(ste::kV, 1).Set(ste::kConfig, kAbort);
	EXPECT_FALSE(Translated(kPa).recorded);
	ste.Set(ste::kConfig, kBypass).Set(ste::kEATS, 1);
	EXPECT_EVENT(Translated(kPa), kF_TRANSL_FORBIDDEN);
	/* Without ATSCHK nothing is looked at. */
	registers.cr0 = 1;
	EXPECT_TRUE(Translated(kPa).accesses.empty());
	EXPECT_EQ(Translated(kPa).address, kPa);
	EXPECT_EQ(Translated(1ull << 60).verdict, Verdict::kAborted);
	EXPECT_FALSE(Translated(1ull << 60).recorded);
	registers.cr0 = 0;
	EXPECT_EVENT(Translated(kPa), kF_TRANSL_FORBIDDEN);
}

/* IDR3.PASIDTT: the PASID of a translated transaction counts (3.9.1.3). */
TEST_F(Ats, TranslatedTransactionsWithPasid)
{
	WithPasids();
	ste.Set(ste::kS1DSS, 0).Set(ste::kEATS, 2);
	tables2.Map(kIpa, kPa, 3, {.read = false, .xn = 3}); /* privileged may execute */
	Request request{.stream = kStream, .substream_valid = true, .address = kIpa};
	request.privileged = request.instruction = true;
	request.kind = RequestKind::kTranslated;
	const auto substream = [&](uint32_t number) {
		request.substream = number;
		return Do(request);
	};
	EXPECT_EVENT(substream(1), kF_PERMISSION); /* data, unprivileged */
	EXPECT_EQ(substream(1).event.record.Get(event::kSSV), 0u);
	registers.idr[3] |= Put(idr3::kPASIDTT, 1);
	registers.cr2 |= Put(cr2::kREC_CFG_ATS, 1);
	EXPECT_EQ(substream(1).verdict, Verdict::kPassed);
	EXPECT_EVENT(substream(4), kC_BAD_SUBSTREAMID);
	request.substream_valid = false;
	EXPECT_EVENT(substream(0), kF_STREAM_DISABLED);
}

/* Where bits beyond the OAS may be cut off as well. */
TEST_F(Ats, TranslatedBeyondTheOas)
{
	Request request{.stream = kStream, .address = 1ull << 60 | kPa};
	request.kind = RequestKind::kTranslated;
	Configure();
	const auto allowed = Walker(memory, registers).Allowed(request);
	ASSERT_EQ(allowed.size(), 2u);
	EXPECT_EQ(allowed[0].verdict, Verdict::kAborted);
	EXPECT_EQ(allowed[1].address, kPa);
}

} // namespace ref
