/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_MACHINE_H
#define VFSIM_SYSTEM_MACHINE_H

/*
 * Machines: the only place that wires parts together, by the address map of
 * docs/architecture.md. A host is hardware (memory, fabric, SMMU, CPU port, root
 * port, link, NIC) and, once booted on an actor, kernel software that has
 * brought it up over the bus. Two hosts are joined by a network wire.
 *
 * Every port between two blocks goes through the engine, under a name that says
 * who is asked by whom ("source.smmu.memory").
 */

#include "host/cpu/cpu.h"
#include "host/pci-bus/pci_bus.h"
#include "host/pf-driver/pf_driver.h"
#include "iommu/smmu.h"
#include "model/master/master.h"
#include "model/memory/fabric.h"
#include "model/nic/nic.h"
#include "model/nic/recorded.h"
#include "model/pcie/device.h"
#include "model/pcie/link.h"
#include "model/pcie/root_port.h"
#include "model/pcie/switch.h"
#include "model/wire/backend.h"
#include "model/wire/wire.h"
#include "pf-firmware/firmware.h"
#include "system/config/config.h"
#include "system/engine.h"
#include "uapi/kernel.h"
#include "vf/vf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Addresses of a host. */
#define HOST_DOORBELL_PA  UINT64_C(0x0000000008020000)
#define HOST_DOORBELL_LEN UINT64_C(0x10000)
#define HOST_SMMU_PA      UINT64_C(0x0000000009000000)
#define HOST_PMCG_PA      UINT64_C(0x0000000009020000)
#define HOST_ECAM_PA      UINT64_C(0x0000004010000000)
#define HOST_ECAM_LEN     UINT64_C(0x10000000)
#define HOST_WINDOW_PA    UINT64_C(0x0000005000000000)
#define HOST_WINDOW_LEN   UINT64_C(0x1000000000)
#define HOST_DRAM_PA      UINT64_C(0x0000010000000000)
#define HOST_NIC_BUS      1 /* without a switch */
#define HOST_PF_RID       PCIE_RID(HOST_NIC_BUS, 0, 0)
#define HOST_VF_RID       PCIE_RID(HOST_NIC_BUS, 2, 0)
/* Memory of a foreign machine's host for its own software. */
#define HOST_OWN_BYTES UINT64_C(0x1000000)

/* First VF Offset; the VF Stride is 1. */
#define MACHINE_FIRST_VF_OFFSET (HOST_VF_RID - HOST_PF_RID)

#define MACHINE_HOSTS       2
#define HOST_MASTERS        16
#define MACHINE_MASTER_NAME 24 /* characters */
#define HOST_NAMES          96
#define HOST_NAME_LEN       48

struct machine;

/* One host. Members are for reading by who runs software on it. */
struct host {
	struct machine *machine;
	uint32_t index;
	const char *name;

	/* hardware */
	struct frames *frames;
	struct dram *dram;
	struct fabric fabric;
	struct smmu *smmu;
	struct cpu *cpu;
	struct pcie_root_port *root_port;
	struct pcie_link *link;          /* the root port's */
	struct pcie_switch *pcie_switch; /* NULL: none, and no nic_link */
	struct pcie_link *nic_link;      /* from the switch's first port */
	struct pcie_device *device;
	struct nic *nic; /* NULL with a recorded device */
	struct vf *vf[NIC_MAX_VFS];
	struct firmware *firmware;
	struct recorded_device *recorded;
	struct master *master[HOST_MASTERS]; /* by the scenario */
	uint32_t masters;

	/* software, after host_boot */
	struct pci_bus pci_bus;
	struct smmu_driver *smmu_driver;
	struct pf_driver *pf_driver;
	struct uapi_kernel *kernel;

	char part_name[HOST_NAMES][HOST_NAME_LEN];
	uint32_t part_names;
};

/* The PF's requester ID: a switch's buses are before the NIC's. */
static inline uint16_t machine_pf_rid(const struct machine_cfg *cfg)
{
	return cfg->link.switch_ports ? PCIE_RID(HOST_NIC_BUS + 2, 0, 0) : HOST_PF_RID;
}

static inline uint16_t machine_vf_rid(const struct machine_cfg *cfg)
{
	return (uint16_t)(machine_pf_rid(cfg) + MACHINE_FIRST_VF_OFFSET);
}

/*
 * A machine that the drivers of another one will drive: what they take for
 * granted. Their memory lies where it lay there; what this machine's own software
 * needs is above it.
 */
struct machine_foreign {
	uint64_t ram_base, ram_bytes;
	uint64_t doorbell_pa; /* of the doorbell's window */
	uint32_t vf_stream;   /* stream ID of VF 0 */
	uint16_t first_vsi;   /* the VSI's ID that VF 0 is told */
	/* Of virtchnl, that its PF offers; a message is then read as its driver meant it. 0: all */
	uint32_t capabilities;
};

