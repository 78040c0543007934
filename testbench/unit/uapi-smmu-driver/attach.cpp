// SPDX-License-Identifier: Apache-2.0
// What a stream is attached to: the steps of its entries, and what the trace says.
#include <cerrno>

#include "base/rng.h"
#include "testbench/unit/uapi-smmu-driver/smmu_host.hpp"

namespace
{
constexpr uint64_t kPa = kDramPa + (UINT64_C(4) << 30);
using Opcodes = std::vector<uint64_t>;

class SmmuDriverAttach : public SmmuHost
{
protected:
	uint64_t ste_pa(uint32_t stream)
	{
		return driver->strtab.l2_pa[stream / 256] + stream % 256 * STE_BYTES;
	}

	struct smmu_domain *domain(uint64_t pa)
	{
		struct smmu_domain *made = nullptr;

		run([&](struct actor *self) {
			ASSERT_EQ(smmu_domain_alloc(driver, false, &made), 0);
		});
		EXPECT_EQ(map(made, 0x1000, pa, 0x1000), 0);
		return made;
	}

	void attach(struct smmu_domain *to, uint32_t stream = kStream)
	{
		traced.clear();
		run([&](struct actor *self) {
			ASSERT_EQ(smmu_domain_attach(to, self, stream), 0);
		});
		settle();
	}

	void plain(bool identity, uint32_t stream = kStream)
	{
		traced.clear();
		run([&](struct actor *self) {
			ASSERT_EQ(identity ? smmu_driver_attach_identity(driver, self, stream)
					   : smmu_driver_attach_blocked(driver, self, stream),
				  0);
		});
		settle();
	}

	void drop(struct smmu_domain *gone)
	{
		run([&](struct actor *self) { smmu_domain_free(gone, self); });
	}
};
} // namespace

TEST_F(SmmuDriverAttach, IsTheSequenceSeenOnARunningSystem)
{
	start();
	struct smmu_domain *a = domain(kPa);

	attach(a);
	EXPECT_EQ(commands(), (Opcodes{CMD_CFGI_CD, CMD_SYNC, CMD_CFGI_CD, CMD_SYNC, CMD_CFGI_STE,
				       CMD_SYNC, CMD_CFGI_STE, CMD_SYNC, CMD_PREFETCH_CONFIG}));
	plain(false);
	drop(a);
}

TEST_F(SmmuDriverAttach, EntriesAreThoseOfLinux)
{
	start();
	struct smmu_domain *a = attached_domain(true);
	uint64_t ste[STE_WORDS], cd[CD_WORDS];
	uint64_t cd_pa = driver->stream[0]->cds.pa;

	phys_get(driver, ste_pa(kStream), ste, STE_WORDS);
	EXPECT_EQ(ste[0], cd_pa | 0xb); // S1, V
	// S1DSS=SSID0, write-back, inner shareable; this SMMU cannot stall
	EXPECT_EQ(ste[1], UINT64_C(0xd6) | (driver->stalls ? STE1_S1STALLD : 0));
	phys_get(driver, cd_pa, cd, CD_WORDS);
	// ASID 1; ASET, A, R, HA, HD, AA64, IPS=48, V, EPD1, inner shareable, write-back, T0SZ=16
	EXPECT_EQ(cd[0], UINT64_C(0x0001ee05c0003510));
	EXPECT_EQ(cd[1], a->root_pa);
	EXPECT_EQ(cd[2], 0u);
	EXPECT_EQ(cd[3], 0xf404ff44u);
	release(a);
}

TEST_F(SmmuDriverAttach, ReplacesWhatTheStreamHad)
{
	start();
	struct smmu_domain *a = domain(kPa), *b = domain(kPa + 0x1000);

	attach(a);
	EXPECT_EQ(write(0x1000, 1), BUS_OK);
	attach(b);
	// The descriptor goes through V=0; the entry stays; the old ASID is left clean.
	EXPECT_EQ(commands(), (Opcodes{CMD_CFGI_CD, CMD_SYNC, CMD_CFGI_CD, CMD_SYNC, CMD_CFGI_CD,
				       CMD_SYNC, CMD_PREFETCH_CONFIG, CMD_TLBI_NH_ASID, CMD_SYNC}));
	EXPECT_EQ(write(0x1000, 2), BUS_OK);
	EXPECT_EQ(byte_at(kPa), 1);
	EXPECT_EQ(byte_at(kPa + 0x1000), 2);
	plain(false);
	drop(a);
	drop(b);
}

