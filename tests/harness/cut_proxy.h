#pragma once

#include <atomic>
#include <string>
#include <thread>

namespace steamflow::test {

// A TCP proxy on loopback in front of a server, which cuts one connection, around the first request
// that holds a word: before the server gets it, or when the server has answered it. Or it holds
// that answer back, and the connection stays.
class CutProxy {
 public:
  enum class Moment { kBeforeRequest, kAfterAnswer, kHoldAnswer };

  // Lets so many requests with the word pass before.
  CutProxy(const std::string& server, std::string word, Moment moment, int passing = 0);
  ~CutProxy();
  CutProxy(const CutProxy&) = delete;
  CutProxy& operator=(const CutProxy&) = delete;

  const std::string& port() const { return port_; }
  bool has_cut() const { return has_cut_; }
  // Of an answer that is held back.
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
