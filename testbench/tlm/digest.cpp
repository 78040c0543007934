// SPDX-License-Identifier: Apache-2.0
// Every scenario and every recording of the tree has one digest, native and through TLM-2.0
// sockets.
#include <gmock/gmock.h>
#include <jansson.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace
{
/* A command of vfsim for each file of `folder` with that extension. */
std::vector<std::string> commands(const std::string &verb, const std::string &folder,
				  const std::string &extension)
{
	std::vector<std::string> list;

	for (const auto &entry : fs::directory_iterator(VFSIM_SOURCE_DIR "/" + folder))
		if (entry.path().extension() == extension)
			list.push_back(verb + " " + entry.path().string());
	std::sort(list.begin(), list.end());
	return list;
}

std::string label(const testing::TestParamInfo<std::string> &param)
{
	std::string name = fs::path(param.param).stem();

	for (char &letter : name)
		if (!std::isalnum(static_cast<unsigned char>(letter)))
			letter = '_';
	return name;
}

std::string output_of(const std::string &command)
{
	std::unique_ptr<FILE, int (*)(FILE *)> pipe(popen(command.c_str(), "r"), pclose);
	std::string output;
	char part[4096];

	while (size_t bytes = fread(part, 1, sizeof(part), pipe.get()))
		output.append(part, bytes);
	return output;
}

using Json = std::unique_ptr<json_t, void (*)(json_t *)>;

/* SystemC elaborates once per process: each run has its own. */
Json run(const std::string &command, const std::string &engine)
{
	const std::string text = output_of(VFSIM_BINARY_DIR "/vfsim " + command +
					   " --format json --engine " + engine);

	return {json_loads(text.c_str(), 0, nullptr), json_decref};
}

std::string text_of(const Json &result, const char *key)
{
	const char *text = json_string_value(json_object_get(result.get(), key));

	return text ? text : "";
}

/* How many interrupts the oracle saw raised; -1: it did not look. */
json_int_t interrupts_raised(const Json &result)
{
	json_t *checks = json_object_get(result.get(), "checks"), *check;
	size_t i;

	json_array_foreach(checks, i, check)
	{
		const char *name = json_string_value(json_object_get(check, "name"));
		const char *verdict = json_string_value(json_object_get(check, "verdict"));
		const char *detail = json_string_value(json_object_get(check, "detail"));

		if (std::string(name) == "interrupts" && std::string(verdict) == "pass")
			return std::stoll(detail);
	}
	return -1;
}

/* Parameter: what vfsim is told, engine aside. */
class Digest : public testing::TestWithParam<std::string>
{
};
} // namespace

TEST_P(Digest, IsOneForNativeAndSystemc)
{
	const Json native = run(GetParam(), "native"), systemc = run(GetParam(), "systemc");

	EXPECT_EQ(text_of(native, "engine"), "native");
	EXPECT_EQ(text_of(systemc, "engine"), "systemc");
	EXPECT_THAT(text_of(native, "digest"), testing::Not(testing::IsEmpty()));
	EXPECT_EQ(text_of(systemc, "digest"), text_of(native, "digest"));
	EXPECT_EQ(text_of(systemc, "verdict"), text_of(native, "verdict"));
	EXPECT_EQ(json_object_size(json_object_get(native.get(), "sockets")), 0u);

	json_t *sockets = json_object_get(systemc.get(), "sockets");
	EXPECT_GE(json_object_size(sockets), 12u); /* of one host */
	json_int_t messages = 0, raised = interrupts_raised(systemc);
	for (void *it = json_object_iter(sockets); it; it = json_object_iter_next(sockets, it)) {
		const std::string name = json_object_iter_key(it);
		const json_int_t transactions = json_integer_value(json_object_iter_value(it));

		/* A host whose devices raise nothing has a quiet doorbell, and no software of ours
		 * reads the SMMU's counters; all else is crossed. */
		if (name.find(".doorbell") != std::string::npos) {
			messages += transactions;
		} else if (name.find(".pmcg") == std::string::npos) {
			EXPECT_GT(transactions, 0) << name;
		}
	}
	if (raised >= 0) {
		EXPECT_EQ(messages, raised);
	}
}

INSTANTIATE_TEST_SUITE_P(Scenario, Digest,
			 testing::ValuesIn(commands("run", "testbench/scenarios", ".yaml")), label);
INSTANTIATE_TEST_SUITE_P(Recording, Digest,
			 testing::ValuesIn(commands("replay", "traces/recorded", ".jsonl")), label);
