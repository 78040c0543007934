// SPDX-License-Identifier: Apache-2.0
#include "uapi/vfio/migration.h"

#include <errno.h>
#include <linux/vfio.h>

#define STATES 8u

/* Short names, in the order of enum vfio_device_mig_state. */
enum {
	E = VFIO_DEVICE_STATE_ERROR,
	S = VFIO_DEVICE_STATE_STOP,
	R = VFIO_DEVICE_STATE_RUNNING,
	C = VFIO_DEVICE_STATE_STOP_COPY,
	Z = VFIO_DEVICE_STATE_RESUMING,
	Rp = VFIO_DEVICE_STATE_RUNNING_P2P,
	P = VFIO_DEVICE_STATE_PRE_COPY,
	Pp = VFIO_DEVICE_STATE_PRE_COPY_P2P,
};

/*
 * First step from a state (row) towards another (column) for a device that has
 * all of them; E: there is no way. ERROR is left by a reset only.
 */
static const uint8_t first_step[STATES][STATES] = {
	/* to   E  S   R   C   Z   Rp  P   Pp */
	[E] = {E, E, E, E, E, E, E, E},      [S] = {E, S, Rp, C, Z, Rp, Rp, Rp},
	[R] = {E, Rp, R, Rp, Rp, Rp, P, Rp}, [C] = {E, S, S, C, S, S, E, E},
	[Z] = {E, S, S, S, Z, S, S, S},      [Rp] = {E, S, R, S, S, Rp, R, Pp},
	[P] = {E, R, R, Pp, R, R, P, Pp},    [Pp] = {E, Rp, Rp, C, Rp, Rp, P, Pp},
};

/* What a device must offer to have a state. */
static const uint8_t state_needs[STATES] = {
	[S] = VFIO_MIGRATION_STOP_COPY,
	[R] = VFIO_MIGRATION_STOP_COPY,
	[C] = VFIO_MIGRATION_STOP_COPY,
	[Z] = VFIO_MIGRATION_STOP_COPY,
	[Rp] = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P,
	[P] = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_PRE_COPY,
	[Pp] = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY,
};

static bool has_state(uint64_t flags, uint32_t state)
{
	return state != E && (state_needs[state] & ~flags) == 0;
}

int vfio_mig_next_state(uint64_t flags, uint32_t from, uint32_t to, uint32_t *next)
{
	uint32_t state = from;

	if (to >= STATES || !has_state(flags, from) || !has_state(flags, to))
		return -EINVAL;
	/* A state that the device lacks is passed through. */
	do
		state = first_step[state][to];
	while (state != E && !has_state(flags, state));
	*next = state;
	return state == E ? -EINVAL : 0;
}
