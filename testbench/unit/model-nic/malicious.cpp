/* SPDX-License-Identifier: Apache-2.0 */
/* Transmit descriptors that break a rule: the queue stops, alone, and the PF is told. */
#include "testbench/unit/model-nic/nic_fixture.h"

namespace
{
struct Desc {
	uint64_t word0, word1;
};

constexpr uint64_t kEnd = TXD1_CMD_EOP | TXD1_CMD_RS;

uint64_t bytes(uint32_t count)
{
	return field_put(TXD1_BUF_SIZE, count);
}

/* TCP over IPv4 without options: 54 bytes of headers. */
uint64_t tcp()
{
	return field_put(TXD1_CMD_IIPT, TXD_IIPT_IPV4_CSUM) | field_put(TXD1_CMD_L4T, 1) |
	       field_put(TXD1_MACLEN, 7) | field_put(TXD1_IPLEN, 5) | field_put(TXD1_L4LEN, 5);
}

Desc tso(uint32_t payload, uint32_t mss)
{
	return {0, TXD_DTYPE_CONTEXT | TXC1_CMD_TSO | field_put(TXC1_TSO_LEN, payload) |
			   field_put(TXC1_MSS, mss)};
}

struct Case {
	const char *why;
	enum mdd_event event;
	std::vector<Desc> descs;
};

/* `count` descriptors of `size` bytes each, the last one ends the packet. */
std::vector<Desc> many(std::vector<Desc> before, uint32_t count, uint32_t size, uint64_t command,
		       bool ends = true)
{
	for (uint32_t i = 0; i < count; i++)
		before.push_back({0, command | bytes(size) | (ends && i + 1 == count ? kEnd : 0)});
	return before;
}

std::vector<Case> cases()
{
	const Desc data = {0, bytes(1000) | kEnd};
	const Desc cut = {0, tcp() | bytes(1000) | kEnd};
	uint64_t udp = field_put(TXD1_CMD_IIPT, TXD_IIPT_IPV4) | field_put(TXD1_CMD_L4T, 3) |
		       field_put(TXD1_MACLEN, 7);

	return {
		{"an unknown type", MDD_BAD_DTYPE, {{0, 0x7 | bytes(1000) | kEnd}}},
		{"written back already", MDD_BAD_DTYPE, {{0, 0xf | bytes(1000) | kEnd}}},
		{"no bytes", MDD_ZERO_BUFFER, {{0, kEnd}}},
		{"no bytes in the second", MDD_ZERO_BUFFER, {{0, bytes(500)}, {0, kEnd}}},
		{"a context and another", MDD_BAD_CONTEXT, {tso(946, 500), tso(946, 500), cut}},
		{"a context behind data", MDD_BAD_CONTEXT, {{0, bytes(500)}, tso(946, 500), data}},
		{"nine buffers", MDD_TOO_MANY_BUFFERS, many({}, 9, 100, 0)},
		{"nine without an end", MDD_TOO_MANY_BUFFERS, many({}, 9, 100, 0, false)},
		{"a segment in nine", MDD_TOO_MANY_BUFFERS,
		 many({tso(1000, 900), {0, tcp() | bytes(54)}}, 10, 100, tcp())},
		{"a header in four",
		 MDD_TOO_MANY_BUFFERS,
		 {tso(946, 500),
		  {0, tcp() | bytes(10)},
		  {0, tcp() | bytes(10)},
		  {0, tcp() | bytes(10)},
		  {0, tcp() | bytes(970) | kEnd}}},
		{"no end", MDD_NO_EOP, many({tso(9000, 1000)}, 50, 200, tcp(), false)},
		{"16 bytes", MDD_WRONG_SIZE, {{0, bytes(16) | kEnd}}},
		{"more than the largest frame", MDD_WRONG_SIZE, {{0, bytes(9729) | kEnd}}},
		{"the same as a segment",
		 MDD_WRONG_SIZE,
		 {tso(9999, 9668),
		  {0, tcp() | field_put(TXD1_L4LEN, 15) | bytes(54)},
		  {0, tcp() | field_put(TXD1_L4LEN, 15) | bytes(10039) | kEnd}}},
		{"headers beyond the packet",
		 MDD_BAD_HEADER,
		 {{0, udp | field_put(TXD1_IPLEN, 0x7f) | bytes(100) | kEnd}}},
		{"a short IPv4 header",
		 MDD_BAD_HEADER,
		 {{0, field_put(TXD1_CMD_IIPT, TXD_IIPT_IPV4_CSUM) | field_put(TXD1_IPLEN, 4) |
			      bytes(100) | kEnd}}},
		{"a short TCP header",
		 MDD_BAD_HEADER,
		 {tso(946, 500), {0, (tcp() & ~TXD1_L4LEN) | bytes(1000) | kEnd}}},
		{"SCTP to cut",
		 MDD_BAD_HEADER,
		 {tso(946, 500), {0, (tcp() ^ field_put(TXD1_CMD_L4T, 3)) | bytes(1000) | kEnd}}},
		{"a short UDP header to cut",
		 MDD_BAD_HEADER,
		 {tso(946, 500),
		  {0, udp | field_put(TXD1_IPLEN, 5) | field_put(TXD1_L4LEN, 1) | bytes(1000) |
			      kEnd}}},
		{"to cut without IP",
		 MDD_BAD_HEADER,
		 {tso(946, 500), {0, (tcp() & ~TXD1_CMD_IIPT) | bytes(1000) | kEnd}}},
		{"to cut without a size", MDD_BAD_LSO_MSS, {tso(946, 0), cut}},
		{"a size below the least", MDD_BAD_LSO_MSS, {tso(946, 63), cut}},
		{"a size above the most", MDD_BAD_LSO_MSS, {tso(946, 9669), cut}},
		{"more payload than there is", MDD_BAD_LSO_LEN, {tso(947, 500), cut}},
		{"less", MDD_BAD_LSO_LEN, {tso(945, 500), cut}},
	};
}
} // namespace

