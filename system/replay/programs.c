/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "system/replay/replay_internal.h"

/* A recording of one program on one host does not name it. */
#define UNNAMED_HOST "host"

struct replay_program *replay_program_of(struct replay *replay, const struct trace_line *line)
{
	for (uint32_t i = 0; i < replay->programs; i++)
		if (!strcmp(replay->program[i].label, line->host))
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

static int add_program(struct replay *replay, const struct trace_line *line)
{
	struct replay_program *program;
	const char *name = *line->host ? line->host : UNNAMED_HOST;
	uint32_t host = host_of(replay, name);

	if (replay->programs == REPLAY_PROGRAMS || strlen(line->host) >= REPLAY_NAME ||
	    (host == replay->hosts && add_host(replay, name)))
		return -ENOSPC;
	program = &replay->program[replay->programs++];
	snprintf(program->label, sizeof(program->label), "%s", line->host);
	program->host = host;
	presented_find(&program->presented, &replay->file, program->label);
	return 0;
}

/* What a recording says of its device, ours could not be. */
static int check_presented(const struct replay *replay, struct config_errors *errors)
{
	for (uint32_t i = 0; i < replay->programs; i++) {
		uint32_t line = replay->program[i].presented.too_large_line;

		if (!line)
			continue;
		config_error(errors, replay->file.path, line,
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
			config_error(errors, replay->file.path, program->presented.number_line,
				     "in.path: expected devices with numbers at most %u apart",
				     REPLAY_PROGRAMS - 1);
			return -EINVAL;
		}
		host->vfs = MAX(host->vfs, program->vf + 1);
	}
	return 0;
}

/* A file of another kind of interface is refused before anything runs. */
static int check_calls(const struct replay *replay, struct config_errors *errors)
{
	for (uint32_t i = 0; i < replay->file.lines; i++) {
		const struct trace_line *line = &replay->file.line[i];

		if (player_can_perform(line))
			continue;
		config_error(errors, replay->file.path, line->number,
			     "call: expected one that a replay can perform (traces/README.md), "
			     "not `%s`",
			     line->call);
		return -EINVAL;
	}
	return 0;
}

int replay_find_programs(struct replay *replay, struct config_errors *errors)
{
	if (check_calls(replay, errors))
		return -EINVAL;
	for (uint32_t i = 0; i < replay->file.lines; i++) {
		const struct trace_line *line = &replay->file.line[i];

		if (replay_program_of(replay, line) || !add_program(replay, line))
			continue;
		config_error(errors, replay->file.path, line->number,
			     "host: expected at most %u programs on %u hosts", REPLAY_PROGRAMS,
			     MACHINE_HOSTS);
		return -EINVAL;
	}
	return check_presented(replay, errors) ? -EINVAL : number_devices(replay, errors);
}
