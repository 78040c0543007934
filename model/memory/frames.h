/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_MEMORY_FRAMES_H
#define VFSIM_MODEL_MEMORY_FRAMES_H

/*
 * Physical page frames: which 4 KiB pages of DRAM are free. The host kernel,
 * its drivers and its processes take frames here. A run of frames is described
 * by (pa, count), never by a list.
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct frames;

/* Frames of [base, base + size). NULL without memory. */
struct frames *frames_create(uint64_t base, uint64_t size_bytes);
void frames_destroy(struct frames *frames);

/*
 * `count` physically contiguous frames aligned to `align_bytes` (power of two,
 * at least 4096). Their content is whatever it was. 0 = out of memory: no host
 * has a frame at address 0.
 */
uint64_t frames_alloc(struct frames *frames, uint64_t count, uint64_t align_bytes);
void frames_free(struct frames *frames, uint64_t pa, uint64_t count);
uint64_t frames_in_use(const struct frames *frames);

#ifdef __cplusplus
}
#endif
#endif
