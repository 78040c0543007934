/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_SCENARIO_INTERNAL_H
#define VFSIM_SYSTEM_SCENARIO_INTERNAL_H

#include "host/guest-driver/guest_driver.h"
#include "host/vmm/migration.h"
#include "system/machine.h"
#include "system/run.h"

#define SCENARIO_GUESTS   16
#define SCENARIO_NAME_LEN 64

/* Where guest RAM begins, as on QEMU's arm64 "virt" machine: above the MSI window. */
#define SCENARIO_RAM_BASE UINT64_C(0x40000000)

/* A guest with the machine that it runs on now. */
struct run_guest {
	const struct guest_config *cfg;
	struct host *host; /* where it is now */
	uint64_t vf;
	struct guest guest;
	struct guest_driver *driver;
	struct guest_dirtier *dirtier;
	struct vm *vm;
	uint8_t mac[6];
	char name[SCENARIO_NAME_LEN];      /* "vm0" */
	char part_name[SCENARIO_NAME_LEN]; /* "guest.vm0" */
};

/* A VM that is to be taken down at the end. */
struct run_vm {
	struct scenario *scenario;
	struct host *host;
	uint32_t stream_id;
	struct vm *vm;
	char part_name[SCENARIO_NAME_LEN];
	char device_path[SCENARIO_NAME_LEN];
};

struct scenario {
	const struct run_options *options;
	struct run_listener watch; /* the scenario's own eye on the run */
	const struct scenario_cfg *cfg;
	struct run_result *result;
	struct monitor monitor;
	struct machine *machine;
	struct run_guest guest[SCENARIO_GUESTS];
	struct run_vm vm[2 * SCENARIO_GUESTS];
	uint32_t vms;
	struct vm *destination; /* waits for the guest that moves */
	struct actor *mover;    /* runs the migration */
	int move_rc;
	uint64_t moved_ps; /* the guest runs at its new place; 0: not yet */
	struct waitq move_waiters;
	struct migration_result migration;
	uint64_t up_ps; /* all guests are up */
	uint64_t phase_begin_ps;
	struct oracle_packets phase_begin;
	bool ended; /* the scenario's actor has come to its end */
};

/* Tell why the run did not come to its end; the first reason stays. Returns `rc`. */
int scenario_fail(struct scenario *scenario, int rc, const char *what);

/* Start a VM for a guest's VF on a host. */
int scenario_create_vm(struct scenario *scenario, struct actor *self,
		       const struct guest_config *cfg, struct host *host, uint64_t vf,
		       struct vm **vm);

/* The steps of the scenario's actor. 0 or a negative errno, told by scenario_fail. */
int scenario_boot(struct scenario *scenario, struct actor *self);
int scenario_start_guests(struct scenario *scenario, struct actor *self);
int scenario_prepare_destination(struct scenario *scenario, struct actor *self);
int scenario_start_traffic(struct scenario *scenario, struct actor *self);
int scenario_migrate(struct scenario *scenario, struct actor *self);
/* For the migration's actor to come to its end. */
int scenario_end_migration(struct scenario *scenario, struct actor *self);
void scenario_watch(void *ctx, const struct trace_event *event);
int scenario_end_traffic(struct scenario *scenario, struct actor *self);
void scenario_take_down(struct scenario *scenario, struct actor *self);

/* A phase of the report ends here. */
void scenario_phase(struct scenario *scenario, const char *name);

#endif
