/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the device answers, now or later: accesses to regions, reset, features, migration data. One
 * is open at a time, because nothing behind it is looked at.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cosim/vfio-user/server_internal.h"

static int make_answer_room(struct vfu_device *device, size_t bytes)
{
	uint8_t *answer;

	if (bytes <= device->answer_bytes)
		return 0;
	answer = realloc(device->answer, bytes);
	if (!answer)
		return ENOMEM;
	device->answer = answer;
	device->answer_bytes = bytes;
	return 0;
}

/* The next write of several; false: there is none. */
static bool next_write(struct vfu_open *open)
{
	struct vfio_user_small_write write;
	uint8_t *at;

	if (open->error || open->left || open->writes_done == open->writes)
		return false;
	at = open->payload + sizeof(uint64_t) + open->writes_done++ * sizeof(write);
	memcpy(&write, at, sizeof(write));
	open->access.region = write.region;
	open->access.offset = write.offset;
	open->access.len_bytes = open->access.room_bytes = write.count;
	open->access.data = at + offsetof(struct vfio_user_small_write, data);
	return true;
}

static void close_access(struct vfu_device *device);

/* Call the device's op, again for each further write, until it keeps one open or all are done. */
static void perform(struct vfu_device *device)
{
	struct vfu_open *open = &device->open;

	do {
		device->counters.reads += open->access.kind == VFU_ACCESS_READ;
		device->counters.writes += open->access.kind == VFU_ACCESS_WRITE;
		open->open = true;
		open->within = true;
		open->perform(device->ctx, &open->access);
		open->within = false;
		if (open->open)
			return;
	} while (next_write(open));
	close_access(device);
}

static int begin(struct vfu_device *device, const struct vfu_message *message,
		 void (*op)(void *ctx, struct vfu_access *access), const struct vfu_access *access,
		 uint64_t writes)
{
	device->open = (struct vfu_open){
		.header = message->header,
		.access = *access,
		.perform = op,
		.payload = message->payload,
		.writes = writes,
	};
	device->open.access.device = device;
	device->open.access.posted = message->header.flags & VFIO_USER_NO_REPLY;
	if (writes)
		next_write(&device->open);
	perform(device);
	return VFU_LATER;
}

/* --- Regions --- */

static int check_access(const struct vfu_device *device, uint64_t offset, uint32_t index,
			uint32_t count, uint32_t needs)
{
	const struct vfu_region_cfg *region;

	if (index >= VFU_REGIONS || !count || count > VFU_DATA_BYTES)
		return EINVAL;
	region = &device->cfg.region[index];
	if (offset > region->size_bytes || count > region->size_bytes - offset)
		return EINVAL;
	return region->flags & needs ? 0 : EPERM;
}

static int region_error(struct vfu_device *device, const char *what,
			const struct vfio_user_region_access *region, int error)
{
	if (error)
		vfu_complain(device, "%s of region %u, 0x%" PRIx64 "+%u is refused: %s", what,
			     region->region, region->offset, region->count, strerror(error));
	return error;
}

int vfu_handle_region_read(struct vfu_device *device, struct vfu_message *message,
			   struct vfu_reply *reply)
{
	struct vfio_user_region_access region;
	int error = EINVAL;

	memcpy(&region, message->payload, sizeof(region));
	if (message->len_bytes == sizeof(region))
		error = check_access(device, region.offset, region.region, region.count,
				     VFU_REGION_READ);
	if (!error)
		error = make_answer_room(device, region.count);
	if (error)
		return region_error(device, "a read", &region, error);
	/* Whatever a device does not fill in is no other client's data. */
	memset(device->answer, 0, region.count);
	return begin(device, message, device->ops.region_access,
		     &(struct vfu_access){.kind = VFU_ACCESS_READ,
					  .region = region.region,
					  .offset = region.offset,
					  .data = device->answer,
					  .len_bytes = region.count,
					  .room_bytes = region.count},
		     0);
}

int vfu_handle_region_write(struct vfu_device *device, struct vfu_message *message,
			    struct vfu_reply *reply)
{
	struct vfio_user_region_access region;
	int error = EINVAL;

