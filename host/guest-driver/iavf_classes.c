/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Queue pairs for each of the port's traffic classes, as a traffic manager of DPDK's iavf asks for
 * them: GET_QOS_CAPS tells of the classes, CONFIG_QUEUE_TC_MAP gives each its run of pairs.
 */

#include "host/guest-driver/iavf_internal.h"
#include "model/nic/class_format.h"
#include "pf-firmware/qos_format.h"

#include <errno.h>

int iavf_classes_map(struct guest_driver *d, struct actor *self)
{
	uint8_t map[VIRTCHNL_TC_MAP_HEAD + NIC_CLASSES * VIRTCHNL_TC_MAP_ENTRY] = {0};
	uint32_t run = d->cfg.pairs_per_class, classes;
	int ret;

	if (!run)
		return 0;
	ret = iavf_request(d, self, VIRTCHNL_OP_GET_QOS_CAPS, NULL, 0);
	if (ret)
		return ret;
	classes = le16_get(d->message.data + 2);
	if (d->message.len_bytes < 4 || !classes || classes * run != d->pairs)
		return -EPROTO;
	le16_put(map, iavf_vsi(d));
	le16_put(map + 2, (uint16_t)classes);
	le16_put(map + 4, (uint16_t)d->pairs);
	for (uint32_t i = 0; i < classes; i++) {
		uint8_t *at = map + VIRTCHNL_TC_MAP_HEAD + i * VIRTCHNL_TC_MAP_ENTRY;

		le16_put(at, (uint16_t)(i * run));
		le16_put(at + 2, (uint16_t)run);
	}
	return iavf_request(d, self, VIRTCHNL_OP_CONFIG_QUEUE_TC_MAP, map,
			    (uint32_t)(VIRTCHNL_TC_MAP_HEAD + classes * VIRTCHNL_TC_MAP_ENTRY));
}
