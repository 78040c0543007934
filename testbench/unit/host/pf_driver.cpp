/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/unit/host/pf_mock_machine.hpp"

namespace
{
class PfDriver : public MockMachine
{
protected:
	void SetUp() override
	{
		act([&](struct actor *self) {
			ASSERT_EQ(pci_bus_scan(&bus, self, &bus_cfg, &bus_env), 0);
		});
	}
	void TearDown() override
	{
		if (driver)
			act([&](struct actor *self) { pf_driver_remove(driver, self); });
		EXPECT_EQ(frames_in_use(frames), 0u);
	}
	int probe(uint16_t vfs = 4)
	{
		struct pf_driver_cfg cfg = {Pf, vfs, PS_PER_S, 10 * PS_PER_US, 0, 7};
		struct pf_driver_env env = {part, bus_env.cpu, frames, &bus};
		int ret = -1;

		act([&](struct actor *self) { ret = pf_driver_probe(&cfg, &env, self, &driver); });
		if (!ret)
			services = pf_driver_vf_services(driver);
		commands.clear();
		return ret;
	}
	/* A firmware that saves `stream`, of which the first `precopy` bytes while running. */
	void serve_stream(uint32_t precopy)
	{
		firmware = [this, precopy](struct aq_desc &d, uint8_t *buffer) {
			if (d.opcode == AQC_VF_STATE_SIZE) {
				d.param0 = precopy;
				d.param1 = (uint32_t)stream.size();
			}
			if (d.opcode != AQC_VF_STATE_SAVE)
				return;
			uint32_t at = d.param1;
			uint32_t n = (uint32_t)std::min<size_t>(d.datalen, stream.size() - at);
			std::memcpy(buffer, stream.data() + at, n);
			d.datalen = (uint16_t)n;
			d.param1 = (uint32_t)(stream.size() - at - n);
		};
	}
	std::vector<uint8_t> save_all(bool precopy, size_t size)
	{
		std::vector<uint8_t> out, buffer(size);
		act([&](struct actor *self) {
			for (;;) {
				ssize_t n = services.ops->save(services.ctx, self, 2, precopy,
							       buffer.data(), size);
				ASSERT_GE(n, 0);
				if (!n)
					break;
				out.insert(out.end(), buffer.begin(), buffer.begin() + n);
			}
		});
		return out;
	}
	int load(const std::vector<uint8_t> &data)
	{
		int ret = 1;
		act([&](struct actor *self) {
			ret = services.ops->load(services.ctx, self, 1, data.data(), data.size());
		});
		return ret;
	}
	/* A firmware that takes a stream of `total` bytes. */
	void take_stream(size_t total)
	{
		stream.clear();
		firmware = [this, total](struct aq_desc &d, uint8_t *buffer) {
			if (d.opcode != AQC_VF_STATE_LOAD)
				return;
			if (!d.datalen) {
				d.retval = AQ_RC_EINVAL;
				d.param0 = STATE_REFUSED_CUT;
				return;
			}
			stream.resize(d.param1);
			stream.insert(stream.end(), buffer, buffer + d.datalen);
			d.param1 = (uint32_t)(total - std::min(total, stream.size()));
		};
	}
	static std::vector<uint8_t> pattern(size_t n)
	{
		std::vector<uint8_t> v(n);
		for (size_t i = 0; i < n; i++)
			v[i] = (uint8_t)(i * 7 + i / 256);
		return v;
	}

	struct pf_driver *driver = nullptr;
	struct vf_services services = {};
	std::vector<uint8_t> stream;
};

TEST_F(PfDriver, ProbeEnablesTheQueueThenTheVfs)
{
	ASSERT_EQ(probe(), 0);
	EXPECT_EQ(registers[PF_ATQLEN], 0x80000020u);
	EXPECT_NE(pci_bus_vf(&bus, Pf, 3), nullptr);
}

TEST_F(PfDriver, SilentFirmwareTimesOutAndLeavesNothing)
{
	dead = true;
	EXPECT_EQ(probe(), -ETIMEDOUT);
	EXPECT_EQ(driver, nullptr);
	EXPECT_EQ(pci_bus_vf(&bus, Pf, 0), nullptr);
}

TEST_F(PfDriver, MacGoesIntoItsFields)
{
	const uint8_t mac[6] = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};
	ASSERT_EQ(probe(), 0);
	act([&](struct actor *self) { EXPECT_EQ(pf_driver_set_vf_mac(driver, self, 3, mac), 0); });
	ASSERT_EQ(commands.size(), 1u);
	EXPECT_EQ(commands[0].opcode, AQC_VF_SET_MAC);
	EXPECT_EQ(commands[0].param0, 3u);
	EXPECT_EQ(commands[0].param1, 0x33221102u);
	EXPECT_EQ(commands[0].addr_high, 0x5544u);
}

