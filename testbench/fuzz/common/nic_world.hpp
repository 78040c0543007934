/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_FUZZ_NIC_WORLD_H
#define VFSIM_TESTBENCH_FUZZ_NIC_WORLD_H

/*
 * A NIC of four VFs for fuzz targets. An input drives VFs 0 and 1, the guests,
 * each of which reaches its own memory only, as behind an IOMMU; VFs 2 and 3 are
 * bystanders who exchange frames whatever the guests do.
 */

#include "testbench/fuzz/common/input.hpp"
#include "testbench/support/nic_bench.h"

class NicWorld
{
public:
	static constexpr uint32_t kGuests = 2, kVfs = 4;
	static constexpr uint64_t kRegion = 4 << 20;

	NicWorld();
	~NicWorld();
	NicWorld(const NicWorld &) = delete;

	/* The first byte of a guest's memory. */
	static uint64_t region(uint32_t guest)
	{
		return (guest + 1) * kRegion;
	}
	/* Let `ps` pass: a finding where that takes unreasonably many events. */
	void run_for(uint64_t ps);
	/* An access of the CPU: of configuration space (an ECAM offset) or of a BAR. */
	uint64_t access(struct bus_port port, enum bus_op op, uint64_t addr, uint32_t len,
			uint64_t value);
	/* One frame between the bystanders arrives, as it was sent. */
	void bystanders_exchange();
	/* After a function level reset of the guests nothing of theirs is left in the device. */
	void guests_leave_nothing();
	/* Both: the bystanders have noticed nothing, and nothing is left. */
	void judge();

private:
	struct Sim {
		Sim();
		~Sim();
		struct sim sim;
	};
	Sim sim_;
	uint64_t frames_ = 0;

public:
	struct sim *sim = &sim_.sim;
	NicHost host;
	AvfDriver guest[kGuests];
	AvfDriver bystander[2];
};

#endif
