/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pcie/root_port.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "model/pcie/root_port_internal.h"
#include "model/pcie/split.h"

/* ECAM: bus, device and function above 12 bits of register (7.2.2). */
#define ECAM_BUS(offset)      ((uint32_t)((offset) >> 20) & 0xff)
#define ECAM_DEVFN(offset)    ((uint32_t)((offset) >> 12) & 0xff)
#define ECAM_REGISTER(offset) ((uint32_t)(offset)&0xfff)

static bool cfg_valid(const struct pcie_root_port_cfg *cfg)
{
	uint16_t boundary = cfg->read_completion_boundary;

	return cfg->requests && cfg->secondary_bus && cfg->subordinate_bus >= cfg->secondary_bus &&
	       (!cfg->max_payload || pcie_split_fits(cfg->max_payload)) &&
	       (!boundary || boundary == 64 || boundary == 128);
}

static struct pcie_root_port *port_of(struct pcie_bridge *bridge)
{
	return CONTAINER_OF(bridge, struct pcie_root_port, bridge);
}

static void registers_changed(struct pcie_bridge *bridge)
{
	pcie_root_port_interrupt(port_of(bridge));
}

static void report_own(struct pcie_bridge *bridge, enum pcie_error_message message)
{
	pcie_root_port_error(port_of(bridge), bridge->rid, message);
}

static void tell_link(struct pcie_bridge *bridge, bool up)
{
	const struct pcie_root_port_env *env = &port_of(bridge)->env;

	if (env->link)
		env->link(env->link_ctx, up);
}

static const struct pcie_bridge_ops bridge_ops = {registers_changed, report_own, tell_link};

struct pcie_root_port *pcie_root_port_create(const struct pcie_root_port_cfg *cfg,
					     const struct pcie_root_port_env *env)
{
	struct pcie_root_port *port;

	if (!cfg_valid(cfg))
		return NULL;
	port = calloc(1, sizeof(*port));
	if (!port)
		return NULL;
	port->cfg = *cfg;
	if (!port->cfg.iommu_map.stream_step)
		port->cfg.iommu_map.stream_step = 1;
	port->env = *env;
	port->bridge.part = env->part;
	port->bridge.ops = &bridge_ops;
	port->bridge.rid = PCIE_RID(0, 0, 0);
	port->ecam = (struct root_port_door){port, true};
	port->mmio = (struct root_port_door){port, false};
	port->starved_tail = &port->starved_head;
	port->held_tail = &port->held_head;
	port->access = calloc(cfg->requests, sizeof(port->access[0]));
	port->group = calloc(cfg->requests + 1u, sizeof(port->group[0]));
	if (!port->access || !port->group || pcie_root_port_config_init(port) ||
	    pcie_root_port_ats_init(port)) {
		pcie_root_port_destroy(port);
		return NULL;
	}
	for (uint32_t i = 0; i < cfg->requests; i++) {
		port->access[i].port = port;
		port->access[i].next = port->free;
		port->free = &port->access[i];
	}
	for (uint32_t i = 0; i <= cfg->requests; i++)
		port->group[i].port = port;
	return port;
}

void pcie_root_port_destroy(struct pcie_root_port *port)
{
	if (!port)
		return;
	pcie_bridge_fini(&port->bridge);
	free(port->access);
	free(port->group);
	free(port->message);
	free(port);
}

void pcie_root_port_connect(struct pcie_root_port *port, const struct tlp_port *egress)
{
	port->egress = *egress;
}

void pcie_root_port_presence(struct pcie_root_port *port, bool present)
{
	pcie_bridge_presence(&port->bridge, present);
}

bool pcie_root_port_idle(const struct pcie_root_port *port)
{
	return !port->under_way;
}

/* ---- down: the CPU's accesses ---- */

/* What the root complex does with a request. */
enum claim { CLAIM_SEND, CLAIM_OWN, CLAIM_ALL_ONES, CLAIM_ABORT };

static enum claim claim_config(const struct pcie_root_port *port, const struct bus_req *req)
{
	uint32_t bus = ECAM_BUS(req->addr), devfn = ECAM_DEVFN(req->addr);

