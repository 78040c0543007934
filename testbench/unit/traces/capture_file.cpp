/* SPDX-License-Identifier: Apache-2.0 */
/* Captures of both formats and both byte orders, built byte by byte. */
#include "traces/capture_file.h"

#include <unistd.h>

#include "testbench/unit/traces/trace_file.h"
#include "traces/pcapng.h"

namespace
{
/* Bytes in one of the two orders. */
class Builder
{
public:
	explicit Builder(bool big) : big_(big)
	{
	}
	std::string u16(uint32_t value) const
	{
		return number(value, 2);
	}
	std::string u32(uint32_t value) const
	{
		return number(value, 4);
	}
	std::string u64(uint64_t value) const
	{
		return number(value, 8);
	}
	static std::string padded(std::string bytes)
	{
		bytes.resize((bytes.size() + 3) / 4 * 4);
		return bytes;
	}
	std::string option(uint32_t code, const std::string &value) const
	{
		return u16(code) + u16(static_cast<uint32_t>(value.size())) + padded(value);
	}
	std::string block(uint32_t type, const std::string &body) const
	{
		std::string len = u32(static_cast<uint32_t>(body.size()) + 12);

		return u32(type) + len + body + len;
	}
	std::string section() const
	{
		return block(0x0a0d0d0a, u32(0x1a2b3c4d) + u16(1) + u16(0) + u64(UINT64_MAX));
	}
	std::string interface(const std::string &options = "", uint32_t link_type = 1,
			      uint32_t snap = 0) const
	{
		return block(1, u16(link_type) + u16(0) + u32(snap) + options);
	}
	std::string packet(uint32_t of, uint64_t ticks, const std::string &frame, uint32_t len = 0,
			   const std::string &options = "") const
	{
		uint32_t kept = static_cast<uint32_t>(frame.size());

		return block(6, u32(of) + u32(static_cast<uint32_t>(ticks >> 32)) +
					u32(static_cast<uint32_t>(ticks)) + u32(kept) +
					u32(len ? len : kept) + padded(frame) + options);
	}
	std::string pcap(uint32_t magic, uint32_t network = 1) const
	{
		return u32(magic) + u16(2) + u16(4) + u32(0) + u32(0) + u32(65535) + u32(network);
	}
	std::string record(uint32_t s, uint32_t part, const std::string &frame,
			   uint32_t len = 0) const
	{
		uint32_t kept = static_cast<uint32_t>(frame.size());

		return u32(s) + u32(part) + u32(kept) + u32(len ? len : kept) + frame;
	}

private:
	std::string number(uint64_t value, int bytes) const
	{
		std::string text;

		for (int i = 0; i < bytes; i++)
			text += static_cast<char>(value >> 8 * (big_ ? bytes - 1 - i : i));
		return text;
	}
	bool big_;
};

std::string frame_of(char with, size_t len = 60)
{
	return std::string(len, with);
}

constexpr uint32_t kUsPcap = 0xa1b2c3d4, kNsPcap = 0xa1b23c4d;
} // namespace

class CaptureFile : public ::testing::TestWithParam<bool>
{
protected:
	void SetUp() override
	{
		want.min_bytes = 14;
		want.max_bytes = 9728;
	}
	void TearDown() override
	{
		capture_file_release(&file);
	}
	/* What it is refused for, with the file's name as FILE; empty when it is taken. */
	std::string load(const std::string &content)
	{
		TextFile text(content);
		char error[512] = "";

		capture_file_release(&file);
		int rc = capture_file_load(&file, text.path(), &want, error, sizeof(error));
		std::string told = error;
		EXPECT_EQ(rc != 0, !told.empty()) << told;
		if (!told.compare(0, std::string(text.path()).size(), text.path()))
			told.replace(0, std::string(text.path()).size(), "FILE");
		return told;
	}
	std::string data(uint32_t i) const
	{
		return std::string(reinterpret_cast<const char *>(file.frame[i].data),
				   file.frame[i].kept_bytes);
	}

