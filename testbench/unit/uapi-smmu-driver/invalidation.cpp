// SPDX-License-Identifier: Apache-2.0
// What unmapping owes: which commands, when it returns, and what a device can do meanwhile.
#include "testbench/unit/uapi-smmu-driver/smmu_host.hpp"

namespace
{
constexpr uint64_t kPage = 4096, k2M = UINT64_C(1) << 21, k1G = UINT64_C(1) << 30;
constexpr uint64_t kPa = kDramPa + (UINT64_C(4) << 30);

class SmmuDriverInvalidation : public SmmuHost
{
protected:
	// Opcodes that unmapping costs, in order, with how often each came.
	std::vector<std::pair<uint64_t, uint64_t>> cost(struct smmu_domain *domain, uint64_t iova,
							uint64_t len)
	{
		std::vector<std::pair<uint64_t, uint64_t>> runs;

		traced.clear();
		EXPECT_EQ(unmap(domain, iova, len), len);
		for (uint64_t opcode : commands())
			if (!runs.empty() && runs.back().first == opcode)
				runs.back().second++;
			else
				runs.push_back({opcode, 1});
		return runs;
	}

	int map_small(struct smmu_domain *domain, uint64_t iova, uint64_t pages)
	{
		int err = -1;

		run([&](struct actor *self) {
			err = smmu_domain_map_pages(domain, self, iova, kPa + (pages - 1) * kPage,
						    -static_cast<int64_t>(kPage), pages,
						    SMMU_PROT_WRITE);
		});
		return err;
	}
};

using Runs = std::vector<std::pair<uint64_t, uint64_t>>;
} // namespace

TEST_F(SmmuDriverInvalidation, IsACommandForEachLeafUpToATablefull)
{
	start();
	struct smmu_domain *domain = attached_domain();

	ASSERT_EQ(map_small(domain, k2M, 1), 0);
	EXPECT_EQ(cost(domain, k2M, kPage), (Runs{{CMD_TLBI_NH_VA, 1}, {CMD_SYNC, 1}}));
	ASSERT_EQ(map_small(domain, k2M, 511), 0);
	EXPECT_EQ(cost(domain, k2M, 511 * kPage), (Runs{{CMD_TLBI_NH_VA, 511}, {CMD_SYNC, 1}}));
	// From 512 on, the ASID: here all but the first page of two tables.
	ASSERT_EQ(map_small(domain, k2M + kPage, 1022), 0);
	EXPECT_EQ(cost(domain, k2M + kPage, 1022 * kPage),
		  (Runs{{CMD_TLBI_NH_ASID, 1}, {CMD_SYNC, 1}}));
	release(domain);
}

TEST_F(SmmuDriverInvalidation, OfALargePageIsOneCommand)
{
	start();
	struct smmu_domain *domain = attached_domain();

	ASSERT_EQ(map(domain, k2M, kPa, k2M), 0);
	EXPECT_EQ(cost(domain, k2M, k2M), (Runs{{CMD_TLBI_NH_VA, 1}, {CMD_SYNC, 1}}));
	ASSERT_EQ(map(domain, k1G, kPa, 2 * k1G), 0);
	EXPECT_EQ(cost(domain, k1G, 2 * k1G), (Runs{{CMD_TLBI_NH_VA, 2}, {CMD_SYNC, 1}}));
	release(domain);
}

TEST_F(SmmuDriverInvalidation, OfAWholeTableComesBeforeItsFramesAreFree)
{
	start();
	struct smmu_domain *domain = attached_domain();

	// 2 MiB of small pages go as one entry: the table's walks, then the leaf.
	ASSERT_EQ(map_small(domain, k2M, 512), 0);
	EXPECT_EQ(cost(domain, k2M, k2M),
		  (Runs{{CMD_TLBI_NH_ASID, 1}, {CMD_SYNC, 1}, {CMD_TLBI_NH_VA, 1}, {CMD_SYNC, 1}}));
	release(domain);
}

TEST_F(SmmuDriverInvalidation, OfPiecesOfDifferentSizesIsAPieceAtATime)
{
	start();
	struct smmu_domain *domain = attached_domain();

	ASSERT_EQ(map(domain, k2M - kPage, kPa + k2M - kPage, k2M + 2 * kPage), 0);
	EXPECT_EQ(cost(domain, k2M - kPage, k2M + 2 * kPage), (Runs{{CMD_TLBI_NH_VA, 1},
								    {CMD_SYNC, 1},
								    {CMD_TLBI_NH_VA, 1},
								    {CMD_SYNC, 1},
								    {CMD_TLBI_NH_VA, 1},
								    {CMD_SYNC, 1}}));
	release(domain);
}

