/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A nested stream's guest: context descriptors and stage 1 tables of 4 KiB
 * granule and three levels (39 bits), built in memory that stage 2 maps page by
 * page to frames anywhere. A move is one of either stage: the guest maps another
 * page of its own, or the host moves what lies behind a page of the guest, be it
 * data or a table.
 */
#include <errno.h>
#include <stdlib.h>

#include "uapi/iommu-test/iommu_test_internal.h"

#define GUEST_BASE  UINT64_C(0x40000000)
#define VA_BITS     39u
#define FIRST_LEVEL 1
#define LAST_LEVEL  3
#define ENTRIES     512u
#define CD_PER_PAGE (PAGE_BYTES / CD_BYTES)
#define MAIR        UINT64_C(0xff) /* attribute 0: write-back */
#define SH_INNER    3u

/* ---- the guest's memory ---- */

static uint64_t physical(const struct iommu_test *test, uint64_t ipa)
{
	return test->guest.frame[(ipa - GUEST_BASE) / PAGE_BYTES] + ipa % PAGE_BYTES;
}

static uint64_t get64(const struct iommu_test *test, uint64_t ipa)
{
	const struct cpu_port *cpu = &test->env.cpu;
	uint8_t bytes[8];

	cpu->ops->memory_read(cpu->ctx, physical(test, ipa), bytes, sizeof(bytes));
	return le64_get(bytes);
}

static void put64(const struct iommu_test *test, uint64_t ipa, uint64_t value)
{
	const struct cpu_port *cpu = &test->env.cpu;
	uint8_t bytes[8];

	le64_put(bytes, value);
	cpu->ops->memory_write(cpu->ctx, physical(test, ipa), bytes, sizeof(bytes));
}

/* The next `count` pages of the guest, zero; 0 when it has no more. */
static uint64_t guest_alloc(struct iommu_test *test, uint64_t count)
{
	struct test_guest *guest = &test->guest;
	uint64_t ipa = GUEST_BASE + guest->used * PAGE_BYTES;

	if (guest->used + count > guest->pages)
		return 0;
	for (uint64_t at = 0; at < count * PAGE_BYTES; at += 8)
		put64(test, ipa + at, 0);
	guest->used += count;
	return ipa;
}

/* ---- its tables ---- */

static uint64_t entry_address(uint64_t table, uint64_t va, int level)
{
	return table + (va >> (PAGE_SHIFT + 9 * (LAST_LEVEL - level)) & (ENTRIES - 1)) * 8;
}

/* Address of the page's descriptor; tables on the way are made. 0 without memory. */
static uint64_t leaf_address(struct iommu_test *test, uint64_t root, uint64_t va)
{
	uint64_t table = root;

	for (int level = FIRST_LEVEL; level < LAST_LEVEL; level++) {
		uint64_t at = entry_address(table, va, level);
		uint64_t ttd = get64(test, at);

		if (!ttd) {
			uint64_t below = guest_alloc(test, 1);

			if (!below)
				return 0;
			ttd = below | TTD_VALID | TTD_TABLE;
			put64(test, at, ttd);
		}
		table = ttd & TTD_ADDR;
	}
	return entry_address(table, va, LAST_LEVEL);
}

static uint64_t page_ttd(const struct iommu_test *test, uint64_t ipa)
{
	uint64_t dirty = test->cfg.dirty_tracking ? TTD_DBM : 0;

	return ipa | TTD_VALID | TTD_PAGE | TTD_AP1 | TTD_AF | TTD_NG | dirty |
	       field_put(TTD_SH, SH_INNER);
}

static uint64_t root_of(const struct iommu_test *test, const struct test_space *space)
{
	return test->guest.root[space - test->space];
}

static int map_page(struct iommu_test *test, const struct test_space *space, uint64_t page)
{
	uint64_t va = test_iova(test, page);
	uint64_t at = leaf_address(test, root_of(test, space), va);

	if (!at)
		return -ENOMEM;
	trace_emit(&test->env.part, TRACE_IOMMU_MAP, space->table, va, PAGE_BYTES, 1);
	put64(test, at, page_ttd(test, space->page[page]));
	return 0;
}

static uint16_t asid_of(const struct iommu_test *test, const struct test_space *space)
{
	return (uint16_t)(1 + (space - test->space));
}

