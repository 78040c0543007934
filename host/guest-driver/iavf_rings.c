/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The queue pairs (iavf_txrx.c): rings and buffers in guest memory, and the poll
 * that an interrupt starts and that goes on until nothing is left to do. All pairs have one
 * vector, as in iavf where there are fewer vectors than queues.
 */

#include "host/guest-driver/iavf_internal.h"

#include <errno.h>
#include <stdlib.h>

static int ring_alloc(struct guest_driver *d, struct iavf_ring *ring, uint32_t descriptor_bytes)
{
	ring->entries = d->cfg.ring_entries;
	ring->ring = guest_alloc(d->guest, (uint64_t)ring->entries * descriptor_bytes, 4096);
	ring->buffers = guest_alloc(d->guest, (uint64_t)ring->entries * d->cfg.buffer_bytes, 4096);
	ring->segment = calloc(ring->entries / IAVF_SEGMENT, sizeof(*ring->segment));
	return ring->ring && ring->buffers && ring->segment ? 0 : -ENOMEM;
}

static int pair_alloc(struct guest_driver *d, struct iavf_pair *p)
{
	int ret = ring_alloc(d, &p->tx, TXD_BYTES);

	if (!ret)
		ret = ring_alloc(d, &p->rx, RXD_BYTES);
	p->tx_packet = calloc(d->cfg.ring_entries, sizeof(*p->tx_packet));
	p->driver = d;
	return p->tx_packet ? ret : -ENOMEM;
}

int iavf_rings_alloc(struct guest_driver *d)
{
	int ret = 0;

	d->pairs = MAX(d->cfg.queue_pairs, 1);
	d->pair = calloc(d->pairs, sizeof(*d->pair));
	if (!d->pair)
		return -ENOMEM;
	for (uint32_t i = 0; !ret && i < d->pairs; i++) {
		d->pair[i].index = i;
		ret = pair_alloc(d, &d->pair[i]);
	}
	return ret;
}

void iavf_rings_free(struct guest_driver *d)
{
	for (uint32_t i = 0; d->pair && i < d->pairs; i++) {
		free(d->pair[i].tx_packet);
		free(d->pair[i].tx.segment);
		free(d->pair[i].rx.segment);
	}
	free(d->pair);
}

/* The ring's index after `index`. */
static uint32_t next_of(const struct iavf_ring *ring, uint32_t index)
{
	return index + 1 == ring->entries ? 0 : index + 1;
}

static uint64_t buffer_of(const struct guest_driver *d, const struct iavf_ring *ring,
			  uint32_t index)
{
	return ring->buffers + (uint64_t)index * d->cfg.buffer_bytes;
}

/* Where the device finds the buffer. */
static uint64_t dma_of(const struct guest_driver *d, const struct iavf_ring *ring, uint32_t index)
{
	if (!d->cfg.map_buffers)
		return buffer_of(d, ring, index) + ring->shift;
	return ring->segment[index / IAVF_SEGMENT].iova +
	       (uint64_t)(index % IAVF_SEGMENT) * d->cfg.buffer_bytes;
}

static uint64_t segment_bytes(const struct guest_driver *d)
{
	return (uint64_t)IAVF_SEGMENT * d->cfg.buffer_bytes;
}

static void map_segment(struct guest_driver *d, struct actor *self, struct iavf_ring *ring,
			uint32_t number)
{
	struct iavf_segment *segment = &ring->segment[number];
	uint64_t gpa = buffer_of(d, ring, number * IAVF_SEGMENT);
	int ret = guest_dma_map(d->guest, self, gpa, segment_bytes(d), &segment->iova);

	if (!ret)
		return;
	segment->iova = 0;
	sim_log(&d->guest->part, LOG_ERROR, "%s: buffers cannot be mapped: %d", d->name, ret);
}

static void unmap_segment(struct guest_driver *d, struct actor *self, struct iavf_segment *segment)
{
	int ret = 0;

	if (segment->iova)
		ret = guest_dma_unmap(d->guest, self, segment->iova, segment_bytes(d));
	segment->iova = 0;
	if (ret)
		sim_log(&d->guest->part, LOG_ERROR, "%s: buffers stay mapped: %d", d->name, ret);
}

