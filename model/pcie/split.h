/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_SPLIT_H
#define VFSIM_MODEL_PCIE_SPLIT_H

/*
 * How many TLPs one transfer is on the wire. Data travels in whole double words,
 * and what counts against a limit are those (2.2.2, 2.2.7):
 *
 *	a write, a read request	cut at max bytes from its first double word and
 *				at every 4 KiB boundary (2.2.7)
 *	a completion of a read	cut at max bytes, but anywhere except at its end only
 *				at a multiple of the read completion boundary (2.3.1.1)
 *
 * The sections are from memory of the PCI Express Base Specification. It leaves a
 * sender free to cut more often; ours fill every TLP as far as they may.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PCIE_DW_BYTES       4u
#define PCIE_BOUNDARY_BYTES 4096u

/* A read completion boundary: of a root port 64 or 128 bytes, of anybody else 128. */
#define PCIE_RCB_ENDPOINT 128u

/* Bytes of the double words that a transfer touches; one of no bytes still has one. */
static inline uint32_t pcie_span_bytes(uint64_t addr, uint32_t len_bytes)
{
	uint32_t bytes = (uint32_t)align_up(addr % PCIE_DW_BYTES + len_bytes, PCIE_DW_BYTES);

	return MAX(bytes, PCIE_DW_BYTES);
}

/* Is this a size that both may have: a power of two from 128 to 4096? */
static inline bool pcie_split_fits(uint32_t max_bytes)
{
	return is_power_of_two(max_bytes) && max_bytes >= 128 && max_bytes <= 4096;
}

/* `max` is Max_Payload_Size or Max_Read_Request_Size. */
uint32_t pcie_split_many(uint64_t addr, uint32_t span_bytes, uint32_t max_bytes);
uint32_t pcie_complete_many(uint64_t addr, uint32_t span_bytes, uint32_t max_bytes,
			    uint32_t boundary_bytes);

/* TLPs of a write or of read requests. */
static inline uint32_t pcie_split_tlps(uint64_t addr, uint32_t len_bytes, uint32_t max_bytes)
{
	uint32_t span = pcie_span_bytes(addr, len_bytes);

	if (span <= max_bytes && addr % PCIE_BOUNDARY_BYTES + len_bytes <= PCIE_BOUNDARY_BYTES)
		return 1;
	return pcie_split_many(addr, span, max_bytes);
}

/* TLPs of the completions of one read request: what fits one TLP comes in one. */
static inline uint32_t pcie_completion_tlps(uint64_t addr, uint32_t len_bytes, uint32_t max_bytes,
					    uint32_t boundary_bytes)
{
	uint32_t span = pcie_span_bytes(addr, len_bytes);

	return span <= max_bytes ? 1 : pcie_complete_many(addr, span, max_bytes, boundary_bytes);
}

/* The same of a read of any size, each of whose requests is completed by itself. */
uint32_t pcie_read_completion_tlps(uint64_t addr, uint32_t len_bytes, uint32_t max_request_bytes,
				   uint32_t max_payload_bytes, uint32_t boundary_bytes);

#ifdef __cplusplus
}
#endif
#endif
