// SPDX-License-Identifier: Apache-2.0
// Stage 2 domains, substreams and nested streams.
#include <cerrno>

#include "testbench/unit/uapi-smmu-driver/smmu_host.hpp"

namespace
{
constexpr uint64_t kPa = kDramPa + (UINT64_C(4) << 30);
using Opcodes = std::vector<uint64_t>;

class SmmuDriverStages : public SmmuHost
{
protected:
	static SmmuHostOptions with_stage2(uint8_t ssid_bits = 0)
	{
		SmmuHostOptions wanted;

		wanted.stage2 = true;
		wanted.ssid_bits = ssid_bits;
		return wanted;
	}

	struct smmu_domain *stage2(bool dirty = false)
	{
		struct smmu_domain *domain = nullptr;

		run([&](struct actor *) {
			ASSERT_EQ(smmu_domain_alloc_stage2(driver, dirty, &domain), 0);
		});
		return domain;
	}

	struct smmu_domain *stage1()
	{
		struct smmu_domain *domain = nullptr;

		run([&](struct actor *) {
			ASSERT_EQ(smmu_domain_alloc(driver, false, &domain), 0);
		});
		return domain;
	}

	int attach(struct smmu_domain *domain)
	{
		int err = 0;

		run([&](struct actor *self) { err = smmu_domain_attach(domain, self, kStream); });
		settle();
		return err;
	}

	int attach_pasid(struct smmu_domain *domain, uint32_t pasid, bool replace = false)
	{
		int err = 0;

		run([&](struct actor *self) {
			err = smmu_domain_attach_pasid(domain, self, kStream, pasid, replace);
		});
		return err;
	}

	void block_and_free(std::vector<struct smmu_domain *> domains)
	{
		run([&](struct actor *self) {
			smmu_driver_attach_blocked(driver, self, kStream);
			for (struct smmu_domain *domain : domains)
				smmu_domain_free(domain, self);
		});
	}

	enum bus_status write_substream(uint64_t iova, uint8_t value, uint32_t substream)
	{
		Dma dma(BUS_WRITE, kStream, iova, std::vector<uint8_t>(64, value));

		dma.req.attr.substream_valid = true;
		dma.req.attr.substream_id = substream;
		return access(dma);
	}
};
} // namespace

TEST_F(SmmuDriverStages, AStage2DomainNeedsAnSmmuThatHasIt)
{
	start();
	struct smmu_domain *domain = nullptr;

	EXPECT_EQ(smmu_domain_alloc_stage2(driver, false, &domain), -EOPNOTSUPP);
}

TEST_F(SmmuDriverStages, AStage2DomainTranslatesAndForgets)
{
	start(with_stage2());
	struct smmu_domain *domain = stage2();

	ASSERT_EQ(map(domain, 0x4000, kPa, 0x1000), 0);
	ASSERT_EQ(attach(domain), 0);
	EXPECT_EQ(write(0x4010, 7), BUS_OK);
	EXPECT_EQ(byte_at(kPa + 0x10), 7);
	EXPECT_EQ(read(0x5000), BUS_FAULT);
	traced.clear();
	run([&](struct actor *self) {
		EXPECT_EQ(smmu_domain_unmap(domain, self, 0x4000, 0x1000), 0x1000u);
	});
	EXPECT_EQ(commands(), (Opcodes{CMD_TLBI_S2_IPA, CMD_SYNC}));
	EXPECT_EQ(read(0x4010), BUS_FAULT);
	block_and_free({domain});
}

