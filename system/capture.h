/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_CAPTURE_H
#define VFSIM_SYSTEM_CAPTURE_H

/*
 * The packets of a run as Wireshark reads them. Each host with a NIC has two
 * interfaces: HOST.port, its end of the wire, which sees a frame outbound at
 * the sender and, unless the wire lost it, inbound at the receiver; and
 * HOST.switch, which sees what goes from one of its VFs to another and never
 * reaches the wire. Simulated time 0 is 1970-01-01.
 */

#include "system/run.h"

#ifdef __cplusplus
extern "C" {
#endif

struct capture;

/*
 * NULL with errno set when the file cannot be made. Frames are cut to
 * `snap_bytes`; 0: whole. A machine without a NIC has no packets: then the file
 * is not kept.
 */
struct capture *capture_create(const char *path, uint32_t snap_bytes);
/* 1: there were no packets to capture; -EIO when something could not be written. */
int capture_destroy(struct capture *capture);

/* What listens to a run on its behalf; valid as long as it. */
struct run_listener capture_listener(struct capture *capture);

#ifdef __cplusplus
}
#endif
#endif
