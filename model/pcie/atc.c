/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function's address translation cache (PCI Express Base Specification, 10.3):
 * while ATS is enabled, what the function sends is translated here and travels
 * with a translated address. What misses is held until a translation request is
 * answered: a held read lets others pass, a held write nothing, as the ordering
 * rules have it (2.4.1).
 *
 * An invalidation is answered when all reads with the old translation are done;
 * writes with it are ahead of the answer on the link. A translation request that
 * was under way brings nothing that may be kept: its completion may have been
 * overtaken by the invalidation.
 */
#include "model/pcie/atc_internal.h"

#include <errno.h>
#include <stdlib.h>

#define PAGE_SHIFT 12u
#define PAGE_MASK  BITS(11, 0)

static uint32_t ways(const struct atc *atc)
{
	return atc->fn->device->cfg.atc_ways;
}

static bool same_space(const struct atc_space *a, const struct atc_space *b)
{
	return a->pasid_valid == b->pasid_valid &&
	       (!a->pasid_valid || (a->pasid == b->pasid && a->privileged == b->privileged));
}

static struct atc_space space_of(const struct tlp *tlp)
{
	return (struct atc_space){
		.pasid_valid = tlp->pasid_valid,
		.pasid = tlp->pasid_valid ? tlp->pasid : 0,
		.privileged = tlp->pasid_valid && tlp->privileged,
	};
}

void pcie_atc_prefix(struct tlp *tlp, const struct atc_space *space)
{
	tlp->pasid_valid = space->pasid_valid;
	tlp->pasid = space->pasid;
	tlp->privileged = space->privileged;
	tlp->execute = false;
}

/* ---- the cache ---- */

static struct atc_line *set_of(struct atc *atc, uint64_t iova, uint8_t shift)
{
	uint64_t key = (iova >> shift ^ (uint64_t)shift << 56) * UINT64_C(0x9e3779b97f4a7c15);

	return &atc->line[(uint32_t)((key >> 32) % atc->sets) * ways(atc)];
}

static struct atc_line *find(struct atc *atc, const struct atc_space *space, uint64_t iova)
{
	for (uint64_t shifts = atc->shifts; shifts; shifts &= shifts - 1) {
		uint8_t shift = (uint8_t)__builtin_ctzll(shifts);
		struct atc_line *line = set_of(atc, iova, shift);

		for (uint32_t way = 0; way < ways(atc); way++)
			if (line[way].valid && line[way].shift == shift &&
			    line[way].iova == iova >> shift << shift &&
			    same_space(&line[way].space, space))
				return &line[way];
	}
	return NULL;
}

/* The line of the same page, a free one, or the one not used for longest. */
static struct atc_line *find_room(struct atc *atc, const struct atc_page *page, uint8_t shift)
{
	struct atc_line *line = find(atc, &page->space, page->iova), *set;

	if (line && line->shift == shift)
		return line;
	if (line)
		line->valid = false;
	set = set_of(atc, page->iova, shift);
	line = set;
	for (uint32_t way = 0; way < ways(atc) && line->valid; way++)
		if (!set[way].valid || set[way].used < line->used)
			line = &set[way];
	return line;
}

/* Of what is larger, a part is kept. */
#define LINE_MAX_SHIFT 47u

static void fill(struct atc *atc, const struct atc_page *page, uint64_t entry)
{
	uint8_t whole = ats_range_shift(entry), shift = (uint8_t)MIN(whole, LINE_MAX_SHIFT);
	uint64_t pa =
		whole < 64 ? ats_range_addr(entry) | (page->iova & (BIT(whole) - 1)) : page->iova;
	struct atc_line *line = find_room(atc, page, shift);

	*line = (struct atc_line){
		.valid = true,
		.shift = shift,
		.space = page->space,
		.iova = page->iova >> shift << shift,
		.pa = pa >> shift << shift,
		.granted = entry & (ATS_READ | ATS_WRITE | ATS_EXECUTE),
		.used = ++atc->clock,
	};
	atc->shifts |= BIT(shift);
}

static void drop_all(struct atc *atc)
{
	for (uint32_t i = 0; i < atc->sets * ways(atc); i++)
		atc->line[i].valid = false;
	atc->shifts = 0;
}

/* ---- pages that are asked for ---- */

static uint32_t pages(const struct atc *atc)
{
	return atc->fn->device->cfg.atc_pages;
}

