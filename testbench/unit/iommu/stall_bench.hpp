/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_UNIT_IOMMU_STALL_BENCH_HPP
#define VFSIM_TESTBENCH_UNIT_IOMMU_STALL_BENCH_HPP

#include "testbench/support/smmu_bench.h"

using Record = std::array<uint64_t, EVENT_WORDS>;

/* Stalled transactions: IHI 0070, 3.12.2, 4.7.1, 4.7.2, 5.5 and 7.2.1. */
class SmmuStall : public SmmuBench
{
protected:
	static constexpr uint32_t OTHER = 0x110;

	SmmuStall()
	{
		cfg.stall_model = SMMU_STALL_BOTH;
		cfg.stall_max = 8;
		cfg.stall_downgrade = true;
	}

	void SetUp() override
	{
		start();
	}

	void start(uint64_t cd_extra = CD0_A | CD0_R | CD0_S)
	{
		bring_up();
		table = std::make_unique<TableBuilder>(*memory);
		page = memory->allocate();
		mapped = table->map(0x4000, page);
		cd = attach(STREAM, *table, 3, cd_extra);
		attach(OTHER, *table, 3, cd_extra);
	}

	/* The record of the one that stalled since the last call. */
	Record stall_record()
	{
		run();
		Record event = take_event();
		EXPECT_TRUE(event[1] & EVENT1_STALL);
		return event;
	}

	static uint64_t stag(const Record &event)
	{
		return field_get(EVENT1_STAG, event[1]);
	}

	void resume(const Record &event, uint64_t action, uint32_t stream = STREAM)
	{
		command(CMD_RESUME | (uint64_t)stream << 32 | action, stag(event));
	}

	void retry(const Record &event)
	{
		resume(event, RESUME0_AC);
		run();
	}

	void abort(const Record &event)
	{
		resume(event, RESUME0_AB);
		run();
	}

	void terminate_stream(uint32_t stream = STREAM)
	{
		command(CMD_STALL_TERM | (uint64_t)stream << 32);
		run();
	}

	bool overflow()
	{
		return (reg(SMMU_EVENTQ_PROD) ^ reg(SMMU_EVENTQ_CONS)) & EVENTQ_PROD_OVFLG;
	}

	uint32_t stalled()
	{
		return smmu_levels_get(smmu).stalled;
	}

	std::unique_ptr<TableBuilder> table;
	uint64_t page = 0, mapped = 0, cd = 0;
};

#endif
