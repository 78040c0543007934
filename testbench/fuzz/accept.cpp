/* SPDX-License-Identifier: Apache-2.0 */
/* An accept list. */
#include "traces/accept.h"
#include "testbench/fuzz/common/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	std::string path = fuzz_file("accept.yaml", fuzz_text(data, size));
	struct trace_accept_list list;
	char error[512] = "";

	if (trace_accept_load(&list, path.c_str(), error, sizeof(error)))
		fuzz_refusal(error);
	trace_accept_release(&list);
	return 0;
}
