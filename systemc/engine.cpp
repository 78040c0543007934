// SPDX-License-Identifier: Apache-2.0
#include "systemc/engine_internal.h"
#include "systemc/engine_systemc.h"

#include "systemc/bus_wire_internal.h"
#include "systemc/foreign_internal.h"
#include "systemc/tlp_wire_internal.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace
{
/*
 * SystemC is one per process, and so is this: what sc_main shall do, and the
 * engine that a report of SystemC's concerns.
 */
struct {
	int (*body)(void *arg);
	void *arg;
	struct engine *engine;
	bool inside; /* sc_main runs: who enters again is there already */
	bool used;   /* SystemC never forgets the processes of an engine that was */
} process;

/* What SystemC has to say, in our own forms: an error is ours, by how we use it. */
void on_report(const sc_core::sc_report &report, const sc_core::sc_actions &)
{
	static const enum log_level level_of[] = {LOG_INFO, LOG_WARNING};

	if (report.get_severity() >= sc_core::SC_ERROR && !process.engine) {
		std::fprintf(stderr, "vfsim: SystemC: %s\n", report.what());
		std::abort();
	}
	if (!process.engine)
		return;
	const struct sim_part part = {process.engine->sim, "systemc", 0};
	if (report.get_severity() >= sc_core::SC_ERROR)
		sim_panic(&part, report.get_file_name(), report.get_line_number(), "%s: %s",
			  report.get_msg_type(), report.get_msg());
	sim_log(&part, level_of[report.get_severity()], "%s: %s", report.get_msg_type(),
		report.get_msg());
}

int systemc_enter(int (*body)(void *arg), void *arg)
{
	static char name[] = "vfsim";
	char *argv[] = {name, nullptr};

	if (process.inside)
		return body(arg);
	process.body = body;
	process.arg = arg;
	setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
	sc_core::sc_report_handler::set_handler(on_report);
	return sc_core::sc_elab_and_sim(1, argv);
}

struct engine *systemc_create(struct sim *sim)
{
	engine_assert(sim, !process.used, "SystemC elaborates once per process: one engine");
	process.used = true;
	try {
		return process.engine = new struct engine(sim);
	} catch (const std::bad_alloc &) {
		return nullptr;
	}
}

void systemc_destroy(struct engine *engine)
{
	process.engine = nullptr;
	delete engine;
}

/* A port of kind W. Two of one name would be one line in the results. */
template <class W, class... Args>
auto bind(struct engine *engine, const char *name, const Args &...args)
{
	for (const auto &wire : engine->wires)
		engine_assert(engine->sim, wire->name() != name, "two ports of one name");
	auto wire = std::make_unique<W>(*engine, name, args...);
	const auto port = wire->port();
	engine->wires.push_back(std::move(wire));
	return port;
}

struct bus_port systemc_bind_bus(struct engine *engine, const char *name,
				 const struct bus_port *target)
{
	vfsim::ForeignFactories &factories = vfsim::foreign_factories();
	const auto foreign = factories.find(name);

	if (foreign == factories.end())
		return bind<vfsim::BusWire>(engine, name, *target);
	const vfsim::ForeignFactory factory = foreign->second;
	factories.erase(foreign);
	return bind<vfsim::ForeignWire>(engine, name, *target, factory);
}

struct tlp_port systemc_bind_tlp(struct engine *engine, const char *name,
				 const struct tlp_port *target)
{
	return bind<vfsim::TlpWire>(engine, name, *target);
}

void systemc_run(struct engine *engine, uint64_t until_ps, const bool *stop)
{
	engine_assert(engine->sim, vfsim::foreign_factories().empty(),
		      "a foreign block was given for a port that does not exist");
	engine->has_run = true;
	engine->pump.run(until_ps, stop);
}

int systemc_waveforms(struct engine *engine, const char *path, const struct levels *levels)
{
	/* SystemC would end the program if it could not make the file. */
	FILE *file = std::fopen(path, "w");

	if (!file)
		return -errno;
	std::fclose(file);
	try {
		engine->waveforms = std::make_unique<vfsim::Waveforms>(path, *levels);
	} catch (const std::bad_alloc &) {
		return -ENOMEM;
	}
	engine->pump.show(engine->waveforms.get());
	return 0;
}

const char *systemc_socket(const struct engine *engine, uint32_t i, uint64_t *transactions)
{
	if (i >= engine->wires.size())
		return nullptr;
	*transactions = engine->wires[i]->transactions();
	return engine->wires[i]->name().c_str();
}
} // namespace

/* SystemC's entry, called within sc_elab_and_sim. The process' main() is not SystemC's. */
int sc_main(int, char **)
{
	sc_core::sc_set_time_resolution(1, sc_core::SC_PS);
	process.inside = true;
	const int result = process.body(process.arg);
	process.inside = false;
	return result;
}

engine::engine(struct sim *simulation) : sim(simulation), pump("pump", simulation)
{
}

namespace vfsim
{
Wire::Wire(struct engine &engine, const char *name) : engine_(engine), name_(name)
{
}

void Wire::crosses()
{
	engine_assert(engine_.sim, engine_.has_run, "a port was used before the first run");
	transactions_++;
}

std::string Wire::module_name(const char *side) const
{
	std::string name = name_ + "_" + side;

	std::replace(name.begin(), name.end(), '.', '_');
	return name;
}
} // namespace vfsim

const struct engine_ops engine_systemc = {
	"systemc",
	"the SystemC kernel owns time, ports are TLM-2.0 sockets",
	false, /* untimed */
	true,  /* once_per_process */
	systemc_enter,
	systemc_create,
	systemc_destroy,
	systemc_bind_bus,
	systemc_bind_tlp,
	systemc_run,
	systemc_waveforms,
	systemc_socket,
};
