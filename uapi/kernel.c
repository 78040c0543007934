// SPDX-License-Identifier: Apache-2.0
#include "uapi/kernel.h"

#include <stdlib.h>

#include "uapi/uapi_internal.h"
#include "uapi/vfio/vfio_internal.h"

struct uapi_kernel *uapi_kernel_create(const struct uapi_kernel_cfg *cfg,
				       const struct uapi_kernel_env *env)
{
	struct uapi_kernel *kernel = calloc(1, sizeof(*kernel));

	if (!kernel)
		return NULL;
	kernel->cfg = *cfg;
	kernel->env = *env;
	if (!kernel->cfg.page_size)
		kernel->cfg.page_size = PAGE_BYTES;
	if (!kernel->cfg.reset_wait_ps)
		kernel->cfg.reset_wait_ps = UAPI_RESET_WAIT_PS;
	return kernel;
}

static void report_leak(const struct uapi_kernel *kernel, enum uapi_leak what, uint64_t count)
{
	if (count)
		trace_emit(&kernel->env.part, TRACE_LEAK, what, count);
}

void uapi_kernel_destroy(struct uapi_kernel *kernel)
{
	report_leak(kernel, UAPI_LEAK_PROCESSES, kernel->processes);
	report_leak(kernel, UAPI_LEAK_FILES, kernel->files);
	report_leak(kernel, UAPI_LEAK_MAPPINGS, kernel->mappings);
	report_leak(kernel, UAPI_LEAK_OBJECTS, kernel->objects);
	report_leak(kernel, UAPI_LEAK_PINNED_PAGES, kernel->pinned_pages);
	report_leak(kernel, UAPI_LEAK_MEMORY_PAGES, kernel->memory_pages);
	while (kernel->devices) {
		struct vfio_device *device = kernel->devices;

		kernel->devices = device->next;
		vfio_device_destroy(device);
	}
	free(kernel);
}
