/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Guest memory: a memfd of the process, so a guest page is a page of the
 * process, and that a frame of the host. The runs of frames are looked up once.
 */

#include "host/vmm/vm_internal.h"

#include "base/rng.h"

#include <errno.h>
#include <linux/iommufd.h>

/* Boot images are made of so many different pages. */
#define IMAGE_PATTERNS 61u

int vm_memory_init(struct vm *vm)
{
	uint64_t page = 0;

	for (vm->runs = 0; page < vm_pages(vm); vm->runs++) {
		struct vm_run *run = &vm->run[vm->runs];
		int ret;

		if (vm->runs == VM_MAX_RUNS)
			return -ENOSPC;
		run->first_page = page;
		ret = uapi_memory_run(vm->process, vm->ram_va + page * DRAM_PAGE_SIZE, &run->run);
		if (ret)
			return ret;
		page += run->run.pages;
	}
	return 0;
}

static const struct vm_run *find_run(const struct vm *vm, uint64_t page)
{
	const struct vm_run *run = vm->run + vm->runs - 1;

	while (run->first_page > page)
		run--;
	return run;
}

/* Physical address of a byte of RAM, and how many bytes from there are contiguous. */
static inline uint64_t locate(const struct vm *vm, uint64_t offset, uint64_t *contiguous)
{
	uint64_t page = offset / DRAM_PAGE_SIZE;
	const struct vm_run *run = find_run(vm, page);
	uint64_t in_run = page - run->first_page;
	uint64_t pages = run->run.step == DRAM_PAGE_SIZE ? run->run.pages - in_run : 1;

	*contiguous = pages * DRAM_PAGE_SIZE - offset % DRAM_PAGE_SIZE;
	return run->run.first_pa + (uint64_t)((int64_t)in_run * run->run.step) +
	       offset % DRAM_PAGE_SIZE;
}

uint64_t vm_page_pa(const struct vm *vm, uint64_t gpa)
{
	uint64_t contiguous;

	if (gpa - vm->cfg.ram_base >= vm->cfg.ram_bytes)
		return 0;
	return locate(vm, gpa - vm->cfg.ram_base, &contiguous);
}

static bool in_ram(const struct vm *vm, uint64_t gpa, uint64_t len_bytes)
{
	uint64_t offset = gpa - vm->cfg.ram_base;

	return offset < vm->cfg.ram_bytes && len_bytes <= vm->cfg.ram_bytes - offset;
}

static APART void read_runs(const struct vm *vm, uint64_t offset, uint8_t *to, uint64_t len_bytes)
{
	uint64_t contiguous, part;

	for (; len_bytes; to += part, offset += part, len_bytes -= part) {
		uint64_t pa = locate(vm, offset, &contiguous);

		part = MIN(len_bytes, contiguous);
		vm->env.cpu.ops->memory_read(vm->env.cpu.ctx, pa, to, part);
	}
}

void vm_memory_read(void *ctx, uint64_t gpa, void *data, uint64_t len_bytes)
{
	const struct vm *vm = ctx;
	uint64_t offset = gpa - vm->cfg.ram_base;
	uint64_t contiguous, pa;

	if (!in_ram(vm, gpa, len_bytes)) {
		memset(data, 0xff, len_bytes);
		return;
	}
	pa = locate(vm, offset, &contiguous);
	if (len_bytes <= contiguous)
		vm->env.cpu.ops->memory_read(vm->env.cpu.ctx, pa, data, len_bytes);
	else
		read_runs(vm, offset, data, len_bytes);
}

const void *vm_memory_peek(void *ctx, uint64_t gpa, uint64_t len_bytes)
{
	const struct vm *vm = ctx;
	const struct cpu_port *cpu = &vm->env.cpu;
	uint64_t contiguous, pa;

	if (!cpu->ops->memory_peek || !in_ram(vm, gpa, len_bytes))
		return NULL;
	pa = locate(vm, gpa - vm->cfg.ram_base, &contiguous);
	return len_bytes <= contiguous ? cpu->ops->memory_peek(cpu->ctx, pa, len_bytes) : NULL;
}

static void mark_dirty(struct vm *vm, uint64_t offset, uint64_t len_bytes)
{
	uint64_t last = (offset + len_bytes - 1) / DRAM_PAGE_SIZE;

	for (uint64_t page = offset / DRAM_PAGE_SIZE; page <= last; page++)
		dirty_log_mark(&vm->log, page);
}

static APART void write_runs(struct vm *vm, uint64_t offset, const uint8_t *from,
			     uint64_t len_bytes)
{
	uint64_t contiguous, part;

	for (; len_bytes; from += part, offset += part, len_bytes -= part) {
		uint64_t pa = locate(vm, offset, &contiguous);

		part = MIN(len_bytes, contiguous);
		vm->env.cpu.ops->memory_write(vm->env.cpu.ctx, pa, from, part);
	}
}

