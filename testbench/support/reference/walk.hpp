/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_REFERENCE_WALK_HPP
#define VFSIM_TESTBENCH_REFERENCE_WALK_HPP

/*
 * What an SMMUv3 without any cache does with one request (Arm IHI 0070 and DDI
 * 0487, D8 and G5): naive, slow, written from the specification alone.
 *
 *	ref::Walker walker(memory, registers);
 *	ref::Outcome outcome = walker.Walk({.stream = 3, .address = va, .write = true});
 *
 * Out of scope: what class Features refuses, the queues, atomics, cache maintenance,
 * speculative reads.
 */

#include "testbench/support/reference/attributes.hpp"
#include "testbench/support/reference/event.hpp"
#include "testbench/support/reference/memory.hpp"
#include "testbench/support/reference/registers.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ref
{

enum class RequestKind {
	kUntranslated,
	kTranslated,         /* AT = translated */
	kTranslationRequest, /* ATS; `write` is NW == 0, `instruction` is Execute_Requested */
};

struct Request {
	uint32_t stream = 0;
	bool substream_valid = false;
	uint32_t substream = 0;
	uint64_t address = 0;
	bool write = false;
	bool privileged = false, instruction = false; /* as the client says, before overrides */
	RequestKind kind = RequestKind::kUntranslated;
	bool can_stall = true; /* false: PCIe and the like, 3.12 */
	/* What it comes with: an attribute of MAIR, SH. */
	uint8_t memory = 0xff;
	int shareability = kInnerShareable;
};

enum class Verdict {
	kPassed,
	kAborted,
	kReadZeroWriteIgnored, /* completed as RAZ/WI: CD.A == 0 */
	kStalled,
	kCompletion, /* the answer to a translation request: Outcome::ats */
};

enum class AtsStatus { kSuccess, kUnsupportedRequest, kCompleterAbort };

struct AtsCompletion {
	AtsStatus status = AtsStatus::kSuccess;
	bool read = false, write = false, execute = false;
	bool privileged = false;
	uint64_t address = 0; /* of the requested address; with read, write or execute only */
	/* The greatest span that the completion may cover, as log2 of bytes; 0: the STU. */
	int span_bits = 0;
};

enum class AccessKind { kL1Std, kSte, kL1Cd, kCd, kStage1, kStage2 };

/* A structure that was read; `value` is its first word. Aborted reads are here too, value 0. */
struct Access {
	AccessKind kind;
	uint64_t address;
	uint32_t len_bytes;
	uint64_t value;
	MemoryTypes attributes; /* one of them */
};

/* A descriptor that the SMMU changed in memory (hardware update, 3.13). */
struct Update {
	int stage;
	uint64_t address, before, after;
};

/* What a model did with a request, as its client and the event queue saw it. */
struct Observed {
	Verdict verdict = Verdict::kAborted;
	uint64_t address = 0;             /* of kPassed */
	const uint64_t *record = nullptr; /* four words; nullptr: no event was written */
	uint8_t memory = 0;               /* of kPassed, as of a request */
	int shareability = 0;
};

struct Outcome {
	Verdict verdict = Verdict::kAborted;
	uint64_t address = 0;   /* passed: the output address */
	bool bypass = false;    /* passed without any stage of translation */
	MemoryTypes attributes; /* passed: one of them */
	bool recorded = false;
	Event event; /* valid with `recorded` */
	AtsCompletion ats;
	std::vector<Access> accesses;
	std::vector<Update> updates;
	/* Updates of before, of other requests, that made what it took from a cache. */
	std::vector<Update> relied;

	/* Verdict, address, attributes, event; not `ats`, not `updates`. */
	bool Agrees(const Observed &observed) const;
	/* The same to an observer: everything but `accesses`. */
	bool SameAs(const Outcome &other) const;
	/* For messages of a failed test. */
	std::string Text() const;
};

/* One of them agrees. */
bool AnyAgrees(const std::vector<Outcome> &outcomes, const Observed &observed);
/* All of them, a line each. */
std::string Text(const std::vector<Outcome> &outcomes);

class Walker
{
public:
	/* Borrows the memory. Throws what Features throws. */
	Walker(Memory &walked_memory, const Registers &smmu_registers);

	/*
	 * Does it, updates of descriptors included. Where the architecture leaves a
	 * choice this is what most implementations do: no update before a fault, the
	 * first of the behaviours that 3.4.3 lists for SMMUv3.1.
	 */
	Outcome Walk(const Request &request);

	/*
	 * Every outcome that the architecture permits an SMMU without caches, the one
	 * of Walk first. Memory stays as it is.
	 */
	std::vector<Outcome> Allowed(const Request &request);

	Registers registers;

private:
	Memory &memory;
};

} // namespace ref

#endif
