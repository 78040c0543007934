/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions: a device's request from its arrival at the DMA port to its
 * completion. Lookups happen at the end of tlb_hit_ps, so that a transaction
 * that hits leaves in the instant in which it was looked up.
 */
#include "iommu/smmu_internal.h"

#include <errno.h>
#include <stdlib.h>

/* F_UUT's Reason is ours to define, 7.3.2. */
enum { REASON_TRANSLATED = 1, REASON_CROSSES_GRANULE = 2 };

void txn_list_add(struct txn_list *list, struct transaction *txn)
{
	txn->next = NULL;
	if (list->head)
		list->tail->next = txn;
	else
		list->head = txn;
	list->tail = txn;
}

struct transaction *txn_list_take(struct txn_list *list)
{
	struct transaction *txn = list->head;

	if (txn)
		list->head = txn->next;
	return txn;
}

/* Make the access that txn->table is; true: within the call, and nobody is told. */
static bool access_at_once(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;

	if (smmu->sim->untimed && bus_access(&smmu->env.memory, &txn->table))
		return true;
	if (smmu_is_direct(txn)) {
		txn->table.status = BUS_ABORT; /* given up: it is sent again as a request */
		return true;
	}
	bus_send(&smmu->env.memory, &txn->table);
	return false;
}

void smmu_txn_access(struct transaction *txn)
{
	if (access_at_once(txn))
		txn->table.done(&txn->table, smmu_now(txn->smmu));
}

static void fetch(struct transaction *txn, uint64_t address, uint32_t len_bytes,
		  struct mem_attr memory, void (*done)(struct bus_req *req, uint64_t now))
{
	struct smmu *smmu = txn->smmu;

	txn->table.op = BUS_READ;
	txn->table.status = BUS_OK;
	txn->table.addr = address;
	txn->table.len_bytes = len_bytes;
	txn->table.attr.memory = memory;
	txn->table.data = txn->table_data;
	txn->table.done = done;
	if (smmu->cfg.timing.walk_step_ps && txn->walking)
		sim_after(smmu->sim, &txn->event, smmu->cfg.timing.walk_step_ps);
	else
		smmu_txn_access(txn);
}

static void count(const struct transaction *txn, enum pmcg_event event)
{
	smmu_pmcg_count(&txn->smmu->pmcg, event, txn->req->attr.stream_id);
}

void smmu_txn_fetch(struct transaction *txn, uint64_t address, uint32_t len_bytes,
		    struct mem_attr memory, void (*done)(struct bus_req *req, uint64_t now))
{
	count(txn, PMCG_WALK_ACCESS);
	fetch(txn, address, len_bytes, memory, done);
}

void smmu_txn_fetch_config(struct transaction *txn, uint64_t address, uint32_t len_bytes,
			   struct mem_attr memory, void (*done)(struct bus_req *req, uint64_t now))
{
	count(txn, PMCG_CONFIG_ACCESS);
	fetch(txn, address, len_bytes, memory, done);
}

/* The time before a table fetch is over. */
static void fire_fetch(struct transaction *txn)
{
	bus_send(&txn->smmu->env.memory, &txn->table);
}

/* SMMUEN == 0: GBPA decides, and only an address beyond OAS is refused, 3.4 and 6.3.14. */
static void pass_disabled(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;

	if ((smmu_reg(smmu, ROW_GBPA) & GBPA_ABORT) || (txn->req->addr & ~smmu->oas_mask)) {
		smmu_fault_silent(txn);
		return;
	}
	txn->stages = 0;
	txn->ste.override = smmu_attr_gbpa(smmu);
	smmu_txn_ready(txn, TXN_READY);
}

/* Bits of an address that stage 1 does not translate, 3.4: of an intermediate one, or without
 * any stage of a physical one. */
uint64_t smmu_input_mask(const struct transaction *txn)
{
	return smmu_address_mask(txn->smmu, txn->ste.kind == STE_TRANSLATES);
}

/* An address beyond is stage 1's Address Size fault all the same: it aborts and is recorded.
 * True: it was one. */
static bool is_beyond(struct transaction *txn)
{
	if (!(txn->req->addr & ~smmu_input_mask(txn)))
		return false;
	txn->cd = (struct cd_config){.abort = true, .policy = {.record = true}};
	smmu_fault(txn, F_ADDR_SIZE);
	return true;
}

void smmu_txn_bypass(struct transaction *txn)
{
	if (smmu_ats_is_request(txn)) {
		smmu_ats_identity(txn);
		return;
	}
	if (is_beyond(txn))
		return;
	txn->stages = 0;
	smmu_txn_ready(txn, TXN_READY);
}

