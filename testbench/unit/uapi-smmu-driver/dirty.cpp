// SPDX-License-Identifier: Apache-2.0
// Dirty state: read from the tables that the SMMU's hardware update wrote.
#include <cerrno>
#include <set>

#include "base/rng.h"
#include "testbench/unit/uapi-smmu-driver/smmu_host.hpp"

namespace
{
constexpr uint64_t kPage = 4096, k2M = UINT64_C(1) << 21, k1G = UINT64_C(1) << 30;
constexpr uint64_t kPa = kDramPa + (UINT64_C(4) << 30);

class SmmuDriverDirty : public SmmuHost
{
protected:
	std::set<uint64_t> pages(const std::vector<Run> &runs)
	{
		std::set<uint64_t> found;

		for (const Run &r : runs)
			for (uint64_t at = r.iova; at < r.iova + r.len; at += kPage)
				found.insert(at);
		return found;
	}
};
} // namespace

TEST_F(SmmuDriverDirty, NewWritableLeavesBeginDirtyAndAreCleanOnceRead)
{
	start();
	struct smmu_domain *domain = attached_domain();

	ASSERT_EQ(map(domain, 0x1000, kPa, 3 * kPage), 0);
	ASSERT_EQ(map(domain, 0x8000, kPa, kPage, SMMU_PROT_READ), 0);
	ASSERT_EQ(map(domain, k2M, kPa, k2M), 0);
	EXPECT_EQ(read_dirty(domain, 0, 4 * k2M),
		  (std::vector<Run>{{0x1000, 3 * kPage}, {k2M, k2M}}));
	EXPECT_TRUE(read_dirty(domain, 0, 4 * k2M).empty());
	EXPECT_EQ(write(0x2000, 1), BUS_OK);
	EXPECT_EQ(read(0x3000), BUS_OK);
	EXPECT_EQ(write(0x8000, 1), BUS_FAULT);
	EXPECT_EQ(read_dirty(domain, 0, 4 * k2M), (std::vector<Run>{{0x2000, kPage}}));
	release(domain);
}

TEST_F(SmmuDriverDirty, NoClearLeavesThemDirty)
{
	start();
	struct smmu_domain *domain = attached_domain();
	std::vector<Run> all = {{0x1000, 2 * kPage}};

	ASSERT_EQ(map(domain, 0x1000, kPa, 2 * kPage), 0);
	EXPECT_EQ(read_dirty(domain, 0, k2M, true), all);
	EXPECT_EQ(read_dirty(domain, 0, k2M, true), all);
	EXPECT_EQ(read_dirty(domain, 0, k2M, false), all);
	EXPECT_TRUE(read_dirty(domain, 0, k2M, true).empty());
	release(domain);
}

TEST_F(SmmuDriverDirty, ARangeLeavesTheRestAlone)
{
	start();
	struct smmu_domain *domain = attached_domain();

	ASSERT_EQ(map(domain, 0x1000, kPa, 6 * kPage), 0);
	EXPECT_EQ(read_dirty(domain, 0x2000, 2 * kPage), (std::vector<Run>{{0x2000, 2 * kPage}}));
	EXPECT_EQ(read_dirty(domain, 0, k1G),
		  (std::vector<Run>{{0x1000, kPage}, {0x4000, 3 * kPage}}));
	run([&](struct actor *self) {
		uint64_t begin_ps;
		auto none = [](void *, uint64_t, uint64_t) {
		};

		EXPECT_EQ(
			smmu_domain_read_dirty(domain, self, 0, 0, false, none, nullptr, &begin_ps),
			-EINVAL);
		EXPECT_EQ(smmu_domain_read_dirty(domain, self, UINT64_C(1) << 48, kPage, false,
						 none, nullptr, &begin_ps),
			  -EINVAL);
	});
	release(domain);
}

