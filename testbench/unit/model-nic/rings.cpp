/* SPDX-License-Identifier: Apache-2.0 */
/* Heads, tails and ends of rings; what is written back when; queues that go while they work. */
#include "testbench/unit/model-nic/nic_fixture.h"

namespace
{
constexpr uint64_t kTxRing = 0x1800000, kRxRing = 0x1840000, kBuffers = 0x1900000;
} // namespace

class NicRings : public NicTraffic
{
protected:
	/* The driver's queues anew, with rings of these lengths and all but one buffer posted. */
	void rings(AvfDriver *driver, uint32_t tx_len, uint32_t rx_len, uint32_t at = 0,
		   uint32_t buffer = 2048)
	{
		struct virtchnl_vsi_queue_config_info config = {};

		ASSERT_EQ(driver->disable(), 0);
		config.vsi_id = driver->vsi;
		config.num_queue_pairs = 1;
		config.qpair[0].txq = {driver->vsi, 0, (uint16_t)tx_len, 0, kTxRing, 0};
		config.qpair[0].rxq.vsi_id = driver->vsi;
		config.qpair[0].rxq.ring_len = rx_len;
		config.qpair[0].rxq.dma_ring_addr = kRxRing;
		config.qpair[0].rxq.databuffer_size = buffer;
		config.qpair[0].rxq.max_pkt_size = 9728;
		config.qpair[0].rxq.rxdid = RXDID_LEGACY;
		ASSERT_EQ(driver->request(VIRTCHNL_OP_CONFIG_VSI_QUEUES, &config, sizeof(config)),
			  0);
		for (bool rx : {false, true}) {
			struct nic_queue_context context;

			nic_queue_context_get(driver->host->nic, 0, rx, 0, &context);
			context.head = context.tail = at;
			nic_queue_context_set(driver->host->nic, 0, rx, 0, &context);
		}
		ASSERT_EQ(driver->enable(), 0);
		(driver == a.get() ? tx_len_ : rx_len_) = driver == a.get() ? tx_len : rx_len;
		(driver == a.get() ? tx_tail_ : rx_next_) = at;
	}
	void post(uint32_t index, uint64_t header = 0)
	{
		host[1]->memory.write64(kRxRing + index * 32, buffer(index));
		host[1]->memory.write64(kRxRing + index * 32 + 8, header);
	}
	uint64_t buffer(uint32_t index) const
	{
		return kBuffers + index % 64 * 16384;
	}
	void send(uint64_t number)
	{
		Bytes bytes = frame(number, 200);
		uint64_t at = kBuffers + tx_tail_ % 64 * 16384;

		host[0]->memory.write(at, bytes.data(), bytes.size());
		host[0]->memory.write64(kTxRing + tx_tail_ * 16, at);
		host[0]->memory.write64(kTxRing + tx_tail_ * 16 + 8,
					TXD1_CMD_EOP | TXD1_CMD_RS |
						field_put(TXD1_BUF_SIZE, bytes.size()));
		tx_tail_ = (tx_tail_ + 1) % tx_len_;
		host[0]->write(0, QTX_TAIL1(0), tx_tail_);
	}
	/* The next frame that was received; empty: there is none. */
	Bytes next()
	{
		uint64_t word = host[1]->memory.read64(kRxRing + rx_next_ * 32 + 8);
		Bytes got(word & RXD1_DD ? field_get(RXD1_LENGTH, word) : 0);

		host[1]->memory.read(buffer(rx_next_), got.data(), got.size());
		if (!got.empty()) {
			post(rx_next_);
			host[1]->write(0, QRX_TAIL1(0), rx_next_);
			rx_next_ = (rx_next_ + 1) % rx_len_;
		}
		return got;
	}
	/* `frames` of them through both rings, which begin at `at`. */
	void pass(uint32_t tx_len, uint32_t rx_len, uint32_t at, uint32_t frames)
	{
		rings(a.get(), tx_len, rx_len, at);
		rings(b.get(), tx_len, rx_len, at);
		for (uint32_t i = 0; i < rx_len; i++)
			post(i);
		host[1]->write(0, QRX_TAIL1(0), (at + rx_len - 1) % rx_len);
		for (uint32_t sent = 0, got = 0; got < frames;) {
			for (uint32_t i = 0; i < tx_len - 1 && sent < frames && i < 20; i++)
				send(sent++);
			run_for(50 * PS_PER_US);
			for (; got < sent; got++)
				ASSERT_EQ(next(), frame(got, 200)) << got;
		}
		EXPECT_TRUE(next().empty());
	}

