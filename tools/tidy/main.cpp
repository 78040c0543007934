// SPDX-License-Identifier: Apache-2.0
// vfsim_tidy ROOT TABLES: holds the files under ROOT to the house rules, the include and
// forbidden-call tables read from the folder TABLES. Exit 0: all kept, 1: not, 2: could not look.
#include "tools/tidy/tidy.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <regex>

namespace fs = std::filesystem;

void Report::broken(const Source &source, std::size_t line, const std::string &rule,
		    const std::string &what)
{
	std::printf("%s:%zu: %s: %s\n", source.path.c_str(), line, rule.c_str(), what.c_str());
	count_++;
}

namespace
{
// Rules about how much: the most that a file, a public header, a function may have.
constexpr std::size_t FileLines = 800;
constexpr std::size_t PublicHeaderLines = 250;
constexpr std::size_t FunctionLines = 70;

// Rules about a line of code.
struct LineRule {
	const char *name;
	std::regex pattern;
	const char *what;
};

const LineRule line_rules[] = {
	{"typedef", std::regex("\\btypedef\\s+(struct|union|enum)\\b"),
	 "a struct keeps its tag and has no typedef"},
	{"bit-field",
	 std::regex("^\\s+(unsigned|signed|int|char|short|long|bool|_Bool|u?int\\d+_t|__u\\d+|enum "
		    "\\w+)\\b[\\w\\s]*:\\s*\\w+\\s*[;,]"),
	 "registers are masks, not bit-fields"},
};

// Files that are somebody else's or are data have no licence line of ours.
bool needs_spdx(const Source &source)
{
	static const char *const suffixes[] = {".c",   ".h",    ".cpp", ".hpp",     ".cmake", ".sh",
					       ".txt", ".yaml", ".md",  "Makefile", "/run"};
	return !source.in_room("traces/recorded") &&
	       std::any_of(std::begin(suffixes), std::end(suffixes),
			   [&](const char *suffix) { return source.has_suffix(suffix); });
}

// A kernel's module has the kernel's licence.
std::string licence_of(const Source &source)
{
	bool kernel = source.in_room("cosim/kernel/vfsim");

	return std::string("SPDX-License-Identifier: ") + (kernel ? "GPL-2.0-only" : "Apache-2.0");
}

void check_spdx(const Sources &sources, Report &report)
{
	for (const Source &source : sources) {
		if (!needs_spdx(source))
			continue;
		bool found = false;
		for (std::size_t i = 0; i < std::min<std::size_t>(source.text.size(), 3); i++)
			found |= source.text[i].find(licence_of(source)) != std::string::npos;
		if (!found)
			report.broken(source, 1, "spdx", "no licence line");
	}
}

void check_lines(const Sources &sources, Report &report)
{
	for (const Source &source : sources)
		for (std::size_t i = 0; i < source.code.size(); i++)
			for (const LineRule &rule : line_rules)
				if (std::regex_search(source.code[i], rule.pattern))
					report.broken(source, i + 1, rule.name, rule.what);
}

void check_size(const Source &source, std::size_t lines, std::size_t limit, std::size_t line,
		const std::string &what, Report &report)
{
	if (lines > limit)
		report.broken(source, line, "size",
			      what + " has " + std::to_string(lines) + " lines, the most is " +
				      std::to_string(limit));
}

void check_sizes(const Sources &sources, Report &report)
{
	std::vector<std::size_t> lengths;

	for (const Source &source : sources) {
		if (!source.is_c_family())
			continue;
		check_size(source, source.text.size(), FileLines, 1, "the file", report);
		if (source.has_suffix(".h") && !source.is_internal_header())
			check_size(source, source.text.size(), PublicHeaderLines, 1,
				   "the public header", report);
		for (const Function &function : source.functions) {
			lengths.push_back(function.body_lines);
			check_size(source, function.body_lines, FunctionLines, function.line,
				   function.name, report);
		}
	}
	std::sort(lengths.begin(), lengths.end());
	if (!lengths.empty())
		std::printf("%zu functions: median %zu lines, longest %zu\n", lengths.size(),
			    lengths[lengths.size() / 2], lengths.back());
}

// What was built, and what git keeps.
bool is_outside(const fs::path &path)
{
	const std::string name = path.filename().string();
	return name.rfind("build", 0) == 0 || name == ".git" || name == "out";
}

Sources sources_under(const std::string &root)
{
	Sources sources;

	for (auto it = fs::recursive_directory_iterator(root);
	     it != fs::recursive_directory_iterator(); ++it) {
		const fs::path path = fs::relative(it->path(), root);
		if (it->is_directory() && is_outside(path))
			it.disable_recursion_pending();
		else if (it->is_regular_file())
			sources.push_back(source_read(root, path.string()));
	}
	std::sort(sources.begin(), sources.end(),
		  [](const Source &a, const Source &b) { return a.path < b.path; });
	return sources;
}
} // namespace

int main(int argc, char **argv)
{
	if (argc != 3) {
		std::fprintf(stderr, "usage: vfsim_tidy ROOT TABLES\n");
		return 2;
	}
	try {
		const Sources sources = sources_under(argv[1]);
		const std::string tables = argv[2];
		Report report;

		check_spdx(sources, report);
		check_lines(sources, report);
		check_sizes(sources, report);
		check_includes(sources, tables + "/includes.txt", report);
		check_forbidden(sources, tables + "/forbidden.txt", report);
		return report.count() == 0 ? 0 : 1;
	} catch (const std::exception &error) {
		std::fprintf(stderr, "vfsim_tidy: %s\n", error.what());
		return 2;
	}
}
