/* SPDX-License-Identifier: Apache-2.0 */
#include "system/sequence.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "system/machine.h"
#include "system/sequence_log.h"
#include "traces/writer.h"

#define REGION_SHIFT 40
#define VALUE_BYTES  8
/* MSI-X has at most 2048 vectors (PCIe 6.1.4.2). */
#define VECTORS   2048
#define LABEL     96
#define FILE_NAME 16

/* A call under way: what went in, before the kernel changed it. */
struct open_call {
	const struct uapi_call *call;
	const struct trace_call *row;
	struct trace_argument argument;
	uint64_t value; /* of an argument that is no address */
	json_t *in;
	char file[FILE_NAME];
	struct open_call *next;
};

/* A program, and the device that is its own. */
struct program {
	struct sequence *sequence;
	struct uapi_process *process;
	struct uapi_call_hook hook;
	char host[LABEL];
	uint32_t host_index;
	uint32_t stream_id;
	int eventfd[VECTORS]; /* that SET_IRQS gave a vector, -1 none */
	struct open_call *open;
	struct sequence_log log;
	struct program *next;
};

struct sequence {
	struct sim *sim; /* of the run under way */
	const char *main_program;
	struct trace_writer writer;
	char path[600];
	struct program *programs;
};

struct sequence *sequence_create(const char *path, const char *main_program)
{
	struct sequence *sequence = calloc(1, sizeof(*sequence));
	int err;

	if (!sequence)
		return NULL;
	sequence->main_program = main_program;
	snprintf(sequence->path, sizeof(sequence->path), "%s", path);
	err = trace_writer_open(&sequence->writer, path);
	if (!err)
		return sequence;
	free(sequence);
	errno = -err;
	return NULL;
}

static void drop_call(struct open_call *open)
{
	json_decref(open->in);
	free(open);
}

int sequence_destroy(struct sequence *sequence)
{
	bool empty = !sequence->writer.lines;
	int err = trace_writer_close(&sequence->writer);

	if (empty)
		unlink(sequence->path);
	while (sequence->programs) {
		struct program *program = sequence->programs;

		sequence->programs = program->next;
		while (program->open) {
			struct open_call *open = program->open;

			program->open = open->next;
			drop_call(open);
		}
		sequence_log_release(&program->log);
		free(program);
	}
	free(sequence);
	return err ? err : empty;
}

static struct trace_stamp stamp(const struct program *program, const char *thread)
{
	return (struct trace_stamp){
		.time_ps = sim_now(program->sequence->sim),
		.host = program->host,
		.thread = thread,
	};
}

/* ---- members of a syscall's line ---- */

static const char *const regions[] = {
	"bar0", "bar1", "bar2", "bar3", "bar4", "bar5", "rom", "config", "vga",
};

static json_t *bytes_value(const void *data, size_t len)
{
	uint64_t value = 0;

	memcpy(&value, data, MIN(len, sizeof(value)));
	return json_integer((json_int_t)value);
}

static json_t *bytes_hex(const uint8_t *data, size_t len)
{
	char *text = malloc(2 * len + 1);
	json_t *hex;

	if (!text)
		return json_null();
	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", data[i]);
	hex = json_string(text);
	free(text);
	return hex;
}

static void set_bytes(json_t *object, const void *data, size_t len)
{
	if (len <= VALUE_BYTES)
		json_object_set_new(object, "value", bytes_value(data, len));
	else
		json_object_set_new(object, "data_hex", bytes_hex(data, len));
}

static json_t *in_path(const struct uapi_call *call, const char *key)
{
	return json_pack("{sssi}", "path", call->path, key, call->flags);
}

static json_t *in_open(const struct uapi_call *call)
{
	return in_path(call, "flags");
}

static json_t *in_access(const struct uapi_call *call)
{
	return in_path(call, "mode");
}

static json_t *in_nothing(const struct uapi_call *call)
{
	return json_object();
}

static json_t *in_len(const struct uapi_call *call)
{
	return json_pack("{sI}", "len", (json_int_t)call->len);
}

