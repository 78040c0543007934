// SPDX-License-Identifier: Apache-2.0
// Tables: what is written, what is refused, and that a table is what was asked for.
#include <cerrno>
#include <map>

#include "base/rng.h"
#include "testbench/unit/uapi-smmu-driver/smmu_host.hpp"

using SmmuDriverTable = SmmuHost;

namespace
{
constexpr uint64_t kPage = 4096, k2M = UINT64_C(1) << 21, k1G = UINT64_C(1) << 30;
constexpr uint64_t kPa = kDramPa + (UINT64_C(4) << 30);
constexpr uint32_t kRw = SMMU_PROT_READ | SMMU_PROT_WRITE;
} // namespace

TEST_F(SmmuDriverTable, LeafBitsAreThoseOfLinux)
{
	start();
	struct smmu_domain *domain = attached_domain(true);
	int level;

	// AF, nG, AP[1], inner shareable, attribute 1; writable: DBM set, AP[2] clear: dirty.
	ASSERT_EQ(map(domain, 0x1000, kPa, kPage, kRw), 0);
	EXPECT_EQ(pgtable_leaf(domain, 0x1000, &level), kPa | 0x0008000000000f47);
	EXPECT_EQ(level, 3);
	ASSERT_EQ(map(domain, 0x2000, kPa, kPage, SMMU_PROT_READ), 0);
	EXPECT_EQ(pgtable_leaf(domain, 0x2000, &level), kPa | 0xfc7);
	// A doorbell: device attributes (index 2), outer shareable.
	ASSERT_EQ(map(domain, 0x3000, kDoorbellPa, kPage, SMMU_PROT_WRITE | SMMU_PROT_MMIO), 0);
	EXPECT_EQ(pgtable_leaf(domain, 0x3000, &level), kDoorbellPa | 0x0008000000000e4b);
	release(domain);
}

TEST_F(SmmuDriverTable, WithoutDirtyTrackingHasNoDbm)
{
	start();
	struct smmu_domain *domain = attached_domain(false);
	int level;

	ASSERT_EQ(map(domain, 0x1000, kPa, kPage, kRw), 0);
	EXPECT_EQ(pgtable_leaf(domain, 0x1000, &level), kPa | 0xf47);
	release(domain);
}

TEST_F(SmmuDriverTable, UsesTheLargestPagesThatFit)
{
	start();
	struct smmu_domain *domain = attached_domain();
	int level;

	// From 4 KiB below 2 MiB to 4 KiB above 2 GiB: 4K, 2M..., 1G, 4K.
	ASSERT_EQ(map(domain, k2M - kPage, kPa + k2M - kPage, 2 * k1G - k2M + 2 * kPage), 0);
	EXPECT_NE(pgtable_leaf(domain, k2M - kPage, &level), 0u);
	EXPECT_EQ(level, 3);
	EXPECT_NE(pgtable_leaf(domain, k2M, &level), 0u);
	EXPECT_EQ(level, 2);
	EXPECT_NE(pgtable_leaf(domain, k1G - 1, &level), 0u);
	EXPECT_EQ(level, 2);
	EXPECT_NE(pgtable_leaf(domain, k1G, &level), 0u);
	EXPECT_EQ(level, 1);
	EXPECT_NE(pgtable_leaf(domain, 2 * k1G, &level), 0u);
	EXPECT_EQ(level, 3);
	EXPECT_EQ(smmu_domain_iova_to_phys(domain, k1G + 0x12345), kPa + k1G + 0x12345);
	release(domain);
}

TEST_F(SmmuDriverTable, OfPagesInDescendingOrderHasSmallOnes)
{
	start();
	struct smmu_domain *domain = attached_domain();
	int level;

	run([&](struct actor *self) {
		ASSERT_EQ(smmu_domain_map_pages(domain, self, k2M, kPa + 2 * k2M - kPage,
						-static_cast<int64_t>(kPage), 1024, kRw),
			  0);
	});
	EXPECT_EQ(smmu_domain_iova_to_phys(domain, k2M), kPa + 2 * k2M - kPage);
	EXPECT_EQ(smmu_domain_iova_to_phys(domain, k2M + 1023 * kPage), kPa);
	EXPECT_NE(pgtable_leaf(domain, k2M, &level), 0u);
	EXPECT_EQ(level, 3);
	EXPECT_EQ(write(k2M + kPage, 7), BUS_OK);
	EXPECT_EQ(byte_at(kPa + 2 * k2M - 2 * kPage), 7);
	release(domain);
}

