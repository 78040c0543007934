/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_BRIDGE_INTERNAL_H
#define VFSIM_MODEL_PCIE_BRIDGE_INTERNAL_H

/*
 * What a root port and the ports of a switch have in common: a type 1
 * configuration space (7.5.1.3), what of it decides about traffic, Access Control,
 * errors and containment, and the link below a downstream port.
 */

#include "model/pcie/aer.h"
#include "model/pcie/capability_internal.h"
#include "model/pcie/tlp.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pcie_bridge;

/* What its owner adds; each may be NULL. */
struct pcie_bridge_ops {
	/* A register that decides about traffic or interrupts was written. */
	void (*changed)(struct pcie_bridge *bridge);
	/* The message of an error that the bridge itself detected, and that is not contained. */
	void (*report)(struct pcie_bridge *bridge, enum pcie_error_message message);
	/* The link below goes down or is up again: from an event of its own. */
	void (*link)(struct pcie_bridge *bridge, bool up);
};

struct pcie_bridge {
	struct sim_part part;
	const struct pcie_bridge_ops *ops;
	struct regs config;
	struct config_layout layout;
	uint16_t rid; /* its own */
	bool memory_enable, bus_master, ari_forwarding;
	bool serr;            /* SERR# Enable of Command */
	bool forwards_errors; /* SERR# Enable of Bridge Control */
	bool judges;          /* Access Control says more than who may send */
	uint8_t bus_span;     /* buses beyond `secondary` that may */
	bool contained;       /* DPC has triggered */
	bool bus_reset;       /* Secondary Bus Reset */
	bool held;            /* in reset by the port above it */
	bool shut;            /* for one of these or another reason: nothing passes */
	bool present;         /* a device is there */
	bool link_up;         /* as link and device were told */
	bool fell;            /* the link is to go down, if it is to be up again too */
	struct event link_event;
	enum tlp_status contained_status; /* DPC Completion Control */
	uint32_t acs;                     /* Access Control, ACS_* */
	uint32_t egress_control;          /* Egress Control Vector: bit for each port */
	bool ido_completions;             /* Device Control 2 */
	uint16_t max_payload;             /* Device Control */
	uint16_t completion_boundary;     /* Link Control */
	uint8_t secondary, subordinate;
	struct {
		uint64_t base, last; /* base > last: closed */
	} window[2];
};

/* bridge.c: registers of one kind. What the owner presets it does between build and init. */
void pcie_bridge_build(struct pcie_bridge *bridge, enum pcie_kind kind);
void pcie_bridge_preset(struct pcie_bridge *bridge, uint32_t offset, uint64_t value);
int pcie_bridge_init(struct pcie_bridge *bridge); /* -ENOMEM */
void pcie_bridge_fini(struct pcie_bridge *bridge);
/* A conventional reset of its registers: hot or cold. */
void pcie_bridge_reset(struct pcie_bridge *bridge, bool cold);
/* The double word at an offset; 0 where this kind has none. */
uint64_t pcie_bridge_get(const struct pcie_bridge *bridge, uint32_t offset);
void pcie_bridge_set(struct pcie_bridge *bridge, uint32_t offset, uint64_t value);
/* Take from the registers what traffic is judged by. */
void pcie_bridge_config_changed(struct pcie_bridge *bridge);
/* Set bits of Secondary Status. */
void pcie_bridge_secondary(struct pcie_bridge *bridge, uint64_t status_bits);
/* Secondary Status: Received Master Abort or Received Target Abort. */
void pcie_bridge_note(struct pcie_bridge *bridge, enum tlp_status status);
/* Data Link Layer Link Active of Link Status. */
void pcie_bridge_link_active(struct pcie_bridge *bridge, bool up);

/* bridge_link.c: the port is shut or is not any more. */
void pcie_bridge_link_init(struct pcie_bridge *bridge);
void pcie_bridge_link_changed(struct pcie_bridge *bridge);
void pcie_bridge_presence(struct pcie_bridge *bridge, bool present);

/* bridge_error.c */
/* An error that the port itself detected: logged, and containment or ops->report. */
void pcie_bridge_detected(struct pcie_bridge *bridge, const struct pcie_error *error);
/* Does the message trigger containment (6.2.11)? It is logged in DPC Status then. */
bool pcie_bridge_dpc(struct pcie_bridge *bridge, uint16_t rid, enum pcie_error_message message);
/* An error message has come from below. True: it goes on. */
bool pcie_bridge_forwards_error(struct pcie_bridge *bridge, const struct tlp *tlp);

/* bridge_acs.c: Access Control of a request or completion that came from below. */
enum pcie_acs_way { PCIE_ACS_DIRECT, PCIE_ACS_UP, PCIE_ACS_BLOCK };

/* Source Validation, Translation Blocking. */
bool pcie_acs_violates(const struct pcie_bridge *bridge, const struct tlp *tlp);
/*
 * The way of a memory request to a peer. `controlled`: the egress port's bit of the
 * Egress Control Vector is set.
 */
enum pcie_acs_way pcie_acs_peer(const struct pcie_bridge *bridge, const struct tlp *tlp,
				bool controlled);
/* Does a read's completion to a peer go up instead? */
bool pcie_acs_completion_redirected(const struct pcie_bridge *bridge, const struct tlp *tlp);
/* Log a violation; the TLP's status says Completer Abort, and its end is the caller's. */
void pcie_acs_violation(struct pcie_bridge *bridge, struct tlp *tlp);

/* Does an address lie in one of the windows that it forwards downward? */
static inline bool pcie_bridge_claims(const struct pcie_bridge *bridge, uint64_t addr,
				      uint32_t len_bytes)
{
	for (uint32_t w = 0; bridge->memory_enable && w < ARRAY_LEN(bridge->window); w++)
		if (addr >= bridge->window[w].base &&
		    addr + len_bytes - 1 <= bridge->window[w].last)
			return true;
	return false;
}

/* Is a bus behind it? */
static inline bool pcie_bridge_has_bus(const struct pcie_bridge *bridge, uint32_t bus)
{
	return bridge->secondary && bus >= bridge->secondary && bus <= bridge->subordinate;
}

/* Nothing that Access Control has anything to say about: most of what comes up. */
static inline bool pcie_bridge_acs_ordinary(const struct pcie_bridge *bridge, const struct tlp *tlp)
{
	return !bridge->judges &&
	       (uint8_t)((tlp->requester_id >> 8) - bridge->secondary) <= bridge->bus_span;
}

#ifdef __cplusplus
}
#endif
#endif
