/* SPDX-License-Identifier: Apache-2.0 */
/* The reference on the memory that tests of the model use. */
#include "testbench/support/reference_memory.hpp"

#include "testbench/support/reference/tables.hpp"
#include "testbench/support/reference/walk.hpp"

#include <gtest/gtest.h>

namespace ref
{

TEST(FlatMemoryTest, IsTheReferencesMemoryToo)
{
	FlatMemory flat(nullptr, 1 << 20, 1);
	ReferenceMemory memory(flat);
	Registers registers;
	registers.idr[0] = Put(idr0::kS1P, 1) | Put(idr0::kTTF, 2) | Put(idr0::kHTTU, 2) |
			   Put(idr0::kTTENDIAN, 2);
	registers.idr[1] = 16;
	registers.idr[5] = 0x15;
	registers.cr0 = 1;
	StreamTable streams(memory, {.log2size = 4});
	CdTable cds(memory);
	Stage1 tables(memory, {.ia_bits = 39});
	tables.Map(0x12345000, 0x80000000, 3, {.read_only = true, .dirty_modifier = true});
	cds.Set(0, tables.In(ValidCd()).Set(cd::kHA, 1).Set(cd::kHD, 1));
	streams.Set(3, cds.In(ValidSte(kStage1Only)));
	streams.Into(registers);

	Walker walker(memory, registers);
	const Request request{.stream = 3, .address = 0x12345678, .write = true};
	EXPECT_EQ(walker.Walk(request).address, 0x80000678u);
	EXPECT_EQ(flat.read64(tables.DescriptorAddress(0x12345000, 3)) & 0x80, 0u);
	memory.Refuse(tables.DescriptorAddress(0x12345000, 3), 8);
	EXPECT_EQ(walker.Walk(request).event.Number(), kF_WALK_EABT);
	/* Beyond the end of the memory. */
	registers.strtab_base = 1 << 20;
	EXPECT_EQ(Walker(memory, registers).Walk(request).event.Number(), kF_STE_FETCH);
}

} // namespace ref
