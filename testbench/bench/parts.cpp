// SPDX-License-Identifier: Apache-2.0
// What the parts of a run cost, on a booted host: CPU time for each operation, all its
// calendar events included.
#include <linux/vfio.h>

#include "base/bits.h"
#include "base/trace.h"
#include "system/digest.h"
#include "system/oracle/oracle.h"
#include "testbench/bench/bench.hpp"
#include "testbench/bench/host.hpp"

namespace
{
constexpr uint32_t kStream = HOST_PF_RID + 64; // no function's
constexpr uint64_t kIova = 0x100000000;

// A booted host, and a domain for a stream that nobody else uses.
class Host : public BenchHost
{
public:
	Host() : BenchHost("parts.yaml")
	{
		Do([this](struct actor *self) {
			if (smmu_domain_alloc(host->smmu_driver, true, &domain) ||
			    smmu_domain_attach(domain, self, kStream))
				abort();
		});
	}
	~Host()
	{
		Do([this](struct actor *self) {
			smmu_driver_attach_blocked(host->smmu_driver, self, kStream);
			smmu_domain_free(domain, self);
		});
	}

	struct smmu_domain *domain;
};

// A bus request that is sent again and again.
struct Request {
	struct bus_req req;
	bool done;
	uint8_t bytes[1500];
};

void PrepareRequest(Request *request, enum bus_op op)
{
	*request = {};
	request->req.op = op;
	request->req.len_bytes = sizeof(request->bytes);
	request->req.data = request->bytes;
	request->req.done = [](struct bus_req *req, uint64_t) {
		CONTAINER_OF(req, Request, req)->done = true;
	};
}

void SendRequest(Request *request, struct sim *sim, const struct bus_port &port, uint64_t address)
{
	request->done = false;
	request->req.addr = address;
	bus_send(&port, &request->req);
	sim_run(sim, TIME_NEVER, &request->done);
}

void FireNothing(struct event *, uint64_t)
{
}

// Schedule and fire with as many pending as a packet run has.
void calendar_schedule_and_fire(benchmark::State &state)
{
	struct calendar calendar;
	struct event event[14];
	uint64_t delay = 0;

	if (calendar_init(&calendar, 64))
		abort();
	for (struct event &each : event) {
		event_init(&each, FireNothing);
		calendar_schedule(&calendar, &each, delay += 10000);
	}
	for (auto _ : state) {
		uint32_t next = static_cast<uint32_t>(calendar.fired % ARRAY_LEN(event));

		calendar_step(&calendar);
		delay = delay * 6364136223846793005 + 1442695040888963407;
		calendar_schedule(&calendar, &event[next], calendar.now_ps + (delay >> 47));
	}
	calendar_fini(&calendar);
}

void dram_read_1500_bytes(benchmark::State &state)
{
	Host host;
	Request request;

	PrepareRequest(&request, BUS_READ);
	for (auto _ : state)
		SendRequest(&request, &host.sim, dram_bus_port(host.host->dram), HOST_DRAM_PA);
}

void dma_write_1500_bytes_tlb_hit(benchmark::State &state)
{
	Host host;
	Request request;

	PrepareRequest(&request, BUS_WRITE);
	request.bytes[0] = 1; // zeros over nothing would not be stored
	host.Do([&](struct actor *self) {
		smmu_domain_map(host.domain, self, kIova, HOST_DRAM_PA + (1 << 21), 4096,
				SMMU_PROT_READ | SMMU_PROT_WRITE);
	});
	request.req.attr.from_device = true;
	request.req.attr.memory = mem_coherent();
	request.req.attr.posted = true;
	request.req.attr.stream_id = kStream;
	for (auto _ : state)
		SendRequest(&request, &host.sim, smmu_dma_port(host.host->smmu), kIova);
}

void map_and_unmap_4KiB(benchmark::State &state)
{
	Host host;

	host.Do([&](struct actor *self) {
		for (auto _ : state) {
			smmu_domain_map(host.domain, self, kIova, HOST_DRAM_PA + (1 << 21), 4096,
					SMMU_PROT_READ | SMMU_PROT_WRITE);
			smmu_domain_unmap(host.domain, self, kIova, 4096);
		}
	});
}

// Nothing is dirty: 400 million entries a second are 0.655 ms.
void dirty_read_and_clear_1GiB_of_4KiB_pages(benchmark::State &state)
{
	constexpr uint64_t kBytes = UINT64_C(1) << 30;
	Host host;

	host.Do([&](struct actor *self) {
		uint64_t begin_ps;

		// Falling frames: no larger pages.
		if (smmu_domain_map_pages(host.domain, self, kIova,
					  HOST_DRAM_PA + 2 * kBytes - 4096, -4096, kBytes / 4096,
					  SMMU_PROT_READ | SMMU_PROT_WRITE) ||
		    smmu_domain_set_dirty_tracking(host.domain, self, true))
			state.SkipWithError("the guest's memory cannot be mapped");
		for (auto _ : state)
			smmu_domain_read_dirty(
				host.domain, self, kIova, kBytes, false,
				[](void *, uint64_t, uint64_t) {}, nullptr, &begin_ps);
	});
	BenchAtMost(state, 0.655);
}

// A program's calls on a container: 10,000 ranges of a page each mapped, and unmapped again.
void type1_map_and_unmap_10000_ranges(benchmark::State &state)
{
	constexpr uint64_t kRanges = 10000, kPage = 4096;
	Host host;

	host.Do([&](struct actor *self) {
		struct uapi_process *program = uapi_process_create(host.host->kernel, "bench",
								   &uapi_user_ops_direct, nullptr);
		int group = uapi_open(program, self, "/dev/vfio/2", 0);
		int fd = uapi_open(program, self, "/dev/vfio/vfio", 0);
		void *type = reinterpret_cast<void *>(VFIO_TYPE1v2_IOMMU);
		uint64_t va = 0;
		int rc = uapi_ioctl(program, self, group, VFIO_GROUP_SET_CONTAINER, &fd);

		rc = rc ? rc : uapi_ioctl(program, self, fd, VFIO_SET_IOMMU, type);
		rc = rc ? rc : uapi_mmap(program, self, kRanges * kPage, -1, 0, &va);
		for (auto _ : state) {
			for (uint64_t i = 0; i < kRanges && !rc; i++) {
				struct vfio_iommu_type1_dma_map map = {
					sizeof(map), VFIO_DMA_MAP_FLAG_READ, va + i * kPage,
					kIova + 2 * i * kPage, kPage};

				rc = uapi_ioctl(program, self, fd, VFIO_IOMMU_MAP_DMA, &map);
			}
			for (uint64_t i = 0; i < kRanges && !rc; i++) {
				struct vfio_iommu_type1_dma_unmap unmap = {
					sizeof(unmap), 0, kIova + 2 * i * kPage, kPage};

				rc = uapi_ioctl(program, self, fd, VFIO_IOMMU_UNMAP_DMA, &unmap);
			}
		}
		if (rc)
			state.SkipWithError("a range cannot be mapped and unmapped");
		uapi_process_exit(program, self);
	});
	BenchAtMost(state, 100);
}

// A landed write, the commonest event, told to the digest and to the oracle.
void trace_event_digest_and_oracle(benchmark::State &state)
{
	struct oracle_cfg cfg = {};
	struct sim sim = {};
	struct sim_part part = {&sim, "source.smmu", 0};
	struct trace_event attach = {0, TRACE_IOMMU_ATTACH, &part, {kStream, 0, 1}, nullptr, 0};
	struct trace_event map = {0, TRACE_IOMMU_MAP, &part, {1, kIova, 1 << 30, 1}, nullptr, 0};
	struct trace_event landed = {
		0, TRACE_DMA_LANDED, &part, {kStream, 0, kIova, 4096, 1500}, nullptr, 0};
	struct digest *digest = digest_create();
	struct oracle *oracle = oracle_create(&cfg);

	oracle_event(oracle, &attach);
	oracle_event(oracle, &map);
	for (auto _ : state) {
		landed.time_ps++;
		digest_event(digest, &landed);
		oracle_event(oracle, &landed);
	}
	benchmark::DoNotOptimize(digest_value(digest));
	oracle_destroy(oracle);
	digest_destroy(digest);
}
} // namespace

BENCHMARK(calendar_schedule_and_fire);
BENCHMARK(dram_read_1500_bytes);
BENCHMARK(dma_write_1500_bytes_tlb_hit);
BENCHMARK(map_and_unmap_4KiB);
BENCHMARK(dirty_read_and_clear_1GiB_of_4KiB_pages)->Unit(benchmark::kMillisecond);
BENCHMARK(type1_map_and_unmap_10000_ranges)->Unit(benchmark::kMillisecond);
BENCHMARK(trace_event_digest_and_oracle);
