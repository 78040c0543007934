/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A firmware that hangs, and the watchdog that restarts it. The hardware goes on meanwhile: queues
 * carry packets, functions can be reset; but nobody answers messages, and a VF that is reset does
 * not become active. The firmware that begins then knows nothing of what was under way: the PF's
 * command is answered with an error, and each VF is reset, as its driver and the device would be of
 * two minds otherwise.
 */
#include "pf-firmware/firmware_internal.h"

static void end_command(struct firmware *fw)
{
	bool busy = fw->busy;

	fw->busy = false;
	if (busy && fw->current.function == NIC_PF && !fw->current_void)
		pf_command_abort(fw, &fw->current);
	if (fw->pf_waits)
		pf_command_event(fw, fw->pf_waits_for, fw->pf_waits, AQ_RC_EIO);
}

/* One that is in reset goes on with that; another has to begin one. */
static void restart_vf(struct firmware *fw, uint32_t index)
{
	if (!nic_vf_present(fw->nic, index))
		return;
	if (!fw->vf[index].resetting)
		firmware_reset_vf(fw, index);
	else if (nic_vf_drained(fw->nic, index))
		firmware_vf_drained(fw, index);
}

static void restart(struct event *event, uint64_t now)
{
	struct firmware *fw = CONTAINER_OF(event, struct firmware, watchdog);

	sim_log(nic_part(fw->nic), LOG_WARNING, "the watchdog restarts the firmware");
	fw->hung = false;
	end_command(fw);
	for (uint32_t i = 0; i < nic_config(fw->nic)->vfs; i++)
		restart_vf(fw, i);
	forward_go_on(fw);
	firmware_next(fw);
}

void watchdog_init(struct firmware *fw)
{
	event_init(&fw->watchdog, restart);
}

void firmware_hang(struct firmware *fw)
{
	if (fw->hung)
		return;
	fw->hung = true;
	calendar_cancel(&fw->sim->calendar, &fw->work);
	for (uint32_t i = 0; i < nic_config(fw->nic)->vfs; i++)
		calendar_cancel(&fw->sim->calendar, &fw->vf[i].activate);
	sim_after(fw->sim, &fw->watchdog, fw->sim->untimed ? 0 : fw->cfg.watchdog_ps);
}