TEST_F(SmmuDriverAttach, BlockedAndIdentityDoWhatTheySay)
{
	start();
	struct smmu_domain *a = domain(kPa);

	plain(true);
	EXPECT_EQ(write(kPa + 0x2000, 5), BUS_OK);
	EXPECT_EQ(byte_at(kPa + 0x2000), 5);
	plain(false);
	EXPECT_EQ(write(kPa + 0x2000, 6), BUS_FAULT);
	EXPECT_TRUE(events.empty()); // an aborting entry records nothing
	attach(a);
	plain(false);
	// Entry, its critical word first; the ASID; then the descriptor, valid no more.
	EXPECT_EQ(commands(), (Opcodes{CMD_CFGI_STE, CMD_SYNC, CMD_CFGI_STE, CMD_SYNC,
				       CMD_PREFETCH_CONFIG, CMD_TLBI_NH_ASID, CMD_SYNC, CMD_CFGI_CD,
				       CMD_SYNC, CMD_CFGI_CD, CMD_SYNC}));
	EXPECT_EQ(write(0x1000, 7), BUS_FAULT);
	EXPECT_EQ(byte_at(kPa), 0);
	drop(a);
}

TEST_F(SmmuDriverAttach, OfTwoStreamsKeepsTheAsidUntilTheLastLeaves)
{
	start();
	struct smmu_domain *a = domain(kPa);

	attach(a);
	attach(a, kStream + 1);
	plain(false);
	Opcodes first = commands();
	EXPECT_EQ(std::count(first.begin(), first.end(), CMD_TLBI_NH_ASID), 0);
	EXPECT_EQ(write(0x1000, 1, 64, kStream), BUS_FAULT);
	EXPECT_EQ(write(0x1000, 2, 64, kStream + 1), BUS_OK);
	plain(false, kStream + 1);
	Opcodes last = commands();
	EXPECT_EQ(std::count(last.begin(), last.end(), CMD_TLBI_NH_ASID), 1);
	drop(a);
}

TEST_F(SmmuDriverAttach, IsTracedAroundItsEffect)
{
	start();
	struct smmu_domain *a = domain(kPa), *b = domain(kPa);
	auto attach_events = [&] {
		std::vector<std::pair<enum trace_kind, uint64_t>> found;

		for (const struct trace_event &event : traced)
			if (event.kind == TRACE_IOMMU_ATTACH || event.kind == TRACE_IOMMU_DETACH) {
				EXPECT_EQ(event.arg[0], kStream);
				EXPECT_EQ(event.arg[1], TRACE_NO_SUBSTREAM);
				found.push_back({event.kind, event.arg[2]});
			}
		return found;
	};
	using Events = std::vector<std::pair<enum trace_kind, uint64_t>>;

	attach(a);
	EXPECT_EQ(attach_events(), (Events{{TRACE_IOMMU_ATTACH, a->id}}));
	EXPECT_EQ(traced.front().kind, TRACE_IOMMU_ATTACH);
	attach(b);
	EXPECT_EQ(attach_events(),
		  (Events{{TRACE_IOMMU_ATTACH, b->id}, {TRACE_IOMMU_DETACH, a->id}}));
	attach(b);
	EXPECT_TRUE(traced.empty());
	plain(true);
	EXPECT_EQ(attach_events(), (Events{{TRACE_IOMMU_ATTACH, 0}, {TRACE_IOMMU_DETACH, b->id}}));
	attach(b);
	EXPECT_EQ(attach_events(), (Events{{TRACE_IOMMU_ATTACH, b->id}, {TRACE_IOMMU_DETACH, 0}}));
	plain(true);
	EXPECT_EQ(attach_events(), (Events{{TRACE_IOMMU_ATTACH, 0}, {TRACE_IOMMU_DETACH, b->id}}));
	plain(false);
	EXPECT_EQ(attach_events(), (Events{{TRACE_IOMMU_DETACH, 0}}));
	drop(a);
	drop(b);
}

TEST_F(SmmuDriverAttach, RefusesAStreamBeyondTheTable)
{
	start();
	run([&](struct actor *self) {
		EXPECT_EQ(smmu_driver_attach_identity(driver, self, 1 << 16), -ERANGE);
		EXPECT_EQ(smmu_driver_attach_identity(driver, self, 0xffff), 0);
	});
	EXPECT_EQ(driver->streams, 1u);
}

TEST_F(SmmuDriverAttach, GivesEachDomainAnAsidOfItsOwn)
{
	start();
	struct smmu_domain *a = domain(kPa), *b = domain(kPa);
	uint16_t asid = a->asid;

	EXPECT_NE(a->asid, 0);
	EXPECT_NE(a->asid, b->asid);
	drop(a);
	a = domain(kPa);
	EXPECT_EQ(a->asid, asid);
	EXPECT_NE(a->id, b->id);
	drop(a);
	drop(b);
}

