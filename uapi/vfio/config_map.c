// SPDX-License-Identifier: Apache-2.0
/*
 * Which bits of configuration space a program may change and which it sees
 * virtualised, as vfio_pci_config.c of Linux has them, and the capabilities it sees.
 */
#include "uapi/vfio/vfio_internal.h"

#define EXTENDED      0x100u /* an extended capability's ID in a row */
#define ALL_CAPS      48u    /* capabilities that fit: more is a loop */
#define VARIABLE      0xffu
#define BASIC         0u
#define EXTENDED_CAPS 1024u

/* Bits of `len` bytes at `offset` of capability `cap`. */
struct config_rule {
	uint16_t cap;
	uint16_t offset;
	uint8_t len;
	uint32_t virt, write;
};

#define PM_PME      (PCI_PM_CTRL_PME_ENABLE | PCI_PM_CTRL_PME_STATUS)
#define EXP_VIRTUAL (PCI_EXP_DEVCTL_BCR_FLR | PCI_EXP_DEVCTL_PAYLOAD | PCI_EXP_DEVCTL_READRQ)
#define ERR_UNCOR                                                                                  \
	(PCI_ERR_UNC_UND | PCI_ERR_UNC_DLP | PCI_ERR_UNC_SURPDN | PCI_ERR_UNC_POISON_TLP |         \
	 PCI_ERR_UNC_FCP | PCI_ERR_UNC_COMP_TIME | PCI_ERR_UNC_COMP_ABORT | PCI_ERR_UNC_UNX_COMP | \
	 PCI_ERR_UNC_RX_OVER | PCI_ERR_UNC_MALF_TLP | PCI_ERR_UNC_ECRC | PCI_ERR_UNC_UNSUP |       \
	 PCI_ERR_UNC_ACSV | PCI_ERR_UNC_INTN | PCI_ERR_UNC_MCBTLP | PCI_ERR_UNC_ATOMEG |           \
	 PCI_ERR_UNC_TLPPRE)
#define ERR_COR                                                                                    \
	(PCI_ERR_COR_RCVR | PCI_ERR_COR_BAD_TLP | PCI_ERR_COR_BAD_DLLP | PCI_ERR_COR_REP_ROLL |    \
	 PCI_ERR_COR_REP_TIMER | PCI_ERR_COR_ADV_NFAT | PCI_ERR_COR_INTERNAL |                     \
	 PCI_ERR_COR_LOG_OVER)

