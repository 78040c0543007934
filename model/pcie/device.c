/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoint: which function a request is for, and its answer. */
#include "model/pcie/device.h"

#include <stdlib.h>
#include <string.h>

#include "model/pcie/aer.h"
#include "model/pcie/device_internal.h"
#include "model/pcie/split.h"

void pcie_device_cfg_x710(struct pcie_device_cfg *cfg)
{
	*cfg = (struct pcie_device_cfg){
		.pf = {.vendor_id = 0x8086,
		       .device_id = 0x1572,
		       .subsystem_vendor_id = 0x8086,
		       .revision = 1,
		       .class_code = 0x020000,
		       .bar_bytes = {[0] = 1 << 20, [3] = 32 << 10},
		       .msix_vectors = 129,
		       .msix_bar = 3,
		       .msix_pba_offset = 0x1000},
		.vf = {.vendor_id = 0x8086,
		       .device_id = 0x1889,
		       .subsystem_vendor_id = 0x8086,
		       .revision = 1,
		       .class_code = 0x020000,
		       .bar_bytes = {[0] = 64 << 10, [3] = 16 << 10},
		       .msix_vectors = 5,
		       .msix_bar = 3,
		       .msix_pba_offset = 0x2000},
		.bus = 1,
		.first_vf_offset = 16,
		.vf_stride = 1,
		.supported_page_sizes = 0x553,
		.link_generation = 3,
		.link_lanes = 8,
		.max_payload = 256,
		.msix_messages = 256,
		.serial_number = UINT64_C(0x000000fffe000001),
	};
}

static bool msix_fits(const struct pcie_function_cfg *fn)
{
	uint32_t table = fn->msix_table_offset, pba = fn->msix_pba_offset;
	uint32_t table_end = table + fn->msix_vectors * MSIX_ENTRY_BYTES;
	uint32_t pba_end = pba + (fn->msix_vectors + 63u) / 64 * 8;

	return fn->msix_vectors && fn->msix_vectors <= 2048 && !(table % 8) && !(pba % 8) &&
	       fn->msix_bar < PCIE_BARS && table_end <= fn->bar_bytes[fn->msix_bar] &&
	       pba_end <= fn->bar_bytes[fn->msix_bar] && (table_end <= pba || pba_end <= table);
}

/* BARs are 64-bit: each takes the next index too. */
static bool bars_fit(const struct pcie_function_cfg *fn)
{
	for (uint32_t bar = 0; bar < PCIE_BARS; bar++) {
		uint64_t bytes = fn->bar_bytes[bar];

		if (!bytes)
			continue;
		if (!is_power_of_two(bytes) || bytes < 4096 || bar + 1 == PCIE_BARS ||
		    fn->bar_bytes[bar + 1])
			return false;
	}
	return true;
}

static bool cfg_valid(const struct pcie_device_cfg *cfg)
{
	uint32_t last_vf = cfg->first_vf_offset + cfg->vf_stride * (cfg->total_vfs - 1u);

	if (!cfg->total_vfs || !cfg->first_vf_offset || !cfg->vf_stride ||
	    cfg->bus + (last_vf >> 8) > 0xff)
		return false;
	if (cfg->ats && (!cfg->atc_ways || cfg->atc_entries < cfg->atc_ways || !cfg->atc_pages))
		return false;
	if (cfg->pasid_bits > 20 || (cfg->pri && (!cfg->ats || !cfg->page_requests)))
		return false;
	return bars_fit(&cfg->pf) && bars_fit(&cfg->vf) && msix_fits(&cfg->pf) &&
	       msix_fits(&cfg->vf) && pcie_split_fits(cfg->max_payload) &&
	       (!cfg->max_read_request || pcie_split_fits(cfg->max_read_request)) &&
	       cfg->msix_messages;
}

static int init_functions(struct pcie_device *device)
{
	const struct pcie_device_cfg *cfg = &device->cfg;

	for (uint32_t f = 0; f < device->functions; f++) {
		uint32_t routing = f ? cfg->first_vf_offset + (f - 1) * cfg->vf_stride : 0;
		int err = pcie_function_init(&device->function[f], device, f, (uint16_t)routing);

		if (err)
			return err;
	}
	return 0;
}

