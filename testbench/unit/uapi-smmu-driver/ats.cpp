// SPDX-License-Identifier: Apache-2.0
// Devices that cache translations: when ATS goes on and off, and what is taken out of their caches.
#include <algorithm>
#include <cerrno>

#include "testbench/unit/uapi-smmu-driver/smmu_host.hpp"

namespace
{
constexpr uint64_t kPage = 4096, k2M = UINT64_C(1) << 21;
constexpr uint64_t kPa = kDramPa + (UINT64_C(4) << 30);

class SmmuDriverAts : public SmmuHost
{
protected:
	using Opcodes = std::vector<uint64_t>;

	void start_ats(bool lazy = false)
	{
		SmmuHostOptions wanted;

		wanted.ats = true;
		wanted.lazy = lazy;
		start(wanted);
	}

	uint64_t ste1()
	{
		uint64_t word;
		uint64_t pa = driver->strtab.l2_pa[kStream / 256] + kStream % 256 * STE_BYTES;

		dram_read(dram, pa + 8, &word, 8);
		return word;
	}

	// Opcodes without the prefetch hint.
	Opcodes issued()
	{
		Opcodes opcodes;

		for (uint64_t opcode : commands())
			if (opcode != CMD_PREFETCH_CONFIG)
				opcodes.push_back(opcode);
		return opcodes;
	}

	struct smmu_domain *mapped_domain(uint64_t iova, uint64_t len)
	{
		struct smmu_domain *domain = attached_domain();

		EXPECT_EQ(map(domain, iova, kPa, len), 0);
		traced.clear();
		invalidations.clear();
		answered = 0;
		return domain;
	}
};
} // namespace

TEST_F(SmmuDriverAts, TheSmmuChecksTranslatedAccesses)
{
	start_ats();
	run([&](struct actor *self) {
		EXPECT_TRUE(driver_reg_read(driver, self, SMMU_CR0ACK) & CR0_ATSCHK);
	});
}

TEST_F(SmmuDriverAts, GoesOnAfterTheStreamAllowsIt)
{
	uint64_t eats = 0;

	start_ats();
	on_switch = [&](uint32_t stream, bool on) {
		EXPECT_EQ(stream, kStream);
		EXPECT_TRUE(on);
		eats = field_get(STE1_EATS, ste1());
		ASSERT_EQ(invalidations.size(), 1u) << "its cache is empty before";
		EXPECT_EQ(invalidations[0].shift, ATS_EVERYTHING);
	};
	struct smmu_domain *domain = attached_domain();
	EXPECT_EQ(eats, STE1_EATS_FULL);
	EXPECT_EQ(switched.size(), 1u);
	on_switch = [](uint32_t, bool) {
	};
	release(domain);
}

TEST_F(SmmuDriverAts, GoesOffBeforeTheStreamForbidsIt)
{
	uint64_t eats = 0;

	start_ats();
	struct smmu_domain *domain = mapped_domain(k2M, kPage);
	on_switch = [&](uint32_t, bool on) {
		EXPECT_FALSE(on);
		eats = field_get(STE1_EATS, ste1());
	};
	release(domain);
	EXPECT_EQ(eats, STE1_EATS_FULL) << "the stream still allowed it";
	EXPECT_EQ(switched.size(), 2u);
	ASSERT_EQ(invalidations.size(), 1u);
	EXPECT_EQ(invalidations[0].shift, ATS_EVERYTHING);
	Opcodes opcodes = issued();
	auto inv = std::find(opcodes.begin(), opcodes.end(), CMD_ATC_INV);
	EXPECT_NE(std::find(opcodes.begin(), inv, CMD_CFGI_STE), inv) << "then its cache";
}

