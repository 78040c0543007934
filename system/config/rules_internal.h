/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_CONFIG_RULES_INTERNAL_H
#define VFSIM_SYSTEM_CONFIG_RULES_INTERNAL_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "system/config/config_internal.h"
#include "uapi/smmu-driver/smmu_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What rules look at, and where they complain. */
struct rules {
	const struct doc *doc;
	const struct scenario_cfg *cfg;
	bool kernel; /* ours drives the machine */
	struct config_errors *errors;
};

/* Say what is wrong with what is written at `path`, such as "guests[0].vf". */
void rules_report(const struct rules *rules, const char *path, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));
void broken(const struct rules *rules, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* rules_network.c */
void rules_check_wire(const struct rules *rules);
void rules_check_traffic(const struct rules *rules, uint32_t index);

/* rules_masters.c */
void rules_check_master(const struct rules *rules, uint32_t index);

/* rules_classes.c */
void rules_check_classes(const struct rules *rules);
void rules_check_guest_classes(const struct rules *rules, uint32_t index);

/* rules_pairs.c */
void rules_check_pairs(const struct rules *rules, uint32_t index);
void rules_check_traffic_pairs(const struct rules *rules);
void rules_check_expect_spaces(const struct rules *rules, uint32_t index);

static inline const char *indexed(char text[96], const char *list, uint32_t index, const char *key)
{
	snprintf(text, 96, "%s[%u].%s", list, index, key);
	return text;
}

static inline const struct guest_config *guest_find(const struct scenario_cfg *cfg,
						    const char *name)
{
	for (uint32_t i = 0; i < cfg->guests_count; i++)
		if (!strcmp(cfg->guests[i].name, name))
			return &cfg->guests[i];
	return NULL;
}

static inline bool host_exists(const struct machine_cfg *machine, const char *name)
{
	for (uint32_t i = 0; i < machine->hosts_count; i++)
		if (!strcmp(machine->hosts[i], name))
			return true;
	return false;
}

/* Of a substream that a driver can have. */
static inline uint64_t substream_bits(const struct machine_cfg *machine)
{
	return machine->smmu.two_level_cd ? machine->smmu.ssid_bits
					  : MIN(machine->smmu.ssid_bits, CD_LEAF_BITS);
}

#ifdef __cplusplus
}
#endif
#endif
