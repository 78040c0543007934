/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_CAPTURE_FILE_H
#define VFSIM_TRACES_CAPTURE_FILE_H

/*
 * Reading a packet capture: pcapng (draft-ietf-opsawg-pcapng, sections 3 and 4) with any number
 * of sections and interfaces, and the older pcap (draft-ietf-opsawg-pcap), each in
 * either byte order. What is kept are Ethernet frames in the order of the file,
 * without FCS, with times from the first of them on.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traces/pcapng.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which frames, and what is to be made of those that the capture has cut. */
struct capture_want {
	const char *interface; /* its name, or its number in the file from 0 on; NULL: any */
	enum pcapng_direction direction; /* PCAPNG_UNKNOWN: any */
	bool pad_cut; /* fill cut frames up with zeros; else a file with such is refused */
	uint32_t min_bytes, max_bytes; /* of a frame: others are refused */
};

struct capture_frame {
	uint64_t time_ps; /* since the first frame; never less than that of the one before */
	const uint8_t *data;
	uint32_t kept_bytes; /* of `data` */
	uint32_t len_bytes;  /* when it travelled */
};

struct capture_file {
	struct capture_frame *frame;
	uint32_t frames, capacity;
	uint8_t *content;
	size_t size;
};

/*
 * 0, or -EINVAL, -errno with `error` as FILE:BLOCK: what was expected; a block is counted
 * from 1 on, as is a record of pcap behind the file's header. A file without a frame
 * that is wanted is refused.
 */
int capture_file_load(struct capture_file *file, const char *path, const struct capture_want *want,
		      char *error, size_t error_size);
void capture_file_release(struct capture_file *file);

#ifdef __cplusplus
}
#endif
#endif