static json_t *in_region(const struct uapi_call *call)
{
	uint64_t region = call->offset >> REGION_SHIFT;
	uint64_t offset = call->offset & (BIT(REGION_SHIFT) - 1);

	return json_pack("{sssIsI}", "region", region < ARRAY_LEN(regions) ? regions[region] : "?",
			 "offset", (json_int_t)offset, "len", (json_int_t)call->len);
}

static json_t *in_pwrite(const struct uapi_call *call)
{
	json_t *in = in_region(call);

	set_bytes(in, call->argument, call->len);
	return in;
}

static json_t *out_nothing(const struct uapi_call *call)
{
	return json_object();
}

static json_t *out_fstat(const struct uapi_call *call)
{
	const struct uapi_stat *stat = call->argument;

	return json_pack("{sIsIsI}", "st_mode", (json_int_t)stat->mode, "st_rdev_major",
			 (json_int_t)stat->major, "st_rdev_minor", (json_int_t)stat->minor);
}

static json_t *out_pread(const struct uapi_call *call)
{
	json_t *out = json_object();

	if (call->result > 0)
		set_bytes(out, call->argument, (size_t)call->result);
	return out;
}

/* The syscalls that the recordings have; `on`: on which files (NULL: all). */
static const struct syscall_row {
	const char *name;
	const char *on;
	json_t *(*in)(const struct uapi_call *call);
	json_t *(*out)(const struct uapi_call *call);
} syscalls[] = {
	{"open", NULL, in_open, out_nothing},       {"access", NULL, in_access, out_nothing},
	{"close", NULL, in_nothing, out_nothing},   {"fstat", "device", in_nothing, out_fstat},
	{"pread", "device", in_region, out_pread},  {"pwrite", "device", in_pwrite, out_nothing},
	{"read", "migration", in_len, out_nothing}, {"write", "migration", in_len, out_nothing},
};

static const struct syscall_row *find_syscall(const struct uapi_call *call)
{
	for (size_t i = 0; i < ARRAY_LEN(syscalls); i++)
		if (!strcmp(syscalls[i].name, call->name) &&
		    (!syscalls[i].on || !strcmp(syscalls[i].on, call->file)))
			return &syscalls[i];
	return NULL;
}

/* Files that a recording knows; eventfds and memfds come and go unseen in it. */
static bool is_recorded_file(const char *file)
{
	return strcmp(file, "eventfd") && strcmp(file, "memfd");
}

/* ---- the hook ---- */

static void add_file_size(const struct program *program, const struct uapi_call *call, json_t *in)
{
	json_t *fd = json_object_get(in, "fd");

	if (!strcmp(call->name, "IOMMU_IOAS_MAP_FILE") && fd)
		json_object_set_new(in, "file_size",
				    json_integer((json_int_t)uapi_memfd_size(
					    program->process, (int)json_integer_value(fd))));
}

/* A start or a report of the device's DMA log; `*starts`: which. */
static bool is_about_log(const struct trace_call *row, const void *argument, bool *starts)
{
	const struct vfio_device_feature *feature = argument;
	uint32_t index;

	if (!row || row->request != VFIO_DEVICE_FEATURE ||
	    feature->flags & VFIO_DEVICE_FEATURE_PROBE)
		return false;
	index = feature->flags & VFIO_DEVICE_FEATURE_MASK;
	*starts = index == VFIO_DEVICE_FEATURE_DMA_LOGGING_START;
	return *starts || index == VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT;
}

