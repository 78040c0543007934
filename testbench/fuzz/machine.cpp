/* SPDX-License-Identifier: Apache-2.0 */
/* A machine's file with options, as a replay reads it. */
#include "testbench/fuzz/common/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	std::string content = fuzz_text(data, size);

	fuzz_load(machine_load, fuzz_file("machine.yaml", content), fuzz_sets(content));
	return 0;
}
