// SPDX-License-Identifier: Apache-2.0
/*
 * A device with an address translation cache behind link, root port and SMMU,
 * while software takes pages away and gives them back, and answers page
 * requests. Whatever the order of latencies: once a page's invalidations have
 * ended, nothing of the device's lands in it, and every request comes to an end.
 */
#include <linux/pci_regs.h>

#include <map>
#include <set>

#include "base/rng.h"
#include "model/pcie/device.h"
#include "model/pcie/link.h"
#include "model/pcie/root_port.h"
#include "testbench/support/ats_bench.h"

namespace
{
constexpr uint32_t kRid = PCIE_RID(1, 0, 0);
constexpr uint64_t kIova = 0x40000000, kPage = 4096;
constexpr unsigned kPages = 12, kSteps = 1500;

struct Request {
	struct tlp tlp = {};
	uint8_t bytes[64] = {};
	bool done = false;
};

class AtsRace : public AtsBench, public ::testing::WithParamInterface<uint64_t>
{
protected:
	void SetUp() override
	{
		rng_init(&rng, GetParam(), "ats_race");
		cfg.timing.tlb_entries = 8;
		priq_log2 = cfg.priq_log2 = 4;
		bring_up_ats(CR0_ATSCHK);
		table = std::make_unique<TableBuilder>(*memory);
		attach(kRid, *table, 3);
		memory->write64(ste_address(kRid) + 8, field_put(STE1_EATS, STE1_EATS_FULL));
		build();
		memory->before_access = [this](const struct bus_req &req) {
			if (!req.attr.from_device || req.op != BUS_WRITE)
				return;
			landed++;
			EXPECT_EQ(gone.count(req.addr & ~(kPage - 1)), 0u)
				<< "a write to a page that was taken away, seed " << GetParam();
		};
	}

