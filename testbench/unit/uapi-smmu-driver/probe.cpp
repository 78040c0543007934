// SPDX-License-Identifier: Apache-2.0
// Bringing the SMMU up: register accesses in Linux's order, and what is refused.
#include <cerrno>
#include <map>

#include "testbench/unit/uapi-smmu-driver/smmu_host.hpp"

namespace
{
struct Access {
	bool write;
	uint64_t offset;
	uint32_t len;
	uint64_t value;
	bool operator==(const Access &o) const
	{
		return write == o.write && offset == o.offset && len == o.len &&
		       (!write || value == o.value);
	}
};

std::ostream &operator<<(std::ostream &out, const Access &a)
{
	return out << (a.write ? "W" : "R") << a.len << " 0x" << std::hex << a.offset << " 0x"
		   << a.value << std::dec;
}

Access R(uint64_t offset)
{
	return {false, offset, 4, 0};
}

Access W(uint64_t offset, uint64_t value, uint32_t len = 4)
{
	return {true, offset, len, value};
}

// Records the CPU's register accesses on the way to the SMMU.
class SmmuDriverProbe : public SmmuHost
{
protected:
	void spy()
	{
		real = smmu_register_port(smmu);
		for (uint32_t i = 0; i < fabric.count; i++)
			if (fabric.window[i].base == kSmmuPa)
				fabric.window[i].target = {this, note};
	}

	static void note(void *ctx, struct bus_req *req)
	{
		auto *self = static_cast<SmmuDriverProbe *>(ctx);
		Access access = {req->op == BUS_WRITE, req->addr, req->len_bytes, 0};

		if (access.write)
			memcpy(&access.value, req->data, req->len_bytes);
		self->accesses.push_back(access);
		bus_send(&self->real, req);
	}

	struct bus_port real;
	std::vector<Access> accesses;
};
} // namespace

TEST_F(SmmuDriverProbe, AccessesRegistersInTheOrderOfLinux)
{
	build();
	spy();
	ASSERT_EQ(probe(), 0);

	uint64_t cmdq = driver->cmdq.q.pa, evtq = driver->evtq.q.pa, strtab = driver->strtab.pa;
	std::vector<Access> expected = {
		R(SMMU_IDR0),
		R(SMMU_IDR1),
		R(SMMU_IDR3),
		R(SMMU_IDR5),
		R(SMMU_IIDR), // probe
		R(SMMU_CR0),
		W(SMMU_CR0, 0),
		R(SMMU_CR0ACK),
		W(SMMU_CR1, 0xd75),
		W(SMMU_CR2, 6),
		W(SMMU_STRTAB_BASE, strtab | STRTAB_BASE_RA, 8),
		W(SMMU_STRTAB_BASE_CFG, 0x10210), // as seen on a running system
		W(SMMU_CMDQ_BASE, cmdq | Q_BASE_RA | 8, 8),
		W(SMMU_CMDQ_PROD, 0),
		W(SMMU_CMDQ_CONS, 0),
		W(SMMU_CR0, 8),
		R(SMMU_CR0ACK),
		W(SMMU_CMDQ_PROD, 2), // CFGI_ALL, SYNC
		W(SMMU_CMDQ_PROD, 4), // TLBI_NSNH_ALL, SYNC
		W(SMMU_EVENTQ_BASE, evtq | Q_BASE_WA | 7, 8),
		W(SMMU_EVENTQ_PROD, 0),
		W(SMMU_EVENTQ_CONS, 0),
		W(SMMU_CR0, 0xc),
		R(SMMU_CR0ACK),
		W(SMMU_IRQ_CTRL, 0),
		R(SMMU_IRQ_CTRLACK),
		W(SMMU_GERROR_IRQ_CFG0, 0, 8),
		W(SMMU_EVENTQ_IRQ_CFG0, 0, 8),
		W(SMMU_IRQ_CTRL, 5),
		R(SMMU_IRQ_CTRLACK),
		W(SMMU_CR0, 0xd),
		R(SMMU_CR0ACK),
		R(SMMU_IDR2),
		R(SMMU_IDR4),
		R(SMMU_AIDR), // for IOMMU_GET_HW_INFO
	};
	EXPECT_EQ(accesses, expected);
	EXPECT_EQ(commands(), (std::vector<uint64_t>{CMD_CFGI_STE_RANGE, CMD_SYNC,
						     CMD_TLBI_NSNH_ALL, CMD_SYNC}));
}

TEST_F(SmmuDriverProbe, TellsWhatTheHardwareCanDo)
{
	start();
	const struct smmu_driver_info *info = smmu_driver_info(driver);

	EXPECT_EQ(info->page_sizes, (UINT64_C(1) << 12) | (1 << 21) | (1 << 30));
	EXPECT_EQ(info->aperture_last, (UINT64_C(1) << 48) - 1);
	EXPECT_TRUE(info->dirty_tracking);
	EXPECT_EQ(field_get(IDR1_SIDSIZE, info->idr[1]), 16u);
	EXPECT_NE(info->idr[5], 0u);
}

TEST_F(SmmuDriverProbe, OffersDirtyTrackingOnlyWithHardwareUpdateAndCoherence)
{
	SmmuHostOptions options;
	struct smmu_domain *domain = nullptr;

	options.httu = 1;
	start(options);
	EXPECT_FALSE(smmu_driver_info(driver)->dirty_tracking);
	EXPECT_EQ(smmu_domain_alloc(driver, true, &domain), -EOPNOTSUPP);
}

