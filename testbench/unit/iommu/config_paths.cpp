/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways through stream table entries and context descriptors: substreams, tables
 * of two levels, both of them behind stage 2, and which event comes first when
 * several are due (IHI 0070, 3.3.2, 3.4, 5.1 to 5.4 and 7.3.22).
 */
#include "testbench/unit/iommu/config_bench.h"

class SmmuConfigPath : public SmmuConfigBench
{
protected:
	/* CDs in a table of two levels: substream n has its page at pages[n]. */
	void two_levels(uint64_t config, uint64_t format, uint64_t cd_max)
	{
		configure(config);
		l1 = memory->allocate();
		ste[0] = STE0_V | field_put(STE0_CONFIG, config) | l1 |
			 field_put(STE0_S1FMT, format) | field_put(STE0_S1CDMAX, cd_max);
		write_config();
	}

	void invalidate()
	{
		command(CMD_CFGI_STE | (uint64_t)STREAM << 32, CFGI1_LEAF);
	}

	unsigned event_of_substream(uint32_t substream, uint64_t address = VA)
	{
		return event_of(send_substream(BUS_WRITE, address, substream));
	}

	uint64_t l1 = 0;
};

TEST_F(SmmuConfigPath, LeafOf4KHolds64Descriptors)
{
	two_levels(S1_ONLY, STE0_S1FMT_4K_L2, 12);
	memory->write64(l1 + 3 * L1CD_BYTES, cds | L1CD_V);
	for (unsigned i = 0; i < 4; i++)
		memory->write64(cds + 9 * CD_BYTES + 8 * i, cd[i]);
	EXPECT_EQ(event_of_substream(3 * 64 + 9), 0u);
	EXPECT_EQ(event_of_substream(3 * 64 + 10), (unsigned)C_BAD_CD);
	EXPECT_EQ(event_of_substream(4 * 64 + 9), (unsigned)C_BAD_SUBSTREAMID);
	EXPECT_EQ(last[0], C_BAD_SUBSTREAMID | (4 * 64 + 9) << 12 | (uint64_t)STREAM << 32);
}

TEST_F(SmmuConfigPath, LeafOf64KHolds1024Descriptors)
{
	two_levels(S1_ONLY, STE0_S1FMT_64K_L2, 12);
	memory->write64(l1 + 3 * L1CD_BYTES, cds | L1CD_V);
	for (unsigned i = 0; i < 4; i++)
		memory->write64(cds + 1023 * CD_BYTES + 8 * i, cd[i]);
	EXPECT_EQ(event_of_substream(4 * 1024 - 1), 0u);
	EXPECT_EQ(event_of_substream(1023), (unsigned)C_BAD_SUBSTREAMID);
}

TEST_F(SmmuConfigPath, FewDescriptorsUseTheFirstPointerOnly)
{
	two_levels(S1_ONLY, STE0_S1FMT_64K_L2, 5);
	memory->write64(l1, cds | L1CD_V);
	for (unsigned i = 0; i < 4; i++)
		memory->write64(cds + 31 * CD_BYTES + 8 * i, cd[i]);
	EXPECT_EQ(event_of_substream(31), 0u);
	EXPECT_EQ(event_of_substream(32), (unsigned)C_BAD_SUBSTREAMID);
}

TEST_F(SmmuConfigPath, AbortedPointerFetchIsCdFetchAndNotCached)
{
	two_levels(S1_ONLY, STE0_S1FMT_4K_L2, 12);
	memory->write64(l1 + 8, cds | L1CD_V);
	memory->refuse(l1 + 8, 8);
	EXPECT_EQ(event_of_substream(64), (unsigned)F_CD_FETCH);
	EXPECT_EQ(last[3], l1 + 8);
	EXPECT_TRUE(last[0] & EVENT0_SSV);
	memory->accept_all();
	EXPECT_EQ(event_of_substream(64), 0u);
}

TEST_F(SmmuConfigPath, PointerBeyondOutputIsBadSubstream)
{
	two_levels(S1_ONLY, STE0_S1FMT_4K_L2, 12);
	memory->write64(l1, cds | BIT(44) | L1CD_V);
	EXPECT_EQ(event_of_substream(1), (unsigned)C_BAD_SUBSTREAMID);
}

