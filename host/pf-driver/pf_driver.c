/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's life, and what it allows VFs. */
#include "host/pf-driver/pf_driver_internal.h"

#include <errno.h>
#include <stdlib.h>

#define BUFFER_PAGES PAGES(STATE_PART_BYTES)

/* As the firmware has it from the start. */
static const struct pf_driver_policy default_policy = {.spoof_check = true};

static int alloc_memory(struct pf_driver *d)
{
	uint32_t vfs = MAX(d->cfg.num_vfs, 1);

	d->vf = calloc(vfs, sizeof(*d->vf));
	d->ring_pa = frames_alloc(d->env.frames, 1, FRAME_BYTES);
	d->buffer_pa = frames_alloc(d->env.frames, BUFFER_PAGES, FRAME_BYTES);
	if (!d->vf || !d->ring_pa || !d->buffer_pa)
		return -ENOMEM;
	for (uint32_t vf = 0; vf < vfs; vf++)
		d->vf[vf].policy = default_policy;
	return 0;
}

/* Behind the queue's set-up: what the firmware can do, and what that asks of its driver. */
static int get_ready(struct pf_driver *d, struct actor *self)
{
	struct aq_desc version = pf_make_command(AQC_GET_VERSION, 0, 0);
	int ret = pf_command(d, self, &version);

	d->features = version.param1;
	if (!ret && (d->features & PF_FEATURE_FORWARDS))
		ret = pf_mailbox_init(d, self);
	return ret ? ret : pf_interrupt_init(d, self);
}

static void driver_free(struct pf_driver *d, struct actor *self)
{
	pf_interrupt_fini(d, self);
	pf_mailbox_fini(d, self);
	if (d->ring_pa)
		frames_free(d->env.frames, d->ring_pa, 1);
	if (d->buffer_pa)
		frames_free(d->env.frames, d->buffer_pa, BUFFER_PAGES);
	free(d->vf);
	free(d);
}

int pf_driver_probe(const struct pf_driver_cfg *cfg, const struct pf_driver_env *env,
		    struct actor *self, struct pf_driver **out)
{
	const struct pci_function *pf = pci_bus_find(env->bus, cfg->pf_rid);
	struct pf_driver *d;
	int ret;

	if (!pf || !pf->bar[0].pa)
		return -ENODEV;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->cfg = *cfg;
	d->env = *env;
	d->bar0_pa = pf->bar[0].pa;
	ret = alloc_memory(d);
	if (!ret)
		ret = pf_queue_init(d, self);
	if (!ret)
		ret = get_ready(d, self);
	if (!ret && cfg->num_vfs)
		ret = pci_bus_enable_vfs(env->bus, self, cfg->pf_rid, cfg->num_vfs);
	if (ret)
		driver_free(d, self);
	else
		*out = d;
	return ret;
}

void pf_driver_remove(struct pf_driver *d, struct actor *self)
{
	struct aq_desc shutdown = pf_make_command(AQC_QUEUE_SHUTDOWN, 1, 0);

	if (!d)
		return;
	if (d->cfg.num_vfs)
		pci_bus_disable_vfs(d->env.bus, self, d->cfg.pf_rid);
	pf_interrupt_fini(d, self);
	pf_mailbox_fini(d, self);
	pf_command(d, self, &shutdown);
	pf_reg_write(d, self, PF_ATQLEN, 0);
	/* A read that completes says that the device has seen the write: no DMA follows. */
	pf_reg_read(d, self, PF_ATQLEN);
	driver_free(d, self);
}

/* A command that changes what virtchnl knows of the VF: not amid a message, and asked for anew. */
static int change(struct pf_driver *d, struct actor *self, struct aq_desc *desc)
{
	struct pf_vf *vf = &d->vf[desc->param0];
	int ret;

	sim_mutex_lock(self, &vf->lock);
	ret = pf_command(d, self, desc);
	vf->known.life = 0;
	sim_mutex_unlock(self, &vf->lock);
	return ret;
}

int pf_driver_set_vf_mac(struct pf_driver *d, struct actor *self, uint32_t vf, const uint8_t mac[6])
{
	struct aq_desc desc = pf_make_command(AQC_VF_SET_MAC, vf, le32_get(mac));

	if (vf >= d->cfg.num_vfs)
		return -ENOENT;
	desc.addr_high = le16_get(mac + 4);
	return change(d, self, &desc);
}

int pf_driver_set_vf_queues(struct pf_driver *d, struct actor *self, uint32_t vf, uint32_t pairs)
{
	struct aq_desc desc = pf_make_command(AQC_VF_SET_QUEUES, vf, pairs);

	return vf < d->cfg.num_vfs ? change(d, self, &desc) : -ENOENT;
}

int pf_driver_reset_vf(struct pf_driver *d, struct actor *self, uint32_t vf)
{
	struct aq_desc desc = pf_make_command(AQC_VF_RESET, vf, 0);

	return vf < d->cfg.num_vfs ? change(d, self, &desc) : -ENOENT;
}

int pf_driver_vf_rings(struct pf_driver *d, struct actor *self, uint32_t vf,
		       struct pf_vf_ring ring[PF_VF_RINGS])
{
	struct aq_desc desc = pf_make_command(AQC_VF_RINGS, vf, 0);
	uint32_t room = PF_VF_RINGS * sizeof(ring[0]);
	int ret;

	if (vf >= d->cfg.num_vfs)
		return -ENOENT;
	ret = pf_command_data(d, self, &desc, ring, 0, room);
	if (ret)
		return ret == -ETIMEDOUT ? ret : -EIO;
	return desc.datalen <= room ? (int)(desc.datalen / sizeof(ring[0])) : -EIO;
}

static bool policies_equal(const struct pf_driver_policy *a, const struct pf_driver_policy *b)
{
	return a->trust == b->trust && a->spoof_check == b->spoof_check && a->pasid == b->pasid &&
	       a->flow_director == b->flow_director && a->port_vlan == b->port_vlan &&
	       a->max_mbps == b->max_mbps && a->min_mbps == b->min_mbps;
}

int pf_driver_set_vf_policy(struct pf_driver *d, struct actor *self, uint32_t vf,
			    const struct pf_driver_policy *policy)
{
	uint32_t flags = policy->trust ? (uint32_t)VF_POLICY_TRUST : 0;
	struct aq_desc desc;
	int ret;

	if (vf >= d->cfg.num_vfs)
		return -ENOENT;
	if (policies_equal(&d->vf[vf].policy, policy))
		return 0;
	if (policy->spoof_check)
		flags |= (uint32_t)(VF_POLICY_MAC_CHECK | VF_POLICY_VLAN_CHECK);
	if (policy->pasid)
		flags |= (uint32_t)VF_POLICY_PASID;
	if (policy->flow_director)
		flags |= (uint32_t)VF_POLICY_FLOW_DIRECTOR;
	desc = pf_make_command(AQC_VF_SET_POLICY, vf, flags);
	desc.cookie_high = policy->max_mbps;
	desc.cookie_low = policy->min_mbps;
	desc.addr_high = policy->port_vlan;
	ret = change(d, self, &desc);
	if (!ret)
		d->vf[vf].policy = *policy;
	return ret;
}
