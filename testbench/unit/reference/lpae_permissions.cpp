/* SPDX-License-Identifier: Apache-2.0 */
/* Permissions of VMSAv8-32 LPAE: DDI 0487, G5.6. */
#include "testbench/unit/reference/bench.hpp"

namespace ref
{

namespace
{
/* Table G5-7: of AP[2:1]. */
const int data_rights[] = {
	kPrivRead | kPrivWrite,
	kPrivRead | kPrivWrite | kUserRead | kUserWrite,
	kPrivRead,
	kPrivRead | kUserRead,
};

/* G5.6.3 where XN is clear; -1: whatever. */
const struct {
	int pxn, ap, wxn, uwxn, rights;
} execution[] = {
	/* Users execute what they read. */
	{0, 0, 0, -1, kPrivExec},
	{0, 0, 1, -1, 0},
	{0, 1, 0, 0, kPrivExec | kUserExec},
	{0, 1, 0, 1, kUserExec},
	{0, 1, 1, -1, 0},
	{0, 2, -1, -1, kPrivExec},
	{0, 3, -1, -1, kPrivExec | kUserExec},
	{1, 0, -1, -1, 0},
	{1, 1, 0, -1, kUserExec},
	{1, 1, 1, -1, 0},
	{1, 2, -1, -1, 0},
	{1, 3, -1, -1, kUserExec},
};
} // namespace

class LpaePermissions : public Bench
{
protected:
	LpaePermissions()
	{
		registers.idr[0] |= Put(idr0::kTTF, 3);
		ste = cds.In(ValidSte(kStage1Only));
		cd = tables.In(ValidCd());
	}

	int Rights()
	{
		int rights = 0;

		for (int i = 0; i < 6; i++) {
			const Outcome outcome = Do({.stream = kStream,
						    .address = kPage,
						    .write = i % 3 == 1,
						    .privileged = i < 3,
						    .instruction = i % 3 == 2});
			if (outcome.verdict == Verdict::kPassed)
				rights |= 1 << i;
			else
				EXPECT_EQ(outcome.event.Number(), kF_PERMISSION);
		}
		return rights;
	}

	void MapWith(int ap, bool xn, bool pxn)
	{
		tables.Map(
			kPage, 0x80000000, 3,
			{.user = (ap & 1) != 0, .read_only = (ap & 2) != 0, .uxn = xn, .pxn = pxn});
	}