static const struct config_rule config_rules[] = {
	{BASIC, PCI_VENDOR_ID, 4, UINT32_MAX, 0},
	{BASIC, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE, UINT16_MAX},
	{BASIC, PCI_STATUS, 2, PCI_STATUS_CAP_LIST, 0},
	{BASIC, PCI_CACHE_LINE_SIZE, 1, 0, UINT8_MAX},
	{BASIC, PCI_LATENCY_TIMER, 1, 0, UINT8_MAX},
	{BASIC, PCI_BIST, 1, 0, UINT8_MAX},
	{BASIC, PCI_BASE_ADDRESS_0, 4, UINT32_MAX, UINT32_MAX},
	{BASIC, PCI_BASE_ADDRESS_1, 4, UINT32_MAX, UINT32_MAX},
	{BASIC, PCI_BASE_ADDRESS_2, 4, UINT32_MAX, UINT32_MAX},
	{BASIC, PCI_BASE_ADDRESS_3, 4, UINT32_MAX, UINT32_MAX},
	{BASIC, PCI_BASE_ADDRESS_4, 4, UINT32_MAX, UINT32_MAX},
	{BASIC, PCI_BASE_ADDRESS_5, 4, UINT32_MAX, UINT32_MAX},
	{BASIC, PCI_ROM_ADDRESS, 4, UINT32_MAX, UINT32_MAX},
	{BASIC, PCI_CAPABILITY_LIST, 1, UINT8_MAX, 0},
	{BASIC, PCI_INTERRUPT_LINE, 1, UINT8_MAX, UINT8_MAX},
	{BASIC, PCI_INTERRUPT_PIN, 1, UINT8_MAX, 0},

	/* Power state is changed by the kernel, on the program's behalf. */
	{PCI_CAP_ID_PM, PCI_PM_PMC, 2, PCI_PM_CAP_PME_MASK, 0},
	{PCI_CAP_ID_PM, PCI_PM_CTRL, 4, PM_PME, ~(uint32_t)(PM_PME | PCI_PM_CTRL_STATE_MASK)},

	{PCI_CAP_ID_VPD, PCI_VPD_ADDR, 2, UINT16_MAX, UINT16_MAX},
	{PCI_CAP_ID_VPD, PCI_VPD_DATA, 4, UINT32_MAX, UINT32_MAX},

	/* FLR and MRRS become calls; MPS is the whole hierarchy's; ARI was set at probe. */
	{PCI_CAP_ID_EXP, PCI_EXP_DEVCTL, 2, EXP_VIRTUAL, UINT16_MAX & ~PCI_EXP_DEVCTL_PHANTOM},
	{PCI_CAP_ID_EXP, PCI_EXP_DEVCTL2, 2, 0, UINT16_MAX & ~PCI_EXP_DEVCTL2_ARI},

	{PCI_CAP_ID_AF, PCI_AF_CTRL, 1, PCI_AF_CTRL_FLR, PCI_AF_CTRL_FLR},

	{EXTENDED | PCI_EXT_CAP_ID_ERR, PCI_ERR_UNCOR_STATUS, 4, 0, ERR_UNCOR},
	{EXTENDED | PCI_EXT_CAP_ID_ERR, PCI_ERR_UNCOR_MASK, 4, 0, ERR_UNCOR},
	{EXTENDED | PCI_EXT_CAP_ID_ERR, PCI_ERR_UNCOR_SEVER, 4, 0, ERR_UNCOR},
	{EXTENDED | PCI_EXT_CAP_ID_ERR, PCI_ERR_COR_STATUS, 4, 0, ERR_COR},
	{EXTENDED | PCI_EXT_CAP_ID_ERR, PCI_ERR_COR_MASK, 4, 0, ERR_COR},
	{EXTENDED | PCI_EXT_CAP_ID_ERR, PCI_ERR_CAP, 4, 0,
	 PCI_ERR_CAP_ECRC_GENE | PCI_ERR_CAP_ECRC_CHKE},

	{EXTENDED | PCI_EXT_CAP_ID_PWR, 4 /* data select */, 1, 0, UINT8_MAX},
};

/* Length of a capability that a program sees; those not listed are hidden. */
struct config_length {
	uint16_t cap;
	uint8_t len; /* VARIABLE: it says itself */
};

static const struct config_length config_lengths[] = {
	{PCI_CAP_ID_PM, PCI_PM_SIZEOF},
	{PCI_CAP_ID_VPD, PCI_CAP_VPD_SIZEOF},
	{PCI_CAP_ID_MSI, VARIABLE},
	{PCI_CAP_ID_VNDR, VARIABLE},
	{PCI_CAP_ID_EXP, PCI_CAP_EXP_ENDPOINT_SIZEOF_V2},
	{PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF},
	{PCI_CAP_ID_AF, PCI_CAP_AF_SIZEOF},
	{EXTENDED | PCI_EXT_CAP_ID_ERR, PCI_ERR_ROOT_COMMAND},
	{EXTENDED | PCI_EXT_CAP_ID_DSN, PCI_EXT_CAP_DSN_SIZEOF},
	{EXTENDED | PCI_EXT_CAP_ID_PWR, PCI_EXT_CAP_PWR_SIZEOF},
	{EXTENDED | PCI_EXT_CAP_ID_VNDR, VARIABLE},
	{EXTENDED | PCI_EXT_CAP_ID_ACS, 8},
	{EXTENDED | PCI_EXT_CAP_ID_ARI, PCI_EXT_CAP_ARI_SIZEOF},
	{EXTENDED | PCI_EXT_CAP_ID_ATS, PCI_EXT_CAP_ATS_SIZEOF},
	{EXTENDED | PCI_EXT_CAP_ID_SRIOV, PCI_EXT_CAP_SRIOV_SIZEOF},
	{EXTENDED | PCI_EXT_CAP_ID_PRI, PCI_EXT_CAP_PRI_SIZEOF},
	{EXTENDED | PCI_EXT_CAP_ID_LTR, PCI_EXT_CAP_LTR_SIZEOF},
	{EXTENDED | PCI_EXT_CAP_ID_DVSEC, VARIABLE},
};

