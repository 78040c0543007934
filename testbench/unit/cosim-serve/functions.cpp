// SPDX-License-Identifier: Apache-2.0
// What a client finds: identities, registers, memory, interrupts, resets.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "base/bits.h"
#include "model/nic/avf_format.h"
#include "pf-firmware/mailbox_format.h"
#include "testbench/unit/cosim-serve/served.hpp"

namespace
{
using testing::HasSubstr;

constexpr uint32_t kConfig = VFIO_PCI_CONFIG_REGION_INDEX, kBar0 = 0, kBar3 = 3;
constexpr uint64_t kAtq = 0x10000, kArq = 0x11000, kArqBuffers = 0x20000, kMessage = 0x40000;
constexpr uint32_t kRing = 16;

class Functions : public Served
{
protected:
	void TurnOn(const Client &client)
	{
		Write(client, kConfig, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	}
	// As iavf sets its admin queues up; interrupt 0 tells of answers.
	void AdminQueues(const Client &client)
	{
		for (uint32_t i = 0; i < kRing; i++) {
			struct aq_desc desc = {};

			desc.flags = AQ_FLAG_BUF | AQ_FLAG_LB;
			desc.datalen = AQ_BUFFER_BYTES;
			desc.addr_low = (uint32_t)(kArqBuffers + i * AQ_BUFFER_BYTES);
			memcpy(At(kArq + i * sizeof(desc)), &desc, sizeof(desc));
		}
		Write(client, kBar0, base + VF_ATQBAL1, kAtq);
		Write(client, kBar0, base + VF_ATQBAH1, 0);
		Write(client, kBar0, base + VF_ATQLEN1, kRing | (uint32_t)AQ_LEN_ENABLE);
		Write(client, kBar0, base + VF_ARQBAL1, kArq);
		Write(client, kBar0, base + VF_ARQBAH1, 0);
		Write(client, kBar0, base + VF_ARQLEN1, kRing | (uint32_t)AQ_LEN_ENABLE);
		Write(client, kBar0, base + VF_ARQT1, kRing - 1);
		Write(client, kBar0, base + VFINT_ICR0_ENA1, (uint32_t)ICR0_ADMINQ);
		Write(client, kBar0, base + VFINT_DYN_CTL01,
		      (uint32_t)(DYN_CTL_INTENA | DYN_CTL_ITR_INDX));
	}
	void SendVersion(const Client &client, uint64_t buffer = kMessage)
	{
		struct virtchnl_version_info info = {1, 1};
		struct aq_desc desc = {};

		desc.opcode = AQC_SEND_MSG_TO_PF;
		desc.flags = AQ_FLAG_SI | AQ_FLAG_BUF | AQ_FLAG_RD;
		desc.cookie_high = VIRTCHNL_OP_VERSION;
		desc.datalen = sizeof(info);
		desc.addr_low = (uint32_t)buffer;
		desc.addr_high = (uint32_t)(buffer >> 32);
		if (buffer < kMemory)
			memcpy(At(buffer), &info, sizeof(info));
		memcpy(At(kAtq), &desc, sizeof(desc));
		Write(client, kBar0, base + VF_ATQT1, 1);
	}
	bool Answered(const Client &client)
	{
		for (int i = 0; i < 1000; i++) {
			if (Read(client, kBar0, base + VF_ARQH1) == 1)
				return true;
			usleep(1000);
		}
		return false;
	}

	uint64_t base = 0; // of the VF's registers in its client's BAR 0
};

bool Signalled(int fd)
{
	struct pollfd wait = {fd, POLLIN, 0};

	return poll(&wait, 1, 5000) == 1;
}

TEST_F(Functions, AVfAloneHasIdsAndBarsOfItsOwn)
{
	Start("two-vfs.yaml", BOARD_X86_64);
	Client vf = Connect("vf1");

	ASSERT_TRUE(vf);
	EXPECT_EQ(0x18898086u, le32_get(config));
	EXPECT_EQ(0x18898086u, Read(vf, kConfig, 0));
	// BAR sizing: all ones are written, the size comes back.
	Write(vf, kConfig, PCI_BASE_ADDRESS_0, 0xffffffff);
	Write(vf, kConfig, PCI_BASE_ADDRESS_1, 0xffffffff);
	EXPECT_EQ(0xffff000cu, Read(vf, kConfig, PCI_BASE_ADDRESS_0)) << "64 KiB, 64-bit";
	EXPECT_EQ(0xffffffffu, Read(vf, kConfig, PCI_BASE_ADDRESS_1));
	Write(vf, kConfig, PCI_BASE_ADDRESS_0 + 2, 0x1234, 2);
	EXPECT_EQ(0x1234000cu, Read(vf, kConfig, PCI_BASE_ADDRESS_0)) << "half of it";
	EXPECT_EQ(0u, Read(vf, kConfig, PCI_BASE_ADDRESS_2));
	EXPECT_EQ(0u, Read(vf, kConfig, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
	TurnOn(vf);
	EXPECT_EQ(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, (int)Read(vf, kConfig, PCI_COMMAND, 2));
}

TEST_F(Functions, RegistersAnswer)
{
	Start("two-vfs.yaml", BOARD_X86_64);
	Client vf = Connect("vf0");

	ASSERT_TRUE(vf);
	EXPECT_EQ((uint32_t)VFR_VFACTIVE, Read(vf, kBar0, VFGEN_RSTAT) & 3);
	Write(vf, kBar0, VF_ATQBAL1, 0xabcd0000);
	EXPECT_EQ(0xabcd0000u, Read(vf, kBar0, VF_ATQBAL1));
	EXPECT_EQ(0xabcdu, Read(vf, kBar0, VF_ATQBAL1 + 2, 2)) << "what no driver does";
}

TEST_F(Functions, AMessageGoesToTheFirmwareAndItsAnswerInterrupts)
{
	int event[2] = {eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC)};

	Start("two-vfs.yaml", BOARD_X86_64);
	Client vf = Connect("vf0");

	ASSERT_TRUE(vf);
	TurnOn(vf);
	ASSERT_EQ(0, vfu_client_set_irqs(vf.get(),
					 VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
					 VFIO_PCI_MSIX_IRQ_INDEX, 0, 2, event));
	AdminQueues(vf);
	SendVersion(vf);
	EXPECT_TRUE(Signalled(event[0]));
	EXPECT_TRUE(Answered(vf));
	struct aq_desc answer;
	memcpy(&answer, At(kArq), sizeof(answer));
	EXPECT_EQ(AQC_SEND_MSG_TO_VF, answer.opcode);
	EXPECT_EQ((uint32_t)VIRTCHNL_OP_VERSION, answer.cookie_high);
	EXPECT_EQ(1u, le32_get(At(kArqBuffers)));
	EXPECT_EQ(1u, le32_get(At(kArqBuffers + 4)));
	close(event[0]);
	close(event[1]);
}

TEST_F(Functions, NativeTimeWorksTheSame)
{
	Start("two-vfs.yaml", BOARD_X86_64, false, &engine_native);
	Client vf = Connect("vf0");

	ASSERT_TRUE(vf);
	TurnOn(vf);
	AdminQueues(vf);
	SendVersion(vf);
	EXPECT_TRUE(Answered(vf));
}

TEST_F(Functions, WithoutBusMasterNothingIsRead)
{
	Start("two-vfs.yaml", BOARD_X86_64);
	Client vf = Connect("vf0");

	ASSERT_TRUE(vf);
	AdminQueues(vf);
	SendVersion(vf);
	usleep(50000);
	EXPECT_EQ(0u, Read(vf, kBar0, VF_ARQH1));
}

TEST_F(Functions, ADmaOutsideOfTheGuestIsToldWithWhatWasDoneBefore)
{
	Start("two-vfs.yaml", BOARD_X86_64);
	Client vf = Connect("vf0");

	ASSERT_TRUE(vf);
	TurnOn(vf);
	AdminQueues(vf);
	SendVersion(vf, UINT64_C(0x123456789000));
	for (int i = 0; i < 1000 && Read(vf, kBar0, VF_ATQH1) == 0; i++)
		usleep(1000);
	vf.reset();
	Stop();
	EXPECT_EQ(0, status);
	ASSERT_GE(log.size(), 2u);
	EXPECT_THAT(log[0], HasSubstr("vf0 reads 8 bytes at 0x123456789000"));
	EXPECT_THAT(log.back(), HasSubstr("vf0 bar0+0x8400 <- 0x00000001"));
	EXPECT_THAT(log, testing::Not(testing::Contains(HasSubstr("event"))));
	std::string notes;
	for (uint32_t i = 0; i < result.notes; i++)
		notes += std::string(result.note[i]) + "\n";
	EXPECT_THAT(notes, HasSubstr("1 DMA accesses outside of the guest's memory"));
}

TEST_F(Functions, EachVfReachesOnlyTheMemoryOfWhoHasIt)
{
	Start("two-vfs.yaml", BOARD_X86_64);
	Client first = Connect("vf0");

	ASSERT_TRUE(first);
	{
		// Another guest: it shares no memory.
		struct vfu_client_cfg cfg = {};
		Client other(vfu_client_connect(Socket("vf1").c_str(), &cfg));
		char reply[4096];

		ASSERT_TRUE(other);
		ASSERT_EQ(0, vfu_client_version(other.get(), nullptr, reply, sizeof(reply)));
		TurnOn(other);
		AdminQueues(other);
		SendVersion(other);
		usleep(50000);
		EXPECT_EQ(0u, Read(other, kBar0, VF_ARQH1));
	}
	TurnOn(first);
	AdminQueues(first);
	SendVersion(first);
	EXPECT_TRUE(Answered(first));
}

TEST_F(Functions, AResetTakesTheQueuesAwayAndSoDoesLeaving)
{
	Start("two-vfs.yaml", BOARD_X86_64);
	Client vf = Connect("vf0");

	ASSERT_TRUE(vf);
	AdminQueues(vf);
	ASSERT_EQ(0, vfu_client_reset(vf.get()));
	EXPECT_EQ(0u, Read(vf, kBar0, VF_ATQLEN1));
	AdminQueues(vf);
	TurnOn(vf);
	vf.reset();
	vf = Connect("vf0");
	ASSERT_TRUE(vf);
	EXPECT_EQ(0u, Read(vf, kBar0, VF_ATQLEN1));
	EXPECT_EQ(0u, Read(vf, kConfig, PCI_COMMAND, 2));
	EXPECT_EQ((uint32_t)VFR_VFACTIVE, Read(vf, kBar0, VFGEN_RSTAT) & 3);
}

/* SIGUSR1 of the command. */
TEST_F(Functions, TheFirmwareResetsVfsWhenItIsAsked)
{
	Start("two-vfs.yaml", BOARD_X86_64);
	Client vf = Connect("vf0");
	struct aq_desc told;

	ASSERT_TRUE(vf);
	TurnOn(vf);
	AdminQueues(vf);
	EXPECT_NE(0u, Read(vf, kBar0, VF_ARQLEN1));
	reset_vfs = true;
	for (int i = 0; i < 1000 && Read(vf, kBar0, VF_ARQLEN1); i++)
		usleep(1000);
	EXPECT_EQ(0u, Read(vf, kBar0, VF_ARQLEN1));
	EXPECT_FALSE(reset_vfs);
	memcpy(&told, At(kArq), sizeof(told));
	EXPECT_EQ((uint32_t)VIRTCHNL_OP_EVENT, told.cookie_high);
	EXPECT_EQ((uint32_t)VIRTCHNL_EVENT_RESET_IMPENDING, le32_get(At(kArqBuffers)));
	EXPECT_TRUE(Read(vf, kConfig, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
}

TEST_F(Functions, MsixIsTheClientsOnX86AndTheModelsOnArm)
{
	Start("two-vfs.yaml", BOARD_X86_64);
	Client vf = Connect("vf0");

	ASSERT_TRUE(vf);
	uint32_t msix = FindCapability(vf, PCI_CAP_ID_MSIX);
	ASSERT_NE(0u, msix);
	EXPECT_EQ(PCI_CAP_ID_MSIX, config[msix]);
	Write(vf, kConfig, msix + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
	EXPECT_EQ(0u, Read(vf, kConfig, msix + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_ENABLE)
		<< "that is for QEMU";
	vf.reset();
	Stop();
}

TEST_F(Functions, MsixIsHiddenFromWhoMustNotTakeItOver)
{
	Start("two-vfs.yaml", BOARD_ARM64);
	Client vf = Connect("vf0");

	ASSERT_TRUE(vf);
	uint32_t msix = FindCapability(vf, PCI_CAP_ID_MSIX);
	ASSERT_NE(0u, msix);
	EXPECT_EQ(PCI_CAP_ID_VNDR, config[msix]);
	EXPECT_EQ(12, config[msix + 2]);
	EXPECT_EQ(Read(vf, kConfig, msix + 1, 1), config[msix + 1]) << "the chain goes on";
	Write(vf, kConfig, msix + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
	EXPECT_NE(0u, Read(vf, kConfig, msix + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_ENABLE);
	Write(vf, kBar3, 16, 0x08020040);
	EXPECT_EQ(0x08020040u, Read(vf, kBar3, 16)) << "the table is a register";
}

TEST_F(Functions, AGuestsOwnSriovShowsVfsWhenItTurnsThemOn)
{
	Start("sriov.yaml", BOARD_ARM64, true);
	Client vf = Connect("vf2");

	ASSERT_TRUE(vf);
	EXPECT_EQ(0x18898086u, le32_get(config)) << "a header for QEMU";
	EXPECT_EQ(0u, config[PCI_CAPABILITY_LIST]);
	EXPECT_EQ(0u, Read(vf, kConfig, PCI_INTERRUPT_PIN, 1));
	EXPECT_EQ(0xffffffffu, Read(vf, kConfig, 0)) << "and nobody for its guest";

	Client pf = Connect("pf");
	ASSERT_TRUE(pf);
	EXPECT_EQ(0x15728086u, le32_get(config));
	uint32_t sriov = FindExtended(pf, PCI_EXT_CAP_ID_SRIOV);
	ASSERT_NE(0u, sriov);
	EXPECT_EQ(PCI_EXT_CAP_ID_VNDR, (int)PCI_EXT_CAP_ID(le32_get(config + sriov)));
	// VF BAR 0 at the window's 512 MiB; VF n's registers are 64 KiB apart.
	Write(pf, kConfig, sriov + PCI_SRIOV_BAR, 0x20000000);
	Write(pf, kConfig, sriov + PCI_SRIOV_BAR + 4, 0x80);
	Write(pf, kConfig, sriov + PCI_SRIOV_NUM_VF, 3, 2);
	Write(pf, kConfig, sriov + PCI_SRIOV_CTRL, PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE, 2);
	uint32_t class_code = 0xffffffff;
	for (int i = 0; i < 1000 && class_code == 0xffffffff; i++) {
		class_code = Read(vf, kConfig, PCI_CLASS_REVISION);
		usleep(1000);
	}
	EXPECT_EQ(0x020000u, class_code >> 8);

	Client aperture = Connect("aperture");
	ASSERT_TRUE(aperture);
	EXPECT_EQ((uint32_t)VFR_VFACTIVE,
		  Read(aperture, kBar0, 0x20000000 + 2 * 0x10000 + VFGEN_RSTAT) & 3);
	EXPECT_EQ(0xffffffffu, Read(aperture, kBar0, 0x20000000 + 3 * 0x10000 + VFGEN_RSTAT));
	// Its DMA goes to the memory of who has this VF.
	base = 0x20000000 + 2 * 0x10000;
	Write(vf, kConfig, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
	AdminQueues(aperture);
	SendVersion(aperture);
	EXPECT_TRUE(Answered(aperture));
	Write(pf, kConfig, sriov + PCI_SRIOV_CTRL, 0, 2);
	EXPECT_EQ(0xffffffffu, Read(vf, kConfig, PCI_CLASS_REVISION));
}

/* Those of --out look names up in it. */
TEST_F(Functions, WhoListensKnowsTheMachineBeforeAnythingHappens)
{
	struct Seen {
		bool machine;
		uint64_t before, after;
	} seen = {};
	struct run_listener listener = {};

	listener.ctx = &seen;
	listener.machine = [](void *ctx, const struct machine *) {
		static_cast<Seen *>(ctx)->machine = true;
	};
	listener.event = [](void *ctx, const struct trace_event *) {
		auto *now = static_cast<Seen *>(ctx);

		(now->machine ? now->after : now->before)++;
	};
	listeners = &listener;
	Start("two-vfs.yaml", BOARD_X86_64);
	Stop();
	EXPECT_TRUE(seen.machine);
	EXPECT_EQ(seen.before, 0u);
	EXPECT_GT(seen.after, 0u) << "VFs are turned on";
}

TEST_F(Functions, QemuIsToldWhatThereIs)
{
	Start("sriov.yaml", BOARD_ARM64, true);
	EXPECT_THAT(arguments, HasSubstr("-M virt,gic-version=3,msi=gicv2m\n"));
	EXPECT_THAT(arguments,
		    HasSubstr("\"bus\":\"pcie.0\",\"addr\":\"1.0\",\"socket\":{\"type\":\"unix\","
			      "\"path\":\"" +
			      folder + "/pf.sock\"}"));
	EXPECT_THAT(arguments, HasSubstr("\"addr\":\"3.0\",\"multifunction\":true"));
	EXPECT_THAT(arguments, HasSubstr("\"addr\":\"3.3\",\"socket\""));
	EXPECT_THAT(arguments, HasSubstr("pxb-pcie"));
}

TEST_F(Functions, SocketsAreTheirOwnersOnly)
{
	struct stat info;

	Start("two-vfs.yaml", BOARD_X86_64);
	ASSERT_EQ(0, stat(Socket("vf0").c_str(), &info));
	EXPECT_EQ(0600u, info.st_mode & 0777);
	EXPECT_NE(0, stat(Socket("smmu").c_str(), &info)) << "a guest of x86 has none";
}

TEST_F(Functions, AFolderThatCannotBeIsRefused)
{
	folder += "/no/such";
	Start("two-vfs.yaml", BOARD_X86_64);
	Stop();
	EXPECT_EQ(-ENOENT, status);
	EXPECT_THAT(errors.text, HasSubstr("/no/such: No such file or directory"));
	folder.resize(folder.size() - strlen("/no/such"));
}
} // namespace
