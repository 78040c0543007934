/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/scan.h"

#include <gtest/gtest.h>
#include <jansson.h>

#include <random>
#include <string>

#include "testbench/unit/traces/trace_file.h"

namespace
{
struct Scanned {
	explicit Scanned(const std::string &line) : text(line)
	{
		const char *why = trace_scan(&tokens, text.data(), text.size(), &column);

		expected = why ? why : "";
	}
	~Scanned()
	{
		trace_tokens_release(&tokens);
	}
	std::string text, expected;
	struct trace_tokens tokens = {};
	size_t column = 0;
};

bool json_takes(const std::string &text)
{
	json_t *json = json_loadb(text.data(), text.size(), JSON_DECODE_ANY, nullptr);
	bool taken = json != nullptr;

	json_decref(json);
	return taken;
}
} // namespace

TEST(TraceScan, TellsWhatWasExpectedAndWhere)
{
	const struct {
		const char *line, *expected;
		size_t column;
	} mistakes[] = {
		{R"({"a":1)", "`,` or `}`", 7},
		{R"({"a" 1})", "`:`", 6},
		{R"({a:1})", "a key in quotes", 2},
		{R"([1,])", "a value", 4},
		{R"([01])", "a number without leading zeros", 2},
		{R"(["\q"])", "an escape of JSON", 4},
		{R"(["abc)", "the end of a string", 6},
		{R"({} x)", "the end of the line", 4},
		{"", "a value", 1},
	};

	for (const auto &mistake : mistakes) {
		Scanned scanned(mistake.line);

		EXPECT_EQ(scanned.expected, mistake.expected) << mistake.line;
		EXPECT_EQ(scanned.column, mistake.column) << mistake.line;
	}
	EXPECT_EQ(Scanned(std::string(100, '[')).expected, "fewer brackets within each other");
}

TEST(TraceScan, FindsMembersAndSkipsWhatTheyHold)
{
	Scanned scanned(R"({"a":{"c":[1,{"b":2}]},"b":18446744073709551615,"n":-1})");
	const struct trace_token *root = &scanned.tokens.token[0];
	uint64_t value = 0;

	ASSERT_EQ(scanned.expected, "");
	ASSERT_TRUE(trace_token_integer(trace_scan_member(&scanned.tokens, root, "b"), &value));
	EXPECT_EQ(value, UINT64_MAX);
	ASSERT_TRUE(trace_token_integer(trace_scan_member(&scanned.tokens, root, "n"), &value));
	EXPECT_EQ(value, UINT64_MAX);
	EXPECT_EQ(trace_scan_member(&scanned.tokens, root, "c"), nullptr);
	const struct trace_token *a = trace_scan_member(&scanned.tokens, root, "a");
	EXPECT_EQ(std::string(a->at, a->len), R"({"c":[1,{"b":2}]})");
	EXPECT_FALSE(trace_token_integer(trace_scan_member(&scanned.tokens, root, "a"), &value));
	for (const char *no : {"18446744073709551616", "-9223372036854775809", "1.0", "\"1\""})
		EXPECT_FALSE(trace_token_integer(&Scanned(no).tokens.token[0], &value)) << no;
}

/* A second opinion on every line with one character changed. */
TEST(TraceScan, TakesAndRefusesAsTheJsonLibraryDoes)
{
	const std::string good = R"({"t":-12.5e+3,"s":"a\"\u00e9\n","l":[1,true,null,{}],"o":{}})";
	std::minstd_rand random(1);

	for (int i = 0; i < 20000; i++) {
		static const char bytes[] = "{}[]\",:\\.eE+-0129tfnu x";
		std::string text = good;

		text[random() % text.size()] = bytes[random() % (sizeof(bytes) - 1)];
		ASSERT_EQ(Scanned(text).expected.empty(), json_takes(text))
			<< text << "\n"
			<< Scanned(text).expected;
	}
}
