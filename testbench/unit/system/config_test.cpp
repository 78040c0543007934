/* SPDX-License-Identifier: Apache-2.0 */
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "system/config/closest.h"
#include "system/config/config.h"
#include "system/config/schema.h"
#include "system/config/units.h"
#include "system/oracle/checks.h"

struct UnitCase {
	enum unit unit;
	const char *text;
	int rc;
	uint64_t value;
};

class Units : public ::testing::TestWithParam<UnitCase>
{
};

TEST_P(Units, Parse)
{
	uint64_t value = 0;

	EXPECT_EQ(unit_parse(GetParam().unit, GetParam().text, &value), GetParam().rc);
	if (!GetParam().rc) {
		EXPECT_EQ(value, GetParam().value);
	}
}

INSTANTIATE_TEST_SUITE_P(
	All, Units,
	::testing::Values(
		UnitCase{UNIT_BYTES, "4GiB", 0, UINT64_C(4) << 30},
		UnitCase{UNIT_BYTES, "1500", 0, 1500}, UnitCase{UNIT_BYTES, "0.5KiB", 0, 512},
		UnitCase{UNIT_BYTES, "4GB", -EINVAL, 0}, UnitCase{UNIT_BYTES, "-1", -EINVAL, 0},
		UnitCase{UNIT_BYTES, "", -EINVAL, 0},
		UnitCase{UNIT_BYTES, "99999999999TiB", -ERANGE, 0},
		UnitCase{UNIT_PS, "300ms", 0, UINT64_C(300000000000)},
		UnitCase{UNIT_PS, "2us", 0, 2000000}, UnitCase{UNIT_PS, "1.5 ns", 0, 1500},
		UnitCase{UNIT_PS, "0", 0, 0}, UnitCase{UNIT_PS, "5", -EINVAL, 0},
		UnitCase{UNIT_PS, "0.5ps", -ERANGE, 0},
		UnitCase{UNIT_BPS, "10Gb/s", 0, UINT64_C(10000000000)},
		UnitCase{UNIT_BPS, "1GB/s", 0, UINT64_C(8000000000)},
		UnitCase{UNIT_COUNT, "0x1f", 0, 31}, UnitCase{UNIT_COUNT, "0x", -EINVAL, 0},
		UnitCase{UNIT_COUNT, "18446744073709551615", 0, UINT64_MAX},
		UnitCase{UNIT_COUNT, "18446744073709551616", -ERANGE, 0},
		UnitCase{UNIT_COUNT, "1.2.3", -EINVAL, 0}));

TEST(UnitFormat, ReadsBackWhatItWrites)
{
	const uint64_t values[] = {0, 1, 999, 1000, 1024, 4096, 1500000, UINT64_C(1) << 40};
	char text[32];

	for (enum unit unit : {UNIT_COUNT, UNIT_BYTES, UNIT_PS, UNIT_BPS})
		for (uint64_t value : values) {
			uint64_t back = 1;

			unit_format(unit, value, text, sizeof(text));
			EXPECT_EQ(unit_parse(unit, text, &back), 0) << text;
			EXPECT_EQ(back, value) << text;
		}
}

TEST(EditDistance, CountsEdits)
{
	EXPECT_EQ(edit_distance("cache_dirty", "cache_dirty"), 0u);
	EXPECT_EQ(edit_distance("cache_dirt", "cache_dirty"), 1u);
	EXPECT_EQ(edit_distance("vsf", "vfs"), 1u);
	EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
	EXPECT_EQ(edit_distance("", "abc"), 3u);
}

class Config : public ::testing::Test
{
protected:
	void SetUp() override
	{
		path = "/tmp/vfsim-config-test-" + std::to_string(getpid()) + ".yaml";
	}
	void TearDown() override
	{
		scenario_release(&file);
		unlink(path.c_str());
	}
	/* The errors with the file's name as FILE; empty when it is accepted. */
	std::string load(const std::string &text, std::vector<const char *> sets = {})
	{
		scenario_release(&file);
		std::ofstream(path) << text;
		int rc = scenario_load(path.c_str(), sets.data(), (uint32_t)sets.size(), &file,
				       &errors);
		std::string told = errors.text;

		EXPECT_EQ(rc != 0, errors.count > 0);
		for (size_t at; (at = told.find(path)) != std::string::npos;)
			told.replace(at, path.size(), "FILE");
		return told;
	}

