/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any configuration accesses, of every size and offset, to the root port, the PF, VFs and to
 * nobody, and any accesses to their BARs, while two VFs exchange frames. The CPU always gets
 * an answer, and what was not touched works.
 */
#include "testbench/fuzz/common/fuzz.hpp"
#include "testbench/fuzz/common/nic_world.hpp"

namespace
{
constexpr uint64_t kVfBar0 = NicHost::kWindow + (2 << 20), kVfBar3 = NicHost::kWindow + (16 << 20);

class ConfigSpace : public NicWorld
{
public:
	explicit ConfigSpace(FuzzInput &input)
		: in(input), config(pcie_root_port_ecam(host.port)),
		  mmio(pcie_root_port_mmio(host.port))
	{
	}

	void run()
	{
		uint64_t shared = in.take(1) & 1;

		for (AvfDriver &each : guest)
			each.bring_up();
		for (unsigned steps = 0; !in.empty() && steps < 300; steps++)
			step(shared);
		run_for(PS_PER_MS);
		if (touched)
			return;
		bystanders_exchange();
		bystanders_exchange();
		/* A function in D3hot does nothing, nor does one whose memory is off. */
		guests_leave_nothing();
		bystanders_exchange();
	}

private:
	/* The two guests; or also what all share. */
	uint16_t function(bool shared)
	{
		uint64_t bits = in.take(1);

		if (bits < 128 || !shared)
			return (uint16_t)(PCIE_RID(1, 2, 0) + (bits & 1));
		touched = true;
		if (bits < 160)
			return PCIE_RID(0, 0, 0);
		if (bits < 224)
			return PCIE_RID(1, 0, 0);
		if (bits < 240)
			return (uint16_t)(PCIE_RID(1, 2, 0) + bits % 16);
		return (uint16_t)in.take(2);
	}

	void config_access(bool shared)
	{
		uint16_t rid = function(shared);
		uint64_t bits = in.take(1);
		uint32_t len = 1u << (bits & 3) % 3;
		uint64_t offset = in.take(bits & 4 ? 2 : 1) & 0xfff & ~(uint64_t)(len - 1);

		access(config, bits & 8 ? BUS_READ : BUS_WRITE, (uint64_t)rid << 12 | offset, len,
		       in.take(len));
	}

	void memory_access(bool shared)
	{
		uint64_t bits = in.take(1), who = bits & 1;
		uint32_t len = 1u << (bits >> 1 & 3);
		uint64_t at = kVfBar0 + (who << 16) + in.take(2);

		if (bits & 8)
			at = kVfBar3 + (who << 14) + in.take(2) % (16 << 10);
		if (bits & 16 && shared) {
			touched = true;
			at = NicHost::kWindow + in.take(4);
		}
		/* What an instruction can do, or any bytes of 64. */
		if (bits & 32) {
			len = 1 + (uint32_t)in.take(1) % 64;
			at &= ~UINT64_C(63);
		} else {
			at &= ~(uint64_t)(len - 1);
		}
		access(mmio, bits & 64 ? BUS_READ : BUS_WRITE, at, len, in.take(len > 4 ? 8 : 4));
	}

	void step(bool shared)
	{
		uint64_t bits = in.take(1);

		switch (bits & 7) {
		case 0:
			if (!touched)
				bystanders_exchange();
			break;
		case 1:
			run_for((bits >> 3) * PS_PER_US);
			break;
		case 2:
			guest[bits >> 7].transmit(make_frame(guest[!(bits >> 7)].mac,
							     guest[bits >> 7].mac, bits, 200));
			break;
		case 3:
		case 4:
			memory_access(shared);
			break;
		default:
			config_access(shared);
		}
	}

	FuzzInput &in;
	struct bus_port config, mmio;
	bool touched = false;
};
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_world<ConfigSpace>(data, size);
}
