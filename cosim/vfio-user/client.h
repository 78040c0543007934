/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_VFIO_USER_CLIENT_H
#define VFSIM_COSIM_VFIO_USER_CLIENT_H

/*
 * The other side of vfio-user: what a VMM does, for use without one. A client may be in the thread
 * of the server that it talks to: while it waits for a reply it calls `pump`. It serves the
 * server's DMA_READ and DMA_WRITE from the memory that it has mapped.
 *
 * Functions that return int: 0 or what they say, or a negative errno: the server's, -ECONNRESET
 * when it has closed the connection, -ETIMEDOUT.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cosim/vfio-user/vfio_user_format.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vfu_client;

struct vfu_client_cfg {
	void (*pump)(void *ctx); /* let the server work; NULL: it is in another thread or process */
	void *ctx;
	uint32_t timeout_ms; /* for a reply, by the host's clock; 0: 5 s, as QEMU */
};

/* Over a connected socket, which the client owns from now on; NULL with errno. */
struct vfu_client *vfu_client_create(int fd, const struct vfu_client_cfg *cfg);
/* At a path. */
struct vfu_client *vfu_client_connect(const char *path, const struct vfu_client_cfg *cfg);
/* Closes the connection. NULL is fine. */
void vfu_client_destroy(struct vfu_client *client);

/* --- Any message --- */

struct vfu_call {
	uint16_t command;
	uint32_t flags; /* VFIO_USER_NO_REPLY */
	const void *payload;
	uint32_t len_bytes;
	const int *fds; /* stay the caller's */
	uint32_t fd_count;
	/* Of the reply: */
	void *reply;
	uint32_t room_bytes; /* more than that: -EMSGSIZE */
	int reply_fd;        /* that came with it, the caller's then; -1 */
};

/* Send, without waiting for anything. Returns the message's ID. */
int vfu_client_send(struct vfu_client *client, const struct vfu_call *call);
/* The reply to message `id`: length of its payload. Replies to others are lost. */
int vfu_client_reply(struct vfu_client *client, int id, struct vfu_call *call);
/* Both. With VFIO_USER_NO_REPLY the reply is not waited for. */
int vfu_client_call(struct vfu_client *client, struct vfu_call *call);

/* --- Single commands --- */

/* `json` may be NULL; the server's text is put into `reply`. */
int vfu_client_version(struct vfu_client *client, const char *json, char *reply,
		       uint32_t room_bytes);
/* Maps `size` bytes at `offset` of a memfd at `iova`; -1: without a file descriptor, no memory then
 * serves DMA. `prot`: VFIO_DMA_MAP_FLAG_*. */
int vfu_client_dma_map(struct vfu_client *client, uint64_t iova, uint64_t size, int fd,
		       uint64_t offset, uint32_t prot);
/* Memory of this process at `host`, reached by messages only. */
int vfu_client_dma_map_host(struct vfu_client *client, uint64_t iova, uint64_t size, void *host);
int vfu_client_dma_unmap(struct vfu_client *client, uint64_t iova, uint64_t size);
int vfu_client_read(struct vfu_client *client, uint32_t region, uint64_t offset, void *data,
		    uint32_t count);
/* `posted`: without a reply. */
int vfu_client_write(struct vfu_client *client, uint32_t region, uint64_t offset, const void *data,
		     uint32_t count, bool posted);
/* `flags`: VFIO_IRQ_SET_*; with DATA_EVENTFD `fds`, NULL for none, `count` of them. */
int vfu_client_set_irqs(struct vfu_client *client, uint32_t flags, uint32_t index, uint32_t start,
			uint32_t count, const int *fds);
int vfu_client_reset(struct vfu_client *client);

/*
 * What QEMU 11 does before its guest runs, in its order: VERSION, `size` bytes of memory at 0 from
 * `memory` (a memfd), what the device is, its configuration space, the sizes of its BARs, INTx with
 * `intx` (an eventfd; -1: the device has no interrupt pin), reset, INTx again. `config` is filled
 * in with the 4096 bytes.
 */
int vfu_client_start(struct vfu_client *client, int memory, uint64_t size, int intx,
		     uint8_t config[4096]);

#ifdef __cplusplus
}
#endif
#endif
