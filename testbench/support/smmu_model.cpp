/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_model.hpp"

#include "base/ats.h"
#include "base/bits.h"
#include "iommu/smmu_format.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <stdexcept>

static constexpr uint64_t kCommands = 0x1000, kEvents = 0x2000;
static constexpr uint32_t kLog2 = 6;

/* Before and after everything, for each word that changed. */
template <typename Changes>
static std::map<uint64_t, std::pair<uint64_t, uint64_t>> Summary(const Changes &changes)
{
	std::map<uint64_t, std::pair<uint64_t, uint64_t>> words;

	for (const auto &change : changes) {
		words.insert({change.address, {change.before, change.before}});
		words[change.address].second = change.after;
	}
	return words;
}

bool Answer::Agrees(const ref::Outcome &outcome) const
{
	const ref::Observed observed{verdict, address,
				     records.empty() ? nullptr : records[0].data(), memory.type,
				     memory.sh};

	return !absurd && records.size() <= 1 && outcome.Agrees(observed) &&
	       (verdict != ref::Verdict::kCompletion || AtsAgrees(outcome.ats));
}

/*
 * What a device makes of it: permissions, where its address lies, and no more than what the
 * tables map as one. The SMMU knows no page that is global to its devices, nor one of
 * untranslated accesses alone.
 */
bool Answer::AtsAgrees(const ref::AtsCompletion &completion) const
{
	const uint64_t permissions = ATS_READ | ATS_WRITE | ATS_EXECUTE;
	const uint64_t expected = (completion.read ? ATS_READ : 0) |
				  (completion.write ? ATS_WRITE : 0) |
				  (completion.execute ? ATS_EXECUTE : 0) |
				  (completion.privileged ? ATS_PRIVILEGED : 0);
	const int shift = ats_range_shift(ats_entry);

	if (ats_status != completion.status || ats_status != ref::AtsStatus::kSuccess)
		return ats_status == completion.status;
	if ((ats_entry & BITS(10, 0)) != expected)
		return false;
	if (!(expected & permissions)) /* as large as the STU: 3.9.1.2 */
		return shift == stu_bits && !ats_range_addr(ats_entry);
	return shift >= stu_bits && shift <= std::max(completion.span_bits, stu_bits) &&
	       ats_range_addr(ats_entry) == completion.address >> shift << shift;
}

bool Answer::IsOneOf(const std::vector<ref::Outcome> &outcomes) const
{
	return std::any_of(outcomes.begin(), outcomes.end(), [&](const ref::Outcome &outcome) {
		return Agrees(outcome) && Summary(changes) == Summary(outcome.updates);
	});
}

/* The first access there; nullptr if one of them has these attributes, or there is none. */
static const ref::Access *OtherwiseIn(const ref::Outcome &outcome, const Fetch &fetch, bool *there)
{
	const ref::Access *found = nullptr;

	for (const ref::Access &access : outcome.accesses) {
		if (fetch.address - access.address >= access.len_bytes)
			continue;
		*there = true;
		if (access.attributes.Permit(fetch.memory.type, fetch.memory.sh))
			return nullptr;
		if (!found)
			found = &access;
	}
	return found;
}

static std::string FetchText(const Fetch &fetch)
{
	char text[80];

	snprintf(text, sizeof(text),
		 "[%#" PRIx64 "] is accessed with 0x%02x.%d, expected: ", fetch.address,
		 fetch.memory.type, fetch.memory.sh);
	return text;
}

bool Answer::FetchesAreOf(const std::vector<ref::Outcome> &outcomes, std::string *why) const
{
	for (const Fetch &fetch : fetches) {
		const ref::Access *found = nullptr;
		bool there = false, well = false;

		for (const ref::Outcome &outcome : outcomes) {
			bool here = false;
			const ref::Access *other = OtherwiseIn(outcome, fetch, &here);
			there |= here;
			well |= here && !other;
			found = other ? other : found;
		}
		/* Elsewhere it may read ahead. */
		if (well || !there)
			continue;
		*why = FetchText(fetch) + found->attributes.Text();
		return false;
	}
	return true;
}

