/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_CHECKSUM_H
#define VFSIM_MODEL_NIC_CHECKSUM_H

/* Sums over packets: RFC 1071's of IP, TCP and UDP; the CRC of SCTP (RFC 9260, appendix A). */

#include <stdint.h>

/* A sum of 16-bit words as ones' complement makes it: 16 bits. */
static inline uint32_t ones_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)sum;
}

/* Of words in network order; an odd byte at the end is the high one of its word. */
uint32_t ones_sum(const uint8_t *data, uint32_t len_bytes);

uint32_t crc32c(const uint8_t *data, uint32_t len_bytes);

#endif
