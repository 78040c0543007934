// SPDX-License-Identifier: Apache-2.0
// Migration of a VF through its variant driver: arcs, streams, errors.
#include "testbench/unit/uapi/machine.h"

namespace
{

class Migration : public Machine
{
public:
	void in_program(std::function<void()> body)
	{
		run([&](actor *) {
			iommu = open_iommu();
			device = open_device();
			bind(device, iommu);
			services.log.clear();
			body();
		});
	}

	std::string read_all(int fd, ssize_t *last)
	{
		std::string all;
		char part[4];
		while ((*last = uapi_read(process, self, fd, part, sizeof(part))) > 0)
			all.append(part, *last);
		return all;
	}

	int precopy_info(int fd, vfio_precopy_info *info)
	{
		info->argsz = sizeof(*info);
		return ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, info);
	}

	int feature_set(uint32_t feature)
	{
		vfio_device_feature header = {8, VFIO_DEVICE_FEATURE_SET | feature};
		return ioctl(device, VFIO_DEVICE_FEATURE, &header);
	}

	std::vector<uint64_t> arcs() const
	{
		std::vector<uint64_t> to;
		for (const Event &event : events(TRACE_MIG_STATE))
			to.push_back(event.arg[2]);
		return to;
	}

	int iommu = -1, device = -1;
};

TEST_F(Migration, StreamOfPreCopyGoesOnThroughStopCopy)
{
	in_program([&] {
		int fd = -2, other = -2;
		ssize_t last;
		vfio_precopy_info info = {};
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_PRE_COPY, &fd), 0);
		ASSERT_GE(fd, 0);
		ASSERT_EQ(precopy_info(fd, &info), 0);
		EXPECT_EQ(info.initial_bytes, 4u);
		EXPECT_EQ(info.dirty_bytes, 0u);
		char two[2];
		EXPECT_EQ(uapi_read(process, self, fd, two, 2), 2);
		ASSERT_EQ(precopy_info(fd, &info), 0);
		EXPECT_EQ(info.initial_bytes, 2u);
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_PRE_COPY_P2P, &other), 0);
		EXPECT_EQ(other, -1);
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_STOP_COPY, &other), 0);
		EXPECT_EQ(other, -1);                      // the session goes on
		EXPECT_EQ(read_all(fd, &last), "e--rest"); // first what pre-copy left
		EXPECT_EQ(last, 0);
		EXPECT_EQ(precopy_info(fd, &info), -EINVAL);
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_STOP, &other), 0);
		EXPECT_EQ(read_all(fd, &last), "");
		EXPECT_EQ(last, -ENODEV);
		EXPECT_EQ(uapi_close(process, self, fd), 0);
		EXPECT_THAT(services.log, testing::ElementsAre("begin", "p2p off", "suspend"));
	});
}

TEST_F(Migration, EndForNowIsNotTheEnd)
{
	in_program([&] {
		int fd;
		ssize_t last;
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_PRE_COPY, &fd), 0);
		EXPECT_EQ(read_all(fd, &last), "pre-");
		EXPECT_EQ(last, -ENOMSG);
		vfio_precopy_info info = {};
		ASSERT_EQ(precopy_info(fd, &info), 0);
		EXPECT_EQ(info.initial_bytes, 0u);
	});
}

TEST_F(Migration, StreamOnlyDoesWhatAStreamDoes)
{
	in_program([&] {
		int fd;
		char byte;
		vfio_precopy_info info = {};
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_PRE_COPY, &fd), 0);
		EXPECT_EQ(uapi_pread(process, self, fd, &byte, 1, 0), -ESPIPE);
		EXPECT_EQ(uapi_pwrite(process, self, fd, &byte, 1, 0), -ESPIPE);
		EXPECT_EQ(uapi_write(process, self, fd, &byte, 1), -EBADF);
		EXPECT_EQ(ioctl(fd, VFIO_DEVICE_GET_INFO, &info), -ENOTTY);
		info.argsz = 16;
		EXPECT_EQ(ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, &info), -EINVAL);
		info.flags = 0x55; // untouched for those who did not ask for an answer there
		ASSERT_EQ(precopy_info(fd, &info), 0);
		EXPECT_EQ(info.flags, 0x55u);
		ASSERT_EQ(feature_set(VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2), 0);
		ASSERT_EQ(precopy_info(fd, &info), 0);
		EXPECT_EQ(info.flags, 0u);
		EXPECT_EQ(uapi_close(process, self, fd), 0); // the device keeps its session
		EXPECT_EQ(get_state(device), VFIO_DEVICE_STATE_PRE_COPY);
	});
}

