// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "base/ats.h"
#include "base/bits.h"
#include "base/trace.h"
#include "model/pcie/aer.h"
#include "model/pcie/config_regs_internal.h"
#include "model/pcie/device.h"
#include "model/pcie/device_internal.h"
#include "model/pcie/link.h"
#include "model/pcie/root_port.h"
#include "model/pcie/root_port_internal.h"

// The host behind the root port: 16 MiB of memory that answers after a delay which a test chooses.
class FakeHost
{
public:
	explicit FakeHost(struct sim *sim) : memory(16 << 20), sim_(sim)
	{
	}

	struct bus_port port()
	{
		return {this, [](void *ctx, struct bus_req *req) {
				static_cast<FakeHost *>(ctx)->take(req);
			}};
	}

	std::vector<uint8_t> memory;
	std::vector<struct bus_req> seen; // copies, in order of arrival
	std::function<uint64_t(const struct bus_req &)> delay = [](const struct bus_req &) {
		return 100 * PS_PER_NS;
	};
	enum bus_status status = BUS_OK;
	struct bus_port beyond = {}; // what lies above the memory, if anything
	// What a translation request is answered with.
	std::function<uint64_t(const struct bus_req &)> entry = [](const struct bus_req &) {
		return UINT64_C(0);
	};

private:
	void take(struct bus_req *req)
	{
		seen.push_back(*req);
		if (req->addr >= memory.size() && beyond.send) {
			bus_send(&beyond, req);
			return;
		}
		req->owner = this;
		event_init(&req->event, [](struct event *event, uint64_t now) {
			struct bus_req *due = CONTAINER_OF(event, struct bus_req, event);

			static_cast<FakeHost *>(due->owner)->perform(due);
			due->done(due, now);
		});
		sim_after(sim_, &req->event, delay(*req));
	}
	void perform(struct bus_req *req)
	{
		req->status = status;
		if (status != BUS_OK || !req->data)
			return;
		if (req->op == BUS_ATS)
			le64_put(req->data, entry(*req));
		else if (req->op == BUS_READ)
			memcpy(req->data, &memory[req->addr], req->len_bytes);
		else
			memcpy(&memory[req->addr], req->data, req->len_bytes);
	}

	struct sim *sim_;
};

// What a function's BARs and resets did.
struct FakeNic {
	struct Access {
		uint32_t bar;
		uint64_t offset;
		uint32_t len;
		uint64_t value;
	};
	std::vector<Access> writes;
	std::vector<enum pcie_reset_cause> resets;
	std::vector<bool> bus_master;
	int resets_done = 0;
	std::function<void(const Access &)> on_write = [](const Access &) {
	};

	static FakeNic *self(void *ctx)
	{
		return static_cast<FakeNic *>(ctx);
	}
	static const struct pcie_function_ops *ops()
	{
		static const struct pcie_function_ops table = {
			// A read answers with where it fell.
			[](void *ctx, uint32_t bar, uint64_t offset, uint32_t len) {
				return (uint64_t)bar << 56 | offset;
			},
			[](void *ctx, uint32_t bar, uint64_t offset, uint32_t len, uint64_t value) {
				self(ctx)->writes.push_back({bar, offset, len, value});
				self(ctx)->on_write(self(ctx)->writes.back());
			},
			[](void *ctx, enum pcie_reset_cause cause) {
				self(ctx)->resets.push_back(cause);
			},
			[](void *ctx) { self(ctx)->resets_done++; },
			[](void *ctx, bool on) { self(ctx)->bus_master.push_back(on); },
		};
		return &table;
	}
};

// A DMA request of a function, with its buffer.
struct Dma {
	struct tlp tlp = {};
	std::vector<uint8_t> bytes;
	uint64_t done_ps = TIME_NEVER;

	Dma(enum tlp_type type, uint64_t addr, uint32_t len, uint8_t fill = 0) : bytes(len, fill)
	{
		tlp.type = type;
		tlp.addr = addr;
		tlp.len_bytes = len;
		tlp.data = bytes.data();
		tlp.done = [](struct tlp *done, uint64_t now) {
			CONTAINER_OF(done, Dma, tlp)->done_ps = now;
		};
	}
	Dma(const Dma &) = delete;
	bool done() const
	{
		return done_ps != TIME_NEVER;
	}
};

// A CPU access in flight.
struct CpuAccess {
	struct bus_req req = {};
	uint64_t value = 0;
	uint64_t done_ps = TIME_NEVER;

