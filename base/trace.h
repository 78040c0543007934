/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_BASE_TRACE_H
#define VFSIM_BASE_TRACE_H

/*
 * Typed trace events: everything visible that happens, with its time. The
 * digest, the oracle, the sequence trace and the summary are all made of them.
 *
 * A kind is a row of trace_catalogue that names its arguments; a part emits one
 * with trace_emit(). An event that the oracle needs says what happened, never
 * what the oracle should conclude.
 */

#include "base/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TRACE_ARGS 6

/* KIND, name, names of its arguments. Arguments are uint64_t. */
#define TRACE_KINDS(X)                                                                             \
	/* the SMMU read a stream table entry, a context descriptor (data: their words);           \
	 * l1std_pa is 0 for a linear table */                                                     \
	X(SMMU_STE, "smmu_ste", "stream", "l1std_pa", "l1std", "pa")                               \
	X(SMMU_CD, "smmu_cd", "stream", "substream", "pa")                                         \
	/* the SMMU lets a device's access through, or not; written/read bytes follow at `pa` */   \
	X(DMA_READ, "dma_read", "stream", "substream", "iova", "pa", "len")                        \
	X(DMA_WRITE, "dma_write", "stream", "substream", "iova", "pa", "len")                      \
	X(DMA_FAULT, "dma_fault", "stream", "substream", "iova", "write", "len", "event")          \
	/* memory has taken the bytes of a device's write */                                       \
	X(DMA_LANDED, "dma_landed", "stream", "substream", "iova", "pa", "len")                    \
	/* a test master's read: were all its words those that belong there, or what was the first \
	 * one that was not */                                                                     \
	X(MASTER_READ, "master_read", "stream", "substream", "iova", "len", "right", "found")      \
	/* SMMU queues: software has put a command at `index` and tells of it soon; software wrote \
	 * a register, and what the queue's registers hold now; data: the entry */                 \
	X(SMMU_ISSUED, "smmu_issued", "index")                                                     \
	X(SMMU_QUEUE, "smmu_queue", "register", "log2size", "prod", "cons")                        \
	/* a command consumed, from `index`; `older`: transactions that a CMD_SYNC left behind */  \
	X(SMMU_COMMAND, "smmu_command", "opcode", "index", "older")                                \
	/* an event recorded, or lost; the producer register after it; data: the entry */          \
	X(SMMU_EVENT, "smmu_event", "type", "stream", "prod")                                      \
	X(SMMU_EVENT_LOST, "smmu_event_lost", "type", "stream", "prod", "enabled")                 \
	X(SMMU_DIRTY, "smmu_dirty", "stream", "substream", "iova", "descriptor_pa")                \
	/* a queue's bytes that interrupt `vector` of function `rid` will announce */              \
	X(MSIX_ANNOUNCES, "msix_announces", "rid", "vector", "iova", "len")                        \
	X(MSIX_RAISED, "msix_raised", "rid", "vector")                                             \
	X(MSI_DELIVERED, "msi_delivered", "device_id", "event_id")                                 \
	/* PCIe functions; reads and writes of it that were under way */                           \
	X(FUNCTION_RESET, "function_reset", "rid", "cause", "reads", "writes")                     \
	X(VF_ENABLED, "vf_enabled", "rid", "enabled")                                              \
	/* the NIC: a queue works, or does not; why a VF is stopped (NIC_STOP_*, 0: it goes) */    \
	X(QUEUE_STATE, "queue_state", "vf", "rx", "queue", "enabled")                              \
	X(VF_STOP, "vf_stop", "vf", "why")                                                         \
	/* packets: a driver handed one to its NIC or took one out; the NIC lost one */            \
	X(PACKET_SENT, "packet_sent", "flow", "number", "len")                                     \
	X(PACKET_RECEIVED, "packet_received", "flow", "number", "len", "intact")                   \
	X(PACKET_DROPPED, "packet_dropped", "flow", "number", "len", "cause")                      \
	/* who held a packet gave it up in a reset, not knowing whether it went */                 \
	X(PACKET_ABANDONED, "packet_abandoned", "flow", "number", "len")                           \
	/* mailbox: a virtchnl message to the firmware and its answer */                           \
	X(MAILBOX_REQUEST, "mailbox_request", "vf", "opcode", "len")                               \
	X(MAILBOX_REPLY, "mailbox_reply", "vf", "opcode", "status", "len")                         \
	X(VF_STATE, "vf_state", "vf", "from", "to")                                                \
	/* the firmware has worked on a message since `begin_ps`; the PF's driver had asked for a  \
	 * command then, and has its answer now: `result` 0 or a negative errno */                 \
	X(FIRMWARE, "firmware", "pf", "vf", "opcode", "begin_ps")                                  \
	X(PF_COMMAND, "pf_command", "opcode", "vf", "result", "begin_ps")                          \
	/* the kernel's view of who may reach what; `table` identifies an I/O page table */        \
	X(IOMMU_ATTACH, "iommu_attach", "stream", "substream", "table")                            \
	X(IOMMU_DETACH, "iommu_detach", "stream", "substream", "table")                            \
	X(IOMMU_MAP, "iommu_map", "table", "iova", "len", "writable")                              \
	X(IOMMU_UNMAP, "iommu_unmap", "table", "iova", "len")                                      \
	/* by enum dirty_source */                                                                 \
	X(DIRTY_TRACKING, "dirty_tracking", "table", "enabled", "source")                          \
	/* bits were taken from the table at `begin_ps`, the call returns now; data: bitmap of     \
	 * 64-bit words */                                                                         \
	X(DIRTY_READ, "dirty_read", "table", "iova", "len", "page_size", "begin_ps", "cleared")    \
	/* the NIC has put a write that it sends into its log, and has taken a part of the log */  \
	X(DMA_LOGGED, "dma_logged", "rid", "iova", "len")                                          \
	X(DMA_LOG_TAKEN, "dma_log_taken", "rid", "iova", "len")                                    \
	/* a device's own log of its writes: enum trace_logging. A report was asked for at         \
	 * `begin_ps` and is returned now; data: bitmap of 64-bit words, none if all is clean */   \
	X(DMA_LOGGING, "dma_logging", "stream", "state")                                           \
	X(DMA_LOG_REPORT, "dma_log_report", "stream", "iova", "len", "page_size", "begin_ps")      \
	/* uAPI calls; data: the argument after the call */                                        \
	X(CALL, "call", "process", "fd", "number", "result")                                       \
	X(MIG_STATE, "mig_state", "device", "from", "to")                                          \
	/* the VMM */                                                                              \
	X(VM_STATE, "vm_state", "vm", "running")                                                   \
	/* a migration's next step begins (enum migration_step); after the last one it is over */  \
	X(MIGRATION, "migration", "vm", "step", "error")                                           \
	/* which source it relies on for what `stream` writes; and that it takes all for dirty now \
	 */                                                                                        \
	X(DIRTY_SOURCE, "dirty_source", "vm", "stream", "source", "on")                            \
	X(DIRTY_ASSUMED, "dirty_assumed", "stream", "iova", "len")                                 \
	X(ROUND, "round", "vm", "number", "dirty_pages", "bytes", "begin_ps")                      \
	X(LEAK, "leak", "what", "count")                                                           \
	/* Details, by trace_detail(): a slot of the SMMU's walkers was busy since `begin_ps` with \
	 * what enum smmu_walk_kind says, `event` 0 or why it failed; the tables that a walk read  \
	 * (data: level, address and descriptor of each, 64-bit words); frames (data) at an end of \
	 * the wire, and those that a switch takes from one VF to another */                       \
	X(WALK, "walk", "walker", "what", "stream", "iova", "event", "begin_ps")                   \
	X(WALK_TABLES, "walk_tables", "stream", "substream", "iova", "pa", "shift", "levels")      \
	X(WIRE_FRAME, "wire_frame", "host", "arrives", "lost")                                     \
	X(SWITCH_FRAME, "switch_frame", "vf")                                                      \
	/* No details, but last, so that the kinds before keep their numbers: the SMMU answers a   \
	 * translation request (enum bus_status; data: the entries), asks a device to forget       \
	 * addresses, hears that it has or does not wait any longer; a page request is in the      \
	 * queue (data: the entry) or lost, and the SMMU answers a group */                        \
	X(ATS_ANSWER, "ats_answer", "stream", "substream", "iova", "write", "status")              \
	X(ATS_INVALIDATE, "ats_invalidate", "stream", "substream", "iova", "shift", "itag")        \
	X(ATS_INVALIDATED, "ats_invalidated", "stream", "itag", "timed_out")                       \
	X(PAGE_REQUEST, "page_request", "stream", "substream", "iova", "group", "last", "lost")    \
	X(PAGE_RESPONSE, "page_response", "stream", "substream", "group", "code")                  \
	/* a VF's Tx queue stops because of what its driver has told it: enum mdd_event */         \
	X(MDD_EVENT, "mdd_event", "vf", "queue", "event")                                          \
	/* the wire keeps a packet back, so that later ones may overtake it */                     \
	X(PACKET_HELD, "packet_held", "flow", "number", "len")                                     \
	/* a VF's driver does not empty its receive queue: it never hears of this answer */        \
	X(MAILBOX_LOST, "mailbox_lost", "vf", "opcode")