TEST_F(SmmuDriverInvalidation, IsNotOwedByADomainThatNoStreamUses)
{
	start();
	struct smmu_domain *domain = nullptr;

	run([&](struct actor *) { ASSERT_EQ(smmu_domain_alloc(driver, false, &domain), 0); });
	ASSERT_EQ(map(domain, 0, kPa, 3 * k2M), 0);
	EXPECT_EQ(cost(domain, 0, 3 * k2M), Runs{});
	run([&](struct actor *self) { smmu_domain_free(domain, self); });
}

TEST_F(SmmuDriverInvalidation, LeavesNothingInTheTlb)
{
	start();
	struct smmu_domain *domain = attached_domain();

	ASSERT_EQ(map(domain, 0x1000, kPa, 2 * kPage), 0);
	EXPECT_EQ(write(0x1000, 1), BUS_OK);
	EXPECT_EQ(unmap(domain, 0x1000, kPage), kPage);
	EXPECT_EQ(write(0x1000, 2), BUS_FAULT);
	EXPECT_EQ(byte_at(kPa), 1);
	EXPECT_EQ(write(0x2000, 3), BUS_OK);
	ASSERT_EQ(events.size(), 1u);
	EXPECT_EQ(field_get(EVENT0_NUMBER, events[0][0]), F_TRANSLATION);
	EXPECT_EQ(events[0][2], 0x1000u);
	EXPECT_TRUE(log_has("F_TRANSLATION sid: 0x108"));
	release(domain);
}

TEST_F(SmmuDriverInvalidation, OfAMappingCostsItsLeaves)
{
	SmmuHostOptions options;
	uint64_t before;

	options.page_ps = PS_PER_US;
	start(options);
	struct smmu_domain *domain = attached_domain();
	before = sim_now(&sim);
	// 4K 2M 4K, twice; then 2 MiB that are not aligned with each other: 512 small ones.
	ASSERT_EQ(map(domain, k2M - kPage, kPa + k2M - kPage, k2M + 2 * kPage), 0);
	ASSERT_EQ(map(domain, 4 * k2M - kPage, kPa + k2M - kPage, k2M + 2 * kPage), 0);
	EXPECT_EQ(sim_now(&sim) - before, 6 * PS_PER_US);
	before = sim_now(&sim);
	ASSERT_EQ(map(domain, 16 * k2M, kPa + kPage, k2M), 0);
	EXPECT_EQ(sim_now(&sim) - before, 512 * PS_PER_US);
	release(domain);
}

// A device that writes all the time: nothing of it lands after the unmap returned.
// The second: to a page of a table that goes as a whole.
class SmmuDriverInFlight : public SmmuDriverInvalidation,
			   public testing::WithParamInterface<uint64_t>
{
};

INSTANTIATE_TEST_SUITE_P(PagesUnmapped, SmmuDriverInFlight, testing::Values(1, 512));

TEST_P(SmmuDriverInFlight, EndsWhatADeviceHasInFlight)
{
	const uint64_t pages = GetParam(), target = k2M + (pages - 1) / 2 * kPage;

	start();
	struct smmu_domain *domain = attached_domain(false);
	std::vector<std::unique_ptr<Dma>> sent;
	uint64_t returned_ps = 0;

	ASSERT_EQ(map_small(domain, k2M, pages), 0);
	traced.clear();
	run([&](struct actor *self) {
		Periodic device(&sim, 20 * PS_PER_NS, [&] {
			struct bus_port port = smmu_dma_port(smmu);

			sent.push_back(std::make_unique<Dma>(BUS_WRITE, kStream, target,
							     std::vector<uint8_t>(64, 9)));
			bus_send(&port, &sent.back()->req);
		});

		actor_sleep(self, 5 * PS_PER_US);
		EXPECT_EQ(smmu_domain_unmap(domain, self, k2M, pages * kPage), pages * kPage);
		returned_ps = sim_now(&sim);
		actor_sleep(self, 5 * PS_PER_US);
	});
	settle();
	uint64_t landed = 0;
	for (const struct trace_event &event : traced) {
		if (event.kind == TRACE_DMA_LANDED) {
			landed++;
			EXPECT_LE(event.time_ps, returned_ps);
		}
		if (event.kind == TRACE_IOMMU_UNMAP) {
			EXPECT_EQ(event.time_ps, returned_ps);
		}
	}
	EXPECT_GT(landed, 100u);
	EXPECT_LT(landed, sent.size() - 100);
	release(domain);
}

