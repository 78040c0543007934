/* SPDX-License-Identifier: Apache-2.0 */
#include "base/regs.h"
#include "testbench/unit/model-nic/nic_fixture.h"

/* A VF without a driver: its registers, one by one. */
class VfRegisters : public NicTest
{
protected:
	uint32_t read(uint32_t offset)
	{
		return host[0]->read(0, offset);
	}
	void write(uint32_t offset, uint32_t value)
	{
		host[0]->write(0, offset, value);
	}
};

// The order of iavf's probe, with what each step must find.
TEST_F(VfRegisters, BringUpOrderOfIavf)
{
	EXPECT_EQ(read(VFGEN_RSTAT), 2u);
	EXPECT_EQ(read(VF_ATQLEN1) & AQ_LEN_ENABLE, 0u);
	write(VF_ATQH1, 0);
	write(VF_ATQT1, 0);
	write(VF_ATQLEN1, 0x80000020);
	write(VF_ATQBAL1, 0x12345000);
	write(VF_ATQBAH1, 0x7);
	EXPECT_EQ(read(VF_ATQBAL1), 0x12345000u);
	EXPECT_EQ(read(VF_ATQBAH1), 0x7u);
	EXPECT_EQ(read(VF_ATQLEN1), 0x80000020u);
	write(VF_ARQH1, 0);
	write(VF_ARQT1, 0);
	write(VF_ARQLEN1, 0x80000020);
	write(VF_ARQBAL1, 0x12346000);
	write(VF_ARQBAH1, 0);
	write(VF_ARQT1, 0x1f);
	EXPECT_EQ(read(VF_ARQBAL1), 0x12346000u);
	EXPECT_EQ(read(VF_ARQT1), 0x1fu);
	write(VFINT_DYN_CTL01, 0x19);
	EXPECT_EQ(read(VFINT_DYN_CTL01), 0x19u);
	write(VFINT_ICR0_ENA1, (uint32_t)ICR0_ADMINQ);
	EXPECT_EQ(read(VFINT_ICR0_ENA1), (uint32_t)ICR0_ADMINQ);
}

// Every bit of every register that software owns, and none that it does not.
TEST_F(VfRegisters, BitsAreAsTheTableSays)
{
	const struct reg_table *table = vf_reg_table();

	for (uint32_t r = 0; r < table->rows; r++) {
		const struct reg_row *row = &table->row[r];
		// DYN_CTL's commands do not read back; tails and intervals do.
		if (row->offset == VFINT_DYN_CTLN1(0) || row->offset == VFINT_DYN_CTL01)
			continue;
		write(row->offset, 0xffffffff);
		EXPECT_EQ(read(row->offset) & ~(row->ro | row->rc), row->rw) << row->name;
		write(row->offset, 0);
		EXPECT_EQ(read(row->offset) & row->rw, 0u) << row->name;
	}
}

TEST_F(VfRegisters, QueuesAndVectorsBeyondTheVfsReadZero)
{
	write(QTX_TAIL1(1), 5);
	EXPECT_EQ(read(QTX_TAIL1(1)), 0u);
	write(VFINT_DYN_CTLN1(4), 1);
	EXPECT_EQ(read(VFINT_DYN_CTLN1(4)), 0u) << "vector 5 of 5";
	write(VFINT_ITRN1(2, 3), 0x123);
	EXPECT_EQ(read(VFINT_ITRN1(2, 3)), 0x123u);
	EXPECT_EQ(read(0x9000), 0u);
}

TEST_F(VfRegisters, DynCtlSetsTheIntervalItNames)
{
	write(VFINT_DYN_CTLN1(0),
	      (uint32_t)(field_put(DYN_CTL_ITR_INDX, 1) | field_put(DYN_CTL_INTERVAL, 0x20)));
	EXPECT_EQ(read(VFINT_ITRN1(1, 0)), 0x20u);
	EXPECT_EQ(read(VFINT_ITRN1(0, 0)), 0u);
	write(VFINT_DYN_CTLN1(0), (uint32_t)(DYN_CTL_ITR_INDX | field_put(DYN_CTL_INTERVAL, 0x30)));
	EXPECT_EQ(read(VFINT_ITRN1(1, 0)), 0x20u) << "3 names none";
}