struct pcie_device *pcie_device_create(const struct pcie_device_cfg *cfg,
				       const struct pcie_device_env *env)
{
	struct pcie_device *device;

	if (!cfg_valid(cfg))
		return NULL;
	device = calloc(1, sizeof(*device));
	if (!device)
		return NULL;
	device->cfg = *cfg;
	device->env = *env;
	device->bus = cfg->bus;
	device->functions = 1u + cfg->total_vfs;
	for (uint32_t vf = 0; vf < 2; vf++) {
		pcie_config_layout_init(&device->config_layout[vf], cfg, vf);
		pcie_msix_layout_init(&device->msix_layout[vf], vf ? &cfg->vf : &cfg->pf);
	}
	device->function = calloc(device->functions, sizeof(device->function[0]));
	device->message = calloc(cfg->msix_messages, sizeof(device->message[0]));
	if (!device->function || !device->message || init_functions(device)) {
		pcie_device_destroy(device);
		return NULL;
	}
	pcie_msix_pool_init(device);
	return device;
}

void pcie_device_destroy(struct pcie_device *device)
{
	if (!device)
		return;
	for (uint32_t f = 0; device->function && f < device->functions; f++)
		pcie_function_fini(&device->function[f]);
	free(device->function);
	free(device->message);
	free(device);
}

void pcie_device_connect(struct pcie_device *device, const struct tlp_port *egress)
{
	device->egress = *egress;
}

struct pcie_function *pcie_device_pf(struct pcie_device *device)
{
	return &device->function[0];
}

struct pcie_function *pcie_device_vf(struct pcie_device *device, uint32_t vf)
{
	return vf < device->cfg.total_vfs ? &device->function[1 + vf] : NULL;
}

uint32_t pcie_device_num_vfs(const struct pcie_device *device)
{
	return device->num_vfs;
}

const struct reg_table *pcie_device_config_table(const struct pcie_device *device, bool vf)
{
	return &device->config_layout[vf].table;
}

bool pcie_device_idle(const struct pcie_device *device)
{
	for (uint32_t f = 0; f < device->functions; f++)
		if (device->function[f].in_flight || device->function[f].in_reset)
			return false;
	return !device->reads && !device->error_messages;
}

/* ---- which BAR ---- */

/* A base address: two registers as software would read them. */
static uint64_t base_address(struct pcie_function *pf, uint32_t registers, uint32_t bar)
{
	uint64_t low, high;

	regs_read(&pf->config, registers + 4 * bar, 4, &low);
	regs_read(&pf->config, registers + 4 * bar + 4, 4, &high);
	return (low & ~BAR_FLAGS) | high << 32;
}

static void add_range(struct pcie_device *device, uint32_t bar, bool vf, uint64_t bytes,
		      uint32_t count)
{
	uint32_t registers = vf ? AT_SRIOV + SRIOV_VF_BAR : CFG_BAR;

	if (!bytes || !count)
		return;
	device->range[device->ranges++] = (struct bar_range){
		.base = base_address(&device->function[0], registers, bar),
		.bytes = bytes * count,
		.shift = (uint32_t)__builtin_ctzll(bytes),
		.bar = bar,
		.vf = vf,
	};
}

void pcie_device_remap(struct pcie_device *device)
{
	struct pcie_function *pf = &device->function[0];
	bool pf_on = pcie_config_get(pf, CFG_COMMAND) & COMMAND_MEMORY;
	bool vf_on = pcie_config_get(pf, AT_SRIOV + SRIOV_CONTROL) & SRIOV_VF_MSE;

	device->ranges = 0;
	if (pf->asleep)
		return;
	for (uint32_t bar = 0; bar < PCIE_BARS; bar++) {
		if (vf_on)
			add_range(device, bar, true, pcie_sriov_bar_bytes(device, bar),
				  device->num_vfs);
		if (pf_on)
			add_range(device, bar, false, device->cfg.pf.bar_bytes[bar], 1);
	}
}

/* Where a memory request falls: `fn` alone when the function claims it and cannot take it. */
struct place {
	struct pcie_function *fn;
	uint32_t bar;
	uint64_t offset;
};

