// SPDX-License-Identifier: Apache-2.0
// The main() of every TLM test: its tests run within SystemC's elaboration and simulation. SystemC
// elaborates once per process, so the tests of a program share one run, or each filters to one.
#include "systemc/engine_systemc.h"

#include <gmock/gmock.h>

int main(int argc, char **argv)
{
	testing::InitGoogleMock(&argc, argv);
	return engine_systemc.enter([](void *) { return RUN_ALL_TESTS(); }, nullptr);
}