	const Builder b{GetParam()};
	struct capture_want want = {};
	struct capture_file file = {};
};

INSTANTIATE_TEST_SUITE_P(ByteOrder, CaptureFile, ::testing::Bool(),
			 [](const auto &order) { return order.param ? "Big" : "Little"; });

TEST_P(CaptureFile, FramesOfPcapngHaveTheirBytesAndTimes)
{
	ASSERT_EQ(load(b.section() + b.interface() + b.packet(0, 5000000, frame_of('a', 61)) +
		       b.packet(0, 5000007, frame_of('b', 62))),
		  "");
	ASSERT_EQ(file.frames, 2u);
	EXPECT_EQ(data(0), frame_of('a', 61));
	EXPECT_EQ(data(1), frame_of('b', 62));
	EXPECT_EQ(file.frame[0].time_ps, 0u);
	EXPECT_EQ(file.frame[1].time_ps, 7000000u) << "microseconds unless the interface says";
	EXPECT_EQ(file.frame[1].len_bytes, 62u);
}

TEST_P(CaptureFile, EachInterfaceHasItsResolution)
{
	/* One second after the first frame, whatever the unit. */
	const std::pair<uint8_t, uint64_t> units[] = {
		{6, 1000000},
		{9, 1000000000},
		{12, 1000000000000},
		{0, 1},
		{3, 1000},
		{0x80, 1},
		{0x8a, 1024},
		{0x80 + 32, UINT64_C(1) << 32},
		{15, UINT64_C(1000000000000000)},
		{18, UINT64_C(1000000000000000000)},
	};
	for (auto [code, tick] : units) {
		std::string resolution = b.option(9, std::string(1, static_cast<char>(code)));

		ASSERT_EQ(load(b.section() + b.interface(resolution) +
			       b.packet(0, tick, frame_of('a')) +
			       b.packet(0, 2 * tick, frame_of('b'))),
			  "")
			<< int(code);
		EXPECT_EQ(file.frame[1].time_ps, 1000000000000u) << int(code);
	}
	std::string half = b.option(9, "\x81");
	ASSERT_EQ(load(b.section() + b.interface(half) + b.packet(0, 1, frame_of('a')) +
		       b.packet(0, 2, frame_of('b'))),
		  "");
	EXPECT_EQ(file.frame[1].time_ps, 500000000000u);
}

TEST_P(CaptureFile, ResolutionsThatDoNotFitAreRefused)
{
	for (const char *code : {"\x14", "\xc0"})
		EXPECT_NE(load(b.section() + b.interface(b.option(9, code)) +
			       b.packet(0, 1, frame_of('a')))
				  .find("FILE:2: if_tsresol: expected"),
			  std::string::npos);
}

TEST_P(CaptureFile, AnInterfacesOffsetIsAddedToItsTimes)
{
	std::string ahead = b.option(14, b.u64(3));
	std::string behind = b.option(14, b.u64(UINT64_MAX)); /* -1 s */

	ASSERT_EQ(load(b.section() + b.interface(behind) + b.interface(ahead) +
		       b.packet(0, 1000000, frame_of('a')) + b.packet(1, 0, frame_of('b'))),
		  "");
	EXPECT_EQ(file.frame[1].time_ps, 3000000000000u);
}

TEST_P(CaptureFile, InterfacesAreChosenByNameOrNumber)
{
	const std::string content = b.section() + b.interface(b.option(2, "near.port")) +
				    b.interface(b.option(2, "far.port")) +
				    b.packet(0, 10, frame_of('a')) +
				    b.packet(1, 11, frame_of('b')) + b.packet(0, 12, frame_of('c'));

	want.interface = "far.port";
	ASSERT_EQ(load(content), "");
	ASSERT_EQ(file.frames, 1u);
	EXPECT_EQ(data(0), frame_of('b'));
	EXPECT_EQ(file.frame[0].time_ps, 0u) << "the first that is kept";
	want.interface = "0";
	ASSERT_EQ(load(content), "");
	EXPECT_EQ(file.frames, 2u);
	want.interface = "far";
	EXPECT_EQ(load(content), "FILE:7: expected frames of interface far, found none");
}

