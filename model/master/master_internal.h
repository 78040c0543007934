/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_MASTER_INTERNAL_H
#define VFSIM_MODEL_MASTER_INTERNAL_H

#include "base/ats.h"
#include "base/bits.h"
#include "base/rng.h"
#include "base/trace.h"
#include "model/master/master.h"
#include "model/master/stamp_format.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MAX_ACCESS 4096u

/* One access under way. */
struct job {
	struct master *master;
	struct job *next;
	struct bus_req req; /* itself, or its translation request */
	enum bus_op op;
	uint64_t iova;
	bool stray;
	uint64_t space;
	bool asking; /* for its translation */
	bool stale;  /* that was invalidated meanwhile */
	uint8_t entry[ATS_ENTRY_BYTES];
	uint8_t bytes[MAX_ACCESS];
};

/* A page's translation; of what is larger a page is kept. */
struct atc_line {
	bool valid;
	bool has_substream;
	uint32_t substream;
	uint64_t iova, pa;
	uint64_t granted; /* ATS_READ, ATS_WRITE */
};

/* The address translation cache (atc.c), direct-mapped. */
struct master_atc {
	bool enabled;
	struct atc_line *line; /* cfg.atc_entries */
	uint64_t answers;      /* invalidations that are to be answered, a bit for each ITag */
	struct event event;
};

struct master {
	struct master_cfg cfg;
	struct master_env env;
	struct rng rng;
	struct event event; /* the next access is due */
	struct job *pool;
	struct job *free;
	uint32_t under_way;
	uint64_t sent;
	bool running;
	bool due; /* an access waits for a job */
	struct master_atc atc;
	struct master_stats stats;
};

/* master.c: send it to `addr`, an IOVA or what the cache made of it. */
void master_job_send(struct job *job, uint64_t addr, bool translated);
/* It ends without an access. */
void master_job_refuse(struct job *job);

/* atc.c */
int master_atc_init(struct master *master);
void master_atc_fini(struct master *master);
/* Send it with a translated address, now or when that is known. */
void master_atc_send(struct job *job);

#ifdef __cplusplus
}
#endif
#endif
