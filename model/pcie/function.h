/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_FUNCTION_H
#define VFSIM_MODEL_PCIE_FUNCTION_H

/*
 * One function of a PCIe device, a PF or a VF, as the device behind it (a NIC's
 * port) sees it: it is told of accesses to its BARs and of resets, and it sends
 * DMA and interrupts. Configuration space, BAR decoding, the MSI-X table and
 * function-level reset are the function's own (PCI Express Base Specification,
 * chapters 6 and 7; SR-IOV in chapter 9).
 *
 * Functions belong to their struct pcie_device (device.h).
 */

#include "model/pcie/tlp.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PCIE_CONFIG_BYTES 4096u
#define PCIE_BARS         6u

struct pcie_function;

enum pcie_reset_cause {
	PCIE_RESET_FLR,          /* Initiate Function Level Reset was written */
	PCIE_RESET_VF_ENABLE,    /* the VF appears */
	PCIE_RESET_VF_DISABLE,   /* the VF goes: VF Enable cleared, or the PF reset */
	PCIE_RESET_CONVENTIONAL, /* hot or cold, or back from D3hot; the PF: VFs just go */
};

/*
 * What a function calls out to; any member may be NULL. Called from the arrival
 * of a request, at that time; each may send DMA and raise interrupts.
 */
struct pcie_function_ops {
	/* 1, 2, 4 or 8 bytes, naturally aligned. `bar` is that of the low half. */
	uint64_t (*bar_read)(void *ctx, uint32_t bar, uint64_t offset, uint32_t len_bytes);
	void (*bar_write)(void *ctx, uint32_t bar, uint64_t offset, uint32_t len_bytes,
			  uint64_t value);
	/*
	 * The function's registers are at their reset values, bus mastering is
	 * off. TLPs in flight stay in flight: each still gets its `done`, with
	 * `discarded` set. FLR of a PF resets its VFs first (VF_DISABLE).
	 */
	void (*reset)(void *ctx, enum pcie_reset_cause cause);
	/* FLR is over: configuration and BARs answer again. */
	void (*reset_done)(void *ctx);
	/* Bus Master Enable changed by a configuration write (a reset does not tell). */
	void (*bus_master)(void *ctx, bool enabled);
};

/* Name the device behind the function; `ops` is kept. Before the first request. */
void pcie_function_bind(struct pcie_function *fn, const struct pcie_function_ops *ops, void *ctx);

/* Requester ID: PF's, or PF's + First VF Offset + n · VF Stride. */
uint16_t pcie_function_rid(const struct pcie_function *fn);

/* A VF is present while VF Enable is set and its number is below NumVFs. */
bool pcie_function_present(const struct pcie_function *fn);
/* May it send? Bus Master Enable says so, or its cfg that it does not ask. */
bool pcie_function_bus_master(const struct pcie_function *fn);
bool pcie_function_in_reset(const struct pcie_function *fn);
/*
 * How wide the PASIDs are that it may send now, 0: none. Capability and enable are the
 * PF's, for its VFs too (7.8.9).
 */
uint32_t pcie_function_pasid_bits(const struct pcie_function *fn);

/*
 * Send a request of this function: type, PASID, addr, len_bytes, data, done and what
 * order it may be without (cleared here where Device Control says no) are the caller's, the
 * requester ID is stamped here. The TLP is the function's until `done`. A request must not cross a
 * 4 KiB boundary (2.2.7), our error. Without bus mastering nothing is sent and `done` follows with
 * TLP_UR; so it is with a PASID where PASIDs are not enabled (6.20), which must not go
 * without. A PASID wider than the function's is our error. Requests larger than MPS or MRRS are
 * split on the link (link.h), not here.
 */
void pcie_function_send(struct pcie_function *fn, struct tlp *tlp);

/*
 * Requests sent and not yet done, those from before a reset included. Posted
 * ones count until memory has them: what a suspend or a P2P state waits for.
 */
uint32_t pcie_function_in_flight(const struct pcie_function *fn);

/*
 * From bar_read or bar_write alone: the access broke the device's rules, and its
 * request ends as Completer Abort (2.3.1), an error of the function.
 */
void pcie_function_abort(struct pcie_function *fn);

/*
 * Signal vector `vector` (6.1.4). Nothing happens with MSI-X disabled or beyond
 * the table. While masked, or without bus mastering, the vector is pending: one
 * message goes out when that ends. Otherwise a 4-byte posted write follows
 * everything the function has sent, traced MSIX_RAISED.
 */
void pcie_function_raise_msix(struct pcie_function *fn, uint32_t vector);
bool pcie_function_msix_pending(const struct pcie_function *fn, uint32_t vector);

#ifdef __cplusplus
}
#endif
#endif
