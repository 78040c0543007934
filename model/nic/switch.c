/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switch between VFs and the wire (a VEB, IEEE 802.1Q edge virtual
 * bridging): known unicast goes to the VFs that have a filter for it, unknown
 * unicast from a VF to the wire, broadcast and multicast to VFs and wire.
 */
#include <errno.h>

#include "base/trace.h"
#include "model/nic/nic_internal.h"

#define KEY_MAC BITS(47, 0)

static uint64_t mac_key(const uint8_t *mac)
{
	return le32_get(mac) | (uint64_t)le16_get(mac + 4) << 32;
}

static uint32_t filter_hash(uint64_t mac)
{
	return (uint32_t)((mac & KEY_MAC) * UINT64_C(0x9e3779b97f4a7c15) >> 50) % FILTER_SLOTS;
}

/* Slot of the key, or the free one where it would go. */
static uint32_t filter_slot(const struct nic_switch *sw, uint64_t key)
{
	uint32_t slot = filter_hash(key);

	while (sw->filter[slot] && sw->filter[slot] != key)
		slot = (slot + 1) % FILTER_SLOTS;
	return slot;
}

static uint64_t filter_key(uint32_t vf, const uint8_t *mac)
{
	return mac_key(mac) | (uint64_t)(vf + 1) << 48;
}

int nic_filter_add(struct nic *nic, uint32_t index, const uint8_t mac[6])
{
	struct nic_vf *vf = &nic->vf[index];
	uint64_t key = filter_key(index, mac);
	uint32_t slot = filter_slot(nic->sw, key);

	if (nic->sw->filter[slot])
		return -EEXIST;
	if (vf->filters == NIC_FILTERS_PER_VF)
		return -ENOSPC;
	nic->sw->filter[slot] = key;
	memcpy(vf->mac[vf->filters++], mac, 6);
	return 0;
}

/* Free a slot, moving up what was displaced by it (linear probing). */
static void filter_free(struct nic_switch *sw, uint32_t hole)
{
	uint32_t slot = hole;

	for (;;) {
		uint32_t home;

		slot = (slot + 1) % FILTER_SLOTS;
		if (!sw->filter[slot])
			break;
		home = filter_hash(sw->filter[slot]);
		/* Does home lie outside of (hole, slot]? */
		if ((slot - home) % FILTER_SLOTS >= (slot - hole) % FILTER_SLOTS) {
			sw->filter[hole] = sw->filter[slot];
			hole = slot;
		}
	}
	sw->filter[hole] = 0;
}

int nic_filter_del(struct nic *nic, uint32_t index, const uint8_t mac[6])
{
	struct nic_vf *vf = &nic->vf[index];
	uint32_t slot = filter_slot(nic->sw, filter_key(index, mac));

	if (!nic->sw->filter[slot])
		return -ENOENT;
	filter_free(nic->sw, slot);
	for (uint32_t i = 0; i < vf->filters; i++) {
		if (memcmp(vf->mac[i], mac, 6))
			continue;
		memmove(vf->mac[i], vf->mac[i + 1], (size_t)(vf->filters - i - 1) * 6);
		vf->filters--;
		break;
	}
	return 0;
}

void nic_filter_clear(struct nic *nic, uint32_t index)
{
	struct nic_vf *vf = &nic->vf[index];

	while (vf->filters) {
		vf->filters--;
		filter_free(nic->sw, filter_slot(nic->sw, filter_key(index, vf->mac[vf->filters])));
	}
	nic_promiscuous_set(nic, index, false, false);
}

bool nic_filter_get(struct nic *nic, uint32_t vf, uint32_t n, uint8_t mac[6])
{
	if (n >= nic->vf[vf].filters)
		return false;
	memcpy(mac, nic->vf[vf].mac[n], 6);
	return true;
}

static void set_bit(uint64_t *map, uint32_t bit, bool value)
{
	map[bit / 64] = value ? map[bit / 64] | BIT(bit % 64) : map[bit / 64] & ~BIT(bit % 64);
}

