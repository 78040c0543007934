/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/text.h"

#include <zstd.h>

#include <string>
#include <vector>

#include "testbench/unit/traces/trace_file.h"

namespace
{
struct Opened {
	explicit Opened(const std::string &content) : file(content)
	{
		char complaint[512] = "";

		result = trace_text_open(&text, file.path(), complaint, sizeof(complaint));
		error = complaint;
		for (struct trace_text_line line = {}; !result && trace_text_next(&text, &line);)
			lines.push_back(std::to_string(line.number) + " " +
					std::string(line.at, line.len));
	}
	~Opened()
	{
		trace_text_close(&text);
	}
	TextFile file;
	struct trace_text text = {};
	int result;
	std::string error;
	std::vector<std::string> lines;
};

std::string packed(const std::string &content)
{
	std::string frame(ZSTD_compressBound(content.size()), '\0');

	frame.resize(ZSTD_compress(frame.data(), frame.size(), content.data(), content.size(), 3));
	return frame;
}
} // namespace

TEST(TraceText, CountsLinesAndLeavesBlankOnesOut)
{
	EXPECT_EQ(Opened("a\n\n \t\nb").lines, (std::vector<std::string>{"1 a", "4 b"}));
	EXPECT_TRUE(Opened("").lines.empty());
	EXPECT_TRUE(Opened("\n\n").lines.empty());
}

TEST(TraceText, UnpacksEveryFrameOfACompressedFile)
{
	std::string many;

	for (int i = 0; i < 300000; i++)
		many += "line " + std::to_string(i) + "\n";
	Opened opened(packed(many) + packed("last\n"));
	ASSERT_EQ(opened.result, 0) << opened.error;
	ASSERT_EQ(opened.lines.size(), 300001u);
	EXPECT_EQ(opened.lines[123456], "123457 line 123456");
	EXPECT_EQ(opened.lines.back(), "300001 last");
}

TEST(TraceText, CompressedDataThatIsCutOrAlteredIsRefused)
{
	std::string frame = packed(std::string(5000, 'x') + "\nabc\n"), altered = frame;

	Opened cut(frame.substr(0, frame.size() - 4));
	EXPECT_EQ(cut.result, -EINVAL);
	EXPECT_NE(cut.error.find(": expected zstd data: its end"), std::string::npos) << cut.error;
	altered[4] = '\x7f';
	altered[5] = '\x7f';
	EXPECT_EQ(Opened(altered).result, -EINVAL);
}
