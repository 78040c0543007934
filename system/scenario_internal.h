/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_SCENARIO_INTERNAL_H
#define VFSIM_SYSTEM_SCENARIO_INTERNAL_H

#include "host/guest-driver/guest_driver.h"
#include "host/vmm/migration.h"
#include "model/master/master.h"
#include "system/machine.h"
#include "system/run.h"
#include "system/wire/far_end.h"
#include "system/wire/pace.h"
#include "uapi/iommu-test/iommu_test.h"

#define SCENARIO_GUESTS   CONFIG_GUESTS
#define SCENARIO_TRIPS    16
#define SCENARIO_MASTERS  16
#define SCENARIO_RESETS   64
#define SCENARIO_FLAPS    64
#define SCENARIO_THREADS  8
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
	struct guest_hostile *hostile;
	struct vm *vm;
	bool running_at_end;            /* of traffic */
	uint64_t resets;                /* that its driver has recovered from */
	uint64_t malicious;             /* looks of the PF's driver that found it so */
	uint64_t reads_cut, writes_cut; /* of its VF, under way at a reset while traffic flowed */
	uint64_t space_events[GUEST_QUEUE_PAIRS];        /* records of its address spaces */
	struct guest_pair_stats pair[GUEST_QUEUE_PAIRS]; /* when traffic had ended */
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
	char group_path[SCENARIO_NAME_LEN], device_name[UAPI_DEVICE_NAME]; /* with type1 */
};

/* A reset that is asked for, on an actor of its own until the guest's driver is up again. */
struct run_reset {
	struct scenario *scenario;
	const struct reset_config *cfg;
	struct actor *actor;
	bool asked; /* and the call has not returned */
	uint64_t over_ps;
	int rc;
};

/* A cable that is pulled out and put in again. */
struct run_flap {
	struct scenario *scenario;
	const struct link_flap_config *cfg;
	struct actor *actor;
};

/* A thread of a guest's map storm. */
struct run_storm {
	struct run_guest *guest;
	uint64_t first_iova;
	bool stop;
	struct actor *actor;
	int rc;
};

/* A test master, and the module that works on its address spaces. */
struct run_master {
	const struct master_config *cfg;
	struct host *host;
	struct master *master; /* the host's */
	struct iommu_test *test;
};

/* What came of it all, beside what the oracle counts. */
struct run_facts {
	uint64_t maps, unmaps, faults, events_lost, atc_timeouts; /* of all hosts */
	uint64_t page_requests, page_requests_lost;               /* recorded, and not */
	uint64_t boot_pages[MACHINE_HOSTS], left_pages[MACHINE_HOSTS];
};

struct scenario {
	const struct run_options *options;
	struct run_listener watch; /* the scenario's own eye on the run */
	const struct scenario_cfg *cfg;
	struct run_result *result;
	struct monitor monitor;
	struct machine *machine;
	struct wire_backend *far_end; /* of the wire; NULL: the other host, or nobody */
	struct run_guest guest[SCENARIO_GUESTS];
	struct run_vm vm[SCENARIO_GUESTS + SCENARIO_TRIPS];
	uint32_t vms;
	/* the move at hand */
	struct vm *destination; /* waits for the guest that moves */
	struct host *from, *to;
	uint64_t from_vf, to_vf;
	struct actor *mover;         /* runs the migration */
	struct migration *migrating; /* NULL: not now */
	bool move_ended;             /* whatever came of it */
	uint64_t moved_ps;           /* the guest runs at its new place; 0: not yet */
	uint64_t move_over_ps;       /* it does, or the move was given up */
	struct waitq move_waiters;
	struct migration_result migration;

	struct run_reset reset[SCENARIO_RESETS];
	struct run_flap flap[SCENARIO_FLAPS];
	struct run_storm storm[SCENARIO_GUESTS * SCENARIO_THREADS];
	uint32_t storms;
	struct run_master master[SCENARIO_MASTERS];
	struct run_facts facts;
	uint64_t up_ps; /* all guests are up */
	uint64_t phase_begin_ps;
	struct oracle_packets phase_begin;
	bool ended; /* the scenario's actor has come to its end */
};

/* Tell why the run did not come to its end; the first reason stays. Returns `rc`. */
int scenario_fail(struct scenario *scenario, int rc, const char *what);

/* Have the host's PF driver allow the VF what its guest may do. */
int scenario_set_policy(struct actor *self, const struct guest_config *cfg, struct host *host,
			uint64_t vf);

/* Start a VM for a guest's VF on a host. */
int scenario_create_vm(struct scenario *scenario, struct actor *self,
		       const struct guest_config *cfg, struct host *host, uint64_t vf,
		       struct vm **vm);

/* The steps of the scenario's actor. 0 or a negative errno, told by scenario_fail. */
int scenario_boot(struct scenario *scenario, struct actor *self);
int scenario_start_guests(struct scenario *scenario, struct actor *self);
int scenario_prepare_destination(struct scenario *scenario, struct actor *self);
/* Traffic (scenario_traffic.c). */
int scenario_start_traffic(struct scenario *scenario, struct actor *self);
void scenario_stop_traffic(struct scenario *scenario, struct actor *self);
bool scenario_traffic_under_way(const struct scenario *scenario);
int scenario_migrate(struct scenario *scenario, struct actor *self);
/* For the migration's actor to come to its end. */
int scenario_end_migration(struct scenario *scenario, struct actor *self);
void scenario_watch_move(struct scenario *scenario, const struct trace_event *event);
/* Trace events of these kinds (scenario_events.c). */
extern const enum trace_kind scenario_watched[];
void scenario_watch(void *ctx, const struct trace_event *event);
/* Resets and map storms: begin with traffic; resets are waited for, storms are told to stop. */
int scenario_start_events(struct scenario *scenario, struct actor *self);
int scenario_end_events(struct scenario *scenario, struct actor *self);
void scenario_drop_events(struct scenario *scenario);
/* Queue pairs and their address spaces (scenario_spaces.c): what a guest's driver has of them. */
void scenario_pairs(const struct scenario_cfg *cfg, const struct guest_config *guest,
		    struct guest_driver_cfg *driver);
void scenario_watch_spaces(struct scenario *scenario, const struct trace_event *event);
void scenario_take_pairs(struct run_guest *guest);
/* What became of the address spaces that a statement is about. */
struct space_facts {
	uint64_t used, received, strays, events;
};
struct space_facts scenario_space_facts(const struct scenario *scenario,
					const struct spaces_expect *of);
/* Test masters (scenario_masters.c): hardware first, then software on the booted host. */
int scenario_add_masters(struct scenario *scenario);
int scenario_start_masters(struct scenario *scenario, struct actor *self);
int scenario_end_masters(struct scenario *scenario, struct actor *self);
void scenario_drop_masters(struct scenario *scenario, struct actor *self);
struct run_guest *scenario_guest(struct scenario *scenario, const char *name);

/* Judge the scenario's statements (expect.c): each gets a line in the result. */
void scenario_judge(struct scenario *scenario);
int scenario_end_traffic(struct scenario *scenario, struct actor *self);
void scenario_take_down(struct scenario *scenario, struct actor *self);

/* Not longer than until `time_ps`, and not at all when that is past. */
void scenario_sleep_until(struct actor *self, uint64_t time_ps);

/* A phase of the report ends here. */
void scenario_phase(struct scenario *scenario, const char *name);

#endif
