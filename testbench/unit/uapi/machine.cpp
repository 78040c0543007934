// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/uapi/machine.h"

#include <linux/pci_regs.h>

namespace
{

constexpr uint32_t kMsix = 0x70, kPcie = 0xa0, kHidden = 0x50, kMsi = 0xe0;

Machine *machine_of(void *ctx)
{
	return static_cast<Machine *>(ctx);
}

uint8_t *memory_at(Machine *m, uint64_t pa)
{
	EXPECT_GE(pa, kDramBase);
	return &m->memory[pa & ~UINT64_C(0xfff)][pa & 0xfff];
}

void memory_read(void *ctx, uint64_t pa, void *data, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++) {
		auto page = machine_of(ctx)->memory.find((pa + i) & ~UINT64_C(0xfff));
		static_cast<uint8_t *>(data)[i] =
			page == machine_of(ctx)->memory.end() ? 0 : page->second[(pa + i) & 0xfff];
	}
}

void memory_write(void *ctx, uint64_t pa, const void *data, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++)
		*memory_at(machine_of(ctx), pa + i) = static_cast<const uint8_t *>(data)[i];
}

void memory_zero(void *ctx, uint64_t pa, uint64_t len)
{
	auto &memory = machine_of(ctx)->memory;
	memory.erase(memory.lower_bound(pa), memory.lower_bound(pa + len));
}

uint64_t memory_cas64(void *, uint64_t, uint64_t, uint64_t)
{
	ADD_FAILURE() << "the kernel logic itself has no use for it";
	return 0;
}

uint64_t mmio_read(void *ctx, actor *self, uint64_t pa, uint32_t len)
{
	Machine *m = machine_of(ctx);
	uint64_t value = UINT64_MAX;

	EXPECT_EQ(pa % len, 0u);
	actor_sleep(self, 500 * PS_PER_NS);
	if (!m->function.present)
		return value;
	if (pa >= kEcam && pa < kEcam + 4096)
		return m->function.get(pa - kEcam, len);
	if (pa >= kBar0 && pa < kBar0 + m->function.bar0.size())
		memcpy(&value, &m->function.bar0[pa - kBar0], len);
	else if (pa >= kBar3 && pa < kBar3 + m->function.bar3.size())
		memcpy(&value, &m->function.bar3[pa - kBar3], len);
	return len == 8 ? value : value & ((UINT64_C(1) << 8 * len) - 1);
}

void mmio_write(void *ctx, actor *, uint64_t pa, uint32_t len, uint64_t value)
{
	Machine *m = machine_of(ctx);

	EXPECT_EQ(pa % len, 0u);
	if (pa >= kEcam && pa < kEcam + 4096)
		m->function.config_write(pa - kEcam, len, value);
	else if (pa >= kBar0 && pa < kBar0 + m->function.bar0.size())
		memcpy(&m->function.bar0[pa - kBar0], &value, len);
	else if (pa >= kBar3 && pa < kBar3 + m->function.bar3.size())
		memcpy(&m->function.bar3[pa - kBar3], &value, len);
}

int msi_register(void *ctx, uint32_t device, uint32_t event, void (*handler)(void *, uint64_t),
		 void *arg)
{
	if (handler)
		machine_of(ctx)->msi[{device, event}] = {handler, arg};
	else
		machine_of(ctx)->msi.erase({device, event});
	return 0;
}

int irq_register(void *, uint32_t, void (*)(void *, uint64_t), void *)
{
	return 0;
}

const cpu_ops kCpuOps = {memory_read, memory_write, memory_cas64, memory_zero,
			 mmio_read,   mmio_write,   msi_register, irq_register};

Services *services_of(void *ctx, const char *op)
{
	Services *s = static_cast<Services *>(ctx);
	s->log.push_back(op);
	return s;
}

uint64_t migration_flags(void *ctx, uint32_t)
{
	return static_cast<Services *>(ctx)->flags;
}

int set_p2p(void *ctx, actor *, uint32_t, bool running)
{
	return services_of(ctx, running ? "p2p on" : "p2p off")->fail["p2p"];
}

int suspend(void *ctx, actor *, uint32_t)
{
	return services_of(ctx, "suspend")->fail["suspend"];
}