/* A request for writing serves a read as well. */
static struct atc_page *find_page(struct atc *atc, const struct atc_space *space, uint64_t iova,
				  bool write)
{
	for (uint32_t i = 0; i < pages(atc); i++) {
		struct atc_page *page = &atc->page[i];

		if (page->state != ATC_PAGE_FREE && !page->dead && page->write >= write &&
		    page->iova == (iova & ~PAGE_MASK) && same_space(&page->space, space))
			return page;
	}
	return NULL;
}

static struct atc_page *free_page(struct atc *atc)
{
	for (uint32_t i = 0; i < pages(atc); i++)
		if (atc->page[i].state == ATC_PAGE_FREE)
			return &atc->page[i];
	return NULL;
}

void pcie_atc_free_page(struct atc_page *page)
{
	page->state = ATC_PAGE_FREE;
	pcie_atc_advance(page->fn);
}

void pcie_atc_deny(struct atc_page *page)
{
	for (struct tlp *tlp = page->fn->atc->held; tlp; tlp = tlp->next) {
		struct atc_space space = space_of(tlp);

		if ((tlp->addr & ~PAGE_MASK) == page->iova && same_space(&space, &page->space) &&
		    (tlp->type == TLP_MWR) == page->write)
			tlp->ats.denied = true;
	}
	pcie_atc_free_page(page);
}

static bool suffices(uint64_t granted, bool write)
{
	return granted & (write ? ATS_WRITE : ATS_READ);
}

static void answered(struct tlp *tlp, uint64_t now)
{
	struct atc_page *page = CONTAINER_OF(tlp, struct atc_page, tlp);
	struct atc *atc = page->fn->atc;
	uint64_t entry = le64_get(page->entry);

	if (page->dead || tlp->discarded || !atc->enabled) {
		pcie_atc_free_page(page);
		return;
	}
	if (tlp->status != TLP_SC) {
		pcie_atc_deny(page);
		return;
	}
	if (page->stale) {
		pcie_atc_translate(page);
		return;
	}
	if (entry & (ATS_READ | ATS_WRITE))
		fill(atc, page, entry);
	if (suffices(entry, page->write)) {
		pcie_atc_free_page(page);
	} else if (!pcie_pri_ask(page->fn, page)) {
		pcie_atc_deny(page);
	}
}

void pcie_atc_translate(struct atc_page *page)
{
	struct tlp *tlp = &page->tlp;

	page->state = ATC_PAGE_TRANSLATING;
	page->stale = false;
	*tlp = (struct tlp){
		.type = TLP_MRD,
		.at = TLP_AT_REQUEST,
		.addr = page->iova,
		.len_bytes = ATS_ENTRY_BYTES,
		.data = page->entry,
		.ats.no_write = !page->write,
		.done = answered,
	};
	pcie_atc_prefix(tlp, &page->space);
	pcie_function_send(page->fn, tlp);
}

static void ask(struct pcie_function *fn, const struct atc_space *space, uint64_t iova, bool write)
{
	struct atc_page *page = free_page(fn->atc);

	if (!page) /* when one is free, what is held is looked at again */
		return;
	page->write = write;
	page->dead = false;
	page->attempts = 0;
	page->space = *space;
	page->iova = iova & ~PAGE_MASK;
	pcie_atc_translate(page);
}

/* ---- requests on their way out ---- */

enum verdict { VERDICT_SEND, VERDICT_HOLD, VERDICT_REFUSE };

static void use(struct atc *atc, struct tlp *tlp, struct atc_line *line)
{
	line->used = ++atc->clock;
	tlp->at = TLP_AT_TRANSLATED;
	tlp->ats.cached = true;
	tlp->ats.mark = atc->mark;
	tlp->addr = line->pa | (tlp->addr & (BIT(line->shift) - 1));
	atc->reads += tlp->type == TLP_MRD;
}

static enum verdict judge(struct pcie_function *fn, struct tlp *tlp)
{
	struct atc *atc = fn->atc;
	bool write = tlp->type == TLP_MWR;
	struct atc_space space;
	struct atc_line *line;

	if (!atc->enabled || tlp->ats.direct)
		return VERDICT_SEND;
	if (tlp->ats.denied)
		return VERDICT_REFUSE;
	space = space_of(tlp);
	line = find(atc, &space, tlp->addr);
	if (line && suffices(line->granted, write)) {
		use(atc, tlp, line);
		return VERDICT_SEND;
	}
	if (!find_page(atc, &space, tlp->addr, write))
		ask(fn, &space, tlp->addr, write);
	return VERDICT_HOLD;
}