TEST_P(CaptureFile, ASectionHasItsOwnInterfacesAndByteOrder)
{
	const Builder other(!GetParam());

	ASSERT_EQ(load(b.section() + b.interface() + b.packet(0, 1, frame_of('a')) +
		       other.section() + other.interface(other.option(9, "\x09")) +
		       other.packet(0, 2000, frame_of('b'))),
		  "");
	ASSERT_EQ(file.frames, 2u);
	EXPECT_EQ(file.frame[1].time_ps, 1000000u);
	EXPECT_EQ(load(b.section() + b.interface() + b.section() + b.packet(0, 1, frame_of('a'))),
		  "FILE:4: interface 0: expected one of the 0 of its section");
}

TEST_P(CaptureFile, DirectionsAreToldByFlags)
{
	const std::string in = b.option(2, b.u32(1)), out = b.option(2, b.u32(2));
	const std::string content =
		b.section() + b.interface() + b.packet(0, 1, frame_of('a'), 0, in) +
		b.packet(0, 2, frame_of('b'), 0, out) + b.packet(0, 3, frame_of('c'));

	want.direction = PCAPNG_INBOUND;
	ASSERT_EQ(load(content), "");
	ASSERT_EQ(file.frames, 1u);
	EXPECT_EQ(data(0), frame_of('a'));
	want.direction = PCAPNG_OUTBOUND;
	ASSERT_EQ(load(content), "");
	EXPECT_EQ(data(0), frame_of('b'));
}

TEST_P(CaptureFile, TheFcsIsLeftOut)
{
	const std::string four = b.option(13, "\x04"), flags = b.option(2, b.u32(4 << 5));

	ASSERT_EQ(load(b.section() + b.interface(four) + b.packet(0, 1, frame_of('a', 64))), "");
	EXPECT_EQ(file.frame[0].len_bytes, 60u);
	EXPECT_EQ(data(0).size(), 60u);
	ASSERT_EQ(load(b.section() + b.interface() + b.packet(0, 1, frame_of('a', 64), 0, flags)),
		  "");
	EXPECT_EQ(file.frame[0].len_bytes, 60u);
	ASSERT_EQ(
		load(b.pcap(kUsPcap, 1 | 1u << 26 | 2u << 28) + b.record(0, 0, frame_of('a', 64))),
		"");
	EXPECT_EQ(file.frame[0].len_bytes, 60u);
}

TEST_P(CaptureFile, CutFramesAreRefusedUnlessTheyAreToBePadded)
{
	const std::string content =
		b.section() + b.interface() + b.packet(0, 1, frame_of('a', 96), 1500);

	EXPECT_EQ(load(content), "FILE:3: expected a whole frame: 96 of its 1500 bytes are kept "
				 "(pad_cut fills it up)");
	want.pad_cut = true;
	ASSERT_EQ(load(content), "");
	EXPECT_EQ(file.frame[0].kept_bytes, 96u);
	EXPECT_EQ(file.frame[0].len_bytes, 1500u);
}

TEST_P(CaptureFile, OlderPacketBlocksAndUnknownOnesAreRead)
{
	const std::string old =
		b.u16(0) + b.u16(7) + b.u32(0) + b.u32(9) + b.u32(60) + b.u32(60) + frame_of('o');
	const std::string simple = b.u32(60) + frame_of('s');

	ASSERT_EQ(load(b.section() + b.interface() + b.block(5, b.u64(0)) + b.block(2, old) +
		       b.block(0x80000bad, "????") + b.block(3, simple)),
		  "");
	ASSERT_EQ(file.frames, 2u);
	EXPECT_EQ(data(0), frame_of('o'));
	EXPECT_EQ(data(1), frame_of('s'));
	EXPECT_EQ(file.frame[1].time_ps, 0u) << "as the one before";
}

