/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ATS and PRI messages through the root port (PCI Express Base Specification,
 * 10.3.1 and 10.4): down by ID, up to the SMMU. A message from below is handed on
 * after everything that came up the link before it.
 */
#include <errno.h>
#include <stdlib.h>

#include "model/pcie/root_port_internal.h"

/* The requester ID of a stream; false: none behind this port. */
static bool find_rid(const struct pcie_root_port *port, uint32_t stream, uint16_t *rid)
{
	uint32_t from = stream - port->cfg.iommu_map.stream_base;
	uint32_t step = port->cfg.iommu_map.stream_step;

	if (from % step == 0 && from / step < port->cfg.iommu_map.rid_count)
		stream = port->cfg.iommu_map.rid_base + from / step;
	*rid = (uint16_t)stream;
	return stream <= UINT16_MAX && stream >> 8 >= port->bridge.secondary &&
	       stream >> 8 <= port->bridge.subordinate;
}

/*
 * It has arrived. An invalidation that nobody supports is over: a device's message
 * about the error tells the SMMU so (IHI 0070, 3.9.1.5).
 */
static void arrived(struct tlp *tlp, uint64_t now)
{
	struct root_port_message *message = CONTAINER_OF(tlp, struct root_port_message, tlp);
	struct pcie_root_port *port = message->port;
	bool failed = tlp->type == TLP_INVALIDATE && tlp->status == TLP_UR;

	message->next = port->free_message;
	port->free_message = message;
	port->under_way--;
	if (failed)
		port->env.agent.invalidated(port->env.agent.ctx, message->stream,
					    (uint8_t)tlp->ats.tag);
}

static void unroutable_fire(struct event *event, uint64_t now)
{
	struct tlp *tlp = CONTAINER_OF(event, struct tlp, event);

	tlp->status = TLP_UR;
	tlp->done(tlp, now);
}

/*
 * Send `what` to the function of `stream`. Beyond ROOT_PORT_MESSAGES on the link at
 * once it is lost: an invalidation then times out, a response is missed.
 */
static void send(struct pcie_root_port *port, uint32_t stream, const struct tlp *what)
{
	struct root_port_message *message = port->free_message;
	struct tlp *tlp;

	if (!message) {
		sim_log(&port->env.part, LOG_WARNING, "a message to stream %u is lost", stream);
		return;
	}
	port->free_message = message->next;
	port->under_way++;
	message->stream = stream;
	tlp = &message->tlp;
	*tlp = *what;
	tlp->requester_id = PCIE_RID(0, 0, 0);
	tlp->done = arrived;
	if (find_rid(port, stream, &tlp->completer_id)) {
		port->egress.request(port->egress.ctx, tlp);
		return;
	}
	event_init(&tlp->event, unroutable_fire);
	sim_after(port->env.part.sim, &tlp->event, 0);
}

static void invalidate(void *ctx, const struct ats_invalidation *invalidation)
{
	const struct tlp tlp = {
		.type = TLP_INVALIDATE,
		.pasid_valid = invalidation->substream_valid,
		.pasid = invalidation->substream_id,
		.addr = invalidation->addr,
		.ats = {.global = invalidation->global,
			.shift = invalidation->shift,
			.tag = invalidation->itag},
	};

	send(ctx, invalidation->stream_id, &tlp);
}

static void respond(void *ctx, const struct prg_response *response)
{
	const struct tlp tlp = {
		.type = TLP_PAGE_RESPONSE,
		.pasid_valid = response->substream_valid,
		.pasid = response->substream_id,
		.ats = {.code = (uint8_t)response->code, .tag = response->group},
	};

	send(ctx, response->stream_id, &tlp);
}

struct ats_port pcie_root_port_ats(struct pcie_root_port *port)
{
	return (struct ats_port){.ctx = port, .invalidate = invalidate, .respond = respond};
}

static void taken_fire(struct event *event, uint64_t now)
{
	struct tlp *tlp = CONTAINER_OF(event, struct tlp, event);
	struct pcie_root_port *port = tlp->owner;

	port->under_way--;
	tlp->done(tlp, now);
}

static void hand_on(struct pcie_root_port *port, const struct tlp *tlp)
{
	const struct ats_agent *agent = &port->env.agent;
	struct page_request request = {
		.stream_id = pcie_root_port_stream(port, tlp->requester_id),
		.substream_id = tlp->pasid,
		.substream_valid = tlp->pasid_valid,
		.read = tlp->ats.read,
		.write = tlp->ats.write,
		.execute = tlp->execute,
		.privileged = tlp->privileged,
		.last = tlp->ats.last,
		.group = tlp->ats.tag,
		.addr = tlp->addr,
	};

	if (tlp->type == TLP_INVALIDATED)
		agent->invalidated(agent->ctx, request.stream_id, (uint8_t)tlp->ats.tag);
	else
		agent->page_request(agent->ctx, &request);
}

bool pcie_root_port_ats_takes(struct pcie_root_port *port, struct tlp *tlp)
{
	if (tlp->type != TLP_INVALIDATED && tlp->type != TLP_PAGE_REQUEST)
		return false;
	if (!port->cfg.ats)
		return false;
	port->under_way++;
	tlp->owner = port;
	/* First: what comes of it must find the sender done with the message. */
	event_init(&tlp->event, taken_fire);
	sim_after(port->env.part.sim, &tlp->event, 0);
	hand_on(port, tlp);
	return true;
}

int pcie_root_port_ats_init(struct pcie_root_port *port)
{
	if (!port->cfg.ats)
		return 0;
	port->message = calloc(ROOT_PORT_MESSAGES, sizeof(port->message[0]));
	if (!port->message)
		return -ENOMEM;
	for (uint32_t i = ROOT_PORT_MESSAGES; i--;) {
		port->message[i].port = port;
		port->message[i].next = port->free_message;
		port->free_message = &port->message[i];
	}
	return 0;
}
