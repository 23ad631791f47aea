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

// A flag that was added to a command line. Its methods set further rules for the flag.
class Flag {
 public:
  explicit Flag(CLI::Option* option) : option_(option) {}

  // Rejects numbers outside of this range and shows the range in --help. T is int, unsigned,
  // std::uint64_t or double: the type of the flag's value, or the type inside its optional.
  template <typename T>
  Flag Range(T lowest, T highest) const;
  // Rejects words that are not listed and shows the list in --help.
  Flag OneOf(const std::vector<std::string>& words) const;
  // Validates the flag's text with `check`, which returns an error message, or an empty string if
  // the text is valid.
  Flag Check(const std::function<std::string(const std::string&)>& check) const;
  // Rejects a command line that has both flags.
  Flag Excludes(const Flag& other) const;

 private:
  CLI::Option* option_;
};

// The flags of a command, grouped under headings as --help shows them. CLI11 does the parsing. It
// is hidden behind this header because it takes seconds to compile and every task includes this
// file.
class Flags {
 public:
  // `name` is the name of the command. --help shows `about` before the flags and `footer` after
  // them; --version shows `version`.
  Flags(const std::string& name, const std::string& about, const std::string& footer,
        const std::string& version);

  // Returns a view of the same flags that adds new ones under this heading.
  Flags Under(const std::string& heading) const;

  // Adds a flag that sets `value`, which must outlive Parse(). The current content of `value` is
  // the default; --help shows it unless it is empty or 0. A bool flag takes no argument. A vector
  // flag may be repeated and takes one argument each time. T is bool, int, unsigned, std::uint64_t,
  // double, an optional of one of the last two, std::string, or a vector of strings.
  template <typename T>
  Flag Add(const std::string& flag, T& value, const std::string& help) const;

  // Lists an environment variable that the command reads in --help. This is for variables without a
  // flag, such as secrets.
  void AddVariable(const std::string& name, const std::string& help) const;

  // Parses the command line and sets the values. Returns false if --help or --version was given:
  // the text has been printed and the command is done. Throws TaskError (kUsage) if the command
  // line is invalid.
  bool Parse(int argc, const char* const* argv) const;

  // Returns the argument that was given to the flag, the last one if there were several. Returns an
  // empty string if the flag was not given or does not exist.
  std::string TextOf(const std::string& flag) const;

 private:
  std::shared_ptr<CLI::App> app_;
  std::string heading_;
};

}  // namespace steamflow