static void write_cd(struct iommu_test *test, const struct test_space *space)
{
	uint64_t at = test->guest.cds + (uint64_t)space->pasid * CD_BYTES;
	uint64_t updates = test->cfg.dirty_tracking ? CD0_HA | CD0_HD : 0;

	put64(test, at,
	      field_put(CD0_T0SZ, 64 - VA_BITS) | field_put(CD0_TG0, CD0_TG0_4K) |
		      field_put(CD0_SH0, SH_INNER) | CD0_EPD1 | CD0_V |
		      field_put(CD0_IPS, IDR5_OAS_44) | CD0_AA64 | CD0_R | CD0_A | CD0_ASET |
		      updates | field_put(CD0_ASID, asid_of(test, space)));
	put64(test, at + 8, root_of(test, space) & CD1_TTB0);
	put64(test, at + 24, MAIR);
}

/* ---- setting up ---- */

static uint64_t pages_needed(const struct iommu_test *test)
{
	uint64_t tables = LAST_LEVEL - FIRST_LEVEL + 1 + test->pages / ENTRIES + 2;

	return (test->pages + tables) * test->spaces + MAX(1, test->spaces / 8) + 64;
}

/* Guest memory, each page at a frame of its own. */
static int make_memory(struct iommu_test *test, struct actor *self)
{
	struct test_guest *guest = &test->guest;
	int err = smmu_domain_alloc_stage2(test->env.driver, false, &guest->parent);

	guest->pages = pages_needed(test);
	guest->frame = calloc(guest->pages, sizeof(guest->frame[0]));
	guest->root = calloc(test->spaces, sizeof(guest->root[0]));
	if (!err && (!guest->frame || !guest->root))
		err = -ENOMEM;
	for (uint64_t i = 0; !err && i < guest->pages; i++) {
		guest->frame[i] = test_frame_alloc(test);
		err = guest->frame[i]
			      ? smmu_domain_map(guest->parent, self, GUEST_BASE + i * PAGE_BYTES,
						guest->frame[i], PAGE_BYTES,
						SMMU_PROT_READ | SMMU_PROT_WRITE)
			      : -ENOMEM;
	}
	return err;
}

static int fill_space(struct iommu_test *test, struct test_space *space)
{
	uint64_t root = guest_alloc(test, 1);
	int err = root ? 0 : -ENOMEM;

	test->guest.root[space - test->space] = root;
	space->table = smmu_driver_number_table(test->env.driver);
	for (uint64_t page = 0; !err && page < test->pages; page++) {
		space->page[page] = guest_alloc(test, 1);
		if (!space->page[page])
			return -ENOMEM;
		test_page_stamp(test, physical(test, space->page[page]), space->stamp_space,
				test_iova(test, page));
		err = map_page(test, space, page);
	}
	if (!err)
		write_cd(test, space);
	return err;
}

static int make_cds(struct iommu_test *test)
{
	struct test_guest *guest = &test->guest;

	while (test->cfg.substreams && BIT(guest->cd_bits) <= test->cfg.substreams)
		guest->cd_bits++;
	/* A table is aligned to its size. */
	while ((guest->used * PAGE_BYTES) & ((CD_BYTES << guest->cd_bits) - 1) & ~(PAGE_BYTES - 1))
		guest->used++;
	guest->cds = guest_alloc(test, MAX(1, BIT(guest->cd_bits) / CD_PER_PAGE));
	return guest->cds ? 0 : -ENOMEM;
}

static int setup(struct iommu_test *test, struct actor *self)
{
	struct test_guest *guest = &test->guest;
	uint64_t eats = test->cfg.ats ? STE1_EATS_FULL : STE1_EATS_UR;
	uint64_t vste[2] = {0,
			    field_put(STE1_S1DSS, STE1_S1DSS_SSID0) | field_put(STE1_EATS, eats)};
	int err = make_memory(test, self);

	if (!err)
		err = make_cds(test);
	for (uint32_t i = 0; !err && i < test->spaces; i++)
		err = fill_space(test, &test->space[i]);
	guest->spare = err ? 0 : guest_alloc(test, 1);
	if (err || !guest->spare)
		return err ? err : -ENOMEM;
	vste[0] = STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_S1) |
		  field_put(STE0_S1CDMAX, guest->cd_bits) | (guest->cds & STE0_S1CONTEXTPTR);
	err = smmu_domain_attach_nested(guest->parent, self, test->cfg.stream_id, vste,
					test->space[0].table);
	/* The guest's substreams are its own affair; the trace is told of each. */
	for (uint32_t i = 0; !err && i < test->spaces; i++)
		if (test->space[i].pasid)
			trace_emit(&test->env.part, TRACE_IOMMU_ATTACH, test->cfg.stream_id,
				   test->space[i].pasid, test->space[i].table);
	return err;
}

