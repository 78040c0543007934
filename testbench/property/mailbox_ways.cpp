// SPDX-License-Identifier: Apache-2.0
/*
 * The two ways of the mailbox are one to a guest. Two machines, of which the firmware of one ends
 * virtchnl itself and the other's forwards to the PF's driver, are driven by one random script:
 * messages that are right, wrong, cut, too long and out of order, alone and in floods, queues
 * that cannot be reached, resets of every kind with messages under way, moves of the VF's state
 * with a message under way, changes of policy and of the link. After each step, when all is
 * quiet, everything that a guest can see of it is the same: answers and events in its memory,
 * descriptors that were written back, each register; and the hardware of the VFs is equal.
 */
#include <fstream>

#include <gtest/gtest.h>
#include <linux/pci_regs.h>
#include <unistd.h>

#include "base/bits.h"
#include "model/nic/firmware_block.h"
#include "pf-firmware/mailbox_format.h"
#include "system/machine.h"
#include "system/vf_compare.h"
#include "testbench/support/on_actor.hpp"
#include "testbench/support/virtchnl_messages.hpp"

namespace
{
using Bytes = std::vector<uint8_t>;

constexpr uint32_t kVfs = 3, kEntries = 16, kFrame = 4096, kSteps = 120;
/* Within a guest's memory: queues, their buffers, what rings may be in. */
constexpr uint64_t kAtq = 0, kArq = kFrame, kAtqBuffers = 2 * kFrame,
		   kArqBuffers = kAtqBuffers + kEntries * kFrame,
		   kRings = kArqBuffers + kEntries * kFrame, kBytes = kRings + 16 * kFrame;
constexpr uint64_t kQuiet = 20 * PS_PER_MS;

enum StepKind { MESSAGES, REGISTER, DESCRIPTOR, UNREACHABLE, FLR, RACE, MOVE, POLICY, MAC, LINK };

struct Step {
	StepKind kind;
	uint32_t vf;
	std::vector<VirtchnlMessage> messages;
	uint64_t delay_ps, value;
	uint32_t offset;
};

/* Registers that a guest may write what it likes; those of the admin queues are other steps. */
const uint32_t written[] = {
	QTX_TAIL1(0),      QTX_TAIL1(1),       QRX_TAIL1(0),   QRX_TAIL1(2),    VFINT_ITRN1(0, 0),
	VFINT_ITRN1(1, 1), VFINT_DYN_CTLN1(0), VFINT_ITR01(1), VFINT_ICR0_ENA1, VFINT_DYN_CTL01,
	VFQF_HENA(0),      VFQF_HKEY(3),       VFQF_HLUT(1),
};

/* One machine, and the guests of its VFs. */
class Machine
{
public:
	explicit Machine(const std::string &mailbox)
	{
		const std::string path = "/tmp/vfsim-mailbox-ways-" + std::to_string(getpid());
		struct config_errors errors = {};

		std::ofstream(path) << "hosts: [only]\nmemory: 64MiB\n"
				       "nic: {total_vfs: 4, vfs: 3, queue_pairs: 3, "
				       "first_queue_pairs: 2, queue_pool: 10, mailbox: "
				    << mailbox << "}\n";
		EXPECT_EQ(sim_init(&sim_, 1, nullptr), 0);
		EXPECT_EQ(machine_load(path.c_str(), nullptr, 0, &file_, &errors), 0)
			<< errors.text;
		unlink(path.c_str());
		machine_ = machine_create(&file_.cfg->machine, &sim_, &engine_native, nullptr);
		host = &machine_->host[0];
		cpu_ = cpu_port(host->cpu);
		act([&](struct actor *self) { start(self); });
	}
	~Machine()
	{
		act([&](struct actor *self) {
			host_shutdown(host, self);
			actor_sleep(self, PS_PER_MS);
		});
		for (uint64_t memory : memory_)
			frames_free(host->frames, memory, kBytes / kFrame);
		EXPECT_EQ(frames_in_use(host->frames), 0u);
		EXPECT_EQ(nic_usage_get(host->nic).mailbox_messages, 0u);
		machine_destroy(machine_);
		scenario_release(&file_);
		sim_fini(&sim_);
	}
	Machine(const Machine &) = delete;

