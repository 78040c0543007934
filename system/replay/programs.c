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

/* What no call of the recording names gets a number of its own. */
#define UNNAMED_NUMBER (1u << 20)

static bool same(uint32_t a, uint32_t b)
{
	return a == b && a != PRESENTED_NONE;
}

/* The VF of its host that a program uses: a device or a group that another has is the same one. */
static void find_vf(struct replay_host *host, struct replay_program *program)
{
	const struct presented_device *presented = &program->presented;
	struct host_vf_identity *vf;
	uint32_t i = 0;

	while (i < host->vfs && !same(host->vf[i].number, presented->number) &&
	       !same(host->vf[i].group, presented->group))
		i++;
	program->vf = i;
	vf = &host->vf[i];
	if (i == host->vfs) {
		host->vfs++;
		*vf = (struct host_vf_identity){PRESENTED_NONE, PRESENTED_NONE, ""};
	}
	if (vf->number == PRESENTED_NONE)
		vf->number = presented->number;
	if (vf->group == PRESENTED_NONE)
		vf->group = presented->group;
	if (!vf->name[0])
		memcpy(vf->name, presented->name, sizeof(vf->name));
}

/* Give each host the VFs that its programs name; the NIC has as many as the host with most. */
static void name_devices(struct replay *replay)
{
	for (uint32_t i = 0; i < replay->programs; i++)
		find_vf(&replay->host[replay->program[i].host], &replay->program[i]);
	for (uint32_t i = 0; i < replay->hosts; i++) {
		for (uint32_t vf = 0; vf < REPLAY_PROGRAMS; vf++) {
			struct host_vf_identity *identity = &replay->host[i].vf[vf];

			if (vf >= replay->host[i].vfs || identity->number == PRESENTED_NONE)
				identity->number = UNNAMED_NUMBER + vf;
			if (vf >= replay->host[i].vfs || identity->group == PRESENTED_NONE)
				identity->group = UNNAMED_NUMBER + vf;
		}
	}
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
	if (check_presented(replay, errors))
		return -EINVAL;
	name_devices(replay);
	return 0;
}