namespace
{
using Words = std::vector<uint64_t>;

// What the SMMU looks at, said apart from the driver.
void looked_at(const uint64_t ste[STE_WORDS], uint64_t mask[STE_WORDS])
{
	mask[0] = STE0_V;
	if (!(ste[0] & STE0_V))
		return;
	mask[0] |= STE0_CONFIG;
	if (field_get(STE0_CONFIG, ste[0]) == STE0_CONFIG_S1) {
		mask[0] |= STE0_S1FMT | STE0_S1CONTEXTPTR | STE0_S1CDMAX;
		mask[1] |= BITS(31, 27) | BITS(7, 0);
		mask[2] |= STE2_S2VMID;
	} else if (field_get(STE0_CONFIG, ste[0]) == STE0_CONFIG_BYPASS) {
		mask[1] |= STE1_SHCFG;
	}
}

Words meaning(const uint64_t *ste)
{
	Words words(STE_WORDS);
	uint64_t mask[STE_WORDS] = {};

	looked_at(ste, mask);
	for (uint32_t i = 0; i < STE_WORDS; i++)
		words[i] = ste[i] & mask[i];
	return words;
}

void random_ste(struct rng *rng, const struct smmu_driver *driver, uint64_t *ste)
{
	struct cd_table cds = {};

	switch (rng_below(rng, 4)) {
	case 0:
		ste_make_abort(ste);
		break;
	case 1:
		ste_make_bypass(driver, ste);
		ste[1] |= field_put(STE1_SHCFG, rng_below(rng, 4));
		break;
	case 2:
		memset(ste, 0, STE_BYTES);
		break;
	default:
		cds.pa = kPa + (rng_below(rng, 3) << 12);
		ste_make_s1(driver, ste, &cds, rng_below(rng, 3), rng_below(rng, 2));
	}
}
} // namespace

// Whatever an entry becomes, what the SMMU could read between two steps is the old entry, the new
// one, or an invalid one.
TEST_F(SmmuDriverAttach, ShowsNoHalfWrittenEntry)
{
	start();
	struct rng rng;
	ASSERT_EQ(strtab_prepare(driver, kStream), 0);
	uint64_t pa = ste_pa(kStream);
	uint64_t from[STE_WORDS], to[STE_WORDS], after[STE_WORDS];

	rng_init(&rng, 3, "entry");
	for (int i = 0; i < 300; i++) {
		std::vector<Words> seen;

		random_ste(&rng, driver, from);
		random_ste(&rng, driver, to);
		phys_put(driver, pa, from, STE_WORDS);
		run([&](struct actor *self) {
			Periodic sampler(&sim, 50 * PS_PER_NS, [&] {
				seen.emplace_back(STE_WORDS);
				phys_get(driver, pa, seen.back().data(), STE_WORDS);
			});
			strtab_write(driver, self, kStream, to);
		});
		phys_get(driver, pa, after, STE_WORDS);
		EXPECT_EQ(memcmp(after, to, STE_BYTES), 0) << i;
		for (const Words &state : seen) {
			Words now = meaning(state.data());

			EXPECT_TRUE(now == meaning(from) || now == meaning(to) ||
				    now == Words(STE_WORDS))
				<< i;
		}
	}
}

TEST_F(SmmuDriverAttach, ToWhatDiffersInOneWordOnlyIsOneStep)
{
	start();
	ASSERT_EQ(strtab_prepare(driver, kStream), 0);
	uint64_t s1[STE_WORDS], aborting[STE_WORDS];

	struct cd_table cds = {};

	cds.pa = kPa;
	ste_make_s1(driver, s1, &cds, STE1_S1DSS_SSID0, false);
	memcpy(aborting, s1, sizeof(s1));
	aborting[0] = STE0_V;
	phys_put(driver, ste_pa(kStream), aborting, STE_WORDS);
	traced.clear();
	run([&](struct actor *self) { strtab_write(driver, self, kStream, s1); });
	settle();
	EXPECT_EQ(commands(), (Opcodes{CMD_CFGI_STE, CMD_SYNC, CMD_PREFETCH_CONFIG}));
}

TEST_F(SmmuDriverAttach, WithoutDirtyTrackingAsksForNoHardwareUpdate)
{
	start();
	struct smmu_domain *a = attached_domain(false);

	EXPECT_EQ(phys_get64(driver, driver->stream[0]->cds.pa) & (CD0_HA | CD0_HD), 0u);
	release(a);
}

TEST_F(SmmuDriverAttach, ReachesEveryStreamOfATableAndBlocksItsNeighbours)
{
	start();
	struct smmu_domain *a = domain(kPa);

	attach(a, 0x1ff);
	EXPECT_EQ(write(0x1000, 1, 64, 0x1ff), BUS_OK);
	EXPECT_EQ(write(0x1000, 2, 64, 0x1fe), BUS_FAULT);
	EXPECT_TRUE(events.empty()); // it has an entry, which aborts
	plain(false, 0x1ff);
	drop(a);
}

TEST_F(SmmuDriverAttach, OfALinearTableEndsWithItsStreams)
{
	SmmuHostOptions options;

	options.two_level = false;
	start(options);
	struct smmu_domain *a = domain(kPa);
	run([&](struct actor *self) { EXPECT_EQ(smmu_domain_attach(a, self, 1 << 6), -ERANGE); });
	attach(a, 0x3f);
	EXPECT_EQ(write(0x1000, 1, 64, 0x3f), BUS_OK);
	plain(false, 0x3f);
	drop(a);
}