/* One flag after the other; what is the same already is not said again. */
TEST_F(PfDriver, PoliciesGoIntoTheirFlags)
{
	const std::pair<bool pf_driver_policy::*, uint64_t> flags[] = {
		{&pf_driver_policy::trust, VF_POLICY_TRUST},
		{&pf_driver_policy::spoof_check, VF_POLICY_MAC_CHECK | VF_POLICY_VLAN_CHECK},
		{&pf_driver_policy::pasid, VF_POLICY_PASID},
		{&pf_driver_policy::flow_director, VF_POLICY_FLOW_DIRECTOR},
	};

	ASSERT_EQ(probe(), 0);
	for (const auto &[member, flag] : flags) {
		struct pf_driver_policy policy = {};

		policy.*member = true;
		policy.port_vlan = 7;
		policy.max_mbps = 200;
		policy.min_mbps = 100;
		commands.clear();
		for (uint32_t times = 0; times < 2; times++)
			act([&](struct actor *self) {
				EXPECT_EQ(pf_driver_set_vf_policy(driver, self, 2, &policy), 0);
			});
		ASSERT_EQ(commands.size(), 1u);
		EXPECT_EQ(commands[0].opcode, AQC_VF_SET_POLICY);
		EXPECT_EQ(commands[0].param0, 2u);
		EXPECT_EQ(commands[0].param1, (uint32_t)flag);
		EXPECT_EQ(commands[0].addr_high, 7u);
		EXPECT_EQ(commands[0].cookie_high, 200u);
		EXPECT_EQ(commands[0].cookie_low, 100u);
	}
}

TEST_F(PfDriver, RingsComeAsTheFirmwareTellsThem)
{
	static const std::vector<struct pf_vf_ring> told = {
		{0x1000, 64, 1, 2, 0, 0, PF_RING_ATQ, 0, 32, PF_RING_ENABLED},
		{0x5000, 512, 7, 500, 2048, 9, PF_RING_RX, 3, 32, PF_RING_TAGGED},
	};
	struct pf_vf_ring got[PF_VF_RINGS] = {};
	int ret = 0;

	ASSERT_EQ(probe(), 0);
	firmware = [](struct aq_desc &d, uint8_t *buffer) {
		std::memcpy(buffer, told.data(), told.size() * sizeof(told[0]));
		d.datalen = (uint16_t)(told.size() * sizeof(told[0]));
	};
	auto ask = [&](uint32_t vf) {
		act([&](struct actor *self) { ret = pf_driver_vf_rings(driver, self, vf, got); });
		return ret;
	};
	ASSERT_EQ(ask(3), 2);
	EXPECT_EQ(std::memcmp(got, told.data(), told.size() * sizeof(told[0])), 0);
	EXPECT_EQ(commands[0].opcode, AQC_VF_RINGS);
	EXPECT_EQ(commands[0].param0, 3u);
	EXPECT_EQ(commands[0].datalen, sizeof(got));
	EXPECT_EQ(ask(4), -ENOENT) << "there are four";
	firmware = [](struct aq_desc &d, uint8_t *) {
		d.retval = AQ_RC_ENOENT;
	};
	EXPECT_EQ(ask(3), -EIO);
	dead = true;
	EXPECT_EQ(ask(3), -ETIMEDOUT);
}

