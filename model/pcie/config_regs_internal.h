/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_MODEL_PCIE_CONFIG_REGS_INTERNAL_H
#define VFSIM_MODEL_PCIE_CONFIG_REGS_INTERNAL_H

/*
 * Offsets and fields of configuration space (PCI Express Base Specification,
 * chapter 7 and, for SR-IOV, section 9.3). Registers are taken as double words:
 * a 16-bit register in the upper half has its fields at [31:16].
 */

#include "base/bits.h"

/* Type 0 and type 1 headers. */
#define CFG_ID                 0x00u
#define CFG_COMMAND            0x04u
#define CFG_CLASS              0x08u
#define CFG_HEADER             0x0cu
#define CFG_BAR                0x10u
#define CFG_SUBSYSTEM          0x2cu
#define CFG_CAP_POINTER        0x34u
#define CFG_INTERRUPT          0x3cu
#define COMMAND_MEMORY         BIT(1)
#define COMMAND_BUS_MASTER     BIT(2)
#define COMMAND_PARITY         BIT(6)
#define COMMAND_SERR           BIT(8)
#define COMMAND_INTX_DISABLE   BIT(10)
#define STATUS_INTERRUPT       BIT(16 + 3)
#define STATUS_CAP_LIST        BIT(16 + 4)
#define STATUS_SIGNALED_TA     BIT(16 + 11)
#define STATUS_SIGNALED_ERROR  BIT(16 + 14)
#define STATUS_POISONED        BIT(16 + 15)
#define STATUS_RECEIVED_TA     BIT(16 + 12)
#define STATUS_RECEIVED_MA     BIT(16 + 13)
#define STATUS_ERRORS          (BIT(16 + 8) | BITS(16 + 15, 16 + 11))
#define HEADER_CACHE_LINE      BITS(7, 0)
#define HEADER_TYPE            BITS(23, 16)
#define BAR_MEMORY_64_PREFETCH 0xcu
#define BAR_FLAGS              BITS(3, 0)

/* Type 1 only. */
#define CFG_BUS_NUMBERS         0x18u
#define CFG_SECONDARY_STATUS    0x1cu
#define CFG_MEMORY_WINDOW       0x20u
#define CFG_PREFETCH_WINDOW     0x24u
#define CFG_PREFETCH_BASE_HIGH  0x28u
#define CFG_PREFETCH_LIMIT_HIGH 0x2cu
#define BUS_PRIMARY             BITS(7, 0)
#define BUS_SECONDARY           BITS(15, 8)
#define BUS_SUBORDINATE         BITS(23, 16)
#define INTERRUPT_PIN           BITS(15, 8)
#define INTERRUPT_PIN_A         BIT(8)
#define BRIDGE_PARITY           BIT(16)
#define BRIDGE_SERR             BIT(17)
#define BRIDGE_BUS_RESET        BIT(22)
#define WINDOW_BASE             BITS(15, 4)
#define WINDOW_LIMIT            BITS(31, 20)
#define WINDOW_64               (BIT(0) | BIT(16))
#define WINDOW_SHIFT            20u

/* Capability list. */
#define CAP_ID          BITS(7, 0)
#define CAP_NEXT        BITS(15, 8)
#define EXT_CAP_ID      BITS(15, 0)
#define EXT_CAP_VERSION BITS(19, 16)
#define EXT_CAP_NEXT    BITS(31, 20)
#define EXT_CAP_FIRST   0x100u

#define CAP_ID_PM        0x01u
#define CAP_ID_PCIE      0x10u
#define CAP_ID_MSIX      0x11u
#define EXT_CAP_ID_AER   0x0001u
#define EXT_CAP_ID_DSN   0x0003u
#define EXT_CAP_ID_ACS   0x000du
#define EXT_CAP_ID_ARI   0x000eu
#define EXT_CAP_ID_ATS   0x000fu
#define EXT_CAP_ID_SRIOV 0x0010u
#define EXT_CAP_ID_PRI   0x0013u
#define EXT_CAP_ID_LTR   0x0018u
#define EXT_CAP_ID_PASID 0x001bu
#define EXT_CAP_ID_DPC   0x001du

