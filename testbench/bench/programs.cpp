// SPDX-License-Identifier: Apache-2.0
// The vfsim command as its user runs it, oracle and digest included: time from start to exit,
// memory, packets a second. The best of a few runs, since the machine may be shared.
#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "testbench/bench/bench.hpp"

namespace
{
constexpr int kRuns = 5;
constexpr int kTurns = 9;
constexpr double kPackets = 200000; // of bench/packets.yaml
const std::string kFolder = VFSIM_SOURCE_DIR "/testbench/";

struct Usage {
	double wall_s, cpu_s, peak_mb;
};

double Seconds(const struct timeval &time)
{
	return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

// Replaces this process.
[[noreturn]] void Exec(std::vector<std::string> arguments)
{
	std::vector<char *> argv;
	int null = open("/dev/null", O_WRONLY);

	dup2(null, STDOUT_FILENO);
	for (std::string &argument : arguments)
		argv.push_back(argument.data());
	argv.push_back(nullptr);
	execv(argv[0], argv.data());
	_exit(127);
}

// False if it did not exit with 0.
bool RunOnce(const std::vector<std::string> &arguments, Usage *usage)
{
	// A child's peak begins with what its parent has.
	malloc_trim(0);
	auto begin = std::chrono::steady_clock::now();
	struct rusage used;
	int status;
	pid_t child = fork();

	if (!child)
		Exec(arguments);
	if (child < 0 || wait4(child, &status, 0, &used) != child)
		return false;
	*usage = {std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(),
		  Seconds(used.ru_utime) + Seconds(used.ru_stime),
		  static_cast<double>(used.ru_maxrss) / 1024};
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

// The least of each over some runs of `vfsim ARGUMENTS`.
Usage Best(benchmark::State &state, std::vector<std::string> arguments)
{
	constexpr double none = std::numeric_limits<double>::infinity();
	Usage best = {none, none, none}, usage;

	arguments.insert(arguments.begin(), VFSIM_BINARY_DIR "/vfsim");
	for (auto _ : state)
		for (int i = 0; i < kRuns; i++) {
			if (!RunOnce(arguments, &usage)) {
				state.SkipWithError("vfsim did not exit with 0");
				return best;
			}
			best = {std::min(best.wall_s, usage.wall_s),
				std::min(best.cpu_s, usage.cpu_s),
				std::min(best.peak_mb, usage.peak_mb)};
		}
	return best;
}

std::vector<std::string> Migration()
{
	return {"run", "--quiet", kFolder + "scenarios/live-migration.yaml"};
}

void live_migration_start_to_exit(benchmark::State &state)
{
	BenchValue(state, 1e3 * Best(state, Migration()).wall_s, "ms");
	BenchAtMost(state, 1000);
}

void live_migration_peak_memory(benchmark::State &state)
{
	BenchValue(state, Best(state, Migration()).peak_mb, "MiB");
	BenchAtMost(state, 200);
}

std::vector<std::string> MillionStreams()
{
	return {"run", "--quiet", kFolder + "bench/million-streams.yaml"};
}

void million_streams_start_to_exit(benchmark::State &state)
{
	BenchValue(state, 1e3 * Best(state, MillionStreams()).wall_s, "ms");
	BenchAtMost(state, 100);
}

void million_streams_peak_memory(benchmark::State &state)
{
	BenchValue(state, Best(state, MillionStreams()).peak_mb, "MiB");
	BenchAtMost(state, 300);
}

// What --out costs: runs with and without it by turns, since the machine may be shared. CPU time.
void OutCost(benchmark::State &state, const std::string &engine)
{
	const std::string dir = std::filesystem::temp_directory_path() /
				("vfsim-bench-" + std::to_string(getpid()));
	std::vector<std::string> bare = Migration(), traced;
	double without = std::numeric_limits<double>::infinity(), with = without;
	Usage usage;

	bare.insert(bare.begin(), VFSIM_BINARY_DIR "/vfsim");
	bare.insert(bare.end(), {"--engine", engine});
	traced = bare;
	traced.insert(traced.end(), {"--out", dir});
	for (auto _ : state)
		for (int i = 0; i < kTurns; i++) {
			if (!RunOnce(bare, &usage))
				state.SkipWithError("vfsim did not exit with 0");
			without = std::min(without, usage.cpu_s);
			if (!RunOnce(traced, &usage))
				state.SkipWithError("vfsim did not exit with 0");
			with = std::min(with, usage.cpu_s);
			std::filesystem::remove_all(dir);
		}
	BenchValue(state, 100 * (with / without - 1), "% of a run");
}

void writing_traces_costs(benchmark::State &state)
{
	OutCost(state, "native");
	BenchAtMost(state, 30);
}

void writing_traces_costs_systemc(benchmark::State &state)
{
	OutCost(state, "systemc");
}

// 256 VFs brought up through the mailbox, and a little traffic on all.
void vfs_256_up_start_to_exit(benchmark::State &state)
{
	BenchValue(state,
		   1e3 * Best(state, {"run", "--quiet",
				      VFSIM_SOURCE_DIR "/testbench/scenarios/nic/256-vfs.yaml"})
				   .wall_s,
		   "ms");
	BenchAtMost(state, 1000);
}

void describe_schema_start_to_exit(benchmark::State &state)
{
	BenchValue(state, 1e3 * Best(state, {"describe", "schema"}).wall_s, "ms");
	BenchAtMost(state, 50);
}

// A recording's lines read, performed and compared: the longest of each kind.
void Replay(benchmark::State &state, const std::string &name)
{
	const std::string path = VFSIM_SOURCE_DIR "/traces/recorded/" + name;

	BenchValue(state, 1e3 * Best(state, {"replay", "--quiet", path}).wall_s, "ms");
	BenchAtMost(state, 200);
}

void replay_of_a_vmm_start_to_exit(benchmark::State &state)
{
	Replay(state, "qemu-precopy-type1-source.jsonl");
}

void replay_of_drivers_start_to_exit(benchmark::State &state)
{
	Replay(state, "arm64-smmu-iavf-2cpu-2queues.jsonl");
}

// Of CPU time: what a core would do that is not shared.
double PacketsPerSecond(benchmark::State &state, const std::string &engine,
			const std::string &page_size, const std::string &burst = "1")
{
	Usage usage = Best(state, {"run", "--quiet", "--engine", engine, "--set",
				   "machine.kernel.page_size=" + page_size, "--set",
				   "traffic[0].burst=" + burst, "--set",
				   "traffic[1].burst=" + burst, kFolder + "bench/packets.yaml"});

	return kPackets / usage.cpu_s;
}

void packets_timed(benchmark::State &state)
{
	BenchValue(state, PacketsPerSecond(state, "native", "4KiB"), "packets/s");
	BenchAtLeast(state, 300000);
}

void packets_timed_2MiB_pages(benchmark::State &state)
{
	BenchValue(state, PacketsPerSecond(state, "native", "2MiB"), "packets/s");
}

void packets_untimed(benchmark::State &state)
{
	BenchValue(state, PacketsPerSecond(state, "untimed", "4KiB"), "packets/s");
	BenchAtLeast(state, 1000000);
}

void packets_untimed_2MiB_pages(benchmark::State &state)
{
	BenchValue(state, PacketsPerSecond(state, "untimed", "2MiB"), "packets/s");
}

// 32 packets a doorbell, as a program that polls hands them over.
void packets_untimed_in_bursts_of_32(benchmark::State &state)
{
	BenchValue(state, PacketsPerSecond(state, "untimed", "4KiB", "32"), "packets/s");
	BenchAtLeast(state, 1000000);
}

void packets_untimed_in_bursts_of_32_2MiB_pages(benchmark::State &state)
{
	BenchValue(state, PacketsPerSecond(state, "untimed", "2MiB", "32"), "packets/s");
}

// The same calls at other times: a recording, over and over.
std::string ManyLines(const std::string &name, unsigned delay_us)
{
	constexpr unsigned lines = 1000000;
	std::string path = std::filesystem::temp_directory_path() / name;
	std::ifstream recording(VFSIM_SOURCE_DIR
				"/traces/recorded/qemu-precopy-iommufd-iavf-source.jsonl");
	std::vector<std::string> rest;
	std::ofstream file(path);

	for (std::string line; std::getline(recording, line);)
		rest.push_back(line.substr(line.find(',')));
	for (unsigned i = 0; i < lines; i++)
		file << "{\"t_us\":" << 10 * i + delay_us << rest[i % rest.size()] << "\n";
	return path;
}

// Two files of a million lines each, read, aligned and compared.
void trace_diff_of_a_million_lines(benchmark::State &state)
{
	std::string a = ManyLines("vfsim-bench-a.jsonl", 0),
		    b = ManyLines("vfsim-bench-b.jsonl", 7);

	BenchValue(state, 1e3 * Best(state, {"trace", "diff", a, b}).wall_s, "ms");
	BenchAtMost(state, 5000);
	std::filesystem::remove(a);
	std::filesystem::remove(b);
}
} // namespace

BENCHMARK(live_migration_start_to_exit)->Iterations(1);
BENCHMARK(live_migration_peak_memory)->Iterations(1);
BENCHMARK(million_streams_start_to_exit)->Iterations(1);
BENCHMARK(million_streams_peak_memory)->Iterations(1);
BENCHMARK(writing_traces_costs)->Iterations(1);
BENCHMARK(writing_traces_costs_systemc)->Iterations(1);
BENCHMARK(vfs_256_up_start_to_exit)->Iterations(1);
BENCHMARK(describe_schema_start_to_exit)->Iterations(1);
BENCHMARK(trace_diff_of_a_million_lines)->Iterations(1);
BENCHMARK(replay_of_a_vmm_start_to_exit)->Iterations(1);
BENCHMARK(replay_of_drivers_start_to_exit)->Iterations(1);
BENCHMARK(packets_timed)->Iterations(1);
BENCHMARK(packets_timed_2MiB_pages)->Iterations(1);
BENCHMARK(packets_untimed)->Iterations(1);
BENCHMARK(packets_untimed_2MiB_pages)->Iterations(1);
BENCHMARK(packets_untimed_in_bursts_of_32)->Iterations(1);
BENCHMARK(packets_untimed_in_bursts_of_32_2MiB_pages)->Iterations(1);
