/* SPDX-License-Identifier: Apache-2.0 */
#include "system/config/network.h"

#include "system/config/config.h"

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
