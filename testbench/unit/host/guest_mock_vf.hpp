/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TEST_MOCK_VF_H
#define VFSIM_TEST_MOCK_VF_H

/*
 * A VF as its driver sees one, written against the specification's text and
 * nothing of model/nic: registers as storage, a mailbox that answers what a test
 * scripts, a queue pair that loops every frame back. All accesses are logged.
 */

#include "base/trace.h"
#include "host/guest-driver/guest_driver.h"
#include "pf-firmware/fdir_format.h"
#include "pf-firmware/mailbox_format.h"
#include "pf-firmware/qos_format.h"

#include <linux/pci_regs.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

class MockVf
{
public:
	static constexpr uint64_t RamBase = 0x40000000;
	static constexpr uint64_t RamBytes = 32 << 20;
	static constexpr uint64_t Window = UINT64_C(1) << 40; /* of what is mapped for DMA */

	MockVf()
	{
		struct sim_hooks hooks = {this, nullptr, on_trace, nullptr};
		struct guest_cfg cfg = {RamBase, RamBytes, 1 << 20};

		EXPECT_EQ(sim_init(&sim, 1, &hooks), 0);
		part = {&sim, "guest", 0};
		memory.resize(RamBytes);
		registers[VFGEN_RSTAT] = VFR_VFACTIVE;
		guest_init(&guest, &cfg, &part);
		guest_attach(&guest, this, &ops());
	}

	~MockVf()
	{
		sim_fini(&sim);
	}

	static const struct guest_machine_ops &ops()
	{
		static const struct guest_machine_ops table = {
			memory_read,  memory_write, mmio_read, mmio_write, config_read,
			config_write, dma_map,      dma_unmap, space_map,  space_drop};
		return table;
	}

	void run_for(uint64_t duration_ps)
	{
		sim_run(&sim, sim_now(&sim) + duration_ps, nullptr);
	}

	/* "W 6800" entries of BAR 0, in order; reads of the status poll and of heads left out. */
	std::vector<std::string> writes() const
	{
		std::vector<std::string> out;
		for (const auto &[what, offset, value] : log)
			if (what == 'W')
				out.push_back(hex(offset));
		return out;
	}

	struct Access {
		char what;
		uint32_t offset;
		uint32_t value;
	};
	struct Packet {
		enum trace_kind kind;
		uint64_t flow, number, len, intact;
	};

	struct sim sim;
	struct sim_part part;
	struct guest guest;
	std::vector<uint8_t> memory;
	std::map<uint32_t, uint32_t> registers;
	std::vector<Access> log;
	std::vector<uint32_t> messages;           /* virtchnl opcodes received */
	std::vector<std::vector<uint8_t>> bodies; /* their buffers */
	std::vector<Packet> packets;
	std::map<uint32_t, int32_t> refuse;   /* opcode: status to answer with */
	uint16_t classes = 1;                 /* of the port, as GET_QOS_CAPS tells */
	bool answer = true;                   /* the mailbox answers at all */
	bool loop_back = true;                /* Tx frames come back */
	bool complete_tx = true;              /* Tx descriptors are written back */
	uint32_t damage_every = 0;            /* a byte of each n-th frame is changed */
	uint32_t masked = 3;                  /* MSI-X table: bit per vector */
	uint64_t access_ps = 500 * PS_PER_NS; /* a register access */
	uint8_t mac[6] = {2, 0, 0, 0, 0, 7};
	std::map<uint64_t, uint64_t> mapped; /* IOVA: bytes */
	unsigned maps = 0;
	struct Part {
		uint64_t iova, gpa, len;
	};
	std::map<uint32_t, std::vector<Part>> spaces; /* by PASID */
	uint16_t queue_pairs = 1;                     /* that it offers; only the first works */
	uint16_t more_pairs = 0;                      /* that it can be asked for; 0: never */

	void *ram(uint64_t gpa)
	{
		return &memory.at(gpa - RamBase);
	}

	/* A buffer as the device finds it: what is not mapped any more it cannot reach. */
	void *dma(uint64_t iova)
	{
		for (const auto &[pasid, parts] : spaces)
			for (const Part &part : parts) /* the first pair's */
				if (iova >= part.iova && iova < part.iova + part.len)
					return ram(part.gpa + (iova - part.iova));
		if (iova < Window)
			return ram(iova);
		auto at = mapped.upper_bound(iova);
		EXPECT_NE(at, mapped.begin()) << std::hex << iova;
		--at;
		EXPECT_LT(iova, at->first + at->second) << std::hex << iova;
		return ram(iova - Window);
	}

