/* SPDX-License-Identifier: Apache-2.0 */
#include "host/vmm/migration_internal.h"

#include <errno.h>
#include <stdlib.h>

int migration_send(struct migration *m, struct actor *self, enum migration_message type,
		   uint32_t argument, const void *data, uint32_t len_bytes)
{
	struct channel_message message = {.type = type, .argument = argument};

	if (len_bytes) {
		message.data = malloc(len_bytes);
		if (!message.data)
			return -ENOMEM;
		memcpy(message.data, data, len_bytes);
		message.len_bytes = len_bytes;
	}
	return channel_send(m->to, self, &message);
}

/* Has the destination given up, or has somebody asked us to? */
static int interrupted(struct migration *m)
{
	struct channel_message message;
	int ret;

	if (m->cancel)
		return -ECANCELED;
	if (channel_try_receive(m->back, &message))
		return 0;
	ret = message.type == MSG_FAILED ? -(int)message.argument : -EPROTO;
	channel_release(m->back, &message);
	return ret;
}

/* Fill a batch from the bitmap, from word `*word` on; pages taken are cleared. */
static uint32_t take_batch(struct migration *m, uint64_t *word, struct channel_page *page,
			   struct migration_round *round)
{
	const struct vm *vm = m->source;
	uint64_t words = (vm_pages(vm) + 63) / 64;
	uint32_t count = 0;

	for (; *word < words && count < MIGRATION_BATCH_PAGES; ++*word) {
		uint64_t *bits = &m->pending[*word];

		for (; *bits && count < MIGRATION_BATCH_PAGES; *bits &= *bits - 1) {
			uint64_t number = *word * 64 + (uint64_t)__builtin_ctzll(*bits);
			uint64_t gpa = vm->cfg.ram_base + number * DRAM_PAGE_SIZE;
			uint64_t pa = vm_page_pa(vm, gpa);
			bool zero = dram_page_is_zero(vm->env.dram, pa);

			page[count++] = (struct channel_page){gpa, zero ? 0 : pa};
			round->zero_pages += zero;
		}
		if (*bits)
			break;
	}
	return count;
}

int migration_send_pages(struct migration *m, struct actor *self, struct migration_round *round)
{
	uint64_t before = channel_bytes_sent(m->to);
	uint64_t word = 0;
	int ret = 0;

	round->begin_ps = sim_now(m->source->env.part.sim);
	while (!ret) {
		struct channel_message message = {.type = MSG_PAGES, .argument = round->number};

		message.page = malloc(MIGRATION_BATCH_PAGES * sizeof(*message.page));
		if (!message.page)
			return -ENOMEM;
		message.pages = take_batch(m, &word, message.page, round);
		if (!message.pages) {
			free(message.page);
			break;
		}
		round->dirty_pages += message.pages;
		vm_spend(m->source, self, message.pages * m->cfg.page_ps);
		ret = channel_send(m->to, self, &message);
		if (!ret)
			ret = interrupted(m);
	}
	round->bytes = channel_bytes_sent(m->to) - before;
	round->time_ps = sim_now(m->source->env.part.sim) - round->begin_ps;
	m->result->memory_bytes += round->bytes;
	return ret;
}

int migration_send_state(struct migration *m, struct actor *self, uint64_t *bytes)
{
	struct vm *vm = m->source;
	uint8_t *buffer = malloc(MIGRATION_STATE_BYTES);
	ssize_t got;
	int ret = buffer ? 0 : -ENOMEM;

	while (!ret) {
		got = uapi_read(vm->process, self, m->data_fd, buffer, MIGRATION_STATE_BYTES);
		if (got == 0 || got == -ENOMSG)
			break;
		if (got < 0)
			ret = (int)got;
		else
			ret = migration_send(m, self, MSG_STATE, 0, buffer, (uint32_t)got);
		if (!ret)
			*bytes += (uint64_t)got;
	}
	free(buffer);
	return ret;
}
