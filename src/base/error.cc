#include "base/error.h"

namespace loanstream {

std::string_view name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::kUsage: return "usage";
        case ErrorCode::kNotFound: return "not_found";
        case ErrorCode::kAlreadyThere: return "already_there";
        case ErrorCode::kAnswerIsNo: return "answer_is_no";
        case ErrorCode::kInvalidData: return "invalid_data";
        case ErrorCode::kBusy: return "busy";
        case ErrorCode::kFenced: return "fenced";
        case ErrorCode::kDamaged: return "damaged";
        case ErrorCode::kUnknownFormat: return "unknown_format";
        case ErrorCode::kDiskFull: return "disk_full";
        case ErrorCode::kOutside: return "outside";
        case ErrorCode::kTimeout: return "timeout";
        case ErrorCode::kInternal: return "internal";
    }
    return "internal";
}

int exit_status(ErrorCode code) {
    switch (code) {
        case ErrorCode::kUsage: return 2;
        case ErrorCode::kNotFound:
        case ErrorCode::kAlreadyThere:
        case ErrorCode::kAnswerIsNo:
        case ErrorCode::kInvalidData: return 1;
        default: return 3;
    }
}

std::string Error::line() const {
    std::string text;
    if (!where.empty()) text += where + ": ";
    text += what;
    if (!mend.empty()) text += "; " + mend;
    return text;
}

Error Error::at(std::string_view outer) && {
    where = where.empty() ? std::string(outer) : std::string(outer) + ": " + where;
    return std::move(*this);
}

}  // namespace loanstream
