/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_VLAN_TAG_FORMAT_H
#define VFSIM_MODEL_NIC_VLAN_TAG_FORMAT_H

/* The tag of a frame's VLAN (IEEE 802.1Q, 9.6), and how many a VF may have. */

#define VLAN_AT             12u /* of a frame */
#define VLAN_BYTES          4u
#define VLAN_ETHERTYPE      0x8100u
#define VLAN_ID             0x0fffu
#define VLAN_PRIORITY_SHIFT 13u
#define VLAN_IDS            4096u

#define NIC_VLANS_PER_VF 64u

#endif
