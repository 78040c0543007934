/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_IOMMU_ATS_INTERNAL_H
#define VFSIM_IOMMU_ATS_INTERNAL_H

/*
 * ATS within the SMMU: what a transaction is besides an access (ats.c), and the
 * invalidations that are under way at devices (atc_inv.c).
 */

#include "base/ats.h"
#include "base/port.h"
#include "iommu/smmu_format.h"
#include "iommu/tlb_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

struct smmu;
struct transaction;

enum ats_kind {
	ATS_NONE,
	ATS_TRANSLATED, /* an access whose address is translated already */
	ATS_TRANSLATE,  /* a translation request */
	ATS_CHECK,      /* the SMMU's own look at an STE */
};

struct ats_request {
	enum ats_kind kind;
	enum bus_status status;
	uint32_t entries, found; /* asked for, answered so far */
	uint64_t granted;        /* ATS_READ, ATS_WRITE, ATS_EXECUTE of the present one */
	struct bus_req view;     /* what the chapters see instead of the device's request */
};

/* Invalidations under way at devices: one for each ITag. */
struct ats_slot {
	bool busy;
	uint32_t stream;
	uint64_t deadline_ps;
};

struct ats_slots {
	struct ats_slot slot[ATS_INVALIDATE_TAGS];
	uint32_t busy;
	uint32_t next; /* ITags are taken in turn: one that timed out is not soon used again */
	bool failed;   /* one timed out since the last CMD_SYNC */
	struct event event;
};

/* ats.c */
/* Take what `asked` is: txn->ats, and txn->req where that differs. */
void smmu_ats_begin(struct transaction *txn);
/* The same as a look-up of an access. */
void smmu_ats_look_up(struct transaction *txn);
/* The same as smmu_txn_translate() of one that starts over. */
void smmu_ats_again(struct transaction *txn);
/* Does the STE allow it? False: the transaction was answered. */
bool smmu_ats_admits(struct transaction *txn);
/* Where a translated address leads. False: the transaction was answered, or passes as it is. */
bool smmu_ats_apply_translated(struct transaction *txn);
/* The translation of the present entry is in txn->found, its updates are made. */
void smmu_ats_found(struct transaction *txn);
/* No stage translates the present entry. */
void smmu_ats_identity(struct transaction *txn);
/* Would `stage`, whose leaf is found, leave nothing to grant? */
bool smmu_ats_denied(struct transaction *txn, enum stage stage);
/* What is granted, and txn->managed for it. False: nothing; the entry was answered. */
bool smmu_ats_grant(struct transaction *txn);
/* Is the fault an entry without permissions? Then that was answered. */
bool smmu_ats_absorbs(struct transaction *txn, enum event_number number);
/* Shall the fault be recorded? The request's status is set. */
bool smmu_ats_records(struct transaction *txn, enum event_number number);
/* What F_BAD_ATS_TREQ says beyond its identity. */
void smmu_ats_fill(const struct transaction *txn, uint64_t word[EVENT_WORDS]);
/* The request ends: record what is to be recorded, then smmu_txn_end(). */
void smmu_ats_answer(struct transaction *txn);

/* atc_inv.c; its commands are with the others (smmu_internal.h). */
void smmu_atc_init(struct smmu *smmu);

#ifdef __cplusplus
}
#endif
#endif
