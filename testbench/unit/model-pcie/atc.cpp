// SPDX-License-Identifier: Apache-2.0
// The address translation cache of a device: PCI Express, chapter 10.
#include "testbench/unit/model-pcie/atc_fixture.hpp"

class AtcAbsent : public Atc
{
protected:
	void configure() override
	{
		Atc::configure();
		device_cfg.ats = device_cfg.pri = false;
		device_cfg.pasid_bits = 0;
	}
};

TEST_F(AtcAbsent, HasNoCapabilitiesAndTranslatesNothing)
{
	for (bool is_vf : {false, true})
		for (uint32_t row = 0; row < pcie_device_config_table(device, is_vf)->rows; row++)
			EXPECT_LT(pcie_device_config_table(device, is_vf)->row[row].offset, AT_ATS);
	EXPECT_EQ(config_read(kPf, AT_PCIE + PCIE_DEVCAP2) & DEVCAP2_PREFIX, 0u);
	dma(TLP_MWR, 0x10000);
	run();
	EXPECT_EQ(seen(BUS_WRITE), Addresses{0x10000});
	EXPECT_EQ(seen(BUS_ATS), Addresses{});
}

TEST_F(AtcAbsent, DoesNotHoldUpAnInvalidation)
{
	invalidate(0, ATS_EVERYTHING);
	respond(1, PRG_SUCCESS);
	run();
	EXPECT_EQ(invalidated.size(), 1u);
}

TEST_F(Atc, CapabilitiesSayWhatThereIs)
{
	EXPECT_EQ(config_read(kPf, AT_ATS) & 0xffff, EXT_CAP_ID_ATS);
	EXPECT_EQ(config_read(kVf0, AT_ATS) & 0xffff, EXT_CAP_ID_ATS);
	EXPECT_EQ(config_read(kPf, AT_ATS + ATS_CONTROL, 2),
		  ATS_PAGE_ALIGNED | ATS_GLOBAL_INVALIDATE);
	EXPECT_EQ(config_read(kPf, AT_PRI) & 0xffff, EXT_CAP_ID_PRI);
	EXPECT_EQ(config_read(kPf, AT_PRI + PRI_CAPACITY), 16u);
	EXPECT_EQ(config_read(kPf, AT_PASID) & 0xffff, EXT_CAP_ID_PASID);
	EXPECT_EQ(field_get(PASID_WIDTH, config_read(kPf, AT_PASID + PASID_CONTROL)), 16u);
	EXPECT_EQ(config_read(kVf0, AT_PRI), 0u) << "the PF's";
	EXPECT_EQ(config_read(kVf0, AT_PASID), 0u) << "the PF's";
	config_write(kVf0, AT_ATS + ATS_CONTROL, 0xffffffff);
	EXPECT_EQ(config_read(kVf0, AT_ATS + ATS_CONTROL) >> 16, ATS_ENABLE >> 16)
		<< "a VF's STU is the PF's";
}

TEST_F(Atc, DisabledSendsUntranslated)
{
	config_write(kVf0, AT_ATS + ATS_CONTROL + 2, 0, 2);
	dma(TLP_MWR, 0x10000);
	run();
	EXPECT_EQ(seen(BUS_ATS), Addresses{});
	EXPECT_FALSE(host->seen.back().attr.translated);
}

TEST_F(Atc, AMissAsksAndThenSendsTranslated)
{
	Dma &write = dma(TLP_MWR, 0x10008, 64, 0x42);
	run();
	ASSERT_EQ(host->seen.size(), 2u);
	EXPECT_EQ(host->seen[0].op, BUS_ATS);
	EXPECT_EQ(host->seen[0].addr, 0x10000u);
	EXPECT_FALSE(host->seen[0].attr.no_write);
	EXPECT_EQ(host->seen[0].attr.stream_id, kVf0);
	EXPECT_EQ(host->seen[1].addr, 0x5008u);
	EXPECT_TRUE(host->seen[1].attr.translated);
	EXPECT_EQ(host->seen[1].attr.iova, 0x10008u);
	EXPECT_EQ(host->memory[0x5008], 0x42);
	EXPECT_EQ(write.tlp.addr, 0x10008u) << "the requester's own again";
	EXPECT_EQ(write.tlp.at, TLP_AT_UNTRANSLATED);
}

