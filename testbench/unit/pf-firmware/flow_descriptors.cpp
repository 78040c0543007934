/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the flow director by descriptors in front of packets, where the PF's driver allows it.
 */
#include <algorithm>

#include "model/nic/flow_descriptor_format.h"
#include "model/nic/flow_director.h"
#include "testbench/unit/pf-firmware/fdir_fixture.h"

namespace
{
constexpr uint8_t kIcmp = 1;

struct Program {
	uint32_t pctype = TXF_PCTYPE_IPV4_UDP, command = TXF_PCMD_ADD, dest = TXF_DEST_QUEUE;
	uint32_t queue = 2, fd_status = TXF_FD_STATUS_NONE, fd_id = 77;

	uint64_t word0() const
	{
		/* The VSI says nothing. */
		return field_put(TXF0_QINDEX, queue) | field_put(TXF0_PCTYPE, pctype) |
		       field_put(TXF0_DEST_VSI, 0x155);
	}
	uint64_t word1() const
	{
		return (uint64_t)TXD_DTYPE_FILTER | field_put(TXF1_PCMD, command) |
		       field_put(TXF1_DEST, dest) | field_put(TXF1_FD_STATUS, fd_status) |
		       field_put(TXF1_FD_ID, fd_id);
	}
};
} // namespace

class FlowDescriptors : public FlowDirector
{
protected:
	void SetUp() override
	{
		FlowDirector::SetUp();
		allow(VF_POLICY_FLOW_DIRECTOR);
	}
	void allow(uint64_t flags)
	{
		ASSERT_EQ(host[1]->set_policy(0, (uint32_t)flags), AQ_RC_OK);
	}
	void put(uint64_t word0, uint64_t word1)
	{
		host[1]->memory.write64(b->tx_ring + 16 * b->tx_tail, word0);
		host[1]->memory.write64(b->tx_ring + 16 * b->tx_tail + 8, word1);
		b->tx_tail = (b->tx_tail + 1) % AvfDriver::kRing;
	}
	/* The packet that a frame of `flow` would answer, from b to a. */
	Bytes answered_by(const Flow &flow)
	{
		Flow turned = flow;
		Bytes frame = frame_of(flow);
		uint32_t ip = 14, from = flow.version == 4 ? ip + 12 : ip + 8;
		uint32_t bytes = flow.version == 4 ? 4 : 16;

		std::copy(a->mac, a->mac + 6, frame.begin());
		std::copy(b->mac, b->mac + 6, frame.begin() + 6);
		std::swap_ranges(frame.begin() + from, frame.begin() + from + bytes,
				 frame.begin() + from + bytes);
		std::swap(turned.source_port, turned.port);
		Bytes ports = header_l4(turned);
		std::copy(ports.begin(), ports.end(),
			  frame.begin() + ip + (flow.version == 4 ? 20 : 40));
		return frame;
	}
	/* As i40e does it: the descriptor, and a packet that is not sent (or is). */
	void program(const Program &program, const Flow &flow, bool send = false)
	{
		Bytes packet = answered_by(flow);
		uint64_t at = b->tx_buffers + 4096;

		host[1]->memory.write(at, packet.data(), packet.size());
		put(program.word0(), program.word1());
		put(at, TXD1_CMD_EOP | TXD1_CMD_RS | (send ? 0 : TXD1_CMD_DUMMY) |
				field_put(TXD1_BUF_SIZE, packet.size()));
		host[1]->write(0, QTX_TAIL1(0), b->tx_tail);
		run_for(PS_PER_MS);
	}
	/* Its queues, of which one has stopped. */
	void begin_anew()
	{
		ASSERT_EQ(b->disable(), 0);
		ASSERT_EQ(b->config_queues(), 0);
		b->tx_tail = b->rx_tail = b->rx_head = 0;
		b->post_rx(AvfDriver::kRing - 1);
		ASSERT_EQ(b->enable(), 0);
	}
	uint32_t rules()
	{
		struct flow_rule rule;
		uint32_t count = 0;

		while (nic_flow_get(host[1]->nic, 0, count, &rule))
			count++;
		return count;
	}
	uint64_t tx_errors()
	{
		return nic_vf_stats_get(host[1]->nic, 0)->tx_errors;
	}
	uint64_t malicious()
	{
		return nic_vf_mdd_events(host[1]->nic, 0);
	}
	/* The last event that the PF was told. */
	uint32_t event()
	{
		return (uint32_t)traces_of(TRACE_MDD_EVENT).back().arg[2];
	}
	uint64_t rx_word(uint32_t index, uint32_t word)
	{
		return host[1]->memory.read64(b->rx_ring + 32 * index + 8 * word);
	}
};

