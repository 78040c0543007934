/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory attributes, Arm IHI 0070, chapter 13. All steps are taken on the byte
 * that MAIR has for a type, a nibble for each level of cache: replaced by STE or
 * GBPA, then stage 1's, then combined with stage 2's. Of two values that are
 * combined the stronger one stays: less cacheable, less allocation, more shared
 * (13.1.5).
 */
#include "iommu/smmu_internal.h"

/* Stronger is greater. */
enum policy { WRITE_BACK, WRITE_THROUGH, NON_CACHEABLE };

/* One level of cache, as Normal memory uses it. */
struct level {
	enum policy policy;
	bool read, write; /* allocate */
	bool transient;
};

#define NIBBLE_NON_CACHEABLE 0x4u
#define NIBBLE_KEPT          BIT(3) /* not transient */
#define NIBBLE_WRITE_BACK    BIT(2)
#define NIBBLE_READ          BIT(1)
#define NIBBLE_WRITE         BIT(0)

static struct level level_of(uint32_t nibble)
{
	if (nibble == NIBBLE_NON_CACHEABLE)
		return (struct level){.policy = NON_CACHEABLE};
	return (struct level){
		.policy = nibble & NIBBLE_WRITE_BACK ? WRITE_BACK : WRITE_THROUGH,
		.read = nibble & NIBBLE_READ,
		.write = nibble & NIBBLE_WRITE,
		.transient = !(nibble & NIBBLE_KEPT),
	};
}

/* Without allocation nothing is transient, 13.1.7. */
static uint32_t nibble_of(struct level level)
{
	bool allocates = level.read || level.write;

	if (level.policy == NON_CACHEABLE)
		return NIBBLE_NON_CACHEABLE;
	return (uint32_t)((level.transient && allocates ? 0 : NIBBLE_KEPT) |
			  (level.policy == WRITE_BACK ? NIBBLE_WRITE_BACK : 0) |
			  (level.read ? NIBBLE_READ : 0) | (level.write ? NIBBLE_WRITE : 0));
}

static bool is_device(uint32_t type)
{
	return type < 0x10;
}

/* The same step on both levels of two Normal types. */
static uint8_t on_levels(uint8_t a, uint8_t b, struct level (*step)(struct level, struct level))
{
	return (uint8_t)(nibble_of(step(level_of(a >> 4), level_of(b >> 4))) << 4 |
			 nibble_of(step(level_of(a & 0xf), level_of(b & 0xf))));
}

static struct level hints_of(struct level level, struct level hints)
{
	level.read = hints.read;
	level.write = hints.write;
	level.transient = hints.transient;
	return level;
}

/* Device and non-cacheable memory is outer shareable, whatever is said, 13.1.7. */
static struct mem_attr consistent(struct mem_attr attr)
{
	if (is_device(attr.type) || attr.type == MEM_NORMAL_NC)
		attr.sh = MEM_OUTER;
	return attr;
}

static struct level same(struct level level, struct level ignored)
{
	return level;
}

/* Of what is reserved an inner level is as 0b0011 (5.4, CD.MAIR0), a Device type by its upper bits.
 */
uint8_t smmu_attr_mair(uint8_t attribute)
{
	if (attribute == MEM_NORMAL_WB) /* as nearly all of them */
		return attribute;
	if (is_device(attribute))
		return attribute & MEM_DEVICE_GRE;
	if (!(attribute & 0xf))
		attribute |= NIBBLE_READ | NIBBLE_WRITE;
	return on_levels(attribute, 0, same);
}

/* MemAttr of stage 2, DDI 0487, D8.6; inner levels that are reserved count as non-cacheable. */
static uint8_t type_of_memattr(uint64_t memattr)
{
	static const uint8_t types[16] = {
		MEM_DEVICE_NGNRNE,
		MEM_DEVICE_NGNRE,
		MEM_DEVICE_NGRE,
		MEM_DEVICE_GRE,
		MEM_NORMAL_NC,
		MEM_NORMAL_NC,
		0x4b,
		0x4f,
		0xb4,
		0xb4,
		MEM_NORMAL_WT,
		0xbf,
		0xf4,
		0xf4,
		0xfb,
		MEM_NORMAL_WB,
	};

	return types[memattr & 0xf];
}

/* The same code in a configuration: what is reserved is Device-nGnRnE, 5.2. */
static uint8_t type_of_config(uint64_t memattr)
{
	bool reserved = (memattr & 0xc) && !(memattr & 3);

	return reserved ? MEM_DEVICE_NGNRNE : type_of_memattr(memattr);
}

/* ---- the SMMU's own accesses ---- */

/* A field of two bits for each level, by a code of four nibbles; 0b01 of SH is reserved. */
static struct mem_attr region(const uint8_t code[4], uint64_t inner, uint64_t outer, uint64_t sh)
{
	return consistent((struct mem_attr){
		.type = (uint8_t)(code[outer] << 4 | code[inner]),
		.sh = (uint8_t)(sh == 1 ? MEM_NON_SHAREABLE : sh),
	});
}

