/* SPDX-License-Identifier: Apache-2.0 */
/* What `vfsim trace` reads: every line shown, and two files compared both ways. */
#include <cstdio>

#include "testbench/fuzz/common/fuzz.hpp"
#include "testbench/fuzz/common/lines.hpp"
#include "traces/diff.h"
#include "traces/show.h"

namespace
{
FILE *nowhere()
{
	static FILE *file = std::fopen("/dev/null", "w");

	return file;
}

void show(const std::string &path)
{
	struct trace_text text;
	struct trace_show show;
	struct trace_tokens tokens = {};
	struct trace_text_line line = {};
	struct trace_record record;
	char error[512] = "";
	size_t column;

	if (trace_text_open(&text, path.c_str(), error, sizeof(error))) {
		fuzz_refusal(error);
		return;
	}
	if (!trace_show_init(&show, nowhere()))
		while (trace_text_next(&text, &line))
			if (!trace_record_read(&record, &tokens, &line, &column))
				trace_show_line(&show, "", &record);
	trace_show_fini(&show);
	trace_tokens_release(&tokens);
	trace_text_close(&text);
}

/* How many differences; -1 for a file that is refused. */
int64_t compare(const std::string &a, const std::string &b)
{
	struct trace_diff_options options = {};
	uint64_t differences = 0;
	char error[512] = "";

	options.path[0] = a.c_str();
	options.path[1] = b.c_str();
	options.context = 3;
	if (trace_diff(&options, nowhere(), &differences, error, sizeof(error))) {
		fuzz_refusal(error);
		return -1;
	}
	return static_cast<int64_t>(differences);
}
} // namespace

FUZZ_LINES

/* The second file is what stands behind a line of `#`, if there is one. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	std::string content = fuzz_text(data, size);
	size_t mark = content.find("\n#\n");
	std::string a = fuzz_file("a.jsonl", content.substr(0, mark));
	std::string b =
		mark == std::string::npos ? a : fuzz_file("b.jsonl", content.substr(mark + 3));
	int64_t there = compare(a, b), back = compare(b, a);

	show(a);
	show(b);
	if (a == b && there > 0)
		fuzz_finding("a file that differs from itself", content);
	if ((there > 0) != (back > 0))
		fuzz_finding("a difference one way only", content);
	return 0;
}
