/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording replays, and a copy of it in which one compared member is changed
 * does not: the replay names the line. Every kind of call and every member is
 * tried, at the first lines that have it.
 */
#include <gtest/gtest.h>
#include <jansson.h>
#include <unistd.h>

#include <algorithm>
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

/* The first are tried first: what they have is not tried again in the others. */
const char *const recordings[] = {
	"iommufd-iavf-source", "iommufd-iavf-destination", "type1-source",
	"type1-destination",   "dma-logging-source",       "dma-logging-destination",
};

Lines load(const std::string &recording)
{
	std::ifstream file("traces/recorded/qemu-precopy-" + recording + ".jsonl");
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

/* The result alone: the error's name says another. */
bool succeed_with_errno(json_t *line)
{
	return json_object_get(line, "errno") && !json_object_set_new(line, "ret", json_integer(0));
}

bool fail_without_errno(json_t *line)
{
	return has_result(line) && !json_object_get(line, "errno") &&
	       !json_object_set_new(line, "ret", json_integer(-1));
}

bool another_errno(json_t *line)
{
	return json_object_get(line, "errno") &&
	       !json_object_set_new(line, "errno", json_string("EPERM"));
}

bool another_ret(json_t *line)
{
	/* A descriptor's number is free. */
	return !json_object_get(line, "errno") &&
	       strcmp(json_string_value(json_object_get(line, "call")),
		      "VFIO_GROUP_GET_DEVICE_FD") &&
	       add(line, "ret", 1);
}

/* A member of the ioctls on one kind of file. */
Change on(const std::string &file, const std::string &path, json_int_t delta = 1)
{
	return [=](json_t *line) {
		const char *name = json_string_value(json_object_get(line, "file"));
		const char *call = json_string_value(json_object_get(line, "call"));

		return name && file == name && strcmp(call, "open") && add(line, path, delta);
	};
}

/* Another range of an HWPT's dirty bitmap, which the kernel answers like the recorded one. */
Change another_query(const char *path, json_int_t delta)
{
	return [=](json_t *line) {
		return !strcmp(json_string_value(json_object_get(line, "call")),
			       "IOMMU_HWPT_GET_DIRTY_BITMAP") &&
		       add(line, path, delta);
	};
}

/* A member of the first capability that has it. */
Change in_caps(const char *key)
{
	return [=](json_t *line) {
		json_t *caps = member(line, "out.caps");

		for (size_t i = 0; i < json_array_size(caps); i++) {
			json_t *cap = json_array_get(caps, i);
			json_t *range = json_array_get(json_object_get(cap, "iova_ranges"), 0);

			if (add(cap, key, 1) || add(range, key, 1))
				return true;
		}
		return false;
	};
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
	{"succeed_with_errno", succeed_with_errno},
	{"fail_without_errno", fail_without_errno},
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
	{"query_from_later_on", another_query("in.iova", 4096)},
	{"query_from_before", another_query("in.iova", -4096)},
	{"query_of_more", another_query("in.length", 4096)},
	{"query_of_less", another_query("in.length", -4096)},
	{"query_elsewhere", another_query("in.iova", json_int_t(1) << 40)},
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
	{"in_container_fd", plus("in.container_fd", 40)},
	{"in_extension", plus("in.extension", 40)},
	{"in_type", plus("in.type", 40)},
	{"in_container_iova", on("container", "in.iova")},
	{"in_container_size", on("container", "in.size")},
	{"in_container_flags", on("container", "in.flags", 8)},
	{"in_bitmap_pgsize", plus("in.bitmap.pgsize", 4096)},
	{"in_bitmap_size", plus("in.bitmap.size", -8)},
	{"out_iova_pgsizes", plus("out.iova_pgsizes")},
	{"out_caps_id", in_caps("id")},
	{"out_caps_next", in_caps("next")},
	{"out_caps_pgsize_bitmap", in_caps("pgsize_bitmap")},
	{"out_caps_max_dirty_bitmap_size", in_caps("max_dirty_bitmap_size")},
	{"out_caps_avail", in_caps("avail")},
	{"out_caps_nr_iovas", in_caps("nr_iovas")},
	{"out_caps_start", in_caps("start")},
	{"out_caps_end", in_caps("end")},
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
	/* That a device logs its DMA, too. */
	if (mutation == "succeed_instead" || mutation == "succeed_with_errno")
		return feature && !strcmp(feature, "DMA_LOGGING_START");
	return (mutation == "fail_instead" || mutation == "fail_without_errno") && feature &&
	       !strcmp(feature, "MIGRATION");
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
	Lines lines = load("iommufd-iavf-source");
	size_t at = find_line(lines, "\"stop_copy_length\":65856");

	replace(&lines[at], "65856", "268435457");
	Verdict verdict = replay(lines);
	EXPECT_EQ(verdict.result, -EINVAL);
	EXPECT_NE(verdict.error.find(":" + std::to_string(at + 1) +
				     ": expected a device state of at most 256 MiB"),
		  std::string::npos)
		<< verdict.error;
}

TEST(Replay, PerformsDevicesWhateverTheirNumbers)
{
	Lines lines = load("iommufd-iavf-source");
	size_t at = find_line(lines, "/dev/vfio/devices/vfio0");
	std::string other =
		R"({"t_us":0,"host":"host.peer","thread":"main","fd":15,)"
		R"("file":"device","call":"open",)"
		R"("in":{"path":"/dev/vfio/devices/vfio4000","flags":2},"out":{},"ret":15})";

	lines.insert(lines.begin() + static_cast<long>(at) + 1, other);
	Verdict verdict = replay(lines);
	EXPECT_TRUE(verdict.passed) << verdict.error;
}

/* One program has its device by the cdev, another of the host by a group: two devices. */
TEST(Replay, PerformsACdevAndAGroupBesideEachOther)
{
	Lines lines = load("iommufd-iavf-source");
	size_t at = find_line(lines, "IOMMU_GET_HW_INFO");
	std::string other = R"({"t_us":0,"host":"host.peer","thread":"main","fd":15,)"
			    R"("file":"group","call":"open",)"
			    R"("in":{"path":"/dev/vfio/9","flags":2},"out":{},"ret":15})";

	lines.insert(lines.begin() + static_cast<long>(at) + 1, other);
	Verdict verdict = replay(lines);
	EXPECT_TRUE(verdict.passed) << verdict.error;
}

INSTANTIATE_TEST_SUITE_P(All, Recording, ::testing::ValuesIn(recordings),
			 [](const auto &recording) {
				 std::string name = recording.param;

				 std::replace(name.begin(), name.end(), '-', '_');
				 return name;
			 });

/*
 * The recorded source as if its device logged DMA and the program asked for that
 * as well: started with the page table's tracking, and read with each bitmap of
 * the page table. The same writes, so the same pages.
 */
Lines with_logging()
{
	const Lines recorded = load("iommufd-iavf-source");
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

	EXPECT_GT(lines.size(), load("iommufd-iavf-source").size() + 3);
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

/* What a program asks of the device's state, as a line. */
std::string ask_state(json_int_t t_us, json_int_t fd, int state, const char *name)
{
	char text[512];

	snprintf(text, sizeof(text),
		 R"({"t_us":%lld,"thread":"main","fd":%lld,"file":"device",)"
		 R"("call":"VFIO_DEVICE_FEATURE","in":{"argsz":16,"flags":131074,"op":"set",)"
		 R"("feature":"MIG_DEVICE_STATE","payload":{"device_state":%d,)"
		 R"("device_state_name":"%s","data_fd":0}},"out":{"payload":{)"
		 R"("device_state":%d,"device_state_name":"%s","data_fd":-1}},"ret":0})",
		 (long long)t_us, (long long)fd, state, name, state, name);
	return text;
}

json_int_t integer_at(json_t *line, const std::string &path)
{
	return json_integer_value(member(line, path));
}

std::string text_at(json_t *line, const std::string &path)
{
	const char *text = json_string_value(member(line, path));

	return text ? text : "";
}

std::string state_asked(json_t *line)
{
	return text_at(line, "in.feature") == "MIG_DEVICE_STATE"
		       ? text_at(line, "in.payload.device_state_name")
		       : "";
}

class Interface : public ::testing::TestWithParam<const char *>
{
protected:
	const Lines recorded = load(std::string(GetParam()) + "-source");
	/* The lines before the one that asks for `state`. */
	size_t find_state(const std::string &state) const
	{
		size_t i = 0;

		while (i < recorded.size() && state_asked(parse(recorded[i]).get()) != state)
			i++;
		return i;
	}
};

/* The migration is called off between two rounds, and the device goes on. */
TEST_P(Interface, ReplaysAMigrationThatWasCancelledInPreCopy)
{
	size_t until = find_state("PRE_COPY_P2P");
	Lines lines(recorded.begin(), recorded.begin() + (long)until), later;
	Json begin = parse(recorded[find_state("PRE_COPY")]);
	json_int_t t_us = integer_at(parse(lines.back()).get(), "t_us");

	ASSERT_LT(until, recorded.size());
	lines.push_back(ask_state(t_us, integer_at(begin.get(), "fd"), 2, "RUNNING"));
	lines.push_back(R"({"t_us":)" + std::to_string(t_us) + R"(,"thread":"main","fd":)" +
			dump_value(member(begin.get(), "out.payload.data_fd")) +
			R"(,"file":"migration","call":"close","in":{},"out":{},"ret":0})");
	for (const std::string &text : recorded) {
		Json line = parse(text);

		/* The tracking ends as it began, but for a flag. */
		if (text_at(line.get(), "call") == "IOMMU_HWPT_SET_DIRTY_TRACKING")
			json_integer_set(member(line.get(), "in.flags"), 0);
		else if (text_at(line.get(), "in.op") == "START") {
			json_integer_set(member(line.get(), "in.flags"), 2);
			json_object_set_new(member(line.get(), "in"), "op", json_string("STOP"));
		} else
			continue;
		json_integer_set(member(line.get(), "t_us"), t_us);
		lines.push_back(dump(line.get()));
	}
	for (size_t i = recorded.size(); i > until && later.size() < 5; i--) {
		Json line = parse(recorded[i - 1]);

		if (text_at(line.get(), "event") == "dma_write")
			later.push_back(dump(line.get()));
	}
	lines.insert(lines.end(), later.rbegin(), later.rend());
	Verdict verdict = replay(lines);
	EXPECT_TRUE(verdict.passed) << verdict.error;
}

/* The same recording of a device whose state is only given when it is stopped. */
TEST_P(Interface, ReplaysADeviceWithoutPreCopy)
{
	Json begin = parse(recorded[find_state("PRE_COPY")]);
	bool stopped = false;
	Lines lines;

	for (const std::string &text : recorded) {
		Json line = parse(text);
		std::string state = state_asked(line.get());

		if (text_at(line.get(), "in.feature") == "MIGRATION")
			json_integer_set(member(line.get(), "out.payload.flags"), 3);
		if (state == "PRE_COPY" ||
		    text_at(line.get(), "in.feature") == "MIG_PRECOPY_INFOv2")
			continue;
		stopped |= state == "STOP_COPY";
		if (text_at(line.get(), "file") == "migration" && !stopped)
			continue;
		if (state == "PRE_COPY_P2P") {
			lines.push_back(ask_state(integer_at(line.get(), "t_us"),
						  integer_at(line.get(), "fd"), 5, "RUNNING_P2P"));
			continue;
		}
		if (state == "STOP_COPY")
			json_integer_set(member(line.get(), "out.payload.data_fd"),
					 integer_at(begin.get(), "out.payload.data_fd"));
		lines.push_back(dump(line.get()));
	}
	Verdict verdict = replay(lines);
	EXPECT_TRUE(stopped);
	EXPECT_TRUE(verdict.passed) << verdict.error;
}

/* The source gave up: nothing more comes than a part of the stream. */
TEST_P(Interface, ReplaysADestinationThatGotAPart)
{
	Lines lines = load(std::string(GetParam()) + "-destination");
	size_t writes = 0, i = 0;

	for (; i < lines.size() && writes < 3; i++)
		writes += text_at(parse(lines[i]).get(), "call") == "write";
	ASSERT_EQ(writes, 3u);
	lines.resize(i);
	Verdict verdict = replay(lines);
	EXPECT_TRUE(verdict.passed) << verdict.error;
}

INSTANTIATE_TEST_SUITE_P(All, Interface, ::testing::Values("iommufd-iavf", "type1", "dma-logging"),
			 [](const auto &interface) {
				 std::string name = interface.param;

				 std::replace(name.begin(), name.end(), '-', '_');
				 return name;
			 });

/* Type1 tells what a mapping that goes had, and a mapping that came meanwhile is told of too. */
TEST(Type1, ReplaysAnUnmapThatAsksForTheBitmap)
{
	const Lines recorded = load("type1-source");
	Lines lines;
	unsigned bitmaps = 0;

	for (const std::string &text : recorded) {
		lines.push_back(text);
		if (text_at(parse(text).get(), "in.op") != "GET_BITMAP" || ++bitmaps != 3)
			continue;
		std::string head = R"({"t_us":)" + dump_value(member(parse(text).get(), "t_us")) +
				   R"(,"thread":"main","fd":15,"file":"container","call":)";
		lines.push_back(head +
				R"("VFIO_IOMMU_UNMAP_DMA","in":{"argsz":48,"flags":1,)"
				R"("iova":950272,"size":32768,"bitmap":{"pgsize":4096,)"
				R"("size":8}},"out":{"size":32768,"dirty_count":8},"ret":0})");
		lines.push_back(head + R"("VFIO_IOMMU_MAP_DMA","in":{"argsz":32,"flags":3,)"
				       R"("vaddr":139833933463552,"iova":950272,"size":32768},)"
				       R"("out":{},"ret":0})");
	}
	ASSERT_EQ(lines.size(), recorded.size() + 2);
	Verdict verdict = replay(lines);
	EXPECT_TRUE(verdict.passed) << verdict.error;
}

/* Accesses to a BAR are free but for their result: a few of thousands say as much. */
Lines with_little_bar_traffic(const Lines &lines)
{
	unsigned accesses = 0;
	Lines fewer;

	for (const std::string &line : lines)
		if (line.find(R"("region":"bar0")") == std::string::npos || accesses++ < 50)
			fewer.push_back(line);
	return fewer;
}

class Mutated : public ::testing::TestWithParam<Mutation>
{
};

TEST_P(Mutated, IsFoundAtItsLine)
{
	std::map<std::string, unsigned> tried;
	unsigned replays = 0;

	for (const char *side : recordings) {
		const Lines recorded = with_little_bar_traffic(load(side));

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
