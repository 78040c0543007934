// SPDX-License-Identifier: Apache-2.0
/*
 * Functions that are reset, put to sleep, taken away and brought back at random
 * times while their reads and writes are under way, and TLPs of which a link
 * loses some. Whatever the order: each request ends once, as discarded if and
 * only if its function was reset meanwhile; one without a completion ends when
 * its time is up and not before, so its tag is not used again too soon; nothing
 * touches a buffer that was given back; a function logs a timeout only of what it
 * still remembers; what was on a link that goes down arrives nowhere. Some requests are for a
 * neighbour's BAR; the link goes down by removal, Secondary Bus Reset, Link Disable and
 * containment.
 */
#include "base/rng.h"
#include "testbench/unit/model-pcie/pcie_fixture.hpp"

namespace
{
constexpr uint64_t kTimeout = 300 * PS_PER_US;
constexpr unsigned kSteps = 2000, kVfs = 4;
constexpr uint32_t kBytes = 64;

struct Request {
	struct tlp tlp = {};
	uint8_t bytes[kBytes] = {}, at_end[kBytes] = {};
	FakeNic *nic = nullptr;
	uint32_t function = 0, resets = 0, ended = 0;
	uint64_t sent_ps = 0, done_ps = 0;
	bool was_reset = false, peer = false;
	std::vector<bool> *timed_out = nullptr;
};

void request_done(struct tlp *tlp, uint64_t now)
{
	Request &made = *CONTAINER_OF(tlp, Request, tlp);

	made.ended++;
	made.done_ps = now;
	made.was_reset = made.nic->resets.size() != made.resets;
	memcpy(made.at_end, made.bytes, kBytes);
	if (tlp->status == TLP_TIMED_OUT && !tlp->discarded)
		(*made.timed_out)[made.function] = true;
}

class PcieResets : public PcieTest, public ::testing::WithParamInterface<uint64_t>
{
protected:
	void configure() override
	{
		PcieTest::configure();
		device_cfg.flr_ps = 10 * PS_PER_US;
		device_cfg.completion_timeout_ps = kTimeout;
	}

	void begin()
	{
		rng_init(&rng, GetParam(), "pcie_resets");
		host->delay = [this](const struct bus_req &bus) {
			struct tlp *tlp =
				CONTAINER_OF(const_cast<struct bus_req *>(&bus), struct tlp, bus);

			EXPECT_GE(CONTAINER_OF(tlp, Request, tlp)->sent_ps, fell_ps)
				<< "it came over a link that was down meanwhile";
			return rng_below(&rng, 20 * PS_PER_US);
		};
		std::fill(host->memory.begin(), host->memory.begin() + (1 << 20), 0x5a);
		timed_out.resize(kVfs + 1);
		bring_up(kVfs);
	}

	struct pcie_function *function(uint32_t f)
	{
		return f ? vf(f - 1) : pf();
	}

	void request()
	{
		requests.push_back(std::make_unique<Request>());
		Request &made = *requests.back();

		made.function = (uint32_t)rng_below(&rng, kVfs + 1);
		made.nic = nic[made.function].get();
		made.resets = (uint32_t)made.nic->resets.size();
		made.sent_ps = sim_now(&sim);
		made.timed_out = &timed_out;
		made.tlp.type = rng_below(&rng, 2) ? TLP_MWR : TLP_MRD;
		made.tlp.addr = kBytes * rng_below(&rng, 4096);
		if (made.tlp.type == TLP_MWR)
			made.tlp.addr += 1 << 20;
		made.peer = !rng_below(&rng, 4);
		if (made.peer) // a register of another function, or of its own
			made.tlp.addr = kVfBar0 + (64 << 10) * rng_below(&rng, kVfs);
		made.tlp.len_bytes = kBytes;
		made.tlp.data = made.bytes;
		made.tlp.done = request_done;
		pcie_function_send(function(made.function), &made.tlp);
	}

	// One way to take the link down, or to let it come up again.
	void set_link(unsigned way, bool up)
	{
		switch (way) {
		case 0:
			pcie_root_port_presence(port, up);
			break;
		case 1:
			config_write(0, CFG_INTERRUPT + 2, up ? 0 : BRIDGE_BUS_RESET >> 16, 2);
			break;
		case 2:
			config_write(0, ROOT_AT_PCIE + PCIE_LNKCTL, up ? 0 : LNKCTL_DISABLE, 2);
			break;
		case 3:
			if (up)
				config_write(0, ROOT_AT_DPC + DPC_STATUS, DPC_TRIGGERED, 2);
			else
				config_write(0, ROOT_AT_DPC + DPC_CONTROL + 2,
					     (DPC_SOFTWARE_TRIGGER >> 16) | DPC_ON_FATAL, 2);
			break;
		}
	}

