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

// What the window stores about an item.
struct Entry {
  std::string field;
  std::string edition;
  std::optional<std::int64_t> date;
};

Entry EntryOf(const steam_api::NewsItem& item) {
  // A gid "since" must not collide with the window's own field `since`.
  if (!item.is_broken())
    return {item.gid == "since" ? "gid:since" : item.gid, item.edition, item.date};
  const std::string id = LetterId(item);
  return {"letter:" + id, id, item.date};
}

// Returns the date from which to continue after this page, that of its last item. Returns nullopt
// if the page has no dates or is not sorted newest first; a few items out of order, such as pinned
// ones, are tolerated.
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
        // The window begins at the oldest delivered second. Items of that second that are left out
        // here are delivered by the next run.
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
  // A page that is not full may still have more behind it: the server may give less than was asked
  // for.
  const bool has_more = is_full || page.total > seen_.size();
  const auto oldest = OldestDate(page);
  has_unreachable_ = has_unreachable_ || (has_unseen && steps_ > 0);
  if ((oldest && window_.BeginsAfter(*oldest)) || page.items.empty()) {
    is_over_ = true;
  } else if (has_unseen && has_more && oldest) {
    enddate_ = *oldest + 1;
    count_ = kPageSize;
    steps_ = 0;
  } else if (is_full && count_ < kLargestPage) {
    count_ *= 2;  // items of one second, or items without date or order, fill the page
  } else if (!oldest) {
    is_over_ = true;
    is_out_of_order_ = has_more;
  } else if (has_unseen || (count_ == kPageSize && !has_more) || ++steps_ == kMostSteps) {
    is_over_ = true;
  } else {
    // The server gives no larger page, so the rest of this second cannot be read, if there is any.
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
