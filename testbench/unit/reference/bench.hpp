/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_UNIT_REFERENCE_BENCH_HPP
#define VFSIM_TESTBENCH_UNIT_REFERENCE_BENCH_HPP

/* An SMMU that can everything, one stream, and what tests ask of them. */

#include "testbench/support/reference/tables.hpp"
#include "testbench/support/reference/walk.hpp"

#include <gtest/gtest.h>

namespace ref
{

/* What an access may be, as tables of permissions have it: a bit each. */
enum {
	kPrivRead = 1,
	kPrivWrite = 2,
	kPrivExec = 4,
	kUserRead = 8,
	kUserWrite = 16,
	kUserExec = 32
};

constexpr uint32_t kStream = 3;

class Bench : public ::testing::Test
{
protected:
	Bench()
	{
		registers.idr[0] = Put(idr0::kS2P, 1) | Put(idr0::kS1P, 1) | Put(idr0::kTTF, 2) |
				   Put(idr0::kHTTU, 2) | Put(idr0::kHyp, 1) | Put(idr0::kATS, 1) |
				   Put(idr0::kASID16, 1) | Put(idr0::kVMID16, 1) |
				   Put(idr0::kCD2L, 1) | Put(idr0::kPRI, 1) |
				   Put(idr0::kATSRECERR, 1) | Put(idr0::kST_LEVEL, 1);
		registers.idr[1] = Put(idr1::kSIDSIZE, 16) | Put(idr1::kSSIDSIZE, 20) |
				   Put(idr1::kATTR_PERMS_OVR, 1);
		registers.idr[3] = Put(idr3::kHAD, 1) | Put(idr3::kXNX, 1) | Put(idr3::kFWB, 1) |
				   Put(idr3::kSTT, 1) | Put(idr3::kRIL, 1);
		registers.idr[5] = Put(idr5::kOAS, 5) | Put(idr5::kGRAN4K, 1) |
				   Put(idr5::kGRAN16K, 1) | Put(idr5::kGRAN64K, 1);
		registers.cr0 = Put(cr0::kSMMUEN, 1);
		registers.cr2 = Put(cr2::kRECINVSID, 1);
		streams.Into(registers);
	}

	/* The stream's STE and CD, as they are now, become known to the SMMU. */
	void Configure()
	{
		cds.Set(0, cd);
		streams.Set(kStream, ste);
	}

	Outcome Do(const Request &request)
	{
		Configure();
		return Walker(memory, registers).Walk(request);
	}

	Outcome Read(uint64_t address)
	{
		return Do({.stream = kStream, .address = address});
	}

	Outcome Write(uint64_t address)
	{
		return Do({.stream = kStream, .address = address, .write = true});
	}

	SparseMemory memory{0x100000};
	Registers registers;
	StreamTable streams{memory, {.log2size = 8}};
	CdTable cds{memory};
	Cd cd = ValidCd();
	Ste ste = ValidSte(kBypass);
};

/* Stage 1 only: 39 bits of address in 4 KiB pages. */
class Stage1Bench : public Bench
{
protected:
	Stage1Bench()
	{
		ste = cds.In(ValidSte(kStage1Only));
		cd = tables.In(ValidCd());
	}

	Stage1 tables{memory, {.granule_bits = kGranule4K, .ia_bits = 39}};
};

class Stage2Bench : public Bench
{
protected:
	Stage2Bench()
	{
		ste = tables2.In(ValidSte(kStage2Only));
	}

	Stage2 tables2{memory, {.granule_bits = kGranule4K, .ia_bits = 40}};
};

/* Which stages have tables of VMSAv8-32 LPAE. */
struct Formats {
	bool lpae1 = false, lpae2 = false;
};

/* Stage 1's tables at IPAs from 0x40000000, the CD at 0x50000000. */
class NestedBench : public Bench
{
protected:
	explicit NestedBench(const Formats &formats = {})
		: tables2(memory, {.lpae = formats.lpae2, .ia_bits = 40}),
		  tables(memory, {.lpae = formats.lpae1,
				  .ia_bits = formats.lpae1 ? 32 : 39,
				  .placer = tables2.PlacesAt(0x40000000)})
	{
		if (formats.lpae1 || formats.lpae2)
			registers.idr[0] |= Put(idr0::kTTF, 3);
		ste = nested_cds.In(tables2.In(ValidSte(kNested)));
		cd = tables.In(ValidCd());
	}

	Outcome DoNested(const Request &request)
	{
		nested_cds.Set(0, cd);
		return Do(request);
	}

	Outcome ReadNested(uint64_t address)
	{
		return DoNested({.stream = kStream, .address = address});
	}

	Outcome WriteNested(uint64_t address)
	{
		return DoNested({.stream = kStream, .address = address, .write = true});
	}

	Stage2 tables2;
	Stage1 tables;
	CdTable nested_cds{memory, {.placer = tables2.PlacesAt(0x50000000)}};
};

/* The fields of an event, by name. */
#define EXPECT_EVENT(OUTCOME, NUMBER)                                                              \
	do {                                                                                       \
		ASSERT_TRUE((OUTCOME).recorded) << (OUTCOME).Text();                               \
		EXPECT_EQ((OUTCOME).event.Number(), (NUMBER)) << (OUTCOME).Text();                 \
	} while (0)

} // namespace ref

#endif
