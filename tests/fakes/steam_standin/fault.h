#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "steam_standin/api_call.h"

namespace steamflow::standin {

enum class FaultKind {
  kStatus,         // `status` with an HTML page
  kHtml200,        // an HTML maintenance page with status 200
  kCutLength,      // half of the response with the whole Content-Length, then close
  kCutChunked,     // half of the response in chunks, without the last chunk, then close
  kCutClose,       // half of the response without a length, then close
  kBrokenJson,     // half of the response, complete as far as HTTP can tell
  kBadUtf8,        // a text of the response begins with bytes that are not UTF-8
  kNul,            // ... with \u0000
  kLoneSurrogate,  // ... with \ud83d
  kGzipBomb,       // 1 MiB that expands to 1 GiB
  kTrickle,        // the response byte by byte, `ms` apart
  kSilence,        // nothing, until the client leaves
  kRedirect,       // 302 to `location`
  kLatency,        // the response `ms` later; the next fault can still happen
  kEdgeBlock,      // the 403 page of the content network
  kKeyRefused401,  // the page for a bad key
  kKeyRefused403,
};

/// The calls that a fault applies to: those that agree with every part that is set.
struct Match {
  std::optional<Method> method;
  std::optional<std::uint64_t> steam_id;
  std::optional<std::uint32_t> appid;

  bool Includes(const ApiCall& call) const;
};

/// A fault, as README.md describes it.
struct Fault {
  Match match;
  std::uint64_t skip = 0;  // number of matching calls that succeed first
  std::int64_t times = 1;  // number of calls that fail after them; -1 for all
  FaultKind kind;
  std::chrono::milliseconds ms{0};
  std::string location;
  // These replace parts of the response of any kind. `{date+N}` in the value of a header is the
  // HTTP date N seconds from now.
  std::optional<int> status;
  std::map<std::string, std::string> headers;
  std::optional<std::string> body;
};

/// Parses a fault from JSON (fields as in README.md). Throws std::invalid_argument, which names the
/// field that is wrong.
Fault ParseFault(std::string_view json);

/// The faults that happen to one call.
struct Misfortune {
  std::chrono::milliseconds latency{0};
  std::optional<Fault> fault;
};

/// The faults that were requested, in that order. Thread-safe.
class Faults {
 public:
  /// Adds a fault. Returns how many there are now.
  std::size_t Add(Fault fault);
  void Clear();

  /// Returns what happens to the call. Counts it against each matching fault up to the first that
  /// happens.
  Misfortune Take(const ApiCall& call);

 private:
  struct Counted {
    Fault fault;
    std::uint64_t seen = 0;
  };

  std::mutex mutex_;
  std::vector<Counted> faults_;
};

}  // namespace steamflow::standin
