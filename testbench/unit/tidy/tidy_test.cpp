// SPDX-License-Identifier: Apache-2.0
// Every house rule is seen to catch one file that breaks it, and to pass a tree that does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace fs = std::filesystem;
using testing::HasSubstr;

namespace
{
const std::string Licence = "/* SPDX-License-Identifier: Apache-2.0 */\n";
const std::string TidyDir = VFSIM_SOURCE_DIR "/tools/tidy";

std::string lines(int count)
{
	std::string text;
	for (int i = 0; i < count; i++)
		text += "\tx++;\n";
	return text;
}

std::string function(const std::string &name, const std::string &body)
{
	return "void " + name + "(void)\n{\n" + body + "}\n";
}

struct Outcome {
	int status;
	std::string output;
};

Outcome run(const std::string &command)
{
	Outcome outcome{};
	FILE *pipe = popen((command + " 2>&1").c_str(), "r");
	char text[512];
	while (fgets(text, sizeof(text), pipe))
		outcome.output += text;
	outcome.status = pclose(pipe);
	return outcome;
}

// A tree that keeps every rule, for a test to add to.
class Tree : public testing::Test
{
protected:
	void SetUp() override
	{
		char name[] = "/tmp/vfsim-tidy-XXXXXX";
		root_ = mkdtemp(name);
		write("base/good.h", Licence + "#ifndef GOOD_H\n#define GOOD_H\nvoid good(void);\n"
					       "#endif\n");
		write("base/good.c",
		      Licence + "#include \"base/good.h\"\n\n" + function("good", ""));
		fs::copy(VFSIM_SOURCE_DIR "/.clang-format", root_ + "/.clang-format");
		fs::create_directories(root_ + "/tools/tidy");
		fs::copy(TidyDir + "/cppcheck.txt", root_ + "/tools/tidy/cppcheck.txt");
	}

	void TearDown() override
	{
		fs::remove_all(root_);
	}

	void write(const std::string &path, const std::string &text)
	{
		fs::create_directories(fs::path(root_ + "/" + path).parent_path());
		std::ofstream(root_ + "/" + path) << text;
	}

	Outcome rules() const
	{
		return run(VFSIM_BINARY_DIR "/tools/tidy/vfsim_tidy " + root_ + " " + TidyDir);
	}

	Outcome check(const std::string &name, const std::string &arguments = "") const
	{
		return run(TidyDir + "/check.sh " + name + " " + root_ + arguments);
	}

