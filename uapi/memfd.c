// SPDX-License-Identifier: Apache-2.0
/* memfd: memory that has a descriptor, so that it can be shared and mapped for DMA by file. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "uapi/memory.h"

struct memfd {
	struct uapi_file file;
	struct memory *memory;
	uint64_t size_bytes;
};

static void memfd_release(struct uapi_file *file, struct actor *self)
{
	struct memfd *memfd = CONTAINER_OF(file, struct memfd, file);

	(void)self;
	memory_put(memfd->memory);
	free(memfd);
}

static int memfd_mmap(struct uapi_file *file, uint64_t length, uint64_t offset, struct vma *vma)
{
	struct memfd *memfd = CONTAINER_OF(file, struct memfd, file);

	/* Pages beyond the end would be SIGBUS: no caller of ours means that. */
	if (offset + length > align_up(memfd->size_bytes, PAGE_BYTES))
		return -EINVAL;
	vma->memory = memfd->memory;
	vma->first_page = offset / PAGE_BYTES;
	memory_get(memfd->memory);
	return 0;
}

static void memfd_stat(const struct uapi_file *file, struct uapi_stat *stat)
{
	stat->mode = S_IFREG | 0777;
	stat->size = CONTAINER_OF(file, const struct memfd, file)->size_bytes;
}

static const struct uapi_file_ops memfd_ops = {
	.type = "memfd",
	.mmap = memfd_mmap,
	.stat = memfd_stat,
	.release = memfd_release,
};

int memfd_memory(struct uapi_file *file, struct memory **memory, uint64_t *size_bytes)
{
	struct memfd *memfd = CONTAINER_OF(file, struct memfd, file);

	if (file->ops != &memfd_ops)
		return -EINVAL;
	*memory = memfd->memory;
	*size_bytes = memfd->size_bytes;
	return 0;
}

int uapi_memfd_create(struct uapi_process *process, const char *name, uint64_t size_bytes)
{
	struct memfd *memfd = calloc(1, sizeof(*memfd));
	int fd;

	(void)name;
	if (!memfd)
		return -ENOMEM;
	file_init(&memfd->file, &memfd_ops, process->kernel);
	memfd->size_bytes = size_bytes;
	memfd->memory =
		memory_create(process->kernel, align_up(size_bytes, PAGE_BYTES) / PAGE_BYTES);
	if (!memfd->memory) {
		process->kernel->files--;
		free(memfd);
		return -ENOMEM;
	}
	fd = process_install(process, &memfd->file);
	if (fd < 0)
		file_put(&memfd->file, NULL);
	return fd;
}

uint64_t uapi_memfd_size(struct uapi_process *process, int fd)
{
	struct uapi_file *file = process_file(process, fd);
	struct memory *memory;
	uint64_t size_bytes;

	return file && !memfd_memory(file, &memory, &size_bytes) ? size_bytes : 0;
}
