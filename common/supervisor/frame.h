#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "message_pack.h"

// The frames in which a task and its supervisor talk, as apache-airflow-task-sdk defines them: four
// bytes, big-endian, with the length of the payload, and the payload in MessagePack. Pure: no I/O.
namespace airflow {

// A payload that the supervisor sends: [id, body, error], or [id, body], or [id]. A response has
// the id of its request; a field that was left out is null here.
struct Response {
  std::int64_t id = 0;
  Json body;
  Json error;
};

// Returns the frame of the payload [id, body], or nullopt if it is too large for a frame (4 GiB).
std::optional<std::string> FormatRequest(std::int64_t id, const Json& body);

// Assembles frames from the bytes of a stream, which may be added in pieces of any size.
class FrameReader {
 public:
  // Bytes of a payload. The answers that a task asks for are much smaller; a larger length means
  // that the stream is not one of a supervisor.
  static constexpr std::size_t kLargest = 32U << 20U;

  void Add(std::string_view bytes) { bytes_ += bytes; }

  // Takes the next frame out, or returns nullopt if it has not arrived completely. The error is a
  // sentence that says what is wrong with the frame; after an error, the stream cannot be read any
  // further.
  tl::expected<std::optional<Response>, std::string> Next();

  // Returns whether the added bytes end within a frame. Call it when Next() has returned nullopt.
  bool is_inside_frame() const { return !bytes_.empty(); }

 private:
  std::string bytes_;
};

}  // namespace airflow
