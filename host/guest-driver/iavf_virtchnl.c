/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The virtchnl conversation (iavf_virtchnl.c, iavf_main.c): one request at a
 * time, answered through the ARQ; events come in between.
 */

#include "host/guest-driver/iavf_internal.h"
#include "pf-firmware/fdir_format.h"
#include "pf-firmware/qos_format.h"

#include <errno.h>

void iavf_misc_irq_enable(struct guest_driver *d, struct actor *self)
{
	iavf_write(d, self, VFINT_DYN_CTL01,
		   (uint32_t)(DYN_CTL_INTENA | field_put(DYN_CTL_ITR_INDX, ITR_NONE)));
	iavf_write(d, self, VFINT_ICR0_ENA1, (uint32_t)ICR0_ADMINQ);
	iavf_flush(d, self);
}

/* iavf_virtchnl_completion, of an event */
static void take_event(struct guest_driver *d, const struct virtchnl_pf_event *event)
{
	switch (event->event) {
	case VIRTCHNL_EVENT_LINK_CHANGE:
		d->link_up = event->link_status != 0;
		break;
	case VIRTCHNL_EVENT_RESET_IMPENDING:
		d->reset_impending = true;
		d->link_up = false;
		break;
	default:
		return;
	}
	/* netif_carrier_off: nothing new is sent, what is in the ring leaves it. */
	d->stats.running &= d->link_up;
	waitq_wake(&d->state);
}

/*
 * Take messages out of the ARQ until one answers `opcode` (0: until it is
 * empty). True: that answer is in d->message.
 */
static bool drain(struct guest_driver *d, struct actor *self, uint32_t opcode)
{
	struct virtchnl_pf_event event;
	bool found = false;
	bool more = true;

	while (more && !found && iavf_adminq_receive(d, self, &more)) {
		if (d->message.opcode == VIRTCHNL_OP_EVENT) {
			memcpy(&event, d->message.data, sizeof(event));
			take_event(d, &event);
		} else {
			found = opcode && d->message.opcode == opcode;
		}
	}
	return found;
}

/* Error bits of the queues are cleared by writing the register without them. */
static void clear_queue_errors(struct guest_driver *d, struct actor *self, uint32_t reg)
{
	uint32_t before = iavf_read(d, self, reg);
	uint32_t after = before & (uint32_t) ~(AQ_LEN_VFE | AQ_LEN_OVFL | AQ_LEN_CRIT);

	if (before != UINT32_MAX && before != after)
		iavf_write(d, self, reg, after);
}

/* iavf_msix_aq and iavf_adminq_task */
static bool admin_task(struct guest_driver *d, struct actor *self, uint32_t opcode)
{
	bool found;

	d->misc_pending = false;
	iavf_read(d, self, VFINT_ICR01);
	iavf_read(d, self, VFINT_ICR0_ENA1);
	found = drain(d, self, opcode);
	clear_queue_errors(d, self, VF_ARQLEN1);
	clear_queue_errors(d, self, VF_ATQLEN1);
	iavf_misc_irq_enable(d, self);
	return found;
}

void iavf_admin_task(struct guest_driver *d, struct actor *self)
{
	admin_task(d, self, 0);
}

/* Before the misc interrupt works the driver looks at the ARQ itself (iavf_poll_virtchnl_msg). */
static bool poll_reply(struct guest_driver *d, struct actor *self, uint32_t opcode)
{
	uint64_t deadline = sim_now(d->guest->part.sim) + IAVF_REPLY_PS;

	while (!drain(d, self, opcode)) {
		if (sim_now(d->guest->part.sim) >= deadline)
			return false;
		guest_sleep(d->guest, self, IAVF_AQ_POLL_PS);
	}
	return true;
}

static bool wait_reply(struct guest_driver *d, struct actor *self, uint32_t opcode)
{
	uint64_t deadline = sim_now(d->guest->part.sim) + IAVF_REPLY_PS;

	for (;;) {
		while (!d->misc_pending) {
			if (!guest_wait(d->guest, self, &d->misc_irq, deadline) && !d->misc_pending)
				return false;
		}
		guest_sleep(d->guest, self, d->cfg.interrupt_ps);
		if (admin_task(d, self, opcode))
			return true;
	}
}

