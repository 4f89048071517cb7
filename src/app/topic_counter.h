// Counts an embedded topic's records again, line by line, for `table prove`. One thread.
#pragma once

#include <string>
#include <vector>

#include "base/env.h"
#include "table/prove.h"

namespace loanstream {

class TopicCounter : public SourceCounter {
public:
    TopicCounter(Env& env, std::string topics) : env_(env), topics_(std::move(topics)) {}
    Result<std::vector<Extent>> partitions(const std::string& topic) override;
    Result<std::int64_t> count(const SourcePartition& source, OffsetRange range) override;

private:
    Env& env_;
    std::string topics_;
};

}  // namespace loanstream
