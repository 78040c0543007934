/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/reference/event.hpp"

#include <cinttypes>
#include <cstdio>

namespace ref
{

namespace
{
/* Which groups of fields an event has: 7.3.2 to 7.3.16. */
enum {
	kHasSubstream = 1 << 0,
	kHasInput = 1 << 1,
	kHasReadWrite = 1 << 2,
	kHasAttributes = 1 << 3, /* InD, PnU */
	kHasStage = 1 << 4,      /* S2, CLASS */
	kHasIpa = 1 << 5,        /* IPA, NSIPA, Stall, STAG */
	kHasFetch = 1 << 6,      /* FetchAddr, Reason */
	kHasTableRead = 1 << 7,
	/* SubstreamID without SSV: 7.3.9. */
	kAlwaysSubstream = 1 << 8,
};

struct Kind {
	int number;
	const char *name;
	int has;
};

constexpr int kFault =
	kHasSubstream | kHasInput | kHasReadWrite | kHasAttributes | kHasStage | kHasIpa;

const Kind kinds[] = {
	{kF_UUT, "F_UUT", kHasSubstream | kHasInput | kHasReadWrite | kHasAttributes},
	{kC_BAD_STREAMID, "C_BAD_STREAMID", kHasSubstream},
	{kF_STE_FETCH, "F_STE_FETCH", kHasSubstream | kHasFetch},
	{kC_BAD_STE, "C_BAD_STE", kHasSubstream},
	{kF_BAD_ATS_TREQ, "F_BAD_ATS_TREQ", kHasSubstream | kHasInput},
	{kF_STREAM_DISABLED, "F_STREAM_DISABLED", 0},
	{kF_TRANSL_FORBIDDEN, "F_TRANSL_FORBIDDEN", kHasInput | kHasReadWrite},
	{kC_BAD_SUBSTREAMID, "C_BAD_SUBSTREAMID", kAlwaysSubstream},
	{kF_CD_FETCH, "F_CD_FETCH", kHasSubstream | kHasFetch},
	{kC_BAD_CD, "C_BAD_CD", kHasSubstream},
	{kF_WALK_EABT, "F_WALK_EABT",
	 kHasSubstream | kHasInput | kHasReadWrite | kHasAttributes | kHasStage | kHasFetch},
	{kF_TRANSLATION, "F_TRANSLATION", kFault},
	{kF_ADDR_SIZE, "F_ADDR_SIZE", kFault},
	{kF_ACCESS, "F_ACCESS", kFault},
	{kF_PERMISSION, "F_PERMISSION", kFault | kHasTableRead},
};

const Kind *Find(int number)
{
	for (const Kind &kind : kinds)
		if (kind.number == number)
			return &kind;
	return nullptr;
}

void Unknown(Event &e, Field field)
{
	e.mask.Set(field, 0);
}

void PutSubstream(Event &e, const EventFields &f, int has)
{
	if (has & kAlwaysSubstream) {
		e.record.Set(event::kSubstreamID, f.substream);
	} else if (has & kHasSubstream) {
		e.record.Set(event::kSSV, f.substream_valid);
		if (f.substream_valid)
			e.record.Set(event::kSubstreamID, f.substream);
		else
			Unknown(e, event::kSubstreamID);
	}
}

void PutAccess(Event &e, const EventFields &f, int has)
{
	if (has & kHasInput)
		e.record.Set(event::kInputAddr, f.input_address);
	if (has & kHasReadWrite) {
		e.record.Set(event::kRnW, f.read);
		if (!f.read_known)
			Unknown(e, event::kRnW);
	}
	if (has & kHasAttributes) {
		/* A write is data, whatever the client says: 13.1.2. */
		e.record.Set(event::kInD, f.instruction && f.read);
		e.record.Set(event::kPnU, f.privileged);
	}
}

void PutFault(Event &e, const EventFields &f, int has)
{
	if (has & kHasStage) {
		e.record.Set(event::kS2, f.stage2);
		e.record.Set(event::kCLASS, f.fault_class);
	}
	if (has & kHasIpa) {
		e.record.Set(event::kStall, f.stall);
		Unknown(e, event::kSTAG);
		if (f.stage2)
			e.record.Set(event::kIPA, f.ipa >> 12);
		else
			Unknown(e, event::kIPA);
	}
	if (has & kHasFetch) {
		e.record.Set(event::kFetchAddr, f.fetch_address >> 3);
		Unknown(e, event::kReason);
	}
	if (has & kHasTableRead) {
		e.record.Set(event::kTTRnW, f.fault_class == kClassTt && f.table_read);
		if (f.fault_class != kClassTt || !f.stage2)
			Unknown(e, event::kTTRnW);
	}
}
} // namespace

Event MakeEvent(const EventFields &f)
{
	const Kind *kind = Find(f.number);
	Event e;

	for (uint64_t &word : e.mask.word)
		word = ~0ull;
	e.record.Set(event::kNumber, f.number).Set(event::kStreamID, f.stream);
	PutSubstream(e, f, kind->has);
	PutAccess(e, f, kind->has);
	PutFault(e, f, kind->has);
	if (f.number == kF_BAD_ATS_TREQ) {
		/* Where R, W, X, PRIV and Span lie is in a figure that we do not have; InputAddr
		 * is told to 4 KiB. */
		e.record.Set({139, 128}, 0);
		e.mask.word[1] = 0;
		Unknown(e, {139, 128});
	}
	/* Nor whether these two have a SubstreamID. */
	if (f.number == kF_STREAM_DISABLED || f.number == kF_TRANSL_FORBIDDEN) {
		Unknown(e, event::kSSV);
		Unknown(e, event::kSubstreamID);
	}
	return e;
}

const char *EventName(int number)
{
	const Kind *kind = Find(number);
	return kind ? kind->name : "no event";
}

bool Event::Matches(const uint64_t written[4]) const
{
	for (int i = 0; i < 4; i++)
		if ((written[i] ^ record.word[i]) & mask.word[i])
			return false;
	return true;
}

std::string Event::Text() const
{
	static const struct {
		const char *name;
		Field field;
	} parts[] = {
		{"StreamID", event::kStreamID},
		{"SSV", event::kSSV},
		{"SubstreamID", event::kSubstreamID},
		{"Stall", event::kStall},
		{"RnW", event::kRnW},
		{"InD", event::kInD},
		{"PnU", event::kPnU},
		{"S2", event::kS2},
		{"CLASS", event::kCLASS},
		{"TTRnW", event::kTTRnW},
		{"InputAddr", event::kInputAddr},
	};
	std::string text = EventName(Number());
	char part[64];

	for (const auto &p : parts) {
		if (!record.Is(p.field))
			continue;
		snprintf(part, sizeof(part), " %s=%#" PRIx64, p.name, record.Get(p.field));
		text += part;
	}
	if (record.word[3]) {
		snprintf(part, sizeof(part), " word3=%#" PRIx64, record.word[3]);
		text += part;
	}
	return text;
}

} // namespace ref
