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

/* The last migration stream of a recording that is one of a pair. */
struct replay_stream {
	uint32_t begin; /* index of the line that opened it */
	uint32_t end;   /* index of the last line that moved bytes; 0: none did */
	uint64_t bytes; /* all that the recording moved */
	uint64_t done;  /* what the lines performed so far moved */
};

/* A recording, and how far its lines are performed. */
struct replay_file {
	struct trace_file trace;
	uint32_t next;
	uint64_t waited_us; /* how far its clock stood still */
	bool stopped;       /* at a difference */
	char difference[300];
	struct replay_stream stream;
};

enum { REPLAY_SOURCE, REPLAY_DESTINATION, REPLAY_FILES };

/*
 * One recorded program. Its label is the file's `host`: a host's name, and for
 * a further program of that host a dot and a name of its own.
 */
struct replay_program {
	char label[REPLAY_NAME];
	uint32_t file; /* the recording it is of */
	uint32_t host; /* index in the machine */
	uint32_t vf;
	struct presented_device presented;
	struct uapi_process *process;
	struct player *player;
	struct player_stream stream; /* what it writes, or (a source of a pair) what it read */
};

struct replay_host {
	char name[REPLAY_NAME];
	struct host_vf_identity vf[REPLAY_PROGRAMS]; /* as the recording names them */
	uint32_t vfs;
	struct recorded_services services;
};

struct replay {
	const struct replay_options *options;
	struct run_result *result;
	struct replay_file file[REPLAY_FILES]; /* a pair has two */
	uint32_t files;
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

/* The file that was asked for, else the one beside the recording, else vfsim's own. */
void replay_find_file(const struct replay_options *options, const char *asked, const char *name,
		      char *path, size_t size);

/* Find the programs of the file, their hosts and devices. -EINVAL, told in `errors`. */
int replay_find_programs(struct replay *replay, struct config_errors *errors);
/* The program of a line of recording `file`. */
struct replay_program *replay_program_of(struct replay *replay, uint32_t file,
					 const struct trace_line *line);

/* ---- a pair ---- */

static inline bool replay_is_pair(const struct replay *replay)
{
	return replay->files == REPLAY_FILES;
}

/* Find the streams of a pair and see that it is one. -EINVAL, told in `errors`. */
int replay_pair_check(struct replay *replay, struct config_errors *errors);
/* The program that moves the stream of recording `file`. */
struct replay_program *replay_pair_program(struct replay *replay, uint32_t file);

enum replay_pair_gate { REPLAY_PAIR_GO, REPLAY_PAIR_WAIT, REPLAY_PAIR_DIFFERS };
/*
 * May the next line of recording `file` be performed? A destination writes what
 * its source has read before. Where the two moved different numbers of bytes, the
 * line that shows it differs: told in the file's difference.
 */
enum replay_pair_gate replay_pair_gate(struct replay *replay, uint32_t file);
/* A line was performed. */
void replay_pair_performed(struct replay *replay, uint32_t file, uint32_t index);

#endif
