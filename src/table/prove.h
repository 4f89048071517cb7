// `table prove`: does the warehouse hold every record exactly once, as its log says? Reads the log,
// every file and, where it is still there, the source; writes nothing. Memory is bounded by one bit
// an offset of the files read together. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "log/warehouse.h"

namespace loanstream {

// Counts a source's records again; the app gives one for its kind of topic.
class SourceCounter {
public:
    virtual ~SourceCounter() = default;
    struct Extent {
        SourcePartition source;  // as the topic is now; incarnation 0 where it cannot know
        Offset first;            // of the oldest record still there
        Offset watermark;        // one past the newest
    };
    // Empty: the topic is not there any more.
    virtual Result<std::vector<Extent>> partitions(const std::string& topic) = 0;
    // Real records (no holes) with offsets in the range, which lies within the extent.
    virtual Result<std::int64_t> count(const SourcePartition& source, OffsetRange range) = 0;
};

struct ProveRequest {
    bool quick = false;                 // a to c
    bool complete = false;              // lag is a failure
    std::vector<std::string> topics{};  // looked at even if the log does not know them yet
};

struct ProveStep {
    std::string letter;  // "a"
    std::string what;    // "log: 12 entries, chain and ranges hold"
};

struct ProveLag {
    SourcePartition source;
    Offset next, watermark;
    std::int64_t records = 0;  // real ones in [next, watermark)
};

struct ProveReport {
    bool proved = false;
    std::vector<ProveStep> steps;       // that hold, in order
    std::vector<std::string> failures;  // "b prediction/dt=.../x.parquet: checksum ..."; bounded
    std::int64_t failures_total = 0;
    std::vector<ProveLag> lag;
    std::int64_t positions = 0;  // read from the files, each once
    bool quick = false;

    std::string text() const;  // ends with PROVED: or NOT PROVED: and the place
    std::string json() const;
};

inline constexpr std::size_t kMostFailuresKept = 20;

// An Error only where nothing can be said (no warehouse, no right to read); damage is a report.
Result<ProveReport> prove(Env& env, FileStore& files, const std::string& warehouse,
                          const ProveRequest& request, SourceCounter* counter);

// The report on a warehouse whose log cannot be read, as `error` says; the error where there is no
// warehouse at all, or one of a later version.
Result<ProveReport> report_without_log(FileStore& files, const std::string& warehouse,
                                       const Error& error);

}  // namespace loanstream
