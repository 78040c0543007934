/* SPDX-License-Identifier: Apache-2.0 */
/* VERSION: what client and server agree on. The reply has no capability that was not proposed. */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bits.h"
#include "cosim/vfio-user/server_internal.h"

/* --- Each capability: what the client says, and what we say to that --- */

struct negotiation {
	struct vfu_device *device;
	json_t *ours; /* the reply's capabilities */
	struct vfu_agreed agreed;
};

static bool get_number(const json_t *value, uint64_t *number)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*number = (uint64_t)json_integer_value(value);
	return true;
}

static void say_number(struct negotiation *talk, const char *name, uint64_t number)
{
	json_object_set_new(talk->ours, name, json_integer((json_int_t)number));
}

static bool agree_msg_fds(struct negotiation *talk, const char *name, const json_t *value)
{
	say_number(talk, name, VFU_MESSAGE_FDS);
	return get_number(value, &talk->agreed.msg_fds);
}

static bool agree_data_bytes(struct negotiation *talk, const char *name, const json_t *value)
{
	say_number(talk, name, VFU_DATA_BYTES);
	return get_number(value, &talk->agreed.data_bytes);
}

static bool agree_dma_maps(struct negotiation *talk, const char *name, const json_t *value)
{
	uint64_t theirs;

	say_number(talk, name, talk->device->cfg.max_dma_maps);
	return get_number(value, &theirs);
}

static bool agree_pgsizes(struct negotiation *talk, const char *name, const json_t *value)
{
	uint64_t theirs;

	say_number(talk, name, (uint64_t)sysconf(_SC_PAGESIZE));
	return get_number(value, &theirs);
}

static bool agree_write_multiple(struct negotiation *talk, const char *name, const json_t *value)
{
	talk->agreed.write_multiple = json_is_true(value);
	json_object_set_new(talk->ours, name, json_boolean(talk->agreed.write_multiple));
	return json_is_boolean(value);
}

static bool agree_twin_socket(struct negotiation *talk, const char *name, const json_t *value)
{
	const json_t *supported = json_object_get(value, "supported");

	if (!json_is_object(value) || (supported && !json_is_boolean(supported)))
		return false;
	/* The rest is said when there is a socket. */
	talk->agreed.twin_socket = json_is_true(supported) && talk->device->cfg.twin_socket;
	return true;
}

/* Of older clients, QEMU's among them; of no effect: what has been written is asked by feature. */
static bool agree_migration(struct negotiation *talk, const char *name, const json_t *value)
{
	if (!json_is_object(value))
		return false;
	if (talk->device->ops.feature)
		json_object_set_new(
			talk->ours, name,
			json_pack("{s:I}", "pgsize", (json_int_t)sysconf(_SC_PAGESIZE)));
	return true;
}

static const struct capability {
	const char *name;
	bool (*agree)(struct negotiation *talk, const char *name, const json_t *value);
} capabilities[] = {
	{"max_msg_fds", agree_msg_fds},     {"max_data_xfer_size", agree_data_bytes},
	{"max_dma_maps", agree_dma_maps},   {"pgsizes", agree_pgsizes},
	{"twin_socket", agree_twin_socket}, {"write_multiple", agree_write_multiple},
	{"migration", agree_migration},
};

static bool agree(struct negotiation *talk, const json_t *theirs)
{
	for (uint32_t i = 0; i < ARRAY_LEN(capabilities); i++) {
		const struct capability *capability = &capabilities[i];
		const json_t *value = json_object_get(theirs, capability->name);

		if (value && !capability->agree(talk, capability->name, value)) {
			vfu_complain(talk->device, "VERSION: capability %s is not as it should be",
				     capability->name);
			return false;
		}
	}
	return true;
}

/* --- The text --- */

