/* SPDX-License-Identifier: Apache-2.0 */
/* How a request ends: what its client hears, and what the event queue gets. */
#include "testbench/support/reference/run_internal.hpp"

namespace ref
{

void Run::End(Verdict verdict)
{
	outcome.verdict = verdict;
	throw Ended();
}

void Run::Pass(uint64_t address, bool bypass)
{
	outcome.address = address;
	outcome.bypass = bypass;
	End(Verdict::kPassed);
}

void Run::EndAts(AtsStatus status)
{
	outcome.ats = AtsCompletion();
	outcome.ats.status = status;
	/* What a request without PASID says of privilege does not exist (13.7.1). */
	outcome.ats.privileged = request.privileged && request.substream_valid;
	End(Verdict::kCompletion);
}

EventFields Run::Fields(int number) const
{
	EventFields fields;

	fields.number = number;
	fields.stream = request.stream;
	fields.substream_valid = substream_valid;
	fields.substream = substream_valid ? request.substream : 0;
	fields.read = !request.write;
	/* 3.9.1.2 */
	fields.read_known = request.kind != RequestKind::kTranslationRequest;
	fields.instruction = instruction;
	fields.privileged = privileged;
	fields.input_address = request.address;
	return fields;
}

/*
 * Of a translation request: what is below the STU is not part of it (PCI Express, 10.2.2);
 * whether it is for data or instructions where INSTCFG says that, not Exe (13.7.1), or
 * where it is about a write too.
 */
void Run::LeaveOutOfRequests(Event &told) const
{
	told.mask.Set({128 + features.SmallestGranuleBits() - 1, 128}, 0);
	if (request.write || (features.Idr1(idr1::kATTR_PERMS_OVR) && ste.Get(ste::kINSTCFG) >= 2))
		told.mask.Set(event::kInD, 0);
}

void Run::Record(const EventFields &fields)
{
	const int bits = features.OutputBits();

	outcome.recorded = true;
	outcome.event = MakeEvent(fields);
	/* An IPA beyond the OAS: told whole (3.4.3), or its upper bits are RES0 (7.3.13). */
	if (request.kind == RequestKind::kTranslationRequest)
		LeaveOutOfRequests(outcome.event);
	if (fields.stage2 && fields.ipa >> bits)
		outcome.event.mask.Set({247, 192 + bits}, 0);
}

bool Run::RecordsAtsErrors() const
{
	return features.Idr0(idr0::kATSRECERR) && Get(registers.cr2, cr2::kREC_CFG_ATS);
}

/* 7.3.3; CR2.RECINVSID is of no matter to translated transactions (3.9.1.3). */
void Run::BadStream()
{
	const bool wanted = Get(registers.cr2, cr2::kRECINVSID) != 0;

	if (request.kind == RequestKind::kTranslationRequest) {
		if (wanted && RecordsAtsErrors())
			Record(Fields(kC_BAD_STREAMID));
		EndAts(AtsStatus::kCompleterAbort);
	}
	if (request.kind == RequestKind::kTranslated ? RecordsAtsErrors() : wanted)
		Record(Fields(kC_BAD_STREAMID));
	End(Verdict::kAborted);
}

/* Tables of 3.9.1.2 and 3.9.1.3. */
void Run::ConfigurationError(const EventFields &fields)
{
	if (request.kind == RequestKind::kUntranslated || RecordsAtsErrors())
		Record(fields);
	if (request.kind == RequestKind::kTranslationRequest)
		EndAts(AtsStatus::kCompleterAbort);
	End(Verdict::kAborted);
}

/* F_BAD_ATS_TREQ or F_TRANSL_FORBIDDEN. */
void Run::Forbidden(int number)
{
	Record(Fields(number));
	if (request.kind == RequestKind::kTranslationRequest)
		EndAts(AtsStatus::kUnsupportedRequest);
	End(Verdict::kAborted);
}

/* 7.3.12: a stage 1 descriptor is always told as TT. `address` is physical. */
void Run::WalkAborted(int stage, FaultClass fault_class, uint64_t address)
{
	EventFields fields = Fields(kF_WALK_EABT);

	fields.stage2 = stage == 2;
	fields.fault_class = stage == 2 ? fault_class : kClassTt;
	fields.fetch_address = address;
	if (request.kind == RequestKind::kTranslationRequest)
		ConfigurationError(fields);
	Record(fields);
	End(Verdict::kAborted);
}

/* One of the four that A, R and S are about (5.5). */
void Run::Fault(int number, int stage, const Use &use, uint64_t ipa)
{
	if (request.kind == RequestKind::kTranslationRequest)
		EndAts(AtsStatus::kSuccess);

	EventFields fields = Fields(number);
	fields.stage2 = stage == 2;
	fields.fault_class = stage == 2 ? use.fault_class : kClassIn;
	fields.ipa = ipa;
	fields.table_read = !use.write;

	if (stage == 1 ? cd.Is(cd::kS) : ste.Is(ste::kS2S)) {
		/* A client that must not stall is aborted, and the record says so (3.12). */
		fields.stall = request.can_stall;
		Record(fields);
		End(request.can_stall ? Verdict::kStalled : Verdict::kAborted);
	}
	if (stage == 1 ? cd.Is(cd::kR) : ste.Is(ste::kS2R))
		Record(fields);
	End(stage == 1 && !cd.Is(cd::kA) ? Verdict::kReadZeroWriteIgnored : Verdict::kAborted);
}

/* Stage 1 is bypassed: no CD says what to do (3.4, 3.12). */
void Run::InputTooLarge()
{
	if (request.kind == RequestKind::kTranslationRequest)
		EndAts(AtsStatus::kSuccess);
	Record(Fields(kF_ADDR_SIZE));
	End(Verdict::kAborted);
}

} // namespace ref
