// SPDX-License-Identifier: Apache-2.0
// What nobody uses costs no time.
#include <gtest/gtest.h>

#include "base/actor.h"
#include "system/machine.h"

namespace
{
class BootedMachine : public testing::Test
{
protected:
	void SetUp() override
	{
		struct config_errors errors;

		ASSERT_EQ(sim_init(&sim_, 1, nullptr), 0);
		ASSERT_EQ(scenario_load("testbench/scenarios/nic/256-vfs.yaml", nullptr, 0, &file_,
					&errors),
			  0);
		machine_ = machine_create(&file_.cfg->machine, &sim_, &engine_native, nullptr);
		ASSERT_NE(machine_, nullptr);
		Do([](struct actor *self, void *machine) {
			struct host *host = &static_cast<struct machine *>(machine)->host[0];

			EXPECT_EQ(host_boot(host, self, nullptr), 0);
		});
	}
	void TearDown() override
	{
		Do([](struct actor *self, void *machine) {
			host_shutdown(&static_cast<struct machine *>(machine)->host[0], self);
		});
		machine_destroy(machine_);
		scenario_release(&file_);
		sim_fini(&sim_);
	}
	void Do(void (*body)(struct actor *self, void *machine))
	{
		struct actor *actor = actor_start(&sim_, "test", body, machine_);

		sim_run(&sim_, sim_now(&sim_) + PS_PER_S, nullptr);
		ASSERT_TRUE(actor_finished(actor));
		actor_forget(actor);
	}

	struct sim sim_;
	struct scenario_file file_;
	struct machine *machine_ = nullptr;
};

TEST_F(BootedMachine, VfsThatAreUpAndIdleCauseNoEvents)
{
	uint64_t fired = sim_.calendar.fired;

	EXPECT_EQ(nic_config(machine_->host[0].nic)->vfs, 256u);
	EXPECT_GT(fired, 256u) << "they came up";
	sim_run(&sim_, sim_now(&sim_) + PS_PER_S, nullptr);
	EXPECT_EQ(sim_.calendar.fired, fired);
}
} // namespace
