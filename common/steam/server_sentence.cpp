#include "server_sentence.h"

#include <algorithm>

namespace steamflow {
namespace {

constexpr std::size_t kLongest = 200;  // bytes

// Returns where the invisible part of a page that begins at `tag` ends. That is the end of the tag,
// or of the whole element if it is the head (whose title the body repeats), a script or a style.
std::size_t EndOfTag(std::string_view page, std::size_t tag) {
  for (const std::string_view hidden : {"head", "script", "style"}) {
    if (page.substr(tag + 1, hidden.size()) != hidden) continue;
    const auto end = page.find("</" + std::string(hidden), tag);
    if (end != std::string_view::npos) tag = end;
  }
  return std::min(page.find('>', tag), page.size() - 1) + 1;
}

}  // namespace

bool IsHtml(std::string_view body) {
  const auto first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && body[first] == '<';
}

std::string ServerSentence(std::string_view body) {
  std::string text;
  const bool is_html = IsHtml(body);
  for (std::size_t i = 0; i < body.size() && text.size() <= kLongest;) {
    const auto c = static_cast<unsigned char>(body[i]);
    const bool is_tag = is_html && c == '<';
    if (!is_tag && c > ' ') {
      text += body[i++];
      continue;
    }
    if (!text.empty() && text.back() != ' ') text += ' ';
    i = is_tag ? EndOfTag(body, i) : i + 1;
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  if (text.empty() || text == "{}") return "";
  if (text.size() > kLongest) {
    std::size_t end = kLongest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text = text.substr(0, end) + "...";
  }
  return " (" + text + ")";
}

}  // namespace steamflow
