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

static bool bit_test(const uint64_t *words, uint64_t bit)
{
	return words[bit / 64] >> (bit % 64) & 1;
}

static uint64_t count_bits(const uint64_t *words, uint64_t bits)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < bits / 64; i++)
		count += (uint64_t)__builtin_popcountll(words[i]);
	for (uint64_t i = bits / 64 * 64; i < bits; i++)
		count += bit_test(words, i);
	return count;
}

static json_t *dirty_list(const uint64_t *words, uint64_t bits, uint64_t iova, uint64_t page)
{
	json_t *list = json_array();

	for (uint64_t i = 0; i < bits; i++)
		if (bit_test(words, i))
			json_array_append_new(list, json_integer((json_int_t)(iova + i * page)));
	return list;
}

static json_t *dirty_ranges(const uint64_t *words, uint64_t bits, uint64_t iova, uint64_t page,
			    uint64_t count)
{
	json_t *ranges = json_array();

	for (uint64_t i = 0; i < bits;) {
		uint64_t end = i;

		while (end < bits && bit_test(words, end))
			end++;
		if (end > i)
			json_array_append_new(
				ranges, json_pack("{sIsI}", "iova", (json_int_t)(iova + i * page),
						  "length", (json_int_t)((end - i) * page)));
		i = end + 1;
	}
	return json_pack("{sIso}", "count", (json_int_t)count, "ranges", ranges);
}

static void dirty_bitmap_encode(const struct trace_call *call,
				const struct trace_argument *argument,
				enum trace_direction direction, json_t *object)
{
	const struct iommu_hwpt_get_dirty_bitmap *arg = (const void *)argument->bytes;
	const uint64_t *words = argument->side;
	uint64_t bits, count;

	(void)call;
	if (direction != TRACE_OUT || !arg->page_size)
		return;
	bits = MIN(arg->length / arg->page_size, (uint64_t)argument->side_len * 8);
	count = count_bits(words, bits);
	json_object_set_new(object, "dirty_count", json_integer((json_int_t)count));
	json_object_set_new(object, "dirty",
			    count <= DIRTY_LIST_MAX
				    ? dirty_list(words, bits, arg->iova, arg->page_size)
				    : dirty_ranges(words, bits, arg->iova, arg->page_size, count));
}

static const char *dirty_bitmap_decode(const struct trace_call *call, const json_t *in,
				       struct trace_argument *argument)
{
	struct iommu_hwpt_get_dirty_bitmap *arg = (void *)argument->bytes;
	uint64_t pages = arg->page_size ? arg->length / arg->page_size : 0;

	(void)call;
	(void)in;
	if (pages > DIRTY_BITMAP_MAX * UINT64_C(8))
		return "in.length: at most 2^28 pages";
	if (!trace_argument_side(argument, (uint32_t)(align_up(pages + 1, 64) / 8)))
		return "more memory";
	arg->data = (uintptr_t)argument->side;
	return NULL;
}

static void dirty_bitmap_borrow(struct trace_argument *argument)
{
	const struct iommu_hwpt_get_dirty_bitmap *arg = (const void *)argument->bytes;
	uint64_t pages = arg->page_size ? arg->length / arg->page_size : 0;

	argument->side = (void *)(uintptr_t)arg->data;
	argument->side_len = argument->side ? (uint32_t)(align_up(pages, 64) / 8) : 0;
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

/* ---- VFIO_DEVICE_FEATURE: a payload that the feature's index chooses ---- */

static const struct {
	const char *name;
	uint32_t flag;
} feature_ops[] = {
	{"probe", VFIO_DEVICE_FEATURE_PROBE},
	{"get", VFIO_DEVICE_FEATURE_GET},
	{"set", VFIO_DEVICE_FEATURE_SET},
};

static const char *feature_op(uint32_t flags)
{
	for (size_t i = 0; i < ARRAY_LEN(feature_ops); i++)
		if (flags & feature_ops[i].flag)
			return feature_ops[i].name;
	return "none";
}

static void feature_encode(const struct trace_call *call, const struct trace_argument *argument,
			   enum trace_direction direction, json_t *object)
{
	const struct vfio_device_feature *arg = (const void *)argument->bytes;
	const struct trace_feature *feature =
		trace_feature_by_index(arg->flags & VFIO_DEVICE_FEATURE_MASK);
	bool sets = arg->flags & VFIO_DEVICE_FEATURE_SET;
	bool probes = arg->flags & VFIO_DEVICE_FEATURE_PROBE;
	json_t *payload;

	(void)call;
	if (direction == TRACE_IN) {
		json_object_set_new(object, "op", json_string(feature_op(arg->flags)));
		json_object_set_new(object, "feature", json_string(feature ? feature->name : "?"));
	}
	if (!feature || !feature->fields || probes || argument->len < sizeof(*arg) + feature->size)
		return;
	if (direction == TRACE_IN && !sets)
		return;
	payload = json_object();
	trace_fields_encode(feature->field, feature->fields, arg->data, direction, payload);
	json_object_set_new(object, "payload", payload);
}

static const char *feature_decode(const struct trace_call *call, const json_t *in,
				  struct trace_argument *argument)
{
	struct vfio_device_feature *arg = (void *)argument->bytes;
	const struct trace_feature *feature =
		trace_feature_by_index(arg->flags & VFIO_DEVICE_FEATURE_MASK);
	const char *op = json_string_value(json_object_get(in, "op"));
	const char *name = json_string_value(json_object_get(in, "feature"));
	const json_t *payload = json_object_get(in, "payload");

	(void)call;
	if (op && strcmp(op, feature_op(arg->flags)))
		return "in.op: what in.flags say";
	if (name && feature && strcmp(name, feature->name))
		return "in.feature: what in.flags say";
	if (!payload || !feature || argument->len < sizeof(*arg) + feature->size)
		return NULL;
	return trace_fields_decode(feature->field, feature->fields, payload, arg->data);
}

const struct trace_codec trace_codec_feature = {feature_encode, feature_decode, NULL};
