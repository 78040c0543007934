/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_DRIVER_LINE_H
#define VFSIM_TRACES_DRIVER_LINE_H

/*
 * Recordings of drivers: what a kernel's arm-smmu-v3 and a VF's iavf did to
 * their hardware, and what the hardware did, one JSON object a line.
 * traces/recorded/README.md describes the members of each kind of line.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum driver_function { DRIVER_SMMU, DRIVER_VF, DRIVER_FUNCTIONS };

enum driver_kind {
	DRIVER_META,
	/* accesses of a driver */
	DRIVER_CONFIG,
	DRIVER_BAR0,
	DRIVER_BAR3,
	/* what lies in memory from then on */
	DRIVER_MEM,
	DRIVER_QUEUE_WRITE,
	/* what the hardware did */
	DRIVER_COMMAND,
	DRIVER_STE,
	DRIVER_CD,
	DRIVER_DMA,
	DRIVER_ATQ,
	DRIVER_ATQ_WRITEBACK,
	DRIVER_ARQ,
	DRIVER_RING,
	DRIVER_TX,
	DRIVER_TX_WRITEBACK,
	DRIVER_RX,
	DRIVER_MSI,
	DRIVER_KINDS,
};

extern const char *const driver_kind_names[DRIVER_KINDS];

static inline bool driver_is_access(enum driver_kind kind)
{
	return kind >= DRIVER_CONFIG && kind <= DRIVER_BAR3;
}

static inline bool driver_is_memory(enum driver_kind kind)
{
	return kind == DRIVER_MEM || kind == DRIVER_QUEUE_WRITE;
}

/* Bytes of memory. Of a long frame the recording may keep the first `known` only: the rest is 0. */
struct driver_bytes {
	uint8_t *data;
	uint32_t len;
	uint32_t known;
};

#define DRIVER_LEVELS 4

/* The tables that a translation read. */
struct driver_walk {
	bool present, two_level;
	uint64_t l1std_pa, l1std;
	uint64_t ste_pa, cd_pa;
	uint32_t levels;
	struct driver_level {
		uint64_t level, pa, descriptor;
	} level[DRIVER_LEVELS];
};

/* One line. Which members a kind has is the table in driver_line.c; others are zero. */
struct driver_line {
	uint32_t number; /* in the file, from 1 */
	uint64_t t_us;
	enum driver_function function;
	enum driver_kind kind;
	bool write;        /* op: an access, a dma */
	char what[32];     /* register, what, queue or opcode by its name (its beginning) */
	uint64_t offset;   /* access */
	uint64_t value;    /* access; msi: data */
	uint64_t pa, iova; /* has_pa, has_iova */
	uint64_t len;      /* access, mem, dma; rx, atq: datalen */
	uint64_t index;    /* in a queue */
	uint64_t queue;    /* tx, rx */
	uint64_t stream;   /* ste, cd, dma, msi */
	uint64_t vector;   /* msi */
	uint64_t opcode;   /* command; atq: of the admin queue */
	uint64_t v_opcode; /* atq, arq: virtchnl */
	int64_t v_status;  /* arq */
	uint64_t count;    /* ring: descriptors */
	uint64_t buffer;   /* ring: bytes of an Rx buffer */
	bool has_pa, has_iova, has_v_opcode;
	struct driver_bytes bytes; /* hex, words, descriptor; rx: after */
	struct driver_bytes frame; /* rx: frame; arq: buffer */
	struct driver_walk walk;
};

#define DRIVER_IDRS 6

/* The first line: what the recorded machine presented. */
struct driver_meta {
	uint32_t idr[DRIVER_IDRS];
	uint64_t queue_pairs, vectors; /* of the VF */
	uint64_t stream;               /* of the VF */
	uint64_t ram_base, ram_bytes;
};

/* A whole file; line[0] is the meta line. */
struct driver_file {
	char *path;
	struct driver_line *line;
	uint32_t lines;
	struct driver_meta meta;
};

/* Is the file one of these? By its first line; a file that cannot be read is not. */
bool driver_file_is(const char *path);

/* -EINVAL, -ENOMEM or what opening gave; *error says "FILE:LINE: …". Else the caller releases it.
 */
int driver_file_load(struct driver_file *file, const char *path, char *error, size_t error_size);
void driver_file_release(struct driver_file *file);

#ifdef __cplusplus
}
#endif
#endif
