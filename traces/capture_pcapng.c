/* SPDX-License-Identifier: Apache-2.0 */
/* pcapng, block by block (draft-ietf-opsawg-pcapng, 3 and 4). Blocks without frames are passed
 * over. */
#include <errno.h>

#include "traces/capture_internal.h"

#define BLOCK_SECTION   0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_OLD       2u /* the obsolete packet block */
#define BLOCK_SIMPLE    3u
#define BLOCK_PACKET    6u
/* Type, length, and the length once more at the end. */
#define BLOCK_BYTES 12u

#define BYTE_ORDER_MAGIC UINT32_C(0x1a2b3c4d)

enum {
	OPTION_END = 0,
	IF_NAME = 2,
	IF_TSRESOL = 9,
	IF_FCSLEN = 13,
	IF_TSOFFSET = 14,
	PACKET_FLAGS = 2,
};

#define FLAGS_DIRECTION BITS(1, 0)
#define FLAGS_FCS       BITS(8, 5)

#define TSRESOL_US     6u /* where an interface does not say */
#define TSRESOL_BINARY BIT(7)
#define TSRESOL_MOST   19u /* 10^19 fits into 64 bits */
#define PS_LOG10       12u

/* A block's body. */
struct body {
	const uint8_t *at;
	uint32_t bytes;
};

/* --- Options --- */

struct option {
	uint32_t code, len;
	const uint8_t *value;
};

/* 1: the next one; 0: none is left; -EINVAL. */
static int next_option(struct capture_reader *reader, struct body *options, struct option *option)
{
	uint32_t padded;

	*option = (struct option){0};
	if (!options->bytes)
		return 0;
	if (options->bytes < 4)
		return capture_fail(reader, "expected an option's code and length, found %u bytes",
				    options->bytes);
	option->code = capture_get16(reader, options->at);
	option->len = capture_get16(reader, options->at + 2);
	option->value = options->at + 4;
	padded = (option->len + 3) & ~3u;
	if (padded > options->bytes - 4)
		return capture_fail(reader, "option %u: expected %u bytes, found %u", option->code,
				    padded, options->bytes - 4);
	options->at += 4 + padded;
	options->bytes -= 4 + padded;
	return option->code != OPTION_END;
}

static int option_length(struct capture_reader *reader, const struct option *option, uint32_t len)
{
	if (option->len == len)
		return 0;
	return capture_fail(reader, "option %u: expected a length of %u, not %u", option->code, len,
			    option->len);
}

/* --- Sections and interfaces --- */

static int read_section(struct capture_reader *reader, const struct body *body)
{
	if (body->bytes < 16)
		return capture_fail(reader, "expected a section header of 16 bytes, found %u",
				    body->bytes);
	if (capture_get16(reader, body->at + 4) != 1)
		return capture_fail(reader, "expected version 1 of pcapng, not %u",
				    capture_get16(reader, body->at + 4));
	reader->first_interface = reader->interfaces;
	return 0;
}

static int check_resolution(struct capture_reader *reader, uint8_t resolution)
{
	uint8_t exponent = resolution & 0x7f;

	if (resolution & TSRESOL_BINARY ? exponent < 64 : exponent <= TSRESOL_MOST)
		return 0;
	return capture_fail(reader,
			    "if_tsresol: expected a power of ten to 10^-%u or of two to "
			    "2^-63, not 0x%02x",
			    TSRESOL_MOST, resolution);
}

static int take_interface_option(struct capture_reader *reader, struct capture_interface *interface,
				 const struct option *option)
{
	int rc = 0;

	switch (option->code) {
	case IF_TSRESOL:
		rc = option_length(reader, option, 1);
		interface->resolution = option->len ? option->value[0] : 0;
		return rc ? rc : check_resolution(reader, interface->resolution);
	case IF_FCSLEN:
		rc = option_length(reader, option, 1);
		interface->fcs_bytes = rc ? 0 : option->value[0];
		return rc;
	case IF_TSOFFSET:
		rc = option_length(reader, option, 8);
		interface->offset_s = rc ? 0 : capture_get64(reader, option->value);
		return rc;
	default:
		return 0;
	}
}

/* The interface's name: before it is there, so that it can be asked for. */
static int find_name(struct capture_reader *reader, struct body options, struct option *name)
{
	struct option option;
	int rc;

	*name = (struct option){.value = options.at};
	while ((rc = next_option(reader, &options, &option)) == 1)
		if (option.code == IF_NAME)
			*name = option;
	return rc;
}

