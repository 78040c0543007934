// SPDX-License-Identifier: Apache-2.0
#ifndef VFSIM_SYSTEMC_WAVEFORMS_INTERNAL_H
#define VFSIM_SYSTEMC_WAVEFORMS_INTERNAL_H

#include "system/levels.h"

#include <memory>
#include <string>
#include <systemc>
#include <vector>

namespace vfsim
{
/*
 * A machine's levels as SystemC signals, traced into a VCD file. It holds no
 * behaviour: who pumps the calendar calls sample() when all events of a time
 * have fired, and each signal becomes what its level is, unless the levels' step
 * is not over.
 *
 * SystemC writes the date of the host's clock into the file's header. It goes
 * when the file is closed, so that one seed gives one file.
 */
class Waveforms
{
public:
	/* `path` ends in ".vcd" and can be written; `levels` is kept. During elaboration. */
	Waveforms(const std::string &path, const struct levels &levels);
	~Waveforms();
	Waveforms(const Waveforms &) = delete;
	Waveforms &operator=(const Waveforms &) = delete;

	void sample(uint64_t now_ps);

private:
	using Signal = sc_core::sc_signal<unsigned>;

	std::string path_;
	const struct levels &levels_;
	std::vector<std::unique_ptr<Signal>> signals_;
	std::vector<unsigned> last_;
	uint64_t next_ps_ = 0;
	sc_core::sc_trace_file *file_;
};
} // namespace vfsim
#endif
