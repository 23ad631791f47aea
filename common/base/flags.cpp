#include "flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "task_error.h"

namespace steamflow {
namespace {

constexpr std::size_t kHelpColumn = 36;

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

}  // namespace

template <typename T>
Flag Flag::Range(T lowest, T highest) const {
  option_->check(CLI::Range(lowest, highest));
  return *this;
}

template Flag Flag::Range(int, int) const;
template Flag Flag::Range(unsigned, unsigned) const;
template Flag Flag::Range(std::uint64_t, std::uint64_t) const;
template Flag Flag::Range(double, double) const;

Flag Flag::OneOf(const std::vector<std::string>& words) const {
  option_->check(CLI::IsMember(words));
  return *this;
}

Flag Flag::Check(const std::function<std::string(const std::string&)>& check) const {
  option_->check(check);
  return *this;
}

Flag Flag::Excludes(const Flag& other) const {
  option_->excludes(other.option_);
  return *this;
}

Flags::Flags(const std::string& name, const std::string& about, const std::string& footer,
             const std::string& version)
    : app_(std::make_shared<CLI::App>(about, name)) {
  app_->footer(footer);
  app_->set_version_flag("--version", version);
  app_->get_formatter()->column_width(kHelpColumn);
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
    option = app_->add_flag(flag, value, help);
  } else {
    option = app_->add_option(flag, value, help)->allow_extra_args(false);
    if (IsShown(value)) option->capture_default_str();
  }
  if (!heading_.empty()) option->group(heading_);
  return Flag(option);
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
  const std::string heading = "Environment:\n";
  std::string footer = app_->get_footer();
  if (!footer.starts_with(heading)) footer.insert(0, heading + "\n");
  footer.insert(footer.find("\n\n") + 1, fmt::format("  {:<{}}{}\n", name, kHelpColumn - 2, help));
  app_->footer(footer);
}

bool Flags::Parse(int argc, const char* const* argv) const {
  try {
    app_->parse(argc, argv);
    return true;
  } catch (const CLI::Success& help_or_version) {
    app_->exit(help_or_version);
    return false;
  } catch (const CLI::ParseError& error) {
    throw TaskError(ExitCode::kUsage, error.what());
  }
}

std::string Flags::TextOf(const std::string& flag) const {
  const CLI::Option* const option = app_->get_option_no_throw(flag);
  return option && *option ? option->results().back() : "";
}

}  // namespace steamflow
