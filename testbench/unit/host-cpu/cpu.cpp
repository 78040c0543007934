// SPDX-License-Identifier: Apache-2.0
// The CPU port: memory at once, registers as transactions, interrupts by doorbell and wire.
#include "host/cpu/cpu.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "base/bits.h"
#include "base/trace.h"
#include "model/memory/fabric.h"

namespace
{
constexpr uint64_t kDramPa = 0x10000000000, kDeviceAPa = 0x5000000000, kDeviceBPa = 0x5000010000;
constexpr uint64_t kDoorbellPa = 0x08020000;

// A device behind a pipe that keeps order: each access is done `latency_ps` after it arrived.
struct Device {
	struct sim *sim;
	uint64_t latency_ps;
	uint64_t reg[8];
	std::vector<std::string> *log;
	uint32_t pending, most_pending;

	static void send(void *ctx, struct bus_req *req)
	{
		auto *self = static_cast<Device *>(ctx);

		req->owner = self;
		self->most_pending = std::max(self->most_pending, ++self->pending);
		event_init(&req->event, [](struct event *event, uint64_t now) {
			struct bus_req *r = CONTAINER_OF(event, struct bus_req, event);
			auto *device = static_cast<Device *>(r->owner);
			uint64_t *reg = &device->reg[r->addr / 8];
			std::string what = std::to_string(r->addr);

			device->pending--;
			if (r->op == BUS_WRITE)
				memcpy(reg, r->data, r->len_bytes);
			else
				memcpy(r->data, reg, r->len_bytes);
			device->log->push_back((r->op == BUS_WRITE ? "w" : "r") + what);
			r->status = BUS_OK;
			r->done(r, now);
		});
		sim_after(self->sim, &req->event, self->latency_ps);
	}
};

class Cpu : public testing::Test
{
protected:
	void SetUp() override
	{
		struct sim_hooks hooks = {};

		hooks.ctx = this;
		hooks.trace = [](void *ctx, const struct trace_event *event) {
			static_cast<Cpu *>(ctx)->traced.push_back(*event);
		};
		ASSERT_EQ(sim_init(&sim, 1, &hooks), 0);
		arena = dram_arena_create(1024);
		struct sim_part part = {&sim, "host.cpu", 0};
		struct dram_cfg dram_cfg = {kDramPa, 1 << 20, {50 * PS_PER_NS, 0}};
		struct dram_env dram_env = {part, arena};
		dram = dram_create(&dram_cfg, &dram_env);
		fabric_init(&fabric, &part);
		struct cpu_cfg cfg = {kDoorbellPa, 8, 4, 300 * PS_PER_NS};
		struct cpu_env env = {part, fabric_bus_port(&fabric), dram};
		cpu = cpu_create(&cfg, &env);
		port = cpu_port(cpu);
		window("dram", kDramPa, 1 << 20, dram_bus_port(dram), false);
		window("doorbell", kDoorbellPa, 0x10000, cpu_doorbell_port(cpu), true);
		window("a", kDeviceAPa, 64, {&a, Device::send}, true);
		window("b", kDeviceBPa, 64, {&b, Device::send}, true);
	}

	void TearDown() override
	{
		EXPECT_TRUE(cpu_idle(cpu));
		cpu_destroy(cpu);
		dram_destroy(dram);
		dram_arena_destroy(arena);
		sim_fini(&sim);
	}

	void window(const char *name, uint64_t base, uint64_t size, struct bus_port target,
		    bool sub)
	{
		struct fabric_window made = {name, base, size, target, sub};

		ASSERT_EQ(fabric_add(&fabric, &made), 0);
	}

	void run(std::function<void(struct actor *)> body)
	{
		actor_forget(actor_start(
			&sim, "software",
			[](struct actor *self, void *arg) {
				(*static_cast<std::function<void(struct actor *)> *>(arg))(self);
			},
			&body));
		sim_run(&sim, TIME_NEVER, nullptr);
	}

	uint64_t read(struct actor *self, uint64_t pa, uint32_t len)
	{
		return port.ops->mmio_read(port.ctx, self, pa, len);
	}

	void write(struct actor *self, uint64_t pa, uint32_t len, uint64_t value)
	{
		port.ops->mmio_write(port.ctx, self, pa, len, value);
	}

