/* SPDX-License-Identifier: Apache-2.0 */
#include "host/vmm/dirty_log.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t words(const struct dirty_log *log)
{
	return (log->pages + 63) / 64;
}

static uint64_t summary_words(const struct dirty_log *log)
{
	return (words(log) + 63) / 64;
}

int dirty_log_init(struct dirty_log *log, uint64_t pages)
{
	log->enabled = false;
	log->pages = pages;
	log->bitmap = calloc(words(log), sizeof(uint64_t));
	log->summary = calloc(summary_words(log), sizeof(uint64_t));
	if (log->bitmap && log->summary)
		return 0;
	dirty_log_fini(log);
	return -ENOMEM;
}

void dirty_log_fini(struct dirty_log *log)
{
	free(log->bitmap);
	free(log->summary);
	log->bitmap = log->summary = NULL;
}

void dirty_log_enable(struct dirty_log *log, bool enable)
{
	if (enable && !log->enabled) {
		memset(log->bitmap, 0, words(log) * sizeof(uint64_t));
		memset(log->summary, 0, summary_words(log) * sizeof(uint64_t));
	}
	log->enabled = enable;
}

uint64_t dirty_log_read(struct dirty_log *log, uint64_t *bitmap)
{
	uint64_t count = 0;

	for (uint64_t s = 0; s < summary_words(log); s++) {
		for (; log->summary[s]; log->summary[s] &= log->summary[s] - 1) {
			uint64_t w = s * 64 + (uint64_t)__builtin_ctzll(log->summary[s]);

			count += (uint64_t)__builtin_popcountll(log->bitmap[w]);
			bitmap[w] |= log->bitmap[w];
			log->bitmap[w] = 0;
		}
	}
	return count;
}
