// SPDX-License-Identifier: Apache-2.0
// Root port, link and device joined by TLM-2.0 sockets of the PCIe protocol type behave as joined
// directly: same completions, same trace, same times, software as an actor included.
#include "base/actor.h"
#include "base/bits.h"
#include "base/rng.h"
#include "base/trace.h"
#include "model/memory/dram.h"
#include "model/pcie/device.h"
#include "model/pcie/link.h"
#include "model/pcie/root_port.h"
#include "systemc/engine_systemc.h"

#include <gmock/gmock.h>

#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace
{
constexpr uint64_t Window = 0x5000000000;
constexpr uint64_t DramBytes = 1 << 20;
constexpr uint16_t Pf = PCIE_RID(1, 0, 0);
constexpr uint32_t Writes = 500;

struct Record {
	std::vector<std::string> log;
	std::map<std::string, uint64_t> sockets;
	uint64_t fired;
};

__attribute__((format(printf, 2, 3))) void note(Record &run, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	run.log.push_back(text);
}

void on_trace(void *ctx, const struct trace_event *event)
{
	Record &run = *static_cast<Record *>(ctx);
	std::string line = std::to_string(event->time_ps) + " " + trace_catalogue[event->kind].name;

	for (uint64_t arg : event->arg)
		line += " " + std::to_string(arg);
	run.log.push_back(line);
}

/* The device behind the function: each register write starts a DMA of its kind. */
class Engine
{
public:
	Engine(Record &run, struct pcie_function *fn) : run_(run), fn_(fn), dma_(Writes)
	{
		pcie_function_bind(fn, &ops, this);
		rng_init(&rng_, 5, "engine");
	}

private:
	struct Dma {
		struct tlp tlp;
		Engine *engine;
		uint32_t number;
		uint8_t bytes[512];
	};

	static uint64_t bar_read(void *, uint32_t bar, uint64_t offset, uint32_t)
	{
		return static_cast<uint64_t>(bar) << 24 | offset;
	}

	static void bar_write(void *ctx, uint32_t, uint64_t, uint32_t, uint64_t value)
	{
		static_cast<Engine *>(ctx)->start(static_cast<uint32_t>(value));
	}

	void start(uint32_t number)
	{
		Dma &dma = dma_.at(number);

		dma = {};
		dma.engine = this;
		dma.number = number;
		for (uint8_t &byte : dma.bytes)
			byte = static_cast<uint8_t>(rng_next(&rng_));
		dma.tlp.type = rng_below(&rng_, 2) ? TLP_MWR : TLP_MRD;
		dma.tlp.addr = rng_below(&rng_, 16) * 4096 + rng_below(&rng_, 512);
		dma.tlp.len_bytes = 1 + static_cast<uint32_t>(rng_below(&rng_, 512));
		dma.tlp.pasid_valid = rng_below(&rng_, 2);
		dma.tlp.pasid = dma.tlp.pasid_valid ? 1 + number : 0;
		dma.tlp.data = dma.bytes;
		dma.tlp.done = on_done;
		pcie_function_send(fn_, &dma.tlp);
		if (number % 8 == 0)
			pcie_function_raise_msix(fn_, 0);
	}

	static void on_done(struct tlp *tlp, uint64_t now)
	{
		Dma *dma = CONTAINER_OF(tlp, Dma, tlp);
		unsigned sum = 0;

		for (uint8_t byte : dma->bytes)
			sum = sum * 31 + byte;
		note(dma->engine->run_, "%" PRIu64 " dma %u type %d status %d bytes %08x", now,
		     dma->number, tlp->type, tlp->status, sum);
	}

	static const struct pcie_function_ops ops;

	Record &run_;
	struct pcie_function *fn_;
	struct rng rng_;
	std::vector<Dma> dma_;
};

const struct pcie_function_ops Engine::ops = {bar_read, bar_write, nullptr, nullptr, nullptr};

/* The driver: an actor that configures the function and then writes and reads its registers. */
struct Driver {
	Record *run;
	struct bus_port ecam;
	struct bus_port mmio;
	bool finished;
};

struct Access {
	struct bus_req req;
	struct waitq answered;
	uint64_t value;
	bool done;
};

uint64_t access(struct actor *self, const Driver &driver, const struct bus_port &port,
		enum bus_op op, uint64_t addr, uint32_t len_bytes, uint64_t value = 0)
{
	Access access = {};

	access.value = value;
	access.req.op = op;
	access.req.addr = addr;
	access.req.len_bytes = len_bytes;
	access.req.data = &access.value;
	access.req.done = [](struct bus_req *req, uint64_t) {
		Access *answered = CONTAINER_OF(req, Access, req);

		answered->done = true;
		waitq_wake(&answered->answered);
	};
	bus_send(&port, &access.req);
	while (!access.done)
		actor_wait(self, &access.answered, TIME_NEVER);
	note(*driver.run, "%" PRIu64 " cpu %d %" PRIx64 " %" PRIx64 " status %d",
	     sim_now(actor_sim(self)), op, addr, access.value, access.req.status);
	return access.value;
}

uint32_t find_msix(struct actor *self, const Driver &driver)
{
	uint64_t at = access(self, driver, driver.ecam, BUS_READ, Pf << 12 | 0x34, 1);

	while (at && access(self, driver, driver.ecam, BUS_READ, Pf << 12 | at, 1) != 0x11)
		at = access(self, driver, driver.ecam, BUS_READ, (Pf << 12 | at) + 1, 1);
	return static_cast<uint32_t>(at);
}

void drive(struct actor *self, void *arg)
{
	Driver &driver = *static_cast<Driver *>(arg);
	const uint64_t config = Pf << 12;
	const uint64_t vectors = Window + (1 << 20);
	auto write = [&](const struct bus_port &port, uint64_t addr, uint32_t len, uint64_t value) {
		access(self, driver, port, BUS_WRITE, addr, len, value);
	};

	access(self, driver, driver.ecam, BUS_READ, config, 4);
	write(driver.ecam, config + 0x10, 4, Window & 0xffffffff);
	write(driver.ecam, config + 0x14, 4, Window >> 32);
	write(driver.ecam, config + 0x1c, 4, vectors & 0xffffffff);
	write(driver.ecam, config + 0x20, 4, vectors >> 32);
	write(driver.ecam, config + 0x04, 2, 6);  /* memory decoding, bus mastering */
	write(driver.ecam, config + 0x1e6, 2, 1); /* PASID Enable */
	write(driver.mmio, vectors, 8, 0xff000);
	write(driver.mmio, vectors + 8, 8, 0x55);
	write(driver.ecam, config + find_msix(self, driver) + 2, 2, 0x8000);
	for (uint32_t i = 0; i < Writes; i++) {
		write(driver.mmio, Window + 8 * i, 4, i);
		if (i % 16 == 0)
			access(self, driver, driver.mmio, BUS_READ, Window + i, 4);
		actor_sleep(self, (i % 5) * 40 * PS_PER_NS);
	}
	actor_sleep(self, 10 * PS_PER_US);
	driver.finished = true;
}

/* Host memory, root port, link and device, every port through the engine. */
class Machine
{
public:
	Machine(const struct engine_ops &ops, Record &run) : ops_(ops), run_(run)
	{
		struct sim_hooks hooks = {};

		hooks.ctx = &run;
		hooks.trace = on_trace;
		EXPECT_EQ(sim_init(&sim_, 7, &hooks), 0);
		engine_ = ops.create(&sim_);
		make();
		connect();
	}

	~Machine()
	{
		pcie_root_port_destroy(port_);
		pcie_link_destroy(link_);
		pcie_device_destroy(device_);
		dram_destroy(dram_);
		dram_arena_destroy(arena_);
		ops_.destroy(engine_);
		sim_fini(&sim_);
	}

	void run()
	{
		Engine engine(run_, pcie_device_pf(device_));
		Driver driver = {&run_, bus("host.ecam", pcie_root_port_ecam(port_)),
				 bus("host.mmio", pcie_root_port_mmio(port_)), false};
		struct actor *actor = actor_start(&sim_, "driver", drive, &driver);

		for (uint64_t until = PS_PER_US; !driver.finished; until += PS_PER_US)
			ops_.run(engine_, until, &driver.finished);
		actor_forget(actor);
		note(run_, "end %" PRIu64, sim_now(&sim_));
		run_.fired = sim_.calendar.fired;
		uint64_t count;
		for (uint32_t i = 0; const char *name = ops_.socket(engine_, i, &count); i++)
			run_.sockets[name] = count;
		EXPECT_TRUE(pcie_device_idle(device_));
	}

private:
	struct bus_port bus(const char *name, struct bus_port target)
	{
		// cppcheck-suppress returnDanglingLifetime ; the port is copied
		return ops_.bind_bus(engine_, name, &target);
	}

	struct tlp_port tlp(const char *name, struct tlp_port target)
	{
		// cppcheck-suppress returnDanglingLifetime ; the engine copies the port
		return ops_.bind_tlp(engine_, name, &target);
	}

	void make()
	{
		struct pcie_device_cfg device_cfg;
		const struct pcie_device_env device_env = {{&sim_, "nic", 0}};
		const struct pcie_link_cfg link_cfg = {3, 8, 256, 512, 150 * PS_PER_NS, 0};
		const struct pcie_link_env link_env = {{&sim_, "link", 0}};
		const struct pcie_root_port_cfg port_cfg = {0x1b36, 0xc, 1, 1, Window, 1 << 30, 8};
		const struct dram_cfg dram_cfg = {0, DramBytes, {80 * PS_PER_NS, 40}};

		pcie_device_cfg_x710(&device_cfg);
		device_cfg.register_ps = 50 * PS_PER_NS;
		device_cfg.total_vfs = 4;
		device_cfg.pasid_bits = 16;
		device_cfg.flr_ps = 10 * PS_PER_MS;
		arena_ = dram_arena_create(1024);
		const struct dram_env dram_env = {{&sim_, "memory", 0}, arena_};
		dram_ = dram_create(&dram_cfg, &dram_env);
		device_ = pcie_device_create(&device_cfg, &device_env);
		link_ = pcie_link_create(&link_cfg, &link_env);
		const struct pcie_root_port_env port_env = {{&sim_, "root", 0},
							    bus("host.dma", dram_bus_port(dram_))};
		port_ = pcie_root_port_create(&port_cfg, &port_env);
	}

	void connect()
	{
		const struct tlp_port root = tlp("link.root_port", pcie_root_port_port(port_));
		const struct tlp_port device = tlp("link.device", pcie_device_port(device_));
		const struct tlp_port down =
			tlp("root_port.link", pcie_link_port(link_, PCIE_LINK_DOWN));
		const struct tlp_port up = tlp("device.link", pcie_link_port(link_, PCIE_LINK_UP));

		pcie_link_connect(link_, &root, &device);
		pcie_root_port_connect(port_, &down);
		pcie_device_connect(device_, &up);
	}

	const struct engine_ops &ops_;
	Record &run_;
	struct sim sim_;
	struct engine *engine_;
	struct dram_arena *arena_;
	struct dram *dram_;
	struct pcie_device *device_;
	struct pcie_link *link_;
	struct pcie_root_port *port_;
};

const Record &run_of(const struct engine_ops &ops)
{
	static std::map<const struct engine_ops *, std::unique_ptr<Record>> runs;
	std::unique_ptr<Record> &run = runs[&ops];

	if (!run) {
		run = std::make_unique<Record>();
		Machine(ops, *run).run();
	}
	return *run;
}
} // namespace