TEST_F(SmmuDriverAts, UnmapTakesItOutOfTheTlbFirst)
{
	start_ats();
	struct smmu_domain *domain = mapped_domain(k2M, 4 * kPage);
	EXPECT_EQ(unmap(domain, k2M, kPage), kPage);
	EXPECT_EQ(issued(), (Opcodes{CMD_TLBI_NH_VA, CMD_SYNC, CMD_ATC_INV, CMD_SYNC}));
	ASSERT_EQ(invalidations.size(), 1u);
	EXPECT_EQ(invalidations[0].addr, k2M);
	EXPECT_EQ(invalidations[0].shift, 12u);
	EXPECT_FALSE(invalidations[0].substream_valid);
	EXPECT_EQ(answered, 1u) << "unmap waits for the device";
	release(domain);
}

TEST_F(SmmuDriverAts, TheSpanIsTheSmallestThatCovers)
{
	start_ats();
	struct smmu_domain *domain = mapped_domain(k2M, 16 * kPage);
	unmap(domain, k2M + 3 * kPage, 2 * kPage); /* pages 3 and 4: aligned, that is 0 to 7 */
	EXPECT_EQ(invalidations.at(0).addr, k2M);
	EXPECT_EQ(invalidations[0].shift, 15u);
	unmap(domain, k2M + 8 * kPage, 4 * kPage);
	EXPECT_EQ(invalidations.at(1).addr, k2M + 8 * kPage);
	EXPECT_EQ(invalidations[1].shift, 14u);
	release(domain);
}

TEST_F(SmmuDriverAts, EachStreamOfADomainIsTold)
{
	start_ats();
	struct smmu_domain *domain = mapped_domain(k2M, kPage);
	run([&](struct actor *self) {
		ASSERT_EQ(smmu_domain_attach(domain, self, kStream + 1), 0);
	});
	invalidations.clear();
	answered = 0;
	traced.clear();
	unmap(domain, k2M, kPage);
	ASSERT_EQ(invalidations.size(), 2u);
	EXPECT_NE(invalidations[0].stream_id, invalidations[1].stream_id);
	EXPECT_EQ(issued(),
		  (Opcodes{CMD_TLBI_NH_VA, CMD_SYNC, CMD_ATC_INV, CMD_ATC_INV, CMD_SYNC}));
	run([&](struct actor *self) { smmu_driver_attach_blocked(driver, self, kStream + 1); });
	release(domain);
}

TEST_F(SmmuDriverAts, ALazyFlushTakesEverything)
{
	start_ats(true);
	struct smmu_domain *domain = mapped_domain(k2M, kPage);
	unmap(domain, k2M, kPage);
	EXPECT_TRUE(invalidations.empty());
	settle(20 * PS_PER_MS);
	ASSERT_EQ(invalidations.size(), 1u);
	EXPECT_EQ(invalidations[0].shift, ATS_EVERYTHING);
	release(domain);
}

TEST_F(SmmuDriverAts, ADeviceWithoutItIsLeftAlone)
{
	start_ats();
	device_has_ats = false;
	struct smmu_domain *domain = mapped_domain(k2M, kPage);
	EXPECT_EQ(field_get(STE1_EATS, ste1()), STE1_EATS_UR);
	unmap(domain, k2M, kPage);
	EXPECT_EQ(issued(), (Opcodes{CMD_TLBI_NH_VA, CMD_SYNC}));
	release(domain);
	EXPECT_TRUE(switched.empty());
}

TEST_F(SmmuDriverAts, AnSmmuWithoutItNeverAsksTheDevice)
{
	start();
	struct smmu_domain *domain = mapped_domain(k2M, kPage);
	EXPECT_EQ(field_get(STE1_EATS, ste1()), STE1_EATS_UR);
	unmap(domain, k2M, kPage);
	release(domain);
	EXPECT_TRUE(switched.empty());
	EXPECT_TRUE(invalidations.empty());
}

