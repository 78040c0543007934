/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/fuzz/common/fuzz.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace
{
namespace fs = std::filesystem;

/* In memory where the machine has such a folder: a file is written for every input. */
fs::path make_folder()
{
	fs::path shm = "/dev/shm";
	std::string pattern = (fs::exists(shm) ? shm : fs::temp_directory_path()) / "vfsim-XXXXXX";

	return mkdtemp(pattern.data()) ? pattern : fs::temp_directory_path().string();
}

struct Folder {
	Folder() : path(make_folder())
	{
	}
	~Folder()
	{
		std::error_code ignored;

		fs::remove_all(path, ignored);
	}
	fs::path path;
};

const fs::path &folder()
{
	static const Folder folder;

	return folder.path;
}

void panic(void *, const char *text)
{
	fuzz_finding("an error of ours", text);
}

/* Nobody fuzzes what is logged. */
void drop_log(void *, enum log_level, const char *, const char *)
{
}
} // namespace

std::string fuzz_text(const uint8_t *data, size_t size)
{
	return std::string(reinterpret_cast<const char *>(data), size);
}

std::string fuzz_file(const std::string &name, const std::string &content)
{
	fs::path path = folder() / name;

	std::ofstream(path, std::ios::binary) << content;
	return path;
}

void fuzz_finding(const std::string &what, const std::string &text)
{
	std::fprintf(stderr, "finding: %s: %s\n", what.c_str(), text.c_str());
	std::abort();
}

void fuzz_refusal(const std::string &text)
{
	static const std::regex form("(.*:[1-9][0-9]*|--set .*): .+");
	std::istringstream lines(text);
	unsigned count = 0;

	for (std::string line; std::getline(lines, line); count++) {
		/* What does not fit into the room for errors is cut. */
		if (lines.eof() && text.size() + 1 >= sizeof(config_errors::text) && count)
			break;
		if (!std::regex_match(line, form))
			fuzz_finding("a refusal without FILE:LINE", text);
	}
	if (!count)
		fuzz_finding("a refusal that says nothing", text);
}

void fuzz_loaded(int result, const struct config_errors &errors)
{
	if (!result && errors.count)
		fuzz_finding("a file that is taken with errors", errors.text);
	if (result)
		fuzz_refusal(errors.text);
}

std::vector<std::string> fuzz_sets(const std::string &content)
{
	static const std::string mark = "#--set ";
	std::istringstream lines(content);
	std::vector<std::string> sets;

	for (std::string line; std::getline(lines, line) && sets.size() < 8;)
		if (!line.compare(0, mark.size(), mark))
			sets.push_back(line.substr(mark.size()));
	return sets;
}

void fuzz_load(fuzz_loader load, const std::string &path, const std::vector<std::string> &sets)
{
	struct config_errors errors = {};
	struct scenario_file file = {};
	std::vector<const char *> texts;

	for (const std::string &set : sets)
		texts.push_back(set.c_str());
	fuzz_loaded(load(path.c_str(), texts.data(), static_cast<uint32_t>(texts.size()), &file,
			 &errors),
		    errors);
	scenario_release(&file);
}

struct sim_hooks fuzz_hooks()
{
	struct sim_hooks hooks = {};

	hooks.log = drop_log;
	hooks.panic = panic;
	return hooks;
}
