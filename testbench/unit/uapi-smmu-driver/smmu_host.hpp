// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/bits.h"
#include "base/trace.h"
#include "host/cpu/cpu.h"
#include "iommu/smmu.h"
#include "model/memory/dram.h"
#include "model/memory/fabric.h"
#include "model/memory/frames.h"
#include "uapi/smmu-driver/smmu_driver_internal.h"

constexpr uint64_t kDoorbellPa = 0x08020000;
constexpr uint64_t kSmmuPa = 0x09000000;
constexpr uint64_t kDramPa = 0x10000000000;
constexpr uint64_t kDramBytes = UINT64_C(64) << 30;

struct SmmuHostOptions {
	bool two_level = true;
	bool msi = true;
	bool coherent = true;
	bool cache_dirty = false;
	uint8_t httu = 2;
	bool stage2 = false;
	uint8_t ssid_bits = 0;
	bool two_level_cd = true;
	uint8_t cmdq_log2 = 8;
	uint8_t evtq_log2 = 7;
	enum dirty_clear dirty_clear = DIRTY_CLEAR_LINUX_7_3;
	bool lazy = false;
	bool ats = false; // of the SMMU and of the device
	bool pri = false;
	uint8_t priq_log2 = 3;
	uint64_t page_request_latency_ps = 0;
	uint64_t page_ps = 0;
};

// One request of a device.
struct Dma {
	struct bus_req req = {};
	std::vector<uint8_t> data;
	uint64_t done_ps = TIME_NEVER;

	Dma(enum bus_op op, uint32_t stream, uint64_t iova, std::vector<uint8_t> bytes)
		: data(std::move(bytes))
	{
		req.op = op;
		req.addr = iova;
		req.data = data.data();
		req.len_bytes = static_cast<uint32_t>(data.size());
		req.attr.from_device = true;
		req.attr.stream_id = stream;
		req.attr.iova = iova;
		req.attr.posted = op == BUS_WRITE;
		req.done = [](struct bus_req *done, uint64_t now) {
			CONTAINER_OF(done, Dma, req)->done_ps = now;
		};
	}
	Dma(const Dma &) = delete;
	bool done() const
	{
		return done_ps != TIME_NEVER;
	}
};

// Calls `tick` every so often, as long as it lives.
class Periodic
{
public:
	Periodic(struct sim *sim, uint64_t period_ps, std::function<void()> tick)
		: sim_(sim), period_ps_(period_ps), tick_(std::move(tick))
	{
		handle_.self = this;
		event_init(&handle_.event, [](struct event *event, uint64_t) {
			Periodic *self = CONTAINER_OF(event, Handle, event)->self;

			sim_after(self->sim_, event, self->period_ps_);
			self->tick_();
		});
		sim_after(sim, &handle_.event, 0);
	}
	~Periodic()
	{
		calendar_cancel(&sim_->calendar, &handle_.event);
	}
	Periodic(const Periodic &) = delete;

private:
	struct Handle {
		struct event event;
		Periodic *self;
	} handle_;
	struct sim *sim_;
	uint64_t period_ps_;
	std::function<void()> tick_;
};

// A host with memory, an SMMU and a CPU, its driver, and devices' DMA from the test.
class SmmuHost : public testing::Test
{
public:
	static constexpr uint32_t kStream = 0x108;

	void SetUp() override
	{
		struct sim_hooks hooks = {};

		hooks.ctx = this;
		hooks.trace = [](void *ctx, const struct trace_event *event) {
			static_cast<SmmuHost *>(ctx)->traced.push_back(*event);
		};
		hooks.log = [](void *ctx, enum log_level, const char *, const char *text) {
			static_cast<SmmuHost *>(ctx)->logged.push_back(text);
		};
		ASSERT_EQ(sim_init(&sim, 1, &hooks), 0);
		arena = dram_arena_create(1 << 20);
	}

