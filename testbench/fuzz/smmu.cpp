/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SMMU, driven by any bytes: they choose what it offers, write its registers,
 * queues, tables and descriptors, and send devices' requests, with a little order in
 * it, so that walks get somewhere; they answer invalidations, or do not, and ask for
 * pages. Whatever software and devices do, it answers every request that is not stalled,
 * says nothing in a translation that it cannot mean, and ends.
 */
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "base/bits.h"
#include "iommu/ats_format.h"
#include "iommu/smmu.h"
#include "iommu/smmu_format.h"
#include "testbench/fuzz/common/fuzz.hpp"
#include "testbench/fuzz/common/input.hpp"

namespace
{
constexpr uint64_t kMemory = 1 << 20;
constexpr uint64_t kCmdq = 0x1000, kEvtq = 0x2000, kPriq = 0x3000, kStrtab = 0x4000;
constexpr uint64_t kTables = 0x10000;
constexpr uint32_t kStreams = 16;
constexpr uint32_t kQueueLog2 = 4;

class World;

struct Request {
	const World *world;
	struct bus_req req;
	uint8_t bytes[4096];
	bool done;
};

class World
{
public:
	explicit World(FuzzInput &input) : in(input), memory(kMemory)
	{
		struct sim_hooks hooks = fuzz_hooks();
		struct smmu_env env = {};

		sim_init(&sim, 1, &hooks);
		sim.untimed = in.take(1) & 1;
		env.part = {&sim, "smmu", 0};
		env.memory = {this, receive, sim.untimed ? access : nullptr};
		choose_features();
		choose_devices(in.take(3));
		smmu = smmu_create(&cfg, &env);
		if (!smmu)
			return;
		struct ats_port devices = {this, invalidate,
					   [](void *, const struct prg_response *) {
					   }};
		smmu_connect_ats(smmu, &devices);
	}
	~World()
	{
		smmu_destroy(smmu);
		sim_fini(&sim);
	}
	World(const World &) = delete;

	void run()
	{
		if (!smmu)
			return;
		if (in.take(1) & 1)
			bring_up();
		while (!in.empty())
			step();
		settle();
	}

private:
	void choose_features()
	{
		uint64_t bits = in.take(4);
		static const uint8_t oas[] = {32, 36, 40, 42, 44, 48, 48, 48};

		/* What the version demands is there, so that most sets are legal. */
		cfg.version = 1;
		cfg.endian = bits >> 25 & 1 ? IDR0_TTENDIAN_LE : IDR0_TTENDIAN_MIXED;
		cfg.stall_model = bits >> 26 & 1 ? SMMU_STALL_NEVER : SMMU_STALL_BOTH;
		cfg.stall_max = cfg.stall_model == SMMU_STALL_NEVER ? 0 : 4;
		cfg.stall_downgrade = cfg.stall_max && (bits >> 27 & 1);
		cfg.stall_suppress = bits >> 28 & 1;
		cfg.event_merge_ps = bits >> 29 & 1 ? PS_PER_US : 0;
		cfg.sid_bits = 6;
		cfg.ssid_bits = bits & 7;
		cfg.cmdq_log2 = cfg.evtq_log2 = 6;
		cfg.oas_bits = oas[bits >> 3 & 7];
		cfg.httu = bits >> 6 & 3;
		cfg.granules = bits >> 8 & 7;
		cfg.ttf = IDR0_TTF_AARCH64 | (cfg.granules & SMMU_GRANULE_4K ? bits >> 30 & 1 : 0);
		cfg.s1 = bits >> 11 & 1;
		cfg.s2 = bits >> 12 & 1;
		cfg.hyp = cfg.s1 && cfg.s2 && (bits >> 13 & 1);
		cfg.asid16 = bits >> 14 & 1;
		cfg.vmid16 = bits >> 15 & 1;
		cfg.two_level_strtab = bits >> 16 & 1;
		cfg.two_level_cd = bits >> 17 & 1;
		cfg.had = cfg.s1;
		cfg.xnx = cfg.s2;
		cfg.stt = bits >> 18 & 1;
		cfg.fwb = bits >> 19 & 1;
		cfg.ril = bits >> 20 & 1;
		cfg.attr_perms_ovr = bits >> 21 & 1;
		cfg.msi = bits >> 22 & 1;
		cfg.coherent = bits >> 23 & 1;
		cfg.cache_dirty = bits >> 24 & 1;
		cfg.counters32 = bits >> 31 & 1;
		cfg.max_transactions = 8;
		cfg.timing = {1000, 1000, 1000, 2, 16, 4, 8};
	}