std::string Answer::Text() const
{
	static const char *const verdicts[] = {"passed", "aborted", "RAZ/WI", "stalled",
					       "ATS completion"};
	static const char *const statuses[] = {"success", "UR", "CA"};
	std::string text = verdicts[static_cast<int>(verdict)];
	char part[160];

	if (absurd)
		text += std::string(" (") + absurd + ")";
	if (verdict == ref::Verdict::kPassed) {
		snprintf(part, sizeof(part), " to %#" PRIx64 ", type 0x%02x SH %d", address,
			 memory.type, memory.sh);
		text += part;
	}
	if (verdict == ref::Verdict::kCompletion) {
		snprintf(part, sizeof(part), " %s %#" PRIx64 " (2^%d, STU 2^%d)",
			 statuses[static_cast<int>(ats_status)], ats_entry,
			 ats_range_shift(ats_entry), stu_bits);
		text += part;
	}
	for (const auto &r : records) {
		snprintf(part, sizeof(part),
			 ", %s [%016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64 "]",
			 ref::EventName(r[0] & 0xff), r[0], r[1], r[2], r[3]);
		text += part;
	}
	for (const WorldMemory::Change &c : changes) {
		snprintf(part, sizeof(part), ", [%#" PRIx64 "] = %#" PRIx64, c.address, c.after);
		text += part;
	}
	return text;
}

std::string RequestText(const ref::Request &r)
{
	char text[200];

	static const char *const kinds[] = {"", "translated ", "translation request for a "};

	snprintf(text, sizeof(text),
		 "stream %#x substream %d.%#x %s%s%s%s at %#" PRIx64 "%s, type 0x%02x SH %d",
		 r.stream, r.substream_valid, r.substream, kinds[static_cast<int>(r.kind)],
		 r.privileged ? "privileged " : "", r.instruction ? "instruction " : "",
		 r.write ? "write" : "read", r.address, r.can_stall ? "" : ", cannot stall",
		 r.memory, r.shareability);
	return text;
}

std::string AccessesText(const ref::Outcome &outcome)
{
	static const char *const kinds[] = {"L1STD", "STE", "L1CD", "CD", "stage 1", "stage 2"};
	std::string text;
	char line[100];

	for (const ref::Access &a : outcome.accesses) {
		snprintf(line, sizeof(line), "  %s [%#" PRIx64 "] = %#" PRIx64 " with ",
			 kinds[static_cast<int>(a.kind)], a.address, a.value);
		text += line + a.attributes.Text() + "\n";
	}
	return text;
}

SmmuModel::SmmuModel(struct sim *owner, WorldMemory &behind, const struct smmu_cfg &how)
	: sim(owner), memory(behind), cfg(how), smmu(nullptr)
{
	struct smmu_env env = {};

	env.part = {sim, "world.smmu", 0};
	env.memory = memory.Port();
	memory.queues = kCommands;
	memory.queues_bytes = 0x2000;
	memory.before_access = [this](const struct bus_req &req) {
		NoteLanding(req);
		NoteFetch(req);
	};
	smmu = smmu_create(&cfg, &env);
	if (!smmu)
		throw std::invalid_argument("no SMMU can be like that");
}

SmmuModel::~SmmuModel()
{
	RunDry();
	smmu_destroy(smmu);
}

void SmmuModel::NoteLanding(const struct bus_req &req)
{
	if (!req.attr.from_device)
		return;
	for (Flight &flight : flights) {
		if (&flight.byte != req.data)
			continue;
		flight.left = true;
		flight.address = req.addr;
		flight.memory = req.attr.memory;
	}
}

void SmmuModel::NoteFetch(const struct bus_req &req)
{
	if (!req.attr.from_device && req.addr - memory.queues >= memory.queues_bytes)
		fetches.push_back({req.addr, req.attr.memory});
}

bool SmmuModel::Step()
{
	return calendar_step(&sim->calendar);
}

void SmmuModel::RunDry()
{
	while (Step())
		;
}

bool SmmuModel::Idle() const
{
	return smmu_idle(smmu);
}

uint64_t SmmuModel::AccessRegister(enum bus_op op, uint32_t offset, uint64_t value,
				   uint32_t len_bytes)
{
	struct Access {
		struct bus_req req;
		uint8_t bytes[8];
		bool done;
	} access = {};
	struct bus_port port = smmu_register_port(smmu);

	access.req.op = op;
	access.req.addr = offset;
	access.req.len_bytes = len_bytes;
	access.req.data = access.bytes;
	le64_put(access.bytes, value);
	access.req.done = [](struct bus_req *req, uint64_t) {
		CONTAINER_OF(req, Access, req)->done = true;
	};
	bus_send(&port, &access.req);
	while (!access.done && Step())
		;
	return le64_get(access.bytes);
}

