/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream of a VF's state (pf-firmware/state_format.h): building it, and
 * taking one apart that comes in parts of any size. Nothing is applied before
 * the last byte was read and every record was checked.
 */
#include "pf-firmware/firmware_internal.h"

/* CRC-32C (Castagnoli), reflected, four bits at a time. */
static uint32_t crc32c(uint32_t crc, const uint8_t *data, size_t len)
{
	static const uint32_t step[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
		0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};

	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		crc = crc >> 4 ^ step[crc & 15];
		crc = crc >> 4 ^ step[crc & 15];
	}
	return crc;
}

/* --- Saving --- */

/* Bytes of a record's body: the same for any VF of this device. */
static uint32_t state_body_bytes(struct fw_vf *vf, const struct state_record_info *info)
{
	uint8_t scratch[STATE_MAX_BYTES];
	struct state_codec codec = {.at = scratch, .end = scratch + sizeof(scratch)};

	info->carry(vf, &codec, false);
	return (uint32_t)(codec.at - scratch);
}

uint32_t state_running_bytes(struct fw_vf *vf)
{
	return STATE_HEADER_BYTES + STATE_RECORD_BYTES + state_body_bytes(vf, &state_records[0]);
}

uint32_t state_total_bytes(struct fw_vf *vf)
{
	uint32_t total = STATE_HEADER_BYTES + STATE_RECORD_BYTES + 8;

	for (uint32_t i = 0; i < state_record_count; i++)
		total += STATE_RECORD_BYTES + state_body_bytes(vf, &state_records[i]);
	return total;
}

static void state_put_record(struct fw_vf *vf, const struct state_record_info *info)
{
	uint8_t *head = vf->stream + vf->stream_len;
	struct state_codec codec = {
		.at = head + STATE_RECORD_BYTES,
		.end = vf->stream + STATE_MAX_BYTES,
	};

	info->carry(vf, &codec, false);
	sim_assert(nic_part(vf->fw->nic), !codec.bad);
	le32_put(head, info->type);
	le32_put(head + 4, (uint32_t)(codec.at - head) - STATE_RECORD_BYTES);
	vf->stream_len = (uint32_t)(codec.at - vf->stream);
}

static void state_put_end(struct fw_vf *vf)
{
	uint8_t *at = vf->stream + vf->stream_len;

	le32_put(at, STATE_END);
	le32_put(at + 4, 8);
	le32_put(at + 8, ~crc32c(~0u, vf->stream, vf->stream_len + STATE_RECORD_BYTES));
	le32_put(at + 12, 0);
	vf->stream_len += STATE_RECORD_BYTES + 8;
}

void state_save(struct fw_vf *vf, bool whole)
{
	uint64_t total = state_total_bytes(vf);

	le32_put(vf->stream, STATE_MAGIC);
	le16_put(vf->stream + 4, STATE_VERSION);
	le16_put(vf->stream + 6, STATE_HEADER_BYTES);
	le64_put(vf->stream + 8, total);
	vf->stream_len = STATE_HEADER_BYTES;
	for (uint32_t i = 0; i < (whole ? state_record_count : 1); i++)
		state_put_record(vf, &state_records[i]);
	if (whole)
		state_put_end(vf);
	vf->saved = whole;
}

/* --- Loading --- */

void state_load_begin(struct fw_vf *vf)
{
	vf->load = (struct state_load){.crc = ~0u};
	vf->saved = false;
	vf->stream_len = 0;
}

static const struct state_record_info *state_find(uint32_t type)
{
	for (uint32_t i = 0; i < state_record_count; i++)
		if (state_records[i].type == type)
			return &state_records[i];
	return NULL;
}

/* The header is here. */
static void load_header(struct state_load *load)
{
	if (le32_get(load->head) != STATE_MAGIC)
		load->refused = STATE_REFUSED_MAGIC;
	else if (le16_get(load->head + 4) != STATE_VERSION)
		load->refused = STATE_REFUSED_VERSION;
	else if (le16_get(load->head + 6) != STATE_HEADER_BYTES)
		load->refused = STATE_REFUSED_ALTERED;
	load->total = le64_get(load->head + 8);
}

/* A record's header is here: its type must be known, its body fit. */
static void load_record(struct fw_vf *vf)
{
	struct state_load *load = &vf->load;
	bool padding;

	load->type = le32_get(load->head);
	load->body_len = le32_get(load->head + 4);
	load->body_got = 0;
	load->in_body = true;
	padding = load->type == STATE_PADDING;
	if (!padding && load->type != STATE_END && !state_find(load->type))
		load->refused = STATE_REFUSED_UNKNOWN;
	else if (load->total < load->got || load->body_len > load->total - load->got)
		load->refused = STATE_REFUSED_ALTERED;
	else if (!padding && (load->seen >> load->type & 1))
		load->refused = STATE_REFUSED_ALTERED;
	else if (!padding && load->body_len + STATE_RECORD_BYTES > STATE_MAX_BYTES - vf->stream_len)
		load->refused = STATE_REFUSED_ALTERED;
	else if (!load->seen && load->type != STATE_DEVICE)
		load->refused = STATE_REFUSED_ALTERED;
	load->seen |= (uint32_t)BIT(load->type & 31);
	if (load->refused || padding)
		return;
	memcpy(vf->stream + vf->stream_len, load->head, STATE_RECORD_BYTES);
	vf->stream_len += STATE_RECORD_BYTES;
}

