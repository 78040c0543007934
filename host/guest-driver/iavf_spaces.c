/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Queue pairs in address spaces of their own, as a driver has them that works for several
 * programs: the machine makes a space for each PASID, with the pair's rings and buffers at the
 * same addresses in each, and the device is told by QUEUE_PASID. Stock iavf has nothing of it.
 */

#include "host/guest-driver/iavf_internal.h"
#include "pf-firmware/pasid_format.h"

#include <errno.h>

/* Where a space's memory begins: nothing is there in the function's own address space. */
#define SPACE_IOVA UINT64_C(0x10000000)

static uint32_t pasid_of(const struct iavf_pair *p)
{
	return p->driver->cfg.first_pasid + p->index;
}

/* From `first` up to where the page of `last` ends. */
static int map_part(struct iavf_pair *p, struct actor *self, uint64_t first, uint64_t end)
{
	return guest_space_map(p->driver->guest, self, pasid_of(p), first + p->tx.shift, first,
			       align_up(end, 4096) - first);
}

/* A pair's memory lies in a row: Tx ring, Tx buffers, Rx ring, Rx buffers (ring_alloc). */
static int open_space(struct iavf_pair *p, struct actor *self)
{
	const struct guest_driver_cfg *cfg = &p->driver->cfg;
	uint64_t tx_end = p->tx.ring + (uint64_t)p->tx.entries * TXD_BYTES;
	uint64_t end = p->rx.buffers + (uint64_t)p->rx.entries * cfg->buffer_bytes;
	int ret;

	p->tx.shift = p->rx.shift = SPACE_IOVA - p->tx.ring;
	if (cfg->hole_pasid != pasid_of(p))
		return map_part(p, self, p->tx.ring, end);
	ret = map_part(p, self, p->tx.ring, tx_end);
	return ret ? ret : map_part(p, self, p->rx.ring, end);
}

int iavf_spaces_open(struct guest_driver *d, struct actor *self)
{
	int ret = 0;

	for (uint32_t i = 0; d->cfg.first_pasid && !ret && i < d->pairs; i++)
		ret = open_space(&d->pair[i], self);
	return ret;
}

void iavf_spaces_close(struct guest_driver *d, struct actor *self)
{
	for (uint32_t i = 0; d->cfg.first_pasid && i < d->pairs; i++) {
		int ret = guest_space_drop(d->guest, self, pasid_of(&d->pair[i]));

		if (ret)
			sim_log(&d->guest->part, LOG_ERROR, "%s: PASID %u stays: %d", d->name,
				pasid_of(&d->pair[i]), ret);
	}
}

int iavf_spaces_tag(struct guest_driver *d, struct actor *self)
{
	const uint32_t head = offsetof(struct virtchnl_queue_pasid_list, list);
	uint8_t data[sizeof(struct virtchnl_queue_pasid_list) +
		     GUEST_QUEUE_PAIRS * sizeof(struct virtchnl_queue_pasid)];

	if (!d->cfg.first_pasid)
		return 0;
	le16_put(data, iavf_vsi(d));
	le16_put(data + 2, (uint16_t)d->pairs);
	for (uint32_t i = 0; i < d->pairs; i++) {
		struct virtchnl_queue_pasid tag = {(uint16_t)i, VIRTCHNL_QUEUE_PASID_VALID,
						   pasid_of(&d->pair[i])};

		memcpy(data + head + i * sizeof(tag), &tag, sizeof(tag));
	}
	return iavf_request(d, self, VIRTCHNL_OP_QUEUE_PASID, data,
			    head + d->pairs * (uint32_t)sizeof(struct virtchnl_queue_pasid));
}
