/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about the wire, what is at its far end, and who sends what to whom. */
#include <inttypes.h>

#include "base/bits.h"
#include "host/guest-driver/guest_driver.h"
#include "model/nic/frame_format.h"
#include "system/config/rules_internal.h"
#include "system/wire/far_end.h"
#include "system/wire/tap.h"

/* Keys of one peer, which say nothing with another. */
static void check_peer_keys(const struct rules *rules)
{
	const struct wire_config *wire = &rules->cfg->machine.wire;
	const struct {
		const char *key;
		bool given;
		enum wire_peer peer;
	} keys[] = {
		{"file", wire->file != NULL, PEER_PCAP},
		{"interface", wire->interface != NULL, PEER_PCAP},
		{"direction", wire->direction != 0, PEER_PCAP},
		{"pad_cut", wire->pad_cut, PEER_PCAP},
		{"replay_rate", wire->replay_rate_bps != 0, PEER_PCAP},
		{"tap", wire->tap != NULL, PEER_TAP},
	};
	char path[96];

	for (uint32_t i = 0; i < ARRAY_LEN(keys); i++) {
		snprintf(path, sizeof(path), "machine.wire.%s", keys[i].key);
		if (keys[i].given && wire->peer != (int)keys[i].peer)
			broken(rules, path, "expected only with `peer: %s`",
			       wire_peer_names[keys[i].peer]);
	}
	if (wire->peer == PEER_PCAP && !wire->file)
		broken(rules, "machine.wire.file", "expected the name of a capture");
	if (wire->peer == PEER_TAP &&
	    (!wire->tap || !*wire->tap || strlen(wire->tap) > TAP_NAME_MAX))
		broken(rules, "machine.wire.tap",
		       "expected the name of a network interface, of at most %u characters",
		       TAP_NAME_MAX);
}

/* A capture that cannot be replayed is found out before anything runs. */
static void check_capture(const struct rules *rules)
{
	const struct wire_config *wire = &rules->cfg->machine.wire;
	struct capture_file capture;
	char error[256];

	if (wire->peer != PEER_PCAP || !wire->file)
		return;
	if (far_end_load_capture(wire, &capture, error, sizeof(error)))
		broken(rules, "machine.wire.file", "%s", error);
	capture_file_release(&capture);
}

void rules_check_wire(const struct rules *rules)
{
	const struct machine_cfg *machine = &rules->cfg->machine;
	char path[96];

	check_peer_keys(rules);
	check_capture(rules);

	if (machine->wire.peer != PEER_HOST && machine->hosts_count > 1)
		broken(rules, "machine.wire.peer",
		       "expected `host` where two hosts are joined, not `%s`: it needs a machine "
		       "of "
		       "one host",
		       wire_peer_names[machine->wire.peer]);
	for (uint32_t i = 0; i < rules->cfg->guests_count; i++)
		if (!strcmp(rules->cfg->guests[i].name, TRAFFIC_WIRE))
			broken(rules, indexed(path, "guests", i, "name"),
			       "expected another name: traffic from and to `%s` is the wire's",
			       TRAFFIC_WIRE);
}

/* What traffic from and to the wire needs at its far end. */
static bool peer_sends(const struct wire_config *wire)
{
	return wire->peer == PEER_GENERATOR;
}

static bool peer_receives(const struct wire_config *wire)
{
	return wire->peer == PEER_SINK || wire->peer == PEER_GENERATOR || wire->peer == PEER_LOOP ||
	       wire->peer == PEER_TAP;
}

/* One end of a stream. */
static void check_end(const struct rules *rules, uint32_t index, const char *key, const char *name,
		      uint64_t size)
{
	const struct guest_config *guest = guest_find(rules->cfg, name);
	char path[96];

	if (!strcmp(name, TRAFFIC_WIRE))
		return;
	if (!guest)
		broken(rules, indexed(path, "traffic", index, key),
		       "expected the name of a guest, not `%s`", name);
	else if (size > guest->buffer_bytes)
		broken(rules, indexed(path, "traffic", index, "size"),
		       "expected at most a buffer of %s (%" PRIu64 ")", name, guest->buffer_bytes);
}

