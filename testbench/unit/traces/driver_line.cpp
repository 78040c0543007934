/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/driver_line.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "testbench/unit/traces/trace_file.h"

namespace
{
const std::string kMeta =
	R"({"t_us":1,"function":"smmu","kind":"meta","idr":{"IDR0":"0x0940101a","IDR1":"0x1070010",)"
	R"("IDR2":"0x0","IDR3":"0x0","IDR4":"0x0","IDR5":"0x15"},"vf":{"stream_id":8,)"
	R"("num_queue_pairs_offered":4,"vectors":5},"ram":{"base":"0x40000000","size":"0x1000000"}})";

/* A recording of the meta line and these. */
class DriverFile : public ::testing::Test
{
protected:
	void TearDown() override
	{
		driver_file_release(&file);
	}
	int load(const std::vector<std::string> &lines, const std::string &first = kMeta)
	{
		std::string text = first + "\n";

		for (const std::string &line : lines)
			text += line + "\n";
		TextFile at(text);
		driver_file_release(&file);
		path = at.path();
		return driver_file_load(&file, path.c_str(), error, sizeof(error));
	}
	/* Refused in this line, saying this. */
	void expect_refused(const std::string &line, const std::string &what)
	{
		EXPECT_EQ(load({"", line}), -EINVAL) << line;
		EXPECT_EQ(std::string(error), path + ":3: " + what) << line;
	}
	static std::string of(const std::string &function, const std::string &kind,
			      const std::string &members)
	{
		return R"({"t_us":5,"function":")" + function + R"(","kind":")" + kind + "\"," +
		       members + "}";
	}

	struct driver_file file = {};
	std::string path;
	char error[512] = {};
};

const char kRead[] = R"("op":"read","offset":"0x24","len":4,"value":"0x8","register":"CR0ACK")";
} // namespace

TEST_F(DriverFile, MetaPresentsTheMachine)
{
	ASSERT_EQ(load({}), 0) << error;
	EXPECT_EQ(file.lines, 1u);
	EXPECT_EQ(file.meta.idr[0], 0x0940101au);
	EXPECT_EQ(file.meta.idr[5], 0x15u);
	EXPECT_EQ(file.meta.stream, 8u);
	EXPECT_EQ(file.meta.queue_pairs, 4u);
	EXPECT_EQ(file.meta.vectors, 5u);
	EXPECT_EQ(file.meta.ram_base, 0x40000000u);
	EXPECT_EQ(file.meta.ram_bytes, 0x1000000u);
}

TEST_F(DriverFile, EachKindHasItsMembers)
{
	ASSERT_EQ(
		load({
			of("smmu", "bar0", kRead),
			of("vf0", "mem",
			   R"("pa":"0x40001000","len":6,"what":"tx_buffer","hex":"0102","truncated":true,"rest_len":4,"rest_zero":true)"),
			of("vf0", "mem",
			   R"("pa":"0x40001000","len":6,"what":"tx_buffer","hex":"0102","rest_len":4,"rest_crc32":"0x1")"),
			of("smmu", "queue_write",
			   R"("queue":"cmdq","index":3,"pa":"0x40002030","words":["0x46","0xffffffffffffffff"])"),
			of("vf0", "dma",
			   R"("op":"write","what":"rx_buffer","stream_id":8,"iova":"0xfff0","pa":"0x40003000","len":2,"hex":"abcd","walk":{"l1std":["0x1","0x2"],"ste":"0x3","cd":"0x4","pt":[[2,"0x5","0x6"],[3,"0x7","0x8"]]})"),
			of("smmu", "cd",
			   R"("stream_id":8,"ssid":0,"reachable":false,"words":null)"),
		}),
		0)
		<< error;
	EXPECT_EQ(file.line[1].kind, DRIVER_BAR0);
	EXPECT_FALSE(file.line[1].write);
	EXPECT_EQ(file.line[1].value, 8u);
	EXPECT_STREQ(file.line[1].what, "CR0ACK");
	EXPECT_EQ(file.line[2].bytes.len, 6u);
	EXPECT_EQ(file.line[2].bytes.known, 6u) << "the rest is known to be zero";
	EXPECT_EQ(file.line[2].bytes.data[1], 2);
	EXPECT_EQ(file.line[2].bytes.data[5], 0);
	EXPECT_EQ(file.line[3].bytes.len, 6u);
	EXPECT_EQ(file.line[3].bytes.known, 2u) << "of the rest only a sum is known";
	EXPECT_EQ(file.line[4].bytes.data[8], 0xff);
	EXPECT_EQ(file.line[4].bytes.data[0], 0x46);
	ASSERT_TRUE(file.line[5].walk.present && file.line[5].walk.two_level);
	EXPECT_EQ(file.line[5].walk.levels, 2u);
	EXPECT_EQ(file.line[5].walk.level[1].descriptor, 8u);
	EXPECT_EQ(file.line[6].bytes.len, 0u);
}

