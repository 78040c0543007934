/* SPDX-License-Identifier: Apache-2.0 */
#include "base/regs.h"
#include "testbench/support/smmu_bench.h"

/* Registers and their guards: IHI 0070, chapter 6. */
class SmmuRegisters : public SmmuBench
{
};

TEST_F(SmmuRegisters, IdentifyWhatWasConfigured)
{
	create();
	uint64_t idr0 = reg(SMMU_IDR0), idr1 = reg(SMMU_IDR1);

	EXPECT_TRUE(idr0 & IDR0_S1P);
	EXPECT_FALSE(idr0 & IDR0_S2P);
	EXPECT_TRUE(idr0 & IDR0_COHACC);
	EXPECT_TRUE(idr0 & IDR0_MSI);
	EXPECT_EQ(field_get(IDR0_TTF, idr0), IDR0_TTF_AARCH64);
	EXPECT_EQ(field_get(IDR0_HTTU, idr0), 2u);
	EXPECT_EQ(field_get(IDR0_ST_LEVEL, idr0), IDR0_ST_LEVEL_2LVL);
	EXPECT_EQ(field_get(IDR0_STALL_MODEL, idr0), IDR0_STALL_MODEL_NONE);
	EXPECT_EQ(field_get(IDR1_SIDSIZE, idr1), 16u);
	EXPECT_EQ(field_get(IDR1_SSIDSIZE, idr1), 6u);
	EXPECT_EQ(field_get(IDR1_CMDQS, idr1), 8u);
	EXPECT_EQ(field_get(IDR1_EVENTQS, idr1), 7u);
	EXPECT_EQ(reg(SMMU_IDR5), IDR5_OAS_44 | IDR5_GRAN4K);
	EXPECT_EQ(reg(SMMU_AIDR), 1u);
}

TEST_F(SmmuRegisters, IdentificationIgnoresWrites)
{
	create();
	uint64_t before = reg(SMMU_IDR0);

	set_reg(SMMU_IDR0, 0);
	EXPECT_EQ(reg(SMMU_IDR0), before);
}

TEST_F(SmmuRegisters, ConfigurationThatNoSmmuHasIsRefused)
{
	struct smmu_env env = {};
	struct smmu_cfg bad = cfg;

	env.part = {&sim, "bench.smmu", 0};
	env.memory = memory->port();
	bad.oas_bits = 43;
	EXPECT_EQ(smmu_create(&bad, &env), nullptr);
	bad = cfg;
	bad.ssid_bits = 21;
	EXPECT_EQ(smmu_create(&bad, &env), nullptr);
	bad = cfg;
	bad.timing.walkers = 0;
	EXPECT_EQ(smmu_create(&bad, &env), nullptr);
}

TEST_F(SmmuRegisters, WideRegistersAnswerToTheirHalves)
{
	create();
	set_reg(SMMU_STRTAB_BASE, 0x12345000);
	set_reg(SMMU_STRTAB_BASE + 4, 0x40000001);
	EXPECT_EQ(reg(SMMU_STRTAB_BASE, 8), UINT64_C(0x4000000112345000));
	EXPECT_EQ(reg(SMMU_STRTAB_BASE + 4), 0x40000001u);
	set_reg(SMMU_CMDQ_BASE, UINT64_C(0x4000000000010008), 8);
	EXPECT_EQ(reg(SMMU_CMDQ_BASE), 0x10008u);
}

TEST_F(SmmuRegisters, OddAccessesAreAborted)
{
	create();
	struct bus_port port = smmu_register_port(smmu);
	struct bus_req req = {};
	uint8_t bytes[16] = {};

	req.data = bytes;
	req.done = [](struct bus_req *, uint64_t) {
	};
	for (auto [address, length] : {std::pair<uint64_t, uint32_t>{SMMU_CR0, 2},
				       {SMMU_STRTAB_BASE + 4, 8},
				       {SMMU_REGISTER_BYTES, 4}}) {
		req.op = BUS_READ;
		req.addr = address;
		req.len_bytes = length;
		req.status = BUS_OK;
		bus_send(&port, &req);
		run();
		EXPECT_EQ(req.status, BUS_ABORT) << address;
	}
}

