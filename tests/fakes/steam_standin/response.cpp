#include "steam_standin/response.h"

#include <array>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <utility>

#include "steam_standin/apps.h"
#include "steam_standin/gzip.h"
#include "steam_standin/news.h"

namespace steamflow::standin {
namespace {

constexpr std::size_t kMaxSteamIds = 100;

Response BadRequest(const std::string& text) {
  return ErrorPage(400, "Bad Request", text);
}

Response Json(std::string body) {
  return {.body = std::move(body)};
}

Response EdgeBlock() {
  return ErrorPage(403, "Access Denied",
                   "You don't have permission to access this server.<P>Reference "
                   "&#35;18&#46;2d351ab8&#46;1557333295&#46;a4e16ab</P>");
}

/// Replaces each `{date+N}` by the HTTP date N seconds from now.
std::string FillInDates(std::string value) {
  constexpr std::string_view kToken = "{date+";
  for (auto at = value.find(kToken); at != std::string::npos; at = value.find(kToken, at)) {
    const auto end = value.find('}', at);
    if (end == std::string::npos) break;
    const auto seconds = std::atol(value.c_str() + at + kToken.size());
    const auto when = std::time(nullptr) + seconds;
    std::tm utc{};
    gmtime_r(&when, &utc);
    std::array<char, 40> date;
    const auto length = std::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    value.replace(at, end + 1 - at, date.data(), length);
  }
  return value;
}

/// Inserts `text` at the front of the first name or title in `json`, or of that of the player in
/// `match`, if the fault names one. If a response has no such text, adds a member that has it.
void DamageText(std::string& json, std::string_view text, const Match& match) {
  std::size_t from = 0;
  if (match.steam_id) from = json.find(R"("steamid":")" + std::to_string(*match.steam_id));
  if (from == std::string::npos) from = 0;
  for (const std::string_view field : {R"("personaname":")", R"("name":")", R"("title":")"}) {
    const auto at = json.find(field, from);
    if (at != std::string::npos) {
      json.insert(at + field.size(), text);
      return;
    }
  }
  const auto inside = json.find('{', 1) + 1;
  json.insert(inside, json[inside] == '}' ? R"("note":"")" : R"("note":"",)");
  json.insert(inside + std::string_view(R"("note":")").size(), text);
}

void Halve(std::string& body) {
  body.resize(body.size() / 2);
}

/// Returns the response that the kind of the fault makes, before status, headers and body are
/// replaced.
Response SpoilByKind(Response response, const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::kStatus:
      return ErrorPage(*fault.status, "Error", "An error occurred while processing your request.");
    case FaultKind::kHtml200:
      return ErrorPage(200, "Maintenance", "The Steam servers are down for maintenance.");
    case FaultKind::kCutLength:
      response.delivery = Delivery::kCutLength;
      break;
    case FaultKind::kCutChunked:
      response.delivery = Delivery::kCutChunked;
      break;
    case FaultKind::kCutClose:
      response.delivery = Delivery::kCutClose;
      break;
    case FaultKind::kBrokenJson:
      Halve(response.body);
      break;
    case FaultKind::kBadUtf8:
      DamageText(response.body, "\xff\xfe\xc3", fault.match);
      break;
    case FaultKind::kNul:
      DamageText(response.body, "\\u0000", fault.match);
      break;
    case FaultKind::kLoneSurrogate:
      DamageText(response.body, "\\ud83d", fault.match);
      break;
    case FaultKind::kGzipBomb:
      response.body = GzipBomb();
      response.headers["Content-Encoding"] = "gzip";
      break;
    case FaultKind::kTrickle:
      response.delivery = Delivery::kTrickle;
      response.pause = fault.ms;
      break;
    case FaultKind::kSilence:
      response.delivery = Delivery::kSilence;
      break;
    case FaultKind::kRedirect:
      response = ErrorPage(302, "Found", "The document has moved.");
      response.headers["Location"] = fault.location;
      break;
    case FaultKind::kLatency:  // Faults::Take has turned it into a delay
      break;
    case FaultKind::kEdgeBlock:
      return EdgeBlock();
    case FaultKind::kKeyRefused401:
      return KeyRefused(401);
    case FaultKind::kKeyRefused403:
      return KeyRefused(403);
  }
  return response;
}

}  // namespace

Response ErrorPage(int status, const std::string& title, const std::string& text) {
  return {.status = status,
          .content_type = "text/html; charset=UTF-8",
          .body = "<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1>" +
                  text + "</body></html>"};
}

Response KeyRefused(int status) {
  return ErrorPage(status, status == 401 ? "Unauthorized" : "Forbidden",
                   "Access is denied. Retrying will not help. Please verify your "
                   "<pre>key=</pre> parameter.");
}

Response ResponseTo(const ApiCall& call, const Accounts& accounts) {
  switch (call.method) {
    case Method::kNumberOfCurrentPlayers: {
      if (!call.appid) return BadRequest("Required parameter 'appid' is missing");
      auto response = Json(NumberOfCurrentPlayers(*call.appid));
      if (!AppExists(*call.appid)) response.status = 404;
      return response;
    }
    case Method::kRecentlyPlayedGames:
      if (call.steam_ids.size() != 1) return BadRequest("Required parameter 'steamid' is missing");
      return Json(accounts.RecentlyPlayedGames(call.steam_ids.front(), call.count.value_or(0)));
    case Method::kPlayerSummaries:
      if (call.steam_ids.empty()) return BadRequest("Required parameter 'steamids' is missing");
      if (call.steam_ids.size() > kMaxSteamIds) return BadRequest("Too many steamids");
      return Json(accounts.PlayerSummaries(call.steam_ids));
    case Method::kNewsForApp:
      if (!call.appid) return BadRequest("Required parameter 'appid' is missing");
      if (!HasNewsFeed(*call.appid)) return {.status = 403, .body = "{}"};
      return Json(NewsForApp(*call.appid, call.count.value_or(20), call.enddate));
  }
  std::abort();
}

Response Spoil(Response response, const Fault& fault) {
  response = SpoilByKind(std::move(response), fault);
  if (fault.status) response.status = *fault.status;
  if (fault.body) response.body = *fault.body;
  for (const auto& [name, value] : fault.headers) {
    if (name == "Content-Type") {
      response.content_type = value;
    } else {
      response.headers[name] = FillInDates(value);
    }
  }
  return response;
}

}  // namespace steamflow::standin