TEST_F(Migration, ArcsAreExpanded)
{
	in_program([&] {
		int fd;
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_STOP_COPY, &fd), 0);
		EXPECT_GE(fd, 0);
		EXPECT_THAT(arcs(), testing::ElementsAre(VFIO_DEVICE_STATE_RUNNING_P2P,
							 VFIO_DEVICE_STATE_STOP,
							 VFIO_DEVICE_STATE_STOP_COPY));
		ssize_t last;
		EXPECT_EQ(read_all(fd, &last), "pre--rest"); // all of it
		EXPECT_EQ(last, 0);
		EXPECT_EQ(set_state(device, VFIO_DEVICE_STATE_PRE_COPY, &fd), -EINVAL);
		EXPECT_EQ(fd, -1);
		EXPECT_EQ(get_state(device), VFIO_DEVICE_STATE_STOP_COPY);
	});
}

TEST_F(Migration, AskingForTheStateItIsInDoesNothing)
{
	in_program([&] {
		int fd = 5;
		EXPECT_EQ(set_state(device, VFIO_DEVICE_STATE_RUNNING, &fd), 0);
		EXPECT_EQ(fd, -1);
		EXPECT_TRUE(services.log.empty());
		EXPECT_EQ(set_state(device, VFIO_DEVICE_STATE_ERROR, &fd), -EINVAL);
		EXPECT_EQ(set_state(device, 8, &fd), -EINVAL);
		EXPECT_EQ(fd, -1);
	});
}

TEST_F(Migration, DestinationLoadsWhatWasWritten)
{
	in_program([&] {
		int fd;
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_RESUMING, &fd), 0);
		ASSERT_GE(fd, 0);
		char byte;
		EXPECT_EQ(uapi_read(process, self, fd, &byte, 1), -EBADF);
		EXPECT_EQ(ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO), -ENOTTY);
		EXPECT_EQ(uapi_write(process, self, fd, "pre--", 5), 5);
		EXPECT_EQ(uapi_write(process, self, fd, "rest", 4), 4);
		services.log.clear();
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_RUNNING, nullptr), 0);
		EXPECT_EQ(services.loaded, "pre--rest");
		EXPECT_THAT(services.log, testing::ElementsAre("load", "resume", "p2p on"));
		EXPECT_EQ(uapi_write(process, self, fd, "x", 1), -ENODEV);
	});
}

TEST_F(Migration, RefusedStreamLeavesTheDeviceResuming)
{
	in_program([&] {
		int fd, out;
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_RESUMING, &fd), 0);
		EXPECT_EQ(set_state(device, VFIO_DEVICE_STATE_STOP, &out),
			  -EINVAL); // nothing there
		services.fail["load"] = -EINVAL;
		EXPECT_EQ(uapi_write(process, self, fd, "pre", 3), 3);
		EXPECT_EQ(set_state(device, VFIO_DEVICE_STATE_RUNNING, &out), -EINVAL);
		EXPECT_EQ(out, -1);
		EXPECT_EQ(get_state(device), VFIO_DEVICE_STATE_RESUMING);
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_RESET), 0); // gives up
		EXPECT_EQ(get_state(device), VFIO_DEVICE_STATE_RUNNING);
		EXPECT_EQ(uapi_write(process, self, fd, "x", 1), -ENODEV);
	});
}

TEST_F(Migration, ErrorIsLeftByResetOnly)
{
	in_program([&] {
		services.fail["suspend"] = -EIO;
		int fd;
		EXPECT_EQ(set_state(device, VFIO_DEVICE_STATE_STOP, &fd), -EIO);
		EXPECT_EQ(get_state(device), VFIO_DEVICE_STATE_ERROR);
		EXPECT_EQ(set_state(device, VFIO_DEVICE_STATE_RUNNING, &fd), -EINVAL);
		services.fail.clear();
		EXPECT_EQ(set_state(device, VFIO_DEVICE_STATE_STOP, &fd), -EINVAL);
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_RESET), 0);
		EXPECT_EQ(set_state(device, VFIO_DEVICE_STATE_STOP, &fd), 0);
	});
}

TEST_F(Migration, StateReachedPartWayIsTheState)
{
	in_program([&] {
		services.fail["state_size"] = -ENOMEM;
		int fd;
		EXPECT_EQ(set_state(device, VFIO_DEVICE_STATE_STOP_COPY, &fd), -ENOMEM);
		EXPECT_EQ(fd, -1);
		EXPECT_EQ(get_state(device), VFIO_DEVICE_STATE_STOP);
	});
}

