// SPDX-License-Identifier: Apache-2.0
/*
 * Software switches parts of an SMMU off and on while devices are at work. Once
 * an acknowledgement has fallen (IHI 0070: 6.3.9, 6.3.16, 3.21.3), the SMMU does
 * not access what that enable governs, its queue's index stays, its interrupt is
 * silent; and whatever the order, all that was begun comes to an end.
 */
#include <algorithm>
#include <string>

#include "base/rng.h"
#include "testbench/support/ats_bench.h"

namespace
{
constexpr uint64_t kIova = 0x40000000, kPage = 4096;
constexpr uint32_t kStalling = 0x10a, kUnknown = 0x10b; /* streams */
constexpr unsigned kPages = 8, kSteps = 1500;

/* What an enable of CR0 or IRQ_CTRL governs: one of two pages, which software changes. */
struct Governed {
	uint32_t control, ack, enable;
	uint32_t base, index, consumed; /* an interrupt: its IRQ_CFG0, 0, 0 */
	uint32_t log2, irq;
	uint64_t page[2];
	unsigned current;
	bool off; /* as software has seen it */
	uint64_t index_then;
	size_t irqs_then;
};

class SmmuAcknowledgements : public AtsBench, public ::testing::WithParamInterface<uint64_t>
{
protected:
	void SetUp() override
	{
		rng_init(&rng, GetParam(), "smmu_enables");
		cfg.timing.tlb_entries = 4;
		cfg.stall_model = IDR0_STALL_MODEL_BOTH;
		cfg.stall_max = 4;
		cfg.timing.ats_timeout_ps = 10 * PS_PER_US;
		cmdq_log2 = 3;
		evtq_log2 = 2;
		bring_up_ats(0);
		build();
		govern();
		memory->before_access = [this](const struct bus_req &req) {
			check(req);
		};
	}

	void build()
	{
		TableBuilder table(*memory);
		uint64_t before = memory->allocate();

		for (unsigned i = 0; i < kPages; i++) {
			PageBits bits;

			bits.writable = i % 4 != 0;
			if (i % 4 != 3)
				table.map(kIova + i * kPage, memory->allocate(), bits);
		}
		attach(STREAM, table, 3);
		attach(kStalling, table, 4, CD0_A | CD0_R | CD0_S);
		memory->write64(ste_address(STREAM) + 8, field_put(STE1_EATS, STE1_EATS_FULL));
		for (uint64_t at = before, end = memory->allocate(); at < end; at += kPage)
			structures.push_back(at);
		structures.push_back(ste_address(STREAM) & ~(kPage - 1));
	}

	void govern_queue(uint32_t enable, uint32_t base, uint32_t index, uint32_t consumed,
			  uint64_t page, uint32_t log2)
	{
		Governed part = {};

		part.control = SMMU_CR0;
		part.ack = SMMU_CR0ACK;
		part.enable = enable;
		part.base = base;
		part.index = index;
		part.consumed = consumed;
		part.log2 = log2;
		part.page[0] = page;
		part.page[1] = memory->allocate();
		governed.push_back(part);
	}

	void govern_irq(uint32_t enable, uint32_t cfg0, uint32_t line)
	{
		Governed part = {};

		part.control = SMMU_IRQ_CTRL;
		part.ack = SMMU_IRQ_CTRLACK;
		part.enable = enable;
		part.base = cfg0;
		part.irq = line;
		part.page[0] = memory->allocate();
		part.page[1] = memory->allocate();
		governed.push_back(part);
	}

	void govern()
	{
		govern_queue(CR0_CMDQEN, SMMU_CMDQ_BASE, SMMU_CMDQ_CONS, SMMU_CMDQ_PROD, cmdq,
			     cmdq_log2);
		govern_queue(CR0_EVENTQEN, SMMU_EVENTQ_BASE, SMMU_EVENTQ_PROD, SMMU_EVENTQ_CONS,
			     evtq, evtq_log2);
		govern_queue(CR0_PRIQEN, SMMU_PRIQ_BASE, SMMU_PRIQ_PROD, SMMU_PRIQ_CONS, priq,
			     priq_log2);
		structures.insert(structures.end(), governed[2].page, governed[2].page + 2);
		govern_irq(IRQ_CTRL_GERROR_IRQEN, SMMU_GERROR_IRQ_CFG0, SMMU_IRQ_GERROR);
		govern_irq(IRQ_CTRL_EVENTQ_IRQEN, SMMU_EVENTQ_IRQ_CFG0, SMMU_IRQ_EVTQ);
		govern_irq(IRQ_CTRL_PRIQ_IRQEN, SMMU_PRIQ_IRQ_CFG0, SMMU_IRQ_PRIQ);
		for (auto &part : governed)
			for (uint64_t page : part.page)
				memory->slow_down(page, rng_below(&rng, 2 * PS_PER_US));
	}

	void check(const struct bus_req &req)
	{
		uint64_t page = req.addr & ~(kPage - 1);

		if (req.attr.from_device)
			return;
		for (const auto &part : governed) {
			EXPECT_NE(page, part.page[!part.current]) << part.base << says();
			EXPECT_FALSE(part.off && page == part.page[part.current])
				<< part.base << says();
			governed_accesses += page == part.page[part.current];
		}
		for (uint64_t structure : structures)
			EXPECT_FALSE(translation_off && page == structure) << says();
	}

	std::string says() const
	{
		return ", seed " + std::to_string(GetParam()) + " at " + std::to_string(now());
	}

	size_t irqs_of(uint32_t line) const
	{
		return (size_t)std::count(irqs.begin(), irqs.end(), line);
	}

