/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEMC_ENGINE_SYSTEMC_H
#define VFSIM_SYSTEMC_ENGINE_SYSTEMC_H

/*
 * The SystemC engine: the SystemC kernel owns time, and every port between two
 * blocks is a TLM-2.0 socket (IEEE 1666-2011). Bound ports must exist before
 * the first run, when SystemC elaborates; a call through one before that, a
 * second engine in a process, or an error that SystemC reports, is our own error
 * (sim_panic).
 *
 * A port is named once; in SystemC's hierarchy its dots are underscores:
 * "source.memory" lies between the modules source_memory_from and
 * source_memory_to.
 */

#include "system/engine.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct engine_ops engine_systemc;

#ifdef __cplusplus
}
#endif
#endif
