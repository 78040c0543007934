/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/flow_director.h"

#include <errno.h>

#include "model/nic/headers.h"
#include "model/nic/nic_internal.h"

#define MACS_BYTES 12u
#define PORT_BYTES 4u

/* Compare what is there of one header. */
static bool part_matches(const struct flow_rule *rule, uint32_t at, uint32_t len,
			 const uint8_t *header)
{
	for (uint32_t i = 0; i < len; i++)
		if ((header[i] ^ rule->value[at + i]) & rule->mask[at + i])
			return false;
	return true;
}

static bool network_matches(const struct flow_rule *rule, const struct frame_headers *headers,
			    const uint8_t *frame)
{
	uint32_t len = rule->version == 6 ? FLOW_L4_AT - FLOW_IP_AT : 20;

	return rule->version == headers->version &&
	       part_matches(rule, FLOW_IP_AT, len, frame + headers->ip_at);
}

static bool transport_matches(const struct flow_rule *rule, const struct frame_headers *headers,
			      const uint8_t *frame, uint32_t len_bytes)
{
	return rule->proto == headers->proto && !headers->fragment &&
	       headers->l4_at + PORT_BYTES <= len_bytes &&
	       part_matches(rule, FLOW_L4_AT, PORT_BYTES, frame + headers->l4_at);
}

static bool matches(const struct flow_rule *rule, const struct frame_headers *headers,
		    const uint8_t *frame, uint32_t len_bytes)
{
	if (!part_matches(rule, FLOW_ETH_AT, MACS_BYTES, frame) ||
	    !part_matches(rule, MACS_BYTES, 2, frame + headers->ip_at - 2))
		return false;
	if (rule->version && !network_matches(rule, headers, frame))
		return false;
	return !rule->proto || transport_matches(rule, headers, frame, len_bytes);
}

const struct flow_rule *flow_director_find(const struct nic_vf *vf, const struct packet *packet)
{
	struct frame_headers headers;

	if (!vf->flows)
		return NULL;
	headers = frame_headers_get(packet->data, packet->len_bytes);
	for (uint32_t i = 0; headers.ip_at && i < vf->flows; i++)
		if (matches(&vf->flow[i], &headers, packet->data, packet->len_bytes))
			return &vf->flow[i];
	return NULL;
}

static bool same_pattern(const struct flow_rule *a, const struct flow_rule *b)
{
	return a->version == b->version && a->proto == b->proto &&
	       !memcmp(a->value, b->value, sizeof(a->value)) &&
	       !memcmp(a->mask, b->mask, sizeof(a->mask));
}

static uint32_t find_id(const struct nic_vf *vf, uint32_t id)
{
	uint32_t i = 0;

	while (i < vf->flows && vf->flow[i].id != id)
		i++;
	return i;
}

static uint32_t find_pattern(const struct nic_vf *vf, const struct flow_rule *rule)
{
	uint32_t i = 0;

	while (i < vf->flows && !same_pattern(&vf->flow[i], rule))
		i++;
	return i;
}

static int remove_at(struct nic_vf *vf, uint32_t at)
{
	if (at == vf->flows)
		return -ENOENT;
	vf->flows--;
	memmove(&vf->flow[at], &vf->flow[at + 1], (vf->flows - at) * sizeof(vf->flow[0]));
	return 0;
}

int nic_flow_add(struct nic *nic, uint32_t index, struct flow_rule *rule)
{
	struct nic_vf *vf = &nic->vf[index];

	if (find_pattern(vf, rule) < vf->flows)
		return -EEXIST;
	if (vf->flows == FLOW_RULES_PER_VF)
		return -ENOSPC;
	rule->id = 0;
	while (find_id(vf, rule->id) < vf->flows)
		rule->id++;
	nic_flow_put(nic, index, rule);
	return 0;
}

int flow_director_put(struct nic_vf *vf, struct flow_rule *rule)
{
	uint32_t at = find_pattern(vf, rule);

	if (at == vf->flows)
		return nic_flow_add(vf->nic, vf->index, rule);
	rule->id = vf->flow[at].id;
	vf->flow[at] = *rule;
	return 0;
}

int flow_director_remove(struct nic_vf *vf, const struct flow_rule *rule)
{
	return remove_at(vf, find_pattern(vf, rule));
}

void nic_flow_put(struct nic *nic, uint32_t index, const struct flow_rule *rule)
{
	struct nic_vf *vf = &nic->vf[index];

	if (vf->flows < FLOW_RULES_PER_VF)
		vf->flow[vf->flows++] = *rule;
}

int nic_flow_del(struct nic *nic, uint32_t index, uint32_t id)
{
	struct nic_vf *vf = &nic->vf[index];

	return remove_at(vf, find_id(vf, id));
}

void nic_flow_clear(struct nic *nic, uint32_t vf)
{
	nic->vf[vf].flows = 0;
}

bool nic_flow_get(const struct nic *nic, uint32_t index, uint32_t n, struct flow_rule *rule)
{
	const struct nic_vf *vf = &nic->vf[index];

	if (n >= vf->flows)
		return false;
	*rule = vf->flow[n];
	return true;
}
