#include "feed/dirty_values.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/nearest_word.h"

namespace loanstream {

const std::array<DirtyKindText, kDirtyKinds> kDirtyKindTexts = {{
    {"letters", "letters in an amount: \"five thousand\", \"65k\"", true},
    {"not_available", "\"n/a\" or \"NA\" in place of an amount", true},
    {"missing", "an empty text in place of an amount", true},
    {"absent", "a field that is not there", false},
    {"null", "JSON null in place of an amount", false},
    {"none", "\"None\", as Python prints a missing value", true},
    {"number", "a JSON number where the feed has text", false},
    {"decimal", "\"65000.0\", as a table of floats is written", true},
    {"money", "\"$65,000.00\"", true},
    {"percent", "a percent sign too many or too few", true},
    {"negative", "an amount below zero", true},
    {"huge", "an amount past every column: \"99999999999\", \"1e999\"", true},
    {"not_finite", "\"NaN\", \"Infinity\"", true},
    {"spaces", "spaces or a tab around an amount", true},
    {"non_ascii", "letters and spaces beyond ASCII, as UTF-8", true},
    {"invalid_utf8", "a Latin-1 byte, which is no UTF-8", true},
    {"control", "a control character as it is, NUL among them", true},
    {"surrogate", "half of a surrogate pair, escaped", false},
    {"newline", "a line break within a text", true},
    {"quote", "quotes and a backslash within a text", true},
    {"long_text", "a description of 20,000 characters", true},
    {"truncated", "the first half of the record", true},
    {"single_quotes", "a printed Python dict", false},
    {"trailing", "bytes behind the object", false},
    {"duplicate_key", "annual_inc given twice", false},
    {"nested", "an object or a list in place of an amount", false},
    {"not_an_object", "a list, null or a number at the top", false},
    {"byte_order_mark", "a byte order mark before the object", false},
}};

namespace {

int kind_named(std::string_view name) {
    for (int i = 0; i < kDirtyKinds; ++i)
        if (kDirtyKindTexts[static_cast<std::size_t>(i)].name == name) return i;
    return -1;
}

bool fits(int kind, ApplicantFormat format) {
    return format == ApplicantFormat::kJsonl ||
           kDirtyKindTexts[static_cast<std::size_t>(kind)].in_csv;
}

Result<double> share_of(std::string_view text) {
    double share = 0;
    auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), share);
    if (status != std::errc{} || end != text.data() + text.size() || !(share >= 0 && share <= 1))
        return fail(ErrorCode::kUsage,
                    "--dirty takes a share between 0 and 1, not '" + std::string(text) + "'", {},
                    "for example --dirty 0.05 or --dirty huge=0.01");
    return share;
}

Result<int> kind_for(std::string_view name, ApplicantFormat format) {
    int kind = kind_named(name);
    if (kind < 0) {
        std::vector<std::string_view> names;
        for (const auto& known : kDirtyKindTexts) names.push_back(known.name);
        return fail(ErrorCode::kUsage, "--dirty knows no kind '" + std::string(name) + "'", {},
                    did_you_mean(name, names, "docs/generator.md lists them"));
    }
    if (!fits(kind, format))
        return fail(ErrorCode::kUsage,
                    "--dirty " + std::string(name) + " is a kind that CSV cannot hold", {},
                    "leave --format csv out");
    return kind;
}

template <std::size_t count>
std::string_view one_of(const std::string_view (&words)[count], RandomBits& random) {
    return words[random.next() % count];
}

constexpr std::string_view kAmounts[] = {"loan_amnt",   "funded_amnt", "annual_inc", "dti",
                                         "installment", "revol_bal",   "total_acc",  "tot_cur_bal"};

// In place of an amount that reads `text`.
std::string dirty_amount(DirtyKind kind, std::string_view text, RandomBits& random) {
    constexpr std::string_view kLetters[] = {"five thousand", "65k", "12O00", "abc"};
    constexpr std::string_view kNotAvailable[] = {"n/a", "NA", "null"};
    constexpr std::string_view kHuge[] = {"99999999999", "1e999", "123456789012345678901234567890"};
    constexpr std::string_view kNotFinite[] = {"NaN", "Infinity", "-inf"};
    std::string own(text);
    switch (kind) {
        case DirtyKind::kLetters: return std::string(one_of(kLetters, random));
        case DirtyKind::kNotAvailable: return std::string(one_of(kNotAvailable, random));
        case DirtyKind::kNone: return "None";
        case DirtyKind::kDecimal: return own + (own.find('.') == own.npos ? ".0" : "0");
        case DirtyKind::kNegative: return "-" + own;
        case DirtyKind::kHuge: return std::string(one_of(kHuge, random));
        case DirtyKind::kNotFinite: return std::string(one_of(kNotFinite, random));
        case DirtyKind::kSpaces: return random.chance(0.5) ? "  " + own + " " : "\t" + own;
        case DirtyKind::kMoney: {
            std::size_t whole = std::min(own.find('.'), own.size());
            for (std::size_t at = whole; at > 3; at -= 3) own.insert(at - 3, ",");
            return "$" + own;
        }
        default: return {};
    }
}