TEST_F(Atc, AHitAsksNothing)
{
	dma(TLP_MWR, 0x10000);
	run();
	host->seen.clear();
	dma(TLP_MWR, 0x10100);
	dma(TLP_MRD, 0x10200);
	run();
	EXPECT_EQ(seen(BUS_ATS), Addresses{});
	EXPECT_EQ(seen(BUS_WRITE), Addresses{0x5100});
	EXPECT_EQ(seen(BUS_READ), Addresses{0x5200});
}

TEST_F(Atc, AReadAsksForNoWriteAndAWriteAsksAgain)
{
	dma(TLP_MRD, 0x10000);
	run();
	EXPECT_TRUE(host->seen[0].attr.no_write);
	dma(TLP_MWR, 0x10000);
	run();
	EXPECT_EQ(seen(BUS_ATS), (Addresses{0x10000, 0x10000}));
	EXPECT_FALSE(host->seen[2].attr.no_write);
	EXPECT_EQ(seen(BUS_WRITE), Addresses{0x5000});
}

TEST_F(Atc, LargePagesServeAllOfTheirAddresses)
{
	pages[0x4003000] = ats_range(0x200000, 21) | kBoth;
	dma(TLP_MWR, 0x4003010);
	run();
	dma(TLP_MWR, 0x41ff020);
	dma(TLP_MWR, 0x4000030);
	run();
	EXPECT_EQ(seen(BUS_ATS), Addresses{0x4003000});
	EXPECT_EQ(seen(BUS_WRITE), (Addresses{0x203010, 0x3ff020, 0x200030}));
}

/* Software may have put a block where the page was; a translation of the page is still held. */
TEST_F(Atc, ATranslationOfABlockTakesThePlaceOfItsPages)
{
	dma(TLP_MRD, 0x10000);
	run();
	pages[0x10000] = ats_range(0x400000, 21) | kBoth;
	dma(TLP_MWR, 0x10000);
	run();
	host->seen.clear();
	dma(TLP_MRD, 0x10040);
	dma(TLP_MRD, 0x20000);
	run();
	EXPECT_EQ(seen(BUS_ATS), Addresses{});
	EXPECT_EQ(seen(BUS_READ), (Addresses{0x410040, 0x420000}));
}

TEST_F(Atc, HoldsAsManyLinesAsItHas)
{
	for (uint64_t i = 0; i < 40; i++) {
		pages[0x100000 + 0x1000 * i] = (0x100000 + 0x1000 * i) | kBoth;
		dma(TLP_MWR, 0x100000 + 0x1000 * i);
		run();
	}
	EXPECT_EQ(seen(BUS_ATS).size(), 40u);
	host->seen.clear();
	for (uint64_t i = 0; i < 40; i++) {
		dma(TLP_MWR, 0x100000 + 0x1000 * i);
		run();
	}
	EXPECT_GE(seen(BUS_ATS).size(), 32u) << "no more than 8 were kept";
	host->seen.clear();
	dma(TLP_MWR, 0x100000 + 0x1000 * 39);
	run();
	EXPECT_TRUE(seen(BUS_ATS).empty()) << "the last used is kept";
}

TEST_F(Atc, TheSamePageIsAskedForOnce)
{
	dma(TLP_MWR, 0x10000);
	dma(TLP_MWR, 0x10040);
	dma(TLP_MRD, 0x10080);
	run();
	EXPECT_EQ(seen(BUS_ATS).size(), 1u);
	EXPECT_EQ(seen(BUS_WRITE), (Addresses{0x5000, 0x5040}));
}

TEST_F(Atc, MorePagesThanCanBeAskedForAtOnceWait)
{
	for (uint64_t i = 0; i < 20; i++) {
		pages[0x100000 + 0x1000 * i] = (0x100000 + 0x1000 * i) | kBoth;
		dma(TLP_MRD, 0x100000 + 0x1000 * i);
	}
	run();
	EXPECT_EQ(seen(BUS_READ).size(), 20u);
	EXPECT_EQ(seen(BUS_ATS).size(), 20u);
}