/* Power management, section 7.5.2. */
#define PM_VERSION_3     (3u << 16)
#define PM_CONTROL       0x04u
#define PM_STATE         BITS(1, 0)
#define PM_D0            0u
#define PM_D3HOT         3u
#define PM_NO_SOFT_RESET BIT(3)

/* PCI Express capability, section 7.5.3. */
#define PCIE_VERSION             BITS(19, 16)
#define PCIE_PORT_TYPE           BITS(23, 20)
#define PCIE_TYPE_ENDPOINT       0u
#define PCIE_TYPE_ROOT_PORT      4u
#define PCIE_TYPE_UPSTREAM       5u
#define PCIE_TYPE_DOWNSTREAM     6u
#define PCIE_DEVCAP              0x04u
#define DEVCAP_MAX_PAYLOAD       BITS(2, 0)
#define DEVCAP_EXTENDED_TAG      BIT(5)
#define DEVCAP_ROLE_BASED_ERRORS BIT(15)
#define DEVCAP_FLR               BIT(28)
#define PCIE_DEVCTL              0x08u
#define DEVCTL_ERROR_REPORTING   BITS(3, 0)
#define DEVCTL_CORRECTABLE       BIT(0)
#define DEVCTL_NON_FATAL         BIT(1)
#define DEVCTL_FATAL             BIT(2)
#define DEVCTL_UNSUPPORTED       BIT(3)
#define DEVCTL_RELAXED_ORDERING  BIT(4)
#define DEVCTL_MAX_PAYLOAD       BITS(7, 5) /* 128 bytes << field, as Max_Read_Request_Size */
#define DEVCTL_EXTENDED_TAG      BIT(8)
#define DEVCTL_NO_SNOOP          BIT(11)
#define DEVCTL_MAX_READ          BITS(14, 12)
#define DEVCTL_INITIATE_FLR      BIT(15)
#define DEVSTA_ERRORS            BITS(19, 16)
#define DEVSTA_CORRECTABLE       BIT(16)
#define DEVSTA_NON_FATAL         BIT(17)
#define DEVSTA_FATAL             BIT(18)
#define DEVSTA_UNSUPPORTED       BIT(19)
#define DEVSTA_PENDING           BIT(21)
#define PCIE_LNKCAP              0x0cu
#define PCIE_LNKCTL              0x10u
#define LNK_SPEED                BITS(3, 0)
#define LNK_WIDTH                BITS(9, 4)
#define LNKCTL_RCB_128           BIT(3)
#define LNKCTL_RW                (BITS(1, 0) | BIT(3) | BITS(7, 6))
#define LNKCTL_DISABLE           BIT(4)
#define LNKCAP_SURPRISE_DOWN     BIT(19) /* it is reported */
#define LNKCAP_ACTIVE            BIT(20) /* the same of Link Active */
#define LNKSTA_ACTIVE            BIT(29)
#define LNKSTA_SPEED             BITS(19, 16)
#define LNKSTA_WIDTH             BITS(25, 20)
#define PCIE_SLTCAP              0x14u
#define PCIE_ROOTCTL             0x1cu
#define PCIE_DEVCAP2             0x24u
#define DEVCAP2_TIMEOUT_RANGES   BITS(3, 0)
#define DEVCAP2_TIMEOUT_DISABLE  BIT(4)
#define DEVCAP2_ARI_FORWARDING   BIT(5)
#define DEVCAP2_LTR              BIT(11)
#define DEVCAP2_PREFIX           BIT(21) /* End-End TLP Prefix Supported */
#define DEVCAP2_PREFIXES_1       BIT(22) /* one of them, of BITS(23, 22) */
#define PCIE_DEVCTL2             0x28u
#define DEVCTL2_TIMEOUT          BITS(4, 0)
#define DEVCTL2_ARI_FORWARDING   BIT(5)
#define DEVCTL2_IDO_REQUEST      BIT(8)
#define DEVCTL2_IDO_COMPLETION   BIT(9)
#define DEVCTL2_LTR              BIT(10)
#define PCIE_LNKCAP2             0x2cu
#define LNKCAP2_SPEEDS           BITS(7, 1)
#define PCIE_LNKCTL2             0x30u
#define PCIE_CAP_BYTES           0x3cu

