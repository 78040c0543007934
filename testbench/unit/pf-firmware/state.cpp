/* SPDX-License-Identifier: Apache-2.0 */
#include "pf-firmware/state_format.h"
#include "testbench/unit/model-nic/nic_fixture.h"

/* Host 0's VF 0 moves to host 1's VF 1; its peer is host 1's VF 0. */
class VfState : public NicTraffic
{
protected:
	Bytes stream_of_suspended()
	{
		EXPECT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 0).retval, AQ_RC_OK);
		return host[0]->save(0);
	}
	void suspend_destination()
	{
		ASSERT_EQ(host[1]->pf_vf(AQC_VF_SUSPEND, 1).retval, AQ_RC_OK);
	}
	/* Refused with EINVAL and a reason; then end-of-stream if all was taken. */
	uint32_t refusal(const Bytes &stream, uint32_t part = 4096)
	{
		auto [retval, reason] = host[1]->load(1, stream, part);

		return retval == AQ_RC_EINVAL ? reason : retval ? 1000u : 0u;
	}
	static void seal(Bytes *stream)
	{
		le64_put(&(*stream)[8], stream->size());
		uint32_t crc = ~0u;

		for (size_t i = 0; i + 8 < stream->size(); i++) {
			crc ^= (*stream)[i];
			for (int bit = 0; bit < 8; bit++)
				crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
		}
		le32_put(&(*stream)[stream->size() - 8], ~crc);
	}
};

TEST_F(VfState, TrafficGoesOnOnTheDestination)
{
	for (uint32_t i = 0; i < 20; i++)
		a->transmit(frame(i));
	run_for(3 * PS_PER_US); // DMA in flight
	Bytes stream = stream_of_suspended();
	ASSERT_FALSE(stream.empty());
	suspend_destination();
	ASSERT_EQ(refusal(stream), 0u);
	a->move_to(host[1].get(), 1);
	ASSERT_EQ(host[1]->pf_vf(AQC_VF_RESUME, 1).retval, AQ_RC_OK);
	for (uint32_t i = 20; i < 40; i++)
		a->transmit(frame(i));
	run_for(PS_PER_MS);
	std::vector<Bytes> got = b->receive_frames();
	ASSERT_EQ(got.size(), 40u);
	for (uint32_t i = 0; i < 40; i++)
		EXPECT_EQ(got[i], frame(i)) << i;
	// And back: the filter of the moved VF attracts frames here.
	b->transmit(make_frame(a->mac, b->mac, 1, 800));
	run_for(PS_PER_MS);
	EXPECT_EQ(a->receive_frames().size(), 1u);
}

TEST_F(VfState, PlantedFaultForgetsOneInterval)
{
	host[0]->write(0, VFINT_ITRN1(0, 0), 10);
	host[0]->write(0, VFINT_ITRN1(1, 0), 11);
	Bytes stream = stream_of_suspended();
	suspend_destination();
	ASSERT_EQ(fault_plant(&sim.faults, "register-not-restored", 1), 0);
	ASSERT_EQ(refusal(stream), 0u);
	EXPECT_EQ(host[1]->read(1, VFINT_ITRN1(0, 0)), 0u);
	EXPECT_EQ(host[1]->read(1, VFINT_ITRN1(1, 0)), 11u);
}

TEST_F(VfState, SuspendDrainsAndThenNothingMoves)
{
	for (uint32_t i = 0; i < 20; i++)
		a->transmit(frame(i));
	run_for(2 * PS_PER_US);
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 0).retval, AQ_RC_OK);
	EXPECT_TRUE(nic_vf_drained(host[0]->nic, 0));
	size_t msis = host[0]->msi.size();
	Bytes before(4 << 20), after(4 << 20);
	host[0]->memory.read(4 << 20, before.data(), before.size());
	b->transmit(make_frame(a->mac, b->mac, 1, 500));
	a->transmit(frame(20));
	host[0]->memory.read(4 << 20, before.data(), before.size());
	run_for(PS_PER_MS);
	host[0]->memory.read(4 << 20, after.data(), after.size());
	EXPECT_EQ(before, after);
	EXPECT_EQ(host[0]->msi.size(), msis);
	EXPECT_EQ(dropped(0, PACKET_DROP_VF_STOPPED), 1u);
	// Every packet that the device took is with the peer; the rest follows after resume.
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_RESUME, 0).retval, AQ_RC_OK);
	run_for(PS_PER_MS);
	std::vector<Bytes> got = b->receive_frames();
	ASSERT_EQ(got.size(), 21u);
	for (uint32_t i = 0; i < 21; i++)
		EXPECT_EQ(got[i], frame(i)) << i;
}

