// SPDX-License-Identifier: Apache-2.0
/*
 * Random TLPs through a switch of random bus numbers, windows, enables and Access
 * Control, against a naive statement of where each has to arrive (PCI Express Base
 * Specification 2.3, 6.12.3, 7.3.3, 7.5.1.3). Nobody is behind the ports but a
 * book of what arrived.
 */
#include <map>

#include "base/rng.h"
#include "testbench/unit/model-pcie/switch_fixture.hpp"

namespace
{
constexpr uint32_t kPorts = 4, kUp = PCIE_SWITCH_UPSTREAM;
constexpr uint64_t kMegabyte = 1 << 20;

// A bridge as it was told to be.
struct Bridge {
	uint32_t first_bus = 0, last_bus = 0;
	uint64_t base[2] = {1, 1}, last[2] = {0, 0}; // below and above 4 GiB
	bool memory = false, master = false, disabled = false;
	uint32_t acs = 0, vector = 0;

	bool has_bus(uint32_t bus) const
	{
		return first_bus && first_bus <= bus && bus <= last_bus;
	}
	bool has(uint64_t addr) const
	{
		return memory && ((base[0] <= addr && addr + 7 <= last[0]) ||
				  (base[1] <= addr && addr + 7 <= last[1]));
	}
};

// Where a TLP ended: as what, at which port, with which status if it was turned back.
enum Fate { kArrived, kAnswered, kSilent, kDiscarded };

struct Outcome {
	Fate fate;
	uint32_t port;
	enum tlp_status status;
	bool operator==(const Outcome &other) const
	{
		return fate == other.fate && port == other.port && status == other.status;
	}
};

std::ostream &operator<<(std::ostream &out, const Outcome &outcome)
{
	return out << "fate " << outcome.fate << " port " << outcome.port << " status "
		   << outcome.status;
}

struct Packet {
	struct tlp tlp = {};
	uint8_t data[8] = {};
	uint32_t from = 0;
	bool completion = false;
	Outcome outcome = {kSilent, 0, TLP_SC};
	unsigned ends = 0;
};

class Reference
{
public:
	Bridge up, port[kPorts];

