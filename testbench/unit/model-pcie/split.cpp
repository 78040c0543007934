// SPDX-License-Identifier: Apache-2.0
#include "model/pcie/split.h"
#include "base/rng.h"
#include "testbench/unit/model-pcie/pcie_fixture.hpp"

// A stretch of bytes as one TLP carries it.
struct Part {
	uint64_t from, to;
};

// Cut by walking double word by double word, with the rules as the specification has them: a
// request must not cross 4 KiB (2.2.7) nor be longer than `max`.
static std::vector<Part> requests(uint64_t addr, uint64_t len, uint32_t max)
{
	std::vector<Part> parts;
	uint64_t first = addr & ~UINT64_C(3), end = (addr + MAX(len, 1) + 3) & ~UINT64_C(3);

	for (uint64_t at = first; at < end; at += 4) {
		if (parts.empty() || at % 4096 == 0 || at - parts.back().from == max)
			parts.push_back({at, at});
		parts.back().to = at + 4;
	}
	return parts;
}

// Completions of one request: the longest whose end is the request's or lies on the boundary.
static std::vector<Part> completions(const Part &request, uint32_t max, uint32_t boundary)
{
	std::vector<Part> parts;

	for (uint64_t at = request.from; at < request.to; at = parts.back().to) {
		uint64_t to = at;

		for (uint64_t end = at + 4; end <= MIN(request.to, at + max); end += 4)
			if (end == request.to || end % boundary == 0)
				to = end;
		parts.push_back({at, to});
		if (to == at) {
			ADD_FAILURE() << "no legal end after " << at;
			break;
		}
	}
	return parts;
}

TEST(Split, WhatFitsOneTlpIsOne)
{
	EXPECT_EQ(pcie_split_tlps(0x1000, 0, 128), 1u);
	EXPECT_EQ(pcie_split_tlps(0x1000, 256, 256), 1u);
	EXPECT_EQ(pcie_split_tlps(0x1080, 256, 256), 1u) << "alignment alone costs nothing";
	EXPECT_EQ(pcie_split_tlps(0x1003, 1, 128), 1u);
	EXPECT_EQ(pcie_completion_tlps(0x1020, 256, 256, 64), 1u)
		<< "a completion of the whole may cross the boundary";
}

TEST(Split, AnUnalignedStartTakesADoubleWordMore)
{
	EXPECT_EQ(pcie_span_bytes(0x1002, 256), 260u);
	EXPECT_EQ(pcie_split_tlps(0x1002, 256, 256), 2u);
	EXPECT_EQ(pcie_split_tlps(0x1002, 254, 256), 1u);
	EXPECT_EQ(pcie_split_tlps(0x1001, 512, 256), 3u);
}

TEST(Split, NoRequestCrosses4KiB)
{
	EXPECT_EQ(pcie_split_tlps(0x1ff0, 32, 256), 2u);
	EXPECT_EQ(pcie_split_tlps(0x1ff0, 16, 256), 1u);
	EXPECT_EQ(pcie_split_tlps(0x1f80, 4096, 4096), 2u);
}

TEST(Split, CompletionsEndOnTheBoundary)
{
	// 0x20 to 0x120, 0x120 is no multiple: the first ends at 0x100 (64) or 0x100 (128).
	EXPECT_EQ(pcie_completion_tlps(0x1020, 512, 256, 64), 3u);
	EXPECT_EQ(pcie_completion_tlps(0x1000, 512, 256, 64), 2u);
	// 0x40 to 0x140: with 64 a full one of 256, with 128 the first ends at 0x100.
	EXPECT_EQ(pcie_completion_tlps(0x1040, 512, 256, 64), 2u);
	EXPECT_EQ(pcie_completion_tlps(0x1040, 512, 256, 128), 3u);
}

TEST(Split, EachRequestOfAReadIsCompletedByItself)
{
	EXPECT_EQ(pcie_read_completion_tlps(0x1000, 1024, 128, 256, 64), 8u);
	EXPECT_EQ(pcie_read_completion_tlps(0x1000, 1024, 512, 256, 64), 4u);
	EXPECT_EQ(pcie_read_completion_tlps(0x1020, 1024, 512, 256, 64), 6u);
}

