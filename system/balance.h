/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_BALANCE_H
#define VFSIM_SYSTEM_BALANCE_H

/* The frame counters of a machine's parts, held against each other for the oracle. */

#include "system/machine.h"
#include "system/oracle/oracle.h"

#ifdef __cplusplus
extern "C" {
#endif

/* When nothing is under way any more. */
void machine_balance(const struct machine *machine, struct oracle *oracle);

#ifdef __cplusplus
}
#endif
#endif
