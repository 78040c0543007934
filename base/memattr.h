/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_BASE_MEMATTR_H
#define VFSIM_BASE_MEMATTR_H

/*
 * What kind of memory an access takes its target for (Arm IHI 0070, 13.1.1): type,
 * cacheability and hints as one attribute of MAIR_EL1 has them (DDI 0487), outer in
 * bits 7:4 and inner in bits 3:0; shareability as SH of a translation table has it.
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MEM_DEVICE_NGNRNE 0x00u
#define MEM_DEVICE_NGNRE  0x04u
#define MEM_DEVICE_NGRE   0x08u
#define MEM_DEVICE_GRE    0x0cu
#define MEM_NORMAL_NC     0x44u
#define MEM_NORMAL_WT     0xbbu /* read and write allocate, not transient */
#define MEM_NORMAL_WB     0xffu

#define MEM_NON_SHAREABLE 0u
#define MEM_OUTER         2u
#define MEM_INNER         3u

struct mem_attr {
	uint8_t type;
	uint8_t sh;
};

static inline bool mem_is_device(struct mem_attr attr)
{
	return attr.type < 0x10;
}

static inline bool mem_equal(struct mem_attr a, struct mem_attr b)
{
	return (a.type | a.sh << 8) == (b.type | b.sh << 8);
}

/* What a root port gives the accesses of PCI Express functions, 13.6.1: cacheable and shared. */
static inline struct mem_attr mem_coherent(void)
{
	return (struct mem_attr){.type = MEM_NORMAL_WB, .sh = MEM_INNER};
}

#ifdef __cplusplus
}
#endif
#endif
