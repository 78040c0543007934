/* SPDX-License-Identifier: Apache-2.0 */
#include "system/config/network.h"

#include "system/config/config.h"

#include <stdio.h>
#include <string.h>

/* Peers that a command line can name, and the key that is behind a colon. */
static const struct {
	const char *peer, *key;
} specs[] = {
	{"sink", NULL}, {"loop", NULL}, {"respond", NULL}, {"pcap", "file"}, {"tap", "tap"},
};

/* As YAML: in quotes, each of which is doubled inside. */
static void quote(const char *key, const char *value, char *to, size_t size)
{
	size_t at = (size_t)snprintf(to, size, "wire.%s='", key);

	for (; *value && at + 4 < size; value++) {
		if (*value == '\'')
			to[at++] = '\'';
		to[at++] = *value;
	}
	snprintf(to + at, size - at, "'");
}

bool wire_spec_sets(const char *spec, char sets[WIRE_SPEC_SETS][WIRE_SPEC_BYTES])
{
	const char *colon = strchr(spec, ':');
	size_t len = colon ? (size_t)(colon - spec) : strlen(spec);

	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		if (strlen(specs[i].peer) != len || strncmp(specs[i].peer, spec, len) != 0 ||
		    !specs[i].key != !colon || (colon && !colon[1]) ||
		    strlen(spec) > WIRE_SPEC_BYTES / 2 - 32)
			continue;
		snprintf(sets[0], WIRE_SPEC_BYTES, "wire.peer=%s", specs[i].peer);
		sets[1][0] = '\0';
		if (colon)
			quote(specs[i].key, colon + 1, sets[1], WIRE_SPEC_BYTES);
		return true;
	}
	return false;
}

uint32_t traffic_first_flow(const struct scenario_cfg *cfg, uint32_t index)
{
	uint64_t flow = 0;

	for (uint32_t i = 0; i < index; i++)
		flow += cfg->traffic[i].flows * (cfg->traffic[i].echo ? 2 : 1);
	return (uint32_t)flow;
}

uint32_t traffic_first_echo(const struct scenario_cfg *cfg, uint32_t index)
{
	return traffic_first_flow(cfg, index) + (uint32_t)cfg->traffic[index].flows;
}
