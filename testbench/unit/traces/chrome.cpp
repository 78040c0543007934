/* SPDX-License-Identifier: Apache-2.0 */
/* Chrome's trace events, read back by jansson. */
#include "traces/chrome.h"

#include <jansson.h>

#include <memory>

#include "base/calendar.h"
#include "testbench/unit/traces/trace_file.h"

class Chrome : public ::testing::Test
{
protected:
	void SetUp() override
	{
		ASSERT_EQ(chrome_open(&chrome, file.path()), 0);
	}
	/* Close, and the events as JSON. */
	json_t *events()
	{
		json_error_t error;

		EXPECT_EQ(chrome_close(&chrome), 0);
		document.reset(json_load_file(file.path(), JSON_REJECT_DUPLICATES, &error),
			       json_decref);
		EXPECT_TRUE(document) << error.text;
		return json_object_get(document.get(), "traceEvents");
	}
	json_t *event(size_t i)
	{
		if (!document)
			events();
		return json_array_get(json_object_get(document.get(), "traceEvents"), i);
	}
	std::string text(size_t i, const char *key)
	{
		const char *found = json_string_value(json_object_get(event(i), key));

		return found ? found : "";
	}
	double number(size_t i, const char *key)
	{
		return json_number_value(json_object_get(event(i), key));
	}
	json_t *argument(size_t i, const char *key)
	{
		return json_object_get(json_object_get(event(i), "args"), key);
	}
	TextFile file{""};
	struct chrome chrome;
	std::shared_ptr<json_t> document;
	const struct chrome_track track = {2, 17};
};

TEST_F(Chrome, IsADocumentWithoutAnyEvent)
{
	EXPECT_EQ(json_array_size(events()), 0u);
	/* Readers have taken the unit of display for that of the times. */
	EXPECT_EQ(json_object_get(document.get(), "displayTimeUnit"), nullptr);
}

/* Perfetto's importer: a double, times 1000, cut. */
TEST_F(Chrome, TimesThatAreCutToNanosecondsAreNotOneTooFew)
{
	std::vector<uint64_t> times_ns;

	for (uint64_t ns = 1; ns < 20000000000000; ns += ns / 300 + 1)
		times_ns.push_back(ns);
	for (uint64_t ns : times_ns)
		chrome_instant(&chrome, track, ns * PS_PER_NS, "at", NULL);
	ASSERT_EQ(json_array_size(events()), times_ns.size());
	for (size_t i = 0; i < times_ns.size(); i++)
		ASSERT_EQ((uint64_t)(number(i, "ts") * 1000), times_ns[i]);
}

TEST_F(Chrome, NamesProcessesAndTracksAndTheirPlaces)
{
	chrome_process(&chrome, 2, "source", 0);
	chrome_thread(&chrome, track, "VF 0: \"Rx\"", 5);
	ASSERT_EQ(json_array_size(events()), 4u);
	EXPECT_EQ(text(0, "name"), "process_name");
	EXPECT_STREQ(json_string_value(argument(0, "name")), "source");
	EXPECT_EQ(text(2, "ph"), "M");
	EXPECT_EQ(number(2, "tid"), 17);
	EXPECT_STREQ(json_string_value(argument(2, "name")), "VF 0: \"Rx\"");
	EXPECT_EQ(text(3, "name"), "thread_sort_index");
	EXPECT_EQ(json_integer_value(argument(3, "sort_index")), 5);
}

TEST_F(Chrome, SpansThatMeetStillMeetInWholeNanoseconds)
{
	/* Rounded by itself the first would last 1 ns longer than to the second's begin. */
	chrome_span(&chrome, track, 1900, 4100, "first", NULL);
	chrome_span(&chrome, track, 4100, 5 * PS_PER_US, "second", NULL);
	EXPECT_EQ(text(0, "ph"), "X");
	EXPECT_DOUBLE_EQ(number(0, "ts"), 0.001);
	EXPECT_DOUBLE_EQ(number(0, "dur"), 0.003);
	EXPECT_DOUBLE_EQ(number(1, "ts"), 0.004);
	EXPECT_DOUBLE_EQ(number(1, "dur"), 4.996);
}

TEST_F(Chrome, ArgumentsAreNumbersAndTexts)
{
	const struct chrome_arg args[] = {
		{"result", -22, nullptr}, {"file", 0, "a\\b"}, {nullptr, 0, nullptr}};
	const struct chrome_arg none[] = {{nullptr, 0, nullptr}};

	chrome_begin(&chrome, track, 1000000, "call", args);
	chrome_end(&chrome, track, 2000000, none);
	chrome_instant(&chrome, track, 2000000, "MSI-X", NULL);
	EXPECT_EQ(json_integer_value(argument(0, "result")), -22);
	EXPECT_STREQ(json_string_value(argument(0, "file")), "a\\b");
	EXPECT_EQ(text(1, "ph"), "E");
	EXPECT_EQ(json_object_get(event(1), "args"), nullptr);
	EXPECT_EQ(text(2, "s"), "t"); /* on its track only */
}

TEST_F(Chrome, CountersBelongToAProcess)
{
	chrome_counter(&chrome, 3, 12345678, "vf0.tx0.posted", 511);
	EXPECT_EQ(text(0, "ph"), "C");
	EXPECT_EQ(number(0, "pid"), 3);
	EXPECT_DOUBLE_EQ(number(0, "ts"), 12.345);
	EXPECT_EQ(json_integer_value(argument(0, "value")), 511);
}