TEST_F(SmmuDriverStages, AStage2DomainTellsWhatWasWritten)
{
	start(with_stage2());
	struct smmu_domain *domain = stage2(true);
	uint64_t begin_ps, found = 0;
	auto count = [](void *ctx, uint64_t iova, uint64_t len) {
		*static_cast<uint64_t *>(ctx) += iova + len;
	};
	auto take = [&] {
		found = 0;
		run([&](struct actor *self) {
			EXPECT_EQ(smmu_domain_read_dirty(domain, self, 0x4000, 0x4000, false, count,
							 &found, &begin_ps),
				  0);
		});
		return found;
	};

	ASSERT_EQ(map(domain, 0x4000, kPa, 0x4000), 0);
	ASSERT_EQ(attach(domain), 0);
	EXPECT_EQ(take(), 0x4000u + 0x4000u) << "writable pages begin dirty";
	EXPECT_EQ(take(), 0u);
	EXPECT_EQ(write(0x6000, 1), BUS_OK);
	EXPECT_EQ(read(0x7000), BUS_OK);
	EXPECT_EQ(take(), 0x6000u + 0x1000u);
	EXPECT_EQ(write(0x6000, 2), BUS_OK) << "the TLB has the page, its descriptor is clean";
	EXPECT_EQ(take(), 0x6000u + 0x1000u);
	block_and_free({domain});
}

TEST_F(SmmuDriverStages, SubstreamsHaveAddressSpacesOfTheirOwn)
{
	start(with_stage2(4));
	struct smmu_domain *plain = stage1(), *one = stage1(), *two = stage1();

	ASSERT_EQ(map(plain, 0x4000, kPa, 0x1000), 0);
	ASSERT_EQ(map(one, 0x4000, kPa + 0x1000, 0x1000), 0);
	ASSERT_EQ(map(two, 0x4000, kPa + 0x2000, 0x1000), 0);
	EXPECT_EQ(attach_pasid(one, 1), -EINVAL) << "the stream is attached to nothing";
	ASSERT_EQ(attach(plain), 0);
	ASSERT_EQ(attach_pasid(one, 1), 0);
	ASSERT_EQ(attach_pasid(two, 15), 0);
	EXPECT_EQ(attach_pasid(two, 1), -EBUSY);
	EXPECT_EQ(attach_pasid(two, 0), -ERANGE);
	EXPECT_EQ(attach_pasid(two, 16), -ERANGE);
	EXPECT_EQ(write(0x4000, 1), BUS_OK);
	EXPECT_EQ(write_substream(0x4000, 2, 1), BUS_OK);
	EXPECT_EQ(write_substream(0x4000, 3, 15), BUS_OK);
	EXPECT_EQ(write_substream(0x4000, 4, 2), BUS_FAULT);
	for (uint8_t i = 0; i < 3; i++)
		EXPECT_EQ(byte_at(kPa + i * 0x1000), i + 1);
	run([&](struct actor *self) {
		EXPECT_EQ(smmu_driver_detach_pasid(driver, self, kStream, 1), 0);
		EXPECT_EQ(smmu_driver_detach_pasid(driver, self, kStream, 1), -ENOENT);
	});
	EXPECT_EQ(write_substream(0x4000, 5, 1), BUS_FAULT);
	EXPECT_EQ(write_substream(0x4000, 6, 15), BUS_OK);
	EXPECT_EQ(attach(one), 0) << "what has no substream may change its domain";
	EXPECT_EQ(write(0x4000, 7), BUS_OK);
	EXPECT_EQ(byte_at(kPa + 0x1000), 7);
	EXPECT_EQ(write_substream(0x4000, 8, 15), BUS_OK);
	struct smmu_domain *all = stage2();
	EXPECT_EQ(attach(all), -EBUSY) << "there is one stage 2 for all of a stream";
	run([&](struct actor *self) {
		EXPECT_EQ(smmu_driver_detach_pasid(driver, self, kStream, 15), 0);
	});
	block_and_free({plain, one, two, all});
}

TEST_F(SmmuDriverStages, ASubstreamChangesItsDomain)
{
	start(with_stage2(4));
	struct smmu_domain *one = stage1(), *two = stage1();

	ASSERT_EQ(map(one, 0x4000, kPa, 0x1000), 0);
	ASSERT_EQ(map(two, 0x4000, kPa + 0x1000, 0x1000), 0);
	run([&](struct actor *self) { smmu_driver_attach_blocked(driver, self, kStream); });
	ASSERT_EQ(attach_pasid(one, 3), 0);
	EXPECT_EQ(write_substream(0x4000, 1, 3), BUS_OK);
	ASSERT_EQ(attach_pasid(two, 3, true), 0);
	EXPECT_EQ(write_substream(0x4000, 2, 3), BUS_OK);
	EXPECT_EQ(byte_at(kPa), 1);
	EXPECT_EQ(byte_at(kPa + 0x1000), 2);
	EXPECT_EQ(attach_pasid(two, 3, true), 0) << "the same one";
	run([&](struct actor *self) { smmu_domain_free(one, self); });
	run([&](struct actor *self) { smmu_driver_detach_pasid(driver, self, kStream, 3); });
	block_and_free({two});
}

