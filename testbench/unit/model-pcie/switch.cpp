// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/model-pcie/switch_fixture.hpp"

#include <map>

// ---- registers ----

class SwitchRegisters : public SwitchTest
{
protected:
	std::map<uint32_t, uint32_t> listed(uint16_t rid)
	{
		std::map<uint32_t, uint32_t> found;
		uint32_t at;

		for (at = config_read(rid, CFG_CAP_POINTER, 1); at;
		     at = config_read(rid, at + 1, 1))
			found[at] = config_read(rid, at, 1);
		for (at = EXT_CAP_FIRST; at; at = config_read(rid, at) >> 20)
			found[at] = config_read(rid, at) & 0xfffff;
		return found;
	}
	static std::map<uint32_t, uint32_t> wanted(enum pcie_kind kind)
	{
		std::map<uint32_t, uint32_t> want;

		for (uint32_t c = 0; c < pcie_capability_count; c++)
			if (pcie_capabilities[c].of[kind].regs)
				want[pcie_capabilities[c].of[kind].offset] =
					pcie_capabilities[c].id |
					(uint32_t)pcie_capabilities[c].version << 16;
		return want;
	}
};

TEST_F(SwitchRegisters, EachPortIsABridgeWithItsCapabilities)
{
	bring_up_switch();
	for (uint16_t rid : {kUp, kPort[0], kPort[2]}) {
		EXPECT_EQ(config_read(rid, CFG_ID), 0x8232104cu);
		EXPECT_EQ(config_read(rid, CFG_CLASS) >> 8, 0x060400u);
		EXPECT_EQ(config_read(rid, CFG_HEADER + 2, 1), 1u);
		EXPECT_EQ(listed(rid),
			  wanted(rid == kUp ? PCIE_UPSTREAM_PORT : PCIE_DOWNSTREAM_PORT));
	}
	EXPECT_EQ(field_get(PCIE_PORT_TYPE, config_read(kUp, ROOT_AT_PCIE)), PCIE_TYPE_UPSTREAM);
	EXPECT_EQ(field_get(PCIE_PORT_TYPE, config_read(kPort[0], ROOT_AT_PCIE)),
		  PCIE_TYPE_DOWNSTREAM);
	EXPECT_EQ(config_read(kPort[0], ROOT_AT_ACS + ACS_CONTROL), 0x037fu)
		<< "three bits of egress control, and nothing is on";
}

TEST_F(SwitchRegisters, ALinkWithNothingBelowIsDown)
{
	bring_up_switch();
	EXPECT_TRUE(config_read(kPort[0], ROOT_AT_PCIE + PCIE_LNKCTL) & LNKSTA_ACTIVE);
	EXPECT_FALSE(config_read(kPort[2], ROOT_AT_PCIE + PCIE_LNKCTL) & LNKSTA_ACTIVE);
	EXPECT_EQ(config_read(PCIE_RID(7, 0, 0), CFG_ID), UINT32_MAX);
	EXPECT_EQ(uncorrectable(kPort[2]), 0u) << "advisory, and not unmasked";
	EXPECT_TRUE(config_read(kPort[2], ROOT_AT_PCIE + PCIE_DEVCTL) & DEVSTA_UNSUPPORTED);
}

// ---- configuration requests: bus numbers, 7.3.3 ----

class SwitchConfig : public SwitchTest
{
protected:
	bool refused_by(uint16_t port_rid, uint16_t target)
	{
		config_write(port_rid, ROOT_AT_PCIE + PCIE_DEVCTL + 2, DEVSTA_ERRORS >> 16, 2);
		EXPECT_EQ(config_read(target, CFG_ID), UINT32_MAX) << target;
		return config_read(port_rid, ROOT_AT_PCIE + PCIE_DEVCTL) & DEVSTA_UNSUPPORTED;
	}
};

TEST_F(SwitchConfig, WithoutBusNumbersOnlyTheUpstreamPortAnswers)
{
	EXPECT_EQ(config_read(kUp, CFG_ID), 0x8232104cu);
	EXPECT_TRUE(refused_by(kUp, kPort[0]));
	EXPECT_TRUE(refused_by(kUp, kNic[0]));
}