TEST_P(CaptureFile, ASimplePacketIsCutAtTheSnapLength)
{
	want.pad_cut = true;
	ASSERT_EQ(load(b.section() + b.interface("", 1, 30) +
		       b.block(3, b.u32(100) + frame_of('s', 32))),
		  "");
	EXPECT_EQ(file.frame[0].kept_bytes, 30u);
	EXPECT_EQ(file.frame[0].len_bytes, 100u);
}

TEST_P(CaptureFile, PcapIsReadToo)
{
	ASSERT_EQ(load(b.pcap(kUsPcap) + b.record(7, 999999, frame_of('a')) +
		       b.record(8, 1, frame_of('b', 61))),
		  "");
	ASSERT_EQ(file.frames, 2u);
	EXPECT_EQ(data(1), frame_of('b', 61));
	EXPECT_EQ(file.frame[1].time_ps, 2000000u);
	ASSERT_EQ(load(b.pcap(kNsPcap) + b.record(7, 5, frame_of('a')) +
		       b.record(7, 8, frame_of('b'))),
		  "");
	EXPECT_EQ(file.frame[1].time_ps, 3000u);
}

TEST_P(CaptureFile, TimesNeverGoBack)
{
	ASSERT_EQ(load(b.section() + b.interface() + b.packet(0, 10, frame_of('a')) +
		       b.packet(0, 30, frame_of('b')) + b.packet(0, 20, frame_of('c')) +
		       b.packet(0, 31, frame_of('d'))),
		  "");
	EXPECT_EQ(file.frame[2].time_ps, 20000000u);
	EXPECT_EQ(file.frame[3].time_ps, 21000000u);
}

