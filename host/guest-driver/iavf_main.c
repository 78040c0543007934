/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Probe, open, run and close (iavf_main.c), on one actor: Linux spreads these
 * steps over its watchdog's states, in the same order.
 */

#include "host/guest-driver/iavf_internal.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>

#define MSIX_BAR      3u
#define MSIX_ENTRY(v) ((uint64_t)(v)*PCI_MSIX_ENTRY_SIZE)
#define GUEST_MSI_ADDRESS                                                                          \
	0x08020040u /* the virtual machine's own doorbell: the VMM traps the table */
#define GUEST_MSI_DATA 0x50u

static void on_misc(void *arg, uint64_t now)
{
	struct guest_driver *d = arg;

	d->misc_pending = true;
	waitq_wake(&d->misc_irq);
}

static void on_queue(void *arg, uint64_t now)
{
	struct guest_driver *d = arg;

	d->napi_pending = true;
	waitq_wake(&d->napi_irq);
}

static uint16_t find_capability(struct guest_driver *d, struct actor *self, uint8_t id)
{
	uint32_t at = guest_config_read(d->guest, self, PCI_CAPABILITY_LIST, 1);

	for (uint32_t hops = 0; at && hops < 48; hops++) {
		uint32_t head = guest_config_read(d->guest, self, at, 2);

		if ((head & 0xff) == id)
			return (uint16_t)at;
		at = head >> 8 & 0xfc;
	}
	return 0;
}

/* pci_enable_device_mem, pci_set_master */
static int enable_device(struct guest_driver *d, struct actor *self)
{
	const uint32_t bit[] = {PCI_COMMAND_MEMORY, PCI_COMMAND_MASTER};

	if (guest_config_read(d->guest, self, PCI_VENDOR_ID, 2) != 0x8086)
		return -ENODEV;
	for (uint32_t i = 0; i < ARRAY_LEN(bit); i++) {
		uint32_t command = guest_config_read(d->guest, self, PCI_COMMAND, 2);

		guest_config_write(d->guest, self, PCI_COMMAND, 2, command | bit[i]);
	}
	d->msix_cap = find_capability(d, self, PCI_CAP_ID_MSIX);
	return d->msix_cap ? 0 : -ENODEV;
}

/* iavf_check_reset_complete */
static int wait_active(struct guest_driver *d, struct actor *self)
{
	for (uint32_t i = 0; i < IAVF_POLL_COUNT; i++) {
		uint32_t state = iavf_read(d, self, VFGEN_RSTAT) & (uint32_t)VFGEN_RSTAT_VFR_STATE;

		if (state == VFR_VFACTIVE || state == VFR_COMPLETED)
			return 0;
		guest_sleep(d->guest, self, IAVF_POLL_PS);
	}
	return -ETIMEDOUT;
}

static void msix_write(struct guest_driver *d, struct actor *self, uint32_t vector, uint32_t field,
		       uint32_t value)
{
	guest_mmio_write(d->guest, self, MSIX_BAR, MSIX_ENTRY(vector) + field, value);
}

