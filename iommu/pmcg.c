/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A performance monitor counter group: IHI 0070, chapter 10. Eight counters with
 * a stream filter each, capture, an interrupt for overflows. Clock
 * cycles are of 1 ns of simulated time; other events come from where the SMMU's
 * own statistics are kept.
 */
#include <string.h>

#include "iommu/smmu_internal.h"

#define CYCLE_PS     PS_PER_NS
#define COUNTER_BITS (BIT(PMCG_COUNTERS) - 1)

static uint64_t get(const struct pmcg *pmcg, enum pmcg_row row)
{
	return regs_get(&pmcg->regs, row, 0);
}

static void set(struct pmcg *pmcg, enum pmcg_row row, uint64_t value)
{
	regs_set(&pmcg->regs, row, 0, value);
}

static void count_cycles(struct pmcg *pmcg);

/* All at one time: cycles, which are counted when somebody looks, are up to date. */
static void capture(struct pmcg *pmcg)
{
	count_cycles(pmcg);
	for (uint32_t n = 0; n < PMCG_COUNTERS; n++)
		regs_set(&pmcg->regs, PMCG_ROW_SVR, n, regs_get(&pmcg->regs, PMCG_ROW_EVCNTR, n));
}

static void send_msi(struct pmcg *pmcg)
{
	struct smmu *smmu = pmcg->smmu;
	uint64_t address = get(pmcg, PMCG_ROW_IRQ_CFG0) & smmu->oas_mask;

	pmcg->msi_again = pmcg->msi_busy;
	if (!address || pmcg->msi_busy)
		return;
	pmcg->msi_busy = true;
	le32_put(pmcg->msi_bytes, (uint32_t)get(pmcg, PMCG_ROW_IRQ_CFG1));
	pmcg->msi.status = BUS_OK;
	pmcg->msi.addr = address;
	pmcg->msi.attr.memory =
		smmu_attr_msi(field_get(IRQ_CFG2_MEMATTR, get(pmcg, PMCG_ROW_IRQ_CFG2)),
			      field_get(IRQ_CFG2_SH, get(pmcg, PMCG_ROW_IRQ_CFG2)));
	bus_send(&smmu->env.memory, &pmcg->msi);
}

/* IRQEN falls when the MSIs under way are done, 10.5.2.19. */
static void settle_irq(struct pmcg *pmcg)
{
	bool wanted = get(pmcg, PMCG_ROW_IRQ_CTRL);
	bool effective = get(pmcg, PMCG_ROW_IRQ_CTRLACK);

	if (wanted && !effective)
		set(pmcg, PMCG_ROW_IRQ_STATUS, 0);
	if (wanted || !pmcg->msi_busy)
		set(pmcg, PMCG_ROW_IRQ_CTRLACK, wanted);
}

static void msi_written(struct bus_req *req, uint64_t now)
{
	struct pmcg *pmcg = CONTAINER_OF(req, struct pmcg, msi);

	pmcg->msi_busy = false;
	/* SMMUv3.0 does not tell, 10.5.2.24. */
	if (req->status != BUS_OK && pmcg->smmu->cfg.version)
		set(pmcg, PMCG_ROW_IRQ_STATUS, PMCG_IRQ_ABT);
	if (pmcg->msi_again)
		send_msi(pmcg);
	settle_irq(pmcg);
}

/* The interrupt comes after the flag, the value and the capture, 10.2.1. */
static void overflowed(struct pmcg *pmcg, uint32_t n)
{
	struct smmu *smmu = pmcg->smmu;

	set(pmcg, PMCG_ROW_OVSSET, get(pmcg, PMCG_ROW_OVSSET) | BIT(n));
	if (regs_get(&pmcg->regs, PMCG_ROW_EVTYPER, n) & EVTYPER_OVFCAP)
		capture(pmcg);
	if (!get(pmcg, PMCG_ROW_IRQ_CTRL) || !(get(pmcg, PMCG_ROW_INTENSET) & BIT(n)))
		return;
	if (smmu->env.irq.raise)
		smmu->env.irq.raise(smmu->env.irq.ctx, SMMU_IRQ_PMCG);
	if (smmu->cfg.msi)
		send_msi(pmcg);
}

/* Add to all of these counters, then see which of them wrapped: a capture has them all. */
static void add(struct pmcg *pmcg, uint64_t counters, uint64_t events)
{
	uint64_t wrapped = 0;

	for (; counters; counters &= counters - 1) {
		uint32_t n = (uint32_t)__builtin_ctzll(counters);
		uint64_t before = regs_get(&pmcg->regs, PMCG_ROW_EVCNTR, n);

		regs_set(&pmcg->regs, PMCG_ROW_EVCNTR, n, (before + events) & pmcg->highest);
		if (events > pmcg->highest - before)
			wrapped |= BIT(n);
	}
	for (; wrapped; wrapped &= wrapped - 1)
		overflowed(pmcg, (uint32_t)__builtin_ctzll(wrapped));
}

