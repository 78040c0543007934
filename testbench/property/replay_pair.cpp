/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of a recorded migration in one run: `vfsim replay SOURCE DEST --pair`. */
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cli/cli.h"

using ::testing::HasSubstr;

namespace
{
namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

Lines load(const std::string &side)
{
	std::ifstream file("traces/recorded/qemu-precopy-iommufd-iavf-" + side + ".jsonl");
	Lines lines;

	for (std::string line; std::getline(file, line);)
		lines.push_back(line);
	return lines;
}

/* Replace text of a line, which must have it. */
void change(Lines *lines, size_t number, const std::string &from, const std::string &to)
{
	std::string &line = (*lines)[number - 1];
	size_t at = line.find(from);

	ASSERT_NE(at, std::string::npos) << line;
	for (; at != std::string::npos; at = line.find(from, at + to.size()))
		line.replace(at, from.size(), to);
}

/* The files source.jsonl and destination.jsonl of a folder, and what a replay of them says. */
class Pair : public ::testing::Test
{
protected:
	void SetUp() override
	{
		folder = fs::temp_directory_path() / ("vfsim-pair-" + std::to_string(getpid()));
		fs::create_directories(folder);
	}
	void TearDown() override
	{
		fs::remove_all(folder);
	}
	std::string write(const std::string &name, const Lines &lines)
	{
		std::ofstream file(folder / name);

		for (const std::string &line : lines)
			file << line << "\n";
		return folder / name;
	}
	/* Without looking at its output: within a death test. */
	static int bare(std::vector<std::string> args)
	{
		std::string name = "vfsim replay";
		std::vector<char *> argv = {name.data()};

		for (std::string &arg : args)
			argv.push_back(arg.data());
		argv.push_back(nullptr);
		return cli_replay.run((int)argv.size() - 1, argv.data());
	}
	int replay(const std::vector<std::string> &args)
	{
		testing::internal::CaptureStdout();
		testing::internal::CaptureStderr();
		int code = bare(args);

		out = testing::internal::GetCapturedStdout();
		err = testing::internal::GetCapturedStderr();
		return code;
	}
	int pair()
	{
		return replay({"--pair", write("source.jsonl", source),
			       write("destination.jsonl", destination)});
	}
	/* What the first read of a register of BAR 0 gave on a host, in the run's own trace. */
	std::string first_read(const std::string &host, unsigned offset)
	{
		std::string what = R"("region":"bar0","offset":)" + std::to_string(offset) + ",";
		std::ifstream file(folder / "out/sequence.jsonl");

		for (std::string line; std::getline(file, line);) {
			size_t at = line.find(R"("out":)");

			if (line.find(host) != std::string::npos &&
			    line.find(R"("call":"pread")") != std::string::npos &&
			    line.find(what) != std::string::npos)
				return line.substr(at, line.find('}', at) - at + 1);
		}
		return "";
	}
	fs::path folder;
	Lines source = load("source"), destination = load("destination");
	std::string out, err;
};
} // namespace

TEST_F(Pair, ReplaysInOneRunWithAVerdictOfEach)
{
	EXPECT_EQ(pair(), CLI_OK) << out << err;
	EXPECT_THAT(out, HasSubstr("source: 849 of 849 lines performed, no difference; its stream "
				   "has 131392 bytes\n"));
	EXPECT_THAT(out, HasSubstr("destination: 210 of 210 lines performed, no difference; its "
				   "stream has 131392 bytes\n"));
	EXPECT_THAT(out, HasSubstr("16 steps of migration states"));
}

/* VF_ATQLEN1, which the source's guest wrote and the destination's reads before it writes. */
TEST_F(Pair, TheDestinationHasTheSourcesStateAndAloneItHasNot)
{
	std::string to = write("destination.jsonl", destination);

	EXPECT_EQ(replay({"--pair", write("source.jsonl", source), to, "--out", folder / "out"}),
		  CLI_OK);
	EXPECT_EQ(first_read("\"destination\"", 26624), R"("out":{"value":2147483680})");
	EXPECT_EQ(replay({to, "--out", folder / "out"}), CLI_OK);
	EXPECT_EQ(first_read("\"host\"", 26624), R"("out":{"value":0})");
}

