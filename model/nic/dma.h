/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_DMA_H
#define VFSIM_MODEL_NIC_DMA_H

/*
 * The NIC's DMA engine. A job is one transfer of a function: it is cut at 4 KiB
 * boundaries into TLPs, which take tags and leave at the engine's issue rate.
 * Jobs leave in the order in which they were submitted, interrupts among them:
 * so a write, the write-back after it and the MSI-X that announces them reach
 * the link in that order.
 */

#include "model/nic/dma_log.h"
#include "model/pcie/function.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DMA_INLINE_BYTES 256u
#define DMA_HELD         8u

struct dma_engine;
struct packet;

enum dma_kind { DMA_READ, DMA_WRITE, DMA_MSIX };

/* What a function may count of its own transfers. */
struct dma_function {
	struct pcie_function *pcie;
	uint32_t outstanding; /* jobs submitted and not done */
	uint32_t generation;  /* bumped by a reset: older jobs are void */
	struct dma_log *log;  /* of its writes; NULL: it logs none */
	uint32_t fenced;      /* writes in flight that a fence waits for */
	uint64_t unlogged;    /* a planted fault: an address in a page left out of the log, + 1 */
};

/*
 * A job from the engine's pool. The submitter fills function, kind, iova,
 * len_bytes, data, done and owner; `data` may be `inline_data`. The engine
 * takes the job back after `done` returned.
 */
struct dma_job {
	struct dma_function *function;
	enum dma_kind kind;
	bool failed; /* a TLP ended other than Successful Completion */
	bool stale;  /* the function was reset since: `owner` may be gone */
	uint32_t len_bytes;
	bool announces;  /* DMA_WRITE: the next interrupt `vector` announces the bytes */
	uint32_t vector; /* DMA_MSIX: to be raised */
	bool tagged;     /* `iova` is of the address space `pasid` */
	uint32_t pasid;
	uint64_t iova;
	void *data;
	void (*done)(struct dma_job *job, uint64_t now); /* may be NULL */
	void *owner;
	struct packet *packet;         /* a reference that lives as long as the job; may be NULL */
	struct packet *held[DMA_HELD]; /* references that the submitter puts when it is done */
	uint32_t held_count;
	uint32_t user; /* the submitter's */

	/* The engine's. */
	uint32_t generation;
	uint32_t issued_bytes;
	uint32_t parts_in_flight;
	struct dma_job *next;
	struct dma_engine *engine;
	uint8_t inline_data[DMA_INLINE_BYTES];
};

/* A cleared job of the pool (but for inline_data). Pools are sized so that it never runs dry. */
struct dma_job *dma_job_get(struct dma_engine *engine, struct dma_function *function,
			    enum dma_kind kind);
void dma_submit(struct dma_job *job);

/*
 * Have the function's writes, as far as they were sent, landed? False: the
 * engine's `landed` follows when they have. A new fence replaces one that waits.
 */
bool dma_fence(struct dma_engine *engine, struct dma_function *function);

/* Raise `vector` after all that was submitted before. */
void dma_raise(struct dma_engine *engine, struct dma_function *function, uint32_t vector);

#ifdef __cplusplus
}
#endif
#endif
