/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_CONFIG_CONFIG_H
#define VFSIM_SYSTEM_CONFIG_CONFIG_H

/*
 * A scenario as its files state it, checked and complete: the structures that
 * the schema's rows fill (docs/scenarios.md describes each key). All numbers
 * are uint64_t in bytes, picoseconds, bits per second or counts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "system/config/doc.h"
#include "system/config/expect.h"
#include "system/config/master.h"
#include "system/config/network.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CONFIG_GUESTS 256u
/* Timing of a machine: a profile's content. */
struct timing_cfg {
	char *source; /* where its numbers come from, for the report's headline */
	bool estimate;
	struct {
		uint64_t latency_ps, bandwidth_bps;
	} memory;
	struct {
		uint64_t tlb_hit_ps, walk_step_ps, command_ps, walkers, tlb_entries, tlb_ways;
		uint64_t walk_cache_entries, ats_timeout_ps;
		int tlb_replacement; /* enum smmu_replacement */
	} smmu;
	struct {
		uint64_t latency_ps, switch_ps;
	} link;
	struct {
		uint64_t register_ps, flr_ps, issue_ps, switch_ps, write_back_ps, interrupt_ps,
			page_retry_ps;
		uint64_t drain_poll_ps;
	} nic;
	struct {
		uint64_t command_ps, state_ps, reset_ps, watchdog_ps;
	} firmware;
	struct {
		uint64_t interrupt_ps;
	} cpu;
	struct {
		uint64_t syscall_ps, call_ps, page_ps, command_timeout_ps, poll_ps, message_ps;
	} kernel;
	struct {
		uint64_t exit_ps, page_ps, dirty_sync_ps;
	} vmm;
	struct {
		uint64_t packet_ps, poll_ps;
	} guest;
};

/* As struct smmu_cfg has them, by the same names. */
struct smmu_config {
	uint64_t version, iidr, sid_bits, ssid_bits, cmdq_log2, evtq_log2, priq_log2, oas_bits;
	uint64_t stall_max, bbml;
	int httu, endian, stall_model; /* of the keys' lists */
	uint32_t granules, ttf;
	bool s1, s2, hyp, asid16, vmid16, vmw, two_level_strtab, two_level_cd, term_abort;
	bool ats, ns1ats, atsrecerr, pri, msi, sev, coherent, attr_types_ovr, attr_perms_ovr;
	bool had, xnx, pps, fwb, stt, ril, e0pd, ptwnnc, epan, vax, counters32;
	bool cache_dirty, forget_invalid, prefetch;
	uint64_t max_transactions;
};

struct kernel_config {
	int dirty_clear; /* enum dirty_clear */
	bool strict, msi_window, trap_bars, reset_waits;
	uint64_t page_size;
	uint64_t memlock_pages;
	uint64_t event_latency_ps, page_request_latency_ps;
};

/* Who answers VFs' virtchnl messages. */
enum nic_mailbox { MAILBOX_FIRMWARE, MAILBOX_FORWARD };

struct class_config {
	uint32_t priorities; /* a bit each */
	uint64_t share;      /* percent; 0: strict */
};

struct nic_config {
	uint64_t total_vfs, vfs, queue_pairs, first_queue_pairs, queue_pool, msix_vectors, packets,
		dma_tags, dma_log_bytes;
	int mailbox;       /* enum nic_mailbox */
	int pause;         /* enum nic_pause */
	uint32_t lossless; /* priorities, a bit each */
	struct class_config *classes;
	uint32_t classes_count;
	bool pre_copy;
	bool rx_fetch_ahead, early_doorbells;
	bool ats, pri;
	uint64_t atc_entries, atc_ways, atc_pages, page_requests, pasid_bits;
};

struct link_config {
	uint64_t generation, lanes, max_payload, max_read_request, read_completion_boundary,
		reorder_ps, switch_ports;
};

struct migration_link_config {
	uint64_t rate_bps, latency_ps, window_pages;
};

