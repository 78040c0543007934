/* SPDX-License-Identifier: Apache-2.0 */
#include <cstring>

#include "base/bits.h"
#include "testbench/support/nic_bench.h"

namespace
{
constexpr uint64_t kRegion = 4 << 20;
}

AvfDriver::AvfDriver(NicHost *owner, uint32_t index, uint32_t region)
	: host(owner), vf(index), region_((region + 1) * kRegion), next_(region_)
{
}

uint64_t AvfDriver::allocate(uint64_t len)
{
	uint64_t at = next_;

	next_ += len;
	return at;
}

void AvfDriver::admin_queues()
{
	host->run_until([&] { return host->read(vf, VFGEN_RSTAT) == VFR_VFACTIVE; });
	if (!atq) {
		atq = allocate(4096);
		arq = allocate(4096);
		atq_buffers = allocate(kAq * AQ_BUFFER_BYTES);
		arq_buffers = allocate(kAq * AQ_BUFFER_BYTES);
	}
	atq_tail = arq_next = 0;
	for (uint32_t i = 0; i < kAq; i++) {
		struct aq_desc desc = {};

		desc.flags = AQ_FLAG_BUF | AQ_FLAG_LB;
		desc.datalen = AQ_BUFFER_BYTES;
		desc.addr_low = (uint32_t)(arq_buffers + i * AQ_BUFFER_BYTES);
		host->memory.write(arq + i * sizeof(desc), &desc, sizeof(desc));
	}
	host->write(vf, VF_ATQH1, 0);
	host->write(vf, VF_ATQT1, 0);
	host->write(vf, VF_ATQLEN1, kAq | (uint32_t)AQ_LEN_ENABLE);
	host->write(vf, VF_ATQBAL1, (uint32_t)atq);
	host->write(vf, VF_ATQBAH1, 0);
	host->write(vf, VF_ARQH1, 0);
	host->write(vf, VF_ARQT1, 0);
	host->write(vf, VF_ARQLEN1, kAq | (uint32_t)AQ_LEN_ENABLE);
	host->write(vf, VF_ARQBAL1, (uint32_t)arq);
	host->write(vf, VF_ARQBAH1, 0);
	host->write(vf, VF_ARQT1, kAq - 1);
	host->write(vf, VFINT_ICR0_ENA1, (uint32_t)ICR0_ADMINQ);
	host->write(vf, VFINT_DYN_CTL01, (uint32_t)(DYN_CTL_INTENA | DYN_CTL_ITR_INDX));
}

void AvfDriver::send(uint32_t opcode, const void *data, uint32_t len)
{
	uint64_t buffer = atq_buffers + atq_tail * AQ_BUFFER_BYTES;
	struct aq_desc desc = {};

	desc.opcode = AQC_SEND_MSG_TO_PF;
	desc.flags = AQ_FLAG_SI;
	desc.cookie_high = opcode;
	if (len) {
		desc.flags |= AQ_FLAG_BUF | AQ_FLAG_RD;
		desc.datalen = (uint16_t)len;
		desc.addr_low = (uint32_t)buffer;
		host->memory.write(buffer, data, len);
	}
	host->memory.write(atq + atq_tail * sizeof(desc), &desc, sizeof(desc));
	atq_tail = (atq_tail + 1) % kAq;
	host->write(vf, VF_ATQT1, atq_tail);
}

/* One message from the receive queue; its descriptor is posted again. */
bool AvfDriver::take_message(uint32_t *opcode, int32_t *status, Bytes *data)
{
	struct aq_desc desc;
	uint64_t at = arq + arq_next * sizeof(desc);

	if (host->read(vf, VF_ARQH1) == arq_next)
		return false;
	host->memory.read(at, &desc, sizeof(desc));
	*opcode = desc.cookie_high;
	*status = (int32_t)desc.cookie_low;
	data->resize(desc.datalen);
	host->memory.read(arq_buffers + arq_next * AQ_BUFFER_BYTES, data->data(), data->size());
	desc.flags = AQ_FLAG_BUF | AQ_FLAG_LB;
	desc.datalen = AQ_BUFFER_BYTES;
	host->memory.write(at, &desc, sizeof(desc));
	host->write(vf, VF_ARQT1, arq_next);
	arq_next = (arq_next + 1) % kAq;
	return true;
}

bool AvfDriver::receive(uint32_t *opcode, int32_t *status, Bytes *data)
{
	uint64_t deadline = sim_now(host->sim) + 10 * PS_PER_MS;

	while (sim_now(host->sim) < deadline) {
		if (!take_message(opcode, status, data)) {
			host->run_for(2 * PS_PER_US);
			continue;
		}
		if (*opcode != VIRTCHNL_OP_EVENT)
			return true;
		struct virtchnl_pf_event event;
		memcpy(&event, data->data(), sizeof(event));
		events.push_back(event);
	}
	return false;
}

int32_t AvfDriver::request(uint32_t opcode, const void *data, uint32_t len, Bytes *answer)
{
	uint32_t got = 0;
	int32_t status = 0;
	Bytes bytes;

	send(opcode, data, len);
	if (!receive(&got, &status, &bytes) || got != opcode)
		return INT32_MIN;
	if (answer)
		*answer = bytes;
	return status;
}

int32_t AvfDriver::version()
{
	struct virtchnl_version_info info = {1, 1};

	return request(VIRTCHNL_OP_VERSION, &info, sizeof(info));
}