TEST_F(VfState, P2pStopsDmaAndKeepsDoorbells)
{
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_P2P, 0, 0).retval, AQ_RC_OK);
	a->transmit(frame(1));
	run_for(PS_PER_MS);
	EXPECT_TRUE(b->receive_frames().empty());
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 0).retval, AQ_RC_OK);
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_RESUME, 0).retval, AQ_RC_OK);
	run_for(PS_PER_MS);
	EXPECT_TRUE(b->receive_frames().empty()) << "still P2P-stopped";
	ASSERT_EQ(host[0]->pf_vf(AQC_VF_P2P, 0, 1).retval, AQ_RC_OK);
	run_for(PS_PER_MS);
	EXPECT_EQ(b->receive_frames().size(), 1u);
}

TEST_F(VfState, MessageThatWaitsTravels)
{
	// The driver has no receive descriptor posted: the answer waits in the device.
	uint32_t head = host[0]->read(0, VF_ARQH1);
	host[0]->write(0, VF_ARQT1, head);
	a->arq_next = head;
	struct virtchnl_version_info info = {1, 1};
	a->send(VIRTCHNL_OP_VERSION, &info, sizeof(info));
	run_for(PS_PER_MS);
	ASSERT_EQ(host[0]->read(0, VF_ARQH1), head);
	Bytes stream = stream_of_suspended();
	suspend_destination();
	ASSERT_EQ(refusal(stream), 0u);
	a->move_to(host[1].get(), 1);
	host[1]->pf_vf(AQC_VF_RESUME, 1);
	host[1]->write(1, VF_ARQT1, (a->arq_next + 31) % 32);
	uint32_t opcode;
	int32_t status;
	Bytes data;
	ASSERT_TRUE(a->receive(&opcode, &status, &data));
	EXPECT_EQ(opcode, (uint32_t)VIRTCHNL_OP_VERSION);
	EXPECT_EQ(data.size(), 8u);
}

TEST_F(VfState, PendingInterruptTravels)
{
	host[0]->write(0, VFINT_DYN_CTLN1(0), 0); // disabled
	b->transmit(make_frame(a->mac, b->mac, 1, 500));
	run_for(PS_PER_MS);
	EXPECT_EQ(host[0]->msis(0, 1), 0u);
	Bytes stream = stream_of_suspended();
	suspend_destination();
	ASSERT_EQ(refusal(stream), 0u);
	host[1]->pf_vf(AQC_VF_RESUME, 1);
	run_for(PS_PER_MS);
	EXPECT_EQ(host[1]->msis(1, 1), 0u);
	host[1]->write(1, VFINT_DYN_CTLN1(0), (uint32_t)DYN_CTL_INTENA);
	run_for(PS_PER_MS);
	EXPECT_EQ(host[1]->msis(1, 1), 1u);
}

TEST_F(VfState, SavedAgainAfterLoadIsEqual)
{
	Bytes stream = stream_of_suspended();
	suspend_destination();
	ASSERT_EQ(refusal(stream, 100), 0u);
	EXPECT_EQ(host[1]->save(1), stream);
}

TEST_F(VfState, PartsOfAnySizeGiveOneStream)
{
	Bytes stream = stream_of_suspended();

	EXPECT_EQ(host[0]->save(0, 7), stream);
	EXPECT_EQ(host[0]->save(0, 32000), stream);
	suspend_destination();
	EXPECT_EQ(refusal(stream, 13), 0u);
}

TEST_F(VfState, RunningPartIsTheBeginningOfTheStream)
{
	struct aq_desc size = host[0]->pf_vf(AQC_VF_STATE_SIZE, 0);
	struct aq_desc desc = {};
	Bytes early(4096);

	desc.opcode = AQC_VF_STATE_SAVE;
	desc.flags = AQ_FLAG_BUF;
	desc.datalen = 4096;
	struct aq_desc done = host[0]->pf_command(desc, &early);
	ASSERT_EQ(done.retval, AQ_RC_OK);
	EXPECT_EQ(early.size(), size.param0);
	EXPECT_EQ(done.param1, size.param1 - size.param0);
	desc.param1 = size.param0;
	EXPECT_EQ(host[0]->pf_command(desc).retval, AQ_RC_EBUSY) << "the rest needs a stopped VF";
	host[0]->pf_vf(AQC_VF_SUSPEND, 0);
	Bytes rest(STATE_PART_BYTES / 2);
	desc.datalen = STATE_PART_BYTES / 2;
	done = host[0]->pf_command(desc, &rest);
	ASSERT_EQ(done.retval, AQ_RC_OK);
	early.insert(early.end(), rest.begin(), rest.end());
	EXPECT_EQ(early.size(), size.param1);
	EXPECT_EQ(early, host[0]->save(0));
}