	const std::string good = "name: test\n"
				 "machine:\n"
				 "  nic: {vfs: 2}\n"
				 "guests:\n"
				 "  - {name: a, host: source, vf: 0, memory: 64MiB}\n"
				 "  - {name: b, host: source, vf: 1, memory: 64MiB}\n"
				 "traffic:\n"
				 "  - {from: a, to: b, rate: 1Gb/s}\n";
	std::string path;
	struct scenario_file file = {};
	struct config_errors errors;
};

TEST_F(Config, GoodFileIsComplete)
{
	EXPECT_EQ(load(good), "");
	ASSERT_NE(file.cfg, nullptr);
	EXPECT_STREQ(file.cfg->name, "test");
	EXPECT_EQ(file.cfg->seed, 1u);
	EXPECT_EQ(file.cfg->guests_count, 2u);
	EXPECT_EQ(file.cfg->guests[1].memory_bytes, 64u << 20);
	EXPECT_EQ(file.cfg->machine.nic.vfs, 2u);
	EXPECT_STREQ(file.cfg->machine.hosts[1], "destination");
	EXPECT_EQ(file.cfg->traffic[0].rate_bps, 1000000000u);
	EXPECT_EQ(file.cfg->migration, nullptr);
	EXPECT_TRUE(file.cfg->machine.timing.estimate);
	EXPECT_GT(file.cfg->machine.timing.memory.latency_ps, 0u);
}

TEST_F(Config, SecondDocumentIsRefused)
{
	EXPECT_EQ(load(good + "---\nname: other\n"), "FILE:9: expected one document in a file\n");
}

TEST_F(Config, SetWithoutAValueIsRefused)
{
	EXPECT_EQ(load(good, {"name="}), "--set name=: expected a value\n");
}

TEST_F(Config, GuestsOfAHostTogetherFitIntoIt)
{
	EXPECT_EQ(load(good, {"memory=256MiB", "guests.a.memory=112MiB", "guests.b.memory=112MiB"}),
		  "");
	EXPECT_EQ(load(good, {"memory=256MiB", "guests.a.memory=112MiB", "guests.b.memory=116MiB"}),
		  "--set guests.b.memory=116MiB: guests[1].memory: expected at most 7/8 of a "
		  "host's for "
		  "all guests of source (machine.memory: 256MiB)\n");
}

struct Mistake {
	const char *from, *to; /* what is replaced in the good file */
	const char *told;
};

class ConfigMistake : public Config, public ::testing::WithParamInterface<Mistake>
{
};

TEST_P(ConfigMistake, IsRefusedWithItsLine)
{
	std::string text = good;
	size_t at = text.find(GetParam().from);

	ASSERT_NE(at, std::string::npos);
	text.replace(at, std::string(GetParam().from).size(), GetParam().to);
	EXPECT_EQ(load(text), GetParam().told);
	EXPECT_EQ(file.cfg, nullptr);
}

static std::string mistake_name(const ::testing::TestParamInfo<Mistake> &mistake)
{
	return std::to_string(mistake.index);
}

