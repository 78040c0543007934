/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_LINK_H
#define VFSIM_MODEL_PCIE_LINK_H

/*
 * A PCIe link: two directions, each a FIFO that serialises the bytes of one TLP
 * after the other and delivers it after a propagation time.
 *
 * The rate is what data link overhead leaves for TLPs:
 *	Raw · (1 − 8/AckLimit − 8/FCGuide − 4/1538)
 * with the Ack and flow control latency limits of sections 3.6.3 and 2.6.1.2
 * and a skip ordered set of 4 in 1538 symbols. A TLP costs its header, sequence
 * number, LCRC and framing: 24 bytes with a 64-bit address, 20 with a 32-bit one
 * and for completions, 4 more with a PASID. One struct tlp costs the headers of
 * all the TLPs that it is on the wire (split.h), and its bytes travel as one.
 */

#include "base/sim.h"
#include "model/pcie/ordering.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pcie_link;

struct pcie_link_cfg {
	uint8_t generation;   /* 1 to 5 */
	uint8_t lanes;        /* 1, 2, 4, 8, 12, 16 or 32 */
	uint16_t max_payload; /* decides the rate; and splits where a TLP's sender says nothing */
	uint16_t max_read_request; /* the same */
	uint64_t latency_ps;       /* last byte sent to request at the neighbour */
	uint64_t fs_per_byte;      /* femtoseconds per byte of TLP; 0 = from generation and lanes */
	/*
	 * The longest that a TLP is held at its receiver while others pass it that may
	 * (ordering.h), by chance. 0: all arrive in the order in which they were sent.
	 */
	uint64_t reorder_ps;
};

struct pcie_link_env {
	struct sim_part part;
};

enum pcie_link_direction { PCIE_LINK_DOWN, PCIE_LINK_UP };

/*
 * A fault for a test to plant, which a link with its retries does not have by
 * itself: it befalls the next TLP of the direction that it can befall.
 */
enum pcie_link_fault {
	PCIE_LINK_SOUND,
	PCIE_LINK_LOSE,   /* it never arrives */
	PCIE_LINK_POISON, /* data: EP is set */
	PCIE_LINK_STRAY,  /* a completion: it arrives with a tag that nobody waits for */
};

/* One direction's totals. */
struct pcie_link_counters {
	uint64_t tlps; /* as they would be on the wire: parts count */
	uint64_t bytes;
	uint64_t payload_bytes;
	uint64_t busy_ps;
};

/* NULL without memory or for a cfg that no link can have. */
struct pcie_link *pcie_link_create(const struct pcie_link_cfg *cfg,
				   const struct pcie_link_env *env);
void pcie_link_destroy(struct pcie_link *link);

/* The neighbours' ingress ports, copied. Once, before the first event. */
void pcie_link_connect(struct pcie_link *link, const struct tlp_port *root_port,
		       const struct tlp_port *device);

/* What the root port (DOWN) or the device (UP) is given as its egress. */
struct tlp_port pcie_link_port(struct pcie_link *link, enum pcie_link_direction direction);

void pcie_link_plant(struct pcie_link *link, enum pcie_link_direction direction,
		     enum pcie_link_fault fault);

/*
 * A receiver without room for TLPs of a class, until told otherwise: they wait, and
 * those that must pass them do.
 */
void pcie_link_stick(struct pcie_link *link, enum pcie_link_direction direction,
		     enum pcie_order_class order_class, bool stuck);

/*
 * Surprise down and up again: while down, what is sent or under way is lost. The
 * device's reset that goes with it (2.9.1) is the caller's: pcie_device_reset.
 */
void pcie_link_set_up(struct pcie_link *link, bool up);

/* Femtoseconds per byte of TLP, 0 for what no link can have. */
uint64_t pcie_link_fs_per_byte(const struct pcie_link_cfg *cfg);

/* Since the link was made, for one direction. */
struct pcie_link_counters pcie_link_counters_get(const struct pcie_link *link,
						 enum pcie_link_direction direction);

/* Bytes of one direction that are not on the wire yet: what its transmitter is busy with. */
uint64_t pcie_link_backlog_bytes(const struct pcie_link *link, enum pcie_link_direction direction);

/* TLPs under way, both directions. */
uint32_t pcie_link_in_flight(const struct pcie_link *link);

#ifdef __cplusplus
}
#endif
#endif
