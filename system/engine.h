/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_ENGINE_H
#define VFSIM_SYSTEM_ENGINE_H

/*
 * An engine owns time and carries the calls between blocks. There is one
 * calendar whatever the engine; what differs is who pumps it and what a call
 * crosses on its way:
 *
 *	native    a port is the neighbour's own, events fire from our run loop
 *	untimed   the same with zero latencies
 *	systemc   a port is a TLM-2.0 socket, the SystemC kernel owns time
 *
 * Whoever wires a machine passes every port between two blocks through bind_*,
 * under a name that says who is asked by whom ("source.smmu.memory").
 */

#include "base/port.h"
#include "base/sim.h"
#include "model/pcie/tlp.h"

#ifdef __cplusplus
extern "C" {
#endif

struct engine;
struct levels;

struct engine_ops {
	const char *name;
	const char *what;      /* one line for --help */
	bool untimed;          /* the machine is built with sim.untimed */
	bool once_per_process; /* a second run needs a process of its own */

	/*
	 * Call body(arg) where machines of this engine may be built and run, and
	 * return what it returns. SystemC elaborates within this call.
	 */
	int (*enter)(int (*body)(void *arg), void *arg);

	/* Within enter(). NULL without memory. */
	struct engine *(*create)(struct sim *sim);
	void (*destroy)(struct engine *engine);

	/* `name` is copied. What is returned lives as long as the engine. */
	struct bus_port (*bind_bus)(struct engine *engine, const char *name,
				    const struct bus_port *target);
	struct tlp_port (*bind_tlp)(struct engine *engine, const char *name,
				    const struct tlp_port *target);

	/* As sim_run: until a time, until nothing is pending, or until *stop. */
	void (*run)(struct engine *engine, uint64_t until_ps, const bool *stop);

	/*
	 * Write levels over time to a VCD file, from now to the engine's end; NULL: this
	 * engine has no waveforms. `levels` is borrowed for as long. -errno.
	 */
	int (*waveforms)(struct engine *engine, const char *path, const struct levels *levels);

	/* What crossed each socket: the name and count of socket `i`, NULL past the last. */
	const char *(*socket)(const struct engine *engine, uint32_t i, uint64_t *transactions);
};

extern const struct engine_ops engine_native;
extern const struct engine_ops engine_untimed;

#ifdef __cplusplus
}
#endif
#endif
