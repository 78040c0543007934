// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"
#include "testbench/unit/model-pcie/pcie_fixture.hpp"

class RootPort : public PcieTest
{
protected:
	void configure() override
	{
		PcieTest::configure();
		device_cfg.pasid_bits = 8;
	}
};

TEST_F(RootPort, IsItselfABridgeAtDeviceZero)
{
	EXPECT_EQ(config_read(0, CFG_ID), 0x000c1b36u);
	EXPECT_EQ(config_read(0, CFG_CLASS) >> 16, 0x0604u);
	EXPECT_EQ(config_read(0, CFG_HEADER + 2, 1), 1u);
	EXPECT_EQ(config_read(0, CFG_BUS_NUMBERS), 0x00010100u);
	EXPECT_EQ(config_read(0, CFG_PREFETCH_BASE_HIGH), 0x50u);
	EXPECT_EQ(config_read(PCIE_RID(0, 1, 0), CFG_ID), UINT32_MAX);
	EXPECT_EQ(config_read(PCIE_RID(2, 0, 0), CFG_ID), UINT32_MAX);
	EXPECT_EQ(pcie_link_counters_get(link, PCIE_LINK_DOWN).tlps, 0u) << "none left the root";
}

TEST_F(RootPort, AbsentFunctionReadsAllOnes)
{
	EXPECT_EQ(config_read(PCIE_RID(1, 0, 1), CFG_ID), UINT32_MAX);
	EXPECT_EQ(config_read(PCIE_RID(1, 0, 1), CFG_ID, 2), 0xffffu);
	EXPECT_EQ(config_read(0, CFG_SECONDARY_STATUS), STATUS_RECEIVED_MA);
}

TEST_F(RootPort, ConfigurationIsReachedByBytesWordsAndDoubleWordsOnly)
{
	CpuAccess wide(BUS_READ, ecam(kPf, 0), 8), crossing(BUS_READ, ecam(kPf, 3), 2),
		atomic(BUS_CAS64, ecam(kPf, 0), 8);

	EXPECT_EQ(config_read(kPf, 2, 2), 0x1572u);
	EXPECT_EQ(config_read(kPf, 1, 1), 0x80u);
	for (CpuAccess *access : {&wide, &crossing, &atomic}) {
		send_config(*access);
		run();
		EXPECT_EQ(access->req.status, BUS_ABORT);
	}
}

TEST_F(RootPort, WindowsAndEnablesDecideWhatGoesDown)
{
	CpuAccess outside(BUS_READ, kWindow - 8, 8),
		across(BUS_READ, kWindow + kWindowBytes - 4, 8), closed(BUS_READ, kPfBar0, 4);

	bring_up(0);
	send_mmio(outside);
	send_mmio(across);
	run();
	EXPECT_EQ(outside.req.status, BUS_ABORT);
	EXPECT_EQ(outside.value, UINT64_MAX);
	EXPECT_EQ(across.req.status, BUS_ABORT);
	config_write(0, CFG_COMMAND, COMMAND_BUS_MASTER, 2);
	send_mmio(closed);
	run();
	EXPECT_EQ(closed.req.status, BUS_ABORT);
}

TEST_F(RootPort, DmaCarriesStreamAndSubstream)
{
	Dma write(TLP_MWR, 0x1000, 16, 0xab), read(TLP_MRD, 0x1000, 16);

	bring_up(2);
	enable_pasids();
	write.tlp.pasid_valid = true;
	write.tlp.pasid = 77;
	write.tlp.privileged = true;
	write.tlp.execute = true;
	write.tlp.at = 2;
	pcie_function_send(vf(1), &write.tlp);
	pcie_function_send(vf(1), &read.tlp);
	run();
	ASSERT_EQ(host->seen.size(), 2u);
	const struct bus_attr &attr = host->seen[0].attr;
	EXPECT_TRUE(attr.from_device && attr.posted && attr.substream_valid);
	EXPECT_TRUE(attr.privileged && attr.instruction && attr.translated);
	EXPECT_EQ(attr.stream_id, kVf0 + 1u);
	EXPECT_EQ(attr.substream_id, 77u);
	EXPECT_EQ(attr.iova, 0x1000u);
	EXPECT_FALSE(attr.may_stall) << "no function may, Arm IHI 0070, 16.4";
	EXPECT_FALSE(host->seen[1].attr.posted || host->seen[1].attr.translated);
	EXPECT_FALSE(host->seen[1].attr.substream_valid);
	EXPECT_EQ(read.tlp.status, TLP_SC);
	EXPECT_EQ(read.bytes, write.bytes);
}

