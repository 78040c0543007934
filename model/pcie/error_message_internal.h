/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_ERROR_MESSAGE_INTERNAL_H
#define VFSIM_MODEL_PCIE_ERROR_MESSAGE_INTERNAL_H

#include "model/pcie/aer.h"
#include "model/pcie/tlp.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Error messages on their way to the root port. There is one for each class: the
 * root port only tells one from several, so while one is under way all that
 * follow are one more.
 */
#define ERROR_CLASSES 3u

struct pcie_error_messages {
	struct error_message {
		struct tlp tlp;
		struct pcie_error_messages *of;
		bool busy;
		bool again;
	} message[ERROR_CLASSES]; /* by enum pcie_error_message less 1 */
	struct tlp_port egress;
	uint32_t *under_way; /* counts them */
	uint16_t rid;        /* who tells of them */
};

/* Send what is due; none is nothing to do. `egress` is copied. */
void pcie_error_messages_send(struct pcie_error_messages *messages, const struct tlp_port *egress,
			      uint32_t *under_way, uint16_t rid, enum pcie_error_message due);

#ifdef __cplusplus
}
#endif
#endif