TEST_F(SmmuDriverStages, AnUnmapReachesTheSubstreamsOfItsDomainAlone)
{
	start(with_stage2(4));
	struct smmu_domain *one = stage1(), *two = stage1();

	ASSERT_EQ(map(one, 0x4000, kPa, 0x1000), 0);
	ASSERT_EQ(map(two, 0x4000, kPa + 0x1000, 0x1000), 0);
	run([&](struct actor *self) { smmu_driver_attach_blocked(driver, self, kStream); });
	ASSERT_EQ(attach_pasid(one, 1), 0);
	ASSERT_EQ(attach_pasid(two, 2), 0);
	ASSERT_EQ(attach_pasid(one, 3), 0);
	for (uint32_t pasid = 1; pasid <= 3; pasid++)
		ASSERT_EQ(write_substream(0x4000, (uint8_t)pasid, pasid), BUS_OK) << pasid;
	traced.clear();
	run([&](struct actor *self) {
		EXPECT_EQ(smmu_domain_unmap(one, self, 0x4000, 0x1000), 0x1000u);
	});
	EXPECT_EQ(commands(), (Opcodes{CMD_TLBI_NH_VA, CMD_SYNC})) << "by the domain's ASID";
	EXPECT_EQ(write_substream(0x4000, 4, 1), BUS_FAULT);
	EXPECT_EQ(write_substream(0x4000, 5, 3), BUS_FAULT);
	EXPECT_EQ(write_substream(0x4000, 6, 2), BUS_OK);
	EXPECT_EQ(byte_at(kPa), 3);
	EXPECT_EQ(byte_at(kPa + 0x1000), 6);
	run([&](struct actor *self) {
		for (uint32_t pasid = 1; pasid <= 3; pasid++)
			smmu_driver_detach_pasid(driver, self, kStream, pasid);
	});
	block_and_free({one, two});
}

/* The table ends there: what lies behind it belongs to others. */
TEST_F(SmmuDriverStages, ALinearTableHasAThousandSubstreamsAndNoMore)
{
	SmmuHostOptions wanted = with_stage2(12);

	wanted.two_level_cd = false;
	start(wanted);
	struct smmu_domain *one = stage1();

	ASSERT_EQ(map(one, 0x4000, kPa, 0x1000), 0);
	run([&](struct actor *self) { smmu_driver_attach_blocked(driver, self, kStream); });
	ASSERT_EQ(attach_pasid(one, 1023), 0);
	EXPECT_EQ(write_substream(0x4000, 1, 1023), BUS_OK);
	EXPECT_EQ(attach_pasid(one, 1024), -ERANGE);
	run([&](struct actor *self) { smmu_driver_detach_pasid(driver, self, kStream, 1023); });
	block_and_free({one});
}

