// What is wrong with some generated applications, kind by kind (docs/generator.md): a value that no
// feed should send, or a record that is broken as a whole. At most one kind in an application.
// Values and pure functions; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "feed/applicant_columns.h"

namespace loanstream {

enum class ApplicantFormat { kJsonl, kCsv };

enum class DirtyKind {
    kLetters,
    kNotAvailable,
    kMissing,
    kAbsent,
    kNull,
    kNone,
    kNumber,
    kDecimal,
    kMoney,
    kPercent,
    kNegative,
    kHuge,
    kNotFinite,
    kSpaces,
    kNonAscii,
    kInvalidUtf8,
    kControl,
    kSurrogate,
    kNewline,
    kQuote,
    kLongText,
    kTruncated,
    kSingleQuotes,
    kTrailing,
    kDuplicateKey,
    kNested,
    kNotAnObject,
    kByteOrderMark,
};
inline constexpr int kDirtyKinds = static_cast<int>(DirtyKind::kByteOrderMark) + 1;

struct DirtyKindText {
    std::string_view name, text;
    bool in_csv;  // CSV can hold it as well
};
extern const std::array<DirtyKindText, kDirtyKinds> kDirtyKindTexts;

// The share of each kind among the applications.
struct DirtyShares {
    std::array<double, kDirtyKinds> of{};
    // "0.2": so much over all kinds alike; "huge=0.05": that kind. kUsage, also past a sum of 1.
    static Result<DirtyShares> parse(std::span<const std::string> words, ApplicantFormat format);
    static DirtyShares evenly(double share, ApplicantFormat format);
};

// What stands in place of one column's text.
struct DirtyCell {
    enum class Form { kText, kJson, kAbsent };
    int column = -1;  // none
    Form form = Form::kText;
    std::string text;
};

DirtyCell dirty_cell(DirtyKind kind, const ApplicantTexts& texts, RandomBits& random);

// Breaks a JSON text as a whole; leaves it where the kind is one of a cell.
void break_json(DirtyKind kind, std::string& json, RandomBits& random);

}  // namespace loanstream