int resume(void *ctx, actor *, uint32_t)
{
	return services_of(ctx, "resume")->fail["resume"];
}

int state_size(void *ctx, actor *, uint32_t, uint64_t *precopy, uint64_t *stop_copy)
{
	Services *s = static_cast<Services *>(ctx);
	*precopy = s->precopy.size();
	*stop_copy = s->precopy.size() + s->rest.size();
	return s->fail["state_size"];
}

void save_begin(void *ctx, uint32_t)
{
	Services *s = services_of(ctx, "begin");
	s->precopy_at = s->rest_at = 0;
}

ssize_t save(void *ctx, actor *, uint32_t, bool precopy, void *data, size_t size)
{
	Services *s = static_cast<Services *>(ctx);
	bool first = s->precopy_at < s->precopy.size();
	size_t &at = first ? s->precopy_at : s->rest_at;
	const std::string &from = first ? s->precopy : s->rest;
	size_t len = std::min({size, s->part, from.size() - at});

	if (s->fail["save"])
		return s->fail["save"];
	if (!first && precopy)
		return 0;
	memcpy(data, from.data() + at, len);
	at += len;
	return static_cast<ssize_t>(len);
}

int load(void *ctx, actor *, uint32_t, const void *data, size_t size)
{
	Services *s = services_of(ctx, "load");
	s->loaded.assign(static_cast<const char *>(data), size);
	return s->fail["load"];
}

bool logs_dma(void *ctx, uint32_t)
{
	return static_cast<Services *>(ctx)->logs;
}

int log_start(void *ctx, actor *, uint32_t, const vf_log_range *range, uint32_t ranges,
	      uint64_t *page_size)
{
	Services *s = services_of(ctx, "log start");
	s->log_ranges.clear();
	for (uint32_t i = 0; i < ranges; i++)
		s->log_ranges.emplace_back(range[i].iova, range[i].len);
	if (s->log_page)
		*page_size = s->log_page;
	return s->fail["log_start"];
}

int log_stop(void *ctx, actor *, uint32_t)
{
	return services_of(ctx, "log stop")->fail["log_stop"];
}

int log_read(void *ctx, actor *self, uint32_t, uint64_t iova, uint64_t len,
	     void (*found)(void *, uint64_t, uint64_t), void *arg)
{
	Services *s = services_of(ctx, "log read");
	actor_sleep(self, 1000);
	for (auto [at, bytes] : s->log_found) {
		uint64_t start = std::max(at, iova), end = std::min(at + bytes, iova + len);
		if (start < end)
			found(arg, start, end - start);
	}
	return s->fail["log_read"];
}

const vf_services_ops kServicesOps = {migration_flags, set_p2p,    suspend,  resume,
				      state_size,      save_begin, save,     load,
				      logs_dma,        log_start,  log_stop, log_read};

int user_copy_from(void *, void *to, uint64_t user, size_t len)
{
	return uapi_user_ops_direct.copy_from(nullptr, to, user, len);
}

int user_copy_to(void *ctx, uint64_t user, const void *from, size_t len)
{
	return machine_of(ctx)->deny_writes
		       ? -EFAULT
		       : uapi_user_ops_direct.copy_to(nullptr, user, from, len);
}

const uapi_user_ops kUserOps = {user_copy_from, user_copy_to};

void on_trace(void *ctx, const trace_event *event)
{
	const uint8_t *data = static_cast<const uint8_t *>(event->data);

	machine_of(ctx)->trace.push_back({event->kind,
					  {event->arg, event->arg + TRACE_ARGS},
					  {data, data + (data ? event->data_len : 0)}});
}

void actor_body(actor *self, void *arg)
{
	(*static_cast<std::function<void(actor *)> *>(arg))(self);
}

} // namespace

