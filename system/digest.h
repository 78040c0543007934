/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_DIGEST_H
#define VFSIM_SYSTEM_DIGEST_H

/*
 * A run in one number: XXH3-64 over every trace event with its time, kind,
 * instance, arguments and data. Two runs with one digest did the same.
 */

#include "base/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

struct digest;

/* NULL without memory. */
struct digest *digest_create(void);
void digest_destroy(struct digest *digest);

void digest_event(struct digest *digest, const struct trace_event *event);

/* Over the events so far. */
uint64_t digest_value(struct digest *digest);

#ifdef __cplusplus
}
#endif
#endif
