/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_WIRE_SINK_H
#define VFSIM_MODEL_WIRE_SINK_H

/*
 * The end of the line: takes every frame, checks those of the flows that it
 * expects (checker.h) and says in the trace that they were received.
 */

#include "model/wire/backend.h"
#include "model/wire/checker.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Flows 0 to `flows` - 1 may arrive. NULL without memory. */
struct wire_backend *sink_create(const struct sim_part *part, uint32_t flows);
const struct checker *sink_checker(const struct wire_backend *backend);

/* What a sink does with a frame, for who is one beside other things. Puts it. */
void sink_take(struct wire_backend *backend, struct checker *checker, struct packet *packet);

#ifdef __cplusplus
}
#endif
#endif
