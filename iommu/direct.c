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
	return req->op != BUS_ATS && smmu->sim->untimed && !smmu->in_flight &&
	       smmu->env.memory.access && !smmu->sim->faults.armed && !smmu->pmcg.counting &&
	       !req->attr.translated && !req->attr.may_stall && (smmu->effective & CR0_SMMUEN) &&
	       (req->addr & (GRANULE_BYTES - 1)) + req->len_bytes <= GRANULE_BYTES;
}

/*
 * What was permitted a moment ago, of pages in front of the TLB: for as long as
 * nothing at all was invalidated, and only where the access needs no look at a
 * descriptor.
 */
static struct direct_line *line_of(struct smmu *smmu, const struct bus_req *req)
{
	const struct bus_attr *attr = &req->attr;
	uint64_t key = req->addr >> GRANULE_SHIFT ^ (uint64_t)attr->stream_id << 40 ^
		       (uint64_t)attr->substream_id << 20;

	return &smmu->direct_line[(key * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - DIRECT_LOG2)];
}

static bool is_page_known(const struct smmu *smmu, const struct direct_line *line,
			  const struct bus_req *req)
{
	const struct bus_attr *attr = &req->attr;

	return line->page == req->addr >> GRANULE_SHIFT && line->stream == attr->stream_id &&
	       line->substream == attr->substream_id &&
	       line->substream_valid == attr->substream_valid &&
	       line->generation == smmu->tlb.generation + smmu->conf.generation &&
	       line->privileged == attr->privileged && line->instruction == attr->instruction &&
	       mem_equal(line->came, attr->memory);
}

/* `ops`: what was known to be permitted. */
static void learn(struct transaction *txn, struct direct_line *line, uint8_t ops)
{
	struct smmu *smmu = txn->smmu;
	const struct bus_req *req = txn->req;
	const struct bus_attr *attr = &req->attr;

	if (txn->state != TXN_READY)
		return;
	*line = (struct direct_line){
		.page = req->addr >> GRANULE_SHIFT,
		.generation = smmu->tlb.generation + smmu->conf.generation,
		.pa = (txn->found.pa | (req->addr & (BIT(txn->found.shift) - 1))) &
		      ~(uint64_t)(GRANULE_BYTES - 1),
		.stream = attr->stream_id,
		.substream = attr->substream_id,
		.substream_valid = attr->substream_valid,
		.privileged = attr->privileged,
		.instruction = attr->instruction,
		.ops = (uint8_t)(ops | BIT(req->op)),
		.came = attr->memory,
		.leaves = txn->memory,
	};
}

/* What the access was, once it has been made. */
static void tell(struct smmu *smmu, const struct bus_req *req, uint64_t address)
{
	const struct bus_attr *attr = &req->attr;
	uint64_t substream = attr->substream_valid ? attr->substream_id : TRACE_NO_SUBSTREAM;

	smmu->stats.transactions++;
	if (req->op == BUS_READ)
		trace_emit(&smmu->env.part, TRACE_DMA_READ, attr->stream_id, substream, req->addr,
			   address, req->len_bytes);
	else
		trace_emit(&smmu->env.part, TRACE_DMA_WRITE, attr->stream_id, substream, req->addr,
			   address, req->len_bytes);
}

static bool perform(struct smmu *smmu, struct bus_req *req, uint64_t address,
		    struct mem_attr memory)
{
	uint64_t iova = req->addr;
	struct mem_attr came = req->attr.memory;
	bool done;

	req->addr = address;
	req->attr.iova = iova;
	req->attr.memory = memory;
	done = bus_access(&smmu->env.memory, req);
	req->addr = iova;
	req->attr.memory = came;
	if (done)
		tell(smmu, req, address);
	return done;
}

static bool is_configured(const struct transaction *txn)
{
	const struct smmu *smmu = txn->smmu;
	const struct direct_owner *owner = &smmu->direct_owner;
	const struct bus_attr *attr = &txn->req->attr;

	return owner->known && owner->generation == smmu->conf.generation &&
	       owner->stream == attr->stream_id && owner->substream == attr->substream_id &&
	       owner->substream_valid == attr->substream_valid &&
	       owner->privileged == attr->privileged && owner->instruction == attr->instruction &&
	       owner->write == txn->write;
}

static void note_owner(struct smmu *smmu, const struct transaction *txn)
{
	const struct bus_attr *attr = &txn->req->attr;

	smmu->direct_owner = (struct direct_owner){
		.generation = smmu->conf.generation,
		.stream = attr->stream_id,
		.substream = attr->substream_id,
		.known = txn->state != TXN_FAULTED && txn->stages,
		.substream_valid = attr->substream_valid,
		.privileged = attr->privileged,
		.instruction = attr->instruction,
		.write = txn->write,
	};
}

static bool translate(struct smmu *smmu, struct bus_req *req, struct direct_line *line, uint8_t ops)
{
	struct transaction *txn = &smmu->direct;

	txn->asked = txn->req = req;
	txn->state = TXN_BUSY;
	txn->write = req->op != BUS_READ;
	if (is_configured(txn)) {
		smmu_txn_find(txn);
	} else {
		smmu_txn_translate(txn);
		note_owner(smmu, txn);
	}
	if ((txn->state != TXN_READY && txn->state != TXN_LOOKED) || !txn->stages ||
	    mem_is_device(txn->memory))
		return false;
	learn(txn, line, ops);
	return perform(smmu, req, txn->found.pa | (req->addr & (BIT(txn->found.shift) - 1)),
		       txn->memory);
}

bool smmu_direct_access(void *ctx, struct bus_req *req)
{
	struct smmu *smmu = ctx;
	struct direct_line *line = line_of(smmu, req);
	uint8_t ops;

	if (!is_alone(smmu, req))
		return false;
	ops = is_page_known(smmu, line, req) ? line->ops : 0;
	if (!(ops & BIT(req->op)))
		return translate(smmu, req, line, ops);
	smmu->stats.tlb_hits++;
	return perform(smmu, req, line->pa | (req->addr & (GRANULE_BYTES - 1)), line->leaves);
}
