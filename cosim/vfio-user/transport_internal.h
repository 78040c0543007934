/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_VFIO_USER_TRANSPORT_INTERNAL_H
#define VFSIM_COSIM_VFIO_USER_TRANSPORT_INTERNAL_H

/*
 * Messages over a UNIX stream socket: bytes and file descriptors come in in any pieces and leave
 * as whole messages; what the other side does not take at once waits in a queue. Nothing blocks,
 * and nothing here knows what a message means.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "cosim/vfio-user/vfio_user_format.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	/* File descriptors of one message. QEMU refuses a server that takes more than 16. */
	VFU_MESSAGE_FDS = 16,
	VFU_DATA_BYTES = 1 << 20,                  /* max_data_xfer_size */
	VFU_MESSAGE_BYTES = VFU_DATA_BYTES + 4096, /* room for any header before the data */
	VFU_WAITING_FDS = 64,
};

struct vfu_message {
	struct vfio_user_header header;
	uint8_t *payload; /* in the stream, until vfu_stream_consume */
	uint32_t len_bytes;
	int fd[VFU_MESSAGE_FDS]; /* whoever wants one puts -1 in its place; the rest are closed */
	uint32_t fds;
	bool fds_lost; /* more came than that, or this process could not take them */
};

struct vfu_out; /* a message, or the rest of one, that waits */

struct vfu_stream {
	int fd; /* -1: closed */
	bool eof;
	/* What has come and was not consumed: `in` from `start` to `end`. */
	uint8_t *in;
	size_t in_bytes, start, end;
	size_t held; /* of the message that vfu_stream_next gave out; it stays where it is */
	/* File descriptors, each with the position in the stream of the last byte it came with. */
	uint64_t consumed;
	struct {
		uint64_t position;
		int fd; /* -1: lost */
	} waiting[VFU_WAITING_FDS];
	uint32_t waiting_fds;
	struct vfu_out *out, **out_last;
	size_t out_bytes, out_limit;
};

void vfu_stream_init(struct vfu_stream *stream, size_t out_limit);
void vfu_stream_fini(struct vfu_stream *stream);

/* Begin with a connected socket, which is made non-blocking and owned. -errno. */
int vfu_stream_open(struct vfu_stream *stream, int fd);
/* Close it and drop what has come and what waits; a message that is held stays readable. */
void vfu_stream_close(struct vfu_stream *stream);

/* Take in what has come. 1: something; 0: nothing, or no room; -errno. Sets `eof`. */
int vfu_stream_fill(struct vfu_stream *stream);
bool vfu_stream_has_room(const struct vfu_stream *stream);
/*
 * The next whole message. 1: it is held, and is to be consumed before the next; 0: there is none;
 * -EBADMSG, -EMSGSIZE, -ETOOMANYREFS: what comes is no stream of messages any more.
 */
int vfu_stream_next(struct vfu_stream *stream, struct vfu_message *message);
void vfu_stream_consume(struct vfu_stream *stream);
/* Bytes of a message that is not whole yet. */
size_t vfu_stream_partial(const struct vfu_stream *stream);
void vfu_message_close_fds(struct vfu_message *message);

/*
 * Send a header and up to two pieces of payload, and file descriptors, which stay the caller's.
 * `header->size` is filled in. -ENOBUFS: something waits, and the queue would be longer than its
 * limit; or another -errno: the socket is of no use any more.
 */
int vfu_stream_send(struct vfu_stream *stream, struct vfio_user_header *header,
		    const struct iovec payload[2], const int *fds, uint32_t fd_count);
/* Send what waits. -errno. */
int vfu_stream_flush(struct vfu_stream *stream);

/* A listening socket at `path`, mode 0600. -EEXIST: something else is there; -EADDRINUSE; -errno.
 */
struct vfu_listener {
	int fd;
	char *path;
	uint64_t device, inode; /* which file it is, so that nothing else is removed */
};
int vfu_listener_open(struct vfu_listener *listener, const char *path);
void vfu_listener_close(struct vfu_listener *listener);

#ifdef __cplusplus
}
#endif
#endif