TEST_F(Atc, WritesKeepTheirOrderThoughOneMisses)
{
	dma(TLP_MWR, 0x10000);
	run();
	host->seen.clear();
	pages[0x20000] = 0x6000 | kBoth;
	dma(TLP_MWR, 0x20000);
	dma(TLP_MWR, 0x10000);
	dma(TLP_MRD, 0x10000);
	run();
	EXPECT_EQ(seen(BUS_WRITE), (Addresses{0x6000, 0x5000}));
	EXPECT_EQ(host->seen.back().op, BUS_READ) << "a read does not pass posted writes";
}

TEST_F(Atc, WhatWaitsBehindAWriteIsAskedForMeanwhile)
{
	translation_ps = 10 * PS_PER_US;
	for (uint64_t i = 0; i < 4; i++) {
		pages[0x100000 + 0x1000 * i] = (0x100000 + 0x1000 * i) | kBoth;
		dma(TLP_MWR, 0x100000 + 0x1000 * i);
	}
	run_for(5 * PS_PER_US);
	EXPECT_EQ(seen(BUS_ATS).size(), 4u);
	EXPECT_EQ(seen(BUS_WRITE), Addresses{});
	run();
	EXPECT_EQ(seen(BUS_WRITE), (Addresses{0x100000, 0x101000, 0x102000, 0x103000}));
}

TEST_F(Atc, AHeldReadLetsOthersPass)
{
	dma(TLP_MWR, 0x10000);
	run();
	host->seen.clear();
	pages[0x20000] = 0x6000 | kBoth;
	dma(TLP_MRD, 0x20000);
	dma(TLP_MWR, 0x10000);
	run();
	EXPECT_EQ(host->seen.back().addr, 0x6000u);
	EXPECT_EQ(seen(BUS_WRITE), Addresses{0x5000});
}

TEST_F(Atc, AnInterruptComesAfterTheDataThatIsHeld)
{
	mmio_write(kVfBar3, 0xf00040, 4);
	mmio_write(kVfBar3 + 4, 0, 4);
	mmio_write(kVfBar3 + 8, 7, 4);
	mmio_write(kVfBar3 + 12, 0, 4);
	config_write(kVf0, AT_MSIX + MSIX_CONTROL, MSIX_ENABLE);
	host->seen.clear();
	dma(TLP_MWR, 0x10000);
	pcie_function_raise_msix(vf(0), 0);
	run();
	EXPECT_EQ(seen(BUS_WRITE), (Addresses{0x5000, 0xf00040}));
	EXPECT_FALSE(host->seen.back().attr.translated) << "the message is not translated here";
}

TEST_F(Atc, WithoutPermissionARequestIsNotSent)
{
	pages[0x20000] = 0x6000 | kRead;
	Dma &write = dma(TLP_MWR, 0x20000), &read = dma(TLP_MRD, 0x30000),
	    &same = dma(TLP_MRD, 0x20000), &other = dma(TLP_MRD, 0x10000);
	run();
	EXPECT_EQ(same.tlp.status, TLP_SC) << "reading it is allowed";
	EXPECT_EQ(other.tlp.status, TLP_SC) << "another page";
	EXPECT_TRUE(write.done());
	EXPECT_TRUE(write.tlp.ats.denied);
	EXPECT_EQ(read.tlp.status, TLP_UR);
	EXPECT_TRUE(read.tlp.ats.denied);
	EXPECT_EQ(seen(BUS_WRITE), Addresses{});
	EXPECT_EQ(seen(BUS_READ), (Addresses{0x6000, 0x5000}));
	EXPECT_EQ(config_read(kVf0, CFG_COMMAND) & STATUS_ERRORS, 0u) << "nobody refused a request";
}

TEST_F(Atc, ARefusedTranslationRequestDenies)
{
	enable_pri(4);
	host->status = BUS_ABORT;
	Dma &read = dma(TLP_MRD, 0x10000);
	run();
	EXPECT_TRUE(read.tlp.ats.denied);
	EXPECT_TRUE(page_requests.empty()) << "it is not the page that is missing";
	host->status = BUS_OK;
	Dma &again = dma(TLP_MRD, 0x10000);
	run();
	EXPECT_EQ(again.tlp.status, TLP_SC) << "a refusal is not kept";
}

