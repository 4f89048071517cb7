// The columns of the two tables, declared once: the Parquet schema, `table show`, the files of
// `decide`, the docs (docs/table.md, by a test) and the Hive DDL come from here. All columns exist
// from the start; what no writer fills yet is null. Constants, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace loanstream {

// `loanstream.format` in the footer of a Parquet file (docs/table.md); others are refused.
inline constexpr std::string_view kFileFormat = "1";

// By their Hive names; Parquet: int32, int64, float, double, UTF-8 byte array, byte array.
enum class ColumnType : std::uint8_t { kInt, kBigint, kFloat, kDouble, kString, kBinary };
std::string_view name_of(ColumnType type);  // "BIGINT"

struct ColumnDeclaration {
    std::string_view name;
    ColumnType type;
    bool nullable;
    std::string_view text;  // one line for the docs and the DDL's comment
};

struct TableDeclaration {
    std::string_view name;
    std::span<const ColumnDeclaration> columns;
    int index_of(std::string_view column) const;  // -1: none
};

// Indices of prediction's columns, in their order.
enum class PredictionColumn : std::uint8_t {
    kAnnualInc,
    kData,
    kFundedAmnt,
    kMemberId,
    kStatus,
    kApplicationId,
    kProbabilityOfDefault,
    kPoints,
    kReasonOne,
    kReasonTwo,
    kReasonThree,
    kReasonFour,
    kReasonFive,
    kEvidence,
    kRule,
    kScoredBy,
    kPolicy,
    kPolicyHash,
    kModel,
    kModelHash,
    kProgram,
    kSourceTopic,
    kSourcePartition,
    kSourceOffset,
    kOriginTopic,
    kOriginPartition,
    kOriginOffset,
    kEventMs,
    kDecidedMs,
    kCount,
};

enum class DeadLetterColumn : std::uint8_t {
    kSourceTopic,
    kSourcePartition,
    kSourceOffset,
    kOriginTopic,
    kOriginPartition,
    kOriginOffset,
    kStage,
    kReason,
    kField,
    kDetail,
    kRaw,
    kEventMs,
    kDecidedMs,
    kPolicy,
    kPolicyHash,
    kProgram,
    kCount,
};

const TableDeclaration& prediction_table();
const TableDeclaration& dead_letters_table();
// nullptr: no such table.
const TableDeclaration* table_named(std::string_view name);

// The rows of the docs' table of columns, one line a column.
std::string columns_as_markdown(const TableDeclaration& table);

}  // namespace loanstream