	/* Function-level reset: registers, rings and mailbox are as at first. */
	void reset()
	{
		registers.clear();
		registers[VFGEN_RSTAT] = VFR_VFACTIVE;
		tx_head = rx_head = ring_entries = 0;
		vector_pending[0] = vector_pending[1] = false;
		masked = 3;
	}

	/* Take what waits in the Tx ring; a test may stop that (complete_tx) and go on here. */
	void drain_tx(uint32_t most = UINT32_MAX)
	{
		while (ring_entries && most-- && tx_head != registers[QTX_TAIL1(0)]) {
			uint64_t desc[2];
			std::memcpy(desc, dma(tx_ring + 16ull * tx_head), 16);
			if (loop_back)
				receive(desc[0], (uint32_t)field_get(TXD1_BUF_SIZE, desc[1]));
			if (desc[1] & TXD1_CMD_RS) {
				desc[1] |= field_put(TXD1_DTYPE, TXD_DTYPE_DONE);
				std::memcpy(dma(tx_ring + 16ull * tx_head), desc, 16);
			}
			tx_head = (tx_head + 1) % ring_entries;
		}
		interrupt(1);
	}

	/* An unasked message from the firmware. */
	void send_event(uint32_t event, bool up)
	{
		struct virtchnl_pf_event e = {
			(int32_t)event, VIRTCHNL_LINK_SPEED_25GB, (uint8_t)up, {0, 0, 0}, 0};
		reply(VIRTCHNL_OP_EVENT, 0, &e, sizeof(e));
		interrupt(0);
	}

	uint32_t rx_posted() const
	{
		auto tail = registers.find(QRX_TAIL1(0));
		return (tail->second + ring_entries - rx_head) % ring_entries;
	}

private:
	uint64_t tx_ring = 0, rx_ring = 0;
	uint32_t ring_entries = 0, tx_head = 0, rx_head = 0, frames = 0;
	bool vector_pending[2] = {false, false};
	uint8_t config[256] = {};
	uint16_t command = 0, msix_control = 1;

	static std::string hex(uint32_t v)
	{
		char text[16];
		snprintf(text, sizeof(text), "%x", v);
		return text;
	}

	static void on_trace(void *ctx, const struct trace_event *e)
	{
		auto *self = static_cast<MockVf *>(ctx);
		if (e->kind == TRACE_PACKET_SENT || e->kind == TRACE_PACKET_RECEIVED ||
		    e->kind == TRACE_PACKET_ABANDONED)
			self->packets.push_back(
				{e->kind, e->arg[0], e->arg[1], e->arg[2], e->arg[3]});
	}

	static uint32_t control_register(uint32_t vector)
	{
		return vector ? VFINT_DYN_CTLN1(0) : VFINT_DYN_CTL01;
	}

	void interrupt(uint32_t vector)
	{
		uint32_t &control = registers[control_register(vector)];
		if (!(control & DYN_CTL_INTENA) || (masked >> vector & 1)) {
			vector_pending[vector] = true;
			return;
		}
		vector_pending[vector] = false;
		control &= ~(uint32_t)DYN_CTL_INTENA;
		guest_interrupt(&guest, vector, sim_now(&sim));
	}

	void receive(uint64_t buffer, uint32_t len)
	{
		uint64_t desc[4];
		std::memcpy(desc, dma(rx_ring + 32ull * rx_head), 32);
		auto *to = static_cast<uint8_t *>(dma(desc[0]));
		std::memcpy(to, dma(buffer), len);
		if (damage_every && ++frames % damage_every == 0)
			to[len - 1] ^= 1;
		desc[0] = 0;
		desc[1] = RXD1_DD | RXD1_EOP | field_put(RXD1_LENGTH, len);
		std::memcpy(dma(rx_ring + 32ull * rx_head), desc, 32);
		rx_head = (rx_head + 1) % ring_entries;
	}