TEST_F(SmmuRegisters, EnablesGuardWhatTheyUse)
{
	bring_up();
	struct {
		uint32_t offset, len_bytes;
	} guarded[] = {
		{SMMU_STRTAB_BASE, 8},
		{SMMU_STRTAB_BASE_CFG, 4},
		{SMMU_CMDQ_BASE, 8},
		{SMMU_CMDQ_CONS, 4},
		{SMMU_EVENTQ_BASE, 8},
		{SMMU_EVENTQ_PROD, 4},
		{SMMU_EVENTQ_IRQ_CFG0, 8},
		{SMMU_EVENTQ_IRQ_CFG1, 4},
		{SMMU_GERROR_IRQ_CFG0, 8},
		{SMMU_GERROR_IRQ_CFG2, 4},
		{SMMU_CR1, 4},
		{SMMU_CR2, 4},
	};

	for (auto row : guarded) {
		uint64_t before = reg(row.offset, row.len_bytes);

		set_reg(row.offset, ~before, row.len_bytes);
		EXPECT_EQ(reg(row.offset, row.len_bytes), before) << row.offset;
	}
	set_reg(SMMU_IRQ_CTRL, 0);
	enable(0);
	for (auto row : guarded) {
		uint64_t before = reg(row.offset, row.len_bytes);

		set_reg(row.offset, ~before, row.len_bytes);
		EXPECT_NE(reg(row.offset, row.len_bytes), before) << row.offset;
	}
}

/* What the SMMU moves is read as zero above the wrap bit, 6.3.28, 6.3.95 and 6.3.97. */
TEST_F(SmmuRegisters, IndicesOfTheSmmuEndAtTheirWrapBit)
{
	struct {
		uint32_t base, index, max_log2;
		uint64_t flags;
	} queues[] = {
		{SMMU_CMDQ_BASE, SMMU_CMDQ_CONS, 8, 0},
		{SMMU_EVENTQ_BASE, SMMU_EVENTQ_PROD, 7, EVENTQ_PROD_OVFLG},
		{SMMU_PRIQ_BASE, SMMU_PRIQ_PROD, 4, PRIQ_PROD_OVFLG},
	};

	cfg.ats = cfg.pri = true;
	cfg.priq_log2 = 4;
	create();
	for (auto queue : queues) {
		set_reg(queue.base, 3, 8);
		set_reg(queue.index, queue.flags | 0xfffff);
		EXPECT_EQ(reg(queue.index), queue.flags | 0xf) << queue.index;
		set_reg(queue.base, 2, 8);
		EXPECT_EQ(reg(queue.index), queue.flags | 0x7) << "cut to the smaller size";
		set_reg(queue.base, 19, 8); /* more than there is */
		set_reg(queue.index, queue.flags | 0xfffff);
		EXPECT_EQ(reg(queue.index), queue.flags | (BIT(queue.max_log2 + 1) - 1))
			<< queue.index;
	}
}

TEST_F(SmmuRegisters, MsiConfigurationIsReservedWithoutMsi)
{
	cfg.msi = false;
	create();
	set_reg(SMMU_EVENTQ_IRQ_CFG0, 0x1000, 8);
	EXPECT_EQ(reg(SMMU_EVENTQ_IRQ_CFG0, 8), 0u);
}

TEST_F(SmmuRegisters, InterruptEnablesAreAcknowledged)
{
	create();
	set_reg(SMMU_IRQ_CTRL, 5);
	EXPECT_EQ(reg(SMMU_IRQ_CTRLACK), 5u);
	set_reg(SMMU_IRQ_CTRL, 0);
	EXPECT_EQ(reg(SMMU_IRQ_CTRLACK), 0u);
}