	// A device writes to the doorbell's window.
	enum bus_status ring(uint32_t device_id, uint32_t event_id, uint64_t offset = 0x40,
			     uint32_t len = 4, enum bus_op op = BUS_WRITE)
	{
		struct bus_req req = {};
		uint64_t data = event_id;
		struct bus_port bus = fabric_bus_port(&fabric);

		req.op = op;
		req.addr = kDoorbellPa + offset;
		req.len_bytes = len;
		req.data = &data;
		req.attr.from_device = true;
		req.attr.stream_id = device_id;
		req.done = [](struct bus_req *, uint64_t) {
		};
		bus_send(&bus, &req);
		sim_run(&sim, TIME_NEVER, nullptr);
		return req.status;
	}

	struct sim sim;
	struct dram_arena *arena;
	struct dram *dram;
	struct fabric fabric;
	struct cpu *cpu;
	struct cpu_port port;
	std::vector<std::string> log;
	std::vector<struct trace_event> traced;
	Device a = {&sim, 100 * PS_PER_NS, {}, &log, 0, 0};
	Device b = {&sim, 400 * PS_PER_NS, {}, &log, 0, 0};
};

struct Handler {
	int calls;
	uint64_t at_ps;
	static void call(void *arg, uint64_t now)
	{
		auto *self = static_cast<Handler *>(arg);

		self->calls++;
		self->at_ps = now;
	}
};
} // namespace

TEST_F(Cpu, MemoryIsReadWrittenSwappedAndZeroedAtOnce)
{
	uint64_t value = 5, found = 0;

	port.ops->memory_write(port.ctx, kDramPa + 0x1000, &value, 8);
	port.ops->memory_read(port.ctx, kDramPa + 0x1000, &found, 8);
	EXPECT_EQ(found, 5u);
	EXPECT_EQ(port.ops->memory_cas64(port.ctx, kDramPa + 0x1000, 4, 6), 5u);
	EXPECT_EQ(port.ops->memory_cas64(port.ctx, kDramPa + 0x1000, 5, 6), 5u);
	dram_read(dram, kDramPa + 0x1000, &found, 8);
	EXPECT_EQ(found, 6u);
	port.ops->memory_zero(port.ctx, kDramPa + 0x1000, 4096);
	EXPECT_TRUE(dram_page_is_zero(dram, kDramPa + 0x1000));
	EXPECT_EQ(sim_now(&sim), 0u);
}

TEST_F(Cpu, MemoryIsSeenAndWrittenWhereItLiesWithinAPage)
{
	const uint64_t pa = kDramPa + 0x1ff8;
	uint64_t value = 5, found = 0;

	EXPECT_EQ(port.ops->memory_peek(port.ctx, pa, 8), nullptr); // not stored
	memcpy(port.ops->memory_place(port.ctx, pa, 8), &value, 8);
	dram_read(dram, pa, &found, 8);
	EXPECT_EQ(found, 5u);
	EXPECT_EQ(memcmp(port.ops->memory_peek(port.ctx, pa, 8), &value, 8), 0);
	EXPECT_EQ(port.ops->memory_peek(port.ctx, pa, 9), nullptr);
	EXPECT_EQ(port.ops->memory_place(port.ctx, pa, 9), nullptr);
}

TEST_F(Cpu, ARegisterReadWaitsAndAWriteDoesNot)
{
	a.reg[1] = 0x1122334455667788;
	run([&](struct actor *self) {
		write(self, kDeviceAPa, 4, 0xffffffff12345678);
		EXPECT_EQ(sim_now(&sim), 0u);
		EXPECT_EQ(read(self, kDeviceAPa + 8, 8), 0x1122334455667788u);
		EXPECT_EQ(sim_now(&sim), 100 * PS_PER_NS);
		EXPECT_EQ(read(self, kDeviceAPa + 8, 2), 0x7788u);
		EXPECT_EQ(a.reg[0], 0x12345678u);
	});
	EXPECT_EQ(log, (std::vector<std::string>{"w0", "r8", "r8"}));
}

TEST_F(Cpu, WhatOneReadOfADeviceFollowsHasArrivedThere)
{
	run([&](struct actor *self) {
		for (uint64_t i = 1; i <= 20; i++) {
			write(self, kDeviceBPa, 8, i);
			EXPECT_EQ(read(self, kDeviceBPa, 8), i);
		}
	});
}

TEST_F(Cpu, PostedWritesAreCopiedKeptInOrderAndBounded)
{
	run([&](struct actor *self) {
		for (uint64_t i = 0; i < 8; i++)
			write(self, kDeviceBPa + 8 * i, 8, 100 + i);
		// Four fit; the fifth waited for the first to arrive.
		EXPECT_EQ(sim_now(&sim), 400 * PS_PER_NS);
		EXPECT_FALSE(cpu_idle(cpu));
	});
	EXPECT_EQ(b.most_pending, 4u);
	EXPECT_EQ(log,
		  (std::vector<std::string>{"w0", "w8", "w16", "w24", "w32", "w40", "w48", "w56"}));
	for (uint64_t i = 0; i < 8; i++)
		EXPECT_EQ(b.reg[i], 100 + i);
}

