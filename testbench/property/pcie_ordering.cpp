// SPDX-License-Identifier: Apache-2.0
/*
 * The table of ordering rules (PCI Express Base Specification, 2.4.1), cell by cell:
 * what the rule says of any two TLPs; and what a link or a switch does with random
 * streams of them. In none does a TLP pass one that it must not; where order is free each cell
 * that permits passing is seen to be used; behind a receiver without room what must
 * pass does, and nothing else when order is strict.
 */
#include <array>
#include <map>
#include <set>

#include "base/rng.h"
#include "model/pcie/ordering.h"
#include "testbench/unit/model-pcie/switch_fixture.hpp"

namespace
{
enum Kind { kPosted, kRead, kConfigWrite, kReadCompletion, kWriteCompletion, kKinds };

struct Packet {
	struct tlp tlp = {};
	Kind kind = kPosted;
	unsigned number = 0; // as sent
	std::vector<unsigned> *arrived = nullptr;
};

bool is_completion(const Packet &packet)
{
	return packet.kind >= kReadCompletion;
}

// IDO: of different requesters, or of PASIDs that both have and that differ.
bool strangers(const struct tlp &a, const struct tlp &b)
{
	return a.requester_id != b.requester_id ||
	       (a.pasid_valid && b.pasid_valid && a.pasid != b.pasid);
}

// The specification's cells by their names, A2 to D5, with both of their answers.
enum Answer { kNo, kMay, kYes };

Answer specified(const Packet &second, const Packet &first)
{
	const struct tlp &row = second.tlp, &column = first.tlp;

	if (first.kind == kPosted) {
		switch (second.kind) {
		case kPosted:      // A2
		case kConfigWrite: // C2
			return row.relaxed || (row.id_ordered && strangers(row, column)) ? kMay
											 : kNo;
		case kRead: // B2
			return row.id_ordered && strangers(row, column) ? kMay : kNo;
		case kWriteCompletion: // D2, of a configuration write
			return kMay;
		default: // D2
			return row.relaxed || (row.id_ordered &&
					       row.completer_id != column.requester_id)
				       ? kMay
				       : kNo;
		}
	}
	if (is_completion(first)) // A5, B5, C5, D5
		return is_completion(second) && &row == &column ? kNo : kMay;
	return second.kind == kPosted || is_completion(second) ? kYes : kMay; // A3 to D4
}

std::string cell(const Packet &second, const Packet &first)
{
	static const char row[] = "ABCDD", column[] = "23455";

	return {row[second.kind], column[first.kind]};
}

constexpr uint16_t kFirst = PCIE_RID(3, 0, 0);

void make_up(Packet &packet, struct rng &rng)
{
	static const enum tlp_type types[kKinds] = {TLP_MWR, TLP_MRD, TLP_CFGWR, TLP_MRD,
						    TLP_CFGWR};

	packet.kind = (Kind)rng_below(&rng, kKinds);
	packet.tlp.type = types[packet.kind];
	packet.tlp.relaxed = rng_below(&rng, 4) == 0;
	packet.tlp.id_ordered = rng_below(&rng, 4) == 0;
	packet.tlp.requester_id = (uint16_t)(kFirst + rng_below(&rng, 2));
	packet.tlp.completer_id = (uint16_t)(kFirst + rng_below(&rng, 2));
	packet.tlp.pasid_valid = rng_below(&rng, 2) && !is_completion(packet);
	packet.tlp.pasid = (uint32_t)rng_below(&rng, 2);
	packet.tlp.type1 = packet.kind == kConfigWrite;
	packet.tlp.len_bytes = 4;
}

// What the packets go through.
class Path
{
public:
	virtual ~Path() = default;
	virtual struct tlp_port entry() = 0;
	virtual void stick(enum pcie_order_class order_class, bool stuck) = 0;
	virtual void take_down() = 0;
	virtual bool empty() = 0;
};

class LinkPath : public Path
{
public:
	LinkPath(struct sim *sim, uint64_t reorder_ps, struct tlp_port end)
	{
		struct pcie_link_cfg cfg = {3, 8, 256, 512, 150 * PS_PER_NS, 0, reorder_ps};
		struct pcie_link_env env = {{sim, "test.link", 0}};

		link = pcie_link_create(&cfg, &env);
		pcie_link_connect(link, &end, &end);
	}
	~LinkPath() override
	{
		pcie_link_destroy(link);
	}
	struct tlp_port entry() override
	{
		return pcie_link_port(link, PCIE_LINK_UP);
	}
	void stick(enum pcie_order_class order_class, bool stuck) override
	{
		pcie_link_stick(link, PCIE_LINK_UP, order_class, stuck);
	}
	void take_down() override
	{
		pcie_link_set_up(link, false);
	}
	bool empty() override
	{
		return !pcie_link_in_flight(link);
	}

private:
	struct pcie_link *link;
};

// From the upstream port to port 0: the direction in which all classes go.
class SwitchPath : public Path
{
public:
	SwitchPath(struct sim *sim, uint64_t reorder_ps, struct tlp_port end)
	{
		struct pcie_switch_cfg cfg = {1, 1, 1, 150 * PS_PER_NS, reorder_ps, 3, 8, 256};
		struct pcie_switch_env env = {{sim, "test.switch", 0}, nullptr, nullptr};

		sw = pcie_switch_create(&cfg, &env);
		open(pcie_switch_upstream(sw)->bridge, 2);
		open(sw->port[0].bridge, 3);
		pcie_switch_connect(sw, PCIE_SWITCH_UPSTREAM, &end);
		pcie_switch_connect(sw, 0, &end);
	}
	~SwitchPath() override
	{
		pcie_switch_destroy(sw);
	}
	struct tlp_port entry() override
	{
		return pcie_switch_port(sw, PCIE_SWITCH_UPSTREAM);
	}
	void stick(enum pcie_order_class order_class, bool stuck) override
	{
		pcie_switch_stick(sw, 0, order_class, stuck);
	}
	void take_down() override
	{
		pcie_switch_reset(sw, false);
	}
	bool empty() override
	{
		return pcie_switch_idle(sw);
	}

private:
	// The packets' address is 0, their buses are 3.
	static void open(struct pcie_bridge &bridge, uint32_t secondary)
	{
		pcie_bridge_set(&bridge, CFG_BUS_NUMBERS, secondary << 8 | 3 << 16);
		pcie_bridge_set(&bridge, CFG_MEMORY_WINDOW, 0);
		pcie_bridge_set(&bridge, CFG_COMMAND, COMMAND_MEMORY);
		pcie_bridge_config_changed(&bridge);
	}

