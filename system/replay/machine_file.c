/* SPDX-License-Identifier: Apache-2.0 */
#include "system/replay/machine_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static const char *yes_no(bool value)
{
	return value ? "yes" : "no";
}

#define NUMBER(member)                                                                             \
	{                                                                                          \
#member, offsetof(struct smmu_config, member), true                                \
	}
#define FLAG(member)                                                                               \
	{                                                                                          \
#member, offsetof(struct smmu_config, member), false                               \
	}

static const struct {
	const char *name;
	size_t offset;
	bool is_number;
} smmu_members[] = {
	NUMBER(version),
	NUMBER(iidr),
	NUMBER(sid_bits),
	NUMBER(ssid_bits),
	NUMBER(cmdq_log2),
	NUMBER(evtq_log2),
	NUMBER(priq_log2),
	NUMBER(oas_bits),
	NUMBER(stall_max),
	NUMBER(bbml),
	FLAG(s1),
	FLAG(s2),
	FLAG(hyp),
	FLAG(asid16),
	FLAG(vmid16),
	FLAG(vmw),
	FLAG(term_abort),
	FLAG(two_level_strtab),
	FLAG(two_level_cd),
	FLAG(ats),
	FLAG(ns1ats),
	FLAG(pri),
	FLAG(msi),
	FLAG(sev),
	FLAG(coherent),
	FLAG(attr_types_ovr),
	FLAG(had),
	FLAG(xnx),
	FLAG(attr_perms_ovr),
	FLAG(pps),
	FLAG(fwb),
	FLAG(stt),
	FLAG(ril),
	FLAG(e0pd),
	FLAG(ptwnnc),
	FLAG(epan),
	FLAG(vax),
	FLAG(counters32),
	FLAG(cache_dirty),
	FLAG(forget_invalid),
	FLAG(prefetch),
};

/* A key's choices: those whose bits are set, as `key: [a, b]`. */
static void write_choices(const char *key, const char *const name[], uint32_t set, FILE *file)
{
	const char *comma = "";

	fprintf(file, "  %s: [", key);
	for (; set; set >>= 1, name++)
		if (set & 1) {
			fprintf(file, "%s%s", comma, *name);
			comma = ", ";
		}
	fprintf(file, "]\n");
}

static void write_smmu(const struct smmu_config *smmu, FILE *file)
{
	static const char *const httu[] = {"none", "access", "dirty", "tables"};
	static const char *const endian[] = {"little", "big", "mixed"};
	static const char *const stall_model[] = {"none", "either", "force"};
	static const char *const granule[] = {"4KiB", "16KiB", "64KiB"};
	static const char *const format[] = {"aarch32", "aarch64"};

	fprintf(file, "smmu:\n  httu: %s\n  endian: %s\n  stall_model: %s\n", httu[smmu->httu],
		endian[smmu->endian], stall_model[smmu->stall_model]);
	write_choices("granules", granule, smmu->granules, file);
	write_choices("ttf", format, smmu->ttf, file);
	for (size_t i = 0; i < sizeof(smmu_members) / sizeof(smmu_members[0]); i++) {
		const char *at = (const char *)smmu + smmu_members[i].offset;

		fprintf(file, "  %s: ", smmu_members[i].name);
		if (smmu_members[i].is_number)
			fprintf(file, "%" PRIu64 "\n", *(const uint64_t *)(const void *)at);
		else
			fprintf(file, "%s\n", yes_no(*(const bool *)at));
	}
}

static void write_machine(const struct machine_cfg *machine, FILE *file)
{
	fprintf(file, "# The machine on which sequence.jsonl of this folder is replayed.\n");
	fprintf(file, "hosts: [host]\nprofile: %s\nmemory: %" PRIu64 "\n", machine->profile,
		machine->memory_bytes);
	write_smmu(&machine->smmu, file);
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