TEST_F(SmmuDriverTable, RefusesWhatCannotBeMapped)
{
	start();
	struct smmu_domain *domain = attached_domain();
	uint64_t end = UINT64_C(1) << 48;

	EXPECT_EQ(map(domain, 0x1000, kPa, 0), -EINVAL);
	EXPECT_EQ(map(domain, 0x1800, kPa, kPage), -EINVAL);
	EXPECT_EQ(map(domain, 0x1000, kPa + 8, kPage), -EINVAL);
	EXPECT_EQ(map(domain, 0x1000, kPa, kPage + 1), -EINVAL);
	EXPECT_EQ(map(domain, 0x1000, kPa, kPage, 0), -EINVAL);
	EXPECT_EQ(map(domain, 0x1000, kPa, kPage, SMMU_PROT_MMIO), -EINVAL);
	EXPECT_EQ(map(domain, end - kPage, kPa, 2 * kPage), -ERANGE);
	EXPECT_EQ(map(domain, end, kPa, kPage), -ERANGE);
	EXPECT_EQ(map(domain, 0x1000, end - kPage, 2 * kPage), -ERANGE);
	EXPECT_EQ(map(domain, end - kPage, kPa, kPage), 0);
	EXPECT_EQ(map(domain, 0x1000, end - kPage, kPage), 0);
	run([&](struct actor *self) {
		auto pages = [&](uint64_t pa, int64_t step, uint64_t count) {
			return smmu_domain_map_pages(domain, self, 0x10000, pa, step, count, kRw);
		};

		EXPECT_EQ(pages(2 * kPage, -4096, 4), -ERANGE); // below 0
		EXPECT_EQ(pages(2 * kPage, -4096, 3), 0);
		EXPECT_EQ(pages(kPa, 8192, 3), -EINVAL);
		EXPECT_EQ(pages(kPa, 0, 3), -EINVAL);
		EXPECT_EQ(pages(kPa, 4096, UINT64_C(1) << 60), -ERANGE);
	});
	release(domain);
}

TEST_F(SmmuDriverTable, RefusesToMapOverAMappingAndLeavesNothing)
{
	start();
	struct smmu_domain *domain = attached_domain();

	ASSERT_EQ(map(domain, k2M + 5 * kPage, kPa, kPage), 0);
	EXPECT_EQ(map(domain, 0, kPa, 2 * k2M), -EEXIST);
	EXPECT_EQ(smmu_domain_iova_to_phys(domain, 0), 0u);
	EXPECT_EQ(smmu_domain_iova_to_phys(domain, k2M + 5 * kPage), kPa);
	EXPECT_EQ(unmap(domain, k2M + 5 * kPage, kPage), kPage);
	// The table that is left empty gives way to a block.
	traced.clear();
	EXPECT_EQ(map(domain, 0, kPa, 2 * k2M), 0);
	EXPECT_EQ(commands(), (std::vector<uint64_t>{CMD_TLBI_NH_ASID, CMD_SYNC}));
	int level;
	EXPECT_NE(pgtable_leaf(domain, k2M + 5 * kPage, &level), 0u);
	EXPECT_EQ(level, 2);
	EXPECT_EQ(map(domain, k2M, kPa, kPage), -EEXIST);
	release(domain);
}

TEST_F(SmmuDriverTable, WithoutFramesLeavesNothingMapped)
{
	start();
	struct smmu_domain *domain = attached_domain();
	std::vector<uint64_t> taken;
	uint64_t pa, tables = domain->tables;

	// All frames but a few: the fourth table is missing.
	while ((pa = frames_alloc(frames, UINT64_C(1) << 12, kPage)))
		taken.push_back(pa);
	std::vector<uint64_t> single;
	while ((pa = frames_alloc(frames, 1, kPage)))
		single.push_back(pa);
	for (int i = 0; i < 4; i++) {
		frames_free(frames, single.back(), 1);
		single.pop_back();
	}
	traced.clear();
	int err = 0;
	run([&](struct actor *self) {
		err = smmu_domain_map_pages(domain, self, 0, kPa + 3 * k2M,
					    -static_cast<int64_t>(kPage), 3 * 512, kRw);
	});
	EXPECT_EQ(err, -ENOMEM);
	EXPECT_EQ(count(TRACE_IOMMU_MAP), count(TRACE_IOMMU_UNMAP));
	for (uint64_t iova = 0; iova < 3 * k2M; iova += kPage)
		ASSERT_EQ(smmu_domain_iova_to_phys(domain, iova), 0u);
	for (uint64_t at : single)
		frames_free(frames, at, 1);
	for (uint64_t at : taken)
		frames_free(frames, at, UINT64_C(1) << 12);
	EXPECT_GE(domain->tables, tables);
	release(domain);
}

