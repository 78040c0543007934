/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/unit/host/vmm_fake_kernel.hpp"

#include "base/rng.h"

extern "C" {
#include "host/guest-driver/guest_driver.h"
#include "host/vmm/migration.h"
}

#include <gmock/gmock.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include <fstream>
#include <regex>

using ::testing::ElementsAreArray;

namespace
{
constexpr uint64_t RamBase = 0x40000000, RamBytes = 16 << 20;

class Migration : public TwoHosts
{
protected:
	void SetUp() override
	{
		from = std::make_unique<struct uapi_kernel>(source.get());
		to = std::make_unique<struct uapi_kernel>(destination.get());
		struct guest_cfg guest_cfg = {RamBase, RamBytes, 4 << 20};
		struct sim_part part = {&sim, "guest", 0};
		guest_init(&guest, &guest_cfg, &part);
		struct guest_dirty_cfg dirty = {2 << 20, 20000, 1};
		dirtier = guest_dirtier_create(&guest, &dirty, "dirtier");
		struct channel_cfg link = {1000000000, 50 * PS_PER_US, 2048};
		struct channel_env env = {source->part, source->dram, source->frames};
		forth = channel_create(&link, &env);
		env = {destination->part, nullptr, nullptr};
		back = channel_create(&link, &env);
	}
	void TearDown() override
	{
		guest_dirtier_destroy(dirtier);
		act([&](struct actor *self) {
			vm_destroy(vm[0], self);
			vm_destroy(vm[1], self);
		});
		channel_destroy(forth);
		channel_destroy(back);
		EXPECT_EQ(frames_in_use(source->frames), 0u);
		EXPECT_EQ(frames_in_use(destination->frames), 0u);
		for (auto *p : fake_processes)
			delete p;
		fake_processes.clear();
	}

	/* Create both VMs, load an image, start the guest at the source. */
	void boot()
	{
		act([&](struct actor *self) {
			struct vm_cfg vm_cfg = {0,         "vm",     "/dev/vfio/devices/vfio0",
						RamBase,   RamBytes, false,
						PS_PER_US, 0x110};
			struct vm_env env = {source->part, from.get(), source->cpu, source->dram};
			ASSERT_EQ(vm_create(&vm_cfg, &env, self, &vm[0]), 0);
			env = {destination->part, to.get(), destination->cpu, destination->dram};
			ASSERT_EQ(vm_create(&vm_cfg, &env, self, &vm[1]), 0);
			vm_load_image(vm[0], 4 << 20);
			vm_set_guest(vm[0], &guest);
			ASSERT_EQ(vm_start(vm[0], self), 0);
			actor_sleep(self, PS_PER_MS);
		});
		setup_calls = from->calls;
		from->calls.clear();
		to->calls.clear();
		from->call_count = to->call_count = 0;
	}

	int migrate()
	{
		struct vmm_hooks hooks = {this, [](void *ctx, struct vm *a, struct vm *b) {
						  static_cast<Migration *>(ctx)->compare(a, b);
					  }};
		int ret = 1;

		migration = migration_create(&cfg, &hooks, vm[0], vm[1], forth, back);
		act([&](struct actor *self) { ret = migration_run(migration, self, &result); });
		migration_destroy(migration);
		migration = nullptr;
		return ret;
	}

	/* A device that writes a random page of the guest now and then. */
	void device_writes(uint64_t interval_ps)
	{
		spawn([this, interval_ps](struct actor *self) {
			struct rng rng;
			rng_init(&rng, 1, "device");
			for (uint32_t i = 1;; i++) {
				actor_sleep(self, interval_ps);
				uint64_t iova = RamBase + (8 << 20) + rng_below(&rng, 256) * 4096;
				if (from->state != VFIO_DEVICE_STATE_STOP_COPY &&
				    from->state != VFIO_DEVICE_STATE_STOP &&
				    from->state != VFIO_DEVICE_STATE_PRE_COPY_P2P)
					from->dma_write(fake_processes[0], iova, i);
			}
		});
	}

