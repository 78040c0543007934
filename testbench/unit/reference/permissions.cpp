/* SPDX-License-Identifier: Apache-2.0 */
/* Permissions, access flag, dirty state of one stage: DDI 0487, D8.4, D8.5; IHI 0070, 3.13, 13.4.
 */
#include "testbench/unit/reference/bench.hpp"

namespace ref
{

namespace
{
constexpr int kPR = kPrivRead, kPRW = kPrivRead | kPrivWrite;
constexpr int kUR = kUserRead, kURW = kUserRead | kUserWrite;

struct Row {
	int uxn, pxn, ap, wxn, rights;
};

/* Table D8-65, its rows with x written out. */
const Row two_levels[] = {
	{0, 0, 0, 0, kPRW | kPrivExec | kUserExec},
	{0, 0, 0, 1, kPRW | kUserExec},
	{0, 0, 1, 0, kPRW | kURW | kUserExec},
	{0, 0, 1, 1, kPRW | kURW},
	{0, 0, 2, 0, kPR | kPrivExec | kUserExec},
	{0, 0, 2, 1, kPR | kPrivExec | kUserExec},
	{0, 0, 3, 0, kPR | kPrivExec | kUR | kUserExec},
	{0, 0, 3, 1, kPR | kPrivExec | kUR | kUserExec},
	{0, 1, 0, 0, kPRW | kUserExec},
	{0, 1, 0, 1, kPRW | kUserExec},
	{0, 1, 1, 0, kPRW | kURW | kUserExec},
	{0, 1, 1, 1, kPRW | kURW},
	{0, 1, 2, 0, kPR | kUserExec},
	{0, 1, 2, 1, kPR | kUserExec},
	{0, 1, 3, 0, kPR | kUR | kUserExec},
	{0, 1, 3, 1, kPR | kUR | kUserExec},
	{1, 0, 0, 0, kPRW | kPrivExec},
	{1, 0, 0, 1, kPRW},
	{1, 0, 1, 0, kPRW | kURW},
	{1, 0, 1, 1, kPRW | kURW},
	{1, 0, 2, 0, kPR | kPrivExec},
	{1, 0, 2, 1, kPR | kPrivExec},
	{1, 0, 3, 0, kPR | kPrivExec | kUR},
	{1, 0, 3, 1, kPR | kPrivExec | kUR},
	{1, 1, 0, 0, kPRW},
	{1, 1, 0, 1, kPRW},
	{1, 1, 1, 0, kPRW | kURW},
	{1, 1, 1, 1, kPRW | kURW},
	{1, 1, 2, 0, kPR},
	{1, 1, 2, 1, kPR},
	{1, 1, 3, 0, kPR | kUR},
	{1, 1, 3, 1, kPR | kUR},
};

/* Table D8-66: uxn is XN, ap is AP[2]; the columns pxn and AP[1] do not exist. */
const Row one_level[] = {
	{0, 0, 0, 0, kPRW | kPrivExec},
	{0, 0, 0, 1, kPRW},
	{0, 0, 2, 0, kPR | kPrivExec},
	{0, 0, 2, 1, kPR | kPrivExec},
	{1, 0, 0, 0, kPRW},
	{1, 0, 0, 1, kPRW},
	{1, 0, 2, 0, kPR},
	{1, 0, 2, 1, kPR},
};
} // namespace

class Permissions : public Stage1Bench
{
protected:
	static constexpr uint64_t kPage = 0x12345000;

	bool Allows(bool privileged, bool write, bool instruction)
	{
		return Do({.stream = kStream,
			   .address = kPage,
			   .write = write,
			   .privileged = privileged,
			   .instruction = instruction})
			       .verdict == Verdict::kPassed;
	}

	int Rights()
	{
		int rights = 0;

		for (int privileged = 0; privileged < 2; privileged++) {
			const int base = privileged ? 1 : 8;
			rights |= Allows(privileged, false, false) ? base : 0;
			rights |= Allows(privileged, true, false) ? base * 2 : 0;
			rights |= Allows(privileged, false, true) ? base * 4 : 0;
		}
		return rights;
	}

