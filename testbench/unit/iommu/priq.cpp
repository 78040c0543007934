/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/ats_bench.h"

#include <algorithm>

/* The page request queue and what answers it: IHI 0070, chapter 8 and 4.5.2. */
class SmmuPriq : public AtsBench
{
protected:
	void SetUp() override
	{
		bring_up_ats();
	}

	struct page_request with_substream(uint16_t group, bool last, uint32_t substream = 9)
	{
		struct page_request request = {};

		request.stream_id = STREAM;
		request.substream_valid = true;
		request.substream_id = substream;
		request.addr = 0x7000;
		request.group = group;
		request.last = last;
		request.read = true;
		return request;
	}

	uint32_t waiting()
	{
		return (reg(SMMU_PRIQ_PROD) - reg(SMMU_PRIQ_CONS)) & (BIT(priq_log2 + 1) - 1);
	}

	bool overflown()
	{
		return (reg(SMMU_PRIQ_PROD) ^ reg(SMMU_PRIQ_CONS)) & PRIQ_PROD_OVFLG;
	}

	void fill()
	{
		for (unsigned i = 0; i < BIT(priq_log2); i++)
			page_request(0x1000 * i, 1, false);
		run();
		ASSERT_FALSE(overflown());
	}

	long interrupts()
	{
		return std::count(irqs.begin(), irqs.end(), (uint32_t)SMMU_IRQ_PRIQ);
	}

	void reconfigure_irq(uint64_t address, uint32_t data, uint32_t cfg2)
	{
		set_reg(SMMU_IRQ_CTRL, IRQ_CTRL_GERROR_IRQEN);
		set_reg(SMMU_PRIQ_IRQ_CFG0, address, 8);
		set_reg(SMMU_PRIQ_IRQ_CFG1, data);
		set_reg(SMMU_PRIQ_IRQ_CFG2, cfg2);
		set_reg(SMMU_IRQ_CTRL, IRQ_CTRL_GERROR_IRQEN | IRQ_CTRL_PRIQ_IRQEN);
	}
};

TEST_F(SmmuPriq, RecordsWhatIsAskedForInOrder)
{
	struct page_request request = with_substream(0x155, true);

	request.write = request.execute = request.privileged = true;
	page_request(0x4abc, 3, false, true);
	page_request(request);
	EXPECT_EQ(reg(SMMU_PRIQ_PROD), 0u) << "not within the call";
	run();
	EXPECT_EQ(reg(SMMU_PRIQ_PROD), 2u);
	EXPECT_EQ(page_request_at(0)[0], STREAM | PRI0_READ | PRI0_WRITE);
	EXPECT_EQ(page_request_at(0)[1], 0x4000u | 3);
	EXPECT_EQ(page_request_at(1)[0], STREAM | field_put(PRI0_SUBSTREAMID, 9) | PRI0_SSV |
						 PRI0_READ | PRI0_WRITE | PRI0_EXECUTE | PRI0_PRIV |
						 PRI0_LAST);
	EXPECT_EQ(page_request_at(1)[1], 0x7000u | 0x155);
	EXPECT_TRUE(responses.empty());
	EXPECT_EQ(stats().page_requests, 2u);
	EXPECT_EQ(traced(TRACE_PAGE_REQUEST).size(), 2u);
}

TEST_F(SmmuPriq, TheEntryIsInMemoryBeforeTheIndexMoves)
{
	memory->after_access = [&](const struct bus_req &req) {
		if (req.addr == priq) {
			EXPECT_EQ(stats().page_requests, 0u);
		}
	};
	page_request(0x4000, 1, true);
	while (!reg(SMMU_PRIQ_PROD))
		ASSERT_TRUE(calendar_step(&sim.calendar));
	EXPECT_NE(page_request_at(0)[0], 0u);
	run();
}

TEST_F(SmmuPriq, WithoutAPasidNothingIsPrivilegedOrExecutes)
{
	struct page_request request = with_substream(1, true);

	request.substream_valid = false;
	request.execute = request.privileged = true;
	page_request(request);
	run();
	EXPECT_EQ(page_request_at(0)[0] >> 58, (PRI0_READ | PRI0_LAST) >> 58);
}

TEST_F(SmmuPriq, WithoutSubstreamsThereIsNoSsv)
{
	cfg.ssid_bits = 0;
	bring_up_ats();
	page_request(with_substream(1, true));
	run();
	EXPECT_EQ(page_request_at(0)[0], STREAM | PRI0_READ | PRI0_LAST);
}

