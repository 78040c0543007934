/* SPDX-License-Identifier: Apache-2.0 */
/* The formats in which a receive queue tells of packets. */
#include "model/nic/rx_descriptor.h"

#include <gmock/gmock.h>

#include "testbench/unit/model-nic/nic_fixture.h"

namespace
{
struct rx_report everything()
{
	struct rx_report report = {};

	report.len_bytes = 1234;
	report.cast = 2;
	report.tagged = true;
	report.vlan_tci = 0xa00b;
	report.hashed = true;
	report.rss_hash = 0x89abcdef;
	report.last = true;
	report.status = {RX_PTYPE_IPV6_UDP, true, true, true};
	report.stamped = true;
	report.time_ps = UINT64_C(0x123456789a) * 1000 + 500;
	return report;
}

std::vector<uint64_t> written(uint32_t rxdid, const struct rx_report &report)
{
	const struct rx_format *format = rx_format_of(rxdid);
	std::vector<uint64_t> word(4, 0x5555555555555555);

	format->write(&report, word.data());
	word.resize(format->desc_bytes / 8);
	return word;
}
} // namespace

TEST(RxDescriptor, EveryFieldHasItsPlace)
{
	// ptype 90: 0x5a. Legacy: DD, EOP, L2TAG1P, L3L4P, UMBCAST, FLTSTAT, IPE, L4E.
	uint64_t legacy1 =
		0xf | 2u << 9 | 3u << 12 | 3u << 22 | UINT64_C(90) << 30 | UINT64_C(1234) << 38;

	EXPECT_THAT(written(RXDID_LEGACY, everything()),
		    testing::ElementsAre(0x89abcdefa00b0000, legacy1, 0, 0));
	EXPECT_THAT(written(RXDID_LEGACY_16, everything()),
		    testing::ElementsAre(0x89abcdefa00b0000, legacy1));
	EXPECT_THAT(written(RXDID_FLEX_NIC, everything()),
		    testing::ElementsAre(UINT64_C(1234) << 32 | 90u << 16 | 2u << 14 | 2,
					 0x89abcdefa00b303b, 0x81000000,
					 UINT64_C(0x3456789a) << 32 | 0xffffffff));
}

TEST(RxDescriptor, WhatIsNotToldIsZero)
{
	struct rx_report report = {};

	report.len_bytes = 60;
	EXPECT_THAT(written(RXDID_LEGACY, report),
		    testing::ElementsAre(0, UINT64_C(60) << 38 | 1, 0, 0));
	EXPECT_THAT(written(RXDID_FLEX_NIC, report),
		    testing::ElementsAre(UINT64_C(60) << 32 | 2, 1, 0, 0xffffffff));
}

TEST(RxDescriptor, OnlyTheLastOneTellsTypeSumsAndTime)
{
	struct rx_report report = everything();

	report.last = false;
	std::vector<uint64_t> flex = written(RXDID_FLEX_NIC, report);
	EXPECT_EQ(field_get(RXF0_PTYPE, flex[0]), 0u);
	EXPECT_EQ(flex[1] & 0xffff, RXF1_DD | RXF1_RSS_VALID | RXF1_L2TAG1P);
	EXPECT_EQ(flex[2], 0u);
	EXPECT_EQ(field_get(RXF3_TS_HIGH, flex[3]), 0u);
	EXPECT_FALSE(written(RXDID_LEGACY, report)[1] & (RXD1_EOP | RXD1_PTYPE | RXD1_IPE));
}

TEST(RxDescriptor, OtherFormatsThereAreNot)
{
	EXPECT_EQ(rx_format_of(3), nullptr);
	EXPECT_EQ(rx_format_of(255), nullptr);
}

class NicRxFormat : public NicTraffic
{
protected:
	/* Host 1's receive queue anew, as the firmware sets it up, its ring full. */
	void format(uint8_t rxdid, bool timestamps = false)
	{
		struct nic_queue_context context;
		uint32_t bytes = rx_format_of(rxdid)->desc_bytes;

		ASSERT_EQ(b->disable(), 0);
		ASSERT_EQ(b->config_queues(), 0);
		nic_queue_context_get(host[1]->nic, 0, true, 0, &context);
		context.rxdid = rxdid;
		context.timestamps = timestamps;
		nic_queue_context_set(host[1]->nic, 0, true, 0, &context);
		stride = bytes;
		for (uint32_t i = 0; i < AvfDriver::kRing; i++)
			for (uint32_t word = 0; word < bytes / 8; word++)
				host[1]->memory.write64(b->rx_ring + i * bytes + 8 * word,
							word ? 0 : buffer(i));
		host[1]->write(0, QRX_TAIL1(0), AvfDriver::kRing - 1);
		ASSERT_EQ(b->enable(), 0);
	}
	uint64_t buffer(uint32_t index) const
	{
		return b->rx_buffers + (uint64_t)index * AvfDriver::kBuffer;
	}
	uint64_t word(uint32_t index, uint32_t number)
	{
		return host[1]->memory.read64(b->rx_ring + index * stride + 8 * number);
	}
	Bytes bytes_at(uint32_t index, uint32_t len)
	{
		Bytes got(len);

		host[1]->memory.read(buffer(index), got.data(), len);
		return got;
	}

