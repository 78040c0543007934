# SPDX-License-Identifier: Apache-2.0
# The libraries that vfsim stands on, each under the name ext::NAME.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(GTest REQUIRED CONFIG)
find_package(benchmark REQUIRED CONFIG)

foreach(external cyaml=libcyaml yaml=yaml-0.1 jansson=jansson xxhash=libxxhash zstd=libzstd
		systemc=systemc)
	string(REPLACE "=" ";" external ${external})
	list(GET external 0 name)
	list(GET external 1 package)
	pkg_check_modules(ext_${name} REQUIRED IMPORTED_TARGET ${package})
	add_library(ext::${name} ALIAS PkgConfig::ext_${name})
endforeach()

find_package(boost_context REQUIRED CONFIG)
add_library(ext::boost_context ALIAS Boost::context)

# The kernel's uAPI headers, fetched by tools/fetch-uapi-headers.sh; they come before the system's.
set(VFSIM_UAPI_HEADERS ${PROJECT_BINARY_DIR}/uapi-headers/include CACHE PATH
	"Folder that holds linux/vfio.h and linux/iommufd.h")
if(NOT EXISTS ${VFSIM_UAPI_HEADERS}/linux/iommufd.h)
	message(FATAL_ERROR "No kernel uAPI headers in ${VFSIM_UAPI_HEADERS}: run `make`, which "
		"fetches them, or tools/fetch-uapi-headers.sh ${PROJECT_BINARY_DIR}/uapi-headers")
endif()
add_library(vfsim_uapi_headers INTERFACE)
target_include_directories(vfsim_uapi_headers SYSTEM INTERFACE ${VFSIM_UAPI_HEADERS})
add_library(ext::uapi_headers ALIAS vfsim_uapi_headers)
