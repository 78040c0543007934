/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_SWITCH_INTERNAL_H
#define VFSIM_MODEL_PCIE_SWITCH_INTERNAL_H

#include "base/rng.h"
#include "model/pcie/bridge_internal.h"
#include "model/pcie/error_message_internal.h"
#include "model/pcie/switch.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pcie_switch_port {
	struct pcie_bridge bridge;
	struct pcie_switch *sw;
	uint32_t number; /* of a downstream port its device on the inner bus */
	struct tlp_port egress;
	struct pcie_order_queue queue; /* what leaves by this port */
	struct pcie_error_messages error;
};

struct pcie_switch {
	struct pcie_switch_cfg cfg;
	struct pcie_switch_env env;
	struct pcie_switch_port port[PCIE_SWITCH_PORTS + 1]; /* the last is the upstream port */
	uint32_t in_flight;
	uint32_t messages; /* errors of the ports on their way */
	struct rng rng;    /* with cfg.reorder_ps */
	bool bus_reset;    /* of the upstream port, as the others know it */
};

static inline struct pcie_switch_port *pcie_switch_upstream(struct pcie_switch *sw)
{
	return &sw->port[PCIE_SWITCH_UPSTREAM];
}

/* ---- switch_route.c: where a TLP has to go, and nothing done about it ---- */

enum pcie_route_kind {
	PCIE_ROUTE_TO,        /* out by `port` */
	PCIE_ROUTE_OWN,       /* a configuration request of `port` itself */
	PCIE_ROUTE_REFUSED,   /* an Unsupported Request that `port` detected */
	PCIE_ROUTE_VIOLATION, /* of Access Control of `port` */
	PCIE_ROUTE_DOWN,      /* the link below `port` is down */
	PCIE_ROUTE_CONSUMED,  /* an error message that goes no further */
	PCIE_ROUTE_UNEXPECTED /* a completion that nobody waits for, as `port` sees it */
};

struct pcie_route {
	enum pcie_route_kind kind;
	struct pcie_switch_port *port;
};

/* A request that came down to the upstream port. A Type 1 request may have to become Type 0. */
struct pcie_route pcie_switch_route_down(struct pcie_switch *sw, const struct tlp *tlp);
/* A request that came up to a downstream port. */
struct pcie_route pcie_switch_route_up(struct pcie_switch_port *from, const struct tlp *tlp);
/* A completion that came to a port. */
struct pcie_route pcie_switch_route_completion(struct pcie_switch_port *from,
					       const struct tlp *tlp);
/* Do the ports' error enables let a message of a port below the upstream one out? */
bool pcie_switch_message_passes(const struct pcie_bridge *bridge, enum pcie_error_message message);

/* ---- switch_forward.c ---- */

/* Through the switch and out by a port. `answer`: a request that ended here. */
void pcie_switch_forward(struct pcie_switch_port *to, struct tlp *tlp, bool completing,
			 bool answer);
/* A request ends here with the status that it has; `from` is where it came in. */
void pcie_switch_end(struct pcie_switch_port *from, struct tlp *tlp);
/* It ends as lost. */
void pcie_switch_lose(struct pcie_switch *sw, struct tlp *tlp);
/* What waits to leave by a port is lost with its link. */
void pcie_switch_lose_queue(struct pcie_switch_port *port);

#ifdef __cplusplus
}
#endif
#endif