	CpuAccess(enum bus_op op, uint64_t addr, uint32_t len, uint64_t written = 0)
		: value(written)
	{
		req.op = op;
		req.addr = addr;
		req.len_bytes = len;
		req.data = &value;
		req.done = [](struct bus_req *done, uint64_t now) {
			CONTAINER_OF(done, CpuAccess, req)->done_ps = now;
		};
	}
	CpuAccess(const CpuAccess &) = delete;
	bool done() const
	{
		return done_ps != TIME_NEVER;
	}
};

// Host, root port, link and a device with four VFs, joined as system/ joins them.
class PcieTest : public testing::Test
{
protected:
	static constexpr uint64_t kWindow = 0x5000000000, kWindowBytes = UINT64_C(64) << 30;
	static constexpr uint64_t kPfBar0 = kWindow, kPfBar3 = kWindow + (1 << 20);
	static constexpr uint64_t kVfBar0 = kWindow + (2 << 20), kVfBar3 = kWindow + (4 << 20);
	static constexpr uint16_t kPf = PCIE_RID(1, 0, 0), kVf0 = PCIE_RID(1, 2, 0);
	static constexpr uint64_t kLatency = 150 * PS_PER_NS, kFlr = 10 * PS_PER_MS;

	void SetUp() override
	{
		struct sim_hooks hooks = {};

		hooks.ctx = this;
		hooks.trace = [](void *ctx, const struct trace_event *event) {
			static_cast<PcieTest *>(ctx)->traced.push_back(*event);
		};
		ASSERT_EQ(sim_init(&sim, 1, &hooks), 0);
		configure();
		make();
		connect();
		for (uint32_t f = 0; f <= device_cfg.total_vfs; f++) {
			nic.push_back(std::make_unique<FakeNic>());
			pcie_function_bind(f ? vf(f - 1) : pf(), FakeNic::ops(), nic[f].get());
		}
	}

	virtual void configure()
	{
		pcie_device_cfg_x710(&device_cfg);
		device_cfg.total_vfs = 4;
		device_cfg.flr_ps = kFlr;
		device_cfg.register_ps = 50 * PS_PER_NS;
		link_cfg = {3, 8, 256, 512, kLatency, 0};
		port_cfg = {0x1b36, 0x000c, 1, 1, kWindow, kWindowBytes, 8};
	}

	void make()
	{
		struct pcie_device_env device_env = {{&sim, "test.nic", 0}};
		struct pcie_link_env link_env = {{&sim, "test.link", 0}};

		host = std::make_unique<FakeHost>(&sim);
		struct pcie_root_port_env port_env = {{&sim, "test.root", 0},
						      host->port(),
						      {},
						      nullptr,
						      nullptr,
						      nullptr,
						      nullptr};

		port_env.agent = {
			this,
			[](void *ctx, uint32_t stream, uint8_t itag) {
				static_cast<PcieTest *>(ctx)->invalidated.push_back({stream, itag});
			},
			[](void *ctx, const struct page_request *request) {
				static_cast<PcieTest *>(ctx)->page_requests.push_back(*request);
			}};
		port_env.interrupt = [](void *ctx, bool asserted) {
			static_cast<PcieTest *>(ctx)->intx.push_back(asserted);
		};
		port_env.interrupt_ctx = this;
		port_env.link = [](void *ctx, bool up) {
			static_cast<PcieTest *>(ctx)->link_changed(up);
		};
		port_env.link_ctx = this;
		device = pcie_device_create(&device_cfg, &device_env);
		link = pcie_link_create(&link_cfg, &link_env);
		port = pcie_root_port_create(&port_cfg, &port_env);
		ASSERT_TRUE(device && link && port);
	}

	// The root port's link goes down or up, and what is below it with it.
	virtual void link_changed(bool up)
	{
		pcie_link_set_up(link, up);
		if (!up)
			pcie_device_reset(device, false);
	}

	virtual void connect()
	{
		struct tlp_port root = pcie_root_port_port(port), end = pcie_device_port(device);
		struct tlp_port down = pcie_link_port(link, PCIE_LINK_DOWN);
		struct tlp_port up = pcie_link_port(link, PCIE_LINK_UP);

		pcie_link_connect(link, &root, &end);
		pcie_root_port_connect(port, &down);
		pcie_device_connect(device, &up);
	}

	void TearDown() override
	{
		run();
		EXPECT_TRUE(pcie_device_idle(device));
		EXPECT_TRUE(pcie_root_port_idle(port));
		EXPECT_EQ(pcie_link_in_flight(link), 0u);
		pcie_root_port_destroy(port);
		pcie_link_destroy(link);
		pcie_device_destroy(device);
		sim_fini(&sim);
	}

