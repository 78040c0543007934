/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page request queue: IHI 0070, chapter 8. Requests are recorded one at a
 * time, in the order of arrival; those that cannot be are discarded, and the
 * SMMU answers for software, so that no device waits for ever.
 */
#include "iommu/smmu_internal.h"

#include <errno.h>
#include <stdlib.h>

static struct queue_view view(const struct smmu *smmu)
{
	return smmu_queue_view(smmu, ROW_PRIQ_BASE, PRI_BYTES, smmu->cfg.priq_log2);
}

/* PRIQEN as it takes effect: not without SMMUEN, 8.2. */
static bool is_enabled(const struct smmu *smmu)
{
	uint64_t both = CR0_SMMUEN | CR0_PRIQEN;

	return (smmu_reg(smmu, ROW_CR0) & both) == both &&
	       !smmu_gerror_active(smmu, GERROR_PRIQ_ABT_ERR);
}

/* An overflow that software has not acknowledged keeps everything out, 8.1. */
static bool is_overflown(const struct smmu *smmu)
{
	return (smmu_reg(smmu, ROW_PRIQ_PROD) ^ smmu_reg(smmu, ROW_PRIQ_CONS)) & PRIQ_PROD_OVFLG;
}

/* Those that wait to be written have their entries already. */
static bool is_full(const struct smmu *smmu)
{
	struct queue_view queue = view(smmu);
	uint64_t used = smmu_reg(smmu, ROW_PRIQ_PROD) - smmu_reg(smmu, ROW_PRIQ_CONS);

	return (used & (2 * (uint64_t)queue.entries - 1)) + smmu->priq.count >= queue.entries;
}

/* Last, without an access: the end of a PASID's requests, not a request. */
static bool is_stop_marker(const struct page_request *request)
{
	return request->last && !request->read && !request->write && request->substream_valid;
}

/* Without SSIDSIZE nothing has a PASID, 8.1. */
static bool has_substream(const struct smmu *smmu, const struct page_request *request)
{
	return request->substream_valid && smmu->cfg.ssid_bits;
}

/* As trace events have it: 1 for the last of a group, 2 for a Stop Marker. */
static uint64_t end_of(const struct page_request *request)
{
	return request->last ? is_stop_marker(request) ? 2 : 1 : 0;
}

static void interrupt(struct smmu *smmu)
{
	if (!(smmu_reg(smmu, ROW_IRQ_CTRL) & IRQ_CTRL_PRIQ_IRQEN))
		return;
	if (smmu->env.irq.raise)
		smmu->env.irq.raise(smmu->env.irq.ctx, SMMU_IRQ_PRIQ);
	smmu_msi_signal(&smmu->priq.msi, ROW_PRIQ_IRQ_CFG0);
}

/* Does software want to hear of whole groups only? */
static bool last_only(const struct smmu *smmu)
{
	return smmu_reg(smmu, ROW_PRIQ_IRQ_CFG2) & PRIQ_IRQ_CFG2_LO;
}

/* ---- what is answered without software ---- */

void smmu_priq_respond(struct smmu *smmu, const struct prg_response *response)
{
	trace_emit(&smmu->env.part, TRACE_PAGE_RESPONSE, response->stream_id,
		   response->substream_valid ? response->substream_id : TRACE_NO_SUBSTREAM,
		   response->group, response->code);
	if (smmu->devices.respond)
		smmu->devices.respond(smmu->devices.ctx, response);
}

static void respond(struct smmu *smmu, const struct page_request *request, enum prg_code code,
		    bool with_substream)
{
	struct prg_response response = {
		.stream_id = request->stream_id,
		.substream_valid = with_substream && has_substream(smmu, request),
		.substream_id = request->substream_id,
		.group = request->group,
		.code = code,
	};

	smmu->stats.page_responses_own++;
	smmu_priq_respond(smmu, &response);
}