static void before(void *ctx, const struct uapi_call *call)
{
	struct program *program = ctx;
	const struct syscall_row *row = find_syscall(call);
	const struct trace_call *ioctl_row = NULL;
	struct open_call *open;
	bool starts;

	if (!row)
		ioctl_row = trace_call_by_name(call->name);
	if ((!row && !ioctl_row) || !is_recorded_file(call->file))
		return;
	open = calloc(1, sizeof(*open));
	if (!open)
		return;
	open->call = call;
	open->row = ioctl_row;
	snprintf(open->file, sizeof(open->file), "%s", call->file);
	if (ioctl_row) {
		open->value = (uint64_t)(uintptr_t)call->argument;
		open->argument = trace_argument_borrow(
			ioctl_row, ioctl_row->form == TRACE_VALUE ? &open->value : call->argument);
		open->in = trace_call_encode(ioctl_row, &open->argument, TRACE_IN);
		add_file_size(program, call, open->in);
		if (is_about_log(ioctl_row, call->argument, &starts))
			sequence_log_begin(&program->log, starts);
	} else {
		open->in = row->in(call);
	}
	open->next = program->open;
	program->open = open;
}

static struct open_call *take_open(struct program *program, const struct uapi_call *call)
{
	for (struct open_call **link = &program->open; *link; link = &(*link)->next) {
		struct open_call *open = *link;

		if (open->call != call)
			continue;
		*link = open->next;
		return open;
	}
	return NULL;
}

/* Which eventfd a vector signals from here on: what an msix line tells. */
static void note_eventfds(struct program *program, const struct vfio_irq_set *set)
{
	bool eventfds = set->flags & VFIO_IRQ_SET_DATA_EVENTFD;

	if (set->index != VFIO_PCI_MSIX_IRQ_INDEX || !(set->flags & VFIO_IRQ_SET_ACTION_TRIGGER))
		return;
	if (!set->count && set->flags & VFIO_IRQ_SET_DATA_NONE)
		memset(program->eventfd, 0xff, sizeof(program->eventfd));
	for (uint32_t i = 0; eventfds && i < set->count && set->start + i < VECTORS; i++)
		program->eventfd[set->start + i] = (int32_t)le32_get(set->data + 4 * i);
}

/* What a path names, for the calls that have no file yet: the first that it begins with. */
static const struct {
	const char *path;
	const char *file;
} path_files[] = {
	{"/dev/iommu", "iommufd"},
	{"/dev/vfio/vfio", "container"},
	{"/dev/vfio/devices/", "device"},
	{"/dev/vfio/", "group"},
};

static const char *file_of(const struct uapi_call *call, const struct open_call *open)
{
	for (size_t i = 0; call->path && i < ARRAY_LEN(path_files); i++)
		if (!strncmp(call->path, path_files[i].path, strlen(path_files[i].path)))
			return path_files[i].file;
	return open->file;
}

/* What the device's log has only after the call that has just been written. */
static void end_log_call(struct program *program)
{
	struct trace_stamp when = stamp(program, "engine");
	struct logged_writes *late = &program->log.late;

	sequence_log_end(&program->log);
	for (uint32_t i = 0; i < late->count; i++)
		trace_writer_dma(&program->sequence->writer, &when, true, late->write[i].iova,
				 late->write[i].len);
	late->count = 0;
}

static void after(void *ctx, const struct uapi_call *call)
{
	struct program *program = ctx;
	struct open_call *open = take_open(program, call);
	struct trace_stamp when = stamp(program, actor_name(call->actor));
	int fd = call->fd;
	bool starts;
	json_t *out;

	if (!open)
		return;
	if (open->row)
		out = trace_call_encode(open->row, &open->argument, TRACE_OUT);
	else
		out = find_syscall(call)->out(call);
	if (open->row && open->row->request == VFIO_DEVICE_SET_IRQS && call->result >= 0)
		note_eventfds(program, call->argument);
	if (!strcmp(call->name, "open"))
		fd = call->result >= 0 ? (int)call->result : -1;
	trace_writer_call(&program->sequence->writer, &when, fd, file_of(call, open), call->name,
			  json_incref(open->in), out, call->result);
	if (is_about_log(open->row, call->argument, &starts))
		end_log_call(program);
	drop_call(open);
}

/* ---- the listener ---- */

static int on_start(void *ctx, struct sim *sim)
{
	struct sequence *sequence = ctx;

	sequence->sim = sim;
	return 0;
}