TEST_F(Migration, CancelledPreCopyBeginsAnew)
{
	in_program([&] {
		int fd;
		ssize_t last;
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_PRE_COPY, &fd), 0);
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_RUNNING, nullptr), 0);
		EXPECT_EQ(read_all(fd, &last), "");
		EXPECT_EQ(last, -ENODEV);
		int old = fd;
		vfio_precopy_info info = {};
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_PRE_COPY, &fd), 0);
		EXPECT_EQ(read_all(fd, &last), "pre-");
		EXPECT_EQ(precopy_info(old, &info), -ENODEV);
		EXPECT_EQ(precopy_info(fd, &info), 0);
	});
}

TEST_F(Migration, LongStreamIsKeptWhole)
{
	in_program([&] {
		int fd;
		std::string part(3000, 'x'), all;
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_RESUMING, &fd), 0);
		EXPECT_EQ(uapi_write(process, self, fd, nullptr, 4), -EFAULT);
		for (char c = 'a'; c < 'k'; c++) {
			part.assign(part.size(), c);
			ASSERT_EQ(uapi_write(process, self, fd, part.data(), part.size()),
				  static_cast<ssize_t>(part.size()));
			all += part;
		}
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_STOP), 0);
		EXPECT_EQ(services.loaded, all);
	});
}

TEST_F(Migration, ReadIntoNothingIsRefused)
{
	in_program([&] {
		int fd;
		ASSERT_EQ(set_state(device, VFIO_DEVICE_STATE_PRE_COPY, &fd), 0);
		EXPECT_EQ(uapi_read(process, self, fd, nullptr, 4), -EFAULT);
		EXPECT_EQ(uapi_read(process, self, fd, nullptr, 0), 0);
		ssize_t last;
		EXPECT_EQ(read_all(fd, &last), "pre-"); // nothing was lost by that
	});
}

TEST_F(Migration, DataSizeIsTheFirmwares)
{
	in_program([&] {
		alignas(8) uint8_t buffer[16] = {};
		vfio_device_feature header = {16, VFIO_DEVICE_FEATURE_GET |
							  VFIO_DEVICE_FEATURE_MIG_DATA_SIZE};
		uint64_t size;
		memcpy(buffer, &header, sizeof(header));
		ASSERT_EQ(ioctl(device, VFIO_DEVICE_FEATURE, buffer), 0);
		memcpy(&size, buffer + 8, 8);
		EXPECT_EQ(size, 9u);
	});
}

TEST_F(Migration, DescriptorThatCannotBeGivenIsTakenBack)
{
	in_program([&] {
		int next = uapi_eventfd(process, nullptr, nullptr) + 1;
		deny_writes = true;
		EXPECT_EQ(set_state(device, VFIO_DEVICE_STATE_PRE_COPY), -EFAULT);
		deny_writes = false;
		EXPECT_EQ(get_state(device), VFIO_DEVICE_STATE_PRE_COPY); // the arc was taken
		EXPECT_EQ(uapi_eventfd(process, nullptr, nullptr), next); // no descriptor was
	});
}

class CannotMigrate : public Migration
{
	void SetUp() override
	{
		services.flags = 0;
		boot();
	}
};

TEST_F(CannotMigrate, MigrationFeaturesAreNoTypewriter)
{
	in_program([&] {
		EXPECT_EQ(set_state(device, VFIO_DEVICE_STATE_STOP), -ENOTTY);
		vfio_device_feature header = {8, VFIO_DEVICE_FEATURE_PROBE |
							 VFIO_DEVICE_FEATURE_MIGRATION};
		EXPECT_EQ(ioctl(device, VFIO_DEVICE_FEATURE, &header), -ENOTTY);
		EXPECT_EQ(feature_set(VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2), -EINVAL);
	});
}

class StopCopyOnly : public Migration
{
	void SetUp() override
	{
		services.flags = VFIO_MIGRATION_STOP_COPY;
		boot();
	}
};

TEST_F(StopCopyOnly, StatesThatItLacksAreRefused)
{
	in_program([&] {
		int fd;
		EXPECT_EQ(set_state(device, VFIO_DEVICE_STATE_PRE_COPY, &fd), -EINVAL);
		EXPECT_EQ(set_state(device, VFIO_DEVICE_STATE_RUNNING_P2P, &fd), -EINVAL);
		EXPECT_EQ(set_state(device, VFIO_DEVICE_STATE_STOP_COPY, &fd), 0);
		EXPECT_THAT(services.log, testing::ElementsAre("suspend", "begin"));
		EXPECT_EQ(feature_set(VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2), -EINVAL);
	});
}

} // namespace