	Outcome of(const Packet &packet) const
	{
		if (packet.completion)
			return completion(packet);
		return packet.from == kUp ? down(packet) : upward(packet);
	}

private:
	static Outcome back(const Packet &packet, enum tlp_status status)
	{
		if (tlp_is_posted(&packet.tlp))
			return {kSilent, 0, status};
		return {kAnswered, packet.from, status};
	}
	int with_bus(uint32_t bus) const
	{
		for (uint32_t p = 0; p < kPorts; p++)
			if (port[p].has_bus(bus))
				return (int)p;
		return -1;
	}
	int with(uint64_t addr) const
	{
		for (uint32_t p = 0; p < kPorts; p++)
			if (port[p].has(addr))
				return (int)p;
		return -1;
	}
	Outcome at(int p, const Packet &packet) const
	{
		if (p < 0 || port[p].disabled)
			return back(packet, TLP_UR);
		return {kArrived, (uint32_t)p, TLP_SC};
	}
	Outcome down(const Packet &packet) const
	{
		const struct tlp &tlp = packet.tlp;
		uint32_t bus = tlp.completer_id >> 8, device = tlp.completer_id >> 3 & 31;
		int p = with_bus(bus);

		if (tlp.type <= TLP_MWR)
			return at(up.has(tlp.addr) ? with(tlp.addr) : -1, packet);
		if (tlp.type != TLP_CFGRD)
			return at(p, packet);
		if (!tlp.type1)
			return back(packet, tlp.completer_id & 255 ? TLP_UR : TLP_SC);
		if (!up.has_bus(bus))
			return back(packet, TLP_UR);
		if (bus == up.first_bus)
			return back(packet,
				    device < kPorts && !(tlp.completer_id & 7) ? TLP_SC : TLP_UR);
		if (p >= 0 && bus == port[p].first_bus && device)
			return back(packet, TLP_UR);
		return at(p, packet);
	}
	Outcome out(const Packet &packet) const
	{
		return up.master ? Outcome{kArrived, kUp, TLP_SC} : back(packet, TLP_UR);
	}
	Outcome upward(const Packet &packet) const
	{
		const struct tlp &tlp = packet.tlp;
		const Bridge &from = port[packet.from];
		bool free = from.acs & ACS_DIRECT_TRANSLATED && tlp.at == TLP_AT_TRANSLATED;
		int p = with(tlp.addr);

		if (from.disabled)
			return back(packet, TLP_UR);
		if (from.acs & ACS_SOURCE_VALIDATION && (tlp.requester_id >> 8 < from.first_bus ||
							 tlp.requester_id >> 8 > from.last_bus))
			return back(packet, TLP_CA);
		if (tlp.type == TLP_INVALIDATED)
			return {kArrived, kUp, TLP_SC};
		if (tlp.type > TLP_MWR)
			return back(packet, TLP_UR);
		if (from.acs & ACS_TRANSLATION_BLOCKING && tlp.at)
			return back(packet, TLP_CA);
		if (!from.master)
			return back(packet, TLP_UR);
		if (p < 0)
			return up.has(tlp.addr) ? back(packet, TLP_UR) : out(packet);
		if ((uint32_t)p == packet.from)
			return from.acs & ACS_UPSTREAM_FORWARDING ? out(packet)
								  : back(packet, TLP_UR);
		bool egress = from.acs & ACS_EGRESS_CONTROL, redirect = from.acs & 4;
		bool bit = from.vector >> p & 1;
		if (free || (!egress && !redirect) || (egress && !bit))
			return at(p, packet);
		return redirect ? out(packet) : back(packet, TLP_CA);
	}
	Outcome completion(const Packet &packet) const
	{
		const Outcome gone = {kDiscarded, 0, TLP_SC}, upward = {kArrived, kUp, TLP_SC};
		int p = with_bus(packet.tlp.requester_id >> 8);

		if (packet.from == kUp)
			return p < 0 || port[p].disabled ? gone
							 : Outcome{kArrived, (uint32_t)p, TLP_SC};
		const Bridge &from = port[packet.from];
		if (p < 0)
			return upward;
		if ((uint32_t)p == packet.from)
			return from.acs & ACS_UPSTREAM_FORWARDING ? upward : gone;
		if (from.acs & ACS_COMPLETION_REDIRECT && !packet.tlp.relaxed)
			return upward;
		return port[p].disabled ? gone : Outcome{kArrived, (uint32_t)p, TLP_SC};
	}
};

class PcieSwitch : public ::testing::TestWithParam<uint64_t>
{
protected:
	// The end of a port: who arrives there.
	struct End {
		PcieSwitch *test;
		uint32_t port;
	};

	void SetUp() override
	{
		struct pcie_switch_cfg cfg = {1, 1, kPorts, 10 * PS_PER_NS, 0, 1, 1, 256};

		ASSERT_EQ(sim_init(&sim, GetParam(), nullptr), 0);
		rng_init(&rng, GetParam(), "switch");
		struct pcie_switch_env env = {{&sim, "test.switch", 0}, nullptr, nullptr};
		sw = pcie_switch_create(&cfg, &env);
		ASSERT_TRUE(sw);
		for (uint32_t p = 0; p <= kPorts; p++) {
			uint32_t number = p < kPorts ? p : kUp;
			struct tlp_port port = {&end[p], OnRequest, OnCompletion};

			end[p] = {this, number};
			pcie_switch_connect(sw, number, &port);
		}
	}
	void TearDown() override
	{
		EXPECT_TRUE(pcie_switch_idle(sw));
		pcie_switch_destroy(sw);
		sim_fini(&sim);
	}