INSTANTIATE_TEST_SUITE_P(
	All, ConfigMistake,
	::testing::Values(
		Mistake{"vfs: 2", "vfs: 0", "FILE:3: machine.nic.vfs: expected 1 to 256, not 0\n"},
		Mistake{"vfs: 2", "vfs: 100",
			"FILE:3: machine.nic.vfs: expected at most the VFs that the PF has "
			"(nic.total_vfs: 64), not 100\n"},
		Mistake{"vfs: 2", "vsf: 2",
			"FILE:3: machine.nic.vsf: unknown key of nic; did you mean `vfs`?\n"},
		Mistake{"vfs: 2", "vfs: two",
			"FILE:3: machine.nic.vfs: expected a whole number, not `two`\n"},
		Mistake{"vfs: 2", "vfs: [2]",
			"FILE:3: machine.nic.vfs: expected a single value, not a list\n"},
		Mistake{"nic: {vfs: 2}", "nic: 7",
			"FILE:3: machine.nic: expected a mapping: the keys of nic\n"},
		Mistake{"nic: {vfs: 2}", "smmu: {cache_dirty: maybe}",
			"FILE:3: machine.smmu.cache_dirty: expected yes or no, not `maybe`\n"},
		Mistake{"nic: {vfs: 2}", "smmu: {pri: yes}",
			"FILE:3: machine.smmu.pri: expected ATS with it\n"},
		Mistake{"nic: {vfs: 2}", "nic: {pri: yes}",
			"FILE:3: machine.nic.pri: needs machine.nic.ats\n"},
		Mistake{"nic: {vfs: 2}", "nic: {ats: yes, atc_entries: 10}",
			"FILE:3: machine.nic.atc_ways: expected a divisor of atc_entries (10), not "
			"4\n"},
		Mistake{"nic: {vfs: 2}", "nic: {queue_pairs: 2, first_queue_pairs: 3}",
			"FILE:3: machine.nic.first_queue_pairs: expected at most queue_pairs (2), "
			"not 3\n"},
		Mistake{"nic: {vfs: 2}",
			"nic: {vfs: 3, queue_pairs: 2, total_vfs: 3, queue_pool: 5}",
			"FILE:3: machine.nic.queue_pool: expected at least 2 for each of 3 VFs, "
			"not 5\n"},
		Mistake{"name: test\n",
			"name: test\nmasters: [{name: m, host: source, stream: 0x300, ats: yes}]\n",
			"FILE:2: masters[0].ats: needs `machine.smmu.ats: yes`\n"},
		Mistake{"name: test\n",
			"name: test\nmasters: [{name: m, host: source, stream: 0x300, "
			"ignores_invalidations: yes}]\n",
			"FILE:2: masters[0].ignores_invalidations: needs `ats: yes`: there are "
			"none without\n"},
		Mistake{"name: test\n",
			"name: test\nmasters: [{name: m, host: source, stream: 0x300, "
			"page_requests: 4}]\n",
			"FILE:2: masters[0].page_requests: needs `ats: yes`, `resident` and "
			"`machine.smmu.pri: yes`\n"},
		Mistake{"name: test\n",
			"name: test\nmasters: [{name: m, host: source, stream: 0x300, "
			"page_requests: 4, resident: 1}]\n",
			"FILE:2: masters[0].resident: expected at least 2 with page_requests\n"
			"FILE:2: masters[0].page_requests: needs `ats: yes`, `resident` and "
			"`machine.smmu.pri: yes`\n"},
		Mistake{"name: test\n",
			"name: test\nmasters: [{name: m, host: source, stream: 0x300, "
			"resident: 4}]\n",
			"FILE:2: masters[0].resident: expected 0, or may_stall or page_requests "
			"and neither remap, dirty_tracking nor nested\n"},
		Mistake{"nic: {vfs: 2}", "smmu: {version: 2}",
			"FILE:3: machine.smmu.fwb: expected it since SMMUv3.2\n"},
		Mistake{"nic: {vfs: 2}", "smmu: {two_level_strtab: no}",
			"FILE:3: machine.smmu.two_level_strtab: expected two levels with stream "
			"IDs of 7 bits or more\n"},
		Mistake{"nic: {vfs: 2}", "smmu: {oas_bits: 43}",
			"FILE:3: machine.smmu.oas_bits: expected 32, 36, 40, 42, 44, 48 or 52\n"},
		Mistake{"nic: {vfs: 2}", "smmu: {ttf: [aarch32]}",
			"FILE:3: machine.smmu.ttf: expected aarch64 among them: the kernel's "
			"driver needs it\n"},
		Mistake{"nic: {vfs: 2}", "smmu: {granules: [64KiB]}",
			"FILE:3: machine.smmu.granules: expected 4KiB among them: the kernel's "
			"driver needs it\n"},
		Mistake{"nic: {vfs: 2}", "smmu: {endian: big}",
			"FILE:3: machine.smmu.endian: expected little or mixed: the kernel's "
			"driver writes little-endian tables\n"},
		Mistake{"nic: {vfs: 2}", "smmu: {s1: no, s2: yes, had: no, xnx: yes}",
			"FILE:3: machine.smmu.s1: expected stage 1: the kernel's driver needs "
			"it\n"},
		Mistake{"nic: {vfs: 2}", "smmu: {stall_model: force, stall_max: 4}",
			"FILE:3: machine.smmu.stall_model: expected none or either: faults of PCI "
			"Express must not stall\n"},
		Mistake{"nic: {vfs: 2}", "kernel: {dirty_clear: invalidat}",
			"FILE:3: machine.kernel.dirty_clear: expected one of linux-7.3, "
			"invalidate, "
			"not `invalidat`; did you mean `invalidate`?\n"},
		Mistake{"nic: {vfs: 2}", "kernel: {page_size: 16KiB}",
			"FILE:3: machine.kernel.page_size: expected a page that the SMMU has and "
			"the "
			"kernel backs memory with: 4KiB or 2MiB, not 16KiB\n"},
		Mistake{"memory: 64MiB}\n  -", "memory: 67108863}\n  -",
			"FILE:5: guests[0].memory: expected a multiple of kernel.page_size "
			"(4KiB)\n"},
		Mistake{"host: source, vf: 1", "host: sauce, vf: 1",
			"FILE:6: guests[1].host: expected one of machine.hosts, not `sauce`\n"},
		Mistake{"host: source, vf: 1", "host: source, vf: 0",
			"FILE:6: guests[1].vf: expected a VF of its own: a has VF 0 too\n"},
		Mistake{"host: source, vf: 1", "host: source, vf: 2",
			"FILE:6: guests[1].vf: expected a VF that is enabled (nic.vfs: 2), not "
			"2\n"},
		Mistake{"name: b, ", "",
			"FILE:6: guests[1].name: missing: a guest needs it (how the rest refers to "
			"the guest)\n"},
		Mistake{"to: b", "to: c",
			"FILE:8: traffic[0].to: expected the name of a guest, not `c`\n"},
		Mistake{"rate: 1Gb/s", "rate: 1Gbit",
			"FILE:8: traffic[0].rate: expected a rate such as 500Mb/s or 10Gb/s, not "
			"`1Gbit`\n"},
		Mistake{"rate: 1Gb/s", "size: 4000",
			"FILE:8: traffic[0].size: expected at most a buffer of a (2048)\n"
			"FILE:8: traffic[0].size: expected at most a buffer of b (2048)\n"},
		Mistake{"rate: 1Gb/s", "size: 9725, vlan: 5",
			"FILE:8: traffic[0].size: expected at most a buffer of a (2048)\n"
			"FILE:8: traffic[0].size: expected at most a buffer of b (2048)\n"
			"FILE:8: traffic[0].vlan: expected room for a tag of 4 bytes in frames of "
			"at most 9728\n"},
		Mistake{"name: test\n", "name: test\nname: again\n",
			"FILE:2: name: the key is here twice\n"},
		Mistake{"name: test\n", "name: test\nexpect: [{check: lost-pag, verdict: fail}]\n",
			"FILE:2: expect[0].check: expected one of lost-page, memory-equal, "
			"vf-state-equal, dma-isolation, packets, interrupts, state-machines, "
			"smmu-queues, master-data, page-requests, "
			"statistics, leaks, "
			"not `lost-pag`; did you mean `lost-page`?\n"},
		Mistake{"name: test\n", "name: test\nexpect: [{min: 3}]\n",
			"FILE:2: expect[0]: expected one of check, migration, packets, guest, "
			"iommu, spaces, master, wire and host in "
			"a statement, not 0 of them\n"
			"FILE:2: expect[0].min: expected only together with `check`\n"},
		Mistake{"name: test\n",
			"name: test\nexpect: [{guest: a, host: source, runs_on: source, "
			"memory_left: 0}]\n",
			"FILE:2: expect[0]: expected one of check, migration, packets, guest, "
			"iommu, spaces, master, wire and host in "
			"a statement, not 2 of them\n"},
		Mistake{"name: test\n", "name: test\nexpect: [{packets: {received: at lest 5}}]\n",
			"FILE:2: expect[0].packets.received: expected a whole number, not `at lest "
			"5`; `at "
			"least` or `at most` may precede it\n"},
		Mistake{"name: test\n", "name: test\nexpect: [{packets: {from: c, lost: 0}}]\n",
			"FILE:2: expect[0].packets.from: expected the name of a guest, not `c`\n"},
		Mistake{"name: test\n", "name: test\nexpect: [{migration: completed}]\n",
			"FILE:2: expect[0].migration: expected a scenario with a migration\n"},
		Mistake{"name: test\n", "name: test\nexpect: [{guest: a, runs_on: there}]\n",
			"FILE:2: expect[0].runs_on: expected one of machine.hosts, not `there`\n"},
		Mistake{"name: test\n", "name: test\nexpect: [{guest: a}]\n",
			"FILE:2: expect[0].guest: expected with runs_on, resets, malicious, "
			"reads_cut or writes_cut\n"},
		Mistake{"nic: {vfs: 2}", "nic: {mailbox: forwrd}",
			"FILE:3: machine.nic.mailbox: expected one of firmware, forward, not "
			"`forwrd`; did you mean `forward`?\n"},
		Mistake{"nic: {vfs: 2}", "nic: {vfs: 2, pause: priority}",
			"FILE:3: machine.nic.lossless: expected priorities with pause: priority\n"},
		Mistake{"nic: {vfs: 2}", "nic: {vfs: 2, lossless: [3]}",
			"FILE:3: machine.nic.lossless: needs pause: priority\n"},
		Mistake{"nic: {vfs: 2}", "nic: {vfs: 2, lossless: [8]}",
			"FILE:3: machine.nic.lossless[0]: expected one of 0, 1, 2, 3, 4, 5, 6, 7, "
			"not `8`; did you mean `0`?\n"},
		Mistake{"nic: {vfs: 2}",
			"nic: {vfs: 2, classes: [{priorities: [0, 1, 2, 3, 4, 5, 6]}]}",
			"FILE:3: machine.nic.classes: expected each priority in one of them: 7 is "
			"in "
			"none\n"},
		Mistake{"nic: {vfs: 2}",
			"nic: {vfs: 2, classes: [{priorities: [0, 1, 2, 3, 4, 5, 6, 7], share: "
			"60}, "
			"{priorities: [7], share: 30}]}",
			"FILE:3: machine.nic.classes: expected each priority in one of them: 7 is "
			"in "
			"several\n"
			"FILE:3: machine.nic.classes: expected shares of 100 percent together, not "
			"90\n"},
		Mistake{"nic: {vfs: 2}",
			"nic: {vfs: 2, classes: [{priorities: [0, 1, 2, 3, 4, 5, 6, 7]}, "
			"{priorities: "
			"[]}]}",
			"FILE:3: machine.nic.classes: expected a priority in each of them\n"},
		Mistake{"vf: 1, memory: 64MiB", "vf: 1, memory: 64MiB, pairs_per_class: 2",
			"FILE:6: guests[1].pairs_per_class: expected as many as make its "
			"queue_pairs "
			"(1) for the port's 1 classes, not 2\n"},
		Mistake{"vf: 1, memory: 64MiB}\ntraffic:\n  - {from: a, to: b",
			"vf: 1, memory: 64MiB, port_vlan: 4}\ntraffic:\n  - {from: a, to: b, vlan: "
			"4",
			"FILE:8: traffic[0].vlan: expected guests without port_vlan, who see no "
			"tags\n"},
		Mistake{"to: b", "to: b, priority: 3",
			"FILE:8: traffic[0].priority: needs a vlan, whose tag says it\n"},
		Mistake{"vf: 1, memory: 64MiB", "vf: 1, memory: 64MiB, hostile: {}",
			"FILE:6: guests[1].hostile: expected a guest without traffic: "
			"traffic[0] is its\n"},
		Mistake{"vf: 1, memory: 64MiB",
			"vf: 1, memory: 64MiB, hostile: {attacks: [mailbx]}",
			"FILE:6: guests[1].hostile.attacks[0]: expected one of descriptors, "
			"doorbells, mailbox, rings, interrupts, not `mailbx`; did you mean "
			"`mailbox`?\n"},
		Mistake{"name: test\n",
			"name: test\nexpect: [{check: leaks}, {check: leaks, min: 1}]\n",
			"FILE:2: expect[1].check: expected another check: expect[0] is about it "
			"too\n"},
		Mistake{"name: test\n", "name: test\nresets: [{guest: c, at: 1ms}]\n",
			"FILE:2: resets[0].guest: expected the name of a guest, not `c`\n"},
		Mistake{"name: test\n",
			"name: test\nmigration: {guest: a, to: destination, vf: 1, method: cold, "
			"cancel_in_round: 1}\n",
			"FILE:2: migration.cancel_in_round: expected a round of pre-copy (method: "
			"cold, "
			"max_rounds: 16), not 1\n"},
		Mistake{"vf: 1, memory: 64MiB", "vf: 1, memory: 64MiB, map_storm: {size: 5000}",
			"FILE:6: guests[1].map_storm.size: expected a multiple of kernel.page_size "
			"(4KiB) "
			"within the guest's memory\n"},
		Mistake{"vf: 1, memory: 64MiB", "vf: 1, memory: 64MiB, queue_pairs: 2",
			"FILE:6: guests[1].queue_pairs: expected at most a VF's (1: "
			"machine.nic.queue_pairs)\n"},
		Mistake{"vf: 1, memory: 64MiB", "vf: 1, memory: 64MiB, address_spaces: {}",
			"FILE:6: guests[1].address_spaces.first_pasid: expected PASIDs of at most "
			"0 "
			"bits (machine.smmu.ssid_bits, at most 10 without "
			"machine.smmu.two_level_cd; machine.nic.pasid_bits), not 1 to 1\n"},
		Mistake{"name: test\n", "name: test\nexpect: [{spaces: {guest: a, used: 1}}]\n",
			"FILE:2: expect[0].spaces.guest: expected the name of a guest with "
			"address_spaces, not `a`\n"},
		Mistake{"name: test\n",
			"name: test\nmigration: {guest: a, to: destination, vf: 9}\n",
			"FILE:2: migration.vf: expected a VF that is enabled (nic.vfs: 2), not "
			"9\n"}),
	mistake_name);