TEST_F(PfDriver, MaliciousVfsAreCountedAndTheDeviceIsMadeReadyForTheNext)
{
	uint32_t found = 9;

	ASSERT_EQ(probe(), 0);
	registers[VP_MDET_TX(1)] = registers[VP_MDET_TX(3)] = 1;
	act([&](struct actor *self) { found = pf_driver_mdd_check(driver, self); });
	EXPECT_EQ(found, 0u) << "without a first event nothing is looked for";
	EXPECT_EQ(registers[GL_MDET_TX], 0u);
	registers[GL_MDET_TX] = GL_MDET_TX_VALID | 3;
	act([&](struct actor *self) { found = pf_driver_mdd_check(driver, self); });
	EXPECT_EQ(found, 2u);
	EXPECT_EQ(registers[GL_MDET_TX], 0xffffffffu);
	for (uint32_t vf = 0; vf < 5; vf++) {
		bool had = vf == 1 || vf == 3;

		EXPECT_EQ(pf_driver_mdd_count(driver, vf), had ? 1u : 0u) << vf;
		EXPECT_EQ(registers[VP_MDET_TX(vf)], had ? 0xffffu : 0u) << vf;
	}
}

TEST_F(PfDriver, TheInterruptMakesItLookForMaliciousVfsByItself)
{
	has_msix();
	ASSERT_EQ(probe(), 0);
	ASSERT_NE(msi_handler, nullptr);
	registers[VP_MDET_TX(2)] = 1;
	registers[GL_MDET_TX] = GL_MDET_TX_VALID | 3;
	interrupt(ICR0_ADMINQ);
	act([&](struct actor *self) { actor_sleep(self, PS_PER_MS); });
	EXPECT_EQ(pf_driver_mdd_count(driver, 2), 0u) << "that was about something else";
	for (uint32_t times = 1; times <= 3; times++) {
		registers[VP_MDET_TX(2)] = 1;
		registers[GL_MDET_TX] = GL_MDET_TX_VALID | 3;
		interrupt(ICR0_MAL_DETECT);
		act([&](struct actor *self) { actor_sleep(self, PS_PER_MS); });
		EXPECT_EQ(pf_driver_mdd_count(driver, 2), times);
		EXPECT_EQ(registers[GL_MDET_TX], 0xffffffffu);
	}
	act([&](struct actor *self) { pf_driver_remove(driver, self); });
	driver = nullptr;
	EXPECT_EQ(msi_handler, nullptr) << "nobody is called any more";
}

TEST_F(PfDriver, RefusalsOfServicesAreEio)
{
	ASSERT_EQ(probe(), 0);
	firmware = [](struct aq_desc &d, uint8_t *) {
		d.retval = AQ_RC_EBUSY;
	};
	act([&](struct actor *self) {
		EXPECT_EQ(services.ops->suspend(services.ctx, self, 0), -EIO);
		EXPECT_EQ(services.ops->resume(services.ctx, self, 0), -EIO);
		EXPECT_EQ(services.ops->set_p2p(services.ctx, self, 0, true), -EIO);
	});
}

TEST_F(PfDriver, MissingServiceIsEnotty)
{
	ASSERT_EQ(probe(), 0);
	firmware = [](struct aq_desc &d, uint8_t *) {
		d.retval = AQ_RC_ENOSYS;
	};
	act([&](struct actor *self) {
		EXPECT_EQ(services.ops->suspend(services.ctx, self, 0), -ENOTTY);
	});
}

TEST_F(PfDriver, StreamIsSavedByteForByteInAnyPartSize)
{
	ASSERT_EQ(probe(), 0);
	stream = pattern(100001);
	serve_stream(0);
	for (size_t size : {1000, 32768, 65536}) {
		services.ops->save_begin(services.ctx, 2);
		EXPECT_EQ(save_all(false, size), stream);
	}
}

TEST_F(PfDriver, PrecopyPartEndsWhereTheFirmwareSaysAndGoesOnAfterTheStop)
{
	ASSERT_EQ(probe(), 0);
	stream = pattern(5000);
	serve_stream(1500);
	services.ops->save_begin(services.ctx, 2);
	std::vector<uint8_t> first = save_all(true, 1000);
	EXPECT_EQ(first.size(), 1500u);
	EXPECT_TRUE(save_all(true, 1000).empty());
	std::vector<uint8_t> rest = save_all(false, 1000);
	first.insert(first.end(), rest.begin(), rest.end());
	EXPECT_EQ(first, stream);
	EXPECT_TRUE(save_all(false, 1000).empty());
}