TEST_F(SwitchConfig, TheBusSaysWhoseItIs)
{
	bring_up_switch();
	for (uint32_t n = 0; n < kDevices; n++)
		EXPECT_EQ(config_read(kNic[n], CFG_ID), 0x15728086u);
	config_write(kNic[1], CFG_HEADER, 0x40, 1);
	EXPECT_EQ(config_read(kNic[1], CFG_HEADER, 1), 0x40u);
	EXPECT_EQ(config_read(kNic[0], CFG_HEADER, 1), 0u);
	EXPECT_EQ(pcie_function_rid(function(1, 0)), kNic[1]) << "Type 0: it captures its bus";
}

TEST_F(SwitchConfig, EachPortTellsOfOneEndToEndPrefix)
{
	bring_up_switch();
	for (uint16_t port : {kUp, kPort[0], kPort[1], kPort[2]})
		EXPECT_EQ(config_read(port, ROOT_AT_PCIE + PCIE_DEVCAP2) >> 21 & 7, 3u) << port;
}

TEST_F(SwitchConfig, WhatNobodyClaimsIsUnsupportedByThePortThatKnows)
{
	bring_up_switch();
	EXPECT_TRUE(refused_by(kUp, PCIE_RID(9, 0, 0))) << "behind the switch, behind no port";
	EXPECT_TRUE(refused_by(kUp, PCIE_RID(2, 3, 0))) << "a port that is not there";
	EXPECT_TRUE(refused_by(kUp, PCIE_RID(2, 0, 1))) << "of one function each";
	EXPECT_TRUE(refused_by(kUp, PCIE_RID(1, 1, 0))) << "as the upstream port";
	config_write(kNic[0], CFG_HEADER, 0, 1);
	EXPECT_FALSE(refused_by(kPort[0], PCIE_RID(4, 0, 0))) << "the NIC's to refuse: Type 1";
	config_write(PCIE_RID(4, 0, 0), CFG_HEADER, 0x40, 1);
	EXPECT_EQ(pcie_function_rid(function(0, 0)), kNic[0]) << "which teaches no bus";
	EXPECT_EQ(config_read(kNic[0], CFG_HEADER, 1), 0u);
	config_write(kPort[1], ROOT_AT_PCIE + PCIE_DEVCTL2, 0, 2);
	EXPECT_TRUE(refused_by(kPort[1], PCIE_RID(5, 1, 0))) << "without ARI Forwarding";
}

// ---- memory: windows, 7.5.1.3 ----

class SwitchMemory : public SwitchTest
{
};

TEST_F(SwitchMemory, GoesThroughTheWindowOfBothBridges)
{
	bring_up_all();
	for (uint32_t n = 0; n < kDevices; n++) {
		mmio_write(vf_bar(n, 1) + 0x20, 0xabc0 + n);
		run();
		ASSERT_EQ(behind(n, 2).writes.size(), 1u);
		EXPECT_EQ(behind(n, 2).writes[0].value, 0xabc0 + n);
		EXPECT_EQ(mmio_read(vf_bar(n, 1) + 0x48), 0x48u);
	}
}

TEST_F(SwitchMemory, TheOtherWindowTakesItToo)
{
	uint32_t base = 0x40000000; // below 4 GiB, where the first window is

	bring_up_all();
	config_write(0, CFG_MEMORY_WINDOW, base >> 16 | base);
	config_write(kUp, CFG_MEMORY_WINDOW, base >> 16 | base);
	config_write(kPort[1], CFG_MEMORY_WINDOW, base >> 16 | base);
	write_bar(kNic[1], AT_SRIOV + SRIOV_VF_BAR, base);
	EXPECT_EQ(mmio_read(base + 0x18), 0x18u);
	config_write(kPort[1], CFG_MEMORY_WINDOW, WINDOW_BASE);
	EXPECT_EQ(mmio_read(base + 0x18), UINT32_MAX) << "closed";
}

