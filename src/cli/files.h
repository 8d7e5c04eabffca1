#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "image/dataset.h"

namespace optlab::cli {

/// The file's bytes. Throws DataError naming the path and the reason.
std::vector<std::byte> read_file(const std::filesystem::path& path);

/// The same, decompressed if it is gzip. Refuses what decompresses to more than 256 MiB, is cut off or fails its
/// checksum.
std::vector<std::uint8_t> read_gzip(const std::filesystem::path& path);

/// Throws DataError now, rather than after hours of work, if `path` can't be written later.
void check_writable(const std::filesystem::path& path);
/// Replaces the file in one step: a reader sees the old or the new one.
void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// The folder with Fashion-MNIST: `wanted` if not empty, else the first that has it of $OPTLAB_DATA,
/// /usr/share/datasets/fashion-mnist (the Debian package dataset-fashion-mnist) and data/fashion-mnist (the committed
/// subset). Throws DataError listing where it looked.
std::filesystem::path find_data(const std::string& wanted);

/// `part` is "train" or "t10k". Checks that images are 28×28 and labels 0 to 9. Throws DataError.
image::Dataset read_fashion_mnist(const std::filesystem::path& folder, const std::string& part);

}  // namespace optlab::cli
