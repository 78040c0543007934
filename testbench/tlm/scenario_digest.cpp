// SPDX-License-Identifier: Apache-2.0
// Every scenario of the tree has one digest, native and through TLM-2.0 sockets; the sockets count.
#include <gmock/gmock.h>
#include <jansson.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace
{
std::vector<std::string> scenarios()
{
	std::vector<std::string> names;

	for (const auto &entry : fs::directory_iterator(VFSIM_SOURCE_DIR "/testbench/scenarios"))
		if (entry.path().extension() == ".yaml")
			names.push_back(entry.path().stem());
	std::sort(names.begin(), names.end());
	return names;
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

/* What `vfsim run` tells of a scenario. SystemC elaborates once per process: each has its own. */
Json run(const std::string &scenario, const std::string &engine)
{
	const std::string text =
		output_of(VFSIM_BINARY_DIR "/vfsim run " VFSIM_SOURCE_DIR "/testbench/scenarios/" +
			  scenario + ".yaml --format json --engine " + engine);

	return {json_loads(text.c_str(), 0, nullptr), json_decref};
}

std::string text_of(const Json &result, const char *key)
{
	const char *text = json_string_value(json_object_get(result.get(), key));

	return text ? text : "";
}

class ScenarioDigest : public testing::TestWithParam<std::string>
{
};
} // namespace

TEST_P(ScenarioDigest, IsOneForNativeAndSystemc)
{
	const Json native = run(GetParam(), "native"), systemc = run(GetParam(), "systemc");

	EXPECT_EQ(text_of(native, "engine"), "native");
	EXPECT_EQ(text_of(systemc, "engine"), "systemc");
	EXPECT_THAT(text_of(native, "digest"), testing::Not(testing::IsEmpty()));
	EXPECT_EQ(text_of(systemc, "digest"), text_of(native, "digest"));
	EXPECT_EQ(text_of(systemc, "verdict"), text_of(native, "verdict"));
	EXPECT_EQ(json_object_size(json_object_get(native.get(), "sockets")), 0u);

	const char *name;
	json_t *transactions;
	json_t *sockets = json_object_get(systemc.get(), "sockets");
	EXPECT_GE(json_object_size(sockets), 12u); /* of one host */
	json_object_foreach(sockets, name, transactions)
			EXPECT_GT(json_integer_value(transactions), 0)
		<< name;
}

INSTANTIATE_TEST_SUITE_P(Tree, ScenarioDigest, testing::ValuesIn(scenarios()),
			 [](const testing::TestParamInfo<std::string> &param) {
				 std::string name = param.param;

				 std::replace(name.begin(), name.end(), '-', '_');
				 return name;
			 });
