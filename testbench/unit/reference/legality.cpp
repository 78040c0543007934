/* SPDX-License-Identifier: Apache-2.0 */
/* One rule of 5.2.2 and 5.4.2 at a time: what is legal becomes ILLEGAL by one change. */
#include "testbench/support/reference/legality.hpp"
#include "testbench/unit/reference/bench.hpp"

namespace ref
{

class Legality : public NestedBench
{
protected:
	/* An identification field, and whether the STE is legal then. */
	bool SteLegalWith(int idr, Field field, uint64_t value)
	{
		Registers changed = registers;
		changed.idr[idr] &= ~Put(field, ~0ull);
		changed.idr[idr] |= Put(field, value);
		return !SteIllegal(ste, Features(changed));
	}

	bool SteLegal()
	{
		return !SteIllegal(ste, Features(registers));
	}

	bool CdLegalWith(int idr, Field field, uint64_t value)
	{
		Registers changed = registers;
		changed.idr[idr] &= ~Put(field, ~0ull);
		changed.idr[idr] |= Put(field, value);
		return !CdIllegal(cd, ste, Features(changed), false);
	}

	bool CdLegal()
	{
		return !CdIllegal(cd, ste, Features(registers), false);
	}

	/* The STE with one field changed. */
	bool SteLegalAfter(Field field, uint64_t value)
	{
		const Ste before = ste;
		ste.Set(field, value);
		const bool legal = SteLegal();
		ste = before;
		return legal;
	}

