#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace steamflow {

struct DeclaredFlag;

// A flag that was added to a command line. Its methods declare more about it. All of it is in the
// description of the command, and most of it in --help.
class Flag {
 public:
  explicit Flag(DeclaredFlag* declared) : declared_(declared) {}

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
  // Describes the flag's text: "path", "uri", "date-time", "json", "integer", or "topic", the name
  // of a Kafka topic. It is only for the description; nothing is checked.
  Flag Format(const char* format) const;
  // Describes the default of a flag whose value is empty unless the flag is given.
  Flag Default(const std::string& text) const;
  // Names the environment variable that is read if the flag is not given.
  Flag Environment(const std::string& variable) const;

 private:
  DeclaredFlag* declared_;
};

// The flags of a command, grouped under headings as --help shows them. CLI11 does the parsing. It
// is hidden behind this header because it takes seconds to compile and every task includes this
// file.
class Flags {
 public:
  // `name` is the name of the command. --help shows `about` before the flags, and after them
  // `example`, a full command line, and what `footer` returns; --version shows `version`.
  Flags(const std::string& name, const std::string& about, const std::string& example,
        std::string (*footer)(), const std::string& version);

  // Returns a view of the same flags that adds new ones under this heading.
  Flags Under(const std::string& heading) const;

  // Adds a flag that sets `value`, which must outlive Parse(). The current content of `value` is
  // the default; --help shows it unless it is empty or 0. A bool flag takes no argument. A vector
  // flag may be repeated and takes one argument each time. T is bool, int, unsigned, std::uint64_t,
  // double, an optional of one of the last two, std::string, or a vector of strings.
  template <typename T>
  Flag Add(const std::string& flag, T& value, const std::string& help) const;

  // Declares an environment variable that the command reads and that has no flag, such as a secret.
  void AddVariable(const std::string& name, const std::string& help) const;

  // Declares a Kafka topic that the command uses, beside those that its flags name by default.
  void AddTopic(const std::string& name) const;

  // Returns what was declared: {"description":"...","example":"...","options":[...],
  // "variables":[...],"topics":[...]}. Must be called before Parse(), which overwrites the
  // defaults.
  nlohmann::ordered_json Describe() const;

  // Parses the command line and sets the values. Returns false if --help or --version was given:
  // the text has been printed and the command is done. Throws TaskError (kUsage) if the command
  // line is invalid.
  bool Parse(int argc, const char* const* argv) const;

  // Returns the argument that was given to the flag, the last one if there were several. Returns an
  // empty string if the flag was not given or does not exist.
  std::string TextOf(const std::string& flag) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::string heading_;
};

}  // namespace steamflow