	struct pcie_switch *sw;
};

struct Setting {
	uint64_t seed;
	bool through_switch;
};

class Stream
{
public:
	Stream(const Setting &setting, uint64_t reorder_ps)
	{
		struct tlp_port end = {this, take, take};

		EXPECT_EQ(sim_init(&sim, setting.seed, nullptr), 0);
		rng_init(&rng, setting.seed, "stream");
		if (setting.through_switch)
			path = std::make_unique<SwitchPath>(&sim, reorder_ps, end);
		else
			path = std::make_unique<LinkPath>(&sim, reorder_ps, end);
	}
	~Stream()
	{
		EXPECT_TRUE(path->empty());
		path.reset();
		sim_fini(&sim);
	}
	void send()
	{
		struct tlp_port entry = path->entry();

		sent.push_back(std::make_unique<Packet>());
		Packet &packet = *sent.back();

		packet.number = (unsigned)sent.size() - 1;
		packet.arrived = &arrived;
		make_up(packet, rng);
		(is_completion(packet) ? entry.completion : entry.request)(entry.ctx, &packet.tlp);
	}
	void run_for(uint64_t ps)
	{
		sim_run(&sim, ps == TIME_NEVER ? ps : sim_now(&sim) + ps, nullptr);
	}
	bool has_arrived(const Packet &packet) const
	{
		return std::find(arrived.begin(), arrived.end(), packet.number) != arrived.end();
	}
	// Each pair that arrived in the other order: may it? Cells that were used.
	std::map<std::string, unsigned> passed(Answer least)
	{
		std::map<std::string, unsigned> used;

		for (size_t i = 0; i < arrived.size(); i++)
			for (size_t j = i + 1; j < arrived.size(); j++) {
				const Packet &early = *sent[arrived[i]], &late = *sent[arrived[j]];

				if (early.number < late.number)
					continue;
				EXPECT_GE(specified(early, late), least) << cell(early, late);
				used[cell(early, late)]++;
			}
		return used;
	}