TEST_F(SmmuDriverDirty, ReadsAtOneInstantAfterItsCost)
{
	SmmuHostOptions options;

	options.page_ps = 10 * PS_PER_NS;
	start(options);
	struct smmu_domain *domain = attached_domain();
	uint64_t begin_ps = 0, called_ps = sim_now(&sim), told_ps = 0;

	run([&](struct actor *self) {
		ASSERT_EQ(smmu_domain_map_pages(domain, self, 0, kPa + 2 * k2M - kPage,
						-static_cast<int64_t>(kPage), 1024,
						SMMU_PROT_WRITE),
			  0);
		called_ps = sim_now(&sim);
		struct Told {
			struct sim *sim;
			uint64_t *at_ps;
		} told = {&sim, &told_ps};
		ASSERT_EQ(smmu_domain_read_dirty(
				  domain, self, 0, 2 * k2M, false,
				  [](void *ctx, uint64_t, uint64_t) {
					  auto *t = static_cast<Told *>(ctx);

					  *t->at_ps = sim_now(t->sim);
				  },
				  &told, &begin_ps),
			  0);
	});
	// 1024 leaves, and the entries above them: 1 + 1 + 2.
	EXPECT_EQ(begin_ps - called_ps, (1024 + 4) * 10 * PS_PER_NS);
	EXPECT_EQ(told_ps, begin_ps);
	EXPECT_EQ(sim_now(&sim), begin_ps); // no invalidation
	release(domain);
}

TEST_F(SmmuDriverDirty, InvalidatesOnlyWhenToldTo)
{
	SmmuHostOptions options;

	options.dirty_clear = DIRTY_CLEAR_INVALIDATE;
	start(options);
	struct smmu_domain *domain = attached_domain();
	ASSERT_EQ(map(domain, 0x1000, kPa, 4 * kPage), 0);
	traced.clear();
	read_dirty(domain, 0, k2M, true);
	EXPECT_TRUE(commands().empty());
	read_dirty(domain, 0, k2M);
	EXPECT_EQ(commands(), (std::vector<uint64_t>{CMD_TLBI_NH_VA, CMD_TLBI_NH_VA, CMD_TLBI_NH_VA,
						     CMD_TLBI_NH_VA, CMD_SYNC}));
	traced.clear();
	read_dirty(domain, 0, k2M); // nothing was dirty
	EXPECT_TRUE(commands().empty());
	release(domain);
}

TEST_F(SmmuDriverDirty, TrackingIsAlwaysOnAndOnlyWhereItWasAskedFor)
{
	start();
	struct smmu_domain *with = attached_domain(true), *without = nullptr;

	traced.clear();
	run([&](struct actor *self) {
		ASSERT_EQ(smmu_domain_alloc(driver, false, &without), 0);
		EXPECT_EQ(smmu_domain_set_dirty_tracking(with, self, true), 0);
		EXPECT_EQ(smmu_domain_set_dirty_tracking(with, self, false), 0);
		EXPECT_EQ(smmu_domain_set_dirty_tracking(without, self, true), -EOPNOTSUPP);
		smmu_domain_free(without, self);
	});
	EXPECT_TRUE(commands().empty());
	release(with);
}

// Question 7: without an invalidation, a TLB that keeps writable-dirty entries loses a page.
struct Case {
	const char *name;
	bool cache_dirty;
	enum dirty_clear clear;
	bool loses;
};

class SmmuDriverDirtyPolicy : public SmmuDriverDirty, public testing::WithParamInterface<Case>
{
};

INSTANTIATE_TEST_SUITE_P(
	Question7, SmmuDriverDirtyPolicy,
	testing::Values(Case{"LooksEveryTime", false, DIRTY_CLEAR_LINUX_7_3, false},
			Case{"CachesDirty", true, DIRTY_CLEAR_LINUX_7_3, true},
			Case{"CachesDirtyAndInvalidates", true, DIRTY_CLEAR_INVALIDATE, false}),
	[](const testing::TestParamInfo<Case> &policy) { return policy.param.name; });

