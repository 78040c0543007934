// SPDX-License-Identifier: Apache-2.0
#ifndef VFSIM_SYSTEMC_FOREIGN_INTERNAL_H
#define VFSIM_SYSTEMC_FOREIGN_INTERNAL_H

#include "systemc/bus_target_internal.h"
#include "systemc/foreign.h"

#include <map>

namespace vfsim
{
using ForeignFactories = std::map<std::string, ForeignFactory>;

/* What was named by engine_systemc_replace and not bound yet. */
ForeignFactories &foreign_factories();

/*
 * The adapter between the calendar and a foreign target. It keeps the base
 * protocol for both: one BEGIN_REQ at a time, END_RESP where it is owed. A
 * compare-and-swap that the block does not know is made of a read and a write
 * while nothing else is under way.
 */
class ForeignPort : public sc_core::sc_module,
		    public tlm::tlm_bw_transport_if<>,
		    public tlm::tlm_mm_interface
{
public:
	SC_HAS_PROCESS(ForeignPort);
	ForeignPort(const sc_core::sc_module_name &module_name, struct engine &engine);

	void connect(ForwardSocket &socket);
	void pass_cas();
	void trace_landed(const struct sim_part &part);
	void send(struct bus_req *req);

	tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload &payload, tlm::tlm_phase &phase,
					   sc_core::sc_time &delay) override;
	void invalidate_direct_mem_ptr(sc_dt::uint64 from, sc_dt::uint64 to) override;
	void free(tlm::tlm_generic_payload *payload) override;

private:
	enum class Kind { Whole, CasRead, CasWrite };
	struct Transaction;

	/* A calendar event knows its transaction, which is no plain C struct. */
	struct Completion {
		struct event event;
		Transaction *transaction;
	};

	struct Transaction : tlm::tlm_generic_payload {
		explicit Transaction(ForeignPort *owner);
		~Transaction() override;

		ForeignPort *port;
		BusExtension extension;
		Completion completion = {};
		struct bus_req *req = nullptr;
		Kind kind = Kind::Whole;
		uint64_t due_ps = 0;
		uint64_t found = 0;
	};

	Transaction *transaction_begin(struct bus_req *req, Kind kind);
	void issue();
	bool can_issue(const Transaction *transaction) const;
	void forward(Transaction *transaction);
	void phase_reached(Transaction *transaction, const tlm::tlm_phase &phase,
			   const sc_core::sc_time &delay);
	void respond(Transaction *transaction, const sc_core::sc_time &delay);
	void completed(Transaction *transaction, uint64_t now);
	bool cas_goes_on(Transaction *transaction);
	static void on_completion(struct event *event, uint64_t now);

	struct engine &engine_;
	ForwardSocket *socket_ = nullptr;
	bool passes_cas_ = false;
	struct sim_part memory_ = {};
	Pool<Transaction> pool_;
	std::deque<Transaction *> queue_;
	sc_core::sc_event due_;
	Transaction *requesting_ = nullptr; /* BEGIN_REQ sent, END_REQ to come */
	bool exclusive_ = false;            /* between a compare-and-swap's read and write */
	uint64_t under_way_ = 0;
};

/* A bus port that leads to a foreign block. */
class ForeignWire : public Wire, public ForeignSeam
{
public:
	ForeignWire(struct engine &engine, const char *name, const struct bus_port &target,
		    const ForeignFactory &factory);

	struct bus_port port();

	void pass_cas() override;
	void trace_landed(const char *name, uint32_t host) override;

private:
	const char *from_name() const override;
	const char *to_name() const override;
	tlm::tlm_bw_transport_if<> &backward() override;
	tlm::tlm_fw_transport_if<> &forward() override;
	void set_front(std::unique_ptr<ForwardSocket> socket) override;
	void set_behind(std::unique_ptr<BackwardSocket> socket) override;
	static void send(void *ctx, struct bus_req *req);

	std::string from_name_;
	std::string to_name_;
	ForeignPort port_;
	BusTarget target_;
	std::unique_ptr<ForwardSocket> front_;
	std::unique_ptr<BackwardSocket> behind_;
	std::shared_ptr<void> block_;
};
} // namespace vfsim
#endif