TEST_F(SmmuDriverInvalidation, SpendsCpuTimeByTheEntry)
{
	SmmuHostOptions options;
	uint64_t before, spent_ps;

	options.page_ps = PS_PER_US;
	start(options);
	struct smmu_domain *domain = attached_domain();
	before = sim_now(&sim);
	ASSERT_EQ(map_small(domain, k2M, 100), 0);
	EXPECT_EQ(sim_now(&sim) - before, 100 * PS_PER_US);
	before = sim_now(&sim);
	EXPECT_EQ(unmap(domain, k2M, 100 * kPage), 100 * kPage);
	spent_ps = sim_now(&sim) - before;
	EXPECT_GT(spent_ps, 100 * PS_PER_US);
	EXPECT_LT(spent_ps, 120 * PS_PER_US);
	release(domain);
}

namespace
{
class SmmuDriverLazy : public SmmuDriverInvalidation
{
protected:
	void SetUp() override
	{
		SmmuHostOptions options;

		SmmuDriverInvalidation::SetUp();
		options.lazy = true;
		start(options);
		domain = attached_domain(false); // writes may hit in the TLB
		traced.clear();
	}

	struct smmu_domain *domain;
};
} // namespace

TEST_F(SmmuDriverLazy, UnmapIsReportedWhenTheFlushCompletes)
{
	ASSERT_EQ(map(domain, 0x1000, kPa, kPage), 0);
	EXPECT_EQ(write(0x1000, 1), BUS_OK);
	traced.clear();
	EXPECT_EQ(unmap(domain, 0x1000, kPage), kPage);
	EXPECT_TRUE(commands().empty());
	EXPECT_EQ(count(TRACE_IOMMU_UNMAP), 0u);
	EXPECT_EQ(write(0x1000, 2), BUS_OK); // still in the TLB
	settle(10 * PS_PER_MS);
	EXPECT_EQ(commands(), (std::vector<uint64_t>{CMD_TLBI_NH_ASID, CMD_SYNC}));
	EXPECT_EQ(count(TRACE_IOMMU_UNMAP), 1u);
	EXPECT_EQ(write(0x1000, 3), BUS_FAULT);
	EXPECT_EQ(byte_at(kPa), 2);
	release(domain);
}

TEST_F(SmmuDriverLazy, PiecesOfDifferentSizesWaitTogether)
{
	ASSERT_EQ(map(domain, k2M - kPage, kPa + k2M - kPage, k2M + 2 * kPage), 0);
	settle();
	traced.clear();
	EXPECT_EQ(unmap(domain, k2M - kPage, k2M + 2 * kPage), k2M + 2 * kPage);
	EXPECT_TRUE(commands().empty());
	settle(11 * PS_PER_MS);
	EXPECT_EQ(commands().size(), 2u);
	release(domain);
}

TEST_F(SmmuDriverLazy, AFullQueueIsFlushedAtOnce)
{
	for (uint64_t i = 0; i < FLUSH_QUEUE_RANGES + 1; i++)
		ASSERT_EQ(map(domain, i * k2M, kPa, kPage), 0);
	traced.clear();
	for (uint64_t i = 0; i < FLUSH_QUEUE_RANGES; i++)
		ASSERT_EQ(unmap(domain, i * k2M, kPage), kPage);
	EXPECT_TRUE(commands().empty());
	ASSERT_EQ(unmap(domain, FLUSH_QUEUE_RANGES * k2M, kPage), kPage);
	EXPECT_EQ(commands().size(), 2u);
	EXPECT_EQ(count(TRACE_IOMMU_UNMAP), FLUSH_QUEUE_RANGES);
	release(domain);
	EXPECT_EQ(count(TRACE_IOMMU_UNMAP), FLUSH_QUEUE_RANGES + 1);
}

TEST_F(SmmuDriverLazy, AnIovaIsFlushedBeforeItIsMappedAgain)
{
	ASSERT_EQ(map(domain, 0x1000, kPa, kPage), 0);
	EXPECT_EQ(write(0x1000, 1), BUS_OK);
	EXPECT_EQ(unmap(domain, 0x1000, kPage), kPage);
	ASSERT_EQ(map(domain, 0x1000, kPa + kPage, kPage), 0);
	EXPECT_EQ(write(0x1000, 2), BUS_OK);
	EXPECT_EQ(byte_at(kPa), 1);
	EXPECT_EQ(byte_at(kPa + kPage), 2);
	release(domain);
}
