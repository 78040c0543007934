/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pcie/switch.h"

#include <stdlib.h>
#include <string.h>

#include "model/pcie/split.h"
#include "model/pcie/switch_internal.h"

#define MAX_PAYLOAD 256u

/* ---- what comes in ---- */

/* Its own configuration space; a write tells a port its bus and device (2.2.6.2). */
static void access_config(struct pcie_switch_port *port, struct tlp *tlp)
{
	struct pcie_error error = {.kind = PCIE_ERROR_POISONED, .advisory = true};
	uint64_t value = 0;

	tlp->status = TLP_SC;
	if (tlp->poisoned) {
		tlp->status = TLP_UR;
		pcie_tlp_header(tlp, error.header);
		pcie_bridge_detected(&port->bridge, &error);
	} else if (tlp->type == TLP_CFGRD) {
		regs_read(&port->bridge.config, (uint32_t)tlp->addr, tlp->len_bytes, &value);
		memcpy(tlp->data, &value, tlp->len_bytes);
	} else {
		port->bridge.rid = tlp->completer_id;
		memcpy(&value, tlp->data, tlp->len_bytes);
		regs_write(&port->bridge.config, (uint32_t)tlp->addr, tlp->len_bytes, value);
	}
}

/* Who sends a completion tells of it in a correctable message (6.2.3.2.4.1). */
static void refuse(struct pcie_switch_port *by, struct tlp *tlp)
{
	struct pcie_error error = {.kind = PCIE_ERROR_UNSUPPORTED_REQUEST,
				   .advisory = !tlp_is_posted(tlp)};

	tlp->status = TLP_UR;
	tlp->completer_id = by->bridge.rid;
	pcie_tlp_header(tlp, error.header);
	pcie_bridge_detected(&by->bridge, &error);
}

/* What containment overtakes ends as its Completion Control says, and is no error (6.2.11). */
static void refuse_down(struct pcie_switch_port *by, struct tlp *tlp)
{
	if (!by->bridge.contained) {
		refuse(by, tlp);
		return;
	}
	tlp->status = by->bridge.contained_status;
	tlp->completer_id = by->bridge.rid;
}

/* A Type 1 request becomes Type 0 on the bus right behind a port (7.3.3). */
static void send_on(struct pcie_switch_port *from, struct pcie_switch_port *to, struct tlp *tlp)
{
	bool down = to->number != PCIE_SWITCH_UPSTREAM;

	if (down && tlp->completer_id >> 8 == to->bridge.secondary)
		tlp->type1 = false;
	if (down && from->number != PCIE_SWITCH_UPSTREAM)
		tlp->peer = true;
	pcie_switch_forward(to, tlp, false, false);
}

static void take_request(struct pcie_switch_port *from, struct pcie_route route, struct tlp *tlp)
{
	switch (route.kind) {
	case PCIE_ROUTE_TO:
		send_on(from, route.port, tlp);
		return;
	case PCIE_ROUTE_OWN:
		access_config(route.port, tlp);
		break;
	case PCIE_ROUTE_VIOLATION:
		tlp->completer_id = route.port->bridge.rid;
		pcie_acs_violation(&route.port->bridge, tlp);
		break;
	case PCIE_ROUTE_DOWN:
		refuse_down(route.port, tlp);
		break;
	case PCIE_ROUTE_CONSUMED:
		tlp->status = TLP_SC;
		break;
	default:
		refuse(route.port, tlp);
		break;
	}
	pcie_switch_end(from, tlp);
}

static void switch_request(void *ctx, struct tlp *tlp)
{
	struct pcie_switch_port *from = ctx;

	if (from->number == PCIE_SWITCH_UPSTREAM)
		take_request(from, pcie_switch_route_down(from->sw, tlp), tlp);
	else
		take_request(from, pcie_switch_route_up(from, tlp), tlp);
}

