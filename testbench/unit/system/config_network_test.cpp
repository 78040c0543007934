/* SPDX-License-Identifier: Apache-2.0 */
/* The wire's far end and the traffic from and to it, as files state them. */
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "system/config/config.h"
#include "system/wire/far_end.h"

class ConfigNetwork : public ::testing::Test
{
protected:
	void TearDown() override
	{
		scenario_release(&file);
		unlink(path.c_str());
	}
	/* The errors with the file's name as FILE; empty when it is accepted. */
	std::string load(const std::string &wire, const std::string &traffic,
			 const std::string &hosts = "only")
	{
		const std::string text = "name: test\n"
					 "machine:\n"
					 "  hosts: [" +
					 hosts +
					 "]\n"
					 "  wire: {" +
					 wire +
					 "}\n"
					 "guests:\n"
					 "  - {name: a, host: only, vf: 0, memory: 64MiB}\n"
					 "traffic:\n"
					 "  - {" +
					 traffic + "}\n";
		struct config_errors errors;

		scenario_release(&file);
		std::ofstream(path) << text;
		int rc = scenario_load(path.c_str(), nullptr, 0, &file, &errors);
		std::string told = errors.text;

		EXPECT_EQ(rc != 0, errors.count > 0);
		for (size_t at; (at = told.find(path)) != std::string::npos;)
			told.replace(at, path.size(), "FILE");
		return told;
	}
	uint64_t interval_ps() const
	{
		return traffic_interval_ps(&file.cfg->traffic[0]);
	}

	std::string path = "/tmp/vfsim-network-test-" + std::to_string(getpid()) + ".yaml";
	struct scenario_file file = {};
};

TEST_F(ConfigNetwork, APeerIsHostUnlessItIsSaid)
{
	EXPECT_EQ(load("", "from: a, to: a"), "FILE:8: traffic[0].to: expected another guest\n");
	EXPECT_EQ(load("peer: generator", "from: wire, to: a, echo: yes, flows: 3"), "");
	EXPECT_EQ(file.cfg->machine.wire.peer, PEER_GENERATOR);
	EXPECT_TRUE(file.cfg->machine.wire.swap_macs);
	EXPECT_EQ(load("peer: loop, delay: 3us, swap_macs: no", "from: a, to: wire"), "");
	EXPECT_EQ(file.cfg->machine.wire.delay_ps, 3 * PS_PER_US);
	EXPECT_FALSE(file.cfg->machine.wire.swap_macs);
}

TEST_F(ConfigNetwork, MistypedPeersAndKeysAreToldWithTheirLine)
{
	EXPECT_EQ(load("peer: genrator", "from: wire, to: a").substr(0, 60),
		  std::string("FILE:4: machine.wire.peer: expected one of host, sink, generator")
			  .substr(0, 60));
	EXPECT_EQ(load("pear: loop", "from: a, to: wire"),
		  "FILE:4: machine.wire.pear: unknown key of wire; did you mean `peer`?\n");
	EXPECT_EQ(load("peer: generator", "from: wire, to: a, ecko: yes"),
		  "FILE:8: traffic[0].ecko: unknown key of a stream of traffic; did you mean "
		  "`echo`?\n");
}

TEST_F(ConfigNetwork, APeerThatIsNoHostNeedsAMachineOfOne)
{
	EXPECT_EQ(load("peer: loop", "from: a, to: wire", "only, other"),
		  "FILE:4: machine.wire.peer: expected `host` where two hosts are joined, not "
		  "`loop`: it needs a machine of one host\n");
}

