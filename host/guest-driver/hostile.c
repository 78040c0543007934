/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A guest that is out to harm. Its driver has let go of the VF; a program drives it instead, as
 * far as is needed to get somewhere, and then does what no driver does: descriptors and messages
 * of any content, rings and buffers that lie anywhere, doorbells beyond the ring, floods.
 */

#include "host/guest-driver/guest_driver.h"

#include "base/bits.h"
#include "base/rng.h"
#include "pf-firmware/mailbox_format.h"

#include <stdlib.h>
#include <string.h>

#define AQ_ENTRIES    32u
#define RING_ENTRIES  64u
#define RING_BYTES    (RING_ENTRIES * RXD_BYTES)
#define PAGE_BYTES    4096u
#define GARBAGE_BYTES 256u
#define POLL_PS       (10 * PS_PER_US)
#define REVIVE_PS     (500 * PS_PER_US) /* for answers that nobody reads */
#define INTERRUPTS    64u
#define VIRTCHNL_OPS  120u

struct guest_hostile {
	struct guest *guest;
	struct guest_driver *driver;
	struct guest_hostile_cfg cfg;
	struct rng rng;
	struct actor *actor;
	bool stopping;
	uint64_t attacks;
	uint64_t atq, arq, buffers, tx_ring, rx_ring;
	uint32_t atq_tail, tx_tail;
	uint16_t vsi; /* the VF's; a guess where its driver has not asked */
};

static uint32_t below(struct guest_hostile *h, uint64_t bound)
{
	return (uint32_t)rng_below(&h->rng, bound);
}

static void write_reg(struct guest_hostile *h, struct actor *self, uint32_t offset, uint64_t value)
{
	guest_mmio_write(h->guest, self, 0, offset, (uint32_t)value);
}

/* Anywhere: in its own memory, at nothing, beyond what addresses there are. */
static uint64_t anywhere(struct guest_hostile *h)
{
	uint64_t page = h->guest->cfg.ram_base +
			rng_below(&h->rng, h->guest->cfg.ram_bytes / PAGE_BYTES) * PAGE_BYTES;

	return below(h, 2) ? page : rng_next(&h->rng);
}

static void garbage(struct guest_hostile *h, void *data, uint32_t len_bytes)
{
	uint8_t *to = data;

	for (uint32_t i = 0; i < len_bytes; i++)
		to[i] = (uint8_t)rng_next(&h->rng);
}

/* --- The mailbox --- */

static void set_up_mailbox(struct guest_hostile *h, struct actor *self)
{
	for (uint32_t i = 0; i < AQ_ENTRIES; i++) {
		uint64_t buffer = h->buffers + (uint64_t)i * AQ_BUFFER_BYTES;
		struct aq_desc desc = {.flags = AQ_FLAG_BUF | AQ_FLAG_LB,
				       .datalen = AQ_BUFFER_BYTES,
				       .addr_high = (uint32_t)(buffer >> 32),
				       .addr_low = (uint32_t)buffer};

		guest_memory_write(h->guest, h->arq + (uint64_t)i * AQ_DESC_BYTES, &desc,
				   sizeof(desc));
	}
	h->atq_tail = 0;
	write_reg(h, self, VF_ATQH1, 0);
	write_reg(h, self, VF_ATQT1, 0);
	write_reg(h, self, VF_ATQBAL1, h->atq);
	write_reg(h, self, VF_ATQBAH1, h->atq >> 32);
	write_reg(h, self, VF_ATQLEN1, AQ_LEN_ENABLE | AQ_ENTRIES);
	write_reg(h, self, VF_ARQH1, 0);
	write_reg(h, self, VF_ARQT1, 0);
	write_reg(h, self, VF_ARQBAL1, h->arq);
	write_reg(h, self, VF_ARQBAH1, h->arq >> 32);
	write_reg(h, self, VF_ARQLEN1, AQ_LEN_ENABLE | AQ_ENTRIES);
	write_reg(h, self, VF_ARQT1, AQ_ENTRIES - 1);
}

static void submit(struct guest_hostile *h, struct actor *self, const struct aq_desc *desc)
{
	guest_memory_write(h->guest, h->atq + (uint64_t)h->atq_tail * AQ_DESC_BYTES, desc,
			   sizeof(*desc));
	h->atq_tail = (h->atq_tail + 1) % AQ_ENTRIES;
	write_reg(h, self, VF_ATQT1, h->atq_tail);
}

