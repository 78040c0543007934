/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_REFERENCE_EVENT_HPP
#define VFSIM_TESTBENCH_REFERENCE_EVENT_HPP

/*
 * Event records (IHI 0070, 7.3).
 *
 * `mask` has a one for each bit whose value the architecture says, RES0 bits
 * among them. Zero: UNKNOWN (SubstreamID without SSV, IPA of a stage 1 fault,
 * TTRnW unless CLASS is TT), implementation's own (Reason, STAG), or a layout
 * that we could not verify (see the definitions of `mask` in event.cpp).
 */

#include "testbench/support/reference/bits.hpp"

#include <cstdint>
#include <string>

namespace ref
{

enum EventNumber {
	kF_UUT = 0x01,
	kC_BAD_STREAMID = 0x02,
	kF_STE_FETCH = 0x03,
	kC_BAD_STE = 0x04,
	kF_BAD_ATS_TREQ = 0x05,
	kF_STREAM_DISABLED = 0x06,
	kF_TRANSL_FORBIDDEN = 0x07,
	kC_BAD_SUBSTREAMID = 0x08,
	kF_CD_FETCH = 0x09,
	kC_BAD_CD = 0x0a,
	kF_WALK_EABT = 0x0b,
	kF_TRANSLATION = 0x10,
	kF_ADDR_SIZE = 0x11,
	kF_ACCESS = 0x12,
	kF_PERMISSION = 0x13,
};

namespace event
{
constexpr Field kNumber{7, 0}, kSSV{11, 11}, kSubstreamID{31, 12}, kStreamID{63, 32};
constexpr Field kSTAG{79, 64}, kReason{79, 64}, kGPCF{80, 80}, kStall{95, 95};
constexpr Field kPnU{97, 97}, kInD{98, 98}, kRnW{99, 99}, kNSIPA{100, 100}, kS2{103, 103};
constexpr Field kCLASS{105, 104}, kTTRnW{108, 108}, kInputAddr{191, 128};
constexpr Field kIPA{247, 204} /* [55:12] */, kFetchAddr{247, 195} /* [55:3] */;
} // namespace event

/* CLASS */
enum FaultClass { kClassCd = 0, kClassTt = 1, kClassIn = 2 };

struct Event {
	Words<4> record, mask;

	int Number() const
	{
		return record.Get(event::kNumber);
	}
	/* Does a record that an SMMU wrote say the same, where the architecture says anything? */
	bool Matches(const uint64_t written[4]) const;
	/* The same record, told by the same bits. */
	bool operator==(const Event &other) const
	{
		return record == other.record && mask == other.mask;
	}
	/* For people: the name and the fields that are not zero. */
	std::string Text() const;
};

/* What a record can say. Members that the event has no field for are left out of it. */
struct EventFields {
	int number = 0;
	uint32_t stream = 0;
	bool substream_valid = false;
	uint32_t substream = 0;
	bool read = false, instruction = false, privileged = false;
	bool read_known = true; /* false: RnW is UNKNOWN */
	uint64_t input_address = 0;
	bool stage2 = false;
	FaultClass fault_class = kClassIn;
	uint64_t ipa = 0;
	bool table_read = false; /* TTRnW */
	uint64_t fetch_address = 0;
	bool stall = false;
};

Event MakeEvent(const EventFields &fields);
const char *EventName(int number);

} // namespace ref

#endif