TEST_F(SmmuPriq, WrapsAround)
{
	for (unsigned i = 0; i < 20; i++) {
		page_request(0x1000 * i, (uint16_t)i, true);
		run();
		EXPECT_EQ(page_request_at(i % 8)[1], 0x1000u * i + i);
		set_reg(SMMU_PRIQ_CONS, reg(SMMU_PRIQ_PROD));
	}
	EXPECT_EQ(reg(SMMU_PRIQ_PROD), 20u % 16);
	EXPECT_TRUE(responses.empty());
}

TEST_F(SmmuPriq, EnablesGuardItsRegisters)
{
	for (uint32_t offset : {SMMU_PRIQ_BASE, SMMU_PRIQ_PROD, SMMU_PRIQ_IRQ_CFG0,
				SMMU_PRIQ_IRQ_CFG1, SMMU_PRIQ_IRQ_CFG2}) {
		uint64_t before = reg(offset);

		set_reg(offset, ~before);
		EXPECT_EQ(reg(offset), before) << offset;
	}
	set_reg(SMMU_IRQ_CTRL, 0);
	enable(CR0_CMDQEN | CR0_SMMUEN);
	for (uint32_t offset : {SMMU_PRIQ_BASE, SMMU_PRIQ_PROD, SMMU_PRIQ_IRQ_CFG0,
				SMMU_PRIQ_IRQ_CFG1, SMMU_PRIQ_IRQ_CFG2}) {
		uint64_t before = reg(offset);

		set_reg(offset, ~before);
		EXPECT_NE(reg(offset), before) << offset;
	}
}

TEST_F(SmmuPriq, DoesNotExistWithoutPri)
{
	cfg.pri = false;
	create();
	EXPECT_FALSE(reg(SMMU_IDR0) & IDR0_PRI);
	EXPECT_EQ(field_get(IDR1_PRIQS, reg(SMMU_IDR1)), 0u);
	for (uint32_t offset : {SMMU_PRIQ_BASE, SMMU_PRIQ_PROD, SMMU_PRIQ_CONS, SMMU_PRIQ_IRQ_CFG0,
				SMMU_PRIQ_IRQ_CFG1, SMMU_PRIQ_IRQ_CFG2}) {
		set_reg(offset, ~0u);
		EXPECT_EQ(reg(offset), 0u) << offset;
	}
	set_reg(SMMU_IRQ_CTRL, 7);
	EXPECT_EQ(reg(SMMU_IRQ_CTRLACK), 5u);
}

TEST_F(SmmuPriq, IdentifiesItself)
{
	EXPECT_TRUE(reg(SMMU_IDR0) & IDR0_PRI);
	EXPECT_TRUE(reg(SMMU_IDR0) & IDR0_ATS);
	EXPECT_FALSE(reg(SMMU_IDR0) & IDR0_NS1ATS);
	EXPECT_EQ(field_get(IDR1_PRIQS, reg(SMMU_IDR1)), 4u);
	EXPECT_FALSE(reg(SMMU_IDR3) & IDR3_PPS);
	cfg.pps = true;
	create();
	EXPECT_TRUE(reg(SMMU_IDR3) & IDR3_PPS);
	cfg.ats = false;
	struct smmu_env env = {};
	env.part = {&sim, "bench.smmu", 0};
	env.memory = memory->port();
	EXPECT_EQ(smmu_create(&cfg, &env), nullptr) << "PRI without ATS";
}