class NicMalicious : public NicTraffic
{
protected:
	void SetUp() override
	{
		NicTraffic::SetUp();
		c = std::make_unique<AvfDriver>(host[0].get(), 1, 2);
		c->bring_up();
		host[0]->read(NicHost::kPf, PFINT_ICR0);
		traced.clear();
	}
	/* Without a doorbell. */
	void describe(const std::vector<Desc> &descs)
	{
		uint32_t offset = 0;

		for (const Desc &desc : descs) {
			bool context = (desc.word1 & TXD1_DTYPE) == TXD_DTYPE_CONTEXT;

			host[0]->memory.write64(a->tx_ring + 16 * a->tx_tail,
						context ? desc.word0 : a->tx_buffers + offset);
			host[0]->memory.write64(a->tx_ring + 16 * a->tx_tail + 8, desc.word1);
			a->tx_tail = (a->tx_tail + 1) % AvfDriver::kRing;
			offset += 64;
		}
	}
	void ring()
	{
		host[0]->write(0, QTX_TAIL1(0), a->tx_tail);
	}
	/* As a driver does that sees its queue hang. */
	void come_back()
	{
		ASSERT_EQ(a->disable(), 0);
		ASSERT_EQ(a->config_queues(), 0);
		a->tx_tail = a->rx_tail = a->rx_head = 0;
		a->post_rx(AvfDriver::kRing - 1);
		ASSERT_EQ(a->enable(), 0);
	}
	uint32_t pf_read(uint32_t offset)
	{
		return host[0]->read(NicHost::kPf, offset);
	}

	std::unique_ptr<AvfDriver> c;
};

TEST_F(NicMalicious, EachBrokenRuleStopsTheQueueAndIsTold)
{
	uint64_t events = 0, number = 0;

	for (const Case &one : cases()) {
		SCOPED_TRACE(one.why);
		traced.clear();
		describe(one.descs);
		describe({{0, bytes(1000) | kEnd}}); // what is behind it
		ring();
		run_for(100 * PS_PER_US);
		EXPECT_TRUE(b->receive_frames().empty());
		EXPECT_FALSE(a->tx_done((a->tx_tail + AvfDriver::kRing - 1) % AvfDriver::kRing));
		EXPECT_EQ(nic_vf_mdd_events(host[0]->nic, 0), ++events);
		EXPECT_EQ(nic_vf_stats_get(host[0]->nic, 0)->tx_errors, 0u);

		std::vector<struct trace_event> told = traces_of(TRACE_MDD_EVENT);
		ASSERT_EQ(told.size(), 1u);
		EXPECT_EQ(told[0].arg[0], 0u);
		EXPECT_EQ(told[0].arg[2], (uint64_t)one.event);
		EXPECT_EQ(field_get(GL_MDET_TX_EVENT, pf_read(GL_MDET_TX)), (uint64_t)one.event);
		host[0]->write(NicHost::kPf, GL_MDET_TX, 0xffffffff);

		come_back();
		a->transmit(frame(++number));
		run_for(100 * PS_PER_US);
		EXPECT_EQ(b->receive_frames().size(), 1u) << "enabled anew, it works";
		b->post_rx(1);
	}
}

