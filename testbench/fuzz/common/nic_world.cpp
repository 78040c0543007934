/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/fuzz/common/nic_world.hpp"

#include <algorithm>
#include <cstring>

#include "testbench/fuzz/common/fuzz.hpp"

namespace
{
/* Of one run: a queue of small packets at the device's rate stays well below in the times
 * that targets let pass. */
constexpr uint32_t kEvents = 2000000;

struct nic_cfg small_nic()
{
	struct nic_cfg cfg = nic_bench_cfg(NicWorld::kVfs);

	cfg.queue_pairs = 2;
	cfg.packets = 128;
	cfg.log_bytes = 64 << 10;
	return cfg;
}

struct firmware_cfg quick_firmware()
{
	struct firmware_cfg cfg = nic_bench_firmware_cfg();

	cfg.command_ps = PS_PER_US;
	cfg.reset_ps = 20 * PS_PER_US;
	return cfg;
}

/* Guests write their own memory and where MSIs go. */
bool allowed(const struct bus_req &req)
{
	uint32_t guest = req.attr.stream_id - PCIE_RID(1, 2, 0);
	uint64_t from;

	if (!req.attr.from_device || guest >= NicWorld::kGuests)
		return true;
	from = NicWorld::region(guest);
	return (req.addr >= from && req.addr + req.len_bytes <= from + NicWorld::kRegion) ||
	       req.addr >= (32 << 20) - 4096;
}
} // namespace

NicWorld::Sim::Sim()
{
	struct sim_hooks hooks = fuzz_hooks();

	sim_init(&sim, 1, &hooks);
}

NicWorld::Sim::~Sim()
{
	sim_fini(&sim);
}

NicWorld::NicWorld()
	: host(&sim_.sim, 0, small_nic(), quick_firmware()),
	  guest{AvfDriver(&host, 0, 0), AvfDriver(&host, 1, 1)}, bystander{AvfDriver(&host, 2, 2),
									   AvfDriver(&host, 3, 3)}
{
	host.memory.allowed = allowed;
	host.bring_up(kVfs);
	for (uint32_t i = 0; i < kGuests; i++)
		host.set_policy(i, VF_POLICY_DEFAULT | VF_POLICY_PASID);
	host.enable_pasids(true);
	for (AvfDriver &each : bystander)
		each.bring_up();
}

/* Its events are the model's: none may be left when the model goes. */
NicWorld::~NicWorld()
{
	run_for(100 * PS_PER_MS);
}

void NicWorld::run_for(uint64_t ps)
{
	uint64_t until = sim_now(sim) + ps;

	for (uint32_t i = 0; calendar_step_until(&sim->calendar, until); i++)
		if (i == kEvents)
			fuzz_finding("events without end", "");
	calendar_advance(&sim->calendar, until);
}

uint64_t NicWorld::access(struct bus_port port, enum bus_op op, uint64_t addr, uint32_t len,
			  uint64_t value)
{
	struct Access {
		struct bus_req req = {};
		uint64_t data[8] = {};
		bool done = false;
	} cpu;

	cpu.data[0] = value;
	cpu.req.op = op;
	cpu.req.addr = addr;
	cpu.req.len_bytes = std::min<uint32_t>(len, sizeof(cpu.data));
	cpu.req.data = cpu.data;
	cpu.req.done = [](struct bus_req *req, uint64_t) {
		CONTAINER_OF(req, Access, req)->done = true;
	};
	bus_send(&port, &cpu.req);
	for (uint32_t i = 0; !cpu.done; i++)
		if (i == kEvents || !calendar_step(&sim->calendar))
			fuzz_finding("an access of the CPU does not end", "");
	return cpu.data[0];
}

void NicWorld::bystanders_exchange()
{
	AvfDriver &from = bystander[frames_ % 2], &to = bystander[(frames_ + 1) % 2];
	Bytes frame = make_frame(to.mac, from.mac, ++frames_, 60 + frames_ % 1400);

	/* What guests send them may have used up buffers: they post again, and try again. */
	for (unsigned tries = 0; tries < 50; tries++) {
		uint32_t before = to.rx_head;

		from.transmit(frame);
		run_for(50 * PS_PER_US);
		std::vector<Bytes> got = to.receive_frames();
		to.post_rx((to.rx_head - before) % AvfDriver::kRing);
		if (std::find(got.begin(), got.end(), frame) != got.end())
			return;
	}
	fuzz_finding("who was not touched does not exchange frames", "");
}

void NicWorld::guests_leave_nothing()
{
	struct nic_usage usage;

	for (uint32_t i = 0; i < kGuests; i++)
		host.flr(i);
	run_for(5 * PS_PER_MS);
	for (AvfDriver &each : bystander) {
		uint32_t before = each.rx_head;

		each.receive_frames();
		each.post_rx((each.rx_head - before) % AvfDriver::kRing);
	}
	run_for(PS_PER_MS);
	usage = nic_usage_get(host.nic);
	if (usage.dma_tags || usage.dma_jobs || usage.packets || usage.mailbox_messages ||
	    !pcie_device_idle(host.device))
		fuzz_finding("something is left in the device",
			     std::to_string(usage.dma_tags) + " tags, " +
				     std::to_string(usage.dma_jobs) + " jobs, " +
				     std::to_string(usage.packets) + " packets, " +
				     std::to_string(usage.mailbox_messages) + " messages");
}

void NicWorld::judge()
{
	bystanders_exchange();
	bystanders_exchange();
	guests_leave_nothing();
	bystanders_exchange();
}