	/* What the guests see when all is quiet after it. */
	std::vector<std::string> perform(const Step &step)
	{
		std::vector<std::string> seen;

		act([&](struct actor *self) {
			run(self, step);
			actor_sleep(self, kQuiet);
			for (uint32_t vf = 0; vf < kVfs; vf++)
				look(self, vf, seen);
		});
		return seen;
	}

	struct host *host;

private:
	void act(const std::function<void(struct actor *)> &work)
	{
		ASSERT_TRUE(on_actor(&sim_, work));
	}

	/* --- The bus --- */

	const struct pci_function *function(uint32_t vf)
	{
		return pci_bus_vf(&host->pci_bus, HOST_PF_RID, vf);
	}
	uint32_t read(struct actor *self, uint32_t vf, uint32_t offset)
	{
		return (uint32_t)cpu_.ops->mmio_read(cpu_.ctx, self,
						     function(vf)->bar[0].pa + offset, 4);
	}
	void write(struct actor *self, uint32_t vf, uint32_t offset, uint64_t value)
	{
		cpu_.ops->mmio_write(cpu_.ctx, self, function(vf)->bar[0].pa + offset, 4,
				     (uint32_t)value);
	}
	void put(uint64_t pa, const void *data, size_t len)
	{
		cpu_.ops->memory_write(cpu_.ctx, pa, data, len);
	}
	Bytes get(uint64_t pa, size_t len)
	{
		Bytes bytes(len);

		cpu_.ops->memory_read(cpu_.ctx, pa, bytes.data(), len);
		return bytes;
	}

	/* --- A guest's driver --- */

	void start(struct actor *self)
	{
		struct host_boot_options options = {};

		options.no_kernel = true;
		ASSERT_EQ(host_boot(host, self, &options), 0);
		for (uint32_t vf = 0; vf < kVfs; vf++) {
			memory_[vf] = frames_alloc(host->frames, kBytes / kFrame, 1 << 20);
			bring_up(self, vf);
		}
	}

