/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_DEVICE_INTERNAL_H
#define VFSIM_MODEL_PCIE_DEVICE_INTERNAL_H

#include "base/regs.h"
#include "model/pcie/capability_internal.h"
#include "model/pcie/error_message_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Build the layouts of both kinds. */
void pcie_config_layout_init(struct config_layout *layout, const struct pcie_device_cfg *cfg,
			     bool vf);

/* MSI-X table and PBA of one kind of function. */
#define MSIX_ROWS 5
struct msix_layout {
	struct reg_row row[MSIX_ROWS];
	struct reg_table table;
};

void pcie_msix_layout_init(struct msix_layout *layout, const struct pcie_function_cfg *fn);

struct atc;

struct pcie_function {
	struct pcie_device *device;
	struct atc *atc; /* NULL without ATS */
	const struct pcie_function_ops *ops;
	void *ctx;
	bool is_vf;
	bool present;
	bool in_reset;
	bool bus_master;
	bool aborts;        /* the access that is being made */
	bool asleep;        /* D3hot */
	uint16_t routing;   /* its Routing ID less the PF's; VFs may be on the buses that follow */
	uint32_t resets;    /* counts resets: a TLP from before the last is discarded */
	uint32_t in_flight; /* all */
	uint32_t reads_pending; /* non-posted since the last reset */
	struct event flr_event;
	struct pcie_error_messages error;
	struct regs config;

	struct regs msix;
	uint64_t *msix_pending; /* bit per vector */
	uint32_t msix_pending_count;
	bool starved; /* in the device's list */
	struct pcie_function *next_starved;
};

/* A message of a function's MSI-X on its way. */
struct msix_message {
	struct tlp tlp;
	struct pcie_device *device;
	uint8_t data[4];
	struct msix_message *next;
};

/* Equal BARs side by side: one of the PF, or one BAR of all VFs. */
struct bar_range {
	uint64_t base;
	uint64_t bytes; /* of all of them; 0 = not decoded */
	uint32_t shift; /* log2 of one */
	uint32_t bar;
	bool vf;
};

struct pcie_device {
	struct pcie_device_cfg cfg;
	struct pcie_device_env env;
	struct tlp_port egress;
	uint8_t bus;
	uint16_t max_payload, max_read_request;      /* Device Control of the PF: its VFs' too */
	bool relaxed, ido_requests, ido_completions; /* the same, and Device Control 2 */
	uint32_t functions;                          /* PF, then VFs */
	struct pcie_function *function;
	uint32_t num_vfs; /* present */
	struct bar_range range[2 * PCIE_BARS];
	uint32_t ranges;
	uint32_t reads;          /* requests that wait for their access */
	uint32_t error_messages; /* on their way */
	uint32_t resets;         /* conventional ones: what came before has no answer */

	struct config_layout config_layout[2]; /* PF, VF */
	struct msix_layout msix_layout[2];

	struct msix_message *message;
	struct msix_message *free_message;
	uint32_t messages_in_flight;
	/* Functions with a vector that is pending for want of a message. */
	struct pcie_function *starved_first, *starved_last;

	/* Page requests of all functions that have no response yet, out of the PF's allocation. */
	uint32_t page_requests;
	bool page_requests_failed; /* a Response Failure: none more until PRI is enabled again */
};

static inline const struct pcie_function_cfg *function_cfg(const struct pcie_function *fn)
{
	return fn->is_vf ? &fn->device->cfg.vf : &fn->device->cfg.pf;
}

/* Hardware's access to the double word of configuration space at `offset`. */
uint64_t pcie_config_get(const struct pcie_function *fn, uint32_t offset);
void pcie_config_set(struct pcie_function *fn, uint32_t offset, uint64_t value);

/* function.c */
int pcie_function_init(struct pcie_function *fn, struct pcie_device *device, bool vf,
		       uint16_t routing);
void pcie_function_fini(struct pcie_function *fn);
/* Registers, as far as `reach` says, and MSI-X to reset values; what is in flight is discarded. */
void pcie_function_reset(struct pcie_function *fn, enum regs_reset reach);
void pcie_function_start_flr(struct pcie_function *fn);
void pcie_function_set_bus_master(struct pcie_function *fn, bool on);

/* cap_power.c */
/* The function or, of a VF, its PF is in D3hot (9.6: a VF without the capability follows). */
bool pcie_function_asleep(const struct pcie_function *fn);

/* msix.c */
void pcie_msix_reset(struct pcie_function *fn);
/* Send what is pending and no longer held back. */
void pcie_msix_flush(struct pcie_function *fn);
void pcie_msix_pool_init(struct pcie_device *device);

/* atc.c; a function without ATS has no ATC and none of these is for it. */
/* Make the function's ATC, if the device's functions have one. -ENOMEM. */
int pcie_atc_init(struct pcie_function *fn);
void pcie_atc_fini(struct pcie_function *fn);
/* Take a request on its way out: send it translated, hold it, or refuse it. False: it is not
 * for the ATC. */
bool pcie_atc_takes(struct pcie_function *fn, struct tlp *tlp);
/* A request that was sent translated is done. */
void pcie_atc_done(struct pcie_function *fn, struct tlp *tlp);
/* Forget everything; what is held ends as discarded. */
void pcie_atc_reset(struct pcie_function *fn);
/* Invalidate Request, PRG Response. */
void pcie_atc_message(struct pcie_function *fn, struct tlp *tlp);
void pcie_atc_control_written(void *owner, uint32_t index, uint64_t before, uint64_t now);

/* pri.c */
struct atc_page;
/* The page's translation was denied: ask for it, if page requests are on. False: they are not. */
bool pcie_pri_ask(struct pcie_function *fn, struct atc_page *page);
/* Send what waits, as far as the allocation goes. */
void pcie_pri_flush(struct pcie_device *device);
void pcie_pri_response(struct pcie_function *fn, const struct tlp *tlp);
void pcie_pri_control_written(void *owner, uint32_t index, uint64_t before, uint64_t now);
void pcie_pri_allocation_written(void *owner, uint32_t index, uint64_t before, uint64_t now);

/* function.c */
/* A completion of one of the function's requests has arrived. */
void pcie_function_completion(struct tlp *tlp);
/* A held request ends unsent. */
void pcie_function_refuse(struct pcie_function *fn, struct tlp *tlp);

/* sriov.c */
/* Bytes of one VF's BAR: its own size, at least a system page. */
uint64_t pcie_sriov_bar_bytes(const struct pcie_device *device, uint32_t bar);
void pcie_sriov_disable(struct pcie_device *device);
uint64_t pcie_sriov_bar_read(void *owner, uint32_t index, uint64_t stored);
void pcie_sriov_control_written(void *owner, uint32_t index, uint64_t before, uint64_t now);
void pcie_sriov_num_vfs_written(void *owner, uint32_t index, uint64_t before, uint64_t now);
void pcie_sriov_page_written(void *owner, uint32_t index, uint64_t before, uint64_t now);
void pcie_sriov_bar_written(void *owner, uint32_t index, uint64_t before, uint64_t now);

/* device.c */
/* Decode BARs again: a base address, an enable or the number of VFs changed. */
void pcie_device_remap(struct pcie_device *device);

/* Device Control or Device Control 2 of the PF changed: what its TLPs may be like. */
void pcie_device_control_changed(struct pcie_device *device);

/* What a base address register of `bytes` reads: address bits and flags. `high`: its upper half. */
uint32_t pcie_bar_value(uint64_t bytes, bool high, uint32_t stored);

#ifdef __cplusplus
}
#endif
#endif