int iavf_request(struct guest_driver *d, struct actor *self, uint32_t opcode, const void *data,
		 uint32_t len_bytes)
{
	int ret = iavf_adminq_send(d, self, AQC_SEND_MSG_TO_PF, opcode, data, len_bytes);
	bool answered;

	if (ret)
		return ret;
	answered = d->misc_enabled ? wait_reply(d, self, opcode) : poll_reply(d, self, opcode);
	if (!answered)
		return -ETIMEDOUT;
	return d->message.status == VIRTCHNL_STATUS_SUCCESS ? 0 : -EIO;
}

/* GET_OFFLOAD_VLAN_V2_CAPS: tags of 802.1Q in L2TAG1, as many VLANs as the driver has. */
static int check_vlan_caps(struct guest_driver *d, struct actor *self)
{
	const uint32_t needed = VIRTCHNL_VLAN_ETHERTYPE_8100 | VIRTCHNL_VLAN_TAG_LOCATION_L2TAG1;
	struct virtchnl_vlan_caps caps;
	int ret;

	if (!(d->resources.vf_cap_flags & VIRTCHNL_VF_OFFLOAD_VLAN_V2))
		return -EOPNOTSUPP;
	ret = iavf_request(d, self, VIRTCHNL_OP_GET_OFFLOAD_VLAN_V2_CAPS, NULL, 0);
	if (ret)
		return ret;
	memcpy(&caps, d->message.data, sizeof(caps));
	if (~caps.offloads.stripping.inner & needed || ~caps.offloads.insertion.inner & needed ||
	    caps.filtering.max_filters < d->cfg.vlans)
		return -EOPNOTSUPP;
	return 0;
}

/* REQUEST_QUEUES, answered by a reset, or by how many there are (iavf_request_queues). */
static int request_pairs(struct guest_driver *d, struct actor *self)
{
	uint64_t deadline = sim_now(d->guest->part.sim) + IAVF_REPLY_PS;
	uint8_t wanted[2];
	int ret;

	if (!(d->resources.vf_cap_flags & VIRTCHNL_VF_OFFLOAD_REQ_QUEUES))
		return -EOPNOTSUPP;
	le16_put(wanted, (uint16_t)d->pairs);
	ret = iavf_adminq_send(d, self, AQC_SEND_MSG_TO_PF, VIRTCHNL_OP_REQUEST_QUEUES, wanted,
			       sizeof(wanted));
	if (ret)
		return ret;
	while (iavf_read(d, self, VF_ARQLEN1) & AQ_LEN_ENABLE) {
		if (drain(d, self, VIRTCHNL_OP_REQUEST_QUEUES)) {
			sim_log(&d->guest->part, LOG_ERROR,
				"%s: wants %u queue pairs, and can have %u", d->name, d->pairs,
				le16_get(d->message.data));
			return -ENOSPC;
		}
		if (sim_now(d->guest->part.sim) >= deadline)
			return -ETIMEDOUT;
		guest_sleep(d->guest, self, IAVF_AQ_POLL_PS);
	}
	return -ERESTART;
}

/* VERSION, GET_VF_RESOURCES, and REQUEST_QUEUES of a driver that wants more */
int iavf_get_resources(struct guest_driver *d, struct actor *self)
{
	struct virtchnl_version_info version = {VIRTCHNL_VERSION_MAJOR, VIRTCHNL_VERSION_MINOR};
	uint32_t caps = VIRTCHNL_VF_OFFLOAD_L2 | VIRTCHNL_VF_OFFLOAD_RSS_PF |
			VIRTCHNL_VF_OFFLOAD_RSS_REG | VIRTCHNL_VF_OFFLOAD_WB_ON_ITR;
	int ret = iavf_request(d, self, VIRTCHNL_OP_VERSION, &version, sizeof(version));

	if (ret)
		return ret;
	if (d->pairs > 1)
		caps |= VIRTCHNL_VF_OFFLOAD_REQ_QUEUES;
	if (d->cfg.vlans)
		caps |= VIRTCHNL_VF_OFFLOAD_VLAN_V2;
	if (d->cfg.steers)
		caps |= VIRTCHNL_VF_OFFLOAD_FDIR_PF;
	if (d->cfg.pairs_per_class)
		caps |= VIRTCHNL_VF_OFFLOAD_QOS;
	memcpy(&version, d->message.data, sizeof(version));
	if (version.major != VIRTCHNL_VERSION_MAJOR)
		return -EOPNOTSUPP;
	ret = iavf_request(d, self, VIRTCHNL_OP_GET_VF_RESOURCES, &caps, sizeof(caps));
	if (ret)
		return ret;
	memcpy(&d->resources, d->message.data, sizeof(d->resources));
	if (d->message.len_bytes < sizeof(d->resources) || !d->resources.num_vsis ||
	    d->resources.max_vectors < IAVF_MSIX_VECTORS ||
	    !(d->resources.vf_cap_flags & VIRTCHNL_VF_OFFLOAD_L2))
		return -EPROTO;
	if (d->resources.num_queue_pairs < d->pairs)
		return request_pairs(d, self);
	memcpy(d->stats.mac, d->resources.vsi_res[0].default_mac_addr, 6);
	return d->cfg.vlans ? check_vlan_caps(d, self) : 0;
}