	uint32_t stride = 0;
};

TEST_F(NicRxFormat, ShortDescriptorsArePostedAndWrittenEvery16Bytes)
{
	format(RXDID_LEGACY_16);
	for (uint32_t i = 0; i < 40; i++) // eight to a line: as many packets in one write
		a->transmit(frame(i, 300 + i));
	run_for(PS_PER_MS);
	for (uint32_t i = 0; i < 40; i++) {
		EXPECT_EQ(word(i, 1) & (RXD1_DD | RXD1_EOP), RXD1_DD | RXD1_EOP) << i;
		EXPECT_EQ(field_get(RXD1_LENGTH, word(i, 1)), 300u + i) << i;
		EXPECT_EQ(bytes_at(i, 300 + i), frame(i, 300 + i)) << i;
	}
	EXPECT_EQ(word(40, 0), buffer(40)) << "behind them nothing is written";
	EXPECT_EQ(nic_counters_get(host[1]->nic)->packets_received, 40u);
}

TEST_F(NicRxFormat, FlexibleDescriptorsTellLengthTypeAndEnd)
{
	format(RXDID_FLEX_NIC);
	a->transmit(frame(1, 3000));
	run_for(PS_PER_MS);
	EXPECT_EQ(field_get(RXF0_RXDID, word(0, 0)), (uint64_t)RXDID_FLEX_NIC);
	EXPECT_EQ(field_get(RXF0_PKT_LEN, word(0, 0)), 2048u);
	EXPECT_EQ(word(0, 1) & (RXF1_DD | RXF1_EOF), RXF1_DD);
	EXPECT_EQ(field_get(RXF0_PKT_LEN, word(1, 0)), 952u);
	EXPECT_EQ(word(1, 1) & (RXF1_DD | RXF1_EOF), RXF1_DD | RXF1_EOF);
	EXPECT_FALSE(word(1, 2) & RXF2_TS_VALID) << "not asked for";
}

TEST_F(NicRxFormat, FramesFromTheWireHaveTheTimeWhenTheyCame)
{
	format(RXDID_FLEX_NIC, true);
	sim.hooks.detail = sim.hooks.trace;
	a->transmit(frame(1));
	a->transmit(frame(2));
	run_for(PS_PER_MS);
	std::vector<struct trace_event> wires = traces_of(TRACE_WIRE_FRAME);
	std::vector<uint64_t> arrived;
	for (const struct trace_event &event : wires)
		if (event.arg[1])
			arrived.push_back(event.time_ps);
	ASSERT_EQ(arrived.size(), 2u);
	for (uint32_t i = 0; i < 2; i++) {
		EXPECT_TRUE(word(i, 2) & RXF2_TS_VALID);
		EXPECT_EQ(field_get(RXF3_TS_HIGH, word(i, 3)), arrived[i] / 1000);
		EXPECT_EQ(field_get(RXF2_TS_SUB_NS, word(i, 2)), arrived[i] % 1000 * 128 / 1000);
	}
}

TEST_F(NicRxFormat, FramesOfANeighbourHaveNoTime)
{
	AvfDriver c(host[1].get(), 1, 2);

	c.bring_up();
	format(RXDID_FLEX_NIC, true);
	c.transmit(make_frame(b->mac, c.mac, 1, 300));
	run_for(PS_PER_MS);
	EXPECT_TRUE(word(0, 1) & RXF1_DD);
	EXPECT_FALSE(word(0, 2) & RXF2_TS_VALID);
}

TEST_F(NicRxFormat, AResetBringsTheLegacyFormatBack)
{
	format(RXDID_LEGACY_16);
	b->send(VIRTCHNL_OP_RESET_VF, nullptr, 0);
	run_for(20 * PS_PER_MS);
	b->tx_tail = b->rx_tail = b->rx_head = 0;
	b->bring_up();
	a->transmit(frame(1));
	a->transmit(frame(2));
	run_for(PS_PER_MS);
	EXPECT_EQ(b->receive_frames(), (std::vector<Bytes>{frame(1), frame(2)}));
}
