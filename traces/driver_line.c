/* SPDX-License-Identifier: Apache-2.0 */
/* The members of each kind of line, and how one is read. */
#include "traces/driver_line.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "traces/driver_internal.h"

#define LONGEST_BYTES (1u << 20)

int driver_fail(struct driver_source *source, const char *format, ...)
{
	va_list args;
	int used = snprintf(source->error, source->error_size, "%s:%u: ", source->path,
			    source->number);

	va_start(args, format);
	if (used >= 0 && (size_t)used < source->error_size)
		vsnprintf(source->error + used, source->error_size - (size_t)used, format, args);
	va_end(args);
	return -EINVAL;
}

/* An integer, or a text of 0x and hexadecimal digits. */
bool driver_number(const json_t *json, uint64_t *value)
{
	const char *text = json_string_value(json);
	char *end;

	if (json_is_integer(json)) {
		*value = (uint64_t)json_integer_value(json);
		return true;
	}
	if (!text || strncmp(text, "0x", 2) || strlen(text) > 18)
		return false;
	*value = strtoull(text + 2, &end, 16);
	return text[2] && !*end && text[2] != '-' && text[2] != '+' && text[2] != ' ';
}

static int digit_of(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int take_number(struct driver_source *source, const json_t *json, const char *key,
		       void *member)
{
	return driver_number(json, member) ? 0 : driver_fail(source, "%s: expected a number", key);
}

static int take_text(struct driver_source *source, const json_t *json, const char *key,
		     void *member)
{
	const char *text = json_string_value(json);

	if (!text)
		return driver_fail(source, "%s: expected a text", key);
	snprintf(member, sizeof(((struct driver_line *)NULL)->what), "%s", text);
	return 0;
}

static int take_op(struct driver_source *source, const json_t *json, const char *key, void *member)
{
	const char *op = json_string_value(json);

	if (!op || (strcmp(op, "read") && strcmp(op, "write")))
		return driver_fail(source, "%s: expected read or write", key);
	*(bool *)member = *op == 'w';
	return 0;
}

static int take_hex(struct driver_source *source, const json_t *json, const char *key, void *member)
{
	struct driver_bytes *bytes = member;
	const char *text = json_string_value(json);
	size_t len = text ? strlen(text) : 1;

	if (len % 2 || len / 2 > LONGEST_BYTES)
		return driver_fail(source, "%s: expected bytes, two hexadecimal digits each", key);
	bytes->data = malloc(len / 2 + 1);
	if (!bytes->data)
		return -ENOMEM;
	for (size_t i = 0; i < len / 2; i++) {
		int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return driver_fail(source,
					   "%s: expected bytes, two hexadecimal digits each", key);
		bytes->data[i] = (uint8_t)(high << 4 | low);
	}
	bytes->len = bytes->known = (uint32_t)(len / 2);
	return 0;
}

/* 64-bit words, little-endian in memory; null where the recorder could not see them. */
static int take_words(struct driver_source *source, const json_t *json, const char *key,
		      void *member)
{
	struct driver_bytes *bytes = member;
	size_t count = json_array_size(json);
	uint64_t word;

	if (json_is_null(json))
		return 0;
	if (!count || count > 8)
		return driver_fail(source, "%s: expected 1 to 8 words", key);
	bytes->data = malloc(count * 8);
	if (!bytes->data)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (!driver_number(json_array_get(json, i), &word))
			return driver_fail(source, "%s: expected words", key);
		le64_put(bytes->data + 8 * i, word);
	}
	bytes->len = bytes->known = (uint32_t)count * 8;
	return 0;
}

static int take_level(struct driver_source *source, const json_t *json, struct driver_level *level)
{
	if (json_array_size(json) != 3 || !driver_number(json_array_get(json, 0), &level->level) ||
	    !driver_number(json_array_get(json, 1), &level->pa) ||
	    !driver_number(json_array_get(json, 2), &level->descriptor) || level->level > 3)
		return driver_fail(source, "walk.pt: expected [level, pa, descriptor]");
	return 0;
}