void vm_memory_write(void *ctx, uint64_t gpa, const void *data, uint64_t len_bytes)
{
	struct vm *vm = ctx;
	uint64_t offset = gpa - vm->cfg.ram_base;
	uint64_t contiguous, pa;

	if (!len_bytes || !in_ram(vm, gpa, len_bytes))
		return;
	mark_dirty(vm, offset, len_bytes);
	pa = locate(vm, offset, &contiguous);
	if (len_bytes <= contiguous)
		vm->env.cpu.ops->memory_write(vm->env.cpu.ctx, pa, data, len_bytes);
	else
		write_runs(vm, offset, data, len_bytes);
}

void *vm_memory_place(void *ctx, uint64_t gpa, uint64_t len_bytes)
{
	struct vm *vm = ctx;
	const struct cpu_port *cpu = &vm->env.cpu;
	uint64_t offset = gpa - vm->cfg.ram_base;
	uint64_t contiguous, pa;

	if (!cpu->ops->memory_place || !len_bytes || !in_ram(vm, gpa, len_bytes))
		return NULL;
	pa = locate(vm, offset, &contiguous);
	if (len_bytes > contiguous)
		return NULL;
	mark_dirty(vm, offset, len_bytes);
	return cpu->ops->memory_place(cpu->ctx, pa, len_bytes);
}

/*
 * A page's pattern is written once and shared by the pages that have it. Their
 * number is prime, so neighbours and blocks of any power of two differ.
 */
void vm_load_image(struct vm *vm, uint64_t len_bytes)
{
	uint64_t pages = MIN(len_bytes, vm->cfg.ram_bytes) / DRAM_PAGE_SIZE;
	struct rng rng;
	uint64_t page[DRAM_PAGE_SIZE / 8];

	rng_init(&rng, vm->env.part.sim->seed, "boot-image");
	for (uint64_t p = 0; p < pages; p++) {
		uint64_t pa = vm_page_pa(vm, vm->cfg.ram_base + p * DRAM_PAGE_SIZE);
		uint64_t first = vm->cfg.ram_base + p % IMAGE_PATTERNS * DRAM_PAGE_SIZE;

		mark_dirty(vm, p * DRAM_PAGE_SIZE, DRAM_PAGE_SIZE);
		if (p >= IMAGE_PATTERNS) {
			dram_share_page(vm->env.dram, pa, vm->env.dram, vm_page_pa(vm, first));
			continue;
		}
		for (uint32_t i = 0; i < ARRAY_LEN(page); i++)
			page[i] = rng_next(&rng);
		vm->env.cpu.ops->memory_write(vm->env.cpu.ctx, pa, page, sizeof(page));
	}
	vm->image_bytes = pages * DRAM_PAGE_SIZE;
}

uint64_t vm_compare_memory(const struct vm *a, const struct vm *b,
			   void (*differs)(void *ctx, uint64_t gpa), void *ctx)
{
	uint64_t count = 0;

	for (uint64_t p = 0; p < vm_pages(a); p++) {
		uint64_t offset = p * DRAM_PAGE_SIZE;
		uint64_t contiguous;

		if (dram_pages_equal(a->env.dram, locate(a, offset, &contiguous), b->env.dram,
				     locate(b, offset, &contiguous)))
			continue;
		count++;
		if (differs)
			differs(ctx, a->cfg.ram_base + offset);
	}
	return count;
}

int vm_map(struct vm *vm, struct actor *self, uint64_t iova, uint64_t gpa, uint64_t len_bytes)
{
	return vm_map_into(vm, self, vm->ioas_id, iova, gpa, len_bytes);
}

int vm_map_into(struct vm *vm, struct actor *self, uint32_t ioas_id, uint64_t iova, uint64_t gpa,
		uint64_t len_bytes)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas_id,
		.user_va = vm->ram_va + (gpa - vm->cfg.ram_base),
		.length = len_bytes,
		.iova = iova,
	};
	int ret = uapi_ioctl(vm->process, self, vm->iommufd, IOMMU_IOAS_MAP, &map);

	return ret < 0 ? ret : 0;
}

int vm_unmap(struct vm *vm, struct actor *self, uint64_t iova, uint64_t len_bytes)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = vm->ioas_id,
		.iova = iova,
		.length = len_bytes,
	};
	int ret = uapi_ioctl(vm->process, self, vm->iommufd, IOMMU_IOAS_UNMAP, &unmap);

	return ret < 0 ? ret : 0;
}
