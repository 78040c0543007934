/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a translation permits (Arm DDI 0487, D8.4), and whether a write depends
 * on dirty state that the SMMU manages (IHI 0070, 3.13.3).
 */
#include "iommu/smmu_internal.h"

/* With dirty state managed, DBM makes a page writable whatever its AP or S2AP says. */
static bool is_managed(const struct stage_policy *policy, uint64_t ttd)
{
	return policy->hd && (ttd & TTD_DBM);
}

static bool is_writable(const struct transaction *txn, const struct leaf *leaf)
{
	return !(leaf->limits & LIMIT_READ_ONLY) &&
	       (!(leaf->ttd & TTD_AP2) || is_managed(&txn->cd.policy, leaf->ttd));
}

/* With AArch32 tables XN is for both levels, and what cannot be read is not executed, G5.7. */
static bool may_execute32(const struct transaction *txn, const struct leaf *leaf, bool unpriv)
{
	bool writable = is_writable(txn, leaf);
	bool wxn = txn->cd.wxn && writable;

	if ((leaf->ttd & TTD_UXN) || (leaf->limits & LIMIT_UXN))
		return false;
	if (txn->ste.world == SPACE_WORLD_EL2)
		return !wxn;
	if (!txn->privileged)
		return unpriv && !wxn;
	return !wxn && !(txn->cd.uwxn && writable && unpriv) && !(leaf->ttd & TTD_PXN) &&
	       !(leaf->limits & LIMIT_PXN);
}

/* Instruction fetches: never from what UXN/PXN, or WXN with a writable page, excludes. */
static bool may_execute(const struct transaction *txn, const struct leaf *leaf, bool unpriv)
{
	bool writable = is_writable(txn, leaf);
	bool one_level = txn->ste.world == SPACE_WORLD_EL2;

	if (txn->cd.aarch32)
		return may_execute32(txn, leaf, unpriv);
	if (txn->cd.wxn && writable && (txn->privileged || one_level || unpriv))
		return false;
	if (txn->privileged && !one_level)
		return !(leaf->ttd & TTD_PXN) && !(leaf->limits & LIMIT_PXN) &&
		       !(writable && unpriv);
	return !(leaf->ttd & TTD_UXN) && !(leaf->limits & LIMIT_UXN);
}

/* PAN: what unprivileged accesses may read or write; with EPAN what they may execute too. */
static bool is_open(const struct transaction *txn, const struct leaf *leaf, bool unpriv)
{
	return unpriv || (txn->cd.epan && !(leaf->ttd & TTD_UXN) && !(leaf->limits & LIMIT_UXN));
}

/* The EL1&0 and EL2&0 regimes; the plain EL2 regime knows no unprivileged access. */
static bool permits_level(const struct transaction *txn, const struct leaf *leaf, bool unpriv,
			  bool instruction)
{
	if (txn->ste.world == SPACE_WORLD_EL2)
		return true;
	if (!txn->privileged)
		return unpriv || instruction; /* what they cannot read they may execute */
	return !txn->cd.pan || instruction || !is_open(txn, leaf, unpriv);
}

static enum permission stage1(const struct transaction *txn)
{
	const struct leaf *leaf = &txn->found.leaf[STAGE1];
	bool unpriv = (leaf->ttd & TTD_AP1) && !(leaf->limits & LIMIT_PRIV_ONLY);
	bool instruction = txn->instruction && !txn->write;

	if (!permits_level(txn, leaf, unpriv, instruction))
		return PERMISSION_DENIED;
	if (!txn->write)
		return instruction && !may_execute(txn, leaf, unpriv) ? PERMISSION_DENIED
								      : PERMISSION_OK;
	if (!is_writable(txn, leaf))
		return PERMISSION_DENIED;
	return is_managed(&txn->cd.policy, leaf->ttd) ? PERMISSION_MANAGED : PERMISSION_OK;
}

/* XN[1:0]; without IDR3.XNX only XN[1] is looked at. AArch32 tables let only what can be read be
 * executed, 5.2 S2AA64. */
static bool stage2_may_execute(const struct transaction *txn, uint64_t ttd)
{
	uint64_t xn = field_get(TTD_S2_XN, ttd);

	if (txn->ste.aarch32 && !(ttd & TTD_S2AP_READ))
		return false;
	if (!txn->smmu->cfg.xnx)
		xn &= 2;
	switch (xn) {
	case 0:
		return true;
	case 1:
		return !txn->privileged;
	case 3:
		return txn->privileged;
	default:
		return false;
	}
}

/* An atomic reads, too: what may be written is looked at first, 13.1.1. */
static enum permission stage2_write(const struct transaction *txn, uint64_t ttd)
{
	bool managed = is_managed(&txn->ste.policy, ttd);

	if (!managed && !(ttd & TTD_S2AP_WRITE))
		return PERMISSION_DENIED;
	if (txn->req->op == BUS_CAS64 && !(ttd & TTD_S2AP_READ))
		return PERMISSION_UNREADABLE;
	return managed ? PERMISSION_MANAGED : PERMISSION_OK;
}

static enum permission stage2(const struct transaction *txn)
{
	uint64_t ttd = txn->found.leaf[STAGE2].ttd;

	if (txn->write)
		return stage2_write(txn, ttd);
	if (txn->instruction)
		return stage2_may_execute(txn, ttd) ? PERMISSION_OK : PERMISSION_DENIED;
	return ttd & TTD_S2AP_READ ? PERMISSION_OK : PERMISSION_DENIED;
}

enum permission smmu_permission(const struct transaction *txn, enum stage stage)
{
	return stage == STAGE1 ? stage1(txn) : stage2(txn);
}
