/* SPDX-License-Identifier: Apache-2.0 */
/* What a line of a driver recording must hold to, beyond having its members. */
#include <string.h>

#include "base/bits.h"
#include "traces/driver_internal.h"

#define CONFIG_BYTES 4096u
#define BAR_BYTES    (1u << 20)

static int check_access(struct driver_source *source, const struct driver_line *line)
{
	uint64_t space = line->kind == DRIVER_CONFIG ? CONFIG_BYTES : BAR_BYTES;

	if (line->len != 1 && line->len != 2 && line->len != 4 && line->len != 8)
		return driver_fail(source, "len: expected 1, 2, 4 or 8");
	if (line->offset % line->len || line->offset >= space)
		return driver_fail(source, "offset: expected a multiple of len below 0x%x",
				   (unsigned)space);
	if (line->kind == DRIVER_CONFIG && line->len == 8)
		return driver_fail(source, "len: expected 1, 2 or 4");
	if (line->len < 8 && line->value >> (8 * line->len))
		return driver_fail(source, "value: expected one of len bytes");
	return 0;
}

static int check_len(struct driver_source *source, const char *key, uint64_t found, uint64_t right)
{
	return found == right ? 0
			      : driver_fail(source, "%s: expected %u bytes, found %u", key,
					    (unsigned)right, (unsigned)found);
}

static int check_dma(struct driver_source *source, const struct driver_line *line)
{
	if (!line->len || line->len > BAR_BYTES)
		return driver_fail(source, "len: expected 1 to %u", BAR_BYTES);
	if (line->function == DRIVER_VF && !line->has_iova)
		return driver_fail(source, "iova: expected a number");
	if (!line->write)
		return 0;
	return check_len(source, "hex", line->bytes.len, line->len);
}

static int check_ring(struct driver_source *source, const struct driver_line *line)
{
	if (strncmp(line->what, "tx", 2) && strncmp(line->what, "rx", 2))
		return driver_fail(source, "queue: expected txN or rxN");
	return 0;
}

static int check_rx(struct driver_source *source, const struct driver_line *line)
{
	int err = check_len(source, "after", line->bytes.len, 32);

	return err ? err : check_len(source, "frame", line->frame.len, line->len);
}

/* Bytes of a line's words or descriptor; 0: as it says itself. */
static const uint8_t exact_bytes[DRIVER_KINDS] = {
	[DRIVER_COMMAND] = 16, [DRIVER_ATQ] = 32, [DRIVER_ATQ_WRITEBACK] = 32,
	[DRIVER_ARQ] = 32,     [DRIVER_TX] = 16,  [DRIVER_TX_WRITEBACK] = 16,
};

int driver_line_check(struct driver_source *source, const struct driver_line *line)
{
	if (driver_is_access(line->kind))
		return check_access(source, line);
	if (exact_bytes[line->kind])
		return check_len(source, "the descriptor", line->bytes.len,
				 exact_bytes[line->kind]);
	switch (line->kind) {
	case DRIVER_MEM:
		return check_len(source, "hex", line->bytes.len, line->len);
	case DRIVER_STE:
	case DRIVER_CD:
		return line->bytes.len ? check_len(source, "words", line->bytes.len, 64) : 0;
	case DRIVER_DMA:
		return check_dma(source, line);
	case DRIVER_RING:
		return check_ring(source, line);
	case DRIVER_RX:
		return check_rx(source, line);
	default:
		return 0;
	}
}

int driver_line_check_meta(struct driver_source *source, const struct driver_line *line,
			   const struct driver_meta *meta)
{
	uint64_t len = line->kind == DRIVER_DMA ? line->len : line->bytes.len;

	if (line->kind >= DRIVER_TX && line->kind <= DRIVER_RX && line->queue >= meta->queue_pairs)
		return driver_fail(source, "queue: expected less than %u",
				   (unsigned)meta->queue_pairs);
	if (line->kind == DRIVER_MSI && line->vector >= meta->vectors)
		return driver_fail(source, "vector: expected less than %u",
				   (unsigned)meta->vectors);
	if (!line->has_pa || line->kind == DRIVER_MSI || !len)
		return 0;
	if (line->pa < meta->ram_base || line->pa - meta->ram_base > meta->ram_bytes ||
	    len > meta->ram_bytes - (line->pa - meta->ram_base))
		return driver_fail(source, "pa: expected within the recorded memory");
	return 0;
}