TEST_F(SmmuConfigPath, PointerBehindStage2FaultsThere)
{
	two_levels(NESTED, STE0_S1FMT_4K_L2, 12);
	ste[0] = field_set(ste[0], STE0_S1CONTEXTPTR, UINT64_C(0x80000000) >> 6);
	write_config();
	EXPECT_EQ(event_of_substream(65), (unsigned)F_TRANSLATION);
	EXPECT_TRUE(last[1] & EVENT1_S2);
	EXPECT_EQ(field_get(EVENT1_CLASS, last[1]), EVENT1_CLASS_CD);
	EXPECT_EQ(last[2], VA);
	EXPECT_EQ(last[3], UINT64_C(0x80000000));
}

TEST_F(SmmuConfigPath, DescriptorBehindStage2FaultsThere)
{
	two_levels(NESTED, STE0_S1FMT_4K_L2, 12);
	memory->write64(l1 + 8, UINT64_C(0x80000000) | L1CD_V);
	EXPECT_EQ(event_of_substream(64 + 63), (unsigned)F_TRANSLATION);
	EXPECT_TRUE(last[1] & EVENT1_S2);
	EXPECT_EQ(field_get(EVENT1_CLASS, last[1]), EVENT1_CLASS_CD);
	EXPECT_EQ(last[3], UINT64_C(0x80000000));
	/* A failed fetch is not cached: the pointer is right, then the descriptor is. */
	memory->write64(l1 + 8, cds | L1CD_V);
	for (unsigned i = 0; i < 4; i++)
		memory->write64(cds + 63 * CD_BYTES + 8 * i, cd[i]);
	invalidate();
	EXPECT_EQ(event_of_substream(64 + 63), 0u);
}

TEST_F(SmmuConfigPath, ProtectedWalkRefusesDeviceMemory)
{
	configure(NESTED);
	ste[2] |= STE2_S2PTW;
	write_config();
	memory->write64(s2_root, memory->read64(s2_root) & ~(uint64_t)TTD_S2_MEMATTR);
	EXPECT_EQ(event_of_write(VA), (unsigned)F_PERMISSION);
	EXPECT_EQ(field_get(EVENT1_CLASS, last[1]), EVENT1_CLASS_CD);
	/* Stage 2 alone has no tables to protect. */
	ste[0] = field_set(ste[0], STE0_CONFIG, S2_ONLY);
	write_config();
	invalidate();
	EXPECT_EQ(event_of_write(page), 0u);
}

/* S2FWB, MemAttr 0b0xx of three bits is Device memory: DDI 0487, D8.6. */
TEST_F(SmmuConfigPath, ProtectedWalkKnowsDeviceMemoryWithForcedWriteBack)
{
	configure(NESTED);
	ste[1] |= STE1_S2FWB;
	ste[2] |= STE2_S2PTW;
	write_config();
	const uint64_t leaf = memory->read64(s2_root) & ~(uint64_t)TTD_S2_MEMATTR;
	memory->write64(s2_root, leaf | field_put(TTD_S2_MEMATTR, 3));
	EXPECT_EQ(event_of_write(VA), (unsigned)F_PERMISSION);
	EXPECT_EQ(field_get(EVENT1_CLASS, last[1]), EVENT1_CLASS_CD);
	memory->write64(s2_root, leaf | field_put(TTD_S2_MEMATTR, 6));
	command(CMD_TLBI_NSNH_ALL);
	EXPECT_EQ(event_of_write(VA), 0u);
}

/* Blocks of 4 TiB are there with an OAS of 52 bits, whatever IPS says: DDI 0487, D8.2.10. */
TEST_F(SmmuConfigPath, LargestBlocksGoByTheOas)
{
	for (uint8_t oas_bits : {52, 48}) {
		cfg.oas_bits = oas_bits;
		configure(S1_ONLY);
		const uint64_t root = memory->allocate();
		memory->write64(root, TTD_VALID | TTD_AF | TTD_AP1 | TTD_NG);
		cd[0] = field_set(cd[0], CD0_T0SZ, 16);
		cd[0] = field_set(cd[0], CD0_TG0, CD0_TG0_64K);
		cd[0] = field_set(cd[0], CD0_IPS, IDR5_OAS_48);
		cd[1] = root;
		write_config();
		EXPECT_EQ(event_of_write(VA), oas_bits == 52 ? 0u : (unsigned)F_TRANSLATION);
	}
}

