// Applications into an embedded topic: row r of a file to partition r mod n, each partition going
// on where it left off; records of the API to the partitions in turn. Synchronous: what write()
// returns from is durable. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "feed/application_writer.h"
#include "feed/topic_writer.h"

namespace loanstream {

class TopicApplicationWriter : public ApplicationWriter {
public:
    static Result<std::unique_ptr<TopicApplicationWriter>> open(Env& env, const std::string& topics,
                                                                const TopicDescription& topic);
    Result<std::int64_t> begin_file(const std::string& sha256) override;
    Result<void> write_rows(std::int64_t first_row, std::vector<std::string>& records) override;
    Result<void> write(std::vector<std::string>& records) override;
    Result<bool> has_room(std::chrono::milliseconds) override { return true; }
    Result<bool> flush(std::chrono::milliseconds) override { return true; }
    std::int64_t delivered() const override { return delivered_; }

private:
    TopicApplicationWriter() = default;
    std::vector<std::unique_ptr<TopicWriter>> writers_;
    std::vector<std::int64_t> next_row_;  // of the file, a partition each
    std::string sha256_;
    std::size_t turn_ = 0;
    std::int64_t delivered_ = 0;
};

// Newlines become spaces: JSON text holds them only between tokens.
void to_one_line(std::string& text);

}  // namespace loanstream