/* dma_map_page: descriptor `index` goes to the device. */
static void map_buffer(struct guest_driver *d, struct actor *self, struct iavf_ring *ring,
		       uint32_t index)
{
	if (!d->cfg.map_buffers)
		return;
	sim_mutex_lock(self, &d->map_lock);
	if (!ring->segment[index / IAVF_SEGMENT].used++)
		map_segment(d, self, ring, index / IAVF_SEGMENT);
	sim_mutex_unlock(self, &d->map_lock);
}

/* dma_unmap_page: the device has done with descriptor `index`. */
static void unmap_buffer(struct guest_driver *d, struct actor *self, struct iavf_ring *ring,
			 uint32_t index)
{
	struct iavf_segment *segment = &ring->segment[index / IAVF_SEGMENT];

	if (!d->cfg.map_buffers)
		return;
	sim_mutex_lock(self, &d->map_lock);
	if (!--segment->used)
		unmap_segment(d, self, segment);
	sim_mutex_unlock(self, &d->map_lock);
}

/* iavf_alloc_rx_buffers: every descriptor has its own buffer, for good. */
static void post_rx(struct iavf_pair *p, uint32_t first, uint32_t count)
{
	struct guest_driver *d = p->driver;
	uint64_t descriptor[IAVF_RX_REFILL][RXD_BYTES / 8] = {0};

	for (uint32_t i = 0; i < count; i++)
		descriptor[i][0] = dma_of(d, &p->rx, first + i);
	guest_memory_write(d->guest, p->rx.ring + (uint64_t)first * RXD_BYTES, descriptor,
			   (uint64_t)count * RXD_BYTES);
}

/* Give `count` descriptors back; the tail is the first that the device may not use. */
static void return_rx(struct iavf_pair *p, struct actor *self, uint32_t count)
{
	struct guest_driver *d = p->driver;
	while (count) {
		uint32_t first = p->rx.next_to_use;
		uint32_t some = MIN(MIN(count, p->rx.entries - first), IAVF_RX_REFILL);

		for (uint32_t i = 0; i < some; i++)
			map_buffer(d, self, &p->rx, first + i);
		post_rx(p, first, some);
		p->rx.next_to_use = (first + some) % p->rx.entries;
		count -= some;
	}
	iavf_write(d, self, QRX_TAIL1(p->index), p->rx.next_to_use);
}

/* iavf_configure: empty rings, all Rx buffers but one with the device. */
static void open_pair(struct iavf_pair *p, struct actor *self)
{
	const uint64_t empty[2] = {0, 0};

	p->tx.next_to_use = p->tx.next_to_clean = 0;
	p->rx.next_to_use = p->rx.next_to_clean = 0;
	p->rx.to_return = 0;
	p->tx_since_report = p->tx_tail = 0;
	memset(p->tx_packet, 0, p->tx.entries * sizeof(*p->tx_packet));
	for (uint32_t i = 0; i < p->tx.entries; i++)
		guest_memory_write(p->driver->guest, p->tx.ring + (uint64_t)i * TXD_BYTES, empty,
				   TXD_BYTES);
	post_rx(p, p->rx.entries - 1, 1);
	return_rx(p, self, p->rx.entries - 1);
}

void iavf_rings_open(struct guest_driver *d, struct actor *self)
{
	for (uint32_t i = 0; i < d->pairs; i++)
		open_pair(&d->pair[i], self);
	d->rings_open = true;
}

static uint32_t tx_free(const struct iavf_pair *p)
{
	uint32_t used = p->tx.next_to_use - p->tx.next_to_clean;

	if (p->tx.next_to_use < p->tx.next_to_clean)
		used += p->tx.entries;
	return p->tx.entries - used - 1;
}

/*
 * Ask for a write-back now and then, and always before the ring could fill up without one: of
 * a packet that takes `count` descriptors.
 */
static bool wants_report(struct iavf_pair *p, uint32_t count)
{
	struct guest_driver *d = p->driver;
	uint32_t stride = MIN(MAX(d->cfg.tx_report_stride, 1), p->tx.entries / 4);

	p->tx_since_report += count;
	if (p->tx_since_report < stride)
		return false;
	p->tx_since_report = 0;
	return true;
}

