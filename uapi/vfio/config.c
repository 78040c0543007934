// SPDX-License-Identifier: Apache-2.0
/* Configuration space as a program sees it: virtual bits, real bits, and writes with a meaning. */
#include <errno.h>

#include "uapi/vfio/vfio_internal.h"

static uint32_t get(const uint8_t *from, uint32_t len)
{
	uint32_t value = 0;

	memcpy(&value, from, len);
	return value;
}

static void put(uint8_t *to, uint32_t len, uint32_t value)
{
	memcpy(to, &value, len);
}

static uint16_t virtual_command(const struct vfio_device *device)
{
	return (uint16_t)get(&device->vconfig[PCI_COMMAND], 2);
}

bool vfio_memory_enabled(const struct vfio_device *device)
{
	/* A VF's memory is decoded by its PF's VF MSE: the bit it shows means nothing. */
	return device->cfg.is_vf || (virtual_command(device) & PCI_COMMAND_MEMORY);
}

int vfio_config_init(struct vfio_device *device, struct actor *self)
{
	for (uint32_t at = 0; at < PCI_STD_HEADER_SIZEOF; at += 4)
		put(&device->vconfig[at], 4, vfio_pci_read(device, self, at, 4));
	if (device->cfg.is_vf) {
		put(&device->vconfig[PCI_VENDOR_ID], 2, device->cfg.vendor_id);
		put(&device->vconfig[PCI_DEVICE_ID], 2, device->cfg.device_id);
		device->vconfig[PCI_COMMAND] |= PCI_COMMAND_MEMORY;
	}
	/* No function of ours has an interrupt wire. */
	device->vconfig[PCI_INTERRUPT_PIN] = 0;
	device->bar_dirty = true;
	device->intx_disabled = false;
	vfio_config_map(device, self);
	return 0;
}

/* BARs read as if the program sized and placed them; what they decode is the kernel's. */
static void fix_bars(struct vfio_device *device)
{
	if (!device->bar_dirty)
		return;
	for (uint32_t i = 0; i < UAPI_DEVICE_BARS; i++) {
		uint8_t *bar = &device->vconfig[PCI_BASE_ADDRESS_0 + 4 * i];
		uint64_t mask = ~(device->cfg.bar[i].size_bytes - 1);

		if (!device->cfg.bar[i].size_bytes) {
			put(bar, 4, 0);
			continue;
		}
		put(bar, 4, (get(bar, 4) & (uint32_t)mask) | device->cfg.bar[i].flags);
		if (device->cfg.bar[i].flags & PCI_BASE_ADDRESS_MEM_TYPE_64) {
			i++;
			put(bar + 4, 4, get(bar + 4, 4) & (uint32_t)(mask >> 32));
		}
	}
	put(&device->vconfig[PCI_ROM_ADDRESS], 4, 0);
	device->bar_dirty = false;
}

static bool is_bar(uint32_t at)
{
	return (at >= PCI_BASE_ADDRESS_0 && at < PCI_BASE_ADDRESS_5 + 4) ||
	       (at >= PCI_ROM_ADDRESS && at < PCI_ROM_ADDRESS + 4);
}

static uint32_t all_ones(uint32_t len)
{
	return UINT32_MAX >> (32 - 8 * len);
}

static uint32_t hardware_read(struct vfio_device *device, struct actor *self, uint32_t at,
			      uint32_t len)
{
	uint32_t value;

	sim_mutex_lock(self, &device->config);
	value = vfio_pci_read(device, self, at, len);
	sim_mutex_unlock(self, &device->config);
	return value;
}

static void hardware_write(struct vfio_device *device, struct actor *self, uint32_t at,
			   uint32_t len, uint32_t value)
{
	sim_mutex_lock(self, &device->config);
	vfio_pci_write(device, self, at, len, value);
	sim_mutex_unlock(self, &device->config);
}

static uint32_t read_one(struct vfio_device *device, struct actor *self, uint32_t at, uint32_t len)
{
	uint32_t virt = get(&device->virt[at], len), value;

	if (is_bar(at))
		fix_bars(device);
	value = get(&device->vconfig[at], len);
	if (virt != all_ones(len))
		value = (hardware_read(device, self, at, len) & ~virt) | (value & virt);
	/* The enable bit that a VF does not have. */
	if (at == PCI_COMMAND && device->cfg.is_vf)
		value |= virtual_command(device) & PCI_COMMAND_MEMORY;
	return value;
}

