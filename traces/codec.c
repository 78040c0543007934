/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "traces/codec_internal.h"

/* What an argument may take: the largest real one is a SET_IRQS of 2048 eventfds. */
#define ARGUMENT_MAX 16384u

static const char *const states[] = {
	[VFIO_DEVICE_STATE_ERROR] = "ERROR",
	[VFIO_DEVICE_STATE_STOP] = "STOP",
	[VFIO_DEVICE_STATE_RUNNING] = "RUNNING",
	[VFIO_DEVICE_STATE_STOP_COPY] = "STOP_COPY",
	[VFIO_DEVICE_STATE_RESUMING] = "RESUMING",
	[VFIO_DEVICE_STATE_RUNNING_P2P] = "RUNNING_P2P",
	[VFIO_DEVICE_STATE_PRE_COPY] = "PRE_COPY",
	[VFIO_DEVICE_STATE_PRE_COPY_P2P] = "PRE_COPY_P2P",
};

const char *trace_state_name(uint32_t state)
{
	return state < ARRAY_LEN(states) ? states[state] : NULL;
}

uint64_t trace_field_get(const struct trace_field *field, const void *bytes)
{
	uint64_t value = 0;
	uint32_t spare = 64 - 8u * field->size;

	memcpy(&value, (const uint8_t *)bytes + field->offset, field->size);
	return field->is_signed ? (uint64_t)((int64_t)(value << spare) >> spare) : value;
}

void trace_field_set(const struct trace_field *field, void *bytes, uint64_t value)
{
	memcpy((uint8_t *)bytes + field->offset, &value, field->size);
}

bool trace_argument_side(struct trace_argument *argument, uint32_t len)
{
	argument->side = calloc(1, len ? len : 1);
	argument->side_len = len;
	return argument->side != NULL;
}

void trace_argument_release(struct trace_argument *argument)
{
	free(argument->bytes);
	free(argument->side);
	*argument = (struct trace_argument){0};
}

void trace_fields_encode(const struct trace_field *field, uint32_t fields, const void *bytes,
			 enum trace_direction direction, json_t *object)
{
	for (uint32_t i = 0; i < fields; i++) {
		uint64_t value = trace_field_get(&field[i], bytes);

		if (!(field[i].direction & direction))
			continue;
		json_object_set_new(object, field[i].name, json_integer((json_int_t)value));
		if (field[i].kind == TRACE_STATE) {
			const char *name = trace_state_name((uint32_t)value);

			json_object_set_new(object, "device_state_name",
					    json_string(name ? name : "?"));
		}
	}
}

/* Does a value of JSON fit the field? Unsigned 64-bit values may stand as their negative. */
static bool value_fits(const struct trace_field *field, int64_t value)
{
	uint32_t bits = 8u * field->size;

	if (bits == 64)
		return true;
	if (field->is_signed)
		return value >= -(INT64_C(1) << (bits - 1)) && value < INT64_C(1) << (bits - 1);
	return value >= 0 && value < INT64_C(1) << bits;
}

static const char *state_name_agrees(const json_t *object, uint64_t value)
{
	const char *name = json_string_value(json_object_get(object, "device_state_name"));
	const char *right = trace_state_name((uint32_t)value);

	return name && right && strcmp(name, right) ? "device_state_name: the name of device_state"
						    : NULL;
}

const char *trace_fields_decode(const struct trace_field *field, uint32_t fields,
				const json_t *object, void *bytes)
{
	static const char *const expected = "every field of the call as an integer that fits it";

	for (uint32_t i = 0; i < fields; i++) {
		const json_t *value = json_object_get(object, field[i].name);

		if (!(field[i].direction & TRACE_IN))
			continue;
		if (!json_is_integer(value) || !value_fits(&field[i], json_integer_value(value)))
			return expected;
		trace_field_set(&field[i], bytes, (uint64_t)json_integer_value(value));
		if (field[i].kind == TRACE_STATE) {
			const char *why =
				state_name_agrees(object, (uint64_t)json_integer_value(value));

			if (why)
				return why;
		}
	}
	return NULL;
}

json_t *trace_call_encode(const struct trace_call *call, const struct trace_argument *argument,
			  enum trace_direction direction)
{
	json_t *object = json_object();

	trace_fields_encode(call->field, call->fields, argument->bytes, direction, object);
	if (call->codec)
		call->codec->encode(call, argument, direction, object);
	return object;
}

/*
 * The structure's size, or its own argsz where that is larger: a tail belongs to the argument,
 * which the kernel may read. 0: larger than anything that is meant.
 */
static uint32_t argument_size(const struct trace_call *call, const json_t *in)
{
	const json_t *argsz = json_object_get(in, "argsz");
	const json_t *size = json_object_get(in, "size");
	const json_t *own = argsz ? argsz : size;
	json_int_t value = json_is_integer(own) ? json_integer_value(own) : 0;

	if (value > ARGUMENT_MAX)
		return 0;
	return value > call->size ? (uint32_t)value : call->size;
}

const char *trace_call_decode(const struct trace_call *call, const json_t *in,
			      struct trace_argument *argument)
{
	const char *why;

	*argument = (struct trace_argument){.len = argument_size(call, in)};
	if (call->size && !argument->len)
		return "in.argsz (or in.size): at most 16384";
	argument->bytes = calloc(1, MAX(argument->len, 8));
	if (!argument->bytes)
		return "more memory";
	why = trace_fields_decode(call->field, call->fields, in, argument->bytes);
	if (!why && call->codec)
		why = call->codec->decode(call, in, argument);
	return why;
}

struct trace_argument trace_argument_borrow(const struct trace_call *call, void *bytes)
{
	struct trace_argument argument = {.bytes = bytes, .len = call->size};

	if (call->form == TRACE_SIZED && call->size && bytes)
		argument.len = MIN(MAX(le32_get(bytes), call->size), ARGUMENT_MAX);
	if (call->codec && call->codec->borrow && bytes)
		call->codec->borrow(&argument);
	return argument;
}

static const struct trace_field *find_field(const struct trace_field *field, uint32_t fields,
					    const char *name)
{
	for (uint32_t i = 0; i < fields; i++)
		if (!strcmp(field[i].name, name))
			return &field[i];
	return NULL;
}

enum trace_field_kind trace_call_member_kind(const struct trace_call *call, const char *path)
{
	const struct trace_field *field = NULL;

	if (!strcmp(path, "fds"))
		return TRACE_FD;
	if (!strncmp(path, "payload.", 8)) {
		for (uint32_t index = 0; !field && index < 64; index++) {
			const struct trace_feature *feature = trace_feature_by_index(index);

			if (feature)
				field = find_field(feature->field, feature->fields, path + 8);
		}
	} else {
		field = find_field(call->field, call->fields, path);
	}
	return field ? (enum trace_field_kind)field->kind : TRACE_NUMBER;
}