	memcpy(&region, message->payload, sizeof(region));
	if (message->len_bytes - sizeof(region) == region.count)
		error = check_access(device, region.offset, region.region, region.count,
				     VFU_REGION_WRITE);
	if (error)
		return region_error(device, "a write", &region, error);
	return begin(device, message, device->ops.region_access,
		     &(struct vfu_access){.kind = VFU_ACCESS_WRITE,
					  .region = region.region,
					  .offset = region.offset,
					  .data = message->payload + sizeof(region),
					  .len_bytes = region.count,
					  .room_bytes = region.count},
		     0);
}

/* --- Several writes in one message --- */

static struct vfio_user_small_write small_write(const uint8_t *payload, uint64_t i)
{
	struct vfio_user_small_write write;

	memcpy(&write, payload + sizeof(uint64_t) + i * sizeof(write), sizeof(write));
	return write;
}

/* All are good before the first is made. */
static int check_writes(struct vfu_device *device, const struct vfu_message *message,
			uint64_t *count)
{
	size_t bytes = message->len_bytes - sizeof(*count);

	memcpy(count, message->payload, sizeof(*count));
	if (!device->agreed.write_multiple)
		return ENOTSUP;
	if (!*count || bytes / sizeof(struct vfio_user_small_write) != *count ||
	    bytes % sizeof(struct vfio_user_small_write))
		return EINVAL;
	for (uint64_t i = 0; i < *count; i++) {
		struct vfio_user_small_write write = small_write(message->payload, i);
		int error = write.count > sizeof(write.data)
				    ? EINVAL
				    : check_access(device, write.offset, write.region, write.count,
						   VFU_REGION_WRITE);

		if (error)
			return error;
	}
	return 0;
}

int vfu_handle_write_multi(struct vfu_device *device, struct vfu_message *message,
			   struct vfu_reply *reply)
{
	uint64_t count;
	int error = check_writes(device, message, &count);

	if (error) {
		vfu_complain(device, "a REGION_WRITE_MULTI is refused: %s", strerror(error));
		return error;
	}
	return begin(device, message, device->ops.region_access,
		     &(struct vfu_access){.kind = VFU_ACCESS_WRITE}, count);
}

/* --- The rest --- */

int vfu_handle_reset(struct vfu_device *device, struct vfu_message *message,
		     struct vfu_reply *reply)
{
	if (message->len_bytes)
		return EINVAL;
	if (!device->ops.reset)
		return ENOTSUP;
	return begin(device, message, device->ops.reset,
		     &(struct vfu_access){.kind = VFU_ACCESS_RESET}, 0);
}

static int check_feature(const struct vfu_device *device, const struct vfio_user_feature *feature)
{
	const uint32_t both = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET;
	const uint32_t known = VFIO_DEVICE_FEATURE_MASK | VFIO_DEVICE_FEATURE_PROBE | both;

	if (feature->argsz < sizeof(*feature) || feature->flags & ~known)
		return EINVAL;
	if (!(feature->flags & VFIO_DEVICE_FEATURE_PROBE) &&
	    (!(feature->flags & both) || (feature->flags & both) == both))
		return EINVAL;
	return device->ops.feature ? 0 : ENOTSUP;
}

int vfu_handle_feature(struct vfu_device *device, struct vfu_message *message,
		       struct vfu_reply *reply)
{
	struct vfio_user_feature feature;
	uint32_t len = message->len_bytes - (uint32_t)sizeof(feature), room;
	int error;

	memcpy(&feature, message->payload, sizeof(feature));
	error = check_feature(device, &feature);
	room = MAX(len, MIN(feature.argsz, VFU_DATA_BYTES));
	if (!error)
		error = make_answer_room(device, room);
	if (error)
		return error;
	memcpy(device->answer, message->payload + sizeof(feature), len);
	return begin(device, message, device->ops.feature,
		     &(struct vfu_access){.kind = VFU_ACCESS_FEATURE,
					  .feature = feature.flags,
					  .data = device->answer,
					  .len_bytes = len,
					  .room_bytes = room},
		     0);
}

int vfu_handle_data_read(struct vfu_device *device, struct vfu_message *message,
			 struct vfu_reply *reply)
{
	struct vfio_user_migration_data data;
	int error;

