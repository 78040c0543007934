// SPDX-License-Identifier: Apache-2.0
#ifndef VFSIM_SYSTEMC_ENGINE_INTERNAL_H
#define VFSIM_SYSTEMC_ENGINE_INTERNAL_H

#include "system/engine.h"
#include "systemc/pump_internal.h"

#include <memory>
#include <string>
#include <vector>

namespace vfsim
{
inline uint64_t sc_now_ps()
{
	return sc_core::sc_time_stamp().value();
}

/* Our own error, with the time and seed of `sim`. */
#define engine_assert(sim, condition, what)                                                        \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			const struct sim_part part = {sim, "systemc", 0};                          \
			sim_panic(&part, __FILE__, __LINE__, "%s", what);                          \
		}                                                                                  \
	} while (0)

/* A bound port: whatever modules it is made of, and what has crossed it. */
class Wire
{
public:
	Wire(struct engine &engine, const char *name);
	virtual ~Wire() = default;
	Wire(const Wire &) = delete;
	Wire &operator=(const Wire &) = delete;

	const std::string &name() const
	{
		return name_;
	}
	uint64_t transactions() const
	{
		return transactions_;
	}

protected:
	/* Every call of the port: count it, and see that SystemC has elaborated. */
	void crosses();
	/* A module's name: the port's, with underscores, and which side of it. */
	std::string module_name(const char *side) const;

	struct engine &engine_;

private:
	std::string name_;
	uint64_t transactions_ = 0;
};
} // namespace vfsim

struct engine {
	explicit engine(struct sim *sim);

	struct sim *sim;
	vfsim::Pump pump;
	std::unique_ptr<vfsim::Waveforms> waveforms;
	bool has_run = false;
	std::vector<std::unique_ptr<vfsim::Wire>> wires;
};
#endif
