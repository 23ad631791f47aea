#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dead_letters.h"

namespace steamflow {

// A dead letter that is not written yet: it owns a copy of all that it tells. Stays where it is
// made, as the views of it do.
class KeptDeadLetter {
 public:
  explicit KeptDeadLetter(const DeadLetterMessage& letter);
  KeptDeadLetter(const KeptDeadLetter&) = delete;
  KeptDeadLetter& operator=(const KeptDeadLetter&) = delete;

  // Its views are valid as long as this.
  const DeadLetterMessage& letter() const { return letter_; }
  // About how much memory it takes.
  std::size_t bytes() const { return bytes_; }

 private:
  std::string_view Copy(std::string_view text);
  std::optional<std::string_view> Copy(const std::optional<std::string_view>& text);

  std::string texts_;         // all of them, one after the other
  DeadLetterMessage letter_;  // into texts_
  std::vector<KafkaHeader> headers_;
  std::size_t bytes_ = 0;
};

}  // namespace steamflow