	/* From any state: its memory is as new, its queues are set up. */
	void bring_up(struct actor *self, uint32_t vf)
	{
		const Bytes zero(kBytes);
		uint64_t at = memory_[vf];

		put(at, zero.data(), kBytes);
		pci_config_write(&host->pci_bus, self, function(vf)->rid, PCI_COMMAND, 2,
				 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
		while (read(self, vf, VFGEN_RSTAT) != VFR_VFACTIVE)
			actor_sleep(self, 10 * PS_PER_US);
		atq_[vf] = arq_[vf] = 0;
		for (uint32_t i = 0; i < kEntries; i++)
			post(vf, i);
		for (uint32_t reg : {VF_ATQH1, VF_ATQT1, VF_ARQH1, VF_ARQT1})
			write(self, vf, reg, 0);
		write(self, vf, VF_ATQBAL1, at + kAtq);
		write(self, vf, VF_ATQBAH1, (at + kAtq) >> 32);
		write(self, vf, VF_ATQLEN1, AQ_LEN_ENABLE | kEntries);
		write(self, vf, VF_ARQBAL1, at + kArq);
		write(self, vf, VF_ARQBAH1, (at + kArq) >> 32);
		write(self, vf, VF_ARQLEN1, AQ_LEN_ENABLE | kEntries);
		write(self, vf, VF_ARQT1, kEntries - 1);
		write(self, vf, VFINT_ICR0_ENA1, ICR0_ADMINQ);
	}

	void post(uint32_t vf, uint32_t entry)
	{
		uint64_t buffer = memory_[vf] + kArqBuffers + entry * kFrame;
		struct aq_desc desc = {};

		desc.flags = AQ_FLAG_BUF | AQ_FLAG_LB;
		desc.datalen = AQ_BUFFER_BYTES;
		desc.addr_high = (uint32_t)(buffer >> 32);
		desc.addr_low = (uint32_t)buffer;
		put(memory_[vf] + kArq + entry * AQ_DESC_BYTES, &desc, sizeof(desc));
	}

	void submit(struct actor *self, uint32_t vf, struct aq_desc desc, const Bytes &data)
	{
		uint64_t buffer = memory_[vf] + kAtqBuffers + atq_[vf] * kFrame;

		if (!data.empty()) {
			desc.flags |= AQ_FLAG_BUF | AQ_FLAG_RD;
			desc.datalen = (uint16_t)data.size();
			desc.addr_high = (uint32_t)(buffer >> 32);
			desc.addr_low = (uint32_t)buffer;
			put(buffer, data.data(), data.size());
		}
		put(memory_[vf] + kAtq + atq_[vf] * AQ_DESC_BYTES, &desc, sizeof(desc));
		atq_[vf] = (atq_[vf] + 1) % kEntries;
		write(self, vf, VF_ATQT1, atq_[vf]);
	}

	void send(struct actor *self, uint32_t vf, const std::vector<VirtchnlMessage> &messages)
	{
		for (const VirtchnlMessage &message : messages) {
			struct aq_desc desc = {};

			desc.flags = AQ_FLAG_SI;
			desc.opcode = AQC_SEND_MSG_TO_PF;
			desc.cookie_high = message.opcode;
			submit(self, vf, desc, message.data);
		}
	}

	/* --- Steps --- */

	/* Its VMM's reset. */
	void flr(struct actor *self, uint32_t vf)
	{
		uint16_t rid = function(vf)->rid;
		uint16_t at = pci_find_capability(&host->pci_bus, self, rid, PCI_CAP_ID_EXP);

		pci_config_write(&host->pci_bus, self, rid, at + PCI_EXP_DEVCTL, 2,
				 PCI_EXP_DEVCTL_BCR_FLR);
		actor_sleep(self, 5 * PS_PER_MS);
		bring_up(self, vf);
	}

	/* What a migration does to the VF, which goes on where it was. */
	void move(struct actor *self, uint32_t vf)
	{
		struct vf_services services = pf_driver_vf_services(host->pf_driver);
		Bytes stream(64 << 10);
		ssize_t len;

		ASSERT_EQ(services.ops->set_p2p(services.ctx, self, vf, false), 0);
		ASSERT_EQ(services.ops->suspend(services.ctx, self, vf), 0);
		services.ops->save_begin(services.ctx, vf);
		len = services.ops->save(services.ctx, self, vf, false, stream.data(),
					 stream.size());
		ASSERT_GT(len, 0);
		ASSERT_EQ(services.ops->load(services.ctx, self, vf, stream.data(), (size_t)len),
			  0);
		ASSERT_EQ(services.ops->resume(services.ctx, self, vf), 0);
		ASSERT_EQ(services.ops->set_p2p(services.ctx, self, vf, true), 0);
	}

	void policy(struct actor *self, const Step &step)
	{
		struct pf_driver_policy policy = {};

		policy.trust = step.value & 1;
		policy.spoof_check = step.value & 2;
		policy.max_mbps = step.value & 4 ? 1000 : 0;
		ASSERT_EQ(pf_driver_set_vf_policy(host->pf_driver, self, step.vf, &policy), 0);
	}

	/* A queue at an address that nothing is at: it stops, and is set up anew by a reset. */
	void unreachable(struct actor *self, const Step &step)
	{
		write(self, step.vf, step.value & 1 ? VF_ATQBAH1 : VF_ARQBAH1, 0x7fffffff);
		send(self, step.vf, step.messages);
		actor_sleep(self, kQuiet);
	}

	void run(struct actor *self, const Step &step)
	{
		const uint8_t mac[6] = {2, 0x56, 0, 0, 0, (uint8_t)step.value};
		struct aq_desc desc = {};

		send(self, step.vf,
		     step.kind == UNREACHABLE ? std::vector<VirtchnlMessage>() : step.messages);
		if (step.delay_ps)
			actor_sleep(self, step.delay_ps);
		switch (step.kind) {
		case REGISTER:
			write(self, step.vf, step.offset, step.value);
			break;
		case DESCRIPTOR:
			desc.opcode = (uint16_t)step.offset;
			desc.cookie_high = (uint32_t)step.value;
			submit(self, step.vf, desc, {});
			break;
		case UNREACHABLE:
			unreachable(self, step);
			break;
		case FLR:
		case RACE:
			flr(self, step.vf);
			break;
		case MOVE:
			move(self, step.vf);
			break;
		case POLICY:
			policy(self, step);
			break;
		case MAC:
			pf_driver_set_vf_mac(host->pf_driver, self, step.vf, mac);
			break;
		case LINK:
			nic_link_set(host->nic, step.value & 1);
			break;
		default:
			break;
		}
	}

	/* --- What there is to see --- */

	static std::string hex(const Bytes &bytes)
	{
		static const char digits[] = "0123456789abcdef";
		std::string text;

		for (uint8_t byte : bytes) {
			text += digits[byte >> 4];
			text += digits[byte & 15];
		}
		return text;
	}

	void look(struct actor *self, uint32_t vf, std::vector<std::string> &seen)
	{
		const struct regs *regs = nic_vf_regs(host->nic, vf);
		std::string who = "VF " + std::to_string(vf) + " ";

		seen.push_back(who + "send queue " +
			       hex(get(memory_[vf] + kAtq, kEntries * AQ_DESC_BYTES)));
		look_at_answers(self, vf, who, seen);
		for (uint32_t r = 0; r < regs->table->rows; r++) {
			const struct reg_row *row = &regs->table->row[r];

			for (uint32_t i = 0; i < MAX(row->count, 1u); i++)
				seen.push_back(who + row->name + " " + std::to_string(i) + " " +
					       std::to_string(read(self, vf,
								   row->offset + i * row->stride)));
		}
		if (read(self, vf, VFGEN_RSTAT) == VFR_VFACTIVE &&
		    (!(read(self, vf, VF_ATQLEN1) & AQ_LEN_ENABLE) ||
		     !(read(self, vf, VF_ARQLEN1) & AQ_LEN_ENABLE)))
			flr(self, vf); /* it was reset, or a queue has stopped */
	}

	void look_at_answers(struct actor *self, uint32_t vf, const std::string &who,
			     std::vector<std::string> &seen)
	{
		uint32_t head = read(self, vf, VF_ARQH1) & AQ_INDEX;

		while (arq_[vf] != head && head < kEntries) {
			uint32_t entry = arq_[vf];
			Bytes desc = get(memory_[vf] + kArq + entry * AQ_DESC_BYTES, AQ_DESC_BYTES);
			uint32_t len = MIN(le16_get(&desc[4]), AQ_BUFFER_BYTES);

			seen.push_back(who + "message " + hex(desc) + " " +
				       hex(get(memory_[vf] + kArqBuffers + entry * kFrame, len)));
			messages++;
			done += !le32_get(&desc[12]);
			post(vf, entry);
			arq_[vf] = (entry + 1) % kEntries;
			write(self, vf, VF_ARQT1, entry);
		}
	}

	struct sim sim_ = {};
	struct scenario_file file_ = {};
	struct machine *machine_ = nullptr;
	struct cpu_port cpu_ = {};
	uint64_t memory_[kVfs] = {};
	uint32_t atq_[kVfs] = {}, arq_[kVfs] = {};

public:
	uint64_t messages = 0, done = 0; /* that guests have received, with success */
};

/* --- The script --- */

class Script
{
public:
	explicit Script(uint64_t seed)
	{
		rng_init(&rng_, seed, "mailbox_ways");
	}

