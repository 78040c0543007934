/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_AER_H
#define VFSIM_MODEL_PCIE_AER_H

/*
 * Advanced Error Reporting (PCI Express Base Specification, 6.2 and 7.8.4):
 * who detects an error tells it here; registers log it, and what comes back is
 * the message that the detecting function owes the root port.
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pcie_function;
struct pcie_bridge;
struct pcie_root_port;

enum pcie_error_kind {
	PCIE_ERROR_POISONED,
	PCIE_ERROR_COMPLETION_TIMEOUT,
	PCIE_ERROR_COMPLETER_ABORT,
	PCIE_ERROR_UNEXPECTED_COMPLETION,
	PCIE_ERROR_MALFORMED,
	PCIE_ERROR_UNSUPPORTED_REQUEST,
	PCIE_ERROR_ACS_VIOLATION, /* this and the next of a port above a link */
	PCIE_ERROR_SURPRISE_DOWN,
	PCIE_ERROR_DATA_LINK, /* the link's errors: of the PF, never of a VF */
	PCIE_ERROR_RECEIVER_OVERFLOW,
	PCIE_ERROR_BAD_TLP,
	PCIE_ERROR_REPLAY_TIMEOUT,
	PCIE_ERRORS,
};

enum pcie_error_message {
	PCIE_ERR_NONE, /* masked, or reporting is off */
	PCIE_ERR_COR,
	PCIE_ERR_NONFATAL,
	PCIE_ERR_FATAL,
};

struct pcie_error {
	enum pcie_error_kind kind;
	/* One of the cases of 6.2.3.2.4, such as a UR completion: non-fatal is then advisory. */
	bool advisory;
	uint32_t
		header[4]; /* of the TLP, first double word first; logged where the kind logs one */
};

/*
 * Log an error that the function detected. A VF's masks, severities and
 * enables are its PF's (9.4.2). The message, if any, is the caller's to send.
 */
enum pcie_error_message pcie_aer_log(struct pcie_function *fn, const struct pcie_error *error);

/*
 * The same of a root port or a switch's port: an error that it detected itself.
 * pcie_bridge_detected does what is to be done with the message.
 */
enum pcie_error_message pcie_bridge_aer_log(struct pcie_bridge *bridge,
					    const struct pcie_error *error);

struct tlp;

/* The first double words of a TLP's header as the header log holds them (2.2.1). */
void pcie_tlp_header(const struct tlp *tlp, uint32_t header[4]);
/* The same of the TLP's completion from the root port. */
void pcie_completion_header(const struct tlp *tlp, uint32_t header[4]);

/*
 * Log an error in a TLP that the function was sent, and send the message that is
 * due. `tlp`: a request for the function, or one of its own that a completion
 * came for, whose header is then logged. NULL: no header.
 */
void pcie_function_error(struct pcie_function *fn, enum pcie_error_kind kind, bool advisory,
			 const struct tlp *tlp);

/*
 * Root port: a message has arrived from `rid` (6.2.4.1.2). True: software wants
 * an interrupt for it.
 */
bool pcie_root_port_error(struct pcie_root_port *port, uint16_t rid,
			  enum pcie_error_message message);

/*
 * Root port: does this message trigger Downstream Port Containment (6.2.11)? It
 * is then logged in DPC Status, and the caller takes the link down. False while
 * one is triggered already.
 */
bool pcie_root_port_dpc(struct pcie_root_port *port, uint16_t rid, enum pcie_error_message message);

#ifdef __cplusplus
}
#endif
#endif
