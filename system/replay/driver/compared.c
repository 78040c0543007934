/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads that are compared: those whose value the interfaces' rules decide from
 * what the driver wrote and the hardware was given to do. Registers without a row
 * say what a device is (identification, capabilities) or when something happened.
 */
#include "base/bits.h"
#include "system/replay/driver/driver_internal.h"

#define ALL BITS(63, 0)

/* Arm IHI 0070, chapter 6. */
static const struct compared_register smmu_registers[] = {
	{"CR0", 0x20, 1, 4, ALL},          {"CR0ACK", 0x24, 1, 4, ALL},
	{"CR1", 0x28, 1, 4, ALL},          {"CR2", 0x2c, 1, 4, ALL},
	{"IRQ_CTRL", 0x50, 1, 4, ALL},     {"IRQ_CTRLACK", 0x54, 1, 4, ALL},
	{"GERROR", 0x60, 1, 4, ALL},       {"GERRORN", 0x64, 1, 4, ALL},
	{"STRTAB_BASE", 0x80, 1, 8, ALL},  {"STRTAB_BASE_CFG", 0x88, 1, 4, ALL},
	{"CMDQ_BASE", 0x90, 1, 8, ALL},    {"CMDQ_PROD", 0x98, 1, 4, ALL},
	{"CMDQ_CONS", 0x9c, 1, 4, ALL},    {"EVTQ_BASE", 0xa0, 1, 8, ALL},
	{"EVTQ_PROD", 0x100a8, 1, 4, ALL}, {"EVTQ_CONS", 0x100ac, 1, 4, ALL},
};

/* AVF: device registers. */
static const struct compared_register vf_registers[] = {
	{"QTX_TAIL1", QTX_TAIL1(0), 16, 4, ALL},
	{"QRX_TAIL1", QRX_TAIL1(0), 16, 4, ALL},
	{"VFINT_ICR0_ENA1", VFINT_ICR0_ENA1, 1, 4, ALL},
	{"VF_ARQBAH1", VF_ARQBAH1, 1, 4, ALL},
	{"VF_ATQH1", VF_ATQH1, 1, 4, ALL},
	{"VF_ATQLEN1", VF_ATQLEN1, 1, 4, ALL},
	{"VF_ARQBAL1", VF_ARQBAL1, 1, 4, ALL},
	{"VF_ARQT1", VF_ARQT1, 1, 4, ALL},
	{"VF_ARQH1", VF_ARQH1, 1, 4, ALL},
	{"VF_ATQBAH1", VF_ATQBAH1, 1, 4, ALL},
	{"VF_ATQBAL1", VF_ATQBAL1, 1, 4, ALL},
	{"VF_ARQLEN1", VF_ARQLEN1, 1, 4, ALL},
	{"VF_ATQT1", VF_ATQT1, 1, 4, ALL},
};

/* The MSI-X table: PCI Express, 7.7.2. Of Vector Control only the mask is everybody's. */
static const struct compared_register msix_registers[] = {
	{"MSIX_ADDRESS", 0x0, DRIVER_VECTORS, 16, ALL},
	{"MSIX_UPPER_ADDRESS", 0x4, DRIVER_VECTORS, 16, ALL},
	{"MSIX_DATA", 0x8, DRIVER_VECTORS, 16, ALL},
	{"MSIX_VECTOR_CONTROL", 0xc, DRIVER_VECTORS, 16, BIT(0)},
};

/* Configuration space: what a driver's own writes decide. */
static const struct {
	uint8_t id; /* of the capability, 0: the header */
	uint32_t offset;
	uint32_t mask;
} config_dwords[] = {
	{0, 0x04, (uint32_t)BIT(2)},          /* Command: Bus Master Enable */
	{0x11, 0x00, (uint32_t)BITS(31, 30)}, /* MSI-X: Enable, Function Mask */
};

static const struct compared_register *find(const struct compared_register *rows, size_t count,
					    uint64_t offset)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t from = offset - rows[i].offset;

		if (offset >= rows[i].offset && from / rows[i].stride < rows[i].count &&
		    !(from % rows[i].stride))
			return &rows[i];
	}
	return NULL;
}

const struct compared_register *compared_register_find(enum driver_function function,
						       enum driver_kind kind, uint64_t offset)
{
	if (function == DRIVER_SMMU)
		return find(smmu_registers, ARRAY_LEN(smmu_registers), offset);
	if (kind == DRIVER_BAR3)
		return find(msix_registers, ARRAY_LEN(msix_registers), offset);
	return find(vf_registers, ARRAY_LEN(vf_registers), offset);
}

uint32_t compared_config_mask(uint8_t id, uint32_t offset)
{
	for (size_t i = 0; i < ARRAY_LEN(config_dwords); i++)
		if (config_dwords[i].id == id && config_dwords[i].offset == (offset & ~3u))
			return config_dwords[i].mask >> 8 * (offset & 3);
	return 0;
}
