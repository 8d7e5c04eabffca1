# optlab_header_library(target FOLDER name HEADER path GIT repository TAG tag [SUBFOLDER folder])
#
# An interface library of the headers of somebody else's library, by themselves in a folder of the build, since the system's include folder
# would mix the host's C library into a WebAssembly or cross build. Where the system has no `path`, CMake fetches the repository, in whose
# SUBFOLDER the headers are.
function(optlab_header_library target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FOLDER;HEADER;GIT;TAG;SUBFOLDER" "")
  set(found ${target}_include)
  find_path(${found} ${arg_FOLDER}/${arg_HEADER} PATHS /usr/include /usr/local/include /opt/homebrew/include
    NO_CMAKE_FIND_ROOT_PATH)
  set(include ${${found}})
  if(NOT include)
    include(FetchContent)
    FetchContent_Declare(${target}_source GIT_REPOSITORY ${arg_GIT} GIT_TAG ${arg_TAG} GIT_SHALLOW ON)
    FetchContent_GetProperties(${target}_source)
    if(NOT ${target}_source_POPULATED)
      FetchContent_Populate(${target}_source)
    endif()
    set(include ${${target}_source_SOURCE_DIR}/${arg_SUBFOLDER})
  endif()
  file(COPY ${include}/${arg_FOLDER} DESTINATION ${PROJECT_BINARY_DIR}/include)
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${PROJECT_BINARY_DIR}/include)
endfunction()
