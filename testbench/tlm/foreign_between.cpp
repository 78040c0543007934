// SPDX-License-Identifier: Apache-2.0
// A foreign block between two of ours: it sees addresses and bytes, passes them on to our DRAM, and
// what it corrupts is noticed.
#include "base/bits.h"
#include "model/memory/dram.h"
#include "systemc/engine_systemc.h"
#include "systemc/foreign.h"

#include <gmock/gmock.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <vector>

namespace
{
constexpr uint64_t DramBytes = 1 << 20;
constexpr uint64_t LatencyPs = 50 * PS_PER_NS;

/* Passes every payload on, blocking; flips a bit of one byte of the `victim`th write. */
class Corrupter : public sc_core::sc_module
{
public:
	explicit Corrupter(const sc_core::sc_module_name &module_name)
		: sc_core::sc_module(module_name), in("in"), out("out")
	{
		in.register_b_transport(this, &Corrupter::b_transport);
	}

	tlm_utils::simple_target_socket<Corrupter> in;
	tlm_utils::simple_initiator_socket<Corrupter> out;
	uint64_t victim = UINT64_MAX;
	uint64_t writes = 0;

private:
	void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
	{
		if (payload.is_write() && writes++ == victim)
			payload.get_data_ptr()[0] ^= 1;
		out->b_transport(payload, delay);
	}
};

/* Passes calls and phases on in both directions, as an interconnect does. */
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

private:
	tlm::tlm_sync_enum forward(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
				   sc_core::sc_time &delay)
	{
		phases.push_back(phase);
		return out->nb_transport_fw(payload, phase, delay);
	}

	tlm::tlm_sync_enum backward(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
				    sc_core::sc_time &delay)
	{
		phases.push_back(phase);
		return in->nb_transport_bw(payload, phase, delay);
	}
};

struct Asked {
	struct bus_req req;
	uint64_t done_ps;
	uint64_t data[2];
};

void on_done(struct bus_req *req, uint64_t now)
{
	CONTAINER_OF(req, struct Asked, req)->done_ps = now;
}

/* Two ports to one DRAM, a foreign block before each. */
class ForeignBetween : public testing::Test
{
protected:
	static void SetUpTestSuite()
	{
		const struct dram_cfg cfg = {0, DramBytes, {LatencyPs, 0}};

		ASSERT_EQ(sim_init(&sim, 1, nullptr), 0);
		arena = dram_arena_create(256);
		const struct dram_env env = {{&sim, "memory", 0}, arena};
		dram = dram_create(&cfg, &env);
		vfsim::engine_systemc_replace("host.memory", [](vfsim::ForeignSeam &seam) {
			corrupter = std::make_shared<Corrupter>("corrupter");
			seam.bind(corrupter->in);
			seam.bind_behind(corrupter->out);
			return corrupter;
		});
		vfsim::engine_systemc_replace("host.other", [](vfsim::ForeignSeam &seam) {
			pass = std::make_shared<PassThrough>("pass");
			seam.bind(pass->in);
			seam.bind_behind(pass->out);
			seam.pass_cas();
			return pass;
		});
		const struct bus_port target = dram_bus_port(dram);
		engine = engine_systemc.create(&sim);
		corrupted = engine_systemc.bind_bus(engine, "host.memory", &target);
		passed = engine_systemc.bind_bus(engine, "host.other", &target);
	}

	static void TearDownTestSuite()
	{
		engine_systemc.destroy(engine);
		corrupter.reset();
		pass.reset();
		dram_destroy(dram);
		dram_arena_destroy(arena);
		sim_fini(&sim);
	}

	void SetUp() override
	{
		corrupter->victim = UINT64_MAX;
		corrupter->writes = 0;
		pass->phases.clear();
	}

	/* Requests of one instant, then whatever follows from them. */
	static void ask(const struct bus_port &port, std::vector<Asked> &asked)
	{
		struct Start {
			struct event event;
			const struct bus_port *port;
			std::vector<Asked> *asked;
		} start = {{}, &port, &asked};

		event_init(&start.event, [](struct event *event, uint64_t) {
			Start *self = CONTAINER_OF(event, Start, event);

			for (Asked &each : *self->asked) {
				each.req.data = each.data;
				each.req.done = on_done;
				bus_send(self->port, &each.req);
			}
		});
		sim_after(&sim, &start.event, 0);
		engine_systemc.run(engine, TIME_NEVER, nullptr);
	}

