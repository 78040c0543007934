/* SPDX-License-Identifier: Apache-2.0 */
/* The performance monitor counter group: IHI 0070, chapter 10, as Linux's arm_smmuv3_pmu uses it.
 */
#include "iommu/pmcg_format.h"
#include "testbench/unit/iommu/config_bench.h"

class SmmuPmcg : public SmmuConfigBench
{
protected:
	uint64_t pmcg(uint32_t offset, uint32_t len_bytes = 4)
	{
		return access(BUS_READ, offset, 0, len_bytes);
	}

	void set_pmcg(uint32_t offset, uint64_t value, uint32_t len_bytes = 4)
	{
		access(BUS_WRITE, offset, value, len_bytes);
	}

	/* Let counter `n` count, as the driver does: all streams unless told. */
	void count(uint32_t n, uint64_t event, uint32_t pattern = UINT32_MAX, bool span = true)
	{
		set_pmcg(PMCG_EVTYPER + 4 * n, event | (span ? EVTYPER_FILTER_SPAN : 0));
		set_pmcg(PMCG_SMR + 4 * n, pattern);
		set_pmcg(PMCG_EVCNTR + width() * n, 0, width());
		set_pmcg(PMCG_CNTENSET, BIT(n), 8);
		set_pmcg(PMCG_INTENSET, BIT(n), 8);
		set_pmcg(PMCG_IRQ_CTRL, PMCG_IRQEN);
		set_pmcg(PMCG_CR, PMCG_CR_E);
	}

	uint64_t counter(uint32_t n)
	{
		return pmcg(PMCG_EVCNTR + width() * n, width());
	}

private:
	uint32_t width() const
	{
		return cfg.counters32 ? 4 : 8;
	}

	uint64_t access(enum bus_op op, uint32_t offset, uint64_t value, uint32_t len_bytes)
	{
		struct bus_port port = smmu_pmcg_port(smmu);
		Dma dma = {};

		dma.req.op = op;
		dma.req.addr = offset;
		dma.req.len_bytes = len_bytes;
		dma.req.data = dma.bytes;
		le64_put(dma.bytes, value);
		dma.req.done = [](struct bus_req *req, uint64_t) {
			CONTAINER_OF(req, Dma, req)->done = true;
		};
		bus_send(&port, &dma.req);
		EXPECT_FALSE(dma.done) << "completed inside send";
		while (!dma.done && calendar_step(&sim.calendar))
			;
		EXPECT_EQ(dma.req.status, BUS_OK);
		return le64_get(dma.bytes);
	}
};

/* What smmu_pmu_probe reads. */
TEST_F(SmmuPmcg, SaysWhatItIs)
{
	create();
	uint64_t cfgr = pmcg(PMCG_CFGR);

	EXPECT_EQ(field_get(CFGR_NCTR, cfgr), 7u);
	EXPECT_EQ(field_get(CFGR_SIZE, cfgr), 63u);
	EXPECT_TRUE(cfgr & CFGR_MSI);
	EXPECT_TRUE(cfgr & CFGR_CAPTURE);
	EXPECT_FALSE(cfgr & (CFGR_RELOC_CTRS | CFGR_SID_FILTER_TYPE));
	EXPECT_EQ(pmcg(PMCG_CEID0, 8), 0xffu);
	EXPECT_EQ(pmcg(PMCG_CEID1, 8), 0u);
	EXPECT_EQ(pmcg(PMCG_IIDR), 0x43bu);
	EXPECT_EQ(pmcg(PMCG_AIDR), 3u);
	cfg.ats = cfg.atsrecerr = cfg.pri = cfg.pps = cfg.msi = false;
	create();
	EXPECT_EQ(pmcg(PMCG_CEID0, 8), 0x3fu);
	EXPECT_FALSE(pmcg(PMCG_CFGR) & CFGR_MSI);
	set_pmcg(PMCG_IRQ_CFG0, 0x1000, 8);
	EXPECT_EQ(pmcg(PMCG_IRQ_CFG0, 8), 0u);
}

/* 10.5.2.29, as Arm's have it: a performance monitor that a debugger finds as CoreSight. */
TEST_F(SmmuPmcg, IsACoreSightComponent)
{
	create();
	EXPECT_EQ(pmcg(0xfbc), UINT64_C(0x47702a56));
	EXPECT_EQ(pmcg(0xfcc), 0x56u);
	EXPECT_EQ(pmcg(0xff0), 0x0du);
	EXPECT_EQ(pmcg(0xff4), 0x90u);
	EXPECT_EQ(reg(SMMU_ID_REGS + 0x24), 0xf0u) << "the SMMU itself is none";
}

