/* SPDX-License-Identifier: Apache-2.0 */
/* What the fields of a structure cannot say: arrays, bitmaps, payloads. */
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "traces/codec_internal.h"

/* A longer list of dirty pages is written as ranges. */
#define DIRTY_LIST_MAX 4096u
/* The largest bitmap that a trace may ask for: 1 TiB of 4 KiB pages. */
#define DIRTY_BITMAP_MAX (32u << 20)
#define IOVA_RANGES_MAX  65536u

/* ---- IOMMU_IOAS_IOVA_RANGES: an array of ranges that the kernel fills ---- */

static void set_ranges(json_t *object, const struct trace_argument *argument, uint32_t count)
{
	const struct iommu_iova_range *range = argument->side;
	uint32_t room = argument->side_len / sizeof(*range);
	json_t *list = json_array();

	for (uint32_t i = 0; i < MIN(count, room); i++)
		json_array_append_new(list, json_pack("{sIsI}", "start", (json_int_t)range[i].start,
						      "last", (json_int_t)range[i].last));
	json_object_set_new(object, "allowed_iovas", list);
}

static void iova_ranges_encode(const struct trace_call *call, const struct trace_argument *argument,
			       enum trace_direction direction, json_t *object)
{
	const struct iommu_ioas_iova_ranges *arg = (const void *)argument->bytes;

	(void)call;
	if (direction == TRACE_OUT)
		set_ranges(object, argument, arg->num_iovas);
}

static const char *iova_ranges_decode(const struct trace_call *call, const json_t *in,
				      struct trace_argument *argument)
{
	struct iommu_ioas_iova_ranges *arg = (void *)argument->bytes;

	(void)call;
	(void)in;
	if (arg->num_iovas > IOVA_RANGES_MAX)
		return "in.num_iovas: at most 65536";
	if (!trace_argument_side(argument, arg->num_iovas * sizeof(struct iommu_iova_range)))
		return "more memory";
	arg->allowed_iovas = (uintptr_t)argument->side;
	return NULL;
}

static void iova_ranges_borrow(struct trace_argument *argument)
{
	const struct iommu_ioas_iova_ranges *arg = (const void *)argument->bytes;

	/* Before the call: afterwards num_iovas is what there is, not what there is room for. */
	argument->side = (void *)(uintptr_t)arg->allowed_iovas;
	argument->side_len = argument->side ? arg->num_iovas * 16 : 0;
}

const struct trace_codec trace_codec_iova_ranges = {iova_ranges_encode, iova_ranges_decode,
						    iova_ranges_borrow};

/* ---- IOMMU_IOAS_ALLOW_IOVAS: an array of ranges that the program gives ---- */

static void allow_iovas_encode(const struct trace_call *call, const struct trace_argument *argument,
			       enum trace_direction direction, json_t *object)
{
	const struct iommu_ioas_allow_iovas *arg = (const void *)argument->bytes;

	(void)call;
	if (direction == TRACE_IN)
		set_ranges(object, argument, arg->num_iovas);
}

static const char *allow_iovas_decode(const struct trace_call *call, const json_t *in,
				      struct trace_argument *argument)
{
	struct iommu_ioas_allow_iovas *arg = (void *)argument->bytes;
	const json_t *list = json_object_get(in, "allowed_iovas");
	struct iommu_iova_range *range;

	(void)call;
	if (json_array_size(list) != arg->num_iovas)
		return "in.allowed_iovas: num_iovas ranges";
	if (!trace_argument_side(argument, arg->num_iovas * sizeof(*range)))
		return "more memory";
	range = argument->side;
	for (uint32_t i = 0; i < arg->num_iovas; i++) {
		const json_t *item = json_array_get(list, i);

		range[i].start = (uint64_t)json_integer_value(json_object_get(item, "start"));
		range[i].last = (uint64_t)json_integer_value(json_object_get(item, "last"));
	}
	arg->allowed_iovas = (uintptr_t)argument->side;
	return NULL;
}

const struct trace_codec trace_codec_allow_iovas = {allow_iovas_encode, allow_iovas_decode,
						    iova_ranges_borrow};