TEST_F(RootPort, ARequestWithAPasidStaysWherePasidsAreNotEnabled)
{
	Dma write(TLP_MWR, 0x1000, 16), read(TLP_MRD, 0x1000, 16), again(TLP_MRD, 0x1000, 16);

	bring_up(2);
	host->seen.clear();
	EXPECT_EQ(pcie_function_pasid_bits(vf(1)), 0u);
	for (Dma *dma : {&write, &read, &again}) {
		dma->tlp.pasid_valid = true;
		dma->tlp.pasid = 77;
	}
	pcie_function_send(vf(1), &write.tlp);
	pcie_function_send(vf(1), &read.tlp);
	run();
	EXPECT_TRUE(host->seen.empty()) << "nor without it: it would reach another address space";
	EXPECT_EQ(read.tlp.status, TLP_UR);
	EXPECT_TRUE(write.done());
	enable_pasids();
	EXPECT_EQ(pcie_function_pasid_bits(vf(1)), 8u) << "the PF's is the VFs'";
	pcie_function_send(vf(1), &again.tlp);
	run();
	EXPECT_EQ(again.tlp.status, TLP_SC);
}

/* VF 1 and those after it have stream IDs from 8 up. */
class MappedRootPort : public PcieTest
{
protected:
	void configure() override
	{
		PcieTest::configure();
		port_cfg.iommu_map = {kVf0 + 1, 2, 8};
	}
};

TEST_F(MappedRootPort, StreamsAreMappedFromRequesterIds)
{
	Dma first(TLP_MRD, 0x1000, 16), second(TLP_MRD, 0x1000, 16), third(TLP_MRD, 0x1000, 16);
	Dma before(TLP_MRD, 0x1000, 16);

	bring_up(4);
	pcie_function_send(vf(0), &before.tlp);
	pcie_function_send(vf(1), &first.tlp);
	pcie_function_send(vf(2), &second.tlp);
	pcie_function_send(vf(3), &third.tlp);
	run();
	ASSERT_EQ(host->seen.size(), 4u);
	EXPECT_EQ(host->seen[0].attr.stream_id, kVf0 + 0u);
	EXPECT_EQ(host->seen[1].attr.stream_id, 8u);
	EXPECT_EQ(host->seen[2].attr.stream_id, 9u);
	EXPECT_EQ(host->seen[3].attr.stream_id, kVf0 + 3u) << "beyond the map";
}

TEST_F(RootPort, FailuresComeBackAsCompletionStatus)
{
	Dma fault(TLP_MRD, 0x1000, 16), abort(TLP_MRD, 0x1000, 16), posted(TLP_MWR, 0x1000, 16);

	bring_up(0);
	host->status = BUS_FAULT;
	pcie_function_send(pf(), &fault.tlp);
	run();
	EXPECT_EQ(fault.tlp.status, TLP_CA);
	EXPECT_EQ(config_read(kPf, CFG_COMMAND) & STATUS_ERRORS, STATUS_RECEIVED_TA);
	host->status = BUS_ABORT;
	pcie_function_send(pf(), &abort.tlp);
	pcie_function_send(pf(), &posted.tlp);
	run();
	EXPECT_EQ(abort.tlp.status, TLP_UR);
	EXPECT_EQ(config_read(kPf, CFG_COMMAND) & STATUS_ERRORS,
		  STATUS_RECEIVED_TA | STATUS_RECEIVED_MA);
	EXPECT_TRUE(posted.done()) << "nobody tells a posted write";
}

TEST_F(RootPort, TranslationRequestIsUnsupportedWithoutAts)
{
	Dma request(TLP_MRD, 0x1000, 8);

	bring_up(1);
	request.tlp.at = 1;
	pcie_function_send(vf(0), &request.tlp);
	run();
	EXPECT_EQ(request.tlp.status, TLP_UR);
	EXPECT_TRUE(host->seen.empty());
}

TEST_F(RootPort, WithoutBridgeBusMasteringDmaIsUnsupported)
{
	Dma read(TLP_MRD, 0x1000, 16), write(TLP_MWR, 0x1000, 16);

	bring_up(0);
	config_write(0, CFG_COMMAND, COMMAND_MEMORY, 2);
	pcie_function_send(pf(), &read.tlp);
	pcie_function_send(pf(), &write.tlp);
	run();
	EXPECT_EQ(read.tlp.status, TLP_UR);
	EXPECT_TRUE(write.done());
	EXPECT_TRUE(host->seen.empty());
}