static int read_interface(struct capture_reader *reader, const struct body *body)
{
	struct body options = {body->at + 8, body->bytes - MIN(body->bytes, 8)};
	struct capture_interface *interface;
	struct option option;
	int rc;

	if (body->bytes < 8)
		return capture_fail(reader, "expected an interface of 8 bytes, found %u",
				    body->bytes);
	rc = find_name(reader, options, &option);
	if (rc)
		return rc;
	interface = capture_add_interface(reader, (const char *)option.value, option.len);
	if (!interface)
		return -ENOMEM;
	interface->link_type = capture_get16(reader, body->at);
	interface->snap_bytes = capture_get32(reader, body->at + 4);
	interface->resolution = TSRESOL_US;
	while ((rc = next_option(reader, &options, &option)) == 1) {
		rc = take_interface_option(reader, interface, &option);
		if (rc)
			return rc;
	}
	return rc;
}

/* --- Frames --- */

static struct capture_time time_of(const struct capture_interface *interface, uint64_t ticks)
{
	static const uint64_t power[TSRESOL_MOST + 1] = {
		1,
		10,
		100,
		1000,
		10000,
		100000,
		1000000,
		10000000,
		100000000,
		1000000000,
		10000000000,
		100000000000,
		1000000000000,
		10000000000000,
		100000000000000,
		1000000000000000,
		10000000000000000,
		100000000000000000,
		1000000000000000000,
		10000000000000000000u,
	};
	uint8_t exponent = interface->resolution & 0x7f;
	struct capture_time time;

	if (interface->resolution & TSRESOL_BINARY) {
		uint64_t part = ticks & (BIT(exponent) - 1);

		time.s = ticks >> exponent;
		time.ps = (uint64_t)((unsigned __int128)part * power[PS_LOG10] >> exponent);
	} else {
		uint64_t part = ticks % power[exponent];

		time.s = ticks / power[exponent];
		time.ps = exponent <= PS_LOG10 ? part * power[PS_LOG10 - exponent]
					       : part / power[exponent - PS_LOG10];
	}
	time.s += interface->offset_s;
	return time;
}

static int find_interface(struct capture_reader *reader, uint32_t number, struct captured *captured)
{
	if (number >= reader->interfaces - reader->first_interface)
		return capture_fail(reader, "interface %u: expected one of the %u of its section",
				    number, reader->interfaces - reader->first_interface);
	captured->interface = &reader->interface[reader->first_interface + number];
	captured->fcs_bytes = captured->interface->fcs_bytes;
	return 0;
}

/* Direction, and a length of the FCS that the interface does not know. */
static int take_flags(struct capture_reader *reader, struct body options, struct captured *captured)
{
	struct option option;
	int rc;

	while ((rc = next_option(reader, &options, &option)) == 1) {
		uint32_t flags, direction;

		if (option.code != PACKET_FLAGS)
			continue;
		rc = option_length(reader, &option, 4);
		if (rc)
			return rc;
		flags = capture_get32(reader, option.value);
		direction = (uint32_t)field_get(FLAGS_DIRECTION, flags);
		if (direction <= PCAPNG_OUTBOUND)
			captured->direction = (enum pcapng_direction)direction;
		if (field_get(FLAGS_FCS, flags))
			captured->fcs_bytes = (uint32_t)field_get(FLAGS_FCS, flags);
	}
	return rc;
}

/* The enhanced packet block, and the one before it, whose interface has 16 bits. */
static int read_packet(struct capture_reader *reader, const struct body *body, bool old)
{
	struct captured captured = {.direction = PCAPNG_UNKNOWN};
	uint32_t padded;
	int rc;

	if (body->bytes < 20)
		return capture_fail(reader, "expected a packet of 20 bytes, found %u", body->bytes);
	rc = find_interface(reader,
			    old ? capture_get16(reader, body->at) : capture_get32(reader, body->at),
			    &captured);
	if (rc)
		return rc;
	captured.time =
		time_of(captured.interface, (uint64_t)capture_get32(reader, body->at + 4) << 32 |
						    capture_get32(reader, body->at + 8));
	captured.kept_bytes = capture_get32(reader, body->at + 12);
	captured.len_bytes = capture_get32(reader, body->at + 16);
	captured.data = body->at + 20;
	if (captured.kept_bytes > body->bytes - 20 || captured.kept_bytes > captured.len_bytes)
		return capture_fail(reader, "expected %u bytes of a frame of %u, found %u",
				    captured.kept_bytes, captured.len_bytes, body->bytes - 20);
	/* Blocks are multiples of four: padding is there where the bytes are. */
	padded = (captured.kept_bytes + 3) & ~3u;
	rc = take_flags(reader, (struct body){captured.data + padded, body->bytes - 20 - padded},
			&captured);
	return rc ? rc : capture_take(reader, &captured);
}

