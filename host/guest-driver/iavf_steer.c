/* SPDX-License-Identifier: Apache-2.0 */

/* Which queue pair a flow comes to: rules of the flow director (iavf_fdir.c), and a look whether
 * they are kept. */

#include "host/guest-driver/iavf_internal.h"
#include "pf-firmware/fdir_format.h"

#include <errno.h>

/* A flow is known by the address that its frames go to (test_frame_format.h). */
static void pattern_of(uint32_t flow, struct virtchnl_proto_hdrs *headers)
{
	struct virtchnl_proto_hdr *ip = &headers->proto_hdr[0];

	headers->count = 1;
	ip->type = VIRTCHNL_PROTO_HDR_IPV4;
	ip->field_selector = (uint32_t)BIT(PROTO_FIELD_DST);
	test_frame_destination(ip->buffer + 16, flow);
}

static int add_rule(struct guest_driver *d, struct actor *self, const struct guest_steer *steer)
{
	struct virtchnl_fdir_add add;
	int ret;

	memset(&add, 0, sizeof(add));
	add.vsi_id = iavf_vsi(d);
	pattern_of(steer->flow, &add.proto_hdrs);
	add.action_count = 1;
	add.actions[0].type = VIRTCHNL_ACTION_QUEUE;
	add.actions[0].act_conf.queue.index = (uint16_t)steer->pair;
	ret = iavf_request(d, self, VIRTCHNL_OP_ADD_FDIR_FILTER, &add, sizeof(add));
	if (ret)
		return ret;
	if (d->message.len_bytes < sizeof(add))
		return -EPROTO;
	memcpy(&add, d->message.data, sizeof(add));
	return add.status == VIRTCHNL_FDIR_SUCCESS ? 0 : -EIO;
}

int iavf_steer(struct guest_driver *d, struct actor *self)
{
	int ret = 0;

	for (uint32_t i = 0; !ret && i < d->cfg.steers; i++)
		ret = add_rule(d, self, &d->cfg.steer[i]);
	return ret;
}

void iavf_steered(struct iavf_pair *p, uint32_t flow)
{
	const struct guest_driver_cfg *cfg = &p->driver->cfg;

	for (uint32_t i = 0; i < cfg->steers; i++) {
		if (cfg->steer[i].flow != flow)
			continue;
		if (cfg->steer[i].pair == p->index)
			p->stats.received++;
		else
			p->stats.strays++;
	}
}

void guest_driver_pair_stats_get(const struct guest_driver *d, uint32_t pair,
				 struct guest_pair_stats *stats)
{
	*stats = pair < d->pairs ? d->pair[pair].stats : (struct guest_pair_stats){0};
}
