/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_CALL_H
#define VFSIM_TRACES_CALL_H

/*
 * The uAPI calls as a trace writes them: each ioctl a row, each field of its
 * structure a row of that, under the names of <linux/vfio.h> and
 * <linux/iommufd.h>. The same rows turn a structure into JSON, JSON into a
 * structure, and say how a replay compares a field.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum trace_field_kind {
	TRACE_NUMBER,  /* compared as it is */
	TRACE_FD,      /* compared as: open in both, or -1 in both */
	TRACE_ID,      /* an object: compared by identity along the file */
	TRACE_ADDRESS, /* of the program's memory: free */
	TRACE_STATE,   /* a migration state; NAME_name carries its name */
};

enum trace_direction { TRACE_IN = 1, TRACE_OUT = 2, TRACE_INOUT = 3 };

struct trace_field {
	const char *name;
	uint16_t offset;
	uint8_t size;
	uint8_t direction;
	uint8_t kind;
	bool is_signed;
};

/* A call's argument in memory, as the kernel takes it. */
struct trace_argument {
	uint8_t *bytes;
	uint32_t len;
	void *side; /* what a pointer in `bytes` points to: a bitmap, an array */
	uint32_t side_len;
};

/* What the argument of a call is. */
enum trace_form {
	TRACE_SIZED, /* the address of a structure whose first word is its size */
	TRACE_PLAIN, /* the address of `size` bytes, which for a text are the most it may have */
	TRACE_VALUE, /* no address: the value itself, kept in the argument's bytes */
};

struct trace_call;

/* What a structure's fields cannot say: arrays, bitmaps, payloads chosen by a field. */
struct trace_codec {
	/* Add the extra members of `direction` to `object`. */
	void (*encode)(const struct trace_call *call, const struct trace_argument *argument,
		       enum trace_direction direction, json_t *object);
	/* Fill `argument` from `in`. NULL, or what was expected. */
	const char *(*decode)(const struct trace_call *call, const json_t *in,
			      struct trace_argument *argument);
	/* Find what `argument->bytes`, a program's own, point to. NULL: nothing. */
	void (*borrow)(struct trace_argument *argument);
};

struct trace_call {
	const char *name;
	unsigned long request;
	uint32_t size; /* of the structure; 0: there is no argument */
	const struct trace_field *field;
	uint32_t fields;
	const struct trace_codec *codec;
	uint8_t form; /* enum trace_form */
};

/* NULL for a call that the table does not have. */
const struct trace_call *trace_call_by_name(const char *name);
/* `file`: the kind of file that the ioctl is done on; numbers overlap between files. */
const struct trace_call *trace_call_by_request(const char *file, unsigned long request);

/* The fields of `direction` as a JSON object; the caller owns it. */
json_t *trace_call_encode(const struct trace_call *call, const struct trace_argument *argument,
			  enum trace_direction direction);

/*
 * Build the argument that `in` describes. NULL, or a text of what was expected
 * ("in.length: an integer"), static or in `argument` until it is released.
 */
const char *trace_call_decode(const struct trace_call *call, const json_t *in,
			      struct trace_argument *argument);
void trace_argument_release(struct trace_argument *argument);

/*
 * A view of a program's own argument, whose pointers are valid here, taken before
 * the call is done. It is not released. `bytes` of a TRACE_VALUE: where the value is kept.
 */
struct trace_argument trace_argument_borrow(const struct trace_call *call, void *bytes);

/* A field's value, sign-extended where it is signed; and its setting. */
uint64_t trace_field_get(const struct trace_field *field, const void *bytes);
void trace_field_set(const struct trace_field *field, void *bytes, uint64_t value);

/* The kind of the member `path` ("iova", "payload.data_fd", "fds") of a call. */
enum trace_field_kind trace_call_member_kind(const struct trace_call *call, const char *path);

/* A migration state's name and number; NULL and -1 for none. */
const char *trace_state_name(uint32_t state);

/* The features of VFIO_DEVICE_FEATURE: a payload each. NULL for an unknown index. */
struct trace_feature {
	const char *name;
	uint16_t index;
	uint16_t size;
	const struct trace_field *field;
	uint32_t fields;
	bool asks; /* a GET whose payload goes in as well */
	/* What the payload's fields cannot say. Its encode has the payload going in, `out` coming.
	 */
	const struct trace_codec *codec;
};
const struct trace_feature *trace_feature_by_index(uint32_t index);

#ifdef __cplusplus
}
#endif
#endif