/* No text at all is fine. NULL: it is not JSON, or not an object. */
static json_t *parse(struct vfu_device *device, const uint8_t *text, size_t bytes)
{
	json_error_t error;
	json_t *json;

	if (!bytes)
		return json_object();
	if (text[bytes - 1] || memchr(text, 0, bytes - 1)) {
		vfu_complain(device, "VERSION: the text does not end in its only NUL");
		return NULL;
	}
	vfu_log(device, LOG_DEBUG, "VERSION: %s", (const char *)text);
	json = json_loadb((const char *)text, bytes - 1, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(json)) {
		vfu_complain(device, "VERSION: %s", json ? "not a JSON object" : error.text);
		json_decref(json);
		return NULL;
	}
	return json;
}

static bool negotiate(struct negotiation *talk, const uint8_t *text, size_t bytes)
{
	json_t *json = parse(talk->device, text, bytes);
	json_t *theirs = json_object_get(json, "capabilities");
	bool good = json && (!theirs || json_is_object(theirs));

	if (json && !good)
		vfu_complain(talk->device, "VERSION: capabilities are not an object");
	good = good && agree(talk, theirs);
	json_decref(json);
	return good;
}

/* --- The twin socket --- */

/* Our end is the device's; theirs is sent with the reply. */
static int open_twin(struct vfu_device *device, struct vfu_reply *reply, json_t *ours)
{
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return errno;
	rc = vfu_stream_open(&device->twin.stream, pair[0]);
	if (rc)
		close(pair[0]);
	if (!rc)
		rc = vfu_source_set(device->server, &device->twin.source, pair[0], EPOLLIN);
	if (rc) {
		close(pair[1]);
		return -rc;
	}
	reply->fd = pair[1];
	reply->close_fd = true;
	json_object_set_new(ours, "twin_socket",
			    json_pack("{s:b, s:i}", "supported", 1, "fd_index", 0));
	return 0;
}

/* --- The command --- */

static int answer(struct negotiation *talk, uint16_t minor, struct vfu_reply *reply)
{
	struct vfu_device *device = talk->device;
	const struct vfio_user_version version = {VFIO_USER_MAJOR, MIN(minor, VFIO_USER_MINOR)};
	json_t *json = json_pack("{s:O}", "capabilities", talk->ours);
	size_t bytes = json_dumpb(json, NULL, 0, JSON_COMPACT);

	/* `answer` has room for any text of ours. */
	if (bytes && bytes < device->answer_bytes) {
		json_dumpb(json, (char *)device->answer, bytes, JSON_COMPACT);
		device->answer[bytes] = '\0';
	}
	json_decref(json);
	if (!bytes || bytes >= device->answer_bytes)
		return ENOMEM;
	vfu_reply_copy(reply, &version, sizeof(version));
	reply->payload[1] = (struct iovec){device->answer, bytes + 1};
	return 0;
}

int vfu_handle_version(struct vfu_device *device, struct vfu_message *message,
		       struct vfu_reply *reply)
{
	struct negotiation talk = {
		.device = device,
		.agreed = {.version = true,
			   .msg_fds = VFIO_USER_DEFAULT_MSG_FDS,
			   .data_bytes = VFIO_USER_DEFAULT_DATA_XFER},
	};
	struct vfio_user_version version;
	int error = EINVAL;

	memcpy(&version, message->payload, sizeof(version));
	if (device->agreed.version) {
		vfu_complain(device, "a second VERSION");
		return EINVAL;
	}
	if (version.major != VFIO_USER_MAJOR) {
		vfu_complain(device, "VERSION: the client speaks %u.%u, not %u", version.major,
			     version.minor, VFIO_USER_MAJOR);
		return EINVAL;
	}
	talk.ours = json_object();
	if (negotiate(&talk, message->payload + sizeof(version),
		      message->len_bytes - sizeof(version)))
		error = 0;
	talk.agreed.twin_socket &= talk.agreed.msg_fds > 0;
	if (!error && talk.agreed.twin_socket)
		error = open_twin(device, reply, talk.ours);
	if (!error)
		error = answer(&talk, version.minor, reply);
	json_decref(talk.ours);
	if (!error) {
		device->agreed = talk.agreed;
		vfu_log(device, LOG_INFO, "a client is there, version 0.%u",
			MIN(version.minor, VFIO_USER_MINOR));
	}
	return error;
}