/* MSI-X, section 7.7.2. */
#define MSIX_CONTROL       0x00u
#define MSIX_TABLE_SIZE    BITS(26, 16)
#define MSIX_FUNCTION_MASK BIT(30)
#define MSIX_ENABLE        BIT(31)
#define MSIX_TABLE         0x04u
#define MSIX_PBA           0x08u
#define MSIX_ENTRY_BYTES   16u
#define MSIX_VECTOR_MASK   BIT(0)

/* Advanced error reporting, section 7.8.4. */
#define AER_UNCORRECTABLE      0x04u
#define AER_UNCORRECTABLE_MASK 0x08u
#define AER_SEVERITY           0x0cu
#define AER_CORRECTABLE        0x10u
#define AER_CORRECTABLE_MASK   0x14u
#define AER_CONTROL            0x18u
#define AER_FIRST_ERROR        BITS(4, 0)
#define AER_HEADER_LOG         0x1cu
#define AER_ROOT_COMMAND       0x2cu
#define AER_ROOT_STATUS        0x30u
#define AER_ROOT_SOURCE        0x34u
#define AER_CAP_BYTES          0x38u
#define AER_DATA_LINK          4u
#define AER_SURPRISE_DOWN      5u
#define AER_POISONED           12u
#define AER_COMPLETION_TIMEOUT 14u
#define AER_COMPLETER_ABORT    15u
#define AER_UNEXPECTED         16u
#define AER_OVERFLOW           17u
#define AER_MALFORMED          18u
#define AER_UNSUPPORTED        20u
#define AER_ACS_VIOLATION      21u
#define AER_BAD_TLP            6u
#define AER_REPLAY_TIMEOUT     12u
#define AER_ADVISORY           13u

#define ROOT_COMMAND_CORRECTABLE    BIT(0)
#define ROOT_COMMAND_NON_FATAL      BIT(1)
#define ROOT_COMMAND_FATAL          BIT(2)
#define ROOT_STATUS_CORRECTABLE     BIT(0)
#define ROOT_STATUS_CORRECTABLES    BIT(1)
#define ROOT_STATUS_UNCORRECTABLE   BIT(2)
#define ROOT_STATUS_UNCORRECTABLES  BIT(3)
#define ROOT_STATUS_FIRST_WAS_FATAL BIT(4)
#define ROOT_STATUS_NON_FATAL       BIT(5)
#define ROOT_STATUS_FATAL           BIT(6)
#define ROOT_SOURCE_CORRECTABLE     BITS(15, 0)
#define ROOT_SOURCE_UNCORRECTABLE   BITS(31, 16)

/* Serial number 7.9.3, LTR 7.8.2, ACS 7.7.11. */
#define DSN_LOW       0x04u
#define DSN_HIGH      0x08u
#define LTR_LATENCIES 0x04u
#define LTR_RW        (BITS(12, 0) | BITS(28, 16))
#define ACS_CONTROL   0x04u

/* What capabilities of ports offer, and its controls at [22:16] (7.7.11.2, 7.7.11.3). */
#define ACS_SOURCE_VALIDATION    BIT(0)
#define ACS_TRANSLATION_BLOCKING BIT(1)
#define ACS_REQUEST_REDIRECT     BIT(2)
#define ACS_COMPLETION_REDIRECT  BIT(3)
#define ACS_UPSTREAM_FORWARDING  BIT(4)
#define ACS_EGRESS_CONTROL       BIT(5)
#define ACS_DIRECT_TRANSLATED    BIT(6)
#define ACS_REDIRECTS            (ACS_REQUEST_REDIRECT | ACS_UPSTREAM_FORWARDING)
#define ACS_CONTROLS             BITS(22, 16)
#define ACS_ROOT_PORT                                                                              \
	(ACS_SOURCE_VALIDATION | ACS_TRANSLATION_BLOCKING | ACS_REQUEST_REDIRECT |                 \
	 ACS_COMPLETION_REDIRECT | ACS_UPSTREAM_FORWARDING | ACS_DIRECT_TRANSLATED)
