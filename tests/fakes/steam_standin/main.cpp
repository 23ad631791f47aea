#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <thread>

#include "steam_standin/server.h"

namespace {

using steamflow::standin::Population;
using steamflow::standin::ServerOptions;
using steamflow::standin::StandinServer;

void WaitForEndOfInput() {
  std::array<char, 4096> ignored;
  while (read(STDIN_FILENO, ignored.data(), ignored.size()) > 0) {
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A loopback server that answers like the Steam Web API, with made-up data"};
  int port = 0;
  int latency_ms = 0;
  bool every_player = false;
  bool no_gzip = false;
  bool exit_with_stdin = false;
  ServerOptions options;
  app.add_option("--port", port, "Port on 127.0.0.1; 0 takes a free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--latency-ms", latency_ms, "Wait so long before every response")
      ->check(CLI::Range(0, 60'000))
      ->capture_default_str();
  app.add_option("--key", options.key, "The only API key to take; without it any will do");
  app.add_flag("--every-player", every_player, "Every id is a public account with recent games");
  app.add_flag("--no-gzip", no_gzip, "Never compress a response");
  app.add_flag("--exit-with-stdin", exit_with_stdin, "End when standard input ends");
  CLI11_PARSE(app, argc, argv);
  options.compresses = !no_gzip;
  options.latency = std::chrono::milliseconds(latency_ms);
  if (every_player) options.population = Population::kEveryPlayer;

  // Signals that are blocked here are blocked in every thread; sigwait() below receives them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  try {
    StandinServer server(std::move(options));
    std::cout << "http://127.0.0.1:" << server.Listen(port) << std::endl;
    std::thread([&server] { server.Serve(); }).detach();
    if (exit_with_stdin) {
      std::thread([] {
        WaitForEndOfInput();
        kill(getpid(), SIGTERM);
      }).detach();
    }
    int signal = 0;
    sigwait(&signals, &signal);
    // Stopping the library would wait for idle connections to time out, and there is nothing to
    // save.
    std::_Exit(EXIT_SUCCESS);
  } catch (const std::exception& error) {
    std::cerr << "steam-standin: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