struct mem_attr smmu_attr_walk(uint64_t inner, uint64_t outer, uint64_t sh)
{
	static const uint8_t code[4] = {0x4, 0xf, 0xa, 0xe};

	return region(code, inner, outer, sh);
}

struct mem_attr smmu_attr_context(uint64_t inner, uint64_t outer, uint64_t sh)
{
	static const uint8_t code[4] = {0x4, 0xe, 0xa, 0xc};

	return region(code, inner, outer, sh);
}

/* CR1 with the hints that go with it: code 0b11 is reserved, and as 0b00 (6.3.11). */
static struct mem_attr by_cr1(uint64_t inner, uint64_t outer, uint64_t sh, uint8_t hints)
{
	const uint8_t code[4] = {0x4, 0xc | hints, 0x8 | hints, 0x4};

	return region(code, inner, outer, sh);
}

struct mem_attr smmu_attr_strtab(const struct smmu *smmu)
{
	uint64_t cr1 = smmu_reg(smmu, ROW_CR1);
	bool allocate = smmu_reg(smmu, ROW_STRTAB_BASE) & STRTAB_BASE_RA;

	return by_cr1(field_get(CR1_TABLE_IC, cr1), field_get(CR1_TABLE_OC, cr1),
		      field_get(CR1_TABLE_SH, cr1), allocate ? NIBBLE_READ : 0);
}

static struct mem_attr queue(const struct smmu *smmu, uint8_t hints)
{
	uint64_t cr1 = smmu_reg(smmu, ROW_CR1);

	return by_cr1(field_get(CR1_QUEUE_IC, cr1), field_get(CR1_QUEUE_OC, cr1),
		      field_get(CR1_QUEUE_SH, cr1), hints);
}

struct mem_attr smmu_attr_queue_read(const struct smmu *smmu, uint64_t base)
{
	return queue(smmu, base & Q_BASE_RA ? NIBBLE_READ : 0);
}

struct mem_attr smmu_attr_queue_write(const struct smmu *smmu, uint64_t base)
{
	return queue(smmu, base & Q_BASE_WA ? NIBBLE_WRITE : 0);
}

struct mem_attr smmu_attr_msi(uint64_t memattr, uint64_t sh)
{
	return consistent((struct mem_attr){
		.type = type_of_config(memattr),
		.sh = (uint8_t)(sh == 1 ? MEM_NON_SHAREABLE : sh),
	});
}

/* ---- replace, 13.1.4 ---- */

struct attr_override smmu_attr_override(bool mtcfg, uint64_t memattr, uint64_t alloccfg,
					uint64_t shcfg)
{
	return (struct attr_override){
		.type_given = mtcfg,
		.type = type_of_config(memattr),
		.alloc = (uint8_t)alloccfg,
		.sh = (uint8_t)shcfg,
	};
}

struct attr_override smmu_attr_gbpa(const struct smmu *smmu)
{
	uint64_t gbpa = smmu_reg(smmu, ROW_GBPA);

	if (!smmu->cfg.attr_types_ovr)
		return smmu_attr_override(false, 0, 0, STE1_SHCFG_INCOMING);
	return smmu_attr_override(gbpa & GBPA_MTCFG, field_get(GBPA_MEMATTR, gbpa),
				  field_get(GBPA_ALLOCCFG, gbpa), field_get(GBPA_SHCFG, gbpa));
}

/* A level that the access comes cacheable to keeps its hints under another policy. */
static struct level keep_hints(struct level given, struct level came)
{
	return came.policy == NON_CACHEABLE ? given : hints_of(given, came);
}

static uint8_t replace_type(const struct attr_override *override, uint8_t came)
{
	if (!override->type_given)
		return came;
	if (is_device(override->type) || is_device(came))
		return override->type;
	return on_levels(override->type, came, keep_hints);
}

/* ALLOCCFG 0b1RWT, of both levels. */
static uint8_t replace_hints(const struct attr_override *override, uint8_t type)
{
	uint8_t hints;

	if (!(override->alloc & ALLOCCFG_GIVEN) || is_device(type))
		return type;
	hints = (uint8_t)((override->alloc & ALLOCCFG_TRANSIENT ? 0 : NIBBLE_KEPT) |
			  (override->alloc & ALLOCCFG_READ ? NIBBLE_READ : 0) |
			  (override->alloc & ALLOCCFG_WRITE ? NIBBLE_WRITE : 0));
	return on_levels(type, (uint8_t)(hints << 4 | hints), hints_of);
}