uint64_t SmmuModel::Read(uint32_t offset, uint32_t len_bytes)
{
	return AccessRegister(BUS_READ, offset, 0, len_bytes);
}

void SmmuModel::Write(uint32_t offset, uint64_t value, uint32_t len_bytes)
{
	AccessRegister(BUS_WRITE, offset, value, len_bytes);
}

void SmmuModel::BringUp(const ref::Registers &wanted)
{
	Write(SMMU_CR1, wanted.cr1);
	Write(SMMU_CR2, wanted.cr2);
	Write(SMMU_GBPA, wanted.gbpa | GBPA_UPDATE);
	Write(SMMU_STRTAB_BASE, wanted.strtab_base, 8);
	Write(SMMU_STRTAB_BASE_CFG, wanted.strtab_base_cfg);
	Write(SMMU_CMDQ_BASE, kCommands | kLog2, 8);
	Write(SMMU_EVENTQ_BASE, kEvents | kLog2, 8);
	Write(SMMU_CR0, CR0_CMDQEN | CR0_EVENTQEN | wanted.cr0);
}

ref::Registers SmmuModel::ReadRegisters()
{
	ref::Registers registers;

	for (uint32_t i = 0; i < 6; i++)
		registers.idr[i] = (uint32_t)Read(SMMU_IDR0 + 4 * i);
	registers.cr0 = (uint32_t)Read(SMMU_CR0ACK);
	registers.cr1 = (uint32_t)Read(SMMU_CR1);
	registers.cr2 = (uint32_t)Read(SMMU_CR2);
	registers.gbpa = (uint32_t)Read(SMMU_GBPA);
	registers.strtab_base = Read(SMMU_STRTAB_BASE, 8);
	registers.strtab_base_cfg = (uint32_t)Read(SMMU_STRTAB_BASE_CFG);
	registers.high_output_bits = true; /* smmu_ttd_address() */
	return registers;
}

Flight &SmmuModel::Send(const ref::Request &request)
{
	struct bus_port port = smmu_dma_port(smmu);
	struct bus_attr attr = {};

	flights.emplace_back();
	Flight &flight = flights.back();
	flight.what = request;
	attr.from_device = true;
	attr.memory = {request.memory, (uint8_t)request.shareability};
	attr.stream_id = request.stream;
	attr.substream_valid = request.substream_valid;
	attr.substream_id = request.substream;
	attr.privileged = request.privileged;
	attr.instruction = request.instruction;
	attr.may_stall = request.can_stall;
	attr.translated = request.kind == ref::RequestKind::kTranslated;
	flight.req.op = request.write ? BUS_WRITE : BUS_READ;
	flight.req.addr = request.address;
	flight.req.len_bytes = 1;
	flight.req.data = &flight.byte;
	if (request.kind == ref::RequestKind::kTranslationRequest) {
		attr.no_write = !request.write;
		flight.req.op = BUS_ATS;
		flight.req.len_bytes = ATS_ENTRY_BYTES;
		flight.req.data = flight.entry;
		flight.stu_bits = cfg.granules & SMMU_GRANULE_4K    ? 12
				  : cfg.granules & SMMU_GRANULE_16K ? 14
								    : 16;
	}
	flight.req.attr = attr;
	flight.req.done = [](struct bus_req *req, uint64_t) {
		CONTAINER_OF(req, Flight, req)->done = true;
	};
	flight.done = at_once && bus_access(&port, &flight.req);
	gone_at_once += flight.done;
	if (!flight.done)
		bus_send(&port, &flight.req);
	return flight;
}

static ref::Verdict VerdictOf(const Flight &flight, const char **absurd)
{
	if (!flight.done && !flight.left)
		return ref::Verdict::kStalled;
	if (flight.left)
		*absurd = flight.done ? nullptr : "it left and was not answered";
	if (flight.left)
		return ref::Verdict::kPassed;
	if (flight.req.op == BUS_ATS)
		return ref::Verdict::kCompletion;
	if (flight.req.status != BUS_OK)
		return ref::Verdict::kAborted;
	if (flight.req.op == BUS_READ && flight.byte)
		*absurd = "what should read as zero does not";
	return ref::Verdict::kReadZeroWriteIgnored;
}

