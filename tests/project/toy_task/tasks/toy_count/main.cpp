// Counts to a number.

#include "command.h"
#include "json_document.h"
#include "json_schema.h"

namespace {
using namespace steamflow;
}

int main(int argc, char** argv) {
  Command command("toy-count", "Counts to a number.", "toy-count --to 3", [] {
    return Json{{"numbers", schema::ListOf(schema::Count())}};
  });
  unsigned to = 0;
  command.flags().Under("Toy").Add("--to", to, "How far to count");

  return command.Main(argc, argv, [&](Run& run) {
    std::vector<Json> numbers;
    for (unsigned number = 1; number <= to; ++number) numbers.push_back(number);
    run.result.lists.emplace_back("numbers", std::move(numbers));
  });
}
