/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/rx_descriptor.h"

#include "base/calendar.h"
#include "model/nic/avf_format.h"

/* Both legacy formats. */
static void write_legacy(const struct rx_report *report, uint64_t *word)
{
	word[0] = 0;
	word[1] = RXD1_DD | field_put(RXD1_LENGTH, report->len_bytes) |
		  field_put(RXD1_UMBCAST, report->cast);
	if (report->hashed) {
		word[0] |= field_put(RXD0_RSS_HASH, report->rss_hash);
		word[1] |= field_put(RXD1_FLTSTAT, RXD_FLTSTAT_RSS);
	}
	if (report->tagged) {
		word[0] |= field_put(RXD0_L2TAG1, report->vlan_tci);
		word[1] |= RXD1_L2TAG1P;
	}
	if (!report->last)
		return;
	word[1] |= RXD1_EOP | field_put(RXD1_PTYPE, report->status.ptype);
	word[1] |= report->status.checked ? RXD1_L3L4P : 0;
	word[1] |= report->status.ip_error ? RXD1_IPE : 0;
	word[1] |= report->status.l4_error ? RXD1_L4E : 0;
}

static void write_legacy_32(const struct rx_report *report, uint64_t *word)
{
	write_legacy(report, word);
	word[2] = word[3] = 0;
	if (!report->marked)
		return;
	word[1] |= RXD1_FLM;
	word[2] |= field_put(RXD2_FLEXBH, 1);
	word[3] |= field_put(RXD3_FD_ID, report->mark);
}

/* 40 bits: nanoseconds, 1/128 of them, and that they are valid. */
static void write_time(uint64_t time_ps, uint64_t *word)
{
	uint64_t ns = time_ps / PS_PER_NS;
	uint64_t part = time_ps % PS_PER_NS * 128 / PS_PER_NS;

	word[2] |= RXF2_TS_VALID | field_put(RXF2_TS_SUB_NS, part);
	word[3] |= field_put(RXF3_TS_HIGH, ns & UINT32_MAX);
}

static void write_flex_nic(const struct rx_report *report, uint64_t *word)
{
	word[0] = field_put(RXF0_RXDID, RXDID_FLEX_NIC) | field_put(RXF0_UMBCAST, report->cast) |
		  field_put(RXF0_PKT_LEN, report->len_bytes);
	word[1] = RXF1_DD;
	word[2] = 0;
	word[3] = field_put(RXF3_FLOW_ID, report->marked ? report->mark : RXF_FLOW_ID_NONE);
	if (report->hashed)
		word[1] |= RXF1_RSS_VALID | field_put(RXF1_RSS_HASH, report->rss_hash);
	if (report->tagged)
		word[1] |= RXF1_L2TAG1P | field_put(RXF1_L2TAG1, report->vlan_tci);
	if (!report->last)
		return;
	word[0] |= field_put(RXF0_PTYPE, report->status.ptype);
	word[1] |= RXF1_EOF;
	word[1] |= report->status.checked ? RXF1_L3L4P : 0;
	word[1] |= report->status.ip_error ? RXF1_IPE : 0;
	word[1] |= report->status.l4_error ? RXF1_L4E : 0;
	if (report->stamped)
		write_time(report->time_ps, word);
}

static const struct rx_format formats[] = {
	[RXDID_LEGACY_16] = {16, write_legacy},
	[RXDID_LEGACY] = {32, write_legacy_32},
	[RXDID_FLEX_NIC] = {32, write_flex_nic},
};

const struct rx_format *rx_format_of(uint32_t rxdid)
{
	return rxdid < ARRAY_LEN(formats) ? &formats[rxdid] : NULL;
}