	// Make the hardware; the driver is probed by the caller, or by probe().
	void build(const SmmuHostOptions &wanted = {})
	{
		options = wanted;
		struct dram_cfg dram_cfg = {kDramPa, kDramBytes, {80 * PS_PER_NS, 40}};
		struct dram_env dram_env = {{&sim, "host.dram", 0}, arena};
		dram = dram_create(&dram_cfg, &dram_env);
		frames = frames_create(kDramPa, kDramBytes);
		struct sim_part part = {&sim, "host.fabric", 0};
		fabric_init(&fabric, &part);
		struct cpu_cfg cpu_cfg = {kDoorbellPa, 64, 16, 500 * PS_PER_NS};
		struct cpu_env cpu_env = {{&sim, "host.cpu", 0}, fabric_bus_port(&fabric), dram};
		cpu = cpu_create(&cpu_cfg, &cpu_env);
		struct smmu_cfg smmu_cfg = {};
		smmu_cfg.version = 1;
		smmu_cfg.iidr = 0x43b;
		smmu_cfg.endian = IDR0_TTENDIAN_LE;
		smmu_cfg.stall_model = IDR0_STALL_MODEL_NONE;
		smmu_cfg.sid_bits = options.two_level ? 16 : 6; // more streams need two levels
		smmu_cfg.cmdq_log2 = options.cmdq_log2;
		smmu_cfg.evtq_log2 = options.evtq_log2;
		smmu_cfg.oas_bits = 48;
		smmu_cfg.httu = options.httu;
		smmu_cfg.granules = SMMU_GRANULE_4K;
		smmu_cfg.ttf = IDR0_TTF_AARCH64;
		smmu_cfg.s1 = smmu_cfg.had = smmu_cfg.asid16 = true;
		smmu_cfg.s2 = smmu_cfg.xnx = smmu_cfg.vmid16 = options.stage2;
		smmu_cfg.ssid_bits = options.ssid_bits;
		smmu_cfg.two_level_cd = options.two_level_cd;
		smmu_cfg.two_level_strtab = options.two_level;
		smmu_cfg.msi = options.msi;
		smmu_cfg.coherent = options.coherent;
		smmu_cfg.cache_dirty = options.cache_dirty;
		smmu_cfg.max_transactions = 64;
		smmu_cfg.timing = {2 * PS_PER_NS, 10 * PS_PER_NS, 20 * PS_PER_NS, 4, 64, 4};
		smmu_cfg.timing.ats_timeout_ps = PS_PER_MS;
		smmu_cfg.ats = options.ats;
		smmu_cfg.pri = options.pri;
		smmu_cfg.priq_log2 = options.priq_log2;
		struct smmu_env smmu_env = {};
		smmu_env.part = {&sim, "host.smmu", 0};
		smmu_env.memory = fabric_bus_port(&fabric);
		smmu_env.irq = cpu_irq_port(cpu);
		smmu = smmu_create(&smmu_cfg, &smmu_env);
		ASSERT_NE(smmu, nullptr);
		struct ats_port devices = {};
		devices.ctx = this;
		devices.invalidate = [](void *ctx, const struct ats_invalidation *invalidation) {
			static_cast<SmmuHost *>(ctx)->invalidate_device(*invalidation);
		};
		devices.respond = [](void *ctx, const struct prg_response *response) {
			static_cast<SmmuHost *>(ctx)->responses.push_back(*response);
		};
		smmu_connect_ats(smmu, &devices);
		window("dram", kDramPa, kDramBytes, dram_bus_port(dram), false);
		window("doorbell", kDoorbellPa, 0x10000, cpu_doorbell_port(cpu), true);
		window("smmu", kSmmuPa, SMMU_REGISTER_BYTES, smmu_register_port(smmu), true);
	}

	int probe()
	{
		struct smmu_driver_cfg cfg = {};
		struct smmu_driver_env env = {};
		int err = -1;

		cfg.register_pa = kSmmuPa;
		cfg.event_irq = SMMU_IRQ_EVTQ;
		cfg.gerror_irq = SMMU_IRQ_GERROR;
		cfg.priq_irq = SMMU_IRQ_PRIQ;
		cfg.page_request_latency_ps = options.page_request_latency_ps;
		cfg.dirty_clear = options.dirty_clear;
		cfg.lazy_unmap = options.lazy;
		cfg.page_ps = options.page_ps;
		env.part = {&sim, "host.smmu_driver", 0};
		env.cpu = cpu_port(cpu);
		env.frames = frames;
		env.event = [](void *ctx, const uint64_t record[4]) {
			static_cast<SmmuHost *>(ctx)->events.push_back(
				{record, record + EVENT_WORDS});
		};
		env.event_ctx = this;
		env.ats_supported = [](void *ctx, struct actor *, uint32_t) {
			return static_cast<SmmuHost *>(ctx)->device_has_ats;
		};
		env.ats_enable = [](void *ctx, struct actor *, uint32_t stream, bool on) {
			SmmuHost *host = static_cast<SmmuHost *>(ctx);

			host->switched.push_back({sim_now(&host->sim), on});
			host->on_switch(stream, on);
		};
		env.pri_enable = [](void *ctx, struct actor *, uint32_t, uint32_t allocation) {
			static_cast<SmmuHost *>(ctx)->allocations.push_back(allocation);
		};
		env.pasid_enable = [](void *ctx, struct actor *, uint32_t,
				      struct smmu_pasids *pasids) {
			SmmuHost *host = static_cast<SmmuHost *>(ctx);

			host->pasid_enables++;
			pasids->bits = MIN(pasids->bits, host->pasid_bits);
		};
		env.ats_ctx = this;
		run([&](struct actor *self) {
			err = smmu_driver_probe(&cfg, &env, self, &driver);
		});
		return err;
	}

