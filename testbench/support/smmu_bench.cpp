/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/smmu_bench.h"

static constexpr uint32_t STREAM_BITS = 9;

uint64_t Traced::word(unsigned n) const
{
	return le64_get(data.data() + 8 * n);
}

uint64_t PageBits::ttd() const
{
	uint64_t ttd = TTD_VALID | field_put(TTD_SH, 3) | extra;

	if (!writable)
		ttd |= TTD_AP2;
	if (dbm)
		ttd |= TTD_DBM;
	if (accessed)
		ttd |= TTD_AF;
	if (unprivileged)
		ttd |= TTD_AP1;
	if (!global)
		ttd |= TTD_NG;
	return ttd;
}

TableBuilder::TableBuilder(FlatMemory &where, uint8_t size_offset)
	: root(where.allocate()), t0sz(size_offset), memory(where)
{
}

uint64_t TableBuilder::descriptor(uint64_t va, unsigned level)
{
	unsigned at = 3 - (64 - t0sz - 1 - 12) / 9;
	uint64_t table = root;

	va &= ~UINT64_C(0) >> t0sz;
	for (;; at++) {
		uint64_t address = table + (va >> (12 + 9 * (3 - at)) & 511) * 8;

		if (at == level)
			return address;
		if (!(memory.read64(address) & TTD_VALID))
			memory.write64(address, memory.allocate() | TTD_VALID | TTD_TABLE);
		table = memory.read64(address) & TTD_ADDR;
	}
}

uint64_t TableBuilder::map(uint64_t va, uint64_t pa, const PageBits &bits, unsigned level)
{
	uint64_t address = descriptor(va, level);

	memory.write64(address, bits.ttd() | pa | (level == 3 ? TTD_PAGE : 0));
	return address;
}

SmmuBench::SmmuBench()
{
	struct sim_hooks hooks = {};

	hooks.ctx = this;
	hooks.trace = on_trace;
	hooks.detail = on_trace;
	sim_init(&sim, 1, &hooks);
	memory = std::make_unique<FlatMemory>(&sim, SIZE, LATENCY);
	cfg.version = 1;
	cfg.iidr = 0x43b;
	cfg.endian = IDR0_TTENDIAN_LE;
	cfg.stall_model = IDR0_STALL_MODEL_NONE;
	cfg.sid_bits = 16;
	cfg.ssid_bits = 6;
	cfg.cmdq_log2 = 8;
	cfg.evtq_log2 = 7;
	cfg.oas_bits = 44;
	cfg.httu = 2;
	cfg.granules = SMMU_GRANULE_4K;
	cfg.ttf = IDR0_TTF_AARCH64;
	cfg.s1 = true;
	cfg.had = true;
	cfg.attr_perms_ovr = true;
	cfg.asid16 = true;
	cfg.two_level_strtab = true;
	cfg.msi = true;
	cfg.coherent = true;
	cfg.max_transactions = 64;
	cfg.timing.tlb_hit_ps = 5 * PS_PER_NS;
	cfg.timing.walk_step_ps = 2 * PS_PER_NS;
	cfg.timing.command_ps = 10 * PS_PER_NS;
	cfg.timing.walkers = 4;
	cfg.timing.tlb_entries = 64;
	cfg.timing.tlb_ways = 4;
}

SmmuBench::~SmmuBench()
{
	smmu_destroy(smmu);
	sim_fini(&sim);
}

void SmmuBench::on_trace(void *ctx, const struct trace_event *event)
{
	SmmuBench *bench = static_cast<SmmuBench *>(ctx);
	const uint8_t *data = static_cast<const uint8_t *>(event->data);
	Traced traced = {event->time_ps, event->kind, {}, {}};

	for (unsigned i = 0; i < TRACE_ARGS; i++)
		traced.arg[i] = event->arg[i];
	if (data)
		traced.data.assign(data, data + event->data_len);
	bench->trace.push_back(traced);
}

void SmmuBench::on_irq(void *ctx, uint32_t line)
{
	static_cast<SmmuBench *>(ctx)->irqs.push_back(line);
}

void SmmuBench::create()
{
	struct smmu_env env = {};

	env.part = {&sim, "bench.smmu", 0};
	env.memory = direct_memory ? memory->direct_port() : memory->port();
	env.irq = {this, on_irq};
	smmu_destroy(smmu);
	smmu = smmu_create(&cfg, &env);
	ASSERT_NE(smmu, nullptr);
}

