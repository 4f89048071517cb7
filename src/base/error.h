// Errors are values. Each error names what went wrong, where, and what to do about it.
// The codes decide the exit status of the program (see exit_status). Values, free to share between
// threads. No exception crosses a module: libraries that throw are caught where they are called.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace loanstream {

enum class ErrorCode {
    kUsage,          // wrong words on the command line, a bad setting or policy (exit 2)
    kNotFound,       // a file, topic, position or field that is not there (exit 1)
    kAlreadyThere,   // create-if-absent met an existing name (exit 1)
    kAnswerIsNo,     // the question was answered with no: prove, check, test (exit 1)
    kInvalidData,    // bytes that do not follow their format (exit 1)
    kBusy,           // another process holds the lock (exit 3)
    kFenced,         // a newer owner has claimed the partition; this writer stops (exit 3)
    kDamaged,        // the warehouse is damaged: refuse to write (exit 3)
    kUnknownFormat,  // state written by a version that this program does not know (exit 3)
    kDiskFull,       // ENOSPC, EDQUOT (exit 3)
    kOutside,        // a fault outside: disk, network, broker (exit 3)
    kTimeout,        // a deadline passed (exit 3)
    kInternal,       // a bug of this program (exit 3)
};

// The stable name of a code, as printed in logs and --json output ("not_found").
std::string_view name_of(ErrorCode code);

// 1 the answer is no, 2 wrong use, 3 a fault outside or damage.
int exit_status(ErrorCode code);

struct Error {
    ErrorCode code = ErrorCode::kInternal;
    std::string what;   // one clause, no full stop: "unknown field 'anual_inc'"
    std::string where;  // file:line:column, path or position; may be empty
    std::string mend;   // what to type or change; may be empty

    // "WHERE: WHAT; MEND" on one line, as printed on stderr.
    std::string line() const;
    // Puts context before `where` on the way up.
    Error at(std::string_view outer) &&;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string what, std::string where = {},
                                   std::string mend = {}) {
    return std::unexpected(Error{code, std::move(what), std::move(where), std::move(mend)});
}

}  // namespace loanstream

#define LOANSTREAM_JOIN_(a, b) a##b
#define LOANSTREAM_JOIN(a, b) LOANSTREAM_JOIN_(a, b)
#define LOANSTREAM_TRY_(tmp, decl, expr)                      \
    auto tmp = (expr);                                        \
    if (!tmp) return std::unexpected(std::move(tmp).error()); \
    decl = std::move(*tmp)
// TRY(auto file, open(path)); returns the error to the caller, or goes on with the value.
#define TRY(decl, expr) LOANSTREAM_TRY_(LOANSTREAM_JOIN(try_, __LINE__), decl, expr)
// TRY_VOID(sync(path)); for Result<void>, or a value that is not wanted.
#define TRY_VOID(expr)                                            \
    do {                                                          \
        if (auto try_void_ = (expr); !try_void_)                  \
            return std::unexpected(std::move(try_void_).error()); \
    } while (false)