	if (req->op == BUS_CAS64 || req->len_bytes > 4 || req->addr % 4 + req->len_bytes > 4)
		return CLAIM_ABORT;
	if (!bus)
		return devfn ? CLAIM_ALL_ONES : CLAIM_OWN;
	if (bus < port->bridge.secondary || bus > port->bridge.subordinate)
		return CLAIM_ALL_ONES;
	/* Without ARI forwarding only device 0 is behind a link (7.5.3.16). */
	if (bus == port->bridge.secondary && devfn >> 3 && !port->bridge.ari_forwarding)
		return CLAIM_ALL_ONES;
	return port->bridge.shut ? CLAIM_ALL_ONES : CLAIM_SEND;
}

static enum claim claim_memory(const struct pcie_root_port *port, const struct bus_req *req)
{
	if (req->op == BUS_CAS64)
		return CLAIM_ABORT;
	if (!pcie_bridge_claims(&port->bridge, req->addr, req->len_bytes))
		return CLAIM_ABORT;
	return port->bridge.shut ? CLAIM_ALL_ONES : CLAIM_SEND;
}

static void fill_ones(struct bus_req *req)
{
	if (req->op == BUS_READ)
		memset(req->data, 0xff, req->len_bytes);
}

/* Fires for what never leaves the root complex. */
static void answer_fire(struct event *event, uint64_t now)
{
	struct bus_req *req = CONTAINER_OF(event, struct bus_req, event);
	struct root_port_door *door = req->owner;
	struct pcie_root_port *port = door->port;
	uint64_t value = 0;

	port->under_way--;
	if (!door->config || claim_config(port, req) != CLAIM_OWN) {
		fill_ones(req);
	} else if (req->op == BUS_READ) {
		regs_read(&port->bridge.config, ECAM_REGISTER(req->addr), req->len_bytes, &value);
		memcpy(req->data, &value, req->len_bytes);
	} else {
		memcpy(&value, req->data, req->len_bytes);
		regs_write(&port->bridge.config, ECAM_REGISTER(req->addr), req->len_bytes, value);
	}
	req->done(req, now);
}

static void start_waiting(struct pcie_root_port *port);

/* A CPU access ends: give its answer to the bus. */
static void finish_access(struct cpu_access *access, uint64_t now)
{
	struct pcie_root_port *port = access->port;
	struct bus_req *req = access->req;

	access->next = port->free;
	port->free = access;
	if (access->tlp.type == TLP_CFGWR)
		port->config_write = false;
	port->under_way--;
	req->status = BUS_OK;
	/* What comes back over a link that is shut is not to be believed (6.2.11). */
	if (access->tlp.lost || port->bridge.shut)
		access->tlp.status = TLP_UR;
	if (port->bridge.contained)
		access->tlp.status = port->bridge.contained_status;
	if (access->tlp.status != TLP_SC && !tlp_is_posted(&access->tlp)) {
		fill_ones(req);
		pcie_bridge_note(&port->bridge, access->tlp.status);
	}
	start_waiting(port);
	req->done(req, now);
}

/* A completion that came up ends at the CPU, or goes down again to the peer that asked. */
static void end_completion(struct pcie_root_port *port, struct tlp *tlp, uint64_t now)
{
	if (!tlp->peer) {
		finish_access(CONTAINER_OF(tlp, struct cpu_access, tlp), now);
		return;
	}
	tlp->peer = false;
	port->egress.completion(port->egress.ctx, tlp);
}

/* Let go of the completions whose posted writes are all performed. */
static void release_held(struct pcie_root_port *port, uint64_t now)
{
	while (port->held_head && !((struct posted_group *)port->held_head->owner)->left) {
		struct tlp *tlp = port->held_head;

		port->held_head = tlp->next;
		if (!port->held_head)
			port->held_tail = &port->held_head;
		end_completion(port, tlp, now);
	}
}

/* Behind the posted writes that came up before it. */
static void hold(struct pcie_root_port *port, struct tlp *tlp)
{
	tlp->owner = &port->group[port->open_group];
	tlp->next = NULL;
	*port->held_tail = tlp;
	port->held_tail = &tlp->next;
	port->open_group = (port->open_group + 1) % (port->cfg.requests + 1);
}

static void access_done(struct tlp *tlp, uint64_t now)
{
	struct cpu_access *access = CONTAINER_OF(tlp, struct cpu_access, tlp);
	struct pcie_root_port *port = access->port;

	if (tlp_is_posted(tlp) || !port->posted)
		finish_access(access, now);
	else
		hold(port, tlp);
}

