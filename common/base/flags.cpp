#include "flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "json_document.h"
#include "task_error.h"

namespace steamflow {

using Number = std::variant<std::int64_t, std::uint64_t, double>;

// A flag as it was declared. --help and the description are formatted only when they are printed.
struct DeclaredFlag {
  CLI::Option* option;
  std::string heading;
  const char* type;             // of JSON Schema
  std::function<Json()> value;  // the current value, the default before Parse(); null if empty
  std::optional<std::pair<Number, Number>> range;
  std::vector<std::string> words;
  const char* format = nullptr;
  std::string default_text;
  std::string environment;
};

namespace {

constexpr std::size_t kHelpColumn = 36;
constexpr char kOptions[] = "Options";  // CLI11's heading

template <typename T>
bool IsShown(const T& value) {
  if constexpr (requires { value.has_value(); }) {
    return value.has_value();
  } else if constexpr (std::is_arithmetic_v<T>) {
    return value != 0;
  } else {
    return !value.empty();
  }
}

template <typename T>
Json ToJson(const T& value) {
  if (!IsShown(value)) return nullptr;
  if constexpr (requires { value.has_value(); }) {
    return *value;
  } else {
    return value;
  }
}

// Returns the type of JSON Schema for a flag's value.
template <typename T>
const char* TypeOf(const T&) {
  if constexpr (std::is_same_v<T, std::vector<std::string>>) return "array";
  if constexpr (std::is_same_v<T, bool>) return "boolean";
  if constexpr (std::is_same_v<T, std::string>) return "string";
  if constexpr (std::is_same_v<T, double> || std::is_same_v<T, std::optional<double>>) {
    return "number";
  }
  return "integer";
}

Number ToNumber(int value) {
  return std::int64_t{value};
}
Number ToNumber(unsigned value) {
  return std::uint64_t{value};
}
Number ToNumber(std::uint64_t value) {
  return value;
}
Number ToNumber(double value) {
  return value;
}

// The JSON Schema of a flag's value.
Json SchemaOf(const DeclaredFlag& flag) {
  Json schema{{"type", flag.type}};
  if (flag.range) {
    std::visit([&](auto number) { schema["minimum"] = number; }, flag.range->first);
    std::visit([&](auto number) { schema["maximum"] = number; }, flag.range->second);
  }
  if (!flag.words.empty()) schema["enum"] = flag.words;
  const bool is_list = flag.type == std::string_view("array");
  if (is_list) schema["items"] = {{"type", "string"}};
  if (flag.format) (is_list ? schema["items"] : schema)["format"] = flag.format;
  Json value = flag.default_text.empty() ? flag.value() : Json(flag.default_text);
  if (!value.is_null()) schema["default"] = std::move(value);
  return schema;
}

Json Describe(const DeclaredFlag& flag) {
  Json json{{"name", flag.option->get_name()},
            {"group", flag.heading.empty() ? kOptions : flag.heading},
            {"description", flag.option->get_description()},
            {"schema", SchemaOf(flag)}};
  if (!flag.environment.empty()) json["environment"] = flag.environment;
  std::vector<std::string> excluded;
  for (const CLI::Option* other : flag.option->get_excludes())
    excluded.push_back(other->get_name());
  std::sort(excluded.begin(), excluded.end());
  if (!excluded.empty()) json["excludes"] = std::move(excluded);
  return json;
}

// Makes --help show what CLI11 does not know of the flag.
void PrepareHelp(const DeclaredFlag& flag) {
  if (!flag.default_text.empty()) flag.option->default_str(flag.default_text);
  if (flag.environment.empty()) return;
  flag.option->description(
      fmt::format("{} [env: {}]", flag.option->get_description(), flag.environment));
}

}  // namespace

struct Flags::State {
  State(const std::string& name, const std::string& about, const std::string& its_example,
        std::string (*its_footer)())
      : app(about, name), example(its_example), footer(its_footer) {}

  std::string Footer() const;

