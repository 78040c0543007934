/* SPDX-License-Identifier: Apache-2.0 */
#include <gtest/gtest.h>

#include <string>

#include "model/nic/firmware_block.h"
#include "model/nic/flow_director.h"
#include "system/machine.h"
#include "system/vf_compare.h"
#include "testbench/support/nic_bench.h"

/* Two NICs that were just made: equal, until a test changes one field of one. */
class VfCompare : public ::testing::Test
{
protected:
	struct Side {
		struct pcie_device *device = nullptr;
		struct nic *nic = nullptr;
		struct vf *vf[2] = {};
		struct firmware *firmware = nullptr;
	};

	void SetUp() override
	{
		ASSERT_EQ(sim_init(&sim, 1, nullptr), 0);
		for (Side &side : sides)
			build(side);
	}
	void TearDown() override
	{
		for (Side &side : sides) {
			firmware_destroy(side.firmware);
			for (struct vf *vf : side.vf)
				vf_destroy(vf);
			nic_destroy(side.nic);
			pcie_device_destroy(side.device);
		}
		sim_fini(&sim);
	}
	void build(Side &side)
	{
		struct pcie_device_cfg pcie;
		const struct firmware_cfg firmware = nic_bench_firmware_cfg();
		const struct nic_cfg cfg = nic_bench_cfg(2);

		pcie_device_cfg_x710(&pcie);
		pcie.total_vfs = 2;
		struct pcie_device_env device_env = {{&sim, "device", 0}};
		side.device = pcie_device_create(&pcie, &device_env);
		struct nic_env nic_env = {{&sim, "nic", 0}, side.device};
		side.nic = nic_create(&cfg, &nic_env);
		for (uint32_t i = 0; i < 2; i++)
			side.vf[i] = vf_create(side.nic, i, nullptr);
		side.firmware = firmware_create(&firmware, side.nic);
		ASSERT_NE(side.firmware, nullptr);
	}
	/* Empty for equal. */
	std::string difference()
	{
		struct vf_place a = {sides[0].nic, 0}, b = {sides[1].nic, 1};
		char text[200] = "";

		vf_compare(&a, &b, text, sizeof(text));
		return text;
	}

	struct sim sim;
	Side sides[2];
};

TEST_F(VfCompare, NewVfsAreEqual)
{
	EXPECT_EQ(difference(), "");
}
TEST_F(VfCompare, SeesAQueueContext)
{
	struct nic_queue_context context;

	nic_queue_context_get(sides[1].nic, 1, true, 0, &context);
	context.head = 5;
	nic_queue_context_set(sides[1].nic, 1, true, 0, &context);
	EXPECT_EQ(difference(), "VF 0: receive queue 0: head is 0x0 here and 0x5 there");
}
TEST_F(VfCompare, SeesAnAddressSpace)
{
	struct nic_queue_context context;

	nic_queue_context_get(sides[1].nic, 1, false, 0, &context);
	context.tagged = true;
	nic_queue_context_set(sides[1].nic, 1, false, 0, &context);
	EXPECT_EQ(difference(), "VF 0: transmit queue 0: tagged is 0x0 here and 0x1 there");
	nic_queue_context_set(sides[0].nic, 0, false, 0, &context);
	EXPECT_EQ(difference(), "");
	context.pasid = 7;
	nic_queue_context_set(sides[1].nic, 1, false, 0, &context);
	EXPECT_EQ(difference(), "VF 0: transmit queue 0: pasid is 0x0 here and 0x7 there");
}
TEST_F(VfCompare, SeesAVector)
{
	struct nic_vector_state state;

	nic_vector_get(sides[1].nic, 1, 1, &state);
	state.itr[2] = 7;
	nic_vector_set(sides[1].nic, 1, 1, &state);
	EXPECT_EQ(difference(), "VF 0: vector 1: itr[2] is 0x0 here and 0x7 there");
}
TEST_F(VfCompare, SeesAFilter)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};

	ASSERT_EQ(nic_filter_add(sides[0].nic, 0, mac), 0);
	EXPECT_EQ(difference(), "VF 0: MAC filter 0 differs");
}
TEST_F(VfCompare, SeesAVlan)
{
	ASSERT_EQ(nic_vlan_add(sides[0].nic, 0, 7), 0);
	ASSERT_EQ(nic_vlan_add(sides[0].nic, 0, 4094), 0);
	ASSERT_EQ(nic_vlan_add(sides[1].nic, 1, 7), 0);
	EXPECT_EQ(difference(), "VF 0: only one of both receives VLAN 4094");
	ASSERT_EQ(nic_vlan_add(sides[1].nic, 1, 4094), 0);
	EXPECT_EQ(difference(), "");
	ASSERT_EQ(nic_vlan_add(sides[1].nic, 1, 1), 0);
	EXPECT_EQ(difference(), "VF 0: only one of both receives VLAN 1");
}
TEST_F(VfCompare, SeesAFlowRule)
{
	struct flow_rule rule = {};

	ASSERT_EQ(nic_flow_add(sides[0].nic, 0, &rule), 0);
	EXPECT_EQ(difference(), "VF 0: flow rule 0 differs");
	ASSERT_EQ(nic_flow_add(sides[1].nic, 1, &rule), 0);
	EXPECT_EQ(difference(), "");
}
TEST_F(VfCompare, SeesAnOffloadOfTags)
{
	nic_vlan_offload(sides[1].nic, 1)->insert = true;
	EXPECT_EQ(difference(), "VF 0: tag offload 0: insert is 0x0 here and 0x1 there");
}
TEST_F(VfCompare, SeesARegister)
{
	regs_write(nic_vf_regs(sides[0].nic, 0), VF_ATQBAL1, 4, 0x1000);
	EXPECT_EQ(difference(), "VF 0: VF_ATQBAL1(0) is 0x1000 here and 0x0 there");
}
TEST_F(VfCompare, SeesACounter)
{
	nic_vf_stats_get(sides[1].nic, 1)->tx_bytes++;
	EXPECT_EQ(difference(), "VF 0: counters 0: tx_bytes is 0x0 here and 0x1 there");
}
