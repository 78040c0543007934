/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/packet_reference.hpp"

#include <algorithm>

namespace reference
{
namespace
{
constexpr uint8_t kFin = 0x01, kPsh = 0x08, kCwr = 0x80;

uint32_t Get(const Packet &packet, size_t at, unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | packet.at(at + i);
	return value;
}

void Put(Packet *packet, size_t at, unsigned bytes, uint32_t value)
{
	for (unsigned i = bytes; i-- > 0; value >>= 8)
		packet->at(at + i) = static_cast<uint8_t>(value);
}

// Where the transport header has its checksum.
size_t SumField(const Layout &layout)
{
	size_t within = layout.l4 == L4::kTcp ? 16 : layout.l4 == L4::kUdp ? 6 : 8;

	return layout.Transport() + within;
}

// Of a segment that begins `sent` bytes into the payload: CWR is the first one's, FIN and PSH
// are the last one's.
void NumberTcp(Packet *segment, size_t tcp, uint32_t sent, bool last)
{
	uint8_t keep = 0xff;

	Put(segment, tcp + 4, 4, Get(*segment, tcp + 4, 4) + sent);
	if (sent > 0)
		keep &= static_cast<uint8_t>(~kCwr);
	if (!last)
		keep &= static_cast<uint8_t>(~(kFin | kPsh));
	segment->at(tcp + 13) &= keep;
}
} // namespace

size_t Layout::Ip() const
{
	return 14;
}

size_t Layout::Transport() const
{
	return Ip() + (ipv6 ? 40 : 20);
}

size_t Layout::Payload() const
{
	return Transport() + l4_header;
}

uint8_t Layout::Protocol() const
{
	switch (l4) {
	case L4::kTcp:
		return 6;
	case L4::kUdp:
		return 17;
	case L4::kSctp:
		return 132;
	default:
		return 253; // RFC 3692: for experiments
	}
}

uint16_t Sum(const Packet &packet, size_t from, size_t to, uint32_t start)
{
	uint64_t sum = start;

	for (size_t i = from; i < to; i++)
		sum += (i - from) % 2 == 0 ? packet.at(i) * 256u : packet.at(i);
	while (sum > 0xffff)
		sum = sum % 0x10000 + sum / 0x10000;
	return static_cast<uint16_t>(sum);
}

uint16_t PseudoSum(const Packet &packet, const Layout &layout, uint32_t l4_bytes)
{
	size_t from = layout.Ip() + (layout.ipv6 ? 8 : 12);
	uint32_t rest = layout.Protocol() + l4_bytes / 0x10000 + l4_bytes % 0x10000;

	return Sum(packet, from, from + (layout.ipv6 ? 32 : 8), rest);
}

uint32_t Crc32c(const Packet &packet, size_t from, size_t to)
{
	uint32_t remainder = 0xffffffff;

	for (size_t i = from; i < to; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			uint32_t out = (remainder ^ packet.at(i) >> bit) & 1;

			remainder >>= 1;
			if (out)
				remainder ^= 0x82f63b78; // 0x1edc6f41 mirrored
		}
	return ~remainder;
}

void FillIp(Packet *packet, const Layout &layout)
{
	if (layout.ipv6)
		return;
	Put(packet, layout.Ip() + 10, 2, 0);
	Put(packet, layout.Ip() + 10, 2, 0xffff ^ Sum(*packet, layout.Ip(), layout.Transport()));
}

void FillTransport(Packet *packet, const Layout &layout)
{
	size_t from = layout.Transport(), to = packet->size(), field = SumField(layout);
	uint32_t sum;

	if (layout.l4 == L4::kNone)
		return;
	if (layout.l4 == L4::kSctp) {
		Put(packet, field, 4, 0);
		uint32_t crc = Crc32c(*packet, from, to);
		// Its bits go out lowest first.
		Put(packet, field, 4,
		    crc << 24 | (crc & 0xff00) << 8 | (crc >> 8 & 0xff00) | crc >> 24);
		return;
	}
	Put(packet, field, 2, 0);
	sum = 0xffff ^
	      Sum(*packet, from, to, PseudoSum(*packet, layout, static_cast<uint32_t>(to - from)));
	if (layout.l4 == L4::kUdp && sum == 0)
		sum = 0xffff; // 0 says that there is none
	Put(packet, field, 2, sum);
}

bool IpIsRight(const Packet &packet, const Layout &layout)
{
	return layout.ipv6 || Sum(packet, layout.Ip(), layout.Transport()) == 0xffff;
}

bool TransportIsRight(const Packet &packet, const Layout &layout)
{
	Packet filled = packet;

	if (layout.l4 == L4::kSctp) {
		FillTransport(&filled, layout);
		return filled == packet;
	}
	size_t from = layout.Transport();
	return layout.l4 == L4::kNone ||
	       Sum(packet, from, packet.size(),
		   PseudoSum(packet, layout, static_cast<uint32_t>(packet.size() - from))) ==
		       0xffff;
}

std::vector<Packet> Segments(const Packet &whole, const Layout &layout, size_t mss)
{
	size_t header = layout.Payload(), l4 = layout.Transport();
	std::vector<Packet> segments;

	for (size_t at = header; at < whole.size(); at += mss) {
		size_t end = std::min(at + mss, whole.size());
		uint32_t number = static_cast<uint32_t>(segments.size());
		Packet segment(whole.begin(), whole.begin() + static_cast<long>(header));

		segment.insert(segment.end(), whole.begin() + static_cast<long>(at),
			       whole.begin() + static_cast<long>(end));
		if (layout.ipv6) {
			Put(&segment, layout.Ip() + 4, 2,
			    static_cast<uint32_t>(segment.size() - l4));
		} else {
			Put(&segment, layout.Ip() + 2, 2,
			    static_cast<uint32_t>(segment.size() - layout.Ip()));
			Put(&segment, layout.Ip() + 4, 2, Get(whole, layout.Ip() + 4, 2) + number);
		}
		if (layout.l4 == L4::kTcp)
			NumberTcp(&segment, l4, static_cast<uint32_t>(at - header),
				  end == whole.size());
		else
			Put(&segment, l4 + 4, 2, static_cast<uint32_t>(segment.size() - l4));
		FillIp(&segment, layout);
		FillTransport(&segment, layout);
		segments.push_back(segment);
	}
	return segments;
}

Packet InsertTag(const Packet &packet, uint16_t tci)
{
	Packet tagged(packet.begin(), packet.begin() + 12);

	for (unsigned value : {0x81, 0x00, tci >> 8, tci & 0xff})
		tagged.push_back(static_cast<uint8_t>(value));
	tagged.insert(tagged.end(), packet.begin() + 12, packet.end());
	return tagged;
}

Packet StripTag(const Packet &packet, uint16_t *tci)
{
	Packet rest(packet);

	*tci = static_cast<uint16_t>(Get(packet, 14, 2));
	rest.erase(rest.begin() + 12, rest.begin() + 16);
	return rest;
}

uint32_t Toeplitz(const std::vector<uint8_t> &key, const std::vector<uint8_t> &input)
{
	uint32_t hash = 0;

	// Bit i of the input adds the 32 bits of the key from its bit i on.
	for (size_t i = 0; i < input.size() * 8; i++) {
		if (!(input[i / 8] >> (7 - i % 8) & 1))
			continue;
		for (size_t bit = 0; bit < 32; bit++)
			hash ^= static_cast<uint32_t>(key.at((i + bit) / 8) >> (7 - (i + bit) % 8) &
						      1)
				<< (31 - bit);
	}
	return hash;
}

std::vector<uint8_t> HashInput(const Packet &packet, const Layout &layout)
{
	long from = static_cast<long>(layout.Ip() + (layout.ipv6 ? 8 : 12));
	long to = static_cast<long>(layout.Transport() + (layout.l4 == L4::kNone ? 0 : 4));

	// Ports follow addresses where there are no options.
	return {packet.begin() + from, packet.begin() + to};
}

uint32_t LutQueue(const std::vector<uint8_t> &lut, uint32_t hash)
{
	return lut.at(hash % lut.size());
}
} // namespace reference
