/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOPT_PAGES_H
#define VFSIM_IOPT_PAGES_H

/*
 * Memory that a program gave to an IOAS: by address or by file. Several areas
 * may show it; a page is pinned once however many do. Linux: pages.c there.
 */

#include "uapi/pin.h"

struct iopt_area;

enum iopt_source { IOPT_USER, IOPT_FILE };

/* A pinned part of the pages, from page `first` on. */
struct iopt_segment {
	uint64_t first;
	struct pin_segment pin;
};

struct iopt_pages {
	struct uapi_kernel *kernel;
	uint32_t refs;
	enum iopt_source source;
	struct uapi_process *process; /* who gave it, and is charged; referenced */
	uint64_t user_va;             /* page aligned */
	struct uapi_file *file;       /* referenced */
	uint64_t file_start;          /* page aligned */
	uint64_t count;               /* pages */
	bool writable;
	uint32_t account;             /* enum account_mode */
	struct iopt_segment *segment; /* while pinned */
	uint32_t segments, segment_capacity;
	struct iopt_area *areas; /* that show it */
	uint64_t pinned;
};

/* -ENOMEM, -EINVAL (no length), -EOVERFLOW */
int iopt_pages_user(struct uapi_process *process, uint64_t va, uint64_t length, bool writable,
		    struct iopt_pages **pages);
int iopt_pages_file(struct uapi_process *process, struct uapi_file *file, uint64_t start,
		    uint64_t length, bool writable, struct iopt_pages **pages);
void iopt_pages_get(struct iopt_pages *pages);
void iopt_pages_put(struct iopt_pages *pages, struct actor *self);

/* Pin what `area` shows. -EFAULT (no memory there), -EINVAL (not a memfd, beyond it), -ENOMEM. */
int iopt_pages_pin(struct iopt_pages *pages, struct iopt_area *area);
void iopt_pages_unpin(struct iopt_pages *pages, struct iopt_area *area);

/* The frames from page `index` on, at most `limit`. Pinned pages only. */
struct uapi_run iopt_pages_run(const struct iopt_pages *pages, uint64_t index, uint64_t limit);

/* Let `process` have given these pages. One user owns all processes: only VmPin moves. */
void iopt_pages_change_process(struct iopt_pages *pages, struct uapi_process *process);

#endif
