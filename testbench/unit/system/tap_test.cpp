/* SPDX-License-Identifier: Apache-2.0 */
/* A TAP device, in a network namespace of its own: whoever runs the tests keeps theirs. */
#include "system/wire/tap.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>
#include <vector>

#include "base/trace.h"
#include "model/nic/test_frame_format.h"
#include "testbench/support/network_namespace.hpp"

namespace
{
using Bytes = std::vector<uint8_t>;

Bytes frame_of(uint64_t number)
{
	static const uint8_t to[6] = {2, 0, 0, 0, 0, 1}, from[6] = {2, 0, 0, 0, 0, 2};
	Bytes frame(200);

	test_frame_build(frame.data(), 200, to, from, 1, number);
	return frame;
}

struct World {
	World()
	{
		struct sim_hooks hooks = {};

		hooks.ctx = this;
		hooks.trace = [](void *ctx, const struct trace_event *event) {
			static_cast<World *>(ctx)->kinds.push_back(event->kind);
		};
		need(!sim_init(&sim, 1, &hooks), "a simulation");
		pool = packet_pool_create(8);
		backend = tap_create(&part, "vfsimtest", 4, error, sizeof(error));
		need(backend, error);
		struct frame_port port = {this, [](void *ctx, struct packet *packet) {
						  auto *world = static_cast<World *>(ctx);
						  world->came.emplace_back(
							  packet->data,
							  packet->data + packet->len_bytes);
						  world->held.push_back(packet);
					  }};
		wire_backend_attach(backend, &port);
	}
	void send(const Bytes &frame)
	{
		struct packet *packet = packet_get(pool);
		struct frame_port into = wire_backend_port(backend);

		packet->len_bytes = static_cast<uint32_t>(frame.size());
		memcpy(packet->data, frame.data(), frame.size());
		into.frame(into.ctx, packet);
	}
	/* In the order in which they were sent; the machine's own stack sends others, too. */
	size_t ours() const
	{
		size_t found = 0;

		for (const Bytes &each : came)
			found += each == frame_of(found);
		return found;
	}
	struct sim sim;
	struct sim_part part = {&sim, "wire.tap", 0};
	struct packet_pool *pool;
	struct wire_backend *backend;
	char error[200];
	std::vector<Bytes> came;
	std::vector<struct packet *> held;
	std::vector<enum trace_kind> kinds;
};
} // namespace

TEST(Tap, WhatIsSentComesOutOfTheInterface)
{
	IN_NETWORK_NAMESPACE([] {
		World world;
		int fd = packet_socket("vfsimtest");
		uint8_t got[2000];
		ssize_t len;

		world.send(frame_of(0));
		/* The stack's own greetings are none of ours. */
		do
			len = recv(fd, got, sizeof(got), 0);
		while (len > 0 && Bytes(got, got + len) != frame_of(0));
		need(len == 200, "the frame that was sent");
		need(world.kinds == std::vector<enum trace_kind>{TRACE_PACKET_ABANDONED},
		     "it is abandoned, not lost: it may come back");
		need(packet_pool_in_use(world.pool) == 0, "its packet comes back");
	});
}

TEST(Tap, WhatTheMachineSendsComesIn)
{
	IN_NETWORK_NAMESPACE([] {
		World world;
		int fd = packet_socket("vfsimtest");

		for (uint64_t number = 0; number < 3; number++)
			need(send(fd, frame_of(number).data(), 200, 0) == 200, "send");
		for (int tries = 0; tries < 100 && world.ours() < 3; tries++) {
			world.backend->ops->outside(world.backend, 5 * PS_PER_MS);
			for (struct packet *packet : std::exchange(world.held, {}))
				packet_put(packet);
		}
		need(world.ours() == 3, "three frames, in order");
		need(world.backend->counters.frames_out >= 3, "they are counted");
	});
}

TEST(Tap, FramesWaitOutsideWhileAllPacketsAreUnderWay)
{
	IN_NETWORK_NAMESPACE([] {
		World world;
		int fd = packet_socket("vfsimtest");

		for (uint64_t number = 0; number < 20; number++)
			need(send(fd, frame_of(number).data(), 200, 0) == 200, "send");
		for (int tries = 0; tries < 50; tries++)
			world.backend->ops->outside(world.backend, PS_PER_MS);
		need(world.came.size() == 4, "no more than there are packets");
		for (int tries = 0; tries < 1000 && world.ours() < 20; tries++) {
			for (struct packet *packet : std::exchange(world.held, {}))
				packet_put(packet);
			world.backend->ops->outside(world.backend, 5 * PS_PER_MS);
		}
		need(world.ours() == 20, "none of them is lost");
	});
}

TEST(Tap, AnInterfaceThatAnotherHasIsToldAsSuch)
{
	IN_NETWORK_NAMESPACE([] {
		World world;
		char error[200];

		need(!tap_create(&world.part, "vfsimtest", 4, error, sizeof(error)), "refused");
		need(!strcmp(error, "vfsimtest: the TAP device cannot be attached to: Device or "
				    "resource busy (another program has it)"),
		     error);
		need(!tap_create(&world.part, "lo", 4, error, sizeof(error)), "refused");
		need(!strcmp(error,
			     "lo: the TAP device cannot be attached to: Invalid argument (an "
			     "interface of another kind has this name)"),
		     error);
	});
}
