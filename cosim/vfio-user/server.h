/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_VFIO_USER_SERVER_H
#define VFSIM_COSIM_VFIO_USER_SERVER_H

/*
 * A vfio-user server: PCI functions that live in this process and are used by a
 * VMM in another one (QEMU docs/interop/vfio-user.rst). One server has many devices,
 * each with a socket of its own and one client at a time, all in one thread:
 *
 *   vfu_server_create; vfu_server_add for each function;
 *   vfu_server_wait again and again, in which the devices' ops are called;
 *   vfu_server_destroy.
 *
 * The server knows nothing of models. What a client asks of a device's registers is an
 * access, which the device may answer later; until then nothing else that the same client
 * sent is looked at, while other devices go on. All calls are made from one thread, and
 * ops may call any function here but vfu_server_wait and vfu_server_destroy.
 *
 * Functions that return int: 0, or a negative errno.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vfu_server;
struct vfu_device;

/* As in linux/vfio.h: BARs 0 to 5, ROM, configuration space, VGA. */
enum { VFU_REGION_CONFIG = 7, VFU_REGIONS = 9 };
enum { VFU_IRQ_INTX, VFU_IRQ_MSI, VFU_IRQ_MSIX, VFU_IRQ_ERR, VFU_IRQ_REQ, VFU_IRQS };

/* --- A device --- */

enum vfu_region_flags {
	VFU_REGION_READ = 1,
	VFU_REGION_WRITE = 2,
	VFU_REGION_MMAP = 4, /* the client may map `fd`, whole or in `areas` */
};

/* A part of a region that may be mapped. */
struct vfu_area {
	uint64_t offset, size_bytes;
};

struct vfu_region_cfg {
	uint64_t size_bytes; /* 0: the device has none */
	uint32_t flags;      /* vfu_region_flags */
	/* With VFU_REGION_MMAP: */
	int fd; /* borrowed as long as the device lives */
	uint64_t fd_offset;
	const struct vfu_area *areas; /* copied; none: the whole region */
	uint32_t area_count;          /* at most 16 */
};

enum vfu_irq_flags {
	VFU_IRQ_EVENTFD = 1,
	VFU_IRQ_MASKABLE = 2,
	VFU_IRQ_AUTOMASKED = 4,
	VFU_IRQ_NORESIZE = 8,
};

struct vfu_irq_cfg {
	uint32_t count; /* vectors; INTx: 1 */
	uint32_t flags; /* vfu_irq_flags */
};

struct vfu_device_cfg {
	const char *name;        /* in log lines; copied */
	const char *socket_path; /* copied; NULL: clients come by vfu_device_attach only */
	struct vfu_region_cfg region[VFU_REGIONS];
	struct vfu_irq_cfg irq[VFU_IRQS];
	uint32_t max_dma_maps; /* at once; 0: 65535 */
	/* Commands of ours go over a socket of their own if the client can: an MSI is then in no
	 * order with the answers to the client. */
	bool twin_socket;
};

/* What a client asks of the device, and the device answers by vfu_access_done. */
enum vfu_access_kind {
	VFU_ACCESS_READ,
	VFU_ACCESS_WRITE,
	VFU_ACCESS_RESET,
	VFU_ACCESS_FEATURE,    /* DEVICE_FEATURE, linux/vfio.h struct vfio_device_feature */
	VFU_ACCESS_DATA_READ,  /* migration data, out of the device */
	VFU_ACCESS_DATA_WRITE, /* and into it */
};

struct vfu_access {
	struct vfu_device *device;
	enum vfu_access_kind kind;
	uint32_t region; /* READ, WRITE */
	uint64_t offset;
	bool posted;      /* the client waits for no answer */
	uint32_t feature; /* FEATURE: its index and VFIO_DEVICE_FEATURE_* flags */
	/*
	 * WRITE, DATA_WRITE: what is written. READ, DATA_READ: room for the answer. FEATURE: both,
	 * in the layout of linux/vfio.h, with room for `room_bytes`. Valid until it is done.
	 */
	uint8_t *data;
	uint32_t len_bytes; /* DATA_READ may shorten it, FEATURE set it to the answer's */
	uint32_t room_bytes;
};

/*
 * The access has been made: `error` is 0 or a positive errno for the client. Within the op that
 * began it or at any time later, once; the access is gone then. If the client has left meanwhile
 * the answer is dropped, but nobody else is let in before.
 */
void vfu_access_done(struct vfu_access *access, int error);

/* Memory of the client that the device may reach. */
struct vfu_dma_map {
	uint64_t iova, size_bytes;
	/* Where it is in this process, shared with the client; NULL: by vfu_dma_read and _write. */
	void *host;
	bool readable, writable;
};

