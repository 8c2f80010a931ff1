#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace trust::intake {

struct Service {
  std::string id;                    ///< "haven-dns"; [a-z0-9-]
  std::string name;                  ///< "Haven DNS", for people
  std::vector<std::string> aliases;  ///< what else people call it: words, host names
  std::vector<std::string> nodes;    ///< "vpn-<city>-<nn>": <city> letters, <nn> digits
};

/// The services people report about (config/services.json). Immutable; any thread.
class ServiceBook {
 public:
  /// No services at all.
  ServiceBook() = default;
  /// {"services": [{"id", "name", "aliases": [], "nodes": []}]}. Fault::invalid, naming what: not
  /// that shape, an id or alias twice, an empty or overlong name.
  static Result<ServiceBook> from_json(std::string_view text);

  /// Ids of the services a text names, each once, in the book's order. Whole words, case ignored,
  /// any white space between words; an address or a longer host name is not its domain's service.
  /// Linear in the text.
  std::vector<std::string> find(std::string_view text) const;

  const std::vector<Service>& services() const { return services_; }
  /// The name of an id; the id itself if it is none of ours.
  std::string_view name_of(std::string_view id) const;

 private:
  struct Pattern {
    std::string text;  ///< lower case
    std::size_t service = 0;
    bool is_node = false;
  };
  std::vector<Service> services_;
  std::vector<Pattern> patterns_;
  std::array<std::vector<std::size_t>, 256> by_first_;  ///< patterns by their first byte
};

}  // namespace trust::intake
