/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_ATC_INTERNAL_H
#define VFSIM_MODEL_PCIE_ATC_INTERNAL_H

/* A function's address translation cache (atc.c) and its page requests (pri.c). */

#include "base/ats.h"
#include "model/pcie/device_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whose address it is, and for which privilege: the PASID prefix. */
struct atc_space {
	bool pasid_valid;
	bool privileged;
	uint32_t pasid;
};

struct atc_line {
	bool valid;
	uint8_t shift;
	struct atc_space space;
	uint64_t iova, pa;
	uint64_t granted; /* ATS_READ, ATS_WRITE, ATS_EXECUTE */
	uint64_t used;
};

enum atc_page_state {
	ATC_PAGE_FREE,
	ATC_PAGE_TRANSLATING, /* a translation request is under way */
	ATC_PAGE_WAITING,     /* for room in the allocation of page requests, or to ask again */
	ATC_PAGE_REQUESTED,   /* a page request is under way */
};

/* A page that accesses wait for. */
struct atc_page {
	struct pcie_function *fn;
	enum atc_page_state state;
	bool write;
	bool stale; /* invalidated meanwhile: what the request brings must not be used */
	bool dead;  /* the function was reset: free it when its TLP is done */
	bool sending;
	uint16_t group;
	uint32_t attempts;
	struct atc_space space;
	uint64_t iova;
	struct tlp tlp;
	uint8_t entry[ATS_ENTRY_BYTES];
	struct event event;
};

/* An invalidation that waits for reads with the old translation. */
struct atc_invalidation {
	bool busy;
	bool sending;
	uint32_t mark;  /* reads sent before it carry a smaller one */
	uint32_t reads; /* those of them that are not done */
	struct tlp tlp;
};

struct atc {
	struct pcie_function *fn;
	bool enabled;
	struct atc_line *line; /* sets * ways */
	uint32_t sets;
	uint64_t clock;
	uint64_t shifts; /* sizes that a look-up must try */

	struct tlp *held, *held_tail; /* in order; those that may not pass each other do not */
	bool advancing, again;
	struct atc_page *page; /* cfg.atc_pages */

	uint32_t mark;  /* counts invalidations */
	uint32_t reads; /* under way with a translated address */
	struct atc_invalidation invalidation[ATS_INVALIDATE_TAGS];
	uint16_t next_group;
};

/* Look at what is held again. */
void pcie_atc_advance(struct pcie_function *fn);
/* Ask for the page's translation (again). */
void pcie_atc_translate(struct atc_page *page);
/* Nothing will permit what waits for this page. */
void pcie_atc_deny(struct atc_page *page);
/* The page's accesses need no longer wait for it. */
void pcie_atc_free_page(struct atc_page *page);
/* The PASID prefix of a TLP. */
void pcie_atc_prefix(struct tlp *tlp, const struct atc_space *space);

#ifdef __cplusplus
}
#endif
#endif
