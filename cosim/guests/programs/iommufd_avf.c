/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's own user-space driver: it has an AVF function by its cdev and iommufd, in a domain that
 * tracks what the device makes dirty, and compares what the kernel reports with what the device has
 * written.
 *
 *   iommufd_avf CDEV dirty ROUNDS moving|still
 *
 * A round is one message to the PF and its answer: the device writes three pages, and reads one.
 * `moving`: other pages in each round; `still`: the same ones. Between rounds the kernel reports
 * and clears. It prints how many of the pages written were reported, how many were missing, and how
 * many were reported though nobody wrote them.
 *
 *   iommufd_avf CDEV pasid
 *
 * Attaches PASID 1 to a domain of its own, moves it to another, detaches it; the function's own
 * domain serves its DMA all the while. It prints what the kernel says to each.
 *
 * uAPI: linux/iommufd.h and linux/vfio.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/iommufd.h>
#include <linux/vfio.h>

#include "cosim/guests/programs/avf/iommufd.h"

#define PAGES_MOST 256u

static void require_tracking(struct user *user)
{
	struct iommu_hw_info info = {.size = sizeof(info), .dev_id = user->device_id};

	if (ioctl(user->iommufd, IOMMU_GET_HW_INFO, &info))
		die("hardware's information");
	require(info.out_capabilities & IOMMU_HW_CAP_DIRTY_TRACKING, "the SMMU does not track");
}

static void track(struct user *user, uint32_t domain)
{
	struct iommu_hwpt_set_dirty_tracking set = {
		.size = sizeof(set), .flags = IOMMU_HWPT_DIRTY_TRACKING_ENABLE, .hwpt_id = domain};

	if (ioctl(user->iommufd, IOMMU_HWPT_SET_DIRTY_TRACKING, &set))
		die("dirty tracking");
}

/* A bit for each page; they are clean afterwards. */
static void report(struct user *user, uint32_t domain, uint64_t *bitmap)
{
	struct iommu_hwpt_get_dirty_bitmap get = {
		.size = sizeof(get),
		.hwpt_id = domain,
		.iova = MEMORY_IOVA,
		.length = (uint64_t)user->avf.pages * page_bytes(),
		.page_size = page_bytes(),
		.data = (uintptr_t)bitmap,
	};

	memset(bitmap, 0, PAGES_MOST / 8);
	if (ioctl(user->iommufd, IOMMU_HWPT_GET_DIRTY_BITMAP, &get))
		die("dirty bitmap");
}

/* ---- commands ---- */

static void place(struct avf *avf, uint32_t round)
{
	avf->atq = (7 * round) % avf->pages;
	avf->arq = (avf->atq + 1) % avf->pages;
	avf->send = (avf->atq + 2) % avf->pages;
	avf->receive = (avf->atq + 3) % avf->pages;
}

static bool is_written(const struct avf *avf, uint32_t page)
{
	return page == avf->atq || page == avf->arq || page == avf->receive;
}

static void dirty(struct user *user, uint32_t domain, uint32_t rounds, bool moving)
{
	uint64_t bitmap[PAGES_MOST / 64];
	uint32_t reported = 0, missing = 0, more = 0;

	track(user, domain);
	report(user, domain, bitmap); /* what the reset before it wrote */
	for (uint32_t round = 0; round < rounds; round++) {
		place(&user->avf, moving ? round : 0);
		avf_exchange_version(&user->avf);
		report(user, domain, bitmap);
		for (uint32_t page = 0; page < user->avf.pages; page++) {
			bool told = bitmap[page / 64] >> page % 64 & 1;
			bool written = is_written(&user->avf, page);

			reported += told && written;
			missing += written && !told;
			more += told && !written;
		}
	}
	printf("dirty: %u reported, %u missing, %u more\n", reported, missing, more);
}

/* "attach: yes", or why not. */
static bool tell(const char *step, int failed)
{
	printf("%s: %s\n", step, failed ? strerror(errno) : "yes");
	return !failed;
}

static bool attach_pasid(struct user *user, const char *step, uint32_t domain)
{
	struct vfio_device_attach_iommufd_pt to = {.argsz = sizeof(to),
						   .flags = VFIO_DEVICE_ATTACH_PASID,
						   .pt_id = domain,
						   .pasid = 1};

	return tell(step, ioctl(user->avf.device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &to));
}

static void detach_pasid(struct user *user)
{
	struct vfio_device_detach_iommufd_pt from = {
		.argsz = sizeof(from), .flags = VFIO_DEVICE_DETACH_PASID, .pasid = 1};

	tell("detach", ioctl(user->avf.device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &from));
}

/* Without one, an attachment succeeds and is nobody's. */
static void require_pasids(struct user *user)
{
	struct iommu_hw_info info = {.size = sizeof(info), .dev_id = user->device_id};

	if (ioctl(user->iommufd, IOMMU_GET_HW_INFO, &info))
		die("hardware's information");
	printf("PASIDs: %u bits\n", info.out_max_pasid_log2);
	require(info.out_max_pasid_log2, "the function has no PASIDs");
}

static void pasid(struct user *user)
{
	require_pasids(user);
	if (attach_pasid(user, "attach", user_make_domain(user, IOMMU_HWPT_ALLOC_PASID))) {
		avf_exchange_version(&user->avf);
		attach_pasid(user, "replace", user_make_domain(user, IOMMU_HWPT_ALLOC_PASID));
		detach_pasid(user);
	}
	place(&user->avf, 1);
	avf_exchange_version(&user->avf);
}

int main(int argc, char **argv)
{
	struct user user = {.avf = {.pages = PAGES_MOST}};
	uint32_t domain;

	require(argc >= 3, "CDEV dirty ROUNDS moving|still, CDEV pasid");
	user_open(&user, argv[1]);
	user_make_ioas(&user);
	require_tracking(&user);
	domain = user_make_domain(&user, IOMMU_HWPT_ALLOC_DIRTY_TRACKING | IOMMU_HWPT_ALLOC_PASID);
	user_attach(&user, domain);
	avf_begin(&user.avf);
	user_map(&user);
	place(&user.avf, 0);
	if (!strcmp(argv[2], "dirty") && argc == 5)
		dirty(&user, domain, (uint32_t)strtoul(argv[3], NULL, 0),
		      !strcmp(argv[4], "moving"));
	else if (!strcmp(argv[2], "pasid"))
		pasid(&user);
	else
		require(false, "no such command");
	return 0;
}
