/* SPDX-License-Identifier: Apache-2.0 */
#include "system/sequence_log.h"

#include <stdlib.h>
#include <string.h>

/* Without memory the line comes too early, which a replay then tells. */
static bool append(struct logged_writes *writes, struct logged_write write)
{
	if (writes->count == writes->capacity) {
		uint32_t capacity = writes->capacity ? 2 * writes->capacity : 64;
		struct logged_write *more = realloc(writes->write, capacity * sizeof(*more));

		if (!more)
			return false;
		writes->write = more;
		writes->capacity = capacity;
	}
	writes->write[writes->count++] = write;
	return true;
}

/* Take the oldest such write out; none: one that is late for nothing. */
static struct logged_write take(struct logged_writes *writes, uint64_t iova, uint64_t len)
{
	for (uint32_t i = 0; i < writes->count; i++) {
		struct logged_write found = writes->write[i];

		if (found.iova != iova || found.len != len)
			continue;
		writes->count--;
		memmove(&writes->write[i], &writes->write[i + 1],
			(writes->count - i) * sizeof(*writes->write));
		return found;
	}
	return (struct logged_write){iova, len, 0};
}

void sequence_log_begin(struct sequence_log *log, bool starts)
{
	log->call = ++log->calls;
	log->starts = starts;
	log->taken_end = 0;
}

void sequence_log_end(struct sequence_log *log)
{
	log->call = 0;
}

void sequence_log_event(struct sequence_log *log, const struct trace_event *event)
{
	struct logged_write write = {event->arg[1], event->arg[2], 0};

	if (event->kind == TRACE_DMA_LOG_TAKEN) {
		log->taken_end = event->arg[1] + event->arg[2];
		return;
	}
	if (log->call && (log->starts || write.iova < log->taken_end))
		write.late_for = log->call;
	append(&log->sent, write);
}

bool sequence_log_write(struct sequence_log *log, uint64_t iova, uint64_t len)
{
	struct logged_write write = take(&log->sent, iova, len);

	return write.late_for && write.late_for == log->call && append(&log->late, write);
}

void sequence_log_refused(struct sequence_log *log, uint64_t iova, uint64_t len)
{
	take(&log->sent, iova, len);
}

void sequence_log_release(struct sequence_log *log)
{
	free(log->sent.write);
	free(log->late.write);
	*log = (struct sequence_log){0};
}
