/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_BASE_REGS_H
#define VFSIM_BASE_REGS_H

/*
 * The register engine: a block's registers are a table, and what a bit does is
 * said in its row. Accesses of 1, 2, 4 and 8 bytes are merged by byte enables,
 * so a 64-bit register answers to its halves. Behaviour beyond storage hangs on
 * `on_read` and `on_write`.
 *
 * The same table names registers in traces, fills `vfsim describe registers`
 * and drives a property test that tries every bit.
 */

#include "base/bits.h"
#include "base/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

struct regs;

/*
 * One register, or `count` equal ones `stride` bytes apart (count 0 means 1).
 * Bits outside rw | w1c | rc | ro are reserved: read as zero, writes ignored.
 */
struct reg_row {
	const char *name;
	uint32_t offset;
	uint8_t size; /* 4 or 8 bytes */
	uint16_t count;
	uint32_t stride;
	uint64_t reset;
	uint64_t ro;  /* software reads them, hardware sets them */
	uint64_t rw;  /* software's bits */
	uint64_t w1c; /* writing 1 clears */
	uint64_t rc;  /* reading clears */
	/* Value that a read returns, before rc applies; NULL: the stored one. */
	uint64_t (*on_read)(void *owner, uint32_t index, uint64_t stored);
	/* After an accepted write stored `now` over `before`; NULL: storage only. */
	void (*on_write)(void *owner, uint32_t index, uint64_t before, uint64_t now);
	uint64_t sticky; /* bits that only a loss of power resets */
	uint64_t shared; /* bits that a reset of this part of the block alone leaves */
};

enum regs_reset {
	REGS_RESET_COLD, /* everything */
	REGS_RESET_WARM, /* but sticky bits */
	REGS_RESET_PART, /* but sticky and shared bits */
};

struct reg_table {
	const char *name;
	const struct reg_row *row; /* ascending offsets, no overlap */
	uint32_t rows;
	uint32_t window_bytes;
};

/* What follows from a table: many blocks of one kind have one. */
struct reg_index {
	uint32_t users;
	uint32_t values;
	uint32_t *first;  /* per row: index of its first value */
	uint16_t *lookup; /* per 4-byte offset: 1 + row, 0 = no register */
};

struct regs {
	const struct reg_table *table;
	void *owner;
	uint64_t *value; /* one word per register instance */
	struct reg_index *index;
};

/* Allocates for the table and resets. -ENOMEM; -EINVAL for a table that overlaps or is unsorted. */
int regs_init(struct regs *regs, const struct reg_table *table, void *owner);
/* The same, with the index of `like`, which is of this table, or NULL. */
int regs_init_like(struct regs *regs, const struct reg_table *table, const struct regs *like,
		   void *owner);
void regs_fini(struct regs *regs);
void regs_reset(struct regs *regs);
/* As regs_reset, which is cold, as far as `reach` says. */
void regs_reset_as(struct regs *regs, enum regs_reset reach);

/*
 * Software's access. An offset without a register reads as zero and ignores
 * writes; false then, for the caller to trace. Accesses are naturally aligned.
 */
bool regs_read(struct regs *regs, uint32_t offset, uint32_t len_bytes, uint64_t *value);
bool regs_write(struct regs *regs, uint32_t offset, uint32_t len_bytes, uint64_t value);

/* Hardware's access to a register by its row and index: all bits, no side effects. */
uint64_t regs_get(const struct regs *regs, uint32_t row, uint32_t index);
void regs_set(struct regs *regs, uint32_t row, uint32_t index, uint64_t value);

/* The row at `offset` and, if wanted, its index; NULL for none. */
const struct reg_row *regs_find(const struct regs *regs, uint32_t offset, uint32_t *index);

#ifdef __cplusplus
}
#endif
#endif
