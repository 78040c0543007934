/* SPDX-License-Identifier: Apache-2.0 */
/* What the fields of a group's and a container's calls cannot say. */
#include <linux/vfio.h>
#include <string.h>

#include "traces/codec_internal.h"

/* ---- VFIO_GROUP_GET_DEVICE_FD: the argument is a text ---- */

static void device_name_encode(const struct trace_call *call, const struct trace_argument *argument,
			       enum trace_direction direction, json_t *object)
{
	const char *name = (const char *)argument->bytes;

	if (direction == TRACE_IN)
		json_object_set_new(object, "name", json_stringn(name, strnlen(name, call->size)));
}

static const char *device_name_decode(const struct trace_call *call, const json_t *in,
				      struct trace_argument *argument)
{
	const json_t *name = json_object_get(in, "name");
	size_t len = json_string_length(name);

	if (!json_is_string(name) || len >= call->size)
		return "in.name: a text of less than 256 bytes";
	memcpy(argument->bytes, json_string_value(name), len + 1);
	return NULL;
}

const struct trace_codec trace_codec_device_name = {device_name_encode, device_name_decode, NULL};

/* ---- VFIO_IOMMU_GET_INFO: a chain of capabilities behind the structure ---- */

static void add_integer(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void migration_cap(json_t *object, const void *bytes, size_t room)
{
	const struct vfio_iommu_type1_info_cap_migration *cap = bytes;

	(void)room;
	add_integer(object, "flags", cap->flags);
	add_integer(object, "pgsize_bitmap", cap->pgsize_bitmap);
	add_integer(object, "max_dirty_bitmap_size", cap->max_dirty_bitmap_size);
}

static void dma_avail_cap(json_t *object, const void *bytes, size_t room)
{
	const struct vfio_iommu_type1_info_dma_avail *cap = bytes;

	(void)room;
	add_integer(object, "avail", cap->avail);
}

static void iova_range_cap(json_t *object, const void *bytes, size_t room)
{
	const struct vfio_iommu_type1_info_cap_iova_range *cap = bytes;
	uint64_t fit = (room - sizeof(*cap)) / sizeof(cap->iova_ranges[0]);
	json_t *list = json_array();

	add_integer(object, "nr_iovas", cap->nr_iovas);
	for (uint32_t i = 0; i < MIN(cap->nr_iovas, fit); i++)
		json_array_append_new(list, json_pack("{sIsI}", "start",
						      (json_int_t)cap->iova_ranges[i].start, "end",
						      (json_int_t)cap->iova_ranges[i].end));
	json_object_set_new(object, "iova_ranges", list);
}

static const struct {
	uint16_t id;
	const char *name;
	size_t size;
	void (*encode)(json_t *object, const void *bytes, size_t room);
} caps[] = {
	{VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, "IOVA_RANGE",
	 sizeof(struct vfio_iommu_type1_info_cap_iova_range), iova_range_cap},
	{VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION, "MIGRATION",
	 sizeof(struct vfio_iommu_type1_info_cap_migration), migration_cap},
	{VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, "DMA_AVAIL",
	 sizeof(struct vfio_iommu_type1_info_dma_avail), dma_avail_cap},
};

/* The capability at `offset`, of which `room` bytes are there. */
static json_t *encode_cap(uint32_t offset, const struct vfio_info_cap_header *header, size_t room)
{
	json_t *object = json_object();

	add_integer(object, "offset", offset);
	add_integer(object, "id", header->id);
	add_integer(object, "version", header->version);
	add_integer(object, "next", header->next);
	for (size_t i = 0; i < ARRAY_LEN(caps); i++) {
		if (caps[i].id != header->id || room < caps[i].size)
			continue;
		json_object_set_new(object, "name", json_string(caps[i].name));
		caps[i].encode(object, header, room);
	}
	return object;
}

static void info_encode(const struct trace_call *call, const struct trace_argument *argument,
			enum trace_direction direction, json_t *object)
{
	const struct vfio_iommu_type1_info *info = (const void *)argument->bytes;
	const struct vfio_info_cap_header *header;
	json_t *list;

	(void)call;
	if (direction != TRACE_OUT)
		return;
	list = json_array();
	/* Each lies behind the one before: a chain ends. */
	for (uint32_t at = info->cap_offset, before = 0;
	     at > before && at % sizeof(uint64_t) == 0 && at + sizeof(*header) <= argument->len;
	     before = at, at = header->next) {
		header = (const void *)(argument->bytes + at);
		json_array_append_new(list, encode_cap(at, header, argument->len - at));
	}
	json_object_set_new(object, "caps", list);
}

static const char *nothing_decode(const struct trace_call *call, const json_t *in,
				  struct trace_argument *argument)
{
	(void)call;
	(void)in;
	(void)argument;
	return NULL;
}

const struct trace_codec trace_codec_type1_info = {info_encode, nothing_decode, NULL};

/* What the kernel accepts: INT_MAX pages. */
#define BITMAP_BYTES_MAX (UINT64_C(1) << 28)

/* ---- Bitmaps of type1: struct vfio_bitmap, for which a trace has pgsize and size ---- */

static void bitmap_encode(json_t *object, const struct vfio_bitmap *bitmap)
{
	json_object_set_new(object, "bitmap",
			    json_pack("{sIsI}", "pgsize", (json_int_t)bitmap->pgsize, "size",
				      (json_int_t)bitmap->size));
}

static const char *bitmap_decode(const json_t *in, struct vfio_bitmap *bitmap,
				 struct trace_argument *argument)
{
	const json_t *description = json_object_get(in, "bitmap");
	const json_t *pgsize = json_object_get(description, "pgsize");
	const json_t *size = json_object_get(description, "size");

	if (!json_is_integer(pgsize) || !json_is_integer(size))
		return "in.bitmap: integers pgsize and size";
	bitmap->pgsize = (uint64_t)json_integer_value(pgsize);
	bitmap->size = (uint64_t)json_integer_value(size);
	/* A larger one is refused before anything is written to it. */
	if (!trace_argument_side(argument, bitmap->size > BITMAP_BYTES_MAX
						   ? 0
						   : (uint32_t)align_up(bitmap->size, 8)))
		return "more memory";
	bitmap->data = argument->side;
	return NULL;
}

static void dirty_out(json_t *object, const struct trace_argument *argument, uint64_t iova,
		      uint64_t length, uint64_t page_size)
{
	struct trace_dirty dirty = {iova, length, page_size};

	trace_dirty_encode(&dirty, argument, object);
}

static void bitmap_borrow(const struct vfio_bitmap *bitmap, struct trace_argument *argument)
{
	argument->side = bitmap->data;
	argument->side_len =
		bitmap->data ? (uint32_t)align_down(MIN(bitmap->size, BITMAP_BYTES_MAX), 8) : 0;
}

/* ---- VFIO_IOMMU_UNMAP_DMA: with GET_DIRTY_BITMAP a struct vfio_bitmap follows ---- */

static struct vfio_bitmap *unmap_bitmap(const struct trace_argument *argument)
{
	const struct vfio_iommu_type1_dma_unmap *arg = (const void *)argument->bytes;

	return arg->flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP &&
			       argument->len >= sizeof(*arg) + sizeof(struct vfio_bitmap)
		       ? (void *)(argument->bytes + sizeof(*arg))
		       : NULL;
}

static void unmap_encode(const struct trace_call *call, const struct trace_argument *argument,
			 enum trace_direction direction, json_t *object)
{
	const struct vfio_iommu_type1_dma_unmap *arg = (const void *)argument->bytes;
	const struct vfio_bitmap *bitmap = unmap_bitmap(argument);

	(void)call;
	if (!bitmap)
		return;
	/* By now `size` is what was unmapped, and nothing is dirty behind what was asked for. */
	if (direction == TRACE_IN)
		bitmap_encode(object, bitmap);
	else
		dirty_out(object, argument, arg->iova,
			  argument->side_len * UINT64_C(8) * bitmap->pgsize, bitmap->pgsize);
}

static const char *unmap_decode(const struct trace_call *call, const json_t *in,
				struct trace_argument *argument)
{
	struct vfio_bitmap *bitmap = unmap_bitmap(argument);

	(void)call;
	return bitmap ? bitmap_decode(in, bitmap, argument) : NULL;
}

static void unmap_borrow(struct trace_argument *argument)
{
	const struct vfio_bitmap *bitmap = unmap_bitmap(argument);

	if (bitmap)
		bitmap_borrow(bitmap, argument);
}

const struct trace_codec trace_codec_type1_unmap = {unmap_encode, unmap_decode, unmap_borrow};

/* ---- VFIO_IOMMU_DIRTY_PAGES: with GET_BITMAP the range follows ---- */

static const struct {
	const char *name;
	uint32_t flag;
} dirty_ops[] = {
	{"START", VFIO_IOMMU_DIRTY_PAGES_FLAG_START},
	{"STOP", VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP},
	{"GET_BITMAP", VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP},
};

/* The flags as a name; several or none of them have none. */
static const char *dirty_op(uint32_t flags)
{
	for (size_t i = 0; i < ARRAY_LEN(dirty_ops); i++)
		if (flags == dirty_ops[i].flag)
			return dirty_ops[i].name;
	return NULL;
}

static struct vfio_iommu_type1_dirty_bitmap_get *dirty_range(const struct trace_argument *argument)
{
	const struct vfio_iommu_type1_dirty_bitmap *arg = (const void *)argument->bytes;

	return arg->flags & VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP &&
			       argument->len >=
				       sizeof(*arg) +
					       sizeof(struct vfio_iommu_type1_dirty_bitmap_get)
		       ? (void *)(argument->bytes + sizeof(*arg))
		       : NULL;
}

static void dirty_encode(const struct trace_call *call, const struct trace_argument *argument,
			 enum trace_direction direction, json_t *object)
{
	const struct vfio_iommu_type1_dirty_bitmap *arg = (const void *)argument->bytes;
	const struct vfio_iommu_type1_dirty_bitmap_get *range = dirty_range(argument);
	const char *op = dirty_op(arg->flags);

	(void)call;
	if (direction == TRACE_IN && op)
		json_object_set_new(object, "op", json_string(op));
	if (!range)
		return;
	if (direction == TRACE_IN) {
		add_integer(object, "iova", range->iova);
		add_integer(object, "size", range->size);
		bitmap_encode(object, &range->bitmap);
	} else {
		dirty_out(object, argument, range->iova, range->size, range->bitmap.pgsize);
	}
}

static const char *dirty_decode(const struct trace_call *call, const json_t *in,
				struct trace_argument *argument)
{
	const struct vfio_iommu_type1_dirty_bitmap *arg = (const void *)argument->bytes;
	struct vfio_iommu_type1_dirty_bitmap_get *range = dirty_range(argument);
	const char *op = json_string_value(json_object_get(in, "op"));
	const char *right = dirty_op(arg->flags);
	const json_t *iova = json_object_get(in, "iova"), *size = json_object_get(in, "size");

	(void)call;
	if (op && right && strcmp(op, right))
		return "in.op: what in.flags say";
	if (!range)
		return NULL;
	if (!json_is_integer(iova) || !json_is_integer(size))
		return "in.iova and in.size: integers";
	range->iova = (uint64_t)json_integer_value(iova);
	range->size = (uint64_t)json_integer_value(size);
	return bitmap_decode(in, &range->bitmap, argument);
}

static void dirty_borrow(struct trace_argument *argument)
{
	const struct vfio_iommu_type1_dirty_bitmap_get *range = dirty_range(argument);

	if (range)
		bitmap_borrow(&range->bitmap, argument);
}

const struct trace_codec trace_codec_type1_dirty = {dirty_encode, dirty_decode, dirty_borrow};
