#include "supervisor_handover.h"

#include "json_document.h"

namespace steamflow {
namespace {

std::vector<std::string> Texts(const Json& json) {
  std::vector<std::string> texts;
  for (const Json& text : json) texts.push_back(TextOf(text));
  return texts;
}

}  // namespace

std::string FormatHandover(const SupervisorHandover& handover) {
  return FormatJson({{"comm", handover.sockets.comm},
                     {"logs", handover.sockets.logs},
                     {"next_id", handover.sockets.next_id},
                     {"startup", airflow::FormatStartupDetails(handover.task)},
                     {"variables", handover.variables},
                     {"connections", handover.connections},
                     {"outlets", handover.outlets}});
}

tl::expected<SupervisorHandover, std::string> ParseHandover(const std::string& text) {
  const auto json = ParseJson(text);
  if (!json) return tl::unexpected(json.error());
  const auto comm = WholeNumberOf(FieldOf(*json, "comm"));
  const auto logs = WholeNumberOf(FieldOf(*json, "logs"));
  const auto next_id = WholeNumberOf(FieldOf(*json, "next_id"));
  if (!comm || !logs || !next_id) return tl::unexpected(std::string("descriptors are missing"));
  auto task = airflow::ParseStartupDetails(FieldOf(*json, "startup"));
  if (!task) return tl::unexpected(std::move(task.error()));
  return SupervisorHandover{
      .sockets = {static_cast<int>(*comm), static_cast<int>(*logs), *next_id},
      .task = *std::move(task),
      .variables = Texts(FieldOf(*json, "variables")),
      .connections = Texts(FieldOf(*json, "connections")),
      .outlets = Texts(FieldOf(*json, "outlets")),
  };
}

}  // namespace steamflow
