// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/model-pcie/pcie_fixture.hpp"

// Functions that reach for each other's BARs, and what Access Control of the root port says to it.
class Acs : public PcieTest
{
protected:
	static constexpr uint64_t kPeer = kVfBar0 + (64 << 10) + 0x100; // of VF 1
	static constexpr uint64_t kRedirect = ACS_REQUEST_REDIRECT;

	void control(uint64_t bits)
	{
		config_write(0, ROOT_AT_ACS + ACS_CONTROL + 2, (uint32_t)bits, 2);
	}
	void send(Dma &dma, uint8_t at = TLP_AT_UNTRANSLATED)
	{
		dma.tlp.at = at;
		pcie_function_send(vf(0), &dma.tlp);
		run();
	}
	uint64_t violations()
	{
		return config_read(0, ROOT_AT_AER + AER_UNCORRECTABLE);
	}
};

TEST_F(Acs, WithoutRedirectionAPeerIsReachedPastTheSmmu)
{
	Dma write(TLP_MWR, kPeer, 8, 0x77), read(TLP_MRD, kPeer, 8);
	uint64_t value;

	bring_up(2);
	send(write);
	ASSERT_EQ(nic[2]->writes.size(), 1u);
	EXPECT_EQ(nic[2]->writes[0].offset, 0x100u);
	EXPECT_EQ(nic[2]->writes[0].value, 0x7777777777777777u);
	EXPECT_TRUE(write.done());
	send(read);
	memcpy(&value, read.bytes.data(), sizeof(value));
	EXPECT_EQ(read.tlp.status, TLP_SC);
	EXPECT_EQ(value, 0x100u) << "the peer's answer";
	EXPECT_TRUE(host->seen.empty()) << "the SMMU saw none of it";
	EXPECT_EQ(pcie_function_in_flight(vf(0)), 0u);
}

TEST_F(Acs, WhatNoWindowCoversGoesUp)
{
	Dma memory(TLP_MRD, 0x1000, 8), below(TLP_MRD, kWindow - 8, 8);

	bring_up(2);
	host->status = BUS_ABORT;
	send(memory);
	send(below);
	EXPECT_EQ(host->seen.size(), 2u);
	config_write(0, CFG_COMMAND, COMMAND_BUS_MASTER, 2);
	Dma closed(TLP_MRD, kPeer, 8);
	send(closed);
	EXPECT_EQ(host->seen.size(), 3u) << "a window that is not decoded";
}

TEST_F(Acs, RequestRedirectAndUpstreamForwardingSendThePeersRequestsUp)
{
	for (uint64_t bits : {ACS_REQUEST_REDIRECT, ACS_UPSTREAM_FORWARDING}) {
		Dma write(TLP_MWR, kPeer, 8);

		bring_up(2);
		control(bits);
		host->seen.clear();
		host->status = BUS_ABORT; // there is no memory there
		send(write);
		ASSERT_EQ(host->seen.size(), 1u) << bits;
		EXPECT_EQ(host->seen[0].addr, kPeer);
		EXPECT_EQ(host->seen[0].attr.stream_id, kVf0 + 0u);
		EXPECT_TRUE(nic[2]->writes.empty());
	}
}

TEST_F(Acs, ARedirectedRequestReachesThePeerByWayOfTheHost)
{
	Dma write(TLP_MWR, kPeer, 8, 0x77), read(TLP_MRD, kPeer, 8);

	bring_up(2);
	control(kRedirect);
	host->beyond = pcie_root_port_mmio(port);
	send(write);
	send(read);
	EXPECT_EQ(host->seen.size(), 2u);
	ASSERT_EQ(nic[2]->writes.size(), 1u);
	EXPECT_EQ(nic[2]->writes[0].value, 0x7777777777777777u);
	EXPECT_EQ(read.tlp.status, TLP_SC);
	EXPECT_EQ(read.bytes[1], 1u) << "the peer's answer, 0x100";
}