TEST_F(SmmuRegisters, TableIsSortedAndInItsWindow)
{
	const struct reg_table *table = smmu_register_table();
	uint32_t end = 0;

	ASSERT_GT(table->rows, 20u);
	for (uint32_t i = 0; i < table->rows; i++) {
		EXPECT_GE(table->row[i].offset, end) << table->row[i].name;
		end = table->row[i].offset + table->row[i].size;
	}
	EXPECT_LE(end, table->window_bytes);
}

/* SMMUEN == 0: GBPA decides, 6.3.14. */
class SmmuDisabled : public SmmuBench
{
	void SetUp() override
	{
		create();
	}
};

TEST_F(SmmuDisabled, PassesTheAddressThrough)
{
	uint64_t page = memory->allocate();

	EXPECT_EQ(write(page), BUS_OK);
	EXPECT_EQ(memory->read64(page), le64_get(dmas[0]->bytes));
	EXPECT_EQ(traced(TRACE_DMA_WRITE).size(), 1u);
}

TEST_F(SmmuDisabled, AbortsWhenToldTo)
{
	set_reg(SMMU_GBPA, GBPA_ABORT | GBPA_UPDATE);
	EXPECT_EQ(reg(SMMU_GBPA), GBPA_ABORT);
	EXPECT_EQ(write(0x1000), BUS_FAULT);
	EXPECT_EQ(traced(TRACE_DMA_FAULT).size(), 1u);
	EXPECT_EQ(traced(TRACE_SMMU_EVENT).size(), 0u);
}

TEST_F(SmmuDisabled, BypassAttributeNeedsUpdate)
{
	set_reg(SMMU_GBPA, GBPA_ABORT);
	EXPECT_EQ(reg(SMMU_GBPA), 0u);
	EXPECT_EQ(write(memory->allocate()), BUS_OK);
}

TEST_F(SmmuDisabled, AbortsBeyondOutputSizeWithoutEvent)
{
	EXPECT_EQ(read(BIT(44)), BUS_FAULT);
	EXPECT_EQ(traced(TRACE_SMMU_EVENT).size(), 0u);
}

/* Falling enables are acknowledged when what they cover has ended, 6.3.9. */
class SmmuEnables : public SmmuBench
{
	void SetUp() override
	{
		bring_up();
	}
};

TEST_F(SmmuEnables, TranslationIsOffWhenItsTransactionsAreDone)
{
	TableBuilder table(*memory);

	table.map(0x4000, memory->allocate());
	attach(STREAM, table, 1);
	Dma &dma = send(BUS_WRITE, 0x4000, 8);
	run_until(now() + LATENCY);
	set_reg(SMMU_CR0, CR0_CMDQEN | CR0_EVENTQEN);
	EXPECT_TRUE(reg(SMMU_CR0ACK) & CR0_SMMUEN);
	run();
	EXPECT_TRUE(dma.done);
	EXPECT_FALSE(reg(SMMU_CR0ACK) & CR0_SMMUEN);
}

TEST_F(SmmuEnables, QueueIsOffWhenItsCommandIsConsumed)
{
	push(CMD_TLBI_NSNH_ALL);
	push(CMD_TLBI_NSNH_ALL);
	push(CMD_TLBI_NSNH_ALL);
	run_until(now() + LATENCY);
	set_reg(SMMU_CR0, CR0_EVENTQEN | CR0_SMMUEN);
	EXPECT_TRUE(reg(SMMU_CR0ACK) & CR0_CMDQEN);
	run();
	EXPECT_FALSE(reg(SMMU_CR0ACK) & CR0_CMDQEN);
	EXPECT_EQ(stats().commands, 1u);
	/* It goes on where it stopped. */
	enable(CR0_EVENTQEN | CR0_SMMUEN | CR0_CMDQEN);
	run();
	EXPECT_TRUE(commands_consumed());
}
