/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state-machines: a device's migration state takes only the arcs that the VFIO
 * uAPI draws (include/uapi/linux/vfio.h, enum vfio_device_mig_state), each from
 * where the last one ended. A VF's own state, as VFGEN_RSTAT shows it, goes from
 * reset in progress over completed to active, and back to a reset from anywhere.
 * A VF's mailbox takes a request and gives its answer before the next one; a
 * reset takes an answer away, and so does a driver that leaves no room for it; RESET_VF has none
 * but a refusal (virtchnl).
 */
#include <inttypes.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "pf-firmware/mailbox_format.h"
#include "system/oracle/oracle_internal.h"

struct arc {
	uint8_t from, to;
};

#define ARC(from, to)                                                                              \
	{                                                                                          \
		VFIO_DEVICE_STATE_##from, VFIO_DEVICE_STATE_##to                                   \
	}

/* Single arcs: combinations have been taken apart before they reach a device. */
static const struct arc migration_arcs[] = {
	/* with P2P */
	ARC(RUNNING, RUNNING_P2P),
	ARC(RUNNING_P2P, RUNNING),
	ARC(RUNNING_P2P, STOP),
	ARC(STOP, RUNNING_P2P),
	ARC(PRE_COPY, PRE_COPY_P2P),
	ARC(PRE_COPY_P2P, PRE_COPY),
	ARC(PRE_COPY_P2P, RUNNING_P2P),
	ARC(RUNNING_P2P, PRE_COPY_P2P),
	ARC(PRE_COPY_P2P, STOP_COPY),
	/* without */
	ARC(RUNNING, STOP),
	ARC(STOP, RUNNING),
	ARC(PRE_COPY, STOP_COPY),
	/* either */
	ARC(RUNNING, PRE_COPY),
	ARC(PRE_COPY, RUNNING),
	ARC(STOP, STOP_COPY),
	ARC(STOP_COPY, STOP),
	ARC(STOP, RESUMING),
	ARC(RESUMING, STOP),
};

static bool migration_legal(const uint64_t *arg, bool was_reset)
{
	uint64_t from = arg[1], to = arg[2];

	/* A reset ends in RUNNING from anywhere; an arc that failed may end in ERROR. */
	if (to == VFIO_DEVICE_STATE_ERROR || (was_reset && to == VFIO_DEVICE_STATE_RUNNING))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(migration_arcs); i++)
		if (migration_arcs[i].from == from && migration_arcs[i].to == to)
			return true;
	return false;
}

static bool vf_legal(const uint64_t *arg)
{
	uint64_t from = arg[1], to = arg[2];

	return to == VFR_INPROGRESS || to == from ||
	       (from == VFR_INPROGRESS && to == VFR_COMPLETED) ||
	       (from == VFR_COMPLETED && to == VFR_VFACTIVE);
}

struct machine_state {
	uint64_t now;
	bool known;
	bool was_reset; /* the function, since the last step */
	/* the VF's mailbox, since the VF's state last changed */
	bool asked;      /* a request came: answers from now on have one */
	bool unanswered; /* `opcode` waits for its answer */
	bool refusable;  /* it has none, unless it is refused */
	uint64_t opcode;
};

struct state_machines {
	struct keymap of;
	struct machine_state *machine;
	uint32_t capacity;
	uint64_t migration_steps, vf_steps, messages;
};

/* Kinds of machines, to keep their numbers apart. */
enum { MACHINE_MIGRATION, MACHINE_VF };

static struct machine_state *machine_find(struct state_machines *state, uint32_t host,
					  uint64_t number, uint32_t kind)
{
	bool is_new;
	uint32_t index = keymap_intern(&state->of, key_of(host, number, kind), &is_new);

	state->machine =
		array_reserve(state->machine, &state->capacity, index, sizeof(*state->machine));
	return &state->machine[index];
}

static void step(struct oracle *oracle, struct machine_state *machine, const char *what,
		 const uint64_t *arg, bool legal)
{
	if (machine->known && machine->now != arg[1])
		oracle_violation(oracle, CHECK_STATE_MACHINES,
				 "%s 0x%" PRIx64 ": a step from %" PRIu64 " to %" PRIu64
				 ", and the state was %" PRIu64,
				 what, arg[0], arg[1], arg[2], machine->now);
	if (!legal)
		oracle_violation(oracle, CHECK_STATE_MACHINES,
				 "%s 0x%" PRIx64 ": no arc from %" PRIu64 " to %" PRIu64, what,
				 arg[0], arg[1], arg[2]);
	machine->known = true;
	machine->now = arg[2];
	machine->was_reset = false;
}