TEST_P(SmmuDriverDirtyPolicy, AWriteAfterTheClearIsSeenOrLost)
{
	SmmuHostOptions options;

	options.cache_dirty = GetParam().cache_dirty;
	options.dirty_clear = GetParam().clear;
	start(options);
	struct smmu_domain *domain = attached_domain();
	ASSERT_EQ(map(domain, 0x1000, kPa, 2 * kPage), 0);
	EXPECT_EQ(write(0x1000, 1), BUS_OK); // now in the TLB, dirty
	EXPECT_EQ(read_dirty(domain, 0, k2M).size(), 1u);
	EXPECT_EQ(write(0x1000, 2), BUS_OK);
	EXPECT_EQ(write(0x2000, 3), BUS_OK); // not in the TLB: always seen
	std::set<uint64_t> found = pages(read_dirty(domain, 0, k2M));
	EXPECT_EQ(found.count(0x1000), GetParam().loses ? 0u : 1u);
	EXPECT_EQ(found.count(0x2000), 1u);
	EXPECT_EQ(byte_at(kPa), 2);
	release(domain);
}

// A shadow bitmap beside tables of all page sizes, written at random.
class SmmuDriverDirtyShadow : public SmmuDriverDirtyPolicy
{
};

INSTANTIATE_TEST_SUITE_P(
	Question7, SmmuDriverDirtyShadow,
	testing::Values(Case{"LooksEveryTime", false, DIRTY_CLEAR_LINUX_7_3, false},
			Case{"CachesDirtyAndInvalidates", true, DIRTY_CLEAR_INVALIDATE, false}),
	[](const testing::TestParamInfo<Case> &policy) { return policy.param.name; });

TEST_P(SmmuDriverDirtyShadow, FindsWhatAShadowFinds)
{
	SmmuHostOptions options;
	struct rng rng;
	std::set<uint64_t> shadow;

	options.cache_dirty = GetParam().cache_dirty;
	options.dirty_clear = GetParam().clear;
	start(options);
	struct smmu_domain *domain = attached_domain();
	ASSERT_EQ(map(domain, 0, kPa, k2M), 0);
	ASSERT_EQ(map(domain, 2 * k2M, kPa + 9 * kPage, 700 * kPage), 0);
	ASSERT_EQ(map(domain, k1G, kPa + k1G, k1G), 0);
	read_dirty(domain, 0, 4 * k1G);
	rng_init(&rng, 11, "dirty");
	for (int i = 0; i < 1500; i++) {
		uint64_t iova, leaf;

		switch (rng_below(&rng, 8)) {
		case 0:
			iova = rng_below(&rng, k2M / 64) * 64;
			leaf = 0;
			break;
		case 1:
			iova = k1G + rng_below(&rng, k1G / 64) * 64;
			leaf = k1G;
			break;
		default:
			iova = 2 * k2M + rng_below(&rng, 700 * 64) * 64;
			leaf = align_down(iova, kPage);
		}
		Dma dma(rng_below(&rng, 4) ? BUS_WRITE : BUS_READ, kStream, iova,
			std::vector<uint8_t>(64));
		struct bus_port port = smmu_dma_port(smmu);
		bus_send(&port, &dma.req);
		settle(2 * PS_PER_US);
		ASSERT_EQ(dma.req.status, BUS_OK);
		if (dma.req.op == BUS_WRITE)
			shadow.insert(leaf);
		if (!rng_below(&rng, 100)) {
			std::set<uint64_t> found;
			for (const Run &r : read_dirty(domain, 0, 4 * k1G))
				for (uint64_t at = r.iova; at < r.iova + r.len;
				     at += at < k2M   ? k2M
					   : at < k1G ? kPage
						      : k1G)
					found.insert(at);
			ASSERT_EQ(found, shadow) << i;
			shadow.clear();
		}
	}
	release(domain);
}
