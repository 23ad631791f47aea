#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "redis_client.h"
#include "result.h"

namespace steamflow {

// The news items of an app that have been delivered. They are stored as a hash in Redis,
// `news_seen:<appid>[@<topic>]`: a field for each gid holds "<edition>/<date>", and the field
// `since` holds the date (epoch seconds) at which the window begins. Items older than `since` have
// been delivered or left out for good. A broken item that went to the dead letters has the field
// `letter:<fingerprint>`.
//
// The window reaches back 30 days from the newest item, and farther if that would be fewer than 200
// items. Within it, an item that the API publishes late or that was edited is recognised. It also
// keeps the newest 200 dead letters. No stored date is later than the clock was when it was
// written, whatever the item says.
class NewsWindow {
 public:
  using Fields = std::map<std::string, std::string>;

  // `held` are the fields of the hash, empty if it does not exist; `now` is the clock's time in
  // epoch seconds. Throws TaskError (kData) if the fields are malformed.
  NewsWindow(std::string key, Fields held, std::int64_t now);

  // Returns whether an earlier run has stored a window.
  bool exists() const { return !held_.empty(); }
  bool BeginsAfter(std::int64_t date) const { return date < since_; }

  // Returns whether the item still has to be delivered: it is unknown and not older than the
  // window, or has another edition. An item without a date is never too old.
  bool IsNew(const std::string& field, const std::string& edition,
             std::optional<std::int64_t> date) const;

  // Notes an item that this run has delivered.
  void Add(const std::string& field, const std::string& edition, std::optional<std::int64_t> date);
  // Notes an item that an earlier run has delivered and the feed still shows.
  void Keep(const std::string& field, std::optional<std::int64_t> date);
  // Lets an app's first window begin at `date`, because the run leaves out older items.
  void BeginAt(std::int64_t date);

  const std::string& key() const { return key_; }
  const Fields& held() const { return held_; }
  // Returns the fields to store after this run, or nullopt if nothing was added.
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
  std::map<std::string, Entry> entries_;  // the stored ones and the added ones
  // The items that the feed shows in this run, with the dates that they have there.
  std::map<std::string, std::optional<std::int64_t>> shown_;
  bool has_added_ = false;
};

// Returns the date of the newest item in a window, as text for the result. Returns nullopt if the
// window has no items.
std::optional<std::string> NewestOf(const NewsWindow::Fields& fields);

std::string NewsWindowKey(std::uint32_t appid, const std::string& topic);

// The place where a window is stored. Both functions throw TaskError.
struct NewsWindowStore {
  std::function<NewsWindow::Fields()> read;
  // Replaces `from` with `to` in one step. Returns false, and changes nothing, if the store holds
  // anything other than `from`.
  std::function<bool(const NewsWindow::Fields& from, const NewsWindow::Fields& to)> replace;
};

// Returns the store for the hash `key`. `redis` must outlive it.
NewsWindowStore NewsWindowIn(RedisClient& redis, const std::string& key);

// Stores what the run has added, unless another run has changed the window since it was read.
// Nothing is lost then: the other run has delivered the same items under the same event ids, or a
// later run will. Returns nullopt if the window did not change or holds no items. Throws TaskError.
std::optional<CursorResult> MoveNewsWindow(const NewsWindowStore& store, const NewsWindow& window);

}  // namespace steamflow