TEST_F(Cpu, AReadOfNothingIsAllOnesAndAWriteToNothingIsLost)
{
	run([&](struct actor *self) {
		EXPECT_EQ(read(self, 0x1234000, 1), 0xffu);
		EXPECT_EQ(read(self, 0x1234000, 2), 0xffffu);
		EXPECT_EQ(read(self, 0x1234000, 4), 0xffffffffu);
		EXPECT_EQ(read(self, 0x1234000, 8), ~UINT64_C(0));
		write(self, 0x1234000, 4, 1);
	});
}

TEST_F(Cpu, ReadsOfManyActorsAreUnderWayTogether)
{
	std::function<void(struct actor *)> body = [&](struct actor *self) {
		read(self, kDeviceBPa, 4);
		EXPECT_EQ(sim_now(&sim), 400 * PS_PER_NS);
	};

	for (int i = 0; i < 5; i++)
		actor_forget(actor_start(
			&sim, "reader",
			[](struct actor *self, void *arg) {
				(*static_cast<std::function<void(struct actor *)> *>(arg))(self);
			},
			&body));
	sim_run(&sim, TIME_NEVER, nullptr);
	EXPECT_EQ(b.most_pending, 5u);
}

TEST_F(Cpu, AnMsiReachesWhoRegisteredForItsDeviceAndEvent)
{
	Handler one = {}, two = {};

	ASSERT_EQ(port.msi_doorbell_pa, kDoorbellPa + 0x40);
	ASSERT_EQ(port.ops->msi_register(port.ctx, 0x108, 1, Handler::call, &one), 0);
	ASSERT_EQ(port.ops->msi_register(port.ctx, 0x109, 1, Handler::call, &two), 0);
	EXPECT_EQ(ring(0x108, 1), BUS_OK);
	EXPECT_EQ(one.calls, 1);
	EXPECT_EQ(one.at_ps, 300 * PS_PER_NS);
	EXPECT_EQ(two.calls, 0);
	ASSERT_EQ(traced.size(), 1u);
	EXPECT_EQ(traced[0].kind, TRACE_MSI_DELIVERED);
	EXPECT_EQ(traced[0].arg[0], 0x108u);
	EXPECT_EQ(traced[0].arg[1], 1u);
	EXPECT_EQ(cpu_spurious_msis(cpu), 0u);
}

TEST_F(Cpu, AnMsiThatNobodyWantsIsCounted)
{
	Handler one = {};

	EXPECT_EQ(ring(0x108, 1), BUS_OK);
	ASSERT_EQ(port.ops->msi_register(port.ctx, 0x108, 1, Handler::call, &one), 0);
	ASSERT_EQ(port.ops->msi_register(port.ctx, 0x108, 1, nullptr, nullptr), 0);
	EXPECT_EQ(ring(0x108, 1), BUS_OK);
	EXPECT_EQ(ring(0x108, 2), BUS_OK);
	EXPECT_EQ(one.calls, 0);
	EXPECT_EQ(cpu_spurious_msis(cpu), 3u);
	EXPECT_EQ(traced.size(), 3u);
}

TEST_F(Cpu, OnlyAFourByteWriteToTheTranslaterIsAnMsi)
{
	EXPECT_EQ(ring(0x108, 1, 0x44), BUS_ABORT);
	EXPECT_EQ(ring(0x108, 1, 0x40, 8), BUS_ABORT);
	EXPECT_EQ(ring(0x108, 1, 0x40, 4, BUS_READ), BUS_ABORT);
	EXPECT_TRUE(traced.empty());
}