TEST_F(SmmuPriq, TheEnableIsAcknowledgedWhenTheLastEntryIsWritten)
{
	memory->slow_down(priq, 10 * PS_PER_US);
	page_request(0x4000, 1, true);
	set_reg(SMMU_CR0, CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
	EXPECT_TRUE(reg(SMMU_CR0ACK) & CR0_PRIQEN);
	run();
	EXPECT_FALSE(reg(SMMU_CR0ACK) & CR0_PRIQEN);
}

/* 6.3.9.6: without SMMUEN the queue is off, so that enable waits for the entry, too. */
TEST_F(SmmuPriq, TheSmmusEnableIsAcknowledgedWhenTheLastEntryIsWritten)
{
	memory->slow_down(priq, 10 * PS_PER_US);
	page_request(0x4000, 1, true);
	set_reg(SMMU_CR0, CR0_CMDQEN | CR0_EVENTQEN | CR0_PRIQEN);
	EXPECT_TRUE(reg(SMMU_CR0ACK) & CR0_SMMUEN);
	run();
	EXPECT_FALSE(reg(SMMU_CR0ACK) & CR0_SMMUEN);
	EXPECT_EQ(reg(SMMU_PRIQ_PROD), 1u);
}

/* ---- answers of the SMMU's own, 8.1 to 8.3 ---- */

TEST_F(SmmuPriq, WithoutSubstreamsNoAnswerHasAPasid)
{
	cfg.ssid_bits = 0;
	cfg.pps = false;
	bring_up_ats();
	write_ste(STREAM, 0); /* nothing about a PASID has to be looked up */
	fill();
	page_request(with_substream(4, true));
	run();
	ASSERT_EQ(responses.size(), 1u);
	EXPECT_EQ(responses[0].code, PRG_SUCCESS);
	EXPECT_FALSE(responses[0].substream_valid);
	ASSERT_FALSE(traced(TRACE_PAGE_REQUEST).empty());
	EXPECT_EQ(traced(TRACE_PAGE_REQUEST).back().arg[1], TRACE_NO_SUBSTREAM);
}

TEST_F(SmmuPriq, ADisabledQueueFailsEveryRequest)
{
	enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
	page_request(0x4000, 3, false);
	page_request(with_substream(4, true));
	run();
	ASSERT_EQ(responses.size(), 2u);
	EXPECT_EQ(responses[0].code, PRG_FAILURE);
	EXPECT_EQ(responses[0].group, 3u);
	EXPECT_EQ(responses[0].stream_id, STREAM);
	EXPECT_EQ(responses[1].code, PRG_FAILURE);
	EXPECT_FALSE(responses[1].substream_valid);
	EXPECT_EQ(stats().page_requests_lost, 2u);
	enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_PRIQEN); /* without SMMUEN it does not count */
	page_request(0x4000, 3, true);
	EXPECT_EQ(responses.size(), 3u);
}

TEST_F(SmmuPriq, StopMarkersAreRecordedButNeverAnswered)
{
	struct page_request marker = with_substream(0, true);

	marker.read = false;
	page_request(marker);
	run();
	EXPECT_EQ(page_request_at(0)[0] >> 58, (PRI0_SSV | PRI0_LAST) >> 58);
	set_reg(SMMU_PRIQ_CONS, 1);
	fill();
	page_request(marker);
	EXPECT_TRUE(overflown());
	enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
	page_request(marker);
	run();
	EXPECT_TRUE(responses.empty());
}

TEST_F(SmmuPriq, AFullQueueOverflows)
{
	fill();
	page_request(0x9000, 7, false);
	EXPECT_TRUE(overflown());
	EXPECT_TRUE(responses.empty()) << "not the last of its group";
	page_request(0xa000, 7, true);
	run();
	EXPECT_EQ(waiting(), 8u);
	ASSERT_EQ(responses.size(), 1u);
	EXPECT_EQ(responses[0].code, PRG_SUCCESS);
	EXPECT_EQ(responses[0].group, 7u);
	EXPECT_EQ(reg(SMMU_PRIQ_PROD) & PRIQ_PROD_OVFLG, PRIQ_PROD_OVFLG)
		<< "toggled once, not by each";
	EXPECT_EQ(stats().page_requests_lost, 2u);
}

TEST_F(SmmuPriq, RequestsNotYetWrittenCountForTheRoom)
{
	for (unsigned i = 0; i < 9; i++)
		page_request(0x1000 * i, 1, i == 8);
	EXPECT_EQ(responses.size(), 1u);
	run();
	EXPECT_EQ(waiting(), 8u);
}

TEST_F(SmmuPriq, AnOverflowKeepsTheQueueClosedUntilAcknowledged)
{
	fill();
	page_request(0x9000, 7, true);
	run();
	set_reg(SMMU_PRIQ_CONS, 4);
	page_request(0xa000, 8, true);
	run();
	EXPECT_EQ(waiting(), 4u);
	EXPECT_EQ(responses.size(), 2u);
	set_reg(SMMU_PRIQ_CONS, 4 | PRIQ_CONS_OVACKFLG);
	page_request(0xb000, 9, true);
	run();
	EXPECT_EQ(waiting(), 5u);
	EXPECT_EQ(responses.size(), 2u);
}