/* Go through the records that were kept. 0 if each is right, or STATE_REFUSED_*. */
static uint32_t load_records(struct fw_vf *vf, bool apply)
{
	for (uint32_t at = 0; at < vf->stream_len;) {
		uint32_t len = le32_get(vf->stream + at + 4);
		const struct state_record_info *info = state_find(le32_get(vf->stream + at));
		struct state_codec codec = {
			.at = vf->stream + at + STATE_RECORD_BYTES,
			.end = vf->stream + at + STATE_RECORD_BYTES + len,
			.load = true,
		};

		at += STATE_RECORD_BYTES + len;
		if (!info)
			continue;
		info->carry(vf, &codec, apply);
		if (codec.bad || codec.at != codec.end)
			return STATE_REFUSED_ALTERED;
		if (codec.no_room)
			return STATE_REFUSED_MISPLACED;
	}
	return 0;
}

static bool load_complete(const struct state_load *load)
{
	for (uint32_t i = 0; i < state_record_count; i++)
		if (!(load->seen >> state_records[i].type & 1))
			return false;
	return true;
}

/* The end record is here: check all, then apply all. */
static void load_end(struct fw_vf *vf, uint32_t crc)
{
	struct state_load *load = &vf->load;
	const uint8_t *end = vf->stream + vf->stream_len - load->body_len;

	if (load->body_len != 8 || le32_get(end) != ~crc || le32_get(end + 4) ||
	    load->got != load->total || !load_complete(load))
		load->refused = STATE_REFUSED_ALTERED;
	else
		load->refused = load_records(vf, false);
	if (load->refused)
		return;
	load_records(vf, true);
	firmware_new_life(vf);
	load->done = true;
	vf->stream_len = 0;
}

/* A body is here whole. */
static void load_body(struct fw_vf *vf)
{
	struct state_load *load = &vf->load;
	struct state_codec codec = {
		.at = vf->stream + vf->stream_len - load->body_len,
		.end = vf->stream + vf->stream_len,
		.load = true,
	};

	load->in_body = false;
	load->head_got = 0;
	if (load->type == STATE_END) {
		load_end(vf, load->crc);
	} else if (load->type == STATE_DEVICE) {
		/* Known early: a stream of another kind of device is refused while the source runs.
		 */
		state_records[0].carry(vf, &codec, false);
		if (codec.bad || codec.at != codec.end)
			load->refused = STATE_REFUSED_MISPLACED;
	}
}

/* Take bytes into a header. How many. */
static uint32_t load_head_bytes(struct fw_vf *vf, const uint8_t *data, uint32_t len)
{
	struct state_load *load = &vf->load;
	bool first = load->got < STATE_HEADER_BYTES;
	uint32_t want = first ? STATE_HEADER_BYTES : STATE_RECORD_BYTES;
	uint32_t take = MIN(len, want - load->head_got);

	memcpy(load->head + load->head_got, data, take);
	load->crc = crc32c(load->crc, data, take);
	load->head_got += take;
	load->got += take;
	if (load->head_got < want)
		return take;
	load->head_got = 0;
	if (first)
		load_header(load);
	else
		load_record(vf);
	return take;
}

/* Take bytes into a record's body. How many. */
static uint32_t load_body_bytes(struct fw_vf *vf, const uint8_t *data, uint32_t len)
{
	struct state_load *load = &vf->load;
	uint32_t take = MIN(len, load->body_len - load->body_got);

	if (load->type != STATE_PADDING) {
		memcpy(vf->stream + vf->stream_len, data, take);
		vf->stream_len += take;
	}
	if (load->type != STATE_END)
		load->crc = crc32c(load->crc, data, take);
	load->body_got += take;
	load->got += take;
	if (load->body_got == load->body_len)
		load_body(vf);
	return take;
}

uint32_t state_load_part(struct fw_vf *vf, const uint8_t *data, uint32_t len_bytes)
{
	struct state_load *load = &vf->load;

	for (uint32_t at = 0; at < len_bytes && !load->refused;) {
		if (load->done)
			load->refused = STATE_REFUSED_ALTERED;
		else if (load->in_body)
			at += load_body_bytes(vf, data + at, len_bytes - at);
		else
			at += load_head_bytes(vf, data + at, len_bytes - at);
	}
	return load->refused;
}
