#pragma once

#include <atomic>
#include <string>
#include <thread>

namespace steamflow::test {

// A TCP proxy on loopback in front of a server. It cuts one connection at the first request that
// contains a word, either before the server receives the request or after the server has responded.
// It can also hold the response back and keep the connection open.
class CutProxy {
 public:
  enum class Moment { kBeforeRequest, kAfterAnswer, kHoldAnswer };

  // Lets this many requests with the word pass first.
  CutProxy(const std::string& server, std::string word, Moment moment, int passing = 0);
  ~CutProxy();
  CutProxy(const CutProxy&) = delete;
  CutProxy& operator=(const CutProxy&) = delete;

  const std::string& port() const { return port_; }
  bool has_cut() const { return has_cut_; }
  // Releases a response that is held back.
  void Release() { is_released_ = true; }

 private:
  void Serve();
  void Forward(int client, int server);

  const int server_port_;
  const std::string word_;
  const Moment moment_;
  std::atomic<int> passing_;
  int listener_ = -1;
  std::string port_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> has_cut_ = false;
  std::atomic<bool> is_released_ = false;
  std::thread thread_;
};

}  // namespace steamflow::test