TEST_F(DriverFile, LinesThatAreNoneAreRefusedWhereTheyStand)
{
	expect_refused("[1]", "expected one JSON object");
	expect_refused(of("vf7", "bar0", kRead), "function: expected smmu to vf0, found vf7");
	expect_refused(of("smmu", "magic", kRead), "kind: expected meta to msi, found magic");
	expect_refused(kMeta, "kind: expected meta in the first line, and only there");
	expect_refused(R"({"function":"smmu","kind":"bar0"})", "t_us: expected a number");
	expect_refused(of("smmu", "bar0", R"("op":"swap","offset":"0x24","len":4,"value":0)"),
		       "op: expected read or write");
	expect_refused(of("smmu", "bar0", R"("op":"read","offset":"24","len":4,"value":0)"),
		       "offset: expected a number");
	expect_refused(of("smmu", "bar0", R"("op":"read","offset":"0x","len":4,"value":0)"),
		       "offset: expected a number");
	expect_refused(of("smmu", "bar0", R"("op":"read","offset":"0x24","len":3,"value":0)"),
		       "len: expected 1, 2, 4 or 8");
	expect_refused(of("smmu", "bar0", R"("op":"read","offset":"0x22","len":4,"value":0)"),
		       "offset: expected a multiple of len below 0x100000");
	expect_refused(
		of("smmu", "bar0", R"("op":"write","offset":"0x24","len":4,"value":"0x100000000")"),
		"value: expected one of len bytes");
	expect_refused(of("vf0", "config", R"("op":"read","offset":"0x1000","len":4,"value":0)"),
		       "offset: expected a multiple of len below 0x1000");
	expect_refused(of("vf0", "mem", R"("pa":"0x40000000","len":2,"what":"x","hex":"0x01")"),
		       "hex: expected bytes, two hexadecimal digits each");
	expect_refused(of("vf0", "mem", R"("pa":"0x40000000","len":2,"what":"x","hex":"01")"),
		       "hex: expected 2 bytes, found 1");
	expect_refused(of("vf0", "mem", R"("pa":"0x40ffffff","len":2,"what":"x","hex":"0102")"),
		       "pa: expected within the recorded memory");
	expect_refused(of("vf0", "mem", R"("pa":"0x3fffffff","len":2,"what":"x","hex":"0102")"),
		       "pa: expected within the recorded memory");
	expect_refused(
		of("smmu", "command", R"("opcode":"X","op":"0x4","index":0,"words":["0x4"])"),
		"the descriptor: expected 16 bytes, found 8");
	expect_refused(of("vf0", "dma", R"("op":"read","what":"x","pa":"0x40000000","len":4)"),
		       "iova: expected a number");
	expect_refused(of("vf0", "dma",
			  R"("op":"read","what":"x","iova":0,"pa":"0x40000000","len":4,)"
			  R"("walk":{"ste":"0x1","pt":[[4,"0x1","0x2"]]})"),
		       "walk.pt: expected [level, pa, descriptor]");
	expect_refused(of("vf0", "ring", R"("queue":"cmdq","iova":0,"count":8)"),
		       "queue: expected txN or rxN");
	expect_refused(
		of("vf0", "msi", R"("vector":5,"iova":0,"data":0,"pa":"0x8020040","stream_id":8)"),
		"vector: expected less than 5");
}

TEST_F(DriverFile, QueueBeyondTheOfferedIsRefused)
{
	expect_refused(
		of("vf0", "tx",
		   R"("queue":4,"index":0,"iova":0,"descriptor":")" + std::string(32, '0') + "\""),
		"queue: expected less than 4");
}

TEST_F(DriverFile, MetaThatLacksANumberIsRefused)
{
	for (const char *key : {"\"vectors\":5", "\"IDR3\":\"0x0\"", "\"size\":\"0x1000000\""}) {
		std::string meta = kMeta;

		meta.replace(meta.find(key), strlen(key), "\"gone\":1");
		EXPECT_EQ(load({}, meta), -EINVAL) << key;
		EXPECT_EQ(std::string(error).find(path + ":1: "), 0u) << error;
	}
}

TEST_F(DriverFile, FirstLineTellsTheKindOfRecording)
{
	TextFile drivers(kMeta + "\n"), calls("{\"t_us\":0,\"thread\":1,\"call\":\"open\"}\n"),
		nothing("");

	EXPECT_TRUE(driver_file_is(drivers.path()));
	EXPECT_FALSE(driver_file_is(calls.path()));
	EXPECT_FALSE(driver_file_is(nothing.path()));
	EXPECT_FALSE(driver_file_is("/nowhere"));
}

TEST_F(DriverFile, AccessBeforeTheMetaLineIsRefused)
{
	EXPECT_EQ(load({}, of("smmu", "bar0", kRead)), -EINVAL);
	EXPECT_EQ(std::string(error),
		  path + ":1: kind: expected meta in the first line, and only there");
}
