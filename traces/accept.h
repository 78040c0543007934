/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_ACCEPT_H
#define VFSIM_TRACES_ACCEPT_H

/*
 * An accept list: where a recording is known to be wrong. Whoever recorded
 * answered some calls otherwise than the kernel would; each entry names call
 * and field, what was recorded and what is right, and why. Nothing else is
 * accepted.
 *
 *	- call: IOMMU_GET_HW_INFO
 *	  field: out.out_data_type
 *	  recorded: 0
 *	  right: 2
 *	  reason: the recording's machine had no Arm SMMUv3
 */

#include "traces/compare.h"

#ifdef __cplusplus
extern "C" {
#endif

struct trace_accept_entry {
	char *call;
	char *field;
	char *recorded; /* as JSON, or "-1 (ENOTTY)" for a result */
	char *right;
	char *reason;
	uint32_t met; /* how often it accepted a difference; not in the file */
};

struct trace_accept_list {
	struct trace_accept_entry *entry;
	uint32_t count;
};

/* -EINVAL or -errno; *error says "FILE:LINE: …". An empty list is not an error. */
int trace_accept_load(struct trace_accept_list *list, const char *path, char *error,
		      size_t error_size);
void trace_accept_release(struct trace_accept_list *list);

/* An acceptor that counts in the list which entries were met. */
struct trace_acceptor trace_accept_acceptor(struct trace_accept_list *list);

#ifdef __cplusplus
}
#endif
#endif
