/* SPDX-License-Identifier: Apache-2.0 */
/* A timing profile, as a machine's file names it. */
#include "testbench/fuzz/common/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	std::string content = fuzz_text(data, size);
	std::string machine = fuzz_file("machine.yaml", "hosts: [host]\nprofile: profile.yaml\n");

	fuzz_file("profile.yaml", content);
	fuzz_load(machine_load, machine, fuzz_sets(content));
	return 0;
}
