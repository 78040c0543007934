/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_FDIR_FIXTURE_H
#define VFSIM_TESTBENCH_FDIR_FIXTURE_H

#include "testbench/unit/model-nic/nic_fixture.h"

constexpr uint8_t kTcp = 6, kUdp = 17, kSctp = 132;

/* What a sender's frame says; its fields are those of a rule, too. */
struct Flow {
	uint8_t version = 4;
	uint8_t proto = kUdp;
	uint16_t source_port = 0x1122, port = 0x3344;
	uint8_t host = 7; /* last octet of the source address */
	uint8_t net = 1;  /* third octet of it */
	uint8_t dscp = 0xb8, hops = 64;
	bool fragment = false, tagged = false;
};

inline Bytes header_eth(const uint8_t *to, const uint8_t *from, const Flow &flow)
{
	Bytes eth(to, to + 6);

	eth.insert(eth.end(), from, from + 6);
	eth.push_back(flow.version == 4 ? 0x08 : 0x86);
	eth.push_back(flow.version == 4 ? 0x00 : 0xdd);
	return eth;
}

inline Bytes header_ip(const Flow &flow)
{
	if (flow.version == 4)
		return {0x45,     flow.dscp, 0,          60, 0, 0,  (uint8_t)(flow.fragment << 5),
			0,        flow.hops, flow.proto, 0,  0, 10, 0,
			flow.net, flow.host, 10,         0,  0, 1};
	Bytes ip(40);
	ip[0] = (uint8_t)(0x60 | flow.dscp >> 4);
	ip[1] = (uint8_t)(flow.dscp << 4 | 0xc); /* a flow label that no rule looks at */
	ip[5] = 20;
	ip[6] = flow.proto;
	ip[7] = flow.hops;
	ip[8] = ip[24] = 0x20;
	ip[8 + 7] = flow.net;
	ip[8 + 15] = flow.host;
	return ip;
}

inline Bytes header_l4(const Flow &flow)
{
	return {(uint8_t)(flow.source_port >> 8), (uint8_t)flow.source_port,
		(uint8_t)(flow.port >> 8), (uint8_t)flow.port};
}

inline Bytes operator+(Bytes a, const Bytes &b)
{
	a.insert(a.end(), b.begin(), b.end());
	return a;
}

/* b has four queues; RSS sends all to the first. */
class FlowDirector : public NicTraffic
{
protected:
	void configure() override
	{
		cfg.queue_pairs = 4;
	}
	void SetUp() override
	{
		NicTraffic::SetUp();
		for (uint32_t q = 1; q < 4; q++)
			set_up(q);
	}
	void set_up(uint32_t queue)
	{
		struct nic_queue_context context = {};

		context.base = ring(queue);
		context.len = 64;
		context.buffer_bytes = 2048;
		context.max_packet = 9000;
		context.rxdid = RXDID_LEGACY;
		context.enabled = true;
		nic_queue_context_set(host[1]->nic, 0, true, queue, &context);
		for (uint32_t i = 0; i < 63; i++)
			host[1]->memory.write64(ring(queue) + 32 * i, (28 << 20) + 8192);
		host[1]->write(0, QRX_TAIL1(queue), 63);
	}
	static uint64_t ring(uint32_t queue)
	{
		return (28 << 20) + 2048 * queue;
	}
	Bytes frame_of(const Flow &flow)
	{
		Bytes frame = header_eth(b->mac, a->mac, flow) + header_ip(flow) + header_l4(flow);

		frame.resize(100);
		if (flow.tagged) {
			const uint8_t tag[] = {0x81, 0, 0, 5};

			frame.insert(frame.begin() + 12, tag, tag + 4);
		}
		return frame;
	}
	/* Which queue of b's a frame goes to; 9: none. */
	uint32_t queue_of(const Flow &flow)
	{
		a->transmit(frame_of(flow));
		run_for(100 * PS_PER_US);
		if (!b->receive_frames().empty())
			return 0;
		for (uint32_t q = 1; q < 4; q++)
			if (host[1]->memory.read64(ring(q) + 32 * used[q] + 8) & RXD1_DD) {
				used[q]++;
				return q;
			}
		return 9;
	}

	uint32_t used[4] = {};
};

#endif
