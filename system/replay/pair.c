/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pair: the recordings of both ends of one migration. The destination writes
 * the bytes that the source's replay read; what the two moved must be as much.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "system/replay/replay_internal.h"

static const char *const mover[] = {"read", "write"};
static const char *const moves[] = {"reads a migration stream", "writes a migration stream"};

/* Bytes of its stream that a line of a source read, or one of a destination wrote. */
static uint64_t moved(uint32_t file, const struct trace_line *line)
{
	if (line->is_device || strcmp(line->call, mover[file]) || strcmp(line->file, "migration") ||
	    line->ret < 0)
		return 0;
	return (uint64_t)line->ret;
}

/* A line that opens a stream: a state that comes with a descriptor. */
static bool begins(const struct trace_line *line)
{
	const json_t *payload = json_object_get(line->out, "payload");
	const json_t *fd = json_object_get(payload, "data_fd");

	return !line->is_device && !strcmp(line->call, "VFIO_DEVICE_FEATURE") && !line->ret &&
	       json_is_integer(fd) && json_integer_value(fd) >= 0;
}

/* The last one counts: those before it were given up. */
static void find_stream(struct replay_file *file, uint32_t which)
{
	struct replay_stream *stream = &file->stream;

	for (uint32_t i = 0; i < file->trace.lines; i++) {
		const struct trace_line *line = &file->trace.line[i];
		uint64_t bytes = moved(which, line);

		if (begins(line))
			*stream = (struct replay_stream){.begin = i};
		stream->bytes += bytes;
		if (bytes)
			stream->end = i;
	}
}

/* The first line that moves bytes the other way; 1: none does. */
static uint32_t other_way(const struct replay_file *file, uint32_t which)
{
	for (uint32_t i = 0; i < file->trace.lines; i++)
		if (moved(!which, &file->trace.line[i]))
			return file->trace.line[i].number;
	return 1;
}

static int check_stream(const struct replay *replay, uint32_t which, struct config_errors *errors)
{
	const struct replay_file *file = &replay->file[which];
	uint32_t line = other_way(file, which);

	if (file->stream.bytes)
		return 0;
	config_error(errors, file->trace.path, line,
		     "expected a recording that %s, as the %s of a pair does%s", moves[which],
		     which == REPLAY_SOURCE ? "source" : "destination",
		     line > 1 ? "; this one does the opposite: are the two swapped?" : "");
	return -EINVAL;
}

/* A state is for a device like the one that gave it. */
static int check_devices(struct replay *replay, struct config_errors *errors)
{
	const struct presented_device *from =
		&replay_pair_program(replay, REPLAY_SOURCE)->presented;
	const struct presented_device *to =
		&replay_pair_program(replay, REPLAY_DESTINATION)->presented;
	const char *path = replay->file[REPLAY_DESTINATION].trace.path;

	if (from->migration_line && to->migration_line &&
	    from->migration_flags != to->migration_flags) {
		config_error(errors, path, to->migration_line,
			     "expected the source's device: its migration has flags 0x%" PRIx64
			     ", this one 0x%" PRIx64,
			     from->migration_flags, to->migration_flags);
		return -EINVAL;
	}
	if (from->msix_line && to->msix_line && from->msix_vectors != to->msix_vectors) {
		config_error(errors, path, to->msix_line,
			     "expected the source's device: it has %u MSI-X vectors, this one %u",
			     from->msix_vectors, to->msix_vectors);
		return -EINVAL;
	}
	return 0;
}

int replay_pair_check(struct replay *replay, struct config_errors *errors)
{
	for (uint32_t i = 0; i < REPLAY_FILES; i++) {
		find_stream(&replay->file[i], i);
		if (check_stream(replay, i, errors))
			return -EINVAL;
	}
	return check_devices(replay, errors);
}

struct replay_program *replay_pair_program(struct replay *replay, uint32_t file)
{
	const struct replay_file *of = &replay->file[file];

	return replay_program_of(replay, file, &of->trace.line[of->stream.end]);
}

/* ---- order and length ---- */

static enum replay_pair_gate differs(struct replay_file *file, uint64_t here,
				     const struct replay_file *source)
{
	snprintf(file->difference, sizeof(file->difference),
		 "%s:%u: write: the stream has %" PRIu64 " bytes up to here, the source's reads "
		 "gave %" PRIu64 " (%s:%u)",
		 file->trace.path, file->trace.line[file->next].number, here, source->stream.bytes,
		 source->trace.path, source->trace.line[source->stream.end].number);
	return REPLAY_PAIR_DIFFERS;
}

enum replay_pair_gate replay_pair_gate(struct replay *replay, uint32_t file)
{
	struct replay_file *source = &replay->file[REPLAY_SOURCE], *it = &replay->file[file];
	uint64_t bytes = moved(file, &it->trace.line[it->next]), here = it->stream.done + bytes;

	if (file == REPLAY_SOURCE || it->next < it->stream.begin || !bytes)
		return REPLAY_PAIR_GO;
	if (here > source->stream.bytes ||
	    (it->next == it->stream.end && here != source->stream.bytes))
		return differs(it, here, source);
	if (here <= source->stream.done)
		return REPLAY_PAIR_GO;
	if (!source->stopped && source->next < source->trace.lines)
		return REPLAY_PAIR_WAIT;
	snprintf(it->difference, sizeof(it->difference),
		 "%s:%u: write: not performed: the source's replay ended before it read this",
		 it->trace.path, it->trace.line[it->next].number);
	return REPLAY_PAIR_DIFFERS;
}

void replay_pair_performed(struct replay *replay, uint32_t file, uint32_t index)
{
	struct replay_file *it = &replay->file[file];

	if (replay_is_pair(replay) && index >= it->stream.begin)
		it->stream.done += moved(file, &it->trace.line[index]);
}
