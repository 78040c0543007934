/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_BASE_PORT_H
#define VFSIM_BASE_PORT_H

/*
 * The memory-mapped bus between blocks: reads, writes and 64-bit
 * compare-and-swap, for memory and for registers alike.
 *
 * A request belongs to its requester, who keeps it until `done` is called and
 * embeds it in whatever the completion moves on (CONTAINER_OF). Each block on
 * the way may use `event` and `owner` while it holds the request; a block that
 * must change address or `done` on the way (a translation) does so with a
 * request of its own.
 *
 * `send` passes a request that arrives now. It never calls `done` before it
 * returns. The bytes of a read are those in place at the time of the access,
 * and `done` follows at that same time: latency is spent on the way to the
 * access, so an atomic's outcome is not stale when its owner hears of it.
 */

#include "base/calendar.h"
#include "base/memattr.h"

#ifdef __cplusplus
extern "C" {
#endif

enum bus_op {
	BUS_READ,
	BUS_WRITE,
	BUS_CAS64, /* data: uint64_t[2] {expected in, found out; desired in} */
	/*
	 * Translate, do not access (ats.h): len_bytes / 8 addresses, one smallest
	 * translation unit (STU) of the SMMU apart, from `addr` on. Data: one 64-bit
	 * little-endian entry for each. BUS_ABORT: Unsupported Request; BUS_FAULT:
	 * Completer Abort. A page that is not there is an entry without permissions.
	 */
	BUS_ATS,
};

enum bus_status {
	BUS_OK,
	BUS_ABORT, /* no target, or the target refused: external abort, UR */
	BUS_FAULT, /* translation said no; the fault has been recorded as the architecture has it */
};

/* Who asks, as the SMMU and an MSI doorbell see it. Zero for CPU and walker accesses. */
struct bus_attr {
	bool from_device;      /* a function's DMA: the members below are valid */
	uint32_t stream_id;    /* requester ID mapped by the root complex */
	uint32_t substream_id; /* PASID, valid with substream_valid */
	bool substream_valid;
	bool privileged;
	bool instruction;
	bool posted;     /* keeps its place after earlier posted writes of its stream */
	bool translated; /* AT = translated */
	bool may_stall;  /* it can wait for software without end; never a PCI Express function */
	bool no_write;   /* of a translation request: it is not about writing (NW) */
	/* Of a device's access and of the SMMU's own; a CPU's leave it zero. */
	struct mem_attr memory;
	/* The address as the device gave it; of a translated access the one it was translated
	 * from. For the trace. */
	uint64_t iova;
};

struct bus_req {
	enum bus_op op;
	enum bus_status status;
	uint64_t addr;
	uint32_t len_bytes;
	struct bus_attr attr;
	void *data; /* the requester's buffer: filled by a read, borrowed by a write */
	void (*done)(struct bus_req *req, uint64_t now);

	/* For the block that holds the request. */
	struct event event;
	void *owner;
	struct bus_req *next;
};

/* What bus_read64 found. Two words, so that it comes back in registers. */
struct bus_word {
	uint64_t value;
	bool ok;
};

struct bus_port {
	void *ctx;
	void (*send)(void *ctx, struct bus_req *req);
	/*
	 * Perform the access here and now, without `done`. False: cannot be, nothing
	 * happened. NULL: never can. See bus_access.
	 */
	bool (*access)(void *ctx, struct bus_req *req);
	/* The same of eight bytes to be read: bus_read64. NULL: never can. */
	struct bus_word (*read64)(void *ctx, uint64_t addr);
};

static inline void bus_send(const struct bus_port *port, struct bus_req *req)
{
	port->send(port->ctx, req);
}

/*
 * Where nothing takes time (the untimed engine), memory can be accessed within
 * the call: a walk then costs no calendar event for each descriptor. False: send
 * the request instead. Only `status` and the data change.
 */
static inline bool bus_access(const struct bus_port *port, struct bus_req *req)
{
	return port->access && port->access(port->ctx, req);
}

/*
 * As bus_access, for what a walk needs of each level: the little-endian word at
 * an address that is a multiple of 8. !ok: use bus_access or send a request.
 */
static inline struct bus_word bus_read64(const struct bus_port *port, uint64_t addr)
{
	return port->read64 ? port->read64(port->ctx, addr) : (struct bus_word){0, false};
}

/*
 * A wire that software or a controller listens to (an SMMU's event-queue
 * interrupt). `raise` is an edge.
 */
struct irq_port {
	void *ctx;
	void (*raise)(void *ctx, uint32_t line);
};

#ifdef __cplusplus
}
#endif
#endif