TEST_F(Atc, PasidsHaveLinesOfTheirOwn)
{
	enable_pasids();
	dma(TLP_MRD, 0x10000);
	run();
	dmas.push_back(std::make_unique<Dma>(TLP_MRD, 0x10000, 64));
	dmas.back()->tlp.pasid_valid = true;
	dmas.back()->tlp.pasid = 7;
	pcie_function_send(vf(0), &dmas.back()->tlp);
	run();
	ASSERT_EQ(seen(BUS_ATS).size(), 2u);
	EXPECT_TRUE(host->seen[2].attr.substream_valid);
	EXPECT_EQ(host->seen[2].attr.substream_id, 7u);
	dmas.push_back(std::make_unique<Dma>(TLP_MRD, 0x10000, 64));
	dmas.back()->tlp.pasid_valid = true;
	dmas.back()->tlp.pasid = 8;
	pcie_function_send(vf(0), &dmas.back()->tlp);
	run();
	EXPECT_EQ(seen(BUS_ATS).size(), 3u);
}

TEST_F(Atc, WhatWasNotUsedForLongestGoes)
{
	entries = ways = 2; /* one set */
	TearDown();
	traced.clear();
	nic.clear();
	SetUp();
	pages[0x20000] = 0x6000 | kBoth;
	pages[0x30000] = 0x7000 | kBoth;
	for (uint64_t iova : {0x10000, 0x20000, 0x10000, 0x30000, 0x10000}) {
		dma(TLP_MWR, iova);
		run();
	}
	EXPECT_EQ(seen(BUS_ATS), (Addresses{0x10000, 0x20000, 0x30000}));
}

TEST_F(Atc, OfTheWholeAddressSpaceTheRightPartIsKept)
{
	uint64_t iova = (UINT64_C(1) << 47) + 0x3000;

	pages[iova] = ats_range(0, 48) | kBoth;
	host->status = BUS_OK;
	dmas.push_back(std::make_unique<Dma>(TLP_MRD, iova, 0));
	pcie_function_send(vf(0), &dmas.back()->tlp);
	dmas.back()->tlp.data = nullptr;
	run();
	EXPECT_EQ(seen(BUS_READ), Addresses{iova});
}

/* ---- invalidations, 10.3 ---- */

TEST_F(Atc, AnInvalidationMakesItAskAgain)
{
	dma(TLP_MWR, 0x10000);
	run();
	invalidate(0x10000, 12, 5);
	run();
	ASSERT_EQ(invalidated.size(), 1u);
	EXPECT_EQ(invalidated[0], (std::pair<uint32_t, uint8_t>{kVf0, 5}));
	pages[0x10000] = 0x7000 | kBoth;
	dma(TLP_MWR, 0x10000);
	run();
	EXPECT_EQ(seen(BUS_ATS).size(), 2u);
	EXPECT_EQ(seen(BUS_WRITE), (Addresses{0x5000, 0x7000}));
}

TEST_F(Atc, InvalidationsHaveTheirExactScope)
{
	auto kept = [this](uint64_t addr, uint8_t shift, bool global = false, int pasid = -1) {
		dma(TLP_MRD, 0x10000);
		run();
		invalidate(addr, shift, 0, global, pasid);
		run();
		host->seen.clear();
		dma(TLP_MRD, 0x10000);
		run();
		return seen(BUS_ATS).empty();
	};

	EXPECT_TRUE(kept(0x11000, 12));
	EXPECT_TRUE(kept(0xf000, 12));
	EXPECT_FALSE(kept(0x10000, 13));
	EXPECT_FALSE(kept(0, 20));
	EXPECT_FALSE(kept(0, ATS_EVERYTHING));
	EXPECT_TRUE(kept(0, ATS_EVERYTHING, false, 3)) << "of a PASID";
	EXPECT_TRUE(kept(0, ATS_EVERYTHING, true, 3)) << "of all PASIDs";
}

