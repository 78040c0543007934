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

/* All that a translation depends on beside the address, as one word: substreams have 20 bits. */
static uint64_t who_of(const struct bus_attr *attr)
{
	uint64_t substream = attr->substream_valid ? BIT(20) | attr->substream_id : 0;

	return (uint64_t)attr->stream_id << 32 | substream << 2 | (uint64_t)attr->privileged << 1 |
	       attr->instruction;
}

static uint64_t generation_of(const struct smmu *smmu)
{
	return smmu->tlb.generation + smmu->conf.generation;
}

/*
 * What was permitted a moment ago, of pages in front of the TLB: for as long as
 * nothing at all was invalidated, and only where the access needs no look at a
 * descriptor.
 */
static struct direct_line *line_of(struct smmu *smmu, uint64_t page, uint64_t who)
{
	uint64_t key = (page ^ who << 20) * UINT64_C(0x9e3779b97f4a7c15);

	return &smmu->direct_line[key >> (64 - DIRECT_LOG2)];
}

static bool is_page_known(const struct smmu *smmu, const struct direct_line *line,
			  const struct bus_req *req, uint64_t who)
{
	return line->page == req->addr >> GRANULE_SHIFT && line->who == who &&
	       line->generation == generation_of(smmu) && mem_equal(line->came, req->attr.memory);
}

/* `ops`: what was known to be permitted, of this page as it is now or of what it was before. */
static void learn(struct transaction *txn, struct direct_line *line, uint64_t who, uint64_t pa,
		  uint8_t ops)
{
	const struct bus_req *req = txn->req;

	if (txn->state != TXN_READY)
		return;
	if (line->pa != align_down(pa, GRANULE_BYTES) || !mem_equal(line->leaves, txn->memory))
		ops = 0;
	*line = (struct direct_line){
		.page = req->addr >> GRANULE_SHIFT,
		.generation = generation_of(txn->smmu),
		.pa = align_down(pa, GRANULE_BYTES),
		.who = who,
		.ops = (uint8_t)(ops | BIT(req->op)),
		.came = req->attr.memory,
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

static bool is_configured(const struct transaction *txn, uint64_t who)
{
	const struct smmu *smmu = txn->smmu;
	const struct direct_owner *owner = &smmu->direct_owner;

	return owner->known && owner->generation == smmu->conf.generation && owner->who == who &&
	       owner->write == txn->write;
}

static void configure(struct transaction *txn, uint64_t who)
{
	struct smmu *smmu = txn->smmu;

	smmu_txn_translate(txn);
	smmu->direct_owner = (struct direct_owner){
		.generation = smmu->conf.generation,
		.who = who,
		.known = txn->state != TXN_FAULTED && txn->stages,
		.write = txn->write,
	};
}

static bool translate(struct smmu *smmu, struct bus_req *req, uint64_t who,
		      struct direct_line *line, uint8_t ops)
{
	struct transaction *txn = &smmu->direct;
	uint64_t address;

	txn->asked = txn->req = req;
	txn->state = TXN_BUSY;
	txn->write = req->op != BUS_READ;
	if (is_configured(txn, who))
		smmu_txn_find(txn);
	else
		configure(txn, who);
	if ((txn->state != TXN_READY && txn->state != TXN_LOOKED) || !txn->stages ||
	    mem_is_device(txn->memory))
		return false;
	address = smmu_txn_address(txn);
	learn(txn, line, who, address, ops);
	return perform(smmu, req, address, txn->memory);
}

bool smmu_direct_access(void *ctx, struct bus_req *req)
{
	struct smmu *smmu = ctx;
	uint64_t who = who_of(&req->attr);
	struct direct_line *line = line_of(smmu, req->addr >> GRANULE_SHIFT, who);
	uint8_t ops;

	if (!is_alone(smmu, req))
		return false;
	ops = is_page_known(smmu, line, req, who) ? line->ops : 0;
	if (!(ops & BIT(req->op)))
		return translate(smmu, req, who, line, ops);
	smmu->stats.tlb_hits++;
	return perform(smmu, req, line->pa | (req->addr & (GRANULE_BYTES - 1)), line->leaves);
}