// Each at its limit: no rule is stricter than it says.
TEST_F(NicMalicious, WhatKeepsTheRulesJustSoIsSent)
{
	const std::vector<Desc> good[] = {
		many({}, 8, 100, 0),
		many({tso(1400, 700), {0, tcp() | bytes(54)}}, 14, 100, tcp()),
		{{0, bytes(17) | kEnd}},
		{tso(946, 64), {0, tcp() | bytes(1000) | kEnd}},
		{tso(946, 9668), {0, tcp() | bytes(1000) | kEnd}},
	};

	for (const std::vector<Desc> &descs : good) {
		describe(descs);
		ring();
		run_for(100 * PS_PER_US);
		EXPECT_TRUE(a->tx_done((a->tx_tail + AvfDriver::kRing - 1) % AvfDriver::kRing));
	}
	EXPECT_EQ(nic_vf_mdd_events(host[0]->nic, 0), 0u);
}

TEST_F(NicMalicious, NoOtherQueueLosesAPacket)
{
	for (uint32_t i = 0; i < 30; i++) {
		c->transmit(make_frame(b->mac, c->mac, i, 1000));
		if (i == 10) {
			describe({{0, kEnd}});
			ring();
		}
		run_for(PS_PER_US);
	}
	for (uint32_t i = 0; i < 5; i++) // and its own receive queue works
		c->transmit(make_frame(a->mac, c->mac, 100 + i, 500));
	run_for(PS_PER_MS);
	EXPECT_EQ(nic_vf_mdd_events(host[0]->nic, 0), 1u);
	EXPECT_EQ(nic_vf_mdd_events(host[0]->nic, 1), 0u);
	EXPECT_EQ(b->receive_frames().size(), 30u);
	EXPECT_EQ(a->receive_frames().size(), 5u);
	EXPECT_TRUE(traces_of(TRACE_PACKET_DROPPED).empty());
}

TEST_F(NicMalicious, PacketsBeforeItLeaveAndThoseBehindDoNot)
{
	host[0]->memory.slow_down(a->tx_buffers, 20 * PS_PER_US);
	a->transmit(frame(1));
	a->transmit(frame(2));
	describe({{0, kEnd}});
	a->transmit(frame(3));
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames(), (std::vector<Bytes>{frame(1), frame(2)}));
	EXPECT_TRUE(a->tx_done(1));
	EXPECT_FALSE(a->tx_done(3));
	a->transmit(frame(4));
	run_for(100 * PS_PER_US);
	EXPECT_TRUE(b->receive_frames().empty()) << "a doorbell alone does not bring it back";
}

TEST_F(NicMalicious, ATailBeyondTheRingIsOneAndBehindItNothingIsFetched)
{
	host[0]->write(0, QTX_TAIL1(0), AvfDriver::kRing);
	run_for(100 * PS_PER_US);
	EXPECT_EQ(field_get(GL_MDET_TX_EVENT, pf_read(GL_MDET_TX)), (uint64_t)MDD_TAIL_BEYOND_RING);
	come_back();
	a->transmit(frame(1));
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().size(), 1u);
}

TEST_F(NicMalicious, AWriteThatMasksTheEnableLeavesThePfsInterruptOn)
{
	uint32_t before = host[0]->msis(NicHost::kPf, 0);

	host[0]->write(NicHost::kPf, PFINT_ICR0_ENA, ICR0_MAL_DETECT);
	host[0]->write(NicHost::kPf, PFINT_DYN_CTL0, DYN_CTL_INTENA);
	host[0]->write(NicHost::kPf, PFINT_DYN_CTL0, (uint32_t)DYN_CTL_INTENA_MSK);
	EXPECT_TRUE(pf_read(PFINT_DYN_CTL0) & DYN_CTL_INTENA);
	host[0]->write(1, QTX_TAIL1(0), 1000);
	run_for(100 * PS_PER_US);
	EXPECT_EQ(host[0]->msis(NicHost::kPf, 0), before + 1);
	EXPECT_FALSE(pf_read(PFINT_DYN_CTL0) & DYN_CTL_INTENA) << "an interrupt masks itself";
	host[0]->write(NicHost::kPf, PFINT_DYN_CTL0,
		       (uint32_t)(DYN_CTL_INTENA_MSK | DYN_CTL_INTENA));
	EXPECT_FALSE(pf_read(PFINT_DYN_CTL0) & DYN_CTL_INTENA)
		<< "nor does one that masks it set it";
}

