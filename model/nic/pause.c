/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nic/pause.h"

#include "model/nic/headers.h"
#include "model/nic/mac_control_format.h"
#include "model/nic/nic_internal.h"

/* Without a packet to say it in, it is tried again so much later. */
#define RETRY_PS PS_PER_US

static const uint8_t destination[6] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x01};
/* The port's own, which is nobody's filter. */
static const uint8_t source[6] = {0x02, 0x00, 0x00, 0x00, 0xff, 0x01};

static const struct nic_classes *classes_of(const struct pause *pause)
{
	return &pause->nic->tx_schedule.classes;
}

static uint64_t quanta_ps(const struct pause *pause, uint32_t quanta)
{
	return (uint64_t)quanta * PAUSE_QUANTUM_BITS * PS_PER_US / pause->nic->cfg.link_mbps;
}

/* ---- what the neighbour says ---- */

/* A class is paused for as long as one of its priorities is. */
static void apply(struct pause *pause)
{
	struct tx_schedule *schedule = &pause->nic->tx_schedule;
	uint64_t until[NIC_CLASSES] = {0};

	for (uint32_t priority = 0; priority < NIC_PRIORITIES; priority++) {
		uint8_t of = schedule->classes.of_priority[priority];

		until[of] = MAX(until[of], pause->until_ps[priority]);
	}
	for (uint32_t i = 0; i < schedule->classes.count; i++)
		if (schedule->class_of[i].pause_ps != until[i])
			tx_schedule_pause(schedule, i, until[i]);
	port_out_changed(&pause->nic->port_out);
}

static void hear_link(struct pause *pause, const uint8_t *frame, uint64_t now)
{
	for (uint32_t priority = 0; priority < NIC_PRIORITIES; priority++)
		pause->until_ps[priority] =
			now + quanta_ps(pause, be16_get(frame + MAC_CONTROL_TIME));
}

/* Of priorities that may be lost nobody hears. */
static void hear_priorities(struct pause *pause, const uint8_t *frame, uint64_t now)
{
	uint32_t vector = be16_get(frame + MAC_CONTROL_VECTOR) & classes_of(pause)->lossless;

	for (uint32_t priority = 0; priority < NIC_PRIORITIES; priority++)
		if (vector >> priority & 1)
			pause->until_ps[priority] =
				now + quanta_ps(pause,
						be16_get(frame + MAC_CONTROL_TIMES + 2 * priority));
}

bool pause_hear(struct pause *pause, const struct packet *packet)
{
	static const struct {
		uint8_t mode;
		uint16_t opcode;
		void (*hear)(struct pause *pause, const uint8_t *frame, uint64_t now);
	} kinds[] = {
		{NIC_PAUSE_LINK, MAC_CONTROL_PAUSE, hear_link},
		{NIC_PAUSE_PRIORITY, MAC_CONTROL_PFC, hear_priorities},
	};

	if (packet->len_bytes < MAC_CONTROL_BYTES || memcmp(packet->data, destination, 6))
		return false;
	for (uint32_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (classes_of(pause)->pause != kinds[i].mode ||
		    be16_get(packet->data + MAC_CONTROL_OPCODE) != kinds[i].opcode)
			continue;
		kinds[i].hear(pause, packet->data, sim_now(pause->nic->env.part.sim));
		apply(pause);
		return true;
	}
	return false;
}

/* ---- what the neighbour is told ---- */

/* The priorities that are to be paused, a bit each. */
static uint8_t to_pause(const struct pause *pause)
{
	const struct nic_classes *classes = classes_of(pause);
	uint8_t map = 0;

	for (uint32_t i = 0; i < classes->count; i++)
		if (pause->full[i])
			map |= nic_classes_priorities(classes, i);
	if (classes->pause == NIC_PAUSE_LINK)
		return map ? (uint8_t)BITS(7, 0) : 0;
	return map & classes->lossless;
}