TEST_F(SwitchMemory, WhatNoWindowHasIsTheUpstreamPortsToRefuse)
{
	bring_up_all();
	config_write(kUp, ROOT_AT_AER + AER_CORRECTABLE_MASK, 0);
	EXPECT_EQ(mmio_read(kWindow + 4 * kSlice), UINT32_MAX) << "beyond its own";
	EXPECT_EQ(uncorrectable(kUp), BIT(AER_UNSUPPORTED));
	config_write(kUp, ROOT_AT_AER + AER_UNCORRECTABLE, UINT32_MAX);
	set_window(kPort[1], slice(1), kSlice / 2);
	EXPECT_EQ(mmio_read(slice(1) + kSlice / 2), UINT32_MAX) << "in its own, in no port's";
	EXPECT_EQ(uncorrectable(kUp), BIT(AER_UNSUPPORTED));
	EXPECT_EQ(config_read(kUp, ROOT_AT_AER + AER_HEADER_LOG + 8),
		  (uint32_t)((slice(1) + kSlice / 2) >> 32));
}

TEST_F(SwitchMemory, MemoryEnableOfEachBridgeHasASay)
{
	for (uint16_t rid : {kUp, kPort[0]}) {
		bring_up_all();
		config_write(rid, CFG_COMMAND, COMMAND_BUS_MASTER, 2);
		EXPECT_EQ(mmio_read(vf_bar(0, 0)), UINT32_MAX);
		config_write(rid, CFG_COMMAND, COMMAND_MEMORY | COMMAND_BUS_MASTER, 2);
		config_write(rid, ROOT_AT_PM + PM_CONTROL, PM_D3HOT);
		EXPECT_EQ(mmio_read(vf_bar(0, 0)), UINT32_MAX) << "nor in D3hot";
		config_write(rid, ROOT_AT_PM + PM_CONTROL, PM_D0);
		EXPECT_EQ(mmio_read(vf_bar(0, 0) + 8), 8u);
	}
}

TEST_F(SwitchMemory, DmaGoesUpAsItsFunctions)
{
	Dma write(TLP_MWR, 0x1000, 64, 0x5a), read(TLP_MRD, 0x1000, 64);

	bring_up_all();
	send(1, write);
	send(1, read);
	ASSERT_EQ(host->seen.size(), 2u);
	EXPECT_EQ(host->seen[0].attr.stream_id, kVf[1]);
	EXPECT_EQ(read.bytes[63], 0x5a);
	EXPECT_EQ(read.tlp.status, TLP_SC);
}

TEST_F(SwitchMemory, BusMasterOfEachBridgeHasASay)
{
	for (uint16_t rid : {kUp, kPort[0]}) {
		Dma read(TLP_MRD, 0x1000, 8), write(TLP_MWR, 0x1000, 8);

		bring_up_all();
		config_write(rid, ROOT_AT_AER + AER_CORRECTABLE_MASK, 0);
		config_write(rid, CFG_COMMAND, COMMAND_MEMORY, 2);
		send(0, read);
		EXPECT_EQ(read.tlp.status, TLP_UR);
		EXPECT_EQ(read.tlp.completer_id, rid);
		EXPECT_EQ(uncorrectable(rid), BIT(AER_UNSUPPORTED));
		send(0, write);
		EXPECT_TRUE(write.done());
		EXPECT_TRUE(host->seen.empty());
	}
}

TEST_F(SwitchMemory, WhatIsOfTheSwitchDoesNotLeaveItUpward)
{
	Dma hole(TLP_MRD, slice(1) + kSlice / 2, 8), own(TLP_MRD, vf_bar(0, 1), 8);

	bring_up_all();
	config_write(0, ROOT_AT_ACS + ACS_CONTROL + 2, ACS_REQUEST_REDIRECT, 2);
	set_window(kPort[1], slice(1), kSlice / 2);
	send(0, hole);
	EXPECT_EQ(hole.tlp.status, TLP_UR);
	EXPECT_EQ(hole.tlp.completer_id, kUp);
	send(0, own);
	EXPECT_EQ(own.tlp.status, TLP_UR) << "behind the port that it came in by";
	EXPECT_EQ(own.tlp.completer_id, kPort[0]);
	EXPECT_TRUE(host->seen.empty());
}

