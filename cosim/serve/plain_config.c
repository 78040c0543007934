/* SPDX-License-Identifier: Apache-2.0 */
#include "cosim/serve/plain_config.h"

#include <linux/pci_regs.h>
#include <string.h>

#include "base/bits.h"

#define COMMAND_BITS                                                                               \
	(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE)
#define BAR_64BIT (PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH)

void plain_config_init(struct plain_config *config, const struct plain_config_cfg *cfg)
{
	*config = (struct plain_config){.cfg = *cfg};
	le16_put(&config->space[PCI_VENDOR_ID], PLAIN_VENDOR);
	le16_put(&config->space[PCI_DEVICE_ID], cfg->device_id);
	le32_put(&config->space[PCI_CLASS_REVISION], cfg->class_code << 8);
	le16_put(&config->space[PCI_SUBSYSTEM_VENDOR_ID], PLAIN_VENDOR);
	config->space[PCI_BASE_ADDRESS_0] = cfg->bar_is_64bit ? BAR_64BIT : 0;
	config->space[PCI_INTERRUPT_PIN] = cfg->pin;
}

void plain_config_read(const struct plain_config *config, uint32_t offset, uint32_t len_bytes,
		       uint8_t *data)
{
	memcpy(data, &config->space[offset], len_bytes);
}

/* Which bits of the byte at `offset` software may change. */
static uint8_t writable(const struct plain_config *config, uint32_t offset)
{
	uint32_t bar_end = PCI_BASE_ADDRESS_0 + (config->cfg.bar_is_64bit ? 8 : 4);

	if (offset / 2 * 2 == PCI_COMMAND)
		return (uint8_t)(COMMAND_BITS >> offset % 2 * 8);
	if (offset >= PCI_BASE_ADDRESS_0 && offset < bar_end)
		return (uint8_t)(~(config->cfg.bar_bytes - 1) >> (offset - PCI_BASE_ADDRESS_0) * 8);
	return offset == PCI_INTERRUPT_LINE ? 0xff : 0;
}

void plain_config_write(struct plain_config *config, uint32_t offset, uint32_t len_bytes,
			const uint8_t *data)
{
	for (uint32_t i = 0; i < len_bytes; i++) {
		uint8_t mask = writable(config, offset + i), *byte = &config->space[offset + i];

		*byte = (uint8_t)((*byte & ~mask) | (data[i] & mask));
	}
}
