/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/port_out.h"

#include "model/nic/nic_internal.h"

static uint64_t now_of(const struct port_out *port)
{
	return sim_now(port->nic->env.part.sim);
}

static uint64_t pause_ps(const struct port_out *port, uint32_t of)
{
	return port->nic->tx_schedule.class_of[of].pause_ps;
}

/* Nothing holds it up. */
static void send(struct nic *nic, struct packet *packet)
{
	struct fault_plan *faults = &nic->env.part.sim->faults;

	if (nic->link_down) {
		nic_drop(nic, NULL, packet, PACKET_DROP_LINK_DOWN);
	} else if (nic->wire.frame) {
		if (!fault_fires(faults, FAULT_FRAME_NOT_COUNTED))
			nic->counters.port_sent++;
		nic->wire.frame(nic->wire.ctx, packet);
	} else {
		nic_drop(nic, NULL, packet, PACKET_DROP_NO_FILTER);
	}
}

static void send_line(struct port_out *port, uint32_t of)
{
	struct port_line *line = &port->line[of];

	while (line->first && pause_ps(port, of) <= now_of(port)) {
		struct packet *packet = line->first;

		line->first = packet->next_segment;
		packet->next_segment = NULL;
		send(port->nic, packet);
	}
}

void port_out_changed(struct port_out *port)
{
	struct sim *sim = port->nic->env.part.sim;
	uint64_t due = TIME_NEVER;

	for (uint32_t i = 0; i < NIC_CLASSES; i++) {
		send_line(port, i);
		if (port->line[i].first)
			due = MIN(due, pause_ps(port, i));
	}
	calendar_cancel(&sim->calendar, &port->timer);
	if (due != TIME_NEVER)
		calendar_schedule(&sim->calendar, &port->timer, due);
}

static void pause_over(struct event *event, uint64_t now)
{
	port_out_changed(CONTAINER_OF(event, struct port_out, timer));
}

void port_out_init(struct port_out *port, struct nic *nic)
{
	port->nic = nic;
	event_init(&port->timer, pause_over);
}

void port_out(struct nic *nic, struct packet *packet)
{
	struct port_out *port = &nic->port_out;
	struct port_line *line = &port->line[packet->class_index];

	if (!line->first && pause_ps(port, packet->class_index) <= now_of(port)) {
		send(nic, packet);
		return;
	}
	packet->next_segment = NULL;
	if (line->first)
		line->last->next_segment = packet;
	else
		line->first = packet;
	line->last = packet;
	port_out_changed(port);
}

void port_out_control(struct nic *nic, struct packet *packet)
{
	if (nic->link_down || !nic->wire.frame) {
		packet_put(packet);
		return;
	}
	nic->counters.control_sent++;
	send(nic, packet);
}
