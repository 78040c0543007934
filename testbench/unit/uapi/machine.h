// SPDX-License-Identifier: Apache-2.0
// A machine small enough to see through: memory, one PCI function and an SMMU
// driver that writes down what it was asked. The kernel logic under test stands on it.
#ifndef VFSIM_TEST_UAPI_MACHINE_H
#define VFSIM_TEST_UAPI_MACHINE_H

#include <gmock/gmock.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <string.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/trace.h"
#include "uapi/kernel.h"

// The SMMU driver's side: tables as maps.
struct smmu_domain {
	uint64_t id;
	bool dirty_tracking;
	std::map<uint64_t, uint64_t> pages; // iova -> pa
	std::map<uint64_t, uint32_t> prot;
	std::set<uint64_t> dirty;
	int attached = 0;
};

struct smmu_driver {
	struct smmu_driver_info info = {};
	uint64_t next_id = 0;
	std::map<uint32_t, smmu_domain *> stream; // nullptr: blocked
	std::map<uint32_t, smmu_domain *> pasid;  // of the one function
	struct smmu_pasids pasids = {};           // that it may send
	std::vector<std::string> log;
	uint64_t map_calls = 0;
	int fail_map_after = -1; // calls of map that still work
	uint64_t wait_ps = 0;    // time that map and unmap take
};

// A VF: configuration space with MSI-X, PCIe and a capability that VFIO hides; BAR0 and BAR3.
struct Function {
	std::array<uint8_t, 4096> config = {};
	std::array<uint8_t, 65536> bar0 = {};
	std::array<uint8_t, 16384> bar3 = {};
	int resets = 0;
	bool present = true;

	Function();
	void add_msi(); // 64-bit, with masks, behind the PCIe capability
	void make_pf(); // IDs and a memory enable bit of its own
	uint32_t get(uint32_t at, uint32_t len) const;
	void put(uint32_t at, uint32_t len, uint32_t value);
	void config_write(uint32_t at, uint32_t len, uint32_t value);
	bool msix_enabled() const;
	uint32_t msix(uint32_t vector, uint32_t at) const; // word of a table entry

	bool is_pf = false;
};

// The firmware's VF-state service.
struct Services {
	uint64_t flags = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY;
	std::vector<std::string> log;
	std::string precopy = "pre-", rest = "-rest", loaded;
	size_t precopy_at = 0, rest_at = 0, part = 3;
	std::map<std::string, int> fail; // op -> errno

	// The device's DMA log: what it was started with, and what it finds.
	bool logs = false;
	uint64_t log_page = 0; // that it chooses; 0: as asked
	std::vector<std::pair<uint64_t, uint64_t>> log_ranges, log_found;
};

constexpr uint64_t kDramBase = 0x10000000000, kDramSize = UINT64_C(8) << 30;
constexpr uint64_t kEcam = 0x4010000000, kBar0 = 0x5000000000, kBar3 = 0x5000010000;
constexpr uint64_t kDoorbell = 0x08020040;
constexpr uint32_t kStream = 0x108, kGroup = 7;

class Machine : public testing::Test
{
public:
	Machine();
	~Machine() override;

	// Run `body` as a program's actor until it ends.
	void run(std::function<void(actor *)> body);
	// With `cfg` and `device` as they are now. SetUp does it.
	void boot();
	void SetUp() override
	{
		boot();
	}

	template <typename T>
	int ioctl(int fd, unsigned long request, T *argument)
	{
		return uapi_ioctl(process, self, fd, request, argument);
	}
	int ioctl(int fd, unsigned long request)
	{
		return uapi_ioctl(process, self, fd, request, nullptr);
	}

	// Steps that most tests begin with; each returns what the kernel gave.
	int open_iommu();
	int open_device();
	uint32_t bind(int device_fd, int iommu_fd); // device id
	uint32_t ioas_alloc(int iommu_fd);
	int attach(int device_fd, uint32_t *pt_id);
	int map(int iommu_fd, uint32_t ioas, uint64_t va, uint64_t length, uint64_t iova,
		uint32_t flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE |
				 IOMMU_IOAS_MAP_READABLE);
	int unmap(int iommu_fd, uint32_t ioas, uint64_t iova, uint64_t *length);
	uint64_t anonymous(uint64_t length);
	int irqs(int device_fd, uint32_t flags, uint32_t index, uint32_t start,
		 std::vector<int32_t> fds);
	int set_state(int device_fd, uint32_t state, int *data_fd = nullptr);
	uint32_t get_state(int device_fd);
	uint32_t config(int device_fd, uint64_t at, uint32_t len);
	ssize_t set_config(int device_fd, uint64_t at, uint32_t len, uint32_t value);
	void fire_msi(uint32_t event_id);

	struct Event {
		trace_kind kind;
		std::vector<uint64_t> arg;
		std::vector<uint8_t> data;
	};
	std::vector<Event> events(trace_kind kind) const;

	::sim sim = {};
	sim_part part = {};
	frames *free_frames = nullptr;
	smmu_driver smmu;
	Function function;
	Services services;
	uapi_kernel_cfg cfg = {};
	uapi_vfio_device_cfg device_cfg = {};
	uapi_kernel *kernel = nullptr;
	uapi_process *process = nullptr;
	actor *self = nullptr;
	std::map<uint64_t, std::array<uint8_t, 4096>> memory;
	std::map<std::pair<uint32_t, uint32_t>, std::pair<void (*)(void *, uint64_t), void *>> msi;
	std::vector<Event> trace;
	int add_result = 0;
	std::vector<actor *> programs; // ended; a lock that one forgot stays its own
	bool deny_writes = false;      // the program's memory cannot be written
};

#endif
