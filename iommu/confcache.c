/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration cache: what was fetched of the stream table and of context
 * descriptors, whatever it said, until a CMD_CFGI_* removes it (IHI 0070, 4.3).
 * Software that forgets one goes on with the old configuration.
 */
#include "iommu/smmu_internal.h"

static uint32_t mix(uint32_t value)
{
	return (uint32_t)(value * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static uint32_t ste_set(uint32_t stream)
{
	return mix(stream) % CONF_SETS;
}

static uint32_t cd_set(uint32_t stream, uint32_t index)
{
	return mix(stream ^ index << 16 ^ index >> 16) % CONF_SETS;
}

static struct ste_line *find_ste(struct smmu *smmu, uint32_t stream)
{
	struct ste_line *line = smmu->conf.ste[ste_set(stream)];

	for (uint32_t way = 0; way < CONF_WAYS; way++)
		if (line[way].valid && line[way].stream == stream)
			return &line[way];
	return NULL;
}

static struct cd_line *find_cd(struct smmu *smmu, uint32_t stream, uint32_t index)
{
	struct cd_line *line = smmu->conf.cd[cd_set(stream, index)];

	for (uint32_t way = 0; way < CONF_WAYS; way++)
		if (line[way].valid && line[way].stream == stream && line[way].index == index)
			return &line[way];
	return NULL;
}

const struct ste_config *smmu_conf_find_ste(struct smmu *smmu, uint32_t stream)
{
	const struct ste_line *line = find_ste(smmu, stream);

	return line ? &line->ste : NULL;
}

const struct cd_config *smmu_conf_find_cd(struct smmu *smmu, uint32_t stream, uint32_t index)
{
	const struct cd_line *line = find_cd(smmu, stream, index);

	return line ? &line->cd : NULL;
}

static struct l1cd_line *l1cd_line(struct smmu *smmu, uint32_t stream, uint32_t index)
{
	return &smmu->conf.l1cd[mix(stream ^ index << 16) % L1CD_SETS];
}

const uint64_t *smmu_conf_find_l1cd(struct smmu *smmu, uint32_t stream, uint32_t index)
{
	const struct l1cd_line *line = l1cd_line(smmu, stream, index);

	return line->valid && line->stream == stream && line->index == index ? &line->l1cd : NULL;
}

const uint64_t *smmu_conf_find_l1std(struct smmu *smmu, uint32_t index)
{
	struct l1std_line *line = &smmu->conf.l1std[index % L1STD_SETS];

	return line->valid && line->index == index ? &line->l1std : NULL;
}

void smmu_conf_fill_ste(struct smmu *smmu, uint32_t stream, const struct ste_config *ste)
{
	uint32_t set = ste_set(stream);
	struct ste_line *line;

	if (smmu_conf_find_ste(smmu, stream))
		return;
	line = &smmu->conf.ste[set][smmu->conf.ste_victim[set]++ % CONF_WAYS];
	*line = (struct ste_line){.valid = true, .stream = stream, .ste = *ste};
}

void smmu_conf_fill_cd(struct smmu *smmu, uint32_t stream, uint32_t index,
		       const struct cd_config *cd)
{
	uint32_t set = cd_set(stream, index);
	struct cd_line *line;

	if (smmu_conf_find_cd(smmu, stream, index))
		return;
	line = &smmu->conf.cd[set][smmu->conf.cd_victim[set]++ % CONF_WAYS];
	*line = (struct cd_line){.valid = true, .stream = stream, .index = index, .cd = *cd};
}

void smmu_conf_forget_ste(struct smmu *smmu, uint32_t stream)
{
	struct ste_line *line = find_ste(smmu, stream);

	if (line)
		line->valid = false;
}

void smmu_conf_forget_cd(struct smmu *smmu, uint32_t stream, uint32_t index)
{
	struct cd_line *line = find_cd(smmu, stream, index);

	if (line)
		line->valid = false;
}

void smmu_conf_fill_l1std(struct smmu *smmu, uint32_t index, uint64_t l1std)
{
	smmu->conf.l1std[index % L1STD_SETS] =
		(struct l1std_line){.valid = true, .index = index, .l1std = l1std};
}

void smmu_conf_fill_l1cd(struct smmu *smmu, uint32_t stream, uint32_t index, uint64_t l1cd)
{
	*l1cd_line(smmu, stream, index) =
		(struct l1cd_line){.valid = true, .stream = stream, .index = index, .l1cd = l1cd};
}

static void drop_l1cds(struct smmu *smmu, uint32_t stream, uint32_t mask)
{
	for (uint32_t i = 0; i < L1CD_SETS; i++)
		if (!((smmu->conf.l1cd[i].stream ^ stream) & mask))
			smmu->conf.l1cd[i].valid = false;
}

/* Context descriptors of matching streams; `any_index` or only `index`. */
static void drop_cds(struct smmu *smmu, uint32_t stream, uint32_t mask, bool any_index,
		     uint32_t index)
{
	struct cd_line *line = smmu->conf.cd[0];

	for (uint32_t i = 0; i < CONF_SETS * CONF_WAYS; i++)
		if (!((line[i].stream ^ stream) & mask) && (any_index || line[i].index == index))
			line[i].valid = false;
}

void smmu_conf_drop_streams(struct smmu *smmu, uint32_t stream, uint32_t mask, bool l1std)
{
	struct ste_line *line = smmu->conf.ste[0];

	smmu->conf.generation++;
	for (uint32_t i = 0; i < CONF_SETS * CONF_WAYS; i++)
		if (!((line[i].stream ^ stream) & mask))
			line[i].valid = false;
	drop_cds(smmu, stream, mask, true, 0);
	drop_l1cds(smmu, stream, mask);
	if (l1std)
		memset(smmu->conf.l1std, 0, sizeof(smmu->conf.l1std));
}

void smmu_conf_drop_cd(struct smmu *smmu, uint32_t stream, uint32_t index, bool l1cd)
{
	smmu->conf.generation++;
	drop_cds(smmu, stream, UINT32_MAX, false, index);
	if (l1cd)
		drop_l1cds(smmu, stream, UINT32_MAX);
}

void smmu_conf_drop_cds(struct smmu *smmu, uint32_t stream)
{
	smmu->conf.generation++;
	drop_cds(smmu, stream, UINT32_MAX, true, 0);
	drop_l1cds(smmu, stream, UINT32_MAX);
}
