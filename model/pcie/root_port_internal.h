/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_ROOT_PORT_INTERNAL_H
#define VFSIM_MODEL_PCIE_ROOT_PORT_INTERNAL_H

#include "model/pcie/capability_internal.h"
#include "model/pcie/root_port.h"

/*
 * Posted writes handed upward since the last waiting completion and not yet
 * performed. A completion that arrives closes the open group and waits until
 * its own and all earlier groups are empty. With more of them than groups the
 * oldest group opens again, and who waits for it waits for later writes too.
 */
struct posted_group {
	struct pcie_root_port *port;
	uint32_t left;
};

/* A CPU access on its way down and back. */
struct cpu_access {
	struct tlp tlp;
	struct pcie_root_port *port;
	struct bus_req *req;
	struct cpu_access *next; /* free */
};

/* One of the two bus ports; a request that waits for a cpu_access remembers which. */
struct root_port_door {
	struct pcie_root_port *port;
	bool config;
};

/* A message on its way down (root_port_ats.c). */
#define ROOT_PORT_MESSAGES 256u

struct root_port_message {
	struct tlp tlp;
	struct pcie_root_port *port;
	uint32_t stream;
	struct root_port_message *next;
};

struct pcie_root_port {
	struct pcie_root_port_cfg cfg;
	struct pcie_root_port_env env;
	struct tlp_port egress;
	struct root_port_door ecam, mmio;

	/* The bridge's own configuration space, and what of it decides about traffic. */
	struct regs config;
	struct config_layout layout;
	bool memory_enable, bus_master, ari_forwarding;
	bool forwards_errors; /* SERR# Enable of Bridge Control */
	bool judges;          /* Access Control says more than who may send */
	uint8_t bus_span;     /* buses beyond `secondary` that may */
	bool contained;       /* DPC has triggered */
	bool shut;            /* for that or another reason: nothing passes */
	bool present;         /* a device is there */
	bool link_up;         /* as link and device were told */
	bool fell;            /* the link is to go down, if it is to be up again too */
	struct event link_event;
	enum tlp_status contained_status; /* DPC Completion Control */
	bool asserted;                    /* INTA */
	uint32_t acs;                     /* Access Control, ACS_* */
	bool ido_completions;             /* Device Control 2 */
	uint16_t max_payload;             /* Device Control */
	uint16_t completion_boundary;     /* Link Control */
	uint8_t secondary, subordinate;
	struct {
		uint64_t base, last; /* base > last: closed */
	} window[2];

	struct cpu_access *access;
	struct cpu_access *free;
	struct bus_req *starved_head, **starved_tail; /* waiting for a cpu_access */
	bool config_write;                            /* under way: nothing follows it */
	/* Completions behind posted writes; each one's owner is the last group it waits for. */
	struct tlp *held_head, **held_tail;
	struct posted_group *group; /* ring of cfg.requests + 1 */
	uint32_t open_group;
	uint32_t posted;    /* in all groups */
	uint32_t under_way; /* requests of both directions */

	struct root_port_message *message; /* NULL without ATS */
	struct root_port_message *free_message;
};

/* root_port_ats.c. -ENOMEM. */
int pcie_root_port_ats_init(struct pcie_root_port *port);
/* A message of a device. False: none. */
bool pcie_root_port_ats_takes(struct pcie_root_port *port, struct tlp *tlp);
/* The stream ID of a requester ID. */
uint32_t pcie_root_port_stream(const struct pcie_root_port *port, uint16_t rid);

/* Make the type 1 configuration space as firmware leaves it. -ENOMEM. */
int pcie_root_port_config_init(struct pcie_root_port *port);
/* Take from the registers what traffic is judged by. */
void pcie_root_port_config_changed(struct pcie_root_port *port);
void pcie_root_port_config_fini(struct pcie_root_port *port);

/* root_port_error.c */
/* An error message of a device. False: none. */
bool pcie_root_port_error_takes(struct pcie_root_port *port, struct tlp *tlp);
/* An error that the port itself detected: logged, and containment or Root Error Status. */
struct pcie_error;
void pcie_root_port_detected(struct pcie_root_port *port, const struct pcie_error *error);
/* root_port_link.c */
void pcie_root_port_link_init(struct pcie_root_port *port);
/* The port is shut or is not any more. */
void pcie_root_port_link_changed(struct pcie_root_port *port);
/* Data Link Layer Link Active of Link Status. */
void pcie_root_port_link_active(struct pcie_root_port *port, bool up);
/* INTA as status and enables now say. */
void pcie_root_port_interrupt(struct pcie_root_port *port);
/* root_port.c: the event after which a TLP from the device ends. */
void pcie_root_port_end(struct pcie_root_port *port, struct tlp *tlp);

/* root_port_acs.c: a request that access control refuses or turns around. False: it goes up. */
bool pcie_root_port_acs_takes(struct pcie_root_port *port, struct tlp *tlp);

/* Does an address lie in one of the windows that it forwards downward? */
static inline bool pcie_root_port_claims(const struct pcie_root_port *port, uint64_t addr,
					 uint32_t len_bytes)
{
	for (uint32_t w = 0; port->memory_enable && w < ARRAY_LEN(port->window); w++)
		if (addr >= port->window[w].base && addr + len_bytes - 1 <= port->window[w].last)
			return true;
	return false;
}

/* Nothing that Access Control has anything to say about: most of what comes up. */
static inline bool pcie_root_port_acs_ordinary(const struct pcie_root_port *port,
					       const struct tlp *tlp)
{
	return !port->judges &&
	       (uint8_t)((tlp->requester_id >> 8) - port->secondary) <= port->bus_span;
}

void pcie_root_port_secondary(struct pcie_root_port *port, uint64_t status_bits);
/* Secondary Status: Received Master Abort or Received Target Abort. */
void pcie_root_port_config_note(struct pcie_root_port *port, enum tlp_status status);

#endif