static bool decode(struct pcie_device *device, const struct tlp *tlp, struct place *place)
{
	for (uint32_t r = 0; r < device->ranges; r++) {
		const struct bar_range *range = &device->range[r];
		uint64_t from = tlp->addr - range->base;
		uint32_t index = (uint32_t)(from >> range->shift);

		if (from >= range->bytes)
			continue;
		place->fn = &device->function[range->vf ? 1 + index : 0];
		place->bar = range->bar;
		place->offset = from & (BIT(range->shift) - 1);
		return place->offset + tlp->len_bytes <=
			       function_cfg(place->fn)->bar_bytes[place->bar] &&
		       !place->fn->in_reset;
	}
	return false;
}

/* ---- accesses ---- */

static uint64_t read_bar(const struct place *place, uint64_t offset, uint32_t len_bytes)
{
	struct pcie_function *fn = place->fn;
	uint64_t value = 0;

	if (place->bar == function_cfg(fn)->msix_bar)
		regs_read(&fn->msix, (uint32_t)offset, len_bytes, &value);
	else if (fn->ops && fn->ops->bar_read)
		value = fn->ops->bar_read(fn->ctx, place->bar, offset, len_bytes);
	return value;
}

static void write_bar(const struct place *place, uint64_t offset, uint32_t len_bytes,
		      uint64_t value)
{
	struct pcie_function *fn = place->fn;

	if (place->bar == function_cfg(fn)->msix_bar)
		regs_write(&fn->msix, (uint32_t)offset, len_bytes, value);
	else if (fn->ops && fn->ops->bar_write)
		fn->ops->bar_write(fn->ctx, place->bar, offset, len_bytes, value);
}

/* The largest naturally aligned register access at `offset` within `left` bytes. */
static uint32_t access_bytes(uint64_t offset, uint32_t left)
{
	uint32_t bytes = 8;

	while (bytes > left || offset % bytes)
		bytes /= 2;
	return bytes;
}

static void access_bar(const struct place *place, struct tlp *tlp)
{
	uint8_t *data = tlp->data;
	uint64_t value;
	uint32_t step;

	for (uint32_t at = 0; at < tlp->len_bytes; at += step) {
		step = access_bytes(place->offset + at, tlp->len_bytes - at);
		if (tlp->type == TLP_MRD) {
			value = read_bar(place, place->offset + at, step);
			memcpy(data + at, &value, step);
		} else {
			value = 0;
			memcpy(&value, data + at, step);
			write_bar(place, place->offset + at, step, value);
		}
	}
}

/*
 * Unsupported Request: an error of the function that it is for, or of the PF where
 * that is none. Who sends a completion tells of it in a correctable message
 * (6.2.3.2.4.1). In a function-level reset it is no error (6.6.2).
 */
static void unsupported(struct pcie_device *device, struct pcie_function *fn, struct tlp *tlp)
{
	tlp->status = TLP_UR;
	if (fn && fn->in_reset)
		return;
	pcie_function_error(fn ? fn : &device->function[0], PCIE_ERROR_UNSUPPORTED_REQUEST,
			    !tlp_is_posted(tlp), tlp);
}

/* A write to a register with EP set: it is not made, and ends unsupported (2.7.2.1). */
static void poisoned(struct pcie_function *fn, struct tlp *tlp)
{
	tlp->status = TLP_UR;
	pcie_function_error(fn, PCIE_ERROR_POISONED, !tlp_is_posted(tlp), tlp);
}

/*
 * The Routing ID less the PF's. Buses after the PF's belong to VFs while there are any (9.2.1.2);
 * any other number is the PF's own, which it is about to learn (2.2.6.2).
 */
static uint32_t routing_of(const struct pcie_device *device, uint16_t completer_id)
{
	uint32_t ahead = (completer_id >> 8) - device->bus;
	uint32_t last = device->function[device->num_vfs].routing;

	return (ahead <= last >> 8 ? ahead << 8 : 0) | (completer_id & 0xff);
}

/* The function that a TLP names; NULL when it is not there. */
static struct pcie_function *configured(struct pcie_device *device, const struct tlp *tlp)
{
	uint32_t routing = routing_of(device, tlp->completer_id);
	uint32_t from = routing - device->cfg.first_vf_offset;

	if (!routing) /* Type 1 teaches no bus number: it is for VFs on buses beyond (9.2.1.2) */
		return tlp->type1 ? NULL : &device->function[0];
	if (routing < device->cfg.first_vf_offset || from % device->cfg.vf_stride)
		return NULL;
	from /= device->cfg.vf_stride;
	return from < device->num_vfs ? &device->function[1 + from] : NULL;
}

