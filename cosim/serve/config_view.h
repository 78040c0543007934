/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_CONFIG_VIEW_H
#define VFSIM_COSIM_CONFIG_VIEW_H

/*
 * Configuration space as a client sees it: the model's own, but for
 *
 *  - a VF that is given away alone. It has no IDs, no BARs and no Memory Space Enable
 *    (PCI Express Base Specification 9.3.4.1); whoever gives it away lends it them;
 *  - MSI-X and SR-IOV, where QEMU must not know of them. It learns capabilities from one
 *    read of all 4096 bytes, and reads of up to four bytes go through: in the large one
 *    they are vendor-specific ones, in the small ones themselves;
 *  - MSI-X that QEMU has taken over: what its guest writes there is for QEMU.
 */

#include "cosim/serve/board.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CONFIG_BYTES 4096u

struct config_view {
	struct board *board;
	uint32_t index;
	bool alone;                 /* a VF without its PF */
	bool hides;                 /* MSI-X and SR-IOV are hidden from large reads */
	uint16_t msix, pcie, sriov; /* capabilities; 0: none, or no function there yet */
	uint32_t ids;
	bool memory_space; /* of one that is alone */
	uint32_t bar[6];
};

void config_view_init(struct config_view *view, struct board *board, uint32_t index, bool alone,
		      bool hides);
/* Within CONFIG_BYTES. */
void config_view_read(struct config_view *view, uint32_t offset, uint32_t len_bytes, uint8_t *data);
void config_view_write(struct config_view *view, uint32_t offset, uint32_t len_bytes,
		       const uint8_t *data);
/* A function-level reset, as a client wants it; the function is back when it returns. */
void config_view_reset(struct config_view *view, uint64_t reset_ps);
/* MSI-X Enable of the model. */
void config_view_enable_msix(struct config_view *view, bool enable);
/* Of the MSI-X capability: how many vectors; the table's BAR and where it is in it. */
uint32_t config_view_msix_vectors(const struct config_view *view);
uint32_t config_view_msix_table(const struct config_view *view, uint32_t *bar);

#ifdef __cplusplus
}
#endif
#endif