static void send(struct guest_hostile *h, struct actor *self, uint32_t opcode, const void *data,
		 uint32_t len_bytes)
{
	uint64_t buffer = h->buffers + (uint64_t)(AQ_ENTRIES + h->atq_tail) * AQ_BUFFER_BYTES;
	struct aq_desc desc = {.flags = AQ_FLAG_BUF | AQ_FLAG_RD | AQ_FLAG_SI,
			       .opcode = AQC_SEND_MSG_TO_PF,
			       .datalen = (uint16_t)len_bytes,
			       .cookie_high = opcode,
			       .addr_high = (uint32_t)(buffer >> 32),
			       .addr_low = (uint32_t)buffer};

	guest_memory_write(h->guest, buffer, data, len_bytes);
	submit(h, self, &desc);
}

static void configure(struct guest_hostile *h, struct actor *self, uint64_t tx, uint64_t rx)
{
	struct virtchnl_vsi_queue_config_info config = {.vsi_id = h->vsi, .num_queue_pairs = 1};
	struct virtchnl_queue_pair_info *pair = &config.qpair[0];
	struct virtchnl_queue_select both = {h->vsi, 0, 1, 1};

	pair->txq.vsi_id = pair->rxq.vsi_id = h->vsi;
	pair->txq.ring_len = RING_ENTRIES;
	pair->txq.dma_ring_addr = tx;
	pair->rxq.ring_len = RING_ENTRIES;
	pair->rxq.dma_ring_addr = rx;
	pair->rxq.databuffer_size = 2048;
	pair->rxq.max_pkt_size = 9000;
	pair->rxq.rxdid = RXDID_LEGACY;
	send(h, self, VIRTCHNL_OP_DISABLE_QUEUES, &both, sizeof(both));
	send(h, self, VIRTCHNL_OP_CONFIG_VSI_QUEUES, &config, sizeof(config));
	send(h, self, VIRTCHNL_OP_ENABLE_QUEUES, &both, sizeof(both));
}

/* Back to where an attack gets somewhere, whatever the last one has left. */
static void revive(struct guest_hostile *h, struct actor *self)
{
	struct virtchnl_version_info version = {VIRTCHNL_VERSION_MAJOR, VIRTCHNL_VERSION_MINOR};
	uint32_t caps = UINT32_MAX;

	while (!h->stopping && guest_mmio_read(h->guest, self, 0, VFGEN_RSTAT) != VFR_VFACTIVE)
		guest_sleep(h->guest, self, POLL_PS);
	set_up_mailbox(h, self);
	send(h, self, VIRTCHNL_OP_VERSION, &version, sizeof(version));
	send(h, self, VIRTCHNL_OP_GET_VF_RESOURCES, &caps, sizeof(caps));
	configure(h, self, h->tx_ring, h->rx_ring);
	h->tx_tail = 0;
	guest_sleep(h->guest, self, REVIVE_PS);
}

/* --- Attacks --- */

/* Some of them begin as packets do. */
static void bad_descriptors(struct guest_hostile *h, struct actor *self)
{
	for (uint32_t i = 0; i < 8; i++) {
		uint64_t word[2] = {anywhere(h), rng_next(&h->rng)};

		if (below(h, 2))
			word[1] = TXD1_CMD_EOP | field_put(TXD1_BUF_SIZE, below(h, 1 << 14)) |
				  field_put(TXD1_DTYPE, below(h, 3));
		guest_memory_write(h->guest, h->tx_ring + (uint64_t)h->tx_tail * TXD_BYTES, word,
				   sizeof(word));
		h->tx_tail = (h->tx_tail + 1) % RING_ENTRIES;
	}
	write_reg(h, self, QTX_TAIL1(0), h->tx_tail);
}

static void bad_doorbells(struct guest_hostile *h, struct actor *self)
{
	write_reg(h, self, QRX_TAIL1(0), RING_ENTRIES + below(h, 1 << 13));
	write_reg(h, self, QTX_TAIL1(below(h, 16)), rng_next(&h->rng));
	write_reg(h, self, QTX_TAIL1(0), RING_ENTRIES + below(h, 1 << 13));
}