TEST_F(ConfigNetwork, TrafficOfTheWireNeedsWhoSendsAndWhoReceives)
{
	EXPECT_EQ(load("", "from: wire, to: a"),
		  "FILE:8: traffic[0].from: expected `machine.wire.peer: generator`, not `host`\n");
	EXPECT_EQ(load("peer: sink", "from: wire, to: a"),
		  "FILE:8: traffic[0].from: expected `machine.wire.peer: generator`, not `sink`\n");
	EXPECT_EQ(
		load("", "from: a, to: wire"),
		"FILE:8: traffic[0].to: expected `machine.wire.peer: sink`, `generator`, `loop` or "
		"`tap`, not `host`\n");
	for (const char *peer : {"peer: sink", "peer: generator", "peer: loop"})
		EXPECT_EQ(load(peer, "from: a, to: wire"), "") << peer;
	EXPECT_EQ(load("peer: generator", "from: wire, to: wire"),
		  "FILE:8: traffic[0].to: expected another guest\n");
}

TEST_F(ConfigNetwork, WhatOnlyGuestsOrOnlyTheGeneratorCanDoIsRefusedOfOthers)
{
	for (const char *key : {"segments: 4", "checksum: yes", "spoof: yes"})
		EXPECT_EQ(load("peer: generator", std::string("from: wire, to: a, ") + key),
			  "FILE:8: traffic[0].from: expected a guest with segments, checksum or "
			  "spoof: no NIC sends for the wire\n")
			<< key;
	EXPECT_EQ(load("peer: sink", "from: a, to: wire, echo: yes"),
		  "FILE:8: traffic[0].echo: expected only `from: wire`: what guests send is not "
		  "sent back\n");
	EXPECT_EQ(load("peer: sink", "from: a, to: wire, sizes: [{size: 64}]"),
		  "FILE:8: traffic[0].sizes: expected only `from: wire`: guests have size and "
		  "max_size\n");
	EXPECT_EQ(load("peer: generator, rate: 0", "from: wire, to: a"),
		  "FILE:8: traffic[0].rate: expected a rate: machine.wire has none that would "
		  "limit it\n");
	EXPECT_EQ(load("peer: generator", "from: wire, to: a, rate: 1Gb/s, packet_rate: 7"),
		  "FILE:8: traffic[0].packet_rate: expected one of `rate` and `packet_rate`\n");
	EXPECT_EQ(load("peer: generator", "from: wire, to: a, sizes: [{size: 9, max_size: 8}]"),
		  "FILE:8: traffic[0].sizes[0].size: expected 64B to 9728B, not 9\n");
	EXPECT_EQ(load("peer: generator", "from: wire, to: a, sizes: [{size: 90, max_size: 80}]"),
		  "FILE:8: traffic[0].sizes: max_size: expected 0 or at least `size`\n");
	EXPECT_EQ(load("peer: generator", "from: wire, to: a, sizes: [{size: 4000}]"),
		  "FILE:8: traffic[0].size: expected at most a buffer of a (2048)\n");
}

TEST_F(ConfigNetwork, RatesAreOfAllFlowsOfAStreamTogether)
{
	load("peer: generator", "from: wire, to: a, packet_rate: 1000000");
	EXPECT_EQ(interval_ps(), PS_PER_US);
	load("peer: generator", "from: wire, to: a, packet_rate: 1000000, flows: 4");
	EXPECT_EQ(interval_ps(), 4 * PS_PER_US);
	load("peer: generator", "from: wire, to: a, rate: 1Gb/s, size: 1000");
	EXPECT_EQ(interval_ps(), 8 * PS_PER_US);
	load("peer: generator", "from: wire, to: a, rate: 1Gb/s, flows: 2, size: 500, "
				"max_size: 1500");
	EXPECT_EQ(interval_ps(), 16 * PS_PER_US);
	/* (3 * 100 + 1 * 500) / 4 bytes on average. */
	load("peer: generator", "from: wire, to: a, rate: 1Gb/s, "
				"sizes: [{size: 100, weight: 3}, {size: 400, max_size: 600}]");
	EXPECT_EQ(interval_ps(), 1600 * PS_PER_NS);
	load("peer: generator", "from: wire, to: a");
	EXPECT_EQ(interval_ps(), 0u);
}

