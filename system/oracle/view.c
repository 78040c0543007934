/* SPDX-License-Identifier: Apache-2.0 */
#include "system/oracle/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

uint32_t view_table_number(struct view *view, uint32_t host, uint64_t id)
{
	bool is_new;
	uint32_t number = keymap_intern(&view->table_by_id, key_of(host, id, 0), &is_new);

	if (is_new) {
		view->table = array_reserve(view->table, &view->tables_capacity, number,
					    sizeof(*view->table));
		view->table[number].host = host;
		view->table[number].id = id;
		view->tables = number + 1;
	}
	return number;
}

/* Index of the first mapping that ends after `iova`; the last answer or its successor first. */
static uint32_t first_after(struct view_table *table, uint64_t iova)
{
	uint32_t low = 0, high = table->count, last = table->last;

	for (uint32_t i = last; i < MIN(last + 2, table->count); i++)
		if (table->mapping[i].end > iova && (!i || table->mapping[i - 1].end <= iova))
			return table->last = i;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (table->mapping[middle].end > iova)
			high = middle;
		else
			low = middle + 1;
	}
	return table->last = low;
}

bool view_search(struct view_table *table, uint64_t iova, uint64_t len, bool write)
{
	uint64_t end = iova + len;
	uint32_t i;

	if (!table->id)
		return true;
	for (i = first_after(table, iova); i < table->count; i++) {
		const struct view_mapping *mapping = &table->mapping[i];

		if (mapping->iova > iova || (write && !mapping->writable))
			return false;
		if (mapping->end >= end)
			return true;
		iova = mapping->end;
	}
	return false;
}

static void insert_at(struct view_table *table, uint32_t i, const struct view_mapping *mapping)
{
	table->mapping = array_reserve(table->mapping, &table->capacity, table->count,
				       sizeof(*table->mapping));
	memmove(&table->mapping[i + 1], &table->mapping[i],
		(table->count - i) * sizeof(*table->mapping));
	table->mapping[i] = *mapping;
	table->count++;
}

static void remove_some(struct view_table *table, uint32_t i, uint32_t some)
{
	table->count -= some;
	memmove(&table->mapping[i], &table->mapping[i + some],
		(table->count - i) * sizeof(*table->mapping));
}

static void map(struct view_table *table, uint64_t iova, uint64_t len, bool writable)
{
	struct view_mapping mapping = {iova, iova + len, writable};
	uint32_t i = first_after(table, iova);

	if (i && table->mapping[i - 1].end == iova && table->mapping[i - 1].writable == writable) {
		table->mapping[i - 1].end = mapping.end;
		i--;
	} else {
		insert_at(table, i, &mapping);
	}
	if (i + 1 < table->count && table->mapping[i].end == table->mapping[i + 1].iova &&
	    table->mapping[i + 1].writable == writable) {
		table->mapping[i].end = table->mapping[i + 1].end;
		remove_some(table, i + 1, 1);
	}
}

static void unmap(struct view_table *table, uint64_t iova, uint64_t len)
{
	uint64_t end = iova + len;
	uint32_t i = first_after(table, iova), covered = 0;
	struct view_mapping *at = &table->mapping[i];

	if (i == table->count || at->iova >= end)
		return;
	if (at->iova < iova) {
		struct view_mapping tail = {end, at->end, at->writable};

		at->end = iova;
		if (tail.end > end) {
			insert_at(table, i + 1, &tail);
			return;
		}
		i++;
	}
	while (i + covered < table->count && table->mapping[i + covered].end <= end)
		covered++;
	remove_some(table, i, covered);
	if (i < table->count && table->mapping[i].iova < end)
		table->mapping[i].iova = end;
}

void view_event(struct view *view, const struct trace_event *event)
{
	const uint64_t *arg = event->arg;
	uint32_t host = event->part->host, number;

	switch (event->kind) {
	case TRACE_IOMMU_ATTACH:
		number = view_table_number(view, host, arg[2]);
		keymap_put(&view->table_of_stream, view_stream_key(host, arg[0], arg[1]), number);
		return;
	case TRACE_IOMMU_DETACH:
		/* What was replaced is left after its successor was attached. */
		number = view_table_number(view, host, arg[2]);
		if (view_stream_table(view, host, arg[0], arg[1]) == number)
			keymap_put(&view->table_of_stream, view_stream_key(host, arg[0], arg[1]),
				   VIEW_DETACHED);
		return;
	case TRACE_IOMMU_MAP:
		number = view_table_number(view, host, arg[0]);
		map(&view->table[number], arg[1], arg[2], arg[3] != 0);
		return;
	case TRACE_IOMMU_UNMAP:
		number = view_table_number(view, host, arg[0]);
		unmap(&view->table[number], arg[1], arg[2]);
		return;
	default:
		return;
	}
}

void view_release(struct view *view)
{
	for (uint32_t i = 0; i < view->tables; i++)
		free(view->table[i].mapping);
	free(view->table);
	keymap_release(&view->table_by_id);
	keymap_release(&view->table_of_stream);
	*view = (struct view){0};
}
