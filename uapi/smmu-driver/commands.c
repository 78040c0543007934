/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as Linux fills them in (IHI 0070, chapter 4). */
#include "uapi/smmu-driver/smmu_driver_internal.h"

struct command command_cfgi_all(void)
{
	return (struct command){{CMD_CFGI_STE_RANGE, field_put(CFGI1_RANGE, CFGI1_RANGE_ALL)}};
}

struct command command_cfgi_ste(uint32_t stream_id)
{
	return (struct command){{CMD_CFGI_STE | field_put(CMD0_STREAMID, stream_id), CFGI1_LEAF}};
}

struct command command_cfgi_cd(uint32_t stream_id, uint32_t substream_id)
{
	return (struct command){{CMD_CFGI_CD | field_put(CMD0_SUBSTREAMID, substream_id) |
					 field_put(CMD0_STREAMID, stream_id),
				 CFGI1_LEAF}};
}

struct command command_prefetch_config(uint32_t stream_id)
{
	return (struct command){{CMD_PREFETCH_CONFIG | field_put(CMD0_STREAMID, stream_id), 0}};
}

struct command command_tlbi_vmid(enum cmd_opcode opcode, uint16_t vmid, uint64_t ipa, bool leaf)
{
	return (struct command){{opcode | field_put(TLBI0_VMID, vmid),
				 (ipa & TLBI1_IPA) | (leaf ? TLBI1_LEAF : 0)}};
}

struct command command_tlbi(enum cmd_opcode opcode, uint16_t asid, uint64_t iova, bool leaf)
{
	return (struct command){{opcode | field_put(TLBI0_ASID, asid),
				 (iova & TLBI1_ADDRESS) | (leaf ? TLBI1_LEAF : 0)}};
}
