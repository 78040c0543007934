/* SPDX-License-Identifier: Apache-2.0 */
#include "system/balance.h"

#include <stdio.h>

#include "system/wire/far_end.h"

/* Who is being looked at, for the oracle's words. */
struct balance {
	struct oracle *oracle;
	char who[64];
};

static void equal(const struct balance *balance, const char *what, uint64_t one, uint64_t other)
{
	char text[140];

	snprintf(text, sizeof(text), "%s: %s", balance->who, what);
	oracle_counters_compared(balance->oracle, text, one, other);
}

/* --- A NIC --- */

static struct nic_vf_counters balance_vfs(struct balance *balance, const struct host *host)
{
	struct nic_vf_counters sum = {0};

	for (uint32_t i = 0; i < nic_config(host->nic)->vfs; i++) {
		const struct nic_vf_counters *vf = nic_vf_counters_get(host->nic, i);

		snprintf(balance->who, sizeof(balance->who), "%s.nic, VF %u", host->name, i);
		equal(balance, "sent = taken by the switch", vf->sent, vf->taken);
		equal(balance, "given by the switch = received + refused", vf->given,
		      vf->received + vf->refused);
		sum.sent += vf->sent;
		sum.taken += vf->taken;
		sum.unsent += vf->unsent;
		sum.given += vf->given;
		sum.received += vf->received;
		sum.refused += vf->refused;
	}
	return sum;
}

static void balance_nic(struct balance *balance, const struct host *host)
{
	const struct nic_counters *nic = nic_counters_get(host->nic);
	struct nic_vf_counters vfs = balance_vfs(balance, host);
	uint64_t dropped = 0;

	for (uint32_t cause = 0; cause < PACKET_DROP_COUNT; cause++)
		dropped += nic->dropped[cause];
	snprintf(balance->who, sizeof(balance->who), "%s.nic", host->name);
	equal(balance, "packets sent = all VFs'", nic->packets_sent, vfs.sent);
	equal(balance, "packets received = all VFs'", nic->packets_received, vfs.received);
	equal(balance, "dropped, all causes = unsent + refused + lost in the switch + abandoned",
	      dropped, vfs.unsent + vfs.refused + nic->lost + nic->abandoned);
	equal(balance,
	      "switch: from VFs + from the port + copies + control = to VFs + to the port + lost + "
	      "unwanted + obeyed",
	      vfs.taken + nic->port_received + nic->copies + nic->control_sent,
	      vfs.given + nic->port_sent + nic->lost + nic->unwanted + nic->control_received);
}

/* --- The wire --- */

static void balance_wire(struct balance *balance, const struct machine *machine)
{
	for (uint32_t from = 0; from < MACHINE_HOSTS; from++) {
		const struct wire_counters *wire = wire_counters_get(machine->wire, from);

		snprintf(balance->who, sizeof(balance->who), "%s, from end %u", machine->wire_name,
			 from);
		equal(balance, "taken = delivered + lost + in flight", wire->taken,
		      wire->delivered + wire->lost + wire->in_flight);
	}
	for (uint32_t i = 0; i < machine->hosts; i++) {
		const struct nic_counters *nic = nic_counters_get(machine->host[i].nic);

		snprintf(balance->who, sizeof(balance->who), "%s.nic", machine->host[i].name);
		equal(balance, "port sent = the wire has taken", nic->port_sent,
		      wire_counters_get(machine->wire, i)->taken);
		equal(balance, "port received = the wire has delivered", nic->port_received,
		      wire_counters_get(machine->wire, 1 - i)->delivered);
	}
}

static void balance_far_end(struct balance *balance, const struct machine *machine)
{
	const struct wire_backend *far_end = machine->options.far_end;
	const struct wire_backend_counters *counters = &far_end->counters;
	struct far_end_account account;

	snprintf(balance->who, sizeof(balance->who), "%s", far_end->part.name);
	equal(balance, "frames in = the wire has delivered", counters->frames_in,
	      wire_counters_get(machine->wire, 0)->delivered);
	equal(balance, "frames out = the wire has taken", counters->frames_out,
	      wire_counters_get(machine->wire, 1)->taken);
	if (far_end_account(far_end, &account))
		equal(balance, "frames in = of flows + ignored", counters->frames_in,
		      account.received + counters->ignored);
}

void machine_balance(const struct machine *machine, struct oracle *oracle)
{
	struct balance balance = {.oracle = oracle};

	for (uint32_t i = 0; i < machine->hosts; i++)
		if (machine->host[i].nic)
			balance_nic(&balance, &machine->host[i]);
	if (machine->wire)
		balance_wire(&balance, machine);
	if (machine->wire && machine->options.far_end)
		balance_far_end(&balance, machine);
}
