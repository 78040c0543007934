/* SPDX-License-Identifier: Apache-2.0 */
/* What our hardware did, from trace events of the VF's stream, the SMMU and the mailbox. */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/trace.h"
#include "system/replay/driver/driver_internal.h"

#define WALK_SHIFT_AT 56

static void *grow(struct observer *observer, void *item, uint32_t *capacity, size_t size)
{
	uint32_t more = *capacity ? 2 * *capacity : 64;
	void *grown = realloc(item, more * size);

	if (!grown)
		observer->no_memory = true;
	else
		*capacity = more;
	return grown;
}

/* Append to one of the observer's arrays; without memory the replay ends as a failure. */
#define SEE(observer, list, ...)                                                                   \
	do {                                                                                       \
		void *grown_ = (list)->item;                                                       \
                                                                                                   \
		if ((list)->count == (list)->capacity)                                             \
			grown_ = grow(observer, (list)->item, &(list)->capacity,                   \
				      sizeof(*(list)->item));                                      \
		if (!grown_)                                                                       \
			break;                                                                     \
		(list)->item = grown_;                                                             \
		(list)->item[(list)->count] = __VA_ARGS__;                                         \
		(list)->count++;                                                                   \
	} while (0)

static uint64_t walk_key(uint64_t iova, uint32_t shift)
{
	return (iova >> shift) | (uint64_t)shift << WALK_SHIFT_AT;
}

/* The key's slot, or the free one where it would go. */
static struct seen_walk *walk_slot(const struct observer *observer, uint64_t key)
{
	uint32_t at = (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
	struct seen_walk *walk;

	do
		walk = &observer->walk[at++ & (observer->walk_slots - 1)];
	while (walk->key && walk->key != key);
	return walk;
}

/* Twice as many slots as walks are kept free, so that probes stay short. */
static bool walk_room(struct observer *observer)
{
	struct observer larger = *observer;

	if (2 * observer->walks < observer->walk_slots)
		return true;
	larger.walk_slots = observer->walk_slots ? 2 * observer->walk_slots : 256;
	larger.walk = calloc(larger.walk_slots, sizeof(*larger.walk));
	if (!larger.walk) {
		observer->no_memory = true;
		return false;
	}
	for (uint32_t i = 0; i < observer->walk_slots; i++)
		if (observer->walk[i].key)
			*walk_slot(&larger, observer->walk[i].key) = observer->walk[i];
	free(observer->walk);
	observer->walk = larger.walk;
	observer->walk_slots = larger.walk_slots;
	return true;
}

static void see_walk(struct observer *observer, const struct trace_event *event)
{
	uint64_t key = walk_key(event->arg[2], (uint32_t)event->arg[4]);
	struct seen_walk *walk;

	if (!walk_room(observer))
		return;
	walk = walk_slot(observer, key);
	observer->walks += !walk->key;
	walk->key = key;
	walk->levels = (uint32_t)MIN(event->arg[5], DRIVER_LEVELS);
	memcpy(walk->level, event->data, walk->levels * sizeof(walk->level[0]));
}

const struct seen_walk *observer_walk(const struct observer *observer, uint64_t iova)
{
	static const uint32_t shifts[] = {12, 21, 30};

	for (uint32_t i = 0; observer->walk_slots && i < ARRAY_LEN(shifts); i++) {
		const struct seen_walk *walk = walk_slot(observer, walk_key(iova, shifts[i]));

		if (walk->key)
			return walk;
	}
	return NULL;
}

/* A message's write is no data: it goes to the doorbell, in the order of raising. */
static bool see_msi_write(struct observer *observer, const struct trace_event *event)
{
	if (event->kind != TRACE_DMA_WRITE || event->arg[3] != observer->doorbell_pa ||
	    observer->msis_translated == observer->msis.count)
		return false;
	observer->msis.item[observer->msis_translated].iova = event->arg[2];
	observer->msis.item[observer->msis_translated++].pa = event->arg[3];
	return true;
}

static void see_of_stream(struct observer *observer, const struct trace_event *event)
{
	const uint64_t *arg = event->arg;

	switch (event->kind) {
	case TRACE_DMA_READ:
	case TRACE_DMA_WRITE:
		if (!see_msi_write(observer, event))
			SEE(observer, &observer->dma,
			    (struct seen_dma){.iova = arg[2],
					      .pa = arg[3],
					      .len = arg[4],
					      .write = event->kind == TRACE_DMA_WRITE});
		break;
	case TRACE_DMA_FAULT:
		SEE(observer, &observer->faults,
		    (struct seen_fault){
			    .iova = arg[2], .write = arg[3], .len = arg[4], .event = arg[5]});
		break;
	case TRACE_SMMU_STE:
		observer->l1std_pa = arg[1];
		observer->l1std = arg[2];
		observer->ste_pa = arg[3];
		break;
	case TRACE_SMMU_CD:
		observer->cd_pa = arg[2];
		break;
	case TRACE_WALK_TABLES:
		see_walk(observer, event);
		break;
	case TRACE_MSI_DELIVERED:
		if (observer->msis_delivered < observer->msis_translated)
			observer->msis.item[observer->msis_delivered++].data = arg[1];
		break;
	default:
		break;
	}
}

/* Events whose first argument is no stream. */
static void see_other(struct observer *observer, const struct trace_event *event)
{
	const uint64_t *arg = event->arg;
	struct seen_command command;

	switch (event->kind) {
	case TRACE_SMMU_COMMAND:
		memcpy(command.word, event->data, sizeof(command.word));
		SEE(observer, &observer->commands, command);
		break;
	case TRACE_MSIX_RAISED:
		if (arg[0] == observer->rid)
			SEE(observer, &observer->msis, (struct seen_msi){.vector = arg[1]});
		break;
	case TRACE_MAILBOX_REQUEST:
		SEE(observer, &observer->requests,
		    (struct seen_message){.opcode = arg[1], .len = arg[2]});
		break;
	case TRACE_MAILBOX_REPLY:
		SEE(observer, &observer->replies,
		    (struct seen_message){
			    .opcode = arg[1], .status = (int64_t)arg[2], .len = arg[3]});
		break;
	default:
		break;
	}
}

void observer_event(void *ctx, const struct trace_event *event)
{
	struct observer *observer = ctx;

	switch (event->kind) {
	case TRACE_SMMU_COMMAND:
	case TRACE_MSIX_RAISED:
	case TRACE_MAILBOX_REQUEST:
	case TRACE_MAILBOX_REPLY:
		see_other(observer, event);
		break;
	default:
		if (event->arg[0] == observer->stream)
			see_of_stream(observer, event);
	}
}

#define FORGET(list) ((list)->count = (list)->taken = 0)

void observer_begin(struct observer *observer)
{
	FORGET(&observer->dma);
	FORGET(&observer->commands);
	FORGET(&observer->requests);
	FORGET(&observer->replies);
	FORGET(&observer->faults);
}

void observer_fini(struct observer *observer)
{
	free(observer->dma.item);
	free(observer->commands.item);
	free(observer->requests.item);
	free(observer->replies.item);
	free(observer->faults.item);
	free(observer->msis.item);
	free(observer->walk);
}