void nic_promiscuous_set(struct nic *nic, uint32_t vf, bool unicast, bool multicast)
{
	set_bit(nic->sw->promisc_unicast, vf, unicast);
	set_bit(nic->sw->promisc_multicast, vf, multicast);
}

uint32_t packet_cast(const struct packet *packet)
{
	if (!(packet->data[0] & 1))
		return 0;
	return mac_key(packet->data) == KEY_MAC ? 2 : 1;
}

void nic_vf_count_received(struct nic_vf *vf, const struct packet *packet)
{
	uint64_t *counter[3] = {&vf->stats.rx_unicast, &vf->stats.rx_multicast,
				&vf->stats.rx_broadcast};

	vf->stats.rx_bytes += packet->len_bytes;
	(*counter[packet_cast(packet)])++;
}

/* What comes to a VF that is stopped, its driver may be moved away from, is nothing to it. */
static void count_refused(struct nic_vf *vf, const struct packet *packet, enum packet_drop cause)
{
	vf->counters.refused++;
	if (cause == PACKET_DROP_VF_STOPPED)
		return;
	nic_vf_count_received(vf, packet);
	vf->stats.rx_discards++;
}

void nic_drop(struct nic *nic, struct nic_vf *vf, struct packet *packet, enum packet_drop cause)
{
	nic->counters.dropped[cause]++;
	if (!vf) {
		nic->counters.lost++;
	} else if (packet->source_vf == vf->index) {
		vf->counters.unsent++;
	} else {
		count_refused(vf, packet, cause);
	}
	packet_trace_drop(&nic->env.part, packet, cause);
	packet_put(packet);
}

void nic_abandon(struct nic *nic, struct packet *packet)
{
	nic->counters.dropped[PACKET_DROP_RESET]++;
	nic->counters.abandoned++;
	packet_trace_abandoned(&nic->env.part, packet);
	packet_put(packet);
}

/* One of a rule's queues. */
static uint32_t region_queue(const struct rss *rss, const struct flow_rule *rule,
			     const struct packet *packet)
{
	uint32_t hash = 0;

	if (!rss_hash(rss, packet->data, packet->len_bytes, &hash))
		return rule->queue;
	return rule->queue + hash % (1u << rule->region_log2);
}

/* NULL: a rule drops the packet. */
static struct nic_queue *switch_queue(struct nic *nic, uint32_t index, const struct packet *packet)
{
	struct nic_vf *vf = &nic->vf[index];
	uint32_t queues = nic->cfg.queue_pairs;
	const struct flow_rule *rule = flow_director_find(vf, packet);

	if (packet->steered && packet->rx_queue < queues)
		return &vf->rx[packet->rx_queue];
	switch (rule ? (enum flow_fate)rule->fate : FLOW_PASS) {
	case FLOW_QUEUE:
		return &vf->rx[rule->queue];
	case FLOW_REGION:
		return &vf->rx[region_queue(&vf->rss, rule, packet)];
	case FLOW_DROP:
		return NULL;
	default:
		return &vf->rx[rss_queue(&vf->rss, packet->data, packet->len_bytes, queues)];
	}
}

/* One copy for one VF. Takes over a reference. */
static void switch_to_vf(struct nic *nic, uint32_t vf, struct packet *packet)
{
	struct nic_queue *queue = switch_queue(nic, vf, packet);
	struct fault_plan *faults = &nic->env.part.sim->faults;
	uint64_t flow, number;
	bool twice = false;

	nic->vf[vf].counters.given++;
	if (!queue) {
		nic_drop(nic, &nic->vf[vf], packet, PACKET_DROP_FLOW_RULE);
		return;
	}
	if (frame_tag_get(packet->data, packet->len_bytes, &flow, &number)) {
		nic->sw->tagged++;
		twice = fault_armed(faults, FAULT_PACKET_DUPLICATED) &&
			nic->sw->tagged > FAULT_FROM_PACKET && queue_may_run(queue) &&
			fault_fires(faults, FAULT_PACKET_DUPLICATED);
	}
	if (twice) {
		nic->vf[vf].counters.given++;
		nic->counters.copies++;
		queue_rx_packet(queue, packet_ref(packet));
	}
	queue_rx_packet(queue, packet);
}

