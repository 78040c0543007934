/* SPDX-License-Identifier: Apache-2.0 */
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <jansson.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "cli/cli.h"

using ::testing::HasSubstr;

/* Builtins called as main() calls them. */
class Cli : public ::testing::Test
{
protected:
	/* Without looking at its output: within a death test. */
	static int bare(const struct cli_builtin &builtin, std::vector<std::string> args)
	{
		std::string name = std::string("vfsim ") + builtin.name;
		std::vector<char *> argv = {name.data()};

		for (std::string &arg : args)
			argv.push_back(arg.data());
		argv.push_back(nullptr);
		return builtin.run((int)argv.size() - 1, argv.data());
	}
	int call(const struct cli_builtin &builtin, const std::vector<std::string> &args)
	{
		testing::internal::CaptureStdout();
		testing::internal::CaptureStderr();
		int code = bare(builtin, args);

		out = testing::internal::GetCapturedStdout();
		err = testing::internal::GetCapturedStderr();
		return code;
	}
	std::string out, err;
	const std::string source = "traces/recorded/qemu-precopy-iommufd-iavf-source.jsonl";
	const std::string destination =
		"traces/recorded/qemu-precopy-iommufd-iavf-destination.jsonl";
	const std::string smoke = "testbench/scenarios/smoke.yaml";
};

TEST_F(Cli, FaultsAreOneALineWithNameAndCheckFirst)
{
	EXPECT_EQ(call(cli_describe, {"faults"}), CLI_OK);
	std::istringstream lines(out);
	std::string line, name, check;
	uint32_t id = 0;

	for (; std::getline(lines, line); id++) {
		std::istringstream(line) >> name >> check;
		EXPECT_EQ(name, fault_catalogue[id].name);
		EXPECT_EQ(check, fault_catalogue[id].check);
	}
	EXPECT_EQ(id, (uint32_t)FAULT_COUNT);
}

TEST_F(Cli, EveryFaultNamesACheckThatExists)
{
	for (const auto &fault : fault_catalogue) {
		bool found = false;
		for (const auto &check : oracle_checks)
			found = found || !strcmp(check.name, fault.check);
		EXPECT_TRUE(found) << fault.name;
	}
}

TEST_F(Cli, DescribesEveryTopic)
{
	for (const char *topic : {"schema", "machine", "registers", "checks"}) {
		EXPECT_EQ(call(cli_describe, {topic}), CLI_OK) << topic;
		EXPECT_GT(out.size(), 500u) << topic;
	}
	EXPECT_EQ(call(cli_describe, {"fault"}), CLI_USAGE);
	EXPECT_THAT(err, HasSubstr("did you mean `faults`?"));
}

TEST_F(Cli, HelpOnEveryLevel)
{
	const struct cli_builtin *builtins[] = {&cli_run, &cli_replay, &cli_trace, &cli_describe};

	for (const auto *builtin : builtins)
		EXPECT_EXIT(bare(*builtin, {"--help"}), ::testing::ExitedWithCode(CLI_OK), "")
			<< builtin->name;
}

TEST_F(Cli, TraceHasHelpOfItsOwnAndOfItsCommands)
{
	for (const std::string command : {"show", "diff"})
		EXPECT_EXIT(bare(cli_trace, {command, "--help"}), ::testing::ExitedWithCode(CLI_OK),
			    "");
	EXPECT_EQ(call(cli_trace, {"shw"}), CLI_USAGE);
	EXPECT_THAT(err, HasSubstr("did you mean `show`?"));
	EXPECT_EQ(call(cli_trace, {}), CLI_USAGE);
	EXPECT_EXIT(bare(cli_trace, {"diff", source}), ::testing::ExitedWithCode(CLI_USAGE),
		    "expected two files");
}