/* Take `tlp`, whose predecessor is `before`, out of what is held. */
static void take_out(struct atc *atc, struct tlp *before, struct tlp *tlp)
{
	if (before)
		before->next = tlp->next;
	else
		atc->held = tlp->next;
	if (atc->held_tail == tlp)
		atc->held_tail = before;
}

static void send(struct pcie_function *fn, struct tlp *tlp, enum verdict verdict)
{
	struct pcie_device *device = fn->device;

	if (verdict == VERDICT_REFUSE)
		pcie_function_refuse(fn, tlp);
	else
		device->egress.request(device->egress.ctx, tlp);
}

/* What waits behind a held write has its translations asked for meanwhile. */
static void look_ahead(struct pcie_function *fn, struct tlp *tlp)
{
	struct atc *atc = fn->atc;

	for (; tlp && free_page(atc); tlp = tlp->next) {
		bool write = tlp->type == TLP_MWR;
		struct atc_space space = space_of(tlp);
		const struct atc_line *line = find(atc, &space, tlp->addr);

		if (tlp->ats.direct || tlp->ats.denied || (line && suffices(line->granted, write)))
			continue;
		if (!find_page(atc, &space, tlp->addr, write))
			ask(fn, &space, tlp->addr, write);
	}
}

static void pass(struct pcie_function *fn)
{
	struct atc *atc = fn->atc;
	struct tlp *before = NULL, *tlp = atc->held;

	while (tlp) {
		struct tlp *next = tlp->next;
		enum verdict verdict = judge(fn, tlp);

		if (verdict != VERDICT_HOLD) {
			take_out(atc, before, tlp);
			send(fn, tlp, verdict);
		} else if (tlp_is_posted(tlp)) {
			look_ahead(fn, next);
			return;
		} else {
			before = tlp;
		}
		tlp = next;
	}
}

/* Nothing nests: what happens within is looked at when this pass is over. */
void pcie_atc_advance(struct pcie_function *fn)
{
	struct atc *atc = fn->atc;

	atc->again = true;
	if (atc->advancing)
		return;
	atc->advancing = true;
	while (atc->again) {
		atc->again = false;
		pass(fn);
	}
	atc->advancing = false;
}

bool pcie_atc_takes(struct pcie_function *fn, struct tlp *tlp)
{
	struct atc *atc = fn->atc;

	if (tlp->at != TLP_AT_UNTRANSLATED || (tlp->type != TLP_MRD && tlp->type != TLP_MWR) ||
	    (!atc->enabled && !atc->held))
		return false;
	tlp->next = NULL;
	if (atc->held)
		atc->held_tail->next = tlp;
	else
		atc->held = tlp;
	atc->held_tail = tlp;
	pcie_atc_advance(fn);
	return true;
}

/* ---- invalidations ---- */

static void answer_sent(struct tlp *tlp, uint64_t now)
{
	CONTAINER_OF(tlp, struct atc_invalidation, tlp)->sending = false;
}

static void answer(struct pcie_function *fn, struct atc_invalidation *invalidation)
{
	invalidation->busy = false;
	invalidation->sending = true;
	pcie_function_send(fn, &invalidation->tlp);
}

void pcie_atc_done(struct pcie_function *fn, struct tlp *tlp)
{
	struct atc *atc = fn->atc;

	tlp->at = TLP_AT_UNTRANSLATED;
	tlp->ats.cached = false;
	tlp->addr = tlp->ats.iova;
	if (tlp->type != TLP_MRD || tlp->discarded)
		return;
	atc->reads--;
	for (uint32_t i = 0; i < ATS_INVALIDATE_TAGS; i++) {
		struct atc_invalidation *waits = &atc->invalidation[i];

		if (waits->busy && (int32_t)(waits->mark - tlp->ats.mark) > 0 && !--waits->reads)
			answer(fn, waits);
	}
}

static bool is_meant(const struct tlp *tlp, const struct atc_space *space, uint64_t first,
		     uint64_t last)
{
	uint64_t from = tlp->addr;
	uint64_t to = tlp->ats.shift >= 64 ? UINT64_MAX : from + (BIT(tlp->ats.shift) - 1);

	if (first > to || last < from || tlp->pasid_valid != space->pasid_valid)
		return false;
	return !tlp->pasid_valid || tlp->ats.global || tlp->pasid == space->pasid;
}