static uint32_t filter_vf(const struct nic_switch *sw, uint32_t slot)
{
	return (uint32_t)(sw->filter[slot] >> 48) - 1;
}

/* Does any VF have a filter for the packet's destination, in its VLAN? */
static bool switch_knows(const struct nic *nic, const struct packet *packet)
{
	uint64_t mac = mac_key(packet->data);

	for (uint32_t slot = filter_hash(mac); nic->sw->filter[slot];
	     slot = (slot + 1) % FILTER_SLOTS)
		if ((nic->sw->filter[slot] & KEY_MAC) == mac &&
		    vlan_admits(&nic->vf[filter_vf(nic->sw, slot)], packet))
			return true;
	return false;
}

/* Copies for the VFs with a filter for the destination. How many there were. */
static uint32_t switch_filtered(struct nic *nic, struct packet *packet)
{
	uint64_t mac = mac_key(packet->data);
	uint32_t copies = 0;

	for (uint32_t slot = filter_hash(mac); nic->sw->filter[slot];
	     slot = (slot + 1) % FILTER_SLOTS) {
		uint32_t vf = filter_vf(nic->sw, slot);

		if ((nic->sw->filter[slot] & KEY_MAC) != mac || vf == packet->source_vf ||
		    !vlan_admits(&nic->vf[vf], packet))
			continue;
		switch_to_vf(nic, vf, packet_ref(packet));
		copies++;
	}
	return copies;
}

/* Copies for the VFs of a map, but for those with a filter, who have theirs. */
static uint32_t switch_mapped(struct nic *nic, struct packet *packet, const uint64_t *map)
{
	uint32_t copies = 0;

	for (uint32_t vf = 0; vf < nic->cfg.vfs; vf++) {
		bool wanted =
			map ? map[vf / 64] >> (vf % 64) & 1 : nic->vf[vf].rx[0].context.enabled;

		if (!wanted || vf == packet->source_vf || !vlan_admits(&nic->vf[vf], packet))
			continue;
		if (map && nic->sw->filter[filter_slot(nic->sw, filter_key(vf, packet->data))])
			continue;
		switch_to_vf(nic, vf, packet_ref(packet));
		copies++;
	}
	return copies;
}

static bool map_empty(const uint64_t *map)
{
	return !(map[0] | map[1] | map[2] | map[3]);
}

/* To the VFs that want it. How many. */
static uint32_t switch_to_vfs(struct nic *nic, struct packet *packet)
{
	uint32_t cast = packet_cast(packet);
	const uint64_t *map = cast ? nic->sw->promisc_multicast : nic->sw->promisc_unicast;
	uint32_t copies;

	if (cast == 2)
		return switch_mapped(nic, packet, NULL);
	copies = switch_filtered(nic, packet);
	if (!map_empty(map))
		copies += switch_mapped(nic, packet, map);
	return copies;
}

static void switch_local(struct nic *nic, struct packet *packet)
{
	uint32_t copies;

	trace_detail(&nic->env.part, TRACE_SWITCH_FRAME, packet->data, packet->len_bytes,
		     packet->source_vf);
	copies = switch_to_vfs(nic, packet);
	/* The filter that it was kept inside for may be gone meanwhile. */
	if (!copies && packet->switch_only) {
		nic_drop(nic, NULL, packet, PACKET_DROP_NO_FILTER);
		return;
	}
	nic->counters.copies += copies - packet->switch_only;
	packet_put(packet);
}

static void switch_fire(struct event *event, uint64_t now)
{
	struct packet *packet = CONTAINER_OF(event, struct packet, switch_event);

	switch_local(packet->switch_owner, packet);
}

