/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only the recorded machine decides: how large and where its memory is, what
 * its SMMU can do, how many queues and which VSI its VF has, where its
 * capabilities and its doorbell lie. Ours presents the same.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/bits.h"
#include "iommu/smmu_registers_format.h"
#include "pf-firmware/mailbox_format.h"
#include "system/replay/driver/driver_internal.h"

#define CAP_POINTER 0x34u
#define CAP_FIRST   0x40u
/* In the answer to GET_VF_RESOURCES. */
#define CAPABILITIES_AT 8u
#define VSI_ID_AT       20u /* of the first VSI */
#define NO_DEVICE_LAST  (HOST_SMMU_PA + UINT64_C(0x100000))

static int refuse(const struct driver_file *file, uint32_t line, char *error, size_t size,
		  const char *text)
{
	snprintf(error, size, "%s:%u: %s", file->path, line, text);
	return -EINVAL;
}

static int present_smmu(const struct driver_file *file, struct smmu_config *smmu, char *error,
			size_t size)
{
	static const uint8_t oas_bits[8] = {32, 36, 40, 42, 44, 48, 48, 48};
	const uint32_t *idr = file->meta.idr;

	/* A device that translates by itself, and its invalidations: nothing here could replay. */
	if (idr[0] & IDR0_ATS)
		return refuse(file, 1, error, size, "idr.IDR0: expected no ATS: it is not built");
	smmu->httu = (int)MIN(field_get(IDR0_HTTU, idr[0]), IDR0_HTTU_ACCESS_DIRTY);
	smmu->ttf = (uint32_t)field_get(IDR0_TTF, idr[0]);
	smmu->coherent = idr[0] & IDR0_COHACC;
	smmu->msi = idr[0] & IDR0_MSI;
	smmu->two_level_strtab = field_get(IDR0_ST_LEVEL, idr[0]) == 1;
	smmu->sid_bits = MIN(field_get(IDR1_SIDSIZE, idr[1]), 32);
	smmu->ssid_bits = MIN(field_get(IDR1_SSIDSIZE, idr[1]), 20);
	smmu->cmdq_log2 = MIN(field_get(IDR1_CMDQS, idr[1]), 19);
	smmu->evtq_log2 = MIN(field_get(IDR1_EVENTQS, idr[1]), 19);
	smmu->oas_bits = oas_bits[idr[5] & 7];
	return 0;
}

/* The answer that named the VF's VSI; 1 if the recording has none. */
static void find_resources(const struct driver_file *file, struct machine_foreign *foreign)
{
	foreign->first_vsi = 1;
	for (uint32_t i = 0; i < file->lines; i++) {
		const struct driver_line *line = &file->line[i];

		if (line->kind != DRIVER_ARQ || line->v_opcode != VIRTCHNL_OP_GET_VF_RESOURCES ||
		    line->v_status || line->frame.known < VSI_ID_AT + 2)
			continue;
		foreign->first_vsi = le16_get(line->frame.data + VSI_ID_AT);
		foreign->capabilities = le32_get(line->frame.data + CAPABILITIES_AT);
		return;
	}
}

/* Where its interrupts went; ours if there are none. */
static uint64_t find_doorbell(const struct driver_file *file)
{
	for (uint32_t i = 0; i < file->lines; i++)
		if (file->line[i].kind == DRIVER_MSI)
			return file->line[i].pa - CPU_DOORBELL_OFFSET;
	return HOST_DOORBELL_PA;
}

static bool overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a < b + b_len && b < a + a_len;
}

static int present_memory(const struct driver_file *file, struct machine_foreign *foreign,
			  char *error, size_t size)
{
	uint64_t len = file->meta.ram_bytes + HOST_OWN_BYTES;

	foreign->ram_base = file->meta.ram_base;
	foreign->ram_bytes = file->meta.ram_bytes;
	foreign->doorbell_pa = find_doorbell(file);
	if (overlap(foreign->ram_base, len, HOST_SMMU_PA, NO_DEVICE_LAST - HOST_SMMU_PA) ||
	    overlap(foreign->ram_base, len, HOST_ECAM_PA,
		    HOST_WINDOW_PA + HOST_WINDOW_LEN - HOST_ECAM_PA))
		return refuse(file, 1, error, size,
			      "ram: expected none where this machine has its devices");
	if (foreign->doorbell_pa & 0xfff ||
	    overlap(foreign->doorbell_pa, HOST_DOORBELL_LEN, foreign->ram_base, len) ||
	    overlap(foreign->doorbell_pa, HOST_DOORBELL_LEN, HOST_SMMU_PA,
		    NO_DEVICE_LAST - HOST_SMMU_PA) ||
	    overlap(foreign->doorbell_pa, HOST_DOORBELL_LEN, HOST_ECAM_PA,
		    HOST_WINDOW_PA + HOST_WINDOW_LEN - HOST_ECAM_PA))
		return refuse(file, 1, error, size,
			      "msi: expected interrupts at offset 0x40 of a page of their own");
	return 0;
}

/* The value that the recording's driver read in configuration space, from `len` bytes up. */
static bool find_config(const struct driver_file *file, uint32_t offset, uint32_t least_len,
			uint32_t *value)
{
	for (uint32_t i = 0; i < file->lines; i++) {
		const struct driver_line *line = &file->line[i];

		if (line->kind != DRIVER_CONFIG || line->function != DRIVER_VF || line->write ||
		    line->offset != offset || line->len < least_len)
			continue;
		*value = (uint32_t)line->value;
		return true;
	}
	return false;
}

/* The chain of capabilities, as far as the recorded kernel read it. */
static void find_caps(const struct driver_file *file, struct driver_presented *presented)
{
	uint32_t at, header;

	if (!find_config(file, CAP_POINTER, 1, &at))
		return;
	for (at &= 0xfc; at >= CAP_FIRST && presented->caps < DRIVER_CAPS;
	     at = header >> 8 & 0xfc) {
		if (!find_config(file, at, 2, &header))
			return;
		presented->cap[presented->caps++] =
			(struct driver_cap){.recorded = at, .id = (uint8_t)header};
	}
}

int driver_present(const struct driver_file *file, struct machine_cfg *machine,
		   struct driver_presented *presented, char *error, size_t size)
{
	int err = present_smmu(file, &machine->smmu, error, size);

	presented->foreign.vf_stream = (uint32_t)file->meta.stream;
	find_resources(file, &presented->foreign);
	if (!err)
		err = present_memory(file, &presented->foreign, error, size);
	if (err)
		return err;
	find_caps(file, presented);
	machine->nic.total_vfs = machine->nic.vfs = 1;
	machine->nic.queue_pairs = presented->queue_pairs = file->meta.queue_pairs;
	machine->nic.msix_vectors = presented->vectors = file->meta.vectors;
	return 0;
}
