// SPDX-License-Identifier: Apache-2.0
// A foreign block between two of ours: it sees addresses and bytes, passes them on to our DRAM, and
// what it corrupts is noticed.
#include "base/bits.h"
#include "model/memory/dram.h"
#include "systemc/engine_systemc.h"
#include "systemc/foreign.h"
#include "testbench/tlm/pass_through.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace
{
constexpr uint64_t DramBytes = 1 << 20;
constexpr uint64_t LatencyPs = 50 * PS_PER_NS;

/* Passes every payload on, blocking, as one that was written for b_transport alone. */
class Blocking : public sc_core::sc_module
{
public:
	explicit Blocking(const sc_core::sc_module_name &module_name)
		: sc_core::sc_module(module_name), in("in"), out("out")
	{
		in.register_b_transport(this, &Blocking::b_transport);
	}

	tlm_utils::simple_target_socket<Blocking> in;
	tlm_utils::simple_initiator_socket<Blocking> out;
	uint64_t writes = 0;

private:
	void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
	{
		writes += payload.is_write();
		out->b_transport(payload, delay);
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

/* Three ports to one DRAM, a foreign block before each. */
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
		vfsim::engine_systemc_replace("host.blocking", [](vfsim::ForeignSeam &seam) {
			blocking = std::make_shared<Blocking>("blocking");
			seam.bind(blocking->in);
			seam.bind_behind(blocking->out);
			return blocking;
		});
		vfsim::engine_systemc_replace("host.split", [](vfsim::ForeignSeam &seam) {
			split = std::make_shared<PassThrough>("split");
			seam.bind(split->in);
			seam.bind_behind(split->out);
			return split;
		});
		vfsim::engine_systemc_replace("host.whole", [](vfsim::ForeignSeam &seam) {
			whole = std::make_shared<PassThrough>("whole");
			seam.bind(whole->in);
			seam.bind_behind(whole->out);
			seam.pass_cas();
			return whole;
		});
		const struct bus_port target = dram_bus_port(dram);
		engine = engine_systemc.create(&sim);
		// cppcheck-suppress danglingLifetime ; the port is copied
		to_blocking = engine_systemc.bind_bus(engine, "host.blocking", &target);
		// cppcheck-suppress danglingLifetime ; the port is copied
		to_split = engine_systemc.bind_bus(engine, "host.split", &target);
		// cppcheck-suppress danglingLifetime ; the port is copied
		to_whole = engine_systemc.bind_bus(engine, "host.whole", &target);
	}

	static void TearDownTestSuite()
	{
		engine_systemc.destroy(engine);
		blocking.reset();
		split.reset();
		whole.reset();
		dram_destroy(dram);
		dram_arena_destroy(arena);
		sim_fini(&sim);
	}

	void SetUp() override
	{
		blocking->writes = 0;
		split->write_time = sc_core::SC_ZERO_TIME;
		whole->phases.clear();
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
	static struct bus_port to_blocking, to_split, to_whole;
	static std::shared_ptr<Blocking> blocking;
	static std::shared_ptr<PassThrough> split, whole;
};

struct sim ForeignBetween::sim;
struct dram_arena *ForeignBetween::arena;
struct dram *ForeignBetween::dram;
struct engine *ForeignBetween::engine;
struct bus_port ForeignBetween::to_blocking, ForeignBetween::to_split, ForeignBetween::to_whole;
std::shared_ptr<Blocking> ForeignBetween::blocking;
std::shared_ptr<PassThrough> ForeignBetween::split, ForeignBetween::whole;

constexpr uint64_t Value = 0x1020304050607080;
} // namespace

TEST_F(ForeignBetween, BytesReachOurDramThroughIt)
{
	std::vector<Asked> write = {request(BUS_WRITE, 0x100, Value)};
	const uint64_t begin = sim_now(&sim);

	ask(to_blocking, write);
	EXPECT_EQ(write[0].req.status, BUS_OK);
	EXPECT_EQ(stored(0x100), Value);
	EXPECT_EQ(write[0].done_ps, begin + 1 + LatencyPs);
}

TEST_F(ForeignBetween, OneCorruptedByteIsNoticed)
{
	std::vector<Asked> writes;

	for (uint64_t i = 0; i < 16; i++)
		writes.push_back(request(BUS_WRITE, 0x200 + i * 8, Value + 2 * i));
	split->victim = split->writes + 7;
	ask(to_split, writes);
	for (uint64_t i = 0; i < 16; i++) {
		const uint64_t flipped = i == 7 ? UINT64_C(1) << 32 : 0;

		EXPECT_EQ(stored(0x200 + i * 8), (Value + 2 * i) ^ flipped) << i;
		EXPECT_EQ(writes[i].data[0], Value + 2 * i) << "the requester's bytes are its own";
	}
}

TEST_F(ForeignBetween, CasIsAReadAndAWriteForABlockThatKnowsNone)
{
	std::vector<Asked> cas = {request(BUS_CAS64, 0x300, 0, Value)};

	ask(to_blocking, cas);
	EXPECT_EQ(cas[0].data[0], 0u);
	EXPECT_EQ(stored(0x300), Value);
	EXPECT_EQ(blocking->writes, 1u);
}

TEST_F(ForeignBetween, NothingComesBetweenTheReadAndTheWriteOfACas)
{
	std::vector<Asked> all = {request(BUS_CAS64, 0x600, 0, Value),
				  request(BUS_CAS64, 0x600, 0, 1), request(BUS_WRITE, 0x600, 7)};

	ask(to_split, all);
	EXPECT_EQ(all[0].data[0], 0u);
	EXPECT_EQ(all[1].data[0], Value);
	EXPECT_EQ(stored(0x600), 7u);
	all[0] = request(BUS_CAS64, 0x600, 7, Value);
	all.erase(all.begin() + 1);
	ask(to_split, all);
	EXPECT_EQ(all[0].data[0], 7u);
	EXPECT_EQ(stored(0x600), 7u);
}

TEST_F(ForeignBetween, CasWaitsForWhatTheBlockStillHolds)
{
	std::vector<Asked> both = {request(BUS_WRITE, 0x700, 5),
				   request(BUS_CAS64, 0x700, 5, Value)};

	split->write_time = sc_core::sc_time::from_value(PS_PER_US);
	const uint64_t begin = sim_now(&sim);
	ask(to_split, both);
	EXPECT_EQ(both[0].done_ps, begin + 1 + PS_PER_US + LatencyPs);
	EXPECT_EQ(both[1].data[0], 5u);
	EXPECT_EQ(stored(0x700), Value);
}

TEST_F(ForeignBetween, CasStaysOneAccessForABlockThatPassesItOn)
{
	std::vector<Asked> cas = {request(BUS_CAS64, 0x400, 0, Value),
				  request(BUS_CAS64, 0x400, 0, 1)};
	const struct dram_counters before = dram_counters_get(dram);

	ask(to_whole, cas);
	EXPECT_EQ(cas[0].data[0], 0u);
	EXPECT_EQ(cas[1].data[0], Value);
	EXPECT_EQ(stored(0x400), Value);
	EXPECT_EQ(dram_counters_get(dram).cas, before.cas + 2);
}

TEST_F(ForeignBetween, PhasesFollowTheBaseProtocol)
{
	std::vector<Asked> reads = {request(BUS_READ, 0x500, 0), request(BUS_READ, 0x500, 0)};

	ask(to_whole, reads);
	EXPECT_THAT(whole->phases, testing::ElementsAre(tlm::BEGIN_REQ, tlm::BEGIN_REQ,
							tlm::BEGIN_RESP, tlm::BEGIN_RESP));
	EXPECT_EQ(reads[0].done_ps, reads[1].done_ps);
}

TEST_F(ForeignBetween, AbortComesBackThroughIt)
{
	std::vector<Asked> read = {request(BUS_READ, DramBytes, 0)};

	ask(to_blocking, read);
	EXPECT_EQ(read[0].req.status, BUS_ABORT);
	read[0].req.status = BUS_OK;
	ask(to_whole, read);
	EXPECT_EQ(read[0].req.status, BUS_ABORT);
}
