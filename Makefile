# SPDX-License-Identifier: Apache-2.0
# The front door: sets the machine up, then hands over to CMake and Ninja.

BUILD ?= build
FUZZ_SECONDS ?= 30
SOAK ?= 200
SOAK_FIRST ?= 1
SCENARIO   := testbench/scenarios/live-migration.yaml
RECORDINGS := $(addprefix traces/recorded/qemu-precopy-iommufd-iavf-,source.jsonl destination.jsonl)

.DEFAULT_GOAL := all
.PHONY: all vfsim run test picture bench asan fuzz fuzz-smmu fuzz-nic soak coverage mutants cosim cosim-long \
	bench-cosim tidy format clean help setup

all: $(BUILD)/build.ninja ## build everything
	@cmake --build $(BUILD)

vfsim: $(BUILD)/build.ninja ## build the command only
	@cmake --build $(BUILD) --target vfsim

run: vfsim ## run the live migration, then replay the recording of a real VMM
	@$(BUILD)/vfsim run --out $(BUILD)/run $(SCENARIO)
	@echo
	@$(BUILD)/vfsim replay $(RECORDINGS)

test: all asan ## run every test, plain and under sanitizers, and count them
	@tools/test.sh $(BUILD) $(BUILD)/asan

picture: all ## draw docs/timeline.svg anew from a run
	@$(BUILD)/vfsim run --quiet --out $(BUILD)/picture $(SCENARIO)
	@$(BUILD)/tools/picture/vfsim_picture $(BUILD)/picture/timeline.json \
		"live-migration.yaml: a guest of 4 GiB with a VF moves to another host while it exchanges packets" \
		>docs/timeline.svg

bench: all ## measure: speed, memory, start-up
	@tools/bench.sh $(BUILD)

asan: $(BUILD)/asan/build.ninja ## build with address and undefined-behaviour sanitizers only
	@cmake --build $(BUILD)/asan

fuzz: $(BUILD)/fuzz/build.ninja ## give every file reader any bytes, FUZZ_SECONDS=30 each
	@cmake --build $(BUILD)/fuzz --target fuzz
	@tools/fuzz.sh $(BUILD)/fuzz $(FUZZ_SECONDS)

fuzz-smmu: $(BUILD)/fuzz/build.ninja ## the SMMU alone, any bytes as registers, queues and tables
	@cmake --build $(BUILD)/fuzz --target fuzz_smmu
	@tools/fuzz.sh $(BUILD)/fuzz $(FUZZ_SECONDS) smmu

fuzz-nic: $(BUILD)/fuzz/build.ninja ## the NIC alone, any bytes as software of its VFs
	@cmake --build $(BUILD)/fuzz --target fuzz_mailbox fuzz_descriptors fuzz_config_space
	@tools/fuzz.sh $(BUILD)/fuzz $(FUZZ_SECONDS) mailbox descriptors config_space

soak: vfsim ## every scenario on random machines, SOAK=200 runs from SOAK_FIRST=1 on: no check may fail
	@tools/soak.sh $(BUILD)/vfsim $(SOAK) $(SOAK_FIRST)

coverage: $(BUILD)/coverage/build.ninja ## which lines and branches of each folder the tests reach
	@cmake --build $(BUILD)/coverage
	@tools/coverage.sh $(BUILD)/coverage

mutants: $(BUILD)/build.ninja ## break SMMU and NIC in known ways, and see a test find each
	@tools/mutants.sh $(BUILD)/mutants $(BUILD)/uapi-headers/include

cosim: vfsim $(BUILD)/cosim/setup.stamp ## stock Linux kernels in QEMU drive the hardware: every row in short form, as a table
	@cosim/matrix.sh $(BUILD)

cosim-long: vfsim $(BUILD)/cosim/setup.stamp ## the same in full
	@cosim/matrix.sh $(BUILD) long

bench-cosim: vfsim $(BUILD)/cosim/setup.stamp ## our VF beside QEMU's igb, in one run
	@cosim/bench.sh $(BUILD)

tidy: all ## only the house rules, formatting and cppcheck
	@ctest --test-dir $(BUILD) --output-on-failure -L tidy

format: setup ## format the sources in place
	@git ls-files -z '*.c' '*.h' '*.cpp' '*.hpp' | xargs -0r clang-format -i

clean: ## remove everything that was built
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 11

# Set-up, each step once: a stamp is stale when what it depends on has changed since.
setup: $(BUILD)/setup.stamp ## only install the packages that are missing

$(BUILD)/setup.stamp: tools/packages.txt tools/setup.sh $(wildcard /var/lib/dpkg/status)
	@tools/setup.sh
	@mkdir -p $(@D) && touch $@

$(BUILD)/uapi-headers/version: tools/fetch-uapi-headers.sh | $(BUILD)/setup.stamp
	@tools/fetch-uapi-headers.sh $(@D)

$(BUILD)/build.ninja: $(BUILD)/uapi-headers/version | $(BUILD)/setup.stamp
	@cmake -S . -B $(BUILD) -G Ninja --log-level=WARNING
	@touch $@

$(BUILD)/asan/build.ninja: $(BUILD)/uapi-headers/version | $(BUILD)/setup.stamp
	@cmake -S . -B $(@D) -G Ninja --log-level=WARNING -DVFSIM_SANITIZE=ON \
		-DVFSIM_UAPI_HEADERS=$(abspath $(BUILD)/uapi-headers/include)
	@touch $@

$(BUILD)/fuzz/setup.stamp: tools/packages-fuzz.txt tools/setup.sh $(wildcard /var/lib/dpkg/status)
	@tools/setup.sh tools/packages-fuzz.txt
	@mkdir -p $(@D) && touch $@

$(BUILD)/fuzz/build.ninja: $(BUILD)/uapi-headers/version | $(BUILD)/fuzz/setup.stamp
	@cmake -S . -B $(@D) -G Ninja --log-level=WARNING -DVFSIM_FUZZ=ON -DCMAKE_C_COMPILER=clang \
		-DCMAKE_CXX_COMPILER=clang++ -DVFSIM_UAPI_HEADERS=$(abspath $(BUILD)/uapi-headers/include)
	@touch $@

$(BUILD)/coverage/setup.stamp: tools/packages-coverage.txt tools/setup.sh $(wildcard /var/lib/dpkg/status)
	@tools/setup.sh tools/packages-coverage.txt
	@mkdir -p $(@D) && touch $@

$(BUILD)/coverage/build.ninja: $(BUILD)/uapi-headers/version | $(BUILD)/coverage/setup.stamp
	@cmake -S . -B $(@D) -G Ninja --log-level=WARNING -DVFSIM_COVERAGE=ON \
		-DVFSIM_UAPI_HEADERS=$(abspath $(BUILD)/uapi-headers/include)
	@touch $@

$(BUILD)/cosim/setup.stamp: tools/packages-cosim.txt tools/setup.sh tools/own-apt.sh cosim/setup.sh \
		$(wildcard /var/lib/dpkg/status)
	@tools/setup.sh tools/packages-cosim.txt
	@cosim/setup.sh $(@D)
	@touch $@
