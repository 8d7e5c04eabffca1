# optlab_rapidjson: the header-only JSON reader and writer, a tenth of nlohmann/json's size as WebAssembly. By itself in a folder of the
# build, since the system's include folder would mix the host's C library into a WebAssembly or cross build. Debian: rapidjson-dev,
# Homebrew: rapidjson; elsewhere CMake fetches it.
find_path(OPTLAB_RAPIDJSON_INCLUDE rapidjson/reader.h PATHS /usr/include /usr/local/include /opt/homebrew/include
  NO_CMAKE_FIND_ROOT_PATH)
if(NOT OPTLAB_RAPIDJSON_INCLUDE)
  include(FetchContent)
  FetchContent_Declare(rapidjson GIT_REPOSITORY https://github.com/Tencent/rapidjson.git GIT_TAG v1.1.0 GIT_SHALLOW ON)
  FetchContent_GetProperties(rapidjson)
  if(NOT rapidjson_POPULATED)
    FetchContent_Populate(rapidjson)
  endif()
  set(OPTLAB_RAPIDJSON_INCLUDE ${rapidjson_SOURCE_DIR}/include)
endif()
file(COPY ${OPTLAB_RAPIDJSON_INCLUDE}/rapidjson DESTINATION ${PROJECT_BINARY_DIR}/include)
add_library(optlab_rapidjson INTERFACE)
target_include_directories(optlab_rapidjson SYSTEM INTERFACE ${PROJECT_BINARY_DIR}/include)
