#pragma once

#include <string>
#include <string_view>

namespace steamflow {

// Whether a body is a page for people rather than JSON.
bool IsHtml(std::string_view body);

// What a server's error page or body says in words, as the end of a message: " (The servers are
// down for maintenance.)", on one line and cut; nothing where it says nothing. Pure: no I/O.
std::string ServerSentence(std::string_view body);

}  // namespace steamflow
