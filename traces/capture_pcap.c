/* SPDX-License-Identifier: Apache-2.0 */
/* pcap as libpcap has always written it: a header, then records (draft-ietf-opsawg-pcap, 4, 5). */
#include <errno.h>

#include "traces/capture_internal.h"

#define MAGIC_US UINT32_C(0xa1b2c3d4)
#define MAGIC_NS UINT32_C(0xa1b23c4d)

#define HEADER_BYTES 24u
#define RECORD_BYTES 16u

/* Of the header's last word. */
#define LINK_TYPE    BITS(15, 0)
#define FCS_IS_KNOWN BIT(26)
#define FCS_WORDS    BITS(31, 28) /* of 16 bits */

static bool is_magic(uint32_t value)
{
	return value == MAGIC_US || value == MAGIC_NS;
}

bool capture_is_pcap(const uint8_t *content, size_t size)
{
	return size >= 4 &&
	       (is_magic(le32_get(content)) || is_magic(__builtin_bswap32(le32_get(content))));
}

static int read_record(struct capture_reader *reader, const uint8_t *record, size_t left,
		       uint64_t ps_per_tick, size_t *bytes)
{
	struct captured captured = {.interface = &reader->interface[0],
				    .fcs_bytes = reader->interface[0].fcs_bytes};
	uint64_t ticks;

	if (left < RECORD_BYTES)
		return capture_fail(reader, "expected a record's header of %u bytes, found %zu",
				    RECORD_BYTES, left);
	captured.time.s = capture_get32(reader, record);
	ticks = capture_get32(reader, record + 4);
	captured.time.ps = ticks * ps_per_tick;
	captured.kept_bytes = capture_get32(reader, record + 8);
	captured.len_bytes = capture_get32(reader, record + 12);
	captured.data = record + RECORD_BYTES;
	if (captured.time.ps >= UINT64_C(1000000000000))
		return capture_fail(reader,
				    "expected a time below one second, not %llu parts of it",
				    (unsigned long long)ticks);
	if (captured.kept_bytes > left - RECORD_BYTES || captured.kept_bytes > captured.len_bytes)
		return capture_fail(reader, "expected %u bytes of a frame of %u, found %zu",
				    captured.kept_bytes, captured.len_bytes, left - RECORD_BYTES);
	*bytes = RECORD_BYTES + captured.kept_bytes;
	return capture_take(reader, &captured);
}

int capture_read_pcap(struct capture_reader *reader)
{
	const uint8_t *content = reader->file->content;
	size_t size = reader->file->size, at = HEADER_BYTES, bytes = 0;
	struct capture_interface *interface;
	uint32_t network;
	bool ns;
	int rc = 0;

	if (size < HEADER_BYTES)
		return capture_fail(reader, "expected a header of %u bytes, found %zu",
				    HEADER_BYTES, size);
	reader->swapped = !is_magic(le32_get(content));
	ns = capture_get32(reader, content) == MAGIC_NS;
	if (capture_get16(reader, content + 4) != 2)
		return capture_fail(reader, "expected version 2 of pcap, not %u",
				    capture_get16(reader, content + 4));
	interface = capture_add_interface(reader, "", 0);
	if (!interface)
		return -EINVAL;
	network = capture_get32(reader, content + 20);
	interface->link_type = (uint32_t)field_get(LINK_TYPE, network);
	if (network & FCS_IS_KNOWN)
		interface->fcs_bytes = 2 * (uint32_t)field_get(FCS_WORDS, network);
	for (reader->block = 1; !rc && at < size; at += bytes, reader->block++)
		rc = read_record(reader, content + at, size - at, ns ? 1000 : 1000000, &bytes);
	return rc;
}