	// What devices may ask of it, and what it is free to do.
	void choose_devices(uint64_t bits)
	{
		cfg.ats = bits & 1;
		cfg.pri = cfg.ats && (bits >> 1 & 1);
		cfg.pps = cfg.pri && cfg.ssid_bits && (bits >> 2 & 1);
		cfg.ns1ats = cfg.ats && cfg.s1 && cfg.s2 && (bits >> 3 & 1);
		cfg.priq_log2 = 3;
		cfg.timing.ats_timeout_ps = bits >> 4 & 1 ? PS_PER_US : 0;
		cfg.timing.tlb_replacement =
			static_cast<enum smmu_replacement>((bits >> 5 & 3) % 3);
		cfg.forget_invalid = bits >> 7 & 1;
		cfg.prefetch = bits >> 8 & 1;
		cfg.vmw = cfg.s2 && (bits >> 9 & 1);
		cfg.sev = bits >> 10 & 1;
		cfg.term_abort = bits >> 11 & 1;
		if (bits >> 12 & 1)
			newer();
		cfg.atsrecerr = cfg.ats && cfg.version >= 2 && (bits >> 13 & 1);
	}

	// The latest version, and all that it demands.
	void newer()
	{
		cfg.version = 4;
		cfg.hyp = cfg.s1 && cfg.s2;
		cfg.fwb = cfg.ril = cfg.e0pd = cfg.epan = true;
		cfg.ptwnnc = cfg.s2;
		cfg.bbml = 2;
		if (cfg.httu == IDR0_HTTU_ACCESS_DIRTY)
			cfg.httu = IDR0_HTTU_TABLES;
	}

	// ---- the devices' side ----

	static void invalidate(void *ctx, const struct ats_invalidation *invalidation)
	{
		World *world = static_cast<World *>(ctx);

		if (invalidation->itag >= ATS_INVALIDATE_TAGS)
			fuzz_finding("an ITag that does not exist", "");
		world->invalidations.push_back(*invalidation);
	}

	// The right answer to one of them, or any.
	void invalidated()
	{
		struct ats_agent agent = smmu_ats_agent(smmu);
		uint64_t bits = in.take(1);

		if (bits & 1 || invalidations.empty()) {
			agent.invalidated(agent.ctx, static_cast<uint32_t>(bits >> 1 & 7),
					  static_cast<uint8_t>(in.take(1)));
			return;
		}
		auto which = invalidations.begin() +
			     static_cast<ptrdiff_t>((bits >> 1) % invalidations.size());
		agent.invalidated(agent.ctx, which->stream_id, which->itag);
		if (!(bits & 0x80))
			invalidations.erase(which);
	}

	void page_request()
	{
		struct ats_agent agent = smmu_ats_agent(smmu);
		struct page_request request = {};
		uint64_t bits = in.take(2);

		request.stream_id = static_cast<uint32_t>(bits & (kStreams + 1));
		request.substream_valid = bits >> 5 & 1;
		request.substream_id = static_cast<uint32_t>(bits >> 6 & 7);
		request.read = bits >> 9 & 1;
		request.write = bits >> 10 & 1;
		request.execute = bits >> 11 & 1;
		request.privileged = bits >> 12 & 1;
		request.last = bits >> 13 & 1;
		request.group = static_cast<uint16_t>(in.take(2) & 511);
		request.addr = in.take(2) << 12;
		agent.page_request(agent.ctx, &request);
	}

	// ---- the bus behind the SMMU ----

	static bool perform(World *world, struct bus_req *req)
	{
		uint8_t *at = &world->memory[req->addr % kMemory];

		req->status = BUS_ABORT;
		if (req->addr >= kMemory || req->len_bytes > kMemory - req->addr)
			return true;
		req->status = BUS_OK;
		if (req->op == BUS_READ) {
			memcpy(req->data, at, req->len_bytes);
		} else if (req->op == BUS_WRITE) {
			memcpy(at, req->data, req->len_bytes);
		} else {
			uint64_t *word = static_cast<uint64_t *>(req->data), found = le64_get(at);

			if (found == word[0])
				le64_put(at, word[1]);
			word[0] = found;
		}
		return true;
	}

	static bool access(void *ctx, struct bus_req *req)
	{
		return perform(static_cast<World *>(ctx), req);
	}