	static Asked request(enum bus_op op, uint64_t addr, uint64_t first, uint64_t second = 0)
	{
		Asked asked = {};

		asked.req.op = op;
		asked.req.addr = addr;
		asked.req.len_bytes = 8;
		asked.data[0] = first;
		asked.data[1] = second;
		return asked;
	}

	static uint64_t stored(uint64_t addr)
	{
		uint64_t value;

		dram_read(dram, addr, &value, sizeof(value));
		return value;
	}

	static struct sim sim;
	static struct dram_arena *arena;
	static struct dram *dram;
	static struct engine *engine;
	static struct bus_port corrupted, passed;
	static std::shared_ptr<Corrupter> corrupter;
	static std::shared_ptr<PassThrough> pass;
};

struct sim ForeignBetween::sim;
struct dram_arena *ForeignBetween::arena;
struct dram *ForeignBetween::dram;
struct engine *ForeignBetween::engine;
struct bus_port ForeignBetween::corrupted, ForeignBetween::passed;
std::shared_ptr<Corrupter> ForeignBetween::corrupter;
std::shared_ptr<PassThrough> ForeignBetween::pass;

constexpr uint64_t Value = 0x1020304050607080;
} // namespace

TEST_F(ForeignBetween, BytesReachOurDramThroughIt)
{
	std::vector<Asked> write = {request(BUS_WRITE, 0x100, Value)};
	const uint64_t begin = sim_now(&sim);

	ask(corrupted, write);
	EXPECT_EQ(write[0].req.status, BUS_OK);
	EXPECT_EQ(stored(0x100), Value);
	EXPECT_EQ(write[0].done_ps, begin + 1 + LatencyPs);
}

TEST_F(ForeignBetween, OneCorruptedByteIsNoticed)
{
	std::vector<Asked> writes;

	for (uint64_t i = 0; i < 16; i++)
		writes.push_back(request(BUS_WRITE, 0x200 + i * 8, Value + 2 * i));
	corrupter->victim = 7;
	ask(corrupted, writes);
	for (uint64_t i = 0; i < 16; i++)
		EXPECT_EQ(stored(0x200 + i * 8), Value + 2 * i + (i == 7)) << i;
}

TEST_F(ForeignBetween, CasIsAReadAndAWriteForABlockThatKnowsNone)
{
	std::vector<Asked> cas = {request(BUS_CAS64, 0x300, 0, Value)};

	ask(corrupted, cas);
	EXPECT_EQ(cas[0].data[0], 0u);
	EXPECT_EQ(stored(0x300), Value);
	EXPECT_EQ(corrupter->writes, 1u);
}

TEST_F(ForeignBetween, CasStaysOneAccessForABlockThatPassesItOn)
{
	std::vector<Asked> cas = {request(BUS_CAS64, 0x400, 0, Value),
				  request(BUS_CAS64, 0x400, 0, 1)};
	const struct dram_counters before = dram_counters_get(dram);

	ask(passed, cas);
	EXPECT_EQ(cas[0].data[0], 0u);
	EXPECT_EQ(cas[1].data[0], Value);
	EXPECT_EQ(stored(0x400), Value);
	EXPECT_EQ(dram_counters_get(dram).cas, before.cas + 2);
}

TEST_F(ForeignBetween, PhasesFollowTheBaseProtocol)
{
	std::vector<Asked> reads = {request(BUS_READ, 0x500, 0), request(BUS_READ, 0x500, 0)};

	ask(passed, reads);
	EXPECT_THAT(pass->phases, testing::ElementsAre(tlm::BEGIN_REQ, tlm::BEGIN_REQ,
						       tlm::BEGIN_RESP, tlm::BEGIN_RESP));
	EXPECT_EQ(reads[0].done_ps, reads[1].done_ps);
}

TEST_F(ForeignBetween, AbortComesBackThroughIt)
{
	std::vector<Asked> read = {request(BUS_READ, DramBytes, 0)};

	ask(corrupted, read);
	EXPECT_EQ(read[0].req.status, BUS_ABORT);
	read[0].req.status = BUS_OK;
	ask(passed, read);
	EXPECT_EQ(read[0].req.status, BUS_ABORT);
}
