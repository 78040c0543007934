/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_REPLAY_INTERNAL_H
#define VFSIM_SYSTEM_REPLAY_INTERNAL_H

#include "system/machine.h"
#include "system/replay/player.h"
#include "system/replay/recorded_services.h"
#include "system/replay/replay.h"
#include "traces/accept.h"

#define REPLAY_PROGRAMS 8
#define REPLAY_NAME     64

/*
 * One recorded program. Its label is the file's `host`: a host's name, and for
 * a further program of that host a dot and a name of its own.
 */
struct replay_program {
	char label[REPLAY_NAME];
	uint32_t host; /* index in the machine */
	uint32_t vf;
	struct presented_device presented;
	struct uapi_process *process;
	struct player *player;
	uint8_t *stream; /* what it will write, for a destination */
	uint64_t stream_bytes;
};

struct replay_host {
	char name[REPLAY_NAME];
	uint32_t first_number; /* of its VFIO devices */
	uint32_t vfs;
	struct recorded_services services;
};

struct replay {
	const struct replay_options *options;
	struct run_result *result;
	struct trace_file file;
	struct trace_accept_list accept;
	struct trace_acceptor acceptor;
	struct scenario_file machine_file;
	struct scenario_cfg cfg; /* the machine's, with the hosts of the file */
	char *host_names[MACHINE_HOSTS];

	struct replay_program program[REPLAY_PROGRAMS];
	uint32_t programs;
	struct replay_host host[MACHINE_HOSTS];
	uint32_t hosts;

	struct monitor monitor;
	struct machine *machine;
	bool ended;
};

/* Find the programs of the file, their hosts and devices. -EINVAL, told in `errors`. */
int replay_find_programs(struct replay *replay, struct config_errors *errors);
/* The program of a line. */
struct replay_program *replay_program_of(struct replay *replay, const struct trace_line *line);

#endif