TEST_F(Acs, DirectTranslatedFreesTranslatedRequestsAlone)
{
	Dma untranslated(TLP_MWR, kPeer, 8), translated(TLP_MWR, kPeer, 8),
		redirected(TLP_MWR, kPeer, 8);

	bring_up(2);
	host->status = BUS_ABORT;
	control(kRedirect);
	send(redirected, TLP_AT_TRANSLATED);
	EXPECT_EQ(host->seen.size(), 1u) << "translated, and redirected all the same";
	control(kRedirect | ACS_UPSTREAM_FORWARDING | ACS_DIRECT_TRANSLATED);
	send(translated, TLP_AT_TRANSLATED);
	EXPECT_EQ(host->seen.size(), 1u);
	EXPECT_EQ(nic[2]->writes.size(), 1u);
	send(untranslated);
	EXPECT_EQ(host->seen.size(), 2u);
	EXPECT_EQ(nic[2]->writes.size(), 1u);
}

TEST_F(Acs, TranslationBlockingIsAViolationThatTheRootPortLogs)
{
	Dma read(TLP_MRD, 0x1000, 8), write(TLP_MWR, 0x2000, 8), plain(TLP_MWR, 0x3000, 8);

	bring_up(2);
	control(ACS_TRANSLATION_BLOCKING);
	config_write(0, ROOT_AT_PCIE + PCIE_DEVCTL, DEVCTL_NON_FATAL, 2);
	config_write(0, ROOT_AT_AER + AER_ROOT_COMMAND, ROOT_COMMAND_NON_FATAL);
	send(read, TLP_AT_TRANSLATED);
	EXPECT_EQ(read.tlp.status, TLP_CA);
	EXPECT_EQ(violations(), BIT(AER_ACS_VIOLATION));
	EXPECT_EQ(config_read(0, ROOT_AT_AER + AER_CONTROL), AER_ACS_VIOLATION);
	EXPECT_EQ(config_read(0, ROOT_AT_AER + AER_HEADER_LOG), 2u | TLP_AT_TRANSLATED << 10);
	EXPECT_EQ(config_read(0, ROOT_AT_AER + AER_HEADER_LOG + 4) >> 16, kVf0 + 0u);
	EXPECT_EQ(config_read(0, ROOT_AT_AER + AER_ROOT_STATUS),
		  ROOT_STATUS_UNCORRECTABLE | ROOT_STATUS_NON_FATAL);
	EXPECT_EQ(config_read(0, ROOT_AT_AER + AER_ROOT_SOURCE), 0u) << "the root port itself";
	EXPECT_EQ(config_read(0, ROOT_AT_PCIE + PCIE_DEVCTL) & DEVSTA_ERRORS, DEVSTA_NON_FATAL);
	EXPECT_EQ(intx, (std::vector<bool>{true}));
	EXPECT_EQ(config_read(0, CFG_SECONDARY_STATUS), STATUS_SIGNALED_TA);
	send(write, TLP_AT_TRANSLATED);
	EXPECT_TRUE(write.done()) << "nobody tells a posted write";
	EXPECT_TRUE(host->seen.empty());
	send(plain);
	EXPECT_EQ(host->seen.size(), 1u);
}

TEST_F(Acs, SourceValidationStopsWhoIsOnNoBusBehindThePort)
{
	Dma stranger(TLP_MRD, 0x1000, 8), known(TLP_MRD, 0x1000, 8);

	bring_up(2);
	control(ACS_SOURCE_VALIDATION);
	config_write(0, CFG_BUS_NUMBERS, 0x030200); // the device does not know yet
	send(stranger);
	EXPECT_EQ(stranger.tlp.status, TLP_CA);
	EXPECT_EQ(violations(), BIT(AER_ACS_VIOLATION));
	EXPECT_TRUE(host->seen.empty());
	config_write(PCIE_RID(2, 0, 0), CFG_HEADER,
		     0); // by this write it captures its bus (2.2.6.2)
	send(known);
	EXPECT_EQ(known.tlp.status, TLP_SC);
	EXPECT_EQ(host->seen.at(0).attr.stream_id, PCIE_RID(2, 2, 0));
}