static bool is_main(const struct sequence *sequence, const char *name, uint32_t host_index)
{
	if (sequence->main_program)
		return !strcmp(sequence->main_program, name);
	for (const struct program *other = sequence->programs; other; other = other->next)
		if (other->host_index == host_index)
			return false;
	return true;
}

static void on_program(void *ctx, struct uapi_process *process, uint32_t host_index,
		       const char *host, uint32_t stream_id)
{
	struct sequence *sequence = ctx;
	struct program *program = calloc(1, sizeof(*program));
	const char *name = uapi_process_name(process);

	/* Without memory the program's lines are missing, which its replay then tells. */
	if (!program)
		return;
	program->sequence = sequence;
	program->process = process;
	if (is_main(sequence, name, host_index))
		snprintf(program->host, sizeof(program->host), "%s", host);
	else
		snprintf(program->host, sizeof(program->host), "%s.%s", host, name);
	program->host_index = host_index;
	program->stream_id = stream_id;
	memset(program->eventfd, 0xff, sizeof(program->eventfd));
	program->next = sequence->programs;
	sequence->programs = program;
	program->hook = (struct uapi_call_hook){.ctx = program, .before = before, .after = after};
	uapi_process_add_hook(process, &program->hook);
}

static struct program *program_of(const struct sequence *sequence, uint32_t host_index,
				  uint64_t stream_id)
{
	struct program *program = sequence->programs;

	while (program && (program->host_index != host_index || program->stream_id != stream_id))
		program = program->next;
	return program;
}

/* An interrupt is a write to the doorbell; it has a line of its own. */
static bool is_message(const struct trace_event *event)
{
	return event->kind == TRACE_DMA_WRITE &&
	       event->arg[3] - HOST_DOORBELL_PA < HOST_DOORBELL_LEN;
}

static void on_access(struct program *program, const struct trace_event *event)
{
	struct trace_stamp when = stamp(program, "engine");
	uint64_t iova = event->arg[2], len = event->arg[4];
	bool is_write = event->kind == TRACE_DMA_WRITE;

	if (is_write && sequence_log_write(&program->log, iova, len))
		return;
	trace_writer_dma(&program->sequence->writer, &when, is_write, iova, len);
}

static void on_refused(struct program *program, const struct trace_event *event)
{
	if (event->arg[3])
		sequence_log_refused(&program->log, event->arg[2], event->arg[4]);
}

static void on_msix(struct program *program, const struct trace_event *event)
{
	struct trace_stamp when = stamp(program, "engine");

	trace_writer_msix(&program->sequence->writer, &when, (uint32_t)event->arg[1],
			  event->arg[1] < VECTORS ? program->eventfd[event->arg[1]] : -1);
}

static void on_log(struct program *program, const struct trace_event *event)
{
	sequence_log_event(&program->log, event);
}

static const enum trace_kind kinds[] = {
	TRACE_DMA_READ,   TRACE_DMA_WRITE,     TRACE_DMA_FAULT,  TRACE_MSIX_RAISED,
	TRACE_DMA_LOGGED, TRACE_DMA_LOG_TAKEN, TRACE_KIND_COUNT,
};

static void on_event(void *ctx, const struct trace_event *event)
{
	static void (*const on[TRACE_KIND_COUNT])(struct program * program,
						  const struct trace_event *event) = {
		[TRACE_DMA_READ] = on_access,   [TRACE_DMA_WRITE] = on_access,
		[TRACE_DMA_FAULT] = on_refused, [TRACE_MSIX_RAISED] = on_msix,
		[TRACE_DMA_LOGGED] = on_log,    [TRACE_DMA_LOG_TAKEN] = on_log,
	};
	struct program *program;

	if (is_message(event))
		return;
	/* Streams are requester IDs: argument 0 is who did it, in all of them. */
	program = program_of(ctx, event->part->host, event->arg[0]);
	if (program)
		on[event->kind](program, event);
}

struct run_listener sequence_listener(struct sequence *sequence)
{
	return (struct run_listener){
		.ctx = sequence,
		.kind = kinds,
		.event = on_event,
		.start = on_start,
		.program = on_program,
	};
}