	void Page(int ap, bool uxn, bool pxn)
	{
		tables.Map(kPage, 0x80000000, 3,
			   {.user = (ap & 1) != 0, .read_only = ap > 1, .uxn = uxn, .pxn = pxn});
	}
};

TEST_F(Permissions, TwoPrivilegeLevelsAreAsTheTableSays)
{
	for (const Row &row : two_levels) {
		cd.Set(cd::kWXN, row.wxn);
		Page(row.ap, row.uxn, row.pxn);
		EXPECT_EQ(Rights(), row.rights)
			<< row.uxn << row.pxn << " AP " << row.ap << " WXN " << row.wxn;
	}
}

/* StreamWorld EL2: AP[1] and PXN do not count, nor does who asks (13.4.1). */
TEST_F(Permissions, OnePrivilegeLevelIsAsTheTableSays)
{
	ste.Set(ste::kSTRW, 2);
	for (const Row &row : one_level) {
		cd.Set(cd::kWXN, row.wxn);
		for (int ignored = 0; ignored < 4; ignored++) {
			Page(row.ap | (ignored & 1), row.uxn, ignored & 2);
			EXPECT_EQ(Rights(), row.rights | row.rights << 3);
		}
	}
}

TEST_F(Permissions, El2HostIsAsEl1)
{
	ste.Set(ste::kSTRW, 2);
	registers.cr2 |= 1; /* E2H */
	for (const Row &row : two_levels) {
		cd.Set(cd::kWXN, row.wxn);
		Page(row.ap, row.uxn, row.pxn);
		EXPECT_EQ(Rights(), row.rights);
	}
}

/* Table D8-64, and UXNTable, PXNTable. */
TEST_F(Permissions, HierarchicalAttributesTakeAway)
{
	const int all = kPRW | kURW | kUserExec;

	Page(1, false, false);
	tables.TableAttr(kPage, 1, {.ap = 1});
	EXPECT_EQ(Rights(), kPRW | kPrivExec | kUserExec); /* as AP 0b00 */
	tables.TableAttr(kPage, 1, {.ap = 2});
	EXPECT_EQ(Rights(), kPR | kPrivExec | kUR | kUserExec);
	tables.TableAttr(kPage, 1, {.ap = 3});
	EXPECT_EQ(Rights(), kPR | kPrivExec | kUserExec);
	tables.TableAttr(kPage, 1, {.uxn = true});
	EXPECT_EQ(Rights(), all & ~kUserExec);
	tables.TableAttr(kPage, 1, {});
	Page(0, false, false);
	tables.TableAttr(kPage, 2, {.pxn = true});
	EXPECT_EQ(Rights(), kPRW | kUserExec);
	cd.Set(cd::kHAD0, 1);
	EXPECT_EQ(Rights(), kPRW | kPrivExec | kUserExec);
	registers.idr[3] &= ~Put(idr3::kHAD, 1);
	EXPECT_EQ(Rights(), kPRW | kUserExec);
}

TEST_F(Permissions, PanKeepsPrivilegedDataAway)
{
	cd.Set(cd::kPAN, 1);
	Page(3, false, false);
	EXPECT_EQ(Rights(), kPrivExec | kUR | kUserExec);
	/* What APTable makes inaccessible to users, they do not access. */
	tables.TableAttr(kPage, 2, {.ap = 1});
	EXPECT_EQ(Rights(), kPR | kPrivExec | kUserExec);
	tables.TableAttr(kPage, 2, {});
	/* EPAN: pages that users execute count too. */
	Page(0, false, false);
	EXPECT_EQ(Rights(), kPRW | kPrivExec | kUserExec);
	registers.idr[3] |= Put(idr3::kEPAN, 1);
	cd.Set(cd::kEPAN, 1);
	EXPECT_EQ(Rights(), kPrivExec | kUserExec);
	Page(0, true, false);
	EXPECT_EQ(Rights(), kPRW | kPrivExec);
}

/* 5.2, PRIVCFG and INSTCFG; an override of writes' instruction does not exist. */
TEST_F(Permissions, OverridesChangeWhatIsChecked)
{
	Page(0, true, false);
	ste.Set(ste::kPRIVCFG, 3);
	EXPECT_EQ(Rights(), kPRW | kPrivExec | kURW | kUserExec);
	ste.Set(ste::kPRIVCFG, 2);
	EXPECT_EQ(Rights(), 0);
	ste.Set(ste::kPRIVCFG, 3).Set(ste::kINSTCFG, 3);
	Page(0, true, true);
	EXPECT_EQ(Rights(), kPrivWrite | kUserWrite);
	registers.idr[1] &= ~Put(idr1::kATTR_PERMS_OVR, 1);
	EXPECT_EQ(Rights(), kPRW);
}

TEST_F(Permissions, EventsTellTheAttributesAfterOverride)
{
	Page(0, true, true);
	ste.Set(ste::kPRIVCFG, 2).Set(ste::kINSTCFG, 3);
	Outcome outcome = Do({.stream = kStream, .address = kPage, .privileged = true});
	EXPECT_EVENT(outcome, kF_PERMISSION);
	EXPECT_EQ(outcome.event.record.Get(event::kPnU), 0u);
	EXPECT_EQ(outcome.event.record.Get(event::kInD), 1u);
	outcome = Do({.stream = kStream, .address = kPage, .write = true, .instruction = true});
	EXPECT_EQ(outcome.event.record.Get(event::kInD), 0u);
}

/* D8.5.2: clean counts as writable for WXN and for privileged execution. */
TEST_F(Permissions, CleanPagesCountAsWritable)
{
	cd.Set(cd::kHA, 1).Set(cd::kHD, 1);
	const auto page = [this](bool dbm) {
		tables.Map(kPage, 0x80000000, 3, {.read_only = true, .dirty_modifier = dbm});
	};
	page(true);
	EXPECT_FALSE(Allows(true, false, true));
	page(false);
	EXPECT_TRUE(Allows(true, false, true));
	EXPECT_FALSE(Allows(false, true, false));
	page(true);
	EXPECT_TRUE(Allows(false, true, false));
	/* Not if a table says read-only. */
	page(true);
	tables.TableAttr(kPage, 2, {.ap = 2});
	EXPECT_FALSE(Allows(false, true, false));
	EXPECT_TRUE(Allows(true, false, true));
}

/* CD.{HA, HD} in all four states, a write to a page without AF that is clean. */
TEST_F(Permissions, AccessFlagAndDirtyState)
{
	const auto after = [this](int ha, int hd, Verdict *verdict) {
		cd.Set(cd::kHA, ha).Set(cd::kHD, hd);
		tables.Map(kPage, 0x80000000, 3,
			   {.read_only = true, .access = false, .dirty_modifier = true});
		const uint64_t before = tables.Descriptor(kPage, 3);
		*verdict = Write(kPage).verdict;
		return before ^ tables.Descriptor(kPage, 3);
	};
	Verdict verdict;

	EXPECT_EQ(after(0, 0, &verdict), 0u);
	EXPECT_EQ(verdict, Verdict::kAborted);
	EXPECT_EQ(after(0, 1, &verdict), 0u); /* reserved: as 0b00 */
	EXPECT_EQ(verdict, Verdict::kAborted);
	EXPECT_EQ(after(1, 0, &verdict), 0u); /* permission fault: AF is UNKNOWN, here not set */
	EXPECT_EQ(verdict, Verdict::kAborted);
	EXPECT_EQ(after(1, 1, &verdict), 0x480u);
	EXPECT_EQ(verdict, Verdict::kPassed);
}

/* HD without HA is reserved and behaves as neither. */
TEST_F(Permissions, DirtyStateNeedsTheAccessFlagsUpdate)
{
	cd.Set(cd::kHD, 1);
	tables.Map(kPage, 0x80000000, 3, {.read_only = true, .dirty_modifier = true});
	EXPECT_EVENT(Write(kPage), kF_PERMISSION);
}

/* HTTU == 0b11: the flag of table descriptors too, before the leaf's (D8.5.1.3). */
TEST_F(Permissions, AccessFlagOfTableDescriptors)
{
	registers.idr[0] |= 3 << 6;
	cd.Set(cd::kHA, 1).Set(cd::kHAFT, 1);
	tables.Map(kPage, 0x80000000, 3, {.access = false});
	const Outcome outcome = Read(kPage);
	ASSERT_EQ(outcome.updates.size(), 3u) << outcome.Text();
	EXPECT_EQ(outcome.updates[0].address, tables.DescriptorAddress(kPage, 1));
	EXPECT_EQ(outcome.updates[1].address, tables.DescriptorAddress(kPage, 2));
	for (int level = 1; level < 4; level++)
		EXPECT_EQ(tables.Descriptor(kPage, level) & 0x400, 0x400u);
	EXPECT_TRUE(Read(kPage).updates.empty());
}

TEST_F(Permissions, AccessFlagDespitePermissionFaultIsAllowed)
{
	cd.Set(cd::kHA, 1);
	tables.Map(kPage, 0x80000000, 3, {.read_only = true, .access = false});
	Configure();
	const auto allowed = Walker(memory, registers)
				     .Allowed({.stream = kStream, .address = kPage, .write = true});
	ASSERT_EQ(allowed.size(), 2u);
	EXPECT_EQ(allowed[0].updates.size(), 0u);
	ASSERT_EQ(allowed[1].updates.size(), 1u);
	EXPECT_EQ(allowed[1].updates[0].before ^ allowed[1].updates[0].after, 0x400u);
	/* And memory is as it was. */
	EXPECT_EQ(tables.Descriptor(kPage, 3) & 0x400, 0u);
}

TEST_F(Permissions, AccessFaultsCanBeOff)
{
	cd.Set(cd::kAFFD, 1);
	tables.Map(kPage, 0x80000000, 3, {.access = false});
	EXPECT_EQ(Read(kPage).verdict, Verdict::kPassed);
	EXPECT_TRUE(Read(kPage).updates.empty());
}

TEST_F(Permissions, BigEndianTablesAreUpdatedInTheirOrder)
{
	Stage1 big(memory, {.granule_bits = kGranule4K, .ia_bits = 39, .big_endian = true});
	cd = big.In(ValidCd());
	cd.Set(cd::kHA, 1).Set(cd::kHD, 1);
	big.Map(kPage, 0x80000000, 3, {.read_only = true, .access = false, .dirty_modifier = true});
	const Outcome outcome = Write(kPage);

	EXPECT_EQ(outcome.address, 0x80000000u) << outcome.Text();
	EXPECT_EQ(big.Descriptor(kPage, 3) & 0x480, 0x400u);
}

class Permissions2 : public Stage2Bench
{
};

/* Tables D8-76 to D8-78. */
TEST_F(Permissions2, Stage2IsAsTheTablesSay)
{
	static const bool user_executes[] = {true, true, false, false};
	static const bool kernel_executes[] = {true, false, false, true};

	for (int ap = 0; ap < 4; ap++) {
		for (int xn = 0; xn < 4; xn++) {
			tables2.Map(0x1000, 0x80000000, 3,
				    {.read = (ap & 1) != 0, .write = ap > 1, .xn = xn});
			const auto allows = [this](bool privileged, bool write, bool execute) {
				return Do({.stream = kStream,
					   .address = 0x1000,
					   .write = write,
					   .privileged = privileged,
					   .instruction = execute})
					       .verdict == Verdict::kPassed;
			};
			registers.idr[3] |= Put(idr3::kXNX, 1);
			EXPECT_EQ(allows(false, false, false), ap & 1);
			EXPECT_EQ(allows(false, true, false), ap > 1);
			EXPECT_EQ(allows(false, false, true), user_executes[xn]);
			EXPECT_EQ(allows(true, false, true), kernel_executes[xn]);
			registers.idr[3] &= ~Put(idr3::kXNX, 1);
			EXPECT_EQ(allows(true, false, true), xn < 2);
			EXPECT_EQ(allows(false, false, true), xn < 2);
		}
	}
}

TEST_F(Permissions2, Stage2DirtyState)
{
	ste.Set(ste::kS2HA, 1).Set(ste::kS2HD, 1);
	tables2.Map(0x1000, 0x80000000, 3,
		    {.read = false, .write = false, .access = false, .dirty_modifier = true});
	const Outcome outcome = Write(0x1000);
	EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.Text();
	ASSERT_EQ(outcome.updates.size(), 1u);
	EXPECT_EQ(outcome.updates[0].before ^ outcome.updates[0].after, 0x480u);
	/* 3.13.3: S2AP[0] is no business of hardware's. */
	EXPECT_EQ(Read(0x1000).verdict, Verdict::kAborted);
}

} // namespace ref