TEST_F(Atc, AGlobalInvalidationIsOfAllPasids)
{
	auto kept = [this](bool global, int pasid) {
		for (int pass = 0; pass < 2; pass++) {
			host->seen.clear();
			dmas.push_back(std::make_unique<Dma>(TLP_MRD, 0x10000, 64));
			dmas.back()->tlp.pasid_valid = true;
			dmas.back()->tlp.pasid = 7;
			pcie_function_send(vf(0), &dmas.back()->tlp);
			run();
			if (!pass)
				invalidate(0x10000, 12, 0, global, pasid);
			run();
		}
		return seen(BUS_ATS).empty();
	};

	enable_pasids();
	EXPECT_FALSE(kept(false, 7));
	EXPECT_TRUE(kept(false, 8));
	EXPECT_FALSE(kept(true, 8));
	EXPECT_TRUE(kept(false, -1)) << "without a PASID";
}

TEST_F(Atc, APartOfALargePageTakesAllOfIt)
{
	pages[0x4003000] = ats_range(0x200000, 21) | kBoth;
	dma(TLP_MRD, 0x4003000);
	run();
	invalidate(0x4100000, 12);
	run();
	dma(TLP_MRD, 0x4003000);
	run();
	EXPECT_EQ(seen(BUS_ATS).size(), 2u);
}

TEST_F(Atc, TheAnswerComesAfterTheWritesThatUsedTheTranslation)
{
	dma(TLP_MWR, 0x10000);
	run();
	host->seen.clear();
	invalidate(0x10000, 12);
	run_for(kLatency / 2);
	Dma &write = dma(TLP_MWR, 0x10000, 256);
	while (invalidated.empty())
		ASSERT_TRUE(calendar_step(&sim.calendar));
	EXPECT_EQ(seen(BUS_WRITE), Addresses{0x5000}) << "it had arrived before";
	run();
	EXPECT_TRUE(write.done());
}

TEST_F(Atc, TheAnswerWaitsForReadsThatUsedTheTranslation)
{
	dma(TLP_MRD, 0x10000);
	run();
	bool slow = true;
	host->delay = [&](const struct bus_req &req) {
		return slow && req.op == BUS_READ ? 20 * PS_PER_US : 100 * PS_PER_NS;
	};
	Dma &read = dma(TLP_MRD, 0x10000);
	run_for(PS_PER_US);
	invalidate(0x10000, 12);
	run_for(5 * PS_PER_US);
	EXPECT_TRUE(invalidated.empty());
	slow = false;
	Dma &later = dma(TLP_MRD, 0x10000); /* asks again: has nothing to do with it */
	run_for(5 * PS_PER_US);
	EXPECT_TRUE(later.done());
	EXPECT_TRUE(invalidated.empty());
	while (invalidated.empty())
		ASSERT_TRUE(calendar_step(&sim.calendar));
	EXPECT_TRUE(read.done());
}

/* The completion of a request that was made before was overtaken: it must not be kept. */
TEST_F(Atc, AnInvalidationOvertakesATranslationCompletion)
{
	translation_ps = 10 * PS_PER_US;
	dma(TLP_MWR, 0x10000);
	run_for(5 * PS_PER_US);
	ASSERT_EQ(seen(BUS_ATS).size(), 1u);
	invalidate(0x10000, 12);
	run_for(2 * PS_PER_US);
	EXPECT_EQ(invalidated.size(), 1u) << "before the completion, which is still on its way";
	uint64_t stale = 0x5000;
	host->entry = [&](const struct bus_req &) {
		uint64_t entry = stale | kBoth;

		stale = 0x7000; /* the first one is answered with what was before */
		return entry;
	};
	run();
	EXPECT_EQ(seen(BUS_WRITE), Addresses{0x7000});
	EXPECT_EQ(seen(BUS_ATS).size(), 2u);
}

TEST_F(Atc, AnInvalidationOfElsewhereLeavesARequestAlone)
{
	translation_ps = 10 * PS_PER_US;
	dma(TLP_MWR, 0x10000);
	run_for(5 * PS_PER_US);
	invalidate(0x20000, 12);
	run();
	EXPECT_EQ(seen(BUS_ATS).size(), 1u);
	EXPECT_EQ(seen(BUS_WRITE), Addresses{0x5000});
}