	static void fire(struct event *event, uint64_t now)
	{
		struct bus_req *req = CONTAINER_OF(event, struct bus_req, event);

		perform(static_cast<World *>(req->owner), req);
		req->done(req, now);
	}

	static void receive(void *ctx, struct bus_req *req)
	{
		World *world = static_cast<World *>(ctx);

		req->owner = world;
		event_init(&req->event, fire);
		sim_after(&world->sim, &req->event, 50 * PS_PER_NS);
	}

	// ---- software ----

	void put(uint64_t address, uint64_t value)
	{
		le64_put(&memory[address % (kMemory - 8)], value);
	}

	void set_reg(uint32_t offset, uint64_t value, uint32_t len)
	{
		access_reg(BUS_WRITE, offset, value, len);
	}

	uint64_t access_reg(enum bus_op op, uint32_t offset, uint64_t value, uint32_t len)
	{
		return access_port(smmu_register_port(smmu), op, offset, value, len);
	}

	uint64_t access_port(const struct bus_port &port, enum bus_op op, uint32_t offset,
			     uint64_t value, uint32_t len)
	{
		Request request = {};

		request.req.op = op;
		request.req.addr = offset;
		request.req.len_bytes = len;
		request.req.data = request.bytes;
		request.req.done = finished;
		le64_put(request.bytes, value);
		bus_send(&port, &request.req);
		sim_run(&sim, sim_now(&sim) + PS_PER_US, &request.done);
		if (!request.done)
			fuzz_finding("a register access does not end", "");
		return le64_get(request.bytes);
	}

	void bring_up()
	{
		for (uint64_t at = 0; at < kStreams * STE_BYTES; at += STE_BYTES)
			put(kStrtab + at, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_BYPASS));
		set_reg(SMMU_STRTAB_BASE, kStrtab, 8);
		set_reg(SMMU_STRTAB_BASE_CFG, 4, 4);
		set_reg(SMMU_CMDQ_BASE, kCmdq | kQueueLog2, 8);
		set_reg(SMMU_EVENTQ_BASE, kEvtq | kQueueLog2, 8);
		set_reg(SMMU_PRIQ_BASE, kPriq | 2, 8);
		set_reg(SMMU_IRQ_CTRL, ~0u, 4);
		set_reg(SMMU_CR2, in.take(1), 4);
		set_reg(SMMU_CR0,
			CR0_SMMUEN | CR0_CMDQEN | CR0_EVENTQEN | (cfg.pri ? CR0_PRIQEN : 0) |
				(cfg.ats ? CR0_ATSCHK : 0),
			4);
	}

	void push(uint64_t word0, uint64_t word1)
	{
		uint32_t prod = static_cast<uint32_t>(access_reg(BUS_READ, SMMU_CMDQ_PROD, 0, 4));
		uint64_t at = kCmdq + prod % (1u << kQueueLog2) * CMD_BYTES;

		put(at, word0);
		put(at + 8, word1);
		set_reg(SMMU_CMDQ_PROD, (prod + 1) & ((2u << kQueueLog2) - 1), 4);
	}

