/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's own user-space driver: it has an AVF function by vfio-pci (group, container, type 1),
 * speaks as much as one message to its PF takes, and provokes faults.
 *
 *   vfio_avf GROUP ADDRESS COMMAND
 *
 *   version         reset; VERSION is sent and answered by DMA, an interrupt tells of it; twice
 *   unmapped IOVA   its send queue is at an IOVA that is not mapped
 *   read-only IOVA  its send queue is at an IOVA where it may read, and writes
 *   storm IOVA N    unmapped, N times, before anybody on this CPU can look at the events
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "cosim/guests/programs/avf/avf.h"

struct user {
	struct avf avf;
	int container, group;
};

static void map(struct user *user, uint32_t page, uint32_t pages, uint64_t iova, uint32_t flags)
{
	struct vfio_iommu_type1_dma_map dma = {
		.argsz = sizeof(dma),
		.flags = flags,
		.vaddr = (uintptr_t)(user->avf.memory + page * page_bytes()),
		.iova = iova,
		.size = (uint64_t)pages * page_bytes(),
	};

	if (ioctl(user->container, VFIO_IOMMU_MAP_DMA, &dma))
		die("map");
}

static void open_device(struct user *user, const char *group, const char *address)
{
	char path[64];

	user->container = open("/dev/vfio/vfio", O_RDWR);
	snprintf(path, sizeof(path), "/dev/vfio/%s", group);
	user->group = open(path, O_RDWR);
	if (user->container < 0 || user->group < 0)
		die(path);
	if (ioctl(user->group, VFIO_GROUP_SET_CONTAINER, &user->container))
		die("container");
	if (ioctl(user->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		die("type 1");
	user->avf.device = ioctl(user->group, VFIO_GROUP_GET_DEVICE_FD, address);
	if (user->avf.device < 0)
		die(address);
}

/* ---- commands ---- */

static void version(struct user *user)
{
	map(user, 0, user->avf.pages, MEMORY_IOVA,
	    VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	for (uint32_t i = 0; i < 2; i++) {
		avf_reset(&user->avf);
		avf_exchange_version(&user->avf);
	}
}

static void unmapped(struct user *user, uint64_t iova)
{
	avf_send_version(&user->avf, iova);
	usleep(300000);
}

static void read_only(struct user *user, uint64_t iova)
{
	struct avf *avf = &user->avf;

	map(user, avf->atq, 1, iova, VFIO_DMA_MAP_FLAG_READ);
	map(user, avf->send, 1, MEMORY_IOVA + avf->send * page_bytes(), VFIO_DMA_MAP_FLAG_READ);
	avf_send_version(avf, iova);
	usleep(300000);
	require(!(avf_ring(avf, avf->atq)->flags & FLAG_DD), "the device wrote where it may not");
}

static void storm(struct user *user, uint64_t iova, uint32_t times)
{
	const struct sched_param above_all = {.sched_priority = 99};

	/* The driver's thread that reads events is at 50. */
	if (sched_setscheduler(0, SCHED_FIFO, &above_all))
		die("priority");
	for (uint32_t i = 0; i < times; i++)
		avf_send_version(&user->avf, iova);
	(void)avf_read(&user->avf, VFGEN_RSTAT);
}

int main(int argc, char **argv)
{
	struct user user = {.avf = {.pages = 4, .atq = 0, .arq = 1, .send = 2, .receive = 3}};
	uint64_t iova = argc > 4 ? strtoull(argv[4], NULL, 0) : 0;

	require(argc >= 4, "GROUP ADDRESS version|unmapped IOVA|read-only IOVA|storm IOVA N");
	open_device(&user, argv[1], argv[2]);
	avf_begin(&user.avf);
	if (!strcmp(argv[3], "version"))
		version(&user);
	else if (!strcmp(argv[3], "unmapped"))
		unmapped(&user, iova);
	else if (!strcmp(argv[3], "read-only"))
		read_only(&user, iova);
	else if (!strcmp(argv[3], "storm") && argc > 5)
		storm(&user, iova, (uint32_t)strtoul(argv[5], NULL, 0));
	else
		require(false, "no such command");
	return 0;
}
