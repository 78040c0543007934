/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/nic_bench.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include <linux/pci_regs.h>

#include "base/bits.h"

namespace
{
constexpr uint64_t kMemory = 32 << 20, kMsiPage = kMemory - 4096, kMsiAddress = kMsiPage + 0x40;
constexpr uint64_t kPfBar0 = NicHost::kWindow, kPfBar3 = kPfBar0 + (1 << 20);
constexpr uint64_t kVfBar0 = kPfBar0 + (2 << 20), kVfBar3 = kPfBar0 + (16 << 20);
/* Where the device has its capabilities (the tests of model/pcie hold that). */
constexpr uint32_t kMsix = 0x70, kExpress = 0xa0, kSriov = 0x160, kPasid = 0x1e0;
constexpr uint32_t kVfBar0Bytes = 64 << 10, kVfBar3Bytes = 16 << 10, kPfAq = 32;

struct CpuAccess {
	struct bus_req req = {};
	bool done = false;
};

uint16_t rid_of(uint32_t vf)
{
	return vf == NicHost::kPf ? PCIE_RID(1, 0, 0) : (uint16_t)(PCIE_RID(1, 2, 0) + vf);
}
} // namespace

struct nic_cfg nic_bench_cfg(uint32_t vfs)
{
	struct nic_cfg cfg = {};

	cfg.vfs = vfs;
	cfg.queue_pairs = 1;
	cfg.vectors = 5;
	cfg.packets = 512;
	cfg.dma_tags = 256;
	cfg.link_mbps = 25000;
	cfg.dma_issue_ps = 16 * PS_PER_NS;
	cfg.switch_ps = 300 * PS_PER_NS;
	cfg.write_back_ps = 2 * PS_PER_US;
	cfg.log_bytes = 512 * 1024;
	cfg.rx_fetch_ahead = true;
	cfg.drain_poll_ps = 200 * PS_PER_NS;
	return cfg;
}

struct firmware_cfg nic_bench_firmware_cfg()
{
	struct firmware_cfg cfg = {};

	cfg.command_ps = 10 * PS_PER_US;
	cfg.state_ps = 50 * PS_PER_US;
	cfg.reset_ps = PS_PER_MS;
	cfg.watchdog_ps = 100 * PS_PER_MS;
	cfg.first_vsi = 1;
	cfg.tell_link = true;
	return cfg;
}

NicHost::NicHost(struct sim *owner, uint32_t index, const struct nic_cfg &cfg,
		 const struct firmware_cfg &firmware_cfg)
	: sim(owner), memory(owner, kMemory, 80 * PS_PER_NS), index_(index)
{
	struct pcie_device_cfg device_cfg;
	struct pcie_link_cfg link_cfg = {3, 8, 256, 512, 150 * PS_PER_NS, 0};
	struct pcie_root_port_cfg port_cfg = {0x1b36, 0x000c, 1, 1, kWindow, UINT64_C(64) << 30, 8};
	const char *suffix[] = {"device", "link", "root", "nic"};

	for (uint32_t i = 0; i < 4; i++)
		names_[i] = "host" + std::to_string(index) + "." + suffix[i];
	auto part = [&](uint32_t i) {
		return sim_part{owner, names_[i].c_str(), index};
	};
	struct pcie_device_env device_env = {part(0)};
	struct pcie_link_env link_env = {part(1)};
	struct pcie_root_port_env port_env = {part(2), memory.port()};

	pcie_device_cfg_x710(&device_cfg);
	device_cfg.total_vfs = (uint16_t)cfg.vfs;
	device_cfg.flr_ps = PS_PER_MS;
	device_cfg.register_ps = 50 * PS_PER_NS;
	device_cfg.pasid_bits = kPasidBits;
	device = pcie_device_create(&device_cfg, &device_env);
	link = pcie_link_create(&link_cfg, &link_env);
	port = pcie_root_port_create(&port_cfg, &port_env);
	struct tlp_port root = pcie_root_port_port(port), end = pcie_device_port(device);
	struct tlp_port down = pcie_link_port(link, PCIE_LINK_DOWN);
	struct tlp_port up = pcie_link_port(link, PCIE_LINK_UP);
	pcie_link_connect(link, &root, &end);
	pcie_root_port_connect(port, &down);
	pcie_device_connect(device, &up);

	struct nic_env nic_env = {part(3), device};
	nic = nic_create(&cfg, &nic_env);
	assert(nic);
	for (uint32_t i = 0; i < cfg.vfs; i++)
		vf.push_back(vf_create(nic, i, i ? vf[0] : nullptr));
	firmware = firmware_create(&firmware_cfg, nic);
	memory.after_access = [this](const struct bus_req &req) {
		if (req.op != BUS_WRITE || req.addr != kMsiAddress)
			return;
		uint32_t data = le32_get(req.data);
		msi.push_back({sim_now(sim), data >> 8, data & 0xff});
	};
}