/* Whoever closes the rings waits for this. */
static void end_transmit(struct iavf_pair *p)
{
	struct guest_driver *d = p->driver;

	p->transmitting = false;
	if (!d->rings_open)
		waitq_wake(&d->state);
}

/* Frames of a flow that was stopped halfway, or found its ring reset, are no more. */
static void ring_doorbell(struct iavf_pair *p, struct actor *self)
{
	struct guest_driver *d = p->driver;

	if (!d->rings_open || p->tx_tail == p->tx.next_to_use)
		return;
	p->tx_tail = p->tx.next_to_use;
	p->transmitting = true;
	iavf_write(d, self, QTX_TAIL1(p->index), p->tx_tail);
	end_transmit(p);
}

void iavf_tx_doorbell(struct iavf_pair *p, struct actor *self)
{
	sim_mutex_lock(self, &p->tx_lock);
	ring_doorbell(p, self);
	sim_mutex_unlock(self, &p->tx_lock);
}

static void source_of(const struct guest_driver *d, const struct iavf_flow *flow, uint8_t source[6])
{
	memcpy(source, d->stats.mac, 6);
	source[5] ^= flow->cfg.spoof ? 0xff : 0;
}

/* The flow's next frame, built where the device finds it. */
static void put_frame(struct guest_driver *d, const struct iavf_flow *flow, uint64_t gpa,
		      uint32_t len_bytes)
{
	uint8_t copy[FRAME_MAX_BYTES], source[6];
	uint8_t *frame = guest_memory_place(d->guest, gpa, len_bytes);
	uint8_t *to = frame ? frame : copy;

	source_of(d, flow, source);
	test_frame_build(to, len_bytes, flow->cfg.destination, source, flow->cfg.flow, flow->sent);
	if (flow->cfg.checksum)
		test_frame_leave_sums(to, len_bytes);
	if (!frame)
		guest_memory_write(d->guest, gpa, copy, len_bytes);
}

/* Payload number `part` of a packet that is cut, the first one behind the headers of all. */
static uint32_t put_part(struct guest_driver *d, const struct iavf_flow *flow, uint64_t gpa,
			 uint32_t part, uint32_t payload_bytes)
{
	uint8_t bytes[FRAME_MAX_BYTES], source[6];
	uint32_t headers = part ? 0 : TEST_FRAME_TCP_HEADERS;

	if (headers) {
		source_of(d, flow, source);
		test_frame_tcp_header(bytes, flow->cfg.destination, source, flow->cfg.flow,
				      flow->sequence);
	}
	test_frame_payload(bytes + headers, payload_bytes, flow->cfg.flow, flow->sent + part);
	guest_memory_write(d->guest, gpa, bytes, headers + payload_bytes);
	return headers + payload_bytes;
}

/* What all data descriptors of a packet say of its headers. */
static uint64_t data_word(const struct iavf_flow *flow)
{
	uint64_t word = field_put(TXD1_DTYPE, TXD_DTYPE_DATA);
	bool tcp = flow->cfg.segments > 1;

	if (flow->cfg.vlan)
		word |= TXD1_CMD_TAG1 | field_put(TXD1_L2TAG1, flow->cfg.vlan);
	if (!tcp && !flow->cfg.checksum)
		return word;
	return word | field_put(TXD1_CMD_IIPT, TXD_IIPT_IPV4_CSUM) |
	       field_put(TXD1_CMD_L4T, tcp ? TXD_L4T_TCP : TXD_L4T_UDP) |
	       field_put(TXD1_MACLEN, FRAME_ETH_BYTES / 2) |
	       field_put(TXD1_IPLEN, FRAME_IPV4_BYTES / 4) |
	       field_put(TXD1_L4LEN, (tcp ? FRAME_TCP_BYTES : FRAME_UDP_BYTES) / 4);
}

