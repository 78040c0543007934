// SPDX-License-Identifier: Apache-2.0
#include "systemc/foreign_internal.h"

namespace vfsim
{
ForeignFactories &foreign_factories()
{
	static ForeignFactories factories;

	return factories;
}

void engine_systemc_replace(const char *port, ForeignFactory factory)
{
	foreign_factories()[port] = std::move(factory);
}

ForeignWire::ForeignWire(struct engine &engine, const char *name, const struct bus_port &target,
			 const ForeignFactory &factory)
	: Wire(engine, name), from_name_(module_name("from")), to_name_(module_name("to")),
	  port_(module_name("adapter").c_str(), engine), target_(engine, target)
{
	block_ = factory(*this);
	engine_assert(engine.sim, front_, "a foreign block has not bound its target socket");
}

struct bus_port ForeignWire::port()
{
	return {this, send};
}

void ForeignWire::send(void *ctx, struct bus_req *req)
{
	ForeignWire *wire = static_cast<ForeignWire *>(ctx);

	wire->crosses();
	wire->port_.send(req);
}

void ForeignWire::pass_cas()
{
	port_.pass_cas();
}

void ForeignWire::trace_landed(const char *name, uint32_t host)
{
	port_.trace_landed({engine_.sim, name, host});
}

const char *ForeignWire::from_name() const
{
	return from_name_.c_str();
}

const char *ForeignWire::to_name() const
{
	return to_name_.c_str();
}

tlm::tlm_bw_transport_if<> &ForeignWire::backward()
{
	return port_;
}

tlm::tlm_fw_transport_if<> &ForeignWire::forward()
{
	return target_;
}

void ForeignWire::set_front(std::unique_ptr<ForwardSocket> socket)
{
	front_ = std::move(socket);
	port_.connect(*front_);
}

void ForeignWire::set_behind(std::unique_ptr<BackwardSocket> socket)
{
	behind_ = std::move(socket);
	target_.answer_to(*behind_);
}
} // namespace vfsim