TEST_F(SmmuPmcg, CountsWhatATransactionCosts)
{
	configure(NESTED);
	write_config();
	for (uint32_t n = 1; n <= 5; n++)
		count(n, n);
	EXPECT_EQ(event_of_write(VA), 0u);
	EXPECT_EQ(counter(PMCG_TRANSACTION), 1u);
	EXPECT_EQ(counter(PMCG_TLB_MISS), 1u);
	EXPECT_EQ(counter(PMCG_CONFIG_MISS), 1u) << "one, for its STE and its CD";
	EXPECT_EQ(counter(PMCG_CONFIG_ACCESS), 2u);
	/* One of stage 2, whose block then serves the CD's, each table's and the result's address.
	 */
	EXPECT_EQ(counter(PMCG_WALK_ACCESS), 1u + 4u);
	EXPECT_EQ(event_of_write(VA), 0u);
	EXPECT_EQ(counter(PMCG_TRANSACTION), 2u);
	EXPECT_EQ(counter(PMCG_TLB_MISS), 1u);
	EXPECT_EQ(counter(PMCG_CONFIG_MISS), 1u);
	EXPECT_EQ(counter(PMCG_WALK_ACCESS), 5u);
}

TEST_F(SmmuPmcg, CountsHardwareUpdatesAsWalkAccesses)
{
	PageBits bits;

	configure(S1_ONLY);
	bits.accessed = false;
	table->map(VA, page, bits);
	cd[0] |= CD0_HA;
	write_config();
	count(0, PMCG_WALK_ACCESS);
	EXPECT_EQ(event_of(send(BUS_READ, VA, 8)), 0u);
	EXPECT_EQ(counter(0), 4u + 1u);
}

TEST_F(SmmuPmcg, CountsTranslationRequestsAndWhatTheyAreFor)
{
	struct bus_attr attr = {};

	configure(S1_ONLY);
	ste[1] |= field_put(STE1_EATS, STE1_EATS_FULL);
	write_config();
	for (uint32_t event : {PMCG_TRANSACTION, PMCG_TLB_MISS, PMCG_ATS_REQUEST, PMCG_ATS_PASSED})
		count(event, event);
	attr.stream_id = STREAM;
	EXPECT_EQ(event_of(send_with(BUS_ATS, VA, 2 * ATS_ENTRY_BYTES, attr)), 0u);
	EXPECT_EQ(counter(PMCG_TRANSACTION), 1u);
	EXPECT_EQ(counter(PMCG_TLB_MISS), 1u) << "one, for two entries";
	EXPECT_EQ(counter(PMCG_ATS_REQUEST), 1u);
	EXPECT_EQ(counter(PMCG_ATS_PASSED), 0u);
	attr.translated = true;
	EXPECT_EQ(event_of(send_with(BUS_WRITE, page, 8, attr)), 0u);
	EXPECT_EQ(counter(PMCG_TRANSACTION), 2u);
	EXPECT_EQ(counter(PMCG_ATS_REQUEST), 1u);
	EXPECT_EQ(counter(PMCG_ATS_PASSED), 1u);
}

TEST_F(SmmuPmcg, FiltersByStream)
{
	configure(BYPASS);
	write_config();
	for (uint32_t stream : {0x100u, 0x109u, 0x10fu, 0x110u})
		write_ste(stream, ste[0]);
	count(0, PMCG_TRANSACTION, STREAM, false);
	count(1, PMCG_TRANSACTION, 0x107);      /* 0x100 to 0x10f */
	count(2, PMCG_TRANSACTION, 0x108);      /* 0x108, 0x109 */
	count(3, PMCG_TRANSACTION, UINT32_MAX); /* all */
	count(4, PMCG_TRANSACTION, INT32_MAX);  /* all of this security state */
	count(5, PMCG_TRANSACTION, UINT32_MAX, false);
	for (uint32_t stream : {0x100u, 0x108u, 0x109u, 0x10fu, 0x110u})
		EXPECT_EQ(event_of(send(BUS_READ, page, 8, false, stream)), 0u);
	EXPECT_EQ(counter(0), 1u);
	EXPECT_EQ(counter(1), 4u);
	EXPECT_EQ(counter(2), 2u);
	EXPECT_EQ(counter(3), 5u);
	EXPECT_EQ(counter(4), 5u);
	EXPECT_EQ(counter(5), 0u);
}