/*
 * A machine whose processors, memory and interrupt controller are somewhere else: who has them
 * asks over the fabric for registers and configuration space, and is asked for the rest.
 */
struct machine_board {
	struct bus_port memory;             /* DMA, table walks, queues and messages of the SMMU */
	struct irq_port irq;                /* wired interrupts of the SMMU, enum smmu_irq */
	uint64_t message_pa, message_bytes; /* where MSIs are written */
	uint64_t window_base, window_bytes; /* PCIe memory, as BARs have it; 0: HOST_WINDOW_PA */
	/* The stream of the function at first_rid, and what it is to the next one's. */
	uint32_t first_rid, stream_base, stream_step;
};

struct machine_options {
	/* Instead of the NIC: a device that does what a recording says. NULL: the NIC. */
	const struct recorded_device_cfg *recorded;
	const struct machine_foreign *foreign; /* NULL: this machine's own drivers */
	const struct machine_board *board;     /* NULL: our own host is all there is */
	/* At the far end of the wire of a machine of one host; borrowed. NULL: nobody. */
	struct wire_backend *far_end;
};

struct machine {
	const struct machine_cfg *cfg;
	struct machine_options options;
	struct sim *sim;
	const struct engine_ops *ops;
	struct engine *engine;
	struct dram_arena *arena;
	struct wire *wire; /* NULL with one host and nobody else, or with recorded devices */
	struct host host[MACHINE_HOSTS];
	uint32_t hosts;
	char wire_name[HOST_NAME_LEN];
};

/*
 * Build the hardware, within engine->enter. `cfg`, `sim` and `options` are
 * borrowed. NULL without memory or for a cfg that a part refuses: our error,
 * since the schema has checked it.
 */
struct machine *machine_create(const struct machine_cfg *cfg, struct sim *sim,
			       const struct engine_ops *ops, const struct machine_options *options);
void machine_destroy(struct machine *machine);

/* A test master behind the host's SMMU, before anything runs. NULL without memory. */
struct master *machine_add_master(struct host *host, const char *name,
				  const struct master_cfg *cfg);

/* NULL for an unknown name. */
struct host *machine_host(struct machine *machine, const char *name);

/* A part of a host with a name of its own, "source.NAME", kept by the host. */
struct sim_part host_part(struct host *host, const char *name);

/* Let the SMMU reach what is behind it with invalidations (host_ats.c). */
void host_connect_ats(struct host *host);
/* For the SMMU's driver, whose context the host is (smmu_driver_env). */
bool host_ats_supported(void *ctx, struct actor *self, uint32_t stream_id);
void host_ats_enable(void *ctx, struct actor *self, uint32_t stream_id, bool on);
void host_pri_enable(void *ctx, struct actor *self, uint32_t stream_id, uint32_t allocation);
void host_pasid_enable(void *ctx, struct actor *self, uint32_t stream_id,
		       struct smmu_pasids *pasids);

/*
 * Bring a host's software up, on an actor: SMMU driver, PCI bus, PF driver with
 * its VFs, kernel, VFs bound to VFIO. `services` (may be NULL) stands in for the
 * PF driver's where the device is a recorded one. 0 or a negative errno; the
 * step that failed is logged.
 */
/* How programs find a VF. */
struct host_vf_identity {
	uint32_t number;             /* N of /dev/vfio/devices/vfioN */
	uint32_t group;              /* N of /dev/vfio/N */
	char name[UAPI_DEVICE_NAME]; /* empty: by its place on the bus */
};

struct host_boot_options {
	const struct vf_services *services; /* for a recorded device */
	const struct host_vf_identity *vf;  /* of each VF; NULL: numbers from 0 on */
	bool trap_bars;                     /* VFIO offers no mmap of BARs */
	bool no_dynamic_msix;               /* VFIO's IRQ_INFO says NORESIZE */
	bool no_kernel;                     /* only the bus and the PF with its VFs */
	bool no_pf_driver;                  /* VFs are enabled, and the firmware's alone */
};
/* IOMMU groups in the order of the bus: the root port's, the PF's, and from here on the VFs'. */
#define HOST_FIRST_VF_GROUP 2u
int host_boot(struct host *host, struct actor *self, const struct host_boot_options *options);

/* Take the software down again: after its processes have exited. */
void host_shutdown(struct host *host, struct actor *self);

/* What is still held when all software is gone, as LEAK events. */
enum machine_leak {
	MACHINE_LEAK_FRAMES = 100,
	MACHINE_LEAK_SMMU,
	MACHINE_LEAK_CPU,
	MACHINE_LEAK_ROOT_PORT,
	MACHINE_LEAK_LINK,
	MACHINE_LEAK_DEVICE,
	MACHINE_LEAK_NIC,
	MACHINE_LEAK_WIRE,
	MACHINE_LEAK_MASTER,
	MACHINE_LEAK_SWITCH,
};
void machine_report_leaks(struct machine *machine);

#ifdef __cplusplus
}
#endif
#endif
