// SPDX-License-Identifier: Apache-2.0
// The arcs of migration version 2 against the matrices that were computed from
// Linux 7.3's own tables, state by state, for every combination of features.
#include <gmock/gmock.h>
#include <linux/vfio.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "uapi/vfio/migration.h"

namespace
{

const std::map<std::string, uint32_t> kStates = {
	{"R", VFIO_DEVICE_STATE_RUNNING},  {"Rp", VFIO_DEVICE_STATE_RUNNING_P2P},
	{"P", VFIO_DEVICE_STATE_PRE_COPY}, {"Pp", VFIO_DEVICE_STATE_PRE_COPY_P2P},
	{"S", VFIO_DEVICE_STATE_STOP},     {"C", VFIO_DEVICE_STATE_STOP_COPY},
	{"Z", VFIO_DEVICE_STATE_RESUMING},
};

std::vector<std::string> split(const std::string &text, char by)
{
	std::vector<std::string> parts;
	std::stringstream stream(text);
	for (std::string part; std::getline(stream, part, by);)
		parts.push_back(part);
	return parts;
}

struct Matrix {
	uint64_t flags;
	std::vector<std::string> rows; // the first names the columns
};

const Matrix kMatrices[] = {
	{VFIO_MIGRATION_STOP_COPY,
	 {"from|R|S|C|Z", "R|=|S|S>C|S>Z", "S|R|=|C|Z", "C|S>R|S|=|S>Z", "Z|S>R|S|S>C|="}},
	{VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P,
	 {"from|R|Rp|S|C|Z", "R|=|Rp|Rp>S|Rp>S>C|Rp>S>Z", "Rp|R|=|S|S>C|S>Z", "S|Rp>R|Rp|=|C|Z",
	  "C|S>Rp>R|S>Rp|S|=|S>Z", "Z|S>Rp>R|S>Rp|S|S>C|="}},
	{VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_PRE_COPY,
	 {"from|R|P|S|C|Z", "R|=|P|S|S>C|S>Z", "P|R|=|R>S|C|R>S>Z", "S|R|R>P|=|C|Z",
	  "C|S>R|X|S|=|S>Z", "Z|S>R|S>R>P|S|S>C|="}},
	{VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY,
	 {"from|R|Rp|P|Pp|S|C|Z", "R|=|Rp|P|Rp>Pp|Rp>S|Rp>S>C|Rp>S>Z", "Rp|R|=|R>P|Pp|S|S>C|S>Z",
	  "P|R|R>Rp|=|Pp|R>Rp>S|Pp>C|R>Rp>S>Z", "Pp|Rp>R|Rp|P|=|Rp>S|C|Rp>S>Z",
	  "S|Rp>R|Rp|Rp>R>P|Rp>Pp|=|C|Z", "C|S>Rp>R|S>Rp|X|X|S|=|S>Z",
	  "Z|S>Rp>R|S>Rp|S>Rp>R>P|S>Rp>Pp|S|S>C|="}},
};

// The way the kernel logic takes, as the matrices write it.
std::string walk(uint64_t flags, uint32_t from, uint32_t to)
{
	std::string way;

	for (uint32_t next = from; from != to; from = next) {
		if (vfio_mig_next_state(flags, from, to, &next))
			return "X";
		for (const auto &[name, state] : kStates) {
			if (state == next)
				way += (way.empty() ? "" : ">") + name;
		}
		if (way.size() > 40)
			return "endless";
	}
	return way.empty() ? "=" : way;
}

class MigrationStates : public testing::TestWithParam<Matrix>
{
};

TEST_P(MigrationStates, WalkIsTheKernels)
{
	std::vector<std::string> columns = split(GetParam().rows[0], '|');

	for (size_t r = 1; r < GetParam().rows.size(); r++) {
		std::vector<std::string> row = split(GetParam().rows[r], '|');
		for (size_t c = 1; c < columns.size(); c++)
			EXPECT_EQ(
				walk(GetParam().flags, kStates.at(row[0]), kStates.at(columns[c])),
				row[c])
				<< row[0] << " to " << columns[c];
	}
}

TEST_P(MigrationStates, StatesTheDeviceLacksAreRefused)
{
	std::vector<std::string> has = split(GetParam().rows[0], '|');
	uint32_t next;

	for (const auto &[name, state] : kStates) {
		bool here = std::find(has.begin(), has.end(), name) != has.end();
		int rc = vfio_mig_next_state(GetParam().flags, VFIO_DEVICE_STATE_RUNNING, state,
					     &next);
		EXPECT_EQ(rc, here ? 0 : -EINVAL) << name;
	}
}

TEST_P(MigrationStates, ErrorAndUnknownStatesAreRefused)
{
	uint32_t next;

	for (const auto &[name, state] : kStates) {
		EXPECT_EQ(vfio_mig_next_state(GetParam().flags, state, VFIO_DEVICE_STATE_ERROR,
					      &next),
			  -EINVAL);
		EXPECT_EQ(vfio_mig_next_state(GetParam().flags, VFIO_DEVICE_STATE_ERROR, state,
					      &next),
			  -EINVAL);
		EXPECT_EQ(vfio_mig_next_state(GetParam().flags, state, 8, &next), -EINVAL);
		EXPECT_EQ(vfio_mig_next_state(GetParam().flags, state, UINT32_MAX, &next), -EINVAL);
	}
}

INSTANTIATE_TEST_SUITE_P(Features, MigrationStates, testing::ValuesIn(kMatrices));

} // namespace
