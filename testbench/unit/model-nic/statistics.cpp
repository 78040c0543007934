/* SPDX-License-Identifier: Apache-2.0 */
/* What VFs, switch and port count of frames, each kind of way once. */
#include "base/fault.h"
#include "testbench/unit/model-nic/nic_fixture.h"

class NicStatistics : public NicTraffic
{
protected:
	static constexpr uint8_t kNobody[6] = {2, 0, 0, 0, 9, 9};
	static constexpr uint8_t kAll[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static constexpr uint8_t kGroup[6] = {1, 0, 0x5e, 0, 0, 1};

	struct nic_vf_counters vf(uint32_t on, uint32_t index = 0) const
	{
		return *nic_vf_counters_get(host[on]->nic, index);
	}
	struct nic_counters nic(uint32_t on) const
	{
		return *nic_counters_get(host[on]->nic);
	}
	void send(const uint8_t *to, uint32_t frames = 1)
	{
		for (uint32_t i = 0; i < frames; i++)
			a->transmit(make_frame(to, a->mac, next_++, 200));
		run_for(PS_PER_MS);
	}
	void expect_balance()
	{
		for (uint32_t on = 0; on < 2; on++) {
			struct nic_vf_counters sum = {};
			struct nic_counters all = nic(on);

			for (uint32_t i = 0; i < 4; i++) {
				struct nic_vf_counters one = vf(on, i);

				EXPECT_EQ(one.sent, one.taken);
				EXPECT_EQ(one.given, one.received + one.refused);
				sum.taken += one.taken;
				sum.given += one.given;
			}
			EXPECT_EQ(sum.taken + all.port_received + all.copies,
				  sum.given + all.port_sent + all.lost + all.unwanted)
				<< "host " << on;
			EXPECT_EQ(all.port_sent, wire_counters_get(wire, on)->taken);
			EXPECT_EQ(all.port_received, wire_counters_get(wire, 1 - on)->delivered);
		}
	}
	uint64_t next_ = 0;
};

TEST_F(NicStatistics, AFrameToAnotherHostIsCountedAtEachStation)
{
	send(b->mac, 5);
	EXPECT_EQ(vf(0).sent, 5u);
	EXPECT_EQ(nic(0).port_sent, 5u);
	EXPECT_EQ(wire_counters_get(wire, 0)->delivered, 5u);
	EXPECT_EQ(nic(1).port_received, 5u);
	EXPECT_EQ(vf(1).given, 5u);
	EXPECT_EQ(vf(1).received, 5u);
	EXPECT_EQ(nic(0).copies + nic(1).copies, 0u);
	expect_balance();
}

TEST_F(NicStatistics, EachFurtherCopyOfAFrameCounts)
{
	AvfDriver c(host[0].get(), 1, 2), d(host[0].get(), 2, 3), e(host[1].get(), 1, 4);

	for (AvfDriver *each : {&c, &d, &e})
		each->bring_up();
	send(kAll);
	EXPECT_EQ(vf(0, 1).received + vf(0, 2).received, 2u);
	EXPECT_EQ(nic(0).port_sent, 1u);
	EXPECT_EQ(nic(0).copies, 2u) << "one went out, two inside";
	EXPECT_EQ(vf(1).received + vf(1, 1).received, 2u);
	EXPECT_EQ(nic(1).copies, 1u);
	expect_balance();
}

TEST_F(NicStatistics, WhatStaysInsideDoesNotGoOut)
{
	AvfDriver c(host[0].get(), 1, 2);

	c.bring_up();
	send(c.mac, 3);
	EXPECT_EQ(nic(0).port_sent, 0u);
	EXPECT_EQ(vf(0, 1).received, 3u);
	EXPECT_EQ(nic(0).copies, 0u);
	expect_balance();
}

TEST_F(NicStatistics, AGroupThatNobodyIsInIsUnwantedAndNotLost)
{
	send(kGroup);
	EXPECT_EQ(nic(1).port_received, 1u);
	EXPECT_EQ(nic(1).unwanted, 1u);
	EXPECT_EQ(nic(1).lost, 0u);
	expect_balance();
}

TEST_F(NicStatistics, WhatTheSwitchLosesHasNoVf)
{
	send(kNobody);
	EXPECT_EQ(nic(1).lost, 1u);
	EXPECT_EQ(dropped(1, PACKET_DROP_NO_FILTER), 1u);
	nic_link_set(host[0]->nic, false);
	send(b->mac, 2);
	EXPECT_EQ(nic(0).lost, 2u);
	EXPECT_EQ(nic(0).port_sent, 1u);
	expect_balance();
}

TEST_F(NicStatistics, WhatAVfDoesNotTakeIsRefused)
{
	/* More than its ring of 64 has buffers for. */
	send(b->mac, 40);
	send(b->mac, 40);
	EXPECT_EQ(vf(1).given, 80u);
	EXPECT_EQ(vf(1).received, 63u);
	EXPECT_EQ(vf(1).refused, 17u);
	EXPECT_EQ(dropped(1, PACKET_DROP_NO_BUFFER), 17u);
	expect_balance();
}

TEST_F(NicStatistics, AResetTakesThemNotBack)
{
	send(b->mac, 5);
	host[1]->flr(0);
	run_for(300 * PS_PER_MS);
	EXPECT_EQ(vf(1).received, 5u);
	expect_balance();
}

/* The wire's own loss: it took them and did not deliver them. */
class NicStatisticsLossy : public NicStatistics
{
	void configure() override
	{
		wire_cfg.loss_ppm[0] = 1000000;
	}
};

TEST_F(NicStatisticsLossy, WhatTheWireLosesIsItsOwn)
{
	send(b->mac, 4);
	EXPECT_EQ(wire_counters_get(wire, 0)->taken, 4u);
	EXPECT_EQ(wire_counters_get(wire, 0)->lost, 4u);
	EXPECT_EQ(wire_counters_get(wire, 0)->delivered, 0u);
	EXPECT_EQ(nic(1).port_received, 0u);
	expect_balance();
}