/* The next descriptor of the ring; its buffer is filled. */
static void put_descriptor(struct iavf_pair *p, uint64_t word0, uint64_t word1)
{
	struct guest_driver *d = p->driver;
	uint64_t descriptor[2] = {word0, word1};
	uint32_t index = p->tx.next_to_use;

	guest_memory_write(d->guest, p->tx.ring + (uint64_t)index * TXD_BYTES, descriptor,
			   TXD_BYTES);
	p->tx.next_to_use = next_of(&p->tx, index);
}

static void note_sent(struct guest_driver *d, struct iavf_flow *flow, uint32_t len_bytes)
{
	d->stats.tx_packets++;
	d->stats.tx_bytes += len_bytes;
	trace_emit(&d->guest->part, TRACE_PACKET_SENT, flow->cfg.flow, flow->sent, len_bytes);
	flow->sent++;
}

static void put_one(struct iavf_pair *p, struct iavf_flow *flow, uint32_t len_bytes)
{
	struct guest_driver *d = p->driver;
	uint32_t index = p->tx.next_to_use;
	bool report = wants_report(p, 1);

	put_frame(d, flow, buffer_of(d, &p->tx, index), len_bytes);
	p->tx_packet[index] = (struct iavf_tx_packet){.report = report,
						      .flow = flow->cfg.flow,
						      .len_bytes = len_bytes,
						      .number = flow->sent};
	put_descriptor(p, dma_of(d, &p->tx, index),
		       data_word(flow) | TXD1_CMD_EOP | (report ? TXD1_CMD_RS : 0) |
			       field_put(TXD1_BUF_SIZE, len_bytes));
	note_sent(d, flow, len_bytes);
}

/* iavf_tso: a context descriptor, then a buffer for each segment. */
static void put_cut(struct iavf_pair *p, struct iavf_flow *flow, uint32_t len_bytes)
{
	struct guest_driver *d = p->driver;
	uint32_t count = flow->cfg.segments, mss = len_bytes - TEST_FRAME_TCP_HEADERS;
	uint64_t last = TXD1_CMD_EOP | (wants_report(p, count + 1) ? TXD1_CMD_RS : 0);

	p->tx_packet[p->tx.next_to_use] = (struct iavf_tx_packet){.context = true};
	put_descriptor(p, 0,
		       field_put(TXD1_DTYPE, TXD_DTYPE_CONTEXT) | TXC1_CMD_TSO |
			       field_put(TXC1_TSO_LEN, (uint64_t)count * mss) |
			       field_put(TXC1_MSS, mss));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t index = p->tx.next_to_use;
		uint32_t bytes = put_part(d, flow, buffer_of(d, &p->tx, index), i, mss);
		bool ends = i + 1 == count;

		p->tx_packet[index] = (struct iavf_tx_packet){.report = ends && last & TXD1_CMD_RS,
							      .flow = flow->cfg.flow,
							      .len_bytes = len_bytes,
							      .number = flow->sent + i};
		put_descriptor(p, dma_of(d, &p->tx, index),
			       data_word(flow) | (ends ? last : 0) |
				       field_put(TXD1_BUF_SIZE, bytes));
	}
	flow->sequence += count * mss;
	for (uint32_t i = 0; i < count; i++)
		note_sent(d, flow, len_bytes);
}

void iavf_transmit(struct iavf_pair *p, struct actor *self, struct iavf_flow *flow,
		   uint32_t len_bytes)
{
	struct guest_driver *d = p->driver;
	bool cut = flow->cfg.segments > 1;
	uint32_t count = cut ? flow->cfg.segments + 1 : 1;

	sim_mutex_lock(self, &p->tx_lock);
	if (tx_free(p) < count) {
		d->stats.tx_waits++;
		ring_doorbell(p, self);
	}
	while (!d->rings_open || !d->stats.running || tx_free(p) < count)
		guest_wait(d->guest, self, &d->tx_room, TIME_NEVER);
	p->transmitting = true;
	for (uint32_t i = 0; i < count; i++)
		map_buffer(d, self, &p->tx, (p->tx.next_to_use + i) % p->tx.entries);
	/* The lock may have been handed over while the guest stood still. */
	guest_gate(d->guest, self);
	if (cut)
		put_cut(p, flow, len_bytes);
	else
		put_one(p, flow, len_bytes);
	end_transmit(p);
	sim_mutex_unlock(self, &p->tx_lock);
}

