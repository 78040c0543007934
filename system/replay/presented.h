/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_REPLAY_PRESENTED_H
#define VFSIM_SYSTEM_REPLAY_PRESENTED_H

/*
 * What only the device decides, taken from a recording's first answers: the
 * device that is presented to the replay has them. A later answer that says
 * otherwise is a difference.
 */

#include "traces/line.h"
#include "uapi/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PRESENTED_NONE UINT32_MAX

struct presented_device {
	uint32_t number; /* N of /dev/vfio/devices/vfioN, PRESENTED_NONE: no call names it */
	uint32_t group;  /* N of /dev/vfio/N, PRESENTED_NONE: no call names it */
	char name[UAPI_DEVICE_NAME]; /* that VFIO_GROUP_GET_DEVICE_FD asks for, else empty */
	uint64_t migration_flags;    /* VFIO_MIGRATION_*, 0 = no migration */
	uint32_t migration_line;     /* which line says so; 0: none */
	bool dma_logging;
	uint64_t log_page_size;  /* that its DMA log chose; 0: never said */
	bool ignores_bus_master; /* it does DMA although Bus Master Enable is clear */
	uint32_t msix_vectors;
	uint32_t msix_line;       /* which line says so; 0: none */
	uint64_t precopy_bytes;   /* of the state, sent while running */
	uint64_t stop_copy_bytes; /* of the state, as MIG_DATA_SIZE says */
	uint64_t final_bytes;     /* of the state, what reading gave when stopped */
	uint64_t written_bytes;   /* of a stream that the program writes: a destination */
	uint32_t too_large_line;  /* which line asks for more than PRESENTED_STATE_MAX; 0: none */
};

/* A larger state is none of a NIC's VF. */
#define PRESENTED_STATE_MAX (UINT64_C(256) << 20)

/* Look through the lines of `host` ("" in a recording of one program). */
void presented_find(struct presented_device *presented, const struct trace_file *file,
		    const char *host);

/* One line for a person; `text` is ended by a zero in any case. */
void presented_describe(const struct presented_device *presented, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