NicHost::~NicHost()
{
	firmware_destroy(firmware);
	for (struct vf *each : vf)
		vf_destroy(each);
	nic_destroy(nic);
	pcie_root_port_destroy(port);
	pcie_link_destroy(link);
	pcie_device_destroy(device);
}

void NicHost::access(struct bus_port bus, enum bus_op op, uint64_t addr, uint32_t len,
		     uint64_t *value)
{
	CpuAccess cpu;

	cpu.req.op = op;
	cpu.req.addr = addr;
	cpu.req.len_bytes = len;
	cpu.req.data = value;
	cpu.req.done = [](struct bus_req *req, uint64_t now) {
		CONTAINER_OF(req, CpuAccess, req)->done = true;
	};
	bus_send(&bus, &cpu.req);
	while (!cpu.done)
		if (!calendar_step(&sim->calendar))
			abort();
}

uint32_t NicHost::config_read(uint32_t fn, uint32_t offset, uint32_t len)
{
	uint64_t value = 0;

	access(pcie_root_port_ecam(port), BUS_READ, (uint64_t)rid_of(fn) << 12 | offset, len,
	       &value);
	return (uint32_t)value;
}

void NicHost::config_write(uint32_t fn, uint32_t offset, uint32_t value, uint32_t len)
{
	uint64_t word = value;

	access(pcie_root_port_ecam(port), BUS_WRITE, (uint64_t)rid_of(fn) << 12 | offset, len,
	       &word);
}

uint64_t NicHost::bar(uint32_t fn, uint32_t number) const
{
	if (fn == kPf)
		return number ? kPfBar3 : kPfBar0;
	return number ? kVfBar3 + fn * kVfBar3Bytes : kVfBar0 + fn * kVfBar0Bytes;
}

uint32_t NicHost::read(uint32_t fn, uint32_t offset)
{
	uint64_t value = 0;

	access(pcie_root_port_mmio(port), BUS_READ, bar(fn, 0) + offset, 4, &value);
	return (uint32_t)value;
}

void NicHost::write(uint32_t fn, uint32_t offset, uint32_t value)
{
	uint64_t word = value;

	access(pcie_root_port_mmio(port), BUS_WRITE, bar(fn, 0) + offset, 4, &word);
}