	/* Rings of the VFs are read at `rings`, where there are zeros. */
	Step next(uint64_t rings, bool first)
	{
		static const struct {
			StepKind kind;
			uint32_t weight;
		} kinds[] = {{MESSAGES, 60}, {REGISTER, 8}, {DESCRIPTOR, 3}, {UNREACHABLE, 1},
			     {FLR, 2},       {RACE, 6},     {MOVE, 8},       {POLICY, 3},
			     {MAC, 3},       {LINK, 4}};
		uint32_t at = below(98);
		Step step = {};

		for (const auto &each : kinds) {
			if (at < each.weight) {
				step.kind = each.kind;
				break;
			}
			at -= each.weight;
		}
		step.vf = below(kVfs);
		step.value = rng_next(&rng_);
		step.offset =
			step.kind == DESCRIPTOR ? below(5) : written[below(ARRAY_LEN(written))];
		if (first)
			step.kind = MESSAGES;
		fill(step, rings);
		return step;
	}

private:
	uint32_t below(uint64_t bound)
	{
		return (uint32_t)rng_below(&rng_, bound);
	}

	void fill(Step &step, uint64_t rings)
	{
		static const uint32_t most[] = {5, 0, 0, 3, 0, 6, 6, 0, 0, 0};
		uint32_t count = most[step.kind] ? 1 + below(most[step.kind]) : 0;

		if (step.kind == MESSAGES && !below(10))
			count = kEntries - 1;
		if (is_race(step))
			step.delay_ps = below(150) * PS_PER_US;
		if (count > 1 && !below(2))
			negotiate(step);
		while (step.messages.size() < count) {
			VirtchnlMessage message =
				virtchnl_random_message(&rng_, (uint16_t)(1 + step.vf), rings);

			if (is_race(step) && outlives_resets(message.opcode))
				continue;
			step.messages.push_back(message);
		}
	}

