#include "lib/cli/shared.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/cli/columns.h"
#include "lib/cli/json_out.h"

namespace trust::cli {

Exit print_log_events(const Arguments& arguments, Io io) {
  std::vector<std::vector<std::string>> rows;
  for (const EventRow& row : log_events()) {
    if (!arguments.wants_json()) {
      rows.push_back({std::string{row.name}, std::string{row.level}, std::string{row.fields},
                      std::string{row.doc}});
      continue;
    }
    auto fields = nlohmann::ordered_json::array();
    for (const std::string_view field : split(row.fields, ' '))
      if (!field.empty()) fields.push_back(std::string{field});
    print_json(io.out, {{"event", row.name},
                        {"level", row.level},
                        {"fields", std::move(fields)},
                        {"doc", row.doc}});
  }
  if (!arguments.wants_json()) print_columns(io.out, {"EVENT", "LEVEL", "FIELDS", "WHEN"}, rows);
  return Exit::done;
}

}  // namespace trust::cli
