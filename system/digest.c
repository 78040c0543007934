/* SPDX-License-Identifier: Apache-2.0 */
#include "system/digest.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h> /* the same hash by the widest vectors that the CPU has */
#endif

#include "base/bits.h"

#define BUFFER_BYTES 8192u
/* Time, kind, argument count and data length, then arguments, then the name with its zero. */
#define HEAD_BYTES 20u
#define NAME_MAX   64u

/* Events are small: they are gathered before they are hashed. */
struct digest {
	XXH3_state_t *state;
	uint32_t used;
	uint8_t buffer[BUFFER_BYTES];
};

struct digest *digest_create(void)
{
	struct digest *digest = malloc(sizeof(*digest));

	if (!digest)
		return NULL;
	digest->used = 0;
	digest->state = XXH3_createState();
	if (!digest->state) {
		free(digest);
		return NULL;
	}
	XXH3_64bits_reset(digest->state);
	return digest;
}

void digest_destroy(struct digest *digest)
{
	if (!digest)
		return;
	XXH3_freeState(digest->state);
	free(digest);
}

static void flush(struct digest *digest)
{
	XXH3_64bits_update(digest->state, digest->buffer, digest->used);
	digest->used = 0;
}

void digest_event(struct digest *digest, const struct trace_event *event)
{
	size_t name_bytes = strnlen(event->part->name, NAME_MAX - 1) + 1;
	uint8_t *to;

	if (digest->used + HEAD_BYTES + 8 * TRACE_ARGS + NAME_MAX > BUFFER_BYTES)
		flush(digest);
	to = digest->buffer + digest->used;
	le64_put(to, event->time_ps);
	le32_put(to + 8, (uint32_t)event->kind);
	le32_put(to + 12, event->data_len);
	le32_put(to + 16, event->part->host);
	to += HEAD_BYTES;
	for (uint32_t i = 0; i < TRACE_ARGS; i++, to += 8)
		le64_put(to, event->arg[i]);
	memcpy(to, event->part->name, name_bytes - 1);
	to[name_bytes - 1] = 0;
	digest->used = (uint32_t)(to + name_bytes - digest->buffer);
	if (!event->data_len)
		return;
	flush(digest);
	XXH3_64bits_update(digest->state, event->data, event->data_len);
}

uint64_t digest_value(struct digest *digest)
{
	flush(digest);
	return XXH3_64bits_digest(digest->state);
}