TEST_F(SmmuDriverTable, UnmapsUpToAHole)
{
	start();
	struct smmu_domain *domain = attached_domain();

	ASSERT_EQ(map(domain, 0, kPa, 4 * kPage), 0);
	ASSERT_EQ(map(domain, 5 * kPage, kPa, kPage), 0);
	EXPECT_EQ(unmap(domain, 0, 6 * kPage), 4 * kPage);
	EXPECT_EQ(smmu_domain_iova_to_phys(domain, 5 * kPage), kPa);
	EXPECT_EQ(unmap(domain, 0, 4 * kPage), 0u);
	release(domain);
}

TEST_F(SmmuDriverTable, CannotUnmapAPartOfALargePage)
{
	start();
	struct smmu_domain *domain = attached_domain();

	ASSERT_EQ(map(domain, 0, kPa, k2M), 0);
	EXPECT_EQ(unmap(domain, kPage, kPage), 0u);
	EXPECT_EQ(unmap(domain, 0, kPage), 0u);
	EXPECT_EQ(smmu_domain_iova_to_phys(domain, kPage), kPa + kPage);
	EXPECT_EQ(unmap(domain, 0, k2M), k2M);
	release(domain);
}

TEST_F(SmmuDriverTable, GivesItsFramesBack)
{
	start();
	struct smmu_domain *domain = attached_domain();
	uint64_t tables = domain->tables, in_use = frames_in_use(frames);

	run([&](struct actor *self) {
		ASSERT_EQ(smmu_domain_map_pages(domain, self, 0, kPa + k1G - kPage,
						-static_cast<int64_t>(kPage), k1G / kPage, kRw),
			  0);
	});
	EXPECT_EQ(domain->tables, tables + 2 + 512);
	// The whole gigabyte goes as one entry, with all tables below it.
	EXPECT_EQ(unmap(domain, 0, k1G), k1G);
	EXPECT_EQ(domain->tables, tables + 1);
	EXPECT_EQ(frames_in_use(frames), in_use + 1);
	release(domain);
}

// A naive table: a map of pages.
TEST_F(SmmuDriverTable, HoldsWhatANaiveTableHolds)
{
	start();
	struct smmu_domain *domain = attached_domain();
	struct rng rng;
	struct Area {
		uint64_t len, pa;
		int64_t step;
	};
	std::map<uint64_t, Area> areas;
	auto free_at = [&](uint64_t iova, uint64_t len) {
		auto next = areas.lower_bound(iova);

		if (next != areas.end() && next->first < iova + len)
			return false;
		return next == areas.begin() ||
		       std::prev(next)->first + std::prev(next)->second.len <= iova;
	};

	rng_init(&rng, 7, "table");
	for (int i = 0; i < 600; i++) {
		if (rng_below(&rng, 3) || areas.empty()) {
			uint64_t scale = UINT64_C(1) << (12 + 9 * rng_below(&rng, 3));
			uint64_t iova = rng_below(&rng, 6 * k1G / scale) * scale;
			uint64_t pages = 1 + rng_below(&rng, 3000);
			int64_t step = rng_below(&rng, 3) ? 4096 : -4096;
			uint64_t pa = kPa + rng_below(&rng, 6 * k1G / scale) * scale + 3000 * kPage;
			int err = 0;

			if (scale > kPage && step > 0)
				pages = scale / kPage * (1 + rng_below(&rng, 2));
			run([&](struct actor *self) {
				err = smmu_domain_map_pages(domain, self, iova, pa, step, pages,
							    kRw);
			});
			ASSERT_EQ(err, free_at(iova, pages * kPage) ? 0 : -EEXIST) << i;
			if (!err)
				areas[iova] = {pages * kPage, pa, step};
		} else {
			auto it = std::next(areas.begin(), rng_below(&rng, areas.size()));

			ASSERT_EQ(unmap(domain, it->first, it->second.len), it->second.len) << i;
			areas.erase(it);
		}
		for (int probe = 0; probe < 20; probe++) {
			uint64_t iova = rng_below(&rng, 7 * k1G);
			auto it = areas.upper_bound(iova);
			uint64_t expected = 0;

			if (probe % 2 && !areas.empty()) {
				it = std::next(areas.begin(), rng_below(&rng, areas.size()));
				iova = it->first + rng_below(&rng, it->second.len);
				it++;
			}
			if (it != areas.begin() &&
			    iova < std::prev(it)->first + std::prev(it)->second.len) {
				const auto &area = *std::prev(it);
				uint64_t offset = iova - area.first;

				expected =
					area.second.pa +
					static_cast<uint64_t>(area.second.step) * (offset / kPage) +
					offset % kPage;
			}
			ASSERT_EQ(smmu_domain_iova_to_phys(domain, iova), expected) << i;
		}
	}
	release(domain);
}
