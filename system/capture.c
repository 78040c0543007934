/* SPDX-License-Identifier: Apache-2.0 */
#include "system/capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system/machine.h"
#include "traces/pcapng.h"

struct capture {
	struct pcapng pcapng;
	char path[600];
	uint32_t port[MACHINE_HOSTS], inside[MACHINE_HOSTS]; /* interfaces */
};

struct capture *capture_create(const char *path, uint32_t snap_bytes)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	int err;

	if (!capture)
		return NULL;
	snprintf(capture->path, sizeof(capture->path), "%s", path);
	err = pcapng_open(&capture->pcapng, path, snap_bytes);
	if (!err)
		return capture;
	free(capture);
	errno = -err;
	return NULL;
}

int capture_destroy(struct capture *capture)
{
	bool empty = !capture->pcapng.interfaces;
	int err = pcapng_close(&capture->pcapng);

	if (empty)
		unlink(capture->path);
	free(capture);
	return err ? err : empty;
}

static uint32_t add_interface(struct capture *capture, const struct host *host, const char *what,
			      const char *description, uint64_t speed_bps)
{
	char name[2 * HOST_NAME_LEN];

	snprintf(name, sizeof(name), "%s.%s", host->name, what);
	return pcapng_interface(&capture->pcapng, name, description, speed_bps);
}

/* The end of the wire where no host is. */
static void add_far_end(struct capture *capture, const struct machine *machine)
{
	const struct wire_backend *far_end = machine->options.far_end;

	capture->port[1] = pcapng_interface(&capture->pcapng, far_end->part.name,
					    "the far end of the wire", machine->cfg->wire.rate_bps);
}

static void on_machine(void *ctx, const struct machine *machine)
{
	struct capture *capture = ctx;

	for (uint32_t i = 0; i < machine->hosts; i++) {
		const struct host *host = &machine->host[i];

		if (!host->nic)
			continue;
		if (machine->wire)
			capture->port[i] =
				add_interface(capture, host, "port", "the NIC's end of the wire",
					      machine->cfg->wire.rate_bps);
		capture->inside[i] =
			add_interface(capture, host, "switch", "from VF to VF inside the NIC", 0);
	}
	if (machine->wire && machine->options.far_end)
		add_far_end(capture, machine);
}

static void on_detail(void *ctx, const struct trace_event *event)
{
	struct capture *capture = ctx;
	uint64_t time_ns = event->time_ps / PS_PER_NS;
	const uint64_t *arg = event->arg;

	if (event->kind == TRACE_WIRE_FRAME)
		pcapng_packet(&capture->pcapng, capture->port[arg[0]], time_ns,
			      arg[1] ? PCAPNG_INBOUND : PCAPNG_OUTBOUND, event->data,
			      event->data_len, arg[2] ? "lost on the wire" : NULL);
	else
		pcapng_packet(&capture->pcapng, capture->inside[event->part->host], time_ns,
			      PCAPNG_UNKNOWN, event->data, event->data_len, NULL);
}

static const enum trace_kind kinds[] = {TRACE_WIRE_FRAME, TRACE_SWITCH_FRAME, TRACE_KIND_COUNT};

struct run_listener capture_listener(struct capture *capture)
{
	return (struct run_listener){
		.ctx = capture,
		.kind = kinds,
		.detail = on_detail,
		.machine = on_machine,
	};
}
