/* SPDX-License-Identifier: Apache-2.0 */
#include "cosim/serve/config_view.h"

#include <linux/pci_regs.h>
#include <string.h>

#include "base/bits.h"
#include "cosim/serve/parts.h"

#define CLASS_ETHERNET 0x020000u
#define SMALL_MOST     4u  /* bytes of a read by software, and not QEMU's own */
#define MSIX_BYTES     12u /* of the capability */
#define BARS_END       (PCI_BASE_ADDRESS_0 + 4 * 6)
#define EXT_VENDOR     0x000bu
#define BAR_FLAGS      (PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH)

static uint32_t model_read(const struct config_view *view, uint32_t offset, uint32_t len)
{
	uint8_t data[4] = {0};

	board_config(view->board, view->index, false, offset, len, data);
	return le32_get(data);
}

static void model_write(const struct config_view *view, uint32_t offset, uint32_t len,
			uint32_t value)
{
	uint8_t data[4];

	le32_put(data, value);
	board_config(view->board, view->index, true, offset, len, data);
}

static uint16_t find_capability(const struct config_view *view, uint8_t id)
{
	uint32_t at = model_read(view, PCI_CAPABILITY_LIST, 1);

	/* No more than fit, whatever is read. */
	for (uint32_t i = 0; i < 48 && at >= PCI_STD_HEADER_SIZEOF && at < 0xff; i++) {
		uint32_t word = model_read(view, at & ~3u, 4);

		if ((word & 0xff) == id)
			return (uint16_t)(at & ~3u);
		at = word >> 8 & 0xff;
	}
	return 0;
}

static uint16_t find_extended(const struct config_view *view, uint16_t id)
{
	uint32_t at = PCI_CFG_SPACE_SIZE;

	while (at >= PCI_CFG_SPACE_SIZE) {
		uint32_t word = model_read(view, at, 4);

		if (PCI_EXT_CAP_ID(word) == id)
			return (uint16_t)at;
		if (PCI_EXT_CAP_NEXT(word) <= at || word == UINT32_MAX)
			break; /* the model's go upwards */
		at = PCI_EXT_CAP_NEXT(word);
	}
	return 0;
}

void config_view_init(struct config_view *view, struct board *board, uint32_t index, bool alone,
		      bool hides)
{
	*view = (struct config_view){
		.board = board, .index = index, .alone = alone, .hides = hides};
	view->msix = find_capability(view, PCI_CAP_ID_MSIX);
	view->pcie = find_capability(view, PCI_CAP_ID_EXP);
	view->sriov = find_extended(view, PCI_EXT_CAP_ID_SRIOV);
	if (alone)
		view->ids = board_vf_ids(board);
}

/* ---- reading ---- */

/* Address and kind of BAR `number`, two registers each. */
static uint32_t bar_word(const struct config_view *view, uint32_t number)
{
	uint64_t bytes = board_bar_bytes(view->board, view->index, number & ~1u);

	if (!bytes)
		return 0;
	if (number & 1)
		return view->bar[number] & (uint32_t)(~(bytes - 1) >> 32);
	return (view->bar[number] & (uint32_t) ~(bytes - 1)) | BAR_FLAGS;
}

static uint32_t alone_word(const struct config_view *view, uint32_t offset, uint32_t word)
{
	if (offset == PCI_VENDOR_ID)
		return view->ids;
	if (offset == PCI_COMMAND && view->memory_space)
		return word | PCI_COMMAND_MEMORY;
	if (offset >= PCI_BASE_ADDRESS_0 && offset < BARS_END)
		return bar_word(view, (offset - PCI_BASE_ADDRESS_0) / 4);
	return word;
}

/* As the large read has it. */
static uint32_t hiding_word(const struct config_view *view, uint32_t offset, uint32_t word)
{
	if (view->msix && offset == view->msix)
		return (word & 0xff00) | PCI_CAP_ID_VNDR | MSIX_BYTES << 16;
	if (view->sriov && offset == view->sriov)
		return (word & 0xffff0000) | EXT_VENDOR;
	return word;
}

static uint32_t read_word(const struct config_view *view, uint32_t offset, bool large)
{
	uint32_t word = model_read(view, offset, 4);

	if (view->alone)
		word = alone_word(view, offset, word);
	if (view->hides && large)
		word = hiding_word(view, offset, word);
	return word;
}

/*
 * QEMU wants a header from the beginning, also of a VF that its guest will enable one day: one
 * without BARs and capabilities, so that all that is there then comes from small reads.
 */
