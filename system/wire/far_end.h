/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_FAR_END_H
#define VFSIM_SYSTEM_FAR_END_H

/*
 * What a machine's file wants at the far end of its host's wire: makes the
 * back-end (model/wire/) that `wire.peer` names, and tells what it counted.
 */

#include "model/wire/backend.h"
#include "system/config/config.h"
#include "traces/capture_file.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FAR_END_ERROR 200

/* The address of what is there, for who sends to `wire`. */
extern const uint8_t far_end_mac[6];

/*
 * `*far_end` is NULL where the other host is, or nobody. `sim` and `cfg` are borrowed. A negative
 * errno, told in `error`.
 */
int far_end_create(const struct scenario_cfg *cfg, struct sim *sim, struct wire_backend **far_end,
		   char error[FAR_END_ERROR]);

/* The frames that are to be replayed. As capture_file_load. */
int far_end_load_capture(const struct wire_config *wire, struct capture_file *capture, char *error,
			 size_t error_size);
/* Traffic begins at `start_ps`: so does what is replayed. */
void far_end_begin(struct wire_backend *far_end, uint64_t start_ps);

/* Start stream `index` of traffic from there, to `destination`, at `start_ps`. */
int far_end_send(struct wire_backend *far_end, const struct scenario_cfg *cfg, uint32_t index,
		 const uint8_t destination[6], uint64_t start_ps);

/* A sink's and a generator's own account of all flows that it has received, together. */
struct far_end_account {
	uint64_t received, damaged, duplicated, reordered, stale, missing;
};
/* False: it keeps none. */
bool far_end_account(const struct wire_backend *far_end, struct far_end_account *account);

/* Mean time between two packets of one flow of a stream; 0: as fast as possible. */
uint64_t traffic_interval_ps(const struct traffic_config *traffic);

#ifdef __cplusplus
}
#endif
#endif
