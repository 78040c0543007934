// SPDX-License-Identifier: Apache-2.0
#include "uapi/ioctl_table.h"

#include <errno.h>

/* Bytes beyond what we know must be zero: a newer caller that uses none of what is newer. */
static int check_tail(const struct ioctl_call *call)
{
	uint8_t tail[64];

	for (uint64_t at = call->row->size; at < call->user_size; at += sizeof(tail)) {
		size_t len = MIN(sizeof(tail), call->user_size - at);

		if (user_copy_from(&call->task, tail, call->user + at, len))
			return -EFAULT;
		for (size_t i = 0; i < len; i++) {
			if (tail[i])
				return -E2BIG;
		}
	}
	return 0;
}

static int fetch_sized(struct ioctl_call *call)
{
	int rc;

	if (user_copy_from(&call->task, &call->user_size, call->user, sizeof(call->user_size)))
		return -EFAULT;
	if (call->user_size < call->row->min)
		return -EINVAL;
	rc = check_tail(call);
	if (rc)
		return rc;
	return user_copy_from(&call->task, call->cmd, call->user,
			      MIN(call->user_size, call->row->size));
}

static int fetch_raw(struct ioctl_call *call)
{
	int rc = user_copy_from(&call->task, call->cmd, call->user, call->row->min);

	memcpy(&call->user_size, call->cmd, sizeof(call->user_size));
	return rc;
}

static int fetch(struct ioctl_call *call)
{
	int rc;

	switch ((enum ioctl_style)call->row->style) {
	case IOCTL_SIZED:
		return fetch_sized(call);
	case IOCTL_ARGSZ:
		rc = fetch_raw(call);
		return rc ? rc : call->user_size < call->row->min ? -EINVAL : 0;
	case IOCTL_RAW:
		return fetch_raw(call);
	case IOCTL_NONE:
		break;
	}
	return 0;
}

int ioctl_execute(const struct ioctl_row *row, struct uapi_file *file, const struct uapi_task *task,
		  uint64_t argument)
{
	struct ioctl_call call = {.task = *task, .file = file, .row = row, .user = argument};
	int rc;

	sim_assert(&file->kernel->env.part, row->size <= sizeof(call.cmd));
	rc = fetch(&call);
	return rc ? rc : row->execute(&call);
}

int ioctl_respond_len(struct ioctl_call *call, size_t len)
{
	return user_copy_to(&call->task, call->user, call->cmd, len);
}

int ioctl_respond(struct ioctl_call *call)
{
	return ioctl_respond_len(call, MIN(call->user_size, call->row->size));
}