TEST_F(VfRegisters, IntenaMaskLeavesIntena)
{
	write(VFINT_DYN_CTLN1(0), DYN_CTL_INTENA);
	write(VFINT_DYN_CTLN1(0), (uint32_t)DYN_CTL_INTENA_MSK);
	EXPECT_EQ(read(VFINT_DYN_CTLN1(0)) & DYN_CTL_INTENA, 1u);
	write(VFINT_DYN_CTLN1(0), 0);
	EXPECT_EQ(read(VFINT_DYN_CTLN1(0)) & DYN_CTL_INTENA, 0u);
}

TEST_F(VfRegisters, SoftwareInterruptFiresOnceAndMasksItself)
{
	write(VFINT_DYN_CTLN1(1),
	      (uint32_t)(DYN_CTL_INTENA | DYN_CTL_SWINT_TRIG | DYN_CTL_ITR_INDX));
	run_for(10 * PS_PER_US);
	EXPECT_EQ(host[0]->msis(0, 2), 1u);
	EXPECT_EQ(read(VFINT_DYN_CTLN1(1)) & DYN_CTL_INTENA, 0u);
}

TEST_F(VfRegisters, SoftwareInterruptWaitsForIntena)
{
	write(VFINT_DYN_CTLN1(1), (uint32_t)(DYN_CTL_SWINT_TRIG | DYN_CTL_ITR_INDX));
	run_for(10 * PS_PER_US);
	EXPECT_EQ(host[0]->msis(0, 2), 0u);
	write(VFINT_DYN_CTLN1(1), (uint32_t)(DYN_CTL_INTENA | DYN_CTL_ITR_INDX));
	run_for(10 * PS_PER_US);
	EXPECT_EQ(host[0]->msis(0, 2), 1u);
}

TEST_F(VfRegisters, ClearPbaTakesTheWaitingCauseAway)
{
	write(VFINT_DYN_CTLN1(1), (uint32_t)(DYN_CTL_SWINT_TRIG | DYN_CTL_ITR_INDX));
	write(VFINT_DYN_CTLN1(1), (uint32_t)(DYN_CTL_INTENA | DYN_CTL_CLEARPBA | DYN_CTL_ITR_INDX));
	run_for(10 * PS_PER_US);
	EXPECT_EQ(host[0]->msis(0, 2), 0u);
}

/* Mailbox and resets of a VF with a driver. */
class VfMailbox : public NicTest
{
protected:
	void SetUp() override
	{
		NicTest::SetUp();
		d = std::make_unique<AvfDriver>(host[0].get(), 1, 0);
	}
	struct virtchnl_version_info version = {1, 1};
	std::unique_ptr<AvfDriver> d;
};

TEST_F(VfMailbox, AnswerInterruptsVector0AndTellsTheCause)
{
	d->admin_queues();
	d->send(VIRTCHNL_OP_VERSION, &version, sizeof(version));
	run_for(PS_PER_MS);
	EXPECT_EQ(host[0]->msis(1, 0), 1u);
	uint32_t cause = host[0]->read(1, VFINT_ICR01);
	EXPECT_EQ(cause, (uint32_t)(ICR0_ADMINQ | ICR0_INTEVENT));
	EXPECT_EQ(host[0]->read(1, VFINT_ICR01), 0u) << "reading clears";
}

TEST_F(VfMailbox, DescriptorIsWrittenBackBeforeHeadMoves)
{
	d->admin_queues();
	d->send(VIRTCHNL_OP_VERSION, &version, sizeof(version));
	ASSERT_TRUE(host[0]->run_until([&] { return host[0]->read(1, VF_ATQH1) == 1; }));
	struct aq_desc desc;
	host[0]->memory.read(d->atq, &desc, sizeof(desc));
	EXPECT_EQ(desc.flags & (AQ_FLAG_DD | AQ_FLAG_CMP | AQ_FLAG_ERR), AQ_FLAG_DD | AQ_FLAG_CMP);
	EXPECT_EQ(desc.cookie_high, (uint32_t)VIRTCHNL_OP_VERSION);
}