/* iavf_clean_tx_irq: a write-back finishes all descriptors before it. */
static void clean_tx(struct iavf_pair *p, struct actor *self)
{
	struct guest_driver *d = p->driver;
	uint32_t done = p->tx.next_to_clean;
	uint64_t word;

	for (uint32_t i = p->tx.next_to_clean; i != p->tx.next_to_use; i = next_of(&p->tx, i)) {
		if (!p->tx_packet[i].report)
			continue;
		guest_memory_read(d->guest, p->tx.ring + (uint64_t)i * TXD_BYTES + 8, &word, 8);
		if (field_get(TXD1_DTYPE, word) != TXD_DTYPE_DONE)
			break;
		p->tx_packet[i].report = false;
		done = next_of(&p->tx, i);
	}
	if (done == p->tx.next_to_clean)
		return;
	for (uint32_t i = p->tx.next_to_clean; i != done; i = next_of(&p->tx, i))
		unmap_buffer(d, self, &p->tx, i);
	p->tx.next_to_clean = done;
	waitq_wake(&d->tx_room);
}

/* A packet has left the ring: is it as it was sent? */
static void take_packet(struct iavf_pair *p, uint32_t index, const uint64_t *descriptor)
{
	struct guest_driver *d = p->driver;
	uint64_t word = descriptor[1];
	uint32_t len_bytes = (uint32_t)field_get(RXD1_LENGTH, word);
	uint8_t copy[FRAME_MAX_BYTES + 64];
	const uint8_t *frame;
	uint64_t flow, number;
	bool intact;

	d->stats.rx_packets++;
	d->stats.rx_bytes += len_bytes;
	if (!(word & RXD1_EOP) || len_bytes > MIN(d->cfg.buffer_bytes, FRAME_MAX_BYTES) ||
	    ((word & RXD1_L2TAG1P) &&
	     !iavf_has_vlan(d, field_get(RXD0_L2TAG1, descriptor[0]) & VLAN_ID))) {
		d->stats.rx_errors++;
		return;
	}
	frame = guest_memory_view(d->guest, buffer_of(d, &p->rx, index), copy, len_bytes);
	if (!test_frame_check(frame, len_bytes, &flow, &number, &intact)) {
		d->stats.rx_errors++;
		return;
	}
	if (intact)
		iavf_steered(p, (uint32_t)flow);
	else
		d->stats.rx_damaged++;
	trace_emit(&d->guest->part, TRACE_PACKET_RECEIVED, flow, number, len_bytes, intact);
	iavf_echo_frame(d, flow, frame, len_bytes);
}

/* iavf_clean_rx_irq */
static uint32_t clean_rx(struct iavf_pair *p, struct actor *self)
{
	struct guest_driver *d = p->driver;
	uint64_t descriptor[2];
	uint32_t work = 0;

	while (work < IAVF_NAPI_BUDGET) {
		uint32_t index = p->rx.next_to_clean;

		guest_memory_read(d->guest, p->rx.ring + (uint64_t)index * RXD_BYTES, descriptor,
				  sizeof(descriptor));
		if (!(descriptor[1] & RXD1_DD))
			break;
		take_packet(p, index, descriptor);
		unmap_buffer(d, self, &p->rx, index);
		p->rx.next_to_clean = next_of(&p->rx, index);
		work++;
		if (++p->rx.to_return == IAVF_RX_REFILL) {
			p->rx.to_return = 0;
			return_rx(p, self, IAVF_RX_REFILL);
		}
	}
	return work;
}

/* iavf_napi_poll: poll while a whole budget was used, then let the interrupt come again. */
static void poll_rings(struct guest_driver *d, struct actor *self)
{
	uint32_t work, most;

	do {
		most = 0;
		for (uint32_t i = 0; i < d->pairs; i++) {
			clean_tx(&d->pair[i], self);
			work = clean_rx(&d->pair[i], self);
			if (work)
				guest_sleep(d->guest, self, work * d->cfg.poll_ps);
			most = MAX(most, work);
		}
	} while (most == IAVF_NAPI_BUDGET && d->rings_open);
	if (d->rings_open)
		iavf_write(d, self, VFINT_DYN_CTLN1(0),
			   (uint32_t)(DYN_CTL_INTENA | field_put(DYN_CTL_ITR_INDX, ITR_NONE)));
}