/* ---- IOMMU_GET_HW_INFO: a buffer for the hardware's own structure ---- */

static void hw_info_encode(const struct trace_call *call, const struct trace_argument *argument,
			   enum trace_direction direction, json_t *object)
{
	/* The buffer's content is the hardware's; its length and type are fields. */
	(void)call;
	(void)argument;
	(void)direction;
	(void)object;
}

static const char *hw_info_decode(const struct trace_call *call, const json_t *in,
				  struct trace_argument *argument)
{
	struct iommu_hw_info *arg = (void *)argument->bytes;

	(void)call;
	(void)in;
	if (arg->data_len > 4096)
		return "in.data_len: at most 4096";
	if (!trace_argument_side(argument, arg->data_len))
		return "more memory";
	arg->data_uptr = arg->data_len ? (uintptr_t)argument->side : 0;
	return NULL;
}

const struct trace_codec trace_codec_hw_info = {hw_info_encode, hw_info_decode, NULL};

/* ---- Dirty bitmaps: a list of page addresses, or of ranges when it is long ---- */

static uint64_t count_bits(const uint64_t *words, uint64_t bits)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < bits / 64; i++)
		if (words[i])
			count += (uint64_t)__builtin_popcountll(words[i]);
	if (bits % 64)
		count += (uint64_t)__builtin_popcountll(words[bits / 64] << (64 - bits % 64));
	return count;
}

/* The first bit from `from` on that is dirty, or is not; `bits`: none. */
static uint64_t find_bit(const uint64_t *words, uint64_t bits, uint64_t from, bool dirty)
{
	uint64_t flip = dirty ? 0 : ~UINT64_C(0);

	while (from < bits) {
		uint64_t left = (words[from / 64] ^ flip) >> (from % 64);

		if (left)
			return MIN(from + (uint64_t)__builtin_ctzll(left), bits);
		from = from / 64 * 64 + 64;
	}
	return bits;
}

static json_t *dirty_list(const uint64_t *words, uint64_t bits, uint64_t iova, uint64_t page)
{
	json_t *list = json_array();

	for (uint64_t i = 0; (i = find_bit(words, bits, i, true)) < bits; i++)
		json_array_append_new(list, json_integer((json_int_t)(iova + i * page)));
	return list;
}

static json_t *dirty_ranges(const uint64_t *words, uint64_t bits, uint64_t iova, uint64_t page,
			    uint64_t count)
{
	json_t *ranges = json_array();
	uint64_t end;

	for (uint64_t i = 0; (i = find_bit(words, bits, i, true)) < bits; i = end) {
		end = find_bit(words, bits, i, false);
		json_array_append_new(ranges,
				      json_pack("{sIsI}", "iova", (json_int_t)(iova + i * page),
						"length", (json_int_t)((end - i) * page)));
	}
	return json_pack("{sIso}", "count", (json_int_t)count, "ranges", ranges);
}

void trace_dirty_encode(const struct trace_dirty *dirty, const struct trace_argument *argument,
			json_t *object)
{
	const uint64_t *words = argument->side;
	uint64_t page = dirty->page_size, bits, count;

	if (!page)
		return;
	bits = MIN(dirty->length / page, (uint64_t)argument->side_len * 8);
	count = count_bits(words, bits);
	json_object_set_new(object, "dirty_count", json_integer((json_int_t)count));
	json_object_set_new(object, "dirty",
			    count <= DIRTY_LIST_MAX
				    ? dirty_list(words, bits, dirty->iova, page)
				    : dirty_ranges(words, bits, dirty->iova, page, count));
}

const char *trace_dirty_decode(const struct trace_dirty *dirty, struct trace_argument *argument)
{
	uint64_t pages = dirty->page_size ? dirty->length / dirty->page_size : 0;

	if (pages > DIRTY_BITMAP_MAX * UINT64_C(8))
		return "length: at most 2^28 pages";
	return trace_argument_side(argument, (uint32_t)(align_up(pages + 1, 64) / 8))
		       ? NULL
		       : "more memory";
}

