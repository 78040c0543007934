// SPDX-License-Identifier: Apache-2.0
#include "base/bits.h"
#include "base/trace.h"
#include "systemc/foreign_internal.h"

namespace vfsim
{
namespace
{
/* The way to a foreign block: what it does belongs to a later time than our asking. */
constexpr uint64_t EnqueuePs = 1;

void emit_landed(const struct sim_part &part, const struct bus_req &req)
{
	const uint64_t substream =
		req.attr.substream_valid ? req.attr.substream_id : TRACE_NO_SUBSTREAM;
	const uint64_t arg[TRACE_ARGS] = {req.attr.stream_id, substream, req.attr.iova, req.addr,
					  req.len_bytes};

	trace_emit_data(&part, TRACE_DMA_LANDED, nullptr, 0, arg);
}
} // namespace

ForeignPort::Transaction::Transaction(ForeignPort *owner)
	: tlm::tlm_generic_payload(owner), port(owner)
{
	completion.transaction = this;
	event_init(&completion.event, on_completion);
	set_extension(&extension);
}

ForeignPort::Transaction::~Transaction()
{
	clear_extension(&extension);
}

ForeignPort::ForeignPort(const sc_core::sc_module_name &module_name, struct engine &engine)
	: sc_core::sc_module(module_name), engine_(engine)
{
	SC_METHOD(issue);
	sensitive << due_;
	dont_initialize();
}

void ForeignPort::connect(ForwardSocket &socket)
{
	socket_ = &socket;
}

void ForeignPort::pass_cas()
{
	passes_cas_ = true;
}

void ForeignPort::trace_landed(const struct sim_part &part)
{
	memory_ = part;
}

void ForeignPort::send(struct bus_req *req)
{
	const bool split = req->op == BUS_CAS64 && !passes_cas_;

	engine_.pump.outside_begins();
	queue_.push_back(transaction_begin(req, split ? Kind::CasRead : Kind::Whole));
	due_.notify(sc_core::sc_time::from_value(EnqueuePs));
}

ForeignPort::Transaction *ForeignPort::transaction_begin(struct bus_req *req, Kind kind)
{
	Transaction *transaction = pool_.take(this);

	transaction->req = req;
	transaction->extension.request = req;
	transaction->kind = kind;
	transaction->due_ps = sim_now(engine_.sim) + EnqueuePs;
	bus_payload_set(*transaction, *req);
	if (kind != Kind::Whole) {
		const bool read = kind == Kind::CasRead;
		void *desired = static_cast<uint64_t *>(req->data) + 1;

		transaction->set_command(read ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND);
		transaction->set_data_ptr(static_cast<unsigned char *>(
			read ? static_cast<void *>(&transaction->found) : desired));
		transaction->set_data_length(sizeof(uint64_t));
		transaction->set_streaming_width(sizeof(uint64_t));
	}
	transaction->acquire();
	return transaction;
}

/* The SystemC process that sends what is due, and comes again for the rest. */
void ForeignPort::issue()
{
	const uint64_t now = sc_now_ps();

	while (!queue_.empty() && can_issue(queue_.front())) {
		Transaction *transaction = queue_.front();

		if (transaction->due_ps > now) {
			due_.notify(sc_core::sc_time::from_value(transaction->due_ps - now));
			return;
		}
		queue_.pop_front();
		forward(transaction);
	}
}

bool ForeignPort::can_issue(const Transaction *transaction) const
{
	if (requesting_)
		return false;
	if (exclusive_)
		return transaction->kind == Kind::CasWrite;
	return transaction->kind != Kind::CasRead || !under_way_;
}

void ForeignPort::forward(Transaction *transaction)
{
	tlm::tlm_phase phase = tlm::BEGIN_REQ;
	sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

	exclusive_ = transaction->kind != Kind::Whole;
	under_way_++;
	requesting_ = transaction;
	switch (socket_->forward().nb_transport_fw(*transaction, phase, delay)) {
	case tlm::TLM_ACCEPTED:
		break;
	case tlm::TLM_UPDATED:
		phase_reached(transaction, phase, delay);
		if (phase == tlm::BEGIN_RESP) {
			phase = tlm::END_RESP;
			socket_->forward().nb_transport_fw(*transaction, phase, delay);
		}
		break;
	case tlm::TLM_COMPLETED:
		phase_reached(transaction, tlm::BEGIN_RESP, delay);
		break;
	}
}

void ForeignPort::phase_reached(Transaction *transaction, const tlm::tlm_phase &phase,
				const sc_core::sc_time &delay)
{
	if (requesting_ == transaction) {
		requesting_ = nullptr;
		due_.notify(phase == tlm::END_REQ ? delay : sc_core::SC_ZERO_TIME);
	}
	if (phase == tlm::BEGIN_RESP)
		respond(transaction, delay);
}

tlm::tlm_sync_enum ForeignPort::nb_transport_bw(tlm::tlm_generic_payload &payload,
						tlm::tlm_phase &phase, sc_core::sc_time &delay)
{
	const bool response = phase == tlm::BEGIN_RESP;

	phase_reached(&static_cast<Transaction &>(payload), phase, delay);
	return response ? tlm::TLM_COMPLETED : tlm::TLM_ACCEPTED;
}

void ForeignPort::invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64)
{
}

void ForeignPort::free(tlm::tlm_generic_payload *payload)
{
	pool_.put(static_cast<Transaction *>(payload));
}

/* Back to the calendar: the requester hears of it from an event, like of everything else. */
void ForeignPort::respond(Transaction *transaction, const sc_core::sc_time &delay)
{
	Pump::Entry entry(engine_.pump);

	sim_after(engine_.sim, &transaction->completion.event, delay.value());
}

void ForeignPort::on_completion(struct event *event, uint64_t now)
{
	Transaction *transaction = CONTAINER_OF(event, Completion, event)->transaction;

	transaction->port->completed(transaction, now);
}

void ForeignPort::completed(Transaction *transaction, uint64_t now)
{
	struct bus_req *req = transaction->req;
	const bool goes_on = cas_goes_on(transaction);

	req->status = transaction->is_response_ok() ? BUS_OK : BUS_ABORT;
	under_way_--;
	exclusive_ = goes_on;
	transaction->release();
	due_.notify(sc_core::SC_ZERO_TIME);
	if (goes_on)
		return;
	engine_.pump.outside_ends();
	if (memory_.sim && req->op == BUS_WRITE && req->status == BUS_OK && req->attr.from_device)
		emit_landed(memory_, *req);
	req->done(req, now);
}

/* After the read of a compare-and-swap: is there a write to come? */
bool ForeignPort::cas_goes_on(Transaction *transaction)
{
	if (transaction->kind != Kind::CasRead || !transaction->is_response_ok())
		return false;
	uint64_t *operands = static_cast<uint64_t *>(transaction->req->data);
	const bool equal = transaction->found == operands[0];

	operands[0] = transaction->found;
	if (!equal)
		return false;
	queue_.push_front(transaction_begin(transaction->req, Kind::CasWrite));
	return true;
}
} // namespace vfsim
