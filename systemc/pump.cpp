// SPDX-License-Identifier: Apache-2.0
#include "systemc/pump_internal.h"

#include "systemc/engine_internal.h"

namespace vfsim
{
Pump::Pump(const sc_core::sc_module_name &module_name, struct sim *sim)
	: sc_core::sc_module(module_name), sim_(sim)
{
	SC_METHOD(drain);
}

void Pump::run(uint64_t until_ps, const bool *stop)
{
	if ((stop && *stop) || until_ps < sim_now(sim_))
		return;
	until_ps_ = until_ps;
	stop_ = stop;
	running_ = true;
	wake_.notify(sc_core::SC_ZERO_TIME);
	sc_core::sc_start();
	running_ = false;
	advance();
}

void Pump::show(Waveforms *waveforms)
{
	waveforms_ = waveforms;
}

void Pump::outside_begins()
{
	outside_++;
}

void Pump::outside_ends()
{
	outside_--;
}

/* Only foreign processes let SystemC's time pass without the calendar's. */
void Pump::advance()
{
	calendar_advance(&sim_->calendar, sc_now_ps());
	engine_assert(sim_, sim_now(sim_) == sc_now_ps(), "calendar and SystemC differ in time");
}

void Pump::drain()
{
	if (!running_) {
		next_trigger(wake_);
		return;
	}
	inside_ = true;
	advance();
	const uint64_t now = sim_now(sim_);
	const bool goes_on = fire_due(now);
	if (waveforms_)
		waveforms_->sample(now);
	if (goes_on)
		wait_for_next(now);
	else
		next_trigger(wake_);
	inside_ = false;
}

/* False when told to stop, which is asked before each event as sim_run does. */
bool Pump::fire_due(uint64_t now)
{
	struct calendar *calendar = &sim_->calendar;

	for (;;) {
		if (stop_ && *stop_) {
			running_ = false;
			sc_core::sc_pause();
			return false;
		}
		if (calendar_next_time(calendar) != now)
			return true;
		calendar_step(calendar);
	}
}

void Pump::wait_for_next(uint64_t now)
{
	const uint64_t next = calendar_next_time(&sim_->calendar);
	const uint64_t target = next <= until_ps_ ? next : until_ps_;

	if (target == TIME_NEVER ? !outside_ : target <= now) {
		running_ = false;
		sc_core::sc_pause();
		next_trigger(wake_);
	} else if (target == TIME_NEVER) {
		next_trigger(wake_);
	} else {
		next_trigger(sc_core::sc_time::from_value(target - now), wake_);
	}
}

Pump::Entry::Entry(Pump &pump) : pump_(pump), outermost_(!pump.inside_)
{
	if (!outermost_)
		return;
	pump_.advance();
	pump_.inside_ = true;
}

Pump::Entry::~Entry()
{
	if (!outermost_)
		return;
	pump_.inside_ = false;
	pump_.wake_.notify(sc_core::SC_ZERO_TIME);
}
} // namespace vfsim