TEST_F(VfState, PaddingIsAccepted)
{
	Bytes stream = stream_of_suspended();
	size_t end = stream.size() - STATE_RECORD_BYTES - 8;
	Bytes padding(STATE_RECORD_BYTES + 100000, 0x5a);

	le32_put(&padding[0], STATE_PADDING);
	le32_put(&padding[4], 100000);
	stream.insert(stream.begin() + end, padding.begin(), padding.end());
	seal(&stream);
	suspend_destination();
	EXPECT_EQ(refusal(stream, 30000), 0u);
}

TEST_F(VfState, LoadNeedsASuspendedVf)
{
	Bytes stream = stream_of_suspended();

	EXPECT_EQ(host[1]->load(1, stream).first, AQ_RC_EBUSY);
}

TEST_F(VfState, EveryFlippedByteIsRefused)
{
	Bytes stream = stream_of_suspended();
	suspend_destination();

	for (size_t at = 0; at < stream.size(); at++) {
		Bytes bad = stream;

		bad[at] ^= (uint8_t)(1u << at % 8);
		ASSERT_NE(refusal(bad, 32768), 0u) << at;
	}
	EXPECT_EQ(refusal(stream), 0u) << "and the right one is taken after all that";
}

TEST_F(VfState, EveryCutIsRefused)
{
	Bytes stream = stream_of_suspended();
	suspend_destination();

	for (size_t len = 1; len < stream.size(); len += 1 + len / 16) {
		Bytes cut(stream.begin(), stream.begin() + len);

		ASSERT_EQ(refusal(cut, 32768), (uint32_t)STATE_REFUSED_CUT) << len;
	}
}

TEST_F(VfState, RefusalsSayWhy)
{
	Bytes stream = stream_of_suspended(), bad;
	suspend_destination();

	bad = stream;
	bad[0]++;
	seal(&bad);
	EXPECT_EQ(refusal(bad), (uint32_t)STATE_REFUSED_MAGIC);
	bad = stream;
	bad[4]++;
	seal(&bad);
	EXPECT_EQ(refusal(bad), (uint32_t)STATE_REFUSED_VERSION);
	bad = stream;
	bad.push_back(0);
	EXPECT_EQ(refusal(bad), (uint32_t)STATE_REFUSED_ALTERED);
	bad = stream;
	bad[STATE_HEADER_BYTES + STATE_RECORD_BYTES + 4]++; // another product
	seal(&bad);
	EXPECT_EQ(refusal(bad), (uint32_t)STATE_REFUSED_MISPLACED);
	bad = stream;
	Bytes record(STATE_RECORD_BYTES);
	record[0] = 77;
	bad.insert(bad.end() - 16, record.begin(), record.end());
	seal(&bad);
	EXPECT_EQ(refusal(bad), (uint32_t)STATE_REFUSED_UNKNOWN);
}

/* Records as they stand in a stream, the last of which is its end. */
class VfStateRecords : public VfState
{
protected:
	void SetUp() override
	{
		VfState::SetUp();
		Bytes stream = stream_of_suspended();

		suspend_destination();
		header.assign(stream.begin(), stream.begin() + STATE_HEADER_BYTES);
		for (size_t at = STATE_HEADER_BYTES; at < stream.size();) {
			size_t len = STATE_RECORD_BYTES + le32_get(&stream[at + 4]);

			records.emplace_back(stream.begin() + (long)at,
					     stream.begin() + (long)(at + len));
			at += len;
		}
		ASSERT_EQ(le32_get(records.front().data()), (uint32_t)STATE_DEVICE);
		ASSERT_EQ(le32_get(records.back().data()), (uint32_t)STATE_END);
	}
	uint32_t refused(const std::vector<Bytes> &all)
	{
		Bytes stream = header;

		for (const Bytes &record : all)
			stream.insert(stream.end(), record.begin(), record.end());
		seal(&stream);
		return refusal(stream);
	}

	static constexpr size_t kMost = 16384; /* that a device keeps of a stream */