	// Down and up again, a while later or at once, with requests under way and new ones.
	void break_link()
	{
		unsigned way = (unsigned)rng_below(&rng, 4);
		uint64_t begin = fell_ps = sim_now(&sim);

		set_link(way, false);
		for (unsigned i = rng_below(&rng, 2) ? 5 : 0; i--;)
			request();
		if (rng_below(&rng, 2))
			run_for(rng_below(&rng, 10 * PS_PER_US));
		set_link(way, true);
		run_for(1);
		instant += sim_now(&sim) == begin + 1;
		broken[way]++;
		EXPECT_EQ(pcie_device_num_vfs(device), 0u);
		EXPECT_FALSE(pcie_function_bus_master(pf()));
		EXPECT_EQ(config_read(0, ROOT_AT_PCIE + PCIE_LNKCTL) & LNKSTA_ACTIVE,
			  LNKSTA_ACTIVE);
	}

	void disturb()
	{
		uint16_t rid = (uint16_t)(kVf0 + rng_below(&rng, kVfs));

		switch (rng_below(&rng, 9)) {
		case 0:
			config_write(rid, AT_PCIE + PCIE_DEVCTL, DEVCTL_INITIATE_FLR, 2);
			break;
		case 1:
			config_write(kPf, AT_PCIE + PCIE_DEVCTL, DEVCTL_INITIATE_FLR, 2);
			break;
		case 2:
			config_write(kPf, AT_SRIOV + SRIOV_CONTROL, SRIOV_VF_MSE, 2);
			break;
		case 3:
			config_write(kPf, AT_PM + PM_CONTROL, PM_D3HOT, 2);
			break;
		case 4:
			config_write(kPf, AT_PM + PM_CONTROL, PM_D0, 2);
			bring_up(kVfs);
			break;
		case 5:
			break_link();
			break;
		case 6:
			bring_up(kVfs);
			break;
		default:
			pcie_link_plant(link, rng_below(&rng, 2) ? PCIE_LINK_UP : PCIE_LINK_DOWN,
					rng_below(&rng, 2) ? PCIE_LINK_LOSE : PCIE_LINK_STRAY);
			break;
		}
	}

	void step()
	{
		uint32_t vfs = pcie_device_num_vfs(device);

		if (rng_below(&rng, 10))
			request();
		else
			disturb();
		run_for(rng_below(&rng, 3 * PS_PER_US));
		if (pcie_device_num_vfs(device) != vfs)
			forgotten++;
	}

	void check(const Request &made)
	{
		bool never_sent = made.tlp.status == TLP_UR;

		ASSERT_EQ(made.ended, 1u);
		EXPECT_EQ(made.tlp.discarded, made.was_reset);
		EXPECT_EQ(memcmp(made.at_end, made.bytes, kBytes), 0) << "touched after its end";
		if (made.tlp.status == TLP_TIMED_OUT) {
			EXPECT_EQ(made.done_ps, made.sent_ps + kTimeout);
		} else if (made.tlp.type == TLP_MRD && !never_sent) {
			EXPECT_EQ(made.bytes[0], made.peer ? 0 : 0x5a);
			answered += made.peer;
		}
		discarded += made.tlp.discarded;
		late += made.tlp.status == TLP_TIMED_OUT && made.tlp.discarded;
	}

	struct rng rng;
	std::vector<std::unique_ptr<Request>> requests;
	std::vector<bool> timed_out; // by function: a read that it remembers
	unsigned forgotten = 0, discarded = 0, late = 0, answered = 0, instant = 0;
	unsigned broken[4] = {};
	uint64_t fell_ps = 0; // when the link went down last
};
} // namespace

TEST_P(PcieResets, EachRequestEndsOnceAndNoneTooSoon)
{
	begin();
	for (unsigned i = 0; i < kSteps; i++)
		step();
	run();
	for (const auto &made : requests)
		check(*made);
	EXPECT_GT(discarded, 10u);
	EXPECT_GT(forgotten, 2u);
	EXPECT_GT(answered, 10u) << "peers";
	for (unsigned way = 0; way < 4; way++)
		EXPECT_GT(broken[way], 0u) << way;
	for (uint32_t f = 0; f <= kVfs; f++) {
		uint64_t logged = pcie_config_get(function(f), AT_AER + AER_UNCORRECTABLE);

		EXPECT_EQ(pcie_function_in_flight(function(f)), 0u) << f;
		EXPECT_TRUE(timed_out[f] || !(logged & BIT(AER_COMPLETION_TIMEOUT)))
			<< f << " logged what it had forgotten";
	}
}

INSTANTIATE_TEST_SUITE_P(Seeds, PcieResets, ::testing::Range(UINT64_C(1), UINT64_C(41)));
