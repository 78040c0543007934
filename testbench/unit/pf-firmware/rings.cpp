/* SPDX-License-Identifier: Apache-2.0 */
/* AQC_VF_RINGS: where a VF's rings and buffers are, and that its DMA goes nowhere else. */
#include "pf-firmware/pasid_format.h"

#include "testbench/unit/model-nic/nic_fixture.h"

namespace
{
constexpr uint16_t kPfCommands[] = {
	AQC_VF_SET_MAC,    AQC_VF_SET_POLICY, AQC_VF_SET_QUEUES, AQC_VF_SUSPEND,
	AQC_VF_RESUME,     AQC_VF_P2P,        AQC_VF_RESET,      AQC_VF_RINGS,
	AQC_VF_STATE_SIZE, AQC_VF_STATE_SAVE, AQC_VF_STATE_LOAD, AQC_VF_LOG_START,
	AQC_VF_LOG_STOP,   AQC_VF_LOG_READ,   AQC_VF_INFO,       AQC_VF_OPERATE,
};
} // namespace

/* Asked about host 1, where `b` is on VF 0. */
class Rings : public NicTraffic
{
protected:
	uint16_t ask(uint32_t vf, std::vector<struct pf_vf_ring> *rings,
		     uint32_t room = PF_VF_RINGS * sizeof(struct pf_vf_ring))
	{
		struct aq_desc desc = {};
		Bytes buffer(room);

		desc.opcode = AQC_VF_RINGS;
		desc.param0 = vf;
		desc.flags = AQ_FLAG_BUF;
		desc.datalen = (uint16_t)room;
		desc = host[1]->pf_command(desc, &buffer);
		rings->resize(desc.retval ? 0 : desc.datalen / sizeof(struct pf_vf_ring));
		if (!rings->empty())
			memcpy(rings->data(), buffer.data(), desc.datalen);
		return desc.retval;
	}
	std::vector<struct pf_vf_ring> rings(uint32_t vf = 0)
	{
		std::vector<struct pf_vf_ring> found;

		EXPECT_EQ(ask(vf, &found), AQ_RC_OK);
		return found;
	}

	struct Area {
		uint64_t first, end;
		uint32_t hits;
	};
	/* Rings, and what the descriptors that are the device's name as buffers to be written. */
	std::vector<Area> areas()
	{
		std::vector<Area> all;

		for (const struct pf_vf_ring &ring : rings()) {
			uint32_t bytes = ring.entries * ring.entry_bytes;

			all.push_back({ring.iova, ring.iova + bytes, 0});
			for (uint32_t i = ring.head; i != ring.tail; i = (i + 1) % ring.entries)
				if (ring.kind == PF_RING_RX || ring.kind == PF_RING_ARQ)
					all.push_back(buffer_of(ring, i));
		}
		return all;
	}
	Area buffer_of(const struct pf_vf_ring &ring, uint32_t index)
	{
		uint64_t at = ring.iova + (uint64_t)index * ring.entry_bytes, iova;
		struct aq_desc desc;

		if (ring.kind == PF_RING_RX) {
			host[1]->memory.read(at, &iova, sizeof(iova));
			return {iova, iova + ring.buffer_bytes, 0};
		}
		host[1]->memory.read(at, &desc, sizeof(desc));
		iova = (uint64_t)desc.addr_high << 32 | desc.addr_low;
		return {iova, iova + desc.datalen, 0};
	}
};

TEST_F(Rings, AreWhereTheDriverHasPutThem)
{
	std::vector<struct pf_vf_ring> found = rings();

	ASSERT_EQ(found.size(), 4u);
	EXPECT_EQ(found[0].kind, PF_RING_ATQ);
	EXPECT_EQ(found[0].iova, b->atq);
	EXPECT_EQ(found[0].entries, AvfDriver::kAq);
	EXPECT_EQ(found[0].entry_bytes, AQ_DESC_BYTES);
	EXPECT_EQ(found[0].head, b->atq_tail) << "all is sent";
	EXPECT_EQ(found[0].tail, b->atq_tail);
	EXPECT_EQ(found[1].kind, PF_RING_ARQ);
	EXPECT_EQ(found[1].iova, b->arq);
	EXPECT_EQ(found[1].head, host[1]->read(0, VF_ARQH1));
	EXPECT_EQ(found[1].tail, host[1]->read(0, VF_ARQT1));
	EXPECT_EQ(found[2].kind, PF_RING_TX);
	EXPECT_EQ(found[2].iova, b->tx_ring);
	EXPECT_EQ(found[2].entries, AvfDriver::kRing);
	EXPECT_EQ(found[2].entry_bytes, TXD_BYTES);
	EXPECT_EQ(found[2].buffer_bytes, 0u);
	EXPECT_EQ(found[3].kind, PF_RING_RX);
	EXPECT_EQ(found[3].iova, b->rx_ring);
	EXPECT_EQ(found[3].head, 0u);
	EXPECT_EQ(found[3].tail, b->rx_tail);
	EXPECT_EQ(found[3].buffer_bytes, AvfDriver::kBuffer);
	for (const struct pf_vf_ring &ring : found)
		EXPECT_EQ(ring.flags, PF_RING_ENABLED);
}