#define ACS_DOWNSTREAM_PORT (ACS_ROOT_PORT | ACS_EGRESS_CONTROL)
#define ACS_EGRESS_SHIFT    8u /* bits of the vector, at ACS_CONTROL [15:8] */
#define ACS_EGRESS_VECTOR   0x08u

/* Downstream port containment, section 7.9.14. */
#define DPC_CONTROL          0x04u
#define DPC_CAN_TRIGGER      BIT(7) /* by software */
#define DPC_TRIGGER_ENABLE   BITS(17, 16)
#define DPC_ON_FATAL         1u
#define DPC_ON_NON_FATAL     2u /* and on fatal */
#define DPC_COMPLETION_CA    BIT(18)
#define DPC_INTERRUPT_ENABLE BIT(19)
#define DPC_ERR_COR_ENABLE   BIT(20)
#define DPC_SOFTWARE_TRIGGER BIT(22)
#define DPC_STATUS           0x08u
#define DPC_TRIGGERED        BIT(0)
#define DPC_REASON           BITS(2, 1) /* 0 detected, 1 ERR_NONFATAL, 2 ERR_FATAL, 3 extension */
#define DPC_INTERRUPT        BIT(3)
#define DPC_REASON_EXTENSION BITS(6, 5) /* 1: software */
#define DPC_SOURCE           BITS(31, 16)

/* ARI, section 7.8.8. */
#define ARI_CAPABILITY 0x04u

/* SR-IOV, section 9.3.3. */
#define SRIOV_CAPABILITIES    0x04u
#define SRIOV_CONTROL         0x08u
#define SRIOV_VF_ENABLE       BIT(0)
#define SRIOV_VF_MSE          BIT(3)
#define SRIOV_ARI             BIT(4)
#define SRIOV_INITIAL_VFS     0x0cu
#define SRIOV_NUM_VFS         0x10u
#define NUM_VFS               BITS(15, 0)
#define SRIOV_OFFSET_STRIDE   0x14u
#define SRIOV_VF_DEVICE_ID    0x18u
#define SRIOV_SUPPORTED_PAGES 0x1cu
#define SRIOV_SYSTEM_PAGE     0x20u
#define SRIOV_VF_BAR          0x24u
#define SRIOV_MIGRATION_ARRAY 0x3cu

/* ATS, section 10.5.1. */
#define ATS_CONTROL           0x04u
#define ATS_QUEUE_DEPTH       BITS(4, 0) /* 0: 32 */
#define ATS_PAGE_ALIGNED      BIT(5)
#define ATS_GLOBAL_INVALIDATE BIT(6)
#define ATS_STU               BITS(20, 16)
#define ATS_ENABLE            BIT(31)

/* Page requests, section 10.5.2. */
#define PRI_CONTROL          0x04u
#define PRI_ENABLE           BIT(0)
#define PRI_RESET            BIT(1)
#define PRI_RESPONSE_FAILURE BIT(16)
#define PRI_UNEXPECTED_GROUP BIT(17)
#define PRI_STOPPED          BIT(24)
#define PRI_CAPACITY         0x08u
#define PRI_ALLOCATION       0x0cu

/* PASID, section 7.8.9. */
#define PASID_CONTROL           0x04u
#define PASID_CAN_EXECUTE       BIT(1)
#define PASID_CAN_BE_PRIVILEGED BIT(2)
#define PASID_WIDTH             BITS(12, 8)
#define PASID_ENABLE            BIT(16)
#define PASID_EXECUTE           BIT(17)
#define PASID_PRIVILEGED        BIT(18)

#endif