static void write_bits(struct vfio_device *device, struct actor *self, uint32_t at, uint32_t len,
		       uint32_t value)
{
	uint32_t write = get(&device->write[at], len), virt = get(&device->virt[at], len);
	uint32_t real = write & ~virt;

	if (write & virt)
		put(&device->vconfig[at], len,
		    (get(&device->vconfig[at], len) & ~(write & virt)) | (value & write & virt));
	if (!real)
		return;
	if (real != all_ones(len))
		value = (hardware_read(device, self, at, len) & ~real) | (value & real);
	hardware_write(device, self, at, len, value);
}

/* Memory enable is remembered as written: access to the BARs goes by it. */
static void write_command(struct vfio_device *device, struct actor *self, uint32_t len,
			  uint32_t value)
{
	const uint16_t enables = PCI_COMMAND_MEMORY | PCI_COMMAND_IO;

	down_write(self, &device->memory);
	write_bits(device, self, PCI_COMMAND, len, value);
	put(&device->vconfig[PCI_COMMAND], 2,
	    (virtual_command(device) & ~enables) | (value & enables));
	up_write(&device->memory);
	device->intx_disabled = virtual_command(device) & PCI_COMMAND_INTX_DISABLE;
}

static void reset_by_config(struct vfio_device *device, struct actor *self)
{
	down_write(self, &device->memory);
	vfio_reset_function(device, self);
	up_write(&device->memory);
}

static void set_read_request(struct vfio_device *device, struct actor *self, uint32_t size_code)
{
	uint32_t at = device->pcie_cap + PCI_EXP_DEVCTL;
	uint32_t devctl = hardware_read(device, self, at, 2);
	uint32_t payload_code = (devctl & PCI_EXP_DEVCTL_PAYLOAD) >> 5;

	/* Not below MPS: a program does not see what the hierarchy can do. */
	devctl = (devctl & ~PCI_EXP_DEVCTL_READRQ) | MAX(size_code, payload_code) << 12;
	hardware_write(device, self, at, 2, devctl);
}

static void write_devctl(struct vfio_device *device, struct actor *self, uint32_t at, uint32_t len,
			 uint32_t value)
{
	uint8_t *devctl = &device->vconfig[device->pcie_cap + PCI_EXP_DEVCTL];
	uint32_t before = get(devctl, 2) & PCI_EXP_DEVCTL_READRQ, after;

	write_bits(device, self, at, len, value);
	if (get(devctl, 2) & PCI_EXP_DEVCTL_BCR_FLR) {
		put(devctl, 2, get(devctl, 2) & ~PCI_EXP_DEVCTL_BCR_FLR);
		reset_by_config(device, self);
	}
	after = get(devctl, 2) & PCI_EXP_DEVCTL_READRQ;
	if (after != before)
		set_read_request(device, self, after >> 12);
}

static void write_one(struct vfio_device *device, struct actor *self, uint32_t at, uint32_t len,
		      uint32_t value)
{
	uint32_t devctl = device->pcie_cap + PCI_EXP_DEVCTL;

	if (at == PCI_COMMAND)
		write_command(device, self, len, value);
	else if (device->pcie_cap && at >= devctl && at < devctl + 2)
		write_devctl(device, self, at, len, value);
	else
		write_bits(device, self, at, len, value);
	if (is_bar(at))
		device->bar_dirty = true;
}

/* An aligned piece of at most four bytes that belongs to one capability. */
static uint32_t piece_length(const struct vfio_device *device, uint32_t at, size_t len)
{
	uint32_t n = 1;

	while ((at + n) % 4 && n < len && device->owner[at + n] == device->owner[at])
		n++;
	return n >= 4 && at % 4 == 0 ? 4 : n >= 2 && at % 2 == 0 ? 2 : 1;
}

ssize_t vfio_config_rw(struct vfio_device *device, const struct uapi_task *task, uint64_t data,
		       size_t len, uint64_t offset, bool write)
{
	for (size_t done = 0; done < len;) {
		uint32_t at = (uint32_t)MIN(offset + done, CONFIG_BYTES);
		uint32_t value = 0, n;

		if (offset + len > CONFIG_BYTES || at == CONFIG_BYTES)
			return -EFAULT;
		n = piece_length(device, at, len - done);
		if (write) {
			if (user_copy_from(task, &value, data + done, n))
				return -EFAULT;
			write_one(device, task->self, at, n, value);
		} else {
			value = read_one(device, task->self, at, n);
			if (user_copy_to(task, data + done, &value, n))
				return -EFAULT;
		}
		done += n;
	}
	return (ssize_t)len;
}
