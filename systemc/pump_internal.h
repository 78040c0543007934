// SPDX-License-Identifier: Apache-2.0
#ifndef VFSIM_SYSTEMC_PUMP_INTERNAL_H
#define VFSIM_SYSTEMC_PUMP_INTERNAL_H

#include "base/sim.h"
#include "systemc/waveforms_internal.h"

#include <systemc>

namespace vfsim
{
/*
 * The one process that fires calendar events. While any of our code runs,
 * calendar time equals SystemC time. It is a method and not a thread, so events
 * run on the stack of who called run(); actors bring stacks of their own.
 */
class Pump : public sc_core::sc_module
{
public:
	SC_HAS_PROCESS(Pump);
	Pump(const sc_core::sc_module_name &module_name, struct sim *sim);

	void run(uint64_t until_ps, const bool *stop);

	/* Sampled at the end of each time at which events fired. Borrowed. */
	void show(Waveforms *waveforms);

	/* Something outside the calendar is under way: an empty calendar is no reason to end. */
	void outside_begins();
	void outside_ends();

	/*
	 * Calendar context for a SystemC process: within its life, models may be
	 * called and events scheduled. Nested in the pump's own it does nothing.
	 */
	class Entry
	{
	public:
		explicit Entry(Pump &pump);
		~Entry();
		Entry(const Entry &) = delete;
		Entry &operator=(const Entry &) = delete;

	private:
		Pump &pump_;
		bool outermost_;
	};

private:
	void drain();
	bool fire_due(uint64_t now);
	void wait_for_next(uint64_t now);
	void advance();

	struct sim *sim_;
	Waveforms *waveforms_ = nullptr;
	sc_core::sc_event wake_;
	uint64_t until_ps_ = 0;
	const bool *stop_ = nullptr;
	uint64_t outside_ = 0;
	bool inside_ = false;
	bool running_ = false;
};
} // namespace vfsim
#endif
