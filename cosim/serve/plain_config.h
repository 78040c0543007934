/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_PLAIN_CONFIG_H
#define VFSIM_COSIM_PLAIN_CONFIG_H

/*
 * Configuration space of a function that is nothing but its BAR 0 and perhaps INTx: what
 * carries something of ours into a guest's machine that a guest does not see as PCI.
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct plain_config_cfg {
	uint16_t device_id;
	uint32_t class_code; /* 24 bits */
	uint64_t bar_bytes;  /* a power of two */
	bool bar_is_64bit;   /* and prefetchable */
	uint8_t pin;         /* 1 to 4: INTA to INTD; 0: no interrupt */
};

/* Red Hat's range for virtual devices, out of the numbers that QEMU gives away. */
#define PLAIN_VENDOR 0x1b36u

#define PLAIN_CONFIG_BYTES 4096u

struct plain_config {
	struct plain_config_cfg cfg;
	uint8_t space[PLAIN_CONFIG_BYTES];
};

void plain_config_init(struct plain_config *config, const struct plain_config_cfg *cfg);
/* Within PLAIN_CONFIG_BYTES. */
void plain_config_read(const struct plain_config *config, uint32_t offset, uint32_t len_bytes,
		       uint8_t *data);
void plain_config_write(struct plain_config *config, uint32_t offset, uint32_t len_bytes,
			const uint8_t *data);

#ifdef __cplusplus
}
#endif
#endif