uint16_t iavf_vsi(const struct guest_driver *d)
{
	return d->resources.vsi_res[0].vsi_id;
}

/* A bit for each. */
static uint16_t all_pairs(const struct guest_driver *d)
{
	return (uint16_t)(BIT(d->pairs) - 1);
}

/* Two vectors: one for all queue pairs, the misc one for no queue (iavf_map_queues). */
static int configure_irq_map(struct guest_driver *d, struct actor *self)
{
	const uint32_t head = offsetof(struct virtchnl_irq_map_info, vecmap);
	struct virtchnl_vector_map map[IAVF_MSIX_VECTORS];
	uint16_t vectors = IAVF_MSIX_VECTORS;
	uint8_t data[sizeof(struct virtchnl_irq_map_info) + sizeof(map)];

	memset(data, 0, sizeof(data));
	memset(map, 0, sizeof(map));
	map[0].vsi_id = iavf_vsi(d);
	map[0].vector_id = IAVF_QUEUE_VECTOR;
	map[0].rxq_map = map[0].txq_map = all_pairs(d);
	map[0].txitr_idx = 1;
	map[1].vsi_id = iavf_vsi(d);
	memcpy(data, &vectors, sizeof(vectors));
	memcpy(data + head, map, sizeof(map));
	return iavf_request(d, self, VIRTCHNL_OP_CONFIG_IRQ_MAP, data, head + sizeof(map));
}

static int configure_rss(struct guest_driver *d, struct actor *self)
{
	uint8_t data[sizeof(struct virtchnl_rss_table) + 512 + 1];
	struct virtchnl_rss_table head = {iavf_vsi(d), (uint16_t)d->resources.rss_key_size};
	struct rng rng;
	int ret;

	if (!(d->resources.vf_cap_flags & VIRTCHNL_VF_OFFLOAD_RSS_PF))
		return 0;
	if (d->resources.rss_key_size > 512 || d->resources.rss_lut_size > 512)
		return -EPROTO;
	rng_init(&rng, d->guest->part.sim->seed, d->name);
	memset(data, 0, sizeof(data));
	memcpy(data, &head, sizeof(head));
	for (uint32_t i = 0; i < head.len; i++)
		data[sizeof(head) + i] = (uint8_t)rng_next(&rng);
	ret = iavf_request(d, self, VIRTCHNL_OP_CONFIG_RSS_KEY, data, sizeof(head) + head.len + 1);
	if (ret)
		return ret;
	/* iavf_fill_rss_lut: to each queue in turn. */
	head.len = (uint16_t)d->resources.rss_lut_size;
	memset(data, 0, sizeof(data));
	memcpy(data, &head, sizeof(head));
	for (uint32_t i = 0; i < head.len; i++)
		data[sizeof(head) + i] = (uint8_t)(i % d->pairs);
	return iavf_request(d, self, VIRTCHNL_OP_CONFIG_RSS_LUT, data, sizeof(head) + head.len + 1);
}

int iavf_configure_device(struct guest_driver *d, struct actor *self)
{
	int ret = configure_irq_map(d, self);

	return ret ? ret : configure_rss(d, self);
}

static int add_mac(struct guest_driver *d, struct actor *self)
{
	struct virtchnl_ether_addr_list list;

	memset(&list, 0, sizeof(list));
	list.vsi_id = iavf_vsi(d);
	list.num_elements = 1;
	memcpy(list.list[0].addr, d->stats.mac, 6);
	list.list[0].type = VIRTCHNL_ETHER_ADDR_PRIMARY;
	return iavf_request(d, self, VIRTCHNL_OP_ADD_ETH_ADDR, &list, sizeof(list));
}

static struct virtchnl_queue_pair_info pair_info(const struct iavf_pair *p)
{
	const struct guest_driver *d = p->driver;
	struct virtchnl_queue_pair_info info;

