/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_ATC_FIXTURE_HPP
#define VFSIM_TESTBENCH_ATC_FIXTURE_HPP

#include <map>

#include "testbench/unit/model-pcie/pcie_fixture.hpp"

// A device with an address translation cache and page requests, whose first VF uses them.
class Atc : public PcieTest
{
protected:
	static constexpr uint64_t kRead = ATS_READ, kBoth = ATS_READ | ATS_WRITE;

	void configure() override
	{
		PcieTest::configure();
		port_cfg.ats = true;
		device_cfg.ats = true;
		device_cfg.pri = true;
		device_cfg.pasid_bits = 16;
		device_cfg.atc_entries = entries;
		device_cfg.atc_ways = ways;
		device_cfg.atc_pages = 8;
		device_cfg.page_requests = 16;
		device_cfg.page_retry_ps = PS_PER_US;
	}

	void SetUp() override
	{
		PcieTest::SetUp();
		bring_up(2);
		host->entry = [this](const struct bus_req &req) {
			auto page = pages.find(req.addr);
			uint64_t entry = page == pages.end() ? 0 : page->second;

			return req.attr.no_write ? entry & ~ATS_WRITE : entry;
		};
		host->delay = [this](const struct bus_req &req) {
			return req.op == BUS_ATS ? translation_ps : 100 * PS_PER_NS;
		};
		pages[0x10000] = 0x5000 | kBoth;
		enable(kVf0);
	}

	void enable(uint16_t rid)
	{
		config_write(rid, AT_ATS + ATS_CONTROL + 2, ATS_ENABLE >> 16, 2);
		host->seen.clear();
	}

	void enable_pri(uint32_t allocation)
	{
		config_write(kPf, AT_PRI + PRI_ALLOCATION, allocation);
		config_write(kPf, AT_PRI + PRI_CONTROL, PRI_ENABLE, 2);
		host->seen.clear();
	}

	Dma &dma(enum tlp_type type, uint64_t iova, uint32_t len = 64, uint8_t fill = 0x77)
	{
		dmas.push_back(std::make_unique<Dma>(type, iova, len, fill));
		pcie_function_send(vf(0), &dmas.back()->tlp);
		EXPECT_FALSE(dmas.back()->done()) << "done within the call";
		return *dmas.back();
	}

	std::vector<uint64_t> seen(enum bus_op op) const
	{
		std::vector<uint64_t> addresses;

		for (const struct bus_req &req : host->seen)
			if (req.op == op)
				addresses.push_back(req.addr);
		return addresses;
	}

	void invalidate(uint64_t addr, uint8_t shift, uint8_t itag = 0, bool global = false,
			int pasid = -1, uint32_t stream = kVf0)
	{
		struct ats_port down = pcie_root_port_ats(port);
		struct ats_invalidation invalidation = {};

		invalidation.stream_id = stream;
		invalidation.addr = addr;
		invalidation.shift = shift;
		invalidation.itag = itag;
		invalidation.global = global;
		invalidation.substream_valid = pasid >= 0;
		invalidation.substream_id = (uint32_t)MAX(pasid, 0);
		down.invalidate(down.ctx, &invalidation);
	}

	void respond(uint16_t group, enum prg_code code, uint32_t stream = kVf0)
	{
		struct ats_port down = pcie_root_port_ats(port);
		struct prg_response response = {};

		response.stream_id = stream;
		response.group = group;
		response.code = code;
		down.respond(down.ctx, &response);
	}

	using Addresses = std::vector<uint64_t>;

	std::map<uint64_t, uint64_t> pages; // IOVA of a page to its entry
	uint64_t translation_ps = 100 * PS_PER_NS;
	uint32_t entries = 8, ways = 2;
	std::vector<std::unique_ptr<Dma>> dmas;
};

#endif
