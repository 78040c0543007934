/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_ORDERING_H
#define VFSIM_MODEL_PCIE_ORDERING_H

/*
 * Which TLP may pass which (PCI Express Base Specification, 2.4.1 and its table of
 * ordering rules, table 2-40; from memory), and a receiver's queue in which they do.
 *
 *	second \ first     posted     read       non-posted  completion
 *	                                         with data
 *	posted             no (a)     must       must        may
 *	read               no (b)     may        may         may
 *	non-posted w. data no (a)     may        may         may
 *	completion         no (c)     must       must        may, of one request no
 *
 *	a  may with Relaxed Ordering; with ID-Based Ordering, when the requesters or
 *	   their PASIDs differ
 *	b  may with ID-Based Ordering in the same way; Relaxed Ordering says nothing
 *	c  may with Relaxed Ordering; with ID-Based Ordering, when its completer is not
 *	   the posted request's requester; may if it completes a configuration write
 *
 * "Must" is what keeps devices from waiting for each other in a circle: what is
 * stuck behind a receiver without room must not hold it up.
 */

#include "model/pcie/tlp.h"

#ifdef __cplusplus
extern "C" {
#endif

enum pcie_order_class { PCIE_POSTED, PCIE_READ, PCIE_NON_POSTED_DATA, PCIE_COMPLETION };
#define PCIE_ORDER_CLASSES 4u

enum pcie_passing { PCIE_PASS_NOT, PCIE_PASS_MAY, PCIE_PASS_MUST };

/* What ordering goes by. */
struct pcie_ordered {
	enum pcie_order_class order_class;
	bool relaxed, id_ordered; /* attributes RO and IDO */
	bool of_write;            /* a completion: of a configuration write */
	bool pasid_valid;
	uint16_t requester_id;
	uint16_t completer_id; /* of a completion */
	uint32_t pasid;
	const void *transaction; /* a completion's: the same of one request */
};

/* A request that travels or, with `completing`, its completion. */
struct pcie_ordered pcie_ordered_of(const struct tlp *tlp, bool completing);

enum pcie_passing pcie_passing_rule(const struct pcie_ordered *second,
				    const struct pcie_ordered *first);

/*
 * What has been sent to a receiver and not been taken by it, in the order in which
 * it was sent. `freely`: whatever may pass does; else only what must, and only what
 * is stuck. TLPs belong to the queue from add to next, their `next` too.
 */
struct pcie_order_queue {
	struct tlp *head, **tail;
	bool freely;
	uint8_t stuck; /* bit for each class that the receiver has no room for */
};

void pcie_order_init(struct pcie_order_queue *queue, bool freely);
void pcie_order_add(struct pcie_order_queue *queue, struct tlp *tlp);
void pcie_order_remove(struct pcie_order_queue *queue, struct tlp *tlp);
/* Take the first that has arrived and can be taken; NULL: none. */
struct tlp *pcie_order_next(struct pcie_order_queue *queue);

#ifdef __cplusplus
}
#endif
#endif