TEST_F(Acs, AViolationTriggersContainmentAsADetectedError)
{
	Dma read(TLP_MRD, 0x1000, 8);

	bring_up(2);
	control(ACS_TRANSLATION_BLOCKING);
	config_write(0, ROOT_AT_PCIE + PCIE_DEVCTL, DEVCTL_NON_FATAL, 2);
	config_write(0, ROOT_AT_DPC + DPC_CONTROL, DPC_CAN_TRIGGER | DPC_ON_NON_FATAL << 16);
	send(read, TLP_AT_TRANSLATED);
	EXPECT_EQ(config_read(0, ROOT_AT_DPC + DPC_STATUS) & (DPC_TRIGGERED | DPC_REASON),
		  DPC_TRIGGERED);
	EXPECT_EQ(config_read(0, ROOT_AT_AER + AER_ROOT_STATUS), 0u) << "contained, not told";
}

TEST_F(Acs, APeerThatIsNotThereAnswersUnsupported)
{
	Dma read(TLP_MRD, kWindow + (UINT64_C(1) << 30), 8);

	bring_up(2);
	send(read);
	EXPECT_EQ(read.tlp.status, TLP_UR);
	EXPECT_EQ(config_read(kVf0, CFG_COMMAND) & STATUS_ERRORS, STATUS_RECEIVED_MA);
}

// VF 0 reads VF 1, which has a write to memory under way.
class PeerCompletion : public Acs, public testing::WithParamInterface<bool>
{
};

TEST_P(PeerCompletion, RedirectedItFollowsItsCompletersWrites)
{
	Dma write(TLP_MWR, 0x1000, 64), read(TLP_MRD, kPeer, 8);

	bring_up(2);
	control(GetParam() ? ACS_COMPLETION_REDIRECT : 0);
	host->delay = [](const struct bus_req &) {
		return 20 * PS_PER_US;
	};
	pcie_function_send(vf(1), &write.tlp);
	pcie_function_send(vf(0), &read.tlp);
	run();
	ASSERT_TRUE(write.done() && read.done());
	EXPECT_EQ(read.tlp.status, TLP_SC);
	if (GetParam())
		EXPECT_GE(read.done_ps, write.done_ps);
	else
		EXPECT_LT(read.done_ps, write.done_ps);
}

INSTANTIATE_TEST_SUITE_P(Redirect, PeerCompletion, testing::Bool());

// More completions are held than the root port has groups of writes.
TEST_F(Acs, ManyRedirectedCompletionsFollowTheirWritesTooAndAllCome)
{
	std::vector<std::unique_ptr<Dma>> writes, reads;

	bring_up(2);
	control(ACS_COMPLETION_REDIRECT);
	host->delay = [](const struct bus_req &) {
		return 20 * PS_PER_US;
	};
	for (int i = 0; i < 40; i++) {
		writes.push_back(std::make_unique<Dma>(TLP_MWR, 0x1000 + 64 * i, 64));
		reads.push_back(std::make_unique<Dma>(TLP_MRD, kPeer, 8));
		pcie_function_send(vf(1), &writes.back()->tlp);
		pcie_function_send(vf(0), &reads.back()->tlp);
		run_for(PS_PER_US);
	}
	CpuAccess cpu(BUS_READ, kVfBar0, 4);
	send_mmio(cpu);
	run();
	for (int i = 0; i < 40; i++)
		EXPECT_GE(reads[i]->done_ps, writes[i]->done_ps) << i;
	EXPECT_GE(cpu.done_ps, writes.back()->done_ps);
}

// A peer that is reset while the request is on its way to it.
TEST_F(Acs, APeersHotResetEndsWhatItWasAsked)
{
	Dma read(TLP_MRD, kPeer, 8);

	bring_up(2);
	pcie_function_send(vf(0), &read.tlp);
	run_for(2 * kLatency + 20 * PS_PER_NS + device_cfg.register_ps / 2);
	pcie_device_reset(device, false);
	run();
	EXPECT_TRUE(read.done());
	EXPECT_TRUE(read.tlp.discarded);
}