void trace_dirty_borrow(const struct trace_dirty *dirty, uint64_t bitmap,
			struct trace_argument *argument)
{
	uint64_t pages = dirty->page_size ? dirty->length / dirty->page_size : 0;

	argument->side = (void *)(uintptr_t)bitmap;
	argument->side_len =
		bitmap ? (uint32_t)(align_up(MIN(pages, DIRTY_BITMAP_MAX * UINT64_C(8)), 64) / 8)
		       : 0;
}

static struct trace_dirty dirty_of(const struct iommu_hwpt_get_dirty_bitmap *arg)
{
	return (struct trace_dirty){arg->iova, arg->length, arg->page_size};
}

static void dirty_bitmap_encode(const struct trace_call *call,
				const struct trace_argument *argument,
				enum trace_direction direction, json_t *object)
{
	struct trace_dirty dirty = dirty_of((const void *)argument->bytes);

	(void)call;
	if (direction == TRACE_OUT)
		trace_dirty_encode(&dirty, argument, object);
}

static const char *dirty_bitmap_decode(const struct trace_call *call, const json_t *in,
				       struct trace_argument *argument)
{
	struct iommu_hwpt_get_dirty_bitmap *arg = (void *)argument->bytes;
	struct trace_dirty dirty = dirty_of(arg);
	const char *why = trace_dirty_decode(&dirty, argument);

	(void)call;
	(void)in;
	arg->data = (uintptr_t)argument->side;
	return why;
}

static void dirty_bitmap_borrow(struct trace_argument *argument)
{
	const struct iommu_hwpt_get_dirty_bitmap *arg = (const void *)argument->bytes;
	struct trace_dirty dirty = dirty_of(arg);

	trace_dirty_borrow(&dirty, arg->data, argument);
}

const struct trace_codec trace_codec_dirty_bitmap = {dirty_bitmap_encode, dirty_bitmap_decode,
						     dirty_bitmap_borrow};

/* ---- VFIO_DEVICE_SET_IRQS: eventfds or booleans behind the header ---- */

static void irq_set_encode(const struct trace_call *call, const struct trace_argument *argument,
			   enum trace_direction direction, json_t *object)
{
	const struct vfio_irq_set *arg = (const void *)argument->bytes;
	uint32_t room = argument->len > sizeof(*arg) ? argument->len - sizeof(*arg) : 0;
	bool eventfds = arg->flags & VFIO_IRQ_SET_DATA_EVENTFD;
	bool bools = arg->flags & VFIO_IRQ_SET_DATA_BOOL;
	json_t *list;

	(void)call;
	if (direction != TRACE_IN)
		return;
	list = json_array();
	/* `count` is what the program says; what it has put there ends with its argument. */
	for (uint32_t i = 0; eventfds && i < MIN(arg->count, room / 4); i++)
		json_array_append_new(list, json_integer((int32_t)le32_get(arg->data + 4 * i)));
	for (uint32_t i = 0; bools && !eventfds && i < MIN(arg->count, room); i++)
		json_array_append_new(list, json_integer(arg->data[i]));
	if (eventfds)
		json_object_set(object, "fds", list);
	else if (bools)
		json_object_set(object, "bools", list);
	json_decref(list);
}

static const char *irq_set_decode(const struct trace_call *call, const json_t *in,
				  struct trace_argument *argument)
{
	struct vfio_irq_set *arg = (void *)argument->bytes;
	bool eventfds = arg->flags & VFIO_IRQ_SET_DATA_EVENTFD;
	const json_t *list = json_object_get(in, eventfds ? "fds" : "bools");
	uint32_t room = argument->len - (uint32_t)sizeof(*arg);
	uint32_t width = eventfds ? 4 : 1;

	(void)call;
	for (uint32_t i = 0; i < json_array_size(list) && (i + 1) * width <= room; i++) {
		json_int_t value = json_integer_value(json_array_get(list, i));

		if (eventfds)
			le32_put(arg->data + 4 * i, (uint32_t)value);
		else
			arg->data[i] = (uint8_t)value;
	}
	return NULL;
}

const struct trace_codec trace_codec_irq_set = {irq_set_encode, irq_set_decode, NULL};
