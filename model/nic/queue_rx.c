/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receive queues. A packet takes as many posted descriptors as it fills
 * buffers; its bytes are written straight from the snapshot, then the
 * descriptors are written back in the queue's format, then the interrupt
 * is caused: the DMA engine keeps that order. A packet waits only while its
 * descriptors are on their way; without posted descriptors it is lost.
 */
#include "base/trace.h"
#include "model/nic/flow_descriptor_format.h"
#include "model/nic/nic_internal.h"

/* Of one packet, as the X710 and E810 have it (Linux i40e_type.h, ice_txrx.h). */
#define RX_MAX_BUFFERS 5u

/* Does the driver get the frame without its VLAN tag? */
static bool rx_strips(const struct nic_queue *queue, const struct packet *packet)
{
	return (queue->vf->vlan_offload.strip || queue->vf->policy.port_vlan) &&
	       vlan_is_tagged(packet->data, packet->len_bytes);
}

/* Octets that the driver does not reckon with. */
static uint32_t rx_hidden(const struct nic_queue *queue)
{
	return queue->vf->policy.port_vlan ? VLAN_BYTES : 0;
}

/* What the driver is given of the packet. */
static uint32_t rx_bytes(const struct nic_queue *queue, const struct packet *packet)
{
	return packet->len_bytes - (rx_strips(queue, packet) ? VLAN_BYTES : 0);
}

static uint32_t rx_buffers(const struct nic_queue *queue, const struct packet *packet)
{
	uint32_t size = queue->context.buffer_bytes;

	return (rx_bytes(queue, packet) + size - 1) / size;
}

uint32_t queue_rx_missing(const struct nic_queue *queue)
{
	uint32_t need = queue->statuses;

	if (queue->fifo_count)
		need += rx_buffers(queue, queue->fifo[queue->fifo_first]);
	return need > queue->cache_count ? need - queue->cache_count : 0;
}

static void rx_wrote(struct dma_job *job, uint64_t now)
{
	struct nic_queue *queue = job->owner;

	if (!queue_job_done(queue, job))
		return;
	if (queue->fifo_count)
		queue_run(queue);
	queue_check_drained(queue);
}

static void rx_write(struct nic_queue *queue, struct packet *packet, uint64_t iova, uint32_t from,
		     uint32_t len)
{
	struct dma_job *job = queue_job_get(queue, DMA_WRITE);

	job->iova = iova;
	job->len_bytes = len;
	job->data = packet->data + from;
	job->packet = packet_ref(packet);
	job->done = rx_wrote;
	dma_submit(job);
}

/* One buffer's part of what the driver is given: around a tag that is stripped there are two. */
static void rx_write_part(struct nic_queue *queue, struct packet *packet, uint64_t iova,
			  uint32_t from, uint32_t len)
{
	uint32_t before = 0, skip = 0;

	if (rx_strips(queue, packet)) {
		before = from < VLAN_AT ? VLAN_AT - from : 0; /* a buffer holds more than that */
		skip = VLAN_BYTES;
	}
	if (before)
		rx_write(queue, packet, iova, from, before);
	rx_write(queue, packet, iova + before, from + before + skip, len - before);
}

static void rx_count(struct nic_queue *queue, const struct packet *packet)
{
	struct nic_vf *vf = queue->vf;

	nic_vf_count_received(vf, packet);
	vf->nic->counters.packets_received++;
	vf->counters.received++;
}

/*
 * Planted fault: the interrupt leaves before the write-back that it announces.
 * True if it did.
 */
static bool rx_misfire(struct nic_queue *queue)
{
	struct nic_vf *vf = queue->vf;
	struct sim *sim = vf->nic->env.part.sim;
	struct nic_vector *vector = &vf->vector[queue->context.vector];

	if (!fault_armed(&sim->faults, FAULT_MSIX_BEFORE_DATA) || !queue->wb_count ||
	    !vector->index || vf->nic->sw->tagged < FAULT_FROM_PACKET ||
	    !vector_ready(vector, queue->context.itr_index) ||
	    !fault_fires(&sim->faults, FAULT_MSIX_BEFORE_DATA))
		return false;
	vector_fired(vector);
	queue_raise_first(queue);
	vector->pending = true;
	return true;
}

/* The mark of the rule that the packet matches. */
static void rx_report_mark(const struct nic_queue *queue, const struct packet *packet,
			   struct rx_report *report)
{
	const struct flow_rule *rule = flow_director_find(queue->vf, packet);

	report->marked = rule && rule->marks;
	report->mark = report->marked ? rule->mark : 0;
}

/* What all of the packet's descriptors tell. */
static struct rx_report rx_report_begin(const struct nic_queue *queue, const struct packet *packet)
{
	struct rx_report report = {.cast = packet_cast(packet)};

	/* Of the VLAN that it has been put into the driver knows nothing. */
	report.tagged = rx_strips(queue, packet) && !queue->vf->policy.port_vlan;
	if (report.tagged)
		report.vlan_tci = vlan_tci(packet->data);
	/* A VF with several queues is told of the hash that chose one. */
	report.hashed =
		queue->vf->nic->cfg.queue_pairs > 1 &&
		rss_hash(&queue->vf->rss, packet->data, packet->len_bytes, &report.rss_hash);
	rx_report_mark(queue, packet, &report);
	return report;
}