TEST_F(VfMailbox, DisabledCauseOnlyStaysInIcr)
{
	d->admin_queues();
	host[0]->write(1, VFINT_ICR0_ENA1, 0);
	d->send(VIRTCHNL_OP_VERSION, &version, sizeof(version));
	run_for(PS_PER_MS);
	EXPECT_EQ(host[0]->msis(1, 0), 0u);
	host[0]->write(1, VFINT_ICR0_ENA1, (uint32_t)ICR0_ADMINQ);
	run_for(PS_PER_MS);
	EXPECT_EQ(host[0]->msis(1, 0), 1u);
}

TEST_F(VfMailbox, RingsWrap)
{
	d->admin_queues();
	for (uint32_t i = 0; i < 100; i++)
		ASSERT_EQ(d->request(VIRTCHNL_OP_VERSION, &version, sizeof(version)), 0) << i;
}

TEST_F(VfMailbox, UnreadableRingIsACriticalError)
{
	d->admin_queues();
	host[0]->memory.refuse(d->atq, 4096);
	host[0]->write(1, VF_ATQT1, 1);
	run_for(PS_PER_MS);
	uint32_t len = host[0]->read(1, VF_ATQLEN1);
	EXPECT_TRUE(len & AQ_LEN_CRIT);
	EXPECT_FALSE(len & AQ_LEN_ENABLE);
}

// A driver that turns its queues off has their memory back, and may set up others at once.
TEST_F(VfMailbox, QueuesThatAreTurnedOffMeanwhileAreNotWrittenTo)
{
	struct aq_desc desc = {};
	Bytes before(4096), after(4096);

	d->admin_queues();
	d->send(VIRTCHNL_OP_VERSION, &version, sizeof(version));
	run_for(5 * PS_PER_US); /* it is with the firmware */
	for (uint32_t reg : {VF_ATQH1, VF_ATQT1, VF_ATQLEN1, VF_ATQBAL1, VF_ATQBAH1})
		host[0]->write(1, reg, 0);
	host[0]->memory.read(d->atq, before.data(), before.size());
	host[0]->memory.write(0, &desc, sizeof(desc));
	d->atq += 2048; /* another ring */
	host[0]->memory.write(d->atq, &desc, sizeof(desc));
	host[0]->write(1, VF_ATQLEN1, AvfDriver::kAq | (uint32_t)AQ_LEN_ENABLE);
	host[0]->write(1, VF_ATQBAL1, (uint32_t)d->atq);
	run_for(PS_PER_MS);
	host[0]->memory.read(d->atq - 2048, after.data(), after.size());
	EXPECT_EQ(after, before) << "neither ring is written to";
	host[0]->memory.read(0, &desc, sizeof(desc));
	EXPECT_EQ(desc.flags, 0u);
	EXPECT_EQ(host[0]->read(1, VF_ATQH1), 0u) << "nothing of the new ring is done";
	d->atq_tail = 0;
	EXPECT_EQ(d->request(VIRTCHNL_OP_VERSION, &version, sizeof(version)), 0)
		<< "the answer of the first";
	EXPECT_EQ(d->request(VIRTCHNL_OP_VERSION, &version, sizeof(version)), 0);
}

TEST_F(VfMailbox, AnAnswerWaitsForAReceiveQueueThatIsTurnedOffMeanwhile)
{
	uint32_t opcode = 0;
	int32_t status = 1;
	Bytes data;

	d->admin_queues();
	host[0]->memory.slow_down(d->arq, 50 * PS_PER_US);
	d->send(VIRTCHNL_OP_VERSION, &version, sizeof(version));
	run_for(30 * PS_PER_US); /* the descriptor for its answer is on its way */
	host[0]->write(1, VF_ARQLEN1, 0);
	run_for(PS_PER_MS);
	EXPECT_EQ(host[0]->read(1, VF_ARQH1), 0u);
	EXPECT_FALSE(host[0]->read(1, VF_ARQLEN1) & AQ_LEN_CRIT);
	host[0]->write(1, VF_ARQLEN1, AvfDriver::kAq | (uint32_t)AQ_LEN_ENABLE);
	EXPECT_TRUE(d->receive(&opcode, &status, &data));
	EXPECT_EQ(opcode, (uint32_t)VIRTCHNL_OP_VERSION);
	EXPECT_EQ(status, 0);
}