Answer AnswerOf(const Flight &flight)
{
	Answer answer;

	answer.verdict = VerdictOf(flight, &answer.absurd);
	answer.address = flight.address;
	answer.memory = flight.memory;
	answer.stu_bits = flight.stu_bits;
	if (answer.verdict != ref::Verdict::kCompletion)
		return answer;
	answer.ats_entry = le64_get(flight.entry);
	answer.ats_status = flight.req.status == BUS_OK      ? ref::AtsStatus::kSuccess
			    : flight.req.status == BUS_ABORT ? ref::AtsStatus::kUnsupportedRequest
							     : ref::AtsStatus::kCompleterAbort;
	return answer;
}

Answer SmmuModel::Do(const ref::Request &request)
{
	memory.changes.clear();
	memory.stray_writes = 0;
	fetches.clear();
	flights.clear();
	Flight &flight = Send(request);
	RunDry();
	Answer answer = AnswerOf(flight);
	answer.records = TakeRecords();
	answer.changes = memory.changes;
	answer.fetches = fetches;
	if (memory.stray_writes)
		answer.absurd = "the SMMU wrote where it has no queue";
	if (answer.verdict == ref::Verdict::kStalled) {
		Command(ref::MakeCommand(ref::kCMD_STALL_TERM)
				.Set(ref::command::kStreamID, request.stream));
		RunDry();
		if (!flight.done)
			answer.absurd = "it was never answered";
	}
	if (!Idle())
		answer.absurd = "the SMMU is not idle afterwards";
	return answer;
}

std::vector<std::array<uint64_t, 4>> SmmuModel::TakeRecords()
{
	std::vector<std::array<uint64_t, 4>> records;
	const uint32_t prod = (uint32_t)Read(SMMU_EVENTQ_PROD);

	for (; evtq_cons != (prod & (BIT(kLog2 + 1) - 1));
	     evtq_cons = (evtq_cons + 1) & (BIT(kLog2 + 1) - 1)) {
		const uint64_t entry = kEvents + (evtq_cons & (BIT(kLog2) - 1)) * EVENT_BYTES;
		std::array<uint64_t, 4> record;

		for (unsigned i = 0; i < 4; i++)
			record[i] = memory.Peek(entry + 8 * i);
		records.push_back(record);
	}
	if (!records.empty())
		Write(SMMU_EVENTQ_CONS, evtq_cons);
	return records;
}

void SmmuModel::Push(const ref::Words<2> &command)
{
	const uint64_t entry = kCommands + (cmdq_prod & (BIT(kLog2) - 1)) * CMD_BYTES;

	memory.Write64(entry, command.word[0]);
	memory.Write64(entry + 8, command.word[1]);
	cmdq_prod = (cmdq_prod + 1) & (BIT(kLog2 + 1) - 1);
	Write(SMMU_CMDQ_PROD, cmdq_prod);
}

bool SmmuModel::CommandsConsumed()
{
	return (Read(SMMU_CMDQ_CONS) & CMDQ_CONS_RD) == cmdq_prod;
}

bool SmmuModel::Command(const ref::Words<2> &command)
{
	const uint64_t entry = kCommands + (cmdq_prod & (BIT(kLog2) - 1)) * CMD_BYTES;

	Push(command);
	RunDry();
	if (CommandsConsumed())
		return true;
	if (field_get(CMDQ_CONS_ERR, Read(SMMU_CMDQ_CONS)) != CERROR_ILL)
		throw std::runtime_error("a command that is neither consumed nor illegal");
	/* In its place one that does nothing (4.2), and on, 7.1. */
	memory.Write64(entry, CMD_PREFETCH_CONFIG);
	memory.Write64(entry + 8, 0);
	Write(SMMU_GERRORN, Read(SMMU_GERROR));
	RunDry();
	if (!CommandsConsumed())
		throw std::runtime_error("the command queue does not go on after CERROR_ILL");
	return false;
}

void SmmuModel::InvalidateEverything()
{
	Command(ref::MakeCommand(ref::kCMD_CFGI_STE_RANGE).Set(ref::command::kRange, 31));
	Command(ref::MakeCommand(ref::kCMD_TLBI_NSNH_ALL));
	if (cfg.hyp)
		Command(ref::MakeCommand(ref::kCMD_TLBI_EL2_ALL));
	Sync();
}