TEST_F(SmmuDriverAts, IsOffDuringAReset)
{
	start_ats();
	struct smmu_domain *domain = mapped_domain(k2M, 2 * kPage);
	run([&](struct actor *self) { smmu_driver_reset_begins(driver, self, kStream); });
	EXPECT_FALSE(switched.back().second);
	device_answers = false; /* it could not */
	invalidations.clear();
	unmap(domain, k2M, kPage);
	EXPECT_TRUE(invalidations.empty());
	device_answers = true;
	answered = 0;
	run([&](struct actor *self) { smmu_driver_reset_ended(driver, self, kStream); });
	EXPECT_TRUE(switched.back().second);
	unmap(domain, k2M + kPage, kPage);
	EXPECT_EQ(invalidations.size(), 2u) << "all at first, then the page";
	release(domain);
}

TEST_F(SmmuDriverAts, ADeviceThatDoesNotAnswerIsReportedAndTheSyncRepeated)
{
	start_ats();
	struct smmu_domain *domain = mapped_domain(k2M, kPage);
	device_answers = false;
	uint64_t began = sim_now(&sim);
	EXPECT_EQ(unmap(domain, k2M, kPage), kPage);
	EXPECT_GE(sim_now(&sim) - began, PS_PER_MS);
	EXPECT_TRUE(log_has("ATC invalidate timeout"));
	device_answers = true;
	answered = invalidations.size();
	release(domain);
}

// Substreams, stage 2 and nested streams.
class SmmuDriverAtsStages : public SmmuDriverAts
{
protected:
	void SetUp() override
	{
		SmmuHostOptions wanted;

		SmmuDriverAts::SetUp();
		wanted.ats = wanted.stage2 = true;
		wanted.ssid_bits = 4;
		start(wanted);
		run([&](struct actor *self) {
			ASSERT_EQ(smmu_domain_alloc(driver, false, &first), 0);
			ASSERT_EQ(smmu_domain_alloc(driver, false, &second), 0);
			ASSERT_EQ(smmu_domain_alloc_stage2(driver, false, &parent), 0);
		});
		for (struct smmu_domain *domain : {first, second, parent})
			ASSERT_EQ(map(domain, k2M, kPa, 2 * kPage), 0);
	}

	void TearDown() override
	{
		run([&](struct actor *self) {
			smmu_driver_attach_blocked(driver, self, kStream);
			for (struct smmu_domain *domain : {first, second, parent})
				smmu_domain_free(domain, self);
		});
		SmmuDriverAts::TearDown();
	}

	void forget()
	{
		traced.clear();
		invalidations.clear();
		answered = 0;
	}

	int attach_nested(uint64_t eats)
	{
		const uint64_t vste[2] = {STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_S1) | kPa,
					  field_put(STE1_EATS, eats)};
		int err = 0;

		run([&](struct actor *self) {
			err = smmu_domain_attach_nested(parent, self, kStream, vste, 77);
		});
		return err;
	}

	struct smmu_domain *first = nullptr, *second = nullptr, *parent = nullptr;
};

TEST_F(SmmuDriverAtsStages, ASubstreamIsToldByItsNumber)
{
	run([&](struct actor *self) {
		ASSERT_EQ(smmu_domain_attach(first, self, kStream), 0);
		ASSERT_EQ(smmu_domain_attach_pasid(second, self, kStream, 5, false), 0);
		ASSERT_EQ(smmu_domain_attach_pasid(first, self, kStream, 6, false), 0);
	});
	forget();
	unmap(second, k2M, kPage);
	ASSERT_EQ(invalidations.size(), 1u);
	EXPECT_TRUE(invalidations[0].substream_valid);
	EXPECT_EQ(invalidations[0].substream_id, 5u);
	EXPECT_EQ(invalidations[0].addr, k2M);
	EXPECT_EQ(invalidations[0].shift, 12u);
	forget();
	unmap(first, k2M, kPage);
	ASSERT_EQ(invalidations.size(), 2u);
	EXPECT_NE(invalidations[0].substream_valid, invalidations[1].substream_valid);
	forget();
	run([&](struct actor *self) {
		ASSERT_EQ(smmu_driver_detach_pasid(driver, self, kStream, 5), 0);
	});
	ASSERT_EQ(invalidations.size(), 1u);
	EXPECT_TRUE(invalidations[0].substream_valid);
	EXPECT_EQ(invalidations[0].shift, ATS_EVERYTHING);
	run([&](struct actor *self) {
		ASSERT_EQ(smmu_driver_detach_pasid(driver, self, kStream, 6), 0);
	});
}