static bool is_absent(const struct config_view *view)
{
	return model_read(view, PCI_CLASS_REVISION, 4) == UINT32_MAX;
}

static void read_absent(const struct config_view *view, uint32_t offset, uint32_t len_bytes,
			uint8_t *data)
{
	uint8_t header[PCI_STD_HEADER_SIZEOF] = {0};

	le32_put(header + PCI_VENDOR_ID, board_vf_ids(view->board));
	le32_put(header + PCI_CLASS_REVISION, CLASS_ETHERNET << 8);
	memset(data, 0, len_bytes);
	if (offset < sizeof(header))
		memcpy(data, header + offset, MIN(len_bytes, sizeof(header) - offset));
}

void config_view_read(struct config_view *view, uint32_t offset, uint32_t len_bytes, uint8_t *data)
{
	bool large = len_bytes > SMALL_MOST;
	/* QEMU asks for this byte alone, too, and does not take all ones. */
	bool pin = offset == PCI_INTERRUPT_PIN && len_bytes == 1;

	if ((large || pin) && is_absent(view)) {
		read_absent(view, offset, len_bytes, data);
		return;
	}
	for (uint32_t i = 0; i < len_bytes;) {
		uint32_t at = offset + i, skip = at % 4, part = MIN(4 - skip, len_bytes - i);
		uint8_t word[4];

		le32_put(word, read_word(view, at - skip, large));
		memcpy(data + i, word + skip, part);
		i += part;
	}
}

/* ---- writing ---- */

/* True: nothing is left for the model. */
static bool write_alone(struct config_view *view, uint32_t offset, uint32_t len, uint32_t value)
{
	uint32_t shift = offset % 4 * 8;
	uint32_t mask = (uint32_t)BITS(len * 8 - 1, 0) << shift, *bar;

	if (offset == PCI_COMMAND)
		view->memory_space = value & PCI_COMMAND_MEMORY;
	if (offset < PCI_BASE_ADDRESS_0 || offset >= BARS_END)
		return false;
	bar = &view->bar[(offset - PCI_BASE_ADDRESS_0) / 4];
	*bar = (*bar & ~mask) | (value << shift & mask);
	return true;
}

static bool is_msix(const struct config_view *view, uint32_t offset)
{
	return view->msix && offset - view->msix < MSIX_BYTES;
}

static void write_part(struct config_view *view, uint32_t offset, uint32_t len, uint32_t value)
{
	if (view->alone && write_alone(view, offset, len, value))
		return;
	if (!view->hides && is_msix(view, offset))
		return;
	model_write(view, offset, len, value);
}

void config_view_write(struct config_view *view, uint32_t offset, uint32_t len_bytes,
		       const uint8_t *data)
{
	for (uint32_t i = 0; i < len_bytes;) {
		uint32_t part = part_bytes(offset + i, len_bytes - i, SMALL_MOST);
		uint8_t word[4] = {0};

		memcpy(word, data + i, part);
		write_part(view, offset + i, part, le32_get(word));
		i += part;
	}
}

/* ---- what a client asks for by other means ---- */

void config_view_reset(struct config_view *view, uint64_t reset_ps)
{
	uint32_t control = view->pcie + PCI_EXP_DEVCTL;

	view->memory_space = false;
	memset(view->bar, 0, sizeof(view->bar));
	if (!view->pcie)
		return;
	model_write(view, control, 2, model_read(view, control, 2) | PCI_EXP_DEVCTL_BCR_FLR);
	board_pass(view->board, reset_ps);
}

void config_view_enable_msix(struct config_view *view, bool enable)
{
	uint32_t at = view->msix + PCI_MSIX_FLAGS;
	uint32_t flags = model_read(view, at, 2) & ~(uint32_t)PCI_MSIX_FLAGS_ENABLE;

	model_write(view, at, 2, flags | (enable ? PCI_MSIX_FLAGS_ENABLE : 0));
}

uint32_t config_view_msix_vectors(const struct config_view *view)
{
	return (model_read(view, view->msix + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_QSIZE) + 1;
}

uint32_t config_view_msix_table(const struct config_view *view, uint32_t *bar)
{
	uint32_t word = model_read(view, view->msix + PCI_MSIX_TABLE, 4);

	*bar = word & PCI_MSIX_TABLE_BIR;
	return word & PCI_MSIX_TABLE_OFFSET;
}