	std::string root_;
};

struct Violation {
	const char *name;
	const char *path;
	std::string text;
	const char *told;
};

class Rule : public Tree, public testing::WithParamInterface<Violation>
{
};

TEST_F(Tree, ThatKeepsTheRulesPassesThemAll)
{
	for (const Outcome &outcome :
	     {rules(), check("format"), check("cppcheck"), check("headers", " /nowhere")})
		EXPECT_EQ(outcome.status, 0) << outcome.output;
}

TEST_P(Rule, IsSeenToFail)
{
	write(GetParam().path, GetParam().text);
	const Outcome outcome = rules();
	EXPECT_NE(outcome.status, 0);
	EXPECT_THAT(outcome.output, HasSubstr(std::string(GetParam().path) + GetParam().told));
}

const Violation violations[] = {
	{"Licence", "base/bad.c", "int x_y(void);\n", ":1: spdx: "},
	{"Typedef", "base/bad.c", Licence + "typedef struct x {\n\tint y;\n} x;\n",
	 ":2: typedef: "},
	{"BitField", "base/bad.h", Licence + "struct x {\n\tunsigned int y : 3;\n};\n",
	 ":3: bit-field: "},
	{"FileLength", "base/bad.c", Licence + std::string(800, '\n'),
	 ":1: size: the file has 801"},
	{"HeaderLength", "base/bad.h", Licence + std::string(250, '\n'),
	 ":1: size: the public header has 251"},
	{"FunctionLength", "host/bad.c", Licence + function("bad", lines(71)),
	 ":3: size: bad has 71"},
	{"Layer", "base/bad.c", Licence + "#include \"iommu/smmu.h\"\n",
	 ":2: include: base may not include iommu/smmu.h"},
	{"LayerBetweenModels", "model/nic/bad.c", Licence + "#include \"iommu/smmu.h\"\n",
	 ":2: include: "},
	{"InternalHeader", "host/bad.c", Licence + "#include \"uapi/x_internal.h\"\n",
	 ":2: include: "},
	{"KernelHeaderInAModel", "vf/bad.c", Licence + "#include <linux/vfio.h>\n",
	 ":2: include: "},
	{"IncludeFromTheRoot", "base/bad.c", Licence + "#include \"good.h\"\n", ":2: include: "},
	{"UnknownRoom", "attic/bad.c", Licence, ":1: include: "},
	{"Threads", "iommu/bad.c", Licence + function("x_init", "\tpthread_create(0, 0, 0, 0);\n"),
	 ":4: threads: "},
	{"WallClock", "vf/bad.c", Licence + function("x_init", "\ttime(0);\n"), ":4: wall-clock: "},
	{"Chance", "vf/bad.c", Licence + function("x_init", "\trand();\n"), ":4: chance: "},
	{"AllocationAfterInit", "vf/bad.c", Licence + function("x_run", "\tmalloc(1);\n"),
	 ":4: allocation: malloc() in x_run"},
	{"ReleaseAfterInit", "vf/bad.c", Licence + function("x_run", "\tfree(0);\n"),
	 ":4: release: "},
	{"Exit", "vf/bad.c", Licence + function("x_run", "\texit(1);\n"), ":4: exit: "},
};

INSTANTIATE_TEST_SUITE_P(Tidy, Rule, testing::ValuesIn(violations),
			 [](const auto &row) { return row.param.name; });

TEST_F(Tree, MayAllocateInInit)
{
	write("vf/good.c", Licence + function("x_init", "\tmalloc(1);\n"));
	EXPECT_EQ(rules().status, 0);
}

TEST_F(Tree, MayNameWhatIsForbiddenInACommentOrAString)
{
	write("vf/good.c", Licence + "/* time(0)\n rand() */\nconst char *x = \"exit(1)\";\n");
	EXPECT_EQ(rules().status, 0);
}

TEST_F(Tree, WithABadLayoutFailsTheFormatCheck)
{
	write("base/bad.c", Licence + "int  x ;\n");
	EXPECT_THAT(check("format").output, HasSubstr("base/bad.c:2"));
	EXPECT_NE(check("format").status, 0);
}

TEST_F(Tree, WithAnOutOfBoundsAccessFailsCppcheck)
{
	write("base/bad.c", Licence + "int f(void)\n{\n\tint x[2] = {0};\n\treturn x[2];\n}\n");
	EXPECT_THAT(check("cppcheck").output, HasSubstr("arrayIndexOutOfBounds"));
	EXPECT_NE(check("cppcheck").status, 0);
}

TEST_F(Tree, WithAHeaderThatNeedsAnotherFailsTheHeaderCheck)
{
	write("base/bad.h", "#ifndef BAD_H\n#define BAD_H\nextern uint32_t x;\n#endif\n");
	EXPECT_NE(check("headers", " /nowhere").status, 0);
}

TEST_F(Tree, WithAHeaderThatIsNotCxxFailsTheHeaderCheck)
{
	write("base/bad.h", "#ifndef BAD_H\n#define BAD_H\nextern int class;\n#endif\n");
	EXPECT_NE(check("headers", " /nowhere").status, 0);
}

TEST_F(Tree, WithAWritableGlobalFailsTheGlobalsCheck)
{
	write("base/bad.c", "static int count;\nint next(void)\n{\n\treturn ++count;\n}\n");
	write("base/fine.c", "const char *const names[] = {\"a\", \"b\"};\n");
	for (const char *name : {"bad", "fine"})
		ASSERT_EQ(run("cc -c -o " + root_ + "/" + name + ".o " + root_ + "/base/" + name +
			      ".c")
				  .status,
			  0);
	EXPECT_NE(check("globals", "/bad.o").status, 0);
	EXPECT_THAT(check("globals", "/bad.o").output, HasSubstr("count: writable data"));
	EXPECT_EQ(check("globals", "/fine.o").status, 0);
}
} // namespace
