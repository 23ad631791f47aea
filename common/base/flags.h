#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace steamflow {

// A flag of a command line, for what is to be said of it beyond its name.
class Flag {
 public:
  explicit Flag(CLI::Option* option) : option_(option) {}

  // Refuses numbers outside, and shows both in --help. T: int, unsigned, std::uint64_t or double,
  // as the flag's value is, or what an optional one holds.
  template <typename T>
  Flag Range(T lowest, T highest) const;
  // Refuses other words, and shows these in --help.
  Flag OneOf(const std::vector<std::string>& words) const;
  // `check` returns what is wrong with a text; empty where nothing is.
  Flag Check(const std::function<std::string(const std::string&)>& check) const;
  // Refuses both together.
  Flag Excludes(const Flag& other) const;

 private:
  CLI::Option* option_;
};

// The flags of a command, under headings as --help shows them. CLI11 parses them, behind this
// header: it takes seconds to compile, and every task includes this one.
class Flags {
 public:
  // `name` is the command's; --help shows `about` before the flags and `footer` after them,
  // --version shows `version`.
  Flags(const std::string& name, const std::string& about, const std::string& footer,
        const std::string& version);

  // The same flags, for adding some under this heading.
  Flags Under(const std::string& heading) const;

  // Adds a flag that sets `value`, which has to outlive Parse(). What it is now is the default,
  // which --help shows unless it is empty or 0. A bool takes no word; a vector takes one more each
  // time. T: bool, int, unsigned, std::uint64_t, double, optionals of the last two, std::string, a
  // vector of strings.
  template <typename T>
  Flag Add(const std::string& flag, T& value, const std::string& help) const;

  // Says in --help that the command reads this variable, where no flag says so: a secret has none.
  void AddVariable(const std::string& name, const std::string& help) const;

  // Sets the values. Returns false where all is done, as --help or --version was printed. Throws
  // TaskError (kUsage).
  bool Parse(int argc, const char* const* argv) const;

  // The word that came with the flag, the last of several; empty where it was not given or there is
  // no such flag.
  std::string TextOf(const std::string& flag) const;

 private:
  std::shared_ptr<CLI::App> app_;
  std::string heading_;
};

}  // namespace steamflow
