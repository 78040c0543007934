/* SPDX-License-Identifier: Apache-2.0 */
/* The `vfsim` program on the scenarios of the tree. */
#include <gtest/gtest.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/fault.h"

namespace
{
struct Outcome {
	int code = -1;
	std::shared_ptr<json_t> result;

	std::string text(const char *key) const
	{
		return json_string_value(json_object_get(result.get(), key));
	}
	/* Checks that failed, by name. */
	std::vector<std::string> failed() const
	{
		std::vector<std::string> names;
		size_t i;
		json_t *check;

		json_array_foreach(
			json_object_get(result.get(), "checks"), i,
			check) if (!strcmp(json_string_value(json_object_get(check, "verdict")),
					   "fail"))
			names.push_back(json_string_value(json_object_get(check, "name")));
		return names;
	}
	int64_t number(const char *object, const char *key) const
	{
		return json_integer_value(
			json_object_get(json_object_get(result.get(), object), key));
	}
};

Outcome call(const std::string &args)
{
	std::string command = std::string(VFSIM_BINARY_DIR) + "/vfsim " + args;
	FILE *pipe = popen(command.c_str(), "r");
	std::string out;
	char buffer[4096];
	Outcome outcome;

	while (size_t n = fread(buffer, 1, sizeof(buffer), pipe))
		out.append(buffer, n);
	int status = pclose(pipe);
	outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	outcome.result.reset(json_loads(out.c_str(), 0, nullptr),
			     [](json_t *j) { json_decref(j); });
	EXPECT_TRUE(outcome.result) << command << "\n" << out;
	return outcome;
}

Outcome run(const std::string &args)
{
	return call("run --format json " + args);
}

std::vector<std::string> scenarios()
{
	std::vector<std::string> found;

	for (const auto &entry :
	     std::filesystem::recursive_directory_iterator("testbench/scenarios"))
		if (entry.path().extension() == ".yaml")
			found.push_back(entry.path().string());
	std::sort(found.begin(), found.end());
	return found;
}

std::string stem_of(const ::testing::TestParamInfo<std::string> &scenario)
{
	std::string stem = std::filesystem::path(scenario.param).stem();

	std::replace(stem.begin(), stem.end(), '-', '_');
	return stem;
}

std::string slurp(const std::string &path)
{
	std::ifstream file(path);

	return std::string((std::istreambuf_iterator<char>(file)), {});
}

/* The live migration with a small guest: the same steps, sooner. */
const std::string small = "testbench/scenarios/live-migration.yaml --set guests.vm0.memory=64MiB "
			  "--set guests.peer.memory=64MiB ";
} // namespace

class Scenario : public ::testing::TestWithParam<std::string>
{
};

TEST_P(Scenario, Passes)
{
	Outcome native = run(GetParam());

	EXPECT_EQ(native.code, 0);
	EXPECT_EQ(native.text("verdict"), "pass");
	EXPECT_EQ(json_object_size(json_object_get(native.result.get(), "sockets")), 0u);
}

TEST_P(Scenario, HasOneDigestOnNativeAndSystemC)
{
	Outcome native = run(GetParam()), systemc = run(GetParam() + " --engine systemc");

	EXPECT_EQ(systemc.code, 0);
	EXPECT_EQ(native.text("digest"), systemc.text("digest"));
	EXPECT_GT(json_object_size(json_object_get(systemc.result.get(), "sockets")), 10u);
}

TEST_P(Scenario, HasTheSameVerdictUntimed)
{
	EXPECT_EQ(run(GetParam() + " --engine untimed").code, 0);
}

INSTANTIATE_TEST_SUITE_P(All, Scenario, ::testing::ValuesIn(scenarios()), stem_of);

class Planted : public ::testing::TestWithParam<int>
{
};

TEST_P(Planted, FailsItsCheckAndNoOther)
{
	const struct fault_info &fault = fault_catalogue[GetParam()];
	/* The device's log is in use only where it is relied on; one guest has one address space.
	 */
	const std::string tracking =
		GetParam() == FAULT_DEVICE_LOG_SKIPPED ? "--set migration.tracking=device " : "";
	static const std::map<int, std::string> worlds = {
		{FAULT_TLB_TAG_IGNORED, "smmu/substreams.yaml "},
		{FAULT_PAGE_REQUEST_ANSWERED_TWICE, "smmu/pri-slow-handler.yaml "},
	};
	const auto special = worlds.find(GetParam());
	const std::string world = special == worlds.end()
					  ? small + tracking
					  : "testbench/scenarios/" + special->second;
	Outcome planted = run(world + "--plant " + fault.name);

	EXPECT_EQ(planted.code, 1);
	EXPECT_EQ(planted.failed(), std::vector<std::string>{fault.check});
}

