/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_AVF_IOMMUFD_H
#define VFSIM_COSIM_AVF_IOMMUFD_H

/* An AVF function by its cdev and iommufd. A step that fails says so and ends the program. */
#include "cosim/guests/programs/avf/avf.h"

struct user {
	struct avf avf;
	int iommufd; /* 0: it is opened */
	uint32_t device_id, ioas_id;
};

void user_open(struct user *user, const char *cdev);
/* By pages, so that a bit of a report is one of them. */
void user_make_ioas(struct user *user);
/* `flags`: IOMMU_HWPT_ALLOC_...; returns its ID. */
uint32_t user_make_domain(struct user *user, uint32_t flags);
/* To a domain or, with one of the kernel's own, to the IOAS. */
void user_attach(struct user *user, uint32_t domain);
/* All memory, at MEMORY_IOVA. */
void user_map(struct user *user);

#endif