namespace
{
struct Hostile {
	const char *name;
	std::string (*content)(const Builder &b);
	const char *told;
};

const Hostile kHostile[] = {
	{"empty", [](const Builder &) { return std::string(); },
	 "FILE:1: expected a capture, found an empty file"},
	{"text", [](const Builder &) { return std::string("name: scenario\n"); },
	 "FILE:1: expected a capture: pcapng begins with a section header, pcap with "
	 "0xa1b2c3d4 or 0xa1b23c4d"},
	{"short", [](const Builder &o) { return o.section().substr(0, 9); },
	 "FILE:1: expected a block of 12 bytes, found 9"},
	{"magic",
	 [](const Builder &o) { return o.block(0x0a0d0d0a, "1234" + o.u32(1) + o.u64(0)); },
	 "FILE:1: expected a section's byte-order magic, not 0x34333231"},
	{"version",
	 [](const Builder &o) {
		 return o.block(0x0a0d0d0a, o.u32(0x1a2b3c4d) + o.u16(2) + o.u16(0) + o.u64(0));
	 },
	 "FILE:1: expected version 1 of pcapng, not 2"},
	{"section", [](const Builder &o) { return o.block(0x0a0d0d0a, o.u32(0x1a2b3c4d)); },
	 "FILE:1: expected a section header of 16 bytes, found 4"},
	{"long", [](const Builder &o) { return o.section() + o.u32(1) + o.u32(4000) + o.u32(0); },
	 "FILE:2: expected a length of 12 to 12, a multiple of 4, not 4000"},
	{"one word long",
	 [](const Builder &o) { return o.section() + o.u32(1) + o.u32(16) + o.u32(16); },
	 "FILE:2: expected a length of 12 to 12, a multiple of 4, not 16"},
	{"odd", [](const Builder &o) { return o.section() + o.u32(1) + o.u32(13) + o.u64(0); },
	 "FILE:2: expected a length of 12 to 16, a multiple of 4, not 13"},
	{"zero", [](const Builder &o) { return o.section() + o.u32(1) + o.u32(0) + o.u64(0); },
	 "FILE:2: expected a length of 12 to 16, a multiple of 4, not 0"},
	{"ends", [](const Builder &o) { return o.section() + o.u32(1) + o.u32(12) + o.u32(16); },
	 "FILE:2: expected the length 12 at the block's end, not 16"},
	{"interface", [](const Builder &o) { return o.section() + o.block(1, o.u32(1)); },
	 "FILE:2: expected an interface of 8 bytes, found 4"},
	{"option", [](const Builder &o) { return o.section() + o.interface(o.u16(2) + o.u16(9)); },
	 "FILE:2: option 2: expected 12 bytes, found 0"},
	{"resolution",
	 [](const Builder &o) { return o.section() + o.interface(o.option(9, "12")); },
	 "FILE:2: option 9: expected a length of 1, not 2"},
	{"packet",
	 [](const Builder &o) { return o.section() + o.interface() + o.block(6, o.u64(0)); },
	 "FILE:3: expected a packet of 20 bytes, found 8"},
	{"nobody's",
	 [](const Builder &o) {
		 return o.section() + o.interface() + o.packet(1, 0, frame_of('a'));
	 },
	 "FILE:3: interface 1: expected one of the 1 of its section"},
	{"beyond",
	 [](const Builder &o) {
		 return o.section() + o.interface() +
			o.block(6, o.u32(0) + o.u64(0) + o.u32(61) + o.u32(61) + frame_of('a'));
	 },
	 "FILE:3: expected 61 bytes of a frame of 61, found 60"},
	{"wraps",
	 [](const Builder &o) {
		 return o.section() + o.interface() +
			o.block(6, o.u32(0) + o.u64(0) + o.u32(UINT32_MAX) + o.u32(UINT32_MAX) +
					   frame_of('a'));
	 },
	 "FILE:3: expected 4294967295 bytes of a frame of 4294967295, found 60"},
	{"kept",
	 [](const Builder &o) {
		 return o.section() + o.interface() + o.packet(0, 0, frame_of('a'), 59);
	 },
	 "FILE:3: expected 60 bytes of a frame of 59, found 60"},
	{"flags",
	 [](const Builder &o) {
		 return o.section() + o.interface() +
			o.packet(0, 0, frame_of('a'), 0, o.option(2, "1"));
	 },
	 "FILE:3: option 2: expected a length of 4, not 1"},
	{"runt",
	 [](const Builder &o) { return o.section() + o.interface() + o.packet(0, 0, "short"); },
	 "FILE:3: expected a frame of 14 to 9728 bytes, not of 5"},
	{"giant",
	 [](const Builder &o) {
		 return o.section() + o.interface() + o.packet(0, 0, frame_of('a', 9729));
	 },
	 "FILE:3: expected a frame of 14 to 9728 bytes, not of 9729"},
	{"radio",
	 [](const Builder &o) {
		 return o.section() + o.interface("", 127) + o.packet(0, 0, frame_of('a'));
	 },
	 "FILE:3: expected a frame of Ethernet (link type 1), not of link type 127"},
	{"late",
	 [](const Builder &o) {
		 return o.section() + o.interface() + o.packet(0, 0, frame_of('a')) +
			o.packet(0, UINT64_C(1000001) * 1000000, frame_of('a'));
	 },
	 "FILE:4: expected a time within 1000000 s from the first frame's"},
	{"none", [](const Builder &o) { return o.section() + o.interface(); },
	 "FILE:3: expected frames, found none"},
	{"simple", [](const Builder &o) { return o.section() + o.interface() + o.block(3, ""); },
	 "FILE:3: expected a packet of 4 bytes, found 0"},
	{"simple beyond",
	 [](const Builder &o) { return o.section() + o.interface() + o.block(3, o.u32(5)); },
	 "FILE:3: expected 5 bytes of a frame of 5, found 0"},
	{"pcap header", [](const Builder &o) { return o.pcap(kUsPcap).substr(0, 23); },
	 "FILE:1: expected a header of 24 bytes, found 23"},
	{"pcap version",
	 [](const Builder &o) { return o.u32(kUsPcap) + o.u16(3) + o.pcap(0).substr(6); },
	 "FILE:1: expected version 2 of pcap, not 3"},
	{"pcap record",
	 [](const Builder &o) { return o.pcap(kUsPcap) + o.record(0, 0, frame_of('a')) + "tail"; },
	 "FILE:2: expected a record's header of 16 bytes, found 4"},
	{"pcap frame",
	 [](const Builder &o) {
		 return o.pcap(kUsPcap) + o.record(0, 0, frame_of('a')).substr(0, 75);
	 },
	 "FILE:1: expected 60 bytes of a frame of 60, found 59"},
	{"pcap time",
	 [](const Builder &o) { return o.pcap(kUsPcap) + o.record(0, 1000000, frame_of('a')); },
	 "FILE:1: expected a time below one second, not 1000000 parts of it"},
};
} // namespace