	memcpy(&data, message->payload, sizeof(data));
	if (!device->ops.migration_data)
		return ENOTSUP;
	if (message->len_bytes != sizeof(data) || !data.size || data.size > VFU_DATA_BYTES ||
	    data.argsz < sizeof(data) || data.argsz - sizeof(data) < data.size)
		return EINVAL;
	error = make_answer_room(device, data.size);
	if (error)
		return error;
	return begin(device, message, device->ops.migration_data,
		     &(struct vfu_access){.kind = VFU_ACCESS_DATA_READ,
					  .data = device->answer,
					  .len_bytes = data.size,
					  .room_bytes = data.size},
		     0);
}

int vfu_handle_data_write(struct vfu_device *device, struct vfu_message *message,
			  struct vfu_reply *reply)
{
	struct vfio_user_migration_data data;

	memcpy(&data, message->payload, sizeof(data));
	if (!device->ops.migration_data)
		return ENOTSUP;
	if (!data.size || data.size > VFU_DATA_BYTES ||
	    message->len_bytes - sizeof(data) != data.size)
		return EINVAL;
	return begin(device, message, device->ops.migration_data,
		     &(struct vfu_access){.kind = VFU_ACCESS_DATA_WRITE,
					  .data = message->payload + sizeof(data),
					  .len_bytes = data.size,
					  .room_bytes = data.size},
		     0);
}

/* --- Answers --- */

static void answer_region(const struct vfu_open *open, struct vfu_reply *reply)
{
	const struct vfu_access *access = &open->access;
	struct vfio_user_region_access region = {access->offset, access->region, access->len_bytes};

	if (open->writes) {
		vfu_reply_copy(reply, &open->writes_done, sizeof(open->writes_done));
		return;
	}
	vfu_reply_copy(reply, &region, sizeof(region));
	if (access->kind == VFU_ACCESS_READ)
		reply->payload[1] = (struct iovec){access->data, access->len_bytes};
}

/* What does not fit is left out, and the client told how much it is. */
static void answer_feature(const struct vfu_open *open, struct vfu_reply *reply)
{
	struct vfio_user_feature asked, feature;

	memcpy(&asked, open->payload, sizeof(asked));
	feature.argsz = (uint32_t)sizeof(feature) + open->access.len_bytes;
	feature.flags = open->access.feature;
	vfu_reply_copy(reply, &feature, sizeof(feature));
	if (feature.argsz <= asked.argsz && open->access.len_bytes <= open->access.room_bytes)
		reply->payload[1] = (struct iovec){open->access.data, open->access.len_bytes};
}

static void answer_data(const struct vfu_open *open, struct vfu_reply *reply)
{
	struct vfio_user_migration_data data = {
		.argsz = (uint32_t)sizeof(data) + open->access.len_bytes,
		.size = open->access.len_bytes,
	};

	vfu_reply_copy(reply, &data, sizeof(data));
	reply->payload[1] = (struct iovec){open->access.data, open->access.len_bytes};
}

static void answer_nothing(const struct vfu_open *open, struct vfu_reply *reply)
{
}

static void (*const answers[])(const struct vfu_open *open, struct vfu_reply *reply) = {
	[VFU_ACCESS_READ] = answer_region,    [VFU_ACCESS_WRITE] = answer_region,
	[VFU_ACCESS_RESET] = answer_nothing,  [VFU_ACCESS_FEATURE] = answer_feature,
	[VFU_ACCESS_DATA_READ] = answer_data, [VFU_ACCESS_DATA_WRITE] = answer_nothing,
};

static void close_access(struct vfu_device *device)
{
	struct vfu_open *open = &device->open;
	struct vfu_reply reply;

	vfu_reply_clear(&reply);
	if (!open->left && !open->error)
		answers[open->access.kind](open, &reply);
	if (!open->left)
		vfu_reply(device, &open->header, open->error, &reply);
	vfu_stream_consume(&device->main.stream);
	/* The rest of what has come is the loop's, not this call's. */
	device->more = true;
	if (open->left)
		vfu_device_let_in(device);
}

void vfu_access_done(struct vfu_access *access, int error)
{
	struct vfu_device *device = access->device;
	struct vfu_open *open = &device->open;

	open->open = false;
	open->error = error;
	if (open->within)
		return;
	if (next_write(open))
		perform(device);
	else
		close_access(device);
}