static enum tlp_type tlp_type_of(const struct root_port_door *door, enum bus_op op)
{
	if (door->config)
		return op == BUS_READ ? TLP_CFGRD : TLP_CFGWR;
	return op == BUS_READ ? TLP_MRD : TLP_MWR;
}

static void start_access(const struct root_port_door *door, struct bus_req *req)
{
	struct pcie_root_port *port = door->port;
	struct cpu_access *access = port->free;
	struct tlp *tlp = &access->tlp;

	port->free = access->next;
	port->config_write = door->config && req->op == BUS_WRITE;
	access->req = req;
	tlp->type = tlp_type_of(door, req->op);
	tlp->status = TLP_SC;
	tlp->requester_id = PCIE_RID(0, 0, 0);
	tlp->completer_id = door->config ? (uint16_t)(req->addr >> 12) : 0;
	tlp->type1 = door->config && ECAM_BUS(req->addr) != port->bridge.secondary;
	tlp->addr = door->config ? ECAM_REGISTER(req->addr) : req->addr;
	tlp->len_bytes = req->len_bytes;
	tlp->data = req->data;
	tlp->done = access_done;
	tlp->lost = tlp->poisoned = tlp->id_ordered = false;
	port->egress.request(port->egress.ctx, tlp);
}

static bool can_start(const struct pcie_root_port *port)
{
	return port->free && !port->config_write;
}

static void start_waiting(struct pcie_root_port *port)
{
	while (port->starved_head && can_start(port)) {
		struct bus_req *req = port->starved_head;

		port->starved_head = req->next;
		if (!port->starved_head)
			port->starved_tail = &port->starved_head;
		start_access(req->owner, req);
	}
}

static void root_port_send(void *ctx, struct bus_req *req)
{
	struct root_port_door *door = ctx;
	struct pcie_root_port *port = door->port;
	enum claim claim = door->config ? claim_config(port, req) : claim_memory(port, req);

	req->owner = door;
	port->under_way++;
	if (claim != CLAIM_SEND) {
		req->status = claim == CLAIM_ABORT ? BUS_ABORT : BUS_OK;
		event_init(&req->event, answer_fire);
		sim_after(port->env.part.sim, &req->event, 0);
		return;
	}
	if (can_start(port) && !port->starved_head) {
		start_access(door, req);
		return;
	}
	req->next = NULL;
	*port->starved_tail = req;
	port->starved_tail = &req->next;
}

struct bus_port pcie_root_port_ecam(struct pcie_root_port *port)
{
	return (struct bus_port){.ctx = &port->ecam, .send = root_port_send};
}

struct bus_port pcie_root_port_mmio(struct pcie_root_port *port)
{
	return (struct bus_port){.ctx = &port->mmio, .send = root_port_send};
}

/* ---- up: the device's DMA ---- */

/* Translation's refusal is a Completer Abort, no target an Unsupported Request. */
static const enum tlp_status dma_status[] = {
	[BUS_OK] = TLP_SC,
	[BUS_ABORT] = TLP_UR,
	[BUS_FAULT] = TLP_CA,
};

static void dma_write_done(struct bus_req *bus, uint64_t now)
{
	struct tlp *tlp = CONTAINER_OF(bus, struct tlp, bus);
	struct posted_group *group = tlp->owner;
	struct pcie_root_port *port = group->port;

	group->left--;
	tlp->status = dma_status[bus->status]; /* for the books: no completion tells the device */
	port->posted--;
	port->under_way--;
	tlp->done(tlp, now);
	release_held(port, now);
}

static void dma_read_done(struct bus_req *bus, uint64_t now)
{
	struct tlp *tlp = CONTAINER_OF(bus, struct tlp, bus);
	struct pcie_root_port *port = tlp->owner;

	tlp->status = dma_status[bus->status];
	tlp->max_payload = port->bridge.max_payload;
	tlp->completion_boundary = port->bridge.completion_boundary;
	tlp->completer_id = PCIE_RID(0, 0, 0);
	tlp->id_ordered = port->bridge.ido_completions;
	port->under_way--;
	port->egress.completion(port->egress.ctx, tlp);
}

static void ended_fire(struct event *event, uint64_t now)
{
	struct tlp *tlp = CONTAINER_OF(event, struct tlp, event);
	struct pcie_root_port *port = tlp->owner;

	if (tlp_is_posted(tlp))
		tlp->done(tlp, now);
	else
		port->egress.completion(port->egress.ctx, tlp);
}

