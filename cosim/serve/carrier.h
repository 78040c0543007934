/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_CARRIER_H
#define VFSIM_COSIM_CARRIER_H

/*
 * How what is no PCI function comes into a guest's machine, as functions that its firmware
 * hides from it: the SMMU's registers and those of its counters, each with a wire for its
 * interrupts; and an aperture, through which accesses to PCIe memory go to whichever function
 * claims them, as VF BARs do which QEMU does not know of.
 */

#include "cosim/serve/board.h"
#include "cosim/serve/plain_config.h"
#include "cosim/vfio-user/server.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CARRIER_SMMU_DEVICE     0x5a01u
#define CARRIER_APERTURE_DEVICE 0x5a02u
#define CARRIER_PMCG_DEVICE     0x5a03u

struct carrier_cargo;

struct carrier {
	const struct carrier_cargo *cargo;
	struct board *board;
	struct plain_config config;
	struct vfu_device *device;
	bool level; /* of the wire, as the client was told */
};

/* 0 or -errno as vfu_server_add. */
int carrier_serve_smmu(struct carrier *carrier, struct vfu_server *server, struct board *board,
		       const char *socket_path);
int carrier_serve_pmcg(struct carrier *carrier, struct vfu_server *server, struct board *board,
		       const char *socket_path);
/* Of the window of the board's plan. */
int carrier_serve_aperture(struct carrier *carrier, struct vfu_server *server, struct board *board,
			   const char *socket_path);

#ifdef __cplusplus
}
#endif
#endif