/* msix_capability_init: enabled and masked as a whole, entry by entry masked, then unmasked. */
static void enable_msix(struct guest_driver *d, struct actor *self)
{
	uint32_t at = d->msix_cap + PCI_MSIX_FLAGS;
	uint32_t flags = guest_config_read(d->guest, self, at, 2);
	uint32_t vectors = (flags & PCI_MSIX_FLAGS_QSIZE) + 1;

	guest_config_write(d->guest, self, at, 2,
			   flags | PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	for (uint32_t v = 0; v < MIN(vectors, IAVF_MSIX_VECTORS); v++) {
		msix_write(d, self, v, PCI_MSIX_ENTRY_LOWER_ADDR, GUEST_MSI_ADDRESS);
		msix_write(d, self, v, PCI_MSIX_ENTRY_UPPER_ADDR, 0);
		msix_write(d, self, v, PCI_MSIX_ENTRY_DATA, GUEST_MSI_DATA + v);
	}
	for (uint32_t v = 0; v < vectors; v++)
		msix_write(d, self, v, PCI_MSIX_ENTRY_VECTOR_CTRL, PCI_MSIX_ENTRY_CTRL_MASKBIT);
	guest_config_write(d->guest, self, at, 2, flags | PCI_MSIX_FLAGS_ENABLE);
}

static void request_irq(struct guest_driver *d, struct actor *self, uint32_t vector,
			void (*handler)(void *arg, uint64_t now))
{
	guest_set_handler(d->guest, vector, handler, d);
	msix_write(d, self, vector, PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
}

/* Until the VF has told what it has; a VF that has more queue pairs now was reset for that. */
static int reach(struct guest_driver *d, struct actor *self)
{
	int ret = wait_active(d, self);

	d->reset_impending = false;
	if (!ret)
		ret = iavf_adminq_init(d, self);
	return ret ? ret : iavf_get_resources(d, self);
}

/* iavf_probe up to __IAVF_DOWN */
static int probe(struct guest_driver *d, struct actor *self)
{
	uint32_t itr = (uint32_t)(d->cfg.itr_ns * PS_PER_NS / ITR_UNIT_PS);
	int ret = enable_device(d, self);

	if (!ret)
		ret = reach(d, self);
	if (ret == -ERESTART)
		ret = reach(d, self);
	if (ret)
		return ret;
	enable_msix(d, self);
	for (uint32_t i = 0; i < 2; i++)
		iavf_write(d, self, VFINT_ITRN1(i, 0), itr);
	request_irq(d, self, IAVF_MISC_VECTOR, on_misc);
	iavf_misc_irq_enable(d, self);
	d->misc_enabled = true;
	return iavf_configure_device(d, self);
}

/* iavf_open to __IAVF_RUNNING */
static int open_device(struct guest_driver *d, struct actor *self)
{
	iavf_write(d, self, VFINT_DYN_CTLN1(0), (uint32_t)field_put(DYN_CTL_ITR_INDX, ITR_NONE));
	iavf_flush(d, self);
	request_irq(d, self, IAVF_QUEUE_VECTOR, on_queue);
	iavf_rings_open(d, self);
	iavf_misc_irq_enable(d, self);
	iavf_write(d, self, VFINT_DYN_CTLN1(0),
		   (uint32_t)(DYN_CTL_INTENA | field_put(DYN_CTL_ITR_INDX, ITR_NONE)));
	iavf_flush(d, self);
	return iavf_configure_queues(d, self);
}

/*
 * iavf_reset_task: the VF was reset under the driver. Everything that it had set
 * up is gone, and is made again as at the first time.
 */
static int recover(struct guest_driver *d, struct actor *self)
{
	int ret;

	d->link_up = d->stats.running = d->misc_enabled = false;
	iavf_rings_close(d, self);
	ret = probe(d, self);
	if (!ret)
		ret = open_device(d, self);
	d->stats.resets += !ret;
	return ret;
}

static bool is_reset(struct guest_driver *d, struct actor *self)
{
	return !(iavf_read(d, self, VF_ARQLEN1) & AQ_LEN_ENABLE);
}

/* iavf_reset_task of a driver that was told: till it happens; a reset that never does is acted on,
 * too. */
static void wait_reset(struct guest_driver *d, struct actor *self)
{
	for (uint32_t i = 0; i < IAVF_RESET_COUNT && !is_reset(d, self); i++)
		guest_sleep(d->guest, self, IAVF_RESET_POLL_PS);
}

/* Messages, or the time to look; true: the VF is reset, or will be at once. */
static bool look(struct guest_driver *d, struct actor *self, bool irq)
{
	if (!irq)
		return is_reset(d, self);
	if (!d->misc_pending)
		return false;
	guest_sleep(d->guest, self, d->cfg.interrupt_ps);
	iavf_admin_task(d, self);
	if (d->reset_impending)
		wait_reset(d, self);
	return d->reset_impending;
}

/* iavf_watchdog_task in __IAVF_RUNNING: events, and a look whether the device was reset. */
static void serve(struct guest_driver *d, struct actor *self)
{
	while (!d->stopping && !d->error) {
		uint64_t deadline = sim_now(d->guest->part.sim) + IAVF_WATCHDOG_PS;

		if (d->link_up && !d->stats.running) {
			d->stats.running = true;
			waitq_wake(&d->state);
			waitq_wake(&d->tx_room);
		}
		if (look(d, self,
			 d->misc_pending || guest_wait(d->guest, self, &d->misc_irq, deadline)))
			d->error = recover(d, self);
	}
}

/* iavf_close and iavf_remove */
static void close_device(struct guest_driver *d, struct actor *self)
{
	uint32_t flags;

	d->rings_open = d->link_up = d->stats.running = false;
	iavf_write(d, self, VFINT_DYN_CTLN1(0), (uint32_t)field_put(DYN_CTL_ITR_INDX, ITR_NONE));
	iavf_flush(d, self);
	msix_write(d, self, IAVF_QUEUE_VECTOR, PCI_MSIX_ENTRY_VECTOR_CTRL,
		   PCI_MSIX_ENTRY_CTRL_MASKBIT);
	d->error = iavf_disable_queues(d, self);
	iavf_rings_close(d, self);
	iavf_adminq_send(d, self, AQC_SEND_MSG_TO_PF, VIRTCHNL_OP_RESET_VF, NULL, 0);
	iavf_write(d, self, VFINT_DYN_CTL01, 0);
	iavf_flush(d, self);
	msix_write(d, self, IAVF_MISC_VECTOR, PCI_MSIX_ENTRY_VECTOR_CTRL,
		   PCI_MSIX_ENTRY_CTRL_MASKBIT);
	flags = guest_config_read(d->guest, self, d->msix_cap + PCI_MSIX_FLAGS, 2);
	guest_config_write(d->guest, self, d->msix_cap + PCI_MSIX_FLAGS, 2,
			   flags & ~(uint32_t)PCI_MSIX_FLAGS_ENABLE);
	iavf_adminq_shutdown(d, self);
	iavf_spaces_close(d, self);
}

static void admin(struct actor *self, void *arg)
{
	struct guest_driver *d = arg;

	guest_sleep(d->guest, self, 0);
	d->error = iavf_spaces_open(d, self);
	if (!d->error)
		d->error = probe(d, self);
	if (!d->error)
		d->error = open_device(d, self);
	if (!d->error)
		serve(d, self);
	if (d->error)
		sim_log(&d->guest->part, LOG_ERROR, "%s: bring-up or watchdog failed: %d", d->name,
			d->error);
	else
		close_device(d, self);
	d->stats.running = false;
	d->shut_down = true;
	waitq_wake(&d->state);
}

static bool cfg_valid(const struct guest_driver_cfg *cfg)
{
	return cfg->ring_entries >= 64 && cfg->ring_entries <= 4096 && !(cfg->ring_entries % 32) &&
	       cfg->buffer_bytes >= 1024 && cfg->buffer_bytes <= 16256 &&
	       !(cfg->buffer_bytes % 128) && cfg->mtu_bytes >= 64 &&
	       cfg->mtu_bytes <= MIN(cfg->buffer_bytes, FRAME_MAX_BYTES) &&
	       cfg->itr_ns * PS_PER_NS / ITR_UNIT_PS <= ITR_INTERVAL &&
	       cfg->queue_pairs <= GUEST_QUEUE_PAIRS && cfg->steers <= GUEST_STEERS &&
	       !(cfg->first_pasid && cfg->map_buffers);
}

struct guest_driver *guest_driver_create(struct guest *guest, const struct guest_driver_cfg *cfg,
					 const char *name)
{
	struct guest_driver *d = cfg_valid(cfg) ? calloc(1, sizeof(*d)) : NULL;

	if (!d)
		return NULL;
	d->guest = guest;
	d->cfg = *cfg;
	snprintf(d->name, sizeof(d->name), "%s", name);
	if (iavf_adminq_alloc(d) || iavf_rings_alloc(d))
		goto fail;
	d->admin = actor_start(guest->part.sim, d->name, admin, d);
	d->napi = actor_start(guest->part.sim, d->name, iavf_napi, d);
	if (d->admin && d->napi)
		return d;
fail:
	guest_driver_destroy(d);
	return NULL;
}

void guest_driver_destroy(struct guest_driver *d)
{
	if (!d)
		return;
	iavf_echoes_destroy(d);
	while (d->flows) {
		struct iavf_flow *flow = d->flows;

		d->flows = flow->next;
		actor_destroy(flow->actor);
		free(flow);
	}
	if (d->admin)
		actor_destroy(d->admin);
	if (d->napi)
		actor_destroy(d->napi);
	for (uint32_t v = 0; v < IAVF_MSIX_VECTORS; v++)
		guest_set_handler(d->guest, v, NULL, NULL);
	iavf_rings_free(d);
	free(d);
}

int guest_driver_wait_up(struct guest_driver *d, struct actor *self)
{
	while (!d->stats.running && !d->shut_down)
		actor_wait(self, &d->state, TIME_NEVER);
	if (d->stats.running)
		return 0;
	return d->error ? d->error : -ESHUTDOWN;
}

int guest_driver_wait_reset(struct guest_driver *d, struct actor *self, uint64_t seen)
{
	while (!d->shut_down && !(d->stats.running && d->stats.resets > seen))
		actor_wait(self, &d->state, TIME_NEVER);
	if (!d->shut_down)
		return 0;
	return d->error ? d->error : -ESHUTDOWN;
}

void guest_driver_shutdown(struct guest_driver *d, struct actor *self)
{
	guest_driver_stop_flows(d, self);
	d->stopping = true;
	waitq_wake(&d->misc_irq);
	while (!d->shut_down)
		actor_wait(self, &d->state, TIME_NEVER);
}

void guest_driver_stats_get(const struct guest_driver *d, struct guest_driver_stats *stats)
{
	*stats = d->stats;
}
