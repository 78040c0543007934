/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Let a performance monitor unit of the kernel count for a while, as `perf stat` does.
 *
 *   perf_count PMU MILLISECONDS EVENT[:STREAM[:span]]...
 *
 * PMU: a folder of /sys/bus/event_source/devices; EVENT: a file of its events/. With STREAM only
 * what that stream did, or those of the span that it stands for, as arm_smmuv3_pmu has them. All
 * are one group: they begin and end together. Prints a count a line, in that order; exit status 1
 * with a line that says why there is none.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MOST 64

/* As format/filter_span and format/filter_enable have them; the stream ID is bits 31 to 0 of
 * config1. */
#define FILTER_SPAN   (UINT64_C(1) << 32)
#define FILTER_ENABLE (UINT64_C(1) << 33)

static int fails(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	return 1;
}

/* The number in a file of the PMU's folder, behind "event=" if that is there. */
static int number_in(const char *pmu, const char *folder, const char *name, uint64_t *number)
{
	char path[256], text[64] = "";
	const char *at;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/%s%s", pmu, folder, name);
	file = fopen(path, "r");
	if (!file)
		return -1;
	at = fgets(text, sizeof(text), file);
	fclose(file);
	if (!at)
		return -1;
	at = strchr(text, '=');
	*number = strtoull(at ? at + 1 : text, NULL, 0);
	return 0;
}

/* `spec` as on the command line, which is cut at its colons. The descriptor, or -1. */
static int open_event(const char *pmu, char *spec, int leader)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr), .disabled = leader < 0, .read_format = PERF_FORMAT_GROUP};
	char *name = strsep(&spec, ":"), *stream = strsep(&spec, ":");
	uint64_t type, event;

	if (number_in(pmu, "", "type", &type) || number_in(pmu, "events/", name, &event))
		return -1;
	attr.type = (uint32_t)type;
	attr.config = event;
	if (stream)
		attr.config1 = FILTER_ENABLE | strtoul(stream, NULL, 0) | (spec ? FILTER_SPAN : 0);
	return (int)syscall(SYS_perf_event_open, &attr, -1, 0, leader, 0);
}

int main(int argc, char **argv)
{
	struct {
		uint64_t members, count[MOST];
	} group;
	struct timespec wait;
	int leader = -1;

	if (argc < 4 || argc > 3 + MOST) {
		printf("perf_count PMU MILLISECONDS EVENT[:STREAM[:span]]...\n");
		return 2;
	}
	wait.tv_sec = atoi(argv[2]) / 1000;
	wait.tv_nsec = atoi(argv[2]) % 1000 * 1000000L;
	for (int i = 3; i < argc; i++) {
		int fd = open_event(argv[1], argv[i], leader);

		if (fd < 0)
			return fails(argv[i]);
		if (leader < 0)
			leader = fd;
	}
	if (ioctl(leader, PERF_EVENT_IOC_ENABLE, 0))
		return fails("enable");
	nanosleep(&wait, NULL);
	if (ioctl(leader, PERF_EVENT_IOC_DISABLE, 0))
		return fails("disable");
	if (read(leader, &group, sizeof(group)) < 0)
		return fails("read");
	for (uint64_t i = 0; i < group.members; i++)
		printf("%" PRIu64 "\n", group.count[i]);
	return 0;
}