	static Packet &packet_of(struct tlp *tlp)
	{
		return *CONTAINER_OF(tlp, Packet, tlp);
	}
	static void OnRequest(void *ctx, struct tlp *tlp)
	{
		End *end = static_cast<End *>(ctx);

		if (tlp->type == TLP_ERROR) {
			tlp->done(tlp, 0);
			return;
		}
		packet_of(tlp).ends++;
		packet_of(tlp).outcome = {kArrived, end->port, TLP_SC};
	}
	static void OnCompletion(void *ctx, struct tlp *tlp)
	{
		Packet &packet = packet_of(tlp);
		End *end = static_cast<End *>(ctx);

		packet.ends++;
		if (packet.completion)
			packet.outcome = {kArrived, end->port, TLP_SC};
		else
			packet.outcome = {kAnswered, end->port, tlp->status};
	}
	static void OnDone(struct tlp *tlp, uint64_t)
	{
		Packet &packet = packet_of(tlp);

		packet.ends++;
		packet.outcome = {tlp->lost ? kDiscarded : kSilent, 0,
				  tlp->lost ? TLP_SC : tlp->status};
	}

	uint32_t below(uint32_t bound)
	{
		return (uint32_t)rng_below(&rng, bound);
	}
	// Slices of 16 MiB below and above 4 GiB, in which windows lie.
	static uint64_t slice(uint32_t which, uint32_t n)
	{
		return (which ? UINT64_C(0x5000000000) : UINT64_C(0x40000000)) + n * 16 * kMegabyte;
	}
	void make_up_bridge(Bridge &bridge, uint32_t n, bool whole)
	{
		bridge.memory = below(10);
		bridge.master = below(10);
		for (uint32_t w = 0; w < 2; w++) {
			bridge.base[w] = slice(w, n) + (whole ? 0 : below(3) * kMegabyte);
			bridge.last[w] =
				slice(w, n) + (whole ? kPorts * 16 : 4 + below(12)) * kMegabyte - 1;
		}
	}
	void make_up()
	{
		make_up_bridge(reference.up, 0, true);
		reference.up.first_bus = 2;
		reference.up.last_bus = 14;
		for (uint32_t p = 0; p < kPorts; p++) {
			Bridge &bridge = reference.port[p];

			make_up_bridge(bridge, p, false);
			bridge.first_bus = 3 + 3 * p;
			bridge.last_bus = bridge.first_bus + below(3);
			bridge.disabled = !below(12);
			bridge.acs = below(128) & below(128);
			bridge.vector = below(1 << kPorts);
		}
	}
	void tell(uint32_t number, const Bridge &told)
	{
		struct pcie_bridge &bridge = sw->port[number].bridge;

		pcie_bridge_set(&bridge, CFG_BUS_NUMBERS,
				told.first_bus << 8 | told.last_bus << 16);
		pcie_bridge_set(&bridge, CFG_COMMAND,
				(told.memory ? COMMAND_MEMORY : 0) |
					(told.master ? COMMAND_BUS_MASTER : 0));
		pcie_bridge_set(&bridge, CFG_MEMORY_WINDOW,
				field_put(WINDOW_BASE, told.base[0] >> WINDOW_SHIFT) |
					field_put(WINDOW_LIMIT, told.last[0] >> WINDOW_SHIFT));
		pcie_bridge_set(&bridge, CFG_PREFETCH_WINDOW,
				WINDOW_64 | field_put(WINDOW_BASE, told.base[1] >> WINDOW_SHIFT) |
					field_put(WINDOW_LIMIT, told.last[1] >> WINDOW_SHIFT));
		pcie_bridge_set(&bridge, CFG_PREFETCH_BASE_HIGH, told.base[1] >> 32);
		pcie_bridge_set(&bridge, CFG_PREFETCH_LIMIT_HIGH, told.last[1] >> 32);
		if (number != kUp) {
			pcie_bridge_set(&bridge, ROOT_AT_PCIE + PCIE_LNKCTL,
					told.disabled ? LNKCTL_DISABLE : 0);
			pcie_bridge_set(&bridge, ROOT_AT_PCIE + PCIE_DEVCTL2, 0);
			pcie_bridge_set(&bridge, ROOT_AT_ACS + ACS_CONTROL,
					field_put(ACS_CONTROLS, told.acs));
			pcie_bridge_set(&bridge, ROOT_AT_ACS + ACS_EGRESS_VECTOR, told.vector);
		}
		pcie_bridge_config_changed(&bridge);
	}
	uint64_t address()
	{
		if (!below(8))
			return 0x1000;
		return slice(below(2), below(kPorts + 1)) + below(16) * kMegabyte + 8 * below(100);
	}
	void make_up_packet(Packet &packet)
	{
		static const enum tlp_type up_types[] = {TLP_MRD, TLP_MWR,         TLP_MRD,
							 TLP_MWR, TLP_INVALIDATED, TLP_CFGRD},
					   down_types[] = {TLP_MRD,   TLP_MWR,   TLP_CFGRD,
							   TLP_CFGRD, TLP_CFGRD, TLP_INVALIDATE};
		struct tlp &tlp = packet.tlp;

		packet.from = below(3) ? below(kPorts) : kUp;
		packet.completion = !below(4);
		tlp.type = packet.from == kUp ? down_types[below(6)] : up_types[below(6)];
		if (packet.completion)
			tlp.type = TLP_MRD;
		tlp.addr = tlp.type == TLP_CFGRD ? 0 : address();
		tlp.len_bytes = tlp.type == TLP_CFGRD ? 4 : 8;
		tlp.data = packet.data;
		tlp.at = (uint8_t)(2 * below(2));
		tlp.relaxed = below(2);
		tlp.type1 = below(4);
		tlp.completer_id = (uint16_t)(below(17) << 8 | (below(2) ? 0 : below(256)));
		tlp.requester_id = (uint16_t)(below(17) << 8 | below(256));
		if (packet.from != kUp && !packet.completion && below(3))
			tlp.requester_id = (uint16_t)(reference.port[packet.from].first_bus << 8);
		tlp.done = OnDone;
	}

