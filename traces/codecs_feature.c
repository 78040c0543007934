/* SPDX-License-Identifier: Apache-2.0 */
/* VFIO_DEVICE_FEATURE: payloads, and what those of DMA logging point to. */
#include <linux/vfio.h>
#include <string.h>

#include "base/bits.h"
#include "traces/codec_internal.h"

/* What a trace may ask for; the kernel takes as many as fit into a page, and looks at no more. */
#define LOG_RANGES_MAX    65536u
#define LOG_RANGES_LOOKED 256u

static struct vfio_device_feature *feature_of(const struct trace_argument *argument)
{
	return (struct vfio_device_feature *)argument->bytes;
}

/* ---- DMA_LOGGING_START: an array of ranges that the program gives ---- */

static void logging_start_encode(const struct trace_call *call,
				 const struct trace_argument *argument,
				 enum trace_direction direction, json_t *object)
{
	const struct vfio_device_feature_dma_logging_control *control =
		(const void *)feature_of(argument)->data;
	const struct vfio_device_feature_dma_logging_range *range = argument->side;
	uint32_t room = argument->side_len / sizeof(*range);
	json_t *list;

	(void)call;
	if (direction != TRACE_IN)
		return;
	list = json_array();
	for (uint32_t i = 0; i < MIN(control->num_ranges, room); i++)
		json_array_append_new(list, json_pack("{sIsI}", "iova", (json_int_t)range[i].iova,
						      "length", (json_int_t)range[i].length));
	json_object_set_new(object, "ranges", list);
}

static const char *logging_start_decode(const struct trace_call *call, const json_t *payload,
					struct trace_argument *argument)
{
	struct vfio_device_feature_dma_logging_control *control =
		(void *)feature_of(argument)->data;
	const json_t *list = json_object_get(payload, "ranges");
	struct vfio_device_feature_dma_logging_range *range;

	(void)call;
	if (control->num_ranges > LOG_RANGES_MAX)
		return "in.payload.num_ranges: at most 65536";
	if (json_array_size(list) != control->num_ranges &&
	    control->num_ranges <= LOG_RANGES_LOOKED)
		return "in.payload.ranges: num_ranges ranges";
	if (!trace_argument_side(argument, control->num_ranges * (uint32_t)sizeof(*range)))
		return "more memory";
	range = argument->side;
	for (uint32_t i = 0; i < MIN(control->num_ranges, json_array_size(list)); i++) {
		const json_t *item = json_array_get(list, i);
		const json_t *iova = json_object_get(item, "iova");
		const json_t *length = json_object_get(item, "length");

		if (!json_is_integer(iova) || !json_is_integer(length))
			return "in.payload.ranges: each with iova and length, integers";
		range[i].iova = (uint64_t)json_integer_value(iova);
		range[i].length = (uint64_t)json_integer_value(length);
	}
	control->ranges = (uintptr_t)argument->side;
	return NULL;
}

static void logging_start_borrow(struct trace_argument *argument)
{
	const struct vfio_device_feature_dma_logging_control *control =
		(const void *)feature_of(argument)->data;

	if (control->num_ranges > LOG_RANGES_LOOKED || !control->ranges)
		return;
	argument->side = (void *)(uintptr_t)control->ranges;
	argument->side_len = control->num_ranges *
			     (uint32_t)sizeof(struct vfio_device_feature_dma_logging_range);
}

const struct trace_codec trace_codec_logging_start = {logging_start_encode, logging_start_decode,
						      logging_start_borrow};

/* ---- DMA_LOGGING_REPORT: a bitmap that the kernel sets bits in ---- */

static struct trace_dirty dirty_of(const struct vfio_device_feature_dma_logging_report *report)
{
	return (struct trace_dirty){report->iova, report->length, report->page_size};
}

static void logging_report_encode(const struct trace_call *call,
				  const struct trace_argument *argument,
				  enum trace_direction direction, json_t *object)
{
	struct trace_dirty dirty = dirty_of((const void *)feature_of(argument)->data);

	(void)call;
	if (direction == TRACE_OUT)
		trace_dirty_encode(&dirty, argument, object);
}

static const char *logging_report_decode(const struct trace_call *call, const json_t *payload,
					 struct trace_argument *argument)
{
	struct vfio_device_feature_dma_logging_report *report = (void *)feature_of(argument)->data;
	struct trace_dirty dirty = dirty_of(report);
	const char *why = trace_dirty_decode(&dirty, argument);

	(void)call;
	(void)payload;
	report->bitmap = (uintptr_t)argument->side;
	return why;
}

static void logging_report_borrow(struct trace_argument *argument)
{
	const struct vfio_device_feature_dma_logging_report *report =
		(const void *)feature_of(argument)->data;
	struct trace_dirty dirty = dirty_of(report);

	trace_dirty_borrow(&dirty, report->bitmap, argument);
}

const struct trace_codec trace_codec_logging_report = {logging_report_encode, logging_report_decode,
						       logging_report_borrow};

/* ---- A payload that the feature's index chooses ---- */

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
	bool asks = sets || (feature && feature->asks);
	json_t *payload;

	(void)call;
	if (direction == TRACE_IN) {
		json_object_set_new(object, "op", json_string(feature_op(arg->flags)));
		json_object_set_new(object, "feature", json_string(feature ? feature->name : "?"));
	}
	if (!feature || !feature->fields || probes || argument->len < sizeof(*arg) + feature->size)
		return;
	if (direction == TRACE_IN && !asks)
		return;
	payload = json_object();
	trace_fields_encode(feature->field, feature->fields, arg->data, direction, payload);
	if (feature->codec)
		feature->codec->encode(call, argument, direction,
				       direction == TRACE_IN ? payload : object);
	if (json_object_size(payload))
		json_object_set(object, "payload", payload);
	json_decref(payload);
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
	const char *why;

	(void)call;
	if (op && strcmp(op, feature_op(arg->flags)))
		return "in.op: what in.flags say";
	if (name && feature && strcmp(name, feature->name))
		return "in.feature: what in.flags say";
	if (!payload || !feature || argument->len < sizeof(*arg) + feature->size)
		return NULL;
	why = trace_fields_decode(feature->field, feature->fields, payload, arg->data);
	return why || !feature->codec ? why : feature->codec->decode(call, payload, argument);
}

static void feature_borrow(struct trace_argument *argument)
{
	const struct vfio_device_feature *arg = (const void *)argument->bytes;
	const struct trace_feature *feature =
		trace_feature_by_index(arg->flags & VFIO_DEVICE_FEATURE_MASK);

	if (feature && feature->codec && !(arg->flags & VFIO_DEVICE_FEATURE_PROBE) &&
	    argument->len >= sizeof(*arg) + feature->size)
		feature->codec->borrow(argument);
}

const struct trace_codec trace_codec_feature = {feature_encode, feature_decode, feature_borrow};
