/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_REGISTERS_H
#define VFSIM_SYSTEM_REGISTERS_H

/* Every register table of a machine: for documentation and for tests of tables. */

#include "base/regs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Call `each(ctx, table)` for the SMMU, the PF, a VF, and their configuration spaces. */
void registers_each(void (*each)(void *ctx, const struct reg_table *table), void *ctx);

#ifdef __cplusplus
}
#endif
#endif