TEST(PcieSocket, EveryEventEqualsNative)
{
	const Record &native = run_of(engine_native), &systemc = run_of(engine_systemc);

	ASSERT_EQ(systemc.log.size(), native.log.size());
	for (size_t i = 0; i < native.log.size(); i++)
		ASSERT_EQ(systemc.log[i], native.log[i]) << "line " << i;
	EXPECT_EQ(systemc.fired, native.fired);
}

TEST(PcieSocket, RequesterIdAndPasidCross)
{
	const Record &systemc = run_of(engine_systemc);
	size_t with = 0, without = 0;

	for (const std::string &line : systemc.log) {
		const std::string stream = " dma_landed " + std::to_string(Pf) + " ";
		const size_t at = line.find(stream);

		if (at == std::string::npos)
			continue;
		const uint64_t substream = std::stoull(line.substr(at + stream.size()));
		(substream == TRACE_NO_SUBSTREAM ? without : with)++;
	}
	EXPECT_GT(with, Writes / 8);
	EXPECT_GT(without, Writes / 8);
}

TEST(PcieSocket, CountsRequestsAndCompletionsOfEachDirection)
{
	const std::map<std::string, uint64_t> &sockets = run_of(engine_systemc).sockets;
	const uint64_t dma = sockets.at("host.dma"), cpu = sockets.at("host.mmio");

	EXPECT_EQ(dma, Writes + (Writes + 7) / 8); /* and the interrupts */
	EXPECT_EQ(cpu, 2 + Writes + (Writes + 15) / 16);
	EXPECT_EQ(sockets.at("root_port.link"), sockets.at("link.device"));
	EXPECT_EQ(sockets.at("device.link"), sockets.at("link.root_port"));
	EXPECT_GT(sockets.at("device.link"), dma);
}
