// SPDX-License-Identifier: Apache-2.0
// A foreign TLM block in the place of a host's memory module turns one bit of one packet over, and
// the oracle notices.
#include "system/run.h"
#include "systemc/engine_systemc.h"
#include "systemc/foreign.h"
#include "testbench/tlm/pass_through.hpp"

#include <gmock/gmock.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace
{
/* In the smoke scenario a device's write of this size is a packet's bytes. */
constexpr unsigned PacketBytes = 1000;
constexpr uint64_t Victim = 40;

class CorruptedMemory : public testing::Test
{
protected:
	static void SetUpTestSuite()
	{
		static struct config_errors errors;
		struct run_options options = {};

		ASSERT_EQ(
			scenario_load("testbench/scenarios/smoke.yaml", nullptr, 0, &file, &errors),
			0);
		const std::string port = std::string(file.cfg->machine.hosts[0]) + ".fabric.dram";
		vfsim::engine_systemc_replace(port.c_str(), [](vfsim::ForeignSeam &seam) {
			memory = std::make_shared<PassThrough>("their_memory");
			memory->record = false;
			memory->victim_bytes = PacketBytes;
			memory->victim = Victim;
			seam.bind(memory->in);
			seam.bind_behind(memory->out);
			seam.pass_cas();
			return memory;
		});
		options.cfg = file.cfg;
		options.engine = &engine_systemc;
		ASSERT_EQ(scenario_run(&options, &result), 0);
	}

	static void TearDownTestSuite()
	{
		memory.reset();
		scenario_release(&file);
	}

	static std::string digest_line()
	{
		return "digest " + std::to_string(result.digest);
	}

	static struct scenario_file file;
	static struct run_result result;
	static std::shared_ptr<PassThrough> memory;
};

struct scenario_file CorruptedMemory::file;
struct run_result CorruptedMemory::result;
std::shared_ptr<PassThrough> CorruptedMemory::memory;
} // namespace

TEST_F(CorruptedMemory, RunComesToItsEndThroughIt)
{
	EXPECT_STREQ(result.error, "");
	EXPECT_GT(memory->writes, Victim);
	std::printf("%s\n", digest_line().c_str());
}

TEST_F(CorruptedMemory, AnotherProcessRunsTheSame)
{
	const std::string self = std::filesystem::read_symlink("/proc/self/exe");
	const std::string command = self + " --gtest_filter=*RunComesToItsEndThroughIt";
	std::unique_ptr<FILE, int (*)(FILE *)> pipe(popen(command.c_str(), "r"), pclose);
	std::string output(16384, '\0');

	output.resize(fread(output.data(), 1, output.size(), pipe.get()));
	EXPECT_THAT(output, testing::HasSubstr(digest_line() + "\n"));
}

TEST_F(CorruptedMemory, OracleFailsOnePacketAndNothingElse)
{
	EXPECT_FALSE(result.passed);
	for (uint32_t check = 0; check < CHECK_COUNT; check++) {
		const struct oracle_finding &finding = result.check[check].finding;

		if (check == CHECK_PACKETS) {
			EXPECT_EQ(finding.verdict, ORACLE_FAIL);
			EXPECT_EQ(finding.count, 1u);
			EXPECT_THAT(finding.detail, testing::HasSubstr("not intact"));
		} else {
			EXPECT_NE(finding.verdict, ORACLE_FAIL)
				<< oracle_checks[check].name << ": " << finding.detail;
		}
	}
}
