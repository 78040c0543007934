/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_ATS_BENCH_H
#define VFSIM_TESTBENCH_ATS_BENCH_H

/* The SMMU's bench with ATS and PRI, and a device on it that the test speaks for. */

#include "testbench/support/smmu_bench.h"

class AtsBench : public SmmuBench
{
protected:
	static constexpr uint32_t SPLIT_STREAM = 0x109;

	AtsBench();

	void connect();
	/* bring_up() with a page request queue too; `cr0`: CR0_ATSCHK or 0. */
	void bring_up_ats(uint32_t cr0 = 0);
	/* Rewrite STE word 1 and let the SMMU see it. */
	void configure(uint32_t stream, uint64_t word1);
	/* S1 and S2 for STREAM: stage 2 maps all memory to itself by 2 MiB blocks. */
	void attach_nested(const TableBuilder &table, uint64_t word1, uint64_t extra2 = 0,
			   uint64_t extra0 = CD0_A | CD0_R);
	/* An IPA's page of stage 2; the block is broken up. Returns its descriptor's address. */
	uint64_t map_ipa(uint64_t ipa, uint64_t pa, uint64_t bits = S2_RW);

	/* A translation request; only sent. */
	Dma &ask(uint64_t address, bool write, uint32_t entries = 1,
		 const struct bus_attr &attr = attr_of(STREAM));
	/* The same, run to its end: its only entry. Expects success. */
	uint64_t translate(uint64_t address, bool write,
			   const struct bus_attr &attr = attr_of(STREAM));
	static uint64_t entry(const Dma &dma, unsigned n = 0);
	/* An access with a translated address. */
	Dma &access(enum bus_op op, uint64_t address, const struct bus_attr &attr);

	static struct bus_attr attr_of(uint32_t stream);
	static struct bus_attr translated(uint32_t stream = STREAM);
	static struct bus_attr with_pasid(uint32_t pasid, bool privileged = false,
					  bool execute = false);

	void page_request(uint64_t address, uint16_t group, bool last, bool write = false);
	void page_request(const struct page_request &request);
	std::array<uint64_t, PRI_WORDS> page_request_at(unsigned n) const;
	void invalidated(const struct ats_invalidation &which);
	uint64_t cerror();

	static constexpr uint64_t S2_READ = TTD_VALID | TTD_AF | TTD_S2AP_READ | TTD_S2_MEMATTR;
	static constexpr uint64_t S2_RW = S2_READ | TTD_S2AP_WRITE;

	std::vector<struct ats_invalidation> invalidations;
	std::vector<struct prg_response> responses;
	struct ats_agent agent = {};
	std::unique_ptr<TableBuilder> stage2;
	uint64_t priq = 0;
	uint32_t priq_log2 = 3;
};

#endif
