/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_CODEC_INTERNAL_H
#define VFSIM_TRACES_CODEC_INTERNAL_H

#include "base/bits.h"
#include "traces/call.h"

extern const struct trace_codec trace_codec_iova_ranges;
extern const struct trace_codec trace_codec_allow_iovas;
extern const struct trace_codec trace_codec_hw_info;
extern const struct trace_codec trace_codec_dirty_bitmap;
extern const struct trace_codec trace_codec_irq_set;
extern const struct trace_codec trace_codec_feature;
extern const struct trace_codec trace_codec_type1_info;
extern const struct trace_codec trace_codec_type1_unmap;
extern const struct trace_codec trace_codec_type1_dirty;
extern const struct trace_codec trace_codec_device_name;

/* FIELD(struct, member, direction, kind): a row under the member's own name. */
#define FIELD_AS(text, type, member, direction, kind, sign)                                        \
	{                                                                                          \
		text, offsetof(struct type, member), sizeof(((struct type *)0)->member),           \
			TRACE_##direction, TRACE_##kind, sign                                      \
	}
#define FIELD(type, member, direction, kind)  FIELD_AS(#member, type, member, direction, kind, false)
#define SIGNED(type, member, direction, kind) FIELD_AS(#member, type, member, direction, kind, true)

#define CALL(request, type, field, codec)                                                          \
	{                                                                                          \
#request, request, sizeof(struct type), field, ARRAY_LEN(field), codec,            \
			TRACE_SIZED                                                                \
	}
#define BARE(request)                                                                              \
	{                                                                                          \
#request, request, 0, NULL, 0, NULL, TRACE_SIZED                                   \
	}

/* container_calls.c: the calls on groups and containers, whose numbers devices use too. */
extern const struct trace_call trace_group_calls[];
extern const uint32_t trace_group_call_count;
extern const struct trace_call trace_container_calls[];
extern const uint32_t trace_container_call_count;

/* Fields to and from JSON, for codecs with a payload of their own. */
void trace_fields_encode(const struct trace_field *field, uint32_t fields, const void *bytes,
			 enum trace_direction direction, json_t *object);
const char *trace_fields_decode(const struct trace_field *field, uint32_t fields,
				const json_t *object, void *bytes);

/* A bitmap behind the argument's pointer: what it is of. Encoding does without the kernel's checks.
 */
struct trace_dirty {
	uint64_t iova, length, page_size;
};
void trace_dirty_encode(const struct trace_dirty *dirty, const struct trace_argument *argument,
			json_t *object);
const char *trace_dirty_decode(const struct trace_dirty *dirty, struct trace_argument *argument);
void trace_dirty_borrow(const struct trace_dirty *dirty, uint64_t bitmap,
			struct trace_argument *argument);

/* Payloads of features; their codecs, of struct trace_feature. */
extern const struct trace_codec trace_codec_logging_start;
extern const struct trace_codec trace_codec_logging_report;

/* Make room behind `argument`'s pointer. False without memory. */
bool trace_argument_side(struct trace_argument *argument, uint32_t len);

#endif
