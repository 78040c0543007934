/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client may truncate a file that is mapped here, and the next access to what is gone raises
 * SIGBUS. The handler puts zeros of our own there, and the access goes on.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>

#include "base/bits.h"
#include "cosim/vfio-user/server_internal.h"

/* A signal handler has no context: the windows of this process. */
static struct vfu_guard *volatile guards;
static volatile uint64_t lost;
static struct sigaction previous;
static bool installed;

static struct vfu_guard *find(const uint8_t *address)
{
	struct vfu_guard *guard = guards;

	while (guard && (address < guard->start || address >= guard->start + guard->bytes))
		guard = guard->next;
	return guard;
}

static void pass_on(int signal_number, siginfo_t *info, void *context)
{
	if (previous.sa_flags & SA_SIGINFO)
		previous.sa_sigaction(signal_number, info, context);
	else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN)
		previous.sa_handler(signal_number);
	else
		signal(SIGBUS, SIG_DFL); /* it happens again, and ends us */
}

static void on_sigbus(int signal_number, siginfo_t *info, void *context)
{
	struct vfu_guard *guard = find(info->si_addr);
	uint8_t *block;

	if (!guard) {
		pass_on(signal_number, info, context);
		return;
	}
	block = guard->start +
		align_down((uint64_t)((uint8_t *)info->si_addr - guard->start), guard->block);
	if (mmap(block, guard->block, guard->prot, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1,
		 0) == MAP_FAILED) {
		pass_on(signal_number, info, context);
		return;
	}
	guard->lost = true;
	lost++;
}

static void install(void)
{
	struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER};

	sigemptyset(&action.sa_mask);
	installed = !sigaction(SIGBUS, &action, &previous);
}

/* The list is always whole for a handler that comes in between. */
void vfu_guard_add(struct vfu_guard *guard)
{
	if (!installed)
		install();
	guard->lost = false;
	guard->next = guards;
	atomic_signal_fence(memory_order_seq_cst);
	guards = guard;
}

void vfu_guard_remove(struct vfu_guard *guard)
{
	struct vfu_guard *at = guards;

	if (at == guard)
		guards = guard->next;
	for (; at; at = at->next)
		if (at->next == guard)
			at->next = guard->next;
	if (!guards && installed) {
		sigaction(SIGBUS, &previous, NULL);
		installed = false;
	}
}

uint64_t vfu_guard_lost(void)
{
	return lost;
}
