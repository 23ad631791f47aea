#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "message_pack.h"

// Frames: a length in four bytes, big-endian, and as many of MessagePack. Pure: no I/O.
namespace airflow {

// What the supervisor sends: [id, body, error], of which the end may be left out. A response has
// the id of its request.
struct Response {
  std::int64_t id = 0;
  Json body;
  Json error;
};

// The frame of [id, body]. Nothing where it is more than a frame holds.
std::optional<std::string> FormatRequest(std::int64_t id, const Json& body);

// Puts frames together from what arrives, in pieces of any size.
class FrameReader {
 public:
  // No message that a task asks for comes near this.
  static constexpr std::size_t kLargest = 32U << 20U;

  void Add(std::string_view bytes) { bytes_ += bytes; }

  // The next whole frame, nothing where it has not arrived yet. After an error, which says what is
  // wrong with it, the stream cannot be read any more.
  tl::expected<std::optional<Response>, std::string> Next();

  // Bytes of a frame that has not arrived whole.
  bool is_inside_frame() const { return !bytes_.empty(); }

 private:
  std::string bytes_;
};

}  // namespace airflow