/* S1DSS, each of its values, with and without stage 2. */
class SmmuDefaultSubstream : public SmmuConfigPath, public ::testing::WithParamInterface<uint64_t>
{
protected:
	void default_substream(uint64_t s1dss)
	{
		configure(GetParam());
		ste[0] = field_set(ste[0], STE0_S1CDMAX, 3);
		ste[1] = field_set(ste[1], STE1_S1DSS, s1dss);
		write_config();
		for (unsigned i = 0; i < 4; i++)
			memory->write64(cds + 2 * CD_BYTES + 8 * i, cd[i]);
	}
};

TEST_P(SmmuDefaultSubstream, TerminatesByTwoOfItsValues)
{
	for (uint64_t s1dss : {0u, 3u}) {
		default_substream(s1dss);
		EXPECT_EQ(event_of_write(VA), (unsigned)F_STREAM_DISABLED);
		EXPECT_EQ(last[0], F_STREAM_DISABLED | (uint64_t)STREAM << 32);
		EXPECT_EQ(event_of_substream(2), 0u);
		EXPECT_EQ(event_of_substream(0), 0u);
	}
}

TEST_P(SmmuDefaultSubstream, BypassesStage1WithoutReadingADescriptor)
{
	default_substream(STE1_S1DSS_BYPASS);
	memory->refuse(cds, CD_BYTES);
	ASSERT_EQ(event_of_write(page), 0u);
	EXPECT_EQ(traced(TRACE_DMA_WRITE).back().arg[3], page);
	EXPECT_EQ(event_of_substream(2), 0u);
	EXPECT_EQ(event_of_write(BIT(44)), (unsigned)F_ADDR_SIZE);
	EXPECT_FALSE(last[1] & EVENT1_S2);
}

TEST_P(SmmuDefaultSubstream, KeepsTheFirstDescriptorForItself)
{
	default_substream(STE1_S1DSS_SSID0);
	EXPECT_EQ(event_of_write(VA), 0u);
	EXPECT_EQ(event_of_substream(0), (unsigned)F_STREAM_DISABLED);
	EXPECT_EQ(event_of_substream(2), 0u);
}

INSTANTIATE_TEST_SUITE_P(Stages, SmmuDefaultSubstream,
			 ::testing::Values(STE0_CONFIG_S1, STE0_CONFIG_S1_S2));

TEST_F(SmmuConfigPath, BypassedStage1OfNestingGoesThroughStage2)
{
	configure(NESTED);
	ste[0] = field_set(ste[0], STE0_S1CDMAX, 3);
	ste[1] = field_set(ste[1], STE1_S1DSS, STE1_S1DSS_BYPASS);
	write_config();
	EXPECT_EQ(event_of_write(UINT64_C(0x80000000)), (unsigned)F_TRANSLATION);
	EXPECT_TRUE(last[1] & EVENT1_S2);
	EXPECT_EQ(field_get(EVENT1_CLASS, last[1]), EVENT1_CLASS_IN);
}

TEST_F(SmmuConfigPath, SubstreamWithoutStage1IsBad)
{
	for (uint64_t config : {BYPASS, S2_ONLY}) {
		configure(config);
		write_config();
		EXPECT_EQ(event_of_substream(0, page), (unsigned)C_BAD_SUBSTREAMID);
	}
}

/* The IAS is stage 1's limit even where stage 1 does nothing; below it stage 2's counts. */
TEST_F(SmmuConfigPath, AddressBeyondIntermediateSizeIsStage1sFault)
{
	configure(S2_ONLY);
	write_config();
	EXPECT_EQ(event_of_write(BIT(44)), (unsigned)F_ADDR_SIZE);
	EXPECT_FALSE(last[1] & EVENT1_S2);
	EXPECT_EQ(event_of_write(BIT(43)), (unsigned)F_TRANSLATION);
	EXPECT_TRUE(last[1] & EVENT1_S2);
}

/* 7.3.22: each of these is wrong in two ways, and the first of the list is told. */
TEST_F(SmmuConfigPath, BadEntryComesBeforeBadSubstream)
{
	configure(S1_ONLY);
	ste[1] |= field_put(STE1_STRW, 1);
	write_config();
	EXPECT_EQ(event_of_substream(5), (unsigned)C_BAD_STE);
}

