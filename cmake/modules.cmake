# SPDX-License-Identifier: Apache-2.0
# vfsim_module(NAME [CXX] [DEPS NAME|ext::NAME ...])
#
# The static library vfsim_NAME (NAME is the folder, with - for /: model-pcie) of all C files under
# the folder, and with CXX of all C++ files too. DEPS are other modules' names and ext:: libraries
# of externals.cmake.
#
# vfsim_program(PROGRAM MAIN_FILE) adds to the module that the calling folder is: an executable
# from one file that holds main(), linked against every module.

function(vfsim_module NAME)
	cmake_parse_arguments(PARSE_ARGV 1 arg "CXX" "" "DEPS")
	if(arg_UNPARSED_ARGUMENTS)
		message(FATAL_ERROR "vfsim_module(${NAME}): unknown ${arg_UNPARSED_ARGUMENTS}")
	endif()
	set(patterns *.c)
	if(arg_CXX)
		list(APPEND patterns *.cpp)
	endif()
	file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${patterns})
	get_property(programs DIRECTORY PROPERTY VFSIM_PROGRAM_FILES)
	if(programs)
		list(REMOVE_ITEM sources ${programs})
	endif()
	set(target vfsim_${NAME})
	if(NOT sources) # headers only, so far: an archive all the same, for the link group
		set(sources ${PROJECT_BINARY_DIR}/empty.c)
		file(CONFIGURE OUTPUT ${sources} CONTENT "typedef int vfsim_empty;\n")
	endif()
	add_library(${target} STATIC ${sources})
	target_compile_options(${target} PRIVATE ${module_options})
	set_property(GLOBAL APPEND PROPERTY VFSIM_ARCHIVES ${target})
	foreach(dep IN LISTS arg_DEPS)
		if(NOT dep MATCHES "::")
			set(dep vfsim_${dep})
			set_property(GLOBAL APPEND PROPERTY VFSIM_MODULE_DEPS "${NAME}=${dep}")
		endif()
		target_link_libraries(${target} PUBLIC $<TARGET_NAME_IF_EXISTS:${dep}>)
	endforeach()
endfunction()

function(vfsim_program PROGRAM MAIN_FILE)
	cmake_path(ABSOLUTE_PATH MAIN_FILE)
	set_property(DIRECTORY APPEND PROPERTY VFSIM_PROGRAM_FILES ${MAIN_FILE})
	add_executable(${PROGRAM} ${MAIN_FILE})
	target_compile_options(${PROGRAM} PRIVATE ${module_options})
	target_link_libraries(${PROGRAM} PRIVATE vfsim_all)
	set_target_properties(${PROGRAM} PROPERTIES WHOLE_PROGRAM ON LINKER_LANGUAGE CXX
		RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
endfunction()

# vfsim_all: every module, whatever order they need each other in.
add_library(vfsim_all INTERFACE)
function(vfsim_link_modules)
	get_property(deps GLOBAL PROPERTY VFSIM_MODULE_DEPS)
	foreach(dep IN LISTS deps)
		string(REGEX MATCH "^(.*)=(.*)$" _ ${dep})
		if(NOT TARGET ${CMAKE_MATCH_2})
			message(WARNING "module ${CMAKE_MATCH_1} needs ${CMAKE_MATCH_2}: not here")
		endif()
	endforeach()
	get_property(archives GLOBAL PROPERTY VFSIM_ARCHIVES)
	if(archives)
		list(JOIN archives "," group)
		target_link_libraries(vfsim_all INTERFACE "$<LINK_GROUP:RESCAN,${group}>")
	endif()
endfunction()
