// SPDX-License-Identifier: Apache-2.0
// The command and event queues, and errors.
#include <cerrno>

#include "testbench/unit/uapi-smmu-driver/smmu_host.hpp"

namespace
{
constexpr uint64_t kPa = kDramPa + (UINT64_C(4) << 30);

// Both ways for a CMD_SYNC to complete.
class SmmuDriverSync : public SmmuHost, public testing::WithParamInterface<bool>
{
protected:
	void SetUp() override
	{
		SmmuHostOptions options;

		SmmuHost::SetUp();
		options.msi = GetParam();
		options.cmdq_log2 = 7; // little more than a batch
		start(options);
		traced.clear();
	}
};
} // namespace

INSTANTIATE_TEST_SUITE_P(Completion, SmmuDriverSync, testing::Bool(),
			 [](const testing::TestParamInfo<bool> &way) {
				 return way.param ? "ByMsi" : "ByConsumerIndex";
			 });

TEST_P(SmmuDriverSync, WaitsUntilAllBeforeItTookEffect)
{
	EXPECT_EQ(driver->msi_sync, GetParam());
	run([&](struct actor *self) {
		struct command_batch batch;

		batch_init(&batch);
		for (uint64_t i = 0; i < 200; i++)
			ASSERT_EQ(batch_add(driver, self, &batch,
					    command_tlbi(CMD_TLBI_NH_VA, 1, i << 12, true)),
				  0);
		ASSERT_EQ(batch_submit(driver, self, &batch), 0);
		EXPECT_EQ(commands().size(), 201u);
		EXPECT_EQ(commands().back(), CMD_SYNC);
	});
}

TEST_P(SmmuDriverSync, OnAnEmptyQueueWaitsForItselfToo)
{
	run([&](struct actor *self) {
		for (uint64_t i = 1; i <= 300; i++) {
			ASSERT_EQ(cmdq_issue(driver, self, nullptr, 0, true), 0);
			ASSERT_EQ(commands().size(), i);
		}
	});
}

TEST_P(SmmuDriverSync, ManyActorsShareTheQueueThroughManyWraps)
{
	constexpr int kActors = 12, kRounds = 40;
	struct Caller {
		SmmuDriverSync *test;
		struct actor *actor;
		int number;
		int done;
	} caller[kActors];
	int finished = 0;

	for (int i = 0; i < kActors; i++) {
		caller[i] = {this, nullptr, i, 0};
		caller[i].actor = actor_start(
			&sim, "caller",
			[](struct actor *self, void *arg) {
				auto *c = static_cast<Caller *>(arg);

				for (; c->done < kRounds; c->done++) {
					struct command list[50];

					for (auto &command : list)
						command = command_tlbi(CMD_TLBI_NH_VA, 1, 0, true);
					EXPECT_EQ(cmdq_issue(c->test->driver, self, list,
							     1 + (c->number * 7 + c->done) % 50,
							     c->done % 3 != 0),
						  0);
				}
			},
			&caller[i]);
	}
	settle(PS_PER_S / 100);
	uint64_t expected = 0;
	for (Caller &c : caller) {
		EXPECT_EQ(c.done, kRounds);
		finished += actor_finished(c.actor);
		actor_forget(c.actor);
		for (int round = 0; round < kRounds; round++)
			expected += 1 + (c.number * 7 + round) % 50 + (round % 3 != 0);
	}
	EXPECT_EQ(finished, kActors);
	EXPECT_EQ(commands().size(), expected);
	EXPECT_EQ(driver->cmdq.syncs, 0u);
	EXPECT_FALSE(log_has("timeout"));
}

TEST_P(SmmuDriverSync, AnIllegalCommandIsSkippedAndTheQueueGoesOn)
{
	run([&](struct actor *self) {
		struct command list[3] = {command_tlbi(CMD_TLBI_NH_VA, 1, 0, true),
					  {{0xff, 0}},
					  command_tlbi(CMD_TLBI_NH_ASID, 1, 0, false)};

		ASSERT_EQ(cmdq_issue(driver, self, list, 3, true), 0);
	});
	settle();
	EXPECT_TRUE(log_has("Illegal command"));
	EXPECT_TRUE(log_has("skipping command in error state: 0x00000000000000ff"));
	// The replacement is a SYNC, so the sequence goes on behind it.
	EXPECT_EQ(commands().back(), CMD_SYNC);
	run([&](struct actor *self) {
		EXPECT_EQ(cmdq_issue_sync(driver, self, command_cfgi_all()), 0);
	});
}

namespace
{
using SmmuDriverEvents = SmmuHost;
}

TEST_F(SmmuDriverEvents, AreTakenOutInOrder)
{
	start();
	struct smmu_domain *domain = attached_domain();

	// More than the queue holds, but not at once.
	for (uint64_t i = 0; i < 300; i++)
		EXPECT_EQ(write(i << 12, 1), BUS_FAULT);
	ASSERT_EQ(events.size(), 300u);
	for (uint64_t i = 0; i < 300; i++) {
		EXPECT_EQ(events[i][2], i << 12);
		EXPECT_EQ(field_get(EVENT0_STREAMID, events[i][0]), kStream);
	}
	EXPECT_EQ(driver->evtq.overflows, 0u);
	// The log is limited, as the kernel's is.
	EXPECT_EQ(std::count_if(logged.begin(), logged.end(),
				[](const std::string &line) {
					return line.find("F_TRANSLATION") != std::string::npos;
				}),
		  10);
	release(domain);
}

TEST_F(SmmuDriverEvents, ThatOverflowAreLostAndToldAndTheQueueRecovers)
{
	SmmuHostOptions options;
	std::vector<std::unique_ptr<Dma>> sent;

	options.evtq_log2 = 2;
	start(options);
	struct smmu_domain *domain = attached_domain();
	for (uint64_t i = 0; i < 40; i++) {
		struct bus_port port = smmu_dma_port(smmu);

		sent.push_back(std::make_unique<Dma>(BUS_WRITE, kStream, i << 12,
						     std::vector<uint8_t>(64)));
		bus_send(&port, &sent.back()->req);
	}
	settle();
	EXPECT_GE(driver->evtq.overflows, 1u);
	EXPECT_TRUE(log_has("EVTQ overflow"));
	EXPECT_LT(events.size(), 40u);
	EXPECT_GE(events.size(), 4u);
	events.clear();
	uint32_t overflows = driver->evtq.overflows;
	EXPECT_EQ(write(0x77000, 1), BUS_FAULT);
	ASSERT_EQ(events.size(), 1u);
	EXPECT_EQ(events[0][2], 0x77000u);
	EXPECT_EQ(driver->evtq.overflows, overflows);
	// It was acknowledged, so the next one shows too, and the next.
	for (int burst = 0; burst < 2; burst++) {
		sent.clear();
		for (uint64_t i = 0; i < 40; i++) {
			struct bus_port port = smmu_dma_port(smmu);

			sent.push_back(std::make_unique<Dma>(BUS_WRITE, kStream, i << 12,
							     std::vector<uint8_t>(64)));
			bus_send(&port, &sent.back()->req);
		}
		settle();
		EXPECT_GT(driver->evtq.overflows, overflows);
		overflows = driver->evtq.overflows;
	}
	release(domain);
}