TEST_F(SmmuPmcg, CountsOnlyWhatIsEnabled)
{
	configure(BYPASS);
	write_config();
	count(0, PMCG_TRANSACTION);
	count(1, PMCG_TRANSACTION);
	set_pmcg(PMCG_CNTENCLR, 1, 8);
	EXPECT_EQ(pmcg(PMCG_CNTENSET, 8), 2u);
	EXPECT_EQ(pmcg(PMCG_CNTENCLR, 8), 2u);
	EXPECT_EQ(event_of_write(page), 0u);
	EXPECT_EQ(counter(0), 0u);
	EXPECT_EQ(counter(1), 1u);
	set_pmcg(PMCG_CR, 0);
	EXPECT_EQ(event_of_write(page), 0u);
	EXPECT_EQ(counter(1), 1u);
}

TEST_F(SmmuPmcg, CountsNanosecondsAsCycles)
{
	create();
	count(2, PMCG_CYCLES);
	uint64_t before = counter(2);
	run_until(now() + 1234 * PS_PER_NS);
	EXPECT_EQ(counter(2) - before, 1234u);
	set_pmcg(PMCG_CR, 0);
	run_until(now() + 1000 * PS_PER_NS);
	EXPECT_EQ(counter(2) - before, 1234u);
	set_pmcg(PMCG_CR, PMCG_CR_E);
	run_until(now() + 10 * PS_PER_NS);
	EXPECT_EQ(counter(2) - before, 1244u);
}

/* Reading a counter does not lose the part of a cycle that has gone by. */
TEST_F(SmmuPmcg, CyclesAreNotLostByReading)
{
	create();
	count(0, PMCG_CYCLES);
	uint64_t before = counter(0);
	for (uint32_t i = 0; i < 10; i++) {
		run_until(now() + 1500);
		counter(0);
	}
	EXPECT_EQ(counter(0) - before, 15u);
}

TEST_F(SmmuPmcg, OverflowWithoutAnAddressIsToldByWireAlone)
{
	configure(BYPASS);
	write_config();
	memory->write64(0, 0x5a);
	set_pmcg(PMCG_IRQ_CFG1, 0x1234);
	count(0, PMCG_TRANSACTION);
	set_pmcg(PMCG_EVCNTR, UINT64_MAX, 8);
	irqs.clear();
	EXPECT_EQ(event_of_write(page), 0u);
	EXPECT_EQ(irqs.size(), 1u);
	EXPECT_EQ(memory->read64(0), 0x5au);
}

TEST_F(SmmuPmcg, OverflowIsFlaggedAndInterrupts)
{
	configure(BYPASS);
	write_config();
	uint64_t doorbell = memory->allocate();
	set_pmcg(PMCG_IRQ_CFG0, doorbell, 8);
	set_pmcg(PMCG_IRQ_CFG1, 0x1234);
	count(6, PMCG_TRANSACTION);
	set_pmcg(PMCG_EVCNTR + 8 * 6, UINT64_MAX, 8);
	irqs.clear();
	EXPECT_EQ(event_of_write(page), 0u);
	EXPECT_EQ(counter(6), 0u);
	EXPECT_EQ(pmcg(PMCG_OVSSET, 8), BIT(6));
	EXPECT_EQ(pmcg(PMCG_OVSCLR, 8), BIT(6));
	EXPECT_EQ(irqs, std::vector<uint32_t>{SMMU_IRQ_PMCG});
	EXPECT_EQ(memory->read64(doorbell), 0x1234u);
	set_pmcg(PMCG_OVSCLR, BIT(6), 8);
	EXPECT_EQ(pmcg(PMCG_OVSSET, 8), 0u);
	/* An overflow without its INTEN, and one with IRQEN clear, tell nobody. */
	set_pmcg(PMCG_INTENCLR, BIT(6), 8);
	set_pmcg(PMCG_EVCNTR + 8 * 6, UINT64_MAX, 8);
	EXPECT_EQ(event_of_write(page), 0u);
	set_pmcg(PMCG_INTENSET, BIT(6), 8);
	set_pmcg(PMCG_IRQ_CTRL, 0);
	set_pmcg(PMCG_EVCNTR + 8 * 6, UINT64_MAX, 8);
	EXPECT_EQ(event_of_write(page), 0u);
	EXPECT_EQ(irqs.size(), 1u);
}

