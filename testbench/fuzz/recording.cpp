/* SPDX-License-Identifier: Apache-2.0 */
/* A recording: reader, codecs both ways, comparison, what is found in it before a replay. */
#include "system/replay/player.h"
#include "system/replay/presented.h"
#include "testbench/fuzz/common/fuzz.hpp"
#include "testbench/fuzz/common/lines.hpp"
#include "traces/compare.h"

namespace
{
/* Decode, compare with what was decoded, encode, compare with what was recorded. */
void travel(const struct trace_line &line, struct trace_relation *ids)
{
	const struct trace_call *call = trace_call_by_name(line.call);
	struct trace_difference difference;
	struct trace_argument argument;
	const char *why;
	json_t *out;

	if (!call)
		return;
	why = trace_call_decode(call, line.in, &argument);
	if (why && !*why)
		fuzz_finding("a refusal that says nothing", line.call);
	if (!why && trace_compare_in(&line, call, &argument, &difference)) {
		out = trace_call_encode(call, &argument, TRACE_OUT);
		trace_compare_result(&line, line.ret < 0 ? -line.error : line.ret, nullptr,
				     &difference);
		trace_compare_out(&line, call, out, ids, nullptr, &difference);
		json_decref(out);
	}
	trace_argument_release(&argument);
}

void look_through(const struct trace_file &file)
{
	struct presented_device presented;
	struct trace_relation ids = {};
	char text[160];

	for (uint32_t i = 0; i < file.lines; i++)
		if (!file.line[i].is_device)
			travel(file.line[i], &ids);
	presented_find(&presented, &file, file.line[0].host);
	presented_describe(&presented, text, sizeof(text));
	trace_relation_release(&ids);
}
} // namespace

FUZZ_LINES

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	std::string path = fuzz_file("recording.jsonl", fuzz_text(data, size));
	struct trace_file file;
	char error[512] = "";

	if (trace_file_load(&file, path.c_str(), error, sizeof(error))) {
		fuzz_refusal(error);
		return 0;
	}
	look_through(file);
	trace_file_release(&file);
	return 0;
}
