/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pcie/split.h"

static uint32_t parts(uint64_t bytes, uint32_t part_bytes)
{
	return (uint32_t)((bytes + part_bytes - 1) / part_bytes);
}

/* One past the part that begins at `at`, of a transfer up to `end`. */
static uint64_t part_end(uint64_t at, uint64_t end, uint32_t max_bytes)
{
	uint64_t page_end = align_down(at, PCIE_BOUNDARY_BYTES) + PCIE_BOUNDARY_BYTES;

	return MIN(MIN(at + max_bytes, page_end), end);
}

uint32_t pcie_split_many(uint64_t addr, uint32_t span_bytes, uint32_t max_bytes)
{
	uint64_t at = align_down(addr, PCIE_DW_BYTES), end = at + span_bytes;
	uint32_t tlps = 0;

	if (at / PCIE_BOUNDARY_BYTES == (end - 1) / PCIE_BOUNDARY_BYTES)
		return parts(span_bytes, max_bytes);
	for (; at < end; at = part_end(at, end, max_bytes))
		tlps++;
	return tlps;
}

uint32_t pcie_complete_many(uint64_t addr, uint32_t span_bytes, uint32_t max_bytes,
			    uint32_t boundary_bytes)
{
	uint64_t at = align_down(addr, PCIE_DW_BYTES);
	uint64_t first = align_down(at + max_bytes, boundary_bytes) - at;

	return 1 + parts(span_bytes - first, max_bytes);
}

uint32_t pcie_read_completion_tlps(uint64_t addr, uint32_t len_bytes, uint32_t max_request_bytes,
				   uint32_t max_payload_bytes, uint32_t boundary_bytes)
{
	uint32_t span = pcie_span_bytes(addr, len_bytes), tlps = 0;
	uint64_t at = align_down(addr, PCIE_DW_BYTES), end = at + span, next;

	/* From the boundary on every completion and every request but the last is full. */
	if (at % boundary_bytes == 0 && max_request_bytes >= max_payload_bytes &&
	    at % PCIE_BOUNDARY_BYTES + span <= PCIE_BOUNDARY_BYTES)
		return parts(span, max_payload_bytes);
	for (; at < end; at = next) {
		next = part_end(at, end, max_request_bytes);
		tlps += pcie_completion_tlps(at, (uint32_t)(next - at), max_payload_bytes,
					     boundary_bytes);
	}
	return tlps;
}