TEST_F(SmmuDriverAtsStages, Stage2IsNoDifferent)
{
	run([&](struct actor *self) { ASSERT_EQ(smmu_domain_attach(parent, self, kStream), 0); });
	EXPECT_EQ(field_get(STE1_EATS, ste1()), STE1_EATS_FULL);
	forget();
	unmap(parent, k2M, kPage);
	EXPECT_EQ(issued(), (Opcodes{CMD_TLBI_S2_IPA, CMD_SYNC, CMD_ATC_INV, CMD_SYNC}));
	EXPECT_EQ(invalidations.at(0).shift, 12u);
}

TEST_F(SmmuDriverAtsStages, WhatLiesBehindAGuestIsForgottenAltogether)
{
	ASSERT_EQ(attach_nested(STE1_EATS_FULL), 0);
	EXPECT_EQ(field_get(STE1_EATS, ste1()), STE1_EATS_FULL);
	EXPECT_TRUE(switched.back().second);
	forget();
	unmap(parent, k2M, kPage);
	ASSERT_EQ(invalidations.size(), 1u);
	EXPECT_EQ(invalidations[0].shift, ATS_EVERYTHING);
}

TEST_F(SmmuDriverAtsStages, AGuestMayLeaveItOff)
{
	run([&](struct actor *self) { ASSERT_EQ(smmu_domain_attach(first, self, kStream), 0); });
	EXPECT_EQ(attach_nested(STE1_EATS_SPLIT), -EIO);
	ASSERT_EQ(attach_nested(STE1_EATS_UR), 0);
	EXPECT_EQ(field_get(STE1_EATS, ste1()), STE1_EATS_UR);
	EXPECT_FALSE(switched.back().second);
	forget();
	unmap(parent, k2M, kPage);
	EXPECT_TRUE(invalidations.empty());
}

TEST_F(SmmuDriverAtsStages, AGuestsInvalidationGoesToItsStream)
{
	const uint64_t command[1][2] = {{CMD_ATC_INV | field_put(CMD0_STREAMID, 3) | CMD0_SSV |
						 field_put(CMD0_SUBSTREAMID, 2),
					 k2M | 1}};

	ASSERT_EQ(attach_nested(STE1_EATS_FULL), 0);
	forget();
	run([&](struct actor *self) {
		EXPECT_EQ(smmu_driver_guest_commands(parent, self, kStream, command, 1), 0);
	});
	ASSERT_EQ(invalidations.size(), 1u);
	EXPECT_EQ(invalidations[0].stream_id, kStream);
	EXPECT_EQ(invalidations[0].substream_id, 2u);
	EXPECT_EQ(invalidations[0].shift, 13u);
}

TEST_F(SmmuDriverAtsStages, WhoIsAttachedDuringAResetGetsItAfterwards)
{
	run([&](struct actor *self) {
		ASSERT_EQ(smmu_domain_attach(first, self, kStream), 0);
		smmu_driver_reset_begins(driver, self, kStream);
		ASSERT_EQ(smmu_domain_attach(second, self, kStream), 0);
	});
	EXPECT_FALSE(switched.back().second);
	run([&](struct actor *self) { smmu_driver_reset_ended(driver, self, kStream); });
	EXPECT_TRUE(switched.back().second);
	run([&](struct actor *self) {
		smmu_driver_reset_begins(driver, self, kStream);
		smmu_driver_attach_blocked(driver, self, kStream);
		smmu_driver_reset_ended(driver, self, kStream);
	});
	EXPECT_FALSE(switched.back().second);
}
