// SPDX-License-Identifier: Apache-2.0
// A bus port that is a TLM-2.0 socket gives, byte for byte and picosecond for picosecond, what the
// port itself gives.
#include "base/bits.h"
#include "base/rng.h"
#include "base/trace.h"
#include "model/memory/dram.h"
#include "systemc/engine_systemc.h"

#include <gmock/gmock.h>

#include <cstring>
#include <string>
#include <vector>

namespace
{
constexpr uint64_t DramBase = 0x10000000000;
constexpr uint64_t DramBytes = 1 << 20;
constexpr uint32_t Requests = 5000;
constexpr uint32_t MaxBytes = 300;

/* What a requester saw of one request. */
struct Outcome {
	uint32_t number;
	uint64_t done_ps;
	enum bus_status status;
	std::vector<uint8_t> data;

	bool operator==(const Outcome &other) const
	{
		return number == other.number && done_ps == other.done_ps &&
		       status == other.status && data == other.data;
	}
};

struct Request {
	struct bus_req req;
	class Traffic *traffic;
	uint32_t number;
	alignas(uint64_t) uint8_t data[MaxBytes];
};

/* Random requests through two ports one behind the other, some of them in one burst. */
class Traffic
{
public:
	Traffic(struct sim *sim, const struct bus_port &port) : sim_(sim), port_(port)
	{
		rng_init(&rng_, 42, "traffic");
		event_init(&next_.event, on_next);
		next_.traffic = this;
		sim_after(sim, &next_.event, 0);
		requests_.resize(Requests);
	}

	const std::vector<Outcome> &outcomes() const
	{
		return outcomes_;
	}

private:
	struct Next {
		struct event event;
		Traffic *traffic;
	};

	static void on_next(struct event *event, uint64_t)
	{
		Traffic *self = CONTAINER_OF(event, Next, event)->traffic;

		for (uint64_t burst = 1 + rng_below(&self->rng_, 4); burst; burst--)
			self->send_one();
		if (self->sent_ < Requests)
			sim_after(self->sim_, event, rng_below(&self->rng_, 3) * 1000);
	}

	void send_one()
	{
		if (sent_ == Requests)
			return;
		Request &request = requests_[sent_];
		struct bus_req *req = &request.req;

		request.traffic = this;
		request.number = sent_++;
		for (uint8_t &byte : request.data)
			byte = rng_next(&rng_) & 1; /* so that a compare sometimes succeeds */
		req->op = static_cast<enum bus_op>(rng_below(&rng_, 3));
		req->len_bytes = req->op == BUS_CAS64 ? 8 : 1 + rng_below(&rng_, MaxBytes);
		req->addr = DramBase + rng_below(&rng_, 4096);
		if (req->op == BUS_CAS64)
			req->addr &= ~UINT64_C(7);
		if (rng_below(&rng_, 50) == 0)
			req->addr += DramBytes;
		req->attr.from_device = rng_below(&rng_, 2);
		req->attr.stream_id = rng_below(&rng_, 1000);
		req->attr.iova = rng_next(&rng_);
		req->data = request.data;
		req->done = on_done;
		bus_send(&port_, req);
	}

	static void on_done(struct bus_req *req, uint64_t now)
	{
		Request *request = CONTAINER_OF(req, Request, req);
		Traffic *self = request->traffic;

		ASSERT_EQ(now, sim_now(self->sim_));
		self->outcomes_.push_back({request->number,
					   now,
					   req->status,
					   {request->data, request->data + MaxBytes}});
		if (rng_below(&self->rng_, 4) == 0)
			self->send_one();
	}

	struct sim *sim_;
	struct bus_port port_;
	struct rng rng_;
	Next next_;
	std::vector<Request> requests_;
	std::vector<Outcome> outcomes_;
	uint32_t sent_ = 0;
};

/* Everything that one engine's run left behind. */
struct Run {
	std::vector<Outcome> outcomes;
	std::vector<std::string> trace;
	std::vector<uint8_t> memory;
	std::vector<std::pair<std::string, uint64_t>> sockets;
	uint64_t end_ps;
	uint64_t fired;
};

void on_trace(void *ctx, const struct trace_event *event)
{
	std::string line = std::to_string(event->time_ps) + " " + trace_catalogue[event->kind].name;

	for (uint64_t arg : event->arg)
		line += " " + std::to_string(arg);
	static_cast<Run *>(ctx)->trace.push_back(line);
}

Run run(const struct engine_ops &ops)
{
	Run result;
	struct sim_hooks hooks = {};
	struct sim sim;
	const struct dram_cfg cfg = {DramBase, DramBytes, {80 * PS_PER_NS, 40}};
	uint64_t count;

	hooks.ctx = &result;
	hooks.trace = on_trace;
	EXPECT_EQ(sim_init(&sim, 7, &hooks), 0);
	struct dram_arena *arena = dram_arena_create(1024);
	const struct dram_env env = {{&sim, "memory", 0}, arena};
	struct dram *dram = dram_create(&cfg, &env);
	struct engine *engine = ops.create(&sim);
	struct bus_port port = dram_bus_port(dram);
	port = ops.bind_bus(engine, "host.memory", &port);
	port = ops.bind_bus(engine, "host.fabric", &port);
	Traffic traffic(&sim, port);

	ops.run(engine, 3 * PS_PER_US, nullptr);
	EXPECT_EQ(sim_now(&sim), 3 * PS_PER_US);
	ops.run(engine, TIME_NEVER, nullptr);
	result.outcomes = traffic.outcomes();
	result.memory.resize(DramBytes);
	dram_read(dram, DramBase, result.memory.data(), DramBytes);
	for (uint32_t i = 0; const char *name = ops.socket(engine, i, &count); i++)
		result.sockets.emplace_back(name, count);
	result.end_ps = sim_now(&sim);
	result.fired = sim.calendar.fired;
	ops.destroy(engine);
	dram_destroy(dram);
	dram_arena_destroy(arena);
	sim_fini(&sim);
	return result;
}

/* SystemC runs once in this process. */
struct Runs {
	Run native = run(engine_native);
	Run systemc = run(engine_systemc);
};

const Runs &runs()
{
	static const Runs both;

	return both;
}
} // namespace

TEST(BusSocket, OutcomesEqualNativeInBytesAndTime)
{
	ASSERT_EQ(runs().native.outcomes.size(), Requests);
	EXPECT_TRUE(runs().systemc.outcomes == runs().native.outcomes);
	EXPECT_EQ(runs().systemc.memory, runs().native.memory);
}

TEST(BusSocket, TraceEqualsNative)
{
	EXPECT_GT(runs().native.trace.size(), Requests / 8);
	EXPECT_EQ(runs().systemc.trace, runs().native.trace);
}

TEST(BusSocket, SchedulesNothingOfItsOwn)
{
	EXPECT_EQ(runs().systemc.fired, runs().native.fired);
	EXPECT_EQ(runs().systemc.end_ps, runs().native.end_ps);
}

TEST(BusSocket, CountsWhatCrossed)
{
	const std::pair<std::string, uint64_t> memory("host.memory", Requests);
	const std::pair<std::string, uint64_t> fabric("host.fabric", Requests);

	EXPECT_THAT(runs().systemc.sockets, testing::ElementsAre(memory, fabric));
	EXPECT_THAT(runs().native.sockets, testing::IsEmpty());
}