TEST_F(Config, AddressSpacesAreThoseThatTheMachineCanHave)
{
	const std::string spaces =
		"name: test\n"
		"machine:\n"
		"  kernel: {page_size: 4KiB}\n"
		"  smmu: {ssid_bits: 5}\n"
		"  nic: {vfs: 2, queue_pairs: 4, pasid_bits: 4}\n"
		"guests:\n"
		"  - {name: a, host: source, vf: 0, memory: 64MiB, queue_pairs: 4, "
		"address_spaces: {first_pasid: 12}}\n"
		"  - {name: b, host: source, vf: 1, memory: 64MiB}\n"
		"traffic:\n"
		"  - {from: a, to: b}\n";
	auto with = [&](const std::string &from, const std::string &to) {
		std::string text = spaces;

		text.replace(text.find(from), from.size(), to);
		return load(text);
	};

	EXPECT_EQ(load(spaces), "");
	EXPECT_EQ(with("pasid: 12", "pasid: 13"),
		  "FILE:7: guests[0].address_spaces.first_pasid: expected PASIDs of at most 4 bits "
		  "(machine.smmu.ssid_bits, at most 10 without machine.smmu.two_level_cd; "
		  "machine.nic.pasid_bits), not 13 to 16\n");
	EXPECT_EQ(with("smmu: {ssid_bits: 5}\n"
		       "  nic: {vfs: 2, queue_pairs: 4, pasid_bits: 4}",
		       "smmu: {ssid_bits: 12, two_level_cd: yes}\n"
		       "  nic: {vfs: 2, queue_pairs: 4, pasid_bits: 12}"),
		  "");
	EXPECT_NE(with("5}\n  nic: {vfs: 2, queue_pairs: 4, pasid_bits: 4}\n"
		       "guests:\n"
		       "  - {name: a, host: source, vf: 0, memory: 64MiB, queue_pairs: 4, "
		       "address_spaces: {first_pasid: 12}}",
		       "12}\n  nic: {vfs: 2, queue_pairs: 4, pasid_bits: 12}\n"
		       "guests:\n"
		       "  - {name: a, host: source, vf: 0, memory: 64MiB, queue_pairs: 4, "
		       "address_spaces: {first_pasid: 1021}}")
			  .find("at most 10 bits"),
		  std::string::npos);
	EXPECT_EQ(with("pasid: 12", "pasid: 12, hole: 16"),
		  "FILE:7: guests[0].address_spaces.hole: expected one of the guest's PASIDs, not "
		  "16\n");
	EXPECT_EQ(with("pasid: 12}", "pasid: 12}, viommu: yes"),
		  "FILE:7: guests[0].viommu: expected no with address_spaces, where buffers stay "
		  "mapped\n");
	EXPECT_EQ(with("4KiB", "2MiB"),
		  "FILE:7: guests[0].address_spaces: expected kernel.page_size 4KiB with it: "
		  "memory is mapped by 4KiB\n");
	EXPECT_EQ(with("pairs: 4, address", "pairs: 4, ring_entries: 4096, address"),
		  "FILE:7: guests[0].queue_pairs: expected so few that their rings and buffers "
		  "take at most half of the guest's memory\n");
	EXPECT_EQ(with("to: b", "to: b, pair: 1"),
		  "FILE:10: traffic[0].pair: expected a queue pair of b (queue_pairs: 1), not 1\n");
	EXPECT_EQ(with("traffic", "migration: {guest: a, to: destination, vf: 0}\ntraffic"),
		  "FILE:9: migration.guest: expected a guest without viommu, map_storm and "
		  "address_spaces: what they map would stay behind\n");
}

