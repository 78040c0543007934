/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_CAPTURE_INTERNAL_H
#define VFSIM_TRACES_CAPTURE_INTERNAL_H

/* The bytes of a capture as its reader goes through them, and what it has been told so far. */

#include "base/bits.h"
#include "traces/capture_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A point in time. */
struct capture_time {
	uint64_t s, ps;
};

struct capture_interface {
	uint32_t link_type, snap_bytes, fcs_bytes;
	uint8_t resolution; /* if_tsresol */
	uint64_t offset_s;  /* if_tsoffset, modulo 2^64 */
	bool wanted;
};

struct capture_reader {
	const char *path;
	const struct capture_want *want;
	struct capture_file *file;
	char *error;
	size_t error_size;
	uint32_t block; /* that is being read */
	bool swapped;   /* the file's byte order is not little-endian */
	struct capture_interface *interface;
	uint32_t interfaces, interfaces_capacity;
	uint32_t first_interface; /* of the section at hand */
	bool begun;
	struct capture_time first, last; /* of the frames that are kept */
};

/* Complain about the block at hand. -EINVAL. */
int capture_fail(struct capture_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline uint32_t capture_get16(const struct capture_reader *reader, const uint8_t *at)
{
	uint16_t value = le16_get(at);

	return reader->swapped ? __builtin_bswap16(value) : value;
}

static inline uint32_t capture_get32(const struct capture_reader *reader, const uint8_t *at)
{
	uint32_t value = le32_get(at);

	return reader->swapped ? __builtin_bswap32(value) : value;
}

static inline uint64_t capture_get64(const struct capture_reader *reader, const uint8_t *at)
{
	uint64_t value = le64_get(at);

	return reader->swapped ? __builtin_bswap64(value) : value;
}

/* NULL without memory, which is told. Its wanted bit is decided by `name` (not terminated). */
struct capture_interface *capture_add_interface(struct capture_reader *reader, const char *name,
						uint32_t name_len);

/* A frame as a block has it. */
struct captured {
	const struct capture_interface *interface;
	struct capture_time time;
	enum pcapng_direction direction;
	const uint8_t *data;
	uint32_t kept_bytes, len_bytes, fcs_bytes;
};

/* Keep it, if it is wanted. -EINVAL: it cannot be kept. */
int capture_take(struct capture_reader *reader, const struct captured *captured);

/* The formats: all of the content is there. */
int capture_read_pcapng(struct capture_reader *reader);
int capture_read_pcap(struct capture_reader *reader);
bool capture_is_pcap(const uint8_t *content, size_t size);

#ifdef __cplusplus
}
#endif
#endif
