/* SPDX-License-Identifier: Apache-2.0 */
#include "cosim/guests/programs/avf/avf.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/vfio.h>

void die(const char *what)
{
	fprintf(stderr, "avf: %s: %s\n", what, strerror(errno));
	exit(1);
}

void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "avf: %s\n", what);
	exit(1);
}

uint32_t avf_read(struct avf *avf, uint32_t reg)
{
	return *(volatile uint32_t *)(avf->bar + reg);
}

static void avf_write(struct avf *avf, uint32_t reg, uint32_t value)
{
	__sync_synchronize();
	*(volatile uint32_t *)(avf->bar + reg) = value;
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

void avf_take_interrupts(struct avf *avf)
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

void avf_reset(struct avf *avf)
{
	uint32_t tries = 1000, state;

	if (ioctl(avf->device, VFIO_DEVICE_RESET))
		die("reset");
	set_bus_master(avf);
	do {
		state = avf_read(avf, VFGEN_RSTAT) & 3;
		usleep(1000);
	} while (state != RSTAT_COMPLETED && state != RSTAT_VFACTIVE && --tries);
	require(tries, "no end of the reset");
	require(!(avf_read(avf, atq_regs.len) & QUEUE_ENABLE), "a reset leaves the send queue on");
}

void avf_begin(struct avf *avf)
{
	avf->event = eventfd(0, EFD_NONBLOCK);
	if (!avf->memory)
		avf->memory = mmap(NULL, avf->pages * page_bytes(), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (avf->event < 0 || avf->memory == MAP_FAILED)
		die("memory");
	map_bar(avf);
	avf_reset(avf);
}

/* ---- the mailbox ---- */

static void queue_begin(struct avf *avf, const struct queue_regs *regs, uint64_t iova,
			uint32_t tail)
{
	avf_write(avf, regs->len, 0);
	avf_write(avf, regs->head, 0);
	avf_write(avf, regs->tail, 0);
	avf_write(avf, regs->bal, (uint32_t)iova);
	avf_write(avf, regs->bah, (uint32_t)(iova >> 32));
	avf_write(avf, regs->len, QUEUE_ENABLE | QUEUE_ENTRIES);
	if (tail)
		avf_write(avf, regs->tail, tail);
}

struct descriptor *avf_ring(struct avf *avf, uint32_t page)
{
	return (struct descriptor *)(avf->memory + page * page_bytes());
}

/* Descriptor `at` of its ring, whose answer goes into the receive page. */
static void put_receive(struct avf *avf, uint32_t at)
{
	avf_ring(avf, avf->arq)[at] = (struct descriptor){
		.flags = FLAG_BUF,
		.datalen = 512,
		.addr_low = (uint32_t)MEMORY_IOVA + avf->receive * page_bytes(),
	};
}

static void put_version(struct avf *avf, uint32_t at)
{
	const uint32_t version[2] = {1, 1};

	memcpy(avf->memory + avf->send * page_bytes(), version, sizeof(version));
	avf_ring(avf, avf->atq)[at] = (struct descriptor){
		.flags = FLAG_RD | FLAG_BUF | FLAG_SI,
		.opcode = SEND_MSG_TO_PF,
		.datalen = sizeof(version),
		.cookie_high = VIRTCHNL_OP_VERSION,
		.addr_low = (uint32_t)MEMORY_IOVA + avf->send * page_bytes(),
	};
}

void avf_send_version(struct avf *avf, uint64_t ring_iova)
{
	put_version(avf, 0);
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

/* The exchange by descriptor `at` of both rings comes to its end. */
static void check_exchange(struct avf *avf, uint32_t at)
{
	struct pollfd poll_event = {.fd = avf->event, .events = POLLIN};
	struct descriptor *answered = &avf_ring(avf, avf->arq)[at];
	uint32_t answer[2];
	uint64_t count;

	require(comes_true(&avf_ring(avf, avf->atq)[at].flags), "the message is not taken");
	require(comes_true(&answered->flags), "no answer");
	require(poll(&poll_event, 1, 2000) == 1, "no interrupt");
	require(read(avf->event, &count, sizeof(count)) == sizeof(count) && count,
		"no interrupt counted");
	require(avf_read(avf, VFINT_ICR01) & ICR0_ADMINQ, "the interrupt has no cause");
	require(answered->opcode == SEND_MSG_TO_VF, "the answer is no message");
	require(answered->cookie_high == VIRTCHNL_OP_VERSION, "the answer is to something else");
	require(!answered->cookie_low, "the answer is an error");
	memcpy(answer, avf->memory + avf->receive * page_bytes(), sizeof(answer));
	require(answer[0] == 1 && answer[1] <= 1, "the PF's version is unknown");
	printf("version %u.%u, %llu interrupts\n", answer[0], answer[1], (unsigned long long)count);
}

static void arm_interrupt(struct avf *avf)
{
	avf_write(avf, VFINT_ICR0_ENA1, ICR0_ADMINQ);
	avf_write(avf, VFINT_DYN_CTL01, INTENA_NOITR);
}

void avf_exchange_version(struct avf *avf)
{
	memset(avf->memory, 0, avf->pages * page_bytes());
	avf_take_interrupts(avf);
	arm_interrupt(avf);
	put_receive(avf, 0);
	queue_begin(avf, &arq_regs, MEMORY_IOVA + avf->arq * page_bytes(), 1);
	avf_send_version(avf, MEMORY_IOVA + avf->atq * page_bytes());
	check_exchange(avf, 0);
}

void avf_exchange_again(struct avf *avf, uint32_t at)
{
	arm_interrupt(avf);
	memset(avf->memory + avf->receive * page_bytes(), 0, page_bytes());
	put_receive(avf, at);
	put_version(avf, at);
	avf_write(avf, arq_regs.tail, at + 1);
	avf_write(avf, atq_regs.tail, at + 1);
	check_exchange(avf, at);
}
