/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_BASE_ATS_H
#define VFSIM_BASE_ATS_H

/*
 * Address Translation Services and the Page Request Interface (PCI Express Base
 * Specification, chapter 10) where the root complex and the SMMU meet. A
 * translation request is a bus request (BUS_ATS, port.h); what goes the other
 * way, and the messages that nobody answers at once, are here.
 */

#include "base/bits.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One translation, 64 bits (10.2.3). With ATS_SIZE the number of ones above bit
 * 11, and the zero that ends them, say how large it is; otherwise it is 4 KiB.
 */
#define ATS_READ            BIT(0)
#define ATS_WRITE           BIT(1)
#define ATS_UNTRANSLATED    BIT(2) /* only untranslated access is allowed */
#define ATS_EXECUTE         BIT(3)
#define ATS_PRIVILEGED      BIT(4)
#define ATS_GLOBAL          BIT(5)
#define ATS_NON_SNOOPED     BIT(10)
#define ATS_SIZE            BIT(11)
#define ATS_ADDRESS         BITS(63, 12)
#define ATS_ENTRY_BYTES     8u
#define ATS_MIN_SHIFT       12u
#define ATS_MAX_ENTRIES     64u /* of one translation request */
#define ATS_EVERYTHING      64u /* the shift of an invalidation of all addresses */
#define ATS_INVALIDATE_TAGS 32u /* ITag, 10.3.1: 5 bits */

/* `addr` and a size of 2^shift as one word; the address bits below the size are lost. */
static inline uint64_t ats_range(uint64_t addr, uint8_t shift)
{
	if (shift <= ATS_MIN_SHIFT)
		return addr & ATS_ADDRESS;
	if (shift >= 64)
		return BITS(62, ATS_MIN_SHIFT) | ATS_SIZE;
	return (addr >> shift << shift) | (BIT(shift - 1) - BIT(ATS_MIN_SHIFT)) | ATS_SIZE;
}

static inline uint8_t ats_range_shift(uint64_t word)
{
	if (!(word & ATS_SIZE))
		return ATS_MIN_SHIFT;
	return (uint8_t)(__builtin_ctzll(~word >> ATS_MIN_SHIFT | BIT(51)) + ATS_MIN_SHIFT + 1);
}

static inline uint64_t ats_range_addr(uint64_t word)
{
	uint8_t shift = ats_range_shift(word);

	return shift >= 64 ? 0 : word >> shift << shift;
}

/* An Invalidate Request (10.3.1): all of [addr, addr + 2^shift) is forgotten. */
struct ats_invalidation {
	uint32_t stream_id;
	uint32_t substream_id; /* valid with substream_valid */
	bool substream_valid;
	bool global; /* whatever the substream */
	uint8_t itag;
	uint8_t shift;
	uint64_t addr;
};

/* A Page Request message (10.4.1); `last` alone, with a substream, is a Stop Marker. */
struct page_request {
	uint32_t stream_id;
	uint32_t substream_id;
	bool substream_valid;
	bool read, write, execute, privileged;
	bool last;
	uint16_t group; /* Page Request Group Index, 9 bits */
	uint64_t addr;
};

/* A PRG Response message (10.4.2). */
enum prg_code { PRG_SUCCESS = 0, PRG_INVALID_REQUEST = 1, PRG_FAILURE = 15 };

struct prg_response {
	uint32_t stream_id;
	uint32_t substream_id;
	bool substream_valid;
	uint16_t group;
	enum prg_code code;
};

/*
 * Towards the devices. The structures are the caller's and read within the call.
 * What comes of it arrives later, at the agent.
 */
struct ats_port {
	void *ctx;
	void (*invalidate)(void *ctx, const struct ats_invalidation *invalidation);
	void (*respond)(void *ctx, const struct prg_response *response);
};

/*
 * Towards the SMMU: an invalidation has ended at the device, and everything that
 * the device had sent before, with what it forgot, has been handed on; a page is
 * asked for. Never from within a call of the port.
 */
struct ats_agent {
	void *ctx;
	void (*invalidated)(void *ctx, uint32_t stream_id, uint8_t itag);
	void (*page_request)(void *ctx, const struct page_request *request);
};

#ifdef __cplusplus
}
#endif
#endif
