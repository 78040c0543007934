// SPDX-License-Identifier: Apache-2.0
// Reading a source file: what is code, and where its functions are. Relies on the layout that
// clang-format gives: a function's braces stand alone in column 0.
#include "tools/tidy/tidy.h"

#include <algorithm>
#include <fstream>
#include <regex>

bool Source::has_suffix(const std::string &suffix) const
{
	return path.size() >= suffix.size() &&
	       path.compare(path.size() - suffix.size(), suffix.size(), suffix) == 0;
}

bool Source::is_c_family() const
{
	return has_suffix(".c") || has_suffix(".h") || has_suffix(".cpp") || has_suffix(".hpp");
}

bool Source::in_room(const std::string &room) const
{
	return path == room || path.rfind(room + "/", 0) == 0;
}

bool Source::is_internal_header() const
{
	return has_suffix("_internal.h") || has_suffix("_internal.hpp");
}

const std::string *Source::function_at(std::size_t line) const
{
	for (const Function &function : functions)
		if (line >= function.line && line <= function.line + function.body_lines + 1)
			return &function.name;
	return nullptr;
}

bool glob_match(const std::string &pattern, const std::string &text)
{
	std::size_t p = 0, t = 0, star = std::string::npos, resume = 0;

	while (t < text.size()) {
		if (p < pattern.size() && pattern[p] == '*') {
			star = p++;
			resume = t;
		} else if (p < pattern.size() && pattern[p] == text[t]) {
			p++;
			t++;
		} else if (star != std::string::npos) {
			p = star + 1;
			t = ++resume;
		} else {
			return false;
		}
	}
	return pattern.find_first_not_of('*', p) == std::string::npos;
}

std::vector<std::string> split(const std::string &text, const std::string &separators)
{
	std::vector<std::string> words;
	std::size_t end = 0, begin;

	while ((begin = text.find_first_not_of(separators, end)) != std::string::npos) {
		end = std::min(text.find_first_of(separators, begin), text.size());
		words.push_back(text.substr(begin, end - begin));
	}
	return words;
}

namespace
{
// Where the literal or comment that begins at `at` ends (one past it); `at` if none begins there.
std::size_t skip_uncode(const std::string &text, std::size_t at)
{
	const auto end_of = [&](const std::string &mark, std::size_t from) {
		const std::size_t found = text.find(mark, from);
		return found == std::string::npos ? text.size() : found + mark.size();
	};

	if (text.compare(at, 2, "//") == 0)
		return end_of("\n", at) - 1;
	if (text.compare(at, 2, "/*") == 0)
		return end_of("*/", at + 2);
	if (text.compare(at, 2, "R\"") == 0) {
		const std::size_t open = text.find('(', at);
		return end_of(")" + text.substr(at + 2, open - at - 2) + "\"", open);
	}
	const bool digit_separator = at > 0 && text[at] == '\'' && std::isxdigit(text[at - 1]);
	if (text[at] != '"' && (text[at] != '\'' || digit_separator))
		return at;
	std::size_t end = at + 1;
	while (end < text.size() && text[end] != text[at])
		end += text[end] == '\\' ? 2 : 1;
	return std::min(end + 1, text.size());
}

std::vector<std::string> lines_of(const std::string &text)
{
	std::vector<std::string> lines;
	std::size_t begin = 0, end;

	while ((end = text.find('\n', begin)) != std::string::npos) {
		lines.push_back(text.substr(begin, end - begin));
		begin = end + 1;
	}
	if (begin < text.size())
		lines.push_back(text.substr(begin));
	return lines;
}

std::string code_of(std::string text)
{
	for (std::size_t at = 0; at < text.size();) {
		const std::size_t end = skip_uncode(text, at);
		for (std::size_t i = at; i < end; i++)
			if (text[i] != '\n' && text[i] != '"')
				text[i] = ' ';
		at = std::max(end, at + 1);
	}
	return text;
}

// The name before the parameters of the declarator that ends above line `brace`; "" if none does.
std::string declarator_above(const std::vector<std::string> &code, std::size_t brace)
{
	static const std::regex name("([A-Za-z_][A-Za-z0-9_:~]*)\\s*\\(");
	static const std::regex scope("^(namespace|class|struct|union|enum)\\b[^(]*$");
	std::size_t first = brace;

	while (first > 0 && !code[first - 1].empty() && code[first - 1].back() != ';' &&
	       code[first - 1][0] != '}' && code[first - 1][0] != '#')
		first--;
	std::string text;
	for (std::size_t i = first; i < brace; i++)
		text += code[i] + " ";
	std::smatch match;
	if (std::regex_search(text, scope) || !std::regex_search(text, match, name))
		return "";
	return match[1];
}

std::vector<Function> functions_of(const std::vector<std::string> &code)
{
	std::vector<Function> functions;

	for (std::size_t i = 0; i < code.size(); i++) {
		if (code[i] != "{")
			continue;
		const std::string name = declarator_above(code, i);
		if (name.empty())
			continue;
		const std::size_t brace = i;
		while (i < code.size() && code[i][0] != '}')
			i++;
		functions.push_back({name, brace + 1, i - brace - 1});
	}
	return functions;
}
} // namespace

Source source_read(const std::string &root, const std::string &path)
{
	std::ifstream file(root + "/" + path, std::ios::binary);
	const std::string text{std::istreambuf_iterator<char>(file), {}};
	Source source;

	source.path = path;
	source.text = lines_of(text);
	if (source.is_c_family()) {
		source.code = lines_of(code_of(text));
		source.functions = functions_of(source.code);
	}
	return source;
}