	void reply(uint32_t opcode, int32_t status, const void *body, uint32_t len)
	{
		uint64_t ring = registers[VF_ARQBAL1] | (uint64_t)registers[VF_ARQBAH1] << 32;
		uint32_t head = registers[VF_ARQH1];
		struct aq_desc desc;
		ASSERT_NE(head, registers[VF_ARQT1]) << "no ARQ descriptor posted";
		std::memcpy(&desc, ram(ring + 32ull * head), 32);
		uint64_t buffer = (uint64_t)desc.addr_high << 32 | desc.addr_low;
		if (len)
			std::memcpy(ram(buffer), body, len);
		desc.flags = AQ_FLAG_DD | AQ_FLAG_CMP;
		desc.opcode = AQC_SEND_MSG_TO_VF;
		desc.datalen = (uint16_t)len;
		desc.cookie_high = opcode;
		desc.cookie_low = (uint32_t)status;
		std::memcpy(ram(ring + 32ull * head), &desc, 32);
		registers[VF_ARQH1] = (head + 1) % 32;
	}

	void answer_message(uint32_t opcode, const std::vector<uint8_t> &body)
	{
		int32_t status = refuse.count(opcode) ? refuse[opcode] : 0;
		struct virtchnl_vf_resource res;

		switch (opcode) {
		case VIRTCHNL_OP_VERSION:
			reply(opcode, status, body.data(), 8);
			break;
		case VIRTCHNL_OP_GET_VF_RESOURCES:
			std::memset(&res, 0, sizeof(res));
			res.num_vsis = 1;
			res.num_queue_pairs = queue_pairs;
			res.max_vectors = 5;
			res.vf_cap_flags = VIRTCHNL_VF_OFFLOAD_L2 | VIRTCHNL_VF_OFFLOAD_RSS_PF;
			if (more_pairs && (body[0] & VIRTCHNL_VF_OFFLOAD_REQ_QUEUES))
				res.vf_cap_flags |= VIRTCHNL_VF_OFFLOAD_REQ_QUEUES;
			res.rss_key_size = 52;
			res.rss_lut_size = 64;
			res.vsi_res[0].vsi_id = 7;
			res.vsi_res[0].num_queue_pairs = 1;
			std::memcpy(res.vsi_res[0].default_mac_addr, mac, 6);
			reply(opcode, status, &res, sizeof(res));
			break;
		case VIRTCHNL_OP_CONFIG_VSI_QUEUES: {
			struct virtchnl_vsi_queue_config_info info;
			std::memcpy(&info, body.data(), sizeof(info));
			tx_ring = info.qpair[0].txq.dma_ring_addr;
			rx_ring = info.qpair[0].rxq.dma_ring_addr;
			ring_entries = info.qpair[0].rxq.ring_len;
			registers[QTX_TAIL1(0)] = tx_head;
			reply(opcode, status, nullptr, 0);
			break;
		}
		case VIRTCHNL_OP_REQUEST_QUEUES:
			if (le16_get(body.data()) > more_pairs) {
				reply(opcode, status, &more_pairs, sizeof(more_pairs));
				break;
			}
			queue_pairs = le16_get(body.data());
			send_event(VIRTCHNL_EVENT_RESET_IMPENDING, false);
			reset();
			break;
		case VIRTCHNL_OP_GET_QOS_CAPS: {
			std::vector<uint8_t> caps(4 +
						  classes * sizeof(struct virtchnl_qos_cap_elem));

			le16_put(caps.data() + 2, classes);
			reply(opcode, status, caps.data(), (uint32_t)caps.size());
			break;
		}
		case VIRTCHNL_OP_ADD_FDIR_FILTER:
			reply(opcode, status, body.data(), body.size());
			break;
		case VIRTCHNL_OP_ENABLE_QUEUES:
			reply(opcode, status, nullptr, 0);
			send_event(VIRTCHNL_EVENT_LINK_CHANGE, true);
			break;
		default:
			reply(opcode, status, nullptr, 0);
		}
	}

	void take_mailbox()
	{
		uint64_t ring = registers[VF_ATQBAL1] | (uint64_t)registers[VF_ATQBAH1] << 32;
		while (registers[VF_ATQH1] != registers[VF_ATQT1]) {
			struct aq_desc desc;
			std::memcpy(&desc, ram(ring + 32ull * registers[VF_ATQH1]), 32);
			std::vector<uint8_t> body(desc.datalen);
			uint64_t buffer = (uint64_t)desc.addr_high << 32 | desc.addr_low;
			if (desc.datalen)
				std::memcpy(body.data(), ram(buffer), desc.datalen);
			registers[VF_ATQH1] = (registers[VF_ATQH1] + 1) % 32;
			if (desc.opcode != AQC_SEND_MSG_TO_PF)
				continue;
			messages.push_back(desc.cookie_high);
			bodies.push_back(body);
			if (!answer || desc.cookie_high == VIRTCHNL_OP_RESET_VF)
				continue;
			answer_message(desc.cookie_high, body);
			interrupt(0);
		}
	}

