/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VMM in small: the state of one AVF function goes to another by VFIO's migration protocol v2,
 * while both see the same memory. Then the other goes on where the first one was.
 *
 *   iommufd_migrate FROM TO      two cdevs
 *
 * uAPI: linux/vfio.h, VFIO_DEVICE_FEATURE_MIGRATION and following.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "cosim/guests/programs/avf/iommufd.h"

#define STATE_BYTES (1u << 20)

/* A feature and its structure behind it. */
struct mig_state {
	struct vfio_device_feature feature;
	struct vfio_device_feature_mig_state state;
};

static uint64_t migration_flags(const struct user *user)
{
	struct {
		struct vfio_device_feature feature;
		struct vfio_device_feature_migration migration;
	} get = {{sizeof(get), VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION}, {0}};

	if (ioctl(user->avf.device, VFIO_DEVICE_FEATURE, &get))
		die("migration");
	return get.migration.flags;
}

static uint64_t stop_copy_bytes(const struct user *user)
{
	struct {
		struct vfio_device_feature feature;
		struct vfio_device_feature_mig_data_size size;
	} get = {{sizeof(get), VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE}, {0}};

	if (ioctl(user->avf.device, VFIO_DEVICE_FEATURE, &get))
		die("size of the state");
	return get.size.stop_copy_length;
}

static uint32_t state_of(const struct user *user)
{
	struct mig_state get = {
		{sizeof(get), VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE}, {0}};

	if (ioctl(user->avf.device, VFIO_DEVICE_FEATURE, &get))
		die("state");
	return get.state.device_state;
}

/* The data's file, or -1: the arcs on the way made none. -errno in `*error` if it is refused. */
static int try_state(const struct user *user, uint32_t state, int *error)
{
	struct mig_state set = {
		{sizeof(set), VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE},
		{state, -1}};

	*error = ioctl(user->avf.device, VFIO_DEVICE_FEATURE, &set) ? -errno : 0;
	return *error ? -1 : set.state.data_fd;
}

static int set_state(const struct user *user, uint32_t state)
{
	int error, file = try_state(user, state, &error);

	errno = -error;
	if (error)
		die("a state");
	require(state_of(user) == state, "another state than was asked for");
	return file;
}

/* Up to where nothing more comes; what it ended with in `*end`. */
static size_t read_all(int file, uint8_t *to, int *end)
{
	size_t got = 0;
	ssize_t part;

	while ((part = read(file, to + got, 777)) > 0)
		got += (size_t)part;
	*end = part ? -errno : 0;
	return got;
}

static size_t save(const struct user *from, uint8_t *bytes)
{
	struct vfio_precopy_info info = {.argsz = sizeof(info)};
	int file = set_state(from, VFIO_DEVICE_STATE_PRE_COPY), end;
	size_t first, all;

	require(file >= 0, "pre-copy has no file");
	if (ioctl(file, VFIO_MIG_GET_PRECOPY_INFO, &info))
		die("pre-copy's information");
	first = read_all(file, bytes, &end);
	require(end == -ENOMSG, "pre-copy's end is not ENOMSG");
	require(first && first == info.initial_bytes, "pre-copy has other bytes than it says");
	require(set_state(from, VFIO_DEVICE_STATE_STOP_COPY) < 0,
		"stop-copy has a file of its own");
	require(ioctl(file, VFIO_MIG_GET_PRECOPY_INFO, &info) && errno == EINVAL,
		"pre-copy's information afterwards");
	all = first + read_all(file, bytes + first, &end);
	require(!end, "the state has no end");
	require(all > first && all <= stop_copy_bytes(from), "another size than it says");
	set_state(from, VFIO_DEVICE_STATE_STOP);
	require(read(file, bytes + all, 1) < 0 && errno == ENODEV,
		"read from a session that ended");
	close(file);
	printf("saved: %zu bytes, %zu of them while it ran\n", all, first);
	return all;
}

static int load(const struct user *to, const uint8_t *bytes, size_t len)
{
	int file = set_state(to, VFIO_DEVICE_STATE_RESUMING), error;

	require(file >= 0, "resuming has no file");
	for (size_t at = 0; at < len;) {
		ssize_t part = write(file, bytes + at, len - at < 500 ? len - at : 500);

		if (part <= 0)
			die("write of the state");
		at += (size_t)part;
	}
	try_state(to, VFIO_DEVICE_STATE_STOP, &error);
	close(file);
	return error;
}

static void check_refusal(const struct user *to, uint8_t *bytes, size_t len)
{
	bytes[len / 2] ^= 1;
	require(load(to, bytes, len) == -EINVAL, "an altered state is taken");
	require(state_of(to) == VFIO_DEVICE_STATE_RESUMING, "a refused state changes the VF's");
	if (ioctl(to->avf.device, VFIO_DEVICE_RESET))
		die("reset");
	require(state_of(to) == VFIO_DEVICE_STATE_RUNNING, "a reset does not end a migration");
	bytes[len / 2] ^= 1;
	printf("refused: as it should be\n");
}

static void check_registers(struct avf *from, struct avf *to)
{
	const uint32_t offsets[] = {atq_regs.bal, atq_regs.head, atq_regs.tail, atq_regs.len,
				    arq_regs.bal, arq_regs.head, arq_regs.tail, arq_regs.len};

	for (uint32_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		require(avf_read(from, offsets[i]) == avf_read(to, offsets[i]),
			"registers have not moved");
	require(avf_read(to, atq_regs.len) & QUEUE_ENABLE, "the queues are off");
}

int main(int argc, char **argv)
{
	struct user from = {.avf = {.pages = 16, .atq = 0, .arq = 1, .send = 2, .receive = 3}};
	struct user to = from;
	uint8_t *bytes = malloc(STATE_BYTES);
	size_t len;

	require(argc == 3 && bytes, "FROM TO");
	user_open(&from, argv[1]);
	user_make_ioas(&from);
	user_attach(&from, from.ioas_id);
	avf_begin(&from.avf);
	user_map(&from);
	to.iommufd = from.iommufd;
	to.ioas_id = from.ioas_id;
	to.avf.memory = from.avf.memory;
	user_open(&to, argv[2]);
	user_attach(&to, to.ioas_id);
	avf_begin(&to.avf);

	require(migration_flags(&from) ==
			(VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY),
		"not all of migration");
	avf_exchange_version(&from.avf);
	len = save(&from, bytes);
	check_refusal(&to, bytes, len);
	avf_reset(&to.avf);
	avf_take_interrupts(&to.avf);
	require(!load(&to, bytes, len), "the state is refused");
	check_registers(&from.avf, &to.avf);
	require(set_state(&to, VFIO_DEVICE_STATE_RUNNING) < 0, "running has a file");
	avf_exchange_again(&to.avf, 1);
	printf("moved\n");
	return 0;
}
