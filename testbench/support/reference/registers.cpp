/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/reference/registers.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>

namespace ref
{

int AddressBits(uint64_t encoding)
{
	static const int bits[] = {32, 36, 40, 42, 44, 48, 52, 56};
	return bits[encoding & 7];
}

static void Refuse(bool present, const char *what)
{
	if (present)
		throw std::invalid_argument(std::string("the reference does not know ") + what);
}

Features::Features(const Registers &registers)
{
	std::copy(std::begin(registers.idr), std::end(registers.idr), std::begin(idr));
	Refuse(Idr0(idr0::kRME_IMPL), "IDR0.RME_IMPL");
	Refuse(Get(idr[0], idr0::kTTF) == 0, "IDR0.TTF == 0b00");
	Refuse(Get(idr[0], idr0::kTTENDIAN) == 1, "IDR0.TTENDIAN == 0b01");
	Refuse(Get(idr[0], idr0::kSTALL_MODEL) == 3, "IDR0.STALL_MODEL == 0b11");
	Refuse(Idr3(idr3::kMPAM), "IDR3.MPAM");
	Refuse(Idr3(idr3::kDPT), "IDR3.DPT");
	Refuse(Idr3(idr3::kS1PI) || Idr3(idr3::kS2PI) || Idr3(idr3::kS2PO),
	       "permission indirection");
	Refuse(Idr3(idr3::kTHE), "IDR3.THE");
	Refuse(Idr3(idr3::kAIE), "IDR3.AIE");
	Refuse(Get(idr[5], idr5::kD128), "IDR5.D128");
	Refuse(Get(idr[5], idr5::kDS), "IDR5.DS");
	Refuse(Get(idr[5], idr5::kVAX) > 1, "IDR5.VAX of 56 bits");
	Refuse(OutputBits() > 52, "IDR5.OAS of 56 bits");
}

int Features::OutputBits() const
{
	return AddressBits(Get(idr[5], idr5::kOAS));
}

int Features::IntermediateBits() const
{
	return std::max(Lpae() ? 40 : 0, Vmsa64() ? OutputBits() : 0);
}

bool Features::GranuleSupported(int granule_bits) const
{
	switch (granule_bits) {
	case 12:
		return Get(idr[5], idr5::kGRAN4K);
	case 14:
		return Get(idr[5], idr5::kGRAN16K);
	case 16:
		return Get(idr[5], idr5::kGRAN64K);
	}
	return false;
}

int Features::SmallestGranuleBits() const
{
	return GranuleSupported(12) ? 12 : GranuleSupported(14) ? 14 : 16;
}

} // namespace ref