static void discard(struct smmu *smmu, const struct page_request *request)
{
	smmu->stats.page_requests_lost++;
	trace_emit(&smmu->env.part, TRACE_PAGE_REQUEST, request->stream_id,
		   has_substream(smmu, request) ? request->substream_id : TRACE_NO_SUBSTREAM,
		   request->addr, request->group, end_of(request), true);
}

/* The queue is off or broken: a failure, without a PASID, 8.2. */
static void fail(struct smmu *smmu, const struct page_request *request)
{
	discard(smmu, request);
	if (!is_stop_marker(request))
		respond(smmu, request, PRG_FAILURE, false);
}

/* The STE was looked at: its PPAR is the answer, unless there is no valid STE. */
static void checked(struct bus_req *req, uint64_t now)
{
	struct priq_check *check = CONTAINER_OF(req, struct priq_check, req);
	struct smmu *smmu = check->smmu;
	struct page_request request = check->request;
	bool ppar = le64_get(check->bytes) & 1;

	check->next = smmu->priq.free_check;
	smmu->priq.free_check = check;
	smmu->priq.checks--;
	if (req->status == BUS_OK)
		respond(smmu, &request, PRG_SUCCESS, ppar);
	else
		respond(smmu, &request, PRG_FAILURE, false);
}

/* More at once than there is room for: as if the STE could not be had. */
static void check_ppar(struct smmu *smmu, const struct page_request *request)
{
	struct priq_check *check = smmu->priq.free_check;

	if (!check) {
		respond(smmu, request, PRG_FAILURE, false);
		return;
	}
	smmu->priq.free_check = check->next;
	smmu->priq.checks++;
	check->request = *request;
	check->req = (struct bus_req){
		.op = BUS_ATS,
		.addr = request->addr,
		.len_bytes = ATS_ENTRY_BYTES,
		.attr = {.from_device = true, .stream_id = request->stream_id},
		.data = check->bytes,
		.done = checked,
	};
	smmu_tbu_receive(smmu, &check->req);
}

bool smmu_priq_is_check(const struct smmu *smmu, const struct bus_req *req)
{
	uintptr_t at = (uintptr_t)req;

	return at >= (uintptr_t)smmu->priq.check &&
	       at < (uintptr_t)(smmu->priq.check + PRIQ_CHECKS);
}

/* 8.1: the end of a group is answered with success, and the device will ask again. */
static void overflow(struct smmu *smmu, const struct page_request *request)
{
	if (!is_overflown(smmu))
		smmu_reg_set(smmu, ROW_PRIQ_PROD, smmu_reg(smmu, ROW_PRIQ_PROD) ^ PRIQ_PROD_OVFLG);
	discard(smmu, request);
	if (request->last && last_only(smmu))
		interrupt(smmu);
	if (!request->last || is_stop_marker(request))
		return;
	if (has_substream(smmu, request) && !smmu->cfg.pps)
		check_ppar(smmu, request);
	else
		respond(smmu, request, PRG_SUCCESS, true);
}

/* ---- the queue ---- */

static void encode(const struct page_request *request, uint64_t word[PRI_WORDS])
{
	word[0] = field_put(PRI0_STREAMID, request->stream_id) |
		  field_put(PRI0_READ, request->read) | field_put(PRI0_WRITE, request->write) |
		  field_put(PRI0_LAST, request->last);
	if (request->substream_valid)
		word[0] |= PRI0_SSV | field_put(PRI0_SUBSTREAMID, request->substream_id) |
			   field_put(PRI0_EXECUTE, request->execute) |
			   field_put(PRI0_PRIV, request->privileged);
	word[1] = field_put(PRI1_GROUP, request->group) | (request->addr & PRI1_ADDRESS);
}

static void write_next(struct smmu *smmu)
{
	struct priq *priq = &smmu->priq;
	struct queue_view queue = view(smmu);

	if (priq->writing || !priq->count)
		return;
	priq->writing = true;
	encode(&priq->waiting[priq->first], priq->word);
	priq->req.status = BUS_OK;
	priq->req.addr = smmu_queue_address(&queue, smmu_reg(smmu, ROW_PRIQ_PROD));
	priq->req.attr.memory = smmu_attr_queue_write(smmu, smmu_reg(smmu, ROW_PRIQ_BASE));
	bus_send(&smmu->env.memory, &priq->req);
}

