/* SPDX-License-Identifier: Apache-2.0 */
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testbench/unit/host/guest_mock_vf.hpp"

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

namespace
{
const struct guest_driver_cfg Cfg = {512, 2048, 1514, 50000, 1, 0, 0, 0};

class GuestDriverBringUp : public ::testing::Test
{
protected:
	void start(uint32_t queue_pairs = 0, uint32_t pairs_per_class = 0)
	{
		struct guest_driver_cfg cfg = Cfg;

		cfg.queue_pairs = queue_pairs;
		cfg.pairs_per_class = pairs_per_class;
		driver = guest_driver_create(&vf.guest, &cfg, "driver");
		ASSERT_NE(driver, nullptr);
		guest_run(&vf.guest);
	}

	void TearDown() override
	{
		guest_driver_destroy(driver);
	}

	struct guest_driver_stats stats()
	{
		struct guest_driver_stats s;
		guest_driver_stats_get(driver, &s);
		return s;
	}

	MockVf vf;
	struct guest_driver *driver = nullptr;
};

/* traces: arm64-smmu-iavf-1cpu, the messages between probe and carrier. */
TEST_F(GuestDriverBringUp, MessagesComeInTheOrderOfIavf)
{
	start();
	vf.run_for(PS_PER_S);
	EXPECT_THAT(vf.messages, ElementsAre(1u, 3u, 7u, 23u, 24u, 10u, 6u, 8u));
	EXPECT_TRUE(stats().running);
}

/* The first life ends with the grant. */
TEST_F(GuestDriverBringUp, QueuePairsThatItHasNotAreAskedFor)
{
	vf.more_pairs = 4;
	start(3);
	vf.run_for(PS_PER_S);
	EXPECT_THAT(vf.messages, ElementsAre(1u, 3u, 29u, 1u, 3u, 7u, 23u, 24u, 10u, 6u, 8u));
	EXPECT_EQ(le16_get(vf.bodies[2].data()), 3u);
	EXPECT_TRUE(stats().running);
}

TEST_F(GuestDriverBringUp, MoreQueuePairsThanThereAreEndIt)
{
	vf.more_pairs = 2;
	start(3);
	vf.run_for(PS_PER_S);
	EXPECT_THAT(vf.messages, ElementsAre(1u, 3u, 29u));
	EXPECT_FALSE(stats().running);
}

TEST_F(GuestDriverBringUp, QueuePairsAreNotAskedForWhereTheyCannotBe)
{
	start(3);
	vf.run_for(PS_PER_S);
	EXPECT_THAT(vf.messages, ElementsAre(1u, 3u));
	EXPECT_FALSE(stats().running);
}

/* Before its queues are on, it asks for the port's classes and gives each its run of pairs. */
TEST_F(GuestDriverBringUp, QueuePairsAreSpreadOverTheClasses)
{
	vf.more_pairs = 4;
	vf.classes = 2;
	start(4, 2);
	vf.run_for(PS_PER_S);
	EXPECT_THAT(vf.messages,
		    ElementsAre(1u, 3u, 29u, 1u, 3u, 7u, 23u, 24u, 10u, 6u, 66u, 67u, 8u));
	EXPECT_TRUE(stats().running);
	EXPECT_NE(le32_get(vf.bodies[1].data()) & VIRTCHNL_VF_OFFLOAD_QOS, 0u);
	const auto &map = vf.bodies[11];
	ASSERT_EQ(map.size(), 8u + 2 * 4);
	EXPECT_EQ(le16_get(map.data() + 2), 2u) << "classes";
	EXPECT_EQ(le16_get(map.data() + 4), 4u) << "queue pairs";
	EXPECT_EQ(le16_get(map.data() + 8), 0u);
	EXPECT_EQ(le16_get(map.data() + 10), 2u);
	EXPECT_EQ(le16_get(map.data() + 12), 2u);
	EXPECT_EQ(le16_get(map.data() + 14), 2u);
}

TEST_F(GuestDriverBringUp, ClassesThatItsPairsDoNotFitEndIt)
{
	vf.more_pairs = 4;
	vf.classes = 3;
	start(4, 2);
	vf.run_for(PS_PER_S);
	EXPECT_EQ(vf.messages.back(), 66u);
	EXPECT_FALSE(stats().running);
}

TEST_F(GuestDriverBringUp, RegisterWritesUpToTheFirstMessageAreThoseOfIavf)
{
	start();
	vf.run_for(PS_PER_S);
	auto writes = vf.writes();
	writes.resize(12);
	EXPECT_THAT(writes, ElementsAre("6400", "8400", "6800", "7c00", "7800", "7400", "7000",
					"8000", "6c00", "6000", "7000", "8400"));
}

TEST_F(GuestDriverBringUp, MessageBodiesHaveTheLengthsOfIavf)
{
	start();
	vf.run_for(PS_PER_S);
	const size_t expected[] = {8, 4, 4 + 2 * 12 - 2, 57, 69, 12, 72, 12};
	std::vector<size_t> found;
	for (const auto &body : vf.bodies)
		found.push_back(body.size());
	EXPECT_THAT(found, ElementsAreArray(expected));
}

TEST_F(GuestDriverBringUp, AllRxDescriptorsButOneAreWithTheDevice)
{
	start();
	vf.run_for(PS_PER_S);
	EXPECT_EQ(vf.registers[QRX_TAIL1(0)], 511u);
}

TEST_F(GuestDriverBringUp, WaitsUntilTheFunctionIsActive)
{
	vf.registers[VFGEN_RSTAT] = VFR_INPROGRESS;
	start();
	vf.run_for(5 * PS_PER_MS);
	EXPECT_TRUE(vf.writes().empty());
	vf.registers[VFGEN_RSTAT] = VFR_VFACTIVE;
	vf.run_for(PS_PER_S);
	EXPECT_TRUE(stats().running);
}

TEST_F(GuestDriverBringUp, RefusalEndsItWithAnError)
{
	vf.refuse[VIRTCHNL_OP_CONFIG_VSI_QUEUES] = VIRTCHNL_STATUS_ERR_PARAM;
	start();
	vf.run_for(PS_PER_S);
	EXPECT_FALSE(stats().running);
	EXPECT_THAT(vf.messages, ElementsAre(1u, 3u, 7u, 23u, 24u, 10u, 6u));
}

TEST_F(GuestDriverBringUp, SilentMailboxTimesOut)
{
	vf.answer = false;
	start();
	int ret = 0;
	struct Ctx {
		struct guest_driver *driver;
		int *ret;
	} ctx = {driver, &ret};
	auto *waiter = actor_start(
		&vf.sim, "waiter",
		[](struct actor *self, void *arg) {
			auto *c = static_cast<Ctx *>(arg);
			*c->ret = guest_driver_wait_up(c->driver, self);
		},
		&ctx);
	vf.run_for(10 * PS_PER_S);
	EXPECT_EQ(ret, -ETIMEDOUT);
	EXPECT_TRUE(actor_finished(waiter));
	actor_forget(waiter);
}

/* The mailbox's rings wrap: more messages than entries. */
TEST_F(GuestDriverBringUp, LinkEventsAreTakenForEver)
{
	start();
	vf.run_for(PS_PER_S);
	for (int i = 0; i < 100; i++) {
		vf.send_event(VIRTCHNL_EVENT_LINK_CHANGE, true);
		vf.run_for(PS_PER_MS);
	}
	EXPECT_EQ(vf.registers[VF_ARQH1], (8u + 1 + 100) % 32);
	EXPECT_EQ((vf.registers[VF_ARQT1] + 1) % 32, vf.registers[VF_ARQH1]);
}

TEST_F(GuestDriverBringUp, ShutdownDisablesQueuesAndResets)
{
	start();
	vf.run_for(PS_PER_S);
	vf.messages.clear();
	auto *closer = actor_start(
		&vf.sim, "closer",
		[](struct actor *self, void *arg) {
			guest_driver_shutdown(static_cast<struct guest_driver *>(arg), self);
		},
		driver);
	vf.run_for(PS_PER_S);
	EXPECT_TRUE(actor_finished(closer));
	actor_forget(closer);
	EXPECT_THAT(vf.messages, ElementsAre(9u, 2u));
	EXPECT_EQ(vf.registers[VF_ATQLEN1], 0u);
	EXPECT_EQ(vf.registers[VF_ARQLEN1], 0u);
}

TEST_F(GuestDriverBringUp, PauseAtAnyTimeIsSurvived)
{
	struct sim_part part = vf.part;
	start();
	auto *pauser = actor_start(
		&vf.sim, "pauser",
		[](struct actor *self, void *arg) {
			auto *guest = static_cast<struct guest *>(arg);
			for (;;) {
				actor_sleep(self, 1700 * PS_PER_NS);
				guest_pause(guest, self);
				actor_sleep(self, 900 * PS_PER_NS);
				guest_run(guest);
			}
		},
		&vf.guest);
	vf.run_for(PS_PER_S);
	EXPECT_TRUE(stats().running);
	EXPECT_THAT(vf.messages, ElementsAre(1u, 3u, 7u, 23u, 24u, 10u, 6u, 8u));
	actor_destroy(pauser);
	(void)part;
}

TEST_F(GuestDriverBringUp, PauseReturnsWhenTheAccessUnderWayIsOver)
{
	uint64_t paused_ps = 0;
	struct Ctx {
		MockVf *vf;
		uint64_t *paused_ps;
	} ctx = {&vf, &paused_ps};

	vf.access_ps = 10 * PS_PER_US;
	start();
	vf.run_for(2 * PS_PER_US);
	ASSERT_EQ(vf.guest.inside, 1u);
	auto *pauser = actor_start(
		&vf.sim, "pauser",
		[](struct actor *self, void *arg) {
			auto *c = static_cast<Ctx *>(arg);
			guest_pause(&c->vf->guest, self);
			*c->paused_ps = sim_now(&c->vf->sim);
		},
		&ctx);
	vf.run_for(PS_PER_MS);
	EXPECT_EQ(paused_ps, 10 * PS_PER_US);
	EXPECT_EQ(vf.log.size(), 1u);
	actor_forget(pauser);
}

TEST_F(GuestDriverBringUp, NothingIsTouchedWhilePaused)
{
	start();
	vf.run_for(20 * PS_PER_US);
	auto *pauser = actor_start(
		&vf.sim, "pauser",
		[](struct actor *self, void *arg) {
			guest_pause(static_cast<struct guest *>(arg), self);
		},
		&vf.guest);
	vf.run_for(PS_PER_MS);
	size_t accesses = vf.log.size();
	EXPECT_GT(accesses, 0u);
	vf.run_for(PS_PER_S);
	EXPECT_EQ(vf.log.size(), accesses);
	guest_run(&vf.guest);
	vf.run_for(PS_PER_S);
	EXPECT_TRUE(stats().running);
	actor_forget(pauser);
}

TEST_F(GuestDriverBringUp, ConfigurationOutOfRangeIsRefused)
{
	struct guest_driver_cfg bad = Cfg;
	bad.ring_entries = 100;
	EXPECT_EQ(guest_driver_create(&vf.guest, &bad, "d"), nullptr);
	bad = Cfg;
	bad.mtu_bytes = 4000;
	EXPECT_EQ(guest_driver_create(&vf.guest, &bad, "d"), nullptr);
	bad = Cfg;
	bad.itr_ns = 20000000;
	EXPECT_EQ(guest_driver_create(&vf.guest, &bad, "d"), nullptr);
}
} // namespace
