/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFSIM_STREAM_H
#define VFSIM_STREAM_H

/* The file that a migration's bytes go through: a state that was saved, or one to be loaded. */
#include <linux/mutex.h>
#include <linux/types.h>

enum stream_kind {
	STREAM_PRE_COPY, /* more will come */
	STREAM_COMPLETE,
	STREAM_RESUMING, /* is written */
	STREAM_DEAD,     /* the migration has ended, or the device was reset */
};

struct vfsim_stream {
	struct file *file; /* one reference is the driver's */
	struct mutex lock;
	enum stream_kind kind;
	u8 *data;
	size_t len;     /* there are */
	size_t room;    /* there is memory for */
	size_t at;      /* the reader is */
	size_t initial; /* of what pre-copy began with */
};

/* ERR_PTR(-ENOMEM) and what an anonymous file may end with. */
struct vfsim_stream *vfsim_stream_new(enum stream_kind kind);
/* Room for so many bytes in all. With the lock. */
int vfsim_stream_reserve(struct vfsim_stream *stream, size_t bytes);
void vfsim_stream_end(struct vfsim_stream *stream);

#endif