void NicHost::program_msix(uint32_t fn)
{
	struct bus_port mmio = pcie_root_port_mmio(port);

	for (uint32_t vector = 0; vector < (fn == kPf ? 1 : nic_config(nic)->vectors); vector++) {
		uint64_t entry = bar(fn, 3) + 16 * vector;
		uint64_t word[4] = {kMsiAddress, 0, fn << 8 | vector, 0};

		for (uint32_t i = 0; i < 4; i++)
			access(mmio, BUS_WRITE, entry + 4 * i, 4, &word[i]);
	}
	config_write(fn, kMsix + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
}

bool NicHost::bus_master(uint32_t fn)
{
	config_write(fn, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	return config_read(fn, PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
}

void NicHost::disable_vfs()
{
	config_write(kPf, kSriov + PCI_SRIOV_CTRL, 0, 2);
}

void NicHost::bring_up(uint32_t vfs)
{
	auto write_bar = [this](uint32_t reg, uint64_t addr) {
		config_write(kPf, reg, (uint32_t)addr);
		config_write(kPf, reg + 4, (uint32_t)(addr >> 32));
	};

	write_bar(PCI_BASE_ADDRESS_0, kPfBar0);
	write_bar(PCI_BASE_ADDRESS_0 + 12, kPfBar3);
	write_bar(kSriov + PCI_SRIOV_BAR, kVfBar0);
	write_bar(kSriov + PCI_SRIOV_BAR + 12, kVfBar3);
	bus_master(kPf);
	program_msix(kPf);
	pf_queue_up();
	config_write(kPf, kSriov + PCI_SRIOV_NUM_VF, vfs, 2);
	config_write(kPf, kSriov + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE, 2);
	for (uint32_t n = 0; n < vfs; n++) {
		config_write(n, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
		program_msix(n);
	}
	run_until([&] { return read(vfs - 1, VFGEN_RSTAT) == VFR_VFACTIVE; });
	for (uint32_t n = 0; n < vfs; n++) /* tests send what they like */
		set_policy(n, 0);
}

uint16_t NicHost::set_policy(uint32_t fn, uint32_t flags, uint32_t max_mbps, uint32_t min_mbps,
			     uint32_t port_vlan)
{
	struct aq_desc desc = {};

	desc.opcode = AQC_VF_SET_POLICY;
	desc.param0 = fn;
	desc.param1 = flags;
	desc.cookie_high = max_mbps;
	desc.cookie_low = min_mbps;
	desc.addr_high = port_vlan;
	return pf_command(desc).retval;
}

void NicHost::enable_pasids(bool on)
{
	config_write(kPf, kPasid + PCI_PASID_CTRL, on ? PCI_PASID_CTRL_ENABLE : 0, 2);
}

void NicHost::flr(uint32_t fn)
{
	config_write(fn, kExpress + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR, 2);
}

void NicHost::run_for(uint64_t ps)
{
	sim_run(sim, sim_now(sim) + ps, nullptr);
}

bool NicHost::run_until(const std::function<bool()> &done)
{
	uint64_t deadline = sim_now(sim) + 100 * PS_PER_MS;

	while (!done()) {
		if (sim_now(sim) > deadline)
			return false;
		if (!calendar_step(&sim->calendar))
			return done();
	}
	return true;
}

uint32_t NicHost::msis(uint32_t fn, uint32_t vector) const
{
	uint32_t count = 0;

	for (const Msi &each : msi)
		count += each.vf == fn && each.vector == vector;
	return count;
}

void NicHost::pf_queue_up()
{
	pf_atq_ = memory.allocate(4096);
	pf_buffer_ = memory.allocate(65536);
	pf_tail_ = 0;
	write(kPf, PF_ATQH, 0);
	write(kPf, PF_ATQT, 0);
	write(kPf, PF_ATQLEN, kPfAq | (uint32_t)AQ_LEN_ENABLE);
	write(kPf, PF_ATQBAL, (uint32_t)pf_atq_);
	write(kPf, PF_ATQBAH, (uint32_t)(pf_atq_ >> 32));
}

void NicHost::pf_submit(struct aq_desc desc, const Bytes *buffer)
{
	desc.flags |= AQ_FLAG_SI;
	if (buffer) {
		desc.addr_low = (uint32_t)pf_buffer_;
		memory.write(pf_buffer_, buffer->data(), buffer->size());
	}
	memory.write(pf_atq_ + pf_tail_ * sizeof(desc), &desc, sizeof(desc));
	pf_tail_ = (pf_tail_ + 1) % kPfAq;
	write(kPf, PF_ATQT, pf_tail_);
}

bool NicHost::pf_done(struct aq_desc *desc)
{
	memory.read(pf_atq_ + (pf_tail_ + kPfAq - 1) % kPfAq * sizeof(*desc), desc, sizeof(*desc));
	return desc->flags & AQ_FLAG_DD;
}

struct aq_desc NicHost::pf_command(struct aq_desc desc, Bytes *buffer)
{
	struct aq_desc done;

	pf_submit(desc, buffer);
	if (!run_until([&] { return pf_done(&done); }))
		done.retval = 0xffff;
	if (buffer && !(desc.flags & AQ_FLAG_RD)) {
		buffer->resize(done.datalen);
		memory.read(pf_buffer_, buffer->data(), buffer->size());
	}
	return done;
}

struct aq_desc NicHost::pf_vf(uint16_t opcode, uint32_t fn, uint32_t param1)
{
	struct aq_desc desc = {};

	desc.opcode = opcode;
	desc.param0 = fn;
	desc.param1 = param1;
	return pf_command(desc);
}

void NicHost::pf_receive_queue(uint32_t entries)
{
	if (!pf_arq_) {
		pf_arq_ = memory.allocate(4096);
		pf_arq_buffers_ = memory.allocate(64 * AQ_BUFFER_BYTES);
	}
	pf_arq_len_ = entries;
	pf_arq_next_ = 0;
	for (uint32_t i = 0; i < entries; i++) {
		struct aq_desc desc = {};

		desc.flags = AQ_FLAG_BUF | AQ_FLAG_LB;
		desc.datalen = AQ_BUFFER_BYTES;
		desc.addr_low = (uint32_t)(pf_arq_buffers_ + i * AQ_BUFFER_BYTES);
		memory.write(pf_arq_ + i * sizeof(desc), &desc, sizeof(desc));
	}
	write(kPf, PF_ARQH, 0);
	write(kPf, PF_ARQT, 0);
	write(kPf, PF_ARQBAL, (uint32_t)pf_arq_);
	write(kPf, PF_ARQBAH, (uint32_t)(pf_arq_ >> 32));
	write(kPf, PF_ARQLEN, entries | (uint32_t)AQ_LEN_ENABLE);
	write(kPf, PF_ARQT, entries - 1);
}

bool NicHost::pf_receive(struct aq_desc *desc, Bytes *data)
{
	uint64_t at = pf_arq_ + pf_arq_next_ * sizeof(*desc);
	struct aq_desc again = {};

	if (read(kPf, PF_ARQH) == pf_arq_next_)
		return false;
	memory.read(at, desc, sizeof(*desc));
	if (data) {
		data->resize(desc->datalen);
		memory.read(pf_arq_buffers_ + pf_arq_next_ * AQ_BUFFER_BYTES, data->data(),
			    data->size());
	}
	again.flags = AQ_FLAG_BUF | AQ_FLAG_LB;
	again.datalen = AQ_BUFFER_BYTES;
	again.addr_low = (uint32_t)(pf_arq_buffers_ + pf_arq_next_ * AQ_BUFFER_BYTES);
	memory.write(at, &again, sizeof(again));
	write(kPf, PF_ARQT, pf_arq_next_);
	pf_arq_next_ = (pf_arq_next_ + 1) % pf_arq_len_;
	return true;
}

struct aq_desc NicHost::pf_send(uint32_t fn, uint32_t opcode, int32_t status,
				uint32_t life_and_flags, const Bytes &data)
{
	struct aq_desc desc = {};
	Bytes buffer = data;

	desc.opcode = AQC_SEND_MSG_TO_VF;
	desc.param0 = fn;
	desc.param1 = life_and_flags;
	desc.cookie_high = opcode;
	desc.cookie_low = (uint32_t)status;
	if (!data.empty())
		desc.flags = AQ_FLAG_BUF | AQ_FLAG_RD;
	desc.datalen = (uint16_t)data.size();
	return pf_command(desc, data.empty() ? nullptr : &buffer);
}

struct aq_desc NicHost::pf_answer(const struct aq_desc &message, int32_t status, const Bytes &data)
{
	return pf_send(message.retval, message.cookie_high, status,
		       message.param1 | (uint32_t)MSG_ANSWERS, data);
}

uint16_t NicHost::pf_operate(uint32_t fn, uint32_t life, struct vf_operation *operation)
{
	Bytes buffer((uint8_t *)operation, (uint8_t *)(operation + 1));
	struct aq_desc desc = {}, done;

	desc.opcode = AQC_VF_OPERATE;
	desc.flags = AQ_FLAG_BUF | AQ_FLAG_RD;
	desc.datalen = sizeof(*operation);
	desc.param0 = fn;
	desc.param1 = life;
	done = pf_command(desc, &buffer);
	memory.read(pf_buffer_, operation, sizeof(*operation));
	return done.retval;
}

struct virtchnl_vf NicHost::pf_info(uint32_t fn)
{
	struct virtchnl_vf info = {};
	struct aq_desc desc = {};
	Bytes buffer(sizeof(info));

	desc.opcode = AQC_VF_INFO;
	desc.flags = AQ_FLAG_BUF;
	desc.datalen = sizeof(info);
	desc.param0 = fn;
	if (!pf_command(desc, &buffer).retval)
		memcpy(&info, buffer.data(), sizeof(info));
	return info;
}

Bytes NicHost::save(uint32_t fn, uint32_t part)
{
	Bytes stream;
	struct aq_desc done;

	do {
		struct aq_desc desc = {};
		Bytes buffer(part);

		desc.opcode = AQC_VF_STATE_SAVE;
		desc.flags = AQ_FLAG_BUF;
		desc.datalen = (uint16_t)part;
		desc.param0 = fn;
		desc.param1 = (uint32_t)stream.size();
		done = pf_command(desc, &buffer);
		if (done.retval)
			return {};
		stream.insert(stream.end(), buffer.begin(), buffer.end());
	} while (done.param1);
	return stream;
}

std::pair<uint16_t, uint32_t> NicHost::load(uint32_t fn, const Bytes &stream, uint32_t part)
{
	struct aq_desc done;
	size_t at = 0;

	do {
		struct aq_desc desc = {};
		Bytes buffer(stream.begin() + at,
			     stream.begin() + std::min<size_t>(at + part, stream.size()));

		desc.opcode = AQC_VF_STATE_LOAD;
		desc.flags = buffer.empty() ? 0 : AQ_FLAG_BUF | AQ_FLAG_RD;
		desc.datalen = (uint16_t)buffer.size();
		desc.param0 = fn;
		desc.param1 = (uint32_t)at;
		done = pf_command(desc, &buffer);
		at += buffer.size();
		if (buffer.empty())
			break;
	} while (!done.retval);
	return {done.retval, done.param0};
}

Bytes make_frame(const uint8_t *to, const uint8_t *from, uint64_t number, uint32_t len,
		 uint32_t flow)
{
	Bytes frame(std::max(len, FRAME_PAYLOAD_OFFSET));

	memcpy(&frame[0], to, 6);
	memcpy(&frame[6], from, 6);
	frame[12] = 0x08;
	frame[FRAME_IPV4_PROTO_OFFSET] = FRAME_PROTO_UDP;
	frame_tag_put(frame.data(), flow, number);
	for (uint32_t i = FRAME_PAYLOAD_OFFSET; i < len; i++)
		frame[i] = (uint8_t)(number * 31 + i * 7);
	frame.resize(len);
	return frame;
}
