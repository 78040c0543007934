/* SPDX-License-Identifier: Apache-2.0 */
#include "host/vmm/channel.h"

#include "base/bits.h"

#include <errno.h>
#include <stdlib.h>

struct entry {
	struct channel_message message;
	uint64_t arrive_ps;
	uint32_t slots; /* buffer frames it holds, in order of sending */
	struct entry *next;
};

struct channel {
	struct channel_cfg cfg;
	struct channel_env env;
	uint64_t frames_pa;
	uint64_t taken, freed; /* buffer frames, ever */
	uint64_t wire_free_ps;
	uint64_t bytes_sent;
	struct entry *first, *last;
	struct entry *received; /* handed out, not yet released */
	struct event arrival;
	struct waitq readable, room;
	bool closed;
};

static void on_arrival(struct event *event, uint64_t now)
{
	waitq_wake(&CONTAINER_OF(event, struct channel, arrival)->readable);
}

struct channel *channel_create(const struct channel_cfg *cfg, const struct channel_env *env)
{
	struct channel *channel = calloc(1, sizeof(*channel));

	if (!channel)
		return NULL;
	channel->cfg = *cfg;
	channel->env = *env;
	event_init(&channel->arrival, on_arrival);
	if (!env->dram)
		return channel;
	channel->frames_pa = frames_alloc(env->frames, cfg->window_pages, DRAM_PAGE_SIZE);
	if (channel->frames_pa)
		return channel;
	free(channel);
	return NULL;
}

static uint64_t slot_pa(const struct channel *channel, uint64_t slot)
{
	return channel->frames_pa + slot % channel->cfg.window_pages * DRAM_PAGE_SIZE;
}

static void message_free(struct channel_message *message)
{
	free(message->data);
	free(message->page);
	message->data = NULL;
	message->page = NULL;
}

/* Buffer frames come back in the order in which they were taken; their content is let go. */
static void free_slots(struct channel *channel, uint32_t slots)
{
	for (uint32_t i = 0; i < slots; i++)
		dram_fill_pages(channel->env.dram, slot_pa(channel, channel->freed++), 1, NULL);
	if (slots)
		waitq_wake(&channel->room);
}

static void entry_free(struct channel *channel, struct entry *entry)
{
	free_slots(channel, entry->slots);
	message_free(&entry->message);
	free(entry);
}

void channel_destroy(struct channel *channel)
{
	if (!channel)
		return;
	calendar_cancel(&channel->env.part.sim->calendar, &channel->arrival);
	if (channel->received)
		entry_free(channel, channel->received);
	while (channel->first) {
		struct entry *entry = channel->first;

		channel->first = entry->next;
		entry_free(channel, entry);
	}
	if (channel->frames_pa)
		frames_free(channel->env.frames, channel->frames_pa, channel->cfg.window_pages);
	free(channel);
}

static uint32_t content_pages(const struct channel_message *message)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < message->pages; i++)
		count += message->page[i].pa != 0;
	return count;
}

static uint64_t wire_bytes(const struct channel_message *message, uint32_t content)
{
	return CHANNEL_HEADER_BYTES + message->len_bytes +
	       (uint64_t)message->pages * CHANNEL_PAGE_HEADER_BYTES +
	       (uint64_t)content * DRAM_PAGE_SIZE;
}

/* The sending side's snapshot: from here on the guest may write its pages again. */
static void take_snapshot(struct channel *channel, struct channel_message *message)
{
	for (uint32_t i = 0; i < message->pages; i++) {
		uint64_t pa = slot_pa(channel, channel->taken);

		if (!message->page[i].pa)
			continue;
		dram_share_page(channel->env.dram, pa, channel->env.dram, message->page[i].pa);
		message->page[i].pa = pa;
		channel->taken++;
	}
}

static uint64_t transfer_ps(const struct channel *channel, uint64_t bytes)
{
	if (!channel->cfg.bytes_per_s || channel->env.part.sim->untimed)
		return 0;
	/* 128 bits: 4 GiB in picoseconds does not fit. */
	return (uint64_t)((unsigned __int128)bytes * PS_PER_S / channel->cfg.bytes_per_s);
}

/* Put the entry on the wire when it is free; the receiver has it a latency after its last byte. */
static void enqueue(struct channel *channel, struct entry *entry, uint64_t bytes)
{
	struct sim *sim = channel->env.part.sim;
	uint64_t latency = sim->untimed ? 0 : channel->cfg.latency_ps;

	channel->wire_free_ps =
		MAX(channel->wire_free_ps, sim_now(sim)) + transfer_ps(channel, bytes);
	entry->arrive_ps = channel->wire_free_ps + latency;
	channel->bytes_sent += bytes;
	if (channel->last)
		channel->last->next = entry;
	else
		channel->first = entry;
	channel->last = entry;
	if (channel->first == entry)
		calendar_schedule(&sim->calendar, &channel->arrival, entry->arrive_ps);
}

int channel_send(struct channel *channel, struct actor *self, const struct channel_message *message)
{
	struct sim *sim = channel->env.part.sim;
	uint32_t content = content_pages(message);
	struct entry *entry = calloc(1, sizeof(*entry));
	int ret = !entry ? -ENOMEM : content > channel->cfg.window_pages ? -EMSGSIZE : 0;

	if (ret)
		goto drop;
	entry->message = *message;
	entry->slots = content;
	while (!channel->closed &&
	       channel->taken - channel->freed + content > (uint64_t)channel->cfg.window_pages)
		actor_wait(self, &channel->room, TIME_NEVER);
	if (channel->closed) {
		ret = -EPIPE;
		goto drop;
	}
	take_snapshot(channel, &entry->message);
	enqueue(channel, entry, wire_bytes(message, content));
	if (channel->wire_free_ps > sim_now(sim))
		actor_sleep(self, channel->wire_free_ps - sim_now(sim));
	return 0;
drop:
	free(entry);
	free(message->data);
	free(message->page);
	return ret;
}

int channel_try_receive(struct channel *channel, struct channel_message *message)
{
	struct sim *sim = channel->env.part.sim;
	struct entry *entry = channel->first;

	sim_assert(&channel->env.part, !channel->received);
	if (!entry)
		return channel->closed ? -EPIPE : -EAGAIN;
	if (entry->arrive_ps > sim_now(sim))
		return -EAGAIN;
	channel->first = entry->next;
	if (!channel->first)
		channel->last = NULL;
	else
		calendar_schedule(&sim->calendar, &channel->arrival, channel->first->arrive_ps);
	channel->received = entry;
	*message = entry->message;
	return 0;
}

int channel_receive(struct channel *channel, struct actor *self, struct channel_message *message)
{
	int ret = channel_try_receive(channel, message);

	for (; ret == -EAGAIN; ret = channel_try_receive(channel, message))
		actor_wait(self, &channel->readable, TIME_NEVER);
	return ret;
}

void channel_release(struct channel *channel, struct channel_message *message)
{
	sim_assert(&channel->env.part, channel->received);
	entry_free(channel, channel->received);
	channel->received = NULL;
	memset(message, 0, sizeof(*message));
}

void channel_close(struct channel *channel)
{
	channel->closed = true;
	waitq_wake(&channel->readable);
	waitq_wake(&channel->room);
}

uint64_t channel_bytes_sent(const struct channel *channel)
{
	return channel->bytes_sent;
}
