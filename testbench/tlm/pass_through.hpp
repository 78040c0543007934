// SPDX-License-Identifier: Apache-2.0
// A foreign interconnect: passes calls and phases on in both directions, and can misbehave.
#pragma once

#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <vector>

class PassThrough : public sc_core::sc_module
{
public:
	explicit PassThrough(const sc_core::sc_module_name &module_name)
		: sc_core::sc_module(module_name), in("in"), out("out")
	{
		in.register_nb_transport_fw(this, &PassThrough::forward);
		out.register_nb_transport_bw(this, &PassThrough::backward);
	}

	tlm_utils::simple_target_socket<PassThrough, 64> in;
	tlm_utils::simple_initiator_socket<PassThrough, 64> out;
	std::vector<unsigned> phases;
	bool record = true;           // phases
	sc_core::sc_time write_time;  // added to each write on its way
	uint64_t victim = UINT64_MAX; // which write of at least victim_bytes loses a bit
	unsigned victim_bytes = 0;
	uint64_t writes = 0;

private:
	tlm::tlm_sync_enum forward(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
				   sc_core::sc_time &delay)
	{
		if (record)
			phases.push_back(phase);
		if (payload.is_write() && phase == tlm::BEGIN_REQ) {
			delay += write_time;
			if (payload.get_data_length() >= victim_bytes && writes++ == victim)
				corrupt(payload);
		}
		return out->nb_transport_fw(payload, phase, delay);
	}

	tlm::tlm_sync_enum backward(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
				    sc_core::sc_time &delay)
	{
		if (record)
			phases.push_back(phase);
		if (payload.get_data_ptr() == corrupted_.data())
			payload.set_data_ptr(original_);
		return in->nb_transport_bw(payload, phase, delay);
	}

	// A write's data is its initiator's: what goes wrong here is a copy.
	void corrupt(tlm::tlm_generic_payload &payload)
	{
		const unsigned length = payload.get_data_length();

		original_ = payload.get_data_ptr();
		corrupted_.assign(original_, original_ + length);
		corrupted_[length / 2] ^= 1;
		payload.set_data_ptr(corrupted_.data());
	}

	unsigned char *original_ = nullptr;
	std::vector<unsigned char> corrupted_;
};
