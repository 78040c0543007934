/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording replays, and a copy of it in which one compared member is changed
 * does not: the replay names the line. Every kind of call and every member is
 * tried, at the first lines that have it.
 */
#include <gtest/gtest.h>
#include <jansson.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "system/replay/replay.h"

namespace
{
/* How many lines of one kind are tried for each change. */
constexpr unsigned Tries = 2;

using Json = std::shared_ptr<json_t>;
using Lines = std::vector<std::string>;

Lines load(const std::string &side)
{
	std::ifstream file("traces/recorded/qemu-precopy-iommufd-iavf-" + side + ".jsonl");
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

std::string dump_value(const json_t *json)
{
	return std::to_string(json_integer_value(json));
}

struct Verdict {
	int result;
	bool passed;
	std::string error;
};

Verdict replay(const Lines &lines)
{
	std::string path = std::filesystem::temp_directory_path() /
			   ("vfsim-replay-" + std::to_string(getpid()) + ".jsonl");
	std::ofstream file(path);
	struct replay_options options = {};
	struct run_result result;
	struct config_errors errors;
	Verdict verdict;

	for (const std::string &line : lines)
		file << line << "\n";
	file.close();
	options.path = path.c_str();
	options.seed = 1;
	options.engine = &engine_native;
	verdict.result = replay_run(&options, &result, &errors);
	verdict.passed = !verdict.result && result.passed;
	verdict.error = verdict.result ? errors.text : result.error;
	std::remove(path.c_str());
	return verdict;
}

/* A change of one member: false when the line does not have it. */
using Change = std::function<bool(json_t *line)>;

json_t *member(json_t *json, const std::string &path)
{
	size_t dot = path.find('.');

	if (dot == std::string::npos)
		return json_object_get(json, path.c_str());
	return member(json_object_get(json, path.substr(0, dot).c_str()), path.substr(dot + 1));
}

bool add(json_t *line, const std::string &path, json_int_t delta)
{
	json_t *value = member(line, path);

	return json_is_integer(value) &&
	       !json_integer_set(value, json_integer_value(value) + delta);
}

bool has_result(json_t *line)
{
	return json_is_integer(json_object_get(line, "ret"));
}

Change plus(const std::string &path, json_int_t delta = 1)
{
	return [=](json_t *line) {
		return add(line, path, delta);
	};
}

bool succeed_instead(json_t *line)
{
	if (!json_object_get(line, "errno"))
		return false;
	json_object_del(line, "errno");
	return !json_object_set_new(line, "ret", json_integer(0));
}

bool fail_instead(json_t *line)
{
	if (!has_result(line) || json_object_get(line, "errno"))
		return false;
	json_object_set_new(line, "errno", json_string("EINVAL"));
	return !json_object_set_new(line, "ret", json_integer(-1));
}

bool another_errno(json_t *line)
{
	return json_object_get(line, "errno") &&
	       !json_object_set_new(line, "errno", json_string("EPERM"));
}

bool another_ret(json_t *line)
{
	return !json_object_get(line, "errno") && add(line, "ret", 1);
}

/* A state that is asked for, with its name: another arc, or another end of it. */
bool another_state(json_t *line)
{
	json_t *state = member(line, "in.payload.device_state");

	if (!state)
		return false;
	json_integer_set(state, json_integer_value(state) == 3 ? 4 : 3);
	json_object_set_new(member(line, "in.payload"), "device_state_name",
			    json_string(json_integer_value(state) == 3 ? "STOP_COPY" : "RESUMING"));
	return true;
}

bool a_descriptor_instead_of_none(json_t *line)
{
	json_t *fd = member(line, "out.payload.data_fd");

	return fd && !json_integer_set(fd, json_integer_value(fd) < 0 ? 30 : -1);
}

bool another_eventfd(json_t *line)
{
	json_t *eventfd = json_object_get(line, "eventfd");

	return eventfd &&
	       !json_object_set_new(line, "eventfd",
				    json_is_null(eventfd) ? json_integer(19) : json_null());
}

bool one_dirty_page_more(json_t *line)
{
	json_t *dirty = member(line, "out.dirty");

	return json_is_array(dirty) && !json_array_append_new(dirty, json_integer(0x100000));
}

const struct Mutation {
	const char *name;
	Change change;
} mutations[] = {
	{"succeed_instead", succeed_instead},
	{"fail_instead", fail_instead},
	{"another_errno", another_errno},
	{"another_ret", another_ret},
	{"another_state", another_state},
	{"data_fd", a_descriptor_instead_of_none},
	{"eventfd", another_eventfd},
	{"dirty", one_dirty_page_more},
	{"dma_iova", plus("iova", json_int_t(1) << 40)},
	{"in_iova", plus("in.iova")},
	{"in_start", plus("in.start")},
	{"in_length",
	 [](json_t *line) {
		 /* An unmap may ask for more than there is. */
		 return strcmp(json_string_value(json_object_get(line, "call")),
			       "IOMMU_IOAS_UNMAP") &&
			add(line, "in.length", 1);
	 }},
	{"in_ioas_id", plus("in.ioas_id", 40)},
	{"in_hwpt_id", plus("in.hwpt_id", 40)},
	{"in_pt_id", plus("in.pt_id", 40)},
	{"in_dev_id", plus("in.dev_id", 40)},
	{"out_iova", plus("out.iova")},
	{"out_length", plus("out.length")},
	{"out_num_iovas", plus("out.num_iovas")},
	{"out_alignment", plus("out.out_iova_alignment")},
	{"out_flags", plus("out.flags", 256)},
	{"out_argsz", plus("out.argsz")},
	{"out_size", plus("out.size")},
	{"out_offset", plus("out.offset")},
	{"out_num_regions", plus("out.num_regions")},
	{"out_num_irqs", plus("out.num_irqs")},
	{"out_cap_offset", plus("out.cap_offset")},
	{"out_dirty_count", plus("out.dirty_count")},
	{"out_initial_bytes", plus("out.initial_bytes")},
	{"out_dirty_bytes", plus("out.dirty_bytes")},
	{"out_state", plus("out.payload.device_state")},
	{"out_st_mode", plus("out.st_mode")},
	{"out_st_rdev_minor", plus("out.st_rdev_minor")},
};

void PrintTo(const Mutation &mutation, std::ostream *out)
{
	*out << mutation.name;
}

/* Out members that the first answer decides: a change of the first line is no difference. */
bool is_presented(const std::string &mutation, json_t *line)
{
	const char *feature = json_string_value(member(line, "in.feature"));
	const json_t *initial = member(line, "out.initial_bytes");

	if (mutation == "out_initial_bytes")
		return json_integer_value(initial) > 0;
	return mutation == "fail_instead" && feature && !strcmp(feature, "MIGRATION");
}

/* The call, and for a feature which one; device events by their kind. */
std::string kind_of(json_t *line)
{
	const char *event = json_string_value(json_object_get(line, "event"));
	const char *feature = json_string_value(member(line, "in.feature"));

	return std::string(json_string_value(json_object_get(line, "call"))) + (event     ? event
										: feature ? feature
											  : "");
}
} // namespace

class Recording : public ::testing::TestWithParam<const char *>
{
};

TEST_P(Recording, Replays)
{
	Verdict verdict = replay(load(GetParam()));

	EXPECT_TRUE(verdict.passed) << verdict.error;
}

TEST_P(Recording, IsRefusedWhereALineIsNoLine)
{
	Lines lines = load(GetParam());

	lines[40] = lines[40].substr(0, lines[40].size() / 2);
	Verdict verdict = replay(lines);
	EXPECT_EQ(verdict.result, -EINVAL);
	EXPECT_NE(verdict.error.find(":41: "), std::string::npos) << verdict.error;
}

/* The first line that holds `part`; its number. */
size_t find_line(const Lines &lines, const std::string &part)
{
	size_t i = 0;

	while (i < lines.size() && lines[i].find(part) == std::string::npos)
		i++;
	return i;
}

void replace(std::string *line, const std::string &from, const std::string &to)
{
	line->replace(line->find(from), from.size(), to);
}

TEST(Replay, RefusesAStateThatNoDeviceHasAtItsLine)
{
	Lines lines = load("source");
	size_t at = find_line(lines, "\"stop_copy_length\":65856");

	replace(&lines[at], "65856", "268435457");
	Verdict verdict = replay(lines);
	EXPECT_EQ(verdict.result, -EINVAL);
	EXPECT_NE(verdict.error.find(":" + std::to_string(at + 1) +
				     ": expected a device state of at most 256 MiB"),
		  std::string::npos)
		<< verdict.error;
}

TEST(Replay, RefusesDevicesWhoseNumbersAreFarApartAtTheirLine)
{
	Lines lines = load("source");
	size_t at = find_line(lines, "/dev/vfio/devices/vfio0");
	std::string other =
		R"({"t_us":0,"host":"host.peer","thread":"main","fd":15,)"
		R"("file":"device","call":"open",)"
		R"("in":{"path":"/dev/vfio/devices/vfio8","flags":2},"out":{},"ret":15})";

	lines.insert(lines.begin() + static_cast<long>(at) + 1, other);
	Verdict verdict = replay(lines);
	EXPECT_EQ(verdict.result, -EINVAL);
	EXPECT_NE(verdict.error.find(":" + std::to_string(at + 2) + ": in.path: "),
		  std::string::npos)
		<< verdict.error;
}

INSTANTIATE_TEST_SUITE_P(Sides, Recording, ::testing::Values("source", "destination"),
			 [](const auto &side) { return side.param; });

/*
 * The recorded source as if its device logged DMA and the program asked for that
 * as well: started with the page table's tracking, and read with each bitmap of
 * the page table. The same writes, so the same pages.
 */
Lines with_logging()
{
	const Lines recorded = load("source");
	Lines lines;

	for (const std::string &text : recorded) {
		Json line = parse(text);
		const char *call = json_string_value(json_object_get(line.get(), "call"));
		const char *feature = json_string_value(member(line.get(), "in.feature"));

		if (feature && !strcmp(feature, "DMA_LOGGING_START")) {
			json_object_del(line.get(), "errno");
			json_object_set_new(line.get(), "ret", json_integer(0));
		}
		lines.push_back(dump(line.get()));
		std::string device = R"(,"thread":"main","fd":15,"file":"device",)"
				     R"("call":"VFIO_DEVICE_FEATURE","in":)";
		std::string head =
			R"({"t_us":)" +
			std::to_string(json_integer_value(json_object_get(line.get(), "t_us"))) +
			device;
		if (!strcmp(call, "IOMMU_HWPT_SET_DIRTY_TRACKING"))
			lines.push_back(head +
					R"({"argsz":32,"flags":131078,"op":"set",)"
					R"("feature":"DMA_LOGGING_START","payload":{)"
					R"("page_size":4096,"num_ranges":1,"ranges":[)"
					R"({"iova":0,"length":268435456}]}},"out":{"payload":)"
					R"({"page_size":4096}},"ret":0})");
		if (!strcmp(call, "IOMMU_HWPT_GET_DIRTY_BITMAP"))
			lines.push_back(head +
					R"({"argsz":40,"flags":65544,"op":"get",)"
					R"("feature":"DMA_LOGGING_REPORT","payload":{"iova":)" +
					dump_value(member(line.get(), "in.iova")) +
					R"(,"length":)" +
					dump_value(member(line.get(), "in.length")) +
					R"(,"page_size":4096}},"out":)" +
					dump(json_object_get(line.get(), "out")) + R"(,"ret":0})");
	}
	return lines;
}

TEST(DeviceLogging, ReportsWhatTheRecordedDeviceWrote)
{
	Lines lines = with_logging();
	Verdict verdict = replay(lines);

	EXPECT_GT(lines.size(), load("source").size() + 3);
	EXPECT_TRUE(verdict.passed) << verdict.error;
}

TEST(DeviceLogging, AnyOtherReportIsADifference)
{
	const Lines recorded = with_logging();
	unsigned reports = 0;

	for (size_t i = 0; i < recorded.size(); i++) {
		Json line = parse(recorded[i]);
		const char *feature = json_string_value(member(line.get(), "in.feature"));

		if (!feature || strcmp(feature, "DMA_LOGGING_REPORT") || reports >= 4)
			continue;
		reports++;
		one_dirty_page_more(line.get());
		Lines lines = recorded;
		lines[i] = dump(line.get());
		Verdict verdict = replay(lines);
		EXPECT_FALSE(verdict.passed);
		EXPECT_NE(verdict.error.find(":" + std::to_string(i + 1) + ": "), std::string::npos)
			<< verdict.error;
	}
	EXPECT_EQ(reports, 4u);
}

class Mutated : public ::testing::TestWithParam<Mutation>
{
};

TEST_P(Mutated, IsFoundAtItsLine)
{
	std::map<std::string, unsigned> tried;
	unsigned replays = 0;

	for (const char *side : {"source", "destination"}) {
		const Lines recorded = load(side);

		for (size_t i = 0; i < recorded.size(); i++) {
			Json line = parse(recorded[i]);
			std::string kind = kind_of(line.get());

			if (tried[kind] >= Tries || is_presented(GetParam().name, line.get()) ||
			    !GetParam().change(line.get()))
				continue;
			tried[kind]++;
			replays++;
			Lines lines = recorded;
			lines[i] = dump(line.get());
			Verdict verdict = replay(lines);
			std::string where = ":" + std::to_string(i + 1) + ": ";
			EXPECT_FALSE(verdict.passed) << side << where << kind;
			EXPECT_NE(verdict.error.find(where), std::string::npos)
				<< side << where << kind << ": " << verdict.error;
		}
	}
	EXPECT_GT(replays, 0u) << "no line has it";
}

INSTANTIATE_TEST_SUITE_P(Members, Mutated, ::testing::ValuesIn(mutations),
			 [](const auto &mutation) { return mutation.param.name; });