TEST_F(FlowDescriptors, SteerWhatAnswersThePacketAndNothingElse)
{
	Flow other;

	other.port++;
	program({}, {});
	EXPECT_EQ(rules(), 1u);
	EXPECT_EQ(queue_of({}), 2u);
	EXPECT_EQ(queue_of(other), 0u);
	EXPECT_TRUE(b->tx_done(b->tx_tail - 1)) << "its data's descriptor is written back";
	EXPECT_TRUE(a->receive_frames().empty()) << "and not sent";
	EXPECT_EQ(nic_vf_stats_get(host[1]->nic, 0)->tx_unicast, 0u);
	EXPECT_EQ(malicious(), 0u);
}

TEST_F(FlowDescriptors, APacketThatIsNoDummyIsSentToo)
{
	program({}, {}, true);
	EXPECT_EQ(rules(), 1u);
	EXPECT_EQ(a->receive_frames(), std::vector<Bytes>{answered_by({})});
}

TEST_F(FlowDescriptors, EachTypeComparesItsOwnFields)
{
	struct Type {
		uint32_t pctype;
		uint8_t version, proto;
		bool ports;
	};
	const Type types[] = {
		{TXF_PCTYPE_IPV4_UDP, 4, kUdp, true},   {TXF_PCTYPE_IPV4_TCP, 4, kTcp, true},
		{TXF_PCTYPE_IPV4_SCTP, 4, kSctp, true}, {TXF_PCTYPE_IPV4_OTHER, 4, kIcmp, false},
		{TXF_PCTYPE_IPV6_UDP, 6, kUdp, true},   {TXF_PCTYPE_IPV6_TCP, 6, kTcp, true},
		{TXF_PCTYPE_IPV6_SCTP, 6, kSctp, true}, {TXF_PCTYPE_IPV6_OTHER, 6, kIcmp, false},
	};

	for (const Type &type : types) {
		SCOPED_TRACE(type.pctype);
		Program one;
		Flow flow, address, source_port, port, fragment, proto;

		one.pctype = type.pctype;
		flow.version = type.version;
		flow.proto = type.proto;
		address = source_port = port = fragment = proto = flow;
		address.host++;
		source_port.source_port++;
		port.port++;
		fragment.fragment = true;
		proto.proto = 47;
		program(one, flow);
		EXPECT_EQ(queue_of(flow), 2u);
		EXPECT_EQ(queue_of(address), 0u);
		EXPECT_EQ(queue_of(source_port), type.ports ? 0u : 2u);
		EXPECT_EQ(queue_of(port), type.ports ? 0u : 2u);
		EXPECT_EQ(queue_of(proto), 0u);
		if (type.ports && type.version == 4) {
			EXPECT_EQ(queue_of(fragment), 0u);
		}
		one.command = TXF_PCMD_REMOVE;
		program(one, flow);
		EXPECT_EQ(queue_of(flow), 0u);
		EXPECT_EQ(rules(), 0u);
	}
	EXPECT_EQ(tx_errors(), 0u);
}

TEST_F(FlowDescriptors, ASecondOneOfThePatternChangesTheRule)
{
	Program one;
	struct flow_rule rule;

	program(one, {});
	one.queue = 3;
	program(one, {});
	EXPECT_EQ(rules(), 1u);
	EXPECT_EQ(queue_of({}), 3u);
	one.dest = TXF_DEST_DROP;
	program(one, {});
	EXPECT_EQ(queue_of({}), 9u);
	one.dest = TXF_DEST_OTHER;
	one.fd_status = TXF_FD_STATUS_FD_ID;
	program(one, {});
	a->transmit(frame_of({}));
	run_for(PS_PER_MS);
	ASSERT_TRUE(nic_flow_get(host[1]->nic, 0, 0, &rule));
	EXPECT_EQ(rule.id, 0u) << "the same rule still";
	EXPECT_TRUE(rx_word(0, 1) & RXD1_FLM);
	EXPECT_EQ(field_get(RXD3_FD_ID, rx_word(0, 3)), 77u);
}