/* Once for a transaction, however often it must walk. */
static void miss_tlb(struct transaction *txn)
{
	txn->smmu->stats.tlb_misses++;
	if (!txn->missed_tlb)
		count(txn, PMCG_TLB_MISS);
	txn->missed_tlb = true;
}

void smmu_txn_find(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;
	struct tlb_line *line;

	if (!smmu_walk_input(txn)) {
		struct fault_place place = {.stage = txn->stages & BIT(STAGE1) ? STAGE1 : STAGE2,
					    .kind = EVENT1_CLASS_IN,
					    .ipa = txn->req->addr};

		smmu_fault_at(txn, F_TRANSLATION, &place);
		return;
	}
	line = smmu_tlb_find(smmu, txn->space, txn->ia);
	if (!line && fault_armed(&smmu->sim->faults, FAULT_TLB_TAG_IGNORED))
		line = smmu_plant_finds_other(txn);
	/* A stream with the same tags may have other stages. */
	if (!line || line->found.stages != txn->stages) {
		miss_tlb(txn);
		smmu_walk_enter(txn, smmu_walk_begin);
		return;
	}
	smmu->stats.tlb_hits++;
	txn->found = line->found;
	smmu_txn_use(txn, false, line->dirty);
}

/* Once for a transaction, whatever it lacks of its configuration. */
static void miss_config(struct transaction *txn)
{
	if (!txn->missed_config)
		count(txn, PMCG_CONFIG_MISS);
	txn->missed_config = true;
}

static bool take_cd(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;
	const struct cd_config *cd =
		smmu_conf_find_cd(smmu, txn->req->attr.stream_id, txn->cd_index);

	if (!cd) {
		miss_config(txn);
		smmu_walk_enter(txn, smmu_cd_fetch);
		return false;
	}
	txn->cd = *cd;
	if (cd->illegal)
		smmu_fault(txn, C_BAD_CD);
	return !cd->illegal;
}

/* Take the configuration that the access goes by. False: it is fetched, or it has answered. */
static bool configure(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;
	const struct ste_config *ste = smmu_conf_find_ste(smmu, txn->req->attr.stream_id);

	if (!ste) {
		miss_config(txn);
		smmu_walk_enter(txn, smmu_strtab_fetch);
		return false;
	}
	txn->ste = *ste;
	if (!smmu_strtab_apply(txn))
		return false;
	if (!txn->stages) {
		smmu_txn_bypass(txn);
		return false;
	}
	if (!(txn->stages & BIT(STAGE1)))
		return !is_beyond(txn);
	return take_cd(txn);
}

void smmu_txn_translate(struct transaction *txn)
{
	if (configure(txn))
		smmu_txn_find(txn);
}

static void deny(struct transaction *txn, enum stage stage, enum permission permission)
{
	const struct leaf *leaf = &txn->found.leaf[STAGE1];
	struct fault_place place = {.stage = stage,
				    .kind = EVENT1_CLASS_IN,
				    .ipa = txn->ia,
				    .unread = permission == PERMISSION_UNREADABLE};

	if (txn->stages & BIT(STAGE1))
		place.ipa = leaf->oa | (txn->ia & (BIT(leaf->shift) - 1));
	smmu_fault_at(txn, F_PERMISSION, &place);
}

/* False: the stage denied it, and it is a fault. */
static bool stage_permits(struct transaction *txn, enum stage stage)
{
	enum permission permission = smmu_permission(txn, stage);

	if (permission == PERMISSION_MANAGED)
		txn->managed |= (uint8_t)BIT(stage);
	else if (permission != PERMISSION_OK)
		deny(txn, stage, permission);
	return permission == PERMISSION_OK || permission == PERMISSION_MANAGED;
}

/* Ask what the stages permit. */
static bool is_permitted(struct transaction *txn)
{
	txn->managed = 0;
	return (!(txn->stages & BIT(STAGE1)) || stage_permits(txn, STAGE1)) &&
	       (!(txn->stages & BIT(STAGE2)) || stage_permits(txn, STAGE2));
}

/* `managed`: the dirty state of these stages' descriptors is looked at. */
static void look_at_dirty(struct transaction *txn, bool fresh)
{
	if (fresh && txn->managed == txn->stages && !(txn->stages & (txn->stages - 1)))
		smmu_httu_fresh(txn);
	else
		smmu_httu_look(txn);
}

void smmu_txn_use(struct transaction *txn, bool fresh, uint8_t dirty)
{
	if (smmu_ats_is_request(txn) ? !smmu_ats_grant(txn) : !is_permitted(txn))
		return;
	txn->managed &= (uint8_t)~dirty;
	if (txn->managed)
		look_at_dirty(txn, fresh);
	else
		smmu_txn_ready(txn, TXN_READY);
}

