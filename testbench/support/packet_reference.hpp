/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_PACKET_REFERENCE_H
#define VFSIM_TESTBENCH_PACKET_REFERENCE_H

/*
 * What a NIC's offloads do to a packet, written from the RFCs and apart from the
 * model: one byte or one bit at a time, plain before quick. A packet is bytes from
 * its Ethernet header on, without FCS, numbers in network order.
 *
 * Sources: RFC 1071 (sums), RFC 768, RFC 9293, RFC 8200 8.1 (pseudo headers), RFC 9260
 * appendix A (CRC32c), IEEE 802.1Q 9.3 (tags), Microsoft "Verifying the RSS Hash Calculation".
 */

#include <cstddef>
#include <cstdint>
#include <vector>

namespace reference
{
using Packet = std::vector<uint8_t>;

enum class L4 { kNone, kTcp, kUdp, kSctp };

/* Where a packet has its headers; no tag, no extension headers, IPv4 without options. */
struct Layout {
	bool ipv6 = false;
	L4 l4 = L4::kNone;
	size_t l4_header = 0; /* bytes of it */

	size_t Ip() const;
	size_t Transport() const;
	size_t Payload() const;
	uint8_t Protocol() const;
};

/* The one's complement sum of [from, to), not complemented, on top of `start`. */
uint16_t Sum(const Packet &packet, size_t from, size_t to, uint32_t start = 0);
uint16_t PseudoSum(const Packet &packet, const Layout &layout, uint32_t l4_bytes);
uint32_t Crc32c(const Packet &packet, size_t from, size_t to);

/* Fill the checksum of the IPv4 header; of TCP, UDP or SCTP. */
void FillIp(Packet *packet, const Layout &layout);
void FillTransport(Packet *packet, const Layout &layout);
/* Does a receiver find them right? */
bool IpIsRight(const Packet &packet, const Layout &layout);
bool TransportIsRight(const Packet &packet, const Layout &layout);

/* The segments of a TCP packet, or the datagrams of a UDP packet, of `mss` bytes of payload each
 * and the rest in the last. */
std::vector<Packet> Segments(const Packet &whole, const Layout &layout, size_t mss);

Packet InsertTag(const Packet &packet, uint16_t tci);
Packet StripTag(const Packet &packet, uint16_t *tci);

/* The Toeplitz hash of `input` (at most key - 4 bytes) by `key`. */
uint32_t Toeplitz(const std::vector<uint8_t> &key, const std::vector<uint8_t> &input);
/* What it is taken over: addresses, and the ports of TCP, UDP and SCTP. */
std::vector<uint8_t> HashInput(const Packet &packet, const Layout &layout);
/* The queue that a table names for a hash. */
uint32_t LutQueue(const std::vector<uint8_t> &lut, uint32_t hash);
} // namespace reference

#endif
