/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_ORACLE_FIXTURE_H
#define VFSIM_TESTBENCH_ORACLE_FIXTURE_H

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "system/oracle/oracle.h"

/* An oracle that is fed hand-made trace events. */
class OracleTest : public ::testing::Test
{
protected:
	static constexpr uint64_t kNoSub = TRACE_NO_SUBSTREAM;

	void TearDown() override
	{
		oracle_destroy(oracle_);
	}

	struct oracle *oracle()
	{
		if (!oracle_) {
			struct oracle_cfg cfg = {allowed_loss};
			oracle_ = oracle_create(&cfg);
		}
		return oracle_;
	}

	void emit(uint64_t time_ps, enum trace_kind kind, std::initializer_list<uint64_t> args,
		  const std::vector<uint64_t> &data = {}, uint32_t host = 0)
	{
		struct sim_part part = {nullptr, host ? "destination.part" : "source.part", host};
		struct trace_event event = {};

		event.time_ps = time_ps;
		event.kind = kind;
		event.part = &part;
		size_t i = 0;
		for (uint64_t arg : args)
			event.arg[i++] = arg;
		event.data = data.empty() ? nullptr : data.data();
		event.data_len = (uint32_t)(data.size() * 8);
		oracle_event(oracle(), &event);
	}

	const struct oracle_finding &finish(enum oracle_check_id check)
	{
		oracle_finish(oracle());
		return *oracle_finding(oracle(), check);
	}

	uint32_t allowed_loss = 0;

private:
	struct oracle *oracle_ = nullptr;
};

#endif