	bool CdLegalAfter(Field field, uint64_t value)
	{
		const Cd before = cd;
		cd.Set(field, value);
		const bool legal = CdLegal();
		cd = before;
		return legal;
	}
};

TEST_F(Legality, StagesThatAreNotThere)
{
	EXPECT_TRUE(SteLegal());
	EXPECT_FALSE(SteLegalWith(0, idr0::kS1P, 0));
	EXPECT_FALSE(SteLegalWith(0, idr0::kS2P, 0));
	ste = ValidSte(kBypass);
	EXPECT_TRUE(SteLegalWith(0, idr0::kS1P, 0));
	EXPECT_FALSE(SteLegalAfter(ste::kV, 0));
	/* Fields do not count where nothing is translated. */
	EXPECT_TRUE(SteLegalAfter(ste::kS2T0SZ, 63));
	EXPECT_TRUE(SteLegalAfter(ste::kSTRW, 1));
	ste.Set(ste::kConfig, 2);
	EXPECT_TRUE(SteLegalAfter(ste::kS1CDMax, 31));
}

TEST_F(Legality, Ats)
{
	EXPECT_TRUE(SteLegalAfter(ste::kEATS, 1));
	EXPECT_TRUE(SteLegalAfter(ste::kEATS, 2));
	EXPECT_TRUE(SteLegalAfter(ste::kEATS, 3)); /* as 0b00 without DPT */
	ste.Set(ste::kEATS, 2);
	EXPECT_FALSE(SteLegalWith(0, idr0::kNS1ATS, 1));
	EXPECT_FALSE(SteLegalAfter(ste::kConfig, kStage2Only));
	EXPECT_FALSE(SteLegalAfter(ste::kConfig, kStage1Only));
	EXPECT_TRUE(SteLegalAfter(ste::kConfig, kBypass));
	ste.Set(ste::kS2S, 1);
	EXPECT_FALSE(SteLegal());
	EXPECT_TRUE(SteLegalWith(0, idr0::kATS, 0));
	ste.Set(ste::kEATS, 1);
	EXPECT_FALSE(SteLegal());
	EXPECT_TRUE(SteLegalAfter(ste::kConfig, kStage1Only));
}

TEST_F(Legality, StreamWorldAndVmid)
{
	EXPECT_TRUE(SteLegalAfter(ste::kSTRW, 1)); /* stage 2 on: ignored */
	ste.Set(ste::kConfig, kStage1Only);
	EXPECT_FALSE(SteLegalAfter(ste::kSTRW, 1));
	EXPECT_FALSE(SteLegalAfter(ste::kSTRW, 3));
	EXPECT_TRUE(SteLegalAfter(ste::kSTRW, 2));
	ste.Set(ste::kSTRW, 1);
	EXPECT_TRUE(SteLegalWith(0, idr0::kHyp, 0));
	ste.Set(ste::kSTRW, 0).Set(ste::kS2VMID, 0x100);
	EXPECT_TRUE(SteLegal());
	EXPECT_FALSE(SteLegalWith(0, idr0::kVMID16, 0));
	ste.Set(ste::kSTRW, 2);
	EXPECT_TRUE(SteLegalWith(0, idr0::kVMID16, 0));
	ste.Set(ste::kSTRW, 0).Set(ste::kConfig, kBypass);
	EXPECT_TRUE(SteLegalWith(0, idr0::kVMID16, 0));
	ste.Set(ste::kConfig, kNested);
	EXPECT_FALSE(SteLegalWith(0, idr0::kVMID16, 0));
}

TEST_F(Legality, Stage1Fields)
{
	EXPECT_TRUE(SteLegalAfter(ste::kS1STALLD, 1));
	ste.Set(ste::kS1STALLD, 1);
	EXPECT_FALSE(SteLegalWith(0, idr0::kSTALL_MODEL, 1));
	ste.Set(ste::kS1STALLD, 0);
	EXPECT_TRUE(SteLegalAfter(ste::kS1CDMax, 20));
	EXPECT_FALSE(SteLegalAfter(ste::kS1CDMax, 21));
	ste.Set(ste::kS1CDMax, 21);
	EXPECT_TRUE(SteLegalWith(1, idr1::kSSIDSIZE, 0));
	ste.Set(ste::kS1CDMax, 8).Set(ste::kS1Fmt, 1);
	EXPECT_TRUE(SteLegal());
	EXPECT_FALSE(SteLegalWith(0, idr0::kCD2L, 0));
	ste.Set(ste::kS1Fmt, 3); /* reserved: as 0b00 */
	EXPECT_TRUE(SteLegalWith(0, idr0::kCD2L, 0));
	ste.Set(ste::kS1Fmt, 1).Set(ste::kS1CDMax, 0);
	EXPECT_TRUE(SteLegalWith(0, idr0::kCD2L, 0));
	EXPECT_FALSE(SteLegalAfter(ste::kS1ContextPtr, 1ull << 42));
}

TEST_F(Legality, Stage2Fields)
{
	ste.Set(ste::kS2S, 1);
	EXPECT_FALSE(SteLegalWith(0, idr0::kSTALL_MODEL, 1));
	EXPECT_TRUE(SteLegalWith(0, idr0::kSTALL_MODEL, 2));
	ste.Set(ste::kS2S, 0);
	EXPECT_TRUE(SteLegalWith(0, idr0::kSTALL_MODEL, 1));
	EXPECT_FALSE(SteLegalWith(0, idr0::kSTALL_MODEL, 2));
	EXPECT_FALSE(SteLegalAfter(ste::kS2AA64, 0));
	EXPECT_FALSE(SteLegalWith(0, idr0::kTTF, 1));
	ste.Set(ste::kS2HA, 1);
	EXPECT_TRUE(SteLegal());
	EXPECT_FALSE(SteLegalWith(0, idr0::kHTTU, 0));
	ste.Set(ste::kS2HD, 1);
	EXPECT_FALSE(SteLegalWith(0, idr0::kHTTU, 1));
	ste.Set(ste::kS2HA, 0); /* 0b01: reserved, but not ILLEGAL */
	EXPECT_TRUE(SteLegal());
	ste.Set(ste::kS2HD, 0).Set(ste::kS2HAFT, 1);
	EXPECT_TRUE(SteLegal());
	EXPECT_FALSE(SteLegalWith(0, idr0::kHTTU, 3));
	ste.Set(ste::kS2HAFT, 0);
	EXPECT_TRUE(SteLegalAfter(ste::kS2ENDI, 1));
	EXPECT_TRUE(SteLegalWith(0, idr0::kTTENDIAN, 2));
	EXPECT_FALSE(SteLegalWith(0, idr0::kTTENDIAN, 3));
	ste.Set(ste::kS2ENDI, 1);
	EXPECT_FALSE(SteLegalWith(0, idr0::kTTENDIAN, 2));
}

TEST_F(Legality, Stage2Shape)
{
	EXPECT_FALSE(SteLegalAfter(ste::kS2TG, 3));
	EXPECT_FALSE(SteLegalWith(5, idr5::kGRAN4K, 0));
	/* 40 bits from level 0; 39 would be the last. */
	EXPECT_FALSE(SteLegalAfter(ste::kS2T0SZ, 25));
	EXPECT_FALSE(SteLegalAfter(ste::kS2T0SZ, 15));
	EXPECT_TRUE(SteLegalAfter(ste::kS2T0SZ, 16));
	EXPECT_TRUE(SteLegalAfter(ste::kS2SL0, 1));
	EXPECT_FALSE(SteLegalAfter(ste::kS2SL0, 0));
	EXPECT_FALSE(SteLegalAfter(ste::kS2SL0, 3));
	/* At least 64 - IAS; and a PA of 42 bits has no level 0. */
	EXPECT_FALSE(SteLegalWith(5, idr5::kOAS, 1));
	EXPECT_TRUE(SteLegalWith(5, idr5::kOAS, 4));
	EXPECT_FALSE(SteLegalWith(5, idr5::kOAS, 3));
	ste.Set(ste::kS2SL0, 1);
	EXPECT_TRUE(SteLegalWith(5, idr5::kOAS, 2));
	EXPECT_FALSE(SteLegalWith(5, idr5::kOAS, 1));
	ste.Set(ste::kS2SL0, 2);
	/* S2TTB within S2PS, and within 48 bits for small granules. */
	ste.Set(ste::kS2TTB, 1ull << 40 >> 4);
	EXPECT_FALSE(SteLegalAfter(ste::kS2PS, 2));
	EXPECT_TRUE(SteLegal());
	registers.idr[5] = (registers.idr[5] & ~7u) | 6;
	ste.Set(ste::kS2PS, 6);
	EXPECT_FALSE(SteLegalAfter(ste::kS2TTB, 1ull << 48 >> 4));
	ste.Set(ste::kS2TG, 1).Set(ste::kS2SL0, 1);
	EXPECT_TRUE(SteLegalAfter(ste::kS2TTB, 1ull << 48 >> 4));
	/* Small tables: 4 KiB, 48 is 16 bits from level 3. */
	ste.Set(ste::kS2TG, 0).Set(ste::kS2SL0, 3);
	EXPECT_TRUE(SteLegalAfter(ste::kS2T0SZ, 48));
	ste.Set(ste::kS2T0SZ, 39);
	EXPECT_TRUE(SteLegal());
	EXPECT_FALSE(SteLegalWith(3, idr3::kSTT, 0));
}

TEST_F(Legality, CdFaultModel)
{
	EXPECT_TRUE(CdLegal());
	EXPECT_FALSE(CdLegalAfter(cd::kV, 0));
	EXPECT_TRUE(CdLegalAfter(cd::kS, 1));
	cd.Set(cd::kS, 1);
	EXPECT_FALSE(CdLegalWith(0, idr0::kSTALL_MODEL, 1));
	ste.Set(ste::kS1STALLD, 1);
	EXPECT_FALSE(CdLegal());
	ste.Set(ste::kS1STALLD, 0);
	cd.Set(cd::kS, 0);
	EXPECT_FALSE(CdLegalWith(0, idr0::kSTALL_MODEL, 2));
	cd.Set(cd::kA, 0);
	EXPECT_TRUE(CdLegal());
	EXPECT_FALSE(CdLegalWith(0, idr0::kTERM_MODEL, 1));
}

TEST_F(Legality, CdFormats)
{
	EXPECT_FALSE(CdLegalAfter(cd::kAA64, 0));
	EXPECT_FALSE(CdLegalWith(0, idr0::kTTF, 1));
	EXPECT_FALSE(CdLegalWith(0, idr0::kTTENDIAN, 3));
	cd.Set(cd::kENDI, 1);
	EXPECT_TRUE(CdLegal());
	EXPECT_FALSE(CdLegalWith(0, idr0::kTTENDIAN, 2));
	cd.Set(cd::kEPD0, 1); /* both off: ENDI does not count */
	EXPECT_TRUE(CdLegalWith(0, idr0::kTTENDIAN, 2));
	cd.Set(cd::kEPD0, 0).Set(cd::kENDI, 0);
}

TEST_F(Legality, CdUpdatesAndAsid)
{
	cd.Set(cd::kHA, 1);
	EXPECT_TRUE(CdLegal());
	EXPECT_FALSE(CdLegalWith(0, idr0::kHTTU, 0));
	cd.Set(cd::kHD, 1);
	EXPECT_FALSE(CdLegalWith(0, idr0::kHTTU, 1));
	cd.Set(cd::kHA, 0).Set(cd::kHD, 0).Set(cd::kHAFT, 1);
	EXPECT_FALSE(CdLegalWith(0, idr0::kHTTU, 3));
	EXPECT_TRUE(CdLegal());
	cd.Set(cd::kHAFT, 0).Set(cd::kASID, 0x100);
	EXPECT_TRUE(CdLegal());
	EXPECT_FALSE(CdLegalWith(0, idr0::kASID16, 0));
	ste.Set(ste::kConfig, kStage1Only).Set(ste::kSTRW, 2);
	EXPECT_TRUE(CdLegalWith(0, idr0::kASID16, 0));
}

TEST_F(Legality, CdRanges)
{
	EXPECT_FALSE(CdLegalAfter(cd::kT0SZ, 15));
	EXPECT_TRUE(CdLegalAfter(cd::kT0SZ, 48));
	EXPECT_FALSE(CdLegalAfter(cd::kT0SZ, 49));
	cd.Set(cd::kT0SZ, 40);
	EXPECT_FALSE(CdLegalWith(3, idr3::kSTT, 0));
	cd.Set(cd::kT0SZ, 25);
	EXPECT_FALSE(CdLegalAfter(cd::kTG0, 3));
	EXPECT_FALSE(CdLegalWith(5, idr5::kGRAN4K, 0));
	EXPECT_TRUE(CdLegalAfter(cd::kT1SZ, 0)); /* EPD1 */
	EXPECT_FALSE(CdLegalAfter(cd::kEPD1, 0));
	ste.Set(ste::kConfig, kStage1Only).Set(ste::kSTRW, 2);
	EXPECT_TRUE(CdLegalAfter(cd::kEPD1, 0)); /* EL2 has no TTB1 */
	ste.Set(ste::kSTRW, 0);
	EXPECT_FALSE(CdLegalAfter(cd::kTTB0, 1ull << 48 >> 4));
	cd.Set(cd::kTTB0, 1ull << 40 >> 4);
	EXPECT_TRUE(CdLegal());
	EXPECT_FALSE(CdLegalAfter(cd::kIPS, 2));
	/* 64 KiB: 47 at most, 12 at least with IDR5.VAX. */
	cd.Set(cd::kTG0, 1).Set(cd::kT0SZ, 48);
	EXPECT_FALSE(CdLegal());
	cd.Set(cd::kT0SZ, 12);
	EXPECT_FALSE(CdLegal());
	EXPECT_TRUE(CdLegalWith(5, idr5::kVAX, 1));
	cd.Set(cd::kTG0, 2);
	EXPECT_FALSE(CdLegalWith(5, idr5::kVAX, 1));
}

/* 5.2 of VMSAv8-32 LPAE, whose S2T0SZ is 24 - 64 for 40 bits as well: four bits of it count. */
class LpaeLegality : public Legality
{
protected:
	LpaeLegality()
	{
		registers.idr[0] |= Put(idr0::kTTF, 3);
		ste.Set(ste::kS2AA64, 0).Set(ste::kS2SL0, 1);
		cd.Set(cd::kAA64, 0);
	}
};

TEST_F(LpaeLegality, StageTwoFields)
{
	EXPECT_TRUE(SteLegal());
	EXPECT_TRUE(SteLegalWith(0, idr0::kTTF, 1));
	EXPECT_FALSE(SteLegalWith(0, idr0::kTTF, 2));
	EXPECT_FALSE(SteLegalAfter(ste::kS2FWB, 1));
	EXPECT_FALSE(SteLegalAfter(ste::kS2HA, 1));
	EXPECT_FALSE(SteLegalAfter(ste::kS2HD, 1));
	EXPECT_TRUE(SteLegalAfter(ste::kS2HAFT, 1)); /* RES0 without HTTU == 0b11 */
	ste.Set(ste::kS2HAFT, 1);
	EXPECT_FALSE(SteLegalWith(0, idr0::kHTTU, 3));
	ste.Set(ste::kS2HAFT, 0);
	/* No matter: S2TG, S2PS, S2AFFD, S2PTW; S2TTB is compared with 40 bits. */
	EXPECT_TRUE(SteLegalAfter(ste::kS2TG, 3));
	ste.Set(ste::kS2PS, 0).Set(ste::kS2TTB, 1ull << 39 >> 4);
	EXPECT_TRUE(SteLegalWith(5, idr5::kOAS, 0));
	EXPECT_TRUE(SteLegalAfter(ste::kS2AFFD, 1));
	EXPECT_TRUE(SteLegalAfter(ste::kS2PTW, 1));
	EXPECT_FALSE(SteLegalAfter(ste::kS2TTB, 1ull << 40 >> 4));
	EXPECT_TRUE(SteLegalAfter(ste::kS2ENDI, 1));
	EXPECT_FALSE(SteLegalWith(0, idr0::kTTENDIAN, 3));
	/* The IAS is that of the other format. */
	EXPECT_TRUE(SteLegalAfter(ste::kS1ContextPtr, 1ull << 47 >> 6));
	ste.Set(ste::kS1ContextPtr, 1ull << 39 >> 6);
	EXPECT_TRUE(SteLegalWith(5, idr5::kOAS, 0));
	EXPECT_TRUE(SteLegalWith(0, idr0::kTTF, 1));
	ste.Set(ste::kS1ContextPtr, 1ull << 40 >> 6);
	EXPECT_FALSE(SteLegalWith(0, idr0::kTTF, 1));
}

/* Table G5-5: the first and the last S2T0SZ of each S2SL0, as the field has them. */
TEST_F(LpaeLegality, StageTwoStarts)
{
	static const char *const legal[] = {
		/* 0 to 7, then -8 to -1 */
		"yyyyyyyy......yy",
		"yy......yyyyyyyy",
		"................",
		"................",
	};

	for (int sl0 = 0; sl0 < 4; sl0++) {
		for (int size = 0; size < 64; size++) {
			ste.Set(ste::kS2SL0, sl0).Set(ste::kS2T0SZ, size);
			EXPECT_EQ(SteLegal(), legal[sl0][size & 15] == 'y')
				<< "S2SL0 " << sl0 << " S2T0SZ " << size;
		}
	}
}

TEST_F(LpaeLegality, ContextFields)
{
	EXPECT_TRUE(CdLegal());
	EXPECT_TRUE(CdLegalWith(0, idr0::kTTF, 1));
	EXPECT_FALSE(CdLegalWith(0, idr0::kTTF, 2));
	for (int size = 0; size < 64; size++)
		EXPECT_TRUE(CdLegalAfter(cd::kT0SZ, size));
	EXPECT_TRUE(CdLegalAfter(cd::kTG0, 3));
	EXPECT_TRUE(CdLegalAfter(cd::kEPD1, 0)); /* TG1 and T1SZ of 0 */
	/* HA, HD and HAFT are IGNORED. */
	cd.Set(cd::kHD, 1).Set(cd::kHAFT, 1);
	EXPECT_TRUE(CdLegalWith(0, idr0::kHTTU, 0));
	EXPECT_TRUE(CdLegalWith(0, idr0::kHTTU, 3));
	cd.Set(cd::kIPS, 0).Set(cd::kTTB0, 1ull << 39 >> 4);
	EXPECT_TRUE(CdLegalWith(5, idr5::kOAS, 0));
	EXPECT_FALSE(CdLegalAfter(cd::kTTB0, 1ull << 40 >> 4));
	EXPECT_TRUE(CdLegalAfter(cd::kTTB1, 1ull << 40 >> 4));
	cd.Set(cd::kEPD1, 0);
	EXPECT_FALSE(CdLegalAfter(cd::kTTB1, 1ull << 40 >> 4));
	EXPECT_FALSE(CdLegalWith(0, idr0::kTTENDIAN, 3));
	cd.Set(cd::kASID, 0x100);
	EXPECT_TRUE(CdLegal());
	EXPECT_FALSE(CdLegalWith(0, idr0::kASID16, 0));
}

/* 5.4, AA64. */
TEST_F(LpaeLegality, FormatsThatGoTogether)
{
	EXPECT_FALSE(CdLegalAfter(cd::kAA64, 1));
	ste.Set(ste::kS2AA64, 1);
	EXPECT_TRUE(CdLegal());
	EXPECT_TRUE(CdLegalAfter(cd::kAA64, 1));
	ste.Set(ste::kS2AA64, 0).Set(ste::kConfig, kStage1Only);
	EXPECT_TRUE(CdLegalAfter(cd::kAA64, 1));
	ste.Set(ste::kSTRW, 2);
	EXPECT_FALSE(CdIllegal(cd, ste, Features(registers), false));
	EXPECT_TRUE(CdIllegal(cd, ste, Features(registers), true)); /* EL2-E2H */
	ste.Set(ste::kConfig, kNested);
	EXPECT_FALSE(CdIllegal(cd, ste, Features(registers), true)); /* STRW is IGNORED */
}

/* What the reference does not know, it refuses. */
TEST(FeaturesTest, UnknownFeaturesAreRefused)
{
	Registers registers;
	registers.idr[0] = Put(idr0::kTTF, 2);
	EXPECT_NO_THROW(Features{registers});
	for (Field field : {idr3::kMPAM, idr3::kDPT, idr3::kS1PI, idr3::kTHE}) {
		registers.idr[3] = Put(field, 1);
		EXPECT_THROW(Features{registers}, std::invalid_argument);
	}
	registers.idr[3] = 0;
	registers.idr[5] = Put(idr5::kDS, 1);
	EXPECT_THROW(Features{registers}, std::invalid_argument);
}

} // namespace ref