TEST_F(Cpu, TheMsiTableFillsUpAndIsGivenBack)
{
	Handler one = {};

	for (uint32_t i = 0; i < 8; i++)
		ASSERT_EQ(port.ops->msi_register(port.ctx, 1, i, Handler::call, &one), 0);
	EXPECT_EQ(port.ops->msi_register(port.ctx, 1, 8, Handler::call, &one), -ENOSPC);
	EXPECT_EQ(port.ops->msi_register(port.ctx, 1, 7, Handler::call, &one), 0); // again
	// Devices come and go: an entry that was given back serves another.
	for (uint32_t i = 0; i < 100; i++) {
		ASSERT_EQ(port.ops->msi_register(port.ctx, 1, 0, nullptr, nullptr), 0);
		ASSERT_EQ(port.ops->msi_register(port.ctx, 2 + i, 0, Handler::call, &one), 0) << i;
		EXPECT_EQ(ring(2 + i, 0), BUS_OK);
		EXPECT_EQ(one.calls, static_cast<int>(i) + 1);
		ASSERT_EQ(port.ops->msi_register(port.ctx, 2 + i, 0, nullptr, nullptr), 0);
		ASSERT_EQ(port.ops->msi_register(port.ctx, 1, 0, Handler::call, &one), 0);
	}
	for (uint32_t i = 0; i < 8; i++)
		EXPECT_EQ(ring(1, i), BUS_OK);
	EXPECT_EQ(one.calls, 108);
	EXPECT_EQ(cpu_spurious_msis(cpu), 0u);
}

TEST_F(Cpu, AWireCallsItsHandler)
{
	Handler one = {};
	struct irq_port irq = cpu_irq_port(cpu);

	EXPECT_EQ(port.ops->irq_register(port.ctx, 16, Handler::call, &one), -EINVAL);
	ASSERT_EQ(port.ops->irq_register(port.ctx, 2, Handler::call, &one), 0);
	irq.raise(irq.ctx, 1); // nobody listens
	irq.raise(irq.ctx, 2);
	irq.raise(irq.ctx, 2); // pending already
	EXPECT_EQ(one.calls, 0);
	sim_run(&sim, TIME_NEVER, nullptr);
	EXPECT_EQ(one.calls, 1);
	irq.raise(irq.ctx, 2);
	ASSERT_EQ(port.ops->irq_register(port.ctx, 2, nullptr, nullptr), 0);
	sim_run(&sim, TIME_NEVER, nullptr);
	EXPECT_EQ(one.calls, 1);
}

TEST_F(Cpu, AWireRaisedAgainIsNotDelayed)
{
	Handler one = {};
	struct irq_port irq = cpu_irq_port(cpu);

	ASSERT_EQ(port.ops->irq_register(port.ctx, 2, Handler::call, &one), 0);
	irq.raise(irq.ctx, 2);
	sim_run(&sim, 200 * PS_PER_NS, nullptr);
	irq.raise(irq.ctx, 2);
	sim_run(&sim, TIME_NEVER, nullptr);
	EXPECT_EQ(one.calls, 1);
	EXPECT_EQ(one.at_ps, 300 * PS_PER_NS);
}

TEST_F(Cpu, AnInterruptOnItsWayDoesNotReachTheNextOwnerOfItsSlot)
{
	Handler old = {}, next = {};

	for (uint32_t i = 0; i < 200; i++) {
		ASSERT_EQ(port.ops->msi_register(port.ctx, 1, 0, Handler::call, &old), 0);
		struct bus_req req = {};
		uint32_t data = 0;
		struct bus_port bus = fabric_bus_port(&fabric);

		req.op = BUS_WRITE;
		req.addr = kDoorbellPa + 0x40;
		req.len_bytes = 4;
		req.data = &data;
		req.attr.stream_id = 1;
		req.done = [](struct bus_req *, uint64_t) {
		};
		bus_send(&bus, &req);
		sim_run(&sim, sim_now(&sim) + 100 * PS_PER_NS, nullptr);
		ASSERT_EQ(port.ops->msi_register(port.ctx, 1, 0, nullptr, nullptr), 0);
		ASSERT_EQ(port.ops->msi_register(port.ctx, 2 + i, 0, Handler::call, &next), 0);
		sim_run(&sim, TIME_NEVER, nullptr);
		ASSERT_EQ(port.ops->msi_register(port.ctx, 2 + i, 0, nullptr, nullptr), 0);
	}
	EXPECT_EQ(old.calls + next.calls, 0);
}

TEST_F(Cpu, ManyActorsShareThePostedWrites)
{
	std::function<void(struct actor *)> body = [&](struct actor *self) {
		for (uint64_t i = 0; i < 8; i++)
			write(self, kDeviceBPa + 8 * i, 8, 7);
	};

	for (int i = 0; i < 5; i++)
		actor_forget(actor_start(
			&sim, "writer",
			[](struct actor *self, void *arg) {
				(*static_cast<std::function<void(struct actor *)> *>(arg))(self);
			},
			&body));
	sim_run(&sim, TIME_NEVER, nullptr);
	EXPECT_EQ(log.size(), 40u);
	EXPECT_EQ(b.most_pending, 4u);
}