TEST_F(Rings, HeadsGoOnWithTheTraffic)
{
	for (uint32_t i = 0; i < 3; i++)
		a->transmit(frame(i));
	b->transmit(make_frame(a->mac, b->mac, 0, 300));
	run_for(PS_PER_MS);
	std::vector<struct pf_vf_ring> found = rings();
	ASSERT_EQ(found.size(), 4u);
	EXPECT_EQ(found[2].head, b->tx_tail);
	EXPECT_EQ(found[3].head, 3u);
}

/* The mailbox, packets of one buffer and of several: each write is in one of the areas. */
TEST_F(Rings, DmaWritesThereAndNowhereElse)
{
	std::vector<Area> all = areas();
	uint32_t elsewhere = 0, entries = 2 * AvfDriver::kAq - 1 + AvfDriver::kRing;

	EXPECT_GE(all.size(), 4u + AvfDriver::kRing - 1);
	EXPECT_LE(all.size(), 4u + entries);
	host[1]->memory.after_access =
		[&, msi = host[1]->memory.after_access](const struct bus_req &req) {
			bool found = req.op != BUS_WRITE || req.addr >= 31 << 20;

			for (Area &area : all)
				if (req.op == BUS_WRITE && req.addr >= area.first &&
				    req.addr + req.len_bytes <= area.end) {
					area.hits++;
					found = true;
				}
			elsewhere += !found;
			msi(req);
		};
	for (uint32_t i = 0; i < 10; i++) {
		a->transmit(frame(i, i % 2 ? 300 : 5000));
		b->transmit(make_frame(a->mac, b->mac, i, 300));
		run_for(100 * PS_PER_US);
	}
	EXPECT_EQ(b->version(), 0);
	EXPECT_EQ(b->receive_frames().size(), 10u);
	EXPECT_EQ(elsewhere, 0u);
	EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const Area &area) { return area.hits; }),
		  4 + 1 + 5 + 5 * 3)
		<< "rings, an answer's buffer, and the packets'";
}

TEST_F(Rings, OfATaggedPairBearItsPasid)
{
	struct virtchnl_queue_pasid_list list = {b->vsi, 1, {{0, VIRTCHNL_QUEUE_PASID_VALID, 9}}};

	ASSERT_EQ(host[1]->set_policy(0, VF_POLICY_PASID), AQ_RC_OK);
	host[1]->enable_pasids(true);
	ASSERT_EQ(b->disable(), 0);
	ASSERT_EQ(b->request(VIRTCHNL_OP_QUEUE_PASID, &list, sizeof(list)), 0);
	std::vector<struct pf_vf_ring> found = rings();
	ASSERT_EQ(found.size(), 4u);
	for (const struct pf_vf_ring &ring : found) {
		bool queue = ring.kind == PF_RING_TX || ring.kind == PF_RING_RX;

		EXPECT_EQ(ring.flags, queue ? PF_RING_TAGGED : PF_RING_ENABLED);
		EXPECT_EQ(ring.pasid, queue ? 9u : 0u);
	}
}

TEST_F(Rings, AResetLeavesNone)
{
	host[1]->flr(0);
	run_for(200 * PS_PER_MS);
	EXPECT_TRUE(rings().empty());
	EXPECT_TRUE(rings(1).empty()) << "nobody has set up VF 1";
}

TEST_F(Rings, WhoAsksForNoVfOrHasNoRoomIsRefused)
{
	std::vector<struct pf_vf_ring> found;

	EXPECT_EQ(ask(4, &found), AQ_RC_ENOENT);
	EXPECT_EQ(ask(0, &found, 4 * sizeof(found[0]) - 1), AQ_RC_EINVAL);
	EXPECT_EQ(ask(0, &found, 4 * sizeof(found[0])), AQ_RC_OK);
}

/* What only the PF knows: a VF that sends the PF's commands learns that there are none. */
TEST_F(Rings, AVfHasNoneOfThePfsCommands)
{
	for (uint16_t opcode : kPfCommands) {
		struct aq_desc desc = {}, done;
		uint64_t at = b->atq + (uint64_t)b->atq_tail * AQ_DESC_BYTES;
		Bytes before(4096, 0xa5), after(4096);

		desc.opcode = opcode;
		desc.flags = AQ_FLAG_BUF | AQ_FLAG_LB;
		desc.datalen = 4096;
		desc.addr_low = (uint32_t)b->tx_buffers;
		host[1]->memory.write(b->tx_buffers, before.data(), before.size());
		host[1]->memory.write(at, &desc, sizeof(desc));
		b->atq_tail = (b->atq_tail + 1) % AvfDriver::kAq;
		host[1]->write(0, VF_ATQT1, b->atq_tail);
		run_for(PS_PER_MS);
		host[1]->memory.read(at, &done, sizeof(done));
		EXPECT_TRUE(done.flags & AQ_FLAG_DD) << opcode;
		EXPECT_EQ(done.retval, AQ_RC_ENOSYS) << opcode;
		host[1]->memory.read(b->tx_buffers, after.data(), after.size());
		EXPECT_EQ(after, before) << opcode;
	}
	EXPECT_EQ(rings().size(), 4u) << "and is what it was";
}
