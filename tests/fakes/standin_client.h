#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "child_process.h"

namespace steamflow::standin {

inline constexpr std::uint64_t kId = 76561197960499900u;
inline const std::string kCount = "/ISteamUserStats/GetNumberOfCurrentPlayers/v1/?appid=582010";
inline const std::string kGames = "/IPlayerService/GetRecentlyPlayedGames/v1/?steamid=";
inline const std::string kPlayers = "/ISteamUser/GetPlayerSummaries/v2/?steamids=";
inline const std::string kNews = "/ISteamNews/GetNewsForApp/v2/?appid=1623730";

struct Reply {
  CURLcode code = CURLE_OK;
  long status = 0;
  long http_version = 0;
  long connects = 0;  // new connections that were opened for it
  double seconds = 0;
  std::map<std::string, std::string> headers = {};  // names in lower case
  std::string body = {};                            // at most 1 MiB of it
  std::size_t bytes = 0;                            // size of the whole body, decompressed
};

/// An HTTP client with one connection, which is kept alive.
class Client {
 public:
  Client();
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void Set(CURLoption option, const std::string& text);
  void Set(CURLoption option, long number);

  /// Trusts the CA certificates in this hashed folder and no others.
  void TrustOnly(const std::string& folder);

  Reply Send(const std::string& verb, const std::string& url, const std::string& header = {},
             const std::string& body = {});

 private:
  CURL* easy_;
};

/// A running stand-in and a client of it.
class Standin {
 public:
  explicit Standin(const std::vector<std::string>& options = {});

  static std::vector<std::string> Command(const std::vector<std::string>& options);

  Reply Get(const std::string& path, const std::string& header = "x-webapi-key: secret-key");
  Reply Control(const std::string& verb, const std::string& path, const std::string& body = {});

  /// Throws std::runtime_error if the stand-in rejects the fault.
  void AddFault(const std::string& json);
  void ClearFaults();

  Client& client() { return client_; }
  ChildProcess& process() { return process_; }
  const std::string& url() const { return url_; }

 private:
  ChildProcess process_;
  std::string url_;
  Client client_;
};

/// A plain TCP connection that sends a GET, so that a test sees the raw bytes of the response.
class RawConnection {
 public:
  RawConnection(const std::string& url, const std::string& path);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  bool HasSomethingWithin(std::chrono::milliseconds time);
  std::string ReadToEnd();

 private:
  int socket_;
};

/// Returns `count` ids, counting down from `start`, separated by commas.
std::string Ids(std::uint64_t start, std::size_t count);

bool Contains(const std::string& text, const std::string& part);

}  // namespace steamflow::standin
