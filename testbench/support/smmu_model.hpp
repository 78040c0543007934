/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_SUPPORT_SMMU_MODEL_HPP
#define VFSIM_TESTBENCH_SUPPORT_SMMU_MODEL_HPP

/* The SMMU model as a test drives it that compares it with ref::Smmu: in the reference's terms. */

#include "iommu/smmu.h"
#include "testbench/support/reference/smmu.hpp"
#include "testbench/support/smmu_world_memory.hpp"

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <vector>

struct Fetch {
	uint64_t address;
	struct mem_attr memory;
};

/* What the model did with one request. */
struct Answer {
	ref::Verdict verdict = ref::Verdict::kAborted;
	uint64_t address = 0; /* passed */
	struct mem_attr memory = {};
	/* Of a translation request: how it ended, its entry (base/ats.h), the SMMU's STU. */
	ref::AtsStatus ats_status = ref::AtsStatus::kSuccess;
	uint64_t ats_entry = 0;
	int stu_bits = 0;
	std::vector<std::array<uint64_t, 4>> records;
	std::vector<WorldMemory::Change> changes;
	/* What the SMMU did in memory on the way, its queues aside. */
	std::vector<Fetch> fetches;
	/* What no answer may be like, nullptr: nothing. */
	const char *absurd = nullptr;

	/* Verdict, address, event and all that changed in memory. */
	bool IsOneOf(const std::vector<ref::Outcome> &outcomes) const;
	/* The same without memory. */
	bool Agrees(const ref::Outcome &outcome) const;
	/*
	 * What one of them accesses too, one of them accesses with the attributes of this one.
	 * Otherwise the text says what it is about.
	 */
	bool FetchesAreOf(const std::vector<ref::Outcome> &outcomes, std::string *why) const;
	bool AtsAgrees(const ref::AtsCompletion &completion) const;
	std::string Text() const;
};

/* For messages of a failed test; the second: what was read on the way, a line each. */
std::string RequestText(const ref::Request &request);
std::string AccessesText(const ref::Outcome &outcome);

/* One on its way. */
struct Flight {
	ref::Request what;
	struct bus_req req = {};
	uint8_t byte = 0xa5;
	uint8_t entry[8] = {}; /* of a translation request */
	int stu_bits = 0;
	bool left = false, done = false;
	uint64_t address = 0; /* where it left for */
	struct mem_attr memory = {};
};

/* Its verdict and address. */
Answer AnswerOf(const Flight &flight);

class SmmuModel
{
public:
	/* Both are borrowed. The queues are at 0x1000 and 0x2000 of the memory. */
	SmmuModel(struct sim *owner, WorldMemory &behind, const struct smmu_cfg &how);
	~SmmuModel();
	SmmuModel(const SmmuModel &) = delete;
	SmmuModel &operator=(const SmmuModel &) = delete;

	uint64_t Read(uint32_t offset, uint32_t len_bytes = 4);
	void Write(uint32_t offset, uint64_t value, uint32_t len_bytes = 4);
	/* Queues on, and what `registers` says of CR2, GBPA, the stream table and CR0. */
	void BringUp(const ref::Registers &wanted);
	/* As software reads them. */
	ref::Registers ReadRegisters();

	/* One request and nothing else; a stall is noted and then terminated. */
	Answer Do(const ref::Request &request);
	/* Consumed, with its effects. False: CERROR_ILL; the command is then removed. */
	bool Command(const ref::Words<2> &command);
	void Sync()
	{
		Command(ref::MakeCommand(ref::kCMD_SYNC));
	}
	void InvalidateEverything();

	/* The pieces of Do, where several are under way. */
	Flight &Send(const ref::Request &request);
	/* Write a command and let it be fetched; nothing waits for it. */
	void Push(const ref::Words<2> &command);
	bool CommandsConsumed();
	bool Step();
	void RunDry();
	/* Records since the last call, which are then consumed. */
	std::vector<std::array<uint64_t, 4>> TakeRecords();
	bool Idle() const;
	const struct smmu_counters &Stats() const
	{
		return *smmu_stats(smmu);
	}

	std::deque<Flight> flights;
	/* Requests are tried within the call before they are sent, and how many went so. */
	bool at_once = false;
	uint64_t gone_at_once = 0;

private:
	uint64_t AccessRegister(enum bus_op op, uint32_t offset, uint64_t value,
				uint32_t len_bytes);
	void NoteLanding(const struct bus_req &req);
	void NoteFetch(const struct bus_req &req);

	struct sim *sim;
	WorldMemory &memory;
	struct smmu_cfg cfg;
	struct smmu *smmu;
	std::vector<Fetch> fetches;
	uint32_t cmdq_prod = 0, evtq_cons = 0;
};

#endif