	Bytes header;
	std::vector<Bytes> records;
};

TEST_F(VfStateRecords, EachIsThereOnceInWhateverOrderBehindTheFirst)
{
	const uint32_t altered = STATE_REFUSED_ALTERED;

	for (size_t i = 0; i + 1 < records.size(); i++) {
		std::vector<Bytes> twice = records, without = records;

		twice.insert(twice.begin() + (long)i, records[i]);
		EXPECT_EQ(refused(twice), altered) << i;
		without.erase(without.begin() + (long)i);
		EXPECT_EQ(refused(without), altered) << i;
	}
	std::vector<Bytes> other = records;
	std::swap(other[0], other[1]);
	EXPECT_EQ(refused(other), altered) << "what kind of device it is comes first";
	other = records;
	std::reverse(other.begin() + 1, other.end() - 1);
	EXPECT_EQ(refused(other), 0u);
}

TEST_F(VfStateRecords, OneThatIsLongerThanAllTogetherIsRefused)
{
	std::vector<Bytes> longer = records;

	longer[1].resize(longer[1].size() + 64 * kMost); /* of no VF here */
	le32_put(&longer[1][4], (uint32_t)(longer[1].size() - STATE_RECORD_BYTES));
	EXPECT_EQ(refused(longer), (uint32_t)STATE_REFUSED_ALTERED);
	EXPECT_EQ(refused(records), 0u);
}

TEST_F(VfState, PartOutOfOrderIsMisplaced)
{
	Bytes stream = stream_of_suspended();
	suspend_destination();
	struct aq_desc desc = {};
	Bytes part(stream.begin(), stream.begin() + 100);

	desc.opcode = AQC_VF_STATE_LOAD;
	desc.flags = AQ_FLAG_BUF | AQ_FLAG_RD;
	desc.datalen = 100;
	desc.param0 = 1;
	EXPECT_EQ(host[1]->pf_command(desc, &part).retval, AQ_RC_OK);
	desc.param1 = 200;
	struct aq_desc done = host[1]->pf_command(desc, &part);
	EXPECT_EQ(done.retval, AQ_RC_EINVAL);
	EXPECT_EQ(done.param0, (uint32_t)STATE_REFUSED_MISPLACED);
}

/* A sealed stream with values that no device can have: refused, never applied in part. */
TEST_F(VfState, SealedNonsenseIsRefusedOrHarmless)
{
	Bytes stream = stream_of_suspended();
	suspend_destination();
	Bytes before = host[1]->save(1);
	uint32_t refused = 0;

	for (size_t at = STATE_HEADER_BYTES; at + 16 < stream.size(); at += 3) {
		Bytes bad = stream;

		bad[at] = 0xff;
		seal(&bad);
		if (refusal(bad, 32768)) {
			refused++;
			ASSERT_EQ(host[1]->save(1), before) << at;
		} else {
			before = host[1]->save(1);
		}
	}
	EXPECT_GT(refused, 50u);
	host[1]->flr(1);
	run_for(5 * PS_PER_MS);
}

TEST_F(VfState, CommandsCheckTheirVf)
{
	for (uint16_t opcode : {AQC_VF_SUSPEND, AQC_VF_RESUME, AQC_VF_P2P, AQC_VF_STATE_SIZE,
				AQC_VF_STATE_SAVE, AQC_VF_STATE_LOAD})
		EXPECT_EQ(host[0]->pf_vf(opcode, 4).retval, AQ_RC_ENOENT) << opcode;
	EXPECT_EQ(host[0]->pf_vf(0xfeed, 0).retval, AQ_RC_ENOSYS);
	EXPECT_EQ(host[0]->pf_vf(AQC_VF_P2P, 0, 2).retval, AQ_RC_EINVAL);
	EXPECT_EQ(host[0]->pf_vf(AQC_VF_SET_MAC, 0, 0x01).retval, AQ_RC_EINVAL) << "multicast";
}

TEST_F(VfState, SuspendIsIdempotentAndFlrEndsIt)
{
	EXPECT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 0).retval, AQ_RC_OK);
	EXPECT_EQ(host[0]->pf_vf(AQC_VF_SUSPEND, 0).retval, AQ_RC_OK);
	host[0]->flr(0);
	run_for(10 * PS_PER_MS);
	EXPECT_EQ(nic_vf_stopped(host[0]->nic, 0), 0u);
	EXPECT_EQ(host[0]->read(0, VFGEN_RSTAT), (uint32_t)VFR_VFACTIVE);
}