INSTANTIATE_TEST_SUITE_P(All, Planted, ::testing::Range(0, (int)FAULT_COUNT));

TEST(Wire, ReordersAsConfiguredAndThePacketCheckAcceptsIt)
{
	const std::string held = small + "--set wire.reorder_ppm=20000 ";
	Outcome both = run(held), one_way = run(held + "--set wire.troubled=from-first");
	Outcome untimed = run(held + "--engine untimed");

	for (const Outcome *each : {&both, &one_way, &untimed})
		EXPECT_EQ(each->code, 0);
	EXPECT_GT(both.number("packets", "reordered"), 0);
	EXPECT_GT(both.number("packets", "reordered"), one_way.number("packets", "reordered"));
}

TEST(Wire, ALossThatTheScenarioDoesNotAllowFails)
{
	const std::string lossy = small + "--set wire.loss_ppm=20000 ";
	Outcome refused = run(lossy + "--set 'allow_loss=[vf-stopped, no-filter, no-buffer]'");

	EXPECT_EQ(refused.code, 1);
	EXPECT_EQ(refused.failed(), std::vector<std::string>{"packets"});
	EXPECT_EQ(run(lossy + "--set 'allow_loss=[wire, vf-stopped, no-filter, no-buffer]'").code,
		  0);
}

TEST(LiveMigration, LosesPagesWhenTheTlbCachesDirtyState)
{
	Outcome lossy = run(small + "--set smmu.cache_dirty=yes");

	EXPECT_EQ(lossy.code, 1);
	EXPECT_EQ(lossy.failed()[0], "lost-page");
	EXPECT_GT(lossy.number("migration", "pages_lost"), 0);
}

TEST(LiveMigration, LosesNothingWhenTheKernelInvalidates)
{
	Outcome careful =
		run(small + "--set smmu.cache_dirty=yes --set kernel.dirty_clear=invalidate");

	EXPECT_EQ(careful.code, 0);
	EXPECT_EQ(careful.number("migration", "pages_lost"), 0);
}

/* Each scenario's statements can fail: another world, and one that does not hold. */
struct Contrary {
	const char *scenario, *set, *statement, *found;
};

class Statement : public ::testing::TestWithParam<Contrary>
{
};

TEST_P(Statement, FailsWhereItIsNotSo)
{
	const Contrary &contrary = GetParam();
	Outcome outcome = run(std::string("testbench/scenarios/") + contrary.scenario +
			      ".yaml --set " + contrary.set);
	bool told = false;
	size_t i;
	json_t *one;

	EXPECT_EQ(outcome.code, 1);
	EXPECT_EQ(outcome.text("verdict"), "fail");
	json_array_foreach(json_object_get(outcome.result.get(), "expected"), i, one)
	{
		std::string text = json_string_value(json_object_get(one, "statement"));
		std::string found = json_string_value(json_object_get(one, "found"));

		if (text.rfind(contrary.statement, 0))
			continue;
		told = true;
		EXPECT_TRUE(json_is_false(json_object_get(one, "held"))) << text;
		EXPECT_NE(found.find(contrary.found), std::string::npos) << found;
	}
	EXPECT_TRUE(told) << contrary.statement;
}