	void command()
	{
		uint64_t first = in.take(8);

		/* Streams, substreams and tags that mean something are small. */
		first &= in.take(1) & 1 ? UINT64_MAX : UINT64_C(0x00070007'0000ffff);
		push(first, in.take(8));
	}

	// One that exists, with little in it; an error is acknowledged and skipped.
	void known_command()
	{
		static const uint8_t opcodes[] = {
			CMD_SYNC,        CMD_CFGI_STE,    CMD_CFGI_STE_RANGE, CMD_CFGI_CD,
			CMD_CFGI_CD_ALL, CMD_TLBI_NH_ALL, CMD_TLBI_NH_VA,     CMD_TLBI_S12_VMALL,
			CMD_TLBI_S2_IPA, CMD_ATC_INV,     CMD_PRI_RESP,       CMD_RESUME,
			CMD_STALL_TERM,  CMD_ATC_INV,     CMD_SYNC,           CMD_TLBI_NSNH_ALL,
		};
		uint64_t bits = in.take(2), second = in.take(4);
		uint64_t first = opcodes[bits & 15] | field_put(CMD0_STREAMID, bits >> 4 & 7) |
				 field_put(CMD0_SUBSTREAMID, bits >> 7 & 3) |
				 (bits & BIT(9) ? CMD0_SSV : 0) | (bits >> 10 & 3) << 12;

		if (bits & BIT(15)) {
			set_reg(SMMU_GERRORN, access_reg(BUS_READ, SMMU_GERROR, 0, 4), 4);
			set_reg(SMMU_CMDQ_CONS, access_reg(BUS_READ, SMMU_CMDQ_PROD, 0, 4), 4);
		}
		push(first, (second & 0xffff) | (second >> 16) << 12);
	}

	// Of what the event queue tells last: mostly the right transaction.
	void resume()
	{
		uint64_t prod = access_reg(BUS_READ, SMMU_EVENTQ_PROD, 0, 4), bits = in.take(1);
		uint64_t at =
			kEvtq + (prod - 1 - (bits >> 4 & 3)) % (1u << kQueueLog2) * EVENT_BYTES;

		push(CMD_RESUME | (bits & 3) << 12 |
			     field_put(CMD0_STREAMID, le64_get(&memory[at]) >> 32),
		     (le64_get(&memory[at + 8]) & RESUME1_STAG) ^ (bits >> 3 & 1));
		set_reg(SMMU_EVENTQ_CONS, prod, 4);
	}

	void counters()
	{
		struct bus_port port = smmu_pmcg_port(smmu);
		uint64_t bits = in.take(2);

		access_port(port, bits & 1 ? BUS_WRITE : BUS_READ,
			    static_cast<uint32_t>(bits >> 2 << 2) % 0x1000, in.take(4),
			    bits & 2 ? 8 : 4);
	}

	// A word as tables have them: a page of theirs, and any attributes.
	uint64_t table_word()
	{
		uint64_t page = kTables + in.take(1) % 64 * 0x1000;

		return page | in.take(2) | in.take(2) << 48;
	}

	void ste()
	{
		uint64_t at = kStrtab + in.take(1) % kStreams * STE_BYTES;

		put(at, (table_word() & ~BITS(63, 59)) | STE0_V | (in.take(1) & 7) << 59);
		put(at + 8, in.take(8));
		put(at + 16, in.take(8));
		put(at + 24, table_word() & BITS(51, 4));
	}

	void cd()
	{
		uint64_t at = kTables + in.take(1) % 8 * CD_BYTES;

		put(at, in.take(8) | CD0_V | (cfg.ttf & IDR0_TTF_AARCH32 ? 0 : CD0_AA64));
		put(at + 8, table_word() & BITS(51, 0));
		put(at + 16, table_word() & BITS(51, 0));
		put(at + 24, in.take(8));
	}

	// ---- devices ----

	static void finished(struct bus_req *req, uint64_t)
	{
		CONTAINER_OF(req, Request, req)->done = true;
	}

	void dma()
	{
		struct bus_port port = smmu_dma_port(smmu);
		uint64_t bits = in.take(2);
		auto request = std::make_unique<Request>();
		struct bus_req *req = &request->req;

		*request = {};
		req->op = static_cast<enum bus_op>(bits % 3);
		req->addr = (in.take(2) << 4) | (bits & 4 ? in.take(4) << 32 : 0);
		req->len_bytes = req->op == BUS_CAS64 ? 8 : 1 + in.take(1) * 16;
		if (req->op == BUS_CAS64)
			req->addr &= ~UINT64_C(7);
		req->attr.from_device = true;
		req->attr.memory = mem_coherent();
		req->attr.stream_id = static_cast<uint32_t>(bits >> 3 & (kStreams + 1));
		req->attr.substream_valid = bits >> 8 & 1;
		req->attr.substream_id = static_cast<uint32_t>(bits >> 9 & 7);
		req->attr.privileged = bits >> 12 & 1;
		req->attr.instruction = bits >> 13 & 1;
		req->attr.posted = bits >> 14 & 1;
		req->attr.translated = bits >> 15 & 1;
		req->attr.may_stall = in.take(1) & 1;
		req->attr.iova = req->addr;
		req->data = request->bytes;
		req->done = finished;
		requests.push_back(std::move(request));
		bus_send(&port, req);
	}

	void ask_translation()
	{
		struct bus_port port = smmu_dma_port(smmu);
		uint64_t bits = in.take(2);
		auto request = std::make_unique<Request>();
		struct bus_req *req = &request->req;

		*request = {};
		request->world = this;
		req->op = BUS_ATS;
		req->addr = in.take(2) << 12 | (bits & 1 ? in.take(4) << 32 : 0);
		/* One or a few, or too many. */
		req->len_bytes = ATS_ENTRY_BYTES *
				 static_cast<uint32_t>(bits & 2 ? in.take(1) : 1 + (bits >> 2 & 3));
		req->attr.from_device = true;
		req->attr.memory = mem_coherent();
		req->attr.stream_id = static_cast<uint32_t>(bits >> 4 & (kStreams + 1));
		req->attr.substream_valid = bits >> 9 & 1;
		req->attr.substream_id = static_cast<uint32_t>(bits >> 10 & 3);
		req->attr.privileged = bits >> 12 & 1;
		req->attr.instruction = bits >> 13 & 1;
		req->attr.no_write = bits >> 14 & 1;
		req->attr.iova = req->addr;
		req->data = request->bytes;
		req->done = answered;
		requests.push_back(std::move(request));
		bus_send(&port, req);
	}

	// Of one entry all addresses, of several an STU each, which is its own address.
	static bool is_untranslated(const World *world, const struct bus_req *req, uint32_t index,
				    uint64_t entry)
	{
		uint8_t shift = ats_range_shift(entry);

		if (req->len_bytes == ATS_ENTRY_BYTES)
			return shift == world->cfg.oas_bits;
		return ats_range_addr(entry) >> shift == (req->addr >> shift) + index;
	}

	// PCI Express has no use for some bits, and an SMMU of this kind says no other ones.
	static void answered(struct bus_req *req, uint64_t now)
	{
		const World *world = CONTAINER_OF(req, Request, req)->world;
		const uint8_t *bytes = static_cast<const uint8_t *>(req->data);
		const uint64_t says = ATS_READ | ATS_WRITE | ATS_EXECUTE | ATS_PRIVILEGED;

		finished(req, now);
		for (uint32_t at = 0; req->status == BUS_OK && at < req->len_bytes; at += 8) {
			uint64_t entry = le64_get(bytes + at);

			if (entry & BITS(10, 0) & ~says)
				fuzz_finding("a translation with reserved bits", "");
			/* Where nothing translates, everything is granted (IHI 0070, 13.6.4). */
			if (entry & ATS_WRITE && req->attr.no_write &&
			    !is_untranslated(world, req, at / 8, entry))
				fuzz_finding("write is granted to one who said No Write", "");
			if (entry & (ATS_EXECUTE | ATS_PRIVILEGED) && !req->attr.substream_valid)
				fuzz_finding("execute or privileged without PASID", "");
			if (ats_range_shift(entry) > 52)
				fuzz_finding("a translation larger than memory", "");
		}
	}

	void step()
	{
		switch (in.take(1) % 16) {
		case 0:
			set_reg(static_cast<uint32_t>(in.take(2) << 2) % 0x20000, in.take(8),
				in.take(1) & 1 ? 8 : 4);
			break;
		case 1:
			access_reg(BUS_READ, static_cast<uint32_t>(in.take(3) % 0x20000), 0, 4);
			break;
		case 2:
			put(kTables + in.take(2) * 8 % 0x40000, table_word());
			break;
		case 3:
			put(in.take(3) & ~UINT64_C(7), in.take(8));
			break;
		case 4:
			ste();
			break;
		case 5:
			cd();
			break;
		case 6:
			command();
			break;
		case 7:
		case 8:
			dma();
			break;
		case 10:
			ask_translation();
			break;
		case 11:
			invalidated();
			break;
		case 12:
			page_request();
			break;
		case 13:
			resume();
			break;
		case 14:
			counters();
			break;
		case 15:
			known_command();
			break;
		default:
			sim_run(&sim, sim_now(&sim) + in.take(1) * 20 * PS_PER_NS, nullptr);
		}
	}

	// Nothing is left but what waits for software: it all ends when the SMMU is switched off.
	void settle()
	{
		sim_run(&sim, sim_now(&sim) + PS_PER_MS, nullptr);
		set_reg(SMMU_CR0, 0, 4);
		sim_run(&sim, sim_now(&sim) + PS_PER_MS, nullptr);
		if (!std::all_of(requests.begin(), requests.end(),
				 [](const auto &request) { return request->done; }))
			fuzz_finding("a request is never answered", "");
	}

	FuzzInput &in;
	std::vector<uint8_t> memory;
	std::vector<std::unique_ptr<Request>> requests;
	std::vector<struct ats_invalidation> invalidations;
	struct sim sim = {};
	struct smmu_cfg cfg = {};
	struct smmu *smmu = nullptr;
};
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_world<World>(data, size);
}
