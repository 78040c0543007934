/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_NIC_FIXTURE_H
#define VFSIM_TESTBENCH_NIC_FIXTURE_H

#include <gtest/gtest.h>

#include "testbench/support/nic_bench.h"

/* Two hosts with a NIC each, joined by a wire. */
class NicTest : public testing::Test
{
protected:
	void SetUp() override
	{
		struct sim_hooks hooks = {};

		hooks.ctx = this;
		hooks.trace = [](void *ctx, const struct trace_event *event) {
			static_cast<NicTest *>(ctx)->traced.push_back(*event);
		};
		ASSERT_EQ(sim_init(&sim, 1, &hooks), 0);
		cfg = nic_bench_cfg(4);
		firmware_cfg = nic_bench_firmware_cfg();
		wire_cfg = {};
		wire_cfg.latency_ps = PS_PER_US;
		wire_cfg.ps_per_byte = 320;
		configure();
		for (uint32_t i = 0; i < 2; i++)
			host[i] = std::make_unique<NicHost>(&sim, i, cfg, firmware_cfg);
		connect();
		host[0]->bring_up(4);
		host[1]->bring_up(4);
	}
	virtual void configure()
	{
	}
	void connect()
	{
		struct wire_env env = {{&sim, "wire", 0}};
		struct frame_port end[2] = {nic_frame_port(host[0]->nic),
					    nic_frame_port(host[1]->nic)};

		wire = wire_create(&wire_cfg, &env);
		wire_connect(wire, &end[0], &end[1]);
		for (uint32_t i = 0; i < 2; i++) {
			struct frame_port port = wire_port(wire, i);

			nic_connect_wire(host[i]->nic, &port);
		}
	}
	void TearDown() override
	{
		sim_run(&sim, TIME_NEVER, nullptr);
		for (uint32_t i = 0; i < 2; i++) {
			struct nic_usage usage = nic_usage_get(host[i]->nic);

			EXPECT_EQ(usage.dma_tags, i ? 0u : planted_tags);
			EXPECT_EQ(usage.dma_jobs, 0u);
			EXPECT_EQ(usage.packets, 0u);
			EXPECT_EQ(usage.mailbox_messages, 0u);
			EXPECT_TRUE(pcie_device_idle(host[i]->device));
		}
		wire_destroy(wire);
		host[0].reset();
		host[1].reset();
		sim_fini(&sim);
	}
	std::vector<struct trace_event> traces_of(enum trace_kind kind) const
	{
		std::vector<struct trace_event> found;

		for (const struct trace_event &event : traced)
			if (event.kind == kind)
				found.push_back(event);
		return found;
	}
	uint64_t dropped(uint32_t on, enum packet_drop cause) const
	{
		return nic_counters_get(host[on]->nic)->dropped[cause];
	}
	void run_for(uint64_t ps)
	{
		sim_run(&sim, sim_now(&sim) + ps, nullptr);
	}

	struct sim sim;
	uint32_t planted_tags = 0; /* that host 0's NIC keeps by a planted fault */
	struct nic_cfg cfg;
	struct firmware_cfg firmware_cfg;
	struct wire_cfg wire_cfg;
	struct wire *wire = nullptr;
	std::unique_ptr<NicHost> host[2];
	std::vector<struct trace_event> traced;
};

/* A driver on each host, up: `a` on host 0, `b` on host 1, each on VF 0. */
class NicTraffic : public NicTest
{
protected:
	void SetUp() override
	{
		NicTest::SetUp();
		a = std::make_unique<AvfDriver>(host[0].get(), 0, 0);
		b = std::make_unique<AvfDriver>(host[1].get(), 0, 1);
		a->bring_up();
		b->bring_up();
		traced.clear();
	}
	Bytes frame(uint64_t number, uint32_t len = 1000)
	{
		return make_frame(b->mac, a->mac, number, len);
	}

	std::unique_ptr<AvfDriver> a, b;
};

#endif