static int take_walk(struct driver_source *source, const json_t *json, const char *key,
		     void *member)
{
	struct driver_walk *walk = member;
	const json_t *l1std = json_object_get(json, "l1std"), *pt = json_object_get(json, "pt");
	const json_t *cd = json_object_get(json, "cd");
	int err = 0;

	if (!json_is_object(json))
		return driver_fail(source, "%s: expected an object", key);
	walk->present = true;
	walk->two_level = l1std != NULL;
	if (l1std && (json_array_size(l1std) != 2 ||
		      !driver_number(json_array_get(l1std, 0), &walk->l1std_pa) ||
		      !driver_number(json_array_get(l1std, 1), &walk->l1std)))
		return driver_fail(source, "walk.l1std: expected [pa, descriptor]");
	if (!driver_number(json_object_get(json, "ste"), &walk->ste_pa))
		return driver_fail(source, "walk.ste: expected an address");
	if (cd && !driver_number(cd, &walk->cd_pa))
		return driver_fail(source, "walk.cd: expected an address");
	if (json_array_size(pt) > DRIVER_LEVELS)
		return driver_fail(source, "walk.pt: expected at most %d levels", DRIVER_LEVELS);
	for (walk->levels = 0; !err && walk->levels < json_array_size(pt); walk->levels++)
		err = take_level(source, json_array_get(pt, walk->levels),
				 &walk->level[walk->levels]);
	return err;
}

/* ---- the table ---- */

typedef int take_fn(struct driver_source *source, const json_t *json, const char *key,
		    void *member);

struct field {
	const char *key;
	take_fn *take;
	size_t member;
	bool optional;
};

#define FIELD(key, take, member)                                                                   \
	{                                                                                          \
		key, take, offsetof(struct driver_line, member), false                             \
	}
#define OPTIONAL(key, take, member)                                                                \
	{                                                                                          \
		key, take, offsetof(struct driver_line, member), true                              \
	}
#define FIELDS 12

#define ACCESS_FIELDS                                                                              \
	FIELD("op", take_op, write), FIELD("offset", take_number, offset),                         \
		FIELD("len", take_number, len), FIELD("value", take_number, value),                \
		OPTIONAL("register", take_text, what)
#define DESCRIPTOR_FIELDS                                                                          \
	FIELD("index", take_number, index), FIELD("iova", take_number, iova),                      \
		FIELD("descriptor", take_hex, bytes)

/* clang-format off */
static const struct field fields[DRIVER_KINDS][FIELDS] = {
	[DRIVER_CONFIG] = {ACCESS_FIELDS},
	[DRIVER_BAR0] = {ACCESS_FIELDS},
	[DRIVER_BAR3] = {ACCESS_FIELDS},
	[DRIVER_MEM] = {FIELD("pa", take_number, pa), FIELD("len", take_number, len),
		FIELD("what", take_text, what), FIELD("hex", take_hex, bytes)},
	[DRIVER_QUEUE_WRITE] = {FIELD("queue", take_text, what), FIELD("index", take_number, index),
		FIELD("pa", take_number, pa), FIELD("words", take_words, bytes)},
	[DRIVER_COMMAND] = {FIELD("opcode", take_text, what), FIELD("op", take_number, opcode),
		FIELD("index", take_number, index), FIELD("words", take_words, bytes)},
	[DRIVER_STE] = {FIELD("stream_id", take_number, stream), OPTIONAL("pa", take_number, pa),
		OPTIONAL("words", take_words, bytes), OPTIONAL("walk", take_walk, walk)},
	[DRIVER_CD] = {FIELD("stream_id", take_number, stream), OPTIONAL("pa", take_number, pa),
		OPTIONAL("words", take_words, bytes)},
	[DRIVER_DMA] = {FIELD("op", take_op, write), FIELD("what", take_text, what),
		FIELD("pa", take_number, pa), FIELD("len", take_number, len),
		OPTIONAL("iova", take_number, iova), OPTIONAL("stream_id", take_number, stream),
		OPTIONAL("hex", take_hex, bytes), OPTIONAL("walk", take_walk, walk)},
	[DRIVER_ATQ] = {DESCRIPTOR_FIELDS, FIELD("aq_opcode", take_number, opcode),
		FIELD("datalen", take_number, len), OPTIONAL("v_opcode", take_number, v_opcode)},
	[DRIVER_ATQ_WRITEBACK] = {DESCRIPTOR_FIELDS},
	[DRIVER_ARQ] = {DESCRIPTOR_FIELDS, FIELD("v_opcode", take_number, v_opcode),
		FIELD("v_retval", take_number, v_status), FIELD("datalen", take_number, len),
		FIELD("buffer", take_hex, frame)},
	[DRIVER_RING] = {FIELD("queue", take_text, what), FIELD("iova", take_number, iova),
		FIELD("count", take_number, count), OPTIONAL("buffer_size", take_number, buffer)},
	[DRIVER_TX] = {FIELD("queue", take_number, queue), DESCRIPTOR_FIELDS},
	[DRIVER_TX_WRITEBACK] = {FIELD("queue", take_number, queue), DESCRIPTOR_FIELDS},
	[DRIVER_RX] = {FIELD("queue", take_number, queue), FIELD("index", take_number, index),
		FIELD("iova", take_number, iova), FIELD("after", take_hex, bytes),
		FIELD("len", take_number, len), FIELD("frame", take_hex, frame)},
	[DRIVER_MSI] = {FIELD("vector", take_number, vector), FIELD("iova", take_number, iova),
		FIELD("data", take_number, value), FIELD("pa", take_number, pa),
		FIELD("stream_id", take_number, stream), OPTIONAL("walk", take_walk, walk)},
};

