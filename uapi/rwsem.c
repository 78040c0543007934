// SPDX-License-Identifier: Apache-2.0
#include "uapi/rwsem.h"

void down_read(struct actor *self, struct rwsem *sem)
{
	while (sem->writer || sem->writers_waiting)
		actor_wait(self, &sem->waiters, TIME_NEVER);
	sem->readers++;
}

void up_read(struct rwsem *sem)
{
	if (--sem->readers == 0)
		waitq_wake(&sem->waiters);
}

void down_write(struct actor *self, struct rwsem *sem)
{
	sem->writers_waiting++;
	while (sem->writer || sem->readers)
		actor_wait(self, &sem->waiters, TIME_NEVER);
	sem->writers_waiting--;
	sem->writer = true;
}

void up_write(struct rwsem *sem)
{
	sem->writer = false;
	waitq_wake(&sem->waiters);
}
