/* SPDX-License-Identifier: Apache-2.0 */
/* The SMMU's own message-signalled interrupts: IHI 0070, 3.18. */
#include "iommu/smmu_internal.h"

static void send(struct msi *msi)
{
	msi->busy = true;
	msi->again = false;
	le32_put(msi->bytes, msi->data);
	msi->req.status = BUS_OK;
	msi->req.addr = msi->address;
	msi->req.attr.memory = msi->memory;
	bus_send(&msi->smmu->env.memory, &msi->req);
}

static void written(struct bus_req *req, uint64_t now)
{
	struct msi *msi = CONTAINER_OF(req, struct msi, req);

	msi->busy = false;
	if (req->status != BUS_OK)
		smmu_gerror_raise(msi->smmu, msi->abort_error);
	if (msi->again)
		send(msi);
	else
		msi->sent(msi->smmu);
}

bool smmu_msi_send(struct msi *msi, uint64_t address, uint32_t data, struct mem_attr memory)
{
	/* Bits beyond the OAS are not there: what is left of an address may be none. */
	address &= IRQ_CFG0_ADDR & msi->smmu->oas_mask;
	if (!msi->smmu->cfg.msi || !address)
		return false;
	msi->address = address;
	msi->data = data;
	msi->memory = memory;
	msi->again = true;
	if (!msi->busy)
		send(msi);
	return true;
}

bool smmu_msi_signal(struct msi *msi, enum smmu_row cfg0)
{
	const struct smmu *smmu = msi->smmu;
	uint64_t cfg2 = smmu_reg(smmu, cfg0 + 2);

	return smmu_msi_send(
		msi, smmu_reg(smmu, cfg0), (uint32_t)smmu_reg(smmu, cfg0 + 1),
		smmu_attr_msi(field_get(IRQ_CFG2_MEMATTR, cfg2), field_get(IRQ_CFG2_SH, cfg2)));
}

void smmu_msi_init(struct msi *msi, struct smmu *smmu, uint64_t abort_error,
		   void (*sent)(struct smmu *smmu))
{
	*msi = (struct msi){.smmu = smmu, .abort_error = abort_error, .sent = sent};
	msi->req = (struct bus_req){
		.op = BUS_WRITE, .len_bytes = 4, .data = msi->bytes, .done = written};
}