static void drop(struct atc *atc, const struct tlp *tlp)
{
	for (uint32_t i = 0; i < atc->sets * ways(atc); i++) {
		struct atc_line *line = &atc->line[i];

		if (line->valid &&
		    is_meant(tlp, &line->space, line->iova, line->iova + (BIT(line->shift) - 1)))
			line->valid = false;
	}
	for (uint32_t i = 0; i < pages(atc); i++) {
		struct atc_page *page = &atc->page[i];

		if (page->state == ATC_PAGE_TRANSLATING &&
		    is_meant(tlp, &page->space, page->iova, page->iova | PAGE_MASK))
			page->stale = true;
	}
}

/* An ITag that is still in use: the requester has given up on it. The later one is answered. */
static void invalidate(struct pcie_function *fn, const struct tlp *tlp)
{
	struct atc *atc = fn->atc;
	struct atc_invalidation *invalidation =
		&atc->invalidation[tlp->ats.tag % ATS_INVALIDATE_TAGS];

	drop(atc, tlp);
	if (invalidation->sending)
		return;
	invalidation->busy = true;
	invalidation->mark = ++atc->mark;
	invalidation->reads = atc->reads;
	invalidation->tlp = (struct tlp){
		.type = TLP_INVALIDATED,
		.ats.tag = tlp->ats.tag,
		.done = answer_sent,
	};
	if (!atc->reads)
		answer(fn, invalidation);
}

void pcie_atc_message(struct pcie_function *fn, struct tlp *tlp)
{
	if (tlp->type == TLP_PAGE_RESPONSE)
		pcie_pri_response(fn, tlp);
	else if (fn->atc->enabled)
		invalidate(fn, tlp);
	else
		tlp->status = TLP_UR; /* 10.5.1.3: as without ATS */
}

/* ---- life ---- */

/* Disabling forgets everything (10.5.1.3); what is held goes untranslated. */
void pcie_atc_control_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct pcie_function *fn = owner;

	fn->atc->enabled = now & ATS_ENABLE;
	if (!fn->atc->enabled)
		drop_all(fn->atc);
	pcie_atc_advance(fn);
}

static void retire(struct atc_page *page)
{
	struct pcie_device *device = page->fn->device;

	if (page->state == ATC_PAGE_REQUESTED)
		device->page_requests--;
	if (page->state == ATC_PAGE_TRANSLATING || page->sending) {
		page->state = ATC_PAGE_TRANSLATING;
		page->dead = true;
	} else {
		calendar_cancel(&device->env.part.sim->calendar, &page->event);
		page->state = ATC_PAGE_FREE;
	}
}

void pcie_atc_reset(struct pcie_function *fn)
{
	struct atc *atc = fn->atc;
	struct tlp *held;

	if (!atc)
		return;
	held = atc->held;
	atc->held = NULL;
	atc->enabled = false;
	atc->reads = 0;
	drop_all(atc);
	for (uint32_t i = 0; i < pages(atc); i++)
		if (atc->page[i].state != ATC_PAGE_FREE)
			retire(&atc->page[i]);
	for (uint32_t i = 0; i < ATS_INVALIDATE_TAGS; i++)
		atc->invalidation[i].busy = false;
	while (held) {
		struct tlp *next = held->next;

		pcie_function_refuse(fn, held);
		held = next;
	}
}

static void fire(struct event *event, uint64_t now)
{
	pcie_atc_translate(CONTAINER_OF(event, struct atc_page, event));
}

int pcie_atc_init(struct pcie_function *fn)
{
	const struct pcie_device_cfg *cfg = &fn->device->cfg;
	struct atc *atc;

	if (!cfg->ats)
		return 0;
	atc = calloc(1, sizeof(*atc));
	if (!atc)
		return -ENOMEM;
	fn->atc = atc;
	atc->fn = fn;
	atc->sets = cfg->atc_entries / cfg->atc_ways;
	atc->line = calloc((size_t)atc->sets * cfg->atc_ways, sizeof(atc->line[0]));
	atc->page = calloc(cfg->atc_pages, sizeof(atc->page[0]));
	if (!atc->line || !atc->page)
		return -ENOMEM;
	for (uint32_t i = 0; i < cfg->atc_pages; i++) {
		atc->page[i].fn = fn;
		event_init(&atc->page[i].event, fire);
	}
	return 0;
}

void pcie_atc_fini(struct pcie_function *fn)
{
	if (!fn->atc)
		return;
	free(fn->atc->line);
	free(fn->atc->page);
	free(fn->atc);
}
