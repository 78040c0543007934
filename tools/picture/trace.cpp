// SPDX-License-Identifier: Apache-2.0
#include "tools/picture/trace.h"

#include <jansson.h>

#include <memory>
#include <stdexcept>

namespace
{
std::string Text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

double Number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

class Reader
{
public:
	void Take(const json_t *event)
	{
		const std::string phase = Text(event, "ph");
		const int pid = static_cast<int>(Number(event, "pid"));

		if (phase == "M")
			Name(Text(event, "name"), pid, event);
		else if (phase == "C")
			trace_.counters[processes_[pid]][Text(event, "name")].push_back(
				{Number(event, "ts"),
				 Number(json_object_get(event, "args"), "value")});
		else
			Mark(phase, event);
	}
	Trace Done()
	{
		return std::move(trace_);
	}

private:
	void Name(const std::string &what, int pid, const json_t *event)
	{
		const std::string name = Text(json_object_get(event, "args"), "name");

		if (what == "process_name")
			processes_[pid] = name;
		if (what != "thread_name")
			return;
		index_[static_cast<int>(Number(event, "tid"))] = trace_.tracks.size();
		trace_.tracks.push_back({processes_[pid], name, {}, {}});
	}
	void Mark(const std::string &phase, const json_t *event)
	{
		const int tid = static_cast<int>(Number(event, "tid"));
		const double time = Number(event, "ts");

		if (!index_.count(tid))
			throw std::runtime_error("a track without a name");
		Track &track = trace_.tracks[index_[tid]];
		std::vector<size_t> &open = open_[tid];
		const Span span = {Text(event, "name"), time, time + Number(event, "dur"),
				   open.size(),
				   Number(json_object_get(event, "args"), "dirty_pages")};
		if (phase == "B")
			open.push_back(track.spans.size());
		if (phase == "B" || phase == "X")
			track.spans.push_back(span);
		if (phase == "i")
			track.instants.push_back(time);
		if (phase == "E" && !open.empty()) {
			track.spans[open.back()].end = time;
			open.pop_back();
		}
	}

	Trace trace_;
	std::map<int, std::string> processes_;
	std::map<int, size_t> index_;             // of a tid's track
	std::map<int, std::vector<size_t>> open_; // spans of a tid that have begun
};
} // namespace

const Track *Trace::Find(const std::string &process, const std::string &name) const
{
	for (const Track &track : tracks)
		if (track.process == process && track.name == name)
			return &track;
	return nullptr;
}

Trace ReadTrace(const std::string &path)
{
	json_error_t error;
	const std::unique_ptr<json_t, void (*)(json_t *)> json(
		json_load_file(path.c_str(), 0, &error), json_decref);
	const json_t *event;
	Reader reader;
	size_t i;

	if (!json)
		throw std::runtime_error(path + ":" + std::to_string(error.line) + ": " +
					 error.text);
	json_array_foreach(json_object_get(json.get(), "traceEvents"), i, event)
	{
		reader.Take(event);
	}
	return reader.Done();
}
