/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_CODEC_INTERNAL_H
#define VFSIM_TRACES_CODEC_INTERNAL_H

#include "traces/call.h"

extern const struct trace_codec trace_codec_iova_ranges;
extern const struct trace_codec trace_codec_allow_iovas;
extern const struct trace_codec trace_codec_hw_info;
extern const struct trace_codec trace_codec_dirty_bitmap;
extern const struct trace_codec trace_codec_irq_set;
extern const struct trace_codec trace_codec_feature;

/* Fields to and from JSON, for codecs with a payload of their own. */
void trace_fields_encode(const struct trace_field *field, uint32_t fields, const void *bytes,
			 enum trace_direction direction, json_t *object);
const char *trace_fields_decode(const struct trace_field *field, uint32_t fields,
				const json_t *object, void *bytes);

/* Make room behind `argument`'s pointer. False without memory. */
bool trace_argument_side(struct trace_argument *argument, uint32_t len);

#endif
