#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "redis_client.h"
#include "result.h"

namespace steamflow {

// Which news of an app have been delivered: a hash in Redis, `news_seen:<appid>[@<topic>]`. A field
// for each gid holds "<edition>/<date>", the field `since` the date (epoch seconds) at which the
// window begins. What is older has been delivered or left out for good. A broken item that went to
// the dead letters is in it too, as `letter:<fingerprint>`.
//
// It holds the last 30 days before the newest item and at least the newest 200, so that an item
// that is taken in late or edited is known as such, and the newest 200 dead letters. No date in it
// lies beyond the clock when it was written, whatever an item says.
class NewsWindow {
 public:
  using Fields = std::map<std::string, std::string>;

  // From what is kept of it, nothing where there is none. Throws TaskError (kData) where that is
  // garbage.
  NewsWindow(std::string key, Fields held, std::int64_t now);

  // Whether an earlier run has delivered anything, or found out that there is nothing.
  bool exists() const { return !held_.empty(); }
  bool BeginsAfter(std::int64_t date) const { return date < since_; }

  // Whether the item is still to be delivered. Without a date it is part of any window.
  bool IsNew(const std::string& field, const std::string& edition,
             std::optional<std::int64_t> date) const;

  // Notes what this run has delivered, and what it has found delivered by an earlier one.
  void Add(const std::string& field, const std::string& edition, std::optional<std::int64_t> date);
  void Keep(const std::string& field, std::optional<std::int64_t> date);
  // The first window begins there rather than at the beginning of all time: older ones were left
  // out.
  void BeginAt(std::int64_t date);

  const std::string& key() const { return key_; }
  const Fields& held() const { return held_; }
  // What is to be kept after this run; nothing where nothing was added.
  std::optional<Fields> Moved() const;

 private:
  struct Entry {
    std::string edition;
    std::int64_t date = 0;
  };

  std::int64_t BeginningOf(const std::map<std::string, Entry>& entries) const;

  std::string key_;
  Fields held_;
  std::int64_t now_;
  std::int64_t since_ = 0;
  std::map<std::string, Entry> entries_;  // those held, and those added
  // What of it the feed shows in this run, and the date there.
  std::map<std::string, std::optional<std::int64_t>> shown_;
  bool has_added_ = false;
};

// The date of the newest item in a window, as it stands in the result; nothing where it has none.
std::optional<std::string> NewestOf(const NewsWindow::Fields& fields);

std::string NewsWindowKey(std::uint32_t appid, const std::string& topic);

// Where a window is kept. Both functions throw TaskError.
struct NewsWindowStore {
  std::function<NewsWindow::Fields()> read;
  // Replaces `from` by `to` in one step; false where it holds anything else than `from`.
  std::function<bool(const NewsWindow::Fields& from, const NewsWindow::Fields& to)> replace;
};

// The hash `key` in Redis, which must outlive the store.
NewsWindowStore NewsWindowIn(RedisClient& redis, const std::string& key);

// Adds to what is kept, unless another run has changed it since the window was read: that one has
// delivered the same items under the same event ids, or leaves them to a later run. Nothing where
// no record was ever added. Throws TaskError.
std::optional<CursorResult> MoveNewsWindow(const NewsWindowStore& store, const NewsWindow& window);

}  // namespace steamflow
