/* SPDX-License-Identifier: Apache-2.0 */
#include <gtest/gtest.h>

#include <functional>

#include "system/digest.h"

/* The digest of a few events, one of which `change` may alter. */
static uint64_t value(const std::function<void(struct trace_event &, struct sim_part &)> &change)
{
	struct digest *digest = digest_create();
	const char bytes[] = "bitmap";

	for (int i = 0; i < 500; i++) {
		struct sim_part part = {nullptr, "source.smmu", 0};
		struct trace_event event = {};

		event.time_ps = 1000 + i;
		event.kind = TRACE_DMA_WRITE;
		event.part = &part;
		event.arg[2] = (uint64_t)i << 12;
		event.data = bytes;
		event.data_len = i % 7;
		if (i == 300)
			change(event, part);
		digest_event(digest, &event);
	}
	uint64_t result = digest_value(digest);
	digest_destroy(digest);
	return result;
}

TEST(Digest, IsTheSameForTheSameEvents)
{
	auto nothing = [](struct trace_event &, struct sim_part &) {
	};

	EXPECT_EQ(value(nothing), value(nothing));
}

TEST(Digest, SeesEachPartOfAnEvent)
{
	const uint64_t plain = value([](struct trace_event &, struct sim_part &) {});

	EXPECT_NE(plain, value([](struct trace_event &e, struct sim_part &) { e.time_ps++; }));
	EXPECT_NE(plain,
		  value([](struct trace_event &e, struct sim_part &) { e.kind = TRACE_DMA_READ; }));
	EXPECT_NE(plain, value([](struct trace_event &e, struct sim_part &) { e.arg[5] = 1; }));
	EXPECT_NE(plain,
		  value([](struct trace_event &e, struct sim_part &) { e.data = "bytmap"; }));
	EXPECT_NE(plain, value([](struct trace_event &e, struct sim_part &) { e.data_len--; }));
	EXPECT_NE(plain, value([](struct trace_event &, struct sim_part &p) { p.host = 1; }));
	EXPECT_NE(plain,
		  value([](struct trace_event &, struct sim_part &p) { p.name = "source.smmv"; }));
}
