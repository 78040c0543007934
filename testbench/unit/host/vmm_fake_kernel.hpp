/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TEST_FAKE_KERNEL_H
#define VFSIM_TEST_FAKE_KERNEL_H

/*
 * The kernel's uAPI (uapi/uapi.h) as a VMM meets it, with a device that has a
 * migration state and pages that it has dirtied: every call is logged by the
 * name that recordings use, takes time, and can be made to fail. It stands in
 * the place of uapi/ in this test's program.
 */

#include "testbench/unit/host/vmm_fixture.hpp"

#include "uapi/uapi.h"

#include <map>
#include <set>

struct uapi_kernel {
	TestHost *host;
	std::vector<std::string> calls;
	uint32_t call_count = 0;
	uint32_t fail_at = 0; /* the n-th call fails with EIO; 0: none */
	int open_files = 0;

	/* The device. */
	uint64_t migration_flags = 7;
	uint32_t state = 2; /* RUNNING */
	std::vector<uint8_t> stream = std::vector<uint8_t>(150000, 0x5a);
	size_t precopy_bytes = 1000, saved = 0;
	std::vector<uint8_t> loaded;
	bool dirty_tracking = false;
	std::set<uint64_t> dirty;           /* pages, from IOVA 0 */
	bool logs = false, logging = false; /* the device's own log */
	std::set<uint64_t> logged;
	std::map<uint32_t, int> vectors; /* eventfd by MSI-X vector */
	std::map<int, std::pair<void (*)(void *, uint64_t), void *>> eventfds;
	uint8_t config[4096] = {};
	bool no_resize = false;
	uint8_t pasid_bits = 0;
	uint32_t objects = 0;               /* of iommufd, so far */
	std::vector<std::string> arguments; /* of calls about address spaces */
	std::map<uint64_t, uint32_t> bar0;
	/* Called as each call begins. */
	std::function<void(const std::string &)> on_call;

	explicit uapi_kernel(TestHost *h);
	/* A DMA write of the device. */
	void dma_write(struct uapi_process *process, uint64_t iova, uint32_t value);
	void signal(uint32_t vector);
};

struct uapi_process {
	struct uapi_kernel *kernel;
	uint64_t ram_bytes = 0, frames_pa = 0, iova = 0;
	bool exited = false;
};

extern std::vector<struct uapi_process *> fake_processes;

#endif
