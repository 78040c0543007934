/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_PF_COMMAND_FORMAT_H
#define VFSIM_PF_FIRMWARE_PF_COMMAND_FORMAT_H

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

#define STATE_REFUSED_MAGIC     1 /* not a stream */
#define STATE_REFUSED_VERSION   2 /* a version that this firmware does not know */
#define STATE_REFUSED_CUT       3 /* ends before its end */
#define STATE_REFUSED_ALTERED   4 /* checksum or structure */
#define STATE_REFUSED_MISPLACED 5 /* part out of order, or of another kind of device */
#define STATE_REFUSED_UNKNOWN   6 /* a record that this firmware does not know */

/* Largest datalen of SAVE and LOAD. */
#define STATE_PART_BYTES 32768u

#endif