	static void memory_read(void *ctx, uint64_t gpa, void *data, uint64_t len)
	{
		auto *self = static_cast<MockVf *>(ctx);
		ASSERT_LE(gpa - RamBase + len, RamBytes);
		std::memcpy(data, self->ram(gpa), len);
	}

	static void memory_write(void *ctx, uint64_t gpa, const void *data, uint64_t len)
	{
		auto *self = static_cast<MockVf *>(ctx);
		ASSERT_LE(gpa - RamBase + len, RamBytes);
		std::memcpy(self->ram(gpa), data, len);
	}

	static uint64_t mmio_read(void *ctx, struct actor *actor, uint32_t bar, uint64_t offset,
				  uint32_t)
	{
		auto *self = static_cast<MockVf *>(ctx);
		actor_sleep(actor, self->access_ps);
		if (bar != 0)
			return 0;
		self->log.push_back({'R', (uint32_t)offset, self->registers[(uint32_t)offset]});
		return self->registers[(uint32_t)offset];
	}

	static void mmio_write(void *ctx, struct actor *actor, uint32_t bar, uint64_t offset,
			       uint32_t, uint64_t value)
	{
		auto *self = static_cast<MockVf *>(ctx);
		actor_sleep(actor, self->access_ps);
		if (bar == 3)
			self->write_table(offset, (uint32_t)value);
		else
			self->write_register((uint32_t)offset, (uint32_t)value);
	}

	void write_table(uint64_t offset, uint32_t value)
	{
		uint32_t vector = (uint32_t)(offset / 16);
		if (offset % 16 != 12 || vector > 1)
			return;
		masked = (masked & ~(1u << vector)) | (value & 1) << vector;
	}

	void write_register(uint32_t offset, uint32_t value)
	{
		log.push_back({'W', offset, value});
		registers[offset] = value;
		if (offset == VF_ATQT1)
			take_mailbox();
		if (offset == QTX_TAIL1(0) && complete_tx)
			drain_tx();
		for (uint32_t v = 0; v < 2; v++)
			if (offset == control_register(v) && vector_pending[v])
				interrupt(v);
	}

	static uint32_t config_read(void *ctx, struct actor *, uint32_t offset, uint32_t)
	{
		auto *self = static_cast<MockVf *>(ctx);
		switch (offset) {
		case PCI_VENDOR_ID:
			return 0x8086;
		case PCI_COMMAND:
			return self->command;
		case PCI_CAPABILITY_LIST:
			return 0x70;
		case 0x70:
			return PCI_CAP_ID_MSIX;
		case 0x72:
			return self->msix_control;
		}
		return 0;
	}

	static int dma_map(void *ctx, struct actor *actor, uint64_t gpa, uint64_t len,
			   uint64_t *iova)
	{
		auto *self = static_cast<MockVf *>(ctx);
		actor_sleep(actor, self->access_ps);
		*iova = Window + gpa;
		EXPECT_TRUE(self->mapped.emplace(*iova, len).second) << "mapped twice";
		self->maps++;
		return 0;
	}

	static int dma_unmap(void *ctx, struct actor *actor, uint64_t iova, uint64_t len)
	{
		auto *self = static_cast<MockVf *>(ctx);
		actor_sleep(actor, self->access_ps);
		EXPECT_EQ(self->mapped[iova], len);
		self->mapped.erase(iova);
		return 0;
	}

	static int space_map(void *ctx, struct actor *actor, uint32_t pasid, uint64_t iova,
			     uint64_t gpa, uint64_t len)
	{
		auto *self = static_cast<MockVf *>(ctx);
		actor_sleep(actor, self->access_ps);
		self->spaces[pasid].push_back({iova, gpa, len});
		return 0;
	}

	static int space_drop(void *ctx, struct actor *actor, uint32_t pasid)
	{
		auto *self = static_cast<MockVf *>(ctx);
		actor_sleep(actor, self->access_ps);
		EXPECT_EQ(self->spaces.erase(pasid), 1u) << pasid;
		return 0;
	}

	static void config_write(void *ctx, struct actor *, uint32_t offset, uint32_t,
				 uint32_t value)
	{
		auto *self = static_cast<MockVf *>(ctx);
		if (offset == PCI_COMMAND)
			self->command = (uint16_t)value;
		if (offset == 0x72)
			self->msix_control = (uint16_t)value;
	}
};

#endif