static struct mem_attr replace(const struct attr_override *override, struct mem_attr came)
{
	came.type = smmu_attr_mair(came.type);
	came.type = replace_hints(override, replace_type(override, came.type));
	if (override->sh != STE1_SHCFG_INCOMING)
		came.sh = override->sh;
	return consistent(came);
}

/* ---- stages ---- */

static struct level strongest_hints(struct level a, struct level b)
{
	a.read &= b.read;
	a.write &= b.write;
	a.transient |= b.transient;
	return a;
}

/* Stage 1 takes the place of all but the hints, and those only become less, 13.4.2. */
static struct level limit_hints(struct level stage1, struct level came)
{
	return came.policy == NON_CACHEABLE ? stage1 : strongest_hints(stage1, came);
}

static struct mem_attr stage1(const struct transaction *txn, struct mem_attr came)
{
	uint64_t ttd = txn->found.leaf[STAGE1].ttd, sh = field_get(TTD_SH, ttd);
	struct mem_attr attr = {.type = txn->cd.memory[field_get(TTD_ATTRINDX, ttd)],
				.sh = (uint8_t)(sh == 1 ? MEM_NON_SHAREABLE : sh)};

	if (came.type != MEM_NORMAL_WB && !is_device(attr.type) && !is_device(came.type))
		attr.type = on_levels(attr.type, came.type, limit_hints);
	return consistent(attr);
}

/* Stage 2 has no hints of its own, 13.4.3. */
static struct level limit_policy(struct level came, struct level stage2)
{
	came.policy = MAX(came.policy, stage2.policy);
	return came;
}

static uint8_t combine_types(uint8_t came, uint8_t stage2)
{
	if (stage2 == MEM_NORMAL_WB) /* it is weaker than all */
		return came;
	if (is_device(came) || is_device(stage2)) /* of two Device types the smaller is stronger */
		return MIN(came, stage2);
	return on_levels(came, stage2, limit_policy);
}

static struct level force_write_back(struct level came, struct level all)
{
	return came.policy == NON_CACHEABLE ? all : hints_of(all, came);
}

/* S2FWB: DDI 0487, D8.6, MemAttr with HCR_EL2.FWB; 4 is reserved. */
static uint8_t forced_type(uint8_t came, uint64_t memattr)
{
	switch (memattr & 7) {
	case 4:
	case 5:
		return is_device(came) ? came : MEM_NORMAL_NC;
	case 6:
		return is_device(came) ? MEM_NORMAL_WB
				       : on_levels(came, MEM_NORMAL_WB, force_write_back);
	case 7:
		return came;
	default:
		return combine_types(came, type_of_memattr(memattr & 7));
	}
}

/* With IDR3.MTEPERM 0b0100 is write-back without access to tags, and memory has none here. */
static uint8_t type_of_descriptor(const struct ste_config *ste, uint64_t memattr)
{
	return ste->mte_perm && memattr == 4 ? MEM_NORMAL_WB : type_of_memattr(memattr);
}

/* The more shared of two: outer, inner, not at all. */
static uint8_t combine_sh(uint8_t a, uint8_t b)
{
	static const uint8_t strength[4] = {[MEM_INNER] = 1, [MEM_OUTER] = 2};

	return strength[a] >= strength[b] ? a : b;
}

static struct mem_attr stage2(const struct ste_config *ste, uint64_t ttd, struct mem_attr came)
{
	uint64_t memattr = field_get(TTD_S2_MEMATTR, ttd);

	if (ste->fwb)
		came.type = forced_type(came.type, memattr);
	else
		came.type = combine_types(came.type, type_of_descriptor(ste, memattr));
	came.sh = combine_sh(came.sh, (uint8_t)field_get(TTD_SH, ttd));
	return consistent(came);
}

bool smmu_attr_is_device(const struct ste_config *ste, uint64_t ttd)
{
	return is_device(stage2(ste, ttd, mem_coherent()).type);
}

/* A table in Device memory that S2PTW does not forbid is read as non-cacheable, DDI 0487. */
struct mem_attr smmu_attr_behind_stage2(const struct ste_config *ste, uint64_t ttd,
					struct mem_attr own)
{
	struct mem_attr attr = stage2(ste, ttd, own);

	if (is_device(attr.type))
		attr.type = MEM_NORMAL_NC;
	return attr;
}

/* An address that a device has had translated is of no override's concern, table 13.5. */
static bool is_replaced(const struct transaction *txn)
{
	return txn->ats.kind == ATS_NONE;
}

struct mem_attr smmu_attr_output(const struct transaction *txn)
{
	struct mem_attr attr = txn->req->attr.memory;

	if (is_replaced(txn))
		attr = replace(&txn->ste.override, attr);
	if (txn->stages & BIT(STAGE1))
		attr = stage1(txn, attr);
	if (txn->stages & BIT(STAGE2))
		attr = stage2(&txn->ste, txn->found.leaf[STAGE2].ttd, attr);
	return attr;
}
