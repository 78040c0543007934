/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_WIRE_FIXTURE_H
#define VFSIM_TESTBENCH_WIRE_FIXTURE_H

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "base/sim.h"
#include "base/trace.h"
#include "model/nic/test_frame_format.h"
#include "model/wire/backend.h"
#include "model/wire/wire.h"

/* A back-end, and a port that keeps what it sends. */
class WireBackend : public ::testing::Test
{
protected:
	using Bytes = std::vector<uint8_t>;
	struct Sent {
		uint64_t time_ps;
		Bytes frame;
	};

	void SetUp() override
	{
		struct sim_hooks hooks = {};

		hooks.ctx = this;
		hooks.trace = [](void *ctx, const struct trace_event *event) {
			static_cast<WireBackend *>(ctx)->traced.push_back(*event);
		};
		ASSERT_EQ(sim_init(&sim, seed, &hooks), 0);
		pool = packet_pool_create(64);
	}
	void TearDown() override
	{
		drop_held();
		sim_run(&sim, TIME_NEVER, nullptr);
		EXPECT_EQ(packet_pool_in_use(pool), 0u);
		wire_backend_destroy(backend);
		packet_pool_destroy(pool);
		sim_fini(&sim);
	}
	void attach(struct wire_backend *made)
	{
		struct frame_port port = {this, [](void *ctx, struct packet *packet) {
						  static_cast<WireBackend *>(ctx)->take(packet);
					  }};

		ASSERT_NE(made, nullptr);
		backend = made;
		wire_backend_attach(backend, &port);
	}
	void take(struct packet *packet)
	{
		sent.push_back(
			{sim_now(&sim), Bytes(packet->data, packet->data + packet->len_bytes)});
		if (hold)
			held.push_back(packet);
		else
			packet_put(packet);
	}
	void drop_held()
	{
		/* One that comes back may bring another that is held. */
		for (struct packet *packet : std::exchange(held, {}))
			packet_put(packet);
	}
	/* A frame comes out of the wire. */
	void deliver(const Bytes &frame)
	{
		struct packet *packet = packet_get(pool);
		struct frame_port port = wire_backend_port(backend);

		packet->len_bytes = static_cast<uint32_t>(frame.size());
		memcpy(packet->data, frame.data(), frame.size());
		port.frame(port.ctx, packet);
	}
	static Bytes test_frame(uint32_t flow, uint64_t number, uint32_t len = 200)
	{
		Bytes frame(len);

		test_frame_build(frame.data(), len, kTo, kFrom, flow, number);
		return frame;
	}
	static Bytes tagged(Bytes frame, uint16_t vlan)
	{
		frame.resize(frame.size() + VLAN_BYTES);
		vlan_insert(frame.data(), static_cast<uint32_t>(frame.size()) - VLAN_BYTES, vlan);
		return frame;
	}
	std::vector<struct trace_event> traces_of(enum trace_kind kind) const
	{
		std::vector<struct trace_event> found;

		for (const struct trace_event &event : traced)
			if (event.kind == kind)
				found.push_back(event);
		return found;
	}
	void run_for(uint64_t ps)
	{
		sim_run(&sim, sim_now(&sim) + ps, nullptr);
	}

	static constexpr uint8_t kTo[6] = {2, 0, 0, 0, 0, 1}, kFrom[6] = {2, 0, 0, 0, 0, 2};
	uint64_t seed = 1;
	struct sim sim;
	struct sim_part part = {&sim, "only.wire", 0};
	struct packet_pool *pool = nullptr; /* of what comes */
	struct wire_backend *backend = nullptr;
	bool hold = false;
	std::vector<Sent> sent;
	std::vector<struct packet *> held;
	std::vector<struct trace_event> traced;
};

#endif