static void publish(struct smmu *smmu, const struct page_request *request)
{
	struct queue_view queue = view(smmu);
	uint64_t prod = smmu_reg(smmu, ROW_PRIQ_PROD);
	bool was_empty = smmu_queue_empty(&queue, prod, smmu_reg(smmu, ROW_PRIQ_CONS));

	smmu_reg_set(smmu, ROW_PRIQ_PROD, (prod & PRIQ_PROD_OVFLG) | smmu_queue_next(&queue, prod));
	smmu->stats.page_requests++;
	trace_emit_data(
		&smmu->env.part, TRACE_PAGE_REQUEST, smmu->priq.word, PRI_BYTES,
		(const uint64_t[TRACE_ARGS]){
			request->stream_id,
			request->substream_valid ? request->substream_id : TRACE_NO_SUBSTREAM,
			request->addr, request->group, end_of(request), false});
	if (last_only(smmu) ? request->last : was_empty)
		interrupt(smmu);
	if (request->last && fault_fires(&smmu->sim->faults, FAULT_PAGE_REQUEST_ANSWERED_TWICE))
		respond(smmu, request, PRG_SUCCESS, true);
}

/* What still waits when the queue breaks is lost with it. */
static void fail_waiting(struct smmu *smmu)
{
	struct priq *priq = &smmu->priq;

	for (; priq->count; priq->count--) {
		fail(smmu, &priq->waiting[priq->first]);
		priq->first = (priq->first + 1) % priq->capacity;
	}
}

static void written(struct bus_req *req, uint64_t now)
{
	struct smmu *smmu = CONTAINER_OF(req, struct smmu, priq.req);
	struct priq *priq = &smmu->priq;
	struct page_request request = priq->waiting[priq->first];

	priq->writing = false;
	priq->first = (priq->first + 1) % priq->capacity;
	priq->count--;
	if (req->status == BUS_OK) {
		publish(smmu, &request);
	} else {
		smmu_gerror_raise(smmu, GERROR_PRIQ_ABT_ERR);
		fail(smmu, &request);
	}
	if (is_enabled(smmu))
		write_next(smmu);
	else
		fail_waiting(smmu);
	smmu_regs_settle(smmu);
}

void smmu_priq_receive(struct smmu *smmu, const struct page_request *request)
{
	struct priq *priq = &smmu->priq;
	struct page_request *place;

	if (!smmu->cfg.pri || !is_enabled(smmu)) {
		fail(smmu, request);
		return;
	}
	if (is_overflown(smmu) || is_full(smmu)) {
		overflow(smmu, request);
		return;
	}
	place = &priq->waiting[(priq->first + priq->count++) % priq->capacity];
	*place = *request;
	place->substream_valid = has_substream(smmu, request);
	write_next(smmu);
}

bool smmu_priq_idle(const struct smmu *smmu)
{
	return !smmu->priq.count && !smmu->priq.checks && !smmu->priq.msi.busy;
}

int smmu_priq_init(struct smmu *smmu)
{
	struct priq *priq = &smmu->priq;

	priq->capacity = 1u << smmu->cfg.priq_log2;
	priq->waiting = calloc(priq->capacity, sizeof(priq->waiting[0]));
	if (!priq->waiting)
		return -ENOMEM;
	priq->req = (struct bus_req){
		.op = BUS_WRITE, .len_bytes = PRI_BYTES, .data = priq->word, .done = written};
	smmu_msi_init(&priq->msi, smmu, GERROR_MSI_PRIQ_ABT_ERR, smmu_regs_settle);
	for (uint32_t i = PRIQ_CHECKS; i--;) {
		priq->check[i].smmu = smmu;
		priq->check[i].next = priq->free_check;
		priq->free_check = &priq->check[i];
	}
	return 0;
}

void smmu_priq_fini(struct smmu *smmu)
{
	free(smmu->priq.waiting);
}
