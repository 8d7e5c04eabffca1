# Flags that every file gets. -ffp-contract=off is what exact mode rests on: the compiler must not fuse a*b + c by itself.
# Tables of kernels are templates that another file, target.cpp, instantiates: Clang's warning that their definition is missing is off.
add_compile_options(-Wall -Wextra -Werror -ffp-contract=off -Wno-undefined-var-template)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-restrict)  # GCC 12 warns of std::string's own concatenation (its bug 105651)
endif()
include_directories(${PROJECT_SOURCE_DIR}/src)

if(OPTLAB_SANITIZE)
  # -O1 and line numbers alone: the sanitizers' code compiles in half the time of -O2 -g, and reports name the same lines.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1 -DNDEBUG")
  add_compile_options(-fsanitize=${OPTLAB_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${OPTLAB_SANITIZE})
endif()

if(EMSCRIPTEN)
  add_compile_options(-msimd128 -fwasm-exceptions)
  add_link_options(-fwasm-exceptions)
  if(OPTLAB_THREADS)
    add_compile_options(-pthread)
    add_link_options(-pthread)
  endif()
else()
  find_package(Threads REQUIRED)
endif()

# The targets of this build and the flags of each: the compiler's side of simd/targets.h. SCALAR stays without vectors, so that each rung
# shows one idea, and the peak of one lane is one lane's.
set(OPTLAB_FLAGS_SCALAR -fno-tree-vectorize -fno-tree-slp-vectorize)
set(OPTLAB_FLAGS_AVX2 -mavx2)
set(OPTLAB_FLAGS_FMA -mavx2 -mfma)
# GCC 12 warns of its own header (its bug 105593).
set(OPTLAB_FLAGS_AVX512 -Wno-uninitialized -Wno-maybe-uninitialized -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma)
set(OPTLAB_FLAGS_AVX512VNNI ${OPTLAB_FLAGS_AVX512} -mavx512vnni)
set(OPTLAB_FLAGS_RELAXED -mrelaxed-simd)
set(OPTLAB_TARGETS SCALAR)
if(EMSCRIPTEN)
  list(APPEND OPTLAB_TARGETS WASM128)
  if(OPTLAB_RELAXED_SIMD)
    list(APPEND OPTLAB_TARGETS RELAXED)
  endif()
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND OPTLAB_TARGETS AVX2 FMA AVX512 AVX512VNNI)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  list(APPEND OPTLAB_TARGETS NEON)
endif()

# Compiles a module's target.cpp, and further target_*.cpp, once for each target, with the target's flags. No other file gets those, so that the program still starts on
# a CPU without the instructions. target.cpp includes only headers that define no shared inline functions of weight, which would leak the flags
# into the baseline. `options` come last, for all targets.
function(optlab_isa module options)
  file(GLOB files CONFIGURE_DEPENDS target*.cpp)
  foreach(target IN LISTS OPTLAB_TARGETS)
    set(objects ${module}_${target})
    add_library(${objects} OBJECT ${files})
    target_compile_definitions(${objects} PRIVATE OPTLAB_TARGET_${target})
    target_compile_options(${objects} PRIVATE ${OPTLAB_FLAGS_${target}} ${options})
    target_sources(${module} PRIVATE $<TARGET_OBJECTS:${objects}>)
  endforeach()
endfunction()

# optlab_module(name [COLD] DEPS modules… SOURCES files… TESTS files… [BENCH files…] [RELAXED_AWARE files…] [HOT files…] [ISA_OPTIONS flags…])
#
# Makes the library optlab_<name>, with TESTS the program <name>_test, and with BENCH, where Google Benchmark is installed, the target
# <name>_bench, which is built only when asked for. A module with a target.cpp has kernels for the targets, compiled with ISA_OPTIONS besides.
# RELAXED_AWARE names files of SOURCES that look at
# __wasm_relaxed_simd__ (lists of variants); all others compile alike in both builds, so that the compiler cache serves the second. HOT
# names the files of SOURCES that a kernel's time depends on: WebAssembly, which has to be downloaded, gets the others compiled for size.
# COLD says that there are none. Without either all are compiled for speed.
function(optlab_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "COLD" "" "DEPS;SOURCES;TESTS;BENCH;RELAXED_AWARE;HOT;ISA_OPTIONS")
  set(target optlab_${name})
  add_library(${target} STATIC ${arg_SOURCES})
  list(TRANSFORM arg_DEPS PREPEND optlab_)
  target_link_libraries(${target} PUBLIC ${arg_DEPS})

  if(EMSCRIPTEN)
    if(OPTLAB_RELAXED_SIMD AND arg_RELAXED_AWARE)
      set_source_files_properties(${arg_RELAXED_AWARE} PROPERTIES COMPILE_OPTIONS -mrelaxed-simd)
    endif()
    if(arg_HOT OR arg_COLD)
      set(cold ${arg_SOURCES})
      list(REMOVE_ITEM cold ${arg_HOT})
      set_property(SOURCE ${cold} APPEND PROPERTY COMPILE_OPTIONS -Oz)
    endif()
  endif()
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/target.cpp)
    optlab_isa(${target} "${arg_ISA_OPTIONS}")
  endif()

  if(OPTLAB_TESTS AND arg_TESTS)
    optlab_test(${name}_test ${target} ${arg_TESTS})
  endif()
  if(arg_BENCH AND NOT CMAKE_CROSSCOMPILING)
    find_package(benchmark QUIET)
    if(benchmark_FOUND)
      add_executable(${name}_bench EXCLUDE_FROM_ALL ${arg_BENCH})
      target_link_libraries(${name}_bench PRIVATE ${target} benchmark::benchmark)
    endif()
  endif()
endfunction()

# A GoogleTest program; CTest runs it under Node (WebAssembly), under qemu-user (NEON) or directly.
function(optlab_test name library)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE ${library} optlab_gtest)
  if(EMSCRIPTEN)
    # A CommonJS program: Emscripten's pthread workers start from it in Node without a loader. Without Binaryen's passes (-O1; 1 s a link
    # instead of 14): the tests run what the compiler made, wasm_tests/ what Binaryen makes of it for the site.
    set_target_properties(${name} PROPERTIES SUFFIX .cjs)
    target_link_options(${name} PRIVATE -O1 -sENVIRONMENT=node,worker -sNODERAWFS -sEXIT_RUNTIME -sSTACK_SIZE=1MB)
    if(OPTLAB_THREADS)
      target_link_options(${name} PRIVATE -sPROXY_TO_PTHREAD -sPTHREAD_POOL_SIZE=8 -sINITIAL_MEMORY=256MB)
    else()
      target_link_options(${name} PRIVATE -sALLOW_MEMORY_GROWTH)
    endif()
  endif()
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endfunction()
