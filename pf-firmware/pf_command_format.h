/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_PF_COMMAND_FORMAT_H
#define VFSIM_PF_FIRMWARE_PF_COMMAND_FORMAT_H

#include "base/bits.h"

/*
 * Commands of this device's own, PF ATQ only: what only the PF may do to its
 * VFs. param0 is the VF's index. The descriptor is written back, with retval,
 * when the command is complete. AQ_RC_EINVAL: bad argument; AQ_RC_ENOENT: no
 * such enabled VF; AQ_RC_EBUSY: the VF's state does not allow it now.
 */
#define AQC_VF_SET_MAC 0xff00 /* param1: octets 0-3, addr_high: octets 4-5, LE */
#define AQC_VF_SUSPEND 0xff10 /* done when stopped and drained; idempotent */
#define AQC_VF_RESUME  0xff11
#define AQC_VF_P2P     0xff12 /* param1 = 0: stop all DMA of the VF, 1: go on */
/* Answers param0 = bytes that may be saved while the VF runs, param1 = bytes of the whole stream.
 */
#define AQC_VF_STATE_SIZE 0xff13
/*
 * Write up to `datalen` bytes of the stream, from byte param1 on, into the
 * buffer. Answers datalen = bytes written, param1 = bytes of the stream that
 * follow. param1 = 0 begins a new stream. Beyond the part that may be saved
 * while running the VF must be suspended: AQ_RC_EBUSY.
 */
#define AQC_VF_STATE_SAVE 0xff14
/*
 * Take `datalen` bytes of a stream, which begin at its byte param1, from the
 * buffer. param1 = 0 begins anew; parts come in order. The VF takes the state
 * when the stream's last byte was read and checked; answers param1 = bytes
 * still missing. AQ_RC_EINVAL: refused for good, param0 = STATE_REFUSED_*. The
 * VF must be suspended. AQC_VF_STATE_LOAD with datalen 0 says that the stream
 * ends here: STATE_REFUSED_CUT if it does not.
 */
#define AQC_VF_STATE_LOAD 0xff15

#define STATE_REFUSED_MAGIC   1 /* not a stream */
#define STATE_REFUSED_VERSION 2 /* a version that this firmware does not know */
#define STATE_REFUSED_CUT     3 /* ends before its end */
#define STATE_REFUSED_ALTERED 4 /* checksum or structure */
/* Part out of order, of another kind of device, or of one with more resources than are left. */
#define STATE_REFUSED_MISPLACED 5
#define STATE_REFUSED_UNKNOWN   6 /* a record that this firmware does not know */

/*
 * The DMA log of a VF: which pages its own writes hit. AQC_GET_VERSION's answer
 * has PF_FEATURE_DMA_LOG in param1 where VFs have one. A reset of the VF leaves
 * it alone; it ends with AQC_VF_LOG_STOP and with the VF.
 *
 * AQC_VF_LOG_START: the buffer has an array of struct pf_log_range, ascending
 * and disjoint, at most PF_LOG_RANGES of them, of `datalen` bytes; param1 = log2 of
 * the page size that is wanted. Answers param1 = log2 of the one that is used:
 * a larger one when the log would not hold so many pages. Done when all writes
 * from before have landed. AQ_RC_EBUSY: it is on; AQ_RC_EINVAL: not such ranges;
 * AQ_RC_ERANGE: more than it holds with pages of any size.
 *
 * AQC_VF_LOG_READ: the log of param1 pages from the one of address
 * cookie_high:cookie_low on, a bit each, into the buffer, and cleared. Answers datalen =
 * bytes written. Done when all writes that it tells have landed. AQ_RC_EBUSY: it
 * is off; AQ_RC_EINVAL: no pages, more than fit into datalen, or outside of what
 * is between the first range and the last.
 */
#define AQC_VF_LOG_START 0xff20
#define AQC_VF_LOG_STOP  0xff21 /* also when it is off */
#define AQC_VF_LOG_READ  0xff22

#define PF_FEATURE_DMA_LOG BIT(0)
#define PF_LOG_RANGES      256u
struct pf_log_range {
	uint64_t iova, len;
};

/* Largest datalen of SAVE, LOAD and LOG_READ. */
#define STATE_PART_BYTES 32768u

#endif