	uint32_t tx_len_ = 0, rx_len_ = 0, tx_tail_ = 0, rx_next_ = 0;
};

TEST_F(NicRings, TheSmallestWrapAgainAndAgain)
{
	pass(8, 32, 0, 100);
}

TEST_F(NicRings, TheLargestWrap)
{
	pass(8160, 8160, 8128, 100);
}

// One line of descriptors ends within the ring's last group.
TEST_F(NicRings, RingsThatAreNoPowerOfTwoWrap)
{
	pass(24, 96, 0, 200);
}

TEST_F(NicRings, ADoorbellThatSaysNothingNewReadsNothing)
{
	auto before = host[0]->memory.after_access;
	uint32_t reads = 0;

	a->transmit(frame(1));
	run_for(100 * PS_PER_US);
	host[0]->memory.after_access = [&](const struct bus_req &req) {
		reads += req.op == BUS_READ;
		before(req);
	};
	host[0]->write(0, QTX_TAIL1(0), a->tx_tail);
	run_for(100 * PS_PER_US);
	EXPECT_EQ(reads, 0u);
	a->transmit(frame(2));
	run_for(100 * PS_PER_US);
	EXPECT_GT(reads, 0u);
	EXPECT_EQ(b->receive_frames().size(), 2u);
	host[0]->memory.after_access = before;
}

TEST_F(NicRings, ATailBeyondAReceiveRingPostsNothing)
{
	host[1]->write(0, QRX_TAIL1(0), AvfDriver::kRing);
	a->transmit(frame(1));
	run_for(100 * PS_PER_US);
	EXPECT_EQ(dropped(1, PACKET_DROP_NO_BUFFER), 1u);
	host[1]->write(0, QRX_TAIL1(0), b->rx_tail);
	a->transmit(frame(2));
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames(), std::vector<Bytes>{frame(2)});
}

TEST_F(NicRings, ATailOfADisabledTransmitQueueIsNoEvent)
{
	ASSERT_EQ(a->disable(), 0);
	host[0]->write(0, QTX_TAIL1(0), 1000);
	ASSERT_EQ(a->enable(), 0);
	a->tx_tail = 0;
	a->transmit(frame(1));
	run_for(100 * PS_PER_US);
	EXPECT_EQ(nic_vf_mdd_events(host[0]->nic, 0), 0u);
	EXPECT_EQ(b->receive_frames().size(), 1u);
}

TEST_F(NicRings, ReportStatusCountsOnlyWhereThePacketEnds)
{
	const uint64_t commands[][2] = {{TXD1_CMD_RS, TXD1_CMD_EOP},
					{0, TXD1_CMD_EOP | TXD1_CMD_RS},
					{TXD1_CMD_RS, TXD1_CMD_EOP | TXD1_CMD_RS}};
	const bool done[][2] = {{false, false}, {false, true}, {false, true}};
	Bytes whole = frame(1, 1000);

	host[0]->memory.write(a->tx_buffers, whole.data(), whole.size());
	for (uint32_t i = 0; i < 3; i++) {
		uint64_t ring = a->tx_ring + i * 32;

		for (uint32_t part = 0; part < 2; part++) {
			host[0]->memory.write64(ring + part * 16, a->tx_buffers + part * 500);
			host[0]->memory.write64(ring + part * 16 + 8,
						commands[i][part] | field_put(TXD1_BUF_SIZE, 500));
		}
		host[0]->write(0, QTX_TAIL1(0), 2 * i + 2);
		run_for(100 * PS_PER_US);
		for (uint32_t part = 0; part < 2; part++)
			EXPECT_EQ(a->tx_done(2 * i + part), done[i][part]) << i << part;
	}
	EXPECT_EQ(b->receive_frames().size(), 3u);
}

TEST_F(NicRings, DisablingATransmitQueueSendsWhatWasBegunAndNoMore)
{
	host[0]->memory.slow_down(a->tx_buffers, 50 * PS_PER_US);
	a->transmit(frame(0));
	run_for(5 * PS_PER_US);
	uint64_t from = sim_now(&sim);
	ASSERT_EQ(a->disable(), 0);
	EXPECT_GT(sim_now(&sim), from + 40 * PS_PER_US) << "it waits for the read";
	EXPECT_TRUE(a->tx_done(0));
	host[0]->write(0, QTX_TAIL1(0), 5);
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames(), std::vector<Bytes>{frame(0)});
}

