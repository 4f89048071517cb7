// What a row of the table is on the topics beside it (docs/decisions.md), made of its cells as they
// are read from a file, so that every copy has the same bytes. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "table/table_scan.h"

namespace loanstream {

struct SinkMessage {
    std::string key, value;
    std::vector<std::pair<std::string, std::string>> headers{};
};

// The columns that the cells below are of.
const std::vector<std::string_view>& decision_columns();
const std::vector<std::string_view>& dead_letter_columns();
// Of decision_columns: which versions decided the row.
std::string_view policy_hash_of(const TextRow& cells);
std::string_view model_hash_of(const TextRow& cells);

using ReasonTexts = std::map<std::string, std::string, std::less<>>;  // code -> text
SinkMessage decision_message(const TextRow& cells, const ReasonTexts& texts);

// With headers, or for brokers that have none, all in one JSON object.
SinkMessage dead_letter_message(const TextRow& cells);
SinkMessage dead_letter_envelope(const TextRow& cells);

// The fields of a decision's JSON, one line each for the docs' table.
std::string decision_fields_as_markdown();

}  // namespace loanstream