static void access_config(struct pcie_device *device, struct tlp *tlp)
{
	struct pcie_function *fn = configured(device, tlp);
	uint64_t value = 0;

	if (!fn) {
		unsupported(device, NULL, tlp);
		return;
	}
	/* Permitted after a function-level reset (2.3.1). */
	if (fn->in_reset) {
		tlp->status = TLP_CRS;
		return;
	}
	if (tlp->poisoned) {
		poisoned(fn, tlp);
		return;
	}
	tlp->status = TLP_SC;
	if (tlp->type == TLP_CFGRD) {
		regs_read(&fn->config, (uint32_t)tlp->addr, tlp->len_bytes, &value);
		memcpy(tlp->data, &value, tlp->len_bytes);
		return;
	}
	device->bus = (uint8_t)((tlp->completer_id >> 8) - (fn->routing >> 8));
	memcpy(&value, tlp->data, tlp->len_bytes);
	regs_write(&fn->config, (uint32_t)tlp->addr, tlp->len_bytes, value);
}

static void access_memory(struct pcie_device *device, struct tlp *tlp)
{
	struct place place = {.fn = NULL};

	/* A translation request is for who translates (10.2.2, from memory). */
	if (!decode(device, tlp, &place) || tlp->at == TLP_AT_REQUEST) {
		unsupported(device, place.fn, tlp);
		return;
	}
	if (tlp->poisoned) {
		poisoned(place.fn, tlp);
		return;
	}
	tlp->status = TLP_SC;
	if (tlp->type == TLP_MRD)
		tlp->completer_id = pcie_function_rid(place.fn);
	place.fn->aborts = false;
	access_bar(&place, tlp);
	if (!place.fn->aborts)
		return;
	tlp->status = TLP_CA;
	pcie_function_error(place.fn, PCIE_ERROR_COMPLETER_ABORT, !tlp_is_posted(tlp), tlp);
}

/* A non-posted request's access, at the end of the device's own latency. */
static void access_fire(struct event *event, uint64_t now)
{
	struct tlp *tlp = CONTAINER_OF(event, struct tlp, event);
	struct pcie_device *device = tlp->owner;

	device->reads--;
	tlp->id_ordered = device->ido_completions;
	tlp->max_payload = device->max_payload;
	tlp->completion_boundary = PCIE_RCB_ENDPOINT;
	if (tlp->device_resets != device->resets)
		tlp->status = TLP_UR;
	else if (tlp->type == TLP_MRD)
		access_memory(device, tlp);
	else
		access_config(device, tlp);
	device->egress.completion(device->egress.ctx, tlp);
}

/*
 * Messages are routed by ID. Who is not there, or has no ATS, does not support it:
 * for the books of the root port, as with posted writes.
 */
static void take_message(struct pcie_device *device, struct tlp *tlp)
{
	struct pcie_function *fn = configured(device, tlp);

	if (!fn || !fn->atc) {
		unsupported(device, fn, tlp);
		return;
	}
	tlp->status = TLP_SC;
	if (!fn->in_reset)
		pcie_atc_message(fn, tlp);
	if (tlp->status == TLP_UR)
		unsupported(device, fn, tlp);
}

static void device_request(void *ctx, struct tlp *tlp)
{
	struct pcie_device *device = ctx;
	struct sim *sim = device->env.part.sim;

	if (tlp->type == TLP_INVALIDATE || tlp->type == TLP_PAGE_RESPONSE) {
		take_message(device, tlp);
		tlp->done(tlp, sim_now(sim));
		return;
	}
	if (!tlp_is_posted(tlp)) {
		device->reads++;
		tlp->owner = device;
		tlp->device_resets = device->resets;
		event_init(&tlp->event, access_fire);
		sim_after(sim, &tlp->event, sim->untimed ? 0 : device->cfg.register_ps);
		return;
	}
	access_memory(device, tlp);
	tlp->done(tlp, sim_now(sim));
}

static void device_completion(void *ctx, struct tlp *tlp)
{
	struct pcie_device *device = ctx;

	pcie_function_completion(tlp);
	tlp->done(tlp, sim_now(device->env.part.sim));
}

struct tlp_port pcie_device_port(struct pcie_device *device)
{
	return (struct tlp_port){
		.ctx = device,
		.request = device_request,
		.completion = device_completion,
	};
}