  CLI::App app;
  const std::string example;
  std::string (*const footer)();
  std::deque<DeclaredFlag> flags;  // Flag points to its elements
  std::vector<std::pair<std::string, std::string>> variables;
  std::vector<std::string> topics;
};

template <typename T>
Flag Flag::Range(T lowest, T highest) const {
  declared_->option->check(CLI::Range(lowest, highest));
  declared_->range.emplace(ToNumber(lowest), ToNumber(highest));
  return *this;
}

template Flag Flag::Range(int, int) const;
template Flag Flag::Range(unsigned, unsigned) const;
template Flag Flag::Range(std::uint64_t, std::uint64_t) const;
template Flag Flag::Range(double, double) const;

Flag Flag::OneOf(const std::vector<std::string>& words) const {
  declared_->option->check(CLI::IsMember(words));
  declared_->words = words;
  return *this;
}

Flag Flag::Check(const std::function<std::string(const std::string&)>& check) const {
  declared_->option->check(check);
  return *this;
}

Flag Flag::Excludes(const Flag& other) const {
  declared_->option->excludes(other.declared_->option);
  return *this;
}

Flag Flag::Format(const char* format) const {
  declared_->format = format;
  return *this;
}

Flag Flag::Default(const std::string& text) const {
  declared_->default_text = text;
  return *this;
}

Flag Flag::Environment(const std::string& variable) const {
  declared_->environment = variable;
  return *this;
}

std::string Flags::State::Footer() const {
  std::string text;
  for (const auto& [name, help] : variables) {
    text += fmt::format("  {:<{}}{}\n", name, kHelpColumn - 2, help);
  }
  if (!text.empty()) text = "Environment:\n" + text + "\n";
  return text + fmt::format("Example:\n  {}\n\n{}", example, footer());
}

Flags::Flags(const std::string& name, const std::string& about, const std::string& example,
             std::string (*footer)(), const std::string& version)
    : state_(std::make_shared<State>(name, about, example, footer)) {
  state_->app.set_version_flag("--version", version);
  state_->app.get_formatter()->column_width(kHelpColumn);
}

Flags Flags::Under(const std::string& heading) const {
  Flags flags = *this;
  flags.heading_ = heading;
  return flags;
}

template <typename T>
Flag Flags::Add(const std::string& flag, T& value, const std::string& help) const {
  CLI::Option* option = nullptr;
  if constexpr (std::is_same_v<T, bool>) {
    option = state_->app.add_flag(flag, value, help);
  } else {
    option = state_->app.add_option(flag, value, help)->allow_extra_args(false);
    if (IsShown(value)) option->capture_default_str();
  }
  if (!heading_.empty()) option->group(heading_);
  state_->flags.push_back(
      {.option = option, .heading = heading_, .type = TypeOf(value), .value = [&value] {
         return ToJson(value);
       }});
  return Flag(&state_->flags.back());
}

template Flag Flags::Add(const std::string&, bool&, const std::string&) const;
template Flag Flags::Add(const std::string&, int&, const std::string&) const;
template Flag Flags::Add(const std::string&, unsigned&, const std::string&) const;
template Flag Flags::Add(const std::string&, std::uint64_t&, const std::string&) const;
template Flag Flags::Add(const std::string&, double&, const std::string&) const;
template Flag Flags::Add(const std::string&, std::optional<std::uint64_t>&,
                         const std::string&) const;
template Flag Flags::Add(const std::string&, std::optional<double>&, const std::string&) const;
template Flag Flags::Add(const std::string&, std::string&, const std::string&) const;
template Flag Flags::Add(const std::string&, std::vector<std::string>&, const std::string&) const;

void Flags::AddVariable(const std::string& name, const std::string& help) const {
  state_->variables.emplace_back(name, help);
}

void Flags::AddTopic(const std::string& name) const {
  state_->topics.push_back(name);
}

Json Flags::Describe() const {
  Json options = Json::array();
  for (const CLI::Option* own : {state_->app.get_help_ptr(), state_->app.get_version_ptr()}) {
    options.push_back({{"name", own->get_name()},
                       {"group", kOptions},
                       {"description", own->get_description()},
                       {"schema", {{"type", "boolean"}}}});
  }
  for (const DeclaredFlag& flag : state_->flags) options.push_back(steamflow::Describe(flag));
  Json variables = Json::array();
  for (const auto& [name, help] : state_->variables) {
    variables.push_back({{"name", name}, {"description", help}});
  }
  return {{"description", state_->app.get_description()},
          {"example", state_->example},
          {"options", std::move(options)},
          {"variables", std::move(variables)},
          {"topics", state_->topics}};
}

bool Flags::Parse(int argc, const char* const* argv) const {
  CLI::App& app = state_->app;
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::Success& help_or_version) {
    for (const DeclaredFlag& flag : state_->flags) PrepareHelp(flag);
    app.footer(state_->Footer());
    app.exit(help_or_version);
    return false;
  } catch (const CLI::ParseError& error) {
    throw TaskError(ExitCode::kUsage, error.what());
  }
}

std::string Flags::TextOf(const std::string& flag) const {
  const CLI::Option* const option = state_->app.get_option_no_throw(flag);
  return option && *option ? option->results().back() : "";
}

}  // namespace steamflow