int32_t AvfDriver::resources()
{
	uint32_t caps = 0xffffffff;
	struct virtchnl_vf_resource resource;
	Bytes answer;
	int32_t status = request(VIRTCHNL_OP_GET_VF_RESOURCES, &caps, sizeof(caps), &answer);

	if (status || answer.size() < sizeof(resource))
		return status ? status : INT32_MIN;
	memcpy(&resource, answer.data(), sizeof(resource));
	vsi = resource.vsi_res[0].vsi_id;
	memcpy(mac, resource.vsi_res[0].default_mac_addr, 6);
	return status;
}

int32_t AvfDriver::irq_map()
{
	Bytes message(2 + 2 * sizeof(struct virtchnl_vector_map));
	struct virtchnl_vector_map map[2] = {{vsi, 1, 1, 1, 0, 1}, {vsi, 0, 0, 0, 0, 0}};

	le16_put(&message[0], 2);
	memcpy(&message[2], map, sizeof(map));
	return request(VIRTCHNL_OP_CONFIG_IRQ_MAP, message.data(), (uint32_t)message.size());
}

int32_t AvfDriver::config_queues(uint32_t buffer_bytes, uint32_t max_packet)
{
	struct virtchnl_vsi_queue_config_info config = {};

	if (!tx_ring) {
		tx_ring = allocate(4096);
		rx_ring = allocate(4096);
		tx_buffers = allocate(1 << 20);
		rx_buffers = allocate(1 << 20);
	}
	rx_buffer_bytes = buffer_bytes;
	config.vsi_id = vsi;
	config.num_queue_pairs = 1;
	config.qpair[0].txq.vsi_id = vsi;
	config.qpair[0].txq.ring_len = kRing;
	config.qpair[0].txq.dma_ring_addr = tx_ring;
	config.qpair[0].rxq.vsi_id = vsi;
	config.qpair[0].rxq.ring_len = kRing;
	config.qpair[0].rxq.dma_ring_addr = rx_ring;
	config.qpair[0].rxq.databuffer_size = buffer_bytes;
	config.qpair[0].rxq.max_pkt_size = max_packet;
	config.qpair[0].rxq.rxdid = RXDID_LEGACY;
	return request(VIRTCHNL_OP_CONFIG_VSI_QUEUES, &config, sizeof(config));
}

int32_t AvfDriver::enable()
{
	struct virtchnl_queue_select select = {vsi, 0, 1, 1};

	return request(VIRTCHNL_OP_ENABLE_QUEUES, &select, sizeof(select));
}

int32_t AvfDriver::disable()
{
	struct virtchnl_queue_select select = {vsi, 0, 1, 1};

	return request(VIRTCHNL_OP_DISABLE_QUEUES, &select, sizeof(select));
}

int32_t AvfDriver::add_mac(const uint8_t *address)
{
	struct virtchnl_ether_addr_list list = {};

	list.vsi_id = vsi;
	list.num_elements = 1;
	memcpy(list.list[0].addr, address, 6);
	list.list[0].type = VIRTCHNL_ETHER_ADDR_PRIMARY;
	return request(VIRTCHNL_OP_ADD_ETH_ADDR, &list, sizeof(list));
}

void AvfDriver::bring_up()
{
	admin_queues();
	version();
	resources();
	irq_map();
	add_mac(mac);
	config_queues();
	post_rx(kRing - 1);
	enable();
	host->run_for(200 * PS_PER_US);
}

void AvfDriver::post_rx(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t word[4] = {rx_buffers + (uint64_t)rx_tail * 16384, 0, 0, 0};

		host->memory.write(rx_ring + rx_tail * sizeof(word), word, sizeof(word));
		rx_tail = (rx_tail + 1) % kRing;
	}
	host->write(vf, QRX_TAIL1(0), rx_tail);
}

void AvfDriver::transmit_at(uint64_t address, const Bytes &frame, bool report)
{
	uint64_t word[2] = {address, TXD1_CMD_EOP | (report ? TXD1_CMD_RS : 0) |
					     field_put(TXD1_BUF_SIZE, frame.size())};

	host->memory.write(address, frame.data(), frame.size());
	host->memory.write(tx_ring + tx_tail * sizeof(word), word, sizeof(word));
	tx_tail = (tx_tail + 1) % kRing;
	host->write(vf, QTX_TAIL1(0), tx_tail);
}

void AvfDriver::transmit(const Bytes &frame, bool report)
{
	transmit_at(tx_buffers + (uint64_t)tx_tail * 16384, frame, report);
}

bool AvfDriver::tx_done(uint32_t index)
{
	return field_get(TXD1_DTYPE, host->memory.read64(tx_ring + index * 16 + 8)) ==
	       TXD_DTYPE_DONE;
}

std::vector<Bytes> AvfDriver::receive_frames()
{
	std::vector<Bytes> frames;
	Bytes frame;
	uint32_t head = rx_head;

	for (;;) {
		uint64_t done = host->memory.read64(rx_ring + head * 32 + 8);
		uint32_t len = (uint32_t)field_get(RXD1_LENGTH, done);
		size_t at = frame.size();

		if (!(done & RXD1_DD))
			break;
		frame.resize(at + len);
		host->memory.read(rx_buffers + (uint64_t)head * 16384, &frame[at], len);
		host->memory.write64(rx_ring + head * 32 + 8, 0);
		head = (head + 1) % kRing;
		if (done & RXD1_EOP) {
			frames.push_back(frame);
			frame.clear();
			rx_head = head;
		}
	}
	return frames;
}

void AvfDriver::move_to(NicHost *to, uint32_t index)
{
	Bytes bytes(kRegion);

	host->memory.read(region_, bytes.data(), kRegion);
	to->memory.write(region_, bytes.data(), kRegion);
	host = to;
	vf = index;
}