TEST_F(ConfigNetwork, FlowsAndThoseThatSendThemBackHaveNumbersOfTheirOwn)
{
	ASSERT_EQ(load("peer: generator", "from: wire, to: a, flows: 3, echo: yes}\n"
					  "  - {from: a, to: wire, flows: 2}\n"
					  "  - {from: wire, to: a"),
		  "");
	EXPECT_EQ(traffic_first_flow(file.cfg, 0), 0u);
	EXPECT_EQ(traffic_first_echo(file.cfg, 0), 3u);
	EXPECT_EQ(traffic_first_flow(file.cfg, 1), 6u);
	EXPECT_EQ(traffic_first_flow(file.cfg, 2), 8u);
	EXPECT_EQ(traffic_first_flow(file.cfg, 3), 9u);
}

TEST_F(ConfigNetwork, KeysOfAnotherPeerAreRefused)
{
	EXPECT_EQ(load("peer: loop, file: some.pcap, tap: tap0", "from: a, to: wire"),
		  "FILE:4: machine.wire.file: expected only with `peer: pcap`\n"
		  "FILE:4: machine.wire.tap: expected only with `peer: tap`\n");
	EXPECT_EQ(load("interface: eth0, direction: inbound, pad_cut: yes, replay_rate: 1Gb/s, "
		       "peer: sink",
		       "from: a, to: wire"),
		  "FILE:4: machine.wire.interface: expected only with `peer: pcap`\n"
		  "FILE:4: machine.wire.direction: expected only with `peer: pcap`\n"
		  "FILE:4: machine.wire.pad_cut: expected only with `peer: pcap`\n"
		  "FILE:4: machine.wire.replay_rate: expected only with `peer: pcap`\n");
	EXPECT_EQ(load("peer: tap", "from: a, to: wire"),
		  "FILE:4: machine.wire.tap: expected the name of a network interface, of at most "
		  "15 characters\n");
	EXPECT_EQ(load("peer: tap, tap: sixteen-letters-", "from: a, to: wire"),
		  "FILE:4: machine.wire.tap: expected the name of a network interface, of at most "
		  "15 characters\n");
}

TEST_F(ConfigNetwork, ACaptureIsLookedForBesideItsFileAndReadBeforeAnythingRuns)
{
	EXPECT_EQ(load("peer: pcap", "from: a, to: a"),
		  "FILE:4: machine.wire.file: expected the name of a capture\n"
		  "FILE:8: traffic[0].to: expected another guest\n");
	EXPECT_EQ(
		load("peer: pcap, file: no/where.pcap", "from: a, to: a"),
		"FILE:4: machine.wire.file: /tmp/no/where.pcap:1: cannot be read: No such file or "
		"directory\n"
		"FILE:8: traffic[0].to: expected another guest\n");
}

struct Spec {
	const char *text;
	bool good;
	const char *peer, *more;
};

class WireSpec : public ::testing::TestWithParam<Spec>
{
};

TEST_P(WireSpec, IsWhatACommandLineSays)
{
	char sets[WIRE_SPEC_SETS][WIRE_SPEC_BYTES] = {"", ""};

	EXPECT_EQ(wire_spec_sets(GetParam().text, sets), GetParam().good);
	EXPECT_STREQ(sets[0], GetParam().peer);
	EXPECT_STREQ(sets[1], GetParam().more);
}

INSTANTIATE_TEST_SUITE_P(
	All, WireSpec,
	::testing::Values(Spec{"loop", true, "wire.peer=loop", ""},
			  Spec{"respond", true, "wire.peer=respond", ""},
			  Spec{"sink", true, "wire.peer=sink", ""},
			  Spec{"tap:tap0", true, "wire.peer=tap", "wire.tap='tap0'"},
			  Spec{"pcap:a/it's.pcap", true, "wire.peer=pcap",
			       "wire.file='a/it''s.pcap'"},
			  Spec{"pcap:a:b", true, "wire.peer=pcap", "wire.file='a:b'"},
			  Spec{"tap", false, "", ""}, Spec{"tap:", false, "", ""},
			  Spec{"loop:5", false, "", ""}, Spec{"lo", false, "", ""},
			  Spec{"", false, "", ""}, Spec{"host", false, "", ""}));
