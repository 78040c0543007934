/* SPDX-License-Identifier: Apache-2.0 */
/* What the recorded device did: DMA and interrupts, performed by our device, through our SMMU. */
#include <inttypes.h>

#include "system/replay/player_internal.h"

/* Longer than a message takes from the function to the eventfd. */
#define INTERRUPT_WAIT_PS (20 * PS_PER_US)
/* A request that takes longer is lost, which is our error. */
#define DMA_WAIT_PS (100 * PS_PER_MS)

static void on_dma_done(void *arg, enum tlp_status status)
{
	struct player *player = arg;

	player->dma_done = true;
	player->dma_status = status;
	waitq_wake(&player->waiters);
}

static bool perform_dma(struct player *player, struct actor *self, const struct trace_line *line)
{
	const char *kind = line->event == TRACE_EVENT_DMA_WRITE ? "write" : "read";
	uint64_t deadline = sim_now(player->env.part.sim) + DMA_WAIT_PS;
	int err;

	player->counts.dma++;
	player->dma_done = false;
	if (line->len > UINT32_MAX)
		return player_complains(player, line, "len: a 32-bit length");
	err = recorded_device_dma(player->env.device, player->env.vf,
				  line->event == TRACE_EVENT_DMA_WRITE, line->iova,
				  (uint32_t)line->len, on_dma_done, player);
	if (err)
		return player_complains(player, line, "len: recorded %" PRIu64 ", here %s",
					line->len, trace_errno_name(-err));
	while (!player->dma_done && sim_now(player->env.part.sim) < deadline)
		actor_wait(self, &player->waiters, deadline);
	sim_assert(&player->env.part, player->dma_done);
	if (player->dma_status == TLP_SC)
		return true;
	return player_complains(player, line,
				"dma_%s of %" PRIu64 " bytes at iova 0x%" PRIx64
				": recorded done, here refused: nothing is mapped there for it",
				kind, line->len, line->iova);
}

static void describe_eventfd(char *text, size_t size, int64_t eventfd)
{
	if (eventfd < 0)
		snprintf(text, size, "no eventfd");
	else
		snprintf(text, size, "eventfd %" PRId64, eventfd);
}

static bool perform_msix(struct player *player, struct actor *self, const struct trace_line *line)
{
	uint64_t deadline = sim_now(player->env.part.sim) + INTERRUPT_WAIT_PS;
	char recorded[32], ours[32];

	player->counts.interrupts++;
	player->signalled = -1;
	recorded_device_raise_msix(player->env.device, player->env.vf, line->vector);
	while (player->signalled < 0 && sim_now(player->env.part.sim) < deadline)
		actor_wait(self, &player->waiters, deadline);
	if (player->signalled == line->eventfd)
		return true;
	describe_eventfd(recorded, sizeof(recorded), line->eventfd);
	describe_eventfd(ours, sizeof(ours), player->signalled);
	return player_complains(player, line, "msix vector %u: recorded %s signalled, here %s",
				line->vector, recorded, ours);
}

bool player_device(struct player *player, struct actor *self, const struct trace_line *line)
{
	return line->event == TRACE_EVENT_MSIX ? perform_msix(player, self, line)
					       : perform_dma(player, self, line);
}
