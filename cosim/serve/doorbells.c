/* SPDX-License-Identifier: Apache-2.0 */
#include "cosim/serve/doorbells.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bits.h"
#include "model/nic/avf_format.h"

#define PAGE_BYTES   0x1000u
#define MEMORY_BYTES 0x4000u
#define ITR_INDICES  3u

/* Page 0: Tx tails; 2: Rx tails and throttling; 3: control of vectors. */
static const struct vfu_area areas[] = {{0, PAGE_BYTES}, {2 * PAGE_BYTES, 2 * PAGE_BYTES}};

static void add(struct doorbells *doorbells, uint32_t offset)
{
	doorbells->offset[doorbells->count++] = offset;
	doorbells->memory[offset / sizeof(uint32_t)] = DOORBELLS_MARK;
}

/* In this order they are found: a packet is sent when what it needs has been told. */
static void list(struct doorbells *doorbells, uint32_t queues, uint32_t vectors)
{
	for (uint32_t i = 0; i < vectors; i++) {
		for (uint32_t itr = 0; itr < ITR_INDICES; itr++)
			add(doorbells, VFINT_ITRN1(itr, i));
		add(doorbells, VFINT_DYN_CTLN1(i));
	}
	for (uint32_t i = 0; i < queues; i++)
		add(doorbells, QRX_TAIL1(i));
	for (uint32_t i = 0; i < queues; i++)
		add(doorbells, QTX_TAIL1(i));
}

/* Sealed: a client cannot take away what is looked at. */
static int share(struct doorbells *doorbells)
{
	void *memory = MAP_FAILED;
	int err;

	doorbells->fd = memfd_create("doorbells", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (doorbells->fd < 0)
		return -errno;
	if (!ftruncate(doorbells->fd, MEMORY_BYTES) &&
	    !fcntl(doorbells->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, doorbells->fd,
			      0);
	if (memory != MAP_FAILED) {
		doorbells->memory = memory;
		return 0;
	}
	err = -errno;
	close(doorbells->fd);
	return err;
}

int doorbells_init(struct doorbells *doorbells, uint32_t queues, uint32_t vectors)
{
	int err;

	*doorbells = (struct doorbells){0};
	if (sysconf(_SC_PAGESIZE) > PAGE_BYTES)
		return 0;
	doorbells->offset =
		calloc(2 * queues + (1 + ITR_INDICES) * vectors, sizeof(doorbells->offset[0]));
	err = doorbells->offset ? share(doorbells) : -ENOMEM;
	if (err)
		doorbells_fini(doorbells);
	else
		list(doorbells, queues, vectors);
	return err;
}

void doorbells_fini(struct doorbells *doorbells)
{
	if (doorbells->memory) {
		munmap(doorbells->memory, MEMORY_BYTES);
		close(doorbells->fd);
	}
	free(doorbells->offset);
	*doorbells = (struct doorbells){0};
}

void doorbells_offer(const struct doorbells *doorbells, struct vfu_region_cfg *bar)
{
	if (!doorbells->memory)
		return;
	bar->flags |= VFU_REGION_MMAP;
	bar->fd = doorbells->fd;
	bar->areas = areas;
	bar->area_count = ARRAY_LEN(areas);
}

void doorbells_look(struct doorbells *doorbells,
		    void (*ring)(void *ctx, uint32_t offset, uint32_t value), void *ctx)
{
	for (uint32_t i = 0; i < doorbells->count; i++) {
		uint32_t offset = doorbells->offset[i];
		uint32_t *reg = &doorbells->memory[offset / sizeof(uint32_t)];
		uint32_t value = __atomic_load_n(reg, __ATOMIC_ACQUIRE), found = value;

		if (value & DOORBELLS_MARK)
			continue;
		/* What has been written meanwhile stays, and is found the next time. */
		__atomic_compare_exchange_n(reg, &found, value | DOORBELLS_MARK, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		ring(ctx, offset, value);
	}
}
