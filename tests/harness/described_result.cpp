#include "described_result.h"

#include <rapidjson/document.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>

#include <map>
#include <mutex>
#include <stdexcept>

#include "program.h"

namespace steamflow::test {
namespace {

// Has each task describe itself once.
const rapidjson::SchemaDocument& SchemaOf(const std::string& task) {
  static std::mutex mutex;
  static std::map<std::string, rapidjson::SchemaDocument> known;
  const std::lock_guard lock(mutex);
  if (const auto found = known.find(task); found != known.end()) return found->second;
  const Ended described = RunProgram({task, "--describe"}, {});
  rapidjson::Document description;
  description.Parse(described.out.c_str());
  if (!description.IsObject() || !description.HasMember("result")) {
    throw std::runtime_error(task + " does not describe itself: " + described.out + described.err);
  }
  return known.try_emplace(task, description["result"]).first->second;
}

}  // namespace

void CheckDescribed(const std::string& result_line) {
  rapidjson::Document result;
  result.Parse(result_line.c_str());
  if (!result.IsObject() || !result.HasMember("task")) {
    throw std::runtime_error("not a task's result: " + result_line);
  }
  rapidjson::SchemaValidator validator(SchemaOf(result["task"].GetString()));
  if (result.Accept(validator)) return;
  rapidjson::StringBuffer where;
  validator.GetInvalidDocumentPointer().StringifyUriFragment(where);
  throw std::runtime_error(std::string("not as the task describes it, by the keyword ") +
                           validator.GetInvalidSchemaKeyword() + " at " + where.GetString() + ": " +
                           result_line);
}

}  // namespace steamflow::test
