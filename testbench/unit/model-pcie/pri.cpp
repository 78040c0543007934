// SPDX-License-Identifier: Apache-2.0
// Page requests of a device: PCI Express, 10.4.
#include "testbench/unit/model-pcie/atc_fixture.hpp"

TEST_F(Atc, AMissingPageIsRequestedAndThenUsed)
{
	enable_pri(4);
	Dma &write = dma(TLP_MWR, 0x30010);
	run();
	ASSERT_EQ(page_requests.size(), 1u);
	EXPECT_EQ(page_requests[0].addr, 0x30000u);
	EXPECT_EQ(page_requests[0].stream_id, kVf0);
	EXPECT_TRUE(page_requests[0].write && page_requests[0].read && page_requests[0].last);
	EXPECT_FALSE(write.done());
	pages[0x30000] = 0x9000 | kBoth;
	respond(page_requests[0].group, PRG_SUCCESS);
	run();
	EXPECT_TRUE(write.done());
	EXPECT_EQ(seen(BUS_WRITE), Addresses{0x9010});
	EXPECT_EQ(seen(BUS_ATS), (Addresses{0x30000, 0x30000}));
}

TEST_F(Atc, WriteAccessIsRequestedOfAReadOnlyPage)
{
	enable_pri(4);
	pages[0x30000] = 0x9000 | kRead;
	dma(TLP_MWR, 0x30000);
	run();
	ASSERT_EQ(page_requests.size(), 1u);
	EXPECT_TRUE(page_requests[0].write);
	respond(page_requests[0].group, PRG_INVALID_REQUEST);
	run();
	EXPECT_TRUE(dmas[0]->tlp.ats.denied);
}

TEST_F(Atc, WithoutPriNothingIsRequested)
{
	config_write(kPf, AT_PRI + PRI_ALLOCATION, 4);
	dma(TLP_MWR, 0x30000);
	run();
	EXPECT_TRUE(page_requests.empty());
}

TEST_F(Atc, NoMoreAreOutstandingThanAllocated)
{
	enable_pri(2);
	for (uint64_t i = 0; i < 5; i++)
		dma(TLP_MRD, 0x100000 + 0x1000 * i);
	run();
	ASSERT_EQ(page_requests.size(), 2u);
	for (uint64_t i = 0; i < 5; i++)
		pages[0x100000 + 0x1000 * i] = (0x1000 * i) | kBoth;
	respond(page_requests[0].group, PRG_SUCCESS);
	run();
	EXPECT_GT(page_requests.size(), 2u);
	for (size_t i = 1; i < page_requests.size(); i++) {
		if (page_requests[i].last)
			respond(page_requests[i].group, PRG_SUCCESS);
		run();
	}
	EXPECT_EQ(seen(BUS_READ).size(), 5u);
}

/* Pages that come to wait for the same room go as one group. */
TEST_F(Atc, PagesThatWaitTogetherAreOneGroup)
{
	enable_pri(0);
	for (uint64_t i = 0; i < 3; i++)
		dma(TLP_MRD, 0x100000 + 0x1000 * i);
	run();
	EXPECT_TRUE(page_requests.empty()) << "nothing is allocated";
	config_write(kPf, AT_PRI + PRI_ALLOCATION, 8);
	run();
	ASSERT_EQ(page_requests.size(), 3u);
	EXPECT_EQ(page_requests[0].group, page_requests[2].group);
	EXPECT_FALSE(page_requests[0].last);
	EXPECT_FALSE(page_requests[1].last);
	EXPECT_TRUE(page_requests[2].last);
	for (uint64_t i = 0; i < 3; i++)
		pages[0x100000 + 0x1000 * i] = (0x1000 * i) | kBoth;
	respond(page_requests[0].group, PRG_SUCCESS);
	run();
	EXPECT_EQ(seen(BUS_READ).size(), 3u);
}

