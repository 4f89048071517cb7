# loanstream_module(NAME LIBS ...): the library ls_NAME of src/NAME/*.cc, its unit tests
# (*_test.cc -> NAME_test) and benchmarks (*_bench.cc -> NAME_bench). Each module links all modules
# declared before it; tests/tidy checks that includes keep to the ranks.
set(LOANSTREAM_LOWER_MODULES "")

add_custom_target(tests)
add_custom_target(bench)
if(LOANSTREAM_TESTS)
    find_package(GTest REQUIRED)
endif()
if(LOANSTREAM_BENCHMARKS)
    find_package(benchmark REQUIRED)
endif()

# The version goes into one small file, so that a new commit recompiles only that.
execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} describe --always --dirty
    OUTPUT_VARIABLE LOANSTREAM_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT LOANSTREAM_COMMIT)
    set(LOANSTREAM_COMMIT unknown)
endif()
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/base/build_info.h CONTENT
"// Made by CMake: which build this is.
#pragma once
#define LOANSTREAM_VERSION \"@PROJECT_VERSION@+@LOANSTREAM_COMMIT@\"
" @ONLY)

function(loanstream_module NAME)
    cmake_parse_arguments(MODULE "" "" "LIBS" ${ARGN})
    file(GLOB SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${NAME}/*.cc)
    set(TEST_SOURCES ${SOURCES})
    set(BENCH_SOURCES ${SOURCES})
    list(FILTER TEST_SOURCES INCLUDE REGEX "_test\\.cc$")
    list(FILTER BENCH_SOURCES INCLUDE REGEX "_bench\\.cc$")
    list(FILTER SOURCES EXCLUDE REGEX "(_test|_bench|/main)\\.cc$")
    if(NOT SOURCES)
        file(WRITE ${CMAKE_BINARY_DIR}/generated/${NAME}_none.cc "")
        set(SOURCES ${CMAKE_BINARY_DIR}/generated/${NAME}_none.cc)
    endif()
    add_library(ls_${NAME} STATIC ${SOURCES})
    target_include_directories(ls_${NAME} PUBLIC ${CMAKE_SOURCE_DIR}/src
        ${CMAKE_BINARY_DIR}/generated)
    target_link_libraries(ls_${NAME} PUBLIC ${LOANSTREAM_LOWER_MODULES} ${MODULE_LIBS})
    set(LOANSTREAM_LOWER_MODULES ls_${NAME} ${LOANSTREAM_LOWER_MODULES} PARENT_SCOPE)
    if(LOANSTREAM_TESTS AND TEST_SOURCES)
        add_executable(${NAME}_test ${TEST_SOURCES})
        target_link_libraries(${NAME}_test PRIVATE ls_${NAME} GTest::gmock GTest::gtest_main)
        target_compile_definitions(${NAME}_test PRIVATE
            LOANSTREAM_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
        add_dependencies(tests ${NAME}_test)
    endif()
    if(LOANSTREAM_BENCHMARKS AND BENCH_SOURCES)
        add_executable(${NAME}_bench ${BENCH_SOURCES})
        target_link_libraries(${NAME}_bench PRIVATE ls_${NAME} benchmark::benchmark_main)
        target_compile_definitions(${NAME}_bench PRIVATE
            LOANSTREAM_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
        add_dependencies(bench ${NAME}_bench)
    endif()
endfunction()

# loanstream_embed(TARGET GLOBS...): the bytes of these files in the program, by their path from
# the project's root (src/policy/embedded.h).
function(loanstream_embed TARGET)
    set(ASSEMBLY "")
    set(DECLARATIONS "")
    set(ROWS "")
    set(COUNT 0)
    foreach(PATTERN ${ARGN})
        file(GLOB FOUND CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/${PATTERN})
        foreach(FILE ${FOUND})
            string(APPEND ASSEMBLY
"asm(\".section .rodata\\n.balign 16\\nembedded_${COUNT}:\\n.incbin \\\"${CMAKE_SOURCE_DIR}/${FILE}\\\"\\n\"
    \"embedded_${COUNT}_end:\\n.byte 0\\n.previous\\n\");\n")
            string(APPEND DECLARATIONS
                "extern \"C\" const char embedded_${COUNT}[], embedded_${COUNT}_end[];\n")
            string(APPEND ROWS "    if (path == \"${FILE}\")\n"
"        return std::string_view(embedded_${COUNT}, static_cast<std::size_t>(embedded_${COUNT}_end - embedded_${COUNT}));\n")
            set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${FILE})
            list(APPEND FILES ${CMAKE_SOURCE_DIR}/${FILE})
            math(EXPR COUNT "${COUNT} + 1")
        endforeach()
    endforeach()
    set(OUTPUT ${CMAKE_BINARY_DIR}/generated/embedded_files.cc)
    file(CONFIGURE OUTPUT ${OUTPUT} CONTENT
"// Made by CMake: the shipped policies and models.
#include \"policy/embedded.h\"
#include <cstddef>
@ASSEMBLY@@DECLARATIONS@
namespace loanstream {
std::optional<std::string_view> embedded_file(std::string_view path) {
@ROWS@    return std::nullopt;
}
}  // namespace loanstream
" @ONLY)
    set_source_files_properties(${OUTPUT} PROPERTIES OBJECT_DEPENDS "${FILES}"
        COMPILE_OPTIONS "-fno-lto")
    target_sources(${TARGET} PRIVATE ${OUTPUT})
endfunction()
