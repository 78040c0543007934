// SPDX-License-Identifier: Apache-2.0
// What the SystemC engine refuses: our own errors end in sim_panic, told in our own words.
#include "systemc/engine_systemc.h"
#include "systemc/foreign.h"

#include <gmock/gmock.h>

namespace
{
void ignore(void *, struct bus_req *)
{
}

const struct bus_port target = {nullptr, ignore};

class SystemcMisuse : public testing::Test
{
protected:
	static void SetUpTestSuite()
	{
		GTEST_FLAG_SET(death_test_style, "fast");
		ASSERT_EQ(sim_init(&sim, 99, nullptr), 0);
		engine = engine_systemc.create(&sim);
		port = engine_systemc.bind_bus(engine, "host.memory", &target);
	}

	static void TearDownTestSuite()
	{
		engine_systemc.destroy(engine);
		sim_fini(&sim);
	}

	static struct sim sim;
	static struct engine *engine;
	static struct bus_port port;
};

struct sim SystemcMisuse::sim;
struct engine *SystemcMisuse::engine;
struct bus_port SystemcMisuse::port;
} // namespace

TEST_F(SystemcMisuse, TwoPortsOfOneNameAreRefused)
{
	EXPECT_DEATH(engine_systemc.bind_bus(engine, "host.memory", &target),
		     "internal error in systemc at 0 ps, seed 99: .*two ports of one name");
}

TEST_F(SystemcMisuse, PortBeforeTheFirstRunIsRefused)
{
	struct bus_req req = {};

	EXPECT_DEATH(bus_send(&port, &req), "a port was used before the first run");
}

TEST_F(SystemcMisuse, ForeignBlockForAPortThatDoesNotExistIsRefused)
{
	EXPECT_DEATH(
		{
			vfsim::engine_systemc_replace("host.memroy", nullptr);
			engine_systemc.run(engine, 0, nullptr);
		},
		"port that does not exist");
}

TEST_F(SystemcMisuse, SecondEngineIsRefused)
{
	EXPECT_DEATH(engine_systemc.create(&sim), "SystemC elaborates once per process");
}

TEST_F(SystemcMisuse, EngineAfterARunIsRefused)
{
	EXPECT_DEATH(
		{
			engine_systemc.run(engine, 0, nullptr);
			engine_systemc.destroy(engine);
			engine_systemc.create(&sim);
		},
		"SystemC elaborates once per process");
}

TEST_F(SystemcMisuse, ErrorReportOfSystemcIsOurPanic)
{
	EXPECT_DEATH(SC_REPORT_ERROR("/their/kind", "what they say"),
		     "internal error in systemc .*: /their/kind: what they say");
}

TEST_F(SystemcMisuse, WarningReportOfSystemcIsALogLine)
{
	std::vector<std::string> lines;

	sim.hooks.ctx = &lines;
	sim.hooks.log = [](void *ctx, enum log_level level, const char *instance,
			   const char *text) {
		EXPECT_EQ(level, LOG_WARNING);
		static_cast<std::vector<std::string> *>(ctx)->push_back(std::string(instance) +
									": " + text);
	};
	SC_REPORT_WARNING("/their/kind", "what they say");
	EXPECT_THAT(lines, testing::ElementsAre("systemc: /their/kind: what they say"));
}