	memset(&info, 0, sizeof(info));
	info.txq.vsi_id = info.rxq.vsi_id = iavf_vsi(d);
	info.txq.queue_id = info.rxq.queue_id = (uint16_t)p->index;
	info.txq.ring_len = (uint16_t)p->tx.entries;
	info.txq.dma_ring_addr = p->tx.ring + p->tx.shift;
	info.rxq.ring_len = p->rx.entries;
	info.rxq.dma_ring_addr = p->rx.ring + p->rx.shift;
	info.rxq.databuffer_size = d->cfg.buffer_bytes;
	info.rxq.max_pkt_size = d->cfg.mtu_bytes + iavf_tag_bytes(d);
	return info;
}

static int configure_vsi_queues(struct guest_driver *d, struct actor *self)
{
	const uint32_t head = offsetof(struct virtchnl_vsi_queue_config_info, qpair);
	const uint32_t item = sizeof(struct virtchnl_queue_pair_info);
	uint8_t data[sizeof(struct virtchnl_vsi_queue_config_info) + GUEST_QUEUE_PAIRS * 64];

	memset(data, 0, head);
	le16_put(data, iavf_vsi(d));
	le16_put(data + 2, (uint16_t)d->pairs);
	for (uint32_t i = 0; i < d->pairs; i++) {
		struct virtchnl_queue_pair_info info = pair_info(&d->pair[i]);

		memcpy(data + head + i * item, &info, item);
	}
	return iavf_request(d, self, VIRTCHNL_OP_CONFIG_VSI_QUEUES, data, head + d->pairs * item);
}

static int select_queues(struct guest_driver *d, struct actor *self, uint32_t opcode)
{
	struct virtchnl_queue_select select;

	memset(&select, 0, sizeof(select));
	select.vsi_id = iavf_vsi(d);
	select.rx_queues = select.tx_queues = all_pairs(d);
	return iavf_request(d, self, opcode, &select, sizeof(select));
}

static int add_vlan(struct guest_driver *d, struct actor *self, uint16_t id)
{
	struct virtchnl_vlan_filter_list_v2 list = {.vport_id = iavf_vsi(d), .num_elements = 1};

	list.filters[0].inner.tci = id;
	list.filters[0].inner.tpid = VLAN_ETHERTYPE;
	return iavf_request(d, self, VIRTCHNL_OP_ADD_VLAN_V2, &list, sizeof(list));
}

/* ADD_VLAN_V2, ENABLE_VLAN_STRIPPING_V2, ENABLE_VLAN_INSERTION_V2 */
static int configure_vlans(struct guest_driver *d, struct actor *self)
{
	struct virtchnl_vlan_setting setting = {.inner_ethertype = VIRTCHNL_VLAN_ETHERTYPE_8100,
						.vport_id = iavf_vsi(d)};
	int ret = 0;

	for (uint32_t i = 0; !ret && i < d->cfg.vlans; i++)
		ret = add_vlan(d, self, d->cfg.vlan[i]);
	if (!ret && d->cfg.vlans)
		ret = iavf_request(d, self, VIRTCHNL_OP_ENABLE_VLAN_STRIPPING_V2, &setting,
				   sizeof(setting));
	if (!ret && d->cfg.vlans)
		ret = iavf_request(d, self, VIRTCHNL_OP_ENABLE_VLAN_INSERTION_V2, &setting,
				   sizeof(setting));
	return ret;
}

/* ADD_ETH_ADDR, VLANs, ADD_FDIR_FILTER, CONFIG_VSI_QUEUES, QUEUE_PASID, CONFIG_QUEUE_TC_MAP,
 * ENABLE_QUEUES */
int iavf_configure_queues(struct guest_driver *d, struct actor *self)
{
	int ret = add_mac(d, self);

	if (!ret)
		ret = configure_vlans(d, self);
	if (!ret)
		ret = iavf_steer(d, self);
	if (!ret)
		ret = configure_vsi_queues(d, self);
	if (!ret)
		ret = iavf_spaces_tag(d, self);
	if (!ret)
		ret = iavf_classes_map(d, self);
	return ret ? ret : select_queues(d, self, VIRTCHNL_OP_ENABLE_QUEUES);
}

int iavf_disable_queues(struct guest_driver *d, struct actor *self)
{
	return select_queues(d, self, VIRTCHNL_OP_DISABLE_QUEUES);
}