struct machine_cfg {
	char *profile;
	char **hosts;
	uint32_t hosts_count;
	uint64_t memory_bytes;
	struct smmu_config smmu;
	struct kernel_config kernel;
	struct nic_config nic;
	struct link_config link;
	struct wire_config wire;
	struct migration_link_config migration_link;
	struct timing_cfg timing;
};

struct guest_config {
	char *name;
	char *host;
	uint64_t vf;
	uint64_t memory_bytes, image_bytes;
	bool map_bar0;
	uint64_t ring_entries, buffer_bytes, interrupt_interval_ps, report_stride;
	struct dirty_config {
		uint64_t region_bytes, pages_per_s, batch;
	} * dirty; /* NULL: the CPU dirties nothing by itself */
	bool trust, spoof_check;
	uint64_t port_vlan;                  /* 0: none */
	uint64_t max_rate_bps, min_rate_bps; /* 0: none */
	uint64_t queue_pairs, pairs_per_class;
	uint64_t vf_queue_pairs; /* 0: the firmware's first */
	struct address_spaces_config {
		uint64_t first_pasid, hole; /* hole 0: none */
	} * address_spaces;                 /* NULL: all is in the function's own */
	bool viommu;
	struct map_storm_config {
		uint64_t threads, windows, size_bytes, pause_ps;
	} * map_storm; /* NULL: none */
	struct hostile_config {
		uint64_t interval_ps;
		uint32_t attacks; /* a bit for each enum guest_attack */
	} * hostile;              /* NULL: it is not */
};

struct migration_config {
	char *guest;
	char *to;
	uint64_t vf;
	uint64_t at_ps;
	int method;   /* enum migration_method */
	int tracking; /* enum dirty_source */
	uint64_t max_downtime_ps, max_rounds, then_ps;
	int on_no_convergence; /* enum migration_policy */
	uint64_t trips;
	uint64_t cancel_in_round; /* 0: nobody cancels */
};

enum reset_by { RESET_BY_VMM, RESET_BY_PF, RESET_BY_WATCHDOG };

struct reset_config {
	char *guest;
	int by; /* enum reset_by */
	uint64_t at_ps, then_ps;
};

struct link_flap_config {
	uint64_t at_ps, down_ps;
};

struct scenario_cfg {
	char *name;
	char *what;
	uint64_t seed;
	int engine; /* index of engine_names */
	struct machine_cfg machine;
	struct guest_config *guests;
	uint32_t guests_count;
	struct traffic_config *traffic;
	uint32_t traffic_count;
	uint64_t duration_ps;   /* of traffic */
	uint64_t time_limit_ps; /* of the whole run */
	struct migration_config *migration;
	struct master_config *masters;
	uint32_t masters_count;
	struct reset_config *resets;
	uint32_t resets_count;
	struct link_flap_config *link_flaps;
	uint32_t link_flaps_count;
	uint32_t allow_loss; /* bit per enum nic_drop */
	struct expect_config *expect;
	uint32_t expect_count;
};

/* NULL-terminated. */
extern const char *const engine_names[];
extern const char *const migration_method_names[]; /* by enum migration_method */
extern const char *const outcome_names[];          /* by enum migration_outcome */
extern const char *const master_stage_names[];     /* by enum iommu_test_stage */

/* A loaded file. */
struct scenario_file {
	struct scenario_cfg *cfg;
	void *object; /* what cfg lies in */
};

/*
 * Read a scenario with its machine and profile, apply `sets` (each
 * "PATH=VALUE"), check everything. -EINVAL with lines in `errors`.
 */
int scenario_load(const char *path, const char *const *sets, uint32_t sets_count,
		  struct scenario_file *file, struct config_errors *errors);

/* A machine alone, for a replay: the cfg has no guests, no traffic, no migration. */
int machine_load(const char *path, const char *const *sets, uint32_t sets_count,
		 struct scenario_file *file, struct config_errors *errors);

/* The same for a guest whose own kernel drives it: what ours needs of an SMMU is not asked for. */
int machine_load_for_guest(const char *path, const char *const *sets, uint32_t sets_count,
			   struct scenario_file *file, struct config_errors *errors);

void scenario_release(struct scenario_file *file);

#ifdef __cplusplus
}
#endif
#endif