TEST_F(PfDriver, NewStreamBeginsAtItsFirstByte)
{
	ASSERT_EQ(probe(), 0);
	stream = pattern(5000);
	serve_stream(1500);
	services.ops->save_begin(services.ctx, 2);
	save_all(true, 1000);
	services.ops->save_begin(services.ctx, 2);
	EXPECT_EQ(save_all(false, 1000), stream);
}

TEST_F(PfDriver, StreamIsLoadedByteForByte)
{
	ASSERT_EQ(probe(), 0);
	std::vector<uint8_t> data = pattern(70000);
	take_stream(70000);
	EXPECT_EQ(load(data), 0);
	EXPECT_EQ(stream, data);
	EXPECT_EQ(commands.size(), 3u);
}

TEST_F(PfDriver, CutStreamIsRefused)
{
	ASSERT_EQ(probe(), 0);
	take_stream(70000);
	EXPECT_EQ(load(pattern(69999)), -EINVAL);
	EXPECT_EQ(commands.back().datalen, 0u);
}

TEST_F(PfDriver, BytesBehindTheEndAreRefused)
{
	ASSERT_EQ(probe(), 0);
	take_stream(32768);
	EXPECT_EQ(load(pattern(32769)), -EINVAL);
}

TEST_F(PfDriver, EmptyStreamIsRefused)
{
	ASSERT_EQ(probe(), 0);
	take_stream(100);
	EXPECT_EQ(load({}), -EINVAL);
}

/* Commands of two VFs' drivers share one descriptor ring and one buffer. */
TEST_F(PfDriver, ConcurrentCallersTakeTurns)
{
	struct Caller {
		struct vf_services services;
		uint32_t vf;
		std::vector<uint8_t> got;
	};
	ASSERT_EQ(probe(), 0);
	stream = pattern(40000);
	serve_stream(0);
	command_ps = PS_PER_MS;
	Caller callers[2] = {{services, 0, {}}, {services, 1, {}}};
	for (auto &caller : callers)
		actors.push_back(actor_start(
			&sim, "caller",
			[](struct actor *self, void *arg) {
				auto *c = static_cast<Caller *>(arg);
				std::vector<uint8_t> buffer(999);
				ssize_t n;
				c->services.ops->save_begin(c->services.ctx, c->vf);
				while ((n = c->services.ops->save(c->services.ctx, self, c->vf,
								  false, buffer.data(),
								  buffer.size())) > 0)
					c->got.insert(c->got.end(), buffer.begin(),
						      buffer.begin() + n);
			},
			&caller));
	sim_run(&sim, sim_now(&sim) + PS_PER_S, nullptr);
	EXPECT_EQ(callers[0].got, stream);
	EXPECT_EQ(callers[1].got, stream);
}
} // namespace

/* --- DMA log --- */

/* A firmware with a log of VF 1, whose bits are `log`, from page 0x100 on. */
class PfDriverLog : public PfDriver
{
protected:
	void SetUp() override
	{
		PfDriver::SetUp();
		firmware = [this](struct aq_desc &d, uint8_t *buffer) {
			uint64_t page = ((uint64_t)d.cookie_high << 32 | d.cookie_low) >> 12;

			if (d.opcode == AQC_GET_VERSION)
				d.param1 = PF_FEATURE_DMA_LOG;
			if (d.opcode == AQC_VF_LOG_START && d.datalen) {
				ranges.resize(d.datalen / sizeof(ranges[0]));
				std::memcpy(ranges.data(), buffer, d.datalen);
				d.param1 = 12;
			}
			if (d.opcode != AQC_VF_LOG_READ)
				return;
			std::memset(buffer, 0, d.datalen);
			for (uint64_t dirty : log)
				if (dirty >= page && dirty < page + d.param1) {
					uint64_t bit = dirty - page;
					buffer[bit / 8] |= (uint8_t)(1u << bit % 8);
				}
		};
		ASSERT_EQ(probe(), 0);
	}
	int start(std::vector<struct vf_log_range> range, uint64_t page = 4096)
	{
		int ret = 1;
		act([&](struct actor *self) {
			ret = services.ops->log_start(services.ctx, self, 1, range.data(),
						      (uint32_t)range.size(), &page);
		});
		page_size = page;
		return ret;
	}
	int read(uint64_t iova, uint64_t len)
	{
		int ret = 1;
		found.clear();
		act([&](struct actor *self) {
			ret = services.ops->log_read(
				services.ctx, self, 1, iova, len,
				[](void *arg, uint64_t at, uint64_t bytes) {
					static_cast<PfDriverLog *>(arg)->found.push_back(
						{at, bytes});
				},
				this);
		});
		return ret;
	}
	uint64_t page_size = 0;
	std::vector<struct pf_log_range> ranges;
	std::vector<uint64_t> log;
	std::vector<std::pair<uint64_t, uint64_t>> found;
};