TEST_F(Config, StatementsHaveTheirSubjectAndBounds)
{
	EXPECT_EQ(load(good + "expect:\n"
			      "  - {check: leaks, verdict: fail, min: 2}\n"
			      "  - {packets: {from: a, received: at least 7, lost: 0}}\n"
			      "  - {guest: b, runs_on: source, resets: at most 1}\n"
			      "  - {host: source, memory_left: at most 4KiB}\n"),
		  "");
	ASSERT_EQ(file.cfg->expect_count, 4u);
	const struct expect_config *expect = file.cfg->expect;
	EXPECT_EQ(expect[0].check, 1 + CHECK_LEAKS) << "counted from one";
	EXPECT_EQ(expect[0].min, 2u);
	EXPECT_EQ(expect[1].check, 0);
	ASSERT_NE(expect[1].packets, nullptr);
	EXPECT_STREQ(expect[1].packets->from, "a");
	EXPECT_EQ(expect[1].packets->to, nullptr);
	EXPECT_EQ(expect[1].packets->received.relation, BOUND_AT_LEAST);
	EXPECT_EQ(expect[1].packets->received.value, 7u);
	EXPECT_EQ(expect[1].packets->lost.relation, BOUND_EXACTLY);
	EXPECT_EQ(expect[1].packets->sent.relation, BOUND_NONE);
	EXPECT_EQ(expect[2].resets.relation, BOUND_AT_MOST);
	EXPECT_EQ(expect[3].memory_left_bytes.value, 4096u);
}

