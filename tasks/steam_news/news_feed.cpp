#include "news_feed.h"

#include <algorithm>
#include <limits>

#include "fingerprint.h"

namespace steamflow {
namespace {

constexpr std::size_t kPageSize = 100;
constexpr std::size_t kLargestPage = 12'800;
constexpr int kMostSteps = 3;
constexpr std::int64_t kLatestEnddate = std::numeric_limits<std::uint32_t>::max();

// An item in the terms of the window.
struct Entry {
  std::string field;
  std::string edition;
  std::optional<std::int64_t> date;
};

Entry EntryOf(const steam_api::NewsItem& item) {
  // `since` is a field of the window itself.
  if (!item.is_broken())
    return {item.gid == "since" ? "gid:since" : item.gid, item.edition, item.date};
  const std::string id = LetterId(item);
  return {"letter:" + id, id, item.date};
}

// Returns the date of the last item that pages can be asked for by. Returns nothing where there is
// none, or where the page is not newest first; a few items out of place (pinned ones) do not count.
std::optional<std::int64_t> OldestDate(const steam_api::News& page) {
  std::vector<std::int64_t> dates;
  std::size_t rises = 0;
  for (const steam_api::NewsItem& item : page.items) {
    if (!item.date || *item.date >= kLatestEnddate) continue;
    if (!dates.empty() && *item.date > dates.back()) ++rises;
    dates.push_back(*item.date);
  }
  if (dates.empty() || rises * 4 > dates.size()) return std::nullopt;
  return dates.back();
}

}  // namespace

std::string LetterId(const steam_api::NewsItem& item) {
  return Fingerprint(item.json);
}

NewsFeed::NewsFeed(NewsWindow window, std::uint64_t max_items)
    : window_(std::move(window)), max_items_(max_items), count_(kPageSize) {}

std::vector<const steam_api::NewsItem*> NewsFeed::Take(const steam_api::News& page) {
  has_begun_ = true;
  std::vector<const steam_api::NewsItem*> fresh;
  bool has_unseen = false;
  for (const steam_api::NewsItem& item : page.items) {
    const auto [field, edition, date] = EntryOf(item);
    if (!seen_.insert(field).second) continue;
    has_unseen = true;
    if (!window_.IsNew(field, edition, date)) {
      window_.Keep(field, date);
      continue;
    }
    if (!item.is_broken()) {
      if (!window_.exists() && delivered_ == max_items_) {
        // Of that second others may be left out: the next run delivers them, and edits of all.
        window_.BeginAt(oldest_);
        has_left_out_ = is_over_ = true;
        return fresh;
      }
      oldest_ = delivered_++ == 0 ? *item.date : std::min(oldest_, *item.date);
    }
    has_delivered_ = true;
    window_.Add(field, edition, date);
    fresh.push_back(&item);
  }
  PlanNext(page, has_unseen);
  return fresh;
}

void NewsFeed::PlanNext(const steam_api::News& page, bool has_unseen) {
  const bool is_full = page.items.size() >= count_;
  // The server may give less than it is asked for.
  const bool has_more = is_full || page.total > seen_.size();
  const auto oldest = OldestDate(page);
  if ((oldest && window_.BeginsAfter(*oldest)) || page.items.empty()) {
    is_over_ = true;
  } else if (has_unseen && has_more && oldest) {
    enddate_ = *oldest + 1;
    count_ = kPageSize;
    steps_ = 0;
  } else if (is_full && count_ < kLargestPage) {
    count_ *= 2;  // one second, or what has no date or no order, fills the page
  } else if (!oldest) {
    is_over_ = true;
    is_out_of_order_ = has_more;
  } else if (has_unseen || count_ == kPageSize || ++steps_ == kMostSteps) {
    is_over_ = true;
  } else {
    // The server gives no larger page: what is left of the second cannot be reached.
    has_unreachable_ = true;
    enddate_ = enddate_ == 0 ? *oldest : std::min(*oldest, enddate_ - 1);
    count_ = kPageSize;
  }
}

bool NewsFeed::KnowsTheBroken(const steam_api::News& page) const {
  return std::none_of(page.items.begin(), page.items.end(), [this](const auto& item) {
    if (!item.is_broken()) return false;
    const auto [field, edition, date] = EntryOf(item);
    return window_.IsNew(field, edition, date);
  });
}

}  // namespace steamflow