using Found = std::vector<std::pair<uint64_t, uint64_t>>;

TEST_F(PfDriverLog, IsOfferedForTheVfsThatThereAre)
{
	EXPECT_TRUE(services.ops->logs_dma(services.ctx, 3));
	EXPECT_FALSE(services.ops->logs_dma(services.ctx, 4));
}

TEST_F(PfDriverLog, RangesTravelInTheBufferAndThePageSizeComesBack)
{
	ASSERT_EQ(start({{0x100000, 0x2000}, {0x200000, 0x1000}}, 65536), 0);
	ASSERT_EQ(ranges.size(), 2u);
	EXPECT_EQ(ranges[1].iova, 0x200000u);
	EXPECT_EQ(ranges[1].len, 0x1000u);
	EXPECT_EQ(commands[0].param1, 16u); /* as it went out */
	EXPECT_EQ(page_size, 4096u);
}

TEST_F(PfDriverLog, ReadTellsPagesClippedToWhatWasAsked)
{
	log = {0x100, 0x102, 0x103, 0x110};
	ASSERT_EQ(start({{0x100000, 0x20000}}), 0);
	EXPECT_EQ(read(0x100800, 0x2900), 0);
	EXPECT_EQ(found, (Found{{0x100800, 0x800}, {0x102000, 0x1000}, {0x103000, 0x100}}));
}

TEST_F(PfDriverLog, LongReadIsManyCommands)
{
	const uint64_t pages = 3 * STATE_PART_BYTES * 8 + 5;

	log = {0x100, 0x100 + STATE_PART_BYTES * 8, 0x100 + pages - 1};
	ASSERT_EQ(start({{0x100000, pages << 12}}), 0);
	commands.clear();
	EXPECT_EQ(read(0x100000, pages << 12), 0);
	EXPECT_EQ(commands.size(), 4u);
	ASSERT_EQ(found.size(), 3u);
	EXPECT_EQ(found[2].first, (0x100 + pages - 1) << 12);
}

TEST_F(PfDriverLog, ReadOutsideOfWhatIsLoggedIsRefusedBeforeAnythingIsTaken)
{
	ASSERT_EQ(start({{0x100000, 0x2000}, {0x200000, 0x1000}}), 0);
	commands.clear();
	EXPECT_EQ(read(0x100000, 0), -EINVAL);
	EXPECT_EQ(read(0xff000, 0x2000), -EINVAL);
	EXPECT_EQ(read(0x200000, 0x1001), -EINVAL);
	EXPECT_TRUE(commands.empty());
	EXPECT_EQ(read(0x101000, 0x100000), 0); /* across the hole */
}

TEST_F(PfDriverLog, RefusalsBecomeWhatDriversGive)
{
	const std::pair<uint16_t, int> codes[] = {{AQ_RC_ERANGE, -EOPNOTSUPP},
						  {AQ_RC_EINVAL, -EINVAL},
						  {AQ_RC_EBUSY, -EIO},
						  {AQ_RC_ENOENT, -EIO}};

	ASSERT_EQ(start({{0x100000, 0x2000}}), 0);
	for (auto [code, error] : codes) {
		uint16_t retval = code;
		firmware = [retval](struct aq_desc &d, uint8_t *) {
			d.retval = retval;
		};
		EXPECT_EQ(start({{0x100000, 0x2000}}), error);
		EXPECT_EQ(read(0x100000, 0x1000), error);
	}
}

TEST_F(PfDriver, FirmwareWithoutALogOffersNone)
{
	ASSERT_EQ(probe(), 0);
	EXPECT_FALSE(services.ops->logs_dma(services.ctx, 0));
}