TEST_F(SwitchMemory, AWayThroughTakesTheSwitchsTime)
{
	CpuAccess before(BUS_READ, vf_bar(0, 0), 4), after(BUS_READ, vf_bar(0, 0), 4);
	uint64_t from;

	bring_up_all();
	from = sim_now(&sim);
	send_mmio(before);
	run();
	before.done_ps -= from;
	sw->cfg.forward_ps += 70 * PS_PER_NS;
	from = sim_now(&sim);
	send_mmio(after);
	run();
	EXPECT_EQ(after.done_ps - from, before.done_ps + 2 * 70 * PS_PER_NS);
}

// ---- Access Control, 6.12 ----

class SwitchAcs : public SwitchTest
{
protected:
	void SetUp() override
	{
		SwitchTest::SetUp();
		bring_up_all();
		// A root port that sends nothing back down: who is redirected stays at the host.
		config_write(0, ROOT_AT_ACS + ACS_CONTROL + 2, ACS_REQUEST_REDIRECT, 2);
		host->status = BUS_ABORT;
	}
	// Where VF 0 behind port 0 ends up that writes to VF 0 behind port 1.
	enum Where { kPeer, kHost, kNowhere };
	Where reach(uint64_t bits, uint8_t at = TLP_AT_UNTRANSLATED, uint32_t vector = 0)
	{
		Dma write(TLP_MWR, vf_bar(1, 0) + 0x100, 8, 0x77);
		size_t peer = behind(1, 1).writes.size(), above = host->seen.size();

		acs(0, bits);
		config_write(kPort[0], ROOT_AT_ACS + ACS_EGRESS_VECTOR, vector);
		send(0, write, at);
		EXPECT_TRUE(write.done());
		if (behind(1, 1).writes.size() > peer)
			return kPeer;
		return host->seen.size() > above ? kHost : kNowhere;
	}
	static constexpr uint32_t kToPort1 = BIT(1);
};

TEST_F(SwitchAcs, WithoutControlAPeerIsReachedInTheSwitch)
{
	Dma read(TLP_MRD, vf_bar(1, 1) + 0x100, 8);
	uint64_t value;

	EXPECT_EQ(reach(0), kPeer);
	send(0, read);
	memcpy(&value, read.bytes.data(), sizeof(value));
	EXPECT_EQ(value, 0x100u);
	EXPECT_EQ(read.tlp.status, TLP_SC);
	EXPECT_EQ(read.tlp.completer_id, kVf[1] + 1);
	EXPECT_TRUE(host->seen.empty());
}

TEST_F(SwitchAcs, RequestRedirectSendsItUp)
{
	EXPECT_EQ(reach(ACS_REQUEST_REDIRECT), kHost);
	EXPECT_EQ(host->seen[0].attr.stream_id, kVf[0]);
	EXPECT_EQ(host->seen[0].addr, vf_bar(1, 0) + 0x100);
	EXPECT_EQ(reach(ACS_REQUEST_REDIRECT, TLP_AT_TRANSLATED), kHost);
}

TEST_F(SwitchAcs, ARedirectedRequestReachesThePeerByWayOfTheHost)
{
	Dma read(TLP_MRD, vf_bar(1, 0) + 0x100, 8);

	acs(0, ACS_REQUEST_REDIRECT);
	host->status = BUS_OK;
	host->beyond = pcie_root_port_mmio(port);
	send(0, read);
	EXPECT_EQ(host->seen.size(), 1u);
	EXPECT_EQ(read.tlp.status, TLP_SC);
	EXPECT_EQ(read.bytes[1], 1u);
}

// Redirected in the switch, turned around by a root port without redirection: the completion
// goes by its requester's ID, within the switch.
TEST_F(SwitchAcs, ARootPortMayTurnAroundWhatTheSwitchRedirected)
{
	Dma read(TLP_MRD, vf_bar(1, 0) + 0x100, 8), up(TLP_MRD, vf_bar(1, 0) + 0x100, 8);
	uint64_t tlps;

	config_write(0, ROOT_AT_ACS + ACS_CONTROL + 2, 0, 2);
	acs(0, ACS_REQUEST_REDIRECT);
	tlps = pcie_link_counters_get(link, PCIE_LINK_UP).tlps;
	send(0, read);
	EXPECT_EQ(read.tlp.status, TLP_SC);
	EXPECT_EQ(read.bytes[1], 1u);
	EXPECT_EQ(pcie_link_counters_get(link, PCIE_LINK_UP).tlps, tlps + 1) << "the request";
	acs(1, ACS_COMPLETION_REDIRECT);
	tlps = pcie_link_counters_get(link, PCIE_LINK_UP).tlps;
	send(0, up);
	EXPECT_EQ(up.bytes[1], 1u);
	EXPECT_GE(pcie_link_counters_get(link, PCIE_LINK_UP).tlps, tlps + 2)
		<< "and the completion";
	EXPECT_TRUE(host->seen.empty());
}

