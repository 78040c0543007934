/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/nic.h"

#include <stdlib.h>

#include "model/nic/nic_internal.h"

/* DMA jobs that one queue may have at once: reads of all buffers of all packets, and some writes.
 */
#define JOBS_PER_QUEUE (TX_JOBS + 64)
#define JOBS_PER_VF    16u

static bool cfg_possible(const struct nic_cfg *cfg)
{
	return cfg->vfs && cfg->vfs <= NIC_MAX_VFS && cfg->queue_pairs &&
	       cfg->queue_pairs <= NIC_MAX_QUEUE_PAIRS && cfg->vectors &&
	       cfg->vectors <= NIC_MAX_VECTORS && cfg->packets && cfg->dma_tags &&
	       cfg->drain_poll_ps;
}

static void nic_dma_idle(void *ctx, struct dma_function *function)
{
	struct nic *nic = ctx;

	if (function != &nic->pf_dma)
		nic_vf_check_drained(CONTAINER_OF(function, struct nic_vf, dma));
}

static void nic_dma_landed(void *ctx, struct dma_function *function)
{
	struct nic *nic = ctx;

	if (function != &nic->pf_dma && nic->firmware)
		nic->firmware->writes_landed(nic->firmware_ctx,
					     CONTAINER_OF(function, struct nic_vf, dma)->index);
}

/* Packets came back: transmit queues that wait go on in turn, as far as there are enough. */
static void nic_packet_freed(struct event *event, uint64_t now)
{
	struct nic *nic = CONTAINER_OF(event, struct nic, packet_freed);
	struct nic_queue *queue;

	while ((queue = nic->waiting_first) &&
	       packet_pool_has(nic->pool, queue->waits_for_packets)) {
		nic->waiting_first = queue->next_waiting;
		queue->waits_for_packets = 0;
		nic->waiting_served = queue;
		queue_run(queue);
	}
	nic->waiting_served = NULL;
}

static void nic_pool_wake(void *ctx)
{
	struct nic *nic = ctx;

	sim_after(nic->env.part.sim, &nic->packet_freed, 0);
}

static bool nic_blocks_init(struct nic *nic)
{
	const struct nic_cfg *cfg = &nic->cfg;
	uint32_t queues = 2 * cfg->queue_pairs;
	uint32_t jobs =
		cfg->vfs * (queues * JOBS_PER_QUEUE + JOBS_PER_VF) + cfg->packets * 4 + JOBS_PER_VF;

	nic->sw = calloc(1, sizeof(*nic->sw));
	nic->vf = calloc(cfg->vfs, sizeof(nic->vf[0]));
	nic->queues = calloc((size_t)cfg->vfs * queues, sizeof(nic->queues[0]));
	nic->vectors = calloc((size_t)cfg->vfs * cfg->vectors, sizeof(nic->vectors[0]));
	nic->pool = packet_pool_create(cfg->packets);
	return nic->sw && nic->vf && nic->queues && nic->vectors && nic->pool &&
	       !dma_engine_init(&nic->dma, &nic->env.part, cfg->dma_tags, jobs, cfg->dma_issue_ps);
}

struct nic *nic_create(const struct nic_cfg *cfg, const struct nic_env *env)
{
	struct nic *nic;

	if (!cfg_possible(cfg))
		return NULL;
	nic = calloc(1, sizeof(*nic));
	if (!nic)
		return NULL;
	nic->cfg = *cfg;
	nic->env = *env;
	if (!nic_blocks_init(nic) || nic_pf_init(nic)) {
		nic_destroy(nic);
		return NULL;
	}
	nic->dma.idle = nic_dma_idle;
	nic->dma.landed = nic_dma_landed;
	nic->dma.idle_ctx = nic;
	event_init(&nic->packet_freed, nic_packet_freed);
	tx_schedule_init(&nic->tx_schedule, nic);
	pause_init(&nic->pause, nic);
	port_out_init(&nic->port_out, nic);
	packet_pool_on_free(nic->pool, nic_pool_wake, nic);
	for (uint32_t i = 0; i < cfg->vfs; i++) {
		nic->vf[i].tx = &nic->queues[i * 2 * cfg->queue_pairs];
		nic->vf[i].rx = nic->vf[i].tx + cfg->queue_pairs;
		nic->vf[i].vector = &nic->vectors[i * cfg->vectors];
		nic_vf_init(&nic->vf[i], nic, i);
		if (dma_log_init(&nic->vf[i].log, cfg->log_bytes)) {
			nic_destroy(nic);
			return NULL;
		}
	}
	return nic;
}

void nic_destroy(struct nic *nic)
{
	if (!nic)
		return;
	for (uint32_t i = 0; nic->vf && i < nic->cfg.vfs; i++)
		nic_vf_fini(&nic->vf[i]);
	nic_pf_fini(nic);
	dma_engine_fini(&nic->dma);
	packet_pool_destroy(nic->pool);
	free(nic->vectors);
	free(nic->queues);
	free(nic->vf);
	free(nic->sw);
	free(nic);
}

const struct nic_cfg *nic_config(const struct nic *nic)
{
	return &nic->cfg;
}

const struct sim_part *nic_part(const struct nic *nic)
{
	return &nic->env.part;
}

void nic_connect_wire(struct nic *nic, const struct frame_port *wire)
{
	nic->wire = *wire;
}

void nic_link_set(struct nic *nic, bool up)
{
	if (nic->link_down == !up)
		return;
	nic->link_down = !up;
	pause_reset(&nic->pause);
	if (nic->firmware)
		nic->firmware->link_changed(nic->firmware_ctx);
}

bool nic_link_up(const struct nic *nic)
{
	return !nic->link_down;
}

static void nic_frame(void *ctx, struct packet *packet)
{
	switch_from_wire(ctx, packet);
}

struct frame_port nic_frame_port(struct nic *nic)
{
	return (struct frame_port){.ctx = nic, .frame = nic_frame};
}

void nic_firmware_bind(struct nic *nic, const struct nic_firmware_ops *ops, void *ctx)
{
	nic->firmware = ops;
	nic->firmware_ctx = ctx;
}

const struct nic_counters *nic_counters_get(const struct nic *nic)
{
	return &nic->counters;
}

const struct nic_vf_counters *nic_vf_counters_get(const struct nic *nic, uint32_t vf)
{
	return &nic->vf[vf].counters;
}

struct nic_usage nic_usage_get(const struct nic *nic)
{
	return (struct nic_usage){
		.dma_tags = nic->dma.tags_in_use,
		.dma_jobs = nic->dma.jobs_in_use,
		.packets = packet_pool_in_use(nic->pool),
		.mailbox_messages = nic->mailbox.waiting,
	};
}