static void mailbox_request(struct oracle *oracle, struct machine_state *machine,
			    const uint64_t *arg)
{
	if (machine->unanswered)
		oracle_violation(oracle, CHECK_STATE_MACHINES,
				 "VF %" PRIu64 ": opcode %" PRIu64 " is asked, and %" PRIu64
				 " was never answered",
				 arg[0], arg[1], machine->opcode);
	machine->asked = true;
	machine->refusable = arg[1] == VIRTCHNL_OP_RESET_VF;
	machine->unanswered = !machine->refusable;
	machine->opcode = arg[1];
}

/* Events come unasked; so may an answer to what a VF had asked before it came here. */
static void mailbox_reply(struct oracle *oracle, struct machine_state *machine, const uint64_t *arg)
{
	bool event = arg[1] == VIRTCHNL_OP_EVENT && !arg[2];

	if (event || !machine->asked)
		return;
	if (!(machine->unanswered || (machine->refusable && arg[2])) || machine->opcode != arg[1])
		oracle_violation(oracle, CHECK_STATE_MACHINES,
				 "VF %" PRIu64 ": opcode %" PRIu64
				 " is answered, and it was not asked",
				 arg[0], arg[1]);
	machine->unanswered = machine->refusable = false;
}

/* It was given, and the VF's driver had no room for it. */
static void mailbox_lost(struct machine_state *machine, const uint64_t *arg)
{
	if (machine->opcode == arg[1])
		machine->unanswered = false;
}

static bool is_of_vf(enum trace_kind kind)
{
	return kind == TRACE_VF_STATE || kind == TRACE_MAILBOX_REQUEST ||
	       kind == TRACE_MAILBOX_REPLY || kind == TRACE_MAILBOX_LOST;
}

/* A device's number is its requester ID, in resets as in migration states. */
static void state_machines_event(struct oracle *oracle, void *ctx, const struct trace_event *event)
{
	struct state_machines *state = ctx;
	const uint64_t *arg = event->arg;
	uint32_t kind = is_of_vf(event->kind) ? MACHINE_VF : MACHINE_MIGRATION;
	struct machine_state *machine = machine_find(state, event->part->host, arg[0], kind);

	switch (event->kind) {
	case TRACE_FUNCTION_RESET:
		machine->was_reset = true;
		break;
	case TRACE_VF_STATE:
		state->vf_steps++;
		step(oracle, machine, "VF", arg, vf_legal(arg));
		machine->asked = false;
		machine->unanswered = false;
		break;
	case TRACE_MAILBOX_REQUEST:
		state->messages++;
		mailbox_request(oracle, machine, arg);
		break;
	case TRACE_MAILBOX_REPLY:
		state->messages++;
		mailbox_reply(oracle, machine, arg);
		break;
	case TRACE_MAILBOX_LOST:
		mailbox_lost(machine, arg);
		break;
	default:
		state->migration_steps++;
		step(oracle, machine, "device", arg, migration_legal(arg, machine->was_reset));
		break;
	}
}

static void state_machines_finish(struct oracle *oracle, void *ctx, struct oracle_finding *finding)
{
	const struct state_machines *state = ctx;

	if (!state->migration_steps && !state->vf_steps && !state->messages)
		finding->verdict = ORACLE_NOT_APPLICABLE;
	snprintf(finding->detail, sizeof(finding->detail),
		 "%" PRIu64 " steps of migration states, %" PRIu64 " of VF states, %" PRIu64
		 " mailbox messages, all legal",
		 state->migration_steps, state->vf_steps, state->messages);
}

static void state_machines_release(void *ctx)
{
	struct state_machines *state = ctx;

	free(state->machine);
	keymap_release(&state->of);
}

static const enum trace_kind state_machines_kinds[] = {
	TRACE_MIG_STATE,     TRACE_VF_STATE,     TRACE_FUNCTION_RESET, TRACE_MAILBOX_REQUEST,
	TRACE_MAILBOX_REPLY, TRACE_MAILBOX_LOST, TRACE_KIND_COUNT};

const struct oracle_check oracle_state_machines = {
	.state_bytes = sizeof(struct state_machines),
	.kind = state_machines_kinds,
	.event = state_machines_event,
	.finish = state_machines_finish,
	.release = state_machines_release,
};