/* Type, sums and time: in the last descriptor, where drivers look. */
static void rx_report_end(const struct nic_queue *queue, const struct packet *packet,
			  struct rx_report *report)
{
	report->last = true;
	report->status = rx_status_get(packet->data, packet->len_bytes);
	report->stamped = queue->context.timestamps && packet->stamped;
	report->time_ps = packet->wire_ps;
}

/* The descriptors are here: write the packet into its buffers. */
static void rx_deliver(struct nic_queue *queue, struct packet *packet)
{
	uint64_t size = queue->context.buffer_bytes;
	uint32_t all = rx_bytes(queue, packet);
	struct rx_report report = rx_report_begin(queue, packet);

	for (uint32_t from = 0; from < all;) {
		uint32_t len = (uint32_t)MIN(all - from, size);
		uint32_t index = queue->context.head;
		uint64_t iova = queue_take(queue)[0];
		uint64_t words[4];

		rx_write_part(queue, packet, iova, from, len);
		from += len;
		report.len_bytes = len;
		if (from == all)
			rx_report_end(queue, packet, &report);
		queue->rx_format->write(&report, words);
		queue_write_back(queue, index, words, from == all ? packet : NULL);
	}
	rx_count(queue, packet);
	packet_put(packet);
	if (!rx_misfire(queue))
		queue_cause(queue);
}

static struct packet *rx_pop(struct nic_queue *queue)
{
	struct packet *packet = queue->fifo[queue->fifo_first];

	/* Mostly it is empty: its first places alone are in the host's caches then. */
	queue->fifo_count--;
	queue->fifo_first = queue->fifo_count ? (queue->fifo_first + 1) % RX_FIFO : 0;
	pause_queue_gave(queue);
	return packet;
}

/* --- News of the flow director --- */

static void rx_lose_statuses(struct nic_queue *queue, uint32_t count)
{
	if (count)
		sim_log(&queue->vf->nic->env.part, LOG_INFO,
			"VF %u queue %u: %u of the flow director's answers lost", queue->vf->index,
			queue->index, count);
}

void queue_rx_status(struct nic_queue *queue, uint32_t fd_id, uint64_t error)
{
	bool room = queue->statuses < RX_STATUSES && queue->statuses < queue_posted(queue);

	if (!queue_may_run(queue) || queue->context.rxdid == RXDID_FLEX_NIC || !room) {
		rx_lose_statuses(queue, 1);
		return;
	}
	queue->status[queue->statuses++] = (struct rx_program_status){fd_id, error};
	queue_rx_run(queue);
}

static void rx_tell_statuses(struct nic_queue *queue)
{
	uint32_t told = 0;

	for (; told < queue->statuses && queue->cache_count; told++) {
		const struct rx_program_status *status = &queue->status[told];
		uint32_t index = queue->context.head;
		uint64_t words[4] = {
			field_put(RXP0_FD_ID, status->fd_id),
			RXP1_DD | field_put(RXP1_PROGID, RXP_PROGID_FILTER) | status->error |
				RXP1_IS_STATUS,
		};

		queue_take(queue);
		queue_write_back(queue, index, words, NULL);
	}
	if (!told)
		return;
	queue->statuses -= told;
	memmove(queue->status, queue->status + told, queue->statuses * sizeof(queue->status[0]));
	queue_cause(queue);
}

void queue_rx_run(struct nic_queue *queue)
{
	rx_tell_statuses(queue);
	while (queue->fifo_count && queue->jobs < RX_JOBS) {
		uint32_t need = rx_buffers(queue, queue->fifo[queue->fifo_first]);

		if (need > queue_posted(queue))
			nic_drop(queue->vf->nic, queue->vf, rx_pop(queue), PACKET_DROP_NO_BUFFER);
		else if (need <= queue->cache_count)
			rx_deliver(queue, rx_pop(queue));
		else
			break;
	}
	queue_fetch(queue);
}

void queue_rx_packet(struct nic_queue *queue, struct packet *packet)
{
	struct nic_vf *vf = queue->vf;
	enum packet_drop cause;

	if (vf->stopped)
		cause = PACKET_DROP_VF_STOPPED;
	else if (!queue_may_run(queue))
		cause = PACKET_DROP_QUEUE_DISABLED;
	else if (packet->len_bytes > queue->context.max_packet + rx_hidden(queue) ||
		 rx_buffers(queue, packet) > RX_MAX_BUFFERS)
		cause = PACKET_DROP_SIZE;
	else if (queue->fifo_count == RX_FIFO)
		cause = PACKET_DROP_NO_BUFFER;
	else {
		queue->fifo[(queue->fifo_first + queue->fifo_count++) % RX_FIFO] = packet;
		pause_queue_took(queue, packet);
		queue_rx_run(queue);
		return;
	}
	nic_drop(vf->nic, vf, packet, cause);
}

void queue_rx_quiesce(struct nic_queue *queue, enum packet_drop cause)
{
	rx_lose_statuses(queue, queue->statuses);
	queue->statuses = 0;
	while (queue->fifo_count)
		nic_drop(queue->vf->nic, queue->vf, rx_pop(queue), cause);
}
