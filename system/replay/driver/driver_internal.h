/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_REPLAY_DRIVER_INTERNAL_H
#define VFSIM_SYSTEM_REPLAY_DRIVER_INTERNAL_H

#include "model/nic/avf_format.h"
#include "system/machine.h"
#include "system/replay/driver/driver_replay.h"
#include "traces/accept.h"
#include "traces/driver_line.h"

#define DRIVER_VF_INDEX 0u

/* ---- observer.c: what our hardware does, from its trace events ---- */

/* An access of the VF that the SMMU let through. */
struct seen_dma {
	uint64_t iova, pa, len;
	bool write;
	bool matched; /* the recording has it, too */
};

struct seen_command {
	uint64_t word[2];
};

/* A message from the VF's driver, or one to it. */
struct seen_message {
	uint64_t opcode;
	int64_t status;
	uint64_t len;
};

struct seen_msi {
	uint64_t vector, iova, pa, data;
};

/* Something that the SMMU refused. */
struct seen_fault {
	uint64_t iova, len, event;
	bool write;
};

/* The translation that the SMMU found last for a page or block. */
struct seen_walk {
	uint64_t key; /* number of the page or block | shift << 56; 0: free */
	uint32_t levels;
	uint64_t level[DRIVER_LEVELS][3];
};

/* A growing array of one kind of things seen. */
#define SEEN(type)                                                                                 \
	struct {                                                                                   \
		struct type *item;                                                                 \
		uint32_t count, capacity, taken;                                                   \
	}

struct observer {
	uint64_t stream; /* of the VF */
	uint16_t rid;
	uint64_t doorbell_pa; /* where a device writes its event ID */
	/* since the last access; `taken` counts what the recording's lines have met */
	SEEN(seen_dma) dma;
	SEEN(seen_command) commands;
	SEEN(seen_message) requests;
	SEEN(seen_message) replies;
	SEEN(seen_fault) faults;
	/* interrupts, from raised to delivered */
	SEEN(seen_msi) msis;
	uint32_t msis_translated, msis_delivered;
	/* since the beginning */
	uint64_t ste_pa, l1std_pa, l1std, cd_pa;
	struct seen_walk *walk; /* open addressing */
	uint32_t walks, walk_slots;
	bool no_memory;
};

void observer_event(void *ctx, const struct trace_event *event);
/* A new access: forget what was seen since the one before. */
void observer_begin(struct observer *observer);
void observer_fini(struct observer *observer);
const struct seen_walk *observer_walk(const struct observer *observer, uint64_t iova);

/* ---- presented.c: what the recording decides ---- */

/* Capabilities of the recorded function: offset and ID. */
#define DRIVER_CAPS 16

struct driver_presented {
	struct machine_foreign foreign;
	uint64_t queue_pairs, vectors;
	uint32_t caps;
	struct driver_cap {
		uint32_t recorded;
		uint8_t id;
		uint16_t ours; /* 0: we have none */
	} cap[DRIVER_CAPS];
};

/* -EINVAL, told in `error`. */
int driver_present(const struct driver_file *file, struct machine_cfg *machine,
		   struct driver_presented *presented, char *error, size_t error_size);

/* ---- compared.c: which reads the interface's rules decide ---- */

struct compared_register {
	const char *name;
	uint32_t offset, count, stride;
	uint64_t mask; /* bits that are compared */
};

/* The row of a register access; NULL: free. */
const struct compared_register *compared_register_find(enum driver_function function,
						       enum driver_kind kind, uint64_t offset);
/* Bits of a configuration dword at `offset` from capability `id` (0: the header). */
uint32_t compared_config_mask(uint8_t id, uint32_t offset);

/* ---- replay.c, steps.c, perform.c, check.c ---- */

/* Interrupts of one vector between two times that its driver enabled it. */
#define DRIVER_VECTORS 17
#define PERIOD_MSIS    8

struct period {
	uint32_t line; /* of the access that began it; 0: the file's beginning */
	uint32_t recorded, ours;
	const struct driver_line *recorded_msi[PERIOD_MSIS];
	struct seen_msi our_msi[PERIOD_MSIS];
};

struct driver_counts {
	uint64_t accesses, reads, commands, dma, translations, write_backs, messages, frames, msis;
	uint64_t not_performed;
};

struct driver_replay {
	const struct replay_options *options;
	struct run_result *result;
	struct driver_file file;
	struct trace_accept_list accept;
	struct scenario_file machine_file;
	struct scenario_cfg cfg;
	struct driver_presented presented;

	struct monitor monitor;
	struct machine *machine;
	struct host *host;
	struct actor *self;
	struct cpu_port cpu;
	const struct pci_function *vf;
	uint64_t begin_ps;
	bool ended, failed;

	struct observer observer;
	struct run_listener listener;
	struct packet_pool *frames; /* that come in from the network */
	uint8_t *scratch;           /* for bytes of memory */

	bool *done;     /* per line: its step has taken it */
	uint32_t *step; /* lines of effects of the step under way */
	uint32_t step_count;
	bool after_reset; /* RESET_VF went through, the admin queues are not set up anew */
	bool reset_seen;
	uint32_t data_order; /* of the access that a write-back must come after */
	uint32_t cmdq_next, cmdq_log2;
	struct period period[DRIVER_VECTORS];
	/* the MSI-X table as the driver wrote it: address, upper address, data */
	uint32_t msix[DRIVER_VECTORS][3];
	struct driver_counts counts;
};

/*
 * A difference: unless the accept list has it, it becomes the result's error and
 * the replay ends. `field` is what of `what` differs. Texts may be NULL: "none".
 */
void driver_differs(struct driver_replay *replay, uint32_t line, const char *what,
		    const char *field, const char *recorded, const char *ours);

/* perform.c: an access on our hardware; a read is compared. */
void driver_perform(struct driver_replay *replay, const struct driver_line *line);
/* Bytes into memory. */
void driver_put(struct driver_replay *replay, const struct driver_line *line);
/* What came from the network or the PF within the step. */
void driver_stimulate(struct driver_replay *replay);

/* check.c: the effects of the step against what was seen. `line` is the access, NULL for none. */
void driver_check_step(struct driver_replay *replay, const struct driver_line *access);
/* interrupts.c */
void driver_interrupt_enabled(struct driver_replay *replay, const struct driver_line *access);
void driver_note_msix_write(struct driver_replay *replay, const struct driver_line *access);
void driver_check_msi(struct driver_replay *replay, const struct driver_line *line);
void driver_take_msis(struct driver_replay *replay);
void driver_end_periods(struct driver_replay *replay);

/* walk.c: the recorded tables against those that our SMMU read. */
void driver_check_walk(struct driver_replay *replay, const struct driver_line *line);

/* Run until nothing is pending. */
void driver_settle(struct driver_replay *replay);

#endif