TEST_F(Cli, TraceShowPrintsTheLinesOfAnActorAndACall)
{
	EXPECT_EQ(call(cli_trace, {"show", source, "--actor", "2", "--call", "*PRECOPY*"}), CLI_OK);
	EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 3);
	EXPECT_THAT(out, HasSubstr("   10.821708  2  migration  VFIO_MIG_GET_PRECOPY_INFO  -> "
				   "initial_bytes 64 KiB dirty_bytes 0 B = 0\n"));
	EXPECT_EQ(call(cli_trace, {"show", source, "--actor", "none"}), CLI_OK);
	EXPECT_EQ(out, "");
	EXPECT_EQ(call(cli_trace, {"show", smoke}), CLI_USAGE);
	EXPECT_EQ(err, smoke + ":1: expected a value (column 1)\n");
}

TEST_F(Cli, TraceDiffExitsWithOneWhereFilesDiffer)
{
	EXPECT_EQ(call(cli_trace, {"diff", source, source}), CLI_OK);
	EXPECT_THAT(out, HasSubstr("849 lines alike, no difference\n"));
	EXPECT_EQ(call(cli_trace, {"diff", source, destination}), CLI_FAIL);
	EXPECT_THAT(out, HasSubstr("set MIG_DEVICE_STATE RESUMING -> data_fd 21"));
	EXPECT_EQ(call(cli_trace, {"diff", source, destination, "--call", "fstat"}), CLI_OK);
	EXPECT_EQ(call(cli_trace, {"diff", source, "no/such.jsonl"}), CLI_USAGE);
	EXPECT_EQ(err, "no/such.jsonl: cannot be read: No such file or directory\n");
}

TEST_F(Cli, WrongOptionsEndWithUsage)
{
	const std::vector<std::vector<std::string>> wrong = {
		{},
		{"--nonsense", smoke},
		{"--seed", "x", smoke},
		{"--engine", "fast", smoke},
		{"--format", "xml", smoke},
		{"--plant", "nothing", smoke},
	};

	for (const auto &args : wrong)
		EXPECT_EXIT(bare(cli_run, args), ::testing::ExitedWithCode(CLI_USAGE), "");
}

TEST_F(Cli, RefusedFileIsUsageWithItsLine)
{
	EXPECT_EQ(call(cli_run, {smoke, "--set", "nic.vfs=0"}), CLI_USAGE);
	EXPECT_EQ(err, "--set nic.vfs=0: machine.nic.vfs: expected 1 to 256, not 0\n");
	EXPECT_EQ(call(cli_run, {"no/such.yaml"}), CLI_USAGE);
	EXPECT_THAT(err, HasSubstr("no/such.yaml: cannot be read"));
}

TEST_F(Cli, FolderIsRefusedAsOne)
{
	EXPECT_EQ(call(cli_run, {"testbench"}), CLI_USAGE);
	EXPECT_EQ(err, "testbench: cannot be read: Is a directory\n");
	EXPECT_EQ(call(cli_replay, {"testbench"}), CLI_USAGE);
	EXPECT_EQ(err, "testbench: cannot be read: Is a directory\n");
}

TEST_F(Cli, NothingRunsUnlessEveryFileCan)
{
	EXPECT_EQ(call(cli_run, {"--quiet", smoke, "no/such.yaml"}), CLI_USAGE);
	EXPECT_EQ(out, "");
}

TEST_F(Cli, MissingMachineFileIsToldAtItsKey)
{
	EXPECT_EQ(call(cli_run, {smoke, "--set", "machine=nowhere.yaml"}), CLI_USAGE);
	EXPECT_EQ(err, "--set machine=nowhere.yaml: machine: expected a mapping or the name of a "
		       "file: there is no nowhere.yaml\n");
}

TEST_F(Cli, QuietTellsTheFirstReason)
{
	EXPECT_EQ(call(cli_run, {"--quiet", smoke, "--plant", "packet-duplicated", "--set",
				 "traffic[0].count=400"}),
		  CLI_FAIL);
	EXPECT_THAT(out, HasSubstr("FAIL  packets: "));
	EXPECT_EQ(call(cli_run, {"--quiet", smoke, "--set",
				 "expect=[{check: memory-equal, verdict: pass}]"}),
		  CLI_FAIL);
	EXPECT_THAT(out, HasSubstr("FAIL  memory-equal: does not apply"));
}

