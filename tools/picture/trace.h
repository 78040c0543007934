// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

// A timeline.json of vfsim (traces/chrome.h), read whole. Times are microseconds.

struct Span {
	std::string name;
	double begin, end;
	size_t depth; // spans around it
	double pages; // of a round, else 0
};

struct Track {
	std::string process, name;
	std::vector<Span> spans;
	std::vector<double> instants;
};

struct Sample {
	double time, value;
};

struct Trace {
	std::vector<Track> tracks;
	// By process, then by name.
	std::map<std::string, std::map<std::string, std::vector<Sample>>> counters;

	// NULL: there is none.
	const Track *Find(const std::string &process, const std::string &name) const;
};

// Throws std::runtime_error for what is no timeline.
Trace ReadTrace(const std::string &path);
