#include "task_fixture.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>

namespace steamflow::test {

std::string MinuteFromNow(int minutes) {
  const std::time_t at = std::time(nullptr) + 60 * minutes;
  std::array<char, 32> text{};
  std::tm fields{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%MZ", ::gmtime_r(&at, &fields));
  return text.data();
}

Environment TaskEnvironment(const std::string& api_url, const std::string& brokers,
                            const std::string& redis_url) {
  return {
      {"AIRFLOW_VAR_STEAM_API_URL", api_url},
      {"AIRFLOW_VAR_STEAM_API_KEY", kApiKey},
      {"AIRFLOW_CONN_KAFKA_DEFAULT",
       R"({"conn_type":"kafka","extra":{"bootstrap.servers":")" + brokers + R"("}})"},
      {"AIRFLOW_CONN_REDIS_DEFAULT", redis_url},
      {"AIRFLOW_CTX_DAG_ID", "test_dag"},
      {"AIRFLOW_CTX_TASK_ID", "test_task"},
      {"AIRFLOW_CTX_DAG_RUN_ID", kRunId},
      {"AIRFLOW_CTX_TRY_NUMBER", "1"},
  };
}

TaskTest::TaskTest(const std::vector<std::string>& standin_options)
    : standin_(standin_options),
      environment_(TaskEnvironment(standin_.url(), kafka_.brokers(), redis_.url())) {}

JsonValue TaskTest::Journal() {
  return JsonValue(standin_.Control("GET", "/standin/requests").body);
}

std::size_t TaskTest::Requests() {
  return Journal().Size("");
}

std::size_t TaskTest::Requests(const std::string& method) {
  const JsonValue journal = Journal();
  std::size_t count = 0;
  for (std::size_t i = 0; i < journal.Size(""); ++i) {
    if (journal.Text("/" + std::to_string(i) + "/method") == method) ++count;
  }
  return count;
}

std::uint64_t TaskTest::CallsCounted() {
  const auto keys = redis_.Keys("steam_calls:*");
  EXPECT_LE(keys.size(), 1u);
  return keys.empty() ? 0 : std::stoull(redis_.Get(keys[0]).value_or("0"));
}

std::string ToText(std::uint64_t number) {
  return std::to_string(number);
}

std::set<std::string> EventIds(const std::vector<Message>& messages) {
  std::set<std::string> ids;
  for (const Message& message : messages) {
    const auto id = message.headers.find("event_id");
    if (id == message.headers.end()) {
      ADD_FAILURE() << "the record has no event_id: " << message.value;
    } else {
      ids.insert(id->second);
    }
  }
  return ids;
}

std::set<std::string> EventIdsOnce(const std::vector<Message>& messages) {
  auto ids = EventIds(messages);
  EXPECT_EQ(ids.size(), messages.size()) << "an event id is duplicated";
  return ids;
}

std::set<std::string> WithoutEditions(const std::set<std::string>& event_ids) {
  std::set<std::string> items;
  for (const std::string& id : event_ids) items.insert(id.substr(0, id.rfind('/')));
  EXPECT_EQ(items.size(), event_ids.size()) << "an item has two editions";
  return items;
}

bool IsOfNow(const std::string& timestamp) {
  std::tm local{};
  char sign = 0;
  int hours = 0;
  int minutes = 0;
  const char* const offset = ::strptime(timestamp.c_str(), "%Y-%m-%dT%H:%M:%S", &local);
  if (!offset || std::sscanf(offset, "%c%2d:%2d", &sign, &hours, &minutes) != 3) return false;
  const std::time_t east = (hours * 60 + minutes) * 60;
  const std::time_t age = std::time(nullptr) - (::timegm(&local) - (sign == '-' ? -east : east));
  return age >= 0 && age < 300;
}

std::string AsTable(const std::vector<Message>& messages) {
  constexpr std::string_view kField = R"("timestamp":")";
  std::multiset<std::string> lines;
  for (const Message& message : messages) {
    std::string value = message.value;
    if (const auto at = value.find(kField); at != std::string::npos) {
      const auto start = at + kField.size();
      const auto size = value.find('"', start) - start;
      if (IsOfNow(value.substr(start, size))) value.replace(start, size, "now");
    }
    lines.insert(message.key + "\t" + message.headers.at("event_id") + "\t" + value + "\n");
  }
  std::string table;
  for (const auto& line : lines) table += line;
  return table;
}

std::string GoldenRecords(const std::string& name) {
  std::ifstream file(RECORDS_FOLDER "/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::uint64_t> PublicIds(const standin::Accounts& accounts, std::uint64_t first,
                                     std::uint64_t count) {
  std::vector<std::uint64_t> ids;
  for (std::uint64_t id = first; id > first - count; --id) {
    if (accounts.AccountOf(id) == standin::Account::kPublic) ids.push_back(id);
  }
  return ids;
}

std::set<std::string> ExpectedGames(const standin::Accounts& accounts, const std::string& topic,
                                    const std::string& pass, std::uint64_t first,
                                    std::uint64_t count) {
  std::set<std::string> ids;
  for (std::uint64_t id = first; id > first - count; --id) {
    for (const auto& game : accounts.RecentGames(id)) {
      ids.insert(topic + "/" + pass + "/" + std::to_string(id) + "/" + std::to_string(game.appid));
    }
  }
  return ids;
}

std::set<std::string> ExpectedPlayers(const standin::Accounts& accounts, const std::string& topic,
                                      const std::string& pass, std::uint64_t first,
                                      std::uint64_t count) {
  std::set<std::string> ids;
  for (std::uint64_t id = first; id > first - count; --id) {
    const auto account = accounts.AccountOf(id);
    if (account == standin::Account::kPublic || account == standin::Account::kPrivate) {
      ids.insert(topic + "/" + pass + "/" + std::to_string(id));
    }
  }
  return ids;
}

}  // namespace steamflow::test