INSTANTIATE_TEST_SUITE_P(
	Scenarios, Statement,
	::testing::Values(
		Contrary{"handshake", "traffic[0].count=400",
			 "packets from left to right: sent 500", "sent 400, received 400"},
		Contrary{"map-storm", "duration=1ms", "IOMMU: maps at least 1000", "maps "},
		Contrary{"flr-in-flight", "kernel.reset_waits=yes", "vm0 runs on only",
			 "reads under way at a reset 0"},
		Contrary{"migrate-cancel", "migration.cancel_in_round=0",
			 "the migration of vm0 is cancelled", "is completed"},
		Contrary{"migrate-cancel", "migration.cancel_in_round=1",
			 "the migration of vm0 is cancelled", "rounds 1"},
		Contrary{"migrate-without-precopy", "migration.method=cold",
			 "the migration of vm0 is completed", "rounds 1"},
		Contrary{"two-vfs-one-migrates", "migration.cancel_in_round=1",
			 "vm0 runs on destination", "runs on source"},
		Contrary{"migrate-back-and-forth", "migration.trips=3", "vm0 runs on here",
			 "runs on there"},
		Contrary{"slow-link-no-convergence", "migration_link.rate=10Gb/s",
			 "the migration of vm0 does not converge", "is completed"},
		Contrary{"slow-link-no-convergence", "migration.on_no_convergence=switch",
			 "destination: memory left", "KiB"},
		Contrary{"nic/pasid-hole", "guests.a.address_spaces.hole=8",
			 "address spaces of a, PASID 7", "received 100, events 0"},
		Contrary{"nic/pasid-hole", "guests.a.address_spaces.hole=0",
			 "address spaces: used 7", "used 8, received 800, strays 0, events 0"},
		Contrary{"nic/pasid-queues", "traffic[5].pair=6", "address spaces: used 64",
			 "used 63, received 6400"},
		Contrary{"smmu/pri-slow-handler", "machine.smmu.priq_log2=3",
			 "IOMMU: page requests at least 2000, page requests lost 0", "lost "},
		Contrary{"smmu/pri-queue-overflow", "machine.smmu.priq_log2=10",
			 "IOMMU: page requests at least 500, page requests lost", "lost 0"},
		Contrary{"smmu/pri-queue-overflow", "kernel.page_request_latency=5ms",
			 "many: refused 0, answers of the kernel at least 50",
			 "answers of the kernel"},
		Contrary{"smmu/atc-timeout", "masters.deaf.ignores_invalidations=no",
			 "IOMMU: unmaps at least 50, invalidations timed out", "timed out 0"},
		Contrary{"nic/wire-generator", "traffic[2].echo=no",
			 "packets from vm2 to wire: received at least 600", "received 0"},
		Contrary{"nic/wire-generator", "wire.reorder_ppm=20000",
			 "wire.generator: ignored 0, damaged 0, duplicated 0, reordered 0",
			 "reordered"},
		Contrary{"nic/wire-loop", "traffic[0].rate=1Gb/s",
			 "packets from vm0 to wire: received at least 2900", "lost 0"},
		Contrary{"nic/wire-pcap", "wire.direction=any", "wire.player: frames out 20",
			 "frames out 40"},
		Contrary{"nic/malicious-vf", "'guests.evil.hostile.attacks=[interrupts]'",
			 "evil found malicious at least 10", "found malicious 0"},
		Contrary{"smoke", "'expect=[{check: packets, verdict: fail}]'", "packets fails",
			 "pass"}));

/* What an invalidation that nobody answers leaves in use. */
TEST(Masters, FindAnothersDataThroughACacheThatForgetsNothing)
{
	Outcome outcome = run("testbench/scenarios/smmu/atc-timeout.yaml "
			      "--set masters.deaf.remap=200us");
	auto failed = outcome.failed();

	EXPECT_EQ(outcome.code, 1);
	EXPECT_NE(std::find(failed.begin(), failed.end(), "master-data"), failed.end());
}

/* Who waits too long fails the run; what the kernel does for others ends in order. */
TEST(Masters, ThatDoNotEndFailARunAndNothingElse)
{
	Outcome outcome = run("testbench/scenarios/smmu/pri-slow-handler.yaml "
			      "--set masters.asks.page_requests=1 "
			      "--set masters.asks.fault_latency=1s --set masters[3].remap=10us");

	EXPECT_EQ(outcome.code, 1);
	EXPECT_EQ(outcome.text("verdict"), "fail");
}

/* Other ways to move, and other machines to do it on: everything holds. */
class Variant : public ::testing::TestWithParam<const char *>
{
};

