// Where `source` puts applications: an embedded topic or one on Kafka. What it counts as delivered
// is durable. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace loanstream {

class ApplicationWriter {
public:
    virtual ~ApplicationWriter() = default;
    // The first row of this file that is not produced yet; 0 where that cannot be known.
    virtual Result<std::int64_t> begin_file(const std::string& sha256) = 0;
    // Rows of that file, the first of them `first_row`; those already produced are left out. The
    // records may be moved from.
    virtual Result<void> write_rows(std::int64_t first_row, std::vector<std::string>& records) = 0;
    virtual Result<void> write(std::vector<std::string>& records) = 0;
    // Waits up to so long until it may take more; false: not yet. Ask before each write.
    virtual Result<bool> has_room(std::chrono::milliseconds wait) = 0;
    // Waits up to so long until all is delivered; false: not yet.
    virtual Result<bool> flush(std::chrono::milliseconds wait) = 0;
    virtual std::int64_t delivered() const = 0;  // records, since it was made
    // Why nothing is delivered now; empty: nothing hinders it.
    virtual std::string fault() const { return {}; }
};

}  // namespace loanstream