TEST_F(NicMalicious, ThePfFindsTheFirstEventAndWhichVfsHadAny)
{
	uint32_t before = host[0]->msis(NicHost::kPf, 0);

	host[0]->write(NicHost::kPf, PFINT_ICR0_ENA, ICR0_MAL_DETECT);
	host[0]->write(NicHost::kPf, PFINT_DYN_CTL0, DYN_CTL_INTENA);
	host[0]->write(1, QTX_TAIL1(0), 1000);
	run_for(100 * PS_PER_US);
	EXPECT_EQ(host[0]->msis(NicHost::kPf, 0), before + 1);
	describe({{0, kEnd}});
	ring();
	run_for(100 * PS_PER_US);
	EXPECT_EQ(host[0]->msis(NicHost::kPf, 0), before + 1) << "it is masked until it is served";

	EXPECT_EQ(pf_read(PFINT_ICR0) & ICR0_MAL_DETECT, ICR0_MAL_DETECT);
	uint32_t first = pf_read(GL_MDET_TX);
	EXPECT_TRUE(first & GL_MDET_TX_VALID);
	EXPECT_EQ(field_get(GL_MDET_TX_VF_NUM, first), 1u);
	EXPECT_EQ(field_get(GL_MDET_TX_QUEUE, first), 1u);
	EXPECT_EQ(field_get(GL_MDET_TX_EVENT, first), (uint64_t)MDD_TAIL_BEYOND_RING);
	host[0]->write(NicHost::kPf, GL_MDET_TX, 0xffffffff);
	EXPECT_EQ(pf_read(GL_MDET_TX), 0u);
	for (uint32_t vf = 0; vf < 3; vf++) {
		EXPECT_EQ(pf_read(VP_MDET_TX(vf)), vf < 2 ? 1u : 0u) << vf;
		host[0]->write(NicHost::kPf, VP_MDET_TX(vf), 0xffff);
		EXPECT_EQ(pf_read(VP_MDET_TX(vf)), 0u) << vf;
	}
}

TEST_F(NicMalicious, AVfResetBringsTheQueueBackAndTheCountStays)
{
	describe({{0, kEnd}});
	ring();
	run_for(100 * PS_PER_US);
	a->send(VIRTCHNL_OP_RESET_VF, nullptr, 0);
	run_for(20 * PS_PER_MS);
	a->tx_tail = a->rx_tail = a->rx_head = 0;
	a->bring_up();
	a->transmit(frame(1));
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().size(), 1u);
	EXPECT_EQ(nic_vf_mdd_events(host[0]->nic, 0), 1u);
}

TEST_F(NicMalicious, DisablingAStoppedQueueIsAnsweredWhenItsLastReadIsDone)
{
	host[0]->memory.slow_down(a->tx_buffers, 300 * PS_PER_US);
	a->transmit(frame(1));
	describe({{0, kEnd}});
	ring();
	run_for(20 * PS_PER_US);
	ASSERT_EQ(nic_vf_mdd_events(host[0]->nic, 0), 1u);
	ASSERT_FALSE(nic_queue_drained(host[0]->nic, 0, false, 0));
	EXPECT_EQ(a->disable(), 0);
	EXPECT_TRUE(nic_queue_drained(host[0]->nic, 0, false, 0));
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().size(), 1u);
}

TEST_F(NicMalicious, AStoppedQueueIsStoppedWhereTheVfMoves)
{
	struct nic_queue_context context;

	describe({{0, kEnd}});
	ring();
	run_for(100 * PS_PER_US);
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 0).retval, AQ_RC_OK);
	Bytes stream = host[0]->save(0);
	ASSERT_EQ(host[1]->pf_vf(AQC_VF_SUSPEND, 2).retval, AQ_RC_OK);
	ASSERT_EQ(host[1]->load(2, stream).first, AQ_RC_OK);
	nic_queue_context_get(host[1]->nic, 2, false, 0, &context);
	EXPECT_FALSE(context.enabled);
	nic_queue_context_get(host[1]->nic, 2, true, 0, &context);
	EXPECT_TRUE(context.enabled);
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_RESUME, 0).retval, AQ_RC_OK);
}

