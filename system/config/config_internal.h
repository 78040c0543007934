/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_CONFIG_INTERNAL_H
#define VFSIM_SYSTEM_CONFIG_INTERNAL_H

#include "system/config/config.h"

/* Apply one "PATH=VALUE" to the document. False with a line in `errors`. */
bool config_set(struct doc *doc, const char *set, struct config_errors *errors);

/* The second pass: what no single key can say. Lines come from the document. `kernel`: ours drives
 * the machine. */
void config_check_rules(const struct doc *doc, const struct scenario_cfg *cfg, bool kernel,
			struct config_errors *errors);

#endif