/* A completion for which there is no way is discarded: an error of who received it (2.3.2). */
static void switch_completion(void *ctx, struct tlp *tlp)
{
	struct pcie_switch_port *from = ctx;
	struct pcie_route route = pcie_switch_route_completion(from, tlp);
	struct pcie_error error = {.kind = PCIE_ERROR_UNEXPECTED_COMPLETION, .advisory = true};

	if (route.kind == PCIE_ROUTE_TO) {
		if (route.port->number != PCIE_SWITCH_UPSTREAM)
			tlp->peer = false;
		pcie_switch_forward(route.port, tlp, true, false);
		return;
	}
	if (route.kind == PCIE_ROUTE_UNEXPECTED) {
		pcie_completion_header(tlp, error.header);
		pcie_bridge_detected(&route.port->bridge, &error);
	}
	pcie_switch_lose(from->sw, tlp);
}

struct tlp_port pcie_switch_port(struct pcie_switch *sw, uint32_t port)
{
	return (struct tlp_port){
		.ctx = &sw->port[port],
		.request = switch_request,
		.completion = switch_completion,
	};
}

/* ---- what the ports say ---- */

static struct pcie_switch_port *port_of(struct pcie_bridge *bridge)
{
	return CONTAINER_OF(bridge, struct pcie_switch_port, bridge);
}

/* A port's own message: one of a downstream port has the upstream port to pass. */
static void own_message(void *ctx, struct tlp *tlp)
{
	struct pcie_switch_port *port = ctx, *up = pcie_switch_upstream(port->sw);

	if (port == up ||
	    pcie_switch_message_passes(&up->bridge, (enum pcie_error_message)tlp->error))
		pcie_switch_forward(up, tlp, false, true);
	else
		pcie_switch_end(port, tlp);
}

static void report(struct pcie_bridge *bridge, enum pcie_error_message message)
{
	struct pcie_switch_port *port = port_of(bridge);
	struct tlp_port own = {.ctx = port, .request = own_message};

	pcie_error_messages_send(&port->error, &own, &port->sw->messages, bridge->rid, message);
}

static void tell_link(struct pcie_bridge *bridge, bool up)
{
	struct pcie_switch_port *port = port_of(bridge);
	const struct pcie_switch_env *env = &port->sw->env;

	if (!up)
		pcie_switch_lose_queue(port);
	if (env->link)
		env->link(env->link_ctx, port->number, up);
}

/* Reset by the port above: registers, and the link below for as long as `held`. */
static void reset_downstream(struct pcie_switch *sw, bool cold, bool held)
{
	for (uint32_t p = 0; p < sw->cfg.ports; p++) {
		sw->port[p].bridge.held = true;
		pcie_bridge_reset(&sw->port[p].bridge, cold);
		sw->port[p].bridge.held = held;
		pcie_bridge_config_changed(&sw->port[p].bridge);
	}
}

/* Secondary Bus Reset of the upstream port is a hot reset of all that is below (7.5.1.3.13). */
static void upstream_changed(struct pcie_bridge *bridge)
{
	struct pcie_switch *sw = port_of(bridge)->sw;

	if (bridge->bus_reset == sw->bus_reset)
		return;
	sw->bus_reset = bridge->bus_reset;
	if (sw->bus_reset) {
		reset_downstream(sw, false, true);
		return;
	}
	for (uint32_t p = 0; p < sw->cfg.ports; p++) {
		sw->port[p].bridge.held = false;
		pcie_bridge_config_changed(&sw->port[p].bridge);
	}
}

static const struct pcie_bridge_ops upstream_ops = {.changed = upstream_changed, .report = report};
static const struct pcie_bridge_ops downstream_ops = {.report = report, .link = tell_link};

void pcie_switch_reset(struct pcie_switch *sw, bool cold)
{
	struct pcie_switch_port *up = pcie_switch_upstream(sw);

	pcie_switch_lose_queue(up);
	pcie_bridge_reset(&up->bridge, cold);
	reset_downstream(sw, cold, false);
}

void pcie_switch_presence(struct pcie_switch *sw, uint32_t port, bool present)
{
	pcie_bridge_presence(&sw->port[port].bridge, present);
}

/* ---- making ---- */