DirtyCell percent_cell(const ApplicantTexts& texts, RandomBits& random) {
    if (random.chance(0.5)) {
        int dti = applicant_column("dti");
        return {dti, DirtyCell::Form::kText, std::string(texts[dti]) + "%"};
    }
    int column = applicant_column(random.chance(0.5) ? "int_rate" : "revol_util");
    std::string text(texts[column]);
    text.pop_back();
    return {column, DirtyCell::Form::kText, text};
}

DirtyCell text_cell(DirtyKind kind, RandomBits& random) {
    using Form = DirtyCell::Form;
    int title = applicant_column("emp_title");
    switch (kind) {
        case DirtyKind::kNonAscii:
            if (random.chance(0.5))
                return {title, Form::kText, "Gerente de caf\xC3\xA9 \xE2\x98\x95"};
            return {applicant_column("annual_inc"), Form::kText,
                    "65\xC2\xA0"
                    "000"};
        case DirtyKind::kInvalidUtf8: return {title, Form::kText, "Gerente de caf\xE9"};
        case DirtyKind::kControl: {
            constexpr char kBytes[] = {'\x00', '\x01', '\x1B', '\x1F'};
            std::string text = "\"Night clerk\"";
            text[6] = kBytes[random.next() % sizeof kBytes];
            return {title, Form::kJson, text};
        }
        case DirtyKind::kSurrogate: return {title, Form::kJson, "\"Clerk \\ud83d\""};
        case DirtyKind::kNewline: return {title, Form::kText, "Clerk\nat night"};
        case DirtyKind::kQuote: return {title, Form::kText, "The \"boss\", C:\\work"};
        default: break;
    }
    std::string text;
    while (text.size() < 20'000) text += "Borrower added: all of it, from the beginning.<br>";
    return {applicant_column("desc"), Form::kText, text};
}

}  // namespace

DirtyShares DirtyShares::evenly(double share, ApplicantFormat format) {
    DirtyShares shares;
    int kinds = 0;
    for (int i = 0; i < kDirtyKinds; ++i) kinds += fits(i, format);
    for (int i = 0; i < kDirtyKinds; ++i)
        if (fits(i, format)) shares.of[static_cast<std::size_t>(i)] = share / kinds;
    return shares;
}

Result<DirtyShares> DirtyShares::parse(std::span<const std::string> words, ApplicantFormat format) {
    DirtyShares shares;
    for (const auto& word : words) {  // what is over all kinds, first
        if (word.find('=') != word.npos) continue;
        TRY(double share, share_of(word));
        shares = evenly(share, format);
    }
    for (const auto& word : words) {
        auto equals = word.find('=');
        if (equals == word.npos) continue;
        TRY(int kind, kind_for(std::string_view(word).substr(0, equals), format));
        TRY(double share, share_of(std::string_view(word).substr(equals + 1)));
        shares.of[static_cast<std::size_t>(kind)] = share;
    }
    double sum = 0;
    for (double share : shares.of) sum += share;
    if (sum > 1 + 1e-9)
        return fail(ErrorCode::kUsage, "the shares of --dirty add up to more than 1", {},
                    "an application has at most one kind");
    return shares;
}

DirtyCell dirty_cell(DirtyKind kind, const ApplicantTexts& texts, RandomBits& random) {
    using Form = DirtyCell::Form;
    if (kind == DirtyKind::kPercent) return percent_cell(texts, random);
    if (kind >= DirtyKind::kNonAscii && kind <= DirtyKind::kLongText)
        return text_cell(kind, random);
    if (kind >= DirtyKind::kTruncated && kind != DirtyKind::kNested) return {};
    int column = applicant_column(one_of(kAmounts, random));
    std::string text(texts[column]);
    switch (kind) {
        case DirtyKind::kAbsent: return {column, Form::kAbsent, {}};
        case DirtyKind::kNull: return {column, Form::kJson, "null"};
        case DirtyKind::kNumber: return {column, Form::kJson, text};
        case DirtyKind::kNested:
            return {column, Form::kJson,
                    random.chance(0.5) ? "{\"amount\":\"" + text + "\",\"currency\":\"USD\"}"
                                       : "[\"" + text + "\"]"};
        default: return {column, Form::kText, dirty_amount(kind, text, random)};
    }
}

void break_json(DirtyKind kind, std::string& json, RandomBits& random) {
    constexpr std::string_view kTails[] = {"}", " x", "{}"};
    constexpr std::string_view kOthers[] = {"null", "42", "\"application\""};
    switch (kind) {
        case DirtyKind::kTruncated: json.resize(json.size() / 2); break;
        case DirtyKind::kSingleQuotes: std::replace(json.begin(), json.end(), '"', '\''); break;
        case DirtyKind::kTrailing: json += one_of(kTails, random); break;
        case DirtyKind::kDuplicateKey: json.insert(1, "\"annual_inc\":\"1\","); break;
        case DirtyKind::kByteOrderMark: json.insert(0, "\xEF\xBB\xBF"); break;
        case DirtyKind::kNotAnObject:
            json = random.chance(0.5) ? "[" + json + "]" : std::string(one_of(kOthers, random));
            break;
        default: break;
    }
}

}  // namespace loanstream
