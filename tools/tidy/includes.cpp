// SPDX-License-Identifier: Apache-2.0
// The include table: tools/tidy/includes.txt.
#include "tools/tidy/tidy.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <stdexcept>

namespace
{
using Words = std::vector<std::string>;

struct Table {
	std::map<std::string, Words> lists;
	std::map<std::string, Words> allowed; // by room or file

	explicit Table(const std::string &path);
	std::string room_of(const std::string &path) const;
	Words allowed_to(const Source &source) const;
};

Table::Table(const std::string &path)
{
	std::ifstream file(path);
	if (!file)
		throw std::runtime_error("no include table " + path);
	for (std::string line; std::getline(file, line);) {
		Words words = split(line.substr(0, line.find('#')), " \t");
		if (words.empty())
			continue;
		const bool is_list = words.size() > 1 && words[1] == "=";
		const std::string name = is_list ? words[0] : split(words[0], ":")[0];
		words.erase(words.begin(), words.begin() + (is_list ? 2 : 1));
		Words &row = is_list ? lists[name] : allowed[name];
		for (const std::string &word : words) {
			const auto list = lists.find(word);
			if (list == lists.end())
				row.push_back(word);
			else
				row.insert(row.end(), list->second.begin(), list->second.end());
		}
	}
}

// The longest row that `path` lies under; "" if none.
std::string Table::room_of(const std::string &path) const
{
	std::string best;
	for (const auto &row : allowed)
		if (row.first.size() > best.size() && path.rfind(row.first + "/", 0) == 0)
			best = row.first;
	return best;
}

Words Table::allowed_to(const Source &source) const
{
	Words words = allowed.at(room_of(source.path));
	const auto own = allowed.find(source.path);
	if (own != allowed.end())
		words.insert(words.end(), own->second.begin(), own->second.end());
	return words;
}

// A test of the header's room, or of the folder within the room that the header lies in.
bool is_unit_test_of(const Source &source, const std::string &room, std::string header)
{
	std::replace(header.begin(), header.end(), '/', '-');
	for (std::size_t end = room.size(); end != std::string::npos;
	     end = header.find('-', end + 1))
		if (source.in_room("testbench/unit/" + header.substr(0, end)))
			return true;
	return false;
}

bool may_include(const Table &table, const Source &source, const std::string &header)
{
	const std::string room = table.room_of(header);
	const bool internal = header.find("_internal.h") != std::string::npos;

	if (!room.empty() && room == table.room_of(source.path))
		return true;
	if (internal)
		return is_unit_test_of(source, room, header);
	for (const std::string &word : table.allowed_to(source))
		if (word == room || (word != "<*>" && glob_match(word, header)) ||
		    (word == "<*>" && header[0] == '<'))
			return true;
	return false;
}
} // namespace

void check_includes(const Sources &sources, const std::string &table_path, Report &report)
{
	static const std::regex include("^\\s*#\\s*include\\s*([<\"])([^>\"]+)[>\"]");
	const Table table(table_path);

	for (const Source &source : sources) {
		if (!source.is_c_family())
			continue;
		if (table.room_of(source.path).empty()) {
			report.broken(source, 1, "include", "the include table has no such room");
			continue;
		}
		for (std::size_t i = 0; i < source.text.size(); i++) {
			std::smatch match;
			if (source.text[i].find("include") == std::string::npos ||
			    !std::regex_search(source.text[i], match, include))
				continue;
			const bool system = match[1] == "<";
			const std::string name = match[2];
			const std::string header = system ? "<" + name + ">" : name;
			if (!system && name.find('/') == std::string::npos)
				report.broken(source, i + 1, "include",
					      "write \"" + name + "\" from the root");
			else if (!may_include(table, source, header))
				report.broken(source, i + 1, "include",
					      table.room_of(source.path) + " may not include " +
						      header);
		}
	}
}
