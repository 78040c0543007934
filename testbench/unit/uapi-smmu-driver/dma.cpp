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