Function::Function()
{
	put(PCI_VENDOR_ID, 4, 0xffffffff); // a VF has none
	put(PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
	put(PCI_CLASS_REVISION, 4, 0x02000001);
	put(PCI_INTERRUPT_PIN, 1, 1); // bogus: VFIO hides it
	put(PCI_CAPABILITY_LIST, 1, kHidden);
	put(kHidden, 2, PCI_CAP_ID_HT | kMsix << 8);
	put(kMsix, 2, PCI_CAP_ID_MSIX | kPcie << 8);
	put(kMsix + PCI_MSIX_FLAGS, 2, 4); // 5 vectors
	put(kMsix + PCI_MSIX_TABLE, 4, 3);
	put(kMsix + PCI_MSIX_PBA, 4, 0x2003);
	put(kPcie, 2, PCI_CAP_ID_EXP);
	put(kPcie + PCI_EXP_FLAGS, 2, 2);
	put(kPcie + PCI_EXP_DEVCAP, 4, PCI_EXP_DEVCAP_FLR);
	put(0x100, 4, PCI_EXT_CAP_ID_ARI | 1 << 16 | 0x140u << 20);
	put(0x140, 4, PCI_EXT_CAP_ID_PASID | 1 << 16 | 0x160u << 20);
	put(0x160, 4, PCI_EXT_CAP_ID_ACS | 1 << 16);
}

uint32_t Function::get(uint32_t at, uint32_t len) const
{
	uint32_t value = 0;
	memcpy(&value, &config[at], len);
	return value;
}

void Function::put(uint32_t at, uint32_t len, uint32_t value)
{
	memcpy(&config[at], &value, len);
}

void Function::add_msi()
{
	put(kPcie + 1, 1, kMsi);
	put(kMsi, 4, PCI_CAP_ID_MSI | (PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASKBIT) << 16);
	put(kMsi + PCI_MSI_MASK_64, 4, 0x5);
}

void Function::make_pf()
{
	is_pf = true;
	put(PCI_VENDOR_ID, 4, 0x15928086);
	put(PCI_BASE_ADDRESS_0, 4, kBar0 & 0xffffffff);
	put(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
}

void Function::config_write(uint32_t at, uint32_t len, uint32_t value)
{
	if (at == PCI_COMMAND)
		put(at, 2, value & (PCI_COMMAND_MASTER | (is_pf ? PCI_COMMAND_MEMORY : 0)));
	else if (is_pf && at >= PCI_BASE_ADDRESS_0 && at < PCI_BASE_ADDRESS_5 + 4)
		put(at, len, value);
	else if (at >= kMsi && at < kMsi + 24)
		put(at, len, value);
	else if (at == kMsix + PCI_MSIX_FLAGS)
		put(at, 2, (get(at, 2) & PCI_MSIX_FLAGS_QSIZE) | (value & 0xc000));
	else if (at == kPcie + PCI_EXP_DEVCTL || at == kPcie + PCI_EXP_DEVCTL2)
		put(at, 2, value & 0x7fff);
	else if (at >= 0x200)
		put(at, len, value);
	if (at != kPcie + PCI_EXP_DEVCTL || !(value & PCI_EXP_DEVCTL_BCR_FLR))
		return;
	resets++;
	put(PCI_COMMAND, 2, 0);
	if (is_pf)
		put(PCI_BASE_ADDRESS_0, 4, 0);
	put(kMsix + PCI_MSIX_FLAGS, 2, 4);
	put(kPcie + PCI_EXP_DEVCTL, 2, 0);
	bar0.fill(0);
	bar3.fill(0);
}

bool Function::msix_enabled() const
{
	return (get(kMsix + PCI_MSIX_FLAGS, 2) & 0xc000) == PCI_MSIX_FLAGS_ENABLE;
}

uint32_t Function::msix(uint32_t vector, uint32_t at) const
{
	uint32_t value;
	memcpy(&value, &bar3[vector * PCI_MSIX_ENTRY_SIZE + at], sizeof(value));
	return value;
}

Machine::Machine()
{
	sim_hooks hooks = {};
	hooks.ctx = this;
	hooks.trace = on_trace;
	EXPECT_EQ(sim_init(&sim, 1, &hooks), 0);
	part = {&sim, "test.kernel", 0};
	free_frames = frames_create(kDramBase, kDramSize);
	smmu.info.aperture_last = (UINT64_C(1) << 48) - 1;
	smmu.info.page_sizes = 0x40201000;
	smmu.info.dirty_tracking = true;
	smmu.info.idr[0] = 0x1234;
	cfg.msi_window = true;
	cfg.reset_wait_ps = PS_PER_US;
	device_cfg.group = kGroup;
	device_cfg.stream_id = kStream;
	device_cfg.config_pa = kEcam;
	device_cfg.is_vf = true;
	device_cfg.vendor_id = 0x8086;
	device_cfg.device_id = 0x1889;
	device_cfg.bar[0] = {kBar0, 65536, 0xc};
	device_cfg.bar[3] = {kBar3, 16384, 0xc};
	device_cfg.services = {&services, &kServicesOps};
}

Machine::~Machine()
{
	if (process)
		run([this](actor *actor) { uapi_process_exit(process, actor); });
	if (kernel) {
		uapi_kernel_destroy(kernel);
		EXPECT_TRUE(events(TRACE_LEAK).empty());
		EXPECT_EQ(frames_in_use(free_frames), 0u);
	}
	for (actor *program : programs)
		actor_forget(program);
	frames_destroy(free_frames);
	sim_fini(&sim);
}

void Machine::boot()
{
	uapi_kernel_env env = {};
	env.part = part;
	env.cpu = {this, &kCpuOps, kDoorbell};
	env.frames = free_frames;
	env.smmu = &smmu;
	kernel = uapi_kernel_create(&cfg, &env);
	process = uapi_process_create(kernel, "vmm", &kUserOps, this);
	run([this](actor *actor) {
		add_result = uapi_kernel_add_vfio_device(kernel, actor, &device_cfg);
	});
}

void Machine::run(std::function<void(actor *)> body)
{
	std::function<void(actor *)> with_self = [&](actor *actor) {
		self = actor;
		body(actor);
		self = nullptr;
	};
	actor *program = actor_start(&sim, "program", actor_body, &with_self);
	sim_run(&sim, TIME_NEVER, nullptr);
	programs.push_back(program);
	ASSERT_TRUE(actor_finished(program));
}

int Machine::open_iommu()
{
	return uapi_open(process, self, "/dev/iommu", 0);
}

int Machine::open_device()
{
	return uapi_open(process, self, "/dev/vfio/devices/vfio0", 0);
}

uint32_t Machine::bind(int device_fd, int iommu_fd)
{
	vfio_device_bind_iommufd cmd = {};
	cmd.argsz = sizeof(cmd);
	cmd.iommufd = iommu_fd;
	EXPECT_EQ(ioctl(device_fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd), 0);
	return cmd.out_devid;
}

uint32_t Machine::ioas_alloc(int iommu_fd)
{
	iommu_ioas_alloc cmd = {};
	cmd.size = sizeof(cmd);
	EXPECT_EQ(ioctl(iommu_fd, IOMMU_IOAS_ALLOC, &cmd), 0);
	return cmd.out_ioas_id;
}

int Machine::attach(int device_fd, uint32_t *pt_id)
{
	vfio_device_attach_iommufd_pt cmd = {};
	cmd.argsz = 12;
	cmd.pt_id = *pt_id;
	int rc = ioctl(device_fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);
	*pt_id = cmd.pt_id;
	return rc;
}

int Machine::map(int iommu_fd, uint32_t ioas, uint64_t va, uint64_t length, uint64_t iova,
		 uint32_t flags)
{
	iommu_ioas_map cmd = {};
	cmd.size = sizeof(cmd);
	cmd.flags = flags;
	cmd.ioas_id = ioas;
	cmd.user_va = va;
	cmd.length = length;
	cmd.iova = iova;
	return ioctl(iommu_fd, IOMMU_IOAS_MAP, &cmd);
}

int Machine::unmap(int iommu_fd, uint32_t ioas, uint64_t iova, uint64_t *length)
{
	iommu_ioas_unmap cmd = {};
	cmd.size = sizeof(cmd);
	cmd.ioas_id = ioas;
	cmd.iova = iova;
	cmd.length = *length;
	int rc = ioctl(iommu_fd, IOMMU_IOAS_UNMAP, &cmd);
	*length = cmd.length;
	return rc;
}

uint64_t Machine::anonymous(uint64_t length)
{
	uint64_t va = 0;
	EXPECT_EQ(uapi_mmap(process, self, length, -1, 0, &va), 0);
	return va;
}

int Machine::irqs(int device_fd, uint32_t flags, uint32_t index, uint32_t start,
		  std::vector<int32_t> fds)
{
	alignas(8) uint8_t buffer[256] = {};
	vfio_irq_set cmd = {};
	bool data = flags & (VFIO_IRQ_SET_DATA_EVENTFD);
	cmd.argsz = sizeof(cmd) + (data ? 4 * fds.size() : 0);
	cmd.flags = flags;
	cmd.index = index;
	cmd.start = start;
	cmd.count = fds.size();
	memcpy(buffer, &cmd, sizeof(cmd));
	std::copy(fds.begin(), fds.end(), reinterpret_cast<int32_t *>(buffer + sizeof(cmd)));
	return ioctl(device_fd, VFIO_DEVICE_SET_IRQS, buffer);
}

int Machine::set_state(int device_fd, uint32_t state, int *data_fd)
{
	alignas(8) uint8_t buffer[16];
	vfio_device_feature header = {};
	vfio_device_feature_mig_state payload = {};
	header.argsz = sizeof(buffer);
	header.flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;
	payload.device_state = state;
	memcpy(buffer, &header, sizeof(header));
	memcpy(buffer + sizeof(header), &payload, sizeof(payload));
	int rc = ioctl(device_fd, VFIO_DEVICE_FEATURE, buffer);
	memcpy(&payload, buffer + sizeof(header), sizeof(payload));
	if (data_fd)
		*data_fd = payload.data_fd;
	return rc;
}

uint32_t Machine::get_state(int device_fd)
{
	alignas(8) uint8_t buffer[16] = {};
	vfio_device_feature header = {};
	vfio_device_feature_mig_state payload = {};
	header.argsz = sizeof(buffer);
	header.flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;
	memcpy(buffer, &header, sizeof(header));
	EXPECT_EQ(ioctl(device_fd, VFIO_DEVICE_FEATURE, buffer), 0);
	memcpy(&payload, buffer + sizeof(header), sizeof(payload));
	return payload.device_state;
}

constexpr uint64_t kConfigRegion = uint64_t{VFIO_PCI_CONFIG_REGION_INDEX} << 40;

uint32_t Machine::config(int device_fd, uint64_t at, uint32_t len)
{
	uint32_t value = 0;
	EXPECT_EQ(uapi_pread(process, self, device_fd, &value, len, kConfigRegion + at), len);
	return value;
}

ssize_t Machine::set_config(int device_fd, uint64_t at, uint32_t len, uint32_t value)
{
	return uapi_pwrite(process, self, device_fd, &value, len, kConfigRegion + at);
}

void Machine::fire_msi(uint32_t event_id)
{
	auto it = msi.find({kStream, event_id});
	ASSERT_NE(it, msi.end());
	it->second.first(it->second.second, sim_now(&sim));
}

std::vector<Machine::Event> Machine::events(trace_kind kind) const
{
	std::vector<Event> found;
	for (const Event &event : trace) {
		if (event.kind == kind)
			found.push_back(event);
	}
	return found;
}

// The SMMU driver that the kernel logic is linked to in this program.

int smmu_driver_probe(const smmu_driver_cfg *, const smmu_driver_env *, actor *, smmu_driver **)
{
	return -ENODEV;
}

void smmu_driver_remove(smmu_driver *)
{
}

const struct smmu_driver_info *smmu_driver_info(const smmu_driver *driver)
{
	return &driver->info;
}

int smmu_driver_attach_identity(smmu_driver *, actor *, uint32_t)
{
	return 0;
}

int smmu_driver_attach_blocked(smmu_driver *driver, actor *, uint32_t stream_id)
{
	if (driver->stream[stream_id])
		driver->stream[stream_id]->attached--;
	driver->stream[stream_id] = nullptr;
	return 0;
}

void smmu_driver_reset_begins(smmu_driver *, actor *, uint32_t)
{
}

void smmu_driver_reset_ended(smmu_driver *, actor *, uint32_t)
{
}

static smmu_driver *the_driver; // whose domains: one machine at a time

int smmu_domain_alloc(smmu_driver *driver, bool dirty_tracking, smmu_domain **domain)
{
	the_driver = driver;
	*domain = new smmu_domain{++driver->next_id, dirty_tracking, {}, {}, {}, 0};
	return 0;
}

void smmu_domain_free(smmu_domain *domain, actor *)
{
	EXPECT_EQ(domain->attached, 0) << "freed while a device uses it";
	delete domain;
}

uint64_t smmu_domain_id(const smmu_domain *domain)
{
	return domain->id;
}

int smmu_domain_attach(smmu_domain *domain, actor *, uint32_t stream_id)
{
	if (the_driver->stream[stream_id])
		the_driver->stream[stream_id]->attached--;
	the_driver->stream[stream_id] = domain;
	domain->attached++;
	return 0;
}

smmu_pasids smmu_driver_pasids(const smmu_driver *driver, uint32_t)
{
	return driver->pasids;
}

int smmu_domain_attach_pasid(smmu_domain *domain, actor *, uint32_t, uint32_t pasid, bool replace)
{
	EXPECT_TRUE(pasid && !(pasid >> the_driver->pasids.bits));
	EXPECT_EQ(replace, the_driver->pasid.count(pasid) != 0);
	if (replace)
		the_driver->pasid[pasid]->attached--;
	the_driver->pasid[pasid] = domain;
	domain->attached++;
	return 0;
}

int smmu_driver_detach_pasid(smmu_driver *driver, actor *, uint32_t, uint32_t pasid)
{
	if (!driver->pasid.count(pasid))
		return -ENOENT;
	driver->pasid[pasid]->attached--;
	driver->pasid.erase(pasid);
	return 0;
}

int smmu_domain_map_pages(smmu_domain *domain, actor *self, uint64_t iova, uint64_t first_pa,
			  int64_t step, uint64_t pages, uint32_t prot)
{
	the_driver->map_calls++;
	if (the_driver->fail_map_after == 0)
		return -ENOMEM;
	if (the_driver->fail_map_after > 0)
		the_driver->fail_map_after--;
	if (the_driver->wait_ps)
		actor_sleep(self, the_driver->wait_ps);
	for (uint64_t i = 0; i < pages; i++) {
		EXPECT_EQ(domain->pages.count(iova + i * 4096), 0u);
		domain->pages[iova + i * 4096] = first_pa + step * i;
		domain->prot[iova + i * 4096] = prot;
	}
	return 0;
}

int smmu_domain_map(smmu_domain *domain, actor *self, uint64_t iova, uint64_t pa, uint64_t len,
		    uint32_t prot)
{
	return smmu_domain_map_pages(domain, self, iova, pa, 4096, len / 4096, prot);
}

uint64_t smmu_domain_unmap(smmu_domain *domain, actor *self, uint64_t iova, uint64_t len)
{
	auto first = domain->pages.lower_bound(iova), last = domain->pages.lower_bound(iova + len);
	uint64_t bytes = 4096 * std::distance(first, last);

	domain->pages.erase(first, last);
	if (the_driver->wait_ps)
		actor_sleep(self, the_driver->wait_ps);
	return bytes;
}

uint64_t smmu_domain_iova_to_phys(smmu_domain *domain, uint64_t iova)
{
	auto it = domain->pages.find(iova & ~UINT64_C(0xfff));
	return it == domain->pages.end() ? 0 : it->second + iova % 4096;
}

int smmu_domain_set_dirty_tracking(smmu_domain *, actor *, bool)
{
	return 0;
}

int smmu_domain_read_dirty(smmu_domain *domain, actor *self, uint64_t iova, uint64_t len,
			   bool no_clear, void (*dirty)(void *, uint64_t, uint64_t), void *ctx,
			   uint64_t *begin_ps)
{
	*begin_ps = sim_now(actor_sim(self));
	for (auto it = domain->dirty.lower_bound(iova);
	     it != domain->dirty.end() && *it < iova + len;) {
		dirty(ctx, *it, 4096);
		it = no_clear ? std::next(it) : domain->dirty.erase(it);
	}
	return 0;
}
