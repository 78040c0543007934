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
/*
 * param1: VF_POLICY_*, cookie_high: the VF's largest rate of sending in Mb/s, 0: any;
 * cookie_low: the rate in Mb/s that it has in any case, 0: none; addr_high: the tag, VLAN ID and
 * priority, of the VLAN that it is put into without knowing, 0: none. It holds until it is set
 * again, whatever becomes of the VF; at first VF_POLICY_DEFAULT without rates. A VF that is not
 * trusted any more hears only what is for it. A VF whose VLAN is another
 * now is reset (AQC_VF_RESET). AQ_RC_EINVAL: an unknown flag, a minimum above the maximum, minima
 * that are more than the link carries, or no such VLAN. Also of a VF that is not there yet.
 */
#define AQC_VF_SET_POLICY 0xff01
#define VF_POLICY_TRUST   BIT(0) /* may choose its addresses, and be promiscuous */
#define VF_POLICY_MAC_CHECK                                                                        \
	BIT(1)                      /* frames from addresses that it has no filter for are dropped \
				     */
#define VF_POLICY_VLAN_CHECK BIT(2) /* and frames of VLANs that it is not in */
/* may put queues into address spaces of their own (pasid_format.h); taken away, tags stay
 * until their queues are disabled */
#define VF_POLICY_PASID BIT(3)
/* its Tx queues may program the flow director by descriptors (model/nic/flow_descriptor_format.h)
 */
#define VF_POLICY_FLOW_DIRECTOR BIT(4)
#define VF_POLICY_DEFAULT       (VF_POLICY_MAC_CHECK | VF_POLICY_VLAN_CHECK)
/*
 * Done when stopped and drained; idempotent. AQ_RC_EAGAIN: stopped, but a message of the VF is with
 * the PF's driver (below), and nothing drains before it is answered: ask again then. The same
 * of AQC_VF_P2P.
 */
#define AQC_VF_SUSPEND 0xff10
#define AQC_VF_RESUME  0xff11
#define AQC_VF_P2P     0xff12 /* param1 = 0: stop all DMA of the VF, 1: go on */
/*
 * param1: how many queue pairs the VF begins with from now on, and has at once: its driver, if
 * there is one, is reset (AQC_VF_RESET). Also of a VF that is not there yet. AQ_RC_ERANGE: none, or
 * more than the others leave, who are sure of what they begin with: answers param1 = the most.
 */
#define AQC_VF_SET_QUEUES 0xff02
/*
 * Where the VF's rings and buffers are: a struct pf_vf_ring in the buffer for each ring that has
 * been set up, admin queues first, then queues by their index, Tx before Rx. Answers datalen =
 * bytes written. Of a VF that runs, heads and tails are of that moment; what was taken before a
 * head may be under way still. AQ_RC_EINVAL: they do not fit into datalen.
 */
#define AQC_VF_RINGS 0xff17
#define PF_VF_RINGS  34u /* at most: of 16 queue pairs */
enum pf_ring_kind { PF_RING_ATQ, PF_RING_ARQ, PF_RING_TX, PF_RING_RX };
#define PF_RING_ENABLED BIT(0)
#define PF_RING_TAGGED  BIT(1) /* it and its buffers are in the address space `pasid` */
struct pf_vf_ring {
	uint64_t iova; /* of descriptor 0 */
	uint32_t entries;
	/* The buffers that the device is still to use: of the descriptors from head up to tail. */
	uint32_t head, tail;
	uint32_t buffer_bytes; /* Rx: of each buffer; 0: as its descriptor says */
	uint32_t pasid;
	uint8_t kind; /* enum pf_ring_kind */
	uint8_t queue;
	uint8_t entry_bytes;
	uint8_t flags; /* PF_RING_* */
};
/*
 * A reset that the VF has not asked for (what VPGEN_VFRTRIG of the i40e family and ice begins): it
 * is told RESET_IMPENDING, if its receive queue has room, and reset as by FLR but for configuration
 * space. Done when it has begun; also of one that is in reset already.
 */
#define AQC_VF_RESET 0xff16
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

#define PF_FEATURE_DMA_LOG  BIT(0)
#define PF_FEATURE_FORWARDS BIT(1) /* VFs' messages are the PF's driver's to answer */
#define PF_LOG_RANGES       256u
struct pf_log_range {
	uint64_t iova, len;
};

/*
 * Forwarding, with PF_FEATURE_FORWARDS. A VF's virtchnl message comes into the PF's receive
 * queue as AQC_SEND_MSG_TO_PF: its bytes in the buffer, opcode and status in cookie_high and
 * cookie_low, the VF's index in retval (as Linux' i40e has it), the VF's life in param1, which
 * is reserved there. A life ends with a reset of the VF or a state loaded into it; what is said
 * or done on behalf of an earlier one is refused with AQ_RC_EFLUSHED.
 *
 * A VF has one message with the PF's driver at a time. It is written back to the VF when it is
 * answered: AQC_SEND_MSG_TO_VF with MSG_ANSWERS and the life in param1, the VF's index in param0,
 * opcode, status and bytes as they came. Without MSG_ANSWERS it is an event of the PF's
 * own. AQ_RC_ENOSPC: it is lost, since the VF's driver does not empty its receive queue;
 * AQ_RC_EINVAL: longer than a buffer, or an answer to nothing; AQ_RC_ERANGE: above
 * MAILBOX_REPLY_BYTES and not zero but in its first and its last bytes.
 *
 * AQC_VF_INFO: what is known of the VF, a struct virtchnl_vf, into the buffer. AQC_VF_OPERATE: a
 * struct vf_operation in the buffer, which its answer is written to (both virtchnl/
 * operation_format.h); param1 = life. AQC_LINK_EVENT comes unasked: the link is another now.
 */
#define AQC_VF_INFO    0xff30
#define AQC_VF_OPERATE 0xff31
#define AQC_LINK_EVENT 0x0607
#define MSG_LIFE       BITS(30, 0)
#define MSG_ANSWERS    BIT(31)

/* Largest datalen of SAVE, LOAD and LOG_READ. */
#define STATE_PART_BYTES 32768u

#endif
