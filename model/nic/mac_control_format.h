/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_MAC_CONTROL_FORMAT_H
#define VFSIM_MODEL_NIC_MAC_CONTROL_FORMAT_H

/*
 * MAC control frames of pause, IEEE 802.3, clause 31 and its annexes 31B (PAUSE) and 31D (PFC):
 * to 01-80-C2-00-00-01, EtherType 0x8808, an opcode, then times in units of 512 bits of the
 * link. All values in network order.
 */

#define MAC_CONTROL_BYTES  60u /* without FCS */
#define MAC_CONTROL_OPCODE 14u
#define MAC_CONTROL_PAUSE  0x0001u /* be16 time at 16 */
#define MAC_CONTROL_PFC    0x0101u /* be16 at 16: whose times count; be16 each from 18 on */
#define MAC_CONTROL_TIME   16u
#define MAC_CONTROL_VECTOR 16u
#define MAC_CONTROL_TIMES  18u
#define PAUSE_QUANTUM_BITS 512u
#define PAUSE_LONGEST      0xffffu

#endif