static void check_ends(const struct rules *rules, uint32_t index)
{
	const struct traffic_config *traffic = &rules->cfg->traffic[index];
	const struct wire_config *wire = &rules->cfg->machine.wire;
	uint64_t size = traffic_max_bytes(traffic);
	char path[96];

	check_end(rules, index, "from", traffic->from, size);
	check_end(rules, index, "to", traffic->to, size);
	if (!strcmp(traffic->from, traffic->to))
		broken(rules, indexed(path, "traffic", index, "to"), "expected another guest");
	if (!strcmp(traffic->from, TRAFFIC_WIRE) && !peer_sends(wire))
		broken(rules, indexed(path, "traffic", index, "from"),
		       "expected `machine.wire.peer: generator`, not `%s`",
		       wire_peer_names[wire->peer]);
	if (!strcmp(traffic->to, TRAFFIC_WIRE) && !peer_receives(wire))
		broken(rules, indexed(path, "traffic", index, "to"),
		       "expected `machine.wire.peer: sink`, `generator`, `loop` or `tap`, not "
		       "`%s`",
		       wire_peer_names[wire->peer]);
}

static bool in_port_vlan(const struct rules *rules, const char *name)
{
	const struct guest_config *guest = guest_find(rules->cfg, name);

	return guest && guest->port_vlan;
}

static void check_tag(const struct rules *rules, uint32_t index)
{
	const struct traffic_config *traffic = &rules->cfg->traffic[index];
	char path[96];

	if (traffic->vlan &&
	    (in_port_vlan(rules, traffic->from) || in_port_vlan(rules, traffic->to)))
		broken(rules, indexed(path, "traffic", index, "vlan"),
		       "expected guests without port_vlan, who see no tags");
	if (traffic->priority && !traffic->vlan)
		broken(rules, indexed(path, "traffic", index, "priority"),
		       "needs a vlan, whose tag says it");
	if (traffic->vlan && traffic_max_bytes(traffic) + VLAN_BYTES > FRAME_MAX_BYTES)
		broken(rules, indexed(path, "traffic", index, "vlan"),
		       "expected room for a tag of %u bytes in frames of at most %u", VLAN_BYTES,
		       FRAME_MAX_BYTES);
}

static void check_sizes(const struct rules *rules, uint32_t index)
{
	const struct traffic_config *traffic = &rules->cfg->traffic[index];
	char path[96];

	if (traffic->segments > 1 && traffic->size_bytes < GUEST_SEGMENT_MIN_BYTES)
		broken(rules, indexed(path, "traffic", index, "size"),
		       "expected at least %u bytes for what is cut into segments",
		       GUEST_SEGMENT_MIN_BYTES);
	if (traffic->max_size_bytes && traffic->max_size_bytes < traffic->size_bytes)
		broken(rules, indexed(path, "traffic", index, "max_size"),
		       "expected 0 or at least `size`");
	for (uint32_t i = 0; i < traffic->sizes_count; i++) {
		const struct traffic_size *size = &traffic->sizes[i];

		if (size->max_size_bytes && size->max_size_bytes < size->size_bytes)
			broken(rules, indexed(path, "traffic", index, "sizes"),
			       "max_size: expected 0 or at least `size`");
	}
	if (traffic->rate_bps && traffic->packet_rate)
		broken(rules, indexed(path, "traffic", index, "packet_rate"),
		       "expected one of `rate` and `packet_rate`");
}

/* What only a guest can do, and what only the generator can. */
static void check_abilities(const struct rules *rules, uint32_t index)
{
	const struct traffic_config *traffic = &rules->cfg->traffic[index];
	bool from_wire = !strcmp(traffic->from, TRAFFIC_WIRE);
	char path[96];

	if (from_wire && (traffic->segments > 1 || traffic->checksum || traffic->spoof))
		broken(rules, indexed(path, "traffic", index, "from"),
		       "expected a guest with segments, checksum or spoof: no NIC sends for the "
		       "wire");
	if (from_wire && !traffic->rate_bps && !traffic->packet_rate &&
	    !rules->cfg->machine.wire.rate_bps)
		broken(rules, indexed(path, "traffic", index, "rate"),
		       "expected a rate: machine.wire has none that would limit it");
	if (!from_wire && traffic->sizes_count)
		broken(rules, indexed(path, "traffic", index, "sizes"),
		       "expected only `from: wire`: guests have size and max_size");
	if (!from_wire && traffic->echo)
		broken(rules, indexed(path, "traffic", index, "echo"),
		       "expected only `from: wire`: what guests send is not sent back");
}

void rules_check_traffic(const struct rules *rules, uint32_t index)
{
	check_ends(rules, index);
	check_tag(rules, index);
	check_sizes(rules, index);
	check_abilities(rules, index);
}
