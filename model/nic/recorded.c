/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/recorded.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

/* State stream, little-endian: magic, version, size of all, length of registers, checksum. */
#define STREAM_MAGIC   UINT64_C(0x76667363657664aa)
#define STREAM_VERSION 1u
#define STREAM_HEADER  RECORDED_STATE_MIN
#define REGISTER_BAR   0u
#define DMA_PART       4096u

struct recorded_vf {
	struct recorded_device *device;
	uint8_t *registers;
	struct dma_log log; /* no reset touches it: it is the device's, not the function's */
};

struct recorded_device {
	struct recorded_device_cfg cfg;
	struct sim_part part;
	struct pcie_device *pcie;
	struct recorded_vf *vf;
	uint32_t register_bytes;

	/* The access under way: a part at a time, so that one buffer does. */
	struct pcie_function *fn;
	struct dma_log *log;
	struct tlp tlp;
	uint64_t next_iova;
	uint32_t left;
	enum tlp_status status;
	void (*done)(void *arg, enum tlp_status status);
	void *arg;
	uint64_t accesses;
	uint8_t buffer[DMA_PART];
};

static uint64_t bar_read(void *ctx, uint32_t bar, uint64_t offset, uint32_t len_bytes)
{
	struct recorded_vf *vf = ctx;
	uint64_t value = 0;

	if (bar == REGISTER_BAR)
		memcpy(&value, vf->registers + offset, len_bytes);
	return value;
}

static void bar_write(void *ctx, uint32_t bar, uint64_t offset, uint32_t len_bytes, uint64_t value)
{
	struct recorded_vf *vf = ctx;

	if (bar == REGISTER_BAR)
		memcpy(vf->registers + offset, &value, len_bytes);
}

static void on_reset(void *ctx, enum pcie_reset_cause cause)
{
	struct recorded_vf *vf = ctx;

	memset(vf->registers, 0, vf->device->register_bytes);
}

static const struct pcie_function_ops vf_ops = {
	.bar_read = bar_read,
	.bar_write = bar_write,
	.reset = on_reset,
};

struct recorded_device *recorded_device_create(const struct recorded_device_cfg *cfg,
					       const struct recorded_device_env *env)
{
	struct recorded_device *device = calloc(1, sizeof(*device));
	struct pcie_device_env pcie_env = {.part = env->part};

	if (!device)
		return NULL;
	device->cfg = *cfg;
	device->part = env->part;
	device->register_bytes = (uint32_t)cfg->pcie.vf.bar_bytes[REGISTER_BAR];
	device->pcie = pcie_device_create(&cfg->pcie, &pcie_env);
	device->vf = calloc(cfg->pcie.total_vfs, sizeof(device->vf[0]));
	if (!device->pcie || !device->vf)
		goto no_memory;
	for (uint32_t i = 0; i < cfg->pcie.total_vfs; i++) {
		struct recorded_vf *vf = &device->vf[i];

		vf->device = device;
		vf->registers = calloc(1, device->register_bytes);
		if (!vf->registers || dma_log_init(&vf->log, cfg->log_bytes))
			goto no_memory;
		pcie_function_bind(pcie_device_vf(device->pcie, i), &vf_ops, vf);
	}
	return device;

no_memory:
	recorded_device_destroy(device);
	return NULL;
}

void recorded_device_destroy(struct recorded_device *device)
{
	if (!device)
		return;
	if (device->vf)
		for (uint32_t i = 0; i < device->cfg.pcie.total_vfs; i++) {
			free(device->vf[i].registers);
			dma_log_fini(&device->vf[i].log);
		}
	free(device->vf);
	if (device->pcie)
		pcie_device_destroy(device->pcie);
	free(device);
}

struct pcie_device *recorded_device_pcie(struct recorded_device *device)
{
	return device->pcie;
}

/* Bytes that differ from access to access, so that a page which is written changes. */
static void fill(struct recorded_device *device, uint32_t len)
{
	for (uint32_t i = 0; i < len; i += 8)
		le64_put(device->buffer + i, device->accesses << 16 | i);
}