TEST_F(SmmuDriverStages, SubstreamsWorkWhileTheRestIsBlockedOrIdentical)
{
	start(with_stage2(4));
	struct smmu_domain *one = stage1();

	ASSERT_EQ(map(one, 0x4000, kPa + 0x1000, 0x1000), 0);
	run([&](struct actor *self) { smmu_driver_attach_blocked(driver, self, kStream); });
	ASSERT_EQ(attach_pasid(one, 3), 0);
	EXPECT_EQ(write_substream(0x4000, 1, 3), BUS_OK);
	EXPECT_NE(write(0x4000, 2), BUS_OK) << "S1DSS terminates";
	run([&](struct actor *self) { smmu_driver_attach_identity(driver, self, kStream); });
	EXPECT_EQ(write(kPa, 3), BUS_OK) << "S1DSS bypasses";
	EXPECT_EQ(byte_at(kPa), 3);
	EXPECT_EQ(write_substream(0x4000, 4, 3), BUS_OK);
	EXPECT_EQ(byte_at(kPa + 0x1000), 4);
	run([&](struct actor *self) { smmu_driver_detach_pasid(driver, self, kStream, 3); });
	events.clear();
	EXPECT_EQ(write_substream(0x4000, 5, 3), BUS_FAULT);
	ASSERT_EQ(events.size(), 1u);
	EXPECT_EQ(events[0][0] & 0xff, (uint64_t)C_BAD_SUBSTREAMID)
		<< "an entry without substreams";
	EXPECT_EQ(write(kPa, 6), BUS_OK);
	run([&](struct actor *self) { smmu_driver_attach_blocked(driver, self, kStream); });
	EXPECT_NE(write(kPa, 7), BUS_OK);
	block_and_free({one});
}

TEST_F(SmmuDriverStages, AFunctionHasTheSubstreamsThatItMaySend)
{
	pasid_bits = 2;
	start(with_stage2(4));
	struct smmu_domain *one = stage1();

	EXPECT_EQ(smmu_driver_pasids(driver, kStream).bits, 0u) << "not asked yet";
	ASSERT_EQ(attach(one), 0);
	EXPECT_EQ(smmu_driver_pasids(driver, kStream).bits, 2u);
	EXPECT_EQ(attach_pasid(one, 3), 0);
	EXPECT_EQ(attach_pasid(one, 4), -ERANGE);
	EXPECT_EQ(pasid_enables, 1u);
	run([&](struct actor *self) { smmu_driver_detach_pasid(driver, self, kStream, 3); });
	block_and_free({one});
}

TEST_F(SmmuDriverStages, ManySubstreamsTakeATableOfTwoLevels)
{
	start(with_stage2(16));
	struct smmu_domain *plain = stage1(), *far = stage1();

	ASSERT_EQ(map(far, 0x4000, kPa, 0x1000), 0);
	ASSERT_EQ(attach(plain), 0);
	ASSERT_EQ(attach_pasid(far, 65535), 0);
	EXPECT_EQ(write_substream(0x4000, 9, 65535), BUS_OK);
	EXPECT_EQ(byte_at(kPa), 9);
	EXPECT_EQ(write_substream(0x4000, 9, 65534), BUS_FAULT);
	EXPECT_EQ(write_substream(0x4000, 9, 3), BUS_FAULT) << "no leaf table at all";
	run([&](struct actor *self) { smmu_driver_detach_pasid(driver, self, kStream, 65535); });
	block_and_free({plain, far});
}

TEST_F(SmmuDriverStages, GuestsMayInvalidateTheirOwnOnly)
{
	start(with_stage2());
	struct smmu_domain *parent = stage2(), *first = stage1();
	const uint64_t good[3][2] = {{CMD_TLBI_NH_VA | field_put(TLBI0_VMID, 77), 0x4000},
				     {CMD_TLBI_NSNH_ALL, 0},
				     {CMD_CFGI_CD | field_put(CMD0_STREAMID, 5), 1}};
	const uint64_t bad[1][2] = {{CMD_CFGI_STE, 0}};
	const uint64_t no_ats[1][2] = {{CMD_ATC_INV, 0}};

	traced.clear();
	run([&](struct actor *self) {
		EXPECT_EQ(smmu_driver_guest_commands(parent, self, kStream, good, 3), 0);
		EXPECT_EQ(smmu_driver_guest_commands(parent, self, kStream, bad, 1), -EIO);
		EXPECT_EQ(smmu_driver_guest_commands(parent, self, kStream, no_ats, 1), -EIO);
		EXPECT_EQ(smmu_domain_attach_nested(first, self, kStream, good[0], 1), -EINVAL);
	});
	EXPECT_EQ(commands(), (Opcodes{CMD_TLBI_NH_VA, CMD_TLBI_NH_ALL, CMD_CFGI_CD, CMD_SYNC}));
	block_and_free({parent, first});
}