TEST_F(RootPort, ReadTakesBothWaysOfTheLinkAndTheDevice)
{
	bring_up(1);
	uint64_t begin = sim_now(&sim), per_byte = pcie_link_fs_per_byte(&link_cfg);

	mmio_read(kVfBar0);
	EXPECT_NEAR((double)(sim_now(&sim) - begin),
		    2.0 * kLatency + device_cfg.register_ps + (24 + 24) * per_byte / 1000.0, 2);
}

TEST_F(RootPort, MoreAccessesThanItCanHoldWaitInOrder)
{
	std::vector<std::unique_ptr<CpuAccess>> writes;

	bring_up(1);
	for (uint64_t i = 0; i < 50; i++) {
		writes.push_back(std::make_unique<CpuAccess>(BUS_WRITE, kVfBar0 + 4 * i, 4, i));
		send_mmio(*writes.back());
	}
	run();
	ASSERT_EQ(nic[1]->writes.size(), 50u);
	for (uint64_t i = 0; i < 50; i++) {
		EXPECT_EQ(nic[1]->writes[i].value, i);
		EXPECT_TRUE(writes[i]->done());
	}
}

TEST_F(RootPort, ReadPushesTheWritesBeforeIt)
{
	Dma write(TLP_MWR, 0x1000, 64, 0x33);
	CpuAccess read(BUS_READ, kVfBar0, 4);

	bring_up(1);
	host->delay = [](const struct bus_req &) {
		return 20 * PS_PER_US;
	};
	send_mmio(read);
	pcie_function_send(vf(0), &write.tlp);
	wait(read);
	EXPECT_TRUE(write.done()) << "the register answered before the data was in memory";
	EXPECT_EQ(read.done_ps, write.done_ps);
	EXPECT_EQ(host->memory[0x1000], 0x33);
}

TEST_F(RootPort, ReadDoesNotWaitForWritesAfterIt)
{
	Dma write(TLP_MWR, 0x1000, 64, 0x33);
	CpuAccess read(BUS_READ, kVfBar0, 4);

	bring_up(1);
	host->delay = [](const struct bus_req &) {
		return 20 * PS_PER_US;
	};
	send_mmio(read);
	run_for(kLatency + device_cfg.register_ps +
		10 * PS_PER_NS); // its completion is on the link
	pcie_function_send(vf(0), &write.tlp);
	wait(read);
	EXPECT_FALSE(write.done());
	run();
}

// A device that answers with what it has sent so far: every bar_read returns the number of posted
// writes before it. When the CPU gets that number, so many writes must have been performed.
class ReadPushesWrites : public PcieTest, public testing::WithParamInterface<uint64_t>
{
protected:
	static uint64_t count_sent(void *ctx, uint32_t bar, uint64_t offset, uint32_t len)
	{
		return static_cast<ReadPushesWrites *>(ctx)->writes.size();
	}
	void send_write()
	{
		writes.push_back(std::make_unique<Dma>(TLP_MWR, 0x1000, 64));
		pcie_function_send(vf((uint32_t)rng_below(&rng, 4)), &writes.back()->tlp);
	}
	void send_read()
	{
		reads.push_back(std::make_unique<CpuAccess>(BUS_READ, kVfBar0, 4));
		send_mmio(*reads.back());
	}

	struct rng rng;
	std::vector<std::unique_ptr<Dma>> writes;
	std::vector<std::unique_ptr<CpuAccess>> reads;
};

TEST_P(ReadPushesWrites, HoldsWhateverOrderTheHostPerformsThemIn)
{
	static const struct pcie_function_ops ops = {count_sent, nullptr, nullptr, nullptr,
						     nullptr};
	uint64_t waited = 0;

	rng_init(&rng, GetParam(), "traffic");
	bring_up(4);
	pcie_function_bind(vf(0), &ops, this);
	host->delay = [&](const struct bus_req &) {
		return rng_below(&rng, 2 * PS_PER_US);
	};
	for (int step = 0; step < 2000; step++) {
		rng_below(&rng, 3) ? send_write() : send_read();
		run_for(rng_below(&rng, 100 * PS_PER_NS));
	}
	run();
	for (const auto &read : reads) {
		uint64_t last = 0;

		ASSERT_TRUE(read->done());
		for (uint64_t w = 0; w < read->value; w++)
			last = MAX(last, writes[w]->done_ps);
		EXPECT_LE(last, read->done_ps);
		waited += last == read->done_ps;
	}
	EXPECT_GT(waited, 10u) << "the traffic never made a read wait";
}

INSTANTIATE_TEST_SUITE_P(Seeds, ReadPushesWrites, testing::Range<uint64_t>(1, 6));