	static bool is_race(const Step &step)
	{
		return step.kind == RACE || step.kind == MOVE;
	}
	/* Two resets at once: which is first is a matter of time, and so is whether what outlives
	 * them, queue pairs, the version and the own address, is agreed on before. */
	static bool outlives_resets(uint32_t opcode)
	{
		return opcode == VIRTCHNL_OP_REQUEST_QUEUES || opcode == VIRTCHNL_OP_RESET_VF ||
		       opcode == VIRTCHNL_OP_VERSION || opcode == VIRTCHNL_OP_ADD_ETH_ADDR;
	}

	/* Most of a VF's life is after that. */
	static void negotiate(Step &step)
	{
		const uint32_t version[] = {1, 1}, caps = UINT32_MAX;
		const uint8_t *at = (const uint8_t *)version, *all = (const uint8_t *)&caps;

		if (!is_race(step))
			step.messages.push_back(
				{VIRTCHNL_OP_VERSION, Bytes(at, at + sizeof(version))});
		step.messages.push_back(
			{VIRTCHNL_OP_GET_VF_RESOURCES, Bytes(all, all + sizeof(caps))});
	}

	struct rng rng_;
};

class MailboxWays : public ::testing::TestWithParam<uint64_t>
{
};

std::string told(const Step &step, uint32_t number)
{
	std::string text = "step " + std::to_string(number) + " kind " + std::to_string(step.kind) +
			   " VF " + std::to_string(step.vf) + " opcodes";

	for (const VirtchnlMessage &message : step.messages)
		text += " " + std::to_string(message.opcode) + "(" +
			std::to_string(message.data.size()) + ")";
	return text;
}

TEST_P(MailboxWays, AGuestCannotTellThemApart)
{
	Machine ends("firmware"), forwards("forward");
	Script script(GetParam());

	for (uint32_t number = 0; number < kSteps; number++) {
		Step step = script.next(0x10000000000 + (8 << 20), number < 10);
		auto one = ends.perform(step), other = forwards.perform(step);

		ASSERT_EQ(one.size(), other.size()) << told(step, number);
		for (size_t i = 0; i < one.size(); i++)
			ASSERT_EQ(one[i], other[i]) << told(step, number);
		for (uint32_t vf = 0; vf < kVfs; vf++) {
			struct vf_place a = {ends.host->nic, vf}, b = {forwards.host->nic, vf};
			char text[200] = "";

			ASSERT_TRUE(vf_compare(&a, &b, text, sizeof(text)))
				<< text << " of VF " << vf << ", " << told(step, number);
		}
	}
	EXPECT_GT(ends.messages, kSteps);
	EXPECT_GT(ends.done, ends.messages / 3);
	EXPECT_LT(ends.done, ends.messages);
}

INSTANTIATE_TEST_SUITE_P(Seeds, MailboxWays, ::testing::Range<uint64_t>(1, 9));
} // namespace