TEST_F(SwitchAcs, DirectTranslatedFreesTranslatedRequestsAlone)
{
	uint64_t both = ACS_REQUEST_REDIRECT | ACS_DIRECT_TRANSLATED;

	EXPECT_EQ(reach(both, TLP_AT_TRANSLATED), kPeer);
	EXPECT_EQ(reach(both), kHost);
	EXPECT_EQ(reach(ACS_EGRESS_CONTROL | ACS_DIRECT_TRANSLATED, TLP_AT_TRANSLATED, kToPort1),
		  kPeer);
}

// Table of 6.12.3: Egress Control, Request Redirect, the vector's bit.
TEST_F(SwitchAcs, EgressControlBlocksOrSaysWhereRedirectionHolds)
{
	EXPECT_EQ(reach(ACS_EGRESS_CONTROL), kPeer);
	EXPECT_EQ(reach(0, TLP_AT_UNTRANSLATED, kToPort1), kPeer);
	EXPECT_EQ(reach(ACS_EGRESS_CONTROL | ACS_REQUEST_REDIRECT), kPeer);
	EXPECT_EQ(reach(ACS_EGRESS_CONTROL | ACS_REQUEST_REDIRECT, TLP_AT_UNTRANSLATED, kToPort1),
		  kHost);
	EXPECT_EQ(uncorrectable(kPort[0]), 0u);
	EXPECT_EQ(reach(ACS_EGRESS_CONTROL, TLP_AT_UNTRANSLATED, ~kToPort1), kPeer);
	EXPECT_EQ(reach(ACS_EGRESS_CONTROL, TLP_AT_UNTRANSLATED, kToPort1), kNowhere);
	EXPECT_EQ(uncorrectable(kPort[0]), BIT(AER_ACS_VIOLATION));
}

TEST_F(SwitchAcs, TranslationBlockingIsAViolation)
{
	Dma read(TLP_MRD, 0x1000, 8);

	acs(0, ACS_TRANSLATION_BLOCKING);
	send(0, read, TLP_AT_TRANSLATED);
	EXPECT_EQ(read.tlp.status, TLP_CA);
	EXPECT_EQ(read.tlp.completer_id, kPort[0]);
	EXPECT_EQ(uncorrectable(kPort[0]), BIT(AER_ACS_VIOLATION));
	EXPECT_EQ(config_read(kPort[0], CFG_SECONDARY_STATUS), STATUS_SIGNALED_TA);
	EXPECT_EQ(config_read(kPort[0], ROOT_AT_AER + AER_HEADER_LOG + 4) >> 16, kVf[0]);
	EXPECT_EQ(reach(ACS_TRANSLATION_BLOCKING, TLP_AT_TRANSLATED), kNowhere);
	EXPECT_EQ(reach(ACS_TRANSLATION_BLOCKING), kPeer);
	EXPECT_TRUE(host->seen.empty());
}

TEST_F(SwitchAcs, SourceValidationStopsWhoIsOnNoBusBehindThePort)
{
	Dma stranger(TLP_MRD, 0x1000, 8), known(TLP_MRD, 0x1000, 8);

	host->status = BUS_OK;
	acs(0, ACS_SOURCE_VALIDATION);
	send(0, known);
	EXPECT_EQ(known.tlp.status, TLP_SC);
	set_buses(kPort[0], kInner, 4, 4); // the NIC does not know yet
	send(0, stranger);
	EXPECT_EQ(stranger.tlp.status, TLP_CA);
	EXPECT_EQ(uncorrectable(kPort[0]), BIT(AER_ACS_VIOLATION));
	EXPECT_EQ(host->seen.size(), 1u);
}