static uint32_t msi_length(struct vfio_device *device, struct actor *self, uint32_t at)
{
	uint32_t flags = vfio_pci_read(device, self, at + PCI_MSI_FLAGS, 2);

	return 10 + (flags & PCI_MSI_FLAGS_64BIT ? 4 : 0) +
	       (flags & PCI_MSI_FLAGS_MASKBIT ? 10 : 0);
}

/* 0 = hidden */
static uint32_t capability_length(struct vfio_device *device, struct actor *self, uint16_t cap,
				  uint32_t at)
{
	for (size_t i = 0; i < ARRAY_LEN(config_lengths); i++) {
		if (config_lengths[i].cap != cap)
			continue;
		if (config_lengths[i].len != VARIABLE)
			return config_lengths[i].len;
		switch (cap) {
		case PCI_CAP_ID_MSI:
			return msi_length(device, self, at);
		case PCI_CAP_ID_VNDR:
			return vfio_pci_read(device, self, at + PCI_CAP_FLAGS, 1);
		default: /* extended, vendor specific: the second word's top bits */
			return vfio_pci_read(device, self, at + 4, 4) >> 20;
		}
	}
	return 0;
}

static void apply_rules(struct vfio_device *device, uint16_t cap, uint32_t at)
{
	for (size_t i = 0; i < ARRAY_LEN(config_rules); i++) {
		const struct config_rule *rule = &config_rules[i];

		for (uint32_t b = 0; rule->cap == cap && b < rule->len; b++) {
			device->virt[at + rule->offset + b] = (uint8_t)(rule->virt >> 8 * b);
			device->write[at + rule->offset + b] = (uint8_t)(rule->write >> 8 * b);
		}
	}
}

/* The MSI capability is the kernel's own business: all of it but the mask is virtual. */
static void msi_rules(struct vfio_device *device, uint32_t at, uint32_t len)
{
	uint32_t masks = len >= 20 ? len - 10 : len;

	memset(&device->virt[at + PCI_MSI_FLAGS], 0xff, masks - PCI_MSI_FLAGS);
	memset(&device->write[at + PCI_MSI_FLAGS], 0xff, len - PCI_MSI_FLAGS);
	device->write[at + PCI_MSI_FLAGS + 1] = 0;
}

/* A capability becomes visible: its bytes are its own, its header is virtual. */
static void show_capability(struct vfio_device *device, struct actor *self, uint16_t cap,
			    uint32_t at, uint32_t len)
{
	bool vendor = cap == PCI_CAP_ID_VNDR || cap == (EXTENDED | PCI_EXT_CAP_ID_VNDR) ||
		      cap == (EXTENDED | PCI_EXT_CAP_ID_DVSEC);
	uint32_t header = cap & EXTENDED ? 4 : 2, word = 0;

	len = MIN(len, CONFIG_BYTES - at);
	for (uint32_t b = 0; b < len; b++) {
		device->owner[at + b] = (uint16_t)at;
		device->virt[at + b] = b < header ? 0xff : 0;
		device->write[at + b] = vendor && b >= header ? 0xff : 0;
		if (b % 4 == 0)
			word = vfio_pci_read(device, self, at + b, 4);
		device->vconfig[at + b] = (uint8_t)(word >> 8 * (b % 4));
	}
	apply_rules(device, cap, at);
	if (cap == PCI_CAP_ID_MSI)
		msi_rules(device, at, len);
	if (cap == PCI_CAP_ID_PM) {
		device->vconfig[at + PCI_PM_PMC + 1] &= (uint8_t) ~(PCI_PM_CAP_PME_MASK >> 8);
		device->vconfig[at + PCI_PM_CTRL] &= (uint8_t)~PM_PME;
		device->vconfig[at + PCI_PM_CTRL + 1] &= (uint8_t) ~(PM_PME >> 8);
	}
}

