#include "trace_context.h"

#include <fmt/format.h>

#include <algorithm>

#include "environment.h"

namespace steamflow {
namespace {

constexpr char kVariable[] = "TRACEPARENT";
constexpr std::size_t kVersion0Size = 55;  // later versions may have more after it
constexpr std::size_t kMostSize = 512;     // bytes; every record and every line of the log has it
constexpr std::size_t kLogged = 100;       // bytes of an invalid value in a sentence

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsId(std::string_view text) {
  return IsHex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

bool IsTraceparent(std::string_view text) {
  if (text.size() < kVersion0Size || text.size() > kMostSize) return false;
  const std::string_view version = text.substr(0, 2);
  const std::string_view rest = text.substr(kVersion0Size);
  const bool has_its_size = rest.empty() || (version != "00" && rest.front() == '-');
  // A later version may append anything. The context goes into Kafka's headers and into the log, so
  // only printable characters are accepted.
  const bool is_plain =
      std::all_of(rest.begin(), rest.end(), [](char c) { return c > ' ' && c < 127; });
  return has_its_size && is_plain && IsHex(version) && version != "ff" && text[2] == '-' &&
         IsId(text.substr(3, 32)) && text[35] == '-' && IsId(text.substr(36, 16)) &&
         text[52] == '-' && IsHex(text.substr(53, 2));
}

std::string Traceparent() {
  const auto text = EnvironmentValue(kVariable);
  return text && IsTraceparent(*text) ? *text : "";
}

std::optional<std::string> TraceparentError() {
  const auto text = EnvironmentValue(kVariable);
  if (!text || IsTraceparent(*text)) return std::nullopt;
  return fmt::format("{} is ignored: '{}' is not a W3C trace context", kVariable,
                     text->substr(0, kLogged));
}

}  // namespace steamflow