enum trace_kind {
#define TRACE_KIND_ENUM(kind, ...) TRACE_##kind,
	TRACE_KINDS(TRACE_KIND_ENUM)
#undef TRACE_KIND_ENUM
		TRACE_KIND_COUNT
};

struct trace_kind_info {
	const char *name;
	const char *arg[TRACE_ARGS];
};

extern const struct trace_kind_info trace_catalogue[TRACE_KIND_COUNT];

/* Who says which pages a device wrote. */
enum dirty_source {
	DIRTY_HTTU,       /* the SMMU's table update, read out of an I/O page table */
	DIRTY_DEVICE,     /* the device's own log */
	DIRTY_EVERYTHING, /* nobody: the VMM takes all for dirty */
	DIRTY_TYPE1,      /* the kernel, of a container: all that is mapped is dirty */
	DIRTY_SOURCES
};

extern const char *const dirty_source_names[]; /* NULL-terminated */

/* Of DMA_LOGGING: asked for, and from when on a write must be in a report. */
enum trace_logging { TRACE_LOGGING_OFF, TRACE_LOGGING_STARTS, TRACE_LOGGING_ON };

/* What the trace calls "no substream". */
#define TRACE_NO_SUBSTREAM UINT64_MAX

struct trace_event {
	uint64_t time_ps;
	enum trace_kind kind;
	const struct sim_part *part;
	uint64_t arg[TRACE_ARGS];
	const void *data; /* borrowed, or NULL */
	uint32_t data_len;
};

