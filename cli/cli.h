/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_CLI_H
#define VFSIM_CLI_H

/*
 * The `vfsim` command: one builtin for each sub-command, a row of a table.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "system/capture.h"
#include "system/levels.h"
#include "system/run.h"
#include "system/sequence.h"
#include "system/timeline.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Exit codes. */
enum cli_exit {
	CLI_OK,       /* every check held */
	CLI_FAIL,     /* a check or an expectation failed, or a replay differs */
	CLI_USAGE,    /* wrong options, or a file that is refused */
	CLI_INTERNAL, /* our own error */
};

struct cli_builtin {
	const char *name;
	const char *what;
	int (*run)(int argc, char **argv); /* argv[0]: "vfsim NAME"; returns an exit code */
};

extern const struct cli_builtin cli_run, cli_replay, cli_serve, cli_trace, cli_describe;

/* Headers, the tag and some payload: what our guests send beyond is a pattern (test_frame.c). */
#define CLI_SNAP_BYTES 96u
#define CLI_STEP_PS    (20 * PS_PER_US)

enum cli_format { CLI_TEXT, CLI_JSON };

/* What `run` and `replay` have in common. Lists end where their counts say. */
struct cli_options {
	bool seed_given;
	uint64_t seed;
	const struct engine_ops *engine;            /* NULL: the scenario's */
	char wire[WIRE_SPEC_SETS][WIRE_SPEC_BYTES]; /* sets that --wire stands for */
	const char **sets, **plants, **files;
	uint32_t sets_count, plants_count, files_count;
	const char *out;
	uint32_t snap_bytes; /* of a captured frame; 0: whole */
	uint64_t step_ps;    /* between two looks at levels; 0: each instant */
	enum cli_format format;
	bool quiet;
	bool pair; /* of the replay: the files are a source and its destination */
	const char *machine, *accept;
};

/* argp's parser for those; `argp_state->input` is a struct cli_options. */
struct argp_state;
int cli_parse_common(int key, char *arg, struct argp_state *state);

/* argp_parse with our exit codes: CLI_USAGE for a wrong option. False: leave with `*code`. */
struct argp;
bool cli_parse(const struct argp *argp, int argc, char **argv, struct cli_options *options,
	       int *code);
void cli_options_release(struct cli_options *options);

/* NULL for an unknown name. */
const struct engine_ops *cli_engine(const char *name);

/* Hooks of a run: log to stderr; an internal error ends the program with CLI_INTERNAL. */
struct sim_hooks cli_hooks(void);
/* Nothing more is logged: say how often the last line came again. */
void cli_log_end(void);

/* Seconds of a clock that only goes forward. */
double cli_seconds(void);

/*
 * Call `one` for each file, in a process of its own when there are several:
 * SystemC runs once in a process. The worst exit code.
 */
int cli_each_file(const struct cli_options *options,
		  int (*one)(const struct cli_options *options, const char *path));

/* Where a run writes: the folder of --out, and who listens for the files in it. */
struct cli_output {
	char dir[512]; /* empty: nowhere */
	struct sequence *sequence;
	struct timeline *timeline;
	struct capture *capture;
	struct levels levels;
	uint64_t step_ps;
	int stats_error, levels_error;
	bool replayable; /* the sequence was written, and is not empty */
	char wrote[128]; /* ", FILE" for each that was written */
	struct run_listener listener[4];
	uint32_t listeners;
};

/*
 * Make DIR, or DIR/NAME where several files are run, and open the files in it.
 * False, and told: one cannot be written.
 */
bool cli_output_open(struct cli_output *output, const struct cli_options *options, const char *name,
		     const char *main_program);
/* NULL: nobody listens. */
struct run_listener *cli_output_listeners(struct cli_output *output);
/* The run is over: close what is open. False, and told: something could not be written. */
bool cli_output_close(struct cli_output *output);
/* Close; write result.json; print what the format wants. An exit code. `cfg` NULL: none. */
int cli_output_report(struct cli_output *output, const struct cli_options *options,
		      struct run_result *result, const struct scenario_cfg *cfg);

/* The progress of a run that is long, on stderr if that is a terminal and nobody wants quiet. */
struct cli_progress {
	const char *name;
	uint64_t limit_ps; /* of simulated time; 0: not known */
	FILE *out;
	uint64_t events, packets, round;
	double next_s; /* when it is shown next */
	bool shown;
	struct run_listener listener;
};

/* The listeners of the run: `next`, and in front of it progress where it is wanted. */
struct run_listener *cli_progress_begin(struct cli_progress *progress,
					const struct cli_options *options, const char *name,
					uint64_t limit_ps, struct run_listener *next);
/* Wipe what was shown. Before anything else is printed. */
void cli_progress_end(struct cli_progress *progress);

/* Append words to a command line, quoted for a shell where need be. */
void cli_quote(char *text, size_t size, const char *word);

#ifdef __cplusplus
}
#endif
#endif