	/* What software finds out by reading acknowledgements; what is off must have kept still. */
	void look()
	{
		translation_off = !((reg(SMMU_CR0ACK) | reg(SMMU_CR0)) & CR0_SMMUEN);
		for (auto &part : governed) {
			bool off = !((reg(part.ack) | reg(part.control)) & part.enable);

			if (off && part.off && part.index) {
				EXPECT_EQ(reg(part.index), part.index_then) << part.base << says();
			} else if (off && part.off) {
				EXPECT_EQ(irqs_of(part.irq), part.irqs_then) << part.base << says();
			}
			part.off = off;
			part.index_then = part.index ? reg(part.index) : 0;
			part.irqs_then = irqs_of(part.irq);
			switched_off += off;
		}
	}

	void flip(uint32_t control, uint32_t ack, uint32_t enable)
	{
		if ((reg(control) ^ reg(ack)) & enable)
			return; /* not while the last change is being made */
		for (auto &part : governed)
			if (part.control == control && part.enable == enable)
				part.off = false;
		if (control == SMMU_CR0 && enable == CR0_SMMUEN)
			translation_off = false;
		set_reg(control, reg(control) ^ enable);
	}

	/* Another page, and from its start. */
	void move(Governed &part)
	{
		if (!part.off)
			return;
		part.current = !part.current;
		uint64_t page = part.page[part.current];

		set_reg(part.base, page | part.log2, 8);
		if (!part.index)
			return;
		set_reg(part.index, 0);
		set_reg(part.consumed, 0);
		part.index_then = 0;
		if (part.enable == CR0_CMDQEN)
			cmdq = page;
		moved++;
	}

	void make_command()
	{
		uint64_t mask = BIT(cmdq_log2 + 1) - 1;
		uint64_t used = (reg(SMMU_CMDQ_PROD) - reg(SMMU_CMDQ_CONS)) & mask;

		if (used >= BIT(cmdq_log2))
			return;
		switch (rng_below(&rng, 5)) {
		case 0:
			push(CMD_TLBI_NSNH_ALL);
			break;
		case 1:
			push(CMD_CFGI_STE_RANGE, CFGI1_RANGE_ALL);
			break;
		case 2:
			push(CMD_ATC_INV | field_put(CMD0_STREAMID, STREAM), kIova);
			break;
		case 3:
			push(CMD_STALL_TERM | field_put(CMD0_STREAMID, kStalling));
			break;
		default:
			push_sync();
			break;
		}
	}

	void make_request()
	{
		uint64_t address = kIova + kPage * rng_below(&rng, kPages);
		bool write = rng_below(&rng, 2);
		enum bus_op op = write ? BUS_WRITE : BUS_READ;

		if (!rng_below(&rng, 4))
			send_stalling(op, address, rng_below(&rng, 2), kStalling);
		else if (rng_below(&rng, 2))
			send(op, address, 8, true, rng_below(&rng, 8) ? STREAM : kUnknown);
		else if (rng_below(&rng, 2))
			ask(address, write);
		else
			page_request(address, (uint16_t)rng_below(&rng, 16), rng_below(&rng, 2),
				     write);
	}

	/* The driver's interrupt handlers, and the devices' answers. */
	void serve()
	{
		set_reg(SMMU_GERRORN, reg(SMMU_GERROR));
		set_reg(SMMU_EVENTQ_CONS, reg(SMMU_EVENTQ_PROD));
		set_reg(SMMU_PRIQ_CONS, reg(SMMU_PRIQ_PROD));
		for (const auto &which : invalidations)
			if (rng_below(&rng, 4))
				invalidated(which);
		invalidations.clear();
	}

	void step()
	{
		auto &part = governed[rng_below(&rng, governed.size())];

		switch (rng_below(&rng, 16)) {
		case 0:
			flip(SMMU_CR0, SMMU_CR0ACK, CR0_SMMUEN);
			break;
		case 1:
		case 2:
			flip(part.control, part.ack, part.enable);
			break;
		case 3:
			move(part);
			break;
		case 4:
			if (rng_below(&rng, 4))
				memory->accept_all();
			else
				memory->refuse(part.page[part.current], kPage);
			break;
		case 5:
		case 6:
			serve();
			break;
		case 7:
		case 8:
			make_command();
			break;
		default:
			make_request();
			break;
		}
		look();
		if (rng_below(&rng, 2))
			run_until(now() + rng_below(&rng, PS_PER_US));
	}

	struct rng rng;
	std::vector<Governed> governed;
	std::vector<uint64_t> structures; /* and the page request queue: what SMMUEN governs */
	bool translation_off = false;
	unsigned governed_accesses = 0, switched_off = 0, moved = 0;
};
} // namespace

TEST_P(SmmuAcknowledgements, WhatIsOffKeepsStill)
{
	for (unsigned i = 0; i < kSteps && !HasFailure(); i++)
		step();
	memory->accept_all();
	for (unsigned i = 0; i < 100; i++) {
		serve();
		run_until(now() + PS_PER_US);
	}
	set_reg(SMMU_CR0, 0);
	set_reg(SMMU_IRQ_CTRL, 0);
	run();
	look();
	for (const auto &dma : dmas)
		EXPECT_TRUE(dma->done) << says();
	EXPECT_TRUE(smmu_idle(smmu)) << says();
	EXPECT_EQ(reg(SMMU_CR0ACK) | reg(SMMU_IRQ_CTRLACK), 0u) << says();
	EXPECT_GT(governed_accesses, 100u);
	EXPECT_GT(switched_off, 100u);
	EXPECT_GT(moved, 3u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SmmuAcknowledgements, ::testing::Range(UINT64_C(1), UINT64_C(101)));
