#include "table/verify.h"

#include <nlohmann/json.hpp>

#include "base/text_box.h"
#include "table/prove_files.h"

namespace loanstream {

namespace {

constexpr int kMostLooks = 4;

// kNotFound: a file was replaced while it was looked at; look again.
Result<VerifyReport> verify_once(Warehouse& warehouse, const VerifyRequest& request) {
    VerifyReport report;
    TellFailure tell = [&](const std::string& place, const std::string& what) {
        report.failures_total += 1;
        if (report.failures.size() < kMostFailuresKept)
            report.failures.push_back(place + ": " + what);
    };
    auto files = warehouse.live_files();
    if (!files && files.error().code == ErrorCode::kUnknownFormat)
        return std::unexpected(std::move(files).error());
    if (!files) {
        tell(files.error().where, files.error().what);
        return report;
    }
    if (!request.dt.empty())
        std::erase_if(*files,
                      [&](const LiveFile& file) { return file.place.day.dt != request.dt; });
    FileDepth depth = request.checksums ? FileDepth::kChecksum : FileDepth::kSize;
    TRY(std::string whole, prove_files(warehouse, *files, depth, tell));
    TRY(std::string versions, prove_versions(warehouse, tell));
    report.proved = report.failures_total == 0;
    report.steps.push_back({"files", whole});
    report.steps.push_back({"versions", versions});
    return report;
}

}  // namespace

std::string VerifyReport::text() const {
    std::string out;
    if (proved) {
        for (const ProveStep& one : steps) out += (out.empty() ? "" : ", ") + one.what;
        return "VERIFIED: " + out + "\n";
    }
    for (const auto& failure : failures) out += "NOT VERIFIED: " + failure + "\n";
    auto more = failures_total - static_cast<std::int64_t>(failures.size());
    if (more > 0) out += "NOT VERIFIED: and " + with_commas(more) + " more\n";
    return out;
}

std::string VerifyReport::json() const {
    nlohmann::ordered_json out = {{"verified", proved},
                                  {"failures_total", failures_total},
                                  {"failures", failures},
                                  {"looked_at", nlohmann::json::object()}};
    for (const auto& one : steps) out["looked_at"][one.letter] = one.what;
    return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<VerifyReport> verify(Env& env, FileStore& files, const std::string& warehouse,
                            const VerifyRequest& request) {
    for (int look = 1;; ++look) {
        auto opened = Warehouse::open_to_read(env, files, warehouse);
        if (!opened) {
            TRY(auto report, report_without_log(files, warehouse, opened.error()));
            return VerifyReport{std::move(report)};
        }
        auto report = verify_once(**opened, request);
        bool replaced = !report && report.error().code == ErrorCode::kNotFound;
        if (!replaced || look == kMostLooks) return report;
    }
}

}  // namespace loanstream