	void compare(struct vm *a, struct vm *b)
	{
		switchovers++;
		EXPECT_FALSE(guest.running);
		differing = vm_compare_memory(
			a, b,
			[](void *ctx, uint64_t gpa) {
				static_cast<Migration *>(ctx)->different.push_back(gpa);
			},
			this);
	}

	std::vector<std::string> states(const std::vector<std::string> &calls)
	{
		const std::string prefix = "VFIO_DEVICE_FEATURE MIG_DEVICE_STATE ";
		std::vector<std::string> out;
		for (const auto &c : calls)
			if (c.rfind(prefix, 0) == 0)
				out.push_back(c.substr(prefix.size()));
		return out;
	}

	std::unique_ptr<struct uapi_kernel> from, to;
	struct guest guest;
	struct guest_dirtier *dirtier;
	struct channel *forth, *back;
	struct vm *vm[2] = {nullptr, nullptr};
	struct migration *migration = nullptr;
	struct migration_cfg cfg = {MIGRATION_PRE_COPY, 5 * PS_PER_MS, 30, 0, 0, DIRTY_HTTU};
	struct migration_result result = {};
	std::vector<std::string> setup_calls;
	uint64_t differing = ~0ull;
	std::vector<uint64_t> different;
	int switchovers = 0;
};

TEST_F(Migration, MovesTheGuestAndAllItsMemory)
{
	boot();
	device_writes(20 * PS_PER_US);
	ASSERT_EQ(migrate(), 0);
	EXPECT_EQ(switchovers, 1);
	EXPECT_EQ(differing, 0u);
	EXPECT_TRUE(result.converged);
	EXPECT_TRUE(vm_running(vm[1]));
	EXPECT_TRUE(guest.running);
	EXPECT_EQ(guest.machine, vm[1]);
	EXPECT_EQ(to->loaded, from->stream);
	EXPECT_EQ(result.state_bytes, from->stream.size());
	EXPECT_EQ(result.precopy_state_bytes, 1000u);
	uint64_t writes = guest_dirtier_writes(dirtier);
	run(sim_now(&sim) + PS_PER_MS * 10);
	EXPECT_GT(guest_dirtier_writes(dirtier), writes);
}

TEST_F(Migration, StatesAreThoseOfARealVmm)
{
	boot();
	ASSERT_EQ(migrate(), 0);
	const char *const at_source[] = {"PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "STOP"};
	const char *const at_destination[] = {"RESUMING", "STOP", "RUNNING_P2P", "RUNNING"};
	EXPECT_THAT(states(from->calls), ElementsAreArray(at_source));
	EXPECT_THAT(states(to->calls), ElementsAreArray(at_destination));
	EXPECT_EQ(from->calls.back(), "exit");
}

/* Everything but what QEMU does for its own x86 memory map, ROM and BARs. */
TEST_F(Migration, SetUpCallsAreThoseOfTheRecording)
{
	std::ifstream file(VFSIM_SOURCE_DIR
			   "/traces/recorded/qemu-precopy-iommufd-iavf-source.jsonl");
	std::regex call("\"call\":\"([A-Za-z_0-9]+)\""), feature("\"feature\":\"([A-Za-z_0-9]+)\"");
	std::vector<std::string> recorded, ours;
	std::string line;

	ASSERT_TRUE(file.good());
	for (int n = 1; n <= 45 && std::getline(file, line); n++) {
		std::smatch m;
		ASSERT_TRUE(std::regex_search(line, m, call));
		std::string name = m[1];
		if (std::regex_search(line, m, feature))
			name += " " + m[1].str();
		if (name != "pread" && name != "pwrite" && name != "IOMMU_IOAS_MAP")
			recorded.push_back(name);
	}
	boot();
	for (const auto &name : setup_calls) {
		if (name != "pread" && name != "pwrite")
			ours.push_back(name);
		if (name == "VFIO_DEVICE_RESET")
			break;
	}
	EXPECT_EQ(ours, recorded);
}

TEST_F(Migration, DirtyTrackingIsOnBeforeTheFirstPageAndDeviceState)
{
	boot();
	ASSERT_EQ(migrate(), 0);
	EXPECT_EQ(from->calls[0], "IOMMU_HWPT_SET_DIRTY_TRACKING");
	EXPECT_EQ(from->calls[1], "IOMMU_HWPT_GET_DIRTY_BITMAP");
}

TEST_F(Migration, DeviceLogIsStartedReadAndComparedWithThePageTable)
{
	std::vector<uint64_t> sources;

	boot();
	from->logs = true;
	cfg.tracking = DIRTY_DEVICE;
	traced = [&](const struct trace_event &event) {
		if (event.kind != TRACE_DIRTY_SOURCE)
			return;
		EXPECT_EQ(event.arg[1], 0x110u);
		sources.insert(sources.end(), {event.arg[2], event.arg[3]});
	};
	device_writes(50 * PS_PER_US);
	ASSERT_EQ(migrate(), 0);
	EXPECT_EQ(differing, 0u);
	EXPECT_EQ(from->calls[0], "VFIO_DEVICE_FEATURE DMA_LOGGING_START");
	EXPECT_EQ(from->calls[1], "IOMMU_HWPT_SET_DIRTY_TRACKING");
	EXPECT_EQ(from->calls[2], "VFIO_DEVICE_FEATURE DMA_LOGGING_REPORT");
	/* Both are read equally often; what the page table says is not used. */
	auto calls = [&](const char *name) {
		return std::count(from->calls.begin(), from->calls.end(), name);
	};
	EXPECT_EQ(calls("VFIO_DEVICE_FEATURE DMA_LOGGING_REPORT"), result.rounds + 1);
	EXPECT_EQ(calls("IOMMU_HWPT_GET_DIRTY_BITMAP"), result.rounds + 1);
	EXPECT_EQ(sources, (std::vector<uint64_t>{DIRTY_DEVICE, 1}));
}

TEST_F(Migration, DeviceThatDoesNotLogFailsTheMigrationAndTheGuestRunsOn)
{
	boot();
	cfg.tracking = DIRTY_DEVICE;
	EXPECT_EQ(migrate(), -ENOTTY);
	EXPECT_STREQ(result.failed_step, "set-up");
	EXPECT_TRUE(vm_running(vm[0]));
}

TEST_F(Migration, CancelledMigrationStopsTheDevicesLog)
{
	boot();
	from->logs = true;
	cfg.tracking = DIRTY_DEVICE;
	from->on_call = [&](const std::string &name) {
		if (name == "VFIO_DEVICE_FEATURE MIG_DEVICE_STATE PRE_COPY")
			migration_cancel(migration);
	};
	EXPECT_EQ(migrate(), -ECANCELED);
	EXPECT_FALSE(from->logging);
	EXPECT_FALSE(from->dirty_tracking);
}

/* Without a source each round sends all pages; it ends by its number of rounds. */
TEST_F(Migration, EverythingIsSentInEachRoundUntilTheRoundsAreUsedUp)
{
	boot();
	cfg.tracking = DIRTY_EVERYTHING;
	cfg.max_rounds = 4;
	cfg.max_downtime_ps = PS_PER_US;
	device_writes(50 * PS_PER_US);
	ASSERT_EQ(migrate(), 0);
	EXPECT_EQ(differing, 0u);
	EXPECT_EQ(result.rounds, 5u);
	EXPECT_FALSE(result.converged);
	for (uint32_t i = 0; i < result.rounds; i++)
		EXPECT_EQ(result.round[i].dirty_pages, RamBytes / 4096);
	for (const std::string &name : from->calls)
		EXPECT_EQ(name.find("DIRTY"), std::string::npos) << name;
}

/* The last bitmap is read when nothing can write any more. */
TEST_F(Migration, WritesBetweenTheLastRoundAndTheStopAreCarried)
{
	boot();
	from->on_call = [&](const std::string &name) {
		if (name == "VFIO_DEVICE_FEATURE MIG_DEVICE_STATE PRE_COPY_P2P" ||
		    name == "VFIO_DEVICE_FEATURE MIG_DEVICE_STATE STOP_COPY")
			from->dma_write(fake_processes[0], RamBase + (9 << 20), from->call_count);
	};
	ASSERT_EQ(migrate(), 0);
	EXPECT_EQ(differing, 0u);
}

TEST_F(Migration, FirstRoundCarriesAllPagesAndZeroPagesCostAHeader)
{
	boot();
	ASSERT_EQ(migrate(), 0);
	const struct migration_round &first = result.round[0];
	EXPECT_EQ(first.dirty_pages, RamBytes / 4096);
	uint64_t content = first.dirty_pages - first.zero_pages;
	EXPECT_GE(content, (4u << 20) / 4096);
	uint64_t messages = (first.dirty_pages + 1023) / 1024;
	EXPECT_EQ(first.bytes, first.dirty_pages * 8 + content * 4096 + messages * 16);
	EXPECT_NEAR((double)first.time_ps, (double)first.bytes * 1000, (double)first.bytes);
}

TEST_F(Migration, RoundsShrinkUntilTheRestFits)
{
	cfg.max_downtime_ps = 200 * PS_PER_US;
	boot();
	ASSERT_EQ(migrate(), 0);
	EXPECT_GT(result.rounds, 2u);
	EXPECT_LT(result.round[1].dirty_pages, result.round[0].dirty_pages);
	EXPECT_EQ(differing, 0u);
}

TEST_F(Migration, RoundsAreLimitedWhenTheGuestIsFasterThanTheLink)
{
	cfg.max_downtime_ps = 1;
	cfg.max_rounds = 5;
	boot();
	device_writes(PS_PER_US);
	ASSERT_EQ(migrate(), 0);
	EXPECT_FALSE(result.converged);
	EXPECT_EQ(result.rounds, 6u);
	EXPECT_EQ(differing, 0u);
}

TEST_F(Migration, GivesUpWhenItDoesNotConvergeAndShallNotSwitch)
{
	cfg.max_rounds = 3;
	cfg.max_downtime_ps = 0;
	cfg.on_no_convergence = MIGRATION_GIVE_UP;
	boot();
	device_writes(PS_PER_US);
	EXPECT_EQ(migrate(), -ECANCELED);
	EXPECT_EQ(result.outcome, MIGRATION_NOT_CONVERGED);
	EXPECT_EQ(result.rounds, 3u);
	EXPECT_EQ(switchovers, 0);
	EXPECT_TRUE(guest.running);
	EXPECT_EQ(guest.machine, vm[0]);
}

TEST_F(Migration, ThatConvergesIsCompletedWhateverThePolicy)
{
	cfg.on_no_convergence = MIGRATION_GIVE_UP;
	boot();
	ASSERT_EQ(migrate(), 0);
	EXPECT_EQ(result.outcome, MIGRATION_COMPLETED);
}

/* Where a round takes no time (untimed), the link's rate says whether the rest fits. */
TEST_F(Migration, RateOfTheLinkCountsWhereRoundsTakeNoTime)
{
	sim.untimed = true;
	cfg.max_rounds = 3;
	cfg.max_downtime_ps = PS_PER_US;
	cfg.bytes_per_s = 1000;
	cfg.on_no_convergence = MIGRATION_GIVE_UP;
	boot();
	EXPECT_EQ(migrate(), -ECANCELED);
	EXPECT_EQ(result.outcome, MIGRATION_NOT_CONVERGED);
}

TEST_F(Migration, DowntimeIsFromTheVcpusStopToTheirStart)
{
	uint64_t stopped = 0, started = 0;
	boot();
	traced = [&](const struct trace_event &e) {
		if (e.kind == TRACE_VM_STATE)
			(e.arg[1] ? started : stopped) = e.time_ps;
	};
	ASSERT_EQ(migrate(), 0);
	EXPECT_EQ(result.downtime_ps, started - stopped);
	EXPECT_GT(result.downtime_ps, 50 * PS_PER_US);
}

TEST_F(Migration, ItsStepsAreToldInTheirOrderAndItsEnd)
{
	std::vector<uint64_t> steps;

	traced = [&](const struct trace_event &event) {
		if (event.kind == TRACE_MIGRATION)
			steps.push_back(event.arg[1]);
	};
	boot();
	ASSERT_EQ(migrate(), 0);
	EXPECT_EQ(steps, (std::vector<uint64_t>{MIGRATION_SETUP, MIGRATION_ROUNDS, MIGRATION_STOP,
						MIGRATION_REST, MIGRATION_HAND_OVER,
						MIGRATION_STEP_COUNT}));
	EXPECT_STREQ(migration_step_name(MIGRATION_HAND_OVER), "hand over");
	EXPECT_EQ(migration_step_name(MIGRATION_STEP_COUNT), nullptr);
}

TEST_F(Migration, StopCopyMethodReadsTheDeviceOnlyAfterTheStop)
{
	cfg.method = MIGRATION_STOP_COPY;
	boot();
	ASSERT_EQ(migrate(), 0);
	const char *const at_source[] = {"RUNNING_P2P", "STOP_COPY", "STOP"};
	EXPECT_THAT(states(from->calls), ElementsAreArray(at_source));
	EXPECT_EQ(result.precopy_state_bytes, 0u);
	EXPECT_EQ(to->loaded, from->stream);
}

TEST_F(Migration, ColdMethodSendsEverythingOnceWithTheGuestStopped)
{
	cfg.method = MIGRATION_COLD;
	boot();
	ASSERT_EQ(migrate(), 0);
	EXPECT_EQ(result.rounds, 1u);
	EXPECT_EQ(result.round[0].dirty_pages, RamBytes / 4096);
	EXPECT_EQ(differing, 0u);
}

TEST_F(Migration, DeviceWithoutP2pSkipsItsStates)
{
	from->migration_flags = to->migration_flags =
		VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_PRE_COPY;
	boot();
	ASSERT_EQ(migrate(), 0);
	const char *const at_source[] = {"PRE_COPY", "STOP_COPY", "STOP"};
	EXPECT_THAT(states(from->calls), ElementsAreArray(at_source));
}

TEST_F(Migration, DamagedDeviceStateLeavesTheGuestAtTheSource)
{
	boot();
	to->stream[5] = 0; /* what the destination expects is not what comes */
	EXPECT_EQ(migrate(), -EINVAL);
	EXPECT_EQ(switchovers, 0);
	EXPECT_TRUE(guest.running);
	EXPECT_EQ(guest.machine, vm[0]);
	EXPECT_EQ(from->state, (uint32_t)VFIO_DEVICE_STATE_RUNNING);
}

TEST_F(Migration, CancelLeavesTheGuestAtTheSource)
{
	boot();
	spawn([&](struct actor *self) {
		actor_sleep(self, 2 * PS_PER_MS);
		migration_cancel(migration);
	});
	EXPECT_EQ(migrate(), -ECANCELED);
	EXPECT_TRUE(guest.running);
	EXPECT_EQ(guest.machine, vm[0]);
	EXPECT_EQ(from->state, (uint32_t)VFIO_DEVICE_STATE_RUNNING);
	EXPECT_FALSE(from->dirty_tracking);
	EXPECT_EQ(from->open_files, 2);
	EXPECT_EQ(to->open_files, 2);
}

TEST_F(Migration, SecondAttemptAfterACancelSucceeds)
{
	boot();
	spawn([&](struct actor *self) {
		actor_sleep(self, 2 * PS_PER_MS);
		migration_cancel(migration);
	});
	EXPECT_EQ(migrate(), -ECANCELED);
	EXPECT_EQ(migrate(), 0);
	EXPECT_EQ(differing, 0u);
}

/* Whatever call fails, the guest runs, on exactly one side, with its memory. */
class MigrationFailing : public Migration, public ::testing::WithParamInterface<int>
{
};

TEST_P(MigrationFailing, GuestRunsOnOneSide)
{
	bool destination_fails = GetParam() >= 100;
	boot();
	device_writes(20 * PS_PER_US);
	(destination_fails ? to : from)->fail_at = (uint32_t)(GetParam() % 100);
	int ret = migrate();
	EXPECT_TRUE(guest.running);
	EXPECT_EQ(guest.machine, ret ? vm[0] : vm[1]);
	EXPECT_EQ(vm_running(vm[0]), ret != 0);
	if (!ret) {
		EXPECT_EQ(differing, 0u);
	}
	uint64_t writes = guest_dirtier_writes(dirtier);
	run(sim_now(&sim) + PS_PER_MS * 10);
	EXPECT_GT(guest_dirtier_writes(dirtier), writes);
}

INSTANTIATE_TEST_SUITE_P(Source, MigrationFailing, ::testing::Range(1, 30));
INSTANTIATE_TEST_SUITE_P(Destination, MigrationFailing, ::testing::Range(101, 116));

TEST_F(Migration, LostPageIsAColdPageOfTheImage)
{
	ASSERT_EQ(fault_plant(&sim.faults, "page-lost-in-stream", 1), 0);
	boot();
	ASSERT_EQ(migrate(), 0);
	ASSERT_EQ(differing, 1u);
	EXPECT_LT(different[0] - RamBase, 4u << 20);
}

TEST_F(Migration, InterruptOfTheStoppedGuestIsDeliveredAtTheDestination)
{
	int interrupts = 0;
	boot();
	guest_set_handler(
		&guest, 1, [](void *arg, uint64_t) { ++*static_cast<int *>(arg); }, &interrupts);
	act([&](struct actor *self) {
		guest_config_write(&guest, self, 0x72, 2, 4 | PCI_MSIX_FLAGS_ENABLE);
		guest_mmio_write(&guest, self, 3, 16 + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
	});
	from->on_call = [&](const std::string &name) {
		if (name == "VFIO_DEVICE_FEATURE MIG_DEVICE_STATE PRE_COPY_P2P")
			from->signal(1);
	};
	ASSERT_EQ(migrate(), 0);
	EXPECT_EQ(interrupts, 1);
	to->signal(1);
	EXPECT_EQ(interrupts, 2);
}

TEST_F(Migration, MaskedVectorKeepsItsInterruptAcrossTheMove)
{
	int interrupts = 0;
	boot();
	guest_set_handler(
		&guest, 1, [](void *arg, uint64_t) { ++*static_cast<int *>(arg); }, &interrupts);
	act([&](struct actor *self) {
		guest_config_write(&guest, self, 0x72, 2, 4 | PCI_MSIX_FLAGS_ENABLE);
		guest_mmio_write(&guest, self, 3, 16 + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
		guest_mmio_write(&guest, self, 3, 16 + PCI_MSIX_ENTRY_VECTOR_CTRL, 1);
	});
	from->signal(1);
	EXPECT_EQ(interrupts, 0);
	ASSERT_EQ(migrate(), 0);
	EXPECT_EQ(interrupts, 0);
	act([&](struct actor *self) {
		guest_mmio_write(&guest, self, 3, 16 + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
	});
	EXPECT_EQ(interrupts, 1);
}
} // namespace
