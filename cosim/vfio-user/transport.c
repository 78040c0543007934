/* SPDX-License-Identifier: Apache-2.0 */
#include "cosim/vfio-user/transport_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bits.h"

#define FIRST_BYTES  65536u
#define SCM_FDS_MOST 253u /* of one sendmsg: the kernel's SCM_MAX_FD */

struct vfu_out {
	struct vfu_out *next;
	size_t bytes, sent;
	int fd[VFU_MESSAGE_FDS]; /* ours */
	uint32_t fds;
	uint8_t data[];
};

void vfu_stream_init(struct vfu_stream *stream, size_t out_limit)
{
	*stream = (struct vfu_stream){.fd = -1, .out_limit = out_limit};
	stream->out_last = &stream->out;
}

void vfu_stream_fini(struct vfu_stream *stream)
{
	vfu_stream_close(stream);
	free(stream->in);
	stream->in = NULL;
}

int vfu_stream_open(struct vfu_stream *stream, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	if (!stream->in) {
		stream->in = malloc(FIRST_BYTES);
		if (!stream->in)
			return -ENOMEM;
		stream->in_bytes = FIRST_BYTES;
	}
	stream->fd = fd;
	stream->eof = false;
	stream->start = stream->end = stream->held = 0;
	stream->consumed = 0;
	return 0;
}

static void free_out(struct vfu_out *out)
{
	for (uint32_t i = 0; i < out->fds; i++)
		close(out->fd[i]);
	free(out);
}

static void close_waiting(struct vfu_stream *stream)
{
	for (uint32_t i = 0; i < stream->waiting_fds; i++)
		if (stream->waiting[i].fd >= 0)
			close(stream->waiting[i].fd);
	stream->waiting_fds = 0;
}

void vfu_stream_close(struct vfu_stream *stream)
{
	if (stream->fd >= 0)
		close(stream->fd);
	stream->fd = -1;
	close_waiting(stream);
	while (stream->out) {
		struct vfu_out *out = stream->out;

		stream->out = out->next;
		free_out(out);
	}
	stream->out_last = &stream->out;
	stream->out_bytes = 0;
	stream->end = stream->start + stream->held;
}

/* --- In --- */

static void wait_fd(struct vfu_stream *stream, uint64_t position, int fd)
{
	stream->waiting[stream->waiting_fds].position = position;
	stream->waiting[stream->waiting_fds++].fd = fd;
}

/*
 * The kernel ends a read behind the piece of a sendmsg that file descriptors came with (unix(7)),
 * so the last byte of this read belongs to the message that they do.
 */
static void take_fds(struct vfu_stream *stream, struct msghdr *msg)
{
	uint64_t position = stream->consumed + (stream->end - stream->start) - 1;
	bool lost = msg->msg_flags & MSG_CTRUNC;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		int fd[SCM_FDS_MOST];
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(fd[0]);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fd, CMSG_DATA(c), count * sizeof(fd[0]));
		for (size_t i = 0; i < count; i++)
			if (i < VFU_MESSAGE_FDS)
				wait_fd(stream, position, fd[i]);
			else
				close(fd[i]);
		lost |= count > VFU_MESSAGE_FDS;
	}
	if (lost)
		wait_fd(stream, position, -1);
}

bool vfu_stream_has_room(const struct vfu_stream *stream)
{
	return stream->end < stream->in_bytes &&
	       stream->waiting_fds + VFU_MESSAGE_FDS + 1 <= VFU_WAITING_FDS;
}

/* What has come goes to the front, unless some of it is being looked at. */
static void make_room(struct vfu_stream *stream)
{
	if (stream->held || !stream->start)
		return;
	memmove(stream->in, stream->in + stream->start, stream->end - stream->start);
	stream->end -= stream->start;
	stream->start = 0;
}

