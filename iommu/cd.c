/* SPDX-License-Identifier: Apache-2.0 */
/* Context descriptors in a linear table: IHI 0070, 5.4. */
#include "iommu/smmu_internal.h"

static const uint8_t oa_bits_of_code[8] = {32, 36, 40, 42, 44, 48, 48, 48};

/* TxSZ without small translation tables, 5.4.2. */
static bool txsz_is_legal(uint64_t txsz)
{
	return txsz >= 16 && txsz <= 39;
}

static bool region_is_legal(const struct region *region, uint64_t txsz, bool granule_4k,
			    uint8_t oa_bits)
{
	return region->disabled || (txsz_is_legal(txsz) && granule_4k && !(region->ttb >> oa_bits));
}

static void decode_regions(struct cd_config *cd, const uint64_t word[CD_WORDS])
{
	uint64_t t0sz = field_get(CD0_T0SZ, word[0]), t1sz = field_get(CD0_T1SZ, word[0]);

	cd->region[0] = (struct region){
		.ttb = word[1] & CD1_TTB0,
		.ia_bits = (uint8_t)(64 - t0sz),
		.disabled = word[0] & CD0_EPD0,
		.top_byte_ignored = word[0] & CD0_TBI0,
	};
	cd->region[1] = (struct region){
		.ttb = word[2] & CD2_TTB1,
		.ia_bits = (uint8_t)(64 - t1sz),
		.disabled = word[0] & CD0_EPD1,
		.top_byte_ignored = word[0] & CD0_TBI1,
	};
	if (!region_is_legal(&cd->region[0], t0sz, field_get(CD0_TG0, word[0]) == CD0_TG0_4K,
			     cd->oa_bits) ||
	    !region_is_legal(&cd->region[1], t1sz, field_get(CD0_TG1, word[0]) == CD0_TG1_4K,
			     cd->oa_bits))
		cd->illegal = true;
}

/* What IDR0 does not offer makes a CD ILLEGAL, 5.4.2. */
static bool is_supported(const struct smmu *smmu, uint64_t word0)
{
	if (!(word0 & CD0_V) || !(word0 & CD0_AA64) || (word0 & CD0_S))
		return false;
	if ((word0 & CD0_ENDI) && (word0 & (CD0_EPD0 | CD0_EPD1)) != (CD0_EPD0 | CD0_EPD1))
		return false;
	if ((word0 & CD0_HA) && smmu->cfg.httu < IDR0_HTTU_ACCESS)
		return false;
	return !(word0 & CD0_HD) || smmu->cfg.httu >= IDR0_HTTU_ACCESS_DIRTY;
}

static struct cd_config decode(const struct smmu *smmu, const uint64_t word[CD_WORDS])
{
	uint8_t oa_bits = oa_bits_of_code[field_get(CD0_IPS, word[0])];
	struct cd_config cd = {
		.illegal = !is_supported(smmu, word[0]),
		.ha = word[0] & CD0_HA,
		.hd = (word[0] & CD0_HD) && (word[0] & CD0_HA), /* {HD, HA} == 0b10 is neither */
		.affd = word[0] & CD0_AFFD,
		.wxn = word[0] & CD0_WXN,
		.pan = word[0] & CD0_PAN,
		.abort = word[0] & CD0_A,
		.record = word[0] & CD0_R,
		.oa_bits = MIN(oa_bits, smmu->cfg.oas_bits),
		.asid = (uint16_t)field_get(CD0_ASID, word[0]),
		.mair = word[3],
	};

	if (!cd.illegal)
		decode_regions(&cd, word);
	return cd;
}

static void cd_arrived(struct bus_req *req, uint64_t now)
{
	struct transaction *txn = CONTAINER_OF(req, struct transaction, table);
	struct smmu *smmu = txn->smmu;
	uint64_t word[CD_WORDS];
	struct cd_config cd;

	if (req->status != BUS_OK) {
		smmu_walk_fail(txn, F_CD_FETCH);
		return;
	}
	for (uint32_t i = 0; i < CD_WORDS; i++)
		word[i] = le64_get((const uint8_t *)req->data + 8 * i);
	cd = decode(smmu, word);
	trace_emit_data(
		&smmu->env.part, TRACE_SMMU_CD, word, sizeof(word),
		(const uint64_t[TRACE_ARGS]){txn->req->attr.stream_id, txn->cd_index, req->addr});
	if (txn->conf_generation == smmu->conf.generation)
		smmu_conf_fill_cd(smmu, txn->req->attr.stream_id, txn->cd_index, &cd);
	smmu_walk_leave(txn, smmu_txn_translate);
}

void smmu_cd_fetch(struct transaction *txn)
{
	uint64_t base = txn->ste.context_ptr;

	/* A table is aligned to its size: address bits below it count as zero. */
	if (txn->ste.cd_max)
		base = align_down(base, (uint64_t)CD_BYTES << txn->ste.cd_max);
	txn->smmu->stats.cd_fetches++;
	smmu_txn_fetch(txn, base + (uint64_t)txn->cd_index * CD_BYTES, CD_BYTES, cd_arrived);
}
