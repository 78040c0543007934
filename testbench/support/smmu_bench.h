/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_SMMU_BENCH_H
#define VFSIM_TESTBENCH_SMMU_BENCH_H

/*
 * An SMMU on a bench: memory behind it, a driver's hands on its registers and
 * queues, builders for its tables, devices' requests in front of it.
 */

#include "base/trace.h"
#include "iommu/smmu.h"
#include "iommu/smmu_format.h"
#include "testbench/support/flat_memory.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

/* A traced event, kept. */
struct Traced {
	uint64_t time_ps;
	enum trace_kind kind;
	std::array<uint64_t, TRACE_ARGS> arg;
	std::vector<uint8_t> data;

	uint64_t word(unsigned n) const;
};

/* One request of a device. */
struct Dma {
	struct bus_req req;
	uint8_t bytes[4096];
	bool done;
	uint64_t done_ps;
};

/* What a test says of a page; the rest is an unprivileged, accessed, non-global page. */
struct PageBits {
	bool writable = true;
	bool dbm = false;
	bool accessed = true;
	bool unprivileged = true;
	bool global = false;
	uint64_t extra = 0;

	uint64_t ttd() const;
};

/* A stage 1 table of 4 KiB granule. */
class TableBuilder
{
public:
	TableBuilder(FlatMemory &where, uint8_t size_offset = 16);

	/* Map the page or block (level 3, 2, 1) of `va`; returns its descriptor's address. */
	uint64_t map(uint64_t va, uint64_t pa, const PageBits &bits = {}, unsigned level = 3);
	/* Address of the descriptor for `va` at `level`; tables above are made as needed. */
	uint64_t descriptor(uint64_t va, unsigned level);

	uint64_t root;
	uint8_t t0sz;

private:
	FlatMemory &memory;
};

class SmmuBench : public ::testing::Test
{
protected:
	static constexpr uint64_t LATENCY = 100 * PS_PER_NS;
	static constexpr uint64_t SIZE = 16 << 20;
	static constexpr uint32_t STREAM = 0x108;

	SmmuBench();
	~SmmuBench() override;

	/* Change cfg before; registers are at reset after. */
	void create();
	/* create() and bring up as a driver does: queues, stream table (linear), SMMUEN. */
	void bring_up();

	uint64_t reg(uint32_t offset, uint32_t len_bytes = 4);
	void set_reg(uint32_t offset, uint64_t value, uint32_t len_bytes = 4);
	void enable(uint32_t cr0);

	/* Structures. */
	uint64_t ste_address(uint32_t stream) const;
	void write_ste(uint32_t stream, uint64_t word0, uint64_t word1 = 0);
	void write_cd(uint64_t address, const TableBuilder &table, uint16_t asid,
		      uint64_t extra0 = 0);
	static uint64_t cd_word0(const TableBuilder &table, uint16_t asid, uint64_t extra = 0);
	/* STE and one CD for `stream`, translating by `table`; returns the CD's address. */
	uint64_t attach(uint32_t stream, const TableBuilder &table, uint16_t asid,
			uint64_t extra0 = CD0_A | CD0_R);

	/* Commands. `push` writes one and moves CMDQ_PROD; nothing runs. */
	void push(uint64_t word0, uint64_t word1 = 0);
	void push_sync();
	/* push, then CMD_SYNC, and run until it is consumed. */
	void command(uint64_t word0, uint64_t word1 = 0);
	bool commands_consumed();
	void tlbi_va(uint16_t asid, uint64_t va);

	/* Requests. `send` only sends. */
	Dma &send(enum bus_op op, uint64_t address, uint32_t len_bytes, bool posted = true,
		  uint32_t stream = STREAM);
	Dma &send_substream(enum bus_op op, uint64_t address, uint32_t substream);
	Dma &send_with(enum bus_op op, uint64_t address, uint32_t len_bytes,
		       const struct bus_attr &attr);
	/* Of a request of STREAM, for send_with. */
	static struct bus_attr attr_of(bool privileged, bool instruction);
	static struct bus_attr attr_of_substream(uint32_t substream);
	/* Of a master that may wait for software; its requests are not ordered unless posted. */
	Dma &send_stalling(enum bus_op op, uint64_t address, bool posted = false,
			   uint32_t stream = STREAM);
	/* send and run until it is done. */
	enum bus_status read(uint64_t address, uint32_t len_bytes = 8);
	enum bus_status write(uint64_t address, uint32_t len_bytes = 8);

	void run();
	void run_until(uint64_t time_ps);
	uint64_t now() const;

	/* Events that the driver has not taken yet. */
	std::vector<std::array<uint64_t, EVENT_WORDS>> take_events();
	/* The only event since the last call. */
	std::array<uint64_t, EVENT_WORDS> take_event();
	std::vector<Traced> traced(enum trace_kind kind) const;
	const struct smmu_counters &stats() const;

	struct sim sim = {};
	std::unique_ptr<FlatMemory> memory;
	struct smmu_cfg cfg = {};
	bool direct_memory = false; /* memory answers within the call; with sim.untimed */
	struct smmu *smmu = nullptr;
	std::vector<Traced> trace;
	std::vector<uint32_t> irqs;
	std::vector<std::unique_ptr<Dma>> dmas;
	uint64_t strtab = 0, cmdq = 0, evtq = 0;
	uint32_t cmdq_log2 = 6, evtq_log2 = 6;

private:
	static void on_trace(void *ctx, const struct trace_event *event);
	static void on_irq(void *ctx, uint32_t line);
	uint64_t access_register(enum bus_op op, uint32_t offset, uint64_t value,
				 uint32_t len_bytes);
};

#endif
