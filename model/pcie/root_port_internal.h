/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_ROOT_PORT_INTERNAL_H
#define VFSIM_MODEL_PCIE_ROOT_PORT_INTERNAL_H

#include "model/pcie/bridge_internal.h"
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

	struct pcie_bridge bridge;
	bool asserted; /* INTA */

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

/* root_port_config.c: make the type 1 configuration space as firmware leaves it. -ENOMEM. */
int pcie_root_port_config_init(struct pcie_root_port *port);

/* root_port_error.c */
/* An error message of a device. False: none. */
bool pcie_root_port_error_takes(struct pcie_root_port *port, struct tlp *tlp);
/* INTA as status and enables now say. */
void pcie_root_port_interrupt(struct pcie_root_port *port);
/* root_port.c: the event after which a TLP from the device ends. */
void pcie_root_port_end(struct pcie_root_port *port, struct tlp *tlp);

/* root_port_acs.c: a request that access control refuses or turns around. False: it goes up. */
bool pcie_root_port_acs_takes(struct pcie_root_port *port, struct tlp *tlp);

#endif