static void preset_port(const struct pcie_switch *sw, struct pcie_bridge *bridge, bool upstream)
{
	const struct pcie_switch_cfg *cfg = &sw->cfg;
	uint32_t speed = MAX(cfg->link_generation, 1), width = MAX(cfg->link_lanes, 1);
	uint32_t payload = pcie_size_code(cfg->max_payload ? cfg->max_payload : MAX_PAYLOAD);

	pcie_bridge_preset(bridge, CFG_ID, cfg->vendor_id | (uint32_t)cfg->device_id << 16);
	pcie_bridge_preset(bridge, CFG_PREFETCH_WINDOW, WINDOW_64 | WINDOW_BASE);
	pcie_bridge_preset(bridge, ROOT_AT_PCIE + PCIE_DEVCAP, DEVCAP_ROLE_BASED_ERRORS | payload);
	pcie_bridge_preset(bridge, ROOT_AT_PCIE + PCIE_DEVCTL,
			   field_put(DEVCTL_MAX_PAYLOAD, payload));
	pcie_bridge_preset(bridge, ROOT_AT_PCIE + PCIE_LNKCAP,
			   (upstream ? 0 : LNKCAP_SURPRISE_DOWN | LNKCAP_ACTIVE) |
				   field_put(LNK_SPEED, speed) | field_put(LNK_WIDTH, width));
	pcie_bridge_preset(bridge, ROOT_AT_PCIE + PCIE_LNKCTL,
			   field_put(LNKSTA_SPEED, speed) | field_put(LNKSTA_WIDTH, width));
	if (upstream)
		return;
	pcie_bridge_preset(bridge, ROOT_AT_PCIE + PCIE_DEVCTL2, 0);
	pcie_bridge_preset(bridge, ROOT_AT_ACS + ACS_CONTROL,
			   ACS_DOWNSTREAM_PORT | sw->cfg.ports << ACS_EGRESS_SHIFT);
}

/* A link with nothing below is down, and nobody needs to be told. */
static void set_there(struct pcie_bridge *bridge, bool there)
{
	bridge->present = bridge->link_up = there;
	pcie_bridge_link_active(bridge, there);
	pcie_bridge_config_changed(bridge);
}

static int init_port(struct pcie_switch *sw, uint32_t number)
{
	struct pcie_switch_port *port = &sw->port[number];
	bool upstream = number == PCIE_SWITCH_UPSTREAM;
	int err;

	port->sw = sw;
	port->number = number;
	port->bridge.part = sw->env.part;
	port->bridge.ops = upstream ? &upstream_ops : &downstream_ops;
	pcie_order_init(&port->queue, sw->cfg.reorder_ps);
	pcie_bridge_build(&port->bridge, upstream ? PCIE_UPSTREAM_PORT : PCIE_DOWNSTREAM_PORT);
	preset_port(sw, &port->bridge, upstream);
	err = pcie_bridge_init(&port->bridge);
	if (!err && !upstream)
		set_there(&port->bridge, false);
	return err;
}

static bool cfg_valid(const struct pcie_switch_cfg *cfg)
{
	return cfg->ports && cfg->ports <= PCIE_SWITCH_PORTS &&
	       (!cfg->max_payload || pcie_split_fits(cfg->max_payload));
}

struct pcie_switch *pcie_switch_create(const struct pcie_switch_cfg *cfg,
				       const struct pcie_switch_env *env)
{
	struct pcie_switch *sw;
	int err;

	if (!cfg_valid(cfg))
		return NULL;
	sw = calloc(1, sizeof(*sw));
	if (!sw)
		return NULL;
	sw->cfg = *cfg;
	sw->env = *env;
	rng_init(&sw->rng, env->part.sim->seed, env->part.name);
	err = init_port(sw, PCIE_SWITCH_UPSTREAM);
	for (uint32_t p = 0; !err && p < cfg->ports; p++)
		err = init_port(sw, p);
	if (!err)
		return sw;
	pcie_switch_destroy(sw);
	return NULL;
}

void pcie_switch_destroy(struct pcie_switch *sw)
{
	if (!sw)
		return;
	for (uint32_t p = 0; p < ARRAY_LEN(sw->port); p++)
		pcie_bridge_fini(&sw->port[p].bridge);
	free(sw);
}

void pcie_switch_connect(struct pcie_switch *sw, uint32_t number, const struct tlp_port *egress)
{
	sw->port[number].egress = *egress;
	if (number != PCIE_SWITCH_UPSTREAM)
		set_there(&sw->port[number].bridge, true);
}

bool pcie_switch_idle(const struct pcie_switch *sw)
{
	return !sw->in_flight && !sw->messages;
}