	struct pcie_function *pf()
	{
		return pcie_device_pf(device);
	}
	/* PASID Enable: the PF's, for its VFs too. */
	void enable_pasids(bool on = true)
	{
		config_write(kPf, AT_PASID + PASID_CONTROL + 2, on ? PASID_ENABLE >> 16 : 0, 2);
		host->seen.clear();
	}
	struct pcie_function *vf(uint32_t n)
	{
		return pcie_device_vf(device, n);
	}
	void run()
	{
		sim_run(&sim, TIME_NEVER, nullptr);
	}
	void run_for(uint64_t ps)
	{
		sim_run(&sim, sim_now(&sim) + ps, nullptr);
	}

	static uint64_t ecam(uint16_t rid, uint32_t reg)
	{
		return (uint64_t)rid << 12 | reg;
	}
	void send_config(CpuAccess &access)
	{
		struct bus_port bus = pcie_root_port_ecam(port);

		bus_send(&bus, &access.req);
		EXPECT_FALSE(access.done());
	}
	void send_mmio(CpuAccess &access)
	{
		struct bus_port bus = pcie_root_port_mmio(port);

		bus_send(&bus, &access.req);
		EXPECT_FALSE(access.done());
	}
	// Run events until an access is done: other things may still be going on.
	void wait(const CpuAccess &access)
	{
		while (!access.done())
			ASSERT_TRUE(calendar_step(&sim.calendar));
	}
	uint32_t config_read(uint16_t rid, uint32_t reg, uint32_t len = 4)
	{
		CpuAccess access(BUS_READ, ecam(rid, reg), len);

		send_config(access);
		wait(access);
		return (uint32_t)access.value;
	}
	void config_write(uint16_t rid, uint32_t reg, uint32_t value, uint32_t len = 4)
	{
		CpuAccess access(BUS_WRITE, ecam(rid, reg), len, value);

		send_config(access);
		wait(access);
	}
	uint64_t mmio_read(uint64_t addr, uint32_t len = 4)
	{
		CpuAccess access(BUS_READ, addr, len);

		send_mmio(access);
		wait(access);
		return access.value;
	}
	void mmio_write(uint64_t addr, uint64_t value, uint32_t len = 4)
	{
		CpuAccess access(BUS_WRITE, addr, len, value);

		send_mmio(access);
		wait(access);
	}

	void write_bar(uint16_t rid, uint32_t reg, uint64_t addr)
	{
		config_write(rid, reg, (uint32_t)addr);
		config_write(rid, reg + 4, (uint32_t)(addr >> 32));
	}
	// As an operating system: BARs, memory decoding, then the VFs.
	void bring_up(uint32_t vfs)
	{
		write_bar(kPf, CFG_BAR, kPfBar0);
		write_bar(kPf, CFG_BAR + 12, kPfBar3);
		write_bar(kPf, AT_SRIOV + SRIOV_VF_BAR, kVfBar0);
		write_bar(kPf, AT_SRIOV + SRIOV_VF_BAR + 12, kVfBar3);
		config_write(kPf, CFG_COMMAND, COMMAND_MEMORY | COMMAND_BUS_MASTER, 2);
		if (!vfs)
			return;
		config_write(kPf, AT_SRIOV + SRIOV_NUM_VFS, vfs, 2);
		config_write(kPf, AT_SRIOV + SRIOV_CONTROL, SRIOV_VF_ENABLE | SRIOV_VF_MSE, 2);
		for (uint32_t n = 0; n < vfs; n++)
			config_write((uint16_t)(kVf0 + n), CFG_COMMAND, COMMAND_BUS_MASTER, 2);
	}
	std::vector<struct trace_event> traces_of(enum trace_kind kind) const
	{
		std::vector<struct trace_event> found;

		for (const struct trace_event &event : traced)
			if (event.kind == kind)
				found.push_back(event);
		return found;
	}

	struct sim sim;
	struct pcie_device_cfg device_cfg;
	struct pcie_link_cfg link_cfg;
	struct pcie_root_port_cfg port_cfg;
	std::unique_ptr<FakeHost> host;
	struct pcie_device *device = nullptr;
	struct pcie_link *link = nullptr;
	struct pcie_root_port *port = nullptr;
	std::vector<std::unique_ptr<FakeNic>> nic; // PF, then VFs
	std::vector<struct trace_event> traced;
	std::vector<std::pair<uint32_t, uint8_t>> invalidated; // stream, ITag
	std::vector<struct page_request> page_requests;
	std::vector<bool> intx; // changes of the root port's interrupt line
};
