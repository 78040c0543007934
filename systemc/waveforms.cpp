// SPDX-License-Identifier: Apache-2.0
#include "systemc/waveforms_internal.h"

#include <algorithm>
#include <fstream>

namespace vfsim
{
namespace
{
const std::string Extension = ".vcd"; // which SystemC appends

/* Overwrite what stands between $date and its $end by blanks. */
void remove_date(const std::string &path)
{
	std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
	std::string line;
	std::streampos begin;

	if (!std::getline(file, line) || line != "$date")
		return;
	begin = file.tellg();
	std::getline(file, line);
	file.seekp(begin);
	file << std::string(line.size(), ' ');
}

/* A signal's own name: SystemC wants no dots in it. */
std::string signal_name(const char *level)
{
	std::string name = std::string("level_") + level;

	std::replace(name.begin(), name.end(), '.', '_');
	return name;
}
} // namespace

Waveforms::Waveforms(const std::string &path, const struct levels &levels)
	: path_(path), levels_(levels), last_(levels.count)
{
	file_ = sc_core::sc_create_vcd_trace_file(
		path.substr(0, path.size() - Extension.size()).c_str());
	file_->set_time_unit(1, sc_core::SC_PS);
	for (uint32_t i = 0; i < levels.count; i++) {
		const struct level &level = levels.level[i];

		signals_.push_back(std::make_unique<Signal>(signal_name(level.name).c_str()));
		sc_core::sc_trace(file_, *signals_.back(), level.name, level.bits);
	}
}

Waveforms::~Waveforms()
{
	sc_core::sc_close_vcd_trace_file(file_);
	remove_date(path_);
}

void Waveforms::sample(uint64_t now_ps)
{
	if (now_ps < next_ps_)
		return;
	next_ps_ = now_ps + levels_.step_ps;
	for (uint32_t i = 0; i < levels_.count; i++) {
		const auto value = static_cast<unsigned>(level_read(&levels_.level[i]));

		if (value == last_[i])
			continue;
		last_[i] = value;
		signals_[i]->write(value);
	}
}
} // namespace vfsim
