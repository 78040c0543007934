/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pcie/ordering.h"

#include "base/bits.h"

struct pcie_ordered pcie_ordered_of(const struct tlp *tlp, bool completing)
{
	struct pcie_ordered ordered = {
		.relaxed = tlp->relaxed,
		.id_ordered = tlp->id_ordered,
		.pasid_valid = tlp->pasid_valid && !completing,
		.requester_id = tlp->requester_id,
		.pasid = tlp->pasid,
	};

	if (completing) {
		ordered.order_class = PCIE_COMPLETION;
		ordered.of_write = tlp->type == TLP_CFGWR;
		ordered.completer_id = tlp->completer_id;
		ordered.transaction = tlp;
	} else if (tlp_is_posted(tlp)) {
		ordered.order_class = PCIE_POSTED;
	} else {
		ordered.order_class = tlp->type == TLP_CFGWR ? PCIE_NON_POSTED_DATA : PCIE_READ;
	}
	return ordered;
}

/* The table without its attributes: rows are second, columns first. */
static const uint8_t rules[PCIE_ORDER_CLASSES][PCIE_ORDER_CLASSES] = {
	[PCIE_POSTED] = {PCIE_PASS_NOT, PCIE_PASS_MUST, PCIE_PASS_MUST, PCIE_PASS_MAY},
	[PCIE_READ] = {PCIE_PASS_NOT, PCIE_PASS_MAY, PCIE_PASS_MAY, PCIE_PASS_MAY},
	[PCIE_NON_POSTED_DATA] = {PCIE_PASS_NOT, PCIE_PASS_MAY, PCIE_PASS_MAY, PCIE_PASS_MAY},
	[PCIE_COMPLETION] = {PCIE_PASS_NOT, PCIE_PASS_MUST, PCIE_PASS_MUST, PCIE_PASS_MAY},
};

/* ID-Based Ordering: do the two come from streams that have nothing to do with each other? */
static bool unrelated(const struct pcie_ordered *second, const struct pcie_ordered *posted)
{
	if (second->order_class == PCIE_COMPLETION)
		return second->completer_id != posted->requester_id;
	if (second->requester_id != posted->requester_id)
		return true;
	return second->pasid_valid && posted->pasid_valid && second->pasid != posted->pasid;
}

static bool passes_posted(const struct pcie_ordered *second, const struct pcie_ordered *posted)
{
	return (second->relaxed && second->order_class != PCIE_READ) || second->of_write ||
	       (second->id_ordered && unrelated(second, posted));
}

enum pcie_passing pcie_passing_rule(const struct pcie_ordered *second,
				    const struct pcie_ordered *first)
{
	if (first->order_class == PCIE_POSTED)
		return passes_posted(second, first) ? PCIE_PASS_MAY : PCIE_PASS_NOT;
	if (first->order_class == PCIE_COMPLETION && second->order_class == PCIE_COMPLETION &&
	    first->transaction == second->transaction)
		return PCIE_PASS_NOT;
	return (enum pcie_passing)rules[second->order_class][first->order_class];
}

void pcie_order_init(struct pcie_order_queue *queue, bool freely)
{
	*queue = (struct pcie_order_queue){.freely = freely};
	queue->tail = &queue->head;
}

void pcie_order_add(struct pcie_order_queue *queue, struct tlp *tlp)
{
	tlp->next = NULL;
	*queue->tail = tlp;
	queue->tail = &tlp->next;
}

static void unlink_at(struct pcie_order_queue *queue, struct tlp **at)
{
	struct tlp *tlp = *at;

	*at = tlp->next;
	if (queue->tail == &tlp->next)
		queue->tail = at;
}

void pcie_order_remove(struct pcie_order_queue *queue, struct tlp *tlp)
{
	struct tlp **at = &queue->head;

	while (*at != tlp)
		at = &(*at)->next;
	unlink_at(queue, at);
}

/* May it pass all that was sent before it and is still there? */
static bool is_next(const struct pcie_order_queue *queue, const struct tlp *tlp)
{
	enum pcie_passing least = queue->freely ? PCIE_PASS_MAY : PCIE_PASS_MUST;
	struct pcie_ordered second = pcie_ordered_of(tlp, tlp->completing);

	if (!tlp->arrived || queue->stuck & BIT(second.order_class))
		return false;
	for (const struct tlp *before = queue->head; before != tlp; before = before->next) {
		struct pcie_ordered first = pcie_ordered_of(before, before->completing);

		if (pcie_passing_rule(&second, &first) < least)
			return false;
	}
	return true;
}

struct tlp *pcie_order_next(struct pcie_order_queue *queue)
{
	for (struct tlp **at = &queue->head; *at; at = &(*at)->next) {
		struct tlp *tlp = *at;

		if (!is_next(queue, tlp))
			continue;
		unlink_at(queue, at);
		return tlp;
	}
	return NULL;
}