static void teardown(struct iommu_test *test, struct actor *self)
{
	struct test_guest *guest = &test->guest;

	for (uint32_t i = 0; i < test->spaces; i++)
		if (test->space[i].pasid)
			trace_emit(&test->env.part, TRACE_IOMMU_DETACH, test->cfg.stream_id,
				   test->space[i].pasid, test->space[i].table);
	if (guest->parent && guest->frame)
		smmu_domain_unmap(guest->parent, self, GUEST_BASE, guest->pages * PAGE_BYTES);
	for (uint64_t i = 0; guest->frame && i < guest->pages; i++)
		test_frame_free(test, guest->frame[i]);
	smmu_domain_free(guest->parent, self);
	free(guest->frame);
	free(guest->root);
}

/* ---- moving ---- */

/* What leaves the TLB leaves the master's cache: a command of its own, when that is done. */
static void forget(struct iommu_test *test, struct actor *self, const struct test_space *space,
		   uint64_t va)
{
	uint64_t substream =
		space->pasid ? CMD0_SSV | field_put(CMD0_SUBSTREAMID, space->pasid) : 0;
	const uint64_t command[1][2] = {{CMD_ATC_INV | substream, va}};

	if (test->cfg.ats)
		smmu_driver_guest_commands(test->guest.parent, self, test->cfg.stream_id, command,
					   1);
}

/* The guest lets another of its pages take the place of one. */
static void move_stage1(struct iommu_test *test, struct actor *self, struct test_space *space,
			uint64_t page)
{
	struct test_guest *guest = &test->guest;
	uint64_t va = test_iova(test, page), old = space->page[page];
	const uint64_t tlbi[1][2] = {
		{CMD_TLBI_NH_VA | field_put(TLBI0_ASID, asid_of(test, space)), va | TLBI1_LEAF}};

	test_page_stamp(test, physical(test, guest->spare), space->stamp_space, va);
	put64(test, leaf_address(test, root_of(test, space), va), 0);
	smmu_driver_guest_commands(guest->parent, self, test->cfg.stream_id, tlbi, 1);
	forget(test, self, space, va);
	trace_emit(&test->env.part, TRACE_IOMMU_UNMAP, space->table, va, PAGE_BYTES);
	test_page_poison(test, physical(test, old));
	space->page[page] = guest->spare;
	guest->spare = old;
	map_page(test, space, page);
}

/* The host moves a page of the guest, whatever is in it. */
static void move_stage2(struct iommu_test *test, struct actor *self)
{
	const struct cpu_port *cpu = &test->env.cpu;
	struct test_guest *guest = &test->guest;
	uint64_t number = rng_below(&test->rng, guest->used);
	uint64_t ipa = GUEST_BASE + number * PAGE_BYTES;
	uint64_t old = guest->frame[number], fresh = test_frame_alloc(test);
	uint8_t bytes[PAGE_BYTES];

	sim_assert(&test->env.part, fresh);
	smmu_domain_unmap(guest->parent, self, ipa, PAGE_BYTES);
	cpu->ops->memory_read(cpu->ctx, old, bytes, sizeof(bytes));
	cpu->ops->memory_write(cpu->ctx, fresh, bytes, sizeof(bytes));
	test_page_poison(test, old);
	test_frame_free(test, old);
	guest->frame[number] = fresh;
	smmu_domain_map(guest->parent, self, ipa, fresh, PAGE_BYTES,
			SMMU_PROT_READ | SMMU_PROT_WRITE);
}

static void move(struct iommu_test *test, struct actor *self, struct test_space *space,
		 uint64_t page)
{
	if (rng_below(&test->rng, 2))
		move_stage1(test, self, space, page);
	else
		move_stage2(test, self);
}

/* The guest reads its own leaves: DBM set and AP[2] clear is a page that was written. */
static uint64_t read_dirty(struct iommu_test *test, struct actor *self, struct test_space *space,
			   uint64_t *bits)
{
	uint64_t begin_ps = sim_now(test->env.part.sim);

	(void)self;
	for (uint64_t page = 0; page < test->pages; page++) {
		uint64_t at = leaf_address(test, root_of(test, space), test_iova(test, page));
		uint64_t ttd = get64(test, at);

		if ((ttd & (TTD_VALID | TTD_DBM | TTD_AP2)) != (TTD_VALID | TTD_DBM))
			continue;
		bits[page / 64] |= BIT(page % 64);
		put64(test, at, ttd | TTD_AP2);
	}
	return begin_ps;
}

const struct test_kind test_kind_nested = {setup, teardown, move, read_dirty};
