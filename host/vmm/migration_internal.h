/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_HOST_MIGRATION_INTERNAL_H
#define VFSIM_HOST_MIGRATION_INTERNAL_H

#include "host/vmm/migration.h"
#include "host/vmm/vm_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MIGRATION_BATCH_PAGES 1024u
#define MIGRATION_STATE_BYTES 65856u /* largest read of the device's stream: as QEMU's */

/* Messages of the migration stream; those of the way back. */
enum migration_message {
	MSG_SETUP,  /* the device will be loaded */
	MSG_PAGES,  /* argument: round */
	MSG_STATE,  /* part of the device's stream */
	MSG_DEVICE, /* struct vm_device_image */
	MSG_END,    /* everything was sent: go on there */
	MSG_CANCEL,
	MSG_RUNNING,  /* back: the guest runs */
	MSG_FAILED,   /* back; argument: errno */
	MSG_CANCELED, /* back: given up as asked */
};

struct migration {
	struct migration_cfg cfg;
	struct vmm_hooks hooks;
	struct vm *source, *destination;
	struct channel *to, *back;
	struct migration_result *result;
	bool cancel;
	bool gave_up; /* by on_no_convergence */

	/* source */
	uint64_t *pending; /* pages to send, a bit each */
	int data_fd;       /* -1: no session */
	bool device_moves; /* the device has a state to carry */
	bool device_precopy;
	uint64_t stop_copy_bytes; /* the device's own estimate */

	/* destination */
	int load_fd;
	struct vm_device_image image;
};

/* migration_send.c */
int migration_send(struct migration *m, struct actor *self, enum migration_message type,
		   uint32_t argument, const void *data, uint32_t len_bytes);
/* Send the pages of m->pending, which is empty then. */
int migration_send_pages(struct migration *m, struct actor *self, struct migration_round *round);
/* Read the device's stream to its (temporary) end and send it. */
int migration_send_state(struct migration *m, struct actor *self, uint64_t *bytes);

/*
 * Would `left_bytes` take no longer than `max_downtime_ps` at the rate of the
 * last round, which sent `sent_bytes` in `time_ps`? In no time: at once.
 */
bool migration_rest_fits(uint64_t left_bytes, uint64_t sent_bytes, uint64_t time_ps,
			 uint64_t max_downtime_ps);

/* migration_destination.c: an actor's body. */
void migration_destination(struct actor *self, void *arg);

#ifdef __cplusplus
}
#endif
#endif
