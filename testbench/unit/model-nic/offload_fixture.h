/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_OFFLOAD_FIXTURE_H
#define VFSIM_TESTBENCH_OFFLOAD_FIXTURE_H

/* Packets that are left to the NIC to finish, and a receiver's view of what comes of them. */

#include <numeric>

#include "model/nic/offload.h"
#include "testbench/unit/model-nic/nic_fixture.h"

constexpr uint32_t kEth = 14, kIp4 = 20, kIp6 = 40, kTcp = 20;

inline uint32_t be16(const Bytes &frame, size_t at)
{
	return (uint32_t)frame.at(at) << 8 | frame.at(at + 1);
}

inline uint32_t be32(const Bytes &frame, size_t at)
{
	return be16(frame, at) << 16 | be16(frame, at + 2);
}

inline void put16(Bytes &frame, size_t at, uint32_t value)
{
	frame.at(at) = (uint8_t)(value >> 8);
	frame.at(at + 1) = (uint8_t)value;
}

/* The checker's own sum, over words in the order of the wire. */
inline uint32_t sum_of(const Bytes &frame, size_t from, size_t to, uint32_t sum = 0)
{
	for (size_t i = from; i < to; i += 2)
		sum += frame[i] << 8 | (i + 1 < to ? frame[i + 1] : 0);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Sum of the pseudo header: addresses, protocol and, unless 0, the length. */
inline uint32_t pseudo(const Bytes &frame, bool ipv6, uint32_t proto, uint32_t len)
{
	size_t from = kEth + (ipv6 ? 8 : 12);

	return sum_of(frame, from, from + (ipv6 ? 32 : 8), proto + len);
}

/* A receiver's view: do header and transport sums come out as they must? */
inline void expect_sums(const Bytes &frame, bool ipv6, uint32_t proto)
{
	size_t l4 = kEth + (ipv6 ? kIp6 : kIp4);

	if (!ipv6) {
		EXPECT_EQ(sum_of(frame, kEth, l4), 0xffffu);
	}
	EXPECT_EQ(sum_of(frame, l4, frame.size(),
			 pseudo(frame, ipv6, proto, (uint32_t)(frame.size() - l4))),
		  0xffffu);
}

/* Ethernet, IP and the first bytes of a transport header, as a driver leaves them to the NIC. */
inline Bytes left_to_nic(const uint8_t *to, const uint8_t *from, bool ipv6, uint32_t proto,
			 size_t l4_bytes, size_t payload)
{
	size_t l4 = kEth + (ipv6 ? kIp6 : kIp4);
	Bytes frame(l4 + l4_bytes + payload);

	memcpy(&frame[0], to, 6);
	memcpy(&frame[6], from, 6);
	put16(frame, 12, ipv6 ? 0x86dd : 0x0800);
	if (ipv6) {
		frame[kEth] = 0x60;
		frame[kEth + 6] = (uint8_t)proto;
		std::iota(&frame[kEth + 8], &frame[kEth + 40], (uint8_t)3);
	} else {
		frame[kEth] = 0x45;
		put16(frame, kEth + 4, 0xfffe); /* its ID wraps */
		frame[kEth + 8] = 64;
		frame[kEth + 9] = (uint8_t)proto;
		std::iota(&frame[kEth + 12], &frame[kEth + 20], (uint8_t)9);
	}
	for (size_t i = l4 + l4_bytes; i < frame.size(); i++)
		frame[i] = (uint8_t)(i * 7 + i / 251);
	return frame;
}

inline uint64_t data1(bool ipv6, bool ip_sum, enum offload_l4 l4, uint32_t l4_bytes)
{
	return field_put(TXD1_CMD_IIPT, ipv6     ? TXD_IIPT_IPV6
					: ip_sum ? TXD_IIPT_IPV4_CSUM
						 : TXD_IIPT_IPV4) |
	       field_put(TXD1_CMD_L4T, l4) | field_put(TXD1_MACLEN, kEth / 2) |
	       field_put(TXD1_IPLEN, (ipv6 ? kIp6 : kIp4) / 4) |
	       field_put(TXD1_L4LEN, l4_bytes / 4);
}

inline uint64_t context1(uint32_t payload, uint32_t mss)
{
	return TXD_DTYPE_CONTEXT | TXC1_CMD_TSO | field_put(TXC1_TSO_LEN, payload) |
	       field_put(TXC1_MSS, mss);
}
class NicDescribed : public NicTraffic
{
protected:
	void describe(uint64_t word0, uint64_t word1)
	{
		host[0]->memory.write64(a->tx_ring + 16 * a->tx_tail, word0);
		host[0]->memory.write64(a->tx_ring + 16 * a->tx_tail + 8, word1);
		a->tx_tail = (a->tx_tail + 1) % AvfDriver::kRing;
	}
	/* A packet in buffers of these sizes. */
	void transmit(const Bytes &frame, uint64_t command, std::vector<uint32_t> sizes)
	{
		uint64_t at = a->tx_buffers;
		size_t from = 0;

		for (size_t i = 0; i < sizes.size(); i++) {
			bool last = i + 1 == sizes.size();

			host[0]->memory.write(at, &frame[from], sizes[i]);
			describe(at, command | field_put(TXD1_BUF_SIZE, sizes[i]) |
					     (last ? TXD1_CMD_EOP | TXD1_CMD_RS : 0));
			from += sizes[i];
			at += sizes[i] + 700;
		}
		ASSERT_EQ(from, frame.size());
		host[0]->write(0, QTX_TAIL1(0), a->tx_tail);
		run_for(300 * PS_PER_US);
	}
};

#endif