/* Emit an event of `kind` now, with data (may be NULL) and up to TRACE_ARGS arguments. */
void trace_emit_data(const struct sim_part *part, enum trace_kind kind, const void *data,
		     uint32_t data_len, const uint64_t arg[TRACE_ARGS]);

/* Emit `event`, whose time is filled in here. */
void trace_emit_event(struct trace_event *event);

/*
 * trace_emit(part, TRACE_MSIX_RAISED, rid, vector): arguments in the catalogue's
 * order, written once, into the event itself, if anybody listens. For C; C++ has
 * trace_emit_data.
 */
#define trace_emit(part, kind, ...)                                                                \
	do {                                                                                       \
		if ((part)->sim->hooks.trace)                                                      \
			trace_emit_event(                                                          \
				&(struct trace_event){0, kind, part, {__VA_ARGS__}, NULL, 0});     \
	} while (0)

/*
 * Details are for who looks closely: they are told only while somebody listens
 * to them (hooks.detail) and so are no part of the digest.
 */
#define trace_detail(part, kind, data, data_len, ...)                                              \
	do {                                                                                       \
		if ((part)->sim->hooks.detail)                                                     \
			trace_emit_detail(&(struct trace_event){                                   \
				0, kind, part, {__VA_ARGS__}, data, data_len});                    \
	} while (0)

void trace_emit_detail(struct trace_event *event);

#ifdef __cplusplus
}
#endif
#endif
