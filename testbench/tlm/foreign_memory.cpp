// SPDX-License-Identifier: Apache-2.0
// A memory that is not ours, written as any TLM-2.0 tutorial has it, serves our requests.
#include "base/bits.h"
#include "base/trace.h"
#include "systemc/engine_systemc.h"
#include "systemc/foreign.h"

#include <gmock/gmock.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstring>

namespace
{
constexpr uint64_t MemoryBytes = 4096;
constexpr uint64_t AccessPs = 10 * PS_PER_NS;

class TheirMemory : public sc_core::sc_module
{
public:
	explicit TheirMemory(const sc_core::sc_module_name &module_name)
		: sc_core::sc_module(module_name), socket("socket")
	{
		socket.register_b_transport(this, &TheirMemory::b_transport);
	}

	tlm_utils::simple_target_socket<TheirMemory> socket;
	std::vector<tlm::tlm_command> commands;

private:
	void b_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
	{
		const uint64_t address = payload.get_address();
		const unsigned length = payload.get_data_length();

		commands.push_back(payload.get_command());
		sc_core::wait(sc_core::sc_time::from_value(AccessPs / 2));
		delay += sc_core::sc_time::from_value(AccessPs / 2);
		if (address + length > MemoryBytes) {
			payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
			return;
		}
		if (payload.is_read())
			std::memcpy(payload.get_data_ptr(), bytes_ + address, length);
		else if (payload.is_write())
			std::memcpy(bytes_ + address, payload.get_data_ptr(), length);
		payload.set_response_status(tlm::TLM_OK_RESPONSE);
	}

	uint8_t bytes_[MemoryBytes] = {};
};

/* Our block, which must never be asked. */
void refuse(void *, struct bus_req *)
{
	ADD_FAILURE() << "the replaced block was asked";
}

struct Asked {
	struct bus_req req;
	struct event start;
	const struct bus_port *port;
	uint64_t done_ps;
	uint64_t data[2];
};

void on_start(struct event *event, uint64_t)
{
	struct Asked *asked = CONTAINER_OF(event, struct Asked, start);

	bus_send(asked->port, &asked->req);
}

void on_done(struct bus_req *req, uint64_t now)
{
	CONTAINER_OF(req, struct Asked, req)->done_ps = now;
}

/* One machine for all tests: SystemC elaborates once. */
class ForeignMemory : public testing::Test
{
protected:
	static void SetUpTestSuite()
	{
		const struct bus_port refusing = {nullptr, refuse};
		struct sim_hooks hooks = {};

		hooks.trace = on_trace;
		ASSERT_EQ(sim_init(&sim, 1, &hooks), 0);
		vfsim::engine_systemc_replace("host.memory", [](vfsim::ForeignSeam &seam) {
			memory = std::make_shared<TheirMemory>("their_memory");
			seam.bind(memory->socket);
			seam.trace_landed("host.memory", 3);
			return memory;
		});
		engine = engine_systemc.create(&sim);
		// cppcheck-suppress danglingLifetime ; the port is copied
		port = engine_systemc.bind_bus(engine, "host.memory", &refusing);
	}

	static void TearDownTestSuite()
	{
		engine_systemc.destroy(engine);
		memory.reset();
		sim_fini(&sim);
	}

	static void on_trace(void *, const struct trace_event *event)
	{
		landed.push_back(*event);
		landed_host = event->part->host;
	}

	void SetUp() override
	{
		memory->commands.clear();
		landed.clear();
	}

	void TearDown() override
	{
		EXPECT_THAT(landed, testing::IsEmpty());
	}

	static void prepare(Asked &asked, enum bus_op op, uint64_t addr)
	{
		asked.req.op = op;
		asked.req.addr = addr;
		asked.req.len_bytes = 8;
		asked.req.data = asked.data;
		asked.req.done = on_done;
		asked.port = &port;
		event_init(&asked.start, on_start);
		sim_after(&sim, &asked.start, 0);
	}

	static Asked ask(enum bus_op op, uint64_t addr, uint64_t first = 0, uint64_t second = 0)
	{
		Asked asked = {};

		asked.data[0] = first;
		asked.data[1] = second;
		prepare(asked, op, addr);
		engine_systemc.run(engine, TIME_NEVER, nullptr);
		return asked;
	}

