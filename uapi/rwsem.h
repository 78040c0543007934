/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_UAPI_RWSEM_H
#define VFSIM_UAPI_RWSEM_H

/*
 * A kernel reader-writer lock: many readers or one writer; a waiting writer
 * holds later readers off. Zero-initialised is valid and free.
 */

#include "base/actor.h"

struct rwsem {
	uint32_t readers;
	uint32_t writers_waiting;
	bool writer;
	struct waitq waiters;
};

void down_read(struct actor *self, struct rwsem *sem);
void up_read(struct rwsem *sem);
void down_write(struct actor *self, struct rwsem *sem);
void up_write(struct rwsem *sem);

#endif
