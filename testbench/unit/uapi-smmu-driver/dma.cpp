// SPDX-License-Identifier: Apache-2.0
// DMA through tables that the driver built, with the real SMMU and memory.
#include "testbench/unit/uapi-smmu-driver/smmu_host.hpp"

using SmmuDriverDma = SmmuHost;

TEST_F(SmmuDriverDma, LandsWhereTheTableSays)
{
	start();
	struct smmu_domain *domain = attached_domain();

	ASSERT_EQ(map(domain, 0x10000, kDramPa + 0x5000000, 0x4000), 0);
	EXPECT_EQ(write(0x12040, 0xab), BUS_OK);
	EXPECT_EQ(byte_at(kDramPa + 0x5002040), 0xab);
	EXPECT_EQ(byte_at(kDramPa + 0x500207f), 0xab);
	EXPECT_EQ(byte_at(kDramPa + 0x5002080), 0);
	EXPECT_EQ(read(0x13000), BUS_OK);
	release(domain);
}

TEST_F(SmmuDriverDma, OfAStreamThatNobodyAttachedIsTerminated)
{
	start();
	EXPECT_EQ(write(0x1000, 1), BUS_FAULT);
	EXPECT_TRUE(log_has("C_BAD_STREAMID"));
}

TEST_F(SmmuDriverDma, OfAnMsiReachesTheDoorbellThroughItsPage)
{
	start();
	struct smmu_domain *domain = attached_domain();
	struct cpu_port port = cpu_port(cpu);
	int calls = 0;
	auto handler = [](void *arg, uint64_t) {
		++*static_cast<int *>(arg);
	};

	ASSERT_EQ(map(domain, 0x8000000, kDoorbellPa, 0x1000, SMMU_PROT_WRITE | SMMU_PROT_MMIO), 0);
	ASSERT_EQ(port.ops->msi_register(port.ctx, kStream, 5, handler, &calls), 0);
	Dma dma(BUS_WRITE, kStream, 0x8000040, {5, 0, 0, 0});
	EXPECT_EQ(access(dma), BUS_OK);
	EXPECT_EQ(calls, 1);
	EXPECT_EQ(cpu_spurious_msis(cpu), 0u);
	release(domain);
}

TEST_F(SmmuDriverDma, GoesOnWhileManyActorsMapAndUnmap)
{
	start();
	struct smmu_domain *domain = attached_domain();
	struct Worker {
		SmmuDriverDma *test;
		struct smmu_domain *domain;
		uint64_t iova, pa;
		int rounds;
	} worker[6];
	const uint64_t pa = kDramPa + 0x40000000;
	uint64_t good = 0;

	ASSERT_EQ(map(domain, 0, pa, 0x1000), 0);
	for (uint64_t i = 0; i < 6; i++) {
		worker[i] = {this, domain, 0x200000 + i * 0x3000, pa + i * 0x10000, 0};
		actor_forget(actor_start(
			&sim, "worker",
			[](struct actor *self, void *arg) {
				auto *w = static_cast<Worker *>(arg);

				for (; w->rounds < 50; w->rounds++) {
					EXPECT_EQ(smmu_domain_map(w->domain, self, w->iova, w->pa,
								  0x3000, SMMU_PROT_WRITE),
						  0);
					EXPECT_EQ(w->test->write_from(self, w->iova + 0x1000),
						  BUS_OK);
					EXPECT_EQ(
						smmu_domain_unmap(w->domain, self, w->iova, 0x3000),
						0x3000u);
					EXPECT_EQ(w->test->write_from(self, w->iova + 0x1000),
						  BUS_FAULT);
				}
			},
			&worker[i]));
	}
	for (int i = 0; i < 200; i++)
		good += write(0, static_cast<uint8_t>(i)) == BUS_OK;
	settle(PS_PER_S / 100);
	EXPECT_EQ(good, 200u);
	for (const Worker &w : worker)
		EXPECT_EQ(w.rounds, 50);
	release(domain);
}