	struct sim sim;
	struct rng rng;
	std::unique_ptr<Path> path;
	std::vector<std::unique_ptr<Packet>> sent;
	std::vector<unsigned> arrived; // numbers

private:
	static void take(void *ctx, struct tlp *tlp)
	{
		Packet *packet = CONTAINER_OF(tlp, Packet, tlp);

		packet->arrived->push_back(packet->number);
	}
};

const std::set<std::string> kPermitted = {"A2", "A3", "A4", "A5", "B2", "B3", "B4", "B5",
					  "C2", "C3", "C4", "C5", "D2", "D3", "D4", "D5"};

class PcieOrdering : public ::testing::TestWithParam<Setting>
{
};
} // namespace

TEST_P(PcieOrdering, TheRuleSaysOfAnyTwoWhatTheTableSays)
{
	static const enum pcie_passing answers[] = {PCIE_PASS_NOT, PCIE_PASS_MAY, PCIE_PASS_MUST};
	std::map<std::string, std::set<int>> seen;
	struct rng rng;

	rng_init(&rng, GetParam().seed, "rule");
	for (int i = 0; i < 5000; i++) {
		Packet a, b;

		make_up(a, rng);
		make_up(b, rng);
		const Packet &second = rng_below(&rng, 10) ? b : a;
		struct pcie_ordered s = pcie_ordered_of(&second.tlp, is_completion(second));
		struct pcie_ordered f = pcie_ordered_of(&a.tlp, is_completion(a));

		ASSERT_EQ(pcie_passing_rule(&s, &f), answers[specified(second, a)])
			<< cell(second, a);
		seen[cell(second, a)].insert(specified(second, a));
	}
	EXPECT_EQ(seen.size(), kPermitted.size());
	for (const char *both : {"A2", "B2", "C2", "D2", "D5"})
		EXPECT_EQ(seen[both].size(), 2u) << both << ": no and may";
}

TEST_P(PcieOrdering, FreeOrderUsesEveryCellAndNoneBeyond)
{
	Stream stream(GetParam(), 2 * PS_PER_US);
	std::set<std::string> used;

	for (int i = 0; i < 600; i++) {
		stream.send();
		stream.run_for(rng_below(&stream.rng, 50 * PS_PER_NS));
	}
	stream.run_for(TIME_NEVER);
	ASSERT_EQ(stream.arrived.size(), 600u) << "each arrives, once";
	for (const auto &pair : stream.passed(kMay))
		used.insert(pair.first);
	EXPECT_EQ(used, kPermitted);
}

TEST_P(PcieOrdering, StrictOrderIsTheOrderInWhichTheyWereSent)
{
	Stream stream(GetParam(), 0);

	for (int i = 0; i < 300; i++) {
		stream.send();
		stream.run_for(rng_below(&stream.rng, 50 * PS_PER_NS));
	}
	stream.run_for(TIME_NEVER);
	ASSERT_EQ(stream.arrived.size(), 300u);
	EXPECT_TRUE(stream.passed(kNo).empty());
}

// A receiver has no room for requests that want an answer: what answers, and what is posted,
// passes.
TEST_P(PcieOrdering, WhatMustPassDoesAndNothingElse)
{
	Stream stream(GetParam(), 0);
	unsigned passed = 0;

	stream.path->stick(PCIE_READ, true);
	stream.path->stick(PCIE_NON_POSTED_DATA, true);
	for (int i = 0; i < 300; i++)
		stream.send();
	stream.run_for(TIME_NEVER);
	for (const auto &packet : stream.sent) {
		bool asks = packet->kind == kRead || packet->kind == kConfigWrite;

		EXPECT_EQ(stream.has_arrived(*packet), !asks) << packet->number;
		passed += !asks;
	}
	EXPECT_GT(passed, 50u);
	EXPECT_FALSE(stream.passed(kYes).count("A2")) << "nor each other";
	stream.path->stick(PCIE_READ, false);
	stream.path->stick(PCIE_NON_POSTED_DATA, false);
	ASSERT_EQ(stream.arrived.size(), 300u);
	for (const auto &pair : stream.passed(kYes))
		EXPECT_TRUE(std::set<std::string>({"A3", "A4", "D3", "D4"}).count(pair.first))
			<< pair.first;
}