TEST_F(SmmuPmcg, CyclesOverflowInTime)
{
	create();
	count(0, PMCG_CYCLES);
	set_pmcg(PMCG_EVCNTR, -UINT64_C(500), 8);
	uint64_t start = now();
	irqs.clear();
	run_until(start + 499 * PS_PER_NS);
	EXPECT_TRUE(irqs.empty());
	run_until(start + 500 * PS_PER_NS);
	EXPECT_EQ(irqs.size(), 1u);
	EXPECT_EQ(pmcg(PMCG_OVSSET, 8), 1u);
}

/* 10.5.1: then they are 4 bytes apart, and so are the captured ones. */
TEST_F(SmmuPmcg, CountersOf32BitsAreSideBySide)
{
	cfg.counters32 = true;
	configure(BYPASS);
	write_config();
	EXPECT_EQ(field_get(CFGR_SIZE, pmcg(PMCG_CFGR)), 31u);
	count(1, PMCG_TRANSACTION);
	set_pmcg(PMCG_EVCNTR + 4 * 1, 41);
	set_pmcg(PMCG_EVCNTR + 4 * 7, 0x12345678);
	EXPECT_EQ(event_of_write(page), 0u);
	EXPECT_EQ(counter(1), 42u);
	EXPECT_EQ(pmcg(PMCG_EVCNTR + 4 * 8), 0u) << "there is none";
	set_pmcg(PMCG_CAPR, CAPR_CAPTURE);
	EXPECT_EQ(pmcg(PMCG_SVR + 4 * 1), 42u);
	EXPECT_EQ(pmcg(PMCG_SVR + 4 * 7), 0x12345678u);
}

TEST_F(SmmuPmcg, CountersOf32BitsOverflowThere)
{
	cfg.counters32 = true;
	configure(BYPASS);
	write_config();
	count(1, PMCG_TRANSACTION);
	set_pmcg(PMCG_EVCNTR + 4 * 1, UINT32_MAX);
	irqs.clear();
	EXPECT_EQ(event_of_write(page), 0u);
	EXPECT_EQ(counter(1), 0u);
	EXPECT_EQ(pmcg(PMCG_OVSSET, 8), BIT(1));
	EXPECT_EQ(irqs.size(), 1u);
	/* From anywhere: zero is 2^32 cycles before. */
	count(0, PMCG_CYCLES);
	set_pmcg(PMCG_EVCNTR, 0);
	uint64_t start = now();
	run_until(start + (BIT(32) - 1) * PS_PER_NS);
	EXPECT_EQ(irqs.size(), 1u);
	run_until(start + BIT(32) * PS_PER_NS);
	EXPECT_EQ(irqs.size(), 2u);
	EXPECT_EQ(pmcg(PMCG_OVSSET, 8), BIT(0) | BIT(1));
}

TEST_F(SmmuPmcg, MsiConfigurationIsGuardedAndItsAbortShown)
{
	configure(BYPASS);
	write_config();
	set_pmcg(PMCG_IRQ_CFG0, SIZE, 8);
	count(0, PMCG_TRANSACTION);
	set_pmcg(PMCG_IRQ_CFG0, 0x2000, 8);
	EXPECT_EQ(pmcg(PMCG_IRQ_CFG0, 8), SIZE);
	set_pmcg(PMCG_EVCNTR, UINT64_MAX, 8);
	EXPECT_EQ(event_of_write(page), 0u);
	EXPECT_EQ(pmcg(PMCG_IRQ_STATUS), 1u);
	EXPECT_EQ(reg(SMMU_GERROR), 0u) << "not the SMMU's";
	set_pmcg(PMCG_IRQ_CTRL, 0);
	EXPECT_EQ(pmcg(PMCG_IRQ_STATUS), 1u);
	set_pmcg(PMCG_IRQ_CTRL, PMCG_IRQEN);
	EXPECT_EQ(pmcg(PMCG_IRQ_STATUS), 0u);
}

