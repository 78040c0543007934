/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wire/checker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/nic/test_frame_format.h"

int checker_init(struct checker *checker, uint32_t flows)
{
	*checker = (struct checker){.flows = flows};
	checker->flow = calloc(flows ? flows : 1, sizeof(*checker->flow));
	return checker->flow ? 0 : -ENOMEM;
}

void checker_fini(struct checker *checker)
{
	free(checker->flow);
	*checker = (struct checker){0};
}

/* Without the tag in front of which its addresses are. */
static bool check_tagged(const struct packet *packet, uint64_t *flow, uint64_t *number,
			 bool *intact)
{
	uint8_t frame[FRAME_MAX_BYTES];

	memcpy(frame, packet->data, VLAN_AT);
	memcpy(frame + VLAN_AT, packet->data + VLAN_AT + VLAN_BYTES,
	       packet->len_bytes - VLAN_AT - VLAN_BYTES);
	return test_frame_check(frame, packet->len_bytes - VLAN_BYTES, flow, number, intact);
}

static bool seen(const struct checker_flow *flow, uint64_t number)
{
	return flow->window[number % CHECKER_WINDOW / 64] >> (number % 64) & 1;
}

static void see(struct checker_flow *flow, uint64_t number)
{
	flow->window[number % CHECKER_WINDOW / 64] |= BIT(number % 64);
}

/* The window ends with `number`: what it has not come to yet has not come. */
static void move_on(struct checker_flow *flow, uint64_t number)
{
	uint64_t from = flow->next;

	if (number - from >= CHECKER_WINDOW)
		memset(flow->window, 0, sizeof(flow->window));
	else
		for (uint64_t n = from; n <= number; n++)
			flow->window[n % CHECKER_WINDOW / 64] &= ~BIT(n % 64);
	flow->next = number + 1;
}

static void note(struct checker_flow *flow, uint64_t number)
{
	if (number >= flow->next) {
		move_on(flow, number);
	} else if (flow->next - number > CHECKER_WINDOW) {
		flow->stale++;
		return;
	} else if (seen(flow, number)) {
		flow->duplicated++;
		return;
	} else {
		flow->reordered++;
	}
	see(flow, number);
}

bool checker_take(struct checker *checker, const struct packet *packet, uint64_t *flow,
		  uint64_t *number, bool *intact)
{
	bool ours =
		vlan_is_tagged(packet->data, packet->len_bytes)
			? check_tagged(packet, flow, number, intact)
			: test_frame_check(packet->data, packet->len_bytes, flow, number, intact);

	if (!ours || *flow >= checker->flows) {
		checker->foreign++;
		return false;
	}
	checker->flow[*flow].received++;
	checker->flow[*flow].damaged += !*intact;
	note(&checker->flow[*flow], *number);
	return true;
}

uint64_t checker_missing(const struct checker_flow *flow, uint64_t sent)
{
	uint64_t came = flow->received - flow->duplicated - flow->stale;

	return sent > came ? sent - came : 0;
}
