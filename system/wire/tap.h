/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_TAP_H
#define VFSIM_SYSTEM_TAP_H

/*
 * A Linux TAP device at the far end of the wire: what a guest sends comes out of a
 * network interface of the machine that the simulation runs on, and what that
 * machine's stack sends there comes in. Frames have no header of their own (IFF_NO_PI,
 * Linux Documentation/networking/tuntap.rst). A run with one follows the host's clock
 * and is not deterministic.
 */

#include "model/wire/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Longest name of an interface. */
#define TAP_NAME_MAX 15u

/*
 * Attach to interface `name`, which is made if it is not there, and bring it up. `packets`: from
 * outside, under way at once; more wait in the interface's queue. NULL with `error` filled in.
 */
struct wire_backend *tap_create(const struct sim_part *part, const char *name, uint32_t packets,
				char *error, size_t error_size);

#ifdef __cplusplus
}
#endif
#endif
