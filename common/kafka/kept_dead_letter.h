#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dead_letters.h"

namespace steamflow {

// A dead letter that is written later. It owns a copy of the letter's data. It cannot be copied or
// moved, because its letter consists of views into that copy.
class KeptDeadLetter {
 public:
  explicit KeptDeadLetter(const DeadLetterMessage& letter);
  KeptDeadLetter(const KeptDeadLetter&) = delete;
  KeptDeadLetter& operator=(const KeptDeadLetter&) = delete;

  // Returns the letter. Its views are valid as long as this object.
  const DeadLetterMessage& letter() const { return letter_; }
  // Returns approximately how much memory the letter takes.
  std::size_t bytes() const { return bytes_; }

 private:
  // Appends the text to texts_, which has its final capacity, and returns a view of the copy.
  std::string_view Copy(std::string_view text);
  std::optional<std::string_view> Copy(const std::optional<std::string_view>& text);

  std::string texts_;         // all texts of the letter, concatenated
  DeadLetterMessage letter_;  // consists of views into texts_
  std::vector<KafkaHeader> headers_;
  std::size_t bytes_ = 0;
};

}  // namespace steamflow