static void write_times(uint8_t *frame, const struct nic_classes *classes, uint8_t stop)
{
	if (classes->pause == NIC_PAUSE_LINK) {
		be16_put(frame + MAC_CONTROL_OPCODE, MAC_CONTROL_PAUSE);
		be16_put(frame + MAC_CONTROL_TIME, stop ? PAUSE_LONGEST : 0);
		return;
	}
	be16_put(frame + MAC_CONTROL_OPCODE, MAC_CONTROL_PFC);
	be16_put(frame + MAC_CONTROL_VECTOR, classes->lossless);
	for (uint32_t priority = 0; priority < NIC_PRIORITIES; priority++)
		if (stop >> priority & 1)
			be16_put(frame + MAC_CONTROL_TIMES + 2 * priority, PAUSE_LONGEST);
}

/* False: there is no packet to say it in. */
static bool say(struct pause *pause, uint8_t stop)
{
	struct packet *packet = packet_get(pause->nic->pool);

	if (!packet)
		return false;
	packet->len_bytes = MAC_CONTROL_BYTES;
	memset(packet->data, 0, MAC_CONTROL_BYTES);
	memcpy(packet->data, destination, 6);
	memcpy(packet->data + 6, source, 6);
	be16_put(packet->data + FRAME_ETHERTYPE_OFFSET, FRAME_ETHERTYPE_MAC_CONTROL);
	write_times(packet->data, classes_of(pause), stop);
	port_out_control(pause->nic, packet);
	return true;
}

/* A pause is told again before it is over. */
static void tell(struct pause *pause)
{
	struct sim *sim = pause->nic->env.part.sim;
	uint8_t stop = to_pause(pause);

	calendar_cancel(&sim->calendar, &pause->again);
	if (!say(pause, stop)) {
		sim_after(sim, &pause->again, RETRY_PS);
		return;
	}
	pause->told = stop;
	if (stop)
		sim_after(sim, &pause->again, quanta_ps(pause, PAUSE_LONGEST) / 2);
}

static void say_again(struct event *event, uint64_t now)
{
	tell(CONTAINER_OF(event, struct pause, again));
}

static void set_full(struct nic_queue *queue, uint32_t of, bool full)
{
	struct pause *pause = &queue->vf->nic->pause;

	queue->full_classes ^= (uint8_t)BIT(of);
	pause->full[of] += full ? 1u : UINT32_MAX;
	if (to_pause(pause) != pause->told)
		tell(pause);
}

void pause_queue_took(struct nic_queue *queue, const struct packet *packet)
{
	const struct nic_classes *classes = classes_of(&queue->vf->nic->pause);
	uint32_t priority = 0;
	uint8_t of;

	if (classes->pause == NIC_PAUSE_NONE || packet->source_vf != NIC_NO_VF ||
	    queue->fifo_count <= RX_PAUSE)
		return;
	if (vlan_is_tagged(packet->data, packet->len_bytes))
		priority = vlan_tci(packet->data) >> VLAN_PRIORITY_SHIFT;
	of = classes->of_priority[priority];
	if (!(queue->full_classes & BIT(of)))
		set_full(queue, of, true);
}

void pause_queue_gave(struct nic_queue *queue)
{
	if (queue->fifo_count <= RX_PAUSE / 2)
		pause_queue_forget(queue);
}

/* ---- */

void pause_init(struct pause *pause, struct nic *nic)
{
	pause->nic = nic;
	event_init(&pause->again, say_again);
}

/* Whom it had paused knows it by the link, too. */
void pause_reset(struct pause *pause)
{
	memset(pause->until_ps, 0, sizeof(pause->until_ps));
	apply(pause);
	pause->told = 0;
	calendar_cancel(&pause->nic->env.part.sim->calendar, &pause->again);
}

void pause_queue_forget(struct nic_queue *queue)
{
	while (queue->full_classes)
		set_full(queue, (uint32_t)__builtin_ctz(queue->full_classes), false);
}
