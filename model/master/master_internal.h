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

/* What an access whose page is missing does (pri.c). */
enum job_page {
	JOB_PAGE_NONE,
	JOB_PAGE_WAITS,  /* to be asked for */
	JOB_PAGE_ASKED,  /* by a request of its own, in `group` */
	JOB_PAGE_SHARED, /* by the request of another access, in `group` */
	JOB_PAGE_PAUSES, /* before the translation is tried again */
};

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
	enum job_page page;
	uint16_t group;
	uint32_t attempts; /* answered by success, in vain */
	bool alone;        /* it asks in a group of its own */
	struct event event;
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

#define PRI_GROUPS 512u /* Page Request Group Index: 9 bits */

/* Page requests (pri.c). */
struct master_pri {
	uint32_t allocation;
	uint32_t outstanding;
	uint16_t next_group;
	uint16_t pages[PRI_GROUPS]; /* requests of each group that waits for its answer */
	uint32_t pasid[PRI_GROUPS]; /* of the group, 0: none */
	uint8_t *asked;             /* substreams that pages were asked for of, by number */
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
	struct master_pri pri;
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

/* pri.c */
int master_pri_init(struct master *master);
void master_pri_fini(struct master *master);
/* Ask for the access's page; false: it cannot. */
bool master_pri_ask(struct job *job);
void master_pri_respond(struct master *master, const struct prg_response *response);

#ifdef __cplusplus
}
#endif
#endif