TEST_F(SwitchAcs, UpstreamForwardingSendsUpWhatIsBehindThePortItself)
{
	Dma write(TLP_MWR, vf_bar(0, 1), 8), peer(TLP_MWR, vf_bar(1, 0), 8);

	acs(0, ACS_UPSTREAM_FORWARDING);
	send(0, write);
	EXPECT_EQ(host->seen.size(), 1u);
	send(0, peer);
	EXPECT_EQ(host->seen.size(), 1u) << "not what is behind another";
	EXPECT_EQ(behind(1, 1).writes.size(), 1u);
}

// And a completion that the root port then turns around finds its way back (6.12.3).
TEST_F(SwitchAcs, UpstreamForwardingHoldsForCompletionsToo)
{
	Dma read(TLP_MRD, vf_bar(0, 1) + 0x100, 8);

	config_write(0, ROOT_AT_ACS + ACS_CONTROL + 2, 0, 2);
	acs(0, ACS_UPSTREAM_FORWARDING);
	send(0, read);
	EXPECT_EQ(read.tlp.status, TLP_SC);
	EXPECT_EQ(read.bytes[1], 1u);
}

// VF 0 behind port 0 reads VF 0 behind port 1, which has a write to memory under way: the read's
// completion may overtake it, unless it takes the same way.
class SwitchCompletion : public SwitchTest,
			 public testing::WithParamInterface<std::tuple<bool, bool>>
{
};

TEST_P(SwitchCompletion, RedirectedItFollowsItsCompletersWrites)
{
	Dma write(TLP_MWR, 0x1000, 64), read(TLP_MRD, vf_bar(1, 0), 8);
	bool redirect = std::get<0>(GetParam()), relaxed = std::get<1>(GetParam());

	bring_up_all();
	config_write(0, ROOT_AT_ACS + ACS_CONTROL + 2, ACS_COMPLETION_REDIRECT, 2);
	acs(1, redirect ? ACS_COMPLETION_REDIRECT : 0);
	host->delay = [](const struct bus_req &) {
		return 20 * PS_PER_US;
	};
	read.tlp.relaxed = relaxed;
	pcie_function_send(function(1, 1), &write.tlp);
	pcie_function_send(function(0, 1), &read.tlp);
	run();
	ASSERT_TRUE(write.done() && read.done());
	EXPECT_EQ(read.tlp.status, TLP_SC);
	EXPECT_EQ(read.done_ps >= write.done_ps, redirect && !relaxed);
}

INSTANTIATE_TEST_SUITE_P(RedirectRelaxed, SwitchCompletion,
			 testing::Combine(testing::Bool(), testing::Bool()));

// ---- errors, 6.2 ----

class SwitchErrors : public SwitchTest
{
protected:
	void report_all(uint16_t rid)
	{
		uint32_t at = rid == kNic[0] ? AT_PCIE : ROOT_AT_PCIE;

		config_write(rid, at + PCIE_DEVCTL, DEVCTL_ERROR_REPORTING, 2);
	}
	void let_through(uint16_t rid, bool on = true)
	{
		config_write(rid, CFG_INTERRUPT, on ? BRIDGE_SERR : 0);
	}
	void violate()
	{
		Dma write(TLP_MWR, 0x1000, 8);

		acs(0, ACS_TRANSLATION_BLOCKING);
		send(0, write, TLP_AT_TRANSLATED);
	}
	// Who the root port was told of; 0: nobody. Forgets it.
	uint32_t told(uint32_t shift)
	{
		bool any = config_read(0, ROOT_AT_AER + AER_ROOT_STATUS);
		uint32_t source = config_read(0, ROOT_AT_AER + AER_ROOT_SOURCE) >> shift & 0xffff;

		config_write(0, ROOT_AT_AER + AER_ROOT_STATUS, UINT32_MAX);
		return any ? source : 0;
	}
};

TEST_F(SwitchErrors, ADownstreamPortsOwnReachesTheRootPort)
{
	bring_up_all();
	let_through(0);
	report_all(kPort[0]);
	report_all(kUp);
	violate();
	EXPECT_EQ(told(16), 0u) << "SERR# Enable of the upstream port";
	let_through(kUp);
	violate();
	EXPECT_EQ(told(16), kPort[0]);
	config_write(kPort[0], ROOT_AT_PCIE + PCIE_DEVCTL, 0, 2);
	violate();
	EXPECT_EQ(told(16), 0u) << "reporting is off";
}

