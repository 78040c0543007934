// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/model-pcie/pcie_fixture.hpp"

// Notes what arrives, and when.
struct Arrivals {
	std::vector<std::pair<struct tlp *, uint64_t>> requests, completions;
	struct sim *sim;

	struct tlp_port port()
	{
		return {this,
			[](void *ctx, struct tlp *tlp) {
				auto *self = static_cast<Arrivals *>(ctx);
				self->requests.push_back({tlp, sim_now(self->sim)});
			},
			[](void *ctx, struct tlp *tlp) {
				auto *self = static_cast<Arrivals *>(ctx);
				self->completions.push_back({tlp, sim_now(self->sim)});
			}};
	}
};

class Link : public testing::Test
{
protected:
	static constexpr uint64_t kHigh = UINT64_C(1) << 40;

	void SetUp() override
	{
		ASSERT_EQ(sim_init(&sim, 1, nullptr), 0);
		root.sim = device.sim = &sim;
	}
	void TearDown() override
	{
		pcie_link_destroy(link);
		sim_fini(&sim);
	}
	void make(uint8_t generation, uint8_t lanes, uint64_t fs_per_byte = 0, uint64_t latency = 0)
	{
		struct pcie_link_cfg cfg = {generation, lanes, 256, 512, latency, fs_per_byte};
		struct pcie_link_env env = {{&sim, "test.link", 0}};
		struct tlp_port root_port = root.port(), device_port = device.port();

		pcie_link_destroy(link);
		link = pcie_link_create(&cfg, &env);
		ASSERT_NE(link, nullptr);
		pcie_link_connect(link, &root_port, &device_port);
		up = pcie_link_port(link, PCIE_LINK_UP);
		down = pcie_link_port(link, PCIE_LINK_DOWN);
	}
	void run()
	{
		sim_run(&sim, TIME_NEVER, nullptr);
	}
	uint64_t bytes_up(const Dma &dma, bool completion = false)
	{
		struct tlp *tlp = const_cast<struct tlp *>(&dma.tlp);
		uint64_t before = pcie_link_counters_get(link, PCIE_LINK_UP).bytes;

		completion ? up.completion(up.ctx, tlp) : up.request(up.ctx, tlp);
		run();
		return pcie_link_counters_get(link, PCIE_LINK_UP).bytes - before;
	}

	struct sim sim;
	Arrivals root, device;
	struct pcie_link *link = nullptr;
	struct tlp_port up, down;
};

TEST_F(Link, CountsHeadersOfEveryPart)
{
	make(3, 8);
	EXPECT_EQ(bytes_up(Dma(TLP_MWR, kHigh, 64)), 24u + 64);
	EXPECT_EQ(bytes_up(Dma(TLP_MWR, kHigh, 1024)), 4 * 24u + 1024);
	EXPECT_EQ(bytes_up(Dma(TLP_MWR, kHigh, 257)), 2 * 24u + 260);
	EXPECT_EQ(bytes_up(Dma(TLP_MRD, kHigh, 512)), 24u);
	EXPECT_EQ(bytes_up(Dma(TLP_MRD, kHigh, 513)), 2 * 24u);
	EXPECT_EQ(bytes_up(Dma(TLP_MRD, kHigh, 600), true), 3 * 20u + 600);
	EXPECT_EQ(bytes_up(Dma(TLP_MWR, 0x8020040, 4)), 20u + 4) << "32-bit address";
	EXPECT_EQ(bytes_up(Dma(TLP_MWR, kHigh + 3, 2)), 24u + 8) << "two double words";
	EXPECT_EQ(pcie_link_counters_get(link, PCIE_LINK_UP).tlps, 1u + 4 + 2 + 1 + 2 + 3 + 1 + 1);

	Dma pasid(TLP_MRD, kHigh, 64), failed(TLP_MRD, kHigh, 64);
	pasid.tlp.pasid_valid = true;
	failed.tlp.status = TLP_UR;
	EXPECT_EQ(bytes_up(pasid), 28u);
	EXPECT_EQ(bytes_up(failed, true), 20u);
	EXPECT_EQ(bytes_up(Dma(TLP_CFGRD, 0, 4), true), 24u);
	EXPECT_EQ(bytes_up(Dma(TLP_CFGWR, 0, 4), true), 20u);
}

TEST_F(Link, SerialisesInOrderThenPropagates)
{
	Dma first(TLP_MWR, kHigh, 64), second(TLP_MRD, kHigh, 64), third(TLP_MWR, kHigh, 8);

	make(3, 8, 125500, 1000000); // 125.5 ps a byte
	up.request(up.ctx, &first.tlp);
	up.completion(up.ctx, &second.tlp);
	up.request(up.ctx, &third.tlp);
	EXPECT_TRUE(root.requests.empty());
	EXPECT_EQ(pcie_link_in_flight(link), 3u);
	run();
	ASSERT_EQ(root.requests.size(), 2u);
	EXPECT_EQ(root.requests[0].second, 1000000u + 88 * 1255 / 10);
	EXPECT_EQ(root.completions.at(0).second, 1000000u + (88 + 84) * 1255 / 10);
	EXPECT_EQ(root.requests[1].second, 1000000u + (88 + 84 + 32) * 1255 / 10);
}