/*
 * 10.4: one stream, or with SPAN those that differ from SMR below its lowest
 * zero and there; all ones are all streams.
 */
static bool matches(const struct pmcg *pmcg, uint32_t n, uint32_t stream)
{
	uint64_t pattern = regs_get(&pmcg->regs, PMCG_ROW_SMR, n);

	if (!(regs_get(&pmcg->regs, PMCG_ROW_EVTYPER, n) & EVTYPER_FILTER_SPAN))
		return pattern == stream;
	return !((pattern ^ stream) & ~(pattern ^ (pattern + 1)) & UINT32_MAX);
}

static enum pmcg_event event_of(const struct pmcg *pmcg, uint32_t n)
{
	return (enum pmcg_event)field_get(EVTYPER_EVENT,
					  regs_get(&pmcg->regs, PMCG_ROW_EVTYPER, n));
}

void smmu_pmcg_event(struct pmcg *pmcg, enum pmcg_event event, uint32_t stream)
{
	uint64_t enabled = get(pmcg, PMCG_ROW_CNTENSET), counters = 0;

	for (; enabled; enabled &= enabled - 1) {
		uint32_t n = (uint32_t)__builtin_ctzll(enabled);

		if (event_of(pmcg, n) == event && matches(pmcg, n, stream))
			counters |= BIT(n);
	}
	add(pmcg, counters, 1);
}

/* Bring counters of cycles up to date, at each access: what begins to count begins there. */
static void count_cycles(struct pmcg *pmcg)
{
	uint64_t cycles = (smmu_now(pmcg->smmu) - pmcg->since_ps) / CYCLE_PS;

	pmcg->since_ps += cycles * CYCLE_PS;
	add(pmcg, pmcg->clocks, cycles);
}

/* Wake when the first counter of cycles wraps, if time goes that far. */
static void expect_overflow(struct pmcg *pmcg)
{
	struct sim *sim = pmcg->smmu->sim;
	uint64_t most = 0;

	for (uint64_t clocks = pmcg->clocks; clocks; clocks &= clocks - 1)
		most = MAX(most, regs_get(&pmcg->regs, PMCG_ROW_EVCNTR,
					  (uint32_t)__builtin_ctzll(clocks)));
	calendar_cancel(&sim->calendar, &pmcg->overflow);
	if (pmcg->clocks && pmcg->highest - most < TIME_NEVER / 2 / CYCLE_PS)
		sim_after(sim, &pmcg->overflow,
			  (pmcg->highest - most + 1) * CYCLE_PS -
				  (smmu_now(pmcg->smmu) - pmcg->since_ps));
}

static void fire_overflow(struct event *event, uint64_t now)
{
	struct pmcg *pmcg = CONTAINER_OF(event, struct pmcg, overflow);

	count_cycles(pmcg);
	expect_overflow(pmcg);
}

/* Software wrote: what counts now? */
static void choose(struct pmcg *pmcg)
{
	uint64_t enabled = get(pmcg, PMCG_ROW_CR) & PMCG_CR_E ? get(pmcg, PMCG_ROW_CNTENSET) : 0;

	pmcg->clocks = 0;
	for (uint32_t n = 0; n < PMCG_COUNTERS; n++)
		if ((enabled & BIT(n)) && event_of(pmcg, n) == PMCG_CYCLES)
			pmcg->clocks |= BIT(n);
	pmcg->counting = enabled != pmcg->clocks;
	expect_overflow(pmcg);
}

/* A pair of registers sets and clears bits of one array, which both read. */
#define ARRAY(name, set_row, clear_row)                                                            \
	static void set_##name(void *owner, uint32_t index, uint64_t before, uint64_t now)         \
	{                                                                                          \
		set(owner, set_row, before | now);                                                 \
	}                                                                                          \
                                                                                                   \
	static void clear_##name(void *owner, uint32_t index, uint64_t before, uint64_t now)       \
	{                                                                                          \
		set(owner, set_row, get(owner, set_row) & ~now);                                   \
		set(owner, clear_row, 0);                                                          \
	}                                                                                          \
                                                                                                   \
	static uint64_t read_##name(void *owner, uint32_t index, uint64_t stored)                  \
	{                                                                                          \
		return get(owner, set_row);                                                        \
	}

ARRAY(cnten, PMCG_ROW_CNTENSET, PMCG_ROW_CNTENCLR)
ARRAY(inten, PMCG_ROW_INTENSET, PMCG_ROW_INTENCLR)
ARRAY(ovs, PMCG_ROW_OVSSET, PMCG_ROW_OVSCLR)