void smmu_txn_ready(struct transaction *txn, enum txn_state state)
{
	if (smmu_ats_is_request(txn) && state != TXN_FAULTED && txn->ats.found < txn->ats.entries) {
		smmu_ats_found(txn);
		return;
	}
	txn->state = state;
	txn->memory = smmu_attr_output(txn);
	txn->looked_ps = smmu_now(txn->smmu);
	if (!smmu_is_direct(txn))
		smmu_order_release(txn);
}

uint64_t smmu_txn_substream(const struct transaction *txn)
{
	const struct bus_attr *attr = &txn->asked->attr;

	return attr->substream_valid ? attr->substream_id : TRACE_NO_SUBSTREAM;
}

static void forwarded(struct bus_req *out, uint64_t now)
{
	smmu_txn_end(CONTAINER_OF(out, struct transaction, out), out->status);
}

void smmu_txn_forward(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;
	const struct bus_req *req = txn->req;
	struct bus_req *out = &txn->out;
	uint64_t iova = req->attr.translated ? req->attr.iova : req->addr;

	if (smmu_ats_is_request(txn)) {
		smmu_ats_answer(txn);
		return;
	}
	out->op = req->op;
	out->status = BUS_OK;
	/* Where stage 1 is bypassed more may come in than leaves, 3.4. */
	out->addr = txn->stages ? smmu_txn_address(txn) : req->addr & smmu->oas_mask;
	out->len_bytes = req->len_bytes;
	out->attr = req->attr;
	/* Of a translated access it says nothing but whose it was. */
	out->attr.substream_valid = txn->asked->attr.substream_valid;
	out->attr.iova = iova;
	out->attr.memory = txn->memory;
	out->data = req->data;
	out->done = forwarded;
	if (txn->write)
		trace_emit(&smmu->env.part, TRACE_DMA_WRITE, req->attr.stream_id,
			   smmu_txn_substream(txn), iova, out->addr, req->len_bytes);
	else
		trace_emit(&smmu->env.part, TRACE_DMA_READ, req->attr.stream_id,
			   smmu_txn_substream(txn), iova, out->addr, req->len_bytes);
	if (fault_armed(&smmu->sim->faults, FAULT_DMA_AFTER_INVALIDATION))
		smmu_plant_saw_write(txn);
	bus_send(&smmu->env.memory, out);
}

/* RAZ/WI: reads return zero, writes are lost, the device sees success, 5.5. */
static void answer(struct transaction *txn)
{
	struct bus_req *req = txn->asked;

	if (smmu_ats_is_request(txn)) {
		smmu_txn_end(txn, txn->ats.status);
		return;
	}
	if (txn->fault.raz_wi && req->op != BUS_WRITE) /* an atomic finds zero, too */
		memset(req->data, 0, req->len_bytes);
	smmu_txn_end(txn, txn->fault.raz_wi ? BUS_OK : BUS_FAULT);
}

void smmu_txn_terminate(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;
	const struct bus_req *req = txn->req;

	if (smmu_ats_is_request(txn)) {
		smmu_ats_answer(txn);
		return;
	}
	smmu->stats.faults++;
	trace_emit(&smmu->env.part, TRACE_DMA_FAULT, req->attr.stream_id, smmu_txn_substream(txn),
		   req->addr, txn->write, req->len_bytes, txn->fault.number);
	if (txn->fault.recorded)
		smmu_evtq_record(txn);
	else
		sim_after(smmu->sim, &txn->event, 0);
}

/* The time between arrival and lookup is over. */
static void look_up(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;
	const struct bus_req *req = txn->req;

	if (txn->ats.kind != ATS_NONE) {
		smmu_ats_look_up(txn);
		return;
	}
	if (!(smmu_reg(smmu, ROW_CR0) & CR0_SMMUEN)) {
		pass_disabled(txn);
		return;
	}
	txn->translating = true;
	smmu->translating++;
	if (req->attr.translated)
		smmu_fault_unsupported(txn, REASON_TRANSLATED);
	else if ((req->addr & (GRANULE_BYTES - 1)) + req->len_bytes > GRANULE_BYTES)
		smmu_fault_unsupported(txn, REASON_CROSSES_GRANULE);
	else
		smmu_txn_translate(txn);
}

static void fire(struct event *event, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(event, struct transaction, event);

	if (txn->state == TXN_FAULTED || txn->state == TXN_ANSWERED)
		answer(txn);
	else if (txn->walking)
		fire_fetch(txn);
	else if (txn->translating && txn->ats.kind != ATS_NONE)
		smmu_ats_again(txn);
	else if (txn->translating)
		smmu_txn_translate(txn);
	else
		look_up(txn);
}

