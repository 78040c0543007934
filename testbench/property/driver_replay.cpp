/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording of drivers replays, and a copy of it in which one compared member is
 * changed does not: the replay names the line.
 */
#include <gtest/gtest.h>
#include <jansson.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "system/replay/replay.h"

namespace
{
/* How many lines are tried for each change, over the length of the recording. */
constexpr size_t Tries = 3;

using Json = std::shared_ptr<json_t>;
using Lines = std::vector<std::string>;

const char *const One = "arm64-smmu-iavf-1cpu", *const Two = "arm64-smmu-iavf-2cpu-2queues";

Lines load(const std::string &name)
{
	std::ifstream file("traces/recorded/" + name + ".jsonl");
	Lines lines;

	for (std::string line; std::getline(file, line);)
		lines.push_back(line);
	return lines;
}

Json parse(const std::string &line)
{
	return Json(json_loads(line.c_str(), 0, nullptr), json_decref);
}

std::string dump(const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	std::string line = text;

	free(text);
	return line;
}

struct Verdict {
	int result;
	bool passed;
	std::string error;
	uint64_t digest;
};

Verdict replay(const Lines &lines, const struct engine_ops *engine = &engine_native)
{
	std::string path = std::filesystem::temp_directory_path() /
			   ("vfsim-drivers-" + std::to_string(getpid()) + ".jsonl");
	std::ofstream file(path);
	struct replay_options options = {};
	struct run_result result = {};
	struct config_errors errors = {};
	Verdict verdict = {};

	for (const std::string &line : lines)
		file << line << "\n";
	file.close();
	options.path = path.c_str();
	options.seed = 1;
	options.engine = engine;
	verdict.result = replay_run(&options, &result, &errors);
	verdict.passed = !verdict.result && result.passed;
	verdict.error = verdict.result ? errors.text : result.error;
	verdict.digest = result.digest;
	std::remove(path.c_str());
	return verdict;
}

std::string text_of(json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text ? text : "";
}

/* Add to a number that is written as 0x… or as an integer. */
json_t *plus(const json_t *number, int64_t delta)
{
	char text[32];

	if (json_is_integer(number))
		return json_integer(json_integer_value(number) + delta);
	snprintf(text, sizeof(text), "0x%llx",
		 (unsigned long long)(strtoull(json_string_value(number), nullptr, 16) +
				      (uint64_t)delta));
	return json_string(text);
}

bool add(json_t *object, const char *key, int64_t delta)
{
	json_t *number = json_object_get(object, key);

	return number && !json_is_null(number) &&
	       !json_object_set_new(object, key, plus(number, delta));
}

bool add_at(json_t *array, size_t at, int64_t delta)
{
	return array && at < json_array_size(array) &&
	       !json_array_set_new(array, at, plus(json_array_get(array, at), delta));
}

/* Another digit in place of digit `at`, which counts from the end if it is negative. */
bool another_digit(json_t *line, const char *key, int at = 0)
{
	std::string text = text_of(line, key);
	size_t place = at < 0 ? text.size() - (size_t)-at : (size_t)at;

	if (place >= text.size())
		return false;
	text[place] = text[place] == '5' ? '6' : '5';
	return !json_object_set_new(line, key, json_string(text.c_str()));
}

/* A line of a kind, of a register, of what a DMA was for. */
bool is(json_t *line, const char *kind, const char *key = nullptr, const char *value = nullptr)
{
	return text_of(line, "kind") == kind && (!key || text_of(line, key) == value);
}

using Change = std::function<bool(json_t *line)>;

Change read_of(const char *name, int64_t delta)
{
	return [=](json_t *line) {
		return text_of(line, "register") == name && text_of(line, "op") == "read" &&
		       add(line, "value", delta);
	};
}

Change bytes_of(const char *what, int at)
{
	return [=](json_t *line) {
		return is(line, "dma", "what", what) && text_of(line, "op") == "write" &&
		       another_digit(line, "hex", at);
	};
}

Change elsewhere(const char *what, const char *key, int64_t delta)
{
	return [=](json_t *line) {
		return is(line, "dma", "what", what) && add(line, key, delta);
	};
}

Change member_of(const char *kind, const char *key, int64_t delta)
{
	return [=](json_t *line) {
		return is(line, kind) && add(line, key, delta);
	};
}

json_t *walk(json_t *line, const char *key)
{
	return json_object_get(json_object_get(line, "walk"), key);
}

Change level_of(size_t level, size_t part, int64_t delta)
{
	return [=](json_t *line) {
		return is(line, "dma") &&
		       add_at(json_array_get(walk(line, "pt"), level), part, delta);
	};
}

const struct Mutation {
	const char *name, *file;
	Change change;
} mutations[] = {
	{"CR0ACK", One, read_of("CR0ACK", 2)},
	{"IRQ_CTRLACK", One, read_of("IRQ_CTRLACK", 2)},
	{"CMDQ_CONS", One, read_of("CMDQ_CONS", 1)},
	{"VF_ATQH1", One, read_of("VF_ATQH1", 1)},
	{"VF_ARQH1", One, read_of("VF_ARQH1", 1)},
	{"VF_ARQLEN1", One, read_of("VF_ARQLEN1", 1)},
	{"VF_ATQBAL1", One, read_of("VF_ATQBAL1", 64)},
	{"VFINT_ICR0_ENA1", One, read_of("VFINT_ICR0_ENA1", 1 << 25)},
	{"msix_address", One, read_of("MSIX_TABLE[0].addr_lo", 4)},
	{"msix_data", One, read_of("MSIX_TABLE[1].data", 1)},
	{"msix_mask", One, read_of("MSIX_TABLE[1].ctrl", -1)},
	{"msix_enable", One, read_of("MSIX.CONTROL", 0x4000)},
	{"bus_master", One, read_of("COMMAND", 4)},
	{"command_word", One,
	 [](json_t *line) {
		 return is(line, "command") && add_at(json_object_get(line, "words"), 1, 1);
	 }},
	{"command_index", One, member_of("command", "index", 1)},
	{"command_opcode", One, member_of("command", "op", 1)},
	{"sync_write", Two, bytes_of("cmd_sync_msi", 0)},
	{"ste", One,
	 [](json_t *line) {
		 return is(line, "ste") && add_at(json_object_get(line, "words"), 0, 1);
	 }},
	{"cd", One,
	 [](json_t *line) {
		 return is(line, "cd") && add_at(json_object_get(line, "words"), 1, 0x1000);
	 }},
	{"l1std", One,
	 [](json_t *line) {
		 return add_at(walk(line, "l1std"), 1, 1);
	 }},
	{"ste_address", One,
	 [](json_t *line) {
		 return is(line, "dma") && add(json_object_get(line, "walk"), "ste", 64);
	 }},
	{"cd_address", One,
	 [](json_t *line) {
		 return is(line, "dma") && add(json_object_get(line, "walk"), "cd", 64);
	 }},
	{"level_address", One, level_of(1, 1, 8)},
	{"level_descriptor", One, level_of(3, 2, 1 << 12)},
	{"level_attribute", Two, level_of(3, 2, 1 << 8)},
	{"levels", One,
	 [](json_t *line) {
		 return is(line, "dma") && walk(line, "pt") &&
			!json_array_remove(walk(line, "pt"), 0);
	 }},
	{"translation_of_a_read", One, elsewhere("tx_buffer", "pa", 0x1000)},
	{"translation_of_a_write", Two, elsewhere("rx_buffer", "pa", 0x1000)},
	{"a_read_that_is_none", One, elsewhere("tx_desc", "iova", 0x10000000)},
	{"a_write_that_is_none", One, elsewhere("rx_writeback", "iova", 0x10000000)},
	{"atq_writeback", One, bytes_of("atq_writeback", 0)},
	{"arq_writeback", One, bytes_of("arq_writeback", 8)},
	{"tx_writeback", Two, bytes_of("tx_writeback", 1)},
	{"rx_writeback_length", Two, bytes_of("rx_writeback", 26)},
	{"rx_writeback_done", One, bytes_of("rx_writeback", 17)},
	{"rx_buffer", Two, bytes_of("rx_buffer", 40)},
	{"atq_descriptor", One,
	 [](json_t *line) {
		 return is(line, "atq_writeback") && another_digit(line, "descriptor", 1);
	 }},
	{"arq_descriptor", One,
	 [](json_t *line) {
		 return is(line, "arq") && another_digit(line, "descriptor", -1);
	 }},
	{"tx_descriptor", One,
	 [](json_t *line) {
		 return is(line, "tx_writeback") && another_digit(line, "descriptor", 17);
	 }},
	{"rx_descriptor", One,
	 [](json_t *line) {
		 return is(line, "rx") && another_digit(line, "after", 26);
	 }},
	{"fetched_tx_descriptor", Two,
	 [](json_t *line) {
		 return is(line, "tx") && another_digit(line, "descriptor", 2);
	 }},
	{"fetched_atq_descriptor", One,
	 [](json_t *line) {
		 return is(line, "atq") && another_digit(line, "descriptor", 16);
	 }},
	{"answer_status", One, member_of("arq", "v_retval", -5)},
	{"answer_opcode", One,
	 [](json_t *line) {
		 return text_of(line, "v_name") != "EVENT" && is(line, "arq") &&
			add(line, "v_opcode", 100);
	 }},
	{"request_opcode", One,
	 [](json_t *line) {
		 return is(line, "atq", "aq_name", "SEND_MSG_TO_PF") && add(line, "v_opcode", 100);
	 }},
	{"ring_base", Two, member_of("ring", "iova", 128)},
	{"ring_length", Two, member_of("ring", "count", 32)},
	{"ring_buffers", Two, member_of("ring", "buffer_size", 128)},
	{"msi_data", One, member_of("msi", "data", 1)},
	{"msi_iova", One, member_of("msi", "iova", 4)},
	{"msi_vector", One, member_of("msi", "vector", 1)},
};

void PrintTo(const Mutation &mutation, std::ostream *out)
{
	*out << mutation.name;
}

/* The lines that the change fits: the first, the last, and some between. */
std::vector<size_t> chosen(const Lines &lines, const Change &change)
{
	std::vector<size_t> all, some;

	for (size_t i = 0; i < lines.size(); i++)
		if (change(parse(lines[i]).get()))
			all.push_back(i);
	for (size_t n = 0; n < std::min(Tries, all.size()); n++)
		some.push_back(all[n * (all.size() - 1) / std::max<size_t>(1, Tries - 1)]);
	return some;
}

/* Lines from RESET_VF on: the accept list has what differs there. */
size_t reset_line(const Lines &lines)
{
	for (size_t i = 0; i < lines.size(); i++)
		if (lines[i].find("\"RESET_VF\"") != std::string::npos)
			return i;
	return lines.size();
}
} // namespace