TEST_F(SmmuPriq, ARefusedWriteIsAGlobalErrorAndAFailure)
{
	memory->refuse(priq, 4096);
	page_request(0x4000, 3, true);
	page_request(0x5000, 4, true); /* waits behind it */
	while (!reg(SMMU_GERROR))
		ASSERT_TRUE(calendar_step(&sim.calendar));
	memory->accept_all();
	run();
	EXPECT_EQ(reg(SMMU_GERROR), GERROR_PRIQ_ABT_ERR);
	ASSERT_EQ(responses.size(), 2u);
	EXPECT_EQ(responses[0].code, PRG_FAILURE);
	EXPECT_EQ(responses[0].group, 3u);
	EXPECT_EQ(responses[1].group, 4u) << "lost with the queue, though it could be written now";
	EXPECT_EQ(waiting(), 0u);
	page_request(0x6000, 5, true);
	EXPECT_EQ(responses.size(), 3u) << "while the error is active";
	set_reg(SMMU_GERRORN, GERROR_PRIQ_ABT_ERR);
	page_request(0x7000, 6, true);
	run();
	EXPECT_EQ(waiting(), 1u);
	EXPECT_EQ(responses.size(), 3u);
}

/* PASIDs on the SMMU's own answers: STE.PPAR, unless IDR3.PPS. */
class SmmuPpar : public SmmuPriq
{
protected:
	struct prg_response overflow_with(const struct page_request &request)
	{
		responses.clear();
		page_request(request);
		run();
		EXPECT_EQ(responses.size(), 1u);
		return responses.empty() ? prg_response() : responses[0];
	}

	void SetUp() override
	{
		SmmuPriq::SetUp();
		write_ste(STREAM, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_BYPASS));
		fill();
	}
};

TEST_F(SmmuPpar, DecidesWhetherAnAnswerHasThePasid)
{
	struct prg_response without = overflow_with(with_substream(3, true));
	EXPECT_EQ(without.code, PRG_SUCCESS);
	EXPECT_FALSE(without.substream_valid);
	configure(STREAM, STE1_PPAR);
	struct prg_response with = overflow_with(with_substream(3, true));
	EXPECT_EQ(with.code, PRG_SUCCESS);
	EXPECT_TRUE(with.substream_valid);
	EXPECT_EQ(with.substream_id, 9u);
	EXPECT_EQ(with.group, 3u);
	EXPECT_EQ(stats().ats_requests, 0u) << "the look at the STE is nobody's request";
}

TEST_F(SmmuPpar, IsReadFromStreamsThatAreAborted)
{
	write_ste(STREAM, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_ABORT), STE1_PPAR);
	EXPECT_TRUE(overflow_with(with_substream(3, true)).substream_valid);
}

TEST_F(SmmuPpar, AnSteThatCannotBeHadIsAFailure)
{
	struct page_request broken = with_substream(3, true), far = broken;

	broken.stream_id = 0x120;
	far.stream_id = 1 << 12;
	for (const struct page_request &request : {broken, far}) {
		struct prg_response response = overflow_with(request);

		EXPECT_EQ(response.code, PRG_FAILURE);
		EXPECT_FALSE(response.substream_valid);
	}
	memory->refuse(ste_address(STREAM), STE_BYTES);
	EXPECT_EQ(overflow_with(with_substream(3, true)).code, PRG_FAILURE);
	EXPECT_TRUE(take_events().empty());
}

TEST_F(SmmuPpar, ErrorsOfTheLookAreRecordedOnRequest)
{
	uint32_t enables = CR0_CMDQEN | CR0_EVENTQEN;
	struct page_request broken = with_substream(3, true);

	broken.stream_id = 0x120;
	enable(enables);
	set_reg(SMMU_CR2, CR2_RECINVSID | CR2_PTM | CR2_REC_CFG_ATS);
	enable(enables | CR0_SMMUEN);
	enable(enables | CR0_SMMUEN | CR0_PRIQEN);
	overflow_with(broken);
	EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]), C_BAD_STE);
}

TEST_F(SmmuPpar, DoesNotCountWithPpsOrWithoutAPasid)
{
	uint64_t fetches = stats().ste_fetches;

	page_request(0x4000, 3, true);
	EXPECT_EQ(responses.at(0).code, PRG_SUCCESS) << "at once";
	EXPECT_EQ(stats().ste_fetches, fetches);
	cfg.pps = true;
	SetUp();
	EXPECT_TRUE(overflow_with(with_substream(3, true)).substream_valid);
	EXPECT_EQ(stats().ste_fetches, 0u);
}

/* ---- interrupts, 6.3.36 ---- */

