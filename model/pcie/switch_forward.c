/* SPDX-License-Identifier: Apache-2.0 */
/* The way through a switch: each port's queue of what leaves by it, in order (2.4.1). */
#include "model/pcie/switch_internal.h"

static void leave(struct pcie_switch_port *port, struct tlp *tlp)
{
	if (tlp->completing)
		port->egress.completion(port->egress.ctx, tlp);
	else
		port->egress.request(port->egress.ctx, tlp);
}

static void take_out(struct pcie_switch_port *port)
{
	struct tlp *tlp;

	while ((tlp = pcie_order_next(&port->queue))) {
		port->sw->in_flight--;
		leave(port, tlp);
	}
}

static void through_fire(struct event *event, uint64_t now)
{
	struct tlp *tlp = CONTAINER_OF(event, struct tlp, event);

	tlp->arrived = true;
	take_out(tlp->owner);
}

/* Latency, and where order is chance what a TLP is held beyond it. */
static uint64_t through_ps(struct pcie_switch *sw)
{
	const struct pcie_switch_cfg *cfg = &sw->cfg;

	if (sw->env.part.sim->untimed)
		return 0;
	return cfg->forward_ps + (cfg->reorder_ps ? rng_below(&sw->rng, cfg->reorder_ps) : 0);
}

void pcie_switch_forward(struct pcie_switch_port *to, struct tlp *tlp, bool completing, bool answer)
{
	struct pcie_switch *sw = to->sw;
	uint64_t ps = through_ps(sw);

	tlp->completing = completing;
	if (!ps && !answer && !to->queue.head && !to->queue.stuck) {
		leave(to, tlp);
		return;
	}
	sw->in_flight++;
	tlp->arrived = false;
	tlp->owner = to;
	pcie_order_add(&to->queue, tlp);
	event_init(&tlp->event, through_fire);
	sim_after(sw->env.part.sim, &tlp->event, ps);
}

static void ended_fire(struct event *event, uint64_t now)
{
	struct tlp *tlp = CONTAINER_OF(event, struct tlp, event);
	struct pcie_switch *sw = tlp->owner;

	sw->in_flight--;
	tlp->done(tlp, now);
}

static void end_here(struct pcie_switch *sw, struct tlp *tlp)
{
	sw->in_flight++;
	tlp->owner = sw;
	event_init(&tlp->event, ended_fire);
	sim_after(sw->env.part.sim, &tlp->event, 0);
}

void pcie_switch_end(struct pcie_switch_port *from, struct tlp *tlp)
{
	if (tlp_is_posted(tlp))
		end_here(from->sw, tlp);
	else
		pcie_switch_forward(from, tlp, true, true);
}

void pcie_switch_lose(struct pcie_switch *sw, struct tlp *tlp)
{
	tlp->lost = true;
	end_here(sw, tlp);
}

void pcie_switch_lose_queue(struct pcie_switch_port *port)
{
	struct sim *sim = port->sw->env.part.sim;
	struct tlp *tlp;

	while ((tlp = port->queue.head)) {
		pcie_order_remove(&port->queue, tlp);
		port->sw->in_flight--;
		if (!tlp->arrived)
			calendar_cancel(&sim->calendar, &tlp->event);
		pcie_switch_lose(port->sw, tlp);
	}
}

void pcie_switch_stick(struct pcie_switch *sw, uint32_t number, enum pcie_order_class order_class,
		       bool stuck)
{
	struct pcie_switch_port *port = &sw->port[number];
	uint8_t bit = (uint8_t)BIT(order_class);

	if (stuck)
		port->queue.stuck |= bit;
	else
		port->queue.stuck &= (uint8_t)~bit;
	take_out(port);
}
