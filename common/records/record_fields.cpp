#include "record_fields.h"

namespace steamflow {
namespace {

using Type = RecordField::Type;

constexpr RecordField kPlayerCountFields[] = {
    {"game", Type::kText}, {"appid", Type::kInteger}, {"player_count", Type::kInteger, true}};
constexpr RecordField kRecentGameFields[] = {{"steam_id", Type::kInteger, true},
                                             {"appid", Type::kInteger, true},
                                             {"name", Type::kText},
                                             {"playtime_2weeks", Type::kInteger},
                                             {"playtime_forever", Type::kInteger},
                                             {"playtime_windows_forever", Type::kInteger},
                                             {"playtime_mac_forever", Type::kInteger},
                                             {"playtime_linux_forever", Type::kInteger},
                                             {"playtime_deck_forever", Type::kInteger}};
constexpr RecordField kPlayerFields[] = {{"steamid", Type::kInteger, true},
                                         {"personaname", Type::kText},
                                         {"profileurl", Type::kText},
                                         {"avatarhash", Type::kText},
                                         {"communityvisibilitystate", Type::kInteger},
                                         {"profilestate", Type::kInteger},
                                         {"personastate", Type::kInteger},
                                         {"realname", Type::kText},
                                         {"loccountrycode", Type::kText},
                                         {"gameid", Type::kText},
                                         {"timecreated", Type::kEpoch},
                                         {"lastlogoff", Type::kEpoch}};
constexpr RecordField kNewsFields[] = {{"feed_appid", Type::kInteger, true},
                                       {"gid", Type::kText, true},
                                       {"appid", Type::kInteger},
                                       {"title", Type::kText},
                                       {"url", Type::kText},
                                       {"author", Type::kText},
                                       {"feedname", Type::kText},
                                       {"feedlabel", Type::kText},
                                       {"feed_type", Type::kInteger},
                                       {"contents", Type::kText},
                                       {"date", Type::kEpoch}};

}  // namespace

std::span<const RecordField> FieldsOf(RecordKind kind) {
  switch (kind) {
    case RecordKind::kPlayerCount:
      return kPlayerCountFields;
    case RecordKind::kRecentGame:
      return kRecentGameFields;
    case RecordKind::kPlayer:
      return kPlayerFields;
    case RecordKind::kNews:
      return kNewsFields;
    default:
      return {};
  }
}

}  // namespace steamflow
