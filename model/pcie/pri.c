/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page requests (PCI Express Base Specification, 10.4): what a translation
 * request did not get, the function asks of software, as many pages as the PF's
 * allocation permits, those that are asked for together as one group. A group's
 * response sends them back for a translation.
 */
#include "model/pcie/atc_internal.h"

#define GROUP_MASK BITS(8, 0)

static bool is_enabled(const struct pcie_device *device)
{
	return device->cfg.pri && !device->page_requests_failed &&
	       (pcie_config_get(&device->function[0], AT_PRI + PRI_CONTROL) & PRI_ENABLE);
}

static uint32_t room(const struct pcie_device *device)
{
	uint64_t allocation = pcie_config_get(&device->function[0], AT_PRI + PRI_ALLOCATION);
	uint32_t most = (uint32_t)MIN(allocation, device->cfg.page_requests);

	return most > device->page_requests ? most - device->page_requests : 0;
}

static void set_status(struct pcie_device *device, uint64_t bit)
{
	struct pcie_function *pf = &device->function[0];

	pcie_config_set(pf, AT_PRI + PRI_CONTROL, pcie_config_get(pf, AT_PRI + PRI_CONTROL) | bit);
}

static bool waits(const struct atc_page *page)
{
	return page->state == ATC_PAGE_WAITING && !event_pending(&page->event);
}

/* The next page that waits and may be in a group with `with`, a group has one PASID; NULL: any. */
static struct atc_page *next_waiting(struct pcie_function *fn, const struct atc_page *with)
{
	for (uint32_t i = 0; i < fn->device->cfg.atc_pages; i++) {
		struct atc_page *page = &fn->atc->page[i];

		if (waits(page) && (!with || (page->space.pasid_valid == with->space.pasid_valid &&
					      page->space.pasid == with->space.pasid)))
			return page;
	}
	return NULL;
}

static void sent(struct tlp *tlp, uint64_t now)
{
	struct atc_page *page = CONTAINER_OF(tlp, struct atc_page, tlp);

	page->sending = false;
	if (page->dead)
		pcie_atc_free_page(page);
}

static void send(struct atc_page *page, uint16_t group, bool last)
{
	struct tlp *tlp = &page->tlp;

	page->group = group;
	page->sending = true;
	*tlp = (struct tlp){
		.type = TLP_PAGE_REQUEST,
		.ats = {.read = true, .write = page->write, .last = last, .tag = group},
		.addr = page->iova,
		.done = sent,
	};
	pcie_atc_prefix(tlp, &page->space);
	pcie_function_send(page->fn, tlp);
}

/* One group of what the function has waiting; false: nothing, or no room. */
static bool send_group(struct pcie_function *fn)
{
	struct pcie_device *device = fn->device;
	uint32_t left = room(device);
	struct atc_page *page = left ? next_waiting(fn, NULL) : NULL;
	uint16_t group;

	if (!page)
		return false;
	group = fn->atc->next_group++ & GROUP_MASK;
	while (page) {
		struct atc_page *next;

		page->state = ATC_PAGE_REQUESTED;
		device->page_requests++;
		next = --left ? next_waiting(fn, page) : NULL;
		send(page, group, !next);
		page = next;
	}
	return true;
}

static void give_up(struct pcie_function *fn)
{
	struct atc_page *page;

	while ((page = next_waiting(fn, NULL)))
		pcie_atc_deny(page);
}

void pcie_pri_flush(struct pcie_device *device)
{
	for (uint32_t f = 0; f < device->functions; f++) {
		struct pcie_function *fn = &device->function[f];

		if (!is_enabled(device))
			give_up(fn);
		while (is_enabled(device) && send_group(fn))
			;
	}
}

bool pcie_pri_ask(struct pcie_function *fn, struct atc_page *page)
{
	if (!is_enabled(fn->device))
		return false;
	page->state = ATC_PAGE_WAITING;
	pcie_pri_flush(fn->device);
	return true;
}

/* The pages are there, it is said. One that is asked for again and again must let time pass. */
static void try_again(struct atc_page *page)
{
	struct sim *sim = page->fn->device->env.part.sim;

	page->state = ATC_PAGE_WAITING;
	if (page->attempts++)
		sim_after(sim, &page->event, page->fn->device->cfg.page_retry_ps);
	else
		pcie_atc_translate(page);
}

void pcie_pri_response(struct pcie_function *fn, const struct tlp *tlp)
{
	struct pcie_device *device = fn->device;
	bool expected = false;

	if (tlp->ats.code == PRG_FAILURE) {
		set_status(device, PRI_RESPONSE_FAILURE);
		device->page_requests_failed = true;
	}
	for (uint32_t i = 0; i < device->cfg.atc_pages; i++) {
		struct atc_page *page = &fn->atc->page[i];

		if (page->state != ATC_PAGE_REQUESTED || page->group != tlp->ats.tag)
			continue;
		expected = true;
		device->page_requests--;
		if (tlp->ats.code == PRG_SUCCESS)
			try_again(page);
		else
			pcie_atc_deny(page);
	}
	if (!expected)
		set_status(device, PRI_UNEXPECTED_GROUP);
	pcie_pri_flush(device);
}

void pcie_pri_control_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct pcie_function *pf = owner;

	/* Reset reads as 0 and counts only while disabled, 10.5.2.3. */
	pcie_config_set(pf, AT_PRI + PRI_CONTROL,
			pcie_config_get(pf, AT_PRI + PRI_CONTROL) & ~PRI_RESET);
	if (~before & now & PRI_ENABLE)
		pf->device->page_requests_failed = false;
	pcie_pri_flush(pf->device);
}

void pcie_pri_allocation_written(void *owner, uint32_t index, uint64_t before, uint64_t now)
{
	struct pcie_function *pf = owner;

	pcie_pri_flush(pf->device);
}