TEST_F(SmmuConfigPath, BadSubstreamComesBeforeStage2OfItsDescriptor)
{
	configure(NESTED);
	ste[0] = field_set(ste[0], STE0_S1CONTEXTPTR, UINT64_C(0x80000000) >> 6);
	write_config();
	EXPECT_EQ(event_of_substream(5), (unsigned)C_BAD_SUBSTREAMID);
	EXPECT_EQ(event_of_write(VA), (unsigned)F_TRANSLATION);
}

TEST_F(SmmuConfigPath, DisabledStreamComesBeforeItsDescriptor)
{
	configure(S1_ONLY);
	ste[0] = field_set(ste[0], STE0_S1CDMAX, 3);
	write_config();
	memory->refuse(cds, CD_BYTES);
	EXPECT_EQ(event_of_write(VA), (unsigned)F_STREAM_DISABLED);
}

TEST_F(SmmuConfigPath, FetchComesBeforeWhatTheDescriptorSays)
{
	configure(S1_ONLY);
	cd[0] = 0;
	write_config();
	memory->refuse(cds, CD_BYTES);
	EXPECT_EQ(event_of_write(VA), (unsigned)F_CD_FETCH);
	memory->accept_all();
	EXPECT_EQ(event_of_write(VA), (unsigned)C_BAD_CD);
}

TEST_F(SmmuConfigPath, BadStreamComesBeforeItsEntry)
{
	configure(S1_ONLY);
	memory->refuse(ste_address(0x200), STE_BYTES);
	EXPECT_EQ(event_of(send(BUS_READ, VA, 8, false, 0x200)), (unsigned)C_BAD_STREAMID);
}

/* PRIVCFG and INSTCFG: what stage 1 and the record see. */
TEST_F(SmmuConfigPath, PrivilegeAndInstructionAreOverridden)
{
	PageBits bits;

	configure(S1_ONLY);
	bits.unprivileged = false;
	table->map(VA, page, bits);
	ste[1] |= field_put(STE1_PRIVCFG, STE1_PRIVCFG_PRIV);
	write_config();
	EXPECT_EQ(event_of(send(BUS_READ, VA, 8)), 0u);
	ste[1] |= field_put(STE1_INSTCFG, STE1_INSTCFG_INSTR);
	write_config();
	invalidate();
	EXPECT_EQ(event_of(send(BUS_READ, 0x9000, 8)), (unsigned)F_TRANSLATION);
	EXPECT_TRUE(last[1] & EVENT1_PNU);
	EXPECT_TRUE(last[1] & EVENT1_IND);
	/* Writes are data, always. */
	EXPECT_EQ(event_of(send(BUS_WRITE, 0x9000, 8)), (unsigned)F_TRANSLATION);
	EXPECT_FALSE(last[1] & EVENT1_IND);
}

TEST_F(SmmuConfigPath, OverridesAreReservedWithoutTheFeature)
{
	PageBits bits;

	cfg.attr_perms_ovr = false;
	configure(S1_ONLY);
	bits.unprivileged = false;
	table->map(VA, page, bits);
	ste[1] |= field_put(STE1_PRIVCFG, STE1_PRIVCFG_PRIV);
	write_config();
	EXPECT_EQ(event_of(send(BUS_READ, VA, 8)), (unsigned)F_PERMISSION);
	EXPECT_FALSE(last[1] & EVENT1_PNU);
}

/* The stream table is aligned to the size that was written, not to what stream IDs reach. */
TEST_F(SmmuConfigPath, TableIsAlignedToItsWrittenSize)
{
	cfg.sid_bits = 9;
	configure(BYPASS);
	enable(CR0_CMDQEN | CR0_EVENTQEN);
	uint64_t large = memory->allocate(STE_BYTES << 11);
	memory->write64(large + STREAM * STE_BYTES, ste[0]);
	set_reg(SMMU_STRTAB_BASE, large + (STE_BYTES << 10), 8);
	set_reg(SMMU_STRTAB_BASE_CFG, 11);
	enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
	EXPECT_EQ(event_of_write(page), 0u);
	EXPECT_EQ(event_of(send(BUS_READ, page, 8, false, 0x200)), (unsigned)C_BAD_STREAMID);
}