/* Each is refused where it is wrong, in words. */
TEST_P(CaptureFile, WhatIsNoCaptureIsRefusedWithItsBlock)
{
	for (const Hostile &hostile : kHostile) {
		std::string told = load(hostile.content(b));

		EXPECT_EQ(told, hostile.told) << hostile.name;
	}
}

TEST_P(CaptureFile, EveryPrefixOfACaptureIsTakenOrRefused)
{
	const std::string whole = b.section() +
				  b.interface(b.option(2, "eth0") + b.option(9, "\x09")) +
				  b.packet(0, 1, frame_of('a', 61), 0, b.option(2, b.u32(1))) +
				  b.packet(0, 2, frame_of('b', 63));
	for (size_t len = 0; len < whole.size(); len++)
		load(whole.substr(0, len));
}

TEST(CaptureFileOf, OurOwnWriterIsReadBack)
{
	TextFile text("");
	struct pcapng pcapng;
	struct capture_want want = {};
	struct capture_file file;
	char error[512];

	ASSERT_EQ(pcapng_open(&pcapng, text.path(), 0), 0);
	pcapng_interface(&pcapng, "near.port", "an end", 25000000000);
	pcapng_packet(&pcapng, 0, 1000, PCAPNG_OUTBOUND, frame_of('a').data(), 60, "lost");
	pcapng_packet(&pcapng, 0, 1017, PCAPNG_INBOUND, frame_of('b', 61).data(), 61, NULL);
	ASSERT_EQ(pcapng_close(&pcapng), 0);
	want.interface = "near.port";
	want.max_bytes = 100;
	ASSERT_EQ(capture_file_load(&file, text.path(), &want, error, sizeof(error)), 0) << error;
	ASSERT_EQ(file.frames, 2u);
	EXPECT_EQ(file.frame[1].time_ps, 17000u);
	EXPECT_EQ(file.frame[1].len_bytes, 61u);
	capture_file_release(&file);
}

TEST(CaptureFileOf, WhatIsNoFileIsRefusedAndNotWaitedFor)
{
	struct capture_want want = {};
	struct capture_file file;
	char error[512];

	EXPECT_EQ(capture_file_load(&file, "/dev/zero", &want, error, sizeof(error)), -EINVAL);
	EXPECT_STREQ(error, "/dev/zero:1: expected a regular file");
	EXPECT_EQ(capture_file_load(&file, "/tmp", &want, error, sizeof(error)), -EINVAL);
	EXPECT_EQ(capture_file_load(&file, "/nowhere.pcapng", &want, error, sizeof(error)),
		  -ENOENT);
	EXPECT_STREQ(error, "/nowhere.pcapng:1: cannot be read: No such file or directory");
}