/* What could not be done takes a receive descriptor of the pair. */
TEST_F(FlowDescriptors, FailuresAreTold)
{
	Program one;
	Flow flow;

	one.command = TXF_PCMD_REMOVE;
	program(one, {});
	EXPECT_EQ(rx_word(0, 1),
		  RXP1_IS_STATUS | RXP1_DD | field_put(RXP1_PROGID, 1) | RXP1_NO_ENTRY);
	EXPECT_EQ(field_get(RXP0_FD_ID, rx_word(0, 0)), 77u);
	one.command = TXF_PCMD_ADD;
	for (uint32_t i = 0; i < FLOW_RULES_PER_VF + 1; i++) {
		one.fd_id = i;
		flow.port = (uint16_t)(1000 + i);
		program(one, flow);
	}
	EXPECT_EQ(rules(), FLOW_RULES_PER_VF);
	EXPECT_EQ(rx_word(1, 1),
		  RXP1_IS_STATUS | RXP1_DD | field_put(RXP1_PROGID, 1) | RXP1_TABLE_FULL);
	EXPECT_EQ(field_get(RXP0_FD_ID, rx_word(1, 0)), FLOW_RULES_PER_VF);
	EXPECT_EQ(rx_word(2, 1), 0u) << "what was done is not told";
	flow.port = 9;
	a->transmit(frame_of(flow));
	run_for(PS_PER_MS);
	EXPECT_EQ(field_get(RXD1_LENGTH, rx_word(2, 1)), 100u) << "packets go on behind them";
}

/* A queue that fetches descriptors when it needs them. */
class FlowDescriptorsWithoutAhead : public FlowDescriptors
{
protected:
	void configure() override
	{
		FlowDescriptors::configure();
		cfg.rx_fetch_ahead = false;
	}
};

TEST_F(FlowDescriptorsWithoutAhead, AFailureFetchesADescriptor)
{
	Program one;

	one.command = TXF_PCMD_REMOVE;
	program(one, {});
	EXPECT_TRUE(rx_word(0, 1) & RXP1_NO_ENTRY);
}

TEST_F(FlowDescriptors, WithoutADescriptorForItAFailureIsNotTold)
{
	Program one;

	one.command = TXF_PCMD_REMOVE;
	for (uint32_t i = 0; i < AvfDriver::kRing + 3; i++)
		program(one, {});
	for (uint32_t i = 0; i < AvfDriver::kRing - 1; i++)
		EXPECT_TRUE(rx_word(i, 1) & RXP1_IS_STATUS) << i;
	EXPECT_FALSE(rx_word(AvfDriver::kRing - 1, 1) & RXP1_IS_STATUS);
	b->post_rx(5);
	a->transmit(frame_of({}));
	run_for(PS_PER_MS);
	EXPECT_EQ(field_get(RXD1_LENGTH, rx_word(AvfDriver::kRing - 1, 1)), 100u);
}

TEST_F(FlowDescriptors, APacketOfAnotherTypeProgramsNothing)
{
	Program one;
	Flow tcp, six;

	tcp.proto = kTcp;
	six.version = 6;
	program(one, tcp);
	program(one, six);
	one.pctype = TXF_PCTYPE_IPV4_OTHER;
	program(one, {});
	EXPECT_EQ(rules(), 0u);
	EXPECT_EQ(tx_errors(), 3u);
	EXPECT_EQ(malicious(), 0u);
}

/* Posted at once: each is programmed, in their order; a reset amid them leaves nothing behind. */
TEST_F(FlowDescriptors, ManyAreProgrammedOneByOne)
{
	auto post = [&](uint32_t count) {
		for (uint32_t i = 0; i < count; i++) {
			uint64_t at = b->tx_buffers + 4096 * (i + 1);
			Program one;
			Flow flow;

			flow.port = (uint16_t)(100 + i);
			one.queue = i % 4;
			Bytes packet = answered_by(flow);
			host[1]->memory.write(at, packet.data(), packet.size());
			put(one.word0(), one.word1());
			put(at, TXD1_CMD_EOP | TXD1_CMD_RS | TXD1_CMD_DUMMY |
					field_put(TXD1_BUF_SIZE, packet.size()));
		}
		host[1]->write(0, QTX_TAIL1(0), b->tx_tail);
	};

	post(20);
	run_for(PS_PER_MS);
	EXPECT_EQ(rules(), 20u);
	for (uint32_t i = 0; i < 20; i++) {
		Flow flow;

		flow.port = (uint16_t)(100 + i);
		EXPECT_EQ(queue_of(flow), i % 4) << i;
	}
	post(10);
	run_for(PS_PER_US);
	host[1]->flr(0);
	run_for(200 * PS_PER_MS);
	EXPECT_EQ(rules(), 0u);
}

