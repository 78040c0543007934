/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order within a stream: posted writes leave in the order in which they came,
 * and nothing non-posted leaves before the posted writes that came before it
 * (PCI Express 5.0, 2.4.1; IHI 0070, 3.12 leaves it to the interconnect).
 *
 * Writes to memory are observed in the order in which they are sent. A write to
 * another target (a doorbell) is not ordered with them by anyone downstream: so
 * one to Device memory waits until the posted writes before it are done, and an
 * MSI comes after the data that it announces.
 *
 * A stream with transactions in flight has a queue of its posted writes. The
 * one at the head may leave when it is translated. A ready read is held by the
 * last posted write before it. Everything is O(1) for each transaction.
 *
 * A posted write that stalls keeps its place, and what is ready behind it is
 * parked: it waits for software too, so no CMD_SYNC may wait for it, and what it
 * was translated with may be gone when it leaves. It starts over then.
 */
#include "iommu/smmu_internal.h"

#include <errno.h>
#include <stdlib.h>

static struct stream_order **find_bucket(struct smmu *smmu, uint32_t stream)
{
	uint32_t hash = (uint32_t)(stream * UINT64_C(0x9e3779b97f4a7c15) >> 32);

	return &smmu->order_bucket[hash & smmu->order_mask];
}

static struct stream_order *find_stream(struct smmu *smmu, uint32_t stream)
{
	struct stream_order **bucket = find_bucket(smmu, stream);
	struct stream_order *order = *bucket;

	while (order && order->stream != stream)
		order = order->next;
	if (order)
		return order;
	order = smmu->order_free; /* one for each transaction: never empty here */
	smmu->order_free = order->next;
	*order = (struct stream_order){.stream = stream, .next = *bucket};
	*bucket = order;
	return order;
}

void smmu_order_enter(struct transaction *txn)
{
	struct stream_order *order = find_stream(txn->smmu, txn->req->attr.stream_id);

	txn->order = order;
	txn->held = NULL;
	txn->next_posted = NULL;
	txn->parked = false;
	order->users++;
	if (!txn->posted) {
		txn->after = order->arrived;
		txn->behind = order->tail;
		return;
	}
	order->arrived++;
	if (order->tail)
		order->tail->next_posted = txn;
	else
		order->head = txn;
	order->tail = txn;
}

static void park(struct transaction *txn)
{
	if (txn->parked || txn->state == TXN_BUSY || txn->state == TXN_STALLED)
		return;
	txn->parked = true;
	smmu_txn_uncount(txn);
}

/* Nothing stalled stands before it any more. False: it starts over. */
static bool unpark(struct transaction *txn)
{
	txn->parked = false;
	smmu_txn_count(txn);
	if (!txn->doomed)
		smmu_txn_again(txn);
	return txn->doomed;
}

/* Go, now that nothing stands before it. False: it, or its dirty state, must be looked at first. */
static bool depart(struct transaction *txn)
{
	if (txn->parked && !unpark(txn))
		return false;
	if (txn->state == TXN_FAULTED) {
		smmu_txn_terminate(txn);
		return true;
	}
	if (txn->state == TXN_LOOKED && txn->looked_ps != smmu_now(txn->smmu)) {
		txn->state = TXN_BUSY;
		smmu_httu_look(txn);
		return false;
	}
	smmu_txn_forward(txn);
	return true;
}

static void release_held(struct transaction *txn)
{
	struct transaction *held = txn->held;

	txn->held = NULL;
	while (held) {
		struct transaction *next = held->next;

		depart(held);
		held = next;
	}
}

/* What passes untranslated says nothing of its target: where it goes does. */
static bool to_device(const struct transaction *txn)
{
	const struct smmu_cfg *cfg = &txn->smmu->cfg;

	return mem_is_device(txn->memory) ||
	       (!txn->stages && txn->req->addr - cfg->doorbell_pa < cfg->doorbell_bytes);
}

static bool may_leave(const struct transaction *txn)
{
	if (txn->state == TXN_BUSY || txn->state == TXN_STALLED)
		return false;
	return txn->state == TXN_FAULTED || !to_device(txn) ||
	       txn->order->ended == txn->order->left;
}

/* Let posted writes leave as far as they are ready. */
static void advance(struct stream_order *order)
{
	struct transaction *txn;

	while ((txn = order->head) && may_leave(txn)) {
		if (!depart(txn))
			return;
		order->head = txn->next_posted;
		if (!order->head)
			order->tail = NULL;
		order->left++;
		release_held(txn);
	}
}

static void hold(struct transaction *txn)
{
	struct transaction *behind = txn->behind;

	txn->next = NULL;
	if (behind->held)
		behind->held_tail->next = txn;
	else
		behind->held = txn;
	behind->held_tail = txn;
}

/* Is a posted write stalled, of those from the head up to but without `end`? */
static bool is_blocked(const struct stream_order *order, const struct transaction *end)
{
	const struct transaction *txn = order->stalled ? order->head : end;

	while (txn != end && txn->state != TXN_STALLED)
		txn = txn->next_posted;
	return txn != end;
}

static void release_posted(struct transaction *txn)
{
	if (is_blocked(txn->order, txn))
		park(txn);
	else
		advance(txn->order);
}

void smmu_order_release(struct transaction *txn)
{
	if (txn->posted) {
		release_posted(txn);
	} else if (txn->state == TXN_FAULTED || txn->order->left >= txn->after) {
		depart(txn);
	} else {
		hold(txn);
		if (is_blocked(txn->order, txn->behind->next_posted))
			park(txn);
	}
}

static void park_held(const struct transaction *txn)
{
	for (struct transaction *held = txn->held; held; held = held->next)
		park(held);
}

void smmu_order_stall(struct transaction *txn)
{
	if (!txn->posted)
		return;
	txn->order->stalled++;
	park_held(txn);
	for (struct transaction *later = txn->next_posted; later; later = later->next_posted) {
		park(later);
		park_held(later);
	}
}

void smmu_order_resume(struct transaction *txn)
{
	if (txn->posted)
		txn->order->stalled--;
}

void smmu_order_exit(struct transaction *txn)
{
	struct smmu *smmu = txn->smmu;
	struct stream_order *order = txn->order;
	struct stream_order **link;

	if (txn->posted && ++order->ended == order->left)
		advance(order);
	if (--order->users)
		return;
	link = find_bucket(smmu, order->stream);
	while (*link != order)
		link = &(*link)->next;
	*link = order->next;
	order->next = smmu->order_free;
	smmu->order_free = order;
}

int smmu_order_init(struct smmu *smmu)
{
	uint32_t count = smmu->cfg.max_transactions, buckets = 1;

	while (buckets < count)
		buckets *= 2;
	smmu->order_mask = buckets - 1;
	smmu->order_bucket = calloc(buckets, sizeof(struct stream_order *));
	smmu->order_pool = calloc(count, sizeof(struct stream_order));
	if (!smmu->order_bucket || !smmu->order_pool)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		smmu->order_pool[i].next = smmu->order_free;
		smmu->order_free = &smmu->order_pool[i];
	}
	return 0;
}

void smmu_order_fini(struct smmu *smmu)
{
	free(smmu->order_bucket);
	free(smmu->order_pool);
}
