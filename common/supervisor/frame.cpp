#include "frame.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace airflow {
namespace {

constexpr std::size_t kLengthSize = 4;

std::size_t LengthOf(std::string_view bytes) {
  std::size_t length = 0;
  for (const char byte : bytes.substr(0, kLengthSize)) {
    length = length << 8U | static_cast<unsigned char>(byte);
  }
  return length;
}

}  // namespace

std::optional<std::string> FormatRequest(std::int64_t id, const Json& body) {
  const std::string payload = FormatMessagePack(Json::array({id, body}));
  if (payload.size() > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  std::string frame;
  for (int shift = 24; shift >= 0; shift -= 8) {
    frame += static_cast<char>(payload.size() >> static_cast<unsigned>(shift) & 0xFFU);
  }
  return frame += payload;
}

tl::expected<std::optional<Response>, std::string> FrameReader::Next() {
  if (bytes_.size() < kLengthSize) return std::nullopt;
  const std::size_t length = LengthOf(bytes_);
  if (length > kLargest) {
    return tl::unexpected(
        fmt::format("a frame has {} bytes, but at most {} are accepted", length, kLargest));
  }
  if (bytes_.size() - kLengthSize < length) return std::nullopt;
  auto message = ParseMessagePack(std::string_view(bytes_).substr(kLengthSize, length));
  bytes_.erase(0, kLengthSize + length);
  if (!message) return tl::unexpected("a frame: " + message.error());
  const bool is_response = message->is_array() && !message->empty() && message->size() <= 3 &&
                           message->front().is_number_integer();
  if (!is_response) return tl::unexpected(std::string("a frame is not [id, body, error]"));
  Response response{.id = message->front().get<std::int64_t>()};
  if (message->size() > 1) response.body = std::move((*message)[1]);
  if (message->size() > 2) response.error = std::move((*message)[2]);
  return response;
}

}  // namespace airflow