void smmu_txn_again(struct transaction *txn)
{
	txn->state = TXN_BUSY;
	sim_after(txn->smmu->sim, &txn->event, txn->smmu->cfg.timing.tlb_hit_ps);
}

void smmu_txn_count(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;

	if (txn->counted)
		return;
	txn->counted = true;
	txn->epoch = smmu->epoch;
	smmu->epoch_count[txn->epoch]++;
}

void smmu_txn_uncount(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;

	if (!txn->counted)
		return;
	txn->counted = false;
	if (!--smmu->epoch_count[txn->epoch] && txn->epoch != smmu->epoch)
		smmu_cmdq_drained(smmu);
}

/* Who asks for a translation gets an answer whatever software does, 3.9.1.2. */
static bool may_stall(const struct bus_req *req)
{
	return req->attr.may_stall && req->op != BUS_ATS;
}

static void begin(struct smmu *smmu, struct bus_req *req)
{
	struct transaction *txn = smmu->free_txn;

	smmu->free_txn = txn->next;
	txn->asked = txn->req = req;
	txn->state = TXN_BUSY;
	txn->write = req->op == BUS_WRITE || req->op == BUS_CAS64;
	txn->posted = req->attr.posted && req->op == BUS_WRITE;
	txn->translating = false;
	txn->walking = false;
	txn->recording = false;
	txn->doomed = false;
	txn->counted = false;
	smmu_txn_count(txn);
	smmu->in_flight++;
	smmu->stall.inside += may_stall(req);
	smmu->stats.transactions++;
	txn->missed_config = txn->missed_tlb = false;
	smmu_ats_begin(txn);
	if (txn->ats.kind != ATS_CHECK)
		count(txn, PMCG_TRANSACTION);
	smmu_order_enter(txn);
	if (smmu->cfg.timing.tlb_hit_ps)
		sim_after(smmu->sim, &txn->event, smmu->cfg.timing.tlb_hit_ps);
	else
		look_up(txn);
}

static bool admits(const struct smmu *smmu, bool stalls)
{
	return smmu->free_txn && (!stalls || smmu_stall_admits(smmu));
}

/* The next request of those that wait; the two kinds take turns. */
static void begin_next(struct smmu *smmu)
{
	for (int i = 0; i < 2; i++) {
		struct backlog *backlog = &smmu->backlog[smmu->turn];
		struct bus_req *req = backlog->head;
		bool goes = req && admits(smmu, smmu->turn);

		smmu->turn = !smmu->turn;
		if (!goes)
			continue;
		backlog->head = req->next;
		begin(smmu, req);
		return;
	}
}

void smmu_txn_end(struct transaction *txn, enum bus_status status)
{
	struct smmu *smmu = txn->smmu;
	struct bus_req *req = txn->asked;

	smmu_order_exit(txn);
	txn->next = smmu->free_txn;
	smmu->free_txn = txn;
	smmu->in_flight--;
	smmu->stall.inside -= may_stall(req);
	if (txn->translating && !--smmu->translating)
		smmu_regs_settle(smmu);
	smmu_txn_uncount(txn);
	begin_next(smmu);
	req->status = status;
	req->done(req, smmu_now(smmu));
}

void smmu_tbu_receive(struct smmu *smmu, struct bus_req *req)
{
	struct backlog *backlog = &smmu->backlog[may_stall(req)];

	if (admits(smmu, may_stall(req))) { /* so nothing of its kind waits before it */
		begin(smmu, req);
		return;
	}
	req->next = NULL;
	if (backlog->head)
		backlog->tail->next = req;
	else
		backlog->head = req;
	backlog->tail = req;
}

static void receive(void *ctx, struct bus_req *req)
{
	smmu_tbu_receive(ctx, req);
}

struct bus_port smmu_dma_port(struct smmu *smmu)
{
	return (struct bus_port){.ctx = smmu, .send = receive, .access = smmu_direct_access};
}

int smmu_tbu_init(struct smmu *smmu)
{
	smmu->direct.smmu = smmu;
	smmu->pool = calloc(smmu->cfg.max_transactions, sizeof(struct transaction));
	if (!smmu->pool)
		return -ENOMEM;
	for (uint32_t i = smmu->cfg.max_transactions; i--;) {
		struct transaction *txn = &smmu->pool[i];

		txn->smmu = smmu;
		event_init(&txn->event, fire);
		txn->next = smmu->free_txn;
		smmu->free_txn = txn;
	}
	return 0;
}

void smmu_tbu_fini(struct smmu *smmu)
{
	free(smmu->pool);
}