TEST_F(SwitchErrors, TheUpstreamPortsUnsupportedRequestReachesTheRootPort)
{
	bring_up_all();
	let_through(0);
	report_all(kUp);
	mmio_write(kWindow + 4 * kSlice, 1);
	run();
	EXPECT_EQ(told(16), kUp);
	EXPECT_EQ(uncorrectable(kUp), BIT(AER_UNSUPPORTED));
}

// A device's message passes what each bridge on its way has to say (6.2.6, 7.5.1.3.13).
TEST_F(SwitchErrors, ADevicesMessagePassesBothBridges)
{
	bring_up_all();
	let_through(0);
	for (uint16_t rid : {kUp, kPort[0]}) {
		let_through(rid);
		report_all(rid);
	}
	report_all(kNic[0]);
	mmio_write(slice(0) + kSlice - 8, 1);
	run();
	EXPECT_EQ(told(16), kNic[0]);
	EXPECT_TRUE(config_read(kPort[0], CFG_SECONDARY_STATUS) & STATUS_SIGNALED_ERROR);
	for (uint16_t rid : {kUp, kPort[0]}) {
		let_through(rid, false);
		mmio_write(slice(0) + kSlice - 8, 1);
		run();
		EXPECT_EQ(told(16), 0u) << rid;
		let_through(rid);
		config_write(rid, ROOT_AT_PCIE + PCIE_DEVCTL, 0, 2);
		mmio_write(slice(0) + kSlice - 8, 1);
		run();
		EXPECT_EQ(told(16), 0u) << rid;
		config_write(rid, CFG_COMMAND, COMMAND_MEMORY | COMMAND_BUS_MASTER | COMMAND_SERR,
			     2);
		mmio_write(slice(0) + kSlice - 8, 1);
		run();
		EXPECT_EQ(told(16), kNic[0]) << "or SERR# Enable of Command";
	}
}

TEST_F(SwitchErrors, ContainmentKeepsAMessageAndShutsOnePort)
{
	bring_up_all();
	let_through(0);
	let_through(kUp);
	let_through(kPort[0]);
	for (uint16_t rid : {kUp, kPort[0], kNic[0]})
		report_all(rid);
	config_write(kPort[0], ROOT_AT_DPC + DPC_CONTROL, DPC_CAN_TRIGGER | DPC_ON_NON_FATAL << 16);
	mmio_write(slice(0) + kSlice - 8, 1);
	run();
	EXPECT_EQ(told(16), 0u);
	EXPECT_EQ(config_read(kPort[0], ROOT_AT_DPC + DPC_STATUS) & (DPC_TRIGGERED | DPC_SOURCE),
		  DPC_TRIGGERED | (uint32_t)kNic[0] << 16);
	EXPECT_EQ(downs[0], 1u);
	EXPECT_EQ(config_read(kNic[0], CFG_ID), UINT32_MAX);
	EXPECT_EQ(config_read(kNic[1], CFG_ID), 0x15728086u) << "the other goes on";
	config_write(kPort[0], ROOT_AT_DPC + DPC_STATUS, DPC_TRIGGERED, 2);
	run();
	EXPECT_EQ(config_read(kNic[0], CFG_ID), 0x15728086u);
}

// ---- resets, 6.6.1 ----

class SwitchReset : public SwitchTest
{
protected:
	uint32_t command(uint16_t rid)
	{
		return config_read(rid, CFG_COMMAND, 2);
	}
};

TEST_F(SwitchReset, SecondaryBusResetOfADownstreamPortIsItsDevices)
{
	Dma read(TLP_MRD, 0x1000, 8), others(TLP_MRD, 0x1000, 8);

	bring_up_all();
	pcie_function_send(function(0, 1), &read.tlp);
	pcie_function_send(function(1, 1), &others.tlp);
	config_write(kPort[0], CFG_INTERRUPT, BRIDGE_BUS_RESET);
	run();
	EXPECT_TRUE(read.done());
	EXPECT_TRUE(read.tlp.discarded);
	EXPECT_EQ(others.tlp.status, TLP_SC);
	EXPECT_FALSE(others.tlp.discarded);
	EXPECT_EQ(config_read(kNic[0], CFG_ID), UINT32_MAX) << "held";
	config_write(kPort[0], CFG_INTERRUPT, 0);
	run();
	EXPECT_EQ(command(kNic[0]), 0u);
	EXPECT_NE(command(kNic[1]), 0u);
	EXPECT_EQ(downs[0], 1u);
	EXPECT_EQ(downs[1], 0u);
	EXPECT_NE(command(kPort[0]), 0u) << "the port itself is not reset";
}

