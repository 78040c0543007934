/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#include <errno.h>
#include <string.h>

const struct fault_info fault_catalogue[FAULT_COUNT] = {
	[FAULT_DIRTY_UPDATE_SKIPPED] = {"dirty-update-skipped", "lost-page",
					"the SMMU skips the dirty update of one write"},
	[FAULT_PAGE_LOST_IN_STREAM] = {"page-lost-in-stream", "memory-equal",
				       "one page is lost in the migration stream"},
	[FAULT_DMA_AFTER_INVALIDATION] = {"dma-after-invalidation", "dma-isolation",
					  "a DMA lands after its invalidation completed"},
	[FAULT_PACKET_DUPLICATED] = {"packet-duplicated", "packets",
				     "one packet is delivered twice"},
	[FAULT_MSIX_BEFORE_DATA] = {"msix-before-data", "interrupts",
				    "an MSI-X is raised before the data it announces"},
	[FAULT_REGISTER_NOT_RESTORED] = {"register-not-restored", "vf-state-equal",
					 "a register is left out when a VF's state is restored"},
	[FAULT_MAILBOX_ANSWERED_TWICE] = {"mailbox-answered-twice", "state-machines",
					  "the firmware answers one request of a VF twice"},
	[FAULT_COMMANDS_SWAPPED] = {"commands-swapped", "smmu-queues",
				    "the SMMU takes a CMD_SYNC before the command ahead of it"},
	[FAULT_DMA_TAG_KEPT] = {"dma-tag-kept", "leaks",
				"the NIC does not take back the tag of one read"},
	[FAULT_DEVICE_LOG_SKIPPED] = {"device-log-skipped", "lost-page",
				      "the NIC leaves one page out of its DMA log"},
	[FAULT_TLB_TAG_IGNORED] = {"tlb-tag-ignored", "master-data",
				   "the TLB answers once with a line of another address space"},
	[FAULT_PAGE_REQUEST_ANSWERED_TWICE] = {"page-request-answered-twice", "page-requests",
					       "the SMMU answers a group of page requests that it "
					       "recorded for software too"},
	[FAULT_FRAME_NOT_COUNTED] = {"frame-not-counted", "statistics",
				     "the NIC's port does not count one frame that it sends"},
};

int fault_plant(struct fault_plan *plan, const char *name, uint32_t times)
{
	for (uint32_t id = 0; id < FAULT_COUNT; id++) {
		if (strcmp(fault_catalogue[id].name, name))
			continue;
		plan->left[id] = times;
		plan->armed &= ~(1u << id);
		plan->armed |= (times ? 1u : 0u) << id;
		return 0;
	}
	return -ENOENT;
}

bool fault_fires(struct fault_plan *plan, enum fault_id id)
{
	if (!fault_armed(plan, id))
		return false;
	plan->fired[id]++;
	if (!--plan->left[id])
		plan->armed &= ~(1u << id);
	return true;
}