	void build()
	{
		struct pcie_device_cfg device_cfg;
		struct pcie_device_env device_env = {{&sim, "bench.nic", 0}};
		struct pcie_link_cfg link_cfg = {3, 8, 256, 512, 150 * PS_PER_NS, 0};
		struct pcie_link_env link_env = {{&sim, "bench.link", 0}};
		struct pcie_root_port_cfg port_cfg = {0x1b36, 0xc, 1, 1, 0x5000000000, 1 << 30, 8};
		struct pcie_root_port_env port_env = {
			{&sim, "bench.root", 0}, smmu_dma_port(smmu), smmu_ats_agent(smmu)};

		pcie_device_cfg_x710(&device_cfg);
		device_cfg.total_vfs = 1;
		device_cfg.ats = device_cfg.pri = port_cfg.ats = true;
		device_cfg.atc_entries = 4;
		device_cfg.atc_ways = 2;
		device_cfg.atc_pages = 4;
		device_cfg.page_requests = 4;
		device_cfg.page_retry_ps = PS_PER_US;
		device = pcie_device_create(&device_cfg, &device_env);
		link = pcie_link_create(&link_cfg, &link_env);
		port = pcie_root_port_create(&port_cfg, &port_env);
		struct tlp_port root = pcie_root_port_port(port), end = pcie_device_port(device);
		struct tlp_port down = pcie_link_port(link, PCIE_LINK_DOWN);
		struct tlp_port up = pcie_link_port(link, PCIE_LINK_UP);
		struct ats_port ats = pcie_root_port_ats(port);

		pcie_link_connect(link, &root, &end);
		pcie_root_port_connect(port, &down);
		pcie_device_connect(device, &up);
		smmu_connect_ats(smmu, &ats);
		uint32_t pri = find_capability(PCI_EXT_CAP_ID_PRI);

		config(BUS_WRITE, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
		config(BUS_WRITE, find_capability(PCI_EXT_CAP_ID_ATS) + PCI_ATS_CAP,
		       (uint32_t)PCI_ATS_CTRL_ENABLE << 16);
		config(BUS_WRITE, pri + PCI_PRI_ALLOC_REQ, 4);
		config(BUS_WRITE, pri + PCI_PRI_CTRL, PCI_PRI_CTRL_ENABLE);
	}

	void TearDown() override
	{
		EXPECT_TRUE(pcie_device_idle(device));
		EXPECT_TRUE(pcie_root_port_idle(port));
		pcie_root_port_destroy(port);
		pcie_link_destroy(link);
		pcie_device_destroy(device);
	}

	uint32_t config(enum bus_op op, uint32_t offset, uint32_t value = 0)
	{
		struct bus_port ecam = pcie_root_port_ecam(port);
		::Dma access = {};

		access.req.op = op;
		access.req.addr = (uint64_t)kRid << 12 | offset;
		access.req.len_bytes = 4;
		access.req.data = access.bytes;
		le32_put(access.bytes, value);
		access.req.done = [](struct bus_req *req, uint64_t) {
			CONTAINER_OF(req, ::Dma, req)->done = true;
		};
		bus_send(&ecam, &access.req);
		while (!access.done && calendar_step(&sim.calendar))
			;
		return le32_get(access.bytes);
	}

	uint32_t find_capability(uint32_t id)
	{
		uint32_t at = PCI_CFG_SPACE_SIZE, header = config(BUS_READ, at);

		while (PCI_EXT_CAP_ID(header) != id && PCI_EXT_CAP_NEXT(header)) {
			at = PCI_EXT_CAP_NEXT(header);
			header = config(BUS_READ, at);
		}
		EXPECT_EQ(PCI_EXT_CAP_ID(header), (int)id);
		return at;
	}

	void let_pass(uint64_t most_ps)
	{
		run_until(now() + rng_below(&rng, most_ps));
	}

	void give(uint64_t iova)
	{
		uint64_t pa = memory->allocate();
		PageBits bits;

		bits.writable = rng_below(&rng, 8) != 0;
		memory->slow_down(pa, rng_below(&rng, 3 * PS_PER_US));
		table->map(iova, pa, bits);
		mapped[iova] = pa;
	}

	/* As a driver does: the TLB, a SYNC, the devices, a SYNC. */
	void take(uint64_t iova)
	{
		memory->write64(table->descriptor(iova, 3), 0);
		push(CMD_TLBI_NH_VA | field_put(TLBI0_ASID, 3), iova | TLBI1_LEAF);
		push_sync();
		push(CMD_ATC_INV | field_put(CMD0_STREAMID, kRid), iova);
		push_sync();
		while (!commands_consumed())
			ASSERT_TRUE(calendar_step(&sim.calendar));
		EXPECT_EQ(cerror(), CERROR_NONE);
		gone.insert(mapped[iova]);
		mapped.erase(iova);
	}

	/* The page-fault handler: gives pages, now and then refuses, answers each group. */
	void answer_requests()
	{
		while ((reg(SMMU_PRIQ_PROD) ^ reg(SMMU_PRIQ_CONS)) & (BIT(priq_log2 + 1) - 1)) {
			uint32_t cons = reg(SMMU_PRIQ_CONS);
			auto entry = page_request_at(cons & (BIT(priq_log2) - 1));
			uint64_t iova = entry[1] & PRI1_ADDRESS;

			if (mapped.count(iova)) /* it was read-only, or it is there by now */
				take(iova);
			give(iova);
			set_reg(SMMU_PRIQ_CONS, (cons + 1) & (BIT(priq_log2 + 1) - 1));
			answered++;
			if (entry[0] & PRI0_LAST)
				push(CMD_PRI_RESP | field_put(CMD0_STREAMID, kRid),
				     field_put(PRI_RESP1_GROUP, entry[1]) |
					     field_put(PRI_RESP1_RESP, rng_below(&rng, 8)
									       ? PRI_RESP_SUCCESS
									       : PRI_RESP_INVALID));
		}
	}

	void request()
	{
		requests.push_back(std::make_unique<Request>());
		Request &made = *requests.back();

		made.tlp.type = rng_below(&rng, 3) ? TLP_MWR : TLP_MRD;
		made.tlp.addr = kIova + kPage * rng_below(&rng, kPages) + 64 * rng_below(&rng, 64);
		made.tlp.len_bytes = 64;
		made.tlp.data = made.bytes;
		made.tlp.done = [](struct tlp *tlp, uint64_t) {
			CONTAINER_OF(tlp, Request, tlp)->done = true;
		};
		pcie_function_send(pcie_device_pf(device), &made.tlp);
	}

	void step()
	{
		uint64_t iova = kIova + kPage * rng_below(&rng, kPages);

		switch (rng_below(&rng, 8)) {
		case 0:
			if (mapped.count(iova))
				take(iova);
			break;
		case 1:
			answer_requests();
			break;
		default:
			request();
			break;
		}
		let_pass(PS_PER_US);
	}

	struct rng rng;
	std::unique_ptr<TableBuilder> table;
	struct pcie_device *device = nullptr;
	struct pcie_link *link = nullptr;
	struct pcie_root_port *port = nullptr;
	std::map<uint64_t, uint64_t> mapped;
	std::set<uint64_t> gone;
	std::vector<std::unique_ptr<Request>> requests;
	unsigned landed = 0, answered = 0;
};
} // namespace

TEST_P(AtsRace, NothingLandsInAPageThatWasTakenAway)
{
	for (unsigned i = 0; i < kSteps; i++)
		step();
	auto waiting = [this] {
		for (const auto &made : requests)
			if (!made->done)
				return true;
		return false;
	};
	for (unsigned i = 0; i < 10000 && waiting(); i++) {
		let_pass(10 * PS_PER_US);
		answer_requests();
	}
	run();
	EXPECT_FALSE(waiting()) << "a request never ended";
	EXPECT_GT(landed, 200u);
	EXPECT_GT(answered, 50u);
	EXPECT_GT(gone.size(), 50u);
	EXPECT_TRUE(smmu_idle(smmu));
}

INSTANTIATE_TEST_SUITE_P(Seeds, AtsRace, ::testing::Range(UINT64_C(1), UINT64_C(101)));