TEST_F(VfMailbox, ResetVfGoesThroughItsStates)
{
	std::vector<uint64_t> states;

	d->bring_up();
	traced.clear();
	d->send(VIRTCHNL_OP_RESET_VF, nullptr, 0);
	ASSERT_TRUE(host[0]->run_until([&] { return traces_of(TRACE_VF_STATE).size() == 3; }));
	EXPECT_EQ(host[0]->read(1, VFGEN_RSTAT), (uint64_t)VFR_VFACTIVE);
	for (const struct trace_event &event : traces_of(TRACE_VF_STATE))
		states.push_back(event.arg[1] << 4 | event.arg[2]);
	EXPECT_EQ(states, (std::vector<uint64_t>{0x20, 0x01, 0x12}));
	EXPECT_EQ(host[0]->read(1, VF_ATQLEN1), 0u);
	EXPECT_EQ(host[0]->read(1, VF_ARQLEN1), 0u);
	EXPECT_EQ(host[0]->read(1, QRX_TAIL1(0)), 0u);
	uint8_t mac[6];
	EXPECT_FALSE(nic_filter_get(host[0]->nic, 1, 0, mac)) << "filters are gone";
	AvfDriver again(host[0].get(), 1, 1);
	again.bring_up();
	EXPECT_TRUE(nic_filter_get(host[0]->nic, 1, 0, mac));
}

enum class Reset { kVfr, kFlr };

/* A reset at any moment of traffic and mailbox: nothing leaks, the VF comes up again. */
class VfReset : public NicTraffic, public testing::WithParamInterface<Reset>
{
};

TEST_P(VfReset, WithDmaInFlightLeaksNothing)
{
	for (uint64_t moment = 0; moment < 12; moment++) {
		AvfDriver x(host[0].get(), 2, 2), y(host[0].get(), 3, 3);
		Bytes out(1500);

		x.bring_up();
		y.bring_up();
		for (uint32_t i = 0; i < 40; i++) {
			x.transmit(make_frame(y.mac, x.mac, i, 1500));
			y.transmit(make_frame(x.mac, y.mac, i, 1500, 2));
		}
		run_for(moment * 700 * PS_PER_NS);
		struct virtchnl_queue_select select = {x.vsi, 0, 1, 1};
		if (moment % 3 == 2)
			x.send(VIRTCHNL_OP_DISABLE_QUEUES, &select, sizeof(select));
		host[0]->memory.slow_down(x.tx_buffers, 20 * PS_PER_US);
		x.transmit_at(x.tx_buffers, make_frame(y.mac, x.mac, 99, 1500));
		run_for(2 * PS_PER_US);
		EXPECT_GT(nic_usage_get(host[0]->nic).dma_jobs, 0u) << "nothing to reset";
		if (GetParam() == Reset::kVfr)
			x.send(VIRTCHNL_OP_RESET_VF, nullptr, 0);
		else
			host[0]->flr(2);
		run_for(5 * PS_PER_MS);
		EXPECT_EQ(host[0]->read(2, VFGEN_RSTAT), (uint32_t)VFR_VFACTIVE) << moment;
		struct nic_usage usage = nic_usage_get(host[0]->nic);
		EXPECT_EQ(usage.dma_tags + usage.dma_jobs + usage.packets, 0u) << moment;
		host[0]->bus_master(2);
		host[0]->program_msix(2);
		host[0]->flr(3);
		run_for(5 * PS_PER_MS);
		host[0]->bus_master(3);
		host[0]->program_msix(3);
	}
	AvfDriver x(host[0].get(), 2, 2);
	x.bring_up();
	x.transmit(make_frame(b->mac, x.mac, 1, 200));
	run_for(PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, VfReset, testing::Values(Reset::kVfr, Reset::kFlr));

TEST_F(NicTraffic, FlrForgetsWhatWasAgreed)
{
	host[0]->flr(0);
	run_for(10 * PS_PER_MS);
	EXPECT_EQ(host[0]->read(0, VFGEN_RSTAT), (uint32_t)VFR_VFACTIVE);
	EXPECT_EQ(host[0]->read(0, VF_ATQLEN1), 0u);
	b->transmit(make_frame(a->mac, b->mac, 1, 100));
	run_for(PS_PER_MS);
	EXPECT_EQ(dropped(0, PACKET_DROP_NO_FILTER), 1u);
}