TEST_F(SwitchReset, LinkDisableShutsOnePort)
{
	bring_up_all();
	config_write(kPort[1], ROOT_AT_PCIE + PCIE_LNKCTL, LNKCTL_DISABLE, 2);
	run();
	EXPECT_FALSE(config_read(kPort[1], ROOT_AT_PCIE + PCIE_LNKCTL) & LNKSTA_ACTIVE);
	EXPECT_EQ(mmio_read(vf_bar(1, 0)), UINT32_MAX);
	EXPECT_EQ(mmio_read(vf_bar(0, 0) + 8), 8u);
	config_write(kPort[1], ROOT_AT_PCIE + PCIE_LNKCTL, 0, 2);
	run();
	EXPECT_EQ(config_read(kNic[1], CFG_ID), 0x15728086u);
	EXPECT_TRUE(config_read(kPort[1], ROOT_AT_PCIE + PCIE_LNKCTL) & LNKSTA_ACTIVE);
}

TEST_F(SwitchReset, SecondaryBusResetOfTheUpstreamPortIsAllDownstreamPortsAndDevices)
{
	bring_up_all();
	config_write(kUp, CFG_INTERRUPT, BRIDGE_BUS_RESET);
	run();
	EXPECT_EQ(downs[0] + downs[1], 2u);
	EXPECT_EQ(command(kPort[0]), 0u);
	EXPECT_NE(command(kUp), 0u);
	config_write(kUp, CFG_INTERRUPT, 0);
	run();
	bring_up_all();
	EXPECT_EQ(mmio_read(vf_bar(1, 0) + 8), 8u);
}

TEST_F(SwitchReset, WhatTakesTheRootPortsLinkDownResetsAllBelow)
{
	Dma read(TLP_MRD, 0x1000, 8);

	bring_up_all();
	config_write(kPort[0], ROOT_AT_AER + AER_CORRECTABLE_MASK, 0); // sticky
	pcie_function_send(function(1, 1), &read.tlp);
	config_write(0, CFG_INTERRUPT, BRIDGE_BUS_RESET);
	run();
	EXPECT_TRUE(read.tlp.discarded);
	config_write(0, CFG_INTERRUPT, 0);
	run();
	EXPECT_EQ(downs[0] + downs[1], 2u);
	EXPECT_EQ(command(kUp), 0u);
	EXPECT_EQ(config_read(kPort[0], CFG_ID), UINT32_MAX) << "bus numbers are gone";
	bring_up_all();
	EXPECT_EQ(config_read(kPort[0], ROOT_AT_AER + AER_CORRECTABLE_MASK), 0u);
	EXPECT_EQ(mmio_read(vf_bar(0, 0) + 8), 8u);
}

TEST_F(SwitchReset, RemovalIsSurpriseDownOfItsPort)
{
	bring_up_all();
	pcie_switch_presence(sw, 1, false);
	run();
	EXPECT_EQ(uncorrectable(kPort[1]), BIT(AER_SURPRISE_DOWN));
	EXPECT_EQ(uncorrectable(kPort[0]), 0u);
	EXPECT_EQ(downs[1], 1u);
}

// What waits to go down by a port whose link goes down is lost: the CPU reads ones.
TEST_F(SwitchReset, WhatWaitsForALinkThatGoesDownIsLost)
{
	CpuAccess read(BUS_READ, vf_bar(0, 0), 4);

	bring_up_all();
	pcie_switch_stick(sw, 0, PCIE_READ, true);
	send_mmio(read);
	run();
	EXPECT_FALSE(read.done());
	pcie_switch_presence(sw, 0, false);
	run();
	EXPECT_TRUE(read.done());
	EXPECT_EQ(read.value, UINT32_MAX);
}