void iavf_napi(struct actor *self, void *arg)
{
	struct guest_driver *d = arg;

	for (;;) {
		while (!d->napi_pending)
			guest_wait(d->guest, self, &d->napi_irq, TIME_NEVER);
		d->napi_pending = false;
		d->stats.interrupts++;
		guest_sleep(d->guest, self, d->cfg.interrupt_ps);
		if (!d->rings_open)
			continue;
		d->polling = true;
		poll_rings(d, self);
		d->polling = false;
		if (!d->rings_open)
			waitq_wake(&d->state);
	}
}

/* iavf_clean_tx_ring: the device may have sent them, and has not said so. */
static void abandon_tx(struct iavf_pair *p)
{
	struct guest_driver *d = p->driver;
	for (uint32_t i = p->tx.next_to_clean; i != p->tx.next_to_use; i = next_of(&p->tx, i)) {
		const struct iavf_tx_packet *packet = &p->tx_packet[i];

		if (!packet->context)
			trace_emit(&d->guest->part, TRACE_PACKET_ABANDONED, packet->flow,
				   packet->number, packet->len_bytes);
	}
}

/* iavf_clean_rx_ring: what has arrived and was not taken goes unread. */
static void abandon_rx(struct iavf_pair *p)
{
	struct guest_driver *d = p->driver;
	uint8_t frame[FRAME_MAX_BYTES + 64];
	uint64_t word, flow, number;
	uint32_t len_bytes;

	for (uint32_t n = 0; n < p->rx.entries; n++) {
		uint32_t i = (p->rx.next_to_clean + n) % p->rx.entries;

		guest_memory_read(d->guest, p->rx.ring + (uint64_t)i * RXD_BYTES + 8, &word, 8);
		if (!(word & RXD1_DD))
			return;
		len_bytes = MIN((uint32_t)field_get(RXD1_LENGTH, word), FRAME_MAX_BYTES);
		guest_memory_read(d->guest, buffer_of(d, &p->rx, i), frame, len_bytes);
		if (frame_tag_get(frame, len_bytes, &flow, &number))
			trace_emit(&d->guest->part, TRACE_PACKET_ABANDONED, flow, number,
				   len_bytes);
	}
}

static bool in_use(const struct guest_driver *d)
{
	for (uint32_t i = 0; i < d->pairs; i++)
		if (d->pair[i].transmitting)
			return true;
	return d->polling;
}

static void close_pair(struct iavf_pair *p, struct actor *self, bool was_open)
{
	struct guest_driver *d = p->driver;

	if (was_open) {
		clean_tx(p, self);
		abandon_tx(p);
		abandon_rx(p);
	}
	for (uint32_t i = 0; i < d->cfg.ring_entries / IAVF_SEGMENT; i++) {
		unmap_segment(d, self, &p->tx.segment[i]);
		unmap_segment(d, self, &p->rx.segment[i]);
		p->tx.segment[i].used = p->rx.segment[i].used = 0;
	}
}

void iavf_rings_close(struct guest_driver *d, struct actor *self)
{
	bool were_open = d->rings_open;

	d->rings_open = false;
	waitq_wake(&d->tx_room);
	while (in_use(d))
		guest_wait(d->guest, self, &d->state, TIME_NEVER);
	for (uint32_t i = 0; i < d->pairs; i++)
		close_pair(&d->pair[i], self, were_open);
}

bool iavf_tx_reports_due(const struct guest_driver *d)
{
	for (uint32_t n = 0; n < d->pairs; n++) {
		const struct iavf_pair *p = &d->pair[n];

		for (uint32_t i = p->tx.next_to_clean; i != p->tx.next_to_use;
		     i = next_of(&p->tx, i))
			if (p->tx_packet[i].report)
				return true;
	}
	return false;
}
