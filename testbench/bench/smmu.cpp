// SPDX-License-Identifier: Apache-2.0
// What the SMMU costs by itself: memory that is a plain array, no time, no calendar event for a
// fetch.
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/bits.h"
#include "iommu/smmu.h"
#include "iommu/smmu_format.h"
#include "testbench/bench/bench.hpp"

namespace
{
constexpr uint64_t kBytes = 32 << 20;
constexpr uint64_t kCmdq = 0x1000, kStrtab = 0x2000, kCd = 0x3000;
constexpr uint64_t kFirstTable = 0x10000, kIova = UINT64_C(0x40000000);
constexpr uint32_t kCmdqLog2 = 6;
constexpr uint32_t kStream = 1;
constexpr uint16_t kAsid = 5, kVmid = 7;

class Bench
{
public:
	Bench(uint32_t tlb_entries, bool nested)
		: memory(static_cast<uint8_t *>(std::aligned_alloc(4096, kBytes)), std::free),
		  nested_(nested)
	{
		struct smmu_cfg cfg = {};
		struct smmu_env env = {};

		if (!memory || sim_init(&sim, 1, nullptr))
			abort();
		memset(memory.get(), 0, kBytes);
		sim.untimed = true;
		cfg.version = 1;
		cfg.endian = IDR0_TTENDIAN_LE;
		cfg.stall_model = IDR0_STALL_MODEL_NONE;
		cfg.sid_bits = 6;
		cfg.cmdq_log2 = cfg.evtq_log2 = 8;
		cfg.oas_bits = 48;
		cfg.httu = 2;
		cfg.granules = SMMU_GRANULE_4K;
		cfg.ttf = IDR0_TTF_AARCH64;
		cfg.s1 = cfg.s2 = cfg.had = cfg.xnx = cfg.asid16 = cfg.vmid16 = true;
		cfg.coherent = true;
		cfg.max_transactions = 64;
		cfg.timing = {0, 0, 0, 8, tlb_entries, 4, 0};
		env.part = {&sim, "smmu", 0};
		env.memory = {this, Send, Access, Read64};
		smmu = smmu_create(&cfg, &env);
		if (!smmu)
			abort();
		port = smmu_dma_port(smmu);
		registers = smmu_register_port(smmu);
		BringUp();
	}
	Bench(const Bench &) = delete;
	~Bench()
	{
		smmu_destroy(smmu);
		sim_fini(&sim);
	}

	// Map a page at level 3 of a table of four levels; nested: its tables lie behind stage 2.
	void Map(uint64_t iova, uint64_t pa)
	{
		Put(Leaf(s1_root, iova, TTD_TABLE),
		    pa | TTD_VALID | TTD_PAGE | TTD_AP1 | TTD_AF | TTD_NG);
	}

	// One read of a device. False: it could not be made within the call.
	bool Read(uint64_t iova)
	{
		req.op = BUS_READ;
		req.addr = iova;
		req.len_bytes = 64;
		req.data = bytes;
		req.attr.from_device = true;
		req.attr.memory = mem_coherent();
		req.attr.stream_id = kStream;
		return bus_access(&port, &req);
	}

	// TLBI by VA and CMD_SYNC, until both are consumed.
	void Invalidate(uint64_t iova)
	{
		Command(CMD_TLBI_NH_VA | field_put(TLBI0_ASID, kAsid), iova | TLBI1_LEAF);
		Command(CMD_SYNC, 0);
		SetReg(SMMU_CMDQ_PROD, prod);
		sim_run(&sim, TIME_NEVER, nullptr);
	}

	struct sim sim;

private:
	uint64_t Get(uint64_t at) const
	{
		return le64_get(&memory.get()[at]);
	}
	void Put(uint64_t at, uint64_t value)
	{
		le64_put(&memory.get()[at], value);
	}
	uint64_t Table()
	{
		next_table += 4096;
		return next_table - 4096;
	}

	uint64_t Leaf(uint64_t table, uint64_t address, uint64_t kind)
	{
		for (int level = 0; level < 3; level++) {
			uint64_t at = table + (address >> (39 - 9 * level) & 511) * 8;

			if (!Get(at))
				Put(at, Table() | TTD_VALID | kind);
			table = Get(at) & TTD_ADDR;
		}
		return table + (address >> 12 & 511) * 8;
	}

