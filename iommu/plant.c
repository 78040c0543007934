/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SMMU's planted faults (base/fault.h): what a defective one would do.
 *
 * FAULT_DIRTY_UPDATE_SKIPPED: a leaf that is found clean stays clean although
 * it is written, until software has made another pass over the dirty bits. The
 * pass shows by a witness: another leaf that needs its update a second time.
 *
 * FAULT_DMA_AFTER_INVALIDATION: the last data write whose page was invalidated
 * is made once more, a while after the CMD_SYNC that ended the invalidation: when
 * software has taken note of it.
 *
 * FAULT_TLB_TAG_IGNORED: a read whose look-up finds nothing takes the same page of
 * another ASID.
 *
 * FAULT_COMMANDS_SWAPPED: a CMD_SYNC that was fetched together with the command
 * ahead of it is taken first.
 */
#include "iommu/smmu_internal.h"

/* Interrupt messages are this long; the fault is about data. */
#define MSI_BYTES 4u

#define LATE_PS (50 * PS_PER_US)

bool smmu_plant_skips_update(struct smmu *smmu, uint64_t ttd_pa)
{
	struct plant *plant = &smmu->plant;

	if (plant->skipping && plant->skipped_ttd_pa == ttd_pa)
		return true;
	if (plant->skipping || !fault_fires(&smmu->sim->faults, FAULT_DIRTY_UPDATE_SKIPPED))
		return false;
	plant->skipping = true;
	plant->witnessed = false;
	plant->skipped_ttd_pa = ttd_pa;
	return true;
}

void smmu_plant_saw_update(struct smmu *smmu, uint64_t ttd_pa)
{
	struct plant *plant = &smmu->plant;

	if (!plant->skipping)
		return;
	if (plant->witnessed && plant->witness_ttd_pa == ttd_pa)
		plant->skipping = false;
	if (plant->witnessed)
		return;
	plant->witnessed = true;
	plant->witness_ttd_pa = ttd_pa;
}

struct tlb_line *smmu_plant_finds_other(const struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;
	struct tlb *tlb = &smmu->tlb;

	for (uint32_t i = 0; !txn->write && i < tlb->sets * tlb->ways; i++) {
		struct tlb_line *line = &tlb->line[i];

		if (tlb->way[i].tag && !((line->space ^ txn->space) & ~(SPACE_ASID | SPACE_ASET)) &&
		    line->found.ia >> GRANULE_SHIFT == txn->ia >> GRANULE_SHIFT)
			return fault_fires(&smmu->sim->faults, FAULT_TLB_TAG_IGNORED) ? line : NULL;
	}
	return NULL;
}

void smmu_plant_saw_write(struct transaction *txn)
{
	struct plant *plant = &txn->smmu->plant;

	if (txn->out.op != BUS_WRITE || !txn->stages || txn->out.len_bytes <= MSI_BYTES ||
	    plant->stale)
		return;
	plant->remembered = true;
	plant->line = (struct tlb_line){.found = txn->found, .space = txn->space};
	memcpy(plant->bytes, txn->out.data, txn->out.len_bytes);
	plant->req = (struct bus_req){
		.op = BUS_WRITE,
		.addr = txn->out.addr,
		.len_bytes = txn->out.len_bytes,
		.attr = txn->out.attr,
		.data = plant->bytes,
	};
}

void smmu_plant_saw_drop(struct smmu *smmu, const struct tlb_scope *scope)
{
	struct plant *plant = &smmu->plant;

	if (plant->remembered && smmu_tlb_in_scope(&plant->line, scope))
		plant->stale = true;
}

static void landed(struct bus_req *req, uint64_t now)
{
	struct smmu *smmu = CONTAINER_OF(req, struct smmu, plant.req);

	smmu->plant.in_flight = false;
	smmu->plant.stale = false;
}

static void fire(struct event *event, uint64_t now)
{
	struct smmu *smmu = CONTAINER_OF(event, struct smmu, plant.event);

	smmu->plant.req.done = landed;
	bus_send(&smmu->env.memory, &smmu->plant.req);
}

void smmu_plant_saw_sync(struct smmu *smmu)
{
	struct plant *plant = &smmu->plant;

	if (!plant->stale || plant->in_flight ||
	    !fault_fires(&smmu->sim->faults, FAULT_DMA_AFTER_INVALIDATION))
		return;
	plant->in_flight = true;
	plant->remembered = false;
	event_init(&plant->event, fire);
	sim_after(smmu->sim, &plant->event, LATE_PS);
}

void smmu_plant_saw_fetch(struct smmu *smmu)
{
	struct cmdq *cmdq = &smmu->cmdq;
	uint64_t ahead[CMD_WORDS];

	if (!fault_armed(&smmu->sim->faults, FAULT_COMMANDS_SWAPPED))
		return;
	for (uint32_t i = 1; i < cmdq->have; i++) {
		if (field_get(CMD0_OPCODE, cmdq->batch[i][0]) != CMD_SYNC ||
		    field_get(CMD0_OPCODE, cmdq->batch[i - 1][0]) == CMD_SYNC ||
		    !fault_fires(&smmu->sim->faults, FAULT_COMMANDS_SWAPPED))
			continue;
		memcpy(ahead, cmdq->batch[i - 1], sizeof(ahead));
		memcpy(cmdq->batch[i - 1], cmdq->batch[i], sizeof(ahead));
		memcpy(cmdq->batch[i], ahead, sizeof(ahead));
	}
}
