/* SPDX-License-Identifier: Apache-2.0 */
#include "system/replay/presented.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>

#include "base/bits.h"

/* A program that never asks for the number of vectors gets the NIC's. */
#define DEFAULT_VECTORS 5

static uint64_t number_at(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* First answers that were already seen, and what the present stream has given so far. */
struct seen {
	bool migration, data_size, precopy, logging, log_page_size, vectors;
	bool stopped; /* the stream is in STOP_COPY */
	bool bus_master;
	uint64_t read_running, read_stopped;
};

static bool first(bool *seen)
{
	bool was = *seen;

	*seen = true;
	return !was;
}

static void find_in_state(struct seen *seen, const struct trace_line *line)
{
	const json_t *payload = json_object_get(line->out, "payload");
	uint64_t state = number_at(payload, "device_state");

	if (line->ret)
		return;
	if (json_integer_value(json_object_get(payload, "data_fd")) >= 0)
		seen->read_running = seen->read_stopped = 0;
	seen->stopped = state == VFIO_DEVICE_STATE_STOP_COPY;
}

/* A device without a log says ENOTTY; what else it says to a start is about the start. */
static void find_in_logging(struct presented_device *presented, const struct trace_line *line,
			    struct seen *seen)
{
	const json_t *payload = json_object_get(line->out, "payload");

	if (first(&seen->logging))
		presented->dma_logging = line->ret >= 0 || line->error != ENOTTY;
	if (line->ret >= 0 && json_object_get(payload, "page_size") && first(&seen->log_page_size))
		presented->log_page_size = number_at(payload, "page_size");
}

static void find_in_feature(struct presented_device *presented, const struct trace_line *line,
			    struct seen *seen)
{
	const char *feature = json_string_value(json_object_get(line->in, "feature"));
	const json_t *payload = json_object_get(line->out, "payload");

	if (!feature)
		return;
	if (!strcmp(feature, "MIGRATION") && first(&seen->migration)) {
		presented->migration_flags = line->ret ? 0 : number_at(payload, "flags");
		presented->migration_line = line->number;
	} else if (!strcmp(feature, "MIG_DATA_SIZE") && !line->ret && first(&seen->data_size))
		presented->stop_copy_bytes = number_at(payload, "stop_copy_length");
	else if (!strcmp(feature, "MIG_DEVICE_STATE"))
		find_in_state(seen, line);
	else if (!strcmp(feature, "DMA_LOGGING_START"))
		find_in_logging(presented, line, seen);
}

/* A stream was read: what it gave while running, and to its end when stopped. */
static void find_in_read(struct presented_device *presented, const struct trace_line *line,
			 struct seen *seen)
{
	if (line->ret > 0 && seen->stopped)
		seen->read_stopped += (uint64_t)line->ret;
	else if (line->ret > 0)
		seen->read_running += (uint64_t)line->ret;
	if (!seen->precopy)
		presented->precopy_bytes = seen->read_running;
	if (line->ret == 0 && seen->stopped && !presented->final_bytes)
		presented->final_bytes =
			seen->read_running + seen->read_stopped -
			MIN(presented->precopy_bytes, seen->read_running + seen->read_stopped);
}

static void find_in_path(struct presented_device *presented, const char *path)
{
	uint32_t number;

	if (sscanf(path, "/dev/vfio/devices/vfio%u", &number) == 1) {
		if (presented->number == PRESENTED_NONE)
			presented->number = number;
	} else if (sscanf(path, "/dev/vfio/%u", &number) == 1) {
		if (presented->group == PRESENTED_NONE)
			presented->group = number;
	}
}

/* A name that was not unknown; options may follow it. */
static void find_in_name(struct presented_device *presented, const struct trace_line *line)
{
	const char *name = json_string_value(json_object_get(line->in, "name"));

	if (name && (line->ret >= 0 || line->error != ENODEV) && !presented->name[0])
		snprintf(presented->name, sizeof(presented->name), "%.*s", (int)strcspn(name, " "),
			 name);
}

/* A write to configuration space: what it makes of Bus Master Enable. A reset keeps that. */
static void find_in_pwrite(struct seen *seen, const struct trace_line *line)
{
	const char *region = json_string_value(json_object_get(line->in, "region"));
	uint64_t offset = number_at(line->in, "offset"), len = number_at(line->in, "len");
	uint64_t value = number_at(line->in, "value");

	if (line->ret > 0 && region && !strcmp(region, "config") && offset <= PCI_COMMAND &&
	    offset + MIN(len, 8) > PCI_COMMAND)
		seen->bus_master = value >> 8 * (PCI_COMMAND - offset) & PCI_COMMAND_MASTER;
}

static void find_in_line(struct presented_device *presented, const struct trace_line *line,
			 struct seen *seen)
{
	const char *path = json_string_value(json_object_get(line->in, "path"));

	if (path)
		find_in_path(presented, path);
	else if (!strcmp(line->call, "VFIO_GROUP_GET_DEVICE_FD"))
		find_in_name(presented, line);
	else if (!strcmp(line->call, "VFIO_DEVICE_FEATURE"))
		find_in_feature(presented, line, seen);
	else if (!strcmp(line->call, "VFIO_MIG_GET_PRECOPY_INFO") && !line->ret &&
		 first(&seen->precopy))
		presented->precopy_bytes = number_at(line->out, "initial_bytes");
	else if (!strcmp(line->call, "VFIO_DEVICE_GET_IRQ_INFO") && !line->ret &&
		 number_at(line->in, "index") == VFIO_PCI_MSIX_IRQ_INDEX && first(&seen->vectors)) {
		presented->msix_vectors = (uint32_t)number_at(line->out, "count");
		presented->msix_line = line->number;
	} else if (!strcmp(line->call, "pwrite"))
		find_in_pwrite(seen, line);
	else if (!strcmp(line->call, "read") && !strcmp(line->file, "migration"))
		find_in_read(presented, line, seen);
	else if (!strcmp(line->call, "write") && !strcmp(line->file, "migration") && line->ret > 0)
		presented->written_bytes += (uint64_t)line->ret;
}

static bool is_too_large(const struct presented_device *presented)
{
	return MAX(MAX(presented->precopy_bytes, presented->stop_copy_bytes),
		   MAX(presented->final_bytes, presented->written_bytes)) > PRESENTED_STATE_MAX;
}

void presented_find(struct presented_device *presented, const struct trace_file *file,
		    const char *host)
{
	struct seen seen = {0};

	*presented = (struct presented_device){
		.number = PRESENTED_NONE, .group = PRESENTED_NONE, .msix_vectors = DEFAULT_VECTORS};
	for (uint32_t i = 0; i < file->lines; i++) {
		const struct trace_line *line = &file->line[i];

		if (strcmp(line->host, host))
			continue;
		if (!line->is_device)
			find_in_line(presented, line, &seen);
		else if (line->event != TRACE_EVENT_MSIX && !seen.bus_master)
			presented->ignores_bus_master = true;
		if (!presented->too_large_line && is_too_large(presented))
			presented->too_large_line = line->number;
	}
	/* A stream that was not read to its end: as long as the device said it could be. */
	if (!presented->final_bytes)
		presented->final_bytes = presented->stop_copy_bytes;
}

static const struct {
	uint64_t flag;
	const char *name;
} migration_flags[] = {
	{VFIO_MIGRATION_STOP_COPY, "STOP_COPY"},
	{VFIO_MIGRATION_P2P, "P2P"},
	{VFIO_MIGRATION_PRE_COPY, "PRE_COPY"},
};

static void describe_migration(const struct presented_device *presented, char *text, size_t size)
{
	size_t used = 0;

	snprintf(text, size, "none");
	for (size_t i = 0; i < ARRAY_LEN(migration_flags) && used < size; i++)
		if (presented->migration_flags & migration_flags[i].flag)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "|" : "",
						 migration_flags[i].name);
}

void presented_describe(const struct presented_device *presented, char *text, size_t size)
{
	char flags[64], state[96];

	describe_migration(presented, flags, sizeof(flags));
	if (presented->written_bytes)
		snprintf(state, sizeof(state), "a stream of %" PRIu64 " bytes comes in",
			 presented->written_bytes);
	else
		snprintf(state, sizeof(state),
			 "state %" PRIu64 " bytes in pre-copy, %" PRIu64 " in stop-copy",
			 presented->precopy_bytes, presented->final_bytes);
	snprintf(text, size, "migration %s, DMA logging %s, %u MSI-X vectors, %s%s", flags,
		 presented->dma_logging ? "yes" : "no", presented->msix_vectors, state,
		 presented->ignores_bus_master ? ", DMA without bus mastering" : "");
}
