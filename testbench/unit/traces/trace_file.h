/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_UNIT_TRACES_TRACE_FILE_H
#define VFSIM_TESTBENCH_UNIT_TRACES_TRACE_FILE_H

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

/* A file with the given text, gone at the end of the test. */
class TextFile
{
public:
	explicit TextFile(const std::string &text) : path_(fresh_path())
	{
		std::ofstream(path_) << text;
	}
	~TextFile()
	{
		std::remove(path_.c_str());
	}
	TextFile(const TextFile &) = delete;
	TextFile &operator=(const TextFile &) = delete;
	const char *path() const
	{
		return path_.c_str();
	}

private:
	static std::string fresh_path()
	{
		static int serial;

		return std::filesystem::temp_directory_path() /
		       ("vfsim-test-" + std::to_string(getpid()) + "-" + std::to_string(serial++));
	}

	std::string path_;
};

inline std::string recording(const std::string &name)
{
	return std::string(VFSIM_SOURCE_DIR) + "/traces/recorded/" + name;
}

#endif