TEST(Bound, HoldsForWhatItsWordsSay)
{
	const struct bound exactly = {BOUND_EXACTLY, 5}, least = {BOUND_AT_LEAST, 5},
			   most = {BOUND_AT_MOST, 5}, none = {BOUND_NONE, 5};

	for (uint64_t value : {4, 5, 6}) {
		EXPECT_EQ(bound_holds(&exactly, value), value == 5);
		EXPECT_EQ(bound_holds(&least, value), value >= 5);
		EXPECT_EQ(bound_holds(&most, value), value <= 5);
		EXPECT_TRUE(bound_holds(&none, value));
	}
}

TEST_F(Config, ProfileThatIsNotThereIsRefused)
{
	std::string told = load(good + "", {"profile=none-such"});

	EXPECT_EQ(told.rfind("--set profile=none-such: machine.profile: expected the name of a "
			     "profile",
			     0),
		  0u)
		<< told;
}

TEST_F(Config, AFolderInPlaceOfAMachineOrProfileIsToldAtItsKey)
{
	EXPECT_EQ(load("name: test\nmachine:\n"),
		  "FILE:2: machine: expected a mapping or the name of a file: there is no /tmp/\n");
	EXPECT_EQ(load("name: test\nmachine:\n  profile: /\n"),
		  "FILE:3: machine.profile: expected the name of a profile: there is no /\n");
}