TEST_P(Variant, Passes)
{
	Outcome outcome = run(small + "--set " + GetParam());

	EXPECT_EQ(outcome.code, 0) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(LiveMigration, Variant,
			 ::testing::Values("migration.method=stop-copy", "migration.method=cold",
					   "kernel.page_size=2MiB", "kernel.strict=no",
					   "kernel.msi_window=no", "smmu.msi=no",
					   "guests.vm0.map_bar0=no", "wire.rate=10Gb/s",
					   "smmu.tlb_entries=8", "migration.max_rounds=1",
					   "nic.vfs=64", "link.reorder=2us",
					   "migration.tracking=device",
					   "migration.tracking=device --set smmu.httu=none",
					   "migration.tracking=device --set smmu.cache_dirty=yes",
					   "migration.tracking=device --engine untimed",
					   "migration.tracking=everything --engine untimed",
					   "migration.tracking=everything "
					   "--set migration.max_rounds=3"));

/* The mailbox's other way, with messages under way at the move and at resets. */
class Forward : public ::testing::TestWithParam<std::string>
{
};

TEST_P(Forward, Passes)
{
	EXPECT_EQ(run(GetParam() + " --set nic.mailbox=forward").code, 0);
}

INSTANTIATE_TEST_SUITE_P(All, Forward, ::testing::ValuesIn(scenarios()), stem_of);

TEST(Mailbox, HasOneDigestOnNativeAndSystemCForwardedToo)
{
	const std::string forward = small + "--set nic.mailbox=forward ";

	EXPECT_EQ(run(forward).text("digest"), run(forward + "--engine systemc").text("digest"));
	EXPECT_EQ(run(forward + "--engine untimed").code, 0);
}

/* A PF driver that takes its time is a scenario, not a fault. */
TEST(Mailbox, ASlowPfDriverLosesNothing)
{
	const std::string slow =
		"--set nic.mailbox=forward --set machine.timing.kernel.message=5ms";

	EXPECT_EQ(run("testbench/scenarios/nic/flr-of-one.yaml " + slow).code, 0);
	EXPECT_EQ(run(small + slow).code, 0);
}

/* Guests turn their admin queues off while the firmware has a message of theirs. */
TEST(Mailbox, ASlowFirmwareWritesNothingIntoMemoryThatGuestsHaveBack)
{
	EXPECT_EQ(run("testbench/scenarios/nic/256-vfs.yaml "
		      "--set machine.timing.firmware.command=1ms")
			  .code,
		  0);
}

/* A member of a source's row; -1: it was not asked. */
static int64_t tracking(const Outcome &outcome, const char *source, const char *member)
{
	json_t *rows =
		json_object_get(json_object_get(outcome.result.get(), "migration"), "tracking");
	size_t i;
	json_t *row;

	json_array_foreach(
		rows, i,
		row) if (!strcmp(json_string_value(json_object_get(row, "source")),
				 source)) return json_integer_value(json_object_get(row, member));
	return -1;
}

TEST(Tracking, DeviceLogIsFinerThanAPageTableOfLargeBlocks)
{
	Outcome outcome =
		run(small + "--set migration.tracking=device --set kernel.page_size=2MiB");

	EXPECT_EQ(outcome.code, 0);
	EXPECT_EQ(tracking(outcome, "device", "pages_overreported"), 0);
	EXPECT_GT(tracking(outcome, "device", "pages_reported"), 0);
	EXPECT_GT(tracking(outcome, "httu", "pages_overreported"), 1000);
	EXPECT_EQ(outcome.number("migration", "pages_overreported"), 0);
}

TEST(Tracking, DeviceLogOverReportsWhenItsMemoryIsSmall)
{
	Outcome outcome = run(small + "--set migration.tracking=device --set nic.dma_log=64");

	EXPECT_EQ(outcome.code, 0);
	EXPECT_GT(tracking(outcome, "device", "pages_overreported"), 100);
	EXPECT_EQ(tracking(outcome, "httu", "pages_overreported"), 0);
}

TEST(Tracking, WhatTheTlbMakesThePageTableLoseTheDevicesLogHas)
{
	Outcome outcome = run(small + "--set migration.tracking=device --set smmu.cache_dirty=yes");

	EXPECT_EQ(outcome.code, 0);
	EXPECT_GT(tracking(outcome, "httu", "pages_lost"), 0);
	EXPECT_EQ(tracking(outcome, "device", "pages_lost"), 0);
}

TEST(Tracking, EverythingReportsAllPagesInEachRound)
{
	Outcome outcome = run(small + "--set migration.tracking=everything "
				      "--set migration.max_rounds=3");

	EXPECT_EQ(outcome.code, 0);
	/* At the start, after each of three rounds, and when the guest is stopped. */
	EXPECT_EQ(tracking(outcome, "everything", "pages_reported"), 5 * 16384);
}

TEST(Tracking, HasOneDigestOnNativeAndSystemC)
{
	const std::string device = small + "--set migration.tracking=device ";

	EXPECT_EQ(run(device).text("digest"), run(device + "--engine systemc").text("digest"));
}

/* A report of the device's log is replayed exactly, writes in flight and all. */
TEST(Tracking, SequenceOfARunReplays)
{
	std::string dir = "/tmp/vfsim-tracking-test-" + std::to_string(getpid());

	for (const char *seed : {"1", "2", "3"}) {
		run(small + "--set migration.tracking=device --out " + dir + " --seed " + seed);
		EXPECT_NE(slurp(dir + "/sequence.jsonl").find("DMA_LOGGING_REPORT"),
			  std::string::npos);
		EXPECT_EQ(system((VFSIM_BINARY_DIR "/vfsim replay --quiet " + dir +
				  "/sequence.jsonl > /dev/null")
					 .c_str()),
			  0)
			<< seed;
	}
	std::filesystem::remove_all(dir);
}

TEST(Tracking, IsRefusedWhereTheMachineHasNoSuchSource)
{
	const std::string command = VFSIM_BINARY_DIR "/vfsim run --quiet " + small;

	for (const char *sets : {"--set migration.tracking=device --set nic.dma_log=0",
				 "--set smmu.httu=none", "--set migration.tracking=guess"})
		EXPECT_EQ(WEXITSTATUS(system((command + sets + " > /dev/null 2>&1").c_str())), 2)
			<< sets;
}

TEST(LiveMigration, FailsWhenItDoesNotEnd)
{
	Outcome cut = run(small + "--set time_limit=710ms");

	EXPECT_EQ(cut.code, 1);
	EXPECT_EQ(cut.text("error"), "the scenario did not end within 710 ms of simulated time");
}

TEST(LiveMigration, FailsWhenMemoryMayNotBeLocked)
{
	Outcome refused = run(small + "--set kernel.memlock_pages=100");

	EXPECT_EQ(refused.code, 1);
	EXPECT_EQ(refused.text("error"), "the start of a VMM failed: Cannot allocate memory");
}

TEST(LiveMigration, IsTheSameForOneSeedAndAnotherForAnother)
{
	std::string dir = "/tmp/vfsim-runs-test-" + std::to_string(getpid());
	Outcome one = run(small + "--out " + dir + "/1"), two = run(small + "--out " + dir + "/2");
	Outcome other = run(small + "--seed 2 --out " + dir + "/3");
	std::string sequence = slurp(dir + "/1/sequence.jsonl");

	EXPECT_GT(sequence.size(), 10000u);
	EXPECT_EQ(one.text("digest"), two.text("digest"));
	EXPECT_TRUE(sequence == slurp(dir + "/2/sequence.jsonl"));
	EXPECT_NE(one.text("digest"), other.text("digest"));
	EXPECT_FALSE(sequence == slurp(dir + "/3/sequence.jsonl"));
	EXPECT_EQ(other.code, 0);
	std::filesystem::remove_all(dir);
}

/* The calls on group and container of the first program, until it has its device. */
std::vector<std::string> container_calls(const std::string &path)
{
	std::ifstream file(path);
	std::vector<std::string> calls;

	for (std::string line; std::getline(file, line);) {
		json_t *json = json_loads(line.c_str(), 0, nullptr);
		const char *on = json_string_value(json_object_get(json, "file"));
		std::string call = json_string_value(json_object_get(json, "call"));

		if (on && (!strcmp(on, "group") || !strcmp(on, "container")))
			calls.push_back(call);
		json_decref(json);
		if (call == "VFIO_GROUP_GET_DEVICE_FD")
			break;
	}
	return calls;
}

/* With a container all that is mapped is dirty in each round: only the rounds' limit ends it. */
TEST(LiveMigration, ByType1EndsByItsRoundsAndReplays)
{
	std::string dir = "/tmp/vfsim-runs-type1-" + std::to_string(getpid());
	Outcome moved = run(small + "--set migration.tracking=type1 --set migration.max_rounds=3 " +
			    "--set migration.max_downtime=1ms --out " + dir);
	const json_t *migration = json_object_get(moved.result.get(), "migration");
	const json_t *rounds = json_object_get(migration, "rounds");

	EXPECT_EQ(moved.code, 0);
	ASSERT_EQ(json_array_size(rounds), 4u);
	for (size_t i = 0; i < json_array_size(rounds); i++)
		EXPECT_EQ(json_integer_value(
				  json_object_get(json_array_get(rounds, i), "dirty_pages")),
			  16384);
	EXPECT_EQ(moved.number("migration", "pages_lost"), 0);
	EXPECT_GT(moved.number("migration", "pages_overreported"), 3 * 15000);
	std::vector<std::string> recorded =
		container_calls("traces/recorded/qemu-precopy-type1-source.jsonl");
	/* A second range is the recorded guest's ROM. */
	recorded.erase(std::find(recorded.begin(), recorded.end(), "VFIO_IOMMU_MAP_DMA"));
	EXPECT_EQ(container_calls(dir + "/sequence.jsonl"), recorded);
	EXPECT_EQ(call("replay --format json " + dir + "/sequence.jsonl").code, 0);
	std::filesystem::remove_all(dir);
}
