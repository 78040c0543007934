/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An access within the call (base/port.h, bus_access): where nothing takes time
 * and nothing else is under way, a device's request needs no place in an order, no
 * event and no transaction of the pool. It goes the same way, by the same look-ups,
 * walks and updates; but whatever is more than that, a fault, a doorbell, memory
 * that cannot be reached at once, is left to the request that is then sent.
 */
#include "iommu/smmu_internal.h"

static bool is_alone(const struct smmu *smmu, const struct bus_req *req)
{
	return smmu->sim->untimed && !smmu->in_flight && smmu->env.memory.access &&
	       !smmu->sim->faults.armed && !req->attr.translated && !req->attr.may_stall &&
	       (smmu_reg(smmu, ROW_CR0) & CR0_SMMUEN) &&
	       (req->addr & (GRANULE_BYTES - 1)) + req->len_bytes <= GRANULE_BYTES;
}

/* What the access was, once it has been made. */
static void tell(struct transaction *txn, uint64_t address)
{
	struct smmu *smmu = txn->smmu;
	const struct bus_req *req = txn->req;

	smmu->stats.transactions++;
	if (txn->write)
		trace_emit(&smmu->env.part, TRACE_DMA_WRITE, req->attr.stream_id,
			   smmu_txn_substream(txn), req->addr, address, req->len_bytes);
	else
		trace_emit(&smmu->env.part, TRACE_DMA_READ, req->attr.stream_id,
			   smmu_txn_substream(txn), req->addr, address, req->len_bytes);
}

static bool perform(struct transaction *txn)
{
	struct bus_req *req = txn->req;
	uint64_t iova = req->addr, address;
	bool done;

	address = txn->found.pa | (iova & (BIT(txn->found.shift) - 1));
	req->addr = address;
	req->attr.iova = iova;
	done = bus_access(&txn->smmu->env.memory, req);
	req->addr = iova;
	if (done)
		tell(txn, address);
	return done;
}

bool smmu_direct_access(void *ctx, struct bus_req *req)
{
	struct smmu *smmu = ctx;
	struct transaction *txn = &smmu->direct;

	if (!is_alone(smmu, req))
		return false;
	txn->req = req;
	txn->state = TXN_BUSY;
	txn->write = req->op != BUS_READ;
	smmu_txn_translate(txn);
	return (txn->state == TXN_READY || txn->state == TXN_LOOKED) && txn->stages &&
	       !smmu_order_is_device(txn) && perform(txn);
}