TEST_F(Config, AMachineAloneMayHaveHostsOfAnyName)
{
	std::string name = "a, vf: [" + std::string(300, 'h');

	std::ofstream(path) << "hosts: ['" + name + "']\n";
	ASSERT_EQ(machine_load(path.c_str(), nullptr, 0, &file, &errors), 0) << errors.text;
	EXPECT_EQ(file.cfg->machine.hosts[0], name);
}

/* What the kernel's driver of ours needs is not asked for where a guest has its own. */
TEST_F(Config, AGuestIsOfferedAnySmmuThatThereIs)
{
	static const char *const smmu[] = {"ttf: [aarch32]", "granules: [64KiB]", "endian: big",
					   "s1: no, s2: yes, had: no, xnx: yes"};

	for (const char *members : smmu) {
		std::ofstream(path) << "smmu: {" << members << "}\n";
		EXPECT_EQ(machine_load(path.c_str(), nullptr, 0, &file, &errors), -EINVAL)
			<< members;
		EXPECT_EQ(machine_load_for_guest(path.c_str(), nullptr, 0, &file, &errors), 0)
			<< errors.text;
		scenario_release(&file);
	}
	std::ofstream(path) << "smmu: {ttf: [aarch32], granules: [64KiB]}\n";
	EXPECT_EQ(machine_load_for_guest(path.c_str(), nullptr, 0, &file, &errors), -EINVAL);
}

