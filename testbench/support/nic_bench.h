/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_NIC_BENCH_H
#define VFSIM_TESTBENCH_NIC_BENCH_H

/*
 * A whole NIC for tests of its parts: root port, link, PCIe device, NIC, VFs and
 * firmware over flat memory, without an SMMU. The test is the software: it
 * writes registers, descriptors and messages step by step.
 */

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/sim.h"
#include "base/trace.h"
#include "model/nic/firmware_block.h"
#include "model/nic/nic.h"
#include "model/pcie/device.h"
#include "model/pcie/link.h"
#include "model/pcie/root_port.h"
#include "model/wire/wire.h"
#include "pf-firmware/firmware.h"
#include "pf-firmware/mailbox_format.h"
#include "testbench/support/flat_memory.h"
#include "vf/vf.h"
#include "virtchnl/virtchnl.h"

using Bytes = std::vector<uint8_t>;

/* A 25 Gb/s NIC with one queue pair and 5 vectors to a VF, and its firmware's times. */
struct nic_cfg nic_bench_cfg(uint32_t vfs);
struct firmware_cfg nic_bench_firmware_cfg();

class NicHost
{
public:
	struct Msi {
		uint64_t time_ps;
		uint32_t vf; /* kPf for the PF */
		uint32_t vector;
	};
	static constexpr uint32_t kPf = 0xff;
	static constexpr uint64_t kWindow = 0x5000000000;
	static constexpr uint32_t kPasidBits = 8; /* the capability's width; software enables it */

	NicHost(struct sim *sim, uint32_t index, const struct nic_cfg &cfg,
		const struct firmware_cfg &firmware_cfg);
	~NicHost();
	NicHost(const NicHost &) = delete;

	/* As an operating system: BARs, SR-IOV, MSI-X tables; every VF active, nothing checked. */
	void bring_up(uint32_t vfs);
	void program_msix(uint32_t vf);
	/* VF Enable is cleared. */
	void disable_vfs();

	uint32_t config_read(uint32_t vf, uint32_t offset, uint32_t len = 4);
	void config_write(uint32_t vf, uint32_t offset, uint32_t value, uint32_t len = 4);
	uint32_t read(uint32_t vf, uint32_t offset);
	void write(uint32_t vf, uint32_t offset, uint32_t value);
	void flr(uint32_t vf);
	/* PASID Enable, of the PF for all. */
	void enable_pasids(bool on);
	bool bus_master(uint32_t vf);
	uint64_t bar(uint32_t vf, uint32_t bar) const;

	void run_for(uint64_t ps);
	/* Run events until `done()`; false if nothing makes it true within 100 ms. */
	bool run_until(const std::function<bool()> &done);

	uint32_t msis(uint32_t vf, uint32_t vector) const;

	/* One PF admin command; the descriptor as written back. */
	struct aq_desc pf_command(struct aq_desc desc, Bytes *buffer = nullptr);
	struct aq_desc pf_vf(uint16_t opcode, uint32_t vf, uint32_t param1 = 0);
	/* AQC_VF_SET_POLICY: what it was written back with. */
	uint16_t set_policy(uint32_t vf, uint32_t flags, uint32_t max_mbps = 0,
			    uint32_t min_mbps = 0, uint32_t port_vlan = 0);
	/* Submit without waiting. */
	void pf_submit(struct aq_desc desc, const Bytes *buffer = nullptr);
	bool pf_done(struct aq_desc *desc);
	/* The PF's receive queue of `entries`, all but one of them the device's. */
	void pf_receive_queue(uint32_t entries);
	/* Its next message, whose entry goes back to the device. False: none. */
	bool pf_receive(struct aq_desc *desc, Bytes *data = nullptr);
	/* As a PF's driver for the VF whose message it has: the descriptor as written back. */
	struct aq_desc pf_send(uint32_t vf, uint32_t opcode, int32_t status,
			       uint32_t life_and_flags, const Bytes &data = {});
	struct aq_desc pf_answer(const struct aq_desc &message, int32_t status,
				 const Bytes &data = {});
	uint16_t pf_operate(uint32_t vf, uint32_t life, struct vf_operation *operation);
	struct virtchnl_vf pf_info(uint32_t vf);
	Bytes save(uint32_t vf, uint32_t part = 1024);
	/* Load in parts; {retval, param0} of the first refusal or of the end. */
	std::pair<uint16_t, uint32_t> load(uint32_t vf, const Bytes &stream, uint32_t part = 1024);

