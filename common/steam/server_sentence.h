#pragma once

#include <string>
#include <string_view>

namespace steamflow {

// Returns whether a body is an HTML page and not JSON.
bool IsHtml(std::string_view body);

// Returns the visible text of a server's error page or body, to append to a message: " (The servers
// are down for maintenance.)". The text is on one line and cut after 200 bytes. Returns an empty
// string if the body has no text. No I/O.
std::string ServerSentence(std::string_view body);

}  // namespace steamflow
