/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/ats_bench.h"

AtsBench::AtsBench()
{
	cfg.version = 2; /* and what it demands */
	cfg.s2 = cfg.xnx = cfg.hyp = cfg.fwb = cfg.ril = true;
	cfg.bbml = 1;
	cfg.ats = true;
	cfg.atsrecerr = true;
	cfg.pri = true;
	cfg.priq_log2 = 4;
	cfg.timing.ats_timeout_ps = PS_PER_MS;
}

void AtsBench::connect()
{
	struct ats_port port = {};

	port.ctx = this;
	port.invalidate = [](void *ctx, const struct ats_invalidation *invalidation) {
		static_cast<AtsBench *>(ctx)->invalidations.push_back(*invalidation);
	};
	port.respond = [](void *ctx, const struct prg_response *response) {
		static_cast<AtsBench *>(ctx)->responses.push_back(*response);
	};
	smmu_connect_ats(smmu, &port);
	agent = smmu_ats_agent(smmu);
}

void AtsBench::bring_up_ats(uint32_t cr0)
{
	uint32_t enables = CR0_CMDQEN | CR0_EVENTQEN | cr0;

	bring_up();
	connect();
	priq = memory->allocate(UINT64_C(4096));
	set_reg(SMMU_PRIQ_BASE, priq | priq_log2, 8);
	set_reg(SMMU_IRQ_CTRL, IRQ_CTRL_EVENTQ_IRQEN | IRQ_CTRL_GERROR_IRQEN | IRQ_CTRL_PRIQ_IRQEN);
	enable(enables);
	set_reg(SMMU_CR2, CR2_RECINVSID | CR2_PTM);
	enable(enables | CR0_SMMUEN);
	enable(enables | CR0_SMMUEN | CR0_PRIQEN);
}

void AtsBench::configure(uint32_t stream, uint64_t word1)
{
	memory->write64(ste_address(stream) + 8, word1);
	command(CMD_CFGI_STE | (uint64_t)stream << 32, CFGI1_LEAF);
}

void AtsBench::attach_nested(const TableBuilder &table, uint64_t word1, uint64_t extra2,
			     uint64_t extra0)
{
	uint64_t cd = memory->allocate();

	write_cd(cd, table, 3, extra0);
	stage2 = std::make_unique<TableBuilder>(*memory, 25);
	for (uint64_t ipa = 0; ipa < SIZE; ipa += 2 << 20)
		memory->write64(stage2->descriptor(ipa, 2), S2_RW | ipa);
	write_ste(STREAM, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_S1_S2) | cd, word1);
	memory->write64(ste_address(STREAM) + 16,
			field_put(STE2_S2VMID, 5) | field_put(STE2_S2T0SZ, 25) |
				field_put(STE2_S2SL0, 1) | field_put(STE2_S2PS, IDR5_OAS_44) |
				STE2_S2AA64 | STE2_S2R | extra2);
	memory->write64(ste_address(STREAM) + 24, stage2->root);
}

uint64_t AtsBench::map_ipa(uint64_t ipa, uint64_t pa, uint64_t bits)
{
	uint64_t block = stage2->descriptor(ipa, 2);

	if (!(memory->read64(block) & TTD_TABLE)) {
		uint64_t table = memory->allocate(), base = ipa & ~BITS(20, 0);

		for (unsigned i = 0; i < 512; i++)
			memory->write64(table + 8 * i, S2_RW | TTD_PAGE | (base + 4096 * i));
		memory->write64(block, table | TTD_VALID | TTD_TABLE);
	}
	memory->write64(stage2->descriptor(ipa, 3), bits | TTD_PAGE | pa);
	return stage2->descriptor(ipa, 3);
}

struct bus_attr AtsBench::attr_of(uint32_t stream)
{
	struct bus_attr attr = {};

	attr.from_device = true;
	attr.memory = mem_coherent();
	attr.stream_id = stream;
	return attr;
}

struct bus_attr AtsBench::translated(uint32_t stream)
{
	struct bus_attr attr = attr_of(stream);

	attr.translated = true;
	return attr;
}

struct bus_attr AtsBench::with_pasid(uint32_t pasid, bool privileged, bool execute)
{
	struct bus_attr attr = attr_of(STREAM);

	attr.substream_valid = true;
	attr.substream_id = pasid;
	attr.privileged = privileged;
	attr.instruction = execute;
	return attr;
}

Dma &AtsBench::ask(uint64_t address, bool write, uint32_t entries, const struct bus_attr &attr)
{
	struct bus_attr asks = attr;

	asks.no_write = !write;
	return send_with(BUS_ATS, address, entries * ATS_ENTRY_BYTES, asks);
}

uint64_t AtsBench::entry(const Dma &dma, unsigned n)
{
	return le64_get(dma.bytes + ATS_ENTRY_BYTES * n);
}

uint64_t AtsBench::translate(uint64_t address, bool write, const struct bus_attr &attr)
{
	Dma &dma = ask(address, write, 1, attr);

	run();
	EXPECT_TRUE(dma.done);
	EXPECT_EQ(dma.req.status, BUS_OK);
	return entry(dma);
}

Dma &AtsBench::access(enum bus_op op, uint64_t address, const struct bus_attr &attr)
{
	Dma &dma = send_with(op, address, 8, attr);

	run();
	EXPECT_TRUE(dma.done);
	return dma;
}

void AtsBench::page_request(const struct page_request &request)
{
	agent.page_request(agent.ctx, &request);
}

void AtsBench::page_request(uint64_t address, uint16_t group, bool last, bool write)
{
	struct page_request request = {};

	request.stream_id = STREAM;
	request.addr = address;
	request.group = group;
	request.last = last;
	request.read = true;
	request.write = write;
	page_request(request);
}

std::array<uint64_t, PRI_WORDS> AtsBench::page_request_at(unsigned n) const
{
	return {memory->read64(priq + n * PRI_BYTES), memory->read64(priq + n * PRI_BYTES + 8)};
}

void AtsBench::invalidated(const struct ats_invalidation &which)
{
	agent.invalidated(agent.ctx, which.stream_id, which.itag);
}

uint64_t AtsBench::cerror()
{
	return (reg(SMMU_GERROR) ^ reg(SMMU_GERRORN)) & GERROR_CMDQ_ERR
		       ? field_get(CMDQ_CONS_ERR, reg(SMMU_CMDQ_CONS))
		       : (uint64_t)CERROR_NONE;
}
