/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_FUZZ_LINES_H
#define VFSIM_TESTBENCH_FUZZ_LINES_H

/*
 * A mutator for files of one JSON object a line: it changes, drops and copies
 * members and lines, so that most of what it makes is still such a file. Bytes
 * are changed by libFuzzer's own in between. A target's LLVMFuzzerCustomMutator
 * is this.
 */

#include <cstddef>
#include <cstdint>

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t fuzz_mutate_lines(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

#define FUZZ_LINES                                                                                 \
	extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,     \
						  unsigned int seed)                               \
	{                                                                                          \
		return fuzz_mutate_lines(data, size, max_size, seed);                              \
	}

#endif
