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

/// Settings of a stand-in.
struct ServerOptions {
  Population population = Population::kMixed;
  std::chrono::milliseconds latency{0};  // added to every response
  bool compresses = true;                // compress for clients that accept gzip
  // The only key that is accepted. If this is empty, every key is, except an empty one.
  std::string key;
};

/// The HTTP server: the methods of the API and, under /standin/, the control of faults, news and
/// the journal. It listens on loopback only.
class StandinServer {
 public:
  explicit StandinServer(ServerOptions options);

  /// Listens on `port`, or on a free one if it is 0, and returns the port. Connections queue from
  /// now on. Throws std::runtime_error if the port is taken.
  int Listen(int port);

  /// Handles requests until the process ends.
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
