/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/vfio.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "system/replay/player_internal.h"

/* A descriptor that no process has open. */
#define FD_NOT_OPEN  (1 << 20)
#define TRANSFER_MAX (16u << 20)
#define REGION_SHIFT 40

struct player *player_create(const struct player_env *env)
{
	struct player *player = calloc(1, sizeof(*player));

	if (player)
		player->env = *env;
	return player;
}

void player_destroy(struct player *player)
{
	while (player->eventfds) {
		struct player_eventfd *eventfd = player->eventfds;

		player->eventfds = eventfd->next;
		free(eventfd);
	}
	trace_relation_release(&player->fds);
	trace_relation_release(&player->ids);
	free(player->memory);
	free(player);
}

const char *player_difference(const struct player *player)
{
	return player->difference;
}

struct player_counts player_counts(const struct player *player)
{
	return player->counts;
}

bool player_differs(struct player *player, const struct trace_line *line,
		    const struct trace_difference *difference)
{
	return player_complains(player, line, "%s: recorded %s, here %s", difference->field,
				difference->recorded, difference->ours);
}

bool player_complains(struct player *player, const struct trace_line *line, const char *format, ...)
{
	va_list args;
	int used = snprintf(player->difference, sizeof(player->difference), "%s: ", line->call);

	va_start(args, format);
	vsnprintf(player->difference + used, sizeof(player->difference) - (size_t)used, format,
		  args);
	va_end(args);
	return false;
}

int player_fd(const struct player *player, int64_t recorded)
{
	uint64_t ours;

	if (recorded < 0)
		return -1;
	return trace_relation_find(&player->fds, (uint64_t)recorded, &ours) ? (int)ours
									    : FD_NOT_OPEN;
}

void player_fd_bind(struct player *player, int64_t recorded, int ours)
{
	trace_relation_forget(&player->fds, (uint64_t)recorded);
	trace_relation_bind(&player->fds, (uint64_t)recorded, (uint64_t)ours);
}

static void on_eventfd(void *arg, uint64_t now)
{
	struct player_eventfd *eventfd = arg;

	eventfd->player->signalled = eventfd->recorded;
	waitq_wake(&eventfd->player->waiters);
}

int player_eventfd(struct player *player, int64_t recorded)
{
	struct player_eventfd *eventfd;
	int fd = player_fd(player, recorded);

	if (fd != FD_NOT_OPEN)
		return fd;
	eventfd = calloc(1, sizeof(*eventfd));
	if (!eventfd)
		return -1;
	*eventfd = (struct player_eventfd){player, recorded, player->eventfds};
	player->eventfds = eventfd;
	fd = uapi_eventfd(player->env.process, on_eventfd, eventfd);
	player_fd_bind(player, recorded, fd);
	return fd;
}

int player_memfd(struct player *player, int64_t recorded, uint64_t size_bytes)
{
	int fd = player_fd(player, recorded);

	if (fd != FD_NOT_OPEN || !size_bytes)
		return fd;
	fd = uapi_memfd_create(player->env.process, "recorded", size_bytes);
	if (fd >= 0)
		player_fd_bind(player, recorded, fd);
	return fd;
}

/* One piece of memory at [first, end), listed at `at`. */
static bool add_memory(struct player *player, struct actor *self, uint32_t at, uint64_t first,
		       uint64_t end)
{
	struct player_memory *memory =
		realloc(player->memory, (player->memories + 1) * sizeof(*memory));
	uint64_t va = first;

	if (!memory)
		return false;
	player->memory = memory;
	if (uapi_mmap(player->env.process, self, end - first, -1, 0, &va))
		return false;
	memmove(&memory[at + 1], &memory[at], (player->memories - at) * sizeof(*memory));
	memory[at] = (struct player_memory){first, end};
	player->memories++;
	return true;
}

void player_memory(struct player *player, struct actor *self, uint64_t va, uint64_t len)
{
	uint64_t first = align_down(va, 4096), end = align_up(va + len, 4096);

	/* Nothing is at the zero page, and a range that wraps is the program's mistake. */
	if (!first || end <= first)
		return;
	for (uint32_t i = 0; first < end; i++) {
		uint64_t next = i < player->memories ? player->memory[i].first : UINT64_MAX;

		if (i < player->memories && player->memory[i].end <= first)
			continue;
		if (next > first && !add_memory(player, self, i, first, MIN(end, next)))
			return;
		first = player->memory[i].end;
	}
}

