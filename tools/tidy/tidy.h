/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TOOLS_TIDY_H
#define VFSIM_TOOLS_TIDY_H

// The house rules that a text can be measured against, and what they read.

#include <cstddef>
#include <string>
#include <vector>

struct Function {
	std::string name;
	std::size_t line; // of its opening brace, from 1
	std::size_t body_lines;
};

// A file of the tree. In `code`, comments and the insides of strings are blank.
struct Source {
	std::string path; // from the root
	std::vector<std::string> text;
	std::vector<std::string> code; // of C and C++ only
	std::vector<Function> functions;

	bool has_suffix(const std::string &suffix) const;
	bool is_c_family() const;
	bool in_room(const std::string &room) const;
	bool is_internal_header() const;
	const std::string *function_at(std::size_t line) const;
};

Source source_read(const std::string &root, const std::string &path);

// `*` matches anything, slashes too.
bool glob_match(const std::string &pattern, const std::string &text);
std::vector<std::string> split(const std::string &text, const std::string &separators);

// Tells what breaks a rule, as FILE:LINE: RULE: what; counts it.
class Report
{
public:
	void broken(const Source &source, std::size_t line, const std::string &rule,
		    const std::string &what);
	int count() const
	{
		return count_;
	}

private:
	int count_ = 0;
};

using Sources = std::vector<Source>;
void check_includes(const Sources &sources, const std::string &table, Report &report);
void check_forbidden(const Sources &sources, const std::string &table, Report &report);

#endif