TEST(Split, CountsWhatWalkingCounts)
{
	struct rng rng;
	unsigned unaligned = 0, crossing = 0;

	rng_init(&rng, 1, "split");
	for (int i = 0; i < 20000; i++) {
		uint64_t addr = 0x100000 + rng_below(&rng, 8192);
		uint32_t len = (uint32_t)rng_below(&rng, 1 + (rng_below(&rng, 2) ? 600 : 9000));
		uint32_t max_payload = 128u << rng_below(&rng, 6);
		uint32_t max_read = 128u << rng_below(&rng, 6);
		uint32_t boundary = 64u << rng_below(&rng, 2), wanted = 0;
		std::vector<Part> reads = requests(addr, len, max_read);

		for (const Part &read : reads)
			wanted += (uint32_t)completions(read, max_payload, boundary).size();
		ASSERT_EQ(pcie_split_tlps(addr, len, max_read), reads.size())
			<< addr << " " << len << " " << max_read;
		ASSERT_EQ(pcie_read_completion_tlps(addr, len, max_read, max_payload, boundary),
			  wanted)
			<< addr << " " << len << " " << max_read << " " << max_payload << " "
			<< boundary;
		unaligned += addr % 64 != 0;
		crossing += addr / 4096 != (addr + len) / 4096;
	}
	EXPECT_GT(unaligned, 1000u);
	EXPECT_GT(crossing, 1000u);
}

// What Device Control and Link Control say is what the link counts.
class SplitByRegisters : public PcieTest
{
protected:
	uint64_t tlps(enum pcie_link_direction direction)
	{
		return pcie_link_counters_get(link, direction).tlps;
	}
	uint64_t sent(enum tlp_type type, uint64_t addr, uint32_t len)
	{
		Dma dma(type, addr, len);
		uint64_t before = tlps(PCIE_LINK_UP);

		pcie_function_send(vf(0), &dma.tlp);
		run();
		return tlps(PCIE_LINK_UP) - before;
	}
	uint64_t completed(uint64_t addr, uint32_t len)
	{
		uint64_t before = tlps(PCIE_LINK_DOWN);

		sent(TLP_MRD, addr, len);
		return tlps(PCIE_LINK_DOWN) - before;
	}
	void set_devctl(uint16_t rid, uint32_t at, uint32_t payload, uint32_t read)
	{
		config_write(rid, at + PCIE_DEVCTL,
			     (uint32_t)(field_put(DEVCTL_MAX_PAYLOAD, payload) |
					field_put(DEVCTL_MAX_READ, read)),
			     2);
	}
};

TEST_F(SplitByRegisters, WritesAndReadsAreCutByThePfsDeviceControl)
{
	bring_up(1);
	EXPECT_EQ(sent(TLP_MWR, 0x1000, 1024), 4u);
	EXPECT_EQ(sent(TLP_MRD, 0x1000, 1024), 2u);
	set_devctl(kPf, AT_PCIE, 0, 1);
	EXPECT_EQ(sent(TLP_MWR, 0x1000, 1024), 8u) << "of a VF too";
	EXPECT_EQ(sent(TLP_MRD, 0x1000, 1024), 4u);
	set_devctl(kPf, AT_PCIE, 5, 5);
	EXPECT_EQ(sent(TLP_MWR, 0x1000, 1024), 4u) << "no more than it can";
	EXPECT_EQ(sent(TLP_MRD, 0x1000, 1024), 1u);
	config_write(kPf, AT_PCIE + PCIE_DEVCTL, DEVCTL_INITIATE_FLR | DEVCTL_MAX_PAYLOAD, 2);
	run();
	bring_up(1);
	EXPECT_EQ(sent(TLP_MRD, 0x1000, 1024), 2u) << "an FLR resets the one and not the other";
	EXPECT_EQ(sent(TLP_MWR, 0x1000, 1024), 4u);
}

TEST_F(SplitByRegisters, CompletionsAreCutByTheRootPortsRegisters)
{
	bring_up(1);
	set_devctl(kPf, AT_PCIE, 1, 5);
	EXPECT_EQ(config_read(0, ROOT_AT_PCIE + PCIE_LNKCTL, 2) & LNKCTL_RCB_128, 0u);
	EXPECT_EQ(completed(0x1000, 1024), 4u);
	EXPECT_EQ(completed(0x1040, 1024), 4u);
	EXPECT_EQ(completed(0x1020, 1024), 5u);
	set_devctl(0, ROOT_AT_PCIE, 0, 0);
	EXPECT_EQ(completed(0x1000, 1024), 8u);
}

class SplitAtWideBoundary : public SplitByRegisters
{
protected:
	void configure() override
	{
		PcieTest::configure();
		port_cfg.read_completion_boundary = 128;
		port_cfg.link_generation = 3;
		port_cfg.link_lanes = 8;
	}
};

TEST_F(SplitAtWideBoundary, TheBoundaryIsTheRootPortsAndItsBitSaysSo)
{
	bring_up(1);
	set_devctl(kPf, AT_PCIE, 1, 5);
	EXPECT_EQ(completed(0x1000, 1024), 4u);
	EXPECT_EQ(completed(0x1040, 1024), 5u);
	EXPECT_EQ(config_read(0, ROOT_AT_PCIE + PCIE_LNKCTL), 0x20830008u);
	config_write(0, ROOT_AT_PCIE + PCIE_LNKCTL, 0, 2);
	EXPECT_EQ(completed(0x1040, 1024), 5u) << "its bit cannot be written";
}