	struct sim sim;
	struct rng rng;
	struct pcie_switch *sw = nullptr;
	End end[kPorts + 1];
	Reference reference;
};
} // namespace

TEST_P(PcieSwitch, EachTlpArrivesWhereTheRulesSay)
{
	std::map<std::pair<int, bool>, unsigned> seen;

	for (int setting = 0; setting < 100; setting++) {
		make_up();
		tell(kUp, reference.up);
		for (uint32_t p = 0; p < kPorts; p++)
			tell(p, reference.port[p]);
		sim_run(&sim, TIME_NEVER, nullptr);
		for (int i = 0; i < 100; i++) {
			Packet packet;

			make_up_packet(packet);
			Outcome expected = reference.of(packet);
			struct tlp_port port = pcie_switch_port(sw, packet.from);

			(packet.completion ? port.completion : port.request)(port.ctx, &packet.tlp);
			sim_run(&sim, TIME_NEVER, nullptr);
			ASSERT_EQ(packet.ends, 1u);
			ASSERT_EQ(packet.outcome, expected)
				<< "from " << packet.from << " type " << packet.tlp.type << " addr "
				<< std::hex << packet.tlp.addr << " requester "
				<< packet.tlp.requester_id << " completer "
				<< packet.tlp.completer_id;
			bool peer = packet.from != kUp && expected.port != kUp;
			seen[{expected.fate, expected.fate == kArrived && peer}]++;
		}
	}
	EXPECT_GT((seen[{kArrived, true}]), 100u) << "peer to peer";
	EXPECT_GT((seen[{kArrived, false}]), 1000u);
	EXPECT_GT((seen[{kAnswered, false}]), 1000u);
	EXPECT_GT((seen[{kDiscarded, false}]), 100u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PcieSwitch, ::testing::Range(UINT64_C(1), UINT64_C(11)));