TEST_F(NicRings, DisablingAReceiveQueueWritesNothingBehindItsAnswer)
{
	for (uint32_t i = 0; i < 20; i++)
		a->transmit(frame(i, 1500));
	ASSERT_TRUE(
		host[1]->run_until([&] { return !nic_queue_drained(host[1]->nic, 0, true, 0); }));
	ASSERT_EQ(b->disable(), 0);
	auto before = host[1]->memory.after_access;
	uint32_t writes = 0;
	host[1]->memory.after_access = [&](const struct bus_req &req) {
		writes += req.op == BUS_WRITE && req.addr >= b->rx_ring;
		before(req);
	};
	run_for(PS_PER_MS);
	EXPECT_EQ(writes, 0u);
	host[1]->memory.after_access = before;
	size_t got = b->receive_frames().size();
	EXPECT_GE(got, 5u);
	EXPECT_EQ(got + dropped(1, PACKET_DROP_QUEUE_DISABLED), 20u);
}

TEST_F(NicRings, APacketHasFiveBuffersAndNoMore)
{
	ASSERT_EQ(b->disable(), 0);
	ASSERT_EQ(b->config_queues(1024, 9000), 0);
	b->rx_tail = b->rx_head = 0;
	b->post_rx(63);
	ASSERT_EQ(b->enable(), 0);
	a->transmit(frame(1, 5 * 1024));
	a->transmit(frame(2, 5 * 1024 + 1));
	a->transmit(frame(3, 100));
	run_for(200 * PS_PER_US);
	EXPECT_EQ(b->receive_frames(), (std::vector<Bytes>{frame(1, 5 * 1024), frame(3, 100)}));
	EXPECT_EQ(dropped(1, PACKET_DROP_SIZE), 1u);
}

TEST_F(NicRings, HeadersAreNotSplitOffWhateverIsPosted)
{
	uint64_t header = kBuffers + (1 << 20);
	Bytes sent = frame(1, 500);

	rings(b.get(), 64, 64);
	for (uint32_t i = 0; i < 8; i++)
		post(i, header);
	host[1]->write(0, QRX_TAIL1(0), 8);
	a->transmit(sent);
	run_for(100 * PS_PER_US);
	EXPECT_EQ(next(), sent);
	EXPECT_EQ(host[1]->memory.read64(header), 0u);
}

/* What is gathered waits for long. */
class NicLazyWriteBack : public NicRings
{
protected:
	void configure() override
	{
		cfg.write_back_ps = 5 * PS_PER_MS;
	}
	/* Interrupts of b's vector stay off; its throttling interval is 100 us. */
	void vector(uint64_t command)
	{
		host[1]->write(0, VFINT_ITRN1(0, 0), 50);
		host[1]->write(0, VFINT_DYN_CTLN1(0), (uint32_t)(command | DYN_CTL_ITR_INDX));
	}
};

TEST_F(NicLazyWriteBack, WriteBackOnItrComesWithTheInterval)
{
	vector(DYN_CTL_WB_ON_ITR);
	a->transmit(frame(1)); // at once: no interval has begun
	run_for(30 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().size(), 1u);
	a->transmit(frame(2));
	run_for(30 * PS_PER_US);
	EXPECT_TRUE(b->receive_frames().empty());
	run_for(100 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().size(), 1u);
	EXPECT_EQ(host[1]->msis(0, 1), 0u);
}

TEST_F(NicLazyWriteBack, WithoutItWhatIsGatheredWaitsForALineOrTheDelay)
{
	vector(0);
	a->transmit(frame(0));
	run_for(200 * PS_PER_US);
	EXPECT_TRUE(b->receive_frames().empty());
	for (uint32_t i = 1; i < 4; i++) // four descriptors are a line
		a->transmit(frame(i));
	run_for(200 * PS_PER_US);
	EXPECT_EQ(b->receive_frames().size(), 4u);
	a->transmit(frame(4));
	run_for(200 * PS_PER_US);
	EXPECT_TRUE(b->receive_frames().empty());
	run_for(5 * PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 1u);
}
