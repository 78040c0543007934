/* SPDX-License-Identifier: Apache-2.0 */
/* Creation, the register port, and what an observer may ask. */
#include "iommu/smmu_internal.h"

#include <stdlib.h>

static int init(struct smmu *smmu)
{
	int err = smmu_regs_init(smmu);

	if (!err)
		err = smmu_tbu_init(smmu);
	if (!err)
		err = smmu_order_init(smmu);
	if (!err)
		err = smmu_tlb_init(smmu);
	if (!err)
		err = smmu_walkcache_init(smmu);
	if (!err)
		err = smmu_stall_init(smmu);
	if (!err)
		err = smmu_pmcg_init(smmu);
	if (!err)
		err = smmu_priq_init(smmu);
	return err;
}

struct smmu *smmu_create(const struct smmu_cfg *cfg, const struct smmu_env *env)
{
	struct smmu *smmu;

	if (smmu_cfg_fault(cfg).member)
		return NULL;
	smmu = calloc(1, sizeof(*smmu));
	if (!smmu)
		return NULL;
	smmu->cfg = *cfg;
	smmu->env = *env;
	smmu->sim = env->part.sim;
	if (smmu->sim->untimed) {
		smmu->cfg.timing.tlb_hit_ps = 0;
		smmu->cfg.timing.walk_step_ps = 0;
		smmu->cfg.timing.command_ps = 0;
	}
	smmu->oas_mask = BIT(cfg->oas_bits) - 1;
	smmu->ias_mask = BIT(smmu_intermediate_bits(cfg)) - 1;
	smmu->walker = calloc(cfg->timing.walkers, sizeof(smmu->walker[0]));
	if (!smmu->walker || init(smmu)) {
		smmu_destroy(smmu);
		return NULL;
	}
	for (uint32_t i = 0; i < cfg->timing.walkers; i++)
		smmu->walker[i].number = i;
	smmu_cmdq_init(smmu);
	smmu_evtq_init(smmu);
	smmu_atc_init(smmu);
	smmu_msi_init(&smmu->gerror_msi, smmu, GERROR_MSI_GERROR_ABT_ERR, smmu_regs_settle);
	return smmu;
}

void smmu_destroy(struct smmu *smmu)
{
	if (!smmu)
		return;
	regs_fini(&smmu->regs);
	smmu_tbu_fini(smmu);
	smmu_order_fini(smmu);
	smmu_tlb_fini(smmu);
	smmu_walkcache_fini(smmu);
	smmu_stall_fini(smmu);
	smmu_pmcg_fini(smmu);
	smmu_priq_fini(smmu);
	free(smmu->walker);
	free(smmu);
}

/* Registers take 32-bit and 64-bit accesses, naturally aligned, 6.2. */
static bool access_is_valid(const struct regs *regs, const struct bus_req *req)
{
	return (req->op == BUS_READ || req->op == BUS_WRITE) &&
	       (req->len_bytes == 4 || req->len_bytes == 8) && !(req->addr % req->len_bytes) &&
	       req->addr + req->len_bytes <= regs->table->window_bytes;
}

static uint64_t value_of(const struct bus_req *req)
{
	return req->len_bytes == 8 ? le64_get(req->data) : le32_get(req->data);
}

void smmu_register_access(struct regs *regs, struct bus_req *req)
{
	uint64_t value;

	req->status = BUS_ABORT;
	if (!access_is_valid(regs, req))
		return;
	req->status = BUS_OK;
	if (req->op == BUS_WRITE) {
		regs_write(regs, (uint32_t)req->addr, req->len_bytes, value_of(req));
		return;
	}
	regs_read(regs, (uint32_t)req->addr, req->len_bytes, &value);
	if (req->len_bytes == 8)
		le64_put(req->data, value);
	else
		le32_put(req->data, (uint32_t)value);
}

static void fire_access(struct event *event, uint64_t now)
{
	struct bus_req *req = CONTAINER_OF(event, struct bus_req, event);
	struct smmu *smmu = req->owner;

	smmu_register_access(&smmu->regs, req);
	req->done(req, now);
}

static void receive(void *ctx, struct bus_req *req)
{
	struct smmu *smmu = ctx;

	req->owner = smmu;
	event_init(&req->event, fire_access);
	sim_after(smmu->sim, &req->event, 0);
}

struct bus_port smmu_register_port(struct smmu *smmu)
{
	return (struct bus_port){.ctx = smmu, .send = receive};
}

const struct smmu_counters *smmu_stats(const struct smmu *smmu)
{
	return &smmu->stats;
}

struct smmu_levels smmu_levels_get(const struct smmu *smmu)
{
	return (struct smmu_levels){
		.transactions = smmu->in_flight,
		.walks = smmu->walkers_busy,
		.waiting = smmu->walk_queue_len,
		.stalled = smmu->stall.count,
	};
}

static bool commands_wait(const struct smmu *smmu)
{
	struct queue_view queue =
		smmu_queue_view(smmu, ROW_CMDQ_BASE, CMD_BYTES, smmu->cfg.cmdq_log2);

	return (smmu_reg(smmu, ROW_CR0) & CR0_CMDQEN) &&
	       !smmu_queue_empty(&queue, smmu_reg(smmu, ROW_CMDQ_PROD),
				 smmu_reg(smmu, ROW_CMDQ_CONS));
}

bool smmu_idle(const struct smmu *smmu)
{
	return !smmu->in_flight && !smmu->backlog[0].head && !smmu->backlog[1].head &&
	       smmu->cmdq.state == CMDQ_IDLE && !commands_wait(smmu) && smmu_evtq_idle(smmu) &&
	       smmu_priq_idle(smmu) && !smmu->ats.busy && !smmu->gerror_msi.busy &&
	       !smmu->plant.in_flight && !smmu->pmcg.msi_busy;
}