TEST_F(Link, DirectionsDoNotShareBytes)
{
	Dma a(TLP_MWR, kHigh, 256), b(TLP_MWR, kHigh, 256);

	make(3, 8, 100000);
	up.request(up.ctx, &a.tlp);
	down.request(down.ctx, &b.tlp);
	run();
	EXPECT_EQ(root.requests.at(0).second, 28000u);
	EXPECT_EQ(device.requests.at(0).second, 28000u);
}

TEST_F(Link, UntimedKeepsOrderWithoutTime)
{
	Dma a(TLP_MWR, kHigh, 256), b(TLP_MWR, kHigh, 64);

	make(3, 8, 0, 500000);
	sim.untimed = true;
	down.request(down.ctx, &a.tlp);
	down.request(down.ctx, &b.tlp);
	EXPECT_TRUE(device.requests.empty()) << "a device may answer within the call";
	run();
	EXPECT_EQ(device.requests.at(0).first, &a.tlp);
	EXPECT_EQ(device.requests.at(1).second, 0u);
}

TEST_F(Link, UntimedLetsDmaAndItsCompletionThroughAtOnceAndCountsThem)
{
	Dma write(TLP_MWR, kHigh, 256), read(TLP_MRD, kHigh, 64);

	make(3, 8, 0, 500000);
	sim.untimed = true;
	up.request(up.ctx, &write.tlp);
	up.request(up.ctx, &read.tlp);
	EXPECT_EQ(root.requests.at(0).first, &write.tlp);
	EXPECT_EQ(root.requests.at(1).first, &read.tlp);
	down.completion(down.ctx, &read.tlp);
	EXPECT_EQ(device.completions.at(0).first, &read.tlp);
	EXPECT_EQ(pcie_link_counters_get(link, PCIE_LINK_UP).payload_bytes, 256u);
	EXPECT_EQ(pcie_link_counters_get(link, PCIE_LINK_DOWN).payload_bytes, 64u);
	EXPECT_EQ(pcie_link_in_flight(link), 0u);
}

TEST_F(Link, RefusesWhatNoLinkHas)
{
	struct pcie_link_cfg cfg = {6, 8, 256, 512, 0, 0};

	EXPECT_EQ(pcie_link_fs_per_byte(&cfg), 0u);
	cfg.generation = 3;
	cfg.lanes = 3;
	EXPECT_EQ(pcie_link_fs_per_byte(&cfg), 0u);
}

// The closed form's table for MPS 256, MRRS 512: Gb/s of a write and a read of some sizes.
struct Bandwidth {
	uint8_t generation, lanes;
	double tlp;
	double write[3], read[3];
};

static void PrintTo(const Bandwidth &link, std::ostream *out)
{
	*out << "gen" << (int)link.generation << " x" << (int)link.lanes;
}

class LinkBandwidth : public Link, public testing::WithParamInterface<Bandwidth>
{
protected:
	static constexpr double kRounding = 0.006; // the table's two digits, and whole femtoseconds

	// What goes through when one TLP follows the other.
	double measure(enum tlp_type type, uint32_t len)
	{
		std::vector<std::unique_ptr<Dma>> stream;

		make(GetParam().generation, GetParam().lanes);
		uint64_t begin = sim_now(&sim);
		for (int i = 0; i < 1000; i++) {
			stream.push_back(std::make_unique<Dma>(type, kHigh, len));
			if (type == TLP_MWR)
				up.request(up.ctx, &stream.back()->tlp);
			else
				down.completion(down.ctx, &stream.back()->tlp);
		}
		run();
		return 8.0 * 1000 * len / (double)(sim_now(&sim) - begin) * 1000;
	}
};

TEST_P(LinkBandwidth, AgreesWithTheClosedForm)
{
	const uint32_t size[] = {64, 128, 256};
	const Bandwidth &want = GetParam();
	struct pcie_link_cfg cfg = {want.generation, want.lanes, 256, 512, 0, 0};

	EXPECT_NEAR(8e6 / (double)pcie_link_fs_per_byte(&cfg), want.tlp, kRounding);
	for (int i = 0; i < 3; i++) {
		EXPECT_NEAR(measure(TLP_MWR, size[i]), want.write[i], kRounding) << size[i];
		EXPECT_NEAR(measure(TLP_MRD, size[i]), want.read[i], kRounding) << size[i];
	}
	EXPECT_NEAR(measure(TLP_MWR, 1024), want.write[2], kRounding);
	EXPECT_NEAR(measure(TLP_MRD, 4096), want.read[2], kRounding);
}

INSTANTIATE_TEST_SUITE_P(
	Calibration, LinkBandwidth,
	testing::Values(Bandwidth{3, 8, 57.88, {42.10, 48.75, 52.92}, {44.10, 50.06, 53.69}},
			Bandwidth{3, 16, 113.70, {82.69, 95.75, 103.95}, {86.63, 98.34, 105.46}},
			Bandwidth{4, 8, 115.77, {84.20, 97.49, 105.85}, {88.21, 100.13, 107.38}}));
