/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording, or a pair with a line of `#` between the two, performed on a small machine: whatever
 * its lines ask of the kernel logic, the SMMU and the device ends in a verdict.
 */
#include "system/replay/replay.h"
#include "testbench/fuzz/common/fuzz.hpp"
#include "testbench/fuzz/common/lines.hpp"

namespace
{
/* So small that what a recording maps, dirties or waits for takes a bounded time. */
const char *const Machine = "hosts: [host]\n"
			    "memory: 256MiB\n"
			    "kernel: {msi_window: no, trap_bars: yes}\n";
} // namespace

FUZZ_LINES

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const std::string machine = fuzz_file("recorded-device.yaml", Machine);
	static const std::string accept = fuzz_file("accept.yaml", "[]\n");
	std::string content = fuzz_text(data, size), path, destination;
	size_t mark = content.find("\n#\n");
	struct config_errors errors = {};
	struct replay_options options = {};
	struct run_result result;
	int rc;

	path = fuzz_file("recording.jsonl", content.substr(0, mark));
	options.path = path.c_str();
	if (mark != std::string::npos) {
		destination = fuzz_file("destination.jsonl", content.substr(mark + 3));
		options.destination_path = destination.c_str();
	}
	options.machine_path = machine.c_str();
	options.accept_path = accept.c_str();
	options.seed = 1;
	options.engine = &engine_native;
	options.hooks = fuzz_hooks();
	rc = replay_run(&options, &result, &errors);
	if (rc == -ENOMEM)
		return 0;
	fuzz_loaded(rc, errors);
	if (!rc && result.cut)
		fuzz_finding("a replay that does not end", result.error);
	if (!rc && !result.passed && result.error[0])
		fuzz_refusal(result.error);
	return 0;
}