class DriverRecording : public ::testing::TestWithParam<const char *>
{
};

TEST_P(DriverRecording, Replays)
{
	Verdict verdict = replay(load(GetParam()));

	EXPECT_TRUE(verdict.passed) << verdict.error;
	EXPECT_EQ(replay(load(GetParam())).digest, verdict.digest);
}

TEST_P(DriverRecording, ReplaysWithoutLatencies)
{
	Verdict verdict = replay(load(GetParam()), &engine_untimed);

	EXPECT_TRUE(verdict.passed) << verdict.error;
}

// Names of registers, times and what the recorder noted are for people.
TEST_P(DriverRecording, ReplaysWithoutNamesAndTimes)
{
	Lines lines = load(GetParam());

	for (size_t i = 1; i < lines.size(); i++) {
		Json line = parse(lines[i]);

		for (const char *key : {"register", "by", "v_name", "aq_name", "note", "uncertain"})
			json_object_del(line.get(), key);
		json_object_set_new(line.get(), "t_us", json_integer(0));
		lines[i] = dump(line.get());
	}
	Verdict verdict = replay(lines);
	EXPECT_TRUE(verdict.passed) << verdict.error;
}

TEST_P(DriverRecording, IsRefusedWhereALineIsNoLine)
{
	Lines lines = load(GetParam());

	lines[900] = lines[900].substr(0, lines[900].size() / 2);
	Verdict verdict = replay(lines);
	EXPECT_EQ(verdict.result, -EINVAL);
	EXPECT_NE(verdict.error.find(":901: "), std::string::npos) << verdict.error;
}

