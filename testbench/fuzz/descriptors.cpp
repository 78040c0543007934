/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VF may do to the data path: any bytes as descriptors of its Tx and Rx queues, rings
 * and buffers anywhere, doorbells beyond the ring, queues configured again and again. Many
 * descriptors are nearly right, so that packets leave, with any offload.
 */
#include <cstring>

#include "model/nic/flow_descriptor_format.h"
#include "testbench/fuzz/common/fuzz.hpp"
#include "testbench/fuzz/common/nic_world.hpp"

namespace
{
constexpr uint32_t kFrames = 3 << 20; /* in a guest's memory, behind what its driver uses */
constexpr uint32_t kFrame = 4096;

class Descriptors : public NicWorld
{
public:
	explicit Descriptors(FuzzInput &input) : in(input)
	{
	}

	void run()
	{
		for (uint32_t i = 0; i < kGuests; i++) {
			guest[i].bring_up();
			for (uint32_t at = 0; at < 16; at++)
				frame(i, at);
		}
		for (unsigned steps = 0; !in.empty() && steps < 300; steps++)
			step();
		judge();
	}

private:
	uint64_t place(uint32_t who)
	{
		uint64_t bits = in.take(1);

		if (bits < 4)
			return in.take(8);
		if (bits < 32)
			return region(who) + in.take(3) % kRegion;
		return region(who) + kFrames + bits % 16 * kFrame;
	}

	/* Addresses that a switch knows, and the beginning of some protocol. */
	void frame(uint32_t who, uint32_t number)
	{
		static const uint8_t types[4][2] = {
			{0x08, 0x00}, {0x86, 0xdd}, {0x81, 0x00}, {0x88, 0xa8}};
		uint8_t bytes[64] = {};

		if (number & 8)
			memset(bytes, 0xff, 6);
		else
			memcpy(bytes, number & 4 ? bystander[0].mac : guest[!who].mac, 6);
		memcpy(bytes + 6, guest[who].mac, 6);
		memcpy(bytes + 12, types[number & 3], 2);
		if (number & 2) { /* a tag, then IP */
			bytes[15] = 5;
			memcpy(bytes + 16, types[number & 1], 2);
		}
		bytes[number & 2 ? 18 : 14] = number & 1 ? 0x60 : 0x45;
		bytes[number & 2 ? 27 : 23] = number & 4 ? 6 : 17;
		host.memory.write(region(who) + kFrames + number * kFrame, bytes, sizeof(bytes));
	}

	void tx_descriptor(uint32_t who)
	{
		AvfDriver &driver = guest[who];
		uint64_t bits = in.take(1), word[2] = {place(who), in.take(2) << 4};

		word[1] &= TXD1_CMD;
		if (bits & 1)
			word[1] |= TXD1_CMD_EOP | TXD1_CMD_RS;
		word[1] |= field_put(TXD1_BUF_SIZE, bits & 2 ? in.take(2) & 0x3fff : 60 + bits);
		if (bits & 4)
			word[1] |= in.take(3) << 16 & (TXD1_MACLEN | TXD1_IPLEN | TXD1_L4LEN);
		else
			word[1] |= field_put(TXD1_MACLEN, 7) | field_put(TXD1_IPLEN, 5) |
				   field_put(TXD1_L4LEN, bits & 8 ? 5 : 2);
		if (bits & 16)
			word[1] |= field_put(TXD1_L2TAG1, in.take(2));
		if ((bits & 0xe0) == 0xe0)
			word[1] = in.take(8);
		put_tx(driver, word);
	}

	void context(uint32_t who)
	{
		uint64_t bits = in.take(1), word[2] = {bits & 0x80 ? in.take(8) : 0, 0};

		word[1] = TXD_DTYPE_CONTEXT | (bits & 1 ? 0 : TXC1_CMD_TSO) |
			  field_put(TXC1_TSO_LEN, bits & 2 ? in.take(3) & 0x3ffff : in.take(1)) |
			  field_put(TXC1_MSS, bits & 4 ? in.take(2) & 0x3fff : 64 + bits);
		if (bits & 0x40)
			word[1] |= in.take(4) << 4 & BITS(29, 5);
		put_tx(guest[who], word);
	}

	/* To program the flow director. */
	void filter(uint32_t who)
	{
		uint64_t bits = in.take(1), word[2] = {in.take(4), TXD_DTYPE_FILTER};

		word[1] |= field_put(TXF1_PCMD, 1 + (bits & 1)) |
			   field_put(TXF1_DEST, bits >> 1 & 3) |
			   field_put(TXF1_FD_STATUS, bits >> 3 & 1) | bits << 32;
		if (bits & 0xc0)
			word[0] = field_put(TXF0_PCTYPE, 31 + (bits >> 4 & 15));
		put_tx(guest[who], word);
	}

	/* Seldom elsewhere than where its driver has its ring. */
	void put_tx(AvfDriver &driver, const uint64_t *word)
	{
		host.memory.write(driver.tx_ring + driver.tx_tail * TXD_BYTES, word, TXD_BYTES);
		driver.tx_tail = (driver.tx_tail + 1) % AvfDriver::kRing;
	}

