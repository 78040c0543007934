// SPDX-License-Identifier: Apache-2.0
// What the hardware's rooms do not call: tools/tidy/forbidden.txt.
#include "tools/tidy/tidy.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <stdexcept>

namespace
{
struct Row {
	std::string name;
	std::vector<std::string> rooms, functions, exceptions;
};

std::vector<Row> rows_read(const std::string &path)
{
	std::ifstream file(path);
	if (!file)
		throw std::runtime_error("no table " + path);
	std::vector<Row> rows;
	for (std::string line; std::getline(file, line);) {
		const auto words = split(line.substr(0, line.find('#')), " \t");
		if (words.size() < 3)
			continue;
		Row row{words[0], split(words[1], ","), split(words[2], ","), {}};
		if (words.size() > 3)
			row.exceptions.assign(words.begin() + 4, words.end());
		rows.push_back(row);
	}
	return rows;
}

bool matches_any(const std::vector<std::string> &patterns, const std::string &text)
{
	return std::any_of(patterns.begin(), patterns.end(),
			   [&](const std::string &pattern) { return glob_match(pattern, text); });
}

bool applies(const Row &row, const Source &source)
{
	return std::any_of(row.rooms.begin(), row.rooms.end(),
			   [&](const std::string &room) { return source.in_room(room); }) &&
	       !matches_any(row.exceptions, source.path);
}

void check_line(const std::vector<Row> &rows, const Source &source, std::size_t line,
		Report &report)
{
	static const std::regex call("(^|[^A-Za-z0-9_.>])([a-z_][a-z0-9_]*)\\s*\\(");
	const std::string &code = source.code[line - 1];
	const std::string *function = source.function_at(line);

	for (std::sregex_iterator it(code.begin(), code.end(), call), end; it != end; ++it) {
		const std::string callee = (*it)[2];
		for (const Row &row : rows)
			if (applies(row, source) && matches_any(row.functions, callee) &&
			    !(function && matches_any(row.exceptions, *function)))
				report.broken(source, line, row.name,
					      callee + "() in " + (function ? *function : "?"));
	}
}
} // namespace

void check_forbidden(const Sources &sources, const std::string &table_path, Report &report)
{
	const std::vector<Row> rows = rows_read(table_path);

	for (const Source &source : sources)
		for (std::size_t line = 1; line <= source.code.size(); line++)
			check_line(rows, source, line, report);
}
