/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario's file with options: YAML, schema, --set, units, rules. */
#include "testbench/fuzz/common/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	std::string content = fuzz_text(data, size);

	fuzz_load(scenario_load, fuzz_file("scenario.yaml", content), fuzz_sets(content));
	return 0;
}