static void send_part(struct recorded_device *device)
{
	struct tlp *tlp = &device->tlp;
	uint32_t room = DMA_PART - (uint32_t)(device->next_iova % DMA_PART);

	tlp->addr = device->next_iova;
	tlp->len_bytes = MIN(device->left, room);
	tlp->status = TLP_SC;
	if (tlp->type == TLP_MWR) {
		fill(device, tlp->len_bytes);
		dma_log_mark(device->log, tlp->addr, tlp->len_bytes);
	}
	device->next_iova += tlp->len_bytes;
	device->left -= tlp->len_bytes;
	pcie_function_send(device->fn, tlp);
}

static void part_done(struct tlp *tlp, uint64_t now)
{
	struct recorded_device *device = CONTAINER_OF(tlp, struct recorded_device, tlp);

	if (tlp->status != TLP_SC && device->status == TLP_SC)
		device->status = tlp->status;
	if (device->left) {
		send_part(device);
		return;
	}
	device->fn = NULL;
	device->done(device->arg, device->status);
}

int recorded_device_dma(struct recorded_device *device, uint32_t vf, bool is_write, uint64_t iova,
			uint32_t len_bytes, void (*done)(void *arg, enum tlp_status status),
			void *arg)
{
	if (!len_bytes)
		return -EINVAL;
	if (len_bytes > device->cfg.max_dma_bytes)
		return -EMSGSIZE;
	if (device->fn)
		return -EBUSY;
	device->accesses++;
	device->fn = pcie_device_vf(device->pcie, vf);
	device->log = &device->vf[vf].log;
	device->next_iova = iova;
	device->left = len_bytes;
	device->status = TLP_SC;
	device->done = done;
	device->arg = arg;
	device->tlp = (struct tlp){
		.type = is_write ? TLP_MWR : TLP_MRD,
		.data = device->buffer,
		.done = part_done,
	};
	send_part(device);
	return 0;
}

void recorded_device_raise_msix(struct recorded_device *device, uint32_t vf, uint32_t vector)
{
	pcie_function_raise_msix(pcie_device_vf(device->pcie, vf), vector);
}

struct dma_log *recorded_device_log(struct recorded_device *device, uint32_t vf)
{
	return &device->vf[vf].log;
}

/* FNV-1a: any altered byte shows. */
static uint64_t checksum(const uint8_t *bytes, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

void recorded_device_save(struct recorded_device *device, uint32_t vf, void *stream, size_t size)
{
	uint8_t *bytes = stream;
	size_t registers;

	memset(bytes, 0, size);
	if (size < RECORDED_STATE_MIN)
		return;
	registers = MIN(size - STREAM_HEADER, (size_t)device->register_bytes);
	le64_put(bytes, STREAM_MAGIC);
	le32_put(bytes + 8, STREAM_VERSION);
	le32_put(bytes + 12, (uint32_t)registers);
	le64_put(bytes + 16, size);
	memcpy(bytes + STREAM_HEADER, device->vf[vf].registers, registers);
	le64_put(bytes + 24, checksum(bytes + STREAM_HEADER, size - STREAM_HEADER));
}

/* One part of a stream: its size, or 0 for what save did not write. */
static size_t load_part(struct recorded_device *device, uint32_t vf, const uint8_t *bytes,
			size_t left)
{
	uint64_t size;
	uint32_t registers;

	if (left < STREAM_HEADER)
		return 0;
	size = le64_get(bytes + 16);
	registers = le32_get(bytes + 12);
	if (le64_get(bytes) != STREAM_MAGIC || le32_get(bytes + 8) != STREAM_VERSION ||
	    size < STREAM_HEADER || size > left || registers > size - STREAM_HEADER ||
	    registers > device->register_bytes ||
	    le64_get(bytes + 24) != checksum(bytes + STREAM_HEADER, size - STREAM_HEADER))
		return 0;
	memcpy(device->vf[vf].registers, bytes + STREAM_HEADER, registers);
	return size;
}

int recorded_device_load(struct recorded_device *device, uint32_t vf, const void *stream,
			 size_t size)
{
	const uint8_t *bytes = stream;

	for (size_t at = 0; at < size;) {
		size_t part;

		/* A part that had no room for a header is zeros; a header begins with none. */
		if (!bytes[at]) {
			at++;
			continue;
		}
		part = load_part(device, vf, bytes + at, size - at);
		if (!part)
			return -EINVAL;
		at += part;
	}
	return 0;
}
