/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_VFIO_DATA_FD_H
#define VFSIM_VFIO_DATA_FD_H

/*
 * The stream of a migration session (data_fd): bytes of device state that a
 * program reads at the source and writes at the destination.
 */

#include "uapi/uapi_internal.h"

struct vfio_device;

enum mig_stream_state {
	MIG_STREAM_PRE_COPY, /* being read; what is there may end for now */
	MIG_STREAM_COMPLETE, /* being read; nothing more will come */
	MIG_STREAM_RESUMING, /* being written */
	MIG_STREAM_DISABLED, /* the session is over */
};

struct mig_stream {
	struct uapi_file file;
	struct vfio_device *device;
	enum mig_stream_state state;
	uint8_t *data;
	size_t len, capacity;
	size_t position;      /* of the reader */
	size_t initial_bytes; /* what pre-copy began with */
};

/* NULL without memory. The caller has the only reference. */
struct mig_stream *mig_stream_new(struct vfio_device *device, enum mig_stream_state state);
/* Room for `bytes` more behind what is there, at data + len. -ENOMEM. */
int mig_stream_reserve(struct mig_stream *stream, size_t bytes);
/* End the session; descriptors of it only give -ENODEV from now on. */
void mig_stream_disable(struct mig_stream *stream);

#endif
