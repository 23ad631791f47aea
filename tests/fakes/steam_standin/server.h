#pragma once

#include <httplib.h>

#include <chrono>
#include <string>

#include "steam_standin/accounts.h"
#include "steam_standin/fault.h"
#include "steam_standin/journal.h"
#include "steam_standin/news_feeds.h"
#include "steam_standin/response.h"

namespace steamflow::standin {

struct ServerOptions {
  Population population = Population::kMixed;
  std::chrono::milliseconds latency{0};  // added to every response
  bool compresses = true;                // answers to clients that take gzip
  std::string key;                       // the only key that is taken; empty: any but an empty one
};

/// The HTTP side: the API's methods and, under /standin/, the control of faults, news and the
/// journal. Listens on loopback only.
class StandinServer {
 public:
  explicit StandinServer(ServerOptions options);

  /// Listens on `port`, 0 for a free one, and returns the port. Connections queue from here on.
  /// Throws std::runtime_error when the port is taken.
  int Listen(int port);

  /// Answers until the process ends.
  void Serve();

 private:
  void ServeApi(const httplib::Request& request, httplib::Response& response);
  Response RightResponse(const ApiCall& call, bool key_is_good) const;
  bool KeyIsGood(const httplib::Request& request) const;
  void AddControl();

  ServerOptions options_;
  Accounts accounts_;
  Faults faults_;
  Journal journal_;
  NewsFeeds news_;
  httplib::Server http_;
  int listen_socket_ = -1;
};

}  // namespace steamflow::standin