TEST_F(Atc, ManyInvalidationsAreEachAnswered)
{
	for (uint8_t itag = 0; itag < 32; itag++)
		invalidate(0x1000u * itag, 12, itag);
	run();
	ASSERT_EQ(invalidated.size(), 32u);
	for (uint8_t itag = 0; itag < 32; itag++)
		EXPECT_EQ(invalidated[itag].second, itag);
}

TEST_F(Atc, WhoHasNoAtsDoesNotHoldUpAnInvalidation)
{
	invalidate(0, ATS_EVERYTHING, 1, false, -1, kPf);      /* not enabled */
	invalidate(0, ATS_EVERYTHING, 2, false, -1, kVf0 + 3); /* not there */
	invalidate(0, ATS_EVERYTHING, 3, false, -1, 0x5500);   /* behind no port */
	run();
	EXPECT_EQ(invalidated.size(), 3u);
}

TEST_F(Atc, MessagesAreRoutedByBusToo)
{
	enable(kPf);
	invalidate(0, ATS_EVERYTHING, 3, false, -1, 0x5500); /* function 0 of another bus */
	run();
	ASSERT_EQ(invalidated.size(), 1u);
	EXPECT_EQ(invalidated[0].first, 0x5500u);
}

TEST_F(Atc, AnInvalidationIsAnsweredWithoutBusMastering)
{
	config_write(kVf0, CFG_COMMAND, 0, 2);
	invalidate(0, ATS_EVERYTHING);
	run();
	EXPECT_EQ(invalidated.size(), 1u);
}

TEST_F(Atc, DisablingForgetsEverything)
{
	dma(TLP_MRD, 0x10000);
	run();
	config_write(kVf0, AT_ATS + ATS_CONTROL + 2, 0, 2);
	enable(kVf0);
	dma(TLP_MRD, 0x10000);
	run();
	EXPECT_EQ(seen(BUS_ATS).size(), 1u);
}

TEST_F(Atc, WhatIsHeldGoesUntranslatedWhenDisabled)
{
	translation_ps = 10 * PS_PER_US;
	dma(TLP_MWR, 0x10000);
	run_for(2 * PS_PER_US);
	config_write(kVf0, AT_ATS + ATS_CONTROL + 2, 0, 2);
	EXPECT_EQ(seen(BUS_WRITE), Addresses{0x10000});
	run();
	EXPECT_EQ(seen(BUS_WRITE), Addresses{0x10000}) << "once";
	enable(kVf0);
	dma(TLP_MWR, 0x10000);
	run();
	EXPECT_EQ(seen(BUS_ATS).size(), 1u) << "what came back was not kept";
}

TEST_F(Atc, AResetDiscardsWhatIsHeldAndForgets)
{
	translation_ps = 10 * PS_PER_US;
	Dma &write = dma(TLP_MWR, 0x10000), &read = dma(TLP_MRD, 0x20000);
	run_for(2 * PS_PER_US);
	config_write(kVf0, AT_PCIE + PCIE_DEVCTL, DEVCTL_INITIATE_FLR, 2);
	run();
	EXPECT_TRUE(write.done() && read.done());
	EXPECT_TRUE(write.tlp.discarded && read.tlp.discarded);
	EXPECT_EQ(seen(BUS_WRITE), Addresses{});
	EXPECT_EQ(pcie_function_in_flight(vf(0)), 0u);
	EXPECT_EQ(config_read(kVf0, AT_ATS + ATS_CONTROL) >> 16, 0u);
}

TEST_F(Atc, AnInvalidationAtAFunctionInResetIsNotAnswered)
{
	config_write(kVf0, AT_PCIE + PCIE_DEVCTL, DEVCTL_INITIATE_FLR, 2);
	invalidate(0x10000, 12);
	run();
	EXPECT_TRUE(invalidated.empty()) << "the SMMU's time-out is for this";
}

/* ---- page requests, 10.4 ---- */
