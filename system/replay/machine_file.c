/* SPDX-License-Identifier: Apache-2.0 */
#include "system/replay/machine_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static const char *yes_no(bool value)
{
	return value ? "yes" : "no";
}

static void write_machine(const struct machine_cfg *machine, FILE *file)
{
	static const char *const httu[] = {"none", "access", "dirty"};

	fprintf(file, "# The machine on which sequence.jsonl of this folder is replayed.\n");
	fprintf(file, "hosts: [host]\nprofile: %s\nmemory: %" PRIu64 "\n", machine->profile,
		machine->memory_bytes);
	fprintf(file, "smmu:\n  cache_dirty: %s\n  httu: %s\n  coherent: %s\n  msi: %s\n",
		yes_no(machine->smmu.cache_dirty), httu[machine->smmu.httu],
		yes_no(machine->smmu.coherent), yes_no(machine->smmu.msi));
	fprintf(file, "  ssid_bits: %" PRIu64 "\n", machine->smmu.ssid_bits);
	fprintf(file,
		"kernel:\n  dirty_clear: %s\n  strict: %s\n  msi_window: %s\n  trap_bars: %s\n"
		"  page_size: %" PRIu64 "\n",
		machine->kernel.dirty_clear ? "invalidate" : "linux-7.3",
		yes_no(machine->kernel.strict), yes_no(machine->kernel.msi_window),
		yes_no(machine->kernel.trap_bars), machine->kernel.page_size);
}

static void write_accept(const struct machine_cfg *machine, FILE *file)
{
	(void)machine;
	fprintf(file, "# A run of our own: nothing in it is known to be wrong.\n[]\n");
}

static const struct {
	const char *name;
	void (*write)(const struct machine_cfg *machine, FILE *file);
} files[] = {
	{"recorded-device.yaml", write_machine},
	{"accept.yaml", write_accept},
};

int replay_write_machine(const struct machine_cfg *machine, const char *dir)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[4096];
		FILE *file;
		int failed;

		snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
		file = fopen(path, "w");
		if (!file)
			return -errno;
		files[i].write(machine, file);
		failed = ferror(file);
		if (fclose(file) || failed)
			return -EIO;
	}
	return 0;
}
