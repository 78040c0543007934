/* SPDX-License-Identifier: Apache-2.0 */
#include "base/regs.h"

#include <errno.h>
#include <stdlib.h>

static uint32_t row_count(const struct reg_row *row)
{
	return row->count ? row->count : 1;
}

static bool row_valid(const struct reg_row *row)
{
	return (row->size == 4 || row->size == 8) && !(row->offset % 4) && !(row->stride % 4) &&
	       (row_count(row) == 1 || row->stride >= row->size);
}

/* Map every 4-byte offset to its row. -EINVAL when two rows meet or are out of order. */
static int fill_lookup(struct reg_index *index, const struct reg_table *table)
{
	for (uint32_t r = 0; r < table->rows; r++) {
		const struct reg_row *row = &table->row[r];

		if (!row_valid(row) || (r && row->offset <= table->row[r - 1].offset))
			return -EINVAL;
		for (uint32_t i = 0; i < row_count(row); i++) {
			uint32_t word = (row->offset + i * row->stride) / 4;

			for (uint32_t w = word; w < word + row->size / 4; w++) {
				if (w >= table->window_bytes / 4 || index->lookup[w])
					return -EINVAL;
				index->lookup[w] = (uint16_t)(r + 1);
			}
		}
	}
	return 0;
}

/* One use less. */
static void index_free(struct reg_index *index)
{
	if (!index || --index->users)
		return;
	free(index->first);
	free(index->lookup);
	free(index);
}

/* 0 and an index with one user, or why there is none. */
static int index_create(struct reg_index **made, const struct reg_table *table)
{
	struct reg_index *index = calloc(1, sizeof(*index));
	int err = -ENOMEM;

	if (!index)
		return err;
	index->users = 1;
	index->first = calloc(table->rows, sizeof(index->first[0]));
	index->lookup = calloc(table->window_bytes / 4, sizeof(index->lookup[0]));
	if (!index->first || !index->lookup)
		goto failed;
	for (uint32_t r = 0; r < table->rows; r++) {
		index->first[r] = index->values;
		index->values += row_count(&table->row[r]);
	}
	err = fill_lookup(index, table);
	if (err)
		goto failed;
	*made = index;
	return 0;

failed:
	index_free(index);
	return err;
}

/* Use that of `like`, or a new one. */
static int index_create_like(struct reg_index **index, const struct reg_table *table,
			     const struct regs *like)
{
	if (!like)
		return index_create(index, table);
	if (like->table != table)
		return -EINVAL;
	like->index->users++;
	*index = like->index;
	return 0;
}

static uint64_t *values_create(const struct reg_index *index)
{
	return calloc(index->values, sizeof(uint64_t));
}

int regs_init_like(struct regs *regs, const struct reg_table *table, const struct regs *like,
		   void *owner)
{
	int err;

	*regs = (struct regs){.table = table, .owner = owner};
	err = index_create_like(&regs->index, table, like);
	if (!err) {
		regs->value = values_create(regs->index);
		err = regs->value ? 0 : -ENOMEM;
	}
	if (err)
		regs_fini(regs);
	else
		regs_reset(regs);
	return err;
}

int regs_init(struct regs *regs, const struct reg_table *table, void *owner)
{
	return regs_init_like(regs, table, NULL, owner);
}

void regs_fini(struct regs *regs)
{
	index_free(regs->index);
	free(regs->value);
	*regs = (struct regs){0};
}

static uint64_t kept(const struct reg_row *row, enum regs_reset reach)
{
	switch (reach) {
	case REGS_RESET_COLD:
		return 0;
	case REGS_RESET_WARM:
		return row->sticky;
	case REGS_RESET_PART:
		return row->sticky | row->shared;
	}
	return 0;
}

void regs_reset_as(struct regs *regs, enum regs_reset reach)
{
	for (uint32_t r = 0; r < regs->table->rows; r++) {
		const struct reg_row *row = &regs->table->row[r];
		uint64_t keep = kept(row, reach);

		for (uint32_t i = 0; i < row_count(row); i++)
			regs_set(regs, r, i, (regs_get(regs, r, i) & keep) | (row->reset & ~keep));
	}
}

