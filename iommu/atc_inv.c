/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands to devices: CMD_ATC_INV and CMD_PRI_RESP (IHI 0070, 4.5). An
 * invalidation is consumed when it is sent; a CMD_SYNC waits for what devices
 * answer, and fails when one does not (3.9.1.4, 4.7.3).
 */
#include "iommu/smmu_internal.h"

static uint32_t stream_of(const uint64_t word[CMD_WORDS])
{
	return (uint32_t)field_get(CMD0_STREAMID, word[0]);
}

/* Without PASIDs the command behaves as if SSV were 0, one of what 4.5.1 permits. */
static bool has_substream(const struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	return smmu->cfg.ssid_bits && (word[0] & CMD0_SSV);
}

static bool is_enabled(const struct smmu *smmu)
{
	return smmu_reg(smmu, ROW_CR0) & CR0_SMMUEN;
}

/* All invalidations take equally long to time out: the oldest one is the next. */
static void watch(struct smmu *smmu)
{
	struct ats_slots *slots = &smmu->ats;
	uint64_t first = TIME_NEVER;

	for (uint32_t i = 0; i < ATS_INVALIDATE_TAGS; i++)
		if (slots->slot[i].busy)
			first = MIN(first, slots->slot[i].deadline_ps);
	if (first == TIME_NEVER)
		calendar_cancel(&smmu->sim->calendar, &slots->event);
	else
		calendar_schedule(&smmu->sim->calendar, &slots->event, first);
}

static void end(struct smmu *smmu, uint32_t itag, bool timed_out)
{
	struct ats_slot *slot = &smmu->ats.slot[itag];

	slot->busy = false;
	smmu->ats.busy--;
	trace_emit(&smmu->env.part, TRACE_ATS_INVALIDATED, slot->stream, itag, timed_out);
}

static void fire(struct event *event, uint64_t now)
{
	struct smmu *smmu = CONTAINER_OF(event, struct smmu, ats.event);

	for (uint32_t i = 0; i < ATS_INVALIDATE_TAGS; i++) {
		if (!smmu->ats.slot[i].busy || smmu->ats.slot[i].deadline_ps > now)
			continue;
		smmu->stats.ats_timeouts++;
		smmu->ats.failed = true;
		end(smmu, i, true);
	}
	watch(smmu);
	smmu_cmdq_invalidated(smmu);
}

/* A device is done. What timed out before is no longer waited for. */
static void invalidated(void *ctx, uint32_t stream_id, uint8_t itag)
{
	struct smmu *smmu = ctx;
	const struct ats_slot *slot = &smmu->ats.slot[itag % ATS_INVALIDATE_TAGS];

	if (!slot->busy || slot->stream != stream_id)
		return;
	end(smmu, itag % ATS_INVALIDATE_TAGS, false);
	watch(smmu);
	smmu_cmdq_invalidated(smmu);
}

static uint8_t take_slot(struct smmu *smmu, uint32_t stream)
{
	struct ats_slots *slots = &smmu->ats;
	uint64_t timeout_ps = smmu->cfg.timing.ats_timeout_ps;
	uint32_t itag = slots->next;

	while (slots->slot[itag].busy)
		itag = (itag + 1) % ATS_INVALIDATE_TAGS;
	slots->next = (itag + 1) % ATS_INVALIDATE_TAGS;
	slots->busy++;
	slots->slot[itag] = (struct ats_slot){
		.busy = true,
		.stream = stream,
		.deadline_ps = timeout_ps ? smmu_now(smmu) + timeout_ps : TIME_NEVER,
	};
	watch(smmu);
	return (uint8_t)itag;
}

/* A span of 4096 * 2^Size, aligned to itself; 52 is everything, 4.5.1. */
static enum command_outcome send(struct smmu *smmu, const uint64_t word[CMD_WORDS], uint64_t size)
{
	struct ats_invalidation invalidation = {
		.stream_id = stream_of(word),
		.substream_valid = has_substream(smmu, word),
		.shift = (uint8_t)(GRANULE_SHIFT + size),
	};

	if (invalidation.substream_valid) {
		invalidation.substream_id = (uint32_t)field_get(CMD0_SUBSTREAMID, word[0]);
		invalidation.global = word[0] & ATC_INV0_GLOBAL;
	}
	if (invalidation.shift < ATS_EVERYTHING)
		invalidation.addr = word[1] >> invalidation.shift << invalidation.shift;
	invalidation.itag = take_slot(smmu, invalidation.stream_id);
	smmu->stats.ats_invalidations++;
	trace_emit(&smmu->env.part, TRACE_ATS_INVALIDATE, invalidation.stream_id,
		   invalidation.substream_valid ? invalidation.substream_id : TRACE_NO_SUBSTREAM,
		   invalidation.addr, invalidation.shift, invalidation.itag);
	smmu->devices.invalidate(smmu->devices.ctx, &invalidation);
	return COMMAND_DONE;
}

enum command_outcome smmu_atc_invalidate(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	uint64_t size = field_get(ATC_INV1_SIZE, word[1]);

	if (!smmu->cfg.ats || size > ATC_INV_SIZE_ALL)
		return COMMAND_ILLEGAL;
	if (!is_enabled(smmu) || !smmu->devices.invalidate)
		return COMMAND_DONE;
	if (smmu->ats.busy == ATS_INVALIDATE_TAGS)
		return COMMAND_BLOCKED;
	return send(smmu, word, size);
}

enum command_outcome smmu_atc_respond(struct smmu *smmu, const uint64_t word[CMD_WORDS])
{
	static const enum prg_code codes[] = {
		[PRI_RESP_FAILURE] = PRG_FAILURE,
		[PRI_RESP_INVALID] = PRG_INVALID_REQUEST,
		[PRI_RESP_SUCCESS] = PRG_SUCCESS,
	};
	uint64_t resp = field_get(PRI_RESP1_RESP, word[1]);
	struct prg_response response = {
		.stream_id = stream_of(word),
		.substream_valid = has_substream(smmu, word),
		.group = (uint16_t)field_get(PRI_RESP1_GROUP, word[1]),
	};

	if (!smmu->cfg.pri || resp >= ARRAY_LEN(codes))
		return COMMAND_ILLEGAL;
	if (!is_enabled(smmu) || !smmu->devices.respond)
		return COMMAND_DONE;
	if (response.substream_valid)
		response.substream_id = (uint32_t)field_get(CMD0_SUBSTREAMID, word[0]);
	response.code = codes[resp];
	smmu->stats.page_responses++;
	smmu_priq_respond(smmu, &response);
	return COMMAND_DONE;
}

static void page_requested(void *ctx, const struct page_request *request)
{
	smmu_priq_receive(ctx, request);
}

void smmu_connect_ats(struct smmu *smmu, const struct ats_port *port)
{
	smmu->devices = *port;
}

struct ats_agent smmu_ats_agent(struct smmu *smmu)
{
	return (struct ats_agent){
		.ctx = smmu,
		.invalidated = invalidated,
		.page_request = page_requested,
	};
}

void smmu_atc_init(struct smmu *smmu)
{
	event_init(&smmu->ats.event, fire);
}