	void BringUp()
	{
		uint64_t config = nested_ ? STE0_CONFIG_S1_S2 : STE0_CONFIG_S1;
		uint64_t ste = kStrtab + kStream * STE_BYTES;

		s1_root = Table();
		s2_root = Table();
		Put(ste, STE0_V | field_put(STE0_CONFIG, config) | kCd);
		Put(ste + 16, field_put(STE2_S2VMID, kVmid) | field_put(STE2_S2T0SZ, 16) |
				      field_put(STE2_S2SL0, 2) | field_put(STE2_S2PS, 5) |
				      STE2_S2AA64 | STE2_S2R);
		Put(ste + 24, s2_root);
		Put(kCd, field_put(CD0_T0SZ, 16) | CD0_EPD1 | CD0_V | field_put(CD0_IPS, 5) |
				 CD0_AA64 | CD0_R | CD0_A | field_put(CD0_ASID, kAsid));
		Put(kCd + 8, s1_root);
		Put(kCd + 24, 0xff);
		for (uint64_t ipa = 0; nested_ && ipa < kBytes; ipa += 4096)
			Put(Leaf(s2_root, ipa, TTD_TABLE), ipa | TTD_VALID | TTD_PAGE | TTD_AF |
								   TTD_S2AP_READ | TTD_S2AP_WRITE |
								   TTD_S2_MEMATTR);
		SetReg(SMMU_STRTAB_BASE, kStrtab);
		SetReg(SMMU_STRTAB_BASE_CFG, 6);
		SetReg(SMMU_CMDQ_BASE, kCmdq | kCmdqLog2);
		SetReg(SMMU_CR0, CR0_SMMUEN | CR0_CMDQEN);
	}

	void Command(uint64_t word0, uint64_t word1)
	{
		uint64_t at = kCmdq + prod % (1u << kCmdqLog2) * CMD_BYTES;

		Put(at, word0);
		Put(at + 8, word1);
		prod = (prod + 1) % (2u << kCmdqLog2);
	}

	void SetReg(uint32_t offset, uint64_t value)
	{
		struct bus_req write = {};
		uint8_t data[8];

		le64_put(data, value);
		write.op = BUS_WRITE;
		write.addr = offset;
		write.len_bytes = offset == SMMU_STRTAB_BASE || offset == SMMU_CMDQ_BASE ? 8 : 4;
		write.data = data;
		write.done = [](struct bus_req *, uint64_t) {
		};
		bus_send(&registers, &write);
		sim_run(&sim, TIME_NEVER, nullptr);
	}

	// A descriptor, a device's read: of known length, they are no calls.
	static void Copy(void *to, const void *from, uint32_t len_bytes)
	{
		if (len_bytes == 8)
			memcpy(to, from, 8);
		else if (len_bytes == 64)
			memcpy(to, from, 64);
		else
			memcpy(to, from, len_bytes);
	}

	static bool Access(void *ctx, struct bus_req *req)
	{
		Bench *self = static_cast<Bench *>(ctx);
		uint8_t *at = &self->memory.get()[req->addr];

		req->status = BUS_OK;
		if (req->op == BUS_READ)
			Copy(req->data, at, req->len_bytes);
		else
			Copy(at, req->data, req->len_bytes);
		return true;
	}

	static struct bus_word Read64(void *ctx, uint64_t address)
	{
		return {static_cast<Bench *>(ctx)->Get(address), true};
	}

	static void Fire(struct event *event, uint64_t now)
	{
		struct bus_req *req = CONTAINER_OF(event, struct bus_req, event);

		Access(req->owner, req);
		req->done(req, now);
	}

	static void Send(void *ctx, struct bus_req *req)
	{
		req->owner = ctx;
		event_init(&req->event, Fire);
		sim_after(&static_cast<Bench *>(ctx)->sim, &req->event, 0);
	}

	// Aligned as a host's pages are: what is measured is not how lines are split.
	std::unique_ptr<uint8_t, void (*)(void *)> memory;
	bool nested_;
	struct smmu *smmu;
	struct bus_port port, registers;
	struct bus_req req = {};
	alignas(64) uint8_t bytes[64] = {};
	uint64_t next_table = kFirstTable, s1_root = 0, s2_root = 0;
	uint32_t prod = 0;
};

void Translate(benchmark::State &state, bool nested, uint64_t pages, uint32_t tlb_entries,
	       double target_ns)
{
	Bench bench(tlb_entries, nested);
	uint64_t page = 0;

	// Few frames: it is the tables that are looked at, not what lies behind them.
	for (uint64_t i = 0; i < pages; i++)
		bench.Map(kIova + i * 4096, 0x800000 + i % 8 * 4096);
	for (auto _ : state) {
		if (!bench.Read(kIova + page * 4096)) {
			state.SkipWithError("not within the call");
			break;
		}
		page = page + 1 < pages ? page + 1 : 0;
	}
	BenchAtMost(state, target_ns);
}

void smmu_tlb_hit(benchmark::State &state)
{
	Translate(state, false, 8, 4096, 12);
}

// More pages than the TLB, and what may lie in front of it, have lines: each misses.
void smmu_stage1_miss(benchmark::State &state)
{
	Translate(state, false, 4096, 16, 80);
}

void smmu_nested_miss(benchmark::State &state)
{
	Translate(state, true, 4096, 16, 400);
}

void smmu_tlbi_by_va_and_sync(benchmark::State &state)
{
	Bench bench(4096, false);

	for (auto _ : state)
		bench.Invalidate(kIova);
	BenchAtMost(state, 200);
}
} // namespace

BENCHMARK(smmu_tlb_hit)->Repetitions(5);
BENCHMARK(smmu_stage1_miss)->Repetitions(5);
BENCHMARK(smmu_nested_miss)->Repetitions(5);
BENCHMARK(smmu_tlbi_by_va_and_sync)->Repetitions(5);