int vfu_stream_fill(struct vfu_stream *stream)
{
	union {
		char room[CMSG_SPACE(SCM_FDS_MOST * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.room,
			     .msg_controllen = sizeof(control.room)};
	ssize_t len;

	make_room(stream);
	if (!vfu_stream_has_room(stream) || stream->eof)
		return 0;
	iov.iov_base = stream->in + stream->end;
	iov.iov_len = stream->in_bytes - stream->end;
	len = recvmsg(stream->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	stream->eof = !len;
	stream->end += (size_t)len;
	if (msg.msg_controllen || msg.msg_flags & MSG_CTRUNC)
		take_fds(stream, &msg);
	return len > 0;
}

size_t vfu_stream_partial(const struct vfu_stream *stream)
{
	return stream->end - stream->start - stream->held;
}

static int grow(struct vfu_stream *stream, size_t bytes)
{
	uint8_t *in;

	if (bytes <= stream->in_bytes)
		return 0;
	in = realloc(stream->in, bytes);
	if (!in)
		return -ENOMEM;
	stream->in = in;
	stream->in_bytes = bytes;
	return 0;
}

/* Those that came up to the end of the message that is held. */
static void give_fds(struct vfu_stream *stream, struct vfu_message *message)
{
	uint32_t i;

	for (i = 0; i < stream->waiting_fds; i++) {
		int fd = stream->waiting[i].fd;

		if (stream->waiting[i].position >= stream->consumed + stream->held)
			break;
		if (fd >= 0 && message->fds < VFU_MESSAGE_FDS) {
			message->fd[message->fds++] = fd;
			continue;
		}
		message->fds_lost = true;
		if (fd >= 0)
			close(fd);
	}
	stream->waiting_fds -= i;
	memmove(stream->waiting, stream->waiting + i,
		stream->waiting_fds * sizeof(stream->waiting[0]));
}

int vfu_stream_next(struct vfu_stream *stream, struct vfu_message *message)
{
	size_t there = stream->end - stream->start;

	*message = (struct vfu_message){0};
	if (there < sizeof(message->header))
		return stream->waiting_fds + VFU_MESSAGE_FDS + 1 > VFU_WAITING_FDS ? -ETOOMANYREFS
										   : 0;
	memcpy(&message->header, stream->in + stream->start, sizeof(message->header));
	if (message->header.size < sizeof(message->header))
		return -EBADMSG;
	if (message->header.size > VFU_MESSAGE_BYTES)
		return -EMSGSIZE;
	if (there < message->header.size) {
		make_room(stream);
		if (stream->waiting_fds + VFU_MESSAGE_FDS + 1 > VFU_WAITING_FDS)
			return -ETOOMANYREFS;
		return grow(stream, message->header.size);
	}
	stream->held = message->header.size;
	message->payload = stream->in + stream->start + sizeof(message->header);
	message->len_bytes = message->header.size - (uint32_t)sizeof(message->header);
	give_fds(stream, message);
	return 1;
}

void vfu_stream_consume(struct vfu_stream *stream)
{
	stream->start += stream->held;
	stream->consumed += stream->held;
	stream->held = 0;
	if (stream->start == stream->end)
		stream->start = stream->end = 0;
}

void vfu_message_close_fds(struct vfu_message *message)
{
	for (uint32_t i = 0; i < message->fds; i++)
		if (message->fd[i] >= 0)
			close(message->fd[i]);
	message->fds = 0;
}

/* --- Out --- */

static ssize_t send_pieces(int socket, struct iovec *iov, size_t count, const int *fds,
			   uint32_t fd_count)
{
	union {
		char room[CMSG_SPACE(VFU_MESSAGE_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = count};
	struct cmsghdr *c;
	ssize_t len;

	if (fd_count) {
		msg.msg_control = control.room;
		msg.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, fd_count * sizeof(int));
	}
	len = sendmsg(socket, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return len;
}

/* `sent` bytes of the pieces are gone, and the file descriptors with them. */
static int queue_rest(struct vfu_stream *stream, const struct iovec *iov, size_t count, size_t sent,
		      const int *fds, uint32_t fd_count)
{
	struct vfu_out *out;
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += iov[i].iov_len;
	/* One message is taken whatever its size: nothing is answered behind it. */
	if (stream->out && stream->out_bytes + bytes - sent > stream->out_limit)
		return -ENOBUFS;
	out = malloc(sizeof(*out) + bytes);
	if (!out)
		return -ENOMEM;
	*out = (struct vfu_out){.sent = sent};
	for (size_t i = 0; i < count; out->bytes += iov[i++].iov_len)
		if (iov[i].iov_len)
			memcpy(out->data + out->bytes, iov[i].iov_base, iov[i].iov_len);
	for (uint32_t i = 0; !sent && i < fd_count; i++) {
		out->fd[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
		if (out->fd[i] < 0) {
			free_out(out);
			return -EMFILE;
		}
		out->fds++;
	}
	*stream->out_last = out;
	stream->out_last = &out->next;
	stream->out_bytes += bytes - sent;
	return 0;
}

/*
 * One sendmsg for each message, so that its header is never split: QEMU takes a part of one for
 * the end of the connection.
 */
int vfu_stream_send(struct vfu_stream *stream, struct vfio_user_header *header,
		    const struct iovec payload[2], const int *fds, uint32_t fd_count)
{
	struct iovec iov[3] = {{header, sizeof(*header)}, payload[0], payload[1]};
	ssize_t sent = 0;

	header->size = (uint32_t)(sizeof(*header) + payload[0].iov_len + payload[1].iov_len);
	if (!stream->out)
		sent = send_pieces(stream->fd, iov, ARRAY_LEN(iov), fds, fd_count);
	if (sent < 0)
		return (int)sent;
	if ((size_t)sent == header->size)
		return 0;
	return queue_rest(stream, iov, ARRAY_LEN(iov), (size_t)sent, fds, fd_count);
}

int vfu_stream_flush(struct vfu_stream *stream)
{
	while (stream->out) {
		struct vfu_out *out = stream->out;
		struct iovec iov = {out->data + out->sent, out->bytes - out->sent};
		ssize_t sent = send_pieces(stream->fd, &iov, 1, out->fd, out->sent ? 0 : out->fds);

		if (sent <= 0)
			return (int)sent;
		out->sent += (size_t)sent;
		stream->out_bytes -= (size_t)sent;
		if (out->sent < out->bytes)
			return 0;
		stream->out = out->next;
		if (!stream->out)
			stream->out_last = &stream->out;
		free_out(out);
	}
	return 0;
}