struct vfu_device_ops {
	/* READ or WRITE within one region that allows it; 1 byte up to the region's size. */
	void (*region_access)(void *ctx, struct vfu_access *access);
	/* NULL: DEVICE_RESET is not offered. Memory maps and eventfds stay. */
	void (*reset)(void *ctx, struct vfu_access *access);
	/* FEATURE. NULL: ENOTSUP. */
	void (*feature)(void *ctx, struct vfu_access *access);
	/* DATA_READ, DATA_WRITE. NULL: ENOTSUP. */
	void (*migration_data)(void *ctx, struct vfu_access *access);
	/* `map` is borrowed for the call; what `host` points to stays until dma_unmap. A negative
	 * errno refuses it. NULL: all are fine. */
	int (*dma_map)(void *ctx, const struct vfu_dma_map *map);
	/* When it returns nobody touches that memory any more. */
	void (*dma_unmap)(void *ctx, const struct vfu_dma_map *map);
	/* The client has changed the eventfds or masks of these vectors: vfu_irq_armed, _masked. */
	void (*irq_set)(void *ctx, uint32_t index, uint32_t start, uint32_t count);
	/* A client has agreed on a version; and has gone, after dma_unmap of all it had. */
	void (*connected)(void *ctx);
	void (*disconnected)(void *ctx);
};

/* --- The server --- */

struct vfu_server_cfg {
	/* One line without a newline about `device` (NULL: the server). May be NULL. */
	void (*log)(void *ctx, enum log_level level, const char *device, const char *text);
	void *log_ctx;
	/* Of one device, what a client leaves unread before it is thrown out; 0: 4 MiB. */
	uint32_t queue_bytes;
};

/* NULL with errno set. `cfg` is copied. */
struct vfu_server *vfu_server_create(const struct vfu_server_cfg *cfg);
/* Clients are cut off (dma_unmap, disconnected), sockets removed. NULL is fine. */
void vfu_server_destroy(struct vfu_server *server);

/*
 * A device of the server, which owns it. `cfg` and `ops` are copied, `ctx` goes to each op. The
 * socket exists and listens on return, mode 0600; a socket that nobody serves any more is replaced,
 * anything else at the path is not touched: -EEXIST, or -EADDRINUSE if it is served.
 */
int vfu_server_add(struct vfu_server *server, const struct vfu_device_cfg *cfg,
		   const struct vfu_device_ops *ops, void *ctx, struct vfu_device **device);
/* A client over a socket that is connected already, such as one end of a socketpair. Owns `fd` from
 * now on, whatever happens. -EBUSY: it has one. */
int vfu_device_attach(struct vfu_device *device, int fd);

/*
 * Handle what has come; if nothing has, wait for it at most `timeout_ns` by the host's clock, 0:
 * not at all, VFU_FOREVER. Returns the number of messages, foreign events, and clients that came or
 * went; 0 also when a signal came.
 */
#define VFU_FOREVER UINT64_MAX
int vfu_server_wait(struct vfu_server *server, uint64_t timeout_ns);
/*
 * Readable when something has come: to be waited for in a loop of somebody else's, after
 * vfu_server_wait with 0 has returned 0 and no function here has been called since.
 */
int vfu_server_fd(const struct vfu_server *server);

/* Call `ready` from vfu_server_wait when `fd` (borrowed) has one of the poll(2) `events`. */
int vfu_server_watch(struct vfu_server *server, int fd, short events,
		     void (*ready)(void *ctx, short revents), void *ctx);
int vfu_server_unwatch(struct vfu_server *server, int fd);

/* --- What a device does --- */

/* A client has agreed on a version and is there. */
bool vfu_device_connected(const struct vfu_device *device);

/* Since the device was made. */
struct vfu_counters {
	uint64_t clients;
	uint64_t messages;              /* that came */
	uint64_t reads, writes;         /* of regions */
	uint64_t dma_reads, dma_writes; /* by message */
	uint64_t interrupts;            /* eventfds that were signalled */
	uint64_t complaints;            /* about what clients did */
};
struct vfu_counters vfu_device_counters(const struct vfu_device *device);

/* Signal the vector's eventfd. -ENOENT: it has none (or the index has no such vector). -EAGAIN: it
 * is masked; it is signalled when the client unmasks it. */
int vfu_irq_trigger(struct vfu_device *device, uint32_t index, uint32_t vector);
bool vfu_irq_armed(const struct vfu_device *device, uint32_t index, uint32_t vector);
bool vfu_irq_masked(const struct vfu_device *device, uint32_t index, uint32_t vector);
/*
 * The level of INTx. Asserting signals and masks it (AUTOMASKED); when the client unmasks it, which
 * QEMU does after a BAR access, it is signalled again if the level still holds.
 */
void vfu_intx_level(struct vfu_device *device, bool asserted);

/*
 * Write to the client's memory by message, in order with answers to it (but see twin_socket). An
 * MSI goes this way. `done` is told 0 or a positive errno: the client's, ECONNRESET when it leaves;
 * NULL: no reply is wanted. -ENOTCONN, -EMSGSIZE, or -ENOBUFS: the client does not read, and is cut
 * off.
 */
int vfu_dma_write(struct vfu_device *device, uint64_t addr, const void *data, uint32_t len_bytes,
		  void (*done)(void *ctx, int error), void *ctx);
/*
 * Read it; `data` is what came, NULL with an error. A VMM that waits for an access's answer may not
 * be able to reply before it: wait for no reply while one is open.
 */
int vfu_dma_read(struct vfu_device *device, uint64_t addr, uint32_t len_bytes,
		 void (*done)(void *ctx, int error, const void *data), void *ctx);

#ifdef __cplusplus
}
#endif
#endif