TEST_F(Atc, AResponseIsForItsGroup)
{
	enable_pri(4);
	Dma &first = dma(TLP_MRD, 0x30000);
	run();
	Dma &second = dma(TLP_MRD, 0x31000);
	run();
	ASSERT_EQ(page_requests.size(), 2u);
	EXPECT_NE(page_requests[0].group, page_requests[1].group);
	respond(page_requests[1].group, PRG_INVALID_REQUEST);
	run();
	EXPECT_FALSE(first.done());
	EXPECT_TRUE(second.tlp.ats.denied);
	respond(page_requests[0].group, PRG_INVALID_REQUEST);
	run();
	EXPECT_TRUE(first.tlp.ats.denied);
}

TEST_F(Atc, AFailureStopsPageRequestsUntilTheyAreEnabledAgain)
{
	enable_pri(4);
	Dma &first = dma(TLP_MRD, 0x30000);
	run();
	respond(page_requests.at(0).group, PRG_FAILURE);
	run();
	EXPECT_TRUE(first.tlp.ats.denied);
	EXPECT_TRUE(config_read(kPf, AT_PRI + PRI_CONTROL) & PRI_RESPONSE_FAILURE);
	Dma &second = dma(TLP_MRD, 0x30000);
	run();
	EXPECT_TRUE(second.tlp.ats.denied);
	EXPECT_EQ(page_requests.size(), 1u);
	config_write(kPf, AT_PRI + PRI_CONTROL, 0, 2);
	enable_pri(4);
	dma(TLP_MRD, 0x30000);
	run();
	ASSERT_EQ(page_requests.size(), 2u);
	respond(page_requests[1].group, PRG_INVALID_REQUEST);
	run();
}

TEST_F(Atc, AFailureEndsWhatWaitsForRoomToo)
{
	enable_pri(1);
	Dma &asked = dma(TLP_MRD, 0x30000), &waits = dma(TLP_MRD, 0x40000);
	run();
	ASSERT_EQ(page_requests.size(), 1u) << "there is room for one";
	EXPECT_FALSE(waits.done());
	respond(page_requests[0].group, PRG_FAILURE);
	run();
	EXPECT_TRUE(asked.tlp.ats.denied);
	EXPECT_TRUE(waits.tlp.ats.denied);
	EXPECT_EQ(page_requests.size(), 1u) << "it was not asked for";
}

TEST_F(Atc, AnUnexpectedGroupIsNoted)
{
	enable_pri(4);
	respond(0x1f, PRG_SUCCESS);
	run();
	EXPECT_TRUE(config_read(kPf, AT_PRI + PRI_CONTROL) & PRI_UNEXPECTED_GROUP);
}

TEST_F(Atc, ASuccessThatBringsNothingIsAskedForAgainAfterAWhile)
{
	enable_pri(4);
	dma(TLP_MRD, 0x30000);
	run();
	respond(page_requests.at(0).group, PRG_SUCCESS);
	run();
	ASSERT_EQ(page_requests.size(), 2u);
	uint64_t began = sim_now(&sim);
	respond(page_requests[1].group, PRG_SUCCESS);
	run();
	ASSERT_EQ(page_requests.size(), 3u);
	EXPECT_GT(sim_now(&sim) - began, device_cfg.page_retry_ps);
	respond(page_requests[2].group, PRG_INVALID_REQUEST);
	run();
}

TEST_F(Atc, AResetGivesItsPageRequestsBack)
{
	enable_pri(2);
	dma(TLP_MRD, 0x30000);
	dma(TLP_MRD, 0x31000);
	run();
	EXPECT_EQ(page_requests.size(), 2u);
	config_write(kVf0, AT_PCIE + PCIE_DEVCTL, DEVCTL_INITIATE_FLR, 2);
	run();
	EXPECT_TRUE(dmas[0]->tlp.discarded);
	enable(kVf0 + 1);
	Dma other(TLP_MRD, 0x30000, 64);
	pcie_function_send(vf(1), &other.tlp);
	run();
	ASSERT_EQ(page_requests.size(), 3u) << "the allocation is the PF's, for all functions";
	EXPECT_EQ(page_requests[2].stream_id, kVf0 + 1u);
	respond(page_requests[2].group, PRG_INVALID_REQUEST, kVf0 + 1);
	run();
}