void pcie_root_port_end(struct pcie_root_port *port, struct tlp *tlp)
{
	tlp->owner = port;
	event_init(&tlp->event, ended_fire);
	sim_after(port->env.part.sim, &tlp->event, 0);
}

/* Unsupported Request, section 2.3.1. A posted one just ends. */
static void refuse_dma(struct pcie_root_port *port, struct tlp *tlp)
{
	tlp->status = TLP_UR;
	pcie_root_port_end(port, tlp);
}

uint32_t pcie_root_port_stream(const struct pcie_root_port *port, uint16_t rid)
{
	uint16_t from = (uint16_t)(rid - port->cfg.iommu_map.rid_base);

	return from < port->cfg.iommu_map.rid_count
		       ? port->cfg.iommu_map.stream_base + from * port->cfg.iommu_map.stream_step
		       : rid;
}

static void fill_attr(const struct pcie_root_port *port, struct bus_attr *attr,
		      const struct tlp *tlp)
{
	attr->from_device = true;
	attr->stream_id = pcie_root_port_stream(port, tlp->requester_id);
	attr->substream_id = tlp->pasid;
	attr->substream_valid = tlp->pasid_valid;
	attr->privileged = tlp->privileged;
	attr->instruction = tlp->execute;
	attr->posted = tlp_is_posted(tlp);
	attr->translated = tlp->at == TLP_AT_TRANSLATED;
	attr->may_stall = false;
	attr->no_write = tlp->ats.no_write;
	attr->memory = mem_coherent();
	attr->iova = attr->translated ? tlp->ats.iova : tlp->addr;
}

static void accessed_fire(struct event *event, uint64_t now)
{
	struct bus_req *bus = CONTAINER_OF(event, struct bus_req, event);

	bus->done(bus, now);
}

/* Where nothing takes time the access is made now, and ends in this instant. */
static void send_dma(struct pcie_root_port *port, struct bus_req *bus)
{
	struct sim *sim = port->env.part.sim;

	if (!sim->untimed || !bus_access(&port->env.dma, bus)) {
		bus_send(&port->env.dma, bus);
		return;
	}
	event_init(&bus->event, accessed_fire);
	sim_after(sim, &bus->event, 0);
}

static void root_port_request(void *ctx, struct tlp *tlp)
{
	struct pcie_root_port *port = ctx;
	struct posted_group *group = &port->group[port->open_group];
	struct bus_req *bus = &tlp->bus;

	if (!pcie_bridge_acs_ordinary(&port->bridge, tlp) && !port->bridge.shut &&
	    pcie_root_port_acs_takes(port, tlp))
		return;
	if (tlp->type != TLP_MRD && tlp->type != TLP_MWR) {
		if (!pcie_root_port_error_takes(port, tlp) && !pcie_root_port_ats_takes(port, tlp))
			refuse_dma(port, tlp);
		return;
	}
	if (!port->bridge.bus_master || port->bridge.shut ||
	    (tlp->at == TLP_AT_REQUEST && !port->cfg.ats)) {
		refuse_dma(port, tlp);
		return;
	}
	fill_attr(port, &bus->attr, tlp);
	bus->status = BUS_OK;
	bus->addr = tlp->addr;
	bus->len_bytes = tlp->len_bytes;
	bus->data = tlp->data;
	port->under_way++;
	if (tlp_is_posted(tlp)) {
		group->left++;
		port->posted++;
		tlp->owner = group;
		bus->op = BUS_WRITE;
		bus->done = dma_write_done;
	} else {
		tlp->owner = port;
		bus->op = tlp->at == TLP_AT_REQUEST ? BUS_ATS : BUS_READ;
		bus->done = dma_read_done;
	}
	send_dma(port, bus);
}

/*
 * A peer's completion goes straight back. Redirected it takes the way of the requests
 * that are redirected, and so follows the writes that its completer sent before it.
 */
static void root_port_completion(void *ctx, struct tlp *tlp)
{
	struct pcie_root_port *port = ctx;

	if (!tlp->peer)
		tlp->done(tlp, sim_now(port->env.part.sim));
	else if (port->posted && pcie_acs_completion_redirected(&port->bridge, tlp))
		hold(port, tlp);
	else
		end_completion(port, tlp, sim_now(port->env.part.sim));
}

struct tlp_port pcie_root_port_port(struct pcie_root_port *port)
{
	return (struct tlp_port){
		.ctx = port,
		.request = root_port_request,
		.completion = root_port_completion,
	};
}
