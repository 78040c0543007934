/* SPDX-License-Identifier: Apache-2.0 */
/* The blocks of a capture, read back byte by byte (draft-ietf-opsawg-pcapng, section 4). */
#include "traces/pcapng.h"

#include <map>
#include <vector>

#include "base/bits.h"
#include "testbench/unit/traces/trace_file.h"

namespace
{
struct Block {
	uint32_t type;
	std::string body;

	uint32_t word(size_t at) const
	{
		return le32_get(body.data() + at);
	}
	/* Options from byte `at` of the body on; none is missing and an end closes them. */
	std::map<uint32_t, std::string> options(size_t at) const
	{
		std::map<uint32_t, std::string> found;

		for (;;) {
			uint32_t code = le16_get(body.data() + at);
			uint32_t len = le16_get(body.data() + at + 2);

			at += 4;
			if (!code) {
				EXPECT_EQ(at, body.size());
				return found;
			}
			found[code] = body.substr(at, len);
			at += (len + 3) & ~3u;
			if (at > body.size()) {
				ADD_FAILURE() << "options without an end";
				return found;
			}
		}
	}
};
} // namespace

class Pcapng : public ::testing::Test
{
protected:
	void open(uint32_t snap_bytes)
	{
		ASSERT_EQ(pcapng_open(&pcapng, file.path(), snap_bytes), 0);
	}
	/* Its blocks: each has its length at both ends, a multiple of four. */
	std::vector<Block> blocks()
	{
		std::vector<Block> found;
		EXPECT_EQ(pcapng_close(&pcapng), 0);
		std::ifstream in(file.path(), std::ios::binary);
		std::string all((std::istreambuf_iterator<char>(in)), {});

		for (size_t at = 0; at + 12 <= all.size();) {
			uint32_t len = le32_get(&all[at + 4]);

			EXPECT_EQ(len % 4, 0u);
			if (at + len > all.size() || len < 12) {
				ADD_FAILURE() << "a block of " << len << " bytes at " << at;
				break;
			}
			EXPECT_EQ(le32_get(&all[at + len - 4]), len);
			found.push_back({le32_get(&all[at]), all.substr(at + 8, len - 12)});
			at += len;
		}
		return found;
	}
	TextFile file{""};
	struct pcapng pcapng;
};

TEST_F(Pcapng, BeginsWithASectionThatTellsItsByteOrder)
{
	open(0);
	std::vector<Block> found = blocks();

	ASSERT_EQ(found.size(), 1u);
	EXPECT_EQ(found[0].type, 0x0a0d0d0au);
	EXPECT_EQ(found[0].word(0), 0x1a2b3c4du);
	EXPECT_EQ(found[0].word(4), 1u); /* version 1.0 */
	EXPECT_EQ(found[0].options(16)[4], "vfsim");
}

TEST_F(Pcapng, InterfacesHaveNameSpeedAndNanoseconds)
{
	open(96);
	EXPECT_EQ(pcapng_interface(&pcapng, "source.port", "a wire's end", 25000000000), 0u);
	EXPECT_EQ(pcapng_interface(&pcapng, "source.switch", NULL, 0), 1u);
	std::vector<Block> found = blocks();

	ASSERT_EQ(found.size(), 3u);
	EXPECT_EQ(found[1].type, 1u);
	EXPECT_EQ(found[1].word(0), 1u); /* Ethernet */
	EXPECT_EQ(found[1].word(4), 96u);
	std::map<uint32_t, std::string> options = found[1].options(8);
	EXPECT_EQ(options[2], "source.port");
	EXPECT_EQ(options[3], "a wire's end");
	EXPECT_EQ(le64_get(options[8].data()), 25000000000u);
	EXPECT_EQ(options[9], "\x09");
	EXPECT_EQ(options[13], std::string(1, '\0'));
	options = found[2].options(8);
	EXPECT_EQ(options.count(3), 0u);
	EXPECT_EQ(options.count(8), 0u);
}

TEST_F(Pcapng, PacketsOfAnyLengthArePaddedAndKeepTheirTime)
{
	const std::string frame = "0123456789";

	open(0);
	for (uint32_t len = 0; len <= frame.size(); len++)
		pcapng_packet(&pcapng, 3, 0x123456789abcdef + len, PCAPNG_INBOUND, frame.data(),
			      len, NULL);
	std::vector<Block> found = blocks();

	ASSERT_EQ(found.size(), 1 + frame.size() + 1);
	for (uint32_t len = 0; len <= frame.size(); len++) {
		const Block &packet = found[1 + len];
		uint32_t padded = (len + 3) / 4 * 4;

		EXPECT_EQ(packet.type, 6u);
		EXPECT_EQ(packet.word(0), 3u);
		EXPECT_EQ(((uint64_t)packet.word(4) << 32) + packet.word(8),
			  0x123456789abcdef + len);
		EXPECT_EQ(packet.word(12), len);
		EXPECT_EQ(packet.word(16), len);
		EXPECT_EQ(packet.body.substr(20, len), frame.substr(0, len));
		EXPECT_EQ(packet.body.substr(20 + len, padded - len),
			  std::string(padded - len, '\0'));
		EXPECT_EQ(le32_get(packet.options(20 + padded)[2].data()), 1u); /* inbound */
	}
}

TEST_F(Pcapng, FramesAreCutToTheSnapLengthAndKeepTheirOwn)
{
	const std::string frame(1500, 'f');

	open(97);
	pcapng_packet(&pcapng, 0, 1, PCAPNG_OUTBOUND, frame.data(), 1500, "lost on the wire");
	std::vector<Block> found = blocks();

	ASSERT_EQ(found.size(), 2u);
	EXPECT_EQ(found[1].word(12), 97u);
	EXPECT_EQ(found[1].word(16), 1500u);
	EXPECT_EQ(found[1].body.substr(20, 97), frame.substr(0, 97));
	std::map<uint32_t, std::string> options = found[1].options(20 + 100);
	EXPECT_EQ(options[1], "lost on the wire");
	EXPECT_EQ(le32_get(options[2].data()), 2u); /* outbound */
}
