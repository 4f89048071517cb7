# Arrow C++ and Parquet: from a system Arrow where there is one, else from the pyarrow wheel, which
# ships headers and versioned libraries but neither a CMake package nor unversioned names.
# Makes PyArrow::arrow and PyArrow::parquet.
include(FindPackageHandleStandardArgs)

find_package(Arrow CONFIG QUIET)
find_package(Parquet CONFIG QUIET)
if(Arrow_FOUND AND Parquet_FOUND)
    add_library(PyArrow::arrow ALIAS Arrow::arrow_shared)
    add_library(PyArrow::parquet ALIAS Parquet::parquet_shared)
    set(PyArrow_FOUND TRUE)
    return()
endif()

# `./dev setup` makes this Python in the cache folder; any other that has pyarrow will do.
find_program(LOANSTREAM_PYTHON NAMES python python3
    HINTS $ENV{LOANSTREAM_CACHE}/python/bin $ENV{XDG_CACHE_HOME}/loanstream/python/bin
        $ENV{HOME}/.cache/loanstream/python/bin
    NO_DEFAULT_PATH DOC "the Python that has pyarrow")
if(NOT LOANSTREAM_PYTHON)
    find_program(LOANSTREAM_PYTHON NAMES python3)
endif()
if(NOT PYARROW_FOLDER)
    execute_process(
        COMMAND ${LOANSTREAM_PYTHON} -c
            "import importlib.util as u; print(u.find_spec('pyarrow').submodule_search_locations[0])"
        OUTPUT_VARIABLE FOUND OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    set(PYARROW_FOLDER "${FOUND}" CACHE PATH "the folder of the pyarrow package")
endif()

set(CONFIG_HEADER ${PYARROW_FOLDER}/include/arrow/util/config.h)
if(EXISTS ${CONFIG_HEADER})
    file(STRINGS ${CONFIG_HEADER} LINE REGEX "define ARROW_SO_VERSION")
    string(REGEX REPLACE ".*\"([0-9]+)\".*" "\\1" ARROW_SO_VERSION "${LINE}")
    file(STRINGS ${CONFIG_HEADER} LINE REGEX "define ARROW_VERSION_STRING")
    string(REGEX REPLACE ".*\"([^\"]+)\".*" "\\1" PyArrow_VERSION "${LINE}")
    foreach(NAME arrow parquet)
        set(FILE lib${NAME}.so.${ARROW_SO_VERSION})
        add_library(PyArrow::${NAME} SHARED IMPORTED)
        set_target_properties(PyArrow::${NAME} PROPERTIES
            IMPORTED_LOCATION ${PYARROW_FOLDER}/${FILE}
            IMPORTED_SONAME ${FILE}
            INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${PYARROW_FOLDER}/include
            INTERFACE_INCLUDE_DIRECTORIES ${PYARROW_FOLDER}/include)
    endforeach()
    target_link_libraries(PyArrow::parquet INTERFACE PyArrow::arrow)
endif()
find_package_handle_standard_args(PyArrow REQUIRED_VARS PYARROW_FOLDER ARROW_SO_VERSION
    VERSION_VAR PyArrow_VERSION)
