/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What transmit and receive queues share: fetching descriptors ahead, writing
 * them back in groups, enabling, disabling and draining.
 */
#include "base/trace.h"
#include "model/nic/nic_internal.h"

static void queue_wb_timer(struct event *event, uint64_t now)
{
	queue_flush(CONTAINER_OF(event, struct nic_queue, wb_timer));
}

static void queue_set_format(struct nic_queue *queue)
{
	const struct rx_format *format = rx_format_of(queue->context.rxdid);

	sim_assert(&queue->vf->nic->env.part, format);
	queue->rx_format = format;
	queue->desc_bytes = queue->rx ? format->desc_bytes : TXD_BYTES;
}

void queue_init(struct nic_queue *queue, struct nic_vf *vf, bool rx, uint32_t index)
{
	queue->vf = vf;
	queue->rx = rx;
	queue->index = index;
	queue->context = (struct nic_queue_context){.itr_index = ITR_NONE, .rxdid = RXDID_LEGACY};
	queue_set_format(queue);
	event_init(&queue->wb_timer, queue_wb_timer);
	queue_rate_init(queue);
}

bool queue_may_run(const struct nic_queue *queue)
{
	return queue->context.enabled && nic_vf_runs(queue->vf);
}

bool queue_is_drained(const struct nic_queue *queue)
{
	return !queue->jobs && !queue->slot_count && !queue->wb_count;
}

/* Descriptors that software has filled and the queue has not used. */
uint32_t queue_posted(const struct nic_queue *queue)
{
	const struct nic_queue_context *context = &queue->context;
	uint32_t tail = context->tail;

	if (tail >= context->len)
		return 0;
	return tail >= context->head ? tail - context->head : tail + context->len - context->head;
}

struct dma_job *queue_job_get(struct nic_queue *queue, enum dma_kind kind)
{
	struct dma_job *job = dma_job_get(&queue->vf->nic->dma, &queue->vf->dma, kind);

	job->tagged = queue->context.tagged;
	job->pasid = queue->context.pasid;
	job->owner = queue;
	queue->jobs++;
	return job;
}

bool queue_job_done(struct nic_queue *queue, const struct dma_job *job)
{
	if (job->stale)
		return false;
	queue->jobs--;
	return true;
}

/* A disabled queue is empty: the firmware waits for that. */
void queue_check_drained(struct nic_queue *queue)
{
	struct nic *nic = queue->vf->nic;

	if (!queue->draining || !queue_is_drained(queue))
		return;
	queue->draining = false;
	if (nic->firmware)
		nic->firmware->queue_drained(nic->firmware_ctx, queue->vf->index);
}

static void queue_set_enabled(struct nic_queue *queue, bool enabled)
{
	if (queue->context.enabled == enabled)
		return;
	queue->context.enabled = enabled;
	trace_emit(&queue->vf->nic->env.part, TRACE_QUEUE_STATE, queue->vf->index, queue->rx,
		   queue->index, enabled);
}

/* --- Fetching --- */

/* Index of the first descriptor that is not cached. */
static uint32_t queue_next_fetch(const struct nic_queue *queue)
{
	uint32_t next = queue->context.head + queue->cache_count;

	return next >= queue->context.len ? next - queue->context.len : next;
}

static void queue_fetched(struct dma_job *job, uint64_t now)
{
	struct nic_queue *queue = job->owner;
	const uint64_t *word = (const uint64_t *)(const void *)job->inline_data;
	uint32_t words = queue->desc_bytes / 8;

	if (!queue_job_done(queue, job))
		return;
	queue->fetching = false;
	if (job->failed) {
		queue_stop(queue, PACKET_DROP_DMA_ERROR); /* the ring is not readable */
	} else if (queue_may_run(queue) && job->user == queue_next_fetch(queue)) {
		for (uint32_t i = 0; i < job->len_bytes / queue->desc_bytes; i++) {
			uint32_t at = (queue->cache_first + queue->cache_count++) % QUEUE_CACHE;

			queue->cache[at][0] = word[i * words];
			queue->cache[at][1] = word[i * words + 1];
		}
	}
	queue_run(queue);
	queue_check_drained(queue);
}

/*
 * How many more to fetch: all there are or, of receive buffers, which are posted
 * ahead of need, either not one by one or only what a packet waits for.
 */
static uint32_t queue_wanted(const struct nic_queue *queue)
{
	uint32_t count = queue_posted(queue) - queue->cache_count;

	if (!queue->rx)
		return count;
	if (!queue->vf->nic->cfg.rx_fetch_ahead)
		return MIN(count, queue_rx_missing(queue));
	return count < QUEUE_FETCH && queue->cache_count >= QUEUE_FETCH ? 0 : count;
}