	void start(const SmmuHostOptions &wanted = {})
	{
		build(wanted);
		ASSERT_EQ(probe(), 0);
	}

	void TearDown() override
	{
		smmu_driver_remove(driver);
		if (frames) {
			EXPECT_EQ(frames_in_use(frames), frames_kept);
		}
		smmu_destroy(smmu);
		cpu_destroy(cpu);
		if (dram)
			dram_destroy(dram);
		frames_destroy(frames);
		dram_arena_destroy(arena);
		sim_fini(&sim);
	}

	// The device's side of an invalidation: its answer comes a while later.
	void invalidate_device(const struct ats_invalidation &invalidation)
	{
		invalidations.push_back(invalidation);
		if (!device_answers)
			return;
		if (!answer.self)
			event_init(&answer.event, answer_invalidations);
		answer.self = this;
		if (!event_pending(&answer.event))
			sim_after(&sim, &answer.event, PS_PER_US);
	}

	static void answer_invalidations(struct event *event, uint64_t)
	{
		SmmuHost *host = CONTAINER_OF(event, Answer, event)->self;
		struct ats_agent agent = smmu_ats_agent(host->smmu);

		for (; host->answered < host->invalidations.size(); host->answered++)
			agent.invalidated(agent.ctx, host->invalidations[host->answered].stream_id,
					  host->invalidations[host->answered].itag);
	}

	// Run `body` as an actor, to its end.
	void run(std::function<void(struct actor *)> body)
	{
		struct Call {
			std::function<void(struct actor *)> body;
			bool done;
		} call = {std::move(body), false};
		struct actor *actor = actor_start(
			&sim, "test",
			[](struct actor *self, void *arg) {
				auto *running = static_cast<Call *>(arg);

				running->body(self);
				running->done = true;
			},
			&call);

		sim_run(&sim, sim_now(&sim) + 100 * PS_PER_S, &call.done);
		ASSERT_TRUE(call.done) << "an actor waits for ever";
		actor_forget(actor);
	}

	// Let hardware and actors go on for a while.
	void settle(uint64_t duration_ps = 100 * PS_PER_US)
	{
		sim_run(&sim, sim_now(&sim) + duration_ps, nullptr);
	}

	// A device's access, to its end.
	enum bus_status access(Dma &dma)
	{
		struct bus_port port = smmu_dma_port(smmu);

		bus_send(&port, &dma.req);
		settle();
		EXPECT_TRUE(dma.done());
		return dma.req.status;
	}

	enum bus_status write(uint64_t iova, uint8_t value, uint32_t len = 64,
			      uint32_t stream = kStream)
	{
		Dma dma(BUS_WRITE, stream, iova, std::vector<uint8_t>(len, value));

		return access(dma);
	}

	enum bus_status read(uint64_t iova, uint32_t stream = kStream)
	{
		Dma dma(BUS_READ, stream, iova, std::vector<uint8_t>(64));

		return access(dma);
	}

	// A write whose end an actor waits for.
	enum bus_status write_from(struct actor *self, uint64_t iova)
	{
		struct bus_port port = smmu_dma_port(smmu);
		Dma dma(BUS_WRITE, kStream, iova, std::vector<uint8_t>(64, 1));

		bus_send(&port, &dma.req);
		while (!dma.done())
			actor_sleep(self, 50 * PS_PER_NS);
		return dma.req.status;
	}

