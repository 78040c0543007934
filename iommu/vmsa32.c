/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMSAv8-32 translation tables, the long descriptors of AArch32 (Arm DDI 0487,
 * G5.5; IHI 0070, 3.4): addresses of 32 bits that one of two regions translates,
 * tables of 4 KiB, and 40 bits of output, whatever the SMMU's addresses have.
 */
#include "iommu/smmu_internal.h"

#define GRANULE_BITS 12u
#define INPUT_BITS   32u
#define OUTPUT_BITS  40u

/* What leaves the last stage is cut to the OAS; a table beyond it is a fault, 3.4 and 3.4.3. */
static void shape(const struct smmu *smmu, struct tt_tree *tree, bool is_last)
{
	smmu_tables_shape(tree, GRANULE_BITS, OUTPUT_BITS);
	if (!is_last)
		return;
	tree->table_beyond |= ~smmu->oas_mask;
	tree->leaves = smmu->oas_mask;
}

void smmu_vmsa32_region(const struct smmu *smmu, struct tt_tree *tree, uint64_t txsz, bool is_last)
{
	shape(smmu, tree, is_last);
	tree->ia_bits = (uint8_t)(INPUT_BITS - (txsz & 7));
}

/* The upper region is above all addresses that begin with as many ones as T1SZ says; of 0 it has
 * what the lower one leaves. */
bool smmu_vmsa32_is_upper(const struct cd_config *cd, uint64_t address)
{
	uint8_t lower = cd->region[0].ia_bits, upper = cd->region[1].ia_bits;

	if (upper < INPUT_BITS)
		return address >> upper == BIT(INPUT_BITS - upper) - 1;
	return address >> lower != 0;
}

/* S2T0SZ is a number of 4 bits with its sign; S2SL0 is 0 for level 2, 1 for level 1. */
bool smmu_vmsa32_stage2(const struct smmu *smmu, struct tt_tree *tree, uint64_t t0sz, uint64_t sl0)
{
	int size = (int)(t0sz & 7) - (int)(t0sz & 8);

	shape(smmu, tree, true);
	tree->ia_bits = (uint8_t)((int)INPUT_BITS - size);
	tree->start_level = (uint8_t)(2 - sl0);
	return sl0 <= 1;
}