/* As many messages as the ring has, whose buffers lie anywhere: answers go unread. */
static void mailbox_flood(struct guest_hostile *h, struct actor *self)
{
	uint8_t data[GARBAGE_BYTES];

	for (uint32_t i = 0; i < AQ_ENTRIES - 1; i++) {
		struct aq_desc desc;

		garbage(h, data, sizeof(data));
		if (below(h, 4)) {
			send(h, self, below(h, VIRTCHNL_OPS), data, below(h, sizeof(data)));
			continue;
		}
		garbage(h, &desc, sizeof(desc));
		if (below(h, 2))
			desc.opcode = AQC_SEND_MSG_TO_PF;
		submit(h, self, &desc);
	}
}

static void wild_rings(struct guest_hostile *h, struct actor *self)
{
	const uint64_t aligned = ~UINT64_C(127);

	configure(h, self, anywhere(h) & aligned, anywhere(h) & aligned);
	guest_sleep(h->guest, self, REVIVE_PS);
	write_reg(h, self, QRX_TAIL1(0), RING_ENTRIES - 1);
	write_reg(h, self, QTX_TAIL1(0), RING_ENTRIES - 1);
}

static void interrupt_flood(struct guest_hostile *h, struct actor *self)
{
	for (uint32_t i = 0; i < INTERRUPTS; i++)
		write_reg(h, self, VFINT_DYN_CTLN1(below(h, 4)),
			  DYN_CTL_INTENA | DYN_CTL_SWINT_TRIG | DYN_CTL_ITR_INDX);
}

/* As enum guest_attack has them. */
static void (*const attacks[GUEST_ATTACKS])(struct guest_hostile *h, struct actor *self) = {
	[GUEST_BAD_DESCRIPTORS] = bad_descriptors, [GUEST_BAD_DOORBELLS] = bad_doorbells,
	[GUEST_MAILBOX_FLOOD] = mailbox_flood,     [GUEST_WILD_RINGS] = wild_rings,
	[GUEST_INTERRUPT_FLOOD] = interrupt_flood,
};

static void run(struct actor *self, void *arg)
{
	struct guest_hostile *h = arg;

	guest_driver_shutdown(h->driver, self);
	while (!h->stopping) {
		uint32_t attack = below(h, GUEST_ATTACKS);

		if (!(h->cfg.attacks >> attack & 1))
			continue;
		revive(h, self);
		attacks[attack](h, self);
		h->attacks++;
		guest_sleep(h->guest, self, h->cfg.interval_ps);
	}
}

static bool alloc_memory(struct guest_hostile *h)
{
	h->atq = guest_alloc(h->guest, AQ_ENTRIES * AQ_DESC_BYTES, PAGE_BYTES);
	h->arq = guest_alloc(h->guest, AQ_ENTRIES * AQ_DESC_BYTES, PAGE_BYTES);
	h->buffers = guest_alloc(h->guest, UINT64_C(2) * AQ_ENTRIES * AQ_BUFFER_BYTES, PAGE_BYTES);
	h->tx_ring = guest_alloc(h->guest, RING_BYTES, PAGE_BYTES);
	h->rx_ring = guest_alloc(h->guest, RING_BYTES, PAGE_BYTES);
	return h->atq && h->arq && h->buffers && h->tx_ring && h->rx_ring;
}

struct guest_hostile *guest_hostile_create(struct guest *guest, struct guest_driver *driver,
					   const struct guest_hostile_cfg *cfg, const char *name)
{
	struct guest_hostile *h = cfg->attacks ? calloc(1, sizeof(*h)) : NULL;

	if (!h)
		return NULL;
	h->guest = guest;
	h->driver = driver;
	h->cfg = *cfg;
	h->vsi = cfg->vsi;
	rng_init(&h->rng, guest->part.sim->seed, name);
	if (alloc_memory(h))
		h->actor = actor_start(guest->part.sim, name, run, h);
	if (h->actor)
		return h;
	free(h);
	return NULL;
}

uint64_t guest_hostile_stop(struct guest_hostile *h, struct actor *self)
{
	h->stopping = true;
	if (h->actor)
		actor_join(self, h->actor);
	h->actor = NULL;
	return h->attacks;
}

void guest_hostile_destroy(struct guest_hostile *h)
{
	if (!h)
		return;
	if (h->actor)
		actor_destroy(h->actor);
	free(h);
}