TEST_F(FlowDescriptors, WhoMayNotIsMalicious)
{
	allow(0);
	program({}, {});
	EXPECT_EQ(rules(), 0u);
	EXPECT_EQ(malicious(), 1u);
	EXPECT_EQ(event(), (uint32_t)MDD_BAD_DTYPE);
}

TEST_F(FlowDescriptors, FieldsThatCannotBeAreMalicious)
{
	const std::pair<const char *, void (*)(Program &)> cases[] = {
		{"a type without a pattern",
		 [](Program &p) {
			 p.pctype = 63;
		 }},
		{"a command that is none",
		 [](Program &p) {
			 p.command = 3;
		 }},
		{"no command",
		 [](Program &p) {
			 p.command = 0;
		 }},
		{"a destination that is none",
		 [](Program &p) {
			 p.dest = 3;
		 }},
		{"a queue of nobody",
		 [](Program &p) {
			 p.queue = 4;
		 }},
		{"flexible bytes",
		 [](Program &p) {
			 p.fd_status = 2;
		 }},
	};
	uint64_t before = 0;

	for (const auto &[why, change] : cases) {
		Program one;

		change(one);
		program(one, {});
		EXPECT_EQ(malicious(), ++before) << why;
		EXPECT_EQ(event(), (uint32_t)MDD_BAD_FILTER) << why;
		begin_anew();
	}
	EXPECT_EQ(rules(), 0u);
	Program queue_of_nobody_that_is_not_meant;
	queue_of_nobody_that_is_not_meant.queue = 4;
	queue_of_nobody_that_is_not_meant.dest = TXF_DEST_DROP;
	program(queue_of_nobody_that_is_not_meant, {});
	EXPECT_EQ(rules(), 1u);
}

TEST_F(FlowDescriptors, TwoOfThemOrOneBehindDataAreMalicious)
{
	for (bool behind : {false, true}) {
		uint64_t before = malicious();

		put(behind ? b->tx_buffers : Program().word0(),
		    behind ? field_put(TXD1_BUF_SIZE, 60) : Program().word1());
		program({}, {});
		EXPECT_EQ(malicious(), before + 1) << behind;
		EXPECT_EQ(event(), (uint32_t)MDD_BAD_FILTER) << behind;
		begin_anew();
	}
}

/* i40e's order: segmentation's context, the filter, the data. */
TEST_F(FlowDescriptors, StandBesideAContextOfAPacketThatIsCut)
{
	Flow flow;
	Program one;

	flow.proto = kTcp;
	one.pctype = TXF_PCTYPE_IPV4_TCP;
	Bytes packet = answered_by(flow);
	packet.resize(54 + 1000);
	packet[16] = 1040 >> 8, packet[17] = 1040 & 0xff; /* IP's length */
	packet[46] = 0x50;                                /* TCP without options */
	host[1]->memory.write(b->tx_buffers, packet.data(), packet.size());
	put(0, TXD_DTYPE_CONTEXT | TXC1_CMD_TSO | field_put(TXC1_TSO_LEN, 1000) |
		       field_put(TXC1_MSS, 400));
	put(one.word0(), one.word1());
	put(b->tx_buffers, TXD1_CMD_EOP | TXD1_CMD_RS | field_put(TXD1_BUF_SIZE, packet.size()) |
				   field_put(TXD1_CMD_IIPT, TXD_IIPT_IPV4_CSUM) |
				   field_put(TXD1_CMD_L4T, TXD_L4T_TCP) |
				   field_put(TXD1_MACLEN, 7) | field_put(TXD1_IPLEN, 5) |
				   field_put(TXD1_L4LEN, 5));
	host[1]->write(0, QTX_TAIL1(0), b->tx_tail);
	run_for(PS_PER_MS);
	EXPECT_EQ(malicious(), 0u);
	EXPECT_EQ(a->receive_frames().size(), 3u);
	EXPECT_EQ(rules(), 1u);
	EXPECT_EQ(queue_of(flow), 2u);
}