/* Compare the result, tell what differs. */
static bool result_agrees(struct player *player, const struct trace_line *line, int64_t ret)
{
	struct trace_difference difference;

	return trace_compare_result(line, ret, player->env.acceptor, &difference) ||
	       player_differs(player, line, &difference);
}

static bool in_uint(struct player *player, const struct trace_line *line, const char *key,
		    uint64_t *value)
{
	const json_t *member = json_object_get(line->in, key);

	*value = (uint64_t)json_integer_value(member);
	return json_is_integer(member) || player_complains(player, line, "in.%s: an integer", key);
}

static bool in_text(struct player *player, const struct trace_line *line, const char *key,
		    const char **value)
{
	*value = json_string_value(json_object_get(line->in, key));
	return *value || player_complains(player, line, "in.%s: a string", key);
}

static bool do_open(struct player *player, struct actor *self, const struct trace_line *line)
{
	const char *path;
	uint64_t flags;
	int fd;

	if (!in_text(player, line, "path", &path) || !in_uint(player, line, "flags", &flags))
		return false;
	fd = uapi_open(player->env.process, self, path, (int)flags);
	if (line->ret >= 0 && fd >= 0)
		player_fd_bind(player, line->ret, fd);
	if (line->ret >= 0 && line->fd != line->ret)
		return player_complains(player, line, "ret: %lld, but fd %lld",
					(long long)line->ret, (long long)line->fd);
	return result_agrees(player, line, fd);
}

static bool do_close(struct player *player, struct actor *self, const struct trace_line *line)
{
	int ret = uapi_close(player->env.process, self, player_fd(player, line->fd));

	trace_relation_forget(&player->fds, (uint64_t)line->fd);
	return result_agrees(player, line, ret);
}

static bool do_access(struct player *player, struct actor *self, const struct trace_line *line)
{
	const char *path;
	uint64_t mode;

	if (!in_text(player, line, "path", &path) || !in_uint(player, line, "mode", &mode))
		return false;
	return result_agrees(player, line, uapi_access(player->env.process, self, path, (int)mode));
}

static bool do_fstat(struct player *player, struct actor *self, const struct trace_line *line)
{
	static const struct trace_call plain = {.name = "fstat"};
	struct trace_difference difference;
	struct uapi_stat stat = {0};
	json_t *out;
	int ret = uapi_fstat(player->env.process, self, player_fd(player, line->fd), &stat);
	bool equal;

	if (!result_agrees(player, line, ret))
		return false;
	out = json_pack("{sIsIsI}", "st_mode", (json_int_t)stat.mode, "st_rdev_major",
			(json_int_t)stat.major, "st_rdev_minor", (json_int_t)stat.minor);
	equal = trace_compare_out(line, &plain, out, NULL, player->env.acceptor, &difference) ||
		player_differs(player, line, &difference);
	json_decref(out);
	return equal;
}

static const char *const regions[] = {
	[VFIO_PCI_BAR0_REGION_INDEX] = "bar0", [VFIO_PCI_BAR1_REGION_INDEX] = "bar1",
	[VFIO_PCI_BAR2_REGION_INDEX] = "bar2", [VFIO_PCI_BAR3_REGION_INDEX] = "bar3",
	[VFIO_PCI_BAR4_REGION_INDEX] = "bar4", [VFIO_PCI_BAR5_REGION_INDEX] = "bar5",
	[VFIO_PCI_ROM_REGION_INDEX] = "rom",   [VFIO_PCI_CONFIG_REGION_INDEX] = "config",
	[VFIO_PCI_VGA_REGION_INDEX] = "vga",
};

/* Region and offset of a pread or pwrite as an offset of the device's file. */
static bool file_offset(struct player *player, const struct trace_line *line, uint64_t *offset)
{
	const char *region;

	if (!in_text(player, line, "region", &region) || !in_uint(player, line, "offset", offset))
		return false;
	for (uint64_t i = 0; i < ARRAY_LEN(regions); i++) {
		if (strcmp(regions[i], region))
			continue;
		*offset += i << REGION_SHIFT;
		return true;
	}
	return player_complains(player, line, "in.region: config, rom, vga or bar0 to bar5");
}

/* A buffer of in.len bytes; what it holds before the call is the caller's. */
static bool transfer_buffer(struct player *player, const struct trace_line *line, uint8_t **data,
			    uint64_t *len)
{
	if (!in_uint(player, line, "len", len))
		return false;
	if (*len > TRANSFER_MAX)
		return player_complains(player, line, "in.len: at most %u", TRANSFER_MAX);
	*data = calloc(1, *len ? *len : 1);
	return *data || player_complains(player, line, "out of memory");
}