/* 10.5.2.24. */
TEST_F(SmmuPmcg, AnAbortIsNotShownBySmmuV30)
{
	cfg.version = 0;
	cfg.httu = 2;
	cfg.bbml = 0;
	cfg.xnx = cfg.vax = cfg.fwb = cfg.stt = cfg.ril = false;
	cfg.atsrecerr = cfg.e0pd = cfg.ptwnnc = cfg.epan = false;
	configure(BYPASS);
	write_config();
	set_pmcg(PMCG_IRQ_CFG0, SIZE, 8);
	count(0, PMCG_TRANSACTION);
	set_pmcg(PMCG_EVCNTR, UINT64_MAX, 8);
	EXPECT_EQ(event_of_write(page), 0u);
	EXPECT_EQ(pmcg(PMCG_OVSSET, 8), 1u);
	EXPECT_EQ(pmcg(PMCG_IRQ_STATUS), 0u);
	set_pmcg(PMCG_IRQ_CTRL, 0);
	EXPECT_EQ(pmcg(PMCG_IRQ_CTRLACK), 0u) << "the message is over all the same";
}

TEST_F(SmmuPmcg, CaptureTakesAllCounters)
{
	configure(BYPASS);
	write_config();
	count(0, PMCG_TRANSACTION);
	count(1, PMCG_TRANSACTION);
	set_pmcg(PMCG_EVCNTR + 8, 41, 8);
	EXPECT_EQ(event_of_write(page), 0u);
	EXPECT_EQ(pmcg(PMCG_SVR + 8, 8), 0u);
	set_pmcg(PMCG_CAPR, CAPR_CAPTURE);
	EXPECT_EQ(pmcg(PMCG_SVR, 8), 1u);
	EXPECT_EQ(pmcg(PMCG_SVR + 8, 8), 42u);
	EXPECT_EQ(pmcg(PMCG_CAPR), 0u);
	/* By an overflow too, with the value after it. */
	set_pmcg(PMCG_EVTYPER, PMCG_TRANSACTION | EVTYPER_FILTER_SPAN | EVTYPER_OVFCAP);
	set_pmcg(PMCG_EVCNTR, UINT64_MAX, 8);
	EXPECT_EQ(event_of_write(page), 0u);
	EXPECT_EQ(pmcg(PMCG_SVR, 8), 0u);
	EXPECT_EQ(counter(1), 43u);
}

/* 10.2.1: what a capture takes is of the time of the overflow that made it, after its event. */
TEST_F(SmmuPmcg, ACaptureByOverflowIsOfItsTime)
{
	configure(BYPASS);
	write_config();
	count(0, PMCG_TRANSACTION);
	set_pmcg(PMCG_EVTYPER, PMCG_TRANSACTION | EVTYPER_FILTER_SPAN | EVTYPER_OVFCAP);
	set_pmcg(PMCG_EVCNTR, UINT64_MAX, 8);
	count(1, PMCG_CYCLES);
	count(2, PMCG_TRANSACTION);
	run_until(now() + PS_PER_US);
	EXPECT_EQ(event_of_write(page), 0u);
	EXPECT_GE(pmcg(PMCG_SVR + 8, 8), 1000u) << "cycles count up to the capture";
	EXPECT_LE(pmcg(PMCG_SVR + 8, 8), counter(1));
	EXPECT_EQ(pmcg(PMCG_SVR + 16, 8), 1u) << "the event is in every counter first";
}

/* 10.5.2.22 and 10.5.2.23. */
TEST_F(SmmuPmcg, TheMessageHasTheAttributesOfItsRegister)
{
	struct mem_attr seen = {};

	configure(BYPASS);
	write_config();
	uint64_t doorbell = memory->allocate();
	memory->before_access = [&](const struct bus_req &req) {
		if (req.addr == doorbell)
			seen = req.attr.memory;
	};
	set_pmcg(PMCG_IRQ_CFG0, doorbell, 8);
	set_pmcg(PMCG_IRQ_CFG2, 15 | field_put(IRQ_CFG2_SH, MEM_INNER));
	count(0, PMCG_TRANSACTION);
	set_pmcg(PMCG_EVCNTR, UINT64_MAX, 8);
	EXPECT_EQ(event_of_write(page), 0u);
	run();
	EXPECT_EQ((unsigned)seen.type, MEM_NORMAL_WB);
	EXPECT_EQ((unsigned)seen.sh, MEM_INNER);
}