/* It has no time: that of the frame before. */
static int read_simple(struct capture_reader *reader, const struct body *body)
{
	struct captured captured = {.time = reader->last, .direction = PCAPNG_UNKNOWN};
	uint32_t snap;
	int rc;

	if (body->bytes < 4)
		return capture_fail(reader, "expected a packet of 4 bytes, found %u", body->bytes);
	rc = find_interface(reader, 0, &captured);
	if (rc)
		return rc;
	snap = captured.interface->snap_bytes;
	captured.len_bytes = capture_get32(reader, body->at);
	captured.kept_bytes = snap ? MIN(captured.len_bytes, snap) : captured.len_bytes;
	captured.data = body->at + 4;
	if (captured.kept_bytes > body->bytes - 4)
		return capture_fail(reader, "expected %u bytes of a frame of %u, found %u",
				    captured.kept_bytes, captured.len_bytes, body->bytes - 4);
	return capture_take(reader, &captured);
}

/* --- Blocks --- */

static int read_block(struct capture_reader *reader, uint32_t type, const struct body *body)
{
	switch (type) {
	case BLOCK_SECTION:
		return read_section(reader, body);
	case BLOCK_INTERFACE:
		return read_interface(reader, body);
	case BLOCK_PACKET:
		return read_packet(reader, body, false);
	case BLOCK_OLD:
		return read_packet(reader, body, true);
	case BLOCK_SIMPLE:
		return read_simple(reader, body);
	default:
		return 0;
	}
}

/* A section says in which order its bytes are, its own length among them. */
static int find_order(struct capture_reader *reader, const uint8_t *block, size_t left)
{
	uint32_t magic = left >= BLOCK_BYTES ? le32_get(block + 8) : 0;

	if (magic != BYTE_ORDER_MAGIC && magic != __builtin_bswap32(BYTE_ORDER_MAGIC))
		return capture_fail(reader, "expected a section's byte-order magic, not 0x%08x",
				    magic);
	reader->swapped = magic != BYTE_ORDER_MAGIC;
	return 0;
}

static int next_block(struct capture_reader *reader, const uint8_t *block, size_t left,
		      size_t *bytes)
{
	uint32_t type, len;
	struct body body;
	int rc = 0;

	if (left < BLOCK_BYTES)
		return capture_fail(reader, "expected a block of %u bytes, found %zu", BLOCK_BYTES,
				    left);
	if (reader->block == 1 && le32_get(block) != BLOCK_SECTION)
		return capture_fail(reader, "expected a capture: pcapng begins with a section "
					    "header, pcap with 0xa1b2c3d4 or 0xa1b23c4d");
	if (le32_get(block) == BLOCK_SECTION)
		rc = find_order(reader, block, left);
	if (rc)
		return rc;
	type = capture_get32(reader, block);
	len = capture_get32(reader, block + 4);
	if (len < BLOCK_BYTES || len % 4 || len > left)
		return capture_fail(reader,
				    "expected a length of %u to %zu, a multiple of 4, not %u",
				    BLOCK_BYTES, left, len);
	if (capture_get32(reader, block + len - 4) != len)
		return capture_fail(reader, "expected the length %u at the block's end, not %u",
				    len, capture_get32(reader, block + len - 4));
	body = (struct body){block + 8, len - BLOCK_BYTES};
	*bytes = len;
	return read_block(reader, type, &body);
}

int capture_read_pcapng(struct capture_reader *reader)
{
	const uint8_t *content = reader->file->content;
	size_t size = reader->file->size, at = 0, bytes = 0;
	int rc = 0;

	if (!size)
		return capture_fail(reader, "expected a capture, found an empty file");
	for (reader->block = 1; !rc && at < size; at += bytes, reader->block++)
		rc = next_block(reader, content + at, size - at, &bytes);
	return rc;
}