static bool do_pread(struct player *player, struct actor *self, const struct trace_line *line)
{
	uint64_t offset, len;
	uint8_t *data;
	ssize_t ret;

	if (!file_offset(player, line, &offset) || !transfer_buffer(player, line, &data, &len))
		return false;
	ret = uapi_pread(player->env.process, self, player_fd(player, line->fd), data, len, offset);
	free(data);
	return result_agrees(player, line, ret);
}

static void hex_to_bytes(const char *hex, uint8_t *data, uint64_t len)
{
	for (uint64_t i = 0; i < len && hex[0] && hex[1]; i++, hex += 2) {
		unsigned int byte = 0;

		sscanf(hex, "%2x", &byte);
		data[i] = (uint8_t)byte;
	}
}

static bool do_pwrite(struct player *player, struct actor *self, const struct trace_line *line)
{
	const char *hex = json_string_value(json_object_get(line->in, "data_hex"));
	uint64_t offset, len, value;
	uint8_t *data;
	ssize_t ret;

	if (!file_offset(player, line, &offset) ||
	    (!hex && !in_uint(player, line, "value", &value)) ||
	    !transfer_buffer(player, line, &data, &len))
		return false;
	if (hex)
		hex_to_bytes(hex, data, len);
	else
		memcpy(data, &value, MIN(len, sizeof(value)));
	ret = uapi_pwrite(player->env.process, self, player_fd(player, line->fd), data, len,
			  offset);
	free(data);
	return result_agrees(player, line, ret);
}

bool player_stream_append(struct player_stream *stream, const uint8_t *bytes, uint64_t len)
{
	if (stream->len + len > stream->capacity) {
		uint64_t capacity = MAX(2 * stream->capacity, stream->len + len);
		uint8_t *more = realloc(stream->bytes, capacity);

		if (!more)
			return false;
		stream->bytes = more;
		stream->capacity = capacity;
	}
	memcpy(stream->bytes + stream->len, bytes, len);
	stream->len += len;
	return true;
}

static bool do_read(struct player *player, struct actor *self, const struct trace_line *line)
{
	struct player_stream *kept = player->env.reads;
	bool good = true;
	uint64_t len;
	uint8_t *data;
	ssize_t ret;

	if (!transfer_buffer(player, line, &data, &len))
		return false;
	ret = uapi_read(player->env.process, self, player_fd(player, line->fd), data, len);
	if (ret > 0 && kept && !strcmp(line->file, "migration"))
		good = player_stream_append(kept, data, (uint64_t)ret);
	free(data);
	if (!good)
		return player_complains(player, line, "out of memory");
	return result_agrees(player, line, ret);
}

/* The next bytes of the stream, cut where the recording cut it. */
static bool do_write(struct player *player, struct actor *self, const struct trace_line *line)
{
	const struct player_stream *stream = player->env.writes;
	uint64_t len, left = stream->len - MIN(player->stream_at, stream->len);
	uint8_t *data;
	ssize_t ret;

	if (!transfer_buffer(player, line, &data, &len))
		return false;
	if (left)
		memcpy(data, stream->bytes + player->stream_at, MIN(len, left));
	ret = uapi_write(player->env.process, self, player_fd(player, line->fd), data, len);
	free(data);
	if (ret > 0)
		player->stream_at += MIN((uint64_t)ret, left);
	return result_agrees(player, line, ret);
}

static const struct syscall {
	const char *name;
	bool (*perform)(struct player *player, struct actor *self, const struct trace_line *line);
} syscalls[] = {
	{"open", do_open},   {"close", do_close},   {"access", do_access}, {"fstat", do_fstat},
	{"pread", do_pread}, {"pwrite", do_pwrite}, {"read", do_read},     {"write", do_write},
};

static const struct syscall *find_syscall(const struct trace_line *line)
{
	for (size_t i = 0; i < ARRAY_LEN(syscalls); i++)
		if (!strcmp(syscalls[i].name, line->call))
			return &syscalls[i];
	return NULL;
}

bool player_can_perform(const struct trace_line *line)
{
	return line->is_device || find_syscall(line) || trace_call_by_name(line->call);
}

bool player_perform(struct player *player, struct actor *self, const struct trace_line *line)
{
	const struct syscall *syscall;

	if (line->is_device)
		return player_device(player, self, line);
	player->counts.calls++;
	syscall = find_syscall(line);
	if (syscall)
		return syscall->perform(player, self, line);
	return player_ioctl(player, self, line, trace_call_by_name(line->call));
}