TEST_F(SmmuPriq, InterruptsWhenItWasEmpty)
{
	page_request(0x4000, 1, false);
	run();
	EXPECT_EQ(interrupts(), 1);
	page_request(0x5000, 1, true);
	run();
	EXPECT_EQ(interrupts(), 1);
	set_reg(SMMU_PRIQ_CONS, 2);
	page_request(0x6000, 1, false);
	run();
	EXPECT_EQ(interrupts(), 2);
}

TEST_F(SmmuPriq, InterruptsForLastRequestsOnly)
{
	reconfigure_irq(0, 0, PRIQ_IRQ_CFG2_LO);
	page_request(0x4000, 1, false);
	run();
	EXPECT_EQ(interrupts(), 0);
	page_request(0x5000, 1, true);
	run();
	EXPECT_EQ(interrupts(), 1);
	for (unsigned i = 0; i < 6; i++)
		page_request(0x5000, 1, false);
	run();
	page_request(0x5000, 1, false);
	EXPECT_EQ(interrupts(), 1);
	page_request(0x5000, 1, true);
	EXPECT_EQ(interrupts(), 2) << "discarded by an overflow, still told";
}

TEST_F(SmmuPriq, LastOnlyIsThereWithoutMsis)
{
	cfg.msi = false;
	bring_up_ats();
	reconfigure_irq(0x1000, 5, PRIQ_IRQ_CFG2_LO | 0x3f);
	EXPECT_EQ(reg(SMMU_PRIQ_IRQ_CFG2), PRIQ_IRQ_CFG2_LO);
	EXPECT_EQ(reg(SMMU_PRIQ_IRQ_CFG0, 8), 0u);
}

TEST_F(SmmuPriq, WritesAMessageAfterTheEntry)
{
	uint64_t target = memory->allocate();

	reconfigure_irq(target, 0x1234, 0);
	memory->before_access = [&](const struct bus_req &req) {
		if (req.addr == target) {
			EXPECT_GE(stats().page_requests, 1u);
		}
	};
	page_request(0x4000, 1, true);
	run();
	EXPECT_EQ(memory->read64(target), 0x1234u);
	memory->refuse(target, 4096);
	set_reg(SMMU_PRIQ_CONS, 1);
	page_request(0x4000, 1, true);
	run();
	EXPECT_EQ(reg(SMMU_GERROR), GERROR_MSI_PRIQ_ABT_ERR);
}

/* ---- CMD_PRI_RESP, 4.5.2 ---- */

TEST_F(SmmuPriq, SoftwareAnswersAGroup)
{
	uint64_t word0 = CMD_PRI_RESP | field_put(CMD0_STREAMID, STREAM);
	struct {
		uint64_t resp;
		enum prg_code code;
	} rows[] = {{PRI_RESP_FAILURE, PRG_FAILURE},
		    {PRI_RESP_INVALID, PRG_INVALID_REQUEST},
		    {PRI_RESP_SUCCESS, PRG_SUCCESS}};

	for (auto row : rows) {
		command(word0,
			field_put(PRI_RESP1_GROUP, 0x1aa) | field_put(PRI_RESP1_RESP, row.resp));
		EXPECT_EQ(responses.back().code, row.code);
		EXPECT_EQ(responses.back().group, 0x1aau);
		EXPECT_EQ(responses.back().stream_id, STREAM);
		EXPECT_FALSE(responses.back().substream_valid);
	}
	command(word0 | CMD0_SSV | field_put(CMD0_SUBSTREAMID, 9),
		field_put(PRI_RESP1_RESP, PRI_RESP_SUCCESS));
	EXPECT_TRUE(responses.back().substream_valid);
	EXPECT_EQ(responses.back().substream_id, 9u);
	EXPECT_EQ(responses.size(), 4u);
}

TEST_F(SmmuPriq, AReservedResponseIsIllegal)
{
	push(CMD_PRI_RESP, field_put(PRI_RESP1_RESP, 3));
	run();
	EXPECT_EQ(cerror(), CERROR_ILL);
	EXPECT_TRUE(responses.empty());
}

TEST_F(SmmuPriq, ResponsesAreIllegalWithoutPriAndIgnoredWithTheSmmuDisabled)
{
	enable(CR0_CMDQEN | CR0_EVENTQEN);
	command(CMD_PRI_RESP, field_put(PRI_RESP1_RESP, PRI_RESP_SUCCESS));
	EXPECT_TRUE(responses.empty());
	cfg.pri = false;
	bring_up();
	connect();
	push(CMD_PRI_RESP, field_put(PRI_RESP1_RESP, PRI_RESP_SUCCESS));
	run();
	EXPECT_EQ(cerror(), CERROR_ILL);
}