void SmmuBench::bring_up()
{
	create();
	strtab = memory->allocate(STE_BYTES << STREAM_BITS);
	cmdq = memory->allocate(UINT64_C(4096));
	evtq = memory->allocate(UINT64_C(4096));
	set_reg(SMMU_CR2, CR2_RECINVSID | CR2_PTM);
	set_reg(SMMU_STRTAB_BASE, strtab | STRTAB_BASE_RA, 8);
	set_reg(SMMU_STRTAB_BASE_CFG, STREAM_BITS);
	set_reg(SMMU_CMDQ_BASE, cmdq | cmdq_log2, 8);
	set_reg(SMMU_EVENTQ_BASE, evtq | evtq_log2, 8);
	enable(CR0_CMDQEN);
	enable(CR0_CMDQEN | CR0_EVENTQEN);
	set_reg(SMMU_IRQ_CTRL, IRQ_CTRL_EVENTQ_IRQEN | IRQ_CTRL_GERROR_IRQEN);
	enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
}

void SmmuBench::enable(uint32_t cr0)
{
	set_reg(SMMU_CR0, cr0);
	ASSERT_EQ(reg(SMMU_CR0ACK), cr0);
}

uint64_t SmmuBench::access_register(enum bus_op op, uint32_t offset, uint64_t value,
				    uint32_t len_bytes)
{
	struct bus_port port = smmu_register_port(smmu);
	Dma access = {};

	access.req.op = op;
	access.req.addr = offset;
	access.req.len_bytes = len_bytes;
	access.req.data = access.bytes;
	le64_put(access.bytes, value);
	access.req.done = [](struct bus_req *req, uint64_t) {
		CONTAINER_OF(req, Dma, req)->done = true;
	};
	bus_send(&port, &access.req);
	EXPECT_FALSE(access.done) << "completed inside send";
	while (!access.done && calendar_step(&sim.calendar))
		;
	EXPECT_EQ(access.req.status, BUS_OK);
	return le64_get(access.bytes);
}

uint64_t SmmuBench::reg(uint32_t offset, uint32_t len_bytes)
{
	return access_register(BUS_READ, offset, 0, len_bytes);
}

void SmmuBench::set_reg(uint32_t offset, uint64_t value, uint32_t len_bytes)
{
	access_register(BUS_WRITE, offset, value, len_bytes);
}

uint64_t SmmuBench::ste_address(uint32_t stream) const
{
	return strtab + stream * STE_BYTES;
}

void SmmuBench::write_ste(uint32_t stream, uint64_t word0, uint64_t word1)
{
	memory->write64(ste_address(stream), word0);
	memory->write64(ste_address(stream) + 8, word1);
}

uint64_t SmmuBench::cd_word0(const TableBuilder &table, uint16_t asid, uint64_t extra)
{
	return CD0_V | CD0_AA64 | CD0_EPD1 | field_put(CD0_T0SZ, table.t0sz) |
	       field_put(CD0_IPS, IDR5_OAS_44) | field_put(CD0_ASID, asid) | extra;
}

void SmmuBench::write_cd(uint64_t address, const TableBuilder &table, uint16_t asid,
			 uint64_t extra0)
{
	memory->write64(address, cd_word0(table, asid, extra0));
	memory->write64(address + 8, table.root);
	memory->write64(address + 24, 0x04ff); /* MAIR: 0 write-back, 1 Device */
}

uint64_t SmmuBench::attach(uint32_t stream, const TableBuilder &table, uint16_t asid,
			   uint64_t extra0)
{
	uint64_t cd = memory->allocate();

	write_cd(cd, table, asid, extra0);
	write_ste(stream, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_S1) | cd);
	return cd;
}

void SmmuBench::push(uint64_t word0, uint64_t word1)
{
	uint64_t prod = reg(SMMU_CMDQ_PROD);
	uint64_t entry = cmdq + (prod & (BIT(cmdq_log2) - 1)) * CMD_BYTES;

	memory->write64(entry, word0);
	memory->write64(entry + 8, word1);
	set_reg(SMMU_CMDQ_PROD, (prod + 1) & (BIT(cmdq_log2 + 1) - 1));
}

void SmmuBench::push_sync()
{
	push(CMD_SYNC);
}

bool SmmuBench::commands_consumed()
{
	return reg(SMMU_CMDQ_PROD) == (reg(SMMU_CMDQ_CONS) & CMDQ_CONS_RD);
}

void SmmuBench::command(uint64_t word0, uint64_t word1)
{
	push(word0, word1);
	push_sync();
	while (!commands_consumed() && calendar_step(&sim.calendar))
		;
	ASSERT_TRUE(commands_consumed());
}

void SmmuBench::tlbi_va(uint16_t asid, uint64_t va)
{
	command(CMD_TLBI_NH_VA | field_put(TLBI0_ASID, asid), (va & TLBI1_ADDRESS) | TLBI1_LEAF);
}

