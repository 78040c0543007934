/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_TLP_H
#define VFSIM_MODEL_PCIE_TLP_H

/*
 * Transaction layer packets as the blocks hand them on (PCI Express Base
 * Specification, chapter 2). One struct tlp is one request and, for
 * non-posted types, its completion too: it belongs to the requester until
 * `done`, travels down as a request and back as the completion.
 *
 * For a posted write `done` says that the target has taken the bytes, so the
 * buffer may be reused. It is bookkeeping of the model: a requester must not
 * act on it, nor on the status of a write, as if the fabric had told it.
 */

#include "base/port.h"

#ifdef __cplusplus
extern "C" {
#endif

enum tlp_type {
	TLP_MRD,
	TLP_MWR,
	TLP_CFGRD,
	TLP_CFGWR,
	/* Messages of ATS and PRI, chapter 10. Down to `completer_id`: */
	TLP_INVALIDATE,    /* Invalidate Request */
	TLP_PAGE_RESPONSE, /* PRG Response */
	/* Up: */
	TLP_INVALIDATED, /* Invalidate Completion */
	TLP_PAGE_REQUEST,
	TLP_ERROR, /* ERR_COR, ERR_NONFATAL, ERR_FATAL: `error` says which (2.2.8.3) */
};

/* Completion status, section 2.2.9. */
enum tlp_status {
	TLP_SC = 0,
	TLP_UR = 1,
	TLP_CRS = 2,
	TLP_CA = 4,
	/* A requester's own, on no wire: what came is nothing to use, or nothing came. */
	TLP_TIMED_OUT = 8,
	TLP_POISONED = 9,
};

/* Address type, section 2.2.4.1. */
#define TLP_AT_UNTRANSLATED 0u
#define TLP_AT_REQUEST      1u /* a read that asks for a translation */
#define TLP_AT_TRANSLATED   2u

/* What ATS and PRI say beyond a request's address and PASID. */
struct tlp_ats {
	bool direct;      /* an access that is not to be translated by the device: MSI-X */
	bool denied;      /* out: it was never sent, its translation does not permit it */
	bool no_write;    /* translation request: NW */
	bool global;      /* invalidation: Global Invalidate */
	bool read, write; /* page request */
	bool last;        /* page request: of its group */
	uint8_t shift;    /* invalidation: log2 of its bytes */
	uint8_t code;     /* PRG response: enum prg_code */
	uint16_t tag;     /* invalidations: ITag; page requests and responses: group index */
	bool cached;      /* the function's ATC translated it */
	uint64_t iova;    /* translated access: the address that it was translated from */
	uint32_t mark;    /* the device's: invalidations that came before it */
};

struct tlp {
	enum tlp_type type;
	enum tlp_status status;
	uint16_t requester_id; /* bus:8 device:5 function:3 (ARI: function:8) */
	uint16_t completer_id; /* target of a configuration request; of a completion its sender */
	bool pasid_valid;
	bool privileged;
	bool execute;
	uint8_t at; /* address type, TLP_AT_* */
	/*
	 * Attributes of ordering (2.2.6.4): a requester says what its request may have, and
	 * the function sends what Device Control lets it. A completion's RO is its request's,
	 * IDO its completer's.
	 */
	bool relaxed, id_ordered;
	uint8_t error; /* TLP_ERROR: enum pcie_error_message (aer.h) */
	uint32_t pasid;
	struct tlp_ats ats;
	uint64_t addr; /* configuration requests: byte offset in the function's space */
	uint32_t len_bytes;
	void *data; /* the requester's buffer, as in struct bus_req */
	void (*done)(struct tlp *tlp, uint64_t now);

	/*
	 * Out, with `done`: the function that sent it was reset meanwhile. The
	 * object and its buffer are the requester's again; what it asked for is
	 * no longer wanted and what came back means nothing.
	 */
	bool discarded;

	/*
	 * What its senders' registers allow, for the link to count TLPs by; 0: the
	 * link's own. Of a read `max_payload` is its completer's.
	 */
	uint16_t max_payload;
	uint16_t max_read_request;
	uint16_t completion_boundary;

	/* A configuration request for a bus beyond the link's own (7.3.3). */
	bool type1;
	/* A function's request that a port turned around, to a function beside it. */
	bool peer;
	bool poisoned; /* EP: its data is not to be believed (2.7.2) */
	/* With `done`: it did not get there, or its completion did not come back, so none will. */
	bool lost;
	uint64_t sent_ps;

	/* For the block that holds the TLP. */
	struct event event;
	void *owner;
	struct tlp *next;
	bool completing; /* the link's: its completion is what travels */
	bool arrived;
	uint32_t link_downs; /* how often it had been down */
	struct bus_req bus;  /* the root port's, for the host side of a DMA */

	/* The answering device's, while it holds a request: its resets then. */
	uint32_t device_resets;

	/* The sending function's (function.h), from pcie_function_send to `done`. */
	void (*requester_done)(struct tlp *tlp, uint64_t now);
	void *function;
	uint32_t function_resets;
};

static inline bool tlp_is_posted(const struct tlp *tlp)
{
	return tlp->type == TLP_MWR || tlp->type > TLP_CFGWR;
}

/*
 * One end of a link, as seen by whoever sends into it. `request` passes a
 * request that arrives now; `completion` passes a finished non-posted request
 * back towards its requester. A block offers such a port as its ingress and is
 * given its neighbour's as its egress. A link always lies between a requester
 * and its target and delivers what goes down by an event, so a device may call
 * `done` of a posted write from `request`; a root port may not.
 */
struct tlp_port {
	void *ctx;
	void (*request)(void *ctx, struct tlp *tlp);
	void (*completion)(void *ctx, struct tlp *tlp);
};

/* Requester ID (PCIe 2.2.6.2), and what a human reads. */
#define PCIE_RID(bus, dev, fn) ((uint16_t)((bus) << 8 | (dev) << 3 | (fn)))

#ifdef __cplusplus
}
#endif
#endif
