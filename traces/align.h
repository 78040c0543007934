/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_ALIGN_H
#define VFSIM_TRACES_ALIGN_H

/*
 * Aligning two sequences of values: which elements are the same ones, and which
 * stand on one side only. Myers' algorithm in linear memory ("An O(ND)
 * Difference Algorithm and Its Variations", 1986, section 4b). Where two
 * sequences have little in common it settles for an alignment that is not the
 * shortest, so that its time stays about linear.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* a_only[i] and b_only[i] become true for elements that the other side does not have there. */
void trace_align(const uint64_t *a, size_t a_len, const uint64_t *b, size_t b_len, bool *a_only,
		 bool *b_only);

#ifdef __cplusplus
}
#endif
#endif