/* To the VFs, after the time that the switch takes. Takes over the reference. */
static void switch_after(struct nic *nic, struct packet *packet)
{
	if (nic->env.part.sim->untimed) {
		switch_local(nic, packet);
		return;
	}
	packet->switch_owner = nic;
	event_init(&packet->switch_event, switch_fire);
	sim_after(nic->env.part.sim, &packet->switch_event, nic->cfg.switch_ps);
}

/* Does the packet come from an address and a VLAN of its VF's, as far as that is checked? */
static bool is_own(const struct nic_vf *vf, const struct packet *packet)
{
	const struct nic_switch *sw = vf->nic->sw;

	if (vf->policy.mac_check &&
	    !sw->filter[filter_slot(sw, filter_key(vf->index, packet->data + 6))])
		return false;
	return !vf->policy.vlan_check || vlan_is_own(vf, packet);
}

/* To those that want it, inside and outside. */
static void switch_away(struct nic *nic, struct packet *packet)
{
	bool group = packet_cast(packet) != 0;
	bool known = !group && switch_knows(nic, packet);
	bool local = group || known || !map_empty(nic->sw->promisc_unicast);
	bool out = group || !known;

	if (local) {
		packet->switch_only = !out;
		packet_ref(packet);
		switch_after(nic, packet);
	}
	if (out)
		port_out(nic, packet);
	else
		packet_put(packet);
}

/* PAUSE and its like: what is told by it holds for a whole port, so none is a VF's to send or to
 * hear. */
static bool is_mac_control(const struct packet *packet)
{
	return packet->data[FRAME_ETHERTYPE_OFFSET] == FRAME_ETHERTYPE_MAC_CONTROL >> 8 &&
	       packet->data[FRAME_ETHERTYPE_OFFSET + 1] == (FRAME_ETHERTYPE_MAC_CONTROL & 0xff);
}

void switch_from_vf(struct nic *nic, struct packet *packet)
{
	struct nic_vf *vf = &nic->vf[packet->source_vf];
	bool control = is_mac_control(packet);

	vf->counters.taken++;
	if (!control && is_own(vf, packet) && vlan_take_port(vf, packet)) {
		switch_away(nic, packet);
		return;
	}
	vf->stats.tx_discards++;
	nic_drop(nic, NULL, packet, control ? PACKET_DROP_MAC_CONTROL : PACKET_DROP_SPOOF);
}

/* The neighbour's own: pause is obeyed, where the port is set so. */
static void switch_control_in(struct nic *nic, struct packet *packet)
{
	if (!pause_hear(&nic->pause, packet)) {
		nic_drop(nic, NULL, packet, PACKET_DROP_MAC_CONTROL);
		return;
	}
	nic->counters.control_received++;
	packet_put(packet);
}

/* It is for the VFs alone: no frame goes back out. */
static void switch_in(struct nic *nic, struct packet *packet)
{
	uint32_t copies = switch_to_vfs(nic, packet);

	if (!copies && !packet_cast(packet)) {
		nic_drop(nic, NULL, packet, PACKET_DROP_NO_FILTER);
		return;
	}
	if (copies)
		nic->counters.copies += copies - 1;
	else
		nic->counters.unwanted++;
	packet_put(packet);
}

void switch_from_wire(struct nic *nic, struct packet *packet)
{
	nic->counters.port_received++;
	packet->source_vf = NIC_NO_VF;
	packet->stamped = true;
	packet->wire_ps = sim_now(nic->env.part.sim);
	if (nic->link_down)
		nic_drop(nic, NULL, packet, PACKET_DROP_LINK_DOWN);
	else if (packet->len_bytes < 14 || packet->len_bytes > FRAME_MAX_BYTES)
		nic_drop(nic, NULL, packet, PACKET_DROP_SIZE);
	else if (is_mac_control(packet))
		switch_control_in(nic, packet);
	else
		switch_in(nic, packet);
}
