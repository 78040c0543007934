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
 *
 * Registers: Intel's Adaptive Virtual Function specification; the admin queue's descriptor and
 * opcodes: its chapter on the mailbox.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/vfio.h>

enum {
	VFGEN_RSTAT = 0x8800,
	VFINT_DYN_CTL01 = 0x5c00,
	VFINT_ICR0_ENA1 = 0x5000,
	VFINT_ICR01 = 0x4800,
	RSTAT_COMPLETED = 1,
	RSTAT_VFACTIVE = 2,
	ICR0_ADMINQ = 1 << 30,
	INTENA_NOITR = 0x19,
};

struct queue_regs {
	uint32_t bal, bah, head, tail, len;
};

static const struct queue_regs atq_regs = {0x7c00, 0x7800, 0x6400, 0x8400, 0x6800};
static const struct queue_regs arq_regs = {0x6c00, 0x6000, 0x7400, 0x7000, 0x8000};

#define QUEUE_ENABLE  (1u << 31)
#define QUEUE_ENTRIES 32u
#define PAGE          4096u

struct descriptor {
	uint16_t flags, opcode, datalen, retval;
	uint32_t cookie_high, cookie_low;
	uint32_t param0, param1, addr_high, addr_low;
};

enum {
	FLAG_DD = 1 << 0,
	FLAG_RD = 1 << 10,
	FLAG_BUF = 1 << 12,
	FLAG_SI = 1 << 13,
	SEND_MSG_TO_PF = 0x0801,
	SEND_MSG_TO_VF = 0x0802,
	VIRTCHNL_OP_VERSION = 1,
};

/* Where the pages of `memory` are to the device. */
enum { ATQ_PAGE, ARQ_PAGE, SEND_PAGE, RECEIVE_PAGE, PAGES };
#define MEMORY_IOVA 0x10000000ull

struct avf {
	int container, group, device, event;
	volatile uint8_t *bar;
	uint8_t *memory;
};

