// SPDX-License-Identifier: Apache-2.0
// Runs every benchmark and prints them as one table: name, value, target, whether it is met. Of one
// that is repeated it is the least time: what else the host does only adds to it.
#include <benchmark/benchmark.h>

#include <cstdio>

#include "testbench/bench/bench.hpp"

namespace
{
class Table : public benchmark::BenchmarkReporter
{
public:
	bool ReportContext(const Context &) override
	{
		std::printf("| %-38s | %13s | %-9s | %13s | %-3s |\n", "measured", "value", "unit",
			    "target", "met");
		std::printf("|:---------------------------------------|--------------:|:----------"
			    "|--------------:|:----|\n");
		return true;
	}

	/* One benchmark's repetitions, then what the library makes of them, which is not ours. */
	void ReportRuns(const std::vector<Run> &runs) override
	{
		const Run *least = nullptr;

		for (const Run &run : runs)
			if (run.run_type == Run::RT_Iteration &&
			    (!least || run.GetAdjustedCPUTime() < least->GetAdjustedCPUTime()))
				least = &run;
		if (least)
			Print(*least);
		std::fflush(stdout);
	}

private:
	static double Counter(const Run &run, const char *name)
	{
		auto found = run.counters.find(name);

		return found == run.counters.end() ? 0 : static_cast<double>(found->second);
	}

	/* A benchmark without a value of its own is measured by its CPU time. */
	static void Print(const Run &run)
	{
		bool timed = !run.counters.count("value");
		double value = timed ? run.GetAdjustedCPUTime() : Counter(run, "value");
		double most = Counter(run, "at_most"), least = Counter(run, "at_least");
		const char *unit =
			timed ? GetTimeUnitString(run.time_unit) : run.report_label.c_str();
		char target[32] = "";
		const char *met = "";

		if (run.error_occurred) {
			std::printf("| %-38s | failed: %s\n", run.run_name.function_name.c_str(),
				    run.error_message.c_str());
			return;
		}
		if (most > 0) {
			std::snprintf(target, sizeof(target), "<= %g", most);
			met = value <= most ? "yes" : "no";
		} else if (least > 0) {
			std::snprintf(target, sizeof(target), ">= %.0f", least);
			met = value >= least ? "yes" : "no";
		}
		std::printf("| %-38s | %13.*f | %-9s | %13s | %-3s |\n",
			    run.run_name.function_name.c_str(), value < 1000 ? 1 : 0, value, unit,
			    target, met);
	}
};
} // namespace

void BenchValue(benchmark::State &state, double value, const char *unit)
{
	state.counters["value"] = value;
	state.SetLabel(unit);
}

void BenchAtMost(benchmark::State &state, double target)
{
	state.counters["at_most"] = target;
}

void BenchAtLeast(benchmark::State &state, double target)
{
	state.counters["at_least"] = target;
}

int main(int argc, char **argv)
{
	Table table;

	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return 1;
	benchmark::RunSpecifiedBenchmarks(&table);
	return 0;
}
