#include <cmath>
#include <cstdint>

#include "profile/model_profile.h"

/// A profile as files that other programs read.
namespace optlab::profile {
namespace {

std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      result += "\\u00";
      result += "0123456789abcdef"[c >> 4];
      result += "0123456789abcdef"[c & 15];
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + '"';
}

/// With three decimals, without printf, which WebAssembly would have to bring along.
std::string fixed(double value) {
  const auto thousandths = static_cast<std::int64_t>(std::llround(value * 1000.0));
  std::string digits = std::to_string(thousandths);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  return digits.insert(digits.size() - 3, 1, '.');
}

/// "block0/attention": names from the outermost layer to this one.
std::string path(std::span<const LayerProfile> layers, const LayerProfile& layer) {
  if (layer.parent < 0) return layer.name;
  return path(layers, layers[static_cast<std::size_t>(layer.parent)]) + '/' + layer.name;
}

}  // namespace

std::string to_csv(std::span<const LayerProfile> layers) {
  std::string text =
      "layer,kind,depth,output,calls,samples,median_us,low_us,high_us,percent,flops,bytes_read,bytes_written,"
      "gflop_per_s,flop_per_byte,high_water_bytes,growth_bytes\n";
  for (const LayerProfile& layer : layers) {
    const measure::Statistics seconds = layer.seconds.value_or(measure::Statistics{});
    const std::string fields[] = {csv_field(path(layers, layer)),
                                  csv_field(layer.kind),
                                  std::to_string(layer.depth),
                                  csv_field(layer.output.to_string()),
                                  std::to_string(layer.calls),
                                  std::to_string(seconds.count),
                                  fixed(seconds.median * 1e6),
                                  fixed(seconds.low * 1e6),
                                  fixed(seconds.high * 1e6),
                                  fixed(layer.share * 100.0),
                                  std::to_string(layer.work.flops()),
                                  std::to_string(layer.work.bytes_read),
                                  std::to_string(layer.work.bytes_written),
                                  fixed(layer.flops_per_second() * 1e-9),
                                  fixed(layer.work.intensity()),
                                  std::to_string(layer.high_water),
                                  std::to_string(layer.growth)};
    const char* separator = "";
    for (const std::string& field : fields) {
      text += separator;
      text += field;
      separator = ",";
    }
    text += '\n';
  }
  return text;
}

std::string trace_json(const ModelProfile& profile, std::string_view title) {
  const std::vector<LayerProfile> layers = profile.layers();
  std::string text =
      R"({"displayTimeUnit":"ms","traceEvents":[{"name":"process_name","ph":"M","pid":1,"tid":1,"args":)";
  text += "{\"name\":" + json_string(title) + "}}";
  for (const LayerSpan& span : profile.spans()) {
    const LayerProfile& layer = layers[static_cast<std::size_t>(span.layer)];
    text += ",\n{\"name\":" + json_string(layer.name) + ",\"cat\":" + json_string(layer.kind) + R"(,"ph":"X","ts":)" +
            fixed(span.begin * 1e6) + ",\"dur\":" + fixed(span.seconds * 1e6) +
            R"(,"pid":1,"tid":1,"args":{"output":)" + json_string(layer.output.to_string()) +
            ",\"flops\":" + std::to_string(layer.work.flops()) + ",\"bytes\":" + std::to_string(layer.work.bytes()) +
            "}}";
  }
  return text + "]}\n";
}

}  // namespace optlab::profile