TEST_F(SmmuConfigPath, ReservedSplitIsSix)
{
	configure(BYPASS);
	enable(CR0_CMDQEN | CR0_EVENTQEN);
	uint64_t first = memory->allocate(), second = memory->allocate();
	memory->write64(first + (STREAM >> 6) * L1STD_BYTES, second | 7);
	memory->write64(second + (STREAM & 63) * STE_BYTES, ste[0]);
	set_reg(SMMU_STRTAB_BASE, first, 8);
	set_reg(SMMU_STRTAB_BASE_CFG,
		(uint32_t)(field_put(STRTAB_BASE_CFG_FMT, STRTAB_BASE_CFG_FMT_2LVL) |
			   field_put(STRTAB_BASE_CFG_SPLIT, 7) | 9));
	enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
	EXPECT_EQ(event_of_write(page), 0u);
}

/* CR0.VMW: the lowest bits of VMIDs do not count for invalidations, 6.3.9. */
TEST_F(SmmuConfigPath, VmidWildcardWidensInvalidations)
{
	struct {
		uint64_t vmw, vmid;
		bool drops;
	} rows[] = {
		{0, 5, true}, {0, 4, false}, {1, 4, true},   {1, 6, false},
		{3, 0, true}, {4, 15, true}, {4, 16, false}, {7, 4, false},
	};

	for (auto row : rows) {
		configure(NESTED);
		write_config();
		set_reg(SMMU_CR0,
			CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN | field_put(CR0_VMW, row.vmw));
		EXPECT_EQ(field_get(CR0_VMW, reg(SMMU_CR0ACK)), row.vmw);
		EXPECT_EQ(event_of_write(VA), 0u);
		uint64_t walks = stats().walks;
		command(CMD_TLBI_NH_ALL | field_put(TLBI0_VMID, row.vmid));
		EXPECT_EQ(event_of_write(VA), 0u);
		EXPECT_EQ(stats().walks - walks, row.drops) << row.vmw << " " << row.vmid;
	}
}

/* An entry that was invalid when it was used, and is not any more: what is invalid may be kept. */
class SmmuInvalidConfig : public SmmuConfigBench
{
protected:
	/* The events of an access with a spoiled word, and of one after it is right again. */
	std::pair<unsigned, unsigned> spoil(uint64_t at, uint64_t bit)
	{
		uint64_t word = memory->read64(at);
		unsigned before;

		memory->write64(at, word ^ bit);
		before = event_of_write(VA);
		memory->write64(at, word);
		return {before, event_of_write(VA)};
	}
};

TEST_F(SmmuInvalidConfig, IsKeptUntilItIsInvalidated)
{
	configure(S1_ONLY);
	write_config();
	EXPECT_EQ(spoil(ste_address(STREAM), STE0_V),
		  std::make_pair((unsigned)C_BAD_STE, (unsigned)C_BAD_STE));
	command(CMD_CFGI_STE | field_put(CMD0_STREAMID, STREAM));
	EXPECT_EQ(event_of_write(VA), 0u);
}

TEST_F(SmmuInvalidConfig, StreamTableEntryIsForgottenWhereAskedFor)
{
	cfg.forget_invalid = true;
	configure(S1_ONLY);
	write_config();
	EXPECT_EQ(spoil(ste_address(STREAM), STE0_V), std::make_pair((unsigned)C_BAD_STE, 0u));
}

TEST_F(SmmuInvalidConfig, ContextDescriptorIsForgottenWhereAskedFor)
{
	cfg.forget_invalid = true;
	configure(S1_ONLY);
	write_config();
	EXPECT_EQ(spoil(cds, CD0_V), std::make_pair((unsigned)C_BAD_CD, 0u));
}

TEST_F(SmmuInvalidConfig, PointerToContextDescriptorsIsForgottenWhereAskedFor)
{
	uint64_t l1;

	cfg.forget_invalid = true;
	configure(S1_ONLY);
	l1 = memory->allocate();
	memory->write64(l1, cds | L1CD_V);
	ste[0] = STE0_V | field_put(STE0_CONFIG, S1_ONLY) | l1 |
		 field_put(STE0_S1FMT, STE0_S1FMT_4K_L2) | field_put(STE0_S1CDMAX, 7);
	ste[1] = field_put(STE1_S1DSS, STE1_S1DSS_SSID0);
	write_config();
	EXPECT_EQ(spoil(l1, L1CD_V), std::make_pair((unsigned)C_BAD_SUBSTREAMID, 0u));
	command(CMD_CFGI_STE | field_put(CMD0_STREAMID, STREAM));
	EXPECT_EQ(spoil(l1, BIT(cfg.oas_bits)), std::make_pair((unsigned)C_BAD_SUBSTREAMID, 0u));
}
