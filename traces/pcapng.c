/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/pcapng.h"

#include "base/bits.h"

#define BLOCK_SECTION   0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET    6u
/* Type, length, and the length once more at the end. */
#define BLOCK_BYTES 12u

#define BYTE_ORDER_MAGIC  0x1a2b3c4du
#define LINKTYPE_ETHERNET 1u

enum {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	SHB_USERAPPL = 4,
	IF_NAME = 2,
	IF_DESCRIPTION = 3,
	IF_SPEED = 8,
	IF_TSRESOL = 9,
	IF_FCSLEN = 13,
	EPB_FLAGS = 2,
};

#define TSRESOL_NS 9u /* 10^-9 s */

/* Option code and length, then the value. */
#define OPTION_BYTES 4u

static uint32_t padded(uint32_t len)
{
	return (len + 3) & ~3u;
}

static void put16(struct out *out, uint32_t value)
{
	uint8_t bytes[2];

	le16_put(bytes, (uint16_t)value);
	out_bytes(out, bytes, sizeof(bytes));
}

static void put32(struct out *out, uint32_t value)
{
	uint8_t bytes[4];

	le32_put(bytes, value);
	out_bytes(out, bytes, sizeof(bytes));
}

/* Bytes, and zeros up to the next 32-bit border. */
static void put_padded(struct out *out, const void *data, uint32_t len)
{
	static const uint8_t zeros[3];

	out_bytes(out, data, len);
	out_bytes(out, zeros, padded(len) - len);
}

static void block_begin(struct out *out, uint32_t type, uint32_t body_bytes)
{
	put32(out, type);
	put32(out, BLOCK_BYTES + body_bytes);
}

static void block_end(struct out *out, uint32_t body_bytes)
{
	put32(out, BLOCK_BYTES + body_bytes);
}

static uint32_t option_bytes(uint32_t len)
{
	return OPTION_BYTES + padded(len);
}

static uint32_t text_bytes(const char *text)
{
	return text && *text ? option_bytes((uint32_t)strlen(text)) : 0;
}

static void option(struct out *out, uint32_t code, const void *data, uint32_t len)
{
	put16(out, code);
	put16(out, len);
	put_padded(out, data, len);
}

static void option_text(struct out *out, uint32_t code, const char *text)
{
	if (text && *text)
		option(out, code, text, (uint32_t)strlen(text));
}

static void options_end(struct out *out)
{
	put32(out, OPTION_END);
}

static void write_section(struct out *out)
{
	static const char program[] = "vfsim";
	uint32_t body = 16 + text_bytes(program) + OPTION_BYTES;

	block_begin(out, BLOCK_SECTION, body);
	put32(out, BYTE_ORDER_MAGIC);
	put16(out, 1); /* version 1.0 */
	put16(out, 0);
	put32(out, UINT32_MAX); /* section length: not told */
	put32(out, UINT32_MAX);
	option_text(out, SHB_USERAPPL, program);
	options_end(out);
	block_end(out, body);
}

int pcapng_open(struct pcapng *pcapng, const char *path, uint32_t snap_bytes)
{
	int err;

	*pcapng = (struct pcapng){.snap_bytes = snap_bytes};
	err = out_open(&pcapng->out, path);
	if (!err)
		write_section(&pcapng->out);
	return err;
}

int pcapng_close(struct pcapng *pcapng)
{
	return out_close(&pcapng->out);
}

uint32_t pcapng_interface(struct pcapng *pcapng, const char *name, const char *description,
			  uint64_t speed_bps)
{
	static const uint8_t resolution = TSRESOL_NS, fcs_bytes = 0;
	struct out *out = &pcapng->out;
	uint32_t body = 8 + text_bytes(name) + text_bytes(description) +
			(speed_bps ? option_bytes(8) : 0) + 2 * option_bytes(1) + OPTION_BYTES;
	uint8_t speed[8];

	le64_put(speed, speed_bps);
	block_begin(out, BLOCK_INTERFACE, body);
	put16(out, LINKTYPE_ETHERNET);
	put16(out, 0);
	put32(out, pcapng->snap_bytes);
	option_text(out, IF_NAME, name);
	option_text(out, IF_DESCRIPTION, description);
	if (speed_bps)
		option(out, IF_SPEED, speed, sizeof(speed));
	option(out, IF_TSRESOL, &resolution, 1);
	option(out, IF_FCSLEN, &fcs_bytes, 1);
	options_end(out);
	block_end(out, body);
	return pcapng->interfaces++;
}

void pcapng_packet(struct pcapng *pcapng, uint32_t interface, uint64_t time_ns,
		   enum pcapng_direction direction, const void *frame, uint32_t len_bytes,
		   const char *comment)
{
	struct out *out = &pcapng->out;
	uint32_t kept = pcapng->snap_bytes ? MIN(len_bytes, pcapng->snap_bytes) : len_bytes;
	uint32_t body = 20 + padded(kept) + option_bytes(4) + text_bytes(comment) + OPTION_BYTES;
	uint8_t head[28], tail[16];

	le32_put(head, BLOCK_PACKET);
	le32_put(head + 4, BLOCK_BYTES + body);
	le32_put(head + 8, interface);
	le32_put(head + 12, (uint32_t)(time_ns >> 32));
	le32_put(head + 16, (uint32_t)time_ns);
	le32_put(head + 20, kept);
	le32_put(head + 24, len_bytes);
	out_bytes(out, head, sizeof(head));
	put_padded(out, frame, kept);
	option_text(out, OPTION_COMMENT, comment);
	/* epb_flags, the end of options, the length. */
	le16_put(tail, EPB_FLAGS);
	le16_put(tail + 2, 4);
	le32_put(tail + 4, direction);
	le32_put(tail + 8, OPTION_END);
	le32_put(tail + 12, BLOCK_BYTES + body);
	out_bytes(out, tail, sizeof(tail));
}
