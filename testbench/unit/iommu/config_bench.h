/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_UNIT_IOMMU_CONFIG_BENCH_H
#define VFSIM_TESTBENCH_UNIT_IOMMU_CONFIG_BENCH_H

#include "testbench/support/smmu_bench.h"

/*
 * An SMMU that offers all there is, with both stages: stage 2 maps each address
 * of the bench's memory to itself, stage 1 maps VA to `page`. Tests take
 * features away, and spoil words of a stream table entry or a context descriptor
 * that are legal.
 */
class SmmuConfigBench : public SmmuBench
{
protected:
	static constexpr uint64_t VA = 0x4000;
	static constexpr uint64_t S1_ONLY = STE0_CONFIG_S1, S2_ONLY = STE0_CONFIG_S2,
				  NESTED = STE0_CONFIG_S1_S2, BYPASS = STE0_CONFIG_BYPASS;

	SmmuConfigBench()
	{
		cfg.version = 3;
		cfg.s2 = cfg.hyp = cfg.vmid16 = cfg.vmw = cfg.two_level_cd = true;
		cfg.xnx = cfg.fwb = cfg.stt = cfg.ril = cfg.e0pd = cfg.ptwnnc = cfg.epan = true;
		cfg.ats = cfg.atsrecerr = cfg.pri = cfg.pps = cfg.vax = true;
		cfg.httu = 3;
		cfg.granules = SMMU_GRANULE_4K | SMMU_GRANULE_16K | SMMU_GRANULE_64K;
		cfg.endian = IDR0_TTENDIAN_MIXED;
		cfg.stall_model = IDR0_STALL_MODEL_BOTH;
		cfg.stall_max = 16;
		cfg.bbml = 2;
		cfg.priq_log2 = 7;
		cfg.ssid_bits = 12;
	}

	/* Bring up and write legal structures for `config`. */
	void configure(uint64_t config, uint32_t cr2 = CR2_RECINVSID)
	{
		bring_up();
		enable(CR0_CMDQEN | CR0_EVENTQEN);
		set_reg(SMMU_CR2, cr2);
		enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
		table = std::make_unique<TableBuilder>(*memory);
		page = memory->allocate();
		table->map(VA, page);
		/* One block of 1 GiB, and tables of every start level and granule as well: all
		 * entries of the first granule are that block. */
		s2_root = memory->allocate(65536);
		memory->write64(s2_root, TTD_VALID | TTD_AF | field_put(TTD_S2_MEMATTR, 15) |
						 TTD_S2AP_READ | TTD_S2AP_WRITE);
		cds = memory->allocate(65536);
		cd[0] = cd_word0(*table, 7, CD0_A | CD0_R);
		cd[1] = table->root;
		cd[2] = 0;
		cd[3] = 0x04ff;
		ste[0] = STE0_V | field_put(STE0_CONFIG, config) | cds;
		ste[1] = 0;
		ste[2] = STE2_S2AA64 | STE2_S2R | field_put(STE2_S2VMID, 5) |
			 field_put(STE2_S2T0SZ, 25) | field_put(STE2_S2SL0, 1) |
			 field_put(STE2_S2PS, IDR5_OAS_44);
		ste[3] = s2_root;
	}

	void write_config()
	{
		for (unsigned i = 0; i < 4; i++) {
			memory->write64(ste_address(STREAM) + 8 * i, ste[i]);
			memory->write64(cds + 8 * i, cd[i]);
		}
	}

	/* The event that an access to `address` ends with; 0: none. */
	unsigned event_of(Dma &dma)
	{
		run();
		EXPECT_TRUE(dma.done);
		auto events = take_events();
		if (events.empty())
			return 0;
		last = events.front();
		return (unsigned)field_get(EVENT0_NUMBER, last[0]);
	}

	unsigned event_of_write(uint64_t address)
	{
		return event_of(send(BUS_WRITE, address, 8));
	}

	uint64_t address_for(uint64_t config) const
	{
		return config & 1 ? VA : page;
	}

	std::unique_ptr<TableBuilder> table;
	uint64_t page = 0, s2_root = 0, cds = 0;
	uint64_t ste[4] = {}, cd[4] = {};
	std::array<uint64_t, EVENT_WORDS> last = {};
};

#endif