void queue_fetch(struct nic_queue *queue)
{
	uint32_t from, count;
	struct dma_job *job;

	if (queue->fetching || QUEUE_CACHE - queue->cache_count < QUEUE_FETCH)
		return;
	count = queue_wanted(queue);
	if (!count)
		return;
	from = queue_next_fetch(queue);
	/* Up to the next group's border, which is never beyond the ring's end. */
	count = MIN(count, QUEUE_FETCH - from % QUEUE_FETCH);
	count = MIN(count, queue->context.len - from);
	job = queue_job_get(queue, DMA_READ);
	job->iova = queue->context.base + (uint64_t)from * queue->desc_bytes;
	job->len_bytes = count * queue->desc_bytes;
	job->data = job->inline_data;
	job->user = from;
	job->done = queue_fetched;
	queue->fetching = true;
	dma_submit(job);
}

const uint64_t *queue_take(struct nic_queue *queue)
{
	const uint64_t *words = queue->cache[queue->cache_first];

	queue->cache_first = (queue->cache_first + 1) % QUEUE_CACHE;
	queue->cache_count--;
	if (++queue->context.head == queue->context.len)
		queue->context.head = 0;
	return words;
}

/* --- Writing back --- */

/* Without bus mastering nothing does, a reset is being prepared; nor a PASID that is not enabled.
 */
static bool queue_writes_leave(const struct nic_queue *queue)
{
	const struct pcie_function *fn = queue->vf->dma.pcie;

	return pcie_function_bus_master(fn) &&
	       (!queue->context.tagged || pcie_function_pasid_bits(fn));
}

static void queue_wrote(struct dma_job *job, uint64_t now)
{
	struct nic_queue *queue = job->owner;
	bool counts = queue_job_done(queue, job);
	bool arrived = counts && queue_writes_leave(queue);

	for (uint32_t i = 0; i < job->held_count; i++) {
		if (arrived)
			packet_put(job->held[i]);
		else
			nic_abandon(queue->vf->nic, job->held[i]);
	}
	if (counts)
		queue_check_drained(queue);
}

static uint64_t queue_wb_iova(const struct nic_queue *queue)
{
	return queue->context.base + (uint64_t)queue->wb_first * queue->desc_bytes;
}

static void queue_wb_submit(struct nic_queue *queue, bool announces)
{
	struct dma_job *job = queue_job_get(queue, DMA_WRITE);

	job->iova = queue_wb_iova(queue);
	job->len_bytes = queue->wb_count * queue->desc_bytes;
	job->announces = announces;
	job->vector = queue->context.vector;
	job->data = job->inline_data;
	memcpy(job->inline_data, queue->wb_line, job->len_bytes);
	job->done = queue_wrote;
	memcpy(job->held, queue->wb_packet, sizeof(job->held));
	job->held_count = queue->wb_packets;
	queue->wb_packets = 0;
	queue->wb_count = 0;
	dma_submit(job);
}

void queue_flush(struct nic_queue *queue)
{
	if (!queue->wb_count)
		return;
	queue_wb_submit(queue, queue->context.vector != 0);
}

void queue_raise_first(struct nic_queue *queue)
{
	struct nic_vf *vf = queue->vf;
	uint32_t vector = queue->context.vector;

	trace_emit(&vf->nic->env.part, TRACE_MSIX_ANNOUNCES, pcie_function_rid(vf->dma.pcie),
		   vector, queue_wb_iova(queue), queue->wb_count * queue->desc_bytes);
	dma_raise(&vf->nic->dma, &vf->dma, vector);
	queue_wb_submit(queue, false);
}

void queue_write_back(struct nic_queue *queue, uint32_t index, const uint64_t *words,
		      struct packet *packet)
{
	uint32_t line = WB_LINE / queue->desc_bytes;

	if (queue->wb_count && index != queue->wb_first + queue->wb_count)
		queue_flush(queue);
	if (!queue->wb_count)
		queue->wb_first = index;
	memcpy(queue->wb_line + queue->wb_count * queue->desc_bytes, words, queue->desc_bytes);
	queue->wb_count++;
	if (packet)
		queue->wb_packet[queue->wb_packets++] = packet_ref(packet);
	if ((index + 1) % line == 0 || index + 1 == queue->context.len)
		queue_flush(queue);
}

/*
 * Something was written back, or gathered: cause the queue's interrupt, and see
 * to it that what is gathered does not wait for ever.
 */
void queue_cause(struct nic_queue *queue)
{
	struct sim *sim = queue->vf->nic->env.part.sim;

	if (queue->context.vector)
		nic_vf_cause(queue->vf, queue->context.vector, queue->context.itr_index);
	if (!queue->wb_count)
		return;
	if (!nic_vf_runs(queue->vf) || !queue->context.enabled)
		queue_flush(queue);
	else if (!event_pending(&queue->wb_timer))
		sim_after(sim, &queue->wb_timer, queue->vf->nic->cfg.write_back_ps);
}