TEST_F(Pair, TheDestinationWritesWhatTheSourceHasRead)
{
	EXPECT_EQ(replay({"--pair", write("source.jsonl", source),
			  write("destination.jsonl", destination), "--out", folder / "out"}),
		  CLI_OK);
	std::ifstream file(folder / "out/sequence.jsonl");
	int64_t ahead = 0;
	unsigned writes = 0;

	for (std::string line; std::getline(file, line);) {
		int64_t ret = std::strtoll(line.c_str() + line.rfind("\"ret\":") + 6, nullptr, 10);

		if (line.find(R"("file":"migration","call":"read")") != std::string::npos)
			ahead += ret > 0 ? ret : 0;
		if (line.find(R"("file":"migration","call":"write")") == std::string::npos)
			continue;
		writes++;
		ahead -= ret;
		EXPECT_GE(ahead, 0) << line;
	}
	EXPECT_EQ(writes, 7u);
	EXPECT_EQ(ahead, 0);
}

TEST_F(Pair, AByteLessReadIsADifferenceAtTheWriteThatHasIt)
{
	change(&source, 846, "\"ret\":65856", "\"ret\":65855");
	EXPECT_EQ(pair(), CLI_FAIL);
	EXPECT_THAT(out, HasSubstr("destination.jsonl:65: write: the stream has 131392 bytes up to "
				   "here, the source's reads gave 131391 ("));
	EXPECT_THAT(out, HasSubstr("source: 849 of 849 lines performed, no difference"));
	EXPECT_THAT(out, HasSubstr("destination: differs: "));
}

TEST_F(Pair, AByteMoreOrLessWrittenIsADifferenceAtItsLine)
{
	change(&destination, 65, "346", "345");
	EXPECT_EQ(pair(), CLI_FAIL);
	EXPECT_THAT(out, HasSubstr("destination.jsonl:65: write: the stream has 131391 bytes"));
	change(&destination, 65, "345", "347");
	EXPECT_EQ(pair(), CLI_FAIL);
	EXPECT_THAT(out, HasSubstr("destination.jsonl:65: write: the stream has 131393 bytes"));
}

TEST_F(Pair, ADifferenceOfTheSourceIsToldAndTheDestinationWaitsInVain)
{
	change(&source, 842, R"("device_state":3,"device_state_name":"STOP_COPY")",
	       R"("device_state":2,"device_state_name":"RUNNING")");
	EXPECT_EQ(pair(), CLI_FAIL);
	EXPECT_THAT(out, HasSubstr("source: differs: "));
	EXPECT_THAT(out, HasSubstr("source.jsonl:846: read: ret: recorded 65856, here -1"));
	EXPECT_THAT(out, HasSubstr("destination.jsonl:62: write: not performed: the source's "
				   "replay ended before it read this"));
}

TEST_F(Pair, ASwappedPairIsToldAtTheLineThatShowsIt)
{
	std::swap(source, destination);
	EXPECT_EQ(pair(), CLI_USAGE);
	EXPECT_THAT(err, HasSubstr("source.jsonl:59: expected a recording that reads a migration "
				   "stream"));
	EXPECT_THAT(err, HasSubstr("are the two swapped?"));
}

TEST_F(Pair, FilesThatAreNoPairAreRefused)
{
	Lines whole = destination;

	destination = Lines(whole.begin(), whole.begin() + 57);
	EXPECT_EQ(pair(), CLI_USAGE);
	EXPECT_THAT(err, HasSubstr("destination.jsonl:1: expected a recording that writes a "
				   "migration stream, as the destination of a pair does\n"));
	destination = whole;
	for (size_t i = 1; i <= destination.size(); i++)
		if (destination[i - 1].find("\"feature\":\"MIGRATION\"") != std::string::npos)
			change(&destination, i, "\"flags\":7", "\"flags\":3");
	EXPECT_EQ(pair(), CLI_USAGE);
	EXPECT_THAT(err, HasSubstr("expected the source's device: its migration has flags 0x7, "
				   "this one 0x3"));
	EXPECT_EXIT(bare({"--pair", write("source.jsonl", source)}),
		    ::testing::ExitedWithCode(CLI_USAGE), "expected two files, SOURCE and DEST");
}

TEST_F(Pair, ARecordingOfSeveralHostsIsNoSideOfAPair)
{
	std::string other = destination[0];

	other.insert(1, "\"host\":\"b\",");
	for (std::string &line : destination)
		line.insert(1, "\"host\":\"a\",");
	EXPECT_EQ(pair(), CLI_OK) << out << err;
	destination.insert(destination.begin() + 3, other);
	EXPECT_EQ(pair(), CLI_USAGE);
	EXPECT_THAT(err, HasSubstr("destination.jsonl:4: host: expected at most 8 programs on 1 "
				   "host"));
}