void regs_reset(struct regs *regs)
{
	regs_reset_as(regs, REGS_RESET_COLD);
}

/* Where an access of software falls: the row, the instance, and the byte within it. */
struct place {
	const struct reg_row *row;
	uint32_t row_index;
	uint32_t index;
	uint32_t byte;
};

static bool find_place(const struct regs *regs, uint32_t offset, struct place *place)
{
	uint32_t r, from;

	if (offset >= regs->table->window_bytes || !regs->index->lookup[offset / 4])
		return false;
	r = regs->index->lookup[offset / 4] - 1u;
	place->row = &regs->table->row[r];
	place->row_index = r;
	from = offset - place->row->offset;
	place->index = place->row->stride ? from / place->row->stride : 0;
	place->byte = from - place->index * place->row->stride;
	return true;
}

static uint64_t byte_mask(uint32_t len_bytes)
{
	return len_bytes >= 8 ? ~UINT64_C(0) : BIT(8 * len_bytes) - 1;
}

/* Read the part of one register that starts at the place's byte. */
static uint64_t read_place(struct regs *regs, const struct place *place, uint32_t len_bytes)
{
	const struct reg_row *row = place->row;
	uint64_t *stored = &regs->value[regs->index->first[place->row_index] + place->index];
	uint64_t mask = byte_mask(len_bytes) << 8 * place->byte;
	uint64_t value = row->on_read ? row->on_read(regs->owner, place->index, *stored) : *stored;

	value &= row->ro | row->rw | row->w1c | row->rc;
	*stored &= ~(row->rc & mask);
	return (value & mask) >> 8 * place->byte;
}

static void write_place(struct regs *regs, const struct place *place, uint32_t len_bytes,
			uint64_t value)
{
	const struct reg_row *row = place->row;
	uint64_t *stored = &regs->value[regs->index->first[place->row_index] + place->index];
	uint64_t mask = byte_mask(len_bytes) << 8 * place->byte;
	uint64_t before = *stored;

	value = value << 8 * place->byte & mask;
	*stored = (before & ~(row->rw & mask)) | (value & row->rw);
	*stored &= ~(value & row->w1c);
	if (row->on_write)
		row->on_write(regs->owner, place->index, before, *stored);
}

bool regs_read(struct regs *regs, uint32_t offset, uint32_t len_bytes, uint64_t *value)
{
	struct place place;
	bool found = false;

	*value = 0;
	/* A wide access may cover two narrow registers: take it register by register. */
	for (uint32_t at = 0; at < len_bytes;) {
		uint32_t step = MIN(len_bytes - at, 4);

		if (find_place(regs, offset + at, &place)) {
			found = true;
			step = MIN(len_bytes - at, place.row->size - place.byte);
			*value |= read_place(regs, &place, step) << 8 * at;
		}
		at += step;
	}
	return found;
}

bool regs_write(struct regs *regs, uint32_t offset, uint32_t len_bytes, uint64_t value)
{
	struct place place;
	bool found = false;

	for (uint32_t at = 0; at < len_bytes;) {
		uint32_t step = MIN(len_bytes - at, 4);

		if (find_place(regs, offset + at, &place)) {
			found = true;
			step = MIN(len_bytes - at, place.row->size - place.byte);
			write_place(regs, &place, step, value >> 8 * at);
		}
		at += step;
	}
	return found;
}

uint64_t regs_get(const struct regs *regs, uint32_t row, uint32_t index)
{
	return regs->value[regs->index->first[row] + index];
}

void regs_set(struct regs *regs, uint32_t row, uint32_t index, uint64_t value)
{
	regs->value[regs->index->first[row] + index] = value;
}

const struct reg_row *regs_find(const struct regs *regs, uint32_t offset, uint32_t *index)
{
	struct place place;

	if (!find_place(regs, offset, &place))
		return NULL;
	if (index)
		*index = place.index;
	return place.row;
}