	static struct sim sim;
	static struct engine *engine;
	static struct bus_port port;
	static std::shared_ptr<TheirMemory> memory;
	static std::vector<struct trace_event> landed;
	static uint32_t landed_host;
};

struct sim ForeignMemory::sim;
struct engine *ForeignMemory::engine;
struct bus_port ForeignMemory::port;
std::shared_ptr<TheirMemory> ForeignMemory::memory;
std::vector<struct trace_event> ForeignMemory::landed;
uint32_t ForeignMemory::landed_host;
} // namespace

TEST_F(ForeignMemory, ReadFindsWhatWasWritten)
{
	EXPECT_EQ(ask(BUS_WRITE, 0x100, 0x1122334455667788).req.status, BUS_OK);
	EXPECT_EQ(ask(BUS_READ, 0x100).data[0], 0x1122334455667788u);
}

TEST_F(ForeignMemory, TakesItsOwnTimeOnePicosecondAfterTheRequest)
{
	const uint64_t begin = sim_now(&sim);

	EXPECT_EQ(ask(BUS_READ, 0).done_ps, begin + 1 + AccessPs);
}

TEST_F(ForeignMemory, CasWritesOnlyWhatItExpected)
{
	ask(BUS_WRITE, 0x200, 5);
	EXPECT_EQ(ask(BUS_CAS64, 0x200, 4, 9).data[0], 5u);
	EXPECT_EQ(ask(BUS_READ, 0x200).data[0], 5u);
	EXPECT_EQ(ask(BUS_CAS64, 0x200, 5, 9).data[0], 5u);
	EXPECT_EQ(ask(BUS_READ, 0x200).data[0], 9u);
}

TEST_F(ForeignMemory, NothingComesBetweenTheReadAndTheWriteOfACas)
{
	Asked cas = {}, write = {};

	ask(BUS_WRITE, 0x300, 1);
	memory->commands.clear();
	cas.data[0] = 1;
	cas.data[1] = 2;
	write.data[0] = 3;
	prepare(cas, BUS_CAS64, 0x300);
	prepare(write, BUS_WRITE, 0x300);
	engine_systemc.run(engine, TIME_NEVER, nullptr);
	EXPECT_THAT(memory->commands,
		    testing::ElementsAre(tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND,
					 tlm::TLM_WRITE_COMMAND));
	EXPECT_EQ(cas.data[0], 1u);
	EXPECT_LT(cas.done_ps, write.done_ps);
	EXPECT_EQ(ask(BUS_READ, 0x300).data[0], 3u);
}

TEST_F(ForeignMemory, ErrorResponseIsAnAbort)
{
	EXPECT_EQ(ask(BUS_READ, MemoryBytes).req.status, BUS_ABORT);
	EXPECT_EQ(ask(BUS_CAS64, MemoryBytes, 0, 1).req.status, BUS_ABORT);
}

TEST_F(ForeignMemory, ManyRequestsAtOnceAreAllServedInOrder)
{
	static Asked asked[100];

	for (uint64_t i = 0; i < 100; i++) {
		asked[i] = {};
		asked[i].data[0] = i;
		prepare(asked[i], BUS_WRITE, 0x400);
	}
	engine_systemc.run(engine, TIME_NEVER, nullptr);
	for (uint64_t i = 1; i < 100; i++)
		EXPECT_LT(asked[i - 1].done_ps, asked[i].done_ps);
	EXPECT_EQ(ask(BUS_READ, 0x400).data[0], 99u);
}

TEST_F(ForeignMemory, DeviceWriteIsTracedAsLanded)
{
	Asked write = {};

	write.req.attr.from_device = true;
	write.req.attr.stream_id = 0x108;
	write.req.attr.iova = 0x7000;
	prepare(write, BUS_WRITE, 0x500);
	engine_systemc.run(engine, TIME_NEVER, nullptr);
	ASSERT_EQ(landed.size(), 1u);
	EXPECT_EQ(landed[0].kind, TRACE_DMA_LANDED);
	EXPECT_EQ(landed[0].time_ps, write.done_ps);
	EXPECT_THAT(landed[0].arg,
		    testing::ElementsAre(0x108, TRACE_NO_SUBSTREAM, 0x7000, 0x500, 8, 0));
	EXPECT_EQ(landed_host, 3u);
	landed.clear();
}
