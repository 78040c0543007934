/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_HOST_PF_DRIVER_INTERNAL_H
#define VFSIM_HOST_PF_DRIVER_INTERNAL_H

/* What the parts of the PF's driver know of each other. */

#include "base/bits.h"
#include "base/trace.h"
#include "host/pf-driver/pf_driver.h"
#include "pf-firmware/mailbox_format.h"
#include "virtchnl/virtchnl.h"

#define AQ_ENTRIES   32u
#define FRAME_BYTES  4096u
#define PAGES(bytes) (((bytes) + FRAME_BYTES - 1) / FRAME_BYTES)

/* What a VF logs: pages of 1 << shift. */
struct vf_log {
	uint32_t shift;
	uint64_t first_page, last_page;
};

/* A VF's state stream that is being saved. */
struct stream {
	uint64_t at;            /* byte that comes next */
	uint64_t precopy_bytes; /* of it, what may be saved while the VF runs */
	bool ended;
};

struct pf_vf {
	struct stream stream;
	struct vf_log log;
	struct pf_driver_policy policy; /* as it was set last */
	uint32_t mdd_count;
	/* Forwarding: as the firmware knows it, of that life; who works for the VF holds the lock.
	 */
	struct virtchnl_vf known;
	struct sim_mutex lock;
};

struct pf_driver {
	struct pf_driver_cfg cfg;
	struct pf_driver_env env;
	uint64_t bar0_pa;
	uint64_t ring_pa, buffer_pa;
	uint32_t next_to_use;
	struct sim_mutex lock; /* commands of several VFs' drivers take turns */
	uint64_t features;     /* PF_FEATURE_* */
	struct pf_vf *vf;
	/* The thread behind the PF's interrupt. */
	struct actor *thread;
	struct waitq irq;
	bool interrupted, stopping;
	uint64_t msix_pa; /* vector 0's entry */
	/* Forwarding: the receive queue. */
	uint64_t arq_pa, arq_buffers_pa;
	uint32_t next_to_clean;
	struct waitq answered;
};

/* --- admin_queue.c --- */

uint32_t pf_reg_read(struct pf_driver *d, struct actor *self, uint32_t offset);
void pf_reg_write(struct pf_driver *d, struct actor *self, uint32_t offset, uint32_t value);
int pf_queue_init(struct pf_driver *d, struct actor *self);
struct aq_desc pf_make_command(uint16_t opcode, uint32_t vf, uint32_t param1);
/*
 * One command with the queue's lock held: `desc` goes out and comes back as
 * written back. A descriptor with AQ_FLAG_BUF uses d->buffer_pa.
 */
int pf_command_locked(struct pf_driver *d, struct actor *self, struct aq_desc *desc);
int pf_command(struct pf_driver *d, struct actor *self, struct aq_desc *desc);
/*
 * The same with `send` bytes of `data` for the device, and up to `receive` bytes of its answer,
 * as many as the descriptor comes back with.
 */
int pf_command_data(struct pf_driver *d, struct actor *self, struct aq_desc *desc, void *data,
		    uint32_t send, uint32_t receive);

/* --- interrupt.c --- */

int pf_interrupt_init(struct pf_driver *d, struct actor *self);
void pf_interrupt_fini(struct pf_driver *d, struct actor *self);

/* --- mailbox.c: VFs' messages that the firmware forwards --- */

int pf_mailbox_init(struct pf_driver *d, struct actor *self);
void pf_mailbox_fini(struct pf_driver *d, struct actor *self);
/* Take what is in the receive queue. */
void pf_mailbox_receive(struct pf_driver *d, struct actor *self);
/* Wait until a message was answered, for so long as a command may take. -ETIMEDOUT. */
int pf_mailbox_wait(struct pf_driver *d, struct actor *self);

/* --- services.c --- */

/* What VFIO is told: a refusal is -EIO, whatever the firmware's reason, but for "not now". */
int pf_service(struct pf_driver *d, struct actor *self, uint16_t opcode, uint32_t vf,
	       uint32_t param1);

/* --- dma_log.c: as struct vf_services_ops has them --- */

bool pf_logs_dma(void *ctx, uint32_t vf);
int pf_log_start(void *ctx, struct actor *self, uint32_t vf, const struct vf_log_range *range,
		 uint32_t ranges, uint64_t *page_size);
int pf_log_stop(void *ctx, struct actor *self, uint32_t vf);
int pf_log_read(void *ctx, struct actor *self, uint32_t vf, uint64_t iova, uint64_t len,
		void (*found)(void *arg, uint64_t iova, uint64_t len), void *arg);

#endif