	static constexpr uint64_t kPage = 0x12345000;
	Stage1 tables{memory, {.lpae = true, .ia_bits = 32}};
};

TEST_F(LpaePermissions, OfTwoLevels)
{
	for (const auto &row : execution) {
		for (int controls = 0; controls < 4; controls++) {
			const int wxn = controls & 1, uwxn = controls >> 1;
			if ((row.wxn >= 0 && row.wxn != wxn) || (row.uwxn >= 0 && row.uwxn != uwxn))
				continue;
			cd.Set(cd::kWXN, wxn).Set(cd::kUWXN, uwxn);
			MapWith(row.ap, false, row.pxn);
			EXPECT_EQ(Rights(), data_rights[row.ap] | row.rights)
				<< "AP " << row.ap << " PXN " << row.pxn << " WXN " << wxn
				<< " UWXN " << uwxn;
			MapWith(row.ap, true, row.pxn); /* XN is for both */
			EXPECT_EQ(Rights(), data_rights[row.ap]);
		}
	}
}

/* UWXN is IGNORED of VMSAv8-64, where what users write is never executed with privilege. */
TEST_F(LpaePermissions, UwxnIsOfThisFormat)
{
	Stage1 wide(memory, {.ia_bits = 32});

	wide.Map(kPage, 0x80000000);
	cd = wide.In(ValidCd());
	const int all = kPrivRead | kPrivWrite | kUserRead | kUserWrite | kUserExec;
	EXPECT_EQ(Rights(), all);
	cd.Set(cd::kUWXN, 1);
	EXPECT_EQ(Rights(), all);
	cd = tables.In(ValidCd());
	MapWith(1, false, false);
	EXPECT_EQ(Rights(), all | kPrivExec);
}

/* Tables G5-8; 5.4, HAD0. UWXN counts what users can write in the end. */
TEST_F(LpaePermissions, OfTablesOnTheWay)
{
	const int all = 63, priv = 7, user = 56;

	MapWith(1, false, false);
	EXPECT_EQ(Rights(), all);
	for (int level = 1; level <= 2; level++) {
		tables.TableAttr(kPage, level, {.ap = 1});
		EXPECT_EQ(Rights(), priv);
		tables.TableAttr(kPage, level, {.ap = 2});
		EXPECT_EQ(Rights(), all & ~(kPrivWrite | kUserWrite));
		tables.TableAttr(kPage, level, {.ap = 3});
		EXPECT_EQ(Rights(), kPrivRead | kPrivExec);
		tables.TableAttr(kPage, level, {.uxn = true});
		EXPECT_EQ(Rights(), all & ~(kPrivExec | kUserExec));
		tables.TableAttr(kPage, level, {.pxn = true});
		EXPECT_EQ(Rights(), all & ~kPrivExec);
		cd.Set(cd::kHAD0, 1);
		EXPECT_EQ(Rights(), all);
		cd.Set(cd::kHAD0, 0).Set(cd::kHAD1, 1);
		EXPECT_EQ(Rights(), all & ~kPrivExec);
		cd.Set(cd::kHAD1, 0);
		tables.TableAttr(kPage, level, {});
	}
	cd.Set(cd::kUWXN, 1);
	EXPECT_EQ(Rights(), all & ~kPrivExec);
	tables.TableAttr(kPage, 1, {.ap = 1});
	EXPECT_EQ(Rights(), priv);
	tables.TableAttr(kPage, 1, {.ap = 2});
	EXPECT_EQ(Rights(), (priv | user) & ~(kPrivWrite | kUserWrite));
}

/* PAN is about what users can read; EPAN does not exist here. */
TEST_F(LpaePermissions, PrivilegedAccessNever)
{
	registers.idr[3] |= Put(idr3::kEPAN, 1);
	cd.Set(cd::kPAN, 1).Set(cd::kEPAN, 1);
	MapWith(1, false, false);
	EXPECT_EQ(Rights(), kPrivExec | kUserRead | kUserWrite | kUserExec);
	MapWith(3, false, false);
	EXPECT_EQ(Rights(), kPrivExec | kUserRead | kUserExec);
	MapWith(0, false, false);
	EXPECT_EQ(Rights(), kPrivRead | kPrivWrite | kPrivExec);
	MapWith(1, false, false);
	tables.TableAttr(kPage, 2, {.ap = 1});
	EXPECT_EQ(Rights(), kPrivRead | kPrivWrite | kPrivExec);
}

/* Tables G5-10 and G5-11: execution needs reading, which it does not in VMSAv8-64. */
TEST_F(LpaePermissions, OfStageTwo)
{
	/* By XN[1:0]; without XNX bit 53 is RES0. */
	static const int xnx[] = {kPrivExec | kUserExec, kUserExec, 0, kPrivExec};
	static const int single[] = {kPrivExec | kUserExec, kPrivExec | kUserExec, 0, 0};
	Stage2 second(memory, {.lpae = true, .ia_bits = 32}), wide(memory, {.ia_bits = 32});

	for (const bool has_xnx : {false, true}) {
		registers.idr[3] &= ~Put(idr3::kXNX, 1);
		registers.idr[3] |= Put(idr3::kXNX, has_xnx);
		for (int i = 0; i < 16; i++) {
			const bool read = i & 1, write = i & 2;
			const int xn = i >> 2, exec = has_xnx ? xnx[xn] : single[xn];
			const int data = (read ? kPrivRead | kUserRead : 0) |
					 (write ? kPrivWrite | kUserWrite : 0);
			second.Map(kPage, 0x80000000, 3, {.read = read, .write = write, .xn = xn});
			wide.Map(kPage, 0x80000000, 3, {.read = read, .write = write, .xn = xn});
			ste = second.In(ValidSte(kStage2Only));
			EXPECT_EQ(Rights(), data | (read ? exec : 0))
				<< "XNX " << has_xnx << " " << i;
			ste = wide.In(ValidSte(kStage2Only));
			EXPECT_EQ(Rights(), data | exec);
		}
	}
}

} // namespace ref