// Posted writes that are stuck hold up what must not pass them; a link that goes down loses them
// all.
TEST_P(PcieOrdering, WhatIsStuckIsLostWithTheLink)
{
	Stream stream(GetParam(), GetParam().seed % 2 ? PS_PER_US : 0);
	unsigned lost = 0;

	stream.path->stick(PCIE_POSTED, true);
	for (int i = 0; i < 100; i++) {
		stream.send();
		stream.sent.back()->tlp.done = [](struct tlp *tlp, uint64_t) {
			EXPECT_TRUE(tlp->lost);
		};
	}
	stream.run_for(rng_below(&stream.rng, 2 * PS_PER_US));
	stream.passed(kMay);
	stream.path->take_down();
	stream.run_for(TIME_NEVER);
	for (const auto &packet : stream.sent) {
		EXPECT_EQ(packet->tlp.lost, !stream.has_arrived(*packet)) << packet->number;
		lost += packet->tlp.lost;
	}
	EXPECT_GT(lost, 10u);
}

std::vector<Setting> settings(bool through_switch)
{
	std::vector<Setting> all;

	for (uint64_t seed = 1; seed <= 20; seed++)
		all.push_back({seed, through_switch});
	return all;
}

INSTANTIATE_TEST_SUITE_P(Seeds, PcieOrdering, ::testing::ValuesIn(settings(false)));
INSTANTIATE_TEST_SUITE_P(SwitchSeeds, PcieOrdering, ::testing::ValuesIn(settings(true)));

// Functions behind a link on which order is chance: what an interrupt tells of is there before it.
class FreelyOrdered : public PcieTest, public ::testing::WithParamInterface<uint64_t>
{
protected:
	static constexpr uint32_t kDoorbell = 0x800000;

	void configure() override
	{
		PcieTest::configure();
		link_cfg.reorder_ps = 3 * PS_PER_US;
	}
	void vectors()
	{
		for (uint32_t n = 0; n < 4; n++) {
			uint64_t entry = kVfBar3 + n * (16 << 10);

			mmio_write(entry, kDoorbell + 4 * n);
			mmio_write(entry + 4, 0);
			mmio_write(entry + 8, n);
			mmio_write(entry + 12, 0);
			config_write((uint16_t)(kVf0 + n), AT_MSIX + MSIX_CONTROL + 2,
				     MSIX_ENABLE >> 16, 2);
		}
	}
	// Data without order, then what tells of it: a descriptor, an interrupt.
	void tell(uint32_t n, struct rng &rng)
	{
		for (int i = 0; i < 3; i++)
			write(n, 0x1000 * (1 + (uint32_t)rng_below(&rng, 100)), true);
		write(n, 0x200000 + 64 * n, false);
		pcie_function_raise_msix(vf(n), 0);
	}
	void write(uint32_t n, uint64_t addr, bool relaxed)
	{
		writes.push_back(std::make_unique<Dma>(TLP_MWR, addr, 64));
		writes.back()->tlp.relaxed = relaxed;
		pcie_function_send(vf(n), &writes.back()->tlp);
	}

	std::vector<std::unique_ptr<Dma>> writes;
};

TEST_P(FreelyOrdered, AnInterruptPassesNoWriteBeforeItAndRelaxedWritesPassEachOther)
{
	std::array<unsigned, 4> data{}, told{};
	unsigned passed = 0;
	std::map<uint64_t, uint64_t> last;
	struct rng rng;

	rng_init(&rng, GetParam(), "traffic");
	bring_up(4);
	vectors();
	host->seen.clear();
	for (int i = 0; i < 200; i++) {
		tell((uint32_t)rng_below(&rng, 4), rng);
		run_for(rng_below(&rng, 200 * PS_PER_NS));
	}
	run();
	ASSERT_EQ(host->seen.size(), 1000u);
	for (const struct bus_req &req : host->seen) {
		uint32_t n = req.attr.stream_id - kVf0;

		ASSERT_LT(n, 4u);
		data[n] += req.addr < 0x200000;
		if (req.addr == 0x200000 + 64 * n) {
			EXPECT_GE(data[n], 3 * ++told[n]) << "a descriptor passed its data";
		} else if (req.addr >= kDoorbell) {
			EXPECT_GE(data[n], 3 * told[n]);
			last[n]++;
			EXPECT_LE(last[n], told[n]) << "an interrupt passed its descriptor";
		}
		passed += data[n] > 3 * (told[n] + 1);
	}
	EXPECT_GT(passed, 20u) << "data never passed what tells of earlier data";
}

INSTANTIATE_TEST_SUITE_P(Seeds, FreelyOrdered, ::testing::Range(UINT64_C(1), UINT64_C(6)));
