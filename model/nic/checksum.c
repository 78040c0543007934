/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/checksum.h"

uint32_t ones_sum(const uint8_t *data, uint32_t len_bytes)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i + 1 < len_bytes; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	if (len_bytes % 2)
		sum += (uint32_t)data[len_bytes - 1] << 8;
	return ones_fold(sum);
}

uint32_t crc32c(const uint8_t *data, uint32_t len_bytes)
{
	uint32_t crc = UINT32_MAX;

	for (uint32_t i = 0; i < len_bytes; i++) {
		crc ^= data[i];
		for (uint32_t bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}