TEST_P(DriverRecording, EndsWhereALineIsLeftOut)
{
	const Lines recorded = load(GetParam());

	for (const char *kind : {"msi", "command", "arq"}) {
		Change of_kind = [&](json_t *line) {
			return is(line, kind);
		};
		std::vector<size_t> places = chosen(recorded, of_kind);
		Lines lines = recorded;

		lines.erase(lines.begin() + (long)places.at(1));
		Verdict verdict = replay(lines);
		EXPECT_FALSE(verdict.passed) << kind;
		EXPECT_NE(verdict.error.find("recorded "), std::string::npos) << verdict.error;
	}
}

INSTANTIATE_TEST_SUITE_P(Files, DriverRecording, ::testing::Values(One, Two),
			 [](const auto &file) { return file.param == One ? "one" : "two"; });

class DriverMutated : public ::testing::TestWithParam<Mutation>
{
};

TEST_P(DriverMutated, IsFoundAtItsLine)
{
	const Lines recorded = load(GetParam().file);
	const Lines before_reset(recorded.begin(), recorded.begin() + (long)reset_line(recorded));
	std::vector<size_t> places = chosen(before_reset, GetParam().change);

	EXPECT_FALSE(places.empty()) << "no line has it";
	for (size_t i : places) {
		Json line = parse(recorded[i]);
		std::string where = ":" + std::to_string(i + 1) + ": ";
		Lines lines = recorded;

		GetParam().change(line.get());
		lines[i] = dump(line.get());
		Verdict verdict = replay(lines);
		EXPECT_FALSE(verdict.passed) << where << lines[i];
		EXPECT_NE(verdict.error.find(where), std::string::npos)
			<< where << verdict.error << lines[i];
	}
}

INSTANTIATE_TEST_SUITE_P(Members, DriverMutated, ::testing::ValuesIn(mutations),
			 [](const auto &mutation) { return mutation.param.name; });
