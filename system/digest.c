/* SPDX-License-Identifier: Apache-2.0 */
#include "system/digest.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h> /* the same hash by the widest vectors that the CPU has */
#endif

#include "base/bits.h"

#define BUFFER_WORDS 1024u
#define RECORD_WORDS (4u + TRACE_ARGS)
#define KNOWN_NAMES  64u

/* The hash of an instance's name, by where the name is kept. */
struct known_name {
	const char *name;
	uint64_t hash;
};

/* Events are small: they are gathered before they are hashed. There is always room for one. */
struct digest {
	XXH3_state_t *state;
	uint32_t used;
	uint64_t word[BUFFER_WORDS]; /* little-endian */
	struct known_name known[KNOWN_NAMES];
};

struct digest *digest_create(void)
{
	struct digest *digest = calloc(1, sizeof(*digest));

	if (!digest)
		return NULL;
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
	XXH3_64bits_update(digest->state, digest->word, 8 * digest->used);
	digest->used = 0;
}

/* Where a name is kept chooses where its hash is kept, and nothing else. */
static struct known_name *known_name(struct digest *digest, const char *name)
{
	return &digest->known[(uintptr_t)name / 8 % KNOWN_NAMES];
}

/* An event of a part whose name's hash is not at hand. */
static APART void learn_name(struct digest *digest, const struct trace_event *event)
{
	const char *name = event->part->name;

	*known_name(digest, name) = (struct known_name){name, XXH3_64bits(name, strlen(name))};
	digest_event(digest, event);
}

/* Hash what is gathered, and the data that follows the last event. */
static APART void hash(struct digest *digest, const struct trace_event *event)
{
	flush(digest);
	XXH3_64bits_update(digest->state, event->data, event->data_len);
}

/* What is rare is a call at the end, so that the rest needs nothing saved. */
void digest_event(struct digest *digest, const struct trace_event *event)
{
	const struct known_name *known = known_name(digest, event->part->name);
	uint64_t *word = digest->word + digest->used;

	if (known->name != event->part->name) {
		learn_name(digest, event);
		return;
	}
	le64_put(&word[0], event->time_ps);
	le64_put(&word[1], (uint64_t)event->kind << 32 | event->data_len);
	le64_put(&word[2], event->part->host);
	le64_put(&word[3], known->hash);
#pragma GCC unroll 8
	for (uint32_t i = 0; i < TRACE_ARGS; i++)
		le64_put(&word[4 + i], event->arg[i]);
	digest->used += RECORD_WORDS;
	if (event->data_len || digest->used + RECORD_WORDS > BUFFER_WORDS)
		hash(digest, event);
}

uint64_t digest_value(struct digest *digest)
{
	flush(digest);
	return XXH3_64bits_digest(digest->state);
}
