#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "news_parser.h"
#include "news_window.h"

namespace steamflow {

// Reads the news of one app in one run, page by page, from the newest item back to where the window
// begins. It decides which page to ask for next and which items to deliver. No I/O.
//
// The API selects a page by date (`enddate`), and several items can have the same second. So each
// page asks again for the second of the last item before it. Then no item is lost, whether or not
// the server includes `enddate` itself.
class NewsFeed {
 public:
  // If the app has no window yet, delivers at most the newest `max_items` items.
  NewsFeed(NewsWindow window, std::uint64_t max_items);

  // The page to ask for: at most `count` items, older than `enddate` (epoch seconds).
  std::size_t count() const { return count_; }
  std::int64_t enddate() const { return enddate_; }  // 0 = the newest items

  bool has_begun() const { return has_begun_; }        // a page was taken
  bool is_over() const { return is_over_; }            // there is no further page to ask for
  bool has_left_out() const { return has_left_out_; }  // older items were left out for `max_items`
  // Returns whether the server gives neither the newest items first nor all items in one page, so
  // that there is no way to ask for the others. The feed is over then.
  bool is_out_of_order() const { return is_out_of_order_; }
  // Returns whether a second may have more items than the server gives in a page, so that the rest
  // of them cannot be read. The feed continues before that second.
  bool has_unreachable() const { return has_unreachable_; }
  bool has_delivered() const { return has_delivered_; }  // records or dead letters

  // Takes the page that was asked for. Returns the items to deliver; they point into `page`, and
  // include broken ones, which are to become dead letters.
  std::vector<const steam_api::NewsItem*> Take(const steam_api::News& page);

  // Returns whether an earlier run has already made a dead letter of every broken item in the page.
  bool KnowsTheBroken(const steam_api::News& page) const;

  const NewsWindow& window() const { return window_; }

 private:
  // Decides from the page that was just taken whether there is another one, and sets count() and
  // enddate() for it. `has_unseen` says whether the page had an item that no page before it had.
  void PlanNext(const steam_api::News& page, bool has_unseen);

  // Take() adds to it what this run delivers. The task stores it at the end of the run.
  NewsWindow window_;
  // Limits only the first run of an app. Later runs deliver everything since the window begins.
  const std::uint64_t max_items_;
  // Usually 100. It doubles while a page is filled by items of a single second, up to 12,800.
  std::size_t count_;
  std::int64_t enddate_ = 0;
  bool has_begun_ = false;
  bool is_over_ = false;
  bool has_left_out_ = false;
  bool is_out_of_order_ = false;
  bool has_unreachable_ = false;
  bool has_delivered_ = false;
  std::uint64_t delivered_ = 0;  // the number of records delivered
  std::int64_t oldest_ = 0;      // the oldest date among them
  int steps_ = 0;                // how often in a row it went back a second and saw nothing new
  std::set<std::string> seen_;   // the items seen in this run, as fields of the window
};

// Returns a fingerprint of a broken item's bytes, which identifies it.
std::string LetterId(const steam_api::NewsItem& item);

}  // namespace steamflow