Dma &SmmuBench::send_with(enum bus_op op, uint64_t address, uint32_t len_bytes,
			  const struct bus_attr &attr)
{
	struct bus_port port = smmu_dma_port(smmu);

	dmas.push_back(std::make_unique<Dma>());
	Dma &dma = *dmas.back();
	for (size_t i = 0; i < sizeof(dma.bytes); i++)
		dma.bytes[i] = (uint8_t)(dmas.size() + i);
	dma.req.op = op;
	dma.req.addr = address;
	dma.req.len_bytes = len_bytes;
	dma.req.attr = attr;
	dma.req.data = dma.bytes;
	dma.req.done = [](struct bus_req *req, uint64_t time_ps) {
		Dma *finished = CONTAINER_OF(req, Dma, req);

		EXPECT_FALSE(finished->done) << "completed twice";
		finished->done = true;
		finished->done_ps = time_ps;
	};
	bus_send(&port, &dma.req);
	EXPECT_FALSE(dma.done) << "completed inside send";
	return dma;
}

Dma &SmmuBench::send(enum bus_op op, uint64_t address, uint32_t len_bytes, bool posted,
		     uint32_t stream)
{
	struct bus_attr attr = {};

	attr.from_device = true;
	attr.memory = mem_coherent();
	attr.stream_id = stream;
	attr.posted = posted && op == BUS_WRITE;
	return send_with(op, address, len_bytes, attr);
}

struct bus_attr SmmuBench::attr_of(bool privileged, bool instruction)
{
	struct bus_attr attr = {};

	attr.from_device = true;
	attr.memory = mem_coherent();
	attr.stream_id = STREAM;
	attr.privileged = privileged;
	attr.instruction = instruction;
	return attr;
}

struct bus_attr SmmuBench::attr_of_substream(uint32_t substream)
{
	struct bus_attr attr = attr_of(false, false);

	attr.substream_valid = true;
	attr.substream_id = substream;
	return attr;
}

Dma &SmmuBench::send_substream(enum bus_op op, uint64_t address, uint32_t substream)
{
	return send_with(op, address, 8, attr_of_substream(substream));
}

Dma &SmmuBench::send_stalling(enum bus_op op, uint64_t address, bool posted, uint32_t stream)
{
	struct bus_attr attr = {};

	attr.from_device = true;
	attr.memory = mem_coherent();
	attr.stream_id = stream;
	attr.posted = posted && op == BUS_WRITE;
	attr.may_stall = true;
	return send_with(op, address, 8, attr);
}

enum bus_status SmmuBench::read(uint64_t address, uint32_t len_bytes)
{
	Dma &dma = send(BUS_READ, address, len_bytes);

	run();
	EXPECT_TRUE(dma.done);
	return dma.req.status;
}

enum bus_status SmmuBench::write(uint64_t address, uint32_t len_bytes)
{
	Dma &dma = send(BUS_WRITE, address, len_bytes);

	run();
	EXPECT_TRUE(dma.done);
	return dma.req.status;
}

void SmmuBench::run()
{
	while (calendar_step(&sim.calendar))
		;
	EXPECT_TRUE(smmu_idle(smmu) || !commands_consumed() || smmu_levels_get(smmu).stalled);
}

void SmmuBench::run_until(uint64_t time_ps)
{
	while (calendar_next_time(&sim.calendar) <= time_ps)
		calendar_step(&sim.calendar);
	calendar_advance(&sim.calendar, time_ps);
}

uint64_t SmmuBench::now() const
{
	return sim_now(&sim);
}

std::vector<std::array<uint64_t, EVENT_WORDS>> SmmuBench::take_events()
{
	std::vector<std::array<uint64_t, EVENT_WORDS>> events;
	uint64_t prod = reg(SMMU_EVENTQ_PROD), cons = reg(SMMU_EVENTQ_CONS);
	uint64_t mask = BIT(evtq_log2 + 1) - 1;

	for (; (prod ^ cons) & mask; cons = (cons + 1) & mask) {
		uint64_t entry = evtq + (cons & (BIT(evtq_log2) - 1)) * EVENT_BYTES;
		std::array<uint64_t, EVENT_WORDS> record;

		for (unsigned i = 0; i < EVENT_WORDS; i++)
			record[i] = memory->read64(entry + 8 * i);
		events.push_back(record);
	}
	set_reg(SMMU_EVENTQ_CONS, cons | (prod & EVENTQ_PROD_OVFLG));
	return events;
}

std::array<uint64_t, EVENT_WORDS> SmmuBench::take_event()
{
	auto events = take_events();

	EXPECT_EQ(events.size(), 1u);
	return events.empty() ? std::array<uint64_t, EVENT_WORDS>{} : events[0];
}

std::vector<Traced> SmmuBench::traced(enum trace_kind kind) const
{
	std::vector<Traced> found;

	for (const Traced &event : trace)
		if (event.kind == kind)
			found.push_back(event);
	return found;
}

const struct smmu_counters &SmmuBench::stats() const
{
	return *smmu_stats(smmu);
}
