// SPDX-License-Identifier: Apache-2.0
#include "uapi/memory.h"

#include <errno.h>
#include <stdlib.h>

struct memory *memory_create(struct uapi_kernel *kernel, uint64_t pages)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return NULL;
	memory->kernel = kernel;
	memory->refs = 1;
	memory->pages = pages;
	return memory;
}

void memory_get(struct memory *memory)
{
	memory->refs++;
}

/* The lowest address of a run. */
static uint64_t run_base(const struct uapi_run *run)
{
	return run->step < 0 ? run->first_pa - (run->pages - 1) * PAGE_BYTES : run->first_pa;
}

void memory_put(struct memory *memory)
{
	struct uapi_kernel *kernel = memory->kernel;

	if (--memory->refs)
		return;
	for (uint32_t i = 0; i < memory->run_count; i++) {
		const struct uapi_run *run = &memory->runs[i].run;

		frames_free(kernel->env.frames, run_base(run), run->pages);
		kernel->memory_pages -= run->pages;
	}
	free(memory->runs);
	free(memory);
}

/* A frame keeps what its last owner wrote: programs must not see that. */
static void zero_frames(struct uapi_kernel *kernel, uint64_t pa, uint64_t pages)
{
	const struct cpu_port *cpu = &kernel->env.cpu;
	static const uint8_t zero[PAGE_BYTES];
	uint8_t page[PAGE_BYTES];

	if (cpu->ops->memory_zero) {
		cpu->ops->memory_zero(cpu->ctx, pa, pages * PAGE_BYTES);
		return;
	}
	for (uint64_t i = 0; i < pages; i++, pa += PAGE_BYTES) {
		cpu->ops->memory_read(cpu->ctx, pa, page, PAGE_BYTES);
		if (memcmp(page, zero, PAGE_BYTES) != 0)
			cpu->ops->memory_write(cpu->ctx, pa, zero, PAGE_BYTES);
	}
}

static int add_run(struct memory *memory, uint64_t first_page, uint64_t pa, uint64_t pages)
{
	struct memory_run *run;

	if (memory->run_count == memory->run_capacity) {
		uint32_t capacity = memory->run_capacity ? 2 * memory->run_capacity : 1;
		struct memory_run *runs = realloc(memory->runs, capacity * sizeof(*runs));

		if (!runs)
			return -ENOMEM;
		memory->runs = runs;
		memory->run_capacity = capacity;
	}
	run = &memory->runs[memory->run_count++];
	run->first_page = first_page;
	run->run.pages = pages;
	/* Small pages are laid out backwards: no two neighbours are contiguous. */
	if (memory->kernel->cfg.page_size == PAGE_BYTES) {
		run->run.first_pa = pa + (pages - 1) * PAGE_BYTES;
		run->run.step = -(int64_t)PAGE_BYTES;
	} else {
		run->run.first_pa = pa;
		run->run.step = (int64_t)PAGE_BYTES;
	}
	memory->kernel->memory_pages += pages;
	return 0;
}

/* One run as long as DRAM still has one in a piece, at most `pages`. 0 = none. */
static uint64_t take_run(struct memory *memory, uint64_t first_page, uint64_t pages)
{
	struct uapi_kernel *kernel = memory->kernel;
	uint64_t large = kernel->cfg.page_size;
	uint64_t pa = 0;

	for (; pages && !pa; pages = pa ? pages : pages / 2) {
		uint64_t align = pages * PAGE_BYTES >= large ? large : PAGE_BYTES;

		pa = frames_alloc(kernel->env.frames, pages, align);
	}
	if (!pa)
		return 0;
	if (add_run(memory, first_page, pa, pages)) {
		frames_free(kernel->env.frames, pa, pages);
		return 0;
	}
	zero_frames(kernel, pa, pages);
	return pages;
}

int memory_touch(struct memory *memory)
{
	uint64_t done = memory->run_count ? memory->runs[memory->run_count - 1].first_page +
						    memory->runs[memory->run_count - 1].run.pages
					  : 0;

	while (done < memory->pages) {
		uint64_t taken = take_run(memory, done, memory->pages - done);

		if (!taken)
			return -ENOMEM;
		done += taken;
	}
	return 0;
}

struct uapi_run memory_run_at(const struct memory *memory, uint64_t page)
{
	uint32_t low = 0, high = memory->run_count - 1;
	struct uapi_run run;
	uint64_t skip;

	while (low < high) {
		uint32_t middle = (low + high + 1) / 2;

		if (memory->runs[middle].first_page <= page)
			low = middle;
		else
			high = middle - 1;
	}
	run = memory->runs[low].run;
	skip = page - memory->runs[low].first_page;
	run.first_pa += (uint64_t)run.step * skip;
	run.pages -= skip;
	return run;
}