/* --- Life --- */

void queue_run(struct nic_queue *queue)
{
	if (!queue_may_run(queue))
		return;
	if (queue->rx)
		queue_rx_run(queue);
	else
		queue_tx_run(queue);
}

void queue_quiesce(struct nic_queue *queue, enum packet_drop cause)
{
	queue->cache_count = 0;
	queue->cache_first = 0;
	if (queue->rx)
		queue_rx_quiesce(queue, cause);
	else
		queue_tx_leave_line(queue);
	queue_flush(queue);
}

void queue_stop(struct nic_queue *queue, enum packet_drop cause)
{
	queue_set_enabled(queue, false);
	queue_quiesce(queue, cause);
}

/* A reset: jobs in flight are void, packets that are inside are lost. */
void queue_reset(struct nic_queue *queue)
{
	struct nic *nic = queue->vf->nic;

	calendar_cancel(&nic->env.part.sim->calendar, &queue->wb_timer);
	queue_rate_reset(queue);
	queue->wb_count = 0;
	while (queue->wb_packets)
		nic_abandon(nic, queue->wb_packet[--queue->wb_packets]);
	if (queue->rx)
		queue_rx_quiesce(queue, PACKET_DROP_RESET);
	else
		queue_tx_quiesce(queue);
	queue->jobs = 0;
	queue->cache_first = queue->cache_count = 0;
	queue->fetching = queue->draining = false;
	queue_set_enabled(queue, false);
	queue->context = (struct nic_queue_context){.itr_index = ITR_NONE, .rxdid = RXDID_LEGACY};
	queue_set_format(queue);
}

static struct nic_queue *queue_of(const struct nic_vf *vf, bool rx, uint32_t index)
{
	return rx ? &vf->rx[index] : &vf->tx[index];
}

void nic_vf_tail_write(struct nic_vf *vf, bool rx, uint32_t index, uint32_t tail)
{
	struct nic_queue *queue = queue_of(vf, rx, index);

	queue->context.tail = tail;
	if (!rx && queue_may_run(queue) && tail >= queue->context.len)
		queue_malicious(queue, MDD_TAIL_BEYOND_RING);
	else
		queue_run(queue);
}

uint32_t nic_vf_tail_read(const struct nic_vf *vf, bool rx, uint32_t index)
{
	return rx ? vf->rx[index].context.tail : vf->tx[index].context.tail;
}

void nic_queue_context_get(struct nic *nic, uint32_t vf, bool rx, uint32_t index,
			   struct nic_queue_context *context)
{
	*context = queue_of(&nic->vf[vf], rx, index)->context;
}

void nic_queue_context_set(struct nic *nic, uint32_t vf, bool rx, uint32_t index,
			   const struct nic_queue_context *context)
{
	struct nic_queue *queue = queue_of(&nic->vf[vf], rx, index);

	sim_assert(&nic->env.part, queue_is_drained(queue));
	queue_set_enabled(queue, context->enabled);
	queue->context = *context;
	queue_set_format(queue);
	queue->cache_first = queue->cache_count = 0;
	queue_run(queue);
}

void nic_queue_map(struct nic *nic, uint32_t vf, bool rx, uint32_t index, uint32_t vector,
		   uint32_t itr_index)
{
	struct nic_queue *queue = queue_of(&nic->vf[vf], rx, index);

	queue->context.vector = vector;
	queue->context.itr_index = itr_index;
}

void nic_queue_enable(struct nic *nic, uint32_t vf, bool rx, uint32_t index, bool enable)
{
	struct nic_queue *queue = queue_of(&nic->vf[vf], rx, index);

	if (!enable) {
		/* One that the hardware has stopped may have DMA left, too. */
		queue_stop(queue, PACKET_DROP_QUEUE_DISABLED);
		queue->draining = !queue_is_drained(queue);
		return;
	}
	if (queue->context.enabled)
		return;
	queue_set_enabled(queue, true);
	/* Receive buffers are posted early; a transmit queue's doorbell may have announced nothing.
	 */
	if (!rx && !nic->cfg.early_doorbells)
		queue->context.tail = queue->context.head;
	queue_run(queue);
}

struct nic_queue_levels nic_queue_levels_get(const struct nic *nic, uint32_t vf, bool rx,
					     uint32_t index)
{
	const struct nic_queue *queue = queue_of(&nic->vf[vf], rx, index);

	return (struct nic_queue_levels){
		.posted = queue_posted(queue),
		.packets = rx ? queue->fifo_count : queue->slot_count,
	};
}

bool nic_queue_drained(struct nic *nic, uint32_t vf, bool rx, uint32_t index)
{
	return queue_is_drained(queue_of(&nic->vf[vf], rx, index));
}