/* Two Tx queues to a VF; the second one is set up here, as the firmware would. */
class NicMaliciousPair : public NicMalicious
{
protected:
	void configure() override
	{
		cfg.queue_pairs = 2;
	}
	void SetUp() override
	{
		struct nic_queue_context context;

		NicMalicious::SetUp();
		nic_queue_context_get(host[0]->nic, 0, false, 0, &context);
		context.base = second_ring = host[0]->memory.allocate(4096);
		nic_queue_context_set(host[0]->nic, 0, false, 1, &context);
	}
	void transmit_second(uint32_t index, const Bytes &bytes_to_send)
	{
		uint64_t at = a->tx_buffers + 0x80000 + index * 2048;

		host[0]->memory.write(at, bytes_to_send.data(), bytes_to_send.size());
		host[0]->memory.write64(second_ring + 16 * index, at);
		host[0]->memory.write64(second_ring + 16 * index + 8,
					kEnd | bytes((uint32_t)bytes_to_send.size()));
		host[0]->write(0, QTX_TAIL1(1), index + 1);
	}

	uint64_t second_ring = 0;
};

TEST_F(NicMaliciousPair, TheVfsOtherTransmitQueueLosesNothing)
{
	std::vector<Bytes> sent;

	for (uint32_t i = 0; i < 30; i++) {
		sent.push_back(frame(i, 500));
		transmit_second(i, sent.back());
		if (i == 10) {
			describe({{0, kEnd}});
			ring();
		}
	}
	run_for(PS_PER_MS);
	EXPECT_EQ(nic_vf_mdd_events(host[0]->nic, 0), 1u);
	EXPECT_EQ(b->receive_frames(), sent);
	EXPECT_EQ(field_get(GL_MDET_TX_QUEUE, pf_read(GL_MDET_TX)), 0u);
}

/*
 * Whatever descriptors say: the NIC goes on, nothing stays inside of it (the fixture looks),
 * a neighbour's packets pass, and a queue that stopped comes back.
 */
TEST_F(NicMalicious, NoDescriptorHurtsTheNicOrANeighbour)
{
	uint64_t state = 88172645463325252u, events = 0;
	auto random = [&](uint64_t below) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		return (state >> 11) % below;
	};
	auto lengths = [&] {
		static const uint32_t sizes[] = {54, 64, 100, 1000, 2000, 9728, 16383};

		return bytes(random(12) ? sizes[random(7)] : (uint32_t)random(16384));
	};

	for (uint32_t round = 0; round < 1500; round++) {
		std::vector<Desc> descs;
		uint32_t payload = 0;

		if (random(2))
			descs.push_back(
				{random(2) ? random(UINT64_C(1) << 24) : 0,
				 tso((uint32_t)random(4096), 40 + (uint32_t)random(2000)).word1});
		for (uint32_t i = 0; i <= random(4); i++) {
			uint64_t data =
				random(3) ? tcp() | lengths()
					  : (random(UINT64_C(1) << 34) & ~TXD1_DTYPE) | lengths();

			payload += (uint32_t)field_get(TXD1_BUF_SIZE, data);
			descs.push_back({0, data});
		}
		descs.back().word1 |= random(20) ? kEnd : 0;
		if (payload > 54 && !descs[0].word0 && random(2))
			descs[0].word1 =
				(descs[0].word1 & ~TXC1_TSO_LEN) |
				(descs.size() > 1 ? field_put(TXC1_TSO_LEN, payload - 54) : 0);
		describe(descs);
		ring();
		if (round % 10 == 0)
			c->transmit(make_frame(b->mac, c->mac, round, 300, 7));
		run_for(40 * PS_PER_US);
		b->receive_frames();
		b->rx_tail = b->rx_head;
		b->post_rx(AvfDriver::kRing - 1);
		if (nic_vf_mdd_events(host[0]->nic, 0) == events)
			continue;
		events = nic_vf_mdd_events(host[0]->nic, 0);
		ASSERT_TRUE(nic_queue_drained(host[0]->nic, 0, false, 0));
		nic_queue_enable(host[0]->nic, 0, false, 0, true);
		struct nic_queue_context context;
		nic_queue_context_get(host[0]->nic, 0, false, 0, &context);
		a->tx_tail = context.head;
	}
	EXPECT_GT(events, 100u);
	EXPECT_GT(nic_vf_stats_get(host[0]->nic, 0)->tx_unicast +
			  nic_vf_stats_get(host[0]->nic, 0)->tx_multicast +
			  nic_vf_stats_get(host[0]->nic, 0)->tx_broadcast,
		  100u);
	EXPECT_EQ(nic_vf_mdd_events(host[0]->nic, 1), 0u);
	EXPECT_EQ(nic_vf_stats_get(host[0]->nic, 1)->tx_unicast, 150u);
}
