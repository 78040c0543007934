/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "system/replay/replay_internal.h"

/* A recording of one program on one host does not name it. */
#define UNNAMED_HOST "host"

struct replay_program *replay_program_of(struct replay *replay, uint32_t file,
					 const struct trace_line *line)
{
	for (uint32_t i = 0; i < replay->programs; i++)
		if (replay->program[i].file == file &&
		    !strcmp(replay->program[i].label, line->host))
			return &replay->program[i];
	return NULL;
}

/* Label "destination.peer" is a program of host "destination". */
static uint32_t host_of(struct replay *replay, const char *label)
{
	size_t len = strcspn(label, ".");
	uint32_t i = 0;

	while (i < replay->hosts &&
	       (strncmp(replay->host[i].name, label, len) || replay->host[i].name[len] != '\0'))
		i++;
	return i;
}

static int add_host(struct replay *replay, const char *label)
{
	struct replay_host *host;

	if (replay->hosts == MACHINE_HOSTS)
		return -ENOSPC;
	host = &replay->host[replay->hosts++];
	snprintf(host->name, sizeof(host->name), "%.*s", (int)strcspn(label, "."), label);
	host->first_number = UINT32_MAX;
	return 0;
}

/* Of a pair, each recording is of one host, whatever it calls it. */
static const char *pair_host(uint32_t file)
{
	return file == REPLAY_SOURCE ? "source" : "destination";
}

static bool is_of_one_host(struct replay *replay, uint32_t file, const struct trace_line *line)
{
	const char *first = replay->file[file].trace.line[0].host;
	size_t len = strcspn(first, ".");

	return !replay_is_pair(replay) ||
	       (strcspn(line->host, ".") == len && !strncmp(first, line->host, len));
}

static int add_program(struct replay *replay, uint32_t file, const struct trace_line *line)
{
	struct replay_program *program;
	const char *name = replay_is_pair(replay) ? pair_host(file)
			   : *line->host          ? line->host
						  : UNNAMED_HOST;
	uint32_t host = host_of(replay, name);

	if (!is_of_one_host(replay, file, line) || replay->programs == REPLAY_PROGRAMS ||
	    strlen(line->host) >= REPLAY_NAME || (host == replay->hosts && add_host(replay, name)))
		return -ENOSPC;
	program = &replay->program[replay->programs++];
	snprintf(program->label, sizeof(program->label), "%s", line->host);
	program->file = file;
	program->host = host;
	presented_find(&program->presented, &replay->file[file].trace, program->label);
	return 0;
}

/* What a recording says of its device, ours could not be. */
static int check_presented(const struct replay *replay, struct config_errors *errors)
{
	for (uint32_t i = 0; i < replay->programs; i++) {
		const struct replay_program *program = &replay->program[i];

		if (!program->presented.too_large_line)
			continue;
		config_error(errors, replay->file[program->file].trace.path,
			     program->presented.too_large_line,
			     "expected a device state of at most %" PRIu64 " MiB",
			     PRESENTED_STATE_MAX >> 20);
		return -EINVAL;
	}
	return 0;
}

/* Give each host the VFs that its programs' device numbers ask for. */
static int number_devices(struct replay *replay, struct config_errors *errors)
{
	for (uint32_t i = 0; i < replay->programs; i++) {
		struct replay_host *host = &replay->host[replay->program[i].host];

		host->first_number = MIN(host->first_number, replay->program[i].presented.number);
	}
	for (uint32_t i = 0; i < replay->programs; i++) {
		struct replay_program *program = &replay->program[i];
		struct replay_host *host = &replay->host[program->host];

		program->vf = program->presented.number - host->first_number;
		if (program->vf >= REPLAY_PROGRAMS) {
			config_error(errors, replay->file[program->file].trace.path,
				     program->presented.number_line,
				     "in.path: expected devices with numbers at most %u apart",
				     REPLAY_PROGRAMS - 1);
			return -EINVAL;
		}
		host->vfs = MAX(host->vfs, program->vf + 1);
	}
	return 0;
}

/* A file of another kind of interface is refused before anything runs. */
static int check_calls(const struct trace_file *file, struct config_errors *errors)
{
	for (uint32_t i = 0; i < file->lines; i++) {
		const struct trace_line *line = &file->line[i];

		if (player_can_perform(line))
			continue;
		config_error(errors, file->path, line->number,
			     "call: expected one that a replay can perform (traces/README.md), "
			     "not `%s`",
			     line->call);
		return -EINVAL;
	}
	return 0;
}

static int find_programs(struct replay *replay, uint32_t index, struct config_errors *errors)
{
	const struct trace_file *file = &replay->file[index].trace;

	if (check_calls(file, errors))
		return -EINVAL;
	for (uint32_t i = 0; i < file->lines; i++) {
		const struct trace_line *line = &file->line[i];

		if (replay_program_of(replay, index, line) || !add_program(replay, index, line))
			continue;
		config_error(errors, file->path, line->number,
			     "host: expected at most %u programs on %u host%s", REPLAY_PROGRAMS,
			     replay_is_pair(replay) ? 1 : MACHINE_HOSTS,
			     replay_is_pair(replay) ? " (a recording of a pair)" : "s");
		return -EINVAL;
	}
	return 0;
}

int replay_find_programs(struct replay *replay, struct config_errors *errors)
{
	for (uint32_t i = 0; i < replay->files; i++)
		if (find_programs(replay, i, errors))
			return -EINVAL;
	return check_presented(replay, errors) ? -EINVAL : number_devices(replay, errors);
}