	struct sim *sim;
	FlatMemory memory;
	struct pcie_device *device;
	struct pcie_link *link;
	struct pcie_root_port *port;
	struct nic *nic;
	std::vector<struct vf *> vf;
	struct firmware *firmware;
	std::vector<Msi> msi;

private:
	void access(struct bus_port bus, enum bus_op op, uint64_t addr, uint32_t len,
		    uint64_t *value);

	void pf_queue_up();

	uint32_t index_;
	uint64_t pf_atq_ = 0, pf_buffer_ = 0;
	uint32_t pf_tail_ = 0;
	uint64_t pf_arq_ = 0, pf_arq_buffers_ = 0;
	uint32_t pf_arq_len_ = 0, pf_arq_next_ = 0;
	std::string names_[6];
};

/* A driver of one VF, in steps. Rings of 64 descriptors, buffers of 2 KiB. */
class AvfDriver
{
public:
	static constexpr uint32_t kRing = 64, kBuffer = 2048, kAq = 32;

	/* Its memory is the 4 MiB region `region` (0 to 6), on whichever host it is. */
	AvfDriver(NicHost *host, uint32_t vf, uint32_t region);

	/* Admin queues as iavf sets them up; wait for VFACTIVE first. */
	void admin_queues();
	void send(uint32_t opcode, const void *data, uint32_t len);
	/* The next message of the receive queue, events set aside. False: none within 10 ms. */
	bool receive(uint32_t *opcode, int32_t *status, Bytes *data);
	/* Send and wait for the answer: its status. */
	int32_t request(uint32_t opcode, const void *data, uint32_t len, Bytes *answer = nullptr);

	/* The steps of bring-up, each returning its status. */
	int32_t version();
	int32_t resources();
	int32_t irq_map();
	int32_t config_queues(uint32_t buffer_bytes = kBuffer, uint32_t max_packet = 9000);
	int32_t enable();
	int32_t disable();
	int32_t add_mac(const uint8_t *mac);
	/* All of them; Rx ring full. */
	void bring_up();

	/* Post `count` Rx buffers. */
	void post_rx(uint32_t count);
	/* Write descriptors for a frame at `address` and bump the tail. */
	void transmit(const Bytes &frame, bool report = true);
	void transmit_at(uint64_t address, const Bytes &frame, bool report = true);
	/* Frames received since the last call, in order. */
	std::vector<Bytes> receive_frames();
	bool tx_done(uint32_t index);

	/* Its memory to another host: the VF has moved. */
	void move_to(NicHost *host, uint32_t vf);

	NicHost *host;
	uint32_t vf;
	uint16_t vsi = 0;
	uint8_t mac[6] = {};
	uint64_t tx_ring = 0, rx_ring = 0, tx_buffers = 0, rx_buffers = 0;
	uint32_t tx_tail = 0, rx_tail = 0, rx_head = 0;
	uint64_t atq = 0, arq = 0, atq_buffers = 0, arq_buffers = 0;
	uint32_t atq_tail = 0, arq_next = 0;
	uint32_t rx_buffer_bytes = kBuffer;
	std::vector<struct virtchnl_pf_event> events;

private:
	uint64_t region_, next_;
	uint64_t allocate(uint64_t len);
	bool take_message(uint32_t *opcode, int32_t *status, Bytes *data);
};

/* A tagged frame; the bytes after the tag follow from its number. */
Bytes make_frame(const uint8_t *to, const uint8_t *from, uint64_t number, uint32_t len,
		 uint32_t flow = 1);

#endif
