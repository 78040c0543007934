/* SPDX-License-Identifier: Apache-2.0 */
/* The files of --out: each is somebody who listens to the run. */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "system/machine_stats.h"

/* mkdir -p */
static int make_folders(const char *path)
{
	char part[512];
	size_t len = strlen(path);

	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0777) && errno != EEXIST)
			return -errno;
	}
	return 0;
}

struct path {
	char text[600];
};

static struct path path_of(const struct cli_output *output, const char *file)
{
	struct path path;

	snprintf(path.text, sizeof(path.text), "%s/%s", output->dir, file);
	return path;
}

/* How writing a file went: 0 well, 1 there is none, -errno. */
static bool tell(struct cli_output *output, const char *file, int result)
{
	size_t used = strlen(output->wrote);

	if (result < 0)
		fprintf(stderr, "vfsim: %s/%s: cannot be written: %s\n", output->dir, file,
			strerror(-result));
	else if (!result)
		snprintf(output->wrote + used, sizeof(output->wrote) - used, ", %s", file);
	return result >= 0;
}

/* ---- stats.json ---- */

/* {"source.smmu": {"tlb_hits": 1, ...}, ...} */
static json_t *stats_json(const struct stats *stats)
{
	json_t *object = json_object();

	for (uint32_t i = 0; i < stats->count; i++) {
		const struct stats_row *row = &stats->row[i];

		if (!json_object_get(object, row->part))
			json_object_set_new(object, row->part, json_object());
		json_object_set_new(json_object_get(object, row->part), row->name,
				    json_integer((json_int_t)row->value));
	}
	return object;
}

static void write_stats(void *ctx, const struct machine *machine)
{
	struct cli_output *output = ctx;
	struct stats stats;
	json_t *object;

	output->stats_error = machine_collect_stats(machine, &stats);
	if (output->stats_error)
		return;
	object = stats_json(&stats);
	if (json_dump_file(object, path_of(output, "stats.json").text, JSON_INDENT(2)))
		output->stats_error = -EIO;
	json_decref(object);
	stats_fini(&stats);
}

/* ---- levels.vcd ---- */

/* Only the systemc engine has waveforms. */
static void begin_levels(void *ctx, const struct machine *machine)
{
	struct cli_output *output = ctx;

	if (!machine->ops->waveforms)
		return;
	output->levels_error = levels_init(&output->levels, machine, output->step_ps);
	if (!output->levels_error)
		output->levels_error = machine->ops->waveforms(
			machine->engine, path_of(output, "levels.vcd").text, &output->levels);
}

/* ---- all of them ---- */

static void listen(struct cli_output *output, struct run_listener listener)
{
	struct run_listener *to = &output->listener[output->listeners++];

	*to = listener;
	if (to != output->listener)
		to[-1].next = to;
}

struct run_listener *cli_output_listeners(struct cli_output *output)
{
	return output->listeners ? output->listener : NULL;
}

static bool open_sequence(struct cli_output *output, const char *main_program)
{
	output->sequence = sequence_create(path_of(output, "sequence.jsonl").text, main_program);
	if (!output->sequence)
		return tell(output, "sequence.jsonl", -errno);
	listen(output, sequence_listener(output->sequence));
	return true;
}

static bool open_timeline(struct cli_output *output)
{
	output->timeline = timeline_create(path_of(output, "timeline.json").text, output->step_ps);
	if (!output->timeline)
		return tell(output, "timeline.json", -errno);
	listen(output, timeline_listener(output->timeline));
	return true;
}

static bool open_capture(struct cli_output *output, uint32_t snap_bytes)
{
	output->capture = capture_create(path_of(output, "wire.pcapng").text, snap_bytes);
	if (!output->capture)
		return tell(output, "wire.pcapng", -errno);
	listen(output, capture_listener(output->capture));
	return true;
}

bool cli_output_open(struct cli_output *output, const struct cli_options *options, const char *name,
		     const char *main_program)
{
	bool several = options->files_count > 1 && !options->pair;
	int err;

	*output = (struct cli_output){.step_ps = options->step_ps};
	if (!options->out)
		return true;
	snprintf(output->dir, sizeof(output->dir), "%s%s%s", options->out, several ? "/" : "",
		 several ? name : "");
	err = make_folders(output->dir);
	if (err) {
		fprintf(stderr, "vfsim: %s: cannot be made: %s\n", output->dir, strerror(-err));
		return false;
	}
	listen(output,
	       (struct run_listener){.ctx = output, .machine = begin_levels, .end = write_stats});
	if (open_sequence(output, main_program) && open_timeline(output) &&
	    open_capture(output, options->snap_bytes))
		return true;
	cli_output_close(output);
	return false;
}

bool cli_output_close(struct cli_output *output)
{
	bool ok = true;

	cli_log_end();
	if (!output->dir[0])
		return true;
	ok &= tell(output, "stats.json", output->stats_error);
	ok &= tell(output, "levels.vcd", output->levels.count ? output->levels_error : 1);
	if (output->sequence) {
		int result = sequence_destroy(output->sequence);

		output->replayable = !result;
		ok &= tell(output, "sequence.jsonl", result);
	}
	if (output->timeline)
		ok &= tell(output, "timeline.json", timeline_destroy(output->timeline));
	if (output->capture)
		ok &= tell(output, "wire.pcapng", capture_destroy(output->capture));
	levels_fini(&output->levels);
	output->sequence = NULL;
	output->timeline = NULL;
	output->capture = NULL;
	output->listeners = 0;
	return ok;
}
