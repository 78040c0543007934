# SPDX-License-Identifier: Apache-2.0
# How every file of vfsim is compiled.

set(CMAKE_C_STANDARD 11)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# One build type; nothing depends on NDEBUG (sim_assert stays in).
if(NOT CMAKE_BUILD_TYPE)
	set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g")

option(VFSIM_SANITIZE "Build with the address and undefined-behaviour sanitizers" OFF)
if(VFSIM_SANITIZE)
	set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g1")
	set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
	add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
		-fno-omit-frame-pointer)
	add_link_options(-fsanitize=address,undefined)
	# GCC guesses wrong about instrumented library code; the plain build has the warning on.
	set(sanitizer_warnings -Wno-maybe-uninitialized)
endif()

option(VFSIM_FUZZ "Build the fuzz targets of testbench/fuzz, with clang" OFF)
if(VFSIM_FUZZ)
	if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang" OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
		message(FATAL_ERROR "VFSIM_FUZZ needs -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++")
	endif()
	set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g1")
	set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
	add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
		-fno-omit-frame-pointer)
	add_link_options(-fsanitize=address,undefined)
	# GCC says so by itself; base/actor.cpp tells the sanitizer of its stacks then.
	add_compile_definitions(__SANITIZE_ADDRESS__=1)
	# Warnings are the other builds' business, with the compiler that everything is built with.
	set(sanitizer_warnings -w)
endif()

option(VFSIM_COVERAGE "Count the lines and branches that run" OFF)
if(VFSIM_COVERAGE)
	set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O0 -g1")
	set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O0 -g1")
	add_compile_options(--coverage -fprofile-update=atomic)
	add_link_options(--coverage)
endif()

# What users run (targets with WHOLE_PROGRAM) is optimised as a whole when it is linked; tests take
# the same objects as they are, so that each links in no time.
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT VFSIM_SANITIZE AND NOT VFSIM_COVERAGE)
	set(module_options -O3 -flto -ffat-lto-objects)
	add_link_options("$<IF:$<BOOL:$<TARGET_PROPERTY:WHOLE_PROGRAM>>,-flto=auto,-fno-lto>")
endif()

include_directories(${PROJECT_SOURCE_DIR})
add_compile_definitions(_GNU_SOURCE)
# The same arithmetic on every machine: no fused multiply-add.
add_compile_options(-ffp-contract=off)
# Packets and pages are copied faster by the C library, and small structures cleared faster by plain
# stores, than by the string instructions that GCC puts inline where it knows a size.
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
	add_compile_options(-mmemcpy-strategy=libcall:-1:noalign -mmemset-strategy=libcall:-1:noalign)
endif()
add_link_options(-Wl,--as-needed)
# In C++ a function may not bear a struct's name under plain -Wshadow; our C headers have such.
add_compile_options(-Wall -Wextra -Werror -Wvla -Wformat=2 -Wpointer-arith -Wundef
	-Wno-unused-parameter ${sanitizer_warnings}
	"$<$<COMPILE_LANGUAGE:C>:-Wshadow;-Wmissing-prototypes;-Wstrict-prototypes;-Wold-style-definition>"
	"$<$<COMPILE_LANGUAGE:CXX>:-Wshadow=local;-Wno-missing-field-initializers>")