TEST_F(Config, AliasesThatMultiplyAreRefused)
{
	std::string text = "a0: &a0 [x, x, x, x, x, x, x, x]\n";

	for (int i = 1; i < 12; i++) {
		std::string before = "*a" + std::to_string(i - 1), n = std::to_string(i);

		text += "a" + n + ": &a" + n + " [" + before;
		for (int j = 1; j < 8; j++)
			text += ", " + before;
		text += "]\n";
	}
	EXPECT_THAT(load(text), ::testing::MatchesRegex("FILE:[0-9]+: more than 10000 values\n"));
}

TEST_F(Config, AMistakeIsOneLineWhateverItQuotes)
{
	std::string told = load(good + "\"two\\nlines\": 1\n");

	EXPECT_EQ(told, "FILE:9: two?lines: unknown key of a scenario\n");
}

TEST_F(Config, NotYamlIsRefused)
{
	EXPECT_EQ(load("name: [\n").rfind("FILE:", 0), 0u);
	EXPECT_EQ(load(""), "FILE:1: the file is empty\n");
	EXPECT_EQ(load("- a\n"), "FILE:1: expected a mapping: the keys of a scenario\n");
}

TEST_F(Config, SetReachesScenarioMachineAndTiming)
{
	EXPECT_EQ(load(good, {"seed=7", "smmu.cache_dirty=yes", "timing.smmu.tlb_entries=64",
			      "guests.b.memory=32MiB", "traffic[0].rate=2Gb/s", "hosts=[source]",
			      "smmu.tlb_hit=5ns"}),
		  "");
	EXPECT_EQ(file.cfg->seed, 7u);
	EXPECT_TRUE(file.cfg->machine.smmu.cache_dirty);
	EXPECT_EQ(file.cfg->machine.timing.smmu.tlb_entries, 64u);
	EXPECT_EQ(file.cfg->machine.timing.smmu.tlb_hit_ps, 5000u);
	EXPECT_EQ(file.cfg->guests[1].memory_bytes, 32u << 20);
	EXPECT_EQ(file.cfg->traffic[0].rate_bps, 2000000000u);
	EXPECT_EQ(file.cfg->machine.hosts_count, 1u);
}

TEST_F(Config, SetNamesTheClosestPath)
{
	EXPECT_EQ(load(good, {"smmu.cache_dirt=yes"}),
		  "--set smmu.cache_dirt=yes: there is no smmu.cache_dirt; did you mean "
		  "`smmu.cache_dirty`?\n");
	EXPECT_EQ(load(good, {"smmu"}), "--set smmu: expected PATH=VALUE\n");
	EXPECT_EQ(load(good, {"guests.c.memory=1GiB"}),
		  "--set guests.c.memory=1GiB: the list has no element `c`\n");
}

TEST_F(Config, SetIsCheckedLikeTheFile)
{
	EXPECT_EQ(load(good, {"nic.vfs=0"}),
		  "--set nic.vfs=0: machine.nic.vfs: expected 1 to 256, not 0\n");
}

TEST_F(Config, MachineMayBeAFile)
{
	std::string machine = path + ".machine";

	std::ofstream(machine) << "nic:\n  vfs: 0\n";
	EXPECT_EQ(load("name: t\nmachine: " + machine +
		       "\nguests: [{name: a, host: source, vf: 0, memory: 64MiB}]\n"),
		  "FILE.machine:2: machine.nic.vfs: expected 1 to 256, not 0\n");
	unlink(machine.c_str());
}

/* Every row of the schema: a path finds it, and its default is accepted by its own type. */
static void visit(const struct schema_map *map, const std::string &above)
{
	for (const struct schema_key *key = map->key; key->name; key++) {
		std::string path = above + (above.empty() ? "" : ".") + key->name;
		const char *prefix;
		uint64_t value;

		EXPECT_EQ(schema_find(path.c_str(), &prefix, nullptr, nullptr, 0), key) << path;
		EXPECT_NE(key->what, nullptr) << path;
		EXPECT_FALSE(key->required && key->fallback) << path;
		if (key->type == SCHEMA_NUMBER && key->fallback) {
			EXPECT_EQ(unit_parse(key->unit, key->fallback, &value), 0) << path;
			EXPECT_GE(value, key->min) << path;
			EXPECT_LE(value, key->max) << path;
		}
		if (key->map)
			visit(key->map, key->type == SCHEMA_LIST ? path + "[0]" : path);
	}
}

TEST(Schema, EveryKeyIsFoundByItsPathAndHasAGoodDefault)
{
	visit(&schema_scenario, "");
}