const char *const driver_kind_names[DRIVER_KINDS] = {
	[DRIVER_META] = "meta", [DRIVER_CONFIG] = "config", [DRIVER_BAR0] = "bar0",
	[DRIVER_BAR3] = "bar3", [DRIVER_MEM] = "mem", [DRIVER_QUEUE_WRITE] = "queue_write",
	[DRIVER_COMMAND] = "command", [DRIVER_STE] = "ste", [DRIVER_CD] = "cd",
	[DRIVER_DMA] = "dma", [DRIVER_ATQ] = "atq", [DRIVER_ATQ_WRITEBACK] = "atq_writeback",
	[DRIVER_ARQ] = "arq", [DRIVER_RING] = "ring", [DRIVER_TX] = "tx",
	[DRIVER_TX_WRITEBACK] = "tx_writeback", [DRIVER_RX] = "rx", [DRIVER_MSI] = "msi",
};
/* clang-format on */

static const char *const function_names[DRIVER_FUNCTIONS] = {"smmu", "vf0"};

static int take_name(struct driver_source *source, const json_t *json, const char *key,
		     const char *const *names, int count, int *number)
{
	const char *name = json_string_value(json_object_get(json, key));

	for (int i = 0; name && i < count; i++)
		if (!strcmp(name, names[i])) {
			*number = i;
			return 0;
		}
	return driver_fail(source, "%s: expected %s to %s, found %s", key, names[0],
			   names[count - 1], name ? name : "none");
}

/* A long frame: how many bytes there were beyond those that were kept, and what is known of them.
 */
static int take_rest(struct driver_source *source, const json_t *json, struct driver_bytes *bytes)
{
	const json_t *rest = json_object_get(json, "rest_len");
	uint8_t *more;
	uint64_t len;

	if (!rest || !bytes->data)
		return 0;
	if (!driver_number(rest, &len) || len > LONGEST_BYTES)
		return driver_fail(source, "rest_len: expected a number of bytes");
	more = realloc(bytes->data, bytes->len + len + 1);
	if (!more)
		return -ENOMEM;
	bytes->data = more;
	memset(more + bytes->len, 0, len);
	bytes->len += (uint32_t)len;
	if (json_is_true(json_object_get(json, "rest_zero")))
		bytes->known = bytes->len;
	return 0;
}

static int take_fields(struct driver_source *source, const json_t *line_json,
		       struct driver_line *line)
{
	int err = 0;

	for (const struct field *field = fields[line->kind]; !err && field->key; field++) {
		const json_t *json = json_object_get(line_json, field->key);

		if (!json && field->optional)
			continue;
		err = field->take(source, json, field->key, (char *)line + field->member);
	}
	line->has_pa = json_object_get(line_json, "pa");
	line->has_iova = json_object_get(line_json, "iova");
	line->has_v_opcode = json_object_get(line_json, "v_opcode");
	if (err || line->kind == DRIVER_TX) /* of whose frame nothing is kept */
		return err;
	return take_rest(source, line_json, line->kind == DRIVER_RX ? &line->frame : &line->bytes);
}

int driver_line_take(struct driver_source *source, const json_t *json, struct driver_line *line)
{
	int function = 0, kind = 0, err;

	*line = (struct driver_line){.number = source->number};
	if (!json_is_object(json))
		return driver_fail(source, "expected one JSON object");
	if (take_name(source, json, "function", function_names, DRIVER_FUNCTIONS, &function) ||
	    take_name(source, json, "kind", driver_kind_names, DRIVER_KINDS, &kind))
		return -EINVAL;
	line->function = (enum driver_function)function;
	line->kind = (enum driver_kind)kind;
	if (!driver_number(json_object_get(json, "t_us"), &line->t_us))
		return driver_fail(source, "t_us: expected a number");
	err = take_fields(source, json, line);
	return err ? err : driver_line_check(source, line);
}

void driver_line_release(struct driver_line *line)
{
	free(line->bytes.data);
	free(line->frame.data);
}
