/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_HOST_PF_DRIVER_H
#define VFSIM_HOST_PF_DRIVER_H

/*
 * The driver that owns the PF: brings up the PF's admin queue in host memory,
 * enables VFs, sets their MAC addresses, and asks the firmware on behalf of VFIO
 * for what only the PF knows (struct vf_services). Where the firmware forwards VFs' virtchnl
 * messages, it answers them on a thread of its own. Admin queue layouts:
 * pf-firmware/mailbox_format.h.
 *
 * Its queue and its state buffers are frames of the host; the PF's stream must
 * be in an identity domain before probe, as a kernel's own driver has it.
 */

#include "base/cpu_port.h"
#include "host/pci-bus/pci_bus.h"
#include "model/memory/frames.h"
#include "pf-firmware/pf_command_format.h"
#include "uapi/vfio/vf_services.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pf_driver;

struct pf_driver_cfg {
	uint16_t pf_rid;
	uint16_t num_vfs;
	uint64_t command_timeout_ps; /* a command that takes longer is -ETIMEDOUT */
	uint64_t poll_ps;            /* between looks at the admin queue's head */
	uint64_t message_ps;         /* its own work on what a VF has sent, beside commands */
	/* What the device's firmware offers: VFIO_MIGRATION_STOP_COPY | _P2P | _PRE_COPY. */
	uint64_t migration_flags;
};

struct pf_driver_env {
	struct sim_part part;
	struct cpu_port cpu;
	struct frames *frames;
	struct pci_bus *bus;
};

/* On an actor. 0, -ENODEV, -ENOMEM, -ETIMEDOUT, -EIO (the firmware refused), and SR-IOV's. */
int pf_driver_probe(const struct pf_driver_cfg *cfg, const struct pf_driver_env *env,
		    struct actor *self, struct pf_driver **driver);
void pf_driver_remove(struct pf_driver *driver, struct actor *self);

/* The address the VF will report to its driver. -ENOENT: no such VF; -EINVAL, -EIO, -ETIMEDOUT. */
int pf_driver_set_vf_mac(struct pf_driver *driver, struct actor *self, uint32_t vf,
			 const uint8_t mac[6]);

/* What the VF may do and how fast it may send, in Mb/s; 0: no such limit. */
struct pf_driver_policy {
	bool trust;       /* it may choose its addresses, and be promiscuous */
	bool spoof_check; /* what comes from an address or a VLAN that is not its own is dropped */
	bool pasid;       /* its queues may be in address spaces of their own */
	bool flow_director; /* its queues may program the flow director by descriptors */
	/* Tag of the VLAN that it is in without knowing, 0: none; another one resets it. */
	uint32_t port_vlan;
	uint32_t max_mbps, min_mbps;
};

/* Until the next call, whatever becomes of the VF. -ENOENT: no such VF; -EINVAL: rates or a VLAN
 * that cannot be; -EIO, -ETIMEDOUT. */
int pf_driver_set_vf_policy(struct pf_driver *driver, struct actor *self, uint32_t vf,
			    const struct pf_driver_policy *policy);

/* How many queue pairs the VF begins with from now on; its driver is reset. -ENOENT; -ERANGE: none,
 * or more than the other VFs leave; -EIO, -ETIMEDOUT. */
int pf_driver_set_vf_queues(struct pf_driver *driver, struct actor *self, uint32_t vf,
			    uint32_t pairs);

/* Reset the VF, which is told, and may be in the middle of anything (a VFR). -ENOENT, -EIO,
 * -ETIMEDOUT. */
int pf_driver_reset_vf(struct pf_driver *driver, struct actor *self, uint32_t vf);

/*
 * Where the VF's rings are, and so its buffers (pf_command_format.h, AQC_VF_RINGS): how many there
 * are. -ENOENT, -EIO, -ETIMEDOUT.
 */
int pf_driver_vf_rings(struct pf_driver *driver, struct actor *self, uint32_t vf,
		       struct pf_vf_ring ring[PF_VF_RINGS]);

/*
 * Look whether the device has found VFs' drivers malicious, say so in the log, and make
 * it ready to tell the next: what the driver does by itself when PFINT_ICR0 shows MAL_DETECT, as
 * i40e. Which VFs have had events since the last look: how many. On an actor.
 */
uint32_t pf_driver_mdd_check(struct pf_driver *driver, struct actor *self);
/* Looks that have found the VF malicious. */
uint32_t pf_driver_mdd_count(const struct pf_driver *driver, uint32_t vf);

/* For the kernel's variant driver. Valid until pf_driver_remove. */
struct vf_services pf_driver_vf_services(struct pf_driver *driver);

#ifdef __cplusplus
}
#endif
#endif