static void map_capabilities(struct vfio_device *device, struct actor *self)
{
	uint8_t *link = &device->vconfig[PCI_CAPABILITY_LIST];
	uint32_t at = *link;
	bool any = false;

	if (!(device->vconfig[PCI_STATUS] & PCI_STATUS_CAP_LIST))
		return;
	for (uint32_t i = 0; at >= PCI_STD_HEADER_SIZEOF && i < ALL_CAPS; i++) {
		uint16_t cap = (uint16_t)vfio_pci_read(device, self, at, 1);
		uint8_t next = (uint8_t)vfio_pci_read(device, self, at + PCI_CAP_LIST_NEXT, 1);
		uint32_t len = cap ? capability_length(device, self, cap, at) : 0;

		if (len) {
			show_capability(device, self, cap, at, len);
			link = &device->vconfig[at + PCI_CAP_LIST_NEXT];
			any = true;
		} else {
			*link = next;
		}
		at = next;
	}
	if (!any)
		device->vconfig[PCI_STATUS] &= (uint8_t)~PCI_STATUS_CAP_LIST;
}

static void set_header(struct vfio_device *device, uint32_t at, uint32_t header)
{
	memcpy(&device->vconfig[at], &header, sizeof(header));
}

static void map_extended(struct vfio_device *device, struct actor *self)
{
	uint32_t at = PCI_CFG_SPACE_SIZE, link = 0, shown = 0;

	for (uint32_t i = 0; at >= PCI_CFG_SPACE_SIZE && i < EXTENDED_CAPS; i++) {
		uint32_t header = vfio_pci_read(device, self, at, 4);
		uint32_t next = PCI_EXT_CAP_NEXT(header);
		uint16_t cap = (uint16_t)(EXTENDED | PCI_EXT_CAP_ID(header));
		uint32_t len = 0;

		if (PCI_EXT_CAP_ID(header) && PCI_EXT_CAP_ID(header) < EXTENDED)
			len = capability_length(device, self, cap, at);
		if (len) {
			show_capability(device, self, cap, at, len);
			link = at;
			shown++;
		} else if (link) {
			uint32_t before;

			memcpy(&before, &device->vconfig[link], sizeof(before));
			set_header(device, link, (before & 0x000fffff) | next << 20);
		} else {
			/* The first cannot be left out: it stays as a link without an ID. */
			show_capability(device, self, EXTENDED, at, 4);
			set_header(device, at, next << 20);
			link = at;
		}
		at = next;
	}
	if (!shown)
		set_header(device, PCI_CFG_SPACE_SIZE, 0);
}

void vfio_config_map(struct vfio_device *device, struct actor *self)
{
	/* What belongs to no capability is the function's own: raw. */
	memset(device->virt, 0, sizeof(device->virt));
	memset(device->write, 0xff, sizeof(device->write));
	for (uint32_t i = 0; i < CONFIG_BYTES; i++)
		device->owner[i] = i < PCI_STD_HEADER_SIZEOF ? 0 : CONFIG_NO_CAPABILITY;
	memset(device->write, 0, PCI_STD_HEADER_SIZEOF);
	apply_rules(device, BASIC, 0);
	map_capabilities(device, self);
	if (device->pcie_cap)
		map_extended(device, self);
}