	uint8_t byte_at(uint64_t pa)
	{
		uint8_t byte;

		dram_read(dram, pa, &byte, 1);
		return byte;
	}

	struct smmu_domain *attached_domain(bool dirty = true)
	{
		struct smmu_domain *domain = nullptr;

		run([&](struct actor *self) {
			ASSERT_EQ(smmu_domain_alloc(driver, dirty, &domain), 0);
			ASSERT_EQ(smmu_domain_attach(domain, self, kStream), 0);
		});
		settle(); // the prefetch is not waited for
		return domain;
	}

	void release(struct smmu_domain *domain)
	{
		run([&](struct actor *self) {
			smmu_driver_attach_blocked(driver, self, kStream);
			smmu_domain_free(domain, self);
		});
	}

	int map(struct smmu_domain *domain, uint64_t iova, uint64_t pa, uint64_t len,
		uint32_t prot = SMMU_PROT_READ | SMMU_PROT_WRITE)
	{
		int err = -1;

		run([&](struct actor *self) {
			err = smmu_domain_map(domain, self, iova, pa, len, prot);
		});
		return err;
	}

	uint64_t unmap(struct smmu_domain *domain, uint64_t iova, uint64_t len)
	{
		uint64_t done = 0;

		run([&](struct actor *self) { done = smmu_domain_unmap(domain, self, iova, len); });
		return done;
	}

	struct Run {
		uint64_t iova, len;
		bool operator==(const Run &other) const
		{
			return iova == other.iova && len == other.len;
		}
	};

	std::vector<Run> read_dirty(struct smmu_domain *domain, uint64_t iova, uint64_t len,
				    bool no_clear = false)
	{
		std::vector<Run> runs;

		run([&](struct actor *self) {
			uint64_t begin_ps;

			EXPECT_EQ(smmu_domain_read_dirty(
					  domain, self, iova, len, no_clear,
					  [](void *ctx, uint64_t at, uint64_t bytes) {
						  static_cast<std::vector<Run> *>(ctx)->push_back(
							  {at, bytes});
					  },
					  &runs, &begin_ps),
				  0);
		});
		return runs;
	}

	// Opcodes of the commands that the SMMU has consumed since the trace was cleared.
	std::vector<uint64_t> commands() const
	{
		std::vector<uint64_t> opcodes;

		for (const struct trace_event &event : traced)
			if (event.kind == TRACE_SMMU_COMMAND)
				opcodes.push_back(event.arg[0]);
		return opcodes;
	}

	uint64_t count(enum trace_kind kind) const
	{
		uint64_t n = 0;

		for (const struct trace_event &event : traced)
			n += event.kind == kind;
		return n;
	}

	bool log_has(const std::string &text) const
	{
		for (const std::string &line : logged)
			if (line.find(text) != std::string::npos)
				return true;
		return false;
	}

	struct sim sim;
	SmmuHostOptions options;
	struct dram_arena *arena = nullptr;
	struct dram *dram = nullptr;
	struct frames *frames = nullptr;
	uint64_t frames_kept = 0; // what the test itself has not given back
	struct fabric fabric;
	struct cpu *cpu = nullptr;
	struct smmu *smmu = nullptr;
	struct smmu_driver *driver = nullptr;
	std::vector<struct trace_event> traced;
	std::vector<std::string> logged;
	std::vector<std::vector<uint64_t>> events;

	// ATS: the device's capability, what it was told, and when its enable changed.
	struct Answer {
		struct event event;
		SmmuHost *self;
	} answer = {};
	uint8_t pasid_bits = 20; // that the device may send
	uint32_t pasid_enables = 0;
	bool device_has_ats = true, device_answers = true;
	size_t answered = 0;
	std::vector<struct ats_invalidation> invalidations;
	std::vector<std::pair<uint64_t, bool>> switched;
	std::vector<struct prg_response> responses;
	std::vector<uint32_t> allocations; // of page requests, as the kernel gave them
	std::function<void(uint32_t, bool)> on_switch = [](uint32_t, bool) {
	};

private:
	void window(const char *name, uint64_t base, uint64_t size, struct bus_port target,
		    bool subtract)
	{
		struct fabric_window window = {name, base, size, target, subtract};

		ASSERT_EQ(fabric_add(&fabric, &window), 0);
	}
};