	void rx_descriptor(uint32_t who)
	{
		AvfDriver &driver = guest[who];
		uint64_t word[4] = {place(who)};

		if (in.take(1) < 8)
			for (uint64_t &each : word)
				each = in.take(8);
		host.memory.write(driver.rx_ring + driver.rx_tail * RXD_BYTES, word, sizeof(word));
		driver.rx_tail = (driver.rx_tail + 1) % AvfDriver::kRing;
		host.write(driver.vf, QRX_TAIL1(0), driver.rx_tail);
	}

	void doorbell(uint32_t who)
	{
		uint64_t bits = in.take(1);
		uint32_t value = guest[who].tx_tail;

		if (bits & 1 && bits & 2)
			value = (uint32_t)in.take(bits & 4 ? 4 : 1);
		host.write(who, bits >> 4 == 15 ? QRX_TAIL1(0) : QTX_TAIL1(bits >> 4 == 14), value);
	}

	void configure_queues(uint32_t who)
	{
		struct virtchnl_vsi_queue_config_info config = {};
		uint64_t bits = in.take(1);
		AvfDriver &driver = guest[who];

		if (!(bits & 0x80))
			disable(who);
		config.vsi_id = driver.vsi;
		config.num_queue_pairs = 1;
		config.qpair[0].txq.vsi_id = config.qpair[0].rxq.vsi_id = config.vsi_id;
		config.qpair[0].txq.ring_len = (uint16_t)(bits & 2 ? in.take(2) : 64);
		config.qpair[0].rxq.ring_len = (uint32_t)(bits & 4 ? in.take(2) : 64);
		config.qpair[0].txq.dma_ring_addr =
			bits & 8 ? place(who) & ~UINT64_C(127) : driver.tx_ring;
		config.qpair[0].rxq.dma_ring_addr =
			bits & 16 ? place(who) & ~UINT64_C(127) : driver.rx_ring;
		config.qpair[0].rxq.databuffer_size =
			(uint32_t)(bits & 32 ? in.take(1) * 128 : 2048);
		config.qpair[0].rxq.max_pkt_size = (uint32_t)(bits & 64 ? in.take(2) : 9000);
		config.qpair[0].rxq.rxdid = (uint8_t)(1 + config.qpair[0].rxq.max_pkt_size % 2);
		driver.send(VIRTCHNL_OP_CONFIG_VSI_QUEUES, &config, sizeof(config));
		run_for(20 * PS_PER_US);
		driver.tx_tail = driver.rx_tail = 0;
		enable(who);
	}

	void enable(uint32_t who)
	{
		struct virtchnl_queue_select select = {guest[who].vsi, 0, 1, 1};

		guest[who].send(VIRTCHNL_OP_ENABLE_QUEUES, &select, sizeof(select));
		run_for(20 * PS_PER_US);
	}

	void disable(uint32_t who)
	{
		struct virtchnl_queue_select select = {guest[who].vsi, 0, 1, 1};

		guest[who].send(VIRTCHNL_OP_DISABLE_QUEUES, &select, sizeof(select));
		run_for(in.take(1) * PS_PER_US);
	}

	/* Stripping, promiscuity, RSS: what changes the path of a packet. */
	void setting(uint32_t who)
	{
		static const uint32_t opcodes[] = {
			VIRTCHNL_OP_ENABLE_VLAN_STRIPPING, VIRTCHNL_OP_DISABLE_VLAN_STRIPPING,
			VIRTCHNL_OP_CONFIG_PROMISCUOUS_MODE, VIRTCHNL_OP_GET_STATS};
		uint64_t bits = in.take(1);
		uint16_t body[4] = {guest[who].vsi, (uint16_t)(bits >> 2 & 3), 0, 0};

		host.set_policy(
			who, (uint32_t)((bits >> 4 & 7) | (bits << 1 & VF_POLICY_FLOW_DIRECTOR)));
		guest[who].send(opcodes[bits & 3], body,
				(bits & 3) < 2    ? 0
				: (bits & 3) == 2 ? 4
						  : 8);
	}

	void step()
	{
		uint64_t bits = in.take(1);
		uint32_t who = bits >> 7 & 1;

		switch (bits & 15) {
		case 0:
			configure_queues(who);
			break;
		case 1:
			(bits & 16 ? enable(who) : disable(who));
			break;
		case 2:
			setting(who);
			break;
		case 3:
			host.memory.write64(region(who) + in.take(3) % (kRegion - 8), in.take(8));
			break;
		case 4:
			host.memory.write64(region(who) + kFrames + in.take(1) % 16 * kFrame +
						    in.take(1) % 120,
					    in.take(8));
			break;
		case 5:
			if (bits & 64)
				host.flr(who);
			run_for(in.take(1) * PS_PER_US / 8);
			break;
		case 6:
		case 7:
			rx_descriptor(who);
			break;
		case 8:
			context(who);
			break;
		case 9:
			(bits & 16 ? filter(who) : context(who));
			break;
		case 10:
		case 11:
			doorbell(who);
			break;
		default:
			tx_descriptor(who);
		}
	}

	FuzzInput &in;
};
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_world<Descriptors>(data, size);
}
