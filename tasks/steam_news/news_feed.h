#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "news_parser.h"
#include "news_window.h"

namespace steamflow {

// The news of one app in one run, from the newest page back to where the window begins. Says which
// page to ask for and which items of it to deliver. Pure: no I/O.
//
// Each page is asked for by the date of the last item before it, whose second it repeats: items
// share seconds, and so none of them is lost, whether or not the server counts that second in.
class NewsFeed {
 public:
  // Where there is no window yet, at most `max_items` are delivered: the newest.
  NewsFeed(NewsWindow window, std::uint64_t max_items);

  // The page to ask for.
  std::size_t count() const { return count_; }
  std::int64_t enddate() const { return enddate_; }  // 0 = the newest

  bool has_begun() const { return has_begun_; }
  bool is_over() const { return is_over_; }
  bool has_left_out() const { return has_left_out_; }
  // The server gives neither the newest items first nor all of them in one page, so that the others
  // cannot be asked for. The feed is over then.
  bool is_out_of_order() const { return is_out_of_order_; }
  // One second may have more items than the server gives in a page. The feed goes on before it.
  bool has_unreachable() const { return has_unreachable_; }
  bool has_delivered() const { return has_delivered_; }  // records or dead letters

  // Takes the page that was asked for. Returns those of its items that are to be delivered; broken
  // ones, as dead letters, are among them.
  std::vector<const steam_api::NewsItem*> Take(const steam_api::News& page);

  // Whether every broken item of the page is a dead letter already.
  bool KnowsTheBroken(const steam_api::News& page) const;

  const NewsWindow& window() const { return window_; }

 private:
  void PlanNext(const steam_api::News& page, bool has_unseen);

  NewsWindow window_;
  const std::uint64_t max_items_;
  std::size_t count_;
  std::int64_t enddate_ = 0;
  bool has_begun_ = false;
  bool is_over_ = false;
  bool has_left_out_ = false;
  bool is_out_of_order_ = false;
  bool has_unreachable_ = false;
  bool has_delivered_ = false;
  std::uint64_t delivered_ = 0;  // records
  std::int64_t oldest_ = 0;      // of them
  int steps_ = 0;                // to an earlier second, with nothing unseen
  std::set<std::string> seen_;   // fields of the window, in this run
};

// What identifies a broken item: its bytes.
std::string LetterId(const steam_api::NewsItem& item);

}  // namespace steamflow
