/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interrupts: each message that a function raised reaches the doorbell once, and
 * when it does, the bytes that its vector announced before it was raised are in
 * memory. The kernel numbers a function's events by vector.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "system/oracle/oracle_internal.h"

/* Bytes that are announced and not yet in memory. */
struct announced {
	uint64_t iova;
	uint64_t left; /* bytes of them that have not landed; 0: settled */
	uint64_t end;
	uint64_t serial;
	uint32_t vector;
};

/* A message under way. */
struct raised {
	uint64_t serial; /* of the function's announcements so far */
	uint32_t vector;
};

/* One function: two queues, consumed from the front. */
struct function_state {
	struct announced *announced;
	uint32_t announced_first, announced_count, announced_capacity;
	struct raised *raised;
	uint32_t raised_first, raised_count, raised_capacity;
	uint64_t serial;
	uint64_t rid;
};

struct interrupts {
	struct keymap function_of;
	struct function_state *function;
	uint32_t functions, functions_capacity;
	uint64_t raised, delivered;
};

static struct function_state *function_find(struct interrupts *state, uint32_t host, uint64_t rid)
{
	bool is_new;
	uint32_t number = keymap_intern(&state->function_of, key_of(host, rid, 0), &is_new);

	if (is_new) {
		state->function = array_reserve(state->function, &state->functions_capacity, number,
						sizeof(*state->function));
		state->function[number].rid = rid;
		state->functions = number + 1;
	}
	return &state->function[number];
}

static void announce(struct function_state *function, uint64_t vector, uint64_t iova, uint64_t len)
{
	if (function->announced_first == function->announced_count)
		function->announced_first = function->announced_count = 0;
	function->announced =
		array_reserve(function->announced, &function->announced_capacity,
			      function->announced_count, sizeof(*function->announced));
	function->announced[function->announced_count++] = (struct announced){
		.iova = iova,
		.left = len,
		.end = iova + len,
		.serial = ++function->serial,
		.vector = (uint32_t)vector,
	};
}

/* Writes of a function land in order, so what landed is found near the front. */
static void land(struct function_state *function, uint64_t iova, uint64_t len)
{
	for (uint32_t i = function->announced_first; i < function->announced_count; i++) {
		struct announced *announced = &function->announced[i];
		uint64_t from = MAX(iova, announced->iova), to = MIN(iova + len, announced->end);

		if (!announced->left || from >= to)
			continue;
		announced->left -= MIN(announced->left, to - from);
		break;
	}
	while (function->announced_first < function->announced_count &&
	       !function->announced[function->announced_first].left)
		function->announced_first++;
}

static void raise(struct function_state *function, uint64_t vector)
{
	if (function->raised_first == function->raised_count)
		function->raised_first = function->raised_count = 0;
	function->raised = array_reserve(function->raised, &function->raised_capacity,
					 function->raised_count, sizeof(*function->raised));
	function->raised[function->raised_count++] =
		(struct raised){.serial = function->serial, .vector = (uint32_t)vector};
}

/* The oldest message of a vector, taken out; false for none. */
static bool take_raised(struct function_state *function, uint64_t vector, struct raised *raised)
{
	for (uint32_t i = function->raised_first; i < function->raised_count; i++) {
		if (function->raised[i].vector != vector)
			continue;
		*raised = function->raised[i];
		/* Others that overtook it keep their order. */
		for (; i > function->raised_first; i--)
			function->raised[i] = function->raised[i - 1];
		function->raised_first++;
		return true;
	}
	return false;
}

static const struct announced *not_landed(const struct function_state *function,
					  const struct raised *raised)
{
	for (uint32_t i = function->announced_first; i < function->announced_count; i++) {
		const struct announced *announced = &function->announced[i];

		if (announced->serial > raised->serial)
			return NULL;
		if (announced->left && announced->vector == raised->vector)
			return announced;
	}
	return NULL;
}

static void deliver(struct oracle *oracle, struct function_state *function, uint64_t vector)
{
	const struct announced *late;
	struct raised raised;

	if (!take_raised(function, vector, &raised)) {
		oracle_violation(oracle, CHECK_INTERRUPTS,
				 "function 0x%" PRIx64 ", vector %" PRIu64
				 ": delivered, and was not raised",
				 function->rid, vector);
		return;
	}
	late = not_landed(function, &raised);
	if (late)
		oracle_violation(oracle, CHECK_INTERRUPTS,
				 "function 0x%" PRIx64 ", vector %" PRIu64
				 ": delivered before %" PRIu64
				 " bytes that it announces at 0x%" PRIx64,
				 function->rid, vector, late->left, late->iova);
}

/* What a reset function had announced will not come. Messages under way still arrive. */
static void reset(struct function_state *function)
{
	function->announced_first = function->announced_count = 0;
}

static void interrupts_event(struct oracle *oracle, void *ctx, const struct trace_event *event)
{
	struct interrupts *state = ctx;
	const uint64_t *arg = event->arg;
	struct function_state *function;

	if (oracle->cfg.foreign_kernel)
		return;
	function = function_find(state, event->part->host, arg[0]);
	switch (event->kind) {
	case TRACE_MSIX_ANNOUNCES:
		announce(function, arg[1], arg[2], arg[3]);
		return;
	case TRACE_DMA_LANDED:
		land(function, arg[2], arg[4]);
		return;
	case TRACE_MSIX_RAISED:
		state->raised++;
		raise(function, arg[1]);
		return;
	case TRACE_MSI_DELIVERED:
		state->delivered++;
		deliver(oracle, function, arg[1]);
		return;
	default:
		reset(function);
	}
}

static void interrupts_finish(struct oracle *oracle, void *ctx, struct oracle_finding *finding)
{
	const struct interrupts *state = ctx;

	for (uint32_t i = 0; i < state->functions; i++) {
		const struct function_state *function = &state->function[i];

		for (uint32_t j = function->raised_first; j < function->raised_count; j++)
			oracle_violation(oracle, CHECK_INTERRUPTS,
					 "function 0x%" PRIx64 ", vector %u: raised and never "
					 "delivered",
					 function->rid, function->raised[j].vector);
	}
	if (!state->raised && !state->delivered)
		finding->verdict = ORACLE_NOT_APPLICABLE;
	snprintf(finding->detail, sizeof(finding->detail),
		 "%" PRIu64 " raised, each delivered once and after its data", state->raised);
}

static void interrupts_release(void *ctx)
{
	struct interrupts *state = ctx;

	for (uint32_t i = 0; i < state->functions; i++) {
		free(state->function[i].announced);
		free(state->function[i].raised);
	}
	free(state->function);
	keymap_release(&state->function_of);
}

static const enum trace_kind interrupts_kinds[] = {TRACE_MSIX_ANNOUNCES, TRACE_DMA_LANDED,
						   TRACE_MSIX_RAISED,    TRACE_MSI_DELIVERED,
						   TRACE_FUNCTION_RESET, TRACE_KIND_COUNT};

const struct oracle_check oracle_interrupts = {
	.state_bytes = sizeof(struct interrupts),
	.kind = interrupts_kinds,
	.event = interrupts_event,
	.finish = interrupts_finish,
	.release = interrupts_release,
};