static void write_capr(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	if (now)
		capture(owner);
	set(owner, PMCG_ROW_CAPR, 0);
}

static void write_irq_ctrl(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	settle_irq(owner);
}

#define GUARDED(row)                                                                               \
	static void write_##row(void *owner, uint32_t index, uint64_t before, uint64_t now)        \
	{                                                                                          \
		const struct pmcg *pmcg = owner;                                                   \
                                                                                                   \
		if (get(pmcg, PMCG_ROW_IRQ_CTRL) || get(pmcg, PMCG_ROW_IRQ_CTRLACK) ||             \
		    !pmcg->smmu->cfg.msi)                                                          \
			set(owner, PMCG_ROW_##row, before);                                        \
	}

GUARDED(IRQ_CFG0)
GUARDED(IRQ_CFG1)
GUARDED(IRQ_CFG2)

/* The row at PMCG_`reg`. */
#define AT(reg, bytes) .name = #reg, .offset = PMCG_##reg, .size = (bytes)
#define EACH(step)     .count = PMCG_COUNTERS, .stride = (step)

static const struct reg_row rows[PMCG_ROW_COUNT] = {
	[PMCG_ROW_EVCNTR] = {AT(EVCNTR, 8), EACH(8), .rw = UINT64_MAX},
	[PMCG_ROW_EVTYPER] = {AT(EVTYPER, 4), EACH(4),
			      .rw = EVTYPER_EVENT | EVTYPER_FILTER_SPAN | EVTYPER_OVFCAP},
	[PMCG_ROW_SVR] = {AT(SVR, 8), EACH(8), .ro = UINT64_MAX},
	[PMCG_ROW_SMR] = {AT(SMR, 4), EACH(4), .rw = BITS(31, 0)},
	[PMCG_ROW_CNTENSET] = {AT(CNTENSET, 8), .rw = COUNTER_BITS, .on_write = set_cnten},
	[PMCG_ROW_CNTENCLR] = {AT(CNTENCLR, 8), .rw = COUNTER_BITS, .on_write = clear_cnten,
			       .on_read = read_cnten},
	[PMCG_ROW_INTENSET] = {AT(INTENSET, 8), .rw = COUNTER_BITS, .on_write = set_inten},
	[PMCG_ROW_INTENCLR] = {AT(INTENCLR, 8), .rw = COUNTER_BITS, .on_write = clear_inten,
			       .on_read = read_inten},
	[PMCG_ROW_OVSCLR] = {AT(OVSCLR, 8), .rw = COUNTER_BITS, .on_write = clear_ovs,
			     .on_read = read_ovs},
	[PMCG_ROW_OVSSET] = {AT(OVSSET, 8), .rw = COUNTER_BITS, .on_write = set_ovs},
	[PMCG_ROW_CAPR] = {AT(CAPR, 4), .rw = CAPR_CAPTURE, .on_write = write_capr},
	[PMCG_ROW_CFGR] = {AT(CFGR, 4), .ro = BITS(31, 0)},
	[PMCG_ROW_CR] = {AT(CR, 4), .rw = PMCG_CR_E},
	[PMCG_ROW_IIDR] = {AT(IIDR, 4), .ro = BITS(31, 0)},
	[PMCG_ROW_CEID0] = {AT(CEID0, 8), .ro = UINT64_MAX},
	[PMCG_ROW_CEID1] = {AT(CEID1, 8), .ro = UINT64_MAX},
	[PMCG_ROW_IRQ_CTRL] = {AT(IRQ_CTRL, 4), .rw = PMCG_IRQEN, .on_write = write_irq_ctrl},
	[PMCG_ROW_IRQ_CTRLACK] = {AT(IRQ_CTRLACK, 4), .ro = PMCG_IRQEN},
	[PMCG_ROW_IRQ_CFG0] = {AT(IRQ_CFG0, 8), .rw = PMCG_IRQ_CFG0_ADDR,
			       .on_write = write_IRQ_CFG0},
	[PMCG_ROW_IRQ_CFG1] = {AT(IRQ_CFG1, 4), .rw = BITS(31, 0), .on_write = write_IRQ_CFG1},
	[PMCG_ROW_IRQ_CFG2] = {AT(IRQ_CFG2, 4), .rw = BITS(5, 0), .on_write = write_IRQ_CFG2},
	[PMCG_ROW_IRQ_STATUS] = {AT(IRQ_STATUS, 4), .ro = PMCG_IRQ_ABT},
	[PMCG_ROW_AIDR] = {AT(AIDR, 4), .ro = BITS(7, 0)},
	[PMCG_ROW_DEVARCH] = {AT(DEVARCH, 4), .ro = BITS(31, 0)},
	[PMCG_ROW_DEVTYPE] = {AT(DEVTYPE, 4), .ro = BITS(7, 0)},
	[PMCG_ROW_ID_REGS] = {AT(ID_REGS, 4), .count = SMMU_ID_REG_COUNT, .stride = 4,
			      .ro = BITS(7, 0)},
};

static const struct reg_table table = {
	.name = "pmcg",
	.row = rows,
	.rows = PMCG_ROW_COUNT,
	.window_bytes = SMMU_PMCG_BYTES,
};

const struct reg_table *smmu_pmcg_register_table(void)
{
	return &table;
}

/* 10.5.2.1: counters of 32 bits are in registers of 32 bits, one behind the other. */
static void narrow(struct reg_row *row)
{
	row->size = 4;
	row->stride = 4;
	row->rw &= BITS(31, 0);
	row->ro &= BITS(31, 0);
}

static void take_width(struct pmcg *pmcg, bool counters32)
{
	memcpy(pmcg->row, rows, sizeof(rows));
	pmcg->table = table;
	pmcg->table.row = pmcg->row;
	pmcg->highest = UINT64_MAX;
	if (!counters32)
		return;
	pmcg->highest = BITS(31, 0);
	narrow(&pmcg->row[PMCG_ROW_EVCNTR]);
	narrow(&pmcg->row[PMCG_ROW_SVR]);
}

/* A CoreSight component that knows its architecture, 10.5.2.29. */
static void identify_coresight(struct pmcg *pmcg)
{
	smmu_identify_component(&pmcg->regs, PMCG_ROW_ID_REGS, pmcg->smmu->cfg.iidr);
	regs_set(&pmcg->regs, PMCG_ROW_ID_REGS, PMCG_ID_REG_CIDR1, CIDR1_CORESIGHT);
	set(pmcg, PMCG_ROW_DEVARCH,
	    field_put(DEVARCH_ARCHITECT, DEVARCH_ARM) | DEVARCH_PRESENT |
		    field_put(DEVARCH_ARCHID, DEVARCH_ARCHID_PMCG));
	set(pmcg, PMCG_ROW_DEVTYPE, DEVTYPE_PMCG);
}

static void identify(struct pmcg *pmcg)
{
	const struct smmu_cfg *cfg = &pmcg->smmu->cfg;
	uint64_t events = BIT(PMCG_CYCLES) | BIT(PMCG_TRANSACTION) | BIT(PMCG_TLB_MISS) |
			  BIT(PMCG_CONFIG_MISS) | BIT(PMCG_WALK_ACCESS) | BIT(PMCG_CONFIG_ACCESS);

	if (cfg->ats)
		events |= BIT(PMCG_ATS_REQUEST) | BIT(PMCG_ATS_PASSED);
	set(pmcg, PMCG_ROW_CEID0, events);
	set(pmcg, PMCG_ROW_CFGR,
	    field_put(CFGR_NCTR, PMCG_COUNTERS - 1) |
		    field_put(CFGR_SIZE, cfg->counters32 ? 31 : 63) |
		    field_put(CFGR_MSI, cfg->msi) | CFGR_CAPTURE);
	set(pmcg, PMCG_ROW_IIDR, cfg->iidr);
	set(pmcg, PMCG_ROW_AIDR, cfg->version);
	identify_coresight(pmcg);
}

static void fire_access(struct event *event, uint64_t now)
{
	struct bus_req *req = CONTAINER_OF(event, struct bus_req, event);
	struct pmcg *pmcg = req->owner;

	count_cycles(pmcg);
	smmu_register_access(&pmcg->regs, req);
	choose(pmcg);
	req->done(req, now);
}

static void receive(void *ctx, struct bus_req *req)
{
	struct smmu *smmu = ctx;

	req->owner = &smmu->pmcg;
	event_init(&req->event, fire_access);
	sim_after(smmu->sim, &req->event, 0);
}

struct bus_port smmu_pmcg_port(struct smmu *smmu)
{
	return (struct bus_port){.ctx = smmu, .send = receive};
}

int smmu_pmcg_init(struct smmu *smmu)
{
	struct pmcg *pmcg = &smmu->pmcg;
	int err;

	take_width(pmcg, smmu->cfg.counters32);
	err = regs_init(&pmcg->regs, &pmcg->table, pmcg);
	pmcg->smmu = smmu;
	event_init(&pmcg->overflow, fire_overflow);
	pmcg->msi = (struct bus_req){
		.op = BUS_WRITE, .len_bytes = 4, .data = pmcg->msi_bytes, .done = msi_written};
	if (!err)
		identify(pmcg);
	return err;
}

void smmu_pmcg_fini(struct smmu *smmu)
{
	if (smmu->pmcg.smmu)
		calendar_cancel(&smmu->sim->calendar, &smmu->pmcg.overflow);
	regs_fini(&smmu->pmcg.regs);
}