TEST_F(SmmuDriverProbe, WithoutCoherenceHasNoDirtyTrackingAndPollsForSyncs)
{
	SmmuHostOptions options;

	options.coherent = false;
	start(options);
	EXPECT_FALSE(smmu_driver_info(driver)->dirty_tracking);
	EXPECT_FALSE(driver->msi_sync);
}

TEST_F(SmmuDriverProbe, OfALinearStreamTableSaysItsSize)
{
	SmmuHostOptions options;

	options.two_level = false;
	build(options);
	spy();
	ASSERT_EQ(probe(), 0);
	EXPECT_NE(std::find(accesses.begin(), accesses.end(), W(SMMU_STRTAB_BASE_CFG, 6)),
		  accesses.end());
	// Every stream has an entry that aborts: no event is recorded.
	EXPECT_EQ(write(0x1000, 1, 64, 0x3f), BUS_FAULT);
	EXPECT_TRUE(events.empty());
}

// Registers that are nothing but storage, with acknowledges that may stay away.
namespace
{
class SmmuDriverProbeFake : public SmmuHost
{
protected:
	void SetUp() override
	{
		SmmuHost::SetUp();
		build();
		reg[SMMU_IDR0] = 0x0940101a;
		reg[SMMU_IDR1] = 0x01070010;
		reg[SMMU_IDR5] = 0x15;
		for (uint32_t i = 0; i < fabric.count; i++)
			if (fabric.window[i].base == kSmmuPa)
				fabric.window[i].target = {this, serve};
	}

	static void serve(void *ctx, struct bus_req *req)
	{
		auto *self = static_cast<SmmuDriverProbeFake *>(ctx);

		req->owner = self;
		event_init(&req->event, [](struct event *event, uint64_t now) {
			struct bus_req *r = CONTAINER_OF(event, struct bus_req, event);

			static_cast<SmmuDriverProbeFake *>(r->owner)->complete(r, now);
		});
		sim_after(&self->sim, &req->event, 50 * PS_PER_NS);
	}

	void complete(struct bus_req *req, uint64_t now)
	{
		if (req->op == BUS_READ) {
			memset(req->data, 0, req->len_bytes);
			memcpy(req->data, &reg[req->addr], 4);
		} else {
			uint32_t value = le32_get(req->data);

			reg[req->addr] = value;
			if (acknowledge && req->addr == SMMU_CR0)
				reg[SMMU_CR0ACK] = value;
			if (acknowledge && req->addr == SMMU_IRQ_CTRL)
				reg[SMMU_IRQ_CTRLACK] = value;
			if (consume && req->addr == SMMU_CMDQ_PROD)
				reg[SMMU_CMDQ_CONS] = value;
		}
		req->status = BUS_OK;
		req->done(req, now);
	}

	std::map<uint64_t, uint32_t> reg;
	bool acknowledge = true;
	bool consume = true;
};
} // namespace

TEST_F(SmmuDriverProbeFake, TakesTheIdentificationThatARunningSystemShowed)
{
	EXPECT_EQ(probe(), 0);
}

TEST_F(SmmuDriverProbeFake, RefusesWhatLinuxRefuses)
{
	struct Row {
		const char *what;
		uint64_t offset;
		uint32_t value;
	} rows[] = {
		{"big-endian tables", SMMU_IDR0, 0x0940101a | 3u << 21},
		{"reserved endianness", SMMU_IDR0, (0x0940101a & ~(3u << 21)) | 1u << 21},
		{"no stage 1", SMMU_IDR0, 0x0940101a & ~2u},
		{"no AArch64 tables", SMMU_IDR0, 0x0940101a & ~(2u << 2)},
		{"preset tables", SMMU_IDR1, 0x01070010 | 1u << 30},
		{"preset queues", SMMU_IDR1, 0x01070010 | 1u << 29},
		{"relative bases", SMMU_IDR1, 0x01070010 | 1u << 28},
		{"a queue too small for a batch", SMMU_IDR1,
		 (0x01070010 & ~(31u << 21)) | 6u << 21},
		{"no 4 KiB granule", SMMU_IDR5, 0x05},
	};

	for (const Row &row : rows) {
		uint32_t good = reg[row.offset];

		reg[row.offset] = row.value;
		EXPECT_EQ(probe(), -ENODEV) << row.what;
		reg[row.offset] = good;
	}
	EXPECT_EQ(frames_in_use(frames), 0u);
}

TEST_F(SmmuDriverProbeFake, GivesUpWhenNothingIsAcknowledged)
{
	uint64_t before = sim_now(&sim);

	acknowledge = false;
	EXPECT_EQ(probe(), 0 - ETIMEDOUT);
	EXPECT_GE(sim_now(&sim) - before, PS_PER_S);
}

TEST_F(SmmuDriverProbeFake, GivesUpWhenASyncNeverCompletes)
{
	consume = false;
	EXPECT_EQ(probe(), -ETIMEDOUT);
	EXPECT_TRUE(log_has("CMD_SYNC timeout"));
	EXPECT_EQ(reg[SMMU_CR0], 0u);
}

TEST_F(SmmuDriverProbeFake, MakesARunningSmmuAbortFirst)
{
	reg[SMMU_CR0] = 1;
	EXPECT_EQ(probe(), 0);
	EXPECT_EQ(reg[SMMU_GBPA], GBPA_ABORT | GBPA_UPDATE);
}
