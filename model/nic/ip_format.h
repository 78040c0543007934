/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_NIC_IP_FORMAT_H
#define VFSIM_MODEL_NIC_IP_FORMAT_H

/* What an IP header says that it carries (IANA, protocol numbers). */
#define IP_PROTO_ICMP   1u
#define IP_PROTO_TCP    6u
#define IP_PROTO_UDP    17u
#define IP_PROTO_ICMPV6 58u
#define IP_PROTO_SCTP   132u

#endif