TEST_F(Cli, SmokePassesAndSaysSo)
{
	EXPECT_EQ(call(cli_run, {smoke}), CLI_OK) << out << err;
	EXPECT_THAT(out, HasSubstr("PASS"));
	EXPECT_THAT(out, HasSubstr("ESTIMATED"));
}

TEST_F(Cli, JsonHasTheFields)
{
	ASSERT_EQ(call(cli_run, {smoke, "--format", "json", "--seed", "5"}), CLI_OK);
	json_t *object = json_loads(out.c_str(), 0, nullptr);

	ASSERT_NE(object, nullptr) << out;
	for (const char *key : {"name", "verdict", "seed", "engine", "digest", "sim_time_ps",
				"wall_s", "sockets", "checks", "migration", "packets"})
		EXPECT_NE(json_object_get(object, key), nullptr) << key;
	EXPECT_EQ(json_integer_value(json_object_get(object, "seed")), 5);
	json_t *packets = json_object_get(object, "packets");
	for (const char *key : {"sent", "received", "lost", "duplicated", "reordered"})
		EXPECT_NE(json_object_get(packets, key), nullptr) << key;
	EXPECT_EQ(json_integer_value(json_object_get(packets, "sent")), 100);
	json_t *checks = json_object_get(object, "checks");
	EXPECT_EQ(json_array_size(checks), (size_t)CHECK_COUNT);
	for (const char *key : {"name", "verdict", "count", "detail"})
		EXPECT_NE(json_object_get(json_array_get(checks, 0), key), nullptr) << key;
	json_decref(object);
}

TEST_F(Cli, FailureExitsWithOneAndPrintsTheCommand)
{
	EXPECT_EQ(call(cli_run,
		       {smoke, "--set", "traffic[0].count=2000", "--set", "traffic[0].rate=0",
			"--set", "guests.right.ring_entries=64", "--seed", "3"}),
		  CLI_FAIL)
		<< out;
	EXPECT_THAT(out, HasSubstr("again: vfsim run " + smoke +
				   " --seed 3 --engine native --set 'traffic[0].count=2000'"));
}

TEST_F(Cli, ExpectedFailurePassesAndMissingFailureFails)
{
	std::string path = "/tmp/vfsim-cli-test-" + std::to_string(getpid()) + ".yaml";
	std::ifstream from(smoke);
	std::string text((std::istreambuf_iterator<char>(from)), {});

	std::ofstream(path) << text << "expect: [{check: packets, verdict: fail, min: 1}]\n";
	EXPECT_EQ(call(cli_run, {path}), CLI_FAIL);
	EXPECT_EQ(call(cli_run,
		       {path, "--plant", "packet-duplicated", "--set", "traffic[0].count=400"}),
		  CLI_OK)
		<< out;
	EXPECT_EQ(call(cli_run, {path, "--plant", "packet-duplicated", "--set",
				 "traffic[0].count=400", "--set", "expect[0].min=2"}),
		  CLI_FAIL);
	unlink(path.c_str());
}

TEST_F(Cli, DriverRecordingPassesAndABrokenOneIsRefusedByFileAndLine)
{
	const std::string recording = "traces/recorded/arm64-smmu-iavf-1cpu.jsonl";
	const std::string broken =
		testing::TempDir() + "drivers-" + std::to_string(getpid()) + ".jsonl";
	std::ifstream whole(recording);
	std::ofstream part(broken);
	std::string line;

	EXPECT_EQ(call(cli_replay, {recording, "--quiet"}), CLI_OK) << err;
	for (int i = 0; i < 20 && std::getline(whole, line); i++)
		part << line << "\n";
	part << R"({"t_us":0,"function":"vf0","kind":"bar0","op":"read","offset":"0x2","len":4})";
	part.close();
	EXPECT_EQ(call(cli_replay, {broken, "--quiet"}), CLI_USAGE);
	EXPECT_EQ(err, broken + ":21: value: expected a number\n");
	std::remove(broken.c_str());
}
