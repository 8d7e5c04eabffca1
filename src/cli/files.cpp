#include "cli/files.h"

#include <zlib.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>

#include "core/error.h"

namespace optlab::cli {
namespace {

constexpr std::size_t kMostBytes = std::size_t{256} << 20;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw DataError(path.string() + ": " + why);
}

void check_is_file(const std::filesystem::path& path) {
  if (path.empty()) throw DataError("no name for the file to read");
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) refuse(path, "no such file");
  if (std::filesystem::is_directory(status)) refuse(path, "is a folder, not a file");
}

struct CloseGzip {
  void operator()(gzFile_s* file) const { gzclose(file); }
};

bool has_test_images(const std::filesystem::path& folder) {
  std::error_code error;
  return std::filesystem::exists(folder / "t10k-images-idx3-ubyte.gz", error) ||
         std::filesystem::exists(folder / "t10k-images-idx3-ubyte", error);
}

/// `folder`/`name`.gz, or without .gz where only that exists.
std::filesystem::path data_file(const std::filesystem::path& folder, const std::string& name) {
  std::error_code error;
  const auto plain = folder / name;
  return std::filesystem::exists(plain, error) ? plain : folder / (name + ".gz");
}

std::filesystem::path temporary_path(const std::filesystem::path& path) { return path.string() + ".part"; }

}  // namespace

std::vector<std::byte> read_file(const std::filesystem::path& path) {
  check_is_file(path);
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) refuse(path, std::string("can't be opened: ") + std::strerror(errno));
  const auto size = static_cast<std::size_t>(file.tellg());
  if (size > kMostBytes) refuse(path, "is larger than 256 MiB");
  std::vector<std::byte> bytes(size);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!file) refuse(path, "can't be read");
  return bytes;
}

std::vector<std::uint8_t> read_gzip(const std::filesystem::path& path) {
  check_is_file(path);
  const std::unique_ptr<gzFile_s, CloseGzip> file(gzopen(path.c_str(), "rb"));
  if (!file) refuse(path, std::string("can't be opened: ") + std::strerror(errno));
  constexpr unsigned kChunk = 1U << 20;
  gzbuffer(file.get(), kChunk);
  std::vector<std::uint8_t> bytes;
  for (;;) {
    const std::size_t before = bytes.size();
    bytes.resize(before + kChunk);
    const int got = gzread(file.get(), bytes.data() + before, kChunk);
    bytes.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    int code = Z_OK;
    const char* text = gzerror(file.get(), &code);
    // Z_BUF_ERROR is how zlib says that the file ended in the middle of its data.
    if (code == Z_BUF_ERROR) refuse(path, "is cut off");
    if (got < 0 || code != Z_OK) refuse(path, std::string("is corrupt: ") + text);
    if (bytes.size() > kMostBytes) refuse(path, "decompresses to more than 256 MiB");
    if (got == 0) return bytes;
  }
}

void check_writable(const std::filesystem::path& path) {
  if (path.empty()) throw DataError("no name for the file to write");
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) refuse(path, "is a folder, not a file");
  // The rename at the end would put a file in the place of a device such as /dev/null.
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    refuse(path, "is no regular file");
  }
  const auto temporary = temporary_path(path);
  if (!std::ofstream(temporary, std::ios::binary))
    refuse(path, std::string("can't be written: ") + std::strerror(errno));
  std::filesystem::remove(temporary, error);
}

void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  const auto temporary = temporary_path(path);
  std::ofstream file(temporary, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(temporary, path, error);
  if (!file || error) {
    const std::string why = error ? error.message() : std::strerror(errno);
    std::filesystem::remove(temporary, error);
    refuse(path, "can't be written: " + why);
  }
}

std::filesystem::path find_data(const std::string& wanted) {
  if (!wanted.empty()) {
    if (!has_test_images(wanted)) refuse(wanted, "has no t10k-images-idx3-ubyte.gz");
    return wanted;
  }
  const char* variable = std::getenv("OPTLAB_DATA");
  if (variable != nullptr && *variable != '\0') {
    if (!has_test_images(variable)) refuse(variable, "(from OPTLAB_DATA) has no t10k-images-idx3-ubyte.gz");
    return variable;
  }
  const std::filesystem::path places[] = {"/usr/share/datasets/fashion-mnist", "data/fashion-mnist"};
  for (const auto& place : places) {
    if (has_test_images(place)) return place;
  }
  throw DataError(
      "Fashion-MNIST is neither in /usr/share/datasets/fashion-mnist (Debian: apt-get install dataset-fashion-mnist) "
      "nor in data/fashion-mnist; name its folder with --data or OPTLAB_DATA");
}

image::Dataset read_fashion_mnist(const std::filesystem::path& folder, const std::string& part) {
  const auto images_path = data_file(folder, part + "-images-idx3-ubyte");
  const auto labels_path = data_file(folder, part + "-labels-idx1-ubyte");
  const auto images_file = read_gzip(images_path);
  const auto labels_file = read_gzip(labels_path);
  const auto images = image::parse_idx_images(images_file, images_path.string(), {.rows = 28, .columns = 28});
  const auto labels = image::parse_idx_labels(labels_file, labels_path.string(), {.classes = 10});
  if (images.count == 0) throw DataError(images_path.string() + ": has no images");
  return image::make_dataset(images, labels, folder.string());
}

}  // namespace optlab::cli