static void die(const char *what)
{
	fprintf(stderr, "vfio_avf: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "vfio_avf: %s\n", what);
	exit(1);
}

static uint32_t rd32(struct avf *avf, uint32_t reg)
{
	return *(volatile uint32_t *)(avf->bar + reg);
}

static void wr32(struct avf *avf, uint32_t reg, uint32_t value)
{
	__sync_synchronize();
	*(volatile uint32_t *)(avf->bar + reg) = value;
}

/* ---- VFIO ---- */

static void map(struct avf *avf, uint32_t page, uint32_t pages, uint64_t iova, uint32_t flags)
{
	struct vfio_iommu_type1_dma_map dma = {
		.argsz = sizeof(dma),
		.flags = flags,
		.vaddr = (uintptr_t)(avf->memory + page * PAGE),
		.iova = iova,
		.size = (uint64_t)pages * PAGE,
	};

	if (ioctl(avf->container, VFIO_IOMMU_MAP_DMA, &dma))
		die("map");
}

static void open_device(struct avf *avf, const char *group, const char *address)
{
	char path[64];

	avf->container = open("/dev/vfio/vfio", O_RDWR);
	snprintf(path, sizeof(path), "/dev/vfio/%s", group);
	avf->group = open(path, O_RDWR);
	if (avf->container < 0 || avf->group < 0)
		die(path);
	if (ioctl(avf->group, VFIO_GROUP_SET_CONTAINER, &avf->container))
		die("container");
	if (ioctl(avf->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		die("type 1");
	avf->device = ioctl(avf->group, VFIO_GROUP_GET_DEVICE_FD, address);
	if (avf->device < 0)
		die(address);
}

static void map_bar(struct avf *avf)
{
	struct vfio_region_info region = {.argsz = sizeof(region),
					  .index = VFIO_PCI_BAR0_REGION_INDEX};

	if (ioctl(avf->device, VFIO_DEVICE_GET_REGION_INFO, &region))
		die("BAR 0");
	avf->bar = mmap(NULL, region.size, PROT_READ | PROT_WRITE, MAP_SHARED, avf->device,
			(off_t)region.offset);
	if (avf->bar == MAP_FAILED)
		die("mmap of BAR 0");
}

static void set_bus_master(struct avf *avf)
{
	struct vfio_region_info config = {.argsz = sizeof(config),
					  .index = VFIO_PCI_CONFIG_REGION_INDEX};
	uint16_t command;

	if (ioctl(avf->device, VFIO_DEVICE_GET_REGION_INFO, &config))
		die("configuration space");
	if (pread(avf->device, &command, 2, (off_t)config.offset + 4) != 2)
		die("command");
	command |= 6;
	if (pwrite(avf->device, &command, 2, (off_t)config.offset + 4) != 2)
		die("command");
}

static void set_msix(struct avf *avf)
{
	uint8_t room[sizeof(struct vfio_irq_set) + 2 * sizeof(int32_t)] = {0};
	struct vfio_irq_set *set = (struct vfio_irq_set *)room;
	int32_t events[2] = {avf->event, -1};

	set->argsz = sizeof(room);
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = VFIO_PCI_MSIX_IRQ_INDEX;
	set->count = 2;
	memcpy(set->data, events, sizeof(events));
	if (ioctl(avf->device, VFIO_DEVICE_SET_IRQS, set))
		die("MSI-X");
}

static void reset(struct avf *avf)
{
	uint32_t tries = 1000, state;

	if (ioctl(avf->device, VFIO_DEVICE_RESET))
		die("reset");
	set_bus_master(avf);
	do {
		state = rd32(avf, VFGEN_RSTAT) & 3;
		usleep(1000);
	} while (state != RSTAT_COMPLETED && state != RSTAT_VFACTIVE && --tries);
	require(tries, "no end of the reset");
	require(!(rd32(avf, atq_regs.len) & QUEUE_ENABLE), "a reset leaves the send queue on");
}

/* ---- the mailbox ---- */

static void queue_begin(struct avf *avf, const struct queue_regs *regs, uint64_t iova,
			uint32_t tail)
{
	wr32(avf, regs->len, 0);
	wr32(avf, regs->head, 0);
	wr32(avf, regs->tail, 0);
	wr32(avf, regs->bal, (uint32_t)iova);
	wr32(avf, regs->bah, (uint32_t)(iova >> 32));
	wr32(avf, regs->len, QUEUE_ENABLE | QUEUE_ENTRIES);
	if (tail)
		wr32(avf, regs->tail, tail);
}

static struct descriptor *ring(struct avf *avf, uint32_t page)
{
	return (struct descriptor *)(avf->memory + page * PAGE);
}

static void receive_begin(struct avf *avf)
{
	*ring(avf, ARQ_PAGE) = (struct descriptor){
		.flags = FLAG_BUF,
		.datalen = 512,
		.addr_low = (uint32_t)MEMORY_IOVA + RECEIVE_PAGE * PAGE,
	};
	queue_begin(avf, &arq_regs, MEMORY_IOVA + ARQ_PAGE * PAGE, 1);
}

/* One message; where the device finds the ring is the caller's. */
static void send_version(struct avf *avf, uint64_t ring_iova)
{
	const uint32_t version[2] = {1, 1};

	memcpy(avf->memory + SEND_PAGE * PAGE, version, sizeof(version));
	*ring(avf, ATQ_PAGE) = (struct descriptor){
		.flags = FLAG_RD | FLAG_BUF | FLAG_SI,
		.opcode = SEND_MSG_TO_PF,
		.datalen = sizeof(version),
		.cookie_high = VIRTCHNL_OP_VERSION,
		.addr_low = (uint32_t)MEMORY_IOVA + SEND_PAGE * PAGE,
	};
	queue_begin(avf, &atq_regs, ring_iova, 1);
}

static bool comes_true(volatile uint16_t *flags)
{
	for (uint32_t i = 0; i < 2000; i++) {
		if (*flags & FLAG_DD)
			return true;
		usleep(1000);
	}
	return false;
}

static void exchange_version(struct avf *avf)
{
	struct pollfd poll_event = {.fd = avf->event, .events = POLLIN};
	uint32_t answer[2];
	uint64_t count;

	memset(avf->memory, 0, PAGES * PAGE);
	set_msix(avf);
	wr32(avf, VFINT_ICR0_ENA1, ICR0_ADMINQ);
	wr32(avf, VFINT_DYN_CTL01, INTENA_NOITR);
	receive_begin(avf);
	send_version(avf, MEMORY_IOVA + ATQ_PAGE * PAGE);

	require(comes_true(&ring(avf, ATQ_PAGE)->flags), "the message is not taken");
	require(comes_true(&ring(avf, ARQ_PAGE)->flags), "no answer");
	require(poll(&poll_event, 1, 2000) == 1, "no interrupt");
	require(read(avf->event, &count, sizeof(count)) == sizeof(count) && count,
		"no interrupt counted");
	require(rd32(avf, VFINT_ICR01) & ICR0_ADMINQ, "the interrupt has no cause");
	require(ring(avf, ARQ_PAGE)->opcode == SEND_MSG_TO_VF, "the answer is no message");
	require(ring(avf, ARQ_PAGE)->cookie_high == VIRTCHNL_OP_VERSION,
		"the answer is to something else");
	require(!ring(avf, ARQ_PAGE)->cookie_low, "the answer is an error");
	memcpy(answer, avf->memory + RECEIVE_PAGE * PAGE, sizeof(answer));
	require(answer[0] == 1 && answer[1] <= 1, "the PF's version is unknown");
	printf("version %u.%u, %llu interrupts\n", answer[0], answer[1], (unsigned long long)count);
}

/* ---- commands ---- */

static void version(struct avf *avf)
{
	map(avf, 0, PAGES, MEMORY_IOVA, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	for (uint32_t i = 0; i < 2; i++) {
		reset(avf);
		exchange_version(avf);
	}
}

static void unmapped(struct avf *avf, uint64_t iova)
{
	send_version(avf, iova);
	usleep(300000);
}

static void read_only(struct avf *avf, uint64_t iova)
{
	map(avf, ATQ_PAGE, 1, iova, VFIO_DMA_MAP_FLAG_READ);
	map(avf, SEND_PAGE, 1, MEMORY_IOVA + SEND_PAGE * PAGE, VFIO_DMA_MAP_FLAG_READ);
	send_version(avf, iova);
	usleep(300000);
	require(!(ring(avf, ATQ_PAGE)->flags & FLAG_DD), "the device wrote where it may not");
}

static void storm(struct avf *avf, uint64_t iova, uint32_t times)
{
	const struct sched_param above_all = {.sched_priority = 99};

	/* The driver's thread that reads events is at 50. */
	if (sched_setscheduler(0, SCHED_FIFO, &above_all))
		die("priority");
	for (uint32_t i = 0; i < times; i++)
		send_version(avf, iova);
	(void)rd32(avf, VFGEN_RSTAT);
}

int main(int argc, char **argv)
{
	struct avf avf = {0};
	uint64_t iova = argc > 4 ? strtoull(argv[4], NULL, 0) : 0;

	require(argc >= 4, "GROUP ADDRESS version|unmapped IOVA|read-only IOVA|storm IOVA N");
	open_device(&avf, argv[1], argv[2]);
	avf.event = eventfd(0, EFD_NONBLOCK);
	avf.memory =
		mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (avf.event < 0 || avf.memory == MAP_FAILED)
		die("memory");
	map_bar(&avf);
	reset(&avf);
	if (!strcmp(argv[3], "version"))
		version(&avf);
	else if (!strcmp(argv[3], "unmapped"))
		unmapped(&avf, iova);
	else if (!strcmp(argv[3], "read-only"))
		read_only(&avf, iova);
	else if (!strcmp(argv[3], "storm") && argc > 5)
		storm(&avf, iova, (uint32_t)strtoul(argv[5], NULL, 0));
	else
		require(false, "no such command");
	return 0;
}
