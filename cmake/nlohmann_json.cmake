# optlab_json: the header-only JSON parser nlohmann/json by itself in a folder of the build, since the system's include folder would mix the
# host's C library into a WebAssembly or cross build. Debian: nlohmann-json3-dev, Homebrew: nlohmann-json; elsewhere CMake fetches it.
find_path(OPTLAB_JSON_INCLUDE nlohmann/json.hpp PATHS /usr/include /usr/local/include /opt/homebrew/include
  NO_CMAKE_FIND_ROOT_PATH)
if(NOT OPTLAB_JSON_INCLUDE)
  include(FetchContent)
  FetchContent_Declare(nlohmann_json GIT_REPOSITORY https://github.com/nlohmann/json.git GIT_TAG v3.11.2 GIT_SHALLOW ON)
  FetchContent_GetProperties(nlohmann_json)
  if(NOT nlohmann_json_POPULATED)
    FetchContent_Populate(nlohmann_json)
  endif()
  set(OPTLAB_JSON_INCLUDE ${nlohmann_json_SOURCE_DIR}/single_include)
endif()
file(COPY ${OPTLAB_JSON_INCLUDE}/nlohmann DESTINATION ${PROJECT_BINARY_DIR}/include)
add_library(optlab_json INTERFACE)
target_include_directories(optlab_json SYSTEM INTERFACE ${PROJECT_BINARY_DIR}/include)
