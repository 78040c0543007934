/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_PCAPNG_H
#define VFSIM_TRACES_PCAPNG_H

/*
 * Writing a packet capture that Wireshark reads: one section, little-endian,
 * Ethernet interfaces with times in nanoseconds (draft-ietf-opsawg-pcapng,
 * sections 4.1 to 4.3).
 */

#include "traces/out.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PCAPNG_WHOLE 0u /* snap length: frames are kept whole */

enum pcapng_direction { PCAPNG_UNKNOWN, PCAPNG_INBOUND, PCAPNG_OUTBOUND };

struct pcapng {
	struct out out;
	uint32_t interfaces;
	uint32_t snap_bytes;
};

/* Frames are cut to `snap_bytes`; their true length is kept. -errno. */
int pcapng_open(struct pcapng *pcapng, const char *path, uint32_t snap_bytes);
/* -EIO when anything was not written. */
int pcapng_close(struct pcapng *pcapng);

/* An interface, before its first packet: its number. `speed_bps` 0: not told. */
uint32_t pcapng_interface(struct pcapng *pcapng, const char *name, const char *description,
			  uint64_t speed_bps);

/* A packet that `interface` saw. `comment` may be NULL. */
void pcapng_packet(struct pcapng *pcapng, uint32_t interface, uint64_t time_ns,
		   enum pcapng_direction direction, const void *frame, uint32_t len_bytes,
		   const char *comment);

#ifdef __cplusplus
}
#endif
#endif
